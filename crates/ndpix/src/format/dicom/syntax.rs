//! The transfer syntaxes of DICOM: how a data set is written and how its pixels are coded.

use super::elements::Writing;
use crate::error::{Error, Result, quote};

/// How the pixels of a file are coded.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Coding {
    /// As numbers.
    Native,
    Rle,
    /// Baseline, extended and lossless.
    Jpeg,
    Jpeg2000,
}

/// A transfer syntax that is read.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Syntax {
    pub(super) writing: Writing,
    /// Whether the data set is one deflate stream.
    pub(super) deflated: bool,
    pub(super) coding: Coding,
}

/// Those that are known and not read: the end of the identifier, after `1.2.840.10008.1.2.`, and the name.
const REFUSED: [(&str, &str); 23] = [
    ("4.80", "JPEG-LS Lossless"),
    ("4.81", "JPEG-LS Near-Lossless"),
    ("4.53", "JPEG Spectral Selection (Process 6, 8)"),
    ("4.55", "JPEG Full Progression (Process 10, 12)"),
    ("4.92", "JPEG 2000 Part 2 Multi-component Lossless"),
    ("4.93", "JPEG 2000 Part 2 Multi-component"),
    ("4.94", "JPIP Referenced"),
    ("4.95", "JPIP Referenced Deflate"),
    ("4.100", "MPEG2 Main Profile, Main Level video"),
    ("4.101", "MPEG2 Main Profile, High Level video"),
    ("4.102", "MPEG-4 AVC/H.264 High Profile, Level 4.1 video"),
    ("4.103", "MPEG-4 AVC/H.264 BD-compatible video"),
    ("4.104", "MPEG-4 AVC/H.264 High Profile, Level 4.2 video (2D)"),
    ("4.105", "MPEG-4 AVC/H.264 High Profile, Level 4.2 video (3D)"),
    ("4.106", "MPEG-4 AVC/H.264 Stereo High Profile video"),
    ("4.107", "HEVC/H.265 Main Profile video"),
    ("4.108", "HEVC/H.265 Main 10 Profile video"),
    ("4.110", "JPEG XL Lossless"),
    ("4.111", "JPEG XL JPEG Recompression"),
    ("4.112", "JPEG XL"),
    ("4.201", "High-Throughput JPEG 2000 Lossless"),
    ("4.202", "High-Throughput JPEG 2000 with RPCL Lossless"),
    ("4.203", "High-Throughput JPEG 2000"),
];

impl Syntax {
    /// The transfer syntax with this identifier.
    pub(super) fn named(identifier: &[u8]) -> Result<Self> {
        let end = match identifier.strip_prefix(b"1.2.840.10008.1.2") {
            Some([b'.', end @ ..]) => end,
            Some([]) => b"",
            _ => b"?",
        };
        let read = |explicit, big_endian, deflated, coding| {
            Ok(Self { writing: Writing { explicit, big_endian }, deflated, coding })
        };
        match end {
            b"" => read(false, false, false, Coding::Native),
            b"1" => read(true, false, false, Coding::Native),
            b"1.99" => read(true, false, true, Coding::Native),
            b"2" => read(true, true, false, Coding::Native),
            b"4.50" | b"4.51" | b"4.57" | b"4.70" => read(true, false, false, Coding::Jpeg),
            b"4.90" | b"4.91" => read(true, false, false, Coding::Jpeg2000),
            b"5" => read(true, false, false, Coding::Rle),
            _ => {
                let known = REFUSED.iter().find(|(known, _)| known.as_bytes() == end);
                let name = known.map_or("", |(_, name)| name);
                Err(Error::unsupported(match name {
                    "" => format!("DICOM with the transfer syntax {}", quote(identifier)),
                    name => format!("DICOM with the transfer syntax {name}"),
                }))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_in_refusals() {
        let error = Syntax::named(b"1.2.840.10008.1.2.4.80").expect_err("refused");
        assert_eq!(error.message(), "DICOM with the transfer syntax JPEG-LS Lossless");
        let error = Syntax::named(b"1.2.840.113619.5.2").expect_err("refused");
        assert!(error.message().ends_with("\"1.2.840.113619.5.2\""));
        let syntax = Syntax::named(b"1.2.840.10008.1.2").expect("read");
        assert!(!syntax.writing.explicit && syntax.coding == Coding::Native);
        assert!(Syntax::named(b"1.2.840.10008.1.2.1.99").expect("read").deflated);
    }
}
