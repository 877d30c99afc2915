//! GIF: the first frame on its canvas, RGB, or RGBA when that frame names a transparent index.
//!
//! The blocks are walked here (two dozen lines, and the same walk counts the frames); `weezl`
//! undoes the LZW. As in Pillow the canvas grows to hold a frame that passes its edge, what the
//! frame does not cover has the transparent index or index 0, a missing palette is a gray ramp,
//! and unknown bytes between blocks are skipped. Here the frames after the first are only counted;
//! `film` draws them.

mod film;

use self::film::GifFilm;
use weezl::{BitOrder, LzwStatus, decode::Configuration};

use super::row::{ByRows, Evidence, More, Row};
use super::{Color, ImageInfo};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;

pub(super) const ROW: Row = Row {
    name: "gif",
    extensions: &["gif"],
    dtypes: &[DType::Uint8],
    colors: &[Color::Rgb, Color::Rgba],
    sniff: |bytes| matches!(bytes, [b'G', b'I', b'F', b'8', b'7' | b'9', b'a', ..]),
    evidence: Evidence::Signature,
    info,
    least,
    decode,
    more: More::Film {
        check: |bytes, _| check_frames(bytes),
        open: |bytes, info, _| Ok(Box::new(GifFilm::open(bytes, info)?)),
    },
    rows: ByRows::Never,
    indices: |_, _| Ok(Some(decode_indices)),
};

/// A code is at most all that the table holds, 4,096 pixels, and has more than eight bits by then.
fn least(bytes: &[u8], _info: &ImageInfo) -> u64 {
    let pixels = |gif: Gif<'_>| (gif.frame.width as u64).saturating_mul(gif.frame.height as u64);
    Gif::open(bytes).map_or(0, pixels) / 4096
}

/// What the screen header and the first frame's headers say.
fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let gif = Gif::open(bytes)?;
    let (width, height) = gif.canvas();
    let frame = &gif.frame;
    if width == 0 || height == 0 || frame.width == 0 || frame.height == 0 {
        return Err(Error::image(format!("GIF of {height} x {width} pixels with a {frame}")));
    }
    limits.check_pixels(height as u64, width as u64)?;
    let (channels, color) =
        if gif.control.transparent.is_some() { (4, Color::Rgba) } else { (3, Color::Rgb) };
    Ok(ImageInfo {
        // Damage ends the count: it is not in the frame that is asked for.
        frames: count_frames(frame.data).0,
        ..ImageInfo::of(Shape::image(height, width, channels), DType::Uint8, color)
    })
}

/// Refuses a file that ends or breaks before its last frame does.
fn check_frames(bytes: &[u8]) -> Result<()> {
    count_frames(Gif::open(bytes)?.frame.data).1
}

/// The first frame on the canvas.
fn decode(bytes: &[u8], info: &ImageInfo, _limits: &Limits, out: &mut [u8]) -> Result<()> {
    let gif = Gif::open(bytes)?;
    match info.color {
        Color::Rgba => gif.paint(&gif.colors::<4>(), out),
        _ => gif.paint(&gif.colors::<3>(), out),
    }
}

/// The palette indices of the first frame on the canvas.
fn decode_indices(bytes: &[u8], _limits: &Limits, out: &mut [u8]) -> Result<()> {
    Gif::open(bytes)?.paint(&std::array::from_fn(|index| [index as u8]), out)
}

/// The parts of a file that its first frame needs.
struct Gif<'a> {
    screen: (usize, usize),
    palette: Option<&'a [u8]>,
    /// The colour of what no frame covers, which only a file with a palette has.
    background: u8,
    control: Control,
    frame: Frame<'a>,
}

/// What stands before a frame.
#[derive(Default)]
struct Control {
    transparent: Option<u8>,
    /// What becomes of the frame before the next is drawn.
    disposal: u8,
}

/// An image descriptor and what follows it.
struct Frame<'a> {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    interlaced: bool,
    palette: Option<&'a [u8]>,
    /// The code size, the sub-blocks and the rest of the file.
    data: &'a [u8],
}

