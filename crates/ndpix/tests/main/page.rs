//! What belongs here: the page of a look and of a run: what it says, and that nothing in it is from a stranger.

use ndpix::{Control, Input, Options, Page, Run, Sight};

/// A stranger's record: markup, control characters, and text that runs the other way.
const HOSTILE: &str = "{\"image\":\"<script>alert(1)</script>\u{202e}\\u001b\"}";
const IMAGE: &str = "{\"image\":[[0,255],[128,64]]}";

fn options() -> Options {
    let options = Options::default().with("field", "image").and_then(|o| o.with("dtype", "uint8"));
    options.expect("options")
}

fn records(lines: &[&str]) -> Input {
    Input::bytes(lines.iter().map(|line| format!("{line}\n")).collect::<String>())
}

/// The page of a run over these records.
fn run_page(lines: &[&str], options: &Options) -> (Run, String) {
    let folder = tempfile::tempdir().expect("a folder");
    let page = Page::new(options);
    let sight = |sight: &Sight<'_>| page.see(sight);
    let control = Control { sight: Some(&sight), ..Control::default() };
    let run = ndpix::run(vec![records(lines)], &folder.path().join("a.npy"), options, &control);
    let html = page.of_run(&run.summary, run.result.as_ref().err(), options);
    (run, html)
}

/// Every tag and attribute of a page is one that this program writes, and nothing leads out of it.
fn is_closed(html: &str) {
    let head = html.split("<style>").next().expect("a head");
    assert!(
        head.contains("content=\"default-src 'none'; img-src data:; base-uri 'none'"),
        "{head}"
    );
    let policy: Vec<&str> = head.split("sha256-").skip(1).collect();
    assert_eq!(policy.len(), 2, "style and script are known by their hashes: {head}");
    let (_, rest) = html.split_once("</style>").expect("a style");
    let (body, script) = rest.rsplit_once("<script>").expect("a script");
    assert_eq!(script.matches('<').count(), 3, "it ends with the script, the body and the page");
    let known = "head body header main section footer h1 h2 h3 p b i span dl div dt dd ul li figure img figcaption \
                 code button table caption thead tbody tr th td svg rect details summary";
    for tag in body.split('<').skip(1) {
        let (tag, _) = tag.split_once('>').expect("a whole tag");
        let name = tag.trim_start_matches('/').split(' ').next().unwrap_or_default();
        assert!(known.split_whitespace().any(|word| word == name), "<{tag}>");
        assert!(
            !tag.contains(" on") && !tag.contains(" style") && !tag.contains("href"),
            "<{tag}>"
        );
        let source = tag.split_once(" src=").map(|s| s.1);
        assert!(source.is_none_or(|s| s.starts_with("\"data:image/png;base64,")), "<{tag}>");
    }
    let style = html.split("</style>").next().unwrap_or_default();
    assert!(!style.contains("@import") && !style.contains("url("), "the style asks for nothing");
    for c in ['\u{1b}', '\u{202e}', '\u{2066}', '\u{200f}', '\u{0}', '\u{7}'] {
        assert!(!html.contains(c), "{c:?} acts on whoever looks");
    }
}

/// A page without these tags.
fn without(html: &str, tag: &str) -> String {
    html.replace(&format!("<{tag}>"), "").replace(&format!("</{tag}>"), "")
}

