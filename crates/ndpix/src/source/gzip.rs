//! Any place of a gzip file: marks in it from which it can be inflated, as in zlib's `zran`.
//!
//! At a mark are where the next block of deflate begins, to the bit, and the last 32 KiB of text, to which the
//! blocks after it may refer. One pass sets them, a mark for every so many bytes of text; what is read later is
//! inflated from the mark before it. Readers stay open where they ended, as what is asked for next is often near.

use std::io;
use std::sync::Mutex;

use miniz_oxide::inflate::TINFLStatus;
use miniz_oxide::inflate::core::{
    BlockBoundaryState, DecompressorOxide, decompress, inflate_flags,
};

use crate::threads::lock;

/// What reads the compressed bytes: how many it put into the buffer from a place on; fewer at the end.
pub(super) type ReadAt<'r> = &'r dyn Fn(&mut [u8], u64) -> io::Result<usize>;

/// Text that a block may refer to.
const WINDOW: usize = 32 << 10;
/// Text that is inflated before it is moved to the front.
const ROOM: usize = 128 << 10;
/// Bytes that are read at once.
const INPUT: usize = 64 << 10;
/// Text between two marks, at least.
const STEP: u64 = 1 << 20;
/// Marks of all files together, at most, so that they take 64 MiB however large the files are: where there would be
/// more every second goes.
pub(super) const MOST: usize = 2048;
/// Readers that stay open, in all files together: each takes a quarter of a MiB.
const OPEN: usize = 16;

/// A place from which it can be inflated.
#[derive(Debug, Clone, PartialEq, Eq)]
struct Mark {
    /// Where it is in the text, and in the file.
    text: u64,
    at: u64,
    /// Bits of the byte before it that belong to what follows, and those; `None`: a member begins.
    bits: Option<(u8, u8)>,
    /// Text before it.
    window: Vec<u8>,
}

/// The marks of a file, in order.
#[derive(Default)]
pub(super) struct Marks {
    marks: Vec<Mark>,
}

/// Readers that stay open where they ended, each with the number of its file, the one that was used last at the end.
#[derive(Default)]
pub(super) struct Readers(Mutex<Vec<(u32, Inflater)>>);

impl Readers {
    fn keep(&self, file: u32, reader: Inflater) {
        let mut readers = lock(&self.0);
        if readers.len() == OPEN {
            readers.remove(0);
        }
        readers.push((file, reader));
    }

    /// The one nearest to a place of the text of a file, and not before `from`.
    fn near(&self, file: u32, from: u64, at: u64) -> Option<Inflater> {
        let mut readers = lock(&self.0);
        let fits = |(of, reader): &(u32, Inflater)| {
            *of == file && reader.text - reader.fill as u64 <= at && reader.text >= from.min(at)
        };
        let all = readers.iter().enumerate().filter(|(_, reader)| fits(reader));
        let (number, _) = all.max_by_key(|(_, (_, reader))| reader.text)?;
        Some(readers.remove(number).1)
    }
}

/// Where a step of inflating has ended.
#[derive(PartialEq, Eq)]
enum Stop {
    /// Between two blocks, or before a member.
    Boundary,
    Inside,
    End,
}

/// Inflates from a mark on.
struct Inflater {
    core: Box<DecompressorOxide>,
    input: Vec<u8>,
    used: usize,
    /// Where the next input is read.
    at: u64,
    /// The last of the text, up to `fill`, which is `text` in all of it.
    window: Vec<u8>,
    fill: usize,
    text: u64,
    /// Whether it is in a member, and not before one.
    inside: bool,
}

fn damaged() -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, "the compressed stream (gzip) is damaged")
}

impl Inflater {
    fn new(mark: &Mark) -> Self {
        let core = match mark.bits {
            None => DecompressorOxide::default(),
            Some((num_bits, bit_buf)) => {
                let state = BlockBoundaryState { num_bits, bit_buf, ..Default::default() };
                DecompressorOxide::from_block_boundary_state(&state)
            }
        };
        let mut window = vec![0; WINDOW + ROOM];
        window[..mark.window.len()].copy_from_slice(&mark.window);
        Self {
            core: Box::new(core),
            input: Vec::new(),
            used: 0,
            at: mark.at,
            window,
            fill: mark.window.len(),
            text: mark.text,
            inside: mark.bits.is_some(),
        }
    }

