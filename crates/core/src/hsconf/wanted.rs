//! What the file must say.

use serde::{Deserialize, Serialize};

use super::At;
use super::keys::{self, Category};
use crate::engine::Engine;

/// What the file must say. It has no secret in it: for each password it has the key, and whoever writes the file is asked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Wanted {
    /// The platform database.
    pub platform: Database,
    /// The log database; the platform database where logs have none of their own.
    pub logging: Database,
    /// The session database.
    pub session: SessionDatabase,
    /// The cache invalidation service; what the file says when absent.
    #[serde(default)]
    pub cache: Option<CacheService>,
    /// The machine of the deployment controller; what the file says when absent.
    #[serde(default)]
    pub controller: Option<String>,
    /// More secrets that the writer is asked for: those that [`super::Refusal::Reenter`] lists.
    #[serde(default)]
    pub reenter: Vec<At>,
}

/// Where a database is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Place {
    /// A catalog on SQL Server.
    SqlServer {
        /// `HOST`, `HOST\INSTANCE` or `HOST,PORT`.
        server: String,
        /// The catalog.
        catalog: String,
        /// Who logs in.
        #[serde(default)]
        authentication: Authentication,
    },
    /// A service of Oracle, by its listener.
    OracleService {
        /// The listener's machine.
        host: String,
        /// Its port.
        port: u16,
        /// The service.
        service: String,
    },
    /// A service of Oracle, by its alias in `tnsnames.ora`.
    OracleAlias {
        /// The alias.
        name: String,
    },
}

/// Who logs in to SQL Server.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Authentication {
    /// Logins of the server.
    #[default]
    Database,
    /// Windows accounts.
    Windows,
}

/// A tablespace that a file names.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Tablespace {
    /// Of the platform's tables.
    Admin,
    /// Of the indexes.
    Index,
    /// Of the applications' tables.
    Runtime,
    /// Of the logs.
    Log,
    /// Of the sessions.
    Session,
}

impl Tablespace {
    fn key(self) -> &'static str {
        [
            "AdminTablespace",
            "IndexTablespace",
            "RuntimeTablespace",
            "LogTablespace",
            "SessionTablespace",
        ][self as usize]
    }
}

/// The platform or the log database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Database {
    /// Where it is.
    pub place: Place,
    /// The user that owns the model.
    pub admin: String,
    /// The user that applications log in as.
    pub runtime: String,
    /// Oracle: its tablespaces.
    #[serde(default)]
    pub tablespaces: Vec<(Tablespace, String)>,
}

/// The session database.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SessionDatabase {
    /// Where it is.
    pub place: Place,
    /// The user that owns the sessions.
    pub user: String,
    /// Oracle: its tablespace.
    #[serde(default)]
    pub tablespace: Option<String>,
}

/// The cache invalidation service.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct CacheService {
    /// Its machine.
    pub host: String,
    /// Its port; what the file says when absent.
    #[serde(default)]
    pub port: Option<u16>,
    /// The user that the platform logs in as, with a new password; both stay as the file has them when absent.
    #[serde(default)]
    pub user: Option<String>,
    /// The virtual host; what the file says when absent.
    #[serde(default)]
    pub virtual_host: Option<String>,
}

/// One key and what it must say.
pub(crate) struct Entry {
    pub(crate) category: Category,
    pub(crate) key: String,
    pub(crate) value: Value,
}

/// What a key must say.
#[derive(Clone, PartialEq, Eq)]
pub(crate) enum Value {
    /// This.
    Text(String),
    /// What the writer is told.
    Secret,
    /// Nothing, where the key is there at all: another way to name the database is in use.
    Nothing,
}

impl Authentication {
    fn name(self) -> &'static str {
        [keys::DATABASE_LOGIN, keys::WINDOWS_LOGIN][self as usize]
    }
}

impl Place {
    /// The engine.
    #[must_use]
    pub fn engine(&self) -> Engine {
        match self {
            Self::SqlServer { .. } => Engine::SqlServer,
            Self::OracleService { .. } | Self::OracleAlias { .. } => Engine::Oracle,
        }
    }

    /// The keys of a place. On Oracle, the session database has another name for how it is named.
    fn entries(&self, naming: &str) -> Vec<(String, Value)> {
        let text = |key: &str, value: &str| (key.to_owned(), Value::Text(value.to_owned()));
        let nothing = |key: &str| (key.to_owned(), Value::Nothing);
        match self {
            Self::SqlServer {
                server,
                catalog,
                authentication,
            } => vec![
                text("UsedAuthenticationMode", authentication.name()),
                text("Server", server),
                text("Catalog", catalog),
            ],
            Self::OracleService {
                host,
                port,
                service,
            } => vec![
                text(naming, keys::BY_SERVICE),
                nothing("TNSName"),
                text("Host", host),
                text("Port", &port.to_string()),
                text("ServiceName", service),
            ],
            Self::OracleAlias { name } => vec![
                text(naming, keys::BY_ALIAS),
                text("TNSName", name),
                // The port names nobody, and an empty one could be taken for an invalid one.
                nothing("Host"),
                nothing("ServiceName"),
            ],
        }
    }

