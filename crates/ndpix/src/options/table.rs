//! The table of options: each by its name, as text and from text. The doors read it, so that a flag, a
//! keyword and a field of [`Options`] cannot drift apart.
//!
//! A new option is a field in `options.rs` and one row here. Python's keywords are this table; the
//! command's flags are compared with it in a test.

use std::path::PathBuf;
use std::str::FromStr;

use super::output::split_fields;
use super::{Given, MaxRejects, Options, RawDType, Rejects};
use crate::dtype::ByteOrder;
use crate::error::{Error, Result, quote};
use crate::record::pointer::{Field, Pointer};
use crate::shape::Shape;

type Get = fn(&Options) -> Option<String>;
type Set = fn(&mut Options, &str) -> Result<()>;

/// Name, value as text (`None`: not given), and how text becomes the value.
const TABLE: &[(&str, Get, Set)] = &[
    // Several fields, the bands of a stack, stand on a line each.
    (
        "field",
        |o| {
            let all: Vec<_> = o.field.iter().chain(&o.bands).map(ToString::to_string).collect();
            (!all.is_empty()).then(|| all.join("\n"))
        },
        |o, t| {
            let mut all = t.split('\n').map(str::parse).collect::<Result<Vec<Field>>>()?;
            o.bands = all.split_off(1);
            o.field = all.pop();
            Ok(())
        },
    ),
    (
        "encoding",
        |o| Some(o.encoding.as_ref().map_or("auto".into(), ToString::to_string)),
        |o, t| auto(&mut o.encoding, t),
    ),
    ("mixed", |o| Some(o.mixed.to_string()), |o, t| flag("mixed", &mut o.mixed, t)),
    ("raw_shape", |o| given(&o.raw_shape, shape), |o, t| some(&mut o.raw_shape, t)),
    ("raw_dtype", |o| given(&o.raw_dtype, raw_dtype), |o, t| some(&mut o.raw_dtype, t)),
    ("raw_byteorder", |o| given(&o.raw_byteorder, byteorder), |o, t| some(&mut o.raw_byteorder, t)),
    ("raw_order", |o| given(&o.raw_order, ToString::to_string), |o, t| some(&mut o.raw_order, t)),
    ("raw_channels", |o| Some(o.raw_channels.to_string()), |o, t| one(&mut o.raw_channels, t)),
    ("raw_step", |o| given(&o.raw_step, ToString::to_string), |o, t| some(&mut o.raw_step, t)),
    (
        "formats",
        |o| list(&o.formats),
        |o, t| {
            o.formats = t.split(',').map(|f| f.trim().parse()).collect::<Result<_>>()?;
            Ok(())
        },
    ),
    ("shape", |o| o.shape.as_ref().map(shape), |o, t| some(&mut o.shape, t)),
    ("dtype", |o| text(&o.dtype), |o, t| some(&mut o.dtype, t)),
    ("mode", |o| Some(o.mode.to_string()), |o, t| one(&mut o.mode, t)),
    ("background", |o| text(&o.background), |o, t| some(&mut o.background, t)),
    (
        "exif_transpose",
        |o| Some(o.exif_transpose.to_string()),
        |o, t| flag("exif_transpose", &mut o.exif_transpose, t),
    ),
    ("frames", |o| Some(o.frames.to_string()), |o, t| one(&mut o.frames, t)),
    ("size", |o| text(&o.size), |o, t| some(&mut o.size, t)),
    ("fit", |o| text(&o.fit), |o, t| some(&mut o.fit, t)),
    ("resample", |o| Some(o.resample.to_string()), |o, t| one(&mut o.resample, t)),
    (
        "pad_value",
        |o| Some(o.pad_value.to_string()),
        |o, t| number("pad_value", &mut o.pad_value, t),
    ),
    ("scale", |o| Some(o.scale.to_string()), |o, t| one(&mut o.scale, t)),
    ("normalize", |o| Some(o.normalize.to_string()), |o, t| one(&mut o.normalize, t)),
    ("layout", |o| Some(o.layout.to_string()), |o, t| one(&mut o.layout, t)),
    ("stack", |o| Some(o.stack.to_string()), |o, t| one(&mut o.stack, t)),
    (
        "fill_value",
        |o| Some(o.fill_value.to_string()),
        |o, t| number("fill_value", &mut o.fill_value, t),
    ),
    ("skip", |o| Some(o.skip.to_string()), |o, t| number("skip", &mut o.skip, t)),
    (
        "limit",
        |o| text(&o.limit),
        |o, t| {
            let mut limit = 0;
            number("limit", &mut limit, t)?;
            o.limit = Some(limit);
            Ok(())
        },
    ),
    ("on_missing", |o| Some(o.on_missing.to_string()), |o, t| one(&mut o.on_missing, t)),
    ("on_error", |o| Some(o.on_error.to_string()), |o, t| one(&mut o.on_error, t)),
    ("max_rejects", |o| o.max_rejects.map(max_rejects), |o, t| some(&mut o.max_rejects, t)),
    (
        "rejects",
        |o| rejects(&o.rejects),
        |o, t| {
            o.rejects = match t {
                "none" => Rejects::None,
                path => Rejects::Path(path.into()),
            };
            Ok(())
        },
    ),
    (
        "rejects_content",
        |o| Some(o.rejects_content.to_string()),
        |o, t| one(&mut o.rejects_content, t),
    ),
    ("framing", |o| Some(o.framing.to_string()), |o, t| one(&mut o.framing, t)),
    (
        "base_dir",
        |o| o.base_dir.as_ref().map(|p| p.display().to_string()),
        |o, t| {
            o.base_dir = Some(PathBuf::from(t));
            Ok(())
        },
    ),
    // Several stand on a line each.
    (
        "allow_dir",
        |o| lines(o.allow_dir.iter().map(|p| p.display().to_string())),
        |o, t| {
            o.allow_dir = t.split('\n').filter(|d| !d.is_empty()).map(PathBuf::from).collect();
            Ok(())
        },
    ),
    (
        "path_prefix",
        |o| lines(o.path_prefix.iter().map(ToString::to_string)),
        |o, t| {
            let all = t.split('\n').filter(|_| !t.is_empty());
            o.path_prefix = all.map(str::parse).collect::<Result<_>>()?;
            Ok(())
        },
    ),
    (
        "rejects_input",
        |o| Some(o.rejects_input.to_string()),
        |o, t| flag("rejects_input", &mut o.rejects_input, t),
    ),
    (
        "max_record_bytes",
        |o| Some(size(o.limits.max_record_bytes)),
        |o, t| {
            o.limits.max_record_bytes = bytes("max_record_bytes", t)?;
            Ok(())
        },
    ),
    (
        "max_pixels",
        |o| Some(o.limits.max_pixels.to_string()),
        |o, t| number("max_pixels", &mut o.limits.max_pixels, t),
    ),
    (
        "memory",
        |o| Some(o.limits.memory.map_or("auto".into(), size)),
        |o, t| {
            o.limits.memory = match t {
                "auto" => None,
                text => Some(bytes("memory", text)?),
            };
            Ok(())
        },
    ),
    ("threads", |o| Some(o.threads.to_string()), |o, t| number("threads", &mut o.threads, t)),
    ("if_exists", |o| Some(o.if_exists.to_string()), |o, t| one(&mut o.if_exists, t)),
    ("rows", |o| Some(o.rows.to_string()), |o, t| one(&mut o.rows, t)),
    ("ragged", |o| Some(o.ragged.to_string()), |o, t| one(&mut o.ragged, t)),
    ("images_as", |o| Some(o.images_as.to_string()), |o, t| one(&mut o.images_as, t)),
    ("chunks", |o| text(&o.chunks), |o, t| rows("chunks", &mut o.chunks, t)),
    (
        "output_compression",
        |o| Some(o.output_compression.to_string()),
        |o, t| one(&mut o.output_compression, t),
    ),
    ("shard_rows", |o| text(&o.shard_rows), |o, t| rows("shard_rows", &mut o.shard_rows, t)),
    ("append", |o| Some(o.append.to_string()), |o, t| flag("append", &mut o.append, t)),
    // A field on each line, as keys may hold commas.
    (
        "columns",
        |o| lines(o.columns.iter().map(ToString::to_string)),
        |o, t| {
            let all = split_fields(t).filter(|_| !t.is_empty());
            o.columns = all.map(str::parse).collect::<Result<_>>()?;
            Ok(())
        },
    ),
];

