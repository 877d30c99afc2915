//! Naming values of a record: `a.b[2].c`, `images[*].url`, `"image/png"` in quotes (a JSON string),
//! `mask_*` for every such key, `**` for any depth, `items[mask].data` for the element that is called
//! so, a JSON Pointer (RFC 6901) that begins with `/`, or `.` for the record itself. A [`Field`] is one
//! of them or several: `image_base64|image_path`.

mod field;
mod grammar;

pub use field::Field;

/// One step from a value to a value inside it.
#[derive(Debug, Clone, PartialEq, Eq, Hash)]
#[non_exhaustive]
pub enum Step {
    /// The member of this name; in an array, the element of this number.
    Key(String),
    /// The element of this number, from 0.
    Index(usize),
    /// Every element: `[*]`.
    Any,
    /// Every member whose key this pattern takes: `*` in it stands for any characters, or none.
    Keys(String),
    /// The elements whose `name`, `role`, `kind`, `type` or `layer` is this: `[mask]`.
    Named(String),
    /// Any number of members and elements, also none: `**`.
    Deep,
}

/// The path from a record to one of its values, or to several where a step takes more than one.
#[derive(Debug, Clone, PartialEq, Eq, Hash, Default)]
pub struct Pointer {
    steps: Vec<Step>,
}

impl Pointer {
    /// The path with these steps.
    pub fn new(steps: Vec<Step>) -> Self {
        Self { steps }
    }

    /// The steps, outermost first; none for the record itself.
    pub fn steps(&self) -> &[Step] {
        &self.steps
    }

    /// Whether the path can lead to several values.
    pub fn is_wild(&self) -> bool {
        self.steps.iter().any(Step::is_wild)
    }

    /// Whether it is meant to lead to several values, and not to the one of a name.
    pub(crate) fn leads_to_several(&self) -> bool {
        self.steps.iter().any(|step| step.is_wild() && !matches!(step, Step::Named(_)))
    }

    /// Whether it goes to any depth.
    pub(crate) fn is_deep(&self) -> bool {
        self.steps.contains(&Step::Deep)
    }

    /// Whether one of the values can stand inside the other, or be it.
    pub(crate) fn touches(&self, other: &Self) -> bool {
        for (a, b) in self.steps.iter().zip(&other.steps) {
            if *a == Step::Deep || *b == Step::Deep {
                return true;
            }
            if !a.crosses(b) {
                return false;
            }
        }
        true
    }

    /// How many of the first steps that both have are such that take several values: with these bound
    /// alike, both lead from the same value.
    pub(crate) fn shared_wild(&self, other: &Self) -> usize {
        let shared = self.steps.iter().zip(&other.steps).take_while(|(a, b)| a == b);
        shared.filter(|(a, _)| a.is_wild()).count()
    }
}

impl Step {
    /// Whether it can lead to several values.
    pub(crate) fn is_wild(&self) -> bool {
        match self {
            Self::Key(_) | Self::Index(_) => false,
            Self::Any | Self::Keys(_) | Self::Named(_) | Self::Deep => true,
        }
    }

    /// Whether both can lead to the same value.
    fn crosses(&self, other: &Self) -> bool {
        match (self, other) {
            (Self::Deep, _) | (_, Self::Deep) => true,
            (Self::Keys(_), Self::Keys(_)) => true,
            (Self::Keys(pattern), Self::Key(key)) | (Self::Key(key), Self::Keys(pattern)) => {
                matches_pattern(pattern, key.as_bytes())
            }
            (Self::Keys(_), _) | (_, Self::Keys(_)) => false,
            (Self::Key(a), Self::Key(b)) => a == b,
            (Self::Key(key), element) | (element, Self::Key(key)) => {
                key.parse().is_ok_and(|index| element.may_take_index(index))
            }
            (Self::Index(index), element) | (element, Self::Index(index)) => {
                element.may_take_index(*index)
            }
            (Self::Any | Self::Named(_), Self::Any | Self::Named(_)) => true,
        }
    }

    /// Whether the step leads to the member with this (unescaped) key.
    pub(crate) fn takes_key(&self, key: &[u8]) -> bool {
        match self {
            Self::Key(name) => name.as_bytes() == key,
            Self::Keys(pattern) => matches_pattern(pattern, key),
            Self::Index(_) | Self::Any | Self::Named(_) | Self::Deep => false,
        }
    }

    /// Whether the step leads to element `index` of an array, whatever that is.
    pub(crate) fn takes_index(&self, index: usize) -> bool {
        match self {
            Self::Any => true,
            Self::Index(i) => *i == index,
            Self::Key(name) => name.parse() == Ok(index),
            Self::Keys(_) | Self::Named(_) | Self::Deep => false,
        }
    }

    /// As [`Step::takes_index`], of an element that may be called anything.
    fn may_take_index(&self, index: usize) -> bool {
        matches!(self, Self::Named(_)) || self.takes_index(index)
    }
}

/// Whether a key is what a pattern says, in which `*` stands for any characters, or none. The first
/// place that fits is taken for each part, so the time is that of a search for each.
fn matches_pattern(pattern: &str, key: &[u8]) -> bool {
    let Some((first, rest)) = pattern.split_once('*') else { return pattern.as_bytes() == key };
    let Some(mut key) = key.strip_prefix(first.as_bytes()) else { return false };
    let (middle, last) = rest.rsplit_once('*').unwrap_or(("", rest));
    for part in middle.split('*').filter(|part| !part.is_empty()) {
        match memchr::memmem::find(key, part.as_bytes()) {
            Some(at) => key = &key[at + part.len()..],
            None => return false,
        }
    }
    key.ends_with(last.as_bytes())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_touch_where_one_is_in_the_other() {
        let touch = |a: &str, b: &str| {
            let (a, b): (Pointer, Pointer) = (a.parse().expect(a), b.parse().expect(b));
            assert_eq!(a.touches(&b), b.touches(&a));
            a.touches(&b)
        };
        for (a, b) in [
            (".", "a"),
            ("a", "a"),
            ("a", "a[*].b"),
            ("a[1].b", "a[*]"),
            ("/a/1", "a[1]"),
            ("m_*", "m_1.x"),
            ("*.x", "a*"),
            ("a.**.x", "a.b"),
            ("a[mask].x", "a[3]"),
        ] {
            assert!(touch(a, b), "{a} {b}");
        }
        for (a, b) in [
            ("a", "b"),
            ("a.b", "a.c"),
            ("a[0]", "a[1]"),
            ("a.x", "a[*]"),
            ("/a/1", "a[2]"),
            ("m_*", "n_1"),
            ("a.**.x", "b"),
            ("*.x", "a[0]"),
        ] {
            assert!(!touch(a, b), "{a} {b}");
        }
    }

    #[test]
    fn patterns_take_what_they_spell() {
        for (pattern, key) in [
            ("*", ""),
            ("*", "a"),
            ("m_*", "m_"),
            ("*_m", "a_m"),
            ("a*b*c", "abbc"),
            ("*a*", "bab"),
        ] {
            assert!(matches_pattern(pattern, key.as_bytes()), "{pattern} {key}");
        }
        for (pattern, key) in [
            ("m_*", "m"),
            ("*_m", "a_n"),
            ("a*a", "a"),
            ("a*b*c", "acb"),
            ("*ab*b", "ab"),
            ("a*", "ba"),
        ] {
            assert!(!matches_pattern(pattern, key.as_bytes()), "{pattern} {key}");
        }
    }
}
