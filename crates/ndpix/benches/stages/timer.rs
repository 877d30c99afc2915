//! How a stage is timed: the median of rounds, each long enough for the clock.

use std::time::{Duration, Instant};

use super::Stage;

const ROUNDS: usize = 21;
const ROUND: Duration = Duration::from_millis(10);

/// Runs the stage and gives its line of the table.
pub(crate) fn timed(mut stage: Stage) -> String {
    let mut calls = 1;
    while round(&mut stage, calls) < ROUND {
        calls *= 2;
    }
    let mut rounds: Vec<f64> =
        (0..ROUNDS).map(|_| round(&mut stage, calls).as_secs_f64() / calls as f64).collect();
    rounds.sort_by(f64::total_cmp);
    let (low, median, high) = (rounds[ROUNDS / 10], rounds[ROUNDS / 2], rounds[ROUNDS * 9 / 10]);
    let speed = stage.bytes as f64 / median / 1e6;
    format!(
        "{:32} {speed:>9.0} MB/s {:>10.1} us  (10 % to 90 %: {:.1} to {:.1})",
        stage.name,
        median * 1e6,
        low * 1e6,
        high * 1e6
    )
}

fn round(stage: &mut Stage, calls: usize) -> Duration {
    let begun = Instant::now();
    for _ in 0..calls {
        (stage.run)();
    }
    begun.elapsed()
}

/// One run whose instructions callgrind collects, by the name of this function.
#[inline(never)]
pub(crate) fn counted(stage: &mut Stage) {
    (stage.run)();
}
