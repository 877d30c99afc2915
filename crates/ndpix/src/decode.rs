//! One record through record, encoding, format and pixels: the same code for every mode and door.
//!
//! [`Decoder::find`] validates a record and notes its images; [`Decoder::open`] takes one of them to
//! its payload, and [`Decoder::fill`] decodes it after what the caller already has in its pixel
//! buffer; between the two the caller can wait for memory. A decoder belongs to one thread; its
//! buffers are reused from record to record. A panic inside a codec becomes a rejected image.

mod alternatives;
mod arrays;
mod band;
mod bands;
mod buffer;
pub(crate) mod classes;
pub(crate) mod columns;
mod fill;
mod find;
mod item;
mod merged;
mod ragged;
mod raw;

use std::panic::{AssertUnwindSafe, catch_unwind};
use std::sync::atomic::AtomicBool;

use crate::dtype::DType;
use crate::encoding::Encoding;
use crate::error::{Error, ErrorKind, Result};
use crate::format::{self, Color, ImageFormat, ImageInfo};
use crate::limits::Limits;
use crate::options::{Merge, Options};
use crate::paths::Base;
use crate::pixels::narrow::Narrow;
use crate::plan::{Plan, Steps};
use crate::record::value::{self, Kind};
use crate::shape::Shape;

use arrays::Beside;
use band::Band;
use bands::Together;
pub(crate) use buffer::PixelBuffer;
pub(crate) use columns::{Hole, Kept};
use find::Finder;
pub(crate) use raw::{RawFields, Stand};

/// What was found where an image was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) info: ImageInfo,
    /// Its shape as it is stored, also where `info` says what became of it.
    pub(crate) stored: Shape,
    /// `None` where the value held pixels and no image file.
    pub(crate) format: Option<ImageFormat>,
    /// Whether its pixels are still to be drawn.
    pub(crate) drawn: bool,
    /// Whether it is merged of masks of which one covers another.
    pub(crate) overlaps: bool,
}

impl Found {
    pub(crate) fn new(info: ImageInfo, format: Option<ImageFormat>) -> Self {
        Self { info, stored: info.shape, format, drawn: false, overlaps: false }
    }

    /// Whether it has several frames that build on each other.
    fn plays(&self) -> bool {
        self.info.frames > 1 && self.format.is_some_and(format::plays)
    }
}

/// An image whose payload is at hand and fits the plan.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Opened {
    found: Found,
    /// Of the image, and of the row that it goes into.
    image: Shape,
    shape: Shape,
    dtype: DType,
    bits: u8,
    color: Color,
    /// Whether the plan has steps for its pixels.
    work: bool,
    /// The bytes it takes until it is committed: text, payload, pixels, scratch of the codec.
    pub(crate) need: u64,
}

impl Opened {
    /// What it will be when it is decoded.
    pub(crate) fn info(&self) -> ImageInfo {
        let (shape, dtype, bits) = (self.image, self.dtype, self.bits);
        ImageInfo { shape, dtype, bits, ..self.found.info }
    }

    /// The first half of its resize, where that can be done as its rows are decoded: those of a page or of the
    /// first frame of the file in `bytes`.
    fn narrow(
        &self,
        steps: &Steps,
        info: &ImageInfo,
        (bytes, frame): (&[u8], u32),
        limits: &Limits,
    ) -> Option<(ImageFormat, Narrow)> {
        let format = self.found.format.filter(|_| self.work)?;
        let narrow = Narrow::of(steps, info, self.color)?;
        format::gives_rows(format, bytes, frame, limits).then_some((format, narrow))
    }

    /// What it is, as it is stored.
    pub(crate) fn found(&self) -> &Found {
        &self.found
    }
}

/// Decodes records by a plan.
pub(crate) struct Decoder<'p> {
    plan: &'p Plan,
    finder: Finder,
    /// The field of the plan, or those that become one image; then those of further arrays.
    bands: Vec<Band<'p>>,
    together: Together,
    beside: Beside,
}

