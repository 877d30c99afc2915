//! What an output is asked to hold, and what is known of the run at its end.

use std::path::Path;
use std::sync::Arc;

use serde_json::{Value, json};

use crate::column::ColumnType;
use crate::dtype::DType;
use crate::error::{Error, Result, brief};
use crate::legend::{Legend, legends_said};
use crate::options::{ImagesAs, OutputCompression, Rows};
use crate::shape::Shape;

/// What the images of an output are.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Images {
    /// All of one shape.
    Stack { shape: Shape, dtype: DType },
    /// Each in a row of the largest shape.
    Pad { shape: Shape, dtype: DType },
    /// Each as large as it is, with so many axes.
    Flat { dtype: DType, rank: usize },
}

impl Images {
    /// The dtype of an element.
    pub(crate) fn dtype(&self) -> DType {
        match self {
            Self::Stack { dtype, .. } | Self::Pad { dtype, .. } | Self::Flat { dtype, .. } => {
                *dtype
            }
        }
    }

    /// The shape of a row of the main array; one element where images are laid flat.
    pub(crate) fn item(&self) -> Vec<usize> {
        match self {
            Self::Stack { shape, .. } | Self::Pad { shape, .. } => shape.to_vec(),
            Self::Flat { .. } => Vec::new(),
        }
    }

    /// Bytes of a row of the main array.
    pub(crate) fn item_len(&self) -> Result<usize> {
        match self {
            Self::Stack { shape, dtype } | Self::Pad { shape, dtype } => shape.bytes(*dtype),
            Self::Flat { dtype, .. } => Ok(dtype.size()),
        }
    }
}

/// A further array of an output: a row for each row of the main one.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Further {
    pub(crate) name: Arc<str>,
    pub(crate) shape: Shape,
    pub(crate) dtype: DType,
}

impl Further {
    /// Bytes of a row.
    pub(crate) fn item_len(&self) -> Result<usize> {
        self.shape.bytes(self.dtype)
    }
}

/// What an output is to hold, and how.
#[derive(Debug, Clone)]
pub(crate) struct Holds {
    pub(crate) images: Images,
    /// What the main array is called where images are not laid flat.
    pub(crate) lead: Arc<str>,
    /// The arrays beside it.
    pub(crate) arrays: Vec<Further>,
    /// Kept fields: their names and types.
    pub(crate) columns: Vec<(Arc<str>, ColumnType)>,
    /// What numbers mean, in columns and arrays of these names.
    pub(crate) legends: Vec<(Arc<str>, Legend)>,
    /// Whether fill rows were asked for, so that `valid` says which rows are images.
    pub(crate) fills: bool,
    pub(crate) rows: Rows,
    pub(crate) images_as: ImagesAs,
    pub(crate) chunks: Option<u64>,
    pub(crate) compression: OutputCompression,
    pub(crate) shard_rows: Option<u64>,
    pub(crate) append: bool,
    /// Whether another run may go on with it when this one is killed.
    pub(crate) continues: bool,
    /// Where rows are added: the number of the first input, at least.
    pub(crate) first_file: u32,
    /// The options that have a say in what is in the output, in the spelling of the command.
    pub(crate) options: Vec<(String, String)>,
}

impl Holds {
    /// The name of the main array.
    pub(crate) fn name(&self) -> &str {
        match self.images {
            Images::Stack { .. } | Images::Pad { .. } => &self.lead,
            Images::Flat { .. } => "pixels",
        }
    }

    /// Rows of the main array in a chunk of about 1 MiB, or as many as were asked for.
    pub(crate) fn chunk_rows(&self) -> Result<usize> {
        let usual = ((1 << 20) / self.images.item_len()?.max(1)).max(1);
        match (self.chunks, self.images) {
            // Chunks are counted in images, and of flat ones nobody knows the size before.
            (_, Images::Flat { .. }) | (None, _) => Ok(usual),
            (Some(rows), _) => usize::try_from(rows)
                .map_err(|_| Error::options(format!("chunks {rows} is too large"))),
        }
    }
}

