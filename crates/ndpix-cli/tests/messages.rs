//! What the command says: its help, and the message for everything that can be wrong, as
//! `testdata/messages.txt` holds them for reading. After a change of words:
//!
//! ```sh
//! NDPIX_RENEW=1 cargo test -p ndpix-cli --test messages
//! ```

use std::fmt::Write;
use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

/// Images that fit each other, and what does not.
const GOOD: &str = r#"{"image":"UDUgMiAyIDI1NQphYmNk"}"#;
const RED: &str = r#"{"image":"UDYgMiAyIDI1NQphYmNkYWJjZGFiY2Q="}"#;
const WIDE: &str = r#"{"image":"UDUgNCAxIDI1NQphYmNk"}"#;
const DEEP: &str = r#"{"image":"UDUgMiAyIDY1NTM1CmFhYmJjY2Rk"}"#;
const BANDS: &str = r#"{"a":"UDUgMiAyIDI1NQphYmNk","b":"UDUgMiAyIDI1NQphYmNk"}"#;
const ONE_BAND: &str = r#"{"a":"UDUgMiAyIDI1NQphYmNk"}"#;
const BAND_CUT: &str = r#"{"a":"UDUgMiAyIDI1NQphYmNk","b":"UDUgMiAyIDI1NQph"}"#;
const BAND_WIDE: &str = r#"{"a":"UDUgMiAyIDI1NQphYmNk","b":"UDUgNCAxIDI1NQphYmNk"}"#;
const BAND_DEEP: &str = r#"{"a":"UDUgMiAyIDI1NQphYmNk","b":"UDUgMiAyIDY1NTM1CmFhYmJjY2Rk"}"#;
const TAKEN: &str = r#"{"image": "UDUgMSAxIDI1NQph", "taken": "2024-05-31T14:30:00"}"#;
const TAKEN_LEAP: &str = r#"{"image": "UDUgMSAxIDI1NQph", "taken": "2016-12-31T23:59:60Z"}"#;
const TAKEN_NUMBER: &str = r#"{"image": "UDUgMSAxIDI1NQph", "taken": 1717158600}"#;
const LABEL: &str = r#"{"image":"UDUgMiAyIDI1NQphYmNk","label":7,"meta":{"k":[1]}}"#;
const REJECTED: &str = r#"{"file":"../x/a.ndjson","line":1,"byte":0,"item":0,"kind":"path","message":"m","record":"{\"file\":\"none.png\"}"}"#;
const POSITION: &str =
    r#"{"file":"a.ndjson","line":1,"byte":0,"item":0,"kind":"image","message":"m"}"#;
const PATHS: &str = r#"{"file":"none.png"}"#;

