//! Tables read again, from bytes that may be anything: what gives `None` is no such table.

/// A table, or what else stands at a place of a buffer.
#[derive(Clone, Copy)]
pub(crate) struct Spot<'b> {
    all: &'b [u8],
    at: usize,
}

impl<'b> Spot<'b> {
    /// The root of a buffer.
    pub(crate) fn root(all: &'b [u8]) -> Option<Self> {
        Self { all, at: 0 }.refer(0)
    }

    fn long(self, from: usize) -> Option<usize> {
        let bytes = self.all.get(self.at.checked_add(from)?..)?.first_chunk()?;
        usize::try_from(u32::from_le_bytes(*bytes)).ok()
    }

    /// What the number at a distance from here refers to.
    fn refer(self, from: usize) -> Option<Self> {
        let place = self.at.checked_add(from)?;
        Some(Self { at: place.checked_add(self.long(from)?)?, ..self })
    }

    /// What the slot of a table refers to.
    pub(crate) fn slot(self, number: usize) -> Option<Self> {
        let places = self.at.checked_sub(self.long(0)?)?;
        let place = |at: usize| {
            let bytes = self.all.get(places.checked_add(at)?..)?.first_chunk()?;
            Some(usize::from(u16::from_le_bytes(*bytes)))
        };
        let at = 4 + 2 * number;
        let place = if at < place(0)? { place(at)? } else { 0 };
        if place == 0 { None } else { self.refer(place) }
    }

    /// An element of a vector of tables or texts.
    pub(crate) fn element(self, number: usize) -> Option<Self> {
        if number < self.long(0)? { self.refer(4 + 4 * number) } else { None }
    }

    /// The text that stands here.
    pub(crate) fn text(self) -> Option<&'b str> {
        let from = self.at.checked_add(4)?;
        let text = self.all.get(from..from.checked_add(self.long(0)?)?)?;
        std::str::from_utf8(text).ok()
    }
}