impl std::fmt::Display for Frame<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "frame of {} x {}", self.height, self.width)
    }
}

impl<'a> Gif<'a> {
    /// Reads up to the data of the first frame.
    fn open(bytes: &'a [u8]) -> Result<Self> {
        let mut rest = bytes;
        let screen = take(&mut rest, 13)?;
        let palette = take_palette(&mut rest, screen[10])?;
        let background = if palette.is_some() { screen[11] } else { 0 };
        let (control, frame) =
            next_frame(&mut rest)?.ok_or_else(|| Error::image("GIF without a frame"))?;
        Ok(Self { screen: (word(screen, 6), word(screen, 8)), palette, background, control, frame })
    }

    /// Width and height of the picture.
    fn canvas(&self) -> (usize, usize) {
        let f = &self.frame;
        (self.screen.0.max(f.left + f.width), self.screen.1.max(f.top + f.height))
    }

    /// Writes the colour of every pixel.
    fn paint<const N: usize>(&self, colors: &[[u8; N]; 256], out: &mut [u8]) -> Result<()> {
        let (canvas, _) = self.canvas();
        let (out, _) = out.as_chunks_mut::<N>();
        out.fill(colors[usize::from(self.control.transparent.unwrap_or(0))]);
        let frame = &self.frame;
        frame.each_row(|y, row| {
            let at = (frame.top + y) * canvas + frame.left;
            for (pixel, &index) in out[at..].iter_mut().zip(row) {
                *pixel = colors[usize::from(index)];
            }
        })
    }

    /// The colour of every index in the first frame.
    fn colors<const N: usize>(&self) -> [[u8; N]; 256] {
        colors(self.frame.palette.or(self.palette), self.control.transparent)
    }
}

/// The colour of every index, with alpha where `N` is 4; black for those that the palette does not have.
fn colors<const N: usize>(palette: Option<&[u8]>, transparent: Option<u8>) -> [[u8; N]; 256] {
    std::array::from_fn(|index| {
        let rgb: [u8; 3] = match palette {
            None => [index as u8; 3],
            Some(p) => p.as_chunks().0.get(index).copied().unwrap_or_default(),
        };
        let opaque = transparent.map(usize::from) != Some(index);
        std::array::from_fn(|c| if c < 3 { rgb[c] } else { u8::from(opaque) * 255 })
    })
}

/// The blocks up to the next frame; `None` at the trailer, or where the bytes end between two blocks.
fn next_frame<'a>(rest: &mut &'a [u8]) -> Result<Option<(Control, Frame<'a>)>> {
    let mut control = Control::default();
    loop {
        let Some((&mark, tail)) = rest.split_first() else { return Ok(None) };
        *rest = tail;
        match mark {
            b',' => return Ok(Some((control, Frame::open(rest)?))),
            b';' => return Ok(None),
            b'!' => {
                let label = take(rest, 1)?[0];
                let block = take_block(rest)?;
                if label == 0xF9
                    && let &[flags, _, _, index, ..] = block
                {
                    control.disposal = flags >> 2 & 7;
                    control.transparent = (flags & 1 != 0).then_some(index).or(control.transparent);
                }
                if !block.is_empty() {
                    skip_blocks(rest)?;
                }
            }
            _ => {}
        }
    }
}

impl<'a> Frame<'a> {
    /// Reads what follows the byte `,`.
    fn open(rest: &mut &'a [u8]) -> Result<Self> {
        let head = take(rest, 9)?;
        let palette = take_palette(rest, head[8])?;
        Ok(Self {
            left: word(head, 0),
            top: word(head, 2),
            width: word(head, 4),
            height: word(head, 6),
            interlaced: head[8] & 0x40 != 0,
            palette,
            data: rest,
        })
    }

