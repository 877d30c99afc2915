//! The frames of an APNG in order, each as it lies on the canvas: what Pillow's `seek` shows.
//!
//! A frame's data become a PNG of its own for the codec, with the palette and the key of the file.
//! `over` is Pillow's paste with the frame's alpha as mask, each channel (alpha too) by itself:
//! `(in * a + out * (max - a)) / max`, rounded; it is done in the expanded colours and in the depth of the
//! file. Disposal as in the APNG specification; cleared pixels are what a stored 0 is. A default
//! image that is not part of the animation is frame 0, and the first of the animation is drawn on it.

use super::{Chunk, Chunks, SIGNATURE, check, decode};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::format::row::Film;
use crate::format::{Color, ImageInfo};
use crate::limits::{Limits, zeros};
use crate::shape::Shape;

/// Refuses a file with fewer frames than it says.
pub(super) fn check_frames(bytes: &[u8], info: &ImageInfo) -> Result<()> {
    let chunks = Chunks(bytes.get(SIGNATURE.len()..).unwrap_or_default());
    let (mut controls, mut before) = (0u32, 0);
    for chunk in chunks.take_while(|c| c.name != b"IEND") {
        controls += u32::from(chunk.name == b"fcTL");
        if chunk.name == b"IDAT" && controls == 0 {
            before = 1;
        }
    }
    if info.frames > 1 && controls + before < info.frames {
        Err(Error::image(format!(
            "truncated PNG: it says {} frames and holds {}",
            info.frames,
            controls + before
        )))
    } else {
        Ok(())
    }
}

/// An APNG that is being played.
pub(super) struct PngFilm<'a> {
    bytes: &'a [u8],
    limits: Limits,
    info: ImageInfo,
    ihdr: &'a [u8],
    /// Palette and transparency key, which every frame needs.
    colors: Vec<(&'a [u8; 4], &'a [u8])>,
    /// From the image data of the frame that was last drawn on.
    chunks: Chunks<'a>,
    sequence: u32,
    control: Option<Control>,
    canvas: Vec<u8>,
    /// What was in the place of a frame that leaves no trace.
    before: Option<Vec<u8>>,
    drawn: u32,
}

/// What an fcTL chunk says.
#[derive(Clone, Copy)]
struct Control {
    left: usize,
    top: usize,
    width: usize,
    height: usize,
    dispose: u8,
    over: bool,
}

const CLEAR: u8 = 1;
const PUT_BACK: u8 = 2;

impl<'a> PngFilm<'a> {
    /// Before the first frame. `info` is that of the file, whose canvas is allocated here.
    pub(super) fn open(bytes: &'a [u8], info: &ImageInfo, limits: &Limits) -> Result<Self> {
        let mut film = Self {
            bytes,
            limits: *limits,
            info: *info,
            ihdr: &[],
            colors: Vec::new(),
            chunks: Chunks(bytes.get(SIGNATURE.len()..).unwrap_or_default()),
            sequence: 0,
            control: None,
            canvas: zeros(info.bytes()?)?,
            before: None,
            drawn: 0,
        };
        loop {
            let here = film.chunks.0;
            let chunk = film.chunks.next().ok_or_else(cut)?;
            match chunk.name {
                b"IHDR" => film.ihdr = chunk.data,
                b"PLTE" | b"tRNS" => film.colors.push((chunk.name, chunk.data)),
                b"fcTL" => film.control = Some(film.control(&chunk)?),
                b"IDAT" => {
                    film.chunks = Chunks(here);
                    return Ok(film);
                }
                _ => {}
            }
        }
    }

    fn later(&mut self) -> Result<()> {
        self.dispose();
        let control = loop {
            let chunk = self.chunks.next().filter(|c| c.name != b"IEND").ok_or_else(cut)?;
            if chunk.name == b"fcTL" {
                break self.control(&chunk)?;
            }
        };
        let pixels = self.frame(&control)?;
        self.before = (control.dispose == PUT_BACK)
            .then(|| rows(&control, self.width(), self.pixel(), &self.canvas).collect::<Vec<_>>())
            .map(|rows| rows.concat());
        self.draw(&control, &pixels);
        self.control = Some(control);
        Ok(())
    }

