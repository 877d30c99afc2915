//! The Huffman codes of a scan: `decode_mcu` of libjpeg's `jdhuff.c`.
//!
//! The tables are the codec's. Its reader is not used: it takes the next code from the middle of its buffer, and how far
//! in is known only when the code before is; here the next code is always at the top. Codes are most of the
//! time of a JPEG, and with that reader the same loop takes a fifth longer.

use libjpeg_turbo_rs::JpegError;
use libjpeg_turbo_rs::common::huffman_table::HuffmanTable;
use memchr::memchr;

/// Where in a block the numbers stand, in the order of the scan. A run may lead beyond the last; libjpeg takes that for
/// the last.
const PLACES: [u8; 64 + 16] = {
    let diagonals = [
        0, 1, 8, 16, 9, 2, 3, 10, 17, 24, 32, 25, 18, 11, 4, 5, 12, 19, 26, 33, 40, 48, 41, 34, 27,
        20, 13, 6, 7, 14, 21, 28, 35, 42, 49, 56, 57, 50, 43, 36, 29, 22, 15, 23, 30, 37, 44, 51,
        58, 59, 52, 45, 38, 31, 39, 46, 53, 60, 61, 54, 47, 55, 62, 63,
    ];
    let mut places = [63; 64 + 16];
    let mut at = 0;
    while at < 64 {
        places[at] = diagonals[at];
        at += 1;
    }
    places
};

/// Bits of the longest code with the number that follows it.
const LONGEST: u32 = 32;

/// The bits of a scan that come next.
#[derive(Clone, Copy)]
pub(super) struct Bits<'s> {
    data: &'s [u8],
    at: usize,
    /// The next ones, from the highest on.
    ahead: u64,
    count: u32,
    /// How many of these, the last, are zeros after the end of the data.
    made_up: u32,
}

impl<'s> Bits<'s> {
    pub(super) fn new(data: &'s [u8]) -> Self {
        Self { data, at: 0, ahead: 0, count: 0, made_up: 0 }
    }

    /// Whether the data ends before so many more bits; with 0, before the last code did.
    #[inline(always)]
    pub(super) fn end_within(&self, bits: u32) -> bool {
        self.count < self.made_up + bits
    }

    /// Goes on after the next restart marker; where there is none the data has ended.
    pub(super) fn restart(&mut self) {
        *self = Self { at: self.at, ..Self::new(self.data) };
        while let Some(found) = memchr(0xFF, self.data.get(self.at..).unwrap_or(&[])) {
            self.at += found;
            match self.data.get(self.at + 1) {
                Some(0xD0..=0xD7) => {
                    self.at += 2;
                    return;
                }
                Some(0x00) => self.at += 2,
                Some(0xFF) => self.at += 1,
                _ => return,
            }
        }
        self.at = self.data.len();
    }

    /// Sees to it that the longest code is there.
    #[inline(always)]
    fn fill(&mut self) {
        if self.count >= LONGEST {
            return;
        }
        let next = self.data.get(self.at..).and_then(<[u8]>::first_chunk);
        match next.map(|bytes| u64::from_be_bytes(*bytes)) {
            Some(word) if !has_markers(word) => {
                // Bits beyond the last whole byte are those that come again with the next one.
                self.ahead |= word >> self.count;
                let bytes = (63 - self.count) / 8;
                self.at += bytes as usize;
                self.count += bytes * 8;
            }
            _ => *self = self.filled(),
        }
    }

    /// As [`Bits::fill`], byte by byte: `FF 00` stands for `FF`, any other byte after it makes a marker, where the
    /// data ends.
    #[cold]
    #[inline(never)]
    fn filled(mut self) -> Self {
        while self.count <= 56 {
            let byte = match self.data.get(self.at) {
                Some(0xFF) => {
                    let fill =
                        self.data[self.at..].iter().take_while(|&&byte| byte == 0xFF).count();
                    let end = self.at + fill;
                    self.at = match self.data.get(end) {
                        Some(0x00) => end + 1,
                        Some(_) => end - 1,
                        None => end,
                    };
                    (self.at > end).then_some(0xFF)
                }
                byte => {
                    self.at += usize::from(byte.is_some());
                    byte.copied()
                }
            };
            match byte {
                Some(byte) => self.ahead |= u64::from(byte) << (56 - self.count),
                None => self.made_up += 8,
            }
            self.count += 8;
        }
        self
    }

