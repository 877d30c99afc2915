//! Windows icons: the one picture that Pillow opens, the largest and of these the shallowest.
//!
//! An entry is a whole PNG, given as the PNG reader gives it, or a bitmap without a file header
//! whose height counts a mask too; bitmaps are RGBA. Their alpha is the fourth byte of a pixel
//! where the directory says 32 bits, and otherwise the mask. The other entries are other sizes of
//! the same icon and not counted as frames. Cursors are not read.

use super::bmp::Dib;
use super::row::{ByRows, Evidence, More, Row, no_indices};
use super::{Color, ImageInfo, png};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;

pub(super) const ROW: Row = Row {
    name: "ico",
    extensions: &["ico"],
    // An entry may be a PNG of any kind.
    dtypes: png::ROW.dtypes,
    colors: png::ROW.colors,
    sniff,
    evidence: Evidence::Structure,
    info,
    least,
    decode,
    more: More::Nothing,
    rows: ByRows::Never,
    indices: no_indices,
};

/// Whether `bytes` are a directory of icons whose chosen entry begins as an entry must.
fn sniff(bytes: &[u8]) -> bool {
    Entry::choose(bytes).and_then(|entry| entry.open(bytes)).is_ok()
}

/// What the directory and the headers of the chosen entry say.
fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    match Entry::choose(bytes)?.open(bytes)? {
        Picture::Png(file) => png::info(file, limits),
        Picture::Bitmap { dib, height } => {
            limits.check_pixels(height as u64, dib.width as u64)?;
            Ok(ImageInfo::of(Shape::image(height, dib.width, 4), DType::Uint8, Color::Rgba))
        }
    }
}

/// What the chosen entry takes.
fn least(bytes: &[u8], info: &ImageInfo) -> u64 {
    match Entry::choose(bytes).and_then(|entry| entry.open(bytes)) {
        Ok(Picture::Png(file)) => (png::ROW.least)(file, info),
        Ok(Picture::Bitmap { dib, height }) => dib.least(height),
        Err(_) => 0,
    }
}

/// The pixels of the chosen entry.
fn decode(bytes: &[u8], info: &ImageInfo, limits: &Limits, out: &mut [u8]) -> Result<()> {
    let entry = Entry::choose(bytes)?;
    match entry.open(bytes)? {
        Picture::Png(file) => png::decode(file, info, limits, out),
        Picture::Bitmap { dib, .. } => {
            dib.paint::<4>(bytes, out)?;
            if dib.alpha { Ok(()) } else { entry.mask(bytes, dib.width, out) }
        }
    }
}

/// One line of the directory.
struct Entry {
    area: u32,
    depth: u32,
    bits: u16,
    offset: usize,
    size: usize,
}

/// What an entry holds.
enum Picture<'a> {
    Png(&'a [u8]),
    Bitmap { dib: Dib, height: usize },
}

impl Entry {
    /// The entry that Pillow opens.
    fn choose(bytes: &[u8]) -> Result<Self> {
        let Some(([0, 0, 1, 0, low, high], rest)) = bytes.split_first_chunk() else {
            return Err(Error::image("not the directory of an icon"));
        };
        let count = usize::from(u16::from_le_bytes([*low, *high]));
        let lines = rest.as_chunks().0.get(..count).ok_or_else(cut)?;
        lines
            .iter()
            .map(Self::parse)
            .min_by_key(|e| (std::cmp::Reverse(e.area), e.depth))
            .ok_or_else(|| Error::image("icon without a picture"))
    }

    fn parse(line: &[u8; 16]) -> Self {
        let [w, h, colors, _, _, _, b0, b1, s0, s1, s2, s3, o0, o1, o2, o3] = *line;
        let side = |n: u8| if n == 0 { 256 } else { u32::from(n) };
        let bits = u16::from_le_bytes([b0, b1]);
        let depth = match (bits, colors) {
            (0, 0 | 1) => 256,
            (0, n) => u32::from(n).next_power_of_two().trailing_zeros(),
            (n, _) => n.into(),
        };
        Self {
            area: side(w) * side(h),
            depth,
            bits,
            offset: u32::from_le_bytes([o0, o1, o2, o3]) as usize,
            size: u32::from_le_bytes([s0, s1, s2, s3]) as usize,
        }
    }

