//! The eight orientations of EXIF and TIFF, applied as `ImageOps.exif_transpose` does.

/// Whether the orientation swaps height and width.
pub(crate) fn swaps(orientation: u8) -> bool {
    (5..=8).contains(&orientation)
}

/// Fills `out` with the `height` by `width` pixels of `pixel` bytes, turned upright.
pub(crate) fn upright(
    pixels: &[u8],
    (height, width): (usize, usize),
    pixel: usize,
    orientation: u8,
    out: &mut [u8],
) {
    let (rows, columns) = if swaps(orientation) { (width, height) } else { (height, width) };
    // Where output row y and column x come from: begin there, one step for each x and each y.
    let (w, last_row, last_column) = (width as isize, height as isize - 1, width as isize - 1);
    let (begin, by_row, by_column) = match orientation {
        2 => (last_column, w, -1),
        3 => (last_row * w + last_column, -w, -1),
        4 => (last_row * w, -w, 1),
        5 => (0, 1, w),
        6 => (last_row * w, 1, -w),
        7 => (last_row * w + last_column, -1, -w),
        8 => (last_column, -1, w),
        _ => (0, w, 1),
    };
    for (y, row) in out.chunks_exact_mut(columns * pixel).enumerate().take(rows) {
        let mut at = begin + y as isize * by_row;
        for slot in row.chunks_exact_mut(pixel) {
            let from = at as usize * pixel;
            slot.copy_from_slice(&pixels[from..from + pixel]);
            at += by_column;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn as_exif_transpose() {
        // [[1, 2, 3], [4, 5, 6]] through Image.transpose.
        let expected: [[u8; 6]; 8] = [
            [1, 2, 3, 4, 5, 6],
            [3, 2, 1, 6, 5, 4],
            [6, 5, 4, 3, 2, 1],
            [4, 5, 6, 1, 2, 3],
            [1, 4, 2, 5, 3, 6],
            [4, 1, 5, 2, 6, 3],
            [6, 3, 5, 2, 4, 1],
            [3, 6, 2, 5, 1, 4],
        ];
        for (orientation, want) in (1..).zip(expected) {
            let mut out = [0; 6];
            upright(&[1, 2, 3, 4, 5, 6], (2, 3), 1, orientation, &mut out);
            assert_eq!(out, want, "orientation {orientation}");
        }
    }
}
