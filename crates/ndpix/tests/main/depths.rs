//! What belongs here: images whose numbers fill fewer bits than their dtype has. They stand beside others only where
//! an option says what becomes of them, and what looks at the range of numbers takes theirs.

use ndpix::{Control, Each, Input, Options};

use super::root;

/// A record that holds a file of testdata/formats.
fn record(file: &str) -> String {
    let bytes = std::fs::read(root().join("testdata/formats").join(file)).expect("a file");
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    format!("{{\"image\":\"{hex}\"}}\n")
}

fn options(settings: &[(&str, &str)]) -> Options {
    let all = [("encoding", "hex+image")].iter().chain(settings);
    all.fold(Options::default(), |options, (name, value)| {
        options.with(name, value).expect("an option")
    })
}

fn load(records: &str, settings: &[(&str, &str)]) -> Result<ndpix::Array, ndpix::Error> {
    ndpix::load(vec![Input::bytes(records)], &options(settings), &Control::default()).result
}

/// The depth of each image as it is stored, and its numbers.
fn stored(file: &str) -> (u8, Vec<u16>) {
    let mut found = None;
    ndpix::each(vec![Input::bytes(record(file))], &options(&[]), |Each { image, .. }| {
        let (info, pixels) = image?;
        let numbers = match info.dtype.size() {
            1 => pixels.iter().map(|&b| b.into()).collect(),
            _ => words(pixels),
        };
        found = Some((info.bits, numbers));
        Ok(())
    })
    .expect("a run");
    found.expect("an image")
}

fn words(bytes: &[u8]) -> Vec<u16> {
    bytes.as_chunks::<2>().0.iter().map(|b| u16::from_le_bytes(*b)).collect()
}

fn floats(bytes: &[u8]) -> Vec<f32> {
    bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b)).collect()
}

const FEW: [(&str, u8); 9] = [
    ("avif-10-420.avif", 10),
    ("avif-12-400.avif", 12),
    ("jxl-gray1.jxl", 1),
    ("jxl-gray4.jxl", 4),
    ("jxl-gray10.jxl", 10),
    ("jxl-gray12.jxl", 12),
    ("jpeg2000-gray1.j2k", 1),
    ("jpeg2000-gray4.j2k", 4),
    ("jpeg2000-gray12.j2k", 12),
];

#[test]
fn scales_take_the_range_of_the_image() {
    for (file, bits) in FEW {
        let (said, numbers) = stored(file);
        assert_eq!(said, bits, "{file}");
        let most = u32::from(u16::MAX >> (16 - bits));
        assert!(numbers.iter().all(|&n| u32::from(n) <= most), "{file}");
        let unit = load(&record(file), &[("scale", "unit")]).expect("floats");
        let wanted: Vec<f32> = numbers.iter().map(|&n| f32::from(n) / most as f32).collect();
        assert_eq!(floats(&unit.bytes), wanted, "{file}");
        let full = [("dtype", "uint16"), ("scale", "full")];
        let full = load(&record(file), &full).expect("the whole range");
        let wanted: Vec<u16> =
            numbers.iter().map(|&n| ((u32::from(n) * 65535 + most / 2) / most) as u16).collect();
        assert_eq!(words(&full.bytes), wanted, "{file}");
    }
}

#[test]
fn what_fills_other_bits_is_refused_until_an_option_says_what_becomes_of_it() {
    let both = record("jxl-gray10.jxl") + &record("jxl-gray12.jxl");
    let error = load(&both, &[]).map(drop).expect_err("two ranges");
    let text = error.message();
    assert!(text.contains("uint16 of 10 bits: 1; uint16 of 12 bits: 1"), "{text}");
    let as_they_are = load(&both, &[("dtype", "uint16")]).expect("as they are");
    let numbers = [stored("jxl-gray10.jxl").1, stored("jxl-gray12.jxl").1].concat();
    assert_eq!(words(&as_they_are.bytes), numbers);
    load(&both, &[("dtype", "uint16"), ("scale", "full")]).expect("one range");
    // Means are for one range, too.
    let error = load(&both, &[("normalize", "100/50")]).map(drop).expect_err("two ranges");
    assert!(error.message().contains("of 10 bits"), "{error}");
}

#[test]
fn what_fills_other_bits_after_the_first_records_is_rejected() {
    let late = record("jxl-gray10.jxl").repeat(64) + &record("jxl-gray12.jxl");
    for more in [&[][..], &[("normalize", "100/50")], &[("size", "5,5"), ("fit", "stretch")]] {
        let settings = &[&[("on_error", "raise")][..], more].concat();
        let error = load(&late, settings).map(drop).expect_err("another range");
        let text = error.to_string();
        assert!(text.contains("uint16 of 12 bits but the array holds uint16 of 10 bits"), "{text}");
    }
    load(&late, &[("dtype", "uint16"), ("scale", "full")]).expect("one range");
}

#[test]
fn alpha_and_backgrounds_take_the_range_of_the_image() {
    let (_, numbers) = stored("avif-10-444-alpha.avif");
    let black = [("mode", "RGB"), ("background", "black")];
    let blended = load(&record("avif-10-444-alpha.avif"), &black).expect("blended");
    let wanted: Vec<u16> = numbers
        .as_chunks::<4>()
        .0
        .iter()
        .flat_map(|&[r, g, b, a]| [r, g, b].map(|c| u32::from(c) * u32::from(a)))
        .map(|product| ((product + 511) / 1023) as u16)
        .collect();
    assert_eq!(words(&blended.bytes), wanted);
    let added = load(&record("avif-10-420.avif"), &[("mode", "RGBA")]).expect("alpha");
    assert!(words(&added.bytes).chunks(4).all(|pixel| pixel[3] == 1023));
    let size = [("size", "7,9"), ("fit", "stretch"), ("resample", "lanczos")];
    for file in ["jxl-gray4.jxl", "jxl-gray10.jxl"] {
        let full = [&size[..], &[("dtype", "uint8"), ("scale", "full")]].concat();
        load(&record(file), &full).expect("what a filter overshoots is clipped");
    }
}

#[test]
fn padding_keeps_its_value_unless_a_scale_would_leave_its_range() {
    let pad = [("size", "2,40"), ("fit", "pad"), ("pad_value", "65535")];
    let padded = load(&record("jxl-gray12.jxl"), &pad).expect("padded");
    let numbers = words(&padded.bytes);
    assert!(numbers.contains(&65535), "the value that is asked for stays");
    let scaled = [&pad[..], &[("dtype", "float32"), ("scale", "unit")]].concat();
    let error = load(&record("jxl-gray12.jxl"), &scaled).map(drop).expect_err("beyond its range");
    assert!(error.message().contains("does not fit uint16 of 12 bits"), "{error}");
}

#[test]
fn remedies_of_other_bits_are_taken() {
    let late = record("jxl-gray10.jxl").repeat(64) + &record("jxl-gray12.jxl");
    for settings in [&[][..], &[("normalize", "100/50")]] {
        let raise = [&[("on_error", "raise")][..], settings].concat();
        let error = load(&late, &raise).map(drop).expect_err("another range");
        for remedy in error.remedies() {
            let more: Vec<(&str, &str)> =
                remedy.options.iter().map(|(name, value)| (*name, value.as_str())).collect();
            load(&late, &[&raise[..], &more].concat()).expect(&remedy.what);
        }
    }
}
