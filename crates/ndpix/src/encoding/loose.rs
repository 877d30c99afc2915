//! What a description leaves open until the number of bytes is known: how many channels there are, whether
//! short names are those of axes, whether rows are padded.

use super::RawSpec;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::Shape;

/// What siblings say that counts only where the number of bytes, or of numbers, says the same.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct Loose {
    /// Whether the shape is height and width, and the number of bytes says how many channels.
    pub(super) open: bool,
    /// Height and width by short names, where there is no shape.
    pub(super) short: Option<[usize; 2]>,
    /// The channels beside these; 0 where none are said.
    pub(super) channels: usize,
    /// Whether they are said by more than a short name.
    pub(super) fixed: bool,
    /// Bytes from one row to the next.
    pub(super) step: Option<usize>,
    /// Whether the shape was said axis by axis.
    pub(super) by_axes: bool,
}

/// The description of `len` bytes in elements of `size`, with nothing left open that they decide.
pub(super) fn fitted(raw: &RawSpec, len: usize, size: usize) -> RawSpec {
    let loose = raw.loose;
    let mut spec = *raw;
    let open = match (raw.shape, loose.short) {
        (Some(shape), _) if loose.open => shape[..].try_into().ok(),
        (None, short) => short,
        _ => None,
    };
    if let Some([height, width]) = open {
        let Some(channels) = channels(&loose, height, width, len, size) else { return spec };
        spec.shape = Some(image(raw.planes, height, width, channels));
    }
    if let (Some(step), Some(shape), None) = (loose.step, spec.shape, raw.step) {
        let dtype = raw.dtype.unwrap_or(DType::Uint8);
        let plain = shape.elements().and_then(|n| n.checked_mul(size)) == Some(len);
        // Where nothing is padded it says so too, or is not a step of rows at all.
        if !plain && is_padded(&spec, &shape, dtype, step, len) {
            spec.step = Some(step);
        }
    }
    spec
}

/// How many channels an image of this height and width has in so many bytes.
fn channels(loose: &Loose, height: usize, width: usize, len: usize, size: usize) -> Option<usize> {
    let said = (loose.channels > 0).then_some(loose.channels);
    let known = match (loose.short.is_some(), said) {
        (true, Some(_)) => [said, None, None, None],
        // Names so short, of an image so small, may be anything.
        (true, None) if height.min(width) < 5 => [Some(1), None, None, None],
        _ => [said, Some(1), Some(3), Some(4)],
    };
    let plane = height.checked_mul(width)?.checked_mul(size)?;
    let fits = |c: &usize| plane.checked_mul(*c) == Some(len) && plane > 0;
    let padded = |c: &usize| -> bool {
        let (Some(step), Some(row)) = (loose.step, width.checked_mul(size)) else { return false };
        let rows = step.checked_mul(height);
        // Of several that would fit in a row none is certain.
        let alone = said == Some(*c) || (*c == 1 && step / 2 < row);
        alone && rows == Some(len) && row.checked_mul(*c).is_some_and(|row| row <= step)
    };
    let mut found = known.into_iter().flatten().filter(|c| fits(c) || padded(c));
    found.next()
}

/// The shape of an image as it lies.
pub(super) fn image(planes: bool, height: usize, width: usize, channels: usize) -> Shape {
    let shape = Shape::image(height, width, channels);
    match (planes, channels) {
        (true, 2..) => Shape::new(&[channels, height, width]).unwrap_or(shape),
        _ => shape,
    }
}

/// The shape of planes in the order in which they lie, channels first, where it may also be written with
/// the channels last.
pub(super) fn planes_first(shape: Shape) -> Shape {
    const FEW: std::ops::RangeInclusive<usize> = 1..=4;
    match shape[..] {
        [ref before @ .., a, b, c] if FEW.contains(&c) && !FEW.contains(&a) => {
            Shape::new(&[before, &[c, a, b]].concat()).unwrap_or(shape)
        }
        _ => shape,
    }
}

/// Refuses arrays without elements.
pub(super) fn check_axes(shape: &Shape) -> Result<()> {
    if shape.contains(&0) {
        return Err(Error::shape(format!("shape {shape} has no elements")));
    }
    Ok(())
}

/// How many rows the pixels lie in.
pub(super) fn rows(raw: &RawSpec, shape: &Shape) -> usize {
    match shape[..] {
        [channels, height, _] if raw.planes => channels * height,
        _ => shape.first().copied().unwrap_or(1),
    }
}

