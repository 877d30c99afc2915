//! Several masks of one record as one image: what one of them draws takes the number that `merge` gives it, over what those
//! before it have drawn.

use super::band::Band;
use super::item::Item;
use super::{Found, guarded};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::format::{self, Color, ImageInfo};
use crate::limits;
use crate::limits::make_room;
use crate::options::Merge;
use crate::paths::Base;
use crate::record::scan::Hits;
use crate::shape::Shape;

/// How often `max_pixels` the masks of a record may have together.
const TIMES: u64 = 16;

impl Band<'_> {
    /// Whether the images of a record become one.
    pub(super) fn merges(&self) -> bool {
        self.plan.merge != Merge::Off
    }

    /// As [`Band::look`] for all masks of a record, which are drawn into the scratch buffer as one. None of them is a mask of
    /// nothing, where it is known how large that is.
    pub(super) fn look_merged(
        &mut self,
        record: &[u8],
        hits: &Hits,
        items: &[Item],
        base: Option<&Base>,
    ) -> Result<Found> {
        let dtype = match self.plan.steps.dtype {
            Some(DType::Uint16) if self.plan.merge != Merge::Any => DType::Uint16,
            _ => DType::Uint8,
        };
        let mut all: Option<(Shape, Vec<u8>)> = None;
        let (mut canvas, mut overlaps) = (std::mem::take(&mut self.canvas), false);
        // A few bytes draw a mask of many pixels, and a record can hold many masks.
        let mut left = self.plan.limits.max_pixels.saturating_mul(TIMES);
        for (number, item) in items.iter().enumerate() {
            let found = self.look(record, hits, item, base)?;
            let ink = self.ink(record, hits, item, number, dtype)?;
            let [height, width] = found.info.shape[..] else {
                return Err(Error::shape(format!(
                    "mask {number} is {}, and masks that are merged have two axes",
                    found.info.shape
                )));
            };
            left = left.checked_sub(height as u64 * width as u64).ok_or_else(|| {
                Error::limit(format!(
                    "its {} masks of {height}x{width} have more than {TIMES} times the pixels of max_pixels; raise it if that is meant",
                    items.len()
                ))
            })?;
            self.draw(&found)?;
            let (shape, canvas) = match &mut all {
                Some(all) => all,
                None => {
                    let shape = Shape::new(&[height, width])?;
                    all.insert((shape, blank(std::mem::take(&mut canvas), &shape, dtype)?))
                }
            };
            if *shape != found.info.shape {
                return Err(Error::shape(format!(
                    "mask {number} is {} and the first is {shape}; masks that are merged have one size",
                    found.info.shape
                )));
            }
            let mask = &self.stored[..found.info.bytes()?];
            overlaps |= lay(mask, found.info.dtype.size(), ink, dtype, canvas);
        }
        let (shape, canvas) = match (all, self.fields.beside) {
            (Some(all), _) => all,
            (None, Some([height, width])) => {
                let shape = Shape::new(&[height, width])?;
                (shape, blank(canvas, &shape, dtype)?)
            }
            (None, None) => return Err(Error::field("it holds no mask")),
        };
        self.canvas = std::mem::replace(&mut self.scratch.bytes, canvas);
        let color = Color::Gray;
        let info = ImageInfo::of(shape, dtype, color);
        Ok(Found { overlaps, ..Found::new(info, None) })
    }

    /// The number that a mask is drawn with.
    fn ink(
        &self,
        record: &[u8],
        hits: &Hits,
        item: &Item,
        number: usize,
        dtype: DType,
    ) -> Result<u16> {
        let most = if dtype == DType::Uint16 { u64::from(u16::MAX) } else { u64::from(u8::MAX) };
        let ink = match self.plan.merge {
            Merge::Off | Merge::Any => 1,
            Merge::Instance => number as u64 + 1,
            Merge::Class => self.class_number(record, hits, item, number)?,
        };
        u16::try_from(ink).ok().filter(|_| ink <= most).ok_or_else(|| {
            Error::limit(format!(
                "mask {number} has the number {ink}, over the {most} of {dtype}{}",
                if dtype == DType::Uint8 { "; pass dtype uint16" } else { "" }
            ))
        })
    }

    /// The pixels of the mask that was looked at last, into the buffer for stored ones.
    fn draw(&mut self, found: &Found) -> Result<()> {
        let (info, limits) = (found.info, &self.plan.limits);
        let stored = limits::room(&mut self.stored, info.bytes()?)?;
        let bytes = &self.scratch.bytes;
        match found.format {
            Some(format) => guarded(format, || match self.plan.steps.indices {
                true => format::decode_indices(format, bytes, &info, limits, stored),
                false => format::decode_frame(format, bytes, 0, &info, limits, stored),
            }),
            None if found.drawn => self.scratch.drawing.draw(&info.shape, stored),
            None => {
                stored.copy_from_slice(&bytes[..stored.len()]);
                Ok(())
            }
        }
    }
}

/// An empty image in this memory.
fn blank(mut memory: Vec<u8>, shape: &Shape, dtype: DType) -> Result<Vec<u8>> {
    let len = shape.bytes(dtype)?;
    memory.clear();
    make_room(&mut memory, len)?;
    memory.resize(len, 0);
    Ok(memory)
}

/// Lays a mask of elements of `size` bytes over the others; whether it covers some of them.
fn lay(mask: &[u8], size: usize, ink: u16, dtype: DType, canvas: &mut [u8]) -> bool {
    let mut overlaps = false;
    let (wide, ink) = (dtype.size(), ink.to_le_bytes());
    if (size, wide) == (1, 1) {
        // Without branches, so that it becomes vector instructions.
        for (element, pixel) in mask.iter().zip(canvas) {
            let covers = *element != 0;
            overlaps |= covers & (*pixel != 0);
            *pixel = if covers { ink[0] } else { *pixel };
        }
        return overlaps;
    }
    for (element, pixel) in mask.chunks_exact(size).zip(canvas.chunks_exact_mut(wide)) {
        if element.iter().any(|byte| *byte != 0) {
            overlaps |= pixel.iter().any(|byte| *byte != 0);
            pixel.copy_from_slice(&ink[..wide]);
        }
    }
    overlaps
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_are_laid_as_wider_elements_are() {
        let masks: [[u8; 37]; 3] = std::array::from_fn(|n| {
            std::array::from_fn(|at| (at * (n + 3) % 5 == 0) as u8 * (at as u8 + 1))
        });
        let all = |size: usize, dtype: DType| {
            let mut canvas = vec![0; 37 * dtype.size()];
            let laid = masks.iter().zip(1..).map(|(mask, ink)| {
                let wide: Vec<u8> = mask.iter().flat_map(|m| vec![*m; size]).collect();
                lay(&wide, size, ink, dtype, &mut canvas)
            });
            let laid: Vec<bool> = laid.collect();
            (laid, canvas.into_iter().step_by(dtype.size()).collect::<Vec<u8>>())
        };
        let narrow = all(1, DType::Uint8);
        assert_eq!(narrow.0, [false, true, true]);
        assert!(narrow == all(2, DType::Uint8) && narrow == all(1, DType::Uint16));
    }
}
