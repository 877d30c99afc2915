//! What belongs here: that a run which cannot go on ends, with the first cause, and leaves no file
//! under the final name.

use std::io::{self, Cursor, Read};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use ndpix::{Control, ErrorKind, Input, OnError, Options, Rejects};

use super::{base64, bytes, convert, convert_with, raw};

const SHAPE: &str = "32,32,3";

fn records(n: usize) -> String {
    let image = |i: usize| base64(&[i as u8; 32 * 32 * 3]);
    (0..n).map(|i| format!("{{\"id\":{i},\"image\":\"{}\"}}\n", image(i))).collect()
}

fn with_threads(threads: usize) -> Options {
    options! { threads, ..raw(SHAPE) }
}

/// Gives its text in small reads and then does something else.
struct Then<F>(Cursor<Vec<u8>>, F);

impl<F: FnMut() -> io::Result<usize>> Read for Then<F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(60_000);
        match self.0.read(&mut buf[..most])? {
            0 => (self.1)(),
            n => Ok(n),
        }
    }
}

fn input<F>(text: String, then: F) -> Vec<Input>
where
    F: FnMut() -> io::Result<usize> + Send + 'static,
{
    let reader = Box::new(Then(Cursor::new(text.into_bytes()), then));
    vec![Input::Reader { name: "pipe".to_string(), reader }]
}

#[test]
fn a_reader_that_fails() {
    // Before the first record, in the sample, after it.
    for n in [0, 10, 1500] {
        for threads in [1, 8] {
            let broken = input(records(n), || Err(io::Error::other("cable cut")));
            let done = convert(broken, &with_threads(threads));
            let error = done.run.result.as_ref().expect_err("fails");
            assert_eq!(error.kind(), ErrorKind::Io);
            assert!(error.message().contains("pipe: cable cut"), "{error}");
            assert_eq!(done.run.summary.rows, n as u64, "what came before is committed");
            assert!(done.file("").is_none(), "no file under the final name");
            assert!(done.file(".rows.npy").is_none());
        }
    }
}

#[test]
fn a_reader_that_panics_behind_the_sample() {
    for threads in [1, 8] {
        let broken = input(records(1500), || panic!("a panic that the test wants"));
        let done = convert(broken, &with_threads(threads));
        let error = done.run.result.as_ref().expect_err("fails");
        assert!(error.message().contains("a bug in ndpix"), "{error}");
        assert!(done.file("").is_none());
    }
}

#[test]
fn the_first_cause_is_the_error() {
    // The record that ends the run stands before the place where the reader fails.
    for threads in [1, 8] {
        let text = records(1500) + "{\"image\":\n" + &records(100);
        let broken = input(text, || Err(io::Error::other("cable cut")));
        let options = options! { on_error: OnError::Raise.into(), ..with_threads(threads) };
        let error = convert(broken, &options).run.result.expect_err("fails");
        assert_eq!(error.kind(), ErrorKind::Json);
        assert_eq!(error.position().expect("a position").line, 1501);
    }
}

#[test]
fn raise_stops_at_the_same_record() {
    let mut text = records(700);
    text += "{\"image\":\"AAAA\"}\n";
    text += &records(300);
    text += "no json\n";
    text += &records(300);
    let ended = |threads| {
        let options = options! { on_error: OnError::Raise.into(), ..with_threads(threads) };
        let done = convert(bytes(text.as_bytes()), &options);
        let error = done.run.result.as_ref().expect_err("raised").to_string();
        assert!(done.file("").is_none());
        let s = &done.run.summary;
        let rejects = done.file(".rejects.ndjson");
        (error, s.rows, s.records, s.rejected(), rejects, done.file(".partial"))
    };
    let one = ended(1);
    assert!(one.0.starts_with("bytes:701: "), "{}", one.0);
    assert_eq!((one.1, one.2, one.3), (700, 701, 1));
    for threads in [2, 8] {
        assert!(ended(threads) == one, "{threads} threads");
    }
}

#[test]
fn stop_before_the_start() {
    for threads in [1, 8] {
        let control = Control { stop: Arc::new(AtomicBool::new(true)), ..Control::default() };
        let text = records(300);
        let done = convert_with(bytes(text.as_bytes()), &with_threads(threads), &control);
        assert!(done.run.result.is_err());
        assert!(done.run.summary.interrupted);
        assert_eq!(done.run.summary.rows, 0);
        assert!(done.file("").is_none());
    }
}

