//! Images that a record names by a path: where it leads, and what is read there.
//!
//! A record is data, so its paths may not lead anywhere: no address is fetched unless `fetch` asks for it
//! (`fetch.rs`), nothing is opened outside of
//! the folders that the run allows (`os::Fence`), and only regular files, which are looked at before they
//! are opened, because opening a FIFO or a device can wait or act. Whether something exists outside is
//! not told.

use std::borrow::Cow;
use std::fs::File;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::sync::atomic::{AtomicBool, Ordering};

use super::original;
use crate::error::{Error, Result, quote};
use crate::fetch::Ahead;
use crate::limits::{Limits, make_room};
use crate::os::{self, Fence, Stop};
use crate::paths::{Base, Paths, flat, from_here};

/// Opens what paths name. It belongs to one thread, and keeps the folders open that it used last.
#[derive(Debug)]
pub(crate) struct Opener<'p> {
    paths: &'p Paths,
    last: Option<(Option<PathBuf>, Fence)>,
    /// What was asked for ahead.
    ahead: Option<Ahead>,
    /// Flags that end every wait for an answer.
    ends: [Option<&'p AtomicBool>; 2],
}

impl<'p> Opener<'p> {
    pub(crate) fn new(paths: &'p Paths) -> Self {
        Self { paths, last: None, ahead: None, ends: [None; 2] }
    }

    /// Whether `path_prefix` has something to say of this path, be it an address.
    pub(crate) fn rewrites(&self, path: &str) -> bool {
        self.paths.prefixes.iter().any(|p| path.starts_with(&p.old))
    }

    /// Waits for answers no longer once one of these is set.
    pub(crate) fn heed(&mut self, ends: [&'p AtomicBool; 2]) {
        self.ends = ends.map(Some);
    }

    /// The address that a path is, if that is to be fetched.
    pub(crate) fn address<'t>(&self, path: &'t str) -> Option<Cow<'t, str>> {
        Some(self.rewritten(path)).filter(|address| self.paths.rules.covers(address))
    }

    /// Asks for these ahead of their turn, and for nothing else that was asked for before.
    pub(crate) fn look_ahead<'t>(
        &mut self,
        limits: &Limits,
        addresses: impl Iterator<Item = Cow<'t, str>>,
    ) {
        let Paths { rules, fetcher, .. } = self.paths;
        self.ahead = Some(fetcher.ahead(rules, limits, addresses));
    }

    /// Reads the file that `path` names into `out`, as much as the limits allow, or what is behind it where it is
    /// an address that is fetched. Relative paths count from `base_dir`, or else from `base`, the input that
    /// the record stands in.
    ///
    /// `out` holds nothing of use after an error.
    pub(crate) fn read(
        &mut self,
        base: Option<&Base>,
        path: &str,
        limits: &Limits,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        out.clear();
        if let Some(address) = self.address(path) {
            let set = |flag: &&AtomicBool| flag.load(Ordering::Relaxed);
            let is_over = || self.ends.iter().flatten().any(set);
            let Paths { rules, fetcher, .. } = self.paths;
            return fetcher.read(rules, limits, &address, (self.ahead.as_ref(), &is_over), out);
        }
        let max_bytes = limits.max_record_bytes;
        let shown = named(path);
        let file = self.open(base, path)?;
        let length = file.metadata().map_err(|e| refuse(&shown, e, ""))?.len();
        let over = |length: u64| {
            Error::limit(format!(
                "image file {shown} of {length} bytes or more is over the limit of {max_bytes} bytes"
            ))
        };
        if length > max_bytes {
            return Err(over(length));
        }
        let room = usize::try_from(length).unwrap_or(usize::MAX).saturating_add(1);
        make_room(out, room)?;
        file.take(max_bytes.saturating_add(1))
            .read_to_end(out)
            .map_err(|e| refuse(&shown, e, ""))?;
        if out.len() as u64 > max_bytes {
            return Err(over(out.len() as u64));
        }
        Ok(())
    }

    /// Opens the regular file that `path` names.
    pub(super) fn open(&mut self, base: Option<&Base>, path: &str) -> Result<File> {
        let shown = named(path);
        let path = self.plain(path)?;
        if path.is_empty() {
            return Err(Error::path("the image path is empty"));
        }
        if path.contains('\0') {
            return Err(Error::path(format!("image path {shown} holds a NUL")));
        }
        let start = self.paths.base_dir.as_deref().or(base.map(|b| b.folder.as_path()));
        let absolute = os::is_absolute(&path);
        if !absolute && start.is_none() {
            return Err(Error::path(format!(
                "image path {shown} has no directory to be relative to; give base_dir"
            )));
        }
        if start.is_none() && self.paths.allow_dir.is_empty() {
            return Err(Error::path(format!(
                "image path {shown} is absolute, and no folder is open to paths; give base_dir or allow_dir"
            )));
        }
        let fence = fence(&mut self.last, start, &self.paths.allow_dir)?;
        // Paths of a rejected record count from the folder of the file that it was rejected from.
        let from = base.filter(|_| self.paths.base_dir.is_none());
        let from = from.and_then(|b| original::folder(fence, &b.folder, b.original.as_deref()?));
        let (stop, from) = match &from {
            Some(folder) if !absolute => match first(fence, Some(folder), &path) {
                Ok(file) => return Ok(file),
                Err(stop) => (stop, Some(folder.as_path())),
            },
            _ => match first(fence, None, &path) {
                Ok(file) => return Ok(file),
                Err(stop) => (stop, start.filter(|_| !absolute)),
            },
        };
        Err(refused(stop, &shown, from, start, &self.paths.allow_dir))
    }

    /// The path with its beginning rewritten, if `path_prefix` says so, and that of a `file:` URL.
    pub(super) fn plain<'t>(&self, path: &'t str) -> Result<Cow<'t, str>> {
        local(self.rewritten(path), &named(path))
    }

    fn rewritten<'t>(&self, path: &'t str) -> Cow<'t, str> {
        let mut prefixes = self.paths.prefixes.iter();
        let found = prefixes.find_map(|p| Some((p, path.strip_prefix(&*p.old)?)));
        found.map_or(Cow::Borrowed(path), |(p, rest)| Cow::Owned(format!("{}{rest}", p.new)))
    }
}

