//! A Parquet file: pages as they come, and at the end the footer that says where each stands.

use std::fs::File;
use std::io::{BufWriter, Read as _, Seek, SeekFrom, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::page::{self, Codec, Page};
use super::schema::{self, Field, Leaf};
use super::thrift::{Read, Thrift, Wire};
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::os::FileAt;
use crate::sink::mark::{Mark, broken};
use crate::sink::partial::Partial;

pub(super) const MAGIC: &[u8] = b"PAR1";

/// A Parquet file and what its footer will say.
pub(super) struct ParquetFile {
    partial: Partial,
    out: BufWriter<File>,
    /// Bytes so far.
    at: u64,
    pub(super) codec: Arc<Codec>,
    fields: Vec<Field>,
    pub(super) groups: Vec<Group>,
    /// How many of them were there before.
    pub(super) taken: usize,
}

/// Rows that are read together.
#[derive(Default)]
pub(super) struct Group {
    pub(super) rows: u64,
    /// For each leaf of the fields, in their order.
    pub(super) chunks: Vec<Chunk>,
}

/// One column of a group: where its pages stand.
pub(super) struct Chunk {
    dictionary: Option<u64>,
    first: u64,
    pub(super) values: u64,
    pub(super) plain: u64,
    packed: u64,
}

impl ParquetFile {
    /// A file that will be called `out`: an empty one, or as much of it as there was at a mark.
    pub(super) fn create(
        out: &Path,
        fields: Vec<Field>,
        codec: Arc<Codec>,
        end: Option<&Value>,
    ) -> Result<Self> {
        let at = end.map(|end| end.as_u64().ok_or_else(|| broken("end"))).transpose()?;
        let partial = match at {
            None => Partial::create(out)?,
            Some(at) => Partial::again(out, at)?,
        };
        let at = at.unwrap_or(0);
        let mut file = partial.file.try_clone().map_err(|e| partial.failed(e))?;
        file.seek(SeekFrom::Start(at)).map_err(|e| partial.failed(e))?;
        let out = BufWriter::with_capacity(64 << 10, file);
        let mut all = Self { partial, out, at, codec, fields, groups: Vec::new(), taken: 0 };
        if at == 0 {
            all.put(MAGIC)?;
        }
        Ok(all)
    }

    /// Takes part in a mark: all of it is in the file.
    pub(super) fn mark(&mut self, mark: &mut Mark) -> Result<()> {
        let flushed = self.out.flush().and_then(|()| mark.file(&self.partial.file));
        flushed.map_err(|e| self.partial.failed(e))
    }

    /// Bytes so far.
    pub(super) fn at(&self) -> u64 {
        self.at
    }

    /// Appends bytes.
    pub(super) fn put(&mut self, bytes: &[u8]) -> Result<()> {
        self.at += bytes.len() as u64;
        self.out.write_all(bytes).map_err(|e| self.partial.failed(e))
    }

    /// Begins a column of a group, whose pages follow; of pixels with their dictionary, if they need one.
    pub(super) fn chunk(&mut self, pixels: Option<DType>) -> Result<Chunk> {
        let mut chunk = Chunk { dictionary: None, first: self.at, values: 0, plain: 0, packed: 0 };
        let pixels = pixels.map(|dtype| page::dictionary(dtype, &self.codec)).transpose()?;
        if let Some(page) = pixels.flatten() {
            chunk.dictionary = Some(self.at);
            self.page(&mut chunk, page)?;
            chunk.first = self.at;
        }
        Ok(chunk)
    }

    /// Appends a page.
    pub(super) fn page(&mut self, chunk: &mut Chunk, page: Page) -> Result<()> {
        chunk.count(page.values, page.plain, (page.header.len() + page.body.len()) as u64);
        self.put(&page.header)?;
        self.put(&page.body)?;
        self.codec.done(page.body);
        Ok(())
    }

    /// Takes over the pages of a file that gets more rows, up to `end`, where they are; nothing is in this one yet.
    pub(super) fn take_over(&mut self, there: &File, end: u64, groups: Vec<Group>) -> Result<()> {
        let failed = |e| Error::io("cannot copy the columns that are there", e);
        let mut file = there;
        file.seek(SeekFrom::Start(self.at)).map_err(failed)?;
        let pages = end.saturating_sub(self.at);
        if std::io::copy(&mut file.take(pages), &mut self.out).map_err(failed)? != pages {
            return Err(failed(std::io::ErrorKind::UnexpectedEof.into()));
        }
        self.at += pages;
        self.taken = groups.len();
        self.groups = groups;
        Ok(())
    }

    /// The bytes of the file from `at` on.
    pub(super) fn read_back(&mut self, at: u64) -> Result<Vec<u8>> {
        let mut bytes = vec![0; (self.at - at) as usize];
        self.out
            .flush()
            .and_then(|()| self.partial.file.read_exact_at(&mut bytes, at))
            .map_err(|e| self.partial.failed(e))?;
        Ok(bytes)
    }

    /// Goes back to `at`: what comes next is written over what is there.
    pub(super) fn go_back(&mut self, at: u64) -> Result<()> {
        self.at = at;
        self.out.seek(SeekFrom::Start(at)).map(|_| ()).map_err(|e| self.partial.failed(e))
    }

    /// What its columns are to Hugging Face's `datasets`.
    pub(super) fn features(&self) -> String {
        schema::features(&self.fields)
    }

    /// Writes the footer and makes the file durable; `attributes` are texts for whoever looks for them.
    pub(super) fn seal(&mut self, attributes: &[(&str, String)]) -> Result<()> {
        let footer = self.footer(attributes);
        let len = u32::try_from(footer.len())
            .map_err(|_| Error::limit("a Parquet file of more than 4 GiB of footer"))?;
        self.put(&footer)?;
        self.put(&len.to_le_bytes())?;
        self.put(MAGIC)?;
        self.out
            .flush()
            .and_then(|()| self.partial.file.set_len(self.at))
            .map_err(|e| self.partial.failed(e))?;
        self.partial.sync()
    }

    fn footer(&self, attributes: &[(&str, String)]) -> Vec<u8> {
        let mut t = Thrift::new();
        t.int(1, 2);
        schema::write(&self.fields, 2, &mut t);
        t.long(3, self.groups.iter().map(|group| group.rows).sum());
        let leaves: Vec<Leaf> = self.fields.iter().flat_map(Field::leaves).collect();
        t.list(4, Wire::Struct, self.groups.len() as u64);
        for group in &self.groups {
            t.struct_element(|t| {
                t.list(1, Wire::Struct, group.chunks.len() as u64);
                for (leaf, chunk) in leaves.iter().zip(&group.chunks) {
                    t.struct_element(|t| {
                        t.long(2, 0);
                        t.structure(3, |t| chunk.write(leaf, &self.codec, t));
                    });
                }
                t.long(2, group.chunks.iter().map(|chunk| chunk.plain).sum());
                t.long(3, group.rows);
                t.long(5, group.chunks.first().map_or(0, Chunk::start));
                t.long(6, group.chunks.iter().map(|chunk| chunk.packed).sum());
            });
        }
        let arrow = ("ARROW:schema", schema::arrow_schema(&self.fields, attributes));
        t.list(5, Wire::Struct, attributes.len() as u64 + 1);
        for (key, value) in attributes.iter().chain([&arrow]) {
            t.struct_element(|t| {
                t.text(1, key);
                t.text(2, value);
            });
        }
        t.text(6, concat!("ndpix version ", env!("CARGO_PKG_VERSION")));
        t.end()
    }

    /// The file, sealed.
    pub(super) fn into_partial(self) -> Partial {
        self.partial
    }

    /// See [`Partial::abandon`].
    pub(super) fn abandon(self, keep: bool) -> Option<PathBuf> {
        // Nothing more is to be written.
        let _ = self.out.into_parts();
        self.partial.abandon(keep)
    }
}

impl Group {
    /// The group that [`Self::bytes`] are of.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let (rows, chunks) = bytes.split_at(8);
        let rows = rows.first_chunk().map_or(0, |rows| u64::from_le_bytes(*rows));
        Self { rows, chunks: chunks.chunks_exact(Chunk::BYTES).map(Chunk::of).collect() }
    }

    /// It as bytes, for a tape.
    pub(super) fn bytes(&self) -> Vec<u8> {
        let chunks = self.chunks.iter().flat_map(Chunk::bytes);
        self.rows.to_le_bytes().into_iter().chain(chunks).collect()
    }
}

