//! Archives as they are, and as somebody may make them.

use std::io::Write;

use super::*;

/// A member that is to be written, and what its directory is to claim.
#[derive(Clone)]
struct Entry {
    name: &'static str,
    content: Vec<u8>,
    method: u16,
    flags: u16,
    /// Instead of its own length, checksum and place.
    len: Option<u32>,
    crc: Option<u32>,
    header: Option<u32>,
}

fn npy(descr: &str, shape: &str, data: &[u8]) -> Vec<u8> {
    let dict = format!("{{'descr': '{descr}', 'fortran_order': False, 'shape': {shape}, }}\n");
    let mut file = b"\x93NUMPY\x01\0".to_vec();
    file.extend((dict.len() as u16).to_le_bytes());
    file.extend(dict.bytes());
    file.extend(data);
    file
}

fn stored(name: &'static str, content: Vec<u8>) -> Entry {
    Entry { name, content, method: 0, flags: 0, len: None, crc: None, header: None }
}

fn deflated(name: &'static str, content: Vec<u8>) -> Entry {
    Entry { method: 8, ..stored(name, content) }
}

/// An image of four pixels.
fn square() -> Vec<u8> {
    npy("|u1", "(2, 2)", &[0, 64, 128, 255])
}

fn archive(entries: &[Entry]) -> Vec<u8> {
    let (mut out, mut directory) = (Vec::new(), Vec::new());
    for entry in entries {
        let packed = match entry.method {
            8 => {
                let level = flate2::Compression::best();
                let mut packer = flate2::write::DeflateEncoder::new(Vec::new(), level);
                packer.write_all(&entry.content).expect("in memory");
                packer.finish().expect("in memory")
            }
            _ => entry.content.clone(),
        };
        let mut sum = flate2::Crc::new();
        sum.update(&entry.content);
        let crc = entry.crc.unwrap_or(sum.sum());
        let len = entry.len.unwrap_or(entry.content.len() as u32);
        let mut head = Vec::new();
        for half in [entry.flags, entry.method, 0, 0x21] {
            head.extend(half.to_le_bytes());
        }
        for word in [crc, packed.len() as u32, len] {
            head.extend(word.to_le_bytes());
        }
        head.extend((entry.name.len() as u16).to_le_bytes());
        head.extend([0, 0]);
        let header = entry.header.unwrap_or(out.len() as u32);
        out.extend(b"PK\x03\x04\x14\0");
        out.extend(&head);
        out.extend(entry.name.bytes());
        out.extend(packed);
        directory.extend(b"PK\x01\x02\x14\0\x14\0");
        directory.extend(&head);
        directory.extend([0; 10]);
        directory.extend(header.to_le_bytes());
        directory.extend(entry.name.bytes());
    }
    let count = (entries.len() as u16).to_le_bytes();
    let begin = out.len() as u32;
    out.extend(&directory);
    out.extend(b"PK\x05\x06\0\0\0\0");
    out.extend([count, count].concat());
    out.extend([(directory.len() as u32).to_le_bytes(), begin.to_le_bytes()].concat());
    out.extend([0, 0]);
    out
}

fn read(name: Option<&str>, file: &[u8]) -> Result<Vec<u8>> {
    let (mut bytes, mut spare) = (file.to_vec(), Vec::new());
    finish(name, &RawSpec::default(), &Limits::default(), &mut bytes, &mut spare)?;
    Ok(bytes)
}

fn refused(name: Option<&str>, entries: &[Entry]) -> (ErrorKind, String) {
    let error = read(name, &archive(entries)).expect_err("refused");
    (error.kind(), error.message().to_string())
}

