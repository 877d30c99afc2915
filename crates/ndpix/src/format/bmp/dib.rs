//! The bitmap after a file header or inside an icon: header, palette, masks and pixels.
//!
//! Pixels are painted as the first channels of RGBA into a buffer of the caller's, in one pass
//! and without scratch. Every offset comes from the file and is checked where it is used.

use crate::error::{Error, Result};

/// The sizes of the DIB headers that exist, which also tell the versions apart.
pub(super) const SIZES: [u32; 8] = [12, 16, 40, 52, 56, 64, 108, 124];

/// A device-independent bitmap: everything but the file header.
pub(in crate::format) struct Dib {
    /// Pixels of a row.
    pub(in crate::format) width: usize,
    /// Rows; those of an icon count its mask too and are halved by the icon reader.
    pub(in crate::format) height: usize,
    /// Bits of a pixel.
    bits: usize,
    /// Where the pixels begin in the file.
    pixels: usize,
    /// Whether the masks name an alpha channel.
    pub(in crate::format) alpha: bool,
    /// Whether the palette is a gray ramp.
    pub(super) gray: bool,
    top_down: bool,
    layout: Layout,
}

/// How pixels are written.
enum Layout {
    /// Indices of `bits` bits into the palette.
    Indexed(Box<[[u8; 4]; 256]>),
    /// Runs of indices, of four or eight bits.
    Rle(Box<[[u8; 4]; 256]>),
    /// Red, green, blue and alpha are bits of one little-endian number.
    Masks([Mask; 4]),
}

/// The bits of one channel.
#[derive(Clone, Copy)]
struct Mask {
    shift: u32,
    max: u32,
}

impl Mask {
    fn new(mask: u32) -> Result<Self> {
        let shift = mask.trailing_zeros() % 32;
        let max = mask >> shift;
        if max & max.wrapping_add(1) != 0 {
            return Err(Error::unsupported(format!("BMP bit mask {mask:#010x} has holes")));
        }
        Ok(Self { shift, max })
    }

    /// The channel of `pixel` on the scale 0 to 255, rounded down as Pillow does.
    fn of(self, pixel: u32) -> u8 {
        let value = (pixel >> self.shift) & self.max;
        match self.max {
            255 => value as u8,
            0 => 0,
            max => (u64::from(value) * 255 / u64::from(max)) as u8,
        }
    }
}

impl Dib {
    /// Reads the header at `at` and what follows it. `pixels` is where the file header says the
    /// pixels begin; without it (or when it is zero) they follow the palette.
    pub(in crate::format) fn parse(bytes: &[u8], at: usize, pixels: Option<usize>) -> Result<Self> {
        let size = u32_at(bytes, at)?;
        if !SIZES.contains(&size) {
            return Err(Error::unsupported(format!("BMP header of {size} bytes")));
        }
        let after = at.saturating_add(size as usize);
        if bytes.len() < after {
            return Err(cut());
        }
        let field = |offset: usize| u32_at(bytes, at.saturating_add(offset));
        let (width, height, bits) = if size == 12 {
            let (low, high) = (field(4)?, field(8)?);
            (low & 0xFFFF, (low >> 16) as i32, high >> 16)
        } else {
            (field(4)?, field(8)? as i32, field(12)? >> 16)
        };
        if width == 0 || height == 0 || width > i32::MAX as u32 {
            return Err(Error::image(format!("BMP of {height} x {} pixels", width as i32)));
        }
        let (compression, colors) = if size >= 40 { (field(16)?, field(32)?) } else { (0, 0) };
        if size == 64 && compression >= 3 {
            return Err(Error::unsupported("BMP with an OS/2 compression (Huffman or RLE24)"));
        }
        let mut next = after;
        let masks = if !matches!(compression, 3 | 6) {
            match bits {
                16 => [0x7C00, 0x3E0, 0x1F, 0],
                _ => [0xFF_0000, 0xFF00, 0xFF, 0],
            }
        } else {
            // In the short header the masks come after it, in the longer ones they are in it.
            let count = if size >= 56 || compression == 6 { 4 } else { 3 };
            let mut masks = [0; 4];
            for (i, mask) in masks.iter_mut().enumerate().take(count) {
                *mask = field(40 + 4 * i)?;
            }
            if size == 40 {
                next = next.saturating_add(4 * count);
            }
            // As Pillow reads files that promise masks and give none.
            if bits == 32 && masks == [0; 4] {
                masks = [0xFF_0000, 0xFF00, 0xFF, 0xFF00_0000];
            }
            masks
        };
        let mut gray = false;
        let mut from = pixels.filter(|&n| n != 0);
        let layout = match (compression, bits) {
            (0, 1 | 2 | 4 | 8) | (1, 8) | (2, 4) => {
                let entry = if size == 12 { 3 } else { 4 };
                let colors = if colors == 0 { 1 << bits } else { colors as usize };
                if colors > 65536 {
                    return Err(Error::image(format!("BMP palette of {colors} colours")));
                }
                // Files that forgot the palette when they wrote where the pixels begin.
                if from == Some(after) {
                    from = Some(after + entry * colors);
                }
                let palette;
                (palette, gray) = read_palette(bytes, next, entry, colors);
                next = next.saturating_add(entry * colors);
                if compression == 0 { Layout::Indexed(palette) } else { Layout::Rle(palette) }
            }
            (0, 16 | 24 | 32) | (3 | 6, 16 | 24 | 32) => {
                let [r, g, b, a] = masks;
                let a = if bits == 32 { a } else { 0 };
                Layout::Masks([Mask::new(r)?, Mask::new(g)?, Mask::new(b)?, Mask::new(a)?])
            }
            (0..=3 | 6, _) => {
                return Err(Error::image(format!("BMP of {bits} bits, compression {compression}")));
            }
            _ => return Err(Error::unsupported(format!("BMP with compression {compression}"))),
        };
        let alpha = matches!(layout, Layout::Masks([.., a]) if a.max != 0);
        Ok(Self {
            width: width as usize,
            height: height.unsigned_abs() as usize,
            bits: bits as usize,
            pixels: from.unwrap_or(next),
            alpha,
            gray,
            top_down: height < 0,
            layout,
        })
    }

