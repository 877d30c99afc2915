//! Encodings: from the JSON value of the image field to the bytes of an image file, or to pixels.
//!
//! Takes the text of one value and gives a [`Payload`] in the caller's [`Scratch`], which is
//! reused from record to record. Does no I/O: a path comes back as a [`Payload::Reference`].
//! Refuses with `field` (wrong JSON type), `encoding` (text that does not decode), `shape`,
//! `limit` and `unsupported`.

mod amount;
mod base64;
mod bytes;
mod chain;
mod classify;
mod data_url;
pub(crate) mod depth;
pub(crate) mod drawn;
pub(crate) mod envelope;
mod hex;
pub(crate) mod keys;
mod layers;
mod listed;
mod looks;
mod loose;
mod mend;
mod names;
mod npy;
mod npz;
mod numbers;
mod raw;
pub(crate) mod said;
mod scratch;
mod tensor;
mod text;

pub(crate) use classify::is_image_path;
pub(crate) use data_url::strip_scheme;
pub use layers::Layer;
pub(crate) use layers::is_one;
use loose::Loose;
pub(crate) use scratch::Scratch;

use std::borrow::Cow;

use crate::dtype::{ByteOrder, DType};
use crate::error::{Error, Result, quote};
use crate::format;
use crate::inflate::Compression;
use crate::limits::Limits;
use crate::record::value::{self, Kind};
use crate::shape::Shape;

/// How the image field holds its image.
///
/// ```
/// use ndpix::{Encoding, Options};
/// let options = Options::default().with("encoding", "hex")?;
/// assert_eq!(options.encoding, [Encoding::Hex]);
/// let image = ndpix::decode(br#""503520322032203235350a61626364""#, &options)?;
/// assert_eq!((&image.shape[..], &image.bytes[..]), (&[2, 2][..], &b"abcd"[..]));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub enum Encoding {
    /// Base64 of bare pixels; shape and dtype come from options or sibling fields.
    Raw,
    /// Base64 of an image file.
    Encoded,
    /// A `data:` URL of an image file.
    DataUrl,
    /// Base64 of a `.npy` file.
    Npy,
    /// Base64 of a `.npz` archive: its member of this name, or the one that there is.
    Npz(Option<String>),
    /// A depth image as ROS compresses it: 12 bytes before a PNG, beside a `format` that says what its numbers are.
    CompressedDepth,
    /// Hexadecimal digits of an image file, a `.npy` file or bare pixels.
    Hex,
    /// Numbers in (nested) JSON arrays.
    List,
    /// Numbers in one string, with separators: `"0 64 128 255"`.
    Text,
    /// An object that says its own shape and dtype: `__numpy__`, `__ndarray__`, `{dtype, shape, data}`.
    Tensor,
    /// Bytes as JSON numbers, or a Node.js `Buffer`.
    Bytes,
    /// The path of an image file.
    Path,
    /// A URL: recognised so that it can be named, and refused.
    Url,
    /// Run lengths of a mask: COCO, Label Studio, CVAT, Kaggle.
    Rle,
    /// Corners of what is drawn into a mask: COCO, Labelme, Label Studio, Ultralytics, VIA.
    Polygon,
    /// Strokes as Quick, Draw! has them in its simplified files: coordinates from 0 to 255.
    Strokes,
    /// Strokes of any extent, which are brought to 0 to 255 first.
    StrokesRaw,
    /// Steps spelled out: `base64+zlib+npy`.
    Chain(Chain),
    /// Text that was written once too often, around a value of another encoding: `json+list`.
    Layered(Layer, Box<Self>),
}

