//! Radiance HDR (`#?RADIANCE`, `#?RGBE`): three mantissas and a shared exponent a pixel.
//!
//! Gives float32 RGB, mantissa x 2^(exponent - 136) and zeros where the exponent is 0: the scaling of
//! Bruce Walter's rgbe.c, which OpenCV and imagecodecs have. Greg Ward adds 0.5 to each mantissa; they
//! and this do not. `EXPOSURE`, `GAMMA` and `COLORCORR` are not applied. Scan lines are flat, or packed
//! in the new or the old way, each as its own begin says. Their order is that of the resolution line: the
//! picture is upright. XYZ colours are refused as `unsupported`.

use super::row::{ByRows, Evidence, More, Row, no_indices};
use super::{Color, ImageInfo};
use crate::dtype::DType;
use crate::error::{Error, Result, quote};
use crate::limits::{Limits, zeros};
use crate::shape::Shape;

/// Lines of other lengths are never packed in the new way.
const PACKED: std::ops::RangeInclusive<usize> = 8..=0x7FFF;
/// A file that names another program is known by its format line, which stands within so many bytes.
const HEAD: usize = 4096;

/// What is known of the format.
pub(super) const ROW: Row = Row {
    name: "hdr",
    extensions: &["hdr", "pic"],
    dtypes: &[DType::Float32],
    colors: &[Color::Rgb],
    sniff,
    evidence: Evidence::Signature,
    info,
    least,
    decode,
    more: More::Nothing,
    rows: ByRows::Never,
    indices: no_indices,
};

/// Whether bytes begin with the name of Radiance or of its pixels, or with another and a format line.
fn sniff(bytes: &[u8]) -> bool {
    let Some(name) = bytes.strip_prefix(b"#?") else { return false };
    let format = || {
        let head = &name[..name.len().min(HEAD)];
        memchr::memmem::find(head, b"\nFORMAT=32-bit_rle_").is_some()
    };
    name.starts_with(b"RADIANCE") || name.starts_with(b"RGBE") || format()
}

/// What the header and the resolution line say.
fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let header = Header::parse(bytes)?;
    limits.check_pixels(header.height.into(), header.width.into())?;
    Ok(ImageInfo::of(
        Shape::image(header.height as usize, header.width as usize, 3),
        DType::Float32,
        Color::Rgb,
    ))
}

/// A scan line is a pixel and a run of it, or more.
fn least(bytes: &[u8], _info: &ImageInfo) -> u64 {
    Header::parse(bytes).map_or(0, |header| {
        let (lines, length) = header.lines();
        lines as u64 * if length == 1 { 4 } else { 8 }
    })
}

/// The pixels, scan line by scan line, each to where it lies in the picture.
fn decode(bytes: &[u8], info: &ImageInfo, _limits: &Limits, out: &mut [u8]) -> Result<()> {
    let header = Header::parse(bytes)?;
    if info.bytes()? != out.len()
        || info.shape[..2] != [header.height as usize, header.width as usize]
    {
        return Err(Error::shape("the buffer does not fit the HDR"));
    }
    let (lines, length) = header.lines();
    let mut line = zeros::<[u8; 4]>(length)?;
    let mut reader = Reader { rest: header.data };
    let pixels = out.as_chunks_mut::<12>().0;
    for y in 0..lines {
        reader.line(&mut line)?;
        for (x, rgbe) in line.iter().enumerate() {
            pixels[header.place(y, x)] = floats(*rgbe);
        }
    }
    Ok(())
}

/// The colours of a pixel as little-endian float32.
fn floats([red, green, blue, exponent]: [u8; 4]) -> [u8; 12] {
    // Down to 2^-135, which is below the normal numbers but still exact.
    let scale = if exponent == 0 { 0.0 } else { 2f64.powi(i32::from(exponent) - 136) };
    let mut out = [0; 12];
    for (place, mantissa) in out.as_chunks_mut().0.iter_mut().zip([red, green, blue]) {
        *place = ((f64::from(mantissa) * scale) as f32).to_le_bytes();
    }
    out
}

