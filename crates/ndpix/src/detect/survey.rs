//! What the images of the sample are: by their headers, or as far as they can be decoded.

use std::collections::BTreeMap;
use std::path::PathBuf;

use super::sample::{Sample, Sampled};
use super::watch::Watcher;
use crate::decode::{Decoder, Found, PixelBuffer};
use crate::dtype::{DType, Depth};
use crate::encoding::Encoding;
use crate::error::{Error, ErrorKind, Position, Result};
use crate::format::{Color, Rescale};
use crate::options::{Scale, Size};
use crate::paths::Base;
use crate::pixels::orient;
use crate::plan::Plan;
use crate::shape::Shape;
use crate::source::search;

/// What the images of the sample are.
#[derive(Debug, Default)]
pub(crate) struct Survey {
    pub(crate) shapes: BTreeMap<(Shape, Depth, Color), u64>,
    /// The same with the orientation beside it: all that the steps look at.
    pub(crate) kinds: BTreeMap<(Shape, Depth, Color, u8), u64>,
    /// Frames or pages of the images.
    pub(crate) frames: BTreeMap<u32, u64>,
    pub(crate) formats: BTreeMap<&'static str, u64>,
    pub(crate) orientations: BTreeMap<u8, u64>,
    pub(crate) multi_frame: u64,
    /// Images that say how their numbers become quantities; where that is not done, of a line that changes some.
    pub(crate) rescaled: u64,
    /// Images whose colours are stored multiplied with alpha.
    pub(crate) premultiplied: u64,
    pub(crate) images: u64,
    pub(crate) missing: u64,
    pub(crate) rejects: Vec<Error>,
    /// The smallest integer dtype that the number lists of the sample fit, where smaller than read.
    pub(crate) smaller: Option<DType>,
    /// The option that would find images that are named by paths and not found, with its value.
    pub(crate) remedy: Option<(&'static str, PathBuf)>,
    /// Whether number lists of integers stand beside lists of floats, and are read as these.
    pub(crate) promoted: bool,
    /// Whether an integer of a list is more than a float64 can hold exactly.
    pub(super) wide: bool,
    /// Whether one of them is the plane of a mosaic.
    pub(crate) mosaic: bool,
    /// Of each band, where several fields are one image; the rest is then what they have together.
    pub(crate) bands: Vec<Survey>,
}

impl Survey {
    /// Bytes of the pixels of an image, on average.
    pub(crate) fn mean_bytes(&self) -> u64 {
        let bytes =
            |(k, n): (&(Shape, Depth, Color), &u64)| k.0.bytes(k.1.dtype).unwrap_or(0) as u64 * n;
        self.shapes.iter().map(bytes).sum::<u64>() / self.shapes.values().sum::<u64>().max(1)
    }

