//! One record through record, encoding, format and pixels: the same code for every mode and door.
//!
//! [`Decoder::find`] validates a record and notes its images; [`Decoder::open`] takes one of them to
//! its payload, and [`Decoder::fill`] decodes it behind what the caller already has in its pixel
//! buffer; between the two the caller can wait for memory. A decoder belongs to one thread; its
//! buffers are reused from record to record. A panic inside a codec becomes a rejected image.

mod bands;
mod buffer;
pub(crate) mod columns;
mod fill;
mod ragged;
mod raw;

use std::panic::{AssertUnwindSafe, catch_unwind};

use crate::dtype::DType;
use crate::encoding::{self, Encoding, Payload, RawSpec, Scratch};
use crate::error::{Error, Result, quote};
use crate::format::{self, Color, ImageFormat, ImageInfo};
use crate::options::{Frames, Options};
use crate::paths::Base;
use crate::pixels;
use crate::pixels::steps::{self, Bench, Outcome};
use crate::plan::{Plan, Steps, Target};
use crate::record::scan::{Hit, Query, scan, scan_around};
use crate::record::value::{self, Kind};
use crate::shape::Shape;
use crate::source::reference::Opener;

use bands::Bands;
pub(crate) use buffer::PixelBuffer;
pub(crate) use columns::{Hole, Kept};
use raw::RawFields;

/// What was found where an image was looked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Found {
    pub(crate) info: ImageInfo,
    /// `None` where the value held pixels and no image file.
    pub(crate) format: Option<ImageFormat>,
}

impl Found {
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
    color: Color,
    /// Whether the plan has steps for its pixels.
    work: bool,
    /// The bytes it takes until it is committed: text, payload, pixels, scratch of the codec.
    pub(crate) need: u64,
}

/// Decodes records by a plan.
pub(crate) struct Decoder<'p> {
    plan: &'p Plan,
    query: Query,
    fields: RawFields,
    /// The kept fields, by their numbers in the query.
    columns: Vec<u8>,
    hits: Vec<Hit>,
    items: Vec<(usize, usize, usize)>,
    scratch: Scratch,
    opener: Opener<'p>,
    stored: Vec<u8>,
    /// The pixels of an image that is smaller than its row.
    sheet: Vec<u8>,
    /// The list of numbers that was found is not validated yet.
    unchecked: bool,
    bench: Bench,
    /// Where several fields are one image; then nothing else here is used.
    bands: Option<Box<Bands<'p>>>,
}

