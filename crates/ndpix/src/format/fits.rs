//! FITS: the first image of a file, plane after plane.
//!
//! Takes a whole file; gives the stored numbers of the first HDU that holds an image (the primary one or an
//! IMAGE extension; tables are passed over, further images are not looked at), as `(H, W)`. Two axes
//! are one picture; a third one counts planes, which are read as pages, and axes beyond it must be of
//! length 1. The first row of the file is the first row here, as in astropy.
//!
//! Unsigned numbers, and signed bytes, are stored with an offset (`BZERO`): that is undone. Any
//! other `BSCALE` and `BZERO`, and `BLANK`, are said in [`ImageInfo::rescale`], not applied.
//! Refuses images that are compressed by tiles, random groups and a single axis as `unsupported`.

mod header;

use self::header::{Header, Kind};
use super::row::{ByRows, Evidence, More, Pages, Row, no_indices};
use super::{Color, ImageInfo, Rescale};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::Limits;
use crate::shape::Shape;

pub(super) const ROW: Row = Row {
    name: "fits",
    extensions: &["fits", "fit", "fts"],
    dtypes: &[
        DType::Uint8,
        DType::Int8,
        DType::Uint16,
        DType::Int16,
        DType::Uint32,
        DType::Int32,
        DType::Uint64,
        DType::Int64,
        DType::Float32,
        DType::Float64,
    ],
    colors: &[Color::Gray],
    sniff: |bytes| bytes.starts_with(b"SIMPLE  ="),
    evidence: Evidence::Signature,
    info: |bytes, limits| Planes::find(bytes, limits)?.info(0, limits),
    // That all planes are there is looked at with the header.
    least: |_, _| 0,
    decode: |bytes, info, limits, out| Planes::find(bytes, limits)?.decode(0, info, limits, out),
    more: More::Pages { open: |bytes, limits| Ok(Box::new(Planes::find(bytes, limits)?)) },
    rows: ByRows::Never,
    indices: no_indices,
};

/// The image of a file.
struct Planes<'a> {
    /// What each of its planes is.
    info: ImageInfo,
    /// The numbers of all planes, big-endian.
    stored: &'a [u8],
    /// Whether their first bit is turned, which is what the offset of unsigned numbers does.
    turned: bool,
}

impl Pages for Planes<'_> {
    fn info(&self, page: u32, _limits: &Limits) -> Result<ImageInfo> {
        self.plane(page).map(|_| self.info)
    }

    fn decode(
        &mut self,
        page: u32,
        info: &ImageInfo,
        _limits: &Limits,
        out: &mut [u8],
    ) -> Result<()> {
        let stored = self.plane(page)?;
        if (self.info.shape, self.info.dtype) != (info.shape, info.dtype)
            || out.len() != stored.len()
        {
            return Err(Error::image("the FITS changed between its header and its pixels"));
        }
        match info.dtype.size() {
            1 => lay::<1>(stored, self.turned, out),
            2 => lay::<2>(stored, self.turned, out),
            4 => lay::<4>(stored, self.turned, out),
            _ => lay::<8>(stored, self.turned, out),
        }
        Ok(())
    }
}

/// Numbers of `N` bytes from big-endian to little-endian.
fn lay<const N: usize>(stored: &[u8], turned: bool, out: &mut [u8]) {
    let turn = if turned { 0x80 } else { 0 };
    let numbers = stored.as_chunks::<N>().0.iter();
    for (from, to) in numbers.zip(out.as_chunks_mut::<N>().0) {
        *to = *from;
        to[0] ^= turn;
        to.reverse();
    }
}

impl<'a> Planes<'a> {
    /// Walks the HDUs to the first image.
    fn find(bytes: &'a [u8], limits: &Limits) -> Result<Self> {
        let mut at = 0;
        loop {
            let header = Header::read(bytes, at)?;
            if header.groups {
                return Err(Error::unsupported("FITS with random groups"));
            }
            match header.kind {
                Kind::Tiles => {
                    return Err(Error::unsupported(
                        "FITS with an image compressed by tiles (ZIMAGE)",
                    ));
                }
                Kind::Image
                    if header.axes.iter().any(|side| *side > 0) && !header.axes.contains(&0) =>
                {
                    return Self::of(bytes, &header, limits);
                }
                Kind::Image | Kind::Other => {}
            }
            at = header.next()?;
            match bytes.get(at..) {
                Some(rest) if rest.starts_with(b"XTENSION=") => {}
                Some(_) => {
                    return Err(Error::unsupported(
                        "FITS without an image; there is nothing to read in it",
                    ));
                }
                None => return Err(Error::image("truncated FITS: the file ends inside its data")),
            }
        }
    }

