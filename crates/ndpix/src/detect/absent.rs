//! Why no field of the sample can be read: what was found in its place, and what to do.

use super::candidates::candidates_for;
use super::decide::{Decision, decide};
use super::findings::find;
use super::plan_for;
use super::sample::{Sample, Sampled};
use crate::batch::Gone;
use crate::decode::Decoder;
use crate::encoding::Encoding;
use crate::error::{Error, ErrorKind, Remedy, Result, brief, quote};
use crate::options::{Condition, Options};
use crate::record::pointer::Field;
use crate::record::rejected;
use crate::record::scan::{Hits, Query, scan};
use crate::record::value::{self, Kind};

/// Without a record there is nothing to decide.
pub(super) fn no_records(options: &Options) -> Error {
    if !options.conditions.is_empty() {
        return Error::plan(format!("no record is left by where {}", conditions_said(options)));
    }
    Error::plan(match options.skip {
        0 => "the input has no records".to_string(),
        n => format!("no record is left after skip {n}"),
    })
}

/// The records that were looked at.
pub(super) fn first_records(count: u64) -> String {
    if count == 1 { "the first record".to_string() } else { format!("the first {count} records") }
}

/// Where a field is that none of these has.
pub(super) fn in_none(count: u64) -> String {
    format!("{} {}", if count == 1 { "not in" } else { "in none of" }, first_records(count))
}

/// What `where` asks for.
pub(super) fn conditions_said(options: &Options) -> String {
    let said = |condition: &Condition| quote(condition.to_string().as_bytes());
    brief(&options.conditions.iter().map(said).collect::<Vec<_>>().join(" and "))
}

/// Refuses a sample with numbers that JSON does not have, once instead of record by record.
pub(super) fn not_a_number(sample: &Sample<'_>, options: &Options) -> Result<()> {
    if options.allow_nan {
        return Ok(());
    }
    let (strict, mut lenient) = (Query::default(), Query::default());
    lenient.allow_nan(true);
    let mut hits = Hits::default();
    let names = |text: &[u8]| {
        [&b"NaN"[..], b"Infinity"].iter().any(|word| memchr::memmem::find(text, word).is_some())
    };
    let found = sample.records.iter().find(|record| {
        names(record.text)
            && scan(record.text, &strict, &mut hits).is_err()
            && scan(record.text, &lenient, &mut hits).is_ok()
    });
    if found.is_none() {
        return Ok(());
    }
    let allow = Remedy::new("as numbers", vec![("allow_nan", "true".to_string())]);
    let remedies = if can_be_read(sample, &Options { allow_nan: true, ..options.clone() }) {
        vec![allow]
    } else {
        Vec::new()
    };
    Err(Error::plan(
        "records of the sample hold NaN or Infinity, which JSON does not have; pass allow_nan to read them as numbers",
    )
    .with_remedies(remedies))
}

/// Whether these options find images: only then they are worth a command.
fn can_be_read(sample: &Sample<'_>, options: &Options) -> bool {
    if options.field.is_some() {
        let candidates = candidates_for(sample, options);
        return !options.encoding.is_empty() || candidates.is_ok_and(|found| !found.is_empty());
    }
    find(sample, options, &options.paths())
        .is_ok_and(|found| matches!(decide(&found), Decision::Read(_)))
}

