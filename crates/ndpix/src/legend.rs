//! What numbers of classes mean.

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use serde_json::Value;

use crate::error::{Error, Result, quote};

/// Names that a legend has at most, and bytes of all of them.
const NAMES: usize = 1 << 16;
const BYTES: usize = 1 << 20;

/// The names of classes, each known by a number: its place among them, from 0.
///
/// ```
/// let legend: ndpix::Legend = "cat,dog,\"a, b\"".parse()?;
/// assert_eq!((legend.number("dog"), legend.number("cow")), (Some(1), None));
/// assert_eq!(legend.names().collect::<Vec<_>>(), ["cat", "dog", "a, b"]);
/// assert_eq!(legend.to_string(), "cat,dog,\"a, b\"");
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq, Hash)]
pub struct Legend {
    names: Arc<[Box<str>]>,
    /// Numbers in the order of their names.
    sorted: Arc<[u32]>,
}

impl Legend {
    /// The legend in which these names have the numbers 0, 1, ...
    ///
    /// # Errors
    /// Kind `options` where a name comes twice, or there are more than 65,536 of them, or more than 1 MiB.
    pub fn new(names: impl IntoIterator<Item = String>) -> Result<Self> {
        let names: Arc<[Box<str>]> = names.into_iter().map(String::into_boxed_str).collect();
        if names.len() > NAMES || names.iter().map(|name| name.len()).sum::<usize>() > BYTES {
            return Err(too_many());
        }
        let mut sorted: Vec<u32> = (0..names.len() as u32).collect();
        sorted.sort_unstable_by_key(|number| &names[*number as usize]);
        let twice = sorted.windows(2).find(|two| names[two[0] as usize] == names[two[1] as usize]);
        match twice {
            None => Ok(Self { names, sorted: sorted.into() }),
            Some(two) => Err(Error::options(format!(
                "the class {} is named twice",
                quote(names[two[0] as usize].as_bytes())
            ))),
        }
    }

    /// The number of a class.
    pub fn number(&self, name: &str) -> Option<usize> {
        let found = self.sorted.binary_search_by_key(&name, |number| &self.names[*number as usize]);
        found.ok().map(|at| self.sorted[at] as usize)
    }

    /// The names, in the order of their numbers.
    pub fn names(&self) -> impl ExactSizeIterator<Item = &str> {
        self.names.iter().map(|name| &**name)
    }

    /// How many classes there are.
    pub fn len(&self) -> usize {
        self.names.len()
    }

    /// Whether it names none: whoever asks for classes then leaves the names to the records.
    pub fn is_empty(&self) -> bool {
        self.names.is_empty()
    }

    /// Names with their numbers, from `first` on, as far as they go into a line.
    pub(crate) fn said(&self, first: usize) -> String {
        const SHOWN: usize = 8;
        let shown = self.names().take(SHOWN).enumerate();
        let mut said: Vec<String> =
            shown.map(|(i, name)| format!("{} {}", i + first, quote(name.as_bytes()))).collect();
        if self.len() > SHOWN {
            said.push(format!("... {} in all", self.len()));
        }
        said.join(", ")
    }
}

impl fmt::Display for Legend {
    /// The names with commas between them; in double quotes as JSON has it what would not be read as it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        for (i, name) in self.names().enumerate() {
            if i > 0 {
                f.write_str(",")?;
            }
            let strange = |c: char| matches!(c, ',' | '"' | '[' | ']') || c.is_control();
            if name.is_empty() || name.contains(strange) || name.trim() != name {
                write!(f, "{}", Value::from(name))?;
            } else {
                f.write_str(name)?;
            }
        }
        Ok(())
    }
}