/// What is known of a run at its end, and belongs into the output: nothing that time, threads or names
/// of files have a say in.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    /// Counts by their names.
    pub(crate) counts: Vec<(&'static str, u64)>,
    /// The options, as [`Holds::options`].
    pub(crate) options: Vec<(String, String)>,
    /// The columns, as [`Holds::columns`].
    pub(crate) columns: Vec<(Arc<str>, ColumnType)>,
    /// As [`Holds::legends`].
    pub(crate) legends: Vec<(Arc<str>, Legend)>,
}

/// The names under which outputs say what was counted, what their columns hold, and what numbers mean.
pub(crate) const COUNTS: &str = "ndpix_counts";
pub(crate) const COLUMNS: &str = "ndpix_columns";
pub(crate) const LEGENDS: &str = "ndpix_legends";

/// What columns hold, as outputs say it: a list of names, each with its kind.
pub(crate) fn columns_said(columns: &[(Arc<str>, ColumnType)]) -> Value {
    columns.iter().map(|(name, kind)| json!([**name, kind.to_string()])).collect()
}

/// Refuses numbers that mean something else than those of the output `path`; `there`: what it says of its own.
pub(crate) fn same_legends(path: &Path, there: &Value, came: &Value) -> Result<()> {
    let none = Value::Object(Default::default());
    let there = if there.is_null() { &none } else { there };
    if there == came {
        return Ok(());
    }
    Err(Error::options(format!(
        "{} has classes {}, and these records give {}; name the same classes, or write another output",
        path.display(),
        brief(&there.to_string()),
        brief(&came.to_string())
    )))
}

/// Refuses columns that are not those of the output `path`, with both; `there`: what it says of its own.
pub(crate) fn same_columns(path: &Path, there: &Value, came: &Value) -> Result<()> {
    let plain = |all: &Value| {
        let all = all.as_array().map(Vec::as_slice).unwrap_or_default();
        let word = |one: &Value, at: usize| brief(one[at].as_str().unwrap_or_default());
        let all: Vec<_> =
            all.iter().map(|one| format!("{} ({})", word(one, 0), word(one, 1))).collect();
        if all.is_empty() { "none".to_string() } else { all.join(", ") }
    };
    match there.is_array() {
        _ if there == came => Ok(()),
        true => Err(Error::options(format!(
            "{} has the columns {}, and these records give {}; ask for the same columns, or write another output",
            path.display(),
            plain(there),
            plain(came)
        ))),
        false => Err(Error::options(format!(
            "{} does not say what its columns are, as an earlier ndpix wrote it; write it anew",
            path.display()
        ))),
    }
}

impl Facts {
    /// Attributes by their names: the version, options and counts, these as JSON objects, and columns and legends as
    /// JSON, where there are any.
    pub(crate) fn attributes(&self) -> Vec<(&'static str, String)> {
        let options: serde_json::Map<_, _> =
            self.options.iter().map(|(k, v)| (k.clone(), v.clone().into())).collect();
        let counts: serde_json::Map<_, _> =
            self.counts.iter().map(|(k, v)| ((*k).to_string(), (*v).into())).collect();
        let columns = (!self.columns.is_empty()).then(|| columns_said(&self.columns));
        let legends = (!self.legends.is_empty()).then(|| legends_said(&self.legends));
        let all = [
            ("ndpix_version", env!("CARGO_PKG_VERSION").to_string()),
            ("ndpix_options", Value::from(options).to_string()),
            (COUNTS, Value::from(counts).to_string()),
        ];
        let columns = columns.map(|all| (COLUMNS, all.to_string()));
        let legends = legends.map(|all| (LEGENDS, all.to_string()));
        all.into_iter().chain(columns).chain(legends).collect()
    }

    /// The same with what the runs before counted, as the output says it.
    pub(crate) fn with_counts(&self, before: &Value) -> Self {
        let mut all = self.clone();
        for (name, count) in &mut all.counts {
            *count = count.saturating_add(before[*name].as_u64().unwrap_or(0));
        }
        all
    }
}

impl Facts {
    /// The attributes as one JSON object, options, counts and columns as objects and lists in it.
    pub(crate) fn json(&self) -> Value {
        let all = self.attributes().into_iter().map(|(name, text)| {
            let is_json = text.starts_with(['{', '[']);
            let json = is_json.then(|| serde_json::from_str(&text).ok()).flatten();
            (name.to_string(), json.unwrap_or_else(|| text.into()))
        });
        Value::Object(all.collect())
    }
}
