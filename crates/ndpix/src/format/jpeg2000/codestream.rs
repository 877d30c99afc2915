//! The marker segments of a JPEG 2000 codestream (ISO 15444-1, annex A), as far as they say what is
//! in it, what decoding will cost, and whether it is all there.
//!
//! The codec reads them again by itself. This walk is what keeps it within memory, and away from the
//! streams that it would decode wrongly without a word.

use std::borrow::Cow;

use super::cost::{Style, styles_cost};
use super::unusual;
use crate::error::{Error, Result};
use crate::limits::{self, Limits};

/// Start of codestream, then the size segment.
pub(super) const START: [u8; 4] = [0xFF, 0x4F, 0xFF, 0x51];
/// End of codestream.
const END: [u8; 2] = [0xFF, 0xD9];
/// Start of a tile-part.
const TILE_PART: u8 = 0x90;
/// What a tile-part has before its data at the least: SOT segment and SOD.
const TILE_PART_HEAD: usize = 14;
/// Components that the codec counts in a byte.
const MAX_COMPONENTS: usize = 255;
/// Quality layers that the codec reads.
const MAX_LAYERS: u16 = 32;
/// Changes of the order of packets in one header; as many as OpenJPEG reads.
const MAX_PROGRESSIONS: usize = 32;
/// Coding styles that the tiles have together.
const MAX_STYLES: usize = 1024;
/// The longest segment with quantization steps, that of 32 levels.
const MAX_STEPS: usize = 199;

/// One component.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Component {
    /// Bits of a sample, 1 to 16.
    pub(super) bits: u8,
    pub(super) signed: bool,
    /// Columns and rows of the reference grid that one sample covers.
    pub(super) step: (u8, u8),
}

/// The image and tiles on the reference grid, each as columns and rows.
#[derive(Debug, Clone, Copy)]
struct Grid {
    /// Where the image begins and ends.
    first: (u32, u32),
    end: (u32, u32),
    tile: (u32, u32),
    tile_first: (u32, u32),
}

/// How the main header says that samples are transformed.
struct Ways {
    mixed: bool,
    /// Whether by whole numbers, where all components are alike.
    reversible: Option<bool>,
}

/// What the main header says.
pub(super) struct Header {
    pub(super) height: u32,
    pub(super) width: u32,
    pub(super) components: Vec<Component>,
    grid: Grid,
    tiles: u32,
    /// Of the image (COD) and of single components (COC), then of tiles.
    styles: Vec<Style>,
    layers: u16,
    /// Whether the first three components are mixed.
    mixed: bool,
    progressions: usize,
    /// Where the first tile-part begins.
    tile_parts: usize,
}

impl Header {
    /// Reads the main header; checks `limits.max_pixels`.
    pub(super) fn read(bytes: &[u8], limits: &Limits) -> Result<Self> {
        if !bytes.starts_with(&START) {
            return Err(Error::image("damaged JPEG 2000: no codestream where one should begin"));
        }
        let (size, mut at) = segment(bytes, 4)?;
        let mut header = read_size(size, limits)?;
        let mut steps = false;
        loop {
            let marker = marker(bytes, at)?;
            if marker == TILE_PART {
                break;
            }
            if matches!(marker, 0x30..=0x3F) {
                at += 2;
                continue;
            }
            let (data, end) = segment(bytes, at + 2)?;
            header.read_style(marker, data)?;
            steps |= marker == 0x5C;
            at = end;
        }
        if header.layers == 0 || !steps {
            return Err(Error::image("damaged JPEG 2000: a header without COD or QCD"));
        }
        header.tile_parts = at;
        header.check_mixing()?;
        Ok(header)
    }

    /// What is said in the main header and in that of a tile-part.
    fn read_style(&mut self, marker: u8, data: &[u8]) -> Result<()> {
        match marker {
            0x52 => {
                let &[flags, _, l0, l1, mix, ref rest @ ..] = data else { return Err(cut()) };
                let layers = u16::from_be_bytes([l0, l1]);
                if layers == 0 {
                    return Err(Error::image("damaged JPEG 2000: no quality layers"));
                }
                if layers > MAX_LAYERS {
                    return Err(unusual(&format!("{layers} quality layers")));
                }
                if mix > 1 {
                    return Err(unusual("a component transform of Part 2"));
                }
                self.layers = self.layers.max(layers);
                self.mixed = mix == 1;
                self.styles.push(Style::read(flags, rest)?);
            }
            0x53 => {
                let [_, flags, rest @ ..] = data else { return Err(cut()) };
                self.styles.push(Style::read(*flags, rest)?);
            }
            0x5C | 0x5D if data.len() + 2 > MAX_STEPS => {
                return Err(Error::image("damaged JPEG 2000: too many quantization steps"));
            }
            0x5F => {
                self.progressions += data.len() / 7;
                if self.progressions > MAX_PROGRESSIONS {
                    return Err(unusual("more than 32 changes of the packet order"));
                }
            }
            0x50 => return Err(unusual("high-throughput (HTJ2K) or other extensions")),
            0x74 | 0x75 | 0x77..=0x79 => return Err(unusual("extensions of Part 2")),
            _ => {}
        }
        Ok(())
    }

