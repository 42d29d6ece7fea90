//! What the runbook needs to know of the environment beyond its databases.

use serde::{Deserialize, Serialize};

use super::{Environment, Secret};
use crate::engine::Engine;
use crate::hsconf::names_a_machine;
use crate::runbook::progress::same_machine;

/// Where the platform is installed unless somebody chose otherwise.
pub const INSTALL_FOLDER: &str = r"C:\Program Files\OutSystems\Platform Server";

/// The environment that gets the copy, beyond its databases.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct RunbookSettings {
    /// The machines of this environment, the controller first; the machine that a step is taken on when absent.
    pub machines: Vec<String>,
    /// Where the platform is installed on them.
    pub install_folder: Option<String>,
    /// What the environment is for.
    pub purpose: Option<Purpose>,
    /// What the environment is called in Service Center.
    pub environment_name: Option<String>,
    /// The name under which browsers reach the environment: Service Center's Default DNS Name.
    pub host_name: Option<String>,
    /// The serial number that the environment's license is for.
    pub serial: Option<String>,
    /// The environment's license, as a file on the controller.
    pub license_file: Option<String>,
    /// What the source is known by.
    pub source: Identity,
    /// The catalogs or schemas, on the target's server, that the environment had before the refresh, where `server.hsconf` does
    /// not say it; an empty list where it had none.
    pub former: Option<Vec<String>>,
    /// Where the environment has extra catalogs: OSPTool's file of mappings, on the controller.
    pub catalog_mappings: Option<String>,
    /// The platform's installer, as a file on each machine.
    pub platform_installer: Option<String>,
    /// Service Studio's installer.
    pub service_studio_installer: Option<String>,
    /// Integration Studio's installer.
    pub integration_studio_installer: Option<String>,
    /// The users that the platform gets.
    pub users: PlatformUsers,
    /// A login that may make users, rights and a session database or schema; needed for a short time.
    pub superuser: Option<Account>,
    /// The session database.
    pub session: Session,
    /// Oracle: the tablespaces.
    pub tablespaces: PlatformTablespaces,
    /// Where this environment's cache invalidation service is; the controller when absent.
    pub cache: Option<Cache>,
    /// Service Center.
    pub service_center: Option<ServiceCenter>,
    /// The `LifeTime` that manages the environment.
    pub lifetime: Option<LifeTime>,
    /// Database connections that `LifeTime` makes in the environment once it is registered.
    pub connections: Vec<Connection>,
}

/// What an environment is known by beyond its databases, as `envclone runbook identity` prints it on its controller. It has no
/// secret in it.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Identity {
    /// The fingerprint of its `private.key`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// The machine of its deployment controller.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub controller: Option<String>,
    /// The machines of its cache invalidation service, as its `server.hsconf` has them.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub cache: Option<String>,
    /// The server of its session database, as its `server.hsconf` has it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_server: Option<String>,
    /// SQL Server: the catalog of its sessions.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_catalog: Option<String>,
    /// The user that keeps its sessions; on Oracle it is their schema.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub session_user: Option<String>,
    /// Machines that its database still names and that it has no more: they may belong to the copy's environment now.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub retired: Vec<String>,
}

/// A database connection of the environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Connection {
    /// Its name.
    pub name: String,
    /// Its provider, as `LifeTime` shows it; when absent, that of the connection of this name before the refresh.
    #[serde(default)]
    pub provider: Option<String>,
    /// What it is for.
    #[serde(default)]
    pub description: String,
    /// Who logs in to the other database.
    pub account: Account,
    /// Where the parameters of the provider come from, which can hold a secret.
    #[serde(default)]
    pub parameters: Option<Secret>,
}

/// What an environment is for, in Service Center's words.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Purpose {
    /// Development.
    Development,
    /// Tests and acceptance.
    NonProduction,
    /// Production.
    Production,
}

impl Purpose {
    /// As Service Center writes it.
    #[must_use]
    pub fn title(self) -> &'static str {
        ["Development", "Non-Production", "Production"][self as usize]
    }
}

/// An account and where its password comes from.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Account {
    /// Its name.
    pub user: String,
    /// Where its password comes from; a person is asked when absent.
    #[serde(default)]
    pub password: Option<Secret>,
}

/// The users that the platform has in its databases.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct PlatformUsers {
    /// Owns the platform's tables.
    pub platform_admin: Option<Account>,
    /// Runs applications.
    pub platform_runtime: Option<Account>,
    /// Owns the log tables.
    pub log_admin: Option<Account>,
    /// Writes logs.
    pub log_runtime: Option<Account>,
    /// Keeps sessions.
    pub session: Option<Account>,
}

/// The session database.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Session {
    /// SQL Server: its server; the target's when absent.
    pub server: Option<String>,
    /// SQL Server: its catalog.
    pub catalog: Option<String>,
    /// Oracle: the session user's tablespace.
    pub tablespace: Option<String>,
}

/// The tablespaces that the Configuration Tool asks for on Oracle.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct PlatformTablespaces {
    /// The platform's tables.
    pub admin: Option<String>,
    /// Their indexes.
    pub index: Option<String>,
    /// The applications' tables.
    pub runtime: Option<String>,
    /// The log tables.
    pub log: Option<String>,
    /// Their indexes.
    pub log_index: Option<String>,
    /// What the log's Runtime user has.
    pub log_runtime: Option<String>,
}

/// The cache invalidation service, a RabbitMQ.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Cache {
    /// Its host.
    pub host: String,
    /// Its port; the platform's own default when absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// Its virtual host.
    #[serde(default)]
    pub virtual_host: Option<String>,
    /// Its account.
    #[serde(default)]
    pub account: Option<Account>,
}

