//! What the threads hand to the commit: decoded images in input order, and what became of the rest.

use crate::batch::{File, Text};
use crate::decode::{Found, Kept};
use crate::error::{Error, Position, Result};
use crate::format::ImageInfo;
use crate::options::OnErrors;

/// What became of one image, or of a record without one.
#[derive(Debug)]
pub(crate) struct Outcome {
    /// The record, in the text of the part.
    pub(crate) record: usize,
    /// Which image of the record.
    pub(crate) item: u32,
    pub(crate) result: Fate,
}

impl Outcome {
    /// Takes it out of its place.
    pub(crate) fn take(&mut self) -> Self {
        let result = std::mem::replace(&mut self.result, Fate::Missing);
        Self { result, ..*self }
    }

    /// The outcome, or the error that ends the run here because it may be gone in a while.
    pub(crate) fn waits(self, on_error: &OnErrors) -> Result<Self> {
        match self.result {
            Fate::Rejected(error) if on_error.waits(&error) => Err(error),
            _ => Ok(self),
        }
    }
}

/// See [`Outcome`].
#[derive(Debug)]
#[allow(
    clippy::large_enum_variant,
    reason = "nearly all are rows, and a box would be an allocation for each"
)]
pub(crate) enum Fate {
    /// A row: the next `len` bytes of the part's pixels.
    Row { found: Found, len: usize },
    /// The record has no image.
    Missing,
    /// The record could not be read at all.
    Unreadable(Error),
    /// The image could not be decoded or does not fit.
    Rejected(Error),
    /// The record is refused for something else than its image, before that is decoded.
    Refused(Error),
}

/// Decoded records in input order, handed to the commit.
pub(crate) struct Part<'a> {
    pub(crate) text: &'a Text,
    pub(crate) outcomes: &'a mut Vec<Outcome>,
    pub(crate) pixels: &'a [u8],
    /// A row for each record of the outcomes, where fields are kept.
    pub(crate) kept: &'a Kept,
    /// Whether it is the last of its batch, whose records all are committed then.
    pub(crate) last: bool,
    /// The inputs.
    pub(crate) files: &'a [File],
}

impl Part<'_> {
    /// The first error that ends the run here because it may be gone in a while, if there is one.
    pub(crate) fn waits(&mut self, on_error: &OnErrors) -> Result<()> {
        let waits = |o: &Outcome| matches!(&o.result, Fate::Rejected(e) if on_error.waits(e));
        match self.outcomes.iter().position(waits) {
            Some(at) => self.outcomes[at].take().waits(on_error).map(drop),
            None => Ok(()),
        }
    }

    /// Hands over each image by itself, or why there is none; a record without image is an error of
    /// kind `field`.
    pub(crate) fn each(
        &mut self,
        mut take: impl FnMut(Position, Result<(ImageInfo, &[u8])>) -> Result<()>,
    ) -> Result<()> {
        let mut at = 0;
        for outcome in self.outcomes.drain(..) {
            let place = self.text.origin(outcome.record, self.files).position(outcome.item);
            let image = match outcome.result {
                Fate::Row { found, len } => {
                    at += len;
                    Ok((found.info, &self.pixels[at - len..at]))
                }
                Fate::Missing => Err(Error::field("the record has no image").at(place.clone())),
                Fate::Unreadable(error) | Fate::Rejected(error) | Fate::Refused(error) => {
                    Err(error)
                }
            };
            take(place, image)?;
        }
        Ok(())
    }
}
