use std::io::{Cursor, Write};

use flate2::write::GzEncoder;
use flate2::{Compression, GzBuilder};

use super::*;
use crate::source::compressed;

/// Bytes that do not repeat, `len` of them.
fn noise(len: usize, mut seed: u32) -> Vec<u8> {
    let next = |_| {
        seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        b"0123456789abcdef"[(seed >> 28) as usize]
    };
    (0..len).map(next).collect()
}

fn member(text: &[u8], level: u32) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::new(level));
    packer.write_all(text).and_then(|()| packer.finish()).expect("in memory")
}

/// Members of so many bytes of text, as `bgzip` leaves them.
fn members(text: &[u8], each: usize) -> Vec<u8> {
    text.chunks(each).flat_map(|part| member(part, 6)).collect()
}

/// What comes out, and why no more does; as inputs are read.
fn read(file: &[u8], threads: usize) -> (Vec<u8>, String) {
    let inner = Cursor::new(file.to_vec());
    let mut reader =
        compressed::Compression::Gzip.decoder(inner, threads).expect("there is memory");
    let (mut text, mut buf) = (Vec::new(), vec![0; 10_007]);
    loop {
        match reader.read(&mut buf) {
            Ok(0) => return (text, String::new()),
            Ok(n) => text.extend_from_slice(&buf[..n]),
            Err(e) => return (text, e.to_string()),
        }
    }
}

/// The text, which is the same on any number of threads, and so is the error.
#[track_caller]
fn same(file: &[u8]) -> (Vec<u8>, String) {
    let alone = read(file, 1);
    for threads in [2, 5] {
        let several = read(file, threads);
        assert_eq!((several.0.len(), &several.1), (alone.0.len(), &alone.1));
        assert!(several.0 == alone.0, "other text on {threads} threads");
    }
    alone
}

/// How many members are inflated at once at the beginning of a file.
fn at_once(file: &[u8]) -> usize {
    let inner = Cursor::new(file.to_vec());
    let mut held = Held { inner, bytes: Vec::new(), used: 0, at: 0, failure: None, ended: false };
    whole(&mut held, 3).len()
}

#[test]
fn members_of_any_size_are_the_text() {
    let text = noise(9 << 20, 1);
    for each in [60_000, 300_000, 2 << 20, 7 << 20] {
        let file = members(&text, each);
        assert!(same(&file) == (text.clone(), String::new()), "members of {each}");
    }
    assert_eq!(same(&members(&text[..100_000], 10)).0, text[..100_000]);
}

#[test]
fn small_members_are_inflated_at_once() {
    let text = noise(1 << 20, 2);
    assert_eq!(at_once(&members(&text, 65_280)), 17);
    assert_eq!(at_once(&members(&text, 1 << 20)), 0, "one is a stream");
    // Of what a member says of itself no memory is taken that it does not fill.
    let mut liar = members(&text[..1000], 500);
    let end = liar.len();
    liar[end - 4..].copy_from_slice(&u32::MAX.to_le_bytes());
    assert_eq!(at_once(&liar), 0);
    assert!(same(&liar).1.contains("corrupt"), "{}", same(&liar).1);
}

#[test]
fn what_looks_like_a_header_is_none() {
    // Stored as it is, so that headers stand inside of members; and whole members inside of one.
    let inside = [noise(5000, 3), member(b"no member", 6), noise(5000, 4)].concat();
    let text: Vec<u8> = inside.repeat(40);
    for level in [0, 6] {
        let file = [member(&text, level), member(&inside, 0), member(&text, level)].concat();
        let all = [&text[..], &inside, &text].concat();
        assert!(same(&file) == (all, String::new()), "level {level}");
    }
}

#[test]
fn a_member_that_is_followed_by_its_twin_is_two() {
    // Whoever looks for the checksum at the end of both takes one of them for both.
    let twin = member(b"twice", 6);
    let hidden = {
        let mut second = twin.clone();
        // No compressor writes this, so no header is seen there.
        second[8] = 77;
        second
    };
    let file = [&twin[..], &hidden, &twin].concat();
    assert_eq!(same(&file), (b"twicetwicetwice".to_vec(), String::new()));
}

#[test]
fn names_padding_and_empty_members() {
    let text = noise(200_000, 5);
    let mut file = Vec::new();
    for (number, part) in text.chunks(7001).enumerate() {
        let named = GzBuilder::new().filename("a").comment("b").extra([7; 300]);
        let mut packer = named.write(Vec::new(), Compression::fast());
        packer.write_all(part).expect("in memory");
        file.extend(packer.finish().expect("in memory"));
        file.resize(file.len() + number % 3 * 600, 0);
        file.extend(member(b"", 6));
    }
    file.resize(file.len() + 70_000, 0);
    assert_eq!(same(&file), (text, String::new()));
}

#[test]
fn damage_is_the_same_for_all() {
    let text = noise(400_000, 6);
    let file = members(&text, 30_000);
    for turn in 0..150 {
        let mut bad = file.clone();
        let at = turn * 7919 % bad.len();
        match turn % 4 {
            0 => bad.truncate(at),
            1 => bad[at] ^= 1 << (turn % 8),
            2 => drop(bad.splice(at..at, [0; 3])),
            _ => bad.extend_from_slice(b"\0\0other"),
        }
        let (got, why) = same(&bad);
        // What is inflated wrongly comes out until a checksum says so.
        assert!(text.starts_with(&got) || matches!(turn % 4, 1 | 2), "turn {turn}");
        assert!(!why.is_empty() || got == text || turn % 4 == 0, "turn {turn}: {}", got.len());
    }
}

/// Fails after so many bytes, each time that it is asked.
struct Failing(Cursor<Vec<u8>>);

impl Read for Failing {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        match self.0.read(buf)? {
            0 => Err(io::Error::other("the cable came off")),
            n => Ok(n),
        }
    }
}

#[test]
fn what_was_read_before_a_failure_comes_first() {
    let text = noise(300_000, 7);
    let file = members(&text, 40_000);
    for threads in [1, 4] {
        let mut all = Vec::new();
        let mut reader = Members::new(Failing(Cursor::new(file.clone())), threads);
        let why = reader.read_to_end(&mut all).expect_err("it fails");
        assert!(all == text && why.to_string().contains("cable"), "{} {why}", all.len());
    }
}
