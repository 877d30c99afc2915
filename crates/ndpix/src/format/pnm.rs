//! The Netpbm family: PBM, PGM and PPM (plain and raw, `P1` to `P6`) and PAM (`P7`).
//!
//! Bilevel is 0/255, a maximum under 256 is scaled to 0..255 and a larger one to 0..65535, with
//! the rounding of Pillow. Samples over 255 stay 16 bits in colour too, which Pillow narrows.
//! Only the first picture of a file is read; nothing in the format says how many there are.

use super::row::{ByRows, DecodeIndices, Evidence, More, Row, pixels};
use super::{Color, ImageInfo};
use crate::dtype::DType;
use crate::error::{Error, Result, quote};
use crate::limits::Limits;
use crate::shape::Shape;

pub(super) const ROW: Row = Row {
    name: "pnm",
    extensions: &["pnm", "pbm", "pgm", "ppm", "pam"],
    dtypes: &[DType::Uint8, DType::Uint16],
    colors: &[Color::Gray, Color::GrayAlpha, Color::Rgb, Color::Rgba],
    sniff: |bytes| matches!(bytes, [b'P', b'1'..=b'7', b' ' | b'\t' | b'\n' | b'\r' | b'#', ..]),
    evidence: Evidence::Signature,
    info,
    least,
    decode,
    more: More::Nothing,
    rows: ByRows::Never,
    indices,
};

/// What the header says.
fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let header = Header::parse(bytes)?;
    limits.check_pixels(header.height.into(), header.width.into())?;
    let color = match header.channels {
        1 => Color::Gray,
        2 => Color::GrayAlpha,
        3 => Color::Rgb,
        _ => Color::Rgba,
    };
    Ok(ImageInfo::of(
        Shape::image(header.height as usize, header.width as usize, header.channels),
        if header.max > 255 { DType::Uint16 } else { DType::Uint8 },
        color,
    ))
}

/// All samples; those that are words have white space between them.
fn least(bytes: &[u8], info: &ImageInfo) -> u64 {
    let Ok(header) = Header::parse(bytes) else { return 0 };
    let samples = pixels(info).saturating_mul(header.channels as u64);
    match header.samples {
        Samples::PlainBits => samples,
        Samples::Plain => samples.saturating_mul(2) - 1,
        Samples::Bits => samples / 8,
        Samples::Raw => samples.saturating_mul(if header.max > 255 { 2 } else { 1 }),
    }
}

/// There is no palette; gray whose samples of 8 bits are not what is stored is refused.
fn indices(bytes: &[u8], _limits: &Limits) -> Result<Option<DecodeIndices>> {
    if Header::parse(bytes).is_ok_and(|header| header.max < 255) {
        return Err(Error::shape(
            "a pnm image whose largest sample is not 255 is stretched, so mode P would not keep its labels",
        ));
    }
    Ok(None)
}

/// The samples, scaled to the full range of the dtype.
fn decode(bytes: &[u8], _info: &ImageInfo, _limits: &Limits, out: &mut [u8]) -> Result<()> {
    let Header { width, max, samples, data, .. } = Header::parse(bytes)?;
    let mut data = Scanner { name: "PNM", rest: data };
    match samples {
        Samples::PlainBits => {
            for sample in out {
                *sample = data.bit()?;
            }
        }
        Samples::Plain => {
            let width = if max > 255 { 2 } else { 1 };
            for sample in out.chunks_exact_mut(width) {
                let value = data.number()?;
                if value > max {
                    return Err(Error::image(format!("PNM sample {value} is over {max}")));
                }
                sample.copy_from_slice(&scale(value, max).to_le_bytes()[..width]);
            }
        }
        Samples::Bits => {
            let width = width as usize;
            let stride = width.div_ceil(8);
            for (y, row) in out.chunks_exact_mut(width).enumerate() {
                let bits = data.rest.get(y * stride..(y + 1) * stride);
                let bits = bits.ok_or_else(|| data.cut())?;
                for (x, sample) in row.iter_mut().enumerate() {
                    *sample = if bits[x / 8] << (x % 8) & 0x80 == 0 { 255 } else { 0 };
                }
            }
        }
        Samples::Raw => {
            out.copy_from_slice(data.rest.get(..out.len()).ok_or_else(|| data.cut())?);
            if max > 255 {
                for sample in out.as_chunks_mut().0 {
                    let value = u16::from_be_bytes(*sample);
                    let value = if max == 65535 { value } else { scale(value.into(), max) };
                    *sample = value.to_le_bytes();
                }
            } else if max < 255 {
                let scaled: [u8; 256] = std::array::from_fn(|v| scale(v as u32, max) as u8);
                for sample in out {
                    *sample = scaled[usize::from(*sample)];
                }
            }
        }
    }
    Ok(())
}

