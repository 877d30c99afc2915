//! JSON lists of numbers, nested or flat, straight into typed little-endian bytes.
//!
//! One pass: the nesting gives the shape and every number is converted where it stands. The text
//! need not be validated before: what is read here without an error is JSON (RFC 8259). Values
//! are never wrapped, rounded to an integer or turned into infinity. Without a dtype NumPy's rule
//! holds: booleans, else integers (int64, or uint64 where only that fits), else float64. Floats
//! narrower than 64 bits are rounded from the float64, which is what NumPy gives.

#[cfg(target_arch = "x86_64")]
mod avx512;
mod digits;
mod element;
#[cfg(target_arch = "x86_64")]
mod ssse3;

use super::Pixels;
use crate::dtype::DType;
use crate::error::{Error, Result, quote};
use crate::limits::{LONG, Limits, make_room};
use crate::record::value::{self, Kind};
use crate::shape::Shape;
use element::{Element, Half};

/// Replaces `out` with the numbers of the list that `text` is.
pub(super) fn decode(
    text: &[u8],
    dtype: Option<DType>,
    nan: bool,
    limits: &Limits,
    out: &mut Vec<u8>,
) -> Result<Pixels> {
    let text = text.trim_ascii();
    if value::kind(text) != Kind::Array {
        return Err(Error::field(format!(
            "expected a list of numbers, found {}",
            value::kind(text).name()
        )));
    }
    let dtype = match dtype {
        Some(dtype) => dtype,
        None => match natural(text, nan) {
            DType::Int64 => match decode_as(text, DType::Int64, nan, out) {
                Ok(shape) => return finish(shape, DType::Int64, limits),
                Err(_) => DType::Uint64,
            },
            DType::Bool if memchr::memchr2(b'0', b'1', text).is_some() => {
                return Err(Error::shape("booleans and numbers in one list"));
            }
            other => other,
        },
    };
    let shape = decode_as(text, dtype, nan, out)?;
    finish(shape, dtype, limits)
}

fn finish(shape: Shape, dtype: DType, limits: &Limits) -> Result<Pixels> {
    super::raw::check_size(&shape, dtype, limits)?;
    Ok(Pixels { shape, dtype })
}

/// The dtype NumPy would choose, from the first value and the characters that follow.
fn natural(text: &[u8], nan: bool) -> DType {
    let first = text.iter().find(|c| !matches!(c, b'[' | b' ' | b'\t' | b'\n' | b'\r'));
    match first {
        Some(b't' | b'f') => DType::Bool,
        _ if memchr::memchr3(b'.', b'e', b'E', text).is_some() => DType::Float64,
        _ if nan && memchr::memchr3(b'N', b'n', b'I', text).is_some() => DType::Float64,
        _ => DType::Int64,
    }
}

fn decode_as(text: &[u8], dtype: DType, nan: bool, out: &mut Vec<u8>) -> Result<Shape> {
    out.clear();
    if text.len() >= LONG {
        // The kernels cannot be refused what they push.
        make_room(out, (memchr::memchr_iter(b',', text).count() + 1).saturating_mul(dtype.size()))?;
    }
    match dtype {
        DType::Bool => walk::<bool>(text, dtype, nan, out),
        DType::Uint8 => walk::<u8>(text, dtype, nan, out),
        DType::Int8 => walk::<i8>(text, dtype, nan, out),
        DType::Uint16 => walk::<u16>(text, dtype, nan, out),
        DType::Int16 => walk::<i16>(text, dtype, nan, out),
        DType::Uint32 => walk::<u32>(text, dtype, nan, out),
        DType::Int32 => walk::<i32>(text, dtype, nan, out),
        DType::Uint64 => walk::<u64>(text, dtype, nan, out),
        DType::Int64 => walk::<i64>(text, dtype, nan, out),
        DType::Float16 => walk::<Half>(text, dtype, nan, out),
        DType::Float32 => walk::<f32>(text, dtype, nan, out),
        DType::Float64 => walk::<f64>(text, dtype, nan, out),
    }
}

/// Room for the small integers of one run of a kernel, which may write 64 bytes after them.
const SMALL: usize = 256 + 64;

/// Where the walk is: how deep, and how many elements each open list has so far.
#[derive(Default)]
struct Nesting {
    depth: usize,
    counts: [usize; Shape::MAX_RANK],
    /// The length that the first closed list of each depth had.
    axes: [Option<usize>; Shape::MAX_RANK],
    /// The depth of the numbers, once one was seen.
    leaf: Option<usize>,
}

