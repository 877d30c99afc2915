//! After the field is decided: images that appear under another name are rejects, and not passed over.
//!
//! A record without image in which something else is like one, and a record in which a second one
//! appears where the sample had nothing, say that the decision does not hold for them. What stood beside
//! a read image in the sample is known, and says nothing.

use std::collections::HashMap;

use super::decide::{self, Group};
use super::findings::{At, Findings, Given, is_one, weigh};
use super::grade::Grader;
use super::graded::What;
use super::leaves::{self, Leaf};
use super::words::{self, Name};
use crate::error::{Error, Result};
use crate::options::Options;
use crate::paths::Base;
use crate::plan::Plan;
use crate::plan::watch::{Known, Level, Watch};
use crate::record::pointer::{Field, Pointer, Step};

/// What the run has to look out for, from what was found and what is read.
pub(super) fn watch(findings: &Findings, groups: &[Group], sampled: usize) -> Watch {
    let all = &findings.all;
    let read: Vec<usize> = groups.iter().flat_map(|g| g.members.iter().copied()).collect();
    let mut known = HashMap::new();
    for (number, candidate) in all.iter().enumerate() {
        let beside = candidate.seen.iter().any(|seen| {
            read.iter().any(|&r| {
                r != number && all[r].in_record(seen.record).is_some_and(|s| s.what.counts())
            })
        });
        let state = match () {
            () if read.contains(&number) => Known::Read,
            () if beside && candidate.best.what.counts() => Known::Beside,
            () if candidate.best.what.counts() => Known::Apart,
            () => Known::Nothing,
        };
        known.insert(of_path(candidate.field.steps()), state);
    }
    let level = read.iter().map(|&r| all[r].name.level).max().unwrap_or(Level::Unknown);
    let embedded = read.iter().any(|&r| all[r].best.what == What::Image { by_path: false });
    let words = read.iter().map(|&r| all[r].name.words.clone()).collect();
    let same =
        groups.iter().map(|group| same_of(findings, group)).filter(|s| s.len() > 1).collect();
    let apart = match groups.len() {
        0 | 1 => Vec::new(),
        _ => {
            let paths =
                |g: &Group| g.members.iter().map(|&m| of_path(all[m].field.steps())).collect();
            groups.iter().map(paths).collect()
        }
    };
    Watch { known, level, embedded, words, same, apart, named: false, sampled: sampled as u64 }
}

/// What is looked out for beside a field that was named; `None` where its name says nothing by which it
/// could be known again.
pub(super) fn beside(field: &Field) -> Option<Watch> {
    let plain = |step: &Step| matches!(step, Step::Key(_) | Step::Index(_) | Step::Any);
    let pointers = field.alternatives();
    let names: Vec<_> = pointers.iter().map(|p| words::name(p.steps(), false)).collect();
    let told = |p: &Pointer, name: &Name| p.steps().iter().all(plain) && !name.words.is_empty();
    pointers.iter().zip(&names).all(|(p, name)| told(p, name)).then(|| Watch {
        known: pointers.iter().map(|p| (of_path(p.steps()), Known::Read)).collect(),
        level: names.iter().map(|name| name.level).max().unwrap_or(Level::Unknown),
        embedded: true,
        words: names.into_iter().map(|name| name.words).collect(),
        same: Vec::new(),
        apart: Vec::new(),
        named: true,
        sampled: u64::MAX,
    })
}

/// The members of a group that are one field because they showed the same image.
fn same_of(findings: &Findings, group: &Group) -> Vec<u64> {
    let same = |&&m: &&usize| findings.all[m].source.is_none();
    group.members.iter().filter(same).map(|&m| of_path(findings.all[m].field.steps())).collect()
}

/// Looks at the records of one thread.
pub(crate) struct Watcher<'p> {
    watch: &'p Watch,
    options: &'p Options,
    given: Given,
    grader: Grader<'p>,
}

impl<'p> Watcher<'p> {
    /// The watcher of a plan; `None` where its field was named.
    pub(crate) fn of(plan: &'p Plan) -> Result<Option<Self>> {
        let Some(watch) = plan.watch.as_deref() else { return Ok(None) };
        let grader = Grader::new(&plan.limits, &plan.paths);
        Ok(Some(Self { watch, options: &plan.raw, given: Given::new(&plan.raw)?, grader }))
    }

