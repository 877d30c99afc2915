//! What belongs here: rows of several arrays belong together, whatever is rejected, whichever door, output, thread or part
//! makes them; and numbers of classes are never blended.

use std::fmt::Write;
use std::path::Path;

use ndpix::{
    Batches, Control, Cut, Dataset, ErrorKind, Input, Loaded, OnError, OnMissing, Options, Seen,
    Sight,
};

use super::bytes;

pub(super) fn options(settings: &[(&str, &str)]) -> Options {
    let mut options = Options::default();
    settings.iter().for_each(|(name, value)| options.set(name, value).expect("an option"));
    options
}

pub(super) fn load(text: &str, options: &Options) -> Loaded {
    ndpix::load(bytes(text.as_bytes()), options, &Control::default())
}

pub(super) fn said(text: &str, options: &Options) -> String {
    load(text, options).result.expect_err("refused").to_string()
}

/// Records with an image of 2 x 3 pixels, a mask of as many, and a depth of 1 x 1.
fn records(count: usize) -> String {
    let mut text = String::new();
    for i in 0..count {
        let n = i % 200;
        let image = format!("[[{n}, 1, 2], [3, 4, {n}]]");
        let mask = format!("[[0, 1, 0], [{}, 1, 0]]", i % 2);
        writeln!(text, "{{\"image\": {image}, \"label\": {{\"mask\": {mask}}}, \"d\": [[{i}.5]]}}")
            .expect("text");
    }
    text
}

fn several() -> Options {
    options(&[
        ("field", "image"),
        ("dtype", "uint8"),
        ("shape", "2,3"),
        ("array", "mask=label.mask,dtype=uint8,shape=2,3\ndepth=d,dtype=float32"),
    ])
}

#[test]
fn a_row_is_in_all_arrays_or_in_none() {
    let mut text = records(5);
    text.push_str(
        "{\"image\": [[1, 1, 1], [1, 1, 1]], \"label\": {\"mask\": [[1, 2]]}, \"d\": [[1.5]]}\n",
    );
    text.push_str("{\"image\": [[1, 1, 1], [1, 1, 1]], \"d\": [[1.5]]}\n");
    text.push_str("{\"image\": [[1, 1], [1, 1]], \"label\": {\"mask\": [[0, 1, 0], [0, 1, 0]]}, \"d\": [[1.5]]}\n");
    text.push_str(&records(1));
    let loaded = load(&text, &several());
    let images = loaded.result.expect("images");
    assert_eq!(images.shape, [6, 2, 3]);
    let (mask, depth) = (&loaded.arrays[0], &loaded.arrays[1]);
    assert_eq!((&*mask.0, &mask.1.shape[..]), ("mask", &[6, 2, 3][..]));
    assert_eq!((&*depth.0, &depth.1.shape[..]), ("depth", &[6, 1, 1][..]));
    assert_eq!(depth.1.as_slice::<f32>(), Some(&[0.5, 1.5, 2.5, 3.5, 4.5, 0.5][..]));
    let ones: Vec<u8> = mask.1.bytes.chunks(6).map(|row| row[3]).collect();
    assert_eq!(ones, [0, 1, 0, 1, 0, 0]);
    let summary = loaded.summary;
    assert_eq!((summary.records, summary.rows, summary.rejected_images), (9, 6, 3));
    let all: Vec<_> = summary.first_rejects.iter().map(ToString::to_string).collect();
    assert!(all[0].contains(":6: array mask: numbers of shape (1, 2)"), "{all:?}");
    assert!(all[1].contains(":7: array mask: it is missing"), "{all:?}");
    assert!(all[2].contains(":8: numbers of shape (2, 2)"), "{all:?}");
}

#[test]
fn fill_rows_are_filled_in_all() {
    let mut text = records(2);
    text.push_str("{\"label\": {\"mask\": [[1, 1, 1], [1, 1, 1]]}, \"d\": [[1.5]]}\n");
    text.push_str(
        "{\"image\": [[1, 1, 1], [1, 1, 1]], \"label\": {\"mask\": 7}, \"d\": [[1.5]]}\n",
    );
    text.push_str(&records(1));
    let mut options = several();
    options
        .set("array", "mask=label.mask,dtype=uint8,shape=2,3,fill_value=255\ndepth=d")
        .expect("arrays");
    options.on_missing = OnMissing::Fill;
    options.on_error = OnError::Fill.into();
    let loaded = load(&text, &options);
    assert_eq!((loaded.summary.rows, loaded.summary.filled), (5, 2));
    assert_eq!(loaded.arrays[0].1.bytes[12..24], [255; 12]);
    assert_eq!(loaded.arrays[1].1.as_slice::<f64>(), Some(&[0.5, 1.5, 0.0, 0.0, 0.5][..]));
}

