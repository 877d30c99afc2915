//! RLE Lossless: a frame as one run-length coded segment for each byte of each sample.
//!
//! Takes the bytes of a frame; fills rows of pixels, samples interleaved, little-endian. Segments hold
//! the most significant bytes first, sample after sample. More than is needed is passed over, as in
//! pydicom; less is damage.

use super::header::Header;
use crate::error::{Error, Result};

/// The length of the header, which has room for 15 segments.
const HEAD: usize = 64;

/// Decodes a frame into `out`.
pub(super) fn decode(header: &Header, bytes: &[u8], out: &mut [u8]) -> Result<()> {
    let size = header.dtype.size();
    let (head, _) = bytes.split_first_chunk::<HEAD>().ok_or_else(short)?;
    let numbers = head.as_chunks::<4>().0;
    let number = |i: usize| numbers.get(i).map(|n| u32::from_le_bytes(*n) as usize);
    let count = header.samples * size;
    if number(0) != Some(count) {
        return Err(Error::image(format!(
            "damaged DICOM: RLE with {} segments instead of {count}",
            number(0).unwrap_or(0)
        )));
    }
    let pixel = header.samples * size;
    for segment in 0..count {
        let begin = number(1 + segment).ok_or_else(short)?;
        let end = if segment + 1 == count { Some(bytes.len()) } else { number(2 + segment) };
        let coded = end.and_then(|end| bytes.get(begin..end)).ok_or_else(short)?;
        let (sample, byte) = (segment / size, size - 1 - segment % size);
        unpack(coded, out, sample * size + byte, pixel)?;
    }
    Ok(())
}

/// Unpacks a segment to every byte of `out` that is `at` and then whole steps further.
fn unpack(mut coded: &[u8], out: &mut [u8], at: usize, step: usize) -> Result<()> {
    let mut places = out.iter_mut().skip(at).step_by(step);
    let mut left = places.len();
    while left > 0 {
        let (&control, rest) = coded.split_first().ok_or_else(short)?;
        coded = rest;
        match control {
            0..128 => {
                let run = (usize::from(control) + 1).min(left);
                let (run, rest) = coded.split_at_checked(run).ok_or_else(short)?;
                places.by_ref().zip(run).take(run.len()).for_each(|(to, from)| *to = *from);
                (coded, left) = (rest, left - run.len());
            }
            128 => {}
            129.. => {
                let run = (257 - usize::from(control)).min(left);
                let (&value, rest) = coded.split_first().ok_or_else(short)?;
                places.by_ref().take(run).for_each(|to| *to = value);
                (coded, left) = (rest, left - run);
            }
        }
    }
    Ok(())
}

/// The error for a segment that ends before its samples.
fn short() -> Error {
    Error::image("damaged or truncated DICOM: an RLE segment ends too early")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn runs_and_literals() {
        let mut out = [9; 12];
        unpack(&[128, 2, 1, 2, 3, 254, 7], &mut out, 1, 2).expect("good");
        assert_eq!(out, [9, 1, 9, 2, 9, 3, 9, 7, 9, 7, 9, 7]);
        for coded in [&[][..], &[2, 1, 2], &[254], &[128; 9]] {
            assert!(unpack(coded, &mut out, 0, 1).is_err());
        }
        // More than fits is passed over.
        unpack(&[129, 5], &mut out, 0, 1).expect("good");
        assert_eq!(out, [5; 12]);
    }
}
