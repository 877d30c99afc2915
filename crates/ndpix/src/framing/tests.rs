//! Every framing at every block size: what the records are must not depend on how bytes arrive.

mod compressed;
mod starts;

use std::io::{self, Cursor, Read};

use super::feed::FeedCounts;
use super::*;
use crate::batch::Text;
use crate::error::ErrorKind;
use crate::limits::Limits;
use crate::source::Input;

type Row = (String, u32, u64, u64, u64, Option<u64>);
type Pack = fn(&[u8]) -> Vec<u8>;

struct Outcome {
    rows: Vec<Row>,
    counts: FeedCounts,
    framing: Framing,
    compressions: Vec<&'static str>,
    error: Option<Error>,
}

fn run(mut feed: Feed, max_records: usize) -> Outcome {
    let mut text = Text::default();
    let mut rows = Vec::new();
    let error = loop {
        match feed.next(&mut text, max_records, &|| {}) {
            Ok(true) => {
                assert!(!text.records.is_empty() && text.records.len() <= max_records);
                rows.extend(text.records.iter().map(|r| {
                    let record = String::from_utf8_lossy(text.record(r)).into_owned();
                    (record, r.file, r.line, r.byte, r.index, r.gone.map(|_| r.len()))
                }));
            }
            Ok(false) => break None,
            Err(e) => break Some(e),
        }
    };
    assert!(matches!(feed.next(&mut text, 1, &|| {}), Ok(false)), "nothing follows the end");
    let compressions = feed.compressions().to_vec();
    Outcome { rows, counts: feed.counts(), framing: feed.framing(), compressions, error }
}

#[derive(Clone, Copy)]
struct Ask {
    framing: Framing,
    max: u64,
    skip: u64,
    limit: Option<u64>,
}

const AUTO: Ask = Ask { framing: Framing::Auto, max: 1 << 30, skip: 0, limit: None };

fn with(framing: Framing) -> Ask {
    Ask { framing, ..AUTO }
}

/// Cuts `files` at several block sizes, and checks that they agree.
fn cut_files(files: &[&[u8]], ask: Ask) -> Outcome {
    let once = |block, max_records| {
        let inputs = files.iter().map(|&f| Input::Bytes(f.into())).collect();
        let limits = Limits { max_record_bytes: ask.max, ..Limits::default() };
        let feed = Feed::new(inputs, ask.framing, &limits, ask.skip, ask.limit);
        run(feed.with_block_bytes(block), max_records)
    };
    let whole = once(1 << 20, usize::MAX);
    for block in [1, 2, 3, 7, 64, 1 << 20] {
        for max_records in [1, 2, 1000] {
            let other = once(block, max_records);
            assert_eq!(whole.rows, other.rows, "block {block}, {max_records} records");
            assert_eq!(whole.counts, other.counts, "block {block}, {max_records} records");
            assert_eq!(whole.framing, other.framing);
            let said =
                |o: &Outcome| o.error.as_ref().map(|e| (e.to_string(), e.position().cloned()));
            assert_eq!(said(&whole), said(&other), "block {block}");
        }
    }
    whole
}

/// Where a text is too long for many block sizes.
fn cut_once(text: &str, ask: Ask) -> Outcome {
    let limits = Limits { max_record_bytes: ask.max, ..Limits::default() };
    let inputs = vec![Input::Bytes(text.as_bytes().into())];
    run(Feed::new(inputs, ask.framing, &limits, ask.skip, ask.limit), usize::MAX)
}

fn cut(text: &str, ask: Ask) -> Outcome {
    cut_files(&[text.as_bytes()], ask)
}

fn texts(outcome: &Outcome) -> Vec<&str> {
    outcome.rows.iter().map(|r| r.0.as_str()).collect()
}

fn row(text: &str, line: u64, byte: u64, index: u64) -> Row {
    (text.to_owned(), 0, line, byte, index, None)
}