    /// The mark of where it is, at a boundary.
    fn mark(&self) -> Mark {
        let at = self.at - (self.input.len() - self.used) as u64;
        let bits = self.inside.then(|| self.core.block_boundary_state()).flatten();
        let bits = bits.map(|state| (state.num_bits, state.bit_buf));
        let window = match bits {
            Some(_) => self.window[self.fill.saturating_sub(WINDOW)..self.fill].to_vec(),
            None => Vec::new(),
        };
        Mark { text: self.text, at, bits, window }
    }

    /// Reads on where all input is used; whether there is any.
    fn load(&mut self, read: ReadAt<'_>) -> io::Result<bool> {
        if self.used == self.input.len() {
            self.input.resize(INPUT, 0);
            let got = read(&mut self.input, self.at);
            self.input.truncate(*got.as_ref().unwrap_or(&0));
            self.used = 0;
            self.at += got? as u64;
        }
        Ok(self.used < self.input.len())
    }

    fn byte(&mut self, read: ReadAt<'_>) -> io::Result<u8> {
        match self.load(read)? {
            true => {
                self.used += 1;
                Ok(self.input[self.used - 1])
            }
            false => Err(io::ErrorKind::UnexpectedEof.into()),
        }
    }

    /// Inflates some text; with `stops` it ends at every boundary.
    fn step(&mut self, read: ReadAt<'_>, stops: bool) -> io::Result<Stop> {
        if !self.inside {
            if !self.member(read)? {
                return Ok(Stop::End);
            }
            *self.core = DecompressorOxide::default();
            self.inside = true;
        }
        if self.fill == self.window.len() {
            self.window.copy_within(self.fill - WINDOW.., 0);
            self.fill = WINDOW;
        }
        let mut flags = inflate_flags::TINFL_FLAG_USING_NON_WRAPPING_OUTPUT_BUF;
        if self.load(read)? {
            flags |= inflate_flags::TINFL_FLAG_HAS_MORE_INPUT;
        }
        if stops {
            flags |= inflate_flags::TINFL_FLAG_STOP_ON_BLOCK_BOUNDARY;
        }
        let input = &self.input[self.used..];
        let (status, taken, made) =
            decompress(&mut self.core, input, &mut self.window, self.fill, flags);
        self.used += taken;
        self.fill += made;
        self.text += made as u64;
        match status {
            TINFLStatus::Done => {
                // Checksum and length, which the first pass has seen.
                (0..8).try_for_each(|_| self.byte(read).map(drop))?;
                self.inside = false;
                Ok(Stop::Boundary)
            }
            TINFLStatus::BlockBoundary => Ok(Stop::Boundary),
            TINFLStatus::NeedsMoreInput | TINFLStatus::HasMoreOutput => Ok(Stop::Inside),
            TINFLStatus::FailedCannotMakeProgress => Err(io::ErrorKind::UnexpectedEof.into()),
            _ => Err(damaged()),
        }
    }

    /// Reads the head of a member, and zeros before it; `false`: there is none.
    fn member(&mut self, read: ReadAt<'_>) -> io::Result<bool> {
        loop {
            if !self.load(read)? {
                return Ok(false);
            }
            if self.input[self.used] != 0 {
                break;
            }
            self.used += 1;
        }
        let mut head = [0; 10];
        for byte in &mut head {
            *byte = self.byte(read)?;
        }
        let flags = head[3];
        if head[..3] != [0x1f, 0x8b, 8] {
            return Err(damaged());
        }
        if flags & 4 != 0 {
            let len = u16::from_le_bytes([self.byte(read)?, self.byte(read)?]);
            (0..len).try_for_each(|_| self.byte(read).map(drop))?;
        }
        // A name, and a comment.
        for flag in [8, 16] {
            while flags & flag != 0 && self.byte(read)? != 0 {}
        }
        if flags & 2 != 0 {
            (0..2).try_for_each(|_| self.byte(read).map(drop))?;
        }
        Ok(true)
    }
}

