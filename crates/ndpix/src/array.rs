//! A leaf: an array in memory, as `load`, `batches`, `decode` and random access give it.

mod aligned;
mod element;
#[cfg(feature = "ndarray")]
mod views;

pub use aligned::Aligned;
pub use element::Element;

use std::sync::Arc;

use crate::dtype::DType;
use crate::error::{Error, Result};

/// Further arrays by their names, in the order in which they are asked for.
pub type NamedArrays = Vec<(Arc<str>, Array)>;

/// Elements of one dtype in C order, little-endian, the first of them at a multiple of 64.
///
/// ```
/// let image = ndpix::decode(b"[[1, 2], [300, 4]]", &ndpix::Options::default().with("dtype", "uint16")?)?;
/// assert_eq!((&image.shape[..], image.dtype), (&[2, 2][..], ndpix::DType::Uint16));
/// assert_eq!(image.as_slice::<u16>(), Some(&[1, 2, 300, 4][..]));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug)]
pub struct Array {
    /// The axes, outermost first: `[rows, height, width, channels]` of many images, without the first
    /// of one.
    pub shape: Vec<usize>,
    /// The type of an element.
    pub dtype: DType,
    /// The elements; their number is the product of the axes.
    pub bytes: Aligned,
}

impl Array {
    /// Zeros; kind `limit` where there is no memory for them.
    pub(crate) fn zeroed(shape: Vec<usize>, dtype: DType) -> Result<Self> {
        let len = shape.iter().try_fold(dtype.size(), |n, &axis| n.checked_mul(axis));
        let bytes = len.and_then(Aligned::zeroed).ok_or_else(|| {
            Error::limit(format!("no memory for an array of shape {shape:?} and dtype {dtype}"))
        })?;
        Ok(Self { shape, dtype, bytes })
    }

    /// A copy of these elements, C-order and little-endian.
    ///
    /// ```
    /// use ndpix::{Array, DType};
    /// let array = Array::copied(&[2], DType::Int16, &[1, 0, 0xFF, 0xFF])?;
    /// assert_eq!(array.as_slice::<i16>(), Some(&[1, -1][..]));
    /// assert!(Array::copied(&[3], DType::Int16, &[1, 0, 0xFF, 0xFF]).is_err());
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// Kind `limit` where there is no memory, `shape` where the shape and dtype have another number of
    /// bytes.
    pub fn copied(shape: &[usize], dtype: DType, elements: &[u8]) -> Result<Self> {
        let mut array = Self::zeroed(shape.to_vec(), dtype)?;
        if array.bytes.len() != elements.len() {
            let (want, have) = (array.bytes.len(), elements.len());
            return Err(Error::shape(format!("{have} bytes do not make an array of {want}")));
        }
        array.bytes.copy_from_slice(elements);
        Ok(array)
    }

    /// The elements as Rust's own numbers, without a copy. `None` where `T` is not the dtype of the
    /// array, and on machines whose numbers begin with their most significant byte.
    ///
    /// ```
    /// let image = ndpix::decode(b"[[1, 2], [3, 4]]", &ndpix::Options::default())?;
    /// assert_eq!(image.as_slice::<i64>(), Some(&[1, 2, 3, 4][..]));
    /// assert_eq!(image.as_slice::<u8>(), None, "number lists are int64 unless dtype says otherwise");
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn as_slice<T: Element>(&self) -> Option<&[T]> {
        if self.holds::<T>() { bytemuck::try_cast_slice(&self.bytes).ok() } else { None }
    }

    /// As [`Array::as_slice`], to write into.
    ///
    /// ```
    /// let mut image = ndpix::decode(b"[[1, 2], [3, 4]]", &ndpix::Options::default())?;
    /// image.as_mut_slice::<i64>().expect("int64").reverse();
    /// assert_eq!(image.as_slice::<i64>(), Some(&[4, 3, 2, 1][..]));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn as_mut_slice<T: Element>(&mut self) -> Option<&mut [T]> {
        if self.holds::<T>() { bytemuck::try_cast_slice_mut(&mut self.bytes).ok() } else { None }
    }

    fn holds<T: Element>(&self) -> bool {
        self.dtype == T::DTYPE && (cfg!(target_endian = "little") || self.dtype.size() == 1)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn array(dtype: DType, bytes: &[u8]) -> Array {
        Array::copied(&[bytes.len() / dtype.size()], dtype, bytes).expect("memory")
    }

    #[test]
    fn elements_are_read_as_their_own_type_alone() {
        let bytes: Vec<u8> = (1..=16).collect();
        for dtype in DType::ALL {
            let array = array(dtype, &bytes);
            let read = [
                array.as_slice::<u8>().map(<[_]>::len),
                array.as_slice::<i8>().map(<[_]>::len),
                array.as_slice::<u16>().map(<[_]>::len),
                array.as_slice::<i16>().map(<[_]>::len),
                array.as_slice::<u32>().map(<[_]>::len),
                array.as_slice::<i32>().map(<[_]>::len),
                array.as_slice::<u64>().map(<[_]>::len),
                array.as_slice::<i64>().map(<[_]>::len),
                array.as_slice::<f32>().map(<[_]>::len),
                array.as_slice::<f64>().map(<[_]>::len),
            ];
            let found: Vec<usize> = read.into_iter().flatten().collect();
            match dtype {
                DType::Bool | DType::Float16 => assert_eq!(found, [0; 0], "{dtype}"),
                _ => assert_eq!(found, [16 / dtype.size()], "{dtype}"),
            }
        }
    }

    #[test]
    fn numbers_are_little_endian() {
        let wide = array(DType::Uint32, &[1, 2, 3, 4, 255, 255, 255, 255]);
        assert_eq!(wide.as_slice::<u32>(), Some(&[0x0403_0201, u32::MAX][..]));
        let real = array(DType::Float64, &(-0.5f64).to_le_bytes());
        assert_eq!(real.as_slice::<f64>(), Some(&[-0.5][..]));
    }

    #[test]
    fn memory_that_grew_is_aligned_for_every_element() {
        let mut array = array(DType::Float64, &[]);
        for i in 0..300_000u32 {
            array.bytes.extend(&f64::from(i).to_le_bytes()).expect("memory");
        }
        let numbers = array.as_slice::<f64>().expect("aligned");
        assert_eq!((numbers.len(), numbers[299_999]), (300_000, 299_999.0));
    }

    #[test]
    fn half_an_element_is_none() {
        let mut array = array(DType::Uint16, &[1, 2]);
        array.bytes.extend(&[3]).expect("memory");
        assert_eq!(array.as_slice::<u16>(), None);
    }
}
