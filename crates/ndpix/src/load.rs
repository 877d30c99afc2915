//! `load`: a run whose rows stay in memory.

use std::time::Instant;

use crate::array::{Array, NamedArrays};
use crate::books::{Books, fill_row, further, names, stacked};
use crate::column::Column;
use crate::control::Control;
use crate::error::Result;
use crate::options::Options;
use crate::os;
use crate::reader::Reader;
use crate::sink::memory::Memory;
use crate::source::Input;
use crate::summary::Summary;

/// How a run into memory ended: what it did is known also when it failed.
#[derive(Debug)]
pub struct Loaded {
    /// What was done. `outputs` holds the rejects file, where one was asked for.
    pub summary: Summary,
    /// All images, stacked on the first axis.
    pub result: Result<Array>,
    /// The arrays beside it, by their names, where `array` asks for some.
    pub arrays: NamedArrays,
    /// The kept fields, one row for each image of the array.
    pub columns: Vec<Column>,
}

/// Reads every image into one array. It is allocated once where the number of rows can be told from the
/// inputs, and otherwise grows without being copied. Rejects are counted; they go to a file only
/// where `rejects` names one.
///
/// ```
/// use ndpix::{Control, Input, Options};
/// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n");
/// let loaded = ndpix::load(vec![records], &Options::default().with("field", "image")?, &Control::default());
/// let images = loaded.result?;
/// assert_eq!((&images.shape[..], images.as_slice::<i64>()), (&[2, 1, 2][..], Some(&[1, 2, 3, 4][..])));
/// assert_eq!(loaded.summary.decoded, 2);
/// # Ok::<(), ndpix::Error>(())
/// ```
///
/// # Errors
/// In `result`: kind `options` and `plan` before the work; any other kind ends the run.
pub fn load(inputs: Vec<Input>, options: &Options, control: &Control<'_>) -> Loaded {
    let begun = Instant::now();
    let mut summary =
        Summary { inputs: inputs.iter().map(Input::name).collect(), ..Summary::default() };
    let result = go(inputs, options, control, &mut summary);
    summary.seconds = begun.elapsed().as_secs_f64();
    summary.peak_memory = os::peak_memory();
    let (result, arrays, columns) = match result {
        Ok((array, arrays, columns)) => (Ok(array), arrays, columns),
        Err(error) => (Err(error), Vec::new(), Vec::new()),
    };
    Loaded { summary, result, arrays, columns }
}

fn go(
    inputs: Vec<Input>,
    options: &Options,
    control: &Control<'_>,
    summary: &mut Summary,
) -> Result<(Array, NamedArrays, Vec<Column>)> {
    options.validate_arrays()?;
    let mut reader = Reader::open(inputs, options, false, &control.stop)?;
    control.note(reader.plan.said());
    let (shape, dtype) = stacked(&reader.plan)?;
    let fill = fill_row(options, &reader.plan)?;
    // A little more than expected, since too much is free and too little moves pages.
    let expected = reader.expected_rows().map(|rows| (rows * 1.02) as u64 + 64);
    let rows = [expected, options.limit].into_iter().flatten().min();
    let mut memory = Memory::new(shape, dtype, rows, further(&reader.plan)?, &names(&reader.plan))?;
    let mut books =
        Books::new(options, &reader.plan, Box::new(&mut memory), fill, std::mem::take(summary))?;
    let ended = books.drive(&mut reader, control);
    let (result, done) = books.end(ended);
    *summary = done;
    result.map(|()| memory.into_parts())
}
