//! Truevision TGA: gray, gray and alpha, palette and true colour, raw or run-length encoded.
//!
//! As in Pillow the origin that the header names is honoured (rows and columns are put in order),
//! 16-bit pixels are RGBA with alpha 0 where their top bit is set, and 32-bit ones are RGBA unless
//! the extension area says that the fourth byte is not alpha. Palettes become RGB, those of 32-bit
//! entries RGBA. The format has no signature: [`sniff`] asks for a header without a contradiction.

use super::row::{ByRows, Evidence, More, Row, no_indices, pixels};
use super::{Color, ImageInfo};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;

pub(super) const ROW: Row = Row {
    name: "tga",
    extensions: &["tga"],
    dtypes: &[DType::Uint8],
    colors: &[Color::Gray, Color::GrayAlpha, Color::Rgb, Color::Rgba],
    sniff,
    evidence: Evidence::Header,
    info,
    least,
    decode,
    more: More::Nothing,
    rows: ByRows::Never,
    indices: no_indices,
};

/// Whether the header can be that of a TGA file.
fn sniff(bytes: &[u8]) -> bool {
    let Some(&head) = bytes.first_chunk::<18>() else { return false };
    let alpha_bits = head[17] & 15;
    let plausible = match head[16] {
        8 => alpha_bits == 0 || alpha_bits == 8,
        16 => alpha_bits <= 1 || alpha_bits == 8,
        24 | 32 => alpha_bits == 0 || alpha_bits == 8,
        _ => false,
    };
    plausible && head[17] & 0xC0 == 0 && Tga::open(bytes).is_ok_and(|t| t.width > 0 && t.height > 0)
}

/// What the header says.
fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let tga = Tga::open(bytes)?;
    if tga.width == 0 || tga.height == 0 {
        return Err(Error::image(format!("TGA of {} x {} pixels", tga.height, tga.width)));
    }
    limits.check_pixels(tga.height as u64, tga.width as u64)?;
    let (channels, color) = match tga.pixel {
        Pixel::Gray => (1, Color::Gray),
        Pixel::GrayAlpha => (2, Color::GrayAlpha),
        Pixel::Bgr | Pixel::Palette { alpha: false, .. } => (3, Color::Rgb),
        Pixel::Bgra | Pixel::Bgra16 | Pixel::Palette { alpha: true, .. } => (4, Color::Rgba),
    };
    Ok(ImageInfo::of(Shape::image(tga.height, tga.width, channels), DType::Uint8, color))
}

/// All pixels, or a packet for each run of 128.
fn least(bytes: &[u8], info: &ImageInfo) -> u64 {
    match Tga::open(bytes) {
        Ok(tga) if tga.runs => pixels(info) / 128 * 2,
        Ok(tga) => pixels(info).saturating_mul(tga.pixel.bytes()),
        Err(_) => 0,
    }
}

/// The pixels, from the top left.
fn decode(bytes: &[u8], _info: &ImageInfo, _limits: &Limits, out: &mut [u8]) -> Result<()> {
    let tga = Tga::open(bytes)?;
    match tga.pixel {
        Pixel::Gray => tga.paint::<1, 1>(out, |p| p),
        Pixel::GrayAlpha => tga.paint::<2, 2>(out, |p| p),
        Pixel::Bgr => tga.paint::<3, 3>(out, |[b, g, r]| [r, g, b]),
        Pixel::Bgra16 if no_alpha(bytes) => tga.paint::<2, 4>(out, |p| {
            let [r, g, b, _] = split16(p);
            [r, g, b, 255]
        }),
        Pixel::Bgra16 => tga.paint::<2, 4>(out, split16),
        Pixel::Bgra if no_alpha(bytes) => tga.paint::<4, 4>(out, |[b, g, r, _]| [r, g, b, 255]),
        Pixel::Bgra => tga.paint::<4, 4>(out, |[b, g, r, a]| [r, g, b, a]),
        Pixel::Palette { alpha: true, .. } => {
            let colors = tga.colors()?;
            tga.paint::<1, 4>(out, |[i]| colors[usize::from(i)])
        }
        Pixel::Palette { alpha: false, .. } => {
            let colors = tga.colors()?;
            tga.paint::<1, 3>(out, |[i]| {
                let [r, g, b, _] = colors[usize::from(i)];
                [r, g, b]
            })
        }
    }
}

/// A file whose header has been read.
struct Tga<'a> {
    width: usize,
    height: usize,
    pixel: Pixel,
    runs: bool,
    from_right: bool,
    from_top: bool,
    /// The palette and the pixels after it.
    body: &'a [u8],
}

