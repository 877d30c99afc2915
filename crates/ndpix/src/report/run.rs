//! The summary of a run, for programs and for people.

use serde_json::{Map, Value, json};

use super::{Entries, Line, human};
use crate::error::{Error, counted};
use crate::legend::legends_said;
use crate::options::{Frames, Options};
use crate::summary::Summary;

/// Name, what it is, and the value.
type Row = (&'static str, &'static str, fn(&Summary, &Options) -> Value);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("records", "Records read and taken, whatever became of them.", |s, _| json!(s.records)),
    ("with_image", "Records with at least one image.", |s, _| json!(s.with_image)),
    ("without_image", "Records whose field is absent, null or an empty list.", |s, _| json!(s.without_image)),
    ("unreadable", "Records that are not JSON, or too long.", |s, _| json!(s.unreadable)),
    ("passed_over", "Records passed over by `where` and `skip`.", |s, _| json!(s.passed_over)),
    ("limited", "Whether `limit` was reached.", |s, _| json!(s.limited)),
    ("blank_lines", "Blank lines.", |s, _| json!(s.blank_lines)),
    ("images", "Images found.", |s, _| json!(s.images)),
    ("decoded", "Images that became a row.", |s, _| json!(s.decoded)),
    ("rejected_images", "Images that did not.", |s, _| json!(s.rejected_images)),
    ("rows", "Rows of the array, with fill rows.", |s, _| json!(s.rows)),
    ("filled", "Rows that hold the fill value.", |s, _| json!(s.filled)),
    ("rejected", "Everything that was rejected.", |s, _| json!(s.rejected())),
    ("rejects", "The same by kind.", |s, _| rejects(s)),
    ("first_rejects", "The first rejects, each as `file:line: what was found`.", |s, _| names(&s.first_rejects)),
    ("truncated", "Where compressed inputs end before their end, each as `file:line: what was found`.", |s, _| names(&s.truncated)),
    ("warnings", "What is said loudly, a sentence each: more was rejected than `warn_rejects` allows, or an input was cut.", |s, o| json!(s.warnings(o))),
    ("oriented", "Images that carry an orientation.", |s, _| json!(s.oriented)),
    ("alpha", "Images that have alpha.", |s, _| json!(s.alpha)),
    ("premultiplied", "Images whose colours are stored multiplied with alpha.", |s, _| json!(s.premultiplied)),
    ("multi_frame", "Images with more frames or pages than one.", |s, _| json!(s.multi_frame)),
    ("overlapping", "Images merged of masks of which one covers another.", |s, _| json!(s.overlapping)),
    ("gzip_leaves", "The share of the pixels that `output_compression` gzip would have left, told by samples: of an output that could be compressed and is not, where it would have saved something.", |s, _| json!(s.gzip_leaves)),
    ("legends", "The names of classes, in the order of their numbers, by the column or array that has these; in a column the first is 0, in masks 1.", |s, _| legends_said(&s.legends)),
    ("steps", "What was done to pixels, in order, as text.", |s, _| json!(s.steps)),
    ("bytes_read", "Decompressed bytes read.", |s, _| json!(s.bytes_read)),
    ("bytes_written", "Bytes of pixels.", |s, _| json!(s.bytes_written)),
    ("inputs", "The inputs, as they were named.", |s, _| names(&s.inputs)),
    ("originals", "Files that records of a rejects file came from; in a row map they are numbered after the inputs.", |s, _| names(&s.originals)),
    ("outputs", "The files that were written, the array first.", |s, _| json!(s.outputs)),
    ("seconds", "How long it took.", |s, _| json!(s.seconds)),
    ("peak_memory", "The most memory that the process has held so far, in bytes; 0 where it cannot be told.", |s, _| json!(s.peak_memory)),
    ("interrupted", "Whether it was interrupted.", |s, _| json!(s.interrupted)),
    ("threads", "Threads that it ran on.", |_, o| json!(o.thread_count())),
];

fn rejects(s: &Summary) -> Value {
    s.rejects.iter().map(|(kind, n)| (kind.to_string(), json!(n))).collect::<Map<_, _>>().into()
}

