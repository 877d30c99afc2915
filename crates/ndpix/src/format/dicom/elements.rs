//! The data elements of a DICOM data set, one after another, without recursion.
//!
//! Takes the bytes of a data set and how they are written; gives the elements of the top level and
//! those of the pixel value transformations in the functional groups of the frames. All other sequences
//! are stepped over: by their length where it is said, and where it is not by their items, of which
//! only the open ones are kept, at most [`MOST_LEVELS`]. Each step goes forward by 8 bytes or more.
//! Refuses what does not nest or passes the end of what it is in as `image`.

use crate::error::{Error, Result};

/// Pixel data: integers or coded frames.
pub(super) const PIXEL_DATA: u32 = 0x7FE0_0010;
/// Pixel data of 32-bit floating point.
pub(super) const FLOAT_PIXELS: u32 = 0x7FE0_0008;
/// Pixel data of 64-bit floating point.
pub(super) const DOUBLE_PIXELS: u32 = 0x7FE0_0009;
/// The sequence of what holds for all frames.
const SHARED_GROUPS: u32 = 0x5200_9229;
/// The sequence with an item for each frame.
const FRAME_GROUPS: u32 = 0x5200_9230;
/// The sequence in both that holds the rescale.
const TRANSFORMATION: u32 = 0x0028_9145;
/// What sequences are made of.
pub(super) const ITEM: u32 = 0xFFFE_E000;
/// Ends an item of unsaid length.
pub(super) const ITEM_END: u32 = 0xFFFE_E00D;
/// Ends a sequence of unsaid length.
pub(super) const SEQUENCE_END: u32 = 0xFFFE_E0DD;
/// A length that is not said.
pub(super) const UNDEFINED: u32 = u32::MAX;
/// Sequences and items in each other; real files have a dozen at most.
const MOST_LEVELS: usize = 64;

/// How a data set is written.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Writing {
    /// Whether elements say their type (VR).
    pub(super) explicit: bool,
    pub(super) big_endian: bool,
}

impl Writing {
    /// A number of 16 bits.
    pub(super) fn short(self, bytes: [u8; 2]) -> u16 {
        if self.big_endian { u16::from_be_bytes(bytes) } else { u16::from_le_bytes(bytes) }
    }

    /// A number of 32 bits.
    pub(super) fn long(self, bytes: [u8; 4]) -> u32 {
        if self.big_endian { u32::from_be_bytes(bytes) } else { u32::from_le_bytes(bytes) }
    }
}

/// Where an element stands.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Place {
    Top,
    /// In the pixel value transformation of all frames.
    Shared,
    /// In the one of the frame of that number.
    Frame(u32),
}

/// A data element.
#[derive(Debug, Clone, Copy)]
pub(super) struct Element<'a> {
    pub(super) tag: u32,
    /// The type; zeros where it is not said.
    pub(super) vr: [u8; 2],
    pub(super) place: Place,
    /// Where the value begins in the data set.
    pub(super) start: usize,
    /// The length that the element says; `None` where the value is in fragments.
    pub(super) length: Option<u32>,
    /// The value; of pixel data what there is of it.
    pub(super) value: &'a [u8],
}

/// A sequence or an item that is open.
#[derive(Debug, Clone, Copy)]
struct Level {
    item: bool,
    tag: u32,
    /// Items that were seen in a sequence.
    items: u32,
    /// Where it ends, if that is said.
    end: Option<usize>,
    /// What it may not pass: its own end, or that of what it is in.
    bound: usize,
    explicit: bool,
    /// Where elements in it stand, if they are of use.
    wanted: Option<Place>,
}

/// Walks a data set.
pub(super) struct Elements<'a> {
    bytes: &'a [u8],
    writing: Writing,
    at: usize,
    levels: Vec<Level>,
}

impl<'a> Elements<'a> {
    /// At the head of a data set.
    pub(super) fn new(bytes: &'a [u8], writing: Writing) -> Self {
        Self { bytes, writing, at: 0, levels: Vec::new() }
    }

