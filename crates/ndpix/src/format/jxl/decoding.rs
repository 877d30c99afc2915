//! The decoder of a JPEG XL file, with its bounds: what of the headers counts here, one frame after
//! the other, and errors in the words of ndpix.
//!
//! A frame may be as large as its header says, and be made of any number of others; the codec bounds
//! only the samples of each. Here those are held to what the picture has, and the groups that are
//! decoded for one frame that is seen are counted.

use jxl::api::{
    Endianness, Event, ExtraChannel, JxlBitDepth, JxlColorType, JxlDataFormat, JxlDecoder,
    JxlDecoderOptions, JxlOutputBuffer, JxlParallelRunner, JxlParallelRunnerFun, JxlPixelFormat,
    ProfileLevel,
};
use jxl::error::Error as JxlError;

use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::format::{self, ImageInfo};
use crate::limits::{self, Limits};

/// Samples, for each pixel that an image may have, that the codec may hold of a frame.
pub(super) const MOST_SAMPLES: u64 = 6;
/// Bytes that the codec takes for a sample.
const SAMPLE: u64 = 8;
/// How many times over the groups of a picture may be decoded for one that is seen: layers, and
/// frames that others refer to.
const MAX_LAYERS: u64 = 100;

/// What the headers say.
pub(super) struct Head {
    pub(super) width: usize,
    pub(super) height: usize,
    pub(super) gray: bool,
    /// Whether there is alpha, and the colours are multiplied with it.
    pub(super) alpha: Option<bool>,
    extra: usize,
    depth: JxlBitDepth,
    pub(super) orientation: u8,
    pub(super) animated: bool,
}

impl Head {
    /// Samples of one frame, as the codec counts them.
    fn samples(&self) -> u64 {
        (self.width.max(16) as u64)
            .saturating_mul(self.height as u64)
            .saturating_mul(3 + self.extra as u64)
    }

    /// Bits that integers fill; `None` of floats.
    pub(super) fn bits(&self) -> Option<u8> {
        match self.depth {
            JxlBitDepth::Int { bits_per_sample } => u8::try_from(bits_per_sample).ok(),
            JxlBitDepth::Float { .. } => None,
        }
    }

    /// How samples are given, and their element type.
    pub(super) fn samples_as(&self) -> Result<(JxlDataFormat, DType)> {
        let endianness = Endianness::LittleEndian;
        Ok(match self.depth {
            JxlBitDepth::Int { bits_per_sample: bits @ 1..=8 } => {
                (JxlDataFormat::U8 { bit_depth: bits as u8 }, DType::Uint8)
            }
            JxlBitDepth::Int { bits_per_sample: bits @ 9..=16 } => {
                (JxlDataFormat::U16 { endianness, bit_depth: bits as u8 }, DType::Uint16)
            }
            JxlBitDepth::Int { bits_per_sample: bits } => {
                return Err(Error::unsupported(format!("JPEG XL with integers of {bits} bits")));
            }
            JxlBitDepth::Float { bits_per_sample: 16, exponent_bits_per_sample: 5 } => {
                (JxlDataFormat::F16 { endianness }, DType::Float16)
            }
            JxlBitDepth::Float { .. } => (JxlDataFormat::F32 { endianness }, DType::Float32),
        })
    }

    fn pixel_format(&self) -> Result<JxlPixelFormat> {
        let color_type = match (self.gray, self.alpha) {
            (true, None) => JxlColorType::Grayscale,
            (true, Some(_)) => JxlColorType::GrayscaleAlpha,
            (false, None) => JxlColorType::Rgb,
            (false, Some(_)) => JxlColorType::Rgba,
        };
        let color_data_format = Some(self.samples_as()?.0);
        let extra_channel_format = vec![None; self.extra];
        Ok(JxlPixelFormat { color_type, color_data_format, extra_channel_format })
    }
}

/// A decoder at some place of a file.
pub(super) struct Decoding<'a> {
    decoder: JxlDecoder,
    rest: &'a [u8],
    work: Work,
}

impl<'a> Decoding<'a> {
    /// Before the headers; `samples` that a frame may have at most, `scan` to skip what is in them.
    pub(super) fn start(bytes: &'a [u8], samples: u64, scan: bool) -> Result<Self> {
        let mut options = JxlDecoderOptions::default();
        options.adjust_orientation = false;
        options.sample_limit = Some(usize::try_from(samples).unwrap_or(usize::MAX));
        options.scan_frames_only = scan;
        options.max_profile_level = ProfileLevel::Main10;
        let work = Work { left: usize::MAX };
        Ok(Self { decoder: JxlDecoder::new(options), rest: bytes, work })
    }

    /// Before the first frame, with what it may cost.
    pub(super) fn open(bytes: &'a [u8], info: &ImageInfo, limits: &Limits) -> Result<Self> {
        let most = limits.max_pixels.saturating_mul(MOST_SAMPLES);
        guarded(|| {
            let (head, _) = Self::start(bytes, u64::MAX, false)?.head(limits)?;
            let samples = head.samples();
            if samples > most {
                return Err(Error::limit(format!(
                    "JPEG XL of {samples} samples, over {MOST_SAMPLES} for each pixel of max_pixels {}; raise max_pixels if it is meant",
                    limits.max_pixels
                )));
            }
            limits.check_memory(samples.saturating_mul(SAMPLE))?;
            limits::probe(samples.saturating_mul(SAMPLE))?;
            // Frames that others take parts from may be larger than the picture.
            let most = samples.saturating_mul(2).saturating_add(1 << 22);
            let (head, mut decoding) = Self::start(bytes, most, false)?.head(limits)?;
            let fits =
                info.shape[..2] == [head.height, head.width] && info.dtype == head.samples_as()?.1;
            if !fits {
                return Err(Error::shape("the buffer does not fit the JPEG XL"));
            }
            let format = head.pixel_format()?;
            decoding.decoder.set_pixel_format(format).map_err(damaged)?;
            Ok(decoding)
        })
    }

