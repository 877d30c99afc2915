//! Runs that are killed and gone on with: whatever an output holds, its files are those of a run that nobody killed.

use std::collections::BTreeMap;
use std::fs;
use std::thread::{self, JoinHandle};

use super::moves::Company;
use super::rejects::RejectsFile;
use super::*;
use crate::dtype::DType;
use crate::error::Position;
use crate::options::{ImagesAs, OutputCompression, RejectsContent, Rows};

/// Numbers that look random and are always the same.
struct Dice(u64);

impl Dice {
    fn below(&mut self, most: usize) -> usize {
        self.0 = self.0.wrapping_mul(0x5851_f42d_4c95_7f2d).wrapping_add(0x1405_7b7e_f767_814f);
        ((self.0 >> 33) as usize) % most.max(1)
    }
}

/// An output, what it holds, and how many rows of it are written.
struct Case {
    name: &'static str,
    holds: Holds,
    rows: usize,
}

/// What one part brings.
#[derive(Default)]
struct Part {
    /// Rows that are placed and written together, again and again; of several that are fill rows, one by one.
    rows: Vec<Vec<usize>>,
    /// Rows whose kept fields come.
    columns: std::ops::Range<usize>,
    rejects: Vec<usize>,
}

fn kept() -> Vec<(Arc<str>, ColumnType)> {
    [
        ("label", ColumnType::Int64),
        ("score", ColumnType::Float64),
        ("ok", ColumnType::Bool),
        ("taken", ColumnType::Time),
        ("class", ColumnType::Class),
        ("name", ColumnType::Text),
        ("box", ColumnType::Ints),
        ("tags", ColumnType::Floats),
        ("meta", ColumnType::Json),
    ]
    .map(|(name, kind)| (name.into(), kind))
    .into()
}

fn holds(images: Images) -> Holds {
    Holds {
        lead: "images".into(),
        arrays: Vec::new(),
        images,
        columns: Vec::new(),
        legends: Vec::new(),
        fills: true,
        rows: Rows::Auto,
        images_as: ImagesAs::Pixels,
        chunks: None,
        compression: OutputCompression::None,
        shard_rows: None,
        append: false,
        continues: true,
        first_file: 0,
        options: Vec::new(),
    }
}

fn stack(axes: &[usize], dtype: DType) -> Holds {
    holds(Images::Stack { shape: Shape::new(axes).expect("a shape"), dtype })
}

