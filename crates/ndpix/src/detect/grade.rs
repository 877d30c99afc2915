//! What one value is, by itself and by what stands beside it: the evidence that detection weighs.
//!
//! The value is read as far as the decoder would read it, headers only. Its name has a say in three
//! things alone: whether numbers may be pictures, whether bytes of no known kind may be, and whether a
//! text that is not there to be opened names an image.

use std::hash::{DefaultHasher, Hash, Hasher};

use super::numbers;
use super::words::{Level, Name};
use crate::encoding::{self, Encoding, Payload, Pixels, RawSpec, Scratch};
use crate::error::{Error, ErrorKind};
use crate::format;
use crate::limits::Limits;
use crate::paths::{Base, Paths};
use crate::record::value::{self, Kind};
use crate::shape::Shape;
use crate::source::reference::Opener;

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
}

/// Grades values; its buffers are used again.
pub(super) struct Grader<'l> {
    limits: &'l Limits,
    paths: &'l Paths,
    scratch: Scratch,
    opener: Opener<'l>,
}

impl<'l> Grader<'l> {
    pub(super) fn new(limits: &'l Limits, paths: &'l Paths) -> Self {
        Self { limits, paths, scratch: Scratch::default(), opener: Opener::new(paths) }
    }

    /// What the value is when it is read as the caller says.
    pub(super) fn as_told(
        &mut self,
        encoding: &Encoding,
        value: &[u8],
        around: Around<'_>,
    ) -> Graded {
        match self.read(encoding.clone(), value, around) {
            Graded { what: What::Unreadable(Unread::Opaque), said, .. } => nothing(&said),
            graded => graded,
        }
    }

    /// What the value is. A value that is none of string, list and object is nothing.
    pub(super) fn grade(&mut self, value: &[u8], around: Around<'_>) -> Graded {
        let Some(encoding) = encoding::classify(value, around.spec, self.limits, &mut self.scratch)
        else {
            return self.unknown(value, around);
        };
        let encoding = self.rewritten(encoding, value);
        self.read(encoding, value, around)
    }

    /// An address whose beginning is rewritten is a path.
    fn rewritten(&mut self, encoding: Encoding, value: &[u8]) -> Encoding {
        let is_path = encoding == Encoding::Url && !self.paths.prefixes.is_empty() && {
            let text = self.scratch.text_of(value);
            std::str::from_utf8(text).is_ok_and(|text| self.opener.rewrites(text))
        };
        if is_path { Encoding::Path } else { encoding }
    }

    fn read(&mut self, encoding: Encoding, value: &[u8], around: Around<'_>) -> Graded {
        match encoding::decode(&encoding, value, around.spec, self.limits, &mut self.scratch) {
            Err(error) if encoding == Encoding::Url => self.address(value, around, &error),
            Err(error) => refused(encoding, &error),
            Ok(Payload::File) => self.file(encoding, false),
            Ok(Payload::Pixels(pixels)) => self.pixels(encoding, pixels, around),
            Ok(Payload::Reference) => self.reference(encoding, around),
        }
    }

    /// An image file in the scratch buffer.
    fn file(&mut self, encoding: Encoding, by_path: bool) -> Graded {
        let bytes = &self.scratch.bytes;
        let length = grouped(bytes.len());
        let (what, kind, print, shape) = match format::recognise(bytes) {
            Err(error) => return foreign(Some(encoding), bytes, &error),
            Ok(format) => {
                match crate::decode::guarded(format, || format::info(format, bytes, self.limits)) {
                    Ok(info) => {
                        let name = format.to_string();
                        (
                            What::Image { by_path },
                            format!("{name} {}", info.shape),
                            print(bytes),
                            Some(info.shape),
                        )
                    }
                    Err(error) => {
                        let said = format!("{format} that cannot be read: {}", error.message());
                        (What::Unreadable(Unread::Format), said, 0, None)
                    }
                }
            }
        };
        let said = match by_path {
            true => format!("a path of {kind}"),
            false => format!("{encoding}, {length} bytes, {kind}"),
        };
        Graded {
            what,
            encoding: Some(encoding),
            said,
            remedy: None,
            print,
            shape,
            file_name: 0,
            lost: None,
        }
    }

    /// Pixels in the scratch buffer: of lists, tensors, bare bytes with a shape.
    fn pixels(&mut self, encoding: Encoding, pixels: Pixels, around: Around<'_>) -> Graded {
        let Pixels { shape, dtype } = pixels;
        let what = match &encoding {
            Encoding::List | Encoding::Text => {
                numbers::numbers(&self.scratch.bytes, &encoding, pixels, around)
            }
            _ => numbers::tensor(pixels, around),
        };
        let said = match what {
            What::Nothing if shape.len() == 1 => format!("{encoding} of {} numbers", shape[0]),
            _ => format!("{encoding}, {shape} {dtype}"),
        };
        let print = if what.counts() { print(&self.scratch.bytes) } else { 0 };
        let remedy = (what == What::Numbers && shape.len() == 1).then(|| numbers::flat(shape[0]));
        Graded {
            what,
            encoding: Some(encoding),
            said,
            remedy,
            print,
            shape: Some(shape),
            file_name: 0,
            lost: None,
        }
    }