    fn authentication(&self) -> Option<Authentication> {
        match self {
            Self::SqlServer { authentication, .. } => Some(*authentication),
            Self::OracleService { .. } | Self::OracleAlias { .. } => None,
        }
    }
}

impl Database {
    fn entries(&self) -> Vec<(String, Value)> {
        let mut entries = self.place.entries("NamingType");
        entries.extend([
            ("AdminUser".to_owned(), Value::Text(self.admin.clone())),
            ("AdminPassword".to_owned(), Value::Secret),
            ("RuntimeUser".to_owned(), Value::Text(self.runtime.clone())),
            ("RuntimePassword".to_owned(), Value::Secret),
        ]);
        let tablespaces = self.tablespaces.iter();
        entries.extend(
            tablespaces.map(|(which, name)| (which.key().to_owned(), Value::Text(name.clone()))),
        );
        entries
    }
}

impl SessionDatabase {
    fn entries(&self) -> Vec<(String, Value)> {
        let mut entries = self.place.entries("IdType");
        entries.extend([
            ("SessionUser".to_owned(), Value::Text(self.user.clone())),
            ("SessionPassword".to_owned(), Value::Secret),
        ]);
        entries.extend(self.tablespace.iter().map(|name| {
            (
                Tablespace::Session.key().to_owned(),
                Value::Text(name.clone()),
            )
        }));
        entries
    }
}

impl CacheService {
    fn entries(&self) -> Vec<(String, Value)> {
        let port = self.port.map(|port| port.to_string());
        let texts = [
            ("ServiceHost", Some(self.host.clone())),
            ("ServicePort", port),
            ("ServiceUsername", self.user.clone()),
            ("VirtualHost", self.virtual_host.clone()),
        ];
        let texts = texts
            .into_iter()
            .filter_map(|(key, text)| Some((key.to_owned(), Value::Text(text?))));
        let secret = self
            .user
            .iter()
            .map(|_| ("ServicePassword".to_owned(), Value::Secret));
        texts.chain(secret).collect()
    }
}

impl Wanted {
    /// The engine: that of the platform database.
    #[must_use]
    pub fn engine(&self) -> Engine {
        self.platform.place.engine()
    }

    /// The user that a password of the file is for; none for a key that is no password of a user.
    pub(crate) fn user_of(&self, category: Category, key: &str) -> Option<&str> {
        match (category, key) {
            (Category::Platform, "AdminPassword") => Some(&self.platform.admin),
            (Category::Platform, "RuntimePassword") => Some(&self.platform.runtime),
            (Category::Logging, "AdminPassword") => Some(&self.logging.admin),
            (Category::Logging, "RuntimePassword") => Some(&self.logging.runtime),
            (Category::Session, "SessionPassword") => Some(&self.session.user),
            (Category::Cache, "ServicePassword") => self.cache.as_ref()?.user.as_deref(),
            _ => None,
        }
    }

    /// What the file calls the engine.
    pub(crate) fn provider(&self) -> Option<&'static str> {
        keys::provider(self.engine())
    }

    /// The databases' places.
    pub(super) fn places(&self) -> [(Category, &Place); 3] {
        [
            (Category::Platform, &self.platform.place),
            (Category::Logging, &self.logging.place),
            (Category::Session, &self.session.place),
        ]
    }

    /// The databases whose kind of login is not that of the platform database.
    pub(super) fn other_logins(&self) -> impl Iterator<Item = Category> {
        let platform = self.platform.place.authentication();
        self.places()
            .into_iter()
            .filter(move |(_, place)| place.authentication() != platform)
            .map(|(category, _)| category)
    }

    /// Every key that matters, in the order of a file.
    pub(crate) fn entries(&self) -> Vec<Entry> {
        let controller = self.controller.iter().map(|host| {
            let key = "CompilerServerHostname".to_owned();
            (key, Value::Text(host.clone()))
        });
        let cache = self.cache.iter().flat_map(CacheService::entries);
        let parts = [
            (Category::Platform, self.platform.entries()),
            (Category::Logging, self.logging.entries()),
            (Category::Session, self.session.entries()),
            (Category::Service, controller.collect()),
            (Category::Cache, cache.collect()),
        ];
        let mut entries: Vec<Entry> = parts
            .into_iter()
            .flat_map(|(category, keys)| {
                keys.into_iter().map(move |(key, value)| Entry {
                    category,
                    key,
                    value,
                })
            })
            .collect();
        for at in &self.reenter {
            let known = entries
                .iter()
                .any(|it| it.category == at.category && it.key == at.key);
            if !known {
                entries.push(Entry {
                    category: at.category,
                    key: at.key.clone(),
                    value: Value::Secret,
                });
            }
        }
        entries
    }
}