fn cases() -> Vec<Case> {
    let u8s = |axes: &[usize]| stack(axes, DType::Uint8);
    let small = || Holds { columns: kept(), ..u8s(&[5, 7]) };
    let large = || Holds { columns: kept(), ..u8s(&[300, 400]) };
    let bare = |holds| Holds { rows: Rows::Never, fills: false, columns: Vec::new(), ..holds };
    let flat = || holds(Images::Flat { dtype: DType::Uint16, rank: 2 });
    let pad = || holds(Images::Pad { shape: Shape::image(30, 40, 1), dtype: DType::Float32 });
    let (gzip, zstd) = (OutputCompression::Gzip(1), OutputCompression::Zstd(1));
    let packed = |compression, holds| Holds { compression, ..holds };
    let chunks = |rows, holds| Holds { chunks: Some(rows), ..holds };
    let shards = |rows, holds| Holds { shard_rows: Some(rows), ..holds };
    let mut all = Vec::new();
    let mut add = |name, rows, holds| all.push(Case { name, holds, rows });
    add("a.npy", 300, small());
    add("a.npy", 300, Holds { rows: Rows::Always, ..small() });
    add("a.npy", 100, bare(small()));
    add("a.npy", 100, Holds { append: true, columns: Vec::new(), ..small() });
    add("added.npy", 300, Holds { append: true, columns: Vec::new(), ..small() });
    add("a.npy", 100, Holds { append: true, ..small() });
    add("added.npy", 300, Holds { append: true, ..small() });
    let grows = |holds| Holds { append: true, ..holds };
    for name in ["added.zarr", "added.h5", "added.parquet", "added.npz"] {
        add(name, 200, packed(gzip, chunks(9, grows(small()))));
        add(name, 100, grows(Holds { columns: Vec::new(), ..small() }));
    }
    add("a.zarr", 100, grows(small()));
    add("added.zarr", 200, Holds { columns: kept(), ..grows(flat()) });
    add("added.h5", 60, packed(gzip, grows(pad())));
    add("added", 100, shards(16, grows(small())));
    add("a.npz", 200, small());
    add("a.npz", 60, packed(gzip, large()));
    add("a.npz", 200, bare(small()));
    add("a.npz", 200, flat());
    add("a.npz", 400, Holds { columns: kept(), ..packed(gzip, flat()) });
    add("a.npz", 200, packed(gzip, pad()));
    let numbers = || kept().into_iter().filter(|(_, kind)| kind.is_scalar()).collect();
    add("a.safetensors", 200, Holds { columns: numbers(), ..u8s(&[5, 7]) });
    add("a.safetensors", 200, bare(stack(&[3], DType::Float64)));
    for packing in [OutputCompression::None, gzip] {
        add("a.h5", 300, packed(packing, chunks(9, small())));
        add("a.h5", 40, packed(packing, bare(large())));
        add("a.h5", 200, packed(packing, flat()));
        add("a.h5", 150, packed(packing, chunks(4, Holds { columns: kept(), ..pad() })));
    }
    for packing in [OutputCompression::None, gzip, zstd] {
        add("a.zarr", 300, packed(packing, chunks(3, small())));
        add("a.zarr", 300, packed(packing, chunks(3, shards(12, small()))));
        add("a.zarr", 300, packed(packing, shards(25, bare(small()))));
        add("a.zarr", 40, packed(packing, bare(large())));
        add("a.zarr", 300, packed(packing, Holds { columns: kept(), ..flat() }));
        add("a.zarr", 150, packed(packing, chunks(4, shards(16, pad()))));
        add("a.parquet", 60, packed(packing, large()));
        add("a.parquet", 60, packed(packing, chunks(11, bare(large()))));
        add("a.parquet", 60, packed(packing, chunks(7, stack(&[60, 50], DType::Bool))));
        add("a.parquet", 60, packed(packing, chunks(25, stack(&[200, 100], DType::Float32))));
        let encoded = || Holds {
            images_as: ImagesAs::Encoded,
            ..holds(Images::Flat { dtype: DType::Uint8, rank: 1 })
        };
        add("a.parquet", 300, packed(packing, Holds { columns: kept(), ..encoded() }));
        add("a.parquet", 200, packed(packing, chunks(13, bare(encoded()))));
    }
    add("shards", 300, shards(25, small()));
    add("shards", 100, shards(1, bare(small())));
    add("shards", 200, shards(30, Holds { columns: kept(), ..flat() }));
    add("shards", 200, shards(1000, bare(flat())));
    add("shards", 100, shards(16, pad()));
    all
}

