//! Numbers that came as a list: the shape and the order that a [`RawSpec`] gives them.
//!
//! The nesting of a list is its shape. A flat one takes the shape that is said; it may also hold the bytes of
//! the pixels instead of the pixels.

use super::{Pixels, RawSpec, envelope, loose, numbers, raw};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;

/// Replaces `out` with the numbers of the list that `text` is, also where each has a wrapper.
pub(super) fn read(
    text: &[u8],
    spec: &RawSpec,
    limits: &Limits,
    out: &mut Vec<u8>,
    spare: &mut Vec<u8>,
) -> Result<Pixels> {
    let RawSpec { dtype, nan, .. } = *spec;
    match numbers::decode(text, dtype, nan, limits, out) {
        Err(_) if envelope::numbers(text, spare) => numbers::decode(spare, dtype, nan, limits, out),
        found => found,
    }
}

/// Makes the numbers of a list in `bytes` the pixels that `spec` describes; `spare` is overwritten.
pub(super) fn finish(
    found: Pixels,
    spec: &RawSpec,
    limits: &Limits,
    bytes: &mut Vec<u8>,
    spare: &mut Vec<u8>,
) -> Result<Pixels> {
    let dtype = found.dtype;
    let [count] = found.shape[..] else {
        let shape = nested(found.shape, spec)?;
        if !spec.planes && !spec.bgr {
            return Ok(Pixels { shape, dtype });
        }
        // The nesting is the logical order whatever the memory order was.
        let spec = RawSpec { fortran: false, ..*spec };
        let shape = raw::rearrange(&spec, shape, dtype, bytes, spare)?;
        return Ok(Pixels { shape, dtype });
    };
    let fitted = loose::fitted(spec, count, 1);
    let Some(shape) = fitted.shape else { return Ok(found) };
    if shape.elements() == Some(count) && fitted.step.is_none() {
        loose::check_axes(&shape)?;
        let shape = raw::rearrange(spec, shape, dtype, bytes, spare)?;
        return Ok(Pixels { shape, dtype });
    }
    // Elements of several bytes, or padded rows.
    let wider = spec.dtype.is_some() || spec.loose.step.or(spec.step).is_some();
    if wider && to_bytes(dtype, bytes, spare) && raw::fits(spec, spare) {
        std::mem::swap(bytes, spare);
        return raw::finish(spec, limits, bytes, spare);
    }
    Err(Error::shape(format!("{count} numbers, but shape {shape} was asked for")))
}

/// The shape of a nested list, where what is said of it is nothing else.
fn nested(found: Shape, spec: &RawSpec) -> Result<Shape> {
    let Some(said) = spec.shape else {
        return match spec.planes && loose::planes_first(found) != found {
            true => Err(Error::shape(format!(
                "numbers of shape {found}, beside words that say that channels come first"
            ))),
            false => Ok(found),
        };
    };
    let is_same = match (&said[..], &found[..]) {
        _ if said == found => true,
        // One channel has an axis of its own, or none.
        ([h, w], [a, b, 1]) => (h, w) == (a, b),
        // Nothing is said of the channels, or of which axis they are.
        ([h, w], [a, b, _]) if spec.loose.open && !spec.planes => (h, w) == (a, b),
        ([h, w], [_, a, b]) if spec.loose.open => (h, w) == (a, b),
        ([h, w, c], [a, b, d]) if !spec.planes && spec.loose.by_axes => (c, h, w) == (a, b, d),
        _ => false,
    };
    match is_same {
        true => Ok(found),
        false => {
            Err(Error::shape(format!("numbers of shape {found}, but shape {said} was asked for")))
        }
    }
}

/// Numbers from 0 to 255 as the bytes that they are; whether all are such.
fn to_bytes(dtype: DType, bytes: &[u8], out: &mut Vec<u8>) -> bool {
    fn each<const N: usize>(
        bytes: &[u8],
        out: &mut Vec<u8>,
        byte: impl Fn([u8; N]) -> Option<u8>,
    ) -> bool {
        let all = bytes.as_chunks::<N>().0;
        out.extend(all.iter().map_while(|number| byte(*number)));
        out.len() == all.len()
    }
    fn whole<const N: usize>(number: [u8; N]) -> Option<u8> {
        number[1..].iter().all(|&high| high == 0).then_some(number[0])
    }
    let of_float = |number: f64| {
        (number.fract() == 0.0 && (0.0..256.0).contains(&number)).then_some(number as u8)
    };
    out.clear();
    match dtype {
        DType::Bool | DType::Int8 | DType::Float16 => false,
        DType::Uint8 => each::<1>(bytes, out, whole),
        DType::Uint16 | DType::Int16 => each::<2>(bytes, out, whole),
        DType::Uint32 | DType::Int32 => each::<4>(bytes, out, whole),
        DType::Uint64 | DType::Int64 => each::<8>(bytes, out, whole),
        DType::Float32 => each::<4>(bytes, out, |b| of_float(f32::from_le_bytes(b).into())),
        DType::Float64 => each::<8>(bytes, out, |b| of_float(f64::from_le_bytes(b))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(
        numbers: &[u16],
        axes: &[usize],
        spec: &RawSpec,
    ) -> std::result::Result<(String, Vec<u8>), String> {
        let mut bytes: Vec<u8> = numbers.iter().flat_map(|n| n.to_le_bytes()).collect();
        let shape = Shape::new(axes).expect("shape");
        let found = Pixels { shape, dtype: DType::Uint16 };
        finish(found, spec, &Limits::default(), &mut bytes, &mut Vec::new())
            .map(|p| (format!("{} {}", p.shape, p.dtype), bytes))
            .map_err(|e| e.message().to_string())
    }

    fn deep(axes: &[usize]) -> RawSpec {
        let shape = Shape::new(axes).ok();
        RawSpec { shape, dtype: Some(DType::Uint16), ..RawSpec::default() }
    }

    #[test]
    fn a_flat_list_takes_the_shape_that_is_said() {
        let (shape, bytes) = read(&[1, 2, 3, 4], &[4], &deep(&[2, 2])).expect("numbers");
        assert_eq!((&shape[..], bytes.len()), ("(2, 2) uint16", 8));
        // Twice as many: the bytes of the pixels.
        let big = RawSpec { byteorder: Some(crate::dtype::ByteOrder::Big), ..deep(&[1, 2]) };
        let (shape, bytes) = read(&[1, 2, 3, 4], &[4], &big).expect("bytes");
        assert_eq!((&shape[..], &bytes[..]), ("(1, 2) uint16", &[2, 1, 4, 3][..]));
        assert!(read(&[1, 2, 3, 400], &[4], &deep(&[1, 2])).is_err());
        assert!(read(&[1, 2, 3], &[3], &deep(&[1, 2])).is_err());
    }

    #[test]
    fn the_nesting_is_the_shape() {
        assert!(read(&[1, 2, 3, 4, 5, 6], &[2, 3], &deep(&[2, 3])).is_ok());
        let error = read(&[1, 2, 3, 4, 5, 6], &[2, 3], &deep(&[3, 2])).expect_err("another");
        assert_eq!(error, "numbers of shape (2, 3), but shape (3, 2) was asked for");
        let planes = RawSpec { planes: true, ..RawSpec::default() };
        let (shape, bytes) = read(&[1, 3, 2, 4], &[2, 1, 2], &planes).expect("planes");
        assert_eq!((&shape[..], &bytes[..]), ("(1, 2, 2) uint16", &[1, 0, 2, 0, 3, 0, 4, 0][..]));
    }
}
