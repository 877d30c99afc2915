//! The file of a Parquet output, and the group whose images are being written.

use std::io::Read;
use std::sync::Arc;

use serde_json::{Value, json};

use super::file::{Chunk, Group, ParquetFile};
use super::page::{self, Frame, Levels, Page};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::sink::mark::{Mark, number};
use crate::sink::shelf::Shelf;
use crate::sink::tape::Tape;

/// Bytes of images in a group of rows: what a reader takes to read any of its columns.
pub(super) const GROUP_BYTES: u64 = 16 << 20;

/// The file, and the group whose images are being written.
pub(super) struct Body {
    pub(super) file: ParquetFile,
    /// `None`: images are files.
    pub(super) pixels: Option<DType>,
    group_rows: Option<u64>,
    chunk: Option<Chunk>,
    rows: u64,
    /// Of image files which rows have one.
    pub(super) present: Levels,
    /// The groups that are whole, as they were at the last mark.
    groups: Tape,
}

impl Body {
    /// The body of a file, to go on from the state `from`; which rows have an image is not in that.
    pub(super) fn new(
        mut file: ParquetFile,
        pixels: Option<DType>,
        group_rows: Option<u64>,
        shelf: &Arc<Shelf>,
        from: Option<&Value>,
    ) -> Result<Self> {
        let groups = Tape::new(shelf, "groups", from.map(|state| &state["groups"]))?;
        let mut entry = vec![0; 8 + chunks(pixels) * Chunk::BYTES];
        let mut tape = groups.read();
        for _ in 0..groups.len() / entry.len() as u64 {
            let failed = |e| Error::io("cannot read the groups of an earlier run", e);
            tape.read_exact(&mut entry).map_err(failed)?;
            file.groups.push(Group::of(&entry));
        }
        drop(tape);
        let chunk = from.and_then(|state| state["chunk"].as_array());
        let chunk = chunk.map(|numbers| {
            let numbers = numbers.iter().flat_map(|n| n.as_u64().unwrap_or_default().to_le_bytes());
            Chunk::of(&numbers.collect::<Vec<_>>())
        });
        let rows = from.map_or(Ok(0), |state| number(state, "rows"))?;
        Ok(Self { file, pixels, group_rows, chunk, rows, present: Levels::default(), groups })
    }

    /// Takes part in a mark: its state, without the rows that have an image.
    pub(super) fn mark(&mut self, mark: &mut Mark) -> Result<Value> {
        let entry = 8 + chunks(self.pixels) * Chunk::BYTES;
        let known = (self.groups.len() / entry as u64) as usize;
        for group in &self.file.groups[known..] {
            self.groups.write(&group.bytes())?;
        }
        self.file.mark(mark)?;
        let numbers = |chunk: &Chunk| {
            let bytes = chunk.bytes();
            let numbers = bytes.as_chunks().0.iter().map(|number| u64::from_le_bytes(*number));
            numbers.collect::<Vec<_>>()
        };
        Ok(json!({
            "groups": self.groups.mark(mark)?,
            "chunk": self.chunk.as_ref().map(numbers),
            "rows": self.rows,
        }))
    }

    /// Rows until the group ends, where that is fixed.
    pub(super) fn left_of_group(&self) -> u64 {
        self.group_rows.map_or(u64::MAX, |rows| rows - self.rows)
    }

    /// Begins a group, if none is being written.
    pub(super) fn begin(&mut self) -> Result<()> {
        if self.chunk.is_none() {
            self.chunk = Some(self.file.chunk(self.pixels)?);
        }
        Ok(())
    }

    /// Files a page, and the end of a group after it.
    pub(super) fn page(&mut self, page: Page) -> Result<()> {
        self.begin()?;
        let rows = page.rows;
        self.present.extend(&page.present);
        if let Some(chunk) = &mut self.chunk {
            self.file.page(chunk, page)?;
        }
        self.filed(rows)
    }

    /// The same for a page of which frame and pixels are in the file.
    pub(super) fn framed(&mut self, frame: &Frame) -> Result<()> {
        self.file.put(&vec![0; frame.padding])?;
        if let Some(chunk) = &mut self.chunk {
            chunk.count(frame.values, frame.len, frame.len);
        }
        self.filed(frame.rows)
    }

    fn filed(&mut self, rows: u64) -> Result<()> {
        self.rows += rows;
        let full = match self.group_rows {
            Some(most) => self.rows >= most,
            None => self.chunk.as_ref().is_some_and(|chunk| chunk.plain >= GROUP_BYTES),
        };
        if full { self.end_group() } else { Ok(()) }
    }

    pub(super) fn end_group(&mut self) -> Result<()> {
        let Some(chunk) = self.chunk.take() else { return Ok(()) };
        let mut chunks = vec![chunk];
        if self.pixels.is_none() {
            let page = page::no_paths(&std::mem::take(&mut self.present), &self.file.codec)?;
            let mut paths = self.file.chunk(None)?;
            self.file.page(&mut paths, page)?;
            chunks.push(paths);
        }
        self.file.groups.push(Group { rows: std::mem::take(&mut self.rows), chunks });
        Ok(())
    }
}

/// The columns of a group that hold its images.
fn chunks(pixels: Option<DType>) -> usize {
    if pixels.is_some() { 1 } else { 2 }
}
