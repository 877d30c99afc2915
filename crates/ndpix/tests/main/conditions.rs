//! `where` over whole inputs: what is passed over and counted, beside `skip` and `limit`, in every door and in a run that
//! is ended and goes on.

use ndpix::{Control, ErrorKind, Input, Options};

use crate::bytes;

/// Records 0 to 99: of three splits, with their number as image.
fn records() -> String {
    let split = |n: usize| ["train", "test", "val"][n % 3];
    let record = |n: usize| format!("{{\"n\":{n},\"split\":\"{}\",\"image\":[[{n}]]}}\n", split(n));
    (0..100).map(record).collect()
}

fn with(settings: &[(&str, &str)]) -> Options {
    let mut options = Options::default().with("field", "image").expect("an option");
    settings.iter().for_each(|(name, value)| options.set(name, value).expect("an option"));
    options
}

/// The numbers of the records that are read, and how many were passed over.
fn taken(text: &str, settings: &[(&str, &str)]) -> (Vec<i64>, u64) {
    let loaded = ndpix::load(bytes(text.as_bytes()), &with(settings), &Control::default());
    let array = loaded.result.expect("an array");
    (array.as_slice::<i64>().expect("integers").to_vec(), loaded.summary.passed_over)
}

fn refused(text: &str, settings: &[(&str, &str)]) -> (ErrorKind, String) {
    let loaded = ndpix::load(bytes(text.as_bytes()), &with(settings), &Control::default());
    let error = loaded.result.expect_err("refused");
    (error.kind(), error.message().to_string())
}

#[test]
fn records_that_meet_all_conditions_are_read() {
    let text = records();
    for threads in ["1", "4"] {
        let all =
            |settings: &[(&str, &str)]| taken(&text, &[settings, &[("threads", threads)]].concat());
        let tests: Vec<i64> = (0..100).filter(|n| n % 3 == 1).collect();
        assert_eq!(all(&[("where", "split=test")]), (tests.clone(), 67));
        assert_eq!(all(&[("where", "split=test\nn>=50")]).0, tests[17..]);
        assert_eq!(all(&[("where", "split~^t\nn<4")]).0, [0, 1, 3]);
        // Those that meet it are counted.
        let some = all(&[("where", "split=test"), ("skip", "2"), ("limit", "3")]);
        assert_eq!(some, (vec![7, 10, 13], 11));
    }
}

#[test]
fn what_cannot_be_told_is_a_reject_and_nothing_is_lost() {
    let text = "{\"a\":1,\"image\":[[1]]}\n{\"a\":[],\"image\":[[2]]}\nnot JSON\n{\"image\":[[3]]}\n{\"a\":2,\"image\":[[4]]}\n";
    let options = with(&[("where", "a=1"), ("max_rejects", "none")]);
    let loaded = ndpix::load(bytes(text.as_bytes()), &options, &Control::default());
    let array = loaded.result.expect("an array");
    assert_eq!(array.as_slice::<i64>(), Some(&[1][..]));
    let summary = loaded.summary;
    assert_eq!((summary.passed_over, summary.unreadable, summary.records), (2, 2, 3));
    let said: Vec<_> = summary.first_rejects.iter().map(|r| (r.kind, r.message.clone())).collect();
    assert_eq!(said.iter().map(|s| s.0).collect::<Vec<_>>(), [ErrorKind::Field, ErrorKind::Json]);
    assert!(said[0].1.contains("\"a=1\"") && said[0].1.contains("wanted"), "{said:?}");
}

#[test]
fn what_cannot_be_told_has_no_say_in_the_plan() {
    let text = "{\"s\":\"a\",\"image\":[[1,2]]}\n{\"s\":[1],\"image\":[[1,2,3.5]]}\n{\"s\":\"a\",\"image\":[[3,4]]}\n";
    let options = with(&[("where", "s=a"), ("max_rejects", "none")]);
    let loaded = ndpix::load(bytes(text.as_bytes()), &options, &Control::default());
    let array = loaded.result.expect("an array of the two");
    assert_eq!(
        (&array.shape[..], array.as_slice::<i64>()),
        (&[2, 1, 2][..], Some(&[1, 2, 3, 4][..]))
    );
    assert_eq!(loaded.summary.unreadable, 1);
}

