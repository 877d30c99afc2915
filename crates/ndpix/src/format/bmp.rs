//! Windows and OS/2 bitmaps: 1 to 32 bits, RLE4 and RLE8, bit fields.
//!
//! Palettes become RGB, except a gray ramp (index equal to value, or black and white), which stays
//! one channel, as Pillow opens it. Alpha is given for 32-bit pixels whose masks name it and never
//! else. The same reader ([`Dib`]) serves the bitmaps inside icons, which have no file header.
//! Embedded JPEG and PNG, RLE24 and Huffman are refused as `unsupported`.

use super::{Color, ImageInfo};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;

/// The sizes of the DIB headers that exist, which also tell the versions apart.
const DIB_SIZES: [u32; 8] = [12, 16, 40, 52, 56, 64, 108, 124];

/// Whether `bytes` begin with a file header and a DIB header of a known size.
pub(super) fn sniff(bytes: &[u8]) -> bool {
    bytes.starts_with(b"BM") && u32_at(bytes, 14).is_ok_and(|n| DIB_SIZES.contains(&n))
}

/// What the headers and the palette say.
pub(super) fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let dib = open(bytes)?;
    limits.check_pixels(dib.height as u64, dib.width as u64)?;
    let (channels, color) = match (dib.gray, dib.alpha) {
        (true, _) => (1, Color::Gray),
        (_, true) => (4, Color::Rgba),
        _ => (3, Color::Rgb),
    };
    Ok(ImageInfo {
        shape: Shape::image(dib.height, dib.width, channels),
        dtype: DType::Uint8,
        color,
        orientation: 1,
        frames: 1,
    })
}

/// The pixels, top row first.
pub(super) fn decode(
    bytes: &[u8],
    info: &ImageInfo,
    _limits: &Limits,
    out: &mut [u8],
) -> Result<()> {
    let dib = open(bytes)?;
    match info.color {
        Color::Gray => dib.paint::<1>(bytes, out),
        Color::Rgba => dib.paint::<4>(bytes, out),
        _ => dib.paint::<3>(bytes, out),
    }
}

/// The bitmap of a whole BMP file.
fn open(bytes: &[u8]) -> Result<Dib> {
    let pixels = u32_at(bytes, 10)? as usize;
    Dib::parse(bytes, 14, Some(pixels))
}