#[test]
fn without_a_field_the_first_leads() {
    let text = records(3);
    let led = load(&text, &options(&[("array", "depth=d\nmask=label.mask,dtype=uint8")]));
    assert_eq!(led.result.expect("depths").shape, [3, 1, 1]);
    assert_eq!((&*led.arrays[0].0, &led.arrays[0].1.shape[..]), ("mask", &[3, 2, 3][..]));
    let named = said(&text, &options(&[("array", "depth=d"), ("dtype", "uint8")]));
    assert!(named.contains("write it to the array: depth=d,dtype=..."), "{named}");
    let alone = load(&text, &options(&[("array", "depth=d")]));
    assert!(alone.result.is_ok() && alone.arrays.is_empty());
}

#[test]
fn every_door_gives_the_same() {
    let text = records(300);
    let loaded = load(&text, &several());
    let images = loaded.result.expect("images");
    let mut all = (Vec::new(), Vec::new(), Vec::new());
    for batch in
        Batches::open(bytes(text.as_bytes()), &several(), 7, &Control::default()).expect("open")
    {
        let batch = batch.expect("a batch");
        assert_eq!(batch.arrays[0].1.shape[0], batch.lines.len());
        all.0.extend_from_slice(&batch.images.bytes);
        all.1.extend_from_slice(&batch.arrays[0].1.bytes);
        all.2.extend_from_slice(&batch.arrays[1].1.bytes);
    }
    assert!(all.0 == images.bytes[..] && all.1 == loaded.arrays[0].1.bytes[..]);
    assert!(all.2 == loaded.arrays[1].1.bytes[..]);
    let dataset =
        Dataset::open(bytes(text.as_bytes()), &several(), None, &Control::default()).expect("open");
    let item = dataset.get_items(&[5, 2]).expect("items");
    assert_eq!(item.arrays[1].1.as_slice::<f32>(), Some(&[5.5, 2.5][..]));
    let one = dataset.get_item(7).expect("an item");
    assert_eq!(
        (one.arrays[0].1.bytes[3], one.arrays[1].1.as_slice::<f32>()),
        (1, Some(&[7.5][..]))
    );
    let value = ndpix::decode(b"[[1]]", &several()).expect_err("one value");
    assert!(value.message().contains("decode reads one value"), "{value}");
}

#[test]
fn sights_are_of_the_first() {
    let seen = std::sync::Mutex::new(Vec::new());
    let sight = |sight: &Sight<'_>| {
        if let Seen::Image(picture) = &sight.seen {
            seen.lock().expect("no panic").push((picture.pixels.len(), picture.pixels[0]));
        }
    };
    let control = Control { sight: Some(&sight), ..Control::default() };
    ndpix::load(bytes(records(3).as_bytes()), &several(), &control).result.expect("images");
    assert_eq!(seen.into_inner().expect("no panic"), [(6, 0), (6, 1), (6, 2)]);
}

fn files(folder: &Path) -> Vec<(String, Vec<u8>)> {
    let mut all = Vec::new();
    for entry in std::fs::read_dir(folder).expect("a folder").flatten() {
        let name = entry.file_name().into_string().expect("a name");
        match entry.path().is_dir() {
            true => all
                .extend(files(&entry.path()).into_iter().map(|(n, b)| (format!("{name}/{n}"), b))),
            false => all.push((name, std::fs::read(entry.path()).expect("a file"))),
        }
    }
    all.sort();
    all
}

#[test]
fn every_output_is_the_same_whatever_makes_it() {
    let text = records(400);
    for name in ["a.npy", "a.npz", "a.h5", "a.zarr", "a.safetensors", "a.parquet"] {
        let mut all = Vec::new();
        for threads in [1, 4] {
            let folder = tempfile::tempdir().expect("a folder");
            let mut options = several();
            (options.threads, options.block_bytes) = (threads, Some(900));
            let out = folder.path().join(name);
            let run = ndpix::run(bytes(text.as_bytes()), &out, &options, &Control::default());
            run.result.expect(name);
            all.push(files(folder.path()));
        }
        let parts = tempfile::tempdir().expect("a folder");
        let records = tempfile::tempdir().expect("a folder");
        std::fs::write(records.path().join("bytes"), &text).expect("records");
        let inputs = Input::expand(&[records.path().join("bytes")]).expect("inputs");
        let out = parts.path().join(name);
        let plan = ndpix::plan(inputs, &out, &several(), Cut::Bytes(3000), &Control::default())
            .expect("a plan");
        let control = Control::default();
        (0..plan.parts())
            .rev()
            .for_each(|part| drop(plan.run(part, None, &control).expect("a part")));
        plan.commit(None, None, &control).result.expect("a commit");
        let made = files(parts.path());
        let names =
            |files: &[(String, Vec<u8>)]| files.iter().map(|f| f.0.clone()).collect::<Vec<_>>();
        assert_eq!(names(&all[0]), names(&all[1]), "{name}");
        assert!(all[0] == all[1], "{name}");
        for (file, bytes) in &all[0] {
            let same = made.iter().find(|(other, _)| other == file);
            assert!(same.is_some_and(|(_, other)| other == bytes), "{name}: {file} of parts");
        }
    }
}

