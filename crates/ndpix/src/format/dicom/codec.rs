//! Frames that are JPEG or JPEG 2000, through the codecs of those formats.
//!
//! Takes the bytes of a frame; fills `out` with its components as they are coded, and says whether they are
//! luma and chroma that pydicom makes RGB. DICOM says itself what the components are, so the markers by which
//! JPEG files say it are left out: the codec is told that there is nothing to convert. Refuses a frame
//! whose size or depth does not fit what the file says of it.

use super::header::{Header, Photometric};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::format::{ImageInfo, jpeg};
use crate::limits::{Limits, make_room, zeros};

/// What tells a JPEG codec that three components are colours as they are.
const AS_THEY_ARE: &[u8] = b"\xFF\xEE\x00\x0EAdobe\x00\x64\x00\x00\x00\x00\x00";

/// What a frame turned out to be.
#[derive(Debug, Clone, Copy)]
pub(super) struct Decoded {
    /// Whether its components are luma and chroma.
    pub(super) ybr: bool,
    /// The bits of a sample that count, where others must be filled.
    pub(super) stored: u32,
}

/// Decodes a JPEG frame.
pub(super) fn jpeg(
    header: &Header,
    frame: &[u8],
    limits: &Limits,
    out: &mut [u8],
) -> Result<Decoded> {
    let (stream, seen) = rewrite(frame, header.samples)?;
    if seen.components != header.samples {
        return Err(Error::image(format!(
            "damaged DICOM: a JPEG frame with {} components instead of {}",
            seen.components, header.samples
        )));
    }
    let info = (jpeg::ROW.info)(&stream, limits)?;
    through(header, &info, out, |out| (jpeg::ROW.decode)(&stream, &info, limits, out))?;
    Ok(Decoded { ybr: seen.is_ybr(header), stored: header.stored })
}

/// Decodes a JPEG 2000 frame.
#[cfg(feature = "jpeg2000")]
pub(super) fn jpeg2000(
    header: &Header,
    frame: &[u8],
    limits: &Limits,
    out: &mut [u8],
) -> Result<Decoded> {
    use crate::format::jpeg2000;
    /// The first two markers of a codestream; the depth of the first component follows 38 bytes later.
    const START: &[u8] = &[0xFF, 0x4F, 0xFF, 0x51];
    if frame.starts_with(START) {
        let info = jpeg2000::codestream_info(frame, limits)?;
        through(header, &info, out, |out| jpeg2000::decode_codestream(frame, &info, limits, out))?;
    } else {
        // A whole file, which DICOM does not allow and pydicom reads.
        let info = (jpeg2000::ROW.info)(frame, limits)?;
        through(header, &info, out, |out| (jpeg2000::ROW.decode)(frame, &info, limits, out))?;
    }
    let ybr = matches!(header.photometric, Photometric::Ybr | Photometric::Ybr422);
    // Gray that is signed in one of both only: the file's word counts, and the bits of the codestream.
    let start = memchr::memmem::find(frame, START);
    let depth = start.and_then(|start| frame.get(start + 42)).copied();
    let stored = match depth.filter(|depth| (depth & 0x80 != 0) != header.is_signed()) {
        Some(depth) if header.photometric == Photometric::Plain && header.samples == 1 => {
            u32::from(depth & 0x7F) + 1
        }
        _ => header.allocated,
    };
    Ok(Decoded { ybr, stored })
}

/// The refusal where the codec is left out.
#[cfg(not(feature = "jpeg2000"))]
pub(super) fn jpeg2000(_: &Header, _: &[u8], _: &Limits, _: &mut [u8]) -> Result<Decoded> {
    Err(Error::unsupported("DICOM with the transfer syntax JPEG 2000"))
}

/// Lets a codec fill `out`, whose samples may be of another size or sign than those of the codec.
fn through(
    header: &Header,
    coded: &ImageInfo,
    out: &mut [u8],
    decode: impl FnOnce(&mut [u8]) -> Result<()>,
) -> Result<()> {
    let (size, wanted) = (coded.dtype.size(), header.dtype.size());
    if coded.shape != header.info(0)?.shape {
        return Err(Error::image(format!(
            "damaged DICOM: a coded frame of shape {} where it says {} rows and {} columns",
            coded.shape, header.height, header.width
        )));
    }
    if size > wanted || coded.dtype.is_float() {
        return Err(Error::image(format!(
            "damaged DICOM: a coded frame of {} where it says {}",
            coded.dtype, header.dtype
        )));
    }
    if size == wanted {
        return decode(out);
    }
    let mut narrow = zeros(coded.bytes()?)?;
    decode(&mut narrow)?;
    let signed = matches!(coded.dtype, DType::Int8 | DType::Int16 | DType::Int32);
    for (from, to) in narrow.chunks_exact(size).zip(out.chunks_exact_mut(wanted)) {
        let negative = signed && from[size - 1] & 0x80 != 0;
        to.fill(if negative { 0xFF } else { 0 });
        to[..size].copy_from_slice(from);
    }
    Ok(())
}

