//! As `ssse3`, 64 bytes of text at a time, where the processor can move the chosen of 64 bytes
//! together by itself.
//!
//! Worth a second kernel: on lists of 28x28 digits it takes a quarter of a whole run away.

#![allow(unsafe_code, reason = "calls functions of the instruction sets that were asked for")]

use std::arch::x86_64::{
    __m128i, __m512i, __mmask64, _mm_setr_epi8, _mm512_add_epi8, _mm512_broadcast_i32x4,
    _mm512_cmpeq_epi8_mask, _mm512_cmpgt_epu8_mask, _mm512_cmple_epu8_mask, _mm512_cmplt_epu8_mask,
    _mm512_maskz_compress_epi8, _mm512_maskz_loadu_epi8, _mm512_maskz_sub_epi8, _mm512_set1_epi8,
    _mm512_shuffle_epi8, _mm512_storeu_si512, _mm512_sub_epi8,
};

use super::SMALL;

const BLOCK: usize = 64;

/// Whether this processor can.
#[inline(always)]
pub(super) fn available() -> bool {
    is_x86_feature_detected!("avx512bw") && is_x86_feature_detected!("avx512vbmi2")
}

/// As `ssse3::run`, and gives nothing where [`available`] is false.
#[inline(always)]
pub(super) fn run(text: &[u8], start: usize, out: &mut [u8; SMALL]) -> (usize, usize) {
    if !available() {
        return (start, 0);
    }
    // SAFETY: the features that `run_here` is compiled for were found on this processor.
    unsafe { run_here(text, start, out) }
}

#[target_feature(enable = "avx512f,avx512bw,avx512vbmi2")]
fn run_here(text: &[u8], start: usize, out: &mut [u8; SMALL]) -> (usize, usize) {
    let (mut at, mut end, mut taken) = (start, start, 0);
    // Of the block before: digits; and a byte that may stand before a number.
    let (mut digit_before, mut comma_before, mut space_before) = (0u64, 0u64, 1 << (BLOCK - 1));
    // Two bytes before the block, for the tens and hundreds.
    while at >= 2 && at < text.len() {
        let Some(place) = out.get_mut(taken..).and_then(<[u8]>::first_chunk_mut::<BLOCK>) else {
            break;
        };
        let length = (text.len() - at).min(BLOCK);
        let bytes = load(&text[at..at + length]);
        let ones = _mm512_sub_epi8(bytes, _mm512_set1_epi8(b'0' as i8));
        let digit = is_digit(ones);
        let tens = load(&text[at - 1..at - 1 + length]);
        let ten = is_digit(_mm512_sub_epi8(tens, _mm512_set1_epi8(b'0' as i8)));
        let tens = _mm512_maskz_sub_epi8(ten, tens, _mm512_set1_epi8(b'0' as i8));
        let hundreds = load(&text[at - 2..at - 2 + length]);
        let hundred = ten & is_digit(_mm512_sub_epi8(hundreds, _mm512_set1_epi8(b'0' as i8)));
        let hundreds = _mm512_maskz_sub_epi8(hundred, hundreds, _mm512_set1_epi8(b'0' as i8));
        let two = _mm512_add_epi8(tens, tens);
        let four = _mm512_add_epi8(two, two);
        let below = _mm512_add_epi8(ones, _mm512_add_epi8(two, _mm512_add_epi8(four, four)));
        let above = _mm512_shuffle_epi8(_mm512_broadcast_i32x4(times_hundred()), hundreds);
        let value = _mm512_add_epi8(below, above);
        // 300 or more, or a sum that wrapped: then it is less than what was added.
        let large = _mm512_cmpgt_epu8_mask(hundreds, _mm512_set1_epi8(2))
            | _mm512_cmplt_epu8_mask(value, above);

        let is = |byte: u8| _mm512_cmpeq_epi8_mask(bytes, _mm512_set1_epi8(byte as i8));
        let (zero, comma, space, close) = (is(b'0'), is(b','), is(b' '), is(b']'));
        let last = text.get(at + BLOCK).copied().unwrap_or(0);
        let next = |mask: u64, last: bool| mask >> 1 | u64::from(last) << (BLOCK - 1);
        let back = |mask: u64, before: u64, n: usize| mask << n | before >> (BLOCK - n);
        let digit_next = next(digit, last.is_ascii_digit());
        let end_next = next(comma | close, matches!(last, b',' | b']'));
        let digit_back = back(digit, digit_before, 1);
        let comma_back = back(comma, comma_before, 1);
        let space_back = back(space, space_before, 1);
        let long = digit_back & back(digit, digit_before, 2) & back(digit, digit_before, 3);
        // The zeros after the end of the text are unusual, too.
        let unusual = !(digit | comma | space)
            | comma & !digit_back
            | space & !comma_back
            | digit & !(digit_back | comma_back | space_back)
            | digit & !(digit_next | end_next)
            | digit & long
            | zero & !digit_back & digit_next
            | large & digit & end_next;
        // All bits below the lowest that is set.
        let usual = unusual.wrapping_sub(1) & !unusual;
        let ends = digit & end_next & usual;
        let moved = _mm512_maskz_compress_epi8(ends, value);
        // SAFETY: `place` is 64 bytes that can be written.
        unsafe { _mm512_storeu_si512(place.as_mut_ptr().cast(), moved) };
        taken += ends.count_ones() as usize;
        if ends != 0 {
            end = at + BLOCK - ends.leading_zeros() as usize;
        }
        if unusual != 0 {
            break;
        }
        (digit_before, comma_before, space_before) = (digit, comma, space);
        at += BLOCK;
    }
    (end, taken)
}

/// At most 64 bytes, and zeros after them.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn load(bytes: &[u8]) -> __m512i {
    let mask = if bytes.len() >= BLOCK { !0 } else { (1 << bytes.len()) - 1 };
    // SAFETY: only bytes under the mask are read, which are those of the slice.
    unsafe { _mm512_maskz_loadu_epi8(mask, bytes.as_ptr().cast()) }
}

/// A digit is at most 9 above '0'; what is below wraps to something large.
#[target_feature(enable = "avx512f,avx512bw")]
#[inline]
fn is_digit(above_zero: __m512i) -> __mmask64 {
    _mm512_cmple_epu8_mask(above_zero, _mm512_set1_epi8(9))
}

/// 100 and 200 at their places; from 3 on a number is too large whatever is here.
#[target_feature(enable = "avx512f")]
#[inline]
fn times_hundred() -> __m128i {
    _mm_setr_epi8(0, 100, 200u8 as i8, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0)
}
