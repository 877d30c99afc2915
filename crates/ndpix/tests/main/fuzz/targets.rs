//! The targets: where their seeds come from, and what must hold of any input.
//!
//! Everything goes through the public API. A panic inside a codec is caught by the library and
//! becomes a rejected image; here it counts as a failure all the same, since it is a bug of
//! somebody's.

use std::fmt::Write;
use std::fs;
use std::io::{self, Cursor, Read};
use std::path::Path;

use flate2::Crc;
use ndpix::{
    Control, Each, ErrorKind, Frames, Framing, Input, Limits, MaxRejects, OnError, OnErrors,
    OnMissing, Options, Rows, Summary,
};

use super::super::{base64, bytes, convert_in, root};
use super::Random;

pub(super) struct Target {
    pub(super) name: &'static str,
    pub(super) seeds: fn() -> Vec<Vec<u8>>,
    /// Words of the format, to be put where they do not belong.
    pub(super) words: &'static [&'static [u8]],
    /// Makes checksums right again, so that what they guard is reached.
    pub(super) mend: Option<fn(&mut [u8])>,
    pub(super) run: fn(&[u8]),
}

const JSON: &[&[u8]] = &[
    b"{",
    b"}",
    b"[",
    b"]",
    b",",
    b":",
    b"\"",
    b"\\",
    b"\\u",
    b"\\ud800",
    b"null",
    b"true",
    b"1e999",
    b"-",
    b"\n",
    b"\r\n",
    b"\x1e",
    b"\xef\xbb\xbf",
    b"\xff",
    b"\0",
    b" ",
    b"[[[[[[[[",
    b"{\"a\":",
    b"\"image\":",
    b"\"image\":null",
    b"{\"image\":\"AAAAAA==\"}\n",
    b"\"shape\":[2,2]",
    b"\"dtype\":\"<u2\"",
];
const NPY: &[&[u8]] = &[
    b"\x93NUMPY",
    b"\x01\0",
    b"\x02\0",
    b"\x03\0",
    b"'descr'",
    b"'<f8'",
    b"'|O'",
    b"'>u2'",
    b"'|b1'",
    b"'<U4'",
    b"'fortran_order'",
    b"True",
    b"False",
    b"'shape'",
    b"()",
    b"(0,)",
    b"(2, 2)",
    b"(99999999999,)",
    b"(-1,)",
    b"{",
    b"}",
    b"[('a', '<u1')]",
    b"\n",
    b"L",
    b"4294967296",
];
const PNM: &[&[u8]] = &[
    b"P1",
    b"P2",
    b"P3",
    b"P4",
    b"P5",
    b"P6",
    b"P7\n",
    b"#",
    b"\n",
    b" ",
    b"65535",
    b"0",
    b"-1",
    b"ENDHDR\n",
    b"DEPTH 2\n",
    b"MAXVAL 65535\n",
    b"TUPLTYPE GRAYSCALE_ALPHA\n",
    b"99999999999",
];
const PNG: &[&[u8]] = &[
    b"IHDR",
    b"PLTE",
    b"tRNS",
    b"IDAT",
    b"IEND",
    b"acTL",
    b"fcTL",
    b"fdAT",
    b"eXIf",
    b"iCCP",
    b"gAMA",
    b"sBIT",
    b"\0\0\0\x01",
    b"\x10\x06",
    b"\x01\x03",
    b"\x02\0",
];
const GIF: &[&[u8]] = &[b"GIF89a", b"GIF87a", b"\x21\xf9\x04", b"\x21\xff\x0b", b",", b";", b"\0"];
const TIFF: &[&[u8]] = &[
    b"II*\0",
    b"MM\0*",
    b"II+\0\x08\0\0\0",
    b"\x03\x01",
    b"\x06\x01",
    b"\x15\x01",
    b"\x3d\x01",
    b"\x1c\x01",
    b"\x53\x01",
    b"\x02\x01",
    b"\x05\0",
    b"\x07\0",
    b"\x08\0",
    b"\x03\0",
    b"\x04\0",
    b"\x40\0",
    b"\x42\x01",
    b"\x43\x01",
    b"\x44\x01",
];

