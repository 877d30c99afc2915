//! What belongs here: what a record says of its own pixels (shape, dtype, byte order, memory order ...)
//! decides what they are, wherever it stands.

use ndpix::{Control, Options};

use crate::{base64, bytes};

/// Six numbers of 16 bits, as the 2 x 3 array that they are.
const ARRAY: [u16; 6] = [0, 256, 513, 3, 40_000, 5];

fn little(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_le_bytes()).collect()
}

fn big(numbers: &[u16]) -> Vec<u8> {
    numbers.iter().flat_map(|n| n.to_be_bytes()).collect()
}

fn fortran() -> Vec<u8> {
    little(&[ARRAY[0], ARRAY[3], ARRAY[1], ARRAY[4], ARRAY[2], ARRAY[5]])
}

/// The one image of a record, without options and with these.
fn read(record: &str, options: &Options) -> (Vec<usize>, String, Vec<u8>) {
    let loaded = ndpix::load(bytes(record.as_bytes()), options, &Control::default());
    let array = loaded.result.unwrap_or_else(|e| panic!("{record}: {e}"));
    (array.shape, array.dtype.to_string(), array.bytes.to_vec())
}

fn tensor() -> Options {
    options! {
        field: Some("image".parse().expect("field")),
        encoding: vec!["tensor".parse().expect("encoding")],
        ..Options::default()
    }
}

