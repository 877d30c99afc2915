//! What the first directory of a file says of its picture, checked and ready to decode.
//!
//! Only fields are read here, no pixels. Sizes are checked against the limits and against what
//! the file could hold before anyone allocates for them.

use super::super::{Color, ImageInfo, exif};
use super::color::{Convert, YCbCr};
use super::directory::{Directory, File, tag};
use super::samples::{Packing, Predictor};
use super::strips::{Compression, Grid, Pieces};
use crate::dtype::{DType, Depth};
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;

/// One picture of a file.
pub(super) struct Picture<'a> {
    pub(super) info: ImageInfo,
    pub(super) width: usize,
    pub(super) height: usize,
    /// Samples of a pixel as stored.
    pub(super) samples: usize,
    /// Whether every sample has pieces of its own.
    pub(super) planar: bool,
    pub(super) packing: Packing,
    pub(super) compression: Compression,
    pub(super) reverse_bits: bool,
    pub(super) grid: Grid,
    pub(super) pieces: Pieces<'a>,
    pub(super) convert: Convert,
    /// Pixels across and down that share their chroma, where any do.
    pub(super) shared: Option<(usize, usize)>,
    /// JPEG data is luma and chroma.
    pub(super) jpeg_ycbcr: bool,
    pub(super) jpeg_tables: &'a [u8],
}

/// What the samples are, before anything is done to them.
struct Stored {
    photometric: u64,
    samples: usize,
    bits: usize,
    format: u64,
    alpha: bool,
    /// Whether the colours are multiplied with alpha.
    associated: bool,
    planar: bool,
    jpeg: bool,
}

impl<'a> Picture<'a> {
    /// Reads a directory of `bytes`, the first being 0.
    pub(super) fn read(bytes: &'a [u8], page: u32, limits: &Limits) -> Result<Self> {
        let (file, first) = File::open(bytes)?;
        let (directory, frames) = file.nth_and_count(first, page)?;
        let (width, height) = (directory.required(tag::WIDTH)?, directory.required(tag::HEIGHT)?);
        if width == 0 || height == 0 {
            return Err(Error::image(format!("TIFF of {height} x {width} pixels")));
        }
        limits.check_pixels(height, width)?;
        let (width, height) = (fit(width)?, fit(height)?);
        let t4_options = directory.number(tag::T4_OPTIONS, 0)?;
        let compression = Compression::new(directory.number(tag::COMPRESSION, 1)?, t4_options)?;
        let stored = Stored::read(&directory, compression)?;
        let dtype = stored.dtype()?;
        let (convert, color, channels) = stored.conversion(&directory)?;
        let shared = stored.shared(&directory, &convert)?;
        let predictor = match (directory.number(tag::PREDICTOR, 1)?, compression) {
            (_, Compression::Jpeg | Compression::Fax(_)) | (0 | 1, _) => Predictor::None,
            (2, _) if shared.is_none() && !dtype.is_float() => Predictor::Horizontal,
            (3, _) if dtype.is_float() => Predictor::Float,
            (n, _) => {
                return Err(Error::unsupported(format!("TIFF predictor {n} with {dtype} samples")));
            }
        };
        let grid = grid(&directory, width, height, limits)?;
        let shape = Shape::image(height, width, channels);
        let picture = Self {
            info: ImageInfo {
                bits: match convert {
                    Convert::None => stored.bits as u8,
                    _ => Depth::of(dtype).bits,
                },
                orientation: orientation(&directory),
                // The colours of a palette are what they are.
                premultiplied: stored.associated
                    && matches!(color, Color::GrayAlpha | Color::Rgba)
                    && !matches!(convert, Convert::Palette { .. }),
                frames,
                ..ImageInfo::of(shape, dtype, color)
            },
            width,
            height,
            samples: stored.samples,
            planar: stored.planar,
            packing: Packing { bits: stored.bits, big_endian: file.big_endian, predictor },
            compression,
            reverse_bits: directory.number(tag::FILL_ORDER, 1)? == 2
                && compression != Compression::Jpeg,
            grid,
            pieces: pieces(file, &directory, grid.tiled)?,
            convert,
            shared,
            jpeg_ycbcr: stored.jpeg && stored.photometric == 6,
            jpeg_tables: directory.field(tag::JPEG_TABLES)?.map_or(&[], |field| field.data),
        };
        picture.check_size(limits)?;
        Ok(picture)
    }

