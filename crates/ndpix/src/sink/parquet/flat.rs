//! FlatBuffers, in which Arrow writes its schemas: tables of which the type is known beforehand.

pub(super) mod read;

/// What stands in a slot of a table or vector.
pub(super) enum Flat {
    Byte(u8),
    Short(i16),
    Int(i32),
    Long(i64),
    Text(String),
    /// Slots by their numbers.
    Table(Vec<(usize, Flat)>),
    /// Of texts or tables.
    Vector(Vec<Flat>),
}

impl Flat {
    /// Bytes of it in its slot: an offset where it stands elsewhere.
    fn size(&self) -> usize {
        match self {
            Self::Byte(_) => 1,
            Self::Short(_) => 2,
            Self::Long(_) => 8,
            _ => 4,
        }
    }
}

/// A buffer whose root is this table.
pub(super) fn buffer(root: &Flat) -> Vec<u8> {
    let mut out = vec![0; 4];
    let at = put(&mut out, root);
    set(&mut out, 0, &(at as u32).to_le_bytes());
    out
}

fn set(out: &mut [u8], at: usize, bytes: &[u8]) {
    out[at..at + bytes.len()].copy_from_slice(bytes);
}

fn pad(out: &mut Vec<u8>, to: usize) {
    out.resize(out.len().next_multiple_of(to), 0);
}

/// Appends something that has an offset, and gives its place. What it refers to stands after it.
fn put(out: &mut Vec<u8>, node: &Flat) -> usize {
    match node {
        Flat::Text(text) => {
            pad(out, 4);
            let at = out.len();
            out.extend_from_slice(&(text.len() as u32).to_le_bytes());
            out.extend_from_slice(text.as_bytes());
            out.push(0);
            at
        }
        Flat::Vector(elements) => {
            pad(out, 4);
            let at = out.len();
            out.extend_from_slice(&(elements.len() as u32).to_le_bytes());
            out.resize(at + 4 + 4 * elements.len(), 0);
            for (i, element) in elements.iter().enumerate() {
                refer(out, at + 4 + 4 * i, element);
            }
            at
        }
        Flat::Table(slots) => table(out, slots),
        Flat::Byte(_) | Flat::Short(_) | Flat::Int(_) | Flat::Long(_) => out.len(),
    }
}

/// Appends a node, and at `from` its distance from there.
fn refer(out: &mut Vec<u8>, from: usize, node: &Flat) {
    let at = put(out, node);
    set(out, from, &((at - from) as u32).to_le_bytes());
}

fn table(out: &mut Vec<u8>, slots: &[(usize, Flat)]) -> usize {
    let count = slots.iter().map(|slot| slot.0 + 1).max().unwrap_or(0);
    let (mut places, mut len) = (vec![0u16; count], 4);
    for (slot, node) in slots {
        len = usize::next_multiple_of(len, node.size());
        places[*slot] = len as u16;
        len += node.size();
    }
    // The places of the slots stand before the table, and the table on a multiple of 8.
    let head = 4 + 2 * count;
    pad(out, 2);
    while !(out.len() + head).is_multiple_of(8) {
        out.push(0);
    }
    out.extend_from_slice(&(head as u16).to_le_bytes());
    out.extend_from_slice(&(len as u16).to_le_bytes());
    places.iter().for_each(|place| out.extend_from_slice(&place.to_le_bytes()));
    let at = out.len();
    out.resize(at + len, 0);
    set(out, at, &(head as i32).to_le_bytes());
    for (slot, node) in slots {
        let place = at + usize::from(places[*slot]);
        match node {
            Flat::Byte(value) => set(out, place, &[*value]),
            Flat::Short(value) => set(out, place, &value.to_le_bytes()),
            Flat::Int(value) => set(out, place, &value.to_le_bytes()),
            Flat::Long(value) => set(out, place, &value.to_le_bytes()),
            _ => refer(out, place, node),
        }
    }
    at
}
