//! What belongs here: errors keep what led to them, as `source()`.

use std::error::Error as _;
use std::io;

use ndpix::{Error, ErrorKind, Input, Options};

use super::{base64, root};

/// What becomes of these bytes as the image of one record.
fn refused(image: &[u8], encoding: &str) -> Error {
    let options = Options::default().with("encoding", encoding).expect("an encoding");
    let value = format!("\"{}\"", base64(image));
    ndpix::decode(value.as_bytes(), &options).expect_err("damaged")
}

/// The file of testdata/images, with the byte at this place changed.
fn damaged(name: &str, at: impl Fn(usize) -> usize) -> Vec<u8> {
    let mut bytes = std::fs::read(root().join("testdata/images").join(name)).expect(name);
    let at = at(bytes.len());
    bytes[at] ^= 0x55;
    bytes
}

#[test]
fn of_codecs() {
    for (name, kind) in
        [("png-rgb.png", ErrorKind::Image), ("tiff-rgb-deflate.tif", ErrorKind::Image)]
    {
        let error = refused(&damaged(name, |len| len / 2), "encoded");
        assert_eq!(error.kind(), kind, "{name}: {error}");
        let cause = error.source().unwrap_or_else(|| panic!("{name}: {error}")).to_string();
        let said = error.message().contains(cause.trim_end_matches('.'));
        assert!(said, "{name}: {error} was caused by {cause}");
    }
}

#[test]
fn of_compressed_payloads_and_inputs() {
    let error = refused(b"\x1f\x8b\x08\0 and then no gzip stream", "base64+gzip+image");
    assert_eq!(error.kind(), ErrorKind::Encoding);
    assert!(error.source().is_some_and(|e| e.is::<io::Error>()), "{error}");
    let input = Input::bytes(b"\x1f\x8b\x08\0 and then no gzip stream");
    let error = ndpix::inspect(vec![input], &Options::default()).expect_err("damaged");
    assert_eq!(error.kind(), ErrorKind::Encoding);
    assert!(error.source().is_some_and(|e| e.is::<io::Error>()), "{error}");
}

#[test]
fn of_the_system() {
    let error = ndpix::convert(&["no/such/file"], "out.npy", &Options::default());
    let error = error.expect_err("missing");
    let cause = error.source().and_then(|e| e.downcast_ref::<io::Error>());
    assert_eq!(cause.map(io::Error::kind), Some(io::ErrorKind::NotFound), "{error}");
}

#[test]
fn of_data_alone_there_is_none() {
    let error = ndpix::decode(b"7", &Options::default()).expect_err("a number");
    assert!(error.source().is_none(), "{error}");
}