    /// Whether the value at `start`, which could not be read, is said to be something else than an image,
    /// and is nothing like one: then its place holds no image.
    pub(crate) fn is_other(&mut self, record: &[u8], start: usize, base: Option<&Base>) -> bool {
        let Self { options, given, grader, .. } = self;
        let mut other = false;
        if given.scan(record).is_err() {
            return false;
        }
        leaves::walk(record, &mut |leaf| {
            if leaf.value.as_ptr() as usize - record.as_ptr() as usize == start && !leaf.opens {
                let (_, graded) = weigh(grader, leaf, given, At { record, base }, options);
                other = leaf.beside.other_kind && !graded.what.counts();
            }
            false
        });
        other
    }

    /// Refuses a valid record that has no image where one was looked for, but something like it elsewhere.
    /// Kind `field`.
    pub(crate) fn without_image(&mut self, record: &[u8], base: Option<&Base>) -> Result<()> {
        let Self { watch, options, given, grader } = self;
        given.scan(record)?;
        let mut found = None;
        leaves::walk(record, &mut |leaf| {
            if found.is_some() || is_known(watch, leaf, &[Known::Read]) {
                return true;
            }
            let (name, graded) = weigh(grader, leaf, given, At { record, base }, options);
            if leaf.opens && !is_one(leaf, &graded) {
                return false;
            }
            // What stood beside images in the sample is not news, but for another way to hold the same one.
            let other = (watch.named || is_known(watch, leaf, &[Known::Beside]))
                && !watch.words.contains(&name.words);
            let is_image = match graded.what {
                _ if other => false,
                What::Image { .. } | What::Unreadable(_) => true,
                What::Numbers => name.level == Level::Image,
                _ => false,
            };
            if is_image {
                found = Some((Pointer::new(leaf.steps.to_vec()), graded.said.clone()));
            }
            is_one(leaf, &graded)
        });
        match found {
            Some((field, said)) => Err(Error::field(format!(
                "no image in the field, but it seems to be in {field} ({said})"
            ))),
            None => Ok(()),
        }
    }

    /// Refuses a record with an image that holds another one, where the sample had none. `number` is that
    /// of the record; `images` are the places of its images, in order.
    pub(crate) fn with_image(
        &mut self,
        record: &[u8],
        number: u64,
        images: &[(usize, usize)],
        base: Option<&Base>,
    ) -> Result<()> {
        if number < self.watch.sampled {
            return Ok(());
        }
        if !self.watch.same.is_empty() || !self.watch.apart.is_empty() {
            self.alike(record, base)?;
        }
        let mut search = Search::new(record, images);
        while let Some(suspect) = search.next(self.watch) {
            self.judge(record, suspect, base)?;
        }
        Ok(())
    }
}

impl Watcher<'_> {
    /// Holds fields to what made them one: the same image, or never two of them in a record.
    fn alike(&mut self, record: &[u8], base: Option<&Base>) -> Result<()> {
        let Self { watch, options, given, grader } = self;
        given.scan(record)?;
        let mut prints: Vec<Vec<(Pointer, u64)>> = vec![Vec::new(); watch.same.len()];
        let mut present: Vec<Option<Pointer>> = vec![None; watch.apart.len()];
        leaves::walk(record, &mut |leaf| {
            let path = of_path(leaf.steps);
            for (group, _) in watch.apart.iter().enumerate().filter(|g| g.1.contains(&path)) {
                present[group].get_or_insert_with(|| Pointer::new(leaf.steps.to_vec()));
            }
            for (group, _) in watch.same.iter().enumerate().filter(|g| g.1.contains(&path)) {
                let (_, graded) = weigh(grader, leaf, given, At { record, base }, options);
                prints[group].push((Pointer::new(leaf.steps.to_vec()), graded.print));
            }
            watch.known.contains_key(&path)
        });
        if let [first, second, ..] = &present.into_iter().flatten().collect::<Vec<_>>()[..] {
            return Err(Error::field(format!(
                "both {first} and {second} hold an image; in the sample a record had one of them"
            )));
        }
        for group in prints {
            if let Some((other, _)) = group.iter().find(|p| p.1 != group[0].1) {
                return Err(Error::field(format!(
                    "{} and {other} differ; in the sample both were the same image",
                    group[0].0
                )));
            }
        }
        Ok(())
    }

    /// Whether a value at a place that held nothing in the sample may be the image of its record.
    fn judge(&mut self, record: &[u8], suspect: usize, base: Option<&Base>) -> Result<()> {
        let Self { watch, options, given, grader } = self;
        given.scan(record)?;
        let mut verdict = Ok(());
        leaves::walk(record, &mut |leaf| {
            let start = leaf.value.as_ptr() as usize - record.as_ptr() as usize;
            if !(start..start + leaf.value.len()).contains(&suspect) {
                return false;
            }
            if is_known(watch, leaf, &[Known::Read, Known::Beside, Known::Apart]) {
                return true;
            }
            let (name, graded) = weigh(grader, leaf, given, At { record, base }, options);
            if leaf.opens && !is_one(leaf, &graded) {
                return false;
            }
            let same_words = watch.words.contains(&name.words);
            let speaks = match graded.what {
                What::Image { .. } => name.level != Level::Lesser,
                what if watch.level == Level::Lesser => {
                    decide::against_lesser(what, name.travels, same_words)
                }
                what => decide::against(what, name.level, watch.level, watch.embedded, same_words),
            };
            if speaks {
                let field = Pointer::new(leaf.steps.to_vec());
                verdict = Err(Error::field(format!(
                    "beside the image, {field} may be one too ({}); in the sample it held none",
                    graded.said
                )));
            }
            is_one(leaf, &graded)
        });
        verdict
    }
}

