//! What one value is, by itself and by what stands beside it: the evidence that detection weighs.
//!
//! The value is read as far as the decoder would read it, headers only. Its name has a say in three
//! things alone: whether numbers may be pictures, whether bytes of no known kind may be, and whether a
//! text that is not there to be opened names an image.

use std::borrow::Cow;

use super::drawings;
use super::graded::{
    Around, Graded, Unread, What, foreign, grouped, has_extension, nothing, print,
};
use super::numbers;
use super::texts;
use super::words::{Level, Name};
use crate::encoding::{self, Encoding, Payload, Pixels, RawSpec, Scratch};
use crate::error::{Error, ErrorKind};
use crate::format;
use crate::limits::Limits;
use crate::paths::Paths;
use crate::record::value::{self, Kind};
use crate::source::reference::{Opener, named};

/// An address without what is asked of its server.
fn plain(address: &[u8]) -> &[u8] {
    address.split(|c| matches!(c, b'?' | b'#')).next().unwrap_or(address)
}

/// Grades values; its buffers are used again.
pub(super) struct Grader<'l> {
    pub(super) limits: &'l Limits,
    paths: &'l Paths,
    scratch: Scratch,
    opener: Opener<'l>,
    /// Whether addresses are fetched, where the paths say that they may be.
    fetches: bool,
    /// The first image that may be there in a while, and was not now.
    pub(super) waits: Option<Error>,
}

impl<'l> Grader<'l> {
    pub(super) fn new(limits: &'l Limits, paths: &'l Paths) -> Self {
        Self {
            limits,
            paths,
            scratch: Scratch::default(),
            opener: Opener::new(paths),
            fetches: true,
            waits: None,
        }
    }

    /// The same, for which an address is what its words say.
    pub(super) fn without_fetching(self) -> Self {
        Self { fetches: false, ..self }
    }

    /// Asks for these addresses ahead of their turn, where they are fetched.
    pub(super) fn look_ahead(&mut self, values: &[String]) {
        let Self { opener, limits, .. } = self;
        let addresses = values.iter().filter_map(|text| opener.address(text));
        let addresses: Vec<_> = addresses.map(|a| Cow::Owned(a.into_owned())).collect();
        opener.look_ahead(limits, addresses.into_iter());
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
            Err(error) => refused(encoding, &error),
            // The image is a member of the object: it has a name of its own, and others beside it.
            Ok(Payload::File) if encoding == Encoding::Tensor => {
                nothing("an object of an image file")
            }
            Ok(Payload::File) => {
                let graded = self.file(encoding, false);
                // What is said to be an image, and is none that can be read, is not nothing.
                match graded.what {
                    What::Nothing if texts::claims_image(value) => {
                        Graded { what: What::Unreadable(Unread::Format), ..graded }
                    }
                    _ => graded,
                }
            }
            Ok(Payload::Pixels(pixels)) => {
                let refused = around.refused.filter(|_| encoding.wants_shape());
                self.pixels(encoding, pixels, around).against(refused)
            }
            Ok(Payload::Drawn(pixels)) => drawings::read(encoding, pixels),
            Ok(Payload::Reference) if encoding == Encoding::Url => self.address(value, around),
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
        Graded { what, encoding: Some(encoding), print, shape, ..nothing(&said) }
    }

    /// Pixels in the scratch buffer: of lists, tensors, bare bytes with a shape.
    fn pixels(&mut self, encoding: Encoding, pixels: Pixels, around: Around<'_>) -> Graded {
        let Pixels { shape, dtype } = pixels;
        let what = match encoding.innermost() {
            inner @ (Encoding::List | Encoding::Text) => {
                numbers::numbers(&self.scratch.bytes, inner, pixels, around)
            }
            // Its message says that it is one.
            Encoding::CompressedDepth => What::Image { by_path: false },
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
            remedy,
            print,
            shape: Some(shape),
            ..nothing(&said)
        }
    }

