//! The items of a `meta` box: what there is, where its bytes are, what it is like, what it belongs to.
//!
//! Takes the body of the box and the whole file; gives [`Items`], from which a picture is put together in
//! `still.rs`. Nothing is allocated beyond a few times the bytes of the box. Refuses what contradicts
//! itself as `image`, bytes outside the file as truncated.

use std::borrow::Cow;
use std::collections::BTreeMap;

use super::boxes::{Boxes, Reader, find, short};
use super::property::{Property, Signal};
use crate::error::{Error, Result};

/// One item.
#[derive(Default)]
pub(super) struct Item {
    /// Four letters: `av01`, `grid`, `Exif` ...
    pub(super) kind: [u8; 4],
    /// Whether it is XMP by its media type.
    pub(super) xmp: bool,
    /// Whether a reader must know a property of it that ndpix does not know.
    pub(super) strange: bool,
    /// What it is like, in the order of its associations.
    pub(super) properties: Vec<Property>,
    /// The items that it is made of, in order.
    pub(super) parts: Vec<u32>,
    /// The item that it is an auxiliary picture of.
    pub(super) auxiliary_of: Option<u32>,
    /// The item that it describes.
    pub(super) describes: Option<u32>,
    /// The alpha that its colours are multiplied with.
    pub(super) multiplied_with: Option<u32>,
    /// Whether it is a part of another one.
    is_part: bool,
    /// 0: offsets into the file; 1: into the `idat` box.
    method: u8,
    /// Where its bytes are: offset and length; length 0 is up to the end.
    extents: Vec<(u64, u64)>,
}

impl Item {
    /// The first thing that a property says.
    pub(super) fn says<T>(&self, what: impl Fn(Property) -> Option<T>) -> Option<T> {
        self.properties.iter().find_map(|property| what(*property))
    }

    /// Width and height.
    pub(super) fn size(&self) -> Option<(u32, u32)> {
        self.says(|p| if let Property::Size(w, h) = p { Some((w, h)) } else { None })
    }

    /// What its numbers mean, where a box says so.
    pub(super) fn signal(&self) -> Option<Signal> {
        self.says(|p| if let Property::Signal(signal) = p { Some(signal) } else { None })
    }

    /// Whether it is a picture that ndpix decodes.
    pub(super) fn is_picture(&self) -> bool {
        matches!(&self.kind, b"av01" | b"grid") && !self.strange
    }

    /// Whether it is the alpha of some item.
    pub(super) fn is_alpha(&self) -> bool {
        self.is_picture() && self.says(|p| (p == Property::Alpha).then_some(())).is_some()
    }
}

/// The items of a file or of a track.
pub(super) struct Items<'a> {
    file: &'a [u8],
    idat: &'a [u8],
    /// The picture that the file is about.
    pub(super) primary: Option<u32>,
    items: BTreeMap<u32, Item>,
}

impl<'a> Items<'a> {
    /// Reads the body of a `meta` box.
    pub(super) fn read(file: &'a [u8], meta: &'a [u8]) -> Result<Self> {
        let mut body = Reader(meta);
        body.version()?;
        let mut read = Self { file, idat: &[], primary: None, items: BTreeMap::new() };
        let mut handled = false;
        for boxed in Boxes::inside(body.0) {
            let boxed = boxed?;
            let body = Reader(boxed.body);
            match &boxed.kind {
                b"hdlr" => {
                    let kind = boxed.body.get(8..12).ok_or_else(short)?;
                    handled = kind == b"pict";
                }
                b"pitm" => read.primary = Some(read_primary(body)?),
                b"iloc" => read.read_places(body)?,
                b"iinf" => read.read_kinds(body)?,
                b"iref" => read.read_references(body)?,
                b"iprp" => read.read_properties(boxed.body)?,
                b"idat" => read.idat = boxed.body,
                _ => {}
            }
        }
        if handled {
            Ok(read)
        } else {
            Err(Error::image("damaged AVIF: its items are not said to be pictures"))
        }
    }

