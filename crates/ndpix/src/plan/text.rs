//! How parts of a plan are written down: as the words that options have for them, so that a plan has no
//! second spelling of anything. A field that is missing is an error, also where it may be null.

use serde::{Deserialize, Serialize};

use crate::limits::Limits;

/// [`Limits`], field by field.
#[derive(Serialize, Deserialize)]
#[serde(remote = "Limits", deny_unknown_fields)]
pub(super) struct Bounds {
    max_record_bytes: u64,
    max_pixels: u64,
    #[serde(deserialize_with = "Option::deserialize")]
    memory: Option<u64>,
}

/// One value, as its word. Numbers too: JSON has no infinities.
pub(crate) mod word {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<T: Display, S: Serializer>(it: &T, to: S) -> Result<S::Ok, S::Error> {
        to.collect_str(it)
    }

    pub(crate) fn deserialize<'d, T, D>(from: D) -> Result<T, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'d>,
    {
        String::deserialize(from)?.parse().map_err(D::Error::custom)
    }
}

/// A value that may be absent, as its word or null.
pub(crate) mod maybe {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<T, S>(it: &Option<T>, to: S) -> Result<S::Ok, S::Error>
    where
        T: Display,
        S: Serializer,
    {
        it.as_ref().map(ToString::to_string).serialize(to)
    }

    pub(crate) fn deserialize<'d, T, D>(from: D) -> Result<Option<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'d>,
    {
        let word = Option::<String>::deserialize(from)?;
        word.map(|word| word.parse().map_err(D::Error::custom)).transpose()
    }
}

/// Several values, each as its word.
pub(crate) mod list {
    use std::fmt::Display;
    use std::str::FromStr;

    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    pub(crate) fn serialize<T: Display, S: Serializer>(it: &[T], to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(it.iter().map(ToString::to_string))
    }

    pub(crate) fn deserialize<'d, T, D>(from: D) -> Result<Vec<T>, D::Error>
    where
        T: FromStr<Err: Display>,
        D: Deserializer<'d>,
    {
        let words = Vec::<String>::deserialize(from)?;
        words.iter().map(|word| word.parse().map_err(D::Error::custom)).collect()
    }
}

/// A shape, as its axes.
pub(crate) mod axes {
    use serde::de::Error;
    use serde::{Deserialize, Deserializer, Serializer};

    use crate::shape::Shape;

    pub(crate) fn serialize<S: Serializer>(it: &Shape, to: S) -> Result<S::Ok, S::Error> {
        to.collect_seq(it.iter())
    }

    pub(crate) fn deserialize<'d, D: Deserializer<'d>>(from: D) -> Result<Shape, D::Error> {
        Shape::new(&Vec::deserialize(from)?).map_err(D::Error::custom)
    }
}

/// What hashes of paths lead to, in an order.
pub(crate) mod ordered {
    use std::collections::{BTreeMap, HashMap};

    use serde::{Deserialize, Deserializer, Serialize, Serializer};

    pub(crate) fn serialize<T, S>(it: &HashMap<u64, T>, to: S) -> Result<S::Ok, S::Error>
    where
        T: Serialize,
        S: Serializer,
    {
        it.iter().collect::<BTreeMap<_, _>>().serialize(to)
    }

    pub(crate) fn deserialize<'d, T, D>(from: D) -> Result<HashMap<u64, T>, D::Error>
    where
        T: Deserialize<'d>,
        D: Deserializer<'d>,
    {
        HashMap::deserialize(from)
    }
}

#[cfg(test)]
mod tests {
    use std::sync::atomic::AtomicBool;

    use crate::options::Options;
    use crate::plan::Plan;
    use crate::reader::Reader;
    use crate::source::Input;

    const FLAT: &str = r#"{"image": [1, 2, 3, 4], "h": 2, "w": 2, "n": 1, "t": "a"}"#;
    const SQUARE: &str = r#"{"image": [[1, 2], [3, 4]], "mask": [[0, 1], [1, 0]], "n": [1.5]}"#;
    const FLOATS: &str = "{\"image\": [[1, 2]]}\n{\"image\": [[0.5, 2]]}";
    const RAW: &str = r#"{"a": {"image": "AQIDBA==", "h": 2, "w": 2, "order": "big"}}"#;
    const FILE: &str = r#"{"image": "UDUgMiAyIDI1NQphYmNk", "x y": {"deep": [1, null]}}"#;

