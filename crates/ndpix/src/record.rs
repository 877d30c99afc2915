//! One record: validate all of it, and find the fields that are wanted on the way.
//!
//! Takes the text of one record and a [`scan::Query`], gives the places of the values. Refuses
//! with `json`. What a found value means is the encoding station's business.

pub(crate) mod filter;
pub(crate) mod pointer;
pub(crate) mod rejected;
pub(crate) mod scan;
pub(crate) mod value;
