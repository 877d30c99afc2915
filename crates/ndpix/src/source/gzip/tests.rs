use std::io::Write;

use flate2::Compression;
use flate2::write::GzEncoder;

use super::*;

/// Numbers that look like chance and are the same every time.
fn next(seed: &mut u64) -> u64 {
    *seed ^= *seed << 13;
    *seed ^= *seed >> 7;
    *seed ^= *seed << 17;
    *seed
}

/// Text that repeats itself near and far, and now and then does not.
fn text(len: usize, seed: &mut u64) -> Vec<u8> {
    let mut all: Vec<u8> = Vec::with_capacity(len + 70_000);
    while all.len() < len {
        let run = (next(seed) % 3000) as usize;
        match next(seed) % 3 {
            0 => (0..run).for_each(|_| all.push(next(seed) as u8)),
            1 => all.extend((0..run).map(|_| b"0123456789abcdef"[next(seed) as usize % 16])),
            _ => {
                let back = (next(seed) as usize % 32_768).min(all.len());
                let from = all.len() - back;
                (0..run.min(back)).for_each(|i| all.push(all[from + i]));
            }
        }
    }
    all.truncate(len);
    all
}

fn member(text: &[u8], level: u32) -> Vec<u8> {
    let mut packer = GzEncoder::new(Vec::new(), Compression::new(level));
    packer.write_all(text).and_then(|()| packer.finish()).expect("in memory")
}

fn reading(file: &[u8]) -> impl Fn(&mut [u8], u64) -> io::Result<usize> + '_ {
    |buf, at| {
        let rest = &file[(at as usize).min(file.len())..];
        // Readers may give less than was asked for.
        let len = buf.len().min(rest.len()).min(10_007);
        buf[..len].copy_from_slice(&rest[..len]);
        Ok(len)
    }
}

/// Whether everything that is read anywhere in a file is the text.
fn check(file: &[u8], text: &[u8], most: usize, seed: &mut u64) -> usize {
    let read = reading(file);
    let marks = Marks::set(&read, most, &|| false);
    let again = marks.bytes();
    let (again, rest) = Marks::of(&again).expect("marks");
    assert!(rest.is_empty() && again.marks == marks.marks);
    let readers = Readers::default();
    for turn in 0..300 {
        // Near to each other, as records are, and far.
        let at = match turn % 3 {
            0 => (turn * 5000).min(text.len()),
            _ => next(seed) as usize % (text.len() + 1),
        };
        let len = (next(seed) as usize % if turn % 50 == 0 { 400_000 } else { 9000 })
            .min(text.len() - at);
        let mut out = vec![0; len];
        let from = if turn % 2 == 0 { &marks } else { &again };
        from.read(&read, (&readers, turn as u32 % 3), at as u64, &mut out).expect("it is there");
        assert!(out == text[at..at + len], "{len} bytes from {at}");
    }
    let mut beyond = [0; 2];
    assert!(marks.read(&read, (&readers, 0), text.len() as u64 - 1, &mut beyond).is_err());
    marks.marks.len()
}

#[test]
fn any_place_is_what_stands_there() {
    let mut seed = 0x9e37_79b9_7f4a_7c15;
    let text = text(7 << 20, &mut seed);
    for level in [0, 1, 6, 9] {
        let file = member(&text, level);
        let marks = check(&file, &text, 100, &mut seed);
        // At level 1 zlib-rs ends hardly any block.
        assert!(marks > if level == 1 { 0 } else { 4 }, "{marks} at level {level}");
    }
    let file = member(&text, 6);
    assert!((2..=3).contains(&check(&file, &text, 3, &mut seed)), "every second mark goes");
    assert_eq!(check(&file, &text, 1, &mut seed), 1);
}

#[test]
fn members_follow_each_other() {
    let mut seed = 77;
    let text = text(5 << 20, &mut seed);
    let mut file = Vec::new();
    let mut at = 0;
    while at < text.len() {
        let len = (1 + next(&mut seed) as usize % 600_000).min(text.len() - at);
        file.extend(member(&text[at..at + len], 1 + (at % 9) as u32));
        // Zeros are padding, and members may be empty and have names.
        file.resize(file.len() + at % 3 * 700, 0);
        let named = flate2::GzBuilder::new().filename("a").comment("b").extra([7; 300]);
        let empty = named.write(Vec::new(), Compression::fast()).finish().expect("in memory");
        file.extend(empty);
        at += len;
    }
    assert!(check(&file, &text, 100, &mut seed) > 3);
}

#[test]
fn few_readers_stay_open_however_many_files_there_are() {
    let mut seed = 3;
    let files: Vec<_> = (0..5 * OPEN).map(|_| text(20_000, &mut seed)).collect();
    let packed: Vec<_> = files.iter().map(|text| member(text, 6)).collect();
    let readers = Readers::default();
    for turn in 0..2000 {
        let number = next(&mut seed) as usize % files.len();
        let read = reading(&packed[number]);
        let marks = Marks::set(&read, 1, &|| false);
        let (at, mut out) = (turn * 9, [0; 100]);
        marks.read(&read, (&readers, number as u32), at as u64, &mut out).expect("it is there");
        assert!(out == files[number][at..at + 100], "file {number} from {at}");
        assert!(lock(&readers.0).len() <= OPEN);
    }
    assert_eq!(lock(&readers.0).len(), OPEN);
}

#[test]
fn damaged_files_and_marks_are_errors() {
    let mut seed = 5;
    let text = text(3 << 20, &mut seed);
    let file = member(&text, 6);
    let whole = Marks::set(&reading(&file), 100, &|| false).bytes();
    for turn in 0..60 {
        let (mut file, mut bytes) = (file.clone(), whole.clone());
        match turn % 3 {
            0 => file.truncate(next(&mut seed) as usize % file.len()),
            1 => {
                let at = next(&mut seed) as usize % file.len();
                file[at] ^= 1 << (turn % 8);
            }
            _ => {
                let at = next(&mut seed) as usize % bytes.len();
                bytes[at] ^= 1 << (turn % 8);
            }
        }
        let read = reading(&file);
        let Some((marks, _)) = Marks::of(&bytes) else { continue };
        let readers = &Readers::default();
        // Whatever it is that is read, it is no panic and not more than was asked for.
        for at in [0, 1_500_000, text.len() as u64 - 10] {
            let _ = marks.read(&read, (readers, 0), at, &mut [0; 10]);
        }
        let marks = Marks::set(&read, 100, &|| false);
        let _ = marks.read(&read, (readers, 1), text.len() as u64 - 10, &mut [0; 10]);
    }
    for cut in (0..whole.len()).step_by(97) {
        assert!(Marks::of(&whole[..cut]).is_none(), "{cut}");
    }
}
