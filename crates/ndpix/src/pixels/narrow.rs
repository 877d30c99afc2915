//! Large pictures become narrow row by row, as they are decoded, so that they are never held whole.
//!
//! A resize goes through the rows first and then through the columns, with whole samples between the two (see
//! `resize`). So its first half can be done with rows that come one after another, and gives a picture of
//! the old height and the new width; the steps then go on with that one, and give the same bytes.

use super::color::{self, has_alpha};
use super::fit::{Placement, place_in};
use super::resize::{Job, Resizer};
use super::shown::shown;
use super::{channels, promotes};
use crate::error::Result;
use crate::format::{Color, ImageInfo};
use crate::limits::room;
use crate::options::{Fit, Resample};
use crate::plan::Steps;
use crate::shape::Shape;

/// Pictures of fewer bytes are decoded whole, which is a little faster.
const LARGE: usize = 8 << 20;

/// The first half of a resize, of which more depends on the picture than on the plan.
#[derive(Debug)]
pub(crate) struct Narrow {
    job: Job,
    /// What rows are, and what they are made before they are resized.
    colors: (Color, Color),
    background: Option<[u8; 3]>,
    /// Bytes of a row as it is given, and of one as it becomes.
    lines: (usize, usize),
    /// What the picture then is.
    pub(crate) info: ImageInfo,
    /// Where the resize puts it: of the picture as it was.
    pub(crate) placement: Placement,
}

impl Narrow {
    /// For a large picture whose steps begin with a resize of rows, perhaps after a change of its channels; `color` is
    /// that of the array. Alpha would have to stay multiplied between the two halves.
    pub(crate) fn of(steps: &Steps, info: &ImageInfo, color: Color) -> Option<Self> {
        let resize = steps.resize.filter(|resize| resize.resample != Resample::Nearest)?;
        let turned = steps.transpose && info.orientation != 1;
        let rescaled = steps.rescale && info.rescale.is_some();
        if turned || rescaled || steps.indices || info.bytes().ok()? < LARGE {
            return None;
        }
        let (height, width, stored, colored) = shown(steps, info)?;
        let padded = resize.fit == Some(Fit::Pad) && has_alpha(color) && !has_alpha(colored);
        let made = if padded || !promotes(colored, color) { color } else { colored };
        let count = if made == colored { stored } else { channels(made) };
        if has_alpha(colored) || has_alpha(made) || !color::converts(colored, made, info.dtype) {
            return None;
        }
        let placement = place_in(&resize, height, width).ok()?;
        let job = Job {
            from: (height, width),
            to: placement.inner,
            channels: count,
            dtype: info.dtype,
            bits: info.bits,
            alpha: false,
            region: placement.region,
            filter: resize.resample,
        };
        let narrow = placement.inner.1;
        let (size, shape) = (info.dtype.size(), Shape::image(height, narrow, count));
        job.is_rows_first().then(|| Self {
            job,
            colors: (colored, made),
            background: steps.background,
            lines: (width * stored * size, narrow * count * size),
            info: ImageInfo { shape, color: made, ..*info },
            placement,
        })
    }

    /// Makes some rows narrow: those that follow the first `done` of the picture `out`. Gives how many there were.
    pub(super) fn rows(
        &self,
        resizer: &mut Resizer,
        spare: &mut Vec<u8>,
        rows: &[u8],
        (done, out): (usize, &mut [u8]),
    ) -> Result<usize> {
        let (wide, narrow) = self.lines;
        let count = rows.len() / wide;
        let target = &mut out[done * narrow..][..count * narrow];
        if self.colors.0 == self.colors.1 {
            resizer.narrow(rows, &self.job, target)?;
        } else {
            let (_, width) = self.job.from;
            let len = count * width * self.job.channels * self.job.dtype.size();
            let made = room(spare, len)?;
            let depth = self.info.depth();
            color::convert(rows, self.colors, depth, self.background, made)?;
            resizer.narrow(made, &self.job, target)?;
        }
        Ok(count)
    }
}
