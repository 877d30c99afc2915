//! The element types of arrays and every name the field has for them.
//!
//! Names follow NumPy; the aliases are those seen in records (encodings.md 8.2: NumPy type
//! strings, KServe, TensorFlow, PyTorch, JavaScript, Rust). A name without a byte order means
//! little-endian. The bare word `float` means different sizes in different languages: it is
//! refused, not guessed.

use std::fmt;
use std::str::FromStr;

use crate::error::{Error, quote};

/// The element type of an array. Read from any name that the field has for it ([`DType::parse`]), written as
/// NumPy does.
///
/// ```
/// use ndpix::DType;
/// assert_eq!("float32".parse::<DType>()?, DType::Float32);
/// assert_eq!(DType::Uint16.to_string(), "uint16");
/// assert!("float".parse::<DType>().is_err(), "of 4 bytes, or of 8?");
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
#[allow(missing_docs, reason = "the names say it")]
pub enum DType {
    Bool,
    Uint8,
    Int8,
    Uint16,
    Int16,
    Uint32,
    Int32,
    Uint64,
    Int64,
    Float16,
    Float32,
    Float64,
}

/// What the numbers of an image are: their dtype, and how many of its bits they fill. Written `uint16`, or
/// `uint16 of 10 bits` where they are fewer than it has.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Depth {
    pub(crate) dtype: DType,
    pub(crate) bits: u8,
}

impl Depth {
    /// All bits of a dtype.
    pub(crate) const fn of(dtype: DType) -> Self {
        Self { dtype, bits: dtype.size() as u8 * 8 }
    }

    /// Whether the numbers fill their dtype.
    pub(crate) fn is_full(self) -> bool {
        self == Self::of(self.dtype)
    }

    /// Whether the numbers are light from 0 to their largest, as those of usual pictures, so that one range can be made
    /// of another.
    pub(crate) fn is_light(self) -> bool {
        matches!(self.dtype, DType::Uint8 | DType::Uint16)
    }

    /// The dtype that holds the numbers of all of these exactly: one of theirs, or else of floats.
    pub(crate) fn common(all: impl Iterator<Item = Self> + Clone) -> Option<DType> {
        let floats = [DType::Float32, DType::Float64];
        let mut wide = all.clone().map(|depth| depth.dtype).chain(floats);
        wide.find(|&wide| all.clone().all(|depth| depth.fits(wide)))
    }

    /// Whether a dtype holds all of the numbers exactly.
    pub(crate) fn fits(self, wide: DType) -> bool {
        let signed =
            |dtype| matches!(dtype, DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64);
        let most = match wide {
            DType::Float16 => 1 << 11,
            DType::Float32 => 1 << 24,
            DType::Float64 => 1 << 53,
            _ if signed(self.dtype) && !signed(wide) => return false,
            _ => Self::of(wide).most().unwrap_or(0),
        };
        match self.most() {
            Some(number) => {
                number <= most && !(self.dtype == DType::Uint64 && wide != DType::Uint64)
            }
            None => wide.is_float() && self.dtype.size() <= wide.size(),
        }
    }

    /// The largest number, as far as `i64` holds it; `None` for floats.
    pub(crate) fn most(self) -> Option<i64> {
        match self.dtype {
            DType::Bool => Some(1),
            dtype if dtype.is_float() => None,
            DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64 => {
                Some(i64::MAX >> (64 - self.bits.clamp(1, 64)))
            }
            _ => Some(i64::MAX >> 63u8.saturating_sub(self.bits)),
        }
    }
}

impl fmt::Display for Depth {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self.bits {
            _ if self.is_full() => write!(f, "{}", self.dtype),
            1 => write!(f, "{} of 1 bit", self.dtype),
            bits => write!(f, "{} of {bits} bits", self.dtype),
        }
    }
}

/// The order of the bytes of one element.
///
/// ```
/// use ndpix::{ByteOrder, Options};
/// let big = Options::default().with("raw_byteorder", "big")?;
/// let options = big.with("encoding", "raw")?.with("raw_shape", "1,2")?.with("raw_dtype", "uint16")?;
/// let image = ndpix::decode(br#""AAEAAg==""#, &options)?;
/// assert_eq!(image.as_slice::<u16>(), Some(&[1, 2][..]));
/// assert_eq!(">".parse::<ByteOrder>()?, ByteOrder::Big);
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq, Hash, Default)]
pub enum ByteOrder {
    /// Least significant byte first: the default of everything here.
    #[default]
    Little,
    /// Most significant byte first.
    Big,
}

