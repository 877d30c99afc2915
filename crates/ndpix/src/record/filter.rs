//! Which records are read: those whose fields are what the conditions of `where` say.
//!
//! Numbers compare as numbers, strings as text, true and false as these words. A field that is not there, or null,
//! meets no condition; a value that cannot be compared is an error of its record.

use std::cmp::Ordering;

use super::rejected;
use super::scan::{Hits, Query, scan};
use super::value::{self, Kind};
use crate::error::{Error, Result, quote};
use crate::options::{Condition, Test};

/// Records that are looked at for a field before it is said to be in none.
const LOOKED_AT: u64 = 1000;
/// Records that are kept to say what fields there are, and how long they are together at most.
const KEPT: usize = 8;
const KEPT_BYTES: usize = 1 << 20;

/// See the module.
#[derive(Debug, Default)]
pub(crate) struct Filter {
    tests: Vec<Compiled>,
    query: Query,
    hits: Hits,
    scratch: Vec<u8>,
    seen: u64,
    /// The first records, until each field was met.
    first: Vec<Vec<u8>>,
}

/// A condition that is ready to be asked.
#[derive(Debug)]
struct Compiled {
    condition: Condition,
    pattern: Option<regex_lite::Regex>,
    number: Option<f64>,
    /// Whether any record had its field.
    met: bool,
}

impl Filter {
    /// One that asks all of these; `nan`: numbers may be NaN.
    ///
    /// # Errors
    /// Kind `options` for a pattern that is none, and for too many fields.
    pub(crate) fn new(conditions: &[Condition], nan: bool) -> Result<Self> {
        let mut filter = Self::default();
        filter.query.allow_nan(nan);
        for condition in conditions {
            filter.query.add(condition.field.clone())?;
            let is_pattern = condition.test == Test::Matches;
            filter.tests.push(Compiled {
                pattern: is_pattern.then(|| condition.pattern()).transpose()?,
                number: number(condition.value.as_bytes()),
                condition: condition.clone(),
                met: false,
            });
        }
        Ok(filter)
    }

    /// Whether a record is read; `None`: it cannot be told, as it is no JSON or cannot be compared, and
    /// [`Filter::check`] says why.
    pub(crate) fn takes(&mut self, record: &[u8]) -> Option<bool> {
        self.seen += 1;
        if self.first.len() < KEPT && self.missing().is_some() {
            let kept: usize = self.first.iter().map(Vec::len).sum();
            if kept + record.len() <= KEPT_BYTES {
                self.first.push(record.to_vec());
            }
        }
        self.check(record).ok()
    }

    /// As [`Filter::takes`], of a line of a rejects file.
    pub(crate) fn takes_rejected(&mut self, line: &[u8]) -> Option<bool> {
        self.takes(&rejected::record_of(line)?)
    }

    /// Whether a record meets all conditions.
    ///
    /// # Errors
    /// Kind `json`; kind `field` for a value that cannot be compared.
    pub(crate) fn check(&mut self, record: &[u8]) -> Result<bool> {
        if self.tests.is_empty() {
            return Ok(true);
        }
        scan(record, &self.query, &mut self.hits)?;
        // Of all fields, also of those behind a condition that does not hold.
        for hit in self.hits.iter() {
            let is_there = value::kind(&record[hit.start..hit.end]) != Kind::Null;
            self.tests[usize::from(hit.pointer)].met |= is_there;
        }
        for (pointer, test) in self.tests.iter().enumerate() {
            let mut holds = false;
            for hit in self.hits.iter().filter(|hit| usize::from(hit.pointer) == pointer) {
                holds |= test.holds(&record[hit.start..hit.end], &mut self.scratch)?;
            }
            if !holds {
                return Ok(false);
            }
        }
        Ok(true)
    }