pub(super) fn all() -> Vec<Target> {
    macro_rules! image {
        ($name:ident, $words:expr, $mend:expr) => {
            Target {
                name: stringify!($name),
                seeds: || image_files(stringify!($name)),
                words: $words,
                mend: $mend,
                run: |input| image(input, stringify!($name)),
            }
        };
    }
    let text = |name, seeds, run| Target { name, seeds, words: JSON, mend: None, run };
    vec![
        text("lines", line_seeds, lines),
        Target { words: &[], ..text("compressed", compressed_seeds, compressed) },
        text("record", record_seeds, record),
        text("encodings", record_seeds, encodings),
        Target { words: NPY, ..text("npy", npy_seeds, npy) },
        text("runs", line_seeds, runs),
        image!(png, PNG, Some(right_checksums)),
        image!(
            jpeg,
            &[
                b"\xff\xd8",
                b"\xff\xc0",
                b"\xff\xc2",
                b"\xff\xc4",
                b"\xff\xda",
                b"\xff\xdd",
                b"\xff\xee"
            ],
            None
        ),
        image!(
            webp,
            &[b"VP8 ", b"VP8L", b"VP8X", b"ALPH", b"ANIM", b"ANMF", b"EXIF", b"RIFF"],
            None
        ),
        image!(tiff, TIFF, None),
        image!(gif, GIF, None),
        image!(
            bmp,
            &[
                b"BM",
                b"\x28\0\0\0",
                b"\x7c\0\0\0",
                b"\x10\0",
                b"\x20\0",
                b"\x01\0\0\0",
                b"\x03\0\0\0"
            ],
            None
        ),
        image!(pnm, PNM, None),
        image!(qoi, &[b"\xfe", b"\xff", b"\xc0", b"\xfd", b"\0\0\0\0\0\0\0\x01"], None),
        image!(ico, &[b"\0\0\x01\0", b"\x28\0\0\0", b"\x89PNG\r\n\x1a\n"], None),
        image!(tga, &[b"\0\x01\x01", b"\0\0\x0a", b"\x20\x08", b"TRUEVISION-XFILE.\0"], None),
    ]
}

// ---- seeds

fn files(folder: &str, wanted: impl Fn(&str) -> bool) -> Vec<Vec<u8>> {
    let mut paths: Vec<_> = fs::read_dir(root().join(folder))
        .expect("a folder")
        .map(|entry| entry.expect("an entry").path())
        .filter(|path| {
            path.is_file() && wanted(&path.file_name().expect("a name").to_string_lossy())
        })
        .collect();
    paths.sort();
    paths.iter().map(|path| fs::read(path).expect("a file")).collect()
}

fn image_files(format: &str) -> Vec<Vec<u8>> {
    let of_format = |name: &str| name.starts_with(format);
    [files("testdata/images", of_format), files("testdata/images/bad", of_format)].concat()
}

fn case_inputs(wanted: impl Fn(&Path) -> bool) -> Vec<Vec<u8>> {
    let mut folders: Vec<_> = fs::read_dir(root().join("testdata/cases"))
        .expect("testdata/cases")
        .map(|entry| entry.expect("an entry").path())
        .collect();
    folders.sort();
    let inputs = folders.iter().flat_map(|folder| {
        let all = fs::read_dir(folder).expect("a folder").map(|f| f.expect("an entry").path());
        let mut all: Vec<_> = all.filter(|p| p.is_file()).collect();
        all.sort();
        all.into_iter()
            .find(|p| p.file_stem().is_some_and(|s| s.to_string_lossy().starts_with("input")))
    });
    inputs.filter(|p| wanted(p)).map(|p| fs::read(p).expect("an input")).collect()
}

