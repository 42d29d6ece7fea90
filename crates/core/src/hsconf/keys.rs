//! What `server.hsconf` can say: its categories, and their keys as the vendor's reference lists them.

use serde::{Deserialize, Serialize};

use crate::engine::Engine;

/// A category of keys.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Category {
    /// The platform database.
    Platform,
    /// The log database.
    Logging,
    /// The session database.
    Session,
    /// The platform's services.
    Service,
    /// The server.
    Server,
    /// The network.
    Network,
    /// The cache invalidation service.
    Cache,
    /// The rest.
    Other,
}

impl Category {
    /// Every category, in the reference's order.
    pub const ALL: [Self; 8] = [
        Self::Platform,
        Self::Logging,
        Self::Session,
        Self::Service,
        Self::Server,
        Self::Network,
        Self::Cache,
        Self::Other,
    ];

    /// The categories that name a database, and say in `ProviderKey` on which engine it is.
    pub const DATABASES: [Self; 3] = [Self::Platform, Self::Logging, Self::Session];

    /// The name of its element.
    #[must_use]
    pub fn element(self) -> &'static str {
        [
            "PlatformDatabaseConfiguration",
            "LoggingDatabaseConfiguration",
            "SessionDatabaseConfiguration",
            "ServiceConfiguration",
            "ServerConfiguration",
            "NetworkConfiguration",
            "CacheInvalidationConfiguration",
            "OtherConfigurations",
        ][self as usize]
    }

    /// The category of an element.
    pub(super) fn of(element: &str) -> Option<Self> {
        Self::ALL.into_iter().find(|it| it.element() == element)
    }
}

impl std::fmt::Display for Category {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.element())
    }
}

/// What a key's value can be.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// Any text.
    Text,
    /// A password, which is never shown.
    Password,
    /// A host name or an address of a machine.
    Host,
    /// `true` or `false`.
    Flag,
    /// A whole number.
    Number,
    /// A TCP port.
    Port,
    /// One of these words, spelled so.
    Word(&'static [&'static str]),
}

/// A documented key.
pub(super) struct Key {
    pub(super) name: &'static str,
    /// The categories that have it.
    categories: &'static [Category],
    /// The engine that has it; both when absent.
    engine: Option<Engine>,
    pub(super) kind: Kind,
}

const fn key(
    name: &'static str,
    categories: &'static [Category],
    engine: Option<Engine>,
    kind: Kind,
) -> Key {
    Key {
        name,
        categories,
        engine,
        kind,
    }
}

/// How the two engines are called in `ProviderKey`.
const PROVIDERS: [(&str, Engine); 2] =
    [("SqlServer", Engine::SqlServer), ("Oracle", Engine::Oracle)];

/// What `ProviderKey` calls an engine; none for one that the platform does not run on.
pub(super) fn provider(engine: Engine) -> Option<&'static str> {
    PROVIDERS
        .into_iter()
        .find(|(_, it)| *it == engine)
        .map(|(name, _)| name)
}

/// The engine that a `ProviderKey` names.
pub(super) fn engine(provider: &str) -> Option<Engine> {
    PROVIDERS
        .into_iter()
        .find(|(name, _)| *name == provider)
        .map(|(_, engine)| engine)
}

/// A database that needs a password.
pub(super) const DATABASE_LOGIN: &str = "Database Authentication";
/// A Windows account.
pub(super) const WINDOWS_LOGIN: &str = "Windows Authentication";
/// A database by host, port and service.
pub(super) const BY_SERVICE: &str = "Service Name";
/// A database by its alias in `tnsnames.ora`.
pub(super) const BY_ALIAS: &str = "TNS Name";

/// The documented key of this name in a category, on an engine. None says nothing against a key: the platform has more
/// than are documented.
pub(super) fn find(category: Category, name: &str, on: Option<Engine>) -> Option<&'static Key> {
    KEYS.iter().find(|key| {
        key.name == name
            && key.categories.contains(&category)
            && (key.engine.is_none() || on.is_none() || key.engine == on)
    })
}

const DATABASES: &[Category] = &Category::DATABASES;
const MODELS: &[Category] = &[Category::Platform, Category::Logging];
const PLATFORM: &[Category] = &[Category::Platform];
const LOGGING: &[Category] = &[Category::Logging];
const SESSION: &[Category] = &[Category::Session];
const SERVICE: &[Category] = &[Category::Service];
const SERVER: &[Category] = &[Category::Server];
const NETWORK: &[Category] = &[Category::Network];
const CACHE: &[Category] = &[Category::Cache];
const OTHER: &[Category] = &[Category::Other];
const SQL_SERVER: Option<Engine> = Some(Engine::SqlServer);
const ORACLE: Option<Engine> = Some(Engine::Oracle);
const LOGINS: Kind = Kind::Word(&[DATABASE_LOGIN, WINDOWS_LOGIN]);
const NAMINGS: Kind = Kind::Word(&[BY_SERVICE, BY_ALIAS]);