#[test]
fn every_payload_key_obeys_every_order() {
    let want = (vec![1, 2, 3], "uint16".to_string(), little(&ARRAY));
    for key in ["data", "buffer", "bytes", "b64", "base64", "values", "raw", "array"] {
        for (order, pixels) in [
            (r#""order":"F""#, fortran()),
            (r#""order":"big""#, big(&ARRAY)),
            (r#""byteorder":"big""#, big(&ARRAY)),
            (r#""endian":">""#, big(&ARRAY)),
            (r#""order":"C""#, little(&ARRAY)),
            (r#""strides":[2,4]"#, fortran()),
            (r#""strides":[6,2]"#, little(&ARRAY)),
            (r#""isBigEndian":true"#, big(&ARRAY)),
        ] {
            let pixels = base64(&pixels);
            let record = format!(
                r#"{{"image":{{"shape":[2,3],"dtype":"uint16","{key}":"{pixels}",{order}}}}}"#
            );
            assert_eq!(read(&record, &Options::default()), want, "{record}");
            assert_eq!(read(&record, &tensor()), want, "{record}");
        }
    }
}

#[test]
fn siblings_say_the_same_as_members() {
    let want = (vec![1, 2, 3], "uint16".to_string(), little(&ARRAY));
    for (order, pixels) in [
        (r#""order":"F""#, fortran()),
        (r#""order":"big""#, big(&ARRAY)),
        (r#""byteorder":"big""#, big(&ARRAY)),
    ] {
        let pixels = base64(&pixels);
        let record =
            format!(r#"{{"image":"{pixels}","height":2,"width":3,"dtype":"uint16",{order}}}"#);
        assert_eq!(read(&record, &Options::default()), want, "{record}");
    }
}

/// The array of records without options; every one of them is read.
fn all(records: &[String]) -> (Vec<usize>, String, Vec<u8>) {
    read(&records.join("\n"), &Options::default())
}

/// Why nothing is read of records.
fn refused(record: &str, options: &Options) -> String {
    let loaded = ndpix::load(bytes(record.as_bytes()), options, &Control::default());
    match loaded.result {
        Ok(array) => panic!("{record}: read as {:?} {}", array.shape, array.dtype),
        Err(error) => error.to_string(),
    }
}

const H: usize = 9;
const W: usize = 10;

/// A picture with channels last, another for each seed.
fn picture(channels: usize, seed: usize) -> Vec<u8> {
    (0..H * W * channels).map(|i| (i * 37 + seed * 11 + i / 7) as u8).collect()
}

/// The same with the colours the other way round.
fn blue_first(rgb: &[u8], channels: usize) -> Vec<u8> {
    let swapped = rgb.chunks(channels).flat_map(|p| {
        let mut p = p.to_vec();
        p.swap(0, 2);
        p
    });
    swapped.collect()
}

/// The same as planes.
fn planes(rgb: &[u8], channels: usize) -> Vec<u8> {
    (0..channels).flat_map(|c| rgb.iter().skip(c).step_by(channels).copied()).collect()
}

/// The same with so many bytes from row to row.
fn padded(pixels: &[u8], row: usize, step: usize) -> Vec<u8> {
    pixels.chunks(row).flat_map(|r| [r, &vec![7; step - row]].concat()).collect()
}

fn numbers(pixels: &[u8]) -> String {
    format!("{pixels:?}").replace(' ', "")
}

/// Pixels as base64 and as a list.
fn both_ways(pixels: &[u8]) -> [String; 2] {
    [format!("\"{}\"", base64(pixels)), numbers(pixels)]
}

/// The values without their dtype: lists are read as int64 where nothing is said of one.
fn values((shape, dtype, bytes): (Vec<usize>, String, Vec<u8>)) -> (Vec<usize>, Vec<u8>) {
    match dtype.as_str() {
        "int64" => (shape, bytes.chunks(8).map(|b| b[0]).collect()),
        _ => (shape, bytes),
    }
}

#[test]
fn colours_axes_and_rows_are_put_right() {
    let rgb = picture(3, 1);
    let rgba = picture(4, 2);
    let gray = picture(1, 3);
    for (said, channels, pixels, want) in [
        (r#""encoding":"rgb8","step":30"#, 3, rgb.clone(), &rgb),
        (r#""encoding":"bgr8","is_bigendian":0"#, 3, blue_first(&rgb, 3), &rgb),
        (r#""encoding":"bgra8""#, 4, blue_first(&rgba, 4), &rgba),
        (r#""encoding":"8UC3""#, 3, rgb.clone(), &rgb),
        (r#""encoding":"bgr8","step":32"#, 3, padded(&blue_first(&rgb, 3), 30, 32), &rgb),
        (r#""encoding":"mono8","step":16"#, 1, padded(&gray, 10, 16), &gray),
        (r#""encoding":"bayer_rggb8""#, 1, gray.clone(), &gray),
        (r#""channels":3,"channel_order":"BGR""#, 3, blue_first(&rgb, 3), &rgb),
        (r#""channels":3,"color_space":"bgr""#, 3, blue_first(&rgb, 3), &rgb),
        (r#""channels":3,"layout":"CHW""#, 3, planes(&rgb, 3), &rgb),
        (r#""layout":"channels_first""#, 3, planes(&rgb, 3), &rgb),
        (r#""layout":"CHW","channel_order":"BGR""#, 3, planes(&blue_first(&rgb, 3), 3), &rgb),
        (r#""mode":"RGBA""#, 4, rgba.clone(), &rgba),
        (r#""stride":40,"channels":3"#, 3, padded(&rgb, 30, 40), &rgb),
        (r#""mode":"train","step":1200"#, 3, rgb.clone(), &rgb),
        (r#""channelOrder":"BGR""#, 3, blue_first(&rgb, 3), &rgb),
        (r#""planar":true"#, 3, planes(&rgb, 3), &rgb),
        ("\"x\":1", 1, gray.clone(), &gray),
    ] {
        let shape = [vec![1, H, W], if channels == 1 { vec![] } else { vec![channels] }].concat();
        for value in both_ways(&pixels) {
            let record = format!(r#"{{"image":{value},"height":{H},"width":{W},{said}}}"#);
            let got = values(read(&record, &Options::default()));
            assert_eq!(got, (shape.clone(), want.clone()), "{record}");
        }
    }
}

#[test]
fn a_shape_beside_the_value_is_that_of_the_pixels() {
    let rgb = picture(3, 1);
    for (said, pixels, shape) in [
        (format!(r#""shape":[{H},{W},3]"#), rgb.clone(), vec![1, H, W, 3]),
        (format!(r#""shape":[3,{H},{W}]"#), planes(&rgb, 3), vec![1, 3, H, W]),
        (format!(r#""shape":[3,{H},{W}],"layout":"CHW""#), planes(&rgb, 3), vec![1, H, W, 3]),
        (format!(r#""size":[{W},{H}],"mode":"RGB""#), rgb.clone(), vec![1, H, W, 3]),
        (format!(r#""height":"{H}","width":"{W}""#), rgb.clone(), vec![1, H, W, 3]),
        (
            format!(r#""h":{{"$numberInt":"{H}"}},"w":{{"$numberInt":"{W}"}}"#),
            rgb.clone(),
            vec![1, H, W, 3],
        ),
        (
            format!(r#""h":{{"N":"{H}"}},"w":{{"N":"{W}"}},"c":{{"N":"3"}}"#),
            rgb.clone(),
            vec![1, H, W, 3],
        ),
        (format!(r#""height":{H},"width":{W},"bits":24"#), rgb.clone(), vec![1, H, W, 3]),
        (format!(r#""rows":{H},"cols":{W},"nchannels":3"#), rgb.clone(), vec![1, H, W, 3]),
    ] {
        let want = if shape[1] == 3 { planes(&rgb, 3) } else { rgb.clone() };
        for value in both_ways(&pixels) {
            let record = format!(r#"{{"image":{value},{said}}}"#);
            let got = values(read(&record, &Options::default()));
            assert_eq!(got, (shape.clone(), want.clone()), "{record}");
        }
    }
}

#[test]
fn element_types_are_what_is_said() {
    let deep: Vec<u16> = (0..H * W).map(|i| (i * 701 + 3) as u16).collect();
    let floats: Vec<f32> = (0..H * W).map(|i| i as f32 / 8.0 - 3.0).collect();
    let float_bytes: Vec<u8> = floats.iter().flat_map(|f| f.to_le_bytes()).collect();
    for (said, pixels, dtype, want) in [
        (r#""bits":16"#, little(&deep), "uint16", little(&deep)),
        (r#""encoding":"mono16""#, little(&deep), "uint16", little(&deep)),
        (r#""encoding":"16UC1","is_bigendian":1"#, big(&deep), "uint16", little(&deep)),
        (
            r#""encoding":"16UC1","is_bigendian":true,"step":24"#,
            padded(&big(&deep), 20, 24),
            "uint16",
            little(&deep),
        ),
        (r#""dtype":"uint16","endianness":"big""#, big(&deep), "uint16", little(&deep)),
        (r#""dtype":">u2""#, big(&deep), "uint16", little(&deep)),
        (r#""mode":"I;16B""#, big(&deep), "uint16", little(&deep)),
        (r#""encoding":"32FC1""#, float_bytes.clone(), "float32", float_bytes.clone()),
        (r#""mode":"F""#, float_bytes.clone(), "float32", float_bytes.clone()),
    ] {
        // A list may hold the bytes of the pixels.
        for value in both_ways(&pixels) {
            let record = format!(r#"{{"image":{value},"height":{H},"width":{W},{said}}}"#);
            let got = read(&record, &Options::default());
            assert_eq!(got, (vec![1, H, W], dtype.to_string(), want.clone()), "{record}");
        }
    }
    let signed = format!(
        r#"{{"image":"{}","height":{H},"width":{W},"bits":16,"signed":true}}"#,
        base64(&little(&deep))
    );
    assert_eq!(read(&signed, &Options::default()).1, "int16");
    let record = format!(r#"{{"image":{deep:?},"height":{H},"width":{W},"dtype":"uint16"}}"#);
    assert_eq!(read(&record, &Options::default()).2, little(&deep), "{record}");
}

#[test]
fn each_record_is_read_as_it_says() {
    let deep = |seed: u16| -> Vec<u16> { (0..(H * W) as u16).map(|i| i * 509 + seed).collect() };
    let record = |seed: u16, order: &str| {
        let pixels = if order == "big" { big(&deep(seed)) } else { little(&deep(seed)) };
        let pixels = base64(&pixels);
        format!(
            r#"{{"image":"{pixels}","height":{H},"width":{W},"dtype":"uint16","endian":"{order}"}}"#
        )
    };
    let seeds: Vec<u16> = (0..70).collect();
    let records: Vec<String> =
        seeds.iter().map(|&s| record(s, if s < 65 { "little" } else { "big" })).collect();
    let want: Vec<u8> = seeds.iter().flat_map(|&s| little(&deep(s))).collect();
    assert_eq!(all(&records).2, want);
}

#[test]
fn what_is_not_read_is_refused_by_name() {
    let two = base64(&[9; H * W * 2]);
    let one = base64(&picture(1, 1));
    let three = base64(&picture(3, 1));
    for (value, said, words) in [
        (&two, r#""encoding":"yuv422""#, "yuv422"),
        (&two, r#""encoding":"uyvy","step":20"#, "uyvy"),
        (&three, r#""color_space":"YCbCr""#, "YCbCr"),
        (&three, r#""layout":"WHC""#, "WHC"),
        (&one, r#""mode":"P""#, "P"),
        (&two, r#""dtype":"uint16","byteorder":"middle""#, "middle"),
        (&two, r#""dtype":"bfloat16""#, "bfloat16"),
        (&three, r#""encoding":"bgr8","channels":1"#, "contradict"),
        (&three, r#""shape":[10,9,3]"#, "contradict"),
        (&two, r#""dtype":"uint16","bits":8"#, "contradict"),
        (&two, r#""dtype":"<u2","byteorder":"big""#, "contradict"),
        (&three, r#""channel_order":"BGR","encoding":"rgb8""#, "contradict"),
        (&three, r#""channels":4"#, "bytes"),
        (&one, r#""strides":[20,1]"#, "strides"),
    ] {
        let record = format!(r#"{{"image":"{value}","height":{H},"width":{W},{said}}}"#);
        let why = refused(&record, &Options::default());
        assert!(why.contains(words), "{record}: {why}");
        let named = refused(&record, &field("image"));
        assert!(named.contains(words), "{record}: {named}");
        // The same words after the sample.
        let good = format!(r#"{{"image":"{one}","height":{H},"width":{W}}}"#);
        let mut records = vec![good; 70];
        records.push(record.clone());
        let loaded = ndpix::load(
            bytes(records.join("\n").as_bytes()),
            &Options::default(),
            &Control::default(),
        );
        assert_eq!(loaded.summary.rejected_images, 1, "{record}");
        let first =
            loaded.summary.first_rejects.iter().map(ToString::to_string).collect::<String>();
        assert!(first.contains(words), "{record}: {first}");
    }
}

#[test]
fn lists_that_are_something_else_are_refused() {
    let gray = numbers(&picture(1, 1));
    let rows: Vec<Vec<u8>> = picture(1, 1).chunks(W).map(<[u8]>::to_vec).collect();
    for (value, said, words) in [
        (gray.clone(), r#""height":9,"width":11"#, "90 numbers"),
        (gray.clone(), r#""height":9,"width":10,"encoding":"yuv422""#, "yuv422"),
        (format!("{rows:?}"), r#""height":10,"width":9"#, "shape (9, 10)"),
        (format!("{rows:?}"), r#""shape":[9,11]"#, "shape (9, 10)"),
    ] {
        let record = format!(r#"{{"image":{value},{said}}}"#);
        for options in [Options::default(), field("image")] {
            let why = refused(&record, &options);
            assert!(why.contains(words), "{record}: {why}");
        }
    }
    // Names so short count only where they fit.
    let record = format!(r#"{{"image":{rows:?},"h":0.5,"w":3,"c":2,"rows":7}}"#);
    assert_eq!(values(read(&record, &Options::default())), (vec![1, H, W], picture(1, 1)));
}

#[test]
fn four_bytes_a_pixel_are_not_guessed() {
    let floats: Vec<u8> = (0..H * W).flat_map(|i| (i as f32 / 3.0).to_le_bytes()).collect();
    let record = format!(r#"{{"depth":"{}","height":{H},"width":{W}}}"#, base64(&floats));
    let why = refused(&record, &Options::default());
    assert!(why.contains("one of 32 bits"), "{why}");
    refused(&record, &field("depth"));
}

#[test]
fn sizes_beyond_memory_are_refused() {
    let value = base64(&picture(1, 1));
    for huge in ["9223372036854775807", "4611686018427387904", "1e300", "-1"] {
        for said in [
            format!(r#""height":{huge},"width":{huge},"step":{huge}"#),
            format!(r#""height":1,"width":{huge},"step":90,"channels":{huge}"#),
            format!(r#""h":{huge},"w":{huge},"c":{huge},"stride":3"#),
            format!(r#""shape":[{huge},2,{huge}],"strides":[{huge},1,1],"layout":"CHW""#),
            format!(r#""channels":{huge},"bits":{huge},"dtype":"uint16","height":2,"width":2"#),
            format!(r#""size":[{huge},{huge}],"mode":"RGB","order":"F""#),
        ] {
            for value in [format!("\"{value}\""), numbers(&picture(1, 1))] {
                let record = format!(r#"{{"x":{value},{said}}}"#);
                for options in [Options::default(), field("x")] {
                    let text = bytes(record.as_bytes());
                    drop(ndpix::load(text, &options, &Control::default()).result);
                }
            }
        }
    }
}

#[test]
fn image_files_are_what_they_are() {
    let file = base64(b"P5 2 2 255\nabcd");
    let record = format!(
        r#"{{"image":"{file}","height":480,"width":640,"encoding":"yuv422","layout":"CHW","dtype":"object"}}"#
    );
    for options in [Options::default(), field("image")] {
        assert_eq!(read(&record, &options), (vec![1, 2, 2], "uint8".to_string(), b"abcd".to_vec()));
    }
}

#[test]
fn options_name_fields_of_the_record_or_beside_the_value() {
    let rgb = picture(3, 1);
    let value = base64(&rgb);
    let nested = format!(r#"{{"b":{{"a":"{value}","x":{H},"y":{W}}},"x":1,"y":1,"n":3}}"#);
    let first = format!(r#"{{"c":[{{"a":"{value}","x":{H},"y":{W}}}],"x":{H},"n":3}}"#);
    for (record, name, shape) in [
        (&nested, "b.a", "@.x,@.y,3"),
        (&nested, "b.a", "@b.x,@.y,@n"),
        (&first, "c[*].a", "@x,@.y,3"),
        (&first, "c[*].a", "@.x,@.y,@n"),
    ] {
        let options = field(name).with("encoding", "raw").expect("an option");
        let options = options.with("raw_shape", shape).expect("a shape");
        let want = (vec![1, H, W, 3], "uint8".to_string(), rgb.clone());
        assert_eq!(read(record, &options), want, "{shape}");
    }
    let auto = Options::default().with("raw_shape", "@.x,@.y,3").expect("a shape");
    assert_eq!(read(&nested.replace("\"a\"", "\"image\""), &auto).2, rgb);
    let options = field("b.a").with("raw_shape", "@.x,@.z,3").expect("a shape");
    let why = refused(&nested, &options.with("encoding", "raw").expect("an encoding"));
    assert!(why.contains("raw_shape takes @.z, which is missing"), "{why}");
}

#[test]
fn a_field_that_is_missing_is_named() {
    let deep: Vec<u8> = little(&(0..(H * W) as u16).collect::<Vec<_>>());
    let value = base64(&deep);
    let raw = field("image").with("encoding", "raw").expect("an encoding");
    let raw = raw.with("raw_dtype", "uint16").expect("a dtype");
    let raw = raw.with("raw_shape", &format!("{H},{W}")).expect("a shape");
    for (option, good) in
        [("raw_byteorder", "\"little\""), ("raw_step", "20"), ("raw_layout", "\"hwc\"")]
    {
        let options = raw.clone().with(option, "@x").expect(option);
        let records =
            format!("{{\"image\":\"{value}\",\"x\":{good}}}\n{{\"image\":\"{value}\"}}\n");
        let loaded = ndpix::load(bytes(records.as_bytes()), &options, &Control::default());
        assert_eq!(loaded.result.expect("an array").shape, [1, H, W], "{option}");
        let said = loaded.summary.first_rejects.iter().map(ToString::to_string).collect::<String>();
        assert!(said.contains(&format!("{option} takes @x, which is missing")), "{said}");
    }
    // But for the memory order, whose usual one is meant.
    let options = raw.with("raw_order", "@x").expect("an order");
    let record = format!("{{\"image\":\"{value}\"}}\n");
    let loaded = ndpix::load(bytes(record.as_bytes()), &options, &Control::default());
    assert_eq!(loaded.result.expect("an array").bytes[..], deep[..]);
}

#[test]
fn the_layout_of_raw_pixels_is_given() {
    let rgb = picture(3, 5);
    let record = format!(r#"{{"image":"{}","l":"CHW"}}"#, base64(&planes(&rgb, 3)));
    let raw = field("image").with("raw_dtype", "uint8").expect("a dtype");
    for shape in [format!("{H},{W},3"), format!("3,{H},{W}")] {
        for layout in ["chw", "@l", "@.l"] {
            let options = raw.clone().with("raw_shape", &shape).expect("a shape");
            let options = options.with("raw_layout", layout).expect("a layout");
            assert_eq!(read(&record, &options), (vec![1, H, W, 3], "uint8".into(), rgb.clone()));
            // The array has the order that is asked for.
            let options = options.with("layout", "chw").expect("a layout");
            assert_eq!(read(&record, &options).0, [1, 3, H, W]);
            assert_eq!(read(&record, &options).2, planes(&rgb, 3));
        }
    }
}

fn field(name: &str) -> Options {
    options! { field: Some(name.parse().expect("field")), ..Options::default() }
}
