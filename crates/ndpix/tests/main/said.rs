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
        encoding: Some("tensor".parse().expect("encoding")),
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