#[test]
fn a_commit_has_the_page_of_the_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let input = folder.path().join("a.ndjson");
    let lines = [IMAGE, HOSTILE, IMAGE, "{\"other\":1}", IMAGE, ""].join("\n").repeat(3);
    std::fs::write(&input, lines).expect("written");
    let options = options().with("mode", "RGB").and_then(|o| o.with("max_rejects", "none"));
    let options = options.and_then(|o| o.with("size", "3")).expect("options");
    let seen = |work: &dyn Fn(&Control<'_>) -> Run| {
        let page = Page::new(&options);
        let sight = |sight: &Sight<'_>| page.see(sight);
        let run = work(&Control { sight: Some(&sight), ..Control::default() });
        assert!(run.result.is_ok(), "{:?}", run.result);
        page.of_run(&run.summary, None, &options)
    };
    let out = folder.path().join("a.npy");
    let whole =
        seen(&|control| ndpix::run(vec![Input::Path(input.clone())], &out, &options, control));
    let out = folder.path().join("b.npy");
    let cut = ndpix::Cut::Parts(4);
    let inputs = vec![Input::Path(input.clone())];
    let plan = ndpix::plan(inputs, &out, &options, cut, &Control::default()).expect("a plan");
    (0..plan.parts()).for_each(|part| {
        plan.run(part, None, &Control::default()).expect("a part");
    });
    let parts = seen(&|control| plan.commit(None, None, control));
    is_closed(&parts);
    // But for what files are called, time and memory, and the lengths of records that parts do not keep.
    let of = |html: &str, from: &str, to: &str| {
        let rest = html.split_once(from).expect("a beginning").1;
        rest.split_once(to).expect("an end").0.to_string()
    };
    for (from, to) in [
        ("<div class=\"sums\">", "</div>"),
        ("<ul class=\"sheet\">", "</ul>"),
        ("<h2>Rejects", "<h2>What they are"),
        ("<div class=\"charts\">", "<caption>Orientation"),
    ] {
        assert_eq!(of(&parts, from, to), of(&whole, from, to));
    }
    assert!(parts.contains("stored as (2, 2)") && parts.contains("<b>row 8</b>"), "{parts}");
    assert!(whole.contains("Length of a record") && !parts.contains("Length of a record"));
}

#[test]
fn a_look_shows_the_command_and_the_rejects_to_expect() {
    let input = records(&[IMAGE, IMAGE, HOSTILE, "{\"other\":1}", "{\"image\":[[1,2]"]);
    let (report, page) = ndpix::look(vec![input], &options()).expect("a look");
    let html = page.of_look(&report, &["a <b>.ndjson".into()], &options());
    is_closed(&html);
    assert!(
        without(&html, "span").contains(
            "ndpix convert &#x27;a &lt;b&gt;.ndjson&#x27; -o &#x27;a &lt;b&gt;.npy&#x27;"
        )
    );
    assert!(
        html.contains("&lt;script&gt;alert(1)&lt;/script&gt;\\u{202e}"),
        "the head of the record"
    );
    assert_eq!(html.matches("src=\"data:image/png;base64,").count(), 2);
    assert!(html.contains("2 of 4, 50 %"), "rejects of what could be rejected");
    assert!(html.contains(">json</span> <b>1</b>") && html.contains(">2 × 2</th>"));
}

#[test]
fn names_of_files_and_fields_are_text() {
    let name = "<img src=x onerror=alert(1)>\u{1b}]0;x\u{7}\u{2066}";
    let record = format!("{{{}:[[1,2]]}}\n", serde_json::Value::from(name));
    let options = Options::default().with("field", &format!("/{name}")).expect("a pointer");
    let input = Input::Reader { name: name.into(), reader: Box::new(std::io::Cursor::new(record)) };
    let (report, page) = ndpix::look(vec![input], &options).expect("a look");
    let html = page.of_look(&report, &[name.into()], &options);
    is_closed(&html);
    assert!(
        html.contains("&lt;img src=x onerror=alert(1)&gt;\\u{1b}]0;x\\u{7}\\u{2066}"),
        "{html}"
    );
    // What would be copied is not what is seen.
    assert!(!html.contains("<button"));
    let text = report.text(&[name.into()], &options);
    assert!(!text.contains('\u{1b}') && text.contains("\\u{1b}]0;x"), "{text}");
}

