//! The fields of a sample that may hold images, each with its evidence.

use std::collections::{BTreeMap, HashMap};
use std::path::PathBuf;

use super::Sample;
use super::drawings;
use super::grade::Grader;
use super::graded::{Around, Graded, Unread, What, nothing};
use super::inside::inside;
use super::leaves::{Leaf, walk};
use super::sources::{self, Source};
use super::words::{self, Name};
use crate::decode::{RawFields, Stand};
use crate::encoding::{Encoding, RawSpec};
use crate::error::Result;
use crate::options::Options;
use crate::paths::{Base, Paths};
use crate::plan::Raw;
use crate::record::pointer::{Pointer, Step};
use crate::record::scan::{Hits, Query, scan};
use crate::record::value::{self, Kind};
use crate::source::search::NAMES;

/// More candidates than these are not weighed against each other.
pub(super) const MOST: usize = 256;

/// A field that may hold images.
#[derive(Debug, Clone)]
pub(crate) struct Candidate {
    pub(crate) field: Pointer,
    /// How its values hold images, with the number of values in the sample.
    pub(crate) encodings: BTreeMap<String, u64>,
    pub(super) name: Name,
    /// Where known programs put their images, if that is such a place.
    pub(super) source: Option<Source>,
    /// The value most like an image.
    pub(super) best: Graded,
    /// In which records it stands, in order.
    pub(super) seen: Vec<Seen>,
}

/// What a candidate is in one record: of several values the best, and all prints together.
#[derive(Debug, Clone, Copy, PartialEq)]
pub(super) struct Seen {
    pub(super) record: usize,
    pub(super) what: What,
    pub(super) print: u64,
    pub(super) file_name: u64,
}

/// All that a sample has.
#[derive(Debug, Default)]
pub(crate) struct Findings {
    pub(crate) all: Vec<Candidate>,
    /// How many candidates there are beyond those.
    pub(super) more: usize,
    /// The first paths of files that are not there, and the folder of their input.
    pub(super) lost: Vec<String>,
    pub(super) folder: Option<PathBuf>,
    pub(super) places: HashMap<Vec<Step>, usize>,
    /// How many of each sort were kept when they were first seen.
    pub(super) counted: usize,
    pub(super) nothing: usize,
    pub(super) other: usize,
}

impl Findings {
    /// The first record with something like an image.
    pub(crate) fn first(&self) -> Option<usize> {
        self.counting()
            .flat_map(|c| c.seen.iter().filter(|s| s.what.counts()))
            .map(|s| s.record)
            .min()
    }

    /// Those that are more than nothing.
    pub(crate) fn counting(&self) -> impl Iterator<Item = &Candidate> {
        self.all.iter().filter(|c| c.best.what.counts())
    }

    fn note(&mut self, record: usize, steps: &[Step], name: &Name, graded: Graded) {
        let at = match self.places.get(steps) {
            Some(&at) => at,
            None => {
                // Of what is nothing a few are enough to be named.
                let (room, most) = match graded.what {
                    what if what.counts() => (&mut self.counted, MOST),
                    What::Nothing => (&mut self.nothing, MOST),
                    _ => (&mut self.other, MOST),
                };
                if *room == most {
                    self.more += usize::from(graded.what.counts());
                    return;
                }
                *room += 1;
                self.places.insert(steps.to_vec(), self.all.len());
                self.all.push(Candidate {
                    field: Pointer::new(steps.to_vec()),
                    encodings: BTreeMap::new(),
                    name: name.clone(),
                    source: sources::of(steps),
                    best: graded.clone(),
                    seen: Vec::new(),
                });
                self.all.len() - 1
            }
        };
        self.all[at].add(record, graded);
    }
}

