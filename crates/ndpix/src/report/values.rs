//! What a look at the first records says, for programs.

use std::path::PathBuf;

use serde_json::{Map, Value, json};

use super::{Entries, FieldReport, Report, ShapeReport, quoted};
use crate::error::Remedy;
use crate::options::Options;

/// Name, what it is, and the value.
type Row = (&'static str, &'static str, fn(&Report) -> Value);

#[rustfmt::skip]
const ROWS: &[Row] = &[
    ("framing", "How records follow each other.", |r| json!(r.framing)),
    ("compression", "Compressions of the inputs.", |r| json!(r.compression)),
    ("source", "The program or service whose records these are, such as `COCO`, where their keys leave no doubt.", |r| json!(r.source)),
    ("sampled", "Records that were looked at.", |r| json!(r.sampled)),
    ("fields", "The fields that may hold images: of each how many of its values hold one how, in how many records it is, and what it is in words.", fields),
    ("field", "The field that a run would read, if it is clear.", |r| json!(r.field)),
    ("bands", "The fields that it would stack after that one.", |r| json!(r.bands)),
    ("encoding", "The encoding that a run would enforce, if it is clear.", |r| json!(r.encoding)),
    ("images", "Images among the records that were looked at.", |r| json!(r.images)),
    ("formats", "Image formats, with counts.", |r| counts(&r.formats)),
    ("shapes", "Shape, dtype, color and count of each kind of image, the most frequent 256 first.", |r| r.shapes.iter().map(kind).collect()),
    ("spread", "How many kinds and images there are, the smallest and the largest, the narrowest and the widest aspect; `None` without images.", spread),
    ("orientations", "EXIF, XMP or TIFF orientations, with counts.", |r| counts(&r.orientations)),
    ("aspects", "Aspects, width to height as the images are stored, with counts: the 256 most frequent.", |r| counts(&r.aspects)),
    ("alpha", "Images that have alpha.", |r| json!(r.alpha)),
    ("multi_frame", "Images with more frames or pages than one.", |r| json!(r.multi_frame)),
    ("without_image", "Records without image.", |r| json!(r.without_image)),
    ("rejected", "Rejects to expect: how many the records that were looked at have.", |r| json!(r.rejected)),
    ("rejects", "The first 256 of them, as messages.", |r| json!(r.rejects)),
    ("shape", "Shape of one row of the array, as text.", |r| json!(r.shape)),
    ("dtype", "Dtype of the array.", |r| json!(r.dtype)),
    ("expected_rows", "Rows to expect, where the size of the inputs is known.", |r| json!(r.expected_rows)),
    ("expected_bytes", "Bytes of the array to expect, where that is known.", |r| json!(r.expected_bytes)),
    ("free_bytes", "Bytes free on the disk of the current folder, where that can be told.", |r| json!(r.free_bytes)),
    ("choices", "Other options that would fit, each with the bytes of the array, or of a row where the number of rows is not known.", choices),
    ("notes", "What a run would say before it works.", |r| json!(r.notes)),
    ("output", "What the name of the output ends in: of the first output that can hold all that is asked for.", |r| json!(r.output)),
    ("problem", "Why no array can be made, and what to do; `None` where one can.", |r| json!(r.problem)),
    ("suggestion", "The options with which an array can be made, where there is a problem and a way out.", |r| r.suggestion.as_deref().map(options).into()),
];

impl Report {
    /// The names of what [`Report::json`] holds, and what each is.
    ///
    /// ```
    /// assert!(ndpix::Report::entries().contains(&("formats", "Image formats, with counts.")));
    /// ```
    pub fn entries() -> Entries {
        ROWS.iter().map(|row| (row.0, row.1)).collect()
    }

    /// The report for programs, as JSON text. `version` changes when a name or a meaning does. The
    /// [command](Report::command) stands in it as words and as a line.
    ///
    /// ```
    /// use ndpix::{Input, Options};
    /// let records = Input::bytes("{\"image\": [[1, 2]]}\n");
    /// let options = Options::default().with("field", "image")?;
    /// let json = ndpix::inspect(vec![records], &options)?.json(&["in.ndjson".into()], &options);
    /// assert!(json.contains("\"command_line\": \"ndpix convert in.ndjson"), "{json}");
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn json(&self, inputs: &[PathBuf], options: &Options) -> String {
        let words = self.command(inputs, options);
        let more = [
            ("version", json!(1)),
            ("remedies", self.remedies.iter().map(|r| self.remedy(r, inputs, options)).collect()),
            ("command_line", json!(words.as_deref().map(quoted))),
            ("command", json!(words)),
        ];
        let rows = ROWS.iter().map(|(name, _, value)| (*name, value(self)));
        super::json(more.into_iter().chain(rows).map(|(n, value)| (n.to_string(), value)).collect())
    }

    /// What it does, the options, and the command where the inputs have names.
    fn remedy(&self, remedy: &Remedy, inputs: &[PathBuf], options: &Options) -> Value {
        let words =
            inputs.first().map(|first| remedy.command(inputs, &self.output_name(first), options));
        let options: Vec<_> = remedy.options.iter().map(|(n, v)| json!([n, v])).collect();
        json!({"what": remedy.what, "options": options, "command_line": words.as_deref().map(quoted),
               "command": words})
    }
}

fn counts<T: ToString>(list: &[(T, u64)]) -> Value {
    list.iter().map(|(name, n)| (name.to_string(), json!(n))).collect::<Map<_, _>>().into()
}

fn options(list: &[(&'static str, String)]) -> Value {
    list.iter().map(|(name, value)| (name.to_string(), json!(value))).collect::<Map<_, _>>().into()
}

fn fields(report: &Report) -> Value {
    let field = |f: &FieldReport| json!({"field": f.field, "encodings": counts(&f.encodings), "records": f.records, "said": f.said});
    report.fields.iter().map(field).collect()
}

fn kind(s: &ShapeReport) -> Value {
    json!({"shape": s.shape.to_string(), "dtype": s.dtype.name(), "bits": s.bits, "color": s.color, "count": s.count})
}

fn spread(report: &Report) -> Value {
    report.spread.as_ref().map_or(Value::Null, |s| {
        json!({"kinds": s.kinds, "images": s.images, "smallest": kind(&s.smallest), "largest": kind(&s.largest),
               "narrowest": s.narrowest, "widest": s.widest})
    })
}

fn choices(report: &Report) -> Value {
    report.choices.iter().map(|(o, bytes)| json!({"options": options(o), "bytes": bytes})).collect()
}