/// The way along one axis of the picture.
#[derive(Clone, Copy, PartialEq, Eq)]
struct Axis {
    /// Whether it is the horizontal one.
    horizontal: bool,
    /// Whether it is walked from the right or from the bottom.
    backwards: bool,
    /// Pixels.
    size: u32,
}

/// What stands before the pixels.
struct Header<'a> {
    /// Pixels.
    height: u32,
    /// Pixels.
    width: u32,
    /// Along it the scan lines follow each other.
    major: Axis,
    /// Along it the pixels of a scan line do.
    minor: Axis,
    /// The scan lines.
    data: &'a [u8],
}

impl<'a> Header<'a> {
    /// Reads the lines up to the empty one, and the resolution line after it.
    fn parse(bytes: &'a [u8]) -> Result<Self> {
        let mut rest = bytes;
        let mut format = false;
        next_line(&mut rest)?;
        loop {
            let line = next_line(&mut rest)?.trim_ascii();
            if line.is_empty() {
                break;
            }
            match line.strip_prefix(b"FORMAT=").map(<[u8]>::trim_ascii) {
                Some(b"32-bit_rle_rgbe") => format = true,
                Some(b"32-bit_rle_xyze") => return Err(Error::unsupported("HDR of XYZ colours")),
                Some(other) => {
                    return Err(Error::unsupported(format!("HDR of the format {}", quote(other))));
                }
                None => {}
            }
        }
        if !format {
            return Err(Error::image("HDR without a FORMAT line"));
        }
        let line = next_line(&mut rest)?;
        let Some((major, minor)) = resolution(line) else {
            return Err(Error::image(format!("HDR resolution {}", quote(line))));
        };
        let (across, down) = if major.horizontal { (major, minor) } else { (minor, major) };
        Ok(Self { height: down.size, width: across.size, major, minor, data: rest })
    }

    /// The number of scan lines, and of pixels in each.
    fn lines(&self) -> (usize, usize) {
        (self.major.size as usize, self.minor.size as usize)
    }

    /// The number of a pixel in the picture, by those of its scan line and of itself in that.
    fn place(&self, line: usize, pixel: usize) -> usize {
        let along = |axis: Axis, n: usize| match axis.backwards {
            true => axis.size as usize - 1 - n,
            false => n,
        };
        let (major, minor) = (along(self.major, line), along(self.minor, pixel));
        let (y, x) = if self.major.horizontal { (minor, major) } else { (major, minor) };
        y * self.width as usize + x
    }
}

/// The next line, without its end.
fn next_line<'a>(rest: &mut &'a [u8]) -> Result<&'a [u8]> {
    let end = memchr::memchr(b'\n', rest).ok_or_else(cut)?;
    let line = &rest[..end];
    *rest = &rest[end + 1..];
    Ok(line)
}

/// Both axes of a line like `-Y 480 +X 640`. Up and right are positive.
fn resolution(line: &[u8]) -> Option<(Axis, Axis)> {
    let mut words = std::str::from_utf8(line).ok()?.split_ascii_whitespace();
    let mut axis = || {
        let (horizontal, backwards) = match words.next()? {
            "+X" => (true, false),
            "-X" => (true, true),
            "-Y" => (false, false),
            "+Y" => (false, true),
            _ => return None,
        };
        let size = words.next().filter(|word| !word.starts_with('+'))?.parse().ok()?;
        (size > 0).then_some(Axis { horizontal, backwards, size })
    };
    let (major, minor) = (axis()?, axis()?);
    (words.next().is_none() && major.horizontal != minor.horizontal).then_some((major, minor))
}

/// Reads scan lines.
struct Reader<'a> {
    /// What was not read yet.
    rest: &'a [u8],
}

