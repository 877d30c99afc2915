use std::path::Path;

use super::*;
use crate::column::ColumnType;
use crate::options::{ImagesAs, Rows};
use crate::shape::Shape;
use crate::sink::moves::Company;

fn holds(images: Images, columns: &[Column]) -> Holds {
    Holds {
        lead: "images".into(),
        arrays: Vec::new(),
        images,
        columns: columns.iter().map(|c| (Arc::clone(&c.name), c.kind)).collect(),
        legends: Vec::new(),
        fills: true,
        rows: Rows::Always,
        images_as: ImagesAs::Pixels,
        chunks: None,
        compression: OutputCompression::None,
        shard_rows: None,
        append: false,
        continues: false,
        first_file: 0,
        options: Vec::new(),
    }
}

/// Columns of every type, of 3000 rows; each third row has no value in some of them.
fn columns() -> Vec<Column> {
    let kinds = [
        ("label", ColumnType::Int64),
        ("score", ColumnType::Float64),
        ("ok", ColumnType::Bool),
        ("name", ColumnType::Text),
        ("box", ColumnType::Ints),
        ("tags", ColumnType::Floats),
        ("meta", ColumnType::Json),
        ("taken", ColumnType::Time),
    ];
    let mut all: Vec<_> = kinds.map(|(name, kind)| Column::new(name.into(), kind)).into();
    for row in 0..3000i64 {
        let (there, float) = (row % 3 != 1, row as f64 / 4.0);
        let name = match row % 1000 {
            999 => "long ".repeat(20_000),
            0 => String::new(),
            _ => format!("ä{row}"),
        };
        let tags: Vec<u8> = (0..row % 5).flat_map(|i| (float + i as f64).to_le_bytes()).collect();
        let corners: Vec<u8> = (row..row + 4).flat_map(i64::to_le_bytes).collect();
        let meta = format!("{{\"row\":{row}}}");
        let ok = [u8::from(row % 2 == 0)];
        all[0].push(there.then_some(&row.to_le_bytes()));
        all[1].push(Some(&float.to_le_bytes()));
        all[2].push(there.then_some(&ok));
        all[3].push(there.then_some(name.as_bytes()));
        all[4].push(Some(&corners));
        all[5].push(there.then_some(&tags));
        all[6].push(Some(meta.as_bytes()));
        all[7].push(there.then_some(&row.to_le_bytes()));
    }
    all
}

/// Writes an output whose columns come in blocks of `block` rows.
fn written(out: &Path, images: Images, columns: &[Column], block: usize) -> Result<PathBuf> {
    let mut sink = Box::new(Hdf5::create(out, &holds(images, columns), None)?);
    for row in 0..columns[0].len() {
        let shape = Shape::image(1 + row % 3, 1 + row % 2, 1);
        let place = Place {
            index: row as u64,
            file: 1,
            line: row as u64 + 1,
            byte: 10 * row as u64,
            item: 0,
            valid: row % 7 != 0,
            shape,
        };
        sink.place(&place)?;
        let elements = match images {
            Images::Flat { .. } => shape.elements().unwrap_or(0),
            _ => 6,
        };
        sink.write(&vec![row as u8; elements])?;
        if row % block == block - 1 || row + 1 == columns[0].len() {
            let mut some: Vec<_> =
                columns.iter().map(|c| Column::new(Arc::clone(&c.name), c.kind)).collect();
            for (some, all) in some.iter_mut().zip(columns) {
                (row / block * block..=row).for_each(|row| some.push_from(all, row));
            }
            sink.columns(&some)?;
        }
    }
    sink.seal(&Facts::default())?;
    Ok(sink.finish()?.named(Company::default())?.remove(0))
}

#[test]
fn blocks_of_columns_do_not_show() {
    let folder = tempfile::tempdir().expect("a folder");
    let columns = columns();
    let all = [
        ("stack", Images::Stack { shape: Shape::image(3, 2, 1), dtype: DType::Uint8 }),
        ("pad", Images::Pad { shape: Shape::image(3, 2, 1), dtype: DType::Uint8 }),
        ("flat", Images::Flat { dtype: DType::Uint8, rank: 2 }),
    ];
    for (name, images) in all {
        let files = [1, 7, 3000].map(|block| {
            let out = folder.path().join(format!("{name}{block}.h5"));
            std::fs::read(written(&out, images, &columns, block).expect("written")).expect("bytes")
        });
        assert!(files[0].starts_with(b"\x89HDF\r\n\x1a\n"));
        assert!(files[0] == files[1] && files[0] == files[2], "{name}");
    }
}

#[test]
fn what_readers_would_not_see_is_refused() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("out.h5");
    let images = Images::Stack { shape: Shape::image(3, 2, 1), dtype: DType::Uint8 };
    let with = |name: &str, text: &[u8]| {
        let mut column = Column::new(name.into(), ColumnType::Text);
        column.push(Some(text));
        written(&out, images, &[column], 1).map_err(|e| e.to_string())
    };
    for name in ["", ".", "a\0b", &"long".repeat(15_001)] {
        assert!(matches!(refuses(name), Some(Refusal::Unspeakable)), "{name}");
    }
    assert!(with("name", b"a\0b").expect_err("refused").contains("NUL"));
    with("name", b"a\\0b").expect("written");
}

#[test]
fn chunks_have_less_than_4_gib() {
    let folder = tempfile::tempdir().expect("a folder");
    let images = Images::Stack { shape: Shape::image(1 << 15, 1 << 15, 4), dtype: DType::Uint8 };
    let opened = Hdf5::create(&folder.path().join("out.h5"), &holds(images, &[]), None);
    assert!(opened.is_err_and(|e| e.to_string().contains("4 GiB")));
    assert_eq!(std::fs::read_dir(folder.path()).expect("a folder").count(), 0);
}
