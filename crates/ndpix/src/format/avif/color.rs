//! From luma and colour differences to red, green and blue, to the bit as libavif does it.
//!
//! Takes the [`Frame`] of colours and that of alpha; fills the caller's buffer. For 8 bits and the usual
//! matrices libavif calls libyuv, whose fixed-point arithmetic is in [`Fixed`]; for all else it computes in
//! 32-bit floats, which is in `float.rs`. Luma alone gives gray. Multiplied colours are divided again.

use super::float::{Float, level};
use super::frame::{Frame, Layout};
use super::property::Signal;
use crate::error::{Error, Result};

/// Fills `out` with the picture: gray or colours, with alpha where there is some, in bytes, or in 16-bit
/// numbers where it is deeper. `divide`: whether colours are stored multiplied with alpha.
pub(super) fn write(
    color: &Frame,
    alpha: Option<&Frame>,
    signal: Signal,
    divide: bool,
    out: &mut [u8],
) -> Result<()> {
    let channels = if color.layout == Layout::Gray { 1 } else { 3 } + usize::from(alpha.is_some());
    let stride = color.width * channels * if color.depth == 8 { 1 } else { 2 };
    let shape = |frame: &Frame| (frame.width, frame.height, frame.depth);
    let fits = alpha.is_none_or(|alpha| shape(alpha) == shape(color));
    if !fits || stride == 0 || out.len() != stride * color.height {
        return Err(Error::shape("the buffer does not fit the AVIF"));
    }
    let rows = out.chunks_exact_mut(stride).enumerate();
    if color.depth == 8 {
        let table = alpha.map(|alpha| table::<u8>(alpha.signal, 8));
        let mut painter = Painter::new(color, signal, divide && alpha.is_some())?;
        for (y, out) in rows {
            let alpha =
                alpha.zip(table.as_deref()).map(|(alpha, table)| (alpha.row::<u8>(0, y), table));
            painter.bytes(y, alpha, out);
        }
    } else {
        let table = alpha.map(|alpha| table::<u16>(alpha.signal, alpha.depth));
        let float = Float::new(color, signal)?;
        for (y, out) in rows {
            let alpha =
                alpha.zip(table.as_deref()).map(|(alpha, table)| (alpha.row::<u16>(0, y), table));
            words(color, &float, y, alpha, divide, out);
        }
    }
    Ok(())
}

/// What alpha samples mean: themselves, or stretched where black is not 0.
fn table<T: TryFrom<u16> + Default>(signal: Signal, depth: u8) -> Vec<T> {
    let number = |sample: u16| if signal.full { sample } else { stretch(sample, depth) };
    (0..1u16 << depth).map(|sample| T::try_from(number(sample)).unwrap_or_default()).collect()
}

/// From the range of 16 to 235, in that depth, to the whole range.
fn stretch(sample: u16, depth: u8) -> u16 {
    let scale = 1 << (depth - 8);
    let (black, range, white) = (16 * scale, 219 * scale, (1 << depth) - 1);
    let stretched = ((i32::from(sample) - black) * white + range / 2) / range;
    stretched.clamp(0, white) as u16
}

/// A row of alpha samples and what each of them means.
type Alpha<'a, T> = Option<(&'a [T], &'a [T])>;

/// How a picture of 8 bits becomes pixels.
enum Paint<'a> {
    /// The gray of each luma.
    Gray(Vec<u8>),
    /// Samples that are green, blue and red themselves.
    Plain,
    /// By libyuv's arithmetic, with two rows of room for colour differences.
    Fixed(Fixed, [Vec<u8>; 2]),
    /// In floats.
    Float(Float<'a>),
}

/// What fills rows of pixels of 8 bits.
struct Painter<'a> {
    color: &'a Frame,
    paint: Paint<'a>,
    divide: bool,
}

impl<'a> Painter<'a> {
    /// For a frame whose numbers mean that; `divide`: multiplied colours are divided by alpha.
    fn new(color: &'a Frame, signal: Signal, divide: bool) -> Result<Self> {
        let paint = if color.layout == Layout::Gray && !divide {
            let float = Float::new(color, signal)?;
            Paint::Gray((0..=255).map(|luma| level(float.luma(luma), 255.0) as u8).collect())
        } else if signal.matrix == 0 && signal.full && color.layout == Layout::Yuv444 {
            Paint::Plain
        } else if let (true, Some(fixed)) = (color.layout != Layout::Gray, Fixed::of(signal)) {
            let room = crate::limits::zeros(color.width)?;
            Paint::Fixed(fixed, [room.clone(), room])
        } else {
            Paint::Float(Float::new(color, signal)?)
        };
        Ok(Self { color, paint, divide })
    }

