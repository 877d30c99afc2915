//! What the boxes of an item or of a sample entry say of a picture: size, coding, colour, turning.
//!
//! Takes the body of a property box; gives what ndpix needs of it. Properties of other kinds are
//! [`Property::Other`] where a reader may pass over them, and [`Property::Unknown`] where it may not.

use super::boxes::{Boxed, Reader};
use crate::error::{Error, Result};

/// What the bitstream of a picture is, from its configuration box.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Coding {
    /// Bits a sample: 8, 10 or 12.
    pub(super) depth: u8,
    /// Whether there is luma only.
    pub(super) gray: bool,
}

/// How its numbers mean colours: code points of ITU-T H.273.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Signal {
    /// Colour primaries.
    pub(super) primaries: u16,
    /// Matrix coefficients.
    pub(super) matrix: u16,
    /// Whether black is 0 and white the largest number.
    pub(super) full: bool,
}

/// One property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Property {
    /// Width and height.
    Size(u32, u32),
    /// What the bitstream is.
    Coding(Coding),
    /// What its numbers mean.
    Signal(Signal),
    /// Quarter turns against the clock.
    Turn(u8),
    /// The axis to mirror at: 0 top to bottom, 1 left to right.
    Mirror(u8),
    /// A crop, which is not applied.
    Crop,
    /// The item is the alpha of another one.
    Alpha,
    /// The operating point of a scalable bitstream.
    Point(u8),
    /// The layer of a bitstream that is meant.
    Layer(u16),
    /// Where the layers end, which only matters for showing them before the whole is there.
    Layers,
    /// Something known that changes no pixels.
    Other,
    /// Something that is not known.
    Unknown,
}

impl Property {
    /// Reads the box of a property.
    pub(super) fn read(boxed: &Boxed<'_>) -> Result<Self> {
        let mut body = Reader(boxed.body);
        Ok(match &boxed.kind {
            b"ispe" => {
                body.version()?;
                Self::Size(body.u32()?, body.u32()?)
            }
            b"av1C" => Self::Coding(coding(body.array()?)?),
            b"colr" if boxed.body.starts_with(b"nclx") => {
                body.take(4)?;
                let (primaries, _transfer, matrix) = (body.u16()?, body.u16()?, body.u16()?);
                Self::Signal(Signal { primaries, matrix, full: body.u8()? & 0x80 != 0 })
            }
            b"irot" => Self::Turn(body.u8()? & 3),
            b"imir" => Self::Mirror(body.u8()? & 1),
            b"clap" => Self::Crop,
            b"auxC" => {
                body.version()?;
                let urn = body.text();
                let alpha = urn == b"urn:mpeg:mpegB:cicp:systems:auxiliary:alpha"
                    || urn == b"urn:mpeg:hevc:2015:auxid:1";
                if alpha { Self::Alpha } else { Self::Other }
            }
            b"a1op" => match body.u8()? {
                point @ 0..=31 => Self::Point(point),
                _ => return Err(Error::image("damaged AVIF: an operating point over 31")),
            },
            b"lsel" => match body.u16()? {
                layer @ (0..=3 | 0xFFFF) => Self::Layer(layer),
                _ => return Err(Error::image("damaged AVIF: a layer over 3")),
            },
            b"a1lx" => Self::Layers,
            b"colr" | b"pasp" | b"pixi" | b"clli" => Self::Other,
            _ => Self::Unknown,
        })
    }

    /// Whether a file that asks a reader to heed this property is one that ndpix reads, and whether a file
    /// may leave that open: what changes the picture must be asked for, and hints must not.
    pub(super) fn check(self, essential: bool) -> Result<()> {
        let transforms = matches!(
            self,
            Self::Turn(_) | Self::Mirror(_) | Self::Crop | Self::Point(_) | Self::Layer(_)
        );
        match self {
            _ if transforms && !essential => {
                Err(Error::image("damaged AVIF: a transformation that is not marked as essential"))
            }
            Self::Layers if essential => {
                Err(Error::image("damaged AVIF: layer sizes that are marked as essential"))
            }
            _ => Ok(()),
        }
    }
}

/// Reads the four bytes of an AV1 configuration.
fn coding([head, _, flags, _]: [u8; 4]) -> Result<Coding> {
    if head != 0x81 {
        return Err(Error::unsupported("AVIF with an AV1 configuration of another version"));
    }
    let depth = match (flags & 0x40 != 0, flags & 0x20 != 0) {
        (false, _) => 8,
        (true, false) => 10,
        (true, true) => 12,
    };
    Ok(Coding { depth, gray: flags & 0x10 != 0 })
}

/// The EXIF orientation of a picture that is turned, then mirrored.
pub(super) fn orientation(turn: u8, mirror: Option<u8>) -> u8 {
    match (turn & 3, mirror) {
        (0, None) => 1,
        (1, None) => 8,
        (2, None) => 3,
        (_, None) => 6,
        (0, Some(0)) | (2, Some(1)) => 4,
        (0, Some(_)) | (2, Some(_)) => 2,
        (1, Some(0)) | (3, Some(1)) => 5,
        (_, Some(_)) => 7,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(kind: &[u8; 4], body: &[u8]) -> Result<Property> {
        Property::read(&Boxed { kind: *kind, body })
    }

    #[test]
    fn what_they_say() {
        let says = |kind, body| read(kind, body).expect("valid");
        assert_eq!(says(b"ispe", b"\0\0\0\0\0\0\0\x07\0\0\0\x05"), Property::Size(7, 5));
        let coding = |depth, gray| Property::Coding(Coding { depth, gray });
        assert_eq!(says(b"av1C", b"\x81\0\x0C\0"), coding(8, false));
        assert_eq!(says(b"av1C", b"\x81\0\x5C\0"), coding(10, true));
        assert_eq!(says(b"av1C", b"\x81\0\x60\0"), coding(12, false));
        let signal = Signal { primaries: 1, matrix: 6, full: true };
        assert_eq!(says(b"colr", b"nclx\0\x01\0\x0D\0\x06\x80"), Property::Signal(signal));
        assert_eq!(says(b"colr", b"prof...."), Property::Other);
        assert_eq!(says(b"auxC", b"\0\0\0\0urn:mpeg:hevc:2015:auxid:1\0"), Property::Alpha);
        assert_eq!(says(b"auxC", b"\0\0\0\0urn:depth\0"), Property::Other);
        assert_eq!(says(b"xxxx", b""), Property::Unknown);
        assert!(read(b"av1C", b"\x82\0\0\0").is_err() && read(b"irot", b"").is_err());
        assert!(read(b"a1op", b"\x20").is_err() && read(b"lsel", b"\0\x04").is_err());
    }

    #[test]
    fn turned_then_mirrored() {
        let all = [None, Some(0), Some(1)].map(|m| [0, 1, 2, 3].map(|turn| orientation(turn, m)));
        assert_eq!(all, [[1, 8, 3, 6], [4, 5, 2, 7], [2, 7, 4, 5]]);
    }
}