impl Nesting {
    fn open(&mut self) -> Result<()> {
        if self.leaf == Some(self.depth) {
            return Err(self.ragged("is a list among numbers"));
        }
        let Some(count) = self.counts.get_mut(self.depth) else {
            return Err(Error::shape(format!(
                "lists nested deeper than {} levels",
                Shape::MAX_RANK
            )));
        };
        *count = 0;
        self.depth += 1;
        Ok(())
    }

    /// Ends the innermost list.
    fn close(&mut self) -> Result<()> {
        self.depth -= 1;
        let count = self.counts[self.depth];
        if count == 0 {
            let place = self.index();
            return Err(Error::shape(format!("the list at {place:?} is empty: no elements")));
        }
        let first = *self.axes[self.depth].get_or_insert(count);
        if first != count {
            return Err(self.ragged(&format!("has {count} elements, the first such list {first}")));
        }
        if let Some(parent) = self.depth.checked_sub(1) {
            self.counts[parent] += 1;
        }
        Ok(())
    }

    fn shape(&self) -> Result<Shape> {
        let axes = self.axes.map(|length| length.unwrap_or(0));
        Shape::new(&axes[..self.leaf.unwrap_or(0)])
    }

    fn at_leaf(&mut self) -> Result<()> {
        if *self.leaf.get_or_insert(self.depth) == self.depth {
            Ok(())
        } else {
            Err(self.ragged("is a number among lists"))
        }
    }

    /// The index of the element that comes next.
    fn index(&self) -> &[usize] {
        &self.counts[..self.depth]
    }

    fn ragged(&self, what: &str) -> Error {
        Error::shape(format!("ragged list: element {:?} {what}", self.index()))
    }
}

/// What the walk came by last.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum After {
    Open,
    Comma,
    /// A number or a whole list.
    Value,
}

fn walk<T: Element>(text: &[u8], dtype: DType, nan: bool, out: &mut Vec<u8>) -> Result<Shape> {
    let mut at = 0;
    let mut nesting = Nesting::default();
    let mut after = After::Open;
    // One for all rows: clearing it for each costs 5 % of a list of short rows.
    let mut small = [0; SMALL];
    while let Some(&byte) = text.get(at) {
        at += 1;
        match byte {
            b' ' | b'\t' | b'\n' | b'\r' => continue,
            b',' if after == After::Value => after = After::Comma,
            b']' if after != After::Comma && nesting.depth > 0 => {
                nesting.close()?;
                after = After::Value;
                if nesting.depth == 0 {
                    return match text[at..].trim_ascii() {
                        [] => nesting.shape(),
                        rest => Err(stray(rest)),
                    };
                }
            }
            _ if after == After::Value => return Err(stray(&text[at - 1..])),
            b'[' => {
                nesting.open()?;
                after = After::Open;
            }
            b',' | b']' => return Err(stray(&text[at - 1..])),
            _ if nesting.depth == 0 => return Err(Error::shape("no list of numbers")),
            _ => {
                nesting.at_leaf()?;
                at -= 1;
                let before = out.len();
                let ended = row::<T>(text, &mut at, nan, &mut small, out);
                nesting.counts[nesting.depth - 1] += (out.len() - before) / dtype.size();
                if let Err(what) = ended {
                    return Err(Error::shape(format!(
                        "{} at {:?} {what} {dtype}",
                        quote(element::token(&text[at..])),
                        nesting.index()
                    )));
                }
                after = if text[at - 1] == b',' { After::Comma } else { After::Value };
            }
        }
    }
    Err(Error::shape("the list does not end"))
}

fn stray(text: &[u8]) -> Error {
    Error::shape(format!(
        "no list of numbers: {} is out of place",
        quote(&text[..text.len().min(9)])
    ))
}

/// As many integers from 0 to 255 as the best kernel of this processor takes from `text[at..]`: where
/// they end, and how many there are. None at all where there is no kernel.
#[inline(always)]
fn small_run(text: &[u8], at: usize, values: &mut [u8; SMALL]) -> (usize, usize) {
    #[cfg(target_arch = "x86_64")]
    return match avx512::available() {
        true => avx512::run(text, at, values),
        false => ssse3::run(text, at, values),
    };
    #[cfg(not(target_arch = "x86_64"))]
    {
        let _ = (text, values);
        (at, 0)
    }
}

