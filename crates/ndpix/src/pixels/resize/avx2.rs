//! The 8-bit passes with AVX2: the same sums as `plain.rs`, sixteen products at a time.
//!
//! A weight `w` has 23 bits, `pmaddwd` multiplies 16: `w = (w >> 15) << 15 | w & 0x7FFF`, and both
//! halves fit an `i16`. The two sums are put together at the end; that is exact, since addition and
//! shift are so modulo 2^32 and the true sum fits. Tried and left: `pmulld` on 32-bit samples is a
//! third slower, as half of its lanes carry zeros. Across, four rows share the unpacked weights
//! and a register holds four taps of one row; down, it holds two taps of eight bytes.
#![allow(unsafe_code, reason = "vector loads and stores, and functions that need AVX2")]

use std::arch::x86_64::*;

use super::coefficients::{Coefficients, PRECISION};
use super::plain;

/// Bits of the lower half of a weight.
const LOW: u32 = 15;
/// Half of one, so that the shift rounds.
const HALF: i32 = 1 << (PRECISION - 1);

/// As [`plain::horizontal`]; `false`, with nothing done, where this machine or these channels have
/// no such pass. `newer`: with AVX-512 VNNI where the machine has it.
pub(super) fn horizontal(
    src: &[u8],
    width: usize,
    channels: usize,
    newer: bool,
    c: &Coefficients<i32>,
    out: &mut [u8],
) -> bool {
    let rows = src.len() / (width * channels);
    if !matches!(channels, 1 | 3 | 4) || rows < 4 || !is_x86_feature_detected!("avx2") {
        return false;
    }
    let vnni =
        newer && is_x86_feature_detected!("avx512vnni") && is_x86_feature_detected!("avx512vl");
    let packed = pack(c);
    let (row_len, out_len) = (width * channels, c.bounds.len() * channels);
    for group in 0..rows.div_ceil(4) {
        // The last group begins earlier where rows are not a multiple of four: some are done twice.
        let top = (group * 4).min(rows - 4);
        let four = &mut out[top * out_len..(top + 4) * out_len];
        let source = &src[top * row_len..];
        // SAFETY: AVX2 was found above, and the others where `vnni` says so.
        unsafe {
            match (channels, vnni) {
                (1, _) => four_rows_gray(source, row_len, c, &packed, four),
                (3, true) => four_rows_vnni::<3>(source, row_len, c, &packed, four),
                (3, false) => four_rows_avx2::<3>(source, row_len, c, &packed, four),
                (_, true) => four_rows_vnni::<4>(source, row_len, c, &packed, four),
                (_, false) => four_rows_avx2::<4>(source, row_len, c, &packed, four),
            }
        }
    }
    true
}

/// As [`plain::vertical`] from byte 0; `false`, with nothing done, where this machine has no such pass.
pub(super) fn vertical(
    src: &[u8],
    row_len: usize,
    first: usize,
    c: &Coefficients<i32>,
    out: &mut [u8],
) -> bool {
    if row_len < 16 || !is_x86_feature_detected!("avx2") {
        return false;
    }
    for (i, target) in out.chunks_exact_mut(row_len).enumerate() {
        let (top, weights) = c.of(i);
        let rows = &src[(top - first) * row_len..];
        for group in 0..row_len.div_ceil(16) {
            let at = (group * 16).min(row_len - 16);
            let Some(slot) = target[at..].first_chunk_mut() else { continue };
            // SAFETY: AVX2 was found above.
            unsafe { sixteen_columns(&rows[at..], row_len, weights, slot) };
        }
    }
    true
}

/// For each four weights their lower halves and then their upper ones.
fn pack(c: &Coefficients<i32>) -> Vec<[i16; 8]> {
    let halves = |four: &[i32; 4]| {
        let mut both = [0; 8];
        for (i, &w) in four.iter().enumerate() {
            both[i] = (w & ((1 << LOW) - 1)) as i16;
            both[4 + i] = (w >> LOW) as i16;
        }
        both
    };
    // The stride is a multiple of four, and what stands after the weights is zero.
    c.weights.as_chunks::<4>().0.iter().map(halves).collect()
}

/// Bytes of the pixels 0, 1 in the lower lane and 2, 3 in the upper, as pairs of 16-bit samples.
#[target_feature(enable = "avx2")]
fn pair_mask(channels: i8) -> __m256i {
    let mut bytes = [-1i8; 32];
    for lane in 0..2 {
        for channel in 0..channels {
            let at = lane * 16 + channel as usize * 4;
            bytes[at] = (lane as i8 * 2) * channels + channel;
            bytes[at + 2] = (lane as i8 * 2 + 1) * channels + channel;
        }
    }
    // SAFETY: 32 bytes are read from an array of as many.
    unsafe { _mm256_loadu_si256(bytes.as_ptr().cast()) }
}