    /// Samples that lie together in one piece.
    pub(super) fn together(&self) -> usize {
        if self.planar { 1 } else { self.samples }
    }

    /// Bytes that `rows` rows of a piece take, decompressed.
    pub(super) fn piece_bytes(&self, rows: usize) -> Option<usize> {
        if let Some((across, down)) = self.shared {
            let blocks = self.grid.width.div_ceil(across).checked_mul(rows.div_ceil(down))?;
            return blocks.checked_mul(across * down + 2);
        }
        self.row_bytes()?.checked_mul(rows)
    }

    /// Bytes of one row of a piece, decompressed.
    pub(super) fn row_bytes(&self) -> Option<usize> {
        let bits = self.grid.width.checked_mul(self.together())?.checked_mul(self.packing.bits)?;
        Some(bits.div_ceil(8))
    }

    /// Refuses pictures that are too large, or larger than the file can hold.
    fn check_size(&self, limits: &Limits) -> Result<()> {
        let most = limits.max_payload_bytes();
        let unpacked = (self.grid.width.checked_mul(self.together()))
            .and_then(|n| n.checked_mul(self.packing.sample_bytes().max(4)));
        let whole = self
            .width
            .checked_mul(self.height)
            .and_then(|n| n.checked_mul(self.samples)?.checked_mul(self.packing.sample_bytes()));
        let sizes = [Some(self.info.bytes()?), whole, unpacked, self.piece_bytes(self.grid.height)];
        if sizes.into_iter().any(|size| size.is_none_or(|n| n as u64 > most)) {
            return Err(Error::limit(format!(
                "TIFF with pixels of {} {}-bit samples needs more than {most} bytes; raise max_pixels if it is meant",
                self.samples, self.packing.bits
            )));
        }
        let planes = if self.planar { self.samples } else { 1 };
        let pieces = self.grid.across.saturating_mul(self.grid.down).saturating_mul(planes);
        if self.pieces.offsets.count < pieces {
            return Err(Error::image(format!(
                "the TIFF lists {} strips or tiles but needs {pieces}",
                self.pieces.offsets.count
            )));
        }
        let held = self.width as u64 * self.height as u64;
        let bits = held.saturating_mul((self.samples * self.packing.bits) as u64);
        // Where chroma is shared, luma alone is a third of the samples.
        let least = bits / 8 / if self.shared.is_some() { 3 } else { 1 };
        let growth = self.compression.most_growth().unwrap_or(u64::MAX);
        if least > (self.pieces.file.bytes.len() as u64).saturating_mul(growth) {
            return Err(Error::image("the TIFF is too short for the pixels that it says it has"));
        }
        Ok(())
    }
}

