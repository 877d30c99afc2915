//! Random access: an index of where each image stands, and images decoded when they are asked for.
//!
//! The index is made by one pass that validates records and decodes nothing. It holds one entry for each
//! image and one for each record without any, so that nothing is passed over: asking for a bad one
//! is an error, or gives the fill value. Threads live only within a call, so a dataset may be forked.

mod check;
mod hands;
mod survey;

use std::path::Path;
use std::sync::{Arc, Mutex, PoisonError};

use crate::array::{Array, NamedArrays};
use crate::batch::File;
use crate::books::names;
use crate::column::Column;
use crate::control::Control;
use crate::dtype::DType;
use crate::error::{Error, Position, Result};
use crate::legend::Legend;
use crate::options::{OnError, OnTruncated, Options, Rejects};
use crate::plan::{ArrayPlan, Plan, Target};
use crate::reader::Reader;
use crate::shape::Shape;
use crate::sink::index::{self, Entry, Index};
use crate::source::Input;
use crate::source::random::Places;
use crate::threads::{lock, spread};

use hands::Hands;
use survey::{key, survey};

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
    places: Arc<Places>,
    entries: Vec<Entry>,
}

/// An image, or several stacked on the first axis, with the kept fields of their records.
///
/// ```
/// use ndpix::{Control, Dataset, ErrorKind, Input, Options};
/// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[3, \"a\"]]}\n");
/// let options = Options::default().with("field", "image")?.with("on_error", "fill")?;
/// let dataset = Dataset::open(vec![records], &options, None, &Control::default())?;
/// let item = dataset.get_items(&[1, 0])?;
/// assert_eq!(item.images.as_slice::<i64>(), Some(&[0, 0, 1, 2][..]));
/// let (row, why) = &item.filled[0];
/// assert_eq!((*row, why.kind()), (0, ErrorKind::Shape));
/// # Ok::<(), ndpix::Error>(())
/// ```
#[derive(Debug)]
pub struct Item {
    /// The pixels.
    pub images: Array,
    /// Those of further arrays, by their names, where `array` asks for some.
    pub arrays: NamedArrays,
    /// The kept fields, with a row for each image. Where images stand in them there are their numbers.
    pub columns: Vec<Column>,
    /// The rows that hold the fill value, each with what is wrong with its record or image.
    pub filled: Vec<(usize, Error)>,
}

