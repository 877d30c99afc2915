//! What a run is: whether a run that was killed at its very end is the one that is asked for again.

use std::os::unix::fs::MetadataExt;

use serde_json::{Value, json};

use crate::options::{Governs, Options};
use crate::source::Input;

/// The inputs with sizes and times, and the options; null where an input is no file, so that nobody can say.
pub(super) fn this(inputs: &[Input], options: &Options) -> Value {
    let about = |input: &Input| {
        let Input::Path(path) = input else { return None };
        let found = std::fs::metadata(path).ok().filter(std::fs::Metadata::is_file)?;
        Some(json!([*input.name(), found.len(), found.mtime(), found.mtime_nsec()]))
    };
    let Some(inputs) = inputs.iter().map(about).collect::<Option<Vec<_>>>() else {
        return Value::Null;
    };
    let options = options.governing(&[Governs::Where, Governs::What, Governs::How, Governs::Run]);
    let options = options.into_iter().map(|(name, value)| (name.to_string(), json!(value)));
    json!({"inputs": inputs, "options": options.collect::<serde_json::Map<_, _>>()})
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn another_run_is_told_apart() {
        let folder = tempfile::tempdir().expect("a folder");
        let path = folder.path().join("a.ndjson");
        std::fs::write(&path, "{}").expect("written");
        let inputs = || [Input::Path(path.clone())];
        let options = Options::default();
        let first = this(&inputs(), &options);
        assert_eq!(first, this(&inputs(), &options));
        assert_ne!(first, this(&inputs(), &Options { skip: 1, ..Options::default() }));
        std::fs::write(&path, "{}{}").expect("written");
        assert_ne!(first, this(&inputs(), &options));
        assert!(this(&[Input::Stdin], &options).is_null());
    }
}