    /// The image with this header.
    fn of(bytes: &'a [u8], header: &Header, limits: &Limits) -> Result<Self> {
        let [width, height, rest @ ..] = header.axes.as_slice() else {
            return Err(Error::unsupported("FITS with an image of 1 axis"));
        };
        let (planes, beyond) = rest.split_first().unwrap_or((&1, &[]));
        if beyond.iter().any(|side| *side != 1) {
            return Err(Error::unsupported(format!(
                "FITS with an image of {} axes",
                header.axes.len()
            )));
        }
        limits.check_pixels(*height, *width)?;
        let frames =
            u32::try_from(*planes).map_err(|_| Error::limit("FITS of over 4 billion planes"))?;
        let (dtype, turned) = kind_of_number(header);
        // The product was checked with the pixels.
        let shape = Shape::image(*height as usize, *width as usize, 1);
        let info = ImageInfo {
            rescale: line(header, dtype).filter(|_| !turned),
            frames,
            ..ImageInfo::of(shape, dtype, Color::Gray)
        };
        let data = bytes.get(header.data..).unwrap_or_default();
        let length = info.bytes()?;
        let all = (length as u64).checked_mul(*planes);
        let stored = all.and_then(|all| data.get(..usize::try_from(all).ok()?)).ok_or_else(|| {
            Error::image(format!(
                "truncated FITS: {} bytes cannot hold planes of shape {shape} and dtype {dtype}, {frames} in number",
                data.len()
            ))
        })?;
        Ok(Self { info, stored, turned })
    }

    /// The numbers of a plane.
    fn plane(&self, page: u32) -> Result<&'a [u8]> {
        let frames = self.info.frames;
        if page >= frames {
            let count = if frames == 1 { "1 plane" } else { &format!("{frames} planes") };
            return Err(Error::shape(format!("the FITS has {count}, and none with index {page}")));
        }
        let length = self.stored.len() / frames as usize;
        Ok(&self.stored[page as usize * length..][..length])
    }
}

/// The dtype of the numbers, and whether their first bit is turned: the convention for what FITS has no
/// type for, which is an offset of half the range.
fn kind_of_number(header: &Header) -> (DType, bool) {
    let (plain, half, other) = match header.bitpix {
        8 => (DType::Uint8, -128.0, DType::Int8),
        16 => (DType::Int16, 32_768.0, DType::Uint16),
        32 => (DType::Int32, 2_147_483_648.0, DType::Uint32),
        64 => (DType::Int64, 9_223_372_036_854_775_808.0, DType::Uint64),
        -32 => return (DType::Float32, false),
        _ => return (DType::Float64, false),
    };
    let turned = header.scale == 1.0 && header.zero == half;
    (if turned { other } else { plain }, turned)
}

/// How numbers of this dtype become quantities; `None` where they stay what they are, as in astropy also of that
/// dtype.
fn line(header: &Header, stored: DType) -> Option<Rescale> {
    let (slope, intercept, blank) = (header.scale, header.zero, header.blank);
    let line = Rescale { slope, intercept, blank, dtype: quantity(stored) };
    Some(line).filter(|line| line.changes())
}

