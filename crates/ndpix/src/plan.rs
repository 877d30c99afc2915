//! What will be done: options resolved against the sample. Stations and engine read this, never
//! the options. It can be written down, so that another process does the same (`plan/text.rs`).

mod legends;
mod raw;
pub(crate) mod text;
pub(crate) mod watch;

use std::sync::Arc;

use serde::{Deserialize, Serialize};
use serde_json::Value;

use crate::column::ColumnType;
use crate::dtype::DType;
use crate::encoding::Encoding;
use crate::error::{Error, Result, brief};
use crate::format::{Color, ImageFormat};
use crate::legend::Legend;
use crate::limits::Limits;
use crate::options::{
    Condition, Fit, Frames, Layout, Merge, Mode, Normalize, Options, ReadAs, Resample, Scale, Size,
    Stack,
};
use crate::paths::Paths;
use crate::record::pointer::Pointer;
use crate::shape::Shape;
use text::{axes, list, maybe, word};

pub(crate) use raw::Raw;

/// What every image becomes.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case", deny_unknown_fields)]
pub(crate) enum Target {
    /// One array: every image has this shape and dtype.
    Stack {
        /// Shape of one image.
        #[serde(with = "axes")]
        shape: Shape,
        /// Element type.
        #[serde(with = "word")]
        dtype: DType,
        /// What the channels are; images with fewer channels are promoted to it.
        #[serde(with = "word")]
        color: Color,
    },
    /// Each image as it is.
    Each,
    /// Each image as the file that it came as, when that decodes.
    Encoded,
    /// Each image as large as it is, of one dtype, with one number of axes.
    Flat {
        /// How many axes.
        rank: usize,
        /// Element type.
        #[serde(with = "word")]
        dtype: DType,
        /// As above.
        #[serde(with = "word")]
        color: Color,
    },
    /// Each image at the beginning of a row of this shape, with `pad_value` after it.
    Pad {
        /// Shape of the row.
        #[serde(with = "axes")]
        shape: Shape,
        /// Element type.
        #[serde(with = "word")]
        dtype: DType,
        /// As above.
        #[serde(with = "word")]
        color: Color,
        /// What stands around it.
        #[serde(with = "word")]
        pad_value: f64,
    },
    /// Nothing is decoded: what shape images would have is all that is asked for.
    Measure {
        /// Element type.
        #[serde(with = "word")]
        dtype: DType,
        /// As above.
        #[serde(with = "word")]
        color: Color,
    },
}

/// How images come to one size.
#[derive(Debug, Clone, Copy, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Resize {
    /// Height and width.
    #[serde(with = "word")]
    pub size: Size,
    /// What becomes of another aspect; `None`: there must be none.
    #[serde(with = "maybe")]
    pub fit: Option<Fit>,
    /// The filter.
    #[serde(with = "word")]
    pub resample: Resample,
    /// What stands around a padded image.
    #[serde(with = "word")]
    pub pad_value: f64,
}

/// What is done to the pixels of each image, in the order in which it is done; by default nothing.
#[derive(Debug, Clone, PartialEq, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Steps {
    /// Which frames are read.
    #[serde(with = "word")]
    pub frames: Frames,
    /// Whether palette indices stay what they are.
    pub indices: bool,
    /// Make numbers the quantities that the file says they stand for.
    pub rescale: bool,
    /// Turn upright by the orientation.
    pub transpose: bool,
    /// The channels that are asked for.
    #[serde(with = "maybe")]
    pub mode: Option<Color>,
    /// What alpha is blended on when it goes.
    #[serde(deserialize_with = "Option::deserialize")]
    pub background: Option<[u8; 3]>,
    /// The size that is asked for.
    #[serde(deserialize_with = "Option::deserialize")]
    pub resize: Option<Resize>,
    /// The dtype that is asked for.
    #[serde(with = "maybe")]
    pub dtype: Option<DType>,
    /// The one dtype that means and deviations are for, where nothing brings others to its range.
    #[serde(with = "maybe")]
    pub stored: Option<DType>,
    /// The bits that numbers fill, where they go through as they are.
    #[serde(deserialize_with = "Option::deserialize")]
    pub bits: Option<u8>,
    /// How numbers are scaled to it.
    #[serde(with = "word")]
    pub scale: Scale,
    /// Means and deviations.
    #[serde(with = "word")]
    pub normalize: Normalize,
    /// Blue first.
    pub bgr: bool,
    /// The order of axes.
    #[serde(with = "word")]
    pub layout: Layout,
    /// Whether several fields become one image.
    #[serde(with = "word")]
    pub stack: Stack,
}