    /// The first condition whose field was in no record, once enough of them were looked at, or all.
    pub(crate) fn unmet(&self, is_end: bool) -> Option<&Condition> {
        self.missing().filter(|_| is_end || self.seen >= LOOKED_AT)
    }

    /// The first records.
    pub(crate) fn first(&self) -> impl Iterator<Item = &[u8]> {
        self.first.iter().map(Vec::as_slice)
    }

    /// How many records were looked at.
    pub(crate) fn seen(&self) -> u64 {
        self.seen
    }

    fn missing(&self) -> Option<&Condition> {
        self.tests.iter().find(|test| !test.met).map(|test| &test.condition)
    }
}

impl Compiled {
    /// Whether a value is what is asked.
    fn holds(&self, text: &[u8], scratch: &mut Vec<u8>) -> Result<bool> {
        let Condition { test, value, .. } = &self.condition;
        let order = match (value::kind(text), test) {
            (Kind::Null, _) => return Ok(false),
            (_, Test::Exists) => return Ok(true),
            (Kind::String, Test::Matches) => {
                let text = value::unescape(text, scratch);
                let text = std::str::from_utf8(text).map_err(|_| self.refused(text))?;
                return Ok(self.pattern.as_ref().is_some_and(|pattern| pattern.is_match(text)));
            }
            (Kind::String, _) => Some(value::unescape(text, scratch).cmp(value.as_bytes())),
            (Kind::Number, Test::Matches) => None,
            (Kind::Number, _) => {
                let (Some(found), Some(asked)) = (number(text), self.number) else {
                    return Err(self.refused(text));
                };
                // Of NaN nothing is true but that it is another.
                match found.partial_cmp(&asked) {
                    Some(Ordering::Equal) => Some(exactly(text, value.as_bytes())),
                    None => return Ok(*test == Test::NotEqual),
                    order => order,
                }
            }
            (Kind::Bool, Test::Equal | Test::NotEqual)
                if matches!(&value[..], "true" | "false") =>
            {
                Some(text.cmp(value.as_bytes()))
            }
            _ => None,
        };
        let order = order.ok_or_else(|| self.refused(text))?;
        Ok(match test {
            Test::Equal => order.is_eq(),
            Test::NotEqual => order.is_ne(),
            Test::Below => order.is_lt(),
            Test::AtMost => order.is_le(),
            Test::Above => order.is_gt(),
            Test::AtLeast => order.is_ge(),
            Test::Matches | Test::Exists => false,
        })
    }

    fn refused(&self, text: &[u8]) -> Error {
        let Condition { field, test, value } = &self.condition;
        let wanted = match test {
            Test::Matches => "a string",
            _ if self.number.is_some() => "a number or a string",
            _ if matches!(&value[..], "true" | "false") => "a string, true or false",
            _ => "a string",
        };
        Error::field(format!(
            "where {}: field {field:#} is {}, wanted {wanted}",
            quote(self.condition.to_string().as_bytes()),
            quote(text)
        ))
    }
}

/// How two integers compare that are one as doubles.
fn exactly(a: &[u8], b: &[u8]) -> Ordering {
    let whole = |text: &[u8]| std::str::from_utf8(text).ok()?.parse::<i128>().ok();
    whole(a).zip(whole(b)).map_or(Ordering::Equal, |(a, b)| a.cmp(&b))
}