    /// Reads the headers.
    pub(super) fn head(mut self, limits: &Limits) -> Result<(Head, Self)> {
        match self.step(None)? {
            Event::BasicInfo => {}
            _ => return Err(truncated()),
        }
        let (Some(basic), Some(profile), Some(format)) = (
            self.decoder.basic_info(),
            self.decoder.embedded_color_profile(),
            self.decoder.current_pixel_format(),
        ) else {
            return Err(Error::image("damaged JPEG XL: no headers"));
        };
        let (width, height) = basic.size;
        limits.check_pixels(height as u64, width as u64)?;
        if profile.channels() == 4 {
            return Err(Error::unsupported("JPEG XL of inks (CMYK)"));
        }
        let alpha = basic.extra_channels.iter().find(|c| c.ec_type == ExtraChannel::Alpha);
        let head = Head {
            width,
            height,
            gray: format.color_type.is_grayscale(),
            alpha: alpha.map(|channel| channel.alpha_associated),
            extra: basic.extra_channels.len(),
            depth: basic.bit_depth.clone(),
            orientation: basic.orientation as u8,
            animated: basic.animation.is_some(),
        };
        Ok((head, self))
    }

    /// Decodes the next frame that is seen into `out`, whose samples are aligned.
    pub(super) fn draw(&mut self, info: &ImageInfo, out: &mut [u8]) -> Result<()> {
        let (height, width) = (info.shape[0], info.shape[1]);
        let row = out.len() / height.max(1);
        // Groups have at least 128 pixels a side.
        let groups = (height.div_ceil(128) as u64 + 1) * (width.div_ceil(128) as u64 + 1);
        let left = groups.saturating_mul(MAX_LAYERS);
        self.work.left = usize::try_from(left).unwrap_or(usize::MAX);
        guarded(|| {
            let mut buffers = [JxlOutputBuffer::new(out, height, row)];
            loop {
                match self.step(Some(&mut buffers))? {
                    Event::FrameComplete { .. } => return Ok(()),
                    Event::BasicInfo | Event::FrameHeader => {}
                    Event::NeedMoreInput { .. } | Event::Complete => return Err(truncated()),
                }
            }
        })
    }

    /// Goes on to the next event.
    pub(super) fn step(&mut self, buffers: Option<&mut [JxlOutputBuffer<'_>]>) -> Result<Event> {
        let event = self.decoder.process(&mut self.rest, buffers, Some(&mut self.work));
        event.map_err(|error| match self.work.left {
            0 => Error::limit("JPEG XL of many layers or hidden frames"),
            _ => damaged(error),
        })
    }
}

/// Does the work of the codec in this thread, up to a bound.
struct Work {
    /// Groups that may still be decoded; 0 once there were too many.
    left: usize,
}

impl JxlParallelRunner for Work {
    fn run(&mut self, num: usize, fun: &JxlParallelRunnerFun<'_>) -> jxl::error::Result<()> {
        self.left = self.left.saturating_sub(num);
        if self.left == 0 {
            return Err(JxlError::ApiUsageError("too much work"));
        }
        (0..num).try_for_each(fun)
    }

    fn num_threads(&self) -> usize {
        1
    }

    fn run_ordered(
        &mut self,
        num: usize,
        _max_threads: Option<usize>,
        fun: &JxlParallelRunnerFun<'_>,
    ) -> jxl::error::Result<()> {
        self.run(num, fun)
    }
}

/// Bytes that begin where a sample may.
pub(super) struct Canvas {
    buffer: Vec<u8>,
    start: usize,
}

impl Canvas {
    /// Zeros, `len` bytes, for samples of `size` bytes.
    pub(super) fn new(len: usize, size: usize) -> Result<Self> {
        let mut buffer: Vec<u8> = limits::zeros(len.saturating_add(size))?;
        let start = buffer.as_ptr().align_offset(size).min(size);
        buffer.truncate(start + len);
        Ok(Self { buffer, start })
    }

    pub(super) fn bytes(&self) -> &[u8] {
        &self.buffer[self.start..]
    }

    pub(super) fn bytes_mut(&mut self) -> &mut [u8] {
        &mut self.buffer[self.start..]
    }
}

/// Runs what calls the codec.
pub(super) fn guarded<T>(work: impl FnOnce() -> Result<T>) -> Result<T> {
    format::guarded("JPEG XL", work)
}

pub(super) fn truncated() -> Error {
    Error::image("truncated JPEG XL: the file ends inside the image")
}

fn damaged(error: JxlError) -> Error {
    let told = match &error {
        JxlError::OutOfBounds(_)
        | JxlError::SectionTooShort
        | JxlError::UnexpectedCodestreamBoxEnd => truncated(),
        JxlError::OutOfMemory(_)
        | JxlError::ImageOutOfMemory(..)
        | JxlError::ImageSizeTooLarge(..)
        | JxlError::ImageDimensionTooLarge(_)
        | JxlError::IccTooLarge
        | JxlError::LevelLimitExceeded { .. } => {
            Error::limit(format!("JPEG XL over a limit: {error}"))
        }
        JxlError::PatchesUnsupportedMixedUpsampling(..) => {
            Error::unsupported(format!("JPEG XL of an unusual kind: {error}"))
        }
        error => Error::image(format!("damaged JPEG XL: {error}")),
    };
    told.caused_by(error)
}
