//! Names like a name: what may have been meant by a field that is not there.

use crate::record::pointer::{Pointer, Step};
use crate::record::value::{self, Kind};

/// Records whose keys are looked at, how deep, how many names, and how long the longest is.
const RECORDS: usize = 8;
const DEPTH: usize = 4;
const NAMES: usize = 1000;
const LENGTH: usize = 60;
/// How many names are given.
const GIVEN: usize = 3;

/// What to say of a field that no record has: the names that are like it, or those that there are.
pub(super) fn hint<'a>(records: impl Iterator<Item = &'a [u8]>, wanted: &Pointer) -> String {
    let mut names = Vec::new();
    for record in records.take(RECORDS) {
        collect(record, &mut Vec::new(), &mut names);
    }
    match names.is_empty() {
        true => "they are not objects".to_string(),
        false => among(&names, wanted),
    }
}

/// The same, of these names.
pub(super) fn among(names: &[Pointer], wanted: &Pointer) -> String {
    let mut like: Vec<(usize, String)> = Vec::new();
    for name in names {
        let name_text = name.to_string();
        if let Some(distance) = distance(wanted, name)
            && !like.iter().any(|known| known.1 == name_text)
        {
            like.push((distance, name_text));
        }
    }
    like.sort_by_key(|known| known.0);
    if !like.is_empty() {
        let like: Vec<_> = like.into_iter().take(GIVEN).map(|known| known.1).collect();
        return format!("did you mean {}?", like.join(" or "));
    }
    let mut there: Vec<String> = Vec::new();
    for name in names.iter().filter(|name| name.steps().len() == 1).map(ToString::to_string) {
        if there.len() < 2 * GIVEN && !there.contains(&name) {
            there.push(name);
        }
    }
    match there.is_empty() {
        true => "there are none".to_string(),
        false => format!("there are {}", there.join(", ")),
    }
}

/// The names of all members of an object, and of those inside them.
fn collect(object: &[u8], steps: &mut Vec<Step>, names: &mut Vec<Pointer>) {
    if value::kind(object) != Kind::Object || steps.len() == DEPTH {
        return;
    }
    for (key, inner) in value::entries(object).filter(|entry| entry.0.len() <= LENGTH) {
        if names.len() == NAMES {
            return;
        }
        let mut scratch = Vec::new();
        let key = String::from_utf8_lossy(value::unescape_inner(key, &mut scratch)).into_owned();
        steps.push(Step::Key(key));
        names.push(Pointer::new(steps.clone()));
        collect(inner, steps, names);
        steps.pop();
    }
}

/// How many slips make one of the other; `None` where that are too many. The same key elsewhere is one.
fn distance(wanted: &Pointer, name: &Pointer) -> Option<usize> {
    if wanted.steps().last() == name.steps().last() {
        return Some(1);
    }
    let text = |pointer: &Pointer| -> Vec<char> {
        pointer.to_string().chars().take(LENGTH).flat_map(char::to_lowercase).collect()
    };
    let (wanted, name) = (text(wanted), text(name));
    let most = (wanted.len() / 3).max(1);
    Some(slips(&wanted, &name)).filter(|slips| *slips <= most)
}

/// Characters left out, added, exchanged or swapped with their neighbour.
fn slips(a: &[char], b: &[char]) -> usize {
    let mut rows = [vec![0; b.len() + 1], (0..=b.len()).collect(), vec![0; b.len() + 1]];
    for i in 1..=a.len() {
        let [before, above, row] = &mut rows;
        row[0] = i;
        for j in 1..=b.len() {
            let other = above[j - 1] + usize::from(a[i - 1] != b[j - 1]);
            row[j] = other.min(above[j] + 1).min(row[j - 1] + 1);
            if i > 1 && j > 1 && a[i - 1] == b[j - 2] && a[i - 2] == b[j - 1] {
                row[j] = row[j].min(before[j - 2] + 1);
            }
        }
        rows.rotate_left(1);
    }
    rows[1][b.len()]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn slips_are_counted() {
        let slips = |a: &str, b: &str| {
            slips(&a.chars().collect::<Vec<_>>(), &b.chars().collect::<Vec<_>>())
        };
        for (a, b, count) in [
            ("", "", 0),
            ("", "abc", 3),
            ("label", "label", 0),
            ("lable", "label", 1),
            ("lbel", "label", 1),
            ("labell", "label", 1),
            ("kitten", "sitting", 3),
        ] {
            assert_eq!((slips(a, b), slips(b, a)), (count, count), "{a} {b}");
        }
    }
}
