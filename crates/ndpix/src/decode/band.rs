//! The images of one field: from a value to its payload, to what it will be, and to its pixels (`fill.rs`).

use std::borrow::Cow;
use std::sync::atomic::AtomicBool;

use super::find::Finder;
use super::item::Item;
use super::raw::RawFields;
use super::{Found, Opened, guarded, ragged};
use crate::dtype::{DType, Depth};
use crate::encoding::{self, Encoding, Payload, RawSpec, Scratch};
use crate::error::{Error, Remedy, Result, quote};
use crate::format::{self, Color, ImageInfo};
use crate::options::{Frames, Scale};
use crate::paths::Base;
use crate::pixels;
use crate::pixels::steps::{self, Bench, Outcome};
use crate::plan::{Plan, Steps, Target};
use crate::record::scan::Hits;
use crate::record::value::{self, Kind};
use crate::shape::Shape;
use crate::source::reference::Opener;

/// Decodes the images of one field: that of a plan, or one of those that become one image.
pub(super) struct Band<'p> {
    pub(super) plan: &'p Plan,
    pub(super) fields: RawFields,
    pub(super) scratch: Scratch,
    opener: Opener<'p>,
    pub(super) stored: Vec<u8>,
    /// Where masks are merged.
    pub(super) canvas: Vec<u8>,
    /// The pixels of an image that is smaller than its row.
    pub(super) sheet: Vec<u8>,
    pub(super) bench: Bench,
    /// Whether one of its images was the plane of a mosaic.
    pub(super) mosaic: bool,
}

impl<'p> Band<'p> {
    /// Asks the finder for the field, and for what says what its pixels are.
    pub(super) fn new(plan: &'p Plan, finder: &mut Finder) -> Result<Self> {
        finder.ask_images(plan)?;
        Ok(Self {
            plan,
            fields: RawFields::of_plan(plan, &mut finder.query)?,
            scratch: Scratch::default(),
            opener: Opener::new(&plan.paths),
            stored: Vec::new(),
            canvas: Vec::new(),
            sheet: Vec::new(),
            bench: Bench::default(),
            mosaic: false,
        })
    }

    /// How an image is held, if it is recognised.
    pub(super) fn classify(&mut self, record: &[u8], hits: &Hits, item: &Item) -> Option<Encoding> {
        let raw = self.fields.spec(self.plan, record, hits, item).unwrap_or_default();
        let text = &record[item.start..item.end];
        self.classified(text, &raw)
    }

    /// The encoding of a value; an address whose beginning is rewritten is a path.
    fn classified(&mut self, value: &[u8], raw: &RawSpec) -> Option<Encoding> {
        let found = encoding::classify(value, raw, &self.plan.limits, &mut self.scratch)?;
        if !self.plan.raw.allows(&found) {
            return None;
        }
        let is_path = found == Encoding::Url && !self.plan.paths.prefixes.is_empty() && {
            let text = value::unescape(value, &mut self.scratch.bytes);
            std::str::from_utf8(text).is_ok_and(|text| self.opener.rewrites(text))
        };
        Some(if is_path { Encoding::Path } else { found })
    }

