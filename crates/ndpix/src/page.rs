//! A look at the records, or a run, as one page of HTML that needs nothing beside itself: no network, and no script
//! for more than copying commands.

mod blocks;
mod charts;
mod course;
mod html;
mod look;
mod run;
mod sheet;
mod tally;
mod thumb;

use std::sync::{Mutex, MutexGuard, PoisonError};

use sha2::{Digest, Sha256};

use crate::control::Sight;
use crate::dtype::DType;
use crate::format::Color;
use crate::options::{Layout, Mode, Options};

use html::Html;
use sheet::Sheet;
use tally::Tally;

pub(crate) use blocks::{CELLS, beside};
pub(crate) use thumb::{Lie, Thumb, thumb};

const STYLE: &str = include_str!("page/style.css");
const SCRIPT: &str = include_str!("page/script.js");

/// What a page shows of records and images: counts, a contact sheet, examples of rejects. It takes the same
/// memory for a million images as for a hundred.
///
/// ```
/// use ndpix::{Control, Input, Options, Page, Sight};
/// let folder = tempfile::tempdir()?;
/// let options = Options::default().with("field", "image")?.with("dtype", "uint8")?;
/// let page = Page::new(&options);
/// let sight = |sight: &Sight<'_>| page.see(sight);
/// let control = Control { sight: Some(&sight), ..Control::default() };
/// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": \"<script>\"}\n");
/// let run = ndpix::run(vec![records], &folder.path().join("a.npy"), &options, &control);
/// let html = page.of_run(&run.summary, run.result.as_ref().err(), &options);
/// assert!(html.contains("1 row written") && html.contains("&lt;script&gt;"));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
#[derive(Debug)]
pub struct Page {
    lie: Lie,
    tally: Mutex<Tally>,
}

impl Page {
    /// A page of a run with these options, or of a look.
    pub fn new(options: &Options) -> Self {
        let lie = Lie { planes: options.layout == Layout::Chw, bgr: options.mode == Mode::Bgr };
        Self { lie, tally: Mutex::default() }
    }

    /// A page of images as they are stored, of about so many.
    pub(crate) fn of_stored(images: u64) -> Self {
        Self { lie: Lie::default(), tally: Mutex::new(Tally::expecting(images)) }
    }

    /// Takes note of an image or a reject: what [`Control::sight`](crate::Control::sight) gets.
    pub fn see(&self, sight: &Sight<'_>) {
        self.tally().see(sight, self.lie);
    }

    /// A few of the images for a terminal of so many columns, each with file and line: half blocks in 24-bit
    /// colour. Empty where there are none.
    ///
    /// ```
    /// use ndpix::{Input, Options};
    /// let records = Input::bytes("{\"image\": [[0, 255], [255, 0]]}\n");
    /// let (_, page) = ndpix::look(vec![records], &Options::default().with("field", "image")?)?;
    /// let lines = page.preview(80);
    /// assert!(lines.starts_with("\u{1b}[38;2;0;0;0m\u{1b}[48;2;255;255;255m▀"), "{lines:?}");
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn preview(&self, columns: usize) -> String {
        let tally = self.tally();
        let tiles = &tally.sheet.tiles;
        let wanted = blocks::fit(columns);
        // Evenly over all of them, as the sheet is over the images.
        let chosen = tiles.iter().step_by((tiles.len() / wanted).max(1)).take(wanted);
        let picture = |tile: &sheet::Tile| {
            let Thumb { width, height, channels, pixels } = &tile.thumb;
            let color = [Color::Gray, Color::GrayAlpha, Color::Rgb, Color::Rgba][channels - 1];
            let axes = [*height, *width, *channels];
            let small = thumb(&axes, DType::Uint8, color, Lie::default(), pixels, CELLS)?;
            let name = tile.file.rsplit('/').next().unwrap_or_default();
            Some((small, format!("{name}:{}", tile.line)))
        };
        beside(&chosen.filter_map(picture).collect::<Vec<_>>(), columns)
    }

    /// Whether the next image would be on the contact sheet.
    pub(crate) fn wants(&self) -> bool {
        let tally = self.tally();
        tally.sheet.wants(tally.images)
    }

