//! The orientation that an EXIF block gives, and nothing else of it.
//!
//! PNG, JPEG and WebP each carry EXIF in a place of their own; the block itself is a TIFF header
//! with one directory. Nonsense is orientation 1, never an error: orientation is only reported.

/// The tag of the orientation in IFD 0.
const ORIENTATION: u16 = 0x0112;

/// The orientation, 1 to 8, of an EXIF block, with or without its `Exif\0\0` prefix; 1 where the
/// block says none or makes no sense.
pub(super) fn orientation(block: &[u8]) -> u8 {
    let tiff = block.strip_prefix(b"Exif\0\0").unwrap_or(block);
    find(tiff).filter(|value| (1..=8).contains(value)).unwrap_or(1)
}

fn find(tiff: &[u8]) -> Option<u8> {
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
            _ => return None,
        };
        return u8::try_from(value).ok();
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
        assert_eq!(orientation(LITTLE), 6);
        assert_eq!(orientation(&LITTLE[6..]), 6);
        assert_eq!(orientation(BIG), 3);
    }

    #[test]
    fn nonsense_is_upright() {
        for block in [LITTLE, BIG] {
            for cut in 0..block.len().saturating_sub(6) {
                let found = orientation(&block[..cut]);
                assert!(found == 1 || found == 6 || found == 3);
            }
        }
        let mut nine = LITTLE.to_vec();
        nine[24] = 9;
        assert_eq!(orientation(&nine), 1);
        assert_eq!(orientation(b"II*\0\xFF\xFF\xFF\xFF"), 1);
        assert_eq!(orientation(b""), 1);
    }
}
