//! One number of a list in one element type.
//!
//! Integers of up to three digits, which is what pixels are, are read four bytes at a time
//! without a branch on their length; everything else takes the careful way by its whole token.

use super::digits;
use crate::half;
use crate::record::value;

/// An element type that numbers are read as.
pub(super) trait Element: Sized {
    /// Whether every integer from 0 to 255 is one of its values, so that [`Element::put_small`] works.
    const SMALL: bool = false;

    /// The number that `text` begins with and the bytes it takes, or what is wrong with it, as
    /// words that the name of the dtype completes.
    fn read(text: &[u8]) -> Result<(Self, usize), &'static str>;

    /// As [`Element::read`], of what JSON does not have: NaN and infinities, and null for NaN.
    fn special(_text: &[u8]) -> Option<(Self, usize)> {
        None
    }

    /// Two short numbers with a comma after each, and the bytes they take.
    #[inline(always)]
    fn pair(_text: &[u8]) -> Option<(Self, Self, usize)> {
        None
    }

    /// Four digits with a comma after each, as in runs of background: eight bytes.
    #[inline(always)]
    fn quad(_text: &[u8]) -> Option<[Self; 4]> {
        None
    }

    /// Appends the little-endian bytes.
    fn put(self, out: &mut Vec<u8>);

    /// Appends integers from 0 to 255, where [`Element::SMALL`] says so.
    fn put_small(values: &[u8], out: &mut Vec<u8>) {
        let _ = (values, out);
    }

    /// Appends both.
    #[inline(always)]
    fn put_pair(first: Self, second: Self, out: &mut Vec<u8>) {
        first.put(out);
        second.put(out);
    }
}

const NOT_A_NUMBER: &str = "is not a number that fits";
const NOT_AN_INTEGER: &str = "is not an integer, which is needed for";
const OUT_OF_RANGE: &str = "is out of the range of";

/// The text of the value that `text` begins with.
pub(super) fn token(text: &[u8]) -> &[u8] {
    let end = text
        .iter()
        .position(|c| matches!(c, b',' | b']' | b'}' | b' ' | b'\t' | b'\n' | b'\r'))
        .unwrap_or(text.len());
    &text[..end]
}

/// An integer of one to three digits, not padded with zeros, that a comma, a bracket or white space
/// follows.
#[inline(always)]
fn short(text: &[u8]) -> Option<(u16, usize)> {
    let word = u32::from_le_bytes(*text.first_chunk::<4>()?) ^ 0x3030_3030;
    // The high bit of each byte that is not a digit; a carry only reaches the bytes after it.
    let other = (word.wrapping_add(0x7676_7676) | word) & 0x8080_8080;
    let digits = other.trailing_zeros() / 8;
    if !(1..=3).contains(&digits) {
        return None;
    }
    if digits > 1 && text[0] == b'0' {
        return None;
    }
    let [_, hundreds, tens, ones] = (word << (32 - 8 * digits)).to_le_bytes();
    match text[digits as usize] {
        b',' | b']' | b' ' | b'\t' | b'\n' | b'\r' => Some((
            u16::from(hundreds) * 100 + u16::from(tens) * 10 + u16::from(ones),
            digits as usize,
        )),
        _ => None,
    }
}

/// Two integers of one to three digits with a comma after each: always within eight bytes, so
/// that one load serves both and the length of the first does not delay the second.
#[inline(always)]
fn short_pair(text: &[u8]) -> Option<(u16, u16, usize)> {
    const ONES: u64 = 0x0101_0101_0101_0101;
    let word = u64::from_le_bytes(*text.first_chunk::<8>()?);
    let digits = word ^ (ONES * 0x30);
    let other = (((digits & (ONES * 0x7F)) + ONES * 0x76) | digits) & (ONES * 0x80);
    // Offsets of the two bytes that end the numbers; 8 where there is none.
    let first = other.trailing_zeros() / 8;
    let second = (other & other.wrapping_sub(1)).trailing_zeros() / 8;
    let length = second.wrapping_sub(first).wrapping_sub(1);
    if !(1..=3).contains(&first) || !(1..=3).contains(&length) || second > 7 {
        return None;
    }
    if text[first as usize] != b',' || text[second as usize] != b',' {
        return None;
    }
    if first > 1 && text[0] == b'0' || length > 1 && text[first as usize + 1] == b'0' {
        return None;
    }
    // Moved to the top, the last digit is the highest byte.
    let value = |end: u32, length: u32| {
        let top = digits << (64 - 8 * end) & u64::MAX << (64 - 8 * length);
        ((top >> 56) + (top >> 48 & 0xFF) * 10 + (top >> 40 & 0xFF) * 100) as u16
    };
    Some((value(first, first), value(second, length), second as usize + 1))
}

