//! What a look at the first records says, for people.

use std::path::PathBuf;

use super::command::flags;
use super::{Line, Report, ShapeReport, human, quoted};
use crate::dtype::Depth;
use crate::error::{brief, counted};
use crate::options::{Options, Ragged};

/// More kinds of images than this are folded: the most frequent, how many others, the extremes.
const SHAPES: usize = 8;
/// How many of the most frequent kinds are then shown.
const FREQUENT: usize = 3;
/// How many aspects and rejects are shown.
const ASPECTS: usize = 6;
const REJECTS: usize = 5;

impl Report {
    /// The report for people, lines of text.
    ///
    /// ```
    /// use ndpix::{Input, Options};
    /// let records = Input::bytes("{\"image\": [[1, 2]]}\n");
    /// let options = Options::default().with("field", "image")?;
    /// let text = ndpix::inspect(vec![records], &options)?.text(&[], &options);
    /// assert!(text.contains("\nshape        (1, 2) int64 gray: 1\n"), "{text}");
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn text(&self, inputs: &[PathBuf], options: &Options) -> String {
        super::text(&self.lines(inputs, options), 12)
    }

    /// The same lines as an HTML table.
    ///
    /// ```
    /// use ndpix::{Input, Options};
    /// let records = Input::bytes("{\"<b>\": [[1, 2]]}\n");
    /// let options = Options::default().with("field", "<b>")?;
    /// let html = ndpix::inspect(vec![records], &options)?.html(&[], &options);
    /// assert!(html.contains("&lt;b&gt;&quot;: list (1)") && !html.contains("<b>"), "{html}");
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn html(&self, inputs: &[PathBuf], options: &Options) -> String {
        super::html(&self.lines(inputs, options))
    }

    fn lines(&self, inputs: &[PathBuf], options: &Options) -> Vec<Line> {
        let mut lines = self.records();
        lines.extend(self.kinds());
        lines.extend(self.rejects.iter().take(REJECTS).map(|reject| ("reject", reject.clone())));
        lines.extend(self.outcome(options).map(|outcome| ("output", outcome)));
        for (choice, bytes) in self.choices.iter().filter(|c| !c.0.is_empty()) {
            let known = self.expected_rows.is_some() || self.problem.is_some();
            let of = if known { "" } else { " a row" };
            lines.push(("or", format!("{}: {}{of}", flags(choice).join(" "), human(*bytes))));
        }
        lines.extend(self.notes.iter().map(|note| ("note", note.clone())));
        lines.extend(self.problem.iter().map(|problem| ("problem", problem.clone())));
        for (remedy, first) in self.remedies.iter().filter_map(|r| Some((r, inputs.first()?))) {
            let words = remedy.command(inputs, &self.output_name(first), options);
            lines.push(("try", format!("{}: {}", remedy.what, quoted(&words))));
        }
        lines.extend(self.command(inputs, options).map(|words| ("run", quoted(&words))));
        lines
    }

    /// The records and their fields.
    fn records(&self) -> Vec<Line> {
        let packed = match self.compression.is_empty() {
            true => String::new(),
            false => format!(", {}", self.compression.join(", ")),
        };
        let records = format!("{} looked at, framing {}{packed}", self.sampled, self.framing);
        let mut lines = vec![("records", records)];
        lines.extend(self.source.map(|source| ("source", source.to_string())));
        for field in &self.fields {
            let mut read = self.field.iter().chain(&self.bands);
            let chosen = if read.any(|f| *f == field.field) { "  <- read" } else { "" };
            let said = match &field.said {
                Some(said) => {
                    let ways = match field.encodings.len() {
                        0 | 1 => String::new(),
                        _ => format!("; {}", counts(&field.encodings)),
                    };
                    format!("in {} of {} records, {said}{ways}", field.records, self.sampled)
                }
                None => counts(&field.encodings),
            };
            lines.push(("field", format!("{}: {said}{chosen}", brief(&field.field))));
        }
        lines
    }

    /// What the images are.
    fn kinds(&self) -> Vec<Line> {
        let mut lines = Vec::new();
        if self.images > 0 {
            let images = format!("{}, {} records without", self.images, self.without_image);
            lines.extend([("images", images), ("formats", counts(&self.formats))]);
        }
        let is_folded = self.spread.as_ref().is_some_and(|s| s.kinds > SHAPES as u64);
        let shown = if is_folded { FREQUENT } else { SHAPES };
        lines.extend(self.shapes.iter().take(shown).map(|shape| ("shape", kind(shape))));
        if is_folded {
            lines.extend(self.extremes());
        }
        if self.orientations.iter().any(|o| o.0 != 1) {
            lines.push(("orientation", counts(&self.orientations)));
        }
        if self.aspects.len() > 1 && !is_folded {
            lines.push(("aspect", counts(&self.aspects[..self.aspects.len().min(ASPECTS)])));
        }
        if self.alpha > 0 {
            lines.push(("alpha", counted(self.alpha, "image", "images")));
        }
        lines
    }

    /// Of kinds that are too many to be shown, those that are not frequent.
    fn extremes(&self) -> Vec<Line> {
        let Some(spread) = &self.spread else { return Vec::new() };
        let shown = &self.shapes[..self.shapes.len().min(FREQUENT)];
        let rest = spread.images - shown.iter().map(|s| s.count).sum::<u64>();
        let kinds = spread.kinds - shown.len() as u64;
        let mut lines = vec![
            ("shape", format!("{kinds} others: {rest}")),
            ("smallest", kind(&spread.smallest)),
            ("largest", kind(&spread.largest)),
        ];
        if let (Some(narrowest), Some(widest), Some(most)) =
            (&spread.narrowest, &spread.widest, self.aspects.first())
        {
            let most = format!("most often {} ({})", most.0, most.1);
            lines.push(("aspect", format!("{narrowest} to {widest}, {most}")));
        }
        lines
    }

    /// What the output would be.
    fn outcome(&self, options: &Options) -> Option<String> {
        let images = match (&self.shape, &self.dtype) {
            (Some(shape), Some(dtype)) => format!("rows of {shape} {dtype}"),
            (None, Some(dtype)) if options.ragged == Ragged::Pad => {
                format!("rows of the largest image, {dtype}")
            }
            (None, Some(dtype)) => format!("images of their own sizes, {dtype}"),
            _ => self.expected_rows.map(|_| "image files as they are".to_string())?,
        };
        let rows =
            self.expected_rows.map(|rows| format!(", about {}", counted(rows, "row", "rows")));
        let bytes = self.expected_bytes.map(|bytes| {
            let free = self.free_bytes.map(|free| format!(" ({} free on this disk)", human(free)));
            format!(", {}{}", human(bytes), free.unwrap_or_default())
        });
        Some(format!("{images}{}{}", rows.unwrap_or_default(), bytes.unwrap_or_default()))
    }
}

fn kind(s: &ShapeReport) -> String {
    let depth = Depth { dtype: s.dtype, bits: s.bits };
    format!("{} {depth} {}: {}", s.shape, s.color, s.count)
}

fn counts<T: ToString>(list: &[(T, u64)]) -> String {
    list.iter().map(|(k, n)| format!("{} ({n})", k.to_string())).collect::<Vec<_>>().join(", ")
}
