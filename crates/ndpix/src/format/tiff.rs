//! TIFF and BigTIFF: the first directory of a file to pixels.
//!
//! Read here and not by a TIFF crate, because the kinds that science uses (planar, signed, odd
//! depths, float predictors) must come as stored and at the speed of the codecs. A file is cut
//! into strips or tiles; each is decompressed into one buffer, and its rows are put in order,
//! converted where ndpix promises a conversion, and laid into the output.

mod ccitt;
mod color;
mod directory;
mod jpeg;
mod lzw;
mod picture;
mod samples;
mod strips;

use self::color::Convert;
use self::picture::Picture;
use self::samples::{Packing, Predictor};
use self::strips::{Compression, Unpacker};
use super::row::{BAND, ByRows, DecodeIndices, Evidence, More, Pages, Row, TakeRows};
use super::{Color, ImageInfo};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::limits::{Limits, make_room, zeros};

/// Of samples of any number of bits, signed or not, or floating.
const DTYPES: [DType; 11] = [
    DType::Uint8,
    DType::Uint16,
    DType::Uint32,
    DType::Uint64,
    DType::Int8,
    DType::Int16,
    DType::Int32,
    DType::Int64,
    DType::Float16,
    DType::Float32,
    DType::Float64,
];

pub(super) const ROW: Row = Row {
    name: "tiff",
    extensions: &["tif", "tiff"],
    dtypes: &DTYPES,
    colors: &Color::ALL,
    sniff: |bytes| matches!(bytes, [b'I', b'I', 42 | 43, 0, ..] | [b'M', b'M', 0, 42 | 43, ..]),
    evidence: Evidence::Signature,
    info: |bytes, limits| info(bytes, 0, limits),
    // Every page is looked at when it is read.
    least: |_, _| 0,
    decode: |bytes, info, limits, out| decode(bytes, 0, info, limits, out),
    more: More::Pages { open: |bytes, _| Ok(Box::new(Directories(bytes))) },
    rows: ByRows::Some { can: gives_rows, decode: decode_rows },
    indices,
};

/// A file, whose directories are looked for page by page; their number is bounded.
struct Directories<'a>(&'a [u8]);

impl Pages for Directories<'_> {
    fn info(&self, page: u32, limits: &Limits) -> Result<ImageInfo> {
        info(self.0, page, limits)
    }

    fn decode(
        &mut self,
        page: u32,
        info: &ImageInfo,
        limits: &Limits,
        out: &mut [u8],
    ) -> Result<()> {
        decode(self.0, page, info, limits, out)
    }
}

/// What a directory says of its picture; the first page is 0.
fn info(bytes: &[u8], page: u32, limits: &Limits) -> Result<ImageInfo> {
    Picture::read(bytes, page, limits).map(|picture| picture.info)
}

/// Decodes the picture of a directory.
fn decode(
    bytes: &[u8],
    page: u32,
    info: &ImageInfo,
    limits: &Limits,
    out: &mut [u8],
) -> Result<()> {
    let picture = Picture::read(bytes, page, limits)?;
    if picture.info.shape != info.shape || out.len() != picture.info.bytes()? {
        return Err(Error::image("the TIFF changed between its header and its pixels"));
    }
    lay(&picture, out)
}

/// Whether the samples of a pixel stand together, so that pieces make rows.
fn gives_rows(bytes: &[u8], page: u32, limits: &Limits) -> bool {
    Picture::read(bytes, page, limits).is_ok_and(|picture| !picture.planar)
}

/// The rows, as [`info`] announced the picture.
fn decode_rows(
    bytes: &[u8],
    page: u32,
    info: &ImageInfo,
    limits: &Limits,
    take: &mut TakeRows<'_>,
) -> Result<()> {
    let picture = Picture::read(bytes, page, limits)?;
    if picture.info.shape != info.shape || picture.planar {
        return Err(Error::image("the TIFF changed between its header and its pixels"));
    }
    let (grid, size) = (picture.grid, picture.packing.sample_bytes());
    let row_out = info.bytes()? / picture.height;
    let pixel_out = row_out / picture.width;
    let strips = grid.across == 1;
    // Rows of tiles are put together first.
    let at_once = if strips { (BAND / row_out.max(1)).max(1) } else { usize::MAX };
    let at_once = at_once.min(grid.height).min(picture.height);
    let mut band = zeros(at_once * row_out)?;
    let mut worker = Worker::new(&picture);
    for down in 0..grid.down {
        let rows = grid.height.min(picture.height - down * grid.height);
        for first in (0..rows).step_by(at_once) {
            let band = &mut band[..at_once.min(rows - first) * row_out];
            for across in 0..grid.across {
                if first == 0 {
                    worker.load(down * grid.across + across, rows)?;
                }
                let left = across * grid.width;
                let width = grid.width.min(picture.width - left);
                for (row, to) in band.chunks_exact_mut(row_out).enumerate() {
                    let samples = &worker.row(first + row)?[..width * picture.together() * size];
                    let to = &mut to[left * pixel_out..][..width * pixel_out];
                    picture.convert.row(samples, to);
                }
            }
            take(band)?;
        }
    }
    Ok(())
}