    /// The fewest bytes that hold so many rows; 0 where they are runs, of which some may be left out.
    pub(in crate::format) fn least(&self, rows: usize) -> u64 {
        match self.layout {
            Layout::Rle(_) => 0,
            Layout::Indexed(_) | Layout::Masks(_) => {
                (self.width as u64).saturating_mul(rows as u64).saturating_mul(self.bits as u64) / 8
            }
        }
    }

    /// Whether pixels are indices into a palette that is not a gray ramp.
    pub(in crate::format) fn has_palette(&self) -> bool {
        !self.gray && matches!(self.layout, Layout::Indexed(_) | Layout::Rle(_))
    }

    /// Makes the first channel of every colour of the palette its index.
    pub(in crate::format) fn keep_indices(&mut self) {
        if let Layout::Indexed(palette) | Layout::Rle(palette) = &mut self.layout {
            for (index, color) in palette.iter_mut().enumerate() {
                color[0] = index as u8;
            }
        }
    }

    /// Makes the fourth byte of 32-bit pixels alpha, or no alpha.
    pub(in crate::format) fn set_alpha(&mut self, alpha: bool) {
        if let (Layout::Masks([.., a]), 32) = (&mut self.layout, self.bits) {
            self.alpha = alpha;
            *a = if alpha { Mask { shift: 24, max: 255 } } else { Mask { shift: 0, max: 0 } };
        }
    }

    /// Writes the first `N` of red, green, blue and alpha of every pixel. `out` decides how many
    /// rows there are (an icon asks for half of [`Dib::height`]).
    pub(in crate::format) fn paint<const N: usize>(
        &self,
        bytes: &[u8],
        out: &mut [u8],
    ) -> Result<()> {
        let (out, _) = out.as_chunks_mut::<N>();
        if let Layout::Rle(palette) = &self.layout {
            return self.paint_runs(bytes, palette, out);
        }
        let height = out.len() / self.width;
        let row_bytes = (self.width * self.bits).div_ceil(8);
        let stride = row_bytes.next_multiple_of(4);
        // The padding of the last row may be missing.
        let all = stride
            .checked_mul(height.saturating_sub(1))
            .and_then(|n| n.checked_add(row_bytes))
            .and_then(|n| n.checked_add(self.pixels))
            .and_then(|end| bytes.get(self.pixels..end))
            .ok_or_else(cut)?;
        for (y, row) in all.chunks(stride).enumerate() {
            let at = self.row(y, height) * self.width;
            let dst = &mut out[at..at + self.width];
            match (&self.layout, self.bits) {
                (Layout::Indexed(palette) | Layout::Rle(palette), bits) => {
                    let per_byte = 8 / bits;
                    for (i, pixel) in dst.iter_mut().enumerate() {
                        let shift = 8 - bits * (i % per_byte + 1);
                        let index = (row[i / per_byte] >> shift) & (0xFF >> (8 - bits));
                        *pixel = first(palette[usize::from(index)]);
                    }
                }
                (Layout::Masks(masks), 16) => {
                    for (pixel, b) in dst.iter_mut().zip(row.as_chunks::<2>().0) {
                        *pixel = split(masks, u16::from_le_bytes(*b).into());
                    }
                }
                (Layout::Masks(masks), 24) => {
                    for (pixel, b) in dst.iter_mut().zip(row.as_chunks::<3>().0) {
                        *pixel = split(masks, u32::from_le_bytes([b[0], b[1], b[2], 0]));
                    }
                }
                (Layout::Masks(masks), _) => {
                    for (pixel, b) in dst.iter_mut().zip(row.as_chunks::<4>().0) {
                        *pixel = split(masks, u32::from_le_bytes(*b));
                    }
                }
            }
        }
        Ok(())
    }

