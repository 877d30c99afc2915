//! After the field is decided: images that appear under another name are rejects, and not passed over.
//!
//! A record without image in which something else is like one, and a record in which a second one
//! appears where the sample had nothing, say that the decision does not hold for them. What stood beside
//! a read image in the sample is known, and says nothing.

use std::collections::HashMap;

use super::decide::{self, Group};
use super::findings::{At, Findings, Given, is_one, weigh};
use super::glance::{self, Search, of_path};
use super::grade::Grader;
use super::graded::What;
use super::leaves::{self, Leaf};
use super::words::{self, Name};
use crate::error::{Error, Result};
use crate::paths::Base;
use crate::plan::Plan;
use crate::plan::watch::{Known, Level, Watch};
use crate::record::pointer::{Field, Pointer, Step};

/// What the run has to look out for, from what was found and what is read.
pub(super) fn watch(findings: &Findings, groups: &[Group], sampled: Option<(u32, u64)>) -> Watch {
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
    Watch { known, level, embedded, words, same, apart, named: false, sampled }
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
        sampled: None,
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
    given: Given<'p>,
    grader: Grader<'p>,
}

impl<'p> Watcher<'p> {
    /// The watcher of a plan; `None` where its field was named.
    pub(crate) fn of(plan: &'p Plan) -> Result<Option<Self>> {
        let Some(watch) = plan.watch.as_deref() else { return Ok(None) };
        let grader = Grader::new(&plan.limits, &plan.paths).without_fetching();
        Ok(Some(Self { watch, given: Given::new(&plan.raw)?, grader }))
    }

    /// Whether the value at `start`, which could not be read, is said to be something else than an image,
    /// and is nothing like one: then its place holds no image.
    pub(crate) fn is_other(&mut self, record: &[u8], start: usize, base: Option<&Base>) -> bool {
        let Self { given, grader, .. } = self;
        let mut other = false;
        if given.scan(record).is_err() {
            return false;
        }
        leaves::walk(record, &mut |leaf| {
            if leaf.value.as_ptr() as usize - record.as_ptr() as usize == start && !leaf.opens {
                let (_, graded) = weigh(grader, leaf, given, At { record, base });
                other = leaf.beside.other_kind && !graded.what.counts();
            }
            false
        });
        other
    }

    /// Refuses a valid record that has no image where one was looked for, but something like it elsewhere.
    /// Kind `field`.
    pub(crate) fn without_image(&mut self, record: &[u8], base: Option<&Base>) -> Result<()> {
        let Self { watch, given, grader } = self;
        given.scan(record)?;
        let mut found = None;
        leaves::walk(record, &mut |leaf| {
            if found.is_some() || is_known(watch, leaf, &[Known::Read]) {
                return true;
            }
            let (name, graded) = weigh(grader, leaf, given, At { record, base });
            if leaf.opens && !is_one(leaf, &graded) {
                return false;
            }
            // What stood beside images in the sample is not news, but for another way to hold the same one.
            let other = (watch.named || is_known(watch, leaf, &[Known::Beside]))
                && !watch.words.contains(&name.words);
            let is_image = match graded.what {
                _ if other => false,
                What::Image { .. } | What::Unreadable(_) => true,
                What::Numbers => name.level == Level::Image || name.level >= watch.level,
                _ => false,
            };
            if is_image {
                found = Some((Pointer::new(leaf.steps.to_vec()), graded.said.clone()));
            }
            is_one(leaf, &graded)
        });
        match found {
            Some((field, said)) => Err(Error::field(format!(
                "no image in the field, but it seems to be in {field:#} ({said})"
            ))),
            None => Ok(()),
        }
    }

    /// Refuses a record with an image that holds another one, where the sample had none. `place` is that
    /// of the record; `images` are the places of its images, in order, and `strings` counts what is no key.
    pub(crate) fn with_image(
        &mut self,
        record: &[u8],
        place: (u32, u64),
        images: &[(usize, usize)],
        strings: usize,
        base: Option<&Base>,
    ) -> Result<()> {
        if self.watch.named || self.watch.sampled.is_some_and(|last| place <= last) {
            return Ok(());
        }
        if !self.watch.same.is_empty() || !self.watch.apart.is_empty() {
            self.alike(record, base)?;
        }
        if glance::is_bare(record, images, strings) {
            return Ok(());
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
        let Self { watch, given, grader } = self;
        given.scan(record)?;
        let mut prints: Vec<Vec<(Pointer, u64)>> = vec![Vec::new(); watch.same.len()];
        let mut present: Vec<Option<Pointer>> = vec![None; watch.apart.len()];
        leaves::walk(record, &mut |leaf| {
            let path = of_path(leaf.steps);
            for (group, _) in watch.apart.iter().enumerate().filter(|g| g.1.contains(&path)) {
                present[group].get_or_insert_with(|| Pointer::new(leaf.steps.to_vec()));
            }
            for (group, _) in watch.same.iter().enumerate().filter(|g| g.1.contains(&path)) {
                let (_, graded) = weigh(grader, leaf, given, At { record, base });
                prints[group].push((Pointer::new(leaf.steps.to_vec()), graded.print));
            }
            watch.known.contains_key(&path)
        });
        if let [first, second, ..] = &present.into_iter().flatten().collect::<Vec<_>>()[..] {
            return Err(Error::field(format!(
                "both {first:#} and {second:#} hold an image; in the sample a record had one of them"
            )));
        }
        for group in prints {
            if let Some((other, _)) = group.iter().find(|p| p.1 != group[0].1) {
                return Err(Error::field(format!(
                    "{:#} and {other:#} differ; in the sample both were the same image",
                    group[0].0
                )));
            }
        }
        Ok(())
    }

    /// Whether a value at a place that held nothing in the sample may be the image of its record.
    fn judge(&mut self, record: &[u8], suspect: usize, base: Option<&Base>) -> Result<()> {
        let Self { watch, given, grader } = self;
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
            let (name, graded) = weigh(grader, leaf, given, At { record, base });
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
                    "beside the image, {field:#} may be one too ({}); in the sample it held none",
                    graded.said
                )));
            }
            is_one(leaf, &graded)
        });
        verdict
    }
}

/// Whether the path of a leaf is known to be one of these.
fn is_known(watch: &Watch, leaf: Leaf<'_>, states: &[Known]) -> bool {
    watch.known.get(&of_path(leaf.steps)).is_some_and(|known| states.contains(known))
}