    /// Sizes of the images, turned upright or not, most frequent first.
    pub(crate) fn sizes(&self, upright: bool) -> Vec<(Size, u64)> {
        let mut sizes: Vec<(Size, u64)> = Vec::new();
        for ((shape, _, _, orientation), count) in &self.kinds {
            let [height, width, ..] = shape[..] else { continue };
            let size = match upright && orient::swaps(*orientation) {
                true => Size { height: width, width: height },
                false => Size { height, width },
            };
            match sizes.iter_mut().find(|s| s.0 == size) {
                Some(found) => found.1 += count,
                None => sizes.push((size, *count)),
            }
        }
        // Of several that are as frequent the largest: nothing is lost in it.
        sizes.sort_by_key(|s| std::cmp::Reverse((s.1, s.0.height * s.0.width)));
        sizes
    }
}

/// Looks at the images of a single field: headers only, or, with `whole`, at those that can be decoded.
pub(super) fn survey(sample: &Sample<'_>, plan: &Plan, whole: bool) -> Result<Survey> {
    let mut decoder = Decoder::new(plan)?;
    decoder.look_ahead(sample.records.iter().map(|record| record.text));
    let mut survey = Survey::default();
    let mut lost = Vec::new();
    let mut folder = None;
    let mut watcher = Watcher::of(plan)?;
    let mut is_other = |record: &[u8], span: Option<(usize, usize)>, base: Option<&Base>| {
        let start = span.map(|s| s.0);
        watcher.as_mut().zip(start).is_some_and(|(w, start)| w.is_other(record, start, base))
    };
    for Sampled { text, base, position, gone, .. } in &sample.records {
        let at = |item: usize| Position { item: item as u32, ..position.clone() };
        let kept = gone.and_then(|gone| gone.refused(&plan.limits)).map_or(Ok(()), Err);
        match kept.and_then(|()| decoder.find(text)) {
            Ok(0) => survey.missing += 1,
            Err(error) => survey.rejects.push(error.at(at(0))),
            Ok(items) => {
                for item in 0..items {
                    survey.images += 1;
                    let mut decode = || {
                        let opened = decoder.open(text, item, *base)?;
                        decoder.fill(&opened, &mut PixelBuffer::default())
                    };
                    // What else is in the way of an image depends on what the others are.
                    let damage = match whole.then(&mut decode) {
                        Some(Err(error)) if is_damage(&error) => Err(error),
                        _ => Ok(()),
                    };
                    match damage.and_then(|()| decoder.probe(text, item, *base)) {
                        Ok(found) => note(&mut survey, &found, decoder.payload(), plan),
                        Err(_) if is_other(text, decoder.spans().nth(item), *base) => {
                            survey.images -= 1;
                        }
                        Err(error) => {
                            survey.images -= u64::from(error.kind() == ErrorKind::Json);
                            if error.kind() == ErrorKind::Path && lost.len() < search::NAMES {
                                lost.extend(decoder.text(text, item));
                                folder = base.map(|b| b.folder.as_path());
                            }
                            survey.rejects.push(error.at(at(item)));
                        }
                    }
                }
            }
        }
    }
    survey.mosaic = decoder.saw_mosaic();
    promote(&mut survey, plan);
    survey.remedy = search::remedy(&plan.paths, folder, &lost);
    Ok(survey)
}

/// Whether an image is none that any options would read.
fn is_damage(error: &Error) -> bool {
    matches!(error.kind(), ErrorKind::Image | ErrorKind::Unsupported)
}

/// Where some number lists hold integers and others floats, all of them are floats: nothing is lost.
pub(super) fn promote(survey: &mut Survey, plan: &Plan) {
    let dtypes: Vec<DType> = survey.shapes.keys().map(|kind| kind.1.dtype).collect();
    let only = |some: &[DType]| dtypes.iter().all(|dtype| some.contains(dtype));
    let list = |e: &Option<Encoding>| matches!(e, Some(Encoding::List | Encoding::Text));
    let as_stored = plan.raw.dtype.is_none() && plan.steps.dtype.is_none();
    let free = as_stored && plan.steps.scale == Scale::None && !survey.wide;
    let both = dtypes.contains(&DType::Int64) && dtypes.contains(&DType::Float64);
    let lists = plan.places.iter().all(|place| list(&place.encoding));
    if !(free && both && lists && only(&[DType::Int64, DType::Float64])) {
        return;
    }
    survey.promoted = true;
    survey.smaller = None;
    let floats = Depth::of(DType::Float64);
    for ((shape, _, color), count) in std::mem::take(&mut survey.shapes) {
        *survey.shapes.entry((shape, floats, color)).or_default() += count;
    }
    for ((shape, _, color, orientation), count) in std::mem::take(&mut survey.kinds) {
        *survey.kinds.entry((shape, floats, color, orientation)).or_default() += count;
    }
}

/// Counts an image.
pub(super) fn note(survey: &mut Survey, found: &Found, payload: &[u8], plan: &Plan) {
    let info = &if plan.steps.rescale { found.info.quantities() } else { found.info };
    let tells = |line: Rescale| plan.steps.rescale || line.changes();
    survey.rescaled += u64::from(found.info.rescale.is_some_and(tells));
    *survey.shapes.entry((info.shape, info.depth(), info.color)).or_default() += 1;
    let kind = (info.shape, info.depth(), info.color, info.orientation);
    *survey.kinds.entry(kind).or_default() += 1;
    *survey.formats.entry(found.format.map_or("array", |f| f.name())).or_default() += 1;
    *survey.orientations.entry(info.orientation).or_default() += 1;
    *survey.frames.entry(info.frames).or_default() += 1;
    survey.multi_frame += u64::from(info.frames > 1);
    survey.premultiplied += u64::from(info.premultiplied);
    if found.format.is_none() && info.dtype == DType::Int64 {
        let values = payload.as_chunks::<8>().0.iter().map(|b| i64::from_le_bytes(*b));
        let (low, high) = values.fold((0, 0), |(l, h), v| (v.min(l), v.max(h)));
        survey.wide |= low.min(-high) < -(1 << 53);
        let fit = [
            (DType::Uint8, 0, 255),
            (DType::Uint16, 0, 65_535),
            (DType::Int32, i64::from(i32::MIN), i64::from(i32::MAX)),
        ];
        let fit = fit.iter().find(|f| low >= f.1 && high <= f.2).map_or(DType::Int64, |f| f.0);
        survey.smaller =
            Some(survey.smaller.map_or(fit, |s| if s.size() > fit.size() { s } else { fit }));
    }
}
