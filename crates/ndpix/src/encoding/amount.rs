//! What members that say something of pixels amount to: a [`RawSpec`], or why it cannot be one.

use super::RawSpec;
use super::envelope::scalar;
use super::keys::{self, dtype_of, plain};
use super::looks::Look;
use super::loose::{Loose, check_axes, image, planes_first};
use super::said::Said;
use crate::dtype::DType;
use crate::error::{Error, Result};
use crate::shape::Shape;

impl Said<'_> {
    /// What the members say, and of the rest what `given` says. Kind `shape` for a shape that is not one,
    /// `field` for a dtype that is not known and for what contradicts itself, `unsupported` for a word that
    /// is known and not read.
    pub(crate) fn spec(&self, given: &RawSpec) -> Result<RawSpec> {
        if !self.any {
            return Ok(*given);
        }
        if let Some((name, text)) = self.unread.or(self.unknown.filter(|_| self.is_message())) {
            return Err(Error::unsupported(format!(
                "{name} says {}, which is not read",
                plain(scalar(text))
            )));
        }
        if let Some((one, other)) = self.clash {
            return Err(contradiction(one, other));
        }
        let look = self.look();
        let mut spec = RawSpec {
            fortran: self.fortran.map_or(given.fortran, |f| f.0),
            bgr: look.bgr.unwrap_or(given.bgr),
            planes: self.planes.map_or(given.planes, |p| p.0),
            mosaic: look.mosaic || given.mosaic,
            depth: self.depth.or(given.depth),
            ..*given
        };
        let of_pixel = self.elements(&look, &mut spec)?;
        self.extent(look.channels.or(of_pixel), &mut spec)?;
        self.strided(&mut spec)?;
        self.stepped(&spec)?;
        Ok(spec)
    }

    /// Whether the members are those of an image message of ROS, of which each means what it says.
    fn is_message(&self) -> bool {
        self.big && self.step.is_some() && self.axes[0].is_some() && self.axes[1].is_some()
    }

    /// Refuses a message whose rows are longer than from one to the next.
    fn stepped(&self, spec: &RawSpec) -> Result<()> {
        let (Some((step, name)), Some((width, by))) = (self.step, self.axes[1]) else {
            return Ok(());
        };
        let channels = spec.shape.as_deref().and_then(|shape| shape.get(2)).copied().unwrap_or(1);
        let row = width.saturating_mul(channels).saturating_mul(spec.dtype.map_or(1, DType::size));
        match self.is_message() && step < row {
            true => Err(contradiction(name, by)),
            false => Ok(()),
        }
    }

    /// The order of the axes in memory by their strides, in bytes or in elements.
    fn strided(&self, spec: &mut RawSpec) -> Result<()> {
        let (Some(text), Some(shape)) = (self.strides, spec.shape) else { return Ok(()) };
        let strides = keys::shape_of(text)?;
        let size = spec.dtype.map_or(1, DType::size);
        let along = |axes: &mut dyn Iterator<Item = usize>| -> Vec<usize> {
            let step = |next: &mut usize, axis: usize| {
                let stride = *next;
                *next = next.saturating_mul(axis);
                Some(stride)
            };
            axes.scan(1, step).collect()
        };
        let mut last_first = along(&mut shape.iter().rev().copied());
        last_first.reverse();
        let first_first = along(&mut shape.iter().copied());
        let is = |order: &[usize]| {
            let same = |size: usize| {
                order.iter().map(|n| n.saturating_mul(size)).eq(strides.iter().copied())
            };
            same(1) || same(size)
        };
        if is(&last_first) {
            return Ok(());
        }
        if !is(&first_first) {
            let text = plain(text);
            return Err(Error::unsupported(format!("strides says {text}, which is not read")));
        }
        spec.fortran = true;
        Ok(())
    }

    /// The element type and the order of its bytes; how many channels the bits of a pixel say.
    fn elements(&self, look: &Look, spec: &mut RawSpec) -> Result<Option<usize>> {
        let by_look = self.look.map_or("", |look| look.1);
        let (mut dtype, mut order) = (look.dtype, look.order);
        if let Some((text, _)) = self.dtype {
            let (said, marked) = dtype_of(text)?;
            if dtype.is_some_and(|dtype| dtype != said) {
                return Err(contradiction("dtype", by_look));
            }
            if let (Some(one), Some(other)) = (order, marked)
                && one != other
            {
                return Err(contradiction("dtype", by_look));
            }
            (dtype, order) = (Some(said), marked.or(order));
        }
        let mut channels = None;
        if let Some((bits, name)) = self.bits {
            (dtype, channels) = self.of_bits(dtype, bits, name, look.channels)?;
        }
        if let (Some(one), Some((other, name))) = (order, self.bytes)
            && one != other
        {
            return Err(contradiction("dtype", name));
        }
        spec.dtype = dtype.or(spec.dtype);
        spec.byteorder = order.or(self.bytes.map(|b| b.0)).or(spec.byteorder);
        Ok(channels)
    }

    fn of_bits(
        &self,
        dtype: Option<DType>,
        bits: usize,
        name: &'static str,
        channels: Option<usize>,
    ) -> Result<(Option<DType>, Option<usize>)> {
        let signed = self.signed == Some(true);
        let whole = |unsigned, with_sign| Some(if signed { with_sign } else { unsigned });
        let known = channels.or(self.axes[2].map(|c| c.0));
        match (dtype, bits) {
            (Some(dtype), _) => {
                let room = 8 * dtype.size();
                let pixel = known.is_some_and(|c| c.checked_mul(room) == Some(bits));
                match pixel || bits == room || (bits < room && 2 * bits > room && bits > 8) {
                    true => Ok((Some(dtype), None)),
                    false => Err(contradiction(name, "dtype")),
                }
            }
            (None, 8) => Ok((whole(DType::Uint8, DType::Int8), None)),
            (None, 10 | 12 | 14 | 16) => Ok((whole(DType::Uint16, DType::Int16), None)),
            (None, 32) if self.signed.is_some() => Ok((whole(DType::Uint32, DType::Int32), None)),
            // Of a pixel of three bytes.
            (None, 24) if known.is_none_or(|c| c == 3) => Ok((Some(DType::Uint8), Some(3))),
            (None, 32) if known == Some(4) => Ok((Some(DType::Uint8), None)),
            (None, n) => Err(Error::unsupported(format!(
                "{name} says {n}, which is not an element type by itself; pass raw_dtype"
            ))),
        }
    }

    /// The axes, as far as they are said; `channels` is what other words than an axis say.
    fn extent(&self, channels: Option<usize>, spec: &mut RawSpec) -> Result<()> {
        let [height, width, said] = self.axes.map(|axis| axis.map(|a| a.0));
        if let (Some(one), Some(other)) = (said, channels)
            && one != other
        {
            let by = self.look.map_or("bits", |look| look.1);
            return Err(contradiction(self.axes[2].map_or("channels", |c| c.1), by));
        }
        let channels = said.or(channels);
        let step = self.step.map(|step| step.0);
        let size = self.sizes(height, width)?;
        if let Some((text, _)) = self.shape {
            let shape = keys::shape_of(text)?;
            check_axes(&shape)?;
            self.agrees(&shape, size, channels)?;
            spec.shape = Some(if spec.planes { planes_first(shape) } else { shape });
            spec.loose = Loose { step, ..Loose::default() };
            return Ok(());
        }
        let hint = self.short[2].map_or(0, |c| c.0);
        let known = channels.unwrap_or(0);
        spec.loose = Loose { step, ..spec.loose };
        let short = || Some([self.short[0].or(self.axes[0])?.0, self.short[1].or(self.axes[1])?.0]);
        if let Some([height, width]) = size {
            let shape = image(spec.planes, height, width, channels.unwrap_or(1));
            check_axes(&shape)?;
            spec.shape = Some(self.film(shape)?);
            let open = channels.is_none() && self.frames.is_none_or(|n| n == 1);
            spec.loose = Loose { open, channels: hint, by_axes: true, ..spec.loose };
        } else if let (None, Some(short)) = (spec.shape, short()) {
            let channels = if known > 0 { known } else { hint };
            spec.loose = Loose { short: Some(short), channels, fixed: known > 0, ..spec.loose };
        }
        Ok(())
    }

    /// Height and width by their whole names or by Pillow's size.
    fn sizes(&self, height: Option<usize>, width: Option<usize>) -> Result<Option<[usize; 2]>> {
        let long = height.zip(width).map(|(h, w)| [h, w]);
        if let (Some(size), Some(long)) = (self.pillow_size(), long)
            && size != long
        {
            return Err(contradiction("size", "height and width"));
        }
        let size = long.or(self.pillow_size());
        let short = self.short[0].zip(self.short[1]).map(|(h, w)| [h.0, w.0]);
        if let (Some([h, w]), Some([rows, columns])) = (size, short)
            && [h, w] != [rows, columns]
            && h.checked_mul(w) == rows.checked_mul(columns)
        {
            let by = self.short[0].map_or("rows", |short| short.1);
            return Err(contradiction(by, "height"));
        }
        Ok(size)
    }

    /// Refuses a shape that does not hold the axes that are said beside it.
    fn agrees(
        &self,
        shape: &Shape,
        size: Option<[usize; 2]>,
        channels: Option<usize>,
    ) -> Result<()> {
        if let Some(size) = size
            && !shape.windows(2).any(|pair| pair == size)
        {
            return Err(contradiction("shape", "height and width"));
        }
        match channels {
            Some(c) if c > 1 && !shape.contains(&c) => Err(contradiction("shape", "channels")),
            _ => Ok(()),
        }
    }

    /// One shape for all frames.
    fn film(&self, shape: Shape) -> Result<Shape> {
        match self.frames {
            Some(n) if n > 1 => Shape::new(&[&[n], &shape[..]].concat()),
            _ => Ok(shape),
        }
    }
}

fn contradiction(one: &str, other: &str) -> Error {
    Error::field(format!(
        "{one} and {other} beside the pixels contradict each other; say it with raw_shape, raw_dtype or raw_byteorder"
    ))
}
