//! Zarr v3: a group whose arrays are cut into chunks of rows, many chunks to a file.
//!
//! The group is a folder. `images` grows while rows come; what stands beside it is written at the end, then
//! the group's own `zarr.json`, and readers see nothing before that. Chunks are compressed as jobs,
//! outside of the turn, and put one after another in order: so no shard is ever held in memory, and
//! the bytes are the same for any number of threads. Chunks that are not compressed are
//! written as they come.

mod array;
mod beside;
pub(super) mod read;
mod shards;

use std::fs::File;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::folder::{Folder, sweep};
use super::holds::{Facts, Holds, Images};
use super::line::{Chunks, Line};
use super::mark::{Mark, number};
use super::npy::INPUTS;
use super::output::{Ability, Output, Refusal, is_array, taken};
use super::shelf::Shelf;
use super::spool::Spool;
use super::{Place, Ready, Sink};
use crate::column::Column;
use crate::error::{Error, Result};
use crate::threads::Job;
use array::{Array, Element, Packing, write_group};
use shards::Shards;

/// A shard of about this many bytes, before compression.
const SHARD: usize = 64 << 20;
/// No more chunks unless more are asked for: the index has room for all of them, however few rows there are.
const USUAL_CHUNKS: usize = 1 << 16;
/// More chunks in a shard make its index too large to hold.
const MOST_CHUNKS: usize = 1 << 20;
/// Chunks must fit memory a few times over; what is asked for beyond this is a mistake.
const LONGEST_CHUNK: usize = 1 << 30;

/// See [`Output`].
pub(super) const OUTPUT: Output = Output {
    name: "Zarr",
    extensions: &[".zarr"],
    can: &[
        Ability::Ragged,
        Ability::Chunks,
        Ability::Gzip,
        Ability::Zstd,
        Ability::Shards,
        Ability::Text,
        Ability::Nul,
    ],
    folder: Some(is_ours),
    marker: Some("zarr.json"),
    packs: true,
    splits: true,
    names: None,
    beside: &[INPUTS],
    apart: false,
    refuses,
    open: |out, holds, from| Ok(Box::new(ZarrGroup::create(out, holds, from)?)),
};

/// A folder is called so.
fn refuses(name: &str) -> Option<Refusal> {
    let dots = [".", ".."].contains(&name);
    if dots || name.contains(['/', '\\']) || name.len() > 200 || name.starts_with("__") {
        Some(Refusal::Unspeakable)
    } else {
        taken(is_array(name))
    }
}

/// A Zarr group that is being written: the chunks of its images as they come, all else at the end.
pub(crate) struct ZarrGroup {
    folder: Folder,
    shelf: Arc<Shelf>,
    spool: Spool,
    images: Array,
    name: String,
    flat: bool,
    body: Body,
    /// Bytes of pixels.
    bytes: u64,
}

/// Where pixels go.
enum Body {
    /// Into the shards as they are, in chunks of so many bytes.
    Plain(Shards, u64),
    /// Through the threads that compress.
    Packed(Chunks<Shards, Vec<u8>>, Arc<Line<Shards>>),
}

