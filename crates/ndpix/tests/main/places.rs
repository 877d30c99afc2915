//! What belongs here: images that stand in one of several places of a record (`a|b`, `*`, `**`, elements
//! by their names) are found in all of them, in record order, whatever asks.

use ndpix::{Batches, Control, Dataset, Encoding, OnMissing, Options, Stack};

use super::{base64, bytes, convert, raw};

/// An image of 1 x 1 pixels, raw.
fn image(pixel: u8) -> String {
    base64(&[pixel])
}

/// As a PGM file.
fn file(pixel: u8) -> String {
    base64(&[b"P5 1 1 255\n", &[pixel][..]].concat())
}

fn at(field: &str) -> Options {
    options! { field: Some(field.parse().expect(field)), ..raw("1,1") }
}

/// The pixels of all images, one each.
fn pixels(text: &str, options: &Options) -> Vec<u8> {
    let loaded = ndpix::load(bytes(text.as_bytes()), options, &Control::default());
    loaded.result.unwrap_or_else(|e| panic!("{text}: {e}")).bytes.to_vec()
}

#[test]
fn the_first_alternative_that_is_there_counts() {
    let text = format!(
        r#"{{"b":"{}","a":"{}"}}
{{"b":"{}"}}
{{"b":"{}","a":null}}
{{"a":"","b":"{}"}}
{{"a":[],"b":"{}"}}
{{"a":"","b":null}}
{{"c":"{}"}}
{{"a":"{}","b":[1]}}
"#,
        image(1),
        image(2),
        image(3),
        image(4),
        image(5),
        image(6),
        image(7),
        image(8)
    );
    assert_eq!(pixels(&text, &at("a|b")), [2, 3, 4, 5, 6, 8]);
    let done = convert(bytes(text.as_bytes()), &at("b|c"));
    assert_eq!((done.run.summary.rows, done.reject_kinds()), (6, vec!["field".to_string()]));
}

#[test]
fn alternatives_of_one_list_are_chosen_for_each_element() {
    let text = format!(
        r#"{{"m":[{{"u":{{"url":"{}"}}}},{{"s":"{}","u":"{}"}},{{"s":"{}"}},{{"t":1}}],"x":"{}"}}"#,
        image(1),
        image(2),
        image(3),
        image(4),
        image(5),
    );
    assert_eq!(pixels(&text, &at("m[*].u.url|m[*].u|m[*].s")), [1, 3, 4]);
    assert_eq!(pixels(&text, &at("m[*].s|m[*].u.url|m[*].u")), [1, 2, 4]);
    assert_eq!(pixels(&text, &at("x|m[*].s|m[*].u")), [5]);
    assert_eq!(pixels(&text, &at("m[*].s|x")), [2, 4]);
    assert_eq!(pixels(&text, &at("y|m[2].s")), [4]);
}

#[test]
fn stars_and_names_find_images_in_record_order() {
    let text = format!(
        r#"{{"mask_2":"{}","other":"{}","mask_1":"{}","in":{{"mask_3":"{}"}},
"layers":[{{"data":"{}","name":"rgb"}},{{"name":"depth","data":"{}"}}]}}"#,
        image(1),
        image(2),
        image(3),
        image(4),
        image(5),
        image(6)
    )
    .replace('\n', "");
    for (field, found) in [
        ("mask_*", &[1, 3][..]),
        ("*.mask_3", &[4]),
        ("**.mask_*", &[1, 3, 4]),
        ("layers[rgb].data", &[5]),
        ("layers[nothing].data|layers[depth].data", &[6]),
        ("**.data", &[5, 6]),
        ("layers[*].data|mask_1", &[5, 6]),
    ] {
        assert_eq!(pixels(&text, &at(field)), found, "{field}");
    }
    let bands = options! {
        bands: vec!["layers[depth].data".parse().expect("a field")],
        stack: Stack::Channel,
        shape: None,
        ..at("layers[rgb].data")
    };
    assert_eq!(pixels(&text, &bands), [5, 6]);
}

