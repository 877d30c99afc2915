//! What the kept fields hold, told from the sample and then enforced.

use super::near;
use super::sample::{Sample, Sampled};
use crate::column::ColumnType;
use crate::decode::Decoder;
use crate::decode::columns::read;
use crate::error::{Error, Result};
use crate::options::{OnMissingColumn, Options};
use crate::plan::{ColumnPlan, Plan};
use crate::record::pointer::{Pointer, Step};
use crate::record::value::{self, Kind};

/// How many columns that are not there are named.
const NAMED: usize = 4;

/// What the values of a column in the sample can be taken for.
struct Values {
    /// What fits all of them, the narrowest first.
    fits: Vec<ColumnType>,
    /// Whether there is any, any but null, and any but empty lists.
    there: bool,
    any: bool,
    full: bool,
    /// Whether any number has a fraction or exponent.
    fraction: bool,
}

impl Values {
    fn new() -> Self {
        use ColumnType::{Bool, Float64, Floats, Int64, Ints, Text};
        let fits = vec![Int64, Float64, Bool, Text, Ints, Floats];
        Self { fits, there: false, any: false, full: false, fraction: false }
    }

    fn see(&mut self, text: &[u8], image: bool) {
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
        self.fits.retain(|kind| {
            scratch.clear();
            !image && read(*kind, text, &mut scratch).is_some()
        });
    }

    fn kind(&self) -> ColumnType {
        match self.fits.first() {
            // Integers of more than 64 bits, which doubles would round.
            Some(ColumnType::Float64 | ColumnType::Floats) if !self.fraction => ColumnType::Json,
            // Nobody knows what lists that are all empty are lists of.
            Some(kind) if self.full => *kind,
            _ => ColumnType::Json,
        }
    }
}

/// Decides the columns of the plan, whose fields are located.
pub(crate) fn columns(sample: &Sample<'_>, options: &Options, plan: &mut Plan) -> Result<()> {
    if options.columns.is_empty() {
        return Ok(());
    }
    let column = |field: &Pointer| ColumnPlan {
        field: field.clone(),
        name: field.to_string().into(),
        kind: ColumnType::Json,
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
                values.see(&text[hit.start..hit.end], image);
            }
        }
    }
    let missing = plan.columns.iter().zip(&all).filter(|(_, values)| !values.there);
    let missing: Vec<&ColumnPlan> = missing.map(|(column, _)| column).collect();
    if looked_at > 0 && !missing.is_empty() && options.on_missing_column == OnMissingColumn::Error {
        return Err(refused(&missing, sample, looked_at));
    }
    let mut columns = plan.columns.clone();
    for (column, values) in columns.iter_mut().zip(&all) {
        let (field, length) = (&column.field, column.field.steps().len());
        let around = |image: &Pointer| {
            !image.is_deep() && image.touches(field) && length <= image.steps().len()
        };
        if !plan.pointers().any(around) {
            column.kind = values.kind();
        }
    }
    plan.columns = columns;
    let said: Vec<_> = plan.columns.iter().map(|c| format!("{:#} ({})", c.field, c.kind)).collect();
    plan.notes.push(format!("columns: {}", said.join(", ")));
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
    let absent = plan.columns.iter().zip(&all).filter(|(_, values)| !values.any);
    let absent: Vec<String> = absent.map(|(column, _)| format!("{:#}", column.field)).collect();
    if !absent.is_empty() && !sample.records.is_empty() {
        plan.notes
            .push(format!("absent or null in all of the first records: {}", absent.join(", ")));
    }
    Ok(())
}

/// Why columns that none of the records has are refused.
fn refused(missing: &[&ColumnPlan], sample: &Sample<'_>, records: usize) -> Error {
    let named = |column: &&ColumnPlan| {
        format!("{:#} ({})", column.field, near::hint(sample.texts(), &column.field))
    };
    let names: Vec<_> = missing.iter().take(NAMED).map(named).collect();
    let (columns, are) = if missing.len() > 1 { ("columns", "are") } else { ("column", "is") };
    Error::plan(format!(
        "{columns} {} {are} in none of the first {records} records; name fields that are there, or pass on_missing_column fill to keep nulls",
        names.join(", ")
    ))
}
