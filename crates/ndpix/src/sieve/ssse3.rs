//! 64 bytes of text at a time: which of them stay becomes one mask, and eight by eight they are
//! moved together by a byte shuffle. The plain twin in `sieve.rs` reads on where this stops.

#![allow(unsafe_code, reason = "calls functions of the instruction sets that were asked for")]

use std::arch::x86_64::{
    __m128i, _mm_cmpeq_epi8, _mm_cvtsi64_si128, _mm_cvtsi128_si64, _mm_max_epu8, _mm_movemask_epi8,
    _mm_set_epi64x, _mm_set1_epi8, _mm_shuffle_epi8,
};

use super::{Leave, MOVES};

const BLOCK: usize = 64;

/// Copies whole blocks, as far as nothing in them ends the copy: bytes read and written.
pub(super) fn sieve(leave: Leave, text: &[u8], out: &mut [u8]) -> (usize, usize) {
    if !is_x86_feature_detected!("ssse3") || !is_x86_feature_detected!("popcnt") {
        return (0, 0);
    }
    // SAFETY: the features that `blocks` is compiled for were found on this processor.
    unsafe { blocks(leave, text, out) }
}

#[target_feature(enable = "ssse3,popcnt")]
fn blocks(leave: Leave, text: &[u8], out: &mut [u8]) -> (usize, usize) {
    let (mut read, mut written) = (0, 0);
    // One byte after the block says what a backslash at its end escapes.
    while let Some(window) = text[read..].first_chunk::<{ BLOCK + 1 }>() {
        let block: &[u8; BLOCK] = match window.first_chunk() {
            Some(block) => block,
            None => break,
        };
        let (left_out, ends) = match leave {
            Leave::SlashEscapes => {
                let escapes = equal(block, b'\\');
                let slashes = equal(block, b'/') >> 1 | u64::from(window[BLOCK] == b'/') << 63;
                (escapes, escapes & !slashes)
            }
            Leave::Escapes => {
                let escapes = equal(block, b'\\');
                let before = read > 0 && text[read - 1] == b'\\';
                let slashes = equal(block, b'/') >> 1 | u64::from(window[BLOCK] == b'/') << 63;
                // Nearly always all of them stand before slashes.
                if escapes & !slashes == 0 && !before {
                    (escapes, 0)
                } else {
                    let named = equal(block, b'n') | equal(block, b'r') | equal(block, b't');
                    let last = u64::from(matches!(window[BLOCK], b'n' | b'r' | b't')) << 63;
                    let letters = (escapes << 1 | u64::from(before)) & named;
                    (escapes | letters, escapes & !(slashes | named >> 1 | last))
                }
            }
            Leave::Space => {
                let below = at_most(block, b' ');
                let space = match below {
                    0 => 0,
                    _ => {
                        // Tab to carriage return, and space.
                        at_most(block, b'\r') & !at_most(block, 0x08) | equal(block, b' ')
                    }
                };
                (space, below & !space)
            }
        };
        if ends != 0 {
            break;
        }
        if left_out == 0 {
            out[written..written + BLOCK].copy_from_slice(block);
            written += BLOCK;
        } else {
            for (i, &eight) in block.as_chunks::<8>().0.iter().enumerate() {
                let stay = (!left_out >> (8 * i)) as u8;
                let order = i64::from_le_bytes(MOVES[usize::from(stay)]);
                let moved = _mm_shuffle_epi8(
                    _mm_cvtsi64_si128(i64::from_le_bytes(eight)),
                    _mm_cvtsi64_si128(order),
                );
                // At most as much was written as read, so eight bytes are always within `out`.
                out[written..written + 8].copy_from_slice(&_mm_cvtsi128_si64(moved).to_le_bytes());
                written += stay.count_ones() as usize;
            }
        }
        read += BLOCK;
    }
    (read, written)
}

/// A bit for each byte that is `byte`.
#[target_feature(enable = "ssse3")]
#[inline]
fn equal(block: &[u8; BLOCK], byte: u8) -> u64 {
    mask(block, |v| _mm_cmpeq_epi8(v, _mm_set1_epi8(byte as i8)))
}

/// A bit for each byte that is `most` or less.
#[target_feature(enable = "ssse3")]
#[inline]
fn at_most(block: &[u8; BLOCK], most: u8) -> u64 {
    let most = _mm_set1_epi8(most as i8);
    mask(block, |v| _mm_cmpeq_epi8(_mm_max_epu8(v, most), most))
}

#[target_feature(enable = "ssse3")]
#[inline]
fn mask(block: &[u8; BLOCK], test: impl Fn(__m128i) -> __m128i) -> u64 {
    let mut all = 0;
    for (i, part) in block.as_chunks::<16>().0.iter().enumerate() {
        let halves = part.as_chunks::<8>().0;
        let v = _mm_set_epi64x(i64::from_le_bytes(halves[1]), i64::from_le_bytes(halves[0]));
        all |= u64::from(_mm_movemask_epi8(test(v)) as u16) << (16 * i);
    }
    all
}
