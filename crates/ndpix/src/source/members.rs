//! The members of a gzip file, one after another; small ones of files on several threads.
//!
//! `bgzip` writes a member for every 64 KiB of text, and `cat` puts files behind each other. Nothing says where the next
//! member begins, so whatever looks like the header of one is tried: what lies between two such places is inflated by
//! itself, and counts only if it is one whole member that ends exactly there. Where it is not, the member that begins
//! there is inflated in one stream, as if nothing had been tried. So the text depends neither on what looked like a
//! header nor on the number of threads.
//!
//! Members that are too large to be held ([`AHEAD`]) are inflated in one stream: a thread that is ahead of the reader
//! has to hold what it made.

use std::collections::VecDeque;
use std::io::{self, BufRead, Read};
use std::mem;
use std::ops::Range;
use std::sync::OnceLock;

use flate2::bufread::GzDecoder;
use memchr::memmem;

use crate::error::Error;
use crate::limits;
use crate::threads::spread;

/// What is read and inflated at a time.
pub(super) const STEP: usize = 64 << 10;
/// Bytes of the file that are looked through for members.
const AHEAD: usize = 4 << 20;
/// Text of all members that are inflated at once, at most.
const TEXT: usize = 8 << 20;

/// Zeros between the members and after them are padding, as tapes and block devices leave it; anything else is damage.
pub(super) struct Members<R> {
    state: State<R>,
    threads: usize,
    /// Where in the file what was tried last came to nothing; before that nothing is tried.
    vain: u64,
    /// Text of whole members, and how much of the first was given.
    texts: VecDeque<Vec<u8>>,
    given: usize,
}

enum State<R> {
    Before(Held<R>),
    Inside(Box<GzDecoder<Held<R>>>),
    End,
}

impl<R: Read> Members<R> {
    /// Those of what `inner` reads. With more than one thread it is read ahead, so `inner` must not be what somebody
    /// writes to while it is read.
    pub(super) fn new(inner: R, threads: usize) -> Self {
        let held = Held { inner, bytes: Vec::new(), used: 0, at: 0, failure: None, ended: false };
        let (texts, given) = (VecDeque::new(), 0);
        Self { state: State::Before(held), threads, vain: 0, texts, given }
    }

    /// Begins the next member, or takes several whole ones.
    fn begin(&mut self, mut held: Held<R>) -> State<R> {
        if self.threads > 1 && held.place() >= self.vain {
            self.texts = whole(&mut held, self.threads);
            if self.texts.is_empty() {
                self.vain = held.place() + held.rest().len() as u64;
            } else {
                return State::Before(held);
            }
        }
        State::Inside(Box::new(GzDecoder::new(held)))
    }
}

impl<R: Read> Read for Members<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        loop {
            if let Some(text) = self.texts.front() {
                let n = (&text[self.given..]).read(buf)?;
                self.given += n;
                if n > 0 || buf.is_empty() {
                    return Ok(n);
                }
                self.texts.pop_front();
                self.given = 0;
                continue;
            }
            match &mut self.state {
                State::End => return Ok(0),
                State::Inside(member) => {
                    let n = member.read(buf)?;
                    if n > 0 || buf.is_empty() {
                        return Ok(n);
                    }
                    if let State::Inside(member) = mem::replace(&mut self.state, State::End) {
                        self.state = State::Before(member.into_inner());
                    }
                }
                State::Before(held) => {
                    let more = held.place() == 0 || held.skip_padding()?;
                    if let State::Before(held) = mem::replace(&mut self.state, State::End)
                        && more
                    {
                        self.state = self.begin(held);
                    }
                }
            }
        }
    }
}

/// Inflates whole members at the beginning of what is held, and passes over them; none where that is not to be had.
fn whole<R: Read>(held: &mut Held<R>, threads: usize) -> VecDeque<Vec<u8>> {
    held.load();
    let bytes = held.rest();
    let mut starts: Vec<usize> =
        memmem::find_iter(bytes, b"\x1f\x8b\x08").filter(|&at| is_header(&bytes[at..])).collect();
    if held.ended {
        starts.push(bytes.len());
    }
    let mut room = TEXT;
    let fits = |member: &Range<usize>| {
        room.checked_sub(said_length(&bytes[member.clone()])).map(|left| room = left).is_some()
    };
    let members: Vec<_> = starts.windows(2).map(|w| w[0]..w[1]).take_while(fits).collect();
    if starts.first() != Some(&0) || members.len() < 2 {
        return VecDeque::new();
    }
    let texts: Vec<OnceLock<Vec<u8>>> = members.iter().map(|_| OnceLock::new()).collect();
    let inflate = |(): &mut (), at: usize| {
        let text = inflated(&bytes[members[at].clone()]).ok_or_else(|| Error::encoding("none"))?;
        texts[at].get_or_init(|| text);
        Ok(())
    };
    // Which failed is seen by what is missing.
    let _ = spread(members.len(), threads, || Ok(()), inflate);
    let texts: VecDeque<_> = texts.into_iter().map_while(OnceLock::into_inner).collect();
    if let Some(last) = texts.len().checked_sub(1) {
        held.consume(members[last].end);
    }
    texts
}

