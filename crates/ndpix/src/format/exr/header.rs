//! The headers of an OpenEXR file: what is said of each part, without an allocation beyond a few times
//! their own bytes. Nothing of the pixels is read.

use crate::error::{Error, Result, quote};

/// The version and the flags follow it.
pub(super) const MAGIC: &[u8] = b"\x76\x2F\x31\x01";
/// The flag of a file with one part, in tiles.
const TILED: u32 = 0x200;
/// The flag of names of more than 31 bytes.
const LONG_NAMES: u32 = 0x400;
/// The flag of parts of deep data.
const DEEP: u32 = 0x800;
/// The flag of a file with several parts.
const PARTS: u32 = 0x1000;
/// The version of the format, in the lowest byte.
const VERSION: u32 = 2;
/// Channels of a part: the codec compares the names of all with each other.
const MAX_CHANNELS: usize = 1024;

/// How a sample is stored.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    /// 32 bits without a sign.
    Uint,
    /// A float of 16 bits.
    Half,
    /// A float of 32 bits.
    Float,
}

impl Kind {
    /// Bytes of a sample.
    pub(super) fn size(self) -> usize {
        if self == Self::Half { 2 } else { 4 }
    }
}

/// A channel of a part.
#[derive(Debug, Clone, Copy)]
pub(super) struct Channel<'a> {
    /// With the names of the layers that it is in, each with a dot after it.
    pub(super) name: &'a [u8],
    /// How its samples are stored.
    pub(super) kind: Kind,
    /// A hint for lossy compression.
    pub(super) linear: bool,
    /// Whether not every pixel has a sample.
    pub(super) subsampled: bool,
}

impl<'a> Channel<'a> {
    /// The name of its layer, where it has one, and its own.
    pub(super) fn split(&self) -> (Option<&'a [u8]>, &'a [u8]) {
        match memchr::memrchr(b'.', self.name) {
            Some(dot) => (Some(&self.name[..dot]), &self.name[dot + 1..]),
            None => (None, self.name),
        }
    }
}

/// What the header of one part says.
#[derive(Debug, Default)]
pub(super) struct Part<'a> {
    /// In the order of the file, which is also that of the samples in it.
    pub(super) channels: Vec<Channel<'a>>,
    /// The number of the way in which the pixels are compressed.
    pub(super) compression: u8,
    /// Pixels, of the data window.
    pub(super) width: u64,
    /// As `width`.
    pub(super) height: u64,
    /// The number of the top row, by which blocks of rows are named.
    pub(super) top: i64,
    /// Width and height of a tile; `None` where pixels lie in blocks of whole rows.
    pub(super) tile: Option<(u32, u32)>,
    /// Whether pixels are lists of samples.
    pub(super) deep: bool,
    /// The entries in the table of blocks, where the header says it.
    chunks: Option<u64>,
}

/// What stands before the tables of blocks.
pub(super) struct File<'a> {
    /// In the order of the file; at least one.
    pub(super) parts: Vec<Part<'a>>,
    /// Whether blocks begin with the number of their part.
    pub(super) many: bool,
    /// The byte after the last header.
    pub(super) end: usize,
    /// Where the table of blocks of each part begins; `None` after a part that does not say how long its own is.
    tables: Vec<Option<u64>>,
}

