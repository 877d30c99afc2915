//! Kinds of data that ndpix does not read as an image, recognised only to be named in the error
//! (encodings.md 8.1).

const NOT_READ: &str = ", which ndpix does not read";

/// Of formats that have a decoder, which did not take it for one of its own.
const fn unread(built: bool) -> &'static str {
    if built {
        ", whose head is damaged"
    } else {
        ", which this build of ndpix does not read: its cargo feature is off"
    }
}

/// Where in the bytes a kind has which bytes, its name, what to do with it, and its sort.
type Kind = (usize, &'static [u8], &'static str, &'static str, Sort);

/// What sort of data a kind is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Sort {
    /// An image of a format that is not read, or a damaged one.
    Image,
    /// A film, with or without pictures.
    Video,
    /// Something wrapped or packed that may hold an image.
    Opaque,
    /// Something else.
    Other,
}
use Sort::{Image, Opaque, Other, Video};

/// By their first bytes alone.
const KINDS: [Kind; 29] = [
    (0, b"\x00\x00\x00\x0CjP  ", "a JPEG 2000 image", unread(cfg!(feature = "jpeg2000")), Image),
    (0, b"\xFF\x4F\xFF\x51", "a JPEG 2000 image", unread(cfg!(feature = "jpeg2000")), Image),
    (0, b"\x00\x00\x00\x0CJXL ", "a JPEG XL image", unread(cfg!(feature = "jxl")), Image),
    (0, b"\xFF\x0A", "a JPEG XL image", unread(cfg!(feature = "jxl")), Image),
    (4, b"ftypavi", "an AVIF image", unread(cfg!(feature = "avif")), Image),
    (4, b"ftypmp4", "an MP4 video", NOT_READ, Video),
    (4, b"ftypiso", "an MP4 video", NOT_READ, Video),
    (4, b"ftypM4", "an MP4 audio or video", NOT_READ, Video),
    (4, b"ftypqt", "a QuickTime video", NOT_READ, Video),
    (4, b"ftyp3g", "a 3GPP video", NOT_READ, Video),
    (4, b"ftypavc", "an MP4 video", NOT_READ, Video),
    (0, b"\x1A\x45\xDF\xA3", "a Matroska or WebM video", NOT_READ, Video),
    (4, b"ftyp", "a HEIF image or ISO media file", NOT_READ, Image),
    (0, b"\x76\x2F\x31\x01", "an OpenEXR image", unread(cfg!(feature = "exr")), Image),
    (0, b"SIMPLE  =", "a FITS file", unread(cfg!(feature = "fits")), Image),
    (0, b"\x89HDF\r\n\x1A\n", "an HDF5 file", NOT_READ, Opaque),
    (0, b"#?RADIANCE", "a Radiance HDR image", unread(cfg!(feature = "hdr")), Image),
    (0, b"#?RGBE", "a Radiance HDR image", unread(cfg!(feature = "hdr")), Image),
    (
        0,
        b"8BPS",
        "a Photoshop file",
        ", which ndpix does not read; flatten it, for example with magick 'in.psd[0]' out.png",
        Image,
    ),
    (
        0,
        b"DDS ",
        "a DDS texture",
        ", which ndpix does not read; convert it, for example with magick in.dds out.png",
        Image,
    ),
    (0, b"%PDF-", "a PDF document", NOT_READ, Other),
    (0, b"<?xml", "an XML text", ", which is not an image", Other),
    (0, b"PK\x03\x04", "a zip archive", "; pass encoding npz where it is one of arrays", Opaque),
    (0, b"\x93NUMPY", "a .npy array", "; pass encoding npy", Opaque),
    (0, b"\x1F\x8B", "gzip data", "; pass an encoding chain such as base64+gzip+image", Opaque),
    (
        0,
        b"\x28\xB5\x2F\xFD",
        "zstd data",
        "; pass an encoding chain such as base64+zstd+image",
        Opaque,
    ),
    (
        12,
        b"\x89PNG\r\n\x1A\n",
        "a depth image as ROS compresses it",
        "; pass encoding compressed-depth, beside a format that says what its numbers are",
        Image,
    ),
    (0, b"\x89PNG", DAMAGED_PNG, "", Image),
    (0, b"\xC2\x89PNG", DAMAGED_PNG, "", Image),
];
const DAMAGED_PNG: &str = "a PNG image that was damaged by a conversion of line ends or characters";

/// What Python writes of its objects.
const PICKLE: Kind = (0, b"\x80", "a pickle", ", which is never executed", Opaque);
/// Known by [`is_svg`].
const SVG: Kind = (
    0,
    b"<svg",
    "an SVG",
    ", which is not a raster image: its pixels depend on the renderer and the fonts; convert it, for example with rsvg-convert in.svg -o out.png",
    Image,
);
/// Known by its brands, as the next.
const HEIC: Kind = (
    4,
    b"ftyp",
    "a HEIC image",
    ", which ndpix does not read, as HEVC is under patents; convert it, for example with heif-convert in.heic out.png or ffmpeg -i in.heic out.png",
    Image,
);
/// Named by another brand first.
const AVIF: Kind = (4, b"ftyp", "an AVIF image", unread(cfg!(feature = "avif")), Image);
/// What the first box of a file of HEVC images may call it.
const HEVC_BRANDS: [&[u8; 4]; 8] =
    [b"heic", b"heix", b"heim", b"heis", b"hevc", b"hevx", b"hevm", b"hevs"];
/// In so many bytes the root element of an XML text is looked for, and the brands of a media file.
const HEAD: usize = 1024;

