//! What the kept fields hold, told from the sample and then enforced.

use super::absent::in_none;
use super::near;
use super::sample::{Sample, Sampled};
use crate::decode::Decoder;
use crate::decode::classes::name_of;
use crate::decode::columns::{mistyped, read, time};
use crate::error::{Error, Result};
use crate::legend::Legend;
use crate::options::{ColumnReads, OnMissingColumn, Options, ReadAs};
use crate::plan::{ColumnPlan, Plan};
use crate::record::pointer::{Pointer, Step};
use crate::record::value::{self, Kind};

/// How many columns that are not there are named.
const NAMED: usize = 4;

/// What the values of a column in the sample can be taken for.
struct Values {
    /// What fits all of them, the narrowest first.
    fits: Vec<ReadAs>,
    /// Whether there is any, any but null, and any but empty lists.
    there: bool,
    any: bool,
    full: bool,
    /// Whether any number has a fraction or exponent.
    fraction: bool,
    /// Of a type that was said: whether any value is of it, the first that is not and whether that is an image,
    /// and whether any is a time without an offset.
    of_it: bool,
    other: Option<(Vec<u8>, bool)>,
    local: bool,
}

impl Values {
    fn new() -> Self {
        use ReadAs::{Bool, Float, Floats, Int, Ints, Text};
        let fits = vec![Int, Float, Bool, Text, Ints, Floats];
        let (there, any, full, fraction) = (false, false, false, false);
        Self { fits, there, any, full, fraction, of_it: false, other: None, local: false }
    }

    /// Looks at a value, which is an image or holds one where `image` says so.
    fn see(&mut self, text: &[u8], image: bool, said: Option<&ColumnReads>) {
        let kind = value::kind(text);
        self.there = true;
        self.any |= kind != Kind::Null;
        self.full |= match kind {
            Kind::Null => return,
            Kind::Array => !value::is_empty(text),
            _ => true,
        };
        self.fraction |= text.iter().any(|c| matches!(c, b'.' | b'e' | b'E'));
        let mut scratch = Vec::new();
        match said {
            Some(ColumnReads { reads: ReadAs::Json, .. }) => self.of_it = true,
            Some(said) if !image && is_of(said, text) => {
                self.of_it = true;
                if let ReadAs::Datetime(clock) = said.reads {
                    self.local |= time(clock, text).is_ok_and(|(_, is_said)| !is_said);
                }
            }
            Some(_) => _ = self.other.get_or_insert_with(|| (text.to_vec(), image)),
            None => {}
        }
        self.fits.retain(|kind| {
            scratch.clear();
            !image && read(*kind, &Legend::default(), text, &mut scratch).is_some()
        });
    }

    fn reads(&self) -> ReadAs {
        match self.fits.first() {
            // Integers of more than 64 bits, which doubles would round.
            Some(ReadAs::Float | ReadAs::Floats) if !self.fraction => ReadAs::Json,
            // Nobody knows what lists that are all empty are lists of.
            Some(kind) if self.full => *kind,
            _ => ReadAs::Json,
        }
    }
}

/// Decides the columns of the plan, whose fields are located.
pub(crate) fn columns(sample: &Sample<'_>, options: &Options, plan: &mut Plan) -> Result<()> {
    known(options)?;
    if options.columns.is_empty() {
        return Ok(());
    }
    let column = |field: &Pointer| ColumnPlan {
        field: field.clone(),
        name: field.to_string().into(),
        reads: ReadAs::Json,
        legend: Legend::default(),
        said: false,
        touches: plan.pointers().any(|image| image.touches(field)),
        refuses_nul: false,
    };
    let columns = options.columns.iter().map(column).collect();
    plan.columns = columns;
    let mut all: Vec<Values> = plan.columns.iter().map(|_| Values::new()).collect();
    let mut decoder = Decoder::new(plan)?;
    let mut looked_at = 0;
    for Sampled { text, .. } in &sample.records {
        if decoder.find(text).is_err() {
            continue;
        }
        looked_at += 1;
        for (number, (column, values)) in plan.columns.iter().zip(&mut all).enumerate() {
            if let Some(hit) = decoder.column(number) {
                let image = column.touches && !decoder.images_in(text, hit).is_empty();
                values.see(&text[hit.start..hit.end], image, said(options, &column.field));
            }
        }
    }
    let missing = plan.columns.iter().zip(&all).filter(|(_, values)| !values.there);
    let missing: Vec<&ColumnPlan> = missing.map(|(column, _)| column).collect();
    if looked_at > 0 && !missing.is_empty() && options.on_missing_column == OnMissingColumn::Error {
        return Err(refused(&missing, sample, looked_at));
    }
    plan.columns = read_as(plan, &all, options)?;
    notes(sample, &all, plan);
    Ok(())
}