/// The 16 bytes at `at`, in both lanes.
///
/// # Safety
/// `bytes` has 16 bytes at `at`.
#[target_feature(enable = "avx2")]
unsafe fn load_both(bytes: &[u8], at: usize) -> __m256i {
    debug_assert!(at + 16 <= bytes.len());
    // SAFETY: the caller says that the bytes are there.
    unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(bytes.as_ptr().add(at).cast())) }
}

/// The weights of one chunk: as pairs for the lanes of [`pair_mask`], lower and upper halves.
#[target_feature(enable = "avx2")]
fn unpack(chunk: &[i16; 8]) -> (__m256i, __m256i) {
    // SAFETY: the array holds the 16 bytes that are read.
    let both = unsafe { _mm256_broadcastsi128_si256(_mm_loadu_si128(chunk.as_ptr().cast())) };
    let pairs = _mm256_setr_epi32(0, 0, 0, 0, 1, 1, 1, 1);
    let low = _mm256_permutevar8x32_epi32(both, pairs);
    let high = _mm256_permutevar8x32_epi32(both, _mm256_add_epi32(pairs, _mm256_set1_epi32(2)));
    (low, high)
}

/// The sums of four rows as samples: lower and upper halves and both lanes added, the row `r` in the
/// bytes `4 r` on.
#[target_feature(enable = "avx2")]
fn finish(low: [__m256i; 4], high: [__m256i; 4]) -> [u8; 16] {
    let half = _mm256_set1_epi32(HALF);
    let whole: [__m256i; 4] = std::array::from_fn(|r| {
        _mm256_add_epi32(low[r], _mm256_slli_epi32::<{ LOW as i32 }>(high[r]))
    });
    let two = |a: __m256i, b: __m256i| {
        let sum = _mm256_add_epi32(
            _mm256_permute2x128_si256::<0x20>(a, b),
            _mm256_permute2x128_si256::<0x31>(a, b),
        );
        _mm256_srai_epi32::<{ PRECISION as i32 }>(_mm256_add_epi32(sum, half))
    };
    // Packing works lane by lane: rows 0 and 1 beside rows 2 and 3.
    let words = _mm256_packs_epi32(two(whole[0], whole[2]), two(whole[1], whole[3]));
    let bytes =
        _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
    let mut rows = [0; 16];
    // SAFETY: the array holds the 16 bytes that are written.
    unsafe { _mm_storeu_si128(rows.as_mut_ptr().cast(), bytes) };
    rows
}

/// Four rows of three or four channels. `$dot(sum, samples, weights)` adds the products of pairs.
macro_rules! four_rows {
    ($name:ident, $features:literal, $dot:expr) => {
        #[target_feature(enable = $features)]
        fn $name<const C: usize>(
            src: &[u8],
            row_len: usize,
            c: &Coefficients<i32>,
            packed: &[[i16; 8]],
            out: &mut [u8],
        ) {
            let mask = pair_mask(C as i8);
            let chunks = c.stride / 4;
            let out_len = out.len() / 4;
            for (i, &(first, len)) in c.bounds.iter().enumerate() {
                let used = len.div_ceil(4);
                // Sixteen bytes are read for each four pixels: the last ones of an image have no such end.
                let end = 3 * row_len + (first + used * 4) * C + 16 - 4 * C;
                if end > src.len() {
                    for r in 0..4 {
                        let row = &src[r * row_len..(r + 1) * row_len];
                        let slot = &mut out[r * out_len + i * C..][..C];
                        slot.copy_from_slice(&plain::horizontal_pixel::<C>(row, c, i));
                    }
                    continue;
                }
                let mut low = [_mm256_setzero_si256(); 4];
                let mut high = [_mm256_setzero_si256(); 4];
                for (t, chunk) in packed[i * chunks..i * chunks + used].iter().enumerate() {
                    let (k_low, k_high) = unpack(chunk);
                    let at = (first + t * 4) * C;
                    for r in 0..4 {
                        // SAFETY: `end` is after the last byte that any row reads, and inside `src`.
                        let pairs =
                            _mm256_shuffle_epi8(unsafe { load_both(src, r * row_len + at) }, mask);
                        low[r] = $dot(low[r], pairs, k_low);
                        high[r] = $dot(high[r], pairs, k_high);
                    }
                }
                let rows = finish(low, high);
                for r in 0..4 {
                    out[r * out_len + i * C..][..C].copy_from_slice(&rows[r * 4..][..C]);
                }
            }
        }
    };
}
four_rows!(four_rows_avx2, "avx2", |sum, samples, weights| {
    _mm256_add_epi32(sum, _mm256_madd_epi16(samples, weights))
});
// Both steps in one, where the machine has it.
four_rows!(four_rows_vnni, "avx2,avx512vnni,avx512vl", |sum, samples, weights| {
    _mm256_dpwssd_epi32(sum, samples, weights)
});

