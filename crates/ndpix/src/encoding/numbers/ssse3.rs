//! Small integers of a list, 32 bytes of text at a time: the usual case of pixels as
//! `json.dumps` and `JSON.stringify` write them, `0, 64, 128` or `0,64,128`.
//!
//! Every byte is classified at once, and the value of a number is computed at the place of its last
//! digit from the two bytes before it; the values at those places are then moved together. What
//! is not written in the usual way (signs, fractions, four digits, other white space, more than
//! 255) ends the run before the number concerned, and `super::row`, the plain twin, reads on.
//! After W. Mula, "SIMD-ized parsing of series of integers".

#![allow(unsafe_code, reason = "calls functions of the instruction sets that were asked for")]

use std::arch::x86_64::{
    __m128i, _mm_add_epi8, _mm_and_si128, _mm_cmpeq_epi8, _mm_cmpgt_epi8, _mm_cvtsi128_si64,
    _mm_max_epu8, _mm_movemask_epi8, _mm_set_epi64x, _mm_set1_epi8, _mm_setr_epi8,
    _mm_shuffle_epi8, _mm_sub_epi8, _mm_subs_epu8,
};

use crate::sieve::MOVES;

/// The most values that one call gives; a little more is written.
const ROOM: usize = super::SMALL - 64;
const BLOCK: usize = 32;

/// Whether this processor can.
#[inline(always)]
pub(super) fn available() -> bool {
    is_x86_feature_detected!("ssse3") && is_x86_feature_detected!("popcnt")
}

/// Reads numbers from `text[start..]`, where one begins and nothing of a number stands before.
/// Where the run ends (after the last digit that was taken), and how many values are in `out`.
/// Gives nothing where [`available`] is false.
#[inline(always)]
pub(super) fn run(text: &[u8], start: usize, out: &mut [u8; super::SMALL]) -> (usize, usize) {
    if !available() {
        return (start, 0);
    }
    // SAFETY: the features that `run_here` is compiled for were found on this processor.
    unsafe { run_here(text, start, out) }
}

/// What the bytes of a block are, one bit each, from the lowest.
#[derive(Clone, Copy, Default)]
struct Classes {
    digit: u64,
    zero: u64,
    comma: u64,
    space: u64,
    close: u64,
}

#[target_feature(enable = "ssse3,popcnt")]
fn run_here(text: &[u8], start: usize, out: &mut [u8; super::SMALL]) -> (usize, usize) {
    let (mut at, mut end, mut taken) = (start, start, 0);
    // As if white space stood before the first number.
    let mut before = Classes { space: 1 << (BLOCK - 1), ..Classes::default() };
    // Two bytes before the block, for the tens and hundreds, and one after it.
    while let Some(window) = at.checked_sub(2).and_then(|from| text.get(from..at + BLOCK + 1)) {
        if taken > ROOM - BLOCK / 2 {
            break;
        }
        let Some(window) = window.first_chunk::<{ BLOCK + 3 }>() else { break };
        let (low, low_large, mut here) = half(window, 0);
        let (high, high_large, upper) = half(window, 16);
        here.digit |= upper.digit << 16;
        here.zero |= upper.zero << 16;
        here.comma |= upper.comma << 16;
        here.space |= upper.space << 16;
        here.close |= upper.close << 16;
        let large = low_large | high_large << 16;
        let last = window[BLOCK + 2];
        let next = |mask: u64, last: bool| mask >> 1 | u64::from(last) << (BLOCK - 1);
        let back = |mask: u64, before: u64, n: u32| mask << n | before >> (BLOCK as u32 - n);
        let digit_next = next(here.digit, last.is_ascii_digit());
        let end_next = next(here.comma | here.close, matches!(last, b',' | b']'));
        let digit_back = back(here.digit, before.digit, 1);
        let comma_back = back(here.comma, before.comma, 1);
        let space_back = back(here.space, before.space, 1);
        let long =
            digit_back & back(here.digit, before.digit, 2) & back(here.digit, before.digit, 3);
        let unusual = !(here.digit | here.comma | here.space)
            | here.comma & !digit_back
            | here.space & !comma_back
            | here.digit & !(digit_back | comma_back | space_back)
            | here.digit & !(digit_next | end_next)
            | here.digit & long
            | here.zero & !digit_back & digit_next
            | large & end_next;
        let usual = (unusual | 1 << BLOCK).trailing_zeros();
        let ends = (here.digit & end_next & ((1 << usual) - 1)) as u32;
        for (values, ends) in [(low, ends), (high, ends >> 16)] {
            let (first, second) = (ends as u8, (ends >> 8) as u8);
            let moved = [0, 8].map(|from| {
                let order = if from == 0 { first } else { second };
                let order = u64::from_le_bytes(MOVES[usize::from(order)]);
                let order = _mm_add_epi8(_mm_set_epi64x(0, order as i64), _mm_set1_epi8(from));
                _mm_cvtsi128_si64(_mm_shuffle_epi8(values, order))
            });
            for (moved, ends) in moved.into_iter().zip([first, second]) {
                out[taken..taken + 8].copy_from_slice(&moved.to_le_bytes());
                taken += ends.count_ones() as usize;
            }
        }
        if ends != 0 {
            end = at + 32 - ends.leading_zeros() as usize;
        }
        if usual < BLOCK as u32 {
            break;
        }
        before = here;
        at += BLOCK;
    }
    (end, taken)
}