#[test]
fn a_log_that_has_grown_is_not_added_to_by_a_number_that_means_something_else() {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, out) = (folder.path().join("in.ndjson"), folder.path().join("out.npy"));
    let run = |settings: &[(&str, &str)]| {
        let inputs = Input::expand(&[&input]).expect("the input");
        let all = [&[("where", "split=test"), ("append", "true")][..], settings].concat();
        ndpix::run(inputs, &out, &with(&all), &Control::default()).result
    };
    std::fs::write(&input, records()).expect("a file");
    run(&[]).expect("the first");
    std::fs::write(&input, records().repeat(2)).expect("a file");
    for settings in [&[][..], &[("skip", "33")], &[("skip", "100")]] {
        let error = run(settings).expect_err("it has grown");
        assert!(error.message().contains("a file of their own"), "{error}");
    }
    run(&[("append_again", "true"), ("skip", "33")]).expect("the rest");
    let rows = std::fs::read(&out).expect("an array");
    assert_eq!(rows.len(), 128 + 66 * 8);
}

#[test]
fn a_field_that_none_of_the_first_has_is_refused_with_names_like_it() {
    let (kind, said) = refused(&records(), &[("where", "splt=test")]);
    assert_eq!(kind, ErrorKind::Plan);
    assert!(
        said.contains("none of the first 100 records") && said.contains("did you mean split?"),
        "{said}"
    );
    let many: String = (0..20).map(|_| records()).collect();
    assert!(refused(&many, &[("where", "splt exists")]).1.contains("first 1000 records"));
    // One that is there and never so leaves nothing to look at.
    assert!(refused(&records(), &[("where", "split=none")]).1.contains("where"));
}

#[test]
fn the_sample_is_of_those_that_are_read() {
    // Two topics in one file, whose images differ in shape.
    let line = |n: usize| match n % 2 {
        0 => format!("{{\"topic\":\"/a\",\"image\":[[{n},1]]}}\n"),
        _ => format!("{{\"topic\":\"/b\",\"image\":[[{n}]]}}\n"),
    };
    let text: String = (0..20).map(line).collect();
    assert_eq!(taken(&text, &[("where", "topic=/b")]).0.len(), 10);
    assert_eq!(taken(&text, &[("where", "topic=/a")]).0.len(), 20);
    // Both together are refused, with what takes one of them.
    let loaded = ndpix::load(bytes(text.as_bytes()), &with(&[]), &Control::default());
    let error = loaded.result.expect_err("two shapes");
    let remedies: Vec<_> = error.remedies().iter().map(|remedy| remedy.options.clone()).collect();
    let of = |topic: &str| vec![("where", format!("topic={topic}"))];
    assert_eq!(remedies, [of("/a"), of("/b")]);
    // What each record has for itself is none.
    let few: String = (0..4).map(line).map(|line| line.replace("/a", "/c")).take(2).collect();
    let loaded = ndpix::load(bytes(few.as_bytes()), &with(&[]), &Control::default());
    assert!(loaded.result.expect_err("two shapes").remedies().is_empty());
}

#[test]
fn lines_of_a_rejects_file_are_judged_by_what_they_wrap() {
    let line = |n: usize| {
        format!(
            "{{\"file\":\"x\",\"line\":{n},\"byte\":0,\"item\":0,\"kind\":\"image\",\"message\":\"\",\"record\":\"{{\\\"n\\\":{n},\\\"image\\\":[[{n}]]}}\"}}\n"
        )
    };
    let text: String = (1..9).map(line).collect();
    assert_eq!(taken(&text, &[("where", "n>5"), ("rejects_input", "true")]).0, [6, 7, 8]);
}

#[test]
fn a_run_that_was_ended_goes_on_among_those_that_meet_it() {
    let folder = tempfile::tempdir().expect("a folder");
    let (input, out) = (folder.path().join("in.ndjson"), folder.path().join("out.npy"));
    let mut text = records();
    text.push_str("{\"n\":100,\"split\":\"test\",\"image\":[[\"bad\"]]}\n");
    text.push_str(&records());
    std::fs::write(&input, &text).expect("a file");
    let inputs = || Input::expand(&[&input]).expect("the input");
    for settings in
        [&[("where", "split=test")][..], &[("where", "split=test"), ("skip", "5"), ("limit", "50")]]
    {
        let whole = folder.path().join("whole.npy");
        let all = with(&[settings, &[("if_exists", "replace")]].concat());
        let run = ndpix::run(inputs(), &whole, &all, &Control::default());
        run.result.expect("a whole run");
        let stops = with(&[settings, &[("on_error", "raise")]].concat());
        let ended = ndpix::run(inputs(), &out, &stops, &Control::default());
        assert!(ended.result.is_err());
        let goes_on = ndpix::run(inputs(), &out, &with(settings), &Control::default());
        goes_on.result.expect("it goes on");
        assert_eq!(goes_on.summary.rows, run.summary.rows);
        assert_eq!(goes_on.summary.passed_over, run.summary.passed_over);
        let read = |path| std::fs::read(path).expect("an array");
        assert_eq!(read(&out), read(&whole));
        std::fs::remove_file(&out).expect("an array");
    }
}
