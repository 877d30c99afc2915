//! An output that is whole on a disk is put into a store: what stands beside it first and what makes it one last, so
//! that it is seen when all of it is there.

use std::fs::{self, File};
use std::io::{BufReader, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::output::Output;
use super::partial::beside;
use super::rejects;
use crate::error::{Error, ErrorKind, Result};
use crate::options::Options;
use crate::stores::{self, stores};

/// What is put, and where.
pub(crate) struct Upload<'a> {
    made: &'a Path,
    address: &'a str,
    output: &'a Output,
    options: &'a Options,
}

impl<'a> Upload<'a> {
    pub(crate) fn new(
        made: &'a Path,
        address: &'a str,
        output: &'a Output,
        options: &'a Options,
    ) -> Self {
        Self { made, address, output, options }
    }

    /// The object that is there when the output is.
    pub(crate) fn last(address: &str, output: &Output) -> String {
        output.marker.map_or_else(|| address.to_string(), |name| format!("{address}/{name}"))
    }

    /// Every object that may stand beside it.
    pub(crate) fn company(address: &str, output: &Output, options: &Options) -> Vec<String> {
        let rejects = rejects::default_path(Path::new(address)).display().to_string();
        let files = output.suffixes(options).into_iter().map(|suffix| format!("{address}{suffix}"));
        files.chain([rejects]).collect()
    }

    /// The files and their addresses, in the order in which they are put, but for the last.
    fn before_last(&self) -> Result<Vec<(PathBuf, String)>> {
        let there = Self::company(self.address, self.output, self.options)
            .into_iter()
            .map(|address| (beside(self.made, &address[self.address.len()..]), address));
        let mut files: Vec<_> = there.filter(|(path, _)| path.is_file()).collect();
        if self.output.is_folder() {
            let last = Self::last(self.address, self.output);
            let mut members = Vec::new();
            members_of(self.made, self.address, &mut members)
                .map_err(|e| Error::io(format_args!("cannot read {}", self.made.display()), e))?;
            members.retain(|(_, address)| *address != last);
            members.sort();
            files.extend(members);
        }
        Ok(files)
    }

    fn last_file(&self) -> PathBuf {
        self.output.marker.map_or_else(|| self.made.to_owned(), |name| self.made.join(name))
    }

    /// Whether the store has what is here.
    ///
    /// # Errors
    /// Kind `io`.
    pub(crate) fn is_there(&self) -> Result<bool> {
        let last = (self.last_file(), Self::last(self.address, self.output));
        for (path, address) in self.before_last()?.iter().chain([&last]) {
            if !same(path, address)? {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// Puts all of it, and gives what it is called, the output first. Without `replaces` nothing is put over anything.
    ///
    /// # Errors
    /// Kind `io`.
    pub(crate) fn put(&self, replaces: bool, stop: &AtomicBool) -> Result<Vec<String>> {
        let files = self.before_last()?;
        let last = Self::last(self.address, self.output);
        let names: Vec<String> = files.iter().map(|(_, address)| address.clone()).collect();
        self.clear(replaces, &names, &last)?;
        for (path, address) in &files {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::new(ErrorKind::Io, "interrupted"));
            }
            if !put(path, address, !replaces)? && !same(path, address)? {
                return Err(self.in_the_way(address)?);
            }
        }
        if !put(&self.last_file(), &last, !replaces)? {
            return Err(self.late());
        }
        let beside = |name: &&String| !name[self.address.len()..].starts_with('/');
        let beside = names.iter().filter(beside).cloned();
        Ok(std::iter::once(self.address.to_string()).chain(beside).collect())
    }

    /// Removes what an older output has, or refuses what would become part of this one.
    fn clear(&self, replaces: bool, names: &[String], last: &str) -> Result<()> {
        let mut old = Vec::new();
        if self.output.is_folder() {
            let folder = format!("{}/", self.address);
            let found = stores(&folder)?.list(&folder);
            let found = found.map_err(|e| Error::io(format_args!("cannot list {folder}"), e))?;
            old.extend(found.into_iter().map(|(address, _)| address));
        }
        if replaces {
            for address in Self::company(self.address, self.output, self.options) {
                old.extend(stores::look(&address)?.map(|_| address));
            }
        }
        let strange = |address: &&String| *address != last && !names.contains(address);
        if !replaces {
            return old.iter().find(strange).map_or(Ok(()), |found| Err(self.in_the_way(found)?));
        }
        // Where several objects change the output is not there meanwhile: an old one beside new rows is wrong.
        if !(old.is_empty() && names.is_empty()) {
            let gone: Vec<String> = old.iter().filter(strange).cloned().collect();
            for some in [vec![last.to_string()], gone] {
                let removed = stores(last)?.remove(&some);
                removed.map_err(|e| Error::io(format_args!("cannot remove {}", some[0]), e))?;
            }
        }
        Ok(())
    }

    fn late(&self) -> Error {
        Error::new(
            ErrorKind::Io,
            format!(
                "{} was written by another run meanwhile and is left alone; pass if_exists replace to put this one there, or skip",
                self.address
            ),
        )
    }

    fn in_the_way(&self, found: &str) -> Result<Error> {
        if stores::look(&Self::last(self.address, self.output))?.is_some() {
            return Ok(self.late());
        }
        Ok(Error::new(
            ErrorKind::Io,
            format!(
                "{found} is there and {} is not: another run is writing it, or one that wrote something else was ended; wait for it, remove the object, or pass if_exists replace",
                self.address
            ),
        ))
    }
}

/// The files in a folder, with the addresses that they get.
fn members_of(
    folder: &Path,
    address: &str,
    all: &mut Vec<(PathBuf, String)>,
) -> std::io::Result<()> {
    for entry in fs::read_dir(folder)? {
        let entry = entry?;
        let address = format!("{address}/{}", entry.file_name().to_string_lossy());
        match entry.file_type()?.is_dir() {
            true => members_of(&entry.path(), &address, all)?,
            false => all.push((entry.path(), address)),
        }
    }
    Ok(())
}

fn put(path: &Path, address: &str, create: bool) -> Result<bool> {
    let done = stores(address)?.put(path, address, create);
    done.map_err(|e| Error::io(format_args!("cannot put {address}"), e))
}

/// Whether an object is there and holds what a file does.
fn same(path: &Path, address: &str) -> Result<bool> {
    let Some(object) = stores::look(address)? else { return Ok(false) };
    let failed = |e| Error::io(format_args!("cannot read {address}"), e);
    let size = fs::metadata(path).map_err(failed)?.len();
    if object.size() != size || size == 0 {
        return Ok(object.size() == size);
    }
    let theirs = object.open(0, size).map_err(failed)?;
    let ours = File::open(path).map_err(failed)?;
    equal(theirs, ours).map_err(failed)
}

fn equal(theirs: impl Read, ours: impl Read) -> std::io::Result<bool> {
    let (mut theirs, mut ours) = (BufReader::new(theirs), BufReader::new(ours));
    let (mut a, mut b) = (vec![0; 1 << 16], vec![0; 1 << 16]);
    loop {
        let n = theirs.read(&mut a)?;
        if n == 0 {
            return Ok(ours.read(&mut b)? == 0);
        }
        match ours.read_exact(&mut b[..n]) {
            Ok(()) if a[..n] == b[..n] => {}
            Ok(()) => return Ok(false),
            Err(e) if e.kind() == std::io::ErrorKind::UnexpectedEof => return Ok(false),
            Err(e) => return Err(e),
        }
    }
}
