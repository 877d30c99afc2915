//! Masks and strokes from whole records: where their size stands, what is drawn without options, and what is refused.

use ndpix::{Control, Error, ErrorKind, Options, Resample};
use serde_json::{Value, json};

use crate::bytes;

/// The mask of encodings.md: runs 4, 1, 1, 3, 2, 1 down the columns of 3 x 4 pixels.
const MASK: [u8; 12] = [0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1];

fn loaded(records: &[Value], settings: &[(&str, &str)]) -> Result<(Vec<usize>, Vec<u8>), Error> {
    let mut options = Options::default();
    settings.iter().for_each(|(name, value)| options.set(name, value).expect("an option"));
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    let loaded = ndpix::load(bytes(text.as_bytes()), &options, &Control::default());
    let array = loaded.result?;
    assert_eq!(loaded.summary.rejected(), 0, "{:?}", loaded.summary.first_rejects);
    Ok((array.shape.to_vec(), array.bytes.to_vec()))
}

fn drawn(record: Value, settings: &[(&str, &str)]) -> (Vec<usize>, Vec<u8>) {
    loaded(std::slice::from_ref(&record), settings).unwrap_or_else(|e| panic!("{record}: {e}"))
}

fn refused(record: Value, settings: &[(&str, &str)]) -> String {
    let found = loaded(std::slice::from_ref(&record), settings);
    found.map(|found| found.0).expect_err(&record.to_string()).to_string()
}

#[test]
fn run_lengths_without_options() {
    for record in [
        json!({"segmentation": {"size": [3, 4], "counts": "41121N"}, "category_id": 1}),
        json!({"segmentation": {"size": [3, 4], "counts": [4, 1, 1, 3, 2, 1]}, "iscrowd": 1}),
        json!({"image": {"width": 4, "height": 3}, "annotations": [{"segmentation": {"size": [3, 4], "counts": "41121N"}}]}),
        json!({"mask_0": {"size": [3, 4], "counts": "41121N"}}),
        json!({"type": "mask", "points": [2, 1, 2, 2, 3, 2, 0, 0, 3, 2], "height": 3, "width": 4}),
    ] {
        let (shape, pixels) = drawn(record.clone(), &[]);
        assert_eq!((shape, pixels), (vec![1, 3, 4], MASK.to_vec()), "{record}");
    }
}

#[test]
fn run_lengths_whose_size_is_elsewhere() {
    for (record, settings) in [
        (json!({"m": "41121N"}), &[("raw_shape", "3,4")][..]),
        (json!({"m": "5 1 7 3 12 1"}), &[("raw_shape", "3,4")]),
        (json!({"m": [4, 1, 1, 3, 2, 1]}), &[("raw_shape", "@h,@w")]),
        (json!({"a": {"m": "41121N"}, "height": 3, "width": 4}), &[]),
        (json!({"m": {"size": [3, 4], "counts": "41121N"}}), &[]),
    ] {
        let mut record = record;
        (record["h"], record["w"]) = (json!(3), json!(4));
        let field = if record["a"].is_object() { "a.m" } else { "m" };
        let all: Vec<_> =
            settings.iter().copied().chain([("field", field), ("encoding", "rle")]).collect();
        assert_eq!(drawn(record.clone(), &all).1, MASK, "{record}");
    }
    // The counts alone, with their size beside them.
    let record = json!({"segmentation": {"size": [3, 4], "counts": "41121N"}});
    let settings = [("field", "segmentation.counts"), ("encoding", "rle")];
    assert_eq!(drawn(record, &settings).1, MASK);
    let nothing =
        drawn(json!({"m": ""}), &[("field", "m"), ("encoding", "rle"), ("raw_shape", "2,2")]);
    assert_eq!(nothing.1, [0; 4]);
}

