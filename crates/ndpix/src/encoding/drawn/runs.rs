//! Masks as run lengths: COCO's in text and in numbers, Kaggle's pairs, CVAT's boxes.
//!
//! Their common form is a list of lengths of alternating runs of pixels, beginning with background (a first
//! length may be 0). Only CVAT's run along rows; the others run down columns, the first column first.

use super::canvas::{Canvas, settle};
use crate::error::{Error, Result, quote};
use crate::limits::make_room;

/// The most characters that one count of a text may have: 60 bits, and 7 are enough for any run.
const MOST_GROUPS: u32 = 12;

/// Replaces `runs` with the run lengths in a compressed text of COCO, as pycocotools 2.0.11 reads it.
///
/// Each character less 48 is six bits: five of a number, the lowest first, and one that says that more
/// follow. The last group's highest bit is the sign. From the fourth on, numbers are differences to the run two
/// before.
pub(super) fn from_text(text: &[u8], runs: &mut Vec<u32>) -> Result<()> {
    runs.clear();
    make_room(runs, text.len())?;
    let (mut number, mut groups) = (0_i64, 0);
    for (at, &c) in text.iter().enumerate() {
        let group = c.wrapping_sub(b'0');
        if group >= 64 || groups == MOST_GROUPS {
            return Err(Error::encoding(format!(
                "not run lengths of a mask: {} at character {at}",
                quote(&text[at..=at])
            )));
        }
        number |= i64::from(group & 0x1F) << (5 * groups);
        groups += 1;
        if group & 0x20 != 0 {
            continue;
        }
        if group & 0x10 != 0 {
            number |= -1 << (5 * groups);
        }
        let before = match runs[..] {
            [_, .., before, _] => i64::from(before),
            _ => 0,
        };
        // Both are far below 2^62.
        runs.push(length(number + before)?);
        (number, groups) = (0, 0);
    }
    match groups {
        0 => Ok(()),
        _ => Err(Error::encoding("the run lengths of a mask end within a number")),
    }
}

/// Replaces `runs` with those of Kaggle's "start length start length ...": starts count from 1, in any
/// order, and pixels may be named twice. An empty text is an empty mask. `pixels` is the size of the mask.
pub(super) fn from_pairs(text: &[u8], pixels: u64, runs: &mut Vec<u32>) -> Result<()> {
    let all = u32::try_from(pixels)
        .map_err(|_| Error::limit(format!("a mask of {pixels} pixels is too large")))?;
    let mut pairs = Vec::new();
    // The shortest pair is two digits with two spaces.
    make_room(&mut pairs, text.len() / 4 + 1)?;
    let mut words = text.split(u8::is_ascii_whitespace).filter(|word| !word.is_empty());
    while let Some(start) = words.next() {
        let Some(len) = words.next() else {
            return Err(Error::encoding("the last start of a mask's runs has no length"));
        };
        let (first, len) = (whole(start)?.checked_sub(1), whole(len)?);
        let first = first.ok_or_else(|| Error::encoding("the starts of runs count from 1"))?;
        match first.checked_add(len) {
            Some(end) if end <= all => pairs.push((first, end)),
            _ => {
                return Err(Error::shape(format!(
                    "a run of {len} from pixel {} on ends after the mask's {pixels} pixels",
                    quote(start)
                )));
            }
        }
    }
    if !pairs.is_sorted() {
        pairs.sort_unstable();
    }
    join(&pairs, all, runs)
}

/// Replaces `runs` with those of sorted stretches of pixels `[start, end)` in a mask of `all` pixels.
fn join(pairs: &[(u32, u32)], all: u32, runs: &mut Vec<u32>) -> Result<()> {
    runs.clear();
    make_room(runs, 2 * pairs.len() + 1)?;
    let mut reached = 0;
    for &(start, end) in pairs.iter().filter(|(start, end)| start < end) {
        match runs.last_mut() {
            Some(run) if start <= reached => *run += end.saturating_sub(reached),
            _ => runs.extend([start - reached, end - start]),
        }
        reached = reached.max(end);
    }
    runs.push(all - reached);
    Ok(())
}

/// The run that a number says.
pub(super) fn length(number: i64) -> Result<u32> {
    u32::try_from(number)
        .map_err(|_| Error::encoding(format!("a run of a mask cannot be {number} pixels long")))
}

/// A number in digits alone.
fn whole(word: &[u8]) -> Result<u32> {
    let digits = word.iter().all(u8::is_ascii_digit).then_some(word);
    let number = digits.and_then(|digits| std::str::from_utf8(digits).ok()?.parse().ok());
    number.ok_or_else(|| Error::encoding(format!("{} in a mask's runs", quote(word))))
}

