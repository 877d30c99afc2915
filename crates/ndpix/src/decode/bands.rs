//! Several fields of one record as one image: each is decoded by itself, and its pixels are laid together.
//!
//! A record has one image when any of its bands is there, and none when all are missing. One band that
//! is missing (kind `field`) or bad makes the image a reject that names the band.

use super::{Decoder, Found, Opened, PixelBuffer};
use crate::error::{Error, ErrorKind, Result};
use crate::paths::Base;
use crate::pixels::color::has_alpha;
use crate::pixels::stack;
use crate::plan::Target;
use crate::shape::Shape;

/// What several bands need beside what each of them needs.
#[derive(Debug, Default)]
pub(super) struct Together {
    opened: Vec<Opened>,
    /// The pixels of one band on their way.
    sheet: PixelBuffer,
}

impl Together {
    /// As [`Decoder::shrink`].
    pub(super) fn shrink(&mut self, keep: usize) {
        self.sheet.clear(keep);
    }
}

impl Decoder<'_> {
    /// What each band of the record that was last found is, handed to `take`: its number, what was found,
    /// its payload.
    pub(crate) fn probe_bands(
        &mut self,
        record: &[u8],
        base: Option<&Base>,
        mut take: impl FnMut(usize, &Found, &[u8]),
    ) -> Result<()> {
        let mut all = Vec::new();
        for band in 0..self.plan.bands.len() {
            all.push(self.probe_one(band, record, base)?);
        }
        for (number, (found, band)) in all.iter().zip(&self.bands).enumerate() {
            take(number, found, band.payload());
        }
        Ok(())
    }

    /// As [`Decoder::open`] for all bands.
    pub(super) fn open_together(&mut self, record: &[u8], base: Option<&Base>) -> Result<Opened> {
        self.together.opened.clear();
        let mut bad = None;
        for band in 0..self.bands.len() {
            let opened = self.probe_one(band, record, base).and_then(|found| {
                self.bands[band].open(record, found).map_err(|e| self.of_band(band, e))
            });
            match opened {
                Ok(opened) => self.together.opened.push(opened),
                // A record that is not JSON is worse than a band that is not there.
                Err(error) if error.kind() == ErrorKind::Json => return Err(error),
                Err(error) => bad = bad.or(Some(error)),
            }
        }
        let opened = &self.together.opened;
        let (Some(first), None) = (opened.first().copied(), &bad) else {
            return Err(bad.unwrap_or_else(|| Error::field("a record without bands")));
        };
        if let Some(other) = opened.iter().find(|o| o.dtype != first.dtype) {
            let dtypes = (first.dtype, other.dtype);
            return Err(Error::shape(format!(
                "bands of {} and {} do not stack; pass dtype to convert them",
                dtypes.0, dtypes.1
            )));
        }
        let shapes: Vec<Shape> = opened.iter().map(|o| o.shape).collect();
        let shape = stack::shape(&self.plan.steps, &shapes)?;
        if let Target::Stack { shape: wanted, dtype, .. } = self.plan.target
            && (wanted, dtype) != (shape, first.dtype)
        {
            return Err(Error::shape(format!(
                "the bands make {shape} {} but the array holds {wanted} {dtype}",
                first.dtype
            )));
        }
        let need: u64 = opened.iter().map(|o| o.need).sum();
        let need = need + shape.bytes(first.dtype)? as u64;
        self.plan.limits.check_memory(need)?;
        let found = self.together(first.found, shape);
        Ok(Opened { found, image: shape, shape, work: false, need, ..first })
    }

    /// As [`Decoder::fill`] for all bands.
    pub(super) fn fill_together(
        &mut self,
        opened: &Opened,
        buffer: &mut PixelBuffer,
    ) -> Result<Found> {
        let len = opened.shape.bytes(opened.dtype)?;
        let mut before = 0;
        for band in 0..self.bands.len() {
            let one = self.together.opened[band];
            self.together.sheet.clear(usize::MAX);
            let filled = self.bands[band].fill(&one, &mut self.together.sheet);
            filled.map_err(|e| self.of_band(band, e))?;
            let pixels = self.together.sheet.used();
            stack::place(&self.plan.steps, &opened.shape, pixels, before, buffer.slot(len)?);
            before += pixels.len();
        }
        buffer.keep(len);
        Ok(opened.found)
    }

    /// Looks at the one image of a band; an error names the band.
    fn probe_one(&mut self, band: usize, record: &[u8], base: Option<&Base>) -> Result<Found> {
        let found = match self.finder.items[band].len() {
            1 => self.probe_band(band, record, 0, base),
            0 => Err(Error::field("it is missing, and other bands are there")),
            n => Err(Error::field(format!("it holds {n} images, one was wanted"))),
        };
        found.map_err(|error| self.of_band(band, error))
    }

    /// The error of a band, with its name; what is not JSON is not a band's.
    fn of_band(&self, band: usize, error: Error) -> Error {
        match error.kind() {
            ErrorKind::Json => error,
            _ => error.within(format_args!("band {}", self.plan.bands[band].field())),
        }
    }

    /// What is said of the bands as one image.
    fn together(&self, first: Found, shape: Shape) -> Found {
        let mut found = first;
        for other in self.together.opened.iter().map(|o| o.found.info) {
            found.info.frames = found.info.frames.max(other.frames);
            found.info.premultiplied |= other.premultiplied;
            if found.info.orientation == 1 {
                found.info.orientation = other.orientation;
            }
            if has_alpha(other.color) {
                found.info.color = other.color;
            }
        }
        (found.info.shape, found.info.dtype) = (shape, self.together.opened[0].dtype);
        found
    }
}