impl<'a> File<'a> {
    /// Reads all headers.
    pub(super) fn parse(bytes: &'a [u8]) -> Result<Self> {
        let mut scan = Scan { bytes, at: 0 };
        if scan.take(4)? != MAGIC {
            return Err(Error::image("not an EXR"));
        }
        let flags = scan.u32()?;
        let version = flags & 0xFF;
        if version != VERSION || flags & !(0xFF | TILED | LONG_NAMES | DEEP | PARTS) != 0 {
            return Err(Error::unsupported(format!("EXR of version {version}, flags {flags:#x}")));
        }
        let many = flags & PARTS != 0;
        let mut parts = Vec::new();
        while let Some(mut part) = Part::parse(&mut scan)? {
            if !many {
                part.deep |= flags & DEEP != 0;
                let tiled = flags & TILED != 0;
                part.tile = if tiled { Some(part.tile.ok_or_else(no_tiles)?) } else { None };
            }
            parts.push(part);
            if !many {
                break;
            }
        }
        if parts.is_empty() {
            return Err(Error::image("EXR without a part"));
        }
        let mut at = Some(scan.at as u64);
        let after = |part: &Part<'_>| {
            let next = at.zip(part.chunks).map(|(at, n)| at.saturating_add(n.saturating_mul(8)));
            std::mem::replace(&mut at, next)
        };
        let tables = parts.iter().map(after).collect();
        Ok(Self { parts, many, end: scan.at, tables })
    }

    /// Where the table of blocks of the part with this number begins.
    pub(super) fn table(&self, part: usize) -> Result<usize> {
        let at = self.tables[part].ok_or_else(|| Error::image("EXR part without a chunkCount"))?;
        usize::try_from(at).map_err(|_| cut())
    }
}

impl<'a> Part<'a> {
    /// Reads one header; `None` for the empty one that ends those of several parts.
    fn parse(scan: &mut Scan<'a>) -> Result<Option<Self>> {
        let mut part = Self::default();
        let (mut window, mut channels, mut compression, mut kind) = (None, None, None, None);
        let mut count = 0;
        loop {
            let name = scan.string()?;
            if name.is_empty() {
                break;
            }
            count += 1;
            let _type = scan.string()?;
            let length = usize::try_from(scan.i32()?).map_err(|_| damaged(name))?;
            let mut value = Scan { bytes: scan.take(length)?, at: 0 };
            let whole = value.bytes;
            match name {
                b"channels" => channels = Some(read_channels(&mut value)?),
                b"compression" => compression = whole.first().copied(),
                b"dataWindow" => {
                    window = Some([value.i32()?, value.i32()?, value.i32()?, value.i32()?]);
                }
                b"tiles" => part.tile = Some((value.u32()?, value.u32()?)),
                b"type" => kind = Some(whole),
                b"chunkCount" => part.chunks = u64::try_from(value.i32()?).ok(),
                _ => {}
            }
        }
        if count == 0 {
            return Ok(None);
        }
        let lacks = |what: &str| Error::image(format!("EXR without the attribute {what}"));
        let [left, top, right, bottom] = window.ok_or_else(|| lacks("dataWindow"))?.map(i64::from);
        let (Ok(width), Ok(height)) =
            (u64::try_from(right - left + 1), u64::try_from(bottom - top + 1))
        else {
            return Err(damaged(b"dataWindow"));
        };
        (part.width, part.height, part.top) = (width, height, top);
        part.channels = channels.ok_or_else(|| lacks("channels"))?;
        part.compression = compression.ok_or_else(|| lacks("compression"))?;
        part.set_kind(kind)?;
        if width == 0 || height == 0 || matches!(part.tile, Some((0, _) | (_, 0))) {
            return Err(Error::image(format!("EXR of {height} x {width} pixels")));
        }
        Ok(Some(part))
    }

    /// Takes what the type of a part says. Of a file with one part its flags count instead.
    fn set_kind(&mut self, kind: Option<&[u8]>) -> Result<()> {
        match kind {
            Some(b"scanlineimage") => self.tile = None,
            Some(b"tiledimage") if self.tile.is_none() => return Err(no_tiles()),
            Some(b"deepscanline" | b"deeptile") => self.deep = true,
            Some(b"tiledimage") | None => {}
            Some(other) => {
                return Err(Error::unsupported(format!("EXR part of the type {}", quote(other))));
            }
        }
        Ok(())
    }

    /// Bytes of a pixel of all channels.
    pub(super) fn pixel_bytes(&self) -> usize {
        self.channels.iter().map(|channel| channel.kind.size()).sum()
    }
}

