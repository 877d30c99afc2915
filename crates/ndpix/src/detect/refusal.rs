//! Why no field is read, in words: one line a candidate, and the options that would read each.

use std::collections::BTreeSet;

use super::absent::{first_reason, first_records, wrapped};
use super::decide::Refusal;
use super::findings::{Candidate, Findings, MOST};
use super::graded::What;
use super::sample::Sample;
use crate::error::{Error, Remedy};
use crate::options::ArrayOption;
use crate::paths::Paths;
use crate::record::pointer::Step;
use crate::source::search;

/// Lines that are listed.
const LINES: usize = 8;

/// The error of a refusal, with its remedies.
pub(super) fn error(
    refusal: &Refusal,
    findings: &Findings,
    sample: &Sample<'_>,
    paths: &Paths,
) -> Error {
    let (all, records) = (&findings.all, sample.len());
    let (head, mut listed) = match refusal {
        Refusal::Nothing => (
            format!(
                "no field holds an image that ndpix recognises in {}{}{}; pass field to read one nevertheless, or skip where images begin later",
                first_records(records as u64),
                first_reason(sample),
                wrapped(sample)
            ),
            best_of_nothing(findings),
        ),
        Refusal::TooMany => {
            (format!("more than {MOST} fields may hold images; pass field to name one"), Vec::new())
        }
        Refusal::Several(several) => (
            "several fields hold images, and nothing says which is meant".to_string(),
            several.clone(),
        ),
        Refusal::Rival { image, rival } => (
            format!(
                "field {:#} could be read, but {:#} beside it may be the image",
                all[*image].field, all[*rival].field
            ),
            vec![*image, *rival],
        ),
        Refusal::Unreadable(listed) => {
            ("what seems to be an image cannot be read".to_string(), listed.clone())
        }
        Refusal::Drawing(listed) => {
            let said = "what would be drawn may not be what is meant, or not all of it";
            (said.to_string(), listed.clone())
        }
        Refusal::Numbers(several) => {
            ("several fields hold numbers that may be pixels".to_string(), several.clone())
        }
    };
    let beyond = listed.len().saturating_sub(LINES);
    listed.truncate(LINES);
    let mut text = head;
    for &number in &listed {
        text.push_str(&line(&all[number], records));
    }
    if beyond > 0 {
        text.push_str(&format!("\n  and {beyond} more"));
    }
    let mut remedies = remedies(refusal, all);
    if let Some((option, folder)) =
        search::remedy(paths, findings.folder.as_deref(), &findings.lost)
    {
        let what = match option {
            "base_dir" => "files of these names are there",
            _ => "where they lie, if that folder is here",
        };
        remedies.insert(0, Remedy::new(what, vec![(option, folder.display().to_string())]));
    }
    if let Refusal::Unreadable(_) = refusal
        && !paths.rules.fetches()
    {
        remedies.extend(fetched(&listed, all));
    }
    Error::plan(text).with_remedies(remedies)
}

/// What reads these candidates, where all of them are addresses that can be asked for.
fn fetched(listed: &[usize], all: &[Candidate]) -> Option<Remedy> {
    let said = |scheme: &str, n: &usize| all[*n].best.said.starts_with(&format!("\"{scheme}://"));
    let scheme = match () {
        () if listed.is_empty() => return None,
        () if listed.iter().all(|n| said("https", n)) => "https",
        () if listed.iter().all(|n| said("https", n) || said("http", n)) => "http",
        () => return None,
    };
    Some(Remedy::new("what is behind the addresses", vec![("fetch", scheme.to_string())]))
}

/// A candidate in one line.
pub(super) fn line(candidate: &Candidate, records: usize) -> String {
    let Candidate { field, seen, .. } = candidate;
    format!("\n  {field:#}: in {} of {records} records, {}", seen.len(), candidate.said())
}

/// Where nothing is an image, what comes nearest to one.
fn best_of_nothing(findings: &Findings) -> Vec<usize> {
    let mut all: Vec<usize> = (0..findings.all.len()).collect();
    all.sort_by_key(|&n| std::cmp::Reverse(findings.all[n].best.what.rank()));
    all
}