impl Dataset {
    /// Indexes the inputs: files and bytes, compressed with gzip or not. With `sidecar` the index is read from that
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
            index::write(path, &dataset.index())?;
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
        known: Option<Index>,
        control: &Control<'_>,
    ) -> Result<Self> {
        options.validate_arrays()?;
        if options.on_error.names(OnError::Skip) || options.rejects != Rejects::Beside {
            return Err(Error::options(
                "a number always leads to the same image here, so that none is passed over and there is no rejects file; leave rejects out, and give on_error fill or raise, which is the default here",
            ));
        }
        if options.on_truncated == OnTruncated::Keep {
            return Err(Error::options(
                "on_truncated keep knows neither how many images are missing nor their numbers, which lead to the same image here; convert the records, or mend the input",
            ));
        }
        // Fill rows are as large as the others, which the first records or the options say; what further arrays hold
        // is looked at before any of it is resized.
        let each = !options.fills() && options.arrays.is_empty();
        let mut reader = Reader::open(inputs, options, each, &control.stop)?;
        if options.fills() && names(&reader.plan).iter().any(|(name, _)| **name == *"valid") {
            return Err(Error::options(
                "a column valid would have the name of what says which rows are filled; leave it out",
            ));
        }
        if reader.files.iter().any(|file| file.rejects) {
            return Err(Error::options(
                "a rejects file cannot be read at random; load or convert it",
            ));
        }
        control.note(reader.plan.said());
        let places = Arc::new(places);
        let known = known.filter(|known| places.know(&known.packed).is_some());
        let entries = match known {
            Some(known) => known.entries,
            None => survey(&mut reader, &places, options.thread_count(), control)?,
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

    /// What numbers of classes mean, by the column or array that has them; those of masks count from 1.
    pub fn legends(&self) -> Vec<(Arc<str>, Legend)> {
        self.plan.legends()
    }

    /// The options with the names of classes that were found, where all records were asked for these: with them
    /// [`Dataset::with_index`] need not ask again.
    ///
    /// ```
    /// use ndpix::{Control, Dataset, Input, Options};
    /// let records = Input::bytes(r#"{"image": [[1, 2]], "pet": "cat"}"#);
    /// let options = Options::default().with("field", "image")?.with("columns", "pet")?.with("column_type", "pet=category")?;
    /// let dataset = Dataset::open(vec![records], &options, None, &Control::default())?;
    /// assert_eq!(dataset.named_options(), [("column_type", "pet=category[cat]".to_string())]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn named_options(&self) -> Vec<(&'static str, String)> {
        let is_found = self.options.numbers_classes() && !self.plan.legends().is_empty();
        if is_found { self.plan.named(&self.options) } else { Vec::new() }
    }

    /// The index, for [`Dataset::with_index`].
    pub fn index(&self) -> Vec<u8> {
        let key = key(&self.options, self.places.stamps());
        index::text(&key, &self.entries, &self.places.found())
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
        self.get_item(at).map(|item| item.images)
    }

    /// As [`Dataset::get`], with the kept fields of its record as columns of one row, and whether it is filled.
    ///
    /// ```
    /// use ndpix::{Control, Dataset, Input, Options};
    /// let records = Input::bytes(r#"{"image": [[1, 2]], "label": "cat"}"#);
    /// let options = Options::default().with("field", "image")?.with("columns", "label")?;
    /// let dataset = Dataset::open(vec![records], &options, None, &Control::default())?;
    /// let item = dataset.get_item(0)?;
    /// assert_eq!((&item.images.shape[..], item.columns[0].value(0)), (&[1, 2][..], &b"cat"[..]));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::get`].
    pub fn get_item(&self, at: usize) -> Result<Item> {
        self.places.unchanged()?;
        self.item(&mut Hands::new(self)?, at)
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
        self.get_items(numbers).map(|item| item.images)
    }

    /// As [`Dataset::get_many`], with the kept fields of their records.
    ///
    /// ```
    /// use ndpix::{Control, Dataset, Input, Options};
    /// let records = Input::bytes("{\"image\": [[1]], \"id\": 7}\n{\"image\": [[2]], \"id\": 8}\n");
    /// let options = Options::default().with("field", "image")?.with("columns", "id")?;
    /// let dataset = Dataset::open(vec![records], &options, None, &Control::default())?;
    /// let item = dataset.get_items(&[1, 0])?;
    /// assert_eq!((item.images.shape[0], item.columns[0].value(0)), (2, &8i64.to_le_bytes()[..]));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::get_many`].
    pub fn get_items(&self, numbers: &[usize]) -> Result<Item> {
        self.places.unchanged()?;
        let mut first = None;
        let (shape, dtype) = match (self.target(), numbers.first()) {
            (Some((shape, dtype)), _) => (shape.to_vec(), dtype),
            (None, Some(&at)) => {
                let item = first.insert(self.item(&mut Hands::new(self)?, at)?);
                (item.images.shape.clone(), item.images.dtype)
            }
            (None, None) => {
                let shape = self.options.shape.map(|s| s.to_vec()).unwrap_or_default();
                (shape, self.options.dtype.unwrap_or(DType::Uint8))
            }
        };
        let mut images = Array::zeroed([&[numbers.len()][..], &shape].concat(), dtype)?;
        let len = images.bytes.len() / numbers.len().max(1);
        let chunks = images.bytes.chunks_exact_mut(len.max(1));
        let slots: Vec<_> = chunks.map(|chunk| Mutex::new((chunk, None))).collect();
        let put = |row: usize, item: Item| {
            if (&item.images.shape, item.images.dtype) != (&shape, dtype) {
                return Err(self.misfit(numbers[row], &item.images, (&shape, dtype)));
            }
            if let Some(mut slot) = slots.get(row).and_then(|slot| slot.lock().ok()) {
                slot.0.copy_from_slice(&item.images.bytes);
                slot.1 = Some((item.arrays, item.columns, item.filled));
            }
            Ok(())
        };
        let done = usize::from(first.is_some());
        first.map_or(Ok(()), |item| put(0, item))?;
        self.spread(&numbers[done..], |row, item| put(row + done, item))?;
        let (mut columns, mut filled, mut arrays) = (self.no_columns(), Vec::new(), Vec::new());
        for (row, slot) in slots.into_iter().enumerate() {
            let (_, rest) = slot.into_inner().unwrap_or_else(PoisonError::into_inner);
            let Some((beside, kept, wrong)) = rest else { continue };
            arrays.push((numbers[row], beside));
            columns.iter_mut().zip(&kept).for_each(|(all, one)| all.extend(one));
            filled.extend(wrong.into_iter().map(|(_, error)| (row, error)));
        }
        Ok(Item { images, arrays: self.together(&arrays)?, columns, filled })
    }

    /// The further arrays of several images, each stacked on its first axis.
    fn together(&self, rows: &[(usize, NamedArrays)]) -> Result<NamedArrays> {
        let stack = |(number, array): (usize, &ArrayPlan)| {
            let first = rows.first().map(|(_, row)| &row[number].1);
            let (shape, dtype) = match (target(&array.plan), first) {
                (Some((shape, dtype)), _) => (shape.to_vec(), dtype),
                (None, Some(first)) => (first.shape.clone(), first.dtype),
                (None, None) => (Vec::new(), DType::Uint8),
            };
            let mut all = Array::zeroed([&[rows.len()][..], &shape].concat(), dtype)?;
            let len = (all.bytes.len() / rows.len().max(1)).max(1);
            for ((at, row), slot) in rows.iter().zip(all.bytes.chunks_exact_mut(len)) {
                let one = &row[number].1;
                if (&one.shape, one.dtype) != (&shape, dtype) {
                    return Err(self.misfit(*at, one, (&shape, dtype)));
                }
                slot.copy_from_slice(&one.bytes);
            }
            Ok((Arc::clone(&array.name), all))
        };
        self.plan.arrays.iter().enumerate().map(stack).collect()
    }

    /// The images of these numbers, each with its own shape and the kept fields of its record; decoded by several
    /// threads.
    ///
    /// ```
    /// use ndpix::{Control, Dataset, Input, Options};
    /// let records = Input::bytes("{\"image\": [[1, 2]]}\n{\"image\": [[3]]}\n");
    /// let dataset = Dataset::open(vec![records], &Options::default().with("field", "image")?, None, &Control::default())?;
    /// let shapes: Vec<_> = dataset.get_each(&[1, 0])?.into_iter().map(|item| item.images.shape).collect();
    /// assert_eq!(shapes, [[1, 1], [1, 2]]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Dataset::get`], for the first of them.
    pub fn get_each(&self, numbers: &[usize]) -> Result<Vec<Item>> {
        self.places.unchanged()?;
        let slots: Vec<_> = numbers.iter().map(|_| Mutex::new(None)).collect();
        self.spread(numbers, |row, item| {
            *lock(&slots[row]) = Some(item);
            Ok(())
        })?;
        let all = slots.into_iter();
        Ok(all
            .filter_map(|slot| slot.into_inner().unwrap_or_else(PoisonError::into_inner))
            .collect())
    }

    /// Decodes the images of these numbers by several threads and hands each over with its row.
    fn spread(
        &self,
        numbers: &[usize],
        put: impl Fn(usize, Item) -> Result<()> + Sync,
    ) -> Result<()> {
        let work = |hands: &mut Hands<'_>, row: usize| put(row, self.item(hands, numbers[row])?);
        spread(numbers.len(), self.options.thread_count(), || Hands::new(self), work)
    }

    /// The shape and dtype of every image, where they are the same by the plan.
    fn target(&self) -> Option<(Shape, DType)> {
        target(&self.plan)
    }

    /// The columns, without rows.
    fn no_columns(&self) -> Vec<Column> {
        names(&self.plan).into_iter().map(|(name, kind)| Column::new(name, kind)).collect()
    }

    /// That image `at` is not as the one before it.
    fn misfit(&self, at: usize, image: &Array, (shape, dtype): (&[usize], DType)) -> Error {
        let error = Error::shape(format!(
            "images of different shapes do not stack: {:?} {} after {shape:?} {dtype}; ask for them one by one",
            image.shape, image.dtype
        ));
        match self.position(at) {
            Some(place) => error.at(place),
            None => error,
        }
    }
}

/// The shape and dtype of every image of a plan, where they are the same.
fn target(plan: &Plan) -> Option<(Shape, DType)> {
    match plan.target {
        Target::Stack { shape, dtype, .. } => Some((shape, dtype)),
        _ => None,
    }
}
