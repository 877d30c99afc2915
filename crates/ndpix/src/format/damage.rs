//! Damaged files, for the tests of every format.

/// The file with each of these bits changed, one at a time.
pub(super) fn flipped(
    file: &[u8],
    bits: impl IntoIterator<Item = usize>,
) -> impl Iterator<Item = Vec<u8>> {
    bits.into_iter().map(|bit| {
        let mut bad = file.to_vec();
        bad[bit / 8] ^= 1 << (bit % 8);
        bad
    })
}