/// Whole runs of `ndpix convert in.ndjson ARGS`: the records and the arguments.
const RUNS: &[(&[&str], &str)] = &[
    // What is said when all is well, and before the work.
    (&[GOOD, GOOD], "-o out.npy"),
    (&[GOOD, RED], "-o out.npy"),
    (&[r#"{"image":[[1,2],[3,4]]}"#], "-o out.npy"),
    (&[GOOD, r#"{"image":null}"#, r#"{"image":"UDUgMiAyIDI1NQphYmM="}"#, "{"], "-o out.npy"),
    (&[GOOD, r#"{"image":null}"#], "-o out.npy --on-missing fill --rows always"),
    (&[GOOD, GOOD], "-o out.npy --limit 1"),
    (&[GOOD], "-o old.npy --if-exists skip"),
    (&[GOOD], "-o old.npy --if-exists replace"),
    // Several fields as one image.
    (&[BANDS, BANDS, ONE_BAND, BAND_CUT, "{}"], "-o out.npy --field a --field b --stack channel"),
    (&[BANDS], "-o out.npy --field a --field b"),
    (&[BANDS], "-o out.npy --field a --stack channel"),
    (&[BANDS], "-o out.npy --field a --field b[*] --stack channel"),
    (&[BANDS], "-o out.npy --field a --field b --stack new-axis --shape 2,2"),
    (&[BAND_WIDE], "-o out.npy --field a --field b --stack new-axis"),
    (&[BAND_DEEP], "-o out.npy --field a --field b --stack new-axis"),
    (&[ONE_BAND], "-o out.npy --field a --field b --stack new-axis"),
    (&[GOOD], "-o out.npy --frames index:1"),
    (&[GOOD], "-o out.npy --frames last"),
    (&[GOOD], "-o out.npy --frames all --mode P"),
    // Kept fields.
    (&[LABEL, LABEL], "-o out.npz --columns label,meta --columns lable"),
    (&[LABEL], "-o out.npz --columns lable --on-missing-column fill"),
    (&[LABEL], "-o out.npz --columns split,k"),
    (&[LABEL], "-o out.npz --columns label,label"),
    (&[LABEL], "-o out.npz --columns meta[*]"),
    (&[LABEL], "-o out.npz --columns meta..k"),
    (&[LABEL], "-o out.safetensors --columns meta"),
    (&[TAKEN, TAKEN], "-o out.npz --columns taken --column-type taken=datetime"),
    (&[TAKEN, TAKEN_LEAP, TAKEN_NUMBER], "-o out.npz --columns taken --column-type taken=datetime"),
    (&[TAKEN_NUMBER], "-o out.npz --columns taken --column-type taken=datetime"),
    (&[TAKEN], "-o out.npz --columns taken --column-type taken=datetime[ms]"),
    (&[TAKEN], "-o out.npz --columns taken --column-type taken=date"),
    (&[TAKEN], "-o out.npz --columns taken --column-type taken"),
    (&[TAKEN], "-o out.npz --columns taken --column-type takne=datetime"),
    // Wrong usage.
    (&[GOOD], "-o out.npy --append --if-exists replace"),
    (&[GOOD], "-o out.npy --chunks 0"),
    (&[GOOD], "-o out.npy --chunks 16"),
    (&[GOOD], "-o out.npy --output-compression gzip"),
    (&[GOOD], "-o out.npz --output-compression lz4"),
    (&[GOOD], "-o out.npy --shard-rows 5"),
    (&[GOOD], "-o out --shard-rows 0"),
    (&[GOOD], "-o out.npz --images-as encoded"),
    (&[GOOD], "-o out.npz --append --rows never"),
    (&[GOOD], "-o out.npy --ragged flat"),
    (&[GOOD], "-o out.npz --ragged flat --size 2"),
    (&[GOOD], "-o out.npz --ragged pad --shape 2,2"),
    (&[GOOD], "-o out.txt"),
    (&[GOOD], "-o folder.npy"),
    (&[GOOD], "-o old.npy"),
    (&[GOOD], "-o no/such/out.npy"),
    (&[GOOD], "-o out.npy --rejects out.npy"),
    (&[GOOD], "-o out.npy --rejects folder.npy"),
    (&[GOOD], "-o out.npy --rejects in.ndjson"),
    (&[GOOD], "-o out.npy --summary in.ndjson"),
    (&[GOOD], "-o out.npy --summary out.npy.rejects.ndjson"),
    (&[GOOD], "-o out.npy --summary no/such/summary.json"),
    (&[GOOD], "missing.ndjson -o out.npy"),
    (&[GOOD], "missing*.ndjson -o out.npy"),
    (&[GOOD], "s3://bucket/in.ndjson -o out.npy"),
    (&[GOOD], "https://example.org/in.ndjson -o out.npy"),
    (&[GOOD], "-o s3://bucket/out.npy"),
    (&[GOOD], "folder.npy -o out.npy"),
    (&[GOOD], "[ -o out.npy"),
    (&[GOOD], "-o out.npy --mixed --encoding raw"),
    (&[GOOD], "-o out.npy --limit 0"),
    (&[GOOD], "-o out.npy --max-record-bytes 0"),
    (&[GOOD], "-o out.npy --max-record-bytes 5X"),
    (&[GOOD], "-o out.npy --memory lots"),
    (&[GOOD], "-o out.npy --threads 5000"),
    (&[GOOD], "-o out.npy --dtype uint8 --fill-value 0.5"),
    (&[GOOD], "-o out.npy --on-error fill --fill-value 256"),
    (&[GOOD], "-o out.npy --field a..b"),
    (&[GOOD], "-o out.npy --field a[x]"),
    (&[GOOD], "-o out.npy --field \"a"),
    (&[GOOD], "-o out.npy --encoding base65"),
    (&[GOOD], "-o out.npy --encoding base64+lzw+raw"),
    (&[GOOD], "-o out.npy --encoding base64+gzip+text"),
    (&[GOOD], "-o out.npy --raw-shape 640x480"),
    (&[GOOD], "-o out.npy --raw-shape 0,3"),
    (&[GOOD], "-o out.npy --raw-shape @h,3"),
    (&[GOOD], "-o out.npy --shape 1,2,3,4,5,6,7,8,9"),
    (&[GOOD], "-o out.npy --raw-dtype uint9"),
    (&[GOOD], "-o out.npy --raw-byteorder middle"),
    (&[GOOD], "-o out.npy --raw-order K"),
    (&[GOOD], "-o out.npy --raw-channels grb"),
    (&[GOOD], "-o out.npy --raw-step wide"),
    (&[GOOD], "-o out.npy --formats png,avif"),
    (&[GOOD], "-o out.npy --framing csv"),
    (&[GOOD], "-o out.npy --on-error ignore"),
    (&[GOOD], "-o out.npy --on-missing drop"),
    (&[GOOD], "-o out.npy --if-exists ask"),
    (&[GOOD], "-o out.npy --rows some"),
    (&[GOOD], "-o out.npy --rejects-content none"),
    (&[GOOD], "-o out.npy --max-rejects 101%"),
    (&[GOOD], "-o out.npy --dtypo uint8"),
    (&[GOOD], ""),
    // No plan.
    (&[], "-o out.npy"),
    (&["{}"], "-o out.npy"),
    (&["{\"a\":1", "}"], "-o out.npy --framing lines"),
    (&[r#"{"image":"AAECAw=="}"#], "-o out.npy --field image"),
    (&[r#"{"a":"UDUgMiAyIDI1NQphYmNk","b":"UDUgMiAyIDI1NQphYmNk"}"#], "-o out.npy"),
    (&[GOOD, r#"{"image":[[1,2],[3,4]]}"#], "-o out.npy"),
    (&[r#"{"image":"https://x.org/a.png"}"#], "-o out.npy"),
    (&[GOOD, WIDE, WIDE], "-o out.npy"),
    (&[GOOD, DEEP], "-o out.npy"),
    (&[GOOD, DEEP], "-o out.npy --dtype uint16"),
    (&[WIDE, DEEP], "-o out.npy"),
    (&[GOOD], "-o out.npy --dtype float32"),
    (&[r#"{"image":"UDUgMiAyIDI1NQphYmM="}"#], "-o out.npy"),
    (&[PATHS], "-o out.npy --field file --encoding path"),
    (&[PATHS], "-o out.npy --field file --encoding path --base-dir nowhere"),
    (&[PATHS], "-o out.npy --field file --encoding path --allow-dir nowhere"),
    (&[PATHS], "-o out.npy --path-prefix nowhere"),
    (&[r#"{"file":"../x/none.png"}"#], "-o out.npy --field file --encoding path"),
    (&[r#"{"file":"/x/y/none.png"}"#], "-o out.npy --field file --encoding path"),
    (&[r#"{"file":"s3://x/none.png"}"#], "-o out.npy --field file --encoding path"),
    (&[REJECTED], "-o out.npy"),
    (&[REJECTED], "-o out.npy --rejects-input --field file --encoding path"),
    (&[r#"{"image":[[]]}"#], "-o out.npy --field image --encoding list"),
    // What is no NDJSON, and what nothing is left of.
    (&["P5 2 2 255", "abcd"], "-o out.npy"),
    (&["image,label", "a.png,7"], "-o out.npy"),
    (&["image,label", "a.png,7"], "-o out.npy --field image"),
    (&[POSITION], "-o out.npy --rejects-input"),
    (&[LABEL, "{"], "-o out.npy --where label=8"),
    (&[GOOD], "-o old.npy --append"),
    (&[GOOD], "-o out.npy --size -5"),
    // Stopped because of the data.
    (&[GOOD, "{", GOOD], "-o out.npy --on-error raise"),
    (&[GOOD, "{", GOOD], "-o out.npy --max-rejects 0"),
    (&[GOOD, "{", "{"], "-o out.npy"),
    (&[GOOD, "]"], "-o out.npy --framing array"),
    (&[GOOD, "]"], "-o out.npy --framing concat"),
    (&["[{},", "}"], "-o out.npy"),
    (&["\u{feff}[{}{}]"], "-o out.npy"),
];

/// Rows of outputs; `old.npy` is none.
const SHOWS: &[&str] = &["show old.npy 0", "show old.npy -1", "show old.npy 5-4"];

/// Conversions in parts; that of `old.npy` is of nothing that is there.
const PARTS: &[&str] = &[
    "plan in.ndjson -o out.npy --part-bytes 20",
    "plan in.ndjson -o out.npy --parts 3 --part-bytes 20",
    "plan in.ndjson -o out.npy --parts 0",
    "plan in.ndjson -o out.npy --part-bytes some",
    "plan in.ndjson -o out.npy --limit 5",
    "plan in.ndjson -o out.npy --append",
    "plan - -o out.npy",
    "plan in.ndjson -o old.npy",
    "run out.npy.plan.json --task 0 --tasks 1",
    "run old.npy --task 0 --tasks 1",
    "run old.npy --task 3 --tasks 3",
    "run old.npy --task 0 --tasks 0",
    "run old.npy --tasks 1",
    "commit out.npy.plan.json",
    "commit old.npy",
];

/// Images one by one, as `image` of a record of their own, after arguments that fix the plan.
const RECORDS: &[(&str, &[&str])] = &[
    (
        "--encoding encoded",
        &[
            r#""UDUgMiAyIDI1NQphYmNk""#,
            "7",
            "null",
            "[]",
            r#"["UDUgMiAyIDI1NQphYmNk",7]"#,
            r#""""#,
            r#"" \n""#,
            r#""AAE%Aw==""#,
            r#""AAEéAw==""#,
            r#""AA==AA==""#,
            r#""AAA""#,
            r#""AAAAA""#,
            r#""AA=A""#,
            r#""AAA==""#,
            r#""+_AA""#,
            r#""AAECAw==""#,
            r#""UDUgNCAxIDI1NQphYmNk""#,
            r#""UDYgMiAyIDI1NQphYmNkYWJjZGFiY2Q=""#,
            r#""UDUgMiAyIDY1NTM1CmFhYmJjY2Rk""#,
            r#""UDUgOTk5OTkgOTk5OTkgMjU1Cg==""#,
            r#""iVBORw==""#,
        ],
    ),
    ("--encoding encoded --formats png,jpeg", &[r#""UDUgMiAyIDI1NQphYmNk""#]),
    (
        "--encoding data-url",
        &[
            r#""data:image/png;base64""#,
            r#""data:image/png;base64,AA%2""#,
            r#""https://x.org/a.png""#,
            r#""data:,%GG""#,
            r#""data:image/png;base64,!""#,
        ],
    ),
    (
        "--encoding raw --raw-shape 2,2",
        &[r#""AAECAw==""#, r#""AAEC""#, r#""AAECAwQFBgc=""#, "[1]", "{}"],
    ),
    ("--encoding raw", &[r#""AAECAw==""#]),
    ("--encoding raw --raw-shape @h,@w", &[r#""AAECAw==""#]),
    ("--encoding raw --raw-shape 2,2 --raw-dtype @t", &[r#""AAECAw==""#]),
    ("--encoding raw --raw-shape 2,2 --raw-dtype bool", &[r#""AAECAw==""#]),
    ("--encoding raw --raw-shape 2,2 --raw-step 3", &[r#""AAECAw==""#]),
    ("--encoding raw --raw-shape 2,2 --raw-channels bgr", &[r#""AAECAw==""#]),
    (
        "--encoding npy",
        &[
            r#""AAECAw==""#,
            r#""k05VTVBZAQA=""#,
            r#""k05VTVBZAQAGAHsnYSc6MQ==""#,
            // Objects, which would need pickle.
            r#""k05VTVBZAQA5AHsnZGVzY3InOiAnfE8nLCAnZm9ydHJhbl9vcmRlcic6IEZhbHNlLCAnc2hhcGUnOiAoMiwpLCB9CgAAAAAAAAAAAAAAAAAAAAA=""#,
        ],
    ),
    (
        "--encoding npz",
        &[
            r#""AAECAw==""#,
            // Two images.
            r#""UEsDBBQAAAAIAAAAIQBVgTsaSgAAAIQAAAAJAAAAaW1hZ2UubnB5m+wX6hsQychQxlCtnpJanFykbqWgXlNqqK6joJ6WX1RSlJgXn1+UkgoSd0vMKU4FihdnJBakAvkaRjoKRpo6CrUKZAMuBoeG/wBQSwMEFAAAAAgAAAAhAJ+y6wxKAAAAhAAAAAgAAABtYXNrLm5weZvsF+obEMnIUMZQrZ6SWpxcpG6loF6TZKiuo6Cell9UUpSYF59flJIKEndLzClOBYoXZyQWpAL5GkY6CkaaOgq1CmQDLgYGRkYAUEsBAhQDFAAAAAgAAAAhAFWBOxpKAAAAhAAAAAkAAAAAAAAAAAAAAIABAAAAAGltYWdlLm5weVBLAQIUAxQAAAAIAAAAIQCfsusMSgAAAIQAAAAIAAAAAAAAAAAAAACAAXEAAABtYXNrLm5weVBLBQYAAAAAAgACAG0AAADhAAAAAAA=""#,
            // Objects, which would need pickle.
            r#""UEsDBBQAAAAAAAAAIQACZgkbFQEAABUBAAAIAAAAbWV0YS5ucHmTTlVNUFkBAHYAeydkZXNjcic6ICd8TycsICdmb3J0cmFuX29yZGVyJzogRmFsc2UsICdzaGFwZSc6ICgxLCksIH0gICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgCoAElYoAAAAAAAAAjBZudW1weS5fY29yZS5tdWx0aWFycmF5lIwMX3JlY29uc3RydWN0lJOUjAVudW1weZSMB25kYXJyYXmUk5RLAIWUQwFilIeUUpQoSwFLAYWUaAOMBWR0eXBllJOUjAJPOJSJiIeUUpQoSwOMAXyUTk5OSv////9K/////0s/dJRiiV2UTmF0lGIuUEsBAhQDFAAAAAAAAAAhAAJmCRsVAQAAFQEAAAgAAAAAAAAAAAAAAIABAAAAAG1ldGEubnB5UEsFBgAAAAABAAEANgAAADsBAAAAAA==""#,
            // Encrypted.
            r#""UEsDBBQAAQAAAAAAIQBVgTsahAAAAIQAAAAJAAAAYXJyXzAubnB5k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAQID/UEsBAhQDFAABAAAAAAAhAFWBOxqEAAAAhAAAAAkAAAAAAAAAAAAAAIABAAAAAGFycl8wLm5weVBLBQYAAAAAAQABADcAAACrAAAAAAA=""#,
            // Claims 2 GiB.
            r#""UEsDBBQAAAAAAAAAIQBVgTsahAAAAIQAAAAJAAAAYXJyXzAubnB5k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAQID/UEsBAhQDFAAAAAAAAAAhAFWBOxqEAAAA////fwkAAAAAAAAAAAAAAIABAAAAAGFycl8wLm5weVBLBQYAAAAAAQABADcAAACrAAAAAAA=""#,
            // Cut.
            r#""UEsDBBQAAAAAAAAAIQBVgTsahAAAAIQAAAAJAAAAYXJyXzAubnB5k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAQID/UEsBAhQDFAAAAAAAAAAhAFWBOxqEAAAAhAAAAAkAAAAAAAAAAAAAAIABAAAAAGFycl8wLm5weVBLBQYAAAAAAQABADc=""#,
        ],
    ),
    (
        "--encoding npz:mask",
        &[
            r#""UEsDBBQAAAAAAAAAIQBVgTsahAAAAIQAAAAJAAAAYXJyXzAubnB5k05VTVBZAQB2AHsnZGVzY3InOiAnfHUxJywgJ2ZvcnRyYW5fb3JkZXInOiBGYWxzZSwgJ3NoYXBlJzogKDIsIDIpLCB9ICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgICAgIAoAQID/UEsBAhQDFAAAAAAAAAAhAFWBOxqEAAAAhAAAAAkAAAAAAAAAAAAAAIABAAAAAGFycl8wLm5weVBLBQYAAAAAAQABADcAAACrAAAAAAA=""#,
        ],
    ),
    ("--encoding hex", &[r#""0001020g""#, r#""000""#, r#""00010203""#]),
    (
        "--encoding list",
        &[
            "[[0,1],[2,3]]",
            r#""0 1""#,
            "[[0,1],[2]]",
            "[[0,1],2]",
            "[[0,[1]]]",
            "[[0,1],[2,256]]",
            "[[0,1],[2,-1]]",
            "[[0,1],[2,1.5]]",
            "[[0,1],[2,null]]",
            r#"[[0,1],["2",3]]"#,
            "[[true,false],[1,0]]",
            "[[],[]]",
            "[[[[[[[[[1]]]]]]]]]",
            "[0,1,2]",
            "[0,1,2,3]",
            "[[0,1],[2,1e400]]",
        ],
    ),
    ("--encoding text", &[r#""0 1 2 3""#, r#""0 1 2 x""#, r#""""#, r#""0 1 2""#, "7"]),
    (
        "--encoding tensor",
        &[
            "7",
            "{}",
            r#"{"shape":[2,2],"dtype":"uint8","data":"AAEC"}"#,
            r#"{"shape":[2,2],"dtype":"uint9","data":"AAECAw=="}"#,
            r#"{"shape":[2,-1],"dtype":"uint8","data":"AAECAw=="}"#,
            r#"{"shape":[2,2],"dtype":"uint8","data":7}"#,
            r#"{"__numpy__":"AAECAw==","dtype":"|O","shape":[2,2]}"#,
            r#"{"shape":[0,2],"dtype":"uint8","data":""}"#,
        ],
    ),
    ("--encoding bytes", &["7", "[80,53,256]", "[[80]]", r#"{"type":"Buffer"}"#, "[80,53]", "[]"]),
    (
        "--encoding base64+gzip+raw --raw-shape 2,2",
        &[r#""AAECAw==""#, r#""H4sIAAAAAAAC""#, r#""eJxjYGRiBgAADgAHAA==""#],
    ),
    ("--encoding base64+zlib+raw --raw-shape 2,2", &[r#""eJxjYGRi""#, r#""eJxjYGRiBgAADgAHYWI=""#]),
    ("--encoding latin1+raw --raw-shape 2,2", &[r#""ab\ufffdd""#, r#""ab\u0100d""#]),
    (
        "--encoding path",
        &[
            r#""""#,
            r#""a\u0000b""#,
            r#""https://x.org/a.png""#,
            r#""/etc/hostname""#,
            r#""../secret.png""#,
            r#""none.png""#,
            r#""in.ndjson/a.png""#,
            r#""folder.npy""#,
            r#""old.npy""#,
            "7",
        ],
    ),
    ("--mixed", &[r#""what is this?""#, "{}", "7", "[1,2]"]),
    ("--encoding raw --raw-shape 2,2 --max-pixels 3", &[r#""AAECAw==""#]),
    (
        "--encoding encoded --size 2,2 --mode L --memory 16M",
        &[r#""R0lGODlhyDLIMoAAAAAAAP///ywAAAAAAQABAAACAkQBADs=""#],
    ),
    ("--encoding raw --raw-shape 2,2 --max-record-bytes 10", &[r#""AAECAw==""#]),
    ("--encoding raw --raw-shape 2,2 --on-missing reject", &["null"]),
];

/// Texts that are not records.
const TEXTS: &[&str] = &[
    "{",
    "{\"a\"",
    "{\"a\":",
    "{\"a\":1",
    "{\"a\":1,}",
    "[1,]",
    "{'a':1}",
    "{\"a\":01}",
    "{\"a\":1.}",
    "{\"a\":1e}",
    "{\"a\":-}",
    "{\"a\":nul}",
    "{\"a\":NaN}",
    "{\"a\":\"b}",
    "{\"a\":\"\\x\"}",
    "{\"a\":\"\\u12\"}",
    "{\"a\":\"\t\"}",
    "{}{}",
    "{} x",
    "}",
    "x",
    "{\"a\":\u{a0}1}",
];

/// A folder to run in, with a folder and a file whose names end as outputs do.
struct Place(tempfile::TempDir);

impl Place {
    fn new() -> Self {
        let place = Self(tempfile::tempdir().expect("a folder"));
        fs::create_dir(place.path("folder.npy")).expect("a folder");
        fs::write(place.path("old.npy"), "old").expect("written");
        place
    }

    fn path(&self, name: &str) -> PathBuf {
        self.0.path().join(name)
    }

    /// What is printed and the exit code; the line with times and memory left out.
    fn run(&self, args: &[&str], input: &str) -> String {
        fs::write(self.path("in.ndjson"), input).expect("written");
        let done = Command::new(env!("CARGO_BIN_EXE_ndpix"))
            .args(args)
            .current_dir(self.0.path())
            .env("COLUMNS", "100")
            .stdin(Stdio::from(fs::File::open(self.path("in.ndjson")).expect("opened")))
            .output()
            .expect("it runs");
        let said = String::from_utf8([done.stdout, done.stderr].concat()).expect("UTF-8");
        let lines = said.lines().filter(|line| !line.starts_with("took "));
        // How much disk is free is not a property of the command.
        let lines: String = lines
            .map(|line| match line.split_once(" free on this disk)") {
                Some((before, _)) => {
                    let text = before.rsplit_once('(').map_or(before, |(text, _)| text);
                    format!("{text}(... free on this disk)\n")
                }
                None => format!("{}\n", line.trim_end()),
            })
            .collect();
        format!("{lines}exit {}\n\n", done.status.code().unwrap_or(-1))
    }

    /// The line, kind and message of each reject.
    fn rejects(&self) -> Vec<(u64, String)> {
        let text = fs::read_to_string(self.path("r.ndjson")).unwrap_or_default();
        let reject = |line: &str| {
            let reject: serde_json::Value = serde_json::from_str(line).expect("a reject");
            let word = |key: &str| reject[key].as_str().unwrap_or_default().to_string();
            let number = reject["line"].as_u64().expect("a line");
            (number, format!("{}: {}", word("kind"), word("message")))
        };
        text.lines().map(reject).collect()
    }
}

fn root() -> PathBuf {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..");
    root.canonicalize().expect("the repository")
}

fn words(args: &str) -> Vec<&str> {
    args.split(' ').filter(|word| !word.is_empty()).collect()
}

/// A whole run: the records, the command, what it says.
fn check(out: &mut String, records: &[&str], command: &str) {
    let text: String = records.iter().map(|r| format!("{r}\n")).collect();
    let said = Place::new().run(&words(command), &text);
    records.iter().for_each(|r| writeln!(out, "< {r}").expect("a string"));
    write!(out, "$ ndpix {command}\n{said}").expect("a string");
}

/// Each record by itself under one plan: what becomes of it.
fn check_each(out: &mut String, args: &str, records: &[(&str, String)]) {
    let place = Place::new();
    let text: String = records.iter().map(|r| format!("{}\n", r.1)).collect();
    let fixed = "convert in.ndjson -o out.npy --field image --shape 2,2 --dtype uint8 \
                 --framing lines --rejects r.ndjson --max-rejects none";
    let said = place.run(&[words(fixed), words(args)].concat(), &text);
    assert!(said.contains("exit 0\n") || said.contains("exit 3\n"), "{args}: {said}");
    let rejects = place.rejects();
    writeln!(out, "{args}").expect("a string");
    for (number, (shown, _)) in (1..).zip(records) {
        writeln!(out, "  {shown}").expect("a string");
        let found: Vec<_> = rejects.iter().filter(|r| r.0 == number).collect();
        found.iter().for_each(|r| writeln!(out, "    {}", r.1).expect("a string"));
        if found.is_empty() {
            writeln!(out, "    is not rejected").expect("a string");
        }
    }
    out.push('\n');
}

/// Why a file of testdata/images/bad is refused: by its header, else by its pixels under a plan
/// that its header fits.
fn refusal(name: &str) -> String {
    let bad = root().join("testdata/images/bad").display().to_string();
    let mut plan = "--shape 1,1,1,1 --dtype uint8".to_string();
    loop {
        let fixed = "convert in.ndjson -o out.npy --field image --encoding path \
                     --rejects r.ndjson --max-rejects none --base-dir";
        let place = Place::new();
        let all = [words(fixed), vec![&bad], words(&plan)].concat();
        place.run(&all, &format!("{{\"image\":\"{name}\"}}\n"));
        let found = place.rejects().pop().expect("a reject").1;
        let header = found.strip_prefix("shape: image is (").and_then(|h| h.split_once(") "));
        let Some((axes, rest)) = header else { return found };
        let (axes, dtype) = (axes.replace(' ', ""), rest.split(' ').next().unwrap_or_default());
        plan = format!("--shape {axes} --dtype {dtype}");
    }
}

fn snapshot() -> String {
    let out = &mut String::new();
    for args in
        ["--help", "convert --help", "inspect --help", "plan --help", "run --help", "commit --help"]
    {
        check(out, &[], args);
    }
    for (records, args) in RUNS {
        check(out, records, &format!("convert in.ndjson {args}"));
    }
    for args in SHOWS {
        check(out, &[], args);
    }
    for args in PARTS {
        check(out, &[GOOD, GOOD, "{"], args);
    }
    check(out, &[PATHS], "convert - -o out.npy --field file --encoding path");
    check(out, &[GOOD], "convert - -o out.npy");
    check(out, &[GOOD], "inspect in.ndjson");
    check(out, &["{}"], "inspect in.ndjson");
    check(out, &[WIDE, GOOD], "inspect in.ndjson");
    // Many sizes are folded.
    let sizes: Vec<_> =
        (1..13).map(|w| format!(r#"{{"image":[{:?},{0:?}]}}"#, vec![w; w])).collect();
    let sizes: Vec<&str> = sizes.iter().map(String::as_str).chain([sizes[4].as_str()]).collect();
    check(out, &sizes, "inspect in.ndjson --field image");
    // The command repeats what was given.
    check(
        out,
        &[GOOD],
        "inspect in.ndjson --formats pnm,png --limit 5 --max-pixels 100 --on-error fill --layout chw",
    );
    for (args, values) in RECORDS {
        let records: Vec<_> = values.iter().map(|v| (*v, format!("{{\"image\":{v}}}"))).collect();
        check_each(out, args, &records);
    }
    let records: Vec<_> = TEXTS.iter().map(|t| (*t, t.to_string())).collect();
    check_each(out, "--encoding raw", &records);

    let bad = root().join("testdata/images/bad");
    let names = fs::read_dir(&bad).expect("testdata/images/bad");
    let mut names: Vec<_> = names
        .map(|entry| entry.expect("an entry").file_name().to_string_lossy().into_owned())
        .collect();
    names.sort();
    writeln!(out, "testdata/images/bad").expect("a string");
    for name in names {
        writeln!(out, "  {name}\n    {}", refusal(&name)).expect("a string");
    }
    out.replace(&root().display().to_string(), "ROOT")
}

#[test]
fn messages_are_those_of_the_snapshot() {
    let file = root().join("testdata/messages.txt");
    let found = snapshot();
    if std::env::var_os("NDPIX_RENEW").is_some() {
        fs::write(&file, &found).expect("written");
    }
    let wanted = fs::read_to_string(&file).unwrap_or_default();
    let differs = found.lines().zip(wanted.lines()).zip(1..).find(|((f, w), _)| f != w);
    assert!(
        found == wanted,
        "{}; if that is meant: NDPIX_RENEW=1 cargo test -p ndpix-cli --test messages",
        match differs {
            Some(((f, w), n)) =>
                format!("line {n} of testdata/messages.txt was\n  {w}\nand is\n  {f}"),
            None => "testdata/messages.txt has more or fewer lines".to_string(),
        }
    );
}

#[test]
fn messages_have_the_form_of_messages() {
    let text = fs::read_to_string(root().join("testdata/messages.txt")).expect("the snapshot");
    for line in text.lines().filter(|l| l.starts_with("    ") || l.starts_with("ndpix: ")) {
        assert!(!line.ends_with('.'), "a final period: {line}");
        assert!(line.chars().count() < 400, "too long to be read: {line}");
    }
}