/// Reads numbers with single commas between them, from `text[at..]` where one begins, until
/// something else comes: there `at` then is. An error says what is wrong with the number there.
#[inline(always)]
fn row<T: Element>(
    text: &[u8],
    at: &mut usize,
    nan: bool,
    small: &mut [u8; SMALL],
    out: &mut Vec<u8>,
) -> std::result::Result<(), &'static str> {
    let begun = *at;
    let mut quick = T::SMALL;
    // Without white space, as JSON.stringify writes it.
    let mut compact = true;
    loop {
        // The kernels look at two bytes before a number: the first of a flat list has only one.
        while quick && *at >= 2 {
            let (end, n) = small_run(text, *at, small);
            // Where numbers are of another kind, trying costs more than it gives.
            quick = n >= 8;
            if n > 0 {
                T::put_small(&small[..n], out);
                *at = end;
                match next_number(&text[end..]) {
                    Some(used) => *at += used,
                    None => return Ok(()),
                }
            }
        }
        if compact {
            while let Some(four) = T::quad(&text[*at..]) {
                let [a, b, c, d] = four;
                T::put_pair(a, b, out);
                T::put_pair(c, d, out);
                *at += 8;
            }
            if let Some((first, second, used)) = T::pair(&text[*at..]) {
                T::put_pair(first, second, out);
                *at += used;
                continue;
            }
        }
        if *at > begun && !matches!(text.get(*at), Some(b'0'..=b'9' | b'-')) {
            return Ok(());
        }
        let (value, used) = match T::read(&text[*at..]) {
            Ok(read) => read,
            Err(what) => T::special(&text[*at..]).filter(|_| nan).ok_or(what)?,
        };
        value.put(out);
        *at += used;
        match next_number(&text[*at..]) {
            Some(used) => {
                *at += used;
                compact = used == 1;
            }
            None => return Ok(()),
        }
    }
}

