//! Arrays as those of the crate `ndarray`, behind the feature of that name. They are views: memory that is
//! aligned and grows without a copy is not the `Vec` that an owned `ndarray` array is made of.

use ndarray::{ArrayViewD, ArrayViewMutD, IxDyn};

use super::{Array, Element};

impl Array {
    /// The array as one of `ndarray`, without a copy; `None` where its elements are not `T`s, as for
    /// [`Array::as_slice`]. `.to_owned()` makes an `ndarray::ArrayD` of it.
    ///
    /// ```
    /// let image = ndpix::decode(b"[[1, 2, 3], [4, 5, 6]]", &ndpix::Options::default())?;
    /// let pixels = image.view::<i64>().expect("int64");
    /// assert_eq!((pixels.shape(), pixels[[1, 2]]), (&[2, 3][..], 6));
    /// assert_eq!(pixels.sum_axis(ndarray::Axis(0)).into_raw_vec_and_offset().0, [5, 7, 9]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn view<T: Element>(&self) -> Option<ArrayViewD<'_, T>> {
        ArrayViewD::from_shape(IxDyn(&self.shape), self.as_slice()?).ok()
    }

    /// As [`Array::view`], to write into.
    ///
    /// ```
    /// let mut image = ndpix::decode(b"[[1, 2], [3, 4]]", &ndpix::Options::default())?;
    /// image.view_mut::<i64>().expect("int64").mapv_inplace(|p| 10 * p);
    /// assert_eq!(image.as_slice::<i64>(), Some(&[10, 20, 30, 40][..]));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn view_mut<T: Element>(&mut self) -> Option<ArrayViewMutD<'_, T>> {
        let shape = IxDyn(&self.shape);
        ArrayViewMutD::from_shape(shape, self.as_mut_slice()?).ok()
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::dtype::DType;

    #[test]
    fn views_have_the_axes_of_the_array() {
        let bytes: Vec<u8> = (0..24u16).flat_map(u16::to_le_bytes).collect();
        let mut array = Array::copied(&[2, 3, 4], DType::Uint16, &bytes).expect("memory");
        assert!(array.view::<u8>().is_none() && array.view::<i16>().is_none());
        let view = array.view::<u16>().expect("uint16");
        assert_eq!((view.shape(), view[[1, 2, 3]]), (&[2, 3, 4][..], 23));
        array.view_mut::<u16>().expect("uint16")[[0, 1, 0]] = 900;
        assert_eq!(array.view::<u16>().expect("uint16").to_owned()[[0, 1, 0]], 900);
        assert_eq!(array.as_slice::<u16>().expect("uint16")[4], 900);
    }

    #[test]
    fn no_rows_and_no_axes_are_views_too() {
        let none = Array::copied(&[0, 5, 3], DType::Uint8, &[]).expect("memory");
        assert_eq!(none.view::<u8>().expect("uint8").shape(), [0, 5, 3]);
        let one = Array::copied(&[], DType::Float64, &7f64.to_le_bytes()).expect("memory");
        assert_eq!(one.view::<f64>().expect("float64").first(), Some(&7.0));
    }

    #[test]
    fn what_does_not_fit_its_shape_is_no_view() {
        let mut array = Array::copied(&[2], DType::Uint8, &[1, 2]).expect("memory");
        array.shape = vec![3];
        assert!(array.view::<u8>().is_none());
    }
}
