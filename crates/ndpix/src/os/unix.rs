//! Linux, macOS and their like.
#![allow(unsafe_code, reason = "mappings are not to be had without")]

pub(crate) mod fence;

use std::env;
use std::ffi::{OsStr, c_void};
use std::fs::{self, DirBuilder, File, Metadata, OpenOptions};
use std::io;
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::{DirBuilderExt, MetadataExt, OpenOptionsExt};
use std::path::{Path, PathBuf};
use std::ptr::{NonNull, null_mut};

use rustix::fs::{Access, CWD, OFlags, RenameFlags, renameat_with};
use rustix::io::Errno;
use rustix::mm::{MapFlags, ProtFlags, mmap_anonymous, munmap};
use rustix::process::geteuid;

use super::Id;

/// Reads and writes at any byte of a file.
pub(crate) use std::os::unix::fs::FileExt as FileAt;

/// The number of the error by which something says that it is to be asked again.
#[cfg(feature = "avif")]
pub(crate) const AGAIN: i32 = libc::EAGAIN;

fn id_in(found: &Metadata) -> Id {
    [found.dev(), found.ino()]
}

/// What the file or folder of this name is known by.
pub(super) fn id(path: &Path) -> io::Result<Id> {
    fs::metadata(path).map(|found| id_in(&found))
}

/// What an open file is known by.
pub(crate) fn id_of(file: &File) -> io::Result<Id> {
    file.metadata().map(|found| id_in(&found))
}

/// Opens a file to be read and written, as it is; where it is not there, `makes` it. `None` where something
/// else has the name, a link among it, or the file has another name as well.
pub(crate) fn open_alone(path: &Path, makes: bool) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.create(makes).truncate(false).read(true).write(true);
    match options.custom_flags(OFlags::NOFOLLOW.bits() as i32).open(path) {
        Ok(file) => {
            let found = file.metadata()?;
            Ok(Some(file).filter(|_| found.is_file() && found.nlink() <= 1))
        }
        Err(e) if is_loop(&e) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Keeps other runs away from a file until it is closed; whether no other does that now.
pub(crate) fn lock(file: &File) -> bool {
    file.try_lock().is_ok()
}

/// Whether the system says that there are too many links, or one where there may be none.
pub(crate) fn is_loop(e: &io::Error) -> bool {
    e.raw_os_error() == Some(Errno::LOOP.raw_os_error())
}

/// Whether a file may be read, without opening it.
pub(crate) fn may_read(path: &Path) -> io::Result<()> {
    Ok(rustix::fs::access(path, Access::READ_OK)?)
}

/// Makes durable what a file holds, or the names in a folder.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    File::open(path)?.sync_all()
}

/// Has two files or folders exchange their names in one step, where the file system can.
pub(crate) fn exchange(a: &Path, b: &Path) -> io::Result<()> {
    Ok(renameat_with(CWD, a, CWD, b, RenameFlags::EXCHANGE)?)
}

/// The path that these bytes of a record are, if they can be one.
pub(crate) fn path_of(bytes: &[u8]) -> Option<&Path> {
    Some(Path::new(OsStr::from_bytes(bytes)))
}

/// Whether a path of a record begins at a root.
pub(crate) fn is_absolute(path: &str) -> bool {
    path.starts_with('/')
}

/// Where a program keeps what it can make again: `$XDG_CACHE_HOME`, `~/.cache`, or the folder for files that pass.
pub(crate) fn cache_folder() -> PathBuf {
    let named = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = named("XDG_CACHE_HOME").or_else(|| named("HOME").map(|home| home.join(".cache")));
    let user = || env::temp_dir().join(format!("ndpix-{}", geteuid().as_raw()));
    cache.map_or_else(user, |cache| cache.join("ndpix"))
}

/// Makes a folder that is the user's alone; whether it is.
pub(crate) fn own_folder(folder: &Path) -> io::Result<bool> {
    DirBuilder::new().recursive(true).mode(0o700).create(folder)?;
    let found = fs::symlink_metadata(folder)?;
    Ok(found.is_dir() && found.uid() == geteuid().as_raw())
}

