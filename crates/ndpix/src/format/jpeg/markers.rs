//! The markers from the first scan of a JPEG to its end: restart markers in their order, scans that the codec reads.
//!
//! The codec and `codes` take any restart marker for the one that is due, and Pillow most of them. What was lost or
//! exchanged between two of them would be a picture with other pixels, of which nobody is told.

use super::header::{DRI, Header, interval_of, next_marker};
use crate::error::{Error, Result};

const START_OF_SCAN: u8 = 0xDA;

/// Refuses what the header cannot know. A file of one scan without restart markers costs nothing.
pub(super) fn check_scans(bytes: &[u8], header: &Header) -> Result<()> {
    if header.is_one_scan && header.interval == 0 {
        return Ok(());
    }
    let (mut marker, mut rest) = (START_OF_SCAN, bytes.get(header.scan..).unwrap_or(&[]));
    // Numbers begin anew with each scan; none is due where no interval was given, and after the scan.
    let (mut interval, mut due) = (header.interval, None);
    loop {
        match (marker, due) {
            (0xD9, _) => return Ok(()),
            (0xD0..=0xD7, Some(number)) => {
                if marker & 7 != number {
                    return Err(Error::image(format!(
                        "damaged JPEG: its restart markers are out of order, {} where {number} is due: data is lost",
                        marker & 7
                    )));
                }
                due = Some((number + 1) % 8);
            }
            (0x00 | 0x01 | 0xD0..=0xD8, _) => {}
            // What follows the one scan is not looked at.
            (_, Some(_)) if header.is_one_scan => return Ok(()),
            _ => {
                let Some((length, _)) = rest.split_first_chunk() else { return Ok(()) };
                let length = usize::from(u16::from_be_bytes(*length)).max(2);
                let Some((segment, after)) = rest.split_at_checked(length) else { return Ok(()) };
                rest = after;
                match marker {
                    DRI => interval = interval_of(&segment[2..]),
                    START_OF_SCAN => check_scan(&segment[2..], header)?,
                    _ => {}
                }
                due = (marker == START_OF_SCAN && interval > 0).then_some(0);
            }
        }
        let Some(next) = next_marker(rest) else { return Ok(()) };
        (marker, rest) = next;
    }
}

/// Of several scans of Huffman codes, each block at once, the codec reads those of one component each.
fn check_scan(segment: &[u8], header: &Header) -> Result<()> {
    match segment.first() {
        Some(&count @ 2..) if header.sequential && !header.is_one_scan => {
            Err(Error::unsupported(format!(
                "JPEG of an unusual kind: several scans, and {count} components in one of them"
            )))
        }
        _ => Ok(()),
    }
}

#[cfg(test)]
mod tests {
    use libjpeg_turbo_rs::{Encoder, PixelFormat, Subsampling};

    use super::super::{ROW, open};
    use super::*;
    use crate::error::ErrorKind;
    use crate::limits::Limits;

