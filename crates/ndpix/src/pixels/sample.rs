//! One number of an image, little-endian in its bytes, whatever its dtype.

use crate::dtype::{DType, Depth};
use crate::half;

/// One little-endian sample.
pub(crate) trait Sample: Copy {
    /// Bytes of it.
    const SIZE: usize;
    /// Whether it holds integers.
    const IS_INTEGER: bool;
    /// Its value.
    fn get(bytes: &[u8]) -> f64;
    /// Its value, where that is an integer.
    fn integer(bytes: &[u8]) -> Option<i64>;
    /// Stores `value`; an integer type rounds half away from zero, as Pillow does, and saturates.
    fn put(value: f64, bytes: &mut [u8]);
}

macro_rules! integer {
    ($($type:ty),*) => {$(
        impl Sample for $type {
            const SIZE: usize = size_of::<$type>();
            const IS_INTEGER: bool = true;
            #[inline(always)]
            fn get(bytes: &[u8]) -> f64 {
                let mut raw = [0; size_of::<$type>()];
                raw.copy_from_slice(bytes);
                <$type>::from_le_bytes(raw) as f64
            }
            #[inline(always)]
            fn integer(bytes: &[u8]) -> Option<i64> {
                let mut raw = [0; size_of::<$type>()];
                raw.copy_from_slice(bytes);
                i64::try_from(<$type>::from_le_bytes(raw)).ok()
            }
            #[inline(always)]
            fn put(value: f64, bytes: &mut [u8]) {
                let rounded = if value >= 0.0 { value + 0.5 } else { value - 0.5 };
                bytes.copy_from_slice(&(rounded as $type).to_le_bytes());
            }
        }
    )*};
}
integer!(u8, i8, u16, i16, u32, i32, u64, i64);

/// A floating-point value as an integer, where it is one.
fn whole(value: f64) -> Option<i64> {
    // i64::MAX becomes 2^63, which is the first that does not fit.
    let fits = (i64::MIN as f64..i64::MAX as f64).contains(&value);
    (fits && value.fract() == 0.0).then_some(value as i64)
}

macro_rules! float {
    ($($type:ty),*) => {$(
        impl Sample for $type {
            const SIZE: usize = size_of::<$type>();
            const IS_INTEGER: bool = false;
            #[inline(always)]
            fn get(bytes: &[u8]) -> f64 {
                let mut raw = [0; size_of::<$type>()];
                raw.copy_from_slice(bytes);
                f64::from(<$type>::from_le_bytes(raw))
            }
            fn integer(bytes: &[u8]) -> Option<i64> {
                whole(Self::get(bytes))
            }
            #[inline(always)]
            fn put(value: f64, bytes: &mut [u8]) {
                bytes.copy_from_slice(&(value as $type).to_le_bytes());
            }
        }
    )*};
}
float!(f32, f64);

/// A `float16`: stored as its bits.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Half;

impl Sample for Half {
    const SIZE: usize = 2;
    const IS_INTEGER: bool = false;
    fn get(bytes: &[u8]) -> f64 {
        half::to_f64(u16::from_le_bytes([bytes[0], bytes[1]]))
    }
    fn integer(bytes: &[u8]) -> Option<i64> {
        whole(Self::get(bytes))
    }
    fn put(value: f64, bytes: &mut [u8]) {
        bytes.copy_from_slice(&half::from_f64(value).to_le_bytes());
    }
}

/// Calls a function that is generic over [`Sample`] with the type of a dtype; a boolean is a byte.
macro_rules! with_sample {
    ($dtype:expr, $function:ident($($argument:expr),*)) => {
        match $dtype {
            DType::Bool | DType::Uint8 => $function::<u8>($($argument),*),
            DType::Int8 => $function::<i8>($($argument),*),
            DType::Uint16 => $function::<u16>($($argument),*),
            DType::Int16 => $function::<i16>($($argument),*),
            DType::Uint32 => $function::<u32>($($argument),*),
            DType::Int32 => $function::<i32>($($argument),*),
            DType::Uint64 => $function::<u64>($($argument),*),
            DType::Int64 => $function::<i64>($($argument),*),
            DType::Float16 => $function::<$crate::pixels::sample::Half>($($argument),*),
            DType::Float32 => $function::<f32>($($argument),*),
            DType::Float64 => $function::<f64>($($argument),*),
        }
    };
}
pub(crate) use with_sample;

/// The smallest and largest value of an integer dtype, as far as `i64` holds them; `None` for floats.
pub(crate) fn range(dtype: DType) -> Option<(i64, i64)> {
    Some(match dtype {
        DType::Bool => (0, 1),
        DType::Uint8 => (0, i64::from(u8::MAX)),
        DType::Int8 => (i64::from(i8::MIN), i64::from(i8::MAX)),
        DType::Uint16 => (0, i64::from(u16::MAX)),
        DType::Int16 => (i64::from(i16::MIN), i64::from(i16::MAX)),
        DType::Uint32 => (0, i64::from(u32::MAX)),
        DType::Int32 => (i64::from(i32::MIN), i64::from(i32::MAX)),
        DType::Uint64 => (0, i64::MAX),
        DType::Int64 => (i64::MIN, i64::MAX),
        DType::Float16 | DType::Float32 | DType::Float64 => return None,
    })
}

/// Brings numbers that a resize made larger than their depth back to its largest, as it does where they fill their dtype.
pub(crate) fn clip(pixels: &mut [u8], depth: Depth) {
    fn each<S: Sample>(pixels: &mut [u8], most: i64) {
        for sample in pixels.chunks_exact_mut(S::SIZE) {
            if S::integer(sample).is_some_and(|v| v > most) {
                S::put(most as f64, sample);
            }
        }
    }
    if let (Some(most), false) = (depth.most(), depth.is_full()) {
        with_sample!(depth.dtype, each(pixels, most));
    }
}

/// The bytes of one sample that holds `value`; `None` where the dtype cannot hold it.
pub(crate) fn element(value: f64, dtype: DType) -> Option<Vec<u8>> {
    let mut bytes = vec![0; dtype.size()];
    match range(dtype) {
        Some((low, high)) => {
            let value = whole(value).filter(|v| (low..=high).contains(v))?;
            bytes.copy_from_slice(&value.to_le_bytes()[..dtype.size()]);
        }
        None => {
            fn put<S: Sample>(value: f64, bytes: &mut [u8]) {
                S::put(value, bytes);
            }
            fn get<S: Sample>(bytes: &[u8]) -> f64 {
                S::get(bytes)
            }
            with_sample!(dtype, put(value, &mut bytes));
            if with_sample!(dtype, get(&bytes)).is_infinite() && value.is_finite() {
                return None;
            }
        }
    }
    Some(bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_never_wrap() {
        assert_eq!(element(255.0, DType::Uint8), Some(vec![255]));
        assert_eq!(element(256.0, DType::Uint8), None);
        assert_eq!(element(0.5, DType::Int32), None);
        assert_eq!(element(-1.0, DType::Uint16), None);
        assert_eq!(element(-2.0, DType::Int16), Some((-2i16).to_le_bytes().to_vec()));
        assert_eq!(element(1.0, DType::Float16), Some(vec![0, 0x3C]));
        assert_eq!(element(1e6, DType::Float16), None);
        assert_eq!(element(1e300, DType::Float32), None);
        assert_eq!(whole(9.3e18), None);
    }
}
