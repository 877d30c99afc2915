//! `each`: every image of a run by itself, handed to the caller.

use std::sync::atomic::AtomicBool;

use crate::error::{Error, Position, Result};
use crate::format::ImageInfo;
use crate::options::Options;
use crate::reader::Reader;
use crate::source::Input;

/// One image, or why there is none; blank lines give nothing.
#[derive(Debug)]
pub struct Each<'a> {
    /// Where its record stands.
    pub position: Position,
    /// The decoded image: C-order, little-endian, `info.bytes()` long.
    pub image: Result<(ImageInfo, &'a [u8])>,
}

/// Decodes every image by itself, in input order, without a common shape. A record without image
/// is an error of kind `field`. The options' `field` and `encoding` are found where not given.
///
/// ```
/// use ndpix::{Input, Options};
/// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[1], [2], [3]]}\n{}\n");
/// let mut found = Vec::new();
/// ndpix::each(vec![records], &Options::default().with("field", "image")?, |each| {
///     found.push(each.image.map(|(info, _)| info.shape.to_string()).map_err(|e| e.kind().name()));
///     Ok(())
/// })?;
/// assert_eq!(found, [Ok("(1, 2)".to_string()), Ok("(3, 1)".to_string()), Err("field")]);
/// # Ok::<(), ndpix::Error>(())
/// ```
///
/// # Errors
/// What ends a run; a bad record goes to `take` instead.
pub fn each(
    inputs: Vec<Input>,
    options: &Options,
    mut take: impl FnMut(Each<'_>) -> Result<()> + Send,
) -> Result<()> {
    if !options.arrays.is_empty() {
        return Err(Error::options(
            "array gives rows of several arrays; load, convert or iterate over batches",
        ));
    }
    let stop = AtomicBool::new(false);
    let mut reader = Reader::open(inputs, options, true, &stop)?;
    reader.run(options.thread_count(), &stop, |part| {
        part.each(|position, image| take(Each { position, image })).map(|()| None)
    })
}
