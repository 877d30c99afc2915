//! An image of a record, as it was found.

/// An image that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Item {
    /// Which of the places of the plan it stands in.
    pub(super) place: usize,
    /// As in [`crate::record::scan::Hit`].
    pub(super) object: usize,
    /// As there.
    pub(super) bound: usize,
    pub(super) start: usize,
    pub(super) end: usize,
    /// Whether it was wrapped as bytes or a path.
    pub(super) either: bool,
}
