//! A leaf: copies text and leaves single bytes of it out, at memory speed.
//!
//! Used for what writers scatter through base64: a backslash before every slash (pandas, PHP,
//! Jackson), line ends and white space. Takes slices and knows nothing of JSON or base64.

#[cfg(target_arch = "x86_64")]
mod ssse3;

/// What is left out.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Leave {
    /// Backslashes that stand before a slash. Any other backslash ends the copy.
    SlashEscapes,
    /// Spaces, tabs and line ends. Any other control character ends the copy.
    Space,
    /// Backslashes that stand before a slash, and `\n`, `\r` and `\t`, each two characters of text.
    /// Any other backslash ends the copy.
    Escapes,
}

impl Leave {
    /// Whether the first byte of `rest`, after `before`, is left out; `None` where it ends the copy.
    fn leaves(self, before: Option<u8>, rest: &[u8]) -> Option<bool> {
        match (self, *rest.first()?) {
            (Self::SlashEscapes, b'\\') => (rest.get(1) == Some(&b'/')).then_some(true),
            (Self::Escapes, b'\\') => {
                matches!(rest.get(1), Some(b'/' | b'n' | b'r' | b't')).then_some(true)
            }
            (Self::Escapes, b'n' | b'r' | b't') => Some(before == Some(b'\\')),
            (Self::Space, b' ' | b'\t' | b'\n' | b'\r' | 0x0B | 0x0C) => Some(true),
            (Self::Space, 0..b' ') => None,
            _ => Some(false),
        }
    }

    /// How many bytes at the beginning of `rest` are kept whatever they are, if none of them stands behind a backslash.
    fn keeps(self, rest: &[u8]) -> usize {
        if self != Self::Space {
            return memchr::memchr(b'\\', rest).unwrap_or(rest.len());
        }
        let is_kept = |byte: &u8| *byte > b' ';
        // The compiler makes one comparison of it, on any machine.
        let all = |bytes: &&[u8; 16]| bytes.iter().fold(true, |all, byte| all & is_kept(byte));
        let whole = 16 * rest.as_chunks().0.iter().take_while(all).count();
        whole + rest[whole..].iter().take_while(|byte| is_kept(byte)).count()
    }
}

/// Copies the beginning of `text` to that of `out`, which must be at least as long. Gives how many
/// bytes were read, all but where one ends the copy, and how many were written.
pub(crate) fn sieve(leave: Leave, text: &[u8], out: &mut [u8]) -> (usize, usize) {
    #[cfg(target_arch = "x86_64")]
    let (mut read, mut written) = ssse3::sieve(leave, text, out);
    #[cfg(not(target_arch = "x86_64"))]
    let (mut read, mut written) = (0, 0);
    while let Some(&byte) = text.get(read) {
        let before = read.checked_sub(1).map(|i| text[i]);
        match leave.leaves(before, &text[read..]) {
            Some(true) => {}
            Some(false) => {
                out[written] = byte;
                written += 1;
            }
            None => break,
        }
        read += 1;
        // What stands behind a backslash is told by it.
        if byte != b'\\' {
            let run = leave.keeps(&text[read..]);
            out[written..written + run].copy_from_slice(&text[read..read + run]);
            (read, written) = (read + run, written + run);
        }
    }
    (read, written)
}

/// For eight bits: the places of those that are set, from the lowest. With it a byte shuffle moves
/// the chosen of eight bytes together.
#[cfg(target_arch = "x86_64")]
pub(crate) static MOVES: [[u8; 8]; 256] = {
    let mut table = [[0; 8]; 256];
    let mut mask = 0;
    while mask < 256 {
        let (mut bit, mut n) = (0, 0);
        while bit < 8 {
            if mask >> bit & 1 == 1 {
                table[mask][n] = bit as u8;
                n += 1;
            }
            bit += 1;
        }
        mask += 1;
    }
    table
};

#[cfg(test)]
mod tests {
    use super::*;

    /// As [`sieve`], one byte after the other.
    fn plain(leave: Leave, text: &[u8]) -> (usize, Vec<u8>) {
        let mut out = Vec::new();
        for (i, &byte) in text.iter().enumerate() {
            let before = i.checked_sub(1).map(|i| text[i]);
            match leave.leaves(before, &text[i..]) {
                Some(true) => {}
                Some(false) => out.push(byte),
                None => return (i, out),
            }
        }
        (text.len(), out)
    }

    #[test]
    fn is_what_one_byte_after_the_other_gives() {
        let mut state = 7u32;
        let mut random = move |n: u32| {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 8) % n
        };
        for round in 0..if cfg!(miri) { 20 } else { 3000 } {
            let mut text = Vec::new();
            let length = random(300) as usize;
            while text.len() < length {
                match random(12 + round % 40) {
                    0 => text.extend(b"\\/"),
                    1 => text.extend(b"\r\n"),
                    2 => text.push(b' '),
                    3 => text.push(b'/'),
                    4 if random(20) == 0 => text.extend(b"\\u00"),
                    6 if random(3) == 0 => {
                        text.extend([b"\\n", b"\\r", b"\\t"][random(3) as usize])
                    }
                    7 => text.push(b'n'),
                    5 if random(20) == 0 => text.push(1),
                    _ => text.push(b'a' + random(26) as u8),
                }
            }
            for leave in [Leave::SlashEscapes, Leave::Space, Leave::Escapes] {
                let mut out = vec![0; text.len()];
                let (read, written) = sieve(leave, &text, &mut out);
                let shown = String::from_utf8_lossy(&text);
                assert_eq!((read, out[..written].to_vec()), plain(leave, &text), "{shown:?}");
            }
        }
    }
}
