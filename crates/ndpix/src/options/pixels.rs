//! The choices for pixels: which mode, size, filter, scale and layout the array wants.
//!
//! Words only: what each does is in `pixels/`. Names and defaults are those of the options table.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, Result, quote};

choice!(
    /// The channels of the array, in Pillow's mode names.
    ///
    /// ```
    /// use ndpix::{Mode, Options};
    /// let red = br#""UDYgMSAxIDI1NQr/AAA=""#; // a PPM of one red pixel
    /// let mut options = Options::default();
    /// assert_eq!(ndpix::decode(red, &options)?.bytes[..], [255, 0, 0]);
    /// options.mode = Mode::L;
    /// assert_eq!(ndpix::decode(red, &options)?.bytes[..], [76]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    Mode, "mode" {
    /// As stored; images of fewer channels are promoted where the sample differs.
    #[default] Auto = "auto",
    /// Gray, `(H, W)`.
    L = "L",
    /// Gray and alpha, `(H, W, 2)`.
    La = "LA",
    /// `(H, W, 3)`.
    Rgb = "RGB",
    /// `(H, W, 4)`.
    Rgba = "RGBA",
    /// Blue first, `(H, W, 3)`, as OpenCV has it.
    Bgr = "BGR",
    /// The palette indices as stored, `(H, W)`: label masks.
    P = "P",
});
choice!(
    /// Whether the masks of a record become one image, and what their pixels hold there. A later mask covers earlier ones.
    ///
    /// ```
    /// use ndpix::{Control, Input, Merge, Options};
    /// let record = br#"{"masks": [{"m": [[5, 0, 0]], "class": 7}, {"m": [[0, 5, 0]], "class": 9}]}"#;
    /// let mut options = Options::default().with("field", "masks[*].m")?;
    /// for (merge, pixels) in [(Merge::Any, [1, 1, 0]), (Merge::Class, [7, 9, 0]), (Merge::Instance, [1, 2, 0])] {
    ///     options.merge = merge;
    ///     let masks = ndpix::load(vec![Input::bytes(record)], &options, &Control::default()).result?;
    ///     assert_eq!(masks.as_slice::<u8>(), Some(&pixels[..]));
    /// }
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    Merge, "merge" {
    /// Each mask is a row.
    #[default] Off = "off",
    /// 1 where any of them is, else 0.
    Any = "any",
    /// The number of its class, which stands beside it; 0 where there is none.
    Class = "class",
    /// 1 for the first mask of the record, 2 for the second.
    Instance = "instance",
});
choice!(
    /// How an image comes to `size` where its aspect is another.
    ///
    /// ```
    /// use ndpix::Options;
    /// let wide = br#""UDUgMiAxIDI1NQoA/w==""#; // a PGM: black and white
    /// let options = Options::default().with("size", "2,2")?;
    /// let at = |fit: &str| ndpix::decode(wide, &options.clone().with("fit", fit)?);
    /// assert_eq!(at("stretch")?.bytes[..], [0, 255, 0, 255]);
    /// assert_eq!(at("pad")?.shape, [2, 2]);
    /// assert_eq!(at("contain")?.shape, [1, 2]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    Fit, "fit" {
    /// As `Image.resize`: the aspect is not kept.
    #[default] Stretch = "stretch",
    /// As `ImageOps.fit`: the middle, as much as has the aspect.
    Crop = "crop",
    /// As `ImageOps.pad`: all of it, and `pad_value` around.
    Pad = "pad",
    /// As `ImageOps.contain`: all of it, no larger than `size`; for outputs of differing sizes.
    Contain = "contain",
});
choice!(
    /// The filter of a resize; Pillow's names and results.
    ///
    /// ```
    /// use ndpix::{Options, Resample};
    /// let four = br#""UDUgMiAyIDI1NQoAZGTI""#; // a PGM: 0 and 100 above 100 and 200
    /// let mut options = Options::default().with("size", "1,1")?;
    /// options.resample = Some(Resample::Box);
    /// assert_eq!(ndpix::decode(four, &options)?.bytes[..], [100]);
    /// options.resample = Some(Resample::Nearest);
    /// assert_eq!(ndpix::decode(four, &options)?.bytes[..], [200]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    Resample, "resample" {
    /// Triangle of support 1, widened when images get smaller (antialias).
    #[default] Bilinear = "bilinear",
    /// The nearest pixel.
    Nearest = "nearest",
    /// The mean of what falls into a pixel.
    Box = "box",
    /// Sharper than bilinear at its cost.
    Hamming = "hamming",
    /// Cubic with a = -0.5.
    Bicubic = "bicubic",
    /// Windowed sinc of support 3.
    Lanczos = "lanczos",
});
choice!(
    /// How the numbers of one dtype become those of another.
    ///
    /// ```
    /// use ndpix::Options;
    /// let red = br#""UDYgMSAxIDI1NQr/AAA=""#; // a PPM of one red pixel
    /// let options = Options::default().with("dtype", "float32")?.with("scale", "unit")?;
    /// assert_eq!(ndpix::decode(red, &options)?.as_slice::<f32>(), Some(&[1.0, 0.0, 0.0][..]));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    Scale, "scale" {
    /// The numbers as they are.
    #[default] None = "none",
    /// Divided by the largest of the stored integer dtype: 0 to 1.
    Unit = "unit",
    /// From the full range of one unsigned dtype to that of another: 65535 becomes 255.
    Full = "full",
});
choice!(
    /// The order of the axes of an image.
    ///
    /// ```
    /// use ndpix::Options;
    /// let red = br#""UDYgMSAxIDI1NQr/AAA=""#; // a PPM of one red pixel
    /// assert_eq!(ndpix::decode(red, &Options::default())?.shape, [1, 1, 3]);
    /// assert_eq!(ndpix::decode(red, &Options::default().with("layout", "chw")?)?.shape, [3, 1, 1]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    Layout, "layout" {
    /// Channels last, as images are stored.
    #[default] Hwc = "hwc",
    /// Channels first, as PyTorch takes them.
    Chw = "chw",
});
choice!(
    /// Whether several fields become one image.
    ///
    /// ```
    /// use ndpix::{Control, Input, Options};
    /// let records = Input::bytes(r#"{"red": [[1, 2]], "infrared": [[3, 4]]}"#);
    /// let options = Options::default().with("field", "red\ninfrared")?.with("stack", "new-axis")?;
    /// let images = ndpix::load(vec![records], &options, &Control::default()).result?;
    /// assert_eq!(images.shape, [1, 2, 1, 2]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    Stack, "stack" {
    /// One field, one image.
    #[default] Off = "off",
    /// Each field along a new first axis.
    NewAxis = "new-axis",
    /// The channels of each field after those of the one before.
    Channel = "channel",
});

