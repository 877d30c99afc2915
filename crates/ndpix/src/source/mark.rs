//! What a file is known by when it comes again: its size, and checksums of both its ends. Its name says
//! little: the same file has several, and another file may have it tomorrow.

use flate2::Crc;

use super::Input;
use super::place::Place;

/// So many bytes are an end.
const END: u64 = 64 << 10;

/// See the module.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Mark {
    /// Bytes of the file, compressed as it is.
    pub(crate) bytes: u64,
    /// CRC-32 of the first of them, and of the last.
    pub(crate) head: u32,
    pub(crate) tail: u32,
}

impl Mark {
    /// The mark of an input; none of what is no file.
    pub(crate) fn of(input: &Input) -> Option<Self> {
        Self::at(&input.file()?)
    }

    /// The mark of what lies there.
    pub(crate) fn at(place: &Place) -> Option<Self> {
        Self::of_first(place, place.stamp()?.bytes)
    }

    /// Whether an input begins with, or is, what has this mark.
    pub(crate) fn begins(&self, input: &Input) -> bool {
        let Some(place) = input.file() else { return false };
        input.size().is_some_and(|size| size >= self.bytes)
            && Self::of_first(&place, self.bytes) == Some(*self)
    }

    /// The mark of the first bytes of a file.
    fn of_first(place: &Place, bytes: u64) -> Option<Self> {
        let file = place.spot().ok()?;
        let sum = |from: u64| {
            let mut end = vec![0; bytes.min(END) as usize];
            file.read_exact_at(&mut end, from).ok()?;
            let mut crc = Crc::new();
            crc.update(&end);
            Some(crc.sum())
        };
        Some(Self { bytes, head: sum(0)?, tail: sum(bytes.saturating_sub(END))? })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_file_that_grew_is_told_from_one_that_changed() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.ndjson");
        let put = |text: &[u8]| std::fs::write(&path, text).expect("written");
        for len in [0, 1, 70_000, 200_000] {
            let text: Vec<u8> = (0..len).map(|i: u32| (i / 7) as u8).collect();
            put(&text);
            let input = Input::Path(path.clone());
            let mark = Mark::of(&input).expect("a file");
            assert!(mark.begins(&input));
            put(&[&text[..], b"more"].concat());
            assert!(mark.begins(&input) && Mark::of(&input) != Some(mark));
            if let Some(last) = text.len().checked_sub(1) {
                put(&text[..last]);
                assert!(!mark.begins(&input));
                for place in [0, last] {
                    let mut other = text.clone();
                    other[place] ^= 1;
                    put(&other);
                    assert!(!mark.begins(&input));
                }
            }
        }
        assert_eq!(Mark::of(&Input::Stdin), None);
    }
}