    /// The item of that number.
    pub(super) fn get(&self, id: u32) -> Option<&Item> {
        self.items.get(&id)
    }

    /// All items with their numbers, in the order of these.
    pub(super) fn iter(&self) -> impl Iterator<Item = (u32, &Item)> {
        self.items.iter().map(|(&id, item)| (id, item))
    }

    /// The bytes of an item: of the file where they lie together, otherwise a copy.
    pub(super) fn bytes(&self, item: &Item) -> Result<Cow<'a, [u8]>> {
        Ok(match self.pieces(item)?[..] {
            [one] => Cow::Borrowed(one),
            ref several => Cow::Owned(several.concat()),
        })
    }

    /// The pieces that the bytes of an item are in, together no longer than the file.
    pub(super) fn pieces(&self, item: &Item) -> Result<Vec<&'a [u8]>> {
        let source = match item.method {
            0 => self.file,
            1 => self.idat,
            _ => return Err(Error::unsupported("AVIF with an item made of other items")),
        };
        let piece = |&(offset, length): &(u64, u64)| {
            let tail = usize::try_from(offset).ok().and_then(|offset| source.get(offset..));
            let tail = tail.filter(|tail| !tail.is_empty()).ok_or_else(short)?;
            match usize::try_from(length) {
                Ok(0) => Ok(tail),
                Ok(length) => tail.get(..length).ok_or_else(short),
                Err(_) => Err(short()),
            }
        };
        let pieces = item.extents.iter().map(piece).collect::<Result<Vec<_>>>()?;
        let total = pieces.iter().fold(0usize, |sum, piece| sum.saturating_add(piece.len()));
        if pieces.is_empty() || total > source.len() {
            return Err(Error::image(
                "damaged AVIF: an item without bytes, or longer than its file",
            ));
        }
        Ok(pieces)
    }

    /// `iloc`: where the bytes of items are.
    fn read_places(&mut self, mut body: Reader<'_>) -> Result<()> {
        let (version, _) = body.version()?;
        if version > 2 {
            return Err(Error::unsupported("AVIF with item places of a later version"));
        }
        let [sizes, more] = body.array()?;
        let (offset_size, length_size, base_size) = (sizes >> 4, sizes & 15, more >> 4);
        let index_size = if version == 0 { 0 } else { more & 15 };
        let all = [offset_size, length_size, base_size, index_size];
        if !all.iter().all(|size| matches!(size, 0 | 4 | 8)) {
            return Err(Error::image("damaged AVIF: item places in numbers of an odd size"));
        }
        let count = body.id(version == 2)?;
        for _ in 0..count {
            let id = body.id(version == 2)?;
            let method = if version == 0 { 0 } else { body.u16()? & 15 };
            let reference = body.u16()?;
            let base = body.uint(base_size)?;
            let extents = body.u16()?;
            if extents > 1 && offset_size == 0 && length_size == 0 && index_size == 0 {
                return Err(Error::image("damaged AVIF: an item whose parts are all the same"));
            }
            let mut places = Vec::new();
            for _ in 0..extents {
                body.uint(index_size)?;
                let offset = base.checked_add(body.uint(offset_size)?);
                places.push((offset.ok_or_else(short)?, body.uint(length_size)?));
            }
            // Bytes that lie in another file, or are those of other items, are refused once they are needed.
            let method = if reference != 0 { 2 } else { method.min(2) as u8 };
            let item = self.items.entry(id).or_default();
            if !item.extents.is_empty() {
                return Err(Error::image("damaged AVIF: an item in two places"));
            }
            (item.method, item.extents) = (method, places);
        }
        Ok(())
    }

    /// `iinf`: what items are.
    fn read_kinds(&mut self, mut body: Reader<'_>) -> Result<()> {
        let (version, _) = body.version()?;
        body.id(version != 0)?;
        for boxed in Boxes::inside(body.0) {
            let boxed = boxed?;
            if boxed.kind != *b"infe" {
                continue;
            }
            let mut body = Reader(boxed.body);
            let (version, _) = body.version()?;
            if !matches!(version, 2 | 3) {
                return Err(Error::unsupported("AVIF with item entries of another version"));
            }
            let id = body.id(version == 3)?;
            body.u16()?;
            let kind = body.array()?;
            let item = self.items.entry(id).or_default();
            item.kind = kind;
            if kind == *b"mime" {
                body.text();
                item.xmp = body.text() == b"application/rdf+xml";
            }
        }
        Ok(())
    }

    /// `iref`: which items belong to which.
    fn read_references(&mut self, mut body: Reader<'_>) -> Result<()> {
        let (version, _) = body.version()?;
        for boxed in Boxes::inside(body.0) {
            let boxed = boxed?;
            let mut body = Reader(boxed.body);
            let from = body.id(version != 0)?;
            let count = body.u16()?;
            for _ in 0..count {
                let to = body.id(version != 0)?;
                if from == 0 || to == 0 {
                    return Err(Error::image("damaged AVIF: a reference to no item"));
                }
                let item = self.items.entry(from).or_default();
                match &boxed.kind {
                    b"auxl" => item.auxiliary_of = Some(to),
                    b"cdsc" => item.describes = Some(to),
                    b"prem" => item.multiplied_with = Some(to),
                    b"dimg" => {
                        item.parts.push(to);
                        let part = self.items.entry(to).or_default();
                        if std::mem::replace(&mut part.is_part, true) {
                            return Err(Error::image("damaged AVIF: an item that is two parts"));
                        }
                    }
                    _ => {}
                }
            }
        }
        Ok(())
    }

    /// `iprp`: what items are like.
    fn read_properties(&mut self, body: &[u8]) -> Result<()> {
        let list = find(body, b"ipco")?.ok_or_else(|| missing("item properties"))?;
        let list: Vec<Property> = Boxes::inside(list)
            .map(|boxed| boxed.and_then(|boxed| Property::read(&boxed)))
            .collect::<Result<_>>()?;
        for boxed in Boxes::inside(body) {
            let boxed = boxed?;
            if boxed.kind == *b"ipma" {
                self.associate(Reader(boxed.body), &list)?;
            }
        }
        Ok(())
    }

    /// `ipma`: which item has which properties.
    fn associate(&mut self, mut body: Reader<'_>, list: &[Property]) -> Result<()> {
        let (version, flags) = body.version()?;
        let wide = flags & 1 != 0;
        let count = body.u32()?;
        for _ in 0..count {
            let id = body.id(version != 0)?;
            let associations = body.u8()?;
            let item = self.items.entry(id).or_default();
            if !item.properties.is_empty() {
                return Err(Error::image(
                    "damaged AVIF: the properties of an item are given twice",
                ));
            }
            for _ in 0..associations {
                let word = if wide { body.u16()? } else { spread(body.u8()?) };
                let (essential, index) = (word & 0x8000 != 0, usize::from(word & 0x7FFF));
                let Some(index) = index.checked_sub(1) else {
                    continue;
                };
                let property = list.get(index).ok_or_else(|| missing("a property of an item"))?;
                property.check(essential)?;
                item.strange |= essential && *property == Property::Unknown;
                item.properties.push(*property);
            }
        }
        Ok(())
    }
}