impl Steps {
    /// The steps that the options ask for.
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            frames: options.frames,
            indices: options.mode == Mode::P,
            rescale: options.rescale,
            transpose: options.exif_transpose,
            mode: match options.mode {
                // Three means are those of red, green and blue.
                Mode::Auto => match options.normalize.values() {
                    Some((mean, _)) if mean.len() == 3 => Some(Color::Rgb),
                    _ => None,
                },
                Mode::L | Mode::P => Some(Color::Gray),
                Mode::La => Some(Color::GrayAlpha),
                Mode::Rgb | Mode::Bgr => Some(Color::Rgb),
                Mode::Rgba => Some(Color::Rgba),
            },
            background: options.background.map(|c| c.0),
            resize: options.size.filter(|_| !options.size_is_row()).map(|size| Resize {
                size,
                fit: options.fit,
                resample: options.resample.unwrap_or_default(),
                pad_value: options.pad_value,
            }),
            dtype: options.dtype,
            stored: None,
            bits: None,
            scale: match options.normalize {
                // Their means and deviations are those of samples from 0 to 1.
                Normalize::Imagenet | Normalize::Clip => Scale::Unit,
                _ => options.scale,
            },
            normalize: options.normalize.clone(),
            bgr: options.mode == Mode::Bgr,
            layout: options.layout,
            stack: options.stack,
        }
    }

    /// What was done to images that an orientation or alpha gives cause for: so many were turned, so
    /// many lost their alpha, so many were parted from it. Before all that [`Steps::said`] says.
    pub(crate) fn said_of(&self, turned: u64, alpha: u64, premultiplied: u64) -> Vec<String> {
        let mut said = Vec::new();
        if premultiplied > 0 && self.interprets_alpha() {
            said.push(format!("{premultiplied} images were un-multiplied from their alpha"));
        }
        if turned > 0 && self.transpose {
            said.push(format!("{turned} images were turned upright"));
        }
        if alpha > 0 && matches!(self.mode, Some(Color::Gray | Color::Rgb)) && !self.indices {
            said.push(match self.background {
                Some([r, g, b]) => {
                    format!("alpha of {alpha} images was blended on #{r:02x}{g:02x}{b:02x}")
                }
                None => format!("alpha of {alpha} images was dropped"),
            });
        }
        said
    }

    /// What is done to the pixels, a sentence a step; orientation and alpha depend on the images.
    pub(crate) fn said(&self) -> Vec<String> {
        let mut said = Vec::new();
        match self.mode {
            Some(_) if self.indices => said.push("palette indices are kept".to_string()),
            Some(Color::Gray) => said.push("images are made gray".to_string()),
            Some(Color::GrayAlpha) => said.push("images are made gray and alpha".to_string()),
            Some(Color::Rgba) => said.push("images are made RGBA".to_string()),
            Some(_) if self.bgr => said.push("images are made BGR".to_string()),
            Some(_) => said.push("images are made RGB".to_string()),
            None => {}
        }
        if let Some(Resize { size, fit, resample, pad_value }) = &self.resize {
            let fit = match fit {
                Some(Fit::Pad) => format!(" with fit pad (pad_value {pad_value})"),
                Some(fit) => format!(" with fit {fit}"),
                None => String::new(),
            };
            said.push(format!("images are resized to {size}{fit} by {resample}"));
        }
        if self.scale != Scale::None {
            said.push(format!("samples are scaled by {}", self.scale));
        }
        if self.normalize != Normalize::None {
            said.push(format!("samples are normalized by {}", self.normalize));
        }
        if self.layout == Layout::Chw {
            said.push("channels are the first axis".to_string());
        }
        said.extend(self.stacking());
        said
    }

    /// Whether a step looks at what alpha means, so that colours must not be multiplied with it.
    pub(crate) fn interprets_alpha(&self) -> bool {
        self.mode.is_some() || self.resize.is_some()
    }

    /// How several fields become one image, where they do.
    pub(crate) fn stacking(&self) -> Option<String> {
        match self.stack {
            Stack::Off => None,
            Stack::NewAxis => Some("the fields are stacked on a new first axis".to_string()),
            Stack::Channel => {
                Some("the channels of the fields are put one after another".to_string())
            }
        }
    }

    /// Whether a step needs height, width and channels, so that no other array can go through.
    pub(crate) fn is_for_pictures(&self) -> bool {
        self.mode.is_some()
            || self.resize.is_some()
            || self.layout != Layout::Hwc
            || self.normalize.values().is_some_and(|v| v.0.len() > 1)
    }
}

