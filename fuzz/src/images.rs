//! Image files of every format.

use flate2::Crc;

use super::outcomes::{bytes, image_with, outcomes, record_of};

/// Of the chunks of a PNG.
pub(super) fn right_checksums(png: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = png.get(at..at + 4).and_then(|b| b.first_chunk::<4>()) {
        let end = at + 8 + u32::from_be_bytes(*length) as usize;
        if end + 4 > png.len() {
            break;
        }
        let mut crc = Crc::new();
        crc.update(&png[at + 4..end]);
        png[end..end + 4].copy_from_slice(&crc.sum().to_be_bytes());
        at = end + 4;
    }
}

pub(super) fn image(input: &[u8], format: &str) {
    // Between the two an image that fills the buffers, which are reused, with other bytes.
    let between = "P5 64 64 255\n".to_string() + &"Z".repeat(64 * 64);
    let record = record_of(input);
    let text = [record.as_str(), &record_of(between.as_bytes()), &record].concat();
    let several = matches!(
        format,
        "avif" | "dicom" | "exr" | "fits" | "gif" | "jxl" | "png" | "tiff" | "webp"
    );
    for frames in ["first", "all"].into_iter().take(1 + usize::from(several)) {
        let options = image_with(&[("encoding", "encoded"), ("frames", frames)]);
        let said = outcomes(bytes(text.as_bytes()), &options);
        let mut lines = said.lines().map(|line| line.split_once(": ").expect("a position").1);
        let (first, _, second) = (lines.next(), lines.next(), lines.next());
        assert_eq!(first, second, "{format} pixels that were never written, or a state that stays");
        assert!(second.is_some());
    }
}
