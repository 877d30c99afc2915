//! An entry of a row map: its fields, and how they stand in it.

use std::io::Read;

use super::Place;
use crate::dtype::DType;

/// The type of an entry, as in the header of a `.npy`.
pub(crate) const DESCR: &str =
    "[('file', '<u4'), ('line', '<u8'), ('byte', '<u8'), ('item', '<u4'), ('valid', '|b1')]";
/// Bytes of an entry.
pub(crate) const ITEM: usize = 25;
/// The fields of an entry: name, dtype, offset.
pub(crate) const FIELDS: [(&str, DType, usize); 5] = [
    ("file", DType::Uint32, 0),
    ("line", DType::Uint64, 4),
    ("byte", DType::Uint64, 12),
    ("item", DType::Uint32, 20),
    ("valid", DType::Bool, 24),
];

/// The entry of a row.
pub(crate) fn entry(place: &Place) -> [u8; ITEM] {
    let mut entry = [0; ITEM];
    entry[..4].copy_from_slice(&place.file.to_le_bytes());
    entry[4..12].copy_from_slice(&place.line.to_le_bytes());
    entry[12..20].copy_from_slice(&place.byte.to_le_bytes());
    entry[20..24].copy_from_slice(&place.item.to_le_bytes());
    entry[24] = u8::from(place.valid);
    entry
}

/// The bytes of one field, by its number in [`FIELDS`], of all the entries that `entries` gives.
pub(crate) fn field(entries: impl Read, number: usize) -> impl Read {
    let (_, dtype, offset) = FIELDS[number];
    Field { entries, size: dtype.size(), offset, buffer: Vec::new(), at: 0 }
}

struct Field<R> {
    entries: R,
    size: usize,
    offset: usize,
    buffer: Vec<u8>,
    at: usize,
}

impl<R: Read> Read for Field<R> {
    fn read(&mut self, out: &mut [u8]) -> std::io::Result<usize> {
        if self.at == self.buffer.len() {
            let mut entries = Vec::new();
            self.entries.by_ref().take(1024 * ITEM as u64).read_to_end(&mut entries)?;
            let whole = entries.as_chunks::<ITEM>().0;
            let values = whole.iter().flat_map(|e| &e[self.offset..self.offset + self.size]);
            self.buffer.clear();
            self.buffer.extend(values);
            self.at = 0;
        }
        let len = out.len().min(self.buffer.len() - self.at);
        out[..len].copy_from_slice(&self.buffer[self.at..self.at + len]);
        self.at += len;
        Ok(len)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::shape::Shape;

    #[test]
    fn fields_are_those_of_the_entries() {
        let place = |i: u64| Place {
            index: i,
            file: 3,
            line: i + 1,
            byte: 100 * i,
            item: i as u32 % 2,
            valid: i.is_multiple_of(3),
            shape: Shape::image(1, 1, 1),
        };
        let entries: Vec<u8> = (0..3000).flat_map(|i| entry(&place(i))).collect();
        let read = |number| {
            let mut all = Vec::new();
            field(&entries[..], number).read_to_end(&mut all).expect("read");
            all
        };
        let bytes: Vec<u64> =
            read(2).as_chunks().0.iter().map(|c| u64::from_le_bytes(*c)).collect();
        assert!(bytes.iter().copied().eq((0..3000).map(|i| 100 * i)));
        assert!(read(4).iter().enumerate().all(|(i, v)| (*v == 1) == i.is_multiple_of(3)));
        assert_eq!(read(0).len(), 4 * 3000);
    }
}
