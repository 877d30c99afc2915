//! A leaf: memory for pixels that arrays can take over: aligned to 64 bytes, growing in place of copying.
//!
//! Small memory comes from the allocator. From 1 MiB on it is an anonymous mapping, which Linux grows by
//! moving its pages to another address, so that the content is never there twice; elsewhere it is
//! copied. Pages that were not written cost nothing. All of it that counts as used is initialised.
#![allow(unsafe_code, reason = "mappings and aligned allocations are not to be had without")]

use std::alloc::{Layout, alloc_zeroed, dealloc};
use std::num::NonZeroUsize;
use std::ptr::NonNull;

use crate::os;

/// What JAX, PyTorch and SIMD code want of the first byte.
const ALIGN: usize = 64;
/// Smaller memory comes from the allocator.
const MAPPED: usize = 1 << 20;
/// Mappings are multiples of this. Huge pages are not asked for: where memory is fragmented the system
/// makes room for them first, which cost up to four times as much as touching small ones (700 MB in
/// 0.25 to 1.3 s against 0.32 to 0.39 s).
const PAGE: usize = 2 << 20;

/// Bytes at an address that is a multiple of 64, read and written as a slice.
///
/// ```
/// let mut memory = ndpix::Aligned::zeroed(100).expect("memory");
/// memory[..2].copy_from_slice(&[7, 8]);
/// assert_eq!(memory[..3], [7, 8, 0]);
/// assert_eq!(memory.as_mut_ptr() as usize % 64, 0);
/// ```
#[derive(Debug)]
pub struct Aligned {
    ptr: NonNull<u8>,
    len: usize,
    capacity: usize,
    /// Up to where pages were asked for together: one call for 2 MiB of them costs less than a fault each.
    populated: usize,
}

// SAFETY: the memory belongs to this value alone, and is plain bytes.
unsafe impl Send for Aligned {}
// SAFETY: through a shared reference it is only read.
unsafe impl Sync for Aligned {}

impl Default for Aligned {
    fn default() -> Self {
        Self { ptr: dangling(), len: 0, capacity: 0, populated: 0 }
    }
}

/// An address for no bytes at all, aligned as all others.
fn dangling() -> NonNull<u8> {
    NonNull::without_provenance(NonZeroUsize::new(ALIGN).unwrap_or(NonZeroUsize::MIN))
}

impl Aligned {
    /// `len` zeros; `None` where there is no memory.
    ///
    /// ```
    /// use ndpix::Aligned;
    /// assert_eq!(Aligned::zeroed(3).as_deref(), Some(&[0, 0, 0][..]));
    /// assert!(Aligned::zeroed(usize::MAX).is_none());
    /// ```
    pub fn zeroed(len: usize) -> Option<Self> {
        let mut all = Self::default();
        all.reserve(len)?;
        all.len = len;
        Some(all)
    }

    /// The first byte, for whoever keeps this value alive meanwhile.
    pub fn as_mut_ptr(&mut self) -> *mut u8 {
        self.ptr.as_ptr()
    }

    /// Makes room for `capacity` bytes in all, exactly; `None` where there is no memory.
    pub(crate) fn reserve(&mut self, capacity: usize) -> Option<()> {
        if capacity <= self.capacity {
            return Some(());
        }
        if capacity < MAPPED {
            let layout = Layout::from_size_align(capacity, ALIGN).ok()?;
            // SAFETY: the layout is not empty, as `capacity` is more than the 0 that is there.
            let ptr = NonNull::new(unsafe { alloc_zeroed(layout) })?;
            self.move_to(ptr, capacity);
        } else {
            let capacity = capacity.checked_next_multiple_of(PAGE)?;
            match remap(self, capacity) {
                Some(ptr) => (self.ptr, self.capacity) = (ptr, capacity),
                None => {
                    let ptr = os::map(capacity)?.cast();
                    self.move_to(ptr, capacity);
                }
            }
        }
        Some(())
    }

