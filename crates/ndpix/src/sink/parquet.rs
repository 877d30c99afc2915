//! Parquet: a row for each image, with everything that is kept beside it.
//!
//! Written by hand: a page of pixels is then the bytes that come, where a general writer would look at
//! each pixel several times and hold ten bytes for it. Pages of images are packed by the threads and filed
//! as they come; all else is spooled and written after them, which Parquet does not mind: the footer
//! says where each column of each group of rows stands.

mod body;
mod columns;
mod file;
mod flat;
mod grown;
mod kept;
mod page;
pub(super) mod read;
mod schema;
mod straight;
mod thrift;

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::line::{Chunks, Line};
use super::mark::{Mark, number};
use super::npy::INPUTS;
use super::output::{Ability, Output, taken};
use super::shelf::Shelf;
use super::spool::Spool;
use super::{Facts, Holds, Images, Place, Ready, Sink};
use crate::column::Column;
use crate::dtype::DType;
use crate::error::{Error, ErrorKind, Result};
use crate::options::{IMAGES, ImagesAs, OutputCompression};
use crate::shape::Shape;
use crate::threads::Job;

use body::{Body, GROUP_BYTES};
use file::ParquetFile;
use page::{Codec, Levels, Page};
use straight::Straight;

pub(super) use kept::row_field;
pub(super) use schema::{Field, FieldKind};

pub(crate) use columns::ColumnsFile;

/// See [`Output`].
pub(super) const OUTPUT: Output = Output {
    name: "Parquet",
    extensions: &[".parquet"],
    can: &[
        Ability::Encoded,
        Ability::Chunks,
        Ability::Gzip,
        Ability::Zstd,
        Ability::Text,
        Ability::Nul,
    ],
    folder: None,
    marker: None,
    packs: true,
    splits: false,
    names: None,
    beside: &[INPUTS],
    apart: false,
    refuses: |name| taken(kept::is_taken(name)),
    open: |out, holds, from| Ok(Box::new(Parquet::create(out, holds, from)?)),
};

/// Bytes of images in a page: what a reader takes to read any of them.
const PAGE_BYTES: usize = 1 << 20;

/// A Parquet file that is being written: images as they come, all else at the end.
pub(crate) struct Parquet {
    /// Bytes of a row; of image files, which differ, none.
    row_len: usize,
    /// Rows of a group, where that is fixed, and of the one that is being written.
    group_rows: Option<u64>,
    rows: u64,
    /// Pixels on their way into the file, where they are not compressed.
    straight: Option<Straight>,
    /// The page that is being made; no row stands in two.
    page: Vec<u8>,
    pages: Chunks<Body, Page>,
    body: Arc<Line<Body>>,
    /// Of image files the lengths to come; `None`: there is none.
    lengths: VecDeque<Option<usize>>,
    shelf: Arc<Shelf>,
    spool: Spool,
}

impl Parquet {
    /// Opens the file, to go on from the state `from`.
    pub(crate) fn create(out: &Path, holds: &Holds, from: Option<&Value>) -> Result<Self> {
        let codec = Arc::new(Codec::new(holds.compression));
        let images = holds.images;
        let (dtype, shape) = (images.dtype(), images.item());
        let elements = shape.iter().product();
        let (kind, row_len) = match holds.images_as {
            ImagesAs::Pixels => (FieldKind::Tensor(dtype, shape), images.item_len()?),
            ImagesAs::Encoded => (FieldKind::Image, 0),
        };
        // A page has at least one row, and its length 31 bits.
        if row_len > 1 << 30 || elements > 1 << 30 {
            return Err(Error::options(format!(
                "Parquet holds no image of more than 1 GiB, and these have {row_len} bytes; write .npy"
            )));
        }
        let group_rows = match (holds.chunks, row_len) {
            (Some(rows), _) => Some(rows.max(1)),
            (None, 0) => None,
            (None, _) => Some((GROUP_BYTES / row_len as u64).max(1)),
        };
        let name = if *holds.lead == *IMAGES { "image" } else { &*holds.lead };
        let mut fields = vec![Field::new(name, kind)];
        fields.extend(kept::fields(holds));
        let of = |name| from.map(|state| &state[name]);
        let pixels = (row_len > 0).then_some(dtype);
        let file = ParquetFile::create(out, fields, Arc::clone(&codec), of("end"))?;
        let shelf = Shelf::open(out, holds.continues, from)?;
        let left = from.map(|state| shelf.left(state)).transpose()?.unwrap_or_default();
        let [page, lengths, present, open] = left;
        let mut body = Body::new(file, pixels, group_rows, &shelf, of("body"))?;
        body.present = Levels::of(&present);
        let mut straight = match (pixels, holds.compression) {
            (Some(dtype), OutputCompression::None) if dtype != DType::Bool => Some(Straight {
                dtype,
                elements,
                row_len,
                most: (PAGE_BYTES / row_len).max(1) as u64,
                open: None,
            }),
            _ => None,
        };
        if let (Some(straight), Some(state)) = (&mut straight, of("straight")) {
            straight.again(&mut body, state, &open)?;
        }
        let (body, pages) = in_pages(body, elements, codec);
        // Lengths of image files are in the file itself.
        let shape = Shape::image(0, 0, 1);
        let plain = Holds { images: Images::Stack { shape, dtype: DType::Uint8 }, ..holds.clone() };
        Ok(Self {
            row_len,
            group_rows,
            rows: from.map_or(Ok(0), |state| number(state, "rows"))?,
            straight,
            page,
            pages,
            body,
            lengths: lengths.as_chunks().0.iter().map(|len| length_of(*len)).collect(),
            spool: Spool::new(&shelf, &plain, of("spool"))?,
            shelf,
        })
    }

