//! What one record, one image and one run may cost. Sizes read from input go through here before
//! anything is allocated.

use std::sync::atomic::{AtomicBool, Ordering};

use crate::error::{Error, Result};

/// The limits of a run. Passing one rejects the record as `limit`.
///
/// ```
/// use ndpix::{ErrorKind, Limits, Options};
/// let mut options = Options::default().with("encoding", "list")?;
/// options.limits = Limits { max_pixels: 3, ..Limits::default() };
/// let error = ndpix::decode(b"[[1, 2], [3, 4]]", &options).expect_err("four pixels");
/// assert_eq!(error.kind(), ErrorKind::Limit);
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Limits {
    /// The longest record, in bytes of (decompressed) text. Default 1 GiB.
    pub max_record_bytes: u64,
    /// The most pixels (height x width, or elements of a tensor) of one image. Default 178,956,970, beyond
    /// which Pillow refuses as well.
    pub max_pixels: u64,
    /// The most bytes that images in flight may take together while they are decoded: text, decoded
    /// payload, pixels and codec scratch. Large images then wait for each other, which changes no
    /// result; a record that needs more by itself is rejected. `None` (the default): 2 GiB
    /// together, and none is rejected for it. Up to about 12 MiB a thread come on top. A record whose text
    /// alone is longer is not even kept.
    pub memory: Option<u64>,
}

impl Default for Limits {
    fn default() -> Self {
        Self { max_record_bytes: 1 << 30, max_pixels: 178_956_970, memory: None }
    }
}

impl Limits {
    /// Refuses an image of more pixels than allowed; call before allocating for it.
    ///
    /// ```
    /// let limits = ndpix::Limits::default();
    /// assert!(limits.check_pixels(13_377, 13_377).is_ok());
    /// assert!(limits.check_pixels(u64::MAX, 2).is_err());
    /// ```
    ///
    /// # Errors
    /// Kind `limit`.
    pub fn check_pixels(&self, height: u64, width: u64) -> Result<()> {
        match height.checked_mul(width) {
            Some(n) if n <= self.max_pixels => Ok(()),
            _ => Err(Error::limit(format!(
                "image of {height} x {width} pixels is over the limit of {} pixels; raise max_pixels if it is meant",
                self.max_pixels
            ))),
        }
    }

    /// The longest record that is kept, and the name of the limit that says so.
    pub(crate) fn longest_record(&self) -> (u64, &'static str) {
        match self.memory {
            Some(memory) if memory < self.max_record_bytes => (memory, "memory"),
            _ => (self.max_record_bytes, "max_record_bytes"),
        }
    }

    /// Refuses a record that is longer than records may be.
    pub(crate) fn check_record(&self, length: u64) -> Result<()> {
        match self.longest_record() {
            (most, name) if length > most => {
                Err(Error::limit(format!("the record is {length} bytes long, over {name} {most}")))
            }
            _ => Ok(()),
        }
    }

    /// Refuses a record that takes more than all images in flight may.
    pub(crate) fn check_memory(&self, need: u64) -> Result<()> {
        match self.memory {
            Some(cap) if need > cap => Err(Error::limit(format!(
                "the record needs {need} bytes while it is decoded, over memory {cap}"
            ))),
            _ => Ok(()),
        }
    }

    /// The most bytes a compressed payload inside a record may grow to: 16 bytes for each
    /// allowed pixel, and never more than `memory`.
    ///
    /// ```
    /// let limits = ndpix::Limits { max_pixels: 1000, ..ndpix::Limits::default() };
    /// assert_eq!(limits.max_payload_bytes(), 16_000);
    /// ```
    pub fn max_payload_bytes(&self) -> u64 {
        self.max_pixels.saturating_mul(16).min(self.memory.unwrap_or(u64::MAX))
    }
}

/// For what is shorter there is always room: the reserve has that much for each of a few threads.
pub(crate) const LONG: usize = 1 << 20;

/// Whether memory ran out, so that the reserve is all that is left ([`crate::Reserve`]).
pub(crate) static SHORT: AtomicBool = AtomicBool::new(false);

/// What may be asked for then: the reserve is for what cannot be refused.
const LITTLE: usize = 64 << 10;

/// Refuses more than a little where memory ran out before, so that the run can end with a word.
fn ask(bytes: usize) -> Result<()> {
    if bytes > LITTLE && SHORT.load(Ordering::Relaxed) { Err(no_memory(bytes)) } else { Ok(()) }
}

/// Makes room for `more` elements after those of a buffer; kind `limit` where there is no memory for them.
pub(crate) fn make_room<T>(buffer: &mut Vec<T>, more: usize) -> Result<()> {
    let bytes = more.saturating_mul(size_of::<T>());
    if more > buffer.capacity() - buffer.len() {
        ask(bytes)?;
    }
    buffer.try_reserve(more).map_err(|_| no_memory(bytes))
}

/// So many zeros; kind `limit` where there is no memory for them.
pub(crate) fn zeros<T: Clone + Default>(len: usize) -> Result<Vec<T>> {
    ask(len.saturating_mul(size_of::<T>()))?;
    let mut buffer = Vec::new();
    buffer.try_reserve_exact(len).map_err(|_| no_memory(len.saturating_mul(size_of::<T>())))?;
    buffer.resize(len, T::default());
    Ok(buffer)
}

/// Makes a buffer at least so long, with zeros; kind `limit` where there is no memory for them.
pub(crate) fn lengthen(buffer: &mut Vec<u8>, len: usize) -> Result<()> {
    if buffer.len() < len {
        let more = len - buffer.len();
        if len > buffer.capacity() {
            ask(len)?;
        }
        let roomy = buffer.try_reserve(more).or_else(|_| buffer.try_reserve_exact(more));
        roomy.map_err(|_| no_memory(len))?;
        buffer.resize(len, 0);
    }
    Ok(())
}

/// The first `len` bytes of a buffer that only grows: shrinking it would cost zeros the next time.
pub(crate) fn room(buffer: &mut Vec<u8>, len: usize) -> Result<&mut [u8]> {
    lengthen(buffer, len)?;
    Ok(&mut buffer[..len])
}

/// Makes a buffer exactly so long, with zeros after what it held; kind `limit` where there is no memory for them.
pub(crate) fn resize(buffer: &mut Vec<u8>, len: usize) -> Result<()> {
    lengthen(buffer, len)?;
    buffer.truncate(len);
    Ok(())
}

/// Whether there is memory for what a codec will take by itself; kind `limit` where there is not. Codecs of
/// others do not ask before they allocate.
pub(crate) fn probe(bytes: u64) -> Result<()> {
    make_room(&mut Vec::<u8>::new(), usize::try_from(bytes).unwrap_or(usize::MAX))
}

fn no_memory(bytes: usize) -> Error {
    Error::limit(format!("the machine has no memory for {bytes} bytes more"))
}