    /// Fills a row.
    fn bytes(&mut self, y: usize, alpha: Alpha<'_, u8>, out: &mut [u8]) {
        let color = self.color;
        let step = out.len() / color.width;
        let pixels = out.chunks_exact_mut(step).enumerate();
        match &mut self.paint {
            Paint::Gray(levels) => {
                let luma = color.row::<u8>(0, y);
                pixels.for_each(|(x, out)| out[0] = levels[usize::from(luma[x])]);
            }
            Paint::Plain => {
                let [green, blue, red] = [0, 1, 2].map(|index| color.row::<u8>(index, y));
                pixels.for_each(|(x, out)| out[..3].copy_from_slice(&[red[x], green[x], blue[x]]));
            }
            Paint::Fixed(fixed, room) => {
                let luma = color.row::<u8>(0, y);
                let [u, v] = room;
                if color.layout == Layout::Yuv444 {
                    let (u, v) = (color.row::<u8>(1, y), color.row::<u8>(2, y));
                    pixels.for_each(|(x, out)| fixed.pixel(luma[x], u[x], v[x], out));
                } else {
                    spread(color, 1, y, u);
                    spread(color, 2, y, v);
                    pixels.for_each(|(x, out)| fixed.pixel(luma[x], u[x], v[x], out));
                }
            }
            Paint::Float(float) => {
                let alpha = alpha.filter(|_| self.divide);
                for (x, out) in pixels {
                    let alpha =
                        alpha.map(|(row, table)| f32::from(table[usize::from(row[x])]) / 255.0);
                    let rgb = float.pixel::<u8>(x, y, alpha.filter(|_| !float.whole()));
                    out.iter_mut().zip(rgb).for_each(|(out, one)| *out = level(one, 255.0) as u8);
                }
            }
        }
        let Some((row, table)) = alpha else { return };
        let divides = self.divide && !matches!(&self.paint, Paint::Float(float) if !float.whole());
        for (out, &sample) in out.chunks_exact_mut(step).zip(row) {
            let alpha = table[usize::from(sample)];
            out[step - 1] = alpha;
            if divides {
                out[..3].iter_mut().for_each(|one| *one = divided_fixed(*one, alpha));
            }
        }
    }
}

/// Fills a row of 16-bit numbers, little-endian.
fn words(
    color: &Frame,
    float: &Float<'_>,
    y: usize,
    alpha: Alpha<'_, u16>,
    divide: bool,
    out: &mut [u8],
) {
    let most = (1u16 << color.depth) - 1;
    let gray = color.layout == Layout::Gray;
    let size = out.len() / color.width;
    for (x, out) in out.chunks_exact_mut(size).enumerate() {
        let alpha = alpha.map(|(row, table)| table[usize::from(row[x].min(most))]);
        let early = alpha.filter(|_| divide && !float.whole());
        let early = early.map(|alpha| f32::from(alpha) / f32::from(most));
        let mut pixel = float.pixel::<u16>(x, y, early).map(|one| level(one, most.into()));
        if let Some(alpha) = alpha.filter(|_| divide && float.whole()) {
            pixel = pixel.map(|one| divided(one, alpha, most));
        }
        let colors = &pixel[..if gray { 1 } else { 3 }];
        let all = colors.iter().copied().chain(alpha);
        for (out, number) in out.as_chunks_mut::<2>().0.iter_mut().zip(all) {
            *out = number.to_le_bytes();
        }
    }
}

/// A colour divided by alpha, rounded, as libavif does it.
fn divided(color: u16, alpha: u16, most: u16) -> u16 {
    match alpha {
        0 => 0,
        alpha if alpha >= most => color,
        alpha => {
            let quotient = f32::from(color) * f32::from(most) / f32::from(alpha);
            (quotient + 0.5).floor().min(f32::from(most)) as u16
        }
    }
}

/// The same as libyuv does it: times a reciprocal in fixed point.
fn divided_fixed(color: u8, alpha: u8) -> u8 {
    let inverse = match alpha {
        0 => 0,
        1 => 0xFFFF,
        255 => 0x100,
        alpha => 0x1_0000 / u32::from(alpha),
    };
    ((u32::from(color) * 0x0101 * inverse) >> 16).min(255) as u8
}

/// A row of colour differences for each pixel, from those that two or four pixels share: weights 3 and 1
/// of the nearest and the next, across and down; at the ends of a row the nearest alone.
fn spread(frame: &Frame, index: usize, y: usize, out: &mut [u8]) {
    let (samples, width) = frame.plane::<u8>(index);
    let rows = samples.len() / width;
    let (near, next) = match frame.layout {
        Layout::Yuv420 if y % 2 == 1 => (y / 2, (y / 2 + 1).min(rows - 1)),
        Layout::Yuv420 => (y / 2, (y / 2).saturating_sub(1)),
        _ => (y, y),
    };
    let [near, next] = [near, next].map(|row| &samples[row * width..][..width]);
    // Of a column: thrice the near row and once the next.
    let column = |x: usize| 3 * u16::from(near[x]) + u16::from(next[x]);
    let last = out.len() - 1;
    out[0] = ((column(0) + 2) >> 2) as u8;
    let inner = out[1..].as_chunks_mut::<2>().0;
    for (x, pair) in inner.iter_mut().enumerate() {
        let Some(after) = (x + 1 < width).then(|| column(x + 1)) else { break };
        let before = column(x);
        *pair = [((3 * before + after + 8) >> 4) as u8, ((before + 3 * after + 8) >> 4) as u8];
    }
    out[last] = ((column(last / 2) + 2) >> 2) as u8;
}

