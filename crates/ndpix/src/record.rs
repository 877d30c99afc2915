//! Records: where in a record its values are.

pub(crate) mod value;
