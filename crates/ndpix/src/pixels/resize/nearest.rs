//! Nearest: the pixel under each output pixel's centre, as Pillow's scaling transform walks it
//! (`Geometry.c`, `ImagingScaleAffine`): positions are summed up step by step in double precision.

/// The input positions along one axis of `len` samples; `None` outside.
fn positions(from: f32, to: f32, out: usize, len: usize) -> Vec<Option<usize>> {
    let step = f64::from(to - from) / out as f64;
    let mut at = f64::from(from) + step * 0.5;
    (0..out)
        .map(|_| {
            let here = (at >= 0.0 && at < len as f64).then_some(at as usize);
            at += step;
            here
        })
        .collect()
}

/// Fills `out` (`height` by `width` pixels of `pixel` bytes) from `src`; what falls outside is 0.
pub(super) fn resize(
    src: &[u8],
    (src_height, src_width): (usize, usize),
    pixel: usize,
    region: [f32; 4],
    (height, width): (usize, usize),
    out: &mut [u8],
) {
    let [left, top, right, bottom] = region;
    let columns = positions(left, right, width, src_width);
    let rows = positions(top, bottom, height, src_height);
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
