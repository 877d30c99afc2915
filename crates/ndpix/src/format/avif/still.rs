//! A still picture, put together from the items of a file.
//!
//! Takes [`Items`]; gives a [`Still`]: what the picture is like and the bitstreams that hold its colours and
//! its alpha, each one or a grid of them. Sizes are checked against the limits; nothing is decoded. Gain
//! maps, thumbnails and depth are passed over.

use super::boxes::Reader;
use super::items::{Item, Items, missing};
use super::property::{Coding, Property, Signal, orientation};
use crate::error::{Error, Result};
use crate::limits::Limits;

/// The smallest side of a part of a grid.
const SMALLEST_PART: u32 = 64;

/// One bitstream.
pub(super) struct Coded<'a> {
    /// Its bytes, in pieces.
    pub(super) data: Vec<&'a [u8]>,
    /// What it says of itself.
    pub(super) coding: Coding,
    /// The width that it must decode to.
    pub(super) width: u32,
    /// The height.
    pub(super) height: u32,
    /// The operating point of a scalable bitstream.
    pub(super) point: u8,
    /// The layer that is meant, where the file says so.
    pub(super) layer: Option<u8>,
}

/// Colours or alpha: bitstreams of equal size in rows, from the top left.
pub(super) struct Mosaic<'a> {
    /// Pixels of a row.
    pub(super) width: u32,
    /// Rows.
    pub(super) height: u32,
    /// Of a grid, how many are in a row.
    pub(super) columns: Option<u32>,
    /// The bitstreams; one where it is no grid.
    pub(super) cells: Vec<Coded<'a>>,
}

/// A still picture.
pub(super) struct Still<'a> {
    /// Its colours, or gray.
    pub(super) color: Mosaic<'a>,
    /// Its alpha, of the same size.
    pub(super) alpha: Option<Mosaic<'a>>,
    /// Of its colours.
    pub(super) coding: Coding,
    /// What the numbers mean, where a box says so; otherwise the bitstream does.
    pub(super) signal: Option<Signal>,
    /// Whether the colours are stored multiplied with alpha.
    pub(super) multiplied: bool,
    /// As EXIF counts it.
    pub(super) orientation: u8,
}

impl<'a> Still<'a> {
    /// The primary picture.
    pub(super) fn read(items: &Items<'a>, limits: &Limits) -> Result<Self> {
        let id = items.primary.ok_or_else(|| missing("the word on which item is the picture"))?;
        let item = items.get(id).ok_or_else(|| missing("the item that is the picture"))?;
        if !item.is_picture() {
            return Err(unread(item));
        }
        let (width, height) = item.size().ok_or_else(|| missing("the size"))?;
        let parts = cells(items, item)?;
        let color = mosaic(items, item, &parts, (width, height), limits)?;
        let coding = color.cells.first().ok_or_else(|| missing("a cell"))?.coding;
        let alpha = find_alpha(items, id, &parts);
        let multiplied = match (&alpha, item.multiplied_with) {
            (Some(Alpha::Item(alpha, _)), Some(with)) => *alpha == with,
            _ => false,
        };
        let alpha = match alpha {
            None => None,
            Some(Alpha::Item(_, alpha)) => {
                if alpha.size().ok_or_else(|| missing("the size of the alpha"))? != (width, height)
                {
                    return Err(Error::image("damaged AVIF: alpha of another size"));
                }
                Some(mosaic(items, alpha, &cells(items, alpha)?, (width, height), limits)?)
            }
            Some(Alpha::Cells(parts)) => {
                Some(mosaic(items, item, &parts, (width, height), limits)?)
            }
        };
        let depths =
            |alpha: &Mosaic<'_>| alpha.cells.iter().all(|c| c.coding.depth == coding.depth);
        if !alpha.as_ref().is_none_or(depths) {
            return Err(Error::image("damaged AVIF: alpha of another depth"));
        }
        let signal = item.signal().or_else(|| parts.first().and_then(|part| part.signal()));
        let turn = item.says(|p| if let Property::Turn(turn) = p { Some(turn) } else { None });
        let mirror = item.says(|p| if let Property::Mirror(axis) = p { Some(axis) } else { None });
        let orientation = orientation(turn.unwrap_or(0), mirror);
        Ok(Self { color, alpha, coding, signal, multiplied, orientation })
    }
}

/// Where alpha comes from.
enum Alpha<'i> {
    /// One item, by its number.
    Item(u32, &'i Item),
    /// An item for each cell of the grid of colours.
    Cells(Vec<&'i Item>),
}

/// The alpha of a picture, where it has some: an item of its own, or one for each of its parts.
fn find_alpha<'i>(items: &'i Items<'_>, id: u32, parts: &[&Item]) -> Option<Alpha<'i>> {
    let of = |id: u32| items.iter().find(|(_, i)| i.auxiliary_of == Some(id) && i.is_alpha());
    if let Some((id, alpha)) = of(id) {
        return Some(Alpha::Item(id, alpha));
    }
    let ids = &items.get(id)?.parts;
    if ids.is_empty() || ids.len() != parts.len() {
        return None;
    }
    // Looked up once: a grid may have as many cells as the file has items.
    let alphas = items.iter().filter(|(_, item)| item.is_alpha());
    let alphas: std::collections::BTreeMap<u32, &Item> =
        alphas.filter_map(|(_, item)| Some((item.auxiliary_of?, item))).collect();
    let all = ids.iter().map(|id| alphas.get(id).copied().filter(|alpha| alpha.kind == *b"av01"));
    all.collect::<Option<Vec<_>>>().map(Alpha::Cells)
}

/// The items with the bitstreams of a picture.
fn cells<'i>(items: &'i Items<'_>, item: &'i Item) -> Result<Vec<&'i Item>> {
    if item.kind == *b"av01" {
        return Ok(vec![item]);
    }
    let part = |id: &u32| {
        let part = items.get(*id).ok_or_else(|| missing("a part of the grid"))?;
        if part.kind == *b"av01" && !part.strange { Ok(part) } else { Err(unread(part)) }
    };
    item.parts.iter().map(part).collect()
}

