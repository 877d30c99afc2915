//! What chunks are packed with, used again from chunk to chunk: memory that is touched for the first time
//! costs as much as compressing what goes into it.

use std::sync::{Mutex, PoisonError};

use zstd::bulk::Compressor;

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

/// Makes room for `more` bytes in what is written; without memory a write fails, as on a disk that is full.
pub(crate) fn make_room(buffer: &mut Vec<u8>, more: usize) -> std::io::Result<()> {
    buffer.try_reserve(more).map_err(|_| std::io::ErrorKind::OutOfMemory.into())
}

#[cfg(test)]
mod tests {
    use super::*;

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
