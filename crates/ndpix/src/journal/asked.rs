//! What a run is: whether one that was ended is the one that is asked for again.

use std::collections::BTreeMap;
use std::path::Path;

use serde::{Deserialize, Serialize};
use serde_json::{Value, json};

use crate::error::{ErrorKind, brief};
use crate::options::{Governs, IfExists, OnError, OnErrors, OnTruncated, Options};
use crate::paths::absolute;
use crate::source::Input;
use crate::source::mark::Mark;
use crate::source::place::{Place, Stamp};

/// Options by their names.
type Said = BTreeMap<String, String>;

/// A run over files, by what its bytes depend on.
#[derive(Debug, Clone, Serialize, Deserialize)]
pub(crate) struct Asked {
    ndpix_journal: u32,
    version: String,
    inputs: Vec<File>,
    /// The options that have a say in what an output holds.
    lasting: Said,
    /// Those that only say how a run goes on, but may decide what becomes of a record.
    passing: Said,
    #[serde(skip)]
    places: Vec<Place>,
}

/// An input, by its name, its size and the time of its last change.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
struct File {
    name: String,
    #[serde(flatten)]
    stamp: Stamp,
}

/// The first line of a journal.
#[derive(Deserialize)]
struct First {
    run: Asked,
    /// What both ends of each input are, when the first place was noted.
    ends: Vec<Option<(u32, u32)>>,
    plan: Value,
}

impl Asked {
    /// The run of these inputs; none where one of them is no file, so that it cannot be read again.
    pub(crate) fn of(inputs: &[Input], options: &Options) -> Option<Self> {
        let about = |input: &Input| {
            let (place, stamp) = (input.file()?, input.stamp()?);
            Some((place, File { name: input.name().to_string(), stamp }))
        };
        let files = inputs.iter().map(about).collect::<Option<Vec<_>>>()?;
        let (places, inputs) = files.into_iter().unzip();
        // These change no record, and a record that ended a run is rejected by the next one.
        let mut settled = Options {
            threads: 0,
            block_bytes: None,
            max_rejects: None,
            warn_rejects: None,
            if_exists: IfExists::default(),
            append_again: false,
            on_truncated: OnTruncated::default(),
            fresh: false,
            ..options.clone()
        };
        settled.on_error = OnErrors::default();
        let on_error = ErrorKind::OF_RECORDS.map(|kind| match options.on_error.of(kind) {
            OnError::Raise => OnError::Skip.to_string(),
            word => word.to_string(),
        });
        let said = |of: &[Governs]| -> Said {
            let all = settled.governing(of).into_iter();
            all.map(|(name, value)| (name.to_string(), value)).collect()
        };
        let (mut lasting, mut passing) =
            (said(&[Governs::Where, Governs::What, Governs::How]), said(&[Governs::Run]));
        // The plan that goes on has the folders that it began with.
        for name in ["append", "base_dir", "allow_dir", "path_prefix", "fetch", "allow_host"] {
            lasting.extend(passing.remove_entry(name));
        }
        if options.base_dir.is_some() || !options.allow_dir.is_empty() {
            let here = absolute(Path::new("."));
            lasting.insert("base_dir from another folder".into(), here.display().to_string());
        }
        lasting.insert("on_error".to_string(), on_error.join(" "));
        let version = env!("CARGO_PKG_VERSION").to_string();
        Some(Self { ndpix_journal: 1, version, inputs, lasting, passing, places })
    }

    /// Whether `said`, a run in JSON, is this one.
    pub(crate) fn is(&self, said: &Value) -> bool {
        json!(self) == *said
    }

    /// The first line of its journal, with what was decided for it.
    pub(super) fn line(&self, plan: &Value) -> String {
        json!({"run": self, "ends": self.ends(), "plan": plan}).to_string()
    }

    fn ends(&self) -> Vec<Option<(u32, u32)>> {
        let ends = |place| Mark::at(place).map(|mark| (mark.head, mark.tail));
        self.places.iter().map(ends).collect()
    }

    /// The plan of a journal with this first line, if that is of this run, so that it may go on; why not. `rejected`:
    /// something was rejected before, which other options might not have been.
    pub(super) fn plan_of(&self, line: &str, rejected: bool) -> Result<Value, String> {
        let Ok(First { run: other, ends, plan }) = serde_json::from_str::<First>(line) else {
            return Err("its journal is of another version of ndpix".to_string());
        };
        if (other.ndpix_journal, &other.version) != (self.ndpix_journal, &self.version) {
            return Err(format!("it was begun by ndpix {}", brief(&other.version)));
        }
        let names = |run: &Self| run.inputs.iter().map(|i| i.name.clone()).collect::<Vec<_>>();
        if names(self) != names(&other) {
            return Err("it had other inputs".to_string());
        }
        let now = self.ends();
        let mut all = self.inputs.iter().zip(&other.inputs).zip(now.iter().zip(&ends));
        if let Some(((input, _), _)) = all.find(|((a, b), (c, d))| a != b || c != d) {
            return Err(format!("{} has changed since", brief(&input.name)));
        }
        let passing = if rejected { &other.passing } else { &self.passing };
        let differs = |a: &Said, b: &Said| {
            a.keys().chain(b.keys()).find(|name| a.get(*name) != b.get(*name)).cloned()
        };
        let other = differs(&self.lasting, &other.lasting).or(differs(&self.passing, passing));
        other.map_or(Ok(plan), |name| Err(format!("it had another {name}")))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_run_is_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.ndjson");
        std::fs::write(&path, "{}").expect("written");
        let of = |settings: &[(&str, &str)]| {
            let mut options = Options::default();
            settings.iter().for_each(|(name, value)| options.set(name, value).expect("a value"));
            Asked::of(&[Input::Path(path.clone())], &options).expect("a file")
        };
        let line = of(&[]).line(&Value::Null);
        let said =
            |settings: &[(&str, &str)], rejected| of(settings).plan_of(&line, rejected).err();
        for rejected in [false, true] {
            assert_eq!(said(&[], rejected), None);
            let harmless = [
                ("max_rejects", "5"),
                ("warn_rejects", "1%"),
                ("on_error", "raise"),
                ("threads", "3"),
                ("if_exists", "replace"),
            ];
            assert_eq!(said(&harmless, rejected), None);
            assert_eq!(said(&[("skip", "1")], rejected), Some("it had another skip".into()));
            assert_eq!(said(&[("append", "true")], rejected), Some("it had another append".into()));
            assert_eq!(
                said(&[("on_error", "fill")], rejected),
                Some("it had another on_error".into())
            );
        }
        // What was read so far is right with more memory too; what was rejected may not be.
        assert_eq!(said(&[("memory", "1G")], false), None);
        assert_eq!(said(&[("memory", "1G")], true), Some("it had another memory".into()));
        for name in ["base_dir", "allow_dir", "path_prefix"] {
            let value = if name == "path_prefix" { "a=b" } else { "/" };
            let why = said(&[(name, value)], false).expect("refused");
            assert!(why.starts_with("it had another "), "{why}");
        }
        std::fs::write(&path, "{}{}").expect("written");
        let changed = said(&[], false).expect("refused");
        assert!(changed.contains("a.ndjson has changed since"), "{changed}");
        assert!(Asked::of(&[Input::Stdin], &Options::default()).is_none());
        assert!(of(&[]).plan_of("{}", false).is_err());
    }
}
