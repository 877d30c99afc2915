//! The blocks of an OpenEXR part: found by the table of their places, decompressed one by one by the crate
//! `exr`, and their samples put where they lie in the picture. Only the largest level of a mip map is read.

use ::exr::compression::Compression;
use ::exr::math::{RoundingMode, Vec2};
use ::exr::meta::BlockDescription;
use ::exr::meta::attribute::{
    ChannelDescription, IntegerBounds, LevelMode, SampleType, Text, TileDescription,
};
use ::exr::meta::header::Header;
use ::exr::prelude::f16;

use super::Picture;
use super::header::{Kind, Part, Scan, cut};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::format::guarded;
use crate::limits::{Limits, probe};

/// The ways of compression that are read, by their number in the file, and for how many bytes of pixels one
/// byte of a block can stand at most: by deflate for 1032, by RLE for 64, in PIZ a code of nine bits for 255
/// samples, in B44 three bytes for 16, in DWA two that were deflated for 64.
const COMPRESSIONS: [(Compression, u64); 10] = [
    (Compression::Uncompressed, 1),
    (Compression::RLE, 64),
    (Compression::ZIP1, 1032),
    (Compression::ZIP16, 1032),
    (Compression::PIZ, 512),
    (Compression::PXR24, 1032 * 4 / 3),
    (Compression::B44, 11),
    (Compression::B44A, 11),
    (Compression::DWAA(None), 1032 * 128),
    (Compression::DWAB(None), 1032 * 128),
];
/// The names of the next ones, which are not read.
const NOT_READ: [&str; 4] = ["HTJ2K", "HTJ2K", "LJ2K", "Zstandard"];
/// Bytes of what DWA says of its block: eleven numbers.
const DWA_HEAD: usize = 11 * 8;

/// How a part is compressed; refuses what is not read.
pub(super) fn compression(part: &Part<'_>) -> Result<Compression> {
    let number = usize::from(part.compression);
    let read = COMPRESSIONS.get(number).map(|(compression, _)| *compression);
    read.ok_or_else(|| {
        Error::unsupported(match NOT_READ.get(number - COMPRESSIONS.len()) {
            Some(name) => format!("EXR compressed by {name}"),
            None => format!("EXR compression {number}"),
        })
    })
}

/// The fewest bytes of a file that can hold a picture: of each block an entry in the table, its place and its
/// length, and its data.
pub(super) fn least(picture: &Picture<'_>) -> Result<u64> {
    let part = &picture.part;
    let blocks = Grid::new(part, compression(part)?).count();
    let bytes = part.width.saturating_mul(part.height).saturating_mul(part.pixel_bytes() as u64);
    let ratio = COMPRESSIONS[usize::from(part.compression)].1;
    Ok(blocks.saturating_mul(16).saturating_add(bytes / ratio).saturating_add(picture.data as u64))
}

/// How a part is cut into blocks.
#[derive(Clone, Copy)]
struct Grid {
    /// Pixels of a whole block.
    width: u64,
    /// As `width`.
    height: u64,
    /// Blocks in a row of them.
    across: u64,
    /// Rows of blocks.
    down: u64,
}

impl Grid {
    /// The blocks of the largest level.
    fn new(part: &Part<'_>, compression: Compression) -> Self {
        let (width, height) = match part.tile {
            Some((width, height)) => (width.into(), height.into()),
            None => (part.width, compression.scan_lines_per_block() as u64),
        };
        let (across, down) = (part.width.div_ceil(width), part.height.div_ceil(height));
        // So that nothing is allocated for what lies outside of the picture.
        Self { width: width.min(part.width), height: height.min(part.height), across, down }
    }

    /// The number of blocks.
    fn count(&self) -> u64 {
        self.across.saturating_mul(self.down)
    }
}

/// A block: its number across and down, and its pixels.
struct Block {
    /// Its number in its row of blocks.
    across: u64,
    /// The number of that row.
    down: u64,
    /// Pixels from the left of the data window.
    left: usize,
    /// Pixels from the top of it.
    top: usize,
    /// Pixels.
    width: usize,
    /// Pixels.
    height: usize,
}