/// A device-independent bitmap: everything but the file header.
pub(super) struct Dib {
    /// Pixels of a row.
    pub(super) width: usize,
    /// Rows; those of an icon count its mask too and are halved by the icon reader.
    pub(super) height: usize,
    /// Bits of a pixel.
    bits: usize,
    /// Where the pixels begin in the file.
    pixels: usize,
    /// Whether the masks name an alpha channel.
    pub(super) alpha: bool,
    gray: bool,
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
    pub(super) fn parse(bytes: &[u8], at: usize, pixels: Option<usize>) -> Result<Self> {
        let size = u32_at(bytes, at)?;
        if !DIB_SIZES.contains(&size) {
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

    /// Makes the fourth byte of 32-bit pixels alpha, or no alpha.
    pub(super) fn set_alpha(&mut self, alpha: bool) {
        if let (Layout::Masks([.., a]), 32) = (&mut self.layout, self.bits) {
            self.alpha = alpha;
            *a = if alpha { Mask { shift: 24, max: 255 } } else { Mask { shift: 0, max: 0 } };
        }
    }

    /// Writes the first `N` of red, green, blue and alpha of every pixel. `out` decides how many
    /// rows there are (an icon asks for half of [`Dib::height`]).
    pub(super) fn paint<const N: usize>(&self, bytes: &[u8], out: &mut [u8]) -> Result<()> {
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

    /// RLE4 and RLE8. Pixels that are skipped have index 0; what passes the end of a row is
    /// dropped.
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
        let nibble = |byte: u8, i: usize| if i % 2 == 0 { byte >> 4 } else { byte & 15 };
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
                }
                (0, count) => {
                    let count = usize::from(count);
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
fn u32_at(bytes: &[u8], at: usize) -> Result<u32> {
    bytes.get(at..).and_then(|b| b.first_chunk()).map(|b| u32::from_le_bytes(*b)).ok_or_else(cut)
}

fn cut() -> Error {
    Error::image("BMP data is cut short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    /// A file of these parts with a 40-byte header; `rest` is palette (or masks) and pixels.
    fn file(w: i32, h: i32, bits: u16, compression: u32, before: &[u8], pixels: &[u8]) -> Vec<u8> {
        let mut f = b"BM\0\0\0\0\0\0\0\0".to_vec();
        f.extend((54 + before.len() as u32).to_le_bytes());
        f.extend(40u32.to_le_bytes());
        f.extend(w.to_le_bytes());
        f.extend(h.to_le_bytes());
        f.extend(1u16.to_le_bytes());
        f.extend(bits.to_le_bytes());
        f.extend(compression.to_le_bytes());
        f.extend([0; 12]);
        f.extend((before.len() as u32 / 4 * u32::from(bits <= 8)).to_le_bytes());
        f.extend([0; 4]);
        f.extend(before);
        f.extend(pixels);
        f
    }

    fn read(bytes: &[u8]) -> Result<(ImageInfo, Vec<u8>)> {
        let info = info(bytes, &Limits::default())?;
        let mut out = vec![0; info.bytes()?];
        decode(bytes, &info, &Limits::default(), &mut out)?;
        Ok((info, out))
    }

    const RED_BLUE: [u8; 8] = [0, 0, 255, 0, 255, 0, 0, 0];

    #[test]
    fn rows_are_bottom_up_unless_negative() {
        let px = [1, 2, 3, 0, 4, 5, 6];
        let (_, up) = read(&file(1, 2, 24, 0, &[], &px)).expect("valid");
        assert_eq!(up, [6, 5, 4, 3, 2, 1]);
        let (_, down) = read(&file(1, -2, 24, 0, &[], &px)).expect("valid");
        assert_eq!(down, [3, 2, 1, 6, 5, 4]);
    }

    #[test]
    fn palettes_become_rgb_and_ramps_gray() {
        let (info, rgb) = read(&file(3, 1, 1, 0, &RED_BLUE, &[0x40, 0, 0, 0])).expect("valid");
        assert_eq!((info.color, rgb), (Color::Rgb, vec![255, 0, 0, 0, 0, 255, 255, 0, 0]));
        let ramp = [0, 0, 0, 0, 255, 255, 255, 0];
        let (info, gray) = read(&file(3, 1, 1, 0, &ramp, &[0x40, 0, 0, 0])).expect("valid");
        assert_eq!((info.color, gray), (Color::Gray, vec![0, 255, 0]));
    }

    #[test]
    fn runs_deltas_and_literals() {
        // Row 0: 2 x index 1; then over to (1, 1): one literal... then the end of the bitmap.
        let runs = [2, 1, 0, 2, 1, 1, 0, 3, 1, 0, 1, 0, 0, 1];
        let (_, px) = read(&file(6, 2, 8, 1, &RED_BLUE, &runs)).expect("valid");
        let red: Vec<u8> = px.chunks(3).map(|p| u8::from(p[0] == 255)).collect();
        assert_eq!(red, [1, 1, 1, 0, 1, 0, 0, 0, 1, 1, 1, 1]);
    }

    #[test]
    fn masks_scale_and_name_alpha() {
        let m565 = [0, 0xF8, 0, 0, 0xE0, 7, 0, 0, 0x1F, 0, 0, 0];
        let (_, px) = read(&file(1, 1, 16, 3, &m565, &[0xFF, 0xFF])).expect("valid");
        assert_eq!(px, [255; 3]);
        let (info, px) = read(&file(1, 1, 32, 0, &[], &[1, 2, 3, 4])).expect("valid");
        assert_eq!((info.color, px), (Color::Rgb, vec![3, 2, 1]));
        let mut masks = [0; 16];
        (masks[0], masks[5], masks[10], masks[15]) = (255, 255, 255, 255);
        let (info, px) = read(&file(1, 1, 32, 6, &masks, &[1, 2, 3, 4])).expect("valid");
        assert_eq!((info.color, px), (Color::Rgba, vec![1, 2, 3, 4]));
    }

    #[test]
    fn every_cut_is_an_error() {
        let runs = [2, 1, 0, 2, 1, 1, 0, 3, 1, 0, 1, 0, 0, 1];
        for f in [
            file(7, 2, 8, 1, &RED_BLUE, &runs),
            file(1, 2, 24, 0, &[], &[1, 2, 3, 0, 4, 5, 6]),
            file(3, 1, 1, 0, &RED_BLUE, &[0x40]),
        ] {
            assert!(read(&f).is_ok() && sniff(&f));
            for cut in 0..f.len() {
                assert_eq!(read(&f[..cut]).expect_err("cut").kind(), ErrorKind::Image, "{cut}");
            }
        }
    }

    #[test]
    fn absurd_headers_are_refused() {
        let huge = file(i32::MAX, i32::MIN, 8, 0, &RED_BLUE, &[]);
        assert_eq!(read(&huge).expect_err("huge").kind(), ErrorKind::Limit);
        let jpeg = file(1, 1, 0, 4, &[], &[]);
        assert_eq!(read(&jpeg).expect_err("jpeg").kind(), ErrorKind::Unsupported);
        let none = file(0, 1, 24, 0, &[], &[]);
        assert_eq!(read(&none).expect_err("empty").kind(), ErrorKind::Image);
        assert!(!sniff(b"BMW is a car of many kinds"));
    }
}