impl<'p> Decoder<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Result<Self> {
        let mut finder = Finder::default();
        let mut bands = if plan.bands.is_empty() {
            vec![Band::new(plan, &mut finder)?]
        } else {
            plan.bands.iter().map(|band| Band::new(band, &mut finder)).collect::<Result<_>>()?
        };
        let beside = Beside::new(bands.len());
        for array in &plan.arrays {
            bands.push(Band::new(&array.plan, &mut finder)?);
        }
        finder.ask_columns(plan)?;
        Ok(Self { plan, finder, bands, together: Together::default(), beside })
    }

    /// Validates the record and gives the number of its images; 0 is a record without image. Of several
    /// bands it is 1 when any is there.
    ///
    /// A list of numbers is not gone through twice: [`Decoder::probe`] validates it, and gives an
    /// error of kind `json` where the record is not JSON.
    pub(crate) fn find(&mut self, record: &[u8]) -> Result<usize> {
        self.finder.find(record, self.plan)?;
        Ok(self.images())
    }

    /// The number of images of the record that was last found.
    fn images(&self) -> usize {
        let found: usize = self.finder.items[..self.leading()].iter().map(Vec::len).sum();
        if self.is_one() { found.min(1) } else { found }
    }

    /// Whether all images of a record become one.
    fn is_one(&self) -> bool {
        !self.plan.bands.is_empty() || self.plan.merge != Merge::Off
    }

    /// Waits for images behind addresses no longer once one of these is set: then they are errors.
    pub(crate) fn heed(&mut self, ends: [&'p AtomicBool; 2]) {
        self.bands.iter_mut().for_each(|band| band.heed(ends));
    }

    /// Asks for the images behind addresses in these records, ahead of their turn; what was asked for before is
    /// not wanted any more. Nothing where the plan fetches none.
    pub(crate) fn look_ahead<'r>(&mut self, records: impl Iterator<Item = &'r [u8]>) {
        if !self.plan.paths.rules.fetches() {
            return;
        }
        let mut values: Vec<Vec<(usize, &'r [u8])>> = vec![Vec::new(); self.bands.len()];
        for record in records {
            if self.finder.find(record, self.plan).is_err() {
                continue;
            }
            for (values, items) in values.iter_mut().zip(&self.finder.items) {
                values.extend(items.iter().map(|item| (item.place, &record[item.start..item.end])));
            }
        }
        for (band, values) in self.bands.iter_mut().zip(values) {
            band.look_ahead(values.into_iter());
        }
    }

    /// Where the images of the record that was last found stand, in order: start and end of each value; then those of
    /// further arrays.
    pub(crate) fn spans(&self) -> impl Iterator<Item = (usize, usize)> + '_ {
        self.finder.items.iter().flatten().map(|item| (item.start, item.end))
    }

    /// How many strings that record holds, but for keys.
    pub(crate) fn strings(&self) -> usize {
        self.finder.hits.strings()
    }

    /// How image `item` of the record that was last found is held, if it is recognised.
    pub(crate) fn classify(&mut self, record: &[u8], item: usize) -> Option<Encoding> {
        self.bands[0].classify(record, &self.finder.hits, &self.finder.items[0][item])
    }

    /// Whether an image was wrapped as bytes or a path.
    pub(crate) fn is_either(&self, item: usize) -> bool {
        self.finder.items[0].get(item).is_some_and(|item| item.either)
    }

    /// The characters of the value of an image, if it is a string.
    pub(crate) fn text(&self, record: &[u8], item: usize) -> Option<String> {
        let item = self.finder.items[0].get(item)?;
        let value = &record[item.start..item.end];
        let value = (value::kind(value) == Kind::String).then_some(value)?;
        String::from_utf8(value::unescape(value, &mut Vec::new()).to_vec()).ok()
    }

    /// The payload of the image that was last probed.
    pub(crate) fn payload(&self) -> &[u8] {
        self.bands[0].payload()
    }

    /// From the value to its payload: what image `item` of the record that was last found is, that it
    /// fits the plan, and what decoding it will take. [`Decoder::fill`] then decodes it.
    pub(crate) fn open(
        &mut self,
        record: &[u8],
        item: usize,
        base: Option<&Base>,
    ) -> Result<Opened> {
        if !self.plan.bands.is_empty() {
            return self.open_together(record, base);
        }
        let found = self.probe(record, item, base)?;
        let mut opened = self.bands[0].open(record, found)?;
        if !self.plan.arrays.is_empty() {
            opened.need += self.open_arrays(record, (item, &found), base)?;
            self.plan.limits.check_memory(opened.need)?;
        }
        Ok(opened)
    }

    /// Decodes the image that was last opened after the used part of `buffer`, and after it those of further arrays.
    pub(crate) fn fill(&mut self, opened: &Opened, buffer: &mut PixelBuffer) -> Result<Found> {
        if !self.plan.bands.is_empty() {
            return self.fill_together(opened, buffer);
        }
        let before = buffer.used().len();
        let mut found = self.bands[0].fill(opened, buffer)?;
        found.overlaps |= self.fill_arrays(buffer).inspect_err(|_| buffer.give_up(before))?;
        Ok(found)
    }

    /// From the value of image `item` of the record that was last found to its payload in the scratch
    /// buffer, and what that says of itself: headers only for image files.
    pub(crate) fn probe(
        &mut self,
        record: &[u8],
        item: usize,
        base: Option<&Base>,
    ) -> Result<Found> {
        self.probe_band(0, record, item, base)
    }

    fn probe_band(
        &mut self,
        band: usize,
        record: &[u8],
        item: usize,
        base: Option<&Base>,
    ) -> Result<Found> {
        let (items, hits) = (&self.finder.items[band], &self.finder.hits);
        let found = match self.bands[band].merges() {
            true => self.bands[band].look_merged(record, hits, items, base),
            false => self.bands[band].look(record, hits, &items[item], base),
        };
        if found.is_err() {
            self.finder.check(record)?;
        }
        found
    }

    /// Whether one of the images that were looked at was the plane of a mosaic.
    pub(crate) fn saw_mosaic(&self) -> bool {
        self.bands.iter().any(|band| band.mosaic)
    }

    /// Gives scratch memory back where it is more than `keep` bytes.
    pub(crate) fn shrink(&mut self, keep: usize) {
        self.together.shrink(keep);
        self.bands.iter_mut().for_each(|band| band.shrink(keep));
    }
}