/// What the markers of a JPEG say that pydicom asks for.
#[derive(Debug, Default)]
struct Seen {
    components: usize,
    /// Whether the components are named R, G, B.
    named_rgb: bool,
    jfif: bool,
}

impl Seen {
    /// Whether the components are luma and chroma: names and JFIF are believed before DICOM.
    fn is_ybr(&self, header: &Header) -> bool {
        match header.photometric {
            _ if header.samples != 3 || self.named_rgb => false,
            Photometric::Ybr | Photometric::Ybr422 => true,
            Photometric::Wavelet | Photometric::Other { ybr: true } => false,
            Photometric::Plain | Photometric::Rgb | Photometric::Other { ybr: false } => self.jfif,
        }
    }
}

/// The stream with the segments that decide pixels, and all from the scan on; and what the others say.
fn rewrite(frame: &[u8], samples: usize) -> Result<(Vec<u8>, Seen)> {
    let cut = || Error::image("truncated or damaged DICOM: a JPEG frame ends inside its headers");
    let mut rest = frame
        .strip_prefix(&[0xFF, 0xD8])
        .ok_or_else(|| Error::image("damaged DICOM: a JPEG frame without its first marker"))?;
    let mut stream = Vec::new();
    make_room(&mut stream, frame.len() + AS_THEY_ARE.len())?;
    stream.extend_from_slice(&[0xFF, 0xD8]);
    if samples == 3 {
        stream.extend_from_slice(AS_THEY_ARE);
    }
    let mut seen = Seen::default();
    loop {
        let start = memchr::memchr(0xFF, rest).ok_or_else(cut)?;
        let fill = rest[start..].iter().position(|b| *b != 0xFF).ok_or_else(cut)?;
        rest = &rest[start + fill - 1..];
        let marker = rest[1];
        match marker {
            0x00 | 0x01 | 0xD0..=0xD8 => {
                rest = &rest[2..];
                continue;
            }
            0xD9 => return Err(cut()),
            0xDA => {
                stream.extend_from_slice(rest);
                return Ok((stream, seen));
            }
            _ => {}
        }
        let length = rest[2..].first_chunk::<2>().ok_or_else(cut)?;
        let length = 2 + usize::from(u16::from_be_bytes(*length));
        let segment = rest.get(..length).filter(|segment| segment.len() >= 4).ok_or_else(cut)?;
        rest = &rest[length..];
        match marker {
            0xE0..=0xEF => seen.jfif |= segment[4..].starts_with(b"JFIF"),
            0xFE => {}
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                let components = segment.get(10..).unwrap_or_default().as_chunks::<3>().0;
                let names = components.iter().map(|component| component[0]);
                seen.components = segment.get(9).copied().unwrap_or(0).into();
                seen.named_rgb = names.clone().eq(*b"RGB") || names.eq(*b"rgb");
                stream.extend_from_slice(segment);
            }
            _ => stream.extend_from_slice(segment),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn markers_that_name_colours_are_left_out() {
        let scan = b"\xFF\xDA\0\x02rest\xFF\xD9";
        let frame = b"\xFF\xC0\0\x11\x08\0\x01\0\x01\x03R\x11\0G\x11\0B\x11\0";
        let file = [&b"\xFF\xD8\xFF\xE0\0\x07JFIF\0"[..], &b"\xFF"[..], frame, scan].concat();
        let (stream, seen) = rewrite(&file, 3).expect("good");
        assert_eq!(stream, [b"\xFF\xD8", AS_THEY_ARE, frame, scan].concat());
        assert!(seen.jfif && seen.named_rgb && seen.components == 3);
        for end in 0..file.len() - scan.len() + 2 {
            assert!(rewrite(&file[..end], 3).is_err(), "cut at {end}");
        }
    }
}
