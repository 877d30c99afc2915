//! The pieces (strips or tiles) of a picture: where they lie, and their bytes decompressed.
//!
//! Every piece is decompressed into one buffer that is used again for the next. A piece that
//! gives fewer bytes than its rows need is `image`; more is ignored, as every reader does.

use std::io::Read;

use weezl::BitOrder;

use super::directory::{Field, File};
use super::{ccitt, lzw};
use crate::error::{Error, Result};

/// How pieces are compressed, where it concerns bytes and not pixels.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Compression {
    None,
    PackBits,
    Lzw,
    Deflate,
    Zstd,
    Lzma,
    Fax(ccitt::Mode),
    Jpeg,
}

impl Compression {
    /// The compression with this number; kind `unsupported` for others.
    pub(super) fn new(number: u64, t4_options: u64) -> Result<Self> {
        let name = match number {
            1 => return Ok(Self::None),
            2 => return Ok(Self::Fax(ccitt::Mode::Rows)),
            3 if t4_options & 1 == 1 => return Ok(Self::Fax(ccitt::Mode::Group3Mixed)),
            3 => return Ok(Self::Fax(ccitt::Mode::Group3)),
            4 => return Ok(Self::Fax(ccitt::Mode::Group4)),
            5 => return Ok(Self::Lzw),
            7 => return Ok(Self::Jpeg),
            8 | 32946 => return Ok(Self::Deflate),
            32773 => return Ok(Self::PackBits),
            34925 => return Ok(Self::Lzma),
            50000 => return Ok(Self::Zstd),
            6 => "old-style JPEG",
            34676 | 34677 => "LogLuv",
            34887 => "LERC",
            33003 | 33005 | 34712 => "JPEG 2000",
            50001 => "WebP",
            50002 | 52546 => "JPEG XL",
            _ => return Err(Error::unsupported(format!("TIFF compression {number}"))),
        };
        Err(Error::unsupported(format!("TIFF with {name} compression")))
    }

    /// The most bytes that one compressed byte can become, `None` where nothing bounds them.
    pub(super) fn most_growth(self) -> Option<u64> {
        match self {
            Self::None => Some(1),
            Self::PackBits => Some(64),
            Self::Deflate => Some(1100),
            Self::Lzw | Self::Jpeg => Some(4096),
            Self::Zstd | Self::Lzma | Self::Fax(_) => None,
        }
    }
}

/// How a picture is cut into pieces. Both strips and tiles are a grid; strips are as wide as it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Grid {
    /// Pixels of one piece; the last strip may have fewer rows, tiles never.
    pub(super) width: usize,
    pub(super) height: usize,
    /// Pieces beside and below each other.
    pub(super) across: usize,
    pub(super) down: usize,
    pub(super) tiled: bool,
}

/// The pieces of a picture in its file.
#[derive(Debug, Clone, Copy)]
pub(super) struct Pieces<'a> {
    pub(super) file: File<'a>,
    pub(super) offsets: Field<'a>,
    pub(super) counts: Option<Field<'a>>,
}

impl<'a> Pieces<'a> {
    /// The stored bytes of piece `i`; `plain` is their number where they are not compressed.
    /// `None` where the writer left the piece out because all of it is zero.
    pub(super) fn stored(&self, i: usize, plain: Option<usize>) -> Result<Option<&'a [u8]>> {
        let outside = || Error::image(format!("TIFF strip or tile {i} lies outside the file"));
        let offset = self.offsets.get(i).ok_or_else(outside)?;
        let count = self.counts.and_then(|counts| counts.get(i));
        if (offset, count) == (0, Some(0)) {
            return Ok(None);
        }
        let count = count.filter(|&n| n > 0);
        let rest = (self.file.bytes.len() as u64).saturating_sub(offset);
        let count = match (count, plain) {
            (Some(count), _) => count,
            // A writer that left the counts out: what is needed, or what there is.
            (None, Some(plain)) => plain as u64,
            (None, None) if self.counts.is_none() && self.offsets.count == 1 => rest,
            (None, None) => return Err(outside()),
        };
        self.file.slice(offset, count).map(Some).ok_or_else(outside)
    }
}

/// Decompresses pieces, keeping what can be used again.
pub(super) struct Unpacker {
    compression: Compression,
    reverse_bits: bool,
    reversed: Vec<u8>,
    lzw: Option<lzw::Table>,
    whole_zlib: Option<libdeflater::Decompressor>,
    zlib: Option<flate2::Decompress>,
}

impl Unpacker {
    /// For pieces of this compression; `reverse_bits` is FillOrder 2.
    pub(super) fn new(compression: Compression, reverse_bits: bool) -> Self {
        Self {
            compression,
            reverse_bits,
            reversed: Vec::new(),
            lzw: None,
            whole_zlib: None,
            zlib: None,
        }
    }

