//! The folders that image paths may reach, and files opened inside of them.
//!
//! Paths come from records, and whoever wrote those may exchange folders for links while they are read. So
//! nothing is opened by a name that was checked before. A file is opened from the handle of an allowed
//! folder, step by step, and a link on the way is read and followed here. Steps that leave a folder go on by
//! name alone, until the name is that of an allowed folder, and from its handle then: what lies outside is
//! not even looked at. Where the kernel has `openat2`, one call does all steps that stay in one folder.

use std::ffi::{OsStr, OsString};
use std::fs::File;
use std::io;
use std::os::fd::{AsFd, BorrowedFd, OwnedFd};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

use rustix::fs::{AtFlags, FileType, Mode, OFlags, Stat};
use rustix::fs::{fstat, open, openat, readlinkat, statat};
use rustix::io::Errno;

use crate::os::Stop;

/// As many as Linux follows.
const MOST_LINKS: u32 = 40;
/// Folders entered and left on the way to one file.
const MOST_STEPS: u32 = 4096;

/// The handle of a folder serves as a place to start from, also where the folder may not be listed.
#[cfg(target_os = "linux")]
const HANDLE: OFlags = OFlags::PATH;
#[cfg(not(target_os = "linux"))]
const HANDLE: OFlags = OFlags::RDONLY;
const FOLDER: OFlags =
    HANDLE.union(OFlags::DIRECTORY).union(OFlags::NOFOLLOW).union(OFlags::CLOEXEC);
/// A file that became a FIFO or a terminal since it was looked at must not make the run wait.
const FILE: OFlags = OFlags::RDONLY
    .union(OFlags::NOFOLLOW)
    .union(OFlags::NONBLOCK)
    .union(OFlags::NOCTTY)
    .union(OFlags::CLOEXEC);

/// The folders that may be reached.
#[derive(Debug)]
pub(crate) struct Fence {
    folders: Vec<Folder>,
    /// Whether relative paths start in the first of them.
    starts: bool,
}

#[derive(Debug)]
struct Folder {
    handle: OwnedFd,
    /// Its absolute path as the user wrote it, and without links.
    given: PathBuf,
    real: PathBuf,
}

impl From<Errno> for Stop {
    fn from(e: Errno) -> Self {
        Self::Io(e.into())
    }
}

impl Folder {
    fn open(path: &Path) -> io::Result<Self> {
        let given = std::path::absolute(path)?;
        let real = given.canonicalize()?;
        let handle = open(&real, FOLDER, Mode::empty())?;
        Ok(Self { handle, given, real })
    }

    /// What follows the name of this folder in an absolute path.
    #[cfg(target_os = "linux")]
    fn below<'p>(&self, path: &'p Path) -> Option<&'p Path> {
        let after = |name: &Path| {
            let rest = path.as_os_str().as_bytes().strip_prefix(name.as_os_str().as_bytes())?;
            let rest = if name.parent().is_none() { rest } else { rest.strip_prefix(b"/")? };
            Some(Path::new(OsStr::from_bytes(rest)))
        };
        after(&self.given).or_else(|| after(&self.real))
    }
}

impl Fence {
    /// Opens the folders: `start`, where relative paths begin, and others that may be reached. The error
    /// comes with the folder that it is about.
    pub(crate) fn new(
        start: Option<&Path>,
        others: &[PathBuf],
    ) -> Result<Self, (PathBuf, io::Error)> {
        let all = start.into_iter().chain(others.iter().map(PathBuf::as_path));
        let opened = all.map(|path| Folder::open(path).map_err(|e| (path.to_owned(), e)));
        Ok(Self { folders: opened.collect::<Result<_, _>>()?, starts: start.is_some() })
    }

    /// Opens the regular file that `path` names, for reading.
    pub(crate) fn open(&self, path: &Path) -> Result<File, Stop> {
        #[cfg(target_os = "linux")]
        if let Some(file) = self.open_beneath(path) {
            return Ok(file);
        }
        self.walk(path)
    }

    /// As [`Fence::open`] by one call of the kernel, where path and links stay in the folder that they start in.
    /// `None` says nothing: the kernel may not know the call, or has met an exchange of folders.
    #[cfg(target_os = "linux")]
    fn open_beneath(&self, path: &Path) -> Option<File> {
        use rustix::fs::{ResolveFlags, openat2};
        let (folder, rest) = if path.is_absolute() {
            self.folders.iter().find_map(|f| Some((f, f.below(path)?)))?
        } else {
            (self.folders.first().filter(|_| self.starts)?, path)
        };
        // One step is cheaper as a step.
        rest.as_os_str().as_bytes().contains(&b'/').then_some(())?;
        let stay = ResolveFlags::BENEATH | ResolveFlags::NO_MAGICLINKS;
        let look = OFlags::PATH | OFlags::CLOEXEC;
        let seen = openat2(&folder.handle, rest, look, Mode::empty(), stay).ok()?;
        regular(&fstat(seen).ok()?).ok()?;
        let flags = FILE.difference(OFlags::NOFOLLOW);
        let file = openat2(&folder.handle, rest, flags, Mode::empty(), stay).ok()?;
        regular(&fstat(&file).ok()?).ok()?;
        Some(File::from(file))
    }

    /// As [`Fence::open`], step by step.
    fn walk(&self, path: &Path) -> Result<File, Stop> {
        let mut walk = Walk {
            fence: self,
            at: Place::Way(PathBuf::new()),
            todo: Vec::new(),
            links: 0,
            steps: 0,
        };
        walk.at = match self.folders.first().filter(|_| self.starts) {
            _ if path.is_absolute() => walk.place(Path::new("/"))?,
            Some(folder) => Place::Inside { folder, names: Vec::new(), last: None },
            None => return Err(Stop::Outside),
        };
        walk.ahead(path.as_os_str());
        walk.run()
    }
}

