//! Values of columns as words, in a line and no longer than is read at a glance.

use crate::column::time;
use crate::dtype::DType;
use crate::error::Result;

/// Bytes of a text, and numbers of a list, that are shown.
pub(crate) const TEXT: usize = 96;
pub(crate) const NUMBERS: u64 = 8;

/// A row without a value.
pub(crate) const NONE: &str = "null";

/// A text of which at most so many bytes and one more were read.
pub(crate) fn text(bytes: &[u8]) -> String {
    let cut = bytes.len() > TEXT;
    let text = String::from_utf8_lossy(&bytes[..bytes.len().min(TEXT)]);
    // A character that was cut in two.
    let text = if cut { text.trim_end_matches('\u{fffd}') } else { &text };
    format!("{}{}", serde_json::Value::from(text), if cut { "…" } else { "" })
}

/// A text of code points of four bytes each, zeros after the end.
pub(crate) fn wide(bytes: &[u8]) -> String {
    let points = bytes.as_chunks().0.iter().map(|point| u32::from_le_bytes(*point));
    let points: String = points.map(|point| char::from_u32(point).unwrap_or('\u{fffd}')).collect();
    text(points.trim_end_matches('\0').as_bytes())
}

/// A number of a column.
pub(crate) fn number(dtype: DType, bytes: &[u8]) -> String {
    let wide = bytes.first_chunk::<8>();
    match (dtype, wide) {
        (DType::Bool, _) => (bytes != [0]).to_string(),
        (DType::Int64, Some(bytes)) => i64::from_le_bytes(*bytes).to_string(),
        (DType::Float64, Some(bytes)) => format!("{:?}", f64::from_le_bytes(*bytes)),
        // No column is of other numbers.
        _ => "?".to_string(),
    }
}

/// A time of a column.
pub(crate) fn time(bytes: &[u8]) -> String {
    bytes.first_chunk().map_or("?".to_string(), |bytes| time::to_text(i64::from_le_bytes(*bytes)))
}

/// A list of so many numbers, of which `read` gives the bytes of the first.
pub(crate) fn list(
    dtype: DType,
    len: u64,
    read: impl FnOnce(u64) -> Result<Vec<u8>>,
) -> Result<String> {
    let bytes = read(len.min(NUMBERS))?;
    let mut words: Vec<String> =
        bytes.chunks_exact(dtype.size()).map(|bytes| number(dtype, bytes)).collect();
    if len > NUMBERS {
        words.push(format!("… {len} in all"));
    }
    Ok(format!("[{}]", words.join(", ")))
}
