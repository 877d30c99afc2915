//! Text of others, made safe to be shown: on a terminal, and in HTML.

use std::borrow::Cow;

/// Text in which nothing acts: control characters (but for line ends and tabs), those that turn the direction of
/// text around, and those that cannot be seen stand as `\u{1b}`.
///
/// ```
/// assert_eq!(ndpix::shown("a\u{1b}[2J\u{202e}b"), r"a\u{1b}[2J\u{202e}b");
/// assert_eq!(ndpix::shown("Grüße\n"), "Grüße\n");
/// ```
pub fn shown(text: &str) -> Cow<'_, str> {
    if !text.chars().any(acts) {
        return Cow::Borrowed(text);
    }
    let mut safe = String::with_capacity(text.len() + 16);
    for c in text.chars() {
        match acts(c) {
            true => safe.extend(c.escape_unicode()),
            false => safe.push(c),
        }
    }
    Cow::Owned(safe)
}

fn acts(c: char) -> bool {
    match c {
        '\n' | '\t' => false,
        // Soft hyphen; marks, overrides and isolates of direction; zero width; separators; tags.
        '\u{ad}' | '\u{61c}' | '\u{180e}' | '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' => {
            true
        }
        '\u{2060}'..='\u{206f}'
        | '\u{feff}'
        | '\u{fff9}'..='\u{fffb}'
        | '\u{e0000}'..='\u{e007f}' => true,
        c => c.is_control(),
    }
}

/// The same for HTML, as text or as the value of an attribute in quotes.
pub(crate) fn escaped(text: &str) -> String {
    let mut safe = String::with_capacity(text.len());
    for c in shown(text).chars() {
        match c {
            '&' => safe.push_str("&amp;"),
            '<' => safe.push_str("&lt;"),
            '>' => safe.push_str("&gt;"),
            '"' => safe.push_str("&quot;"),
            '\'' => safe.push_str("&#x27;"),
            _ => safe.push(c),
        }
    }
    safe
}