    /// Inputs with options that each bring another part of a plan to something else than its default.
    const PLANS: &[(&str, &[(&str, &str)])] = &[
        (FILE, &[]),
        (FILE, &[("columns", "\"x y\"\n.\nimage"), ("mode", "RGB"), ("background", "#102030")]),
        (FLOATS, &[("field", "image")]),
        (
            FLAT,
            &[
                ("field", "image"),
                ("encoding", "list"),
                ("raw_shape", "@h,@.w"),
                ("columns", "n\nt"),
                ("column_type", "n=datetime[ms]"),
            ],
        ),
        (RAW, &[("field", "a.image|image"), ("raw_shape", "@.h,@.w"), ("raw_dtype", "<i1")]),
        (
            RAW,
            &[
                ("field", "a.image"),
                ("encoding", "raw"),
                ("raw_shape", "2,2"),
                ("raw_dtype", ">u1"),
                ("raw_order", "F"),
                ("raw_byteorder", "@a.order"),
            ],
        ),
        (
            SQUARE,
            &[
                ("field", "image\nmask"),
                ("stack", "new-axis"),
                ("dtype", "uint8"),
                ("columns", "n"),
            ],
        ),
        (SQUARE, &[("field", "image"), ("ragged", "flat"), ("allow_nan", "true")]),
        (SQUARE, &[("field", "image"), ("ragged", "pad"), ("size", "9,9"), ("pad_value", "3")]),
        (SQUARE, &[("field", "image"), ("ragged", "pad")]),
        (FILE, &[("images_as", "encoded"), ("formats", "pnm,png")]),
        (
            FILE,
            &[
                ("size", "5,7"),
                ("fit", "pad"),
                ("pad_value", "7"),
                ("resample", "lanczos"),
                ("dtype", "float32"),
                ("normalize", "0.3/0.7"),
                ("layout", "chw"),
                ("mode", "RGB"),
                ("fill_value", "NaN"),
                ("on_missing", "fill"),
            ],
        ),
        (
            FILE,
            &[
                ("mixed", "true"),
                ("field", "image"),
                ("frames", "index:0"),
                ("exif_transpose", "true"),
                ("rescale", "true"),
                ("scale", "unit"),
                ("dtype", "float64"),
                ("fill_value", "inf"),
                ("memory", "64M"),
                ("max_pixels", "77"),
                ("max_record_bytes", "5M"),
                ("base_dir", "."),
                ("allow_dir", "..\n/"),
                ("path_prefix", "s3://b/=/mnt/"),
            ],
        ),
    ];

    #[test]
    fn what_is_written_down_is_the_plan() {
        for (records, options) in PLANS {
            let given = options.iter().try_fold(Options::default(), |o, (name, v)| o.with(name, v));
            let given = given.expect("options");
            let reader =
                Reader::open(vec![Input::bytes(records)], &given, false, &AtomicBool::new(false));
            let mut plan = reader.unwrap_or_else(|e| panic!("{options:?}: {e}")).plan;
            let text = plan.to_json().expect("text").to_string();
            let read = Plan::from_json(serde_json::from_str(&text).expect("JSON"));
            let mut read = read.unwrap_or_else(|e| panic!("{text}: {e}"));
            assert_eq!(read.to_json().expect("text").to_string(), text);
            // Maps have no order.
            assert_eq!(read.watch.take(), plan.watch.take());
            assert_eq!(format!("{read:?}"), format!("{plan:?}"));
        }
    }

    #[test]
    fn a_plan_that_lacks_or_has_more_is_refused() {
        let reader = Reader::open(
            vec![Input::bytes(FILE)],
            &Options::default(),
            false,
            &AtomicBool::new(false),
        );
        let text = reader.expect("a plan").plan.to_json().expect("text");
        for name in ["columns", "target", "watch", "raw"] {
            let mut less = text.clone();
            less.as_object_mut().expect("an object").remove(name);
            let error = Plan::from_json(less).expect_err(name);
            assert!(error.message().contains(name), "{error}");
        }
        for place in ["/new", "/steps/new", "/limits/new", "/raw/new", "/paths/new", "/watch/new"] {
            let mut more = text.clone();
            let (parent, name) = place.rsplit_once('/').expect("a place");
            let parent = more.pointer_mut(parent).and_then(|v| v.as_object_mut());
            parent.expect("an object").insert(name.into(), "1".into());
            assert!(Plan::from_json(more).is_err(), "{place}");
        }
    }
}
