//! The keys by which a value describes itself: the one list of the names under which an object, or the
//! members beside a value, say what its pixels are (encodings.md 1.2 to 1.11, 2.15).
//!
//! Whoever holds members (a tensor object, the parent of a field) hands them to [`Said`](super::said::Said)
//! one by one. They govern raw pixels and number lists, never image files.

use super::RawSpec;
use std::borrow::Cow;

use super::envelope::{self, scalar};
use super::looks::{self, Word};
use super::loose::planes_first;
use crate::dtype::{ByteOrder, DType};
use crate::error::{Error, Result, quote};
use crate::record::value::{self, Kind};
use crate::shape::Shape;

/// An axis of an image.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Axis {
    Height,
    Width,
    Channels,
}

/// What a member says of what is drawn beside it or below.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Part {
    /// An axis of the image.
    Axis(Axis),
    /// An axis of the image, of which coordinates are percents (Label Studio).
    Percent(Axis),
    /// Where a box begins, whose height and width are not those of an image.
    Corner,
    /// The runs of COCO, beside their size.
    Counts,
    /// What points are the corners of (Labelme).
    Form,
    /// What stands beside strokes (Quick, Draw!).
    Sketch,
}

/// What the member of a key says, where its value is of the type and the vocabulary that it takes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Key {
    /// All axes at once.
    Shape,
    /// Width and height, as Pillow has them: beside a mode of Pillow alone.
    Size,
    /// One axis.
    Axis(Axis),
    /// One axis, by a name so short that it counts only where the number of bytes says the same.
    Short(Axis),
    /// How many images follow each other (DICOM).
    Frames,
    DType,
    /// Bits of a sample, or of a pixel.
    Bits,
    /// Whether integers have a sign (DICOM).
    Signed,
    /// The order of bytes, as a word.
    Bytes,
    /// The order of bytes, as whether the high one comes first.
    BigEndian,
    /// The same, as whether the low one comes first.
    LittleEndian,
    /// The order of bytes, of axes in memory or of colours: all go by this name.
    Order,
    /// Whether the last axis varies fastest.
    COrder,
    /// Whether the first axis varies fastest.
    FortranOrder,
    /// Kind, depth and order of the channels in one word: ROS, OpenCV, FFmpeg.
    Pixels,
    /// The colours alone, whatever the number of channels.
    Colors,
    /// As `Pixels`, in the words of Pillow.
    Mode,
    /// The order of axes.
    Layout,
    /// Whether the channels are planes (DICOM).
    Planar,
    /// Bytes from one row to the next.
    Step,
    /// Bytes or elements from one to the next along each axis.
    Strides,
    /// Of what is drawn, and says nothing of pixels.
    Drawn(Part),
}

