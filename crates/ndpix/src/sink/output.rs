//! An output: a row of the table in `sink.rs`, which stands beside the sink that writes it.

use std::path::{Path, PathBuf};
use std::sync::Arc;

use serde_json::Value;

use super::folder::Known;
use super::npy::file::Npy;
use super::{Holds, Sink, able, beside, listed};
use crate::column::ColumnType;
use crate::error::{Error, Result, brief};
use crate::legend::{Legend, legends_said};
use crate::options::{ArrayOption, ImagesAs, Options, OutputCompression, Ragged};

/// See the module.
pub(crate) struct Output {
    /// Its name in messages.
    pub(crate) name: &'static str,
    /// How names of it end, the usual ending first. None: a folder of any name, of shards.
    pub(crate) extensions: &'static [&'static str],
    /// All that it can be asked for.
    pub(crate) can: &'static [Ability],
    /// Of a folder: whether one is such an output, so that it may go.
    pub(crate) folder: Option<Known>,
    /// Of a folder: the file that makes it one for its readers.
    pub(crate) marker: Option<&'static str>,
    /// Whether it is compressed where nothing else is asked for.
    pub(crate) packs: bool,
    /// Whether a column is several arrays in it: its values, and `.valid` and `.offsets` beside them.
    pub(crate) splits: bool,
    /// Where names of classes are an array beside their numbers, the most bytes of all of them; none where they are only said
    /// of the run, as long as they may be.
    pub(crate) names: Option<usize>,
    /// What files beside it are called after its name.
    pub(crate) beside: &'static [&'static str],
    /// Whether further arrays are files of their own beside it.
    pub(crate) apart: bool,
    /// Why no column can have this name in it.
    pub(crate) refuses: fn(&str) -> Option<Refusal>,
    /// Opens it, to go on from the state of a mark where there is one.
    pub(crate) open: Open,
}

/// Opens an output.
type Open = fn(&Path, &Holds, Option<&Value>) -> Result<Box<dyn Sink + Send>>;

/// What some outputs can be asked for, and others not.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Ability {
    /// Images of different sizes.
    Ragged,
    /// Image files as they came.
    Encoded,
    /// Rows in chunks of a number that is asked for.
    Chunks,
    /// Chunks that are deflated.
    Gzip,
    /// Chunks compressed with Zstandard.
    Zstd,
    /// More rows for what is there, which stays where it is; others are written anew for that.
    InPlace,
    /// So many rows in a file.
    Shards,
    /// Columns of text and lists.
    Text,
    /// Text with a NUL character.
    Nul,
}

/// Why a column cannot have a name.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Refusal {
    /// Something else has it.
    Taken,
    /// Nothing can have it.
    Unspeakable,
}

/// What an option asks of an output: an ability, and that in words.
struct Ask {
    option: &'static str,
    ability: Ability,
    words: String,
}

/// What the options ask of an output, beyond what every one can.
fn asks(options: &Options) -> Vec<Ask> {
    let mut asks = Vec::new();
    let mut ask = |is_asked, option, ability, words: &str| {
        if is_asked {
            asks.push(Ask { option, ability, words: words.to_string() });
        }
    };
    let encoded = options.images_as == ImagesAs::Encoded;
    ask(options.ragged != Ragged::Off, "ragged", Ability::Ragged, "hold images of different sizes");
    ask(encoded, "images_as encoded", Ability::Encoded, "hold encoded images");
    ask(options.chunks.is_some(), "chunks", Ability::Chunks, "hold chunks");
    ask(options.shard_rows.is_some(), "shard_rows", Ability::Shards, "be cut into shards");
    let compression = options.output_compression;
    let packed = format!("hold chunks compressed with {compression}");
    match compression {
        OutputCompression::Gzip(_) => ask(true, "output_compression", Ability::Gzip, &packed),
        OutputCompression::Zstd(_) => ask(true, "output_compression", Ability::Zstd, &packed),
        OutputCompression::Auto | OutputCompression::None => {}
    }
    asks
}

/// The options that ask an output for more than every one can, such as `ragged`.
pub(crate) fn demands(options: &Options) -> Vec<&'static str> {
    asks(options).into_iter().map(|ask| ask.option).collect()
}

impl Output {
    /// Whether it can be asked for this.
    pub(crate) fn can(&self, ability: Ability) -> bool {
        self.can.contains(&ability)
    }

