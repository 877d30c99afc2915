//! Compressed inputs: gzip, zstd, bzip2 and xz, each also as several streams one after another.
//!
//! Decoders are read in steps of one size, so what comes out before a damaged place depends on
//! the data alone and not on how much the caller asks for.
//!
//! But for small members of gzip (`members.rs`) nothing is decompressed ahead: one thread does it under the source
//! lock while the others decode, so two threads need about the wall time of the longer of the two. Measured on raw pixels
//! (40 MB of gzip, 60 MB of text, shared machine): inflating alone 0.27 s of wall time, all of it on two
//! threads 0.29 s. Nor is another inflater worth a dependency: in CPU for 100 MB of text zlib-rs takes
//! 0.33 s, fdeflate 0.29 s, libdeflate 0.27 s, and that one wants the whole file in memory.

use std::fmt;
use std::io::{self, BufReader, Read};

use super::members::{Members, STEP};

/// A compression known by its first bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    Gzip,
    Zstd,
    Bzip2,
    Xz,
}

impl Compression {
    /// Recognises the first bytes of a stream. None of them can begin JSON.
    pub(super) fn of(prefix: &[u8]) -> Option<Self> {
        Some(match prefix {
            [0x1f, 0x8b, ..] => Self::Gzip,
            [0x28, 0xb5, 0x2f, 0xfd, ..] | [0x50..=0x5f, 0x2a, 0x4d, 0x18, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', ..] => Self::Bzip2,
            [0xfd, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            _ => return None,
        })
    }

    pub(super) fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bzip2",
            Self::Xz => "xz",
        }
    }

    /// The decompressed bytes of `inner`; its failures are [`Damaged`] unless `inner` failed. What can be inflated on
    /// several threads is, by reading ahead of what is asked for.
    pub(super) fn decoder(
        self,
        inner: impl Read + Send + 'static,
        threads: usize,
    ) -> io::Result<Box<dyn Read + Send>> {
        let buffered = |inner| BufReader::with_capacity(STEP, inner);
        let decoder: Box<dyn Read + Send> = match self {
            Self::Gzip => Box::new(Members::new(inner, threads)),
            Self::Zstd => {
                let mut decoder = zstd::stream::read::Decoder::with_buffer(buffered(inner))?;
                decoder.window_log_max(31)?;
                Box::new(decoder)
            }
            Self::Bzip2 => Box::new(bzip2::bufread::MultiBzDecoder::new(buffered(inner))),
            Self::Xz => Box::new(liblzma::bufread::XzDecoder::new_multi_decoder(buffered(inner))),
        };
        Ok(Box::new(Stepped { name: self.name(), decoder, step: Vec::new(), given: 0 }))
    }
}

/// The stream is cut or damaged.
#[derive(Debug)]
pub(crate) struct Damaged {
    name: &'static str,
    pub(super) why: io::Error,
}

impl fmt::Display for Damaged {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "the compressed stream ({}) is cut or damaged: {}", self.name, self.why)
    }
}

impl std::error::Error for Damaged {}

/// Reads a decoder in steps of one size and says of its failures whose they are.
struct Stepped {
    name: &'static str,
    decoder: Box<dyn Read + Send>,
    step: Vec<u8>,
    given: usize,
}

impl Read for Stepped {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        if self.given == self.step.len() {
            self.step.resize(STEP, 0);
            self.given = 0;
            let got = self.decoder.read(&mut self.step);
            self.step.truncate(*got.as_ref().unwrap_or(&0));
            got.map_err(|e| self.blame(e))?;
        }
        let n = (&self.step[self.given..]).read(buf)?;
        self.given += n;
        Ok(n)
    }
}

impl Stepped {
    fn blame(&self, e: io::Error) -> io::Error {
        let ours =
            e.get_ref().is_some_and(|inner| inner.is::<super::Raw>() || inner.is::<Damaged>());
        if ours || e.kind() == io::ErrorKind::Interrupted {
            return e;
        }
        io::Error::new(e.kind(), Damaged { name: self.name, why: e })
    }
}