/// The options that read what is there, each set with what it does.
fn remedies(refusal: &Refusal, all: &[Candidate]) -> Vec<Remedy> {
    let listed: Vec<usize> = match refusal {
        Refusal::Several(several) | Refusal::Numbers(several) | Refusal::Drawing(several) => {
            several.clone()
        }
        Refusal::Rival { image, .. } => vec![*image],
        Refusal::Unreadable(listed) => listed.clone(),
        Refusal::Nothing | Refusal::TooMany => Vec::new(),
    };
    let named = listed.iter().flat_map(|&n| all[n].best.ways.iter().map(move |way| (n, way)));
    let ways = named.take(LINES).map(|(number, way)| {
        let field = &all[number].field;
        let options = vec![("field", field.to_string()), ("encoding", way.clone())];
        Remedy::new(format!("{field:#} as {way}"), options)
    });
    let ways: Vec<Remedy> = ways.collect();
    let readable: Vec<usize> = listed
        .into_iter()
        .filter(|&n| matches!(all[n].best.what, What::Image { .. } | What::Drawing | What::Numbers))
        .collect();
    let one = |number: &usize| {
        let field = &all[*number].field;
        Remedy::new(format!("{field:#} alone"), vec![("field", field.to_string())])
    };
    let mut remedies: Vec<Remedy> = readable.iter().take(LINES).map(one).collect();
    if let Refusal::Several(several) = refusal
        && readable.len() == several.len()
    {
        if let Some(arrays) = beside(&readable, all) {
            remedies.insert(0, arrays);
        }
        remedies.extend(together(&readable, all));
    }
    remedies.extend(ways);
    remedies
}

/// Words in names of what goes with an image and is none of its own.
const COMPANY: [&str; 5] = ["mask", "depth", "label", "seg", "annot"];
/// Keys of what is inside of a wrapper.
const WRAPPERS: [&str; 6] = ["bytes", "data", "base64", "b64", "content", "value"];
/// Fields that are proposed as arrays, at most.
const ARRAYS: usize = 6;

/// Several fields as arrays beside each other, where they stand in the same records: what goes with an image after it.
fn beside(several: &[usize], all: &[Candidate]) -> Option<Remedy> {
    let name = |n: usize| {
        let keys = all[n].field.steps().iter().rev();
        let mut keys =
            keys.filter_map(|s| if let Step::Key(key) = s { Some(&**key) } else { None });
        let last = keys.next();
        // What a wrapper calls its inside says nothing.
        match last {
            Some(key) if WRAPPERS.contains(&key) => keys.next().or(last),
            _ => last,
        }
    };
    let goes_with = |n: &usize| {
        let name = name(*n).unwrap_or_default().to_lowercase();
        COMPANY.iter().any(|word| name.contains(word))
    };
    let lead = *several.iter().find(|n| !goes_with(n))?;
    let in_records = |n: usize| all[n].seen.iter().map(|seen| seen.record).collect::<BTreeSet<_>>();
    let together = several.iter().all(|n| in_records(*n) == in_records(lead));
    let is_one = |n: &usize| {
        !all[*n].field.steps().iter().any(|s| !matches!(s, Step::Key(_) | Step::Index(_)))
    };
    if !together || several.len() > ARRAYS || !several.iter().all(is_one) {
        return None;
    }
    let mut options = vec![("field", all[lead].field.to_string())];
    let mut names = Vec::new();
    for &other in several.iter().filter(|n| **n != lead) {
        let array =
            ArrayOption::proposed(name(other).unwrap_or("array"), &all[other].field, &names)?;
        names.push(array.name.clone());
        options.push(("array", array.to_string()));
    }
    Some(Remedy::new("both, as arrays beside each other", options))
}

/// What reads several fields at once: either of them, or all as one image.
fn together(several: &[usize], all: &[Candidate]) -> Option<Remedy> {
    let fields: Vec<String> = several.iter().map(|&n| all[n].field.to_string()).collect();
    let apart = several.iter().enumerate().all(|(i, &a)| {
        several[i + 1..]
            .iter()
            .all(|&b| all[a].seen.iter().all(|s| all[b].in_record(s.record).is_none()))
    });
    if apart {
        return Some(Remedy::new("whichever is there", vec![("field", fields.join("|"))]));
    }
    let whole =
        |n: &usize| !all[*n].field.steps().iter().any(|s| matches!(s, Step::Any | Step::Named(_)));
    let alike = several.iter().all(|&n| all[n].best.shape == all[several[0]].best.shape);
    (several.len() <= 8 && alike && several.iter().all(whole)).then(|| {
        let fields = fields.into_iter().map(|field| ("field", field));
        let stack = ("stack", "new-axis".to_string());
        Remedy::new("all as one image", fields.chain([stack]).collect())
    })
}
