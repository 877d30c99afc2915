//! What the caller asks for: the only definition, default and documentation of every setting.
//!
//! Each door (command, Python) translates its idiom into this struct and nothing more; whether the
//! settings make sense together is decided here, by [`Options::validate`]. `table.rs` has them by name.

mod table;

use std::fmt;
use std::path::PathBuf;
use std::str::FromStr;

use crate::dtype::{ByteOrder, DType};
use crate::encoding::Encoding;
use crate::error::{Error, Result, quote};
use crate::fetch::{Fetcher, Rules};
use crate::format::ImageFormat;
use crate::framing::Framing;
use crate::legend::Legend;
use crate::limits::Limits;
use crate::paths::{PathPrefix, Paths, absolute};
use crate::record::pointer::{Field, Pointer};
use crate::shape::Shape;

macro_rules! choice {
    ($(#[$doc:meta])* $name:ident, $what:literal { $($(#[$vdoc:meta])* $variant:ident = $word:literal),* $(,)? }) => {
        $(#[$doc])*
        #[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
        #[non_exhaustive]
        pub enum $name { $($(#[$vdoc])* $variant),* }

        impl $name {
            /// Every choice, the default first.
            pub const ALL: &'static [Self] = &[$(Self::$variant),*];

            /// The word in options, flags and summaries.
            pub fn name(self) -> &'static str { match self { $(Self::$variant => $word),* } }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result { f.write_str(self.name()) }
        }

        impl FromStr for $name {
            type Err = Error;
            fn from_str(word: &str) -> Result<Self> {
                Self::ALL.iter().copied().find(|c| c.name() == word).ok_or_else(|| {
                    let all: Vec<_> = Self::ALL.iter().map(|c| c.name()).collect();
                    Error::options(format!("unknown {} {}; use {}", $what, quote(word.as_bytes()), all.join(", ")))
                })
            }
        }
    };
}

choice!(
    /// What becomes of a record whose field is absent, null or an empty list.
    ///
    /// ```
    /// use ndpix::{Control, Input, OnMissing, Options};
    /// let records = Input::bytes("{\"image\": [[1]]}\n{\"image\": null}\n{\"image\": [[3]]}\n");
    /// let mut options = Options::default().with("field", "image")?;
    /// options.on_missing = OnMissing::Fill;
    /// let images = ndpix::load(vec![records], &options, &Control::default()).result?;
    /// assert_eq!(images.as_slice::<i64>(), Some(&[1, 0, 3][..]));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    OnMissing, "on_missing" {
    /// No row; counted.
    #[default] Skip = "skip",
    /// A row of `fill_value`.
    Fill = "fill",
    /// Rejected as `field`.
    Reject = "reject",
});
choice!(
    /// What becomes of a column that none of the first records has.
    ///
    /// ```
    /// use ndpix::{Control, Input, OnMissingColumn, Options};
    /// let records = || vec![Input::bytes("{\"image\": [[1]], \"label\": 7}\n")];
    /// let mut options = Options::default().with("field", "image")?.with("columns", "lable")?;
    /// let refused = ndpix::load(records(), &options, &Control::default()).result;
    /// assert!(refused.is_err_and(|e| e.message().contains("did you mean label?")));
    /// options.on_missing_column = OnMissingColumn::Fill;
    /// let loaded = ndpix::load(records(), &options, &Control::default());
    /// assert_eq!(loaded.columns[0].valid, [false]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    OnMissingColumn, "on_missing_column" {
    /// The run is refused before it begins.
    #[default] Error = "error",
    /// It is kept, as nulls until a record has it.
    Fill = "fill",
});
choice!(
    /// An output that is already there.
    ///
    /// ```
    /// use ndpix::{IfExists, Options};
    /// let folder = tempfile::tempdir()?;
    /// let (records, out) = (folder.path().join("a.ndjson"), folder.path().join("a.npy"));
    /// std::fs::write(&records, "{\"image\": [[1, 2]]}\n")?;
    /// let mut options = Options::default().with("field", "image")?;
    /// ndpix::convert(&[&records], &out, &options)?;
    /// assert!(ndpix::convert(&[&records], &out, &options).is_err());
    /// options.if_exists = IfExists::Replace;
    /// ndpix::convert(&[&records], &out, &options)?;
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    IfExists, "if_exists" {
    /// Refuse to start.
    #[default] Error = "error",
    /// Do nothing, successfully.
    Skip = "skip",
    /// Write a new one and put it in the old one's place when it is whole.
    Replace = "replace",
});
choice!(
    /// Whether to write the row map `OUT.rows.npy`.
    ///
    /// ```
    /// use ndpix::{Options, Rows};
    /// let folder = tempfile::tempdir()?;
    /// let (records, out) = (folder.path().join("a.ndjson"), folder.path().join("a.npy"));
    /// std::fs::write(&records, "{\"image\": [[1, 2]]}\n")?;
    /// let mut options = Options::default().with("field", "image")?;
    /// options.rows = Rows::Always;
    /// ndpix::convert(&[records], &out, &options)?;
    /// assert!(folder.path().join("a.npy.rows.npy").exists());
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    Rows, "rows" {
    /// When row i is not simply record i of one input.
    #[default] Auto = "auto",
    /// Always.
    Always = "always",
    /// Never.
    Never = "never",
});
choice!(
    /// What a rejects file holds of each record.
    ///
    /// ```
    /// use ndpix::{Control, Input, Options, Rejects, RejectsContent};
    /// let folder = tempfile::tempdir()?;
    /// let file = folder.path().join("rejects.ndjson");
    /// let mut options = Options::default().with("field", "image")?;
    /// options.rejects = Rejects::Path(file.clone());
    /// options.rejects_content = RejectsContent::Position;
    /// let records = Input::bytes("{\"image\": [[1]]}\n{\"image\": \"a secret\"}\n");
    /// ndpix::load(vec![records], &options, &Control::default()).result?;
    /// let said = std::fs::read_to_string(file)?;
    /// assert!(said.contains("\"line\":2") && !said.contains("\"image\""), "{said}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    RejectsContent, "rejects_content" {
    /// The record's text, so that the file can be read again.
    #[default] Full = "full",
    /// Where it stands and why it was rejected.
    Position = "position",
});

mod arrays;
mod column_type;
mod condition;
mod on_error;
mod output;
mod passes;
mod pixels;
mod raw;
mod validate;
pub use crate::fetch::Fetch;
pub use arrays::ArrayOption;
pub(crate) use arrays::IMAGES;
pub use column_type::{Clock, ColumnReads, ReadAs};
pub use condition::{Condition, Test};
pub use on_error::{OnError, OnErrors, OnTruncated};
pub(crate) use output::GZIP;
pub use output::{ImagesAs, OutputCompression, Ragged};
pub use pixels::{Fit, Frames, Layout, Merge, Mode, Normalize, Resample, Rgb, Scale, Size, Stack};
pub use raw::{At, Given, RawChannels, RawDType, RawLayout, RawOrder};
pub(crate) use table::bytes;
pub use table::{Governs, OptionInfo};

/// The flag of an option.
pub(crate) fn flag_of(name: &str) -> String {
    format!("--{}", name.replace('_', "-"))
}

/// How many rejects end the run.
///
/// ```
/// use ndpix::{Control, Input, MaxRejects, Options};
/// let records = Input::bytes("{\"image\": [[1]]}\n{\"image\": 7}\n");
/// let mut options = Options::default().with("field", "image")?;
/// options.max_rejects = Some(MaxRejects::Count(0));
/// let loaded = ndpix::load(vec![records], &options, &Control::default());
/// assert!(loaded.result.is_err());
/// assert_eq!("5%".parse::<MaxRejects>()?, MaxRejects::Percent(5.0));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq)]
#[non_exhaustive]
pub enum MaxRejects {
    /// More than this many.
    Count(u64),
    /// More than this share of the images, looked at in record order after 1,000 images and at the end.
    Percent(f64),
    /// Never.
    None,
}

impl Default for MaxRejects {
    fn default() -> Self {
        Self::Percent(50.0)
    }
}

impl MaxRejects {
    /// Whether so many rejects, of so many images and unreadable records, are more.
    pub(crate) fn is_passed(self, rejected: u64, judged: u64) -> bool {
        match self {
            Self::None => false,
            Self::Count(most) => rejected > most,
            Self::Percent(most) => {
                rejected > 0 && rejected as f64 * 100.0 / judged.max(1) as f64 > most
            }
        }
    }

    /// The value of the option of this name.
    pub(crate) fn read(name: &str, text: &str) -> Result<Self> {
        let bad = || {
            Error::options(format!(
                "{name} {}: write a number, a percentage such as 5%, or none",
                quote(text.as_bytes())
            ))
        };
        match text.strip_suffix('%') {
            _ if text == "none" => Ok(Self::None),
            Some(p) => match p.trim().parse() {
                Ok(p) if (0.0..=100.0).contains(&p) => Ok(Self::Percent(p)),
                _ => Err(bad()),
            },
            None => text.parse().map(Self::Count).map_err(|_| bad()),
        }
    }
}

impl FromStr for MaxRejects {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        Self::read("max_rejects", text)
    }
}

impl fmt::Display for MaxRejects {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Count(n) => n.fmt(f),
            Self::Percent(p) => write!(f, "{p}%"),
            Self::None => f.write_str("none"),
        }
    }
}

