//! HTML in the making: markup is written in the source, and whatever else there is goes through one escape.

use crate::report::escaped;

/// A piece of a page. Markup can only be text of this program; data becomes text of the page.
#[derive(Debug, Default)]
pub(super) struct Html(String);

impl Html {
    /// Markup.
    pub(super) fn raw(&mut self, markup: &'static str) -> &mut Self {
        self.0.push_str(markup);
        self
    }

    /// Data: as text, or as the value of an attribute in quotes.
    pub(super) fn text(&mut self, data: &str) -> &mut Self {
        self.0.push_str(&escaped(data));
        self
    }

    pub(super) fn number(&mut self, number: u64) -> &mut Self {
        self.0.push_str(&number.to_string());
        self
    }

    /// A number for people, with commas.
    pub(super) fn count(&mut self, number: u64) -> &mut Self {
        self.0.push_str(&grouped(number));
        self
    }

    /// Data between an opening and a closing tag.
    pub(super) fn tag(&mut self, open: &'static str, data: &str, close: &'static str) -> &mut Self {
        self.raw(open).text(data).raw(close)
    }

    /// Bytes of an image file, as an address that holds them.
    pub(super) fn data_url(&mut self, png: &[u8]) -> &mut Self {
        self.0.push_str("data:image/png;base64,");
        self.0.push_str(&base64_simd::STANDARD.encode_to_string(png));
        self
    }

    pub(super) fn into_string(self) -> String {
        self.0
    }
}

/// A number with a comma after each three digits.
pub(super) fn grouped(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn data_is_never_markup() {
        let mut html = Html::default();
        html.raw("<p title=\"")
            .text("\" onload=\"x")
            .raw("\">")
            .text("<script>\u{1b}\u{202e}&")
            .raw("</p>");
        let text = html.into_string();
        assert_eq!(
            text,
            "<p title=\"&quot; onload=&quot;x\">&lt;script&gt;\\u{1b}\\u{202e}&amp;</p>"
        );
    }

    #[test]
    fn numbers_have_commas() {
        for (number, text) in [(0, "0"), (999, "999"), (1000, "1,000"), (1234567, "1,234,567")] {
            assert_eq!(grouped(number), text);
        }
    }
}
