//! Random access: an index of where each image stands, and images decoded when they are asked for.
//!
//! The index is made by one pass that validates records and decodes nothing. It holds one entry for each
//! image and one for each record without any, so that nothing is passed over: asking for a bad one
//! is an error, or gives the fill value. Threads live only within a call, so a dataset may be forked.

use std::path::Path;
use std::sync::atomic::Ordering;
use std::sync::{Arc, Mutex, PoisonError};

use crate::array::Array;
use crate::batch::{File, Text};
use crate::books::{fill, fill_element, names};
use crate::column::Column;
use crate::control::Control;
use crate::decode::{Decoder, Kept, PixelBuffer, fit};
use crate::error::{Error, ErrorKind, Position, Result};
use crate::options::{Governs, OnError, OnMissing, Options, Rejects};
use crate::pipeline::{Doubts, spread};
use crate::plan::Plan;
use crate::reader::Reader;
use crate::sink::index::{self, Entry};
use crate::source::Input;
use crate::source::random::{Known, Places};

/// A thread that has decoded a larger image gives its memory back.
const KEEP_BYTES: usize = 64 << 20;

/// Records whose images are decoded one by one, in any order.
///
/// ```
/// use ndpix::{Control, Dataset, Input, Options};
/// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n");
/// let dataset = Dataset::open(vec![records], &Options::default().with("field", "image")?, None, &Control::default())?;
/// assert_eq!(dataset.len(), 2);
/// assert_eq!(dataset.get(1)?.as_slice::<i64>(), Some(&[3, 4][..]));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug)]
pub struct Dataset {
    plan: Plan,
    options: Options,
    files: Vec<File>,
    places: Places,
    entries: Vec<Entry>,
}

/// What a thread decodes with.
struct Hands<'d> {
    decoder: Decoder<'d>,
    pixels: PixelBuffer,
    text: Vec<u8>,
    kept: Kept,
    doubts: Doubts<'d>,
    /// Whether the record that was read last has no image, and nothing like one elsewhere.
    missing: bool,
}

/// An image and the kept fields of its record, or of several.
pub type Item = (Array, Vec<Column>);

impl Dataset {
    /// Indexes the inputs: files and bytes, not compressed. With `sidecar` the index is read from that
    /// file where it was made from the same inputs and options, and written there otherwise.
    ///
    /// # Errors
    /// Kind `options` for what cannot be read at random, with what to do instead; kind `plan`.
    pub fn open(
        inputs: Vec<Input>,
        options: &Options,
        sidecar: Option<&Path>,
        control: &Control<'_>,
    ) -> Result<Self> {
        let places = Places::new(&inputs)?;
        let known = match sidecar {
            Some(path) => index::read(path, &key(options, places.stamps()))?,
            None => None,
        };
        let made = known.is_none();
        let dataset = Self::with(inputs, places, options, known, control)?;
        if let Some(path) = sidecar.filter(|_| made) {
            index::write(path, &key(options, dataset.places.stamps()), &dataset.entries)?;
        }
        Ok(dataset)
    }

