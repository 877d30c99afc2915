//! A leaf: what is not the same on all systems. Nothing else asks which one this is.

#[cfg(unix)]
mod unix;
#[cfg(windows)]
mod windows;

#[cfg(unix)]
use unix as system;
#[cfg(windows)]
use windows as system;

use std::io;
use std::path::Path;

#[cfg(feature = "avif")]
pub(crate) use system::AGAIN;
pub(crate) use system::fence::Fence;
pub(crate) use system::{
    FileAt, cache_folder, exchange, free_bytes, id_of, is_absolute, is_loop, lock, may_read,
    open_alone, own_folder, path_of, peak_memory, sync,
};
pub(crate) use system::{map, populate, remap, unmap};

/// What a file or folder is known by under any of its names.
pub(crate) type Id = [u64; 2];

/// Why a file is not opened that a path from a record names.
#[derive(Debug)]
pub(crate) enum Stop {
    /// The path leads out of the folders that it may reach.
    Outside,
    /// What is there is no regular file, but this.
    Is(&'static str),
    /// The system says no.
    Io(io::Error),
}

/// What the file or folder of this name is known by; none where there is no such.
pub(crate) fn id(path: &Path) -> Option<Id> {
    system::id(path).ok()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_is_known_under_any_name() {
        let folder = tempfile::tempdir().expect("a folder");
        let at = |name: &str| folder.path().join(name);
        std::fs::write(at("a"), "text").expect("written");
        std::fs::write(at("b"), "text").expect("written");
        std::fs::hard_link(at("a"), at("c")).expect("a link");
        assert!(id(&at("a")).is_some() && id(&at("a")) == id(&at("c")));
        assert!(id(&at("a")) != id(&at("b")) && id(&at("none")).is_none());
        let file = std::fs::File::open(at("c")).expect("opened");
        assert_eq!(id_of(&file).ok(), id(&at("a")));
        assert!(open_alone(&at("b"), false).expect("opened").is_some());
        assert!(open_alone(&at("a"), false).expect("opened").is_none(), "it has two names");
        let [mine, other] =
            [(); 2].map(|()| open_alone(&at("b"), false).expect("a file").expect("ours"));
        assert!(lock(&mine) && !lock(&other));
        drop(mine);
        assert!(lock(&other) && std::fs::read(at("b")).is_ok_and(|text| text == b"text"));
        assert!(may_read(&at("a")).is_ok() && may_read(&at("none")).is_err());
        sync(&at("a")).expect("a file");
        sync(folder.path()).expect("a folder");
    }

    #[test]
    fn bytes_have_places() {
        let file = tempfile::tempfile().expect("a file");
        file.write_all_at(b"world", 6).expect("written");
        file.write_all_at(b"hello ", 0).expect("written");
        let mut all = [0; 11];
        file.read_exact_at(&mut all, 0).expect("read");
        assert_eq!(&all, b"hello world");
        assert_eq!(file.read_at(&mut all, 9).expect("read"), 2);
        assert!(file.read_exact_at(&mut all, 1).is_err(), "it ends before");
    }

    #[test]
    fn the_machine_says_what_it_has() {
        assert!(peak_memory() > 1 << 20);
        assert!(free_bytes(Path::new(".")).is_some());
        assert!(free_bytes(Path::new("no such folder")).is_none());
    }
}
