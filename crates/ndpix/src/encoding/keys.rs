//! How a value describes itself: the one list of the keys by which an object, or the members beside a
//! value, say what its pixels are (encodings.md 1.2 to 1.9).
//!
//! Whoever holds members (a tensor object, the parent of a field) hands them to [`Said`] one by one, and
//! asks it for the [`RawSpec`] that they amount to.

use super::{RawSpec, raw};
use crate::dtype::{ByteOrder, DType};
use crate::error::{Error, Result, quote};
use crate::record::value::{self, Kind};
use crate::shape::Shape;

/// What the member of a key says.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// All axes at once.
    Shape,
    Height,
    Width,
    Channels,
    DType,
    /// The order of bytes, or of axes in memory: both go by this name.
    Order,
    /// Whether the last axis varies fastest.
    COrder,
}

/// Keys of members that stand inside of a tensor object or beside its pixels.
pub(crate) const KEYS: [(&str, Key); 14] = [
    ("shape", Key::Shape),
    ("dims", Key::Shape),
    ("height", Key::Height),
    ("h", Key::Height),
    ("width", Key::Width),
    ("w", Key::Width),
    ("channels", Key::Channels),
    ("c", Key::Channels),
    ("dtype", Key::DType),
    ("datatype", Key::DType),
    ("order", Key::Order),
    ("endian", Key::Order),
    ("byteorder", Key::Order),
    ("Corder", Key::COrder),
];

/// Keys under which an object that describes itself holds its elements.
const PAYLOADS: [&str; 8] = ["data", "buffer", "bytes", "b64", "base64", "values", "raw", "array"];

/// What the member of this (unescaped) key says, if it says anything of pixels.
pub(crate) fn key(name: &[u8]) -> Option<Key> {
    KEYS.iter().find(|(known, _)| known.as_bytes() == name).map(|(_, key)| *key)
}

/// The keys alone, in their order: a scan looks for them.
pub(crate) static NAMES: [&str; KEYS.len()] = {
    let mut names = [""; KEYS.len()];
    let mut i = 0;
    while i < names.len() {
        names[i] = KEYS[i].0;
        i += 1;
    }
    names
};

/// Whether the elements of a tensor object can stand under this (unescaped) key.
pub(super) fn is_payload(name: &[u8]) -> bool {
    PAYLOADS.iter().any(|known| known.as_bytes() == name)
}

/// What members say: the text of each, by what it is about.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Said<'a> {
    pub(crate) shape: Option<&'a [u8]>,
    pub(crate) dtype: Option<&'a [u8]>,
    height: Option<&'a [u8]>,
    width: Option<&'a [u8]>,
    channels: Option<&'a [u8]>,
    /// Of bytes.
    order: Option<&'a [u8]>,
    fortran: bool,
}

impl<'a> Said<'a> {
    /// Whether nothing is said.
    pub(crate) fn is_empty(&self) -> bool {
        !self.is_sized() && self.dtype.is_none() && self.order.is_none()
    }

    /// Whether a shape, or height and width, are said.
    pub(crate) fn is_sized(&self) -> bool {
        self.shape.is_some() || (self.height.is_some() && self.width.is_some())
    }

    /// Takes one member. Of several that say the same thing the last counts.
    pub(crate) fn take(&mut self, key: Key, text: &'a [u8]) {
        match key {
            Key::Shape => self.shape = Some(text),
            Key::Height => self.height = Some(text),
            Key::Width => self.width = Some(text),
            Key::Channels => self.channels = Some(text),
            Key::DType => self.dtype = Some(text),
            Key::Order => match text {
                b"\"F\"" | b"\"f\"" => self.fortran = true,
                b"\"C\"" | b"\"c\"" => {}
                _ => self.order = Some(text),
            },
            Key::COrder => self.fortran |= text == b"false",
        }
    }

    /// Takes the shape out, for a caller that knows it.
    pub(crate) fn without_shape(self) -> Self {
        Self { shape: None, height: None, width: None, channels: None, ..self }
    }

