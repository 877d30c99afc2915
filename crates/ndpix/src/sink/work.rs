//! The folder in which parts of a plan wait for their commit: `WORK/<id>/part-00004/`, a file for each sort of
//! what there is. A part has that name only when it is whole and durable; until then it is a try with a name of
//! its own, so that any number of processes may make the same part. `far.rs` is the same in a store, where parts are
//! made in a folder for files that pass, and put.

mod far;

use std::fs::{self, File};
use std::io::{BufRead, BufReader, BufWriter, ErrorKind as Io, Read, Write};
use std::path::{Path, PathBuf};

use flate2::Crc;
use serde::{Deserialize, Serialize};
use tempfile::TempDir;

use super::partial::{remove, rename, sync_folder, text_of, write_failed};
use crate::error::{Error, ErrorKind, Result};
use crate::limits::make_room;
use crate::stores;

use far::Far;

/// What a part is made of, beside its facts.
pub(crate) const FILES: [&str; 4] = ["pixels", "rows", "columns", "rejects"];
const FACTS: &str = "facts.json";
const SUM: &str = "{\"sum\":\"";
const SWEPT: &str = ".swept";

/// Length and CRC-32 of a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub(crate) struct Sum {
    pub(crate) len: u64,
    pub(crate) crc: u32,
}

/// The parts of one plan.
#[derive(Debug)]
pub(crate) struct Work {
    all: PathBuf,
    folder: PathBuf,
    /// Where they are in a store.
    far: Option<Far>,
}

impl Work {
    /// Those of the plan `id` in the folder `all`, which need not be there.
    pub(crate) fn new(all: &Path, id: &str) -> Self {
        let far = stores::address(all).map(|address| Far::new(address, id));
        Self { all: all.to_owned(), folder: all.join(id), far }
    }

    /// Where they are.
    pub(crate) fn folder(&self) -> &Path {
        &self.folder
    }

    fn part(&self, number: usize) -> PathBuf {
        self.folder.join(format!("part-{number:05}"))
    }

    /// The facts of a part, where it is there and they are what was written.
    pub(crate) fn facts(&self, number: usize) -> Result<Option<String>> {
        if let Some(far) = &self.far {
            return far.facts(number);
        }
        let text = text_of(&self.part(number).join(FACTS)).or_else(|e| {
            // What is no file is no part.
            if self.part(number).is_file() || self.part(number).join(FACTS).is_dir() {
                Ok(None)
            } else {
                Err(e)
            }
        })?;
        Ok(text.and_then(|text| summed(&String::from_utf8(text).ok()?)))
    }

    /// Whether the files of a part are there, as long as `sums` says; its facts were looked at.
    pub(crate) fn holds(&self, number: usize, sums: &[Sum]) -> bool {
        let there = |(name, sum): (&&str, &Sum)| {
            let found = fs::symlink_metadata(self.part(number).join(name));
            found.is_ok_and(|found| found.is_file() && found.len() == sum.len)
        };
        sums.len() == FILES.len()
            && match &self.far {
                Some(far) => far.holds(number, sums),
                None => FILES.iter().zip(sums).all(there),
            }
    }

    /// What the parts are called once their output stands, until they are gone.
    fn swept(&self) -> PathBuf {
        let mut name = self.folder.clone().into_os_string();
        name.push(SWEPT);
        name.into()
    }

    /// Whether an earlier commit made the output, and was killed while it removed the parts.
    pub(crate) fn is_swept(&self) -> Result<bool> {
        let here = || Ok(self.swept().is_dir() && !self.folder.exists());
        self.far.as_ref().map_or_else(here, Far::is_swept)
    }

