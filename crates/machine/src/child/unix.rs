//! A child and what it starts, as a process group.

use std::os::unix::process::CommandExt;
use std::process::{Child, Command};

use rustix::process::{Pid, Signal, kill_process_group};

/// The group that a child leads.
pub(super) struct Family(Option<Pid>);

/// Makes the child to be the leader of a group of its own.
pub(super) fn prepare(process: &mut Command) {
    process.process_group(0);
}

/// Adds an argument as it stands: here each one is.
pub(super) fn last_unquoted(process: &mut Command, argument: &str) {
    process.arg(argument);
}

impl Family {
    /// The child's.
    pub(super) fn of(child: &Child) -> Self {
        Self(i32::try_from(child.id()).ok().and_then(Pid::from_raw))
    }

    /// Ends them all. The child has not been waited for, so its number is still its own.
    pub(super) fn end(self, child: &mut Child) {
        if let Some(group) = self.0 {
            let _ = kill_process_group(group, Signal::KILL);
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}
