//! The messages that object headers are made of, byte for byte as in the HDF5 File Format Specification
//! (version 3.0, section IV.A.2), in the versions that HDF5 1.8 and everything since reads.

use crate::dtype::DType;

/// The address of what is not there.
pub(super) const NOWHERE: u64 = u64::MAX;

/// Bytes of a reference to text: length, address of the heap, number in it.
pub(super) const REFERENCE: usize = 16;

/// A message: its type and what it says.
pub(super) type Message = (u8, Vec<u8>);

/// The size of arrays: `grows` where the first axis has no end.
pub(super) fn dataspace(shape: &[u64], grows: bool) -> Message {
    let mut body = vec![2, shape.len() as u8, u8::from(grows), u8::from(!shape.is_empty())];
    let most = [u64::MAX].iter().chain(shape.iter().skip(1)).filter(|_| grows);
    shape.iter().chain(most).for_each(|axis| body.extend(axis.to_le_bytes()));
    (0x01, body)
}

/// The type of numbers; of booleans an enumeration, which h5py and PyTables take for them.
pub(super) fn number(dtype: DType) -> Message {
    let size = dtype.size() as u8;
    let bits = size * 8;
    let whole =
        |signed: bool| vec![0x10, u8::from(signed) << 3, 0, 0, size, 0, 0, 0, 0, 0, bits, 0];
    let float = |exponent: u8, bias: u16| {
        let mantissa = bits - 1 - exponent;
        let mut body = vec![0x11, 0x20, bits - 1, 0, size, 0, 0, 0, 0, 0, bits, 0];
        body.extend([mantissa, exponent, 0, mantissa]);
        body.extend(u32::from(bias).to_le_bytes());
        body
    };
    let body = match dtype {
        DType::Bool => {
            let mut body = vec![0x18, 2, 0, 0, 1, 0, 0, 0];
            body.extend(whole(true));
            body.extend(b"FALSE\0\0\0TRUE\0\0\0\0\x00\x01");
            body
        }
        DType::Uint8 | DType::Uint16 | DType::Uint32 | DType::Uint64 => whole(false),
        DType::Int8 | DType::Int16 | DType::Int32 | DType::Int64 => whole(true),
        DType::Float16 => float(5, 15),
        DType::Float32 => float(8, 127),
        DType::Float64 => float(11, 1023),
    };
    (0x03, body)
}

/// The type of text of any length, in UTF-8: what stands in the array are references to it.
pub(super) fn text() -> Message {
    let mut body = vec![0x19, 0x01, 0x01, 0, REFERENCE as u8, 0, 0, 0];
    body.extend(number(DType::Uint8).1);
    (0x03, body)
}

/// What stands where nothing was written: zeros.
pub(super) fn fill(grows: bool) -> Message {
    (0x05, vec![3, if grows { 0x0b } else { 0x0a }])
}

/// Data in one piece.
pub(super) fn contiguous(address: u64, len: u64) -> Message {
    let address = if len == 0 { NOWHERE } else { address };
    (0x08, [&[3, 1][..], &address.to_le_bytes(), &len.to_le_bytes()].concat())
}

/// Data in chunks of this shape, which `index` knows.
pub(super) fn chunked(index: u64, chunk: &[u32], dtype: DType) -> Message {
    let mut body = vec![3, 2, chunk.len() as u8 + 1];
    body.extend(index.to_le_bytes());
    let axes = chunk.iter().copied().chain([dtype.size() as u32]);
    axes.for_each(|axis| body.extend(axis.to_le_bytes()));
    (0x08, body)
}

/// That chunks are deflated.
pub(super) fn deflated(level: u32) -> Message {
    let mut body = vec![2, 1, 1, 0, 1, 0, 1, 0];
    body.extend(level.to_le_bytes());
    (0x0b, body)
}

/// What makes an object a group.
pub(super) fn group() -> [Message; 2] {
    let links = [&[0, 0][..], &NOWHERE.to_le_bytes(), &NOWHERE.to_le_bytes()].concat();
    [(0x02, links), (0x0a, vec![0, 0])]
}

/// An object of a group. The name takes at most 60,000 bytes.
pub(super) fn link(name: &str, object: u64) -> Message {
    let len = (name.len() as u16).to_le_bytes();
    let body = [&[1, 0x11, 1][..], &len, name.as_bytes(), &object.to_le_bytes()].concat();
    (0x06, body)
}

/// An attribute that is text: `reference` says where it stands.
pub(super) fn attribute(name: &str, reference: &[u8]) -> Message {
    let ((_, datatype), (_, dataspace)) = (text(), dataspace(&[], false));
    let mut body = vec![3, 0];
    for len in [name.len() + 1, datatype.len(), dataspace.len()] {
        body.extend((len as u16).to_le_bytes());
    }
    body.push(1);
    body.extend([name.as_bytes(), &[0], &datatype, &dataspace, reference].concat());
    (0x0c, body)
}
