//! The values of a record that may be images, at a glance: a pass that costs a record almost nothing.

use crate::plan::watch::{Known, Watch};
use crate::record::pointer::Step;

/// Lists that are shorter are not looked at, and eight bytes by their numbers, as the shortest image file has
/// (a PBM of one pixel), take more than this.
const LEAST: usize = 56;

/// Whether there is nothing beside the images of a record that could be another one or name it: little text,
/// and none of its `strings`, which are not keys.
pub(super) fn is_bare(record: &[u8], images: &[(usize, usize)], strings: usize) -> bool {
    let (mut taken, mut read) = (0, 0);
    for same in images.chunk_by(|a, b| a.0 == b.0) {
        let (start, end) = same[0];
        taken += end - start;
        read += usize::from(record.get(start) == Some(&b'"'));
    }
    strings <= read && record.len().saturating_sub(taken) < LEAST
}

/// A pass over a record that stops at values that may be images, without looking into the images that
/// are read: one step for each character of punctuation, one search for each string.
pub(super) struct Search<'a> {
    record: &'a [u8],
    images: &'a [(usize, usize)],
    at: usize,
    /// For each open value what its path amounts to, and whether it is an object.
    open: Vec<(u64, bool)>,
    /// Of the value that comes next.
    path: u64,
}

impl<'a> Search<'a> {
    pub(super) fn new(record: &'a [u8], images: &'a [(usize, usize)]) -> Self {
        Self { record, images, at: 0, open: Vec::new(), path: of_path(&[]) }
    }

    /// The place of the next value that may be an image.
    pub(super) fn next(&mut self, watch: &Watch) -> Option<usize> {
        loop {
            let start = self.at;
            let first = *self.record.get(start)?;
            if matches!(first, b'"' | b'[' | b'{')
                && let Ok(image) = self.images.binary_search_by_key(&start, |image| image.0)
            {
                self.at = self.images[image].1;
                continue;
            }
            match first {
                b'{' if self.is_indexed() && !watch.known.contains_key(&self.path) => {
                    self.enter(true);
                    return Some(start);
                }
                b'{' => self.enter(true),
                b'[' if self.numbers() => {
                    if self.at - start > LIST && !watch.known.contains_key(&self.path) {
                        return Some(start);
                    }
                }
                b'[' => self.enter(false),
                b'}' | b']' => {
                    self.open.pop();
                    self.at += 1;
                }
                b'"' => {
                    let text = self.string();
                    if self.is_key() {
                        self.path = into(self.open.last().map_or(0, |o| o.0), text);
                    } else if suspicious(text, watch.known.get(&self.path).copied()) {
                        return Some(start);
                    }
                }
                b',' => {
                    if let Some(&(path, false)) = self.open.last() {
                        self.path = into_element(path);
                    }
                    self.at += 1;
                }
                // Numbers and words, to the next character that means something.
                _ => {
                    let rest = &self.record[start..];
                    let means = |c: &u8| matches!(c, b'"' | b',' | b'[' | b']' | b'{' | b'}');
                    self.at += rest.iter().position(means).unwrap_or(rest.len());
                }
            }
        }
    }

    fn enter(&mut self, object: bool) {
        self.open.push((self.path, object));
        if !object {
            self.path = into_element(self.path);
        }
        self.at += 1;
    }

    /// Whether an object begins whose first member is 0: bytes by their numbers.
    fn is_indexed(&self) -> bool {
        self.record[self.at + 1..].trim_ascii_start().starts_with(b"\"0\"")
    }

    /// Passes a list of numbers, if there is one.
    fn numbers(&mut self) -> bool {
        let text = &self.record[self.at..];
        let digits = text.iter().find(|c| !matches!(c, b'[' | b' ' | b'\t' | b'\r' | b'\n'));
        if !digits.is_some_and(|c| c.is_ascii_digit() || *c == b'-') {
            return false;
        }
        let mut depth = 0usize;
        for at in memchr::memchr3_iter(b'[', b']', b'"', text) {
            match text[at] {
                b'[' => depth += 1,
                b']' => depth -= 1,
                _ => return false,
            }
            if depth == 0 {
                self.at += at + 1;
                return true;
            }
        }
        false
    }

    /// Passes a string, and gives what stands between its quotes.
    fn string(&mut self) -> &'a [u8] {
        let start = self.at + 1;
        let mut end = start;
        while let Some(found) =
            memchr::memchr2(b'"', b'\\', &self.record[end.min(self.record.len())..])
        {
            end += found;
            if self.record[end] == b'"' {
                break;
            }
            end += 2;
        }
        let end = end.min(self.record.len());
        self.at = end + 1;
        &self.record[start..end]
    }

    /// Whether the string that was just passed is a key: a colon follows it.
    fn is_key(&self) -> bool {
        let rest = &self.record[self.at.min(self.record.len())..];
        rest.iter().find(|c| !c.is_ascii_whitespace()) == Some(&b':')
    }
}

/// Shorter lists are not pictures.
const LIST: usize = 64;
/// Base64 of fewer characters holds no image and no pixels.
const TEXT: usize = 64;

/// Whether a string may be an image, at a glance.
fn suspicious(text: &[u8], known: Option<Known>) -> bool {
    const BEGINNINGS: [&[u8]; 11] = [
        b"iVBOR",
        b"/9j/",
        b"\\/9j",
        b"R0lG",
        b"UklG",
        b"SUkq",
        b"TU0A",
        // All of PNM.
        b"UD",
        b"cW9p",
        b"data:image",
        b"\\u0089PNG",
    ];
    match known {
        Some(Known::Nothing) => BEGINNINGS.iter().any(|b| text.starts_with(b)),
        Some(_) => false,
        None => {
            let head = &text[..text.len().min(TEXT)];
            let dense = text.len() >= TEXT && !head.contains(&b' ');
            let tail = &text[text.len().saturating_sub(6)..];
            dense
                || tail.contains(&b'.')
                || head.contains(&b'/')
                || BEGINNINGS.iter().any(|b| text.starts_with(b))
        }
    }
}

