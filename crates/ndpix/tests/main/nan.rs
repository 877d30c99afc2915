//! What belongs here: numbers that JSON does not have, and lists of integers among lists of floats.

use ndpix::{Control, ErrorKind, Options};

use crate::bytes;

fn load(text: &str, options: &Options) -> (Vec<f64>, String) {
    let loaded = ndpix::load(bytes(text.as_bytes()), options, &Control::default());
    let array = loaded.result.unwrap_or_else(|e| panic!("{text}: {e}"));
    let values = match array.as_slice::<f64>() {
        Some(values) => values.to_vec(),
        None => array.as_slice::<i64>().expect("numbers").iter().map(|&n| n as f64).collect(),
    };
    (values, array.dtype.to_string())
}

fn field() -> Options {
    options! { field: Some("image".parse().expect("field")), ..Options::default() }
}

fn same(values: &[f64], want: &[f64]) -> bool {
    values.len() == want.len()
        && values.iter().zip(want).all(|(a, b)| a == b || (a.is_nan() && b.is_nan()))
}

#[test]
fn nan_is_a_number_where_it_is_allowed() {
    let nan = options! { allow_nan: true, ..field() };
    let text = "{\"x\":NaN,\"image\":[[0.5,NaN],[-Infinity,Infinity]]}\n{\"image\":[[1,null],[2.5,3]],\"y\":{\"z\":[-Infinity]}}\n";
    let (values, dtype) = load(text, &nan);
    let want = [0.5, f64::NAN, f64::NEG_INFINITY, f64::INFINITY, 1.0, f64::NAN, 2.5, 3.0];
    assert!(same(&values, &want) && dtype == "float64", "{values:?}");
    let whole = options! { dtype: Some("int32".parse().expect("dtype")), ..nan };
    let loaded = ndpix::load(bytes(text.as_bytes()), &whole, &Control::default());
    assert!(loaded.result.is_err(), "integers have no NaN");
}

#[test]
fn nan_in_the_sample_is_refused_once() {
    let text = "{\"image\":[[0.5,1.5]]}\n{\"image\":[[0.5,NaN]]}\n";
    for options in [Options::default(), field()] {
        let loaded = ndpix::load(bytes(text.as_bytes()), &options, &Control::default());
        let error = loaded.result.expect_err("NaN");
        assert_eq!(error.kind(), ErrorKind::Plan);
        assert!(error.message().contains("allow_nan"), "{error}");
        // A list that small is read where it is named, and a remedy is what would be read.
        let remedies: Vec<_> = error.remedies().iter().map(|r| r.options.clone()).collect();
        let allow = vec![("allow_nan", "true".to_string())];
        assert_eq!(remedies, if options.field.is_some() { vec![allow] } else { Vec::new() });
    }
    // In a text it is a word.
    let words = "{\"image\":[[0.5,1.5]],\"x\":\"NaN\"}\n";
    assert_eq!(load(words, &field()).0, [0.5, 1.5]);
    // After the sample it is a reject that names the option.
    let late = "{\"image\":[[0.5,1.5]]}\n".repeat(70) + "{\"image\":[[0.5,NaN]]}\n";
    let loaded = ndpix::load(bytes(late.as_bytes()), &field(), &Control::default());
    assert_eq!(loaded.summary.rows, 70);
    let said = loaded.summary.first_rejects.iter().map(ToString::to_string).collect::<String>();
    assert!(said.contains("allow_nan"), "{said}");
    let text = loaded.summary.text(&field());
    assert!(text.contains("1 of 1 rejects would be read with allow_nan"), "{text}");
}

#[test]
fn integers_among_floats_are_floats() {
    let text = "{\"image\":[[1,2]]}\n{\"image\":[[0.5,1.5]]}\n{\"image\":[[3,4]]}\n";
    let (values, dtype) = load(text, &field());
    assert_eq!((&values[..], &dtype[..]), (&[1.0, 2.0, 0.5, 1.5, 3.0, 4.0][..], "float64"));
    // Floats where the sample has integers alone.
    let late = "{\"image\":[[1,2]]}\n".repeat(70) + "{\"image\":[[0.5,1.5]]}\n";
    let loaded = ndpix::load(bytes(late.as_bytes()), &field(), &Control::default());
    assert_eq!(loaded.summary.rows, 70);
    let said = loaded.summary.first_rejects.iter().map(ToString::to_string).collect::<String>();
    assert!(said.contains("dtype"), "{said}");
    // Where it is most of them the summary says so.
    let late = "{\"image\":[[1,2]]}\n".repeat(70) + &"{\"image\":[[0.5,1.5]]}\n".repeat(80);
    let options = options! { max_rejects: Some(ndpix::MaxRejects::None), ..field() };
    let loaded = ndpix::load(bytes(late.as_bytes()), &options, &Control::default());
    let text = loaded.summary.text(&options);
    assert!(text.contains("80 of 80 rejects would be read with dtype"), "{text}");
    // More than a float64 can hold: nothing is lost in silence.
    let wide = "{\"image\":[[9007199254740993,2]]}\n{\"image\":[[0.5,1.5]]}\n";
    let loaded = ndpix::load(bytes(wide.as_bytes()), &field(), &Control::default());
    assert!(loaded.result.is_err());
}
