//! `.npz` archives: a zip of `.npy` files, as `np.savez` writes it, of which one is the image.
//!
//! What an archive says of its members are claims: where one lies is checked before it is opened, and its content
//! grows no further than its claim, which the limits allow, and ends there with the checksum that was claimed.

use super::{Pixels, RawSpec, npy};
use crate::dtype::DType;
use crate::error::{Error, ErrorKind, Remedy, Result, quote};
use crate::inflate::undeflate;
use crate::limits::Limits;
use crate::shape::Shape;
use crate::zip::{self, ENCRYPTED, LOCAL, Method};

/// The first bytes of an archive that has members.
pub(super) const MAGIC: &[u8] = b"PK\x03\x04";
/// No archive of arrays has more members.
const MOST: u64 = 1024;
/// The header of a `.npy` file is looked for in so many bytes.
const HEAD: u64 = 4096;
/// Members that an error lists.
const LISTED: usize = 8;

/// A member, with where its content lies in the archive.
#[derive(Debug, Clone, Copy)]
struct Member<'a> {
    /// As `np.load` calls it: without `.npy`.
    name: &'a str,
    is_npy: bool,
    is_encrypted: bool,
    method: u16,
    crc: u32,
    len: u64,
    content: &'a [u8],
}

/// What a member may be.
enum Look {
    /// An array that may be an image.
    Image(Shape, DType),
    /// What is none: numbers in a row, one number, text.
    Nothing,
    /// What cannot be told, and why.
    Unknown(Error),
}

/// Replaces the archive in `bytes` by the pixels of the member of this name, or of the one that there is.
pub(super) fn finish(
    name: Option<&str>,
    given: &RawSpec,
    limits: &Limits,
    bytes: &mut Vec<u8>,
    spare: &mut Vec<u8>,
) -> Result<Pixels> {
    let all = members(bytes)?;
    let member = match name {
        Some(name) => named(&all, name)?,
        None => alone(&all)?,
    };
    let member_name = member.name.to_string();
    member.take(limits, spare).map_err(|e| of(&member_name, &e))?;
    std::mem::swap(bytes, spare);
    npy::finish(given, limits, bytes, spare).map_err(|e| of(&member_name, &e))
}

/// The one member that may be the image, by its name: `None` where there are several or none. Whether it is an
/// archive of arrays at all, and which member would be read.
pub(super) fn found(bytes: &[u8]) -> Option<Option<String>> {
    let all = bytes.starts_with(MAGIC).then(|| members(bytes).ok())??;
    let arrays = all.iter().any(|member| member.is_npy);
    arrays.then(|| alone(&all).ok().map(|member| member.name.to_string()))
}

/// An error of a member.
fn of(name: &str, error: &Error) -> Error {
    let said =
        format!("member {} of the .npz archive: {}", quote(name.as_bytes()), error.message());
    Error::new(error.kind(), said)
}

/// All members, whose contents lie in the archive and not in each other.
fn members(bytes: &[u8]) -> Result<Vec<Member<'_>>> {
    if !bytes.starts_with(b"PK") {
        return Err(Error::encoding(format!(
            "expected a .npz archive, found {} bytes beginning {}",
            bytes.len(),
            quote(&bytes[..bytes.len().min(6)])
        )));
    }
    let damaged = |what: &str| Error::encoding(format!("the .npz archive is damaged: {what}"));
    let end = zip::end(bytes, 0).ok_or_else(|| damaged("it has no end, or it is cut"))?;
    if end.count > MOST {
        return Err(Error::limit(format!(
            "a .npz archive of {} members; at most {MOST} are looked at",
            end.count
        )));
    }
    let begin = usize::try_from(end.begin).unwrap_or(usize::MAX);
    let split = bytes.split_at_checked(begin).ok_or_else(|| damaged("it has no directory"))?;
    let (contents, mut rest) = split;
    let mut all = Vec::new();
    let mut places = Vec::new();
    for _ in 0..end.count {
        let (member, later) = zip::member(rest).ok_or_else(|| damaged("its directory is cut"))?;
        rest = later;
        let file = std::str::from_utf8(member.name)
            .map_err(|_| damaged("the name of a member is no text"))?;
        let lies = |why: &str| damaged(&format!("member {} {why}", quote(member.name)));
        let (start, content) =
            content(contents, &member).ok_or_else(|| lies("lies outside of it"))?;
        places.push((start, start + (LOCAL + content.0) as u64, file));
        let bare = file.strip_suffix(".npy");
        all.push(Member {
            name: bare.unwrap_or(file),
            is_npy: bare.is_some(),
            is_encrypted: member.flags & ENCRYPTED != 0,
            method: member.method,
            crc: member.crc,
            len: member.len,
            content: content.1,
        });
    }
    places.sort_unstable();
    if let Some(pair) = places.windows(2).find(|pair| pair[0].1 > pair[1].0) {
        let (one, other) = (quote(pair[0].2.as_bytes()), quote(pair[1].2.as_bytes()));
        return Err(damaged(&format!("members {one} and {other} lie in each other")));
    }
    Ok(all)
}

/// Where the local header of a member begins, the bytes from the end of its fixed part to the end of its content,
/// and its content.
fn content<'a>(contents: &'a [u8], member: &zip::Member<'_>) -> Option<(u64, (usize, &'a [u8]))> {
    let header = contents.get(usize::try_from(member.header).ok()?..)?;
    let head = usize::try_from(zip::head(header)?).ok()?;
    let is_same = header.get(LOCAL..LOCAL + member.name.len()) == Some(member.name);
    let content = header.get(head..)?.get(..usize::try_from(member.packed).ok()?)?;
    is_same.then_some((member.header, (head - LOCAL + content.len(), content)))
}