#[test]
fn corners_by_what_stands_around_them() {
    let (square, all) =
        ([[1, 1], [3, 1], [3, 3], [1, 3]], [0, 0, 0, 0, 0, 1, 1, 1, 0, 1, 1, 1, 0, 1, 1, 1]);
    let coco = json!([[1, 1, 3, 1, 3, 3, 1, 3]]);
    let quarter = [0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 1, 0, 0, 0, 0, 0];
    for (record, want) in [
        (json!({"segmentation": coco, "bbox": [1, 1, 2, 2], "height": 4, "width": 4}), quarter),
        (
            json!({"shapes": [{"points": square, "shape_type": "polygon"}], "imageHeight": 4, "imageWidth": 4}),
            all,
        ),
        (
            json!({"shapes": [{"points": [[1, 1], [3, 3]], "shape_type": "rectangle"}], "imageHeight": 4, "imageWidth": 4}),
            all,
        ),
        (
            json!({"annotations": {"segments": [[7, 0.25, 0.25, 0.75, 0.25, 0.75, 0.75, 0.25, 0.75]]}, "width": 4, "height": 4}),
            quarter,
        ),
        (
            json!({"result": [{"original_width": 4, "original_height": 4, "value": {"points": [[25, 25], [75, 25], [75, 75], [25, 75]], "polygonlabels": ["a"]}}]}),
            quarter,
        ),
        (
            json!({"regions": [{"shape_attributes": {"name": "polygon", "all_points_x": [1, 3, 3, 1], "all_points_y": [1, 1, 3, 3]}}], "height": 4, "width": 4}),
            all,
        ),
    ] {
        let (shape, pixels) = drawn(record.clone(), &[]);
        assert_eq!((shape, pixels), (vec![1, 4, 4], want.to_vec()), "{record}");
    }
    let points: Vec<Value> = square.iter().map(|p| json!({"x": p[0], "y": p[1]})).collect();
    let labelbox = json!({"polygon": points});
    let settings = [("field", "polygon"), ("encoding", "polygon"), ("raw_shape", "4,4")];
    assert_eq!(drawn(labelbox, &settings).1, all);
}

#[test]
fn crowds_are_run_lengths_among_polygons() {
    let polygon =
        json!({"segmentation": [[1, 1, 3, 1, 3, 3]], "bbox": [], "height": 3, "width": 4});
    let crowd = json!({"segmentation": {"size": [3, 4], "counts": "41121N"}, "iscrowd": 1, "height": 3, "width": 4});
    for records in [[polygon.clone(), crowd.clone()], [crowd, polygon]] {
        for settings in [&[][..], &[("field", "segmentation")]] {
            let (shape, pixels) = loaded(&records, settings).expect("both");
            assert_eq!(shape, [2, 3, 4]);
            assert!(pixels.chunks(12).any(|mask| mask == MASK));
        }
    }
}

#[test]
fn several_masks_of_a_record_are_rows() {
    let segments =
        [json!({"size": [3, 4], "counts": "41121N"}), json!({"size": [3, 4], "counts": [12]})];
    let record =
        json!({"annotations": [{"segmentation": segments[0]}, {"segmentation": segments[1]}]});
    let (shape, pixels) = drawn(record, &[("field", "annotations[*].segmentation")]);
    assert_eq!((shape, &pixels[..12], &pixels[12..]), (vec![2, 3, 4], &MASK[..], &[0; 12][..]));
    let list = drawn(json!({"masks": segments}), &[("field", "masks")]);
    assert_eq!(list.0, [2, 3, 4]);
}

#[test]
fn masks_are_resized_without_numbers_between() {
    let record = json!({"m": {"size": [4, 4], "counts": [0, 8, 8]}});
    let size = |settings: &[(&str, &str)]| {
        let all: Vec<_> =
            settings.iter().copied().chain([("size", "8,8"), ("dtype", "float32")]).collect();
        let (_, bytes) = drawn(record.clone(), &all);
        bytes.chunks(4).map(|b| f32::from_le_bytes(b.try_into().expect("four"))).collect::<Vec<_>>()
    };
    assert!(size(&[]).iter().all(|n| *n == 0.0 || *n == 1.0));
    let named = Resample::Nearest.to_string();
    assert_eq!(size(&[]), size(&[("resample", &named)]));
}

#[test]
fn strokes_of_both_kinds() {
    let sketch = |drawing: Value| json!({"word": "cat", "key_id": "1", "drawing": drawing});
    let (shape, line) = drawn(sketch(json!([[[0, 255], [0, 255]]])), &[]);
    assert_eq!((shape, line[14 * 28 + 14] > 200, line[27]), (vec![1, 28, 28], true, 0));
    let text = drawn(sketch(json!("[[[0, 255], [0, 255]]]")), &[]);
    assert_eq!(text.1, line);
    assert_eq!(drawn(sketch(json!([[[0, 255], [0, 255]]])), &[("size", "64")]).0, [1, 64, 64]);
    // Of another extent, and with times: brought to 0 to 255.
    let raw = drawn(sketch(json!([[[10, 1010], [-20, 980], [0, 9]]])), &[]);
    assert_eq!(raw.1, line);
    // One of the two decides for all.
    let mixed = loaded(
        &[sketch(json!([[[0, 255], [0, 255]]])), sketch(json!([[[0, 510], [0, 510]]]))],
        &[],
    );
    let mixed = mixed.expect("both are brought to it").1;
    assert_eq!(&mixed[..784], &mixed[784..]);
    let points = json!({"ink": [[[0, 0], [85, 85], [170, 170], [255, 255]]]});
    let settings = [("field", "ink"), ("encoding", "strokes")];
    assert_eq!(drawn(points, &settings).0, [1, 28, 28]);
}