impl FromStr for Legend {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (mut names, mut rest) = (Vec::new(), text.trim_start());
        let bad = || Error::options(format!("{} is no list of names", quote(text.as_bytes())));
        while !rest.is_empty() {
            let after = if rest.starts_with('"') {
                let mut json = serde_json::Deserializer::from_str(rest).into_iter::<String>();
                names.push(json.next().and_then(Result::ok).ok_or_else(bad)?);
                rest[json.byte_offset()..].trim_start()
            } else {
                let end = rest.find(',').unwrap_or(rest.len());
                let name = rest[..end].trim();
                if name.is_empty() || name.contains('"') {
                    return Err(bad());
                }
                names.push(name.to_string());
                &rest[end..]
            };
            rest = match after.strip_prefix(',') {
                Some(more) if !more.trim_start().is_empty() => more.trim_start(),
                None if after.is_empty() => after,
                _ => return Err(bad()),
            };
        }
        Self::new(names)
    }
}

/// The names of classes that records have, before their numbers are known.
#[derive(Debug, Default)]
pub(crate) struct Census {
    names: BTreeSet<String>,
    bytes: usize,
}

impl Census {
    /// # Errors
    /// Kind `limit` where there are more names than a legend has.
    pub(crate) fn note(&mut self, name: &str) -> Result<()> {
        if self.names.contains(name) {
            return Ok(());
        }
        self.bytes += name.len();
        if self.names.len() >= NAMES || self.bytes > BYTES {
            return Err(Error::limit(too_many().message().to_string()));
        }
        self.names.insert(name.to_string());
        Ok(())
    }

    /// The legend of all of them: whole numbers by their size, and else by their text, as Python sorts it.
    pub(crate) fn legend(self) -> Result<Legend> {
        let mut names: Vec<String> = self.names.into_iter().collect();
        if names.iter().all(|name| name.parse::<i64>().is_ok()) {
            names.sort_by_key(|name| name.parse::<i64>().unwrap_or(0));
        }
        Legend::new(names)
    }
}

fn too_many() -> Error {
    Error::options(format!(
        "there are more than {NAMES} classes, or {} MiB of their names; those are texts",
        BYTES >> 20
    ))
}

/// What numbers mean, as outputs and summaries say it: lists of names, by the columns and arrays that have the numbers.
pub(crate) fn legends_said(legends: &[(Arc<str>, Legend)]) -> Value {
    let all = legends.iter().map(|(name, legend)| {
        (name.to_string(), legend.names().map(Value::from).collect::<Value>())
    });
    Value::Object(all.collect())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_is_read() {
        for names in [
            &["cat"][..],
            &["cat", "dog", "ä", "a b"],
            &["", " ", "a,b", "\"", "[x]", "\n", "z"],
            &["10", "9", "-1"],
        ] {
            let legend = Legend::new(names.iter().map(ToString::to_string)).expect("a legend");
            assert_eq!(legend.to_string().parse::<Legend>().ok(), Some(legend.clone()), "{legend}");
            let numbers: Vec<_> = names.iter().map(|name| legend.number(name)).collect();
            assert_eq!(numbers, (0..names.len()).map(Some).collect::<Vec<_>>());
        }
        for bad in ["a,,b", "a,", ",a", "a,a", "\"a", "\"a\"b", "a\"b"] {
            assert!(bad.parse::<Legend>().is_err(), "{bad}");
        }
        assert!(" ".parse::<Legend>().is_ok_and(|legend| legend.is_empty()));
    }

    #[test]
    fn names_are_sorted_and_bounded() {
        let of = |names: &[&str]| {
            let mut census = Census::default();
            names.iter().try_for_each(|name| census.note(name))?;
            census.legend()
        };
        assert_eq!(of(&["b", "a", "Z", "b"]).expect("names").to_string(), "Z,a,b");
        assert_eq!(of(&["10", "9", "-2"]).expect("numbers").to_string(), "-2,9,10");
        assert_eq!(of(&["10", "9", "x"]).expect("both").to_string(), "10,9,x");
        let mut census = Census::default();
        let ended = (0..=NAMES).try_for_each(|n| census.note(&n.to_string()));
        assert!(ended.is_err_and(|e| e.message().contains("65536")));
        assert!(Census::default().note(&"x".repeat(BYTES + 1)).is_err());
    }
}