impl Case {
    fn output(&self) -> &'static Output {
        let shard_rows = self.holds.shard_rows;
        named(Path::new(self.name), &Options { shard_rows, ..Options::default() })
            .expect("an output")
    }

    fn is_file(&self) -> bool {
        self.holds.images_as == ImagesAs::Encoded
    }

    /// A number that belongs to a row.
    fn odd(row: usize) -> usize {
        Dice(row as u64 + 1).below(1 << 20)
    }

    fn place(&self, row: usize) -> Place {
        let valid = !(self.holds.fills && Self::odd(row).is_multiple_of(9));
        let shape = match self.holds.images {
            _ if !valid => Shape::image(0, 0, 1),
            Images::Flat { .. } if self.is_file() => {
                Shape::new(&[Self::odd(row) % 200_000]).expect("a shape")
            }
            Images::Flat { .. } => Shape::image(Self::odd(row) % 90, 1 + row % 70, 1),
            Images::Stack { shape, .. } | Images::Pad { shape, .. } => shape,
        };
        let (index, line) = (row as u64 + row as u64 / 50, row as u64 + 1);
        Place { index, file: row as u32 / 128, line, byte: 100 * index, item: 0, valid, shape }
    }

    fn pixels(&self, row: usize) -> Vec<u8> {
        let len = match self.holds.images {
            Images::Flat { dtype, .. } => self.place(row).shape.bytes(dtype).expect("a length"),
            images => images.item_len().expect("a length"),
        };
        let is_bool = self.holds.images.dtype() == DType::Bool;
        let value = |k: usize| (row * 31 + k * k / 97) as u8;
        (0..len).map(|k| if is_bool { value(k) & 1 } else { value(k) }).collect()
    }

    fn columns(&self, rows: std::ops::Range<usize>) -> Vec<Column> {
        let all = self.holds.columns.iter();
        let mut all: Vec<_> = all.map(|(name, kind)| Column::new(name.clone(), *kind)).collect();
        let count = all.len();
        for (row, column) in rows.flat_map(|row| (0..count).map(move |c| (row, c))) {
            let odd = Self::odd(row + column);
            let there = odd % 5 > 0;
            let float = odd as f64 / 4.0;
            let value = match all[column].kind {
                ColumnType::Int64 | ColumnType::Time | ColumnType::Class => {
                    odd.to_le_bytes().to_vec()
                }
                ColumnType::Float64 => float.to_le_bytes().to_vec(),
                ColumnType::Bool => vec![(odd % 2) as u8],
                ColumnType::Text => "ä text ".repeat(odd % 500).into_bytes(),
                ColumnType::Json => format!("{{\"row\":{row}}}").into_bytes(),
                ColumnType::Ints => (row..row + 4).flat_map(usize::to_le_bytes).collect(),
                ColumnType::Floats => {
                    (0..odd % 5).flat_map(|i| (float + i as f64).to_le_bytes()).collect()
                }
            };
            // The first of them has a value in every row, and lists of one length.
            all[column].push((there || column == 0 || column == 4).then_some(&value));
        }
        all
    }

    /// All that the run brings.
    fn parts(&self) -> Vec<Part> {
        let (mut dice, mut parts) = (Dice(self.rows as u64), Vec::new());
        let (mut row, mut kept) = (0, 0);
        while row < self.rows {
            let mut part = Part::default();
            for _ in 0..dice.below(4) {
                let end = (row + dice.below(6)).min(self.rows);
                part.rows.push((row..end).collect());
                row = end;
            }
            // Kept fields come later than the rows.
            let known = row.saturating_sub(dice.below(3)).max(kept);
            part.columns = kept..known;
            kept = known;
            part.rejects = (0..dice.below(3)).map(|i| 10 * row + i).collect();
            parts.push(part);
        }
        parts.push(Part { columns: kept..self.rows, ..Part::default() });
        parts
    }
}

/// A run on its way.
struct Run<'c> {
    case: &'c Case,
    sink: Box<dyn Sink + Send>,
    rejects: RejectsFile,
    /// What other threads are still at.
    jobs: Vec<JoinHandle<Result<()>>>,
}

impl<'c> Run<'c> {
    fn open(case: &'c Case, folder: &Path, from: Option<&Value>) -> Result<Self> {
        let out = folder.join(case.name);
        let mut sink = open(case.output(), &out, &case.holds, from.map(|state| &state["sink"]))?;
        sink.catch_up(&AtomicBool::new(false))?;
        let adds = case.holds.append;
        let rejects = RejectsFile::new(rejects::default_path(&out), RejectsContent::Full, adds);
        let rejects = match from {
            Some(state) => rejects.again(&state["rejects"])?,
            None => rejects,
        };
        Ok(Self { case, sink, rejects, jobs: Vec::new() })
    }

    fn part(&mut self, part: &Part) -> Result<()> {
        for rows in &part.rows {
            let mut together = Vec::new();
            for &row in rows {
                let place = self.case.place(row);
                if !place.valid {
                    self.write(&mut together)?;
                }
                self.sink.place(&place)?;
                together.extend(self.case.pixels(row));
                if !place.valid {
                    self.sink.write(&std::mem::take(&mut together))?;
                }
            }
            self.write(&mut together)?;
        }
        if !part.columns.is_empty() && !self.case.holds.columns.is_empty() {
            self.sink.columns(&self.case.columns(part.columns.clone()))?;
        }
        for &number in &part.rejects {
            let position = Position { file: "in".into(), line: number as u64, byte: 0, item: 0 };
            let error = Error::shape("not this one").at(position);
            self.sink.reject(&error)?;
            self.rejects.push(&error, false, Some(b"{\"a\": 1}"))?;
        }
        if let Some(job) = self.sink.job() {
            self.jobs.push(thread::spawn(move || {
                thread::sleep(std::time::Duration::from_micros(300));
                job()
            }));
        }
        Ok(())
    }

