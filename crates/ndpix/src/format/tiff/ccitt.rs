//! CCITT fax compression: modified Huffman rows, Group 3 (one- and two-dimensional), Group 4.
//!
//! The code tables are those of the crate `fax`; rows are decoded here, because files need byte
//! alignment, mixed modes and missing line ends that it does not do. Pixels come packed, a set
//! bit for black. A bad code is `image`, never a guess.

use std::convert::Infallible;

use fax::maps::{self, Mode as Code};
use fax::{BitReader, ByteReader};

use crate::error::{Error, Result};

/// The variants of fax coding.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// Compression 2: rows on their own, each beginning in a new byte.
    Rows,
    /// Compression 3, one-dimensional.
    Group3,
    /// Compression 3, each row says whether it leans on the one before.
    Group3Mixed,
    /// Compression 4: every row leans on the one before.
    Group4,
}

/// Decodes rows of `width` pixels into `out` until it has `need` bytes, and gives their number.
pub(super) fn decode(
    bytes: &[u8],
    mode: Mode,
    width: usize,
    need: usize,
    out: &mut Vec<u8>,
) -> Result<usize> {
    // Two runs of at most this much are added before they are checked.
    let width = u32::try_from(width).ok().filter(|&w| w < 1 << 31).ok_or_else(bad)?;
    let stride = width.div_ceil(8) as usize;
    // Codes are looked up by more bits than they have: the last one needs some to follow it.
    let padded = bytes.iter().copied().chain([0; 4]).map(Ok::<u8, Infallible>);
    let mut rows = Rows {
        bits: ByteReader::new(padded).map_err(|_| bad())?,
        width,
        above: Vec::new(),
        row: Vec::new(),
    };
    out.clear();
    out.resize(need, 0);
    for line in out.chunks_exact_mut(stride) {
        rows.row.clear();
        let more = match mode {
            Mode::Rows => {
                let skip = rows.bits.bits_to_byte_boundary();
                rows.bits.consume(skip).map_err(|_| bad())?;
                rows.alone().map(|()| true)
            }
            Mode::Group3 => rows.line_end().and_then(|()| rows.alone()).map(|()| true),
            Mode::Group3Mixed => rows
                .line_end()
                .and_then(|()| match rows.take(1)? {
                    1 => rows.alone(),
                    _ => rows.leaning().map(|_| ()),
                })
                .map(|()| true),
            Mode::Group4 => rows.leaning(),
        }?;
        if !more {
            // An end of block before the last row: the writer left out white rows.
            break;
        }
        paint(line, &rows.row, width);
        std::mem::swap(&mut rows.row, &mut rows.above);
    }
    Ok(need)
}

struct Rows<R> {
    bits: ByteReader<R>,
    width: u32,
    /// Where the colour changes in the row above and in this one; the first change is to black.
    above: Vec<u32>,
    row: Vec<u32>,
}

impl<R: Iterator<Item = Result<u8, Infallible>>> Rows<R> {
    fn take(&mut self, count: u8) -> Result<u16> {
        let bits = self.bits.peek(count).ok_or_else(bad)?;
        self.bits.consume(count).map_err(|_| bad())?;
        Ok(bits)
    }

    /// Skips a line end (eleven zeros or more and a one), where there is one.
    fn line_end(&mut self) -> Result<()> {
        if self.bits.peek(11) == Some(0) {
            while self.take(1)? == 0 {}
        }
        Ok(())
    }

    /// The length of a run of black or white.
    fn run(&mut self, black: bool) -> Result<u32> {
        let mut sum = 0u32;
        loop {
            let part = if black {
                maps::black::decode(&mut self.bits)
            } else {
                maps::white::decode(&mut self.bits)
            };
            let part = u32::from(part.ok_or_else(bad)?);
            sum = sum.checked_add(part).filter(|&n| n <= self.width).ok_or_else(bad)?;
            if part < 64 {
                return Ok(sum);
            }
        }
    }

    /// Notes that the colour changes at `at`. Two changes at one place are none.
    fn change(&mut self, at: u32) -> Result<()> {
        if at > self.width {
            return Err(bad());
        }
        if self.row.last() == Some(&at) {
            self.row.pop();
        } else {
            self.row.push(at);
        }
        Ok(())
    }

