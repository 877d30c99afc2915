//! Brush strokes of Label Studio: a stream of bits that is an RGBA image, of which the mask is the alpha.
//!
//! The stream begins with 32 bits that say how many values follow, five with their width less one and four
//! times four with widths of lengths, less one. Then come runs: a bit that is 1 where one value stands for
//! all of them, two bits that choose the width of the length, the length less one, the value or values.

use crate::error::{Error, Result};

/// Values of a pixel: red, green, blue, alpha.
const CHANNELS: u64 = 4;

/// Refuses a stream that does not say that it is the image of a mask of this size. Call it before the mask
/// is allocated.
pub(super) fn check(bytes: &[u8], height: usize, width: usize) -> Result<()> {
    let said = u64::from(Bits { bytes, at: 0 }.read(32)?);
    let pixels = (height as u64).checked_mul(width as u64);
    match pixels.and_then(|pixels| pixels.checked_mul(CHANNELS)) {
        Some(values) if values == said => Ok(()),
        _ => Err(Error::shape(format!(
            "a brush of {said} values, but the mask is {height} x {width} of {CHANNELS} values each"
        ))),
    }
}

/// Writes the alpha of the image in `bytes`, 0 to 255, to a mask in C order, as label_studio_converter 0.0.59
/// decodes it. Kind `encoding` where the stream is cut or a run passes the image's end (which that one
/// allows where it repeats one value).
pub(super) fn decode(bytes: &[u8], height: usize, width: usize, mask: &mut [u8]) -> Result<()> {
    check(bytes, height, width)?;
    let values = mask.len() as u64 * CHANNELS;
    if height.checked_mul(width) != Some(mask.len()) {
        return Err(Error::shape(format!(
            "{} bytes for a mask of {height} x {width} pixels",
            mask.len()
        )));
    }
    let mut bits = Bits { bytes, at: 32 };
    let word = bits.read(5)? + 1;
    if word > 8 {
        return Err(Error::unsupported(format!("a brush with values of {word} bits")));
    }
    let mut widths = [0; 4];
    for width in &mut widths {
        *width = bits.read(4)? + 1;
    }
    let mut at = 0;
    while at < values {
        let same = bits.read(1)? == 1;
        // Two bits are at most 3.
        let width = widths[bits.read(2)? as usize];
        let end = at + 1 + u64::from(bits.read(width)?);
        if end > values {
            return Err(Error::encoding("a run of a brush passes the end of its image"));
        }
        // The pixels whose alpha is one of the values; all are in the mask, as `end` is.
        let (first, last) = (at / CHANNELS, end / CHANNELS);
        let alphas = &mut mask[first as usize..last as usize];
        if same {
            alphas.fill(bits.byte(word)?);
        } else {
            let start = bits.skip((end - at) * u64::from(word))?;
            let until = CHANNELS - 1 - at % CHANNELS;
            let mut alpha = Bits { bytes, at: start + until * u64::from(word) };
            for pixel in alphas {
                *pixel = alpha.byte(word)?;
                alpha.at += (CHANNELS - 1) * u64::from(word);
            }
        }
        at = end;
    }
    Ok(())
}

/// Bits from the highest of each byte on.
struct Bits<'a> {
    bytes: &'a [u8],
    at: u64,
}

impl Bits<'_> {
    /// The next `count` bits, at most 32, as a number.
    fn read(&mut self, count: u32) -> Result<u32> {
        let start = self.skip(count.into())?;
        // `skip` found that the bits are there, so their first byte is an index.
        let rest = &self.bytes[(start / 8) as usize..];
        let word = match rest.first_chunk::<8>() {
            Some(chunk) => u64::from_be_bytes(*chunk),
            None => {
                let mut chunk = [0; 8];
                chunk[..rest.len()].copy_from_slice(rest);
                u64::from_be_bytes(chunk)
            }
        };
        // At most 7 and 32 of the 64 bits; the shift is below 64 as no width here is 0.
        Ok((word << (start % 8) >> (64 - count)) as u32)
    }

    /// The next `count` bits, at most 8, as a number.
    fn byte(&mut self, count: u32) -> Result<u8> {
        Ok(self.read(count)?.to_le_bytes()[0])
    }

    /// Passes over `count` bits; where they began. Kind `encoding` where there are not so many.
    fn skip(&mut self, count: u64) -> Result<u64> {
        let start = self.at;
        self.at = start.saturating_add(count);
        match self.at <= self.bytes.len() as u64 * 8 {
            true => Ok(start),
            false => Err(Error::encoding(format!(
                "a brush of {} bytes that ends within its image",
                self.bytes.len()
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    /// Bits of numbers and their widths.
    fn stream(numbers: &[(u32, u32)]) -> Vec<u8> {
        let digits: String = numbers
            .iter()
            .map(|&(n, width)| format!("{n:0width$b}", width = width as usize))
            .collect();
        let byte = |digits: &[u8]| {
            digits.iter().enumerate().map(|(i, digit)| (digit - b'0') << (7 - i)).sum()
        };
        digits.as_bytes().chunks(8).map(byte).collect()
    }

    fn head(values: u32) -> Vec<(u32, u32)> {
        vec![(values, 32), (7, 5), (1, 4), (2, 4), (4, 4), (8, 4)]
    }

    fn read(numbers: &[(u32, u32)], height: usize, width: usize) -> Result<Vec<u8>, ErrorKind> {
        let mut mask = vec![7; height * width];
        match decode(&stream(numbers), height, width, &mut mask) {
            Ok(()) => Ok(mask),
            Err(error) => Err(error.kind()),
        }
    }

    #[test]
    fn both_kinds_of_runs() {
        // Six times 200, then 1 2 3 4 5 by themselves, then once 9.
        let mut numbers = head(12);
        numbers.extend([(1, 1), (2, 2), (5, 5), (200, 8), (0, 1), (2, 2), (4, 5)]);
        numbers.extend([1, 2, 3, 4, 5].map(|value| (value, 8)));
        numbers.extend([(1, 1), (0, 2), (0, 2), (9, 8)]);
        assert_eq!(read(&numbers, 1, 3), Ok(vec![200, 2, 9]));
        assert_eq!(read(&numbers, 3, 1), Ok(vec![200, 2, 9]));
    }

    #[test]
    fn refusals() {
        let mut numbers = head(4);
        numbers.extend([(1, 1), (2, 2), (3, 5), (200, 8)]);
        assert_eq!(read(&numbers, 1, 1), Ok(vec![200]));
        assert_eq!(read(&numbers, 1, 2), Err(ErrorKind::Shape));
        assert_eq!(read(&numbers, 0, 0), Err(ErrorKind::Shape));
        for cut in 0..numbers.len() - 1 {
            assert_eq!(read(&numbers[..cut], 1, 1), Err(ErrorKind::Encoding), "{cut}");
        }
        numbers[8].0 = 4;
        assert_eq!(read(&numbers, 1, 1), Err(ErrorKind::Encoding));
        numbers[1].0 = 8;
        assert_eq!(read(&numbers, 1, 1), Err(ErrorKind::Unsupported));
        assert!(check(&[255; 4], usize::MAX, 2).is_err());
        assert!(check(&[0; 3], 0, 0).is_err());
    }
}