/// Texts of a few small records, in every framing.
fn line_seeds() -> Vec<Vec<u8>> {
    let records = [
        r#"{"image":"AAECAw==","n":1}"#,
        r#"{"image":null}"#,
        r#"{"n":[1,{"a":"]}\"\\"}],"image":"AAEC Aw"}"#,
        r#"{"image":["AAECAw==","AAEC","AAECAw=="]}"#,
        r#"{"image":"AA%CAw=="}"#,
        r#"{"other":7}"#,
        r#"{"image":[[1,2],[3,4]]}"#,
    ];
    let reject = r#"{"file":"a","line":2,"byte":9,"item":1,"kind":"image","message":"m","record":"{\"image\":[\"AAEC\",\"AAECAw==\"]}"}"#;
    let bare = "[1,2,3]\n\"text\"\n12\ntrue\n";
    [
        records.join("\n") + "\n",
        records.join("\r\n"),
        format!("[{}]", records.join(",\n")),
        records.concat(),
        records.iter().map(|r| format!("\x1e{r}\n")).collect(),
        format!("\u{feff}\n \n{}\n\n", records[..2].join("\n\n")),
        format!("{reject}\n{reject}\n"),
        bare.to_string(),
        "{\n \"image\": \"AAECAw==\"\n}\n{\n}\n".to_string(),
    ]
    .map(String::into_bytes)
    .to_vec()
}

fn compressed_seeds() -> Vec<Vec<u8>> {
    let packed = |path: &Path| {
        let ends = ["gz", "xz", "bz2", "zst"];
        path.extension().is_some_and(|e| ends.iter().any(|end| e == *end))
    };
    let mut seeds = case_inputs(packed);
    let text = line_seeds()[0].clone();
    let zstd = zstd::encode_all(&text[..], 3).expect("zstd");
    let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
    io::Write::write_all(&mut gzip, &zstd).expect("gzip");
    seeds.extend([zstd, gzip.finish().expect("gzip")]);
    assert!(seeds.len() > 5, "the compressed cases are found");
    seeds
}

/// The first record of every case that is small, and values of the kinds that no case has.
fn record_seeds() -> Vec<Vec<u8>> {
    let mut seeds: Vec<Vec<u8>> = case_inputs(|p| p.extension().is_some_and(|e| e == "ndjson"))
        .iter()
        .filter_map(|text| text.split(|&b| b == b'\n').find(|line| !line.is_empty()))
        .filter(|line| line.len() < 6000)
        .map(<[u8]>::to_vec)
        .collect();
    assert!(seeds.len() > 30, "the cases are found");
    for value in [
        r#"{"__ndarray__":"AAECAw==","dtype":"uint8","shape":[2,2]}"#,
        r#"{"__ndarray__":[[1,2],[3,4]],"dtype":"float64","shape":[2,2],"Corder":true}"#,
        r#"{"shape":[2,2],"dtype":"<u2","data":"AAECAwQFBgc="}"#,
        r#"{"bdata":"AAECAw==","dtype":"u1","shape":"2, 2"}"#,
        r#"{"0":137,"1":80,"2":78,"3":71}"#,
        r#""0 64,128;255""#,
        r#""00 40 80 ff""#,
        r#""data:image/png,%89PNG""#,
        r#""https://x.org/a.png""#,
        r#"[[[1.5,2e3],[true,false]],[[-1,99999999999999999999],[0.1,-0.0]]]"#,
        r#"[137,80,78,71,13,10,26,10]"#,
    ] {
        seeds.push(format!("{{\"h\":2,\"w\":2,\"image\":{value}}}").into_bytes());
    }
    seeds
}

fn npy_seeds() -> Vec<Vec<u8>> {
    let mut seeds = files("testdata/images/bad", |name| name.ends_with(".npy"));
    for (descr, order, shape, bytes) in [
        ("'<f4'", "True", "(2, 3)", 24),
        ("'>i2'", "False", "(2, 2, 3)", 24),
        ("'|b1'", "False", "(4,)", 4),
        ("'<f2'", "True", "(1, 2, 3, 4)", 48),
        ("'<u8'", "False", "()", 8),
    ] {
        for (version, wide) in [(1, false), (2, true), (3, true)] {
            let dict =
                format!("{{'descr': {descr}, 'fortran_order': {order}, 'shape': {shape}, }}\n");
            let mut file = b"\x93NUMPY".to_vec();
            file.extend([version, 0]);
            if wide {
                file.extend((dict.len() as u32).to_le_bytes());
            } else {
                file.extend((dict.len() as u16).to_le_bytes());
            }
            file.extend(dict.bytes());
            file.extend((0..bytes).map(|i| (i % 2) as u8));
            seeds.push(file);
        }
    }
    seeds
}