/// Which frames of an animation or pages of a file are read.
///
/// ```
/// use ndpix::{ErrorKind, Frames, Options};
/// let red = br#""UDYgMSAxIDI1NQr/AAA=""#; // a PPM of one red pixel
/// let mut options = Options::default();
/// options.frames = Frames::Index(1);
/// assert_eq!(ndpix::decode(red, &options).expect_err("one frame").kind(), ErrorKind::Shape);
/// options.frames = Frames::All;
/// assert_eq!(ndpix::decode(red, &options)?.shape, [1, 1, 1, 3]);
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
#[non_exhaustive]
pub enum Frames {
    /// The first.
    #[default]
    First,
    /// All, on a leading axis; every image must have as many.
    All,
    /// This one, from 0.
    Index(u32),
}

impl fmt::Display for Frames {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::First => f.write_str("first"),
            Self::All => f.write_str("all"),
            Self::Index(n) => write!(f, "index:{n}"),
        }
    }
}

impl FromStr for Frames {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        match (text, text.strip_prefix("index:").map(str::parse)) {
            ("first", _) => Ok(Self::First),
            ("all" | "stack", _) => Ok(Self::All),
            (_, Some(Ok(n))) => Ok(Self::Index(n)),
            _ => Err(Error::options(format!(
                "unknown frames {}; use first, all, or index:N with N from 0",
                quote(text.as_bytes())
            ))),
        }
    }
}

