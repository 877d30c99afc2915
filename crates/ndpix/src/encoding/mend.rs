//! Text that was damaged in a way that is known, and can be made good: base64 in which `+` became a blank, as forms and
//! addresses leave it.

use std::borrow::Cow;

use super::{Content, Encoding, RawSpec, Transport, base64, data_url};
use crate::record::value::{self, Kind};

/// The value; where that is asked for and it is a string of base64 or a data URL, with the `+` that it lost.
pub(super) fn mended<'v>(value: &'v [u8], spec: &RawSpec) -> Cow<'v, [u8]> {
    let is_spaced = || value::kind(value) == Kind::String && memchr::memchr(b' ', value).is_some();
    if !spec.repair || !is_spaced() {
        return Cow::Borrowed(value);
    }
    let mut scratch = Vec::new();
    let text = value::unescape(value, &mut scratch).trim_ascii();
    let payload = match data_url::strip_scheme(text) {
        Some(_) => memchr::memchr(b',', text).map_or(&[][..], |comma| &text[comma + 1..]),
        None => base64::strip_prefix(text),
    };
    // Blanks before it were no +.
    let payload = payload.trim_ascii_start();
    if !base64::lost_some_plus(payload) {
        return Cow::Borrowed(value);
    }
    let head = &text[..text.len() - payload.len()];
    let payload = payload.iter().map(|&c| if c == b' ' { b'+' } else { c });
    let mended: Vec<u8> = head.iter().copied().chain(payload).collect();
    match String::from_utf8(mended) {
        Ok(text) => Cow::Owned(serde_json::Value::from(text).to_string().into_bytes()),
        Err(_) => Cow::Borrowed(value),
    }
}

impl Encoding {
    /// Whether its text is base64 that is decoded as it stands.
    pub(super) fn is_base64(&self) -> bool {
        match self {
            Self::Raw | Self::Encoded | Self::DataUrl | Self::Npy | Self::Npz(_) => true,
            Self::CompressedDepth => true,
            Self::Chain(chain) => chain.transport == Transport::Base64,
            _ => false,
        }
    }

    /// Whether what was decoded shows that it is right: it has a signature.
    pub(super) fn is_signed(&self) -> bool {
        match self {
            Self::Chain(chain) => chain.content != Content::Raw,
            Self::Raw => false,
            other => other.is_base64(),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_a_plus_is_one_again() {
        for (value, wanted) in [
            (r#""AA AA+==""#, Some(r#""AA+AA+==""#)),
            (r#""/AA/ AAA A==""#, Some(r#""/AA/+AAA+A==""#)),
            (r#""AA AAA==""#, Some(r#""AA+AAA==""#)),
            (r#"" AA AAA== ""#, Some(r#""AA+AAA==""#)),
            (r#""base64, AA AAA==""#, Some(r#""base64, AA+AAA==""#)),
            (r#""data:image/png; base64,AA AAA==""#, Some(r#""data:image/png; base64,AA+AAA==""#)),
            (
                r#""data:image/png; base64\u002c AA AAA==""#,
                Some(r#""data:image/png; base64, AA+AAA==""#),
            ),
            (r#""AAAA BBBB CC==""#, None),
            (r#""AAAA\nBB BBCC==""#, None),
            (r#""AAAA AAAA""#, None),
            (r#""a photo.png""#, None),
            (r#""A= AAAA""#, None),
            ("[1, 2]", None),
            (r#""""#, None),
        ] {
            let spec = RawSpec { repair: true, ..RawSpec::default() };
            let mended = mended(value.as_bytes(), &spec);
            assert_eq!(&*mended, wanted.unwrap_or(value).as_bytes(), "{value}");
            assert_eq!(matches!(mended, Cow::Owned(_)), wanted.is_some(), "{value}");
        }
    }
}
