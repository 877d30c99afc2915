//! JPEG 2000 through `hayro-jpeg2000`: JP2 files and bare codestreams, to 16 bits a sample.
//!
//! Gives the stored samples: depths that are no whole byte are not stretched, signs are kept.
//! Palettes become colours, sYCC and 8-bit CMYK become RGB with Pillow's arithmetic; other colour
//! spaces, as CIELab, are given as they are and called samples. The boxes and
//! marker segments are walked here (`jpeg2000/`); the codec sees the codestream alone, and none that
//! it would decode wrongly, or that would take more memory than its image is worth. Refuses
//! truncated and damaged files as `image`, what the codec cannot do as `unsupported`.

mod boxes;
mod codestream;
mod cost;
mod planes;

use std::borrow::Cow;

use hayro_jpeg2000::{
    DecodeError, DecodeSettings, DecoderContext, FormatError, Image, MarkerError,
};

use super::row::{ByRows, DecodeIndices, Evidence, More, Row};
use super::{Color, ImageInfo, guarded};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::{self, Limits};
use crate::shape::Shape;
use boxes::{Boxes, CMYK};
use codestream::Header;
use planes::{Channel, Depth, Meaning};

/// What the codec may take for a picture of that many samples: bytes for each, and bytes beside them.
const FAIR: (u64, u64) = (64, 16 << 20);
/// And for each pixel that an image may have at all.
const MOST: u64 = 32;

pub(super) const ROW: Row = Row {
    name: "jpeg2000",
    extensions: &["jp2", "j2k", "jpc", "jpf", "jpx", "j2c"],
    dtypes: &[DType::Uint8, DType::Uint16, DType::Int8, DType::Int16],
    colors: &Color::ALL,
    sniff: |bytes| bytes.starts_with(boxes::SIGNATURE) || bytes.starts_with(&codestream::START),
    evidence: Evidence::Signature,
    info: |bytes, limits| Picture::read(Boxes::read(bytes)?, true, limits)?.info(),
    // Blocks without data are all alike, of any size.
    least: |_, _| 0,
    decode: |bytes, info, limits, out| {
        let picture = Picture::read(Boxes::read(bytes)?, true, limits)?;
        picture.decode(info, limits, out)
    },
    more: More::Nothing,
    rows: ByRows::Never,
    indices,
};

/// What a codestream without a file around it says of itself: samples as they are stored, signed or
/// not, whatever colours they are.
#[cfg(feature = "dicom")]
pub(super) fn codestream_info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let boxes = Boxes { codestream: bytes, ..Boxes::default() };
    Picture::read(boxes, false, limits)?.info()
}

/// The samples that [`codestream_info`] announced.
#[cfg(feature = "dicom")]
pub(super) fn decode_codestream(
    bytes: &[u8],
    info: &ImageInfo,
    limits: &Limits,
    out: &mut [u8],
) -> Result<()> {
    let boxes = Boxes { codestream: bytes, ..Boxes::default() };
    Picture::read(boxes, false, limits)?.decode(info, limits, out)
}

/// The palette indices of a file with a palette.
fn indices(bytes: &[u8], limits: &Limits) -> Result<Option<DecodeIndices>> {
    let picture = Picture::read(Boxes::read(bytes)?, true, limits)?;
    let indexed = picture.boxes.palette.is_some() && picture.header.components[0].bits <= 8;
    Ok(indexed.then_some(|bytes, limits, out| {
        let mut picture = Picture::read(Boxes::read(bytes)?, true, limits)?;
        let bits = picture.header.components[0].bits;
        picture.with_planes(limits, |planes| match planes {
            [(plane, _), ..] if plane.len() == out.len() => {
                planes::write_indices(plane, bits, out);
                Ok(())
            }
            _ => Err(Error::shape("the buffer does not fit the JPEG 2000")),
        })
    }))
}

/// A file whose headers are read.
struct Picture<'a> {
    boxes: Boxes<'a>,
    header: Header,
    /// In the order in which they are given.
    channels: Vec<Channel>,
    depth: Depth,
    meaning: Meaning,
    color: Color,
    premultiplied: bool,
}

