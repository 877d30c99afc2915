//! Images that a record names by a path: read relative to a base directory and inside the fence.
//!
//! A record is data, so its paths may not lead anywhere: no URL, nothing outside the folders that the run
//! allows (`fence.rs`), and only regular files, which are looked at before they are opened, because opening
//! a FIFO or a device can wait or act.

use std::io::{self, Read};
use std::path::{Path, PathBuf};

use super::fence::{Fence, Stop};
use crate::error::{Error, Result, quote};

/// Opens what paths name. It belongs to one thread, and keeps the folders open that it used last.
#[derive(Debug, Default)]
pub(crate) struct Opener {
    last: Option<(PathBuf, Fence)>,
}

impl Opener {
    /// Reads the file that `path` names below `base` into `out`, at most `max_bytes` of it.
    ///
    /// With `/` as base every absolute path is allowed. `out` holds nothing of use after an error.
    pub(crate) fn read(
        &mut self,
        base: Option<&Path>,
        path: &str,
        max_bytes: u64,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        out.clear();
        let shown = quote(path.as_bytes());
        if path.is_empty() {
            return Err(Error::path("the image path is empty"));
        }
        if path.contains('\0') {
            return Err(Error::path(format!("image path {shown} holds a NUL")));
        }
        if is_url(path) {
            return Err(Error::path(format!(
                "image path {shown} is a URL, and nothing is fetched; download the images first"
            )));
        }
        let Some(base) = base else {
            return Err(Error::path(format!(
                "image path {shown} has no directory to be relative to; give base_dir"
            )));
        };
        if Path::new(path).is_absolute() && base != Path::new("/") {
            return Err(Error::path(format!(
                "image path {shown} is absolute, a path below the base directory was expected; base_dir / allows all"
            )));
        }
        let file = self.fence(base)?.open(Path::new(path)).map_err(|stop| match stop {
            // Whether something exists outside is not told.
            Stop::Outside => Error::path(format!(
                "image path {shown} leads out of the base directory ({})",
                base.display()
            )),
            Stop::Is(what) => {
                Error::path(format!("image path {shown} is {what}, a file was expected"))
            }
            Stop::Io(e) => refuse(&shown, e),
        })?;
        let length = file.metadata().map_err(|e| refuse(&shown, e))?.len();
        let over = |length: u64| {
            Error::limit(format!(
                "image file {shown} of {length} bytes or more is over the limit of {max_bytes} bytes"
            ))
        };
        if length > max_bytes {
            return Err(over(length));
        }
        out.reserve(usize::try_from(length).unwrap_or(0) + 1);
        file.take(max_bytes.saturating_add(1)).read_to_end(out).map_err(|e| refuse(&shown, e))?;
        if out.len() as u64 > max_bytes {
            return Err(over(out.len() as u64));
        }
        Ok(())
    }

    /// The fence of this base directory.
    fn fence(&mut self, base: &Path) -> Result<&Fence> {
        let kept = self.last.take().filter(|(name, _)| name == base);
        let fence = match kept {
            Some((_, fence)) => fence,
            None => Fence::new(Some(base), &[]).map_err(|(folder, e)| {
                Error::io(format!("cannot read base_dir {}", folder.display()), e)
            })?,
        };
        Ok(&self.last.insert((base.to_owned(), fence)).1)
    }
}

/// A scheme before `://`, or a data URL.
fn is_url(path: &str) -> bool {
    let scheme = |s: &str| {
        s.starts_with(|c: char| c.is_ascii_alphabetic())
            && s.chars().all(|c| c.is_ascii_alphanumeric() || "+-.".contains(c))
    };
    path.split_once("://").is_some_and(|(s, _)| scheme(s))
        || path.get(..5).is_some_and(|s| s.eq_ignore_ascii_case("data:"))
}

/// What the system said of a path: the record's fault, or the machine's.
fn refuse(shown: &str, e: io::Error) -> Error {
    use io::ErrorKind as K;
    let what = match e.kind() {
        K::NotFound => "does not exist",
        K::NotADirectory => "goes through a file as if it were a directory",
        K::PermissionDenied => "may not be read",
        K::InvalidFilename => "is too long",
        K::InvalidInput => "is not a path",
        _ if e.raw_os_error() == Some(rustix::io::Errno::LOOP.raw_os_error()) => {
            "leads through too many symbolic links"
        }
        _ => return Error::io(format!("cannot read image file {shown}"), e),
    };
    Error::path(format!("image path {shown} {what}"))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;
    use std::fs;
    use std::os::unix::fs::symlink;

    fn kind(base: &Path, path: &str) -> ErrorKind {
        let mut out = Vec::new();
        Opener::default().read(Some(base), path, 100, &mut out).expect_err(path).kind()
    }

    #[test]
    fn reads_inside_and_nothing_outside() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let base = dir.path().join("base");
        fs::create_dir_all(base.join("sub")).expect("directory");
        fs::write(base.join("a.png"), b"inside").expect("file");
        fs::write(base.join("big"), vec![0; 101]).expect("file");
        fs::write(dir.path().join("secret"), b"outside").expect("file");
        symlink("../secret", base.join("link")).expect("link");
        symlink("..", base.join("up")).expect("link");
        symlink("a.png", base.join("good")).expect("link");
        symlink("loop", base.join("loop")).expect("link");
        symlink("/dev/zero", base.join("zero")).expect("link");
        nix::unistd::mkfifo(&base.join("fifo"), nix::sys::stat::Mode::S_IRWXU).expect("fifo");

        let mut opener = Opener::default();
        let mut out = vec![1, 2, 3];
        for path in ["a.png", "./a.png", "sub/../a.png", "good", "../base/a.png"] {
            opener.read(Some(&base), path, 6, &mut out).expect(path);
            assert_eq!(out, b"inside", "{path}");
        }
        let absolute = base.join("a.png");
        let absolute = absolute.to_str().expect("UTF-8");
        opener.read(Some(Path::new("/")), absolute, 6, &mut out).expect("all files are allowed");
        assert_eq!(out, b"inside");

        let long = "x".repeat(300);
        let deep = "x/".repeat(5000);
        for path in [
            "",
            "a\0b",
            "https://x.org/a.png",
            "file:///a.png",
            "data:image/png;base64,aa",
            absolute,
            "../secret",
            "sub/../../secret",
            "../nothing",
            "link",
            "up/secret",
            "loop",
            "nothing.png",
            "a.png/b",
            "sub",
            ".",
            "fifo",
            "zero",
            "/dev/zero",
            &long,
            &deep,
        ] {
            assert_eq!(kind(&base, path), ErrorKind::Path, "{path}");
        }
        assert_eq!(kind(&base, "big"), ErrorKind::Limit);
        assert_eq!(kind(Path::new("/"), "/dev/zero"), ErrorKind::Path);
        let e = opener.read(None, "a.png", 6, &mut out).expect_err("no base");
        assert_eq!(e.kind(), ErrorKind::Path);
        assert!(e.message().contains("base_dir"));
    }
}
