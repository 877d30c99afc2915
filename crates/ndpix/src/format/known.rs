//! The formats that this build reads, and what is said of each.

use std::fmt;
use std::str::FromStr;

use super::row::{More, Row};
use super::{Color, bmp, gif, ico, jpeg, png, pnm, qoi, tga, tiff, webp};
use crate::dtype::DType;
use crate::error::{Error, Result, quote};

/// The image formats that ndpix reads. They are recognised by their content, never by a name. Those behind a
/// cargo feature are there where the build has it.
///
/// ```
/// use ndpix::{ImageFormat, Options};
/// let options = Options::default().with("formats", "png,jpeg")?;
/// assert_eq!(options.formats, [ImageFormat::Png, ImageFormat::Jpeg]);
/// let error = ndpix::decode(br#""UDUgMiAyIDI1NQphYmNk""#, &options).expect_err("a pnm");
/// assert_eq!(error.message(), "a pnm image, which formats does not allow");
/// # Ok::<(), ndpix::Error>(())
/// ```
#[non_exhaustive]
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum ImageFormat {
    Png = 0,
    Jpeg = 1,
    Webp = 2,
    Tiff = 3,
    Gif = 4,
    Bmp = 5,
    Pnm = 6,
    Qoi = 7,
    Ico = 8,
    Tga = 9,
    #[cfg(feature = "hdr")]
    Hdr = 10,
    #[cfg(feature = "pfm")]
    Pfm = 11,
    #[cfg(feature = "exr")]
    Exr = 12,
    #[cfg(feature = "dicom")]
    Dicom = 13,
    #[cfg(feature = "fits")]
    Fits = 14,
    #[cfg(feature = "jpeg2000")]
    Jpeg2000 = 15,
    #[cfg(feature = "jxl")]
    Jxl = 16,
    #[cfg(feature = "avif")]
    Avif = 17,
}

/// What a file of a format may hold after its first image.
///
/// ```
/// use ndpix::{ImageFormat, ImageFrames};
/// assert_eq!(ImageFormat::Tiff.frames(), ImageFrames::Pages);
/// assert_eq!(ImageFrames::Pages.to_string(), "pages");
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ImageFrames {
    /// Nothing.
    One,
    /// Images of their own.
    Pages,
    /// Frames of an animation.
    Animation,
}

impl fmt::Display for ImageFrames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::One => "one",
            Self::Pages => "pages",
            Self::Animation => "animation",
        })
    }
}