/// A pass over a record that stops at values that may be images, without looking into the images that
/// are read: one step for each character of punctuation, one search for each string.
struct Search<'a> {
    record: &'a [u8],
    images: &'a [(usize, usize)],
    at: usize,
    /// For each open value what its path amounts to, and whether it is an object.
    open: Vec<(u64, bool)>,
    /// Of the value that comes next.
    path: u64,
}

impl<'a> Search<'a> {
    fn new(record: &'a [u8], images: &'a [(usize, usize)]) -> Self {
        Self { record, images, at: 0, open: Vec::new(), path: of_path(&[]) }
    }

    /// The place of the next value that may be an image.
    fn next(&mut self, watch: &Watch) -> Option<usize> {
        loop {
            let start = self.at;
            if let Ok(image) = self.images.binary_search_by_key(&start, |image| image.0) {
                self.at = self.images[image].1;
                continue;
            }
            match *self.record.get(start)? {
                b'{' => self.enter(true),
                b'[' if self.numbers() => {
                    if self.at - start > LIST && !watch.known.contains_key(&self.path) {
                        return Some(start);
                    }
                }
                b'[' => self.enter(false),
                b'}' | b']' => {
                    self.open.pop();
                    self.at += 1;
                }
                b'"' => {
                    let text = self.string();
                    if self.is_key() {
                        self.path = into(self.open.last().map_or(0, |o| o.0), text);
                    } else if suspicious(text, watch.known.get(&self.path).copied()) {
                        return Some(start);
                    }
                }
                b',' => {
                    if let Some(&(path, false)) = self.open.last() {
                        self.path = into_element(path);
                    }
                    self.at += 1;
                }
                _ => self.at += 1,
            }
        }
    }

    fn enter(&mut self, object: bool) {
        self.open.push((self.path, object));
        if !object {
            self.path = into_element(self.path);
        }
        self.at += 1;
    }

    /// Passes a list of numbers, if there is one.
    fn numbers(&mut self) -> bool {
        let text = &self.record[self.at..];
        let digits = text.iter().find(|c| !matches!(c, b'[' | b' ' | b'\t' | b'\r' | b'\n'));
        if !digits.is_some_and(|c| c.is_ascii_digit() || *c == b'-') {
            return false;
        }
        let mut depth = 0usize;
        for at in memchr::memchr3_iter(b'[', b']', b'"', text) {
            match text[at] {
                b'[' => depth += 1,
                b']' => depth -= 1,
                _ => return false,
            }
            if depth == 0 {
                self.at += at + 1;
                return true;
            }
        }
        false
    }

    /// Passes a string, and gives what stands between its quotes.
    fn string(&mut self) -> &'a [u8] {
        let start = self.at + 1;
        let mut end = start;
        while let Some(found) =
            memchr::memchr2(b'"', b'\\', &self.record[end.min(self.record.len())..])
        {
            end += found;
            if self.record[end] == b'"' {
                break;
            }
            end += 2;
        }
        let end = end.min(self.record.len());
        self.at = end + 1;
        &self.record[start..end]
    }

    /// Whether the string that was just passed is a key: a colon follows it.
    fn is_key(&self) -> bool {
        let rest = &self.record[self.at.min(self.record.len())..];
        rest.iter().find(|c| !c.is_ascii_whitespace()) == Some(&b':')
    }
}

/// Shorter lists are not pictures.
const LIST: usize = 64;
/// Base64 of fewer characters holds no image and no pixels.
const TEXT: usize = 64;