impl<'a> Picture<'a> {
    /// Reads the main header; `colors`: whether colour spaces are to become gray and RGB.
    fn read(boxes: Boxes<'a>, colors: bool, limits: &Limits) -> Result<Self> {
        let header = Header::read(boxes.codestream, limits)?;
        let channels = channels(&boxes, &header)?;
        // What the codec makes of components of the luma's size is what Pillow and OpenJPEG call it.
        let subsampled = header.components.len() == 3 && !header.even();
        let space = boxes.space.filter(|_| colors);
        let ycc =
            channels.len() >= 3 && (space == Some(18) || (colors && space.is_none() && subsampled));
        let depth = depth(&boxes, &header, ycc)?;
        let meaning = match space {
            _ if ycc => Meaning::Ycc,
            Some(CMYK) if channels.len() == 4 && depth == (Depth { bits: 8, signed: false }) => {
                if channels.iter().any(|channel| channel.column.is_some()) {
                    return Err(unusual("a palette of inks"));
                }
                Meaning::Ink
            }
            _ => Meaning::Plain,
        };
        // Those of gray, RGB or ink; 0 is what OpenJPEG writes where it knows none.
        let known = matches!(space, None | Some(0 | CMYK | 16 | 17 | 18 | 20 | 21));
        let ranks = ranks(&boxes, channels.len());
        let last = ranks.and_then(|ranks| ranks.into_iter().max());
        let alpha = last.is_none_or(|(kind, _)| matches!(kind, 1 | 2));
        let color = match (channels.len(), meaning) {
            (1, _) => Color::Gray,
            (2, _) if alpha => Color::GrayAlpha,
            (3 | 4, Meaning::Plain) if !known => Color::Samples,
            (3, _) | (_, Meaning::Ink) => Color::Rgb,
            (4, _) if space == Some(CMYK) => Color::Cmyk,
            (4, _) if alpha => Color::Rgba,
            _ => Color::Samples,
        };
        let premultiplied = matches!(color, Color::GrayAlpha | Color::Rgba)
            && boxes.definitions.iter().any(|&[_, kind, _]| kind == 2);
        Ok(Self { boxes, header, channels, depth, meaning, color, premultiplied })
    }

    /// What the image says of itself.
    fn info(&self) -> Result<ImageInfo> {
        let channels = if self.meaning == Meaning::Ink { 3 } else { self.channels.len() };
        let (height, width) = (self.header.height as usize, self.header.width as usize);
        let image = ImageInfo {
            bits: self.depth.bits,
            premultiplied: self.premultiplied,
            ..ImageInfo::of(Shape::image(height, width, channels), self.depth.dtype(), self.color)
        };
        image.bytes()?;
        Ok(image)
    }

    /// The pixels, as `info` announced them.
    fn decode(mut self, info: &ImageInfo, limits: &Limits, out: &mut [u8]) -> Result<()> {
        if info.bytes()? != out.len() {
            return Err(Error::shape("the buffer does not fit the JPEG 2000"));
        }
        let channels = std::mem::take(&mut self.channels);
        let palette = self.boxes.palette.take();
        let (depth, meaning) = (self.depth, self.meaning);
        self.with_planes(limits, |planes| {
            planes::write(planes, &channels, palette.as_ref(), depth, meaning, out)
        })
    }

    /// Decodes the components, each with its bits, for `take`.
    fn with_planes(
        &mut self,
        limits: &Limits,
        take: impl FnOnce(&[(&[f32], u8)]) -> Result<()>,
    ) -> Result<()> {
        let header = &mut self.header;
        let mut stream = header.check_tiles(self.boxes.codestream)?;
        check_cost(header, limits)?;
        if header.components.len() == 3 && !header.even() {
            // The codec takes such a bare codestream for sYCC and converts it in its own way.
            stream = Cow::Owned(in_file(&stream)?);
        }
        guarded("JPEG 2000", || {
            let settings = DecodeSettings {
                resolve_palette_indices: false,
                strict: true,
                target_resolution: None,
            };
            let image = Image::new(&stream, &settings).map_err(damaged)?;
            if (image.width(), image.height()) != (header.width, header.height) {
                return Err(Error::image("damaged JPEG 2000: two sizes that differ"));
            }
            let mut context = DecoderContext::default();
            let decoded = image.decode(&mut context).map_err(damaged)?;
            let components = decoded.components().iter().zip(&header.components);
            let planes: Vec<_> = components.map(|(data, c)| (data.samples(), c.bits)).collect();
            take(&planes)
        })
    }
}

