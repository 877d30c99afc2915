//! The choices for raw pixels: what they do not say of themselves.

use std::fmt;
use std::str::FromStr;

use crate::dtype::{ByteOrder, DType};
use crate::error::{Error, Result, quote};
use crate::record::pointer::Pointer;
use crate::shape::Shape;

choice!(
    /// How the elements of raw pixels follow each other.
    ///
    /// ```
    /// use ndpix::Options;
    /// let raw = Options::default().with("encoding", "raw")?.with("raw_dtype", "uint8")?;
    /// let options = raw.with("raw_shape", "2,3")?.with("raw_order", "F")?;
    /// let image = ndpix::decode(br#""AQIDBAUG""#, &options)?; // 1 to 6
    /// assert_eq!(image.bytes[..], [1, 3, 5, 2, 4, 6]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    RawOrder, "raw_order" {
    /// Last axis fastest, as NumPy's C order.
    #[default] C = "C",
    /// First axis fastest, as Fortran order.
    F = "F",
});
choice!(
    /// The order of the colours in raw pixels.
    ///
    /// ```
    /// use ndpix::Options;
    /// let raw = Options::default().with("encoding", "raw")?.with("raw_dtype", "uint8")?;
    /// let options = raw.with("raw_shape", "1,1,3")?.with("raw_channels", "bgr")?;
    /// let image = ndpix::decode(br#""AQID""#, &options)?; // 1 to 3
    /// assert_eq!(image.bytes[..], [3, 2, 1]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    RawChannels, "raw_channels" {
    /// Red first.
    #[default] Rgb = "rgb",
    /// Blue first, as OpenCV's frames; swapped on reading.
    Bgr = "bgr",
});

choice!(
    /// The order of the axes of raw pixels and number lists; the array has them as `layout` says.
    ///
    /// ```
    /// use ndpix::Options;
    /// let raw = Options::default().with("encoding", "raw")?.with("raw_dtype", "uint8")?;
    /// let options = raw.with("raw_shape", "3,1,2")?.with("raw_layout", "chw")?;
    /// let image = ndpix::decode(br#""AQIDBAUG""#, &options)?; // 1 to 6
    /// assert_eq!((&image.shape[..], &image.bytes[..]), (&[1, 2, 3][..], &[1, 3, 5, 2, 4, 6][..]));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    RawLayout, "raw_layout" {
    /// Height, width, channels.
    #[default] Hwc = "hwc",
    /// Channels first: a plane for each.
    Chw = "chw",
});

/// Where a setting is found that each record has its own of.
///
/// ```
/// use ndpix::{At, Given, Options};
/// let options = Options::default().with("raw_shape", "@meta.height,@.width,3")?;
/// let Some(Given::Field(parts)) = options.raw_shape else { panic!("fields") };
/// assert_eq!(parts[0], At::Record("meta.height".parse()?));
/// assert_eq!(parts[1..], [At::Beside("width".parse()?), At::Number(3)]);
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
#[non_exhaustive]
pub enum At {
    /// In this field of the record: `@height`.
    Record(Pointer),
    /// Beside the value: `@.height`.
    Beside(Pointer),
    /// Nowhere: the same for every record.
    Number(usize),
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Record(pointer) => f.write_str("@").and_then(|()| pointer.fmt(f)),
            Self::Beside(pointer) => f.write_str("@.").and_then(|()| pointer.fmt(f)),
            Self::Number(number) => number.fmt(f),
        }
    }
}

impl FromStr for At {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let text = text.trim();
        match text.strip_prefix('@') {
            Some(".") => Ok(Self::Record(Pointer::default())),
            Some(name) => match name.strip_prefix('.') {
                Some(name) => name.parse().map(Self::Beside),
                None => name.parse().map(Self::Record),
            },
            None => text.parse().map(Self::Number).map_err(|_| {
                Error::options(format!(
                    "{} is neither a number nor a @field",
                    quote(text.as_bytes())
                ))
            }),
        }
    }
}

/// A setting that is given, or that a field of each record gives (`@field`).
///
/// ```
/// use ndpix::Options;
/// let raw = Options::default().with("encoding", "raw")?.with("raw_dtype", "uint8")?;
/// let options = raw.with("field", "image")?.with("raw_shape", "@height,@width")?;
/// let record = br#"{"image": "AQIDBAUG", "height": 2, "width": 3}"#;
/// assert_eq!(ndpix::decode(record, &options)?.shape, [2, 3]);
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Given<T> {
    /// The same for every record.
    Value(T),
    /// Read from these fields of the record; a shape may have numbers among them.
    Field(Vec<At>),
}