    /// A row coded on its own.
    fn alone(&mut self) -> Result<()> {
        let (mut at, mut black) = (0, false);
        while at < self.width {
            at += self.run(black)?;
            self.change(at)?;
            black = !black;
        }
        Ok(())
    }

    /// A row coded by its difference to the one above; false at the end of the block.
    fn leaning(&mut self) -> Result<bool> {
        let (mut at, mut black, mut i) = (0, false, 0);
        let mut start = true;
        while at < self.width {
            let past = |change: u32| change > at || start;
            while i > 0 && past(self.above[i - 1]) {
                i -= 1;
            }
            while i < self.above.len() && !past(self.above[i]) {
                i += 1;
            }
            // The change above that is of the colour opposite to this one, and the next.
            let b1 = i + usize::from((i % 2 == 1) != black);
            let [b1, b2] = [b1, b1 + 1].map(|i| self.above.get(i).copied().unwrap_or(self.width));
            match maps::mode::decode(&mut self.bits).ok_or_else(bad)? {
                Code::Pass => at = b2,
                Code::Vertical(by) => {
                    let to = b1.checked_add_signed(i32::from(by)).filter(|&to| to >= at);
                    at = to.ok_or_else(bad)?;
                    self.change(at)?;
                    black = !black;
                }
                Code::Horizontal => {
                    for colour in [black, !black] {
                        at += self.run(colour)?;
                        self.change(at)?;
                    }
                }
                Code::EOF if start => return Ok(false),
                Code::EOF | Code::Extension => return Err(bad()),
            }
            start = false;
        }
        Ok(true)
    }
}

/// Sets the bits of the black runs.
fn paint(line: &mut [u8], changes: &[u32], width: u32) {
    for run in changes.chunks(2) {
        let from = run[0] as usize;
        let to = run.get(1).copied().unwrap_or(width) as usize;
        if from >= to {
            continue;
        }
        let (first, last) = (from / 8, (to - 1) / 8);
        let (head, tail) = (0xFF >> (from % 8), 0xFFu8 << (7 - (to - 1) % 8));
        if first == last {
            line[first] |= head & tail;
        } else {
            line[first] |= head;
            line[first + 1..last].fill(0xFF);
            line[last] |= tail;
        }
    }
}

fn bad() -> Error {
    Error::image("fax-coded data in the TIFF is damaged or cut")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Rows of 20 pixels packed by the encoder of `fax`.
    fn group4(rows: &[[u8; 3]]) -> Vec<u8> {
        let mut encoder = fax::encoder::Encoder::new(fax::VecWriter::new());
        for row in rows {
            let bits = (0..20).map(|i| row[i / 8] << (i % 8) & 0x80 != 0);
            let pels = bits.map(|black| if black { fax::Color::Black } else { fax::Color::White });
            encoder.encode_line(pels, 20).expect("in memory");
        }
        encoder.finish().expect("in memory").finish()
    }

    #[test]
    fn group4_rows_come_back() {
        let rows = [
            [0xFF, 0x00, 0xF0],
            [0xFF, 0x00, 0xF0],
            [0x5A, 0xA5, 0x50],
            [0, 0, 0],
            [0x80, 0x18, 0x10],
        ];
        let packed = group4(&rows);
        let mut out = Vec::new();
        assert_eq!(decode(&packed, Mode::Group4, 20, 15, &mut out).ok(), Some(15));
        assert_eq!(out, rows.concat());
        assert!(decode(&packed[..packed.len() / 2], Mode::Group4, 20, 15, &mut out).is_err());
    }

    #[test]
    fn rows_on_their_own_begin_in_a_byte() {
        // White 2 (0111), black 3 (10), white 3 (1000); then white 8 (10011).
        let packed = [0b0111_1010, 0b0000_0000, 0b1001_1000];
        let mut out = Vec::new();
        assert_eq!(decode(&packed, Mode::Rows, 8, 2, &mut out).ok(), Some(2));
        assert_eq!(out, [0b0011_1000, 0]);
        assert!(decode(&packed[..2], Mode::Rows, 8, 2, &mut out).is_err());
    }
}
