//! Times: how they are written in records, and what they are in columns, nanoseconds since 1970-01-01 00:00 UTC.

/// What stands where a row has no time: what NumPy calls `NaT`.
pub(crate) const NONE: i64 = i64::MIN;
/// What such numbers count, as the conventions for climate data say it, which xarray reads.
pub(crate) const UNITS: [(&str, &str); 2] =
    [("units", "nanoseconds since 1970-01-01"), ("calendar", "proleptic_gregorian")];

const SECOND: i128 = 1_000_000_000;
const DAY: i64 = 86_400;

/// Why something is no time.
pub(crate) type Why = &'static str;

const TEXT: Why = "text that is no ISO 8601 time";
const RANGE: Why = "a time before 1677-09-21 or after 2262-04-11, beyond 64 bits of nanoseconds";
const FINE: Why = "a time finer than nanoseconds";

/// The time that a text says, and whether it says its offset: as ISO 8601 has it, `2024-05-31T12:30:00.25+02:00`, a
/// blank for the `T`, without separators, without seconds or as a date alone. Without an offset it is UTC.
pub(crate) fn of_text(text: &[u8]) -> Result<(i64, bool), Why> {
    let mut rest = text;
    let year = digits(&mut rest, 4)?;
    let is_long = skip(&mut rest, b"-");
    let month = digits(&mut rest, 2)?;
    if is_long && !skip(&mut rest, b"-") {
        return Err(TEXT);
    }
    let day = digits(&mut rest, 2)?;
    if !(1..=12).contains(&month) || !(1..=days_in(year, month)).contains(&day) {
        return Err("a date that there is not");
    }
    let mut seconds = days_to(year, month, day) * DAY;
    if rest.is_empty() {
        return Ok((nanoseconds(seconds, 0)?, false));
    }
    if !skip(&mut rest, b"Tt ") {
        return Err(TEXT);
    }
    let hour = digits(&mut rest, 2)?;
    let is_long = skip(&mut rest, b":");
    let minute = digits(&mut rest, 2)?;
    let mut second = 0;
    let has_seconds =
        if is_long { skip(&mut rest, b":") } else { rest.first().is_some_and(u8::is_ascii_digit) };
    if has_seconds {
        second = digits(&mut rest, 2)?;
    }
    if (hour, minute, second).0 > 23 || minute > 59 || second > 60 {
        return Err("a time of day that there is not");
    }
    if second == 60 {
        return Err("a leap second, which nanoseconds since 1970 leave out");
    }
    seconds += hour * 3600 + minute * 60 + second;
    let mut fraction = 0;
    if has_seconds && skip(&mut rest, b".,") {
        let len = rest.iter().take_while(|c| c.is_ascii_digit()).count();
        let (found, after) = rest.split_at(len);
        (fraction, rest) = (scaled(found, 9 - len as i64)?, after);
        if found.is_empty() {
            return Err(TEXT);
        }
    }
    let offset = offset(rest)?;
    Ok((nanoseconds(seconds - offset.unwrap_or(0), fraction)?, offset.is_some()))
}

/// The seconds that a text of an offset says, if it is there.
fn offset(mut rest: &[u8]) -> Result<Option<i64>, Why> {
    match rest {
        b"" => return Ok(None),
        b"Z" | b"z" | b" UTC" => return Ok(Some(0)),
        _ => {}
    }
    let is_west = skip(&mut rest, b"-");
    if !is_west && !skip(&mut rest, b"+") {
        return Err(TEXT);
    }
    let hours = digits(&mut rest, 2)?;
    let has_minutes = skip(&mut rest, b":") || !rest.is_empty();
    let minutes = if has_minutes { digits(&mut rest, 2)? } else { 0 };
    if !rest.is_empty() || hours > 23 || minutes > 59 {
        return Err(TEXT);
    }
    let seconds = hours * 3600 + minutes * 60;
    Ok(Some(if is_west { -seconds } else { seconds }))
}