/// Where a walk stands.
enum Place<'f> {
    /// In an allowed folder or below it: the names that lead there, and the handle of the last of them.
    Inside { folder: &'f Folder, names: Vec<OsString>, last: Option<OwnedFd> },
    /// Outside, on the way to an allowed folder.
    Way(PathBuf),
}

struct Walk<'f> {
    fence: &'f Fence,
    at: Place<'f>,
    /// The steps ahead, the next one last.
    todo: Vec<OsString>,
    links: u32,
    steps: u32,
}

impl<'f> Walk<'f> {
    fn run(&mut self) -> Result<File, Stop> {
        while let Some(step) = self.todo.pop() {
            self.step()?;
            match step.as_bytes() {
                b"" | b"." => {}
                b".." => self.up()?,
                _ => {
                    if let Some(file) = self.down(step)? {
                        return Ok(file);
                    }
                }
            }
        }
        match self.at {
            Place::Inside { .. } => Err(Stop::Is("a directory")),
            Place::Way(_) => Err(Stop::Outside),
        }
    }

    fn step(&mut self) -> Result<(), Stop> {
        self.steps += 1;
        if self.steps > MOST_STEPS { Err(Errno::LOOP.into()) } else { Ok(()) }
    }

    /// Puts the steps of a path before all others.
    fn ahead(&mut self, path: &OsStr) {
        let steps = path.as_bytes().split(|&c| c == b'/').rev();
        self.todo.extend(steps.map(|s| OsStr::from_bytes(s).to_owned()));
    }

    /// Into what has this name: a folder, a link, or the file if it is the last step.
    fn down(&mut self, name: OsString) -> Result<Option<File>, Stop> {
        let (folder, names, last) = match &mut self.at {
            Place::Inside { folder, names, last } => (folder, names, last),
            Place::Way(path) => {
                path.push(name);
                let path = std::mem::take(path);
                self.at = self.place(&path)?;
                return Ok(None);
            }
        };
        let dir = handle(folder, last);
        let seen = statat(dir, &name, AtFlags::SYMLINK_NOFOLLOW)?;
        match FileType::from_raw_mode(seen.st_mode) {
            FileType::Symlink => {
                let target = readlinkat(dir, &name, Vec::new())?;
                let target = OsString::from_vec(target.into_bytes());
                self.links += 1;
                if self.links > MOST_LINKS {
                    return Err(Errno::LOOP.into());
                }
                if Path::new(&target).is_absolute() {
                    self.at = self.place(Path::new("/"))?;
                }
                self.ahead(&target);
            }
            FileType::Directory => {
                *last = Some(openat(dir, &name, FOLDER, Mode::empty())?);
                names.push(name);
            }
            _ if !self.todo.is_empty() => return Err(Errno::NOTDIR.into()),
            _ => {
                regular(&seen)?;
                let file = openat(dir, &name, FILE, Mode::empty())?;
                regular(&fstat(&file)?)?;
                return Ok(Some(File::from(file)));
            }
        }
        Ok(None)
    }

    /// To the folder above.
    fn up(&mut self) -> Result<(), Stop> {
        let above = match &self.at {
            Place::Inside { folder, names, .. } => {
                let mut above = folder.real.clone();
                above.extend(names);
                above.pop();
                above
            }
            // Where a name may be that of a link, nobody knows what is above.
            Place::Way(path) if !self.fence.folders.iter().any(|f| f.real.starts_with(path)) => {
                return Err(Stop::Outside);
            }
            Place::Way(path) => path.parent().unwrap_or(path).to_owned(),
        };
        self.at = self.place(&above)?;
        Ok(())
    }

    /// The place of an absolute path without links, or of one whose last name was stepped to just now.
    fn place(&mut self, path: &Path) -> Result<Place<'f>, Stop> {
        let folders = &self.fence.folders;
        if let Some(folder) = folders.iter().find(|f| f.given == path) {
            return Ok(Place::Inside { folder, names: Vec::new(), last: None });
        }
        let inside = |f: &'f Folder| Some((f, path.strip_prefix(&f.real).ok()?));
        if let Some((folder, rest)) = folders.iter().find_map(inside) {
            let (mut names, mut last) = (Vec::new(), None);
            for name in rest {
                self.step()?;
                last = Some(openat(handle(folder, &last), name, FOLDER, Mode::empty())?);
                names.push(name.to_owned());
            }
            return Ok(Place::Inside { folder, names, last });
        }
        let leads = |f: &Folder| f.real.starts_with(path) || f.given.starts_with(path);
        if folders.iter().any(leads) { Ok(Place::Way(path.to_owned())) } else { Err(Stop::Outside) }
    }
}

fn handle<'h>(folder: &'h Folder, last: &'h Option<OwnedFd>) -> BorrowedFd<'h> {
    last.as_ref().unwrap_or(&folder.handle).as_fd()
}

/// Says yes to a regular file, and what it is else.
fn regular(seen: &Stat) -> Result<(), Stop> {
    Err(Stop::Is(match FileType::from_raw_mode(seen.st_mode) {
        FileType::RegularFile => return Ok(()),
        FileType::Directory => "a directory",
        FileType::Fifo => "a FIFO",
        FileType::CharacterDevice | FileType::BlockDevice => "a device",
        _ => "not a regular file",
    }))
}

#[cfg(test)]
mod tests;
