//! The page of a look: whether there can be an array, the command that makes it, and what is in the records.

use std::path::PathBuf;

use super::html::{Html, grouped};
use super::tally::Tally;
use super::{Page, charts, command, head, histograms, page, rejects, sentences, sheet};
use crate::options::{Options, Ragged};
use crate::report::{FieldReport, Report, human, quoted};

impl Page {
    /// The page of a look at records, as [`look`](crate::look()) gives it with the report.
    ///
    /// ```
    /// use ndpix::{Input, Options};
    /// let records = Input::bytes("{\"image\": [[1, 2]]}\n");
    /// let options = Options::default().with("field", "image")?;
    /// let (report, page) = ndpix::look(vec![records], &options)?;
    /// let html = page.of_look(&report, &["in.ndjson".into()], &options);
    /// assert!(html.contains("<h1>About 1 row of (1, 2) int64</h1>") && html.contains("convert"), "{html}");
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn of_look(&self, report: &Report, inputs: &[PathBuf], options: &Options) -> String {
        let tally = &*self.tally();
        let names: Vec<String> = inputs.iter().map(|path| path.display().to_string()).collect();
        let title = format!("ndpix: {}", names.first().map_or("records", String::as_str));
        page(&title, |html| {
            head(html, "A look into", &names);
            html.raw("<main>");
            verdict(html, report, inputs, options);
            if !tally.sheet.tiles.is_empty() {
                html.raw("<section><h2>Images <span class=\"dim\">as they are stored, ");
                html.count(tally.sheet.tiles.len() as u64).raw(" of ").count(tally.images);
                html.raw(" that were looked at</span></h2>");
                sheet(html, &tally.sheet);
                html.raw("</section>");
            }
            if tally.records > 0 {
                html.raw("<section><h2>What they are</h2>");
                histograms(html, tally, encodings(report));
                html.raw("</section>");
            }
            expected(html, tally);
            fields(html, report);
            cost(html, report);
            html.raw("</main><footer><p>Decided by the first ").count(report.sampled);
            html.raw(" records");
            if tally.records > 0 {
                html.raw("; ").count(tally.records).raw(" were looked at, images by their headers");
            }
            html.raw(". Framing ").text(&report.framing);
            for name in &report.compression {
                html.raw(", ").text(name);
            }
            html.raw(".</p></footer>");
        })
    }
}

/// Whether there can be an array, and what to run.
fn verdict(html: &mut Html, report: &Report, inputs: &[PathBuf], options: &Options) {
    let class = match (&report.problem, &report.suggestion) {
        (None, _) => "ok",
        (Some(_), Some(_)) => "some",
        (Some(_), None) => "no",
    };
    html.raw("<section class=\"verdict ").raw(class).raw("\"><h1>");
    html.text(&headline(report, options)).raw("</h1>");
    facts(html, report);
    if let Some(problem) = &report.problem {
        html.tag("<p class=\"problem\">", problem, "</p>");
    }
    if let Some(words) = report.command(inputs, options) {
        command(html, &quoted(&words));
    }
    if let Some(first) = inputs.first().filter(|_| !report.remedies.is_empty()) {
        html.raw("<h2>What would do</h2>");
        for remedy in &report.remedies {
            html.tag("<p class=\"way\">", &remedy.what, "</p>");
            let words = remedy.command(inputs, &report.output_name(first), options);
            command(html, &quoted(&words));
        }
    }
    sentences(html, &report.notes);
    html.raw("</section>");
}

fn headline(report: &Report, options: &Options) -> String {
    if report.problem.is_some() {
        return match report.suggestion {
            Some(_) => "Not one array as it is; with these options it is".to_string(),
            None => "No array can be made of it yet".to_string(),
        };
    }
    let rows = match report.expected_rows {
        Some(1) => "About 1 row".to_string(),
        Some(rows) => format!("About {} rows", grouped(rows)),
        None => "Rows".to_string(),
    };
    match (&report.shape, &report.dtype) {
        (Some(shape), Some(dtype)) => format!("{rows} of {shape} {dtype}"),
        (None, Some(dtype)) if options.ragged == Ragged::Pad => {
            format!("{rows} as large as the largest image, {dtype}")
        }
        (None, Some(dtype)) => format!("{rows} of images in their own sizes, {dtype}"),
        _ => format!("{rows} of image files as they are"),
    }
}

/// What is known in a line: field, encoding, bytes.
fn facts(html: &mut Html, report: &Report) {
    html.raw("<dl class=\"facts\">");
    let mut fact = |name: &'static str, value: Option<String>| {
        if let Some(value) = value {
            html.raw("<div><dt>").raw(name).tag("</dt><dd>", &value, "</dd></div>");
        }
    };
    let fields = report.field.iter().chain(&report.bands).cloned().collect::<Vec<_>>();
    fact("field", Some(fields.join(", ")).filter(|f| !f.is_empty()));
    fact(
        "encoding",
        report.encoding.clone().or(report.field.as_ref().map(|_| "mixed".to_string())),
    );
    fact("source", report.source.map(str::to_string));
    fact("output", report.expected_bytes.map(human));
    fact("free on this disk", report.free_bytes.map(human));
    html.raw("</dl>");
}