/// Decodes all blocks of a picture into `out`.
pub(super) fn decode(
    bytes: &[u8],
    picture: &Picture<'_>,
    limits: &Limits,
    out: &mut [u8],
) -> Result<()> {
    let part = &picture.part;
    let compression = compression(part)?;
    let grid = Grid::new(part, compression);
    // The codec holds a block twice or three times.
    let need = (grid.width * grid.height).saturating_mul(part.pixel_bytes() as u64 * 3);
    limits.check_memory(need)?;
    probe(need)?;
    let header = codec_header(part, compression);
    let table = bytes.get(picture.table..).ok_or_else(cut)?.as_chunks::<8>().0;
    for number in 0..grid.count() {
        let (across, down) = (number % grid.across, number / grid.across);
        let (left, top) = (across * grid.width, down * grid.height);
        let block = Block {
            across,
            down,
            left: left as usize,
            top: top as usize,
            width: grid.width.min(part.width - left) as usize,
            height: grid.height.min(part.height - top) as usize,
        };
        let place = table.get(number as usize).ok_or_else(cut)?;
        let data = chunk(bytes, u64::from_le_bytes(*place), picture, &block)?;
        let samples = decompress(&header, data, &block)?;
        put(&samples, picture, &block, out)?;
    }
    Ok(())
}

/// The data of the block that stands at a place of the file, which has to say that it is this one.
fn chunk<'a>(
    bytes: &'a [u8],
    place: u64,
    picture: &Picture<'_>,
    block: &Block,
) -> Result<&'a [u8]> {
    let at = usize::try_from(place).ok().filter(|at| *at >= picture.data).ok_or_else(misplaced)?;
    let mut scan = Scan { bytes, at };
    if let Some(number) = picture.number
        && i64::from(scan.i32()?) != number as i64
    {
        return Err(misplaced());
    }
    let named = match picture.part.tile {
        Some(_) => {
            let named = [scan.i32()?, scan.i32()?, scan.i32()?, scan.i32()?].map(i64::from);
            named == [block.across as i64, block.down as i64, 0, 0]
        }
        None => i64::from(scan.i32()?) == picture.part.top + block.top as i64,
    };
    if !named {
        return Err(misplaced());
    }
    let length = usize::try_from(scan.i32()?).ok().filter(|length| *length > 0);
    scan.take(length.ok_or_else(misplaced)?)
}

/// The samples of a block: row by row, in each channel by channel, in the byte order of the machine.
fn decompress(header: &Header, data: &[u8], block: &Block) -> Result<Vec<u8>> {
    let wanted = block.width * block.height * header.channels.bytes_per_pixel;
    let dwa = matches!(header.compression, Compression::DWAA(_) | Compression::DWAB(_));
    if dwa && data.len() != wanted {
        check_dwa(data, header.channels.bytes_per_pixel, block)?;
    }
    let size = Vec2(block.width, block.height);
    let section = IntegerBounds { position: Vec2(0, 0), size };
    let compression = header.compression;
    // More bytes than the pixels take are damage, but not in PIZ: so OpenEXR has it.
    let strict = compression != Compression::PIZ;
    let data = data.to_vec();
    guarded("EXR", || {
        match compression.decompress_image_section_from_le(header, data, section, strict) {
            Ok(samples) if samples.len() == wanted => Ok(samples),
            Ok(_) => Err(Error::image("damaged EXR: a block is too short")),
            Err(::exr::error::Error::NotSupported(what)) => {
                Err(Error::unsupported(format!("EXR with {what}")))
            }
            Err(error) => Err(Error::image(format!("damaged EXR: {error}"))),
        }
    })
}

/// Refuses a block of DWA that says more of itself than its pixels can be: the codec allocates what it says.
fn check_dwa(data: &[u8], pixel_bytes: usize, block: &Block) -> Result<()> {
    let head = data.get(..DWA_HEAD).ok_or_else(cut)?;
    let numbers: Vec<_> = head.as_chunks().0.iter().map(|n| u64::from_le_bytes(*n)).collect();
    // Cosine transforms are of eight by eight pixels; runs cost at most a byte for each that they stand for.
    let padded =
        (block.width.next_multiple_of(8) as u64) * (block.height.next_multiple_of(8) as u64);
    let most = padded.saturating_mul(2 * pixel_bytes as u64);
    // The sizes when unpacked: of what is only packed, of runs (twice), and the counts of coefficients.
    if [1, 6, 7, 8, 9].into_iter().any(|at| numbers[at] > most) {
        return Err(Error::image("damaged EXR: a DWA block is larger than its pixels"));
    }
    Ok(())
}