fn names<T: ToString>(all: &[T]) -> Value {
    all.iter().map(|one| Value::from(one.to_string())).collect::<Vec<_>>().into()
}

impl Summary {
    /// The names of what [`Summary::json`] holds, and what each is.
    ///
    /// ```
    /// assert!(ndpix::Summary::entries().contains(&("images", "Images found.")));
    /// ```
    pub fn entries() -> Entries {
        ROWS.iter().map(|row| (row.0, row.1)).collect()
    }

    /// The summary for programs, as JSON text. `version` changes when a name or a meaning does.
    ///
    /// ```
    /// use ndpix::{Control, Input, Options};
    /// let options = Options::default().with("field", "image")?.with("threads", "2")?;
    /// let loaded = ndpix::load(vec![Input::bytes("{\"image\": [[1]]}\n")], &options, &Control::default());
    /// let json = loaded.summary.json(&options);
    /// assert!(json.contains("\"decoded\": 1") && json.contains("\"threads\": 2"), "{json}");
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn json(&self, options: &Options) -> String {
        super::json(self.values(options))
    }

    /// As [`Summary::json`], with how the run ended: its error and the exit code of the command.
    pub fn json_ended(&self, options: &Options, error: Option<&Error>, exit: u8) -> String {
        let error = error.map(|e| {
            json!({"kind": e.kind().name(), "message": e.message(), "text": e.to_string(),
                   "line": e.position().map(|p| p.line), "byte": e.position().map(|p| p.byte)})
        });
        let mut values = self.values(options);
        values.insert("error".to_string(), json!(error));
        values.insert("exit".to_string(), json!(exit));
        super::json(values)
    }

    /// What is said loudly of a run, also where all else is quiet; with it the command ends with exit code 3.
    ///
    /// ```
    /// use ndpix::{Control, Input, Options};
    /// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": 7}\n");
    /// let options = Options::default().with("field", "image")?.with("warn_rejects", "1%")?;
    /// let folder = tempfile::tempdir()?;
    /// let run = ndpix::run(vec![records], &folder.path().join("a.npy"), &options, &Control::default());
    /// let warnings = run.summary.warnings(&options);
    /// assert!(warnings[0].starts_with("1 of 2 images and unreadable records rejected"), "{warnings:?}");
    /// # Ok::<(), Box<dyn std::error::Error>>(())
    /// ```
    pub fn warnings(&self, options: &Options) -> Vec<String> {
        let (rejected, judged) = (self.rejected(), self.judged());
        let most = options.warn_rejects.filter(|most| most.is_passed(rejected, judged));
        let first = self.first_rejects.first().map(ToString::to_string).unwrap_or_default();
        let said = |most| {
            format!(
                "{rejected} of {judged} images and unreadable records rejected, more than warn_rejects {most} allows; the first: {first}"
            )
        };
        let cut = self.truncated.first().map(|first| {
            let inputs = if self.truncated.len() == 1 { "input is" } else { "inputs are" };
            format!(
                "{} {inputs} cut, and what would follow is missing; the first: {first}",
                self.truncated.len()
            )
        });
        cut.into_iter().chain(most.map(said)).collect()
    }

    fn values(&self, options: &Options) -> Map<String, Value> {
        let about = [("version", json!(1)), ("ndpix", json!(env!("CARGO_PKG_VERSION")))];
        let rows = ROWS.iter().map(|(name, _, value)| (*name, value(self, options)));
        about.into_iter().chain(rows).map(|(name, value)| (name.to_string(), value)).collect()
    }