    /// A dataset of the same inputs and options as the one whose [`Dataset::index`] this is, which need
    /// not be made again.
    ///
    /// ```
    /// use ndpix::{Control, Dataset, Input, Options};
    /// let records = || vec![Input::bytes(r#"{"image": [[1, 2]]}"#)];
    /// let options = Options::default().with("field", "image")?;
    /// let first = Dataset::open(records(), &options, None, &Control::default())?;
    /// let again = Dataset::with_index(records(), &options, &first.index())?;
    /// assert_eq!(again.len(), first.len());
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::open`]; kind `options` where an input has changed since.
    pub fn with_index(inputs: Vec<Input>, options: &Options, index: &[u8]) -> Result<Self> {
        let places = Places::new(&inputs)?;
        let known = index::parse(index, &key(options, places.stamps()));
        let changed = || Error::options("an input has changed since it was indexed; open it again");
        let known = known.ok_or_else(changed)?;
        Self::with(inputs, places, options, Some(known), &Control::default())
    }

    fn with(
        inputs: Vec<Input>,
        places: Places,
        options: &Options,
        known: Option<Vec<Entry>>,
        control: &Control<'_>,
    ) -> Result<Self> {
        options.validate_arrays()?;
        if options.on_error.names(OnError::Skip) || options.rejects != Rejects::Beside {
            return Err(Error::options(
                "a number always leads to the same image here, so that none is passed over and there is no rejects file; leave rejects out, and give on_error fill or raise, which is the default here",
            ));
        }
        if options.fills() && (options.shape.is_none() || options.dtype.is_none()) {
            return Err(Error::options("fill rows need shape and dtype here; pass both"));
        }
        let mut reader = Reader::open(inputs, options, true)?;
        if let Some(compression) = reader.feed.compressions().first() {
            return Err(Error::options(format!(
                "{} is compressed ({compression}) and cannot be read at random; decompress it, or convert it and open the array with numpy.load(..., mmap_mode=\"r\")",
                reader.files[0].name
            )));
        }
        if reader.files.iter().any(|file| file.rejects) {
            return Err(Error::options(
                "a rejects file cannot be read at random; load or convert it",
            ));
        }
        control.note(reader.plan.said());
        let entries = match known {
            Some(entries) => entries,
            None => survey(&mut reader, control)?,
        };
        let Reader { plan, files, .. } = reader;
        Ok(Self { plan, options: options.clone(), files, places, entries })
    }

    /// The number of images, and of records without any.
    pub fn len(&self) -> usize {
        self.entries.len()
    }

    /// Whether there are none.
    pub fn is_empty(&self) -> bool {
        self.entries.is_empty()
    }

    /// Where image `at` stands; `None` after the last.
    ///
    /// ```
    /// use ndpix::{Control, Dataset, Input, Options};
    /// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n");
    /// let dataset = Dataset::open(vec![records], &Options::default().with("field", "image")?, None, &Control::default())?;
    /// assert_eq!(dataset.position(1).map(|p| p.line), Some(2));
    /// assert_eq!(dataset.position(2), None);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn position(&self, at: usize) -> Option<Position> {
        let entry = self.entries.get(at)?;
        let file = Arc::clone(&self.files[entry.file as usize].name);
        Some(Position { file, line: entry.line, byte: entry.byte, item: entry.item })
    }

    /// The index, for [`Dataset::with_index`].
    pub fn index(&self) -> Vec<u8> {
        index::text(&key(&self.options, self.places.stamps()), &self.entries)
    }

    /// Image `at`, with its own shape and dtype.
    ///
    /// ```
    /// use ndpix::{Control, Dataset, ErrorKind, Input, Options};
    /// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[3, \"a\"]]}\n");
    /// let dataset = Dataset::open(vec![records], &Options::default().with("field", "image")?, None, &Control::default())?;
    /// assert_eq!(dataset.get(0)?.shape, [1, 2]);
    /// assert_eq!(dataset.get(1).expect_err("no numbers").position().map(|p| p.line), Some(2));
    /// assert_eq!(dataset.get(2).expect_err("there are two").kind(), ErrorKind::Options);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// What is wrong with the record or image; kind `options` where there is no image of that number.
    pub fn get(&self, at: usize) -> Result<Array> {
        self.get_item(at).map(|item| item.0)
    }

    /// As [`Dataset::get`], with the kept fields of its record as columns of one row. Where images stand
    /// in them there are their numbers.
    ///
    /// ```
    /// use ndpix::{Control, Dataset, Input, Options};
    /// let records = Input::bytes(r#"{"image": [[1, 2]], "label": "cat"}"#);
    /// let options = Options::default().with("field", "image")?.with("columns", "label")?;
    /// let dataset = Dataset::open(vec![records], &options, None, &Control::default())?;
    /// let (image, columns) = dataset.get_item(0)?;
    /// assert_eq!((&image.shape[..], columns[0].value(0)), (&[1, 2][..], &b"cat"[..]));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::get`].
    pub fn get_item(&self, at: usize) -> Result<Item> {
        self.places.unchanged()?;
        let mut hands = self.hands()?;
        self.item(&mut hands, at)
    }

    /// The images of these numbers, stacked on the first axis; decoded by several threads.
    ///
    /// ```
    /// use ndpix::{Control, Dataset, Input, Options};
    /// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[3, 4]]}\n");
    /// let dataset = Dataset::open(vec![records], &Options::default().with("field", "image")?, None, &Control::default())?;
    /// let images = dataset.get_many(&[1, 0, 1])?;
    /// assert_eq!(images.shape, [3, 1, 2]);
    /// assert_eq!(images.as_slice::<i64>(), Some(&[3, 4, 1, 2, 3, 4][..]));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::get`], for the first of them; kind `shape` where they differ in shape or dtype.
    pub fn get_many(&self, numbers: &[usize]) -> Result<Array> {
        self.get_items(numbers).map(|items| items.0)
    }

    /// As [`Dataset::get_many`], with the kept fields of their records.
    ///
    /// ```
    /// use ndpix::{Control, Dataset, Input, Options};
    /// let records = Input::bytes("{\"image\": [[1]], \"id\": 7}\n{\"image\": [[2]], \"id\": 8}\n");
    /// let options = Options::default().with("field", "image")?.with("columns", "id")?;
    /// let dataset = Dataset::open(vec![records], &options, None, &Control::default())?;
    /// let (images, columns) = dataset.get_items(&[1, 0])?;
    /// assert_eq!((images.shape[0], columns[0].value(0)), (2, &8i64.to_le_bytes()[..]));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::get_many`].
    pub fn get_items(&self, numbers: &[usize]) -> Result<Item> {
        self.places.unchanged()?;
        let empty = names(&self.plan).into_iter().map(|(name, kind)| Column::new(name, kind));
        let mut columns: Vec<Column> = empty.collect();
        let Some(&first) = numbers.first() else {
            let shape: Vec<usize> = self.options.shape.map(|s| s.to_vec()).unwrap_or_default();
            let dtype = self.options.dtype.unwrap_or(crate::dtype::DType::Uint8);
            return Ok((Array::zeroed([&[0][..], &shape].concat(), dtype)?, columns));
        };
        let first = self.get(first)?;
        let shape = [&[numbers.len()][..], &first.shape].concat();
        let mut all = Array::zeroed(shape, first.dtype)?;
        let slots: Vec<_> = all
            .bytes
            .chunks_exact_mut(first.bytes.len().max(1))
            .map(|slot| Mutex::new((slot, Vec::new())))
            .collect();
        let put = |hands: &mut Hands<'_>, i: usize| {
            let (image, row) = self.item(hands, numbers[i])?;
            if (&image.shape, image.dtype) != (&first.shape, first.dtype) {
                let place = self.position(numbers[i]);
                let error = Error::shape(format!(
                    "images of different shapes do not stack: {:?} {} after {:?} {}; ask for them one by one",
                    image.shape, image.dtype, first.shape, first.dtype
                ));
                return Err(match place {
                    Some(place) => error.at(place),
                    None => error,
                });
            }
            if let Some(mut slot) = slots.get(i).and_then(|s| s.lock().ok()) {
                slot.0.copy_from_slice(&image.bytes);
                slot.1 = row;
            }
            Ok(())
        };
        spread(numbers.len(), self.options.thread_count(), || self.hands(), put)?;
        for slot in &slots {
            let slot = slot.lock().unwrap_or_else(PoisonError::into_inner);
            columns.iter_mut().zip(&slot.1).for_each(|(all, row)| all.extend(row));
        }
        drop(slots);
        Ok((all, columns))
    }

    fn hands(&self) -> Result<Hands<'_>> {
        let decoder = Decoder::new(&self.plan)?;
        let (pixels, kept) = (PixelBuffer::default(), Kept::new(&self.plan));
        let doubts = Doubts::new(&self.plan)?;
        Ok(Hands { decoder, pixels, text: Vec::new(), kept, doubts, missing: false })
    }

    fn item(&self, hands: &mut Hands<'_>, at: usize) -> Result<Item> {
        let Some((entry, place)) = self.entries.get(at).zip(self.position(at)) else {
            return Err(Error::options(format!(
                "there is no image {at}; there are {}",
                self.len()
            )));
        };
        hands.kept.clear(KEEP_BYTES);
        let image = match self.decode(hands, entry) {
            Ok(image) => image,
            Err(error) if error.kind() == ErrorKind::Io => return Err(error),
            Err(error) => match (self.fills(&error, hands), self.options.shape, self.options.dtype)
            {
                (true, Some(shape), Some(dtype)) => {
                    let element = fill_element(self.options.fill_value, dtype)?;
                    let mut array = Array::zeroed(shape.to_vec(), dtype)?;
                    array
                        .bytes
                        .chunks_exact_mut(element.len())
                        .for_each(|e| e.copy_from_slice(&element));
                    array
                }
                _ => return Err(error.at(place)),
            },
        };
        Ok((image, self.row(&mut hands.kept, entry, at)))
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

    /// Whether an image that failed like this is given as the fill value.
    fn fills(&self, error: &Error, hands: &Hands<'_>) -> bool {
        if hands.missing {
            self.options.on_missing == OnMissing::Fill
        } else {
            self.options.on_error.of(error.kind()) == OnError::Fill
        }
    }

    /// Decodes the image of an entry.
    fn decode(&self, hands: &mut Hands<'_>, entry: &Entry) -> Result<Array> {
        hands.missing = false;
        hands.text.clear();
        self.plan.limits.check_record(entry.len)?;
        self.places.read(entry.file, entry.byte, entry.len, &mut hands.text)?;
        let items = hands.decoder.find(&hands.text)?;
        let base = self.files[entry.file as usize].base.as_ref();
        let kept = hands.decoder.keep(&hands.text, &mut hands.kept);
        let place = (entry.file, entry.byte);
        hands.doubts.of_record(&hands.decoder, place, &hands.text, base)?;
        if items <= entry.item as usize {
            hands.missing = items == 0;
            return Err(Error::field("the record has no image"));
        }
        kept?;
        let opened = hands.decoder.open(&hands.text, entry.item as usize, base)?;
        hands.pixels.clear(KEEP_BYTES);
        let found = hands.decoder.fill(&opened, &mut hands.pixels)?;
        fit(&self.options, &found.info)?;
        Array::copied(&found.info.shape, found.info.dtype, hands.pixels.used())
    }
}

/// What an index depends on: the options that say where images are, and the inputs.
fn key(options: &Options, stamps: &[Known]) -> String {
    let mut key = String::new();
    for (name, value) in options.governing(&[Governs::Where]) {
        key.push_str(&format!("{name}={value}\n"));
    }
    for stamp in stamps {
        key.push_str(&format!("{stamp}\n"));
    }
    key
}

/// Goes through all records and notes where their images are.
fn survey(reader: &mut Reader, control: &Control<'_>) -> Result<Vec<Entry>> {
    if let Some(started) = control.started {
        started(reader.meter(), reader.feed.total_bytes());
    }
    let plan = reader.plan.clone();
    let mut decoder = Decoder::new(&plan)?;
    let mut entries = Vec::new();
    let mut note = |text: &Text| {
        for record in &text.records {
            let items = match record.overlong {
                Some(_) => 0,
                None => decoder.find(text.record(record)).unwrap_or(0),
            };
            let len = record.overlong.unwrap_or((record.end - record.start) as u64);
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
