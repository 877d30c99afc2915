//! Further arrays of a record: image `n` of the field is a row together with image `n` of each of them. Turned, cut and
//! resized they are as the first is, so that what lies on a pixel of it still does.

use super::band::Band;
use super::{Decoder, Found, Opened, PixelBuffer};
use crate::error::{Error, ErrorKind, Result};
use crate::format::ImageInfo;
use crate::options::Fit;
use crate::paths::Base;
use crate::pixels::orient::swaps;
use crate::plan::{Plan, Steps};
use crate::shape::Shape;

/// Where the arrays stand among the bands of a decoder, and what was opened of them.
#[derive(Debug, Default)]
pub(super) struct Beside {
    /// The number of the first.
    first: usize,
    opened: Vec<Opened>,
    infos: Vec<ImageInfo>,
}

impl Beside {
    pub(super) fn new(first: usize) -> Self {
        Self { first, ..Self::default() }
    }
}

impl<'p> Decoder<'p> {
    /// The bands of the array that leads.
    pub(super) fn leading(&self) -> usize {
        self.beside.first
    }

    /// What every further array has of image `item` of the record that was last found, of which `lead` was found;
    /// handed to `take`: the number of the array, what was found, its payload.
    pub(crate) fn probe_arrays(
        &mut self,
        record: &[u8],
        (item, lead): (usize, &Found),
        base: Option<&Base>,
        mut take: impl FnMut(usize, &Found, &[u8]),
    ) -> Result<()> {
        let plan = self.plan;
        for (number, array) in plan.arrays.iter().enumerate() {
            let found = self
                .probe_array(number, record, (item, lead), base)
                .map_err(|e| of_array(&array.name, e))?;
            take(number, &found, self.bands[self.beside.first + number].payload());
        }
        Ok(())
    }

    /// As [`Decoder::open`] for all further arrays; the bytes that they need.
    pub(super) fn open_arrays(
        &mut self,
        record: &[u8],
        (item, lead): (usize, &Found),
        base: Option<&Base>,
    ) -> Result<u64> {
        self.beside.opened.clear();
        let plan = self.plan;
        let mut need = 0u64;
        for (number, array) in plan.arrays.iter().enumerate() {
            let opened = self.probe_array(number, record, (item, lead), base).and_then(|found| {
                registered(plan, &array.plan.steps, lead, &found)?;
                self.bands[self.beside.first + number].open(record, found)
            });
            let opened = opened.map_err(|e| of_array(&array.name, e))?;
            need = need.saturating_add(opened.need);
            self.beside.opened.push(opened);
        }
        Ok(need)
    }

    /// As [`Decoder::fill`] for all further arrays, one after the other; whether in one of them masks cover each other.
    pub(super) fn fill_arrays(&mut self, buffer: &mut PixelBuffer) -> Result<bool> {
        self.beside.infos.clear();
        let plan = self.plan;
        let mut overlaps = false;
        for (number, array) in plan.arrays.iter().enumerate() {
            let opened = self.beside.opened[number];
            let band = &mut self.bands[self.beside.first + number];
            let filled = band.fill(&opened, buffer).map_err(|e| of_array(&array.name, e))?;
            overlaps |= filled.overlaps;
            self.beside.infos.push(filled.info);
        }
        Ok(overlaps)
    }

    /// What the images of the further arrays became that were filled last.
    pub(crate) fn filled_arrays(&self) -> &[ImageInfo] {
        &self.beside.infos
    }

    /// Looks at the image of an array that goes with image `item`, turned as that is.
    fn probe_array(
        &mut self,
        number: usize,
        record: &[u8],
        (item, lead): (usize, &Found),
        base: Option<&Base>,
    ) -> Result<Found> {
        let band = self.beside.first + number;
        let (own, all) = (self.finder.items[band].len(), self.images());
        if own != all && !self.bands[band].merges() {
            return Err(Error::field(match own {
                0 => "it is missing, and there is an image".to_string(),
                _ => format!("it holds {own} images, and there are {all} to go with"),
            }));
        }
        let (height, width) = sides(&lead.stored);
        self.bands[band].goes_with([height, width]);
        let mut found = self.probe_band(band, record, item, base)?;
        if found.info.orientation == 1 {
            found.info.orientation = turned_as(lead, &found.stored);
        }
        Ok(found)
    }
}

impl Band<'_> {
    /// What is drawn and says no size of its own is as large as the image that it goes with.
    fn goes_with(&mut self, size: [usize; 2]) {
        self.fields.beside = Some(size);
    }
}

/// Height and width, of what is no picture 1.
fn sides(stored: &Shape) -> (usize, usize) {
    let side = |axis: usize| stored.get(axis).copied().unwrap_or(1);
    (side(0), side(1))
}

/// The orientation of what says none beside an image: that of the image, unless it is upright already.
fn turned_as(lead: &Found, stored: &Shape) -> u8 {
    let orientation = lead.info.orientation;
    let turned = |shape: &Shape| (shape.get(1).copied(), shape.first().copied());
    let is_upright = swaps(orientation)
        && stored.get(..2) != lead.stored.get(..2)
        && (stored.first().copied(), stored.get(1).copied()) == turned(&lead.stored);
    if is_upright { 1 } else { orientation }
}

/// Refuses an image that cannot lie on the first once both are cut and resized.
fn registered(plan: &Plan, own: &Steps, lead: &Found, found: &Found) -> Result<()> {
    let cuts = |steps: &Steps| {
        steps.resize.is_some_and(|resize| matches!(resize.fit, Some(Fit::Crop | Fit::Pad)))
    };
    if !cuts(own) {
        return Ok(());
    }
    let upright = |found: &Found| {
        let (height, width) = sides(&found.stored);
        let swap = plan.steps.transpose && swaps(found.info.orientation);
        if swap { (width, height) } else { (height, width) }
    };
    let ((h, w), (height, width)) = (upright(found), upright(lead));
    if h as u128 * width as u128 == w as u128 * height as u128 {
        return Ok(());
    }
    Err(Error::shape(format!(
        "it is {h}x{w} and its image {height}x{width}, so that they would not be cut alike; pass fit stretch to bring both to one size whole"
    )))
}

/// The error of an array, with its name; what is not JSON is not an array's.
fn of_array(name: &str, error: Error) -> Error {
    match error.kind() {
        ErrorKind::Json => error,
        _ => error.within(format_args!("array {name}")),
    }
}
