//! Premultiplied alpha: before a resize colours are weighted by their alpha, after it the weight is
//! taken off again, so that what is invisible does not bleed into what is seen.
//!
//! With Pillow's rounding (`Convert.c`: RGBA to RGBa and back, LA the same). Pillow has this for 8
//! bits only; deeper images are resized channel by channel.

/// Colours times alpha, rounded: `MULDIV255`.
pub(super) fn multiply(pixels: &mut [u8], channels: usize) {
    for pixel in pixels.chunks_exact_mut(channels) {
        if let Some((alpha, colors)) = pixel.split_last_mut()
            && *alpha != 255
        {
            for color in colors {
                let product = u32::from(*color) * u32::from(*alpha) + 128;
                *color = (((product >> 8) + product) >> 8) as u8;
            }
        }
    }
}

/// Colours divided by alpha, cut; where alpha is 0 they stay.
pub(super) fn divide(pixels: &mut [u8], channels: usize) {
    for pixel in pixels.chunks_exact_mut(channels) {
        if let Some((alpha, colors)) = pixel.split_last_mut()
            && !matches!(*alpha, 0 | 255)
        {
            for color in colors {
                *color = (255 * u32::from(*color) / u32::from(*alpha)).min(255) as u8;
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
        multiply(&mut pixels, 4);
        assert_eq!(pixels, [10, 20, 30, 255, 0, 0, 0, 0, 100, 50, 25, 128]);
        divide(&mut pixels, 4);
        assert_eq!(pixels, [10, 20, 30, 255, 0, 0, 0, 0, 199, 99, 49, 128]);
    }
}
