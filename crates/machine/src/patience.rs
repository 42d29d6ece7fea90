//! How long something is waited for, and waiting itself.

use std::sync::LazyLock;
use std::time::{Duration, Instant};

use crate::event::Watch;
use crate::{Machine, MachineError, Result};

/// How long something is waited for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Patience {
    /// Altogether.
    pub limit: Duration,
    /// Until it is asked again.
    pub again: Duration,
    /// Until it is looked at again.
    pub look: Duration,
}

impl Patience {
    /// As documented for the platform's services: asked every 30 seconds; they may take minutes.
    pub const SERVICES: Self = Self {
        limit: Duration::from_secs(600),
        again: Duration::from_secs(30),
        look: Duration::from_secs(1),
    };

    /// For a file that an installer holds: looked at every 10 seconds.
    pub const FILE: Self = Self {
        limit: Duration::from_secs(600),
        again: Duration::from_secs(10),
        look: Duration::from_secs(10),
    };
}

/// The longest stretch in which nobody asks whether to stop.
const SLICE: Duration = Duration::from_millis(250);

/// Waits, and stops waiting when a person says so.
pub(crate) fn pause(
    machine: &dyn Machine,
    duration: Duration,
    watch: &dyn Watch,
    doing: impl Fn() -> String,
) -> Result<()> {
    let until = machine.clock() + duration;
    loop {
        if watch.interrupted() {
            return Err(MachineError::Interrupted { doing: doing() });
        }
        let left = until.saturating_sub(machine.clock());
        if left.is_zero() {
            return Ok(());
        }
        machine.wait(left.min(SLICE));
    }
}

/// A duration as a person says it.
pub(crate) fn spelled(duration: Duration) -> String {
    let seconds = duration.as_secs();
    match seconds {
        0 => format!("{} ms", duration.as_millis()),
        1..120 => format!("{seconds} s"),
        _ if seconds.is_multiple_of(60) => format!("{} min", seconds / 60),
        _ => format!("{} min {} s", seconds / 60, seconds % 60),
    }
}

/// The time since this was first asked.
pub(crate) fn process_clock() -> Duration {
    static BEGAN: LazyLock<Instant> = LazyLock::new(Instant::now);
    BEGAN.elapsed()
}