/// What the pixels are.
#[derive(Clone, Copy)]
enum Pixel {
    Gray,
    GrayAlpha,
    Bgr,
    Bgra,
    /// Five bits each, and the inverted alpha.
    Bgra16,
    /// Indices; entry `first` of the palette is the first that is stored, of `count`.
    Palette {
        first: usize,
        count: usize,
        entry: usize,
        alpha: bool,
    },
}

impl Pixel {
    /// The bytes that one takes.
    fn bytes(self) -> u64 {
        match self {
            Self::Gray | Self::Palette { .. } => 1,
            Self::GrayAlpha | Self::Bgra16 => 2,
            Self::Bgr => 3,
            Self::Bgra => 4,
        }
    }
}

impl<'a> Tga<'a> {
    fn open(bytes: &'a [u8]) -> Result<Self> {
        let (&head, rest) = bytes.split_first_chunk::<18>().ok_or_else(cut)?;
        let word = |at: usize| usize::from(u16::from_le_bytes([head[at], head[at + 1]]));
        let [id, has_map, image_type, ..] = head;
        let (depth, flags) = (head[16], head[17]);
        if has_map > 1 || !matches!(image_type, 1..=3 | 9..=11) {
            return Err(Error::unsupported(format!("TGA of type {image_type}")));
        }
        let (first, count) = (word(3), word(5));
        let entry = match (has_map, head[7]) {
            (0, _) => 0,
            (_, 15 | 16) => 2,
            (_, 24) => 3,
            (_, 32) => 4,
            (_, n) => return Err(Error::unsupported(format!("TGA palette of {n} bits"))),
        };
        let pixel = match (image_type & 7, depth) {
            (1, 8) if has_map == 1 => Pixel::Palette { first, count, entry, alpha: entry == 4 },
            (1 | 3, 8) => Pixel::Gray,
            (3, 16) => Pixel::GrayAlpha,
            (2, 16) => Pixel::Bgra16,
            (2, 24) => Pixel::Bgr,
            (2, 32) => Pixel::Bgra,
            _ => {
                return Err(Error::unsupported(format!("TGA of type {image_type}, {depth} bits")));
            }
        };
        let mut body = rest.get(usize::from(id)..).ok_or_else(cut)?;
        if !matches!(pixel, Pixel::Palette { .. }) {
            body = body.get(count * entry..).ok_or_else(cut)?;
        }
        Ok(Self {
            width: word(12),
            height: word(14),
            pixel,
            runs: image_type & 8 != 0,
            from_right: flags & 0x10 != 0,
            from_top: flags & 0x20 != 0,
            body,
        })
    }

    /// The palette as RGBA; black for the indices that it does not have.
    fn colors(&self) -> Result<[[u8; 4]; 256]> {
        let mut colors = [[0, 0, 0, 255]; 256];
        let Pixel::Palette { first, count, entry, .. } = self.pixel else { return Ok(colors) };
        let stored = self.body.get(..count * entry).ok_or_else(cut)?;
        for (color, bytes) in colors.iter_mut().skip(first).zip(stored.chunks_exact(entry)) {
            *color = match *bytes {
                [low, high] => split16([low, high]),
                [b, g, r] => [r, g, b, 255],
                [b, g, r, a] => [r, g, b, a],
                _ => continue,
            };
        }
        Ok(colors)
    }

    /// Where the pixels begin.
    fn pixels(&self) -> Result<&'a [u8]> {
        match self.pixel {
            Pixel::Palette { count, entry, .. } => self.body.get(count * entry..).ok_or_else(cut),
            _ => Ok(self.body),
        }
    }

    /// Turns every stored pixel of `S` bytes into `N` samples and puts it in its place.
    fn paint<const S: usize, const N: usize>(
        &self,
        out: &mut [u8],
        convert: impl Fn([u8; S]) -> [u8; N],
    ) -> Result<()> {
        let (out, _) = out.as_chunks_mut::<N>();
        let mut rest = self.pixels()?;
        if !self.runs {
            let size = out.len().checked_mul(S).ok_or_else(cut)?;
            let stored = rest.get(..size).ok_or_else(cut)?.as_chunks::<S>().0;
            for (pixel, bytes) in out.iter_mut().zip(stored) {
                *pixel = convert(*bytes);
            }
        } else {
            // Runs may pass the end of a row: old encoders wrote such files.
            let mut free = &mut out[..];
            while !free.is_empty() {
                let (&head, tail) = rest.split_first().ok_or_else(cut)?;
                let count = usize::from(head & 0x7F) + 1;
                let (now, later) = free.split_at_mut(count.min(free.len()));
                let stored = if head & 0x80 == 0 { now.len() } else { 1 };
                let (stored, tail) = tail.split_at_checked(stored * S).ok_or_else(cut)?;
                let stored = stored.as_chunks::<S>().0;
                for (i, pixel) in now.iter_mut().enumerate() {
                    *pixel = convert(stored[i.min(stored.len() - 1)]);
                }
                (free, rest) = (later, tail);
            }
        }
        if self.from_right {
            out.chunks_exact_mut(self.width).for_each(<[_]>::reverse);
        }
        if !self.from_top {
            for y in 0..self.height / 2 {
                let (upper, lower) = out.split_at_mut((self.height - 1 - y) * self.width);
                upper[y * self.width..][..self.width].swap_with_slice(&mut lower[..self.width]);
            }
        }
        Ok(())
    }
}