/// Where rejects go.
///
/// ```
/// use ndpix::{Control, Input, Options, Rejects};
/// let folder = tempfile::tempdir()?;
/// let file = folder.path().join("rejects.ndjson");
/// let mut options = Options::default().with("field", "image")?;
/// options.rejects = Rejects::Path(file.clone());
/// let records = Input::bytes("{\"image\": [[1]]}\n{\"image\": 7}\n");
/// ndpix::load(vec![records], &options, &Control::default()).result?;
/// assert_eq!(std::fs::read_to_string(file)?.lines().count(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug, Clone, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Rejects {
    /// `OUT.rejects.ndjson`, if there are any.
    #[default]
    Beside,
    /// This file.
    Path(PathBuf),
    /// Nowhere; they are only counted.
    None,
}

/// Every setting of a run. `Options::default()` finds everything by itself.
///
/// ```
/// use ndpix::{Mode, Options};
/// let mut options = Options::default().with("size", "224,224")?.with("fit", "crop")?;
/// options.mode = Mode::Rgb;
/// assert_eq!(options.flags().join(" "), "--mode RGB --size 224,224 --fit crop");
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Default)]
#[non_exhaustive]
pub struct Options {
    /// The field that holds the image; `None`: found in the sample.
    pub field: Option<Field>,
    /// The fields after it, in order, where `field` is given several times: with it the bands of `stack`.
    pub bands: Vec<Field>,
    /// How the value holds the image; none: found in the sample, then enforced. Of several each value is
    /// the one that it seems to be, and what is held in another way is rejected.
    pub encoding: Vec<Encoding>,
    /// Decide the encoding for each record.
    pub mixed: bool,
    /// Shape of raw pixels.
    pub raw_shape: Option<Given<Shape>>,
    /// Element type of raw pixels.
    pub raw_dtype: Option<Given<RawDType>>,
    /// Byte order of raw pixels; default little, or what the dtype says.
    pub raw_byteorder: Option<Given<ByteOrder>>,
    /// Memory order of raw pixels; default C.
    pub raw_order: Option<Given<RawOrder>>,
    /// Colour order of raw pixels.
    pub raw_channels: RawChannels,
    /// Axis order of raw pixels and number lists; default channels last.
    pub raw_layout: Option<Given<RawLayout>>,
    /// Bytes from one row of raw pixels to the next, where rows are padded.
    pub raw_step: Option<Given<usize>>,
    /// Read NaN, Infinity and -Infinity as numbers, and null in lists of floats as NaN.
    pub allow_nan: bool,
    /// Make good text that was damaged in a known way: base64 in which each + became a blank.
    pub text_repair: bool,
    /// The image formats that are read; empty: all.
    pub formats: Vec<ImageFormat>,
    /// The shape every image must have; `None`: the sample's.
    pub shape: Option<Shape>,
    /// The dtype of the output; number lists are read as it. `None`: as stored.
    pub dtype: Option<DType>,
    /// The channels of the array.
    pub mode: Mode,
    /// The colour that alpha is blended on when it must go; `None`: it is dropped.
    pub background: Option<Rgb>,
    /// Turn images upright by their EXIF, XMP or TIFF orientation.
    pub exif_transpose: bool,
    /// Make numbers of DICOM and FITS images the quantities that they stand for, by slope and intercept.
    pub rescale: bool,
    /// Which frames of animations and multi-page files are read.
    pub frames: Frames,
    /// The size every image is brought to; `None`: as stored.
    pub size: Option<Size>,
    /// How, where the aspect differs; `None`: it must not.
    pub fit: Option<Fit>,
    /// The filter; `None`: bilinear, and nearest for what is drawn.
    pub resample: Option<Resample>,
    /// What stands around a padded image, in every channel, before `dtype` and `scale`.
    pub pad_value: f64,
    /// How the numbers of one dtype become those of another.
    pub scale: Scale,
    /// What floating-point samples are brought to.
    pub normalize: Normalize,
    /// The order of the axes.
    pub layout: Layout,
    /// Whether several fields become one image.
    pub stack: Stack,
    /// Whether the masks of a record become one image.
    pub merge: Merge,
    /// The names of their classes, in the order of their numbers from 1 on, where these are said: `merge class[cat,dog]`.
    pub classes: Legend,
    /// The value of rows without image.
    pub fill_value: f64,
    /// What fields of a record must be for it to be read; before `skip` and `limit`.
    pub conditions: Vec<Condition>,
    /// Non-blank records to pass over, across files.
    pub skip: u64,
    /// Non-blank records to take, across files; `None`: all.
    pub limit: Option<u64>,
    /// A record without image.
    pub on_missing: OnMissing,
    /// Bad images and records, by what is wrong with them.
    pub on_error: OnErrors,
    /// How many rejects end the run; `None`: 50%, and rejects give exit code 3.
    pub max_rejects: Option<MaxRejects>,
    /// How many rejects of a run that finishes are said loudly and give exit code 3, fewer giving 0; `None`: none are,
    /// and any gives 3.
    pub warn_rejects: Option<MaxRejects>,
    /// Where rejects go.
    pub rejects: Rejects,
    /// What is kept of a rejected record.
    pub rejects_content: RejectsContent,
    /// How records follow each other.
    pub framing: Framing,
    /// A compressed input that ends before its end.
    pub on_truncated: OnTruncated,
    /// Where relative image paths begin, and a directory that they may reach; `None`: each input's.
    pub base_dir: Option<PathBuf>,
    /// Further directories that image paths may reach; `/` is all of them.
    pub allow_dir: Vec<PathBuf>,
    /// How the beginnings of image paths are rewritten; the first that fits counts.
    pub path_prefix: Vec<PathPrefix>,
    /// Images behind addresses in records.
    pub fetch: Fetch,
    /// Hosts, with or without a port, that `fetch` may ask though they are not on the public network.
    pub allow_host: Vec<String>,
    /// The inputs are rejects files, whatever they are called.
    pub rejects_input: bool,
    /// Limits on records, images and memory.
    pub limits: Limits,
    /// Threads; 0: all cores.
    pub threads: usize,
    /// An existing output.
    pub if_exists: IfExists,
    /// Whether to write the row map.
    pub rows: Rows,
    /// Images of different sizes.
    pub ragged: Ragged,
    /// Further arrays of the same records, registered with the images of `field`; with none the first of these leads.
    pub arrays: Vec<ArrayOption>,
    /// Fields of the record that are kept beside the images.
    pub columns: Vec<Pointer>,
    /// Such a field that none of the first records has.
    pub on_missing_column: OnMissingColumn,
    /// What such fields are read as, where that is not left to the first records.
    pub column_type: Vec<ColumnReads>,
    /// What Parquet holds of an image.
    pub images_as: ImagesAs,
    /// Rows of a chunk, for outputs that have chunks; `None`: about 1 MiB of them.
    pub chunks: Option<u64>,
    /// How chunks are compressed.
    pub output_compression: OutputCompression,
    /// Rows of a shard; with it the output is a folder of `.npy` files, or a Zarr array of such shards.
    pub shard_rows: Option<u64>,
    /// Whether rows are added to an output that is there.
    pub append: bool,
    /// Whether inputs are added once more whose rows are there already.
    pub append_again: bool,
    /// Whether a run begins anew where one of the same inputs and options was ended.
    pub fresh: bool,
    /// Bytes of text in a batch. Only for tests: it never changes a result.
    #[doc(hidden)]
    pub block_bytes: Option<usize>,
}

