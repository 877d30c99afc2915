//! The choices for outputs: what they hold, and how they are written.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result, quote};

choice!(
    /// Images of different sizes.
    ///
    /// ```
    /// use ndpix::{Options, Ragged};
    /// let folder = tempfile::tempdir()?;
    /// let (records, out) = (folder.path().join("a.ndjson"), folder.path().join("a.npz"));
    /// std::fs::write(&records, "{\"image\": [[1, 2]]}\n{\"image\": [[3], [4], [5]]}\n")?;
    /// let mut options = Options::default().with("field", "image")?;
    /// assert!(ndpix::convert(&[&records], &out, &options).is_err(), "two sizes");
    /// options.ragged = Ragged::Flat;
    /// assert_eq!(ndpix::convert(&[&records], &out, &options)?.rows, 2);
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Ragged, "ragged" {
    /// Refuse them: all must have one shape.
    #[default] Off = "off",
    /// Lay each into a row of the largest height and width, at the top left; `sizes` says how large it is.
    Pad = "pad",
    /// Lay their elements one after another: `pixels`, with `offsets` and `shapes`.
    Flat = "flat",
});
choice!(
    /// What a Parquet file holds of an image.
    ///
    /// ```
    /// use ndpix::{ImagesAs, Options};
    /// let folder = tempfile::tempdir()?;
    /// let (records, out) = (folder.path().join("a.ndjson"), folder.path().join("a.parquet"));
    /// std::fs::write(&records, r#"{"image": "UDYgMSAxIDI1NQr/AAA="}"#)?;
    /// let mut options = Options::default();
    /// options.images_as = ImagesAs::Encoded;
    /// ndpix::convert(&[records], &out, &options)?;
    /// let file = std::fs::read(out)?;
    /// assert!(file.windows(14).any(|part| part == b"P6 1 1 255\n\xff\0\0"), "the PPM as it came");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    ImagesAs, "images_as" {
    /// Its pixels.
    #[default] Pixels = "pixels",
    /// The bytes of the image file as they came, checked, as the `Image` of Hugging Face.
    Encoded = "encoded",
});

/// How the chunks of an output are compressed.
///
/// ```
/// use ndpix::OutputCompression;
/// assert_eq!("zstd:19".parse::<OutputCompression>()?, OutputCompression::Zstd(19));
/// assert!("gzip:10".parse::<OutputCompression>().is_err(), "levels are 1 to 9");
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum OutputCompression {
    /// As is usual for the format: Zarr and Parquet with zstd, others not.
    #[default]
    Auto,
    /// Not at all.
    None,
    /// Deflate, of this level from 1 to 9.
    Gzip(u32),
    /// Zstandard, of this level from 1 to 22.
    Zstd(i32),
}

/// The level of `gzip` where none is given.
pub(crate) const GZIP: u32 = 4;

impl fmt::Display for OutputCompression {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Auto => f.write_str("auto"),
            Self::None => f.write_str("none"),
            Self::Gzip(level) => write!(f, "gzip:{level}"),
            Self::Zstd(level) => write!(f, "zstd:{level}"),
        }
    }
}

impl FromStr for OutputCompression {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        let (name, level) = match text.split_once(':') {
            Some((name, level)) => (name, level.parse::<u32>().ok().map(Some)),
            None => (text, Some(None)),
        };
        match (name, level) {
            ("auto", Some(None)) => Ok(Self::Auto),
            ("none", Some(None)) => Ok(Self::None),
            ("gzip", Some(level)) if (1..=9).contains(&level.unwrap_or(GZIP)) => {
                Ok(Self::Gzip(level.unwrap_or(GZIP)))
            }
            ("zstd", Some(level)) if (1..=22).contains(&level.unwrap_or(3)) => {
                Ok(Self::Zstd(level.unwrap_or(3) as i32))
            }
            _ => Err(Error::options(format!(
                "unknown output_compression {}; use auto, none, gzip, gzip:1 to gzip:9, zstd, zstd:1 to zstd:22",
                quote(text.as_bytes())
            ))),
        }
    }
}

/// The fields in a list: one on each line, or several with commas between them, but for commas in
/// quotes. Blanks around commas go; those of a JSON Pointer, or of a field alone on its line, are the
/// key's.
pub(super) fn split_fields(text: &str) -> impl Iterator<Item = &str> {
    text.split('\n').flat_map(|line| {
        let (mut quoted, mut escaped) = (false, false);
        let parts: Vec<&str> = line
            .split(move |c| {
                quoted ^= c == '"' && !escaped;
                escaped = c == '\\' && !escaped;
                c == ',' && !quoted
            })
            .collect();
        let alone = parts.len() == 1;
        parts.into_iter().map(move |part| match part.trim_ascii_start() {
            _ if alone => part,
            pointer if pointer.starts_with('/') => pointer,
            name => name.trim_ascii_end(),
        })
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn commas_part_fields_but_in_quotes() {
        let split = |text| split_fields(text).collect::<Vec<_>>();
        assert_eq!(split("a,b.c\nd"), ["a", "b.c", "d"]);
        assert_eq!(
            split("a , b\u{a0}, /c ,/d \n e \n/f "),
            ["a", "b\u{a0}", "/c ", "/d ", " e ", "/f "]
        );
        assert_eq!(split(r#"a."b,c", "\"," "#), [r#"a."b,c""#, r#""\",""#]);
    }

    #[test]
    fn levels_are_those_that_there_are() {
        let read = |text: &str| text.parse::<OutputCompression>().ok();
        assert_eq!(read("gzip"), Some(OutputCompression::Gzip(4)));
        assert_eq!(read("zstd:19"), Some(OutputCompression::Zstd(19)));
        for bad in ["gzip:0", "gzip:10", "zstd:23", "none:1", "lz4", "gzip:"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }
}