/// Service Center of this environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ServiceCenter {
    /// `https://HOST`, without the path.
    pub address: String,
    /// An administrator of it, who came with the copy.
    pub account: Account,
    /// The certificates to believe, a PEM file; those that the machine trusts when absent.
    #[serde(default)]
    pub ca_file: Option<String>,
}

/// The `LifeTime` that manages the environment.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct LifeTime {
    /// `https://HOST`, without the path.
    pub address: String,
    /// Where the token of its service account comes from.
    pub token: Secret,
    /// What it calls this environment.
    pub environment: String,
    /// The certificates to believe, a PEM file; those that the machine trusts when absent.
    #[serde(default)]
    pub ca_file: Option<String>,
}

fn is_blank(text: Option<&String>) -> bool {
    text.is_some_and(|text| text.trim().is_empty())
}

impl RunbookSettings {
    /// The folder that the platform is installed in.
    #[must_use]
    pub fn install_folder(&self) -> &str {
        self.install_folder.as_deref().unwrap_or(INSTALL_FOLDER)
    }

    /// The folder that the platform is installed in, where it is another one than its installer takes by itself.
    #[must_use]
    pub fn other_folder(&self) -> Option<&str> {
        let folder = self.install_folder.as_deref()?;
        let plain = |folder: &str| folder.trim_end_matches(['\\', '/']).to_lowercase();
        (plain(folder) != plain(INSTALL_FOLDER)).then_some(folder)
    }

    /// What contradicts itself, the engine, or the source: `source` is the environment that was copied.
    pub(super) fn mistake(&self, source: &Environment) -> Option<String> {
        let texts = [
            ("install-folder", &self.install_folder),
            ("environment-name", &self.environment_name),
            ("host-name", &self.host_name),
            ("serial", &self.serial),
            ("license-file", &self.license_file),
            ("catalog-mappings", &self.catalog_mappings),
            ("platform-installer", &self.platform_installer),
            ("service-studio-installer", &self.service_studio_installer),
            (
                "integration-studio-installer",
                &self.integration_studio_installer,
            ),
            ("session.catalog", &self.session.catalog),
            ("source.key", &self.source.key),
            ("source.controller", &self.source.controller),
            ("source.cache", &self.source.cache),
            ("source.session-server", &self.source.session_server),
            ("source.session-catalog", &self.source.session_catalog),
            ("source.session-user", &self.source.session_user),
        ];
        if let Some((key, _)) = texts.iter().find(|(_, text)| is_blank(text.as_ref())) {
            return Some(format!("`{key}` is empty; leave the key out"));
        }
        // The platform's installer reads it to the end of its command line: nothing in it may look like more than a folder.
        let unfit = |letter: char| letter == '"' || letter.is_control();
        if self.install_folder().contains(unfit) {
            return Some("`install-folder` has a quote or a control character in it".to_owned());
        }
        if !self.connections.is_empty() && self.lifetime.is_none() {
            return Some(
                "`connections` are made by LifeTime, and `[runbook.lifetime]` is missing"
                    .to_owned(),
            );
        }
        if self.machines.iter().any(|name| name.trim().is_empty()) {
            return Some("`machines` has an empty name".to_owned());
        }
        let several = self.machines.len() > 1;
        if let Some(cache) = &self.cache
            && several
            && !names_a_machine(&cache.host)
        {
            return Some(format!(
                "`cache.host` is `{}`, which is another machine on each of `machines`",
                cache.host
            ));
        }
        let mut former = self.former.iter().flatten();
        if former.any(|name| name.trim().is_empty()) {
            return Some("`former` has an empty name".to_owned());
        }
        for (at, machine) in self.machines.iter().enumerate() {
            let before = &self.machines[..at];
            if before.iter().any(|other| same_machine(other, machine)) {
                return Some(format!(
                    "`machines` names `{}` twice",
                    machine.to_lowercase()
                ));
            }
        }
        let addresses = [
            self.service_center
                .as_ref()
                .map(|it| ("service-center", &it.address)),
            self.lifetime.as_ref().map(|it| ("lifetime", &it.address)),
        ];
        for (key, address) in addresses.into_iter().flatten() {
            let host = address
                .strip_prefix("https://")
                .or_else(|| address.strip_prefix("http://"));
            if host.is_none_or(|host| host.is_empty() || host.trim_end_matches('/').contains('/')) {
                return Some(format!("`{key}.address` is `https://HOST`, without a path"));
            }
        }
        self.engine_mistake(source.engine)
    }

    fn engine_mistake(&self, engine: Engine) -> Option<String> {
        let spaces = &self.tablespaces;
        let of_schemas = [
            &spaces.admin,
            &spaces.index,
            &spaces.runtime,
            &spaces.log,
            &spaces.log_index,
            &spaces.log_runtime,
            &self.session.tablespace,
        ];
        let of_catalogs = [
            &self.session.server,
            &self.session.catalog,
            &self.source.session_catalog,
        ];
        let given = |texts: &[&Option<String>]| texts.iter().any(|text| text.is_some());
        if engine.has_schemas() && given(&of_catalogs) {
            Some(
                "`session.server`, `session.catalog` and `source.session-catalog` are for SQL Server; on Oracle the session user has a schema"
                    .to_owned(),
            )
        } else if !engine.has_schemas() && given(&of_schemas) {
            Some("tablespaces are for Oracle".to_owned())
        } else {
            None
        }
    }
}