    /// A path, or an address that is fetched, in the scratch buffer.
    fn reference(&mut self, encoding: Encoding, around: Around<'_>) -> Graded {
        let path = std::mem::take(&mut self.scratch.bytes);
        let Ok(path) = String::from_utf8(path) else { return nothing("text that is not UTF-8") };
        let file_name = path.rsplit(['/', '\\']).next().map_or(0, |name| print(name.as_bytes()));
        let read = self.opener.read(around.base, &path, self.limits, &mut self.scratch.bytes);
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
                let what = What::Unreadable(match encoding {
                    Encoding::Url => Unread::Url,
                    _ => Unread::Missing { bare },
                });
                let lost = (encoding != Encoding::Url).then_some(path);
                if error.is_transient() {
                    self.waits.get_or_insert(error);
                }
                Graded { what, encoding: Some(encoding), file_name, lost, ..nothing(&said) }
            }
        }
    }

    /// Whether an address is said to be that of an image, by itself or by its name.
    pub(super) fn is_of_image(text: &[u8], name: &Name) -> bool {
        encoding::is_image_path(plain(text)) || matches!(name.level, Level::Image | Level::Lesser)
    }

    /// An address.
    fn address(&mut self, value: &[u8], around: Around<'_>) -> Graded {
        let text = self.scratch.text_of(value);
        let what = match () {
            () if has_extension(plain(text), VIDEOS) => What::Video,
            () if Self::is_of_image(text, around.name) => What::Unreadable(Unread::Url),
            () => What::Link,
        };
        let said = format!(
            "{} is an address, which is not fetched",
            named(&String::from_utf8_lossy(text))
        );
        let is_fetched = self.fetches
            && what == What::Unreadable(Unread::Url)
            && std::str::from_utf8(text).is_ok_and(|text| self.opener.address(text).is_some());
        if is_fetched {
            return self.reference(Encoding::Url, around);
        }
        Graded { what, encoding: Some(Encoding::Url), ..nothing(&said) }
    }

    /// A value of no encoding.
    fn unknown(&mut self, value: &[u8], around: Around<'_>) -> Graded {
        match value::kind(value) {
            Kind::String => match texts::grade(self.scratch.text_of(value).trim_ascii(), around) {
                graded if graded.what == What::Unreadable(Unread::Opaque) => {
                    let misfit = self.misfit(&Encoding::Raw, value, around);
                    let misfit = misfit.filter(|_| around.spec.is_sized());
                    graded.against(around.refused.or(misfit.as_ref()))
                }
                graded => graded,
            },
            Kind::Array => self.list(value, around),
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

impl Grader<'_> {
    /// What is wrong with a value beside what is said of pixels.
    fn misfit(&mut self, encoding: &Encoding, value: &[u8], around: Around<'_>) -> Option<Error> {
        let Self { limits, scratch, .. } = self;
        let told = *around.spec != RawSpec::default();
        let read = told.then(|| encoding::decode(encoding, value, around.spec, limits, scratch))?;
        read.err().filter(|error| error.kind() == ErrorKind::Shape)
    }

    /// A list that is none with what is said of it: where it is one by itself, both contradict each other.
    fn list(&mut self, value: &[u8], around: Around<'_>) -> Graded {
        let (list, bare) = (Encoding::List, RawSpec { nan: around.spec.nan, ..RawSpec::default() });
        let alone = |grader: &mut Self| {
            encoding::classify(value, &bare, grader.limits, &mut grader.scratch)
                == Some(list.clone())
        };
        match self.misfit(&list, value, around).filter(|_| alone(self)) {
            Some(error) => {
                let alone = Around { spec: &bare, sized: false, ..around };
                self.read(list.clone(), value, alone).against(Some(&error))
            }
            None => ragged(value, around),
        }
    }
}

const VIDEOS: &[&str] = &["mp4", "m4v", "mov", "avi", "mkv", "webm", "mpg", "mpeg", "wmv", "flv"];

/// A list that is not an array: rows of differing lengths.
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
    let ways = error.remedies().iter().flat_map(|remedy| &remedy.options);
    let ways = ways.map(|(_, word)| word.clone()).collect();
    Graded { what, encoding: Some(encoding), ways, ..nothing(&said) }
}