/// Refuses runs that together are not the pixels of a mask of this size. Call it before the mask is
/// allocated.
pub(super) fn check(runs: &[u32], height: usize, width: usize) -> Result<()> {
    let sum = runs.iter().fold(0_u64, |sum, &run| sum.saturating_add(run.into()));
    let pixels = (height as u64).checked_mul(width as u64);
    match pixels {
        Some(pixels) if pixels == sum => Ok(()),
        _ => Err(Error::shape(format!(
            "runs of {sum} pixels together, but the mask is {height} x {width}"
        ))),
    }
}

/// Writes runs down the columns into a mask in C order: 0 outside, 1 inside. What it held is lost.
pub(super) fn fill(runs: &[u32], height: usize, width: usize, mask: &mut [u8]) -> Result<()> {
    check(runs, height, width)?;
    if height.checked_mul(width) != Some(mask.len()) {
        return Err(Error::shape(format!(
            "{} bytes for a mask of {height} x {width} pixels",
            mask.len()
        )));
    }
    mask.fill(0);
    mark(runs, height, 0..width, mask);
    settle(mask, width);
    Ok(())
}

/// Notes in a `plane` of zeros, which is some `columns` of a mask, where runs change in each column; a
/// column that begins inside changes at its first pixel.
fn mark(runs: &[u32], height: usize, columns: std::ops::Range<usize>, plane: &mut [u8]) {
    let step = columns.len();
    if height == 0 || step == 0 {
        return;
    }
    let mut flip = |row: usize, column: usize| {
        if columns.contains(&column)
            && let Some(pixel) = plane.get_mut(row * step + (column - columns.start))
        {
            *pixel ^= 1;
        }
    };
    let (mut row, mut column, mut inside) = (0, 0, false);
    for &run in runs {
        row += run as usize;
        if row >= height {
            let next = column + row / height;
            row %= height;
            if inside {
                // Runs are no longer than the mask, so all these are its columns and the one after.
                (column + 1..=next).for_each(|column| flip(0, column));
            }
            column = next;
        }
        inside = !inside;
        flip(row, column);
    }
}

