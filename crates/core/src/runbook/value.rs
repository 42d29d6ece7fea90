//! The values that a runbook fills in, and where each comes from.

use serde::{Deserialize, Serialize};

use super::Parts;
use super::configuration::typed;
use super::step::Condition;
use crate::dialect::catalog_of;
use crate::engine::Role;
use crate::settings::{Account, Rights};

/// A value that steps name. The set is closed: a step file can't ask for what nobody knows how to find.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ValueName {
    /// The database server.
    DatabaseServer,
    /// The copy's platform database or Admin schema.
    PlatformDatabase,
    /// The user that owns the platform's tables.
    PlatformAdmin,
    /// The user that runs applications.
    PlatformRuntime,
    /// The copy's log database or the log's Admin schema.
    LogDatabase,
    /// The user that owns the log tables.
    LogAdmin,
    /// The user that writes logs.
    LogRuntime,
    /// The session database's server.
    SessionServer,
    /// The session database's catalog.
    SessionCatalog,
    /// The user that keeps sessions.
    SessionUser,
    /// The session user's tablespace.
    SessionTablespace,
    /// The tablespace of the platform's tables.
    AdminTablespace,
    /// The tablespace of their indexes.
    IndexTablespace,
    /// The tablespace of the applications' tables.
    RuntimeTablespace,
    /// The tablespace of the log tables.
    LogTablespace,
    /// The tablespace of their indexes.
    LogIndexTablespace,
    /// The tablespace of the log's Runtime user.
    LogRuntimeTablespace,
    /// Extra catalogs or schemas with their names in the copy.
    Catalogs,
    /// The platform's version in the copied database.
    PlatformVersion,
    /// The folder that the platform is installed in.
    InstallFolder,
    /// The environment's machines.
    Machines,
    /// The platform's installer.
    PlatformInstaller,
    /// Service Studio's installer.
    ServiceStudioInstaller,
    /// Integration Studio's installer.
    IntegrationStudioInstaller,
    /// The serial number that the license is for.
    Serial,
    /// The license file.
    LicenseFile,
    /// What the environment is for.
    Purpose,
    /// The environment's name.
    EnvironmentName,
    /// The name that browsers reach it by.
    HostName,
    /// Service Center's address.
    ServiceCenter,
    /// Service Center's administrator.
    ServiceCenterUser,
    /// The file of mappings that OSPTool needs where there are extra catalogs.
    CatalogMappings,
    /// The cache invalidation service's host.
    CacheHost,
    /// The fingerprint of the source's key.
    SourceKey,
    /// `LifeTime`'s address.
    LifetimeAddress,
    /// What `LifeTime` calls the environment.
    LifetimeEnvironment,
}

/// A value, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Value {
    /// Which one.
    pub name: ValueName,
    /// What people call it.
    pub label: String,
    /// What it is; a blank to fill in by hand where nobody said.
    pub value: Option<String>,
    /// The setting that gives it.
    pub setting: String,
}