    /// Appends rows of one length.
    fn tensors(&mut self, mut pixels: &[u8]) -> Result<()> {
        let len = self.row_len;
        let most = (PAGE_BYTES / len).max(1);
        while !pixels.is_empty() {
            if self.page.is_empty() {
                self.page = self.pages.spare(most * len)?;
            }
            let (page, group) = (most - self.page.len() / len, self.left_of_group());
            let (now, later) = pixels.split_at(pixels.len().min(len * page.min(group)));
            self.page.extend_from_slice(now);
            pixels = later;
            self.count(now.len() / len, self.page.len() >= most * len);
        }
        Ok(())
    }

    /// Appends image files, of which the lengths are known.
    fn files(&mut self, mut bytes: &[u8]) -> Result<()> {
        while let Some(&length) = self.lengths.front() {
            let len = length.unwrap_or(0);
            if len > bytes.len() {
                break;
            }
            self.lengths.pop_front();
            if self.page.is_empty() {
                self.page = self.pages.spare(PAGE_BYTES)?;
            }
            let (file, later) = bytes.split_at(len);
            let prefix = length.map_or(page::NONE, |len| len as u32);
            self.page.extend_from_slice(&prefix.to_le_bytes());
            self.page.extend_from_slice(file);
            bytes = later;
            self.count(1, self.page.len() >= PAGE_BYTES);
        }
        Ok(())
    }

    /// Rows until the group ends.
    fn left_of_group(&self) -> usize {
        let left = self.group_rows.map_or(u64::MAX, |rows| rows - self.rows);
        usize::try_from(left).unwrap_or(usize::MAX)
    }

    /// Counts rows of the page, and ends it where it is full or its group is.
    fn count(&mut self, rows: usize, full: bool) {
        self.rows += rows as u64;
        let ends = self.group_rows == Some(self.rows);
        if ends {
            self.rows = 0;
        }
        if ends || full {
            self.pages.push(std::mem::take(&mut self.page));
        }
    }

    fn into_file(self) -> Option<ParquetFile> {
        drop(self.pages);
        Arc::into_inner(self.body).map(|body| body.into_inner().file)
    }
}

/// The body behind a line, and the pages on their way to it; tensors have so many elements.
fn in_pages(
    body: Body,
    elements: usize,
    codec: Arc<Codec>,
) -> (Arc<Line<Body>>, Chunks<Body, Page>) {
    let pixels = body.pixels;
    let body = Line::new(body);
    let pack = move |rows: &[u8]| match pixels {
        Some(dtype) => page::tensors(dtype, elements, rows, &codec),
        None => page::images(rows, &codec),
    };
    let put = |body: &mut Body, _, page| body.page(page);
    let pages = Chunks::new(PAGE_BYTES, Arc::clone(&body), pack, put);
    (body, pages)
}

/// The length of an image file as it stands in what is left at a mark, where there may be no file.
fn length(length: Option<usize>) -> [u8; 8] {
    length.map_or(u64::MAX, |length| length as u64).to_le_bytes()
}

/// The inverse of [`length`].
fn length_of(bytes: [u8; 8]) -> Option<usize> {
    usize::try_from(u64::from_le_bytes(bytes)).ok().filter(|length| *length as u64 != u64::MAX)
}

