//! Windows, of the versions that Rust supports.
#![allow(unsafe_code, reason = "calls of the system are not to be had without")]

pub(crate) mod fence;

use std::env;
use std::ffi::{OsString, c_void};
use std::fs::{self, File, OpenOptions};
use std::io;
use std::os::windows::ffi::{OsStrExt, OsStringExt};
use std::os::windows::fs::{FileExt, OpenOptionsExt};
use std::os::windows::io::AsRawHandle;
use std::path::{Path, PathBuf};
use std::ptr::{NonNull, null, null_mut};

use windows_sys::Win32::Foundation::ERROR_CANT_RESOLVE_FILENAME;
use windows_sys::Win32::Storage::FileSystem::{
    BY_HANDLE_FILE_INFORMATION, FILE_FLAG_BACKUP_SEMANTICS, FILE_FLAG_OPEN_REPARSE_POINT,
    GetDiskFreeSpaceExW, GetFileInformationByHandle, GetFinalPathNameByHandleW,
    LOCKFILE_EXCLUSIVE_LOCK, LOCKFILE_FAIL_IMMEDIATELY, LockFileEx,
};
use windows_sys::Win32::System::IO::{OVERLAPPED, OVERLAPPED_0, OVERLAPPED_0_0};
use windows_sys::Win32::System::Memory::{
    MEM_COMMIT, MEM_RELEASE, MEM_RESERVE, PAGE_READWRITE, VirtualAlloc, VirtualFree,
};
use windows_sys::Win32::System::ProcessStatus::{K32GetProcessMemoryInfo, PROCESS_MEMORY_COUNTERS};
use windows_sys::Win32::System::Threading::GetCurrentProcess;

use super::Id;

/// The number of the error by which something says that it is to be asked again: EAGAIN of the C library.
#[cfg(feature = "avif")]
pub(crate) const AGAIN: i32 = 11;

/// Reads and writes at any byte of a file. They also move the place where it is read and written without one.
pub(crate) trait FileAt {
    /// Fills `buf` as far as there are bytes: how many.
    fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize>;
    /// Fills `buf`.
    fn read_exact_at(&self, buf: &mut [u8], at: u64) -> io::Result<()>;
    /// Writes all of `buf`.
    fn write_all_at(&self, buf: &[u8], at: u64) -> io::Result<()>;
}

impl FileAt for File {
    fn read_at(&self, buf: &mut [u8], at: u64) -> io::Result<usize> {
        self.seek_read(buf, at)
    }

