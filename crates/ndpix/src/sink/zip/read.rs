//! The directory of an archive, as it is written here: always with its zip64 fields.

use std::sync::Arc;

use crate::error::Result;
use crate::sink::shown::array::{Codec, Piece, Source};
use crate::zip::{self, COMMENT, END, LOCAL, Method};

/// A directory is not longer than this.
const DIRECTORY: usize = 64 << 20;

/// The members by their names, and the comment of the archive.
pub(crate) type Members = (Vec<(String, Piece)>, String);

/// What the archive holds.
///
/// # Errors
/// Kind `options` for what is no archive as they are written here; `io`.
pub(crate) fn members(source: &Arc<Source>) -> Result<Members> {
    let tail = source.len.min((END + COMMENT) as u64);
    let from = source.len - tail;
    let tail = source.bytes(from, tail, END + COMMENT)?;
    let Some(end) = zip::end(&tail, from).filter(|end| end.is_zip64) else {
        return Err(source.refused("it is no archive that ndpix wrote, or it is not whole"));
    };
    let directory = source.bytes(end.begin, end.size, DIRECTORY)?;
    let mut rest = &directory[..];
    let mut members = Vec::new();
    for _ in 0..end.count {
        let (name, piece, later) = member(source, rest)?.ok_or_else(|| source.damaged())?;
        members.push((name, piece));
        rest = later;
    }
    Ok((members, String::from_utf8_lossy(end.comment).into_owned()))
}

/// The first member of a directory, and what follows it.
fn member<'d>(source: &Arc<Source>, entry: &'d [u8]) -> Result<Option<(String, Piece, &'d [u8])>> {
    let Some((found, later)) = zip::member(entry) else { return Ok(None) };
    let codec = match Method::of(found.method) {
        Some(Method::Stored) => Codec::Plain,
        Some(Method::Deflated) => Codec::Deflate,
        None => return Ok(None),
    };
    let local = source.bytes(found.header, LOCAL as u64, LOCAL)?;
    let Some(head) = zip::head(&local) else { return Ok(None) };
    let piece = Piece::new(source, found.header + head, found.packed, codec)?;
    Ok(Some((String::from_utf8_lossy(found.name).into_owned(), piece, later)))
}
