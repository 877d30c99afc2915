//! Bare pixels: from bytes and a [`RawSpec`] to C-order little-endian pixels.
//!
//! The byte count is compared with the shape before anything is moved; then row padding is
//! dropped, bytes are swapped, Fortran order, planes and BGR are undone, in place where that is possible.

use super::{Pixels, RawSpec, loose};
use crate::dtype::{ByteOrder, DType};
use crate::error::{Error, Result};
use crate::limits::{Limits, make_room};
use crate::shape::Shape;

/// Makes the bytes the pixels that `raw` describes; `spare` is overwritten.
pub(super) fn finish(
    raw: &RawSpec,
    limits: &Limits,
    bytes: &mut Vec<u8>,
    spare: &mut Vec<u8>,
) -> Result<Pixels> {
    let len = bytes.len();
    let raw = &loose::fitted(raw, len, raw.dtype.map_or(1, DType::size));
    let Some(shape) = raw.shape else {
        return Err(Error::shape(format!(
            "{len} bytes of bare pixels do not say their shape; give raw_shape (and raw_dtype)"
        )));
    };
    loose::check_axes(&shape)?;
    if loose::may_be_wider(raw, bytes) {
        return Err(Error::shape(format!(
            "{len} bytes beside {shape} may be four channels of uint8 or one of 32 bits; give raw_shape and raw_dtype"
        )));
    }
    let dtype = match raw.dtype {
        Some(dtype) => dtype,
        None if raw.step.is_some() || shape.elements() == Some(len) => DType::Uint8,
        None => {
            let elements = shape.elements().unwrap_or(usize::MAX);
            let wider = [2, 4, 8].into_iter().any(|size| elements.checked_mul(size) == Some(len));
            return Err(Error::shape(match wider {
                true => format!("{len} bytes do not fit shape {shape} as uint8; give raw_dtype"),
                false => format!("{len} bytes, but shape {shape} of uint8 takes {elements}"),
            }));
        }
    };
    match raw.step {
        Some(step) => drop_padding(raw, &shape, dtype, step, bytes)?,
        None if shape.bytes(dtype).ok() != Some(len) => {
            return Err(Error::shape(format!(
                "{len} bytes, but shape {shape} of {dtype} takes {}",
                shape.bytes(dtype).map_or("more than memory".to_string(), |n| n.to_string())
            )));
        }
        None => {}
    }
    check_size(&shape, dtype, limits)?;
    if raw.byteorder == Some(ByteOrder::Big) {
        swap_bytes(dtype, bytes);
    }
    if dtype == DType::Bool
        && let Some(at) = bytes.iter().position(|&b| b > 1)
    {
        return Err(Error::shape(format!(
            "byte {at} of bool pixels is {}; only 0 and 1 are bool",
            bytes[at]
        )));
    }
    let shape = rearrange(raw, shape, dtype, bytes, spare)?;
    Ok(Pixels { shape, dtype })
}

/// The number of bytes that pixels of this description have before row padding is dropped, where that is
/// certain.
pub(super) fn expected(raw: &RawSpec) -> Option<usize> {
    if raw.loose.open || raw.loose.step.is_some() {
        return None;
    }
    let shape = raw.shape.filter(|shape| !shape.contains(&0))?;
    match raw.step {
        Some(step) => step.checked_mul(*shape.first()?),
        None => shape.bytes(raw.dtype.unwrap_or(DType::Uint8)).ok(),
    }
}

/// Whether these bytes are as many as pixels of this description have, and nothing else fits them.
pub(super) fn fits(raw: &RawSpec, bytes: &[u8]) -> bool {
    let raw = loose::fitted(raw, bytes.len(), raw.dtype.map_or(1, DType::size));
    let Some(shape) = raw.shape.filter(|shape| !shape.contains(&0)) else { return false };
    let dtype = raw.dtype.unwrap_or(DType::Uint8);
    let length = match raw.step {
        Some(step) => loose::is_padded(&raw, &shape, dtype, step, bytes.len()),
        None => shape.bytes(dtype).ok() == Some(bytes.len()),
    };
    length && !loose::may_be_wider(&raw, bytes)
}

/// Refuses arrays over the limits. Up to four values in a last axis are one pixel.
pub(super) fn check_size(shape: &Shape, dtype: DType, limits: &Limits) -> Result<()> {
    let bytes = shape.bytes(dtype)? as u64;
    let (rows, columns) = match **shape {
        [h, w] | [h, w, 1..=4] => (h as u64, w as u64),
        _ => (bytes / dtype.size() as u64, 1),
    };
    limits.check_pixels(rows, columns)?;
    match limits.memory {
        Some(cap) if bytes > cap => Err(Error::limit(format!(
            "shape {shape} of {dtype} takes {bytes} bytes, over the memory limit of {cap}"
        ))),
        _ => Ok(()),
    }
}

