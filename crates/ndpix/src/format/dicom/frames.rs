//! The coded frames of encapsulated pixel data: fragments, and the tables that say which are whose.
//!
//! Takes the value of the pixel data, from its first item on; gives the bytes of one frame. What
//! decides is what decides in pydicom: the extended offset table, the basic one, or the number
//! of fragments, with the end marker of JPEG where it is needed. Fragments are counted where they
//! stand and never listed. Refuses a value without its end mark as truncated.

use std::borrow::Cow;

use super::elements::{ITEM, SEQUENCE_END, UNDEFINED};
use crate::error::{Error, Result};
use crate::limits::make_room;

/// A frame ends with it in all kinds of JPEG.
const END: [u8; 2] = [0xFF, 0xD9];
/// Fragments of a file: they are counted for every frame, so that the work grows with their square.
const MOST_FRAGMENTS: u32 = 1 << 20;
/// Items begin with a tag and a length.
const HEAD: usize = 8;

/// The extended offset table: offsets and lengths, each of 8 bytes.
pub(super) type Table<'a> = (&'a [u8], &'a [u8]);

/// The bytes of frame `index` of `count`.
pub(super) fn frame<'a>(
    value: &'a [u8],
    index: u32,
    count: u32,
    table: Option<Table<'_>>,
) -> Result<Cow<'a, [u8]>> {
    let mut items = Items { value, at: 0 };
    let (_, offsets) = items.next()?.ok_or_else(|| damaged("no offset table"))?;
    let first = items.at;
    // To the end: a value that is cut does not show in the frames before the cut.
    let mut fragments = 0u32;
    while items.next()?.is_some() {
        fragments += 1;
        if fragments > MOST_FRAGMENTS {
            return Err(Error::unsupported("DICOM with over a million fragments"));
        }
    }
    if fragments < count {
        return Err(missing());
    }
    let all = Items { value, at: first };
    if let Some(table) = table {
        return by_table(&value[first..items.at], index, table).map(Cow::Borrowed);
    }
    let place = index as usize;
    if !offsets.is_empty() {
        let (offsets, rest) = offsets.as_chunks::<4>();
        let of = |i: usize| offsets.get(i).map(|n| u32::from_le_bytes(*n) as usize);
        let begin = of(place).filter(|_| rest.is_empty()).ok_or_else(missing)?;
        let end = of(place + 1).map(|end| first.saturating_add(end));
        return join(Items { at: first.saturating_add(begin), ..all }, |at, _| {
            end.is_none_or(|end| at < end)
        });
    }
    if fragments == 1 || fragments == count {
        let mut items = all;
        for _ in 0..index {
            items.next()?.ok_or_else(missing)?;
        }
        let (_, fragment) = items.next()?.ok_or_else(missing)?;
        return Ok(Cow::Borrowed(fragment));
    }
    if count == 1 {
        return join(all, |_, _| true);
    }
    by_marker(all, index)
}

/// A frame whose place the extended offset table says.
fn by_table<'a>(items: &'a [u8], index: u32, (offsets, lengths): Table<'_>) -> Result<&'a [u8]> {
    let of = |numbers: &[u8]| {
        let number = numbers.as_chunks::<8>().0.get(index as usize)?;
        usize::try_from(u64::from_le_bytes(*number)).ok()
    };
    let (Some(begin), Some(length)) = (of(offsets), of(lengths)) else { return Err(missing()) };
    let begin = begin.checked_add(HEAD).ok_or_else(missing)?;
    items.get(begin..).and_then(|rest| rest.get(..length)).ok_or_else(missing)
}

/// A frame that ends where a fragment ends with the marker.
fn by_marker(mut items: Items<'_>, index: u32) -> Result<Cow<'_, [u8]>> {
    let ends = |fragment: &[u8]| {
        let last = &fragment[fragment.len().saturating_sub(10)..];
        last.windows(2).any(|pair| pair == END)
    };
    for _ in 0..index {
        while !ends(items.next()?.ok_or_else(missing)?.1) {}
    }
    let mut over = false;
    join(items, |_, fragment| {
        let more = !over;
        over |= ends(fragment);
        more
    })
}

/// The fragments from here on, as long as `more` says so of where they stand and what they are.
fn join<'a>(
    mut items: Items<'a>,
    mut more: impl FnMut(usize, &[u8]) -> bool,
) -> Result<Cow<'a, [u8]>> {
    let mut joined = Cow::Borrowed(&[][..]);
    loop {
        let Some((at, fragment)) = items.next()? else { break };
        if !more(at, fragment) {
            break;
        }
        if joined.is_empty() {
            joined = Cow::Borrowed(fragment);
        } else {
            let joined = joined.to_mut();
            make_room(joined, fragment.len())?;
            joined.extend_from_slice(fragment);
        }
    }
    if joined.is_empty() { Err(missing()) } else { Ok(joined) }
}

