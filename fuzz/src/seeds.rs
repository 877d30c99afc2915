//! Good inputs, from the data of the tests.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

/// The folder of the test data; fuzz/ and the tests of the library lie at different depths.
fn root() -> PathBuf {
    let above = Path::new(env!("CARGO_MANIFEST_DIR")).ancestors();
    let mut with_data = above.filter(|folder| folder.join("testdata/fuzz").is_dir());
    with_data.next().expect("the repository").to_path_buf()
}

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

pub(super) fn image_files(format: &str) -> Vec<Vec<u8>> {
    let of_format = |name: &str| {
        let begins = name.split(['-', '.']).next().unwrap_or(name);
        begins == format || begins.strip_suffix("16") == Some(format)
    };
    let folders =
        ["testdata/images", "testdata/images/bad", "testdata/formats", "testdata/formats/bad"];
    folders.into_iter().flat_map(|folder| files(folder, of_format)).collect()
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
pub(super) fn line_seeds() -> Vec<Vec<u8>> {
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

pub(super) fn compressed_seeds() -> Vec<Vec<u8>> {
    let packed = |path: &Path| {
        let ends = ["gz", "xz", "bz2", "zst"];
        path.extension().is_some_and(|e| ends.iter().any(|end| e == *end))
    };
    let mut seeds = case_inputs(packed);
    let text = line_seeds()[0].clone();
    let zstd = zstd::encode_all(&text[..], 3).expect("zstd");
    let member = |text: &[u8]| {
        let mut gzip = flate2::write::GzEncoder::new(Vec::new(), flate2::Compression::best());
        io::Write::write_all(&mut gzip, text).expect("gzip");
        gzip.finish().expect("gzip")
    };
    // A member for each line: several threads inflate them.
    let members = text.split_inclusive(|&byte| byte == b'\n').flat_map(member).collect();
    seeds.extend([member(&zstd), zstd, members]);
    assert!(seeds.len() > 5, "the compressed cases are found");
    seeds
}

/// The first record of every case that is small, and values of the kinds that no case has.
pub(super) fn record_seeds() -> Vec<Vec<u8>> {
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
        r#"{"size":[2,2],"counts":"103"}"#,
        r#"{"size":[2,2],"counts":[1,2,1]}"#,
        r#""1 1 4 1""#,
        r#"[0,2,1,1,0,0,1,1]"#,
        r#"[0,0,0,16,57,27,1,2,3]"#,
        r#"[[0.5,0.5,1.5,0.5,1.5,1.5],[-3,4,1e6,2,0,0]]"#,
        r#"[[7,0.1,0.1,0.9,0.1,0.5,0.9]]"#,
        r#"{"points":[[0,0],[1.5,1]],"shape_type":"circle"}"#,
        r#"{"name":"polygon","all_points_x":[0,1,1],"all_points_y":[0,0,1]}"#,
        r#"[[[0,255,9],[0,128,7],[1,2,3]],[[4],[5]]]"#,
        r#"[[[0,0],[9,9],[200,3],[7,7]]]"#,
        r#""[[1, 2], [3, 4]]""#,
        r#""b'\\x89PNG'""#,
        r#""[[1. 2.]\n [3. nan]]""#,
        r#"[["1","2"],["3","4.5"]]"#,
        r#"["AA","EC"]"#,
        r#""see data:image/png;base64,AAEC there""#,
    ] {
        seeds.push(format!("{{\"h\":2,\"w\":2,\"image\":{value}}}").into_bytes());
    }
    for numbers in ["16UC1", "32FC1"] {
        seeds.push(
            format!(
                "{{\"format\":\"{numbers}; compressedDepth png\",\"image\":\"AAAAAADQHUYAQHzEiVBORw0KGgoAAAANSUhEUgAAAAIAAAACEAAAAAAHTY67AAAAEklEQVR4nGNgYGBgZGDU+f8fAAOVAi21iXK2AAAAAElFTkSuQmCC\"}}"
            )
            .into_bytes(),
        );
    }
    seeds
}

/// Whole inputs of the cases that are small.
pub(super) fn sample_seeds() -> Vec<Vec<u8>> {
    let mut seeds = case_inputs(|p| p.extension().is_some_and(|e| e == "ndjson" || e == "json"));
    seeds.retain(|text| text.len() < 20_000);
    seeds.extend(line_seeds());
    seeds
}

pub(super) fn npy_seeds() -> Vec<Vec<u8>> {
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

/// The archives of the cases.
pub(super) fn npz_seeds() -> Vec<Vec<u8>> {
    let of_case = |path: &Path| {
        let folder = path.parent().and_then(Path::file_name);
        folder.is_some_and(|name| name.to_string_lossy().starts_with("npz"))
    };
    let lines = case_inputs(of_case).concat();
    let lines = String::from_utf8(lines).expect("text");
    let texts = lines.lines().filter_map(|line| line.rsplit('"').nth(1));
    let seeds: Vec<_> =
        texts.map(|text| base64_simd::STANDARD.decode_to_vec(text).expect("base64")).collect();
    assert!(seeds.len() > 5, "the cases of archives are found");
    seeds
}