    /// The summary for people, lines of text.
    ///
    /// ```
    /// use ndpix::{Control, Input, Options};
    /// let options = Options::default().with("field", "image")?;
    /// let loaded = ndpix::load(vec![Input::bytes("{\"image\": [[1]]}\n")], &options, &Control::default());
    /// let text = loaded.summary.text(&options);
    /// assert!(text.contains("images   1 = 1 decoded + 0 rejected; 1 row"), "{text}");
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn text(&self, options: &Options) -> String {
        let mut lines = sums(self);
        lines.extend(rejected(self));
        lines.extend(notes(self, options).into_iter().map(|note| ("note", note)));
        lines.extend(self.steps.iter().map(|step| ("pixels", step.clone())));
        for file in &self.outputs {
            // What is not under its final name is not to be used as if it were.
            let word = if file.ends_with(".partial") { "left" } else { "wrote" };
            lines.push((word, file.clone()));
        }
        lines.push((
            "took",
            format!(
                "{:.1} s, {} read, {} written, peak memory {}",
                self.seconds,
                human(self.bytes_read),
                human(self.bytes_written),
                human(self.peak_memory)
            ),
        ));
        super::text(&lines, 8)
    }
}

/// The two sums that close.
fn sums(s: &Summary) -> Vec<Line> {
    let records = format!(
        "{} = {} with image + {} without + {} unreadable; {} passed over, {} blank lines{}",
        s.records,
        s.with_image,
        s.without_image,
        s.unreadable,
        s.passed_over,
        s.blank_lines,
        if s.limited { "; ended by limit" } else { "" },
    );
    let images = format!(
        "{} = {} decoded + {} rejected; {}{}",
        s.images,
        s.decoded,
        s.rejected_images,
        counted(s.rows, "row", "rows"),
        if s.filled > 0 { format!(", {} of them filled", s.filled) } else { String::new() },
    );
    vec![("records", records), ("images", images)]
}

/// How many of what were rejected, and the first of them.
fn rejected(s: &Summary) -> Vec<Line> {
    if s.rejected() == 0 {
        return Vec::new();
    }
    let kinds: Vec<_> = s.rejects.iter().map(|(k, n)| format!("{n} {k}")).collect();
    let mut lines = vec![("rejects", format!("{} ({})", s.rejected(), kinds.join(", ")))];
    lines.extend(s.first_rejects.iter().map(|reject| ("", reject.to_string())));
    let more = s.rejected() - s.first_rejects.len() as u64;
    if more > 0 {
        lines.push(("", format!("and {more} more")));
    }
    lines
}

/// What may surprise. What was done about orientation and alpha stands among the steps.
pub(crate) fn notes(s: &Summary, options: &Options) -> Vec<String> {
    let mut notes = Vec::new();
    for (&option, &count) in &s.mended {
        // Python writes NaN by default: of that one is enough.
        if option == "allow_nan" || 2 * count > s.judged() {
            notes.push(format!("{count} of {} rejects would be read with {option}", s.rejected()));
        }
    }
    if s.with_image > 0 && s.without_image > s.with_image {
        notes.push("most records have no image in the field; it may have another name in some of the inputs".to_string());
    }
    if s.oriented > 0 && !options.exif_transpose {
        let images = counted(s.oriented, "image carries", "images carry");
        notes.push(format!("{images} an orientation that is not applied"));
    }
    if s.alpha > 0 && !s.steps.iter().any(|step| step.starts_with("alpha of ")) {
        let images = counted(s.alpha, "image has", "images have");
        notes.push(format!("{images} alpha, which is the last channel"));
    }
    if s.premultiplied > 0 && !s.steps.iter().any(|step| step.contains("un-multiplied")) {
        let images = counted(s.premultiplied, "image stores", "images store");
        notes.push(format!("{images} colours multiplied with alpha, which are kept so"));
    }
    if s.overlapping > 0 {
        notes.push(format!(
            "in {} masks cover each other; the later one counts there",
            counted(s.overlapping, "image", "images")
        ));
    }
    if let Some(share) = s.gzip_leaves {
        let percent = (100.0 * share).ceil();
        notes.push(format!(
            "output_compression gzip would have left about {percent} % of the pixels' bytes"
        ));
    }
    if s.multi_frame > 0 && options.frames == Frames::First {
        notes.push(format!(
            "{} more frames or pages than the first, which was read",
            counted(s.multi_frame, "image has", "images have")
        ));
    }
    notes
}