    /// Copies what is used to new memory and gives the old back.
    fn move_to(&mut self, ptr: NonNull<u8>, capacity: usize) {
        // SAFETY: `len` bytes are used here, fit there, and the two do not overlap.
        unsafe { ptr.copy_from_nonoverlapping(self.ptr, self.len) };
        let len = self.len;
        *self = Self { ptr, len, capacity, populated: 0 };
    }

    /// Appends bytes; `None` where there is no memory for them.
    pub(crate) fn extend(&mut self, bytes: &[u8]) -> Option<()> {
        let end = self.len.checked_add(bytes.len())?;
        if end > self.capacity {
            // Untouched pages are free, so generous growth is; but a system may refuse to promise it.
            self.reserve(end.saturating_add(end / 2)).or_else(|| self.reserve(end))?;
        }
        self.populate(end);
        let at = self.len;
        self.len = end;
        self[at..].copy_from_slice(bytes);
        Some(())
    }

    /// Has the pages up to `end` made in one go, where the system can.
    fn populate(&mut self, end: usize) {
        if self.capacity < MAPPED || end <= self.populated {
            return;
        }
        let from = self.populated.max(self.len / PAGE * PAGE);
        let to = end.next_multiple_of(PAGE).min(self.capacity);
        self.populated = to;
        // SAFETY: the range lies in the mapping, both ends at whole pages.
        unsafe { os::populate(self.ptr.add(from).cast(), to - from) };
    }

    /// Forgets the content and keeps the memory.
    pub(crate) fn clear(&mut self) {
        self.len = 0;
    }
}

/// The mapping of `of`, grown; `None` where it is not a mapping or the system cannot.
fn remap(of: &Aligned, capacity: usize) -> Option<NonNull<u8>> {
    if of.capacity < MAPPED {
        return None;
    }
    // SAFETY: the mapping is ours, of exactly this size, and nothing refers into it: the caller holds
    // the only reference to its owner.
    unsafe { os::remap(of.ptr.cast(), of.capacity, capacity) }.map(NonNull::cast)
}

impl Drop for Aligned {
    fn drop(&mut self) {
        if self.capacity >= MAPPED {
            // SAFETY: the mapping is ours, of exactly this size, and nobody uses it any more.
            unsafe { os::unmap(self.ptr.cast(), self.capacity) };
        } else if let (1.., Ok(layout)) =
            (self.capacity, Layout::from_size_align(self.capacity, ALIGN))
        {
            // SAFETY: it was allocated in `reserve` with this layout.
            unsafe { dealloc(self.ptr.as_ptr(), layout) };
        }
    }
}

impl std::ops::Deref for Aligned {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        // SAFETY: `len` bytes are initialised: zeros of the system, or what was copied there.
        unsafe { std::slice::from_raw_parts(self.ptr.as_ptr(), self.len) }
    }
}

impl std::ops::DerefMut for Aligned {
    fn deref_mut(&mut self) -> &mut [u8] {
        // SAFETY: as above, and this is the only reference.
        unsafe { std::slice::from_raw_parts_mut(self.ptr.as_ptr(), self.len) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn grows_and_keeps_what_it_holds() {
        let mut all = Aligned::default();
        assert!(all.is_empty() && (all.as_mut_ptr() as usize).is_multiple_of(ALIGN));
        let mut want = Vec::new();
        for i in 0..40u32 {
            let part = vec![i as u8; 100_000];
            all.extend(&part).expect("memory");
            want.extend(part);
            assert!((all.as_mut_ptr() as usize).is_multiple_of(ALIGN));
        }
        assert!(all[..] == want[..]);
        all.clear();
        assert!(all.is_empty());
    }

    #[test]
    fn zeros_are_zeros() {
        for len in [0, 1, 1000, MAPPED, MAPPED + 1, 3 * PAGE] {
            let all = Aligned::zeroed(len).expect("memory");
            assert_eq!(all.len(), len);
            assert!(all[..] == vec![0; len][..]);
        }
        assert!(Aligned::zeroed(usize::MAX).is_none());
    }
}
