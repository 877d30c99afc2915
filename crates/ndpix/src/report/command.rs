//! The command that does what a report says, as words and as a line for a shell.

use std::path::{Path, PathBuf};

use super::Report;
use crate::error::Remedy;
use crate::options::{Options, flag_of};
use crate::source::Input;

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
    /// let line = "ndpix convert 'a b.ndjson' -o 'a b.npy' --field image";
    /// assert_eq!(ndpix::quoted(&words), line);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn command(&self, inputs: &[PathBuf], options: &Options) -> Option<Vec<String>> {
        let first = inputs.first()?;
        if self.problem.is_some() && self.suggestion.is_none() {
            return None;
        }
        let mut words = convert(inputs, &self.output_name(first));
        // A field that was found is found again, and what other fields hold looked out for again.
        words.extend(options.flags());
        words.extend(flags(self.suggestion.iter().flatten()));
        Some(words)
    }

    /// The output that the commands write: named as the first input. That of a rejects file says so, as what it was
    /// rejected from would have that file as its own.
    pub(crate) fn output_name(&self, first: &Path) -> String {
        let name = first.file_name().filter(|_| first.as_os_str() != "-");
        let name = name.map(|n| n.to_string_lossy().into_owned()).unwrap_or_default();
        let stem = name.split('.').next().filter(|n| !n.is_empty() && !n.contains('*'));
        let again = if Input::Path(first.to_owned()).is_rejects() { ".rejects" } else { "" };
        let ending = self.output.unwrap_or(".npy");
        format!("{}{again}{ending}", stem.unwrap_or("images"))
    }
}

impl Remedy {
    /// The words of the command that does it: with these inputs, this output, and the options of the run
    /// that was refused.
    ///
    /// ```
    /// use ndpix::{Input, Options};
    /// let png = "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAAAAAA6fptVAAAACklEQVR4nGNoAAAAggCBd81ytgAAAABJRU5ErkJggg==";
    /// let records = Input::bytes(format!("{{\"left\": \"{png}\", \"right\": \"{png}AA\"}}\n"));
    /// let options = Options::default();
    /// let report = ndpix::inspect(vec![records], &options)?;
    /// for remedy in &report.remedies {
    ///     println!("{}", ndpix::quoted(&remedy.command(&["in.ndjson".into()], "out.npy", &options)));
    /// }
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn command(&self, inputs: &[PathBuf], output: &str, options: &Options) -> Vec<String> {
        let mut words = convert(inputs, output);
        // What it sets takes the place of what was given, but for lists that only grow.
        let given = options.changed().into_iter().filter(|(name, _)| {
            *name == "allow_dir" || self.options.iter().all(|(ours, _)| ours != name)
        });
        let given: Vec<_> = given.flat_map(|(name, value)| lines(name, &value)).collect();
        words.extend(flags(given.iter().chain(&self.options)));
        words
    }
}

fn convert(inputs: &[PathBuf], output: &str) -> Vec<String> {
    let inputs = inputs.iter().map(|path| path.display().to_string());
    let head = ["ndpix", "convert"].map(String::from).into_iter().chain(inputs);
    head.chain(["-o".to_string(), output.to_string()]).collect()
}

/// An option once for each of its values.
fn lines(name: &'static str, value: &str) -> Vec<(&'static str, String)> {
    value.split('\n').map(|line| (name, line.to_string())).collect()
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
