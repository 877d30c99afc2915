//! The door for one image: a value, without a file around it.

use crate::array::Array;
use crate::error::{Error, Result};
use crate::format::ImageInfo;
use crate::framing::Framing;
use crate::inspect::each;
use crate::options::Options;
use crate::record::pointer::Pointer;
use crate::source::Input;

/// Decodes the image that one JSON value holds: the text of a field's value, quotes included. With
/// `field` it is a whole record. Where `encoding` is not given it is decided by the value.
///
/// ```
/// let options = ndpix::Options::default();
/// let image = ndpix::decode(br#""UDUgMiAyIDI1NQphYmNk""#, &options)?;
/// assert_eq!((&image.shape[..], &image.bytes[..]), (&[2, 2][..], &b"abcd"[..]));
/// # Ok::<(), ndpix::Error>(())
/// ```
///
/// # Errors
/// Any kind that concerns a record, or `options`.
pub fn decode(value: &[u8], options: &Options) -> Result<Array> {
    let options = Options {
        field: Some(options.field.clone().unwrap_or_else(|| Pointer::new(Vec::new()))),
        mixed: options.mixed || options.encoding.is_none(),
        // A value may go over several lines, and is all there is.
        framing: Framing::Concat,
        skip: 0,
        limit: None,
        threads: 1,
        columns: Vec::new(),
        ..options.clone()
    };
    let mut found = None;
    let input = Input::Reader {
        name: "value".into(),
        reader: Box::new(std::io::Cursor::new(value.to_vec())),
    };
    each(vec![input], &options, |each| {
        let (info, pixels) = each.image?;
        if found.is_some() {
            return Err(Error::field("the value holds several images").at(each.position));
        }
        fit(&options, &info).map_err(|e| e.at(each.position))?;
        found = Some(Array::copied(&info.shape, info.dtype, pixels)?);
        Ok(())
    })?;
    found.ok_or_else(|| Error::field("there is no value"))
}

/// Refuses an image that is not of the shape and dtype that the options ask for.
pub(crate) fn fit(options: &Options, info: &ImageInfo) -> Result<()> {
    let shape = options.shape.unwrap_or(info.shape);
    let dtype = options.dtype.unwrap_or(info.dtype);
    if (info.shape, info.dtype) == (shape, dtype) {
        return Ok(());
    }
    let (is, is_dtype) = (info.shape, info.dtype);
    Err(Error::shape(format!("image is {is} {is_dtype}, but {shape} {dtype} is asked for")))
}