#[test]
fn npy_has_a_file_for_each_and_old_ones_go() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("a.npy");
    let mut options = several();
    let run = |options: &Options| {
        ndpix::run(bytes(records(3).as_bytes()), &out, options, &Control::default())
    };
    run(&options).result.expect("arrays");
    let names = || files(folder.path()).into_iter().map(|f| f.0).collect::<Vec<_>>();
    assert_eq!(names(), ["a.npy", "a.npy.depth.npy", "a.npy.mask.npy"]);
    options.set("if_exists", "replace").expect("a word");
    let own = folder.path().join("a.npy.mine.npy");
    std::fs::write(&own, "a file of somebody's").expect("a file");
    options.arrays.pop();
    run(&options).result.expect("arrays");
    assert_eq!(names(), ["a.npy", "a.npy.mask.npy", "a.npy.mine.npy"]);
    std::fs::remove_file(own).expect("removed");
    options.arrays.clear();
    run(&options).result.expect("an array");
    assert_eq!(names(), ["a.npy"]);
}

#[test]
fn classes_are_not_blended_unless_that_is_said() {
    let text = records(3);
    let sized = |array: &str| {
        options(&[("field", "image"), ("dtype", "uint8"), ("size", "4,6"), ("array", array)])
    };
    let refused = said(&text, &sized("mask=label.mask,dtype=uint8"));
    assert!(refused.contains("mask=label.mask,dtype=uint8,resample=nearest"), "{refused}");
    let loaded = load(&text, &sized("mask=label.mask,dtype=uint8,resample=nearest"));
    assert!(loaded.result.is_ok());
    assert!(loaded.arrays[0].1.bytes.iter().all(|class| *class < 2));
    assert_eq!(loaded.arrays[0].1.shape, [3, 4, 6]);
    // Numbers with fractions are no classes.
    let text = "{\"image\": [[1, 2]], \"d\": [[0.5, 1.0]]}\n";
    let depth = options(&[("field", "image"), ("dtype", "uint8"), ("size", "2,4"), ("array", "d")]);
    assert!(load(text, &depth).result.is_ok());
}

#[test]
fn what_is_drawn_is_as_large_as_its_image() {
    let text = "{\"image\": [[1, 2, 3], [4, 5, 6]], \"annotation\": {\"segmentation\": [[0, 0, 2, 0, 2, 2, 0, 2]], \"iscrowd\": 0}}\n";
    let of = |array: &str| options(&[("field", "image"), ("array", array)]);
    let loaded = load(text, &of("mask=annotation.segmentation,encoding=polygon"));
    assert!(loaded.result.is_ok());
    assert_eq!(
        (&loaded.arrays[0].1.shape[..], &loaded.arrays[0].1.bytes[..]),
        (&[1, 2, 3][..], &[1, 1, 0, 1, 1, 0][..])
    );
    let found = load(text, &of("mask=annotation.segmentation"));
    assert_eq!(found.arrays[0].1.bytes[..], loaded.arrays[0].1.bytes[..]);
}

/// Records with an image of 4 x 4 pixels and so many squares of 2 x 2, each one to the right and down.
fn squares(counts: &[usize]) -> String {
    let mut text = String::new();
    for count in counts {
        let square = |n: usize| {
            let [a, b] = [n, n + 2];
            format!(
                "{{\"segmentation\": [[{a}, {a}, {b}, {a}, {b}, {b}, {a}, {b}]], \"category_id\": {}, \"iscrowd\": 0}}",
                10 * n + 7
            )
        };
        let all: Vec<_> = (0..*count).map(square).collect();
        let image = "[[1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4], [1, 2, 3, 4]]";
        writeln!(text, "{{\"image\": {image}, \"annotations\": [{}]}}", all.join(", "))
            .expect("text");
    }
    text
}

