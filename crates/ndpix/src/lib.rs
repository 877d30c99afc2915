//! NDJSON records with images to one correct NumPy array.
#![deny(unsafe_code)]

mod batch;
mod dtype;
mod encoding;
mod error;
mod format;
mod framing;
mod inflate;
mod limits;
mod record;
mod shape;
mod source;

pub use dtype::{ByteOrder, DType};
pub use encoding::{Chain, Content, Encoding, RawSpec, Transport};
pub use error::{Error, ErrorKind, Position, Result};
pub use format::{Color, ImageFormat, ImageInfo};
pub use framing::Framing;
pub use limits::Limits;
pub use shape::Shape;
pub use source::Input;
