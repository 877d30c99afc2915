//! AVIF through `re_rav1d`: the pixels of libavif, bit for bit, where 8 bits are stored, and its 16-bit ones
//! where 10 or 12 are.
//!
//! Takes a whole file; gives colours as RGB or RGBA, luma alone as gray or gray with alpha. 10 and 12 bits
//! stay what they are, in 16-bit numbers up to 1023 and 4095. Colours that are stored multiplied with alpha
//! are divided, as libavif does it. Turning and mirroring are said as an orientation; crops and gain maps are
//! passed over. [`AvifFilm`] gives the frames of a sequence. The boxes are read here; a bitstream is decoded
//! only to the size that was announced. Refuses damaged files as `image`.

mod boxes;
mod color;
mod decoder;
mod film;
mod float;
mod frame;
mod items;
mod property;
mod still;
mod track;

use super::row::{ByRows, Evidence, Film, More, Row, no_indices, pixels};
use super::{Color, ImageInfo, exif};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;
use boxes::{Boxes, Reader, short};
use film::AvifFilm;
use items::Items;
use still::Still;
use track::Sequence;

/// What ndpix knows of AVIF.
pub(super) const ROW: Row = Row {
    name: "avif",
    extensions: &["avif", "avifs"],
    dtypes: &[DType::Uint8, DType::Uint16],
    colors: &[Color::Gray, Color::GrayAlpha, Color::Rgb, Color::Rgba],
    sniff,
    evidence: Evidence::Signature,
    info,
    least: |_, _| 0,
    decode,
    more: More::Film { check, open },
    rows: ByRows::Never,
    indices: no_indices,
};

/// What a file holds.
enum Content<'a> {
    /// One picture, of items.
    Still(Still<'a>),
    /// Pictures in order, of tracks.
    Sequence(Sequence<'a>),
}

/// A file whose boxes were read.
struct Opened<'a> {
    content: Content<'a>,
    orientation: u8,
}

/// Whether bytes begin with a file type box that names AVIF: first, or among those that it is fit for.
fn sniff(bytes: &[u8]) -> bool {
    let Some((&[s0, s1, s2, s3, b'f', b't', b'y', b'p', ..], _)) = bytes.split_first_chunk::<12>()
    else {
        return false;
    };
    let end = (u32::from_be_bytes([s0, s1, s2, s3]) as usize).min(bytes.len());
    bytes.get(8..end).is_some_and(|brands| brand(brands, b"avif") || brand(brands, b"avis"))
}

/// Whether the body of a file type box names a brand: the first, or one after the version that follows.
fn brand(body: &[u8], wanted: &[u8; 4]) -> bool {
    let mut brands = body.as_chunks::<4>().0.iter().enumerate();
    brands.any(|(index, brand)| index != 1 && brand == wanted)
}

/// What the image says of itself; reads boxes only.
fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    let opened = read(bytes, limits)?;
    let (coding, alpha, size, frames) = match &opened.content {
        Content::Still(still) => {
            let Still { coding, alpha, color, .. } = still;
            (*coding, alpha.is_some(), (color.width, color.height), 1)
        }
        Content::Sequence(sequence) => {
            let Sequence { coding, alpha, color, .. } = sequence;
            let frames = u32::try_from(color.frames.len()).unwrap_or(u32::MAX);
            (*coding, alpha.is_some(), (color.width, color.height), frames)
        }
    };
    let (color, channels) = match (coding.gray, alpha) {
        (true, false) => (Color::Gray, 1),
        (true, true) => (Color::GrayAlpha, 2),
        (false, false) => (Color::Rgb, 3),
        (false, true) => (Color::Rgba, 4),
    };
    let shape = Shape::image(size.1 as usize, size.0 as usize, channels);
    let dtype = if coding.depth > 8 { DType::Uint16 } else { DType::Uint8 };
    let orientation = opened.orientation;
    let bits = coding.depth;
    let image = ImageInfo { bits, orientation, frames, ..ImageInfo::of(shape, dtype, color) };
    image.bytes()?;
    Ok(image)
}

