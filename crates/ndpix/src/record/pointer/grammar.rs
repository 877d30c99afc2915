//! The grammar of pointers: from text and to text, so that what is written reads back as the same.

use std::fmt;
use std::str::FromStr;

use super::{Pointer, Step};
use crate::error::{Error, Result, brief, quote};

impl FromStr for Pointer {
    type Err = Error;

    fn from_str(text: &str) -> Result<Self> {
        match text.strip_prefix('/') {
            Some(rest) => {
                let key = |t: &str| Step::Key(t.replace("~1", "/").replace("~0", "~"));
                Ok(Self { steps: rest.split('/').map(key).collect() })
            }
            None => match one_of(text, text)? {
                (pointer, "") => Ok(pointer),
                _ => Err(bad(text, "it names several fields, and one is wanted here")),
            },
        }
    }
}

/// Reads a pointer from the beginning of `rest`, up to the end or a `|`; gives what is left. `whole` is
/// what messages quote.
pub(super) fn one_of<'a>(whole: &str, mut rest: &'a str) -> Result<(Pointer, &'a str)> {
    if let Some(after) = rest.strip_prefix('.') {
        rest = after;
        if rest.is_empty() || rest.starts_with('|') {
            return Ok((Pointer::default(), rest));
        }
    }
    let mut steps = Vec::new();
    while !rest.is_empty() && !rest.starts_with('|') {
        let (step, after) = match rest.strip_prefix('[') {
            Some(inner) => bracketed(whole, inner)?,
            None => key(whole, rest)?,
        };
        steps.push(step);
        rest = after;
        if let Some(after) = rest.strip_prefix('.') {
            if after.is_empty() || after.starts_with('|') {
                return Err(bad(whole, "it ends with a dot"));
            }
            rest = after;
        }
    }
    match steps.last() {
        None => Err(bad(whole, "it is empty")),
        Some(Step::Deep) => Err(bad(whole, "it ends with **; name the key that is looked for")),
        Some(_) => Ok((Pointer { steps }, rest)),
    }
}

/// What stands after a `[`, with its `]`, and what is left.
fn bracketed<'a>(whole: &str, inner: &'a str) -> Result<(Step, &'a str)> {
    let close = || bad(whole, "'[' without ']'");
    if inner.starts_with('"') {
        let (name, after) = quoted(whole, inner)?;
        return Ok((Step::Named(name), after.strip_prefix(']').ok_or_else(close)?));
    }
    let (index, after) = inner.split_once(']').ok_or_else(close)?;
    let step =
        match index {
            "*" => Step::Any,
            name if begins_a_name(name) && !name.contains(['*', '|', '"', '[']) => {
                Step::Named(name.to_string())
            }
            _ => Step::Index(index.parse().map_err(|_| {
                bad(whole, "in brackets stands a number, * or the name of an element")
            })?),
        };
    Ok((step, after))
}

/// A key, quoted or not, and what is left.
fn key<'a>(whole: &str, rest: &'a str) -> Result<(Step, &'a str)> {
    if rest.starts_with('"') {
        let (name, after) = quoted(whole, rest)?;
        return Ok((Step::Key(name), after));
    }
    let end = rest.find(['.', '[', '|']).unwrap_or(rest.len());
    let step = match &rest[..end] {
        "" => return Err(bad(whole, "an empty key")),
        "**" => Step::Deep,
        name if name.contains("**") => {
            return Err(bad(whole, "** is a step of its own: a.**.b"));
        }
        name if name.contains('*') => Step::Keys(name.to_string()),
        name => Step::Key(name.to_string()),
    };
    Ok((step, &rest[end..]))
}

/// A JSON string, and what is left.
fn quoted<'a>(whole: &str, text: &'a str) -> Result<(String, &'a str)> {
    let mut escaped = false;
    let end = text[1..].find(|c| {
        let ends = c == '"' && !escaped;
        escaped = c == '\\' && !escaped;
        ends
    });
    let end = end.ok_or_else(|| bad(whole, "a quote is not closed"))? + 2;
    let name = serde_json::from_str(&text[..end]);
    Ok((name.map_err(|_| bad(whole, "what is in quotes is not a JSON string"))?, &text[end..]))
}

pub(super) fn bad(whole: &str, what: &str) -> Error {
    Error::options(format!(
        "field {}: {what}; write a.b[2].c, a[*].b or /a/b",
        quote(whole.as_bytes())
    ))
}

/// With `{:#}` a long one is cut, for messages.
impl fmt::Display for Pointer {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !f.alternate() {
            return self.spell(f);
        }
        let mut whole = String::new();
        self.spell(&mut whole)?;
        f.write_str(&brief(&whole))
    }
}

