//! Text of any length: it stands in global heaps, and arrays and attributes hold references to it.

use super::message::REFERENCE;
use super::pen::Pen;
use crate::error::Result;

/// A heap is written when it holds so many bytes: readers take whole heaps.
const ENOUGH: usize = 64 << 10;
/// Readers take no smaller ones (H5HG_MINSIZE).
const LEAST: usize = 4096;

/// A heap that is being filled. While it is, nothing else is written.
#[derive(Default)]
pub(super) struct Heap {
    objects: Vec<u8>,
    count: u16,
}

impl Heap {
    /// Puts text in; the reference to it.
    pub(super) fn push(&mut self, pen: &mut Pen, text: &[u8]) -> Result<[u8; REFERENCE]> {
        // Empty text is an object too: a reference to nothing is a null pointer to readers in C.
        self.count += 1;
        self.objects.extend(self.count.to_le_bytes());
        self.objects.extend([0; 6]);
        self.objects.extend((text.len() as u64).to_le_bytes());
        self.objects.extend(text);
        self.objects.resize(self.objects.len().next_multiple_of(8), 0);
        let mut reference = [0; REFERENCE];
        reference[..4].copy_from_slice(&(text.len() as u32).to_le_bytes());
        reference[4..12].copy_from_slice(&pen.align()?.to_le_bytes());
        reference[12..14].copy_from_slice(&self.count.to_le_bytes());
        if self.objects.len() >= ENOUGH {
            self.flush(pen)?;
        }
        Ok(reference)
    }

    /// Writes what is in it.
    pub(super) fn flush(&mut self, pen: &mut Pen) -> Result<()> {
        if self.count == 0 {
            return Ok(());
        }
        let head = 16;
        let used = head + self.objects.len();
        // What is left over is object 0, which has a head of its own.
        let size = if used < LEAST { LEAST.max(used + head) } else { used };
        pen.align()?;
        pen.write(b"GCOL\x01\0\0\0")?;
        pen.write(&(size as u64).to_le_bytes())?;
        if size > used {
            self.objects.extend([0; 8]);
            self.objects.extend(((size - used) as u64).to_le_bytes());
            self.objects.resize(size - head, 0);
        }
        pen.write(&self.objects)?;
        self.objects.clear();
        self.count = 0;
        Ok(())
    }
}
