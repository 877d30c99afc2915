//! The pixels of a batch, image after image.

use crate::error::Result;
use crate::limits::lengthen;

/// The pixels of a batch: a buffer that only grows, and how much of it is used.
#[derive(Debug, Default)]
pub(crate) struct PixelBuffer {
    bytes: Vec<u8>,
    used: usize,
}

impl PixelBuffer {
    pub(crate) fn used(&self) -> &[u8] {
        &self.bytes[..self.used]
    }

    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity()
    }

    /// Forgets the pixels, and gives memory back where it is more than `keep` bytes.
    pub(crate) fn clear(&mut self, keep: usize) {
        self.used = 0;
        if self.bytes.len() > keep {
            self.bytes = Vec::new();
        }
    }

    /// The next `len` bytes; they count as used only after [`PixelBuffer::keep`].
    pub(crate) fn slot(&mut self, len: usize) -> Result<&mut [u8]> {
        let end = self.used + len;
        if self.bytes.len() < end {
            lengthen(&mut self.bytes, end)?;
        }
        Ok(&mut self.bytes[self.used..end])
    }

    /// Counts as used only the first `len` bytes: what came after them is no whole row.
    pub(crate) fn give_up(&mut self, len: usize) {
        self.used = len;
    }

    pub(crate) fn keep(&mut self, len: usize) {
        self.used += len;
    }
}