    /// The next element that is of use, or `None` at the end of the data set.
    pub(super) fn next(&mut self) -> Result<Option<Element<'a>>> {
        loop {
            self.close();
            if self.at == self.bytes.len() {
                return if self.levels.is_empty() { Ok(None) } else { Err(cut()) };
            }
            let tag = self.tag()?;
            match tag {
                ITEM => self.open_item()?,
                ITEM_END | SEQUENCE_END => self.end(tag)?,
                _ => {
                    if let Some(element) = self.element(tag)? {
                        return Ok(Some(element));
                    }
                }
            }
        }
    }

    /// Leaves sequences and items that have reached the end which they said.
    fn close(&mut self) {
        while self.levels.last().is_some_and(|level| level.end == Some(self.at)) {
            self.levels.pop();
        }
    }

    /// Takes bytes of the innermost level.
    fn take<const N: usize>(&mut self) -> Result<[u8; N]> {
        let bound = self.bound();
        let rest = self.bytes.get(self.at..bound).ok_or_else(cut)?;
        let taken = *rest.first_chunk::<N>().ok_or_else(cut)?;
        self.at += N;
        Ok(taken)
    }

    /// A tag: its group above its element.
    fn tag(&mut self) -> Result<u32> {
        let [a, b, c, d] = self.take::<4>()?;
        Ok(u32::from(self.writing.short([a, b])) << 16 | u32::from(self.writing.short([c, d])))
    }

    /// What nothing in the innermost level may pass.
    fn bound(&self) -> usize {
        self.levels.last().map_or(self.bytes.len(), |level| level.bound)
    }

    /// Opens a sequence or an item of that length, which begins here.
    fn push(
        &mut self,
        item: bool,
        tag: u32,
        length: u32,
        explicit: bool,
        wanted: Option<Place>,
    ) -> Result<()> {
        if self.levels.len() == MOST_LEVELS {
            return Err(Error::unsupported(format!("DICOM nested over {MOST_LEVELS} deep")));
        }
        let end = if length == UNDEFINED { None } else { Some(self.end_of(length)?) };
        let bound = end.unwrap_or(self.bound());
        self.levels.push(Level { item, tag, items: 0, end, bound, explicit, wanted });
        Ok(())
    }

    /// Where a value ends that begins here; inside of what it is in.
    fn end_of(&self, length: u32) -> Result<usize> {
        let end = self.at.checked_add(length as usize);
        end.filter(|end| *end <= self.bound()).ok_or_else(cut)
    }

    /// An item after its tag: opened where it may hold what is wanted, else stepped over.
    fn open_item(&mut self) -> Result<()> {
        let length = self.writing.long(self.take()?);
        let level = self.levels.last_mut().filter(|level| !level.item);
        let level =
            level.ok_or_else(|| Error::image("damaged DICOM: an item outside of a sequence"))?;
        let index = level.items;
        level.items = level.items.saturating_add(1);
        let (tag, explicit) = (level.tag, level.explicit);
        let wanted = match tag {
            FRAME_GROUPS => level.wanted.map(|_| Place::Frame(index)),
            _ => level.wanted,
        };
        if wanted.is_none() && length != UNDEFINED {
            self.at = self.end_of(length)?;
            return Ok(());
        }
        self.push(true, tag, length, explicit, wanted)
    }

    /// The end mark of an item or a sequence of unsaid length.
    fn end(&mut self, tag: u32) -> Result<()> {
        self.take::<4>()?;
        let fits = |level: &Level| level.item == (tag == ITEM_END) && level.end.is_none();
        if self.levels.last().is_some_and(fits) {
            self.levels.pop();
            return Ok(());
        }
        Err(Error::image("damaged DICOM: an end without a beginning"))
    }

    /// An element after its tag; `None` where it is of no use or a sequence.
    fn element(&mut self, tag: u32) -> Result<Option<Element<'a>>> {
        let level = self.levels.last().copied();
        if level.is_some_and(|level| !level.item) {
            return Err(Error::image("damaged DICOM: a sequence without items"));
        }
        let mut explicit = level.map_or(self.writing.explicit, |level| level.explicit);
        let (vr, length) = self.vr_and_length(explicit)?;
        if vr == *b"UN" {
            // What is in it, where it is a sequence, is written without types (CP 246).
            explicit = false;
        }
        let top = level.is_none();
        let place = match level {
            None => Some(Place::Top),
            Some(Level { tag: TRANSFORMATION, wanted, .. }) => wanted,
            Some(_) => None,
        };
        if top && matches!(tag, PIXEL_DATA | FLOAT_PIXELS | DOUBLE_PIXELS) {
            return self.pixels(tag, vr, length).map(Some);
        }
        let inside = match tag {
            SHARED_GROUPS if top => Some(Place::Shared),
            // Which one its items say.
            FRAME_GROUPS if top => Some(Place::Frame(0)),
            TRANSFORMATION => level.and_then(|level| level.wanted),
            _ => None,
        };
        if length == UNDEFINED || inside.is_some() {
            self.push(false, tag, length, explicit, inside)?;
            return Ok(None);
        }
        let start = self.at;
        self.at = self.end_of(length)?;
        let value = &self.bytes[start..self.at];
        Ok(place.map(|place| Element { tag, vr, place, start, length: Some(length), value }))
    }

    /// The element of pixel data, of which not all need to be there.
    fn pixels(&mut self, tag: u32, vr: [u8; 2], length: u32) -> Result<Element<'a>> {
        let (start, rest) = (self.at, &self.bytes[self.at..]);
        let length = Some(length).filter(|length| *length != UNDEFINED);
        let value = length.map_or(rest, |length| &rest[..rest.len().min(length as usize)]);
        self.at += value.len();
        Ok(Element { tag, vr, place: Place::Top, start, length, value })
    }

    /// What stands between a tag and its value. Where no type is written though one should be, the
    /// element is read as one without, as pydicom does.
    fn vr_and_length(&mut self, explicit: bool) -> Result<([u8; 2], u32)> {
        let head: [u8; 4] = self.take()?;
        let [a, b, c, d] = head;
        if !(explicit && a.is_ascii_uppercase() && b.is_ascii_uppercase()) {
            return Ok(([0; 2], self.writing.long(head)));
        }
        let long = matches!(
            &[a, b],
            b"OB"
                | b"OW"
                | b"OF"
                | b"OD"
                | b"OL"
                | b"OV"
                | b"SQ"
                | b"UC"
                | b"UR"
                | b"UT"
                | b"UN"
                | b"SV"
                | b"UV"
        );
        let length =
            if long { self.writing.long(self.take()?) } else { self.writing.short([c, d]).into() };
        Ok(([a, b], length))
    }
}