#[test]
fn lines() {
    let out = cut("\u{feff}{\"a\":1}\r\n\n \t\r\n  2 \n\u{2028}x\n[3]", AUTO);
    assert_eq!(
        out.rows,
        [
            row("{\"a\":1}", 1, 3, 0),
            row("2", 4, 19, 1),
            row("\u{2028}x", 5, 22, 2),
            row("[3]", 6, 27, 3),
        ]
    );
    assert_eq!(out.counts.blank, 2);
    assert_eq!(out.counts.bytes, 30);
    assert_eq!(out.framing, Framing::Lines);
    assert!(out.error.is_none());

    assert_eq!(cut("", AUTO).rows, []);
    assert_eq!(cut("\n\n  ", AUTO).counts.blank, 3);
    assert_eq!(cut("1\n  ", AUTO).counts.blank, 1);
    assert_eq!(cut("1\n", AUTO).counts.blank, 0);
    assert_eq!(texts(&cut("\u{feff}", AUTO)), Vec::<&str>::new());
    assert_eq!(texts(&cut("{\"a\":1\n}\n", AUTO)), ["{\"a\":1", "}"]);
    assert_eq!(texts(&cut("1\0\n", AUTO)), ["1\0"]);
}

#[test]
fn overlong() {
    let ask = Ask { max: 5, ..AUTO };
    let out = cut("12345\n123456\n          1\n\n1234567890", ask);
    let long = |line, byte, index, n| (String::new(), 0, line, byte, index, Some(n));
    assert_eq!(
        out.rows,
        [row("12345", 1, 0, 0), long(2, 6, 1, 6), row("1", 3, 23, 2), long(5, 26, 3, 10)]
    );
    // White space after a record is not part of it, until it would have to be held without limit.
    for (framing, end) in [(Framing::Lines, " \t\r\n"), (Framing::Seq, "   \n\x1e")] {
        let out = cut(&format!("12345{end}123456{end}[ 3 ]{end}"), Ask { framing, ..ask });
        let found: Vec<_> = out.rows.iter().map(|r| (r.0.as_str(), r.5)).collect();
        assert_eq!(found, [("12345", None), ("", Some(6)), ("[ 3 ]", None)]);
    }
    let spaces = " ".repeat((1 << 20) + 1);
    assert_eq!(texts(&cut_once(&format!("12345{}\n6", &spaces[1..]), ask)), ["12345", "6"]);
    assert_eq!(cut_once(&format!("12345{spaces}\n6"), ask).rows[0].5, Some(6 + (1 << 20)));

    let ask = Ask { framing: Framing::Array, ..ask };
    let out = cut("[[1,2],[1,2,3],3]", ask);
    assert_eq!(out.rows, [row("[1,2]", 1, 1, 0), long(1, 7, 1, 7), row("3", 1, 15, 2)]);
}

#[test]
fn skip_and_limit_go_over_files() {
    let files: [&[u8]; 3] = [b"1\n\n2", b"\xef\xbb\xbf3\n4\n", b"5"];
    let out = cut_files(&files, Ask { skip: 1, limit: Some(3), ..AUTO });
    assert_eq!(texts(&out), ["2", "3", "4"]);
    assert_eq!(out.rows[1], ("3".to_owned(), 1, 1, 3, 2, None));
    assert!(out.counts.hit_limit);
    assert_eq!((out.counts.skipped, out.counts.records, out.counts.blank), (1, 3, 1));
    assert_eq!(texts(&cut_files(&files, AUTO)), ["1", "2", "3", "4", "5"]);
    assert!(!cut_files(&files, AUTO).counts.hit_limit);
    assert_eq!(cut_files(&files, Ask { skip: 9, ..AUTO }).counts.skipped, 5);
    assert!(cut_files(&files, Ask { limit: Some(0), ..AUTO }).rows.is_empty());
}