impl<'p> Decoder<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Result<Self> {
        let mut query = Query::default();
        query.add(plan.field.clone())?;
        let fields = RawFields::ask(plan, &mut query)?;
        let kept = plan.columns.iter().map(|column| query.add(column.field.clone()));
        let columns = kept.collect::<Result<_>>()?;
        Ok(Self {
            plan,
            query,
            fields,
            columns,
            hits: Vec::new(),
            items: Vec::new(),
            scratch: Scratch::default(),
            opener: Opener::new(&plan.paths),
            stored: Vec::new(),
            sheet: Vec::new(),
            unchecked: false,
            bench: Bench::default(),
            bands: Bands::new(plan)?,
        })
    }

    /// Validates the record and gives the number of its images; 0 is a record without image.
    ///
    /// A list of numbers is not gone through twice: [`Decoder::probe`] validates it, and gives an
    /// error of kind `json` where the record is not JSON.
    pub(crate) fn find(&mut self, record: &[u8]) -> Result<usize> {
        if let Some(bands) = &mut self.bands {
            return bands.find(record);
        }
        self.items.clear();
        // With a wildcard, images would be decoded before the rest of their record is known to be JSON.
        let lists = self.plan.encoding == Some(Encoding::List) && !self.plan.field.is_wild();
        self.unchecked = scan_around(record, &self.query, u64::from(lists), &mut self.hits)?;
        let takes_lists = match &self.plan.encoding {
            Some(encoding) => !encoding.takes_arrays(),
            None => true,
        };
        for hit in self.hits.iter().filter(|h| h.pointer == 0) {
            let text = &record[hit.start..hit.end];
            match value::kind(text) {
                Kind::Null => {}
                Kind::Array if takes_lists && holds_images(text) => {
                    for element in value::elements(text).filter(|e| value::kind(e) != Kind::Null) {
                        // An element is a slice of the record: its place is the distance.
                        let start = element.as_ptr() as usize - record.as_ptr() as usize;
                        self.items.push((start, start + element.len(), hit.parent));
                    }
                }
                Kind::Array if value::elements(text).next().is_none() => {}
                _ => self.items.push((hit.start, hit.end, hit.parent)),
            }
        }
        // Where nothing will be decoded, nothing else would find out that `[,1]` is no empty list.
        if self.unchecked && self.items.is_empty() {
            scan(record, &self.query, &mut self.hits)?;
        }
        Ok(self.items.len())
    }

    /// How image `item` of the record that was last found is held, if it is recognised.
    pub(crate) fn classify(&mut self, record: &[u8], item: usize) -> Option<Encoding> {
        let (start, end, parent) = self.items[item];
        let raw = self.fields.spec(self.plan, record, &self.hits, parent).unwrap_or_default();
        self.classified(&record[start..end], &raw)
    }

    /// The encoding of a value; an address whose beginning is rewritten is a path.
    fn classified(&mut self, value: &[u8], raw: &RawSpec) -> Option<Encoding> {
        let found = encoding::classify(value, raw, &self.plan.limits, &mut self.scratch)?;
        let is_path = found == Encoding::Url && !self.plan.paths.prefixes.is_empty() && {
            let text = value::unescape(value, &mut self.scratch.bytes);
            std::str::from_utf8(text).is_ok_and(|text| self.opener.rewrites(text))
        };
        Some(if is_path { Encoding::Path } else { found })
    }

    /// The characters of the value of an image, if it is a string.
    pub(crate) fn text(&self, record: &[u8], item: usize) -> Option<String> {
        let &(start, end, _) = self.items.get(item)?;
        let value = Some(&record[start..end]).filter(|v| value::kind(v) == Kind::String)?;
        String::from_utf8(value::unescape(value, &mut Vec::new()).to_vec()).ok()
    }

    /// The payload of the image that was last probed.
    pub(crate) fn payload(&self) -> &[u8] {
        &self.scratch.bytes
    }

    /// From the value to its payload: what image `item` of the record that was last found is, that it
    /// fits the plan, and what decoding it will take. [`Decoder::fill`] then decodes it.
    pub(crate) fn open(
        &mut self,
        record: &[u8],
        item: usize,
        base: Option<&Base>,
    ) -> Result<Opened> {
        if let Some(bands) = &mut self.bands {
            return bands.open(record, base);
        }
        let found = self.probe(record, item, base)?;
        let info = found.info;
        let steps = &self.plan.steps;
        let outcome = steps::outcome(steps, &info)?;
        let own = steps::row_shape(outcome.shape, info.frames, steps)?;
        if steps.frames == Frames::All
            && let [height, width, ..] = info.shape[..]
        {
            let rows = (height as u64).saturating_mul(u64::from(info.frames));
            self.plan.limits.check_pixels(rows, width as u64)?;
        }
        let (image, shape, dtype, color) = match self.plan.target {
            Target::Stack { shape, dtype, color } => (shape, shape, dtype, color),
            Target::Each => (own, own, outcome.dtype, outcome.color),
            Target::Encoded if found.format.is_none() => {
                return Err(Error::encoding("the value holds pixels and no image file"));
            }
            Target::Encoded => {
                let file = Shape::new(&[self.scratch.bytes.len()])?;
                (own, file, outcome.dtype, outcome.color)
            }
            Target::Flat { dtype, color, .. }
            | Target::Pad { dtype, color, .. }
            | Target::Measure { dtype, color } => {
                let (image, row) = ragged::shapes(self.plan, &outcome, info.frames, own, color)?;
                (image, row, dtype, color)
            }
        };
        if outcome.dtype != dtype
            || !(own == image || fits(&outcome, info.frames, image, color, steps))
        {
            return Err(misfit(&info, image, dtype, outcome.dtype != dtype));
        }
        // Of the wanted shape already: whatever its channels are, they stay.
        let color = if own == image { outcome.color } else { color };
        let work = steps::are_needed(steps, &info, &outcome, color);
        let (stored_len, len) = (info.bytes()?, shape.bytes(dtype)?);
        let text_len = (record.len() + self.scratch.bytes.len()) as u64;
        let scratch = if work { steps::scratch_bytes(steps, &info, &outcome) } else { 0 };
        let film = match steps.frames != Frames::First && found.plays() {
            true => format::CANVASES * stored_len as u64 + text_len,
            false => 0,
        };
        let sheet = if image == shape { 0 } else { image.bytes(dtype)? as u64 };
        let need = text_len + 2 * stored_len as u64 + len as u64 + scratch + film + sheet;
        self.plan.limits.check_memory(need)?;
        Ok(Opened { found, image, shape, dtype, color, work, need })
    }

    /// Gives scratch memory back where it is more than `keep` bytes.
    pub(crate) fn shrink(&mut self, keep: usize) {
        if let Some(bands) = &mut self.bands {
            bands.shrink(keep);
        }
        let held = self.scratch.capacity() + self.stored.capacity() + self.sheet.capacity();
        if held + self.bench.capacity() > keep {
            self.scratch = Scratch::default();
            (self.stored, self.sheet) = (Vec::new(), Vec::new());
            self.bench = Bench::default();
        }
    }

    /// What each band of the record that was last found is: its number, what was found, its payload.
    pub(crate) fn probe_bands(
        &mut self,
        record: &[u8],
        base: Option<&Base>,
        take: impl FnMut(usize, &Found, &[u8]),
    ) -> Result<()> {
        match &mut self.bands {
            Some(bands) => bands.probe(record, base, take),
            None => Ok(()),
        }
    }

    /// From the value of image `item` of the record that was last found to its payload in the scratch
    /// buffer, and what that says of itself: headers only for image files.
    pub(crate) fn probe(
        &mut self,
        record: &[u8],
        item: usize,
        base: Option<&Base>,
    ) -> Result<Found> {
        let found = self.look(record, item, base);
        if found.is_err() && self.unchecked {
            scan(record, &self.query, &mut self.hits)?;
        }
        found
    }

    fn look(&mut self, record: &[u8], item: usize, base: Option<&Base>) -> Result<Found> {
        let (start, end, parent) = self.items[item];
        let text = &record[start..end];
        let limits = &self.plan.limits;
        let raw = self.fields.spec(self.plan, record, &self.hits, parent)?;
        let decided;
        let encoding = match &self.plan.encoding {
            Some(encoding) => encoding,
            None => {
                decided = self.classified(text, &raw).ok_or_else(|| {
                    Error::field(format!(
                        "{} that holds no image ndpix knows: {}",
                        value::kind(text).name(),
                        quote(text)
                    ))
                })?;
                &decided
            }
        };
        match encoding::decode(encoding, text, &raw, limits, &mut self.scratch)? {
            Payload::Pixels(p) => Ok(Found { info: array_info(p.shape, p.dtype), format: None }),
            Payload::File => self.file(),
            Payload::Reference => {
                let path = std::mem::take(&mut self.scratch.bytes);
                let name =
                    String::from_utf8(path).map_err(|_| Error::path("the path is not UTF-8"))?;
                self.opener.read(base, &name, limits.max_record_bytes, &mut self.scratch.bytes)?;
                match encoding::array_file(&raw, limits, &mut self.scratch)? {
                    Some(p) => Ok(Found { info: array_info(p.shape, p.dtype), format: None }),
                    None => self.file(),
                }
            }
        }
    }

    fn file(&self) -> Result<Found> {
        let bytes = &self.scratch.bytes;
        let format = format::recognise(bytes)?;
        let formats = &self.plan.formats;
        if !formats.is_empty() && !formats.contains(&format) {
            return Err(Error::unsupported(format!(
                "a {format} image, which formats does not allow"
            )));
        }
        let limits = &self.plan.limits;
        let steps = &self.plan.steps;
        let info = guarded(format, || match (steps.indices, steps.frames) {
            (true, _) => format::indices_info(format, bytes, limits),
            (_, Frames::Index(frame)) => format::frame_info(format, bytes, frame, limits),
            (_, Frames::First) => format::info(format, bytes, limits),
            (_, Frames::All) => format::frames_info(format, bytes, limits),
        })?;
        Ok(Found { info, format: Some(format) })
    }
}