    /// RLE4 and RLE8. Pixels that are skipped have index 0. A run that passes the end of its row
    /// is clipped, as Pillow does; literals and jumps that pass it are damage, for there the
    /// decoders disagree.
    fn paint_runs<const N: usize>(
        &self,
        bytes: &[u8],
        palette: &[[u8; 4]; 256],
        out: &mut [[u8; N]],
    ) -> Result<()> {
        out.fill(first(palette[0]));
        let height = out.len() / self.width;
        let mut put = |x: usize, y: usize, index: u8| {
            if x < self.width && y < height {
                out[self.row(y, height) * self.width + x] = first(palette[usize::from(index)]);
            }
        };
        let nibble = |byte: u8, i: usize| if i.is_multiple_of(2) { byte >> 4 } else { byte & 15 };
        let mut rest = bytes.get(self.pixels..).unwrap_or_default();
        let (mut x, mut y) = (0, 0);
        while y < height && (y + 1 < height || x < self.width) {
            let [count, value] = take(&mut rest)?;
            match (count, value) {
                (0, 0) => (x, y) = (0, y + 1),
                (0, 1) => break,
                (0, 2) => {
                    let [right, up] = take(&mut rest)?;
                    x += usize::from(right);
                    y += usize::from(up);
                    if x > self.width || y >= height {
                        return Err(Error::image("BMP run leaves the picture"));
                    }
                }
                (0, count) => {
                    let count = usize::from(count);
                    if x + count > self.width {
                        return Err(Error::image("BMP run leaves the picture"));
                    }
                    let size = if self.bits == 4 { count.div_ceil(2) } else { count };
                    let indices = rest.get(..size).ok_or_else(cut)?;
                    for i in 0..count {
                        let index = match self.bits {
                            4 => nibble(indices[i / 2], i),
                            _ => indices[i],
                        };
                        put(x + i, y, index);
                    }
                    x += count;
                    rest = rest.get(size.next_multiple_of(2)..).unwrap_or_default();
                }
                (count, value) => {
                    for i in 0..usize::from(count) {
                        put(x + i, y, if self.bits == 4 { nibble(value, i) } else { value });
                    }
                    x += usize::from(count);
                }
            }
        }
        Ok(())
    }

    /// Which row of the picture the `y`th stored one is.
    fn row(&self, y: usize, height: usize) -> usize {
        if self.top_down { y } else { height - 1 - y }
    }
}

/// The palette, and whether it is a gray ramp. Entries that the file does not have are black.
fn read_palette(
    bytes: &[u8],
    at: usize,
    entry: usize,
    colors: usize,
) -> (Box<[[u8; 4]; 256]>, bool) {
    let mut palette = Box::new([[0, 0, 0, 255]; 256]);
    let stored = bytes.get(at..).unwrap_or_default();
    let mut gray = colors <= 256 && stored.len() >= entry * colors;
    let entries = stored.chunks_exact(entry).take(colors).zip(palette.iter_mut());
    for (i, (bgr, color)) in entries.enumerate() {
        *color = [bgr[2], bgr[1], bgr[0], 255];
        let value = if colors == 2 { (i * 255) as u8 } else { i as u8 };
        gray &= bgr[..3] == [value; 3];
    }
    (palette, gray)
}

/// The first `N` channels.
fn first<const N: usize>(rgba: [u8; 4]) -> [u8; N] {
    std::array::from_fn(|i| rgba[i])
}

/// The first `N` channels of a pixel that is one number.
fn split<const N: usize>(masks: &[Mask; 4], pixel: u32) -> [u8; N] {
    std::array::from_fn(|i| if i == 3 && masks[3].max == 0 { 255 } else { masks[i].of(pixel) })
}

/// The next two bytes.
fn take(rest: &mut &[u8]) -> Result<[u8; 2]> {
    let (head, tail) = rest.split_first_chunk::<2>().ok_or_else(cut)?;
    *rest = tail;
    Ok(*head)
}

/// The little-endian number at `at`.
pub(super) fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    bytes.get(at..).and_then(|b| b.first_chunk()).map(|b| u32::from_le_bytes(*b)).ok_or_else(cut)
}

fn cut() -> Error {
    Error::image("BMP data is cut short")
}
