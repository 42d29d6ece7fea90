//! What a machine doesn't do or doesn't tell, in the words of the person who asked.

use std::io;
use std::path::PathBuf;
use std::time::Duration;

use crate::folder::Emptied;
use crate::patience::spelled;
use crate::service::State;

/// The result of a question or an order.
pub type Result<T> = std::result::Result<T, MachineError>;

/// What went wrong.
#[derive(Debug, thiserror::Error)]
pub enum MachineError {
    /// No Windows.
    #[error("this machine is no Windows machine: {asked} can't be had here")]
    NotWindows {
        /// What was wanted.
        asked: String,
    },
    /// Not elevated, or not permitted although elevated.
    #[error("Windows doesn't let this process {to}: access is denied")]
    AccessDenied {
        /// What it was about to do, as an infinitive.
        to: String,
        /// Whether the process was elevated, where that is known.
        elevated: Option<bool>,
    },
    /// No platform server.
    #[error("no OutSystems platform server is installed on this machine: {why}")]
    NotInstalled {
        /// What is missing.
        why: String,
    },
    /// A platform server of which nobody knows the version.
    #[error("which version of the platform server is in `{}` can't be seen: {why}", .folder.display())]
    VersionUnknown {
        /// Where it is.
        folder: PathBuf,
        /// What is missing.
        why: String,
    },
    /// No such service.
    #[error("the service `{service}` is not on this machine")]
    ServiceMissing {
        /// Its name.
        service: String,
    },
    /// A service can't be started because it is disabled.
    #[error("the service `{service}` is disabled, and was not started")]
    ServiceDisabled {
        /// Its name.
        service: String,
    },
    /// The service manager said no.
    #[error("the service `{service}` could not be told to {to}: {said}")]
    ServiceRefuses {
        /// Its name.
        service: String,
        /// What it was about to do, as an infinitive.
        to: String,
        /// What the service manager said.
        said: String,
    },
    /// A service did not get where it should.
    #[error("the service `{service}` is {state} after {}, not {wanted}{}", spelled(*.waited), last_word(.said))]
    ServiceStays {
        /// Its name.
        service: String,
        /// Where it should be.
        wanted: State,
        /// Where it is.
        state: State,
        /// How long was waited.
        waited: Duration,
        /// What the service manager said last, where it said something.
        said: Option<String>,
    },
    /// No such program.
    #[error("the program `{program}` was not found{}", .looked.as_ref().map(|place| format!(" in {place}")).unwrap_or_default())]
    ProgramMissing {
        /// Its name or path.
        program: String,
        /// Where it was looked for.
        looked: Option<String>,
    },
    /// It is there and doesn't start.
    #[error("the program `{program}` could not be started")]
    NotStarted {
        /// Its name or path.
        program: String,
        /// Why.
        source: io::Error,
    },
    /// An argument that no program is given.
    #[error("`{argument}` is given to no program: {why}")]
    NoArgument {
        /// It.
        argument: String,
        /// What is wrong with it.
        why: String,
    },
    /// It ended with another code than 0.
    #[error("`{command}` ended {}{}", spelled_code(*.code), told(.last))]
    Exited {
        /// The program with its arguments, without secrets.
        command: String,
        /// Its code; none where it was ended from outside.
        code: Option<i32>,
        /// The last lines that it wrote, without secrets.
        last: String,
    },
    /// Its time was over.
    #[error("`{command}` had not ended after {}, and was ended with what it had started{}", spelled(*.limit), told(.last))]
    TimedOut {
        /// The program with its arguments, without secrets.
        command: String,
        /// The limit.
        limit: Duration,
        /// The last lines that it wrote, without secrets.
        last: String,
    },
    /// A person interrupted.
    #[error("interrupted while {doing}")]
    Interrupted {
        /// What was going on.
        doing: String,
    },
    /// A folder that is not emptied.
    #[error("nothing was deleted in `{}`: {why}", .path.display())]
    Refused {
        /// The folder.
        path: PathBuf,
        /// What is wrong with it.
        why: String,
    },
    /// A folder that could not be emptied whole.
    #[error("`{}` is not empty: {emptied}", .path.display())]
    LeftOver {
        /// The folder.
        path: PathBuf,
        /// What was deleted, and what was not.
        emptied: Box<Emptied>,
    },
    /// A file that stays locked.
    #[error("`{}` is still held by another program after {}", .path.display(), spelled(*.waited))]
    Locked {
        /// The file.
        path: PathBuf,
        /// How long was waited.
        waited: Duration,
    },
    /// Anything else that reads, writes or asks the system.
    #[error("could not {to}")]
    System {
        /// What it was about to do, as an infinitive.
        to: String,
        /// Why not.
        source: io::Error,
    },
}

