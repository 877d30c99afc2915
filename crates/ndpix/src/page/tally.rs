//! What a page counts of records and images: as much memory for a million of them as for a hundred.

use std::collections::BTreeMap;

use super::course::Course;
use super::sheet::{Sheet, Tile};
use super::thumb::{Lie, thumb};
use crate::control::{Picture, Seen, Sight};
use crate::error::{Error, ErrorKind};
use crate::format::Color;

/// The longer side of a picture on the contact sheet.
const SIDE: usize = 96;
/// Examples of each kind of reject, and the bytes of a record that are shown.
const EXAMPLES: usize = 3;
const HEAD: usize = 200;
/// Sizes that are told apart.
const SIZES: usize = 512;

/// What was seen of records and images.
#[derive(Debug, Default)]
pub(super) struct Tally {
    pub(super) records: u64,
    pub(super) missing: u64,
    pub(super) images: u64,
    /// Records by the power of two that their bytes are under.
    pub(super) lengths: BTreeMap<u32, u64>,
    /// Images by height and width, as long as there are few of these.
    pub(super) sizes: BTreeMap<(usize, usize), u64>,
    /// Images by the power of two that the longer side is not over.
    pub(super) sides: BTreeMap<u32, u64>,
    /// Images by the class of their aspect.
    pub(super) aspects: [u64; ASPECTS.len()],
    pub(super) modes: BTreeMap<(Color, &'static str), u64>,
    pub(super) orientations: BTreeMap<u8, u64>,
    pub(super) formats: BTreeMap<&'static str, u64>,
    pub(super) rejects: BTreeMap<ErrorKind, Rejected>,
    /// Where rejects lie.
    pub(super) course: Course,
    pub(super) sheet: Sheet,
    last: Option<u64>,
}

/// Classes of aspects: the width of 100 of height that each ends before, and what it is called.
pub(super) const ASPECTS: [(u128, &str); 7] = [
    (50, "narrower than 1:2"),
    (75, "1:2 to 3:4"),
    (98, "3:4 to 1:1"),
    (103, "square"),
    (134, "1:1 to 4:3"),
    (200, "4:3 to 2:1"),
    (u128::MAX, "2:1 and wider"),
];

/// Rejects of a kind.
#[derive(Debug, Default)]
pub(super) struct Rejected {
    pub(super) count: u64,
    pub(super) first: Vec<Example>,
}

/// One of them.
#[derive(Debug)]
pub(super) struct Example {
    /// With its position.
    pub(super) said: String,
    /// How the record begins.
    pub(super) head: String,
    /// Bytes of the record beyond that.
    pub(super) more: usize,
}

impl Tally {
    /// For about so many images.
    pub(super) fn expecting(images: u64) -> Self {
        Self { sheet: Sheet::expecting(images), ..Self::default() }
    }

    pub(super) fn see(&mut self, sight: &Sight<'_>, lie: Lie) {
        if self.last.replace(sight.record) != Some(sight.record) {
            self.records += 1;
            // A commit has the text of rejects alone.
            if !sight.text.is_empty() {
                *self.lengths.entry(sight.text.len().max(1).ilog2()).or_default() += 1;
            }
        }
        match &sight.seen {
            Seen::Missing => self.missing += 1,
            Seen::Rejected(error) => self.reject(error, sight.text),
            Seen::Image(picture) => self.image(picture, sight, lie),
        }
        let is_reject = matches!(sight.seen, Seen::Rejected(_));
        self.course.pass(sight.record, is_reject, &sight.position);
    }

    fn reject(&mut self, error: &Error, text: &[u8]) {
        let kind = self.rejects.entry(error.kind()).or_default();
        kind.count += 1;
        if kind.first.len() < EXAMPLES {
            let head = &text[..text.len().min(HEAD)];
            kind.first.push(Example {
                said: error.to_string(),
                head: String::from_utf8_lossy(head).into_owned(),
                more: text.len() - head.len(),
            });
        }
    }

    fn image(&mut self, picture: &Picture<'_>, sight: &Sight<'_>, lie: Lie) {
        self.images += 1;
        if let [height, width, ..] = picture.stored[..] {
            let longer = height.max(width).max(1);
            *self.sides.entry(usize::BITS - (longer - 1).leading_zeros()).or_default() += 1;
            let known = self.sizes.len() < SIZES || self.sizes.contains_key(&(height, width));
            if known {
                *self.sizes.entry((height, width)).or_default() += 1;
            }
            let ratio = width as u128 * 100 / height.max(1) as u128;
            let class = ASPECTS.iter().position(|class| ratio < class.0).unwrap_or_default();
            self.aspects[class] += 1;
        }
        *self.modes.entry((picture.color, picture.dtype.name())).or_default() += 1;
        *self.orientations.entry(picture.orientation).or_default() += 1;
        let format = picture.format.map_or("pixels", |format| format.name());
        *self.formats.entry(format).or_default() += 1;
        let number = self.images - 1;
        if !self.sheet.wants(number) {
            return;
        }
        let Picture { shape, dtype, color, pixels, .. } = picture;
        if let Some(thumb) = thumb(shape, *dtype, *color, lie, pixels, SIDE) {
            self.sheet.put(Tile {
                number,
                row: sight.row,
                file: sight.position.file.to_string(),
                line: sight.position.line,
                item: sight.position.item,
                said: match picture.stored == *shape {
                    true => format!("{shape} {dtype}"),
                    false => format!("{shape} {dtype}, stored as {}", picture.stored),
                },
                thumb,
            });
        }
    }

    /// Whether the size of every image is among [`Tally::sizes`].
    pub(super) fn knows_sizes(&self) -> bool {
        self.sizes.values().sum::<u64>() == self.sides.values().sum::<u64>()
    }
}