/// The parts of a setting, where one of them is a field.
fn fields(text: &str) -> Option<Result<Vec<At>>> {
    text.contains('@').then(|| text.split(',').map(str::parse).collect())
}

/// Sizes as NumPy writes them: `480,640,3`.
fn parse_shape(text: &str) -> Result<Shape> {
    if text.contains(['x', 'X', '×']) {
        return Err(Error::options(format!(
            "{} is not a shape: sizes are H,W (height,width) as in NumPy; write 480,640 for 640 wide and 480 high",
            quote(text.as_bytes())
        )));
    }
    let axes: Vec<usize> = text
        .trim_matches(['(', ')', ' '])
        .split(',')
        .map(str::trim)
        .filter(|part| !part.is_empty())
        .map(|part| part.parse().ok().filter(|&n: &usize| n > 0))
        .collect::<Option<_>>()
        .filter(|axes: &Vec<usize>| !axes.is_empty())
        .ok_or_else(|| {
            Error::options(format!("{} is not a shape; write H,W or H,W,C", quote(text.as_bytes())))
        })?;
    Shape::new(&axes).map_err(|e| Error::options(e.message()))
}

impl FromStr for Given<Shape> {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        match fields(text) {
            Some(fields) => fields.map(Given::Field),
            None => parse_shape(text).map(Given::Value),
        }
    }
}

impl FromStr for Shape {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        parse_shape(text)
    }
}

/// A dtype with the byte order its name may carry: `>u2`.
///
/// ```
/// use ndpix::{ByteOrder, DType, Given, RawDType};
/// let given: Given<RawDType> = ">u2".parse()?;
/// assert_eq!(given, Given::Value(RawDType(DType::Uint16, Some(ByteOrder::Big))));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct RawDType(pub DType, pub Option<ByteOrder>);

macro_rules! given_one {
    ($type:ty, $parse:expr) => {
        impl FromStr for Given<$type> {
            type Err = Error;
            fn from_str(text: &str) -> Result<Self> {
                match fields(text) {
                    Some(fields) => fields.map(Given::Field),
                    None => $parse(text).map(Given::Value),
                }
            }
        }
    };
}
given_one!(RawDType, |text: &str| {
    let (dtype, order) = match DType::parse(text) {
        Some(found) => found,
        None => (text.parse::<DType>()?, None),
    };
    Ok::<_, Error>(RawDType(dtype, order))
});
given_one!(RawOrder, str::parse::<RawOrder>);
given_one!(RawLayout, str::parse::<RawLayout>);
given_one!(ByteOrder, str::parse::<ByteOrder>);
given_one!(usize, |text: &str| text
    .parse()
    .map_err(|_| Error::options(format!("{} is not a number of bytes", quote(text.as_bytes())))));

impl FromStr for ByteOrder {
    type Err = Error;
    fn from_str(word: &str) -> Result<Self> {
        match word {
            "little" | "<" => Ok(Self::Little),
            "big" | ">" => Ok(Self::Big),
            _ => Err(Error::options(format!(
                "unknown raw_byteorder {}; use little, big",
                quote(word.as_bytes())
            ))),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_height_then_width() {
        let e = "640x480".parse::<Shape>().expect_err("refused");
        assert!(e.message().contains("height,width"), "{e}");
        assert_eq!("480,640,3".parse::<Shape>().expect("shape"), Shape::image(480, 640, 3));
        assert!("0,3".parse::<Shape>().is_err());
    }

    #[test]
    fn fields_are_marked_with_at() {
        let Ok(Given::<Shape>::Field(fields)) = "@height,@width".parse() else { panic!("fields") };
        assert_eq!(fields.len(), 2);
        let Ok(Given::<Shape>::Field(mix)) = "@.height,@a.width,3".parse() else { panic!("a mix") };
        let shown: Vec<_> = mix.iter().map(ToString::to_string).collect();
        assert_eq!(shown, ["@.height", "@a.width", "3"]);
        assert!("@height,x".parse::<Given<Shape>>().is_err());
    }
}
