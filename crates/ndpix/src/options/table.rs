//! The table of options: each by its name, what it governs, its words, as text and from text. The doors
//! read it, so that a flag, a keyword and a field of [`Options`] cannot drift apart.
//!
//! A new option is a field in `options.rs` and one row in `table/rows.rs`. Python's keywords and the command's flags are
//! made from this table; what it governs decides whether an index, a provenance and a folder of shards
//! depend on it.

mod row;
mod rows;
mod text;

use super::{Options, flag_of};
use crate::error::{Error, Result, quote};

use row::Row;
use rows::TABLE;

pub(crate) use text::bytes;

pub use row::{Governs, OptionInfo};

impl Options {
    /// Every option, in the order of the documentation: what a door has to know to offer it.
    ///
    /// ```
    /// let lists: Vec<_> = ndpix::Options::table().filter(|o| o.list).map(|o| o.name).collect();
    /// assert!(lists.contains(&"columns"));
    /// ```
    pub fn table() -> impl Iterator<Item = OptionInfo> {
        TABLE.iter().map(Row::info)
    }

    /// Every option by its name, with its value as text in the spelling of the command; `None` where
    /// it is not given and has no word of its own for that.
    ///
    /// ```
    /// let entries = ndpix::Options::default().with("size", "224")?.entries();
    /// assert!(entries.contains(&("size", Some("224,224".to_string()))));
    /// assert!(entries.contains(&("mode", Some("auto".to_string()))));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn entries(&self) -> Vec<(&'static str, Option<String>)> {
        TABLE.iter().map(|row| (row.name, (row.get)(self))).collect()
    }

    /// Sets the option of this name from text in the spelling of the command: `"224,224"`, `"5%"`,
    /// `"64M"`, `"true"`.
    ///
    /// ```
    /// use ndpix::{Frames, Options};
    /// let mut options = Options::default();
    /// options.set("frames", "index:2")?;
    /// assert_eq!(options.frames, Frames::Index(2));
    /// assert!(options.set("colour", "red").is_err(), "there is no such option");
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// Kind `options` where there is no option of this name or the text is not a value of it.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match TABLE.iter().find(|row| row.name == name) {
            Some(row) => (row.set)(self, value),
            None => Err(Error::options(format!("there is no option {}", quote(name.as_bytes())))),
        }
    }

    /// As [`Options::set`], to set one after another.
    ///
    /// ```
    /// let options = ndpix::Options::default().with("size", "224,224")?.with("fit", "crop")?;
    /// assert_eq!(options.size, Some("224".parse()?));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Options::set`].
    pub fn with(mut self, name: &str, value: &str) -> Result<Self> {
        self.set(name, value).map(|()| self)
    }

    /// The words of the command that stand for the options that differ from the default.
    ///
    /// ```
    /// let options = ndpix::Options::default().with("mixed", "true")?.with("on_error", "fill")?;
    /// assert_eq!(options.flags(), ["--mixed", "--on-error", "fill"]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn flags(&self) -> Vec<String> {
        let mut words = Vec::new();
        for (option, value) in self.changes() {
            // Several values are as many flags.
            for value in value.split('\n') {
                words.push(flag_of(option.name));
                words.extend((!option.is_switch()).then(|| value.to_string()));
            }
        }
        words
    }

    /// As `set`, to an option that is a list: `field`, `columns`, `formats`, `allow_dir`, `path_prefix`.
    ///
    /// ```
    /// let mut options = ndpix::Options::default();
    /// options.set_each("columns", &["label".into(), "meta.id".into()])?;
    /// assert_eq!(options.columns.len(), 2);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// Kind `options`, also for an item of several lines.
    pub fn set_each(&mut self, name: &str, items: &[String]) -> Result<()> {
        match items.iter().find(|item| item.contains('\n')) {
            None => self.set(name, &items.join("\n")),
            Some(item) => Err(Error::options(format!(
                "{name}: {} has a line end, which parts items; a key is written in double quotes, as JSON does: \"a\\nb\"",
                quote(item.as_bytes())
            ))),
        }
    }

    /// The options that differ from the default, in the spelling of the command.
    ///
    /// ```
    /// let options = ndpix::Options::default().with("layout", "chw")?;
    /// assert_eq!(options.changed(), [("layout", "chw".to_string())]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn changed(&self) -> Vec<(&'static str, String)> {
        self.changes().map(|(option, value)| (option.name, value)).collect()
    }

    /// As [`Options::changed`], only those that govern something of this: what depends on options asks here.
    pub(crate) fn governing(&self, of: &[Governs]) -> Vec<(&'static str, String)> {
        let ours = self.changes().filter(|(option, _)| of.contains(&option.governs));
        ours.map(|(option, value)| (option.name, value)).collect()
    }

    fn changes(&self) -> impl Iterator<Item = (OptionInfo, String)> {
        Self::table().zip(self.entries()).filter_map(|(option, (_, value))| {
            let value = value.filter(|value| Some(value) != option.default.as_ref())?;
            Some((option, value))
        })
    }
}

#[cfg(test)]
mod tests;