/// The samples of a 16-bit pixel.
fn split16(bytes: [u8; 2]) -> [u8; 4] {
    let pixel = u32::from(u16::from_le_bytes(bytes));
    let five = |shift: u32| ((pixel >> shift & 31) * 255 / 31) as u8;
    [five(10), five(5), five(0), if pixel >> 15 == 0 { 255 } else { 0 }]
}

/// Whether a version 2 file says that its fourth channel is not alpha.
fn no_alpha(bytes: &[u8]) -> bool {
    let attributes = || {
        let footer = bytes.last_chunk::<26>().filter(|f| f.ends_with(b"TRUEVISION-XFILE.\0"))?;
        let extension = u32::from_le_bytes(*footer.first_chunk()?) as usize;
        bytes.get(extension.checked_add(494)?).copied().filter(|_| extension != 0)
    };
    attributes() == Some(0)
}

fn cut() -> Error {
    Error::image("TGA data is cut short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn file(kind: u8, (w, h): (u8, u8), depth: u8, flags: u8, map: u8, body: &[u8]) -> Vec<u8> {
        let mut f = vec![2, u8::from(map > 0), kind, 0, 0, 2 * u8::from(map > 0), 0, map];
        f.extend([0, 0, 0, 0, w, 0, h, 0, depth, flags, b'i', b'd']);
        f.extend(body);
        f
    }

    fn read(bytes: &[u8]) -> Result<(ImageInfo, Vec<u8>)> {
        let info = info(bytes, &Limits::default())?;
        let mut out = vec![0; info.bytes()?];
        decode(bytes, &info, &Limits::default(), &mut out)?;
        Ok((info, out))
    }

    #[test]
    fn every_origin() {
        for (flags, want) in
            [(0, [3, 4, 1, 2]), (0x10, [4, 3, 2, 1]), (0x20, [1, 2, 3, 4]), (0x30, [2, 1, 4, 3])]
        {
            let (_, px) = read(&file(3, (2, 2), 8, flags, 0, &[1, 2, 3, 4])).expect("valid");
            assert_eq!(px, want);
        }
    }

    #[test]
    fn palettes_and_depths() {
        let (_, px) = read(&file(1, (2, 1), 8, 0, 24, &[1, 2, 3, 4, 5, 6, 1, 0])).expect("valid");
        assert_eq!(px, [6, 5, 4, 3, 2, 1]);
        let (_, px) = read(&file(2, (1, 1), 16, 0, 0, &[0x1F, 0x80])).expect("valid");
        assert_eq!(px, [0, 0, 255, 0]);
        let (info, px) = read(&file(2, (1, 1), 32, 8, 0, &[1, 2, 3, 4])).expect("valid");
        assert_eq!((info.color, px), (Color::Rgba, vec![3, 2, 1, 4]));
    }

    #[test]
    fn runs_pass_the_end_of_rows_and_cuts_are_damage() {
        let f = file(10, (2, 2), 24, 0x20, 0, &[0x82, 1, 2, 3, 0, 4, 5, 6]);
        assert_eq!(read(&f).expect("valid").1, [3, 2, 1, 3, 2, 1, 3, 2, 1, 6, 5, 4]);
        assert!(sniff(&f));
        for cut in 0..f.len() {
            assert_eq!(read(&f[..cut]).expect_err("cut").kind(), ErrorKind::Image, "{cut}");
        }
        let f = file(1, (2, 1), 8, 0, 24, &[1, 2, 3, 4, 5, 6, 1, 0]);
        for cut in 0..f.len() {
            assert_eq!(read(&f[..cut]).expect_err("cut").kind(), ErrorKind::Image, "{cut}");
        }
    }

    #[test]
    fn absurd_headers_are_refused() {
        let mut f = file(2, (1, 1), 24, 0, 0, &[]);
        f[12..16].fill(0xFF);
        assert_eq!(read(&f).expect_err("huge").kind(), ErrorKind::Limit);
        assert_eq!(
            read(&file(2, (1, 1), 7, 0, 0, &[])).expect_err("depth").kind(),
            ErrorKind::Unsupported
        );
        assert!(!sniff(&[0; 512]) && !sniff(b"\xFF\xFE some text, no picture"));
    }
}
