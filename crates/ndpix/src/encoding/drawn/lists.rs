//! Numbers of what is drawn: flat, with the end of each list.

use crate::error::{Error, Result, quote};
use crate::limits::make_room;
use crate::record::value::{self, Kind};

/// Lists of numbers, one after the other.
#[derive(Debug, Default)]
pub(super) struct Lists {
    pub(super) numbers: Vec<f64>,
    /// Where each list ends.
    pub(super) ends: Vec<usize>,
}

impl Lists {
    pub(super) fn clear(&mut self) {
        self.numbers.clear();
        self.ends.clear();
    }

    /// The bytes that it takes.
    pub(super) fn capacity(&self) -> usize {
        (self.numbers.capacity() + self.ends.capacity()) * 8
    }

    /// Adds the numbers of a list as one.
    ///
    /// # Errors
    /// Kind `shape` for what is no finite number.
    pub(super) fn push(&mut self, list: &[u8]) -> Result<()> {
        self.extend(list)?;
        self.end()
    }

    /// Adds the numbers of a list to the one that is not ended yet.
    pub(super) fn extend(&mut self, list: &[u8]) -> Result<()> {
        if value::kind(list) != Kind::Array {
            return Err(Error::field(format!(
                "expected a list of numbers, found {}",
                value::kind(list).name()
            )));
        }
        value::elements(list).try_for_each(|text| self.one(text))
    }

    /// Adds a number to the list that is not ended yet.
    pub(super) fn one(&mut self, text: &[u8]) -> Result<()> {
        make_room(&mut self.numbers, 1)?;
        self.numbers.push(number(text)?);
        Ok(())
    }

    /// Ends a list.
    pub(super) fn end(&mut self) -> Result<()> {
        make_room(&mut self.ends, 1)?;
        self.ends.push(self.numbers.len());
        Ok(())
    }

    /// The lists.
    pub(super) fn iter(&self) -> impl Iterator<Item = &[f64]> {
        let mut from = 0;
        self.ends.iter().map(move |&end| &self.numbers[std::mem::replace(&mut from, end)..end])
    }
}

/// A finite number.
///
/// # Errors
/// Kind `shape` for anything else.
pub(super) fn number(text: &[u8]) -> Result<f64> {
    let read = || std::str::from_utf8(text).ok()?.parse().ok();
    match (value::kind(text) == Kind::Number).then(read).flatten() {
        Some(number) if f64::is_finite(number) => Ok(number),
        _ => Err(Error::shape(format!("expected a number, found {}", quote(text)))),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_keep_their_ends() {
        let mut lists = Lists::default();
        lists.push(b"[1, -2.5e1]").expect("numbers");
        lists.push(b"[]").expect("none");
        lists.push(b"[3]").expect("one");
        let all: Vec<&[f64]> = lists.iter().collect();
        assert_eq!(all, [&[1.0, -25.0][..], &[], &[3.0]]);
        for bad in ["1", "[null]", "[\"1\"]", "[[1]]", "[1e999]", "[NaN]"] {
            assert!(Lists::default().push(bad.as_bytes()).is_err(), "{bad}");
        }
    }
}
