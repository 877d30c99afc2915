//! What belongs here: columns whose type is said: times in every spelling, types that overrule the sample, and what is
//! refused or rejected of them, through every door and into every output.

use std::fmt::Write;

use ndpix::{Batches, Clock, Column, ColumnType, Control, Dataset, ErrorKind, Options, ReadAs};

use super::{base64, bytes, raw};

/// Records with these values in `v`, of 1 x 1 pixels; of none where it is empty.
fn records(values: &[&str]) -> String {
    let mut text = String::new();
    for (row, value) in values.iter().enumerate() {
        let value = if value.is_empty() { String::new() } else { format!("\"v\":{value},") };
        writeln!(text, "{{{value}\"image\":\"{}\"}}", base64(&[row as u8])).expect("text");
    }
    text
}

fn options(types: &str) -> Options {
    let options = raw("1,1").with("columns", "v").and_then(|o| o.with("column_type", types));
    options.expect("options")
}

fn load(text: &str, options: &Options) -> (Column, Vec<String>) {
    let loaded = ndpix::load(bytes(text.as_bytes()), options, &Control::default());
    let rejects = loaded.summary.first_rejects.iter().map(ToString::to_string).collect();
    loaded.result.expect("an array");
    (loaded.columns.into_iter().next().expect("a column"), rejects)
}

fn refused(text: &str, options: &Options) -> (ErrorKind, String) {
    let loaded = ndpix::load(bytes(text.as_bytes()), options, &Control::default());
    let error = loaded.result.expect_err("refused");
    (error.kind(), error.message().to_string())
}

fn times(column: &Column) -> Vec<Option<i64>> {
    assert_eq!(column.kind, ColumnType::Time);
    let all = column.values.as_chunks().0.iter().map(|b| i64::from_le_bytes(*b));
    all.zip(&column.valid)
        .map(|(time, valid)| (*valid || time != i64::MIN).then_some(time))
        .collect()
}

const NOON: i64 = 1_717_156_800_000_000_000;

#[test]
fn text_and_objects_are_times() {
    let values = [
        "\"2024-05-31T12:00:00Z\"",
        "\"2024-05-31T14:00:00+02:00\"",
        "\"2024-05-31 12:00:00.000000001\"",
        "\"2024-05-31\"",
        "{\"sec\":1717156800,\"nanosec\":7}",
        "null",
        "",
    ];
    let (column, rejects) = load(&records(&values), &options("v=datetime"));
    let day = NOON - 43_200_000_000_000;
    let want = [Some(NOON), Some(NOON), Some(NOON + 1), Some(day), Some(NOON + 7), None, None];
    assert_eq!((times(&column), rejects), (want.to_vec(), Vec::new()));
    assert_eq!(column.valid, [true, true, true, true, true, false, false]);
}

#[test]
fn numbers_are_times_where_their_unit_is_said() {
    for (word, number) in [
        ("s", "1717156800"),
        ("ms", "1717156800000"),
        ("us", "1717156800000000"),
        ("ns", "1717156800000000000"),
        ("s", "1.7171568e9"),
    ] {
        let (column, _) = load(&records(&[number]), &options(&format!("v=datetime[{word}]")));
        assert_eq!(times(&column), [Some(NOON)], "{word}");
    }
    let (kind, message) = refused(&records(&["1717156800"]), &options("v=datetime"));
    assert_eq!(kind, ErrorKind::Plan);
    for word in ["found a number", "datetime[s]", "datetime[ms]", "datetime[us]", "datetime[ns]"] {
        assert!(message.contains(word), "{message}");
    }
    let (_, message) = refused(&records(&["\"2024-05-31\""]), &options("v=datetime[s]"));
    assert!(message.contains("times as text are datetime"), "{message}");
}

#[test]
fn what_is_no_time_rejects_its_record() {
    let values = [
        "\"2024-05-31T12:00:00Z\"",
        "\"2016-12-31T23:59:60Z\"",
        "\"9999-12-31\"",
        "\"yesterday\"",
        "1717156800",
        "{\"sec\":1}",
    ];
    let (column, rejects) = load(&records(&values), &options("v=datetime"));
    assert_eq!(times(&column), [Some(NOON)]);
    for (reject, why) in rejects.iter().zip([
        "found a leap second",
        "beyond 64 bits of nanoseconds, wanted times as column_type says: \"\\\"9999-12-31\\\"\"",
        "found text that is no ISO 8601 time",
        "found a number, wanted times as column_type says: \"1717156800\"; of numbers say",
        "found an object that does not hold seconds and nanoseconds",
    ]) {
        assert!(reject.contains(": column v: ") && reject.contains(why), "{reject}");
    }
    assert_eq!(rejects.len(), 5);
}

#[test]
fn times_without_an_offset_are_said_to_be_utc() {
    let said = |value: &str| {
        let text = records(&[value]);
        ndpix::inspect(bytes(text.as_bytes()), &options("v=datetime")).expect("a report").notes
    };
    let is_said = |notes: Vec<String>| notes.iter().any(|n| n.contains("read as UTC: v"));
    assert!(is_said(said("\"2024-05-31T12:00:00\"")) && is_said(said("\"2024-05-31\"")));
    assert!(!is_said(said("\"2024-05-31T12:00:00Z\"")));
    assert!(!is_said(said("{\"sec\":1,\"nanosec\":0}")));
}