    /// Hands over every row of indices with its number from the frame's top, as they are stored.
    fn each_row(&self, mut take: impl FnMut(usize, &[u8])) -> Result<()> {
        let mut indices = Indices::open(self.data)?;
        let mut row = vec![0; self.width];
        for y in self.rows() {
            indices.fill(&mut row)?;
            take(y, &row);
        }
        Ok(())
    }

    /// The rows in the order in which they are stored.
    fn rows(&self) -> impl Iterator<Item = usize> + use<> {
        let height = self.height;
        let passes: &[(usize, usize)] =
            if self.interlaced { &[(0, 8), (4, 8), (2, 4), (1, 2)] } else { &[(0, 1)] };
        passes.iter().flat_map(move |&(first, step)| (first..height).step_by(step))
    }
}

/// The frames of a file from the data of its first (code size and sub-blocks) on, and whether damage
/// ended the count.
fn count_frames(mut rest: &[u8]) -> (u32, Result<()>) {
    let mut count = 1;
    let mut walk = || -> Result<()> {
        loop {
            skip_frame(&mut rest)?;
            if next_frame(&mut rest)?.is_none() {
                return Ok(());
            }
            count += 1;
        }
    };
    let ended = walk();
    (count, ended)
}

/// Passes over the data of a frame.
fn skip_frame(rest: &mut &[u8]) -> Result<()> {
    take(rest, 1)?;
    skip_blocks(rest)
}

/// Passes over the sub-blocks up to the empty one.
fn skip_blocks(rest: &mut &[u8]) -> Result<()> {
    while !take_block(rest)?.is_empty() {}
    Ok(())
}

/// The palette indices of a frame, row by row.
struct Indices<'a> {
    lzw: weezl::decode::Decoder,
    block: &'a [u8],
    rest: &'a [u8],
    /// Whether the empty block has been read.
    ended: bool,
}

impl<'a> Indices<'a> {
    fn open(mut data: &'a [u8]) -> Result<Self> {
        let size = take(&mut data, 1)?[0];
        // A code has at most 12 bits. Of literals beyond a byte the low byte is the index, as in Pillow.
        if !(1..=11).contains(&size) {
            return Err(Error::image(format!("GIF with an LZW code size of {size}")));
        }
        let lzw = Configuration::new(BitOrder::Lsb, size).with_yield_on_full_buffer(true).build();
        Ok(Self { lzw, block: &[], rest: data, ended: false })
    }

    /// Fills `row` with the next indices.
    fn fill(&mut self, mut row: &mut [u8]) -> Result<()> {
        while !row.is_empty() {
            if self.block.is_empty() && !self.ended {
                // The decoder holds codes back, so there may be pixels after the last block.
                self.block = take_block(&mut self.rest)?;
                self.ended = self.block.is_empty();
            }
            let step = self.lzw.decode_bytes(self.block, row);
            self.block = &self.block[step.consumed_in..];
            row = &mut row[step.consumed_out..];
            match step.status {
                _ if row.is_empty() => {}
                Ok(LzwStatus::Ok) => {}
                Ok(LzwStatus::NoProgress) if !self.ended => {}
                Ok(_) => return Err(cut()),
                Err(e) => return Err(Error::image(format!("GIF: {e}")).caused_by(e)),
            }
        }
        Ok(())
    }
}

/// The next `count` bytes.
fn take<'a>(rest: &mut &'a [u8], count: usize) -> Result<&'a [u8]> {
    let (head, tail) = rest.split_at_checked(count).ok_or_else(cut)?;
    *rest = tail;
    Ok(head)
}

/// The next sub-block; an empty one ends a list of them.
fn take_block<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8]> {
    let size = take(rest, 1)?[0];
    take(rest, size.into())
}

/// The palette that `flags` promise.
fn take_palette<'a>(rest: &mut &'a [u8], flags: u8) -> Result<Option<&'a [u8]>> {
    if flags & 0x80 == 0 { Ok(None) } else { take(rest, 6 << (flags & 7)).map(Some) }
}