/// The channels, in the order of their colours where the file says one, and alpha last.
fn channels(boxes: &Boxes<'_>, header: &Header) -> Result<Vec<Channel>> {
    let components = header.components.len();
    let mut channels: Vec<_> = match &boxes.palette {
        None => (0..components).map(|component| Channel { component, column: None }).collect(),
        Some(palette) if boxes.mapping.is_empty() => {
            let column = |column| Channel { component: 0, column: Some(column) };
            (0..palette.columns).map(column).collect()
        }
        Some(_) => {
            let channel = |&(component, column): &(u16, Option<u8>)| Channel {
                component: component.into(),
                column: column.map(usize::from),
            };
            boxes.mapping.iter().map(channel).collect()
        }
    };
    let columns = boxes.palette.as_ref().map_or(0, |palette| palette.columns);
    let inside = |c: &Channel| c.component < components && c.column.is_none_or(|n| n < columns);
    if channels.is_empty() || channels.len() > 255 || !channels.iter().all(inside) {
        return Err(Error::image("damaged JPEG 2000: channels of components that are not there"));
    }
    if let Some(ranks) = ranks(boxes, channels.len()) {
        let mut ranked: Vec<_> = ranks.into_iter().zip(channels).collect();
        ranked.sort_by_key(|(rank, _)| *rank);
        channels = ranked.into_iter().map(|(_, channel)| channel).collect();
    }
    Ok(channels)
}

/// Of each channel its type, and of a colour which it is: 1 and 2 are alpha, and 65535 is not said. A definition that
/// leaves a channel out, or names it twice, is none.
fn ranks(boxes: &Boxes<'_>, channels: usize) -> Option<Vec<(u16, u16)>> {
    let rank = |place: usize| {
        let mut of = boxes.definitions.iter().filter(|[n, ..]| usize::from(*n) == place);
        match (of.next(), of.next()) {
            (Some(&[_, 0, color]), None) => Some((0, color)),
            (Some(&[_, kind, _]), None) => Some((kind, 0)),
            _ => None,
        }
    };
    (0..channels).map(rank).collect()
}

/// The depth that all channels have. `ycc`: chroma may be signed, and is raised to be positive.
fn depth(boxes: &Boxes<'_>, header: &Header, ycc: bool) -> Result<Depth> {
    let first = header.components[0];
    let same_bits = header.components.iter().all(|c| c.bits == first.bits);
    match &boxes.palette {
        Some(palette) => {
            let direct = boxes.mapping.iter().filter(|(_, column)| column.is_none());
            let mut of = direct.filter_map(|&(c, _)| header.components.get(usize::from(c)));
            if of.any(|c| c.signed || c.bits != palette.bits) || first.signed {
                return Err(unusual("channels of unequal depth or sign"));
            }
            Ok(Depth { bits: palette.bits, signed: false })
        }
        None if ycc && same_bits => Ok(Depth { bits: first.bits, signed: false }),
        None if header.uniform() => Ok(Depth { bits: first.bits, signed: first.signed }),
        None => Err(unusual("components of unequal depth or sign")),
    }
}

/// Refuses what would take the codec more memory than the image is worth.
fn check_cost(header: &Header, limits: &Limits) -> Result<()> {
    let cost = header.cost();
    let pixels = u64::from(header.height) * u64::from(header.width);
    let samples = pixels.saturating_mul(header.components.len() as u64);
    let fair = samples.saturating_mul(FAIR.0).saturating_add(FAIR.1);
    let most = limits.max_pixels.saturating_mul(MOST).max(FAIR.1);
    let over = |bound: u64, of: &str| {
        let bound = format!("over the {bound} that {of} may take");
        Err(Error::limit(format!("JPEG 2000 that takes {cost} bytes to decode, {bound}")))
    };
    if cost > fair {
        return over(fair, "a picture of its size");
    }
    if cost > most {
        return over(most, &format!("one within max_pixels {}", limits.max_pixels));
    }
    limits.check_memory(cost)?;
    limits::probe(cost)
}

/// The codestream in a file that says nothing of its colours.
fn in_file(stream: &[u8]) -> Result<Vec<u8>> {
    const HEAD: &[u8] = b"\0\0\0\x14ftypjp2 \0\0\0\0jp2 \0\0\0\x08jp2h\0\0\0\0jp2c";
    let mut file = Vec::new();
    limits::make_room(&mut file, boxes::SIGNATURE.len() + HEAD.len() + stream.len())?;
    for part in [boxes::SIGNATURE, HEAD, stream] {
        file.extend_from_slice(part);
    }
    Ok(file)
}