impl Options {
    /// Every option by its name, with its value as text in the spelling of the command; `None` where
    /// it is not given and has no word of its own for that.
    ///
    /// ```
    /// let entries = ndpix::Options::default().with("size", "224")?.entries();
    /// assert!(entries.contains(&("size", Some("224,224".to_string()))));
    /// assert!(entries.contains(&("mode", Some("auto".to_string()))));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn entries(&self) -> Vec<(&'static str, Option<String>)> {
        TABLE.iter().map(|(name, get, _)| (*name, get(self))).collect()
    }

    /// Sets the option of this name from text in the spelling of the command: `"224,224"`, `"5%"`,
    /// `"64M"`, `"true"`.
    ///
    /// ```
    /// use ndpix::{Frames, Options};
    /// let mut options = Options::default();
    /// options.set("frames", "index:2")?;
    /// assert_eq!(options.frames, Frames::Index(2));
    /// assert!(options.set("colour", "red").is_err(), "there is no such option");
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// Kind `options` where there is no option of this name or the text is no value of it.
    pub fn set(&mut self, name: &str, value: &str) -> Result<()> {
        match TABLE.iter().find(|row| row.0 == name) {
            Some((_, _, set)) => set(self, value),
            None => Err(Error::options(format!("there is no option {}", quote(name.as_bytes())))),
        }
    }

    /// As [`Options::set`], to set one after another.
    ///
    /// ```
    /// let options = ndpix::Options::default().with("size", "224,224")?.with("fit", "crop")?;
    /// assert_eq!(options.size, Some("224".parse()?));
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// As [`Options::set`].
    pub fn with(mut self, name: &str, value: &str) -> Result<Self> {
        self.set(name, value).map(|()| self)
    }

    /// The words of the command that stand for the options that differ from the default.
    ///
    /// ```
    /// let options = ndpix::Options::default().with("mixed", "true")?.with("on_error", "fill")?;
    /// assert_eq!(options.flags(), ["--mixed", "--on-error", "fill"]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn flags(&self) -> Vec<String> {
        let switch = |name| Self::default().entries().contains(&(name, Some("false".to_string())));
        let mut words = Vec::new();
        for (name, value) in self.changed() {
            // Several fields are as many flags.
            for value in value.split('\n') {
                words.push(format!("--{}", name.replace('_', "-")));
                words.extend((!switch(name)).then(|| value.to_string()));
            }
        }
        words
    }

    /// As `set`, to a list with an item on each line: `field`, `columns`, `allow_dir`, `path_prefix`.
    ///
    /// ```
    /// let mut options = ndpix::Options::default();
    /// options.set_each("columns", &["label".into(), "meta.id".into()])?;
    /// assert_eq!(options.columns.len(), 2);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    ///
    /// # Errors
    /// Kind `options`, also for an item of several lines.
    pub fn set_each(&mut self, name: &str, items: &[String]) -> Result<()> {
        match items.iter().find(|item| item.contains('\n')) {
            None => self.set(name, &items.join("\n")),
            Some(item) => Err(Error::options(format!(
                "{name}: {} has a line end, which parts items; a key is written in double quotes, as JSON does: \"a\\nb\"",
                quote(item.as_bytes())
            ))),
        }
    }

    /// The options that differ from the default, in the spelling of the command.
    ///
    /// ```
    /// let options = ndpix::Options::default().with("layout", "chw")?;
    /// assert_eq!(options.changed(), [("layout", "chw".to_string())]);
    /// # Ok::<(), ndpix::Error>(())
    /// ```
    pub fn changed(&self) -> Vec<(&'static str, String)> {
        let usual = Self::default().entries();
        let mut changed = Vec::new();
        for ((name, value), (_, default)) in self.entries().into_iter().zip(usual) {
            if let Some(value) = value.filter(|v| Some(v) != default.as_ref()) {
                changed.push((name, value));
            }
        }
        changed
    }
}