impl Candidate {
    fn add(&mut self, record: usize, graded: Graded) {
        if let Some(encoding) = graded.encoding.as_ref().filter(|_| graded.what.counts()) {
            *self.encodings.entry(encoding.to_string()).or_default() += 1;
        }
        let seen =
            Seen { record, what: graded.what, print: graded.print, file_name: graded.file_name };
        match self.seen.last_mut().filter(|last| last.record == record) {
            Some(last) => {
                last.print = last.print.rotate_left(1) ^ seen.print;
                if last.what.rank() < seen.what.rank() {
                    (last.what, last.file_name) = (seen.what, seen.file_name);
                }
            }
            None => self.seen.push(seen),
        }
        if self.best.what.rank() < graded.what.rank() {
            self.best = graded;
        }
    }

    /// As a field that the options name.
    pub(crate) fn as_named(&self) -> super::Candidate {
        let (mut encodings, mut encoding) = (self.encodings.clone(), self.best.encoding.clone());
        if let Some(one) = drawings::reads_all(&encodings) {
            let all = encodings.values().sum();
            encodings = BTreeMap::from([(one.to_string(), all)]);
            encoding = Some(one);
        }
        super::Candidate {
            field: self.field.clone(),
            encodings,
            encoding,
            records: self.seen.len() as u64,
            said: Some(self.said()),
            either: false,
        }
    }

    /// What its best value is, in words, and what would read it.
    pub(super) fn said(&self) -> String {
        let remedy = self.best.remedy.as_ref().map(|r| format!("; {r}")).unwrap_or_default();
        format!("{}{remedy}", self.best.said)
    }

    /// What is to be said where numbers are read: the shapes that a flat list may have.
    pub(super) fn said_of_numbers(&self) -> Option<String> {
        let remedy = self.best.remedy.as_ref().filter(|_| self.best.what == What::Numbers)?;
        Some(format!("field {:#} is a flat list; {remedy}", self.field))
    }

    /// What it is in this record, if it is there.
    pub(super) fn in_record(&self, record: usize) -> Option<&Seen> {
        let at = self.seen.binary_search_by_key(&record, |seen| seen.record).ok()?;
        Some(&self.seen[at])
    }
}

/// Grades every leaf of the sample.
pub(crate) fn find(sample: &Sample<'_>, options: &Options, paths: &Paths) -> Result<Findings> {
    let raw = Raw::new(options);
    let mut given = Given::new(&raw)?;
    let mut grader = Grader::new(&options.limits, paths);
    let mut findings = Findings::default();
    if options.fetches() {
        grader.look_ahead(&addresses(sample));
    }
    for (number, record) in sample.records.iter().enumerate() {
        if given.scan(record.text).is_err() {
            continue;
        }
        walk(record.text, &mut |leaf| {
            let at = At { record: record.text, base: record.base };
            let (name, graded) = weigh(&mut grader, leaf, &given, at);
            let is_one = is_one(leaf, &graded);
            if let Some(lost) = graded.lost.as_ref().filter(|_| findings.lost.len() < NAMES) {
                findings.lost.push(lost.clone());
                findings.folder = record.base.map(|base| base.folder.clone());
            }
            if (is_one || !leaf.opens) && !is_empty(leaf.value) {
                findings.note(number, leaf.steps, &name, graded);
            }
            is_one
        });
        if let Some(error) = grader.waits.take().filter(|e| options.on_error.waits(e)) {
            return Err(error.at(record.position.clone()));
        }
    }
    Ok(findings)
}

/// The texts of a sample that may be addresses of images.
fn addresses(sample: &Sample<'_>) -> Vec<String> {
    let mut all = Vec::new();
    for record in &sample.records {
        walk(record.text, &mut |leaf| {
            let mut text = Vec::new();
            if value::kind(leaf.value) == Kind::String
                && let Ok(text) = std::str::from_utf8(value::unescape(leaf.value, &mut text))
                && Grader::is_of_image(
                    text.as_bytes(),
                    &words::name(leaf.steps, leaf.beside.image_type),
                )
            {
                all.push(text.to_string());
            }
            false
        });
    }
    all
}

/// What the options say of bare pixels, for the record that was scanned last.
pub(super) struct Given<'o> {
    raw: &'o Raw,
    query: Query,
    hits: Hits,
    fields: RawFields,
}