#[test]
fn what_is_not_drawn_says_why() {
    for (record, settings, said) in [
        (
            json!({"segmentation": [[1, 2, 3, 4, 5, 6]], "bbox": []}),
            &[("field", "segmentation")][..],
            "raw_shape",
        ),
        (json!({"m": {"size": [3, 4], "counts": [5, 5]}}), &[], "10 pixels"),
        (json!({"m": {"size": [3, 4], "counts": [-1, 13]}}), &[], "-1"),
        (json!({"m": {"size": [3, 4], "counts": "4112"}}), &[], "3 x 4"),
        (json!({"m": {"size": [100000, 100000], "counts": [1]}}), &[], "max_pixels"),
        (json!({"m": {"counts": [1]}}), &[("field", "m"), ("encoding", "rle")], "raw_shape"),
        (
            json!({"m": [1, 2, 3]}),
            &[("field", "m"), ("encoding", "rle"), ("raw_shape", "3,4")],
            "COCO",
        ),
        (
            json!({"m": [[1, 2, 3, 4]]}),
            &[("field", "m"), ("encoding", "polygon"), ("raw_shape", "9,9")],
            "polygon of 4 numbers",
        ),
        (
            json!({"m": [[1, 2, 3, 4, 5, 1e9]]}),
            &[("field", "m"), ("encoding", "polygon"), ("raw_shape", "9,9")],
            "1000000000",
        ),
        (
            json!({"m": [[1, 2, 3, 4, 5]]}),
            &[("field", "m"), ("encoding", "polygon"), ("raw_shape", "9,9")],
            "odd",
        ),
        (
            json!({"points": [[1, 1]], "shape_type": "mask", "height": 9, "width": 9}),
            &[("field", "points"), ("encoding", "polygon")],
            "shape_type",
        ),
        (
            json!({"height": 3, "width": 4, "imageHeight": 6, "imageWidth": 8, "m": "41121N"}),
            &[("field", "m"), ("encoding", "rle")],
            "3x4 and 6x8",
        ),
        (json!({"d": [[[1, 2], [3]]]}), &[("field", "d"), ("encoding", "strokes")], "equally long"),
        (
            json!({"word": "x", "key_id": "1", "d": [[[1, 2, 3], [300, 4, 5]]]}),
            &[("field", "d"), ("encoding", "strokes")],
            "strokes-raw",
        ),
        (
            json!({"d": [[[1, 2], [3, 4]]]}),
            &[("field", "d"), ("encoding", "strokes")],
            "word and key_id",
        ),
        (
            json!({"gt": {"size": [3, 4], "counts": [12]}, "pred": {"size": [3, 4], "counts": [12]}}),
            &[],
            "drawn",
        ),
    ] {
        let text = refused(record.clone(), settings);
        assert!(text.contains(said), "{record}: {text}");
    }
}

#[test]
fn images_are_read_where_masks_stand_beside_them() {
    let record =
        json!({"image": "UDUgMiAyIDI1NQoAZGTI", "segmentation": {"size": [2, 2], "counts": [4]}});
    assert_eq!(drawn(record, &[]).1, [0, 100, 100, 200]);
}

#[test]
fn one_value_is_drawn_alone() {
    let options =
        Options::default().with("encoding", "polygon").and_then(|o| o.with("raw_shape", "4,4"));
    let mask = ndpix::decode(b"[[1,1,3,1,3,3,1,3]]", &options.expect("options")).expect("a mask");
    assert_eq!(
        (&mask.shape[..], mask.bytes.iter().map(|&n| u32::from(n)).sum::<u32>()),
        (&[4, 4][..], 4)
    );
    let coco =
        ndpix::decode(br#"{"size":[3,4],"counts":"41121N"}"#, &Options::default()).expect("a mask");
    assert_eq!(coco.bytes[..], MASK);
    let error = ndpix::decode(
        b"[[1,1,3,1]]",
        &Options::default().with("encoding", "polygon").expect("options"),
    );
    assert_eq!(error.expect_err("no size").kind(), ErrorKind::Shape);
}
