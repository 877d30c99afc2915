//! `where`: conditions on the fields of a record.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result, brief, quote};
use crate::record::pointer::Pointer;

/// What a field of a record must be for the record to be read.
///
/// ```
/// use ndpix::{Condition, Options, Test};
/// let condition: Condition = "split != test".parse()?;
/// assert_eq!((condition.field.to_string(), condition.test), ("split".into(), Test::NotEqual));
/// assert_eq!(condition.to_string(), "split!=test");
///
/// let options = Options::default().with("where", "split=train")?.with("field", "image")?;
/// assert_eq!(options.conditions.len(), 1);
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Condition {
    /// The field, counted from the record.
    pub field: Pointer,
    /// How its value is compared.
    pub test: Test,
    /// With what: a number for numbers, text for strings, a pattern for [`Test::Matches`]; empty for
    /// [`Test::Exists`].
    pub value: String,
}

/// How the value of a field is compared.
///
/// ```
/// assert_eq!(ndpix::Test::AtLeast.word(), ">=");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Test {
    /// `=`
    Equal,
    /// `!=`
    NotEqual,
    /// `<`
    Below,
    /// `<=`
    AtMost,
    /// `>`
    Above,
    /// `>=`
    AtLeast,
    /// `~`: the regular expression is found in the text.
    Matches,
    /// `exists`: it is there, and not null.
    Exists,
}

impl Test {
    /// Longer words first, so that none is taken for its beginning.
    const ALL: [Self; 8] = [
        Self::NotEqual,
        Self::AtMost,
        Self::AtLeast,
        Self::Equal,
        Self::Below,
        Self::Above,
        Self::Matches,
        Self::Exists,
    ];

    /// The word between field and value.
    pub fn word(self) -> &'static str {
        match self {
            Self::Equal => "=",
            Self::NotEqual => "!=",
            Self::Below => "<",
            Self::AtMost => "<=",
            Self::Above => ">",
            Self::AtLeast => ">=",
            Self::Matches => "~",
            Self::Exists => " exists",
        }
    }
}

impl fmt::Display for Condition {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}{}{}", self.field, self.test.word(), self.value)
    }
}

impl FromStr for Condition {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let refused = || {
            Error::options(format!(
                "where {} is not a field, a test and a value, such as split=train, height>=64, name~\"^a\" or mask exists; tests are =, !=, <, <=, >, >=, ~ and exists",
                quote(text.as_bytes())
            ))
        };
        let (field, test, value) = parted(text).ok_or_else(refused)?;
        let field = field.trim();
        if field.is_empty() {
            return Err(refused());
        }
        let condition = Self { field: field.parse()?, test, value: value.trim().to_string() };
        if test == Test::Matches {
            condition.pattern()?;
        }
        Ok(condition)
    }
}

impl Condition {
    /// The pattern of [`Test::Matches`].
    ///
    /// # Errors
    /// Kind `options` where it is none.
    pub(crate) fn pattern(&self) -> Result<regex_lite::Regex> {
        regex_lite::Regex::new(&self.value).map_err(|error| {
            let (said, whole) = (brief(&error.to_string()), self.to_string());
            Error::options(format!("where {}: {said}", quote(whole.as_bytes())))
        })
    }
}

/// The text before, the test, and the text after it. Between quotes is a name.
fn parted(text: &str) -> Option<(&str, Test, &str)> {
    let mut quoted = false;
    for (at, c) in text.char_indices() {
        quoted ^= c == '"';
        // The escapes of a JSON Pointer.
        if text.starts_with('/') && (text[at..].starts_with("~0") || text[at..].starts_with("~1")) {
            continue;
        }
        let test = Test::ALL.into_iter().find(|test| text[at..].starts_with(test.word()));
        let Some(test) = test.filter(|_| !quoted) else { continue };
        let after = &text[at + test.word().len()..];
        // `==`, `<>` and `=~` are of other languages.
        if test != Test::Exists && after.starts_with(['=', '<', '>', '~', '!']) {
            return None;
        }
        if test != Test::Exists || after.trim().is_empty() {
            return Some((&text[..at], test, after));
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn conditions_read_back() {
        for (text, field, test, value) in [
            ("split=train", "split", Test::Equal, "train"),
            ("a.b[0] != 3", "a.b[0]", Test::NotEqual, "3"),
            ("h<=64", "h", Test::AtMost, "64"),
            ("h<-1", "h", Test::Below, "-1"),
            ("h>1", "h", Test::Above, "1"),
            ("h>= 1", "h", Test::AtLeast, "1"),
            ("name~^a=b", "name", Test::Matches, "^a=b"),
            ("\"a=b\".c=d", "\"a=b\".c", Test::Equal, "d"),
            ("mask exists", "mask", Test::Exists, ""),
            ("/a~1b/c=d", "\"a/b\".c", Test::Equal, "d"),
            ("empty=", "empty", Test::Equal, ""),
        ] {
            let condition: Condition = text.parse().expect(text);
            let found = (condition.field.to_string(), condition.test, &condition.value[..]);
            assert_eq!(found, (field.to_string(), test, value), "{text}");
            assert_eq!(condition.to_string().parse().ok(), Some(condition), "{text}");
        }
        for bad in
            ["", "split", "=a", "a exists b", "a~(", "a..b=c", "a==1", "a<>1", "a=~x", "a!==1"]
        {
            assert!(bad.parse::<Condition>().is_err(), "{bad}");
        }
    }
}
