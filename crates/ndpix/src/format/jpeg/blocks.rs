//! The blocks of a scan, from Huffman codes to samples, a row of blocks at a time.

use libjpeg_turbo_rs::JpegError;
use libjpeg_turbo_rs::simd::SimdRoutines;

use super::codes::Bits;
use super::scan::{Component, Scan};
use crate::error::Result;
use crate::limits::zeros;

/// Samples along a side of a block.
pub(super) const BLOCK: usize = 8;

/// Samples of a component: the last row of the blocks before, then a row of blocks.
pub(super) struct Plane {
    samples: Vec<u8>,
    stride: usize,
    /// Blocks of it that stand together in the scan: down and across.
    count: (usize, usize),
}

impl Plane {
    fn new(count: (usize, usize), groups: usize) -> Result<Self> {
        let stride = groups * count.1 * BLOCK;
        Ok(Self { samples: zeros((1 + count.0 * BLOCK) * stride)?, stride, count })
    }

    /// A row of the picture, of which row `first` is the first of the row of blocks.
    pub(super) fn row(&self, y: usize, first: usize) -> &[u8] {
        &self.samples[(y + 1 - first) * self.stride..][..self.stride]
    }

    fn put(&mut self, (down, across): (usize, usize), block: &[u8; 64]) {
        let mut at = (1 + down * BLOCK) * self.stride + across * BLOCK;
        for samples in block.as_chunks::<BLOCK>().0 {
            self.samples[at..at + BLOCK].copy_from_slice(samples);
            at += self.stride;
        }
    }

    pub(super) fn keep_last(&mut self) {
        let last = self.samples.len() - self.stride;
        self.samples.copy_within(last.., 0);
    }
}

/// The coded data of a scan, and where in it the next row of blocks begins.
pub(super) struct Blocks<'s> {
    bits: Bits<'s>,
    /// The first number of the last block of each component.
    before: [i16; 4],
    components: &'s [Component<'s>],
    pub(super) planes: Vec<Plane>,
    inverse: fn(&[i16; 64], &[u16; 64], &mut [u8; 64]),
    /// Groups of blocks: in a row, between two restart markers (0 for none), decoded.
    groups: usize,
    interval: usize,
    done: usize,
}

impl<'s> Blocks<'s> {
    pub(super) fn new(
        scan: &'s Scan<'_>,
        bytes: &'s [u8],
        routines: &SimdRoutines,
    ) -> Result<Self> {
        let (markers, components) = (scan.markers, &scan.components[..]);
        let groups = scan.size.1.div_ceil(BLOCK * scan.ratio.1);
        let planes = (0..components.len())
            .map(|number| Plane::new(if number == 0 { scan.ratio } else { (1, 1) }, groups));
        Ok(Self {
            bits: Bits::new(bytes.get(markers.entropy_data_offset..).unwrap_or(&[])),
            before: [0; 4],
            components,
            planes: planes.collect::<Result<_>>()?,
            inverse: routines.idct_islow,
            groups,
            interval: markers.restart_interval.into(),
            done: 0,
        })
    }

    /// Decodes the next row of blocks into the planes.
    pub(super) fn decode(&mut self) -> std::result::Result<(), JpegError> {
        for group in 0..self.groups {
            if self.interval > 0 && self.done > 0 && self.done.is_multiple_of(self.interval) {
                self.bits.restart();
                self.before = [0; 4];
            }
            self.group(group)?;
            self.done += 1;
        }
        Ok(())
    }

    /// Decodes the blocks that stand together at the place `group` of a row.
    fn group(&mut self, group: usize) -> std::result::Result<(), JpegError> {
        let (mut numbers, mut block) = ([0; 64], [0; 64]);
        let mut bits = self.bits;
        for ((component, plane), before) in
            self.components.iter().zip(&mut self.planes).zip(&mut self.before)
        {
            let (codes, (rows, columns)) = (&component.codes, plane.count);
            for down in 0..rows {
                for across in 0..columns {
                    let tables = (codes.dc_table, codes.ac_table);
                    bits.block(tables, before, &mut numbers).map_err(|error| {
                        // No code begins so; with bits that were made up the data had ended before that was known.
                        match bits.end_within(16) {
                            true => JpegError::UnexpectedEof,
                            false => error,
                        }
                    })?;
                    (self.inverse)(&numbers, component.steps, &mut block);
                    plane.put((down, group * columns + across), &block);
                }
            }
        }
        self.bits = bits;
        if bits.end_within(0) { Err(JpegError::UnexpectedEof) } else { Ok(()) }
    }
}