impl<'a> Reader<'a> {
    /// Takes so many bytes.
    fn take(&mut self, count: usize) -> Result<&'a [u8]> {
        let (taken, rest) = self.rest.split_at_checked(count).ok_or_else(cut)?;
        self.rest = rest;
        Ok(taken)
    }

    /// The next scan line.
    fn line(&mut self, line: &mut [[u8; 4]]) -> Result<()> {
        match *self.rest {
            [2, 2, high @ 0..=127, low, ..] if PACKED.contains(&line.len()) => {
                if usize::from(high) << 8 | usize::from(low) != line.len() {
                    return Err(Error::image("HDR scan line of another length"));
                }
                self.take(4)?;
                (0..4).try_for_each(|channel| self.packed(line, channel))
            }
            _ => self.flat(line),
        }
    }

    /// One channel of a scan line in the new way: runs of up to 127, and up to 128 bytes as they are.
    fn packed(&mut self, line: &mut [[u8; 4]], channel: usize) -> Result<()> {
        let mut done = 0;
        while done < line.len() {
            let code = usize::from(self.take(1)?[0]);
            let (count, bytes) = match code {
                129.. => (code - 128, self.take(1)?),
                _ => (code, self.take(code)?),
            };
            if count == 0 || count > line.len() - done {
                return Err(Error::image("damaged HDR scan line"));
            }
            for (pixel, byte) in line[done..done + count].iter_mut().zip(bytes.iter().cycle()) {
                pixel[channel] = *byte;
            }
            done += count;
        }
        Ok(())
    }

    /// A scan line of pixels, where one of three ones says how often the last is repeated; of several such
    /// in a row the later ones are the higher bytes of the number.
    fn flat(&mut self, line: &mut [[u8; 4]]) -> Result<()> {
        let (mut done, mut shift) = (0, 0);
        while done < line.len() {
            let pixel = self.take(4)?;
            if let [1, 1, 1, count] = *pixel {
                let left = line.len() - done;
                let count = usize::from(count).checked_shl(shift).filter(|count| *count <= left);
                let (Some(count), Some(before)) = (count, done.checked_sub(1)) else {
                    return Err(Error::image("damaged HDR scan line"));
                };
                let last = line[before];
                line[done..done + count].fill(last);
                (done, shift) = (done + count, shift + 8);
            } else {
                line[done].copy_from_slice(pixel);
                (done, shift) = (done + 1, 0);
            }
        }
        Ok(())
    }
}

