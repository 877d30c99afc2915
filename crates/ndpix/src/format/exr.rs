//! OpenEXR: flat pictures of half, float and uint channels, in scan lines or tiles, of the first part.
//!
//! The headers are read here, the blocks are decompressed by the crate `exr`. The pixels are those of the data
//! window, whatever the display window is. Channels R, G, B (and A) are a picture in colour, Y (and A) a
//! gray one, a single one of another name is gray, too, and any others are samples in the order of the file.
//! Types that differ become the smallest float that holds all of them: uint beside a float is float64. Alpha
//! is premultiplied, as the format has it. Of a mip map the largest level is read. Layers are the names
//! before the last dot of those of channels, and each is a page, part by part, the one without a name first in
//! its part. Without a number the layer of the first part that has no name is read, or else its only one. Refused as
//! `unsupported`: deep data, luminance and chroma, subsampled channels, HTJ2K, several named layers
//! of which none was chosen.

mod chunks;
mod header;

use super::row::{ByRows, Evidence, More, Pages, Row, no_indices};
use super::{Color, ImageInfo, check_length};
use crate::dtype::DType;
use crate::error::{Error, Result, counted, quote};
use crate::limits::Limits;
use crate::shape::Shape;
use header::{Channel, File, Kind, Part};

/// Names of layers in a message.
const NAMED: usize = 8;

/// What is known of the format.
pub(super) const ROW: Row = Row {
    name: "exr",
    extensions: &["exr"],
    dtypes: &[DType::Uint32, DType::Float16, DType::Float32, DType::Float64],
    colors: &[Color::Gray, Color::GrayAlpha, Color::Rgb, Color::Rgba, Color::Samples],
    sniff: |bytes| bytes.starts_with(header::MAGIC),
    evidence: Evidence::Signature,
    info: |bytes, limits| Layers::open(bytes)?.info_of(None, limits),
    // That all blocks may be there is looked at with the header of each layer.
    least: |_, _| 0,
    decode: |bytes, info, limits, out| Layers::open(bytes)?.decode_of(None, info, limits, out),
    more: More::Pages { open: |bytes, _| Ok(Box::new(Layers::open(bytes)?)) },
    rows: ByRows::Never,
    indices: no_indices,
};

/// A file whose headers were read.
struct Layers<'a> {
    bytes: &'a [u8],
    file: File<'a>,
    /// The layers of all parts, with the numbers of those.
    pages: Vec<(usize, Option<&'a [u8]>)>,
}

impl<'a> Layers<'a> {
    /// Reads all headers.
    fn open(bytes: &'a [u8]) -> Result<Self> {
        let file = File::parse(bytes)?;
        let of = |(number, part)| layers(part).into_iter().map(move |layer| (number, layer));
        let pages = file.parts.iter().enumerate().flat_map(of).collect();
        Ok(Self { bytes, file, pages })
    }

    /// What the image says of itself; with a number, the layer that has it (see [`Layers::picture`]).
    fn info_of(&self, page: Option<u32>, limits: &Limits) -> Result<ImageInfo> {
        let picture = self.picture(page)?;
        let part = picture.part;
        limits.check_pixels(part.height, part.width)?;
        let least = chunks::least(&picture)?;
        let shape = Shape::image(part.height as usize, part.width as usize, picture.count);
        let info = ImageInfo {
            premultiplied: matches!(picture.color, Color::GrayAlpha | Color::Rgba),
            frames: u32::try_from(self.pages.len()).unwrap_or(u32::MAX),
            ..ImageInfo::of(shape, picture.dtype, picture.color)
        };
        check_length(ROW.name, self.bytes, &info, least)?;
        Ok(info)
    }

    /// The pixels, as [`Layers::info_of`] announced them for the same layer.
    fn decode_of(
        &self,
        page: Option<u32>,
        info: &ImageInfo,
        limits: &Limits,
        out: &mut [u8],
    ) -> Result<()> {
        let picture = self.picture(page)?;
        let shape = [picture.part.height as usize, picture.part.width as usize];
        if info.shape[..2] != shape || info.dtype != picture.dtype || info.bytes()? != out.len() {
            return Err(Error::shape("the buffer does not fit the EXR"));
        }
        chunks::decode(self.bytes, &picture, limits, out)
    }