/// The columns, with what they are read as.
fn read_as(plan: &Plan, all: &[Values], options: &Options) -> Result<Vec<ColumnPlan>> {
    let mut columns = plan.columns.clone();
    for (column, values) in columns.iter_mut().zip(all) {
        let (field, length) = (&column.field, column.field.steps().len());
        let around = |image: &Pointer| {
            !image.is_deep() && image.touches(field) && length <= image.steps().len()
        };
        let holds_image = plan.pointers().any(around);
        match said(options, field) {
            None if holds_image => {}
            None => column.reads = values.reads(),
            Some(ColumnReads { reads, .. }) if holds_image && *reads != ReadAs::Json => {
                return Err(Error::options(format!(
                    "column {field:#} holds the image, so that it can be JSON text alone, and column_type says {reads}; leave it out there, or name what stands beside the image"
                )));
            }
            Some(said) => {
                (column.reads, column.said) = (said.reads, true);
                column.legend = said.legend.clone();
                fits(column, values)?;
            }
        }
    }
    Ok(columns)
}

/// Says what the columns are, and what is to be known of them.
fn notes(sample: &Sample<'_>, all: &[Values], plan: &mut Plan) {
    let said: Vec<_> =
        plan.columns.iter().map(|c| format!("{:#} ({})", c.field, c.kind())).collect();
    plan.notes.push(format!("columns: {}", said.join(", ")));
    let local = plan.columns.iter().zip(all).filter(|(_, values)| values.local);
    let local: Vec<String> = local.map(|(column, _)| format!("{:#}", column.field)).collect();
    if !local.is_empty() {
        plan.notes.push(format!("times without an offset are read as UTC: {}", local.join(", ")));
    }
    let repeats = plan.columns.iter().filter_map(|column| {
        let length = column.field.steps().len();
        let within = |image: &&Pointer| {
            let list = image.steps().get(length..).is_some_and(|rest| rest.iter().any(Step::is_wild));
            column.touches && list && image.touches(&column.field)
        };
        plan.pointers().find(within).map(|image| {
            format!(
                "column {:#} holds the list that {image:#} goes through, and each of its images gets all of it: of records with many images that is much; name what stands beside the list instead",
                column.field
            )
        })
    });
    let repeats: Vec<String> = repeats.collect();
    plan.notes.extend(repeats);
    let absent = plan.columns.iter().zip(all).filter(|(_, values)| !values.any);
    let absent: Vec<String> = absent.map(|(column, _)| format!("{:#}", column.field)).collect();
    if !absent.is_empty() && !sample.records.is_empty() {
        plan.notes
            .push(format!("absent or null in all of the first records: {}", absent.join(", ")));
    }
}

/// What a column is read as, where that is said.
fn said<'o>(options: &'o Options, field: &Pointer) -> Option<&'o ColumnReads> {
    options.column_type.iter().find(|one| one.field == *field)
}

/// Whether a value is what was said; of classes that are not named yet, whether it is a name.
fn is_of(said: &ColumnReads, text: &[u8]) -> bool {
    match said.reads {
        ReadAs::Category if said.legend.is_empty() => name_of(text).is_some(),
        reads => read(reads, &said.legend, text, &mut Vec::new()).is_some(),
    }
}

/// Refuses a type for what is no column.
fn known(options: &Options) -> Result<()> {
    match options.column_type.iter().find(|one| !options.columns.contains(&one.field)) {
        None => Ok(()),
        Some(one) => Err(Error::options(format!(
            "column_type says what {:#} is, which is not among columns ({})",
            one.field,
            near::among(&options.columns, &one.field)
        ))),
    }
}

/// Refuses a type that none of the values has which are there.
fn fits(column: &ColumnPlan, values: &Values) -> Result<()> {
    match &values.other {
        Some((text, image)) if !values.of_it => {
            let why = mistyped(column, text, *image);
            let message = why.message();
            Err(Error::plan(format!("none of the first records fits; the first: {message}")))
        }
        _ => Ok(()),
    }
}

/// Why columns that none of the records has are refused.
fn refused(missing: &[&ColumnPlan], sample: &Sample<'_>, records: usize) -> Error {
    let named = |column: &&ColumnPlan| {
        format!("{:#} ({})", column.field, near::hint(sample.texts(), &column.field))
    };
    let names: Vec<_> = missing.iter().take(NAMED).map(named).collect();
    let (columns, are) = if missing.len() > 1 { ("columns", "are") } else { ("column", "is") };
    Error::plan(format!(
        "{columns} {} {are} {}; name fields that are there, or pass on_missing_column fill to keep nulls",
        names.join(", "),
        in_none(records as u64)
    ))
}
