//! Choices that an input makes: its first bytes say which options it is tried with, and stay what they are
//! while the text behind them changes.

pub(super) struct Choices<'a> {
    bytes: &'a [u8],
}

impl<'a> Choices<'a> {
    /// So many choices, and what comes behind them.
    pub(super) fn of(input: &'a [u8], count: usize) -> (Self, &'a [u8]) {
        let (bytes, text) = input.split_at(count.min(input.len()));
        (Self { bytes }, text)
    }

    /// A number below `end`; 0 where no bytes are left.
    pub(super) fn below(&mut self, end: usize) -> usize {
        let (first, rest) = self.bytes.split_first().unwrap_or((&0, &[]));
        self.bytes = rest;
        usize::from(*first) % end
    }

    /// Whether the next number says so, once in `times`.
    pub(super) fn once_in(&mut self, times: usize) -> bool {
        self.below(times) == times - 1
    }
}
