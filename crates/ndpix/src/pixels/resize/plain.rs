//! The 8-bit passes in plain code: the readable twin of `avx2.rs`, its oracle, and what runs where
//! there is no AVX2. Sums wrap, as they do in the twin: the true sum of a pixel fits an `i32`.

use super::coefficients::{Coefficients, PRECISION};

/// Half of one, so that the shift rounds.
const HALF: i32 = 1 << (PRECISION - 1);

/// A sum as a sample: rounded by [`HALF`] before, clipped here.
pub(super) fn clip(sum: i32) -> u8 {
    (sum >> PRECISION).clamp(0, 255) as u8
}

/// Resizes every row of `src` (`width` pixels of `channels`) into the rows of `out`.
pub(super) fn horizontal(
    src: &[u8],
    width: usize,
    channels: usize,
    c: &Coefficients<i32>,
    out: &mut [u8],
) {
    let columns = c.bounds.len();
    let rows = src.chunks_exact(width * channels).zip(out.chunks_exact_mut(columns * channels));
    for (row, target) in rows {
        for (i, pixel) in target.chunks_exact_mut(channels).enumerate() {
            horizontal_pixel(row, channels, c, i, pixel);
        }
    }
}

/// One pixel of [`horizontal`].
pub(super) fn horizontal_pixel(
    row: &[u8],
    channels: usize,
    c: &Coefficients<i32>,
    i: usize,
    pixel: &mut [u8],
) {
    let (first, weights) = c.of(i);
    for (channel, sample) in pixel.iter_mut().enumerate() {
        let taps = row[first * channels + channel..].iter().step_by(channels);
        *sample = clip(
            taps.zip(weights)
                .fold(HALF, |sum, (&v, &w)| sum.wrapping_add(i32::from(v).wrapping_mul(w))),
        );
    }
}

/// Resizes the columns of `src`, rows of `row_len` bytes of which the first is row `first` of the
/// image, into rows of `out`; only bytes from `begin` on of each row.
pub(super) fn vertical(
    src: &[u8],
    row_len: usize,
    first: usize,
    begin: usize,
    c: &Coefficients<i32>,
    out: &mut [u8],
) {
    let mut sums = vec![0i32; row_len - begin];
    for (i, target) in out.chunks_exact_mut(row_len).enumerate() {
        let (top, weights) = c.of(i);
        sums.fill(HALF);
        for (row, &w) in src[(top - first) * row_len..].chunks_exact(row_len).zip(weights) {
            for (sum, &v) in sums.iter_mut().zip(&row[begin..]) {
                *sum = sum.wrapping_add(i32::from(v).wrapping_mul(w));
            }
        }
        for (sample, &sum) in target[begin..].iter_mut().zip(&sums) {
            *sample = clip(sum);
        }
    }
}