const KEYS: &[Key] = &[
    key("AdminUser", MODELS, None, Kind::Text),
    key("AdminPassword", MODELS, None, Kind::Password),
    key("RuntimeUser", MODELS, None, Kind::Text),
    key("RuntimePassword", MODELS, None, Kind::Password),
    key("RuntimeAdvancedSettings", MODELS, None, Kind::Text),
    key("ServicesAdvancedSettings", MODELS, None, Kind::Text),
    key("SessionUser", SESSION, None, Kind::Text),
    key("SessionPassword", SESSION, None, Kind::Password),
    key("SessionAdvancedSettings", SESSION, None, Kind::Text),
    key(
        "DeleteExpiredSessionsAvoidLockRowCount",
        SESSION,
        None,
        Kind::Number,
    ),
    key("Unicode", MODELS, SQL_SERVER, Kind::Flag),
    key("UsedAuthenticationMode", DATABASES, SQL_SERVER, LOGINS),
    key("Server", DATABASES, SQL_SERVER, Kind::Host),
    key("Catalog", DATABASES, SQL_SERVER, Kind::Text),
    key("IntrospectionMethod", DATABASES, ORACLE, Kind::Text),
    key("CI_AI", DATABASES, ORACLE, Kind::Flag),
    key("DateFunction", DATABASES, ORACLE, Kind::Text),
    key("DDLLockTimeout", DATABASES, ORACLE, Kind::Number),
    key("NamingType", MODELS, ORACLE, NAMINGS),
    // The session database has a name of its own for the same thing.
    key("IdType", SESSION, ORACLE, NAMINGS),
    key("TNSName", DATABASES, ORACLE, Kind::Text),
    key("Host", DATABASES, ORACLE, Kind::Host),
    key("Port", DATABASES, ORACLE, Kind::Port),
    key("ServiceName", DATABASES, ORACLE, Kind::Text),
    key("NLS_Language", DATABASES, ORACLE, Kind::Text),
    key("NLS_Territory", DATABASES, ORACLE, Kind::Text),
    key("AdminTablespace", MODELS, ORACLE, Kind::Text),
    key("IndexTablespace", MODELS, ORACLE, Kind::Text),
    key("RuntimeTablespace", MODELS, ORACLE, Kind::Text),
    key("LogTablespace", LOGGING, ORACLE, Kind::Text),
    key("SessionTablespace", SESSION, ORACLE, Kind::Text),
    // Of the version before: kept in files that were upgraded.
    key("LogUser", PLATFORM, None, Kind::Text),
    key("LogPassword", PLATFORM, None, Kind::Password),
    key("CompilerServerHostname", SERVICE, None, Kind::Host),
    key("CompilerServiceRESTPort", SERVICE, None, Kind::Port),
    key("CompilerServerPort", SERVICE, None, Kind::Port),
    key("DeployServiceRESTPort", SERVICE, None, Kind::Port),
    key("DeploymentServerPort", SERVICE, None, Kind::Port),
    key("SchedulerRESTPort", SERVICE, None, Kind::Port),
    key("SchedulerServerPort", SERVICE, None, Kind::Port),
    key("SupportAsynchronousLog", SERVICE, None, Kind::Flag),
    key(
        "ServiceInitializationTimeoutInSeconds",
        SERVICE,
        None,
        Kind::Number,
    ),
    key("ApplicationServerPort", SERVER, None, Kind::Port),
    key("ApplicationServerSecurePort", SERVER, None, Kind::Port),
    key("MaxConcurrentTimers", SERVER, None, Kind::Number),
    key("PlatformServerAdminPassword", SERVER, None, Kind::Password),
    key("WeeksToKeep", SERVER, None, Kind::Number),
    key("OutgoingIPAddress", NETWORK, None, Kind::Host),
    key("ServiceHost", CACHE, None, Kind::Host),
    key("ServicePort", CACHE, None, Kind::Port),
    key("ServiceUsername", CACHE, None, Kind::Text),
    key("ServicePassword", CACHE, None, Kind::Password),
    key("VirtualHost", CACHE, None, Kind::Text),
    key("TlsEnabled", CACHE, None, Kind::Flag),
    key("TlsServerCanonicalName", CACHE, None, Kind::Text),
    key("DBIntrospectionTimeout", OTHER, None, Kind::Number),
    key("DBTimeout", OTHER, None, Kind::Number),
    key("DBUpdateTimeout", OTHER, None, Kind::Number),
    key("InstallationDir", OTHER, None, Kind::Text),
    key("InstanceName", OTHER, None, Kind::Text),
    key("PlatformVersion", OTHER, None, Kind::Text),
    key("QueuesAvailable", OTHER, None, Kind::Flag),
];

impl Kind {
    /// Why a value is none of this kind. Empty ones are left alone: keys that are not in use have none.
    pub(super) fn fault(self, value: &str) -> Option<String> {
        let fits = match self {
            Self::Text | Self::Password | Self::Host => true,
            Self::Flag => ["true", "false"]
                .iter()
                .any(|it| value.eq_ignore_ascii_case(it)),
            Self::Number => value.parse::<u32>().is_ok(),
            Self::Port => value.parse::<u16>().is_ok_and(|port| port > 0),
            Self::Word(words) => words.contains(&value),
        };
        (!fits && !value.is_empty()).then(|| match self {
            Self::Flag => "`true` or `false`".to_owned(),
            Self::Number => "a whole number".to_owned(),
            Self::Port => "a port from 1 to 65535".to_owned(),
            Self::Word(words) => format!("`{}`", words.join("` or `")),
            Self::Text | Self::Password | Self::Host => "a text".to_owned(),
        })
    }
}

/// Whether what a key says is shown to nobody, documented or not.
pub(super) fn is_secret(category: Category, name: &str) -> bool {
    let documented = find(category, name, None).is_some_and(|key| key.kind == Kind::Password);
    let lower = name.to_ascii_lowercase();
    documented
        || ["password", "secret", "token"]
            .iter()
            .any(|it| lower.contains(it))
}