/// A field that is kept beside the images.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ColumnPlan {
    #[serde(with = "word")]
    pub field: Pointer,
    /// The field as it is written.
    pub name: Arc<str>,
    /// How its values are read; a value that is something else rejects its record.
    #[serde(with = "word")]
    pub reads: ReadAs,
    /// Of classes their names; none before all records were asked for theirs.
    #[serde(with = "word")]
    pub legend: Legend,
    /// Whether an option says so, and not the first records.
    pub said: bool,
    /// Whether its value may be an image, hold one, or be part of one.
    pub touches: bool,
    /// Whether text with a NUL rejects its record, as the output cannot hold it.
    pub refuses_nul: bool,
}

impl ColumnPlan {
    /// What the column holds.
    pub(crate) fn kind(&self) -> ColumnType {
        self.reads.kind()
    }
}

/// Where the image of a record may stand.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Place {
    /// The path to it.
    #[serde(with = "word")]
    pub field: Pointer,
    /// How the value there holds it; `None`: decided for each value.
    #[serde(with = "maybe")]
    pub encoding: Option<Encoding>,
}

/// A further array of the same records.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct ArrayPlan {
    /// What it is called.
    pub name: Arc<str>,
    /// Where its images stand and what becomes of them; what all arrays have in common is in the plan of the first.
    pub plan: Plan,
}

/// The decision of a run.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Plan {
    /// Where the image stands in a record: it is read from the first of these that is there.
    pub places: Vec<Place>,
    /// The plans of the fields that become one image; empty: `places` are those of the image.
    pub bands: Vec<Plan>,
    /// How several masks of a record become one.
    #[serde(with = "word")]
    pub merge: Merge,
    /// The names of their classes, numbered from 1, where these are no numbers; none before all records were asked for theirs.
    #[serde(with = "maybe")]
    pub classes: Option<Legend>,
    /// What the array is called beside others.
    pub name: Arc<str>,
    /// The arrays beside it: an image that is not in all of them is in none.
    pub arrays: Vec<ArrayPlan>,
    /// What fields of a record must be for it to be read.
    #[serde(with = "list")]
    pub conditions: Vec<Condition>,
    /// The fields that are kept.
    pub columns: Vec<ColumnPlan>,
    /// What images become.
    pub target: Target,
    /// What is done to their pixels on the way.
    pub steps: Steps,
    /// The image formats that are read; empty: all.
    #[serde(with = "list")]
    pub formats: Vec<ImageFormat>,
    /// The value of rows without image.
    #[serde(with = "word")]
    pub fill_value: f64,
    /// Where image paths lead.
    pub paths: Paths,
    /// Limits on records, images and memory.
    #[serde(with = "text::Bounds")]
    pub limits: Limits,
    /// How values hold their pixels, as far as the options say it.
    pub raw: Raw,
    /// Whether a record without image becomes a row.
    pub fills_missing: bool,
    /// What it looks out for, where it found its places by itself.
    #[serde(deserialize_with = "Option::deserialize")]
    pub watch: Option<Arc<watch::Watch>>,
    /// What the run should say before it works.
    pub notes: Vec<String>,
}

impl Plan {
    /// All of it, written down.
    pub(crate) fn to_json(&self) -> Result<Value> {
        serde_json::to_value(self)
            .map_err(|e| Error::plan(format!("the plan cannot be written down: {e}")).caused_by(e))
    }