/// The error for what passes its end.
fn cut() -> Error {
    Error::image("truncated or damaged DICOM: an element passes the end of what it is in")
}

#[cfg(test)]
mod tests {
    use super::*;

    const LITTLE: Writing = Writing { explicit: true, big_endian: false };

    fn short(tag: u32, vr: &[u8; 2], value: &[u8]) -> Vec<u8> {
        let tag = [(tag >> 16) as u16, tag as u16].map(u16::to_le_bytes).concat();
        [&tag, &vr[..], &(value.len() as u16).to_le_bytes(), value].concat()
    }

    fn mark(tag: u32, length: u32) -> Vec<u8> {
        let tag = [(tag >> 16) as u16, tag as u16].map(u16::to_le_bytes).concat();
        [tag, length.to_le_bytes().to_vec()].concat()
    }

    fn sequence(tag: u32, length: u32) -> Vec<u8> {
        let tag = [(tag >> 16) as u16, tag as u16].map(u16::to_le_bytes).concat();
        [&tag, &b"SQ\0\0"[..], &length.to_le_bytes()].concat()
    }

    fn all(bytes: &[u8]) -> Result<Vec<(u32, Place)>> {
        let mut elements = Elements::new(bytes, LITTLE);
        let mut found = Vec::new();
        while let Some(element) = elements.next()? {
            found.push((element.tag, element.place));
        }
        Ok(found)
    }

    #[test]
    fn sequences_are_stepped_over() {
        let inner = short(0x0028_0010, b"US", &[1, 0]);
        let open = [
            sequence(0x0008_1140, UNDEFINED),
            mark(ITEM, UNDEFINED),
            sequence(0x0008_1140, UNDEFINED),
            mark(ITEM, inner.len() as u32),
            inner.clone(),
            mark(SEQUENCE_END, 0),
            inner.clone(),
            mark(ITEM_END, 0),
            mark(SEQUENCE_END, 0),
            short(0x0028_0011, b"US", &[2, 0]),
        ]
        .concat();
        assert_eq!(all(&open).expect("good"), [(0x0028_0011, Place::Top)]);
        for end in (1..open.len() - 10).chain(open.len() - 9..open.len()) {
            assert!(all(&open[..end]).is_err(), "cut at {end}");
        }
        let closed = [sequence(0x0008_1140, 18), mark(ITEM, 10), inner.clone(), inner].concat();
        let found = all(&closed).expect("good");
        assert_eq!(found, [(0x0008_1140, Place::Top), (0x0028_0010, Place::Top)]);
    }

    #[test]
    fn nesting_without_an_end_is_refused() {
        let one = [sequence(0x0008_1140, UNDEFINED), mark(ITEM, UNDEFINED)].concat();
        let error = all(&one.repeat(100_000)).expect_err("deep");
        assert_eq!(error.kind(), crate::error::ErrorKind::Unsupported);
    }

    #[test]
    fn groups_of_all_frames_are_read() {
        let slope = short(0x0028_1053, b"DS", b"2 ");
        let group = [
            mark(ITEM, UNDEFINED),
            sequence(TRANSFORMATION, UNDEFINED),
            mark(ITEM, UNDEFINED),
            slope,
            mark(ITEM_END, 0),
            mark(SEQUENCE_END, 0),
            mark(ITEM_END, 0),
        ]
        .concat();
        let one = [sequence(SHARED_GROUPS, group.len() as u32), group.clone()].concat();
        let two =
            [sequence(FRAME_GROUPS, UNDEFINED), group.repeat(3), mark(SEQUENCE_END, 0)].concat();
        let found = all(&[one, two].concat()).expect("good");
        let places = [Place::Shared, Place::Frame(0), Place::Frame(1), Place::Frame(2)];
        assert_eq!(found, places.map(|place| (0x0028_1053, place)));
    }
}
