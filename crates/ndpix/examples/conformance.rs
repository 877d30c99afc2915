//! The adapter of the conformance corpus: reads one case record by record with the real engine and
//! writes `LINE.npy` or `LINE.error.txt` for each. It knows the kinds of a case's specification and
//! nothing of any file or record.
//!
//! `conformance --spec CASE.spec.json --input CASE.ndjson --out DIR [--base-dir DIR]`

use std::collections::HashMap;
use std::error::Error;
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

use ndpix::{
    At, ErrorKind, Framing, Given, ImageInfo, Input, OnMissing, Options, Pointer, RawDType,
    RawOrder, Step,
};
use serde_json::Value;

fn main() -> Result<(), Box<dyn Error>> {
    let words: Vec<String> = std::env::args().skip(1).collect();
    let flags: HashMap<&str, &str> =
        words.chunks(2).filter_map(|p| Some((p.first()?.as_str(), p.get(1)?.as_str()))).collect();
    let flag = |name: &str| flags.get(name).copied().ok_or(format!("{name} is missing"));
    let spec: Value = serde_json::from_str(&std::fs::read_to_string(flag("--spec")?)?)?;
    let base = flags.get("--base-dir").filter(|d| !d.is_empty()).map(PathBuf::from);
    let options = options(&spec, base)?;
    let out = Path::new(flag("--out")?);
    let inputs = Input::expand(&[flag("--input")?])?;
    ndpix::each(inputs, &options, |each| {
        let line = each.position.line;
        let (name, bytes) = match each.image {
            Ok((info, pixels)) => (format!("{line}.npy"), npy(&info, pixels)),
            Err(error) => {
                let text = format!("{} {}\n", reason(error.kind()), error.message());
                (format!("{line}.error.txt"), text.into_bytes())
            }
        };
        std::fs::write(out.join(&name), bytes).map_err(|e| ndpix::Error::io(name, e))
    })?;
    Ok(())
}

/// The corpus's word for a kind (spec.md section 8).
fn reason(kind: ErrorKind) -> &'static str {
    match kind {
        ErrorKind::Json => "json",
        ErrorKind::Field => "record",
        ErrorKind::Encoding => "base64",
        ErrorKind::Unsupported => "format",
        ErrorKind::Image => "decode",
        ErrorKind::Limit => "limit",
        ErrorKind::Path | ErrorKind::Fetch => "path",
        _ => "shape",
    }
}

/// A case's specification as options.
fn options(spec: &Value, base_dir: Option<PathBuf>) -> Result<Options, Box<dyn Error>> {
    let text = |name: &str| spec.get(name).and_then(Value::as_str);
    let key = |name: &str| Pointer::new(vec![Step::Key(name.to_string())]);
    let field = match (text("image_pointer"), text("image_field"), text("data_field")) {
        (Some(pointer), ..) => pointer.parse()?,
        (_, Some(field), _) if field.contains('.') => field.parse()?,
        (_, Some(field), _) | (_, _, Some(field)) => key(field),
        _ => return Err("the specification names no image field".into()),
    };
    let kind = text("kind").unwrap_or_default();
    let encoding = match (kind, text("transfer")) {
        ("encoded", Some("data-url")) => "data-url",
        ("encoded", _) => "encoded",
        ("raw" | "raw-image-message", _) => "raw",
        ("json-numpy", _) => "tensor",
        ("nested", _) => "list",
        ("path", _) => "path",
        ("rle", _) => "rle",
        ("strokes", _) if spec.get("normalize") == Some(&Value::Bool(true)) => "strokes-raw",
        ("strokes", _) => "strokes",
        (other, _) => return Err(format!("kind {other} is not claimed").into()),
    };
    let mut options = Options::default().with("encoding", encoding)?;
    options.field = Some(field.into());
    options.framing = Framing::Lines;
    options.on_missing = OnMissing::Reject;
    options.base_dir = base_dir;
    let dtype = text("dtype").map(str::parse::<ndpix::DType>).transpose()?;
    if kind == "nested" {
        options.dtype = dtype;
    } else if matches!(kind, "raw" | "json-numpy") {
        options.raw_dtype = match text("dtype_field") {
            Some(field) => Some(Given::Field(vec![At::Record(key(field))])),
            None => dtype.map(|d| Given::Value(RawDType(d, None))),
        };
        options.raw_shape = match (text("shape_field"), spec.get("shape").and_then(Value::as_array))
        {
            (Some(field), _) => Some(Given::Field(vec![At::Record(key(field))])),
            (None, Some(axes)) => {
                let axes: Vec<usize> =
                    axes.iter().filter_map(Value::as_u64).map(|n| n as usize).collect();
                Some(Given::Value(ndpix::Shape::new(&axes)?))
            }
            _ => None,
        };
        options.raw_order = Some(match text("order_field") {
            Some(field) => Given::Field(vec![At::Record(key(field))]),
            None => Given::Value(RawOrder::C),
        });
    }
    Ok(options)
}

/// One image as a `.npy` file.
fn npy(info: &ImageInfo, pixels: &[u8]) -> Vec<u8> {
    let mut shape = String::new();
    for axis in info.shape.iter() {
        let _ = write!(shape, "{axis}, ");
    }
    let mut header = format!(
        "{{'descr': '{}', 'fortran_order': False, 'shape': ({shape}), }}",
        info.dtype.descr()
    );
    while (10 + header.len() + 1) % 64 != 0 {
        header.push(' ');
    }
    header.push('\n');
    let mut out = b"\x93NUMPY\x01\x00".to_vec();
    out.extend_from_slice(&(header.len() as u16).to_le_bytes());
    out.extend_from_slice(header.as_bytes());
    out.extend_from_slice(pixels);
    out
}