impl MachineError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NotWindows { .. } => {
                "run it on the platform server itself, or take the PowerShell script there"
            }
            Self::AccessDenied {
                elevated: Some(false),
                ..
            } => "start it anew from a console that was opened with \"Run as administrator\"",
            Self::AccessDenied { .. } => {
                "check that the account is an administrator of this machine, and that the console was opened with \"Run as administrator\""
            }
            Self::NotInstalled { .. } => {
                "install the platform server first, in the version of the source's; or go to the machine that has it"
            }
            Self::VersionUnknown { .. } => {
                "an installation that did not come to its end looks so: install the platform server again"
            }
            Self::ServiceMissing { .. } => {
                "check the name in the list of services (services.msc), and that this is the right machine"
            }
            Self::ServiceDisabled { .. } => {
                "set its start type to automatic where it is meant to run, then try again"
            }
            Self::ServiceRefuses { .. } => {
                "look at the service in services.msc and in the Application event log, then try again"
            }
            Self::ServiceStays {
                wanted: State::Stopped,
                ..
            } => {
                "look in the Application event log what it waits for; end its process in the Task Manager only when it does nothing any more, then try again"
            }
            Self::ServiceStays { .. } => {
                "look in the Application event log for why; Deployment and Scheduler need a running Deployment Controller. Then try again"
            }
            Self::ProgramMissing { .. } => {
                "check that it is installed on this machine, and its path"
            }
            Self::NotStarted { .. } => {
                "check that the file is whole and may be run by this account; virus protection may hold it"
            }
            Self::NoArgument { .. } => "correct it where it comes from: in the settings",
            Self::Exited { .. } => {
                "the lines above are the program's own; its log file says more. Settle that, then try again"
            }
            Self::TimedOut { .. } => {
                "it may have done part of its work: look at its log file and check the step before trying again, with a longer limit if it was only slow"
            }
            Self::Interrupted { .. } => "check how far it came, then go on: nothing was lost",
            Self::Refused { .. } => {
                "only `share` and `BAR` right under the installation folder are emptied; where one is a link, empty what it leads to by hand"
            }
            Self::LeftOver { .. } => {
                "stop IIS and the services, end the programs that hold the files, then try again: what is gone stays gone"
            }
            Self::Locked { .. } => {
                "an installer or a Configuration Tool may still be at work: wait for it or close it, then try again"
            }
            Self::System { .. } => "see the cause above, settle it, then try again",
        }
    }

    /// Whether asking again could help: the service manager said no for now.
    pub(crate) fn passes(&self) -> bool {
        matches!(self, Self::ServiceRefuses { .. })
    }
}

fn last_word(said: &Option<String>) -> String {
    said.as_ref()
        .map(|said| format!("; the service manager said last: {said}"))
        .unwrap_or_default()
}

fn spelled_code(code: Option<i32>) -> String {
    code.map_or_else(
        || "without an exit code: it was ended from outside".to_owned(),
        |code| format!("with exit code {code}"),
    )
}

fn told(last: &str) -> String {
    if last.is_empty() {
        "; it wrote nothing".to_owned()
    } else {
        format!("; its last lines:\n{last}")
    }
}
