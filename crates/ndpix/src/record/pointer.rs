//! Naming a field of a record: `a.b[2].c`, `images[*].url`, `"image/png"` in quotes (a JSON string),
//! a JSON Pointer (RFC 6901) that begins with `/`, or `.` for the record itself.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result, quote};

/// One step from a value to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Step {
    /// The member of this name; in an array, the element of this number.
    Key(String),
    /// The element of this number, from 0.
    Index(usize),
    /// Every element.
    Any,
}

/// The path from a record to one of its values, or to several where it holds `[*]`.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Pointer {
    steps: Vec<Step>,
}

impl Pointer {
    /// The path with these steps.
    pub fn new(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// The steps, outermost first; none for the record itself.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether the path can lead to several values.
    pub fn is_wild(&self) -> bool {
        self.steps.contains(&Step::Any)
    }

    /// Whether the value stands inside the one at `outer`.
    pub(crate) fn is_inside(&self, outer: &Self) -> bool {
        self.steps.len() > outer.steps.len() && self.steps.starts_with(&outer.steps)
    }

    /// Whether one of the values can stand inside the other, or be it.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        self.steps.iter().zip(&other.steps).all(|(a, b)| a == b || a.crosses(b) || b.crosses(a))
    }

    /// The path of a member `name` of the object that holds this value.
    pub(crate) fn sibling(&self, name: &str) -> Option<Self> {
        let (last, parent) = self.steps.split_last()?;
        let Step::Key(_) = last else { return None };
        let mut steps = parent.to_vec();
        steps.push(Step::Key(name.to_string()));
        Some(Self { steps })
    }
}

impl Step {
    /// Whether both can lead to the same element of an array.
    fn crosses(&self, other: &Self) -> bool {
        match other {
            Self::Index(index) => self.takes_index(*index),
            Self::Key(name) => name.parse().is_ok_and(|index| self.takes_index(index)),
            Self::Any => *self == Self::Any,
        }
    }

    /// Whether the step leads to the member with this (unescaped) key.
    pub(crate) fn takes_key(&self, key: &[u8]) -> bool {
        matches!(self, Self::Key(name) if name.as_bytes() == key)
    }

    /// Whether the step leads to element `index` of an array.
    pub(crate) fn takes_index(&self, index: usize) -> bool {
        match self {
            Self::Any => true,
            Self::Index(i) => *i == index,
            Self::Key(name) => name.parse() == Ok(index),
        }
    }
}

impl FromStr for Pointer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text == "." {
            return Ok(Self::default());
        }
        if let Some(rest) = text.strip_prefix('/') {
            let key = |t: &str| Step::Key(t.replace("~1", "/").replace("~0", "~"));
            return Ok(Self { steps: rest.split('/').map(key).collect() });
        }
        let bad = |what: &str| {
            Error::options(format!(
                "field {}: {what}; write a.b[2].c, a[*].b or /a/b",
                quote(text.as_bytes())
            ))
        };
        let mut steps = Vec::new();
        let mut rest = text.strip_prefix('.').unwrap_or(text);
        while !rest.is_empty() {
            if let Some(inner) = rest.strip_prefix('[') {
                let (index, after) = inner.split_once(']').ok_or_else(|| bad("'[' without ']'"))?;
                steps.push(match index {
                    "*" => Step::Any,
                    _ => Step::Index(index.parse().map_err(|_| bad("an index is a number or *"))?),
                });
                rest = after;
            } else if rest.starts_with('"') {
                let mut escaped = false;
                let end = rest[1..].find(|c| {
                    let ends = c == '"' && !escaped;
                    escaped = c == '\\' && !escaped;
                    ends
                });
                let end = end.ok_or_else(|| bad("a quote is not closed"))? + 2;
                let key = serde_json::from_str(&rest[..end]);
                steps.push(Step::Key(key.map_err(|_| bad("what is in quotes is no JSON string"))?));
                rest = &rest[end..];
            } else {
                let end = rest.find(['.', '[']).unwrap_or(rest.len());
                if end == 0 {
                    return Err(bad("an empty key"));
                }
                steps.push(Step::Key(rest[..end].to_string()));
                rest = &rest[end..];
            }
            if let Some(after) = rest.strip_prefix('.') {
                if after.is_empty() {
                    return Err(bad("it ends with a dot"));
                }
                rest = after;
            }
        }
        if steps.is_empty() {
            return Err(bad("it is empty"));
        }
        Ok(Self { steps })
    }
}

impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.steps.is_empty() {
            return f.write_str(".");
        }
        for (i, step) in self.steps.iter().enumerate() {
            match step {
                Step::Any => f.write_str("[*]")?,
                Step::Index(n) => write!(f, "[{n}]")?,
                Step::Key(key) => {
                    let dot = if i > 0 { "." } else { "" };
                    let odd =
                        |c: char| ['.', ',', '[', ']', '"', '/'].contains(&c) || c.is_control();
                    match key.is_empty() || key.contains(odd) {
                        true => write!(f, "{dot}{}", serde_json::Value::from(key.as_str()))?,
                        false => write!(f, "{dot}{key}")?,
                    }
                }
            }
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in [".", "a", "a.b[2].c", "a[*].url", "data.\"image/png\"", "[*]", "[0].x"] {
            assert_eq!(text.parse::<Pointer>().expect(text).to_string(), text);
        }
        // A key is data: quotes and what steers terminals are written as JSON writes them.
        for key in ["", ".", "a\"b", "a\\", "\n\u{1b}[2J", "\u{7f}", "é ü", "/", ","] {
            let pointer = Pointer::new(vec![Step::Key(key.to_string()), Step::Any]);
            let text = pointer.to_string();
            assert!(!text.contains(|c: char| c.is_ascii_control() && c != '\u{7f}'), "{text}");
            assert_eq!(text.parse::<Pointer>().expect(&text), pointer, "{text}");
        }
        assert_eq!("/a/0/b~1c".parse::<Pointer>().expect("pointer").to_string(), "a.0.\"b/c\"");
    }

    #[test]
    fn values_touch_where_one_is_in_the_other() {
        let touch = |a: &str, b: &str| {
            let (a, b): (Pointer, Pointer) = (a.parse().expect(a), b.parse().expect(b));
            assert_eq!(a.touches(&b), b.touches(&a));
            a.touches(&b)
        };
        for (a, b) in
            [(".", "a"), ("a", "a"), ("a", "a[*].b"), ("a[1].b", "a[*]"), ("/a/1", "a[1]")]
        {
            assert!(touch(a, b), "{a} {b}");
        }
        for (a, b) in
            [("a", "b"), ("a.b", "a.c"), ("a[0]", "a[1]"), ("a.x", "a[*]"), ("/a/1", "a[2]")]
        {
            assert!(!touch(a, b), "{a} {b}");
        }
    }

    #[test]
    fn refuses_what_has_no_meaning() {
        for text in ["", "a..b", "a[", "a[x]", "\"a", "\"a\\\"", "\"\\x\"", "a."] {
            assert!(text.parse::<Pointer>().is_err(), "{text}");
        }
    }
}
