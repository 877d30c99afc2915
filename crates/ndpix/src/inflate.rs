//! A leaf: decompresses one slice into a buffer, never past a limit.
//!
//! Used for payloads inside records (encoding). Streams of whole inputs are `source`'s business. Refuses with `encoding` (damaged) and `limit`.

use std::io::Read;

use crate::error::{Error, Result};

/// A compression that a payload inside a record may have.
///
/// ```
/// use ndpix::{Compression, Encoding};
/// let Encoding::Chain(chain) = "base64+zstd+image".parse()? else { panic!("a chain") };
/// assert_eq!(chain.compressions, [Compression::Zstd]);
/// # Ok::<(), ndpix::Error>(())
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash)]
#[allow(missing_docs, reason = "the names say it")]
pub enum Compression {
    Gzip,
    Zlib,
    Zstd,
    Bzip2,
    Xz,
    Lz4,
}

impl Compression {
    /// Every compression.
    pub const ALL: [Self; 6] =
        [Self::Gzip, Self::Zlib, Self::Zstd, Self::Bzip2, Self::Xz, Self::Lz4];

    /// The word in encoding chains.
    pub fn name(self) -> &'static str {
        match self {
            Self::Gzip => "gzip",
            Self::Zlib => "zlib",
            Self::Zstd => "zstd",
            Self::Bzip2 => "bz2",
            Self::Xz => "xz",
            Self::Lz4 => "lz4",
        }
    }

    /// The compression whose signature `bytes` begin with. A zlib header is two bytes that any
    /// payload may begin with: it counts only when the whole stream inflates with its checksum,
    /// which the caller finds out by inflating it.
    ///
    /// ```
    /// use ndpix::Compression;
    /// assert_eq!(Compression::sniff(b"\x1f\x8b\x08\0"), Some(Compression::Gzip));
    /// assert_eq!(Compression::sniff(b"plain text"), None);
    /// ```
    pub fn sniff(bytes: &[u8]) -> Option<Self> {
        Some(match bytes {
            [0x1F, 0x8B, 8, ..] => Self::Gzip,
            [0x28, 0xB5, 0x2F, 0xFD, ..] => Self::Zstd,
            [b'B', b'Z', b'h', b'1'..=b'9', 0x31, 0x41, 0x59, 0x26, ..] => Self::Bzip2,
            [0xFD, b'7', b'z', b'X', b'Z', 0, ..] => Self::Xz,
            [0x04, 0x22, 0x4D, 0x18, ..] => Self::Lz4,
            [cmf, flg, ..]
                if cmf & 0x0F == 8
                    && cmf >> 4 <= 7
                    && flg & 0x20 == 0
                    && (u16::from(*cmf) << 8 | u16::from(*flg)) % 31 == 0 =>
            {
                Self::Zlib
            }
            _ => return None,
        })
    }
}

/// Replaces `out` with the decompressed `bytes`. Kind `encoding` when the stream is damaged, cut or
/// followed by other bytes; kind `limit` when it would grow past `max_bytes`.
pub(crate) fn inflate(
    compression: Compression,
    bytes: &[u8],
    max_bytes: u64,
    out: &mut Vec<u8>,
) -> Result<()> {
    out.clear();
    let mut rest = bytes;
    let grown = match compression {
        Compression::Gzip => take(flate2::bufread::MultiGzDecoder::new(&mut rest), max_bytes, out),
        Compression::Zlib => take(flate2::bufread::ZlibDecoder::new(&mut rest), max_bytes, out),
        Compression::Zstd => zstd::stream::read::Decoder::with_buffer(&mut rest)
            .and_then(|decoder| take(decoder, max_bytes, out)),
        Compression::Bzip2 => take(bzip2::bufread::MultiBzDecoder::new(&mut rest), max_bytes, out),
        Compression::Xz => {
            take(liblzma::bufread::XzDecoder::new_multi_decoder(&mut rest), max_bytes, out)
        }
        Compression::Lz4 if !is_whole_lz4(bytes) => Err(std::io::ErrorKind::UnexpectedEof.into()),
        Compression::Lz4 => take(lz4_flex::frame::FrameDecoder::new(&mut rest), max_bytes, out),
    };
    let name = compression.name();
    grown.map_err(|e| {
        if e.kind() == std::io::ErrorKind::OutOfMemory {
            return Error::limit(format!("the machine has no memory for the {name} payload"))
                .caused_by(e);
        }
        Error::encoding(format!("the {name} payload is damaged or cut: {e}")).caused_by(e)
    })?;
    if out.len() as u64 > max_bytes {
        out.clear();
        return Err(Error::limit(format!(
            "the {name} payload grows past the limit of {max_bytes} bytes"
        )));
    }
    if !rest.is_empty() {
        return Err(Error::encoding(format!(
            "{} bytes follow the end of the {name} payload",
            rest.len()
        )));
    }
    Ok(())
}