impl ImageFormat {
    /// Every format that this build reads.
    ///
    /// ```
    /// let names: Vec<_> = ndpix::ImageFormat::ALL.iter().map(|format| format.name()).collect();
    /// assert!(names.contains(&"tiff"));
    /// ```
    pub const ALL: &'static [Self] = &[
        Self::Png,
        Self::Jpeg,
        Self::Webp,
        // Before TIFF: what precedes the signature of a DICOM file may be the head of a TIFF.
        #[cfg(feature = "dicom")]
        Self::Dicom,
        Self::Tiff,
        Self::Gif,
        Self::Bmp,
        Self::Pnm,
        Self::Qoi,
        Self::Ico,
        Self::Tga,
        #[cfg(feature = "hdr")]
        Self::Hdr,
        #[cfg(feature = "pfm")]
        Self::Pfm,
        #[cfg(feature = "exr")]
        Self::Exr,
        #[cfg(feature = "fits")]
        Self::Fits,
        #[cfg(feature = "jpeg2000")]
        Self::Jpeg2000,
        #[cfg(feature = "jxl")]
        Self::Jxl,
        #[cfg(feature = "avif")]
        Self::Avif,
    ];

    /// The word in options and summaries.
    pub fn name(self) -> &'static str {
        self.row().name
    }

    /// Of paths of such files, in lower case and without the dot.
    ///
    /// ```
    /// assert!(ndpix::ImageFormat::Jpeg.extensions().contains(&"jpg"));
    /// ```
    pub fn extensions(self) -> &'static [&'static str] {
        self.row().extensions
    }

    /// The dtypes that its images may have as stored.
    ///
    /// ```
    /// use ndpix::{DType, ImageFormat};
    /// assert_eq!(ImageFormat::Png.dtypes(), [DType::Uint8, DType::Uint16]);
    /// ```
    pub fn dtypes(self) -> &'static [DType] {
        self.row().dtypes
    }

    /// The colors that its images may have as stored; palettes count as what they expand to.
    ///
    /// ```
    /// use ndpix::{Color, ImageFormat};
    /// assert_eq!(ImageFormat::Qoi.colors(), [Color::Rgb, Color::Rgba]);
    /// ```
    pub fn colors(self) -> &'static [Color] {
        self.row().colors
    }

    /// What its files may hold after their first image.
    ///
    /// ```
    /// use ndpix::{ImageFormat, ImageFrames};
    /// assert_eq!(ImageFormat::Gif.frames(), ImageFrames::Animation);
    /// ```
    pub fn frames(self) -> ImageFrames {
        match self.row().more {
            More::Nothing => ImageFrames::One,
            More::Pages { .. } => ImageFrames::Pages,
            More::Film { .. } => ImageFrames::Animation,
        }
    }

    /// All formats as JSON, an object for each: `name`, `extensions`, `dtypes`, `colors`, `frames`.
    ///
    /// ```
    /// let list = ndpix::ImageFormat::json();
    /// let list: serde_json::Value = serde_json::from_str(&list).expect("JSON");
    /// assert_eq!((&list[0]["name"], &list[0]["frames"]), (&"png".into(), &"animation".into()));
    /// ```
    pub fn json() -> String {
        fn words<T: fmt::Display>(all: &[T]) -> Vec<String> {
            all.iter().map(T::to_string).collect()
        }
        let said = |format: &Self| {
            serde_json::json!({
                "name": format.name(),
                "extensions": format.extensions(),
                "dtypes": words(format.dtypes()),
                "colors": words(format.colors()),
                "frames": format.frames().to_string(),
            })
        };
        let all: Vec<_> = Self::ALL.iter().map(said).collect();
        format!("{:#}\n", serde_json::Value::from(all))
    }

    pub(super) fn row(self) -> &'static Row {
        match self {
            Self::Png => &png::ROW,
            Self::Jpeg => &jpeg::ROW,
            Self::Webp => &webp::ROW,
            Self::Tiff => &tiff::ROW,
            Self::Gif => &gif::ROW,
            Self::Bmp => &bmp::ROW,
            Self::Pnm => &pnm::ROW,
            Self::Qoi => &qoi::ROW,
            Self::Ico => &ico::ROW,
            Self::Tga => &tga::ROW,
            #[cfg(feature = "hdr")]
            Self::Hdr => &super::hdr::ROW,
            #[cfg(feature = "pfm")]
            Self::Pfm => &super::pfm::ROW,
            #[cfg(feature = "exr")]
            Self::Exr => &super::exr::ROW,
            #[cfg(feature = "dicom")]
            Self::Dicom => &super::dicom::ROW,
            #[cfg(feature = "fits")]
            Self::Fits => &super::fits::ROW,
            #[cfg(feature = "jpeg2000")]
            Self::Jpeg2000 => &super::jpeg2000::ROW,
            #[cfg(feature = "jxl")]
            Self::Jxl => &super::jxl::ROW,
            #[cfg(feature = "avif")]
            Self::Avif => &super::avif::ROW,
        }
    }

    /// The number by which parts name it, the same in every build.
    pub(crate) fn number(self) -> usize {
        self as usize
    }

    /// The format of that number, where this build reads it.
    pub(crate) fn numbered(number: usize) -> Option<Self> {
        Self::ALL.iter().copied().find(|format| format.number() == number)
    }
}

impl fmt::Display for ImageFormat {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for ImageFormat {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self> {
        Self::ALL.iter().copied().find(|f| f.name() == name).ok_or_else(|| {
            let all: Vec<_> = Self::ALL.iter().map(|format| format.name()).collect();
            Error::options(format!(
                "unknown format {}; use {}",
                quote(name.as_bytes()),
                all.join(", ")
            ))
        })
    }
}