/// Fills `out` with the converted rows of the picture.
fn lay(picture: &Picture<'_>, out: &mut [u8]) -> Result<()> {
    if !picture.planar || matches!(picture.convert, Convert::None) {
        return fill(picture, &picture.convert, out);
    }
    // A conversion wants the samples of a pixel together.
    let row = picture.width * picture.samples * picture.packing.sample_bytes();
    let mut stored = zeros(row * picture.height)?;
    fill(picture, &Convert::None, &mut stored)?;
    let row_out = out.len() / picture.height;
    for (from, to) in stored.chunks_exact(row).zip(out.chunks_exact_mut(row_out)) {
        picture.convert.row(from, to);
    }
    Ok(())
}

/// Where the samples are indices into a colour map, or gray that is stretched or inverted.
fn indices(bytes: &[u8], limits: &Limits) -> Result<Option<DecodeIndices>> {
    let held = Picture::read(bytes, 0, limits).is_ok_and(|p| match p.convert {
        Convert::Palette { .. } => true,
        Convert::Map { .. } => p.info.color == Color::Gray,
        _ => false,
    });
    Ok(held.then_some(decode_indices))
}

/// The palette indices or gray samples of the first directory, as stored.
fn decode_indices(bytes: &[u8], limits: &Limits, out: &mut [u8]) -> Result<()> {
    let mut picture = Picture::read(bytes, 0, limits)?;
    let info = picture.info;
    if matches!(picture.convert, Convert::Map { .. }) {
        picture.convert = Convert::None;
        return lay(&picture, out);
    }
    picture.convert.keep_indices();
    let mut colors = zeros(info.bytes()?)?;
    lay(&picture, &mut colors)?;
    let channels = info.shape.get(2).copied().unwrap_or(1);
    for (index, color) in out.iter_mut().zip(colors.chunks_exact(channels)) {
        *index = color[0];
    }
    Ok(())
}

/// Decompresses piece after piece and lays its rows into `out`.
fn fill(picture: &Picture<'_>, convert: &Convert, out: &mut [u8]) -> Result<()> {
    let grid = picture.grid;
    let size = picture.packing.sample_bytes();
    let row_out = out.len() / picture.height;
    let pixel_out = row_out / picture.width;
    let planes = if picture.planar { picture.samples } else { 1 };
    let mut worker = Worker::new(picture);
    for plane in 0..planes {
        for down in 0..grid.down {
            let top = down * grid.height;
            let rows = grid.height.min(picture.height - top);
            for across in 0..grid.across {
                let left = across * grid.width;
                let width = grid.width.min(picture.width - left);
                worker.load((plane * grid.down + down) * grid.across + across, rows)?;
                for row in 0..rows {
                    let samples = &worker.row(row)?[..width * picture.together() * size];
                    let to = &mut out[(top + row) * row_out + left * pixel_out..];
                    let to = &mut to[..width * pixel_out];
                    if planes == 1 {
                        convert.row(samples, to);
                    } else {
                        scatter(samples, to, plane, planes, size);
                    }
                }
            }
        }
    }
    Ok(())
}

/// Decompresses pieces and unpacks their rows, in buffers that are used again.
struct Worker<'a> {
    picture: &'a Picture<'a>,
    packing: Packing,
    row_bytes: usize,
    unpacker: Unpacker,
    piece: Vec<u8>,
    spare: Vec<u8>,
}

impl<'a> Worker<'a> {
    fn new(picture: &'a Picture<'a>) -> Self {
        let mut packing = picture.packing;
        let mut row_bytes = picture.row_bytes().unwrap_or(0);
        if picture.shared.is_some() {
            packing.predictor = Predictor::None;
            row_bytes = picture.grid.width * picture.samples;
        }
        let unpacker = Unpacker::new(picture.compression, picture.reverse_bits);
        Self { picture, packing, row_bytes, unpacker, piece: Vec::new(), spare: Vec::new() }
    }