#[test]
fn a_look_that_decides_nothing_says_why() {
    let (report, page) =
        ndpix::look(vec![records(&["{\"a\":1}"])], &Options::default()).expect("a look");
    let html = page.of_look(&report, &["in.ndjson".into()], &Options::default());
    is_closed(&html);
    assert!(html.contains("<h1>No array can be made of it yet</h1>"));
    assert!(!html.contains("<img") && !html.contains("Rejects to expect"));
}

#[test]
fn a_look_goes_beyond_the_records_that_decide() {
    let mut lines = vec![IMAGE; 200];
    lines[150] = HOSTILE;
    lines[170] = "{\"image\":[[1],[2,3]]}";
    let (report, page) = ndpix::look(vec![records(&lines)], &options()).expect("a look");
    assert_eq!((report.sampled, report.rejected), (64, 0));
    let html = page.of_look(&report, &[], &options());
    assert!(html.contains("200 were looked at") && html.contains("2 of 200, 1.0 %"), "{html}");
    assert!(html.contains(":151:") && html.contains(":171:"), "each with its place");
}

#[test]
fn a_run_shows_sums_that_close_and_its_rows() {
    let lines = [IMAGE, HOSTILE, "{}", IMAGE, "nonsense"];
    let (run, html) = run_page(&lines, &options());
    run.result.expect("it ends well");
    is_closed(&html);
    for said in [
        "<h1>2 rows written</h1>",
        "<b>5</b> records",
        "<b>3</b> with image",
        "<b>1</b> without",
        "<b>1</b> unreadable",
        "<b>2</b> decoded",
        "<b>1</b> rejected",
        "row 1</b>",
        "a.npy.rejects.ndjson",
        "2 of 4, 50 %",
    ] {
        assert!(html.contains(said), "{said}: {html}");
    }
    let raise = options().with("on_error", "raise").expect("an option");
    let (run, html) = run_page(&lines, &raise);
    assert!(run.result.is_err());
    is_closed(&html);
    assert!(html.contains("<h1>Stopped after 1 row</h1>") && html.contains("class=\"problem\""));
}

#[test]
fn rows_have_the_numbers_that_they_have_in_the_output() {
    let fill = options().with("on_error", "fill").and_then(|o| o.with("on_missing", "fill"));
    let fill = fill.and_then(|o| o.with("threads", "2")).expect("options");
    let (run, html) = run_page(&[IMAGE, HOSTILE, "{}", IMAGE], &fill);
    assert_eq!((run.summary.rows, run.summary.filled), (4, 2));
    assert!(
        html.contains("row 0</b>") && html.contains("row 3</b>") && !html.contains("row 1</b>")
    );
}

#[test]
fn a_page_does_not_grow_with_the_records() {
    let lines = vec![IMAGE; 20_000];
    let (run, html) = run_page(&lines, &options());
    assert_eq!(run.summary.rows, 20_000);
    let pictures = html.matches("<img").count();
    assert!((32..=64).contains(&pictures), "{pictures}");
    assert!(html.len() < 100_000, "{}", html.len());
    let bad = vec![HOSTILE; 20_000];
    let all = options().with("max_rejects", "none").and_then(|o| o.with("shape", "2,2"));
    let (_, html) = run_page(&bad, &all.expect("options"));
    assert!(html.contains("20,000 of 20,000, 100 %") && html.len() < 100_000, "{}", html.len());
}

#[test]
fn a_page_changes_nothing_that_is_written() {
    let folder = tempfile::tempdir().expect("a folder");
    let lines = [IMAGE, HOSTILE, IMAGE];
    let made: Vec<Vec<u8>> = [false, true]
        .map(|with| {
            let out = folder.path().join(format!("{with}.npy"));
            let page = Page::new(&options());
            let sight = |sight: &Sight<'_>| page.see(sight);
            let control = match with {
                true => Control { sight: Some(&sight), ..Control::default() },
                false => Control::default(),
            };
            ndpix::run(vec![records(&lines)], &out, &options(), &control).result.expect("rows");
            std::fs::read(out).expect("an array")
        })
        .into();
    assert_eq!(made[0], made[1]);
}
