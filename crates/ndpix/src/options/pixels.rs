//! The choices for pixels: which mode, size, filter, scale and layout the array wants.
//!
//! Words only: what each does is in `pixels/`. Names and defaults are those of the options table.

use std::fmt;
use std::str::FromStr;

use super::{Options, Ragged};
use crate::error::{Error, Result, quote};

choice!(
    /// The channels of the array, in Pillow's mode names.
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
    /// How an image comes to `size` where its aspect is another.
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
    Layout, "layout" {
    /// Channels last, as images are stored.
    #[default] Hwc = "hwc",
    /// Channels first, as PyTorch takes them.
    Chw = "chw",
});
choice!(
    /// Whether several fields become one image.
    Stack, "stack" {
    /// One field, one image.
    #[default] Off = "off",
    /// Each field along a new first axis.
    NewAxis = "new-axis",
    /// The channels of each field behind those of the one before.
    Channel = "channel",
});

/// Which frames of an animation or pages of a file are read.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
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
            ("all", _) => Ok(Self::All),
            (_, Some(Ok(n))) => Ok(Self::Index(n)),
            _ => Err(Error::options(format!(
                "unknown frames {}; use first, all, or index:N with N from 0",
                quote(text.as_bytes())
            ))),
        }
    }
}

/// The size every image is brought to.
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
        match height.min(width) > 0 && height.max(width) <= Self::MAX_SIDE {
            true => Ok(Self { height, width }),
            false => bad("each side must be between 1 and 1048576"),
        }
    }
}

/// An opaque colour.
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
#[derive(Debug, Clone, PartialEq, Default)]
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

impl Options {
    /// The part of [`Options::validate`] that is about pixels.
    pub(super) fn validate_pixels(&self) -> Result<()> {
        let no = |message: &str| Err(Error::options(message));
        let integers = self.dtype.is_some_and(|d| !d.is_float());
        if self.mode == Mode::P {
            if self.size.is_some() && self.resample != Resample::Nearest {
                return no(
                    "mode P keeps palette indices, which cannot be mixed; pass resample nearest",
                );
            }
            if self.normalize != Normalize::None || self.scale != Scale::None {
                return no(
                    "mode P keeps palette indices, which scale and normalize would spoil; leave them out",
                );
            }
        }
        let keeps_alpha = matches!(self.mode, Mode::Auto | Mode::La | Mode::Rgba | Mode::P);
        if self.background.is_some() && keeps_alpha {
            return no(
                "background is what alpha is blended on; pass a mode without alpha: RGB, BGR or L",
            );
        }
        if self.normalize != Normalize::None && integers {
            return no(
                "normalize gives fractions but dtype holds integers; pass dtype float32 or float16",
            );
        }
        match self.scale {
            Scale::Unit if integers => {
                return no(
                    "scale unit gives fractions but dtype holds integers; pass dtype float32 or float16, or scale full",
                );
            }
            Scale::Full if !integers => {
                return no(
                    "scale full goes to an integer dtype: pass dtype uint8 or uint16, or scale unit",
                );
            }
            Scale::Full if self.normalize != Normalize::None => {
                return no("scale full and normalize exclude each other");
            }
            _ => {}
        }
        if self.fit.is_some() && self.size.is_none() {
            return no("fit says how images come to a size; pass size");
        }
        let one_size = matches!(self.fit, Some(Fit::Stretch | Fit::Crop | Fit::Pad));
        if one_size && self.ragged != Ragged::Off {
            return no(
                "ragged holds images of differing sizes, and with this fit all have one; pass fit contain, or leave ragged out",
            );
        }
        if self.ragged == Ragged::Pad && self.frames == Frames::All {
            return no("ragged pad holds one frame of an image; pass ragged flat for all of them");
        }
        if self.ragged != Ragged::Off && self.stack != Stack::Off {
            return no("stack makes one image of several, which ragged cannot hold; leave one out");
        }
        if !self.pad_value.is_finite() {
            return no("pad_value must be a number");
        }
        if let Some(size) = self.size {
            let (height, width) = (size.height as u64, size.width as u64);
            if height.min(width) == 0 || height.max(width) > Size::MAX_SIDE as u64 {
                return Err(Error::options(format!(
                    "size {size}: each side must be between 1 and {}",
                    Size::MAX_SIDE
                )));
            }
            if height * width > self.limits.max_pixels {
                return Err(Error::options(format!(
                    "size {size} is over the limit of {} pixels; raise max_pixels if it is meant",
                    self.limits.max_pixels
                )));
            }
        }
        if self.frames != Frames::First && self.mode == Mode::P {
            return no("mode P keeps the indices of the first frame; leave frames out");
        }
        self.validate_stack()
    }

    fn validate_stack(&self) -> Result<()> {
        let no = |message: &str| Err(Error::options(message));
        if self.stack == Stack::Off {
            return match self.bands.is_empty() {
                true => Ok(()),
                false => no(
                    "field is given several times; pass stack new-axis or channel to make one image of them, or one field",
                ),
            };
        }
        if self.field.is_none() || self.bands.is_empty() {
            return no("stack makes one image of several fields; give field once for each band");
        }
        if let Some(wild) = self.field.iter().chain(&self.bands).find(|b| b.is_wild()) {
            return Err(Error::options(format!(
                "field {wild} names several images, and stack takes one for each band; name each with its index"
            )));
        }
        if self.shape.is_some() {
            return no(
                "shape is that of one image, and stack makes one of several; leave shape out, pass size to bring bands to one size, raw_shape for raw pixels and flat lists",
            );
        }
        Ok(())
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::record::pointer::Pointer;

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
    fn a_stack_takes_several_single_fields() {
        let check = |stack, fields: &[&str], said: Option<&str>| {
            let mut fields = fields.iter().map(|f| f.parse::<Pointer>().expect("a field"));
            let options = Options {
                field: fields.next(),
                bands: fields.collect(),
                stack,
                ..Options::default()
            };
            let error = options.validate().err().map(|e| e.message().to_string());
            match (error, said) {
                (Some(error), Some(said)) => assert!(error.contains(said), "{error}"),
                (error, said) => assert_eq!(error.as_deref(), said),
            }
        };
        check(Stack::Off, &["a"], None);
        check(Stack::Channel, &["a", "b"], None);
        check(Stack::NewAxis, &["a", "b", "a"], None);
        check(Stack::Off, &["a", "b"], Some("pass stack new-axis or channel"));
        check(Stack::Channel, &["a"], Some("give field once for each band"));
        check(Stack::Channel, &[], Some("give field once for each band"));
        check(Stack::NewAxis, &["a", "b[*]"], Some("field b[*] names several images"));
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
