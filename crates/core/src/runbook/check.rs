//! What is looked at after a step, apart from what did the step, and how that is judged.

use serde::{Deserialize, Serialize};

/// What is looked at. The set is closed: a step file can't name a look that nobody takes.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CheckKind {
    /// The users of the platform database can log in.
    PlatformLogins,
    /// The users of the log database can log in.
    LogLogins,
    /// The session user can log in.
    SessionLogin,
    /// The installation has the database's version.
    PlatformVersion,
    /// The platform's services are stopped, or are not there.
    ServicesStopped,
    /// The platform's services run, but for the Scheduler.
    ServicesRunning,
    /// The Scheduler is disabled and stopped.
    SchedulerOff,
    /// The Scheduler runs.
    SchedulerRunning,
    /// IIS is stopped.
    IisStopped,
    /// IIS runs.
    IisRunning,
    /// `share` and `BAR` are empty.
    FoldersEmpty,
    /// `server.hsconf` leads to the copy.
    ConfigurationPointsHere,
    /// Other configuration files name nothing of the source.
    NoSourceInFiles,
    /// `private.key` is not the source's.
    KeyIsOwn,
    /// No machine of this environment has a session with the source's databases, or with those that it had before.
    NoSessionElsewhere,
    /// Service Center answers, and has the database's version.
    ServiceCenterAnswers,
    /// The environment's own license is a file on the controller.
    LicenseFile,
    /// Service Studio is installed.
    ServiceStudio,
    /// The machine's serial number is the license's.
    Serial,
    /// The database lists this environment's machines, all of them and no others.
    FrontEnds,
    /// Every module is on a front-end of this environment, and none waits for a compilation.
    Deployed,
    /// No database connection of the source is in the copy.
    ConnectionsOwn,
    /// Each extra catalog leads to one of the copy's.
    Catalogs,
    /// `LifeTime` does not list the environment.
    NotInLifetime,
    /// `LifeTime` lists the environment, as it was registered after the copy.
    InLifetime,
    /// `LifeTime` shows the purpose that the settings name.
    PurposeInLifetime,
    /// `LifeTime` lists the connections that the settings name.
    ConnectionsMade,
    /// Nothing of the source is left in the copy.
    NoTraceOfSource,
    /// Nothing would fire when the Scheduler starts.
    NothingFires,
}

impl CheckKind {
    /// Every kind.
    pub const ALL: [Self; 29] = [
        Self::PlatformLogins,
        Self::LogLogins,
        Self::SessionLogin,
        Self::PlatformVersion,
        Self::ServicesStopped,
        Self::ServicesRunning,
        Self::SchedulerOff,
        Self::SchedulerRunning,
        Self::IisStopped,
        Self::IisRunning,
        Self::FoldersEmpty,
        Self::ConfigurationPointsHere,
        Self::NoSourceInFiles,
        Self::KeyIsOwn,
        Self::NoSessionElsewhere,
        Self::ServiceCenterAnswers,
        Self::LicenseFile,
        Self::ServiceStudio,
        Self::Serial,
        Self::FrontEnds,
        Self::Deployed,
        Self::ConnectionsOwn,
        Self::Catalogs,
        Self::NotInLifetime,
        Self::InLifetime,
        Self::PurposeInLifetime,
        Self::ConnectionsMade,
        Self::NoTraceOfSource,
        Self::NothingFires,
    ];

    /// What should hold, in one line.
    #[must_use]
    pub fn title(self) -> &'static str {
        match self {
            Self::PlatformLogins => "the platform's Admin and Runtime users can log in",
            Self::LogLogins => "the log's Admin and Runtime users can log in",
            Self::SessionLogin => "the session user can log in",
            Self::PlatformVersion => "the installation has the version of the database",
            Self::ServicesStopped => "the OutSystems services are stopped",
            Self::ServicesRunning => "the OutSystems services run, but for the Scheduler",
            Self::SchedulerOff => "the OutSystems Scheduler Service is disabled and stopped",
            Self::SchedulerRunning => "the OutSystems Scheduler Service runs",
            Self::IisStopped => "IIS is stopped",
            Self::IisRunning => "IIS runs",
            Self::FoldersEmpty => "the folders share and BAR are empty",
            Self::ConfigurationPointsHere => "server.hsconf leads to the copy",
            Self::NoSourceInFiles => {
                "machine.config and the modules' files name nothing of the source"
            }
            Self::KeyIsOwn => "private.key is not the source's",
            Self::NoSessionElsewhere => {
                "no machine of this environment has a session with the source's databases, or with those that it had before"
            }
            Self::ServiceCenterAnswers => {
                "Service Center answers, with the version of the database"
            }
            Self::LicenseFile => "the environment's own license is a file on the controller",
            Self::ServiceStudio => "Service Studio is installed",
            Self::Serial => "the machine has the serial number that the license is for",
            Self::FrontEnds => "the database lists this environment's machines, and no others",
            Self::Deployed => {
                "every module is on a front-end of this environment, and none waits for a compilation"
            }
            Self::ConnectionsOwn => "no database connection of the source is in the copy",
            Self::Catalogs => "each extra catalog or schema is one of the copy's",
            Self::NotInLifetime => "LifeTime does not list the environment",
            Self::InLifetime => "LifeTime lists the environment, registered after the copy",
            Self::PurposeInLifetime => "LifeTime shows the purpose that the settings name",
            Self::ConnectionsMade => {
                "LifeTime lists the database connections that the settings name"
            }
            Self::NoTraceOfSource => "nothing of the source is left in the copy",
            Self::NothingFires => "nothing would fire when the Scheduler starts",
        }
    }

    /// Whether it can only be looked at on a machine of the environment.
    #[must_use]
    pub fn needs_machine(self) -> bool {
        matches!(
            self,
            Self::PlatformVersion
                | Self::ServicesStopped
                | Self::ServicesRunning
                | Self::SchedulerOff
                | Self::SchedulerRunning
                | Self::IisStopped
                | Self::IisRunning
                | Self::FoldersEmpty
                | Self::ConfigurationPointsHere
                | Self::NoSourceInFiles
                | Self::KeyIsOwn
                | Self::LicenseFile
                | Self::ServiceStudio
                | Self::Serial
        )
    }
}

/// What was found of a check.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Looked {
    /// What was looked at.
    pub check: CheckKind,
    /// How it ended.
    pub outcome: Outcome,
    /// What was seen, in one line without secrets.
    pub seen: String,
}

/// How a check ended. What could not be seen does not count as held.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// It holds.
    Holds,
    /// It does not.
    Fails,
    /// It could not be seen.
    Unknown,
}

impl Looked {
    /// It holds.
    #[must_use]
    pub fn holds(check: CheckKind, seen: impl Into<String>) -> Self {
        Self::new(check, Outcome::Holds, seen)
    }

    /// It does not hold.
    #[must_use]
    pub fn fails(check: CheckKind, seen: impl Into<String>) -> Self {
        Self::new(check, Outcome::Fails, seen)
    }

    /// It could not be seen.
    #[must_use]
    pub fn unknown(check: CheckKind, why: impl Into<String>) -> Self {
        Self::new(check, Outcome::Unknown, why)
    }

    fn new(check: CheckKind, outcome: Outcome, seen: impl Into<String>) -> Self {
        Self {
            check,
            outcome,
            seen: seen.into(),
        }
    }
}
