//! Rows on their way to the sink: as many as stand together are written together, each to its arrays.

use super::Books;
use crate::error::{Error, Result};
use crate::limits::make_room;

/// Pixels of a part: the next `len` bytes of them are rows that wait to be written together.
pub(super) struct Pending<'p> {
    pub(super) pixels: &'p [u8],
    pub(super) len: usize,
}

impl Books<'_> {
    /// Writes the rows that wait.
    pub(super) fn put(&mut self, pending: &mut Pending<'_>) -> Result<()> {
        if pending.len > 0 {
            let (rows, rest) = pending.pixels.split_at(pending.len);
            self.write(rows)?;
            if let Some(saving) = &mut self.saving {
                saving.see(self.summary.bytes_written, rows);
            }
            self.summary.bytes_written += rows.len() as u64;
            self.summary.gzip_leaves =
                self.saving.as_ref().and_then(|s| s.share(self.summary.bytes_written));
            *pending = Pending { pixels: rest, len: 0 };
        }
        Ok(())
    }

    /// Writes whole rows, each to its arrays.
    pub(super) fn write(&mut self, rows: &[u8]) -> Result<()> {
        let [lead, others @ ..] = &self.widths[..] else { return self.sink.write(rows) };
        let all = self.widths.iter().sum::<usize>().max(1);
        let of = |from: usize, width: usize| {
            let mut own = Vec::new();
            make_room(&mut own, rows.len() / all * width)?;
            rows.chunks_exact(all).for_each(|row| own.extend_from_slice(&row[from..from + width]));
            Ok::<_, Error>(own)
        };
        self.sink.write(&of(0, *lead)?)?;
        let mut from = *lead;
        for (number, width) in others.iter().enumerate() {
            self.sink.array(number, &of(from, *width)?)?;
            from += width;
        }
        Ok(())
    }
}