/// How far it is to the next number, if `text` begins with the usual separator and then one.
#[inline]
fn next_number(text: &[u8]) -> Option<usize> {
    match text {
        [b',', b'0'..=b'9' | b'-', ..] => Some(1),
        [b',', b' ', b'0'..=b'9' | b'-', ..] => Some(2),
        _ => None,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::error::ErrorKind;

    fn read(text: &str, dtype: Option<DType>) -> Result<(Pixels, Vec<u8>)> {
        let mut out = Vec::new();
        decode(text.as_bytes(), dtype, false, &Limits::default(), &mut out).map(|p| (p, out))
    }

    #[test]
    fn nesting_is_the_shape() {
        for (text, axes) in [
            ("[[0,64],[128,255]]", &[2, 2][..]),
            ("[0,64,128,255]", &[4]),
            ("[ [ [0 ,64]\t,[128, 255]\n] ]", &[1, 2, 2]),
            ("[[0.0,6.4e1],[1280e-1,255]]", &[2, 2]),
        ] {
            let (pixels, bytes) = read(text, Some(DType::Uint8)).expect(text);
            assert_eq!((&*pixels.shape, &bytes[..]), (axes, &[0, 64, 128, 255][..]), "{text}");
        }
    }

    #[test]
    fn refuses_what_is_no_array() {
        for text in [
            "[[1,2,3],[4,5]]",
            "[[1,2],[3,[4]]]",
            "[[1],2]",
            "[1,[2]]",
            "[[1,256]]",
            "[[-1,2]]",
            "[[1.5,2]]",
            "[[\"1\",2]]",
            "[[true,false]]",
            "[[null,2]]",
            "[]",
            "[[],[]]",
            "[[[1]],[1]]",
            "[1",
            "[[1]",
            "[1e999]",
            "[[[[[[[[[1]]]]]]]]]",
            "[{\"a\":1}]",
            "[1,{}]",
            "[1,,2]",
            "[1 2]",
            "[,1]",
            "[1,]",
            "[[1],]",
            "[[1][2]]",
            "[[1],,[2]]",
            "[1]]",
            "[1] 2",
            "[01]",
            "[-01]",
            "[1.]",
            "[.5]",
            "[1e]",
            "[+1]",
            "[0x1]",
            "[1]\u{b}",
            "[1000]",
            "[99999999999999999999]",
        ] {
            assert_eq!(
                read(text, Some(DType::Uint8)).map_err(|e| e.kind()).err(),
                Some(ErrorKind::Shape),
                "{text}"
            );
        }
        assert_eq!(read("\"abc\"", None).map_err(|e| e.kind()).err(), Some(ErrorKind::Field));
        let message = read("[[1,2],[3,400]]", Some(DType::Uint8)).expect_err("range").to_string();
        assert_eq!(message, "\"400\" at [1, 1] is out of the range of uint8");
    }

    #[test]
    fn without_a_dtype_as_numpy() {
        let dtype = |text: &str| read(text, None).map(|(p, _)| p.dtype).ok();
        assert_eq!(dtype("[[true,false]]"), Some(DType::Bool));
        assert_eq!(dtype("[[0,-5]]"), Some(DType::Int64));
        assert_eq!(dtype("[18446744073709551615]"), Some(DType::Uint64));
        assert_eq!(dtype("[0,0.5]"), Some(DType::Float64));
        assert_eq!(dtype("[1e2]"), Some(DType::Float64));
        assert_eq!(dtype("[true,1]"), None);
        assert_eq!(dtype("[18446744073709551616]"), None);
    }

    #[test]
    fn what_is_not_a_number_is_one_where_it_is_allowed() {
        let read = |text: &str, dtype| {
            let mut out = Vec::new();
            let found = decode(text.as_bytes(), dtype, true, &Limits::default(), &mut out).ok()?;
            Some((found.dtype, out))
        };
        let floats = |all: &[f64]| all.iter().flat_map(|f| f.to_le_bytes()).collect::<Vec<u8>>();
        let text = "[NaN,1, null ,-Infinity,Infinity,2.5]";
        let want = floats(&[f64::NAN, 1.0, f64::NAN, f64::NEG_INFINITY, f64::INFINITY, 2.5]);
        assert_eq!(read(text, None), Some((DType::Float64, want)));
        assert_eq!(read("[[1],[NaN]]", None), Some((DType::Float64, floats(&[1.0, f64::NAN]))));
        let narrow = [1f32.to_le_bytes(), f32::NAN.to_le_bytes()].concat();
        assert_eq!(read("[1,NaN]", Some(DType::Float32)), Some((DType::Float32, narrow)));
        for text in ["[1,NaN]", "[null]", "[-Infinity]"] {
            assert_eq!(read(text, Some(DType::Int16)), None, "{text}");
        }
        for text in ["[nan]", "[NaNs]", "[1 NaN]", "[Inf]", "[--Infinity]", "[nul]"] {
            assert_eq!(read(text, None), None, "{text}");
        }
    }

    #[test]
    fn numbers_of_every_length_in_every_type() {
        let numbers = [0i64, 7, 10, 99, 100, 255, 256, 999, 1000, 65535, 65536, i64::MAX];
        for n in numbers {
            for (dtype, max) in [
                (DType::Uint8, u8::MAX.into()),
                (DType::Int8, i8::MAX.into()),
                (DType::Uint16, u16::MAX.into()),
                (DType::Int32, i32::MAX.into()),
                (DType::Int64, i64::MAX),
            ] {
                for text in [format!("[{n}]"), format!("[{n} , {n},1,2]"), format!("[ {n}\n,1]")] {
                    let got =
                        read(&text, Some(dtype)).ok().map(|(_, b)| b[..dtype.size()].to_vec());
                    let want = (n <= max).then(|| n.to_le_bytes()[..dtype.size()].to_vec());
                    assert_eq!(got, want, "{text} {dtype}");
                }
            }
        }
        assert_eq!(
            read("[-128,-1,-0]", Some(DType::Int8)).map(|r| r.1).ok(),
            Some(vec![128, 255, 0])
        );
    }

    #[test]
    fn floats_round_as_numpy() {
        let f32s = |text: &str| read(text, Some(DType::Float32)).ok().map(|(_, b)| b);
        let text = "[0.1000000014901161193847656250001,1.00000005960464477540]";
        let want = [0.1f32.to_le_bytes(), 1f32.to_le_bytes()].concat();
        assert_eq!(f32s(text), Some(want));
        assert_eq!(f32s("[16777217]"), Some(16777216f32.to_le_bytes().to_vec()));
        assert_eq!(f32s("[-0.0]"), Some((-0f32).to_le_bytes().to_vec()));
        assert_eq!(f32s("[1e39]"), None);
    }
}
