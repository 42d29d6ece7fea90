//! IIS, by its own program.

use std::time::Duration;

use crate::event::Watch;
use crate::patience::{Patience, pause};
use crate::program::{Command, Outcome};
use crate::service::State;
use crate::{Machine, MachineError, Result};

/// The key of IIS' service.
pub(crate) const SERVICE: &str = "W3SVC";

/// What IIS is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Iis {
    /// To stop all its services.
    Stop,
    /// To start them.
    Start,
}

impl Iis {
    /// The command, to be shown before it is run.
    #[must_use]
    pub fn command(self) -> Command {
        let switch = match self {
            Self::Stop => "/stop",
            Self::Start => "/start",
        };
        Command::system("iisreset.exe").arg(switch)
    }

    fn wanted(self) -> State {
        match self {
            Self::Stop => State::Stopped,
            Self::Start => State::Running,
        }
    }
}

/// Stops or starts IIS by `iisreset`, and sees to it that its service is where it should be: the program's word alone is
/// not enough.
///
/// # Errors
/// Where the program fails, or the service doesn't follow.
pub fn iis(
    machine: &dyn Machine,
    told: Iis,
    patience: &Patience,
    watch: &dyn Watch,
) -> Result<Outcome> {
    let command = told.command().limit(patience.limit);
    let outcome = machine.run(&command, watch)?.succeeded()?;
    follows(machine, told.wanted(), patience, watch)?;
    Ok(outcome)
}

fn follows(
    machine: &dyn Machine,
    wanted: State,
    patience: &Patience,
    watch: &dyn Watch,
) -> Result<()> {
    let began = machine.clock();
    // A machine without the service has nothing to look at.
    while let Some(service) = machine.service(SERVICE)? {
        let waited: Duration = machine.clock().saturating_sub(began);
        if service.state == wanted {
            return Ok(());
        }
        if waited >= patience.limit {
            return Err(MachineError::ServiceStays {
                service: service.display_name,
                wanted,
                state: service.state,
                waited,
                said: None,
            });
        }
        pause(machine, patience.look, watch, || {
            format!("waiting for IIS to be {wanted}")
        })?;
    }
    Ok(())
}
