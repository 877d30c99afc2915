//! Where along the input rejects lie: a bounded number of stretches, each of as many records.

use crate::error::Position;

/// Stretches that are told apart at most.
const STRETCHES: usize = 96;

/// Stretches of the input.
#[derive(Debug)]
pub(super) struct Course {
    /// Records of a stretch; doubled when there are too many stretches.
    pub(super) width: u64,
    pub(super) stretches: Vec<Stretch>,
    /// The record that comes first.
    first: Option<u64>,
    last: u64,
}

/// Records that follow each other.
#[derive(Debug, Clone, Default)]
pub(super) struct Stretch {
    /// Images and records that could have been rejected.
    pub(super) seen: u64,
    pub(super) rejected: u64,
    /// Where the first of the rejects stands: file and line.
    pub(super) at: Option<(String, u64)>,
}

impl Default for Course {
    fn default() -> Self {
        Self { width: 1, stretches: Vec::new(), first: None, last: 0 }
    }
}

impl Course {
    /// Notes what became of an image of a record, or of a record.
    pub(super) fn pass(&mut self, record: u64, is_reject: bool, place: &Position) {
        let from = *self.first.get_or_insert(record);
        self.last = record;
        while (record - from) / self.width >= STRETCHES as u64 {
            self.double();
        }
        let number = ((record - from) / self.width) as usize;
        if self.stretches.len() <= number {
            self.stretches.resize(number + 1, Stretch::default());
        }
        let stretch = &mut self.stretches[number];
        stretch.seen += 1;
        stretch.rejected += u64::from(is_reject);
        if is_reject {
            stretch.at.get_or_insert_with(|| (place.file.to_string(), place.line));
        }
    }

    fn double(&mut self) {
        self.width *= 2;
        let pair = |pair: &[Stretch]| Stretch {
            seen: pair.iter().map(|s| s.seen).sum(),
            rejected: pair.iter().map(|s| s.rejected).sum(),
            at: pair.iter().find_map(|s| s.at.clone()),
        };
        self.stretches = self.stretches.chunks(2).map(pair).collect();
    }

    /// The first and the last record of a stretch, counted from 1.
    pub(super) fn records(&self, number: usize) -> (u64, u64) {
        let from = self.first.unwrap_or_default() + number as u64 * self.width;
        (from + 1, (from + self.width).min(self.last + 1))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn stretches_become_longer_and_lose_nothing() {
        let mut course = Course::default();
        for record in 10..1010 {
            let place = Position { file: "a".into(), line: record + 1, byte: 0, item: 0 };
            course.pass(record, record % 100 == 0, &place);
        }
        assert_eq!((course.width, course.stretches.len()), (16, 63));
        assert_eq!(course.stretches.iter().map(|s| s.seen).sum::<u64>(), 1000);
        assert_eq!(course.stretches.iter().map(|s| s.rejected).sum::<u64>(), 10);
        assert_eq!((course.records(0), course.records(62)), ((11, 26), (1003, 1010)));
        let first = course.stretches.iter().position(|s| s.rejected > 0);
        assert_eq!(first, Some(5), "record 100 is 90 after the first");
        assert_eq!(course.stretches[5].at, Some(("a".to_string(), 101)));
    }
}