#[test]
fn masks_of_a_record_become_one() {
    let text = squares(&[2, 0, 1]);
    let of = |merge: &str| {
        let array = format!("mask=annotations[*].segmentation,merge={merge}");
        let loaded = load(&text, &options(&[("field", "image"), ("array", &array)]));
        assert!(loaded.result.is_ok(), "{merge}: {:?}", loaded.result);
        assert_eq!(loaded.summary.overlapping, 1);
        (loaded.arrays[0].1.shape.clone(), loaded.arrays[0].1.bytes.to_vec())
    };
    let first = |[a, b]: [u8; 2]| [a, a, 0, 0, a, b, b, 0, 0, b, b, 0, 0, 0, 0, 0];
    let (shape, bytes) = of("class");
    assert_eq!(shape, [3, 4, 4]);
    assert_eq!(bytes[..16], first([7, 17]));
    assert_eq!(bytes[16..32], [0; 16]);
    assert_eq!(bytes[32..38], [7, 7, 0, 0, 7, 7]);
    assert_eq!(of("instance").1[..16], first([1, 2]));
    assert_eq!(of("any").1[..16], first([1, 1]));
    // Without it there are more masks than images.
    let each = load(
        &text,
        &options(&[
            ("field", "image"),
            ("array", "mask=annotations[*].segmentation"),
            ("max_rejects", "none"),
        ]),
    );
    assert_eq!((each.summary.rows, each.summary.rejected_images), (1, 2));
    // Alone the masks are the images.
    let alone = load(
        &text,
        &options(&[
            ("field", "annotations[*].segmentation"),
            ("raw_shape", "4,4"),
            ("merge", "instance"),
        ]),
    );
    assert_eq!((alone.summary.rows, alone.summary.without_image), (2, 1));
    assert_eq!(alone.result.expect("masks").bytes[..16], first([1, 2]));
}

#[test]
fn what_cannot_be_merged_is_refused_or_rejected() {
    let mask = |merge: &str| {
        options(&[("field", "masks[*].m"), ("merge", merge), ("max_rejects", "none")])
    };
    let reject =
        |text: &str, options: &Options| load(text, options).summary.first_rejects[0].to_string();
    let good = "{\"masks\": [{\"m\": [[1, 0]], \"class\": 3}]}\n";
    for (text, merge, wanted) in [
        ("{\"masks\": [{\"m\": [[1, 0]], \"class\": 0}]}", "class", "0 is what no mask covers"),
        ("{\"masks\": [{\"m\": [[1, 0]], \"class\": \"cat\"}]}", "class", "name all of them"),
        ("{\"masks\": [{\"m\": [[1, 0]], \"class\": 256}]}", "class", "pass dtype uint16"),
        ("{\"masks\": [{\"m\": [[1, 0]]}]}", "class", "has no class in or beside it"),
        (
            "{\"masks\": [{\"m\": [[1, 0]]}, {\"m\": [[1]]}]}",
            "any",
            "masks that are merged have one size",
        ),
    ] {
        let said = reject(&format!("{good}{text}\n"), &mask(merge));
        assert!(said.contains(wanted), "{said}");
    }
    let many = format!("{{\"masks\": [{}]}}", vec!["{\"m\": [[1, 0]]}"; 40].join(", "));
    let small = mask("any").with("max_pixels", "4").expect("a limit");
    let said = reject(&format!("{good}{many}"), &small);
    assert!(said.contains("40 masks of 1x2 have more than 16 times"), "{said}");
    let wide = load(
        "{\"masks\": [{\"m\": [[1, 0]], \"class\": 300}]}",
        &mask("class").with("dtype", "uint16").expect("a dtype"),
    );
    assert_eq!(wide.result.expect("masks").as_slice::<u16>(), Some(&[300, 0][..]));
    for (option, value) in [("frames", "all"), ("dtype", "float32"), ("resample", "bicubic")] {
        assert!(
            mask("any").with(option, value).expect("an option").validate().is_err(),
            "{option}"
        );
    }
}

#[test]
fn what_cannot_stand_together_is_refused() {
    for (more, wanted) in [
        (("ragged", "pad"), "ragged"),
        (("append", "true"), "append"),
        (("images_as", "encoded"), "images_as"),
        (("columns", "mask"), "an array and a column"),
    ] {
        let mut options = several();
        options.set(more.0, more.1).expect("an option");
        let error = options.validate().expect_err("refused");
        assert_eq!(error.kind(), ErrorKind::Options);
        assert!(error.message().contains(wanted), "{error}");
    }
    let nothing = said(&records(2), &options(&[("field", "image"), ("array", "mask=labels.mask")]));
    assert!(nothing.contains("array mask") && nothing.contains("label"), "{nothing}");
}
