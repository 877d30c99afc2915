//! What belongs here: names of classes become numbers, the same whatever door, output, thread or part makes them, and the
//! output says what the numbers mean.

use std::fmt::Write;

use ndpix::{Array, Batches, Column, ColumnType, Control, Cut, Dataset, Input, Legend, Options};

use super::arrays::{load, options, said};
use super::bytes;

fn numbers(column: &Column) -> Vec<i64> {
    assert_eq!(column.kind, ColumnType::Class);
    column.values.as_chunks::<8>().0.iter().map(|bytes| i64::from_le_bytes(*bytes)).collect()
}

/// Records of which the class `late` comes only after the sample.
fn labelled(count: usize) -> String {
    let mut text = String::new();
    for i in 0..count {
        let label = match i {
            200 => "\"late\"".to_string(),
            _ if i % 7 == 3 => "null".to_string(),
            _ => format!("\"{}\"", ["cat", "dog", "\\u00e4"][i % 3]),
        };
        writeln!(text, "{{\"image\": [[{}]], \"label\": {label}}}", i % 250).expect("text");
    }
    text
}

const COLUMN: [(&str, &str); 3] =
    [("field", "image"), ("columns", "label"), ("column_type", "label=category")];

fn names(legend: &Legend) -> Vec<&str> {
    legend.names().collect()
}

#[test]
fn names_in_a_column_become_numbers() {
    let text = labelled(300);
    let loaded = load(&text, &options(&COLUMN));
    assert!(loaded.result.is_ok(), "{:?}", loaded.result);
    let (column, legend) = (&loaded.columns[0], &loaded.summary.legends[0]);
    assert_eq!((&*legend.0, names(&legend.1)), ("label", vec!["cat", "dog", "late", "ä"]));
    let all = numbers(column);
    assert_eq!((all.len(), &all[..4], all[200]), (300, &[0, 1, 3, -1][..], 2));
    assert_eq!(column.valid[..4], [true, true, true, false]);
    let json: serde_json::Value =
        serde_json::from_str(&loaded.summary.json(&Options::default())).expect("JSON");
    assert_eq!(json["legends"], serde_json::json!({"label": ["cat", "dog", "late", "ä"]}));

    // The same through the other doors.
    let control = Control::default;
    let mut seen = Vec::new();
    for batch in
        Batches::open(bytes(text.as_bytes()), &options(&COLUMN), 7, &control()).expect("batches")
    {
        seen.extend(numbers(&batch.expect("a batch").columns[0]));
    }
    assert_eq!(seen, all);
    let set = Dataset::open(bytes(text.as_bytes()), &options(&COLUMN), None, &control());
    let set = set.expect("a dataset");
    let at = |row: usize| numbers(&set.get_item(row).expect("an item").columns[0]);
    assert_eq!([at(200), at(2)], [[2], [3]]);
}

#[test]
fn names_that_are_said_have_their_place() {
    let text = labelled(300);
    let with = |types: &str| options(&[COLUMN[0], COLUMN[1], ("column_type", types)]);
    let given = with("label=category[late,ä,dog,cat]");
    let loaded = load(&text, &given);
    assert_eq!(numbers(&loaded.columns[0])[..4], [3, 2, 1, -1]);
    // Also where nothing can be read twice.
    let pipe = |options: &Options| {
        let input = Input::Reader {
            name: "pipe".into(),
            reader: Box::new(std::io::Cursor::new(text.clone().into_bytes())),
        };
        ndpix::load(vec![input], options, &Control::default())
    };
    assert_eq!(pipe(&given).columns, loaded.columns);
    let refused = pipe(&options(&COLUMN)).result.expect_err("refused").to_string();
    assert!(refused.contains("column_type label=category[A,B]"), "{refused}");
    // One that is not among them is a reject that says so.
    let mut few = with("label=category[cat,dog,ä]");
    few.set("max_rejects", "none").expect("an option");
    let loaded = load(&text, &few);
    assert_eq!(loaded.summary.rejected_images, 1);
    let first = loaded.summary.first_rejects[0].to_string();
    assert!(first.contains(":201: column label: found a class that is not named"), "{first}");
    assert!(first.contains("wanted one of 0 \"cat\", 1 \"dog\""), "{first}");
    // Whole numbers are names, too; other numbers and lists are none.
    let text = "{\"image\": [[1]], \"label\": 90}\n{\"image\": [[1]], \"label\": 7}\n{\"image\": [[1]], \"label\": \"7\"}\n";
    let loaded = load(text, &options(&COLUMN));
    assert_eq!(numbers(&loaded.columns[0]), [1, 0, 0]);
    let lists = said("{\"image\": [[1]], \"label\": [1]}\n", &options(&COLUMN));
    assert!(lists.contains("wanted strings or whole numbers"), "{lists}");
}