    fn read_exact_at(&self, mut buf: &mut [u8], mut at: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match self.seek_read(buf, at) {
                Ok(0) => return Err(io::ErrorKind::UnexpectedEof.into()),
                Ok(n) => (buf, at) = (&mut buf[n..], at + n as u64),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }

    fn write_all_at(&self, mut buf: &[u8], mut at: u64) -> io::Result<()> {
        while !buf.is_empty() {
            match self.seek_write(buf, at) {
                Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
                Ok(n) => (buf, at) = (&buf[n..], at + n as u64),
                Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
                Err(e) => return Err(e),
            }
        }
        Ok(())
    }
}

fn about(file: &File) -> io::Result<BY_HANDLE_FILE_INFORMATION> {
    let mut found = BY_HANDLE_FILE_INFORMATION::default();
    // SAFETY: the handle is open as long as `file` is, and the system writes into `found` alone.
    match unsafe { GetFileInformationByHandle(file.as_raw_handle(), &mut found) } {
        0 => Err(io::Error::last_os_error()),
        _ => Ok(found),
    }
}

/// What the file or folder of this name is known by.
pub(super) fn id(path: &Path) -> io::Result<Id> {
    // Without access and with this flag folders are opened, too.
    let mut options = OpenOptions::new();
    id_of(&options.access_mode(0).custom_flags(FILE_FLAG_BACKUP_SEMANTICS).open(path)?)
}

/// What an open file is known by.
pub(crate) fn id_of(file: &File) -> io::Result<Id> {
    let found = about(file)?;
    let index = u64::from(found.nFileIndexHigh) << 32 | u64::from(found.nFileIndexLow);
    Ok([found.dwVolumeSerialNumber.into(), index])
}

/// Opens a file to be read and written, as it is; where it is not there, `makes` it. `None` where something
/// else has the name, a link among it, or the file has another name as well.
pub(crate) fn open_alone(path: &Path, makes: bool) -> io::Result<Option<File>> {
    let mut options = OpenOptions::new();
    options.create(makes).truncate(false).read(true).write(true);
    match options.custom_flags(FILE_FLAG_OPEN_REPARSE_POINT).open(path) {
        Ok(file) => {
            let is_file = file.metadata()?.is_file();
            let names = about(&file)?.nNumberOfLinks;
            Ok(Some(file).filter(|_| is_file && names <= 1))
        }
        Err(_) if fs::symlink_metadata(path).is_ok_and(|found| !found.is_file()) => Ok(None),
        Err(e) => Err(e),
    }
}

/// Keeps other runs away from a file until it is closed; whether no other does that now.
pub(crate) fn lock(file: &File) -> bool {
    // What is locked here nobody else reads or writes: so it is a byte where no file has any.
    let at = OVERLAPPED_0_0 { Offset: u32::MAX - 1, OffsetHigh: i32::MAX as u32 };
    let mut at = OVERLAPPED { Anonymous: OVERLAPPED_0 { Anonymous: at }, ..Default::default() };
    let how = LOCKFILE_EXCLUSIVE_LOCK | LOCKFILE_FAIL_IMMEDIATELY;
    // SAFETY: the handle is open as long as `file` is, and the call ends before `at` goes.
    unsafe { LockFileEx(file.as_raw_handle(), how, 0, 1, 0, &mut at) != 0 }
}

/// Whether the system says that there are too many links.
pub(crate) fn is_loop(e: &io::Error) -> bool {
    e.raw_os_error() == i32::try_from(ERROR_CANT_RESOLVE_FILENAME).ok()
}

/// Whether a file may be read.
pub(crate) fn may_read(path: &Path) -> io::Result<()> {
    // What is no file may act where it is opened.
    if fs::metadata(path)?.is_file() { File::open(path).map(|_| ()) } else { Ok(()) }
}

/// Makes durable what a file holds. The names in a folder are the care of the system.
pub(crate) fn sync(path: &Path) -> io::Result<()> {
    if path.is_dir() {
        return Ok(());
    }
    OpenOptions::new().write(true).open(path)?.sync_all()
}

/// There is no such call here.
pub(crate) fn exchange(_: &Path, _: &Path) -> io::Result<()> {
    Err(io::ErrorKind::Unsupported.into())
}

/// The path that these bytes of a record are, if they can be one. That of `file:///C:/x` begins at its drive.
pub(crate) fn path_of(bytes: &[u8]) -> Option<&Path> {
    let text = std::str::from_utf8(bytes).ok()?;
    let local = text.strip_prefix('/').filter(|rest| has_drive(rest));
    Some(Path::new(local.unwrap_or(text)))
}

fn has_drive(path: &str) -> bool {
    matches!(path.as_bytes(), [letter, b':', ..] if letter.is_ascii_alphabetic())
}

/// Whether a path of a record begins at a root.
pub(crate) fn is_absolute(path: &str) -> bool {
    path.starts_with(['/', '\\']) || has_drive(path)
}

/// Where a program keeps what it can make again: `%XDG_CACHE_HOME%`, `%LOCALAPPDATA%`, or the folder for files that
/// pass.
pub(crate) fn cache_folder() -> PathBuf {
    let named = |name: &str| env::var_os(name).map(PathBuf::from).filter(|path| path.is_absolute());
    let cache = named("XDG_CACHE_HOME").or_else(|| named("LOCALAPPDATA"));
    cache.unwrap_or_else(env::temp_dir).join("ndpix")
}

/// Makes a folder, which is the user's alone as those are that it lies in; whether it is one.
pub(crate) fn own_folder(folder: &Path) -> io::Result<bool> {
    fs::create_dir_all(folder)?;
    Ok(fs::symlink_metadata(folder)?.is_dir())
}

/// The bytes that a user may still write on the disk that holds `folder`, where that can be told.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let name: Vec<u16> = folder.as_os_str().encode_wide().chain([0]).collect();
    let mut free = 0;
    // SAFETY: the name ends with a zero, and the system writes into `free` alone.
    match unsafe { GetDiskFreeSpaceExW(name.as_ptr(), &mut free, null_mut(), null_mut()) } {
        0 => None,
        _ => Some(free),
    }
}

/// The most memory that this process held, in bytes; 0 where it cannot be told.
pub(crate) fn peak_memory() -> u64 {
    let mut held = PROCESS_MEMORY_COUNTERS::default();
    let size = size_of::<PROCESS_MEMORY_COUNTERS>() as u32;
    // SAFETY: the handle is that of this process, and the system writes into `held`, of this size, alone.
    let told = unsafe { K32GetProcessMemoryInfo(GetCurrentProcess(), &mut held, size) };
    if told == 0 { 0 } else { held.PeakWorkingSetSize as u64 }
}

/// The name of an open file, without links.
fn final_path(file: &File) -> io::Result<PathBuf> {
    let mut name = vec![0u16; 512];
    loop {
        let room = name.len() as u32;
        // SAFETY: the handle is open as long as `file` is, and the system writes no more than `room` into `name`.
        let len =
            unsafe { GetFinalPathNameByHandleW(file.as_raw_handle(), name.as_mut_ptr(), room, 0) };
        match len {
            0 => return Err(io::Error::last_os_error()),
            len if len < room => return Ok(OsString::from_wide(&name[..len as usize]).into()),
            len => name.resize(len as usize + 1, 0),
        }
    }
}

/// New zeros, aligned to a page, that cost nothing until they are written.
pub(crate) fn map(len: usize) -> Option<NonNull<c_void>> {
    // SAFETY: new pages touch no memory that is in use.
    NonNull::new(unsafe { VirtualAlloc(null(), len, MEM_RESERVE | MEM_COMMIT, PAGE_READWRITE) })
}

/// Gives a mapping back.
///
/// # Safety
/// Nobody uses it any more.
pub(crate) unsafe fn unmap(ptr: NonNull<c_void>, _: usize) {
    // SAFETY: as the caller says; the size is what it was made with.
    let _ = unsafe { VirtualFree(ptr.as_ptr(), 0, MEM_RELEASE) };
}

/// Mappings do not grow here.
///
/// # Safety
/// None is needed.
pub(crate) unsafe fn remap(_: NonNull<c_void>, _: usize, _: usize) -> Option<NonNull<c_void>> {
    None
}

/// Pages come one by one.
///
/// # Safety
/// None is needed.
pub(crate) unsafe fn populate(_: NonNull<c_void>, _: usize) {}
