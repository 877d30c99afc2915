//! The page of a run: the sums that close, the rows as a contact sheet, and what was rejected and where.

use super::charts::{self, share};
use super::html::{Html, grouped};
use super::tally::Tally;
use super::{Page, head, histograms, page, rejects, sentences, sheet};
use crate::error::Error;
use crate::options::Options;
use crate::report::{human, notes};
use crate::summary::Summary;

impl Page {
    /// The page of a run: what it did, and the error with which it ended where it did not end well.
    ///
    /// ```
    /// use ndpix::{Options, Page, Summary};
    /// let options = Options::default();
    /// let mut summary = Summary::default();
    /// (summary.records, summary.with_image) = (2, 2);
    /// (summary.images, summary.decoded, summary.rows) = (2, 2, 2);
    /// let html = Page::new(&options).of_run(&summary, None, &options);
    /// assert!(html.contains("<h1>2 rows written</h1>"), "{html}");
    /// ```
    pub fn of_run(&self, summary: &Summary, error: Option<&Error>, options: &Options) -> String {
        let tally = &*self.tally();
        let names: Vec<String> = summary.inputs.iter().map(|name| name.to_string()).collect();
        let output = summary.outputs.first().map_or("a run", String::as_str);
        page(&format!("ndpix: {output}"), |html| {
            head(html, "A run over", &names);
            html.raw("<main>");
            verdict(html, summary, error, options);
            if !tally.sheet.tiles.is_empty() {
                html.raw("<section><h2>Rows <span class=\"dim\">");
                html.count(tally.sheet.tiles.len() as u64).raw(" of ").count(summary.rows);
                html.raw("</span></h2>");
                sheet(html, &tally.sheet);
                html.raw("</section>");
            }
            rejected(html, summary, tally);
            if tally.records > 0 {
                html.raw("<section><h2>What they are</h2>");
                histograms(html, tally, &[]);
                html.raw("</section>");
            }
            files(html, summary);
            html.raw("</main>");
            foot(html, summary, tally);
        })
    }
}

/// How it ended, and the two sums that close.
fn verdict(html: &mut Html, summary: &Summary, error: Option<&Error>, options: &Options) {
    let rows = match summary.rows {
        1 => "1 row".to_string(),
        rows => format!("{} rows", grouped(rows)),
    };
    let (class, said) = match error {
        None if summary.outputs.is_empty() && summary.records == 0 => {
            ("ok", "Nothing to do: the output is there".to_string())
        }
        None if summary.rejected() > 0 => ("some", format!("{rows} written")),
        None => ("ok", format!("{rows} written")),
        Some(_) if summary.interrupted => ("no", format!("Interrupted after {rows}")),
        Some(_) => ("no", format!("Stopped after {rows}")),
    };
    html.raw("<section class=\"verdict ").raw(class).raw("\">").tag("<h1>", &said, "</h1>");
    if let Some(error) = error {
        html.tag("<p class=\"problem\">", &error.to_string(), "</p>");
    }
    html.raw("<div class=\"sums\">");
    sum(
        html,
        "records",
        summary.records,
        &[
            ("with image", summary.with_image),
            ("without", summary.without_image),
            ("unreadable", summary.unreadable),
        ],
    );
    sum(
        html,
        "images",
        summary.images,
        &[("decoded", summary.decoded), ("rejected", summary.rejected_images)],
    );
    html.raw("</div>");
    let mut said = summary.warnings(options);
    said.extend(apart(summary));
    said.extend(summary.steps.iter().cloned());
    said.extend(notes(summary, options));
    sentences(html, &said);
    html.raw("</section>");
}

/// A whole and its parts.
fn sum(html: &mut Html, name: &'static str, whole: u64, parts: &[(&'static str, u64)]) {
    html.raw("<p class=\"sum\"><span><b>").count(whole).raw("</b> ").raw(name).raw("</span>");
    for (at, (part, count)) in parts.iter().enumerate() {
        html.raw(if at == 0 { "<i>=</i><span><b>" } else { "<i>+</i><span><b>" });
        html.count(*count).raw("</b> ").raw(part).raw("</span>");
    }
    html.raw("</p>");
}

/// What stands beside the sums.
fn apart(summary: &Summary) -> Vec<String> {
    let said = [
        (summary.filled, "rows hold the fill value"),
        (summary.passed_over, "records were passed over"),
        (summary.blank_lines, "blank lines"),
    ];
    let some = said.iter().filter(|s| s.0 > 0).map(|(n, what)| format!("{} {what}", grouped(*n)));
    some.chain(summary.limited.then(|| "limit was reached".to_string())).collect()
}

fn rejected(html: &mut Html, summary: &Summary, tally: &Tally) {
    let all = summary.rejected();
    html.raw("<section><h2>Rejects");
    if all == 0 {
        html.raw("</h2><p>None.</p></section>");
        return;
    }
    let judged = summary.judged();
    html.raw(" <span class=\"dim\">").count(all).raw(" of ").count(judged).raw(", ");
    html.text(&share(all, judged)).raw("</span></h2>");
    rejects(html, tally);
    charts::course(html, &tally.course);
    html.raw("</section>");
}

/// What is there now, and what it took.
fn files(html: &mut Html, summary: &Summary) {
    html.raw("<section><h2>Files</h2><ul class=\"files\">");
    for file in &summary.outputs {
        // What is not under its final name is not to be used as if it were.
        let left = file.ends_with(".partial");
        html.raw("<li><span class=\"path\">").text(file).raw("</span>");
        html.raw(if left { " <span class=\"tag\">not whole</span></li>" } else { "</li>" });
    }
    html.raw("</ul><dl class=\"facts\"><div><dt>time</dt><dd>");
    html.text(&format!("{:.1} s", summary.seconds)).raw("</dd></div><div><dt>read</dt><dd>");
    html.text(&human(summary.bytes_read)).raw("</dd></div><div><dt>pixels written</dt><dd>");
    html.text(&human(summary.bytes_written)).raw("</dd></div><div><dt>peak memory</dt><dd>");
    html.text(&human(summary.peak_memory)).raw("</dd></div></dl></section>");
}

fn foot(html: &mut Html, summary: &Summary, tally: &Tally) {
    html.raw("<footer><p>");
    // A run that went on where an earlier one was ended has seen the rest alone.
    if tally.records < summary.records {
        html.raw("The sums are of all ")
            .count(summary.records)
            .raw(" records. Pictures, bars and examples are of the ");
        html.count(tally.records)
            .raw(" that this run read; those before were read by one that was ended.");
    } else {
        html.raw("All ").count(summary.records).raw(" records are counted here.");
    }
    html.raw("</p></footer>");
}
