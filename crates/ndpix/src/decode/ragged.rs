//! Images that keep their own height and width: what they become, and how they lie in a row that is larger.

use super::Opened;
use crate::error::{Error, Result};
use crate::format::Color;
use crate::pixels::sample;
use crate::pixels::steps::{self, Outcome};
use crate::pixels::{channels, promotes};
use crate::plan::{Plan, Target};
use crate::shape::Shape;

/// The shape of an image of `outcome`, promoted to `color`, and of the row that it goes into; `own` is
/// its shape as it is. Kind `shape` where the row cannot hold it.
pub(super) fn shapes(
    plan: &Plan,
    outcome: &Outcome,
    frames: u32,
    own: Shape,
    color: Color,
) -> Result<(Shape, Shape)> {
    let image = match outcome.shape[..] {
        [height, width, ..] if outcome.color != color && promotes(outcome.color, color) => {
            let promoted = Shape::image(height, width, channels(color));
            steps::row_shape(promoted, frames, &plan.steps)?
        }
        _ => own,
    };
    if outcome.color != color && image == own {
        return Err(Error::shape(format!(
            "image is {own} with other channels than the array holds; pass mode to bring all images to the same channels"
        )));
    }
    match plan.target {
        Target::Flat { rank, .. } if image.len() != rank => Err(Error::shape(format!(
            "image is {image}, but the array holds images of {rank} axes"
        ))),
        Target::Pad { shape, .. } if !holds(&shape, &image) => Err(Error::shape(format!(
            "image is {image}, which does not fit into rows of {shape}; pass a larger size, or ragged flat"
        ))),
        Target::Pad { shape, .. } => Ok((image, shape)),
        _ => Ok((image, image)),
    }
}

/// Whether an image of shape `image` fits into a row, at its beginning.
fn holds(row: &Shape, image: &Shape) -> bool {
    row.len() == image.len() && row.iter().zip(image.iter()).all(|(most, n)| n <= most)
}

/// Lays an image at the beginning of each axis of its row, and `pad_value` everywhere else.
pub(super) fn pad(pixels: &[u8], opened: &Opened, pad_value: f64, row: &mut [u8]) -> Result<()> {
    let (image, shape) = (opened.image, opened.shape);
    let element = sample::element(pad_value, opened.dtype).ok_or_else(|| {
        Error::options(format!("pad_value {pad_value} does not fit {}", opened.dtype))
    })?;
    if image != shape {
        row.chunks_exact_mut(element.len()).for_each(|e| e.copy_from_slice(&element));
    }
    // The axes after the last that is padded lie together in both.
    let whole = (0..image.len()).rev().take_while(|&i| image[i] == shape[i]).count();
    let outer = image.len().saturating_sub(whole + 1);
    let run = image[outer..].iter().product::<usize>() * element.len();
    if run == 0 {
        return Ok(());
    }
    for (number, line) in pixels.chunks_exact(run).enumerate() {
        let (mut rest, mut at) = (number, 0);
        let mut stride = shape[outer..].iter().product::<usize>() * element.len();
        for axis in (0..outer).rev() {
            at += rest % image[axis] * stride;
            rest /= image[axis];
            stride *= shape[axis];
        }
        row[at..at + run].copy_from_slice(line);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;
    use crate::format::ImageInfo;

    fn padded(image: &[usize], shape: &[usize]) -> Vec<u8> {
        let (image, shape) = (Shape::new(image).expect("axes"), Shape::new(shape).expect("axes"));
        let info = ImageInfo::of(image, DType::Uint8, Color::Samples);
        let opened = Opened {
            found: crate::decode::Found::new(info, None),
            image,
            shape,
            dtype: DType::Uint8,
            bits: 8,
            color: Color::Samples,
            work: false,
            need: 0,
        };
        let pixels: Vec<u8> = (1..=image.iter().product::<usize>() as u8).collect();
        let mut row = vec![77; shape.iter().product()];
        pad(&pixels, &opened, 0.0, &mut row).expect("padded");
        row
    }

    #[test]
    fn images_lie_at_the_beginning_of_every_axis() {
        assert_eq!(padded(&[2, 2], &[3, 3]), [1, 2, 0, 3, 4, 0, 0, 0, 0]);
        assert_eq!(padded(&[1, 2, 2], &[2, 2, 2]), [1, 2, 3, 4, 0, 0, 0, 0]);
        assert_eq!(padded(&[2, 1, 2], &[2, 2, 2]), [1, 2, 0, 0, 3, 4, 0, 0]);
        // Channels first.
        assert_eq!(padded(&[2, 1, 1], &[2, 2, 2]), [1, 0, 0, 0, 2, 0, 0, 0]);
        assert_eq!(padded(&[2, 2], &[2, 2]), [1, 2, 3, 4]);
    }
}