/// Puts the parts of `item` together, of the size that the picture should have.
fn mosaic<'a>(
    items: &Items<'a>,
    item: &Item,
    parts: &[&Item],
    (width, height): (u32, u32),
    limits: &Limits,
) -> Result<Mosaic<'a>> {
    limits.check_pixels(height.into(), width.into())?;
    if width == 0 || height == 0 {
        return Err(Error::image("damaged AVIF: an image without pixels"));
    }
    let columns = if item.kind == *b"grid" {
        let (columns, rows, size) = read_grid(&items.bytes(item)?)?;
        if size != (width, height) {
            return Err(Error::image("damaged AVIF: a grid of another size"));
        }
        if parts.len() as u64 != u64::from(columns) * u64::from(rows) {
            return Err(Error::image("damaged AVIF: a grid with parts left out"));
        }
        let (w, h) = parts.first().and_then(|part| part.size()).unwrap_or_default();
        check_grid((w, columns, width), (h, rows, height))?;
        Some(columns)
    } else {
        None
    };
    let cells = parts.iter().map(|part| coded(items, part, limits)).collect::<Result<Vec<_>>>()?;
    let alike = |cell: &Coded<'_>| {
        let first = &cells[0];
        (cell.width, cell.height, cell.coding) == (first.width, first.height, first.coding)
    };
    if !cells.iter().all(alike) {
        return Err(Error::image("damaged AVIF: a grid with unequal parts"));
    }
    Ok(Mosaic { width, height, columns, cells })
}

/// One bitstream and how it is to be decoded.
fn coded<'a>(items: &Items<'a>, item: &Item, limits: &Limits) -> Result<Coded<'a>> {
    let (width, height) = item.size().ok_or_else(|| missing("the size"))?;
    limits.check_pixels(height.into(), width.into())?;
    let coding = item.says(|p| if let Property::Coding(coding) = p { Some(coding) } else { None });
    let coding = coding.ok_or_else(|| missing("the AV1 configuration"))?;
    let point = item.says(|p| if let Property::Point(point) = p { Some(point) } else { None });
    let layer = item.says(|p| if let Property::Layer(layer) = p { Some(layer) } else { None });
    // All ones means the best layer, as where nothing is said.
    let layer = layer.and_then(|layer| u8::try_from(layer).ok());
    let point = point.unwrap_or(0);
    Ok(Coded { data: items.pieces(item)?, coding, width, height, point, layer })
}

/// Columns, rows, and the size of a grid.
fn read_grid(data: &[u8]) -> Result<(u32, u32, (u32, u32))> {
    let mut data = Reader(data);
    let [version, flags, rows, columns] = data.array()?;
    if version != 0 {
        return Err(Error::unsupported("AVIF with a grid of a later version"));
    }
    let wide = flags & 1 != 0;
    let size = (data.id(wide)?, data.id(wide)?);
    Ok((u32::from(columns) + 1, u32::from(rows) + 1, size))
}

/// Parts of one size cover the picture, and none lies outside: of each axis the side of a part, how many
/// there are, and the side of the picture.
fn check_grid(across: (u32, u32, u32), down: (u32, u32, u32)) -> Result<()> {
    for (part, count, side) in [across, down] {
        let (part, count, side) = (u64::from(part), u64::from(count), u64::from(side));
        if part < SMALLEST_PART.into() || part * count < side || part * (count - 1) >= side {
            return Err(Error::image("damaged AVIF: a grid whose parts do not fit"));
        }
    }
    Ok(())
}

/// An item that ndpix cannot show.
fn unread(item: &Item) -> Error {
    if item.strange {
        Error::unsupported("AVIF with a property that must be known and is not")
    } else if item.kind == [0; 4] {
        missing("the kind of the picture")
    } else {
        Error::unsupported(format!(
            "AVIF whose picture is a {:?} item",
            item.kind.escape_ascii().to_string()
        ))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grids() {
        let grid = read_grid(b"\0\0\x01\x02\0\xC8\0\x50").expect("valid");
        assert_eq!(grid, (3, 2, (200, 80)));
        assert_eq!(read_grid(b"\0\x01\0\0\0\0\0\x01\0\0\0\x02").expect("valid"), (1, 1, (1, 2)));
        assert!(
            read_grid(b"\0\0\0\0\0\x01\0").is_err()
                && read_grid(b"\x01\0\0\0\0\x01\0\x01").is_err()
        );
        assert!(check_grid((64, 3, 130), (64, 1, 64)).is_ok());
        assert!(check_grid((64, 3, 128), (64, 1, 64)).is_err());
        assert!(check_grid((64, 3, 193), (64, 1, 64)).is_err());
        assert!(check_grid((63, 3, 130), (64, 1, 64)).is_err());
    }
}
