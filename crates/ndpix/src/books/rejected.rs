//! What is rejected: counted, said, kept in the rejects file, and when it is too much.

use std::collections::BTreeSet;

use super::Books;
use crate::batch::{Gone, Record};
use crate::error::{Error, Result};
use crate::options::MaxRejects;
use crate::summary::Reject;

/// So many of the first rejects stand in the summary.
const FIRST_REJECTS: usize = 5;

impl Books<'_> {
    /// Counts a reject.
    pub(super) fn reject(&mut self, record: &Record, error: &Error) -> Result<()> {
        if record.gone == Some(Gone::Cut) {
            self.summary.truncated.extend(Reject::of(error));
            self.inputs.iter_mut().for_each(|inputs| inputs.cut(record.file));
        }
        let s = &mut self.summary;
        *s.rejects.entry(error.kind()).or_default() += 1;
        let remedies = error.remedies().iter();
        let options: BTreeSet<_> =
            remedies.filter_map(|r| r.options.first()).map(|o| o.0).collect();
        for option in options {
            *s.mended.entry(option).or_default() += 1;
        }
        if s.first_rejects.len() < FIRST_REJECTS {
            s.first_rejects.extend(Reject::of(error));
        }
        self.sink.reject(error)
    }

    /// Whether the rejects have passed what the options allow; a share only counts after 1,000 images
    /// and at the end.
    pub(super) fn too_many(&self, at_end: bool) -> Result<()> {
        let s = &self.summary;
        let rejected = s.rejected();
        if !self.passes(0, at_end) {
            return Ok(());
        }
        Err(Error::limit(format!(
            "{rejected} of {} images and unreadable records rejected, more than max_rejects allows; the first: {}",
            s.judged(),
            s.first_rejects.first().map(ToString::to_string).unwrap_or_default()
        )))
    }

    /// Whether so many `more` rejects pass what the options allow.
    pub(super) fn passes(&self, more: u64, at_end: bool) -> bool {
        let s = &self.summary;
        let (rejected, judged) = (s.rejected() + more, s.judged() + more);
        let most = self.options.max_rejects.unwrap_or_default();
        let is_share = matches!(most, MaxRejects::Percent(_));
        (at_end || !is_share || judged >= 1000) && most.is_passed(rejected, judged)
    }

    /// Makes the rejects file whole, under its final name if `replace`; the first error stays.
    pub(super) fn finish_rejects(&mut self, replace: bool, result: Result<()>) -> Result<()> {
        let Some(rejects) = self.rejects.take() else { return result };
        match rejects.finish(replace) {
            Ok(path) => {
                self.summary.outputs.extend(path.map(|p| p.display().to_string()));
                result
            }
            Err(error) => result.and(Err(error)),
        }
    }
}
