//! The part of the scan that looks: through the objects and arrays on the way to wanted values.
//!
//! Each pointer is a small automaton (Thompson 1968) whose states are its steps; those that are on
//! their way inside the open values lie on a stack, the innermost on top. A key or element is compared
//! with the states of its parent alone.

use std::borrow::Cow;

use super::brackets::brackets;
use super::hits::{Member, State};
use super::{Hit, Scan};
use crate::error::Result;
use crate::record::pointer::Step;
use crate::record::value;

/// The members by which an element of a list is called something.
const NAMING: [&str; 5] = ["name", "role", "kind", "type", "layer"];

impl<'a> Scan<'a> {
    /// The whole record, of which every pointer wants something.
    pub(super) fn begin(&mut self) -> Result<()> {
        for pointer in 0..self.query.wanted.len() {
            self.enter(0, State { pointer: pointer as u8, step: 0, seen: false, bound: 0 });
        }
        self.walk(0, 0, 0)
    }

    /// The value at `at`, in which the states from `from` on want something; then they are gone. So
    /// many values are open around it, of which `object` is the innermost object.
    fn walk(&mut self, from: usize, depth: usize, object: usize) -> Result<()> {
        let (start, first) = (self.at, self.hits.list.len());
        let (mut deeper, mut list) = (false, self.around);
        for i in from..self.hits.states.len() {
            let state = self.hits.states[i];
            let wanted = &self.query.wanted[usize::from(state.pointer)];
            if usize::from(state.step) < wanted.pointer.steps().len() {
                deeper = true;
                continue;
            }
            list &= wanted.list;
            let (pointer, bound) = (state.pointer, state.bound);
            self.hits.list.push(Hit { pointer, object, bound, start, end: start });
        }
        let found = self.hits.list.len();
        match self.peek() {
            Some(b'[') if !deeper && list && found > first => self.pass(depth)?,
            Some(b'{') if deeper => self.object(from, depth, object)?,
            Some(b'[') if deeper => self.array(from, depth, object)?,
            _ => self.skip(depth)?,
        }
        for hit in &mut self.hits.list[first..found] {
            hit.end = self.at;
        }
        self.hits.states.truncate(from);
        Ok(())
    }

    /// Passes an array by its brackets, if they match.
    fn pass(&mut self, depth: usize) -> Result<()> {
        match brackets(&self.text[self.at..]) {
            Some((length, ascii)) => {
                self.ascii &= ascii;
                self.at += length;
                self.passed += 1;
                Ok(())
            }
            None => self.skip(depth),
        }
    }

