//! What chunks are packed with, used again from chunk to chunk: memory that is touched for the first time
//! costs as much as compressing what goes into it.

use std::sync::{Mutex, PoisonError};

use libdeflater::{CompressionLvl, Compressor as Deflater};
use zstd::bulk::Compressor;

use crate::limits::probe;

/// Things that threads use one after the other.
pub(crate) struct Spare<T>(Mutex<Vec<T>>);

impl<T> Default for Spare<T> {
    fn default() -> Self {
        Self(Mutex::default())
    }
}

impl<T> Spare<T> {
    /// One that no thread uses now, if there is any.
    pub(crate) fn take(&self) -> Option<T> {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).pop()
    }

    /// Keeps one for whoever needs it next.
    pub(crate) fn give(&self, thing: T) {
        self.0.lock().unwrap_or_else(PoisonError::into_inner).push(thing);
    }
}

/// Zstandard of one level, for all threads.
pub(crate) struct Zstd {
    level: i32,
    spare: Spare<Compressor<'static>>,
}

impl Zstd {
    pub(crate) fn new(level: i32) -> Self {
        Self { level, spare: Spare::default() }
    }

    /// Makes `out` one frame that holds `plain`.
    pub(crate) fn pack(&self, plain: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
        let mut compressor = match self.spare.take() {
            Some(compressor) => compressor,
            None => Compressor::new(self.level)?,
        };
        out.clear();
        make_room(out, zstd::zstd_safe::compress_bound(plain.len()))?;
        compressor.compress_to_buffer(plain, out)?;
        self.spare.give(compressor);
        Ok(())
    }
}

/// What stands around deflated data.
#[derive(Clone, Copy)]
pub(crate) enum Wrapper {
    /// As Zarr and Parquet have it; the header says neither a time nor a name.
    Gzip,
    /// As HDF5 has it.
    Zlib,
}

/// Bytes that a compressor of libdeflate takes at most, at the highest level that options have.
const DEFLATER: u64 = 2 << 20;

/// Deflate of one level, from 1 to 9, for all threads. By libdeflate, which has a chunk at hand as a whole:
/// two thirds of the time of a streaming encoder.
pub(crate) struct Deflate {
    level: u32,
    wrapper: Wrapper,
    spare: Spare<Deflater>,
}

impl Deflate {
    pub(crate) fn new(level: u32, wrapper: Wrapper) -> Self {
        Self { level, wrapper, spare: Spare::default() }
    }

    /// The level.
    pub(crate) fn level(&self) -> u32 {
        self.level
    }

    /// Makes `out` one stream that holds `plain`.
    pub(crate) fn pack(&self, plain: &[u8], out: &mut Vec<u8>) -> std::io::Result<()> {
        let mut deflater = match self.spare.take() {
            Some(deflater) => deflater,
            None => {
                // It panics where it gets none.
                probe(DEFLATER).map_err(|_| std::io::ErrorKind::OutOfMemory)?;
                let level = CompressionLvl::new(self.level as i32);
                Deflater::new(level.map_err(|_| std::io::ErrorKind::InvalidInput)?)
            }
        };
        out.clear();
        let most = match self.wrapper {
            Wrapper::Gzip => deflater.gzip_compress_bound(plain.len()),
            Wrapper::Zlib => deflater.zlib_compress_bound(plain.len()),
        };
        make_room(out, most)?;
        out.resize(most, 0);
        let packed = match self.wrapper {
            Wrapper::Gzip => deflater.gzip_compress(plain, out),
            Wrapper::Zlib => deflater.zlib_compress(plain, out),
        };
        out.truncate(packed.map_err(std::io::Error::other)?);
        self.spare.give(deflater);
        Ok(())
    }
}

/// Makes room for `more` bytes in what is written; without memory a write fails, as on a disk that is full.
pub(crate) fn make_room(buffer: &mut Vec<u8>, more: usize) -> std::io::Result<()> {
    buffer.try_reserve(more).map_err(|_| std::io::ErrorKind::OutOfMemory.into())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_stream_is_that_of_a_new_deflater() {
        use flate2::bufread::{GzDecoder, ZlibDecoder};
        use std::io::Read;
        for level in 1..=9 {
            for wrapper in [Wrapper::Gzip, Wrapper::Zlib] {
                let (used, mut packed) = (Deflate::new(level, wrapper), Vec::new());
                for len in [0, 1, 100_000, 7] {
                    let plain: Vec<u8> =
                        (0..len).map(|i: u32| (i.wrapping_mul(i) / 3) as u8).collect();
                    used.pack(&plain, &mut packed).expect("packed");
                    let mut first = Vec::new();
                    Deflate::new(level, wrapper).pack(&plain, &mut first).expect("packed");
                    assert_eq!(packed, first);
                    let mut back = Vec::new();
                    match wrapper {
                        Wrapper::Gzip => GzDecoder::new(&packed[..]).read_to_end(&mut back),
                        Wrapper::Zlib => ZlibDecoder::new(&packed[..]).read_to_end(&mut back),
                    }
                    .expect("whole");
                    assert_eq!(back, plain);
                }
            }
        }
    }

    #[test]
    fn every_frame_is_that_of_a_new_compressor() {
        let (zstd, mut packed) = (Zstd::new(3), Vec::new());
        for len in [0, 1, 100_000, 7] {
            let plain: Vec<u8> = (0..len).map(|i: u32| (i / 3) as u8).collect();
            zstd.pack(&plain, &mut packed).expect("packed");
            assert_eq!(packed, zstd::bulk::compress(&plain, 3).expect("packed"));
            assert_eq!(zstd::decode_all(&packed[..]).expect("whole"), plain);
        }
    }
}
