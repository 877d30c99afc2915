//! What is set is what is listed.

use super::*;
use crate::record::pointer::Step;

#[test]
fn what_is_set_is_what_is_listed() {
    let values = [
        ("field", "a.b[*]\nc"),
        ("encoding", "encoded,base64+zlib+npy"),
        ("mixed", "true"),
        ("raw_shape", "@h,@.w,3"),
        ("raw_dtype", ">u2"),
        ("raw_byteorder", "big"),
        ("raw_order", "F"),
        ("raw_channels", "bgr"),
        ("raw_layout", "chw"),
        ("raw_step", "640"),
        ("allow_nan", "true"),
        ("text_repair", "true"),
        ("formats", "png,jpeg"),
        ("shape", "480,640,3"),
        ("dtype", "float32"),
        ("mode", "RGB"),
        ("background", "#ffffff"),
        ("exif_transpose", "true"),
        ("rescale", "true"),
        ("frames", "index:2"),
        ("size", "224,224"),
        ("fit", "crop"),
        ("resample", "lanczos"),
        ("pad_value", "1.5"),
        ("scale", "unit"),
        ("normalize", "0.5/0.25"),
        ("layout", "chw"),
        ("stack", "new-axis"),
        ("fill_value", "0.5"),
        ("merge", "class"),
        ("array", "mask=a.b,mode=P,resample=nearest\nrgb=rgb"),
        ("where", "split=train\nh>=64"),
        ("skip", "3"),
        ("limit", "9"),
        ("on_missing", "reject"),
        ("on_error", "fill"),
        ("max_rejects", "2.5%"),
        ("warn_rejects", "1%"),
        ("rejects", "none"),
        ("rejects_content", "position"),
        ("framing", "concat"),
        ("on_truncated", "keep"),
        ("base_dir", "/data"),
        ("allow_dir", "/images\n../more"),
        ("path_prefix", "/data/local-files/?d==images/\ns3://b/=/mnt/b/"),
        ("fetch", "https"),
        ("allow_host", "localhost:8000\nimages.lan"),
        ("rejects_input", "true"),
        ("max_record_bytes", "64M"),
        ("max_pixels", "1000"),
        ("memory", "2G"),
        ("threads", "2"),
        ("if_exists", "skip"),
        ("rows", "never"),
        ("ragged", "flat"),
        ("images_as", "encoded"),
        ("chunks", "16"),
        ("output_compression", "gzip:9"),
        ("shard_rows", "1000"),
        ("append", "true"),
        ("append_again", "true"),
        ("fresh", "true"),
        ("on_missing_column", "fill"),
        ("column_type", "taken=datetime[ms]\nmeta.id=text"),
        ("columns", "label\nmeta.id"),
    ];
    let all: Vec<_> = Options::table().map(|option| option.name).collect();
    assert_eq!(values.map(|(name, _)| name)[..], all, "every option is tried");
    let mut options = Options::default();
    for (name, value) in values {
        options.set(name, value).unwrap_or_else(|e| panic!("{name}: {e}"));
    }
    let changed = options.changed();
    let changed: Vec<_> = changed.iter().map(|(name, value)| (*name, value.as_str())).collect();
    assert_eq!(changed, values);
}

#[test]
fn what_is_listed_can_be_set() {
    let mut again = Options::default();
    for (name, value) in Options::default().entries() {
        if let Some(value) = value {
            again.set(name, &value).unwrap_or_else(|e| panic!("{name}: {e}"));
        }
    }
    assert!(again.changed().is_empty());
}

#[test]
fn what_is_no_option_is_refused() {
    let mut options = Options::default();
    assert!(options.set("colour", "red").is_err());
    assert!(options.set("mixed", "maybe").is_err());
    assert!(options.set("skip", "-1").is_err());
    assert!(options.set("memory", "lots").is_err());
    assert!(options.set_each("columns", &["/a\nb".into()]).is_err());
    options.set_each("columns", &["/a ".into(), "\"a\\nb\"".into()]).expect("names");
    let key = |i: usize| options.columns[i].steps().to_vec();
    assert_eq!(key(0), [Step::Key("a ".into())]);
    assert_eq!(key(1), [Step::Key("a\nb".into())]);
}
