//! A folder of `.npy` shards of so many rows each: `00000.npy`, `00001.npy`, and `manifest.json`, which names
//! them and is written last. Beside them stand the row map, the columns, and `valid`, `sizes`, `offsets`
//! and `shapes` where there are such. Flat images lie in shards by their number: image `i` begins in
//! shard `i / shard_rows`, `offsets[i] - offsets[i / shard_rows * shard_rows]` elements after its start.

use std::collections::VecDeque;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::{Value, json};

use super::folder::{Folder, sweep};
use super::mark::{Mark, number};
use super::npy::INPUTS;
use super::npy::file::{Npy, descr};
use super::output::{Ability, Output};
use super::parquet::ColumnsFile;
use super::partial::{beside, rename, there};
use super::shelf::Shelf;
use super::spool::Spool;
use super::{Facts, Holds, Images, Place, Ready, Sink, entry};
use crate::column::Column;
use crate::error::{Error, ErrorKind, Result};

/// See [`Output`].
pub(super) const OUTPUT: Output = Output {
    name: "a folder of .npy files",
    extensions: &[],
    can: &[Ability::Ragged, Ability::Shards, Ability::Text, Ability::Nul],
    folder: Some(is_ours),
    marker: Some(MANIFEST),
    packs: false,
    splits: false,
    names: None,
    beside: &[INPUTS],
    apart: false,
    refuses: |_| None,
    open: |out, holds, from| Ok(Box::new(Shards::create(out, holds, from)?)),
};

/// The file that makes a folder an output of this kind.
pub(super) const MANIFEST: &str = "manifest.json";
/// What it says it is.
pub(super) const FORMAT: &str = "ndpix shards";

/// A folder of shards that is being written, and the shard that is open.
pub(crate) struct Shards {
    folder: Folder,
    shelf: Arc<Shelf>,
    images: Images,
    shard_rows: u64,
    /// The shard that is being written, and the rows in it.
    open: Option<(Npy, u64)>,
    /// The rows of those that are whole.
    whole: Vec<u64>,
    /// Of flat images the bytes of those that are to come.
    lengths: VecDeque<u64>,
    /// Of the row that is being written, what is missing.
    missing: u64,
    spool: Spool,
    columns: Option<ColumnsFile>,
}

impl Shards {
    /// Opens the folder, to go on from the state `from`.
    pub(crate) fn create(out: &Path, holds: &Holds, from: Option<&Value>) -> Result<Self> {
        let (folder, shelf) = Shelf::of_folder(out, is_ours, holds.continues, from)?;
        let of = |name| from.map(|state| &state[name]);
        let count = |name| from.map_or(Ok(0), |state| number(state, name));
        let (whole, missing) = (count("whole")?, count("missing")?);
        let shard_rows = holds.shard_rows.unwrap_or(u64::MAX);
        let open = from.map(|state| again(folder.path(), holds, whole as usize, &state["open"]));
        let lengths = from.map(|state| shelf.left(state)).transpose()?;
        let lengths = lengths.map(|[lengths]| {
            lengths.as_chunks().0.iter().map(|length| u64::from_le_bytes(*length)).collect()
        });
        let columns = if holds.columns.is_empty() {
            None
        } else {
            let path = folder.path().join("columns.parquet");
            let holds = Holds { arrays: Vec::new(), ..holds.clone() };
            Some(ColumnsFile::create(&path, &holds, &shelf, None, of("columns"))?)
        };
        // Columns have their file, and nothing of them is spooled here.
        let holds = Holds { columns: Vec::new(), ..holds.clone() };
        Ok(Self {
            spool: Spool::new(&shelf, &holds, of("spool"))?,
            folder,
            shelf,
            images: holds.images,
            shard_rows,
            open: open.transpose()?.flatten(),
            whole: vec![shard_rows; whole as usize],
            lengths: lengths.unwrap_or_default(),
            missing,
            columns,
        })
    }

