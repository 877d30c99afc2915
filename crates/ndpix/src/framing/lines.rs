//! Records on lines: cut at the newline byte and nowhere else, without parsing. JSON escapes
//! newlines inside strings, so one always ends a record; other line separators of Unicode are text.

use super::{Event, Step, is_space};

/// Where the scanner is in its line.
#[derive(Debug, Default)]
pub(super) struct Lines {
    inside: bool,
    /// The line had a record.
    recorded: bool,
    /// The line had white space.
    spaced: bool,
}

impl Lines {
    /// Begins on a line: after its record, or before anything of it.
    pub(super) fn begin(recorded: bool) -> Self {
        Self { recorded, ..Self::default() }
    }

    pub(super) fn step(&mut self, bytes: &[u8], last: bool) -> Step {
        let step = |used, newlines, event| Step { used, newlines, event };
        if self.inside {
            return match memchr::memchr(b'\n', bytes) {
                None if !last => step(bytes.len(), 0, Event::More),
                found => {
                    *self = Self { inside: false, recorded: true, spaced: false };
                    step(found.unwrap_or(bytes.len()), 0, Event::End)
                }
            };
        }
        let mut newlines = 0;
        for (i, &byte) in bytes.iter().enumerate() {
            if byte == b'\n' {
                newlines += 1;
                if !std::mem::take(self).recorded {
                    return step(i + 1, newlines, Event::Blank);
                }
            } else if is_space(byte) {
                self.spaced = true;
            } else {
                self.inside = true;
                return step(i, newlines, Event::Begin);
            }
        }
        let event = match std::mem::take(self) {
            state if !last => {
                *self = state;
                Event::More
            }
            Self { recorded: false, spaced: true, .. } => Event::Blank,
            _ => Event::Done,
        };
        step(bytes.len(), newlines, event)
    }
}
