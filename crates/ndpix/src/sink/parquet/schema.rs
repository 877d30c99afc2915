//! What the columns of a file are, in the three ways in which readers ask for it: the schema of Parquet,
//! that of Arrow (which says what a tensor is), and the features of Hugging Face (which say what an
//! image is).

use serde_json::{Value, json};

use super::flat::{Flat, buffer};
use super::thrift::{Thrift, Wire};
use crate::column::ColumnType;
use crate::dtype::DType;

/// A column as users see it.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sink) struct Field {
    pub(in crate::sink) name: String,
    pub(in crate::sink) kind: FieldKind,
}

/// What a row of a column is.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::sink) enum FieldKind {
    /// A number that every row has.
    Number(DType),
    /// A value of a kept field, or none.
    Kept(ColumnType),
    /// As many numbers as this shape has.
    Tensor(DType, Vec<usize>),
    /// The bytes of an image file, or none.
    Image,
}

/// A column as the file holds it, values one after another.
#[derive(Debug, Clone, PartialEq)]
pub(super) struct Leaf {
    pub(super) path: Vec<String>,
    pub(super) physical: i32,
}

/// Whether a list of numbers stands in each row.
fn list_of(kind: &FieldKind) -> Option<DType> {
    match kind {
        FieldKind::Tensor(dtype, _) => Some(*dtype),
        FieldKind::Kept(ColumnType::Ints) => Some(DType::Int64),
        FieldKind::Kept(ColumnType::Floats) => Some(DType::Float64),
        _ => None,
    }
}

impl Field {
    pub(super) fn new(name: impl Into<String>, kind: FieldKind) -> Self {
        Self { name: name.into(), kind }
    }

    /// The columns that hold it.
    pub(super) fn leaves(&self) -> Vec<Leaf> {
        let leaf = |inner: &[&str], physical| Leaf {
            path: std::iter::once(&*self.name)
                .chain(inner.iter().copied())
                .map(String::from)
                .collect(),
            physical,
        };
        match (&self.kind, list_of(&self.kind)) {
            (_, Some(dtype)) => vec![leaf(&["list", "element"], physical(dtype))],
            (FieldKind::Number(dtype), _) => vec![leaf(&[], physical(*dtype))],
            (FieldKind::Image, _) => vec![leaf(&["bytes"], BYTES), leaf(&["path"], BYTES)],
            (FieldKind::Kept(kind), _) => vec![leaf(&[], kind.dtype().map_or(BYTES, physical))],
            (FieldKind::Tensor(..), None) => Vec::new(),
        }
    }

    /// Its elements of Parquet's schema.
    fn elements(&self, all: &mut Vec<Element>) {
        let required = matches!(self.kind, FieldKind::Number(_) | FieldKind::Tensor(..));
        let repetition = if required { REQUIRED } else { OPTIONAL };
        let name = self.name.as_str();
        match (&self.kind, list_of(&self.kind)) {
            (_, Some(dtype)) => {
                all.push(Element::group(name, repetition, 1, true));
                all.push(Element::group("list", REPEATED, 1, false));
                all.push(Element::number("element", OPTIONAL, dtype));
            }
            (FieldKind::Number(dtype), _) => all.push(Element::number(name, repetition, *dtype)),
            (FieldKind::Image, _) => {
                all.push(Element::group(name, repetition, 2, false));
                all.push(Element::text("bytes", false));
                all.push(Element::text("path", true));
            }
            (FieldKind::Kept(kind), _) => all.push(match kind.dtype() {
                Some(_) if *kind == ColumnType::Time => Element::time(name),
                Some(dtype) => Element::number(name, repetition, dtype),
                None => Element::text(name, true),
            }),
            (FieldKind::Tensor(..), None) => {}
        }
    }

    /// Its field of Arrow's schema.
    fn arrow(&self) -> Flat {
        let of = |name: &str, dtype| arrow_field(name, true, number(dtype), Vec::new(), &[]);
        let plain = |name: &str, kind| arrow_field(name, true, (kind, Vec::new()), Vec::new(), &[]);
        let name = self.name.as_str();
        match (&self.kind, list_of(&self.kind)) {
            (FieldKind::Tensor(dtype, shape), _) => {
                let len = shape.iter().product::<usize>() as i32;
                let list = (FIXED_SIZE_LIST, vec![(0, Flat::Int(len))]);
                let extension = [
                    ("ARROW:extension:name", "arrow.fixed_shape_tensor".to_string()),
                    ("ARROW:extension:metadata", json!({ "shape": shape }).to_string()),
                ];
                arrow_field(name, false, list, vec![of("element", *dtype)], &extension)
            }
            (_, Some(dtype)) => {
                arrow_field(name, true, (LIST, Vec::new()), vec![of("element", dtype)], &[])
            }
            (FieldKind::Image, _) => {
                let parts = vec![plain("bytes", BINARY), plain("path", UTF8)];
                arrow_field(name, true, (STRUCT, Vec::new()), parts, &[])
            }
            (FieldKind::Number(dtype), _) => {
                arrow_field(name, false, number(*dtype), Vec::new(), &[])
            }
            (FieldKind::Kept(kind), _) => match kind.dtype() {
                Some(_) if *kind == ColumnType::Time => {
                    let nanoseconds = vec![(0, Flat::Short(3)), (1, Flat::Text("UTC".to_string()))];
                    arrow_field(name, true, (TIMESTAMP, nanoseconds), Vec::new(), &[])
                }
                Some(dtype) => of(name, dtype),
                None => plain(name, UTF8),
            },
        }
    }