/// The fixed-point arithmetic of libyuv: colours in 64ths, from luma, and from differences less 128.
struct Fixed {
    luma: u32,
    bias: i32,
    blue_u: i32,
    green_u: i32,
    green_v: i32,
    red_v: i32,
}

impl Fixed {
    /// The numbers of a matrix, where libyuv has them.
    fn of(signal: Signal) -> Option<Self> {
        let matrix = match (signal.matrix, signal.primaries) {
            (12, 1 | 2) => 1,
            (12, 5 | 6) => 6,
            (12, 9) => 9,
            (matrix, _) => matrix,
        };
        let [luma, bias, blue_u, green_u, green_v, red_v] = match (matrix, signal.full) {
            (1, true) => [16320, 32, 119, 12, 30, 101],
            (2 | 5 | 6, true) => [16320, 32, 113, 22, 46, 90],
            (9, true) => [16320, 32, 120, 11, 37, 94],
            (1, false) => [18997, -1160, 128, 14, 34, 115],
            (2 | 5 | 6, false) => [18997, -1160, 128, 25, 52, 102],
            (9, false) => [19003, -1160, 128, 12, 42, 107],
            _ => return None,
        };
        Some(Self { luma: luma as u32, bias, blue_u, green_u, green_v, red_v })
    }

    /// One pixel: red, green and blue.
    fn pixel(&self, y: u8, u: u8, v: u8, out: &mut [u8]) {
        let y = ((u32::from(y) * 0x0101 * self.luma) >> 16) as i32 + self.bias;
        let (u, v) = (i32::from(u) - 128, i32::from(v) - 128);
        let green = y - (u * self.green_u + v * self.green_v);
        let rgb = [y + v * self.red_v, green, y + u * self.blue_u];
        out.iter_mut().zip(rgb).for_each(|(out, sum)| *out = (sum >> 6).clamp(0, 255) as u8);
    }
}

#[cfg(test)]
mod tests {
    use super::super::frame::tests::frame;
    use super::*;

    fn written(frame: &Frame, signal: Signal) -> Vec<u8> {
        let channels = if frame.layout == Layout::Gray { 1 } else { 3 };
        let mut out =
            vec![7; frame.width * frame.height * channels * if frame.depth == 8 { 1 } else { 2 }];
        write(frame, None, signal, false, &mut out).expect("fits");
        out
    }

    const FULL: Signal = Signal { primaries: 1, matrix: 6, full: true };

    #[test]
    fn gray_is_stretched_where_black_is_not_0() {
        let gray = frame(Layout::Gray, 8, (3, 1), [&[16, 126, 240], &[], &[]]);
        assert_eq!(written(&gray, FULL), [16, 126, 240]);
        assert_eq!(written(&gray, Signal { full: false, ..FULL }), [0, 128, 255]);
        let deep = frame(Layout::Gray, 10, (2, 1), [&[1023, 512], &[], &[]]);
        assert_eq!(written(&deep, FULL), [255, 3, 0, 2]);
    }

    #[test]
    fn differences_are_spread() {
        let picture =
            frame(Layout::Yuv420, 8, (5, 3), [&[0; 15], &[0, 100, 200, 40, 80, 120], &[0; 6]]);
        let row = |y| {
            let mut out = [9; 5];
            spread(&picture, 1, y, &mut out);
            out
        };
        assert_eq!(row(0), [0, 25, 75, 125, 200]);
        assert_eq!(row(1), [10, 31, 74, 116, 180]);
        assert_eq!(row(2), [30, 44, 71, 99, 140]);
        let one = frame(Layout::Yuv420, 8, (1, 1), [&[0], &[77], &[0]]);
        let mut out = [9];
        spread(&one, 1, 0, &mut out);
        assert_eq!(out, [77]);
    }

    #[test]
    fn green_blue_and_red_as_they_are() {
        let plain = frame(Layout::Yuv444, 8, (1, 1), [&[2], &[3], &[1]]);
        assert_eq!(written(&plain, Signal { matrix: 0, ..FULL }), [1, 2, 3]);
    }

    #[test]
    fn multiplied_colours_are_divided() {
        assert_eq!(
            [divided_fixed(64, 128), divided_fixed(9, 255), divided_fixed(9, 0)],
            [128, 9, 0]
        );
        assert_eq!([divided(64, 128, 255), divided(9, 255, 255), divided(9, 0, 255)], [128, 9, 0]);
        assert_eq!(divided(200, 100, 1023), 1023);
        assert_eq!([stretch(64, 10), stretch(940, 10), stretch(1000, 10)], [0, 1023, 1023]);
    }

    #[test]
    fn buffers_must_fit() {
        let gray = frame(Layout::Gray, 8, (3, 1), [&[16, 126, 240], &[], &[]]);
        assert!(write(&gray, None, FULL, false, &mut [0; 4]).is_err());
        assert!(write(&gray, Some(&gray), FULL, false, &mut [0; 6]).is_ok());
    }
}
