//! What the codec allocates for the parts that a JPEG 2000 tile is coded in.
//!
//! A tile is cut into resolutions, those into bands and precincts, and those into blocks; the file
//! says how small they are. The codec makes a record of each before it looks at the data, so that a
//! short file can ask for any number of them.

use super::unusual;
use crate::error::{Error, Result};

/// The most levels of a wavelet transform.
const MAX_LEVELS: usize = 32;
/// Bytes that the codec keeps for a block, for one of its layers, and for a precinct; for a precinct
/// in the list of an order of packets. From the sizes of its types, rounded up.
const BLOCK: u64 = 192;
const LAYER: u64 = 24;
const PRECINCT: u64 = 160;
const LISTED: u64 = 32;

/// How a component is coded: from COD or COC.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) struct Style {
    /// Whether the wavelet transform is that of whole numbers.
    pub(super) reversible: bool,
    levels: u8,
    /// Binary logarithms of the sides of a block.
    block: (u8, u8),
    /// Of each resolution, those of the sides of its precincts.
    precincts: [(u8, u8); MAX_LEVELS + 1],
}

impl Style {
    /// Reads what COD and COC have in common; `flags` say whether precincts are listed.
    pub(super) fn read(flags: u8, data: &[u8]) -> Result<Self> {
        let wrong = || Error::image("damaged JPEG 2000: an impossible coding style");
        let &[levels, width, height, coding, transform, ref list @ ..] = data else {
            return Err(wrong());
        };
        if usize::from(levels) > MAX_LEVELS || width > 8 || height > 8 || width + height > 8 {
            return Err(wrong());
        }
        if coding & 0xC0 != 0 {
            return Err(unusual("high-throughput (HTJ2K)"));
        }
        if transform > 1 {
            return Err(unusual("a wavelet transform of Part 2"));
        }
        let mut precincts = [(15, 15); MAX_LEVELS + 1];
        if flags & 1 != 0 {
            let list = list.get(..=usize::from(levels)).ok_or_else(wrong)?;
            for (to, &sides) in precincts.iter_mut().zip(list) {
                *to = (sides & 15, sides >> 4);
            }
            // Halved in all bands but the first.
            if precincts[1..list.len()].iter().any(|&(x, y)| x == 0 || y == 0) {
                return Err(wrong());
            }
        }
        let block = (width + 2, height + 2);
        Ok(Self { reversible: transform == 1, levels, block, precincts })
    }

    /// The bytes of the records of one component of a tile of that many columns and rows.
    fn cost(&self, tile: (u32, u32), layers: u16, progressions: usize) -> u64 {
        let resolutions = self.precincts.iter().take(usize::from(self.levels) + 1).enumerate();
        let costs = resolutions.map(|(resolution, &(across, down))| {
            let shrink = usize::from(self.levels) - resolution;
            let halved = u8::from(resolution > 0);
            // Precincts and blocks of a band along one side; either may be cut at both ends.
            let count = |side: u32, precinct: u8, block: u8| {
                let side = u64::from(side).div_ceil(1 << shrink);
                let band = side.div_ceil(1 << halved) + 1;
                ((side >> precinct) + 2, (band >> block.min(precinct - halved)) + 2)
            };
            let x = count(tile.0, across, self.block.0);
            let y = count(tile.1, down, self.block.1);
            let precinct = PRECINCT + LISTED * (progressions as u64 + 1);
            let block = BLOCK + LAYER * u64::from(layers);
            let bands = if resolution > 0 { 3 } else { 1 };
            (x.0.saturating_mul(y.0).saturating_mul(precinct))
                .saturating_add(x.1.saturating_mul(y.1).saturating_mul(block))
                .saturating_mul(bands)
        });
        costs.fold(0, u64::saturating_add)
    }
}

/// The bytes of the records of one component of a tile, in the style that takes the most.
pub(super) fn styles_cost(
    styles: &[Style],
    tile: (u32, u32),
    layers: u16,
    progressions: usize,
) -> u64 {
    styles.iter().map(|style| style.cost(tile, layers, progressions)).max().unwrap_or(0)
}