    /// Begins a part.
    pub(crate) fn begin(&self, number: usize) -> Result<Try<'_>> {
        let failed = |e| write_failed(&self.folder, e);
        let name = format!(".try-{number:05}-");
        let mut folder = tempfile::Builder::new();
        let folder = folder.prefix(&name).rand_bytes(12);
        let folder = match &self.far {
            Some(_) => folder.tempdir(),
            None => fs::create_dir_all(&self.folder).and_then(|()| folder.tempdir_in(&self.folder)),
        };
        let folder = folder.map_err(failed)?;
        let strand = |name: &str| {
            let path = folder.path().join(name);
            let file = File::create(&path).map_err(|e| write_failed(&path, e))?;
            Ok(Strand { path, file: BufWriter::new(file), crc: Crc::new(), len: 0 })
        };
        let strands = FILES.map(strand).into_iter().collect::<Result<Vec<_>>>()?;
        Ok(Try { folder, strands, number, work: self })
    }

    /// Opens one of the files of a part, which is to be what `sum` says.
    pub(crate) fn open(&self, number: usize, file: usize, sum: Sum) -> Result<Reel> {
        let (path, opened): (_, Box<dyn Read + Send>) = match &self.far {
            Some(far) => far.open(number, file)?,
            None => {
                let path = self.part(number).join(FILES[file]);
                let opened = File::open(&path)
                    .map_err(|e| Error::io(format_args!("cannot open {}", path.display()), e))?;
                (path, Box::new(opened))
            }
        };
        Ok(Reel { path, file: BufReader::new(opened), left: sum.len, crc: Crc::new(), sum })
    }

    /// Removes a part that is not what it should be.
    pub(crate) fn forget(&self, number: usize) -> Result<()> {
        if let Some(far) = &self.far {
            return far.forget(number);
        }
        let part = self.part(number);
        if part.is_file() {
            return remove(&part);
        }
        gone(&part)
    }

    /// Removes everything of this plan, and the folder of all plans where it holds no others.
    pub(crate) fn sweep(&self) -> Result<()> {
        if let Some(far) = &self.far {
            return far.sweep();
        }
        // In one step, so that half of them never look like all that there are.
        if self.folder.exists() {
            gone(&self.swept())?;
            rename(&self.folder, &self.swept())?;
        }
        gone(&self.swept())?;
        let _ = fs::remove_dir(&self.all);
        Ok(())
    }

    /// Removes everything of any plan.
    pub(crate) fn sweep_all(all: &Path) -> Result<()> {
        if let Some(address) = stores::address(all) {
            return Far::sweep_all(address);
        }
        let Ok(entries) = fs::read_dir(all) else { return Ok(()) };
        for entry in entries.flatten() {
            let name = entry.file_name();
            if is_id(name.as_encoded_bytes()) {
                gone(&entry.path())?;
            }
        }
        let _ = fs::remove_dir(all);
        Ok(())
    }
}

/// Whether something has the name of the parts of a plan, also of those that go.
fn is_id(name: &[u8]) -> bool {
    let name = name.strip_suffix(SWEPT.as_bytes()).unwrap_or(name);
    name.len() == 16 && name.iter().all(u8::is_ascii_hexdigit)
}

/// An object in JSON with its checksum as the first field.
fn with_sum(object: &str) -> String {
    format!("{SUM}{:08x}\",{}", checksum(object), &object[1..])
}

/// The object that [`with_sum`] was given, if it is that.
fn summed(text: &str) -> Option<String> {
    let (sum, rest) = text.strip_prefix(SUM)?.split_once("\",")?;
    let object = format!("{{{rest}");
    (u32::from_str_radix(sum, 16) == Ok(checksum(&object))).then_some(object)
}

fn checksum(text: &str) -> u32 {
    let mut crc = Crc::new();
    crc.update(text.as_bytes());
    crc.sum()
}

/// Removes a folder, if it is there.
fn gone(folder: &Path) -> Result<()> {
    match fs::remove_dir_all(folder) {
        Err(e) if e.kind() != Io::NotFound => {
            Err(Error::io(format_args!("cannot remove {}", folder.display()), e))
        }
        _ => Ok(()),
    }
}

/// A part that is being made; it goes where it does not become whole.
#[derive(Debug)]
pub(crate) struct Try<'w> {
    folder: TempDir,
    strands: Vec<Strand>,
    number: usize,
    work: &'w Work,
}

