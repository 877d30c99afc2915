//! What belongs here: objects of a store as inputs. The store is a map in this process; that objects are read as
//! files are, and that those which change are refused, does not depend on whose store it is.

mod outputs;

use std::collections::BTreeMap;
use std::fs;
use std::io::{self, Cursor, Read, Write};
use std::path::Path;
use std::sync::{Arc, Mutex, Once, PoisonError};

use flate2::Compression;
use flate2::write::GzEncoder;
use ndpix::{Control, Cut, Dataset, Error, ErrorKind, Input, Object, Options, Plan, Stores};

use crate::base64;

type Map = BTreeMap<String, Arc<Vec<u8>>>;

static OBJECTS: Mutex<Map> = Mutex::new(BTreeMap::new());

pub(crate) fn with<R>(act: impl FnOnce(&mut Map) -> R) -> R {
    act(&mut OBJECTS.lock().unwrap_or_else(PoisonError::into_inner))
}

/// Puts an object where all tests of this process find it.
pub(crate) fn put(address: &str, bytes: &[u8]) {
    static ONCE: Once = Once::new();
    ONCE.call_once(|| ndpix::set_stores(Box::new(Memory)));
    with(|map| map.insert(address.to_string(), Arc::new(bytes.to_vec())));
}

/// The stores of this process.
struct Memory;

/// An object as it was when it was looked for.
struct Kept {
    name: String,
    bytes: Arc<Vec<u8>>,
    tag: String,
}

impl Object for Kept {
    fn name(&self) -> &str {
        &self.name
    }

    fn size(&self) -> u64 {
        self.bytes.len() as u64
    }

    fn tag(&self) -> &str {
        &self.tag
    }

    fn open(&self, from: u64, to: u64) -> io::Result<Box<dyn Read + Send>> {
        let now = with(|map| map.get(&self.name).cloned());
        if now.is_none_or(|now| tag(&now) != self.tag) {
            return Err(io::Error::other("it has changed since it was looked at; run it again"));
        }
        let bytes = self.bytes[from as usize..to as usize].to_vec();
        Ok(Box::new(Cursor::new(bytes)))
    }
}

fn tag(bytes: &[u8]) -> String {
    let sum = bytes.iter().fold(0u64, |sum, b| sum.wrapping_mul(31).wrapping_add(u64::from(*b)));
    format!("{sum:x}")
}

impl Stores for Memory {
    fn find(&self, address: &str) -> io::Result<Vec<Arc<dyn Object>>> {
        let (first, last) = address.split_once('*').unwrap_or((address, ""));
        let is_it = |name: &str| match address.contains('*') {
            true => name.starts_with(first) && name.ends_with(last),
            false => name == address,
        };
        let kept = |(name, bytes): (&String, &Arc<Vec<u8>>)| {
            let kept = Kept { name: name.clone(), bytes: Arc::clone(bytes), tag: tag(bytes) };
            Arc::new(kept) as Arc<dyn Object>
        };
        let found: Vec<_> = with(|map| map.iter().filter(|(n, _)| is_it(n)).map(kept).collect());
        if found.is_empty() { Err(io::ErrorKind::NotFound.into()) } else { Ok(found) }
    }

    fn list(&self, folder: &str) -> io::Result<Vec<(String, u64)>> {
        let all = with(|map| map.iter().map(|(n, b)| (n.clone(), b.len() as u64)).collect());
        let all: Vec<(String, u64)> = all;
        Ok(all.into_iter().filter(|(name, _)| name.starts_with(folder)).collect())
    }

    fn put(&self, file: &Path, address: &str, create: bool) -> io::Result<bool> {
        let bytes = Arc::new(fs::read(file)?);
        Ok(with(|map| {
            if create && map.contains_key(address) {
                return false;
            }
            map.insert(address.to_string(), bytes);
            true
        }))
    }

    fn remove(&self, addresses: &[String]) -> io::Result<()> {
        with(|map| addresses.iter().for_each(|address| drop(map.remove(address))));
        Ok(())
    }
}