/// Of data that end before they should.
fn cut() -> Error {
    Error::image("HDR data is cut short")
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::format::damage::flipped;

    fn read(bytes: &[u8]) -> Result<(ImageInfo, Vec<f32>)> {
        let info = info(bytes, &Limits::default())?;
        let mut out = vec![0xA5; info.bytes()?];
        decode(bytes, &info, &Limits::default(), &mut out)?;
        Ok((info, out.as_chunks().0.iter().map(|b| f32::from_le_bytes(*b)).collect()))
    }

    fn file(size: &str, data: &[u8]) -> Vec<u8> {
        let head = format!("#?RADIANCE\n# c\nEXPOSURE=3\nFORMAT=32-bit_rle_rgbe\n\n{size}\n");
        [head.as_bytes(), data].concat()
    }

    /// The first colour of each pixel of three rows, of two pixels each, under a resolution line.
    fn turned(size: &str) -> Vec<f32> {
        let data: Vec<u8> = (1..=6).flat_map(|red| [red, 0, 0, 136]).collect();
        read(&file(size, &data)).expect(size).1.into_iter().step_by(3).collect()
    }

    #[test]
    fn mantissas_and_exponents() {
        let data = [128, 64, 1, 129, 255, 9, 0, 0, 255, 255, 255, 255, 1, 2, 3, 1];
        let (info, px) = read(&file("-Y 1 +X 4", &data)).expect("valid");
        assert_eq!((&info.shape[..], info.color), (&[1, 4, 3][..], Color::Rgb));
        assert_eq!(px[..6], [1.0, 0.5, 1.0 / 128.0, 0.0, 0.0, 0.0]);
        assert_eq!(px[6], 255.0 * 2f32.powi(119));
        assert_eq!(
            px[9..].iter().map(|p| p.to_bits()).collect::<Vec<_>>(),
            [1 << 14, 2 << 14, 3 << 14]
        );
    }

    #[test]
    fn scan_lines_lie_as_the_resolution_says() {
        assert_eq!(turned("-Y 3 +X 2"), [1., 2., 3., 4., 5., 6.]);
        assert_eq!(turned("-Y 3 -X 2"), [2., 1., 4., 3., 6., 5.]);
        assert_eq!(turned("+Y 3 +X 2"), [5., 6., 3., 4., 1., 2.]);
        assert_eq!(turned("+Y 3 -X 2"), [6., 5., 4., 3., 2., 1.]);
        assert_eq!(turned("+X 3 -Y 2"), [1., 3., 5., 2., 4., 6.]);
        assert_eq!(turned("-X 3 -Y 2"), [5., 3., 1., 6., 4., 2.]);
        assert_eq!(turned("+X 3 +Y 2"), [2., 4., 6., 1., 3., 5.]);
        assert_eq!(turned("-X 3 +Y 2"), [6., 4., 2., 5., 3., 1.]);
    }

    #[test]
    fn old_runs() {
        let long = [[9, 9, 9, 136], [1, 1, 1, 3], [1, 1, 1, 1], [8, 8, 8, 136]].concat();
        let (_, px) = read(&file("-Y 1 +X 261", &long)).expect("valid");
        assert!(px[..780].iter().all(|p| *p == 9.0) && px[780..] == [8.0; 3]);
        for wrong in [[[1, 1, 1, 3], [9, 9, 9, 9]], [[9, 9, 9, 9], [1, 1, 1, 4]]] {
            let wrong = read(&file("-Y 1 +X 4", &wrong.concat())).expect_err("a run");
            assert_eq!(wrong.kind(), ErrorKind::Image);
        }
        let endless = [[9, 9, 9, 9], [1, 1, 1, 0], [1, 1, 1, 0]].concat();
        assert_eq!(read(&file("-Y 1 +X 4", &endless)).expect_err("cut").kind(), ErrorKind::Image);
    }

    /// A line of the new kind, then a flat one.
    fn mixed() -> Vec<u8> {
        let packed =
            [2, 2, 0, 8, 136, 7, 8, 0, 1, 2, 3, 4, 5, 6, 7, 131, 1, 5, 2, 3, 4, 5, 6, 136, 136];
        let flat: Vec<u8> = (0..8).flat_map(|x| [x, 2, 3, 136]).collect();
        file("-Y 2 +X 8", &[&packed[..], &flat].concat())
    }

    #[test]
    fn packed_lines() {
        let (_, px) = read(&mixed()).expect("valid");
        assert_eq!(px[..9], [7., 0., 1., 7., 1., 1., 7., 2., 1.]);
        assert_eq!(px[21..27], [7., 7., 6., 0., 2., 3.]);
    }

    #[test]
    fn every_cut_is_damage_and_no_bit_panics() {
        let whole = mixed();
        for end in 0..whole.len() {
            assert_eq!(read(&whole[..end]).expect_err("cut").kind(), ErrorKind::Image, "{end}");
        }
        for bad in flipped(&whole, 0..whole.len() * 8) {
            let _ = read(&bad);
        }
    }

    #[test]
    fn absurd_headers_are_refused() {
        let kind = |bytes: &[u8]| read(bytes).expect_err("absurd").kind();
        assert_eq!(kind(&file("-Y 4294967295 +X 4294967295", b"")), ErrorKind::Limit);
        for size in ["-Y 0 +X 1", "-Y 1", "-Y 1 +Y 1", "-Y -1 +X 1", "-Y 1 +X 1 x", "Y 1 X 1"] {
            assert_eq!(kind(&file(size, &[9; 99])), ErrorKind::Image, "{size}");
        }
        assert_eq!(kind(b"#?RGBE\n\n-Y 1 +X 1\n1234"), ErrorKind::Image);
        let xyz = b"#?RGBE\nFORMAT=32-bit_rle_xyze\n\n-Y 1 +X 1\n1234";
        assert_eq!(kind(xyz), ErrorKind::Unsupported);
        assert!(sniff(xyz) && sniff(b"#?other 1\nFORMAT=32-bit_rle_rgbe\n\n"));
        assert!(!sniff(b"#?php\necho 1;\n") && !sniff(b"#!RADIANCE"));
    }
}