/// Steps from text to pixels: a transport, any compressions, a payload.
///
/// ```
/// use ndpix::{Chain, Compression, Content, Encoding, Transport};
/// let Encoding::Chain(chain) = "hex+gzip+npy".parse()? else { panic!("a chain") };
/// assert_eq!((chain.transport, chain.content), (Transport::Hex, Content::Npy));
/// assert_eq!(chain.compressions, [Compression::Gzip]);
/// assert_eq!(Encoding::Chain(chain).to_string(), "hex+gzip+npy");
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
pub struct Chain {
    /// How the bytes are written as JSON.
    pub transport: Transport,
    /// The compressions, outermost first.
    pub compressions: Vec<Compression>,
    /// What the bytes are in the end.
    pub content: Content,
}

/// How bytes are written as JSON.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Transport {
    /// Base64 of either alphabet.
    Base64,
    /// Hexadecimal digits.
    Hex,
    /// One character for each byte, U+0000 to U+00FF.
    Latin1,
    /// A JSON array of byte values.
    Bytes,
}

/// What the bytes at the end of a chain are.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Content {
    /// An image file.
    Image,
    /// Bare pixels.
    Raw,
    /// A `.npy` file.
    Npy,
}

/// What bare pixels do not say of themselves.
#[derive(Debug, Clone, Copy, Default, PartialEq)]
pub(crate) struct RawSpec {
    /// The shape of one image.
    pub shape: Option<Shape>,
    /// The element type.
    pub dtype: Option<DType>,
    /// The byte order of the elements; little-endian where nothing is said.
    pub byteorder: Option<ByteOrder>,
    /// Whether the first axis varies fastest (Fortran order).
    pub fortran: bool,
    /// Whether the channels are blue, green, red; they are swapped to RGB.
    pub bgr: bool,
    /// Bytes from one row to the next where rows are padded.
    pub step: Option<usize>,
    /// Whether the channels are planes, the first of the last three axes; they become the last.
    pub planes: bool,
    /// Whether each value is one of the colours of a mosaic; they stay what they are.
    pub mosaic: bool,
    /// Whether lists hold NaN and infinities, and null for NaN.
    pub nan: bool,
    /// Whether text that was damaged in a known way is made good.
    pub repair: bool,
    /// What the numbers of a depth image of ROS are, where its message says so.
    pub depth: Option<depth::Depth>,
    /// What the number of bytes decides.
    pub loose: Loose,
    /// What stands around a value that is drawn.
    pub setting: drawn::Setting,
}

/// What [`decode`] left in [`Scratch::bytes`].
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Payload {
    /// An image file.
    File,
    /// Pixels in C order, little-endian, exactly `shape.bytes(dtype)` of them.
    Pixels(Pixels),
    /// A path, UTF-8.
    Reference,
    /// What is to be drawn is read and checked; it lies in [`Scratch::drawing`].
    Drawn(Pixels),
}

/// The shape and element type of decoded pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Pixels {
    /// The axes of the array.
    pub(crate) shape: Shape,
    /// The element type.
    pub(crate) dtype: DType,
}

/// Decodes one value into `scratch.bytes`.
pub(crate) fn decode(
    encoding: &Encoding,
    value: &[u8],
    raw: &RawSpec,
    limits: &Limits,
    scratch: &mut Scratch,
) -> Result<Payload> {
    let mended = encoding.is_base64().then(|| mend::mended(value, raw));
    read(encoding, mended.as_deref().unwrap_or(value), raw, limits, scratch)
}

