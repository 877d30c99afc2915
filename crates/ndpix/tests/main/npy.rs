//! What belongs here: that array files carry the very header `np.save` writes, whatever the rows.

use ndpix::Options;

use super::{bytes, convert, raw};

fn header(rows: usize, options: &Options, pixel: &str) -> Vec<u8> {
    let text = format!("{{\"image\":\"{pixel}\"}}\n").repeat(rows);
    let done = convert(bytes(text.as_bytes()), options);
    assert!(done.run.result.is_ok(), "{:?}", done.run.result);
    assert_eq!(done.run.summary.rows, rows as u64);
    let mut file = done.file("").expect("an array");
    let bytes = file.split_off(128);
    assert_eq!(bytes.len() as u64, done.run.summary.bytes_written);
    file
}

/// `np.save` of `np.zeros((rows, 1, 1), "u1")`: 128 bytes, spaces, a newline.
fn saved(shape: &str) -> Vec<u8> {
    let dict = format!("{{'descr': '|u1', 'fortran_order': False, 'shape': {shape}, }}");
    format!("{dict:<117}\n").into_bytes()
}

#[test]
fn headers_of_no_and_one_row_are_those_of_numpy() {
    let zero = header(0, &raw("1,1"), "AA==");
    assert_eq!(
        zero,
        b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (0, 1, 1), }                                                       \n"
    );
    let one = header(1, &raw("1,1"), "AA==");
    assert_eq!(
        one,
        b"\x93NUMPY\x01\x00v\x00{'descr': '|u1', 'fortran_order': False, 'shape': (1, 1, 1), }                                                       \n"
    );
}

#[test]
fn headers_do_not_move_when_rows_gain_a_digit() {
    for rows in [9, 10, 99, 100, 999, 1000, 9999, 10_000, 100_000] {
        let found = header(rows, &raw("1,1"), "AA==");
        assert_eq!(&found[..10], b"\x93NUMPY\x01\x00v\x00");
        assert_eq!(found[10..], saved(&format!("({rows}, 1, 1)")));
    }
}

#[test]
fn headers_name_the_dtype() {
    for (name, descr) in [("uint16", "<u2"), ("int16", "<i2"), ("float16", "<f2")] {
        let options = options! {
            raw_dtype: Some(name.parse().expect("dtype")),
            dtype: Some(name.parse().expect("dtype")),
            ..raw("1,1")
        };
        let found = String::from_utf8_lossy(&header(2, &options, "AAA=")).into_owned();
        assert!(found.contains(&format!("'descr': '{descr}'")), "{found}");
    }
}
