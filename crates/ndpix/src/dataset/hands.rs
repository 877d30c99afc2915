//! One record, one image: what a thread needs for it.

use std::sync::Arc;

use super::{Dataset, Item, target};
use crate::array::{Array, NamedArrays};
use crate::books::{fill, fill_element};
use crate::column::Column;
use crate::decode::{Decoder, Kept, Opened, PixelBuffer, fit};
use crate::error::{Error, ErrorKind, Result};
use crate::format::ImageInfo;
use crate::options::{OnError, OnMissing};
use crate::pipeline::Doubts;
use crate::plan::Plan;
use crate::record::filter::Filter;
use crate::sink::index::Entry;

/// A row: the image, and those of further arrays by their names.
type Row = (Array, NamedArrays);

/// A thread that has decoded a larger image gives its memory back.
const KEEP_BYTES: usize = 64 << 20;

/// What a thread decodes with.
pub(super) struct Hands<'d> {
    decoder: Decoder<'d>,
    pixels: PixelBuffer,
    text: Vec<u8>,
    kept: Kept,
    doubts: Doubts<'d>,
    /// Says of a record why it cannot be told whether it is one of the dataset.
    filter: Filter,
    /// Whether the record that was read last has no image, and nothing like one elsewhere.
    missing: bool,
}

impl<'d> Hands<'d> {
    pub(super) fn new(dataset: &'d Dataset) -> Result<Self> {
        let decoder = Decoder::new(&dataset.plan)?;
        let (pixels, kept) = (PixelBuffer::default(), Kept::new(&dataset.plan));
        let doubts = Doubts::new(&dataset.plan)?;
        let filter = Filter::new(&dataset.plan.conditions, dataset.plan.raw.allow_nan)?;
        Ok(Self { decoder, pixels, text: Vec::new(), kept, doubts, filter, missing: false })
    }
}

impl Dataset {
    /// Image `at` and what is kept of its record, or the fill value and what is wrong.
    pub(super) fn item(&self, hands: &mut Hands<'_>, at: usize) -> Result<Item> {
        let Some((entry, place)) = self.entries.get(at).zip(self.position(at)) else {
            return Err(Error::options(format!(
                "there is no image {at}; there are {}",
                self.len()
            )));
        };
        let (row, filled) = match self.decode(hands, entry) {
            Ok(row) => (row, Vec::new()),
            Err(error) if error.kind() == ErrorKind::Io => return Err(error),
            Err(error) => match self.fills(&error, hands).then(|| self.blank()).flatten() {
                Some(blank) => (blank?, vec![(0, error.at(place))]),
                None => return Err(error.at(place)),
            },
        };
        let (images, arrays) = row;
        Ok(Item { images, arrays, columns: self.row(&mut hands.kept, entry, at), filled })
    }

    /// A row of the fill value in all arrays, where the plan says how large it is.
    fn blank(&self) -> Option<Result<Row>> {
        let of = |plan: &Plan| {
            let (shape, dtype) = target(plan)?;
            let made = || {
                let element = fill_element(plan.fill_value, dtype)?;
                let mut array = Array::zeroed(shape.to_vec(), dtype)?;
                let elements = array.bytes.chunks_exact_mut(element.len());
                elements.for_each(|e| e.copy_from_slice(&element));
                Ok(array)
            };
            Some(made())
        };
        let images = of(&self.plan)?;
        let further = self.plan.arrays.iter().map(|array| {
            of(&array.plan).map(|made| made.map(|made| (Arc::clone(&array.name), made)))
        });
        let further = further.collect::<Option<Result<Vec<_>>>>()?;
        Some(images.and_then(|images| Ok((images, further?))))
    }

    /// What is kept of the record, as columns of one row: its images have numbers of their own.
    fn row(&self, kept: &mut Kept, entry: &Entry, at: usize) -> Vec<Column> {
        if kept.columns.first().is_some_and(Column::is_empty) {
            kept.nothing();
        }
        let first = (at - entry.item as usize) as u64;
        let number = |item: u32| Some(first + u64::from(item));
        let mut row = kept.columns.clone();
        fill(&mut row, &kept.holes, number);
        row
    }

    /// Whether an image that failed like this is given as the fill value. Nothing is passed over here, so that
    /// a record without image is one that failed, unless `on_missing` fills it.
    fn fills(&self, error: &Error, hands: &Hands<'_>) -> bool {
        let on_error = &self.options.on_error;
        hands.missing && self.options.on_missing == OnMissing::Fill
            || on_error.of(error.kind()) == OnError::Fill && !on_error.waits(error)
    }

