//! What belongs here: that each limit refuses just above and accepts just below, as one reject.

use ndpix::{ErrorKind, Limits, Options};

use super::{base64, bytes, convert, raw};

/// Rows and kinds of rejects.
fn check(text: &str, options: &Options, rows: u64, kinds: &[&str]) {
    let done = convert(bytes(text.as_bytes()), options);
    assert!(done.run.result.is_ok(), "{:?}", done.run.result);
    assert_eq!(done.run.summary.rows, rows);
    assert_eq!(done.reject_kinds(), kinds);
    assert_eq!(done.run.summary.rejected(), kinds.len() as u64);
}

fn under(limits: Limits) -> Options {
    options! { limits, ..raw("2,2") }
}

#[test]
fn max_record_bytes() {
    let record = "{\"image\":\"AAAAAA==\"}";
    let length = record.len() as u64;
    let at = |n| under(Limits { max_record_bytes: n, ..Limits::default() });
    check(record, &at(length), 1, &[]);
    check(record, &at(length - 1), 0, &["limit"]);
    // Its neighbours are read all the same.
    let three = format!("{record}\n{{\"pad\":0,{}\n{record}\n", &record[1..]);
    check(&three, &at(length), 2, &["limit"]);
}

#[test]
fn max_pixels() {
    let record = "{\"image\":\"AAAAAA==\"}";
    let at = |n| under(Limits { max_pixels: n, ..Limits::default() });
    check(record, &at(4), 1, &[]);
    check(record, &at(3), 0, &["limit"]);

    // An image file is refused by its header: the pixels that it promises are not even there.
    let pgm = |text: &str| format!("{{\"image\":\"{}\"}}", base64(text.as_bytes()));
    let encoded = |n| {
        options! {
            encoding: vec!["encoded".parse().expect("encoding")],
            raw_shape: None,
            raw_dtype: None,
            ..at(n)
        }
    };
    check(&pgm("P5 2 2 255\nabcd"), &encoded(4), 1, &[]);
    check(&pgm("P5 2 2 255\nabcd"), &encoded(3), 0, &["limit"]);
    check(&pgm("P5 60000 60000 255\n"), &encoded(1 << 28), 0, &["limit"]);
}

#[test]
fn memory() {
    let record = "{\"image\":\"AAAAAA==\"}";
    let rows = |cap: u64| {
        let options = under(Limits { memory: Some(cap), ..Limits::default() });
        let done = convert(bytes(record.as_bytes()), &options);
        assert!(done.run.result.is_ok(), "{:?}", done.run.result);
        let refused = done.run.summary.rejects.get(&ErrorKind::Limit).copied().unwrap_or(0);
        assert_eq!(done.run.summary.rows + refused, 1);
        done.run.summary.rows
    };
    // There is one border, and the text and the pixels fit under it.
    let caps: Vec<u64> = (1..200).filter(|&cap| rows(cap) == 1).collect();
    let border = caps[0];
    assert!(border >= record.len() as u64 + 4, "{border}");
    assert_eq!(caps, (border..200).collect::<Vec<_>>());
}

#[test]
fn deep_nesting_is_one_json_reject() {
    let good = "{\"image\":\"AAAAAA==\"}";
    for (open, close) in [("[", "]"), ("{\"a\":", "}")] {
        let deep = |n: usize| {
            format!("{{\"x\":{}0{},\"image\":\"AAAAAA==\"}}", open.repeat(n), close.repeat(n))
        };
        check(&format!("{good}\n{}\n{good}\n", deep(200_000)), &raw("2,2"), 2, &["json"]);
        // The object of the record is a level of its own.
        check(&deep(1023), &raw("2,2"), 1, &[]);
        check(&deep(1024), &raw("2,2"), 0, &["json"]);
    }
}

#[test]
fn deep_nesting_does_not_overflow_detection() {
    let good = "{\"height\":2,\"width\":2,\"image\":\"AAAAAA==\"}";
    for deep in [
        "[".repeat(200_000),
        "{\"a\":".repeat(200_000),
        format!("{{\"image\":{}", "[".repeat(1000)),
    ] {
        let text = format!("{deep}\n{good}\n{good}\n{good}\n");
        let options = options! { framing: "lines".parse().expect("framing"), ..Options::default() };
        check(&text, &options, 3, &["json"]);
    }
}

#[test]
fn large_images_wait_for_each_other_without_changing_a_row() {
    let (h, w) = (3000usize, 3000);
    let pgm = |shade: u8| {
        let mut file = format!("P5 {w} {h} 255\n").into_bytes();
        file.resize(file.len() + h * w, shade);
        format!("{{\"image\":\"{}\"}}\n", base64(&file))
    };
    let text: String = (0..6).map(pgm).collect();
    let options = |memory, threads| {
        options! {
            field: Some("image".parse().expect("field")),
            limits: Limits { memory, ..Limits::default() },
            threads,
            ..Options::default()
        }
    };
    let free = convert(bytes(text.as_bytes()), &options(None, 1));
    assert_eq!(free.run.summary.rows, 6);
    // Room for one image and a half, so that only the one whose turn it is gets in.
    let tight = convert(bytes(text.as_bytes()), &options(Some(60 << 20), 4));
    assert!(tight.run.result.is_ok(), "{:?}", tight.run.result);
    assert!(free.file("") == tight.file(""), "the rows differ");
}

#[test]
fn what_is_not_taken_is_not_expected() {
    let text = "{\"image\":\"AAAAAA==\"}\n".repeat(10);
    let expected = |skip, limit| {
        let options = options! { skip, limit, ..raw("2,2") };
        ndpix::inspect(bytes(text.as_bytes()), &options).expect("a report").expected_rows
    };
    assert_eq!(expected(0, None), Some(10));
    assert_eq!(expected(0, Some(3)), Some(3));
    assert_eq!(expected(9, Some(3)), Some(1));
    assert_eq!(expected(50, None), Some(0));
}