/// `value` of `0..=max` on the full scale of the dtype that `max` calls for.
fn scale(value: u32, max: u32) -> u16 {
    let full = if max > 255 { 65535.0 } else { 255.0 };
    // Halves go to the even neighbour, and the division comes first: so Pillow does it.
    (f64::from(value) / f64::from(max) * full).round_ties_even().min(full) as u16
}

/// How the samples are written.
#[derive(Clone, Copy)]
enum Samples {
    /// `0` and `1`, white space optional.
    PlainBits,
    /// Decimal numbers.
    Plain,
    /// Eight pixels to the byte, rows padded.
    Bits,
    /// One byte each, or two in big-endian order.
    Raw,
}

struct Header<'a> {
    width: u32,
    height: u32,
    channels: usize,
    max: u32,
    samples: Samples,
    data: &'a [u8],
}

impl<'a> Header<'a> {
    fn parse(bytes: &'a [u8]) -> Result<Self> {
        let mut scan = Scanner { name: "PNM", rest: bytes.get(2..).unwrap_or_default() };
        let (channels, samples) = match bytes.get(1).unwrap_or(&0) {
            b'1' => (1, Samples::PlainBits),
            b'2' => (1, Samples::Plain),
            b'3' => (3, Samples::Plain),
            b'4' => (1, Samples::Bits),
            b'5' => (1, Samples::Raw),
            b'6' => (3, Samples::Raw),
            b'7' => return Self::parse_pam(scan)?.checked(),
            _ => return Err(Error::unsupported("PNM of an unknown kind")),
        };
        let (width, height) = (scan.number()?, scan.number()?);
        let max = match samples {
            Samples::PlainBits | Samples::Bits => 1,
            Samples::Plain | Samples::Raw => scan.number()?,
        };
        Self { width, height, channels, max, samples, data: scan.rest }.checked()
    }

    /// The header of a PAM: lines of a word and a value.
    fn parse_pam(mut scan: Scanner<'a>) -> Result<Self> {
        let (mut width, mut height, mut channels, mut max) = (0, 0, 0, 0);
        loop {
            match scan.token()? {
                b"WIDTH" => width = scan.number()?,
                b"HEIGHT" => height = scan.number()?,
                b"DEPTH" => channels = scan.number()?,
                b"MAXVAL" => max = scan.number()?,
                b"TUPLTYPE" => {
                    let kind = scan.token()?;
                    if kind.starts_with(b"CMYK") {
                        return Err(Error::unsupported("PAM of CMYK ink"));
                    }
                }
                b"ENDHDR" => break,
                word => {
                    return Err(Error::image(format!("PAM header word {}", quote(word))));
                }
            }
        }
        if channels > 4 {
            return Err(Error::unsupported(format!("PAM of {channels} channels")));
        }
        let channels = channels as usize;
        Ok(Self { width, height, channels, max, samples: Samples::Raw, data: scan.rest })
    }

    fn checked(self) -> Result<Self> {
        if self.width == 0 || self.height == 0 || self.channels == 0 {
            return Err(Error::image(format!("PNM of {} x {} pixels", self.height, self.width)));
        }
        if !(1..=65535).contains(&self.max) {
            return Err(Error::image(format!("PNM with a largest sample of {}", self.max)));
        }
        Ok(self)
    }
}

/// Reads words and numbers between white space and comments.
pub(super) struct Scanner<'a> {
    /// Of the format, in messages.
    pub(super) name: &'static str,
    /// What was not read yet.
    pub(super) rest: &'a [u8],
}

impl<'a> Scanner<'a> {
    /// Passes white space and comments.
    fn skip(&mut self) {
        while let [byte, rest @ ..] = self.rest {
            match byte {
                b'#' => self.skip_comment(),
                _ if is_space(*byte) => self.rest = rest,
                _ => break,
            }
        }
    }

    /// Passes a comment and the end of its line.
    fn skip_comment(&mut self) {
        let end = self.rest.iter().position(|b| matches!(b, b'\n' | b'\r'));
        self.rest = end.and_then(|i| self.rest.get(i + 1..)).unwrap_or_default();
    }

