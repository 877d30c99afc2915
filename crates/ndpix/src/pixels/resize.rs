//! `Image.resize` of Pillow 13, bit for bit: one resize, exact.
//!
//! Takes pixels (channels last, little-endian), a region of them and a size; gives pixels. First
//! the rows that the second pass will use, then the columns (or the other way round, see
//! [`Job::is_columns_first`]), with rounding to the sample type between the two; a pass that
//! changes nothing is left out (`Resample.c`). 8-bit samples go with
//! 22-bit fixed-point weights, all others with doubles; 8-bit alpha is premultiplied. Plain code
//! (`plain.rs`) and AVX2 (`avx2.rs`) give the same bytes; which runs is decided at run time.

mod alpha;
#[cfg(target_arch = "x86_64")]
mod avx2;
mod coefficients;
mod nearest;
mod plain;
mod wide;

use std::collections::VecDeque;
use std::rc::Rc;

use self::coefficients::{Axis, Coefficients};
use crate::dtype::{DType, Depth};
use crate::error::{Error, Result};
use crate::limits;
use crate::options::Resample;

/// Weight tables that are kept; an input of many sizes makes new ones all the time.
const KEPT: usize = 16;

/// What is resized to what.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(crate) struct Job {
    /// Height and width of the source.
    pub(crate) from: (usize, usize),
    /// Height and width wanted.
    pub(crate) to: (usize, usize),
    /// Samples of a pixel.
    pub(crate) channels: usize,
    /// Their type.
    pub(crate) dtype: DType,
    /// Bits that the numbers fill.
    pub(crate) bits: u8,
    /// Whether the last channel is alpha.
    pub(crate) alpha: bool,
    /// Left, top, right and bottom of the part that is taken.
    pub(crate) region: [f32; 4],
    /// The filter.
    pub(crate) filter: Resample,
}

impl Job {
    /// Whether nothing changes.
    pub(crate) fn is_copy(&self) -> bool {
        let (height, width) = self.from;
        self.from == self.to && self.region == [0.0, 0.0, width as f32, height as f32]
    }

    /// Whether the columns go first: where the height loses more than twice what the width does
    /// (Pillow 13; of the whole image, whatever the region). Found by comparison with Pillow 13.0.
    fn is_columns_first(&self) -> bool {
        let lost = |from: usize, to: usize| from as i64 - to as i64;
        let height = lost(self.from.0, self.to.0);
        height > 0 && height > 2 * lost(self.from.1, self.to.1)
    }

    /// What its numbers are.
    pub(super) fn depth(&self) -> Depth {
        Depth { dtype: self.dtype, bits: self.bits }
    }

    /// Full alpha of bytes.
    fn full(&self) -> u8 {
        self.depth().most().and_then(|most| u8::try_from(most).ok()).unwrap_or(u8::MAX)
    }

    /// Whether the resize begins with the rows, and goes on with the columns.
    pub(super) fn is_rows_first(&self) -> bool {
        let (horizontal, vertical) = self.axes();
        let mixes = self.dtype == DType::Uint8 || wide::passes(self.dtype).is_some();
        let both = horizontal.is_needed() && vertical.is_needed();
        mixes && both && self.filter != Resample::Nearest && !self.is_columns_first()
    }

    fn axes(&self) -> (Axis, Axis) {
        let [left, top, right, bottom] = self.region;
        let filter = self.filter;
        (
            Axis { len: self.from.1, from: left, to: right, out: self.to.1, filter },
            Axis { len: self.from.0, from: top, to: bottom, out: self.to.0, filter },
        )
    }
}

/// Weights and buffers that are reused from image to image.
#[derive(Debug, Default)]
pub(crate) struct Resizer {
    fixed: VecDeque<(Axis, Rc<Coefficients<i32>>)>,
    precise: VecDeque<(Axis, Rc<Coefficients<f64>>)>,
    /// The rows between the passes.
    between: Vec<u8>,
    /// Which passes may run; only tests forbid any.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        allow(dead_code, reason = "there is no choice of passes")
    )]
    allowed: Passes,
}

/// The 8-bit passes, fastest first; all give the same bytes.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
enum Passes {
    /// The fastest that this machine has.
    #[default]
    Any,
    /// AVX2 and nothing newer.
    #[cfg_attr(not(test), expect(dead_code, reason = "tests hold the passes against each other"))]
    Avx2,
    /// Those in plain code.
    #[cfg_attr(
        not(target_arch = "x86_64"),
        allow(dead_code, reason = "there is no choice of passes")
    )]
    Plain,
}

impl Resizer {
    /// Bytes that the buffer between the passes holds.
    pub(crate) fn capacity(&self) -> usize {
        self.between.capacity()
    }

    /// Resizes `src` into `out`. With alpha the colours of `src` are premultiplied in place. Kind
    /// `shape` where booleans would have to be mixed, `limit` where the weights get too many.
    pub(crate) fn resize(&mut self, src: &mut [u8], job: &Job, out: &mut [u8]) -> Result<()> {
        let pixel = job.channels * job.dtype.size();
        debug_assert_eq!(src.len(), job.from.0 * job.from.1 * pixel);
        debug_assert_eq!(out.len(), job.to.0 * job.to.1 * pixel);
        if job.is_copy() {
            out.copy_from_slice(src);
            return Ok(());
        }
        if job.filter == Resample::Nearest {
            let summed = job.dtype != DType::Uint16;
            nearest::resize(src, job.from, pixel, job.region, summed, job.to, out);
            return Ok(());
        }
        match (job.dtype, wide::passes(job.dtype)) {
            (_, Some(passes)) => self.wide(src, job, passes, out),
            (DType::Uint8, None) => {
                let alpha = job.alpha && job.channels > 1;
                if alpha {
                    alpha::multiply(src, job.channels, job.full());
                }
                self.bytes(src, job, out)?;
                if alpha {
                    alpha::divide(out, job.channels, job.full());
                }
                Ok(())
            }
            (dtype, None) => Err(Error::shape(format!(
                "{dtype} samples cannot be mixed by {}; pass resample nearest, or dtype uint8",
                job.filter
            ))),
        }
    }