impl Sink for Parquet {
    fn write(&mut self, pixels: &[u8]) -> Result<()> {
        match &mut self.straight {
            Some(straight) => self.body.with(|body| straight.write(body, pixels)),
            None if self.row_len == 0 => self.files(pixels),
            None => self.tensors(pixels),
        }
    }

    fn place(&mut self, place: &Place) -> Result<()> {
        if self.row_len == 0 {
            self.lengths.push_back(place.valid.then(|| place.shape.first().copied().unwrap_or(0)));
        }
        self.spool.place(place)
    }

    fn array(&mut self, number: usize, pixels: &[u8]) -> Result<()> {
        self.spool.array(number, pixels)
    }

    fn columns(&mut self, rows: &[Column]) -> Result<()> {
        self.spool.columns(rows)
    }

    fn job(&mut self) -> Option<Job> {
        self.pages.job()
    }

    fn mark(&mut self) -> Result<Mark> {
        let mut mark = Mark::default();
        self.pages.left()?;
        let straight = self.straight.as_ref();
        let (end, open, body, present) = self.body.with(|body| {
            let open = straight.map(|straight| straight.mark(body)).transpose()?;
            // A page that may be written anew is laid aside, and the file ends before it.
            let end = open.as_ref().and_then(|open| open.at).unwrap_or(body.file.at());
            Ok::<_, Error>((end, open, body.mark(&mut mark)?, body.present.bytes()))
        })?;
        let lengths: Vec<u8> = self.lengths.iter().flat_map(|len| length(*len)).collect();
        let open = open.unwrap_or_default();
        let left = [&self.page[..], &lengths, &present, &open.pixels];
        let state = json!({
            "rows": self.rows,
            "end": end,
            "body": body,
            "straight": open.rows,
            "spool": self.spool.mark(&mut mark)?,
            "shelf": self.shelf.mark(&mut mark, None, &left)?,
        });
        Ok(Mark { state, ..mark })
    }

    fn seal(&mut self, facts: &Facts) -> Result<()> {
        if !self.page.is_empty() {
            self.pages.push(std::mem::take(&mut self.page));
        }
        self.pages.last(false)?;
        let (spool, straight) = (&mut self.spool, &mut self.straight);
        self.body.with(|body| {
            straight.as_mut().map_or(Ok(()), |straight| straight.last(body))?;
            body.end_group()?;
            kept::write(&mut body.file, spool)?;
            let mut attributes = facts.attributes();
            if body.pixels.is_none() {
                attributes.push(("huggingface", body.file.features()));
            }
            body.file.seal(&attributes)
        })
    }

    fn finish(self: Box<Self>) -> Result<Ready> {
        let lost = || Error::new(ErrorKind::Io, "the file is still being written");
        let shelf = Arc::clone(&self.shelf);
        Ok(Ready::file(self.into_file().ok_or_else(lost)?.into_partial(), shelf))
    }

    fn abandon(self: Box<Self>, keep: bool) -> Vec<PathBuf> {
        self.shelf.end(keep);
        // Without a footer no reader makes anything of it; the run that goes on does.
        let keep = keep && self.shelf.is_marked();
        self.into_file().and_then(|file| file.abandon(keep)).into_iter().collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::Rows;

    #[test]
    fn images_that_no_page_can_hold_are_refused() {
        let folder = tempfile::tempdir().expect("a folder");
        let out = folder.path().join("a.parquet");
        let open = |height, dtype| {
            let holds = Holds {
                lead: "images".into(),
                arrays: Vec::new(),
                images: Images::Stack { shape: Shape::image(height, 1 << 15, 1), dtype },
                columns: Vec::new(),
                legends: Vec::new(),
                fills: false,
                rows: Rows::Never,
                images_as: ImagesAs::Pixels,
                chunks: None,
                compression: OutputCompression::Auto,
                shard_rows: None,
                append: false,
                continues: false,
                first_file: 0,
                options: Vec::new(),
            };
            Parquet::create(&out, &holds, None).map(|_| ()).map_err(|e| e.message().to_string())
        };
        assert_eq!(open(1 << 15, DType::Uint8), Ok(()));
        for (height, dtype) in [(1 + (1 << 15), DType::Uint8), (1 << 13, DType::Float64)] {
            assert!(open(height, dtype).expect_err("refused").contains("more than 1 GiB"));
        }
    }
}