    /// Decodes the image of an entry.
    fn decode(&self, hands: &mut Hands<'_>, entry: &Entry) -> Result<Row> {
        self.find(hands, entry)?;
        self.image(hands, entry)
    }

    /// Reads the record of an entry, finds its images, and keeps what is kept of it.
    pub(super) fn find(&self, hands: &mut Hands<'_>, entry: &Entry) -> Result<()> {
        hands.kept.clear(KEEP_BYTES);
        hands.missing = false;
        hands.text.clear();
        self.plan.limits.check_record(entry.len)?;
        self.places.read(entry.file, entry.byte, entry.len, &mut hands.text)?;
        hands.filter.check(&hands.text)?;
        let items = hands.decoder.find(&hands.text)?;
        let kept = hands.decoder.keep(&hands.text, &mut hands.kept);
        let base = self.files[entry.file as usize].base.as_ref();
        let place = (entry.file, entry.byte);
        hands.doubts.of_record(&hands.decoder, place, &hands.text, base)?;
        if items <= entry.item as usize {
            hands.missing = items == 0;
            return Err(Error::field("the record has no image"));
        }
        kept
    }

    /// Looks at the header of an image in the record that was last found: whether it fits the plan and the options.
    pub(super) fn open_image(&self, hands: &mut Hands<'_>, entry: &Entry) -> Result<Opened> {
        let base = self.files[entry.file as usize].base.as_ref();
        let opened = hands.decoder.open(&hands.text, entry.item as usize, base)?;
        fit(&self.options, &opened.info())?;
        Ok(opened)
    }

    /// Decodes an image of the record that was last found, and those of further arrays.
    pub(super) fn image(&self, hands: &mut Hands<'_>, entry: &Entry) -> Result<Row> {
        let opened = self.open_image(hands, entry)?;
        hands.pixels.clear(KEEP_BYTES);
        let found = hands.decoder.fill(&opened, &mut hands.pixels)?;
        let mut rest = hands.pixels.used();
        let mut next = |info: &ImageInfo| {
            let (own, left) = rest.split_at(info.bytes()?);
            rest = left;
            Array::copied(&info.shape, info.dtype, own)
        };
        let images = next(&found.info)?;
        let names = self.plan.arrays.iter().map(|array| Arc::clone(&array.name));
        let further = names.zip(hands.decoder.filled_arrays());
        let further = further.map(|(name, info)| next(info).map(|array| (name, array)));
        Ok((images, further.collect::<Result<_>>()?))
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::control::Control;
    use crate::options::Options;
    use crate::source::Input;

    #[test]
    fn records_of_which_where_cannot_tell_are_bad() {
        let heights = ["70", "[1, 2]", "true", "65", "{}", "3"];
        let text: String =
            heights.map(|h| format!("{{\"image\": [[1, 2], [3, 4]], \"h\": {h}}}\n")).concat();
        let open = |on_error: &str| {
            let mut options = Options::default();
            for (name, value) in [("field", "image"), ("where", "h>=60"), ("on_error", on_error)] {
                options.set(name, value).expect("a value");
            }
            let inputs = vec![Input::bytes(text.clone())];
            Dataset::open(inputs, &options, None, &Control::default()).expect("a dataset")
        };
        // Record 5 is none of it.
        let dataset = open("raise");
        assert_eq!(dataset.len(), 5);
        let is_bad = |at| dataset.get(at).map(drop).err().map(|error| error.kind());
        let bad = Some(ErrorKind::Field);
        assert_eq!([0, 1, 2, 3, 4].map(is_bad), [None, bad, bad, None, bad]);
        for pixels in [false, true] {
            let bad = dataset.check(pixels, &Control::default()).expect("checked");
            assert_eq!(bad.iter().map(|(at, _)| *at).collect::<Vec<_>>(), [1, 2, 4]);
            assert!(bad.iter().all(|(_, error)| error.message().starts_with("where")));
        }
        let filled = open("fill").get_items(&[0, 1, 2, 3, 4]).expect("filled").filled;
        assert_eq!(filled.iter().map(|(row, _)| *row).collect::<Vec<_>>(), [1, 2, 4]);
    }
}