impl Member<'_> {
    /// Replaces `out` with its content, whole.
    fn take(&self, limits: &Limits, out: &mut Vec<u8>) -> Result<()> {
        if self.len > limits.max_payload_bytes() {
            return Err(Error::limit(format!(
                "it is {} bytes long, over the limit of {}",
                self.len,
                limits.max_payload_bytes()
            )));
        }
        self.begin(self.len.saturating_add(1), out)?;
        if out.len() as u64 != self.len {
            return Err(Error::encoding(format!(
                "it is said to be {} bytes long and is {}",
                self.len,
                if out.len() as u64 > self.len { "longer" } else { "shorter" }
            )));
        }
        let mut crc = flate2::Crc::new();
        crc.update(out);
        if crc.sum() != self.crc {
            return Err(Error::encoding("its checksum is wrong"));
        }
        Ok(())
    }

    /// Replaces `out` with the first bytes of its content, at most so many.
    fn begin(&self, most: u64, out: &mut Vec<u8>) -> Result<()> {
        if self.is_encrypted {
            return Err(Error::unsupported("it is encrypted"));
        }
        match Method::of(self.method) {
            Some(Method::Stored) => {
                let most = usize::try_from(most).unwrap_or(usize::MAX);
                out.clear();
                out.extend_from_slice(&self.content[..self.content.len().min(most)]);
                Ok(())
            }
            Some(Method::Deflated) => undeflate(self.content, most, out),
            None => Err(Error::unsupported(format!(
                "it is packed by method {}, and only stored and deflated members are read",
                self.method
            ))),
        }
    }

    /// What it may be, by its first bytes.
    fn look(&self) -> Look {
        if !self.is_npy {
            return Look::Unknown(Error::unsupported("no .npy file"));
        }
        let mut head = Vec::new();
        match self.begin(HEAD, &mut head).and_then(|()| npy::look(&head)) {
            Ok(Some((shape, dtype))) if shape.iter().filter(|axis| **axis > 1).count() >= 2 => {
                Look::Image(shape, dtype)
            }
            Ok(_) => Look::Nothing,
            Err(error) => Look::Unknown(error),
        }
    }
}

/// The member of this name, with or without its `.npy`.
fn named<'a>(all: &[Member<'a>], name: &str) -> Result<Member<'a>> {
    let bare = name.strip_suffix(".npy").unwrap_or(name);
    let mut found = all.iter().filter(|member| member.name == bare);
    match (found.next(), found.next()) {
        (Some(member), None) => Ok(*member),
        (Some(_), Some(_)) => Err(Error::encoding(format!(
            "the .npz archive has several members {}",
            quote(bare.as_bytes())
        ))),
        (None, _) => Err(Error::encoding(format!(
            "the .npz archive has no member {}, but {}",
            quote(bare.as_bytes()),
            listed(all.iter().map(|member| quote(member.name.as_bytes())))
        ))),
    }
}

/// The one member that there is, or of several the one that may be an image.
fn alone<'a>(all: &[Member<'a>]) -> Result<Member<'a>> {
    if let [member] = all {
        return Ok(*member);
    }
    let looks: Vec<_> = all.iter().map(|member| (member, member.look())).collect();
    let mut rivals = looks.iter().filter(|(_, look)| !matches!(look, Look::Nothing));
    if let (Some((member, Look::Image(..))), None) = (rivals.next(), rivals.next()) {
        return Ok(**member);
    }
    let said = looks.iter().filter_map(|(member, look)| {
        let name = quote(member.name.as_bytes());
        match look {
            Look::Image(shape, dtype) => Some(format!("{name} {shape} {dtype}")),
            Look::Unknown(error) => Some(format!("{name} ({})", error.message())),
            Look::Nothing => None,
        }
    });
    // In a list of encodings a comma ends the name.
    let could = |(member, look): &&(&Member<'_>, Look)| {
        matches!(look, Look::Image(..)) && !member.name.contains([',', '\'', '"'])
    };
    let names = looks.iter().filter(could).take(LISTED);
    let remedies: Vec<_> = names
        .map(|(member, _)| {
            let options = vec![("encoding", format!("npz:{}", member.name))];
            Remedy::new(format!("member {} alone", quote(member.name.as_bytes())), options)
        })
        .collect();
    let advice: Vec<_> =
        remedies.iter().map(|remedy| format!("encoding {}", remedy.options[0].1)).collect();
    let advice = match &advice[..] {
        [] => String::new(),
        words => format!("; pass {}", words.join(" or ")),
    };
    let text = match looks.iter().all(|(_, look)| matches!(look, Look::Nothing)) {
        true => format!(
            "none of the {} members of the .npz archive has the shape of an image; they are {}",
            all.len(),
            listed(all.iter().map(|member| quote(member.name.as_bytes())))
        ),
        false => format!(
            "a .npz archive of {} members, of which one has to be named: {}{advice}",
            all.len(),
            listed(said)
        ),
    };
    Err(Error::new(ErrorKind::Unsupported, text).with_remedies(remedies))
}

/// Words with commas between them; of many the first.
fn listed(words: impl Iterator<Item = String>) -> String {
    let words: Vec<_> = words.collect();
    let more = words.len().saturating_sub(LISTED);
    let list = words[..words.len() - more].join(", ");
    match (more, list.is_empty()) {
        (0, true) => "nothing".to_string(),
        (0, _) => list,
        _ => format!("{list} and {more} more"),
    }
}

#[cfg(test)]
mod tests;
