//! Where images lie that a sample names and that are not found: the option that would find them.
//!
//! Only the planning of a run asks, for the names of its first records. For relative names the folders near
//! the input are looked through. What an absolute name leads to is not looked at: it is data, and
//! outside; but the folder that all have in common can be named.

use std::fs;
use std::path::{Path, PathBuf};

use super::reference::Opener;
use crate::paths::{Paths, flat, from_here};

/// Names that are looked for.
pub(crate) const NAMES: usize = 16;
/// Folders that are looked through, and entries that are read of each.
const FOLDERS: usize = 256;
const ENTRIES: usize = 10_000;
/// Folders above the input, its own among them, and how far below each is looked.
const ABOVE: usize = 3;
const BELOW: usize = 2;

/// The option that would let these names be opened, with its value: `base_dir` and the nearest folder that
/// holds most of them, or `allow_dir` and the folder that all are below. `start` is the folder of
/// the input, where it has one. `None` where nothing is found or only the root would do.
pub(crate) fn remedy(
    paths: &Paths,
    start: Option<&Path>,
    names: &[String],
) -> Option<(&'static str, PathBuf)> {
    let opener = Opener::new(paths);
    let plain = |name: &String| Some(PathBuf::from(&*opener.plain(name).ok()?));
    let from = paths.base_dir.as_deref().or(start);
    let mut outside: Vec<PathBuf> = Vec::new();
    let mut inside: Vec<&String> = Vec::new();
    for name in names.iter().take(NAMES) {
        let Some(path) = plain(name) else { continue };
        match from.map(|folder| flat(&folder.join(&path))) {
            // The query of a server's address is not a folder.
            _ if path.is_absolute() && name.contains('?') => {}
            _ if path.is_absolute() => outside.push(flat(&path)),
            Some(path) if !from.is_some_and(|f| path.starts_with(f)) => outside.push(path),
            _ => inside.push(name),
        }
    }
    let option = match (inside.is_empty(), start.or(from)) {
        (false, Some(start)) => ("base_dir", near(paths, start, &inside)?),
        _ => ("allow_dir", common(&outside)?),
    };
    Some((option.0, from_here(&option.1)))
}

/// The folder near `start` that most of these names are found in, the nearest of several.
fn near(paths: &Paths, start: &Path, names: &[&String]) -> Option<PathBuf> {
    let mut best: Option<(usize, PathBuf)> = None;
    for folder in folders(start) {
        let here = Paths { base_dir: Some(folder.clone()), ..paths.clone() };
        let mut opener = Opener::new(&here);
        let found = names.iter().filter(|name| opener.open(None, name).is_ok()).count();
        if found > best.as_ref().map_or(0, |b| b.0) {
            best = Some((found, folder));
        }
        if found == names.len() {
            break;
        }
    }
    best.map(|b| b.1)
}

/// The folders near this one, the nearest first: below it, then below each of those above it.
fn folders(start: &Path) -> Vec<PathBuf> {
    let mut all: Vec<PathBuf> = Vec::new();
    for above in start.ancestors().take(ABOVE) {
        let mut level = vec![above.to_owned()];
        for _ in 0..=BELOW {
            level.retain(|folder| !all.contains(folder));
            all.extend(level.iter().cloned());
            if all.len() >= FOLDERS {
                all.truncate(FOLDERS);
                return all;
            }
            level = level.iter().flat_map(|folder| below(folder)).collect();
        }
    }
    all
}

/// The folders in this one by their names, those that are hidden left out.
fn below(folder: &Path) -> Vec<PathBuf> {
    let Ok(entries) = fs::read_dir(folder) else { return Vec::new() };
    let is_folder = |entry: &fs::DirEntry| match entry.file_type() {
        Ok(kind) if kind.is_symlink() => entry.path().is_dir(),
        kind => kind.is_ok_and(|k| k.is_dir()),
    };
    let shown = |entry: &fs::DirEntry| !entry.file_name().as_encoded_bytes().starts_with(b".");
    let entries = entries.take(ENTRIES).flatten();
    let mut found: Vec<_> =
        entries.filter(|e| shown(e) && is_folder(e)).map(|e| e.path()).collect();
    found.sort();
    found
}

