//! The choices for outputs: what they hold, and how they are written.

use std::fmt;
use std::str::FromStr;

use super::{Fit, IfExists, Options};
use crate::error::{Error, Result, quote};

choice!(
    /// Images of different sizes.
    Ragged, "ragged" {
    /// Refuse them: all must have one shape.
    #[default] Off = "off",
    /// Lay each into a row of the largest height and width, at the top left; `sizes` says how large it is.
    Pad = "pad",
    /// Lay their elements behind each other: `pixels`, with `offsets` and `shapes`.
    Flat = "flat",
});
choice!(
    /// What a Parquet file holds of an image.
    ImagesAs, "images_as" {
    /// Its pixels.
    #[default] Pixels = "pixels",
    /// The bytes of the image file as they came, checked, as the `Image` of Hugging Face.
    Encoded = "encoded",
});

/// How the chunks of an output are compressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
            ("gzip", Some(level)) if (1..=9).contains(&level.unwrap_or(4)) => {
                Ok(Self::Gzip(level.unwrap_or(4)))
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

/// Options that have a say in pixels, or in what raw ones are.
const PIXELS: [&str; 22] = [
    "raw_shape",
    "raw_dtype",
    "raw_byteorder",
    "raw_order",
    "raw_channels",
    "raw_step",
    "shape",
    "dtype",
    "mode",
    "background",
    "exif_transpose",
    "frames",
    "size",
    "fit",
    "resample",
    "pad_value",
    "scale",
    "normalize",
    "layout",
    "stack",
    "ragged",
    "fill_value",
];

impl Options {
    /// Says yes, or which settings for outputs contradict each other or others.
    pub(super) fn validate_output(&self) -> Result<()> {
        let no = |message: String| Err(Error::options(message));
        for (i, column) in self.columns.iter().enumerate() {
            if column.is_wild() {
                return no(format!(
                    "column {column} names several values, and a row has one; name the list that holds them, or one of them: [0]"
                ));
            }
            if self.columns[..i].contains(column) {
                return no(format!("column {column} is given twice"));
            }
        }
        if self.images_as == ImagesAs::Encoded {
            let changed = self.changed();
            if let Some((name, _)) = changed.iter().find(|(name, _)| PIXELS.contains(name)) {
                return no(format!(
                    "{name} is for pixels, and images_as encoded keeps image files as they came; leave one of them out"
                ));
            }
        }
        if self.append && self.if_exists != IfExists::Error {
            return no(format!(
                "append adds to the output that is there, and if_exists {} does not; leave one of them out",
                self.if_exists
            ));
        }
        if self.append && !self.columns.is_empty() {
            return no("append adds to an array, and columns would begin anew; leave one of them out, or convert all records again".into());
        }
        if self.ragged != Ragged::Off && self.shape.is_some() {
            return no(format!(
                "shape is what every image must have, and ragged {} is for images that differ in it; leave one of them out",
                self.ragged
            ));
        }
        // Contained images still differ in size.
        if self.ragged == Ragged::Flat && self.size.is_some() && self.fit != Some(Fit::Contain) {
            return no("size brings all images to one size, and ragged flat keeps the size of each; leave one of them out".into());
        }
        Ok(())
    }

    /// Refuses what only a file can be: images in memory have no chunks, and nothing is added to them.
    pub(crate) fn validate_arrays(&self) -> Result<()> {
        let ours = ["ragged", "images_as", "chunks", "output_compression", "shard_rows", "append"];
        match self.changed().iter().find(|(name, _)| ours.contains(name)) {
            None => Ok(()),
            Some(("ragged", _)) => Err(Error::options(
                "ragged is for files, and an array has rows of one shape; convert to .npz, .h5 or .zarr, or open the records, which gives each image with a shape of its own",
            )),
            Some((name, _)) => Err(Error::options(format!(
                "{name} is for files that convert writes; leave it out, or convert"
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
    fn what_contradicts_itself_is_refused() {
        let check = |settings: &[(&str, &str)], said: Option<&str>| {
            let mut options = Options::default();
            settings.iter().for_each(|(name, value)| options.set(name, value).expect("a value"));
            let error = options.validate().err().map(|e| e.message().to_string());
            match (&error, said) {
                (Some(error), Some(said)) => assert!(error.contains(said), "{error}"),
                _ => assert_eq!(error.as_deref(), said),
            }
        };
        check(&[("columns", "a,b")], None);
        check(&[("columns", "a,/a")], Some("column a is given twice"));
        check(&[("columns", "a[*].b")], Some("name the list that holds them"));
        check(&[("images_as", "encoded"), ("formats", "png")], None);
        check(&[("images_as", "encoded"), ("mode", "L")], Some("mode is for pixels"));
        check(&[("append", "true")], None);
        check(&[("append", "true"), ("if_exists", "replace")], Some("append adds"));
        check(&[("append", "true"), ("columns", "a")], Some("columns would begin anew"));
        check(&[("ragged", "pad"), ("size", "4")], None);
        check(&[("ragged", "flat"), ("size", "4")], Some("leave one of them out"));
        check(&[("ragged", "pad"), ("shape", "4,4")], Some("leave one of them out"));
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
