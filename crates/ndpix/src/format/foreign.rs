//! Kinds of data that ndpix does not read as an image, recognised only to be named in the error
//! (encodings.md 8.1).

const NOT_READ: &str = ", which ndpix does not read";

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

/// Where in the bytes a kind has which bytes, its name, what to do with it, and its sort.
const KINDS: [(usize, &[u8], &str, &str, Sort); 30] = [
    (0, b"\x00\x00\x00\x0CjP  ", "a JPEG 2000 image", NOT_READ, Image),
    (0, b"\xFF\x4F\xFF\x51", "a JPEG 2000 image", NOT_READ, Image),
    (0, b"\x00\x00\x00\x0CJXL ", "a JPEG XL image", NOT_READ, Image),
    (0, b"\xFF\x0A", "a JPEG XL image", NOT_READ, Image),
    (4, b"ftypavi", "an AVIF image", NOT_READ, Image),
    (4, b"ftypmp4", "an MP4 video", NOT_READ, Video),
    (4, b"ftypiso", "an MP4 video", NOT_READ, Video),
    (4, b"ftypM4", "an MP4 audio or video", NOT_READ, Video),
    (4, b"ftypqt", "a QuickTime video", NOT_READ, Video),
    (4, b"ftyp3g", "a 3GPP video", NOT_READ, Video),
    (4, b"ftypavc", "an MP4 video", NOT_READ, Video),
    (0, b"\x1A\x45\xDF\xA3", "a Matroska or WebM video", NOT_READ, Video),
    (4, b"ftyp", "a HEIF image or ISO media file", NOT_READ, Image),
    (0, b"\x76\x2F\x31\x01", "an OpenEXR image", NOT_READ, Image),
    (0, b"SIMPLE  =", "a FITS file", NOT_READ, Image),
    (0, b"\x89HDF\r\n\x1A\n", "an HDF5 file", NOT_READ, Opaque),
    (0, b"#?RADIANCE", "a Radiance HDR image", NOT_READ, Image),
    (0, b"#?RGBE", "a Radiance HDR image", NOT_READ, Image),
    (0, b"8BPS", "a Photoshop file", NOT_READ, Image),
    (0, b"DDS ", "a DDS texture", NOT_READ, Image),
    (0, b"%PDF-", "a PDF document", NOT_READ, Other),
    (0, b"<svg", "an SVG or other XML text, which is not a raster image", "", Image),
    (0, b"<?xml", "an SVG or other XML text, which is not a raster image", "", Image),
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

/// The name of the kind that `bytes` begin as, and what to do with it, as the end of the sentence.
pub(super) fn name(bytes: &[u8]) -> Option<(&'static str, &'static str)> {
    if matches!(bytes, [0x80, 2..=5, ..]) {
        return Some(("a pickle", ", which is never executed"));
    }
    let is = |at: usize, magic: &[u8]| bytes.get(at..).is_some_and(|b| b.starts_with(magic));
    KINDS.iter().find(|(at, magic, ..)| is(*at, magic)).map(|&(.., name, advice, _)| (name, advice))
}

/// The sort of the kind that `bytes` begin as.
pub(crate) fn sort(bytes: &[u8]) -> Option<Sort> {
    if matches!(bytes, [0x80, 2..=5, ..]) {
        return Some(Opaque);
    }
    let is = |at: usize, magic: &[u8]| bytes.get(at..).is_some_and(|b| b.starts_with(magic));
    KINDS.iter().find(|(at, magic, ..)| is(*at, magic)).map(|&(.., sort)| sort)
}
