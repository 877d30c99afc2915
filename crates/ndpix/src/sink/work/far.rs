//! The parts of a plan in a store: objects `WORK/<id>/00004/<try>/pixels` and so on, and then
//! `WORK/<id>/00004/facts.json`, which names that try and is put only where there is none. What another try has put
//! under a name of its own is never read.

use std::collections::HashMap;
use std::io::Read;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, PoisonError};

use serde::Deserialize;
use serde_json::value::RawValue;

use super::{FACTS, FILES, SWEPT, Sum, summed, with_sum};
use crate::error::{Error, Result};
use crate::stores::{self, stores};

/// The parts of one plan in a store.
#[derive(Debug)]
pub(super) struct Far {
    /// The addresses of all plans and of this one, with a slash at the end.
    all: String,
    folder: String,
    /// The tries that facts name, as far as they were looked at.
    tries: Mutex<HashMap<usize, String>>,
}

/// What the object of facts holds.
#[derive(Deserialize)]
struct Told<'a> {
    #[serde(rename = "try")]
    name: String,
    #[serde(borrow)]
    facts: &'a RawValue,
}

impl Far {
    pub(super) fn new(all: &str, id: &str) -> Self {
        let all = format!("{}/", all.trim_end_matches('/'));
        Self { folder: format!("{all}{id}/"), all, tries: Mutex::default() }
    }

    fn part(&self, number: usize) -> String {
        format!("{}{number:05}/", self.folder)
    }

    fn file(&self, number: usize, name: &str) -> String {
        let tries = self.tries.lock().unwrap_or_else(PoisonError::into_inner);
        let of = tries.get(&number).map_or("", String::as_str);
        format!("{}{of}/{name}", self.part(number))
    }

    /// The facts of a part, where it is there and they are what was put.
    pub(super) fn facts(&self, number: usize) -> Result<Option<String>> {
        let address = self.part(number) + FACTS;
        let Some(text) = stores::text(&address)? else { return Ok(None) };
        let told = String::from_utf8(text).ok().and_then(|text| {
            let object = summed(&text)?;
            let told: Told<'_> = serde_json::from_str(&object).ok()?;
            let plain = told.name.bytes().all(|b| b.is_ascii_alphanumeric());
            plain.then(|| (told.name, told.facts.get().to_string()))
        });
        let Some((name, facts)) = told else { return Ok(None) };
        self.tries.lock().unwrap_or_else(PoisonError::into_inner).insert(number, name);
        Ok(Some(facts))
    }

    /// Whether the files of a part are there, as long as `sums` says; its facts were looked at.
    pub(super) fn holds(&self, number: usize, sums: &[Sum]) -> bool {
        let folder = self.file(number, "");
        let Ok(there) = stores(&folder).map(|stores| stores.list(&folder)) else { return false };
        let there: HashMap<String, u64> = there.unwrap_or_default().into_iter().collect();
        let is_there = |(name, sum): (&&str, &Sum)| {
            there.get(&self.file(number, name)).is_some_and(|len| *len == sum.len)
        };
        FILES.iter().zip(sums).all(is_there)
    }

    /// Opens one of the files of a part.
    pub(super) fn open(
        &self,
        number: usize,
        file: usize,
    ) -> Result<(PathBuf, Box<dyn Read + Send>)> {
        let address = self.file(number, FILES[file]);
        let failed = |e| Error::io(format_args!("cannot open {address}"), e);
        let found = stores::look(&address)?;
        let found = found.ok_or_else(|| failed(std::io::ErrorKind::NotFound.into()))?;
        let opened: Box<dyn Read + Send> = match found.size() {
            0 => Box::new(std::io::empty()),
            size => found.open(0, size).map_err(failed)?,
        };
        Ok((address.into(), opened))
    }

    /// Puts the files of a part and then its facts, which lie in the folder `made`, unless there are facts of it:
    /// then its files go, and it is `false`.
    pub(super) fn put(&self, number: usize, name: &str, made: &Path, facts: &str) -> Result<bool> {
        let part = self.part(number);
        let failed = |e| Error::io(format_args!("cannot put {part}{FACTS}"), e);
        let stores = stores(&part)?;
        for file in FILES {
            stores.put(&made.join(file), &format!("{part}{name}/{file}"), false).map_err(failed)?;
        }
        let path = made.join(FACTS);
        let told = with_sum(&format!("{{\"try\":\"{name}\",\"facts\":{facts}}}"));
        std::fs::write(&path, told).map_err(failed)?;
        let first = stores.put(&path, &(part.clone() + FACTS), true).map_err(failed)?;
        if !first {
            let ours: Vec<_> = FILES.iter().map(|file| format!("{part}{name}/{file}")).collect();
            stores.remove(&ours).map_err(failed)?;
        }
        Ok(first)
    }

    /// Removes a part, its facts first.
    pub(super) fn forget(&self, number: usize) -> Result<()> {
        let part = self.part(number);
        remove(&part, vec![part.clone() + FACTS])?;
        remove(&part, listed(&part)?)
    }

    fn swept(&self) -> String {
        format!("{}{SWEPT}", self.folder.trim_end_matches('/'))
    }

    /// Whether an earlier commit made the output, and was killed while it removed the parts.
    pub(super) fn is_swept(&self) -> Result<bool> {
        stores::look(&self.swept()).map(|found| found.is_some())
    }

    /// Removes everything of this plan.
    pub(super) fn sweep(&self) -> Result<()> {
        let failed = |e| Error::io(format_args!("cannot remove {}", self.folder), e);
        let all = listed(&self.folder)?;
        // Half of them are not to look like all that there are.
        let mark = tempfile::NamedTempFile::new().map_err(failed)?;
        if !all.is_empty() {
            stores(&self.all)?.put(mark.path(), &self.swept(), false).map_err(failed)?;
        }
        remove(&self.folder, all)?;
        remove(&self.folder, vec![self.swept()])
    }

    /// Removes everything of any plan.
    pub(super) fn sweep_all(all: &str) -> Result<()> {
        let all = format!("{}/", all.trim_end_matches('/'));
        let is_ours = |address: &String| {
            let name = address.strip_prefix(&all).and_then(|rest| rest.split('/').next());
            name.is_some_and(|name| super::is_id(name.as_bytes()))
        };
        remove(&all, listed(&all)?.into_iter().filter(is_ours).collect())
    }
}

/// The objects in a folder.
fn listed(folder: &str) -> Result<Vec<String>> {
    let found = stores(folder)?.list(folder);
    let found = found.map_err(|e| Error::io(format_args!("cannot list {folder}"), e))?;
    Ok(found.into_iter().map(|(address, _)| address).collect())
}

fn remove(folder: &str, all: Vec<String>) -> Result<()> {
    let removed = stores(folder)?.remove(&all);
    removed.map_err(|e| Error::io(format_args!("cannot remove {folder}"), e))
}