/// The size every image is brought to.
///
/// ```
/// use ndpix::Size;
/// assert_eq!("480,640".parse::<Size>()?, Size { height: 480, width: 640 });
/// assert_eq!("224".parse::<Size>()?.to_string(), "224,224");
/// assert!("640x480".parse::<Size>().is_err(), "which of them is the height?");
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Size {
    /// Rows.
    pub height: usize,
    /// Columns.
    pub width: usize,
}

impl Size {
    /// No side may be longer: beyond it images are mistakes.
    pub const MAX_SIDE: usize = 1 << 20;
}

impl fmt::Display for Size {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{},{}", self.height, self.width)
    }
}

impl FromStr for Size {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let bad =
            |why: &str| Err(Error::options(format!("size {}: {why}", quote(text.as_bytes()))));
        if text.contains(['x', 'X', '×']) {
            return bad(
                "sizes are H,W (height,width) as in NumPy; write 480,640 for 640 wide and 480 high",
            );
        }
        let sides: Option<Vec<usize>> = text.split(',').map(|n| n.trim().parse().ok()).collect();
        let (height, width) = match sides.as_deref() {
            Some([n]) => (*n, *n),
            Some([h, w]) => (*h, *w),
            _ => return bad("write N, or H,W (height,width)"),
        };
        if height.min(width) > 0 && height.max(width) <= Self::MAX_SIDE {
            Ok(Self { height, width })
        } else {
            bad("each side must be between 1 and 1048576")
        }
    }
}

/// An opaque colour.
///
/// ```
/// use ndpix::Rgb;
/// assert_eq!("white".parse::<Rgb>()?, Rgb([255, 255, 255]));
/// assert_eq!("#ff8000".parse::<Rgb>()?.0, [255, 128, 0]);
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Rgb(pub [u8; 3]);

/// Names of colours, as CSS has them.
const COLORS: [(&str, [u8; 3]); 8] = [
    ("black", [0, 0, 0]),
    ("white", [255, 255, 255]),
    ("gray", [128, 128, 128]),
    ("red", [255, 0, 0]),
    ("green", [0, 128, 0]),
    ("blue", [0, 0, 255]),
    ("magenta", [255, 0, 255]),
    ("yellow", [255, 255, 0]),
];

impl fmt::Display for Rgb {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let [r, g, b] = self.0;
        write!(f, "#{r:02x}{g:02x}{b:02x}")
    }
}

impl FromStr for Rgb {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let named = COLORS.iter().find(|c| c.0.eq_ignore_ascii_case(text)).map(|c| c.1);
        let digits = text.strip_prefix('#').filter(|d| d.len() == 6 && d.is_ascii());
        let hex = digits.and_then(|d| u32::from_str_radix(d, 16).ok());
        named.or(hex.map(|n| [(n >> 16) as u8, (n >> 8) as u8, n as u8])).map(Self).ok_or_else(
            || {
                Error::options(format!(
                    "background {}: write #rrggbb or one of {}",
                    quote(text.as_bytes()),
                    COLORS.map(|c| c.0).join(", ")
                ))
            },
        )
    }
}

/// What floating-point samples are brought to, after `scale`.
///
/// ```
/// use ndpix::Options;
/// let red = br#""UDYgMSAxIDI1NQr/AAA=""#; // a PPM of one red pixel
/// let options = Options::default().with("dtype", "float32")?.with("scale", "unit")?;
/// let image = ndpix::decode(red, &options.with("normalize", "0.5/0.25")?)?;
/// assert_eq!(image.as_slice::<f32>(), Some(&[2.0, -2.0, -2.0][..]));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, PartialEq, Default)]
#[non_exhaustive]
pub enum Normalize {
    /// As they are.
    #[default]
    None,
    /// The means and deviations of ImageNet, for samples from 0 to 1.
    Imagenet,
    /// Those that CLIP was trained with, for samples from 0 to 1.
    Clip,
    /// `(x - mean) / std`, one of each for all channels or one a channel.
    Given {
        /// What is taken off.
        mean: Vec<f64>,
        /// What is divided by.
        std: Vec<f64>,
    },
}