/// Whether a string may be an image, at a glance.
fn suspicious(text: &[u8], known: Option<Known>) -> bool {
    const BEGINNINGS: [&[u8]; 12] = [
        b"iVBOR",
        b"/9j/",
        b"\\/9j",
        b"R0lG",
        b"UklG",
        b"SUkq",
        b"TU0A",
        b"UDUg",
        b"UDYg",
        b"cW9p",
        b"data:image",
        b"\\u0089PNG",
    ];
    match known {
        Some(Known::Nothing) => BEGINNINGS.iter().any(|b| text.starts_with(b)),
        Some(_) => false,
        None => {
            let head = &text[..text.len().min(TEXT)];
            let dense = text.len() >= TEXT && !head.contains(&b' ');
            let tail = &text[text.len().saturating_sub(6)..];
            dense
                || tail.contains(&b'.')
                || head.contains(&b'/')
                || BEGINNINGS.iter().any(|b| text.starts_with(b))
        }
    }
}

/// Whether the path of a leaf is known to be one of these.
fn is_known(watch: &Watch, leaf: Leaf<'_>, states: &[Known]) -> bool {
    watch.known.get(&of_path(leaf.steps)).is_some_and(|known| states.contains(known))
}

/// What a path amounts to: equal for equal paths.
pub(super) fn of_path(steps: &[Step]) -> u64 {
    steps.iter().fold(0x9E37_79B9_7F4A_7C15, |path, step| match step {
        Step::Key(key) => into(path, key.as_bytes()),
        Step::Index(_) | Step::Any | Step::Named(_) => into_element(path),
        Step::Keys(_) | Step::Deep => path,
    })
}

fn into(path: u64, key: &[u8]) -> u64 {
    let mut path = path ^ 0xFF51_AFD7_ED55_8CCD;
    for chunk in key.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        path = (path.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x517C_C1B7_2722_0A95);
    }
    path
}

fn into_element(path: u64) -> u64 {
    path.wrapping_mul(0x2545_F491_4F6C_DD1D).rotate_left(17)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The texts at which a pass over the record stops; `images` are the values that are read.
    fn stops(record: &str, known: &[(&str, Known)], images: &[&str]) -> Vec<String> {
        let path = |p: &str| of_path(p.parse::<Pointer>().expect(p).steps());
        let watch = Watch {
            known: known.iter().map(|&(p, state)| (path(p), state)).collect(),
            level: Level::Image,
            embedded: true,
            words: Vec::new(),
            same: Vec::new(),
            apart: Vec::new(),
            named: false,
            sampled: 0,
        };
        let mut places: Vec<(usize, usize)> = images
            .iter()
            .map(|image| record.find(image).map(|at| (at, at + image.len())).expect(image))
            .collect();
        places.sort_unstable();
        let mut search = Search::new(record.as_bytes(), &places);
        let mut found = Vec::new();
        while let Some(at) = search.next(&watch) {
            found.push(record[at..].chars().take(8).collect());
        }
        found
    }

    #[test]
    fn stops_at_what_may_be_an_image() {
        let long = "QUJD".repeat(30);
        let numbers = format!("[[{}1]]", "1,".repeat(60));
        for (value, known, stop) in [
            ("\"iVBORw0K\"", None, true),
            ("\"a.png\"", None, true),
            ("\"x/y\"", None, true),
            ("\"a cat\"", None, false),
            ("\"\"", None, false),
            ("17", None, false),
            ("null", None, false),
            ("[1,2]", None, false),
            (&format!("\"{long}\""), None, true),
            (&format!("\"{long}\""), Some(Known::Nothing), false),
            ("\"iVBORw0K\"", Some(Known::Nothing), true),
            ("\"iVBORw0K\"", Some(Known::Beside), false),
            (&numbers, None, true),
            (&numbers, Some(Known::Nothing), false),
        ] {
            let known: Vec<_> = known.into_iter().map(|state| ("a[*].b", state)).collect();
            let record =
                format!(r#"{{"image":"/9j/4AAQ", "a" : [{{"b": {value}, "c":1}}], "d": "e"}}"#);
            let found = stops(&record, &known, &["\"/9j/4AAQ\""]);
            assert_eq!(!found.is_empty(), stop, "{value} {found:?}");
        }
    }

    #[test]
    fn passes_over_the_images_that_are_read() {
        let record = r#"{"images":["iVBORw0K","iVBORw0K"],"x\"y":"iVBORw0K"}"#;
        assert_eq!(stops(record, &[], &["\"iVBORw0K\""]).len(), 2);
        assert_eq!(stops("\"iVBORw0K\"", &[], &["\"iVBORw0K\""]).len(), 0);
        assert_eq!(stops("[[1,2],[3,\"iVBORw0K\"]]", &[], &[]).len(), 1);
    }
}