/// One of its files.
#[derive(Debug)]
struct Strand {
    path: PathBuf,
    file: BufWriter<File>,
    crc: Crc,
    len: u64,
}

impl Try<'_> {
    /// Appends to one of its files.
    pub(crate) fn write(&mut self, file: usize, bytes: &[u8]) -> Result<()> {
        let strand = &mut self.strands[file];
        strand.crc.update(bytes);
        strand.len += bytes.len() as u64;
        strand.file.write_all(bytes).map_err(|e| write_failed(&strand.path, e))
    }

    /// Makes its files durable, after which nothing is written to them: what they are.
    pub(crate) fn seal(&mut self) -> Result<Vec<Sum>> {
        let seal = |mut strand: Strand| {
            let sealed = strand.file.flush().and_then(|()| strand.file.get_ref().sync_all());
            sealed.map_err(|e| write_failed(&strand.path, e))?;
            Ok(Sum { len: strand.len, crc: strand.crc.sum() })
        };
        // They are closed with it: Windows renames no folder with open files in it.
        self.strands.drain(..).map(seal).collect()
    }

    /// Gives it its name, with these facts, unless that is taken: then it is `false`.
    pub(crate) fn name(&self, facts: &str) -> Result<bool> {
        if let Some(far) = &self.work.far {
            let name = self.folder.path().to_string_lossy();
            let name = name.rsplit('-').next().unwrap_or_default();
            return far.put(self.number, name, self.folder.path(), facts);
        }
        let whole = self.work.part(self.number);
        let path = self.folder.path().join(FACTS);
        let written = File::create(&path).and_then(|mut file| {
            file.write_all(with_sum(facts).as_bytes())?;
            file.sync_all()
        });
        written.map_err(|e| write_failed(&path, e))?;
        sync_folder(&path);
        match fs::rename(self.folder.path(), &whole) {
            Ok(()) => {
                sync_folder(&whole);
                Ok(true)
            }
            Err(e)
                if matches!(
                    e.kind(),
                    Io::DirectoryNotEmpty | Io::AlreadyExists | Io::NotADirectory
                ) =>
            {
                Ok(false)
            }
            Err(e) => Err(Error::io(format_args!("cannot put {} in place", whole.display()), e)),
        }
    }
}

/// A file of a part, read from its beginning to its end.
pub(crate) struct Reel {
    path: PathBuf,
    file: BufReader<Box<dyn Read + Send>>,
    left: u64,
    crc: Crc,
    sum: Sum,
}

impl Reel {
    /// The next bytes, which take the place of those in `bytes`.
    pub(crate) fn read(&mut self, len: u64, bytes: &mut Vec<u8>) -> Result<()> {
        bytes.clear();
        let size = usize::try_from(len).ok().filter(|_| len <= self.left);
        let size = size.ok_or_else(|| self.damaged("it ends early"))?;
        make_room(bytes, size)?;
        let got = (&mut self.file).take(len).read_to_end(bytes);
        match got {
            Ok(n) if n == size => {}
            Ok(_) => return Err(self.damaged("it ends early")),
            Err(e) => {
                return Err(Error::io(format_args!("cannot read {}", self.path.display()), e));
            }
        }
        self.left -= len;
        self.crc.update(bytes);
        Ok(())
    }

    /// Whether all of it was read.
    pub(crate) fn is_over(&self) -> bool {
        self.left == 0
    }

    /// That all of it was read, and is what was written.
    ///
    /// # Errors
    /// Kind `io`.
    pub(crate) fn check(&mut self) -> Result<()> {
        let more = self.file.fill_buf().is_ok_and(|rest| !rest.is_empty());
        match self.left == 0 && !more && self.crc.sum() == self.sum.crc {
            true => Ok(()),
            false => Err(self.damaged("its checksum is another one")),
        }
    }

    /// What is said of a file that is not what was written.
    pub(crate) fn damaged(&self, why: &str) -> Error {
        Error::new(ErrorKind::Io, format!("{} is damaged: {why}", self.path.display()))
    }
}
