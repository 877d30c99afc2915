//! A folder as an input: which of its files are read, by their names alone.

use std::path::{Path, PathBuf};

use crate::error::{Error, Result, brief};

/// What names of records end in, before the ending of a compression.
const ENDINGS: [&str; 2] = [".ndjson", ".jsonl"];
const COMPRESSED: [&str; 5] = [".gz", ".zst", ".zstd", ".bz2", ".xz"];
/// Records that a run could not read, which it writes itself.
const REJECTS: &str = ".rejects.ndjson";
/// So many names of what is passed over are said.
const NAMED: usize = 3;

/// Whether a file of this name is read where its folder is the input: hidden ones, rejects files and everything else
/// that ndpix writes beside an output are not.
pub(super) fn is_taken(name: &str) -> bool {
    let name = name.to_ascii_lowercase();
    let plain = COMPRESSED.iter().find_map(|ending| name.strip_suffix(ending)).unwrap_or(&name);
    let is_records = ENDINGS.iter().any(|ending| plain.ends_with(ending));
    is_records
        && !plain.starts_with('.')
        && !plain.ends_with(REJECTS)
        && !plain.contains(".partial")
}

/// The files of a folder that are read, in byte order of their names, and what is passed over.
pub(super) fn files(folder: &Path) -> Result<(Vec<PathBuf>, Vec<String>)> {
    let failed = |e| Error::io(format_args!("cannot read {}", shown(folder)), e);
    let (mut taken, mut passed) = (Vec::new(), Vec::new());
    for entry in std::fs::read_dir(folder).map_err(failed)? {
        let entry = entry.map_err(failed)?;
        let (name, path) = (entry.file_name().to_string_lossy().into_owned(), entry.path());
        match is_taken(&name) && path.is_file() {
            true => taken.push(path),
            false => passed.push(name),
        }
    }
    taken.sort_by(|a, b| a.as_os_str().as_encoded_bytes().cmp(b.as_os_str().as_encoded_bytes()));
    Ok((taken, passed))
}

/// What is said of the files that a folder gave.
///
/// # Errors
/// Kind `options` where it gave none.
pub(super) fn said(folder: &str, taken: usize, mut passed: Vec<String>) -> Result<String> {
    passed.sort();
    let named = passed.iter().take(NAMED).map(|name| brief(name)).collect::<Vec<_>>().join(", ");
    let more = if passed.len() > NAMED { ", ..." } else { "" };
    let folder = folder.trim_end_matches('/');
    let passed = match passed.len() {
        0 => String::new(),
        count => format!("; passed over: {count} ({named}{more})"),
    };
    if taken == 0 {
        return Err(Error::options(format!(
            "{} holds no file that ends in .ndjson or .jsonl, compressed or not{passed}; name its files, for example \"{}/*.json\"",
            brief(folder),
            brief(folder)
        )));
    }
    let files = if taken == 1 { "1 file is".to_string() } else { format!("{taken} files are") };
    Ok(format!("{}: {files} read, in the order of their names{passed}", brief(folder)))
}

fn shown(path: &Path) -> String {
    brief(&path.display().to_string())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_ndpix_writes_is_no_input() {
        for name in
            ["a.ndjson", "a.b.jsonl", "A.NDJSON.GZ", "a.jsonl.zst", "a.ndjson.xz", "a.jsonl.bz2"]
        {
            assert!(is_taken(name), "{name}");
        }
        for name in [
            "a.json",
            "a.txt.gz",
            ".a.ndjson",
            "a.npy",
            "a.npy.rejects.ndjson",
            "a.npy.rejects.ndjson.gz",
            "a.npy.rejects.ndjson.partial",
            "a.npy.partial.ndjson",
            "a.npy.inputs.json",
            "a.npy.plan.json",
            "ndjson",
        ] {
            assert!(!is_taken(name), "{name}");
        }
        let said = said("d/", 0, vec!["b".into(), "a".into()]).expect_err("nothing").to_string();
        assert!(said.contains("d holds no file") && said.contains("2 (a, b)"), "{said}");
    }
}
