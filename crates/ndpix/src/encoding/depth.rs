//! Depth images as ROS compresses them (`compressedDepth` of image_transport): 12 bytes, and a PNG of 16 bits.
//!
//! Nothing in the bytes says what the numbers are; the `format` of the message does. `16UC1` has them as they are.
//! `32FC1` has the inverse of each distance in steps, by two parameters in the 12 bytes.

use super::{Payload, Pixels, RawSpec};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::format::{self, Color, ImageFormat};
use crate::limits::{Limits, lengthen};

/// What a message says of its numbers.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Depth {
    /// They are the distances.
    Plain,
    /// Their inverse, as the header says.
    Inverse,
}

/// Bytes before the PNG: a number for the kind of compression, and two of 32-bit floats.
const HEAD: usize = 12;
const PNG: &[u8] = b"\x89PNG\r\n\x1A\n";

/// Whether a PNG begins where it does in such messages.
pub(super) fn is_one(bytes: &[u8]) -> bool {
    bytes.get(HEAD..).is_some_and(|rest| rest.starts_with(PNG))
}

/// Replaces the message in `bytes` by its PNG, or by the distances that it stands for; `spare` is overwritten.
pub(super) fn finish(
    given: &RawSpec,
    limits: &Limits,
    bytes: &mut Vec<u8>,
    spare: &mut Vec<u8>,
) -> Result<Payload> {
    if !is_one(bytes) {
        return Err(Error::encoding(format!(
            "expected a PNG after the {HEAD} bytes that compressedDepth puts before it, found {} bytes without one",
            bytes.len()
        )));
    }
    let Some(depth) = given.depth else {
        return Err(Error::field(
            "nothing beside it says what its numbers are; a message has a format such as \"16UC1; compressedDepth png\"",
        ));
    };
    let head: Vec<u8> = bytes.drain(..HEAD).collect();
    if depth == Depth::Plain {
        return Ok(Payload::File);
    }
    let float = |at: usize| head[at..].first_chunk().map_or(0.0, |four| f32::from_le_bytes(*four));
    let (kind, a, b) = (&head[..4], float(4), float(8));
    if kind != [0; 4] || !(a > 0.0 && a.is_finite() && b.is_finite()) {
        return Err(Error::encoding(format!(
            "the header of compressedDepth says kind {kind:?} with parameters {a} and {b}, which is no inverse depth"
        )));
    }
    let info = format::info(ImageFormat::Png, bytes, limits)?;
    if (info.dtype, info.color, info.shape.len()) != (DType::Uint16, Color::Gray, 2) {
        return Err(Error::encoding(format!(
            "expected a gray PNG of 16 bits in compressedDepth, found {} {}",
            info.shape, info.dtype
        )));
    }
    spare.clear();
    lengthen(spare, info.bytes()?)?;
    format::decode(ImageFormat::Png, bytes, &info, limits, spare)?;
    bytes.clear();
    let pixels = Pixels { shape: info.shape, dtype: DType::Float32 };
    lengthen(bytes, pixels.shape.bytes(pixels.dtype)?)?;
    let steps = spare.as_chunks::<2>().0.iter().map(|two| u16::from_le_bytes(*two));
    for (out, step) in bytes.as_chunks_mut::<4>().0.iter_mut().zip(steps) {
        // As image_transport has it: 0 is where nothing was measured.
        let distance = if step == 0 { f32::NAN } else { a / (f32::from(step) - b) };
        *out = distance.to_le_bytes();
    }
    Ok(Payload::Pixels(pixels))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::encoding::base64;

    /// A gray PNG of 16 bits: 0, 1, 300, 65535.
    const DEEP: &str = "iVBORw0KGgoAAAANSUhEUgAAAAIAAAACEAAAAAAHTY67AAAAEklEQVR4nGNgYGBgZGDU+f8fAAOVAi21iXK2AAAAAElFTkSuQmCC";

    fn message(kind: i32, a: f32, b: f32) -> Vec<u8> {
        let mut bytes = [kind.to_le_bytes(), a.to_le_bytes(), b.to_le_bytes()].concat();
        let mut png = Vec::new();
        base64::decode(DEEP.as_bytes(), &mut png).expect("base64");
        bytes.extend(png);
        bytes
    }

    fn read(depth: Option<Depth>, mut bytes: Vec<u8>) -> Result<(Payload, Vec<u8>)> {
        let given = RawSpec { depth, ..RawSpec::default() };
        let payload = finish(&given, &Limits::default(), &mut bytes, &mut Vec::new())?;
        Ok((payload, bytes))
    }

    #[test]
    fn what_the_format_says() {
        let (payload, bytes) = read(Some(Depth::Plain), message(7, f32::NAN, 0.0)).expect("a PNG");
        assert!(payload == Payload::File && bytes.starts_with(PNG));
        let (payload, bytes) =
            read(Some(Depth::Inverse), message(0, 10100.0, -1009.0)).expect("distances");
        let Payload::Pixels(pixels) = payload else { panic!("pixels") };
        assert_eq!((&*pixels.shape, pixels.dtype), (&[2, 2][..], DType::Float32));
        let found: Vec<f32> =
            bytes.as_chunks::<4>().0.iter().map(|four| f32::from_le_bytes(*four)).collect();
        assert!(found[0].is_nan());
        assert_eq!(found[1..], [10100.0 / 1010.0, 10100.0 / 1309.0, 10100.0 / 66544.0]);
    }

    #[test]
    fn what_is_no_such_message() {
        for (depth, bytes) in [
            (None, message(0, 1.0, 0.0)),
            (Some(Depth::Plain), PNG.to_vec()),
            (Some(Depth::Plain), Vec::new()),
            (Some(Depth::Inverse), message(1, 1.0, 0.0)),
            (Some(Depth::Inverse), message(0, 0.0, 0.0)),
            (Some(Depth::Inverse), message(0, f32::NAN, 0.0)),
            (Some(Depth::Inverse), message(0, 1.0, 0.0)[..40].to_vec()),
        ] {
            assert!(read(depth, bytes).is_err(), "{depth:?}");
        }
    }
}