    fn write(&mut self, together: &mut Vec<u8>) -> Result<()> {
        if together.is_empty() { Ok(()) } else { self.sink.write(&std::mem::take(together)) }
    }

    fn mark(&mut self) -> Result<String> {
        let (sink, rejects) = (self.sink.mark()?, self.rejects.mark()?);
        sink.settle()?;
        rejects.settle()?;
        let state = serde_json::json!({"sink": sink.state, "rejects": rejects.state}).to_string();
        assert!(state.len() < 10_000, "{} bytes of state", state.len());
        Ok(state)
    }

    fn seal(&mut self) -> Result<()> {
        self.jobs.drain(..).try_for_each(|job| job.join().expect("no panic"))?;
        let columns = self.case.holds.columns.clone();
        let counts = vec![("rows", self.case.rows as u64)];
        self.sink.seal(&Facts { counts, columns, ..Facts::default() })
    }

    fn finish(mut self) -> Result<()> {
        self.seal()?;
        let comes = self.rejects.seal()?.into_iter().collect();
        self.sink.finish()?.named(Company { comes, ..Company::default() }).map(|_| ())
    }

    /// Goes on from part `at` to the end.
    fn rest(mut self, at: usize) -> Result<()> {
        self.case.parts()[at..].iter().try_for_each(|part| self.part(part))?;
        self.finish()
    }
}

/// A folder, in memory where that is possible: thousands of files are made durable.
fn place() -> tempfile::TempDir {
    let memory = Path::new("/dev/shm");
    let made = if memory.is_dir() { tempfile::tempdir_in(memory) } else { tempfile::tempdir() };
    made.expect("a folder")
}

fn files(folder: &Path) -> BTreeMap<PathBuf, Vec<u8>> {
    let (mut folders, mut all) = (vec![folder.to_path_buf()], BTreeMap::new());
    while let Some(next) = folders.pop() {
        for entry in fs::read_dir(next).expect("a folder") {
            let path = entry.expect("an entry").path();
            if path.is_dir() {
                all.insert(path.strip_prefix(folder).expect("inside").to_path_buf(), Vec::new());
                folders.push(path);
            } else {
                let name = path.strip_prefix(folder).expect("inside").to_path_buf();
                all.insert(name, fs::read(path).expect("a file"));
            }
        }
    }
    all
}

/// What a kill leaves of a folder: what is in its files now, and not what processes still hold.
fn killed(folder: &Path) -> tempfile::TempDir {
    let copy = place();
    let (mut folders, mut at) = (vec![folder.to_path_buf()], 0);
    while at < folders.len() {
        for entry in fs::read_dir(&folders[at]).expect("a folder") {
            let path = entry.expect("an entry").path();
            let to = copy.path().join(path.strip_prefix(folder).expect("inside"));
            if path.is_dir() {
                fs::create_dir(to).expect("a folder");
                folders.push(path);
            } else {
                fs::copy(&path, to).expect("copied");
            }
        }
        at += 1;
    }
    copy
}

/// A folder as it is before the run: with an array, where rows are added to one.
fn before(case: &Case) -> tempfile::TempDir {
    let folder = place();
    if case.name.starts_with("added") {
        let rows = Rows::Always;
        let first = Case {
            holds: Holds { rows, continues: false, ..case.holds.clone() },
            rows: 40,
            ..*case
        };
        Run::open(&first, folder.path(), None).and_then(|run| run.rest(0)).expect("an array");
    }
    folder
}

fn same(case: &Case, found: &Path, want: &BTreeMap<PathBuf, Vec<u8>>, what: &str) {
    let found = files(found);
    let names: Vec<_> = found.keys().collect();
    assert!(found.keys().eq(want.keys()), "{}, {what}: {names:?}", case.name);
    for (name, bytes) in want {
        assert!(found[name] == *bytes, "{}, {what}: {} differs", case.name, name.display());
    }
}

