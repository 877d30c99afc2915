//! NDJSON records with images to one correct NumPy array: in input order, in bounded memory, with
//! Pillow's pixels, and with the truth about every record.
//!
//! ```no_run
//! let summary = ndpix::convert(&["images.ndjson"], "images.npy", &ndpix::Options::default())?;
//! println!("{} rows, {} rejected", summary.rows, summary.rejected());
//! # Ok::<(), ndpix::Error>(())
//! ```
//!
//! Modules stand in the order in which a record travels; `ARCHITECTURE.md` has the map.
#![deny(unsafe_code)]

// Stations.
mod array;
mod encoding;
mod format;
mod framing;
mod half;
mod inflate;
mod machine;
mod pixels;
mod record;
mod sieve;
mod sink;
mod source;
// Engine.
mod books;
mod decode;
mod detect;
mod pipeline;
mod reader;
// Doors of the engine.
mod batches;
mod convert;
mod dataset;
mod each;
mod inspect;
mod load;
mod single;
// Words.
mod batch;
mod column;
mod control;
mod dtype;
mod error;
mod limits;
mod options;
mod plan;
mod shape;
mod summary;
// For benches/stages alone.
#[cfg(feature = "stations")]
#[doc(hidden)]
pub mod stations;

pub use array::{Aligned, Array, Element};
pub use batches::{Batch, Batches, Reject, Spares};
pub use column::{Column, ColumnType};
pub use control::Control;
pub use convert::{Run, convert, files_of, run};
pub use dataset::{Dataset, Item};
pub use dtype::{ByteOrder, DType};
pub use each::{Each, each};
pub use encoding::{Chain, Content, Encoding, Transport};
pub use error::{Error, ErrorKind, Position, Result};
pub use format::{Color, ImageFormat, ImageInfo};
pub use framing::Framing;
pub use inflate::Compression;
pub use inspect::{FieldReport, Report, ShapeReport, inspect};
pub use limits::Limits;
pub use load::{Loaded, load};
pub use options::{
    Fit, Frames, Given, IfExists, ImagesAs, Layout, MaxRejects, Mode, Normalize, OnError,
    OnMissing, Options, OutputCompression, Ragged, RawChannels, RawDType, RawOrder, Rejects,
    RejectsContent, Resample, Rgb, Rows, Scale, Size, Stack,
};
pub use record::pointer::{Pointer, Step};
pub use shape::Shape;
pub use single::decode;
pub use source::Input;
pub use summary::Summary;
