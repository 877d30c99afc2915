//! The words by which pixels are described, and what each of them says: channels, element type, order of
//! colours, of axes and of bytes. Words that are known and not read are told apart from those that are data.

use super::depth::Depth;
use crate::dtype::{ByteOrder, DType};

/// What a word says of pixels.
#[derive(Debug, Clone, Copy, PartialEq, Default)]
pub(super) struct Look {
    pub(super) channels: Option<usize>,
    pub(super) dtype: Option<DType>,
    pub(super) order: Option<ByteOrder>,
    /// Whether blue comes first, where colours are named.
    pub(super) bgr: Option<bool>,
    /// Whether each value is one of the colours of a mosaic.
    pub(super) mosaic: bool,
}

/// A word that is known.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) enum Word<T> {
    Read(T),
    Unread,
}

/// Beginnings of words for pixels that are not read.
const UNREAD: [&str; 28] = [
    "yuv", "yuy", "uyvy", "yvyu", "nv12", "nv16", "nv21", "nv24", "nv61", "i420", "iyuv", "yv12",
    "p010", "hsv", "hsl", "hls", "ycbcr", "ycrcb", "ycc", "ybr", "cmyk", "argb", "abgr", "xrgb",
    "xbgr", "bayer", "pal8", "palette",
];

/// The words of ROS, OpenCV and FFmpeg: `bgr8`, `16UC1`, `bayer_rggb8`, `rgb24`.
pub(super) fn pixels(word: &str) -> Option<Word<Look>> {
    let lower = word.to_ascii_lowercase();
    let found = open_cv(lower.strip_prefix("cv_").unwrap_or(&lower))
        .or_else(|| mosaic(&lower))
        .or_else(|| colors(&lower));
    let is_unread = || {
        let exact = ["lab", "cielab", "luv", "xyz", "rgbx", "bgrx", "rgb0", "bgr0"];
        exact.contains(&lower.as_str())
            || UNREAD.iter().any(|start| lower.starts_with(start))
            || packed(&lower)
    };
    found.map(Word::Read).or_else(|| is_unread().then_some(Word::Unread))
}

/// As [`pixels`], of which the order of the colours alone counts: a space has any number of channels.
pub(super) fn colors_alone(word: &str) -> Option<Word<Look>> {
    pixels(word).map(|word| match word {
        Word::Read(look) => Word::Read(Look { bgr: look.bgr, ..Look::default() }),
        Word::Unread => Word::Unread,
    })
}

/// Whether it names colours of fewer or more bits than whole bytes: `rgb565`, `bgr15`, `rgb32`.
fn packed(word: &str) -> bool {
    ["rgba", "bgra", "rgb", "bgr"].iter().any(|head| {
        let rest = word.strip_prefix(head).map(|rest| rest.trim_start_matches('_'));
        rest.is_some_and(|rest| !rest.is_empty() && rest.bytes().all(|c| c.is_ascii_digit()))
    })
}

/// The format of a depth image of ROS: `16UC1; compressedDepth png`. Of those before 2020 the PNG is not named.
pub(super) fn depth(word: &str) -> Option<Word<Depth>> {
    let (numbers, how) = word.split_once(';')?;
    let how = how.trim().to_ascii_lowercase();
    let how = how.strip_prefix("compresseddepth")?.trim();
    Some(match (numbers.trim().to_ascii_lowercase().as_str(), how) {
        ("16uc1" | "mono16", "" | "png") => Word::Read(Depth::Plain),
        ("32fc1", "" | "png") => Word::Read(Depth::Inverse),
        _ => Word::Unread,
    })
}

/// `8UC3`, `32FC1`.
fn open_cv(word: &str) -> Option<Look> {
    let (kind, channels) = word.split_once('c').unwrap_or((word, "1"));
    let dtype = match kind {
        "8u" => DType::Uint8,
        "8s" => DType::Int8,
        "16u" => DType::Uint16,
        "16s" => DType::Int16,
        "32s" => DType::Int32,
        "32f" => DType::Float32,
        "64f" => DType::Float64,
        _ => return None,
    };
    let channels = channels.parse().ok().filter(|c| (1..=4).contains(c))?;
    Some(Look { channels: Some(channels), dtype: Some(dtype), ..Look::default() })
}