/// How the values of the field that is read hold their images.
fn encodings(report: &Report) -> &[(String, u64)] {
    let read = report.fields.iter().find(|f| report.field.as_ref() == Some(&f.field));
    read.map_or(&[], |field| &field.encodings)
}

fn expected(html: &mut Html, tally: &Tally) {
    if tally.records == 0 {
        return;
    }
    html.raw("<section><h2>Rejects to expect");
    let rejected: u64 = tally.rejects.values().map(|kind| kind.count).sum();
    if rejected == 0 {
        html.raw("</h2><p>None among the ").count(tally.records);
        html.raw(" records that were looked at.</p></section>");
        return;
    }
    let all = tally.images + rejected;
    html.raw(" <span class=\"dim\">").count(rejected).raw(" of ").count(all).raw(", ");
    html.text(&charts::share(rejected, all)).raw("</span></h2>");
    rejects(html, tally);
    charts::course(html, &tally.course);
    html.raw("</section>");
}

/// The fields that may hold images, and what speaks for them.
fn fields(html: &mut Html, report: &Report) {
    if report.fields.is_empty() {
        return;
    }
    html.raw("<section><h2>Fields that may hold images</h2><div class=\"wide\"><table class=\"rows\"><thead><tr>");
    html.raw("<th scope=\"col\">field</th><th scope=\"col\">records</th><th scope=\"col\">what it is</th>");
    html.raw("<th scope=\"col\">held as</th></tr></thead><tbody>");
    for field in &report.fields {
        row(html, field, report);
    }
    html.raw("</tbody></table></div></section>");
}

fn row(html: &mut Html, field: &FieldReport, report: &Report) {
    let is_read = report.field.iter().chain(&report.bands).any(|f| *f == field.field);
    html.tag("<tr><th scope=\"row\" class=\"path\">", &field.field, "");
    if is_read {
        html.raw(" <span class=\"tag\">read</span>");
    }
    html.raw("</th><td class=\"n\">").count(field.records).raw("</td><td>");
    html.text(field.said.as_deref().unwrap_or("named by the options")).raw("</td><td>");
    for (at, (name, count)) in field.encodings.iter().enumerate() {
        html.raw(if at > 0 { ", " } else { "" }).text(name);
        html.raw(" <span class=\"dim\">").count(*count).raw("</span>");
    }
    html.raw("</td></tr>");
}

/// What the output takes, and what it would take with other options.
fn cost(html: &mut Html, report: &Report) {
    let others = report.choices.iter().filter(|choice| !choice.0.is_empty());
    let mut all: Vec<(String, u64)> = Vec::new();
    if let (Some(bytes), None) = (report.expected_bytes, &report.problem) {
        all.push(("as it is".to_string(), bytes));
    }
    all.extend(others.map(|(choice, bytes)| {
        let flags = choice.iter().map(|(name, value)| {
            let flag = crate::options::flag_of(name);
            if value == "true" { flag } else { format!("{flag} {value}") }
        });
        (flags.collect::<Vec<_>>().join(" "), *bytes)
    }));
    let Some(most) = all.iter().map(|choice| choice.1).max() else { return };
    let is_known = report.expected_rows.is_some() || report.problem.is_some();
    html.raw("<section><h2>What it would cost <span class=\"dim\">bytes of pixels, ");
    html.raw(if is_known { "of all rows" } else { "of one row" }).raw("</span></h2>");
    html.raw("<div class=\"chart cost\"><table><thead><tr><th scope=\"col\">options</th>");
    html.raw("<th scope=\"col\" aria-hidden=\"true\"></th><th scope=\"col\">bytes</th>");
    html.raw("<th scope=\"col\">of free disk</th></tr></thead><tbody>");
    for (name, bytes) in all {
        html.tag(
            "<tr><th scope=\"row\"><code>",
            &name,
            "</code></th><td class=\"bar\" aria-hidden=\"true\">",
        );
        html.raw("<svg viewBox=\"0 0 1000 10\" preserveAspectRatio=\"none\"><rect height=\"10\" width=\"");
        html.number(((bytes as u128 * 1000 / most.max(1) as u128) as u64).max(6));
        html.raw("\"/></svg></td><td class=\"n\">")
            .text(&human(bytes))
            .raw("</td><td class=\"n dim\">");
        if let (Some(free), true) = (report.free_bytes, is_known) {
            html.text(&charts::share(bytes, free));
        }
        html.raw("</td></tr>");
    }
    html.raw("</tbody></table></div></section>");
}