/// The name of the kind that `bytes` begin as, and what to do with it, as the end of the sentence.
pub(super) fn name(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    kind(bytes).map(|(.., name, advice, _)| (name, advice))
}

/// The sort of the kind that `bytes` begin as.
pub(crate) fn sort(bytes: &[u8]) -> Option<Sort> {
    kind(bytes).map(|(.., sort)| sort)
}

/// What `bytes` begin as.
fn kind(bytes: &[u8]) -> Option<Kind> {
    if matches!(bytes, [0x80, 2..=5, ..]) {
        return Some(PICKLE);
    }
    if is_svg(bytes) {
        return Some(SVG);
    }
    let is = |at: usize, magic: &[u8]| bytes.get(at..).is_some_and(|b| b.starts_with(magic));
    match KINDS.iter().find(|(at, magic, ..)| is(*at, magic)) {
        Some((4, b"ftyp", ..)) if has_brand(bytes, &[b"avif", b"avis"]) => Some(AVIF),
        Some((4, b"ftyp", ..)) if has_brand(bytes, &HEVC_BRANDS) => Some(HEIC),
        found => found.copied(),
    }
}

/// Whether the root element is `svg`, at the start or after a prolog, comment or document type.
fn is_svg(bytes: &[u8]) -> bool {
    let text = bytes.strip_prefix(b"\xEF\xBB\xBF").unwrap_or(bytes);
    let text = text[..text.len().min(HEAD)].trim_ascii_start();
    let before: [&[u8]; 3] = [b"<?xml", b"<!--", b"<!DOCTYPE"];
    let starts = before.iter().any(|start| text.starts_with(start));
    let root = if starts { memchr::memmem::find(text, b"<svg") } else { Some(0) };
    let name = root.and_then(|at| text[at..].strip_prefix(b"<svg"));
    name.is_some_and(|rest| matches!(rest, [] | [b' ' | b'\t'..=b'\r' | b'>' | b'/' | b':', ..]))
}

/// Whether the first box of an ISO media file says that it is, or may be read as, one of these.
fn has_brand(bytes: &[u8], wanted: &[&[u8; 4]]) -> bool {
    let words = bytes[..bytes.len().min(HEAD)].as_chunks::<4>().0;
    let length = words.first().map_or(0, |size| u32::from_be_bytes(*size) as usize / 4);
    // The size of the box, its name, and a version after the first brand.
    let mut brands = words.iter().take(length).enumerate().filter(|(at, _)| *at == 2 || *at > 3);
    brands.any(|(_, brand)| wanted.contains(&brand))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn named(bytes: &[u8]) -> Option<&'static str> {
        name(bytes).map(|(name, _)| name)
    }

    #[test]
    fn svg_in_all_its_clothes() {
        let prolog =
            "<?xml version=\"1.0\"?>\n<!-- made by x -->\n<!DOCTYPE svg PUBLIC \"a\" \"b\">\n";
        for text in
            ["<svg/>", "<svg xmlns='x'>", "\u{FEFF}\n <svg>", "<!-- x --><svg:svg>", "<svg\n"]
        {
            assert_eq!(named(text.as_bytes()), Some("an SVG"), "{text}");
            let whole = format!("{prolog}{}", text.trim_start_matches('\u{FEFF}'));
            assert_eq!(named(whole.as_bytes()), Some("an SVG"), "{whole}");
        }
        let far = format!("<?xml?>{}<svg>", " ".repeat(HEAD));
        for text in [far.as_str(), "<?xml version=\"1.0\"?><html/>", "<?xml?><svgs/>"] {
            assert_eq!(named(text.as_bytes()), Some("an XML text"), "{text}");
            assert_eq!(sort(text.as_bytes()), Some(Other));
        }
        for text in ["<svgs>", "<html><svg>", "<!DOCTYPE html><p>", "svg"] {
            assert_eq!(named(text.as_bytes()), None, "{text}");
        }
        assert_eq!(sort(b"<svg>"), Some(Image));
    }

    #[test]
    fn heif_by_its_brands() {
        let file = |brands: &str| {
            let size = (8 + brands.len()) as u32;
            [&size.to_be_bytes()[..], b"ftyp", brands.as_bytes(), b"\0\0\0\x08meta"].concat()
        };
        for (brands, is) in [
            ("heic\0\0\0\0mif1heic", "a HEIC image"),
            ("heix\0\0\0\0", "a HEIC image"),
            ("mif1\0\0\0\0mif1heic", "a HEIC image"),
            ("msf1\0\0\0\0hevc", "a HEIC image"),
            ("avif\0\0\0\0mif1miaf", "an AVIF image"),
            ("mif1\0\0\0\0avifmif1", "an AVIF image"),
            ("mif1\0\0\0\0mif1", "a HEIF image or ISO media file"),
            ("mif1heic", "a HEIF image or ISO media file"),
            ("isom\0\0\x02\0isomhevc", "an MP4 video"),
        ] {
            assert_eq!(named(&file(brands)), Some(is), "{brands}");
        }
        for end in 0..16 {
            let _ = named(&file("heic\0\0\0\0")[..end]);
        }
    }

    #[test]
    fn what_to_do_is_said() {
        for (bytes, word) in [
            (&b"<svg/>"[..], "rsvg-convert"),
            (b"\0\0\0\x10ftypheic\0\0\0\0", "heif-convert"),
            (b"8BPS\0\x01", "magick"),
            (b"DDS |", "magick"),
        ] {
            assert!(name(bytes).is_some_and(|(_, advice)| advice.contains(word)), "{word}");
        }
    }
}
