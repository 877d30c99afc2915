//! Premultiplied alpha: before a resize colours are weighted by their alpha, after it the weight is
//! taken off again, so that what is invisible does not bleed into what is seen.
//!
//! With Pillow's rounding (`Convert.c`: RGBA to RGBa and back, LA the same). Pillow has this for 8
//! bits only; deeper images are resized channel by channel.

/// Colours times alpha, rounded: `MULDIV255` where `full` alpha is 255.
pub(super) fn multiply(pixels: &mut [u8], channels: usize, full: u8) {
    let all = u32::from(full);
    for pixel in pixels.chunks_exact_mut(channels) {
        if let Some((alpha, colors)) = pixel.split_last_mut()
            && *alpha != full
        {
            for color in colors {
                let product = u32::from(*color) * u32::from(*alpha);
                *color = match full {
                    255 => (((product + 128) >> 8) + product + 128) >> 8,
                    _ => (product + all / 2) / all,
                } as u8;
            }
        }
    }
}

/// Colours divided by alpha, cut; where alpha is 0 they stay.
pub(super) fn divide(pixels: &mut [u8], channels: usize, full: u8) {
    let all = u32::from(full);
    for pixel in pixels.chunks_exact_mut(channels) {
        if let Some((alpha, colors)) = pixel.split_last_mut()
            && *alpha != 0
            && *alpha != full
        {
            for color in colors {
                *color = (all * u32::from(*color) / u32::from(*alpha)).min(all) as u8;
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn full_alpha_changes_nothing_and_none_hides() {
        let mut pixels = [10, 20, 30, 255, 10, 20, 30, 0, 200, 100, 50, 128];
        multiply(&mut pixels, 4, 255);
        assert_eq!(pixels, [10, 20, 30, 255, 0, 0, 0, 0, 100, 50, 25, 128]);
        divide(&mut pixels, 4, 255);
        assert_eq!(pixels, [10, 20, 30, 255, 0, 0, 0, 0, 199, 99, 49, 128]);
    }

    #[test]
    fn alpha_of_few_bits_ends_with_them() {
        let mut pixels = [7, 12, 3, 15, 7, 12, 3, 8];
        multiply(&mut pixels, 4, 15);
        assert_eq!(pixels, [7, 12, 3, 15, 4, 6, 2, 8]);
        divide(&mut pixels, 4, 15);
        assert_eq!(pixels, [7, 12, 3, 15, 7, 11, 3, 8]);
    }

    #[test]
    fn bytes_are_rounded_as_pillow_does() {
        for (color, alpha) in (0..=255u8).flat_map(|c| (0..=255u8).map(move |a| (c, a))) {
            let product = u32::from(color) * u32::from(alpha) + 128;
            let mut pixel = [color, alpha];
            multiply(&mut pixel, 2, 255);
            assert_eq!(u32::from(pixel[0]), ((product >> 8) + product) >> 8);
        }
    }
}
