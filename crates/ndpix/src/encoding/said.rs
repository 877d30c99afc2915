//! What members say of pixels, taken one by one; `amount.rs` has what it amounts to.
//!
//! Each counts only where its type and its word fit. Two that contradict each other are an error, and so
//! is a word that is known and not read: neither is passed over.

use super::depth::Depth;
use super::envelope::scalar;
use super::keys::{self, Axis, Key, dtype_of};
use super::looks::{self, Look, Word};
use crate::dtype::ByteOrder;
use crate::record::value::{self, Kind};

/// Something that was said, and by which member.
pub(super) type By<T> = Option<(T, &'static str)>;

/// What members say.
#[derive(Debug, Clone, Copy, Default)]
pub(crate) struct Said<'a> {
    /// Whether the members are those of a tensor object, where a shape or a dtype is nothing else.
    pub(super) strict: bool,
    /// Whether any member was taken.
    pub(super) any: bool,
    pub(super) shape: By<&'a [u8]>,
    /// Of Pillow: width and height.
    pub(super) size: Option<[usize; 2]>,
    pub(super) pillow: bool,
    pub(super) axes: [By<usize>; 3],
    pub(super) short: [By<usize>; 3],
    pub(super) frames: Option<usize>,
    pub(super) dtype: By<&'a [u8]>,
    pub(super) bits: By<usize>,
    pub(super) signed: Option<bool>,
    pub(super) bytes: By<ByteOrder>,
    pub(super) fortran: By<bool>,
    pub(super) look: By<Look>,
    pub(super) planes: By<bool>,
    pub(super) step: By<usize>,
    pub(super) depth: Option<Depth>,
    pub(super) strides: Option<&'a [u8]>,
    pub(super) clash: Option<(&'static str, &'static str)>,
    pub(super) unread: Option<(&'static str, &'a [u8])>,
    /// A word under `encoding` that is not known.
    pub(super) unknown: Option<(&'static str, &'a [u8])>,
    /// Whether `is_bigendian` is among them, as in the image messages of ROS.
    pub(super) big: bool,
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

    /// Height and width, where the mode of Pillow beside a size says that it is one.
    pub(super) fn pillow_size(&self) -> Option<[usize; 2]> {
        self.size.filter(|_| self.pillow).map(|[width, height]| [height, width])
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
        if matches!(key, Key::Drawn(_)) {
            return;
        }
        self.any = true;
        let clash = &mut self.clash;
        match key {
            Key::Shape if self.strict || is_shape(text) => {
                alike(clash, &mut self.shape, text, name, |text| keys::shape_of(text).ok());
            }
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
                    alike(clash, &mut self.dtype, text, name, |text| dtype_of(text).ok());
                }
            }
            Key::Bits => {
                if let Some(n) = keys::whole(text) {
                    settle(clash, &mut self.bits, n, name);
                }
            }
            Key::Signed => self.signed = looks::flag(scalar(text)),
            Key::Bytes | Key::Order => self.order(name, key, text),
            Key::BigEndian | Key::LittleEndian => {
                if let Some(flag) = looks::flag(scalar(text)) {
                    let big = flag == (key == Key::BigEndian);
                    let order = if big { ByteOrder::Big } else { ByteOrder::Little };
                    settle(clash, &mut self.bytes, order, name);
                    self.big |= name == "is_bigendian";
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
                if let Some(planes) = looks::flag(scalar(text)) {
                    settle(clash, &mut self.planes, planes, name);
                }
            }
            // Of several the most explicit, which comes first in the alphabet.
            Key::Step if self.step.is_none_or(|step| name <= step.1) => {
                self.step = keys::whole(text).map(|n| (n, name)).or(self.step);
            }
            Key::Step => {}
            Key::Strides if is_shape(text) => self.strides = Some(text),
            Key::Strides => {}
            Key::Shape | Key::Drawn(_) => {}
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
            None if name == "format" => {
                match keys::word(text).and_then(|word| looks::depth(&word)) {
                    Some(Word::Read(depth)) => self.depth = Some(depth),
                    Some(Word::Unread) => self.unread = Some((name, text)),
                    None => {}
                }
            }
            None if name == "encoding" => self.unknown = Some((name, text)),
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

    pub(super) fn look(&self) -> Look {
        self.look.map(|look| look.0).unwrap_or_default()
    }

    /// Takes the shape out, for a caller that knows it.
    pub(crate) fn without_shape(self) -> Self {
        let look = self.look.map(|(look, by)| (Look { channels: None, ..look }, by));
        let (axes, short) = ([None; 3], [None; 3]);
        let (strides, unread) = (None, None);
        Self { shape: None, size: None, axes, short, frames: None, look, strides, unread, ..self }
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
        Self { fortran: None, strides: None, ..self }
    }

    /// Takes the order of axes out.
    pub(crate) fn without_layout(self) -> Self {
        Self { planes: None, ..self }
    }

    /// Takes the length of rows out.
    pub(crate) fn without_step(self) -> Self {
        Self { step: None, ..self }
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

/// Keeps a text that must be the same by every name.
fn alike<'a, T: PartialEq>(
    clash: &mut Option<(&'static str, &'static str)>,
    slot: &mut By<&'a [u8]>,
    text: &'a [u8],
    name: &'static str,
    read: fn(&[u8]) -> Option<T>,
) {
    match slot {
        Some((other, by)) if *by != name && read(other) != read(text) => *clash = Some((*by, name)),
        _ => *slot = Some((text, name)),
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
