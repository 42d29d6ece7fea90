//! Stopping and starting: in the right order, with patience, and the Scheduler only when it is released.

use std::fmt;
use std::time::Duration;

use crate::event::{Event, Watch};
use crate::patience::{Patience, pause};
use crate::service::{PlatformService, Service, StartType, State};
use crate::{Machine, MachineError, Result};

/// Whether the Scheduler may start. What it starts can't be taken back: timers run, e-mails go out.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheduler {
    /// It stays disabled and stopped.
    Held,
    /// A person released it.
    Released,
}

/// What became of one service of the platform.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// Which.
    pub service: PlatformService,
    /// How it was found; none where it is not on this machine.
    pub before: Option<Service>,
    /// How it ended.
    pub ended: Ended,
}

/// How it ended for a service.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Ended {
    /// It is not on this machine. Not every machine has every service.
    Missing,
    /// It stopped, or was stopped already: `before` says which.
    Stopped,
    /// It runs, or ran already.
    Running,
    /// It is disabled, and was left so.
    Disabled,
    /// The Scheduler: disabled and stopped, because nobody released it.
    Held,
}

/// `OutSystems Log Service: stopped; it was running, automatic`.
impl fmt::Display for Done {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let name = self.service.name();
        match &self.before {
            None => write!(f, "{name}: {}", self.ended),
            Some(before) => write!(
                f,
                "{name}: {}; it was {}, {}",
                self.ended, before.state, before.start_type
            ),
        }
    }
}

impl fmt::Display for Ended {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Missing => "not on this machine",
            Self::Stopped => "stopped",
            Self::Running => "running",
            Self::Disabled => "left alone, since it is disabled",
            Self::Held => "disabled and stopped",
        })
    }
}

/// An order of events that did not come to its end.
#[derive(Debug, thiserror::Error)]
#[error("{error}")]
pub struct Halted {
    /// What was done before.
    pub done: Vec<Done>,
    /// Where it ended.
    #[source]
    pub error: MachineError,
}

/// The service of the platform, whichever of its names it goes by.
///
/// # Errors
/// Where the service manager doesn't answer.
pub fn find(machine: &dyn Machine, service: PlatformService) -> Result<Option<Service>> {
    for name in service.names() {
        if let Some(found) = machine.service(name)? {
            return Ok(Some(found));
        }
    }
    Ok(None)
}

/// What of the platform runs now, IIS included: nothing should while its files or its database are exchanged.
///
/// # Errors
/// Where the service manager doesn't answer.
pub fn running(machine: &dyn Machine) -> Result<Vec<Service>> {
    let mut running = Vec::new();
    for service in PlatformService::STOPPING {
        running.extend(find(machine, service)?);
    }
    running.extend(machine.service(crate::iis::SERVICE)?);
    running.retain(|service| service.state != State::Stopped);
    Ok(running)
}

/// Stops the platform's services. The Scheduler is disabled first, then stopped: between the two, nothing starts it anew.
///
/// # Errors
/// At the first that doesn't stop; those behind it are left as they are.
pub fn stop_services(
    machine: &dyn Machine,
    patience: &Patience,
    watch: &dyn Watch,
) -> std::result::Result<Vec<Done>, Halted> {
    let mut done = Vec::new();
    for service in PlatformService::STOPPING {
        let one = match service {
            PlatformService::Scheduler => hold_scheduler(machine, patience, watch),
            other => stop_one(machine, other, patience, watch),
        };
        push(&mut done, one)?;
    }
    Ok(done)
}

/// Starts the platform's services. The Scheduler comes last, and only when it is released; else it is made sure that it
/// is disabled and stopped before any other starts.
///
/// # Errors
/// At the first that doesn't run; those behind it are left as they are.
pub fn start_services(
    machine: &dyn Machine,
    scheduler: Scheduler,
    patience: &Patience,
    watch: &dyn Watch,
) -> std::result::Result<Vec<Done>, Halted> {
    let mut done = Vec::new();
    if scheduler == Scheduler::Held {
        push(&mut done, hold_scheduler(machine, patience, watch))?;
    }
    for service in PlatformService::STARTING {
        let one = match (service, scheduler) {
            (PlatformService::Scheduler, Scheduler::Held) => continue,
            (PlatformService::Scheduler, Scheduler::Released) => {
                release_scheduler(machine, patience, watch)
            }
            (other, _) => start_one(machine, other, patience, watch),
        };
        push(&mut done, one)?;
    }
    Ok(done)
}

/// Sees to it that the Scheduler is disabled and stopped, and asks again whether it is. For before and after every
/// program that restarts services, as the Configuration Tool does.
///
/// # Errors
/// Where it can't be disabled or doesn't stop.
pub fn hold_scheduler(
    machine: &dyn Machine,
    patience: &Patience,
    watch: &dyn Watch,
) -> Result<Done> {
    let service = PlatformService::Scheduler;
    let Some(before) = found(machine, service, watch)? else {
        return Ok(missing(service));
    };
    disable(machine, &before, watch)?;
    stop(machine, &before.key, patience, watch)?;
    // Somebody may have set it back while it stopped.
    if let Some(now) = machine.service(&before.key)? {
        disable(machine, &now, watch)?;
    }
    Ok(Done {
        service,
        before: Some(before),
        ended: Ended::Held,
    })
}

fn disable(machine: &dyn Machine, service: &Service, watch: &dyn Watch) -> Result<()> {
    if service.start_type == StartType::Disabled {
        return Ok(());
    }
    set(machine, service, StartType::Disabled, watch)
}

fn set(
    machine: &dyn Machine,
    service: &Service,
    start_type: StartType,
    watch: &dyn Watch,
) -> Result<()> {
    machine.set_start_type(&service.key, start_type)?;
    watch.event(&Event::StartTypeSet {
        service: &service.display_name,
        start_type,
    });
    Ok(())
}