    /// Makes piece `i`, of which `rows` rows are needed, the current one.
    fn load(&mut self, i: usize, rows: usize) -> Result<()> {
        let picture = self.picture;
        let too_big = || Error::limit("a strip or tile of the TIFF is too large");
        let need = picture.piece_bytes(rows).ok_or_else(too_big)?;
        make_room(&mut self.piece, need.max(self.row_bytes * rows))?;
        let plain = (picture.compression == Compression::None).then_some(need);
        let Some(stored) = picture.pieces.stored(i, plain)? else {
            self.piece.clear();
            self.piece.resize(self.row_bytes * rows, 0);
            return Ok(());
        };
        if picture.compression == Compression::Jpeg {
            let wanted = jpeg::Wanted {
                width: picture.grid.width,
                rows,
                most_rows: picture.grid.height,
                samples: picture.together(),
                ycbcr: picture.jpeg_ycbcr,
            };
            return jpeg::decode(picture.jpeg_tables, stored, wanted, &mut self.piece);
        }
        self.unpacker.unpack(stored, need, picture.grid.width, &mut self.piece)?;
        if let Some(block) = picture.shared {
            color::unshare(&self.piece[..need], picture.grid.width, rows, block, &mut self.spare);
            std::mem::swap(&mut self.piece, &mut self.spare);
        }
        Ok(())
    }

    /// The samples of a row of the current piece; each row is asked for once.
    fn row(&mut self, row: usize) -> Result<&mut [u8]> {
        let step = self.picture.together();
        let bytes = &mut self.piece[row * self.row_bytes..][..self.row_bytes];
        self.packing.unpack(bytes, self.picture.grid.width * step, step, &mut self.spare)
    }
}