    fn encode(format: PixelFormat, more: impl Fn(Encoder<'_>) -> Encoder<'_>) -> Vec<u8> {
        let samples = 0..40 * 56 * format.bytes_per_pixel();
        let pixels: Vec<u8> = samples.map(|i| (i * i / 7 + i * 3) as u8).collect();
        more(Encoder::new(&pixels, 56, 40, format)).encode().expect("encodes")
    }

    fn read(file: &[u8]) -> Result<Vec<u8>> {
        let limits = Limits::default();
        let info = (ROW.info)(file, &limits)?;
        let mut out = vec![0; info.bytes()?];
        (ROW.decode)(file, &info, &limits, &mut out)?;
        Ok(out)
    }

    fn refused(file: &[u8]) -> (ErrorKind, String) {
        let error = open(file, &Limits::default()).map(drop).expect_err("refused");
        (error.kind(), error.message().to_string())
    }

    fn scan_of(file: &[u8]) -> usize {
        open(file, &Limits::default()).expect("a JPEG").0.scan
    }

    /// Where the numbers of restart markers stand.
    fn restarts(file: &[u8]) -> Vec<usize> {
        let is_one = |&at: &usize| file[at - 1] == 0xFF && (0xD0..=0xD7).contains(&file[at]);
        (scan_of(file)..file.len()).filter(is_one).collect()
    }

    fn kinds() -> [Vec<u8>; 4] {
        [
            encode(PixelFormat::Grayscale, |e| e.restart_blocks(3)),
            encode(PixelFormat::Rgb, |e| e.subsampling(Subsampling::S420).restart_blocks(1)),
            encode(PixelFormat::Rgb, |e| e.progressive(true).restart_blocks(2)),
            encode(PixelFormat::Grayscale, |e| e.progressive(true).restart_blocks(4)),
        ]
    }

    #[test]
    fn a_restart_marker_that_is_not_due_is_refused() {
        for file in kinds() {
            let markers = restarts(&file);
            assert!(read(&file).is_ok() && markers.len() > 8, "{}", markers.len());
            let mut bad = file.clone();
            for &at in &markers {
                for number in (0xD0..=0xD7).filter(|&number| number != file[at]) {
                    bad[at] = number;
                    let (kind, said) = refused(&bad);
                    assert!(kind == ErrorKind::Image && said.contains("out of order"), "{said}");
                }
                bad[at] = file[at];
            }
            // One too few, one too many, two exchanged.
            let (first, second) = (markers[0], markers[1]);
            let without = [&file[..first - 1], &file[first + 1..]].concat();
            let doubled = [&file[..=first], &file[first - 1..]].concat();
            bad.swap(first, second);
            for bad in [&without, &doubled, &bad] {
                assert!(refused(bad).1.contains("out of order"));
            }
        }
    }

    #[test]
    fn what_is_no_restart_marker_of_a_scan_is_not_taken_for_one() {
        for file in kinds() {
            let pixels = read(&file).expect("decodes");
            let at = restarts(&file)[0] - 1;
            let filled = [&file[..at], &[0xFF, 0xFF], &file[at..]].concat();
            let longer = [&file[..], &[0xFF, 0xD5, 0xFF, 0xDA, 0, 3, 1, 0xFF, 0xD5]].concat();
            // A comment, and the number of lines, before the end.
            let end = file.len() - 2;
            let comment = [&file[..end], &[0xFF, 0xFE, 0, 4, 0xFF, 0xD6], &file[end..]].concat();
            let lines = [&file[..end], &[0xFF, 0xDC, 0, 4, 0, 40], &file[end..]].concat();
            for other in [filled, longer, comment, lines] {
                assert!(read(&other).is_ok_and(|other| other == pixels));
            }
        }
    }

    #[test]
    fn an_interval_between_scans_counts() {
        let mut file = encode(PixelFormat::Grayscale, |e| e.progressive(true));
        let next = scan_of(&file)
            + memchr::memmem::find(&file[scan_of(&file)..], &[0xFF, 0xDA]).expect("a scan");
        file.splice(next..next, [0xFF, DRI, 0, 4, 0, 9]);
        let begin = next + 6 + 2 + 8;
        assert_eq!(check(&file), Ok(()));
        file.splice(begin..begin, [0xFF, 0xD0, 0xFF, 0xD1]);
        assert_eq!(check(&file), Ok(()));
        file.splice(begin..begin, [0xFF, 0xD0]);
        assert_eq!(check(&file), Err(ErrorKind::Image));
    }

    fn check(file: &[u8]) -> std::result::Result<(), ErrorKind> {
        open(file, &Limits::default()).map(drop).map_err(|error| error.kind())
    }

    #[test]
    fn scans_of_some_components_are_unusual_and_not_damaged() {
        let file = encode(PixelFormat::Rgb, |e| e.subsampling(Subsampling::S444));
        let scan = scan_of(&file);
        let data = &file[scan + 12..file.len() - 2];
        // In scans of these components.
        let of = |scans: &[&[u8]]| {
            let mut file = file[..scan - 2].to_vec();
            for components in scans {
                let count = components.len() as u8;
                file.extend([0xFF, START_OF_SCAN, 0, 6 + 2 * count, count]);
                file.extend(components.iter().flat_map(|&name| [name, 0]));
                file.extend([&[0, 63, 0], data].concat());
            }
            [&file[..], &[0xFF, 0xD9]].concat()
        };
        assert_eq!(check(&of(&[&[1], &[2], &[3]])), Ok(()));
        assert_eq!(check(&of(&[&[1, 2, 3]])), Ok(()));
        for scans in [&[&[1][..], &[2, 3]][..], &[&[1, 2], &[3]], &[&[1], &[2], &[1, 2, 3]]] {
            let (kind, said) = refused(&of(scans));
            assert!(kind == ErrorKind::Unsupported && said.contains("several scans"), "{said}");
        }
    }

    #[test]
    fn deep_samples_in_several_scans_are_refused_by_the_header() {
        let frame = |file: &[u8], kind| memchr::memmem::find(file, &[0xFF, kind]).expect("a frame");
        let mut plain = encode(PixelFormat::Grayscale, |e| e);
        let at = frame(&plain, 0xC0);
        (plain[at + 1], plain[at + 4]) = (0xC1, 12);
        assert_eq!(check(&plain), Ok(()));
        let mut progressive = encode(PixelFormat::Grayscale, |e| e.progressive(true));
        let at = frame(&progressive, 0xC2);
        progressive[at + 4] = 12;
        assert_eq!(check(&progressive), Err(ErrorKind::Unsupported));
    }
}
