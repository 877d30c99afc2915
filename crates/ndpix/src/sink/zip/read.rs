//! The directory of an archive, as it is written here: always with its zip64 fields.

use std::sync::Arc;

use super::{COMMENT, Method};
use crate::error::Result;
use crate::sink::shown::array::{Codec, Piece, Source};

/// A directory is not longer than this.
const DIRECTORY: usize = 64 << 20;
/// Bytes of the end of the directory without its comment: zip64 record, locator, and the record of old.
const END: usize = 56 + 20 + 22;

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
    // The record of old says how long the comment is that ends the file.
    let at = (0..=tail.len().saturating_sub(END)).rev().find(|at| {
        let end = tail.get(*at..*at + END).unwrap_or_default();
        end.starts_with(b"PK\x06\x06")
            && end.get(76..80) == Some(b"PK\x05\x06")
            && *at + END + usize::from(short(end, 96)) == tail.len()
    });
    let Some(at) = at else {
        return Err(source.refused("it is no archive that ndpix wrote, or it is not whole"));
    };
    let end = &tail[at..at + END];
    let (count, size, begin) = (long(end, 32), long(end, 40), long(end, 48));
    let directory = source.bytes(begin, size, DIRECTORY)?;
    let mut rest = &directory[..];
    let mut members = Vec::new();
    for _ in 0..count {
        let (name, piece, later) = member(source, rest)?.ok_or_else(|| source.damaged())?;
        members.push((name, piece));
        rest = later;
    }
    Ok((members, String::from_utf8_lossy(&tail[at + END..]).into_owned()))
}

/// The first member of a directory, and what follows it.
fn member<'d>(source: &Arc<Source>, entry: &'d [u8]) -> Result<Option<(String, Piece, &'d [u8])>> {
    if !entry.starts_with(b"PK\x01\x02") || entry.len() < 46 {
        return Ok(None);
    }
    let codec = match short(entry, 10) {
        method if method == Method::Stored as u16 => Codec::Plain,
        method if method == Method::Deflated as u16 => Codec::Deflate,
        _ => return Ok(None),
    };
    let (name, extra) = (usize::from(short(entry, 28)), usize::from(short(entry, 30)));
    let (Some(name), Some(extra)) =
        (entry.get(46..46 + name), entry.get(46 + name..46 + name + extra))
    else {
        return Ok(None);
    };
    if extra.len() < 28 || short(extra, 0) != 1 {
        return Ok(None);
    }
    let (packed, header) = (long(extra, 12), long(extra, 20));
    let local = source.bytes(header, 30, 30)?;
    let data = header + 30 + u64::from(short(&local, 26)) + u64::from(short(&local, 28));
    let later = &entry[46 + name.len() + extra.len()..];
    let piece = Piece::new(source, data, packed, codec)?;
    Ok(Some((String::from_utf8_lossy(name).into_owned(), piece, later)))
}

fn short(bytes: &[u8], at: usize) -> u16 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u16::from_le_bytes(*bytes))
}

fn long(bytes: &[u8], at: usize) -> u64 {
    bytes.get(at..).and_then(<[u8]>::first_chunk).map_or(0, |bytes| u64::from_le_bytes(*bytes))
}
