//! JSON text sequences (RFC 7464): a record separator before each record, which ends before the
//! next one or with the file. Empty records are passed over, as the RFC asks; text before the
//! first separator is a record, so that nothing is lost unseen.

use super::{Event, is_space};

pub(super) const SEPARATOR: u8 = 0x1e;

#[derive(Debug, Default)]
pub(super) struct Seq {
    inside: bool,
}

impl Seq {
    pub(super) fn step(&mut self, bytes: &[u8], last: bool) -> (usize, Event) {
        if self.inside {
            return match memchr::memchr(SEPARATOR, bytes) {
                None if !last => (bytes.len(), Event::More),
                found => {
                    self.inside = false;
                    (found.unwrap_or(bytes.len()), Event::End)
                }
            };
        }
        match bytes.iter().position(|&b| b != SEPARATOR && !is_space(b)) {
            Some(at) => {
                self.inside = true;
                (at, Event::Begin)
            }
            None if last => (bytes.len(), Event::Done),
            None => (bytes.len(), Event::More),
        }
    }
}