#[test]
fn every_output_says_what_numbers_mean() {
    let folder = tempfile::tempdir().expect("a folder");
    let source = folder.path().join("in.ndjson");
    std::fs::write(&source, labelled(300)).expect("written");
    let legend = r#""label":["cat","dog","late","ä"]"#;
    for name in ["a.npz", "a.h5", "a.zarr", "a.safetensors", "a.parquet", "a.npy"] {
        let out = folder.path().join(name);
        let control = Control::default();
        ndpix::run(vec![Input::Path(source.clone())], &out, &options(&COLUMN), &control)
            .result
            .expect(name);
        let file = match name {
            "a.zarr" => out.join("zarr.json"),
            "a.npy" => folder.path().join("a.npy.columns.parquet"),
            _ => out.clone(),
        };
        let text = String::from_utf8_lossy(&std::fs::read(file).expect(name))
            .replace([' ', '\n', '\\'], "");
        assert!(text.contains(legend), "{name}");
        // In parts, in any order, the same bytes.
        let parts = folder.path().join("parts").join(name);
        std::fs::create_dir_all(folder.path().join("parts")).expect("a folder");
        let inputs = vec![Input::Path(source.clone())];
        let plan =
            ndpix::plan(inputs, &parts, &options(&COLUMN), Cut::Bytes(3000), &control).expect(name);
        assert!(plan.parts() > 2);
        for part in (0..plan.parts()).rev() {
            plan.run(part, None, &control).expect("a part");
        }
        plan.commit(None, None, &control).result.expect("committed");
        let same = |a: &std::path::Path, b: &std::path::Path| {
            std::fs::read(a).expect("a file") == std::fs::read(b).expect("a file")
        };
        match name {
            "a.zarr" => {
                let chunk = "label/c/0";
                assert!(same(&out.join(chunk), &parts.join(chunk)), "{name}");
            }
            _ => assert!(same(&out, &parts), "{name}"),
        }
    }
}

#[test]
fn rows_are_added_where_classes_are_named() {
    let folder = tempfile::tempdir().expect("a folder");
    let write = |name: &str, labels: &[&str]| {
        let path = folder.path().join(name);
        let line = |label: &&str| format!("{{\"image\": [[1]], \"label\": \"{label}\"}}\n");
        std::fs::write(&path, labels.iter().map(line).collect::<String>()).expect("written");
        path
    };
    let (first, second) = (write("1.ndjson", &["b", "a"]), write("2.ndjson", &["c", "a"]));
    for name in ["a.npz", "a.npy", "a.parquet", "a.zarr", "a.h5", "a.safetensors"] {
        let out = folder.path().join(name);
        let append = |input: &std::path::Path, types: &str| {
            let set = [COLUMN[0], COLUMN[1], ("column_type", types), ("append", "true")];
            let run = ndpix::run(
                vec![Input::Path(input.to_path_buf())],
                &out,
                &options(&set),
                &Control::default(),
            );
            run.result.map_err(|e| format!("{e} {:?}", e.remedies()))
        };
        let error = append(&first, "label=category").expect_err("refused");
        assert!(error.contains("(\"column_type\", \"label=category[a,b]\")"), "{error}");
        append(&first, "label=category[a,b,c]").expect("rows");
        let error = append(&second, "label=category[c,b,a]").expect_err("other numbers");
        assert!(error.contains("name the same classes"), "{error}");
        append(&second, "label=category[a,b,c]").expect("more rows");
    }
}