    /// What it is to Hugging Face's `datasets`.
    fn feature(&self) -> Value {
        let value = |name: &str| json!({ "dtype": name, "_type": "Value" });
        match (&self.kind, list_of(&self.kind)) {
            // Newer releases read the old word, older ones do not read the new word.
            (_, Some(dtype)) => json!({ "feature": value(dtype.name()), "_type": "Sequence" }),
            (FieldKind::Image, _) => json!({ "_type": "Image" }),
            (FieldKind::Number(dtype), _) => value(dtype.name()),
            (FieldKind::Kept(ColumnType::Time), _) => value("timestamp[ns, tz=UTC]"),
            (FieldKind::Kept(kind), _) => value(kind.dtype().map_or("string", DType::name)),
            (FieldKind::Tensor(..), None) => Value::Null,
        }
    }
}

/// The number that Parquet has for the type of text and bytes.
pub(super) const BYTES: i32 = 6;
const REQUIRED: i32 = 0;
const OPTIONAL: i32 = 1;
const REPEATED: i32 = 2;

/// The number that Parquet has for the type that stands for a dtype.
pub(super) fn physical(dtype: DType) -> i32 {
    match dtype {
        DType::Bool => 0,
        DType::Uint8 | DType::Int8 | DType::Uint16 | DType::Int16 => 1,
        DType::Uint32 | DType::Int32 => 1,
        DType::Uint64 | DType::Int64 => 2,
        DType::Float32 => 4,
        DType::Float64 => 5,
        DType::Float16 => 7,
    }
}

/// Bits, and whether signed, of integers.
fn integer(dtype: DType) -> Option<(i8, bool)> {
    let signed = matches!(dtype, DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64);
    let other = dtype.is_float() || dtype == DType::Bool;
    (!other).then_some((8 * dtype.size() as i8, signed))
}

/// The old word for numbers that Parquet has no type of.
pub(super) fn converted(dtype: DType) -> Option<i32> {
    match (dtype, integer(dtype)) {
        // Such are the integers that Parquet has; nobody else says it again, and fastparquet, which
        // can add rows to a file, loses half of what is said.
        (DType::Int32 | DType::Int64, _) | (_, None) => None,
        (_, Some((bits, signed))) => {
            Some(11 + i32::from(bits.ilog2() as i8 - 3) + if signed { 4 } else { 0 })
        }
    }
}

/// Numbers of types in Arrow's union of them.
const INT: u8 = 2;
const FLOAT: u8 = 3;
const BINARY: u8 = 4;
const UTF8: u8 = 5;
const BOOL: u8 = 6;
const TIMESTAMP: u8 = 10;
const LIST: u8 = 12;
const STRUCT: u8 = 13;
const FIXED_SIZE_LIST: u8 = 16;

/// Arrow's type of a dtype: its number in the union of types, and its table.
fn number(dtype: DType) -> (u8, Vec<(usize, Flat)>) {
    match (dtype, integer(dtype)) {
        (_, Some((bits, signed))) => {
            (INT, vec![(0, Flat::Int(i32::from(bits))), (1, Flat::Byte(signed.into()))])
        }
        (DType::Float16, _) => (FLOAT, vec![(0, Flat::Short(0))]),
        (DType::Float32, _) => (FLOAT, vec![(0, Flat::Short(1))]),
        (DType::Float64, _) => (FLOAT, vec![(0, Flat::Short(2))]),
        _ => (BOOL, Vec::new()),
    }
}

fn arrow_field(
    name: &str,
    nullable: bool,
    (kind, table): (u8, Vec<(usize, Flat)>),
    children: Vec<Flat>,
    metadata: &[(&str, String)],
) -> Flat {
    let mut slots = vec![
        (0, Flat::Text(name.to_string())),
        (1, Flat::Byte(nullable.into())),
        (2, Flat::Byte(kind)),
        (3, Flat::Table(table)),
        (5, Flat::Vector(children)),
    ];
    if !metadata.is_empty() {
        slots.push((6, pairs(metadata)));
    }
    Flat::Table(slots)
}

fn pairs(metadata: &[(&str, String)]) -> Flat {
    let pair = |(key, value): &(&str, String)| {
        Flat::Table(vec![(0, Flat::Text((*key).to_string())), (1, Flat::Text(value.clone()))])
    };
    Flat::Vector(metadata.iter().map(pair).collect())
}

