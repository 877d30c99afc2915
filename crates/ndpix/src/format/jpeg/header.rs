//! The markers of a JPEG before its first scan: what they say, and which frames the codec gets.

use crate::error::{Error, Result};
use crate::format::exif;
use crate::limits::Limits;

/// What XMP begins with.
const XMP: &[u8] = b"http://ns.adobe.com/xap/1.0/\0";
/// The marker of a restart interval.
pub(super) const DRI: u8 = 0xDD;
/// The largest side that libjpeg reads.
pub(super) const MAX_SIDE: u16 = 65_500;
/// Arithmetic coding costs up to a second for a kilobyte of input: smaller images.
const MAX_ARITHMETIC_PIXELS: u64 = 4 << 20;

/// What the markers before the first scan say.
#[derive(Clone, Copy)]
pub(super) struct Header {
    pub(super) height: u16,
    pub(super) width: u16,
    pub(super) precision: u8,
    pub(super) components: usize,
    /// Each block at once, in Huffman codes.
    pub(super) sequential: bool,
    pub(super) lossless: bool,
    pub(super) arithmetic: bool,
    pub(super) orientation: u8,
    /// Groups of blocks from one restart marker of the first scan to the next; 0: there are none.
    pub(super) interval: u16,
    /// Whether the first scan has all of the picture.
    pub(super) is_one_scan: bool,
    /// Where the first scan begins.
    pub(super) scan: usize,
}

/// The next marker, and what follows it. Rubbish before a marker and fill bytes are skipped, as libjpeg does; `FF 00`
/// in coded data, which is no marker, comes as 0.
pub(super) fn next_marker(bytes: &[u8]) -> Option<(u8, &[u8])> {
    let (_, rest) = bytes.split_at(memchr::memchr(0xFF, bytes)?);
    let fill = rest.iter().position(|&b| b != 0xFF)?;
    Some((rest[fill], &rest[fill + 1..]))
}

/// Walks the markers up to the first scan and checks the frame.
pub(super) fn read_header(bytes: &[u8], limits: &Limits) -> Result<Header> {
    let truncated = || Error::image("truncated JPEG: the file ends inside its headers");
    let mut rest = bytes
        .strip_prefix(&[0xFF, 0xD8])
        .ok_or_else(|| Error::image("damaged JPEG: no start-of-image marker"))?;
    let mut header: Option<Header> = None;
    let (mut exif, mut xmp, mut interval) = (None, None, 0);
    let mut wide = [false; 4];
    loop {
        let (marker, after) = next_marker(rest).ok_or_else(truncated)?;
        rest = after;
        match marker {
            0x00 | 0x01 | 0xD0..=0xD8 => continue,
            0xD9 => return Err(Error::image("damaged JPEG: it ends before any image data")),
            0xDA => break,
            _ => {}
        }
        let (length, _) = rest.split_first_chunk::<2>().ok_or_else(truncated)?;
        let length = usize::from(u16::from_be_bytes(*length));
        if length < 2 {
            return Err(Error::image("damaged JPEG: a marker of impossible length"));
        }
        let (segment, after) = rest.split_at_checked(length).ok_or_else(truncated)?;
        rest = after;
        let segment = &segment[2..];
        match marker {
            0xC0..=0xC3 | 0xC5..=0xC7 | 0xC9..=0xCB | 0xCD..=0xCF => {
                if header.is_some() {
                    return Err(Error::image("damaged JPEG: two frame headers"));
                }
                header = Some(read_frame(marker, segment, limits)?);
            }
            // Its frame header: the same markers, but no JPEG.
            0xF7 => {
                return Err(Error::unsupported(
                    "JPEG-LS, which ndpix does not read; convert it, for example with ffmpeg -i in.jls out.png",
                ));
            }
            0xC4 => note_wide(segment, &mut wide),
            DRI => interval = interval_of(segment),
            0xE1 if exif.is_none() && segment.starts_with(b"Exif\0\0") => exif = Some(segment),
            0xE1 => xmp = segment.strip_prefix(XMP).or(xmp),
            _ => {}
        }
    }
    let mut header =
        header.ok_or_else(|| Error::image("damaged JPEG: a scan without a frame header"))?;
    if header.sequential && first_tables(rest).any(|table| wide.get(table) == Some(&true)) {
        return Err(Error::image(
            "damaged JPEG: a Huffman table with numbers of more than 15 bits",
        ));
    }
    header.is_one_scan &= rest.get(2).copied().map(usize::from) == Some(header.components);
    if header.precision > 8 && !header.is_one_scan {
        return Err(Error::unsupported(format!(
            "JPEG of an unusual kind: {} bits in several scans",
            header.precision
        )));
    }
    header.orientation = exif::orientation(exif, xmp);
    header.interval = interval;
    header.scan = bytes.len() - rest.len();
    Ok(header)
}

/// What a segment of [`DRI`] says.
pub(super) fn interval_of(segment: &[u8]) -> u16 {
    segment.first_chunk().map_or(0, |said| u16::from_be_bytes(*said))
}

/// Notes which tables for the first numbers of blocks have symbols over 15, which libjpeg refuses when they are used
/// (`jpeg_make_d_derived_tbl`).
fn note_wide(mut tables: &[u8], wide: &mut [bool; 4]) {
    while let Some((&[info, ref counts @ ..], rest)) = tables.split_first_chunk::<17>() {
        let count = counts.iter().map(|&count| usize::from(count)).sum();
        let Some((symbols, after)) = rest.split_at_checked(count) else { return };
        if let Some(wide) = wide.get_mut(usize::from(info)) {
            *wide = symbols.iter().any(|&symbol| symbol > 15);
        }
        tables = after;
    }
}