/// Walks items, each with where it stands.
#[derive(Clone, Copy)]
struct Items<'a> {
    value: &'a [u8],
    at: usize,
}

impl<'a> Items<'a> {
    /// The next item; `None` at the end mark, which is not passed.
    fn next(&mut self) -> Result<Option<(usize, &'a [u8])>> {
        let cut = || Error::image("truncated DICOM: the file ends inside its coded pixels");
        let rest = self.value.get(self.at..).unwrap_or_default();
        let (head, after) = rest.split_first_chunk::<HEAD>().ok_or_else(cut)?;
        let [a, b, c, d, l0, l1, l2, l3] = *head;
        let tag =
            u32::from(u16::from_le_bytes([a, b])) << 16 | u32::from(u16::from_le_bytes([c, d]));
        let length = u32::from_le_bytes([l0, l1, l2, l3]);
        match tag {
            SEQUENCE_END => Ok(None),
            ITEM if length != UNDEFINED => {
                let fragment = after.get(..length as usize).ok_or_else(cut)?;
                let at = self.at;
                self.at += HEAD + fragment.len();
                Ok(Some((at, fragment)))
            }
            _ => Err(damaged("something else among its fragments")),
        }
    }
}

/// The error for items that are not what they should be.
fn damaged(what: &str) -> Error {
    Error::image(format!("damaged DICOM: {what}"))
}

/// The error for a frame that is not there.
fn missing() -> Error {
    Error::image("damaged or truncated DICOM: fewer coded frames than it says")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn item(bytes: &[u8]) -> Vec<u8> {
        [&[0xFE, 0xFF, 0, 0xE0][..], &(bytes.len() as u32).to_le_bytes(), bytes].concat()
    }

    fn value(items: &[&[u8]]) -> Vec<u8> {
        let items = items.iter().flat_map(|bytes| item(bytes));
        items.chain([0xFE, 0xFF, 0xDD, 0xE0, 0, 0, 0, 0]).collect()
    }

    #[test]
    fn fragments_are_counted() {
        let two = value(&[b"", b"aa", b"bb"]);
        assert_eq!(*frame(&two, 1, 2, None).expect("good"), *b"bb");
        assert_eq!(*frame(&two, 0, 1, None).expect("good"), *b"aabb");
        assert!(frame(&two, 0, 3, None).is_err());
        assert!(frame(&two, 2, 2, None).is_err());
        for end in 0..two.len() {
            assert!(frame(&two[..end], 0, 2, None).is_err(), "cut at {end}");
        }
    }

    #[test]
    fn markers_end_frames() {
        let three = value(&[b"", b"aa", b"b\xFF\xD9\0", b"cc\xFF\xD9"]);
        assert_eq!(*frame(&three, 0, 2, None).expect("good"), *b"aab\xFF\xD9\0");
        assert_eq!(*frame(&three, 1, 2, None).expect("good"), *b"cc\xFF\xD9");
    }

    #[test]
    fn tables_say_where_frames_begin() {
        let table = [0u32, 20].map(u32::to_le_bytes).concat();
        let basic = value(&[&table, b"aa", b"bb", b"cc", b"dd"]);
        assert_eq!(*frame(&basic, 0, 2, None).expect("good"), *b"aabb");
        assert_eq!(*frame(&basic, 1, 2, None).expect("good"), *b"ccdd");
        assert!(frame(&basic, 2, 2, None).is_err());
        let wild = value(&[&[0xFF; 8], b"aa", b"bb"]);
        assert!(frame(&wild, 0, 2, None).is_err());

        let plain = value(&[b"", b"aa", b"bbbb"]);
        let numbers = |n: [u64; 2]| n.map(u64::to_le_bytes).concat();
        let (offsets, lengths) = (numbers([0, 10]), numbers([2, 3]));
        let table = Some((&offsets[..], &lengths[..]));
        assert_eq!(*frame(&plain, 1, 2, table).expect("good"), *b"bbb");
        let offsets = numbers([u64::MAX, u64::MAX - 8]);
        let table = Some((&offsets[..], &lengths[..]));
        assert!(frame(&plain, 0, 2, table).is_err() && frame(&plain, 1, 2, table).is_err());
    }
}
