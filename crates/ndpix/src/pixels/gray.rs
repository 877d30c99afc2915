//! Gray of 8-bit colours, many pixels at a time: `(19595 R + 38470 G + 7471 B + 32768) >> 16`, as Pillow has it.
//!
//! Plain loops over sizes that the compiler knows; where the machine has AVX2 they are compiled for it, too.
#![cfg_attr(
    target_arch = "x86_64",
    allow(unsafe_code, reason = "a function for newer processors is called where there is one")
)]

/// Writes the gray of each pixel of `wide` bytes to the front of its slot of `narrow`; `false` for sizes that
/// no loop is for.
pub(super) fn bytes(pixels: &[u8], wide: usize, narrow: usize, out: &mut [u8]) -> bool {
    match (wide, narrow) {
        (3, 1) => fastest::<3, 1>(pixels, out),
        (4, 1) => fastest::<4, 1>(pixels, out),
        (3, 2) => fastest::<3, 2>(pixels, out),
        (4, 2) => fastest::<4, 2>(pixels, out),
        _ => return false,
    }
    true
}

fn fastest<const C: usize, const N: usize>(pixels: &[u8], out: &mut [u8]) {
    #[cfg(target_arch = "x86_64")]
    if std::arch::is_x86_feature_detected!("avx2") {
        // SAFETY: the processor has what the function is compiled for; nothing else about it is unsafe.
        return unsafe { avx2::<C, N>(pixels, out) };
    }
    plain::<C, N>(pixels, out);
}

#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn avx2<const C: usize, const N: usize>(pixels: &[u8], out: &mut [u8]) {
    plain::<C, N>(pixels, out);
}

#[inline(always)]
fn plain<const C: usize, const N: usize>(pixels: &[u8], out: &mut [u8]) {
    let pairs = pixels.as_chunks::<C>().0.iter().zip(out.as_chunks_mut::<N>().0);
    for (pixel, slot) in pairs {
        let [r, g, b] = [pixel[0], pixel[1], pixel[2]].map(u32::from);
        slot[0] = ((r * 19595 + g * 38470 + b * 7471 + 0x8000) >> 16) as u8;
    }
}