impl DType {
    /// Every dtype.
    pub const ALL: [Self; 12] = [
        Self::Bool,
        Self::Uint8,
        Self::Int8,
        Self::Uint16,
        Self::Int16,
        Self::Uint32,
        Self::Int32,
        Self::Uint64,
        Self::Int64,
        Self::Float16,
        Self::Float32,
        Self::Float64,
    ];

    /// Bytes of one element.
    ///
    /// ```
    /// assert_eq!(ndpix::DType::Float16.size(), 2);
    /// ```
    pub const fn size(self) -> usize {
        match self {
            Self::Bool | Self::Uint8 | Self::Int8 => 1,
            Self::Uint16 | Self::Int16 | Self::Float16 => 2,
            Self::Uint32 | Self::Int32 | Self::Float32 => 4,
            Self::Uint64 | Self::Int64 | Self::Float64 => 8,
        }
    }

    /// NumPy's name: `uint8`.
    pub fn name(self) -> &'static str {
        match self {
            Self::Bool => "bool",
            Self::Uint8 => "uint8",
            Self::Int8 => "int8",
            Self::Uint16 => "uint16",
            Self::Int16 => "int16",
            Self::Uint32 => "uint32",
            Self::Int32 => "int32",
            Self::Uint64 => "uint64",
            Self::Int64 => "int64",
            Self::Float16 => "float16",
            Self::Float32 => "float32",
            Self::Float64 => "float64",
        }
    }

    /// NumPy's little-endian type string, as in a `.npy` header.
    ///
    /// ```
    /// use ndpix::DType;
    /// assert_eq!((DType::Uint8.descr(), DType::Float32.descr()), ("|u1", "<f4"));
    /// ```
    pub fn descr(self) -> &'static str {
        match self {
            Self::Bool => "|b1",
            Self::Uint8 => "|u1",
            Self::Int8 => "|i1",
            Self::Uint16 => "<u2",
            Self::Int16 => "<i2",
            Self::Uint32 => "<u4",
            Self::Int32 => "<i4",
            Self::Uint64 => "<u8",
            Self::Int64 => "<i8",
            Self::Float16 => "<f2",
            Self::Float32 => "<f4",
            Self::Float64 => "<f8",
        }
    }

    /// Whether elements are floating-point numbers.
    ///
    /// ```
    /// use ndpix::DType;
    /// assert!(DType::Float16.is_float() && !DType::Int64.is_float());
    /// ```
    pub fn is_float(self) -> bool {
        matches!(self, Self::Float16 | Self::Float32 | Self::Float64)
    }

    /// The dtype a name stands for, with the byte order where the name says one.
    /// `None` for names that are unknown, ambiguous (`float`) or hold objects.
    ///
    /// ```
    /// use ndpix::{ByteOrder, DType};
    /// assert_eq!(DType::parse(">u2"), Some((DType::Uint16, Some(ByteOrder::Big))));
    /// assert_eq!(DType::parse("torch.float16"), Some((DType::Float16, None)));
    /// assert_eq!(DType::parse("object"), None);
    /// ```
    pub fn parse(name: &str) -> Option<(Self, Option<ByteOrder>)> {
        let order = match name.as_bytes().first() {
            Some(b'<') => Some(ByteOrder::Little),
            Some(b'>' | b'!') => Some(ByteOrder::Big),
            _ => None,
        };
        let lower = name.trim_start_matches(['<', '>', '!', '=', '|']).to_ascii_lowercase();
        let marked = lower.len() < name.len();
        let base = ["torch.", "numpy.", "np.", "tf.", "jnp.", "dt_"]
            .iter()
            .find_map(|p| lower.strip_prefix(p))
            .unwrap_or(&lower);
        let dtype = match base.strip_suffix("array").unwrap_or(base) {
            // NumPy counts bytes after a kind letter, Rust and Arrow count bits. Only u8 and i8 collide;
            // without a byte order mark they are Rust's, and the byte count of the payload decides.
            "b1" | "?" | "bool" | "boolean" | "bool_" => Self::Bool,
            "u1" | "uint8" | "u8bit" | "byte" | "ubyte" | "uint8clamped" | "u1c" => Self::Uint8,
            "i1" | "int8" => Self::Int8,
            "u2" | "uint16" | "u16" | "ushort" => Self::Uint16,
            "i2" | "int16" | "i16" | "short" => Self::Int16,
            "u4" | "uint32" | "u32" => Self::Uint32,
            "i4" | "int32" | "i32" => Self::Int32,
            "u8" if !marked => Self::Uint8,
            "i8" if !marked => Self::Int8,
            "u8" | "uint64" | "u64" => Self::Uint64,
            "i8" | "int64" | "i64" => Self::Int64,
            "f2" | "float16" | "fp16" | "f16" | "half" => Self::Float16,
            "f4" | "float32" | "fp32" | "f32" => Self::Float32,
            "f8" | "float64" | "fp64" | "f64" | "double" => Self::Float64,
            _ => return None,
        };
        Some((dtype, order))
    }
}

