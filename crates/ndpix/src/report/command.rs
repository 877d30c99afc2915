//! The command that does what a report says, as words and as a line for a shell.

use std::path::PathBuf;

use super::Report;
use crate::error::Remedy;
use crate::options::{Options, flag_of};

impl Report {
    /// The words of the command that converts what was looked at, with these inputs and the options of the
    /// look; `None` where the inputs have no names, or nothing is known that would run.
    ///
    /// ```
    /// use ndpix::{Input, Options};
    /// let records = Input::bytes("{\"image\": [[1, 2]]}\n");
    /// let options = Options::default().with("field", "image")?;
    /// let report = ndpix::inspect(vec![records], &options)?;
    /// let words = report.command(&["a b.ndjson".into()], &options).expect("a plan was made");
    /// let line = "ndpix convert 'a b.ndjson' -o 'a b.npy' --field image --encoding list";
    /// assert_eq!(ndpix::quoted(&words), line);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn command(&self, inputs: &[PathBuf], options: &Options) -> Option<Vec<String>> {
        let first = inputs.first()?;
        if self.problem.is_some() && self.suggestion.is_none() {
            return None;
        }
        let mut words = vec!["ndpix".to_string(), "convert".to_string()];
        words.extend(inputs.iter().map(|p| p.display().to_string()));
        let name = first.file_name().filter(|_| first.as_os_str() != "-");
        let name = name.map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = name.split('.').next().filter(|n| !n.is_empty() && !n.contains('*'));
        let ending = self.output.unwrap_or(".npy");
        words.extend(["-o".to_string(), format!("{}{ending}", stem.unwrap_or("images"))]);
        for field in self.field.iter().chain(&self.bands) {
            words.extend(["--field".to_string(), field.clone()]);
        }
        words.extend(self.encoding.iter().flat_map(|e| ["--encoding".to_string(), e.clone()]));
        let rest = Options { field: None, bands: Vec::new(), encoding: None, ..options.clone() };
        words.extend(rest.flags());
        words.extend(flags(self.suggestion.iter().flatten()));
        Some(words)
    }
}

impl Remedy {
    /// The words that it adds to a command.
    pub fn flags(&self) -> Vec<String> {
        flags(&self.options)
    }
}

pub(super) fn flags<'o>(
    options: impl IntoIterator<Item = &'o (&'static str, String)>,
) -> Vec<String> {
    let words = |(name, value): &(&'static str, String)| {
        let value = (value != "true").then(|| value.clone());
        [Some(flag_of(name)), value].into_iter().flatten()
    };
    options.into_iter().flat_map(words).collect()
}

/// Words as a line for a shell.
///
/// ```
/// let words = ["ndpix", "inspect", "it's.ndjson"].map(String::from);
/// assert_eq!(ndpix::quoted(&words), r"ndpix inspect 'it'\''s.ndjson'");
/// ```
pub fn quoted(words: &[String]) -> String {
    let safe = |c: char| c.is_ascii_alphanumeric() || "-_./,+%=@:".contains(c);
    let quote = |word: &String| match !word.is_empty() && word.chars().all(safe) {
        true => word.clone(),
        false => format!("'{}'", word.replace('\'', "'\\''")),
    };
    words.iter().map(quote).collect::<Vec<_>>().join(" ")
}