/// Four single digits with a comma after each.
#[inline(always)]
fn short_quad(text: &[u8]) -> Option<[u8; 4]> {
    const PAIRS: u64 = 0x0001_0001_0001_0001;
    let word = u64::from_le_bytes(*text.first_chunk::<8>()?);
    let digits = (word ^ (PAIRS * 0x30)) & (PAIRS * 0xFF);
    let other = ((digits + PAIRS * 0x76) | digits) & (PAIRS * 0x80);
    if other != 0 || word & (PAIRS * 0xFF00) != PAIRS * 0x2C00 {
        return None;
    }
    let [a, _, b, _, c, _, d, _] = digits.to_le_bytes();
    Some([a, b, c, d])
}

/// The token as text, if it is a JSON number.
fn number(token: &[u8]) -> Result<&str, &'static str> {
    match value::is_number(token) {
        true => std::str::from_utf8(token).map_err(|_| NOT_A_NUMBER),
        false => Err(NOT_A_NUMBER),
    }
}

#[cold]
fn integer(token: &[u8]) -> Result<i128, &'static str> {
    let text = number(token)?;
    if !token.iter().any(|c| matches!(c, b'.' | b'e' | b'E')) {
        // Digits alone that do not parse are too many.
        return text.parse().map_err(|_| OUT_OF_RANGE);
    }
    let value: f64 = text.parse().map_err(|_| NOT_A_NUMBER)?;
    if !value.is_finite() {
        return Err(OUT_OF_RANGE);
    }
    // Above 2^53 the float64 may no longer be the number that was written.
    if value.fract() != 0.0 || value.abs() > 9_007_199_254_740_992.0 {
        return Err(NOT_AN_INTEGER);
    }
    Ok(value as i128)
}

#[inline]
fn float(text: &[u8]) -> Result<(f64, usize), &'static str> {
    match digits::decimal(text) {
        Some((Some(value), used)) => Ok((value, used)),
        Some((None, used)) => long_float(&text[..used], std::str::from_utf8(&text[..used]).ok()),
        None => {
            let token = token(text);
            long_float(token, number(token).ok())
        }
    }
}

/// A float by its whole token, which is a JSON number where its text is given.
#[inline(never)]
fn long_float(token: &[u8], text: Option<&str>) -> Result<(f64, usize), &'static str> {
    let value: f64 = text.and_then(|text| text.parse().ok()).ok_or(NOT_A_NUMBER)?;
    if value.is_finite() { Ok((value, token.len())) } else { Err(OUT_OF_RANGE) }
}

/// Appends small integers as another type.
fn widen<const N: usize>(values: &[u8], out: &mut Vec<u8>, bytes: fn(u8) -> [u8; N]) {
    out.extend(values.iter().flat_map(|&v| bytes(v)));
}

macro_rules! integers {
    ($($int:ty),*) => { $(
        impl Element for $int {
            const SMALL: bool = <$int>::MAX as u64 >= 255;

            #[inline(always)]
            fn put_small(values: &[u8], out: &mut Vec<u8>) {
                match size_of::<Self>() {
                    1 => out.extend_from_slice(values),
                    _ => widen(values, out, |v| (v as Self).to_le_bytes()),
                }
            }

            #[inline(always)]
            fn read(text: &[u8]) -> Result<(Self, usize), &'static str> {
                match short(text) {
                    Some((value, used)) => match Self::try_from(value) {
                        Ok(value) => Ok((value, used)),
                        Err(_) => Err(OUT_OF_RANGE),
                    },
                    None => match digits::integer(text) {
                        Some((value, used)) => match Self::try_from(value) {
                            Ok(value) => Ok((value, used)),
                            Err(_) => Err(OUT_OF_RANGE),
                        },
                        None => long(text),
                    },
                }
            }

            #[inline(always)]
            fn pair(text: &[u8]) -> Option<(Self, Self, usize)> {
                let (first, second, used) = short_pair(text)?;
                Some((Self::try_from(first).ok()?, Self::try_from(second).ok()?, used))
            }

            #[inline(always)]
            fn quad(text: &[u8]) -> Option<[Self; 4]> {
                short_quad(text).map(|digits| digits.map(|digit| digit as Self))
            }

            #[inline(always)]
            fn put(self, out: &mut Vec<u8>) {
                out.extend_from_slice(&self.to_le_bytes());
            }

            #[inline(always)]
            fn put_pair(first: Self, second: Self, out: &mut Vec<u8>) {
                let both = [first.to_le_bytes(), second.to_le_bytes()];
                out.extend_from_slice(both.as_flattened());
            }
        }
    )* };
}
integers!(u8, i8, u16, i16, u32, i32, u64, i64);

/// An integer by its whole token.
#[inline(never)]
fn long<T: TryFrom<i128>>(text: &[u8]) -> Result<(T, usize), &'static str> {
    let token = token(text);
    let value = match token {
        // The middle way for plain digits that surely fit 64 bits.
        [b'1'..=b'9', ..] if token.len() < 19 => match plain(token) {
            Some(value) => i128::from(value),
            None => integer(token)?,
        },
        _ => integer(token)?,
    };
    T::try_from(value).map(|v| (v, token.len())).map_err(|_| OUT_OF_RANGE)
}

fn plain(digits: &[u8]) -> Option<u64> {
    digits.iter().try_fold(0u64, |n, c| match c.wrapping_sub(b'0') {
        digit @ 0..=9 => Some(n * 10 + u64::from(digit)),
        _ => None,
    })
}

