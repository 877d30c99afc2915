//! The coded frames of encapsulated pixel data: fragments, and the tables that say which are whose.
//!
//! Takes the value of the pixel data, from its first item on; gives the bytes of one frame. What
//! decides is what decides in pydicom: the extended offset table, the basic one, or the number
//! of fragments, with the end marker of JPEG where it is needed. Refuses a value without its end mark as truncated.

use std::borrow::Cow;

use super::elements::{ITEM, SEQUENCE_END, UNDEFINED};
use crate::error::{Error, Result};
use crate::limits::make_room;

/// A frame ends with it in all kinds of JPEG.
const END: [u8; 2] = [0xFF, 0xD9];
/// Fragments of a file: where they begin is kept.
const MOST_FRAGMENTS: usize = 1 << 20;
/// Items begin with a tag and a length.
const HEAD: usize = 8;

/// The extended offset table: offsets and lengths, each of 8 bytes.
pub(super) type Table<'a> = (&'a [u8], &'a [u8]);

/// The fragments of all frames.
pub(super) struct Fragments<'a> {
    /// The first of them, and those after it.
    first: Items<'a>,
    /// The byte after the last one.
    end: usize,
    /// Frames that there are to be.
    count: u32,
    table: Option<Table<'a>>,
    /// The basic offset table; may be empty.
    offsets: &'a [u8],
    /// Where the fragments begin, or the frames where markers end them.
    begins: Vec<usize>,
    /// Whether markers end frames.
    marked: bool,
}

impl<'a> Fragments<'a> {
    /// Walks the fragments of `count` frames, to the end: a value that is cut does not show in the frames before
    /// the cut.
    pub(super) fn read(value: &'a [u8], count: u32, table: Option<Table<'a>>) -> Result<Self> {
        let mut first = Items { value, at: 0 };
        let (_, offsets) = first.next()?.ok_or_else(|| damaged("no offset table"))?;
        let (mut begins, end) = first.begins(|_| true)?;
        if begins.len() < count as usize {
            return Err(missing());
        }
        let plain = count == 1 || begins.len() == count as usize;
        let marked = table.is_none() && offsets.is_empty() && !plain;
        if marked {
            begins = first.begins(ends)?.0;
        }
        Ok(Self { first, end, count, table, offsets, begins, marked })
    }

    /// The bytes of a frame.
    pub(super) fn frame(&self, index: u32) -> Result<Cow<'a, [u8]>> {
        let Items { value, at: first } = self.first;
        if let Some(table) = self.table {
            return by_table(&value[first..self.end], index, table).map(Cow::Borrowed);
        }
        let place = index as usize;
        if !self.offsets.is_empty() {
            let (offsets, rest) = self.offsets.as_chunks::<4>();
            let of = |i: usize| offsets.get(i).map(|n| u32::from_le_bytes(*n) as usize);
            let begin = of(place).filter(|_| rest.is_empty()).ok_or_else(missing)?;
            let end = of(place + 1).map(|end| first.saturating_add(end));
            return join(Items { value, at: first.saturating_add(begin) }, |at, _| {
                end.is_none_or(|end| at < end)
            });
        }
        let at = *self.begins.get(place).ok_or_else(missing)?;
        let mut items = Items { value, at };
        if self.marked {
            let mut over = false;
            return join(items, |_, fragment| {
                let more = !over;
                over |= ends(fragment);
                more
            });
        }
        if self.count == 1 {
            return join(items, |_, _| true);
        }
        Ok(Cow::Borrowed(items.next()?.ok_or_else(missing)?.1))
    }
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

/// Whether a fragment ends with the marker.
fn ends(fragment: &[u8]) -> bool {
    let last = &fragment[fragment.len().saturating_sub(10)..];
    last.windows(2).any(|pair| pair == END)
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
    /// Where the first item from here on begins, and each that is `after` another one which says so; and where the
    /// last one ends.
    fn begins(mut self, after: impl Fn(&[u8]) -> bool) -> Result<(Vec<usize>, usize)> {
        let (mut begins, mut new, mut count) = (Vec::new(), true, 0);
        while let Some((at, fragment)) = self.next()? {
            if new {
                make_room(&mut begins, 1)?;
                begins.push(at);
            }
            new = after(fragment);
            count += 1;
            if count > MOST_FRAGMENTS {
                return Err(Error::unsupported("DICOM with over a million fragments"));
            }
        }
        Ok((begins, self.at))
    }

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

    fn frame<'a>(
        value: &'a [u8],
        index: u32,
        count: u32,
        table: Option<Table<'a>>,
    ) -> Result<Cow<'a, [u8]>> {
        Fragments::read(value, count, table)?.frame(index)
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