fn right_checksums(png: &mut [u8]) {
    let mut at = 8;
    while let Some(length) = png.get(at..at + 4).and_then(|b| b.first_chunk::<4>()) {
        let end = at + 8 + u32::from_be_bytes(*length) as usize;
        if end + 4 > png.len() {
            break;
        }
        let mut crc = Crc::new();
        crc.update(&png[at + 4..end]);
        png[end..end + 4].copy_from_slice(&crc.sum().to_be_bytes());
        at = end + 4;
    }
}

// ---- what must hold

const LIMITS: Limits = Limits { max_record_bytes: 1 << 20, max_pixels: 1 << 20, memory: None };

fn base() -> Options {
    options! {
        field: Some("image".parse().expect("field")),
        max_rejects: Some(MaxRejects::None),
        limits: LIMITS,
        threads: 1,
        block_bytes: Some(4096),
        ..Options::default()
    }
}

fn encoded() -> Options {
    options! { encoding: vec!["encoded".parse().expect("encoding")], ..base() }
}

/// One line for each image, and how the run ended.
fn outcomes(inputs: Vec<Input>, options: &Options) -> String {
    let mut said = String::new();
    // A panic in here would be caught, and would pass for one of the library's.
    let mut wrong = Vec::new();
    let mut note = |each: Each<'_>| {
        let p = &each.position;
        let what = match &each.image {
            Ok((info, pixels)) => {
                if info.bytes().ok() != Some(pixels.len()) {
                    wrong.push(format!("{info:?} of {} bytes", pixels.len()));
                }
                let mut crc = Crc::new();
                crc.update(pixels);
                format!("{} {} {:08x}", info.shape, info.dtype, crc.sum())
            }
            Err(error) => {
                wrong.extend(bug(error));
                if matches!(error.kind(), ErrorKind::Options | ErrorKind::Plan) {
                    wrong.push(format!("no kind for a record: {error}"));
                }
                format!("{} {}", error.kind(), error.message())
            }
        };
        writeln!(said, "{}:{}:{}: {what}", p.line, p.byte, p.item).expect("a string");
    };
    let ended = ndpix::each(inputs, options, |each| {
        note(each);
        Ok(())
    });
    if let Err(error) = ended {
        wrong.extend(bug(&error));
        writeln!(said, "ended: {} {error}", error.kind()).expect("a string");
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
    said
}

fn bug(error: &ndpix::Error) -> Option<String> {
    let marks = ["a bug in ndpix", "decoder failed on this image"];
    let caught = marks.iter().any(|mark| error.message().contains(mark));
    caught.then(|| format!("a panic was caught: {error}"))
}

fn no_bug(error: &ndpix::Error) {
    assert_eq!(bug(error), None);
}

/// The same outcomes, whatever the threads and blocks.
fn same_outcomes(text: &[u8], options: &Options) -> String {
    let plain = outcomes(bytes(text), options);
    for (threads, block_bytes) in [(1, Some(1)), (3, Some(7)), (1, None)] {
        let other = outcomes(bytes(text), &options! { threads, block_bytes, ..options.clone() });
        assert_eq!(plain, other, "{threads} threads, blocks of {block_bytes:?}");
    }
    plain
}

