//! Zstandard for chunks, with what it works in used again: a compressor takes a MiB, and memory that is
//! touched for the first time for each chunk costs as much as compressing it.

use std::sync::{Mutex, PoisonError};

use zstd::bulk::Compressor;

/// Compresses at one level, for all threads.
pub(crate) struct Zstd {
    level: i32,
    /// What no thread uses now.
    spare: Mutex<Vec<(Compressor<'static>, Vec<u8>)>>,
}

impl Zstd {
    pub(crate) fn new(level: i32) -> Self {
        Self { level, spare: Mutex::default() }
    }

    /// One frame that holds `plain`.
    pub(crate) fn pack(&self, plain: &[u8]) -> std::io::Result<Vec<u8>> {
        let spare = || self.spare.lock().unwrap_or_else(PoisonError::into_inner);
        let found = spare().pop();
        let (mut compressor, mut room) = match found {
            Some(found) => found,
            None => (Compressor::new(self.level)?, Vec::new()),
        };
        room.clear();
        room.reserve(zstd::zstd_safe::compress_bound(plain.len()));
        compressor.compress_to_buffer(plain, &mut room)?;
        let packed = room.as_slice().to_vec();
        spare().push((compressor, room));
        Ok(packed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_frame_is_that_of_a_new_compressor() {
        let zstd = Zstd::new(3);
        for len in [0, 1, 100_000, 7] {
            let plain: Vec<u8> = (0..len).map(|i: u32| (i / 3) as u8).collect();
            let packed = zstd.pack(&plain).expect("packed");
            assert_eq!(packed, zstd::bulk::compress(&plain, 3).expect("packed"));
            assert_eq!(zstd::decode_all(&packed[..]).expect("whole"), plain);
        }
    }
}