/// Refuses an image that is not of the shape and dtype that the options ask for.
pub(crate) fn fit(options: &Options, info: &ImageInfo) -> Result<()> {
    let shape = options.shape.unwrap_or(info.shape);
    let dtype = options.dtype.unwrap_or(info.dtype);
    if (info.shape, info.dtype) == (shape, dtype) {
        return Ok(());
    }
    let (is, is_dtype) = (info.shape, info.dtype);
    Err(Error::shape(format!("image is {is} {is_dtype}, but {shape} {dtype} is asked for")))
}

/// Runs a codec; a panic in it is a damaged image, not the end of the run. What it does not read it names, and
/// where it does not say what to do (after a semicolon) that is the same for all.
pub(crate) fn guarded<T>(format: ImageFormat, codec: impl FnOnce() -> Result<T>) -> Result<T> {
    let failed = |_| Err(Error::image(format!("the {format} decoder failed on this image")));
    catch_unwind(AssertUnwindSafe(codec)).unwrap_or_else(failed).map_err(|error| {
        let told = error.message().contains("; ");
        match error.kind() == ErrorKind::Unsupported && !told {
            true => Error::unsupported(format!(
                "{}, which ndpix does not read; convert it to PNG, or to TIFF without compression, with a program that does",
                error.message()
            )),
            false => error,
        }
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_a_codec_does_not_read_comes_with_what_to_do() {
        let said = |message: &str| {
            let error = guarded::<()>(ImageFormat::Png, || Err(Error::unsupported(message)));
            error.expect_err("refused").message().to_string()
        };
        let wanted = "PNG of ink, which ndpix does not read; convert it to PNG, or to TIFF without compression, with a program that does";
        assert_eq!(said("PNG of ink"), wanted);
        assert_eq!(said(wanted), wanted, "it is said once");
        let own = "EXR of several layers; pass frames index:0";
        assert_eq!(said(own), own, "it has a remedy of its own");
    }
}
