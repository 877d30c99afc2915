//! The inside of strings, 64 bytes at a time.

#![allow(unsafe_code, reason = "calls a function of an instruction set")]

use std::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_min_epu8, _mm_movemask_epi8, _mm_or_si128, _mm_set_epi64x,
    _mm_set1_epi8, _mm_setzero_si128, _mm_xor_si128,
};

use super::Run;

const BLOCK: usize = 64;

/// The whole blocks that hold no quote, no control character and no backslash but in `\/`, `\n`,
/// `\r` and `\t`, which base64 is full of where writers escape slashes or break lines. The caller
/// looks at the rest byte by byte.
pub(super) fn plain(text: &[u8]) -> Run {
    // SAFETY: SSE2 is part of every x86-64 processor.
    unsafe { blocks(text) }
}

#[target_feature(enable = "sse2")]
fn blocks(text: &[u8]) -> Run {
    let (mut at, mut escapes_met, mut seen) = (0, false, _mm_setzero_si128());
    // One byte after the block says what a backslash at its end escapes.
    while let Some(window) = text[at..].first_chunk::<{ BLOCK + 1 }>() {
        let parts = window.as_chunks::<16>().0;
        let v: [__m128i; 4] = std::array::from_fn(|i| {
            let halves = parts[i].as_chunks::<8>().0;
            _mm_set_epi64x(i64::from_le_bytes(halves[1]), i64::from_le_bytes(halves[0]))
        });
        let is = |v, byte: u8| _mm_cmpeq_epi8(v, _mm_set1_epi8(byte as i8));
        // The least of all bytes after `^ byte` says at once whether any is near it: with one comparison for
        // four vectors this takes two thirds of the instructions of four comparisons.
        let least = |byte: u8| {
            let v = v.map(|v| _mm_xor_si128(v, _mm_set1_epi8(byte as i8)));
            _mm_min_epu8(_mm_min_epu8(v[0], v[1]), _mm_min_epu8(v[2], v[3]))
        };
        // With bit 1 turned, quotes are 0x20, control characters below that, and nothing else is.
        let ends = least(b'"' ^ b' ');
        if _mm_movemask_epi8(_mm_cmpeq_epi8(_mm_min_epu8(ends, _mm_set1_epi8(b' ' as i8)), ends))
            != 0
        {
            break;
        }
        if _mm_movemask_epi8(is(least(b'\\'), 0)) != 0 {
            let escapes = v.map(|v| is(v, b'\\'));
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
            escapes_met = true;
        }
        seen = _mm_or_si128(seen, _mm_or_si128(_mm_or_si128(v[0], v[1]), _mm_or_si128(v[2], v[3])));
        at += BLOCK;
    }
    Run { length: at, escapes: escapes_met, ascii: _mm_movemask_epi8(seen) == 0 }
}