impl Marks {
    /// Goes through a file and sets so many marks at most, of which the first always stands. Where it is damaged or `stop` says so they end: what can
    /// be read is found out by those that read it all.
    pub(super) fn set(read: ReadAt<'_>, most: usize, stop: &dyn Fn() -> bool) -> Self {
        let first = Mark { text: 0, at: 0, bits: None, window: Vec::new() };
        let mut inflater = Inflater::new(&first);
        let (mut marks, mut step) = (vec![first], STEP);
        while let Ok(ended) = inflater.step(read, true) {
            if ended == Stop::End || stop() {
                break;
            }
            let last = marks.last().map_or(0, |mark| mark.text);
            if ended == Stop::Boundary && inflater.text - last >= step {
                marks.push(inflater.mark());
            }
            if marks.len() > most {
                step *= 2;
                let mut last = None;
                marks.retain(|mark| {
                    let stays = last.is_none_or(|last| mark.text - last >= step);
                    last = if stays { Some(mark.text) } else { last };
                    stays
                });
            }
        }
        Self { marks }
    }

    /// Fills `out` with the text from `at` of the file of this number.
    pub(super) fn read(
        &self,
        read: ReadAt<'_>,
        (readers, file): (&Readers, u32),
        at: u64,
        out: &mut [u8],
    ) -> io::Result<()> {
        let mark = &self.marks[self.marks.partition_point(|mark| mark.text <= at).max(1) - 1];
        let near = readers.near(file, mark.text, at);
        let mut inflater = near.unwrap_or_else(|| Inflater::new(mark));
        let mut filled = 0;
        while filled < out.len() {
            let wanted = at + filled as u64;
            let begin = inflater.text - inflater.fill as u64;
            if wanted >= inflater.text {
                if inflater.step(read, false)? == Stop::End {
                    return Err(io::ErrorKind::UnexpectedEof.into());
                }
                continue;
            }
            let held = &inflater.window[(wanted - begin) as usize..inflater.fill];
            let now = held.len().min(out.len() - filled);
            out[filled..filled + now].copy_from_slice(&held[..now]);
            filled += now;
        }
        readers.keep(file, inflater);
        Ok(())
    }

    /// They as bytes.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let mut out = (self.marks.len() as u64).to_le_bytes().to_vec();
        for mark in &self.marks {
            out.extend_from_slice(&mark.text.to_le_bytes());
            out.extend_from_slice(&mark.at.to_le_bytes());
            let (num, bits) = mark.bits.unwrap_or((u8::MAX, 0));
            out.extend_from_slice(&[num, bits]);
            out.extend_from_slice(&(mark.window.len() as u16).to_le_bytes());
            out.extend_from_slice(&mark.window);
        }
        out
    }

    /// The marks that [`Self::bytes`] are of, and what follows them; `None` where they are none.
    pub(super) fn of(bytes: &[u8]) -> Option<(Self, &[u8])> {
        let (count, mut rest) = bytes.split_first_chunk()?;
        let mut marks: Vec<Mark> = Vec::new();
        for _ in 0..u64::from_le_bytes(*count) {
            let (text, later) = rest.split_first_chunk()?;
            let (at, later) = later.split_first_chunk()?;
            let ([num, bits, low, high], later) = later.split_first_chunk()?;
            let (window, later) =
                later.split_at_checked(usize::from(u16::from_le_bytes([*low, *high])))?;
            let mark = Mark {
                text: u64::from_le_bytes(*text),
                at: u64::from_le_bytes(*at),
                bits: (*num < 8).then(|| (*num, *bits & ((1 << *num) - 1))),
                window: window.to_vec(),
            };
            let is_next = marks.last().map_or(mark.text == 0, |last| last.text < mark.text);
            let fits = window.len() <= WINDOW && window.len() as u64 <= mark.text;
            (is_next && fits).then_some(())?;
            marks.push(mark);
            rest = later;
        }
        (!marks.is_empty()).then_some((Self { marks }, rest))
    }
}

#[cfg(test)]
mod tests;
