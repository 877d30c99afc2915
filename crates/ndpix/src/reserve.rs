//! A leaf: memory that is kept back for when there is none, so that a run ends with a message and not the
//! process.
//!
//! Whatever has a size that data or options say is allocated where a refusal can be answered
//! ([`crate::limits`]). What is left are the many small allocations that nobody can refuse: of those the
//! first that fails gets the reserve, and the run ends before the reserve is used up.
#![allow(unsafe_code, reason = "an allocator is not to be had without")]

use std::alloc::{GlobalAlloc, Layout, System};
use std::ptr::null_mut;
use std::sync::atomic::{AtomicPtr, Ordering};

use crate::limits::SHORT;

/// What is kept; nobody writes to it, so that it takes addresses and no memory.
const KEPT: Layout = match Layout::from_size_align(16 << 20, 4096) {
    Ok(layout) => layout,
    Err(_) => unreachable!(),
};
/// Larger allocations do not get it.
const SMALL: usize = 4 << 20;

static BLOCK: AtomicPtr<u8> = AtomicPtr::new(null_mut());

/// The system's allocator with a reserve, for programs that convert: a run that finds no memory then ends with
/// an error, where the process would be aborted.
///
/// ```
/// #[global_allocator]
/// static MEMORY: ndpix::Reserve = ndpix::Reserve;
/// ndpix::Reserve::keep();
/// assert_eq!(vec![1; 3].len(), 3);
/// ```
#[derive(Debug)]
pub struct Reserve;

impl Reserve {
    /// Keeps 16 MiB of addresses back, if they are not yet. Call it before a run.
    pub fn keep() {
        SHORT.store(false, Ordering::Relaxed);
        if !BLOCK.load(Ordering::Acquire).is_null() {
            return;
        }
        // SAFETY: the layout is not empty.
        let block = unsafe { System.alloc(KEPT) };
        let first = BLOCK.compare_exchange(null_mut(), block, Ordering::AcqRel, Ordering::Relaxed);
        if first.is_err() && !block.is_null() {
            // SAFETY: it was allocated above with this layout, and nobody else knows of it.
            unsafe { System.dealloc(block, KEPT) };
        }
    }
}

/// Whether the reserve was needed since it was kept: the run has to end.
pub(crate) fn is_short() -> bool {
    SHORT.load(Ordering::Relaxed)
}

/// Gives the reserve back to the system; whether it is worth another try.
#[cold]
fn give(size: usize) -> bool {
    if size > SMALL {
        return false;
    }
    let block = BLOCK.swap(null_mut(), Ordering::AcqRel);
    if !block.is_null() {
        SHORT.store(true, Ordering::Relaxed);
        // SAFETY: `keep` allocated it with this layout, and the exchange took it from everybody else.
        unsafe { System.dealloc(block, KEPT) };
    }
    // Another thread may have given it.
    is_short()
}

// SAFETY: every call is passed on to the system's allocator as it came; the second try is the same call again,
// after one that changed nothing.
unsafe impl GlobalAlloc for Reserve {
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises.
        unsafe {
            let got = System.alloc(layout);
            if got.is_null() && give(layout.size()) { System.alloc(layout) } else { got }
        }
    }

    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: the caller's promises.
        unsafe {
            let got = System.alloc_zeroed(layout);
            if got.is_null() && give(layout.size()) { System.alloc_zeroed(layout) } else { got }
        }
    }

    unsafe fn realloc(&self, ptr: *mut u8, layout: Layout, size: usize) -> *mut u8 {
        // SAFETY: the caller's promises; a realloc that fails leaves the block as it was.
        unsafe {
            let got = System.realloc(ptr, layout, size);
            if got.is_null() && give(size) { System.realloc(ptr, layout, size) } else { got }
        }
    }

    unsafe fn dealloc(&self, ptr: *mut u8, layout: Layout) {
        // SAFETY: the caller's promises.
        unsafe { System.dealloc(ptr, layout) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_reserve_is_given_once_and_for_small_needs() {
        Reserve::keep();
        assert!(!give(SMALL + 1) && !is_short());
        assert!(give(1) && is_short());
        assert!(BLOCK.load(Ordering::Acquire).is_null());
        // Whoever comes later has what is left of it.
        assert!(give(1));
        Reserve::keep();
        assert!(!is_short());
    }
}