    #[inline(always)]
    fn skip(&mut self, bits: u32) {
        self.ahead <<= bits;
        self.count -= bits;
    }

    #[inline(always)]
    fn next(&self) -> u16 {
        (self.ahead >> 48) as u16
    }

    /// A number of 1 to 15 bits: without its highest bit it stands for one below zero (`HUFF_EXTEND`).
    #[inline(always)]
    fn number(&mut self, bits: u32) -> i16 {
        let value = (self.ahead >> (64 - bits)) as i32;
        let below = !((self.ahead as i64) >> 63) as i32;
        self.skip(bits);
        (value + (below & ((-1 << bits) + 1))) as i16
    }

    /// A symbol of up to 16 bits.
    #[inline(always)]
    fn symbol(&mut self, table: &HuffmanTable) -> Result<u8, JpegError> {
        let (symbol, bits) = table.lookup(self.next())?;
        self.skip(bits.into());
        Ok(symbol)
    }

    /// Reads a block into `numbers`, of which the first is told by how it differs from the one `before`.
    #[inline(always)]
    pub(super) fn block(
        &mut self,
        (dc, ac): (&HuffmanTable, &HuffmanTable),
        before: &mut i16,
        numbers: &mut [i16; 64],
    ) -> Result<(), JpegError> {
        *numbers = [0; 64];
        self.fill();
        match self.symbol(dc)? {
            0 => {}
            bits @ 1..=15 => *before = before.wrapping_add(self.number(bits.into())),
            _ => return Err(JpegError::CorruptData("a number of more than 15 bits".into())),
        }
        numbers[0] = *before;
        let mut place = 1;
        while place < 64 {
            self.fill();
            let (whole, _, _) = ac.lookup_combined(self.next());
            let value = if whole != 0 {
                // A short code with its number: the number, the run before it, and the bits of both.
                place += usize::from(whole as u16 >> 4 & 15);
                self.skip((whole & 15) as u32);
                whole >> 8
            } else {
                let symbol = self.symbol(ac)?;
                let (run, bits) = (symbol >> 4, symbol & 15);
                if bits == 0 && run == 15 {
                    place += 16;
                    continue;
                }
                if bits == 0 {
                    break;
                }
                place += usize::from(run);
                self.number(bits.into())
            };
            numbers[usize::from(PLACES[place] & 63)] = value;
            place += 1;
        }
        Ok(())
    }
}

/// Whether one of eight bytes is `FF`.
#[inline(always)]
fn has_markers(word: u64) -> bool {
    const LOW: u64 = u64::MAX / 255;
    (!word).wrapping_sub(LOW) & word & (LOW << 7) != 0
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_byte_that_begins_markers_is_seen() {
        assert!(!has_markers(0) && !has_markers(0xFEFE_FEFE_FEFE_FEFE));
        for byte in 0..8 {
            assert!(has_markers(0xFF << (byte * 8)) && has_markers(!0 ^ (1 << (byte * 8))));
        }
        assert!(!has_markers(0x7F80_FE01_0010_FDF7));
    }

    #[test]
    fn numbers_without_their_highest_bit_are_below_zero() {
        for (byte, bits, number) in
            [(0, 1, -1), (0x80, 1, 1), (0, 3, -7), (0x60, 3, -4), (0x80, 3, 4), (0xE0, 3, 7)]
        {
            let data = [byte, 0, 0, 0, 0, 0, 0, 0];
            let mut next = Bits::new(&data);
            next.fill();
            assert_eq!(next.number(bits), number);
        }
    }

    #[test]
    fn bits_end_at_markers_and_go_on_after_restarts() {
        let data = [0x12, 0xFF, 0x00, 0xFF, 0xFF, 0xD3, 0x34, 0xFF, 0xD9];
        let mut next = Bits::new(&data);
        next.fill();
        assert_eq!(next.next(), 0x12FF);
        next.skip(16);
        assert!(!next.end_within(0) && next.end_within(1));
        next.skip(1);
        assert!(next.end_within(0));
        next.restart();
        next.fill();
        assert_eq!((next.next(), next.end_within(0)), (0x3400, false));
        next.restart();
        assert!(!next.end_within(0));
        next.fill();
        next.skip(1);
        assert!(next.end_within(0));
    }
}
