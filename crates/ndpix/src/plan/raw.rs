//! How the settings say that values hold their pixels.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::dtype::{ByteOrder, DType};
use crate::encoding::Encoding;
use crate::error::{Error, Result};
use crate::options::{Given, Options, RawChannels, RawDType, RawLayout, RawOrder};
use crate::shape::Shape;

/// What values do not say of themselves, each field called as the option that says it. Written down, it is
/// the options that make it.
#[derive(Debug, Clone, Serialize, Deserialize)]
#[serde(into = "BTreeMap<String, String>", try_from = "BTreeMap<String, String>")]
pub(crate) struct Raw {
    /// The ways in which values may hold images; none: any.
    pub encoding: Vec<Encoding>,
    pub raw_shape: Option<Given<Shape>>,
    pub raw_dtype: Option<Given<RawDType>>,
    pub raw_byteorder: Option<Given<ByteOrder>>,
    pub raw_order: Option<Given<RawOrder>>,
    pub raw_channels: RawChannels,
    pub raw_layout: Option<Given<RawLayout>>,
    pub raw_step: Option<Given<usize>>,
    pub allow_nan: bool,
    pub text_repair: bool,
    /// The shape of every image, which a flat list of numbers takes.
    pub shape: Option<Shape>,
    /// What numbers are read as.
    pub dtype: Option<DType>,
}

impl Raw {
    /// What the options say.
    pub(crate) fn new(options: &Options) -> Self {
        Self {
            encoding: options.encoding.clone(),
            raw_shape: options.raw_shape.clone(),
            raw_dtype: options.raw_dtype.clone(),
            raw_byteorder: options.raw_byteorder.clone(),
            raw_order: options.raw_order.clone(),
            raw_channels: options.raw_channels,
            raw_layout: options.raw_layout.clone(),
            raw_step: options.raw_step.clone(),
            allow_nan: options.allow_nan,
            text_repair: options.text_repair,
            shape: options.shape,
            dtype: options.dtype,
        }
    }

    /// The one way in which every value holds its image, where it is given.
    pub(crate) fn one_encoding(&self) -> Option<&Encoding> {
        match &self.encoding[..] {
            [encoding] => Some(encoding),
            _ => None,
        }
    }

    /// Whether values may hold images in this way.
    pub(crate) fn allows(&self, encoding: &Encoding) -> bool {
        self.encoding.is_empty() || self.encoding.contains(encoding)
    }

    /// Whether any setting says what raw pixels are.
    pub(crate) fn says_some(&self) -> bool {
        self.raw_shape.is_some()
            || self.raw_dtype.is_some()
            || self.raw_byteorder.is_some()
            || self.raw_order.is_some()
            || self.raw_layout.is_some()
            || self.raw_step.is_some()
    }
}

impl From<Raw> for BTreeMap<String, String> {
    fn from(raw: Raw) -> Self {
        let options = Options {
            encoding: raw.encoding,
            raw_shape: raw.raw_shape,
            raw_dtype: raw.raw_dtype,
            raw_byteorder: raw.raw_byteorder,
            raw_order: raw.raw_order,
            raw_channels: raw.raw_channels,
            raw_layout: raw.raw_layout,
            raw_step: raw.raw_step,
            allow_nan: raw.allow_nan,
            text_repair: raw.text_repair,
            shape: raw.shape,
            dtype: raw.dtype,
            ..Options::default()
        };
        options.changed().into_iter().map(|(name, value)| (name.to_string(), value)).collect()
    }
}

impl TryFrom<BTreeMap<String, String>> for Raw {
    type Error = Error;

    fn try_from(settings: BTreeMap<String, String>) -> Result<Self> {
        let mut options = Options::default();
        settings.iter().try_for_each(|(name, value)| options.set(name, value))?;
        Ok(Self::new(&options))
    }
}
