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

/// Without a shape that is given the first records say how large a fill row is; a record without image
/// is bad, too, as none is passed over.
#[test]
fn fill_rows_are_as_large_as_those_of_the_first_records() {
    let mut text: String = (0..70).map(|i| format!("{{\"image\":[[{i},{i}]]}}\n")).collect();
    text += "{\"image\":[[1,2,3]]}\nno JSON\n{\"image\":null}\n{\"image\":[[7,8]]}\n";
    let options = Options::default().with("field", "image").expect("a field");
    let fills = options.clone().with("on_error", "fill").expect("a word");
    for threads in ["1", "3"] {
        let fills = fills.clone().with("threads", threads).expect("threads");
        let dataset = Dataset::open(bytes(text.as_bytes()), &fills, None, &Control::default());
        let dataset = dataset.expect("a dataset");
        let item = dataset.get_items(&[73, 72, 69, 71, 70]).expect("rows");
        assert_eq!(item.images.shape, [5, 1, 2]);
        assert_eq!(item.images.as_slice::<i64>(), Some(&[7, 8, 0, 0, 69, 69, 0, 0, 0, 0][..]));
        let kinds = |all: &[(usize, ndpix::Error)]| -> Vec<(usize, &str)> {
            all.iter().map(|(at, error)| (*at, error.kind().name())).collect()
        };
        assert_eq!(kinds(&item.filled), [(1, "field"), (3, "json"), (4, "shape")]);
        for pixels in [false, true] {
            let bad = dataset.check(pixels, &Control::default()).expect("a pass");
            assert_eq!(kinds(&bad), [(70, "shape"), (71, "json"), (72, "field")]);
            assert_eq!(bad[1].1.position().map(|p| p.line), Some(72));
        }
    }
    let raises = Dataset::open(bytes(text.as_bytes()), &options, None, &Control::default());
    assert_eq!(raises.expect("a dataset").get(70).expect("its own shape").shape, [1, 3]);
}

#[test]
fn a_check_can_be_stopped() {
    let dataset = Dataset::open(bytes(&records()), &raw("2,2"), None, &Control::default());
    let control = Control::default();
    control.stop.store(true, std::sync::atomic::Ordering::Relaxed);
    let error = dataset.expect("a dataset").check(false, &control).expect_err("it was stopped");
    assert_eq!(error.kind(), ErrorKind::Io);
}

#[test]
fn an_image_that_cannot_be_decoded_has_no_say_in_what_the_others_become() {
    let record = |file: &str| {
        let bytes = std::fs::read(super::root().join("testdata/formats").join(file));
        let hex: String = bytes.expect("a file").iter().map(|b| format!("{b:02x}")).collect();
        format!("{{\"image\":\"{hex}\"}}\n")
    };
    // Its headers say RGB of bytes; the others are gray.
    let records = record("bad/avif-curved-matrix.avif") + &record("fits-int16.fits").repeat(9);
    let load = |settings: &[(&str, &str)]| {
        let all = [("encoding", "hex+image")].iter().chain(settings);
        let options = all.fold(Options::default(), |options, (name, value)| {
            options.with(name, value).expect("an option")
        });
        ndpix::load(bytes(records.as_bytes()), &options, &Control::default())
    };
    for settings in [&[][..], &[("size", "5,7"), ("fit", "pad"), ("dtype", "float32")]] {
        let loaded = load(settings);
        let array = loaded.result.expect("the array of the others");
        assert_eq!((array.shape[0], array.shape.len()), (9, 3), "gray");
        assert_eq!(loaded.summary.rejected(), 1);
    }
}
