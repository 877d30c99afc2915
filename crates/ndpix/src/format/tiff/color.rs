//! From stored samples to the pixels that ndpix gives: palettes, bilevel, ink, YCbCr.
//!
//! One row at a time, from unpacked samples. The arithmetic is that of Pillow (CMYK) and libtiff
//! (YCbCr, colour maps), so that the same file gives the same numbers.

use super::directory::{Directory, tag};
use crate::error::{Error, Result};

/// What happens to the samples of a pixel.
pub(super) enum Convert {
    /// They are given as stored.
    None,
    /// Samples of at most 8 bits become `table[sample]`, the first of every `step`.
    Map { table: Box<[u8; 256]>, step: usize },
    /// An index becomes three samples; an alpha sample after it stays.
    Palette { map: Box<[[u8; 3]; 256]>, alpha: bool },
    /// Four 8-bit inks become RGB.
    Cmyk,
    /// 8-bit luma and chroma become RGB.
    YCbCr(Box<YCbCr>),
}

impl Convert {
    /// Samples of `bits` bits stretched to 0 to 255, each one or (`first` of `step`) the first.
    pub(super) fn stretch(bits: usize, invert: bool, step: usize) -> Self {
        let top = (1usize << bits) - 1;
        let table = std::array::from_fn(|v| {
            let v = (v & top) * 255 / top;
            (if invert { 255 - v } else { v }) as u8
        });
        Self::Map { table: Box::new(table), step }
    }

    /// The colour map of a palette picture of `bits` bits.
    pub(super) fn palette(directory: &Directory<'_>, bits: usize, alpha: bool) -> Result<Self> {
        let field = directory.field(tag::COLOR_MAP)?;
        let field = field.ok_or_else(|| Error::image("palette TIFF without a colour map"))?;
        let size = 1 << bits;
        // Entries have 16 bits, but some writers stored 8 (libtiff's rule to find them out).
        let wide = (0..3 * size).any(|i| field.get(i).is_some_and(|v| v > 255));
        let mut map = Box::new([[0; 3]; 256]);
        for (i, color) in map.iter_mut().take(size).enumerate() {
            for (plane, value) in color.iter_mut().enumerate() {
                let stored = field.get(plane * size + i);
                let stored =
                    stored.ok_or_else(|| Error::image("the colour map of the TIFF is cut"))?;
                *value = (if wide { stored >> 8 } else { stored }) as u8;
            }
        }
        Ok(Self::Palette { map, alpha })
    }

    /// Makes the first channel of every colour of a palette its index.
    pub(super) fn keep_indices(&mut self) {
        if let Self::Palette { map, .. } = self {
            for (index, color) in map.iter_mut().enumerate() {
                color[0] = index as u8;
            }
        }
    }

    /// Converts one row.
    pub(super) fn row(&self, from: &[u8], to: &mut [u8]) {
        match self {
            Self::None => to.copy_from_slice(from),
            Self::Map { table, step } => {
                to.copy_from_slice(from);
                for value in to.iter_mut().step_by(*step) {
                    *value = table[usize::from(*value)];
                }
            }
            Self::Palette { map, alpha: false } => {
                for (to, &index) in to.as_chunks_mut::<3>().0.iter_mut().zip(from) {
                    *to = map[usize::from(index)];
                }
            }
            Self::Palette { map, alpha: true } => {
                for (to, &[i, alpha]) in
                    to.as_chunks_mut::<4>().0.iter_mut().zip(from.as_chunks().0)
                {
                    let [r, g, b] = map[usize::from(i)];
                    *to = [r, g, b, alpha];
                }
            }
            Self::Cmyk => {
                for (to, &[c, m, y, k]) in
                    to.as_chunks_mut::<3>().0.iter_mut().zip(from.as_chunks().0)
                {
                    *to = [c, m, y].map(|ink| without(ink, 255 - k));
                }
            }
            Self::YCbCr(table) => {
                for (to, &from) in to.as_chunks_mut::<3>().0.iter_mut().zip(from.as_chunks().0) {
                    *to = table.rgb(from);
                }
            }
        }
    }
}