impl<'o> Given<'o> {
    pub(super) fn new(raw: &'o Raw) -> Result<Self> {
        let mut query = Query::default();
        query.allow_nan(raw.allow_nan);
        let fields = RawFields::ask(raw, &[], &mut query)?;
        Ok(Self { raw, query, hits: Hits::default(), fields })
    }

    /// Validates a record, and takes from it what the options say of pixels by the names of fields.
    pub(super) fn scan(&mut self, record: &[u8]) -> Result<()> {
        scan(record, &self.query, &mut self.hits)
    }
}

/// The record in which a leaf stands.
#[derive(Debug, Clone, Copy)]
pub(super) struct At<'a> {
    pub(super) record: &'a [u8],
    pub(super) base: Option<&'a Base>,
}

/// A leaf with its name, graded.
pub(super) fn weigh(
    grader: &mut Grader<'_>,
    leaf: Leaf<'_>,
    given: &Given<'_>,
    at: At<'_>,
) -> (Name, Graded) {
    let name = words::name(leaf.steps, leaf.beside.image_type);
    let raw = given.raw;
    let drawing = leaf.drawing.cloned().or_else(|| drawings::run_lengths(leaf.value));
    let drawing = drawing.filter(|drawing| drawing.is_allowed(&raw.encoding));
    let drawing = drawing.map(|drawing| drawing.graded(raw.raw_shape.is_some()));
    if let Some(drawing) = drawing.as_ref().filter(|drawing| drawing.what == What::Drawing) {
        return (name, drawing.clone());
    }
    let said = leaf.beside.said;
    let stand = Stand {
        record: at.record,
        hits: &given.hits,
        object: usize::MAX,
        place: 0,
        parent: Some(leaf.beside.parent),
    };
    let spec = given.fields.resolve(raw, Some(&said), stand);
    let shape_given = raw.raw_shape.is_some();
    let drawn = raw.one_encoding().is_some_and(Encoding::is_drawn);
    let spec = spec.and_then(|spec| match drawn {
        true => Ok(RawSpec { setting: leaf.beside.setting.asked(spec.shape)?, ..spec }),
        false => Ok(spec),
    });
    let (spec, refused) = match spec {
        Ok(spec) => (spec, None),
        Err(error) => (RawSpec::default(), Some(error)),
    };
    let sized = refused.is_none() && (shape_given || said.is_sized());
    let base = at.base;
    let refused = refused.as_ref();
    let around = Around { name: &name, spec: &spec, sized, shape_given, base, refused };
    let graded = match raw.one_encoding() {
        Some(encoding) => grader.as_told(encoding, leaf.value, around),
        None => match grader.grade(leaf.value, around) {
            graded if graded.encoding.as_ref().is_some_and(|e| !raw.allows(e)) => {
                nothing(&format!("{}, which encoding does not allow", graded.said))
            }
            graded => graded,
        },
    };
    let graded = match graded.what {
        What::Nothing => drawing.or_else(|| inside(leaf.value, grader.limits)).unwrap_or(graded),
        _ => graded,
    };
    let graded = match leaf.beside.packed && matches!(graded.what, What::Image { .. }) {
        true => Graded {
            what: What::Unreadable(Unread::Opaque),
            said: "a rosbridge message packed as a PNG".to_string(),
            ..graded
        },
        false => graded,
    };
    (name, graded)
}

/// Whether a leaf is something; an object also where it was read, and is nothing like an image.
pub(super) fn is_one(leaf: Leaf<'_>, graded: &Graded) -> bool {
    match (leaf.opens, graded.what) {
        (true, What::Unreadable(_)) => false,
        (true, _) => graded.encoding.is_some() || graded.what.counts(),
        (false, what) => what.counts(),
    }
}

/// Whether a leaf holds nothing that could be graded.
fn is_empty(value: &[u8]) -> bool {
    value == b"\"\""
}
