//! What envclone can do of a step, shown first and done when it is approved.

use serde::{Deserialize, Serialize};

use super::Parts;
use super::configuration::wanted;
use super::progress::same_machine;
use super::step::Condition;
use super::value::ValueName;
use crate::engine::{Engine, Role};
use crate::hsconf::Wanted;

/// What a step file asks for.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Verb {
    /// Writes down which databases `server.hsconf` leads to, before it leads elsewhere.
    NoteDatabases,
    /// Keeps the Scheduler off: its start type is disabled before it is stopped, so that nothing starts it in between.
    DisableScheduler,
    /// Stops the platform's services, the Scheduler first.
    StopServices,
    /// Starts the platform's services but the Scheduler.
    StartServices,
    /// Gives the Scheduler its start type back and starts it.
    ReleaseScheduler,
    /// Stops IIS.
    StopIis,
    /// Starts IIS.
    StartIis,
    /// Deletes what is in these folders of the installation.
    EmptyFolders(Vec<String>),
    /// Sees to it that `private.key` is the environment's own: a new one where there is none, or the source's.
    OwnKey,
    /// Writes the platform, log and session databases into `server.hsconf`.
    Configure,
    /// Runs a program.
    Run(Run),
    /// Saves what `LifeTime` knows of the environment, then takes the environment out of it.
    UnregisterLifetime,
    /// Registers the environment in `LifeTime` with what was saved, or a new one with what the settings say.
    RegisterLifetime,
    /// Has `LifeTime` make the database connections that the settings name.
    CreateConnections,
}

/// A program with its arguments, as a step file has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Run {
    /// What it does, in a few words.
    pub title: String,
    /// Which program.
    pub program: Program,
    /// How long it may take, in minutes.
    pub minutes: u32,
    /// Its arguments on every engine.
    #[serde(default)]
    pub arguments: Vec<ArgumentText>,
    /// Its arguments on SQL Server, instead.
    #[serde(default)]
    pub on_sqlserver: Vec<ArgumentText>,
    /// Its arguments on Oracle, instead.
    #[serde(default)]
    pub on_oracle: Vec<ArgumentText>,
}

impl Run {
    fn arguments(&self, engine: Engine) -> &[ArgumentText] {
        let own = [&self.on_sqlserver, &self.on_oracle][usize::from(engine.has_schemas())];
        match own.is_empty() {
            true => &self.arguments,
            false => own,
        }
    }
}

/// A program that a step runs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Program {
    /// The Configuration Tool's command line.
    ConfigurationTool,
    /// The tool that publishes.
    OspTool,
    /// The platform's installer.
    PlatformInstaller,
    /// Service Studio's installer.
    ServiceStudioInstaller,
    /// Integration Studio's installer.
    IntegrationStudioInstaller,
}

impl Program {
    /// What it installs, where it is an installer.
    fn installs(self) -> Option<Installs> {
        match self {
            Self::ConfigurationTool | Self::OspTool => None,
            Self::PlatformInstaller => Some(Installs::Platform),
            Self::ServiceStudioInstaller | Self::IntegrationStudioInstaller => {
                Some(Installs::Studio)
            }
        }
    }

    /// Where it is, with the setting that would say so where it is not known.
    fn path(self, parts: &Parts<'_>) -> Result<String, &'static str> {
        let known = |name: ValueName| name.find(parts).ok_or(name.setting());
        match self {
            Self::ConfigurationTool => {
                known(ValueName::InstallFolder).map(|it| inside(&it, "ConfigurationTool.com"))
            }
            Self::OspTool => Ok(OSP_TOOL[0].to_owned()),
            Self::PlatformInstaller => known(ValueName::PlatformInstaller),
            Self::ServiceStudioInstaller => known(ValueName::ServiceStudioInstaller),
            Self::IntegrationStudioInstaller => known(ValueName::IntegrationStudioInstaller),
        }
    }
}

/// Where the tool that publishes is: its folder is named after the major version, in one way or the other.
const OSP_TOOL: [&str; 2] = [
    r"%CommonProgramFiles%\OutSystems\11\OSPTool.com",
    r"%CommonProgramFiles%\OutSystems\11.0\OSPTool.com",
];

/// Where a program may be that is said to be at a path, the likeliest place first.
#[must_use]
pub fn places(path: &str) -> Vec<&str> {
    match path == OSP_TOOL[0] {
        true => OSP_TOOL.to_vec(),
        false => vec![path],
    }
}

/// A file in a folder, with the separator that the folder has.
#[must_use]
pub fn inside(folder: &str, name: &str) -> String {
    let separator = match folder.contains('/') && !folder.contains('\\') {
        true => '/',
        false => '\\',
    };
    format!("{}{separator}{name}", folder.trim_end_matches(['\\', '/']))
}

/// An argument as a step file has it.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum ArgumentText {
    /// As it stands.
    Text(String),
    /// A value.
    Value(ValueName),
    /// An account's name.
    User(AccountName),
    /// An account's password.
    Password(AccountName),
    /// The account's name, where the logs are in a database of their own; nothing elsewhere.
    LogUser(AccountName),
    /// Likewise its password.
    LogPassword(AccountName),
    /// Service Center's host.
    ServiceCenterHost,
    /// As it stands, where the environment's cache invalidation service is on its controller; nothing elsewhere.
    CacheHereText(String),
    /// As it stands, where the environment has extra catalogs or schemas; nothing elsewhere.
    CatalogsText(String),
    /// Likewise a value.
    CatalogsValue(ValueName),
}