fn image(input: &[u8], format: &str) {
    // Between the two an image that fills the buffers, which are reused, with other bytes.
    let between = "P5 64 64 255\n".to_string() + &"Z".repeat(64 * 64);
    let record = |bytes: &[u8]| format!("{{\"image\":\"{}\"}}\n", base64(bytes));
    let text = [record(input), record(between.as_bytes()), record(input)].concat();
    let several = matches!(format, "gif" | "png" | "tiff" | "webp");
    for frames in [Frames::First, Frames::All].into_iter().take(1 + usize::from(several)) {
        let said = outcomes(bytes(text.as_bytes()), &options! { frames, ..encoded() });
        let mut lines = said.lines().map(|line| line.split_once(": ").expect("a position").1);
        let (first, _, second) = (lines.next(), lines.next(), lines.next());
        assert_eq!(first, second, "{format} pixels that were never written, or a state that stays");
        assert!(second.is_some());
    }
}

fn lines(input: &[u8]) {
    let raw = options! {
        encoding: vec!["raw".parse().expect("encoding")],
        raw_shape: Some("2,2".parse().expect("shape")),
        raw_dtype: Some("uint8".parse().expect("dtype")),
        ..base()
    };
    for framing in Framing::ALL {
        for max_record_bytes in [30, 1 << 20] {
            let limits = Limits { max_record_bytes, ..LIMITS };
            same_outcomes(input, &options! { framing, limits, ..raw.clone() });
        }
    }
}

/// At most three bytes a read.
struct Drops(Cursor<Vec<u8>>);

impl Read for Drops {
    fn read(&mut self, buf: &mut [u8]) -> io::Result<usize> {
        let most = buf.len().min(3);
        self.0.read(&mut buf[..most])
    }
}

fn compressed(input: &[u8]) {
    let plain = outcomes(bytes(input), &encoded());
    let reader = Box::new(Drops(Cursor::new(input.to_vec())));
    let dropped = outcomes(vec![Input::Reader { name: "bytes".to_string(), reader }], &encoded());
    // How much comes out of a damaged stream before it is refused is the codec's; what comes out
    // is the same.
    let parts = |said: &str| {
        let (images, end) = said.split_once("ended: ").unwrap_or((said, ""));
        (images.to_string(), end.split(' ').next().unwrap_or_default().to_string())
    };
    let ((a, a_end), (b, b_end)) = (parts(&plain), parts(&dropped));
    assert_eq!(a_end, b_end, "read three bytes at a time");
    let damaged = a_end == "encoding" && (a.starts_with(&b) || b.starts_with(&a));
    assert!(a == b || damaged, "read three bytes at a time: {plain} {dropped}");
}

fn record(input: &[u8]) {
    let fields = ["image", "images[*]", ".", "a.b[1].c", "messages[*].content[*].image_url.url"];
    for field in fields {
        let options = options! {
            field: Some(field.parse().expect("field")),
            mixed: true,
            framing: Framing::Lines,
            ..base()
        };
        outcomes(bytes(input), &options);
    }
    // And where it is to be found, which may fail as a plan.
    let found = options! { field: None, threads: 3, ..base() };
    if let Err(error) = ndpix::each(bytes(input), &found, |_| Ok(())) {
        no_bug(&error);
    }
    match ndpix::inspect(bytes(input), &found) {
        Err(error) => no_bug(&error),
        Ok(report) => assert_eq!(report.problem.is_none(), report.shape.is_some()),
    }
}

fn encodings(input: &[u8]) {
    let chains = [
        "base64+zlib+npy",
        "base64+gzip+raw",
        "base64+zstd+image",
        "hex+image",
        "latin1+raw",
        "bytes+npy",
    ];
    let option = Options::table().find(|option| option.name == "encoding").expect("an option");
    let plain = option.words.into_iter().filter(|word| *word != "auto");
    for (i, name) in plain.chain(chains).enumerate() {
        let dtype = ["uint8", "float32", "bool"].get(i % 4).map(|d| d.parse().expect("dtype"));
        let raw_shape = (i % 3 == 0).then(|| "@h,@w".parse().expect("fields"));
        let encoding = vec![name.parse().expect(name)];
        outcomes(bytes(input), &options! { encoding, dtype, raw_shape, ..base() });
    }
}