/// What a run makes that nobody kills, and that nobody may go on with.
fn undisturbed(case: &Case) -> BTreeMap<PathBuf, Vec<u8>> {
    let case = Case { holds: Holds { continues: false, ..case.holds.clone() }, ..*case };
    let folder = before(&case);
    Run::open(&case, folder.path(), None).and_then(|run| run.rest(0)).expect("a run");
    files(folder.path())
}

/// Goes on with a run that is doomed, for a while or through its end.
fn doomed<'c>(mut run: Run<'c>, parts: &[Part], dice: &mut Dice) -> Option<Run<'c>> {
    let how = dice.below(8);
    let len = if how < 3 { dice.below(parts.len() + 1) } else { parts.len() };
    parts[..len].iter().try_for_each(|part| run.part(part)).expect("goes on");
    match how {
        0 | 3 => {}
        // Nobody relies on a mark that may not be durable.
        1 | 4 => drop(run.mark().expect("a mark")),
        // It fails halfway where kept fields of the last rows are missing.
        2 | 5 => drop(run.seal()),
        6 => {
            run.seal().expect("sealed");
            run.sink.abandon(true);
            return None;
        }
        _ => {
            let Run { sink, jobs, .. } = run;
            jobs.into_iter().for_each(|job| drop(job.join()));
            sink.abandon(true);
            return None;
        }
    }
    Some(run)
}

#[test]
fn a_run_that_is_gone_on_with_ends_like_one_that_nobody_killed() {
    // `NDPIX_KILLS=100` tries more.
    let asked = std::env::var("NDPIX_KILLS").ok();
    let seeds = asked.and_then(|seeds| seeds.parse().ok()).unwrap_or(3);
    for (number, case) in cases().iter().enumerate() {
        let (parts, want) = (case.parts(), undisturbed(case));
        for seed in 0..seeds {
            let what = format!("case {number}, seed {seed}");
            let mut dice = Dice(1000 * number as u64 + seed);
            let mut folder = before(case);
            let (mut at, mut state) = (0, None);
            for _ in 0..1 + dice.below(3) {
                let mut run = Run::open(case, folder.path(), state.as_ref()).expect(&what);
                let to = at + dice.below(parts.len() - at);
                parts[at..to].iter().try_for_each(|part| run.part(part)).expect(&what);
                state = Some(serde_json::from_str(&run.mark().expect(&what)).expect("JSON"));
                at = to;
                let held = doomed(run, &parts[at..], &mut dice);
                let left = killed(folder.path());
                drop(held);
                folder = left;
            }
            let run = Run::open(case, folder.path(), state.as_ref()).expect(&what);
            run.rest(at).expect(&what);
            same(case, folder.path(), &want, &what);
        }
    }
}

#[test]
fn what_is_missing_is_never_made_up() {
    for (number, case) in cases().iter().enumerate() {
        let (parts, want) = (case.parts(), undisturbed(case));
        let folder = before(case);
        let at = 2 * parts.len() / 3;
        let mut run = Run::open(case, folder.path(), None).expect("opened");
        parts[..at].iter().try_for_each(|part| run.part(part)).expect("written");
        let state: Value = serde_json::from_str(&run.mark().expect("a mark")).expect("JSON");
        for (name, text) in files(folder.path()).into_iter().filter(|(_, text)| !text.is_empty()) {
            for cut in [None, Some(text.len() - 1), Some(text.len() / 2), Some(0)] {
                let copy = killed(folder.path());
                match cut {
                    None => fs::remove_file(copy.path().join(&name)).expect("removed"),
                    Some(len) => fs::write(copy.path().join(&name), &text[..len]).expect("written"),
                }
                let what = format!("case {number}, {} of {cut:?} bytes", name.display());
                match Run::open(case, copy.path(), Some(&state)) {
                    Ok(run) => {
                        run.rest(at).expect(&what);
                        same(case, copy.path(), &want, &what);
                    }
                    Err(error) => {
                        let said = error.to_string();
                        let known = name.iter().any(|part| said.contains(&*part.to_string_lossy()));
                        assert!(known, "{what}: {error}");
                    }
                }
            }
        }
    }
}