    /// Waits for answers no longer once one of these is set.
    pub(super) fn heed(&mut self, ends: [&'p AtomicBool; 2]) {
        self.opener.heed(ends);
    }

    /// Asks for what these values name, where they are addresses that are fetched.
    pub(super) fn look_ahead<'v>(&mut self, values: impl Iterator<Item = (usize, &'v [u8])>) {
        let Self { plan, opener, scratch, .. } = self;
        let address = |(place, value): (usize, &[u8])| {
            let encoding = plan.places[place].encoding.as_ref();
            if !encoding.is_none_or(|e| matches!(e, Encoding::Url | Encoding::Path))
                || value::kind(value) != Kind::String
            {
                return None;
            }
            let text = std::str::from_utf8(value::unescape(value, &mut scratch.bytes)).ok()?;
            opener.address(text).map(|address| address.into_owned().into())
        };
        let addresses: Vec<Cow<'_, str>> = values.filter_map(address).collect();
        opener.look_ahead(&plan.limits, addresses.into_iter());
    }

    /// The payload of the image that was last looked at.
    pub(super) fn payload(&self) -> &[u8] {
        &self.scratch.bytes
    }

    /// What an image that was looked at will be, that it fits the plan, and what decoding it will take.
    pub(super) fn open(&self, record: &[u8], found: Found) -> Result<Opened> {
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
        let numbers = if steps.rescale { info.quantities() } else { info };
        if let Some(bits) = steps.bits
            && outcome.dtype == dtype
            && numbers.bits != bits
        {
            return Err(other_range(&numbers, bits, steps));
        }
        if outcome.dtype != dtype
            || !(own == image || fits(&outcome, info.frames, image, color, steps))
        {
            let info = if steps.rescale { info.quantities() } else { info };
            return Err(misfit(&info, image, dtype, outcome.dtype != dtype));
        }
        // Of the wanted shape already: whatever its channels are, they stay.
        let color = if own == image { outcome.color } else { color };
        let work = steps::are_needed(steps, &info, &outcome, color);
        let bits = outcome.bits;
        let mut opened = Opened { found, image, shape, dtype, bits, color, work, need: 0 };
        let frame = if let Frames::Index(frame) = steps.frames { frame } else { 0 };
        let of = (&self.scratch.bytes[..], frame);
        let narrow = opened.narrow(steps, &info, of, &self.plan.limits);
        let held = narrow.map_or(info, |(_, narrow)| narrow.info);
        let (stored_len, len) = (held.bytes()?, shape.bytes(dtype)?);
        let text_len = (record.len() + self.scratch.bytes.len()) as u64;
        let scratch = if work { steps::scratch_bytes(steps, &held, &outcome) } else { 0 };
        let film = match steps.frames != Frames::First && found.plays() {
            true => format::CANVASES * stored_len as u64 + text_len,
            false => 0,
        };
        let sheet = if image == shape { 0 } else { image.bytes(dtype)? as u64 };
        opened.need = text_len + 2 * stored_len as u64 + len as u64 + scratch + film + sheet;
        self.plan.limits.check_memory(opened.need)?;
        Ok(opened)
    }

    /// Gives scratch memory back where it is more than `keep` bytes.
    pub(super) fn shrink(&mut self, keep: usize) {
        let held = self.scratch.capacity()
            + self.stored.capacity()
            + self.canvas.capacity()
            + self.sheet.capacity();
        if held + self.bench.capacity() > keep {
            self.scratch = Scratch::default();
            (self.stored, self.canvas, self.sheet) = (Vec::new(), Vec::new(), Vec::new());
            self.bench = Bench::default();
        }
    }

    /// From the value of an image to its payload in the scratch buffer, and what that says of itself:
    /// headers only for image files.
    pub(super) fn look(
        &mut self,
        record: &[u8],
        hits: &Hits,
        item: &Item,
        base: Option<&Base>,
    ) -> Result<Found> {
        let text = &record[item.start..item.end];
        let limits = &self.plan.limits;
        let spec = self.fields.spec(self.plan, record, hits, item);
        let (raw, refused) = match spec {
            Ok(raw) => (raw, None),
            Err(error) => (RawSpec::default(), Some(error)),
        };
        let decided;
        let encoding = match &self.plan.places[item.place].encoding {
            Some(encoding) => encoding,
            None => {
                let Some(encoding) = self.classified(text, &raw) else {
                    return Err(refused.unwrap_or_else(|| {
                        Error::field(format!(
                            "{} that holds no image ndpix knows: {}",
                            value::kind(text).name(),
                            quote(self.scratch.text_of(text))
                        ))
                    }));
                };
                decided = encoding;
                &decided
            }
        };
        let payload = encoding::decode(encoding, text, &raw, limits, &mut self.scratch);
        // What is said of pixels counts where there are any: an image file says it all by itself.
        let is_bare = !matches!(payload, Ok(Payload::File | Payload::Reference));
        let takes = encoding.wants_shape() || encoding.is_drawn();
        if let Some(error) = refused.filter(|_| is_bare && takes) {
            return Err(error);
        }
        self.mosaic |= raw.mosaic;
        match payload? {
            Payload::Pixels(p) => Ok(Found::new(array_info(p.shape, p.dtype), None)),
            Payload::Drawn(p) => {
                Ok(Found { drawn: true, ..Found::new(array_info(p.shape, p.dtype), None) })
            }
            Payload::File => self.file(),
            Payload::Reference => {
                let path = std::mem::take(&mut self.scratch.bytes);
                let name =
                    String::from_utf8(path).map_err(|_| Error::path("the path is not UTF-8"))?;
                self.opener.read(base, &name, limits, &mut self.scratch.bytes)?;
                match encoding::array_file(&raw, limits, &mut self.scratch)? {
                    Some(p) => Ok(Found::new(array_info(p.shape, p.dtype), None)),
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
        Ok(Found::new(info, Some(format)))
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
    ImageInfo::of(shape, dtype, color)
}

/// Whether what comes out can be promoted to the shape and color of the array.
fn fits(outcome: &Outcome, frames: u32, shape: Shape, color: Color, steps: &Steps) -> bool {
    let [height, width, ..] = outcome.shape[..] else { return false };
    let promoted = Shape::image(height, width, pixels::channels(color));
    pixels::promotes(outcome.color, color)
        && outcome.color != color
        && steps::row_shape(promoted, frames, steps).is_ok_and(|s| s == shape)
}

/// The refusal of numbers that fill another number of bits than those of the array.
fn other_range(info: &ImageInfo, bits: u8, steps: &Steps) -> Error {
    let dtype = info.dtype;
    let (own, array) = (info.depth(), Depth { dtype, bits });
    let is = format!("image is {} {own} but the array holds {array}", info.shape);
    if steps.normalize.values().is_some() {
        let unit = vec![("scale", Scale::Unit.to_string())];
        return Error::shape(format!(
            "{is}, for which the means of normalize are; pass scale unit, with means from 0 to 1, to bring all to one range"
        ))
        .with_remedies(vec![Remedy::new("in one range", unit)]);
    }
    let as_they_are = vec![("dtype", dtype.to_string())];
    let full = [&as_they_are[..], &[("scale", Scale::Full.to_string())]].concat();
    let mut remedies = vec![Remedy::new("as they are", as_they_are)];
    let mut more = "";
    if matches!(dtype, DType::Uint8 | DType::Uint16 | DType::Uint32) {
        more = ", with scale full to bring them to one range";
        remedies.insert(0, Remedy::new("in one range", full));
    }
    Error::shape(format!("{is}; pass dtype {dtype} to take all numbers as they are{more}"))
        .with_remedies(remedies)
}

fn misfit(info: &ImageInfo, shape: Shape, dtype: DType, converted: bool) -> Error {
    let sides = |shape: &Shape| shape.get(..2).map(<[usize]>::to_vec);
    let says = |remedy: &str| {
        let (is, is_dtype) = (info.shape, info.dtype);
        Error::shape(format!(
            "image is {is} {is_dtype} but the array holds {shape} {dtype}{remedy}"
        ))
    };
    if converted {
        let both = [dtype, info.dtype].map(Depth::of).into_iter();
        if both.clone().all(Depth::is_light) {
            let options =
                vec![("dtype", DType::Uint16.to_string()), ("scale", Scale::Full.to_string())];
            return says("; pass dtype uint16 and scale full to bring all to one range")
                .with_remedies(vec![Remedy::new("in one range", options)]);
        }
        let wide = Depth::common(both).unwrap_or(DType::Float64);
        return says(&format!("; pass dtype {wide} to convert the numbers"))
            .with_remedies(vec![Remedy::new("converted", vec![("dtype", wide.to_string())])]);
    }
    if info.shape.len() > 1 && sides(&info.shape) == sides(&shape) {
        return says("; pass mode to bring all images to the same channels");
    }
    says("")
}
