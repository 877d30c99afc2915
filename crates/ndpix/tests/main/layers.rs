//! Text that was written once too often: read without options where nothing else could be meant, and by its name.

use ndpix::{Control, Options};
use serde_json::{Value, json};

use crate::{base64, bytes};

/// A PGM of 2 x 2 pixels, in base64.
const FILE: &str = "UDUgMiAyIDI1NQoAZGTI";

fn loaded(records: &[Value], settings: &[(&str, &str)]) -> Result<Vec<u8>, String> {
    let mut options = Options::default();
    settings.iter().for_each(|(name, value)| options.set(name, value).expect("an option"));
    let text: String = records.iter().map(|record| format!("{record}\n")).collect();
    let loaded = ndpix::load(bytes(text.as_bytes()), &options, &Control::default());
    loaded.result.map(|array| array.bytes.to_vec()).map_err(|error| error.to_string())
}

#[test]
fn what_can_be_nothing_else_is_read_without_options() {
    for value in [
        json!({"image": base64(FILE.as_bytes())}),
        json!({"image": format!("b'{FILE}'")}),
        json!({"text": format!("see ![it](data:image/x-portable-graymap;base64,{FILE}) here")}),
        json!({"image": format!("data:image/png;base64,data:image/png;base64,{FILE}")}),
        json!({"data": {"image/png": [format!("{}\n", &FILE[..8]), format!("{}\n", &FILE[8..])]}}),
        json!({"log": json!({"image": FILE, "id": 3}).to_string()}),
        json!({"log": format!("{}\n", json!({"a": {"b": [FILE]}}))}),
        json!({"image": "50 35 20 32 20 32 20 32 35 35 0A 00 64 64 C8"}),
        json!({"image": "\\\\x503520322032203235350A006464C8"}),
    ] {
        let found = loaded(&[value.clone(), value.clone()], &[]);
        assert_eq!(found, Ok([0, 100, 100, 200].repeat(2)), "{value}");
    }
}

#[test]
fn one_of_several_is_not_taken() {
    let both = json!({"left": FILE, "right": FILE.replace('U', "V").replace('V', "U")}).to_string();
    for record in [
        json!({"log": both}),
        json!({"text": format!("![](data:image/png;base64,{FILE}) DATA:image/png;base64,{FILE}")}),
    ] {
        assert!(loaded(std::slice::from_ref(&record), &[]).is_err(), "{record}");
    }
    let deep = format!("{}{}", "[".repeat(200_000), "]".repeat(200_000));
    let begun = std::time::Instant::now();
    assert!(loaded(&[json!({"image": deep})], &[]).is_err());
    assert!(begun.elapsed().as_secs() < 5);
}

#[test]
fn a_path_goes_on_inside_of_a_string() {
    let records = [3, 4].map(|n| json!({"log": json!({"image": FILE, "id": n}).to_string()}));
    for settings in
        [&[("field", "log.image")][..], &[("field", "log"), ("encoding", "json:image+encoded")]]
    {
        assert_eq!(loaded(&records, settings), Ok([0, 100, 100, 200].repeat(2)), "{settings:?}");
    }
    assert!(loaded(&records, &[("field", "log.photo")]).is_err());
}

#[test]
fn numbers_in_text_and_in_quotes() {
    for value in
        [json!("[[1, 2], [3, 4]]"), json!("[[1 2]\n [3 4]]"), json!([["1", "2"], ["3", "4"]])]
    {
        let record = json!({"pixels": value});
        let found = loaded(&[record], &[("field", "pixels"), ("dtype", "uint8")]);
        assert_eq!(found, Ok(vec![1, 2, 3, 4]), "{value}");
    }
}

#[test]
fn what_was_a_plus_is_put_back() {
    // A PGM of 251, 231, 190 and 0, whose base64 has three of them.
    let lost = "UDUgMiAyICAyNTUK  e AA==";
    for value in [lost.to_string(), format!("data:image/x; base64,{lost}")] {
        let record = [json!({"image": value})];
        for settings in [&[("field", "image")][..], &[]] {
            assert!(loaded(&record, settings).is_err());
            let mut options = Options::default();
            settings.iter().for_each(|(name, value)| options.set(name, value).expect("an option"));
            let text = format!("{}\n", record[0]);
            let refused = ndpix::load(bytes(text.as_bytes()), &options, &Control::default());
            let error = refused.result.expect_err("refused");
            let repairs = error.remedies().iter().flat_map(|remedy| &remedy.options);
            let repairs = repairs.filter(|option| option.0 == "text_repair").count();
            assert_eq!(repairs, settings.len(), "{error}");
            let settings = [settings, &[("text_repair", "true")]].concat();
            assert_eq!(loaded(&record, &settings), Ok(vec![251, 231, 190, 0]), "{value}");
        }
    }
    let error = loaded(&[json!({"image": lost})], &[("field", "image"), ("encoding", "encoded")]);
    assert!(error.as_ref().is_err_and(|error| error.contains("pass text_repair")), "{error:?}");
    // Other text stays as it is: runs, numbers, paths.
    let runs = [json!({"m": "1 3 10 5", "height": 3, "width": 5})];
    let settings = [("field", "m"), ("encoding", "rle"), ("text_repair", "true")];
    assert_eq!(loaded(&runs, &settings), loaded(&runs, &settings[..2]));
    assert!(loaded(&runs, &settings).is_ok());
    let numbers = [json!({"m": "0 37 74 11"})];
    let settings =
        [("field", "m"), ("encoding", "text"), ("raw_shape", "2,2"), ("text_repair", "true")];
    assert_eq!(loaded(&numbers, &settings), loaded(&numbers, &settings[..3]));
    let error =
        loaded(&[json!({"m": "my cat photo.png"})], &[("field", "m"), ("text_repair", "true")]);
    assert!(error.as_ref().is_err_and(|error| error.contains("my cat photo.png")), "{error:?}");
    // What is not damaged stays as it is, blanks of line ends too.
    let lines = format!("{} {}", &FILE[..16], &FILE[16..]);
    let read = loaded(&[json!({"image": lines})], &[("field", "image"), ("text_repair", "true")]);
    assert_eq!(read, Ok(vec![0, 100, 100, 200]));
}

#[test]
fn what_is_said_is_taken_off() {
    let spaced = FILE.replace('y', "+").replace('+', " ");
    let repaired = loaded(
        &[json!({"image": spaced.replace(' ', "+")})],
        &[("field", "image"), ("encoding", "encoded")],
    );
    let again = loaded(
        &[json!({"image": spaced})],
        &[("field", "image"), ("encoding", "repaired+encoded")],
    );
    assert_eq!(repaired.is_err(), again.is_err());
    let lines = json!({"image": [&FILE[..3], &FILE[3..]]});
    let joined =
        loaded(&[lines], &[("field", "image"), ("encoding", "joined+encoded"), ("mixed", "false")]);
    assert_eq!(joined, Ok(vec![0, 100, 100, 200]));
    // Nothing is executed, and nothing deeper than a list is looked for.
    for value in ["[__import__('os').system('x')]", "b'\\q'", "[1, 2"] {
        let found =
            loaded(&[json!({"image": value})], &[("field", "image"), ("encoding", "repr+list")]);
        assert!(found.is_err(), "{value}");
    }
}