/// The time that a JSON number says which counts units of `10^power` nanoseconds: all of its digits.
pub(crate) fn of_number(text: &[u8], power: u32) -> Result<i64, Why> {
    let (is_less, text) = match text {
        [b'-', rest @ ..] => (true, rest),
        text => (false, text),
    };
    let mut parts = text.splitn(2, |c| matches!(c, b'e' | b'E'));
    let mantissa = parts.next().unwrap_or_default();
    // An exponent that is no i32 is beyond all bounds.
    let exponent = parts.next().map_or(Ok(0), |e| std::str::from_utf8(e).unwrap_or("").parse());
    let exponent: i32 = exponent.map_err(|_| RANGE)?;
    let point = mantissa.iter().position(|c| *c == b'.').unwrap_or(mantissa.len());
    let behind = mantissa.len().saturating_sub(point + 1) as i64;
    let digits: Vec<u8> = mantissa.iter().copied().filter(|c| *c != b'.').collect();
    if !digits.iter().all(u8::is_ascii_digit) {
        return Err("a number that is no time");
    }
    let count = scaled(&digits, i64::from(exponent) + i64::from(power) - behind)?;
    nanoseconds(0, if is_less { -count } else { count })
}

/// The time so many seconds and nanoseconds after 1970.
pub(crate) fn nanoseconds(seconds: i64, nanoseconds: i128) -> Result<i64, Why> {
    let all = i128::from(seconds) * SECOND + nanoseconds;
    i64::try_from(all).ok().filter(|time| *time != NONE).ok_or(RANGE)
}

/// A number of these digits times a power of ten, which has to be whole.
fn scaled(digits: &[u8], power: i64) -> Result<i128, Why> {
    let first = digits.iter().position(|c| *c != b'0').unwrap_or(digits.len());
    let last = digits.iter().rposition(|c| *c != b'0').map_or(first, |last| last + 1);
    let (found, power) = (&digits[first..last], power + (digits.len() - last) as i64);
    match (found.len() as i64, power) {
        (0, _) => Ok(0),
        // More digits than any time has in nanoseconds.
        (len, power) if power.saturating_add(len) > 20 => Err(RANGE),
        (_, ..0) => Err(FINE),
        (_, power) => {
            let number = found.iter().fold(0i128, |all, c| 10 * all + i128::from(c - b'0'));
            Ok(number * 10i128.pow(power as u32))
        }
    }
}

/// A time as text: ISO 8601, with as many digits of the second as it needs.
pub(crate) fn to_text(time: i64) -> String {
    let (seconds, fraction) = (time.div_euclid(SECOND as i64), time.rem_euclid(SECOND as i64));
    let (days, second) = (seconds.div_euclid(DAY), seconds.rem_euclid(DAY));
    let (year, month, day) = date(days);
    let (hour, minute, second) = (second / 3600, second / 60 % 60, second % 60);
    let digits = format!("{fraction:09}");
    let digits = digits.trim_end_matches('0');
    let point = if digits.is_empty() { "" } else { "." };
    format!("{year:04}-{month:02}-{day:02}T{hour:02}:{minute:02}:{second:02}{point}{digits}Z")
}

/// Takes so many digits off the front.
fn digits(rest: &mut &[u8], len: usize) -> Result<i64, Why> {
    let (found, after) = rest.split_at_checked(len).ok_or(TEXT)?;
    if !found.iter().all(u8::is_ascii_digit) {
        return Err(TEXT);
    }
    *rest = after;
    Ok(found.iter().fold(0, |all, c| 10 * all + i64::from(c - b'0')))
}

/// Takes one of these off the front, if it is there.
fn skip(rest: &mut &[u8], any: &[u8]) -> bool {
    let found = rest.first().is_some_and(|c| any.contains(c));
    *rest = &rest[usize::from(found)..];
    found
}

fn days_in(year: i64, month: i64) -> i64 {
    match month {
        2 if year % 4 == 0 && (year % 100 != 0 || year % 400 == 0) => 29,
        2 => 28,
        4 | 6 | 9 | 11 => 30,
        _ => 31,
    }
}