impl ZarrGroup {
    /// Opens the folder of a group, to go on from the state `from`.
    pub(crate) fn create(out: &Path, holds: &Holds, from: Option<&Value>) -> Result<Self> {
        let images = images(holds)?;
        let (folder, shelf) = Shelf::of_folder(out, is_ours, holds.continues, from)?;
        let name = holds.name();
        let mut shards = images.shards(&folder.path().join(name));
        let mut left = Vec::new();
        if let Some(state) = from {
            sweep(folder.path(), |stays| stays == name)?;
            let [chunk, lengths] = shelf.left(state)?;
            shards = shards.again(&state["shards"], &lengths)?;
            left = chunk;
        }
        let packing = Arc::clone(&images.packing);
        let body = match *packing {
            Packing::Plain => Body::Plain(shards, images.chunk_len() as u64),
            _ => {
                let line = Line::new(shards);
                let put = |shards: &mut Shards, _, chunk: Vec<u8>| {
                    shards.write(&chunk)?;
                    shards.end_chunk(0)
                };
                let pack = move |chunk: &[u8]| packing.pack(chunk);
                let mut chunks = Chunks::new(images.chunk_len(), Arc::clone(&line), pack, put);
                chunks.write(&left)?;
                Body::Packed(chunks, line)
            }
        };
        Ok(Self {
            spool: Spool::new(&shelf, holds, from.map(|state| &state["spool"]))?,
            folder,
            shelf,
            images,
            name: name.to_string(),
            flat: matches!(holds.images, Images::Flat { .. }),
            body,
            bytes: from.map_or(Ok(0), |state| number(state, "bytes"))?,
        })
    }
}

impl Sink for ZarrGroup {
    fn write(&mut self, mut pixels: &[u8]) -> Result<()> {
        self.bytes += pixels.len() as u64;
        match &mut self.body {
            Body::Packed(chunks, _) => chunks.write(pixels),
            Body::Plain(shards, len) => {
                while !pixels.is_empty() {
                    let room = *len - shards.written();
                    let now = usize::try_from(room).unwrap_or(usize::MAX).min(pixels.len());
                    let (now, later) = pixels.split_at(now);
                    shards.write(now)?;
                    pixels = later;
                    if shards.written() == *len {
                        shards.end_chunk(*len)?;
                    }
                }
                Ok(())
            }
        }
    }

    fn place(&mut self, place: &Place) -> Result<()> {
        self.spool.place(place)
    }

    fn array(&mut self, number: usize, pixels: &[u8]) -> Result<()> {
        self.spool.array(number, pixels)
    }

    fn columns(&mut self, rows: &[Column]) -> Result<()> {
        self.spool.columns(rows)
    }

    fn job(&mut self) -> Option<Job> {
        match &mut self.body {
            Body::Plain(..) => None,
            Body::Packed(chunks, _) => chunks.job(),
        }
    }

    fn mark(&mut self) -> Result<Mark> {
        let mut mark = Mark::default();
        let mut left = &[][..];
        let (shards, lengths) = match &mut self.body {
            Body::Plain(shards, _) => shards.mark(&mut mark)?,
            Body::Packed(chunks, line) => {
                left = chunks.left()?;
                line.with(|shards| shards.mark(&mut mark))?
            }
        };
        let state = json!({
            "bytes": self.bytes,
            "shards": shards,
            "spool": self.spool.mark(&mut mark)?,
            "shelf": self.shelf.mark(&mut mark, Some(&mut self.folder), &[left, &lengths])?,
        });
        Ok(Mark { state, ..mark })
    }

    fn seal(&mut self, facts: &Facts) -> Result<()> {
        match &mut self.body {
            Body::Plain(shards, len) => {
                if shards.written() > 0 {
                    shards.end_chunk(*len)?;
                }
                shards.finish()?;
            }
            Body::Packed(chunks, line) => {
                chunks.last(true)?;
                line.with(Shards::finish)?;
            }
        }
        let path = self.folder.path();
        let rows = match (self.flat, self.images.element) {
            (true, Element::Number(dtype)) => self.bytes / dtype.size() as u64,
            _ => self.spool.count(),
        };
        self.images.describe(&path.join(&self.name), rows)?;
        beside::write(path, &mut self.spool, &self.images)?;
        self.folder.sync()?;
        write_group(path, &facts.json())?;
        self.folder.sync_file("zarr.json")
    }

    fn finish(self: Box<Self>) -> Result<Ready> {
        Ok(Ready::folder(self.folder, self.shelf))
    }

    fn abandon(self: Box<Self>, keep: bool) -> Vec<PathBuf> {
        self.shelf.end(keep);
        self.folder.abandon(keep).into_iter().collect()
    }
}

