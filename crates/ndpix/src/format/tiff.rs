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
mod picture;
mod samples;
mod strips;

use self::color::Convert;
use self::picture::Picture;
use self::samples::{Packing, Predictor};
use self::strips::{Compression, Unpacker};
use super::ImageInfo;
use crate::error::{Error, Result};
use crate::limits::Limits;

/// What the first directory says of its picture.
pub(super) fn info(bytes: &[u8], limits: &Limits) -> Result<ImageInfo> {
    Picture::read(bytes, limits).map(|picture| picture.info)
}

/// Decodes the picture of the first directory.
pub(super) fn decode(
    bytes: &[u8],
    info: &ImageInfo,
    limits: &Limits,
    out: &mut [u8],
) -> Result<()> {
    let picture = Picture::read(bytes, limits)?;
    if picture.info.shape != info.shape || out.len() != picture.info.bytes()? {
        return Err(Error::image("the TIFF changed between its header and its pixels"));
    }
    if !picture.planar || matches!(picture.convert, Convert::None) {
        return fill(&picture, &picture.convert, out);
    }
    // A conversion wants the samples of a pixel together.
    let row = picture.width * picture.samples * picture.packing.sample_bytes();
    let mut stored = vec![0; row * picture.height];
    fill(&picture, &Convert::None, &mut stored)?;
    let row_out = out.len() / picture.height;
    for (from, to) in stored.chunks_exact(row).zip(out.chunks_exact_mut(row_out)) {
        picture.convert.row(from, to);
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
        let plain = (picture.compression == Compression::None).then_some(need);
        let stored = picture.pieces.stored(i, plain)?;
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