/// What a path amounts to: equal for equal paths.
pub(super) fn of_path(steps: &[Step]) -> u64 {
    steps.iter().fold(0x9E37_79B9_7F4A_7C15, |path, step| match step {
        Step::Key(key) => into(path, key.as_bytes()),
        Step::Index(_) | Step::Any | Step::Named(_) => into_element(path),
        Step::Keys(_) | Step::Deep => path,
    })
}

fn into(path: u64, key: &[u8]) -> u64 {
    let mut path = path ^ 0xFF51_AFD7_ED55_8CCD;
    for chunk in key.chunks(8) {
        let mut word = [0; 8];
        word[..chunk.len()].copy_from_slice(chunk);
        path = (path.rotate_left(5) ^ u64::from_le_bytes(word)).wrapping_mul(0x517C_C1B7_2722_0A95);
    }
    path
}

fn into_element(path: u64) -> u64 {
    path.wrapping_mul(0x2545_F491_4F6C_DD1D).rotate_left(17)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::plan::watch::Level;
    use crate::record::pointer::Pointer;

    /// The texts at which a pass over the record stops; `images` are the values that are read.
    fn stops(record: &str, known: &[(&str, Known)], images: &[&str]) -> Vec<String> {
        let path = |p: &str| of_path(p.parse::<Pointer>().expect(p).steps());
        let watch = Watch {
            known: known.iter().map(|&(p, state)| (path(p), state)).collect(),
            level: Level::Image,
            embedded: true,
            words: Vec::new(),
            same: Vec::new(),
            apart: Vec::new(),
            named: false,
            sampled: None,
        };
        let mut places: Vec<(usize, usize)> = images
            .iter()
            .map(|image| record.find(image).map(|at| (at, at + image.len())).expect(image))
            .collect();
        places.sort_unstable();
        let mut search = Search::new(record.as_bytes(), &places);
        let mut found = Vec::new();
        while let Some(at) = search.next(&watch) {
            found.push(record[at..].chars().take(8).collect());
        }
        found
    }

    #[test]
    fn stops_at_what_may_be_an_image() {
        let long = "QUJD".repeat(30);
        let numbers = format!("[[{}1]]", "1,".repeat(60));
        for (value, known, stop) in [
            ("\"iVBORw0K\"", None, true),
            ("\"a.png\"", None, true),
            ("\"x/y\"", None, true),
            ("\"a cat\"", None, false),
            ("\"\"", None, false),
            ("17", None, false),
            ("null", None, false),
            ("[1,2]", None, false),
            (&format!("\"{long}\""), None, true),
            (&format!("\"{long}\""), Some(Known::Nothing), false),
            ("\"iVBORw0K\"", Some(Known::Nothing), true),
            ("\"iVBORw0K\"", Some(Known::Beside), false),
            (&numbers, None, true),
            (&numbers, Some(Known::Nothing), false),
            (r#"{"0":137,"1":80}"#, None, true),
            (r#"{"0":137,"1":80}"#, Some(Known::Nothing), false),
        ] {
            let known: Vec<_> = known.into_iter().map(|state| ("a[*].b", state)).collect();
            let record =
                format!(r#"{{"image":"/9j/4AAQ", "a" : [{{"b": {value}, "c":1}}], "d": "e"}}"#);
            let found = stops(&record, &known, &["\"/9j/4AAQ\""]);
            assert_eq!(!found.is_empty(), stop, "{value} {found:?}");
        }
    }

    #[test]
    fn little_beside_an_image_holds_no_other() {
        let bare = |record: &str, image: &str, strings: usize| {
            let at = record.find(image).expect(image);
            is_bare(record.as_bytes(), &[(at, at + image.len())], strings)
        };
        assert!(bare(r#"{"id":1234567,"size": [3, 4], "image":[[1,2]]}"#, "[[1,2]]", 0));
        assert!(bare(r#"{"id":1,"image":"iVBORw0K"}"#, "\"iVBORw0K\"", 1));
        // The shortest there is.
        for least in [r#"{"":[[1,2]],"b":"UDQgMSAxCoA="}"#, r#"["UDQgMSAxCoA=" ,[[1,2]]]"#] {
            assert!(!bare(least, "[[1,2]]", 1), "{least}");
            assert_eq!(stops(least, &[], &["[[1,2]]"]), ["\"UDQgMSA"], "{least}");
        }
        assert!(!bare(r#"{"image":[[1,2]],"b":"a.png"}"#, "[[1,2]]", 1));
        let numbers = r#"{"0":80,"1":52,"2":32,"3":49,"4":32,"5":49,"6":10,"7":128}"#;
        assert!(!bare(&format!("[[[1,2]],{numbers}]"), "[[1,2]]", 0));
    }

    #[test]
    fn passes_over_the_images_that_are_read() {
        let record = r#"{"images":["iVBORw0K","iVBORw0K"],"x\"y":"iVBORw0K"}"#;
        assert_eq!(stops(record, &[], &["\"iVBORw0K\""]).len(), 2);
        assert_eq!(stops("\"iVBORw0K\"", &[], &["\"iVBORw0K\""]).len(), 0);
        assert_eq!(stops("[[1,2],[3,\"iVBORw0K\"]]", &[], &[]).len(), 1);
    }
}
