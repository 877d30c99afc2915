//! What a caller may say and hear while a run goes on.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, AtomicU64};

/// What a caller may say and hear while a run goes on.
///
/// ```
/// use std::sync::Mutex;
/// use ndpix::{Control, Input, Options};
/// let notes = Mutex::new(Vec::new());
/// let note = |text: &str| notes.lock().expect("no panic").push(text.to_string());
/// let control = Control { note: Some(&note), ..Control::default() };
/// let options = Options::default().with("field", "image")?;
/// let loaded = ndpix::load(vec![Input::bytes(r#"{"image": [[1, 2]]}"#)], &options, &control);
/// assert_eq!(loaded.summary.rows, 1);
/// assert!(!notes.lock().expect("no panic").is_empty(), "what was found is said");
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Default)]
pub struct Control<'a> {
    /// Set it to end the run between batches; the summary then says `interrupted`.
    pub stop: Arc<AtomicBool>,
    /// Gets each note of the plan, before anything is written.
    pub note: Option<&'a (dyn Fn(&str) + Sync)>,
    /// Gets the counter of raw input bytes and their total where it is known, once, at the start.
    pub started: Option<&'a (dyn Fn(Arc<AtomicU64>, Option<u64>) + Sync)>,
}

impl Control<'_> {
    /// Tells the caller, where it wants to hear.
    pub(crate) fn note(&self, notes: impl IntoIterator<Item = String>) {
        if let Some(note) = self.note {
            notes.into_iter().for_each(|text| note(&text));
        }
    }
}
