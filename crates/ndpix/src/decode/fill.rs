//! The pixels of an opened image into its slot: straight from the codec where nothing is to be done,
//! else through the steps of the plan; frame by frame where all are asked for, or a later one of an
//! animation, whose frames build on each other.

use super::band::Band;
use super::{Found, Opened, PixelBuffer, guarded, ragged};
use crate::dtype::{DType, Depth};
use crate::error::{Error, Result};
use crate::format::{self, Color, ImageFormat, ImageInfo};
use crate::limits;
use crate::options::Frames;
use crate::pixels;
use crate::pixels::narrow::Narrow;
use crate::plan::Target;
use crate::shape::Shape;

impl Band<'_> {
    /// Decodes the image that was last opened after the used part of `buffer`.
    pub(super) fn fill(&mut self, opened: &Opened, buffer: &mut PixelBuffer) -> Result<Found> {
        let mut found = opened.found;
        found.info = opened.info();
        match self.plan.target {
            Target::Measure { .. } => return Ok(found),
            Target::Encoded => {
                let mut sheet = std::mem::take(&mut self.sheet);
                let len = opened.image.bytes(opened.dtype)?;
                self.frames(opened, limits::room(&mut sheet, len)?)?;
                self.sheet = sheet;
                let file = &self.scratch.bytes;
                buffer.slot(file.len())?.copy_from_slice(file);
                buffer.keep(file.len());
                found.info.shape = opened.shape;
            }
            Target::Pad { pad_value, .. } => {
                let mut sheet = std::mem::take(&mut self.sheet);
                let len = opened.image.bytes(opened.dtype)?;
                self.frames(opened, limits::room(&mut sheet, len)?)?;
                let row = buffer.slot(opened.shape.bytes(opened.dtype)?)?;
                ragged::pad(&sheet[..len], opened, pad_value, row)?;
                self.sheet = sheet;
                buffer.keep(opened.shape.bytes(opened.dtype)?);
            }
            Target::Stack { .. } | Target::Each | Target::Flat { .. } => {
                let len = opened.shape.bytes(opened.dtype)?;
                self.frames(opened, buffer.slot(len)?)?;
                buffer.keep(len);
            }
        }
        Ok(found)
    }

    /// Decodes the frames that are asked for into `slot`, which is exactly as long as the image.
    fn frames(&mut self, opened: &Opened, slot: &mut [u8]) -> Result<()> {
        let found = opened.found;
        match self.plan.steps.frames {
            Frames::First => self.picture(opened, &found.info, 0, opened.image, slot)?,
            Frames::All if found.plays() => {
                self.film(opened, 0, Shape::new(&opened.image[1..])?, slot)?;
            }
            Frames::Index(frame) if frame > 0 && found.plays() => {
                self.film(opened, frame, opened.image, slot)?;
            }
            Frames::Index(frame) => {
                self.picture(opened, &found.info, frame, opened.image, slot)?;
            }
            Frames::All => {
                let shape = Shape::new(&opened.image[1..])?;
                match found.format {
                    Some(format) if found.info.frames > 1 => self
                        .with_file(|band, file| band.pages(opened, (format, file), shape, slot))?,
                    _ => self.picture(opened, &found.info, 0, shape, slot)?,
                }
            }
        }
        Ok(())
    }

    /// Does `work` with the bytes of the file, which are not in the scratch buffers meanwhile.
    fn with_file(&mut self, work: impl FnOnce(&mut Self, &[u8]) -> Result<()>) -> Result<()> {
        let file = std::mem::take(&mut self.scratch.bytes);
        let done = work(self, &file);
        self.scratch.bytes = file;
        done
    }

    /// Decodes all pages of a file, which is opened once, into the parts of `slot`, each of which has `shape`.
    /// Refuses one that is not as the first; how numbers become quantities may be said of each.
    fn pages(
        &mut self,
        opened: &Opened,
        (format, file): (ImageFormat, &[u8]),
        shape: Shape,
        slot: &mut [u8],
    ) -> Result<()> {
        let plan = self.plan;
        let (limits, steps) = (&plan.limits, &plan.steps);
        let mut pages = guarded(format, || format::open_pages(format, file, limits))?;
        let parts = slot.chunks_exact_mut(shape.bytes(opened.dtype)?);
        for (page, part) in (0..opened.found.info.frames).zip(parts) {
            let info = guarded(format, || pages.info(page, limits))?;
            check_alike(page, &info, &opened.found.info, steps.rescale)?;
            if let Some((_, narrow)) = opened.narrow(steps, &info, (file, page), limits) {
                self.narrowed(opened, &info, (format, file, page), &narrow, part)?;
                continue;
            }
            let direct = !opened.work && info.shape == shape;
            let mut decode =
                |out: &mut [u8]| guarded(format, || pages.decode(page, &info, limits, out));
            if direct {
                decode(part)?;
            } else {
                decode(limits::room(&mut self.stored, info.bytes()?)?)?;
                self.finish(opened, &info, part)?;
            }
        }
        Ok(())
    }

    /// Decodes the frames of an animation from number `first` on into the parts of `slot`, each of which
    /// has `shape`.
    fn film(&mut self, opened: &Opened, first: u32, shape: Shape, slot: &mut [u8]) -> Result<()> {
        let info = opened.found.info;
        let Some(format) = opened.found.format else { return Ok(()) };
        let (limits, steps) = (&self.plan.limits, &self.plan.steps);
        let bytes = &self.scratch.bytes;
        let mut film = guarded(format, || format::open_film(format, bytes, &info, limits))?;
        let len = info.bytes()?;
        for _ in 0..first {
            guarded(format, || film.draw())?;
        }
        for part in slot.chunks_exact_mut(shape.bytes(opened.dtype)?) {
            guarded(format, || film.draw())?;
            if !opened.work && info.shape == shape {
                film.show(part);
                continue;
            }
            let stored = limits::room(&mut self.stored, len)?;
            film.show(stored);
            if opened.work {
                self.bench.run(steps, &info, None, &mut self.stored, opened.color, part)?
            } else {
                let stored = &self.stored[..len];
                pixels::promote(stored, info.color, opened.color, info.depth(), part);
            }
        }
        Ok(())
    }

    /// Makes of a picture as stored what is asked for.
    fn finish(&mut self, opened: &Opened, info: &ImageInfo, slot: &mut [u8]) -> Result<()> {
        if opened.work {
            let steps = &self.plan.steps;
            return self.bench.run(steps, info, None, &mut self.stored, opened.color, slot);
        }
        let stored = &self.stored[..info.bytes()?];
        pixels::promote(stored, info.color, opened.color, info.depth(), slot);
        Ok(())
    }

    /// Decodes one frame row by row, as [`Narrow`] has it, and does the other steps.
    fn narrowed(
        &mut self,
        opened: &Opened,
        info: &ImageInfo,
        (format, file, frame): (ImageFormat, &[u8], u32),
        narrow: &Narrow,
        slot: &mut [u8],
    ) -> Result<()> {
        let (within, steps) = (&self.plan.limits, &self.plan.steps);
        let (bench, mut done) = (&mut self.bench, 0);
        let stored = limits::room(&mut self.stored, narrow.info.bytes()?)?;
        let mut take = |rows: &[u8]| {
            done += bench.narrow(narrow, rows, (done, stored))?;
            Ok(())
        };
        guarded(format, || format::decode_rows(format, file, frame, info, within, &mut take))?;
        if done != narrow.info.shape[0] {
            return Err(Error::image(format!("the {format} gave {done} rows of its picture")));
        }
        self.bench.run(steps, info, Some(narrow), &mut self.stored, opened.color, slot)
    }

    /// Decodes one frame into `slot`, which has `shape`.
    fn picture(
        &mut self,
        opened: &Opened,
        info: &ImageInfo,
        frame: u32,
        shape: Shape,
        slot: &mut [u8],
    ) -> Result<()> {
        let (limits, steps) = (&self.plan.limits, &self.plan.steps);
        let bytes = &self.scratch.bytes;
        let decode = |format: ImageFormat, out: &mut [u8]| {
            guarded(format, || {
                if steps.indices {
                    format::decode_indices(format, bytes, info, limits, out)
                } else {
                    format::decode_frame(format, bytes, frame, info, limits, out)
                }
            })
        };
        if let Some((format, narrow)) = opened.narrow(steps, info, (bytes, frame), limits) {
            return self.with_file(|band, file| {
                band.narrowed(opened, info, (format, file, frame), &narrow, slot)
            });
        }
        let direct = !opened.work && info.shape == shape;
        match opened.found.format {
            Some(format) if direct => return decode(format, slot),
            Some(format) => decode(format, limits::room(&mut self.stored, info.bytes()?)?)?,
            None if opened.found.drawn && direct => {
                return self.scratch.drawing.draw(&info.shape, slot);
            }
            None if opened.found.drawn => {
                let stored = limits::room(&mut self.stored, info.bytes()?)?;
                self.scratch.drawing.draw(&info.shape, stored)?;
            }
            None if direct => {
                slot.copy_from_slice(bytes);
                return Ok(());
            }
            None => std::mem::swap(&mut self.stored, &mut self.scratch.bytes),
        }
        self.finish(opened, info, slot)
    }
}

