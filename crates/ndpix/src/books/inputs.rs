//! `OUT.inputs.json`: which inputs the rows of an array come from, by the numbers that its row map has for
//! them, and what each is known by, so that rows are not added twice. Of all outputs it alone holds names.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde::Serialize;
use serde_json::{Value, json};

use crate::error::{Error, Result};
use crate::options::Options;
use crate::sink::npy::INPUTS;
use crate::sink::partial::{beside, leave, text_of};
use crate::sink::{self, Ability, Standing};
use crate::source::Input;
use crate::source::mark::Mark;

/// What the file says it is.
const FORMAT: &str = "ndpix inputs";

/// The inputs of an array: those of earlier runs, and those of this one as it goes on.
#[derive(Clone)]
pub(crate) struct Inputs {
    path: PathBuf,
    /// Entries of earlier runs, and the rows that they have.
    earlier: Vec<Value>,
    rows: u64,
    /// The number of the first input of this run.
    pub(crate) first_file: u32,
    inputs: Vec<Entry>,
    /// Files that a rejects file names come after the inputs.
    originals: Vec<(Arc<str>, u64)>,
    /// How many inputs were reached.
    reached: usize,
}

/// An input of this run.
#[derive(Clone)]
struct Entry {
    name: Arc<str>,
    mark: Option<Mark>,
    /// The row of the run with which it begins.
    first_row: u64,
    /// Its records up to the last that was taken, and whether there are more that `limit` left.
    records: u64,
    limited: bool,
    /// Whether it is cut, which counts as its last record.
    is_cut: bool,
}

impl Inputs {
    /// The inputs of a run that is about to write `out`, where there can be a list of them; marks are those of now, as a
    /// log may grow meanwhile.
    ///
    /// # Errors
    /// Kind `options` where rows of one of them are to be added and are there already.
    pub(crate) fn begin(out: &Path, inputs: &[Input], options: &Options) -> Result<Option<Self>> {
        let path = beside(out, INPUTS);
        let output = sink::named(out, options)?;
        // Beside an array it stands wherever there is a row map. Others hold theirs, and have a list when they grow.
        if !options.append && !output.can(Ability::InPlace) {
            return Ok(None);
        }
        let there = if options.append { Standing::find(output, out)? } else { None };
        let rows = there.as_ref().map_or(0, Standing::rows);
        let earlier = there.as_ref().map_or(Ok(Vec::new()), |_| read(&path, rows))?;
        let first_file = there.map_or(Ok(0), |there| there.next_file(out))?;
        let listed = earlier.iter().filter_map(|entry| entry["file"].as_u64());
        let listed = listed.max().map_or(0, |file| file.saturating_add(1));
        let first_file = first_file.max(u32::try_from(listed).unwrap_or(u32::MAX));
        if !options.append_again {
            refuse_twice(&earlier, inputs, out, options)?;
        }
        let entry = |input: &Input| Entry {
            name: input.name(),
            mark: Mark::of(input),
            first_row: 0,
            records: 0,
            limited: false,
            is_cut: false,
        };
        Ok(Some(Self {
            path,
            earlier,
            rows,
            first_file,
            inputs: inputs.iter().map(entry).collect(),
            originals: Vec::new(),
            reached: 0,
        }))
    }

    /// How many rows there were before this run.
    pub(crate) fn rows_before(&self) -> u64 {
        self.rows
    }

    /// Hears of a record of input `file`, after so many `rows` of the run.
    pub(crate) fn reach(&mut self, file: u32, rows: u64) {
        while self.reached <= file as usize {
            if let Some(entry) = self.inputs.get_mut(self.reached) {
                entry.first_row = rows;
            }
            self.reached += 1;
        }
    }

    /// Hears that input `file` is cut.
    pub(crate) fn cut(&mut self, file: u32) {
        self.inputs.get_mut(file as usize).into_iter().for_each(|entry| entry.is_cut = true);
    }

    /// Hears of a file that a rejects file names, before the first row of it.
    pub(crate) fn original(&mut self, name: &Arc<str>, rows: u64) {
        self.originals.push((Arc::clone(name), rows));
    }

    /// Hears at the end how many records there were of each input, up to the last that was taken, and whether
    /// `limit` was reached.
    pub(crate) fn ended(&mut self, records: &[u64], rows: u64, limited: bool) {
        self.reach(self.inputs.len() as u32, rows);
        for (entry, records) in self.inputs.iter_mut().zip(records) {
            entry.records = *records;
        }
        let last = self.inputs.iter_mut().rfind(|entry| entry.records > 0);
        last.into_iter().for_each(|entry| entry.limited = limited);
    }

    /// How far it has come, to go on from there in another process.
    pub(crate) fn state(&self) -> Value {
        let firsts: Vec<u64> = self.inputs.iter().take(self.reached).map(|e| e.first_row).collect();
        let originals: Vec<_> = self.originals.iter().map(|(name, row)| (&**name, row)).collect();
        let is_cut = |file: &usize| self.inputs[*file].is_cut;
        let cuts: Vec<usize> = (0..self.inputs.len()).filter(is_cut).collect();
        json!({"first_rows": firsts, "originals": originals, "cuts": cuts})
    }

