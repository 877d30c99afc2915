//! From samples of light and colour to pixels, a row at a time.

use libjpeg_turbo_rs::simd::SimdRoutines;

use super::blocks::Plane;
use super::scan::Scan;
use crate::error::Result;
use crate::limits::zeros;

/// Makes rows of pixels from those of the planes.
pub(super) struct Colors {
    routines: SimdRoutines,
    size: (usize, usize),
    pub(super) ratio: (usize, usize),
    /// A row of each colour as wide as the picture, and what it is made of.
    wide: [Vec<u8>; 2],
    sums: Vec<u16>,
}

impl Colors {
    pub(super) fn new(scan: &Scan<'_>, routines: SimdRoutines) -> Result<Self> {
        let is_gray = scan.components.len() == 1;
        let halved = if is_gray { 0 } else { scan.size.1.div_ceil(2) };
        let sums = zeros::<u16>(halved)?;
        let wide = [zeros(2 * halved)?, zeros(2 * halved)?];
        Ok(Self { routines, size: scan.size, ratio: scan.ratio, wide, sums })
    }

    /// Row `y` of the picture, of which row `first` is the first of the row of blocks.
    pub(super) fn row(&mut self, planes: &[Plane], y: usize, first: usize, out: &mut [u8]) {
        let (height, width) = self.size;
        let [light, colors @ ..] = planes else { return };
        let light = light.row(y, first);
        if colors.is_empty() {
            out.copy_from_slice(&light[..width]);
            return;
        }
        let count = width.div_ceil(self.ratio.1);
        let near = y / self.ratio.0;
        let far = match y % 2 {
            0 => near.saturating_sub(1),
            _ => (near + 1).min(height.div_ceil(2) - 1),
        };
        let first = first / self.ratio.0;
        let [blue, red] = &mut self.wide;
        for (plane, wide) in colors.iter().zip([&mut *blue, &mut *red]) {
            let row = &plane.row(near, first)[..count];
            match self.ratio {
                (_, 1) => wide[..count].copy_from_slice(row),
                (1, _) => self.routines.fancy_upsample_h2v1(row, count, wide),
                _ => widen(row, &plane.row(far, first)[..count], &mut self.sums, wide),
            }
        }
        self.routines.ycbcr_to_rgb_row(light, blue, red, out, width);
    }
}

/// A row of twice the width from the two rows of colour that are nearest to it: libjpeg's `h2v2_fancy_upsample`.
/// `out` has twice as many samples as `near`, which has at least three; the others as many.
fn widen(near: &[u8], far: &[u8], sums: &mut [u16], out: &mut [u8]) {
    for ((sum, &near), &far) in sums.iter_mut().zip(near).zip(far) {
        *sum = u16::from(near) * 3 + u16::from(far);
    }
    let last = sums.len() - 1;
    let pairs = out.as_chunks_mut::<2>().0;
    let inner = sums.iter().zip(&sums[1..]).zip(&sums[2..]);
    for (pair, ((before, sum), after)) in pairs[1..last].iter_mut().zip(inner) {
        *pair = [((sum * 3 + before + 8) >> 4) as u8, ((sum * 3 + after + 7) >> 4) as u8];
    }
    pairs[0] = [((sums[0] * 4 + 8) >> 4) as u8, ((sums[0] * 3 + sums[1] + 7) >> 4) as u8];
    pairs[last] =
        [((sums[last] * 3 + sums[last - 1] + 8) >> 4) as u8, ((sums[last] * 4 + 7) >> 4) as u8];
}