/// Records whose images stand in `a` as files and in `b` raw; one is bad, one has none.
fn several() -> String {
    let mut text = String::new();
    for (i, pixel) in [10, 20, 30, 40, 50].into_iter().enumerate() {
        text += &match pixel {
            20 | 50 => format!("{{\"b\":\"{}\",\"h\":1,\"w\":1,\"id\":{i}}}\n", image(pixel)),
            30 => "{\"b\":\"AAAA\",\"h\":1,\"w\":1}\n".to_string(),
            _ => format!("{{\"a\":\"{}\",\"b\":\"\",\"id\":{i}}}\n", file(pixel)),
        };
    }
    text + "{\"id\":7}\n"
}

#[test]
fn alternatives_have_their_own_encodings() {
    let options = options! { field: Some("a|b".parse().expect("a field")), ..Options::default() };
    let text = several();
    assert_eq!(pixels(&text, &options), [10, 20, 40, 50]);
    let mut options = options;
    options.set("columns", "id\na").expect("columns");
    let done = convert(bytes(text.as_bytes()), &options);
    assert_eq!((done.run.summary.rows, done.reject_kinds()), (4, vec!["shape".to_string()]));
    assert_eq!(done.run.summary.without_image, 1);

    let said = std::sync::Mutex::new(Vec::new());
    let note = |text: &str| said.lock().expect("a list").push(text.to_string());
    let control = Control { note: Some(&note), ..Control::default() };
    let loaded = ndpix::load(bytes(text.as_bytes()), &options, &control);
    let texts = |i: usize| -> Vec<String> {
        let column = &loaded.columns[i];
        (0..column.len()).map(|row| String::from_utf8_lossy(column.value(row)).into()).collect()
    };
    // An image of its own: the number of its row stands in its place.
    assert_eq!(texts(1), ["0", "", "2", ""]);
    let said = said.into_inner().expect("a list");
    assert!(said.iter().any(|s| s.starts_with("field a|b, encoding encoded or raw,")), "{said:?}");

    let report = ndpix::inspect(bytes(text.as_bytes()), &options).expect("a report");
    assert_eq!(
        (report.field.as_deref(), report.encoding.as_deref()),
        (Some("a|b"), Some("encoded,raw"))
    );
}

#[test]
fn batches_and_random_access_know_places() {
    let options = options! { field: Some("a|b".parse().expect("a field")), ..Options::default() };
    let text = several();
    let batches = Batches::open(bytes(text.as_bytes()), &options, 3, &Control::default());
    let mut all = Vec::new();
    for batch in batches.expect("a plan") {
        all.extend_from_slice(&batch.expect("a batch").images.bytes);
    }
    assert_eq!(all, [10, 20, 40, 50]);

    let dataset = Dataset::open(bytes(text.as_bytes()), &options, None, &Control::default())
        .expect("an index");
    assert_eq!(dataset.len(), 6);
    let one = |i: usize| dataset.get(i).map(|array| array.bytes.to_vec()).ok();
    assert_eq!(
        (one(0), one(1), one(2), one(4)),
        (Some(vec![10]), Some(vec![20]), None, Some(vec![50]))
    );
    let again =
        Dataset::with_index(bytes(text.as_bytes()), &options, &dataset.index()).expect("an index");
    assert_eq!(again.get(3).expect("an image").bytes.to_vec(), [40]);
}

