//! A field: one pointer, or alternatives of which the first that is there counts.

use std::fmt;
use std::str::FromStr;

use super::Pointer;
use super::grammar::{bad, one_of};
use crate::error::{Error, Result, brief};

/// Where an image stands: `image`, or `image_base64|image_path` for the first of these that is present,
/// not null and not empty.
///
/// Alternatives that go through the same list are chosen for each element of it:
/// `images[*].bytes|images[*].path`.
///
/// ```
/// let field: ndpix::Field = "image_base64|image_path".parse()?;
/// assert_eq!(field.alternatives().len(), 2);
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Field {
    alternatives: Vec<Pointer>,
}

impl Field {
    /// The field with these alternatives, in the order of preference; `None` where there are none.
    pub fn new(alternatives: Vec<Pointer>) -> Option<Self> {
        (!alternatives.is_empty()).then_some(Self { alternatives })
    }

    /// The pointers, in the order of preference; at least one.
    pub fn alternatives(&self) -> &[Pointer] {
        &self.alternatives
    }
}

impl Default for Field {
    /// The record itself.
    fn default() -> Self {
        Pointer::default().into()
    }
}

impl From<Pointer> for Field {
    fn from(pointer: Pointer) -> Self {
        Self { alternatives: vec![pointer] }
    }
}

impl FromStr for Field {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        if text.starts_with('/') {
            return text.parse().map(Pointer::into);
        }
        let mut alternatives = Vec::new();
        let mut rest = text;
        loop {
            let (pointer, after) = one_of(text, rest)?;
            if alternatives.contains(&pointer) {
                return Err(bad(text, &format!("{pointer:#} is there twice")));
            }
            alternatives.push(pointer);
            match after.strip_prefix('|') {
                None => return Ok(Self { alternatives }),
                Some(after) if after.starts_with('/') => {
                    return Err(bad(text, "a JSON Pointer stands alone"));
                }
                Some(after)
                    if after.starts_with(' ')
                        || text[..text.len() - after.len() - 1].ends_with(' ') =>
                {
                    return Err(bad(text, "there is a blank beside |; write a|b"));
                }
                Some(after) => rest = after,
            }
        }
    }
}

/// With `{:#}` a long one is cut, for messages.
impl fmt::Display for Field {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let all: Vec<String> = self.alternatives.iter().map(Pointer::to_string).collect();
        let all = all.join("|");
        f.write_str(&if f.alternate() { brief(&all) } else { all })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn alternatives_read_back() {
        for text in ["a", "a|b", "a[*].b|a[*].c|.", "\"a|b\"|c", "**.x|items[mask].data|m_*"] {
            assert_eq!(text.parse::<Field>().expect(text).to_string(), text);
        }
        let field: Field = "/a|b".parse().expect("a JSON Pointer");
        assert_eq!((field.alternatives().len(), field.to_string()), (1, "\"a|b\"".to_string()));
    }

    #[test]
    fn refuses_what_has_no_meaning() {
        for text in ["", "|", "a|", "|a", "a||b", "a|a", "a|/b", "a | b", "a| b", "a.|b", "a|b.**"]
        {
            assert!(text.parse::<Field>().is_err(), "{text}");
        }
    }
}
