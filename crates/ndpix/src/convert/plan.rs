//! `plan`: a run is decided, and its inputs are cut into parts.

use std::path::Path;
use std::str::FromStr;

use super::{checks, remote};
use crate::batch::Text;
use crate::books::{fill_row, names, stacked};
use crate::control::Control;
use crate::error::{Error, Result};
use crate::framing::{Feed, Framing};
use crate::options::{self, MaxRejects, Options, Rejects};
use crate::parts::{Known, Plan, Span};
use crate::plan::Target;
use crate::reader::{self, Reader};
use crate::sink::{self, Ability};
use crate::source::Input;
use crate::source::cut::ranges;
use crate::stores;

/// How much is read of an input to know its framing.
const LOOK: usize = 64 << 10;

/// How the inputs of a plan are cut into parts.
///
/// Files of lines that are not compressed are cut after line ends; others are a part each, and small files are
/// put together into one.
///
/// ```
/// use ndpix::Cut;
/// assert_eq!("64M".parse::<Cut>()?, Cut::Bytes(64 << 20));
/// assert_eq!(Cut::default(), Cut::Bytes(64 << 20));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Cut {
    /// Parts of about so many bytes.
    Bytes(u64),
    /// About so many parts.
    Parts(u64),
}

impl FromStr for Cut {
    type Err = Error;

    /// A number of bytes, with an optional K, M or G.
    fn from_str(text: &str) -> Result<Self> {
        options::bytes("part_bytes", text).map(Self::Bytes)
    }
}

impl Default for Cut {
    fn default() -> Self {
        Self::Bytes(64 << 20)
    }
}

/// Decides a run of these files to `out` and cuts it into parts, and writes nothing; with `fresh` it removes parts
/// that wait in [`Plan::work`]. What it gives can be written down, and carried out by other processes: see [`Plan`].
///
/// ```
/// use ndpix::{Control, Cut, Input, Options};
/// let folder = tempfile::tempdir()?;
/// let (records, out) = (folder.path().join("a.ndjson"), folder.path().join("a.npy"));
/// std::fs::write(&records, "{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n")?;
/// let (inputs, options) = (Input::expand(&[records])?, Options::default().with("field", "image")?);
/// let plan = ndpix::plan(inputs, &out, &options, Cut::Parts(2), &Control::default())?;
/// assert_eq!((plan.parts(), plan.out()), (2, &*out));
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`convert`](crate::convert()) before it writes anything; kind `options` also for inputs that can be read
/// only once, and for `skip`, `limit` and `append`.
pub fn plan(
    inputs: Vec<Input>,
    out: &Path,
    options: &Options,
    cut: Cut,
    control: &Control<'_>,
) -> Result<Plan> {
    let out = &remote::tidy(out);
    options.validate()?;
    refuse(options)?;
    match stores::address(out) {
        Some(address) => {
            remote::check(&inputs, address, options)?;
            remote::may_write(address, options)?;
        }
        None => {
            checks::spare(&inputs, out, options)?;
            checks::may_write(out, options)?;
        }
    }
    let (known, mut reader) = decide(&inputs, options, control)?;
    let output = sink::named(out, options)?;
    let refuses_nul = !output.can(Ability::Nul);
    reader.plan.columns.iter_mut().for_each(|column| column.refuses_nul = refuses_nul);
    output.check_columns(&names(&reader.plan))?;
    output.check_legends(&names(&reader.plan), &reader.plan.legends())?;
    fill_row(options, &reader.plan)?;
    control.note(reader.plan.said());
    if stores::address(out).is_none() {
        checks::disk(&reader, out, options)?;
    }
    let (known, parts) = cut_up(inputs, known, options, cut)?;
    let plan = Plan::new(options, reader.plan, (out, output.name), known, parts)?;
    if options.fresh {
        plan.sweep(None)?;
    }
    Ok(plan)
}

/// Decides what the images of these files become and cuts the files into parts, for programs that read the parts with
/// [`Batches::of_part`](crate::Batches::of_part). There is no output: nothing is written, and such a plan is neither
/// carried out nor committed.
///
/// ```
/// use ndpix::{Batches, Control, Cut, Input, Options};
/// let folder = tempfile::tempdir()?;
/// let records = folder.path().join("a.ndjson");
/// std::fs::write(&records, "{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n")?;
/// let (inputs, options) = (Input::expand(&[records])?, Options::default().with("field", "image")?);
/// let plan = ndpix::plan_to_read(inputs, &options, Cut::Parts(2), &Control::default())?;
/// let batches = Batches::of_part(&plan, 1, 8, &Control::default())?;
/// assert_eq!(batches.map(|batch| batch.map_or(0, |batch| batch.lines.len())).sum::<usize>(), 1);
/// # Ok::<(), Box<dyn std::error::Error>>(())
/// ```
///
/// # Errors
/// As [`Batches::open`](crate::Batches::open); kind `options` also for inputs that can be read only once, and for
/// `skip`, `limit`, `max_rejects` and `rejects`, which are of a whole run.
pub fn plan_to_read(
    inputs: Vec<Input>,
    options: &Options,
    cut: Cut,
    control: &Control<'_>,
) -> Result<Plan> {
    options.validate()?;
    options.validate_arrays()?;
    refuse(options)?;
    refuse_to_read(options)?;
    let (known, reader) = decide(&inputs, options, control)?;
    stacked(&reader.plan)?;
    fill_row(options, &reader.plan)?;
    control.note(reader.plan.said());
    let (known, parts) = cut_up(inputs, known, options, cut)?;
    Plan::new(options, reader.plan, (Path::new(""), ""), known, parts)
}