impl Chunk {
    /// So many bytes are [`Self::bytes`].
    pub(super) const BYTES: usize = 40;

    /// The chunk that [`Self::bytes`] are of.
    pub(super) fn of(bytes: &[u8]) -> Self {
        let mut numbers = bytes.as_chunks().0.iter().map(|number| u64::from_le_bytes(*number));
        let mut next = || numbers.next().unwrap_or_default();
        Self {
            // A file begins with something else.
            dictionary: Some(next()).filter(|at| *at > 0),
            first: next(),
            values: next(),
            plain: next(),
            packed: next(),
        }
    }

    /// It as bytes.
    pub(super) fn bytes(&self) -> [u8; Self::BYTES] {
        let dictionary = self.dictionary.unwrap_or(0);
        let numbers = [dictionary, self.first, self.values, self.plain, self.packed];
        let mut bytes = [0; Self::BYTES];
        for (bytes, number) in bytes.as_chunks_mut().0.iter_mut().zip(numbers) {
            *bytes = number.to_le_bytes();
        }
        bytes
    }

    /// Counts a page: its values, its bytes, and how many they would be without compression.
    pub(super) fn count(&mut self, values: u64, plain: u64, packed: u64) {
        self.values += values;
        self.plain += plain;
        self.packed += packed;
    }

    /// The chunk that a footer speaks of.
    pub(super) fn said(data: &Read<'_>) -> Option<Self> {
        Some(Self {
            dictionary: data.count(11),
            first: data.count(9)?,
            values: data.count(5)?,
            plain: data.count(6)?,
            packed: data.count(7)?,
        })
    }

    /// Where its last page ends.
    pub(super) fn ends(&self) -> Option<u64> {
        self.start().checked_add(self.packed)
    }

    /// Where its first page stands.
    fn start(&self) -> u64 {
        self.dictionary.unwrap_or(self.first)
    }

    fn write(&self, leaf: &Leaf, codec: &Codec, t: &mut Thrift) {
        t.int(1, leaf.physical);
        // Plain values, runs of levels, numbers of a dictionary.
        let encodings: &[i32] = if self.dictionary.is_some() { &[0, 3, 8] } else { &[0, 3] };
        t.list(2, Wire::Int32, encodings.len() as u64);
        encodings.iter().for_each(|encoding| t.int_element(*encoding));
        t.list(3, Wire::Binary, leaf.path.len() as u64);
        leaf.path.iter().for_each(|name| t.text_element(name));
        t.int(4, codec.number());
        t.long(5, self.values);
        t.long(6, self.plain);
        t.long(7, self.packed);
        t.long(9, self.first);
        if let Some(at) = self.dictionary {
            t.long(11, at);
        }
    }
}
