//! A Parquet file read again for looking at it: the footer, and from it any row of any column.

mod page;
pub(in crate::sink) mod turn;

use std::path::Path;
use std::sync::Arc;

use serde_json::Value;

use super::flat::read::Spot;
use super::schema::{self, Field, FieldKind};
use super::thrift::read::Reading;
use crate::column::ColumnType;
use crate::dtype::DType;
use crate::error::Result;
use crate::sink::shown::array::{Codec, Source};

pub(crate) use page::Cell;

/// A footer is not longer than this.
const FOOTER: u64 = 256 << 20;

/// A file, and what its footer says.
pub(crate) struct Table {
    source: Arc<Source>,
    codec: Codec,
    pub(crate) rows: u64,
    pub(crate) fields: Vec<Field>,
    groups: Vec<Group>,
    /// What ndpix says of the run.
    pub(crate) said: Value,
}

#[derive(Default)]
struct Group {
    rows: u64,
    chunks: Vec<Chunk>,
}

/// Where the pages of a column of a group begin and end.
#[derive(Default, Clone, Copy)]
struct Chunk {
    first: u64,
    dictionary: u64,
    packed: u64,
    codec: u64,
}

/// An element of the schema.
#[derive(Default)]
struct Element {
    name: String,
    physical: Option<i64>,
    optional: bool,
    children: u64,
    converted: Option<i64>,
    is_time: bool,
}

/// What the footer says, as it stands there.
#[derive(Default)]
struct Footer {
    rows: u64,
    elements: Vec<Element>,
    groups: Vec<Group>,
    pairs: Vec<(String, String)>,
    created_by: String,
}

impl Table {
    /// Opens a file.
    ///
    /// # Errors
    /// Kind `options` for what was not written here; `io`.
    pub(crate) fn open(path: &Path) -> Result<Self> {
        let source = Source::open(path)?;
        let tail = source.bytes(source.len.saturating_sub(8), 8.min(source.len), 8)?;
        let (Some(len), true) = (tail.first_chunk(), tail.ends_with(b"PAR1")) else {
            return Err(source.refused("it does not end as Parquet does"));
        };
        let len = u64::from(u32::from_le_bytes(*len));
        let at = source.len.checked_sub(8 + len).ok_or_else(|| source.damaged())?;
        let footer = source.bytes(at, len, FOOTER as usize)?;
        let footer = footer_of(&footer).ok_or_else(|| source.damaged())?;
        if !footer.created_by.starts_with("ndpix ") {
            let by = crate::error::quote(footer.created_by.as_bytes());
            return Err(source.refused(&format!(
                "{by} wrote it, and what is shown of Parquet is what ndpix wrote"
            )));
        }
        let fields = fields(&footer).ok_or_else(|| source.damaged())?;
        let leaves = fields.iter().map(|field| field.leaves().len()).sum::<usize>();
        let codecs = footer.groups.iter().flat_map(|group| &group.chunks).map(|c| c.codec);
        let first = codecs.clone().next().unwrap_or(0);
        let codec = match first {
            0 => Codec::Plain,
            2 => Codec::Gzip,
            6 => Codec::Zstd,
            _ => return Err(source.damaged()),
        };
        let counted = footer.groups.iter().try_fold(0u64, |sum, g| sum.checked_add(g.rows));
        let is_whole = footer.groups.iter().all(|group| group.chunks.len() == leaves)
            && codecs.clone().all(|codec| codec == first)
            && counted == Some(footer.rows);
        if !is_whole {
            return Err(source.damaged());
        }
        let said = footer.pairs.into_iter().map(|(name, value)| (name, value.into()));
        let (rows, groups) = (footer.rows, footer.groups);
        Ok(Self { source, codec, rows, fields, groups, said: Value::Object(said.collect()) })
    }

    /// The field of this name.
    pub(crate) fn field(&self, name: &str) -> Option<usize> {
        self.fields.iter().position(|field| field.name == name)
    }

    /// The axes and dtype of what a field holds, where that is tensors.
    pub(crate) fn tensors(&self, field: usize) -> Option<(&[usize], DType)> {
        match &self.fields[field].kind {
            FieldKind::Tensor(dtype, shape) => Some((shape, *dtype)),
            _ => None,
        }
    }

    /// What a row has in a field; of texts and lists at most so many bytes.
    ///
    /// # Errors
    /// Kind `options` where it is not there; `io`.
    pub(crate) fn cell(&self, field: usize, row: u64, most: usize) -> Result<Option<Cell>> {
        let leaf = self.leaf(field);
        let mut row = row;
        for group in &self.groups {
            if row < group.rows {
                return self.pages(group, leaf).cell(&self.fields[field].kind, row, most);
            }
            row -= group.rows;
        }
        Err(self.source.refused("it has fewer rows than it says"))
    }

    /// The number of the first column that holds a field.
    fn leaf(&self, field: usize) -> usize {
        self.fields[..field].iter().map(|field| field.leaves().len()).sum()
    }

    /// The pages of a column of a group.
    fn pages(&self, group: &Group, leaf: usize) -> page::Pages<'_> {
        let chunk = group.chunks[leaf];
        let from = if chunk.dictionary > 0 { chunk.dictionary } else { chunk.first };
        let to = from.saturating_add(chunk.packed);
        page::Pages { source: &self.source, codec: self.codec, from, to }
    }
}

