//! Where a file of lines is cut into ranges that can be read apart from each other.

use super::place::Place;
use crate::error::{Error, Result};

/// How much is looked at for a line end at a time.
const BLOCK: usize = 64 << 10;

/// The ranges of a file of so many bytes, as first byte and the one after the last: each ends after the line end
/// that follows a multiple of `every`, the last with the file.
pub(crate) fn ranges(place: &Place, size: u64, every: u64) -> Result<Vec<(u64, u64)>> {
    let every = every.max(1);
    let failed = |e| Error::io(format_args!("cannot read {}", place.name()), e);
    let file = place.spot().map_err(failed)?;
    let (mut ranges, mut from) = (Vec::new(), 0);
    let mut block = vec![0; BLOCK];
    while size - from > every {
        // A multiple that stands after a line end is the cut itself.
        let mut at = (from / every + 1) * every - 1;
        let cut = loop {
            if at >= size {
                break size;
            }
            let n = file.read_at(&mut block, at).map_err(failed)?;
            match memchr::memchr(b'\n', &block[..n]) {
                Some(found) => break at + found as u64 + 1,
                None if n == 0 => break size,
                None => at += n as u64,
            }
        };
        let cut = cut.min(size);
        ranges.push((from, cut));
        from = cut;
    }
    if from < size || size == 0 {
        ranges.push((from, size));
    }
    Ok(ranges)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ranges_are_whole_lines_and_all_of_them() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a");
        let long = format!("a\n\n{}\nb", "x".repeat(100_000));
        for text in ["", "a", "a\n", "a\nb", "aaa\nbbb\nccc\n", "\n\n\n\n", &long] {
            std::fs::write(&path, text).expect("written");
            for every in [1, 2, 3, 4, 5, 50_000, 100_001, 1 << 40] {
                let ranges =
                    ranges(&Place::Path(path.clone()), text.len() as u64, every).expect("ranges");
                let mut end = 0;
                for &(from, to) in &ranges {
                    assert!(from == end && (to > from || text.is_empty()), "{ranges:?}");
                    assert!(from == 0 || text.as_bytes()[from as usize - 1] == b'\n');
                    end = to;
                }
                assert_eq!(end, text.len() as u64);
            }
        }
        std::fs::write(&path, "aaa\nbbb\nccc\n").expect("written");
        let place = Place::Path(path);
        assert_eq!(ranges(&place, 12, 5).expect("ranges"), [(0, 8), (8, 12)]);
        assert_eq!(ranges(&place, 12, 4).expect("ranges"), [(0, 4), (4, 8), (8, 12)]);
    }
}
