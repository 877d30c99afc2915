//! A leaf: what the machine says of itself. Free disk, and the memory that the process held.

use std::path::Path;

/// The bytes that a user may still write on the disk that holds `folder`, where that can be told.
pub(crate) fn free_bytes(folder: &Path) -> Option<u64> {
    let disk = nix::sys::statvfs::statvfs(folder).ok()?;
    disk.blocks_available().checked_mul(disk.fragment_size())
}

/// The most memory that this process held, in bytes; 0 where it cannot be told.
pub(crate) fn peak_memory() -> u64 {
    // What `getrusage` says survives an exec: it may be the peak of the process that started this one.
    let status = std::fs::read_to_string("/proc/self/status").ok();
    status.as_deref().and_then(high_water).unwrap_or_else(resident)
}

/// The line `VmHWM:  123456 kB` of Linux.
fn high_water(status: &str) -> Option<u64> {
    let line = status.lines().find_map(|line| line.strip_prefix("VmHWM:"))?;
    line.trim().strip_suffix("kB")?.trim().parse::<u64>().ok()?.checked_mul(1024)
}

fn resident() -> u64 {
    use nix::sys::resource::{UsageWho, getrusage};
    let unit = if cfg!(target_os = "macos") { 1 } else { 1024 };
    getrusage(UsageWho::RUSAGE_SELF).map_or(0, |u| u64::try_from(u.max_rss()).unwrap_or(0) * unit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_peak_is_read_in_bytes() {
        assert_eq!(high_water("Name:\tx\nVmPeak:\t 9 kB\nVmHWM:\t  5120 kB\n"), Some(5 << 20));
        assert_eq!(high_water("Name:\tx\n"), None);
        assert!(peak_memory() > 1 << 20);
    }
}
