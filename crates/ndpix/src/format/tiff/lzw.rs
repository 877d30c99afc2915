//! LZW as TIFF 6 has it: codes of 9 to 12 bits, most significant bit first.
//!
//! Every string of the table was written before, and its next byte follows it in the output; so
//! the table holds places in the output and strings are copied whole. That is faster than
//! general decoders, which walk chains of bytes. Reversed codes of older files are left to `weezl`.

use crate::error::{Error, Result};

const CLEAR: usize = 256;
const END: usize = 257;
const CODES: usize = 4096;

/// Where the string of each code begins in the output, and its length.
pub(super) struct Table {
    start: Box<[u32; CODES]>,
    len: Box<[u16; CODES]>,
}

impl Table {
    pub(super) fn new() -> Self {
        Self { start: Box::new([0; CODES]), len: Box::new([0; CODES]) }
    }

    /// Decodes `bytes` until `out` is full or they end; gives the bytes written.
    pub(super) fn decode(&mut self, bytes: &[u8], out: &mut [u8]) -> Result<usize> {
        if u32::try_from(out.len()).is_err() {
            return Err(Error::limit("a strip or tile of the TIFF is too large"));
        }
        let (mut held, mut valid, mut from) = (0u64, 0usize, 0usize);
        let (mut next, mut width) = (END + 1, 9);
        let mut last: Option<(usize, usize)> = None;
        let mut to = 0;
        while to < out.len() {
            if valid < width {
                if let Some(eight) = bytes.get(from..).and_then(|rest| rest.first_chunk::<8>()) {
                    held |= u64::from_be_bytes(*eight) >> valid;
                    from += (63 - valid) / 8;
                    valid += (63 - valid) / 8 * 8;
                } else {
                    while let (true, Some(&byte)) = (valid <= 56, bytes.get(from)) {
                        held |= u64::from(byte) << (56 - valid);
                        (valid, from) = (valid + 8, from + 1);
                    }
                    if valid < width {
                        break;
                    }
                }
            }
            let code = (held >> (64 - width)) as usize;
            held <<= width;
            valid -= width;
            if code == CLEAR {
                (next, width, last) = (END + 1, 9, None);
                continue;
            }
            if code == END {
                break;
            }
            // The string before this one and the byte that follows it make a new one.
            if let Some((start, len)) = last.filter(|_| next < CODES) {
                self.start[next] = start as u32;
                self.len[next] = (len + 1) as u16;
                next += 1;
                if next == (1 << width) - 1 && width < 12 {
                    width += 1;
                }
            }
            let len = if code < CLEAR {
                out[to] = code as u8;
                1
            } else if code < next {
                let (start, len) = (self.start[code] as usize, usize::from(self.len[code]));
                copy(out, start, to, len);
                len
            } else {
                return Err(Error::image("LZW data in the TIFF is damaged"));
            };
            last = Some((to, len));
            to += len;
        }
        Ok(to.min(out.len()))
    }
}

/// Copies `len` bytes from `start` to `to`, as far as there is room. The newest string ends with
/// the first byte of its own copy.
#[inline]
fn copy(out: &mut [u8], start: usize, to: usize, len: usize) {
    const FEW: usize = 16;
    if len <= FEW && to + FEW <= out.len() {
        // Most strings are short; a copy of fixed size is cheaper, and what is too much is
        // overwritten by the next.
        let mut few = [0; FEW];
        few.copy_from_slice(&out[start..start + FEW]);
        out[to..to + FEW].copy_from_slice(&few);
    } else {
        let len = len.min(out.len() - to);
        out.copy_within(start..start + len, to);
    }
    if start + len > to
        && let Some(end) = out.get(to + len - 1).map(|_| to + len - 1)
    {
        out[end] = out[start];
    }
}

#[cfg(test)]
mod tests {
    use weezl::BitOrder;

    use super::*;

    #[test]
    fn agrees_with_another_encoder_and_stops_anywhere() {
        let mut state = 1u32;
        let mut noise = || {
            state = state.wrapping_mul(1_664_525).wrapping_add(1_013_904_223);
            (state >> 24) as u8
        };
        let inputs: [Vec<u8>; 4] = [
            vec![7; 30_000],
            (0..20_000).map(|_| noise()).collect(),
            (0..20_000).map(|i| if i % 100 < 60 { 3 } else { noise() & 1 }).collect(),
            b"abababababababababab".to_vec(),
        ];
        let mut table = Table::new();
        for input in inputs {
            let packed = weezl::encode::Encoder::with_tiff_size_switch(BitOrder::Msb, 8)
                .encode(&input)
                .expect("encodes");
            for len in [input.len(), input.len() / 2, 1] {
                let mut out = vec![0; len];
                assert_eq!(table.decode(&packed, &mut out).ok(), Some(len));
                assert!(out == input[..len]);
            }
            let mut out = vec![0; input.len() + 40];
            assert_eq!(table.decode(&packed, &mut out).ok(), Some(input.len()));
            let cut = table.decode(&packed[..packed.len() / 2], &mut out);
            assert!(cut.is_ok_and(|n| n < input.len() && out[..n] == input[..n]));
        }
    }

    #[test]
    fn unknown_codes_are_damage() {
        assert!(Table::new().decode(&[0xFF; 8], &mut [0; 8]).is_err());
    }
}