/// Days from 1970-01-01 to a date of the Gregorian calendar. Years begin in March here, so that the day which some
/// years have more is their last.
fn days_to(year: i64, month: i64, day: i64) -> i64 {
    let (year, month) = if month > 2 { (year, month - 3) } else { (year - 1, month + 9) };
    let (era, of_era) = (year.div_euclid(400), year.rem_euclid(400));
    let of_year = (153 * month + 2) / 5 + day - 1;
    era * 146_097 + of_era * 365 + of_era / 4 - of_era / 100 + of_year - 719_468
}

/// The date so many days after 1970-01-01.
fn date(days: i64) -> (i64, i64, i64) {
    let days = days + 719_468;
    let (era, of_era) = (days.div_euclid(146_097), days.rem_euclid(146_097));
    let year = (of_era - of_era / 1460 + of_era / 36_524 - of_era / 146_096) / 365;
    let of_year = of_era - (365 * year + year / 4 - year / 100);
    let month = (5 * of_year + 2) / 153;
    let day = of_year - (153 * month + 2) / 5 + 1;
    let (year, month) = (era * 400 + year, if month < 10 { month + 3 } else { month - 9 });
    (if month <= 2 { year + 1 } else { year }, month, day)
}

#[cfg(test)]
mod tests {
    use super::*;

    const NEW_YEAR: i64 = 1_704_067_200_000_000_000;

    #[test]
    fn texts_of_every_form_are_times() {
        for (text, time, is_said) in [
            ("2024-01-01", NEW_YEAR, false),
            ("20240101", NEW_YEAR, false),
            ("2024-01-01T00:00", NEW_YEAR, false),
            ("2024-01-01 00:00:00", NEW_YEAR, false),
            ("2024-01-01t00:00:00z", NEW_YEAR, true),
            ("2024-01-01 00:00:00 UTC", NEW_YEAR, true),
            ("20240101T000000Z", NEW_YEAR, true),
            ("20240101T0000+0000", NEW_YEAR, true),
            ("2024-01-01T02:30:00+02:30", NEW_YEAR, true),
            ("2023-12-31T19:00:00-05", NEW_YEAR, true),
            ("2023-12-31T19:00:00-0500", NEW_YEAR, true),
            ("2024-01-01T00:00:00.5Z", NEW_YEAR + 500_000_000, true),
            ("2024-01-01T00:00:00,123456789Z", NEW_YEAR + 123_456_789, true),
            (
                "2024-01-01T00:00:00.12345678900000000000000000000000000000000000Z",
                NEW_YEAR + 123_456_789,
                true,
            ),
            ("1970-01-01T00:00:00Z", 0, true),
            ("1969-12-31T23:59:59.999999999Z", -1, true),
            ("1677-09-21T00:12:43.145224193Z", i64::MIN + 1, true),
            ("2262-04-11T23:47:16.854775807Z", i64::MAX, true),
            ("2000-02-29T12:34:56Z", 951_827_696_000_000_000, true),
        ] {
            assert_eq!(of_text(text.as_bytes()), Ok((time, is_said)), "{text}");
        }
    }

