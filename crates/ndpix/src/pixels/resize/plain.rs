//! The 8-bit passes in plain code: the readable twin of `avx2.rs`, its oracle, and what runs where
//! there is no AVX2. Sums wrap, as they do in the twin: the true sum of a pixel fits an `i32`.
//!
//! Channels are told to the compiler, which makes vectors of them on any machine: ARM executes a third of what it does when
//! they are not (142 and 49 million instructions for a photograph).

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
        match channels {
            1 => horizontal_row::<1>(row, c, target),
            2 => horizontal_row::<2>(row, c, target),
            3 => horizontal_row::<3>(row, c, target),
            4 => horizontal_row::<4>(row, c, target),
            _ => {
                for (i, pixel) in target.chunks_exact_mut(channels).enumerate() {
                    horizontal_any(row, channels, c.of(i), pixel);
                }
            }
        }
    }
}

fn horizontal_row<const C: usize>(row: &[u8], c: &Coefficients<i32>, target: &mut [u8]) {
    for (i, pixel) in target.as_chunks_mut::<C>().0.iter_mut().enumerate() {
        *pixel = horizontal_pixel(row, c, i);
    }
}

/// One pixel of [`horizontal`].
pub(super) fn horizontal_pixel<const C: usize>(
    row: &[u8],
    c: &Coefficients<i32>,
    i: usize,
) -> [u8; C] {
    let (first, weights) = c.of(i);
    let mut sums = [HALF; C];
    for (tap, &w) in row[first * C..].as_chunks::<C>().0.iter().zip(weights) {
        for (sum, &v) in sums.iter_mut().zip(tap) {
            *sum = sum.wrapping_add(i32::from(v).wrapping_mul(w));
        }
    }
    sums.map(clip)
}

/// As [`horizontal_pixel`], of any number of channels.
fn horizontal_any(
    row: &[u8],
    channels: usize,
    (first, weights): (usize, &[i32]),
    pixel: &mut [u8],
) {
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
