//! What becomes of bad images and unreadable records: one word for all, and others for single kinds of errors.

use std::collections::BTreeMap;
use std::fmt;
use std::str::FromStr;

use crate::error::{Error, ErrorKind, Result, quote};

choice!(
    /// What becomes of a bad image or an unreadable record.
    ///
    /// ```
    /// use ndpix::{Control, Input, OnError, Options};
    /// let records = Input::bytes("{\"image\": [[1]]}\n{\"image\": 7}\n{\"image\": [[3]]}\n");
    /// let mut options = Options::default().with("field", "image")?;
    /// options.on_error = OnError::Fill.into();
    /// options.fill_value = 9.0;
    /// let images = ndpix::load(vec![records], &options, &Control::default()).result?;
    /// assert_eq!(images.as_slice::<i64>(), Some(&[1, 9, 3][..]));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    OnError, "on_error" {
    /// No row; it is written to the rejects file.
    #[default] Skip = "skip",
    /// A row of `fill_value`, so that row i stays image i; `valid` in the row map says which.
    Fill = "fill",
    /// The run ends at the first.
    Raise = "raise",
});

choice!(
    /// What becomes of a compressed input that ends before its end.
    ///
    /// ```
    /// use std::io::Write;
    /// use ndpix::{Control, Input, OnTruncated, Options};
    /// let mut packed = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    /// packed.write_all(b"{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n")?;
    /// let mut packed = packed.finish()?;
    /// packed.truncate(packed.len() - 4);
    /// let mut options = Options::default().with("field", "image")?;
    /// let load = |options: &Options| ndpix::load(vec![Input::bytes(&packed)], options, &Control::default());
    /// assert!(load(&options).result.is_err_and(|e| e.message().contains("on_truncated keep")));
    /// options.on_truncated = OnTruncated::Keep;
    /// let loaded = load(&options);
    /// assert_eq!((loaded.result?.shape, loaded.summary.truncated.len()), (vec![2, 1, 2], 1));
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    OnTruncated, "on_truncated" {
    /// The run ends there.
    #[default] Stop = "stop",
    /// The whole records before it are read, and a reject says where it ends; the next input follows.
    Keep = "keep",
});

/// What becomes of bad images and unreadable records, by the kind of what is wrong with them.
///
/// ```
/// use ndpix::{Control, ErrorKind, Input, OnError, Options};
/// let options = Options::default().with("field", "image")?.with("on_error", "skip,json=raise")?;
/// assert_eq!(options.on_error.of(ErrorKind::Shape), OnError::Skip);
/// assert_eq!(options.on_error.of(ErrorKind::Json), OnError::Raise);
///
/// let records = Input::bytes("{\"image\": [[1]]}\n{\"image\": 7}\nnot JSON\n");
/// let loaded = ndpix::load(vec![records], &options, &Control::default());
/// assert_eq!(loaded.summary.rejects[&ErrorKind::Field], 1);
/// assert_eq!(loaded.result.expect_err("the third line").kind(), ErrorKind::Json);
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct OnErrors {
    /// Of kinds that are not named; `None`: not given.
    default: Option<OnError>,
    kinds: BTreeMap<ErrorKind, OnError>,
}

impl OnErrors {
    /// What becomes of an error of this kind.
    pub fn of(&self, kind: ErrorKind) -> OnError {
        self.kinds.get(&kind).copied().or(self.default).unwrap_or_default()
    }

    /// Whether this error ends the run: all errors of its kind do, or it may be gone in a while, and nothing
    /// is said of its kind.
    pub(crate) fn ends(&self, error: &Error) -> bool {
        self.of(error.kind()) == OnError::Raise || self.waits(error)
    }

    /// Whether a run ends because of this error without judging its record: it may be gone in a while, and what
    /// becomes of its kind is not said.
    pub(crate) fn waits(&self, error: &Error) -> bool {
        error.is_transient() && !self.kinds.contains_key(&error.kind())
    }

    /// Whether this is asked for, of any kind.
    pub(crate) fn names(&self, word: OnError) -> bool {
        self.default.iter().chain(self.kinds.values()).any(|given| *given == word)
    }
}

impl From<OnError> for OnErrors {
    fn from(word: OnError) -> Self {
        Self { default: Some(word), kinds: BTreeMap::new() }
    }
}

impl FromStr for OnErrors {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let mut all = Self::default();
        for part in text.split(',').map(str::trim) {
            let (name, before) = match part.split_once('=') {
                None => ("a word without a kind", all.default.replace(part.parse()?)),
                Some((name, word)) => {
                    let name = name.trim();
                    (name, all.kinds.insert(kind(name)?, word.trim().parse()?))
                }
            };
            if before.is_some() {
                return Err(Error::options(format!("on_error: {name} is given twice")));
            }
        }
        Ok(all)
    }
}

fn kind(name: &str) -> Result<ErrorKind> {
    let all = ErrorKind::OF_RECORDS;
    all.into_iter().find(|kind| kind.name() == name).ok_or_else(|| {
        let names = all.map(ErrorKind::name).join(", ");
        let name = quote(name.as_bytes());
        Error::options(format!("on_error: unknown kind {name}; records have {names}"))
    })
}

impl fmt::Display for OnErrors {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let default = self.default.or(self.kinds.is_empty().then_some(OnError::Skip));
        let default = default.map(|word| word.to_string());
        let kinds = self.kinds.iter().map(|(kind, word)| format!("{kind}={word}"));
        f.write_str(&default.into_iter().chain(kinds).collect::<Vec<_>>().join(","))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn text_comes_back() {
        for text in ["skip", "fill", "raise,json=skip", "json=fill,path=raise"] {
            assert_eq!(text.parse::<OnErrors>().expect(text).to_string(), text);
        }
        let spaced: OnErrors = "path = fill, raise".parse().expect("spaces");
        assert_eq!(spaced.to_string(), "raise,path=fill");
    }

    #[test]
    fn what_is_wrong_is_said() {
        for (text, said) in [
            ("drop", "unknown on_error \"drop\"; use skip, fill, raise"),
            ("skip,json=drop", "unknown on_error \"drop\"; use skip, fill, raise"),
            ("skip,", "unknown on_error \"\"; use skip, fill, raise"),
            ("skip,raise", "on_error: a word without a kind is given twice"),
            ("json=skip,json=skip", "on_error: json is given twice"),
            (
                "plan=raise",
                "on_error: unknown kind \"plan\"; records have json, field, encoding, unsupported, image, shape, limit, path, fetch",
            ),
        ] {
            assert_eq!(text.parse::<OnErrors>().expect_err(text).message(), said);
        }
    }
}