/// Those tables of a scan, from the header that begins it.
fn first_tables(scan: &[u8]) -> impl Iterator<Item = usize> {
    let count = scan.get(2).copied().unwrap_or(0);
    let list = scan.get(3..).unwrap_or(&[]).as_chunks::<2>().0;
    list.iter().take(count.into()).map(|[_, tables]| usize::from(tables >> 4))
}

/// Reads a frame header, and refuses frames beyond those that the codec was fuzzed on.
fn read_frame(marker: u8, segment: &[u8], limits: &Limits) -> Result<Header> {
    let wrong = || Error::image("damaged JPEG: a frame header of the wrong length");
    let (&[precision, h0, h1, w0, w1, count], list) =
        segment.split_first_chunk::<6>().ok_or_else(wrong)?;
    let (height, width) = (u16::from_be_bytes([h0, h1]), u16::from_be_bytes([w0, w1]));
    let components = usize::from(count);
    let (list, []) = list.as_chunks::<3>() else { return Err(wrong()) };
    if list.len() != components {
        return Err(wrong());
    }
    if width == 0 {
        return Err(Error::image("damaged JPEG: an image without columns"));
    }
    if height == 0 {
        return Err(Error::unsupported("JPEG whose height follows its first scan (DNL)"));
    }
    limits.check_pixels(height.into(), width.into())?;
    if height.max(width) > MAX_SIDE {
        return Err(Error::unsupported(format!("JPEG with a side over {MAX_SIDE} pixels")));
    }
    let pixels = u64::from(height) * u64::from(width);

    let lossless = marker == 0xC3;
    let arithmetic = matches!(marker, 0xC9 | 0xCA);
    let known = match marker {
        0xC0 | 0xC9 | 0xCA => precision == 8,
        0xC1 | 0xC2 => matches!(precision, 8 | 12),
        0xC3 => (8..=16).contains(&precision),
        _ => false,
    };
    if !known {
        return Err(Error::unsupported(format!(
            "JPEG of an unusual kind: frame type {}, {precision} bits",
            marker - 0xC0
        )));
    }
    check_components(list)?;
    if arithmetic && pixels > MAX_ARITHMETIC_PIXELS {
        return Err(Error::limit("JPEG with arithmetic coding of more than 4 million pixels"));
    }
    if precision > 8 && pixels > limits.max_pixels / 3 {
        return Err(Error::limit("JPEG of more than 8 bits over a third of the pixel limit"));
    }
    Ok(Header {
        height,
        width,
        precision,
        components,
        sequential: matches!(marker, 0xC0 | 0xC1),
        lossless,
        arithmetic,
        orientation: 1,
        interval: 0,
        is_one_scan: !matches!(marker, 0xC2 | 0xCA),
        scan: 0,
    })
}

/// 1, 3 or 4 components of distinct names, the first sampled the most and the others whole
/// fractions of it; of four, the last as the first and the middle two alike.
fn check_components(list: &[[u8; 3]]) -> Result<()> {
    let odd = |what: &str| Err(Error::unsupported(format!("JPEG of an unusual kind: {what}")));
    if !matches!(list.len(), 1 | 3 | 4) {
        return odd(&format!("{} components", list.len()));
    }
    let sampling = |component: &[u8; 3]| (component[1] >> 4, component[1] & 15);
    let most = sampling(&list[0]);
    for (index, component) in list.iter().enumerate() {
        if list[..index].iter().any(|other| other[0] == component[0]) {
            return odd("two components with the same name");
        }
        let (h, v) = sampling(component);
        if !(1..=4).contains(&h) || !(1..=4).contains(&v) {
            return Err(Error::image("damaged JPEG: impossible sampling factors"));
        }
        if h > most.0 || v > most.1 || most.0 % h != 0 || most.1 % v != 0 {
            return odd("sampling factors that are not whole fractions of the first");
        }
    }
    if list.len() == 4 && (list[3][1] != list[0][1] || list[2][1] != list[1][1]) {
        return odd("four components with unequal sampling");
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn jpeg_ls_is_named() {
        let file = b"\xFF\xD8\xFF\xF7\0\x0B\x08\0\x02\0\x02\x01\x01\x11\0\xFF\xDA";
        let error = read_header(file, &Limits::default()).map(|_| ()).expect_err("no JPEG");
        assert!(error.message().starts_with("JPEG-LS") && error.kind() == ErrorKind::Unsupported);
    }

    #[test]
    fn the_guard_refuses_odd_frames() {
        let frame = |list: &[[u8; 3]]| check_components(list).map_err(|e| e.kind());
        assert_eq!(frame(&[[1, 0x22, 0]]), Ok(()));
        assert_eq!(frame(&[[1, 0x22, 0], [2, 0x11, 0], [3, 0x12, 0]]), Ok(()));
        assert_eq!(frame(&[[1, 0x21, 0], [2, 0x11, 0], [3, 0x11, 0], [4, 0x21, 0]]), Ok(()));
        for odd in [
            &[[1, 0x11, 0], [2, 0x11, 0]][..],
            &[[1, 0x11, 0], [2, 0x21, 0], [3, 0x11, 0]],
            &[[1, 0x31, 0], [2, 0x21, 0], [3, 0x11, 0]],
            &[[1, 0x11, 0], [1, 0x11, 0], [3, 0x11, 0]],
            &[[1, 0x22, 0], [2, 0x11, 0], [3, 0x11, 0], [4, 0x11, 0]],
        ] {
            assert_eq!(frame(odd), Err(ErrorKind::Unsupported), "{odd:?}");
        }
        assert_eq!(frame(&[[1, 0x01, 0]]), Err(ErrorKind::Image));
    }
}