/// Refuses a frame that is not as the first.
fn check_alike(frame: u32, info: &ImageInfo, first: &ImageInfo, rescale: bool) -> Result<()> {
    if kind(info, rescale) == kind(first, rescale) {
        return Ok(());
    }
    let (its, others) = differences(info, first, rescale);
    Err(Error::shape(format!("frame {frame} is {its} but the first is {others}")))
}

/// In what frames are alike that make one array; with `rescale` their numbers are quantities in it.
fn kind(info: &ImageInfo, rescale: bool) -> (Shape, Depth, DType, Color, u8, bool) {
    let quantity = if rescale { info.quantities().dtype } else { info.dtype };
    (info.shape, info.depth(), quantity, info.color, info.orientation, info.premultiplied)
}

/// In what two frames differ that are not alike, in words: the one, and the other.
fn differences(one: &ImageInfo, other: &ImageInfo, rescale: bool) -> (String, String) {
    let words = |info: &ImageInfo| {
        let (shape, depth, quantity, color, orientation, premultiplied) = kind(info, rescale);
        let times =
            if premultiplied { "multiplied with alpha" } else { "not multiplied with alpha" };
        [
            format!("{shape} {depth}"),
            if rescale { format!("{quantity} as quantities") } else { String::new() },
            format!("of color {color}"),
            format!("of orientation {orientation}"),
            times.to_string(),
        ]
    };
    let differ = |(one, other): &(String, String)| one != other;
    let (ones, others): (Vec<_>, Vec<_>) =
        words(one).into_iter().zip(words(other)).filter(differ).unzip();
    (ones.join(", "), others.join(", "))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::format::Rescale;

    #[test]
    fn what_differs_is_named() {
        let shape = Shape::image(1, 1, 1);
        let plain = ImageInfo::of(shape, DType::Uint16, Color::Gray);
        let line = Rescale { slope: 2.0, intercept: 5.0, blank: None, dtype: DType::Float64 };
        for (other, rescale, words) in [
            (ImageInfo { rescale: Some(line), ..plain }, true, "float64 as quantities"),
            (ImageInfo { color: Color::Samples, ..plain }, false, "of color samples"),
            (ImageInfo { orientation: 6, ..plain }, false, "of orientation 6"),
            (ImageInfo { premultiplied: true, ..plain }, false, "multiplied with alpha"),
            (ImageInfo { shape: Shape::image(2, 1, 1), ..plain }, false, "(2, 1) uint16"),
            (ImageInfo { bits: 12, ..plain }, false, "(1, 1) uint16 of 12 bits"),
        ] {
            assert_ne!(kind(&other, rescale), kind(&plain, rescale), "{words}");
            let (its, others) = differences(&other, &plain, rescale);
            assert!(its == words && others != words, "{its} but {others}");
        }
        let same = ImageInfo { rescale: Some(line), ..plain };
        assert_eq!(kind(&same, false), kind(&plain, false), "as stored");
    }
}