fn one<T: FromStr<Err = Error>>(slot: &mut T, text: &str) -> Result<()> {
    *slot = text.parse()?;
    Ok(())
}

fn some<T: FromStr<Err = Error>>(slot: &mut Option<T>, text: &str) -> Result<()> {
    *slot = Some(text.parse()?);
    Ok(())
}

fn auto<T: FromStr<Err = Error>>(slot: &mut Option<T>, text: &str) -> Result<()> {
    *slot = (text != "auto").then(|| text.parse()).transpose()?;
    Ok(())
}

fn flag(name: &str, slot: &mut bool, text: &str) -> Result<()> {
    *slot = match text {
        "true" => true,
        "false" => false,
        _ => {
            let found = quote(text.as_bytes());
            return Err(Error::options(format!("{name} is true or false, not {found}")));
        }
    };
    Ok(())
}

fn number<T: FromStr>(name: &str, slot: &mut T, text: &str) -> Result<()> {
    *slot = text.parse().map_err(|_| {
        let found = quote(text.as_bytes());
        Error::options(format!("{name} {found} is not a number that it can be"))
    })?;
    Ok(())
}

/// A number of rows, at least one.
fn rows(name: &str, slot: &mut Option<u64>, text: &str) -> Result<()> {
    let mut rows = 0;
    number(name, &mut rows, text)?;
    if rows == 0 {
        return Err(Error::options(format!("{name} must be at least 1")));
    }
    *slot = Some(rows);
    Ok(())
}

