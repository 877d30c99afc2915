//! What has to be known of all records before the first row, so that the inputs are read twice.

use super::{Merge, Options, Ragged, ReadAs};

impl Options {
    /// Whether the largest image is looked for, to which rows are padded.
    pub(crate) fn measures(&self) -> bool {
        self.ragged == Ragged::Pad && self.size.is_none()
    }

    /// Whether names of classes may be numbered, as these are not said.
    pub(crate) fn numbers_classes(&self) -> bool {
        let in_array =
            |set: &(&str, String)| set.0 == "merge" && set.1.trim() == Merge::Class.name();
        let mut columns = self.column_type.iter();
        self.merge == Merge::Class && self.classes.is_empty()
            || columns.any(|one| one.reads == ReadAs::Category && one.legend.is_empty())
            || self.arrays.iter().any(|array| array.settings.iter().any(in_array))
    }
}
