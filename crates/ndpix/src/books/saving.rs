//! What compression would have saved, where an output could be compressed and is not: told by samples of its pixels.

use crate::options::GZIP;
use crate::sink::pack::{Deflate, Wrapper};

/// Bytes of pixels before the first sample; each later one has twice as many before it, so that a run of any length
/// takes but a few.
const FIRST: u64 = 1 << 20;
const SAMPLE: usize = 64 << 10;
/// What there is to save of less is not worth a word.
const WORTH: u64 = 16 << 20;

/// See the module.
pub(super) struct Saving {
    deflate: Deflate,
    /// Where the next byte of a sample stands among all pixels.
    next: u64,
    sample: Vec<u8>,
    packed: Vec<u8>,
    /// Bytes of all samples, and what became of them.
    plain: u64,
    left: u64,
}

impl Saving {
    /// What `output_compression gzip` would leave.
    pub(super) fn new() -> Self {
        let deflate = Deflate::new(GZIP, Wrapper::Zlib);
        Self { deflate, next: FIRST, sample: Vec::new(), packed: Vec::new(), plain: 0, left: 0 }
    }

    /// Hears of pixels that are written, of which the first is byte `at` of all.
    pub(super) fn see(&mut self, at: u64, pixels: &[u8]) {
        self.next = if self.sample.is_empty() { self.next.max(at) } else { self.next };
        while let Some(rest) =
            usize::try_from(self.next - at).ok().and_then(|from| pixels.get(from..))
            && !rest.is_empty()
        {
            let taken = rest.len().min(SAMPLE - self.sample.len());
            self.sample.extend_from_slice(&rest[..taken]);
            self.next += taken as u64;
            if self.sample.len() == SAMPLE {
                if self.deflate.pack(&self.sample, &mut self.packed).is_ok() {
                    self.plain += SAMPLE as u64;
                    self.left += self.packed.len() as u64;
                }
                self.sample.clear();
                self.next = 2 * (self.next - SAMPLE as u64);
            }
        }
    }

    /// The share of so many bytes that would be left; `None` where that is not worth a word.
    pub(super) fn share(&self, written: u64) -> Option<f64> {
        let share = self.left as f64 / self.plain as f64;
        (self.plain > 0 && written >= WORTH && share <= 0.8).then_some(share)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    /// What is said of these pixels, written so many bytes at a time.
    fn said(pixels: &[u8], each: usize) -> Option<f64> {
        let mut saving = Saving::new();
        let mut at = 0;
        for part in pixels.chunks(each) {
            saving.see(at, part);
            at += part.len() as u64;
        }
        saving.share(at)
    }

    #[test]
    fn it_does_not_depend_on_how_rows_come() {
        let mut pixels: Vec<u8> = (0..20 << 20).map(|i: u32| (i >> 9) as u8).collect();
        let share = said(&pixels, 1 << 20).expect("there is much to save");
        assert!(share < 0.05, "{share}");
        for each in [997, 65_536, 3_000_000, pixels.len()] {
            assert_eq!(said(&pixels, each), Some(share), "{each}");
        }
        assert_eq!(said(&pixels[..15 << 20], 1 << 20), None, "too little");
        let mut seed = 1u32;
        for byte in &mut pixels {
            seed = seed.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            *byte = (seed >> 24) as u8;
        }
        assert_eq!(said(&pixels, 1 << 20), None, "nothing to save");
    }

    #[test]
    fn a_run_that_is_gone_on_with_takes_its_own_samples() {
        let mut saving = Saving::new();
        saving.see(100 << 20, &vec![7; 1 << 20]);
        assert!(saving.share(101 << 20).is_some_and(|share| share < 0.01));
    }
}
