//! What members say of pixels, taken one by one, and what that amounts to.
//!
//! Each counts only where its type and its word fit. Two that contradict each other are an error, and so
//! is a word that is known and not read: neither is passed over.

use super::RawSpec;
use super::envelope::scalar;
use super::keys::{self, Axis, Key, dtype_of, plain};
use super::looks::{self, Look, Word};
use super::loose::{Loose, check_axes, image, planes_first};
use crate::dtype::{ByteOrder, DType};
use crate::error::{Error, Result};
use crate::record::value::{self, Kind};
use crate::shape::Shape;

/// Something that was said, and by which member.
type By<T> = Option<(T, &'static str)>;

/// What members say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Said<'a> {
    /// Whether the members are those of a tensor object, where a shape or a dtype is nothing else.
    strict: bool,
    /// Whether any member was taken.
    any: bool,
    shape: Option<&'a [u8]>,
    /// Of Pillow: width and height.
    size: Option<[usize; 2]>,
    pillow: bool,
    axes: [By<usize>; 3],
    short: [By<usize>; 3],
    frames: Option<usize>,
    dtype: Option<&'a [u8]>,
    bits: By<usize>,
    signed: Option<bool>,
    bytes: By<ByteOrder>,
    fortran: By<bool>,
    look: By<Look>,
    planes: By<bool>,
    step: Option<usize>,
    clash: Option<(&'static str, &'static str)>,
    unread: Option<(&'static str, &'a [u8])>,
}

impl<'a> Said<'a> {
    /// For the members of a tensor object.
    pub(super) fn of_tensor() -> Self {
        Self { strict: true, ..Self::default() }
    }

    /// Whether a shape, or height and width, are said.
    pub(crate) fn is_sized(&self) -> bool {
        let axis = |i: usize| self.axes[i].is_some() || self.short[i].is_some();
        self.shape.is_some() || (axis(0) && axis(1)) || self.pillow_size().is_some()
    }

    /// Whether a shape is said at once.
    pub(super) fn has_shape(&self) -> bool {
        self.shape.is_some()
    }

    /// Whether an element type is said.
    pub(super) fn has_dtype(&self) -> bool {
        self.dtype.is_some()
    }