impl ValueName {
    /// What people call it.
    #[must_use]
    pub fn label(self) -> &'static str {
        match self {
            Self::DatabaseServer => "Database server",
            Self::PlatformDatabase => "Platform database",
            Self::PlatformAdmin => "Platform Admin user",
            Self::PlatformRuntime => "Platform Runtime user",
            Self::LogDatabase => "Log database",
            Self::LogAdmin => "Log Admin user",
            Self::LogRuntime => "Log Runtime user",
            Self::SessionServer => "Session database server",
            Self::SessionCatalog => "Session database",
            Self::SessionUser => "Session user",
            Self::SessionTablespace => "Session tablespace",
            Self::AdminTablespace => "Admin tablespace",
            Self::IndexTablespace => "Index tablespace",
            Self::RuntimeTablespace => "Runtime tablespace",
            Self::LogTablespace => "Log Admin tablespace",
            Self::LogIndexTablespace => "Log index tablespace",
            Self::LogRuntimeTablespace => "Log Runtime tablespace",
            Self::Catalogs => "Extra catalogs or schemas",
            Self::PlatformVersion => "Platform version of the database",
            Self::InstallFolder => "Installation folder",
            Self::Machines => "Machines of this environment",
            Self::PlatformInstaller => "Platform installer",
            Self::ServiceStudioInstaller => "Service Studio installer",
            Self::IntegrationStudioInstaller => "Integration Studio installer",
            Self::Serial => "Serial number",
            Self::LicenseFile => "License file",
            Self::Purpose => "Purpose",
            Self::EnvironmentName => "Environment name",
            Self::HostName => "Default DNS name",
            Self::ServiceCenter => "Service Center",
            Self::ServiceCenterUser => "Service Center user",
            Self::CatalogMappings => "File of catalog mappings",
            Self::CacheHost => "Cache invalidation service",
            Self::SourceKey => "Fingerprint of the source's key",
            Self::LifetimeAddress => "LifeTime",
            Self::LifetimeEnvironment => "Environment in LifeTime",
        }
    }

    /// The setting that gives it.
    #[must_use]
    pub fn setting(self) -> &'static str {
        match self {
            Self::DatabaseServer => "[target.server]",
            Self::PlatformDatabase => "[target] platform",
            Self::PlatformAdmin => "[runbook.users] platform-admin",
            Self::PlatformRuntime => "[runbook.users] platform-runtime",
            Self::LogDatabase => "[target] log",
            Self::LogAdmin => "[runbook.users] log-admin",
            Self::LogRuntime => "[runbook.users] log-runtime",
            Self::SessionServer => "[runbook.session] server",
            Self::SessionCatalog => "[runbook.session] catalog",
            Self::SessionUser => "[runbook.users] session",
            Self::SessionTablespace => "[runbook.session] tablespace",
            Self::AdminTablespace => "[runbook.tablespaces] admin",
            Self::IndexTablespace => "[runbook.tablespaces] index",
            Self::RuntimeTablespace => "[runbook.tablespaces] runtime",
            Self::LogTablespace => "[runbook.tablespaces] log",
            Self::LogIndexTablespace => "[runbook.tablespaces] log-index",
            Self::LogRuntimeTablespace => "[runbook.tablespaces] log-runtime",
            Self::Catalogs => "[target.catalogs]",
            Self::PlatformVersion => "(the source's database says it)",
            Self::InstallFolder => "[runbook] install-folder",
            Self::Machines => "[runbook] machines",
            Self::PlatformInstaller => "[runbook] platform-installer",
            Self::ServiceStudioInstaller => "[runbook] service-studio-installer",
            Self::IntegrationStudioInstaller => "[runbook] integration-studio-installer",
            Self::Serial => "[runbook] serial",
            Self::LicenseFile => "[runbook] license-file",
            Self::Purpose => "[runbook] purpose",
            Self::EnvironmentName => "[runbook] environment-name",
            Self::HostName => "[runbook] host-name",
            Self::ServiceCenter | Self::ServiceCenterUser => "[runbook.service-center]",
            Self::CatalogMappings => "[runbook] catalog-mappings",
            Self::CacheHost => "[runbook.cache] host",
            Self::SourceKey => "[runbook.source] key",
            Self::LifetimeAddress | Self::LifetimeEnvironment => "[runbook.lifetime]",
        }
    }

    /// Whether only environments with schemas have it.
    fn needs_schemas(self) -> Option<bool> {
        match self {
            Self::SessionServer | Self::SessionCatalog => Some(false),
            Self::SessionTablespace
            | Self::AdminTablespace
            | Self::IndexTablespace
            | Self::RuntimeTablespace
            | Self::LogTablespace
            | Self::LogIndexTablespace
            | Self::LogRuntimeTablespace => Some(true),
            _ => None,
        }
    }

    /// The value for an environment; none where the environment has no use for it.
    #[must_use]
    pub fn shown(self, parts: &Parts<'_>) -> Option<Value> {
        let schemas = parts.settings.target.engine.has_schemas();
        if self.needs_schemas().is_some_and(|needs| needs != schemas) {
            return None;
        }
        if self == Self::CatalogMappings && !parts.meets(Condition::HasCatalogs) {
            return None;
        }
        Some(Value {
            name: self,
            label: self.label().to_owned(),
            value: self.find(parts),
            setting: self.setting().to_owned(),
        })
    }

    /// The value itself, where it is known.
    #[must_use]
    pub fn find(self, parts: &Parts<'_>) -> Option<String> {
        let settings = parts.settings;
        let runbook = &settings.runbook;
        let users = &runbook.users;
        let spaces = &runbook.tablespaces;
        let name = |role: Role| {
            let found = parts.target.iter().find(|(it, _)| *it == role);
            found.map(|(_, name)| catalog_of(name).to_owned())
        };
        let user = |account: &Option<Account>, role: Role, rights: Rights| {
            account
                .as_ref()
                .map(|account| account.user.clone())
                .or_else(|| parts.new_user(&role, rights))
                .or_else(|| parts.schema(&role, rights))
        };
        match self {
            Self::DatabaseServer => settings.target.server.as_ref().map(typed),
            Self::PlatformDatabase => name(Role::Platform),
            Self::PlatformAdmin => user(&users.platform_admin, Role::Platform, Rights::Admin),
            Self::PlatformRuntime => user(&users.platform_runtime, Role::Platform, Rights::Runtime),
            // Logs that are not kept apart are in the platform's own database.
            Self::LogDatabase => name(Role::Log).or_else(|| name(Role::Platform)),
            Self::LogAdmin => user(&users.log_admin, Role::Log, Rights::Admin),
            Self::LogRuntime => user(&users.log_runtime, Role::Log, Rights::Runtime),
            Self::SessionServer => runbook
                .session
                .server
                .clone()
                .or_else(|| settings.target.server.as_ref().map(typed)),
            Self::SessionCatalog => runbook.session.catalog.clone(),
            Self::SessionUser => users.session.as_ref().map(|it| it.user.clone()),
            Self::SessionTablespace => runbook.session.tablespace.clone(),
            Self::AdminTablespace => spaces.admin.clone(),
            Self::IndexTablespace => spaces.index.clone(),
            Self::RuntimeTablespace => spaces.runtime.clone(),
            Self::LogTablespace => spaces.log.clone(),
            Self::LogIndexTablespace => spaces.log_index.clone(),
            Self::LogRuntimeTablespace => spaces.log_runtime.clone(),
            Self::Catalogs => parts.catalogs(),
            Self::PlatformVersion => parts.inventory.platform_version.clone(),
            Self::InstallFolder => Some(runbook.install_folder().to_owned()),
            Self::Machines => (!runbook.machines.is_empty()).then(|| runbook.machines.join(", ")),
            Self::PlatformInstaller => runbook.platform_installer.clone(),
            Self::ServiceStudioInstaller => runbook.service_studio_installer.clone(),
            Self::IntegrationStudioInstaller => runbook.integration_studio_installer.clone(),
            Self::Serial => runbook.serial.clone(),
            Self::LicenseFile => runbook.license_file.clone(),
            Self::Purpose => runbook.purpose.map(|it| it.title().to_owned()),
            Self::EnvironmentName => runbook.environment_name.clone(),
            Self::HostName => runbook.host_name.clone(),
            Self::ServiceCenter => runbook
                .service_center
                .as_ref()
                .map(|it| format!("{}/ServiceCenter", it.address.trim_end_matches('/'))),
            Self::ServiceCenterUser => runbook
                .service_center
                .as_ref()
                .map(|it| it.account.user.clone()),
            Self::CatalogMappings => runbook.catalog_mappings.clone(),
            Self::CacheHost => runbook
                .cache
                .as_ref()
                .map(|it| it.host.clone())
                .or_else(|| runbook.machines.first().cloned()),
            Self::SourceKey => runbook.source.key.clone(),
            Self::LifetimeAddress => runbook.lifetime.as_ref().map(|it| it.address.clone()),
            Self::LifetimeEnvironment => runbook.lifetime.as_ref().map(|it| it.environment.clone()),
        }
    }
}
