//! The index of chunks: a version 1 B-tree, which every HDF5 reads. The chunks are known in order, so
//! its nodes are filled from left to right, one level after the other; in memory are those above the leaves.

use super::message::NOWHERE;
use super::pen::Pen;
use crate::error::Result;

/// Children of a node: twice the rank of such trees in a file that names no other (H5F_ISTORE_K, 32).
pub(super) const CHILDREN: usize = 64;

/// A chunk, or a node of chunks: what its first one is, and where it stands.
#[derive(Clone, Copy)]
struct Child {
    /// Bytes of the chunk.
    len: u32,
    /// Its first row.
    row: u64,
    address: u64,
}

/// Writes the index of chunks of `rows` rows that stand one after another from `address` on; where it is.
/// `rank` counts the axes of the array.
pub(super) fn write(
    pen: &mut Pen,
    rank: usize,
    rows: u64,
    mut address: u64,
    lengths: impl Iterator<Item = Result<u32>>,
) -> Result<u64> {
    let mut end = 0;
    let chunks = lengths.map(|len| {
        let chunk = Child { len: len?, row: end, address };
        end += rows;
        address += u64::from(chunk.len);
        Ok(chunk)
    });
    let mut nodes = level(pen, rank, 0, rows, chunks)?;
    for number in 1.. {
        match nodes[..] {
            [] => return Ok(NOWHERE),
            [root] => return Ok(root.address),
            _ => nodes = level(pen, rank, number, end, nodes.into_iter().map(Ok))?,
        }
    }
    Ok(NOWHERE)
}

/// Writes the nodes above `children`; `step` rows are after the last of them.
fn level(
    pen: &mut Pen,
    rank: usize,
    number: u8,
    step: u64,
    children: impl Iterator<Item = Result<Child>>,
) -> Result<Vec<Child>> {
    let key = 8 + 8 * (rank + 1);
    let size = 24 + CHILDREN * 8 + (CHILDREN + 1) * key;
    let mut children = children.peekable();
    let mut nodes: Vec<Child> = Vec::new();
    while children.peek().is_some() {
        let address = pen.align()?;
        let some = children.by_ref().take(CHILDREN).collect::<Result<Vec<_>>>()?;
        let (first, last) = (some[0], some[some.len() - 1]);
        let left = nodes.last().map_or(NOWHERE, |node| node.address);
        let right = children.peek().map_or(NOWHERE, |_| address + size as u64);
        let mut node = [b"TREE\x01", &[number][..], &(some.len() as u16).to_le_bytes()].concat();
        node.extend(left.to_le_bytes());
        node.extend(right.to_le_bytes());
        // Each child stands between its key and the next; the key after the last is beyond its rows.
        let beyond = match children.peek() {
            Some(Ok(next)) => *next,
            _ => Child { len: 0, row: last.row + step, address: 0 },
        };
        for (number, child) in some.iter().chain([&beyond]).enumerate() {
            node.extend(child.len.to_le_bytes());
            node.extend([0; 4]);
            node.extend(child.row.to_le_bytes());
            node.resize(node.len() + 8 * rank, 0);
            if number < some.len() {
                node.extend(child.address.to_le_bytes());
            }
        }
        node.resize(size, 0);
        pen.write(&node)?;
        nodes.push(Child { address, ..first });
    }
    Ok(nodes)
}
