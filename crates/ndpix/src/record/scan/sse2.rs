//! The inside of strings, 64 bytes at a time.

#![allow(unsafe_code, reason = "calls a function of an instruction set")]

use std::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x,
    _mm_set1_epi8,
};

const BLOCK: usize = 64;

/// How many whole blocks, in bytes, hold no quote, no control character and no backslash but in
/// `\/`, `\n`, `\r` and `\t`, which base64 is full of where writers escape slashes or break lines;
/// whether one of those was there. The caller looks at the rest byte by byte.
pub(super) fn plain(text: &[u8]) -> (usize, bool) {
    // SAFETY: SSE2 is part of every x86-64 processor.
    unsafe { blocks(text) }
}

#[target_feature(enable = "sse2")]
fn blocks(text: &[u8]) -> (usize, bool) {
    let (mut at, mut escaped) = (0, false);
    // One byte behind the block says what a backslash at its end escapes.
    while let Some(window) = text[at..].first_chunk::<{ BLOCK + 1 }>() {
        let parts = window.as_chunks::<16>().0;
        let v: [__m128i; 4] = std::array::from_fn(|i| {
            let halves = parts[i].as_chunks::<8>().0;
            _mm_set_epi64x(i64::from_le_bytes(halves[1]), i64::from_le_bytes(halves[0]))
        });
        let control = _mm_set1_epi8(0x1F);
        let is = |v, byte: u8| _mm_cmpeq_epi8(v, _mm_set1_epi8(byte as i8));
        let ends =
            v.map(|v| _mm_or_si128(is(v, b'"'), _mm_cmpeq_epi8(_mm_min_epu8(v, control), v)));
        let escapes = v.map(|v| is(v, b'\\'));
        let any = |m: [__m128i; 4]| {
            _mm_movemask_epi8(_mm_or_si128(_mm_or_si128(m[0], m[1]), _mm_or_si128(m[2], m[3]))) != 0
        };
        if any(ends) {
            break;
        }
        if any(escapes) {
            let bits = |m: [__m128i; 4]| {
                let bits = |i: usize| u64::from(_mm_movemask_epi8(m[i]) as u16) << (16 * i);
                bits(0) | bits(1) | bits(2) | bits(3)
            };
            let behind =
                |c: u8| bits(v.map(|v| is(v, c))) >> 1 | u64::from(window[BLOCK] == c) << 63;
            // Nearly always all of them stand before slashes.
            let others = bits(escapes) & !behind(b'/');
            if others != 0 && others & !(behind(b'n') | behind(b'r') | behind(b't')) != 0 {
                break;
            }
            escaped = true;
        }
        at += BLOCK;
    }
    (at, escaped)
}
