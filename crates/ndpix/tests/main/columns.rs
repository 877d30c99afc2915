//! What belongs here: kept fields are those of the rows beside which they stand, whatever the types, the
//! rejects, the number of images of a record, the threads and the blocks.

use std::fmt::Write;

use ndpix::{
    Batches, Column, ColumnType, Control, Dataset, ErrorKind, OnError, OnMissing, Options, Stack,
};

use super::{base64, bytes, convert, raw};

/// An image of 1 x 1 pixels.
fn image(pixel: u8) -> String {
    base64(&[pixel])
}

fn options(columns: &str) -> Options {
    let mut options = raw("1,1");
    options.set("columns", columns).expect("columns");
    options
}

fn load(text: &str, options: &Options) -> (Vec<u8>, Vec<Column>, Vec<String>) {
    let loaded = ndpix::load(bytes(text.as_bytes()), options, &Control::default());
    let array = loaded.result.expect("an array");
    let rejects = loaded.summary.first_rejects.iter().map(ToString::to_string).collect();
    (array.bytes.to_vec(), loaded.columns, rejects)
}

/// The values of a column as words; `-`: none.
fn words(column: &Column) -> Vec<String> {
    let numbers = |bytes: &[u8], whole: bool| -> Vec<String> {
        let number = |b: &[u8; 8]| {
            if whole {
                i64::from_le_bytes(*b).to_string()
            } else {
                f64::from_le_bytes(*b).to_string()
            }
        };
        bytes.as_chunks::<8>().0.iter().map(number).collect()
    };
    let word = |row: usize| {
        let value = column.value(row);
        match column.kind {
            _ if !column.valid[row] => "-".to_string(),
            ColumnType::Int64 | ColumnType::Time | ColumnType::Class => {
                numbers(value, true).concat()
            }
            ColumnType::Float64 => numbers(value, false).concat(),
            ColumnType::Bool => (value == [1]).to_string(),
            ColumnType::Ints => format!("[{}]", numbers(value, true).join(",")),
            ColumnType::Floats => format!("[{}]", numbers(value, false).join(",")),
            ColumnType::Text | ColumnType::Json => {
                String::from_utf8(value.to_vec()).expect("UTF-8")
            }
        }
    };
    (0..column.len()).map(word).collect()
}

/// The kind of the column `v` of records with these values, and its words.
fn of(values: &[&str]) -> (ColumnType, Vec<String>) {
    let mut text = String::new();
    for value in values {
        if value.is_empty() {
            writeln!(text, "{{\"image\":\"{}\"}}", image(1))
        } else {
            writeln!(text, "{{\"v\":{value},\"image\":\"{}\"}}", image(1))
        }
        .expect("text");
    }
    let (_, columns, _) = load(&text, &options("v"));
    assert_eq!(columns[0].len(), values.len());
    (columns[0].kind, words(&columns[0]))
}