impl fmt::Display for DType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for DType {
    type Err = Error;

    fn from_str(name: &str) -> Result<Self, Error> {
        Self::parse(name).map(|(dtype, _)| dtype).ok_or_else(|| {
            Error::options(format!(
                "unknown dtype {}; use one of {}",
                quote(name.as_bytes()),
                Self::ALL.map(Self::name).join(", ")
            ))
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_dtype_reads_its_own_names() {
        for dtype in DType::ALL {
            assert_eq!(DType::parse(dtype.name()).map(|p| p.0), Some(dtype));
            assert_eq!(DType::parse(dtype.descr()).map(|p| p.0), Some(dtype));
        }
    }

    #[test]
    fn aliases_and_byte_orders() {
        let read = |s| DType::parse(s);
        assert_eq!(read(">u2"), Some((DType::Uint16, Some(ByteOrder::Big))));
        assert_eq!(read("<u8"), Some((DType::Uint64, Some(ByteOrder::Little))));
        assert_eq!(read("u8"), Some((DType::Uint8, None)));
        assert_eq!(read("FP32"), Some((DType::Float32, None)));
        assert_eq!(read("DT_UINT8"), Some((DType::Uint8, None)));
        assert_eq!(read("torch.uint8"), Some((DType::Uint8, None)));
        assert_eq!(read("Uint8ClampedArray"), Some((DType::Uint8, None)));
        for bad in ["float", "object", "|O", "complex64", "", "int", "<U3"] {
            assert_eq!(read(bad), None, "{bad}");
        }
    }

    #[test]
    fn numbers_of_a_depth_end_with_its_bits() {
        let depth = |dtype, bits| Depth { dtype, bits };
        for (dtype, bits, most) in [
            (DType::Uint16, 10, Some(1023)),
            (DType::Uint8, 4, Some(15)),
            (DType::Uint8, 8, Some(255)),
            (DType::Int16, 12, Some(2047)),
            (DType::Int64, 64, Some(i64::MAX)),
            (DType::Uint64, 64, Some(i64::MAX)),
            (DType::Uint32, 32, Some(u32::MAX.into())),
            (DType::Bool, 8, Some(1)),
            (DType::Float32, 32, None),
        ] {
            assert_eq!(depth(dtype, bits).most(), most, "{dtype} {bits}");
        }
        assert_eq!(depth(DType::Uint16, 10).to_string(), "uint16 of 10 bits");
        assert_eq!(depth(DType::Uint16, 16).to_string(), "uint16");
    }

    #[test]
    fn what_holds_numbers_exactly() {
        let fits = |dtype, wide| Depth::of(dtype).fits(wide);
        assert!(fits(DType::Uint16, DType::Float32) && fits(DType::Int16, DType::Float32));
        assert!(!fits(DType::Int32, DType::Float32) && fits(DType::Uint32, DType::Float64));
        assert!(!fits(DType::Int64, DType::Float64) && !fits(DType::Uint64, DType::Float64));
        assert!(!fits(DType::Float64, DType::Float32) && fits(DType::Float16, DType::Float32));
        assert!(fits(DType::Uint8, DType::Int16) && !fits(DType::Int8, DType::Uint16));
        assert!(!fits(DType::Uint64, DType::Int64) && fits(DType::Uint64, DType::Uint64));
        assert!(!fits(DType::Float32, DType::Int64));
        assert!(Depth { dtype: DType::Uint32, bits: 24 }.fits(DType::Float32));
    }
}
