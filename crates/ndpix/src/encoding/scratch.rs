//! The buffers of decoding, and the room in them.

use super::Encoding;
use super::drawn::Drawing;
use crate::error::Result;
use crate::limits::{LONG, make_room};
use crate::record::value;

/// Buffers that decoding reuses from record to record.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The result of the last [`super::decode`].
    pub(crate) bytes: Vec<u8>,
    pub(super) text: Vec<u8>,
    pub(super) spare: Vec<u8>,
    /// The text inside of a layer.
    pub(super) layer: Vec<u8>,
    /// What the last [`super::decode`] read, where it is to be drawn.
    pub(crate) drawing: Drawing,
}

impl Scratch {
    /// The characters of a JSON string.
    pub(crate) fn text_of<'a>(&'a mut self, value: &'a [u8]) -> &'a [u8] {
        value::unescape(value, &mut self.text)
    }

    /// Makes room for what a long value may become: buffers grow where nobody can be refused.
    pub(super) fn make_room(&mut self, encoding: &Encoding, value: &[u8]) -> Result<()> {
        if value.len() < LONG {
            return Ok(());
        }
        let Self { bytes, text, spare, .. } = self;
        // Numbers and base64 make room for themselves, also where they are not the whole of it.
        if !matches!(encoding, Encoding::List | Encoding::Raw | Encoding::Encoded | Encoding::Npy) {
            for buffer in [bytes, spare] {
                make_room(buffer, value.len().saturating_sub(buffer.len()))?;
            }
        }
        if memchr::memchr(b'\\', value).is_some() {
            make_room(text, value.len().saturating_sub(text.len()))?;
        }
        Ok(())
    }

    /// The bytes that the buffers take.
    pub(crate) fn capacity(&self) -> usize {
        let bytes = self.bytes.capacity() + self.text.capacity() + self.spare.capacity();
        bytes + self.layer.capacity() + self.drawing.capacity()
    }
}