#[test]
fn types_are_those_of_the_first_records() {
    use ColumnType::{Bool, Float64, Floats, Int64, Ints, Json, Text};
    let check = |values: &[&str], kind, found: &[&str]| {
        let (is, words) = of(values);
        assert_eq!((is, words.iter().map(String::as_str).collect()), (kind, found.to_vec()));
    };
    check(&["1", "-9223372036854775808"], Int64, &["1", "-9223372036854775808"]);
    check(&["1", "", "null"], Int64, &["1", "-", "-"]);
    check(&["1", "2.5", "1e2", "null"], Float64, &["1", "2.5", "100", "-"]);
    check(&["true", "false", ""], Bool, &["true", "false", "-"]);
    check(&[r#""a\u00e9\n""#, r#""""#, "null"], Text, &["a\u{e9}\n", "", "-"]);
    check(&["[1,2]", "[]", " [ 3 ] "], Ints, &["[1,2]", "[]", "[3]"]);
    check(&["[1,2]", "[0.5]", "null"], Floats, &["[1,2]", "[0.5]", "-"]);
    // Anything else stays the text that it is.
    check(&["[]", "[]"], Json, &["[]", "[]"]);
    check(&["", "null"], Json, &["-", "-"]);
    check(&["1", "\"1\""], Json, &["1", "\"1\""]);
    check(&["true", "1"], Json, &["true", "1"]);
    check(&["[1,null]"], Json, &["[1,null]"]);
    check(&["[[1],[2]]"], Json, &["[[1],[2]]"]);
    check(&[r#"{"a": [1, "x"]}"#], Json, &[r#"{"a": [1, "x"]}"#]);
    check(&[r#""\ud800""#], Json, &[r#""\ud800""#]);
    // Integers that a double would round are kept as text.
    check(&["18446744073709551615"], Json, &["18446744073709551615"]);
    check(&["18446744073709551615", "0.5"], Json, &["18446744073709551615", "0.5"]);
    check(&["-9007199254740993", "0.5"], Json, &["-9007199254740993", "0.5"]);
    check(&["[9007199254740993, 0.5]"], Json, &["[9007199254740993, 0.5]"]);
    check(
        &["9007199254740992", "-18446744073709551616", "-0", "0.1234567890123456789"],
        Float64,
        &["9007199254740992", "-18446744073709552000", "-0", "0.12345678901234568"],
    );
    check(&["1e999", "1"], Json, &["1e999", "1"]);
}

#[test]
fn names_lead_into_records() {
    let text = format!(
        "{{\"a\":{{\"b.c\":[7,{{\"d\":\"x\"}}]}},\"n\":1,\"n\":2,\"\\u006d\":3,\"image\":\"{}\"}}\n",
        image(5)
    );
    let (_, columns, _) = load(&text, &options("a.\"b.c\"[1].d,/a/b.c/0,n,m"));
    let names: Vec<&str> = columns.iter().map(|c| &*c.name).collect();
    assert_eq!(names, ["a.\"b.c\"[1].d", "a.\"b.c\".0", "n", "m"]);
    assert_eq!(columns.iter().map(words).collect::<Vec<_>>().concat(), ["x", "7", "2", "3"]);
}

/// 64 records that fix the types, and after them these.
fn behind(records: &[String]) -> String {
    let mut text = String::new();
    for i in 0..64 {
        let _ = writeln!(text, "{{\"id\":{i},\"s\":\"t{i}\",\"image\":\"{}\"}}", image(i));
    }
    text + &records.join("\n")
}

#[test]
fn a_value_of_another_type_is_a_reject() {
    let good = |id: u8| format!("{{\"id\":{id},\"s\":\"s{id}\",\"image\":\"{}\"}}", image(id));
    let text = behind(&[
        good(100),
        format!("{{\"id\":\"x\",\"s\":\"kept\",\"image\":\"{}\"}}", image(101)),
        format!("{{\"id\":1.5,\"s\":7,\"image\":\"{}\"}}", image(102)),
        "{\"id\":103,\"s\":\"bad\",\"image\":\"%\"}".into(),
        "{\"id\":104,\"s\":\"none\"}".into(),
        "{\"id\":105,\"s\":\"cut\"".into(),
        "{\"id\":9223372036854775808,\"s\":\"none\"}".into(),
        good(106),
    ]);
    let base = options! { block_bytes: Some(64), ..options("id,s") };
    let (pixels, columns, rejects) = load(&text, &base);
    assert_eq!(pixels[64..], [100, 106]);
    assert_eq!(words(&columns[0])[63..], ["63", "100", "106"]);
    assert_eq!(words(&columns[1])[63..], ["t63", "s100", "s106"]);
    assert!(rejects[0].ends_with(
        "column id: found a string, wanted integers as in the first records: \"\\\"x\\\"\""
    ));
    assert!(rejects[1].contains("column id: found a number with a fraction or exponent"));

    let fill =
        options! { on_error: OnError::Fill.into(), on_missing: OnMissing::Fill, ..base.clone() };
    let (pixels, columns, _) = load(&text, &fill);
    assert_eq!(pixels[64..], [100, 0, 0, 0, 0, 0, 0, 106]);
    assert_eq!(words(&columns[0])[64..], ["100", "-", "-", "103", "104", "-", "-", "106"]);
    let kept = ["s100", "kept", "-", "bad", "none", "-", "none", "s106"];
    assert_eq!(words(&columns[1])[64..], kept);

    let raise = options! { on_error: OnError::Raise.into(), ..base };
    let loaded = ndpix::load(bytes(text.as_bytes()), &raise, &Control::default());
    let error = loaded.result.expect_err("a reject");
    assert_eq!((error.kind(), error.position().map(|p| p.line)), (ErrorKind::Field, Some(66)));
}

#[test]
fn an_integer_that_doubles_round_is_a_reject() {
    let number = |v: &str| format!("{{\"v\":{v},\"image\":\"{}\"}}\n", image(1));
    let text = number("0.5").repeat(64) + &number("9007199254740993") + &number("9007199254740994");
    let (_, columns, rejects) = load(&text, &options("v"));
    assert_eq!((columns[0].kind, columns[0].len()), (ColumnType::Float64, 65));
    assert_eq!(words(&columns[0])[64], "9007199254740994");
    assert!(rejects[0].contains("column v: found an integer that doubles round"), "{rejects:?}");
}

#[test]
fn a_refused_record_is_in_the_rejects_once() {
    let pair = format!("[\"{}\",\"{}\"]", image(7), image(8));
    let text = behind(&[format!("{{\"id\":\"x\",\"image\":{pair}}}")]);
    let done = convert(
        bytes(text.as_bytes()),
        &options! { on_error: OnError::Fill.into(), ..options("id") },
    );
    done.run.result.as_ref().expect("finished");
    assert_eq!((done.run.summary.rejected_images, done.run.summary.filled), (2, 2));
    assert_eq!(done.reject_kinds(), ["field"]);
    // So that both images are read again, once each.
    let rejects = done.file(".rejects.ndjson").expect("rejects");
    let told = options! { rejects_input: true, ..options("id") };
    let again = ndpix::load(bytes(&rejects), &told, &Control::default());
    assert_eq!(again.result.expect("an array").bytes[..], [7, 8]);
    assert_eq!(words(&again.columns[0]), ["x", "x"]);
}

/// Records with several images each, some of them bad, and a text that holds them.
fn chats(count: usize) -> String {
    let mut text = String::new();
    for i in 0..count {
        let parts = (0..i % 5).map(|k| match (i + k) % 7 {
            3 => "{\"url\":\"%\"}".to_string(),
            _ => format!("{{\"url\":\"{}\",\"k\":{k}}}", image((i + k) as u8)),
        });
        let parts = parts.collect::<Vec<_>>().join(",");
        let _ = writeln!(text, "{{\"chat\": [{parts}], \"id\": {i}, \"w\": [{i}, 0.5]}}");
    }
    text
}

#[test]
fn images_become_the_numbers_of_their_rows() {
    let mut options = options! { mixed: false, ..options("chat,id") };
    options.set("field", "chat[*].url").expect("field");
    let text = chats(4) + "{\"chat\":null,\"id\":4}\n" + &chats(2);
    let (pixels, columns, _) = load(&text, &options);
    assert_eq!(pixels, [1, 2, 4, 5, 1]);
    assert_eq!(columns[0].kind, ColumnType::Json);
    let last = r#"[{"url":null},{"url":2,"k":1},{"url":3,"k":2}]"#;
    let wanted = [
        r#"[{"url":0,"k":0}]"#,
        r#"[{"url":1,"k":0},{"url":null}]"#,
        last,
        last,
        r#"[{"url":4,"k":0}]"#,
    ];
    assert_eq!(words(&columns[0]), wanted);
    assert_eq!(words(&columns[1]), ["1", "2", "3", "3", "1"]);

    // Each image of a record has all of the text, which is said.
    let said = std::sync::Mutex::new(Vec::new());
    let note = |text: &str| said.lock().expect("notes").push(text.to_string());
    let control = Control { note: Some(&note), ..Control::default() };
    ndpix::load(bytes(text.as_bytes()), &options, &control).result.expect("an array");
    let said = said.into_inner().expect("notes");
    let told = |name: &str| {
        said.iter()
            .any(|s| s.starts_with(&format!("column {name} holds the list that chat[*].url")))
    };
    assert!(told("chat") && !told("id"), "{said:?}");

    // Fill rows have numbers too, but they are not images.
    let fill = options! { on_error: OnError::Fill.into(), ..options.clone() };
    let (pixels, columns, _) = load(&text, &fill);
    assert_eq!(pixels, [1, 2, 0, 0, 4, 5, 1]);
    assert_eq!(words(&columns[0])[3], r#"[{"url":null},{"url":4,"k":1},{"url":5,"k":2}]"#);

    // The record itself, a part of it that holds one image, and the image alone.
    options.set("columns", ".,chat[1],chat[1].url,chat[1].k").expect("columns");
    let (_, columns, _) = load(&text, &options);
    assert_eq!(words(&columns[0])[4], r#"{"chat": [{"url":4,"k":0}], "id": 1, "w": [1, 0.5]}"#);
    assert_eq!(
        words(&columns[1]),
        ["-", "{\"url\":null}", r#"{"url":2,"k":1}"#, r#"{"url":2,"k":1}"#, "-"]
    );
    assert_eq!(words(&columns[2]), ["-", "-", "2", "2", "-"]);
    assert_eq!(words(&columns[3]), ["-", "-", "1", "1", "-"]);
}

#[test]
fn images_are_never_copied() {
    // Those that a later member of the same name hides are not images of the record.
    let (a, b) = (image(1), image(2));
    let text = format!(
        "{{\"m\":{{\"image\":\"{a}\",\"x\":1}},\"m\":{{\"\\u0069mage\":\"{a}\",\"image\":\"{b}\"}}}}\n"
    );
    let mut options = options! { field: None, ..options(".,m") };
    options.set("field", "m.image").expect("field");
    let (pixels, columns, _) = load(&text, &options);
    assert_eq!(pixels, [2]);
    let inner = r#"{"\u0069mage":null,"image":0}"#;
    assert_eq!(words(&columns[0]), [format!(r#"{{"m":{{"image":null,"x":1}},"m":{inner}}}"#)]);
    assert_eq!(words(&columns[1]), [inner]);

    // Elements of a list of images.
    let text =
        format!("{{\"image\":[\"{a}\",null,\"{b}\"]}}\n{{\"image\":[]}}\n{{\"image\":\"{b}\"}}");
    let (_, columns, _) = load(&text, &self::options("image,image[0],image[1]"));
    assert_eq!(words(&columns[0]), ["[0,null,1]", "[0,null,1]", "2"]);
    assert_eq!(words(&columns[1]), ["0", "0", "-"]);
    assert_eq!(words(&columns[2]), ["-", "-", "-"]);

    // Lists of numbers, which are passed by their brackets.
    let text = "{\"image\": [[1, 2]], \"l\": 7}\n{\"image\": [[3, 4]], \"l\": 8}\n";
    let options = options! {
        columns: vec![".".parse().expect("."), "l".parse().expect("l")],
        field: Some("image".parse().expect("image")),
        ..Options::default()
    };
    let (_, columns, _) = load(text, &options);
    assert_eq!(words(&columns[0]), ["{\"image\": 0, \"l\": 7}", "{\"image\": 1, \"l\": 8}"]);
    assert_eq!(words(&columns[1]), ["7", "8"]);

    // All bands of one image.
    let text = format!("{{\"a\":\"{a}\",\"b\":\"{b}\",\"id\":7}}\n{{\"a\":\"{a}\",\"id\":8}}");
    let mut options = options! { stack: Stack::NewAxis, shape: None, ..self::options(".,b,id") };
    options.set("field", "a\nb").expect("fields");
    options.on_error = OnError::Fill.into();
    let (pixels, columns, _) = load(&text, &options);
    assert_eq!(pixels, [1, 2, 0, 0]);
    assert_eq!(words(&columns[0]), [r#"{"a":0,"b":0,"id":7}"#, r#"{"a":null,"id":8}"#]);
    assert_eq!(words(&columns[1]), ["0", "-"]);
    assert_eq!(words(&columns[2]), ["7", "8"]);
}

#[test]
fn columns_are_the_same_for_any_threads_and_blocks() {
    let text = chats(900);
    for on_error in [OnError::Skip, OnError::Fill] {
        let mut options = options! { on_error: on_error.into(), on_missing: OnMissing::Fill, ..options("chat,id,w") };
        options.set("field", "chat[*].url").expect("field");
        let (pixels, columns, _) = load(&text, &options);
        assert_eq!(columns[1].len(), pixels.len());
        let mut all = Vec::new();
        for threads in [1, 2, 8] {
            for block in [1, 100, 4096, 1 << 20] {
                let options = options! { threads, block_bytes: Some(block), ..options.clone() };
                let (more_pixels, more, _) = load(&text, &options);
                assert!(pixels == more_pixels && columns == more, "{threads} {block}");
                all.push(options);
            }
        }
        for (options, size) in all.iter().zip([1, 3, 100, 5000].into_iter().cycle()) {
            let batches = Batches::open(bytes(text.as_bytes()), options, size, &Control::default());
            let (mut rows, mut images) = (Vec::<Column>::new(), Vec::new());
            for batch in batches.expect("a plan") {
                let batch = batch.expect("a batch");
                images.extend_from_slice(&batch.images.bytes);
                assert!(batch.columns.iter().all(|c| c.len() == batch.lines.len()));
                if rows.is_empty() {
                    rows = batch.columns;
                } else {
                    rows.iter_mut().zip(&batch.columns).for_each(|(a, b)| a.extend(b));
                }
            }
            assert!(images == pixels && rows == columns);
        }
    }
}

#[test]
fn a_dataset_has_the_fields_of_its_images() {
    let text = chats(30).replace("%", &image(99));
    let mut options = options("chat,id,w");
    options.set("field", "chat[*].url").expect("field");
    let fill = options! { on_missing: OnMissing::Fill, ..options };
    let (pixels, columns, _) = load(&text, &fill);
    let dataset = Dataset::open(bytes(text.as_bytes()), &fill, None, &Control::default());
    let dataset = dataset.expect("a dataset");
    let all: Vec<usize> = (0..dataset.len()).collect();
    let items = dataset.get_items(&all).expect("images");
    assert!(items.images.bytes[..] == pixels && items.columns == columns);
    let row = dataset.get_item(7).expect("an image").columns;
    let at = |c: &Column| words(c)[7].clone();
    assert_eq!(
        row.iter().map(words).collect::<Vec<_>>().concat(),
        columns.iter().map(at).collect::<Vec<_>>()
    );

    let text = behind(&[format!("{{\"id\":\"x\",\"s\":\"y\",\"image\":\"{}\"}}", image(1))]);
    let options = self::options("id,s");
    let open = |o: &Options| Dataset::open(bytes(text.as_bytes()), o, None, &Control::default());
    let error = open(&options).expect("a dataset").get(64).expect_err("another type");
    assert_eq!((error.kind(), error.position().map(|p| p.line)), (ErrorKind::Field, Some(65)));
    let filled = open(&options! { on_error: OnError::Fill.into(), ..options }).expect("a dataset");
    let row = filled.get_item(64).expect("a fill row").columns;
    assert_eq!(row.iter().map(words).collect::<Vec<_>>().concat(), ["-", "y"]);
}

#[test]
fn text_with_a_nul_is_a_reject_where_the_output_cannot_hold_it() {
    let text: String = ["a", "b\\u0000c", "d"]
        .iter()
        .map(|t| format!("{{\"t\":\"{t}\",\"image\":\"{}\"}}\n", image(1)))
        .collect();
    let folder = tempfile::tempdir().expect("a folder");
    let run = |name: &str, on_error: OnError| {
        let options = options! { on_error: on_error.into(), ..options("t") };
        let out = folder.path().join(name);
        let run = ndpix::run(bytes(text.as_bytes()), &out, &options, &Control::default());
        (run.result.map_err(|e| (e.kind(), e.message().to_string())), run.summary)
    };
    let said = "column t: text with a NUL character, which HDF5 cannot hold";
    let (result, summary) = run("skip.h5", OnError::Skip);
    result.expect("finished");
    assert_eq!((summary.rejected_images, summary.rows), (1, 2));
    assert!(summary.first_rejects[0].message.ends_with(said), "{:?}", summary.first_rejects);
    let (result, summary) = run("fill.hdf5", OnError::Fill);
    result.expect("finished");
    assert_eq!((summary.filled, summary.rows), (1, 3));
    assert_eq!(run("raise.h5", OnError::Raise).0, Err((ErrorKind::Field, said.to_string())));
    for name in ["all.npz", "all.zarr", "all.parquet", "all.npy"] {
        let (result, summary) = run(name, OnError::Skip);
        result.expect("finished");
        assert_eq!((summary.rejected_images, summary.rows), (0, 3), "{name}");
    }
}