    fn bytes(&mut self, src: &[u8], job: &Job, out: &mut [u8]) -> Result<()> {
        let (horizontal, vertical) = job.axes();
        let down = kept(&mut self.fixed, &vertical, coefficients::fixed)?;
        let row_len = job.from.1 * job.channels;
        if !horizontal.is_needed() {
            self.vertical(src, row_len, 0, &down, out);
            return Ok(());
        }
        let across = kept(&mut self.fixed, &horizontal, coefficients::fixed)?;
        if !vertical.is_needed() {
            self.horizontal(src, job, &across, out);
            return Ok(());
        }
        let (first, end) = down.used();
        let mut between = std::mem::take(&mut self.between);
        if job.is_columns_first() {
            limits::resize(&mut between, job.to.0 * row_len)?;
            self.vertical(src, row_len, 0, &down, &mut between);
            self.horizontal(&between, job, &across, out);
        } else {
            limits::resize(&mut between, (end - first) * job.to.1 * job.channels)?;
            self.horizontal(&src[first * row_len..end * row_len], job, &across, &mut between);
            self.vertical(&between, job.to.1 * job.channels, first, &down, out);
        }
        self.between = between;
        Ok(())
    }

    /// The first half of a resize that [begins with the rows](Job::is_rows_first), of some rows of its picture.
    pub(super) fn narrow(&mut self, rows: &[u8], job: &Job, out: &mut [u8]) -> Result<()> {
        let (horizontal, _) = job.axes();
        match wide::passes(job.dtype) {
            Some(passes) => {
                let across = kept(&mut self.precise, &horizontal, coefficients::precise)?;
                (passes.horizontal)(rows, job.from.1, job.channels, &across, out);
            }
            None => {
                let across = kept(&mut self.fixed, &horizontal, coefficients::fixed)?;
                self.horizontal(rows, job, &across, out);
            }
        }
        Ok(())
    }

    fn horizontal(&self, src: &[u8], job: &Job, c: &Coefficients<i32>, out: &mut [u8]) {
        #[cfg(target_arch = "x86_64")]
        if self.allowed != Passes::Plain {
            let newer = self.allowed == Passes::Any;
            if avx2::horizontal(src, job.from.1, job.channels, newer, c, out) {
                return;
            }
        }
        plain::horizontal(src, job.from.1, job.channels, c, out);
    }

    fn vertical(
        &self,
        src: &[u8],
        row_len: usize,
        first: usize,
        c: &Coefficients<i32>,
        out: &mut [u8],
    ) {
        #[cfg(target_arch = "x86_64")]
        if self.allowed != Passes::Plain && avx2::vertical(src, row_len, first, c, out) {
            return;
        }
        plain::vertical(src, row_len, first, 0, c, out);
    }

    fn wide(&mut self, src: &[u8], job: &Job, passes: wide::Passes, out: &mut [u8]) -> Result<()> {
        let (horizontal, vertical) = job.axes();
        let size = job.dtype.size();
        let down = kept(&mut self.precise, &vertical, coefficients::precise)?;
        let row = job.from.1 * job.channels;
        if !horizontal.is_needed() {
            (passes.vertical)(src, row, 0, &down, out);
            return Ok(());
        }
        let across = kept(&mut self.precise, &horizontal, coefficients::precise)?;
        if !vertical.is_needed() {
            (passes.horizontal)(src, job.from.1, job.channels, &across, out);
            return Ok(());
        }
        if job.is_columns_first() {
            limits::resize(&mut self.between, job.to.0 * row * size)?;
            (passes.vertical)(src, row, 0, &down, &mut self.between);
            (passes.horizontal)(&self.between, job.from.1, job.channels, &across, out);
            return Ok(());
        }
        let (first, end) = down.used();
        limits::resize(&mut self.between, (end - first) * job.to.1 * job.channels * size)?;
        let used = &src[first * row * size..end * row * size];
        (passes.horizontal)(used, job.from.1, job.channels, &across, &mut self.between);
        (passes.vertical)(&self.between, job.to.1 * job.channels, first, &down, out);
        Ok(())
    }
}

/// The weights of an axis: those that are kept, or new ones in place of the oldest.
fn kept<T>(
    tables: &mut VecDeque<(Axis, Rc<Coefficients<T>>)>,
    axis: &Axis,
    make: impl Fn(&Axis) -> Result<Coefficients<T>>,
) -> Result<Rc<Coefficients<T>>> {
    if let Some((_, found)) = tables.iter().find(|t| t.0 == *axis) {
        return Ok(Rc::clone(found));
    }
    let new = Rc::new(make(axis)?);
    // A table that is large alone is not worth its memory.
    if new.weights.len() < 1 << 20 {
        if tables.len() == KEPT {
            tables.pop_back();
        }
        tables.push_front((*axis, Rc::clone(&new)));
    }
    Ok(new)
}

#[cfg(test)]
mod tests;
