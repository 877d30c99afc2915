//! The passes for samples that are not bytes: weights and sums in double precision, taken in order,
//! rounded half away from zero between the passes, as Pillow does it for I;16, I and F.
//!
//! Pillow has one channel there; more channels are resized each by itself. Dtypes that it does not
//! have take the same path with their own range. Samples are little-endian bytes.

use super::coefficients::Coefficients;
use crate::dtype::DType;
use crate::pixels::sample::{Half, Sample};

/// Both passes for one sample type.
#[derive(Clone, Copy)]
pub(super) struct Passes {
    /// As `plain::horizontal`, with widths in pixels.
    pub(super) horizontal: fn(&[u8], usize, usize, &Coefficients<f64>, &mut [u8]),
    /// As `plain::vertical`, with the number of samples in a row.
    pub(super) vertical: fn(&[u8], usize, usize, &Coefficients<f64>, &mut [u8]),
}

/// The passes of a dtype; bytes and booleans have none here.
pub(super) fn passes(dtype: DType) -> Option<Passes> {
    fn of<S: Sample>() -> Option<Passes> {
        Some(Passes { horizontal: horizontal::<S>, vertical: vertical::<S> })
    }
    match dtype {
        DType::Bool | DType::Uint8 => None,
        DType::Int8 => of::<i8>(),
        DType::Uint16 => of::<u16>(),
        DType::Int16 => of::<i16>(),
        DType::Uint32 => of::<u32>(),
        DType::Int32 => of::<i32>(),
        DType::Uint64 => of::<u64>(),
        DType::Int64 => of::<i64>(),
        DType::Float16 => of::<Half>(),
        DType::Float32 => of::<f32>(),
        DType::Float64 => of::<f64>(),
    }
}

fn horizontal<S: Sample>(
    src: &[u8],
    width: usize,
    channels: usize,
    c: &Coefficients<f64>,
    out: &mut [u8],
) {
    let columns = c.bounds.len();
    let (source_len, target_len) = (width * channels * S::SIZE, columns * channels * S::SIZE);
    let rows = src.chunks_exact(source_len).zip(out.chunks_exact_mut(target_len));
    for (row, target) in rows {
        match channels {
            1 => horizontal_row::<S, 1>(row, c, target),
            3 => horizontal_row::<S, 3>(row, c, target),
            4 => horizontal_row::<S, 4>(row, c, target),
            _ => horizontal_any::<S>(row, channels, c, target),
        }
    }
}

fn horizontal_row<S: Sample, const C: usize>(row: &[u8], c: &Coefficients<f64>, target: &mut [u8]) {
    for (i, pixel) in target.chunks_exact_mut(C * S::SIZE).enumerate() {
        let (first, weights) = c.of(i);
        let mut sums = [0.0; C];
        for (tap, w) in row[first * C * S::SIZE..].chunks_exact(C * S::SIZE).zip(weights) {
            for (sum, sample) in sums.iter_mut().zip(tap.chunks_exact(S::SIZE)) {
                *sum += S::get(sample) * w;
            }
        }
        for (sum, sample) in sums.into_iter().zip(pixel.chunks_exact_mut(S::SIZE)) {
            S::put(sum, sample);
        }
    }
}

/// As [`horizontal_row`], of any number of channels.
fn horizontal_any<S: Sample>(
    row: &[u8],
    channels: usize,
    c: &Coefficients<f64>,
    target: &mut [u8],
) {
    for (i, pixel) in target.chunks_exact_mut(channels * S::SIZE).enumerate() {
        let (first, weights) = c.of(i);
        for (channel, sample) in pixel.chunks_exact_mut(S::SIZE).enumerate() {
            let taps = row[(first * channels + channel) * S::SIZE..].chunks(channels * S::SIZE);
            let sum =
                taps.zip(weights).fold(0.0, |sum, (tap, w)| sum + S::get(&tap[..S::SIZE]) * w);
            S::put(sum, sample);
        }
    }
}

fn vertical<S: Sample>(
    src: &[u8],
    row_len: usize,
    first: usize,
    c: &Coefficients<f64>,
    out: &mut [u8],
) {
    let mut sums = vec![0.0f64; row_len];
    for (i, target) in out.chunks_exact_mut(row_len * S::SIZE).enumerate() {
        let (top, weights) = c.of(i);
        sums.fill(0.0);
        let rows = src[(top - first) * row_len * S::SIZE..].chunks_exact(row_len * S::SIZE);
        for (row, w) in rows.zip(weights) {
            for (sum, sample) in sums.iter_mut().zip(row.chunks_exact(S::SIZE)) {
                *sum += S::get(sample) * w;
            }
        }
        for (sample, &sum) in target.chunks_exact_mut(S::SIZE).zip(&sums) {
            S::put(sum, sample);
        }
    }
}
