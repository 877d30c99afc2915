//! What will be done: options resolved against the sample. Stations and engine read this, never
//! the options.

use std::path::PathBuf;

use crate::dtype::DType;
use crate::encoding::Encoding;
use crate::error::Result;
use crate::format::{Color, ImageFormat};
use crate::limits::Limits;
use crate::options::Options;
use crate::record::pointer::Pointer;
use crate::shape::Shape;

/// What every image becomes.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) enum Target {
    /// One array: every image has this shape and dtype.
    Stack {
        /// Shape of one image.
        shape: Shape,
        /// Element type.
        dtype: DType,
        /// What the channels are; images with fewer channels are promoted to it.
        color: Color,
    },
    /// Each image as it is.
    Each,
}

/// The decision of a run.
#[derive(Debug, Clone)]
pub(crate) struct Plan {
    /// Where the image stands in a record.
    pub field: Pointer,
    /// How the value holds it; `None`: decided for each record (`mixed`).
    pub encoding: Option<Encoding>,
    /// Whether the records are a rejects file, each wrapping the text of a record.
    pub rejects_input: bool,
    /// What images become.
    pub target: Target,
    /// The image formats that are read; empty: all.
    pub formats: Vec<ImageFormat>,
    /// The value of rows without image.
    pub fill_value: f64,
    /// Where image paths begin, if not at each input's directory.
    pub base_dir: Option<PathBuf>,
    /// Limits on records, images and memory.
    pub limits: Limits,
    /// The raw pixel settings, from the options.
    pub raw: Options,
    /// What the run should say before it works.
    pub notes: Vec<String>,
}

impl Plan {
    /// Bytes of one row of the array; 0 where images keep their own shapes.
    pub(crate) fn slot_len(&self) -> Result<usize> {
        match self.target {
            Target::Stack { shape, dtype, .. } => shape.bytes(dtype),
            Target::Each => Ok(0),
        }
    }
}