/// The same of text that is not damaged.
fn read(
    encoding: &Encoding,
    value: &[u8],
    raw: &RawSpec,
    limits: &Limits,
    scratch: &mut Scratch,
) -> Result<Payload> {
    scratch.make_room(encoding, value)?;
    let Scratch { bytes, text, spare, drawing, .. } = &mut *scratch;
    Ok(match encoding {
        Encoding::Raw => {
            base64::decode_string(value, text, bytes)?;
            Payload::Pixels(raw::finish(raw, limits, bytes, spare)?)
        }
        Encoding::Encoded => {
            base64::decode_string(value, text, bytes)?;
            Payload::File
        }
        Encoding::DataUrl => {
            data_url::decode(string(value, text)?, spare, bytes)?;
            Payload::File
        }
        Encoding::Npy => {
            base64::decode_string(value, text, bytes)?;
            Payload::Pixels(npy::finish(raw, limits, bytes, spare)?)
        }
        Encoding::Npz(name) => {
            base64::decode_string(value, text, bytes)?;
            Payload::Pixels(npz::finish(name.as_deref(), raw, limits, bytes, spare)?)
        }
        Encoding::CompressedDepth => {
            text_or_bytes(value, limits, [text, spare, bytes])?;
            depth::finish(raw, limits, bytes, spare)?
        }
        Encoding::Hex => {
            hex::decode(string(value, text)?, bytes)?;
            interpret(raw, limits, bytes, spare)?
        }
        Encoding::Bytes => {
            bytes::decode(value, limits, spare, bytes)?;
            interpret(raw, limits, bytes, spare)?
        }
        Encoding::List => {
            let found = listed::read(value, raw, limits, bytes, spare)?;
            Payload::Pixels(listed::finish(found, raw, limits, bytes, spare)?)
        }
        Encoding::Text => {
            text::to_list(string(value, text)?, spare)?;
            let found = numbers::decode(spare, raw.dtype, raw.nan, limits, bytes)?;
            Payload::Pixels(listed::finish(found, raw, limits, bytes, spare)?)
        }
        Encoding::Tensor => tensor::decode(value, raw, limits, scratch)?,
        Encoding::Chain(chain) => chain::decode(chain, value, raw, limits, scratch)?,
        Encoding::Layered(layer, inner) => {
            let mut text = std::mem::take(&mut scratch.layer);
            let opened = layers::open(layer, value, &mut text);
            let payload = opened.and_then(|()| decode(inner, &text, raw, limits, scratch));
            scratch.layer = text;
            return payload;
        }
        Encoding::Path | Encoding::Url => {
            reference(string(value, text)?, bytes)?;
            Payload::Reference
        }
        Encoding::Rle | Encoding::Polygon | Encoding::Strokes | Encoding::StrokesRaw => {
            Payload::Drawn(drawing.read(encoding, value, &raw.setting, limits, text)?)
        }
    })
}

/// The bytes that base64 or a list of numbers holds, into the last of these buffers.
fn text_or_bytes(
    value: &[u8],
    limits: &Limits,
    [text, spare, bytes]: [&mut Vec<u8>; 3],
) -> Result<()> {
    match value::kind(value) {
        Kind::String => base64::decode_string(value, text, bytes),
        _ => bytes::decode(value, limits, spare, bytes),
    }
}

/// The characters of a value that must be a string.
fn string<'a>(value: &'a [u8], scratch: &'a mut Vec<u8>) -> Result<&'a [u8]> {
    match value::kind(value) {
        Kind::String => Ok(value::unescape(value, scratch)),
        other => Err(Error::field(format!("expected a string, found {}", other.name()))),
    }
}

/// Bytes that may be an image file, a `.npy` file or bare pixels: signature first.
fn interpret(
    spec: &RawSpec,
    limits: &Limits,
    bytes: &mut Vec<u8>,
    spare: &mut Vec<u8>,
) -> Result<Payload> {
    if format::sniff(bytes).is_some() {
        return Ok(Payload::File);
    }
    if bytes.starts_with(npy::MAGIC) {
        return npy::finish(spec, limits, bytes, spare).map(Payload::Pixels);
    }
    if spec.shape.is_none() && format::recognise(bytes).is_ok() {
        return Ok(Payload::File);
    }
    raw::finish(spec, limits, bytes, spare).map(Payload::Pixels)
}