#[test]
fn rejects_are_fed_back() {
    let options = options! {
        field: Some("a[*].x|a[*].y".parse().expect("a field")),
        encoding: vec![Encoding::Encoded],
        ..Options::default()
    };
    let text = format!(
        "{{\"a\":[{{\"y\":\"{}\"}},{{\"x\":\"AAAA\",\"y\":\"{}\"}},{{\"x\":\"{}\"}}]}}\n",
        file(1),
        file(2),
        file(3)
    );
    let done = convert(bytes(text.as_bytes()), &options);
    assert_eq!((done.run.summary.rows, done.reject_kinds().len()), (2, 1));
    let rejects = done.file(".rejects.ndjson").expect("rejects");
    let mended = String::from_utf8(rejects).expect("UTF-8").replace("AAAA", &file(9));
    // A reject is one image of its record.
    let options = options! { rejects_input: true, ..options };
    assert_eq!(pixels(&mended, &options), [9]);
}

#[test]
fn hostile_records_do_not_square() {
    let many = format!("\"{}\",", image(1)).repeat(100_000);
    let keys: String = (0..100_000).map(|i| format!("\"k{i}\":1,")).collect();
    let text = format!("{{{keys}\"a\":[{}null],\"h\":1,\"w\":1}}", many);
    let started = std::time::Instant::now();
    for field in ["a[*]|b", "b|a[*]", "**.a[*]|a[*].c", "*[*]"] {
        let options = options! { field: Some(field.parse().expect(field)), ..raw("1,1") };
        assert_eq!(pixels(&text, &options).len(), 100_000, "{field}");
        let options = options! { raw_shape: Some("@h,@w".parse().expect("fields")), ..options };
        assert_eq!(pixels(&text, &options).len(), 100_000, "{field}");
        let options = options! { raw_shape: None, raw_dtype: None, ..options };
        assert_eq!(pixels(&text, &options).len(), 100_000, "{field}");
    }
    assert!(started.elapsed().as_secs() < 60, "{:?}", started.elapsed());
}

/// What a run would reject is not given as an image, nor as a record without one.
#[test]
fn random_access_looks_out_for_other_places_too() {
    let mut text = String::new();
    for i in 0..70 {
        text += &format!("{{\"image\":\"{}\"}}\n", file(i));
    }
    text += &format!("{{\"photo\":\"{}\"}}\n", file(70));
    text += &format!("{{\"image\":\"{}\",\"image_2\":\"{}\"}}\n", file(71), file(72));
    text += "{\"id\":3}\n";
    let run = convert(bytes(text.as_bytes()), &Options::default());
    assert_eq!(run.reject_kinds(), ["field", "field"]);
    for options in [
        Options::default(),
        options! {
            on_missing: OnMissing::Fill,
            shape: Some("1,1".parse().expect("a shape")),
            dtype: Some("uint8".parse().expect("a dtype")),
            ..Options::default()
        },
    ] {
        let dataset = Dataset::open(bytes(text.as_bytes()), &options, None, &Control::default());
        let dataset = dataset.expect("an index");
        assert_eq!(dataset.get(69).expect("an image").bytes[..], [69]);
        for (at, says) in [(70, "photo"), (71, "image_2")] {
            let error = dataset.get(at).expect_err("not the image of its record");
            assert!(error.message().contains(says), "{error}");
        }
        assert_eq!(dataset.get(72).is_ok(), options.on_missing == OnMissing::Fill);
    }
}

#[test]
fn numbers_that_draw_are_not_pixels() {
    let text = "{\"word\":\"nose\",\"key_id\":\"1\",\"drawing\":[[[1,2],[3,4]]]}\n";
    let named = |field| Options::default().with("field", field).expect("a field");
    let either = convert(bytes(text.as_bytes()), &named("image|drawing"));
    let error = either.run.result.expect_err("one of two fields");
    assert!(error.message().contains("strokes, which is drawn"), "{error}");
    for mixed in [false, true] {
        let options = options! { mixed, ..named("drawing") };
        let loaded = ndpix::load(bytes(text.as_bytes()), &options, &Control::default());
        assert_eq!(loaded.result.expect("a drawing").shape, [1, 28, 28]);
    }
    let options = named("drawing").with("encoding", "list").expect("an encoding");
    assert_eq!(convert(bytes(text.as_bytes()), &options).run.summary.rows, 1);
}