/// `light` less the share that `ink` takes: (255 - ink) * light / 255 with Pillow's rounding.
fn without(ink: u8, light: u8) -> u8 {
    let product = u32::from(ink) * u32::from(light) + 128;
    light.saturating_sub(((product + (product >> 8)) >> 8) as u8)
}

/// Half a unit of 16 fractional bits.
const HALF: i32 = 1 << 15;

/// Tables from luma and chroma to RGB, 16 fractional bits for green.
pub(super) struct YCbCr {
    luma: [i32; 256],
    cr_red: [i32; 256],
    cb_blue: [i32; 256],
    cr_green: [i32; 256],
    cb_green: [i32; 256],
}

impl YCbCr {
    /// The tables for the coefficients and the reference levels of the file.
    pub(super) fn new(directory: &Directory<'_>) -> Result<Self> {
        let read = |tag, defaults: &[f64]| -> Result<Vec<f64>> {
            let field = directory.field(tag)?;
            let value = |(i, &default)| match &field {
                None => Ok(default),
                Some(f) => f
                    .real(i)
                    .ok_or_else(|| Error::image("the YCbCr fields of the TIFF are damaged")),
            };
            defaults.iter().enumerate().map(value).collect()
        };
        let luma = read(tag::YCBCR_COEFFICIENTS, &[0.299, 0.587, 0.114])?;
        let levels = read(tag::REFERENCE_BLACK_WHITE, &[0.0, 255.0, 128.0, 255.0, 128.0, 255.0])?;
        if luma[1] == 0.0 {
            return Err(Error::image("the YCbCr fields of the TIFF are damaged"));
        }
        let fixed = |x: f64| (x.clamp(0.0, 2.0) * 65536.0 + 0.5) as i32;
        let (red, blue) = (2.0 - 2.0 * luma[0], 2.0 - 2.0 * luma[2]);
        let code = |value: f64, at: usize, middle: f64, range: f64| {
            let (black, white) = (levels[at] - middle, levels[at + 1] - middle);
            let span = if white == black { 1.0 } else { white - black };
            ((value - middle - black.trunc()) * range / span).clamp(-4096.0, 4096.0) as i32
        };
        let table = |at, middle, range| -> [i32; 256] {
            std::array::from_fn(|i| code(i as f64, at, middle, range))
        };
        let (cb, cr) = (table(2, 128.0, 127.0), table(4, 128.0, 127.0));
        let (from_red, from_blue) = (fixed(red), fixed(blue));
        let green = [luma[0] * red, luma[2] * blue].map(|x| fixed(x / luma[1]));
        Ok(Self {
            luma: table(0, 0.0, 255.0),
            cr_red: cr.map(|v| (from_red * v + HALF) >> 16),
            cb_blue: cb.map(|v| (from_blue * v + HALF) >> 16),
            cr_green: cr.map(|v| -green[0] * v),
            cb_green: cb.map(|v| -green[1] * v + HALF),
        })
    }

    fn rgb(&self, [y, cb, cr]: [u8; 3]) -> [u8; 3] {
        let [y, cb, cr] = [y, cb, cr].map(usize::from);
        let luma = self.luma[y];
        let green = (self.cb_green[cb] + self.cr_green[cr]) >> 16;
        [luma + self.cr_red[cr], luma + green, luma + self.cb_blue[cb]]
            .map(|v| v.clamp(0, 255) as u8)
    }
}

/// Spreads the blocks of a piece with shared chroma to three samples a pixel. `block` is the
/// pixels that share, across and down; `from` holds whole blocks.
pub(super) fn unshare(
    from: &[u8],
    width: usize,
    rows: usize,
    block: (usize, usize),
    to: &mut Vec<u8>,
) {
    let (across, down) = block;
    to.clear();
    to.resize(width * rows * 3, 0);
    let per_row = width.div_ceil(across);
    for (i, data) in from.chunks_exact(across * down + 2).enumerate() {
        let (left, top) = (i % per_row * across, i / per_row * down);
        let chroma = [data[across * down], data[across * down + 1]];
        for (j, &luma) in data[..across * down].iter().enumerate() {
            let (x, y) = (left + j % across, top + j / across);
            if x < width && y < rows {
                to[(y * width + x) * 3..][..3].copy_from_slice(&[luma, chroma[0], chroma[1]]);
            }
        }
    }
}