/// A path as it is shown; of an address not what follows its question mark, which may be a key.
pub(crate) fn named(path: &str) -> String {
    match path.split_once('?') {
        Some((plain, _)) if plain.contains("://") => quote(format!("{plain}?...").as_bytes()),
        _ => quote(path.as_bytes()),
    }
}

/// The fence of this folder and of all that are allowed beside it, opened where it is not that of `last`.
fn fence<'l>(
    last: &'l mut Option<(Option<PathBuf>, Fence)>,
    start: Option<&Path>,
    allowed: &[PathBuf],
) -> Result<&'l Fence> {
    let kept = last.take().filter(|(folder, _)| folder.as_deref() == start);
    let fence = match kept {
        Some((_, fence)) => fence,
        None => Fence::new(start, allowed).map_err(|(folder, e)| {
            Error::io(format!("cannot read the folder {}", folder.display()), e)
        })?,
    };
    Ok(&last.insert((start.map(Path::to_owned), fence)).1)
}

/// Opens the file by the first spelling of its path that names one: as it is, with backslashes as separators,
/// with percent escapes as what they stand for, with both.
fn first(fence: &Fence, from: Option<&Path>, path: &str) -> Result<File, Stop> {
    let open = |path: &[u8]| {
        let path = os::path_of(path).ok_or_else(|| Stop::Io(io::ErrorKind::NotFound.into()))?;
        match from {
            Some(folder) => fence.open(&folder.join(path)),
            None => fence.open(path),
        }
    };
    let missing = match open(path.as_bytes()) {
        Err(Stop::Io(e)) if is_missing(&e) => e,
        found => return found,
    };
    for other in others(path.as_bytes()) {
        match open(&other) {
            Err(Stop::Io(e)) if is_missing(&e) => {}
            found => return found,
        }
    }
    Err(Stop::Io(missing))
}

fn others(path: &[u8]) -> impl Iterator<Item = Vec<u8>> {
    let slashes = |path: &[u8]| {
        let parted = path.contains(&b'\\').then(|| path.to_vec());
        parted.map(|mut p| {
            p.iter_mut().filter(|c| **c == b'\\').for_each(|c| *c = b'/');
            p
        })
    };
    let plain = unescaped(path);
    let both = plain.as_deref().and_then(slashes);
    [slashes(path), plain, both].into_iter().flatten()
}