    /// The pixels of a frame alone, whose data follow.
    fn frame(&mut self, control: &Control) -> Result<Vec<u8>> {
        let mut file = SIGNATURE.to_vec();
        let mut ihdr = self.ihdr.to_vec();
        for (at, side) in [(0, control.width), (4, control.height)] {
            let place = ihdr.get_mut(at..at + 4).ok_or_else(cut)?;
            place.copy_from_slice(&(side as u32).to_be_bytes());
        }
        put(&mut file, b"IHDR", &ihdr)?;
        for (name, data) in &self.colors {
            put(&mut file, name, data)?;
        }
        let mut found = false;
        loop {
            let here = self.chunks.0;
            match self.chunks.next() {
                Some(Chunk { name: b"fdAT", data, .. }) => {
                    let (raw, data) = data.split_first_chunk().ok_or_else(cut)?;
                    self.follow(u32::from_be_bytes(*raw))?;
                    put(&mut file, b"IDAT", data)?;
                    found = true;
                }
                Some(Chunk { name: b"fcTL" | b"IEND", .. }) | None => {
                    self.chunks = Chunks(here);
                    break;
                }
                Some(_) => {}
            }
        }
        if !found {
            return Err(cut());
        }
        put(&mut file, b"IEND", &[])?;
        let channels = self.info.shape.get(2).copied().unwrap_or(1);
        let shape = Shape::image(control.height, control.width, channels);
        let info = ImageInfo { shape, ..self.info };
        let mut pixels = vec![0; info.bytes()?];
        decode(&file, &info, &self.limits, &mut pixels)?;
        Ok(pixels)
    }

    fn control(&mut self, chunk: &Chunk<'_>) -> Result<Control> {
        check(chunk.name, chunk.data, chunk.crc)?;
        let number = |at: usize| chunk.data.get(at..at + 4).and_then(|raw| raw.try_into().ok());
        let number = |at: usize| number(at).map(u32::from_be_bytes).ok_or_else(cut);
        self.follow(number(0)?)?;
        let side = |at: usize| Ok::<_, Error>(number(at)? as usize);
        let (width, height, left, top) = (side(4)?, side(8)?, side(12)?, side(16)?);
        // Between them stands how long the frame is shown.
        let Some(&[dispose, blend]) = chunk.data.get(24..) else { return Err(cut()) };
        let inside = |at: usize, len: usize, all: usize| {
            len > 0 && at.checked_add(len).is_some_and(|end| end <= all)
        };
        if inside(left, width, self.width()) && inside(top, height, self.info.shape[0]) {
            Ok(Control { left, top, width, height, dispose, over: blend == 1 })
        } else {
            Err(Error::image("damaged PNG: a frame outside its canvas"))
        }
    }

    /// Chunks of an animation are numbered; one that is missing would shift the others.
    fn follow(&mut self, sequence: u32) -> Result<()> {
        if sequence != self.sequence {
            return Err(Error::image(format!(
                "damaged PNG: part {sequence} of the animation where {} was expected",
                self.sequence
            )));
        }
        self.sequence = self.sequence.wrapping_add(1);
        Ok(())
    }

    fn width(&self) -> usize {
        self.info.shape[1]
    }

    /// Bytes of a pixel.
    fn pixel(&self) -> usize {
        self.info.shape.get(2).copied().unwrap_or(1) * self.info.dtype.size()
    }

    fn has_alpha(&self) -> bool {
        matches!(self.info.color, Color::GrayAlpha | Color::Rgba)
    }

    fn dispose(&mut self) {
        let Some(control) = self.control else { return };
        let (width, pixel) = (self.width(), self.pixel());
        let before = self.before.take();
        let cleared = self.cleared();
        let len = control.width * pixel;
        for (y, row) in rows_mut(&control, width, pixel, &mut self.canvas).enumerate() {
            match (control.dispose, &before) {
                (CLEAR, _) => {
                    row.chunks_exact_mut(pixel).for_each(|p| p.copy_from_slice(&cleared[..pixel]));
                }
                (PUT_BACK, Some(before)) => row.copy_from_slice(&before[y * len..][..len]),
                _ => {}
            }
        }
    }

