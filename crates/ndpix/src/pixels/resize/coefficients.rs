//! The weights of a resize along one axis, as Pillow computes them (`Resample.c`,
//! `precompute_coeffs`): in double precision, the filter widened by the scale when an image gets
//! smaller, normalised, and for 8-bit samples rounded to 22 bits after the point.

use std::f64::consts::PI;

use crate::error::{Error, Result};
use crate::limits::zeros;
use crate::options::Resample;

/// Bits after the point of 8-bit weights: what an `i32` leaves beside 8 bits of sample and two
/// for filters that go negative or beyond 1.
pub(super) const PRECISION: u32 = 32 - 8 - 2;

/// The largest weight table, in weights: a few times what any picture needs.
const MOST_WEIGHTS: u64 = 1 << 27;

/// What the weights of an axis depend on.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Axis {
    /// Samples there are.
    pub(super) len: usize,
    /// Where the box begins and ends; `f32`, as Pillow takes it.
    pub(super) from: f32,
    /// See `from`.
    pub(super) to: f32,
    /// Samples wanted.
    pub(super) out: usize,
    /// Whose weights.
    pub(super) filter: Resample,
}

impl Axis {
    /// Whether the pass along this axis changes anything.
    pub(super) fn is_needed(&self) -> bool {
        self.out != self.len || self.from != 0.0 || self.to != self.out as f32
    }
}

/// For each output sample the first input sample, their number, and `stride` weights.
#[derive(Debug)]
pub(super) struct Coefficients<T> {
    /// First sample and number of samples.
    pub(super) bounds: Vec<(usize, usize)>,
    /// `stride` weights for each output sample; those after that number are zero.
    pub(super) weights: Vec<T>,
    /// Weights of one output sample, a multiple of 4.
    pub(super) stride: usize,
}

impl<T> Coefficients<T> {
    /// The weights of output sample `i`, without the zeros after them.
    pub(super) fn of(&self, i: usize) -> (usize, &[T]) {
        let (first, len) = self.bounds[i];
        (first, &self.weights[i * self.stride..i * self.stride + len])
    }

    /// The input samples that are used at all: first and end.
    pub(super) fn used(&self) -> (usize, usize) {
        let first = self.bounds.first().map_or(0, |b| b.0);
        (first, self.bounds.last().map_or(0, |b| b.0 + b.1))
    }
}

/// The weights of an axis in double precision.
pub(super) fn precise(axis: &Axis) -> Result<Coefficients<f64>> {
    build(axis, |w| w)
}

/// The weights of an axis in 22-bit fixed point, rounded half away from zero.
pub(super) fn fixed(axis: &Axis) -> Result<Coefficients<i32>> {
    let one = f64::from(1u32 << PRECISION);
    build(axis, |w| if w < 0.0 { (-0.5 + w * one) as i32 } else { (0.5 + w * one) as i32 })
}

fn build<T: Copy + Default>(axis: &Axis, convert: impl Fn(f64) -> T) -> Result<Coefficients<T>> {
    let (filter, support) = kernel(axis.filter);
    // The difference is taken in single precision there, and so here.
    let scale = f64::from(axis.to - axis.from) / axis.out as f64;
    let widened = scale.max(1.0);
    let support = support * widened;
    let stride = (support.ceil() as usize * 2 + 1).next_multiple_of(4);
    let count = (axis.out as u64).saturating_mul(stride as u64);
    if count > MOST_WEIGHTS {
        return Err(Error::limit(format!(
            "resizing {} samples to {} needs {count} weights, over {MOST_WEIGHTS}",
            axis.len, axis.out
        )));
    }
    let mut bounds = Vec::with_capacity(axis.out);
    let mut weights = zeros::<T>(count as usize)?;
    let mut line = Vec::with_capacity(stride);
    for (i, row) in weights.chunks_exact_mut(stride).enumerate() {
        let center = f64::from(axis.from) + (i as f64 + 0.5) * scale;
        let inverse = 1.0 / widened;
        let first = ((center - support + 0.5) as i64).max(0);
        let end = ((center + support + 0.5) as i64).min(axis.len as i64);
        line.clear();
        line.extend(
            (0..end - first).map(|x| filter(((x + first) as f64 - center + 0.5) * inverse)),
        );
        let sum: f64 = line.iter().fold(0.0, |sum, w| sum + w);
        for (slot, w) in row.iter_mut().zip(&line) {
            *slot = convert(if sum != 0.0 { w / sum } else { *w });
        }
        bounds.push((first as usize, line.len()));
    }
    Ok(Coefficients { bounds, weights, stride })
}

/// A filter and its support. Nearest has no weights and never comes here; it is a box for the type's sake.
fn kernel(filter: Resample) -> (fn(f64) -> f64, f64) {
    match filter {
        Resample::Box | Resample::Nearest => (boxed, 0.5),
        Resample::Bilinear => (bilinear, 1.0),
        Resample::Hamming => (hamming, 1.0),
        Resample::Bicubic => (bicubic, 2.0),
        Resample::Lanczos => (lanczos, 3.0),
    }
}

fn boxed(x: f64) -> f64 {
    if x > -0.5 && x <= 0.5 { 1.0 } else { 0.0 }
}

fn bilinear(x: f64) -> f64 {
    let x = x.abs();
    if x < 1.0 { 1.0 - x } else { 0.0 }
}

fn hamming(x: f64) -> f64 {
    let x = x.abs();
    if x == 0.0 {
        return 1.0;
    }
    if x >= 1.0 {
        return 0.0;
    }
    let x = x * PI;
    // The two constants are single precision there.
    x.sin() / x * (f64::from(0.54f32) + f64::from(0.46f32) * x.cos())
}

fn bicubic(x: f64) -> f64 {
    const A: f64 = -0.5;
    let x = x.abs();
    if x < 1.0 {
        return ((A + 2.0) * x - (A + 3.0)) * x * x + 1.0;
    }
    if x < 2.0 { (((x - 5.0) * x + 8.0) * x - 4.0) * A } else { 0.0 }
}

fn sinc(x: f64) -> f64 {
    if x == 0.0 {
        return 1.0;
    }
    let x = x * PI;
    x.sin() / x
}

fn lanczos(x: f64) -> f64 {
    if (-3.0..3.0).contains(&x) { sinc(x) * sinc(x / 3.0) } else { 0.0 }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn axis(len: usize, out: usize, filter: Resample) -> Axis {
        Axis { len, from: 0.0, to: len as f32, out, filter }
    }

    #[test]
    fn weights_sum_to_one() {
        for &filter in Resample::ALL {
            for (len, out) in [(1, 7), (7, 1), (100, 33), (33, 100), (5, 5)] {
                let c = precise(&axis(len, out, filter)).expect("weights");
                for i in 0..out {
                    let (first, w) = c.of(i);
                    assert!(first + w.len() <= len && !w.is_empty());
                    assert!((w.iter().sum::<f64>() - 1.0).abs() < 1e-12, "{filter} {len} {out}");
                }
            }
        }
    }

    #[test]
    fn halving_with_a_box_takes_two_halves() {
        let c = fixed(&axis(4, 2, Resample::Box)).expect("weights");
        let half = 1 << (PRECISION - 1);
        assert_eq!(c.of(0), (0, &[half, half][..]));
        assert_eq!(c.of(1), (2, &[half, half][..]));
        assert_eq!(c.used(), (0, 4));
    }

    #[test]
    fn tables_have_a_limit() {
        let e = precise(&axis(1 << 28, 1 << 20, Resample::Lanczos)).expect_err("refused");
        assert_eq!(e.kind(), crate::error::ErrorKind::Limit);
    }
}
