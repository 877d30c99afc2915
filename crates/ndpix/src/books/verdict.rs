//! What becomes of an outcome: judged by the options alone, and counted.

use crate::batch::Gone;
use crate::decode::Found;
use crate::error::{Error, Position};
use crate::options::{OnError, OnMissing, Options};
use crate::pipeline::Fate;
use crate::pixels::color::has_alpha;
use crate::summary::Summary;

/// What becomes of an outcome.
pub(super) struct Verdict {
    /// It is a reject.
    pub(super) reject: Option<Error>,
    pub(super) row: Row,
}

/// What row an outcome becomes.
#[allow(clippy::large_enum_variant, reason = "nearly all are images, and none is kept")]
pub(super) enum Row {
    None,
    /// The next `len` bytes of the pixels.
    Image {
        found: Found,
        len: usize,
    },
    Fill,
}

/// Judges what was found of an image, or of a record without one, at `place`.
pub(super) fn judge(
    fate: Fate,
    options: &Options,
    gone: Option<Gone>,
    place: impl Fn() -> Position,
) -> Verdict {
    let reject = |error: Error| {
        // Where an input is cut nobody knows how many images are missing.
        let is_cut = gone == Some(Gone::Cut);
        let fills = !is_cut && options.on_error.of(error.kind()) == OnError::Fill;
        Verdict { reject: Some(error), row: if fills { Row::Fill } else { Row::None } }
    };
    match fate {
        Fate::Row { found, len } => Verdict { reject: None, row: Row::Image { found, len } },
        Fate::Missing => match options.on_missing {
            OnMissing::Skip => Verdict { reject: None, row: Row::None },
            OnMissing::Fill => Verdict { reject: None, row: Row::Fill },
            OnMissing::Reject => reject(Error::field("the record has no image").at(place())),
        },
        Fate::Unreadable(error) | Fate::Rejected(error) | Fate::Refused(error) => reject(error),
    }
}

/// Counts what was found; `first`: it is the first of its record.
pub(crate) fn count(s: &mut Summary, fate: &Fate, first: bool) {
    s.records += u64::from(first);
    match fate {
        Fate::Row { found, .. } => {
            let info = &found.info;
            s.with_image += u64::from(first);
            s.images += 1;
            s.decoded += 1;
            s.oriented += u64::from(info.orientation != 1);
            s.alpha += u64::from(has_alpha(info.color));
            s.premultiplied += u64::from(info.premultiplied);
            s.overlapping += u64::from(found.overlaps);
            s.multi_frame += u64::from(info.frames > 1);
        }
        Fate::Missing => s.without_image += 1,
        Fate::Unreadable(_) => s.unreadable += 1,
        Fate::Rejected(_) | Fate::Refused(_) => {
            s.with_image += u64::from(first);
            s.images += 1;
            s.rejected_images += 1;
        }
    }
}
