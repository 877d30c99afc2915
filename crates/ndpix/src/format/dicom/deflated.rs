//! Deflated data sets: their beginning, and their frames one after another.
//!
//! Of the beginning at most [`MOST_HEAD`] bytes are inflated, and no more than `memory`. Refuses damage as `image`.

use std::io::Read;

use flate2::bufread::DeflateDecoder;

use crate::error::{Error, Result};
use crate::limits::{Limits, lengthen, make_room};

/// The bytes that are inflated at first, to find the pixels of a deflated data set.
const FIRST_HEAD: u64 = 64 << 10;
/// The most of them.
const MOST_HEAD: u64 = 64 << 20;
/// Inflates more and more of a deflated data set, until `read` finds what it wants.
pub(super) fn head<T>(
    deflated: &[u8],
    limits: &Limits,
    read: impl Fn(&[u8]) -> Result<T>,
) -> Result<T> {
    let bound = limits.memory.unwrap_or(MOST_HEAD).min(MOST_HEAD);
    let mut stream = DeflateDecoder::new(deflated);
    let mut head = Vec::new();
    let mut most = FIRST_HEAD.min(bound);
    loop {
        let more = most - head.len() as u64;
        make_room(&mut head, more as usize)?;
        stream.by_ref().take(more).read_to_end(&mut head).map_err(damaged)?;
        match read(&head) {
            Err(_) if head.len() as u64 == most && most < bound => most = (most * 4).min(bound),
            Err(_) if head.len() as u64 == most => {
                limits.check_memory(bound + 1)?;
                return Err(Error::limit("DICOM with over 64 MiB of data before its pixels"));
            }
            result => return result,
        }
    }
}

/// Gives parts of a deflated data set. What lies between them is inflated and not kept; a part that begins before the
/// last one is looked for from the beginning.
pub(super) struct Inflater<'a> {
    deflated: &'a [u8],
    stream: DeflateDecoder<&'a [u8]>,
    /// Where the last part began.
    begin: usize,
    part: Vec<u8>,
}

impl<'a> Inflater<'a> {
    /// At the beginning.
    pub(super) fn new(deflated: &'a [u8]) -> Self {
        Self { deflated, stream: DeflateDecoder::new(deflated), begin: 0, part: Vec::new() }
    }

    /// The part of that length that begins there. Frames of single bits share a byte.
    pub(super) fn part(&mut self, begin: usize, length: usize) -> Result<&[u8]> {
        if begin < self.begin {
            *self = Self::new(self.deflated);
        }
        let gone = (begin - self.begin).min(self.part.len());
        self.part.drain(..gone);
        let between = (begin - self.begin - gone) as u64;
        let mut skipped = self.stream.by_ref().take(between);
        std::io::copy(&mut skipped, &mut std::io::sink()).map_err(damaged)?;
        self.begin = begin;
        let held = self.part.len();
        lengthen(&mut self.part, length)?;
        if held < length {
            self.stream.read_exact(&mut self.part[held..length]).map_err(damaged)?;
        }
        Ok(&self.part[..length])
    }
}

/// The error for a deflate stream that is damaged or cut.
fn damaged(error: std::io::Error) -> Error {
    Error::image(format!("the deflated DICOM is damaged or cut: {error}")).caused_by(error)
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    #[test]
    fn parts_in_any_order() {
        let whole: Vec<u8> = (0..5000u32).map(|i| ((i * 7) >> 3) as u8).collect();
        let mut coder = flate2::write::DeflateEncoder::new(Vec::new(), flate2::Compression::fast());
        let deflated = coder.write_all(&whole).and_then(|()| coder.finish()).expect("in memory");
        let mut inflater = Inflater::new(&deflated);
        // After each other, over each other, the same again, with a gap, backwards, shorter.
        for (begin, length) in
            [(10, 90), (100, 100), (199, 100), (199, 100), (4000, 1000), (0, 5000), (7, 3), (9, 50)]
        {
            let part = inflater.part(begin, length).expect("it is there");
            assert_eq!(part, &whole[begin..begin + length], "{begin} {length}");
        }
        assert!(inflater.part(4999, 2).is_err() && inflater.part(9000, 1).is_err());
        assert_eq!(inflater.part(3, 4).expect("it is there"), &whole[3..7]);
    }
}
