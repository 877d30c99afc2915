//! NDJSON records with images to one correct NumPy array.
#![deny(unsafe_code)]

mod dtype;
mod encoding;
mod error;
mod format;
mod inflate;
mod limits;
mod record;
mod shape;

pub use dtype::{ByteOrder, DType};
pub use encoding::{Chain, Content, Encoding, RawSpec, Transport};
pub use error::{Error, ErrorKind, Position, Result};
pub use format::{Color, ImageFormat, ImageInfo};
pub use limits::Limits;
pub use shape::Shape;
