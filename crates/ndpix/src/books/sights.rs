//! What a caller is told of each image and each reject.

use super::verdict::{Row, Verdict};
use crate::batch::{Origin, Record};
use crate::control::{Control, Picture, Seen, Sight};
use crate::plan::{Plan, Target};
use crate::shape::Shape;

/// Who is told, and what rows are like.
pub(crate) struct Sights<'c> {
    told: Option<&'c (dyn Fn(&Sight<'_>) + Sync)>,
    /// The shape of every row, where rows have one.
    row: Option<Shape>,
}

/// Where an outcome stands: its record, the image of it, the row that comes next and the pixels from there on.
pub(super) struct Stands<'p> {
    pub(super) record: &'p Record,
    pub(super) text: &'p [u8],
    pub(super) origin: &'p Origin<'p>,
    pub(super) item: u32,
    pub(super) row: u64,
    pub(super) pixels: &'p [u8],
}

impl<'c> Sights<'c> {
    pub(crate) fn new(control: &Control<'c>, plan: &Plan) -> Self {
        let row = match plan.target {
            Target::Stack { shape, .. } | Target::Pad { shape, .. } => Some(shape),
            _ => None,
        };
        Self { told: control.sight, row }
    }

    pub(super) fn tell(&self, stands: &Stands<'_>, verdict: &Verdict) {
        let Some(told) = self.told else { return };
        let seen = match (&verdict.reject, &verdict.row) {
            (Some(error), _) => Seen::Rejected(error),
            (None, Row::Image { found, len }) => {
                let (shape, dtype) = (self.row.unwrap_or(found.info.shape), found.info.dtype);
                // Rows of further arrays come after it.
                let own = shape.bytes(dtype).map_or(*len, |own| own.min(*len));
                Seen::Image(Picture {
                    stored: found.stored,
                    color: found.info.color,
                    orientation: found.info.orientation,
                    format: found.format,
                    shape,
                    dtype,
                    pixels: &stands.pixels[..own],
                })
            }
            (None, Row::None | Row::Fill) => Seen::Missing,
        };
        told(&Sight {
            position: stands.origin.position(stands.item),
            record: stands.record.index,
            text: stands.text,
            row: (!matches!(verdict.row, Row::None)).then_some(stands.row),
            seen,
        });
    }
}