/// Replaces `out` with the first bytes, at most so many, of a deflate stream without a frame, as members of zip
/// archives are packed. Kind `encoding` when it is damaged or cut before, or when bytes follow its end.
pub(crate) fn undeflate(bytes: &[u8], most: u64, out: &mut Vec<u8>) -> Result<()> {
    out.clear();
    let mut rest = bytes;
    flate2::bufread::DeflateDecoder::new(&mut rest).take(most).read_to_end(out).map_err(|e| {
        match e.kind() {
            std::io::ErrorKind::OutOfMemory => Error::limit("the machine has no memory for it"),
            _ => Error::encoding(format!("the deflated bytes are damaged or cut: {e}")),
        }
        .caused_by(e)
    })?;
    if (out.len() as u64) < most && !rest.is_empty() {
        return Err(Error::encoding(format!(
            "{} bytes follow the end of the deflated ones",
            rest.len()
        )));
    }
    Ok(())
}

/// Whether an LZ4 frame has its end mark, which the decoder does not ask for: blocks after each other up to one of
/// length 0 (LZ4 Frame Format 1.6.2).
fn is_whole_lz4(bytes: &[u8]) -> bool {
    let flags = bytes.get(4).copied().unwrap_or(0);
    let has = |bit: u8| usize::from(flags & bit != 0);
    let (block_sum, content_sum) = (4 * has(0x10), 4 * has(0x04));
    let mut at = 7 + 8 * has(0x08) + 4 * has(0x01);
    loop {
        let Some(length) = bytes.get(at..).and_then(|rest| rest.first_chunk::<4>()) else {
            return false;
        };
        // The highest bit says that a block is not compressed.
        match u32::from_le_bytes(*length) & 0x7FFF_FFFF {
            0 => return at + 4 + content_sum == bytes.len(),
            length => at = at.saturating_add(4 + length as usize + block_sum),
        }
    }
}

fn take(reader: impl Read, max_bytes: u64, out: &mut Vec<u8>) -> std::io::Result<usize> {
    reader.take(max_bytes.saturating_add(1)).read_to_end(out)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn zlib(data: &[u8]) -> Vec<u8> {
        use std::io::Write;
        let mut w = flate2::write::ZlibEncoder::new(Vec::new(), flate2::Compression::fast());
        w.write_all(data).and_then(|()| w.finish()).expect("in memory")
    }

    #[test]
    fn inflates_within_the_limit_and_not_past_it() {
        let packed = zlib(&[7; 1000]);
        let mut out = Vec::new();
        inflate(Compression::Zlib, &packed, 1000, &mut out).expect("fits");
        assert_eq!(out, [7; 1000]);
        let over = inflate(Compression::Zlib, &packed, 999, &mut out).expect_err("too big");
        assert_eq!(over.kind(), crate::error::ErrorKind::Limit);
    }

    #[test]
    fn lz4_frames() {
        use std::io::Write;
        let mut w = lz4_flex::frame::FrameEncoder::new(Vec::new());
        w.write_all(&[7; 1000]).expect("in memory");
        let mut packed = w.finish().expect("in memory");
        let mut out = Vec::new();
        assert_eq!(Compression::sniff(&packed), Some(Compression::Lz4));
        inflate(Compression::Lz4, &packed, 1000, &mut out).expect("fits");
        assert_eq!(out, [7; 1000]);
        assert!(inflate(Compression::Lz4, &packed, 999, &mut out).is_err());
        assert!(inflate(Compression::Lz4, &packed[..packed.len() - 1], 9999, &mut out).is_err());
        packed.push(0);
        assert!(inflate(Compression::Lz4, &packed, 9999, &mut out).is_err());
    }

    #[test]
    fn refuses_cut_and_trailing_bytes() {
        let mut packed = zlib(b"hello");
        let mut out = Vec::new();
        assert!(inflate(Compression::Zlib, &packed[..packed.len() - 1], 99, &mut out).is_err());
        packed.push(0);
        assert!(inflate(Compression::Zlib, &packed, 99, &mut out).is_err());
    }

    #[test]
    fn a_zlib_signature_is_only_a_hint() {
        assert_eq!(Compression::sniff(&zlib(b"x")), Some(Compression::Zlib));
        assert_eq!(Compression::sniff(b"AAAA"), None);
    }
}