    fn object(&mut self, from: usize, depth: usize, around: usize) -> Result<()> {
        self.check_depth(depth)?;
        let object = self.hits.open(around);
        let (states, members) = (self.hits.states.len(), self.hits.members.len());
        let mut again = false;
        self.at += 1;
        self.space();
        let mut ended = self.peek() == Some(b'}');
        while !ended {
            let (start, end, escaped) = self.key()?;
            let (text, mut scratch) = (self.text, Vec::new());
            let key = if escaped {
                value::unescape(&text[start..end], &mut scratch)
            } else {
                &text[start + 1..end - 1]
            };
            again |= self.follow(from, states, |step| step.takes_key(key));
            let (value, first) = (self.at, self.hits.list.len());
            if self.hits.states.len() == states {
                self.skip(depth + 1)?;
            } else {
                self.walk(states, depth + 1, object)?;
                let last = self.hits.list.len();
                self.hits.members.push(Member { key: (start, end), first, last });
            }
            if let Some(name) = self.query.sibling(key) {
                self.hits.note(object, name, value, self.at);
            }
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(b'}') => ended = true,
                _ => return Err(self.unexpected("expected ',' or '}'")),
            }
        }
        self.at += 1;
        if again {
            self.hide(members);
        }
        self.hits.members.truncate(members);
        Ok(())
    }

    fn array(&mut self, from: usize, depth: usize, object: usize) -> Result<()> {
        self.check_depth(depth)?;
        let states = self.hits.states.len();
        self.at += 1;
        self.space();
        if self.peek() == Some(b']') {
            self.at += 1;
            return Ok(());
        }
        for index in 0.. {
            let (element, mut called) = (&self.text[self.at..], None);
            self.follow(from, states, |step| match step {
                Step::Named(name) => called
                    .get_or_insert_with(|| names(element))
                    .iter()
                    .any(|c| *c == name.as_bytes()),
                step => step.takes_index(index),
            });
            if self.hits.states.len() == states {
                self.skip(depth + 1)?
            } else {
                self.walk(states, depth + 1, object)?
            }
            self.space();
            match self.peek() {
                Some(b',') => {
                    self.at += 1;
                    self.space();
                }
                Some(b']') => {
                    self.at += 1;
                    break;
                }
                _ => return Err(self.unexpected("expected ',' or ']'")),
            }
        }
        Ok(())
    }

    /// Puts those of the states from `from` on that go on into the value at `at` on the stack, which is
    /// `to` high. Whether a state went on that did so before in the same parent.
    fn follow(&mut self, from: usize, to: usize, mut takes: impl FnMut(&Step) -> bool) -> bool {
        let query = self.query;
        let mut again = false;
        for i in from..to {
            let state = self.hits.states[i];
            let steps = query.wanted[usize::from(state.pointer)].pointer.steps();
            match steps.get(usize::from(state.step)) {
                Some(Step::Deep) => self.enter(to, state),
                Some(step) if takes(step) => {
                    let bound = if step.is_wild() {
                        self.hits.bind(state.bound, self.at)
                    } else {
                        state.bound
                    };
                    self.enter(to, State { step: state.step + 1, bound, ..state });
                }
                _ => continue,
            }
            again |= state.seen;
            self.hits.states[i].seen = true;
        }
        again
    }

    /// Puts a state of the value at `at` on the stack, above `to`.
    #[inline]
    fn enter(&mut self, to: usize, state: State) {
        if self.query.wanted[usize::from(state.pointer)].deep {
            self.enter_deep(to, state);
        } else {
            self.hits.states.push(State { seen: false, ..state });
        }
    }

    /// As [`Scan::enter`], of a pointer that goes to any depth: also what comes after that.
    fn enter_deep(&mut self, to: usize, state: State) {
        let wanted = &self.query.wanted[usize::from(state.pointer)];
        let same = |s: &State| (s.pointer, s.step) == (state.pointer, state.step);
        if self.hits.states[to..].iter().any(same) {
            return;
        }
        self.hits.states.push(State { seen: false, ..state });
        if wanted.pointer.steps().get(usize::from(state.step)) == Some(&Step::Deep) {
            let bound = self.hits.bind(state.bound, self.at);
            self.enter_deep(to, State { step: state.step + 1, bound, ..state });
        }
    }

    /// Hides what was found in members of an object that has a later member with the same key.
    fn hide(&mut self, from: usize) {
        let text = self.text;
        let key = |member: &Member| -> Cow<'a, [u8]> {
            let quoted = &text[member.key.0..member.key.1];
            if quoted.contains(&b'\\') {
                Cow::Owned(value::unescape(quoted, &mut Vec::new()).to_vec())
            } else {
                Cow::Borrowed(&quoted[1..quoted.len() - 1])
            }
        };
        let members = &self.hits.members[from..];
        let mut keys: Vec<(Cow<'a, [u8]>, usize)> =
            members.iter().enumerate().map(|(number, member)| (key(member), number)).collect();
        keys.sort_unstable();
        let hidden = keys.windows(2).filter(|pair| pair[0].0 == pair[1].0);
        let mut hidden: Vec<(usize, usize)> =
            hidden.map(|pair| (members[pair[0].1].first, members[pair[0].1].last)).collect();
        hidden.sort_unstable();
        self.hits.hide(&hidden);
    }
}

/// What the element that `text` begins with is called.
fn names(text: &[u8]) -> Vec<Cow<'_, [u8]>> {
    let mut names: Vec<(&str, Cow<'_, [u8]>)> = Vec::new();
    let mut scratch = Vec::new();
    for (key, text) in value::entries(text) {
        let key = value::unescape_inner(key, &mut scratch);
        let Some(naming) = NAMING.into_iter().find(|naming| naming.as_bytes() == key) else {
            continue;
        };
        names.retain(|(before, _)| *before != naming);
        if value::kind(text) == value::Kind::String {
            let name = if text.contains(&b'\\') {
                Cow::Owned(value::unescape(text, &mut Vec::new()).to_vec())
            } else {
                Cow::Borrowed(&text[1..text.len() - 1])
            };
            names.push((naming, name));
        }
    }
    names.into_iter().map(|(_, name)| name).collect()
}