    /// Ends the shard that is being written.
    fn close(&mut self) -> Result<()> {
        let Some((mut shard, rows)) = self.open.take() else { return Ok(()) };
        self.whole.push(rows);
        shard.seal()?;
        shard.finish().map(|_| ())
    }

    /// The shard for the next row, which is counted.
    fn next(&mut self) -> Result<()> {
        if self.open.as_ref().is_some_and(|open| open.1 == self.shard_rows) {
            self.close()?;
        }
        if self.open.is_none() {
            let path = self.folder.path().join(name(self.whole.len()));
            let images = &self.images;
            let descr = descr(images.dtype());
            self.open = Some((Npy::create(&path, descr, images.item(), images.item_len()?)?, 0));
        }
        if let Some(open) = &mut self.open {
            open.1 += 1;
        }
        Ok(())
    }

    fn manifest(&self, facts: &Facts) -> String {
        let shards = self.whole.iter().enumerate();
        let shards = shards.map(|(i, rows)| json!({"file": name(i), "rows": rows}));
        let mut manifest = json!({
            "format": FORMAT,
            "rows": self.whole.iter().sum::<u64>(),
            "shard_rows": self.shard_rows,
            "holds": if matches!(self.images, Images::Flat { .. }) { "pixels" } else { "images" },
            "item": self.images.item(),
            "dtype": self.images.dtype().name(),
            "shards": shards.collect::<Vec<_>>(),
        });
        if let (Some(all), Value::Object(more)) = (manifest.as_object_mut(), facts.json()) {
            all.extend(more);
        }
        format!("{manifest:#}\n")
    }
}

impl Sink for Shards {
    fn write(&mut self, mut pixels: &[u8]) -> Result<()> {
        let whole = self.images.item_len()? as u64;
        while !pixels.is_empty() {
            while self.missing == 0 {
                self.missing = match self.images {
                    Images::Flat { .. } => self.lengths.pop_front().unwrap_or(u64::MAX),
                    _ => whole,
                };
                self.next()?;
            }
            // Rows of one length that fit into the shard go there together.
            let room = match self.images {
                Images::Flat { .. } => 0,
                _ => self.open.as_ref().map_or(0, |open| self.shard_rows - open.1),
            };
            let more = (pixels.len() as u64).saturating_sub(self.missing) / whole.max(1);
            let together = room.min(more);
            let len = self.missing.saturating_add(together * whole).min(pixels.len() as u64);
            let (now, later) = pixels.split_at(len as usize);
            if let Some((shard, rows)) = &mut self.open {
                shard.write(now)?;
                *rows += together;
            }
            self.missing -= len - together * whole;
            pixels = later;
        }
        Ok(())
    }

    fn place(&mut self, place: &Place) -> Result<()> {
        if let Images::Flat { dtype, .. } = self.images {
            let elements = place.shape.elements().unwrap_or(0);
            self.lengths.push_back((elements * dtype.size()) as u64);
        }
        self.spool.place(place)
    }

    fn array(&mut self, number: usize, pixels: &[u8]) -> Result<()> {
        self.spool.array(number, pixels)
    }

    fn columns(&mut self, rows: &[Column]) -> Result<()> {
        self.columns.as_mut().map_or(Ok(()), |columns| columns.push(rows))
    }

    fn mark(&mut self) -> Result<Mark> {
        let mut mark = Mark::default();
        let open = self.open.as_ref().map(|(shard, rows)| {
            shard.mark(&mut mark).map(|file| json!({"file": file, "rows": rows}))
        });
        let open = open.transpose()?;
        let columns = self.columns.as_mut().map(|columns| columns.mark(&mut mark)).transpose()?;
        let lengths: Vec<u8> = self.lengths.iter().flat_map(|len| len.to_le_bytes()).collect();
        let state = json!({
            // All of them have as many rows as a shard can have.
            "whole": self.whole.len(),
            "open": open,
            "missing": self.missing,
            "columns": columns,
            "spool": self.spool.mark(&mut mark)?,
            "shelf": self.shelf.mark(&mut mark, Some(&mut self.folder), &[&lengths])?,
        });
        Ok(Mark { state, ..mark })
    }