/// The pixels of the `.npy` file in `scratch.bytes`; `None` where it is another file.
pub(crate) fn array_file(
    spec: &RawSpec,
    limits: &Limits,
    scratch: &mut Scratch,
) -> Result<Option<Pixels>> {
    let Scratch { bytes, spare, .. } = scratch;
    if bytes.starts_with(npy::MAGIC) {
        npy::finish(spec, limits, bytes, spare).map(Some)
    } else {
        Ok(None)
    }
}

fn reference(path: &[u8], out: &mut Vec<u8>) -> Result<()> {
    if path.is_empty() {
        return Err(Error::field("the path of the image is empty"));
    }
    if std::str::from_utf8(path).is_err() {
        return Err(Error::path(format!("the path {} is not Unicode text", quote(path))));
    }
    out.clear();
    out.extend_from_slice(path);
    Ok(())
}

/// The encoding that one value has on its own evidence; `None` when nothing fits.
pub(crate) fn classify(
    value: &[u8],
    raw: &RawSpec,
    limits: &Limits,
    scratch: &mut Scratch,
) -> Option<Encoding> {
    classify::classify(value, raw, limits, scratch).or_else(|| {
        let mended = mend::mended(value, raw);
        let found = matches!(mended, Cow::Owned(_))
            .then(|| classify::classify(&mended, raw, limits, scratch))?;
        found.filter(Encoding::is_signed)
    })
}

/// The bytes that a text of base64 or hexadecimal digits stands for, if it is one.
pub(crate) fn any_bytes(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let text = base64::strip_prefix(text);
    let read = if hex::is_pairs(text) {
        hex::decode(text, &mut bytes)
    } else {
        base64::decode(text, &mut bytes)
    };
    (read.is_ok() && !bytes.is_empty()).then_some(bytes)
}

/// Whether the object is marked as one value by a key that nothing else has, whatever it holds.
pub(crate) fn is_marked(object: &[u8]) -> bool {
    value::members(object, tensor::MARKS).iter().any(Option::is_some)
}

/// Whether the object is one value that says itself what it is: a tensor, or bytes as JavaScript writes
/// them. What stands inside of it is part of it.
pub(crate) fn is_whole(object: &[u8]) -> bool {
    bytes::is_buffer(object) || bytes::is_indexed(object) || tensor::looks_like(object)
}

impl Encoding {
    /// Whether members beside the value can say what its pixels are.
    pub(crate) fn wants_shape(&self) -> bool {
        match self {
            Self::Raw | Self::Hex | Self::List | Self::Text | Self::Tensor => true,
            Self::Bytes | Self::Chain(_) | Self::CompressedDepth => true,
            Self::Encoded | Self::DataUrl | Self::Npy | Self::Npz(_) => false,
            Self::Path | Self::Url => false,
            Self::Rle | Self::Polygon | Self::Strokes | Self::StrokesRaw => false,
            Self::Layered(_, inner) => inner.wants_shape(),
        }
    }

    /// Without the layers around it.
    pub(crate) fn innermost(&self) -> &Self {
        match self {
            Self::Layered(_, inner) => inner.innermost(),
            plain => plain,
        }
    }

    /// Whether its images are drawn, as large as what stands around the value says.
    pub(crate) fn is_drawn(&self) -> bool {
        matches!(self.innermost(), Self::Rle | Self::Polygon | Self::Strokes | Self::StrokesRaw)
    }

    /// Whether a JSON array is one value of this encoding, and not a list of images.
    pub(crate) fn takes_arrays(&self) -> bool {
        match self {
            Self::List | Self::Bytes | Self::Tensor | Self::CompressedDepth => true,
            Self::Polygon | Self::Strokes | Self::StrokesRaw => true,
            Self::Layered(layer, _) => layer.takes_arrays(),
            // Objects of run lengths may stand in a list, and numbers are none of images.
            Self::Rle => false,
            Self::Raw | Self::Hex | Self::Text | Self::Chain(_) => false,
            Self::Encoded | Self::DataUrl | Self::Npy | Self::Npz(_) => false,
            Self::Path | Self::Url => false,
        }
    }
}
