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
        for (i, pixel) in target.chunks_exact_mut(channels * S::SIZE).enumerate() {
            let (first, weights) = c.of(i);
            for (channel, sample) in pixel.chunks_exact_mut(S::SIZE).enumerate() {
                let mut sum = 0.0;
                for (t, w) in weights.iter().enumerate() {
                    let at = ((first + t) * channels + channel) * S::SIZE;
                    sum += S::get(&row[at..at + S::SIZE]) * w;
                }
                S::put(sum, sample);
            }
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