/// Whether a folder is a group that ndpix wrote.
fn is_ours(path: &Path) -> bool {
    let read = || -> Option<Value> {
        serde_json::from_reader(File::open(path.join("zarr.json")).ok()?).ok()
    };
    read()
        .is_some_and(|v| v["node_type"] == "group" && v["attributes"]["ndpix_version"].is_string())
}

/// The array of images, and how it is cut.
fn images(holds: &Holds) -> Result<Array> {
    let row_len = holds.images.item_len()?.max(1);
    let usual = holds.chunk_rows()?;
    let shard_rows = match (holds.shard_rows, holds.images) {
        // Shards are counted in images, and of flat ones nobody knows the size before.
        (None, _) | (_, Images::Flat { .. }) => None,
        (Some(rows), _) => Some(
            usize::try_from(rows)
                .map_err(|_| Error::options(format!("shard_rows {rows} is too large")))?,
        ),
    };
    let chunk_rows = match shard_rows {
        Some(rows) if holds.chunks.is_some() && rows % usual != 0 => {
            return Err(Error::options(format!(
                "shard_rows {rows} is not a multiple of chunks {usual}; a shard holds whole chunks"
            )));
        }
        Some(rows) if holds.chunks.is_none() => divisor(rows, usual.saturating_mul(2)),
        _ => usual,
    };
    let chunk_len = chunk_rows.saturating_mul(row_len);
    if chunk_rows > 1 && chunk_len > LONGEST_CHUNK {
        return Err(Error::options(format!(
            "chunks of {chunk_rows} rows of {row_len} bytes are larger than 1 GiB; give fewer rows"
        )));
    }
    let per_shard = match shard_rows {
        Some(rows) => rows / chunk_rows,
        None => (SHARD / chunk_len).min(USUAL_CHUNKS),
    };
    if per_shard > MOST_CHUNKS {
        return Err(Error::options(format!(
            "shards of {} rows in chunks of {chunk_rows} have {per_shard} chunks, over {MOST_CHUNKS}; give fewer shard_rows or larger chunks",
            per_shard * chunk_rows
        )));
    }
    let item = holds.images.item();
    Ok(Array {
        element: Element::Number(holds.images.dtype()),
        names: axes(&item, holds),
        item,
        chunk_rows,
        per_shard: per_shard.max(1),
        packing: Packing::new(holds.compression),
    })
}

/// The largest number up to `most` by which `rows` can be parted.
fn divisor(rows: usize, most: usize) -> usize {
    (1..=most.min(rows)).rev().find(|n| rows.is_multiple_of(*n)).unwrap_or(1)
}

/// The names of the axes of the images.
fn axes(item: &[usize], holds: &Holds) -> Vec<String> {
    let given =
        |name: &str| holds.options.iter().find(|(n, _)| n == name).map(|(_, value)| value.as_str());
    let leading = match (given("stack"), given("frames")) {
        (Some("new-axis"), _) => Some("band"),
        (_, Some("all")) => Some("frame"),
        _ => None,
    };
    let chw = given("layout") == Some("chw");
    let picture: &[&str] =
        match (item.len() - usize::from(leading.is_some() && !item.is_empty()), chw) {
            (0, _) => &[],
            (1, _) => &["x"],
            (2, _) => &["y", "x"],
            (3, false) => &["y", "x", "channel"],
            (3, true) => &["channel", "y", "x"],
            // What a raw tensor means by its axes, nobody says.
            _ => &[],
        };
    let first = if matches!(holds.images, Images::Flat { .. }) { "element" } else { "row" };
    let mut names = vec![first.to_string()];
    names.extend(leading.filter(|_| !item.is_empty()).map(str::to_string));
    names.extend(picture.iter().map(ToString::to_string));
    for axis in names.len()..=item.len() {
        names.push(format!("axis_{axis}"));
    }
    names
}

#[cfg(test)]
mod tests;