/// What Astropy makes of numbers of this dtype when it scales them.
fn quantity(stored: DType) -> DType {
    match stored {
        DType::Float32 | DType::Float64 => stored,
        _ if stored.size() > 2 => DType::Float64,
        _ => DType::Float32,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use crate::format::damage::flipped;

    /// A header of these cards.
    fn header(cards: &[&str]) -> Vec<u8> {
        let mut out: Vec<u8> =
            cards.iter().flat_map(|card| format!("{card:80}").into_bytes()).collect();
        out.extend(format!("{:80}", "END").bytes());
        out.resize(out.len().next_multiple_of(header::BLOCK), b' ');
        out
    }

    /// A whole file of one image.
    fn file(first: &str, bits: i32, axes: &[usize], more: &[&str], data: &[u8]) -> Vec<u8> {
        let mut cards = vec![
            first.to_string(),
            format!("BITPIX  = {bits}"),
            format!("NAXIS   = {}", axes.len()),
        ];
        cards.extend(axes.iter().enumerate().map(|(i, n)| format!("NAXIS{}  = {n} / side", i + 1)));
        cards.extend(more.iter().map(|card| card.to_string()));
        let mut out = header(&cards.iter().map(String::as_str).collect::<Vec<_>>());
        out.extend(data);
        out.resize(out.len().next_multiple_of(header::BLOCK), 0);
        out
    }

    const SIMPLE: &str = "SIMPLE  =                    T";
    const TABLE: &str = "XTENSION= 'BINTABLE'";

    fn read(file: &[u8], page: u32) -> Result<(ImageInfo, Vec<u8>)> {
        let limits = Limits::default();
        let mut planes = Planes::find(file, &limits)?;
        let info = planes.info(page, &limits)?;
        let mut out = vec![0xA5; info.bytes()?];
        planes.decode(page, &info, &limits, &mut out)?;
        Ok((info, out))
    }

    #[test]
    fn rows_and_planes() {
        let data = [0, 1, 0, 2, 255, 253, 0, 4, 0, 5, 0, 6, 0, 7, 0, 8];
        let (info, out) = read(&file(SIMPLE, 16, &[4, 2], &[], &data), 0).expect("good");
        assert_eq!((&*info.shape, info.dtype, info.frames), (&[2, 4][..], DType::Int16, 1));
        assert_eq!(out, [1i16, 2, -3, 4, 5, 6, 7, 8].map(i16::to_le_bytes).concat());
        let planes = file(SIMPLE, 16, &[2, 2, 2, 1], &[], &data);
        let (info, out) = read(&planes, 1).expect("good");
        assert_eq!((&*info.shape, info.frames), (&[2, 2][..], 2));
        assert_eq!(out, [5i16, 6, 7, 8].map(i16::to_le_bytes).concat());
        assert_eq!(read(&planes, 2).expect_err("two planes").kind(), ErrorKind::Shape);
    }

    #[test]
    fn unsigned_numbers_and_scales() {
        let (info, out) =
            read(&file(SIMPLE, 16, &[1, 2], &["BZERO   = 32768."], &[128, 0, 127, 255]), 0)
                .expect("good");
        assert_eq!((info.dtype, info.rescale), (DType::Uint16, None));
        assert_eq!(out, [0, 0, 255, 255]);
        let (info, out) =
            read(&file(SIMPLE, 8, &[1, 2], &["BZERO   = -128"], &[0, 255]), 0).expect("good");
        assert_eq!((info.dtype, &out[..]), (DType::Int8, &[128, 127][..]));
        let cards = ["BZERO   = 32768", "BSCALE  = 2.5D0 / twice and a half"];
        let (info, out) = read(&file(SIMPLE, 16, &[1, 1], &cards, &[1, 2]), 0).expect("good");
        assert_eq!(
            info.rescale,
            Some(Rescale { slope: 2.5, intercept: 32768.0, blank: None, dtype: DType::Float32 })
        );
        assert_eq!((info.dtype, &out[..]), (DType::Int16, &[2, 1][..]));
    }

    #[test]
    fn blank_numbers_are_said() {
        let said = |bits: i32, cards: &[&str]| {
            let file = file(SIMPLE, bits, &[1, 1], cards, &[0; 8]);
            let line = read(&file, 0).expect("good").0.rescale;
            line.map(|line| (line.slope, line.intercept, line.blank, line.dtype))
        };
        let (blank, single) = ("BLANK   =               -32768", DType::Float32);
        assert_eq!(said(16, &[blank]), Some((1.0, 0.0, Some(-32768), single)), "alone");
        let scaled = said(16, &[blank, "BSCALE  = 0.5", "BZERO   = 10"]);
        assert_eq!(scaled, Some((0.5, 10.0, Some(-32768), single)));
        assert_eq!(said(8, &["BLANK   = 255 / none"]), Some((1.0, 0.0, Some(255), single)));
        for bits in [32, 64] {
            let wide = Some((1.0, 0.0, Some(-32768), DType::Float64));
            assert_eq!(said(bits, &[blank]), wide, "{bits}");
        }
        assert_eq!(said(16, &[blank, "BZERO   = 32768"]), None, "unsigned numbers");
        assert_eq!(said(-32, &[blank]), None, "floats have NaN");
        assert_eq!(said(16, &["BLANK   = 1.5"]), None, "no whole number");
    }

    #[test]
    fn the_first_image_is_read() {
        let empty = file(SIMPLE, 8, &[], &[], &[]);
        let table = file(TABLE, 8, &[4, 3000], &["PCOUNT  = 5"], &[7; 12_005]);
        let image = file("XTENSION= 'IMAGE   '", 8, &[2, 1], &[], &[1, 2]);
        let all = [&empty[..], &table, &image, &image].concat();
        assert_eq!(read(&all, 0).expect("good").1, [1, 2]);
        let error = read(&[&empty[..], &table].concat(), 0).expect_err("no image");
        assert_eq!(error.kind(), ErrorKind::Unsupported);
        let tiles = file(TABLE, 8, &[4, 3], &["ZIMAGE  =                    T"], &[7; 12]);
        let error = read(&[empty, tiles].concat(), 0).expect_err("tiles");
        assert!(error.message().contains("ZIMAGE"));
        for axes in [&[3][..], &[2, 2, 2, 2]] {
            let error = read(&file(SIMPLE, 8, axes, &[], &[0; 16]), 0).expect_err("axes");
            assert_eq!(error.kind(), ErrorKind::Unsupported);
        }
    }

    #[test]
    fn all_planes_are_found_without_reading_the_file_for_each() {
        let empty = file("XTENSION= 'IMAGE   '", 8, &[], &[], &[]);
        let data: Vec<u8> = (0..100_000u32).map(|plane| plane as u8).collect();
        let image = file("XTENSION= 'IMAGE   '", 8, &[1, 1, data.len()], &[], &data);
        let file = [file(SIMPLE, 8, &[], &[], &[]), empty.repeat(1000), image].concat();
        let (limits, begun) = (Limits::default(), std::time::Instant::now());
        let mut planes = Planes::find(&file, &limits).expect("good");
        for (plane, number) in (0..).zip(&data) {
            let info = planes.info(plane, &limits).expect("it is there");
            let mut out = [0];
            planes.decode(plane, &info, &limits, &mut out).expect("good");
            assert_eq!(out, [*number]);
        }
        // Their product took minutes.
        assert!(begun.elapsed().as_secs() < 5, "{:?}", begun.elapsed());
    }

    #[test]
    fn every_cut_is_an_error_or_whole() {
        let file = file(SIMPLE, -32, &[3, 2], &["BSCALE  = 2"], &[1; 24]);
        let (_, whole) = read(&file, 0).expect("good");
        for end in 0..file.len() {
            match read(&file[..end], 0) {
                Ok((_, out)) => assert!(out == whole && end >= 2880 + 24, "cut at {end}"),
                Err(error) => assert_eq!(error.kind(), ErrorKind::Image, "cut at {end}"),
            }
        }
    }

    #[test]
    fn flipped_bits_never_panic() {
        let file = file(SIMPLE, 16, &[3, 2], &["BSCALE  = 2", "PCOUNT  = 0"], &[1; 12]);
        for bad in flipped(&file, 0..800 * 8) {
            let _ = read(&bad, 0);
        }
    }

    #[test]
    fn absurd_sizes_are_refused() {
        let kind = |axes: &[usize]| {
            read(&file(SIMPLE, 64, axes, &[], &[0; 99]), 0).expect_err("large").kind()
        };
        assert_eq!(kind(&[70_000, 70_000]), ErrorKind::Limit);
        assert_eq!(kind(&[7_000, 7_000]), ErrorKind::Image);
        assert_eq!(kind(&[2, 2, 5_000_000_000]), ErrorKind::Limit);
        assert_eq!(kind(&[usize::MAX / 2, usize::MAX / 2]), ErrorKind::Image);
    }
}