/// The little-endian number at `at` of a header that is long enough.
fn word(head: &[u8], at: usize) -> usize {
    u16::from_le_bytes([head[at], head[at + 1]]).into()
}

fn cut() -> Error {
    Error::image("GIF data is cut short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    /// A frame at (left, 0) of these indices, uncompressed: a clear code before each of them.
    pub(super) fn frame(left: u8, w: u8, h: u8, flags: u8, indices: &[u8]) -> Vec<u8> {
        let mut codes: Vec<u8> = indices.iter().flat_map(|&i| [4, i]).collect();
        codes.push(5);
        let mut bits = vec![0; (codes.len() * 3).div_ceil(8)];
        for (n, bit) in codes.iter().flat_map(|c| (0..3).map(move |b| c >> b & 1)).enumerate() {
            bits[n / 8] |= bit << (n % 8);
        }
        let mut f = vec![b',', left, 0, 0, 0, w, 0, h, 0, flags, 2, bits.len() as u8];
        f.extend(bits);
        f.push(0);
        f
    }

    pub(super) fn file(w: u8, h: u8, blocks: &[&[u8]]) -> Vec<u8> {
        let mut f = b"GIF89a".to_vec();
        f.extend([w, 0, h, 0, 0x80, 0, 0, 9, 9, 9, 200, 0, 0]);
        f.extend(blocks.concat());
        f.push(b';');
        f
    }

    fn read(bytes: &[u8]) -> Result<(ImageInfo, Vec<u8>)> {
        let info = info(bytes, &Limits::default())?;
        let mut out = vec![0; info.bytes()?];
        decode(bytes, &info, &Limits::default(), &mut out)?;
        Ok((info, out))
    }

    #[test]
    fn frames_lie_on_the_canvas() {
        let (info, px) = read(&file(2, 1, &[&frame(1, 2, 1, 0, &[1, 0])])).expect("valid");
        assert_eq!((&info.shape[..], info.frames), (&[1, 3, 3][..], 1));
        assert_eq!(px, [9, 9, 9, 200, 0, 0, 9, 9, 9]);
    }

    #[test]
    fn transparency_gives_alpha_and_frames_are_counted() {
        let control = [b'!', 0xF9, 4, 1, 0, 0, 1, 0];
        let one = frame(0, 2, 1, 0, &[1, 0]);
        let (info, px) = read(&file(2, 1, &[&control, &one, &control, &one])).expect("valid");
        assert_eq!((info.color, info.frames), (Color::Rgba, 2));
        assert_eq!(px, [200, 0, 0, 0, 9, 9, 9, 255]);
    }

    #[test]
    fn interlaced_rows_are_put_in_order() {
        let (_, px) = read(&file(1, 5, &[&frame(0, 1, 5, 0x40, &[1, 1, 0, 0, 1])])).expect("valid");
        let red: Vec<u8> = px.chunks(3).map(|p| u8::from(p[0] == 200)).collect();
        assert_eq!(red, [1, 0, 0, 1, 1]);
    }

    #[test]
    fn every_cut_inside_the_frame_is_damage() {
        let f = file(2, 2, &[&frame(0, 2, 2, 0, &[1, 0, 1, 1])]);
        for cut in 0..f.len() - 4 {
            assert_eq!(read(&f[..cut]).expect_err("cut").kind(), ErrorKind::Image, "{cut}");
        }
        assert!(read(&f[..f.len() - 1]).is_ok(), "only the trailer is missing");
    }

    #[test]
    fn absurd_sizes_are_refused() {
        let small = Limits { max_pixels: 5, ..Limits::default() };
        let f = file(3, 2, &[&frame(0, 2, 2, 0, &[1, 0, 1, 1])]);
        assert_eq!(info(&f, &small).expect_err("limit").kind(), ErrorKind::Limit);
        let f = file(3, 2, &[&frame(0, 0, 2, 0, &[])]);
        assert_eq!(read(&f).expect_err("empty").kind(), ErrorKind::Image);
    }
}