/// The pixels of the first picture, as [`info`] announced them.
fn decode(bytes: &[u8], info: &ImageInfo, limits: &Limits, out: &mut [u8]) -> Result<()> {
    if info.bytes()? != out.len() {
        return Err(Error::shape("the buffer does not fit the AVIF"));
    }
    check_memory(info, limits)?;
    match read(bytes, limits)?.content {
        Content::Still(still) => guarded(|| film::draw_still(&still, out)),
        content @ Content::Sequence(_) => {
            let mut film = AvifFilm::open(bytes, content, out.len())?;
            film.draw()?;
            film.show(out);
            Ok(())
        }
    }
}

/// Refuses a picture that takes more memory than images in flight may: in the decoder, as planes and as pixels.
fn check_memory(info: &ImageInfo, limits: &Limits) -> Result<()> {
    let decoder = pixels(info).saturating_mul(decoder::SCRATCH * info.dtype.size() as u64);
    limits.check_memory(decoder.saturating_add(2 * info.bytes()? as u64))
}

/// Whether all frames lie inside the file.
fn check(bytes: &[u8], _info: &ImageInfo) -> Result<()> {
    let limits = Limits { max_pixels: u64::MAX, ..Limits::default() };
    let Content::Sequence(sequence) = read(bytes, &limits)?.content else {
        return Ok(());
    };
    let tracks = [Some(&sequence.color), sequence.alpha.as_ref()];
    let mut frames = tracks.into_iter().flatten().flat_map(|track| &track.frames);
    frames.try_for_each(|place| film::frame_bytes(bytes, *place).map(|_| ()))
}

/// Before the first frame.
fn open<'a>(bytes: &'a [u8], info: &ImageInfo, limits: &Limits) -> Result<Box<dyn Film + 'a>> {
    check_memory(info, limits)?;
    let content = read(bytes, limits)?.content;
    Ok(Box::new(AvifFilm::open(bytes, content, info.bytes()?)?))
}

/// Runs what decodes; a panic in our own arithmetic must not end the run.
fn guarded(work: impl FnOnce() -> Result<()>) -> Result<()> {
    super::guarded("AVIF", work)
}

/// Reads the boxes of a file. One whose first brand is that of sequences is its tracks, any other its items.
fn read<'a>(bytes: &'a [u8], limits: &Limits) -> Result<Opened<'a>> {
    let mut boxes = Boxes::of_file(bytes);
    let first = boxes.next().ok_or_else(short)??;
    if first.kind != *b"ftyp" || !(brand(first.body, b"avif") || brand(first.body, b"avis")) {
        return Err(Error::image("damaged AVIF: no file type box"));
    }
    let plays = first.body.starts_with(b"avis");
    let wanted = if plays { b"moov" } else { b"meta" };
    let found = loop {
        let next = boxes.next().ok_or_else(short)??;
        if next.kind == *wanted {
            break next.body;
        }
    };
    if plays {
        let sequence = Sequence::read(found, limits)?;
        let first = sequence.color.frames.first().into_iter();
        for place in first.chain(sequence.alpha.iter().flat_map(|alpha| alpha.frames.first())) {
            film::frame_bytes(bytes, *place)?;
        }
        let items = sequence.color.meta.map(|meta| Items::read(bytes, meta)).transpose()?;
        let orientation = sequence.orientation;
        let orientation = items.map_or(orientation, |items| said(&items, None, orientation));
        return Ok(Opened { content: Content::Sequence(sequence), orientation });
    }
    let items = Items::read(bytes, found)?;
    let still = Still::read(&items, limits)?;
    let orientation = said(&items, items.primary, still.orientation);
    Ok(Opened { content: Content::Still(still), orientation })
}

/// The orientation of a picture that its boxes turn as `turned` says. Pillow's rule: the boxes overrule EXIF
/// even where they say nothing, and XMP has a say where EXIF has no such tag.
fn said(items: &Items<'_>, of: Option<u32>, turned: u8) -> u8 {
    if turned != 1 {
        return turned;
    }
    let describes = |item: &items::Item| of.is_none() || item.describes == of;
    let about = || items.iter().map(|(_, item)| item).filter(|item| describes(item));
    let exif = about().find(|item| item.kind == *b"Exif").and_then(|item| items.bytes(item).ok());
    if exif.is_some_and(|exif| tagged(&exif)) {
        return 1;
    }
    let xmp = about().find(|item| item.xmp).and_then(|item| items.bytes(item).ok());
    exif::orientation(None, xmp.as_deref())
}