/// `bayer_rggb8`, `bayer_gbrg16`: the plane as it is.
fn mosaic(word: &str) -> Option<Look> {
    let rest = word.strip_prefix("bayer_")?;
    let (pattern, bits) = rest.split_at_checked(4)?;
    let dtype = match bits {
        "8" => DType::Uint8,
        "16" => DType::Uint16,
        _ => return None,
    };
    ["rggb", "bggr", "gbrg", "grbg"].contains(&pattern).then_some(Look {
        channels: Some(1),
        dtype: Some(dtype),
        mosaic: true,
        ..Look::default()
    })
}

/// `rgb`, `bgr8`, `mono16`, `gray16be`, `rgba32`: a name of colours, and perhaps bits of a sample or a
/// pixel.
fn colors(word: &str) -> Option<Look> {
    const NAMES: [(&str, usize, Option<bool>); 10] = [
        ("rgba", 4, Some(false)),
        ("bgra", 4, Some(true)),
        ("rgb", 3, Some(false)),
        ("bgr", 3, Some(true)),
        ("grayscale", 1, None),
        ("greyscale", 1, None),
        ("gray", 1, None),
        ("grey", 1, None),
        ("mono", 1, None),
        ("luminance", 1, None),
    ];
    let (head, channels, bgr) = match word {
        "l" | "y" => (word, 1, None),
        "y8" | "y16" => ("y", 1, None),
        _ => NAMES.into_iter().find(|name| word.starts_with(name.0))?,
    };
    let rest = word[head.len()..].trim_start_matches('_');
    let (bits, order) = match rest.strip_suffix("be") {
        Some(bits) => (bits, Some(ByteOrder::Big)),
        None => match rest.strip_suffix("le") {
            Some(bits) => (bits, Some(ByteOrder::Little)),
            None => (rest, None),
        },
    };
    let dtype = match (bits, channels) {
        ("", _) if order.is_none() => None,
        ("8", _) | ("24" | "888", 3) | ("32" | "8888", 4) => Some(DType::Uint8),
        ("16", _) | ("48", 3) | ("64", 4) => Some(DType::Uint16),
        _ => return None,
    };
    Some(Look { channels: Some(channels), dtype, order, bgr, mosaic: false })
}

/// The modes of Pillow, and other words for pixels.
pub(super) fn mode(word: &str) -> Option<Word<Look>> {
    let look = |channels, dtype, order| {
        Some(Word::Read(Look {
            channels: Some(channels),
            dtype: Some(dtype),
            order,
            bgr: (channels > 2).then_some(false),
            mosaic: false,
        }))
    };
    match word {
        "L" => look(1, DType::Uint8, None),
        "LA" => look(2, DType::Uint8, None),
        "RGB" => look(3, DType::Uint8, None),
        "RGBA" => look(4, DType::Uint8, None),
        "I" => look(1, DType::Int32, None),
        "F" => look(1, DType::Float32, None),
        "I;16" | "I;16N" => look(1, DType::Uint16, None),
        "I;16L" => look(1, DType::Uint16, Some(ByteOrder::Little)),
        "I;16B" => look(1, DType::Uint16, Some(ByteOrder::Big)),
        // Bits, indices of colours, colours multiplied with alpha, other colours.
        "1" | "P" | "PA" | "La" | "RGBa" | "RGBX" | "LAB" | "HSV" | "YCbCr" | "CMYK" => {
            Some(Word::Unread)
        }
        other => pixels(other),
    }
}

/// Whether a word is a mode of Pillow, and not of anything else.
pub(super) fn is_pillow(word: &str) -> bool {
    !word.bytes().all(|c| c.is_ascii_lowercase() || c.is_ascii_digit()) && mode(word).is_some()
}

/// Whether channels are the first axis.
pub(super) fn layout(word: &str) -> Option<Word<bool>> {
    match &squeezed(word)[..] {
        "hwc" | "nhwc" | "bhwc" | "yxc" | "hw" | "yx" | "channelslast" | "interleaved" => {
            Some(Word::Read(false))
        }
        "chw" | "nchw" | "bchw" | "cyx" | "channelsfirst" | "planar" => Some(Word::Read(true)),
        "whc" | "cwh" | "wh" | "hcw" | "wch" | "nwhc" | "ncwh" | "xyc" | "cxy" | "xy" => {
            Some(Word::Unread)
        }
        _ => None,
    }
}