    /// Of the first part the channels without a layer, or else of its only layer. With a number, from 0, the
    /// layer of all parts that has it.
    fn picture(&self, page: Option<u32>) -> Result<Picture<'_>> {
        let file = &self.file;
        let (number, layer) = match page {
            None => (0, only_layer(&file.parts[0])?),
            Some(page) => *self.pages.get(page as usize).ok_or_else(|| {
                let count = self.pages.len();
                let layers = counted(count as u64, "layer", "layers");
                Error::shape(format!("the EXR has {layers}, and none with index {page}"))
            })?,
        };
        let table = file.table(number)?;
        let part = &file.parts[number];
        if part.deep {
            return Err(Error::unsupported("EXR of deep data"));
        }
        let taken: Vec<_> = (0..part.channels.len())
            .filter(|channel| part.channels[*channel].split().0 == layer)
            .collect();
        let (color, order) = order(part, taken)?;
        if part.channels.iter().any(|channel| channel.subsampled) {
            return Err(Error::unsupported("EXR of subsampled channels"));
        }
        let mut places = vec![None; part.channels.len()];
        for (place, channel) in order.iter().enumerate() {
            places[*channel] = Some(place);
        }
        let dtype = dtype(order.iter().map(|channel| part.channels[*channel].kind));
        let number = file.many.then_some(number);
        let (count, data) = (order.len(), file.end);
        Ok(Picture { part, number, table, data, places, count, color, dtype })
    }
}

impl Pages for Layers<'_> {
    fn info(&self, page: u32, limits: &Limits) -> Result<ImageInfo> {
        self.info_of(Some(page), limits)
    }

    fn decode(
        &mut self,
        page: u32,
        info: &ImageInfo,
        limits: &Limits,
        out: &mut [u8],
    ) -> Result<()> {
        self.decode_of(Some(page), info, limits, out)
    }
}

/// The part and the channels of a file that make a picture.
struct Picture<'a> {
    /// What its header says.
    part: &'a Part<'a>,
    /// The number of the part, where blocks begin with it.
    number: Option<usize>,
    /// The byte at which the table of blocks begins.
    table: usize,
    /// The byte after the last header: no block is before it.
    data: usize,
    /// Of each channel of the part its place in a pixel, where it is taken.
    places: Vec<Option<usize>>,
    /// The channels that are taken.
    count: usize,
    /// What they mean together.
    color: Color,
    /// Holds the samples of all of them.
    dtype: DType,
}

/// The layer to read where none is named: that without a name, or else the only one.
fn only_layer<'a>(part: &Part<'a>) -> Result<Option<&'a [u8]>> {
    let layers = layers(part);
    match layers[..] {
        _ if layers.contains(&None) => Ok(None),
        [only] => Ok(only),
        _ => {
            let name = |(page, layer): (usize, &Option<&[u8]>)| {
                format!("index:{page} for {}", quote(layer.unwrap_or_default()))
            };
            let mut names: Vec<_> = layers.iter().enumerate().map(name).collect();
            let more = if names.len() > NAMED { ", ..." } else { "" };
            names.truncate(NAMED);
            let names = names.join(", ");
            Err(Error::unsupported(format!(
                "EXR of several layers, none without a name; pass frames {names}{more}"
            )))
        }
    }
}

/// The layers of a part, that without a name first and the others by their names.
fn layers<'a>(part: &Part<'a>) -> Vec<Option<&'a [u8]>> {
    let mut layers: Vec<_> = part.channels.iter().map(|channel| channel.split().0).collect();
    layers.sort_unstable();
    layers.dedup();
    layers
}

