//! Further arrays that are made of the same records.

use std::fmt;
use std::str::FromStr;
use std::sync::Arc;

use super::output::split_fields;
use super::{Governs, ImagesAs, Options, Ragged};
use crate::error::{Error, Result, quote};
use crate::record::pointer::{Field, Pointer};

/// What the array of `field` is called beside others.
pub(crate) const IMAGES: &str = "images";

/// Names that outputs and doors have for something else.
const TAKEN: [&str; 10] =
    [IMAGES, "image", "pixels", "offsets", "shapes", "sizes", "rows", "valid", "columns", "inputs"];

/// The options that an array has for itself. All others count for all arrays: `size`, `fit` and `exif_transpose` keep
/// them registered with each other.
const OWN: [&str; 24] = [
    "encoding",
    "mixed",
    "raw_shape",
    "raw_dtype",
    "raw_byteorder",
    "raw_order",
    "raw_channels",
    "raw_layout",
    "raw_step",
    "text_repair",
    "formats",
    "shape",
    "dtype",
    "mode",
    "background",
    "rescale",
    "frames",
    "resample",
    "pad_value",
    "scale",
    "normalize",
    "layout",
    "merge",
    "fill_value",
];

/// The options that are of no array: what is read of a record as a whole.
const OF_RUN: [&str; 5] = ["field", "array", "columns", "column_type", "on_missing_column"];

/// A further array: its name, the field that holds its images, and the options that it has for itself.
///
/// ```
/// use ndpix::{ArrayOption, Control, Input, Options};
/// let mask: ArrayOption = "mask=labels.mask,dtype=uint8".parse()?;
/// assert_eq!((&*mask.name, mask.field.to_string()), ("mask", "labels.mask".to_string()));
/// let record = "{\"image\": [[10, 20]], \"labels\": {\"mask\": [[0, 1]]}}\n";
/// let mut options = Options::default().with("field", "image")?;
/// options.arrays.push(mask);
/// let loaded = ndpix::load(vec![Input::bytes(record)], &options, &Control::default());
/// let (name, mask) = &loaded.arrays[0];
/// assert_eq!((&**name, mask.as_slice::<u8>()), ("mask", Some(&[0, 1][..])));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq)]
#[non_exhaustive]
pub struct ArrayOption {
    /// What it is called in outputs.
    pub name: Arc<str>,
    /// The field that holds its images.
    pub field: Field,
    /// Options that it has for itself, in the spelling of the command.
    pub settings: Vec<(&'static str, String)>,
}

impl FromStr for ArrayOption {
    type Err = Error;

    /// `NAME=FIELD,OPTION=VALUE,...`, or `NAME` where the field is called so. A value goes on over commas to the next
    /// option.
    fn from_str(text: &str) -> Result<Self> {
        let mut parts = split_fields(text);
        let first = parts.next().unwrap_or_default();
        let (name, field) = match first.split_once('=') {
            Some((name, field)) if !name.contains(['"', '[']) => (name.trim_ascii(), field),
            _ => (first, first),
        };
        check_name(name, first)?;
        let mut settings: Vec<(&'static str, String)> = Vec::new();
        for part in parts {
            let begins = part.split_once('=').and_then(|(option, value)| {
                let option = option.trim_ascii().replace('-', "_");
                OWN.iter().find(|own| **own == option).map(|own| (*own, value.to_string()))
            });
            match (begins, settings.last_mut()) {
                (Some(setting), _) => settings.push(setting),
                (None, Some(last)) if !part.contains('=') || last.0.starts_with("raw") => {
                    last.1.push(',');
                    last.1.push_str(part);
                }
                (None, _) => return Err(no_option(name, part)),
            }
        }
        let array = Self { name: name.into(), field: field.parse()?, settings };
        array.apply(&mut Options::default()).map(|()| array)
    }
}

impl fmt::Display for ArrayOption {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.name, self.field)?;
        self.settings.iter().try_for_each(|(option, value)| write!(f, ",{option}={value}"))
    }
}