fn records(count: usize) -> String {
    let line = |n: usize| {
        let mut file = b"P5 4 3 255\n".to_vec();
        file.extend((0..12).map(|i| (n * 31 + i) as u8));
        format!("{{\"image\":\"{}\",\"n\":{n}}}\n", base64(&file))
    };
    (0..count).map(line).collect()
}

fn gzip(text: &str) -> Vec<u8> {
    let mut out = GzEncoder::new(Vec::new(), Compression::fast());
    out.write_all(text.as_bytes()).expect("in memory");
    out.finish().expect("in memory")
}

fn found(address: &str) -> Vec<Input> {
    Input::expand(&[address]).expect("found")
}

fn pixels(inputs: Vec<Input>) -> Vec<u8> {
    let loaded = ndpix::load(inputs, &Options::default(), &Control::default());
    loaded.result.expect("loaded").bytes.to_vec()
}

#[test]
fn objects_are_read_as_files_are() {
    let text = records(300);
    put("kept://read/a.ndjson", text.as_bytes());
    put("kept://read/b.ndjson.gz", &gzip(&text));
    put("kept://read/c.ndjson", b"");
    let alone = pixels(vec![Input::bytes(&text)]);
    for name in ["kept://read/a.ndjson", "kept://read/b.ndjson.gz"] {
        assert_eq!(pixels(found(name)), alone, "{name}");
    }
    let all = found("kept://read/*");
    let names: Vec<_> = all.iter().map(|input| input.name().to_string()).collect();
    let wanted = ["kept://read/a.ndjson", "kept://read/b.ndjson.gz", "kept://read/c.ndjson"];
    assert_eq!(names, wanted);
    assert_eq!(pixels(all), [&alone[..], &alone].concat());

    // A folder is its records.
    let names: Vec<_> =
        found("kept://read/").iter().map(|input| input.name().to_string()).collect();
    assert_eq!(names, wanted);

    let open = || {
        Dataset::open(found("kept://read/a.ndjson"), &Options::default(), None, &Control::default())
    };
    let dataset = open().expect("opened");
    assert_eq!(dataset.len(), 300);
    let item = dataset.get(7).expect("an image");
    assert_eq!(item.bytes.to_vec(), alone[7 * 12..8 * 12]);
    let index = dataset.index();
    put("kept://read/a.ndjson", records(301).as_bytes());
    let error = dataset.get(7).expect_err("another object").to_string();
    assert!(error.contains("cannot read kept://read/a.ndjson: it has changed"), "{error}");
    let again = Dataset::with_index(found("kept://read/a.ndjson"), &Options::default(), &index);
    assert!(again.expect_err("another object").to_string().contains("has changed"));
}

#[test]
fn paths_in_records_of_an_object_have_no_folder() {
    put("kept://paths/a.ndjson", b"{\"image\":\"a.png\"}\n");
    let options = Options::default().with("encoding", "path").expect("an option");
    let options = options.with("field", "image").expect("an option");
    let said = |inputs| {
        let loaded = ndpix::load(inputs, &options, &Control::default());
        loaded.result.map(drop).expect_err("no folder").to_string()
    };
    let of_object = said(found("kept://paths/a.ndjson")).replace("kept://paths/a.ndjson", "bytes");
    assert_eq!(of_object, said(vec![Input::bytes("{\"image\":\"a.png\"}\n")]));
    assert!(of_object.contains("base_dir"), "{of_object}");
}

