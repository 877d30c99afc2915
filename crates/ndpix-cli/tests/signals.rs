//! What a signal does to a run that waits for its input.

use std::io::{Write, pipe};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

#[test]
fn messages_that_nobody_reads_do_not_hold_an_interrupted_run() {
    let folder = tempfile::tempdir().expect("a folder");
    let (_reader, mut writer) = pipe().expect("a pipe");
    let full = writer.try_clone().expect("its other end");
    std::thread::spawn(move || while writer.write_all(&[0]).is_ok() {});
    std::thread::sleep(Duration::from_millis(500));
    let mut command = Command::new(env!("CARGO_BIN_EXE_ndpix"));
    command.args(["convert", "-", "-o", "out.npy"]).current_dir(folder.path());
    command.stdin(Stdio::piped()).stdout(Stdio::null()).stderr(full);
    let mut child = command.spawn().expect("it runs");
    let id = child.id().to_string();
    let begun = Instant::now();
    while !catches_interrupts(&id) && begun.elapsed() < Duration::from_secs(20) {
        std::thread::sleep(Duration::from_millis(50));
    }
    assert!(Command::new("kill").args(["-INT", &id]).status().expect("kill").success());
    let begun = Instant::now();
    while child.try_wait().expect("a child").is_none() && begun.elapsed() < Duration::from_secs(10)
    {
        std::thread::sleep(Duration::from_millis(100));
    }
    // Of one that has ended this does nothing.
    child.kill().expect("killed");
    assert_eq!(child.wait().expect("it ends").code(), Some(130), "it was ended by the interrupt");
}

/// Whether a process has a handler for SIGINT.
fn catches_interrupts(id: &str) -> bool {
    let status = std::fs::read_to_string(format!("/proc/{id}/status")).unwrap_or_default();
    let caught = status.lines().find_map(|line| line.strip_prefix("SigCgt:"));
    caught.and_then(|mask| u64::from_str_radix(mask.trim(), 16).ok()).is_some_and(|m| m & 2 != 0)
}