    /// Makes the first `need` bytes of `out` those of the piece stored as `bytes`. `width` is
    /// that of a row in pixels.
    pub(super) fn unpack(
        &mut self,
        bytes: &[u8],
        need: usize,
        width: usize,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        let mut reversed = std::mem::take(&mut self.reversed);
        let bytes = if self.reverse_bits {
            reversed.clear();
            reversed.extend(bytes.iter().map(|b| b.reverse_bits()));
            &reversed
        } else {
            bytes
        };
        let grown = self.grow(bytes, need, width, out);
        self.reversed = reversed;
        if grown? < need {
            return Err(Error::image("a strip or tile of the TIFF is cut: too few pixels"));
        }
        Ok(())
    }

    /// Unpacks and says how many bytes came, at least `need` unless the data ends.
    fn grow(
        &mut self,
        bytes: &[u8],
        need: usize,
        width: usize,
        out: &mut Vec<u8>,
    ) -> Result<usize> {
        match self.compression {
            Compression::None => {
                out.clear();
                out.extend_from_slice(&bytes[..need.min(bytes.len())]);
                Ok(out.len())
            }
            Compression::PackBits => Ok(packbits(bytes, need, out)),
            Compression::Deflate => self.deflate(bytes, need, out),
            Compression::Lzw => self.lzw(bytes, need, out),
            Compression::Zstd => match zstd::stream::read::Decoder::with_buffer(bytes) {
                Ok(decoder) => read(decoder, need, out),
                Err(e) => Err(damaged(e)),
            },
            Compression::Lzma => {
                let stream = liblzma::stream::Stream::new_stream_decoder(LZMA_MEMORY, 0);
                let stream = stream.map_err(|e| damaged(e.into()))?;
                read(liblzma::bufread::XzDecoder::new_stream(bytes, stream), need, out)
            }
            Compression::Fax(mode) => ccitt::decode(bytes, mode, width, need, out),
            Compression::Jpeg => Err(Error::image("JPEG in a TIFF of an impossible kind")),
        }
    }

    fn deflate(&mut self, bytes: &[u8], need: usize, out: &mut Vec<u8>) -> Result<usize> {
        out.resize(need, 0);
        // The faster one takes only streams that are whole and not too long; the other says what is wrong.
        let whole = self.whole_zlib.get_or_insert_with(libdeflater::Decompressor::new);
        if let Ok(len) = whole.zlib_decompress(bytes, out) {
            return Ok(len);
        }
        let decoder = self.zlib.get_or_insert_with(|| flate2::Decompress::new(true));
        decoder.reset(true);
        // With all the input and all the room at hand, one call does what can be done.
        match decoder.decompress(bytes, out, flate2::FlushDecompress::Finish) {
            Ok(_) => Ok(decoder.total_out() as usize),
            Err(e) => {
                Err(Error::image(format!("deflate data in the TIFF is damaged: {e}")).caused_by(e))
            }
        }
    }

    fn lzw(&mut self, bytes: &[u8], need: usize, out: &mut Vec<u8>) -> Result<usize> {
        out.resize(need, 0);
        // Files from before TIFF 6 have the bits of a code the other way round; both kinds
        // begin with the code 256.
        if !matches!(bytes, [0, b, ..] if b & 1 == 1) {
            return self.lzw.get_or_insert_with(lzw::Table::new).decode(bytes, out);
        }
        let mut decoder = weezl::decode::Decoder::new(BitOrder::Lsb, 8);
        let (mut from, mut to) = (0, 0);
        while to < need {
            let step = decoder.decode_bytes(&bytes[from..], &mut out[to..]);
            from += step.consumed_in;
            to += step.consumed_out;
            match step.status {
                Ok(weezl::LzwStatus::Ok) if step.consumed_in + step.consumed_out > 0 => {}
                Ok(_) => break,
                Err(e) => {
                    return Err(
                        Error::image(format!("LZW data in the TIFF is damaged: {e}")).caused_by(e)
                    );
                }
            }
        }
        Ok(to)
    }
}

/// What an LZMA stream may ask for its dictionary: more than the highest preset does.
const LZMA_MEMORY: u64 = 128 << 20;

fn damaged(e: std::io::Error) -> Error {
    Error::image(format!("compressed data in the TIFF is damaged: {e}")).caused_by(e)
}

fn read(mut reader: impl Read, need: usize, out: &mut Vec<u8>) -> Result<usize> {
    out.resize(need, 0);
    let mut filled = 0;
    while filled < need {
        match reader.read(&mut out[filled..]) {
            Ok(0) => break,
            Ok(n) => filled += n,
            Err(e) => return Err(damaged(e)),
        }
    }
    Ok(filled)
}

fn packbits(mut bytes: &[u8], need: usize, out: &mut Vec<u8>) -> usize {
    out.clear();
    out.reserve(need);
    while let [head, rest @ ..] = bytes {
        let room = need - out.len();
        if room == 0 {
            break;
        }
        bytes = match *head {
            n @ ..128 => {
                let n = (usize::from(n) + 1).min(rest.len());
                out.extend_from_slice(&rest[..n.min(room)]);
                &rest[n..]
            }
            128 => rest,
            n => {
                let Some((&byte, rest)) = rest.split_first() else { break };
                out.resize(out.len() + (257 - usize::from(n)).min(room), byte);
                rest
            }
        };
    }
    out.len()
}