fn drop_padding(
    raw: &RawSpec,
    shape: &Shape,
    dtype: DType,
    step: usize,
    bytes: &mut Vec<u8>,
) -> Result<()> {
    let size = shape.bytes(dtype).map_err(|e| Error::shape(e.message()))?;
    let rows = loose::rows(raw, shape);
    let row = size / rows.max(1);
    if !loose::is_padded(raw, shape, dtype, step, bytes.len()) {
        return Err(Error::shape(format!(
            "{} bytes, but {rows} rows of {row} bytes with a step of {step} were expected",
            bytes.len()
        )));
    }
    if step > row {
        for i in 1..rows {
            bytes.copy_within(i * step..i * step + row, i * row);
        }
        bytes.truncate(size);
    }
    Ok(())
}

fn swap_bytes(dtype: DType, bytes: &mut [u8]) {
    fn each<const N: usize>(bytes: &mut [u8]) {
        bytes.as_chunks_mut::<N>().0.iter_mut().for_each(|b| b.reverse());
    }
    match dtype.size() {
        2 => each::<2>(bytes),
        4 => each::<4>(bytes),
        8 => each::<8>(bytes),
        _ => {}
    }
}

/// Undoes Fortran order, planes and BGR of pixels that already have their right number of bytes; the
/// shape that they then have.
pub(super) fn rearrange(
    raw: &RawSpec,
    shape: Shape,
    dtype: DType,
    bytes: &mut Vec<u8>,
    spare: &mut Vec<u8>,
) -> Result<Shape> {
    let last = raw.planes && shape.len() > 2;
    if raw.fortran && shape.len() > 1 {
        reorder(bytes, spare, |bytes, spare| match dtype.size() {
            1 => to_c_order::<1>(&shape, bytes, spare),
            2 => to_c_order::<2>(&shape, bytes, spare),
            4 => to_c_order::<4>(&shape, bytes, spare),
            _ => to_c_order::<8>(&shape, bytes, spare),
        })?;
    }
    let shape = match shape[..] {
        [ref before @ .., channels, height, width] if last => {
            let plane = height * width;
            reorder(bytes, spare, |bytes, spare| match dtype.size() {
                1 => channels_last::<1>(channels, plane, bytes, spare),
                2 => channels_last::<2>(channels, plane, bytes, spare),
                4 => channels_last::<4>(channels, plane, bytes, spare),
                _ => channels_last::<8>(channels, plane, bytes, spare),
            })?;
            Shape::new(&[before, &[height, width, channels]].concat())?
        }
        _ => shape,
    };
    if raw.bgr {
        let channels = match *shape {
            [.., c @ (3 | 4)] if shape.len() > 1 => c,
            _ => {
                return Err(Error::shape(format!(
                    "BGR pixels need 3 or 4 values in the last axis, not shape {shape}"
                )));
            }
        };
        let size = dtype.size();
        for pixel in bytes.chunks_exact_mut(channels * size) {
            let (blue, rest) = pixel.split_at_mut(size);
            blue.swap_with_slice(&mut rest[size..2 * size]);
        }
    }
    Ok(shape)
}

/// Replaces the elements by the same in another order.
fn reorder(
    bytes: &mut Vec<u8>,
    spare: &mut Vec<u8>,
    write: impl FnOnce(&[u8], &mut Vec<u8>),
) -> Result<()> {
    spare.clear();
    make_room(spare, bytes.len())?;
    write(bytes, spare);
    std::mem::swap(bytes, spare);
    Ok(())
}

/// Appends planes of so many elements, `channels` of them for each image, with the channels last.
fn channels_last<const N: usize>(channels: usize, plane: usize, from: &[u8], out: &mut Vec<u8>) {
    let (elements, _) = from.as_chunks::<N>();
    for image in elements.chunks_exact((channels * plane).max(1)) {
        for pixel in 0..plane {
            for channel in 0..channels {
                out.extend_from_slice(&image[channel * plane + pixel]);
            }
        }
    }
}

