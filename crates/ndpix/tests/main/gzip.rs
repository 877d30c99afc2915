//! What belongs here: inputs of gzip read at random, equal to the same records in a plain file.

use std::fs;
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};

use flate2::Compression;
use flate2::write::GzEncoder;
use ndpix::{Control, Dataset, ErrorKind, Input, Options};

use crate::random::Random;

/// 600 records of about 8 KB of text that hardly packs.
fn records() -> Vec<u8> {
    let mut random = Random::new(7);
    let record = |i: usize, bytes: Vec<u8>| {
        format!("{{\"image\": \"{}\", \"id\": {i}}}\n", super::base64(&bytes))
    };
    (0..600).map(|i| record(i, random.bytes(6000))).collect::<String>().into_bytes()
}

fn packed(path: &Path, text: &[u8], member: usize) {
    use std::io::Write;
    let mut all = Vec::new();
    for text in text.chunks(member) {
        let mut packer = GzEncoder::new(&mut all, Compression::new(6));
        packer.write_all(text).and_then(|()| packer.finish().map(drop)).expect("in memory");
    }
    fs::write(path, all).expect("written");
}

fn options() -> Options {
    let mut options = super::raw("60,100,1");
    options.set("columns", "id").expect("a column");
    options.set("threads", "3").expect("threads");
    options
}

#[test]
fn gzip_gives_the_images_of_the_plain_file() {
    let folder = tempfile::tempdir().expect("a folder");
    let at = |name: &str| folder.path().join(name);
    let text = records();
    fs::write(at("a.ndjson"), &text).expect("written");
    packed(&at("a.gz"), &text, usize::MAX);
    packed(&at("b.gz"), &text, 300_001);
    let open = |inputs: Vec<Input>| {
        Dataset::open(inputs, &options(), None, &Control::default()).expect("a dataset")
    };
    let plain = open(vec![Input::Path(at("a.ndjson"))]);
    let bytes = fs::read(at("b.gz")).expect("a file");
    for inputs in [
        vec![Input::Path(at("a.gz"))],
        vec![Input::Path(at("b.gz"))],
        vec![Input::Bytes(bytes.into())],
        vec![Input::Path(at("b.gz")), Input::Path(at("a.ndjson")), Input::Path(at("a.gz"))],
    ] {
        let dataset = open(inputs);
        assert_eq!(dataset.len() % 600, 0);
        let mut random = Random::new(1);
        let numbers: Vec<usize> = (0..500).map(|_| random.below(dataset.len())).collect();
        let of_plain: Vec<usize> = numbers.iter().map(|n| n % 600).collect();
        let (found, want) = (dataset.get_items(&numbers), plain.get_items(&of_plain));
        let (found, want) = (found.expect("images"), want.expect("images"));
        assert!(found.images.bytes[..] == want.images.bytes[..] && found.columns == want.columns);
        for n in (0..600).rev().step_by(37).chain(0..20) {
            let (found, want) =
                (dataset.get_item(n).expect("one"), plain.get_item(n).expect("one"));
            assert!(
                found.images.bytes[..] == want.images.bytes[..] && found.columns == want.columns
            );
            assert_eq!(dataset.position(n).map(|p| p.byte), plain.position(n).map(|p| p.byte));
        }
        assert!(dataset.check(true, &Control::default()).expect("checked").is_empty());
    }
}

#[test]
fn the_index_of_gzip_is_made_once() {
    let folder = tempfile::tempdir().expect("a folder");
    let (path, index) = (folder.path().join("a.gz"), folder.path().join("index"));
    packed(&path, &records(), usize::MAX);
    let input = || vec![Input::Path(path.clone())];
    let surveys = AtomicBool::new(false);
    let started = |_, _| surveys.store(true, Ordering::Relaxed);
    let control = Control { started: Some(&started), ..Control::default() };
    let first = Dataset::open(input(), &options(), Some(&index), &control).expect("a dataset");
    assert!(surveys.swap(false, Ordering::Relaxed));
    let written = fs::read(&index).expect("an index");
    // 5 MB of text: a mark for each MiB, each with 32 KiB.
    assert!((100_000..300_000).contains(&written.len()), "{}", written.len());
    assert!(written == first.index());
    let again = Dataset::open(input(), &options(), Some(&index), &control).expect("a dataset");
    let pickled = Dataset::with_index(input(), &options(), &written).expect("a dataset");
    assert!(!surveys.load(Ordering::Relaxed), "it was read, and not made");
    for n in [599, 0, 300] {
        let want = first.get(n).expect("an image");
        assert!(again.get(n).expect("an image").bytes[..] == want.bytes[..]);
        assert!(pickled.get(n).expect("an image").bytes[..] == want.bytes[..]);
    }
    // Marks that are not whole are made again.
    fs::write(&index, &written[..written.len() - 1000]).expect("written");
    let made = Dataset::open(input(), &options(), Some(&index), &control).expect("a dataset");
    assert!(surveys.load(Ordering::Relaxed) && made.index() == written);
    packed(&path, &records()[..3_000_000], usize::MAX);
    let changed = first.get(0).expect_err("it has changed");
    assert!(changed.message().contains("has changed since it was indexed"), "{changed}");
}

#[test]
fn other_compressions_are_refused_and_damage_is_found() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("a.gz");
    let open = || {
        let input = vec![Input::Path(path.clone())];
        Dataset::open(input, &options(), None, &Control::default()).expect_err("refused")
    };
    packed(&path, &records(), usize::MAX);
    let whole = fs::read(&path).expect("a file");
    packed(&path, &whole, usize::MAX);
    assert!(open().message().contains("compressed (twice)"), "{}", open());
    fs::write(&path, &whole[..whole.len() / 2]).expect("written");
    assert_eq!(open().kind(), ErrorKind::Encoding);
    fs::write(&path, b"\xfd7zXZ\0 and so on").expect("written");
    assert!(open().message().contains("compressed (xz)"), "{}", open());
}