#[test]
fn one_member_is_the_image() {
    for entry in [stored("arr_0.npy", square()), deflated("arr_0.npy", square())] {
        let file = archive(&[entry]);
        assert_eq!(found(&file), Some(Some("arr_0".to_string())));
        for name in [None, Some("arr_0"), Some("arr_0.npy")] {
            assert_eq!(read(name, &file).ok(), Some(vec![0, 64, 128, 255]), "{name:?}");
        }
        let missing = read(Some("mask"), &file).expect_err("no such member");
        assert_eq!(missing.message(), r#"the .npz archive has no member "mask", but "arr_0""#);
    }
}

#[test]
fn numbers_and_text_beside_an_image_are_no_rivals() {
    let file = archive(&[
        stored("label.npy", npy("<i8", "()", &[7; 8])),
        deflated("image.npy", square()),
        stored("name.npy", npy("<U3", "()", &[0; 12])),
        stored("box.npy", npy("<f4", "(4,)", &[0; 16])),
    ]);
    assert_eq!(found(&file), Some(Some("image".to_string())));
    assert_eq!(read(None, &file).ok(), Some(vec![0, 64, 128, 255]));
    assert!(read(Some("label"), &file).is_ok(), "what is named is read");
}

#[test]
fn of_several_one_is_named() {
    let both = [stored("image.npy", square()), deflated("mask.npy", npy("|b1", "(2, 2)", &[1; 4]))];
    let file = archive(&both);
    assert_eq!(found(&file), Some(None));
    let error = read(None, &file).expect_err("two of them");
    assert_eq!(
        error.message(),
        "a .npz archive of 2 members, of which one has to be named: \"image\" (2, 2) uint8, \"mask\" (2, 2) bool; \
         pass encoding npz:image or encoding npz:mask"
    );
    let commands: Vec<_> = error.remedies().iter().map(|r| r.options[0].1.as_str()).collect();
    assert_eq!(commands, ["npz:image", "npz:mask"]);
    for (name, pixels) in [("image", [0, 64, 128, 255]), ("mask", [1; 4])] {
        assert_eq!(read(Some(name), &file).ok(), Some(pixels.to_vec()));
    }
    for other in [
        stored("meta.npy", npy("|O", "()", b"\x80\x03N.")),
        stored("readme.txt", b"text".to_vec()),
        stored("many.npy", npy("<c8", "(2, 2)", &[0; 32])),
    ] {
        let (kind, message) = refused(None, &[both[0].clone(), other.clone()]);
        assert_eq!(kind, ErrorKind::Unsupported, "{message}");
        assert!(message.contains("pass encoding npz:image"), "{message}");
        assert!(message.contains(other.name.trim_end_matches(".npy")), "{message}");
    }
    let (_, message) = refused(
        None,
        &[stored("a.npy", npy("<i8", "()", &[7; 8])), stored("b.npy", npy("<i8", "(1,)", &[7; 8]))],
    );
    assert!(message.starts_with("none of the 2 members"), "{message}");
}

#[test]
fn what_is_not_read_is_named() {
    let one = |entry: Entry| refused(None, &[entry]);
    let (kind, message) = one(stored("meta.npy", npy("|O", "(2, 2)", b"\x80\x03N.")));
    assert_eq!(kind, ErrorKind::Unsupported);
    assert!(message.contains("\"meta\"") && message.contains("pickles"), "{message}");
    for (entry, words) in [
        (Entry { flags: 1, ..stored("a.npy", square()) }, "encrypted"),
        (Entry { method: 12, ..stored("a.npy", square()) }, "method 12"),
    ] {
        let (kind, message) = one(entry);
        assert!(kind == ErrorKind::Unsupported && message.contains(words), "{message}");
    }
    let (_, message) = one(stored("a.txt", b"text".to_vec()));
    assert!(message.contains("expected a .npy file"), "{message}");
}

#[test]
fn claims_are_held_against_what_is_there() {
    let long = || npy("|u1", "(1000, 1000)", &vec![0; 1_000_000]);
    for (entry, kind, words) in [
        (Entry { len: Some(9), ..deflated("a.npy", square()) }, ErrorKind::Encoding, "longer"),
        (Entry { len: Some(999), ..deflated("a.npy", square()) }, ErrorKind::Encoding, "shorter"),
        (Entry { len: Some(999), ..stored("a.npy", square()) }, ErrorKind::Encoding, "shorter"),
        (Entry { len: Some(1000), ..deflated("a.npy", long()) }, ErrorKind::Encoding, "longer"),
        (
            Entry { len: Some(u32::MAX - 1), ..deflated("a.npy", square()) },
            ErrorKind::Limit,
            "over",
        ),
        (Entry { crc: Some(1), ..deflated("a.npy", square()) }, ErrorKind::Encoding, "checksum"),
        (Entry { header: Some(1), ..stored("a.npy", square()) }, ErrorKind::Encoding, "outside"),
        (Entry { header: Some(9999), ..stored("a.npy", square()) }, ErrorKind::Encoding, "outside"),
    ] {
        let (found, message) = refused(None, &[entry]);
        assert!(found == kind && message.contains(words), "{message}");
    }
    // A bomb is not opened further than the limits say.
    let bomb = archive(&[deflated("a.npy", long())]);
    assert!(bomb.len() < 2000, "{}", bomb.len());
    let limits = Limits { max_pixels: 1000, ..Limits::default() };
    let (mut bytes, mut spare) = (bomb, Vec::new());
    let error =
        finish(None, &RawSpec::default(), &limits, &mut bytes, &mut spare).expect_err("a bomb");
    assert_eq!(error.kind(), ErrorKind::Limit);
    assert!(spare.capacity() < 100_000);
}

#[test]
fn members_do_not_lie_in_each_other() {
    let one = stored("a.npy", square());
    let again = Entry { header: Some(0), ..one.clone() };
    let (kind, message) = refused(Some("a"), &[one.clone(), again]);
    assert!(kind == ErrorKind::Encoding && message.contains("lie in each other"), "{message}");
    // One archive in a stored member of another, whose directory points inside.
    let inner = archive(&[one]);
    let outer = [stored("x.npy", inner), Entry { header: Some(35), ..stored("a.npy", square()) }];
    let (kind, message) = refused(Some("a"), &outer);
    assert!(kind == ErrorKind::Encoding && message.contains("lie in each other"), "{message}");
}

#[test]
fn cut_and_crowded_archives() {
    let file = archive(&[stored("a.npy", square())]);
    for cut in 0..file.len() {
        assert!(read(None, &file[..cut]).is_err(), "{cut}");
        assert!(found(&file[..cut]).is_none(), "{cut}");
    }
    let crowd = vec![stored("a.npy", Vec::new()); MOST as usize + 1];
    assert_eq!(refused(None, &crowd).0, ErrorKind::Limit);
    let twice = [stored("a.npy", square()), stored("a.npy", square())];
    assert!(refused(Some("a"), &twice).1.contains("several members"));
    assert_eq!(read(None, &archive(&[])).map_err(|e| e.kind()), Err(ErrorKind::Unsupported));
    assert_eq!(found(&archive(&[stored("a.txt", b"x".to_vec())])), None, "no archive of arrays");
}