/// A record of Labelme with shapes of these labels.
fn shapes(labels: &[&str]) -> String {
    let shape = |(i, label): (usize, &&str)| {
        format!(
            "{{\"label\": \"{label}\", \"points\": [[{i}, 0], [{}, 3]], \"shape_type\": \"rectangle\"}}",
            i + 1
        )
    };
    let all: Vec<_> = labels.iter().enumerate().map(shape).collect();
    format!("{{\"imageHeight\": 4, \"imageWidth\": 6, \"shapes\": [{}]}}\n", all.join(", "))
}

fn row(array: &Array, number: usize) -> &[u8] {
    &array.bytes[number * 24..][..6]
}

#[test]
fn masks_are_drawn_with_the_numbers_of_their_names() {
    let mut text = shapes(&["dog", "cat"]);
    text.push_str(&shapes(&["cat", "dog", "dog"]).repeat(100));
    text.push_str(&shapes(&["bird"]));
    let settings = |merge| options(&[("field", "shapes[*].points"), ("merge", merge)]);
    let loaded = load(&text, &settings("class"));
    let masks = loaded.result.expect("masks");
    let (name, legend) = &loaded.summary.legends[0];
    assert_eq!((&**name, names(legend)), ("images", vec!["bird", "cat", "dog"]));
    assert_eq!(row(&masks, 0), [3, 2, 2, 0, 0, 0]);
    assert_eq!((row(&masks, 5)[0], row(&masks, 101)[0]), (2, 1));
    let whole = [("field", "shapes[*]"), ("encoding", "polygon"), ("merge", "class")];
    let read = load(&text, &options(&whole)).result.expect("whole shapes");
    assert!(read.bytes[..] == masks.bytes[..]);
    // Said, also with others among them, and without.
    let named = load(&text, &settings("class[cat,dog,bird,cow]"));
    assert_eq!(row(&named.result.expect("masks"), 0), [2, 1, 1, 0, 0, 0]);
    let mut few = settings("class[cat,dog]");
    few.set("max_rejects", "none").expect("an option");
    let few = load(&text, &few);
    assert_eq!(few.summary.rejected_images, 1);
    let first = few.summary.first_rejects[0].to_string();
    assert!(first.contains("which is not among the classes 1 \"cat\", 2 \"dog\""), "{first}");
    // Beside images of their own name.
    let text = text.replace("\"shapes\"", "\"image\": [[1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6], [1, 2, 3, 4, 5, 6]], \"shapes\"");
    let both = load(
        &text,
        &options(&[("field", "image"), ("array", "mask=shapes[*].points,merge=class")]),
    );
    assert!(both.result.is_ok(), "{:?}", both.result);
    assert_eq!(&*both.summary.legends[0].0, "mask");
    assert_eq!(row(&both.arrays[0].1, 0), [3, 2, 2, 0, 0, 0]);
}

#[test]
fn classes_of_masks_are_numbers_where_they_are_written_so() {
    let record =
        |class: &str| format!("{{\"masks\": [{{\"m\": [[1, 0]], \"category_id\": {class}}}]}}\n");
    let text = record("3").repeat(70) + &record("\"cat\"");
    let settings = [("field", "masks[*].m"), ("merge", "class"), ("max_rejects", "none")];
    let loaded = load(&text, &options(&settings));
    assert_eq!((loaded.summary.rows, loaded.summary.rejected_images), (70, 1));
    assert!(loaded.summary.legends.is_empty());
    let first = loaded.summary.first_rejects[0].to_string();
    assert!(first.contains("name all of them"), "{first}");
    let zero = said(&record("0").repeat(2), &options(&settings[..2]));
    assert!(zero.contains("from 1 on"), "{zero}");
}