    /// The next word, and the one white space (or comment) that ends it.
    pub(super) fn token(&mut self) -> Result<&'a [u8]> {
        self.skip();
        let ends = |b: &u8| is_space(*b) || *b == b'#';
        let end = self.rest.iter().position(ends).unwrap_or(self.rest.len());
        let (token, rest) = self.rest.split_at(end);
        self.rest = rest;
        match rest.first() {
            _ if token.is_empty() => return Err(self.cut()),
            Some(b'#') => self.skip_comment(),
            Some(_) => self.rest = &rest[1..],
            None => {}
        }
        Ok(token)
    }

    /// The next word as a number without a sign.
    pub(super) fn number(&mut self) -> Result<u32> {
        let token = self.token()?;
        let digits = std::str::from_utf8(token).ok().filter(|t| !t.starts_with('+'));
        digits
            .and_then(|t| t.parse().ok())
            .ok_or_else(|| Error::image(format!("{} number {}", self.name, quote(token))))
    }

    /// The next pixel of a plain bitmap.
    fn bit(&mut self) -> Result<u8> {
        self.skip();
        let (&bit, rest) = self.rest.split_first().ok_or_else(|| self.cut())?;
        self.rest = rest;
        match bit {
            b'0' => Ok(255),
            b'1' => Ok(0),
            _ => Err(Error::image(format!("PNM bit {}", quote(&[bit])))),
        }
    }

    /// The error for data that end before they should.
    pub(super) fn cut(&self) -> Error {
        Error::image(format!("{} data is cut short", self.name))
    }
}

fn is_space(byte: u8) -> bool {
    matches!(byte, b' ' | b'\t'..=b'\r')
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn read(bytes: &[u8]) -> Result<(ImageInfo, Vec<u8>)> {
        let info = info(bytes, &Limits::default())?;
        let mut out = vec![0; info.bytes()?];
        decode(bytes, &info, &Limits::default(), &mut out)?;
        Ok((info, out))
    }

    fn pixels(bytes: &[u8]) -> Vec<u8> {
        read(bytes).expect("valid").1
    }

    #[test]
    fn bitmaps() {
        assert_eq!(pixels(b"P1\n# c\n3 2\n01 0#x\n1\n1 0"), [255, 0, 255, 0, 0, 255]);
        assert_eq!(pixels(b"P4 9 1\n\x80\x80"), [0, 255, 255, 255, 255, 255, 255, 255, 0]);
    }

    #[test]
    fn grays_and_colours() {
        assert_eq!(pixels(b"P2 2 1 255 7 255"), [7, 255]);
        assert_eq!(pixels(b"P3 1 1 3 0 1 3"), [0, 85, 255]);
        assert_eq!(pixels(b"P5#a\n2 1#b\n255#c\n#\n"), [b'#', b'\n']);
        assert_eq!(pixels(b"P6 1 1 255\nabc"), b"abc");
        assert_eq!(pixels(b"P5 2 1 100 \x32\xff"), [128, 255]);
        let pam = b"P7\nWIDTH 1\nHEIGHT 1\nDEPTH 4\nMAXVAL 255\nTUPLTYPE RGB_ALPHA\nENDHDR\nabcd";
        let (info, px) = read(pam).expect("valid");
        assert_eq!((info.color, px), (Color::Rgba, b"abcd".to_vec()));
    }

    #[test]
    fn sixteen_bits_are_kept() {
        let (info, px) = read(b"P5 2 1 65535\n\x01\x02\xff\xfe").expect("valid");
        assert_eq!((info.dtype, px), (DType::Uint16, vec![2, 1, 0xFE, 0xFF]));
        assert_eq!(pixels(b"P5 1 1 1023\n\x03\xff"), [255, 255]);
        assert_eq!(pixels(b"P2 1 1 257 1"), [255, 0]);
    }

    #[test]
    fn every_cut_is_damage() {
        for file in [&b"P1 2 2 0110"[..], b"P4 9 1\nab", b"P5 2 1 256\nabcd", b"P3 1 1 9 1 2 3"] {
            for cut in 2..file.len() {
                assert_eq!(read(&file[..cut]).expect_err("cut").kind(), ErrorKind::Image, "{cut}");
            }
        }
    }

    #[test]
    fn absurd_headers_are_refused() {
        let huge = read(b"P5 4294967295 4294967295 255\n").expect_err("huge");
        assert_eq!(huge.kind(), ErrorKind::Limit);
        for file in [&b"P5 0 1 255 "[..], b"P5 1 1 0 a", b"P5 1 1 65536 aa", b"P2 1 1 7 8"] {
            assert_eq!(read(file).expect_err("absurd").kind(), ErrorKind::Image);
        }
        assert_eq!(read(b"P5 -1 1 255 a").expect_err("sign").kind(), ErrorKind::Image);
    }
}
