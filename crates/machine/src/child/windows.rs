//! A child and what it starts, as a job.

use std::os::windows::io::AsRawHandle;
use std::os::windows::process::CommandExt;
use std::process::{Child, Command};

use win32job::Job;

/// `CREATE_NEW_PROCESS_GROUP`: Ctrl-C in our console is for us to answer, by ending the child or by letting it finish.
const OWN_GROUP: u32 = 0x0000_0200;

/// The job that a child belongs to, where Windows let it have one.
pub(super) struct Family(Option<Job>);

/// Makes the child deaf to the console's Ctrl-C.
pub(super) fn prepare(process: &mut Command) {
    process.creation_flags(OWN_GROUP);
}

/// Adds an argument to the command line as it stands. The command has seen to it that no quote is in it.
pub(super) fn last_unquoted(process: &mut Command, argument: &str) {
    process.raw_arg(argument);
}

impl Family {
    /// The child's. What the child starts from now on belongs to it, too.
    pub(super) fn of(child: &Child) -> Self {
        let job = Job::create()
            .and_then(|job| {
                job.assign_process(child.as_raw_handle() as isize)?;
                Ok(job)
            })
            .ok();
        Self(job)
    }

    /// Ends them all. Only now is the job one that ends with its handle: what a program leaves running on purpose when
    /// it ends in time goes on running.
    pub(super) fn end(self, child: &mut Child) {
        if let Some(job) = self.0 {
            if let Ok(mut limits) = job.query_extended_limit_info() {
                limits.limit_kill_on_job_close();
                let _ = job.set_extended_limit_info(&limits);
            }
            drop(job);
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}