fn damaged(error: DecodeError) -> Error {
    let told = match error {
        DecodeError::Marker(MarkerError::Unsupported)
        | DecodeError::Format(FormatError::Unsupported) => {
            Error::unsupported(format!("JPEG 2000 of an unusual kind: {error}"))
        }
        error => Error::image(format!("damaged or truncated JPEG 2000: {error}")),
    };
    told.caused_by(error)
}

/// A stream that the codec cannot decode.
fn unusual(what: &str) -> Error {
    Error::unsupported(format!("JPEG 2000 of an unusual kind: {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::format::damage::flipped;

    macro_rules! file {
        ($name:literal) => {
            include_bytes!(concat!("../../../../testdata/formats/", $name)) as &[u8]
        };
    }

    fn read(file: &[u8]) -> Result<(ImageInfo, Vec<u8>)> {
        let limits = Limits::default();
        let info = (ROW.info)(file, &limits)?;
        let mut out = vec![0xA5; info.bytes()?];
        (ROW.decode)(file, &info, &limits, &mut out)?;
        Ok((info, out))
    }

    #[test]
    fn what_files_say_of_themselves() {
        use DType::{Int8, Int16, Uint8, Uint16};
        for (file, channels, dtype, color) in [
            (file!("jpeg2000-l.jp2"), 1, Uint8, Color::Gray),
            (file!("jpeg2000-la.jp2"), 2, Uint8, Color::GrayAlpha),
            (file!("jpeg2000-codestream.j2k"), 3, Uint8, Color::Rgb),
            (file!("jpeg2000-rgba.jp2"), 4, Uint8, Color::Rgba),
            (file!("jpeg2000-five.j2k"), 5, Uint8, Color::Samples),
            (file!("jpeg2000-palette.jp2"), 3, Uint8, Color::Rgb),
            (file!("jpeg2000-cmyk.jp2"), 3, Uint8, Color::Rgb),
            (file!("jpeg2000-lab.jp2"), 3, Uint8, Color::Samples),
            (file!("jpeg2000-gray4.j2k"), 1, Uint8, Color::Gray),
            (file!("jpeg2000-gray12.j2k"), 1, Uint16, Color::Gray),
            (file!("jpeg2000-int8.j2k"), 1, Int8, Color::Gray),
            (file!("jpeg2000-int16.j2k"), 1, Int16, Color::Gray),
            (file!("jpeg2000-rgb16.j2k"), 3, Uint16, Color::Rgb),
        ] {
            let (info, _) = read(file).expect("decodes");
            let told = (info.shape, info.dtype, info.color);
            assert_eq!(told, (Shape::image(15, 21, channels), dtype, color));
        }
    }

    #[test]
    fn the_last_channel_is_alpha_where_the_file_says_so() {
        for (file, alpha) in [
            (file!("jpeg2000-la.jp2"), Color::GrayAlpha),
            (file!("jpeg2000-rgba.jp2"), Color::Rgba),
        ] {
            let at = memchr::memmem::find(file, b"cdef").expect("a definition");
            // Where the type of the last channel stands: the definition is the last of the headers.
            let end = at - 4 + usize::from(file[at - 1]) - 4;
            for (kind, wanted) in
                [(1, alpha), (2, alpha), (0, Color::Samples), (65535, Color::Samples)]
            {
                let mut file = file.to_vec();
                file[end..end + 2].copy_from_slice(&u16::to_be_bytes(kind));
                let (info, _) = read(&file).expect("decodes");
                assert_eq!((info.color, info.premultiplied), (wanted, kind == 2), "{kind}");
            }
            let mut file = file.to_vec();
            file[at..at + 4].copy_from_slice(b"none");
            assert_eq!(read(&file).expect("decodes").0.color, alpha, "nothing is said");
        }
    }

    #[test]
    fn stored_depths_and_signs() {
        let (_, gray4) = read(file!("jpeg2000-gray4.j2k")).expect("decodes");
        assert!(gray4.iter().any(|&v| v > 7) && gray4.iter().all(|&v| v < 16));
        let (_, int8) = read(file!("jpeg2000-int8.j2k")).expect("decodes");
        let (_, int16) = read(file!("jpeg2000-int16.j2k")).expect("decodes");
        let high: Vec<_> = int16.as_chunks::<2>().0.iter().map(|sample| sample[1]).collect();
        assert_eq!(int8, high);
        assert!(int8.iter().any(|&v| v >= 128) && int8.iter().any(|&v| v < 128));
    }

    #[test]
    fn palette_indices() {
        let (limits, file) = (Limits::default(), file!("jpeg2000-palette.jp2"));
        let decode = (ROW.indices)(file, &limits).expect("valid").expect("has a palette");
        let mut out = vec![0xA5; 15 * 21];
        decode(file, &limits, &mut out).expect("decodes");
        assert!(out.iter().all(|&index| index < 30) && out.iter().any(|&index| index > 20));
        assert!((ROW.indices)(file!("jpeg2000-rgb.jp2"), &limits).expect("valid").is_none());
    }

    #[cfg(feature = "dicom")]
    #[test]
    fn a_codestream_gives_stored_samples() {
        let (limits, file) = (Limits::default(), file!("jpeg2000-sycc.jp2"));
        let at = file.windows(4).position(|bytes| bytes == b"jp2c").expect("is there") + 4;
        let info = codestream_info(&file[at..], &limits).expect("valid");
        let mut out = vec![0xA5; info.bytes().expect("small")];
        decode_codestream(&file[at..], &info, &limits, &mut out).expect("decodes");
        assert_ne!(out, read(file).expect("decodes").1);
        assert_eq!(out, read(file!("jpeg2000-rgb.jp2")).expect("decodes").1);
    }

    #[test]
    fn every_prefix_is_an_error() {
        for file in [
            file!("jpeg2000-rgb.jp2"),
            file!("jpeg2000-tiled.jp2"),
            file!("jpeg2000-palette.jp2"),
            file!("jpeg2000-1x1.jp2"),
        ] {
            let whole = read(file).expect("decodes");
            for cut in 0..file.len() {
                match read(&file[..cut]) {
                    // Without the last marker all is there.
                    Ok(got) => assert!(got == whole && cut >= file.len() - 2, "cut at {cut}"),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Image, "cut at {cut}"),
                }
            }
            let longer = [file, b"rubbish"].concat();
            assert!(read(&longer).is_ok_and(|got| got == whole));
        }
        // A tile without a length ends where the file does.
        let file = file!("jpeg2000-open-tile.j2k");
        for cut in 0..file.len() - 2 {
            assert!(read(&file[..cut]).is_err(), "cut at {cut}");
        }
    }

    #[test]
    fn flipped_bits_never_panic() {
        for file in [
            file!("jpeg2000-gray12.j2k"),
            file!("jpeg2000-tiled.jp2"),
            file!("jpeg2000-palette.jp2"),
            file!("jpeg2000-offset.jp2"),
        ] {
            // All of the headers, and some of the data.
            let bits = (0..file.len() * 8).filter(|bit| *bit < 2200 || bit % 37 == 0);
            for bad in flipped(file, bits) {
                let limits = Limits { max_pixels: 1 << 20, ..Limits::default() };
                let Ok(info) = (ROW.info)(&bad, &limits) else { continue };
                let mut out = vec![0xA5; info.bytes().expect("small")];
                let _ = (ROW.decode)(&bad, &info, &limits, &mut out);
                let _ = (ROW.indices)(&bad, &limits);
            }
        }
    }

    #[test]
    fn what_costs_too_much_is_over_the_limit() {
        let bomb = file!("bad/jpeg2000-tiny-blocks.j2k");
        let limits = Limits::default();
        let info = (ROW.info)(bomb, &limits).expect("its header is valid");
        let error = (ROW.decode)(bomb, &info, &limits, &mut vec![0; 4000 * 4000]);
        assert_eq!(error.expect_err("too much").kind(), ErrorKind::Limit);
        let (file, little) = (file!("jpeg2000-l.jp2"), Limits { memory: Some(1000), ..limits });
        let info = (ROW.info)(file, &little).expect("its header is small");
        let error = (ROW.decode)(file, &info, &little, &mut [0; 15 * 21]).expect_err("memory");
        assert!(error.message().contains("over memory 1000"), "{error}");
        let tight = Limits { max_pixels: 1, ..limits };
        let error = (ROW.info)(file!("jpeg2000-l.jp2"), &tight).expect_err("too large");
        assert_eq!(error.kind(), ErrorKind::Limit);
    }
}
