//! Which images are bad: a pass over all of them that keeps none.

use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use super::Dataset;
use super::hands::Hands;
use crate::control::{Control, Meter};
use crate::error::{Error, ErrorKind, Result};
use crate::sink::index::Entry;
use crate::threads::{lock, spread};

/// Entries that a thread takes at a time.
const CHUNK: usize = 64;

impl Dataset {
    /// The images that cannot be given, each with its number and what is wrong with it, in order; found by
    /// several threads. A look at the headers of images reads all records and misses what is damaged behind
    /// a header; with `pixels` all images are decoded, which misses nothing.
    ///
    /// ```
    /// use ndpix::{Control, Dataset, ErrorKind, Input, Options};
    /// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[3, \"a\"]]}\n{\"image\": [[5, 6]]}\n");
    /// let options = Options::default().with("field", "image")?;
    /// let dataset = Dataset::open(vec![records], &options, None, &Control::default())?;
    /// let bad = dataset.check(false, &Control::default())?;
    /// assert_eq!((bad[0].0, bad[0].1.kind(), bad.len()), (1, ErrorKind::Shape, 1));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// Kind `io`; kind `options` where an input has changed since it was opened; kind `fetch` of what may be there
    /// in a while.
    pub fn check(&self, pixels: bool, control: &Control<'_>) -> Result<Vec<(usize, Error)>> {
        self.places.unchanged()?;
        let meter = Arc::new(Meter::default());
        if let Some(started) = control.started {
            let all = self.entries.iter().filter(|entry| entry.item == 0);
            started(Arc::clone(&meter), Some(all.map(|entry| entry.len).sum()));
        }
        let bad = Mutex::new(Vec::new());
        let work = |hands: &mut Hands<'_>, chunk: usize| {
            if control.stop.load(Ordering::Relaxed) {
                return Err(Error::new(ErrorKind::Io, "interrupted"));
            }
            let mut found = Vec::new();
            for at in chunk * CHUNK..self.len().min((chunk + 1) * CHUNK) {
                // The images of a record are looked at together, from the first.
                if self.entries[at].item == 0 {
                    self.check_record(hands, at, pixels, &mut found)?;
                    meter.pass(self.entries[at].len);
                }
            }
            lock(&bad).append(&mut found);
            Ok(())
        };
        let chunks = self.len().div_ceil(CHUNK);
        spread(chunks, self.options.thread_count(), || Hands::new(self), work)?;
        let mut bad = bad.into_inner().unwrap_or_else(PoisonError::into_inner);
        bad.sort_by_key(|(at, _)| *at);
        Ok(bad)
    }

    /// Looks at the images of the record whose first is number `first`.
    fn check_record(
        &self,
        hands: &mut Hands<'_>,
        first: usize,
        pixels: bool,
        bad: &mut Vec<(usize, Error)>,
    ) -> Result<()> {
        let found = self.find(hands, &self.entries[first]);
        let of_record = |entry: &&Entry| entry.item > 0;
        let others = self.entries[first + 1..].iter().take_while(of_record).count();
        for at in first..=first + others {
            let entry = &self.entries[at];
            let image = match &found {
                Ok(()) if pixels => self.image(hands, entry).map(drop),
                Ok(()) => self.open_image(hands, entry).map(drop),
                Err(error) if error.kind() == ErrorKind::Io => return found,
                Err(error) => Err(Error::new(error.kind(), error.message())),
            };
            match (image, self.position(at)) {
                (Err(error), _) if error.kind() == ErrorKind::Io => return Err(error),
                (Err(error), Some(place)) if self.options.on_error.waits(&error) => {
                    return Err(error.at(place));
                }
                (Err(error), Some(place)) => bad.push((at, error.at(place))),
                _ => {}
            }
        }
        Ok(())
    }
}