/// Whether EXIF, after the offset that it begins with here, has an orientation.
fn tagged(exif: &[u8]) -> bool {
    let mut exif = Reader(exif);
    let block = exif.u32().ok().and_then(|skip| exif.0.get(skip as usize..));
    block.and_then(exif::in_exif).is_some()
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::format::damage::flipped;

    const COLOR: &[u8] = include_bytes!("../../../../testdata/formats/avif-420.avif");
    const ALPHA: &[u8] = include_bytes!("../../../../testdata/formats/avif-alpha.avif");
    const PARTS: &[u8] = include_bytes!("../../../../testdata/formats/avif-idat.avif");
    const GRAY: &[u8] = include_bytes!("../../../../testdata/formats/avif-gray.avif");
    const GRAIN: &[u8] = include_bytes!("../../../../testdata/formats/avif-grain.avif");
    const GRID: &[u8] = include_bytes!("../../../../testdata/formats/avif-grid.avif");
    const DEEP: &[u8] = include_bytes!("../../../../testdata/formats/avif-10-444-alpha.avif");
    const TURNED: &[u8] = include_bytes!("../../../../testdata/formats/avif-turned-mirrored.avif");
    const FILM: &[u8] = include_bytes!("../../../../testdata/formats/avif-sequence-alpha.avif");
    const ALL: [&[u8]; 9] = [COLOR, ALPHA, PARTS, GRAY, GRAIN, GRID, DEEP, TURNED, FILM];

    fn read(file: &[u8]) -> Result<(ImageInfo, Vec<u8>)> {
        let limits = Limits::default();
        let info = info(file, &limits)?;
        let mut out = vec![0xA5; info.bytes()?];
        decode(file, &info, &limits, &mut out)?;
        Ok((info, out))
    }

    /// The frames until one fails, and why.
    fn play(bytes: &[u8]) -> Result<(Vec<Vec<u8>>, Option<Error>)> {
        let limits = Limits::default();
        let info = info(bytes, &limits)?;
        let mut film = open(bytes, &info, &limits)?;
        let mut frames = Vec::new();
        for _ in 0..info.frames.min(9) {
            let mut out = vec![0xA5; info.bytes()?];
            if let Err(error) = film.draw() {
                return Ok((frames, Some(error)));
            }
            film.show(&mut out);
            frames.push(out);
        }
        Ok((frames, None))
    }

    #[test]
    fn what_they_are() {
        let kind = |file: &[u8]| {
            let (info, out) = read(file).expect("valid");
            assert!(sniff(file) && out.len() == info.bytes().expect("small"));
            (info.shape.to_string(), info.dtype, info.color, info.orientation, info.frames)
        };
        let (small, byte) = (|channels| Shape::image(15, 21, channels).to_string(), DType::Uint8);
        assert_eq!(kind(COLOR), (small(3), byte, Color::Rgb, 1, 1));
        assert_eq!(kind(ALPHA), (small(4), byte, Color::Rgba, 1, 1));
        assert_eq!(kind(PARTS), kind(ALPHA));
        assert_eq!(kind(GRAY), (small(1), byte, Color::Gray, 1, 1));
        assert_eq!(kind(GRID), (Shape::image(98, 102, 3).to_string(), byte, Color::Rgb, 1, 1));
        assert_eq!(kind(DEEP), (small(4), DType::Uint16, Color::Rgba, 1, 1));
        assert_eq!(kind(TURNED), (small(3), byte, Color::Rgb, 7, 1));
        assert_eq!(kind(FILM), (small(4), byte, Color::Rgba, 1, 3));
    }

    #[test]
    fn the_same_picture_in_other_boxes() {
        assert_eq!(read(ALPHA).expect("valid").1, read(PARTS).expect("valid").1);
        assert_eq!(read(COLOR).expect("valid").1, read(TURNED).expect("valid").1);
        assert_ne!(read(COLOR).expect("valid").1, read(GRAIN).expect("valid").1);
    }

    #[test]
    fn a_grid_has_its_colours_in_order() {
        let (info, out) = read(GRID).expect("valid");
        let at = |y: usize, x: usize| &out[(y * info.shape[1] + x) * 3..][..3];
        let near = |a: &[u8], b: [u8; 3]| a.iter().zip(b).all(|(a, b)| a.abs_diff(b) < 20);
        assert!(near(at(5, 5), [200, 30, 40]) && near(at(5, 90), [20, 220, 60]));
        assert!(near(at(90, 5), [90, 90, 250]) && near(at(90, 90), [9, 9, 9]));
    }

    #[test]
    fn frames_in_order() {
        let (frames, error) = play(FILM).expect("valid");
        assert!(error.is_none() && frames.len() == 3 && frames[0] != frames[1]);
        assert_eq!(frames[0], read(FILM).expect("valid").1);
        let (still, error) = play(ALPHA).expect("valid");
        assert!(error.is_none() && still == [read(ALPHA).expect("valid").1]);
        check(FILM, &info(FILM, &Limits::default()).expect("valid")).expect("whole");
    }

    #[test]
    fn a_cut_is_an_error_or_changes_nothing() {
        for file in ALL {
            let whole = read(file).expect("valid").1;
            for end in 0..file.len() {
                match read(&file[..end]) {
                    Ok((_, out)) => assert_eq!(out, whole, "cut at {end}"),
                    Err(error) => assert_eq!(error.kind(), ErrorKind::Image, "cut at {end}"),
                }
            }
            // The last box of that one reaches to the end, whatever is there.
            if file != PARTS {
                let longer = [file, b"rubbish"].concat();
                assert_eq!(read(&longer).expect("valid").1, whole);
            }
        }
    }

    #[test]
    fn a_cut_leaves_the_frames_before_it() {
        let (whole, _) = play(FILM).expect("valid");
        for end in 0..FILM.len() {
            let cut = &FILM[..end];
            let damaged = info(cut, &Limits::default()).and_then(|info| check(cut, &info)).is_err();
            let (frames, error) = play(cut).unwrap_or_default();
            assert!(whole.starts_with(&frames) && damaged, "cut at {end}");
            assert!(error.is_none_or(|error| error.kind() == ErrorKind::Image), "cut at {end}");
        }
    }

    #[test]
    fn flipped_bits_never_panic() {
        for file in ALL {
            for bad in flipped(file, (0..file.len() * 8).step_by(5)) {
                let _ = play(&bad);
            }
        }
    }

    #[test]
    fn memory_bounds_what_decoding_takes() {
        for file in [FILM, GRID] {
            let tight = Limits { memory: Some(1000), ..Limits::default() };
            let info = info(file, &tight).expect("its headers are small");
            let decoded = decode(file, &info, &tight, &mut vec![0; info.bytes().expect("small")]);
            let opened = open(file, &info, &tight).map(|_| ());
            for result in [decoded, opened] {
                let error = result.expect_err("over memory");
                assert_eq!(error.kind(), ErrorKind::Limit);
                assert!(error.message().contains("over memory 1000"), "{error}");
            }
        }
    }

    #[test]
    fn absurd_sizes_are_over_the_limit() {
        let tight = Limits { max_pixels: 314, ..Limits::default() };
        for file in ALL {
            assert_eq!(info(file, &tight).expect_err("too large").kind(), ErrorKind::Limit);
        }
    }

    #[test]
    fn brands() {
        assert!(
            sniff(b"\0\0\0\x18ftypmif1\0\0\0\0mif1avif") && sniff(b"\0\0\0\x10ftypavis\0\0\0\0")
        );
        assert!(!sniff(b"\0\0\0\x14ftypmif1\0\0\0\0heicavif") && !sniff(b"\0\0\0\x10ftypheicavif"));
        assert!(!sniff(b"\0\0\0\x18ftyp") && !sniff(b""));
    }
}
