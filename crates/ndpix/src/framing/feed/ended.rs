//! What becomes of a record that ended: those that are picked are handed out, and `skip` and `limit` count them.

use super::{Feed, Open, Pick, Picked, trailing_space};
use crate::batch::{Gone, Record, Text};

impl Feed {
    /// Hands out only records that are picked, and counts `skip` and `limit` among these.
    pub(crate) fn picking(mut self, pick: Option<Pick>) -> Self {
        self.pick = pick;
        self
    }

    /// Takes every input for a rejects file, if `all`, and not only those that are called so.
    pub(crate) fn unwrapping(mut self, all: bool) -> Self {
        self.files.iter_mut().for_each(|file| file.rejects |= all);
        self
    }

    /// Whether a record that ends here is picked. One whose text is gone is: it will be said why.
    fn picked(&mut self, open: Open, file: u32) -> Picked {
        let Some(pick) = self.pick.as_mut().filter(|_| !open.dropped) else { return Picked::Yes };
        let record = &self.buf[open.start..self.scanned];
        let record = &record[..record.len() - trailing_space(record)];
        pick(record, self.files[file as usize].rejects)
    }

    /// Hands a record out, or passes it over.
    pub(super) fn end_record(&mut self, text: &mut Text, is_cut: bool) {
        let Some(current) = &mut self.current else { return };
        let Some(open) = current.record.take() else { return };
        let (index, file) = (self.index, current.file);
        self.index += 1;
        current.records += 1;
        let picked = if is_cut { Picked::Yes } else { self.picked(open, file) };
        let meets = matches!(picked, Picked::Yes | Picked::Untold);
        self.ended |= picked == Picked::Over;
        let Some(current) = &mut self.current else { return };
        self.matched += u64::from(meets);
        if let Some(taken) = self.taken.get_mut(file as usize)
            && self.pick.is_some()
        {
            *taken = current.records;
        }
        if !meets || self.matched <= self.skip {
            self.counts.skipped += 1;
            return;
        }
        if let Some(taken) = self.taken.get_mut(current.file as usize) {
            *taken = current.records;
        }
        self.counts.records += 1;
        if index < self.done {
            return;
        }
        let mut record = Record {
            start: open.start,
            end: self.scanned,
            file: current.file,
            line: open.line,
            byte: open.byte,
            index,
            matched: self.matched,
            untold: picked == Picked::Untold,
            gone: match is_cut {
                true => Some(Gone::Cut),
                false => open.overlong(current.byte, self.max_record_bytes).map(Gone::Overlong),
            },
        };
        if record.gone.is_some() {
            // The text is gone; an empty span that lies in what is handed out.
            record.start = text.records.last().map_or(self.scanned, |r| r.end);
            record.end = record.start;
        } else {
            record.end -= trailing_space(&self.buf[open.start..self.scanned]);
        }
        text.records.push(record);
    }
}