    #[test]
    fn what_is_no_time_says_why() {
        for text in [
            "",
            "now",
            "2024",
            "2024-01",
            "2024-1-1",
            "2024-W01-1",
            "2024-001",
            "2024-0101",
            "202401-01",
            "2024:01:01 00:00:00",
            "2024-01-01T",
            "2024-01-01T00",
            "2024-01-01T00:00:",
            "2024-01-01T00:00:00.",
            "2024-01-01T00:00:00.Z",
            "2024-01-01T00:00.5",
            "2024-01-01T00:00:00+",
            "2024-01-01T00:00:00+1",
            "2024-01-01T00:00:00+01:",
            "2024-01-01T00:00:00+24:00",
            "2024-01-01T00:00:00+01:60",
            "2024-01-01T00:00:00 +01:00",
            "2024-01-01T00:00:00ZZ",
            " 2024-01-01",
            "2024-01-01Z",
            "+2024-01-01",
            "2024-01-01T00:00:00CET",
            "\u{ff12}024-01-01",
            "12024-01-01",
        ] {
            assert_eq!(of_text(text.as_bytes()), Err(TEXT), "{text}");
        }
        for (text, why) in [
            ("2023-02-29", "date"),
            ("1900-02-29", "date"),
            ("2024-13-01", "date"),
            ("2024-00-10", "date"),
            ("2024-04-31", "date"),
            ("2024-01-00", "date"),
            ("2024-01-01T24:00:00Z", "time of day"),
            ("2024-01-01T00:60:00Z", "time of day"),
            ("2024-01-01T00:00:61Z", "time of day"),
            ("2016-12-31T23:59:60Z", "leap second"),
            ("2024-01-01T00:00:00.0000000001Z", "finer"),
            ("2262-04-11T23:47:16.854775808Z", "beyond"),
            // That number is taken for no time.
            ("1677-09-21T00:12:43.145224192Z", "beyond"),
            ("1677-09-21", "beyond"),
            ("0000-01-01", "beyond"),
            ("9999-12-31T23:59:59Z", "beyond"),
        ] {
            let found = of_text(text.as_bytes()).expect_err(text);
            assert!(found.contains(why), "{text}: {found}");
        }
    }

    #[test]
    fn numbers_are_exact() {
        for (text, power, time) in [
            ("0", 9, Ok(0)),
            ("-0.0", 9, Ok(0)),
            ("1704067200", 9, Ok(NEW_YEAR)),
            ("1704067200.000000001", 9, Ok(NEW_YEAR + 1)),
            ("1.7040672e9", 9, Ok(NEW_YEAR)),
            ("17040672E+2", 9, Ok(NEW_YEAR)),
            ("1704067200000", 6, Ok(NEW_YEAR)),
            ("1704067200000.25", 6, Ok(NEW_YEAR + 250_000)),
            ("1704067200000000", 3, Ok(NEW_YEAR)),
            ("9223372036854775807", 0, Ok(i64::MAX)),
            ("-9223372036854775807", 0, Ok(i64::MIN + 1)),
            ("-9223372036854775808", 0, Err(RANGE)),
            ("9223372036854775808", 0, Err(RANGE)),
            ("1704067200000000000", 9, Err(RANGE)),
            ("1e999999999999", 0, Err(RANGE)),
            ("1e300", 0, Err(RANGE)),
            ("0e300", 0, Ok(0)),
            ("1e-300", 9, Err(FINE)),
            ("0.5", 0, Err(FINE)),
            ("1.5000000000000000000000000000000000000000000000000000000", 3, Ok(1500)),
            ("1.50000000000000000000000000000000000000000000000000000001", 3, Err(FINE)),
            ("1000000000000000000000000000000000000000000000000e-40", 1, Ok(1_000_000_000)),
        ] {
            assert_eq!(of_number(text.as_bytes(), power), time, "{text}");
        }
        for text in ["NaN", "Infinity", "-Infinity"] {
            assert!(of_number(text.as_bytes(), 9).is_err());
        }
    }

    #[test]
    fn what_is_written_is_read_again() {
        for (time, text) in [
            (0, "1970-01-01T00:00:00Z"),
            (-1, "1969-12-31T23:59:59.999999999Z"),
            (NEW_YEAR + 250_000_000, "2024-01-01T00:00:00.25Z"),
            (i64::MIN + 1, "1677-09-21T00:12:43.145224193Z"),
        ] {
            assert_eq!(to_text(time), text);
        }
        // Every day of the range is the one after the one before.
        let (first, last) = (i64::MIN / 1_000_000_000 / DAY, i64::MAX / 1_000_000_000 / DAY);
        for day in first..=last {
            let (y, m, d) = date(day);
            assert!((1..=days_in(y, m)).contains(&d) && days_to(y, m, d) == day, "{y}-{m}-{d}");
            let time = (day * DAY + (day & 0xffff)) * 1_000_000_000 + (day & 1023);
            assert_eq!(of_text(to_text(time).as_bytes()), Ok((time, true)));
        }
    }
}