/// `pitm`: which item is the picture.
fn read_primary(mut body: Reader<'_>) -> Result<u32> {
    let (version, _) = body.version()?;
    body.id(version != 0)
}

/// An association of one byte as one of two.
fn spread(byte: u8) -> u16 {
    u16::from(byte & 0x80) << 8 | u16::from(byte & 0x7F)
}

/// What should be there and is not.
pub(super) fn missing(what: &str) -> Error {
    Error::image(format!("damaged AVIF: {what} is missing"))
}

#[cfg(test)]
pub(super) mod tests {
    use super::*;

    /// A box of a kind around some bytes.
    pub(in super::super) fn boxed(kind: &[u8; 4], body: &[u8]) -> Vec<u8> {
        [&(body.len() as u32 + 8).to_be_bytes()[..], kind, body].concat()
    }

    fn meta(parts: &[Vec<u8>]) -> Vec<u8> {
        let handler = boxed(b"hdlr", b"\0\0\0\0\0\0\0\0pict\0\0\0\0\0\0\0\0\0\0\0\0\0");
        [&[0; 4][..], &handler, &parts.concat()].concat()
    }

    fn place(extents: &[u8]) -> Vec<u8> {
        let count = extents.len() as u8 / 8;
        let head = [0, 0, 0, 0, 0x44, 0, 0, 1, 0, 7, 0, 0, 0, count];
        boxed(b"iloc", &[&head, extents].concat())
    }

