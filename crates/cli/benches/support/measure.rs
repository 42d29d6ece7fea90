//! How things are measured: in turns, in one run, as ratios.

use std::fs;
use std::io::{BufRead as _, BufReader};
use std::process::{Command, Stdio};
use std::time::{Duration, Instant};

/// How often each of two or more is measured, in turns.
pub fn rounds() -> usize {
    std::env::var("ENVCLONE_BENCH_ROUNDS")
        .ok()
        .and_then(|text| text.parse().ok())
        .unwrap_or(7)
}

pub fn median(mut values: Vec<f64>) -> f64 {
    values.sort_by(f64::total_cmp);
    values[values.len() / 2]
}

/// Measures in turns; the first of each is not counted. What comes back is a list of seconds for each.
pub fn in_turns<const N: usize>(each: [&mut dyn FnMut() -> Duration; N]) -> [Vec<f64>; N] {
    let mut times = [const { Vec::new() }; N];
    for round in 0..=rounds() {
        for at in 0..N {
            // Not always in the same order, so that nobody always comes after the same one.
            let at = (at + round) % N;
            let took = each[at]().as_secs_f64();
            if round > 0 {
                times[at].push(took);
            }
        }
    }
    times
}

/// The median of what round by round came out as a ratio, with the smallest and the largest.
pub fn ratio(of: &[f64], to: &[f64]) -> String {
    let mut ratios: Vec<f64> = of.iter().zip(to).map(|(of, to)| of / to).collect();
    ratios.sort_by(f64::total_cmp);
    format!(
        "{:.2} ({:.2} to {:.2})",
        median(ratios.clone()),
        ratios[0],
        ratios[ratios.len() - 1]
    )
}

pub fn timed(deed: impl FnOnce()) -> Duration {
    let began = Instant::now();
    deed();
    began.elapsed()
}

/// The time that this thread had a processor for: what waits for nothing can be compared on a machine that is shared.
pub fn computed(deed: impl FnOnce()) -> Duration {
    let had = || {
        let text = fs::read_to_string("/proc/thread-self/schedstat").ok()?;
        let nanoseconds = text.split(' ').next()?.parse().ok()?;
        Some(Duration::from_nanos(nanoseconds))
    };
    let before = had();
    let elapsed = timed(deed);
    before
        .zip(had())
        .map_or(elapsed, |(before, after)| after - before)
}

/// The program, to be run with these arguments.
pub fn program(arguments: &[&str]) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_envclone"));
    command.args(arguments);
    command
}

/// What a process took: seconds, peak memory in MB, and each phase's line with the seconds since the one before.
pub fn child(command: &mut Command) -> (f64, f64, Vec<(f64, String)>) {
    let began = Instant::now();
    let mut child = command
        .stdout(Stdio::null())
        .stderr(Stdio::piped())
        .spawn()
        .unwrap();
    let lines = BufReader::new(child.stderr.take().unwrap());
    let reader = std::thread::spawn(move || {
        let mut before = Instant::now();
        let mut phases = Vec::new();
        for line in lines.lines().map_while(Result::ok) {
            let took = before.elapsed().as_secs_f64();
            before = Instant::now();
            if line.starts_with("  ") && line.len() > 12 && !line.starts_with("  why") {
                phases.push((took, line.trim().to_owned()));
            }
        }
        phases
    });
    let status = format!("/proc/{}/status", child.id());
    let mut peak = 0.0_f64;
    loop {
        // The mark only rises, so that the last look before the end tells it.
        let text = fs::read_to_string(&status).unwrap_or_default();
        let mark = text.lines().find_map(|line| line.strip_prefix("VmHWM:"));
        let kilobytes = mark.and_then(|mark| mark.trim().trim_end_matches(" kB").parse().ok());
        peak = peak.max(kilobytes.unwrap_or(0.0) * 1024.0 / 1e6);
        if child.try_wait().unwrap().is_some() {
            break;
        }
        std::thread::sleep(Duration::from_millis(2));
    }
    (began.elapsed().as_secs_f64(), peak, reader.join().unwrap())
}
