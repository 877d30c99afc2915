//! How often the inputs are read: what has to be known of all records before the first row.

use super::{Merge, Options, Ragged, ReadAs};

impl Options {
    /// Whether the records may be read twice: once for the largest image that rows are padded to, or for the names of
    /// classes, and once for the rows. A pipe can be read only once.
    ///
    /// ```
    /// use ndpix::Options;
    /// let named = |types: &str| Options::default().with("columns", "pet")?.with("column_type", types);
    /// assert!(named("pet=category")?.reads_twice());
    /// assert!(!named("pet=category[cat,dog]")?.reads_twice());
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn reads_twice(&self) -> bool {
        self.measures() || self.numbers_classes()
    }

    /// Whether the largest image is looked for.
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
