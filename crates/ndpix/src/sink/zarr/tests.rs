//! Geometry, names and metadata; what readers make of it is in `tests/python/test_outputs_zarr.py`.

use std::fs;

use super::*;
use crate::column::ColumnType;
use crate::dtype::DType;
use crate::options::{ImagesAs, OutputCompression, Rows};
use crate::shape::Shape;
use crate::sink::moves::Company;

fn holds(shape: &[usize]) -> Holds {
    let shape = Shape::new(shape).expect("a shape");
    Holds {
        lead: "images".into(),
        arrays: Vec::new(),
        images: Images::Stack { shape, dtype: DType::Uint8 },
        columns: Vec::new(),
        legends: Vec::new(),
        fills: false,
        rows: Rows::Auto,
        images_as: ImagesAs::default(),
        chunks: None,
        compression: OutputCompression::None,
        shard_rows: None,
        append: false,
        continues: false,
        first_file: 0,
        options: Vec::new(),
    }
}

fn place(index: u64) -> Place {
    Place {
        index,
        file: 0,
        line: index + 1,
        byte: 7 * index,
        item: 0,
        valid: true,
        shape: Shape::image(0, 0, 1),
    }
}

#[test]
fn chunks_are_of_a_mebibyte_and_shards_of_64() {
    let cut = |item: &[usize], chunks, shard_rows| {
        let holds = Holds { chunks, shard_rows, ..holds(item) };
        images(&holds).map(|a| (a.chunk_rows, a.per_shard)).map_err(|e| e.to_string())
    };
    assert_eq!(cut(&[32, 32], None, None), Ok((1024, 64)));
    assert_eq!(cut(&[4000, 4000, 3], None, None), Ok((1, 1)));
    assert_eq!(cut(&[32, 32], Some(16), None), Ok((16, 4096)));
    assert_eq!(cut(&[2, 2], Some(1), None), Ok((1, 1 << 16)), "an index of 1 MiB");
    assert_eq!(cut(&[2, 2], Some(1), Some(1 << 20)), Ok((1, 1 << 20)), "as it was asked for");
    assert_eq!(cut(&[32, 32], None, Some(5000)), Ok((1250, 4)));
    assert_eq!(cut(&[32, 32], None, Some(10)), Ok((10, 1)));
    assert_eq!(cut(&[32, 32], Some(20), Some(100)), Ok((20, 5)));
    assert_eq!(cut(&[0, 4], None, None), Ok((1 << 20, 64)));
    for (chunks, shard_rows, want) in [
        (Some(16), Some(100), "not a multiple"),
        (Some(1 << 40), None, "larger than 1 GiB"),
        (Some(u64::MAX), None, "larger than 1 GiB"),
        (Some(1), Some(1 << 40), "over 1048576"),
    ] {
        let error = cut(&[32, 32], chunks, shard_rows).expect_err("refused");
        assert!(error.contains(want), "{error}");
    }
}

#[test]
fn axes_have_names() {
    let names = |item: &[usize], options: &[(&str, &str)]| {
        let own = |(n, v): &(&str, &str)| (n.to_string(), v.to_string());
        axes(item, &Holds { options: options.iter().map(own).collect(), ..holds(item) }).join(" ")
    };
    assert_eq!(names(&[], &[]), "row");
    assert_eq!(names(&[2, 3], &[]), "row y x");
    assert_eq!(names(&[2, 3, 3], &[]), "row y x channel");
    assert_eq!(names(&[3, 2, 3], &[("layout", "chw")]), "row channel y x");
    assert_eq!(names(&[5, 2, 3], &[("stack", "new-axis")]), "row band y x");
    assert_eq!(names(&[5, 2, 3, 4], &[("frames", "all")]), "row frame y x channel");
    assert_eq!(names(&[1, 2, 3, 4], &[]), "row axis_1 axis_2 axis_3 axis_4");
}

#[test]
fn a_group_has_no_description_before_it_is_whole() {
    let folder = tempfile::tempdir().expect("a folder");
    let out = folder.path().join("a.zarr");
    let mut holds = holds(&[2, 2]);
    holds.columns = vec![("t".into(), ColumnType::Text), ("n".into(), ColumnType::Int64)];
    let mut sink = Box::new(ZarrGroup::create(&out, &holds, None).expect("created"));
    for row in 0..3 {
        sink.place(&place(row)).expect("placed");
        sink.write(&[row as u8; 4]).expect("written");
    }
    let mut columns: Vec<_> =
        holds.columns.iter().map(|(name, kind)| Column::new(name.clone(), *kind)).collect();
    for row in 0..3i64 {
        columns[0].push((row != 1).then_some(&b"text"[..]));
        columns[1].push(Some(&row.to_le_bytes()));
    }
    sink.columns(&columns).expect("columns");
    assert!(!folder.path().join("a.zarr.partial/zarr.json").exists());
    sink.seal(&Facts::default()).expect("sealed");
    assert_eq!(
        sink.finish().and_then(|r| r.named(Company::default())).expect("finished"),
        std::slice::from_ref(&out)
    );
    assert!(is_ours(&out) && !is_ours(&out.join("images")));
    let pixels = fs::read(out.join("images/c/0/0/0")).expect("a shard");
    assert_eq!(pixels[..16], [0, 0, 0, 0, 1, 1, 1, 1, 2, 2, 2, 2, 0, 0, 0, 0]);
    assert_eq!(fs::read(out.join("t.valid/c/0")).expect("a shard")[..3], [1, 0, 1]);
    assert_eq!(fs::read(out.join("rows/byte/c/0")).expect("a shard")[..24], {
        let bytes: Vec<u8> = [0u64, 7, 14].iter().flat_map(|b| b.to_le_bytes()).collect();
        bytes
    });
    let text = fs::read(out.join("t/c/0")).expect("a shard");
    assert_eq!(text[..24], *b"\x03\0\0\0\x04\0\0\0text\0\0\0\0\x04\0\0\0text");
    assert!(!out.join("n.valid").exists());
}