    /// The codec mixes planes of the full size, whatever is said of them.
    fn check_mixing(&self) -> Result<()> {
        let alike = match &self.components[..] {
            [a, b, c, ..] => a == b && b == c,
            _ => false,
        };
        if self.mixed && !alike {
            return Err(Error::image("damaged JPEG 2000: components are mixed that do not fit"));
        }
        Ok(())
    }

    /// Whether all components are sampled alike.
    pub(super) fn even(&self) -> bool {
        self.components.iter().all(|c| c.step == self.components[0].step)
    }

    /// Whether the components have the same depth and sign.
    pub(super) fn uniform(&self) -> bool {
        let kind = |c: &Component| (c.bits, c.signed);
        self.components.iter().all(|c| kind(c) == kind(&self.components[0]))
    }

    /// Walks the tile-parts: refuses streams that are not all there, or beyond the codec. Gives the
    /// stream as the codec wants it, whose last tile-part has a length and an end after it.
    pub(super) fn check_tiles<'a>(&mut self, bytes: &'a [u8]) -> Result<Cow<'a, [u8]>> {
        let (count, progressions) = (self.tiles, self.progressions);
        let reversible = self.styles[0].reversible;
        let alike = self.styles.iter().all(|style| style.reversible == reversible);
        let ways = Ways { mixed: self.mixed, reversible: alike.then_some(reversible) };
        // Parts seen, and said, of each tile; changes of the order of packets.
        let mut seen: Vec<(u16, u8, usize)> = limits::zeros(count as usize)?;
        let mut at = self.tile_parts;
        let mut open = None;
        while bytes.get(at..at + 2) == Some(&[0xFF, TILE_PART]) {
            let (data, head) = segment(bytes, at + 2)?;
            let &[i0, i1, s0, s1, s2, s3, _, said] = data else { return Err(cut()) };
            let tile = usize::from(u16::from_be_bytes([i0, i1]));
            let length = u32::from_be_bytes([s0, s1, s2, s3]) as usize;
            let rest = bytes.len() - at;
            let length = if length == 0 {
                open = Some(at);
                rest - if bytes.ends_with(&END) { 2 } else { 0 }
            } else {
                length
            };
            if length < TILE_PART_HEAD || length > rest {
                return Err(Error::image("truncated JPEG 2000: it ends inside a tile"));
            }
            let tile = seen
                .get_mut(tile)
                .ok_or_else(|| Error::image("damaged JPEG 2000: a tile outside the image"))?;
            *tile = (tile.0.saturating_add(1), tile.1.max(said), tile.2);
            self.progressions = tile.2;
            self.read_tile_head(&bytes[..at + length], head, &ways)?;
            tile.2 = self.progressions;
            at += length;
        }
        let progressions_seen = seen.iter().map(|tile| tile.2).max().unwrap_or(0);
        self.progressions = progressions.max(progressions_seen);
        let ended = bytes.get(at..at + 2) == Some(&END);
        // Without an end, the parts must have been counted.
        let whole = |tile: &(u16, u8, usize)| {
            tile.0 > 0 && (ended || open.is_some() || (tile.1 > 0 && tile.0 >= tile.1.into()))
        };
        if !seen.iter().all(whole) || (!ended && open.is_some()) {
            return Err(Error::image("truncated JPEG 2000: not all of its tiles are there"));
        }
        if ended && open.is_none() {
            return Ok(Cow::Borrowed(&bytes[..at + 2]));
        }
        let mut copy = Vec::new();
        limits::make_room(&mut copy, at + 2)?;
        copy.extend_from_slice(&bytes[..at]);
        copy.extend_from_slice(&END);
        if let Some(open) = open {
            let length = u32::try_from(at - open)
                .map_err(|_| Error::limit("a JPEG 2000 tile of more than 4 GiB"))?;
            copy[open + 6..open + 10].copy_from_slice(&length.to_be_bytes());
        }
        Ok(Cow::Owned(copy))
    }

    /// The header of a tile-part, which ends with `bytes`; it begins at `at`, after SOT. The codec
    /// takes what the main header says of transforms for what all tiles have.
    fn read_tile_head(&mut self, bytes: &[u8], mut at: usize, ways: &Ways) -> Result<()> {
        let known = self.styles.len();
        loop {
            match marker(bytes, at)? {
                0x93 => break,
                0x30..=0x3F => at += 2,
                marker => {
                    let (data, end) = segment(bytes, at + 2)?;
                    self.read_style(marker, data)?;
                    at = end;
                }
            }
        }
        let mut new = self.styles[known..].iter();
        if self.mixed != ways.mixed || new.any(|s| Some(s.reversible) != ways.reversible) {
            return Err(unusual("tiles that are transformed in different ways"));
        }
        if self.styles.len() > known {
            // One of each kind is enough to know the cost.
            self.styles.sort_unstable();
            self.styles.dedup();
            if self.styles.len() > MAX_STYLES {
                return Err(unusual("more than 1024 coding styles"));
            }
        }
        Ok(())
    }

    /// The bytes that the codec allocates, besides what depends on the length of the stream.
    pub(super) fn cost(&self) -> u64 {
        let tile = (
            self.grid.tile.0.min(self.grid.end.0 - self.grid.first.0),
            self.grid.tile.1.min(self.grid.end.1 - self.grid.first.1),
        );
        let components = self.components.len() as u64;
        let area = |height: u32, width: u32| u64::from(height) * u64::from(width);
        let samples = area(self.height, self.width).saturating_mul(components);
        // Coefficients of one component of a tile, and two buffers to transform them in.
        let planes =
            samples.saturating_mul(4).saturating_add(area(tile.0, tile.1).saturating_mul(12));
        let tiles = u64::from(self.tiles) * (256 + components * 768);
        let blocks = styles_cost(&self.styles, tile, self.layers, self.progressions);
        planes.saturating_add(tiles).saturating_add(blocks.saturating_mul(components))
    }
}

