//! The `ndpix` command.
fn main() {}
