//! Services, as Windows and as the platform know them.

use std::fmt;

/// A service of the machine.
#[derive(Clone, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stand-in", derive(serde::Serialize, serde::Deserialize))]
pub struct Service {
    /// The name that the service manager files it under.
    pub key: String,
    /// The name that people see.
    pub display_name: String,
    /// What it does now.
    pub state: State,
    /// How it is started.
    pub start_type: StartType,
}

/// What a service does.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stand-in", derive(serde::Serialize, serde::Deserialize))]
pub enum State {
    /// Nothing.
    Stopped,
    /// It is on its way up.
    Starting,
    /// It is on its way down.
    Stopping,
    /// It runs.
    Running,
    /// It is on its way back from a pause.
    Resuming,
    /// It is on its way into a pause.
    Pausing,
    /// It pauses.
    Paused,
}

impl fmt::Display for State {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Stopped => "stopped",
            Self::Starting => "starting",
            Self::Stopping => "stopping",
            Self::Running => "running",
            Self::Resuming => "resuming",
            Self::Pausing => "pausing",
            Self::Paused => "paused",
        })
    }
}

/// How a service is started.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[cfg_attr(feature = "stand-in", derive(serde::Serialize, serde::Deserialize))]
pub enum StartType {
    /// With Windows, delayed or not.
    Automatic,
    /// When it is asked for.
    Manual,
    /// Not at all.
    Disabled,
    /// As a driver, by the boot loader or the kernel; no service of the platform.
    Driver,
}

impl fmt::Display for StartType {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Automatic => "automatic",
            Self::Manual => "manual",
            Self::Disabled => "disabled",
            Self::Driver => "driver",
        })
    }
}

/// The services of an OutSystems platform server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum PlatformService {
    /// Runs timers, sends e-mails, works on processes.
    Scheduler,
    /// Up to OutSystems 10.
    SmsConnector,
    /// Deploys to this machine.
    Deployment,
    /// Compiles; on one machine of the environment.
    DeploymentController,
    /// Up to OutSystems 10.
    Log,
}

impl PlatformService {
    /// The order in which they stop: who starts work by itself first, who others need last.
    pub const STOPPING: [Self; 5] = [
        Self::Scheduler,
        Self::SmsConnector,
        Self::Deployment,
        Self::DeploymentController,
        Self::Log,
    ];

    /// The documented order for starting, with the Scheduler last, since what it starts can't be taken back.
    pub const STARTING: [Self; 5] = [
        Self::Log,
        Self::DeploymentController,
        Self::Deployment,
        Self::SmsConnector,
        Self::Scheduler,
    ];

    /// Its display name.
    #[must_use]
    pub fn name(self) -> &'static str {
        self.names()[0]
    }

    /// The names that it goes by: documentation and installer are not of one mind on the SMS Connector's.
    #[must_use]
    pub fn names(self) -> [&'static str; 2] {
        match self {
            Self::Scheduler => ["OutSystems Scheduler Service", "OutSystems Scheduler"],
            Self::SmsConnector => [
                "OutSystems SMS Connector Service",
                "OutSystems SMS Connector",
            ],
            Self::Deployment => ["OutSystems Deployment Service", "OutSystems Deployment"],
            Self::DeploymentController => [
                "OutSystems Deployment Controller Service",
                "OutSystems Deployment Controller",
            ],
            Self::Log => ["OutSystems Log Service", "OutSystems Log"],
        }
    }
}

impl fmt::Display for PlatformService {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}
