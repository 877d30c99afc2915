//! `ndpix formats`: what this build reads.

use ndpix::ImageFormat;

/// The list, as a table for people or as JSON: an array with one object for each format.
pub(crate) fn list(json: bool) -> String {
    if json {
        return ImageFormat::json();
    }
    let titles = ["format", "files", "dtypes", "colors", "frames"].map(String::from);
    let rows: Vec<_> = std::iter::once(titles).chain(ImageFormat::ALL.iter().map(row)).collect();
    let width = |column: usize| rows.iter().map(|row| row[column].len()).max().unwrap_or(0);
    let widths: [usize; 5] = std::array::from_fn(width);
    rows.iter().map(|row| line(row, &widths)).collect()
}

fn row(format: &ImageFormat) -> [String; 5] {
    let words = |all: Vec<String>| all.join(" ");
    let dtypes: Vec<_> = format.dtypes().iter().map(ToString::to_string).collect();
    // Eleven names say less than what they have in common.
    let dtypes = if dtypes.len() > 6 { "integers, floats".into() } else { words(dtypes) };
    [
        format.to_string(),
        words(format.extensions().iter().map(|extension| format!(".{extension}")).collect()),
        dtypes,
        words(format.colors().iter().map(ToString::to_string).collect()),
        format.frames().to_string(),
    ]
}

fn line(row: &[String; 5], widths: &[usize; 5]) -> String {
    let cells = row.iter().zip(widths).map(|(cell, &width)| format!("{cell:width$}"));
    let line = cells.collect::<Vec<_>>().join("  ");
    format!("{}\n", line.trim_end())
}
