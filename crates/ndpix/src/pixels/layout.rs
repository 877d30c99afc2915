//! The order of channels and axes.

/// Swaps the first and third of three samples of `size` bytes: RGB to BGR and back.
pub(crate) fn swap_red_blue(pixels: &mut [u8], size: usize) {
    for pixel in pixels.chunks_exact_mut(3 * size) {
        let (red, rest) = pixel.split_at_mut(size);
        red.swap_with_slice(&mut rest[size..]);
    }
}

/// Fills `out` with one plane after the other, from pixels of `channels` samples of `size` bytes.
pub(crate) fn to_planes(pixels: &[u8], channels: usize, size: usize, out: &mut [u8]) {
    match size {
        1 => planes::<1>(pixels, channels, out),
        2 => planes::<2>(pixels, channels, out),
        4 => planes::<4>(pixels, channels, out),
        _ => planes::<8>(pixels, channels, out),
    }
}

/// As [`to_planes`], of samples of `N` bytes.
fn planes<const N: usize>(pixels: &[u8], channels: usize, out: &mut [u8]) {
    let (samples, slots) = (pixels.as_chunks::<N>().0, out.as_chunks_mut::<N>().0);
    let plane_len = (samples.len() / channels.max(1)).max(1);
    // The everyday case with a number that the compiler knows: several times the loop below.
    if channels == 3 {
        let (red, rest) = slots.split_at_mut(plane_len.min(slots.len()));
        let (green, blue) = rest.split_at_mut(plane_len.min(rest.len()));
        let planes = red.iter_mut().zip(green).zip(blue);
        for (((red, green), blue), pixel) in planes.zip(samples.as_chunks::<3>().0) {
            [*red, *green, *blue] = *pixel;
        }
        return;
    }
    for (channel, plane) in slots.chunks_exact_mut(plane_len).enumerate() {
        let source = samples[channel.min(samples.len())..].iter().step_by(channels.max(1));
        plane.iter_mut().zip(source).for_each(|(slot, sample)| *slot = *sample);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn channels_and_axes_change_places() {
        let mut pixels = [1, 2, 3, 4, 5, 6];
        let mut out = [0; 6];
        to_planes(&pixels, 3, 1, &mut out);
        assert_eq!(out, [1, 4, 2, 5, 3, 6]);
        for (channels, size) in [(1, 1), (2, 1), (2, 2), (3, 2), (3, 4), (4, 1), (5, 8), (3, 8)] {
            let pixels: Vec<u8> = (0..7 * channels * size).map(|i| i as u8).collect();
            let mut out = vec![0; pixels.len()];
            to_planes(&pixels, channels, size, &mut out);
            for (at, slot) in out.chunks(size).enumerate() {
                let from = (at % 7 * channels + at / 7) * size;
                assert_eq!(slot, &pixels[from..from + size], "{channels} of {size}");
            }
        }
        to_planes(&pixels, 1, 2, &mut out);
        assert_eq!(out, pixels);
        swap_red_blue(&mut pixels, 1);
        assert_eq!(pixels, [3, 2, 1, 6, 5, 4]);
    }
}
