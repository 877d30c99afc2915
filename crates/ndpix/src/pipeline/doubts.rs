//! What is held against a record after its images were found: the decision was made from a sample.

use crate::decode::Decoder;
use crate::detect::Watcher;
use crate::error::Result;
use crate::paths::Base;
use crate::plan::Plan;

/// The doubts of one thread; none where the field was named.
pub(crate) struct Doubts<'p> {
    watcher: Option<Watcher<'p>>,
    /// Where the images of the record stand.
    spans: Vec<(usize, usize)>,
}

impl<'p> Doubts<'p> {
    pub(crate) fn new(plan: &'p Plan) -> Result<Self> {
        Ok(Self { watcher: Watcher::of(plan)?, spans: Vec::new() })
    }

    /// Whether the record that was last found is as the sample was: kind `field` where it has no image
    /// but something like one elsewhere, or a second one where the sample had none.
    pub(crate) fn of_record(
        &mut self,
        decoder: &Decoder<'_>,
        place: (u32, u64),
        record: &[u8],
        base: Option<&Base>,
    ) -> Result<()> {
        let Some(watcher) = &mut self.watcher else { return Ok(()) };
        self.spans.clear();
        self.spans.extend(decoder.spans());
        match &self.spans[..] {
            [] => watcher.without_image(record, base),
            images => watcher.with_image(record, place, images, decoder.strings(), base),
        }
    }

    /// Whether image `item`, which could not be read, is said to be something else, and is nothing like an
    /// image.
    pub(crate) fn is_other(
        &mut self,
        decoder: &Decoder<'_>,
        item: usize,
        record: &[u8],
        base: Option<&Base>,
    ) -> bool {
        match (&mut self.watcher, decoder.spans().nth(item)) {
            (Some(watcher), Some((start, _))) => watcher.is_other(record, start, base),
            _ => false,
        }
    }
}
