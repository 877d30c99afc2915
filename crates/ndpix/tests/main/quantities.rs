//! What belongs here: that `rescale` makes of stored numbers what the files say of each of their frames, in
//! every way to ask for frames, and that what is said without it names it.

use std::sync::Mutex;

use ndpix::{Control, DType, Input, Options, Rescale};

use super::root;

/// A record that holds a file of testdata/formats.
fn record(file: &str) -> String {
    let bytes = std::fs::read(root().join("testdata/formats").join(file)).expect("a file");
    let hex: String = bytes.iter().map(|b| format!("{b:02x}")).collect();
    format!("{{\"image\":\"{hex}\"}}\n")
}

/// The line of a frame, its stored numbers and its quantities.
fn frame(file: &str, number: u32) -> (Rescale, Vec<f64>, Vec<f64>) {
    let read = |rescale: &str| {
        let options = Options::default().with("frames", &format!("index:{number}"));
        let options =
            options.and_then(|o| o.with("rescale", rescale)?.with("encoding", "hex+image"));
        let mut found = None;
        ndpix::each(vec![Input::bytes(record(file))], &options.expect("options"), |each| {
            let (info, pixels) = each.image?;
            found = Some((info, pixels.to_vec()));
            Ok(())
        })
        .expect("a run");
        found.expect("an image")
    };
    let ((info, stored), (_, quantities)) = (read("false"), read("true"));
    let line = info.rescale.expect("a line");
    let stored = stored.as_chunks::<2>().0.iter().map(|b| match info.dtype {
        DType::Int16 => f64::from(i16::from_le_bytes(*b)),
        _ => f64::from(u16::from_le_bytes(*b)),
    });
    (line, stored.collect(), numbers(&quantities, line.dtype))
}

fn numbers(bytes: &[u8], dtype: DType) -> Vec<f64> {
    match dtype {
        DType::Float32 => {
            bytes.as_chunks::<4>().0.iter().map(|b| f32::from_le_bytes(*b).into()).collect()
        }
        _ => bytes.as_chunks::<8>().0.iter().map(|b| f64::from_le_bytes(*b)).collect(),
    }
}

#[test]
fn each_frame_has_its_own_line() {
    let file = "dicom-frames-rescale.dcm";
    let (first, second) = (frame(file, 0), frame(file, 1));
    assert_ne!(first.0, second.0, "the file tells the lines apart");
    for (line, stored, quantities) in [&first, &second] {
        let wanted: Vec<f64> = stored.iter().map(|v| v * line.slope + line.intercept).collect();
        assert_eq!(*quantities, wanted);
    }
    let options = Options::default().with("frames", "all").expect("frames");
    let options = options.with("rescale", "true").expect("rescale");
    let all = ndpix::load(vec![Input::bytes(record(file))], &options, &Control::default());
    let all = numbers(&all.result.expect("an array").bytes, DType::Float64);
    assert_eq!(all[..first.2.len()], first.2);
    assert_eq!(all[first.2.len()..][..second.2.len()], second.2);
}

#[test]
fn fits_is_worked_out_as_astropy_does() {
    let (line, stored, quantities) = frame("fits-scaled.fits", 0);
    assert_eq!(line.dtype, DType::Float32);
    let wanted = |v: &f64| f64::from(*v as f32 * line.slope as f32 + line.intercept as f32);
    assert_eq!(quantities, stored.iter().map(wanted).collect::<Vec<_>>());
}

#[test]
fn blank_numbers_are_not_a_number() {
    let cards = ["SIMPLE  = T", "BITPIX  = 16", "NAXIS   = 2", "NAXIS1  = 2", "NAXIS2  = 1"];
    for (more, wanted) in [(&["BLANK   = -3"][..], 5.0), (&["BLANK   = -3", "BSCALE  = 2"], 10.0)] {
        let cards = cards.iter().chain(more).chain(&["END"]);
        let head: String = cards.map(|card| format!("{card:80}")).collect();
        let file = [format!("{head:2880}").as_bytes(), &[255, 253, 0, 5]].concat();
        let hex: String = file.iter().map(|b| format!("{b:02x}")).collect();
        let options = Options::default().with("rescale", "true").expect("rescale");
        let options = options.with("encoding", "hex+image").expect("an encoding");
        let record = Input::bytes(format!("{{\"image\":\"{hex}\"}}\n"));
        let loaded = ndpix::load(vec![record], &options, &Control::default());
        let array = loaded.result.expect("an array");
        assert_eq!(array.dtype, DType::Float32);
        let found = numbers(&array.bytes, array.dtype);
        assert!(found[0].is_nan() && found[1] == wanted, "{found:?}");
    }
}

#[test]
fn what_is_not_applied_is_said() {
    let folder = tempfile::tempdir().expect("a folder");
    let said = Mutex::new(String::new());
    let note = |text: &str| said.lock().expect("no panic").push_str(text);
    let control = Control { note: Some(&note), ..Control::default() };
    let options = Options::default();
    let input = folder.path().join("scans.ndjson");
    std::fs::write(&input, record("dicom-shared-rescale.dcm")).expect("an input");
    let run =
        ndpix::run(vec![Input::Path(input)], &folder.path().join("out.npy"), &options, &control);
    run.result.expect("an array");
    let said = said.into_inner().expect("no panic");
    assert!(said.contains("which is not applied; pass rescale to apply it"), "{said}");
}