/// Puts the samples of a block where they lie in the picture.
fn put(samples: &[u8], picture: &Picture<'_>, block: &Block, out: &mut [u8]) -> Result<()> {
    let count = picture.count;
    let size = picture.dtype.size();
    let row_bytes = block.width * picture.part.pixel_bytes();
    let width = picture.part.width as usize;
    for (y, row) in samples.chunks_exact(row_bytes).enumerate() {
        let start = ((block.top + y) * width + block.left) * count * size;
        let out = out.get_mut(start..start + block.width * count * size).ok_or_else(misplaced)?;
        let mut at = 0;
        for (channel, place) in picture.part.channels.iter().zip(&picture.places) {
            let length = block.width * channel.kind.size();
            let line = &row[at..at + length];
            at += length;
            if let Some(place) = *place {
                let pixels = out.chunks_exact_mut(count * size);
                let places = pixels.map(|pixel| &mut pixel[place * size..(place + 1) * size]);
                convert(line, channel.kind, picture.dtype, places);
            }
        }
    }
    Ok(())
}

/// Writes the samples of a line to their places, in the wanted dtype, which holds all of them exactly.
fn convert<'a>(line: &[u8], kind: Kind, dtype: DType, places: impl Iterator<Item = &'a mut [u8]>) {
    fn each<'a, const N: usize, const M: usize>(
        line: &[u8],
        places: impl Iterator<Item = &'a mut [u8]>,
        with: impl Fn([u8; N]) -> [u8; M],
    ) {
        for (sample, place) in line.as_chunks().0.iter().zip(places) {
            place.copy_from_slice(&with(*sample));
        }
    }
    let half = |sample| f16::from_ne_bytes(sample);
    match (kind, dtype) {
        (Kind::Half, DType::Float32) => each(line, places, |s| half(s).to_f32().to_le_bytes()),
        (Kind::Half, DType::Float64) => each(line, places, |s| half(s).to_f64().to_le_bytes()),
        (Kind::Half, _) => each(line, places, |s| u16::from_ne_bytes(s).to_le_bytes()),
        (Kind::Uint, DType::Float64) => {
            each(line, places, |s| f64::from(u32::from_ne_bytes(s)).to_le_bytes());
        }
        (Kind::Float, DType::Float64) => {
            each(line, places, |s| f64::from(f32::from_ne_bytes(s)).to_le_bytes());
        }
        (Kind::Uint | Kind::Float, _) => {
            each(line, places, |s| u32::from_ne_bytes(s).to_le_bytes())
        }
    }
}

/// What the codec has to know of a part.
fn codec_header(part: &Part<'_>, compression: Compression) -> Header {
    let channels = part.channels.iter().map(|channel| ChannelDescription {
        name: Text::from_slice_unchecked(channel.name),
        sample_type: match channel.kind {
            Kind::Uint => SampleType::U32,
            Kind::Half => SampleType::F16,
            Kind::Float => SampleType::F32,
        },
        quantize_linearly: channel.linear,
        sampling: Vec2(1, 1),
    });
    let blocks = match part.tile {
        None => BlockDescription::ScanLines,
        Some((width, height)) => BlockDescription::Tiles(TileDescription {
            tile_size: Vec2(width as usize, height as usize),
            level_mode: LevelMode::Singular,
            rounding_mode: RoundingMode::Down,
        }),
    };
    let size = Vec2(part.width as usize, part.height as usize);
    let header = Header::new(Text::from_slice_unchecked(b""), size, channels.collect());
    Header { compression, blocks, ..header }
}

/// Of a table of blocks that does not fit them.
fn misplaced() -> Error {
    Error::image("damaged EXR: a block is not where the file says")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    #[test]
    fn blocks_are_not_larger_than_the_picture() {
        let tile = Some((u32::MAX, u32::MAX));
        let mut part = Part::default();
        (part.width, part.height, part.tile) = (7, 300, tile);
        let grid = Grid::new(&part, Compression::DWAB(None));
        assert_eq!((grid.width, grid.height, grid.count()), (7, 300, 1));
        part.tile = None;
        let grid = Grid::new(&part, Compression::DWAB(None));
        assert_eq!((grid.width, grid.height, grid.count()), (7, 256, 2));
    }

    #[test]
    fn dwa_is_not_believed_what_its_pixels_cannot_be() {
        let block = Block { across: 0, down: 0, left: 0, top: 0, width: 9, height: 7 };
        let most = 16 * 8 * 2 * 6;
        for at in 0..11 {
            let mut numbers = [0u64; 11];
            numbers[at] = most;
            assert!(check_dwa(numbers.map(u64::to_le_bytes).as_flattened(), 6, &block).is_ok());
            numbers[at] += 1;
            let checked = check_dwa(numbers.map(u64::to_le_bytes).as_flattened(), 6, &block);
            assert_eq!(checked.is_err(), [1, 6, 7, 8, 9].contains(&at), "{at}");
        }
        assert_eq!(check_dwa(&[0; 80], 6, &block).expect_err("cut").kind(), ErrorKind::Image);
    }
}
