//! The `ndpix` command; everything it does is in `lib.rs`.

use std::process::ExitCode;

#[global_allocator]
static MEMORY: ndpix::Reserve = ndpix::Reserve;

fn main() -> ExitCode {
    ExitCode::from(ndpix_cli::main(std::env::args_os()))
}