/// The schema of Arrow as `ARROW:schema` holds it: a message of its stream format, in base64. Where there is
/// one, readers look for attributes in it and nowhere else.
pub(super) fn arrow_schema(fields: &[Field], attributes: &[(&str, String)]) -> String {
    let fields = Flat::Vector(fields.iter().map(Field::arrow).collect());
    let schema = Flat::Table(vec![(1, fields), (2, pairs(attributes))]);
    let message = buffer(&Flat::Table(vec![
        (0, Flat::Short(4)),
        (1, Flat::Byte(1)),
        (2, schema),
        (3, Flat::Long(0)),
    ]));
    let len = message.len().next_multiple_of(8);
    let mut stream = (-1i32).to_le_bytes().to_vec();
    stream.extend_from_slice(&(len as u32).to_le_bytes());
    stream.extend_from_slice(&message);
    stream.resize(8 + len, 0);
    base64_simd::STANDARD.encode_to_string(stream)
}

/// The features of Hugging Face's `datasets`.
pub(super) fn features(fields: &[Field]) -> String {
    // By hand, because `datasets` takes columns in the order of this object.
    let features: Vec<_> =
        fields.iter().map(|f| format!("{}:{}", Value::from(&*f.name), f.feature())).collect();
    format!(r#"{{"info":{{"features":{{{}}}}}}}"#, features.join(","))
}

/// An element of Parquet's schema.
struct Element {
    name: String,
    physical: Option<i32>,
    repetition: i32,
    children: i32,
    meaning: Meaning,
}

/// What the bytes of an element mean.
enum Meaning {
    Plain,
    List,
    Text,
    Integer(i32, i8, bool),
    Float16,
    /// Nanoseconds since 1970 UTC.
    Time,
}

impl Element {
    fn group(name: &str, repetition: i32, children: i32, list: bool) -> Self {
        let meaning = if list { Meaning::List } else { Meaning::Plain };
        Self { name: name.to_string(), physical: None, repetition, children, meaning }
    }

    fn number(name: &str, repetition: i32, dtype: DType) -> Self {
        let meaning = match (dtype, converted(dtype), integer(dtype)) {
            (_, Some(word), Some((bits, signed))) => Meaning::Integer(word, bits, signed),
            (DType::Float16, ..) => Meaning::Float16,
            _ => Meaning::Plain,
        };
        let physical = Some(physical(dtype));
        Self { name: name.to_string(), physical, repetition, children: 0, meaning }
    }

    fn time(name: &str) -> Self {
        Self { meaning: Meaning::Time, ..Self::number(name, OPTIONAL, DType::Int64) }
    }

    /// Text, or bytes that mean nothing else.
    fn text(name: &str, text: bool) -> Self {
        let meaning = if text { Meaning::Text } else { Meaning::Plain };
        let (repetition, physical) = (OPTIONAL, Some(BYTES));
        Self { name: name.to_string(), physical, repetition, children: 0, meaning }
    }

    fn write(&self, t: &mut Thrift) {
        if let Some(physical) = self.physical {
            t.int(1, physical);
        }
        if let Meaning::Float16 = self.meaning {
            t.int(2, 2);
        }
        t.int(3, self.repetition);
        t.text(4, &self.name);
        if self.physical.is_none() {
            t.int(5, self.children);
        }
        // The old word for it, for old readers, and the new one.
        match self.meaning {
            Meaning::Plain => {}
            Meaning::Text => {
                t.int(6, 0);
                t.structure(10, |t| t.structure(1, |_| {}));
            }
            Meaning::List => {
                t.int(6, 3);
                t.structure(10, |t| t.structure(3, |_| {}));
            }
            Meaning::Integer(word, bits, signed) => {
                t.int(6, word);
                t.structure(10, |t| {
                    t.structure(10, |t| {
                        t.byte(1, bits);
                        t.bool(2, signed);
                    });
                });
            }
            Meaning::Float16 => t.structure(10, |t| t.structure(15, |_| {})),
            // There is no old word for nanoseconds.
            Meaning::Time => t.structure(10, |t| {
                t.structure(8, |t| {
                    t.bool(1, true);
                    t.structure(2, |t| t.structure(3, |_| {}));
                });
            }),
        }
    }
}

/// Writes the schema of Parquet as a field of the footer.
pub(super) fn write(fields: &[Field], number: i16, footer: &mut Thrift) {
    let mut all = Vec::new();
    fields.iter().for_each(|field| field.elements(&mut all));
    footer.list(number, Wire::Struct, all.len() as u64 + 1);
    footer.struct_element(|t| {
        t.text(4, "schema");
        t.int(5, fields.len() as i32);
    });
    all.iter().for_each(|element| footer.struct_element(|t| element.write(t)));
}
