//! From the bytes of one decompressed row to its samples: bits, byte order, predictor.
//!
//! A sample lies in the smallest of 1, 2, 4 or 8 bytes that holds it, little-endian; nothing is
//! scaled here. Samples of whole bytes are put in order where they lie; the others are unpacked
//! into a second row.

use crate::error::{Error, Result};

/// Sums differences of little-endian samples, `step` samples to a pixel.
macro_rules! accumulate {
    ($ty:ty, $row:expr, $step:expr, $mask:expr) => {{
        const N: usize = size_of::<$ty>();
        let samples = $row.as_chunks_mut::<N>().0;
        if $step == 1 {
            let mut sum: $ty = 0;
            for sample in samples {
                sum = sum.wrapping_add(<$ty>::from_le_bytes(*sample)) & $mask;
                *sample = sum.to_le_bytes();
            }
        } else {
            for i in $step..samples.len() {
                let sum = <$ty>::from_le_bytes(samples[i])
                    .wrapping_add(<$ty>::from_le_bytes(samples[i - $step]));
                samples[i] = (sum & $mask).to_le_bytes();
            }
        }
    }};
}

/// What is done before compression to make samples compress better, undone here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Predictor {
    /// Nothing.
    None,
    /// Every sample is the difference to the one before it in its channel.
    Horizontal,
    /// Bytes of floats, most significant first, each significance together, as differences.
    Float,
}

/// How the samples of a row are stored.
#[derive(Debug, Clone, Copy)]
pub(super) struct Packing {
    /// Bits of a sample, 1 to 64.
    pub(super) bits: usize,
    pub(super) big_endian: bool,
    pub(super) predictor: Predictor,
}

impl Packing {
    /// Bytes of one unpacked sample.
    pub(super) fn sample_bytes(self) -> usize {
        self.bits.div_ceil(8).next_power_of_two()
    }

    /// Whether a row has its final size before it is unpacked.
    fn in_place(self) -> bool {
        matches!(self.bits, 8 | 16 | 32 | 64)
    }

    /// The samples of `row`, which holds `count` of them, `step` to a pixel. `spare` is used
    /// where they do not fit in place.
    pub(super) fn unpack<'a>(
        self,
        row: &'a mut [u8],
        count: usize,
        step: usize,
        spare: &'a mut Vec<u8>,
    ) -> Result<&'a mut [u8]> {
        if self.predictor == Predictor::Float {
            return self.floats(row, step, spare);
        }
        if self.in_place() {
            self.order(row);
            if self.predictor == Predictor::Horizontal {
                match self.bits {
                    8 => accumulate8(row, step),
                    16 => accumulate!(u16, row, step, u16::MAX),
                    32 => accumulate!(u32, row, step, u32::MAX),
                    _ => accumulate!(u64, row, step, u64::MAX),
                }
            }
            return Ok(row);
        }
        spare.clear();
        spare.resize(count * self.sample_bytes(), 0);
        self.spread(row, spare);
        if self.predictor == Predictor::Horizontal {
            let mask = u64::MAX >> (64 - self.bits);
            match self.sample_bytes() {
                1 => accumulate!(u8, spare, step, mask as u8),
                2 => accumulate!(u16, spare, step, mask as u16),
                4 => accumulate!(u32, spare, step, mask as u32),
                _ => accumulate!(u64, spare, step, mask),
            }
        }
        Ok(spare)
    }

    /// Puts samples of whole bytes into little-endian order.
    fn order(self, row: &mut [u8]) {
        if self.big_endian && self.bits > 8 {
            match self.bits {
                16 => row.as_chunks_mut::<2>().0.iter_mut().for_each(|s| s.reverse()),
                32 => row.as_chunks_mut::<4>().0.iter_mut().for_each(|s| s.reverse()),
                _ => row.as_chunks_mut::<8>().0.iter_mut().for_each(|s| s.reverse()),
            }
        }
    }

    /// Unpacks samples of other sizes than 1, 2, 4 and 8 bytes.
    fn spread(self, row: &[u8], out: &mut [u8]) {
        match self.bits {
            // The common small sizes divide a byte: no sample lies across two.
            bits @ (1 | 2 | 4) => {
                let mask = (1u8 << bits) - 1;
                for (samples, &byte) in out.chunks_mut(8 / bits).zip(row) {
                    for (i, sample) in samples.iter_mut().enumerate() {
                        *sample = byte >> (8 - bits - i * bits) & mask;
                    }
                }
            }
            // Most significant bit first in files of either byte order.
            bits => {
                let mut bytes = row.iter();
                let (mut held, mut valid) = (0u128, 0);
                for sample in out.chunks_exact_mut(self.sample_bytes()) {
                    while valid < bits {
                        held = held << 8 | u128::from(bytes.next().copied().unwrap_or(0));
                        valid += 8;
                    }
                    valid -= bits;
                    let value = (held >> valid) as u64 & (u64::MAX >> (64 - bits));
                    sample.copy_from_slice(&value.to_le_bytes()[..sample.len()]);
                }
            }
        }
    }

    /// Undoes the floating point predictor. Its bytes are most significant first in every file.
    fn floats<'a>(
        self,
        row: &mut [u8],
        step: usize,
        spare: &'a mut Vec<u8>,
    ) -> Result<&'a mut [u8]> {
        accumulate8(row, step);
        spare.clear();
        spare.resize(row.len(), 0);
        match self.bits {
            16 => gather::<2>(row, spare),
            32 => gather::<4>(row, spare),
            64 => gather::<8>(row, spare),
            bits => {
                return Err(Error::unsupported(format!(
                    "TIFF float predictor with {bits}-bit samples"
                )));
            }
        }
        Ok(spare)
    }
}

/// Brings the bytes of each sample together, least significant first.
fn gather<const N: usize>(row: &[u8], out: &mut [u8]) {
    let count = row.len() / N;
    for (place, bytes) in row.chunks_exact(count.max(1)).take(N).enumerate() {
        for (sample, &byte) in out.as_chunks_mut::<N>().0.iter_mut().zip(bytes) {
            sample[N - 1 - place] = byte;
        }
    }
}

/// Sums differences of bytes; the usual steps get loops of their own.
fn accumulate8(row: &mut [u8], step: usize) {
    match step {
        1 => sum8::<1>(row),
        3 => sum8::<3>(row),
        4 => sum8::<4>(row),
        _ => {
            for i in step..row.len() {
                row[i] = row[i].wrapping_add(row[i - step]);
            }
        }
    }
}

fn sum8<const N: usize>(row: &mut [u8]) {
    let mut sum = [0u8; N];
    for pixel in row.as_chunks_mut::<N>().0 {
        for (s, v) in sum.iter_mut().zip(pixel) {
            *s = s.wrapping_add(*v);
            *v = *s;
        }
    }
}