/// Whether bytes look like the header of a member: no reserved flag, and values that compressors write (RFC 1952, 2.3.1).
fn is_header(bytes: &[u8]) -> bool {
    matches!(bytes, [0x1f, 0x8b, 8, 0..=31, _, _, _, _, 0 | 2 | 4, 0..=13 | 255, ..])
}

/// The length of its text that the end of a member says, modulo 2^32.
fn said_length(member: &[u8]) -> usize {
    member.last_chunk().map_or(usize::MAX, |said| u32::from_le_bytes(*said) as usize)
}

/// The text of one whole member; `None` where the bytes are less, more or something else.
fn inflated(member: &[u8]) -> Option<Vec<u8>> {
    let len = said_length(member);
    let mut text = Vec::new();
    limits::make_room(&mut text, len).ok()?;
    let mut rest = member;
    // One byte more tells whether it goes on, and has the checksum looked at.
    let got = GzDecoder::new(&mut rest).take(len as u64 + 1).read_to_end(&mut text).ok()?;
    (got == len && rest.is_empty()).then_some(text)
}

/// What was read and not yet inflated. It is handed on in steps that end at multiples of one size, so that what comes
/// out before a damaged place does not depend on how far was read.
struct Held<R> {
    inner: R,
    bytes: Vec<u8>,
    used: usize,
    /// Where in the file the first of `bytes` stands.
    at: u64,
    /// Why no more could be read ahead, for when its turn comes.
    failure: Option<io::Error>,
    ended: bool,
}

impl<R: Read> Held<R> {
    /// Where it is in the file.
    fn place(&self) -> u64 {
        self.at + self.used as u64
    }

    fn rest(&self) -> &[u8] {
        &self.bytes[self.used..]
    }

    /// Bytes from here to the end of a step.
    fn step(&self) -> usize {
        STEP - (self.place() % STEP as u64) as usize
    }

    /// Gives up what was used.
    fn shed(&mut self) {
        self.at = self.place();
        self.bytes.drain(..self.used);
        self.used = 0;
    }

    /// Reads ahead, as far as there is memory.
    fn load(&mut self) {
        self.shed();
        let filled = self.bytes.len();
        if self.ended || self.failure.is_some() || filled >= AHEAD {
            return;
        }
        if limits::make_room(&mut self.bytes, AHEAD - filled).is_err() {
            return;
        }
        let more = (AHEAD - filled) as u64;
        match (&mut self.inner).take(more).read_to_end(&mut self.bytes) {
            Ok(got) => self.ended = (got as u64) < more,
            Err(e) => self.failure = Some(e),
        }
    }

    /// Passes over zeros; whether something follows that is a member by its first byte.
    fn skip_padding(&mut self) -> io::Result<bool> {
        loop {
            let bytes = self.fill_buf()?;
            let zeros = bytes.iter().take_while(|&&b| b == 0).count();
            let next = bytes.get(zeros).copied();
            self.consume(zeros);
            match next {
                Some(0x1f) => return Ok(true),
                Some(_) => {
                    let why = "there is other data after its end";
                    return Err(io::Error::new(io::ErrorKind::InvalidData, why));
                }
                None if zeros == 0 => return Ok(false),
                None => {}
            }
        }
    }
}

impl<R: Read> Read for Held<R> {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let n = self.fill_buf()?.read(buf)?;
        self.consume(n);
        Ok(n)
    }
}

impl<R: Read> BufRead for Held<R> {
    fn fill_buf(&mut self) -> io::Result<&[u8]> {
        if self.rest().is_empty() && !self.ended {
            self.failure.take().map_or(Ok(()), Err)?;
            self.shed();
            self.bytes.resize(self.step(), 0);
            let got = self.inner.read(&mut self.bytes);
            self.bytes.truncate(*got.as_ref().unwrap_or(&0));
            got?;
        }
        let rest = self.rest();
        Ok(&rest[..rest.len().min(self.step())])
    }

    fn consume(&mut self, bytes: usize) {
        self.used += bytes;
    }
}

#[cfg(test)]
mod tests;