/// An account whose password a program needs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum AccountName {
    /// May make users and databases on the target's server.
    Superuser,
    /// Administrates Service Center.
    ServiceCenter,
}

impl AccountName {
    /// The setting that gives it.
    #[must_use]
    pub fn setting(self) -> &'static str {
        ["[runbook] superuser", "[runbook.service-center] account"][self as usize]
    }

    pub(super) fn user(self, parts: &Parts<'_>) -> Option<String> {
        let runbook = &parts.settings.runbook;
        match self {
            Self::Superuser => runbook.superuser.as_ref(),
            Self::ServiceCenter => runbook.service_center.as_ref().map(|it| &it.account),
        }
        .map(|account| account.user.clone())
    }
}

/// What is done, final but for passwords and for what a file holds when its turn comes.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Deed {
    /// Writes down which databases a configuration file leads to.
    NoteDatabases {
        /// Where it is.
        path: String,
    },
    /// Keeps the Scheduler off.
    DisableScheduler,
    /// Stops the platform's services.
    StopServices,
    /// Starts the platform's services but the Scheduler.
    StartServices,
    /// Starts the Scheduler.
    ReleaseScheduler,
    /// Stops IIS.
    StopIis,
    /// Starts IIS.
    StartIis,
    /// Deletes what is in a folder.
    EmptyFolder {
        /// Where it is.
        path: String,
    },
    /// Sees to it that the key is the environment's own.
    OwnKey {
        /// Where it is.
        path: String,
    },
    /// Writes a configuration file.
    Configure {
        /// Where it is.
        path: String,
        /// What it must say.
        wanted: Box<Wanted>,
    },
    /// Runs a program.
    Run {
        /// What it does.
        title: String,
        /// Where it is.
        path: String,
        /// Its arguments.
        arguments: Vec<Argument>,
        /// How long it may take, in minutes.
        minutes: u32,
        /// What it installs, where it is an installer.
        #[serde(default, skip_serializing_if = "Option::is_none")]
        installs: Option<Installs>,
    },
    /// Saves the environment's registration in `LifeTime` and ends it.
    UnregisterLifetime,
    /// Registers the environment in `LifeTime`.
    RegisterLifetime,
    /// Has `LifeTime` make database connections in the environment.
    CreateConnections {
        /// Their names.
        names: Vec<String>,
    },
}

/// An argument, final but for passwords.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Argument {
    /// A text.
    Text(String),
    /// A password, which is looked up when the program is started.
    Password(AccountName),
    /// The last argument, which the program gets as it stands, without quotes.
    Unquoted(String),
}

/// What an installer installs.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Installs {
    /// The platform.
    Platform,
    /// One of the studios.
    Studio,
}

