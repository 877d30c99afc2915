//! What ndpix knows of an image format: one [`Row`] of each, at the head of the format's file.
//!
//! Everything that depends on the format is asked of its row; there is no other list of formats
//! than `ImageFormat` itself. A row leaves nothing out, so that a new column is answered by each.

use super::{Color, ImageInfo};
use crate::dtype::DType;
use crate::error::Result;
use crate::limits::Limits;

/// A format: its names, how to know it, and the functions that read it.
pub(super) struct Row {
    /// The word in options and summaries.
    pub(super) name: &'static str,
    /// Of paths of such files, in lower case.
    pub(super) extensions: &'static [&'static str],
    /// What images may be as stored.
    pub(super) dtypes: &'static [DType],
    /// What their channels may mean as stored.
    pub(super) colors: &'static [Color],
    /// Whether bytes begin as such a file.
    pub(super) sniff: fn(&[u8]) -> bool,
    /// What it proves when they do.
    pub(super) evidence: Evidence,
    /// What the first image says of itself, from its headers; checks `limits.max_pixels`.
    pub(super) info: fn(&[u8], &Limits) -> Result<ImageInfo>,
    /// The fewest bytes of a file that can hold the picture: a shorter one is cut, and nothing is allocated
    /// for what it claims. 0 where a few bytes may stand for any size.
    pub(super) least: fn(&[u8], &ImageInfo) -> u64,
    /// Fills `out` with the pixels that `info` announced.
    pub(super) decode: fn(&[u8], &ImageInfo, &Limits, &mut [u8]) -> Result<()>,
    /// What a file may hold after its first image.
    pub(super) more: More,
    /// Whether its rows are given one after another, so that a large picture need not be held.
    pub(super) rows: ByRows,
    /// How the palette indices of this image are read. `None` where there are none, and gray samples
    /// of 8 bits as `decode` gives them are the labels.
    pub(super) indices: fn(&[u8], &Limits) -> Result<Option<DecodeIndices>>,
}

/// How much it proves that bytes pass the test of a format, from the most to the least.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Evidence {
    /// A signature, or a weak one with its header checked: raw pixels do not begin so by chance.
    Signature,
    /// Parts that fit each other. Raw pixels may do so; counts where none of that length are wanted.
    Structure,
    /// A header without a contradiction. Counts only for bytes that are known to be an image file.
    Header,
}

/// What a file may hold after its first image.
pub(super) enum More {
    /// Nothing that is counted.
    Nothing,
    /// Pages, each an image of its own, that are read by their number, from 0.
    Pages { open: OpenPages },
    /// Frames that are drawn on those before them. `check` refuses a file that ends before its last.
    Film { check: fn(&[u8], &ImageInfo) -> Result<()>, open: OpenFilm },
}

/// Whether a picture is given by its rows.
pub(super) enum ByRows {
    /// Its codec has all of it at once.
    Never,
    /// Where `can` says so of a page. `decode` calls its last argument with whole rows, from the first to the last.
    Some { can: fn(&[u8], u32, &Limits) -> bool, decode: DecodeRows },
}

/// As `Row::decode` for the page of that number, row by row.
type DecodeRows = fn(&[u8], u32, &ImageInfo, &Limits, &mut TakeRows<'_>) -> Result<()>;

/// Takes some rows.
pub(crate) type TakeRows<'t> = dyn FnMut(&[u8]) -> Result<()> + 't;

/// Bytes of the rows that are given at once.
pub(super) const BAND: usize = 256 << 10;

/// Reads what the file says of all its pages, so that each is found without reading it again.
type OpenPages = for<'a> fn(&'a [u8], &Limits) -> Result<Box<dyn Pages + 'a>>;

/// A file whose pages are read.
pub(crate) trait Pages {
    /// As `Row::info` for the page of that number: kind `shape` where there is none.
    fn info(&self, page: u32, limits: &Limits) -> Result<ImageInfo>;

    /// As `Row::decode` for the page of that number, as `info` announced it.
    fn decode(
        &mut self,
        page: u32,
        info: &ImageInfo,
        limits: &Limits,
        out: &mut [u8],
    ) -> Result<()>;
}

/// Before the first frame; the [`ImageInfo`] is what `info` gave for the same bytes.
type OpenFilm = for<'a> fn(&'a [u8], &ImageInfo, &Limits) -> Result<Box<dyn Film + 'a>>;

/// An animation that is being played.
pub(crate) trait Film {
    /// Draws the next frame.
    fn draw(&mut self) -> Result<()>;

    /// Writes the picture as the frames that were drawn left it; `out` has `info.bytes()` bytes.
    fn show(&self, out: &mut [u8]);
}

/// Fills `out`, one byte a pixel, with the palette indices.
pub(super) type DecodeIndices = fn(&[u8], &Limits, &mut [u8]) -> Result<()>;

/// The pixels of a picture.
pub(super) fn pixels(info: &ImageInfo) -> u64 {
    info.shape.iter().take(2).fold(1, |n, &side| n.saturating_mul(side as u64))
}

/// Of formats without palettes.
pub(super) fn no_indices(_bytes: &[u8], _limits: &Limits) -> Result<Option<DecodeIndices>> {
    Ok(None)
}
