//! Compressed inputs are cut as plain ones are, whole, in several members, and cut off.

use std::io::Write;

use super::*;

pub(super) fn gzip(text: &[u8]) -> Vec<u8> {
    let mut gz = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::fast());
    gz.write_all(text).and_then(|()| gz.finish()).expect("in memory")
}

fn xz(text: &[u8]) -> Vec<u8> {
    let mut xz = liblzma::write::XzEncoder::new(Vec::new(), 1);
    xz.write_all(text).and_then(|()| xz.finish()).expect("in memory")
}

fn bz2(text: &[u8]) -> Vec<u8> {
    let mut bz = bzip2::write::BzEncoder::new(Vec::new(), bzip2::Compression::fast());
    bz.write_all(text).and_then(|()| bz.finish()).expect("in memory")
}

fn zst(text: &[u8]) -> Vec<u8> {
    let mut zst = zstd::stream::write::Encoder::new(Vec::new(), 1).expect("encoder");
    zst.long_distance_matching(true).and_then(|()| zst.window_log(30)).expect("option");
    zst.write_all(text).and_then(|()| zst.finish()).expect("in memory")
}

#[test]
fn compressed() {
    let lines: String = (0..20_000).map(|i| format!("{{\"i\":{}}}\n", i * 7919)).collect();
    let (a, b) = lines.as_bytes().split_at(70_001);
    let plain = run(feed(lines.as_bytes()), 1000).rows;
    let packers: [(&str, Pack); 4] = [("gzip", gzip), ("xz", xz), ("bzip2", bz2), ("zstd", zst)];
    for (name, pack) in packers {
        let both = [pack(a), pack(b)].concat();
        let out = run(feed(&both), 1000);
        assert!(out.error.is_none(), "{name}: {:?}", out.error);
        assert_eq!(out.rows, plain, "{name}");
        assert_eq!(out.compressions, [name]);
        let out = run(feed(&pack(&gzip(lines.as_bytes()))), 1000);
        assert_eq!(out.rows, plain, "{name} of gzip");

        let out = run(feed(&both[..both.len() - 3]), 1000);
        let e = out.error.unwrap_or_else(|| panic!("{name}: cut"));
        assert_eq!(e.kind(), ErrorKind::Encoding, "{name}: {e}");
        assert!(e.message().contains("cut or damaged") && e.position().is_some());
        assert!(out.rows.len() > 1000 && plain.starts_with(&out.rows), "{name}");

        let out = run(feed(&[&both[..], b"garbage"].concat()), 1000);
        assert_eq!(out.rows.len(), plain.len(), "{name}");
        assert_eq!(out.error.map(|e| e.kind()), Some(ErrorKind::Encoding), "{name}");
    }
    let padded = [&gzip(a)[..], &gzip(b), &[0; 70_000]].concat();
    let out = run(feed(&padded), 1000);
    assert!(out.error.is_none());
    assert_eq!(out.rows, plain);
    let cut = run(feed(&gzip(lines.as_bytes())[..40_000]), 1000);
    assert!(cut.rows.len() > 1000 && plain.starts_with(&cut.rows));
    assert_eq!(cut.error.map(|e| e.kind()), Some(ErrorKind::Encoding));
    let mut damaged = gzip(lines.as_bytes());
    damaged[40_000..40_100].fill(0x55);
    let damaged = run(feed(&damaged), 1000);
    assert!(damaged.rows.len() > 1000);
    assert_eq!(damaged.error.map(|e| e.kind()), Some(ErrorKind::Encoding));
    let short = run(feed(&[0x1f, 0x8b]), 1);
    assert_eq!(short.error.map(|e| e.kind()), Some(ErrorKind::Encoding));
    let empty = run(feed(&gzip(b"")), 1);
    assert!(empty.error.is_none() && empty.rows.is_empty());
}