/// The path with `%2F` and its like as the bytes that they stand for; `None` where there are none, or one
/// is a NUL.
fn unescaped(path: &[u8]) -> Option<Vec<u8>> {
    let digit = |at: usize| path.get(at).and_then(|c| (*c as char).to_digit(16));
    let (mut out, mut at) = (Vec::with_capacity(path.len()), 0);
    while let Some(&c) = path.get(at) {
        match (c, digit(at + 1), digit(at + 2)) {
            (b'%', Some(high), Some(low)) => {
                out.push((high * 16 + low) as u8);
                at += 3;
            }
            _ => {
                out.push(c);
                at += 1;
            }
        }
    }
    (out.len() < path.len() && !out.contains(&0)).then_some(out)
}

/// The path of a `file:` URL on this machine, or what is not an URL.
fn local<'t>(path: Cow<'t, str>, shown: &str) -> Result<Cow<'t, str>> {
    let scheme = |name: &str| {
        name.starts_with(|c: char| c.is_ascii_alphabetic())
            && name.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    let cut = |path: Cow<'t, str>, at: usize| match path {
        Cow::Borrowed(text) => Cow::Borrowed(&text[at..]),
        Cow::Owned(text) => Cow::Owned(text[at..].to_string()),
    };
    let Some((name, rest)) = path.split_once(':') else { return Ok(path) };
    if name.eq_ignore_ascii_case("file") && rest.starts_with('/') {
        let Some(after) = rest.strip_prefix("//") else { return Ok(cut(path, 5)) };
        let host = after.split('/').next().unwrap_or_default();
        if !host.is_empty() && !host.eq_ignore_ascii_case("localhost") {
            return Err(Error::path(format!(
                "image path {shown} is on the host {}, and only files of this machine are read",
                quote(host.as_bytes())
            )));
        }
        let at = 7 + host.len();
        return Ok(cut(path, at));
    }
    if name.eq_ignore_ascii_case("data") || rest.starts_with("//") && name.len() > 1 && scheme(name)
    {
        let remedy = match name.to_ascii_lowercase().as_str() {
            scheme @ ("https" | "http") => {
                format!("pass fetch {scheme}, or say with path_prefix where it is on this machine")
            }
            _ => "say with path_prefix where it is on this machine".to_string(),
        };
        return Err(Error::path(format!("{shown} is an address, which is not fetched; {remedy}")));
    }
    Ok(path)
}

/// What is said of a path that is not opened. Relative ones were looked for in `from`.
fn refused(
    stop: Stop,
    shown: &str,
    from: Option<&Path>,
    start: Option<&Path>,
    allowed: &[PathBuf],
) -> Error {
    let reached = |folder: &Path| {
        let mut all = start.into_iter().chain(allowed.iter().map(PathBuf::as_path));
        all.any(|open| flat(folder).starts_with(flat(open)))
    };
    let show = |folder: &Path| from_here(folder).display().to_string();
    match stop {
        Stop::Outside => Error::path(match (from, start) {
            (Some(from), Some(start)) if !reached(from) => format!(
                "image path {shown} counts from {}, where the record was rejected from, and that is outside of {}; --allow-dir {0} allows it",
                show(from),
                show(start),
            ),
            (_, Some(start)) => format!(
                "image path {shown} leads out of {}; allow_dir allows further folders",
                show(start)
            ),
            (_, None) => {
                format!("image path {shown} leads out of the folders that allow_dir allows")
            }
        }),
        Stop::Is(what) => Error::path(format!("image path {shown} is {what}, a file was expected")),
        Stop::Io(e) => {
            let within =
                from.map(|folder| format!(" (searched in {})", show(folder))).unwrap_or_default();
            refuse(shown, e, &within)
        }
    }
}

fn is_missing(e: &io::Error) -> bool {
    matches!(e.kind(), io::ErrorKind::NotFound | io::ErrorKind::InvalidFilename)
}

/// What the system said of a path: the record's fault, or the machine's.
fn refuse(shown: &str, e: io::Error, within: &str) -> Error {
    use io::ErrorKind as K;
    let what = match e.kind() {
        K::NotFound => &format!("does not exist{within}"),
        K::NotADirectory => "goes through a file as if it were a directory",
        K::PermissionDenied => "may not be read",
        K::InvalidFilename => "is too long",
        K::InvalidInput => "is not a path",
        K::OutOfMemory => "does not fit in memory",
        _ if os::is_loop(&e) => "leads through too many symbolic links",
        _ => return Error::io(format!("cannot read image file {shown}"), e),
    };
    Error::path(format!("image path {shown} {what}"))
}

#[cfg(test)]
mod tests;