#[test]
fn one_odd_mask_costs_itself_alone() {
    let good = "{\"masks\": [{\"m\": [[1, 0]], \"label\": \"cat\"}]}\n";
    for odd in ["[\"cat\", \"dog\"]", "null", "[]", "true", "{}"] {
        let text = good.repeat(5) + &good.replace("\"cat\"", odd) + &good.repeat(5);
        let settings = [("field", "masks[*].m"), ("merge", "class"), ("max_rejects", "none")];
        let loaded = load(&text, &options(&settings));
        assert_eq!((loaded.summary.rows, loaded.summary.rejected_images), (10, 1), "{odd}");
    }
    // What is null says nothing, in the mask or beside it; digits in quotes are numbers.
    let shape = "{\"imageHeight\": 1, \"imageWidth\": 2, \"shapes\": [{\"category_id\": null, \"label\": \"cat\", \"points\": [[0, 0], [1, 0]], \"shape_type\": \"line\"}]}\n";
    for (field, encoding) in [("shapes[*]", "polygon"), ("shapes[*].points", "polygon")] {
        let settings = [("field", field), ("encoding", encoding), ("merge", "class")];
        let loaded = load(shape, &options(&settings));
        assert_eq!(loaded.result.expect(field).bytes[..], [1, 1]);
        assert_eq!(names(&loaded.summary.legends[0].1), ["cat"]);
    }
    let quoted = good.replace("\"label\": \"cat\"", "\"category_id\": \"7\"");
    let loaded = load(&quoted, &options(&[("field", "masks[*].m"), ("merge", "class")]));
    assert_eq!(loaded.result.expect("numbers").bytes[..], [7, 0]);
    assert!(loaded.summary.legends.is_empty());
}

#[test]
fn names_that_have_no_place_are_refused_before_the_work() {
    let folder = tempfile::tempdir().expect("a folder");
    let convert = |text: &str, name: &str, settings: &[(&str, &str)]| {
        let out = folder.path().join(name);
        let run = ndpix::run(bytes(text.as_bytes()), &out, &options(settings), &Control::default());
        run.result.map(|_| out).map_err(|e| e.to_string())
    };
    let many = |count: usize| {
        (0..count).fold(String::new(), |mut text, i| {
            writeln!(text, "{{\"image\": [[1]], \"label\": \"a rather long name {i:05}\"}}")
                .expect("text");
            text
        })
    };
    for count in [400, 6000] {
        for name in ["a.safetensors", "a.zarr", "a.h5", "a.parquet"] {
            let made = convert(&many(count), &format!("{count}{name}"), &COLUMN);
            assert!(made.is_ok(), "{count} {name}: {made:?}");
        }
    }
    assert!(convert(&many(400), "few.npz", &COLUMN).is_ok());
    let error = convert(&many(6000), "many.npz", &COLUMN).expect_err("too many");
    assert!(
        error.contains("bytes of names of classes") && error.contains("write .npy, .h5"),
        "{error}"
    );
    // An array beside the numbers has no other name than theirs.
    let text = "{\"image\": [[1, 2]], \"mask\": {\"legend\": 1, \"all\": [{\"m\": [[1, 0]], \"label\": \"cat\"}]}}\n";
    let both = [
        ("field", "image"),
        ("array", "mask=mask.all[*].m,merge=class"),
        ("columns", "mask.legend"),
    ];
    let error = convert(text, "twice.npz", &both).expect_err("two of a name");
    assert!(error.contains("names of classes of mask"), "{error}");
    assert!(convert(text, "twice.h5", &both).is_ok());
    // Nothing beside an .npy says what the numbers of masks are.
    let masks = "{\"masks\": [{\"m\": [[1, 0]], \"label\": \"cat\"}]}\n";
    let merged = [("field", "masks[*].m"), ("merge", "class[cat,dog]"), ("append", "true")];
    let error = convert(masks, "masks.npy", &merged).expect_err("no place");
    assert!(error.contains("write .npz"), "{error}");
    assert!(convert(masks, "masks.npz", &merged).is_ok());
}
