//! Text that was damaged in a way that is known, and can be made good: base64 in which `+` became a blank, as forms and
//! addresses leave it.

use std::borrow::Cow;

use super::{RawSpec, base64, data_url};
use crate::record::value::{self, Kind};

/// The value; where that is asked for, with the `+` that it lost if it is a string of such base64, or a data URL with it.
pub(super) fn mended<'v>(value: &'v [u8], spec: &RawSpec) -> Cow<'v, [u8]> {
    let is_spaced = || value::kind(value) == Kind::String && memchr::memchr(b' ', value).is_some();
    if !spec.repair || !is_spaced() {
        return Cow::Borrowed(value);
    }
    let mut scratch = Vec::new();
    let text = value::unescape(value, &mut scratch);
    let after = |text: &[u8]| memchr::memchr(b',', text).map_or(0, |comma| comma + 1);
    let is_url = data_url::strip_scheme(text.trim_ascii()).is_some();
    let payload = if is_url { &text[after(text)..] } else { base64::strip_prefix(text) };
    if !base64::lost_some_plus(payload) {
        return Cow::Borrowed(value);
    }
    let value = value.trim_ascii();
    // Blanks at the ends were no +.
    let begins = if is_url { after(value) } else { 1 };
    let begins = begins + value[begins..].iter().take_while(|c| **c == b' ').count();
    let ends = value.len() - 1;
    let ends = ends - value[begins..ends].iter().rev().take_while(|c| **c == b' ').count();
    let mut mended = value.to_vec();
    mended[begins..ends].iter_mut().filter(|c| **c == b' ').for_each(|c| *c = b'+');
    Cow::Owned(mended)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_was_a_plus_is_one_again() {
        for (value, wanted) in [
            (r#""AA AA+==""#, Some(r#""AA+AA+==""#)),
            (r#""/AA/ AAA A==""#, Some(r#""/AA/+AAA+A==""#)),
            (r#""AAAA BBBB CC==""#, None),
            (r#""AAAA\nBB BBCC==""#, None),
            (r#""AA AAA==""#, Some(r#""AA+AAA==""#)),
            (r#"" AA AAA== ""#, Some(r#"" AA+AAA== ""#)),
            (r#""data:image/png; base64,AA AAA==""#, Some(r#""data:image/png; base64,AA+AAA==""#)),
            (r#""AAAA AAAA""#, None),
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