/// Reads SIZ.
fn read_size(data: &[u8], limits: &Limits) -> Result<Header> {
    let (head, list) = data.split_first_chunk::<36>().ok_or_else(cut)?;
    let word = |i: usize| u32::from_be_bytes([head[i], head[i + 1], head[i + 2], head[i + 3]]);
    let pair = |i: usize| (word(i), word(i + 4));
    let grid = Grid { end: pair(2), first: pair(10), tile: pair(18), tile_first: pair(26) };
    let count = usize::from(u16::from_be_bytes([head[34], head[35]]));
    if u16::from_be_bytes([head[0], head[1]]) & 0x4000 != 0 {
        return Err(unusual("high-throughput (HTJ2K)"));
    }
    let impossible = || Error::image("damaged JPEG 2000: an impossible size");
    let (list, []) = list.as_chunks::<3>() else { return Err(impossible()) };
    if count == 0 || list.len() != count {
        return Err(impossible());
    }
    if count > MAX_COMPONENTS {
        return Err(unusual(&format!("{count} components")));
    }
    let mut components = Vec::with_capacity(count);
    for &[depth, dx, dy] in list {
        let bits = (depth & 0x7F) + 1;
        if dx == 0 || dy == 0 {
            return Err(impossible());
        }
        if bits > 16 {
            return Err(unusual(&format!("{bits} bits a sample")));
        }
        components.push(Component { bits, signed: depth & 0x80 != 0, step: (dx, dy) });
    }
    let even = components.iter().all(|c| c.step == components[0].step);
    let step = if even { components[0].step } else { (1, 1) };
    // Tiles begin at or before the image, and the first reaches into it.
    let side = |first: u32, end: u32, tile: u32, tile_first: u32, step: u8| {
        let reach = u64::from(tile_first) + u64::from(tile);
        let fits = tile_first <= first && reach > first.into() && first < end;
        if !fits || tile == 0 || reach > u32::MAX.into() || end > i32::MAX as u32 {
            return None;
        }
        let step = u32::from(step);
        let length = end.div_ceil(step) - first.div_ceil(step);
        (length > 0).then_some((length, (end - tile_first).div_ceil(tile)))
    };
    let x = side(grid.first.0, grid.end.0, grid.tile.0, grid.tile_first.0, step.0);
    let y = side(grid.first.1, grid.end.1, grid.tile.1, grid.tile_first.1, step.1);
    let (Some((width, across)), Some((height, down))) = (x, y) else { return Err(impossible()) };
    limits.check_pixels(height.into(), width.into())?;
    let tiles = u64::from(across) * u64::from(down);
    let tiles = u32::try_from(tiles).ok().filter(|&n| n <= 65_535).ok_or_else(impossible)?;
    let (styles, layers, mixed, progressions, tile_parts) = (Vec::new(), 0, false, 0, 0);
    Ok(Header {
        height,
        width,
        components,
        grid,
        tiles,
        styles,
        layers,
        mixed,
        progressions,
        tile_parts,
    })
}

/// The second byte of the marker at `at`.
fn marker(bytes: &[u8], at: usize) -> Result<u8> {
    match bytes.get(at..at + 2) {
        Some(&[0xFF, marker]) => Ok(marker),
        Some(_) => Err(Error::image("damaged JPEG 2000: no marker where one should be")),
        None => Err(cut()),
    }
}

/// What a segment holds after its length, which is at `at`, and where it ends.
fn segment(bytes: &[u8], at: usize) -> Result<(&[u8], usize)> {
    let (length, rest) = bytes.get(at..).and_then(|b| b.split_first_chunk()).ok_or_else(cut)?;
    let length = usize::from(u16::from_be_bytes(*length));
    let data = length.checked_sub(2).and_then(|n| rest.get(..n)).ok_or_else(cut)?;
    Ok((data, at + length))
}

fn cut() -> Error {
    Error::image("truncated or damaged JPEG 2000: a header that is not complete")
}