#[test]
fn what_is_said_overrules_the_first_records() {
    let kind = |values: &[&str], word: &str| {
        let (column, rejects) = load(&records(values), &options(&format!("v={word}")));
        (column.kind, column.len(), rejects.len())
    };
    assert_eq!(kind(&["1", "2.5"], "float"), (ColumnType::Float64, 2, 0));
    assert_eq!(kind(&["1", "2.5"], "int"), (ColumnType::Int64, 1, 1));
    assert_eq!(kind(&["\"1\"", "1"], "text"), (ColumnType::Text, 1, 1));
    assert_eq!(kind(&["1", "2"], "json"), (ColumnType::Json, 2, 0));
    assert_eq!(kind(&["null", "true"], "bool"), (ColumnType::Bool, 2, 0));
    assert_eq!(kind(&["[]", "[1]", "[1.5]"], "ints"), (ColumnType::Ints, 2, 1));
    assert_eq!(kind(&["[]", "[1]", "[1.5]"], "floats"), (ColumnType::Floats, 3, 0));
    assert_eq!(kind(&["null", ""], "datetime"), (ColumnType::Time, 2, 0));
    // A type that no record has is a mistake, and not a run of rejects.
    let (kind, message) = refused(&records(&["1", "2"]), &options("v=text"));
    assert_eq!(kind, ErrorKind::Plan);
    assert!(
        message.contains("found a number, wanted strings as column_type says: \"1\""),
        "{message}"
    );
}

#[test]
fn a_column_that_nobody_keeps_is_refused() {
    let two = raw("1,1").with("columns", "label\nmeta.id").expect("columns");
    let two = two.with("column_type", "lable=int").expect("a type");
    let (kind, message) = refused(&records(&["1"]), &two);
    assert_eq!(kind, ErrorKind::Options);
    assert!(
        message.contains("lable is, which is not among columns (did you mean label?)"),
        "{message}"
    );
    let twice =
        raw("1,1").with("columns", "v").and_then(|o| o.with("column_type", "v=int\nv=json"));
    let error = twice.and_then(|o| o.validate()).expect_err("twice");
    assert_eq!(error.message(), "column_type says twice what v is read as");
    let image = raw("1,1").with("field", "image").and_then(|o| o.with("columns", "image"));
    let image = image.and_then(|o| o.with("column_type", "image=text")).expect("options");
    let (_, message) = refused(&records(&["1"]), &image);
    assert!(message.contains("column image holds the image"), "{message}");
}

#[test]
fn every_door_gives_the_same_times() {
    let values: Vec<String> = (0..300i64)
        .map(|row| match row % 7 {
            0 => "null".to_string(),
            _ => format!("{}.{row:09}", row * 86_400 * 365 - 9_000_000_000),
        })
        .collect();
    let text = records(&values.iter().map(String::as_str).collect::<Vec<_>>());
    let options = options("v=datetime[s]");
    let (whole, _) = load(&text, &options);
    // All of a negative number is negative, its fraction too.
    assert_eq!(times(&whole)[1], Some((86_400 * 365 - 9_000_000_000) * 1_000_000_000 - 1));
    let mut batches = Column::new("v".into(), ColumnType::Time);
    for batch in
        Batches::open(bytes(text.as_bytes()), &options, 7, &Control::default()).expect("batches")
    {
        batches.extend(&batch.expect("a batch").columns[0]);
    }
    assert_eq!(batches, whole);
    let dataset = Dataset::open(bytes(text.as_bytes()), &options, None, &Control::default());
    let dataset = dataset.expect("a dataset");
    for row in [0, 1, 299] {
        let one = &dataset.get_item(row).expect("an item").columns[0];
        assert_eq!(times(one)[0], times(&whole)[row], "{row}");
    }
}

#[test]
fn outputs_give_times_back() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("in.ndjson");
    let values = ["\"2024-05-31T12:00:00.25+02:00\"", "null", "\"1969-12-31T23:59:59Z\""];
    std::fs::write(&path, records(&values)).expect("written");
    for name in ["o.npy", "o.npz", "o.h5", "o.zarr", "o.parquet", "o.safetensors"] {
        let out = folder.path().join(name);
        let mut options = options("v=datetime");
        // Rows that are read again and written anew are the same.
        for rows in [3, 6] {
            ndpix::convert(&[&path], &out, &options).unwrap_or_else(|e| panic!("{name}: {e}"));
            let shown = ndpix::show(&out, &(0..rows).collect::<Vec<_>>())
                .unwrap_or_else(|e| panic!("{name}: {e}"));
            let words: Vec<_> = shown.iter().map(|row| row.columns[0].1.clone()).collect();
            let once = ["2024-05-31T10:00:00.25Z", "null", "1969-12-31T23:59:59Z"];
            assert_eq!(words, once.repeat(rows as usize / 3), "{name}");
            options = options
                .with("append", "true")
                .and_then(|o| o.with("append_again", "true"))
                .expect("options");
        }
    }
}

#[test]
fn a_word_is_what_it_says() {
    let options = options("v=datetime[us]");
    assert_eq!(options.column_type[0].reads, ReadAs::Datetime(Clock::Micros));
    assert_eq!(options.flags().last().map(String::as_str), Some("v"));
    let error = Options::default().with("column_type", "v=date").expect_err("no type");
    assert!(
        error
            .message()
            .contains("use int, float, bool, text, ints, floats, json, category, datetime"),
        "{error}"
    );
}
