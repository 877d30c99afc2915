//! What a record says of how its pixels lie, in words that are known and not obeyed: values beside them are
//! refused by name, and never read as if nothing had been said.

use super::graded::{Graded, Unread, What};
use crate::encoding::{Content, Encoding};
use crate::options::{Options, RawChannels};

/// What a word says.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Lay {
    /// Pixels of a known kind; where they can be read, they are what they seem.
    Named,
    /// Pixels that lie otherwise than they are read: blue first, planes, the high byte first.
    Other,
}

/// What the member of a key says of the pixels beside it.
pub(super) fn of(key: &[u8], member: &[u8]) -> Option<Lay> {
    let text = member.strip_prefix(b"\"").and_then(|m| m.strip_suffix(b"\"")).unwrap_or(member);
    let word = String::from_utf8_lossy(text.get(..24).unwrap_or(text)).to_ascii_lowercase();
    match key {
        b"encoding" => ros(&word),
        b"channel_order" | b"color_order" | b"color_space" | b"pixel_format" => {
            word.starts_with("bgr").then_some(Lay::Other)
        }
        b"layout" | b"data_format" | b"axis_order" => {
            let planes = ["chw", "nchw", "channels_first", "planar"];
            planes.contains(&word.as_str()).then_some(Lay::Other)
        }
        b"is_bigendian" | b"big_endian" | b"bigendian" => {
            matches!(word.as_str(), "1" | "true").then_some(Lay::Other)
        }
        b"endianness" => word.starts_with("big").then_some(Lay::Other),
        _ => None,
    }
}

/// The encodings of ROS and Foxglove images.
fn ros(word: &str) -> Option<Lay> {
    const NAMED: [&str; 8] =
        ["mono8", "mono16", "rgb8", "rgba8", "rgb16", "rgba16", "yuv422", "yuv422_yuy2"];
    let cv = word.get(..2).is_some_and(|bits| ["8u", "8s", "16", "32", "64"].contains(&bits))
        && word.contains('c');
    match word {
        _ if word.starts_with("bgr") => Some(Lay::Other),
        _ if cv || NAMED.contains(&word) || word.starts_with("bayer_") => Some(Lay::Named),
        "uyvy" | "yuyv" | "nv12" | "nv21" | "nv24" => Some(Lay::Named),
        _ => None,
    }
}

/// The grade of a value beside such a word.
pub(super) fn weighed(graded: Graded, lay: Option<Lay>, options: &Options) -> Graded {
    let told = options.raw_channels != RawChannels::default()
        || options.raw_byteorder.is_some()
        || options.raw_dtype.is_some();
    let bare = match &graded.encoding {
        Some(Encoding::Chain(chain)) => chain.content == Content::Raw,
        Some(
            Encoding::Raw
            | Encoding::Hex
            | Encoding::List
            | Encoding::Text
            | Encoding::Bytes
            | Encoding::Tensor,
        ) => true,
        None => matches!(graded.what, What::Unreadable(Unread::Opaque)),
        _ => false,
    };
    let refused = match (lay, graded.what) {
        (Some(Lay::Other), what) => bare && !told && what.counts(),
        (Some(Lay::Named), What::Unreadable(Unread::Opaque)) => bare,
        _ => false,
    };
    match refused {
        true => Graded {
            what: What::Unreadable(Unread::Format),
            said: format!(
                "{}, beside words on how its pixels lie that are not obeyed by themselves; say it with field, raw_shape, raw_dtype, raw_byteorder or raw_channels",
                graded.said
            ),
            remedy: None,
            ..graded
        },
        false => graded,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_count_where_they_are_known() {
        for (key, member, lay) in [
            ("encoding", "\"bgr8\"", Some(Lay::Other)),
            ("encoding", "\"rgb8\"", Some(Lay::Named)),
            ("encoding", "\"16UC1\"", Some(Lay::Named)),
            ("encoding", "\"yuv422\"", Some(Lay::Named)),
            ("encoding", "\"utf-8\"", None),
            ("encoding", "\"base64\"", None),
            ("channel_order", "\"BGR\"", Some(Lay::Other)),
            ("channel_order", "\"RGB\"", None),
            ("layout", "\"CHW\"", Some(Lay::Other)),
            ("layout", "\"grid\"", None),
            ("is_bigendian", "1", Some(Lay::Other)),
            ("is_bigendian", "0", None),
            ("mode", "\"bgr\"", None),
        ] {
            assert_eq!(of(key.as_bytes(), member.as_bytes()), lay, "{key} {member}");
        }
    }
}