fn release_scheduler(
    machine: &dyn Machine,
    patience: &Patience,
    watch: &dyn Watch,
) -> Result<Done> {
    let service = PlatformService::Scheduler;
    let Some(before) = found(machine, service, watch)? else {
        return Ok(missing(service));
    };
    if before.start_type != StartType::Automatic {
        set(machine, &before, StartType::Automatic, watch)?;
    }
    start(machine, &before.key, patience, watch)?;
    Ok(Done {
        service,
        before: Some(before),
        ended: Ended::Running,
    })
}

fn stop_one(
    machine: &dyn Machine,
    service: PlatformService,
    patience: &Patience,
    watch: &dyn Watch,
) -> Result<Done> {
    let Some(before) = found(machine, service, watch)? else {
        return Ok(missing(service));
    };
    stop(machine, &before.key, patience, watch)?;
    Ok(Done {
        service,
        before: Some(before),
        ended: Ended::Stopped,
    })
}

fn start_one(
    machine: &dyn Machine,
    service: PlatformService,
    patience: &Patience,
    watch: &dyn Watch,
) -> Result<Done> {
    let Some(before) = found(machine, service, watch)? else {
        return Ok(missing(service));
    };
    // Somebody disabled it on purpose: a front-end without a controller, a log service of an older version.
    let disabled = before.start_type == StartType::Disabled && before.state == State::Stopped;
    if !disabled {
        start(machine, &before.key, patience, watch)?;
    }
    Ok(Done {
        service,
        before: Some(before),
        ended: if disabled {
            Ended::Disabled
        } else {
            Ended::Running
        },
    })
}

fn found(
    machine: &dyn Machine,
    service: PlatformService,
    watch: &dyn Watch,
) -> Result<Option<Service>> {
    let found = find(machine, service)?;
    if found.is_none() {
        watch.event(&Event::Missing {
            service: service.name(),
        });
    }
    Ok(found)
}

fn missing(service: PlatformService) -> Done {
    Done {
        service,
        before: None,
        ended: Ended::Missing,
    }
}

fn push(done: &mut Vec<Done>, one: Result<Done>) -> std::result::Result<(), Halted> {
    match one {
        Ok(one) => {
            done.push(one);
            Ok(())
        }
        Err(error) => Err(Halted {
            done: std::mem::take(done),
            error,
        }),
    }
}

/// Stops a service and waits until it is. One that is stopped already is left alone.
///
/// # Errors
/// Where it may not be stopped, or isn't when patience ends.
pub fn stop(
    machine: &dyn Machine,
    name: &str,
    patience: &Patience,
    watch: &dyn Watch,
) -> Result<Service> {
    bring(machine, name, State::Stopped, patience, watch)
}

/// Starts a service and waits until it runs. As documented, a start that fails is not final: it is asked again, since
/// Deployment and Scheduler need a controller that may still be on its way up.
///
/// # Errors
/// Where it may not be started, is disabled, or doesn't run when patience ends.
pub fn start(
    machine: &dyn Machine,
    name: &str,
    patience: &Patience,
    watch: &dyn Watch,
) -> Result<Service> {
    bring(machine, name, State::Running, patience, watch)
}

fn bring(
    machine: &dyn Machine,
    name: &str,
    wanted: State,
    patience: &Patience,
    watch: &dyn Watch,
) -> Result<Service> {
    let began = machine.clock();
    let mut asked: Option<Duration> = None;
    let mut said = None;
    loop {
        let Some(service) = machine.service(name)? else {
            return Err(MachineError::ServiceMissing {
                service: name.to_owned(),
            });
        };
        let waited = machine.clock().saturating_sub(began);
        if service.state == wanted {
            if asked.is_some() {
                watch.event(&Event::Reached {
                    service: &service.display_name,
                    state: wanted,
                    waited,
                });
            }
            return Ok(service);
        }
        if waited >= patience.limit {
            return Err(MachineError::ServiceStays {
                service: service.display_name,
                wanted,
                state: service.state,
                waited,
                said,
            });
        }
        let due = asked.is_none_or(|at| machine.clock().saturating_sub(at) >= patience.again);
        if due && !on_its_way(service.state, wanted) {
            asked = Some(machine.clock());
            said = ask(machine, &service, wanted, patience, watch)?;
        }
        let left = patience.limit.saturating_sub(waited);
        pause(machine, patience.look.min(left), watch, || {
            format!("waiting for `{}` to be {wanted}", service.display_name)
        })?;
    }
}

/// Whether asking again would be idle.
fn on_its_way(state: State, wanted: State) -> bool {
    matches!(
        (state, wanted),
        (State::Stopping, State::Stopped) | (State::Starting | State::Resuming, State::Running)
    )
}

/// Asks once. What the service manager says against it is handed on where it may pass.
fn ask(
    machine: &dyn Machine,
    service: &Service,
    wanted: State,
    patience: &Patience,
    watch: &dyn Watch,
) -> Result<Option<String>> {
    watch.event(&Event::Asked {
        service: &service.display_name,
        wanted,
    });
    let answer = if wanted == State::Running {
        machine.ask_to_start(&service.key)
    } else {
        machine.ask_to_stop(&service.key)
    };
    match answer {
        Ok(()) => Ok(None),
        Err(error) if error.passes() => {
            let said = match error {
                MachineError::ServiceRefuses { said, .. } => said,
                other => other.to_string(),
            };
            watch.event(&Event::AskedInVain {
                service: &service.display_name,
                said: &said,
                again: patience.again,
            });
            Ok(Some(said))
        }
        Err(error) => Err(error),
    }
}