impl Stored {
    fn read(directory: &Directory<'_>, compression: Compression) -> Result<Self> {
        let samples = fit(directory.number(tag::SAMPLES_PER_PIXEL, 1)?)?;
        if samples == 0 || samples > usize::from(u16::MAX) {
            return Err(Error::image(format!("TIFF with {samples} samples for a pixel")));
        }
        let one = |tag, default, what: &str| match directory.field(tag)? {
            None => Ok(default),
            Some(field) => field.uniform().ok_or_else(|| {
                Error::unsupported(format!("TIFF with channels of different {what}"))
            }),
        };
        let bits = one(tag::BITS_PER_SAMPLE, 1, "depths")?;
        let format = match one(tag::SAMPLE_FORMAT, 1, "number formats")? {
            0 | 4 => 1,
            n => n,
        };
        let photometric = match directory.field(tag::PHOTOMETRIC)? {
            Some(field) => field.get(0).ok_or_else(|| Error::image("TIFF field 262 is damaged"))?,
            None if samples >= 3 => 2,
            None => 0,
        };
        let extra = directory.field(tag::EXTRA_SAMPLES)?.and_then(|field| field.get(0));
        let stored = Self {
            photometric,
            samples,
            bits: fit(bits)?,
            format,
            alpha: matches!(extra, Some(1 | 2)),
            associated: extra == Some(1),
            planar: samples > 1 && directory.number(tag::PLANAR, 1)? == 2,
            jpeg: compression == Compression::Jpeg,
        };
        let bits = stored.bits;
        if !(1..=64).contains(&bits) {
            return Err(Error::unsupported(format!("TIFF with {bits}-bit samples")));
        }
        if stored.jpeg && (bits != 8 || format != 1) {
            return Err(Error::unsupported(format!(
                "JPEG-compressed TIFF with {bits}-bit samples"
            )));
        }
        let together = if stored.planar { 1 } else { samples };
        if stored.jpeg && !matches!(together, 1 | 3 | 4) {
            return Err(Error::unsupported(format!(
                "JPEG-compressed TIFF with {samples} channels"
            )));
        }
        if matches!(compression, Compression::Fax(_)) && (bits != 1 || together != 1) {
            return Err(Error::image("fax-compressed TIFF that is not bilevel"));
        }
        Ok(stored)
    }

    /// The type of the samples, as stored or in the next larger type.
    fn dtype(&self) -> Result<DType> {
        Ok(match (self.format, self.bits) {
            (1, 1..=8) => DType::Uint8,
            (1, 9..=16) => DType::Uint16,
            (1, 17..=32) => DType::Uint32,
            (1, _) => DType::Uint64,
            (2, 8) => DType::Int8,
            (2, 16) => DType::Int16,
            (2, 32) => DType::Int32,
            (2, 64) => DType::Int64,
            (3, 16) => DType::Float16,
            (3, 32) => DType::Float32,
            (3, 64) => DType::Float64,
            (2, bits) => {
                return Err(Error::unsupported(format!("TIFF with {bits}-bit signed samples")));
            }
            (3, bits) => {
                return Err(Error::unsupported(format!("TIFF with {bits}-bit float samples")));
            }
            (5 | 6, _) => return Err(Error::unsupported("TIFF with complex samples")),
            (n, _) => return Err(Error::unsupported(format!("TIFF with sample format {n}"))),
        })
    }

    /// What is done to the samples, what they then mean, and how many a pixel has.
    fn conversion(&self, directory: &Directory<'_>) -> Result<(Convert, Color, usize)> {
        let (samples, bits) = (self.samples, self.bits);
        let small = self.format == 1 && bits <= 8;
        let few = |least: usize| {
            Error::image(format!("TIFF with {samples} of the {least} channels of its colour space"))
        };
        let color = match (self.photometric, samples) {
            (0 | 1 | 4 | 32803 | 34892, 1) => Color::Gray,
            (0 | 1, 2) if self.alpha => Color::GrayAlpha,
            (2, 3) => Color::Rgb,
            (2, 4) if self.alpha => Color::Rgba,
            (2 | 6, 1 | 2) => return Err(few(3)),
            (3, _) if !(small && matches!(bits, 1 | 2 | 4 | 8)) => {
                return Err(Error::unsupported(format!("palette TIFF with {bits}-bit samples")));
            }
            (3, 1) => return Ok((Convert::palette(directory, bits, false)?, Color::Rgb, 3)),
            (3, 2) if bits == 8 && self.alpha => {
                return Ok((Convert::palette(directory, bits, true)?, Color::Rgba, 4));
            }
            (3, n) => {
                return Err(Error::unsupported(format!("palette TIFF with {n} channels")));
            }
            (5, 4) if directory.number(tag::INK_SET, 1)? == 1 => {
                if small && bits == 8 {
                    return Ok((Convert::Cmyk, Color::Rgb, 3));
                }
                Color::Cmyk
            }
            (6, 3) if self.jpeg && !self.planar => Color::Rgb,
            (6, 3) if small && bits == 8 => {
                return Ok((Convert::YCbCr(Box::new(YCbCr::new(directory)?)), Color::Rgb, 3));
            }
            (32844 | 32845, _) => return Err(Error::unsupported("LogLuv TIFF")),
            _ => Color::Samples,
        };
        let inverted = self.photometric == 0 && small;
        let convert = match bits {
            1 if small => Convert::stretch(1, inverted, 1),
            2 | 4 if small && samples == 1 && self.photometric <= 1 => {
                Convert::stretch(bits, inverted, 1)
            }
            8 if inverted => Convert::stretch(8, true, samples),
            _ => Convert::None,
        };
        Ok((convert, color, samples))
    }