/// The value of the attribute `channels`.
fn read_channels<'a>(value: &mut Scan<'a>) -> Result<Vec<Channel<'a>>> {
    let mut channels = Vec::new();
    loop {
        let name = value.string()?;
        if name.is_empty() {
            break;
        }
        let kind = match value.i32()? {
            0 => Kind::Uint,
            1 => Kind::Half,
            2 => Kind::Float,
            _ => return Err(damaged(b"channels")),
        };
        let linear = value.take(4)?[0] != 0;
        let subsampled = (value.i32()?, value.i32()?) != (1, 1);
        if channels.len() == MAX_CHANNELS {
            return Err(Error::unsupported(format!("EXR of more than {MAX_CHANNELS} channels")));
        }
        channels.push(Channel { name, kind, linear, subsampled });
    }
    if channels.is_empty() {
        return Err(Error::image("EXR without channels"));
    }
    Ok(channels)
}

/// Reads numbers and texts one after the other.
pub(super) struct Scan<'a> {
    /// All of them.
    pub(super) bytes: &'a [u8],
    /// The byte that comes next.
    pub(super) at: usize,
}

impl<'a> Scan<'a> {
    /// Takes so many bytes.
    pub(super) fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let taken = rest.get(..count).ok_or_else(cut)?;
        self.at += count;
        Ok(taken)
    }

    /// Takes a number without a sign.
    fn u32(&mut self) -> Result<u32> {
        Ok(u32::from_le_bytes(self.take(4)?.try_into().map_err(|_| cut())?))
    }

    /// Takes a number with a sign.
    pub(super) fn i32(&mut self) -> Result<i32> {
        Ok(self.u32()?.cast_signed())
    }

    /// Takes a text and the zero that ends it.
    fn string(&mut self) -> Result<&'a [u8]> {
        let rest = self.bytes.get(self.at..).unwrap_or_default();
        let end = memchr::memchr(0, rest).ok_or_else(cut)?;
        self.at += end + 1;
        Ok(&rest[..end])
    }
}

/// Of data that end before they should.
pub(super) fn cut() -> Error {
    Error::image("EXR data is cut short")
}

/// Of an attribute whose value cannot be.
fn damaged(name: &[u8]) -> Error {
    Error::image(format!("damaged EXR attribute {}", quote(name)))
}

/// Of a part in tiles that does not say their size.
fn no_tiles() -> Error {
    Error::image("EXR in tiles of no size")
}

#[cfg(test)]
mod tests {
    use super::*;

    const PARTS: &[u8] = include_bytes!("../../../../../testdata/formats/exr-parts.exr");
    const TILES: &[u8] = include_bytes!("../../../../../testdata/formats/exr-tiles.exr");
    const WINDOW: &[u8] = include_bytes!("../../../../../testdata/formats/exr-window.exr");

    #[test]
    fn parts_and_their_tables() {
        let file = File::parse(PARTS).expect("valid");
        assert_eq!((file.parts.len(), file.many), (2, true));
        // One block of up to sixteen rows each.
        let tables = [0, 1].map(|part| file.table(part).expect("valid") - file.end);
        assert_eq!(tables, [0, 8]);
    }

    #[test]
    fn windows_and_tiles() {
        let file = File::parse(WINDOW).expect("valid");
        let part = &file.parts[0];
        assert_eq!((part.width, part.height, part.top, part.tile), (9, 7, 5, None));
        let names: Vec<_> = part.channels.iter().map(|channel| channel.name).collect();
        assert_eq!((names, part.pixel_bytes()), (vec![&b"B"[..], b"G", b"R"], 6));
        assert_eq!(File::parse(TILES).expect("valid").parts[0].tile, Some((4, 5)));
    }

    #[test]
    fn names_of_layers() {
        let split = |name| {
            let channel = Channel { name, kind: Kind::Half, linear: false, subsampled: false };
            channel.split()
        };
        assert_eq!(split(b"R"), (None, &b"R"[..]));
        assert_eq!(split(b"a.b.R"), (Some(&b"a.b"[..]), &b"R"[..]));
    }
}