    /// A path in the scratch buffer.
    fn reference(&mut self, encoding: Encoding, around: Around<'_>) -> Graded {
        let path = std::mem::take(&mut self.scratch.bytes);
        let Ok(path) = String::from_utf8(path) else { return nothing("text that is not UTF-8") };
        let file_name = path.rsplit(['/', '\\']).next().map_or(0, |name| print(name.as_bytes()));
        let most = self.limits.max_record_bytes;
        let read = self.opener.read(around.base, &path, most, &mut self.scratch.bytes);
        match read.and_then(|()| encoding::array_file(around.spec, self.limits, &mut self.scratch))
        {
            Ok(None) => Graded { file_name, ..self.file(encoding, true) },
            Ok(Some(Pixels { shape, dtype })) => {
                let said = format!("a path of a .npy file, {shape} {dtype}");
                let print = print(&self.scratch.bytes);
                Graded {
                    what: What::Image { by_path: true },
                    encoding: Some(encoding),
                    print,
                    shape: Some(shape),
                    file_name,
                    ..nothing(&said)
                }
            }
            Err(error) => {
                let bare = !path.contains(['/', '\\']);
                let said = error.message().to_string();
                let what = What::Unreadable(Unread::Missing { bare });
                Graded {
                    what,
                    encoding: Some(encoding),
                    said,
                    remedy: None,
                    print: 0,
                    shape: None,
                    file_name,
                    lost: Some(path),
                }
            }
        }
    }

    /// An address.
    fn address(&mut self, value: &[u8], around: Around<'_>, error: &Error) -> Graded {
        let text = &self.scratch.text_of(value)[..];
        let path = text.split(|c| matches!(c, b'?' | b'#')).next().unwrap_or(text);
        let what = match () {
            () if has_extension(path, VIDEOS) => What::Video,
            () if encoding::is_image_path(path)
                || matches!(around.name.level, Level::Image | Level::Lesser) =>
            {
                What::Unreadable(Unread::Url)
            }
            () => What::Link,
        };
        let said = error.message().to_string();
        Graded {
            what,
            encoding: Some(Encoding::Url),
            said,
            remedy: None,
            print: 0,
            shape: None,
            file_name: 0,
            lost: None,
        }
    }

    /// A value of no encoding.
    fn unknown(&mut self, value: &[u8], around: Around<'_>) -> Graded {
        match value::kind(value) {
            Kind::String => {
                let text = self.scratch.text_of(value).trim_ascii().to_vec();
                super::texts::grade(&text, around, self.limits)
            }
            Kind::Array => ragged(value, around),
            Kind::Object if encoding::is_marked(value) => {
                let read = encoding::decode(
                    &Encoding::Tensor,
                    value,
                    around.spec,
                    self.limits,
                    &mut self.scratch,
                );
                match read {
                    Err(error) => refused(Encoding::Tensor, &error),
                    Ok(_) => nothing("a tensor"),
                }
            }
            Kind::Object => nothing("an object"),
            _ => nothing("no image"),
        }
    }
}

const VIDEOS: &[&str] = &["mp4", "m4v", "mov", "avi", "mkv", "webm", "mpg", "mpeg", "wmv", "flv"];

/// A list that is no array: rows of differing lengths.
fn ragged(value: &[u8], around: Around<'_>) -> Graded {
    let nested = value::elements(value).next().is_some_and(|e| value::kind(e) == Kind::Array);
    let what = match nested && around.name.level == Level::Image && !around.name.never {
        true => What::Unreadable(Unread::Opaque),
        false => What::Nothing,
    };
    Graded { what, ..nothing("lists of differing lengths") }
}

/// What a decoder refused.
fn refused(encoding: Encoding, error: &Error) -> Graded {
    let what = match error.kind() {
        ErrorKind::Unsupported | ErrorKind::Image => What::Unreadable(Unread::Format),
        _ => What::Unreadable(Unread::Opaque),
    };
    let said = format!("{encoding} that cannot be read: {}", error.message());
    Graded {
        what,
        encoding: Some(encoding),
        said,
        remedy: None,
        print: 0,
        shape: None,
        file_name: 0,
        lost: None,
    }
}

/// Bytes that are no image of a format that is read: what they are, if that is known.
pub(super) fn foreign(encoding: Option<Encoding>, bytes: &[u8], error: &Error) -> Graded {
    let what = match format::foreign::sort(bytes) {
        Some(format::foreign::Sort::Image) => What::Unreadable(Unread::Format),
        Some(format::foreign::Sort::Video) => What::Video,
        Some(format::foreign::Sort::Opaque) => What::Unreadable(Unread::Opaque),
        Some(format::foreign::Sort::Other) | None => What::Nothing,
    };
    let said = error.message().to_string();
    Graded { what, encoding, said, remedy: None, print: 0, shape: None, file_name: 0, lost: None }
}

pub(super) fn nothing(said: &str) -> Graded {
    let said = said.to_string();
    Graded {
        what: What::Nothing,
        encoding: None,
        said,
        remedy: None,
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
        if i > 0 && (digits.len() - i) % 3 == 0 {
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
