//! Nearest: the pixel under each output pixel's centre, as Pillow's transforms walk it (`Geometry.c`):
//! positions in double precision, summed up step by step (`ImagingScaleAffine`), but for I;16 worked
//! out one by one (`ImagingGenericTransform`). Where a centre falls on an edge the two differ.

/// The input positions along one axis of `len` samples; `None` outside.
fn positions(from: f32, to: f32, out: usize, len: usize, summed: bool) -> Vec<Option<usize>> {
    // The difference is taken in single precision there, and so here.
    let step = f64::from(to - from) / out as f64;
    let mut sum = f64::from(from) + step * 0.5;
    (0..out)
        .map(|i| {
            let at = if summed { sum } else { step * (i as f64 + 0.5) + f64::from(from) };
            sum += step;
            (at >= 0.0 && at < len as f64).then_some(at as usize)
        })
        .collect()
}

/// Fills `out` (`height` by `width` pixels of `pixel` bytes) from `src`; what falls outside is 0.
/// `summed`: see above.
pub(super) fn resize(
    src: &[u8],
    (src_height, src_width): (usize, usize),
    pixel: usize,
    region: [f32; 4],
    summed: bool,
    (height, width): (usize, usize),
    out: &mut [u8],
) {
    let [left, top, right, bottom] = region;
    let columns = positions(left, right, width, src_width, summed);
    let rows = positions(top, bottom, height, src_height, summed);
    for (target, row) in out.chunks_exact_mut(width * pixel).zip(rows) {
        let Some(row) = row else {
            target.fill(0);
            continue;
        };
        let line = &src[row * src_width * pixel..(row + 1) * src_width * pixel];
        for (slot, column) in target.chunks_exact_mut(pixel).zip(&columns) {
            match column {
                Some(x) => slot.copy_from_slice(&line[x * pixel..(x + 1) * pixel]),
                None => slot.fill(0),
            }
        }
    }
}
