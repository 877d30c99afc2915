//! NDJSON records with images to one correct NumPy array: in input order, in bounded memory, with
//! Pillow's pixels, and with the truth about every record.
//!
//! ```no_run
//! let summary = ndpix::convert(&["images.ndjson"], "images.npy", &ndpix::Options::default())?;
//! println!("{} rows, {} rejected", summary.rows, summary.rejected());
//! # Ok::<(), ndpix::Error>(())
//! ```
//!
//! | you want | you call |
//! | --- | --- |
//! | an array file | [`convert()`], or [`run`] for a summary of failed runs too |
//! | one array in memory | [`load()`] |
//! | batches, as long as the input may be | [`Batches`] |
//! | any image, at any time | [`Dataset`] |
//! | one image from one value | [`decode`], [`decode_bytes`] |
//! | each image with its own shape | [`each`] |
//! | to know what is there, and what would become of it | [`inspect()`] |
//!
//! All take [`Options`], whose names and values are those of the command, and most an [`Input`]: a path, standard
//! input, text in memory or a reader.
//!
//! ```
//! use ndpix::{Control, Input, Options};
//! let records = Input::bytes("{\"image\": [[0, 255]]}\n{\"image\": [[7, 8]]}\n");
//! let options = Options::default().with("field", "image")?.with("dtype", "uint8")?;
//! let images = ndpix::load(vec![records], &options, &Control::default()).result?;
//! assert_eq!((&images.shape[..], images.as_slice::<u8>()), (&[2, 1, 2][..], Some(&[0, 255, 7, 8][..])));
//! # Ok::<(), ndpix::Error>(())
//! ```
//!
//! With the feature `ndarray` arrays are views of that crate too.
//!
//! Modules stand in the order in which a record travels; `ARCHITECTURE.md` has the map.
#![deny(unsafe_code)]

// Stations.
mod array;
mod encoding;
mod fetch;
mod format;
mod framing;
mod half;
mod inflate;
mod os;
mod pixels;
mod record;
mod reserve;
mod sieve;
mod sink;
mod source;
mod stores;
mod threads;
mod zip;
// Engine.
mod books;
mod decode;
mod detect;
mod journal;
mod page;
mod parts;
mod pipeline;
mod reader;
mod report;
// Doors of the engine.
mod batches;
mod convert;
mod dataset;
mod each;
mod inspect;
mod load;
mod show;
mod single;
// Words.
mod batch;
mod column;
mod control;
mod dtype;
mod error;
mod legend;
mod limits;
mod options;
mod paths;
mod plan;
mod shape;
mod summary;
// For benches/stages alone.
#[cfg(feature = "stations")]
#[doc(hidden)]
pub mod stations;

pub use array::{Aligned, Array, Element, NamedArrays};
pub use batches::{Batch, Batches, Spares};
pub use column::{Column, ColumnType};
pub use control::{Control, Meter, Picture, Seen, Sight};
pub use convert::{Cut, Run, convert, files_of, keep_apart, plan, plan_to_read, run};
pub use dataset::{Dataset, Item};
pub use dtype::{ByteOrder, DType};
pub use each::{Each, each};
pub use encoding::{Chain, Content, Encoding, Layer, Transport};
pub use error::{Error, ErrorKind, Position, Result};
pub use format::{Color, ImageFormat, ImageFrames, ImageInfo, Rescale};
pub use framing::Framing;
pub use inflate::Compression;
pub use inspect::{inspect, look};
pub use legend::Legend;
pub use limits::Limits;
pub use load::{Loaded, load};
pub use options::{
    ArrayOption, At, Clock, ColumnReads, Condition, Fetch, Fit, Frames, Given, Governs, IfExists,
    ImagesAs, Layout, MaxRejects, Merge, Mode, Normalize, OnError, OnErrors, OnMissing,
    OnMissingColumn, OnTruncated, OptionInfo, Options, OutputCompression, Ragged, RawChannels,
    RawDType, RawLayout, RawOrder, ReadAs, Rejects, RejectsContent, Resample, Rgb, Rows, Scale,
    Size, Stack, Test,
};
pub use page::Page;
pub use parts::{Facts, Plan};
pub use paths::PathPrefix;
pub use record::pointer::{Field, Pointer, Step};
pub use report::{Entries, FieldReport, Report, ShapeReport, Spread, quoted, shown};
pub use reserve::Reserve;
pub use shape::Shape;
pub use show::{Shown, show};
pub use single::{decode, decode_bytes};
pub use sink::origins::Origin;
pub use source::Input;
pub use source::place::Place;
pub use stores::{Object, Stores, set_stores};
pub use summary::{Reject, Summary};