/// For 16 bytes: the value that a number ending at each of them has, a bit where that is over 255
/// (or nothing sensible), and the classes.
#[target_feature(enable = "ssse3,popcnt")]
#[inline]
fn half(window: &[u8; BLOCK + 3], from: usize) -> (__m128i, u64, Classes) {
    let zero = _mm_set1_epi8(b'0' as i8);
    let nine = _mm_set1_epi8(9);
    let (hundreds, tens, bytes) =
        (load(window, from), load(window, from + 1), load(window, from + 2));
    // A digit is at most 9 above '0'; what is below wraps to something large.
    let digits = |v| {
        let above = _mm_sub_epi8(v, zero);
        let is = _mm_cmpeq_epi8(_mm_max_epu8(above, nine), nine);
        (_mm_and_si128(above, is), is)
    };
    let (ones, is_digit) = digits(bytes);
    let (tens, is_ten) = digits(tens);
    let (hundreds, _) = digits(hundreds);
    let hundreds = _mm_and_si128(hundreds, is_ten);
    let times_two = _mm_add_epi8(tens, tens);
    let times_eight =
        _mm_add_epi8(_mm_add_epi8(times_two, times_two), _mm_add_epi8(times_two, times_two));
    let below = _mm_add_epi8(ones, _mm_add_epi8(times_two, times_eight));
    let table = _mm_setr_epi8(0, 100, 200u8 as i8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0);
    let above = _mm_shuffle_epi8(table, hundreds);
    let value = _mm_add_epi8(below, above);
    // 300 or more, or a sum that wrapped: then it is less than what was added.
    let whole = _mm_cmpeq_epi8(_mm_subs_epu8(above, value), _mm_set1_epi8(0));
    let large = _mm_cmpgt_epi8(hundreds, _mm_set1_epi8(2));
    let bits = |v| u64::from(_mm_movemask_epi8(v) as u32);
    let is = |byte: u8| bits(_mm_cmpeq_epi8(bytes, _mm_set1_epi8(byte as i8)));
    let classes = Classes {
        digit: bits(is_digit),
        zero: is(b'0'),
        comma: is(b','),
        space: is(b' '),
        close: is(b']'),
    };
    let large = bits(large) | (bits(whole) ^ 0xFFFF);
    (value, large, classes)
}

#[target_feature(enable = "ssse3")]
#[inline]
fn load(window: &[u8; BLOCK + 3], from: usize) -> __m128i {
    let half = |at: usize| {
        let mut bytes = [0; 8];
        bytes.copy_from_slice(&window[at..at + 8]);
        i64::from_le_bytes(bytes)
    };
    _mm_set_epi64x(half(from + 8), half(from))
}

#[cfg(test)]
mod tests {
    use super::*;

    use super::super::{SMALL, avx512};

    fn taken(text: &str) -> (Vec<u8>, usize) {
        let padded = format!("[[{text}{}", " ".repeat(64));
        let mut out = [0; SMALL];
        let (end, n) = run(padded.as_bytes(), 2, &mut out);
        if avx512::available() {
            // The other kernel stops at the same places, and needs nothing after the text.
            for text in [&padded, &format!("[[{text}")] {
                let mut wide = [0; SMALL];
                let (wide_end, wide_n) = avx512::run(text.as_bytes(), 2, &mut wide);
                assert!(wide_n >= n && wide[..n] == out[..n], "{text}");
                assert!(wide_n > n || wide_end == end, "{text}");
            }
        }
        (out[..n].to_vec(), end - 2)
    }

    #[test]
    fn takes_what_is_usual_and_stops_before_what_is_not() {
        assert!(available(), "every processor of the last fifteen years can");
        for (text, values, end) in [
            ("0, 64, 128, 255]", &[0, 64, 128, 255][..], 15),
            ("0,64,128,255]", &[0, 64, 128, 255], 12),
            ("1,2,300,4]", &[1, 2], 3),
            ("1,256,4]", &[1], 1),
            ("255,999,4]", &[255], 3),
            ("1,2.5,3]", &[1], 1),
            ("1,-2,3]", &[1], 1),
            ("1,1000,3]", &[1], 1),
            ("1,007,3]", &[1], 1),
            ("1,00,3]", &[1], 1),
            ("1,2 ,3]", &[1], 1),
            ("1,  2,3]", &[1], 1),
            ("1,,2]", &[1], 1),
            ("1,2e1,3]", &[1], 1),
            ("12", &[], 0),
            ("x", &[], 0),
        ] {
            assert_eq!(taken(text), (values.to_vec(), end), "{text}");
        }
    }

    #[test]
    fn numbers_across_blocks() {
        for shift in (0..40).step_by(if cfg!(miri) { 13 } else { 1 }) {
            let mut numbers: Vec<u8> = vec![7; shift];
            numbers.extend((0..200).map(|i: u8| i.wrapping_mul(37)));
            for separator in [",", ", "] {
                let text = numbers.iter().map(u8::to_string).collect::<Vec<_>>().join(separator);
                let (values, end) = taken(&format!("{text}]"));
                assert_eq!(values, numbers[..values.len()], "{shift}");
                assert!(
                    values.len() >= numbers.len().min(ROOM - 40),
                    "{} of {}",
                    values.len(),
                    numbers.len()
                );
                assert!(values.len() < numbers.len() || end == text.len());
            }
        }
    }
}