#[test]
fn arrays() {
    let out = cut("\u{feff} [ {\"a\":\"]}\\\"\"},\n{\"b\":[{}]} , \n1,\"x,]\\\\\",null ]\n", AUTO);
    assert_eq!(out.framing, Framing::Array);
    assert_eq!(texts(&out), ["{\"a\":\"]}\\\"\"}", "{\"b\":[{}]}", "1", "\"x,]\\\\\"", "null"]);
    assert_eq!(out.rows[2], row("1", 3, 34, 2));
    assert!(out.error.is_none());

    assert!(cut("[]", with(Framing::Array)).rows.is_empty());
    assert!(cut("", with(Framing::Array)).error.is_none());
    assert_eq!(texts(&cut("[[1,2],[3]]", with(Framing::Array))), ["[1,2]", "[3]"]);
    let cut_off = cut("[{\"a\":1},{\"b\":", AUTO);
    assert_eq!(texts(&cut_off), ["{\"a\":1}", "{\"b\":"]);
    assert!(cut_off.error.is_none());
}

#[test]
fn lost_framing() {
    for (text, records, line, byte) in [
        ("[{}\n{}]", 1, 2, 4),
        ("[{},\n]", 1, 2, 5),
        ("[{},,{}]", 1, 1, 4),
        ("[{}]\n[{}]", 1, 2, 5),
        ("[{},{\"a\":[1}]", 1, 1, 4),
        ("[{}", 1, 1, 3),
        ("[{},1", 2, 1, 5),
        ("{} x", 0, 1, 0),
        ("[{}}", 1, 1, 3),
    ] {
        let out = cut(text, with(Framing::Array));
        assert_eq!(out.rows.len(), records, "{text}");
        let e = out.error.expect(text);
        assert_eq!(e.kind(), ErrorKind::Json);
        let at = e.position().expect(text);
        assert_eq!((at.line, at.byte, &*at.file), (line, byte, "bytes"), "{text}");
    }
    let out = cut("{}]{}", with(Framing::Concat));
    assert_eq!((out.rows.len(), out.error.is_some()), (1, true));
}

#[test]
fn concatenated() {
    let out = cut("{\"a\":1}{\"b\":\"}{\"}\n1 2\"x\"null[3]{}", AUTO);
    assert_eq!(out.framing, Framing::Concat);
    assert_eq!(
        texts(&out),
        ["{\"a\":1}", "{\"b\":\"}{\"}", "1", "2", "\"x\"", "null", "[3]", "{}"]
    );
    let out = cut("{\n \"a\": 1\n}\n{\n}\n{\"cut\": \"", AUTO);
    assert_eq!(texts(&out), ["{\n \"a\": 1\n}", "{\n}", "{\"cut\": \""]);
    assert_eq!((out.rows[1].2, out.rows[2].2), (4, 6));
    assert!(out.error.is_none());
}

#[test]
fn sequences() {
    let out = cut("\x1e{\"a\":1}\n\x1e\x1e\n{\n}\n\x1e2", AUTO);
    assert_eq!(out.framing, Framing::Seq);
    assert_eq!(out.rows, [row("{\"a\":1}", 1, 1, 0), row("{\n}", 3, 12, 1), row("2", 5, 17, 2)]);
    assert_eq!(texts(&cut("1\x1e2", with(Framing::Seq))), ["1", "2"]);
}

#[test]
fn auto_decides_by_the_first_line() {
    for (text, framing) in [
        ("", Framing::Lines),
        ("1\n", Framing::Lines),
        ("\"x\"", Framing::Lines),
        (" \n [ \n {}]", Framing::Array),
        ("[{}]", Framing::Array),
        ("[1,2]\n[3]", Framing::Lines),
        ("[[1],[2]]", Framing::Lines),
        ("[]", Framing::Lines),
        ("[\n1]", Framing::Array),
        ("[\"a\",\n\"b\"]", Framing::Array),
        ("[", Framing::Array),
        ("{\n\"a\":1}", Framing::Concat),
        ("{ \r\n\"a\":1}", Framing::Concat),
        ("{\"a\":1}{", Framing::Concat),
        ("{\"a\":1}  {", Framing::Concat),
        ("{\"a\":1}  \n{}", Framing::Lines),
        ("{\"a\":1},\n", Framing::Lines),
        ("{\"a\":1,\n\"b\":2}", Framing::Lines),
        ("{}}\n", Framing::Lines),
    ] {
        assert_eq!(cut(text, AUTO).framing, framing, "{text:?}");
    }
    // Each file for itself.
    let out = cut_files(&[b"[{}]", b"{}\n", b"\x1e{}"], AUTO);
    assert_eq!(out.rows.len(), 3);
}