/// Names of members that stand inside of a tensor object or beside pixels.
pub(crate) const KEYS: [(&str, Key); 106] = [
    ("shape", Key::Shape),
    ("dims", Key::Shape),
    ("size", Key::Size),
    ("height", Key::Axis(Axis::Height)),
    ("width", Key::Axis(Axis::Width)),
    ("channels", Key::Axis(Axis::Channels)),
    ("nchannels", Key::Axis(Axis::Channels)),
    ("num_channels", Key::Axis(Axis::Channels)),
    ("numChannels", Key::Axis(Axis::Channels)),
    ("h", Key::Short(Axis::Height)),
    ("rows", Key::Short(Axis::Height)),
    ("w", Key::Short(Axis::Width)),
    ("cols", Key::Short(Axis::Width)),
    ("c", Key::Short(Axis::Channels)),
    ("dtype", Key::DType),
    ("datatype", Key::DType),
    ("data_type", Key::DType),
    ("dataType", Key::DType),
    ("pixel_type", Key::DType),
    ("pixelType", Key::DType),
    ("bits", Key::Bits),
    ("bit_depth", Key::Bits),
    ("bitDepth", Key::Bits),
    ("bits_per_sample", Key::Bits),
    ("bitsPerSample", Key::Bits),
    ("signed", Key::Signed),
    ("is_signed", Key::Signed),
    ("byteorder", Key::Bytes),
    ("byte_order", Key::Bytes),
    ("byteOrder", Key::Bytes),
    ("endian", Key::Bytes),
    ("endianness", Key::Bytes),
    ("is_bigendian", Key::BigEndian),
    ("is_big_endian", Key::BigEndian),
    ("bigendian", Key::BigEndian),
    ("big_endian", Key::BigEndian),
    ("bigEndian", Key::BigEndian),
    ("isBigEndian", Key::BigEndian),
    ("little_endian", Key::LittleEndian),
    ("littleEndian", Key::LittleEndian),
    ("order", Key::Order),
    ("memory_order", Key::Order),
    ("memoryOrder", Key::Order),
    ("array_order", Key::Order),
    ("Corder", Key::COrder),
    ("fortran_order", Key::FortranOrder),
    ("encoding", Key::Pixels),
    ("format", Key::Pixels),
    ("pixel_format", Key::Pixels),
    ("pixelFormat", Key::Pixels),
    ("pix_fmt", Key::Pixels),
    ("channel_order", Key::Pixels),
    ("channelOrder", Key::Pixels),
    ("channels_order", Key::Pixels),
    ("channel_format", Key::Pixels),
    ("color_order", Key::Pixels),
    ("colorOrder", Key::Pixels),
    ("colour_order", Key::Pixels),
    ("pixel_order", Key::Pixels),
    ("color_mode", Key::Pixels),
    ("colorMode", Key::Pixels),
    ("colors", Key::Pixels),
    ("color_format", Key::Pixels),
    ("colorFormat", Key::Pixels),
    ("color_space", Key::Colors),
    ("colorspace", Key::Colors),
    ("colorSpace", Key::Colors),
    ("colour_space", Key::Colors),
    ("mode", Key::Mode),
    ("layout", Key::Layout),
    ("data_format", Key::Layout),
    ("dataFormat", Key::Layout),
    ("data_layout", Key::Layout),
    ("axes", Key::Layout),
    ("axis_order", Key::Layout),
    ("axisOrder", Key::Layout),
    ("dim_order", Key::Layout),
    ("planar", Key::Planar),
    ("step", Key::Step),
    ("stride", Key::Step),
    ("row_stride", Key::Step),
    ("rowStride", Key::Step),
    ("bytes_per_row", Key::Step),
    ("bytesPerRow", Key::Step),
    ("strides", Key::Strides),
    ("imageHeight", Key::Drawn(Part::Axis(Axis::Height))),
    ("imageWidth", Key::Drawn(Part::Axis(Axis::Width))),
    ("image_height", Key::Drawn(Part::Axis(Axis::Height))),
    ("image_width", Key::Drawn(Part::Axis(Axis::Width))),
    ("original_height", Key::Drawn(Part::Percent(Axis::Height))),
    ("original_width", Key::Drawn(Part::Percent(Axis::Width))),
    ("x", Key::Drawn(Part::Corner)),
    ("y", Key::Drawn(Part::Corner)),
    ("counts", Key::Drawn(Part::Counts)),
    ("shape_type", Key::Drawn(Part::Form)),
    ("key_id", Key::Drawn(Part::Sketch)),
    ("word", Key::Drawn(Part::Sketch)),
    ("countrycode", Key::Drawn(Part::Sketch)),
    // DICOM JSON names members by their tags.
    ("00280010", Key::Axis(Axis::Height)),
    ("00280011", Key::Axis(Axis::Width)),
    ("00280002", Key::Axis(Axis::Channels)),
    ("00280008", Key::Frames),
    ("00280100", Key::Bits),
    ("00280103", Key::Signed),
    ("00280006", Key::Planar),
    ("00280004", Key::Colors),
];

/// Keys under which an object that describes itself holds its elements.
const PAYLOADS: [&str; 8] = ["data", "buffer", "bytes", "b64", "base64", "values", "raw", "array"];

/// The row of this (unescaped) key, if it says anything of pixels.
pub(crate) fn key(name: &[u8]) -> Option<(&'static str, Key)> {
    KEYS.iter().find(|(known, _)| known.as_bytes() == name).copied()
}

/// The names alone, in their order: a scan looks for them.
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

/// The dtype that a JSON value names. Kind `field` for names that are unknown or hold objects, and
/// for structured dtypes.
pub(crate) fn dtype_of(text: &[u8]) -> Result<(DType, Option<ByteOrder>)> {
    word(text)
        .and_then(|name| DType::parse(&name))
        .ok_or_else(|| Error::field(format!("dtype {} is not one that ndpix reads", plain(text))))
}

