//! Images that a record names by a path: where it leads, and what is read there.
//!
//! A record is data, so its paths may not lead anywhere: no address is fetched, nothing is opened outside of
//! the folders that the run allows (`fence.rs`), and only regular files, which are looked at before they
//! are opened, because opening a FIFO or a device can wait or act. Whether something exists outside is
//! not told.

use std::borrow::Cow;
use std::ffi::OsStr;
use std::fs::File;
use std::io::{self, Read};
use std::os::unix::ffi::OsStrExt;
use std::path::{Path, PathBuf};

use super::fence::{Fence, Stop};
use super::original;
use crate::error::{Error, Result, quote};
use crate::limits::make_room;
use crate::paths::{Base, Paths, flat, from_here};

/// Opens what paths name. It belongs to one thread, and keeps the folders open that it used last.
#[derive(Debug)]
pub(crate) struct Opener<'p> {
    paths: &'p Paths,
    last: Option<(Option<PathBuf>, Fence)>,
}

impl<'p> Opener<'p> {
    pub(crate) fn new(paths: &'p Paths) -> Self {
        Self { paths, last: None }
    }

    /// Whether `path_prefix` has something to say of this path, be it an address.
    pub(crate) fn rewrites(&self, path: &str) -> bool {
        self.paths.prefixes.iter().any(|p| path.starts_with(&p.old))
    }