/// The order of bytes; of the machine is little-endian.
pub(super) fn bytes(word: &str) -> Option<ByteOrder> {
    match &squeezed(word)[..] {
        "little" | "le" | "littleendian" | "<" | "=" | "|" | "native" => Some(ByteOrder::Little),
        "big" | "be" | "bigendian" | ">" | "!" | "network" => Some(ByteOrder::Big),
        _ => None,
    }
}

/// Whether the first axis varies fastest.
pub(super) fn fortran(word: &str) -> Option<bool> {
    match &squeezed(word)[..] {
        "c" | "rowmajor" => Some(false),
        "f" | "fortran" | "columnmajor" | "colmajor" => Some(true),
        _ => None,
    }
}

/// A flag, as a number or a word.
pub(super) fn flag(text: &[u8]) -> Option<bool> {
    match text {
        b"true" | b"1" | b"\"1\"" | b"\"true\"" | b"\"True\"" => Some(true),
        b"false" | b"0" | b"\"0\"" | b"\"false\"" | b"\"False\"" => Some(false),
        _ => None,
    }
}

/// In small letters, without what parts words.
fn squeezed(word: &str) -> String {
    word.chars().filter(|c| !matches!(c, ' ' | '-' | '_')).collect::<String>().to_ascii_lowercase()
}

/// Whether a word is one for element types, also for those that are not read.
pub(super) fn is_dtype(word: &str) -> bool {
    const STARTS: [&str; 13] = [
        "<", ">", "|", "=", "int", "uint", "float", "complex", "bfloat", "bf16", "object", "qint",
        "quint",
    ];
    DType::parse(word).is_some() || {
        let lower = word.to_ascii_lowercase();
        STARTS.iter().any(|start| lower.starts_with(start))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_of_pixels() {
        let said = |word: &str| match pixels(word) {
            Some(Word::Read(l)) => {
                let dtype = l.dtype.map_or("-", DType::name);
                let bgr = l.bgr.map_or("", |bgr| if bgr { " bgr" } else { " rgb" });
                format!("{} {dtype}{bgr}", l.channels.unwrap_or(0))
            }
            Some(Word::Unread) => "unread".to_string(),
            None => "data".to_string(),
        };
        for (word, want) in [
            ("mono8", "1 uint8"),
            ("mono16", "1 uint16"),
            ("rgb8", "3 uint8 rgb"),
            ("BGR8", "3 uint8 bgr"),
            ("bgra8", "4 uint8 bgr"),
            ("rgb16", "3 uint16 rgb"),
            ("bgr24", "3 uint8 bgr"),
            ("rgba32", "4 uint8 rgb"),
            ("gray16be", "1 uint16"),
            ("BGR", "3 - bgr"),
            ("grayscale", "1 -"),
            ("8UC3", "3 uint8"),
            ("16SC1", "1 int16"),
            ("CV_32FC3", "3 float32"),
            ("bayer_rggb16", "1 uint16"),
            ("bayer_rggb12", "unread"),
            ("8UC9", "data"),
            ("yuv422", "unread"),
            ("uyvy", "unread"),
            ("nv12", "unread"),
            ("rgb565", "unread"),
            ("rgb32", "unread"),
            ("Lab", "unread"),
            ("label", "data"),
            ("base64", "data"),
            ("utf-8", "data"),
            ("rgb_camera", "data"),
            ("png", "data"),
            ("train", "data"),
            ("", "data"),
        ] {
            assert_eq!(said(word), want, "{word}");
        }
    }

    #[test]
    fn words_of_orders() {
        assert_eq!(layout("channels_first"), Some(Word::Read(true)));
        assert_eq!(layout("HWC"), Some(Word::Read(false)));
        assert_eq!(layout("WHC"), Some(Word::Unread));
        assert_eq!(layout("grid"), None);
        assert_eq!(bytes("Big-Endian"), Some(ByteOrder::Big));
        assert_eq!(bytes("desc"), None);
        assert_eq!(fortran("column-major"), Some(true));
        assert_eq!(fortran("asc"), None);
        assert!(matches!(mode("P"), Some(Word::Unread)) && mode("train").is_none());
        assert!(is_pillow("RGB") && is_pillow("I;16B") && !is_pillow("rgb"));
    }
}