    /// Takes the member of a key, where it is of the type and the vocabulary of the key.
    pub(crate) fn take(&mut self, (name, key): (&'static str, Key), text: &'a [u8]) {
        self.any = true;
        let clash = &mut self.clash;
        match key {
            Key::Shape if self.strict || is_shape(text) => self.shape = Some(text),
            Key::Size => self.size = pair(text),
            Key::Axis(axis) => match keys::whole(text) {
                Some(n) => settle(clash, &mut self.axes[axis as usize], n, name),
                None if axis == Axis::Channels => self.pixels(name, text, looks::pixels),
                None => {}
            },
            Key::Short(axis) => {
                if let Some(n) = keys::whole(text) {
                    settle(clash, &mut self.short[axis as usize], n, name);
                }
            }
            Key::Frames => self.frames = keys::whole(text),
            Key::DType => {
                let fits = || keys::word(text).is_some_and(|word| looks::is_dtype(&word));
                if self.strict || fits() {
                    self.dtype = Some(text);
                }
            }
            Key::Bits => {
                if let Some(n) = keys::whole(text) {
                    settle(clash, &mut self.bits, n, name);
                }
            }
            Key::Signed => self.signed = keys::whole(text).map(|n| n == 1),
            Key::Bytes | Key::Order => self.order(name, key, text),
            Key::BigEndian => {
                if let Some(big) = looks::flag(scalar(text)) {
                    let order = if big { ByteOrder::Big } else { ByteOrder::Little };
                    settle(clash, &mut self.bytes, order, name);
                }
            }
            Key::COrder | Key::FortranOrder => {
                if let Some(flag) = looks::flag(text) {
                    settle(clash, &mut self.fortran, flag == (key == Key::FortranOrder), name);
                }
            }
            Key::Pixels => self.pixels(name, text, looks::pixels),
            Key::Colors => self.pixels(name, text, looks::colors_alone),
            Key::Mode => {
                self.pixels(name, text, looks::mode);
                self.pillow |= keys::word(text).is_some_and(|word| looks::is_pillow(&word));
            }
            Key::Layout => self.layout(name, text),
            Key::Planar => {
                if let Some(n) = keys::whole(text) {
                    settle(clash, &mut self.planes, n == 1, name);
                }
            }
            Key::Step => self.step = keys::whole(text),
            Key::Shape => {}
        }
    }

    /// An order: of bytes, or by its word of memory, colours or axes.
    fn order(&mut self, name: &'static str, key: Key, text: &'a [u8]) {
        let Some(word) = keys::word(text) else { return };
        if let Some(order) = looks::bytes(&word) {
            settle(&mut self.clash, &mut self.bytes, order, name);
        } else if let Some(fortran) = looks::fortran(&word) {
            settle(&mut self.clash, &mut self.fortran, fortran, name);
        } else if key == Key::Order && looks::layout(&word).is_some() {
            self.layout(name, text);
        } else if key == Key::Order && looks::pixels(&word).is_some() {
            self.pixels(name, text, looks::pixels);
        } else if key == Key::Bytes || self.strict {
            self.unread = Some((name, text));
        }
    }

    fn layout(&mut self, name: &'static str, text: &'a [u8]) {
        match keys::word(text).and_then(|word| looks::layout(&word)) {
            Some(Word::Read(planes)) => settle(&mut self.clash, &mut self.planes, planes, name),
            Some(Word::Unread) => self.unread = Some((name, text)),
            None => {}
        }
    }

    fn pixels(&mut self, name: &'static str, text: &'a [u8], read: fn(&str) -> Option<Word<Look>>) {
        match keys::word(text).and_then(|word| read(&word)) {
            Some(Word::Read(look)) => {
                if let Some(before) = self.look.replace((look, name)) {
                    self.merge(before);
                }
            }
            Some(Word::Unread) => self.unread = Some((name, text)),
            None => {}
        }
    }

    /// Keeps what an earlier word said, as far as a later one says nothing else.
    fn merge(&mut self, (before, by): (Look, &'static str)) {
        let Some((look, name)) = self.look else { return };
        let clash = &mut self.clash;
        let one = Look {
            channels: united(clash, before.channels, look.channels, (by, name)),
            dtype: united(clash, before.dtype, look.dtype, (by, name)),
            order: united(clash, before.order, look.order, (by, name)),
            bgr: united(clash, before.bgr, look.bgr, (by, name)),
            mosaic: before.mosaic || look.mosaic,
        };
        self.look = Some((one, name));
    }

    fn look(&self) -> Look {
        self.look.map(|look| look.0).unwrap_or_default()
    }

    /// Takes the shape out, for a caller that knows it.
    pub(crate) fn without_shape(self) -> Self {
        let look = self.look.map(|(look, by)| (Look { channels: None, ..look }, by));
        let (axes, short) = ([None; 3], [None; 3]);
        Self { shape: None, size: None, axes, short, frames: None, look, unread: None, ..self }
    }

    /// Takes the element type out.
    pub(crate) fn without_dtype(self) -> Self {
        let look = self.look.map(|(look, by)| (Look { dtype: None, order: None, ..look }, by));
        Self { dtype: None, bits: None, signed: None, look, ..self }
    }

    /// Takes the order of bytes out.
    pub(crate) fn without_bytes(self) -> Self {
        let look = self.look.map(|(look, by)| (Look { order: None, ..look }, by));
        Self { bytes: None, look, ..self }
    }

    /// Takes the order of axes in memory out.
    pub(crate) fn without_order(self) -> Self {
        Self { fortran: None, ..self }
    }

    /// Takes the order of axes out.
    pub(crate) fn without_layout(self) -> Self {
        Self { planes: None, ..self }
    }

    /// Takes the length of rows out.
    pub(crate) fn without_step(self) -> Self {
        Self { step: None, ..self }
    }

    /// What the members say, and of the rest what `given` says. Kind `shape` for a shape that is not one,
    /// `field` for a dtype that is not known and for what contradicts itself, `unsupported` for a word that
    /// is known and not read.
    pub(crate) fn spec(&self, given: &RawSpec) -> Result<RawSpec> {
        if !self.any {
            return Ok(*given);
        }
        if let Some((name, text)) = self.unread {
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
            ..*given
        };
        let of_pixel = self.elements(&look, &mut spec)?;
        self.extent(look.channels.or(of_pixel), &mut spec)?;
        Ok(spec)
    }

    /// The element type and the order of its bytes; how many channels the bits of a pixel say.
    fn elements(&self, look: &Look, spec: &mut RawSpec) -> Result<Option<usize>> {
        let by_look = self.look.map_or("", |look| look.1);
        let (mut dtype, mut order) = (look.dtype, look.order);
        if let Some(text) = self.dtype {
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
                let pixel = known.is_some_and(|c| c * room == bits);
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
                "{name} says {n}, which is no element type by itself; pass raw_dtype"
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
        let size = self.sizes(height, width)?;
        if let Some(text) = self.shape {
            let shape = keys::shape_of(text)?;
            check_axes(&shape)?;
            self.agrees(&shape, size, channels)?;
            spec.shape = Some(if spec.planes { planes_first(shape) } else { shape });
            spec.loose = Loose { step: self.step, ..Loose::default() };
            return Ok(());
        }
        let hint = self.short[2].map_or(0, |c| c.0);
        let known = channels.unwrap_or(0);
        spec.loose = Loose { step: self.step, ..spec.loose };
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

    /// Height and width, where the mode of Pillow beside a size says that it is one.
    fn pillow_size(&self) -> Option<[usize; 2]> {
        self.size.filter(|_| self.pillow).map(|[width, height]| [height, width])
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

/// Sets what nothing was said of, or notes that two members do not agree.
fn settle<T: PartialEq + Copy>(
    clash: &mut Option<(&'static str, &'static str)>,
    slot: &mut By<T>,
    value: T,
    name: &'static str,
) {
    match slot {
        Some((before, by)) if *by != name && *before != value => *clash = Some((*by, name)),
        _ => *slot = Some((value, name)),
    }
}

fn united<T: PartialEq + Copy>(
    clash: &mut Option<(&'static str, &'static str)>,
    one: Option<T>,
    other: Option<T>,
    names: (&'static str, &'static str),
) -> Option<T> {
    if let (Some(one), Some(other)) = (one, other)
        && one != other
    {
        *clash = Some(names);
    }
    other.or(one)
}

fn contradiction(one: &str, other: &str) -> Error {
    Error::field(format!(
        "{one} and {other} beside the pixels contradict each other; say it with raw_shape, raw_dtype or raw_byteorder"
    ))
}

/// Whether a member is a shape and nothing else.
fn is_shape(text: &[u8]) -> bool {
    match value::kind(text) {
        Kind::String => {
            text.iter().all(|c| c.is_ascii_digit() || b"\" ,()[]".contains(c))
                && text.iter().any(u8::is_ascii_digit)
        }
        Kind::Array => {
            let mut axes = value::elements(text).peekable();
            axes.peek().is_some() && axes.all(|axis| keys::whole(axis).is_some())
        }
        Kind::Object => keys::shape_of(text).is_ok(),
        _ => false,
    }
}

/// A list of two sizes.
fn pair(text: &[u8]) -> Option<[usize; 2]> {
    let shape = is_shape(text).then(|| keys::shape_of(text).ok())??;
    shape[..].try_into().ok()
}