impl Pointer {
    fn spell(&self, f: &mut impl fmt::Write) -> fmt::Result {
        if self.steps.is_empty() {
            return f.write_str(".");
        }
        for (i, step) in self.steps.iter().enumerate() {
            let dot = if i > 0 { "." } else { "" };
            match step {
                Step::Any => f.write_str("[*]")?,
                Step::Index(n) => write!(f, "[{n}]")?,
                Step::Deep => write!(f, "{dot}**")?,
                // At the beginning a slash would make it a JSON Pointer.
                Step::Keys(pattern) if i == 0 && pattern.starts_with('/') => {
                    write!(f, ".{pattern}")?
                }
                Step::Keys(pattern) => write!(f, "{dot}{pattern}")?,
                Step::Named(name) if is_plain(name) && begins_a_name(name) => {
                    write!(f, "[{name}]")?
                }
                Step::Named(name) => write!(f, "[{}]", serde_json::Value::from(name.as_str()))?,
                Step::Key(key) if is_plain(key) => write!(f, "{dot}{key}")?,
                Step::Key(key) => write!(f, "{dot}{}", serde_json::Value::from(key.as_str()))?,
            }
        }
        Ok(())
    }
}

/// Whether what stands in brackets is a name also without quotes.
fn begins_a_name(text: &str) -> bool {
    text.starts_with(|c: char| c.is_alphabetic() || c == '_')
}

/// Whether a key reads as itself without quotes: also beside another field, where blanks at its ends would not.
fn is_plain(key: &str) -> bool {
    // What parts a condition of `where` stands in quotes, too.
    let odd = |c: char| ".,[]\"/|*=!<>~".contains(c) || c.is_control();
    !key.is_empty() && !key.contains(odd) && !key.starts_with(' ') && !key.ends_with(' ')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reads_what_it_writes() {
        for text in [
            ".",
            "a",
            "a.b[2].c",
            "a[*].url",
            "data.\"image/png\"",
            "[*]",
            "[0].x",
            "*",
            "mask_*",
            "attachments.*.\"image/png\"",
            "**.image",
            "./*0",
            "a./*",
            "a.**.b[*]",
            "items[mask].data",
            "items[\"0\"].data",
            "items[\"a b|c\"]",
            "\"a|b\".\"*\"",
        ] {
            assert_eq!(text.parse::<Pointer>().expect(text).to_string(), text);
        }
        // A key is data: quotes and what steers terminals are written as JSON writes them.
        for key in [
            "",
            ".",
            "a\"b",
            "a\\",
            "\n\u{1b}[2J",
            "\u{7f}",
            "é ü",
            "/",
            ",",
            "*",
            "a**",
            "|",
            " a",
            "a ",
            "a=b",
            "a<b",
        ] {
            for step in [Step::Key(key.to_string()), Step::Named(key.to_string())] {
                let pointer = Pointer::new(vec![step, Step::Any]);
                let text = pointer.to_string();
                assert!(!text.contains(|c: char| c.is_ascii_control() && c != '\u{7f}'), "{text}");
                assert_eq!(text.parse::<Pointer>().expect(&text), pointer, "{text}");
            }
        }
        let pointer: Pointer = "/a/0/b~1c/*/**/x|y/d*".parse().expect("pointer");
        assert_eq!(pointer.to_string(), "a.0.\"b/c\".\"*\".\"**\".\"x|y\".\"d*\"");
    }

    #[test]
    fn stars_stand_for_keys_only_without_quotes() {
        let steps = |text: &str| text.parse::<Pointer>().expect(text).steps().to_vec();
        assert_eq!(steps("*"), [Step::Keys("*".into())]);
        assert_eq!(steps("\"*\""), [Step::Key("*".into())]);
        assert_eq!(steps("**.a"), [Step::Deep, Step::Key("a".into())]);
        assert_eq!(steps("a[mask]"), [Step::Key("a".into()), Step::Named("mask".into())]);
        assert_eq!(steps(".a"), [Step::Key("a".into())]);
    }

    #[test]
    fn refuses_what_has_no_meaning() {
        for text in [
            "", "a..b", "a[", "a[-1]", "a[]", "a[1:2]", "a[m*]", "a[\"m]", "\"a", "\"a\\\"",
            "\"\\x\"", "a.", "a.**", "a**", "a|b", "|",
        ] {
            assert!(text.parse::<Pointer>().is_err(), "{text}");
        }
    }
}
