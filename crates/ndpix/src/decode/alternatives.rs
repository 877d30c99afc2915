//! Which of several places the image of a record is read from: the first that is there, in the order in
//! which they are written.
//!
//! Two places that go through the same list are chosen between for each of its elements, others for
//! the whole record.

use super::item::Item;
use crate::plan::Place;
use crate::record::scan::Hits;

/// How the places of a plan exclude each other.
#[derive(Default)]
pub(super) struct Alternatives {
    /// Of each pair of places, how many wild steps they share; empty where there is one place.
    shared: Vec<Vec<usize>>,
    /// How many wild steps each place has.
    wild: Vec<usize>,
    /// What is taken by a place: its number, the number of wild steps, the value that they lead to.
    taken: Vec<(usize, usize, usize)>,
}

impl Alternatives {
    pub(super) fn new(places: &[Place]) -> Self {
        if places.len() < 2 {
            return Self::default();
        }
        let shared = |a: &Place| places.iter().map(|b| a.field.shared_wild(&b.field)).collect();
        Self {
            shared: places.iter().map(shared).collect(),
            wild: places.iter().map(|a| a.field.shared_wild(&a.field)).collect(),
            taken: Vec::new(),
        }
    }

    /// Leaves of the images of a record those that no earlier place has an image for. An empty string
    /// is none.
    pub(super) fn choose(&mut self, record: &[u8], hits: &Hits, items: &mut Vec<Item>) {
        if self.shared.is_empty() {
            return;
        }
        let Self { shared, wild, taken } = self;
        items.retain(|item| &record[item.start..item.end] != b"\"\"");
        let origin = |item: &Item, steps: usize| match steps {
            0 => 0,
            _ => hits.taken(item.bound, steps, wild[item.place]),
        };
        taken.clear();
        for item in items.iter() {
            for steps in &shared[item.place][item.place + 1..] {
                taken.push((item.place, *steps, origin(item, *steps)));
            }
        }
        taken.sort_unstable();
        taken.dedup();
        items.retain(|item| {
            let before = shared[item.place][..item.place].iter().enumerate();
            !before.into_iter().any(|(place, steps)| {
                taken.binary_search(&(place, *steps, origin(item, *steps))).is_ok()
            })
        });
    }
}