#[target_feature(enable = "avx2")]
fn four_rows_gray(
    src: &[u8],
    row_len: usize,
    c: &Coefficients<i32>,
    packed: &[[i16; 8]],
    out: &mut [u8],
) {
    let chunks = c.stride / 4;
    let out_len = out.len() / 4;
    let four = |at: usize| -> i32 {
        src.get(at..at + 4).map_or(0, |b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    };
    for (i, &(first, len)) in c.bounds.iter().enumerate() {
        let used = len.div_ceil(4);
        if 3 * row_len + first + used * 4 > src.len() {
            for r in 0..4 {
                let row = &src[r * row_len..(r + 1) * row_len];
                let [sample] = plain::horizontal_pixel(row, c, i);
                out[r * out_len + i] = sample;
            }
            continue;
        }
        let (mut low, mut high) = (_mm256_setzero_si256(), _mm256_setzero_si256());
        for (t, chunk) in packed[i * chunks..i * chunks + used].iter().enumerate() {
            let at = first + t * 4;
            let bytes = _mm_setr_epi32(
                four(at),
                four(at + row_len),
                four(at + 2 * row_len),
                four(at + 3 * row_len),
            );
            let taps = _mm256_cvtepu8_epi16(bytes);
            // SAFETY: the array holds the 16 bytes that are read.
            let both = unsafe { _mm_loadu_si128(chunk.as_ptr().cast()) };
            let k_low = _mm256_broadcastq_epi64(both);
            let k_high = _mm256_broadcastq_epi64(_mm_unpackhi_epi64(both, both));
            low = _mm256_add_epi32(low, _mm256_madd_epi16(taps, k_low));
            high = _mm256_add_epi32(high, _mm256_madd_epi16(taps, k_high));
        }
        // Each row has two sums side by side: rows 0 and 1 in the lower lane, 2 and 3 in the upper.
        let sum = _mm256_add_epi32(low, _mm256_slli_epi32::<{ LOW as i32 }>(high));
        let sum = _mm256_hadd_epi32(sum, sum);
        let sum =
            _mm_unpacklo_epi64(_mm256_castsi256_si128(sum), _mm256_extracti128_si256::<1>(sum));
        let sum = _mm_srai_epi32::<{ PRECISION as i32 }>(_mm_add_epi32(sum, _mm_set1_epi32(HALF)));
        let words = _mm_packs_epi32(sum, sum);
        let column = _mm_cvtsi128_si32(_mm_packus_epi16(words, words)).to_le_bytes();
        for (r, sample) in column.into_iter().enumerate() {
            out[r * out_len + i] = sample;
        }
    }
}

/// Sixteen bytes of one output row from the rows that begin at `rows`, `row_len` apart.
#[target_feature(enable = "avx2")]
fn sixteen_columns(rows: &[u8], row_len: usize, weights: &[i32], out: &mut [u8; 16]) {
    let zero = _mm256_setzero_si256();
    let (mut low_a, mut low_b, mut high_a, mut high_b) = (zero, zero, zero, zero);
    let load = |row: usize| {
        let sixteen = &rows[row * row_len..row * row_len + 16];
        // SAFETY: the slice holds the 16 bytes that are read.
        unsafe { _mm_loadu_si128(sixteen.as_ptr().cast()) }
    };
    for (pair, two) in weights.chunks(2).enumerate() {
        let one = load(pair * 2);
        let (other, w) = match two {
            [_, w] => (load(pair * 2 + 1), *w),
            _ => (_mm_setzero_si128(), 0),
        };
        let halves = |a: i32, b: i32| _mm256_set1_epi32(a & 0xFFFF | b << 16);
        let mask = (1 << LOW) - 1;
        let k_low = halves(two[0] & mask, w & mask);
        let k_high = halves(two[0] >> LOW, w >> LOW);
        let a = _mm256_cvtepu8_epi16(_mm_unpacklo_epi8(one, other));
        let b = _mm256_cvtepu8_epi16(_mm_unpackhi_epi8(one, other));
        low_a = _mm256_add_epi32(low_a, _mm256_madd_epi16(a, k_low));
        low_b = _mm256_add_epi32(low_b, _mm256_madd_epi16(b, k_low));
        high_a = _mm256_add_epi32(high_a, _mm256_madd_epi16(a, k_high));
        high_b = _mm256_add_epi32(high_b, _mm256_madd_epi16(b, k_high));
    }
    let whole = |low, high| {
        let sum = _mm256_add_epi32(low, _mm256_slli_epi32::<{ LOW as i32 }>(high));
        _mm256_srai_epi32::<{ PRECISION as i32 }>(_mm256_add_epi32(sum, _mm256_set1_epi32(HALF)))
    };
    // Packing works lane by lane, so the lanes are put in order at the end.
    let words = _mm256_packs_epi32(whole(low_a, high_a), whole(low_b, high_b));
    let words = _mm256_permute4x64_epi64::<0b11_01_10_00>(words);
    let bytes =
        _mm_packus_epi16(_mm256_castsi256_si128(words), _mm256_extracti128_si256::<1>(words));
    // SAFETY: the array holds the 16 bytes that are written.
    unsafe { _mm_storeu_si128(out.as_mut_ptr().cast(), bytes) };
}