impl Options {
    /// Whether `size` says how large padded rows are, and not that images are resized.
    pub(crate) fn size_is_row(&self) -> bool {
        self.ragged == Ragged::Pad && self.fit.is_none()
    }

    /// Whether there may be rows of `fill_value`.
    pub(crate) fn fills(&self) -> bool {
        self.on_missing == OnMissing::Fill || self.on_error.names(OnError::Fill)
    }

    /// The one way in which every value holds its image, where it is given.
    pub(crate) fn one_encoding(&self) -> Option<&Encoding> {
        if let [encoding] = &self.encoding[..] { Some(encoding) } else { None }
    }

    /// What is said of the paths of images.
    pub(crate) fn paths(&self) -> Paths {
        Paths {
            base_dir: self.base_dir.as_deref().map(absolute),
            allow_dir: self.allow_dir.iter().map(|folder| absolute(folder)).collect(),
            prefixes: self.path_prefix.clone(),
            rules: Rules { fetch: self.fetch, hosts: self.allow_host.clone() },
            fetcher: Fetcher::default(),
        }
    }

    /// Whether images behind addresses are fetched.
    pub(crate) fn fetches(&self) -> bool {
        self.fetch != Fetch::Off
    }

    /// The number of threads to start.
    ///
    /// ```
    /// let options = ndpix::Options::default();
    /// assert!(options.thread_count() >= 1);
    /// assert_eq!(options.with("threads", "3")?.thread_count(), 3);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn thread_count(&self) -> usize {
        match self.threads {
            0 => std::thread::available_parallelism().map_or(1, usize::from),
            n => n,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rejects_are_counted_or_shared() {
        assert_eq!("5%".parse::<MaxRejects>().expect("percent"), MaxRejects::Percent(5.0));
        assert_eq!("7".parse::<MaxRejects>().expect("count"), MaxRejects::Count(7));
        assert!("101%".parse::<MaxRejects>().is_err());
    }
}