impl Deed {
    /// What it does, in one line that shows no secret.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::NoteDatabases { path } => {
                format!("write down which databases {path} leads to, for later checks")
            }
            Self::DisableScheduler => {
                "disable and stop the OutSystems Scheduler Service".to_owned()
            }
            Self::StopServices => {
                "stop the OutSystems services: Scheduler, SMS Connector, Deployment, Deployment Controller, Log".to_owned()
            }
            Self::StartServices => {
                "start the OutSystems services: Log, Deployment Controller, Deployment, SMS Connector; not the Scheduler".to_owned()
            }
            Self::ReleaseScheduler => {
                "set the OutSystems Scheduler Service to start by itself, and start it".to_owned()
            }
            Self::StopIis => "run iisreset /stop".to_owned(),
            Self::StartIis => "run iisreset /start".to_owned(),
            Self::EmptyFolder { path } => format!("delete everything in {path}"),
            Self::OwnKey { path } => {
                format!("put a new key into {path} where there is none, or the source's, of which no copy is kept here")
            }
            Self::Configure { path, .. } => {
                format!("write the platform, log and session databases, the controller and the cache into {path}")
            }
            Self::Run { title, path, arguments, .. } => {
                let words: Vec<_> = arguments.iter().map(Argument::shown).collect();
                format!("{title}: \"{path}\" {}", words.join(" "))
            }
            Self::UnregisterLifetime => {
                "save the environment's registration and permissions in LifeTime, then unregister it".to_owned()
            }
            Self::RegisterLifetime => {
                "register the environment in LifeTime: as it was saved, or a new one from the settings".to_owned()
            }
            Self::CreateConnections { names } => {
                format!("have LifeTime test and make the database connections {}", names.join(", "))
            }
        }
    }

    /// Whether it starts the Configuration Tool, which works on what `server.hsconf` says and restarts services.
    #[must_use]
    pub fn is_configuration_tool(&self) -> bool {
        matches!(self, Self::Run { path, .. } if path.ends_with("ConfigurationTool.com"))
    }

    /// Whether it works with the files of an installed platform.
    #[must_use]
    pub fn needs_installation(&self) -> bool {
        match self {
            Self::StartServices
            | Self::ReleaseScheduler
            | Self::StartIis
            | Self::EmptyFolder { .. }
            | Self::OwnKey { .. }
            | Self::Configure { .. } => true,
            Self::Run { .. } => self.is_configuration_tool(),
            // Whatever is installed where, what works with a database that is about to change is stopped.
            Self::NoteDatabases { .. }
            | Self::DisableScheduler
            | Self::StopServices
            | Self::StopIis
            | Self::UnregisterLifetime
            | Self::RegisterLifetime
            | Self::CreateConnections { .. } => false,
        }
    }

    /// Whether it uploads a license.
    #[must_use]
    pub fn uploads_license(&self) -> bool {
        let Self::Run { arguments, .. } = self else {
            return false;
        };
        arguments.first() == Some(&Argument::Text("/UploadLicense".to_owned()))
    }

    /// Whether it has to be done on a machine of the environment.
    #[must_use]
    pub fn needs_machine(&self) -> bool {
        !matches!(
            self,
            Self::UnregisterLifetime | Self::RegisterLifetime | Self::CreateConnections { .. }
        )
    }

    /// The accounts whose passwords stand on a command line while it is done.
    #[must_use]
    pub fn passwords(&self) -> Vec<AccountName> {
        let Self::Run { arguments, .. } = self else {
            return Vec::new();
        };
        let mut names = Vec::new();
        for argument in arguments {
            if let Argument::Password(name) = argument
                && !names.contains(name)
            {
                names.push(*name);
            }
        }
        names
    }
}

impl Argument {
    /// As it may be shown.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Text(text) if text.contains(char::is_whitespace) => format!("\"{text}\""),
            Self::Text(text) | Self::Unquoted(text) => text.clone(),
            Self::Password(_) => "***".to_owned(),
        }
    }
}

