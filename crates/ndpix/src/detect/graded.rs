//! The grades of values: what detection weighs, in words and in kind.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::words::Name;
use crate::encoding::{Encoding, RawSpec};
use crate::error::Error;
use crate::format;
use crate::paths::Base;
use crate::shape::Shape;

/// What a value is.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum What {
    /// An image that can be read: from the bytes in the record, or from the file that it names.
    Image {
        by_path: bool,
    },
    /// A drawing: run lengths, polygons, strokes.
    Drawing,
    /// Numbers that may be the pixels of an image.
    Numbers,
    /// What seems to be an image and cannot be read.
    Unreadable(Unread),
    /// A grid of integers, too small or too wide in range for an image.
    Grid,
    /// A video, in itself or by its address.
    Video,
    /// An address that does not look like one of an image.
    Link,
    Nothing,
}

/// Why something that seems to be an image cannot be read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Unread {
    /// An image by its first bytes, or said to be one: of a format that is not read, or damaged.
    Format,
    /// The path of a file that is not there; `bare` without a folder.
    Missing { bare: bool },
    /// The address of an image.
    Url,
    /// Bytes or text of which nothing more is known.
    Opaque,
}

/// A value with what is said of it.
#[derive(Debug, Clone)]
pub(super) struct Graded {
    pub(super) what: What,
    /// How it would be read, where it can be.
    pub(super) encoding: Option<Encoding>,
    /// In words, for refusals and reports.
    pub(super) said: String,
    /// What to do, where something would read it.
    pub(super) remedy: Option<String>,
    /// Words of `encoding` that would each read something of it, where it has to be said which.
    pub(super) ways: Vec<String>,
    /// Equal for equal files or pixels; 0 where there are none.
    pub(super) print: u64,
    /// The shape as it is stored, where it is known.
    pub(super) shape: Option<Shape>,
    /// Of the last part of the path, where it is one; 0 otherwise.
    pub(super) file_name: u64,
    /// The path, where there is no file of that name.
    pub(super) lost: Option<String>,
}

impl What {
    /// Whether it is more than nothing: what a plan looks at.
    pub(super) fn counts(self) -> bool {
        !matches!(self, Self::Nothing | Self::Grid | Self::Video | Self::Link)
    }

    /// How much it is like an image, to name the best value of a field; the larger, the more.
    pub(super) fn rank(self) -> u8 {
        match self {
            Self::Image { .. } => 5,
            Self::Drawing => 4,
            Self::Numbers => 3,
            Self::Unreadable(_) => 2,
            Self::Grid | Self::Video | Self::Link => 1,
            Self::Nothing => 0,
        }
    }
}

impl Graded {
    /// The same, where it is something, as what cannot be read for what is said beside it.
    pub(super) fn against(self, refused: Option<&Error>) -> Self {
        match refused.filter(|_| self.what.counts()) {
            Some(error) => Self {
                what: What::Unreadable(Unread::Format),
                said: format!("{}; {}", self.said, error.message()),
                remedy: None,
                ..self
            },
            None => self,
        }
    }
}

/// What stands around a value.
#[derive(Debug, Clone, Copy)]
pub(super) struct Around<'a> {
    pub(super) name: &'a Name,
    /// What its siblings and the options say of bare pixels.
    pub(super) spec: &'a RawSpec,
    /// Whether height and width stand beside it, or a shape.
    pub(super) sized: bool,
    /// Whether the shape is that of the options, and not the siblings' word.
    pub(super) shape_given: bool,
    pub(super) base: Option<&'a Base>,
    /// Why what its siblings say of pixels cannot be obeyed.
    pub(super) refused: Option<&'a Error>,
}

/// Bytes that are not an image of a format that is read: what they are, if that is known.
pub(super) fn foreign(encoding: Option<Encoding>, bytes: &[u8], error: &Error) -> Graded {
    let what = match format::foreign::sort(bytes) {
        Some(format::foreign::Sort::Image) => What::Unreadable(Unread::Format),
        Some(format::foreign::Sort::Video) => What::Video,
        Some(format::foreign::Sort::Opaque) => What::Unreadable(Unread::Opaque),
        Some(format::foreign::Sort::Other) | None => What::Nothing,
    };
    let said = error.message();
    Graded { what, encoding, ..nothing(said) }
}

pub(super) fn nothing(said: &str) -> Graded {
    let said = said.to_string();
    Graded {
        what: What::Nothing,
        encoding: None,
        said,
        remedy: None,
        ways: Vec::new(),
        print: 0,
        shape: None,
        file_name: 0,
        lost: None,
    }
}

/// A number that is equal for equal bytes, and not 0.
pub(super) fn print(bytes: &[u8]) -> u64 {
    let mut hasher = DefaultHasher::new();
    bytes.hash(&mut hasher);
    hasher.finish().max(1)
}

/// A count with a comma at each thousand.
pub(super) fn grouped(count: usize) -> String {
    let digits = count.to_string();
    let mut text = String::new();
    for (i, digit) in digits.chars().enumerate() {
        if i > 0 && (digits.len() - i).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// Whether a path ends in one of these extensions.
pub(super) fn has_extension(path: &[u8], extensions: &[&str]) -> bool {
    let at = path.iter().rposition(|&c| c == b'.');
    at.is_some_and(|at| {
        extensions.iter().any(|e| path[at + 1..].eq_ignore_ascii_case(e.as_bytes()))
    })
}
