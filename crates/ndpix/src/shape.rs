//! The shape of one image: up to eight axes, without an allocation.

use std::fmt;
use std::ops::Deref;

use crate::dtype::DType;
use crate::error::{Error, Result};

/// The axes of one image, outermost first: `(H, W)`, `(H, W, C)`, or what a raw tensor says. It is read as
/// a slice, and written as NumPy writes it.
///
/// ```
/// let shape: ndpix::Shape = "480,640,3".parse()?;
/// assert_eq!(shape[..], [480, 640, 3]);
/// assert_eq!(shape.to_string(), "(480, 640, 3)");
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct Shape {
    rank: u8,
    axes: [usize; Self::MAX_RANK],
}

impl Shape {
    /// More axes than this are refused.
    pub const MAX_RANK: usize = 8;

    /// A shape with these axes.
    ///
    /// ```
    /// use ndpix::Shape;
    /// assert_eq!(Shape::new(&[7])?.to_string(), "(7,)");
    /// assert!(Shape::new(&[1; Shape::MAX_RANK + 1]).is_err());
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// Kind `shape` where there are more than [`Shape::MAX_RANK`].
    pub fn new(axes: &[usize]) -> Result<Self> {
        if axes.len() > Self::MAX_RANK {
            return Err(Error::shape(format!(
                "{} axes; at most {} are supported",
                axes.len(),
                Self::MAX_RANK
            )));
        }
        let mut all = [0; Self::MAX_RANK];
        all[..axes.len()].copy_from_slice(axes);
        Ok(Self { rank: axes.len() as u8, axes: all })
    }

    /// `(height, width)` for one channel, `(height, width, channels)` for more.
    ///
    /// ```
    /// use ndpix::Shape;
    /// assert_eq!(Shape::image(480, 640, 3)[..], [480, 640, 3]);
    /// assert_eq!(Shape::image(480, 640, 1)[..], [480, 640]);
    /// ```
    pub const fn image(height: usize, width: usize, channels: usize) -> Self {
        let rank = if channels == 1 { 2 } else { 3 };
        let c = if channels == 1 { 0 } else { channels };
        Self { rank, axes: [height, width, c, 0, 0, 0, 0, 0] }
    }

    /// The number of elements, or `None` where it does not fit a `usize`.
    ///
    /// ```
    /// use ndpix::Shape;
    /// assert_eq!(Shape::image(480, 640, 3).elements(), Some(921_600));
    /// assert_eq!(Shape::image(usize::MAX, 2, 1).elements(), None);
    /// ```
    pub fn elements(&self) -> Option<usize> {
        self.iter().try_fold(1usize, |n, &axis| n.checked_mul(axis))
    }

    /// The bytes of an image of this shape.
    ///
    /// ```
    /// use ndpix::{DType, Shape};
    /// assert_eq!(Shape::image(480, 640, 3).bytes(DType::Float32)?, 3_686_400);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// Kind `limit` where they do not fit the address space.
    pub fn bytes(&self, dtype: DType) -> Result<usize> {
        self.elements()
            .and_then(|n| n.checked_mul(dtype.size()))
            .filter(|&n| n <= isize::MAX as usize)
            .ok_or_else(|| Error::limit(format!("shape {self} does not fit the address space")))
    }
}

impl Deref for Shape {
    type Target = [usize];

    fn deref(&self) -> &[usize] {
        &self.axes[..usize::from(self.rank)]
    }
}

/// As NumPy prints it: `(480, 640, 3)`, `(7,)`, `()`.
impl fmt::Display for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("(")?;
        for (i, axis) in self.iter().enumerate() {
            write!(f, "{}{axis}", if i > 0 { ", " } else { "" })?;
        }
        f.write_str(if self.len() == 1 { ",)" } else { ")" })
    }
}

impl fmt::Debug for Shape {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        fmt::Display::fmt(self, f)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prints_as_numpy() {
        assert_eq!(Shape::image(480, 640, 3).to_string(), "(480, 640, 3)");
        assert_eq!(Shape::image(480, 640, 1).to_string(), "(480, 640)");
        assert_eq!(Shape::new(&[7]).map(|s| s.to_string()).ok().as_deref(), Some("(7,)"));
    }

    #[test]
    fn sizes_never_wrap() {
        let huge = Shape::image(usize::MAX, 2, 1);
        assert_eq!(huge.elements(), None);
        assert!(huge.bytes(DType::Uint8).is_err());
        assert!(Shape::new(&[1; 9]).is_err());
    }
}