fn npy(input: &[u8]) {
    let text = format!("{{\"image\":\"{}\"}}\n", base64(input));
    for encoding in ["npy", "base64+npy"] {
        let encoding = vec![encoding.parse().expect("encoding")];
        outcomes(bytes(text.as_bytes()), &options! { encoding, ..base() });
    }
}

/// A folder where a file that is made durable costs nothing, where there is one.
fn in_memory() -> tempfile::TempDir {
    tempfile::tempdir_in("/dev/shm").or_else(|_| tempfile::tempdir()).expect("a folder")
}

/// A whole run under limits and options that the input itself chooses.
fn runs(input: &[u8]) {
    let mut crc = Crc::new();
    crc.update(input);
    let random = &mut Random::new(u64::from(crc.sum()));
    let limits = Limits {
        max_record_bytes: [20, 60, 1 << 20][random.below(3)],
        max_pixels: [3, 4, 1 << 20][random.below(3)],
        memory: [None, Some(40), Some(400), Some(1 << 20)][random.below(4)],
    };
    let fixed = !random.once_in(4);
    let options = options! {
        field: fixed.then(|| "image".parse().expect("field")),
        encoding: fixed.then(|| "raw".parse().expect("encoding")).into_iter().collect(),
        raw_shape: Some("2,2".parse().expect("shape")),
        raw_dtype: Some("uint8".parse().expect("dtype")),
        shape: (!random.once_in(4)).then(|| "2,2".parse().expect("shape")),
        dtype: (!random.once_in(4)).then(|| "uint8".parse().expect("dtype")),
        framing: Framing::ALL[random.below(5)],
        skip: random.below(3) as u64,
        limit: random.once_in(3).then(|| 1 + random.below(3) as u64),
        on_error: OnError::ALL[random.below(3)].into(),
        on_missing: OnMissing::ALL[random.below(3)],
        max_rejects: [None, Some(MaxRejects::None), Some(MaxRejects::Count(1))][random.below(3)],
        rows: Rows::Always,
        limits,
        ..base()
    };
    let done = |options: &Options| {
        let done = convert_in(in_memory(), bytes(input), options, &Control::default());
        if let Err(error) = &done.run.result {
            no_bug(error);
        }
        let s = &done.run.summary;
        closes(s, &options.on_error);
        assert_eq!(
            done.run.result.is_ok(),
            done.file("").is_some(),
            "a file under its name is whole"
        );
        let (array, rejects) = (done.file(""), done.file(".rejects.ndjson"));
        if let Some(array) = &array {
            let header = array.len() as u64 - s.bytes_written;
            assert_eq!(header, 128, "the header and the rows are the file");
        }
        let count =
            rejects.as_ref().map_or(0, |r| r.iter().filter(|&&b| b == b'\n').count() as u64);
        assert_eq!(count, s.rejected(), "every reject has its line");
        let said = done.run.result.as_ref().map_err(ToString::to_string).err();
        let mut counts = format!("{:?}", (s.records, s.images, s.rows, s.filled));
        if said.is_none() {
            // Of a run that stopped they say how far ahead was read.
            write!(counts, "{:?}", (s.blank_lines, s.passed_over, s.limited)).expect("a string");
        }
        (said, counts, array, rejects, done.file(".rows.npy"))
    };
    let plain = done(&options);
    for (threads, block_bytes) in [(1, Some(1)), (3, Some(5)), (3, None)] {
        let other = done(&options! { threads, block_bytes, ..options.clone() });
        assert!(
            plain == other,
            "{threads} threads, blocks of {block_bytes:?}: {plain:?} {other:?}"
        );
    }
}

fn closes(s: &Summary, on_error: &OnErrors) {
    assert_eq!(s.records, s.with_image + s.without_image + s.unreadable, "{s:?}");
    assert_eq!(s.images, s.decoded + s.rejected_images, "{s:?}");
    assert_eq!(s.rows, s.decoded + s.filled, "{s:?}");
    assert!(s.filled == 0 || *on_error != OnError::Raise.into() || s.without_image > 0, "{s:?}");
}
