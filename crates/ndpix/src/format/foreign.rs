//! Kinds of data that ndpix does not read as an image, recognised only to be named in the error
//! (encodings.md 8.1).

const NOT_READ: &str = ", which ndpix does not read";

/// Where in the bytes a kind has which bytes, its name, and what to do with it.
const KINDS: [(usize, &[u8], &str, &str); 22] = [
    (0, b"\x00\x00\x00\x0CjP  ", "a JPEG 2000 image", NOT_READ),
    (0, b"\xFF\x4F\xFF\x51", "a JPEG 2000 image", NOT_READ),
    (0, b"\x00\x00\x00\x0CJXL ", "a JPEG XL image", NOT_READ),
    (0, b"\xFF\x0A", "a JPEG XL image", NOT_READ),
    (4, b"ftypavi", "an AVIF image", NOT_READ),
    (4, b"ftyp", "a HEIF image or ISO media file", NOT_READ),
    (0, b"\x76\x2F\x31\x01", "an OpenEXR image", NOT_READ),
    (0, b"SIMPLE  =", "a FITS file", NOT_READ),
    (0, b"\x89HDF\r\n\x1A\n", "an HDF5 file", NOT_READ),
    (0, b"#?RADIANCE", "a Radiance HDR image", NOT_READ),
    (0, b"#?RGBE", "a Radiance HDR image", NOT_READ),
    (0, b"8BPS", "a Photoshop file", NOT_READ),
    (0, b"DDS ", "a DDS texture", NOT_READ),
    (0, b"%PDF-", "a PDF document", NOT_READ),
    (0, b"<svg", "an SVG or other XML text, which is not a raster image", ""),
    (0, b"<?xml", "an SVG or other XML text, which is not a raster image", ""),
    (0, b"PK\x03\x04", "a zip archive (.npz?)", NOT_READ),
    (0, b"\x93NUMPY", "a .npy array", "; pass encoding npy"),
    (0, b"\x1F\x8B", "gzip data", "; pass an encoding chain such as base64+gzip+image"),
    (0, b"\x28\xB5\x2F\xFD", "zstd data", "; pass an encoding chain such as base64+zstd+image"),
    (0, b"\x89PNG", DAMAGED_PNG, ""),
    (0, b"\xC2\x89PNG", DAMAGED_PNG, ""),
];
const DAMAGED_PNG: &str = "a PNG image that was damaged by a conversion of line ends or characters";

/// The name of the kind that `bytes` begin as, and what to do with it, as the end of the sentence.
pub(super) fn name(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    if matches!(bytes, [0x80, 2..=5, ..]) {
        return Some(("a pickle", ", which is never executed"));
    }
    let is = |at: usize, magic: &[u8]| bytes.get(at..).is_some_and(|b| b.starts_with(magic));
    KINDS.iter().find(|(at, magic, ..)| is(*at, magic)).map(|&(.., name, advice)| (name, advice))
}
