//! Where the paths of images lead: what options and inputs say of it.

use std::fmt;
use std::path::{Component, Path, PathBuf};
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::error::{Error, Result, quote};
use crate::fetch::{Fetcher, Rules};
use crate::plan::text::list;

/// The beginning of paths, and what stands there instead: `/data/local-files/?d==images/`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct PathPrefix {
    /// What paths begin with; addresses count as paths here.
    pub old: String,
    /// What they begin with then.
    pub new: String,
}

impl FromStr for PathPrefix {
    type Err = Error;

    /// `OLD=NEW`. The last `=` parts them, as the beginning of an address may hold one.
    fn from_str(text: &str) -> Result<Self> {
        match text.rsplit_once('=') {
            Some((old, new)) if !old.is_empty() => Ok(Self { old: old.into(), new: new.into() }),
            _ => Err(Error::options(format!(
                "path_prefix {} is not OLD=NEW, as in /data/local-files/?d==images/",
                quote(text.as_bytes())
            ))),
        }
    }
}

impl fmt::Display for PathPrefix {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}={}", self.old, self.new)
    }
}

/// What the options say of paths. All folders are absolute: they stay the same when the working directory
/// changes.
#[derive(Debug, Clone, Default, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Paths {
    /// Where relative paths begin; `None`: at the folder of each input.
    #[serde(deserialize_with = "Option::deserialize")]
    pub base_dir: Option<PathBuf>,
    /// The folders that paths may reach beside that.
    pub allow_dir: Vec<PathBuf>,
    /// How their beginnings are rewritten; the first that fits counts.
    #[serde(with = "list")]
    pub prefixes: Vec<PathPrefix>,
    /// Which addresses are fetched.
    pub rules: Rules,
    /// Whoever fetches them.
    #[serde(skip)]
    pub fetcher: Fetcher,
}

/// Where relative paths in the records of an input begin, unless `base_dir` says so.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Base {
    /// The folder of the input, absolute. Paths may reach it.
    pub folder: PathBuf,
    /// The file that the record was rejected from, as the rejects file names it: then paths begin at the
    /// folder of that one, if they may reach it.
    pub original: Option<PathBuf>,
}

/// The path from the root, where that can be found out.
pub(crate) fn absolute(path: &Path) -> PathBuf {
    std::path::absolute(path).unwrap_or_else(|_| path.to_owned())
}

/// An absolute path without `.` and `..`, by its names alone.
pub(crate) fn flat(path: &Path) -> PathBuf {
    let mut flat = PathBuf::new();
    for part in path.components() {
        match part {
            Component::ParentDir => {
                flat.pop();
            }
            Component::CurDir => {}
            part => flat.push(part),
        }
    }
    flat
}

/// A folder as it is named from the working directory: `images`, `../images`, or from the root where
/// nothing is shared but that.
pub(crate) fn from_here(folder: &Path) -> PathBuf {
    match std::env::current_dir() {
        Ok(here) => between(&here, &flat(folder)),
        Err(_) => folder.to_owned(),
    }
}

fn between(here: &Path, folder: &Path) -> PathBuf {
    let Some(shared) = here.ancestors().find(|above| folder.starts_with(above)) else {
        return folder.to_owned();
    };
    let up = here.ancestors().take_while(|above| *above != shared).count();
    let down = folder.strip_prefix(shared).unwrap_or(folder);
    match (shared.parent(), up, down.as_os_str().is_empty()) {
        (None, 1.., _) => folder.to_owned(),
        (_, 0, true) => ".".into(),
        _ => [".."].repeat(up).iter().map(Path::new).chain([down]).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_prefix_is_parted_at_the_last_sign() {
        for (text, old, new) in [
            ("/data/local-files/?d==images/", "/data/local-files/?d=", "images/"),
            ("/data/local-files/?d==", "/data/local-files/?d=", ""),
            ("s3://bucket/=/mnt/bucket/", "s3://bucket/", "/mnt/bucket/"),
            (r"C:\data\=", r"C:\data\", ""),
        ] {
            let prefix: PathPrefix = text.parse().expect(text);
            assert_eq!((&*prefix.old, &*prefix.new), (old, new));
            assert_eq!(prefix.to_string(), text);
        }
        for text in ["", "=", "=images", "images"] {
            assert!(text.parse::<PathPrefix>().is_err(), "{text}");
        }
    }

    #[test]
    fn folders_are_named_from_here() {
        for (folder, name) in [
            ("/home/u/data", "."),
            ("/home/u/data/images", "images"),
            ("/home/u", ".."),
            ("/home/u/images/a", "../images/a"),
            ("/home/u2", "../../u2"),
            ("/mnt/images", "/mnt/images"),
            ("/", "/"),
        ] {
            assert_eq!(between(Path::new("/home/u/data"), Path::new(folder)), Path::new(name));
        }
        assert_eq!(between(Path::new("/"), Path::new("/images")), Path::new("images"));
    }
}