/// The bytes that a user may still write on the disk that holds `folder`, where that can be told.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = rustix::fs::statvfs(folder).ok()?;
    disk.f_bavail.checked_mul(disk.f_frsize)
}

/// The most memory that this process held, in bytes; 0 where it cannot be told.
pub(crate) fn peak_memory() -> u64 {
    // What `getrusage` says survives an exec: it may be the peak of the process that started this one.
    let status = fs::read_to_string("/proc/self/status").ok();
    status.as_deref().and_then(high_water).unwrap_or_else(resident)
}

/// The line `VmHWM:  123456 kB` of Linux.
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn resident() -> u64 {
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    // SAFETY: all bytes zero is a valid `rusage`, and the system only writes into it.
    let used = unsafe {
        let mut used: libc::rusage = std::mem::zeroed();
        (libc::getrusage(libc::RUSAGE_SELF, &mut used) == 0).then_some(used)
    };
    used.map_or(0, |used| u64::try_from(used.ru_maxrss).unwrap_or(0) * unit)
}

/// New zeros, aligned to a page, that cost nothing until they are written.
pub(crate) fn map(len: usize) -> Option<NonNull<c_void>> {
    // Miri knows no more than the first.
    let lazy = if cfg!(miri) { MapFlags::empty() } else { MapFlags::NORESERVE };
    let access = ProtFlags::READ | ProtFlags::WRITE;
    // SAFETY: a new anonymous mapping touches no memory that is in use.
    let ptr = unsafe { mmap_anonymous(null_mut(), len, access, MapFlags::PRIVATE | lazy) };
    NonNull::new(ptr.ok()?)
}

/// Gives a mapping back.
///
/// # Safety
/// It is all of one, of this size, and nobody uses it any more.
pub(crate) unsafe fn unmap(ptr: NonNull<c_void>, len: usize) {
    // SAFETY: as the caller says.
    let _ = unsafe { munmap(ptr.as_ptr(), len) };
}

/// A mapping, grown by moving its pages; `None` where the system cannot, and then it is as it was.
///
/// # Safety
/// It is all of one, of this size, and nothing refers into it.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn remap(
    ptr: NonNull<c_void>,
    from: usize,
    to: usize,
) -> Option<NonNull<c_void>> {
    use rustix::mm::{MremapFlags, mremap};
    // SAFETY: as the caller says.
    let ptr = unsafe { mremap(ptr.as_ptr(), from, to, MremapFlags::MAYMOVE) };
    NonNull::new(ptr.ok()?)
}

/// As on Linux, where it can.
///
/// # Safety
/// None is needed.
#[cfg(not(target_os = "linux"))]
pub(crate) unsafe fn remap(_: NonNull<c_void>, _: usize, _: usize) -> Option<NonNull<c_void>> {
    None
}

/// Has whole pages of a mapping made in one go, where the system can: an old one refuses, and they come one by one.
///
/// # Safety
/// They lie in one mapping.
#[cfg(all(target_os = "linux", not(miri)))]
pub(crate) unsafe fn populate(ptr: NonNull<c_void>, len: usize) {
    use rustix::mm::{Advice, madvise};
    // SAFETY: the range lies in the mapping, as the caller says, and the advice changes no content.
    let _ = unsafe { madvise(ptr.as_ptr(), len, Advice::LinuxPopulateWrite) };
}

/// As on Linux, where it can.
///
/// # Safety
/// None is needed.
#[cfg(any(not(target_os = "linux"), miri))]
pub(crate) unsafe fn populate(_: NonNull<c_void>, _: usize) {}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_in_bytes() {
        assert_eq!(high_water("Name:\tx\nVmPeak:\t 9 kB\nVmHWM:\t  5120 kB\n"), Some(5 << 20));
        assert_eq!(high_water("Name:\tx\n"), None);
        assert!(resident() > 1 << 20);
    }
}