    /// What the entry points at. Like Pillow this trusts the offset and not the size.
    fn open<'a>(&self, bytes: &'a [u8]) -> Result<Picture<'a>> {
        let file = bytes.get(self.offset..).ok_or_else(cut)?;
        if file.starts_with(b"\x89PNG\r\n\x1A\n") {
            return Ok(Picture::Png(file));
        }
        let mut dib = Dib::parse(bytes, self.offset, None)?;
        // The mask decides, except where the directory says that pixels have four bytes.
        dib.set_alpha(self.bits == 32);
        match dib.height / 2 {
            0 => Err(Error::image("icon with a height of 0")),
            height => Ok(Picture::Bitmap { dib, height }),
        }
    }

    /// Sets the alpha of RGBA pixels from the mask at the end of the entry: one bit for a pixel,
    /// set where it is transparent, rows bottom-up and padded to 32 bits.
    fn mask(&self, bytes: &[u8], width: usize, out: &mut [u8]) -> Result<()> {
        let (pixels, _) = out.as_chunks_mut::<4>();
        let stride = width.div_ceil(32) * 4;
        let size = stride * (pixels.len() / width);
        let mask = self
            .offset
            .checked_add(self.size)
            .and_then(|end| bytes.get(end.checked_sub(size)?..end))
            .ok_or_else(cut)?;
        for (row, bits) in pixels.chunks_exact_mut(width).rev().zip(mask.chunks_exact(stride)) {
            for (x, pixel) in row.iter_mut().enumerate() {
                pixel[3] = if bits[x / 8] << (x % 8) & 0x80 == 0 { 255 } else { 0 };
            }
        }
        Ok(())
    }
}

fn cut() -> Error {
    Error::image("icon data is cut short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    /// A directory of (width, bits, offset, size), and what follows it.
    fn file(entries: &[(u8, u8, u8, u8)], rest: &[&[u8]]) -> Vec<u8> {
        let mut f = vec![0, 0, 1, 0, entries.len() as u8, 0];
        for &(side, bits, offset, size) in entries {
            f.extend([side, 1, 0, 0, 1, 0, bits, 0, size, 0, 0, 0, offset, 0, 0, 0]);
        }
        f.extend(rest.concat());
        f
    }

    fn dib(width: u8, bits: u8, data: &[u8]) -> Vec<u8> {
        let mut d = vec![40, 0, 0, 0, width, 0, 0, 0, 2, 0, 0, 0, 1, 0, bits, 0];
        d.extend([0; 24]);
        d.extend(data);
        d
    }

    fn read(bytes: &[u8]) -> Result<Vec<u8>> {
        let info = info(bytes, &Limits::default())?;
        let mut out = vec![0; info.bytes()?];
        decode(bytes, &info, &Limits::default(), &mut out)?;
        Ok(out)
    }

    #[test]
    fn the_mask_is_the_alpha() {
        let pixels = [1, 2, 3, 4, 5, 6, 0, 0, 0x40, 0, 0, 0];
        let f = file(&[(2, 24, 22, 52)], &[&dib(2, 24, &pixels)]);
        assert!(sniff(&f));
        assert_eq!(read(&f).expect("valid"), [3, 2, 1, 255, 6, 5, 4, 0]);
        for cut in 0..f.len() {
            assert_eq!(read(&f[..cut]).expect_err("cut").kind(), ErrorKind::Image, "{cut}");
        }
    }

    #[test]
    fn the_largest_then_shallowest_entry_wins() {
        let deep = dib(1, 32, &[1, 2, 3, 4, 0, 0, 0, 0]);
        let flat = dib(1, 24, &[7, 8, 9, 0, 0, 0, 0, 0]);
        let f = file(&[(1, 32, 38, 48), (1, 24, 86, 48)], &[&deep, &flat]);
        assert_eq!(read(&f).expect("valid"), [9, 8, 7, 255]);
        let f = file(&[(2, 32, 38, 48), (1, 24, 86, 48)], &[&deep, &flat]);
        assert_eq!(read(&f).expect("valid"), [3, 2, 1, 4]);
    }

    #[test]
    fn absurd_headers_are_refused() {
        let mut f = file(&[(1, 32, 22, 48)], &[&dib(1, 32, &[0; 8])]);
        f[26..29].fill(0xFF);
        f[30..33].fill(0xFF);
        assert_eq!(read(&f).expect_err("huge").kind(), ErrorKind::Limit);
        assert!(!sniff(&file(&[], &[])));
        assert!(!sniff(&file(&[(1, 8, 22, 9)], &[b"no picture"])));
    }
}
