//! Changed copies of seeds: bits, bytes, numbers at the edges of their range, words of the format,
//! pieces that are dropped, repeated, or taken from another seed.

use super::Random;

/// Longer inputs are cut, so that a round stays short.
const LONGEST: usize = 64 << 10;

pub(super) struct Mutator {
    random: Random,
    words: &'static [&'static [u8]],
}

impl Mutator {
    pub(super) fn new(random: Random, words: &'static [&'static [u8]]) -> Self {
        Self { random, words }
    }

    /// One of the seeds with a few changes.
    pub(super) fn change(&mut self, seeds: &[Vec<u8>]) -> Vec<u8> {
        let mut input = seeds[self.random.below(seeds.len())].clone();
        let most = if self.random.once_in(4) { 12 } else { 3 };
        let changes = 1 + self.random.below(most);
        for _ in 0..changes {
            self.once(&mut input, seeds);
        }
        input.truncate(LONGEST);
        input
    }

    /// A place, more often near the beginning, where headers are.
    fn place(&mut self, input: &[u8]) -> usize {
        if self.random.once_in(2) {
            self.random.below(input.len().min(128))
        } else {
            self.random.below(input.len())
        }
    }

    fn once(&mut self, input: &mut Vec<u8>, seeds: &[Vec<u8>]) {
        let at = self.place(input);
        let left = input.len() - at;
        let most = if self.random.once_in(8) { 4096 } else { 16 };
        let length = (1 + self.random.below(most)).min(left);
        match self.random.below(if self.words.is_empty() { 9 } else { 12 }) {
            0 if left > 0 => input[at] ^= 1 << self.random.below(8),
            1 if left > 0 => input[at] = self.random.next() as u8,
            2 if left > 0 => input[at] = [0, 1, 0x7f, 0x80, 0xfe, 0xff][self.random.below(6)],
            3 => self.number(&mut input[at..]),
            4 => drop(input.drain(at..at + length)),
            5 => {
                let piece = input[at..at + length].to_vec();
                let most = if self.random.once_in(10) { 200 } else { 3 };
                let times = 1 + self.random.below(most);
                drop(input.splice(at..at, piece.repeat(times)));
            }
            6 => {
                let noise = self.random.bytes(length);
                input[at..at + length].copy_from_slice(&noise);
            }
            7 if self.random.once_in(4) => input.truncate(at),
            8 => {
                let other = &seeds[self.random.below(seeds.len())];
                let from = self.random.below(other.len());
                let piece = &other[from..(from + length * 4).min(other.len())];
                let end = at + if self.random.once_in(2) { piece.len().min(left) } else { 0 };
                drop(input.splice(at..end, piece.iter().copied()));
            }
            9.. => {
                let word = self.words[self.random.below(self.words.len())];
                let end = at + if self.random.once_in(2) { word.len().min(left) } else { 0 };
                drop(input.splice(at..end, word.iter().copied()));
            }
            _ => {}
        }
    }

    /// Overwrites two or four bytes with a number of interest.
    fn number(&mut self, bytes: &mut [u8]) {
        let edges = [0, 1, 2, 3, 4, 7, 8, 16, 100, 255, 256, 4096, 32_767, 32_768, 65_535, 65_536];
        let mut value = match self.random.below(4) {
            0 => u32::MAX - self.random.below(4) as u32,
            1 => 1 << self.random.below(32),
            _ => edges[self.random.below(edges.len())],
        };
        if self.random.once_in(3) {
            value = value.wrapping_neg();
        }
        let size = if self.random.once_in(2) { 2 } else { 4 };
        if let Some(place) = bytes.get_mut(..size) {
            if self.random.once_in(2) {
                place.copy_from_slice(&value.to_le_bytes()[..size]);
            } else {
                place.copy_from_slice(&value.to_be_bytes()[4 - size..]);
            }
        }
    }
}
