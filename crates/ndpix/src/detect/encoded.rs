//! The plan of images that stay the files that they are: they may differ in everything, but must be files.

use super::kinds::nothing;
use super::survey::Survey;
use crate::error::{Error, Result};
use crate::plan::{Plan, Target};

/// Completes the plan.
pub(super) fn settle(plan: &mut Plan, survey: &Survey) -> Result<()> {
    if survey.formats.is_empty() {
        return Err(nothing(survey));
    }
    if let Some(count) = survey.formats.get("array") {
        return Err(Error::plan(format!(
            "{count} of {} images in the sample are pixels and no image files, so that images_as encoded has nothing to keep; leave it out",
            survey.images
        )));
    }
    if survey.multi_frame > 0 {
        plan.notes.push(format!(
            "{} of {} images in the sample have several frames or pages; they are kept whole, and checked in the first",
            survey.multi_frame, survey.images
        ));
    }
    plan.target = Target::Encoded;
    Ok(())
}