/// The folder that all of these files are below.
fn common(files: &[PathBuf]) -> Option<PathBuf> {
    let mut folders = files.iter().filter_map(|file| file.parent());
    let first = folders.next()?.to_owned();
    let shared = folders.fold(first, |shared, folder| {
        let both = shared.components().zip(folder.components());
        both.take_while(|(a, b)| a == b).map(|(a, _)| a).collect()
    });
    // Nobody should be led to open everything.
    shared.parent().is_some().then_some(shared)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn names(all: &[&str]) -> Vec<String> {
        all.iter().map(|name| (*name).to_string()).collect()
    }

    #[test]
    fn folders_near_the_input_are_looked_through() {
        let folder = tempfile::tempdir().expect("a folder");
        let root = folder.path().canonicalize().expect("a path");
        let at = |name: &str| root.join(name);
        let start = at("project/lists");
        for name in
            ["project/lists", "project/lists/x/y", "project/images/train", "project/.hidden"]
        {
            fs::create_dir_all(at(name)).expect("a folder");
        }
        for name in [
            "project/images/a.png",
            "project/images/b.png",
            "project/images/train/b.png",
            "project/lists/x/y/deep.png",
        ] {
            fs::write(at(name), "").expect("a file");
        }
        std::os::unix::fs::symlink("/etc/hostname", at("project/images/link.png")).expect("a link");
        let find = |all: &[&str]| {
            let found = remedy(&Paths::default(), Some(&start), &names(all))?;
            assert_eq!(found.0, "base_dir");
            std::path::absolute(found.1).ok().map(|f| flat(&f))
        };
        assert_eq!(find(&["a.png"]), Some(at("project/images")));
        assert_eq!(find(&["a.png", "b.png", "missing.png"]), Some(at("project/images")));
        assert_eq!(find(&["b.png"]), Some(at("project/images")), "the nearer of two");
        assert_eq!(find(&["images/a.png"]), Some(at("project")));
        assert_eq!(find(&[r"images\a.png"]), Some(at("project")));
        assert_eq!(find(&["train/b.png", "a.png"]), Some(at("project/images")));
        assert_eq!(find(&["deep.png"]), Some(at("project/lists/x/y")));
        assert_eq!(find(&["missing.png"]), None);
        assert_eq!(find(&["link.png"]), None, "what would not be opened is not offered");
        assert_eq!(find(&["https://example.org/a.png"]), None);
    }

    #[test]
    fn what_is_outside_is_named_and_not_looked_at() {
        let start = Path::new("/no/such/project/lists");
        let find = |all: &[&str]| remedy(&Paths::default(), Some(start), &names(all));
        let allow = |folder: &str| Some(("allow_dir", from_here(Path::new(folder))));
        assert_eq!(find(&["/no/data/a/1.png", "/no/data/b/2.png"]), allow("/no/data"));
        assert_eq!(find(&["file:///no/data/a/1.png"]), allow("/no/data/a"));
        assert_eq!(
            find(&["../images/a.png", "../images/./b.png"]),
            allow("/no/such/project/images")
        );
        assert_eq!(find(&["/no/a.png", "/data/b.png"]), None, "the root is never offered");
        assert_eq!(find(&["/data/local-files/?d=pics/a.png"]), None, "the address of a server");
        assert_eq!(find(&[]), None);
    }

    #[test]
    fn the_search_is_bounded() {
        let folder = tempfile::tempdir().expect("a folder");
        for i in 0..300 {
            fs::create_dir(folder.path().join(format!("{i:03}"))).expect("a folder");
        }
        let all = folders(folder.path());
        assert_eq!(all.len(), FOLDERS);
        assert_eq!(all[0], folder.path());
        assert!(all[1].ends_with("000"));
    }
}