/// A number as JSON writes them, NaN and infinities too.
fn number(text: &[u8]) -> Option<f64> {
    let is_number = value::is_number(text) || value::kind(text) == Kind::Number;
    is_number.then(|| std::str::from_utf8(text).ok()?.parse().ok()).flatten()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn holds(condition: &str, record: &str) -> std::result::Result<bool, String> {
        let conditions = [condition.parse().expect(condition)];
        let mut filter = Filter::new(&conditions, true).expect("a filter");
        filter.check(record.as_bytes()).map_err(|e| e.message().to_string())
    }

    #[test]
    fn each_kind_compares_as_what_it_is() {
        for (condition, record, want) in [
            ("a=train", r#"{"a":"train"}"#, true),
            ("a=train", r#"{"a":"tr\u0061in"}"#, true),
            ("a!=train", r#"{"a":"test"}"#, true),
            ("a=7", r#"{"a":7.0}"#, true),
            ("a=7", r#"{"a":"7"}"#, true),
            ("a=7.0", r#"{"a":"7"}"#, false),
            ("a<10", r#"{"a":9}"#, true),
            // As text "10" comes before "9".
            ("a<9", r#"{"a":"10"}"#, true),
            ("a>=-1.5e0", r#"{"a":-1.5}"#, true),
            ("a=9007199254740993", r#"{"a":9007199254740992}"#, false),
            ("a=1", r#"{"a":NaN}"#, false),
            ("a!=1", r#"{"a":NaN}"#, true),
            ("a=true", r#"{"a":true}"#, true),
            ("a!=true", r#"{"a":false}"#, true),
            ("a~^b.d$", r#"{"a":"bcd"}"#, true),
            ("a~x", r#"{"a":"bcd"}"#, false),
            ("a exists", r#"{"a":[1]}"#, true),
            ("a exists", r#"{"a":null}"#, false),
            ("a.b[1]=x", r#"{"a":{"b":["y","x"]}}"#, true),
            ("a[*].b=x", r#"{"a":[{"b":"y"},{"b":"x"}]}"#, true),
        ] {
            assert_eq!(holds(condition, record), Ok(want), "{condition} {record}");
        }
    }

    #[test]
    fn absent_matches_nothing() {
        for condition in ["a=1", "a!=1", "a<1", "a~x", "a exists"] {
            for record in ["{}", r#"{"a":null}"#, r#"{"b":1}"#] {
                assert_eq!(holds(condition, record), Ok(false), "{condition} {record}");
            }
        }
    }

    #[test]
    fn what_cannot_be_compared_is_refused() {
        for (condition, record) in [
            ("a=x", r#"{"a":1}"#),
            ("a~1", r#"{"a":1}"#),
            ("a=1", r#"{"a":[1]}"#),
            ("a=1", r#"{"a":{}}"#),
            ("a=1", r#"{"a":true}"#),
            ("a<true", r#"{"a":true}"#),
        ] {
            let said = holds(condition, record);
            assert!(said.is_err_and(|said| said.contains("wanted")), "{condition} {record}");
        }
        assert!(holds("a=1", "{\"a\":").is_err());
    }

    #[test]
    fn a_field_is_met_whatever_the_others_say() {
        // The other conditions do not hold, or cannot be told.
        for conditions in [["a=2", "b=1"], ["b=1", "a=2"], ["a~x", "b=1"], ["b=1", "a~x"]] {
            let conditions = conditions.map(|c| c.parse().expect(c));
            let mut filter = Filter::new(&conditions, false).expect("a filter");
            filter.takes(br#"{"a":1,"b":1}"#);
            assert_eq!(filter.unmet(true), None, "{conditions:?}");
        }
    }

    #[test]
    fn a_field_that_no_record_has_is_named() {
        let conditions = ["a exists", "b=1"].map(|c| c.parse().expect(c));
        let mut filter = Filter::new(&conditions, false).expect("a filter");
        assert_eq!(filter.takes(br#"{"a":1}"#), Some(false));
        assert_eq!(filter.unmet(false), None);
        assert_eq!(filter.unmet(true).map(ToString::to_string), Some("b=1".to_string()));
        assert_eq!(filter.takes(br#"{"a":1,"b":1}"#), Some(true));
        assert_eq!([&b"not JSON"[..], br#"{"a":1,"b":[]}"#].map(|r| filter.takes(r)), [None, None]);
        assert_eq!(filter.unmet(true), None);
        assert_eq!((filter.first().count(), filter.seen()), (2, 4));
    }
}