/// Lays the samples of one plane between those of the others.
fn scatter(from: &[u8], to: &mut [u8], plane: usize, planes: usize, size: usize) {
    fn lay<const N: usize>(from: &[u8], to: &mut [u8], plane: usize, planes: usize) {
        let to = to.as_chunks_mut::<N>().0.iter_mut().skip(plane).step_by(planes);
        for (to, from) in to.zip(from.as_chunks::<N>().0) {
            *to = *from;
        }
    }
    match size {
        1 => lay::<1>(from, to, plane, planes),
        2 => lay::<2>(from, to, plane, planes),
        4 => lay::<4>(from, to, plane, planes),
        _ => lay::<8>(from, to, plane, planes),
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    /// A classic TIFF of these fields (numbers of one size each) with `pieces` of pixels.
    fn file(big_endian: bool, fields: &[(u16, &[u32])], pieces: &[&[u8]]) -> Vec<u8> {
        let tiled = fields.iter().any(|f| f.0 == directory::tag::TILE_WIDTH);
        let names = if tiled { (324, 325) } else { (273, 279) };
        let mut at = 8;
        let offsets: Vec<u32> = pieces.iter().map(|p| (at, at += p.len() as u32).0).collect();
        let counts: Vec<u32> = pieces.iter().map(|p| p.len() as u32).collect();
        let mut all = fields.to_vec();
        all.extend([(names.0, &offsets[..]), (names.1, &counts[..])]);
        let n16 = |n: u16| if big_endian { n.to_be_bytes() } else { n.to_le_bytes() };
        let n32 = |n: u32| if big_endian { n.to_be_bytes() } else { n.to_le_bytes() };
        let mut bytes = if big_endian { b"MM".to_vec() } else { b"II".to_vec() };
        bytes.extend(n16(42));
        bytes.extend(n32(at));
        bytes.extend(pieces.concat());
        bytes.extend(n16(all.len() as u16));
        let mut far = Vec::new();
        let far_at = at + 6 + 12 * all.len() as u32;
        for (tag, values) in all {
            bytes.extend([n16(tag), n16(4)].concat());
            bytes.extend(n32(values.len() as u32));
            if let [value] = values {
                bytes.extend(n32(*value));
            } else {
                bytes.extend(n32(far_at + far.len() as u32));
                far.extend(values.iter().flat_map(|&v| n32(v)));
            }
        }
        bytes.extend(n32(0));
        bytes.extend(far);
        bytes
    }

    fn pixels(bytes: &[u8]) -> Result<(ImageInfo, Vec<u8>)> {
        let limits = Limits::default();
        let info = info(bytes, 0, &limits)?;
        let mut out = vec![0xAA; info.bytes()?];
        decode(bytes, 0, &info, &limits, &mut out)?;
        Ok((info, out))
    }

    fn kind(bytes: &[u8]) -> Option<ErrorKind> {
        pixels(bytes).err().map(|e| e.kind())
    }

    const GRAY16: [(u16, &[u32]); 5] =
        [(256, &[3]), (257, &[2]), (258, &[16]), (262, &[1]), (278, &[1])];

    #[test]
    fn both_byte_orders_give_little_endian_samples() {
        for big in [false, true] {
            let number = |n: u16| if big { n.to_be_bytes() } else { n.to_le_bytes() };
            let rows = [[1, 2, 300], [4, 5, 60_000]].map(|row| row.map(number).concat());
            let (info, out) = pixels(&file(big, &GRAY16, &[&rows[0], &rows[1]])).expect("good");
            assert_eq!(
                (&*info.shape, info.dtype, info.color),
                (&[2, 3][..], DType::Uint16, Color::Gray)
            );
            assert_eq!((info.orientation, info.frames), (1, 1));
            let expected = [1u16, 2, 300, 4, 5, 60_000].map(u16::to_le_bytes).concat();
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn predictors_are_undone() {
        let mut fields = GRAY16.to_vec();
        fields.push((317, &[2]));
        let row = [5u16, 1, 0xFFFF].map(u16::to_be_bytes).concat();
        let (_, out) = pixels(&file(true, &fields, &[&row, &row])).expect("good");
        assert_eq!(out[..6], [5u16, 6, 5].map(u16::to_le_bytes).concat());

        let values = [1.5f32, -2.0];
        let mut planes: Vec<u8> = (0..4).flat_map(|b| values.map(|v| v.to_be_bytes()[b])).collect();
        for i in (1..planes.len()).rev() {
            planes[i] = planes[i].wrapping_sub(planes[i - 1]);
        }
        let fields: [(u16, &[u32]); 6] =
            [(256, &[2]), (257, &[1]), (258, &[32]), (262, &[1]), (317, &[3]), (339, &[3])];
        for big in [false, true] {
            let (info, out) = pixels(&file(big, &fields, &[&planes])).expect("good");
            assert_eq!(info.dtype, DType::Float32);
            assert_eq!(out, values.map(f32::to_le_bytes).concat());
        }
    }

    #[test]
    fn planes_and_tiles_come_as_rows_of_pixels() {
        let planar: [(u16, &[u32]); 6] =
            [(256, &[2]), (257, &[1]), (258, &[8, 8, 8]), (262, &[2]), (277, &[3]), (284, &[2])];
        let (info, out) =
            pixels(&file(false, &planar, &[&[1, 2], &[3, 4], &[5, 6]])).expect("good");
        assert_eq!((&*info.shape, info.color), (&[1, 2, 3][..], Color::Rgb));
        assert_eq!(out, [1, 3, 5, 2, 4, 6]);

        let tiled: [(u16, &[u32]); 6] =
            [(256, &[3]), (257, &[2]), (258, &[8]), (262, &[1]), (322, &[2]), (323, &[2])];
        let (_, out) = pixels(&file(false, &tiled, &[&[1, 2, 4, 5], &[3, 0, 6, 0]])).expect("good");
        assert_eq!(out, [1, 2, 3, 4, 5, 6]);
    }

    #[test]
    fn small_depths_are_stretched_and_white_zero_turned() {
        let bits = |bits: &'static [u32], photometric: &'static [u32]| {
            [(256, &[4][..]), (257, &[1]), (258, bits), (262, photometric)]
        };
        let read =
            |fields: &[(u16, &[u32])], data| pixels(&file(false, fields, &[data])).expect("good").1;
        assert_eq!(read(&bits(&[1], &[1]), &[0b0101_0000]), [0, 255, 0, 255]);
        assert_eq!(read(&bits(&[1], &[0]), &[0b0101_0000]), [255, 0, 255, 0]);
        assert_eq!(read(&bits(&[2], &[1]), &[0b0001_1011]), [0, 85, 170, 255]);
        assert_eq!(read(&bits(&[8], &[0]), &[0, 1, 2, 255]), [255, 254, 253, 0]);
        assert_eq!(
            read(&bits(&[12], &[1]), &[0x12, 0x3A, 0xBC, 0, 0, 0]),
            [0x123u16, 0xABC, 0, 0].map(u16::to_le_bytes).concat()
        );
    }

    #[test]
    fn indices_of_gray_are_its_stored_samples() {
        let limits = Limits::default();
        for (bits, photometric, data, expected) in [
            (&[1][..], &[0][..], &[0b0101_0000][..], [0, 1, 0, 1]),
            (&[2], &[1], &[0b0001_1011], [0, 1, 2, 3]),
            (&[4], &[1], &[0x0F, 0x18], [0, 15, 1, 8]),
            (&[8], &[0], &[0, 1, 2, 255], [0, 1, 2, 255]),
        ] {
            let fields = [(256, &[4][..]), (257, &[1]), (258, bits), (262, photometric)];
            let file = file(false, &fields, &[data]);
            let mut out = [9; 4];
            let decode = indices(&file, &limits).expect("good").expect("labels");
            decode(&file, &limits, &mut out).expect("good");
            assert_eq!(out, expected);
        }
    }

    #[test]
    fn eight_bit_ink_becomes_rgb() {
        let fields: [(u16, &[u32]); 5] =
            [(256, &[2]), (257, &[1]), (258, &[8, 8, 8, 8]), (262, &[5]), (277, &[4])];
        let (info, out) =
            pixels(&file(false, &fields, &[&[0, 255, 100, 0, 10, 10, 10, 255]])).expect("good");
        assert_eq!(info.color, Color::Rgb);
        assert_eq!(out, [255, 0, 155, 0, 0, 0]);
    }

    #[test]
    fn packbits_and_deflate_strips() {
        let mut fields = GRAY16.to_vec();
        fields.push((259, &[32773]));
        let (_, out) =
            pixels(&file(false, &fields, &[&[251, 7], &[5, 1, 0, 2, 0, 3, 0]])).expect("good");
        assert_eq!(out, [7, 7, 7, 7, 7, 7, 1, 0, 2, 0, 3, 0]);
        assert_eq!(
            kind(&file(false, &fields, &[&[251, 7], &[5, 1, 0, 2]])),
            Some(ErrorKind::Image)
        );

        fields[5].1 = &[8];
        let mut zlib = flate2::Compress::new(flate2::Compression::best(), true);
        let mut packed = Vec::with_capacity(64);
        zlib.compress_vec(&[1, 0, 2, 0, 3, 0], &mut packed, flate2::FlushCompress::Finish)
            .expect("in memory");
        let (_, out) = pixels(&file(false, &fields, &[&packed, &packed])).expect("good");
        assert_eq!(out, [1, 0, 2, 0, 3, 0].repeat(2));
        let cut = &packed[..packed.len() / 2];
        assert_eq!(kind(&file(false, &fields, &[&packed, cut])), Some(ErrorKind::Image));
    }

    #[test]
    fn cut_files_are_damaged_wherever_they_are_cut() {
        let whole = file(false, &GRAY16, &[&[1, 2, 3, 4, 5, 6], &[7, 8, 9, 10, 11, 12]]);
        assert!(pixels(&whole).is_ok());
        for end in 8..whole.len() - 8 {
            assert!(pixels(&whole[..end]).is_err(), "cut at {end}");
        }
        assert_eq!(
            kind(&file(false, &GRAY16, &[&[1, 2, 3, 4, 5, 6], &[7]])),
            Some(ErrorKind::Image)
        );
        assert_eq!(kind(&file(false, &GRAY16, &[&[1, 2, 3, 4, 5, 6]])), Some(ErrorKind::Image));
    }

    #[test]
    fn absurd_sizes_are_refused_before_any_allocation() {
        let sized = |width: &'static [u32], height, samples| -> [(u16, &'static [u32]); 5] {
            [(256, width), (257, height), (258, &[8]), (262, &[1]), (277, samples)]
        };
        let kinds = |fields: &[(u16, &[u32])]| kind(&file(false, fields, &[&[0]]));
        assert_eq!(kinds(&sized(&[u32::MAX], &[u32::MAX], &[1])), Some(ErrorKind::Limit));
        assert_eq!(kinds(&sized(&[16_000], &[16_000], &[65_535])), Some(ErrorKind::Limit));
        assert_eq!(kinds(&sized(&[13_000], &[13_000], &[1])), Some(ErrorKind::Image));
        let mut tiles = sized(&[1], &[1], &[1]).to_vec();
        tiles.extend([(322, &[u32::MAX][..]), (323, &[u32::MAX][..])]);
        assert_eq!(kinds(&tiles), Some(ErrorKind::Limit));
    }
}
