//! What the text chunks of a PNG say of its orientation: XMP, and EXIF as ImageMagick used to write it.
//!
//! Chunks are only noted while the file is walked; the last of a name counts, as in Pillow. It is
//! inflated only when it is asked for, and no further than Pillow reads.

use std::borrow::Cow;
use std::io::{ErrorKind, Read};

use flate2::bufread::ZlibDecoder;

use super::exif;

/// The most text that is inflated: Pillow's `MAX_TEXT_CHUNK`.
const MOST_TEXT: u64 = 1 << 20;

/// The texts that may say an orientation.
#[derive(Default)]
pub(super) struct Texts<'a> {
    xmp: Option<Text<'a>>,
    profile: Option<Text<'a>>,
}

struct Text<'a> {
    data: &'a [u8],
    deflated: bool,
}

impl<'a> Texts<'a> {
    /// Notes a chunk of text, where its keyword is one of ours.
    pub(super) fn note(&mut self, name: &[u8; 4], data: &'a [u8]) {
        let Some((key, rest)) = cut(data) else { return };
        let slot = match key {
            b"XML:com.adobe.xmp" => &mut self.xmp,
            b"Raw profile type exif" => &mut self.profile,
            _ => return,
        };
        let text = match (name, rest) {
            (b"tEXt", data) => Some(Text { data, deflated: false }),
            (b"zTXt", [0, data @ ..]) => Some(Text { data, deflated: true }),
            // A flag and a method of compression, language, translated keyword, text.
            (b"iTXt", [flag, method, rest @ ..]) if *flag == 0 || *method == 0 => cut(rest)
                .and_then(|(_, rest)| cut(rest))
                .map(|(_, data)| Text { data, deflated: *flag != 0 }),
            _ => None,
        };
        if text.is_some() {
            *slot = text;
        }
    }

    /// The orientation that a profile in hexadecimal digits gives.
    pub(super) fn in_profile(&self) -> Option<u8> {
        let text = self.profile.as_ref()?.read();
        // An empty line, the name and the length come before the digits.
        let digits = text.splitn(4, |&b| b == b'\n').nth(3)?;
        let digits: Vec<u8> =
            digits.iter().filter_map(|&b| char::from(b).to_digit(16)).map(|d| d as u8).collect();
        let block: Vec<u8> = digits.as_chunks::<2>().0.iter().map(|[a, b]| a << 4 | b).collect();
        exif::in_exif(&block)
    }

    /// The orientation that XMP gives.
    pub(super) fn in_xmp(&self) -> Option<u8> {
        exif::in_xmp(&self.xmp.as_ref()?.read())
    }
}

impl<'a> Text<'a> {
    /// The text; as much of it as there is where it is cut, nothing where it is damaged.
    fn read(&self) -> Cow<'a, [u8]> {
        if !self.deflated {
            return Cow::Borrowed(self.data);
        }
        let mut text = Vec::new();
        match ZlibDecoder::new(self.data).take(MOST_TEXT).read_to_end(&mut text) {
            Err(error) if error.kind() != ErrorKind::UnexpectedEof => Cow::Borrowed(&[]),
            _ => Cow::Owned(text),
        }
    }
}

/// What is before and after the first zero.
fn cut(data: &[u8]) -> Option<(&[u8], &[u8])> {
    let at = memchr::memchr(0, data)?;
    Some((&data[..at], &data[at + 1..]))
}

#[cfg(test)]
mod tests {
    use std::io::Write;

    use super::*;

    const XMP: &[u8] = b"<x tiff:Orientation=\"6\"/>";

    fn deflate(text: &[u8]) -> Vec<u8> {
        let mut encoder = flate2::write::ZlibEncoder::new(Vec::new(), Default::default());
        encoder.write_all(text).and_then(|()| encoder.finish()).expect("in memory")
    }

    fn said(name: &[u8; 4], head: &[u8], text: &[u8]) -> Option<u8> {
        let data = [b"XML:com.adobe.xmp\0", head, text].concat();
        let mut texts = Texts::default();
        texts.note(name, &data);
        texts.in_xmp()
    }

    #[test]
    fn xmp_stands_in_three_kinds_of_chunks() {
        assert_eq!(said(b"tEXt", b"", XMP), Some(6));
        assert_eq!(said(b"zTXt", b"\0", &deflate(XMP)), Some(6));
        assert_eq!(said(b"zTXt", b"\x01", &deflate(XMP)), None);
        assert_eq!(said(b"iTXt", b"\0\0en\0key\0", XMP), Some(6));
        assert_eq!(said(b"iTXt", b"\x01\0\0\0", &deflate(XMP)), Some(6));
        assert_eq!(said(b"iTXt", b"\x01\x01\0\0", &deflate(XMP)), None);
        assert_eq!(said(b"zTXt", b"\0", b"no zlib"), None);
    }

    #[test]
    fn no_more_is_inflated_than_pillow_reads() {
        let far = [vec![b' '; MOST_TEXT as usize], XMP.to_vec()].concat();
        assert_eq!(said(b"zTXt", b"\0", &deflate(&far)), None);
    }

    #[test]
    fn exif_in_hexadecimal_digits() {
        let block = b"Exif\0\0MM\0*\0\0\0\x08\0\x01\x01\x12\0\x03\0\0\0\x01\0\x03\0\0\0\0\0\0";
        let digits: Vec<String> = block.iter().map(|b| format!("{b:02x}")).collect();
        let lines = [&digits[..10].concat(), &digits[10..].concat()].map(String::as_str).join("\n");
        let data =
            format!("Raw profile type exif\0\nexif\n      {}\n{lines}\n", block.len()).into_bytes();
        let mut texts = Texts::default();
        texts.note(b"tEXt", &data);
        assert_eq!(texts.in_profile(), Some(3));
        for end in 0..data.len() {
            let mut texts = Texts::default();
            texts.note(b"tEXt", &data[..end]);
            let _ = texts.in_profile();
        }
    }
}