    fn kind(of: &[u8; 4]) -> Vec<u8> {
        let entry = boxed(b"infe", &[&b"\x02\0\0\0\0\x07\0\0"[..], of, b"\0"].concat());
        boxed(b"iinf", &[&b"\0\0\0\0\0\x01"[..], &entry].concat())
    }

    fn bytes_of(file: &[u8], parts: &[Vec<u8>]) -> Result<Vec<u8>> {
        let meta = meta(parts);
        let items = Items::read(file, &meta)?;
        let item = items.get(7).ok_or_else(|| missing("an item"))?;
        items.bytes(item).map(Cow::into_owned)
    }

    #[test]
    fn bytes_in_one_part_and_in_several() {
        let file = b"0123456789";
        let read = |extents: &[u8]| bytes_of(file, &[place(extents), kind(b"av01")]);
        assert_eq!(read(b"\0\0\0\x02\0\0\0\x03").expect("there"), b"234");
        assert_eq!(read(b"\0\0\0\x02\0\0\0\0").expect("there"), b"23456789");
        assert_eq!(read(b"\0\0\0\x02\0\0\0\x03\0\0\0\x01\0\0\0\x01").expect("there"), b"2341");
        assert!(read(b"\0\0\0\x08\0\0\0\x03").is_err() && read(b"\0\0\0\x0A\0\0\0\0").is_err());
        assert!(read(b"\0\0\0\0\0\0\0\0\0\0\0\x01\0\0\0\x09").is_err() && read(b"").is_err());
    }

    #[test]
    fn bytes_in_idat() {
        let places =
            boxed(b"iloc", b"\x01\0\0\0\x44\0\0\x01\0\x07\0\x01\0\0\0\x01\0\0\0\x01\0\0\0\x02");
        let parts = [places, kind(b"av01"), boxed(b"idat", b"abcd")];
        assert_eq!(bytes_of(b"", &parts).expect("there"), b"bc");
    }

    #[test]
    fn a_bomb_of_empty_extents() {
        let places = boxed(b"iloc", b"\0\0\0\0\0\0\0\x01\0\x07\0\0\xFF\xFF");
        assert!(bytes_of(b"0123", &[places, kind(b"av01")]).is_err());
    }

    #[test]
    fn a_part_of_two_items() {
        let reference = boxed(b"dimg", b"\0\x07\0\x02\0\x01\0\x01");
        let references = boxed(b"iref", &[&[0; 4][..], &reference].concat());
        assert!(Items::read(b"", &meta(&[kind(b"grid"), references])).is_err());
    }

    #[test]
    fn properties_are_marked() {
        let with = |association: &[u8], property: &[u8; 4]| {
            let list = boxed(b"ipco", &boxed(property, b"\x01"));
            let links =
                boxed(b"ipma", &[&b"\0\0\0\0\0\0\0\x01\0\x07\x01"[..], association].concat());
            let meta = meta(&[kind(b"av01"), boxed(b"iprp", &[list, links].concat())]);
            Items::read(b"", &meta).map(|items| items.get(7).is_some_and(Item::is_picture))
        };
        assert_eq!(with(&[0x81], b"irot").ok(), Some(true));
        assert_eq!(with(&[0x01], b"irot").ok(), None);
        assert_eq!(with(&[0x01], b"xxxx").ok(), Some(true));
        assert_eq!(with(&[0x81], b"xxxx").ok(), Some(false));
        assert_eq!(with(&[0x02], b"xxxx").ok(), None);
    }
}