#[test]
fn words() {
    for framing in Framing::ALL {
        assert_eq!(framing.to_string().parse::<Framing>().ok(), Some(framing));
    }
    assert_eq!("ndjson".parse::<Framing>().map_err(|e| e.kind()), Err(ErrorKind::Options));
}

fn feed(bytes: &[u8]) -> Feed {
    let limits = Limits::default();
    Feed::new(vec![Input::Bytes(bytes.into())], Framing::Auto, &limits, 0, None)
}

#[test]
fn failures_come_after_the_records_before_them() {
    for text in [&b"\xff\xfe{\0"[..], b"{\0\"\0", b"\0{\0\"", b"\xfe\xff\0{"] {
        let out = run(feed(text), 1);
        let e = out.error.expect("UTF-16");
        assert_eq!((e.kind(), e.message().contains("UTF-16")), (ErrorKind::Json, true));
    }

    struct Broken;
    impl Read for Broken {
        fn read(&mut self, _: &mut [u8]) -> io::Result<usize> {
            Err(io::ErrorKind::ConnectionReset.into())
        }
    }
    let reader = |pack: Vec<u8>| {
        let reader = Box::new(Cursor::new(pack).chain(Broken));
        let input = Input::Reader { name: "pipe".into(), reader };
        Feed::new(vec![input], Framing::Auto, &Limits::default(), 0, None)
    };
    for pack in [b"1\n2\n3".to_vec(), compressed::gzip(b"1\n2\n3")] {
        let out = run(reader(pack), 10);
        assert_eq!(texts(&out), ["1", "2"]);
        let e = out.error.expect("broken");
        assert_eq!(e.kind(), ErrorKind::Io);
        assert!(e.message().contains("cannot read pipe"), "{e}");
    }
}

#[test]
fn large_records_are_announced() {
    let mut text = "1\n2\n".repeat(1000);
    text.push_str(&"x".repeat(40 << 20));
    text.push_str("\n3\n");
    let mut feed = feed(text.as_bytes());
    let calls = std::cell::Cell::new(0);
    let mut batch = Text::default();
    let mut lengths = Vec::new();
    while feed.next(&mut batch, 700, &|| calls.set(calls.get() + 1)).expect("no error") {
        lengths.extend(batch.records.iter().map(|r| r.end - r.start));
    }
    assert_eq!(calls.get(), 1);
    assert_eq!(lengths.len(), 2002);
    assert_eq!(lengths[2000..], [40 << 20, 1]);
}

#[test]
fn inputs() {
    let dir = tempfile::tempdir().expect("temporary directory");
    for name in ["b.ndjson", "a.ndjson", "[x].ndjson"] {
        std::fs::write(dir.path().join(name), "1\n").expect("file");
    }
    std::fs::create_dir(dir.path().join("c.ndjson")).expect("directory");
    let expand = |name: &str| Input::expand(&[dir.path().join(name)]);
    let names = |name| -> Vec<String> {
        let inputs = expand(name).expect(name);
        let strip = |i: &Input| i.name().rsplit('/').next().map(str::to_owned);
        inputs.iter().filter_map(strip).collect()
    };
    assert_eq!(names("*.ndjson"), ["[x].ndjson", "a.ndjson", "b.ndjson"]);
    assert_eq!(names("[x].ndjson"), ["[x].ndjson"]);
    let kind = |name| expand(name).map(|_| ()).map_err(|e| e.kind());
    assert_eq!(kind("*.csv"), Err(ErrorKind::Io));
    assert_eq!(kind("none.ndjson"), Err(ErrorKind::Io));
    assert_eq!(kind("c.ndjson"), Err(ErrorKind::Options));
    assert_eq!(&*Input::expand(&["-"]).expect("stdin")[0].name(), "-");

    let inputs = expand("*.ndjson").expect("files");
    let mut feed = Feed::new(inputs, Framing::Auto, &Limits::default(), 0, None);
    assert_eq!((feed.files().len(), feed.total_bytes()), (3, Some(6)));
    assert_eq!(feed.files()[2].base.as_ref().map(|b| &*b.folder), Some(dir.path()));
    let here = std::env::current_dir().expect("a folder");
    assert_eq!(Input::Path("x".into()).base().map(|b| b.folder), Some(here));
    let mut text = Text::default();
    while feed.next(&mut text, 10, &|| {}).expect("no error") {}
    assert_eq!(feed.meter().bytes(), 6);
}

