//! What a scan found: values, the objects around them, and what stands beside them.

use std::ops::Deref;

/// A value that was found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Hit {
    /// Which pointer of the query led here.
    pub(crate) pointer: u8,
    /// The number of the innermost object around the value: siblings share it. 0 is none.
    pub(crate) object: usize,
    /// Which values the wild steps of its pointer took: [`Hits::taken`].
    pub(crate) bound: usize,
    /// The value's text is `record[start..end]`, without surrounding white space.
    pub(crate) start: usize,
    /// See `start`.
    pub(crate) end: usize,
}

/// A member whose key the query names.
#[derive(Debug, Clone, Copy)]
struct Sibling {
    name: u8,
    start: usize,
    end: usize,
    /// The one before it in the same object, as in [`Hits::objects`].
    before: usize,
}

/// A pointer on its way: it wants something of the value that it was put on the stack for.
#[derive(Debug, Clone, Copy)]
pub(super) struct State {
    pub(super) pointer: u8,
    /// The step that comes next.
    pub(super) step: u8,
    /// Whether it went on into a member before.
    pub(super) seen: bool,
    pub(super) bound: usize,
}

/// A member that some pointer went into: its key with quotes, and the hits in it.
#[derive(Debug, Clone, Copy)]
pub(super) struct Member {
    pub(super) key: (usize, usize),
    pub(super) first: usize,
    pub(super) last: usize,
}

/// What a scan found, in the order in which the values begin; used again from record to record.
#[derive(Debug, Default)]
pub(crate) struct Hits {
    pub(super) list: Vec<Hit>,
    hidden: Vec<Hit>,
    /// Of each object on the way to wanted values the last sibling that was noted, as its place in the
    /// list and 1 more, and the object around it. The first is not an object.
    objects: Vec<(usize, usize)>,
    siblings: Vec<Sibling>,
    /// What each wild step took: the place in this list of what the one before took, and where the
    /// value begins. The first is none.
    bound: Vec<(usize, usize)>,
    /// What is looked up, by pointer and object, each with its place in the list.
    asides: Vec<(u8, usize, usize)>,
    /// How many strings there were that are values.
    pub(super) strings: usize,
    pub(super) states: Vec<State>,
    pub(super) members: Vec<Member>,
}

impl Deref for Hits {
    type Target = [Hit];

    fn deref(&self) -> &[Hit] {
        &self.list
    }
}

impl Hits {
    pub(super) fn clear(&mut self) {
        self.list.clear();
        self.hidden.clear();
        self.objects.clear();
        self.objects.push((0, 0));
        self.siblings.clear();
        self.bound.clear();
        self.bound.push((0, 0));
        self.asides.clear();
        self.strings = 0;
        self.states.clear();
        self.members.clear();
    }

    /// Makes the values of these pointers ready for [`Hits::beside`].
    pub(super) fn set_aside(&mut self, is_aside: impl Fn(u8) -> bool) {
        let places = self.list.iter().enumerate().filter(|(_, hit)| is_aside(hit.pointer));
        self.asides.extend(places.map(|(place, hit)| (hit.pointer, hit.object, place)));
        self.asides.sort_unstable();
    }

    /// The value of a pointer of [`super::Query::add_aside`] that stands in this object; where none does, one
    /// that stands elsewhere.
    pub(crate) fn beside(&self, pointer: u8, object: usize) -> Option<&Hit> {
        let after = self.asides.partition_point(|a| (a.0, a.1) <= (pointer, object));
        let here = after.checked_sub(1).map(|at| self.asides[at]);
        let found = match here {
            Some(here) if (here.0, here.1) == (pointer, object) => here,
            _ => {
                let end = self.asides.partition_point(|a| a.0 <= pointer);
                let last = end.checked_sub(1).map(|at| self.asides[at])?;
                (last.0 == pointer).then_some(last)?
            }
        };
        self.list.get(found.2)
    }

    /// How many strings the record holds, but for keys and what stands in lists that were passed.
    pub(crate) fn strings(&self) -> usize {
        self.strings
    }

    /// What would have been found but for a later member with the same key.
    pub(crate) fn hidden(&self) -> &[Hit] {
        &self.hidden
    }

    /// The members of an object that have a name of [`super::Query::note_siblings`]: the number of the name,
    /// and where the value stands. The last comes first.
    pub(crate) fn siblings(&self, object: usize) -> impl Iterator<Item = (usize, usize, usize)> {
        let mut next = self.objects.get(object).map_or(0, |object| object.0);
        std::iter::from_fn(move || {
            let sibling = self.siblings.get(next.checked_sub(1)?)?;
            next = sibling.before;
            Some((usize::from(sibling.name), sibling.start, sibling.end))
        })
    }

    /// Where the value begins that the wild step number `wild` took that led to a hit, counted from 1, of the
    /// `all` that its pointer has.
    pub(crate) fn taken(&self, bound: usize, wild: usize, all: usize) -> usize {
        let mut at = bound;
        for _ in wild..all {
            at = self.bound[at].0;
        }
        self.bound[at].1
    }

    /// An object and those around it, outwards. Each is one of those that siblings are noted of.
    pub(crate) fn outwards(&self, object: usize) -> impl Iterator<Item = usize> {
        std::iter::successors(Some(object), |&object| self.objects.get(object).map(|o| o.1))
            .take_while(|&object| object > 0)
    }

    /// Notes an object that begins inside another, and gives its number.
    pub(super) fn open(&mut self, around: usize) -> usize {
        self.objects.push((0, around));
        self.objects.len() - 1
    }

    /// Notes a sibling; of several with the same name the last counts.
    pub(super) fn note(&mut self, object: usize, name: u8, start: usize, end: usize) {
        let mut at = self.objects[object].0;
        while at > 0 {
            let sibling = &mut self.siblings[at - 1];
            if sibling.name == name {
                (sibling.start, sibling.end) = (start, end);
                return;
            }
            at = sibling.before;
        }
        let before = self.objects[object].0;
        self.siblings.push(Sibling { name, start, end, before });
        self.objects[object].0 = self.siblings.len();
    }

    /// Notes that a wild step took the value at `start`.
    pub(super) fn bind(&mut self, before: usize, start: usize) -> usize {
        self.bound.push((before, start));
        self.bound.len() - 1
    }

    /// Hides the hits in these parts of the list, which are in order.
    pub(super) fn hide(&mut self, parts: &[(usize, usize)]) {
        let Some(&(first, _)) = parts.first() else { return };
        let mut to = first;
        let mut parts = parts.iter().peekable();
        for at in first..self.list.len() {
            while parts.next_if(|part| part.1 <= at).is_some() {}
            match parts.peek() {
                Some(part) if part.0 <= at => self.hidden.push(self.list[at]),
                _ => {
                    self.list[to] = self.list[at];
                    to += 1;
                }
            }
        }
        self.list.truncate(to);
    }
}
