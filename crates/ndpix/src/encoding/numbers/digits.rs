//! Digits eight at a time: integers of up to eight, and decimal fractions that are exact in one
//! division.
//!
//! Both give nothing where a number is not written in the usual way; then its whole token is read.

const ONES: u64 = 0x0101_0101_0101_0101;

/// Powers of ten that are exact as float64.
const EXACT: [f64; 23] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18, 1e19, 1e20, 1e21, 1e22,
];

/// Whether a number ends before this byte.
fn ends(byte: u8) -> bool {
    matches!(byte, b',' | b']' | b' ' | b'\t' | b'\n' | b'\r')
}

/// How many of eight bytes are digits before the first that is none, and their value.
#[inline(always)]
fn leading(bytes: [u8; 8]) -> (usize, u64) {
    let digits = u64::from_le_bytes(bytes) ^ (ONES * 0x30);
    // The high bit of each byte that is not a digit.
    let other = (((digits & (ONES * 0x7F)) + ONES * 0x76) | digits) & (ONES * 0x80);
    let count = other.trailing_zeros() as usize / 8;
    if count == 0 {
        return (0, 0);
    }
    // The last digit moves into the highest byte; then neighbours are added, two, four, eight.
    let v = digits << (64 - 8 * count);
    let v = (v.wrapping_mul(10 << 8 | 1) >> 8) & 0x00FF_00FF_00FF_00FF;
    let v = (v.wrapping_mul(100 << 16 | 1) >> 16) & 0x0000_FFFF_0000_FFFF;
    (count, v.wrapping_mul(10_000 << 32 | 1) >> 32)
}

/// An integer of one to eight digits, and the bytes it takes.
#[inline(always)]
pub(super) fn integer(text: &[u8]) -> Option<(u32, usize)> {
    let (count, value) = leading(*text.first_chunk()?);
    let padded = count > 1 && text[0] == b'0';
    (count > 0 && !padded && ends(*text.get(count)?)).then_some((value as u32, count))
}

/// A number without an exponent and of at most 19 digits: the bytes it takes, and its value where
/// that is certain. With an integer below 2^53 and a power of ten that are both exact, one division
/// rounds once, and so correctly (W. Clinger, "How to read floating point numbers accurately").
#[inline(always)]
pub(super) fn decimal(text: &[u8]) -> Option<(Option<f64>, usize)> {
    let negative = text.first() == Some(&b'-');
    let first = usize::from(negative);
    let mut value = 0;
    let whole = digits(text, first, &mut value)?;
    if whole == 0 || whole > 1 && text[first] == b'0' {
        return None;
    }
    let mut at = first + whole;
    let mut places = 0;
    if text.get(at) == Some(&b'.') {
        places = digits(text, at + 1, &mut value)?;
        at += 1 + places;
        if places == 0 {
            return None;
        }
    }
    if whole + places > 19 || !ends(*text.get(at)?) {
        return None;
    }
    let exact = (value < 1 << 53).then(|| {
        let size = value as f64 / EXACT[places];
        if negative { -size } else { size }
    });
    Some((exact, at))
}

/// Appends the digits at `start` to `value`, and gives how many there are; nothing if they are more
/// than 24 or the text ends too soon to tell.
#[inline(always)]
fn digits(text: &[u8], start: usize, value: &mut u64) -> Option<usize> {
    const POWERS: [u64; 9] =
        [1, 10, 100, 1000, 10_000, 100_000, 1_000_000, 10_000_000, 100_000_000];
    for eight in 0..3 {
        let (count, part) = leading(*text.get(start + 8 * eight..)?.first_chunk()?);
        *value = value.wrapping_mul(POWERS[count]).wrapping_add(part);
        if count < 8 {
            return Some(8 * eight + count);
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    fn padded(text: &str) -> Vec<u8> {
        format!("{text}          ").into_bytes()
    }

    #[test]
    fn integers_of_every_length() {
        for n in [0, 7, 10, 99, 100, 999, 1000, 9999, 65_535, 100_000, 1_234_567, 99_999_999u32] {
            let text = n.to_string();
            for end in [",", "]", ", 5", "\n"] {
                let got = integer(&padded(&format!("{text}{end}")));
                assert_eq!(got, Some((n, text.len())), "{text}{end}");
            }
        }
        for text in ["123456789,", "012,", "-1,", "1.5,", "1e5,", ",", "00]", "1/", "1:", "\u{e9}"]
        {
            assert_eq!(integer(&padded(text)), None, "{text}");
        }
    }

    #[test]
    fn decimals_are_those_of_the_library_or_left_to_it() {
        let mut state = 5u64;
        let mut random = move |n: u64| {
            state = state.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
            (state >> 33) % n
        };
        let (mut certain, mut left) = (0, 0);
        for round in 0..30_000 {
            let sign = if random(2) == 0 { "-" } else { "" };
            let whole = random(10u64.pow(1 + round % 9));
            let mut text = format!("{sign}{whole}");
            for place in 0..random(20) {
                text += if place == 0 { "." } else { "" };
                text += &random(10).to_string();
            }
            let written = text.trim_start_matches('-').replace('.', "").len();
            match decimal(&padded(&format!("{text},"))) {
                Some((value, used)) => {
                    assert_eq!(used, text.len(), "{text}");
                    let wanted = text.parse::<f64>().expect("a number").to_bits();
                    assert!(value.is_none_or(|v| v.to_bits() == wanted), "{text}");
                    certain += u32::from(value.is_some());
                    left += u32::from(value.is_none());
                }
                None => assert!(written > 19, "{text}"),
            }
        }
        assert!(certain > 10_000 && left > 1000, "{certain} {left}");
        for text in ["01,", "1.,", ".5,", "-,", "1e5,", "1.5e5,", "--1,", "1.5.5,", "1.5x", "-.5,"]
        {
            assert_eq!(decimal(&padded(text)), None, "{text}");
        }
    }
}