/// A number of bytes, with an optional K, M or G.
fn bytes(name: &str, text: &str) -> Result<u64> {
    let upper = text.to_ascii_uppercase();
    let digits = upper.trim_end_matches('B').trim_end_matches('I');
    let (number, shift) = match digits.as_bytes().last() {
        Some(b'K') => (&digits[..digits.len() - 1], 10),
        Some(b'M') => (&digits[..digits.len() - 1], 20),
        Some(b'G') => (&digits[..digits.len() - 1], 30),
        _ => (digits, 0),
    };
    number.parse::<u64>().ok().and_then(|n| n.checked_mul(1 << shift)).ok_or_else(|| {
        Error::options(format!("{name} {text:?} is no number of bytes; write 500000 or 64M"))
    })
}

fn size(bytes: u64) -> String {
    let units = [(30, "G"), (20, "M"), (10, "K")];
    let unit = units.iter().find(|(shift, _)| bytes > 0 && bytes.is_multiple_of(1 << shift));
    unit.map_or(bytes.to_string(), |(shift, name)| format!("{}{name}", bytes >> shift))
}

fn text<T: ToString>(value: &Option<T>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}

/// Items on a line each; `None` where there are none.
fn lines(items: impl Iterator<Item = String>) -> Option<String> {
    let all: Vec<_> = items.collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

fn list<T: ToString>(values: &[T]) -> Option<String> {
    let words: Vec<String> = values.iter().map(ToString::to_string).collect();
    (!words.is_empty()).then(|| words.join(","))
}

fn shape(shape: &Shape) -> String {
    list(shape).unwrap_or_default()
}

fn raw_dtype(RawDType(dtype, order): &RawDType) -> String {
    match order {
        Some(ByteOrder::Big) => dtype.descr().replace(['<', '|'], ">"),
        _ => dtype.to_string(),
    }
}

fn byteorder(order: &ByteOrder) -> String {
    match order {
        ByteOrder::Little => "little".into(),
        ByteOrder::Big => "big".into(),
    }
}

fn given<T>(value: &Option<Given<T>>, show: impl Fn(&T) -> String) -> Option<String> {
    let at = |p: &Pointer| format!("@{p}");
    value.as_ref().map(|given| match given {
        Given::Value(value) => show(value),
        Given::Field(fields) => fields.iter().map(at).collect::<Vec<_>>().join(","),
    })
}

fn max_rejects(most: MaxRejects) -> String {
    match most {
        MaxRejects::Count(n) => n.to_string(),
        MaxRejects::Percent(p) => format!("{p}%"),
        MaxRejects::None => "none".into(),
    }
}

fn rejects(rejects: &Rejects) -> Option<String> {
    match rejects {
        Rejects::Beside => None,
        Rejects::None => Some("none".into()),
        Rejects::Path(path) => Some(path.display().to_string()),
    }
}

#[cfg(test)]
mod tests;
