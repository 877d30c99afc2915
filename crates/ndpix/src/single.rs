//! The door for one image: a value, without a file around it.

use std::sync::atomic::AtomicBool;

use crate::array::Array;
use crate::decode::fit;
use crate::error::{Error, ErrorKind, Result};
use crate::format;
use crate::framing::Framing;
use crate::limits::make_room;
use crate::options::Options;
use crate::reader::Reader;
use crate::source::Input;

/// Decodes the image that one JSON value holds: the text of a field's value, quotes included. With
/// `field` it is a whole record. Where `encoding` is not given it is decided by the value.
///
/// ```
/// let options = ndpix::Options::default();
/// let image = ndpix::decode(br#""UDUgMiAyIDI1NQphYmNk""#, &options)?;
/// assert_eq!((&image.shape[..], &image.bytes[..]), (&[2, 2][..], &b"abcd"[..]));
/// let error = ndpix::decode(b"7", &options).expect_err("no image");
/// assert!(error.position().is_none() && !error.to_string().starts_with("value"), "{error}");
/// # Ok::<(), ndpix::Error>(())
/// ```
///
/// # Errors
/// Any kind that concerns a record, or `options`.
pub fn decode(value: &[u8], options: &Options) -> Result<Array> {
    read(value, options).map_err(Error::nowhere)
}

/// As [`decode`], of bytes that no text holds: an image file, a `.npy` file, raw pixels with `raw_shape`.
///
/// ```
/// let options = ndpix::Options::default();
/// let image = ndpix::decode_bytes(b"P5 2 2 255\nabcd", &options)?;
/// assert_eq!((&image.shape[..], &image.bytes[..]), (&[2, 2][..], &b"abcd"[..]));
/// # Ok::<(), ndpix::Error>(())
/// ```
///
/// # Errors
/// As [`decode`].
pub fn decode_bytes(image: &[u8], options: &Options) -> Result<Array> {
    let mut value = Vec::new();
    make_room(&mut value, base64_simd::STANDARD.encoded_length(image.len()) + 2)?;
    value.push(b'"');
    base64_simd::STANDARD.encode_append(image, &mut value);
    value.push(b'"');
    decode(&value, options).map_err(|error| match error.kind() {
        // What was said of the text around them is not what they are.
        ErrorKind::Field if options.encoding.is_empty() && options.raw_shape.is_none() => {
            format::recognise(image).err().unwrap_or(error)
        }
        _ => error,
    })
}

fn read(value: &[u8], options: &Options) -> Result<Array> {
    if options.base_dir.is_none() && !options.allow_dir.is_empty() {
        return Err(Error::options(
            "decode opens no path without base_dir; give it beside allow_dir",
        ));
    }
    let for_records =
        [("array", !options.arrays.is_empty()), ("where", !options.conditions.is_empty())];
    if let Some((name, _)) = for_records.into_iter().find(|(_, given)| *given) {
        return Err(Error::options(format!(
            "{name} is for records, and decode reads one value; leave it out"
        )));
    }
    let options = Options {
        field: Some(options.field.clone().unwrap_or_default()),
        mixed: options.mixed || options.encoding.is_empty(),
        // A value may go over several lines, and is all there is.
        framing: Framing::Concat,
        skip: 0,
        limit: None,
        threads: 1,
        columns: Vec::new(),
        rejects_input: false,
        ..options.clone()
    };
    let mut found = None;
    let mut reader =
        Reader::open(vec![Input::bytes(value)], &options, true, &AtomicBool::new(false))?;
    reader.run(1, &AtomicBool::new(false), |part| {
        let taken = part.each(|position, image| {
            let (info, pixels) = image?;
            if found.is_some() {
                return Err(Error::field("the value holds several images").at(position));
            }
            fit(&options, &info).map_err(|e| e.at(position))?;
            found = Some(Array::copied(&info.shape, info.dtype, pixels)?);
            Ok(())
        });
        taken.map(|()| None)
    })?;
    found.ok_or_else(|| Error::field("there is no value"))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_that_are_no_image_are_called_what_they_are() {
        let heic = b"\0\0\0\x18ftypheic\0\0\0\0mif1heic";
        let known: [(&[u8], &str); 6] = [
            (b"<svg xmlns=\"http://www.w3.org/2000/svg\"/>", "an SVG, which is not a raster image"),
            (heic, "a HEIC image, which ndpix does not read"),
            (b"8BPS\0\x01\0\0\0\0", "a Photoshop file"),
            (b"%PDF-1.7 and so on", "a PDF document"),
            (b"PK\x03\x04 and so on", "a zip archive"),
            (b"nothing that is known", "21 bytes that are not a known image format"),
        ];
        for (bytes, said) in known {
            let error = decode_bytes(bytes, &Options::default()).expect_err("no image");
            assert!(error.message().contains(said), "{error}");
            assert_eq!(error.kind(), ErrorKind::Unsupported, "{error}");
        }
    }
}