/// What lines of a rejects file look like where nothing says that they are some.
pub(super) fn wrapped(sample: &Sample<'_>) -> &'static str {
    match sample.records.first().is_some_and(|r| rejected::is_rejected(r.text)) {
        true => {
            ", which look like lines of a rejects file: rejects_input reads the records in them"
        }
        false => "",
    }
}

/// The first unreadable record, said where it may explain everything.
pub(super) fn first_reason(sample: &Sample<'_>) -> String {
    let found = sample.records.iter().find_map(|record| Some((record, reason(record)?)));
    let Some((Sampled { position, .. }, why)) = found else { return String::new() };
    // Where the end is missing, it may stand on a later line.
    let advice = match why.contains("ends early") {
        true => "; if records span lines, pass framing concat",
        false => "",
    };
    format!(" (line {}: {why}{advice})", position.line)
}

/// Why a record cannot be read.
pub(super) fn reason(record: &Sampled<'_>) -> Option<String> {
    match record.gone {
        Some(Gone::Overlong(length)) => {
            return Some(format!("it is {length} bytes long, over max_record_bytes or memory"));
        }
        Some(Gone::Cut) => return Some("the compressed input ends before it does".to_string()),
        None if record.is_lost() => return Some(rejected::LOST.to_string()),
        None => {}
    }
    // Numbers that JSON does not have were said before.
    let mut query = Query::default();
    query.allow_nan(true);
    let error = scan(record.text, &query, &mut Hits::default()).err()?;
    Some(error.message().to_string())
}

/// A field was named, and nothing in it is an image.
pub(super) fn unread(sample: &Sample<'_>, options: &Options, field: &Field) -> Error {
    match sample.records.is_empty() {
        true => no_records(options),
        false => {
            let mends = mends(sample, options).then(|| {
                Remedy::new("with each + that became a blank", vec![("text_repair", "true".into())])
            });
            let error = Error::plan(unread_words(sample, options, field));
            error.with_remedies(mends.into_iter().collect())
        }
    }
}

/// Whether text of the field is read once it is repaired.
fn mends(sample: &Sample<'_>, options: &Options) -> bool {
    let repaired = Options { text_repair: true, ..options.clone() };
    let found = candidates_for(sample, &repaired);
    !options.text_repair
        && found.is_ok_and(|all| all.iter().any(|found| !found.encodings.is_empty()))
}

fn unread_words(sample: &Sample<'_>, options: &Options, field: &Field) -> String {
    let count = sample.len() as u64;
    let mut query = Query::default();
    let mut hits = Hits::default();
    if field.alternatives().iter().all(|f| query.add(f.clone()).is_ok()) {
        let mut found = sample
            .records
            .iter()
            .filter(|r| scan(r.text, &query, &mut hits).is_ok() && !hits.is_empty());
        if found.next().is_none() {
            return match first_keys(sample) {
                Some(keys) => format!(
                    "field {field:#} is {}, which {} {keys}{}; where it begins later, pass skip",
                    in_none(count),
                    if count == 1 { "has" } else { "have" },
                    first_reason(sample)
                ),
                None => format!("field {field:#} is {}{}", in_none(count), first_reason(sample)),
            };
        }
    }
    match refusal(sample, options, field) {
        Some((encoding, error)) => format!(
            "field {field:#} holds no image that ndpix recognises in {}; read as {encoding} the first is refused: {}",
            first_records(count),
            error.message()
        ),
        None => format!(
            "field {field:#} holds no image that ndpix recognises in {}{}; raw base64 pixels need raw_shape (and raw_dtype), anything else encoding",
            first_records(count),
            first_reason(sample)
        ),
    }
}

/// The keys of the first record that is an object.
fn first_keys(sample: &Sample<'_>) -> Option<String> {
    let mut hits = Hits::default();
    let mut objects = sample.records.iter().filter(|r| {
        value::kind(r.text) == Kind::Object && scan(r.text, &Query::default(), &mut hits).is_ok()
    });
    let keys: Vec<_> = value::entries(objects.next()?.text).map(|e| quote(e.0)).take(9).collect();
    (!keys.is_empty()).then(|| match keys.len() {
        9 => format!("{}, ...", keys[..8].join(", ")),
        _ => keys.join(", "),
    })
}

/// What is wrong with the first value of the field, read as the encoding that its JSON type and the
/// options suggest.
fn refusal(sample: &Sample<'_>, options: &Options, field: &Field) -> Option<(Encoding, Error)> {
    let mut query = Query::default();
    field.alternatives().iter().try_for_each(|f| query.add(f.clone()).map(|_| ())).ok()?;
    let mut hits = Hits::default();
    sample.records.iter().find_map(|record| {
        scan(record.text, &query, &mut hits).ok()?;
        let hit = hits.first()?;
        let encoding = match value::kind(&record.text[hit.start..hit.end]) {
            Kind::Array => Encoding::List,
            Kind::String => Encoding::Raw,
            Kind::Object => Encoding::Tensor,
            _ => return None,
        };
        let plan = plan_for(options, field, Some(encoding.clone()));
        let mut decoder = Decoder::new(&plan).ok()?;
        (decoder.find(record.text).ok()? > 0).then_some(())?;
        let error = decoder.probe(record.text, 0, None).err()?;
        // Text that is not base64 says nothing about pixels.
        let told = options.raw_shape.is_some() || error.kind() != ErrorKind::Encoding;
        (told || encoding == Encoding::List).then_some((encoding, error))
    })
}
