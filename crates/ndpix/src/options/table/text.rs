//! Values of options as text, and from text.

use std::str::FromStr;

use crate::dtype::ByteOrder;
use crate::error::{Error, Result, quote};
use crate::legend::Legend;
use crate::options::{Given, Merge, Options, RawDType, Rejects};
use crate::shape::Shape;

/// The names of all choices.
pub(super) fn each<T: Copy>(all: &[T], name: fn(T) -> &'static str) -> Vec<&'static str> {
    all.iter().map(|choice| name(*choice)).collect()
}

pub(super) fn one<T: FromStr<Err = Error>>(slot: &mut T, text: &str) -> Result<()> {
    *slot = text.parse()?;
    Ok(())
}

pub(super) fn some<T: FromStr<Err = Error>>(slot: &mut Option<T>, text: &str) -> Result<()> {
    *slot = Some(text.parse()?);
    Ok(())
}

pub(super) fn flag(name: &str, slot: &mut bool, text: &str) -> Result<()> {
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

pub(super) fn number<T: FromStr>(name: &str, slot: &mut T, text: &str) -> Result<()> {
    *slot = text.parse().map_err(|_| {
        let found = quote(text.as_bytes());
        Error::options(format!("{name} {found} is not a number that it can be"))
    })?;
    Ok(())
}

/// A number of rows, at least one.
pub(super) fn rows(name: &str, slot: &mut Option<u64>, text: &str) -> Result<()> {
    let mut rows = 0;
    number(name, &mut rows, text)?;
    if rows == 0 {
        return Err(Error::options(format!("{name} must be at least 1")));
    }
    *slot = Some(rows);
    Ok(())
}

/// A number of bytes, with an optional K, M or G.
pub(crate) fn bytes(name: &str, text: &str) -> Result<u64> {
    let upper = text.to_ascii_uppercase();
    let digits = upper.trim_end_matches('B').trim_end_matches('I');
    let (number, shift) = match digits.as_bytes().last() {
        Some(b'K') => (&digits[..digits.len() - 1], 10),
        Some(b'M') => (&digits[..digits.len() - 1], 20),
        Some(b'G') => (&digits[..digits.len() - 1], 30),
        _ => (digits, 0),
    };
    number.parse::<u64>().ok().and_then(|n| n.checked_mul(1 << shift)).ok_or_else(|| {
        let found = quote(text.as_bytes());
        Error::options(format!("{name} {found} is not a number of bytes; write 500000 or 64M"))
    })
}

/// What a run takes by itself: less cannot be kept.
pub(super) const LEAST_MEMORY: u64 = 16 << 20;

pub(super) fn at_least(name: &str, least: u64, given: u64) -> Result<u64> {
    if given >= least {
        return Ok(given);
    }
    let (least, given) = (size(least), size(given));
    Err(Error::options(format!(
        "{name} {given} is less than the {least} that a run takes by itself; give at least {least}"
    )))
}

pub(super) fn size(bytes: u64) -> String {
    let units = [(30, "G"), (20, "M"), (10, "K")];
    let unit = units.iter().find(|(shift, _)| bytes > 0 && bytes.is_multiple_of(1 << shift));
    unit.map_or(bytes.to_string(), |(shift, name)| format!("{}{name}", bytes >> shift))
}

pub(super) fn text<T: ToString>(value: &Option<T>) -> Option<String> {
    value.as_ref().map(ToString::to_string)
}

/// Items on a line each; `None` where there are none.
pub(super) fn lines(items: impl Iterator<Item = String>) -> Option<String> {
    let all: Vec<_> = items.collect();
    (!all.is_empty()).then(|| all.join("\n"))
}

pub(super) fn list<T: ToString>(values: &[T]) -> Option<String> {
    let words: Vec<String> = values.iter().map(ToString::to_string).collect();
    (!words.is_empty()).then(|| words.join(","))
}

pub(super) fn shape(shape: &Shape) -> String {
    list(shape).unwrap_or_default()
}

pub(super) fn raw_dtype(RawDType(dtype, order): &RawDType) -> String {
    match order {
        Some(ByteOrder::Big) => dtype.descr().replace(['<', '|'], ">"),
        Some(ByteOrder::Little) => dtype.descr().replace('|', "<"),
        None => dtype.to_string(),
    }
}

pub(super) fn byteorder(order: &ByteOrder) -> String {
    match order {
        ByteOrder::Little => "little".into(),
        ByteOrder::Big => "big".into(),
    }
}

pub(super) fn given<T>(value: &Option<Given<T>>, show: impl Fn(&T) -> String) -> Option<String> {
    value.as_ref().map(|given| match given {
        Given::Value(value) => show(value),
        Given::Field(fields) => {
            fields.iter().map(ToString::to_string).collect::<Vec<_>>().join(",")
        }
    })
}

pub(super) fn rejects(rejects: &Rejects) -> Option<String> {
    match rejects {
        Rejects::Beside => None,
        Rejects::None => Some("none".into()),
        Rejects::Path(path) => Some(path.display().to_string()),
    }
}

/// `class[cat,dog]` names the classes, too.
pub(super) fn merge(text: &str) -> Result<(Merge, Legend)> {
    let names = text.trim().strip_prefix("class[").and_then(|names| names.strip_suffix(']'));
    match names.map(str::parse::<Legend>).transpose()? {
        None => Ok((text.parse()?, Legend::default())),
        Some(names) if names.is_empty() => Err(Error::options("merge class[] names no classes")),
        Some(names) => Ok((Merge::Class, names)),
    }
}

pub(super) fn merged(options: &Options) -> String {
    match options.classes.is_empty() {
        true => options.merge.to_string(),
        false => format!("{}[{}]", options.merge, options.classes),
    }
}
