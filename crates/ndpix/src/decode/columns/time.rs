//! The times that values say.

use crate::column::time::{Why, nanoseconds, of_number, of_text};
use crate::options::Clock;
use crate::record::value::{self, Kind};

/// The members of an object that say seconds and nanoseconds: of ROS 2 and 1, and as others spell them.
const PAIRS: [[&[u8]; 2]; 4] =
    [[b"sec", b"nanosec"], [b"secs", b"nsecs"], [b"sec", b"nsec"], [b"seconds", b"nanos"]];

/// Nanoseconds since 1970 of a value, and whether it says its offset from UTC.
///
/// # Errors
/// What it is instead.
pub(crate) fn time(clock: Clock, text: &[u8]) -> Result<(i64, bool), Why> {
    let power = match clock {
        Clock::Written => None,
        Clock::Seconds => Some(9),
        Clock::Millis => Some(6),
        Clock::Micros => Some(3),
        Clock::Nanos => Some(0),
    };
    match (value::kind(text), power) {
        (Kind::String, None) => of_text(value::unescape(text, &mut Vec::new())),
        (Kind::Object, None) => Ok((pair(text)?, true)),
        (Kind::Number, Some(power)) => Ok((of_number(text, power)?, true)),
        (kind, _) => Err(kind.name()),
    }
}

/// The time of an object of seconds and nanoseconds.
fn pair(object: &[u8]) -> Result<i64, Why> {
    const OTHER: Why = "an object that does not hold seconds and nanoseconds, as sec and nanosec";
    let number = |wanted: &[u8]| {
        let mut all = value::entries(object).filter(|(key, _)| *key == wanted);
        // The last of several counts.
        all.by_ref().last().and_then(|(_, text)| super::integer(text.trim_ascii()))
    };
    let found = PAIRS.iter().find_map(|[whole, part]| Some((number(whole)?, number(part)?)));
    match found.ok_or(OTHER)? {
        (seconds, part @ 0..1_000_000_000) => nanoseconds(seconds, i128::from(part)),
        _ => Err("an object whose nanoseconds are not within a second"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_clock_takes_what_it_is_of() {
        let all = [Clock::Written, Clock::Seconds, Clock::Millis, Clock::Micros, Clock::Nanos];
        let of = |text: &str| all.map(|clock| time(clock, text.as_bytes()).ok().map(|t| t.0));
        assert_eq!(of("1"), [None, Some(1_000_000_000), Some(1_000_000), Some(1000), Some(1)]);
        assert_eq!(of("\"1970-01-01T00:00:01\\u005a\"")[..2], [Some(1_000_000_000), None]);
        for object in [
            "{\"sec\": 1, \"nanosec\": 5}",
            "{\"nsecs\":5,\"secs\":1}",
            "{\"sec\":1,\"nsec\":5}",
            "{\"seconds\":1,\"nanos\":5,\"more\":null}",
            "{\"sec\":7,\"sec\":1,\"nanosec\":5}",
        ] {
            assert_eq!(of(object)[..2], [Some(1_000_000_005), None], "{object}");
        }
        for other in [
            "true",
            "[1]",
            "{}",
            "NaN",
            "{\"sec\":1}",
            "{\"sec\":1,\"nsecs\":5}",
            "{\"sec\":1.5,\"nanosec\":5}",
            "{\"sec\":\"1\",\"nanosec\":5}",
            "{\"sec\":1,\"nanosec\":1000000000}",
            "{\"sec\":1,\"nanosec\":-1}",
            "{\"sec\":9223372036854775807,\"nanosec\":0}",
        ] {
            assert_eq!(of(other), [None; 5], "{other}");
        }
        assert_eq!(of("{\"sec\":-1,\"nanosec\":999999999}")[0], Some(-1));
    }
}
