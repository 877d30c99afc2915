//! Records and values as JSON text, made of the photographs' bytes.

use super::pictures;

/// About how much text the framing stages get.
pub(crate) const LENGTH: usize = 2_000_000;

const DIGITS: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";

/// Base64 of `bytes` bytes of a photograph; `bytes` is a multiple of three.
pub(crate) fn base64(bytes: usize) -> Vec<u8> {
    let pixels = pictures::rgb().samples;
    let (groups, _) = pixels.as_chunks::<3>();
    let text = groups.iter().cycle().take(bytes / 3).flat_map(|&[a, b, c]| {
        let word = u32::from_be_bytes([0, a, b, c]);
        [18, 12, 6, 0].map(|shift| DIGITS[(word >> shift & 63) as usize])
    });
    text.collect()
}

/// As [`base64`], in the alphabet of RFC 4648, section 5.
pub(crate) fn url_safe(bytes: usize) -> Vec<u8> {
    let swap = |c| match c {
        b'+' => b'-',
        b'/' => b'_',
        c => c,
    };
    base64(bytes).into_iter().map(swap).collect()
}

/// As [`base64`], in lines of 76 as MIME has them, each line break as a JSON escape.
pub(crate) fn wrapped(bytes: usize) -> Vec<u8> {
    base64(bytes).chunks(76).flat_map(|line| [line, br"\n"].concat()).collect()
}

/// With a backslash before every slash, as pandas writes.
pub(crate) fn slashes(text: &[u8]) -> Vec<u8> {
    text.iter().flat_map(|&c| if c == b'/' { vec![b'\\', c] } else { vec![c] }).collect()
}

pub(crate) fn quoted(text: &[u8]) -> Vec<u8> {
    [b"\"", text, b"\""].concat()
}

/// A record with about `length` bytes of base64.
pub(crate) fn line(length: usize) -> Vec<u8> {
    let text = base64(length / 4 * 3);
    [br#"{"id": "raw-0000001", "label": 7, "image": ""#, &*text, br#"", "split": "train"}"#]
        .concat()
}

/// [`LENGTH`] bytes of such records on lines.
pub(crate) fn lines(length: usize) -> Vec<u8> {
    [line(length), b"\n".to_vec()].concat().repeat(LENGTH / length)
}

/// The same as one JSON array.
pub(crate) fn array(length: usize) -> Vec<u8> {
    let elements = vec![line(length); LENGTH / length];
    [b"[", &*elements.join(&b",\n"[..]), b"]"].concat()
}

fn nested<T>(values: &[T], width: usize, write: impl Fn(&T) -> String) -> Vec<u8> {
    let row = |row: &[T]| format!("[{}]", row.iter().map(&write).collect::<Vec<_>>().join(", "));
    let rows: Vec<String> = values.chunks(width).map(row).collect();
    format!("[{}]", rows.join(", ")).into_bytes()
}

/// 28x28 values of which three quarters are 0, as handwritten digits are.
pub(crate) fn digits() -> Vec<u8> {
    let pixels = pictures::rgb().samples;
    let value = |i: usize| match (i / 28, i % 28) {
        (7..21, 7..21) => pixels[i * 3],
        _ => 0,
    };
    nested(&(0..28 * 28).map(value).collect::<Vec<_>>(), 28, u8::to_string)
}

/// 128x128 values of 16 bits, three and four digits long.
pub(crate) fn counts() -> Vec<u8> {
    let picture = pictures::gray16();
    let rows = picture.samples.chunks(picture.width).take(128).flat_map(|row| &row[..128]);
    nested(&rows.copied().collect::<Vec<_>>(), 128, u16::to_string)
}

/// 64x64 numbers between 0 and 1 as Python prints float32 values.
pub(crate) fn floats() -> Vec<u8> {
    let pixels = pictures::rgb().samples;
    let values: Vec<f32> = pixels.iter().take(64 * 64).map(|&v| f32::from(v) / 255.0).collect();
    nested(&values, 64, |v| format!("{v:?}"))
}

/// A record of a handwritten digit.
pub(crate) fn list_record() -> Vec<u8> {
    [br#"{"id": "mnist-0000001", "label": 7, "image": "#, &*digits(), br#", "split": "train"}"#]
        .concat()
}

/// A record of many small fields, escapes and text beside a small image.
pub(crate) fn wide_record() -> Vec<u8> {
    let field = |i| {
        format!(
            r#""field_{i}": {{"text": "caf\u00e9 no. {i}, \"quoted\"", "box": [{i}, 0.5, -1e3, null, true]}}, "#
        )
    };
    let fields: String = (0..400).map(field).collect();
    [b"{", fields.as_bytes(), br#""image": ""#, &*base64(300), br#""}"#].concat()
}