    /// What the members say, and of the rest what `given` says. Kind `shape` for a shape that is not one,
    /// `field` for a dtype or byte order that is not known.
    pub(crate) fn spec(&self, given: &RawSpec) -> Result<RawSpec> {
        let mut spec = *given;
        if let Some(text) = self.dtype {
            let (dtype, order) = dtype_of(text)?;
            spec.dtype = Some(dtype);
            spec.byteorder = order.or(spec.byteorder);
        }
        spec.fortran |= self.fortran;
        match self.order {
            None | Some(b"null") => {}
            Some(b"\"little\"" | b"\"<\"" | b"\"=\"" | b"\"|\"" | b"\"native\"") => {
                spec.byteorder = spec.byteorder.or(Some(ByteOrder::Little));
            }
            Some(b"\"big\"" | b"\">\"") => spec.byteorder = Some(ByteOrder::Big),
            Some(other) => {
                return Err(Error::field(format!("pixels of unknown order {}", plain(other))));
            }
        }
        if let Some(shape) = self.axes()? {
            raw::check_axes(&shape)?;
            spec.shape = Some(shape);
        }
        Ok(spec)
    }

    fn axes(&self) -> Result<Option<Shape>> {
        if let Some(text) = self.shape {
            return shape_of(text).map(Some);
        }
        let (Some(height), Some(width)) = (self.height, self.width) else { return Ok(None) };
        let shape = match self.channels {
            Some(channels) if value::integer(channels) != Some(1) => {
                shape_from(&[height, width, channels])?
            }
            _ => shape_from(&[height, width])?,
        };
        Ok(Some(shape))
    }
}

/// The dtype that a JSON value names. Kind `field` for names that are unknown or hold objects, and
/// for structured dtypes.
pub(crate) fn dtype_of(text: &[u8]) -> Result<(DType, Option<ByteOrder>)> {
    let mut scratch = Vec::new();
    let name = match value::kind(text) {
        Kind::String => std::str::from_utf8(value::unescape(text, &mut scratch)).ok(),
        _ => None,
    };
    name.and_then(DType::parse)
        .ok_or_else(|| Error::field(format!("dtype {} is not one that ndpix reads", plain(text))))
}

/// The shape that a JSON value gives: a list of integers, one integer, or `"2, 2"` (Plotly). Kind
/// `shape` for anything else.
pub(crate) fn shape_of(text: &[u8]) -> Result<Shape> {
    let bad = || {
        Error::shape(format!("{} is no shape: it takes a list of positive integers", plain(text)))
    };
    let mut scratch = Vec::new();
    let mut axes = [0; Shape::MAX_RANK + 1];
    let mut rank = 0;
    let mut push = |part: &[u8]| {
        let axis = value::integer(part).and_then(|n| usize::try_from(n).ok()).ok_or_else(bad)?;
        // One axis more than allowed is kept, for Shape::new to refuse.
        axes[rank.min(Shape::MAX_RANK)] = axis;
        rank = (rank + 1).min(Shape::MAX_RANK + 1);
        Ok(())
    };
    match value::kind(text) {
        Kind::Array => value::elements(text).try_for_each(&mut push)?,
        Kind::Number => push(text)?,
        Kind::String => {
            let list = value::unescape(text, &mut scratch).trim_ascii();
            let list = match list {
                [b'(', inner @ .., b')'] | [b'[', inner @ .., b']'] => inner,
                bare => bare,
            };
            let list = list.strip_suffix(b",").unwrap_or(list);
            list.split(|&c| c == b',').try_for_each(push)?;
        }
        _ => return Err(bad()),
    }
    Shape::new(&axes[..rank])
}

/// A shape from one value that holds it whole, or from one value for each axis.
pub(crate) fn shape_from(texts: &[&[u8]]) -> Result<Shape> {
    if let [text] = texts {
        return shape_of(text);
    }
    let axes = texts.iter().map(|text| match shape_of(text)?[..] {
        [axis] => Ok(axis),
        _ => Err(Error::shape(format!("{} is no axis of a shape", quote(text)))),
    });
    Shape::new(&axes.collect::<Result<Vec<_>>>()?)
}

/// A JSON value for a message; a string without a second pair of quotes.
fn plain(text: &[u8]) -> String {
    quote(text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).unwrap_or(text))
}
