//! Where the file stands that a record was rejected from: the relative paths of the record count from there.
//!
//! A rejects file names it as it was named when it was read, from a working directory that is not known any
//! more. That name is data, so it is looked for inside of the fence alone: it may not open a folder.

use std::path::{Path, PathBuf};

use crate::os::Fence;
use crate::paths::absolute;

/// The folder of the file that `name` names, seen from the folder `beside` of the rejects file: where any
/// folder above that and the name together are a file, else from the working directory. Perhaps it lies
/// outside of the fence, and then nothing in it will be opened.
pub(super) fn folder(fence: &Fence, beside: &Path, name: &Path) -> Option<PathBuf> {
    let here = absolute(name);
    // The fence knows folders as they are, and not by the way that leads to them.
    let beside = beside.canonicalize().unwrap_or_else(|_| beside.to_owned());
    let near = beside.ancestors().map(|above| above.join(name));
    let there = near.chain([here.clone()]).find(|place| fence.open(place).is_ok());
    // The original itself may be gone, and the images still be there.
    there.unwrap_or(here).parent().map(Path::to_owned)
}