#[test]
fn a_feed_can_go_to_another_thread() {
    fn is_send<T: Send>() {}
    is_send::<Feed>();
}

/// A reader that makes its text up: `unit`, `times` over.
struct Repeat {
    unit: &'static [u8],
    times: usize,
    at: usize,
}

impl Read for Repeat {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.times == 0 {
            return Ok(0);
        }
        let n = (&self.unit[self.at..]).read(buf)?;
        self.at += n;
        if self.at == self.unit.len() {
            self.at = 0;
            self.times -= 1;
        }
        Ok(n)
    }
}

#[test]
fn what_is_not_handed_out_is_not_held() {
    const SPACE: &[u8] = &[b' '; 1 << 16];
    const BLANK: &[u8] = &[b'\n'; 1 << 16];
    const LONG: &[u8] = &[b'x'; 1 << 16];
    for (unit, max, skip) in [(SPACE, 9, 0), (BLANK, 9, 0), (LONG, 9, 0), (LONG, 1 << 40, 2)] {
        let ways =
            [Framing::Lines, Framing::Concat].into_iter().flat_map(|f| [(f, "1\n"), (f, "1")]);
        // How the input begins decides the framing; that must not hold more than the limit either.
        let sniffed = ["", "1", "[", "{}", "{"].map(|before| (Framing::Auto, before));
        for (framing, before) in ways.chain(sniffed.into_iter().filter(|_| max == 9)) {
            let middle = Repeat { unit, times: 1024, at: 0 };
            let reader = Cursor::new(before).chain(middle).chain(Cursor::new("\n3"));
            let input = Input::Reader { name: "made up".into(), reader: Box::new(reader) };
            let limits = Limits { max_record_bytes: max, ..Limits::default() };
            let mut feed = Feed::new(vec![input], framing, &limits, skip, None);
            let mut text = Text::default();
            let mut found = Vec::new();
            let ended = loop {
                match feed.next(&mut text, 10, &|| panic!("held")) {
                    Ok(true) => {
                        found.extend(text.records.iter().map(|r| text.record(r).to_vec()));
                        assert!(text.bytes.capacity() < 8 << 20);
                    }
                    other => break other,
                }
            };
            match ended {
                Ok(_) if skip > 0 && found.is_empty() => {}
                Ok(_) => assert_eq!(found.last().map(Vec::as_slice), Some(&b"3"[..])),
                // Of an array that does not go on as one.
                Err(error) => assert_eq!((error.kind(), before), (ErrorKind::Json, "[")),
            }
        }
    }
}

#[test]
fn any_text_is_cut_alike_at_any_block_size() {
    let alphabet = [
        "{",
        "}",
        "[",
        "]",
        "\"",
        ",",
        ":",
        "\\",
        "\n",
        " ",
        "\r\n",
        "1",
        "a",
        "\x1e",
        "{}",
        "[]",
        "\u{feff}",
        "\"a\"",
        "{\"a\":1}\n",
    ];
    let mut state = 1_u64;
    let mut random = move |n: usize| {
        state = state.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
        (state >> 33) as usize % n
    };
    for _ in 0..1500 {
        let text: String = (0..random(14)).map(|_| alphabet[random(alphabet.len())]).collect();
        let framing = Framing::ALL[random(Framing::ALL.len())];
        let max = [4, 1 << 30][random(2)];
        cut_files(&[text.as_bytes(), b"{}\n"], Ask { framing, max, ..AUTO });
    }
}
