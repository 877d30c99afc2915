//! Which part of an image goes where in the wanted size: the arithmetic of `ImageOps.fit`, `pad` and
//! `contain`, with their rounding (Python's: half to even).

use crate::error::{Error, Result};
use crate::options::{Fit, Size};
use crate::plan::Resize;

/// What becomes of an image on its way to a size.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Placement {
    /// Left, top, right, bottom of the part that is taken.
    pub(crate) region: [f32; 4],
    /// Height and width it is resized to; 0 where a side vanishes and all is padding.
    pub(crate) inner: (usize, usize),
    /// Top and left of it in the result.
    pub(crate) at: (usize, usize),
    /// Height and width of the result.
    pub(crate) outer: (usize, usize),
}

/// Height and width of an image of `from` inside `size`, its aspect kept: `ImageOps.contain`.
pub(crate) fn contained((height, width): (usize, usize), size: Size) -> (usize, usize) {
    let (h, w) = (height as f64, width as f64);
    let (image, wanted) = (w / h, size.width as f64 / size.height as f64);
    if image > wanted {
        ((h / w * size.width as f64).round_ties_even() as usize, size.width)
    } else if image < wanted {
        (size.height, (w / h * size.height as f64).round_ties_even() as usize)
    } else {
        (size.height, size.width)
    }
}

/// Whether the aspect of an image is that of `size`, but for the rounding of pixels.
pub(crate) fn same_aspect(from: (usize, usize), size: Size) -> bool {
    contained(from, size) == (size.height, size.width)
}

/// The placement of an image of `from`; without `fit` it is stretched.
pub(crate) fn place(from: (usize, usize), size: Size, fit: Option<Fit>) -> Placement {
    let (height, width) = (from.0 as f64, from.1 as f64);
    let whole = [0.0, 0.0, width as f32, height as f32];
    let outer = (size.height, size.width);
    let plain = Placement { region: whole, inner: outer, at: (0, 0), outer };
    match fit {
        None | Some(Fit::Stretch) => plain,
        Some(Fit::Crop) => {
            let (image, wanted) = (width / height, size.width as f64 / size.height as f64);
            let (crop_width, crop_height) = if image == wanted {
                (width, height)
            } else if image >= wanted {
                (wanted * height, height)
            } else {
                (width, width / wanted)
            };
            let (left, top) = ((width - crop_width) * 0.5, (height - crop_height) * 0.5);
            let region = [left, top, left + crop_width, top + crop_height];
            Placement { region: region.map(|v| v as f32), ..plain }
        }
        Some(Fit::Pad) => {
            let inner = contained(from, size);
            let middle = |room: usize| (room as f64 * 0.5).round_ties_even() as usize;
            let at = if inner.1 == size.width {
                (middle(size.height - inner.0), 0)
            } else {
                (0, middle(size.width - inner.1))
            };
            Placement { inner, at, ..plain }
        }
        Some(Fit::Contain) => {
            let inner = contained(from, size);
            Placement { inner, outer: inner, ..plain }
        }
    }
}

/// Where a resize puts a picture; kind `shape` where the aspect differs and nothing says how, or nothing is left.
pub(super) fn place_in(resize: &Resize, height: usize, width: usize) -> Result<Placement> {
    if resize.fit.is_none() && !same_aspect((height, width), resize.size) {
        return Err(Error::shape(format!(
            "an image of {height},{width} differs in aspect from size {}; pass fit stretch, crop or pad",
            resize.size
        )));
    }
    let placement = place((height, width), resize.size, resize.fit);
    // Pillow gives an image without pixels.
    match placement.outer {
        (0, _) | (_, 0) => Err(Error::shape(format!(
            "nothing is left of an image of {height},{width} contained in {}",
            resize.size
        ))),
        _ => Ok(placement),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SQUARE: Size = Size { height: 224, width: 224 };

    #[test]
    fn the_aspect_is_kept_in_whole_pixels() {
        assert_eq!(contained((1500, 2000), SQUARE), (168, 224));
        assert_eq!(contained((700, 1), Size { height: 10, width: 10 }), (10, 0));
        assert!(same_aspect((1500, 2000), Size { height: 200, width: 267 }));
        assert!(!same_aspect((1500, 2000), SQUARE));
        // round(2.5) is 2 in Python.
        assert_eq!(contained((10, 4), Size { height: 5, width: 5 }).1, 2);
        assert_eq!(contained((4, 2), Size { height: 5, width: 5 }).1, 2);
    }

    #[test]
    fn crops_are_fractions_of_pixels() {
        let p = place((1500, 2000), SQUARE, Some(Fit::Crop));
        assert_eq!(p.region, [250.0, 0.0, 1750.0, 1500.0]);
        let p = place((3, 2), Size { height: 4, width: 3 }, Some(Fit::Crop));
        assert_eq!(p.region[1..], [0.166_666_67, 2.0, 2.833_333_3]);
    }

    #[test]
    fn padding_is_even_on_both_sides() {
        let p = place((1500, 2000), SQUARE, Some(Fit::Pad));
        assert_eq!((p.inner, p.at, p.outer), ((168, 224), (28, 0), (224, 224)));
    }
}
