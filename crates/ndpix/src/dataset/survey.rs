//! The pass that makes an index: where the images of all records stand. It decodes nothing.

use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::batch::Text;
use crate::control::Control;
use crate::decode::Decoder;
use crate::error::{Error, ErrorKind, Result};
use crate::options::{Governs, Options};
use crate::reader::Reader;
use crate::sink::index::Entry;
use crate::source::random::{Known, Places};
use crate::threads;

/// What an index depends on: the options that say where images are, and the inputs.
pub(super) fn key(options: &Options, stamps: &[Known]) -> String {
    let mut key = String::new();
    for (name, value) in options.governing(&[Governs::Where]) {
        key.push_str(&format!("{name}={value}\n"));
    }
    for stamp in stamps {
        key.push_str(&format!("{stamp}\n"));
    }
    key
}

/// Goes through all records and notes where their images are; beside that, through what is compressed, so that it
/// can be read at random.
pub(super) fn survey(
    reader: &mut Reader,
    places: &Arc<Places>,
    threads: usize,
    control: &Control<'_>,
) -> Result<Vec<Entry>> {
    if !places.are_packed() {
        return records(reader, control);
    }
    let (failed, stopped) = (Arc::new(AtomicBool::new(false)), Arc::clone(&control.stop));
    threads::beside(threads.min(2), |give| {
        let (places, ends) = (Arc::clone(places), Arc::clone(&failed));
        let stop = move || ends.load(Ordering::Relaxed) || stopped.load(Ordering::Relaxed);
        give(Box::new(move || {
            places.survey(&stop);
            Ok(())
        }))?;
        let entries = records(reader, control);
        failed.store(entries.is_err(), Ordering::Relaxed);
        entries
    })
}

fn records(reader: &mut Reader, control: &Control<'_>) -> Result<Vec<Entry>> {
    if let Some(started) = control.started {
        started(reader.meter(), reader.feed.total_bytes());
    }
    let plan = reader.plan.clone();
    let mut decoder = Decoder::new(&plan)?;
    let mut entries = Vec::new();
    let mut note = |text: &Text| {
        for record in &text.records {
            let items = match record.gone {
                Some(_) => 0,
                None => decoder.find(text.record(record)).unwrap_or(0),
            };
            let len = record.len();
            let (file, line, byte) = (record.file, record.line, record.byte);
            entries.extend((0..items.max(1)).map(|i| Entry {
                byte,
                len,
                line,
                file,
                item: i as u32,
            }));
        }
    };
    reader.sampled_texts()?.iter().for_each(&mut note);
    let mut text = Text::default();
    while reader.feed.next(&mut text, usize::MAX, &|| {})? {
        if control.stop.load(Ordering::Relaxed) {
            return Err(Error::new(ErrorKind::Io, "interrupted"));
        }
        note(&text);
    }
    Ok(entries)
}
