//! One scripted service.

use std::time::Duration;

use serde::{Deserialize, Serialize};

use super::Surroundings;
use crate::{MachineError, Result, Service, StartType, State};

/// How a service behaves.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Behaviour {
    /// Does as it is told, at once.
    Obeys,
    /// Does as it is told, and takes this long.
    TakesLong(Duration),
    /// Says that it is stopping, for ever.
    NeverStops,
    /// Says no to every request to stop.
    RefusesToStop,
    /// Says no to requests to start before the one of this number.
    StartsOnTry(u32),
    /// Says that it starts, and is found stopped again, before the request of this number.
    DiesUntilTry(u32),
    /// Says no to requests to start while the Deployment Controller does not run.
    NeedsController,
    /// May not be touched by this account.
    DeniesAccess,
    /// Keeps its start type, whatever it is told.
    KeepsStartType,
    /// Has its start type set to automatic by somebody else when it stops.
    IsSetBack,
}

/// A service with its script.
#[derive(Debug, Serialize, Deserialize)]
pub(super) struct Scripted {
    service: Service,
    pub(super) behaviour: Behaviour,
    starts: u32,
    coming: Option<(Duration, State)>,
}

impl Scripted {
    pub(super) fn new(service: Service) -> Self {
        Self {
            service,
            behaviour: Behaviour::Obeys,
            starts: 0,
            coming: None,
        }
    }

    pub(super) fn is(&self, name: &str) -> bool {
        self.service.key.eq_ignore_ascii_case(name)
            || self.service.display_name.eq_ignore_ascii_case(name)
    }

    /// How it is at this time.
    pub(super) fn now(&mut self, clock: Duration) -> &Service {
        if let Some((at, state)) = self.coming
            && clock >= at
        {
            self.service.state = state;
            self.coming = None;
        }
        &self.service
    }

    pub(super) fn become_at_once(&mut self, state: State, start_type: Option<StartType>) {
        self.coming = None;
        self.service.state = state;
        self.service.start_type = start_type.unwrap_or(self.service.start_type);
    }

    fn comes(&mut self, state: State, at: Duration) {
        self.service.state = if state == State::Stopped {
            State::Stopping
        } else {
            State::Starting
        };
        self.coming = Some((at, state));
    }

    pub(super) fn stop(&mut self, seen: &Surroundings) -> Result<()> {
        self.now(seen.clock);
        match self.behaviour {
            Behaviour::DeniesAccess => return Err(self.denied("stop")),
            Behaviour::RefusesToStop => {
                return Err(self.refused("stop", "it does not take orders now (error 1061)"));
            }
            Behaviour::NeverStops => self.service.state = State::Stopping,
            Behaviour::TakesLong(time) => self.comes(State::Stopped, seen.clock + time),
            Behaviour::IsSetBack => self.become_at_once(State::Stopped, Some(StartType::Automatic)),
            _ => self.service.state = State::Stopped,
        }
        Ok(())
    }

    pub(super) fn start(&mut self, seen: &Surroundings) -> Result<()> {
        self.now(seen.clock);
        self.starts += 1;
        if self.service.start_type == StartType::Disabled {
            return Err(MachineError::ServiceDisabled {
                service: self.service.display_name.clone(),
            });
        }
        match self.behaviour {
            Behaviour::DeniesAccess => return Err(self.denied("start")),
            Behaviour::StartsOnTry(number) if self.starts < number => {
                return Err(self.refused("start", "it did not answer in time (error 1053)"));
            }
            Behaviour::NeedsController if !seen.controller => {
                return Err(self.refused("start", "the controller does not answer (error 1064)"));
            }
            Behaviour::DiesUntilTry(number) if self.starts < number => {
                self.comes(State::Running, seen.clock + Duration::from_secs(2));
                self.coming = self.coming.map(|(at, _)| (at, State::Stopped));
            }
            Behaviour::TakesLong(time) => self.comes(State::Running, seen.clock + time),
            _ => self.service.state = State::Running,
        }
        Ok(())
    }

    pub(super) fn set_start_type(&mut self, start_type: StartType) -> Result<()> {
        if self.behaviour == Behaviour::DeniesAccess {
            return Err(self.denied("set the start type of"));
        }
        if self.behaviour == Behaviour::KeepsStartType {
            return Err(self.refused(
                &format!("have the start type {start_type}"),
                "[SC] ChangeServiceConfig FAILED 1072",
            ));
        }
        self.service.start_type = start_type;
        Ok(())
    }

    fn denied(&self, to: &str) -> MachineError {
        MachineError::AccessDenied {
            to: format!("{to} the service `{}`", self.service.display_name),
            elevated: Some(true),
        }
    }

    fn refused(&self, to: &str, said: &str) -> MachineError {
        MachineError::ServiceRefuses {
            service: self.service.display_name.clone(),
            to: to.to_owned(),
            said: said.to_owned(),
        }
    }
}
