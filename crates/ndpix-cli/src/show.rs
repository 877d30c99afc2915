//! `ndpix show`: rows of an output in the terminal, or one as a picture.

use std::path::Path;

use ndpix::{Error, ErrorKind, Options, Shown};

use crate::{args, fail, print, write};

/// More rows than this are not asked for at once.
const MOST: u64 = 256;

/// Shows the rows: pictures where there is a terminal, and a line for each.
pub(crate) fn show(args: &args::Show) -> u8 {
    let shown = match rows(&args.rows).and_then(|rows| ndpix::show(&args.output, &rows)) {
        Ok(shown) => shown,
        Err(error) => return fail(&error),
    };
    if let Some(path) = &args.png {
        let apart = ndpix::keep_apart("png", path, &[], Some(&args.output), &Options::default());
        return match apart {
            Err(error) => fail(&error),
            Ok(()) => png(&shown, path),
        };
    }
    let pictures = print::columns().map_or_else(String::new, |c| Shown::preview(&shown, c));
    let lines: String =
        shown.iter().map(|row| format!("{}\n", ndpix::shown(&row.to_string()))).collect();
    print::out(&format!("{pictures}{lines}"))
}

fn png(shown: &[Shown], path: &Path) -> u8 {
    match shown {
        [row] => match row.png() {
            Some(png) => write(path, png, 0),
            None => fail(&refused("the row is no picture")),
        },
        _ => fail(&refused("a picture is of one row; name one")),
    }
}

fn refused(what: &str) -> Error {
    Error::new(ErrorKind::Options, what)
}

/// The numbers that were named.
fn rows(words: &[String]) -> Result<Vec<u64>, Error> {
    let mut rows = Vec::new();
    for word in words {
        let (from, to) = word.split_once('-').unwrap_or((word, word));
        let (Ok(from), Ok(to)) = (from.parse::<u64>(), to.parse::<u64>()) else {
            return Err(refused(&format!(
                "rows {word:?}: write a number, from 0, or two as in 40-45"
            )));
        };
        if to < from || to - from >= MOST || rows.len() as u64 + (to - from) >= MOST {
            return Err(refused(&format!(
                "rows {word:?}: name at most {MOST} rows, the lower one first"
            )));
        }
        rows.extend(from..=to);
    }
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn rows_are_numbers_and_ranges() {
        let read =
            |words: &[&str]| rows(&words.iter().map(ToString::to_string).collect::<Vec<_>>());
        assert_eq!(read(&["12", "40-42"]).expect("rows"), [12, 40, 41, 42]);
        assert_eq!(read(&["0-255"]).expect("rows").len(), 256);
        for bad in ["", "-1", "5-4", "a", "1-2-3", "0-256", "0-18446744073709551615"] {
            assert!(read(&[bad]).is_err(), "{bad}");
        }
        assert!(read(&["0-200", "0-200"]).is_err());
    }
}
