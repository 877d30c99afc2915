//! Doors to single stations, and to what the locks of a run cost, for benchmarks alone: behind the feature `stations`, hidden from
//! the documentation, and free to change. Each is one call on slices; what a call needs again is in
//! a buffer of the caller's.

use std::path::Path;
use std::sync::Arc;
use std::time::Duration;

use crate::batch::Text;
use crate::dtype::{DType, Depth};
use crate::encoding::drawn::Setting;
use crate::encoding::{self, Encoding, Payload, RawSpec, Scratch};
use crate::error::Result;
use crate::format::{self, Color, ImageFormat, ImageInfo};
use crate::framing::{Feed, Framing};
use crate::limits::Limits;
use crate::options::Options;
use crate::pipeline::clock;
use crate::pixels;
use crate::pixels::steps::{self, Bench};
use crate::plan::Steps;
use crate::record::pointer::Pointer;
use crate::record::scan::{self, Hits, Query};
use crate::shape::Shape;
use crate::sink::npy::file::Npy;
use crate::source::Input;

/// How long threads of this process have held the source and the turn so far.
pub fn locks() -> [Duration; 2] {
    clock::held()
}

/// Source and framing: the number of records in `bytes`, handed out in batches as in a run.
pub fn records(bytes: &Arc<[u8]>, framing: Framing) -> Result<usize> {
    let input = Input::Bytes(Arc::clone(bytes));
    let mut feed = Feed::new(vec![input], framing, &Limits::default(), 0, None);
    let (mut text, mut count) = (Text::default(), 0);
    while feed.next(&mut text, usize::MAX, &|| {})? {
        count += text.records.len();
    }
    Ok(count)
}

/// The record station with one wanted field.
pub struct Finder {
    query: Query,
    hits: Hits,
}

impl Finder {
    /// Looks for `field`.
    pub fn new(field: Pointer) -> Result<Self> {
        let mut query = Query::default();
        query.add(field)?;
        Ok(Self { query, hits: Hits::default() })
    }

    /// Validates the record and gives the last place of the field.
    pub fn find(&mut self, record: &[u8]) -> Result<Option<(usize, usize)>> {
        scan::scan(record, &self.query, &mut self.hits)?;
        Ok(self.hits.last().map(|hit| (hit.start, hit.end)))
    }
}

/// The encoding station: one value, with the shape and dtype that raw pixels and lists are read as.
#[derive(Default)]
pub struct Value {
    scratch: Scratch,
}

impl Value {
    /// Decodes one value and gives its bytes.
    pub fn decode(
        &mut self,
        encoding: &Encoding,
        value: &[u8],
        shape: Option<Shape>,
        dtype: Option<DType>,
    ) -> Result<&[u8]> {
        let setting = Setting::default().asked(shape)?;
        let raw = RawSpec { shape, dtype, setting, ..RawSpec::default() };
        match encoding::decode(encoding, value, &raw, &Limits::default(), &mut self.scratch)? {
            Payload::File | Payload::Pixels(_) | Payload::Reference => {}
            Payload::Drawn(pixels) => {
                let Scratch { bytes, drawing, .. } = &mut self.scratch;
                bytes.clear();
                bytes.resize(pixels.shape.bytes(pixels.dtype)?, 0);
                drawing.draw(&pixels.shape, bytes)?;
            }
        }
        Ok(&self.scratch.bytes)
    }
}

/// The format station: header and pixels of one image file, into a buffer that is reused.
pub fn image(bytes: &[u8], out: &mut Vec<u8>) -> Result<(ImageFormat, ImageInfo)> {
    let limits = Limits::default();
    let format = format::recognise(bytes)?;
    let info = format::info(format, bytes, &limits)?;
    out.resize(info.bytes()?, 0);
    format::decode(format, bytes, &info, &limits, out)?;
    Ok((format, info))
}

/// The pixels station: gray to RGBA, 8 bits.
pub fn promote(gray: &[u8], out: &mut Vec<u8>) {
    out.resize(gray.len() * 4, 0);
    pixels::promote(gray, Color::Gray, Color::Rgba, Depth::of(DType::Uint8), out);
}

/// The pixels station: pictures of one kind through the steps that options ask for.
pub struct Shaper {
    steps: Steps,
    info: ImageInfo,
    bench: Bench,
}

impl Shaper {
    /// For pictures that `info` describes.
    pub fn new(options: &Options, info: ImageInfo) -> Self {
        Self { steps: Steps::new(options), info, bench: Bench::default() }
    }

    /// Fills `out` with what becomes of the picture in `stored`, which holds anything afterwards where a
    /// step works in place: turning, resizing alpha and swapping colours do.
    pub fn run(&mut self, stored: &mut Vec<u8>, out: &mut Vec<u8>) -> Result<()> {
        let outcome = steps::outcome(&self.steps, &self.info)?;
        out.resize(outcome.shape.bytes(outcome.dtype)?, 0);
        self.bench.run(&self.steps, &self.info, None, stored, outcome.color, out)
    }
}

/// The sink station: the same rows `times` times into a new array file.
pub fn npy(out: &Path, shape: Shape, dtype: DType, rows: &[u8], times: usize) -> Result<()> {
    let mut sink =
        Npy::create(out, format!("'{}'", dtype.descr()), shape.to_vec(), shape.bytes(dtype)?)?;
    for _ in 0..times {
        sink.write(rows)?;
    }
    Ok(())
}