    fn tally(&self) -> MutexGuard<'_, Tally> {
        self.tally.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// A page with this title, and what `body` puts into it.
fn page(title: &str, body: impl FnOnce(&mut Html)) -> String {
    let mut html = Html::default();
    html.raw("<!DOCTYPE html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">");
    html.raw("<meta http-equiv=\"Content-Security-Policy\" content=\"default-src 'none'; img-src data:; ");
    html.raw("base-uri 'none'; form-action 'none'; style-src 'sha256-").text(&sha256(STYLE));
    html.raw("'; script-src 'sha256-").text(&sha256(SCRIPT)).raw("'\">");
    html.raw("<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">");
    html.raw("<meta name=\"referrer\" content=\"no-referrer\"><meta name=\"color-scheme\" content=\"light dark\">");
    html.tag("<title>", title, "</title><style>").raw(STYLE).raw("</style></head><body>");
    body(&mut html);
    html.raw("<p id=\"copied\" class=\"sr\" role=\"status\"></p><script>").raw(SCRIPT);
    html.raw("</script></body></html>\n");
    html.into_string()
}

/// What a policy knows a style or a script by.
fn sha256(text: &str) -> String {
    base64_simd::STANDARD.encode_to_string(Sha256::digest(text))
}

/// The top of a page: what it is of.
fn head(html: &mut Html, what: &'static str, names: &[String]) {
    html.raw("<header><p class=\"mark\">ndpix <span class=\"dim\">");
    html.raw(env!("CARGO_PKG_VERSION")).raw("</span></p><p class=\"of\">").raw(what).raw(" ");
    for (at, name) in names.iter().take(NAMES).enumerate() {
        html.raw(if at > 0 { ", " } else { "" }).tag("<span class=\"path\">", name, "</span>");
    }
    if names.len() > NAMES {
        html.raw(" and ").count((names.len() - NAMES) as u64).raw(" more");
    }
    html.raw("</p></header>");
}

/// Inputs that are named at the top.
const NAMES: usize = 3;

/// A command with a button that copies it; the button is there where a script may run.
fn command(html: &mut Html, line: &str) {
    html.raw("<div class=\"cmd\"><code>");
    for (at, word) in line.split(' ').enumerate() {
        // A line is broken between words, and not after a hyphen.
        html.raw(if at > 0 { " " } else { "" }).tag("<span>", word, "</span>");
    }
    html.raw("</code>");
    // What is shown of it would not be what is run.
    if crate::report::shown(line) == line {
        html.raw("<button type=\"button\" hidden>Copy</button>");
    }
    html.raw("</div>");
}

/// Small pictures, each with where it came from.
fn sheet(html: &mut Html, sheet: &Sheet) {
    html.raw("<ul class=\"sheet\">");
    for tile in &sheet.tiles {
        let name = tile.file.rsplit('/').next().unwrap_or_default();
        let place = match tile.item {
            0 => format!("{name}:{}", tile.line),
            item => format!("{name}:{}, image {item}", tile.line),
        };
        html.raw("<li><figure><img width=\"").number(tile.thumb.width as u64).raw("\" height=\"");
        html.number(tile.thumb.height as u64).raw("\" alt=\"").text(&tile.said).raw("\" title=\"");
        html.text(&tile.said)
            .raw("\" src=\"")
            .data_url(&tile.thumb.png().unwrap_or_default())
            .raw("\"><figcaption>");
        if let Some(row) = tile.row {
            html.raw("<b>row ").count(row).raw("</b> ");
        }
        html.tag("<span class=\"path\">", &place, "</span></figcaption></figure></li>");
    }
    html.raw("</ul>");
}

/// What the images are, as bars.
fn histograms(html: &mut Html, tally: &Tally, encodings: &[(String, u64)]) {
    html.raw("<div class=\"charts\">");
    charts::chart(html, "Size, height × width", charts::sizes(tally));
    charts::chart(html, "Aspect, width to height", charts::aspects(tally));
    let modes = tally.modes.iter().map(|((color, dtype), n)| (format!("{color} {dtype}"), *n));
    charts::chart(html, "Mode", charts::frequent(modes));
    let formats = tally.formats.iter().map(|(format, n)| (format.to_string(), *n));
    charts::chart(html, "Format", charts::frequent(formats));
    charts::chart(
        html,
        "Encoding, of the first records",
        charts::frequent(encodings.iter().cloned()),
    );
    charts::chart(html, "Orientation", charts::orientations(tally));
    charts::chart(html, "Length of a record", charts::lengths(tally));
    html.raw("</div>");
}

/// Rejects by kind, each with examples and how their records begin.
fn rejects(html: &mut Html, tally: &Tally) {
    for (kind, rejected) in &tally.rejects {
        html.raw("<h3 class=\"kind\"><span class=\"bad\">").raw(kind.name()).raw("</span> <b>");
        html.count(rejected.count).raw("</b> <span class=\"dim\">").raw(meaning(*kind));
        html.raw("</span></h3><ul class=\"rejects\">");
        for example in &rejected.first {
            html.tag("<li><p>", &example.said, "</p>");
            if !example.head.is_empty() {
                html.tag("<code>", &example.head, "");
                if example.more > 0 {
                    html.raw("<span class=\"dim\"> … and ")
                        .count(example.more as u64)
                        .raw(" bytes</span>");
                }
                html.raw("</code>");
            }
            html.raw("</li>");
        }
        if rejected.count > rejected.first.len() as u64 {
            html.raw("<li class=\"dim\">and ").count(rejected.count - rejected.first.len() as u64);
            html.raw(" more</li>");
        }
        html.raw("</ul>");
    }
}

fn meaning(kind: crate::error::ErrorKind) -> &'static str {
    use crate::error::ErrorKind;
    match kind {
        ErrorKind::Json => "is not JSON, or not UTF-8",
        ErrorKind::Field => "has no usable value in the field",
        ErrorKind::Encoding => "holds text that does not decode",
        ErrorKind::Unsupported => "is not an image, or of a kind that is not read",
        ErrorKind::Image => "is damaged",
        ErrorKind::Shape => "does not fit: size, byte count, range",
        ErrorKind::Limit => "passes a limit",
        ErrorKind::Path => "names a file that is missing or not allowed",
        ErrorKind::Fetch => "names an address that cannot be fetched, or may not be",
        ErrorKind::Io | ErrorKind::Options | ErrorKind::Plan => "",
    }
}

/// A list of sentences.
fn sentences(html: &mut Html, all: &[String]) {
    if all.is_empty() {
        return;
    }
    html.raw("<ul class=\"notes\">");
    for note in all {
        html.tag("<li>", note, "</li>");
    }
    html.raw("</ul>");
}
