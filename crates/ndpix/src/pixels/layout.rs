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
    let plane_len = (pixels.len() / channels.max(1)).max(1);
    for (channel, plane) in out.chunks_exact_mut(plane_len).enumerate() {
        let source = pixels[channel * size..].chunks(channels * size);
        for (slot, pixel) in plane.chunks_exact_mut(size).zip(source) {
            slot.copy_from_slice(&pixel[..size]);
        }
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
        to_planes(&pixels, 1, 2, &mut out);
        assert_eq!(out, pixels);
        swap_red_blue(&mut pixels, 1);
        assert_eq!(pixels, [3, 2, 1, 6, 5, 4]);
    }
}