/// Every file of a folder.
#[test]
fn images_in_buckets_that_are_named_are_fetched() {
    put("kept://images/a.png", b"P5 1 1 255\na");
    put("kept://images/b.png", b"P5 1 1 255\nb");
    put("kept://other/c.png", b"P5 1 1 255\nc");
    let records = |names: &[&str]| {
        let line = |name: &&str| format!("{{\"image\": \"{name}\"}}\n");
        vec![Input::bytes(names.iter().map(line).collect::<String>())]
    };
    let mut options = Options::default();
    options.fetch = ndpix::Fetch::Https;
    let all =
        ["kept://images/b.png", "kept://images/a.png", "kept://images/*.png", "kept://other/c.png"];
    let closed = ndpix::load(records(&all[..2]), &options, &Control::default());
    assert_eq!(closed.result.expect_err("no bucket is named").kind(), ErrorKind::Plan);
    options.allow_host = vec!["kept://images".into()];
    options.max_rejects = Some(ndpix::MaxRejects::None);
    let loaded = ndpix::load(records(&all), &options, &Control::default());
    assert_eq!(loaded.result.expect("two images").bytes[..], *b"ba");
    let rejects: Vec<_> = loaded.summary.rejects.iter().collect();
    assert_eq!(rejects, [(&ErrorKind::Path, &1), (&ErrorKind::Fetch, &1)]);
}

fn files(folder: &Path) -> BTreeMap<String, Vec<u8>> {
    let all = fs::read_dir(folder).expect("a folder").flatten();
    all.map(|entry| {
        let name = entry.file_name().to_string_lossy().into_owned();
        (name, fs::read(entry.path()).expect("a file"))
    })
    .collect()
}

#[test]
fn a_plan_of_objects_finds_them_again_and_refuses_others() {
    let text = records(300);
    put("kept://plan/a.ndjson", text.as_bytes());
    put("kept://plan/b.ndjson.gz", &gzip(&text));
    let options = Options::default().with("columns", "n").expect("an option");
    let (whole, parts) =
        (tempfile::tempdir().expect("a folder"), tempfile::tempdir().expect("a folder"));
    let run = ndpix::run(
        found("kept://plan/*"),
        &whole.path().join("a.npy"),
        &options,
        &Control::default(),
    );
    run.result.expect("converted");
    let out = parts.path().join("a.npy");
    let made =
        ndpix::plan(found("kept://plan/*"), &out, &options, Cut::Bytes(3000), &Control::default());
    let text_of_plan = made.and_then(|plan| plan.to_json()).expect("planned");
    let plan = Plan::from_json(&text_of_plan).expect("a plan");
    assert!(plan.parts() > 3, "lines of objects are cut");
    for part in (0..plan.parts()).rev() {
        plan.run(part, None, &Control::default()).expect("a part");
    }
    plan.commit(None, None, &Control::default()).result.expect("committed");
    assert_eq!(files(parts.path()), files(whole.path()));

    // As long as it was, with the same ends.
    let mut other = text.into_bytes();
    let middle = other.len() / 2;
    let digit = other[middle..].iter().position(u8::is_ascii_digit).expect("a number") + middle;
    other[digit] ^= 1;
    put("kept://plan/a.ndjson", &other);
    let error = plan.run(0, None, &Control::default()).expect_err("another object");
    assert_eq!(error.kind(), ErrorKind::Plan);
    assert!(error.to_string().contains("kept://plan/a.ndjson has other bytes"), "{error}");
    with(|map| map.remove("kept://plan/a.ndjson"));
    let error: Error = plan.run(0, None, &Control::default()).expect_err("no object");
    assert_eq!(error.kind(), ErrorKind::Io);
    assert!(
        error.to_string().contains("cannot read kept://plan/a.ndjson, which the plan names"),
        "{error}"
    );
}

#[test]
fn an_object_that_changes_on_the_way_ends_the_run() {
    let text = records(300);
    put("kept://change/a.ndjson", text.as_bytes());
    put("kept://change/b.ndjson", text.as_bytes());
    let inputs = found("kept://change/*");
    put("kept://change/b.ndjson", records(10).as_bytes());
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("a.npy");
    let error = ndpix::run(inputs, &out, &Options::default(), &Control::default()).result;
    let error = error.expect_err("another object").to_string();
    assert!(error.contains("cannot open kept://change/b.ndjson: it has changed"), "{error}");
    assert!(!out.exists());
}