    /// The pixel that is stored as 0.
    fn cleared(&self) -> [u8; 8] {
        let mut pixel = [0; 8];
        let chunk = |name: &[u8; 4]| self.colors.iter().find(|c| c.0 == name).map(|c| c.1);
        let indexed = self.ihdr.get(9) == Some(&3);
        if indexed && let Some(&[r, g, b, ..]) = chunk(b"PLTE") {
            pixel[..3].copy_from_slice(&[r, g, b]);
        }
        // Where the codec ignores the chunk, so must this.
        let keyed = self.has_alpha() && matches!(self.ihdr.get(9), Some(0 | 2 | 3));
        if keyed && let Some(key) = chunk(b"tRNS") {
            let alpha = match indexed {
                true => key.first().copied().unwrap_or(255),
                false if key.iter().all(|b| *b == 0) => 0,
                false => 255,
            };
            let end = self.pixel();
            pixel[end - self.info.dtype.size()..end].fill(alpha);
        }
        pixel
    }

    fn draw(&mut self, control: &Control, pixels: &[u8]) {
        let (width, pixel) = (self.width(), self.pixel());
        let mix = control.over && self.has_alpha();
        let deep = self.info.dtype == DType::Uint16;
        let lines = pixels.chunks_exact(control.width * pixel);
        for (row, line) in rows_mut(control, width, pixel, &mut self.canvas).zip(lines) {
            if !mix {
                row.copy_from_slice(line);
                continue;
            }
            for (out, from) in row.chunks_exact_mut(pixel).zip(line.chunks_exact(pixel)) {
                if deep { over_deep(out, from) } else { over(out, from) }
            }
        }
    }
}

impl Film for PngFilm<'_> {
    fn draw(&mut self) -> Result<()> {
        match self.drawn {
            0 => {
                decode(self.bytes, &self.info, &self.limits, &mut self.canvas)?;
                // There is nothing to put back yet.
                if let Some(control) = self.control.as_mut().filter(|c| c.dispose == PUT_BACK) {
                    control.dispose = CLEAR;
                }
            }
            _ => self.later()?,
        }
        self.drawn += 1;
        Ok(())
    }

    fn show(&self, out: &mut [u8]) {
        out.copy_from_slice(&self.canvas);
    }
}

/// One pixel of 8 bits, alpha last, over another.
fn over(out: &mut [u8], from: &[u8]) {
    let a = u32::from(from.last().copied().unwrap_or(255));
    for (o, &i) in out.iter_mut().zip(from) {
        *o = ((u32::from(i) * a + u32::from(*o) * (255 - a) + 127) / 255) as u8;
    }
}

/// As [`over`] for 16 bits.
fn over_deep(out: &mut [u8], from: &[u8]) {
    let (out, from) = (out.as_chunks_mut::<2>().0, from.as_chunks::<2>().0);
    let value = |raw: &[u8; 2]| u64::from(u16::from_le_bytes(*raw));
    let a = from.last().map_or(65_535, value);
    for (o, i) in out.iter_mut().zip(from) {
        let mixed = (value(i) * a + value(o) * (65_535 - a) + 32_767) / 65_535;
        *o = (mixed as u16).to_le_bytes();
    }
}

/// The rows of a frame's place on a canvas.
fn rows<'c>(
    place: &Control,
    width: usize,
    pixel: usize,
    canvas: &'c [u8],
) -> impl Iterator<Item = &'c [u8]> {
    let (start, len) = (place.left * pixel, place.width * pixel);
    let rows = canvas.chunks_exact(width * pixel).skip(place.top).take(place.height);
    rows.map(move |row| &row[start..start + len])
}

/// As [`rows`], to be drawn on.
fn rows_mut<'c>(
    place: &Control,
    width: usize,
    pixel: usize,
    canvas: &'c mut [u8],
) -> impl Iterator<Item = &'c mut [u8]> {
    let (start, len) = (place.left * pixel, place.width * pixel);
    let rows = canvas.chunks_exact_mut(width * pixel).skip(place.top).take(place.height);
    rows.map(move |row| &mut row[start..start + len])
}

/// Appends a chunk. Its checksum is left 0: those of the file were looked at, or do not count.
fn put(file: &mut Vec<u8>, name: &[u8; 4], data: &[u8]) -> Result<()> {
    let length = u32::try_from(data.len()).map_err(|_| cut())?;
    file.extend(length.to_be_bytes());
    file.extend(name);
    file.extend(data);
    file.extend([0; 4]);
    Ok(())
}

fn cut() -> Error {
    Error::image("truncated PNG: the file ends inside the animation")
}