    /// What users call it: the usual ending of its names, or the option that makes it.
    pub(crate) fn label(&self) -> &'static str {
        self.extensions.first().copied().unwrap_or("a folder (shard_rows)")
    }

    /// What makes a word the name of such an output.
    pub(crate) fn ending(&self) -> &'static str {
        self.extensions.first().copied().unwrap_or("-shards")
    }

    /// What the files that these options put beside it are called after its name.
    pub(crate) fn suffixes(&self, options: &Options) -> Vec<String> {
        let further = options.others().iter().filter(|_| self.apart);
        let fixed = self.beside.iter().map(ToString::to_string);
        fixed.chain(further.map(|array| further_suffix(&array.name))).collect()
    }

    /// The files that stand beside `out` and belong to it, whatever the options of the run that wrote them.
    pub(crate) fn company(&self, out: &Path) -> Vec<PathBuf> {
        let fixed = self.beside.iter().map(|suffix| beside(out, suffix));
        let further = || {
            let before = format!("{}.", out.file_name()?.to_str()?);
            let folder = out.parent().filter(|p| !p.as_os_str().is_empty());
            let names = std::fs::read_dir(folder.unwrap_or(Path::new("."))).ok()?;
            let is_array = |name: &str| {
                let name = name.strip_prefix(&before).and_then(|name| name.strip_suffix(".npy"));
                name.is_some_and(|name| name.parse::<ArrayOption>().is_ok_and(|a| *a.name == *name))
            };
            let names = names.flatten().filter_map(|entry| entry.file_name().into_string().ok());
            // A file of the user's own may be called so: what belongs to it has as many rows.
            let rows = Npy::counted(out)?;
            let paths = names.filter(|name| is_array(name)).map(|name| out.with_file_name(name));
            Some(paths.filter(|path| Npy::counted(path) == Some(rows)).collect())
        };
        let further: Vec<PathBuf> = self.apart.then(further).flatten().unwrap_or_default();
        fixed.chain(further).collect()
    }

    /// Whether it is a folder.
    pub(crate) fn is_folder(&self) -> bool {
        self.folder.is_some()
    }

    /// Refuses what this output cannot be asked for, kind `options`, with those that can.
    pub(crate) fn check(&self, options: &Options) -> Result<()> {
        match asks(options).into_iter().find(|ask| !self.can(ask.ability)) {
            None => Ok(()),
            Some(Ask { ability, words, .. }) => Err(Error::options(format!(
                "{} cannot {words}; {} can",
                self.name,
                able(ability, "and")
            ))),
        }
    }

    /// Refuses columns that this output has no place for, kind `options`.
    pub(crate) fn check_columns(&self, columns: &[(Arc<str>, ColumnType)]) -> Result<()> {
        let fit = |fits: &dyn Fn(&Self) -> bool| listed("or", fits);
        for (name, kind) in columns {
            let holds = |output: &Self| kind.is_scalar() || output.can(Ability::Text);
            let speaks = |output: &Self| holds(output) && (output.refuses)(name).is_none();
            if !holds(self) {
                return Err(Error::options(format!(
                    "{} holds numbers only, and column {} holds {kind}; leave it out or write {}",
                    self.name,
                    brief(name),
                    fit(&speaks)
                )));
            }
            match (self.refuses)(name) {
                None => {}
                Some(Refusal::Taken) => {
                    return Err(Error::options(format!(
                        "a column {} would have the name of an array that {} holds; rename the field or write {}",
                        brief(name),
                        self.name,
                        fit(&speaks)
                    )));
                }
                Some(Refusal::Unspeakable) => {
                    return Err(Error::options(format!(
                        "{} cannot call a column {:?}; rename the field or write {}",
                        self.name,
                        brief(name),
                        fit(&speaks)
                    )));
                }
            }
            let beside = |suffix| columns.iter().find(|c| *c.0 == format!("{name}{suffix}"));
            let lists = beside(".offsets").filter(|_| !kind.is_scalar());
            if let Some((other, _)) = beside(".valid").or(lists).filter(|_| self.splits) {
                return Err(Error::options(format!(
                    "a column {} has the name of an array that {} holds beside a column {}; leave one of them out or write {}",
                    brief(other),
                    self.name,
                    brief(name),
                    fit(&|output| speaks(output) && !output.splits)
                )));
            }
        }
        Ok(())
    }
}

impl Output {
    /// Refuses names of classes that this output has no place for, kind `options`.
    pub(crate) fn check_legends(
        &self,
        columns: &[(Arc<str>, ColumnType)],
        legends: &[(Arc<str>, Legend)],
    ) -> Result<()> {
        let Some(most) = self.names else { return Ok(()) };
        let fit = listed("or", &|output| output.names.is_none());
        for (name, _) in legends {
            if let Some((other, _)) = columns.iter().find(|c| *c.0 == format!("{name}.legend")) {
                return Err(Error::options(format!(
                    "a column {} has the name of what {} calls the names of classes of {}; leave it out or write {fit}",
                    brief(other),
                    self.name,
                    brief(name)
                )));
            }
        }
        let bytes = legends_said(legends).to_string().len();
        if bytes > most {
            return Err(Error::options(format!(
                "{} holds {most} bytes of names of classes, and there are {bytes}; write {fit}",
                self.name
            )));
        }
        Ok(())
    }
}

/// What the file of a further array is called after the name of the first.
pub(super) fn further_suffix(name: &str) -> String {
    format!(".{name}.npy")
}

/// Whether an output of several arrays calls one of its own so.
pub(crate) fn is_array(name: &str) -> bool {
    ["images", "pixels", "offsets", "shapes", "sizes", "rows", "valid"].contains(&name)
}

/// As [`Refusal::Taken`], where it is.
pub(crate) fn taken(is_taken: bool) -> Option<Refusal> {
    is_taken.then_some(Refusal::Taken)
}