/// Appends the elements of `from` (first axis fastest) to `out` with the last axis fastest.
fn to_c_order<const N: usize>(shape: &Shape, from: &[u8], out: &mut Vec<u8>) {
    let (elements, _) = from.as_chunks::<N>();
    let mut strides = [1usize; Shape::MAX_RANK];
    for axis in 1..shape.len() {
        strides[axis] = strides[axis - 1] * shape[axis - 1];
    }
    let last = shape.len() - 1;
    let mut index = [0usize; Shape::MAX_RANK];
    let mut start = 0;
    loop {
        for i in 0..shape[last] {
            if let Some(element) = elements.get(start + i * strides[last]) {
                out.extend_from_slice(element);
            }
        }
        let mut axis = last;
        loop {
            if axis == 0 {
                return;
            }
            axis -= 1;
            index[axis] += 1;
            start += strides[axis];
            if index[axis] < shape[axis] {
                break;
            }
            start -= strides[axis] * shape[axis];
            index[axis] = 0;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn spec(axes: &[usize], dtype: Option<DType>) -> RawSpec {
        RawSpec { shape: Shape::new(axes).ok(), dtype, ..RawSpec::default() }
    }

    fn run(raw: &RawSpec, bytes: &[u8]) -> Result<Vec<u8>> {
        let mut bytes = bytes.to_vec();
        finish(raw, &Limits::default(), &mut bytes, &mut Vec::new()).map(|_| bytes)
    }

    #[test]
    fn counts_bytes() {
        let square = [0, 64, 128, 255];
        assert_eq!(run(&spec(&[2, 2], None), &square).ok().as_deref(), Some(&square[..]));
        for raw in [
            RawSpec::default(),
            spec(&[2, 2], Some(DType::Uint16)),
            spec(&[2, 3], None),
            spec(&[0, 2], None),
            spec(&[1 << 32, 1 << 32], None),
        ] {
            assert_eq!(run(&raw, &square).map_err(|e| e.kind()), Err(ErrorKind::Shape), "{raw:?}");
        }
        let message = run(&RawSpec::default(), &square).expect_err("no shape").to_string();
        assert!(message.contains("4 bytes") && message.contains("raw_shape"), "{message}");
    }

    #[test]
    fn limits_hold() {
        let limits = Limits { max_pixels: 3, ..Limits::default() };
        let fails = |axes: &[usize]| {
            let mut bytes = vec![0; axes.iter().product()];
            finish(&spec(axes, None), &limits, &mut bytes, &mut Vec::new()).map_err(|e| e.kind())
        };
        assert_eq!(fails(&[2, 2]), Err(ErrorKind::Limit));
        assert!(fails(&[1, 3, 4]).is_ok());
    }

    #[test]
    fn swaps_orders_and_drops_padding() {
        let big = RawSpec { byteorder: Some(ByteOrder::Big), ..spec(&[2], Some(DType::Uint16)) };
        assert_eq!(run(&big, &[1, 2, 3, 4]).ok(), Some(vec![2, 1, 4, 3]));
        let fortran = RawSpec { fortran: true, ..spec(&[2, 3], None) };
        assert_eq!(run(&fortran, &[0, 3, 1, 4, 2, 5]).ok(), Some(vec![0, 1, 2, 3, 4, 5]));
        let cube = RawSpec { fortran: true, ..spec(&[2, 2, 2], None) };
        assert_eq!(run(&cube, &[0, 4, 2, 6, 1, 5, 3, 7]).ok(), Some((0..8).collect()));
        let bgr = RawSpec { bgr: true, ..spec(&[1, 2, 3], None) };
        assert_eq!(run(&bgr, &[3, 2, 1, 6, 5, 4]).ok(), Some(vec![1, 2, 3, 4, 5, 6]));
        let padded = RawSpec { step: Some(3), ..spec(&[2, 2], None) };
        assert_eq!(run(&padded, &[1, 2, 9, 3, 4, 9]).ok(), Some(vec![1, 2, 3, 4]));
        assert_eq!(run(&padded, &[1, 2, 9, 3, 4]).ok(), Some(vec![1, 2, 3, 4]));
        assert!(run(&padded, &[1, 2, 9, 3]).is_err());
        assert!(run(&RawSpec { step: Some(1), ..padded }, &[1, 2]).is_err());
    }

    #[test]
    fn planes_become_channels() {
        let planes = RawSpec { planes: true, ..spec(&[3, 1, 2], None) };
        let mut bytes = vec![1, 4, 2, 5, 3, 6];
        let pixels = finish(&planes, &Limits::default(), &mut bytes, &mut Vec::new());
        assert_eq!(pixels.map(|p| p.shape.to_string()).ok().as_deref(), Some("(1, 2, 3)"));
        assert_eq!(bytes, [1, 2, 3, 4, 5, 6]);
        let blue = RawSpec { bgr: true, ..planes };
        assert_eq!(run(&blue, &[3, 6, 2, 5, 1, 4]).ok(), Some(vec![1, 2, 3, 4, 5, 6]));
        let padded = RawSpec { step: Some(3), ..planes };
        assert_eq!(run(&padded, &[1, 4, 0, 2, 5, 0, 3, 6, 0]).ok(), Some(vec![1, 2, 3, 4, 5, 6]));
        let gray = RawSpec { planes: true, ..spec(&[2, 2], None) };
        assert_eq!(run(&gray, &[1, 2, 3, 4]).ok(), Some(vec![1, 2, 3, 4]));
    }

    #[test]
    fn bool_bytes_are_0_or_1() {
        let raw = spec(&[2], Some(DType::Bool));
        assert!(run(&raw, &[0, 1]).is_ok());
        assert_eq!(run(&raw, &[0, 2]).map_err(|e| e.kind()), Err(ErrorKind::Shape));
    }
}