#[test]
fn stop_on_the_way() {
    for threads in [1, 8] {
        let stop = Arc::new(AtomicBool::new(false));
        let control = Control { stop: Arc::clone(&stop), ..Control::default() };
        // An endless input: only the flag ends it.
        let (more, mut at) = (records(100).into_bytes(), 0);
        let endless = Endless {
            next: move || {
                at += 1;
                if at == 50 {
                    stop.store(true, Ordering::Relaxed);
                }
                more.clone()
            },
            left: Cursor::default(),
        };
        let inputs = vec![Input::Reader { name: "pipe".to_string(), reader: Box::new(endless) }];
        let done = convert_with(inputs, &with_threads(threads), &control);
        assert!(done.run.result.is_err());
        assert!(done.run.summary.interrupted);
        assert!(done.run.summary.rows > 0);
        assert!(done.file("").is_none());
    }
}

struct Endless<F> {
    next: F,
    left: Cursor<Vec<u8>>,
}

impl<F: FnMut() -> Vec<u8>> Read for Endless<F> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.left.read(buf)? {
            0 => {
                self.left = Cursor::new((self.next)());
                self.left.read(buf)
            }
            n => Ok(n),
        }
    }
}

/// Text, and a folder that goes when it is read.
struct Losing {
    folder: std::path::PathBuf,
    text: Cursor<Vec<u8>>,
}

impl Read for Losing {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let _ = std::fs::remove_dir(&self.folder);
        self.text.read(buf)
    }
}

#[test]
fn an_output_that_fails() {
    let folder = tempfile::tempdir().expect("a folder");
    for threads in [1, 8] {
        // The rejects file cannot be made; that shows at the first reject, in the middle.
        let lost = folder.path().join("lost");
        std::fs::create_dir(&lost).expect("a folder");
        let options =
            options! { rejects: Rejects::Path(lost.join("x.ndjson")), ..with_threads(threads) };
        let text = records(700) + "no json\n" + &records(700);
        let reader = Losing { folder: lost, text: Cursor::new(text.into_bytes()) };
        let input = Input::Reader { name: "text".into(), reader: Box::new(reader) };
        let done = convert(vec![input], &options);
        assert_eq!(done.run.result.as_ref().expect_err("fails").kind(), ErrorKind::Io);
        assert_eq!(done.run.summary.records, 701);
        assert!(done.file("").is_none());
    }
    let out = folder.path().join("no/such/folder/x.npy");
    let run = ndpix::run(bytes(records(3).as_bytes()), &out, &raw(SHAPE), &Control::default());
    assert_eq!(run.result.expect_err("fails").kind(), ErrorKind::Options);
}

#[test]
fn a_caller_that_leaves_early() {
    for threads in [1, 8] {
        let mut seen = 0;
        let text = records(1500);
        let left = ndpix::each(bytes(text.as_bytes()), &with_threads(threads), |_| {
            seen += 1;
            match seen {
                100 => Err(ndpix::Error::new(ErrorKind::Io, "enough")),
                _ => Ok(()),
            }
        });
        assert_eq!(left.expect_err("left").message(), "enough");
        assert_eq!(seen, 100);
    }
}

#[test]
fn an_input_that_is_not_there() {
    // It is known before the work on the others begins.
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("in.ndjson");
    std::fs::write(&path, records(3)).expect("written");
    let inputs = vec![Input::Path(path), Input::Path(folder.path().join("none.ndjson"))];
    let done = convert(inputs, &with_threads(1));
    let error = done.run.result.as_ref().expect_err("fails");
    assert!(error.message().contains("cannot open"), "{error}");
    assert_eq!((error.kind(), done.run.summary.records), (ErrorKind::Io, 0));
    assert!(done.file(".partial").is_none());
}

#[test]
fn a_file_that_becomes_shorter() {
    for threads in [1, 8] {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("in.ndjson");
        std::fs::write(&path, records(1500)).expect("written");
        let cut = || {
            let file = std::fs::File::options().write(true).open(&path).expect("opened");
            file.set_len(5_000_000).expect("cut");
        };
        let started = |_, _| cut();
        let control = Control { started: Some(&started), ..Control::default() };
        let done = convert_with(vec![Input::Path(path.clone())], &with_threads(threads), &control);
        let error = done.run.result.as_ref().expect_err("fails");
        assert_eq!(error.kind(), ErrorKind::Io);
        assert!(error.message().contains("only 5000000 could be read"), "{error}");
        assert!(done.file("").is_none());
    }
}