/// Draws runs along the rows of a box, as CVAT writes them: `[left, top, right, bottom]`, all included.
pub(super) fn draw_box(
    runs: &[u32],
    [left, top, right, bottom]: [u32; 4],
    canvas: &mut Canvas<'_>,
    value: u8,
) -> Result<()> {
    let sides = [left, top, right, bottom].map(i64::from);
    let [first, row, last, end] = sides;
    if first > last || row > end || last >= canvas.width() || end >= canvas.height() {
        return Err(Error::shape(format!(
            "the box {sides:?} of a mask is not in its {} x {} pixels",
            canvas.height(),
            canvas.width()
        )));
    }
    // Differences of numbers of 32 bits, none negative.
    let (rows, columns) = (1 + end - row, 1 + last - first);
    check(runs, rows as usize, columns as usize)?;
    canvas.take(runs.len() as u64)?;
    let (mut at, mut inside) = (0, false);
    for &run in runs {
        let end = at + i64::from(run);
        while inside && at < end {
            let (down, along) = (at / columns, at % columns);
            let len = (end - at).min(columns - along);
            canvas.span(row + down, first + along, first + along + len - 1, value)?;
            at += len;
        }
        at = end;
        inside = !inside;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    const MASK: [u8; 12] = [0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1];

    fn text(text: &str) -> std::result::Result<Vec<u32>, ErrorKind> {
        let mut runs = vec![9];
        from_text(text.as_bytes(), &mut runs).map(|()| runs).map_err(|e| e.kind())
    }

    fn pairs(text: &str, pixels: u64) -> std::result::Result<Vec<u32>, ErrorKind> {
        let mut runs = vec![9];
        from_pairs(text.as_bytes(), pixels, &mut runs).map(|()| runs).map_err(|e| e.kind())
    }

    #[test]
    fn texts_of_coco() {
        assert_eq!(text("41121N"), Ok(vec![4, 1, 1, 3, 2, 1]));
        assert_eq!(text("\\1d0"), Ok(vec![44, 20]));
        assert_eq!(text("0"), Ok(vec![0]));
        assert_eq!(text(""), Ok(vec![]));
        // The fourth number is a difference: 1 - 1 = 0.
        assert_eq!(text("111O"), Ok(vec![1, 1, 1, 0]));
    }

    #[test]
    fn texts_that_are_none() {
        for bad in
            ["4/", "4p", "4 1", "4\u{e9}", "Q", "4Q", "N", "11O", "PPPPPPPPPPPP0", "ooooooo0"]
        {
            assert_eq!(text(bad), Err(ErrorKind::Encoding), "{bad}");
        }
        // 2^32 is one more than a run can be.
        assert_eq!(text("PPPPPP4"), Err(ErrorKind::Encoding));
        assert_eq!(text("ooooooo3"), Err(ErrorKind::Encoding));
        assert_eq!(text("oooooo3"), Ok(vec![u32::MAX]));
    }

    #[test]
    fn runs_go_down_the_columns() {
        let mut mask = [7; 12];
        fill(&[4, 1, 1, 3, 2, 1], 3, 4, &mut mask).expect("mask");
        // Columns 000 010 111 001.
        assert_eq!(mask, [0, 0, 1, 0, 0, 1, 1, 0, 0, 0, 1, 1]);
        assert_eq!(mask, MASK);
        fill(&[0, 12], 3, 4, &mut mask).expect("all");
        assert_eq!(mask, [1; 12]);
        fill(&[0, 0, 0, 1, 0, 2, 9, 0], 3, 4, &mut mask).expect("zero runs");
        assert_eq!(mask, [1, 0, 0, 0, 1, 0, 0, 0, 1, 0, 0, 0]);
        fill(&[], 0, 4, &mut []).expect("no rows");
        fill(&[0], 4, 0, &mut []).expect("no columns");
    }

    #[test]
    fn runs_are_as_many_as_the_pixels() {
        let kind = |runs: &[u32], len: usize| {
            fill(runs, 3, 4, &mut vec![0; len]).map_err(|e| e.kind()).err()
        };
        assert_eq!(kind(&[11], 12), Some(ErrorKind::Shape));
        assert_eq!(kind(&[11, 2], 12), Some(ErrorKind::Shape));
        assert_eq!(kind(&[u32::MAX; 9], 12), Some(ErrorKind::Shape));
        assert_eq!(kind(&[12], 11), Some(ErrorKind::Shape));
        assert!(check(&[1], usize::MAX, usize::MAX).is_err());
    }

    #[test]
    fn pairs_of_kaggle() {
        assert_eq!(pairs("5 1 7 3 12 1", 12), Ok(vec![4, 1, 1, 3, 2, 1, 0]));
        assert_eq!(pairs(" 7 3\n5 1\t12 1 ", 12), Ok(vec![4, 1, 1, 3, 2, 1, 0]));
        assert_eq!(pairs("1 4 3 1 2 5 7 1 4 0", 12), Ok(vec![0, 7, 5]));
        assert_eq!(pairs("", 12), Ok(vec![12]));
        for bad in ["1", "1 2 3", "0 1", "-1 2", "1 x", "+1 2", "1.0 2"] {
            assert_eq!(pairs(bad, 12), Err(ErrorKind::Encoding), "{bad}");
        }
        for bad in ["1 13", "12 2", "13 1", "4294967295 4294967295"] {
            assert_eq!(pairs(bad, 12), Err(ErrorKind::Shape), "{bad}");
        }
        assert_eq!(pairs("1 1", 1 << 32), Err(ErrorKind::Limit));
    }

    #[test]
    fn boxes_of_cvat() {
        let sides = [2, 1, 4, 3];
        let kind = |runs: &[u32], sides: [u32; 4]| {
            let mut pixels = [0; 20];
            let mut canvas = Canvas::new(4, 5, &mut pixels).expect("canvas");
            draw_box(runs, sides, &mut canvas, 1).map_err(|e| e.kind())?;
            Ok(pixels)
        };
        let drawn = kind(&[1, 3, 2, 1, 2], sides).expect("drawn");
        assert_eq!(drawn, [0, 0, 0, 0, 0, 0, 0, 0, 1, 1, 0, 0, 1, 0, 0, 0, 0, 1, 0, 0]);
        for (runs, sides) in [
            (&[8, 0][..], [2, 1, 4, 3]),
            (&[9], [2, 1, 5, 3]),
            (&[9], [2, 1, 4, 4]),
            (&[9], [4, 1, 2, 3]),
            (&[0], [0, 1, 0, 0]),
            (&[9], [0, 0, u32::MAX, u32::MAX]),
        ] {
            assert_eq!(kind(runs, sides), Err(ErrorKind::Shape), "{sides:?}");
        }
    }
}
