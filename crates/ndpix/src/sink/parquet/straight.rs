//! Pixels that are not compressed: they go into the file as they come, without a copy. What stands before them
//! in their page says how many there are, and that is known but for the last page, which is written anew.

use serde_json::Value;

use super::body::Body;
use super::page::{self, Frame};
use crate::dtype::DType;
use crate::error::Result;
use crate::sink::mark::broken;

/// How pages of plain pixels are laid, and the page that is open.
pub(super) struct Straight {
    pub(super) dtype: DType,
    pub(super) elements: usize,
    pub(super) row_len: usize,
    /// Rows of a page.
    pub(super) most: u64,
    /// The page that is being written.
    pub(super) open: Option<Open>,
}

pub(super) struct Open {
    frame: Frame,
    /// Where it begins, and bytes of pixels to come.
    at: u64,
    left: usize,
}

/// The open page at a mark: the rows that it is to have, where it begins, and its pixels so far. Of none there are no rows.
#[derive(Default)]
pub(super) struct Aside {
    pub(super) rows: u64,
    pub(super) at: Option<u64>,
    pub(super) pixels: Vec<u8>,
}

impl Straight {
    /// Appends rows.
    pub(super) fn write(&mut self, body: &mut Body, mut pixels: &[u8]) -> Result<()> {
        while !pixels.is_empty() {
            let mut open = match self.open.take() {
                Some(open) => open,
                None => self.begin(body)?,
            };
            let (now, later) = pixels.split_at(pixels.len().min(open.left));
            body.file.put(now)?;
            open.left -= now.len();
            pixels = later;
            match open.left {
                0 => body.framed(&open.frame)?,
                _ => self.open = Some(open),
            }
        }
        Ok(())
    }

    /// The page that is open: it may be written anew, and so it is laid aside.
    pub(super) fn mark(&self, body: &mut Body) -> Result<Aside> {
        let Some(open) = &self.open else { return Ok(Aside::default()) };
        let mut pixels = body.file.read_back(open.at)?;
        pixels.drain(..open.frame.head.len());
        Ok(Aside { rows: open.frame.rows, at: Some(open.at), pixels })
    }

    /// Goes on with a page that was to have so many rows, if there was one, and had these pixels.
    pub(super) fn again(&mut self, body: &mut Body, rows: &Value, pixels: &[u8]) -> Result<()> {
        let rows = rows.as_u64().ok_or_else(|| broken("page"))?;
        if rows > 0 {
            self.open = Some(self.open(body, rows)?);
            self.write(body, pixels)?;
        }
        Ok(())
    }

    fn begin(&self, body: &mut Body) -> Result<Open> {
        let rows = self.most.min(body.left_of_group());
        body.begin()?;
        self.open(body, rows)
    }

    fn open(&self, body: &mut Body, rows: u64) -> Result<Open> {
        let frame = page::frame(self.dtype, self.elements, rows as usize)?;
        let at = body.file.at();
        body.file.put(&frame.head)?;
        Ok(Open { frame, at, left: rows as usize * self.row_len })
    }

    /// Ends a page that has fewer rows than it was to have.
    pub(super) fn last(&mut self, body: &mut Body) -> Result<()> {
        let Some(open) = self.open.take() else { return Ok(()) };
        let bytes = body.file.read_back(open.at)?;
        body.file.go_back(open.at)?;
        let rows = &bytes[open.frame.head.len()..];
        body.page(page::tensors(self.dtype, self.elements, rows, &body.file.codec)?)
    }
}