/// An array that is no image file: two axes are gray, three with 2, 3 or 4 channels a picture.
fn array_info(shape: Shape, dtype: DType) -> ImageInfo {
    let color = match shape[..] {
        [_, _] => Color::Gray,
        [_, _, 3] => Color::Rgb,
        [_, _, 4] => Color::Rgba,
        _ => Color::Samples,
    };
    ImageInfo { shape, dtype, color, orientation: 1, premultiplied: false, frames: 1 }
}

/// Whether what comes out can be promoted to the shape and color of the array.
fn fits(outcome: &Outcome, frames: u32, shape: Shape, color: Color, steps: &Steps) -> bool {
    let [height, width, ..] = outcome.shape[..] else { return false };
    let promoted = Shape::image(height, width, pixels::channels(color));
    pixels::promotes(outcome.color, color)
        && outcome.color != color
        && steps::row_shape(promoted, frames, steps).is_ok_and(|s| s == shape)
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

fn misfit(info: &ImageInfo, shape: Shape, dtype: DType, converted: bool) -> Error {
    let sides = |shape: &Shape| shape.get(..2).map(<[usize]>::to_vec);
    let remedy = match converted {
        true => "; pass dtype to convert the numbers",
        false if info.shape.len() > 1 && sides(&info.shape) == sides(&shape) => {
            "; pass mode to bring all images to the same channels"
        }
        false => "",
    };
    Error::shape(format!(
        "image is {} {} but the array holds {shape} {dtype}{remedy}",
        info.shape, info.dtype
    ))
}

/// Runs a codec; a panic in it is a damaged image, not the end of the run.
fn guarded<T>(format: ImageFormat, codec: impl FnOnce() -> Result<T>) -> Result<T> {
    catch_unwind(AssertUnwindSafe(codec))
        .unwrap_or_else(|_| Err(Error::image(format!("the {format} decoder failed on this image"))))
}

/// Whether an array holds strings or objects, so that it is a list of images and not one of numbers.
fn holds_images(array: &[u8]) -> bool {
    let first = value::elements(array).map(value::kind).find(|k| *k != Kind::Null);
    matches!(first, Some(Kind::String | Kind::Object))
}