impl ArrayOption {
    /// An array of this field that is called like this, as far as arrays can be and others are not; `None` where none can.
    pub(crate) fn proposed(name: &str, field: &Pointer, others: &[Arc<str>]) -> Option<Self> {
        let word = name.replace(|c: char| !c.is_ascii_alphanumeric() && c != '_', "_");
        let tries = std::iter::once(word.clone()).chain((2..9).map(|n| format!("{word}_{n}")));
        let free = |name: &String| {
            check_name(name, name).is_ok() && !others.iter().any(|other| **other == **name)
        };
        let name = tries.into_iter().find(free)?.into();
        Some(Self { name, field: field.clone().into(), settings: Vec::new() })
    }

    /// Whether it has an option of this name for itself.
    pub(crate) fn sets(&self, option: &str) -> bool {
        self.settings.iter().any(|(own, _)| *own == option)
    }

    fn apply(&self, options: &mut Options) -> Result<()> {
        self.settings.iter().try_for_each(|(option, value)| {
            options.set(option, value).map_err(|e| e.within(format_args!("array {}", self.name)))
        })
    }
}

/// Refuses what cannot be the name of an array.
fn check_name(name: &str, said: &str) -> Result<()> {
    let no = |why: String| Err(Error::options(format!("array {}: {why}", quote(said.as_bytes()))));
    let is_word = |c: char| c.is_ascii_alphanumeric() || c == '_' || c == '-';
    if !name.starts_with(|c: char| c.is_ascii_alphabetic() || c == '_')
        || !name.chars().all(is_word)
    {
        return no("give it a name of letters, digits, _ and -, and its field: NAME=FIELD".into());
    }
    if name.len() > 64 {
        return no("its name is over 64 characters".into());
    }
    if TAKEN.contains(&name) {
        return no(format!("{name} is the name of something else; give it another: NAME=FIELD"));
    }
    Ok(())
}

fn no_option(name: &str, part: &str) -> Error {
    let option = part.split('=').next().unwrap_or_default().trim_ascii();
    Error::options(format!(
        "array {name}: {} is not an option of one array; {}",
        quote(option.as_bytes()),
        OWN.join(", ")
    ))
}

impl Options {
    /// The options for the array that leads: those of `field`, or of the first array where no field is given.
    pub(crate) fn lead(&self) -> Result<Self> {
        match &self.arrays[..] {
            [first, rest @ ..] if self.field.is_none() => {
                let mut own = self.of_array(first)?;
                own.arrays = rest.to_vec();
                (own.columns, own.column_type) = (self.columns.clone(), self.column_type.clone());
                own.on_missing_column = self.on_missing_column;
                Ok(own)
            }
            _ => Ok(self.clone()),
        }
    }

    /// What the array that leads is called beside others: `images` where a field is given, else as the first array.
    ///
    /// ```
    /// let options = ndpix::Options::default().with("array", "rgb\ndepth")?;
    /// assert_eq!(&*options.lead_name(), "rgb");
    /// assert_eq!(&*options.with("field", "photo")?.lead_name(), "images");
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn lead_name(&self) -> Arc<str> {
        let first = self.arrays.first().filter(|_| self.field.is_none());
        first.map_or_else(|| IMAGES.into(), |first| Arc::clone(&first.name))
    }

    /// The arrays beside the one that leads.
    pub(crate) fn others(&self) -> &[ArrayOption] {
        let first = usize::from(self.field.is_none() && !self.arrays.is_empty());
        &self.arrays[first..]
    }

    /// The options for one array: what all arrays have in common, and its own.
    pub(crate) fn of_array(&self, array: &ArrayOption) -> Result<Self> {
        let mut own = Self { field: Some(array.field.clone()), ..Self::default() };
        for (name, value) in self.changed() {
            if !OWN.contains(&name) && !OF_RUN.contains(&name) {
                own.set(name, &value)?;
            }
        }
        array.apply(&mut own)?;
        Ok(own)
    }