impl Verb {
    /// The deeds for an environment, or the settings that are missing.
    pub(super) fn deeds(&self, parts: &Parts<'_>) -> Result<Vec<Deed>, Vec<String>> {
        let folder = parts.settings.runbook.install_folder();
        let deed = match self {
            Self::NoteDatabases => Deed::NoteDatabases {
                path: inside(folder, "server.hsconf"),
            },
            Self::DisableScheduler => Deed::DisableScheduler,
            Self::StopServices => Deed::StopServices,
            Self::StartServices => Deed::StartServices,
            Self::ReleaseScheduler => Deed::ReleaseScheduler,
            Self::StopIis => Deed::StopIis,
            Self::StartIis => Deed::StartIis,
            Self::EmptyFolders(names) => {
                return Ok(names
                    .iter()
                    .map(|name| Deed::EmptyFolder {
                        path: inside(folder, name),
                    })
                    .collect());
            }
            Self::OwnKey => Deed::OwnKey {
                path: inside(folder, "private.key"),
            },
            Self::Configure => Deed::Configure {
                path: inside(folder, "server.hsconf"),
                wanted: Box::new(wanted(parts)?),
            },
            Self::Run(run) => return run_deed(run, parts),
            Self::UnregisterLifetime | Self::RegisterLifetime
                if parts.settings.runbook.lifetime.is_none() =>
            {
                return Err(vec![ValueName::LifetimeAddress.setting().to_owned()]);
            }
            Self::UnregisterLifetime => Deed::UnregisterLifetime,
            Self::RegisterLifetime if parts.settings.runbook.service_center.is_none() => {
                return Err(vec![ValueName::ServiceCenter.setting().to_owned()]);
            }
            Self::RegisterLifetime => Deed::RegisterLifetime,
            Self::CreateConnections => Deed::CreateConnections {
                names: parts
                    .settings
                    .runbook
                    .connections
                    .iter()
                    .map(|it| it.name.clone())
                    .collect(),
            },
        };
        Ok(vec![deed])
    }
}

/// Whether the cache invalidation service is on the controller, which it is unless somebody says otherwise.
fn cache_is_here(parts: &Parts<'_>) -> bool {
    let runbook = &parts.settings.runbook;
    match (&runbook.cache, runbook.machines.first()) {
        (None, _) => true,
        (Some(cache), Some(controller)) => same_machine(&cache.host, controller),
        (Some(_), None) => false,
    }
}

fn run_deed(run: &Run, parts: &Parts<'_>) -> Result<Vec<Deed>, Vec<String>> {
    let mut missing: Vec<String> = Vec::new();
    let mut arguments = Vec::new();
    let apart = parts.target.iter().any(|(role, _)| *role == Role::Log);
    let catalogs = parts.meets(Condition::HasCatalogs);
    for argument in run.arguments(parts.settings.target.engine) {
        let found = match argument {
            ArgumentText::LogUser(_) | ArgumentText::LogPassword(_) if !apart => continue,
            ArgumentText::CacheHereText(_) if !cache_is_here(parts) => continue,
            ArgumentText::CatalogsText(_) | ArgumentText::CatalogsValue(_) if !catalogs => continue,
            ArgumentText::Text(text)
            | ArgumentText::CacheHereText(text)
            | ArgumentText::CatalogsText(text) => Ok(Argument::Text(text.clone())),
            ArgumentText::Value(name) | ArgumentText::CatalogsValue(name) => {
                name.find(parts).map(Argument::Text).ok_or(name.setting())
            }
            ArgumentText::User(name) | ArgumentText::LogUser(name) => {
                name.user(parts).map(Argument::Text).ok_or(name.setting())
            }
            ArgumentText::Password(name) | ArgumentText::LogPassword(name) => name
                .user(parts)
                .map(|_| Argument::Password(*name))
                .ok_or(name.setting()),
            ArgumentText::ServiceCenterHost => parts
                .settings
                .runbook
                .service_center
                .as_ref()
                .and_then(|it| it.address.split_once("://"))
                .map(|(_, host)| Argument::Text(host.trim_end_matches('/').to_owned()))
                .ok_or(ValueName::ServiceCenter.setting()),
        };
        match found {
            Ok(argument) => arguments.push(argument),
            Err(setting) => missing.push(setting.to_owned()),
        }
    }
    // It works on what its file says, and is not started where nobody knows what the file must say.
    if run.program == Program::ConfigurationTool {
        missing.extend(wanted(parts).err().unwrap_or_default());
    }
    let path = run.program.path(parts).unwrap_or_else(|setting| {
        missing.push(setting.to_owned());
        String::new()
    });
    let installs = run.program.installs();
    if installs == Some(Installs::Platform) {
        arguments.extend(parts.settings.runbook.other_folder().map(folder_argument));
    }
    missing.sort();
    missing.dedup();
    if !missing.is_empty() {
        return Err(missing);
    }
    Ok(vec![Deed::Run {
        title: run.title.clone(),
        path,
        arguments,
        minutes: run.minutes,
        installs,
    }])
}

/// How the platform's installer is told its folder: it is the last argument, and in no quotes even where it has blanks.
fn folder_argument(folder: &str) -> Argument {
    Argument::Unquoted(format!("/D={folder}"))
}
