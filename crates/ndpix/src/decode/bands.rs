//! Several fields of one record as one image: a decoder for each, whose pixels are laid together.
//!
//! A record has one image when any of its bands is there, and none when all are missing. One band that
//! is missing (kind `field`) or bad makes the image a reject that names the band.

use super::{Decoder, Found, Opened, PixelBuffer};
use crate::error::{Error, ErrorKind, Result};
use crate::paths::Base;
use crate::pixels::color::has_alpha;
use crate::pixels::stack;
use crate::plan::{Plan, Target};
use crate::record::pointer::Pointer;
use crate::shape::Shape;

/// The decoders of the bands, in the order of the channels or of the new axis.
pub(super) struct Bands<'p> {
    plan: &'p Plan,
    all: Vec<Decoder<'p>>,
    opened: Vec<Opened>,
    /// The pixels of one band on their way.
    sheet: PixelBuffer,
}

impl<'p> Bands<'p> {
    /// The decoders of a plan with bands; `None` where it has none.
    pub(super) fn new(plan: &'p Plan) -> Result<Option<Box<Self>>> {
        if plan.bands.is_empty() {
            return Ok(None);
        }
        let all = plan.bands.iter().map(Decoder::new).collect::<Result<_>>()?;
        Ok(Some(Box::new(Self { plan, all, opened: Vec::new(), sheet: PixelBuffer::default() })))
    }

    /// The decoder that also finds the kept fields.
    pub(super) fn first(&self) -> &Decoder<'p> {
        &self.all[0]
    }

    /// Where the bands stand in the record that was last found.
    pub(super) fn spans(&self) -> impl Iterator<Item = (usize, usize)> {
        self.all.iter().flat_map(|band| band.items.iter().map(|item| (item.0, item.1)))
    }

    /// As [`Decoder::find`]: 1 when any band is there.
    pub(super) fn find(&mut self, record: &[u8]) -> Result<usize> {
        let mut found = 0;
        for band in &mut self.all {
            found += band.find(record)?;
        }
        Ok(found.min(1))
    }

    /// What each band of the record that was last found is, handed to `take` with its number.
    pub(super) fn probe(
        &mut self,
        record: &[u8],
        base: Option<&Base>,
        mut take: impl FnMut(usize, &Found, &[u8]),
    ) -> Result<()> {
        let mut all = Vec::new();
        for band in 0..self.all.len() {
            all.push(self.each(band, |decoder| decoder.probe(record, 0, base))?);
        }
        for (number, (found, band)) in all.iter().zip(&self.all).enumerate() {
            take(number, found, band.payload());
        }
        Ok(())
    }

    /// As [`Decoder::open`] for all bands.
    pub(super) fn open(&mut self, record: &[u8], base: Option<&Base>) -> Result<Opened> {
        self.opened.clear();
        let mut bad = None;
        for band in 0..self.all.len() {
            match self.each(band, |decoder| decoder.open(record, 0, base)) {
                Ok(opened) => self.opened.push(opened),
                // A record that is no JSON is worse than a band that is not there.
                Err(error) if error.kind() == ErrorKind::Json => return Err(error),
                Err(error) => bad = bad.or(Some(error)),
            }
        }
        let (Some(first), None) = (self.opened.first().copied(), &bad) else {
            return Err(bad.unwrap_or_else(|| Error::field("a record without bands")));
        };
        if let Some(other) = self.opened.iter().find(|o| o.dtype != first.dtype) {
            let dtypes = (first.dtype, other.dtype);
            return Err(Error::shape(format!(
                "bands of {} and {} do not stack; pass dtype to convert them",
                dtypes.0, dtypes.1
            )));
        }
        let shapes: Vec<Shape> = self.opened.iter().map(|o| o.shape).collect();
        let shape = stack::shape(&self.plan.steps, &shapes)?;
        if let Target::Stack { shape: wanted, dtype, .. } = self.plan.target
            && (wanted, dtype) != (shape, first.dtype)
        {
            return Err(Error::shape(format!(
                "the bands make {shape} {} but the array holds {wanted} {dtype}",
                first.dtype
            )));
        }
        let need: u64 = self.opened.iter().map(|o| o.need).sum();
        let need = need + shape.bytes(first.dtype)? as u64;
        self.plan.limits.check_memory(need)?;
        let found = self.together(first.found, shape);
        Ok(Opened { found, image: shape, shape, work: false, need, ..first })
    }

    /// As [`Decoder::fill`] for all bands.
    pub(super) fn fill(&mut self, opened: &Opened, buffer: &mut PixelBuffer) -> Result<Found> {
        let len = opened.shape.bytes(opened.dtype)?;
        let mut before = 0;
        for number in 0..self.all.len() {
            let band = self.opened[number];
            let mut sheet = std::mem::take(&mut self.sheet);
            sheet.clear(usize::MAX);
            let filled = self.each(number, |decoder| decoder.fill(&band, &mut sheet).map(|_| ()));
            self.sheet = sheet;
            filled?;
            let pixels = self.sheet.used();
            stack::place(&self.plan.steps, &opened.shape, pixels, before, buffer.slot(len)?);
            before += pixels.len();
        }
        buffer.keep(len);
        Ok(opened.found)
    }

    /// As [`Decoder::shrink`].
    pub(super) fn shrink(&mut self, keep: usize) {
        self.sheet.clear(keep);
        self.all.iter_mut().for_each(|band| band.shrink(keep));
    }

    /// Does something with the one image of a band; an error names the band.
    fn each<T>(
        &mut self,
        number: usize,
        work: impl FnOnce(&mut Decoder<'p>) -> Result<T>,
    ) -> Result<T> {
        let decoder = &mut self.all[number];
        let field = &self.plan.bands[number].field;
        match decoder.items.len() {
            1 => work(decoder).map_err(|error| of_band(field, &error)),
            0 => Err(of_band(field, &Error::field("it is missing, and other bands are there"))),
            n => Err(of_band(field, &Error::field(format!("it holds {n} images, one was wanted")))),
        }
    }

    /// What is said of the bands as one image.
    fn together(&self, first: Found, shape: Shape) -> Found {
        let mut found = first;
        for other in self.opened.iter().map(|o| o.found.info) {
            found.info.frames = found.info.frames.max(other.frames);
            found.info.premultiplied |= other.premultiplied;
            if found.info.orientation == 1 {
                found.info.orientation = other.orientation;
            }
            if has_alpha(other.color) {
                found.info.color = other.color;
            }
        }
        (found.info.shape, found.info.dtype) = (shape, self.opened[0].dtype);
        found
    }
}

/// The error of a band, with its name; what is no JSON is no band's.
fn of_band(field: &Pointer, error: &Error) -> Error {
    match error.kind() {
        ErrorKind::Json => Error::json(error.message()),
        kind => Error::new(kind, format!("band {field}: {}", error.message())),
    }
}
