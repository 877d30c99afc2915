//! Pictures of 256x256 pixels from the photographs in `testdata`, the same in every run.

use ndpix::stations::image;

const SIDE: usize = 256;

/// Samples in C order: three to a pixel for 8 bits, one for 16.
pub(crate) struct Picture<T> {
    pub(crate) height: usize,
    pub(crate) width: usize,
    pub(crate) samples: Vec<T>,
}

/// 512x512 RGB.
pub(crate) fn jpeg() -> &'static [u8] {
    include_bytes!("../../../../testdata/astronaut.jpg")
}

/// Lossy, 256x256 RGB.
pub(crate) fn webp() -> &'static [u8] {
    include_bytes!("../../../../testdata/astronaut.webp")
}

/// Rows of a large picture.
const HIGH: usize = 1500;
/// Its columns.
const WIDE: usize = 2000;

/// The photograph of 1500 rows by 2000 pixels: what a camera writes, near enough.
pub(crate) fn large() -> Picture<u8> {
    let mut pixels = Vec::new();
    let (_, info) = image(jpeg(), &mut pixels).expect("a photograph");
    let (high, wide) = (info.shape[0], info.shape[1]);
    let row = |y: usize| &pixels[y * high / HIGH * wide * 3..][..wide * 3];
    let pixel = |y: usize, x: usize| &row(y)[x * wide / WIDE * 3..][..3];
    let samples =
        (0..HIGH).flat_map(|y| (0..WIDE).flat_map(move |x| pixel(y, x))).copied().collect();
    Picture { height: HIGH, width: WIDE, samples }
}

/// The middle of the photograph.
pub(crate) fn rgb() -> Picture<u8> {
    let mut pixels = Vec::new();
    let (_, info) = image(jpeg(), &mut pixels).expect("a photograph");
    let (width, at) = (info.shape[1], 128);
    let rows = pixels.chunks(width * 3).skip(at).take(SIDE);
    let samples = rows.flat_map(|row| &row[at * 3..(at + SIDE) * 3]).copied().collect();
    Picture { height: SIDE, width: SIDE, samples }
}

/// Green as the counts of a camera: an offset and noise in the low bits.
pub(crate) fn gray16() -> Picture<u16> {
    let rgb = rgb();
    let mut state = 1u32;
    let sample = |pixel: &[u8]| {
        state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
        110 + u16::from(pixel[1]) * 8 + (state >> 27) as u16
    };
    let samples = rgb.samples.chunks(3).map(sample).collect();
    Picture { height: SIDE, width: SIDE, samples }
}
