//! Compressed inputs that end before their end: what is done where they are to be read up to there.

use super::{Feed, Open};
use crate::batch::Text;

impl Feed {
    /// Where a compressed input is cut, its whole records are handed out and one without text after them.
    pub(crate) fn keeping_cut(mut self, keeps: bool) -> Self {
        self.keeps_cut = keeps;
        self
    }

    /// Ends an input that is cut: what there is of its last record, or of none, is a record without text.
    pub(super) fn end_cut(&mut self, text: &mut Text) {
        if let Some(current) = &mut self.current {
            let (line, byte) = (current.line, current.byte);
            let none = Open { start: self.scanned, line, byte, solid: byte, dropped: true };
            current.record.get_or_insert(none);
        }
        self.end_record(text, true);
        self.current = None;
    }
}