impl Normalize {
    /// Means and deviations; `None` where nothing is to be done.
    pub fn values(&self) -> Option<(&[f64], &[f64])> {
        match self {
            Self::None => None,
            // torchvision's weights and OpenAI's CLIP preprocessing.
            Self::Imagenet => Some((&[0.485, 0.456, 0.406], &[0.229, 0.224, 0.225])),
            Self::Clip => {
                Some((&[0.48145466, 0.4578275, 0.40821073], &[0.26862954, 0.26130258, 0.27577711]))
            }
            Self::Given { mean, std } => Some((mean, std)),
        }
    }
}

impl fmt::Display for Normalize {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let list = |l: &[f64]| l.iter().map(f64::to_string).collect::<Vec<_>>().join(",");
        match self {
            Self::None => f.write_str("none"),
            Self::Imagenet => f.write_str("imagenet"),
            Self::Clip => f.write_str("clip"),
            Self::Given { mean, std } => write!(f, "{}/{}", list(mean), list(std)),
        }
    }
}

impl FromStr for Normalize {
    type Err = Error;
    fn from_str(text: &str) -> Result<Self> {
        let bad = |why: &str| {
            Error::options(format!(
                "normalize {}: {why}; use none, imagenet, clip, or MEAN/STD such as 0.5/0.5 or 0.4,0.5,0.6/0.2,0.2,0.2",
                quote(text.as_bytes())
            ))
        };
        let list = |part: &str| -> Result<Vec<f64>> {
            let all: Option<Vec<f64>> = part
                .split(',')
                .map(|n| n.trim().parse().ok().filter(|v: &f64| v.is_finite()))
                .collect();
            all.ok_or_else(|| bad("not all numbers"))
        };
        match (text, text.split_once('/')) {
            ("none", _) => Ok(Self::None),
            ("imagenet", _) => Ok(Self::Imagenet),
            ("clip", _) => Ok(Self::Clip),
            (_, Some((mean, std))) => {
                let (mean, std) = (list(mean)?, list(std)?);
                if std.iter().any(|s| *s <= 0.0) {
                    return Err(bad("deviations must be over 0"));
                }
                if mean.len() != std.len() {
                    return Err(bad("as many means as deviations are needed"));
                }
                Ok(Self::Given { mean, std })
            }
            _ => Err(bad("unknown")),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_round_trip() {
        for text in ["first", "all", "index:7"] {
            assert_eq!(text.parse::<Frames>().expect(text).to_string(), text);
        }
        for text in ["none", "imagenet", "clip", "0.5/0.25", "1,2,3/4,5,6"] {
            assert_eq!(text.parse::<Normalize>().expect(text).to_string(), text);
        }
        assert_eq!("white".parse::<Rgb>().expect("white").to_string(), "#ffffff");
        assert_eq!("224".parse::<Size>().expect("size"), Size { height: 224, width: 224 });
    }

    #[test]
    fn nonsense_is_refused_with_the_remedy() {
        let e = "640x480".parse::<Size>().expect_err("refused");
        assert!(e.message().contains("height,width"), "{e}");
        for bad in ["0", "0,5", "-3", "1,2,3", "9999999", ""] {
            assert!(bad.parse::<Size>().is_err(), "{bad}");
        }
        for bad in ["", "0.5", "1/0", "1,2/1", "nan/1", "a/b"] {
            assert!(bad.parse::<Normalize>().is_err(), "{bad}");
        }
        for bad in ["#12345", "#12345g", "reddish", "#\u{e9}1234"] {
            assert!(bad.parse::<Rgb>().is_err(), "{bad}");
        }
        assert!("index:-1".parse::<Frames>().is_err());
    }
}
