//! A leaf: an array in memory, as `load`, `batches`, `decode` and random access give it.

mod aligned;

pub use aligned::Aligned;

use crate::dtype::DType;
use crate::error::{Error, Result};

/// Elements of one dtype in C order, little-endian, the first of them at a multiple of 64.
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

    /// A copy of these elements, C-order and little-endian; kind `limit` where there is no memory, or
    /// where the shape and dtype have another number of bytes.
    pub fn copied(shape: &[usize], dtype: DType, elements: &[u8]) -> Result<Self> {
        let mut array = Self::zeroed(shape.to_vec(), dtype)?;
        if array.bytes.len() != elements.len() {
            let (want, have) = (array.bytes.len(), elements.len());
            return Err(Error::limit(format!("{have} bytes do not make an array of {want}")));
        }
        array.bytes.copy_from_slice(elements);
        Ok(array)
    }
}