    /// Goes on from such a state.
    pub(crate) fn resume(&mut self, state: &Value) {
        let firsts = state["first_rows"].as_array().into_iter().flatten();
        for (entry, first) in self.inputs.iter_mut().zip(firsts) {
            entry.first_row = first.as_u64().unwrap_or(0);
            self.reached += 1;
        }
        let cuts = state["cuts"].as_array().into_iter().flatten().filter_map(Value::as_u64);
        cuts.for_each(|file| self.cut(file as u32));
        let originals = state["originals"].as_array().into_iter().flatten();
        let original = |pair: &Value| Some((pair[0].as_str()?.into(), pair[1].as_u64()?));
        self.originals = originals.filter_map(original).collect();
    }

    /// Writes the list beside its final name, which is given, of an array that has `rows` more rows.
    pub(crate) fn write(&self, rows: u64) -> Result<PathBuf> {
        let file = |number: usize| self.first_file.saturating_add(number as u32);
        let inputs = self.inputs.iter().enumerate().map(|(number, entry)| Listed::Input {
            bytes: entry.mark.map(|mark| mark.bytes),
            file: file(number),
            first_row: self.rows + entry.first_row,
            head: entry.mark.map(|mark| format!("{:08x}", mark.head)),
            limited: entry.limited,
            name: &entry.name,
            records: entry.records.saturating_sub(entry.is_cut.into()),
            tail: entry.mark.map(|mark| format!("{:08x}", mark.tail)),
        });
        let originals = self.originals.iter().enumerate();
        let originals = originals.map(|(number, (name, first_row))| Listed::Original {
            file: file(self.inputs.len() + number),
            first_row: self.rows + first_row,
            name,
        });
        let all = self.earlier.iter().map(Listed::Earlier).chain(inputs).chain(originals);
        let list = List { format: FORMAT, inputs: all.collect(), rows: self.rows + rows };
        let mut text = serde_json::to_vec_pretty(&list)
            .map_err(|e| Error::io("cannot write down the inputs", e.into()))?;
        text.push(b'\n');
        leave(&self.path, &text)?;
        Ok(self.path.clone())
    }
}

/// The list as it is written, names in the order of the alphabet. Nothing of it is copied: inputs may be many.
#[derive(Serialize)]
struct List<'l> {
    format: &'static str,
    inputs: Vec<Listed<'l>>,
    rows: u64,
}

#[derive(Serialize)]
#[serde(untagged)]
enum Listed<'l> {
    Earlier(&'l Value),
    Input {
        bytes: Option<u64>,
        file: u32,
        first_row: u64,
        head: Option<String>,
        limited: bool,
        name: &'l str,
        records: u64,
        tail: Option<String>,
    },
    Original {
        file: u32,
        first_row: u64,
        name: &'l str,
    },
}

/// The entries of the list `path`, which must be that of an array of `rows` rows.
fn read(path: &Path, rows: u64) -> Result<Vec<Value>> {
    let Some(text) = text_of(path)? else { return Ok(Vec::new()) };
    let mut list: Value = serde_json::from_slice(&text).unwrap_or_default();
    if list["format"] != FORMAT {
        return Err(Error::options(format!(
            "{} is no list of inputs; move it away, and inputs that were appended before are not known",
            path.display()
        )));
    }
    if list["rows"] != rows {
        return Err(Error::options(format!(
            "{} lists the inputs of {} rows and its array has {rows}; remove the list, or write both anew",
            path.display(),
            list["rows"]
        )));
    }
    Ok(list["inputs"].as_array_mut().map(std::mem::take).unwrap_or_default())
}

/// The mark of an entry, of an input of which records were read.
fn mark(entry: &Value) -> Option<(Mark, u64)> {
    let sum = |name: &str| u32::from_str_radix(entry[name].as_str()?, 16).ok();
    let mark = Mark { bytes: entry["bytes"].as_u64()?, head: sum("head")?, tail: sum("tail")? };
    Some((mark, entry["records"].as_u64().filter(|records| *records > 0)?))
}

/// Refuses inputs whose records the array has already, with what adds the others.
fn refuse_twice(earlier: &[Value], inputs: &[Input], out: &Path, options: &Options) -> Result<()> {
    for (number, input) in inputs.iter().enumerate() {
        let known = earlier.iter().filter_map(|entry| Some((entry, mark(entry)?)));
        let known = known.filter(|(_, (mark, _))| mark.begins(input));
        // Of a log that has grown several times the last.
        let Some((entry, (mark, records))) =
            known.max_by_key(|(_, (mark, records))| (*records, mark.bytes))
        else {
            continue;
        };
        // What is passed over is counted over all inputs.
        // Those that meet `where` are counted then, and how many they were nobody wrote down.
        let counted = options.conditions.is_empty();
        if number == 0 && counted && options.skip >= records {
            continue;
        }
        let name = input.name();
        let whole = input.size() == Some(mark.bytes) && entry["limited"] != true;
        let first = if number == 0 { "" } else { "give it as the first input and " };
        return Err(Error::options(match whole {
            false if !counted => format!(
                "{name} was appended to {} before, and has grown since; with where, skip would count only records that meet it: put the new records into a file of their own, or pass append_again and the skip that passes over those that are there",
                out.display()
            ),
            true => format!(
                "{name} was appended to {} before with its {records} records; leave it out, or pass append_again to add them once more",
                out.display()
            ),
            false => format!(
                "the first {records} records of {name} were appended to {} before; {first}pass skip {records} to add those after them, or append_again to add all once more",
                out.display()
            ),
        }));
    }
    Ok(())
}