    /// What [`Plan::to_json`] gave, in whichever process.
    ///
    /// # Errors
    /// Kind `plan` where a field is missing, or one that this version does not know.
    pub(crate) fn from_json(text: Value) -> Result<Self> {
        let mut plan = Self::deserialize(text).map_err(|e| {
            Error::plan(format!("the plan is not one of this version: {e}; make it again"))
                .caused_by(e)
        })?;
        for band in &mut plan.bands {
            band.paths.fetcher = plan.paths.fetcher.clone();
        }
        for array in &mut plan.arrays {
            array.plan.paths.fetcher = plan.paths.fetcher.clone();
        }
        Ok(plan)
    }

    /// The field, with its alternatives, as it is written.
    pub(crate) fn field(&self) -> String {
        let all: Vec<String> = self.places.iter().map(|place| place.field.to_string()).collect();
        all.join("|")
    }

    /// The field, or those of the bands, as they are written.
    pub(crate) fn fields(&self) -> Vec<String> {
        if self.bands.is_empty() {
            vec![self.field()]
        } else {
            self.bands.iter().map(Self::field).collect()
        }
    }

    /// How values hold their images, each way once; `None` where that is decided for each value.
    pub(crate) fn encodings(&self) -> Option<Vec<String>> {
        let mut names: Vec<String> = Vec::new();
        for place in self.all_places() {
            let name = place.encoding.as_ref()?.to_string();
            if !names.contains(&name) {
                names.push(name);
            }
        }
        Some(names)
    }

    /// The places of the image, or those of its bands.
    pub(crate) fn all_places(&self) -> impl Iterator<Item = &Place> {
        let own: &[Place] = if self.bands.is_empty() { &self.places } else { &[] };
        own.iter().chain(self.bands.iter().flat_map(|band| &band.places))
    }

    /// The pointers of the image, or those of its bands, and those of further arrays.
    pub(crate) fn pointers(&self) -> impl Iterator<Item = &Pointer> {
        let others = self.arrays.iter().flat_map(|array| &array.plan.places);
        self.all_places().chain(others).map(|place| &place.field)
    }

    /// What a run says before it works: field, encoding and images in a sentence, then the notes.
    pub(crate) fn said(&self) -> Vec<String> {
        let encoding = self.encodings().map_or("mixed".to_string(), |names| names.join(" or "));
        let images = match self.target {
            Target::Stack { shape, dtype, .. } => Some(format!("images {shape} {dtype}")),
            Target::Pad { shape, dtype, .. } => Some(format!("images in rows of {shape} {dtype}")),
            Target::Flat { dtype, .. } => Some(format!("images of their own sizes, {dtype}")),
            Target::Encoded => Some("image files as they are".to_string()),
            Target::Each | Target::Measure { .. } => None,
        };
        let word = if self.bands.is_empty() { "field" } else { "fields" };
        let all = images.map(|images| {
            format!(
                "{word} {}, encoding {encoding}, {images}",
                self.fields().iter().map(|f| brief(f)).collect::<Vec<_>>().join(", ")
            )
        });
        let others = self.arrays.iter().flat_map(|array| {
            let said = array.plan.said().into_iter();
            said.map(|said| format!("array {}: {said}", array.name))
        });
        all.into_iter().chain(self.notes.iter().cloned()).chain(others).collect()
    }

    /// Bytes of one row in each of the arrays; 0 where rows differ.
    pub(crate) fn widths(&self) -> Result<Vec<usize>> {
        let others = self.arrays.iter().map(|array| &array.plan);
        let width = |plan: &Self| match plan.target {
            Target::Stack { shape, dtype, .. } | Target::Pad { shape, dtype, .. } => {
                shape.bytes(dtype)
            }
            Target::Each | Target::Encoded | Target::Flat { .. } | Target::Measure { .. } => Ok(0),
        };
        std::iter::once(self).chain(others).map(width).collect()
    }

    /// The same of all arrays together.
    pub(crate) fn slot_len(&self) -> Result<usize> {
        Ok(self.widths()?.into_iter().fold(0, usize::saturating_add))
    }
}