/// What the inputs are known by, and a reader that knows what their images become.
fn decide(
    inputs: &[Input],
    options: &Options,
    control: &Control<'_>,
) -> Result<(Vec<Known>, Reader)> {
    checks::readable(inputs)?;
    let known = inputs.iter().map(|input| Known::of(input, options)).collect::<Result<_>>()?;
    let again = reader::again(inputs, options)?;
    let copies = inputs.iter().filter_map(Input::again).collect();
    let mut reader = Reader::open(copies, options, false, &control.stop)?;
    reader.measure(again, options, &control.stop)?;
    match reader.plan.target {
        Target::Each => Err(Error::plan("images of different shapes do not make one array")),
        _ => Ok((known, reader)),
    }
}

/// The inputs looked at, and their parts.
fn cut_up(
    inputs: Vec<Input>,
    mut known: Vec<Known>,
    options: &Options,
    cut: Cut,
) -> Result<(Vec<Known>, Vec<Vec<Span>>)> {
    inputs.into_iter().zip(&mut known).for_each(|(input, known)| look(input, known, options));
    let parts = parts(&known, cut)?;
    Ok((known, parts))
}

/// Refuses what is of a whole run, of which readers of parts know nothing.
fn refuse_to_read(options: &Options) -> Result<()> {
    let word = match (&options.rejects, options.max_rejects) {
        (Rejects::Path(_), _) => "rejects",
        (_, Some(most)) if most != MaxRejects::None => "max_rejects",
        _ => return Ok(()),
    };
    Err(Error::options(format!(
        "{word} is not for parts that are read apart from each other; leave it out, or pass on_error raise"
    )))
}

/// Refuses what cannot be done in parts.
fn refuse(options: &Options) -> Result<()> {
    let refused = [
        (
            "skip",
            options.skip > 0,
            "records can be passed over only where those before are counted",
        ),
        ("limit", options.limit.is_some(), "records can be counted only from the first on"),
        ("append", options.append, "what is there may have grown until the parts are done"),
    ];
    match refused.into_iter().find(|(_, given, _)| *given) {
        None => Ok(()),
        Some((name, _, why)) => Err(Error::options(format!(
            "{name} is not for a plan: {why}; leave it out, or use convert"
        ))),
    }
}

/// Looks at how an input begins. What cannot be read is found out by the part that reads it.
fn look(input: Input, known: &mut Known, options: &Options) {
    let block = options.block_bytes.unwrap_or(LOOK);
    let feed = Feed::new(vec![input], options.framing, &options.limits, 0, None);
    let (mut feed, mut text) = (feed.with_block_bytes(block), Text::default());
    let looked = feed.next(&mut text, 1, &|| {});
    known.compression = feed.compressions().iter().map(ToString::to_string).collect();
    known.framing = match (looked, text.records.first()) {
        (Ok(_), Some(_)) => feed.framing().to_string(),
        _ => String::new(),
    };
    known.bom = feed.marked();
}

/// The parts of inputs: ranges of lines that are about as large, several of small inputs in one.
fn parts(known: &[Known], cut: Cut) -> Result<Vec<Vec<Span>>> {
    let total: u64 = known.iter().map(|known| known.size).sum();
    let every = match cut {
        Cut::Bytes(bytes) => bytes,
        Cut::Parts(parts) => total.div_ceil(parts.max(1)),
    };
    if matches!(cut, Cut::Bytes(0) | Cut::Parts(0)) {
        return Err(Error::options("part_bytes and parts must be at least 1"));
    }
    let (mut parts, mut part, mut held) = (Vec::new(), Vec::<Span>::new(), 0);
    for (file, known) in known.iter().enumerate() {
        let lines = known.framing == Framing::Lines.name() && known.compression.is_empty();
        let all = match lines {
            true => ranges(&known.place()?, known.size, every)?,
            false => vec![(0, known.size)],
        };
        let file = u32::try_from(file).map_err(|_| Error::limit("too many inputs"))?;
        for (from, to) in all {
            if held > 0 && held + (to - from) > every {
                parts.push(std::mem::take(&mut part));
                held = 0;
            }
            held += to - from;
            match part.last_mut() {
                Some(Span { file: last, to: end, .. }) if *last == file => *end = to,
                _ => part.push(Span { file, from, to }),
            }
        }
    }
    if !part.is_empty() {
        parts.push(part);
    }
    Ok(parts)
}