    /// Says yes, or why these arrays cannot stand beside each other or in an output.
    pub(super) fn validate_further(&self) -> Result<()> {
        let no = |message: String| Err(Error::options(message));
        let Some(first) = self.arrays.first() else { return Ok(()) };
        for (i, array) in self.arrays.iter().enumerate() {
            let name = &array.name;
            if self.arrays[..i].iter().any(|other| other.name == *name) {
                return no(format!("array {name} is given twice"));
            }
            if self.columns.iter().any(|column| column.to_string() == **name) {
                return no(format!("{name} is an array and a column; give the array another name"));
            }
            self.of_array(array)?
                .validate_pixels()
                .map_err(|e| e.within(format_args!("array {name}")))?;
        }
        let kept: [(bool, &str); 5] = [
            (self.ragged != Ragged::Off, "ragged"),
            (self.images_as != ImagesAs::Pixels, "images_as"),
            (self.append, "append"),
            (!self.bands.is_empty(), "stack"),
            (self.rejects_input, "rejects_input"),
        ];
        if let Some((_, option)) = kept.iter().find(|(is_asked, _)| *is_asked) {
            return no(format!(
                "array gives every record a row in several arrays, which {option} does not know; leave one of them out"
            ));
        }
        if self.field.is_none()
            && let Some((name, _)) = self
                .governing(&[Governs::Where, Governs::What])
                .iter()
                .find(|(name, _)| OWN.contains(name))
        {
            return no(format!(
                "{name} is for the images of field, and there is none; write it to the array: {first},{name}=..."
            ));
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(text: &str) -> Result<ArrayOption, String> {
        text.parse().map_err(|e: Error| e.message().to_string())
    }

    #[test]
    fn arrays_are_what_is_written() {
        for (text, name, field, settings) in [
            ("rgb", "rgb", "rgb", &[][..]),
            (
                "mask=a.b[0],mode=P, resample=nearest",
                "mask",
                "a.b[0]",
                &[("mode", "P"), ("resample", "nearest")],
            ),
            (
                "d=depth,raw-shape=480,640,raw_dtype=uint16",
                "d",
                "depth",
                &[("raw_shape", "480,640"), ("raw_dtype", "uint16")],
            ),
            (r#"m=a."b,c=d",dtype=uint8"#, "m", r#"a."b,c=d""#, &[("dtype", "uint8")]),
            (
                "n=x,normalize=0.5,0.5,0.5/1,1,1,layout=chw",
                "n",
                "x",
                &[("normalize", "0.5,0.5,0.5/1,1,1"), ("layout", "chw")],
            ),
        ] {
            let array = read(text).expect(text);
            let own: Vec<_> = settings.iter().map(|(o, v)| (*o, v.to_string())).collect();
            assert_eq!(
                (&*array.name, array.field.to_string(), array.settings.clone()),
                (name, field.to_string(), own)
            );
            assert_eq!(read(&array.to_string()), Ok(array), "{text}");
        }
    }

    #[test]
    fn what_is_no_array_is_refused() {
        for (text, said) in [
            ("a.b", "NAME=FIELD"),
            ("images=x", "something else"),
            ("", "NAME=FIELD"),
            ("m=x,size=4", "not an option of one array"),
            ("m=x,mode=Q", "array m"),
            ("m=x,oops", "not an option"),
        ] {
            let error = read(text).expect_err(text);
            assert!(error.contains(said), "{text}: {error}");
        }
    }

    #[test]
    fn each_has_its_own_pixels_and_all_the_same_geometry() {
        let mut options = Options::default();
        for (name, value) in [
            ("field", "image"),
            ("size", "8"),
            ("mode", "RGB"),
            ("dtype", "float32"),
            ("resample", "bicubic"),
        ] {
            options.set(name, value).expect("a value");
        }
        options.arrays = vec!["mask,resample=nearest".parse().expect("an array")];
        assert!(options.validate().is_ok());
        let own = options.of_array(&options.arrays[0]).expect("options");
        assert_eq!((own.size, own.dtype, own.mode), (options.size, None, super::super::Mode::Auto));
        assert_eq!(own.resample, Some(super::super::Resample::Nearest));
        let lead = options.lead().expect("options");
        assert_eq!((lead.mode, options.others().len()), (options.mode, 1));
        options.field = None;
        assert!(options.validate().is_err_and(|e| e.message().contains("write it to the array")));
    }
}
