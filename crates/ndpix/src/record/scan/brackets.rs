//! How long a list is, by its brackets alone.

#![allow(unsafe_code, reason = "calls a function of an instruction set that was asked for")]

const CHUNK: usize = 64;

/// The length of the array that `text` begins with, and whether it is ASCII; `None` where the brackets do
/// not match. Brackets in strings are taken for brackets.
pub(super) fn brackets(text: &[u8]) -> Option<(usize, bool)> {
    #[cfg(target_arch = "x86_64")]
    if is_x86_feature_detected!("avx2") {
        // SAFETY: the feature that `with_avx2` is compiled for was found on this processor.
        return unsafe { with_avx2(text) };
    }
    plain(text)
}

/// As [`plain`], in half of the instructions.
#[cfg(target_arch = "x86_64")]
#[target_feature(enable = "avx2")]
fn with_avx2(text: &[u8]) -> Option<(usize, bool)> {
    plain(text)
}

#[inline(always)]
fn plain(text: &[u8]) -> Option<(usize, bool)> {
    let (mut depth, mut seen) = (0, 0);
    let (chunks, rest) = text.as_chunks::<CHUNK>();
    for (i, chunk) in chunks.iter().enumerate() {
        // Sums of bytes over a whole chunk become vector instructions.
        let count = |bracket| chunk.iter().map(|&b| u8::from(b == bracket)).sum::<u8>() as usize;
        let (opened, closed) = (count(b'['), count(b']'));
        if closed < depth {
            depth = depth + opened - closed;
        } else if let Some(end) = close(chunk, &mut depth) {
            return Some((CHUNK * i + end, seen < 0x80 && chunk[..end].is_ascii()));
        }
        seen |= chunk.iter().fold(0, |all, byte| all | byte);
    }
    let end = close(rest, &mut depth)?;
    Some((text.len() - rest.len() + end, seen < 0x80 && rest[..end].is_ascii()))
}

/// Where the bracket ends that closes the outermost of `depth` open arrays.
fn close(text: &[u8], depth: &mut usize) -> Option<usize> {
    for (at, &byte) in text.iter().enumerate() {
        match byte {
            b'[' => *depth += 1,
            b']' if *depth == 1 => return Some(at + 1),
            b']' => *depth -= 1,
            _ => {}
        }
    }
    None
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_end_of_a_list_of_any_length() {
        for n in (0..200).step_by(if cfg!(miri) { 37 } else { 1 }) {
            for (text, ascii) in [
                (format!("[{}]", "1".repeat(n)), true),
                (format!("[[{}],[1,2]]", "1 ".repeat(n)), true),
                (format!("[[{}],[\u{e9}]]", "1".repeat(n)), false),
                (format!("[[\u{e9}{}],[2]]", " ".repeat(n)), false),
                (format!("{}{}", "[".repeat(n + 1), "]".repeat(n + 1)), true),
            ] {
                let longer = format!("{text}, \"\u{e9}]\"]");
                assert_eq!(brackets(longer.as_bytes()), Some((text.len(), ascii)), "{longer}");
                assert_eq!(plain(longer.as_bytes()), Some((text.len(), ascii)), "{longer}");
                assert_eq!(brackets(&text.as_bytes()[..text.len() - 1]), None, "{text}");
            }
        }
    }
}