    fn seal(&mut self, facts: &Facts) -> Result<()> {
        // Images without pixels may be the last.
        while self.lengths.pop_front().is_some() {
            self.next()?;
        }
        self.close()?;
        let folder = self.folder.path().to_path_buf();
        for numbers in self.spool.arrays() {
            let path = folder.join(format!("{}.npy", numbers.name));
            let descr = descr(numbers.dtype);
            let item = &numbers.shape[1..];
            let len = item.iter().product::<usize>() * numbers.dtype.size();
            array(&path, descr, item, len, numbers.tape.read())?;
        }
        if let Some(tape) = self.spool.rows() {
            let path = folder.join("rows.npy");
            array(&path, entry::DESCR.to_string(), &[], entry::ITEM, tape.read())?;
        }
        if let Some(mut columns) = self.columns.take() {
            columns.seal(facts)?;
            columns.into_partial().finish()?;
        }
        self.folder.sync()?;
        let path = folder.join(MANIFEST);
        std::fs::write(&path, self.manifest(facts))
            .map_err(|e| super::partial::write_failed(&path, e))?;
        self.folder.sync_file(MANIFEST)
    }

    fn finish(self: Box<Self>) -> Result<Ready> {
        Ok(Ready::folder(self.folder, self.shelf))
    }

    fn abandon(mut self: Box<Self>, keep: bool) -> Vec<PathBuf> {
        self.shelf.end(keep);
        drop(self.open.take());
        if let Some(columns) = self.columns.take() {
            columns.abandon();
        }
        self.folder.abandon(keep).into_iter().collect()
    }
}

/// Goes on in a folder with so many shards that are whole, and the one of the state `from`, if there was one: that one,
/// and the rows in it. What came later is removed.
fn again(folder: &Path, holds: &Holds, whole: usize, from: &Value) -> Result<Option<(Npy, u64)>> {
    let (descr, item) = (descr(holds.images.dtype()), holds.images.item());
    let item_len = holds.images.item_len()?;
    for path in (0..whole).map(|number| folder.join(name(number))) {
        if !Npy::is_whole(&path, &descr, &item, item_len) {
            let message = format!("{} is not whole any more", path.display());
            return Err(Error::new(ErrorKind::Io, message));
        }
    }
    let (last, is_open) = (name(whole), !from.is_null());
    let path = folder.join(&last);
    let partial = beside(&path, ".partial");
    if is_open && there(&path) && !there(&partial) {
        // It came to its end after the mark.
        rename(&path, &partial)?;
    }
    sweep(folder, |stays| {
        let number = stays.strip_suffix(".npy").and_then(|number| number.parse().ok());
        let is_last = stays.strip_suffix(".partial") == Some(&last);
        number.is_some_and(|number: usize| number < whole) || (is_open && is_last)
    })?;
    if !is_open {
        return Ok(None);
    }
    let shard = Npy::again(&path, descr, item, item_len, &from["file"])?;
    Ok(Some((shard, number(from, "rows")?)))
}

/// Writes an array beside the shards.
fn array(
    path: &Path,
    descr: String,
    item: &[usize],
    item_len: usize,
    mut data: impl Read,
) -> Result<()> {
    let mut npy = Npy::create(path, descr, item.to_vec(), item_len)?;
    let mut buffer = vec![0; 1 << 16];
    loop {
        let got = data
            .read(&mut buffer)
            .map_err(|e| Error::io(format_args!("cannot write {}", path.display()), e))?;
        if got == 0 {
            break;
        }
        npy.write(&buffer[..got])?;
    }
    npy.seal()?;
    npy.finish().map(|_| ())
}

/// The name of shard `number`.
fn name(number: usize) -> String {
    format!("{number:05}.npy")
}

/// Whether a folder is such an output.
fn is_ours(folder: &Path) -> bool {
    let text = std::fs::read(folder.join(MANIFEST)).unwrap_or_default();
    serde_json::from_slice::<Value>(&text).is_ok_and(|manifest| manifest["format"] == FORMAT)
}
