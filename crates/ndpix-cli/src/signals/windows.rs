//! What ends a process of a console: Ctrl-C, Ctrl-Break, and that it is closed.

use std::io;

/// Has `then` called, on a thread of its own, at each of them.
pub(super) fn catch(then: impl Fn() + Send + 'static) -> io::Result<()> {
    ctrlc::set_handler(then).map_err(io::Error::other)
}
