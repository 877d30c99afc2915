//! What of an image is a picture, and how the steps take it.

use crate::format::{Color, ImageInfo};
use crate::plan::Steps;
use crate::shape::Shape;

/// Height, width and channels, where the shape is that of a picture.
pub(super) fn picture(shape: &Shape) -> Option<(usize, usize, usize)> {
    match shape[..] {
        [height, width] if height * width > 0 => Some((height, width, 1)),
        [height, width, channels] if height * width * channels > 0 => {
            Some((height, width, channels))
        }
        _ => None,
    }
}

/// The color of an array that is not an image file where a mode is asked for, so that it is a picture.
pub(super) fn named(info: &ImageInfo, count: usize) -> Color {
    match (info.color, count) {
        (Color::Samples, 1) => Color::Gray,
        (Color::Samples, 2) => Color::GrayAlpha,
        (color, _) => color,
    }
}

/// Height, width and channels of a picture, and its color as the steps take it.
pub(super) fn shown(steps: &Steps, info: &ImageInfo) -> Option<(usize, usize, usize, Color)> {
    let (height, width, count) = picture(&info.shape)?;
    Some((height, width, count, steps.mode.map_or(info.color, |_| named(info, count))))
}
