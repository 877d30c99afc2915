//! Reports: what is said of a run and of a look at the first records. Each is made here once, as named values
//! for programs (JSON) and as lines for people (text, HTML); doors print them.

mod command;
mod lines;
mod records;
mod run;
mod shown;
mod values;

use serde_json::{Map, Value};

pub use command::quoted;
pub use records::{FieldReport, Report, ShapeReport, Spread};
pub(crate) use run::notes;
pub(crate) use shown::escaped;
pub use shown::shown;

/// What reports of a kind hold: the name of each value and what it is, in the words of every door.
pub type Entries = Vec<(&'static str, &'static str)>;

/// A line for people: what it is about, and what is said. Without a name it belongs to the line before.
type Line = (&'static str, String);

/// Named values as JSON text.
fn json(values: Map<String, Value>) -> String {
    format!("{:#}\n", Value::Object(values))
}

/// Lines as text, their names in a column of this width.
fn text(lines: &[Line], width: usize) -> String {
    let line = |(name, said): &Line| match *name {
        "" => format!("  {}\n", shown(said)),
        name => format!("{name:width$} {}\n", shown(said)),
    };
    lines.iter().map(line).collect()
}

/// Lines as an HTML table.
fn html(lines: &[Line]) -> String {
    let cell = |name: &str, text: &str| {
        format!("<{name} style='text-align:left'>{}</{name}>", escaped(text))
    };
    let row = |(name, said): &Line| format!("<tr>{}{}</tr>", cell("th", name), cell("td", said));
    format!("<table>{}</table>", lines.iter().map(row).collect::<String>())
}

/// A number of bytes for people.
pub(crate) fn human(bytes: u64) -> String {
    let units = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB"];
    let step = bytes.max(1).ilog2() / 10;
    match step {
        0 => format!("{bytes} B"),
        _ => format!("{:.2} {}", bytes as f64 / 1024f64.powi(step as i32), units[step as usize]),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_have_a_unit_that_suits_them() {
        for (bytes, text) in [
            (0, "0 B"),
            (1023, "1023 B"),
            (1536, "1.50 KiB"),
            (64 << 20, "64.00 MiB"),
            (2_500_000_000_000, "2.27 TiB"),
            (u64::MAX, "16.00 EiB"),
        ] {
            assert_eq!(human(bytes), text);
        }
    }

    #[test]
    fn html_holds_no_tags_of_the_data() {
        let page = html(&[("field", "<script>'\"&".to_string())]);
        assert!(page.contains("&lt;script&gt;&#x27;&quot;&amp;"), "{page}");
    }
}