/// Whether so many bytes are rows with a step between them. Some writers do not pad the last row.
pub(super) fn is_padded(
    raw: &RawSpec,
    shape: &Shape,
    dtype: DType,
    step: usize,
    len: usize,
) -> bool {
    let Ok(size) = shape.bytes(dtype) else { return false };
    let rows = rows(raw, shape);
    let row = size / rows.max(1);
    let full = step.checked_mul(rows);
    let short = step.checked_mul(rows.saturating_sub(1)).and_then(|n| n.checked_add(row));
    step >= row && (full == Some(len) || short == Some(len))
}

/// Whether four channels that only the number of bytes speaks for may as well be one of 32 bits: floats of
/// usual size, or integers that do not need all of it.
pub(super) fn may_be_wider(raw: &RawSpec, bytes: &[u8]) -> bool {
    let by_length = raw.loose.open || raw.loose.short.is_some();
    let four = raw.shape.is_some_and(|shape| match shape[..] {
        [channels, _, _] if raw.planes => channels == 4,
        [_, _, channels] => channels == 4,
        _ => false,
    });
    if !by_length || !four || raw.dtype.is_some() || raw.loose.channels == 4 {
        return false;
    }
    let words = || bytes.as_chunks::<4>().0.iter();
    let is_float = |word: &[u8; 4]| {
        let number = f32::from_le_bytes(*word);
        let size = number.abs();
        // NaN and infinity as they are usually written.
        word[..2] == [0, 0] && matches!(word[2..], [0xC0 | 0x80, 0x7F | 0xFF])
            || size == 0.0
            || (1e-9..1e9).contains(&size)
    };
    words().all(is_float) || words().all(|word| word[3] == 0)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn open(height: usize, width: usize) -> RawSpec {
        let loose = Loose { open: true, ..Loose::default() };
        RawSpec { shape: Some(Shape::image(height, width, 1)), loose, ..RawSpec::default() }
    }

    fn shape(raw: &RawSpec, len: usize) -> String {
        fitted(raw, len, raw.dtype.map_or(1, DType::size))
            .shape
            .map_or("none".to_string(), |shape| shape.to_string())
    }

    #[test]
    fn the_length_says_how_many_channels() {
        let deep = RawSpec { dtype: Some(DType::Uint16), ..open(5, 6) };
        for (raw, len, want) in [
            (open(5, 6), 30, "(5, 6)"),
            (open(5, 6), 90, "(5, 6, 3)"),
            (open(5, 6), 120, "(5, 6, 4)"),
            (open(5, 6), 60, "(5, 6)"),
            (deep, 60, "(5, 6)"),
            (deep, 180, "(5, 6, 3)"),
            (RawSpec { planes: true, ..open(5, 6) }, 90, "(3, 5, 6)"),
        ] {
            assert_eq!(shape(&raw, len), want, "{raw:?}");
        }
    }

    #[test]
    fn short_names_count_where_they_fit() {
        let short = |channels| {
            let loose = Loose { short: Some([5, 6]), channels, ..Loose::default() };
            RawSpec { loose, ..RawSpec::default() }
        };
        assert_eq!(shape(&short(0), 90), "(5, 6, 3)");
        assert_eq!(shape(&short(0), 60), "none");
        assert_eq!(shape(&short(3), 90), "(5, 6, 3)");
        assert_eq!(shape(&short(3), 30), "none");
    }

    #[test]
    fn rows_are_padded_where_the_length_says_so() {
        let step =
            |step| RawSpec { loose: Loose { step: Some(step), ..open(5, 6).loose }, ..open(5, 6) };
        let found = |raw: RawSpec, len| (shape(&raw, len), fitted(&raw, len, 1).step);
        assert_eq!(found(step(8), 40), ("(5, 6)".to_string(), Some(8)));
        assert_eq!(found(step(1200), 90), ("(5, 6, 3)".to_string(), None));
        // One channel or three.
        assert_eq!(found(step(20), 100), ("(5, 6)".to_string(), None));
    }

    #[test]
    fn four_bytes_may_be_a_float() {
        let raw = fitted(&open(1, 2), 8, 1);
        let floats = [1.5f32.to_le_bytes(), f32::NAN.to_le_bytes()].concat();
        assert!(may_be_wider(&raw, &floats) && may_be_wider(&raw, &[9, 0, 0, 0, 7, 1, 0, 0]));
        assert!(!may_be_wider(&raw, &[1, 2, 3, 255, 5, 6, 7, 255]));
        let said = RawSpec { dtype: Some(DType::Uint8), ..raw };
        assert!(!may_be_wider(&said, &floats));
    }
}
