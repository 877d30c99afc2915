//! Names of classes, which are numbered once all of them are known: by a pass over the records before the one that decodes.

use std::sync::atomic::{AtomicBool, Ordering};

use super::Reader;
use crate::batch::Text;
use crate::decode::Decoder;
use crate::decode::classes::name_of;
use crate::dtype::DType;
use crate::error::{Error, ErrorKind, Remedy, Result};
use crate::legend::{Census, Legend};
use crate::options::{Options, ReadAs};
use crate::plan::Plan;
use crate::record::rejected;
use crate::source::Input;

/// The inputs once more, where names of classes may have to be looked for and the inputs can be read again.
pub(super) fn again(inputs: &[Input], options: &Options) -> Option<Vec<Input>> {
    options.numbers_classes().then(|| inputs.iter().map(Input::again).collect()).flatten()
}

/// A place of the plan that has names of classes, and those that it has.
struct Open {
    names: Census,
    is: Whose,
}

/// Whose classes they are.
enum Whose {
    /// Those of a column, by its number.
    Column(usize),
    /// Those of the masks of an array, by its number.
    Array(usize),
}

impl Reader {
    /// Numbers the classes of the plan whose names are not said; `again` are the inputs once more.
    ///
    /// # Errors
    /// Kind `options` where the inputs can be read only once, or there are too many classes.
    pub(super) fn number_classes(
        &mut self,
        again: Option<Vec<Input>>,
        options: &Options,
        stop: &AtomicBool,
    ) -> Result<()> {
        let mut all = open(&self.plan);
        if all.is_empty() {
            self.plan.note_legends();
            return fits(&self.plan);
        }
        let Some(again) = again else { return Err(once(&self.plan, &all)) };
        let mut other = Self::sample(again, options)?;
        let mut decoder = Decoder::new(&self.plan)?;
        for text in other.sampled_texts()? {
            census(&mut decoder, &text, &mut all)?;
        }
        let mut text = Text::default();
        while other.feed.next(&mut text, usize::MAX, &|| {})? {
            if stop.load(Ordering::Relaxed) {
                return Err(Error::new(ErrorKind::Io, "interrupted"));
            }
            rejected::unwrap(&mut text, &other.files);
            census(&mut decoder, &text, &mut all)?;
        }
        for Open { names, is } in all {
            let legend = names.legend()?;
            match is {
                Whose::Column(column) => self.plan.columns[column].legend = legend,
                Whose::Array(_) if legend.is_empty() => {
                    return Err(Error::plan(
                        "the inputs have changed since their first records were read",
                    ));
                }
                Whose::Array(array) => self.plan.array_mut(array).classes = Some(legend),
            }
        }
        self.plan.note_legends();
        fits(&self.plan)?;
        if options.append { Err(named(&self.plan, options)) } else { Ok(()) }
    }

    /// Says what the numbers of classes mean, or when they get them.
    pub(super) fn note_classes(&mut self) {
        self.plan.note_legends();
        if !open(&self.plan).is_empty() {
            self.plan.notes.push(
                "a run numbers the names of classes by a pass over all records, before it reads images"
                    .to_string(),
            );
        }
    }
}

/// What of a plan has classes without numbers.
fn open(plan: &Plan) -> Vec<Open> {
    let columns = plan.columns.iter().enumerate();
    let columns = columns.filter(|(_, c)| c.reads == ReadAs::Category && c.legend.is_empty());
    let columns = columns.map(|(i, _)| Whose::Column(i));
    let arrays = plan.all_arrays().enumerate();
    let arrays = arrays.filter(|(_, (_, p))| p.classes.as_ref().is_some_and(Legend::is_empty));
    let all = columns.chain(arrays.map(|(i, _)| Whose::Array(i)));
    all.map(|is| Open { names: Census::default(), is }).collect()
}

/// Notes the names in some records. What is no name is left to the decoding.
fn census(decoder: &mut Decoder<'_>, text: &Text, all: &mut [Open]) -> Result<()> {
    let mut ended = Ok(());
    for record in text.records.iter().filter(|record| record.gone.is_none()) {
        let record = text.record(record);
        if decoder.find(record).is_err() {
            continue;
        }
        for Open { names, is } in all.iter_mut() {
            let mut note = |class: &[u8]| {
                if let (Ok(()), Some(name)) = (&ended, name_of(class)) {
                    ended = names.note(&name);
                }
            };
            match is {
                Whose::Column(column) => {
                    let hit = decoder.column(*column);
                    hit.into_iter().for_each(|hit| note(&record[hit.start..hit.end]));
                }
                Whose::Array(array) => decoder.classes(record, &mut |of, class| {
                    if of == *array {
                        note(class);
                    }
                }),
            }
        }
    }
    ended
}

/// Refuses more classes than the pixels of an array tell apart.
fn fits(plan: &Plan) -> Result<()> {
    for (number, (_, own)) in plan.all_arrays().enumerate() {
        let most = if own.steps.dtype == Some(DType::Uint16) { 65_535 } else { 255 };
        let classes = own.classes.as_ref().map_or(0, Legend::len);
        if classes > most {
            return Err(Error::plan(format!(
                "the masks are of {classes} classes, and uint8 tells 255 apart; pass {}",
                option_of(plan, number, "dtype", "uint16")
            )));
        }
    }
    Ok(())
}

/// Why rows are added by names that are said: the next records may have others, and so other numbers. Rows of several arrays
/// are not added at all.
fn named(plan: &Plan, options: &Options) -> Error {
    let said = plan.named(options);
    let error = Error::options(
        "append numbers classes by names that are said, as later records may have others; pass all of them in the order of their numbers",
    );
    match plan.legends().iter().any(|(_, legend)| legend.is_empty()) {
        true => error,
        false => error.with_remedies(vec![Remedy::new("those of these records", said)]),
    }
}

/// Why inputs that can be read only once do not do.
fn once(plan: &Plan, all: &[Open]) -> Error {
    let option = |open: &Open| match open.is {
        Whose::Column(column) => {
            format!("column_type {:#}=category[A,B]", plan.columns[column].field)
        }
        Whose::Array(array) => option_of(plan, array, "merge", "class[A,B]"),
    };
    let options: Vec<String> = all.iter().map(option).collect();
    Error::options(format!(
        "classes are numbered when the names of all are known, and a pipe can be read only once; name them in order: {}",
        options.join(", ")
    ))
}

/// An option of the array of this number, as it is given.
fn option_of(plan: &Plan, array: usize, option: &str, value: &str) -> String {
    match array.checked_sub(1).and_then(|further| plan.arrays.get(further)) {
        None => format!("{option} {value}"),
        Some(further) => {
            format!("array {}={},{option}={value}", further.name, further.plan.field())
        }
    }
}
