//! What belongs here: what becomes of bad records by the kind of what is wrong with them, through every door.

use ndpix::{Batches, Control, Dataset, ErrorKind, OnError, Options};

use super::{base64, bytes, convert, raw};

/// Options, the rows or what ends the run, and the rejects.
type Case<'c> = (&'c str, Result<&'c [u8], ErrorKind>, &'c [&'c str]);

/// Two images, and one of each of three kinds of rejects between them.
fn records() -> Vec<u8> {
    let good = |n: u8| format!("{{\"image\":\"{}\"}}\n", base64(&[n; 4]));
    let short = format!("{{\"image\":\"{}\"}}\n", base64(&[9; 3]));
    format!("{}{{\"image\":7}}\n{short}{}not JSON\n", good(1), good(2)).into()
}

fn options(on_error: &str) -> Options {
    raw("2,2").with("on_error", on_error).expect(on_error)
}

#[test]
fn every_kind_has_its_word() {
    let cases: [Case<'_>; 5] = [
        ("skip", Ok(&[1, 2]), &["field", "shape", "json"]),
        ("shape=fill", Ok(&[1, 0, 2]), &["field", "shape", "json"]),
        ("fill,json=skip", Ok(&[1, 0, 0, 2]), &["field", "shape", "json"]),
        ("skip,json=raise", Err(ErrorKind::Json), &["field", "shape", "json"]),
        ("raise,field=fill", Err(ErrorKind::Shape), &["field", "shape"]),
    ];
    for (on_error, rows, rejects) in cases {
        for threads in [1, 3] {
            let options = options(on_error).with("threads", &threads.to_string()).expect("threads");
            let done = convert(bytes(&records()), &options);
            assert_eq!(done.reject_kinds(), rejects, "{on_error}");
            let loaded = ndpix::load(bytes(&records()), &options, &Control::default());
            match (rows, &done.run.result) {
                (Ok(rows), Ok(())) => {
                    let want: Vec<u8> = rows.iter().flat_map(|n| [*n; 4]).collect();
                    assert_eq!(done.file("").expect("an array")[128..], want, "{on_error}");
                    assert_eq!(loaded.result.expect("an array").bytes[..], want, "{on_error}");
                }
                (Err(kind), Err(error)) => {
                    assert_eq!(error.kind(), kind, "{on_error}");
                    assert_eq!(loaded.result.expect_err("it ends").kind(), kind, "{on_error}");
                }
                (rows, result) => panic!("{on_error}: {rows:?}, {result:?}"),
            }
        }
    }
}

#[test]
fn batches_know_which_rows_are_filled() {
    let batches = Batches::open(bytes(&records()), &options("shape=fill"), 9, &Control::default());
    let batch = batches.expect("a plan").next().expect("a batch").expect("rows");
    assert_eq!(batch.valid, [true, false, true]);
    assert_eq!(batch.rejects.len(), 3);
}

#[test]
fn images_by_their_number_are_raised_or_filled() {
    let open =
        |options: &Options| Dataset::open(bytes(&records()), options, None, &Control::default());
    let dataset = open(&options("shape=fill")).expect("a dataset");
    assert_eq!(dataset.get(2).expect("filled").bytes[..], [0; 4]);
    assert_eq!(dataset.get(1).expect_err("raised").kind(), ErrorKind::Field);
    for refused in [
        options("skip"),
        options("fill,json=skip"),
        raw("2,2").with("rejects", "some.ndjson").expect("a path"),
    ] {
        let error = open(&refused).expect_err("numbers would shift");
        assert_eq!(error.kind(), ErrorKind::Options);
        assert!(error.message().contains("on_error fill or raise"), "{error}");
    }
    let mut raises = raw("2,2");
    raises.on_error = OnError::Raise.into();
    assert!(open(&raises).is_ok());
}