/// What JSON does not have.
#[cold]
fn special(text: &[u8]) -> Option<(f64, usize)> {
    let token = token(text);
    let number = match token {
        b"NaN" | b"null" => f64::NAN,
        b"Infinity" => f64::INFINITY,
        b"-Infinity" => f64::NEG_INFINITY,
        _ => return None,
    };
    Some((number, token.len()))
}

impl Element for f64 {
    fn special(text: &[u8]) -> Option<(Self, usize)> {
        special(text)
    }

    const SMALL: bool = true;

    fn put_small(values: &[u8], out: &mut Vec<u8>) {
        widen(values, out, |v| Self::from(v).to_le_bytes());
    }

    fn read(text: &[u8]) -> Result<(Self, usize), &'static str> {
        float(text)
    }

    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
}

impl Element for f32 {
    fn special(text: &[u8]) -> Option<(Self, usize)> {
        // Which NaN a cast makes of one is left open by Rust; the bytes must always be the same.
        let narrow = |number: f64| if number.is_nan() { Self::NAN } else { number as Self };
        special(text).map(|(number, used)| (narrow(number), used))
    }

    const SMALL: bool = true;

    fn put_small(values: &[u8], out: &mut Vec<u8>) {
        widen(values, out, |v| Self::from(v).to_le_bytes());
    }

    fn read(text: &[u8]) -> Result<(Self, usize), &'static str> {
        let (value, used) = float(text)?;
        let narrow = value as Self;
        if narrow.is_finite() { Ok((narrow, used)) } else { Err(OUT_OF_RANGE) }
    }

    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.to_le_bytes());
    }
}

impl Element for bool {
    fn read(text: &[u8]) -> Result<(Self, usize), &'static str> {
        match token(text) {
            b"true" => Ok((true, 4)),
            b"false" => Ok((false, 5)),
            b"0" => Ok((false, 1)),
            b"1" => Ok((true, 1)),
            _ => Err("is not true or false, which is needed for"),
        }
    }

    fn put(self, out: &mut Vec<u8>) {
        out.push(self.into());
    }
}

/// The bits of a float16.
pub(super) struct Half(u16);

impl Element for Half {
    fn special(text: &[u8]) -> Option<(Self, usize)> {
        special(text).map(|(number, used)| (Self(half::from_f64(number)), used))
    }

    fn read(text: &[u8]) -> Result<(Self, usize), &'static str> {
        let (value, used) = float(text)?;
        match half::from_f64(value) {
            bits if half::to_f64(bits).is_finite() => Ok((Self(bits), used)),
            _ => Err(OUT_OF_RANGE),
        }
    }

    fn put(self, out: &mut Vec<u8>) {
        out.extend_from_slice(&self.0.to_le_bytes());
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn short_numbers_end_where_they_end() {
        assert_eq!(short(b"0,12"), Some((0, 1)));
        assert_eq!(short(b"12] "), Some((12, 2)));
        assert_eq!(short(b"255,"), Some((255, 3)));
        for text in [&b"1000"[..], b"1.5,", b"1e2,", b"-1,2", b",123", b"12,", b"t\xFF\xFF\xFF"] {
            assert_eq!(short(text), None);
        }
    }

    #[test]
    fn quads_are_four_digits() {
        assert_eq!(short_quad(b"0,9,1,8,77"), Some([0, 9, 1, 8]));
        for text in [
            &b"0,9,1,8"[..],
            b"0,9,1,8]",
            b"0,9,-,8,",
            b"0,99,1,8,",
            b"0,\xBA,1,8,",
            b"0,1,2,x,",
            b",1,2,3,4",
        ] {
            assert_eq!(short_quad(text), None);
        }
    }

    #[test]
    fn pairs_are_two_numbers() {
        assert_eq!(short_pair(b"0,1,2,3,"), Some((0, 1, 4)));
        assert_eq!(short_pair(b"255,128,"), Some((255, 128, 8)));
        assert_eq!(short_pair(b"7,999,1,"), Some((7, 999, 6)));
        for text in [
            &b"1000,1,2"[..],
            b"1,1000,2",
            b"1,2],[1,",
            b"1, 2,3,4",
            b"-1,2,3,4",
            b"1,2.5,3,",
            b"1,2,3,4",
            b",1,2,3,4",
        ] {
            assert_eq!(short_pair(text), None);
        }
    }

    #[test]
    fn halves() {
        let half = |text: &str| Half::read(text.as_bytes()).map(|(h, _)| h.0).ok();
        for (text, bits) in [
            ("0.0", 0),
            ("-0.0", 0x8000),
            ("0.1", 0x2E66),
            ("2049", 0x6800),
            ("2051", 0x6802),
            ("6.1e-5", 0x03FF),
            ("65519.9", 0x7BFF),
        ] {
            assert_eq!(half(text), Some(bits), "{text}");
        }
        assert_eq!(half("65520"), None);
        assert_eq!(half("-1e300"), None);
    }
}
