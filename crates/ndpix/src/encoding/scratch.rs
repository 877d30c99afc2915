//! The buffers of decoding, and the room in them.

use super::Encoding;
use crate::error::Result;
use crate::limits::make_room;
use crate::record::value;

/// For shorter values there is always room.
const LONG: usize = 1 << 20;

/// Buffers that decoding reuses from record to record.
#[derive(Debug, Default)]
pub(crate) struct Scratch {
    /// The result of the last [`super::decode`].
    pub(crate) bytes: Vec<u8>,
    pub(super) text: Vec<u8>,
    pub(super) spare: Vec<u8>,
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
        let Self { bytes, text, spare } = self;
        let (bytes_len, spare_len) = match encoding {
            // Numbers have room made for them.
            Encoding::List => (0, 0),
            Encoding::Raw | Encoding::Encoded | Encoding::Npy => (value.len(), 0),
            _ => (value.len(), value.len()),
        };
        for (buffer, len) in [(bytes, bytes_len), (spare, spare_len)] {
            make_room(buffer, len.saturating_sub(buffer.len()))?;
        }
        if memchr::memchr(b'\\', value).is_some() {
            make_room(text, value.len().saturating_sub(text.len()))?;
        }
        Ok(())
    }

    /// The bytes that the buffers take.
    pub(crate) fn capacity(&self) -> usize {
        self.bytes.capacity() + self.text.capacity() + self.spare.capacity()
    }
}