/// The characters of a string of at most 64, or of one in a wrapper.
pub(super) fn word(text: &[u8]) -> Option<Cow<'_, str>> {
    let text = scalar(text);
    if value::kind(text) != Kind::String || text.len() > 66 {
        return None;
    }
    if text.contains(&b'\\') {
        let mut scratch = Vec::new();
        let word = std::str::from_utf8(value::unescape(text, &mut scratch)).ok()?;
        return Some(Cow::Owned(word.trim().to_string()));
    }
    let word = std::str::from_utf8(text.trim_ascii()).ok()?;
    Some(Cow::Borrowed(word.strip_prefix('"')?.strip_suffix('"')?.trim()))
}

/// A number without a fraction, also in a string or in a wrapper.
pub(crate) fn whole(text: &[u8]) -> Option<usize> {
    let text = scalar(text);
    let fraction = || {
        let text = std::str::from_utf8(text).ok()?.trim_matches('"');
        let number: f64 = text.parse().ok()?;
        (text.contains('.') && number.fract() == 0.0 && number.abs() < 1e15)
            .then_some(number as i64)
    };
    value::integer(text).or_else(fraction).and_then(|n| usize::try_from(n).ok())
}

/// The order of bytes that a JSON value names.
pub(crate) fn byteorder(text: &[u8]) -> Option<ByteOrder> {
    word(text).and_then(|word| looks::bytes(&word))
}

/// The element type that a JSON value names, also by its bits or in a word for pixels: `16UC1`.
pub(crate) fn element_of(text: &[u8]) -> Result<(DType, Option<ByteOrder>)> {
    let of_bits = || match whole(text)? {
        8 => Some((DType::Uint8, None)),
        16 => Some((DType::Uint16, None)),
        _ => None,
    };
    let of_pixels = || match looks::mode(&word(text)?)? {
        Word::Read(look) => Some((look.dtype?, look.order)),
        Word::Unread => None,
    };
    of_bits().or_else(of_pixels).map_or_else(|| dtype_of(text), Ok)
}

/// Whether a JSON value names an order of axes with the channels first.
pub(crate) fn planes(text: &[u8]) -> Option<bool> {
    match looks::layout(&word(text)?)? {
        Word::Read(planes) => Some(planes),
        Word::Unread => None,
    }
}

/// A shape that was asked for, in the order of axes in which the pixels lie.
pub(crate) fn as_it_lies(shape: Shape, planes: bool) -> Shape {
    if planes { planes_first(shape) } else { shape }
}

/// Whether a JSON value names the memory order of Fortran.
pub(crate) fn fortran(text: &[u8]) -> Option<bool> {
    word(text).and_then(|word| looks::fortran(&word))
}

/// The shape that a JSON value gives: a list of integers, one integer, or `"2, 2"` (Plotly). Kind
/// `shape` for anything else.
pub(crate) fn shape_of(text: &[u8]) -> Result<Shape> {
    let bad = || {
        Error::shape(format!(
            "{} is not a shape: it takes a list of positive integers",
            plain(text)
        ))
    };
    let text = scalar(envelope::open(text));
    let mut scratch = Vec::new();
    let mut axes = [0; Shape::MAX_RANK + 1];
    let mut rank = 0;
    let mut push = |part: &[u8]| {
        let axis = whole(part).ok_or_else(bad)?;
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
        _ => Err(Error::shape(format!("{} is not an axis of a shape", quote(text)))),
    });
    Shape::new(&axes.collect::<Result<Vec<_>>>()?)
}

/// A JSON value for a message; a string without a second pair of quotes.
pub(super) fn plain(text: &[u8]) -> String {
    quote(text.strip_prefix(b"\"").and_then(|t| t.strip_suffix(b"\"")).unwrap_or(text))
}

impl RawSpec {
    /// Whether a shape is known, or may be once the number of bytes is.
    pub(crate) fn is_sized(&self) -> bool {
        self.shape.is_some() || self.loose.short.is_some()
    }

    /// Whether the height and width of pixels of this shape were said, and not only seen.
    pub(crate) fn says(&self, shape: &Shape) -> bool {
        let short =
            || self.loose.short.is_some_and(|size| shape.windows(2).any(|pair| pair == size));
        self.shape.is_some() || short()
    }
}
