//! Which Rust types are elements of arrays: numbers, of which every pattern of bits is one.

use bytemuck::Pod;

use crate::dtype::DType;

/// A Rust number that an array can hold: `u8` to `u64`, `i8` to `i64`, `f32` and `f64`. It is
/// implemented for these alone.
///
/// `bool` is not among them, as the bytes of an array of dtype `bool` may be any, nor is `float16`, for
/// which Rust has no type; their bytes are in [`Array::bytes`](crate::Array::bytes).
///
/// ```
/// fn mean<T: ndpix::Element + Into<f64>>(image: &ndpix::Array) -> Option<f64> {
///     let pixels = image.as_slice::<T>()?;
///     Some(pixels.iter().map(|&p| p.into()).sum::<f64>() / pixels.len() as f64)
/// }
/// let options = ndpix::Options::default().with("dtype", "uint8")?;
/// let image = ndpix::decode(b"[[1, 2], [3, 6]]", &options)?;
/// assert_eq!(mean::<u8>(&image), Some(3.0));
/// # Ok::<(), ndpix::Error>(())
/// ```
pub trait Element: sealed::Number {
    /// The dtype of arrays that hold it.
    const DTYPE: DType;
}

mod sealed {
    /// Keeps [`super::Element`] to the types of this file.
    pub trait Number: super::Pod {}
}

macro_rules! elements {
    ($($number:ident $dtype:ident),*) => { $(
        impl sealed::Number for $number {}
        impl Element for $number {
            const DTYPE: DType = DType::$dtype;
        }
    )* };
}
elements!(u8 Uint8, i8 Int8, u16 Uint16, i16 Int16, u32 Uint32, i32 Int32, u64 Uint64, i64 Int64,
    f32 Float32, f64 Float64);
