//! Which numbers may be the pixels of an image.

use super::graded::{Around, What};
use super::words::Level;
use crate::dtype::DType;
use crate::encoding::{Encoding, Pixels};
use crate::shape::Shape;

/// Whether a list of numbers may be pixels.
pub(super) fn numbers(
    bytes: &[u8],
    encoding: &Encoding,
    pixels: Pixels,
    around: Around<'_>,
) -> What {
    let Around { name, .. } = around;
    let Pixels { shape, dtype } = pixels;
    if name.never {
        return What::Nothing;
    }
    // A list whose shape is said is as good as one that describes itself.
    if shape.len() > 1 && around.spec.says(&shape) {
        return match around.shape_given {
            true => What::Numbers,
            false => tensor(pixels, around),
        };
    }
    let range = Range::of(bytes, dtype);
    let byte = range.is_some_and(|r| r.whole && r.low >= 0.0 && r.high <= 255.0);
    let never_negative = range.is_some_and(|r| r.low >= 0.0);
    let picture = (2..=3).contains(&shape.len()) && axes(&shape, 8) >= 2;
    let flat = shape.len() == 1;
    let may_be = (picture && byte)
        || (name.level == Level::Lesser && axes(&shape, 8) >= 2)
        || (name.level == Level::Image && axes(&shape, 5) >= 2)
        || (name.level == Level::Image && flat && shape[0] >= 64 && never_negative)
        || (name.pixels && (!flat || shape[0] >= 16));
    match may_be {
        true => What::Numbers,
        false if *encoding == Encoding::List && shape.len() == 2 && !dtype.is_float() => What::Grid,
        false => What::Nothing,
    }
}

/// An array with a shape and a dtype of its own.
pub(super) fn tensor(pixels: Pixels, around: Around<'_>) -> What {
    let Pixels { shape, dtype } = pixels;
    let name = around.name;
    let speaks = !dtype.is_float() || around.sized || name.level == Level::Lesser;
    match () {
        () if around.shape_given => What::Image { by_path: false },
        () if name.never => What::Nothing,
        () if name.level == Level::Image && axes(&shape, 2) >= 2 => What::Image { by_path: false },
        () if speaks && axes(&shape, 8) >= 2 => What::Image { by_path: false },
        () if speaks && axes(&shape, 5) >= 2 => What::Numbers,
        () => What::Nothing,
    }
}

/// The shapes that so many numbers may have: squares, of one to four channels.
pub(super) fn flat(count: usize) -> String {
    let squares = [1, 3, 4].into_iter().filter_map(|channels| {
        let side = (count / channels).isqrt();
        let fits = side > 1 && side * side * channels == count;
        fits.then(|| match channels {
            1 => format!("{side},{side}"),
            _ => format!("{side},{side},{channels}"),
        })
    });
    match squares.collect::<Vec<_>>() {
        shapes if shapes.is_empty() => "pass shape H,W".to_string(),
        shapes => format!("pass shape {}", shapes.join(" or ")),
    }
}

/// How many axes are at least so long.
fn axes(shape: &Shape, least: usize) -> usize {
    shape.iter().filter(|&&axis| axis >= least).count()
}

/// The range of numbers as they come out of a list.
#[derive(Clone, Copy)]
struct Range {
    low: f64,
    high: f64,
    whole: bool,
}

impl Range {
    /// `None` for half floats.
    fn of(bytes: &[u8], dtype: DType) -> Option<Self> {
        fn fold<const N: usize>(bytes: &[u8], number: impl Fn([u8; N]) -> f64) -> Range {
            let empty = Range { low: f64::INFINITY, high: f64::NEG_INFINITY, whole: true };
            bytes.as_chunks::<N>().0.iter().fold(empty, |range, bytes| {
                let number = number(*bytes);
                Range {
                    low: range.low.min(number),
                    high: range.high.max(number),
                    whole: range.whole && number.fract() == 0.0,
                }
            })
        }
        Some(match dtype {
            DType::Bool => Self { low: 0.0, high: 1.0, whole: true },
            DType::Uint8 => fold(bytes, |b: [u8; 1]| b[0].into()),
            DType::Int8 => fold(bytes, |b| i8::from_le_bytes(b).into()),
            DType::Uint16 => fold(bytes, |b| u16::from_le_bytes(b).into()),
            DType::Int16 => fold(bytes, |b| i16::from_le_bytes(b).into()),
            DType::Uint32 => fold(bytes, |b| u32::from_le_bytes(b).into()),
            DType::Int32 => fold(bytes, |b| i32::from_le_bytes(b).into()),
            DType::Uint64 => fold(bytes, |b| u64::from_le_bytes(b) as f64),
            DType::Int64 => fold(bytes, |b| i64::from_le_bytes(b) as f64),
            DType::Float32 => fold(bytes, |b| f32::from_le_bytes(b).into()),
            DType::Float64 => fold(bytes, f64::from_le_bytes),
            DType::Float16 => return None,
        })
    }
}