/// What the channels of a layer are, and their order in a pixel. `taken` is in that of the file.
fn order(part: &Part<'_>, taken: Vec<usize>) -> Result<(Color, Vec<usize>)> {
    let name = |channel: &usize| -> &[u8] { Channel::split(&part.channels[*channel]).1 };
    let find = |wanted: &[u8]| taken.iter().copied().find(|channel| name(channel) == wanted);
    let all = |wanted: &[&[u8]]| -> Option<Vec<usize>> {
        let found: Option<Vec<_>> = wanted.iter().map(|name| find(name)).collect();
        found.filter(|found| found.len() == taken.len())
    };
    if find(b"RY").is_some() || find(b"BY").is_some() {
        return Err(Error::unsupported("EXR of luminance and chroma"));
    }
    let known: [(Color, &[&[u8]]); 3] = [
        (Color::Rgb, &[b"R", b"G", b"B"]),
        (Color::Rgba, &[b"R", b"G", b"B", b"A"]),
        (Color::GrayAlpha, &[b"Y", b"A"]),
    ];
    for (color, names) in known {
        if let Some(order) = all(names) {
            return Ok((color, order));
        }
    }
    Ok((if taken.len() == 1 { Color::Gray } else { Color::Samples }, taken))
}

/// The smallest dtype that holds the samples of all kinds exactly.
fn dtype(kinds: impl Iterator<Item = Kind> + Clone) -> DType {
    let has = |kind| kinds.clone().any(|other| other == kind);
    match (has(Kind::Uint), has(Kind::Half), has(Kind::Float)) {
        (true, false, false) => DType::Uint32,
        (false, _, false) => DType::Float16,
        (false, _, true) => DType::Float32,
        (true, ..) => DType::Float64,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::format::damage::flipped;
    use crate::format::{ImageFormat, frames_info};

    const HALF_PIZ: &[u8] = include_bytes!("../../../../testdata/formats/exr-half-piz.exr");
    const DWAA: &[u8] = include_bytes!("../../../../testdata/formats/exr-half-dwaa.exr");
    const UINT_ZIP: &[u8] = include_bytes!("../../../../testdata/formats/exr-uint-zip.exr");
    const PXR24: &[u8] = include_bytes!("../../../../testdata/formats/exr-float-pxr24.exr");
    const RLE: &[u8] = include_bytes!("../../../../testdata/formats/exr-uint-rle.exr");
    const B44: &[u8] = include_bytes!("../../../../testdata/formats/exr-half-b44.exr");
    const B44A: &[u8] = include_bytes!("../../../../testdata/formats/exr-half-b44a-flat.exr");
    const TILES: &[u8] = include_bytes!("../../../../testdata/formats/exr-tiles.exr");
    const MIP_MAP: &[u8] = include_bytes!("../../../../testdata/formats/exr-mip-map.exr");
    const PARTS: &[u8] = include_bytes!("../../../../testdata/formats/exr-parts.exr");
    const LAYERS: &[u8] = include_bytes!("../../../../testdata/formats/exr-layers.exr");
    const FILES: [&[u8]; 11] =
        [HALF_PIZ, DWAA, UINT_ZIP, PXR24, RLE, B44, B44A, TILES, MIP_MAP, PARTS, LAYERS];
    const FEW: Limits = Limits { max_pixels: 1 << 14, max_record_bytes: 1 << 20, memory: None };

    fn attribute(name: &str, value: &[u8]) -> Vec<u8> {
        [name.as_bytes(), b"\0x\0", &(value.len() as u32).to_le_bytes(), value].concat()
    }

    /// A file of two pixels in a row, of zeros but for the first byte of each sample: the number of its
    /// channel. Channels have a name and the number of their kind.
    fn file(channels: &[(&str, u8)], flags: u32, more: &[u8]) -> Vec<u8> {
        let list: Vec<_> = channels
            .iter()
            .flat_map(|(name, kind)| {
                let numbers = [0, *kind, 0, 0, 0, 0, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0];
                [name.as_bytes(), &numbers].concat()
            })
            .chain([0])
            .collect();
        let window = [-1i32, 5, 0, 5].map(i32::to_le_bytes).concat();
        let mut file = [header::MAGIC, &(2 | flags).to_le_bytes()].concat();
        file.extend(attribute("channels", &list));
        file.extend(attribute("dataWindow", &window));
        file.extend_from_slice(more);
        file.extend(attribute("compression", &[0]));
        file.push(0);
        file.extend((file.len() as u64 + 8).to_le_bytes());
        let sample = |(number, (_, kind)): (usize, &(&str, u8))| {
            let size = if *kind == 1 { 2 } else { 4 };
            let mut pixels = vec![0; size * 2];
            (pixels[0], pixels[size]) = (number as u8, number as u8);
            pixels
        };
        let pixels: Vec<_> = channels.iter().enumerate().flat_map(sample).collect();
        file.extend([5, pixels.len() as i32].map(i32::to_le_bytes).concat());
        [file, pixels].concat()
    }

    fn read(bytes: &[u8], page: Option<u32>) -> Result<(ImageInfo, Vec<u8>)> {
        let layers = Layers::open(bytes)?;
        let info = layers.info_of(page, &FEW)?;
        let mut out = vec![0xA5; info.bytes()?];
        layers.decode_of(page, &info, &FEW, &mut out)?;
        Ok((info, out))
    }

    fn refused(bytes: &[u8]) -> (ErrorKind, String) {
        let error = read(bytes, None).expect_err("refused");
        (error.kind(), error.message().to_string())
    }

    #[test]
    fn channels_make_colors() {
        let bytes = file(&[("A", 1), ("B", 1), ("G", 1), ("R", 1)], 0, &[]);
        let (info, px) = read(&bytes, None).expect("valid");
        assert_eq!((&info.shape[..], info.color), (&[1, 2, 4][..], Color::Rgba));
        assert_eq!((info.dtype, info.premultiplied), (DType::Float16, true));
        assert_eq!(px[..8], [3, 0, 2, 0, 1, 0, 0, 0]);
        let kinds: [(&[_], _); 7] = [
            (&[("B", 2), ("G", 2), ("R", 2)], Color::Rgb),
            (&[("Y", 2)], Color::Gray),
            (&[("A", 2), ("Y", 2)], Color::GrayAlpha),
            (&[("Z", 0)], Color::Gray),
            (&[("A", 1), ("B", 1), ("G", 1), ("R", 1), ("Z", 1)], Color::Samples),
            (&[("G", 1), ("R", 1)], Color::Samples),
            (&[("b", 1), ("g", 1), ("r", 1)], Color::Samples),
        ];
        for (channels, color) in kinds {
            let (info, _) = read(&file(channels, 0, &[]), None).expect("valid");
            assert_eq!(info.color, color, "{channels:?}");
            assert_eq!(info.premultiplied, color == Color::GrayAlpha);
        }
    }

    #[test]
    fn kinds_that_differ_are_promoted() {
        let bytes = file(&[("a", 1), ("b", 1), ("c", 2)], 0, &[]);
        let (info, px) = read(&bytes, None).expect("valid");
        assert_eq!(info.dtype, DType::Float32);
        // The smallest half and the third smallest float.
        assert_eq!(px[4..12], [2f32.powi(-24), f32::from_bits(2)].map(f32::to_le_bytes).concat());
        let (info, px) = read(&file(&[("a", 1), ("b", 0)], 0, &[]), None).expect("valid");
        assert_eq!(info.dtype, DType::Float64);
        assert_eq!(px[..16], [0f64, 1.].map(f64::to_le_bytes).concat());
    }

    #[test]
    fn layers_are_pages() {
        let (info, px) = read(LAYERS, None).expect("valid");
        assert_eq!((info.color, info.dtype), (Color::Gray, DType::Float16));
        let (depth, other) = read(LAYERS, Some(1)).expect("valid");
        assert_eq!((depth.dtype, depth.shape), (DType::Float32, info.shape));
        assert!(read(LAYERS, Some(0)).expect("valid").1 == px && other != px);
        assert_eq!(read(LAYERS, Some(info.frames)).expect_err("none").kind(), ErrorKind::Shape);
        let one = file(&[("a.b.A", 1), ("a.b.Y", 1)], 0, &[]);
        assert_eq!(read(&one, None).expect("valid").0.color, Color::GrayAlpha);
        let two = file(&[("a.Y", 1), ("b.Y", 1)], 0, &[]);
        let (kind, said) = refused(&two);
        assert_eq!(kind, ErrorKind::Unsupported);
        assert!(said.ends_with(r#"pass frames index:0 for "a", index:1 for "b""#), "{said}");
        assert_eq!(read(&two, Some(1)).expect("valid").1[0], 1);
        let all = frames_info(ImageFormat::Exr, &two, &FEW).expect("all of them");
        assert_eq!(all, read(&two, Some(0)).expect("valid").0);
    }

    #[test]
    fn parts_follow_each_other() {
        assert_eq!(read(PARTS, None).expect("valid").0.color, Color::Gray);
        assert_eq!(read(PARTS, Some(0)).expect("valid").0.color, Color::Gray);
        assert_eq!(read(PARTS, Some(1)).expect("valid").0.color, Color::Rgb);
    }

    #[test]
    fn what_is_not_read_is_named() {
        let y = [("Y", 1)];
        for (bytes, word) in [
            (file(&y, 0x800, &[]), "deep"),
            (file(&y, 0, &attribute("type", b"deepscanline")), "deep"),
            (file(&y, 0, &attribute("type", b"what")), "\"what\""),
            (file(&y, 0x2000, &[]), "flags"),
            (file(&[("RY", 1), ("Y", 1)], 0, &[]), "chroma"),
            (file(&[("a.BY", 1), ("a.Y", 1)], 0, &[]), "chroma"),
        ] {
            let (kind, message) = refused(&bytes);
            assert!(kind == ErrorKind::Unsupported && message.contains(word), "{message}");
        }
        assert_eq!(refused(&file(&y, 0x200, &[])).0, ErrorKind::Image, "no tiles");
        let none = attribute("tiles", &[0; 9]);
        assert_eq!(refused(&file(&y, 0x200, &none)).0, ErrorKind::Image, "tiles of no size");
    }

    #[test]
    fn absurd_sizes_are_refused_on_every_page() {
        let wide = |file: &[u8], side: i32| {
            let window = [-1i32, 5, 0, 5].map(i32::to_le_bytes).concat();
            let at = memchr::memmem::find(file, &window).expect("a window");
            let mut file = file.to_vec();
            file[at..at + 16].copy_from_slice(&[0, 0, side, side].map(i32::to_le_bytes).concat());
            file
        };
        let two = file(&[("Y", 2), ("b.B", 2), ("b.G", 2), ("b.R", 2)], 0, &[]);
        for page in [None, Some(0), Some(1)] {
            assert!(read(&two, page).is_ok(), "{page:?}");
            for (side, limits, kind) in [
                (7_999, Limits::default(), ErrorKind::Image),
                (100, FEW, ErrorKind::Image),
                (200, FEW, ErrorKind::Limit),
            ] {
                let file = wide(&two, side);
                let layers = Layers::open(&file).expect("its headers are good");
                let error = layers.info_of(page, &limits).expect_err("absurd");
                assert_eq!(error.kind(), kind, "{page:?} {side}: {error}");
            }
        }
    }

    #[test]
    fn every_cut_is_damage() {
        for (number, whole) in FILES.iter().enumerate() {
            let (_, pixels) = read(whole, None).expect("valid");
            for end in 0..whole.len() {
                match read(&whole[..end], None) {
                    // After the blocks that are read there may be others.
                    Ok((_, px)) => assert!(px == pixels, "{number} cut at {end}"),
                    Err(error) => {
                        assert_eq!(error.kind(), ErrorKind::Image, "{number} cut at {end}")
                    }
                }
            }
        }
    }

    #[test]
    fn flipped_bits_never_panic() {
        for whole in FILES {
            for bad in flipped(whole, (0..whole.len() * 8).step_by(41)) {
                let _ = read(&bad, None);
            }
        }
    }
}