    /// The pixels that share their chroma, where it is not JPEG's business.
    fn shared(
        &self,
        directory: &Directory<'_>,
        convert: &Convert,
    ) -> Result<Option<(usize, usize)>> {
        if self.photometric != 6 || self.jpeg && !self.planar {
            return Ok(None);
        }
        let block = match directory.field(tag::YCBCR_SUBSAMPLING)? {
            None => (2, 2),
            Some(field) => match (field.get(0), field.get(1)) {
                (Some(h @ (1 | 2 | 4)), Some(v @ (1 | 2 | 4))) => (h as usize, v as usize),
                _ => return Err(Error::image("TIFF field 530 is damaged")),
            },
        };
        match convert {
            _ if block == (1, 1) => Ok(None),
            Convert::YCbCr(_) if !self.planar => Ok(Some(block)),
            _ => Err(Error::unsupported("TIFF with subsampled YCbCr of an unusual kind")),
        }
    }
}

/// How the picture is cut.
fn grid(directory: &Directory<'_>, width: usize, height: usize, limits: &Limits) -> Result<Grid> {
    let grid = match directory.field(tag::TILE_WIDTH)? {
        Some(field) => {
            let size = (field.get(0).unwrap_or(0), directory.required(tag::TILE_HEIGHT)?);
            let (w, h) = (fit(size.0)?, fit(size.1)?);
            if w == 0 || h == 0 {
                return Err(Error::image("TIFF with empty tiles"));
            }
            Grid {
                width: w,
                height: h,
                across: width.div_ceil(w),
                down: height.div_ceil(h),
                tiled: true,
            }
        }
        None => {
            let rows = directory.number(tag::ROWS_PER_STRIP, u64::from(u32::MAX))?;
            let rows = fit(rows.min(height as u64))?;
            if rows == 0 {
                return Err(Error::image("TIFF with empty strips"));
            }
            Grid { width, height: rows, across: 1, down: height.div_ceil(rows), tiled: false }
        }
    };
    if grid.tiled {
        // Tiles are decompressed whole: their pixels count, not only those inside the picture.
        limits.check_pixels(
            (grid.height as u64).saturating_mul(grid.down as u64),
            (grid.width as u64).saturating_mul(grid.across as u64),
        )?;
    }
    Ok(grid)
}

/// The tables that say where the pieces lie.
fn pieces<'a>(file: File<'a>, directory: &Directory<'a>, tiled: bool) -> Result<Pieces<'a>> {
    let tables =
        [(tag::TILE_OFFSETS, tag::TILE_BYTE_COUNTS), (tag::STRIP_OFFSETS, tag::STRIP_BYTE_COUNTS)];
    // Some writers give tiles under the names of strips.
    for (offsets, counts) in if tiled { &tables[..] } else { &tables[1..] } {
        if let Some(offsets) = directory.field(*offsets)? {
            return Ok(Pieces { file, offsets, counts: directory.field(*counts)? });
        }
    }
    Err(Error::image("the TIFF does not say where its pixels are"))
}

fn orientation(directory: &Directory<'_>) -> u8 {
    match directory.field(tag::ORIENTATION) {
        Ok(None) => {
            let xmp = directory.field(tag::XMP).ok().flatten();
            exif::orientation(None, xmp.map(|field| field.data))
        }
        Ok(Some(field)) => {
            exif::upright_unless(field.get(0).and_then(|value| u8::try_from(value).ok()))
        }
        Err(_) => 1,
    }
}

fn fit(n: u64) -> Result<usize> {
    u32::try_from(n)
        .map(|n| n as usize)
        .map_err(|_| Error::image(format!("TIFF field with the value {n}")))
}
