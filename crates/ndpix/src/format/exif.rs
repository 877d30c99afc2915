//! The orientation that EXIF or XMP gives, and nothing else of them.
//!
//! PNG, JPEG, WebP and TIFF each carry them in a place of their own. The rule is that of Pillow's
//! `Image.getexif`: XMP has a say only where EXIF has no such tag at all, and the first
//! `tiff:Orientation` with a digit counts, as attribute or element. Nonsense is orientation 1,
//! never an error.

/// The tag of the orientation in IFD 0.
const ORIENTATION: u16 = 0x0112;

/// The orientation, 1 to 8, of what an image has of EXIF and XMP.
pub(super) fn orientation(exif: Option<&[u8]>, xmp: Option<&[u8]>) -> u8 {
    upright_unless(exif.and_then(in_exif).or_else(|| xmp.and_then(in_xmp)))
}

/// 1 where nothing is said, or nonsense.
pub(super) fn upright_unless(said: Option<u8>) -> u8 {
    said.filter(|value| (1..=8).contains(value)).unwrap_or(1)
}

/// What XMP says, 0 to 9. The pattern of Pillow is `tiff:Orientation(="|>)([0-9])`.
pub(super) fn in_xmp(text: &[u8]) -> Option<u8> {
    const NAME: &[u8] = b"tiff:Orientation";
    memchr::memmem::find_iter(text, NAME).find_map(|at| {
        let rest = &text[at + NAME.len()..];
        let value = rest.strip_prefix(b"=\"").or_else(|| rest.strip_prefix(b">"))?;
        value.first().filter(|digit| digit.is_ascii_digit()).map(|digit| digit - b'0')
    })
}

/// What the tag of an EXIF block says, with or without its `Exif\0\0` prefix; 1 where it makes no
/// sense, `None` where there is no such tag.
pub(super) fn in_exif(block: &[u8]) -> Option<u8> {
    let tiff = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    let big = match tiff.get(..4)? {
        b"II*\0" => false,
        b"MM\0*" => true,
        _ => return None,
    };
    let u16_at = |at: usize| -> Option<u16> {
        let raw = tiff.get(at..at.checked_add(2)?)?.try_into().ok()?;
        Some(if big { u16::from_be_bytes(raw) } else { u16::from_le_bytes(raw) })
    };
    let u32_at = |at: usize| -> Option<u32> {
        let raw = tiff.get(at..at.checked_add(4)?)?.try_into().ok()?;
        Some(if big { u32::from_be_bytes(raw) } else { u32::from_le_bytes(raw) })
    };
    let ifd = usize::try_from(u32_at(4)?).ok()?;
    let entries = u16_at(ifd)?;
    for index in 0..usize::from(entries) {
        let entry = ifd.checked_add(2)?.checked_add(index.checked_mul(12)?)?;
        if u16_at(entry)? != ORIENTATION {
            continue;
        }
        // BYTE, SHORT or LONG; all that writers use, and the value is in the entry itself.
        let value = match u16_at(entry.checked_add(2)?)? {
            1 => u32::from(*tiff.get(entry.checked_add(8)?)?),
            3 => u32::from(u16_at(entry.checked_add(8)?)?),
            4 => u32_at(entry.checked_add(8)?)?,
            _ => 1,
        };
        return Some(u8::try_from(value).unwrap_or(1));
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    const LITTLE: &[u8] =
        b"Exif\0\0II*\0\x08\0\0\0\x01\0\x12\x01\x03\0\x01\0\0\0\x06\0\0\0\0\0\0\0";
    const BIG: &[u8] = b"MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0";

    #[test]
    fn both_byte_orders_with_and_without_prefix() {
        assert_eq!(orientation(Some(LITTLE), None), 6);
        assert_eq!(orientation(Some(&LITTLE[6..]), None), 6);
        assert_eq!(orientation(Some(BIG), None), 3);
    }

    #[test]
    fn xmp_counts_where_exif_has_no_tag() {
        let xmp = |text: &str| orientation(None, Some(text.as_bytes()));
        assert_eq!(xmp("<x tiff:Orientation=\"6\"/>"), 6);
        assert_eq!(xmp("<tiff:Orientation>8</tiff:Orientation>"), 8);
        assert_eq!(xmp("tiff:Orientation='6' tiff:Orientation=\"\" tiff:Orientation>3"), 3);
        for upright in ["", "tiff:Orientation", "tiff:Orientation=\"", "tiff:Orientation=\"0\""] {
            assert_eq!(xmp(upright), 1, "{upright}");
        }
        assert_eq!(xmp("tiff:Orientation=\"9\" tiff:Orientation=\"6\""), 1);

        let six = Some(&b"tiff:Orientation=\"6\""[..]);
        assert_eq!(orientation(Some(BIG), six), 3);
        let mut nine = BIG.to_vec();
        nine[19] = 9;
        assert_eq!(orientation(Some(&nine), six), 1);
        let mut other = BIG.to_vec();
        other[11] = 0x13;
        assert_eq!(orientation(Some(&other), six), 6);
        assert_eq!(orientation(Some(b""), six), 6);
    }

    #[test]
    fn nonsense_is_upright() {
        for block in [LITTLE, BIG] {
            for cut in 0..block.len().saturating_sub(6) {
                let found = orientation(Some(&block[..cut]), None);
                assert!(found == 1 || found == 6 || found == 3);
            }
        }
        let mut nine = LITTLE.to_vec();
        nine[24] = 9;
        assert_eq!(orientation(Some(&nine), None), 1);
        assert_eq!(orientation(Some(b"II*\0\xFF\xFF\xFF\xFF"), None), 1);
        assert_eq!(orientation(Some(b""), None), 1);
    }
}