fn footer_of(bytes: &[u8]) -> Option<Footer> {
    let mut footer = Footer::default();
    Reading(bytes).structure(|r, number| {
        match number {
            2 => r.each(|r| {
                footer.elements.push(element(r)?);
                Some(())
            })?,
            3 => footer.rows = r.count()?,
            4 => r.each(|r| {
                footer.groups.push(group(r)?);
                Some(())
            })?,
            5 => r.each(|r| {
                let mut pair = (String::new(), String::new());
                r.structure(|r, number| {
                    match number {
                        1 => pair.0 = r.text()?,
                        2 => pair.1 = r.text()?,
                        _ => return Some(false),
                    }
                    Some(true)
                })?;
                footer.pairs.push(pair);
                Some(())
            })?,
            6 => footer.created_by = r.text()?,
            _ => return Some(false),
        }
        Some(true)
    })?;
    Some(footer)
}

fn element(r: &mut Reading<'_>) -> Option<Element> {
    let mut element = Element::default();
    r.structure(|r, number| {
        match number {
            1 => element.physical = Some(r.int()?),
            3 => element.optional = r.int()? == 1,
            4 => element.name = r.text()?,
            5 => element.children = r.count()?,
            6 => element.converted = Some(r.int()?),
            10 => r.structure(|_, number| {
                element.is_time |= number == 8;
                Some(false)
            })?,
            _ => return Some(false),
        }
        Some(true)
    })?;
    Some(element)
}

fn group(r: &mut Reading<'_>) -> Option<Group> {
    let mut group = Group::default();
    r.structure(|r, number| {
        match number {
            1 => r.each(|r| {
                let mut chunk = Chunk::default();
                r.structure(|r, number| {
                    if number != 3 {
                        return Some(false);
                    }
                    r.structure(|r, number| {
                        match number {
                            4 => chunk.codec = r.count()?,
                            7 => chunk.packed = r.count()?,
                            9 => chunk.first = r.count()?,
                            11 => chunk.dictionary = r.count()?,
                            _ => return Some(false),
                        }
                        Some(true)
                    })?;
                    Some(true)
                })?;
                group.chunks.push(chunk);
                Some(())
            })?,
            3 => group.rows = r.count()?,
            _ => return Some(false),
        }
        Some(true)
    })?;
    Some(group)
}

/// The columns as users see them.
fn fields(footer: &Footer) -> Option<Vec<Field>> {
    let mut rest = footer.elements.get(1..)?;
    let mut fields = Vec::new();
    while let [element, later @ ..] = rest {
        let (kind, len) = match (element.physical, element.children) {
            (Some(_), 0) => (leaf(element)?, 1),
            (None, 1) => {
                let dtype = dtype(later.get(1)?)?;
                let kind = match (element.optional, dtype) {
                    (false, _) => FieldKind::Tensor(dtype, shape(footer)?),
                    (true, DType::Int64) => FieldKind::Kept(ColumnType::Ints),
                    (true, DType::Float64) => FieldKind::Kept(ColumnType::Floats),
                    _ => return None,
                };
                (kind, 3)
            }
            (None, 2) => (FieldKind::Image, 3),
            _ => return None,
        };
        fields.push(Field::new(element.name.clone(), kind));
        rest = rest.get(len..)?;
    }
    Some(fields)
}

fn leaf(element: &Element) -> Option<FieldKind> {
    if !element.optional {
        return dtype(element).map(FieldKind::Number);
    }
    if element.is_time {
        return Some(FieldKind::Kept(ColumnType::Time));
    }
    let kinds = [ColumnType::Bool, ColumnType::Int64, ColumnType::Float64, ColumnType::Text];
    let kind = kinds.into_iter().find(|kind| {
        let physical = kind.dtype().map_or(schema::BYTES, schema::physical);
        element.physical == Some(i64::from(physical))
    })?;
    Some(FieldKind::Kept(kind))
}

/// The dtype that an element of numbers stands for.
fn dtype(element: &Element) -> Option<DType> {
    DType::ALL.into_iter().find(|dtype| {
        element.physical == Some(i64::from(schema::physical(*dtype)))
            && element.converted == schema::converted(*dtype).map(i64::from)
    })
}

/// The shape of the tensors of the first field, which the schema of Arrow says.
fn shape(footer: &Footer) -> Option<Vec<usize>> {
    let (_, schema) = footer.pairs.iter().find(|pair| pair.0 == "ARROW:schema")?;
    let stream = base64_simd::STANDARD.decode_to_vec(schema).ok()?;
    let field = Spot::root(stream.get(8..)?)?.slot(2)?.slot(1)?.element(0)?;
    let metadata = field.slot(6)?;
    let pairs = (0..4).map_while(|number| metadata.element(number));
    let mut texts = pairs.filter_map(|pair| Some((pair.slot(0)?.text()?, pair.slot(1)?.text()?)));
    let (_, text) = texts.find(|pair| pair.0 == "ARROW:extension:metadata")?;
    let said: Value = serde_json::from_str(text).ok()?;
    let axes = said["shape"].as_array()?.iter();
    axes.map(|axis| usize::try_from(axis.as_u64()?).ok()).collect()
}