    /// Reads the file that `path` names into `out`, at most `max_bytes` of it. Relative paths count from
    /// `base_dir`, or else from `base`, the input that the record stands in.
    ///
    /// `out` holds nothing of use after an error.
    pub(crate) fn read(
        &mut self,
        base: Option<&Base>,
        path: &str,
        max_bytes: u64,
        out: &mut Vec<u8>,
    ) -> Result<()> {
        out.clear();
        let shown = quote(path.as_bytes());
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
        let shown = quote(path.as_bytes());
        let path = self.plain(path)?;
        if path.is_empty() {
            return Err(Error::path("the image path is empty"));
        }
        if path.contains('\0') {
            return Err(Error::path(format!("image path {shown} holds a NUL")));
        }
        let start = self.paths.base_dir.as_deref().or(base.map(|b| b.folder.as_path()));
        let absolute = path.starts_with('/');
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
        let mut prefixes = self.paths.prefixes.iter();
        let found = prefixes.find_map(|p| Some((p, path.strip_prefix(&*p.old)?)));
        let rewritten =
            found.map_or(Cow::Borrowed(path), |(p, rest)| Cow::Owned(format!("{}{rest}", p.new)));
        local(rewritten, &quote(path.as_bytes()))
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
        let path = Path::new(OsStr::from_bytes(path));
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
        return Err(Error::path(format!(
            "{shown} is an address, which is not fetched; download the images first, or say with path_prefix where they are"
        )));
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

    struct Tree {
        _folder: tempfile::TempDir,
        root: PathBuf,
    }

    fn tree() -> Tree {
        let folder = tempfile::tempdir().expect("temporary directory");
        let root = folder.path().canonicalize().expect("a path");
        for name in ["base/sub", "base/C:", "more", "lists"] {
            fs::create_dir_all(root.join(name)).expect("directory");
        }
        for (name, text) in [
            ("base/a.png", "inside"),
            ("base/sub/b.png", "sub"),
            ("base/white space.png", "blank"),
            ("base/100%25.png", "as it is"),
            (r"base/back\slash.png", "backslash"),
            ("base/C:/w.png", "drive"),
            ("base/big", "more than a few bytes"),
            ("base/in.ndjson", ""),
            ("more/m.png", "more"),
            ("secret", "outside"),
        ] {
            fs::write(root.join(name), text).expect("file");
        }
        symlink("../secret", root.join("base/link")).expect("link");
        symlink("/dev/zero", root.join("base/zero")).expect("link");
        Tree { _folder: folder, root }
    }

    impl Tree {
        fn base(&self, folder: &str, original: Option<&str>) -> Base {
            Base { folder: self.root.join(folder), original: original.map(PathBuf::from) }
        }

        fn paths(&self, allow: &[&str], prefixes: &[&str]) -> Paths {
            Paths {
                base_dir: None,
                allow_dir: allow.iter().map(|name| self.root.join(name)).collect(),
                prefixes: prefixes.iter().map(|p| p.parse().expect("a prefix")).collect(),
            }
        }

        fn at(&self, name: &str) -> String {
            self.root.join(name).display().to_string()
        }
    }

    fn read(paths: &Paths, base: Option<&Base>, path: &str) -> Result<String> {
        let mut out = vec![1, 2, 3];
        Opener::new(paths).read(base, path, 20, &mut out)?;
        Ok(String::from_utf8(out).expect("UTF-8"))
    }

    #[test]
    fn every_spelling_of_a_path() {
        let tree = tree();
        let (base, paths) = (tree.base("base", None), tree.paths(&["more"], &[]));
        let url = |name: &str| format!("file://{}", tree.at(name));
        for (path, text) in [
            ("a.png", "inside"),
            ("./a.png", "inside"),
            ("sub/../a.png", "inside"),
            ("../base/a.png", "inside"),
            ("../more/m.png", "more"),
            (&tree.at("base/a.png"), "inside"),
            (&tree.at("more/m.png"), "more"),
            (&url("base/a.png"), "inside"),
            (&url("more/m.png").replace("file://", "FILE://localhost"), "more"),
            (&url("base/a.png").replace("file://", "file:"), "inside"),
            (&url("base/white%20space.png"), "blank"),
            ("white%20space.png", "blank"),
            ("white space.png", "blank"),
            ("100%25.png", "as it is"),
            ("sub%2Fb.png", "sub"),
            (r"sub\b.png", "sub"),
            (r".\sub\b.png", "sub"),
            (r"back\slash.png", "backslash"),
            (r"sub%5Cb.png", "sub"),
            (r"..\more\m.png", "more"),
            (r"C:\w.png", "drive"),
        ] {
            assert_eq!(read(&paths, Some(&base), path).expect(path), text, "{path}");
        }
    }

    #[test]
    fn prefixes_are_rewritten() {
        let tree = tree();
        let more = format!("s3://bucket/={}/", tree.at("more"));
        let paths =
            tree.paths(&["more"], &["/data/local-files/?d==", &more, "s3://=none/", r"D:\x\="]);
        let base = tree.base("base", None);
        for (path, text) in [
            ("/data/local-files/?d=a.png", "inside"),
            ("/data/local-files/?d=white%20space.png", "blank"),
            ("s3://bucket/m.png", "more"),
            (r"D:\x\sub\b.png", "sub"),
        ] {
            assert_eq!(read(&paths, Some(&base), path).expect(path), text, "{path}");
        }
        let gone = read(&paths, Some(&base), "s3://other/m.png").expect_err("the second fits");
        assert!(gone.message().contains("does not exist"), "{gone}");
        // A prefix is no way out.
        let out = tree.paths(&[], &["x=../", "y=/etc/"]);
        for path in ["xsecret", "yhostname"] {
            assert_eq!(read(&out, Some(&base), path).expect_err(path).kind(), ErrorKind::Path);
        }
    }

    #[test]
    fn refusals_say_what_was_looked_for_and_where() {
        let tree = tree();
        let (base, paths) = (tree.base("base", None), tree.paths(&[], &[]));
        let (long, secret) = ("x".repeat(300), tree.at("secret"));
        let inside = from_here(&base.folder).display().to_string();
        for (path, said) in [
            ("", "is empty"),
            ("a\0b", "NUL"),
            ("a.png%00", "does not exist"),
            ("https://x.org/a.png", "is an address"),
            ("s3://bucket/a.png", "is an address"),
            ("data:image/png;base64,aa", "is an address"),
            ("file://server/a.png", "on the host \"server\""),
            ("file:///etc/hostname", "leads out of"),
            (&secret, "leads out of"),
            ("../secret", "leads out of"),
            ("%2e%2e/secret", "leads out of"),
            ("..%2fsecret", "leads out of"),
            (r"..\secret", "leads out of"),
            ("link", "leads out of"),
            ("zero", "leads out of"),
            ("nothing.png", &format!("does not exist (searched in {inside})")),
            ("a.png/b", "goes through a file"),
            ("sub", "is a directory"),
            (&long, "too long"),
        ] {
            let e = read(&paths, Some(&base), path).expect_err(path);
            assert_eq!(e.kind(), ErrorKind::Path, "{path}");
            assert!(e.message().contains(said), "{path}: {e}");
        }
        assert_eq!(read(&paths, Some(&base), "big").expect_err("big").kind(), ErrorKind::Limit);
    }

    #[test]
    fn what_has_no_folder_opens_none() {
        let tree = tree();
        let (none, more) = (tree.paths(&[], &[]), tree.paths(&["more"], &[]));
        for path in ["a.png", &tree.at("more/m.png")] {
            let e = read(&none, None, path).expect_err(path);
            assert!(e.message().contains("give base_dir"), "{e}");
        }
        assert_eq!(read(&more, None, &tree.at("more/m.png")).expect("allowed"), "more");
        assert!(read(&more, None, "m.png").is_err(), "nothing says where it starts");
        assert!(read(&more, None, &tree.at("base/a.png")).is_err());
        let base_dir = Some(tree.root.join("base"));
        assert_eq!(read(&Paths { base_dir, ..none }, None, "a.png").expect("base_dir"), "inside");
    }

    #[test]
    fn rejected_records_count_from_their_original() {
        let tree = tree();
        let none = tree.paths(&[], &[]);
        for (folder, original, allow) in [
            ("base", "in.ndjson", None),
            ("base", "base/in.ndjson", None),
            ("base", "gone/from/the/disk.ndjson", Some("gone/from/the")),
            ("lists", "base/in.ndjson", Some("base")),
            ("lists", "/etc/hostname", Some("/etc")),
            ("lists", "../base/in.ndjson", Some("../base")),
        ] {
            let found = read(&none, Some(&tree.base(folder, Some(original))), "a.png");
            match allow {
                None => assert_eq!(found.expect(original), "inside"),
                Some(folder) => {
                    let said = found.expect_err(original).message().to_string();
                    assert!(said.contains("--allow-dir") && said.contains(folder), "{said}");
                }
            }
        }
        let absolute = tree.at("base/in.ndjson");
        let base = tree.base("lists", Some(&absolute));
        assert!(read(&none, Some(&base), "a.png").is_err());
        assert_eq!(
            read(&tree.paths(&["base"], &[]), Some(&base), "a.png").expect("allowed"),
            "inside"
        );
        let base_dir = Some(tree.root.join("base/sub"));
        assert_eq!(read(&Paths { base_dir, ..none }, Some(&base), "b.png").expect("said"), "sub");
    }
}
