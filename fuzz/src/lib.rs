//! The fuzz targets: where their seeds come from, and what must hold of any input.
//!
//! Two programs try them. `crates/ndpix/tests/main/fuzz.rs` includes this file: a fixed number of changed
//! seeds in every `make test`. `main.rs` gives them to libFuzzer, which looks for inputs that reach further
//! (`make fuzz`).
//!
//! Everything goes through the public API. A panic inside a codec is caught by the library and
//! becomes a rejected image; here it counts as a failure all the same, since it is a bug of
//! somebody's.

mod choices;
mod images;
mod outcomes;
mod outputs;
mod pointers;
mod records;
mod rejects;
mod runs;
mod seeds;
mod words;

/// What is tried, and with what.
pub struct Target {
    /// Files in testdata/fuzz begin with it.
    pub name: &'static str,
    /// Good inputs.
    pub seeds: fn() -> Vec<Vec<u8>>,
    /// Words of the format, to be put where they do not belong.
    pub words: &'static [&'static [u8]],
    /// Makes checksums right again, so that what they guard is reached.
    pub mend: Option<fn(&mut [u8])>,
    /// Panics where the input is not treated as it must be.
    pub run: fn(&[u8]),
}

macro_rules! image {
    ($name:ident, $words:expr) => {
        image!($name, $words, None)
    };
    ($name:ident, $words:expr, $mend:expr) => {
        Target {
            name: stringify!($name),
            seeds: || seeds::image_files(stringify!($name)),
            words: $words,
            mend: $mend,
            run: |input| images::image(input, stringify!($name)),
        }
    };
}

const fn text(name: &'static str, seeds: fn() -> Vec<Vec<u8>>, run: fn(&[u8])) -> Target {
    Target { name, seeds, words: words::JSON, mend: None, run }
}

/// Every target.
pub const ALL: &[Target] = &[
    text("lines", seeds::line_seeds, records::lines),
    Target { words: &[], ..text("compressed", seeds::compressed_seeds, records::compressed) },
    text("record", seeds::record_seeds, records::record),
    Target { words: words::POINTER, ..text("pointer", pointers::seeds, pointers::pointer) },
    text("encodings", seeds::record_seeds, records::encodings),
    Target { words: words::NPY, ..text("npy", seeds::npy_seeds, records::npy) },
    Target { words: words::NPZ, ..text("npz", seeds::npz_seeds, records::npz) },
    text("detect", seeds::sample_seeds, records::detect),
    text("rejects", rejects::seeds, rejects::rejects),
    text("runs", runs::seeds, runs::runs),
    text("outputs", outputs::seeds, outputs::outputs),
    image!(png, words::PNG, Some(images::right_checksums)),
    image!(jpeg, words::JPEG),
    image!(webp, words::WEBP),
    image!(tiff, words::TIFF),
    image!(gif, words::GIF),
    image!(bmp, words::BMP),
    image!(pnm, words::PNM),
    image!(qoi, words::QOI),
    image!(ico, words::ICO),
    image!(tga, words::TGA),
    image!(avif, words::AVIF),
    image!(dicom, words::DICOM),
    image!(exr, words::EXR),
    image!(fits, words::FITS),
    image!(hdr, words::HDR),
    image!(jpeg2000, words::JPEG2000),
    image!(jxl, words::JXL),
    image!(pfm, words::PFM),
];

/// The target of this name.
///
/// # Panics
/// Where there is none.
pub fn named(name: &str) -> &'static Target {
    ALL.iter().find(|target| target.name == name).expect("the name of a target")
}
