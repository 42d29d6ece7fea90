//! The database engines, and the databases that make up one environment.

use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

/// A database engine that a plan can be spelled for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Engine {
    /// Microsoft SQL Server, T-SQL.
    SqlServer,
    /// Oracle Database, SQL and PL/SQL.
    Oracle,
    /// The embedded engine of the rehearsal.
    Sqlite,
}

impl Engine {
    /// Every engine, in the order in which documents list them.
    pub const ALL: [Self; 3] = [Self::SqlServer, Self::Oracle, Self::Sqlite];

    /// The name used in settings and on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        ["sqlserver", "oracle", "sqlite"][self as usize]
    }

    /// Whether its databases are files, which no server stands in front of.
    #[must_use]
    pub fn is_embedded(self) -> bool {
        self == Self::Sqlite
    }

    /// Whether an environment is several schemas of one database, each with its user.
    #[must_use]
    pub fn has_schemas(self) -> bool {
        self == Self::Oracle
    }

    /// The name that people use.
    #[must_use]
    pub fn title(self) -> &'static str {
        ["SQL Server", "Oracle", "SQLite"][self as usize]
    }
}

impl fmt::Display for Engine {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.title())
    }
}

/// Which of an environment's databases is meant.
///
/// Written as `platform`, `runtime`, `log`, `log-runtime` or `catalog:NAME`, where NAME is what `ossys_dbcatalog` calls an
/// extra catalog (SQL Server) or schema (Oracle).
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub enum Role {
    /// The platform database: `ossys_*` and, unless they live in a catalog of their own, application tables.
    Platform,
    /// The schema of the application tables, on Oracle, where users have schemas.
    Runtime,
    /// The log database, where logs are kept apart from the platform database.
    Log,
    /// The schema of the user that writes logs, on Oracle: usually empty.
    LogRuntime,
    /// An extra catalog that application tables were deployed to.
    Catalog(String),
}

impl Role {
    /// The database as a sentence names it: `platform database`, `catalog LEDGER`.
    #[must_use]
    pub fn phrase(&self) -> String {
        match self {
            Self::Platform | Self::Log => format!("{self} database"),
            Self::Runtime => "runtime schema".to_owned(),
            Self::LogRuntime => "log runtime schema".to_owned(),
            Self::Catalog(name) => format!("catalog {name}"),
        }
    }

    /// The same for a role that is kept as a text.
    #[must_use]
    pub fn phrase_of(role: &str) -> String {
        role.parse()
            .map_or_else(|_| format!("{role} database"), |role: Self| role.phrase())
    }
}

impl fmt::Display for Role {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Platform => f.write_str("platform"),
            Self::Runtime => f.write_str("runtime"),
            Self::Log => f.write_str("log"),
            Self::LogRuntime => f.write_str("log-runtime"),
            Self::Catalog(name) => write!(f, "catalog:{name}"),
        }
    }
}

/// A text that names no database of an environment.
#[derive(Debug, thiserror::Error)]
#[error("`{0}` is none of `platform`, `runtime`, `log`, `log-runtime` and `catalog:NAME`")]
pub struct UnknownRole(String);

impl FromStr for Role {
    type Err = UnknownRole;

    fn from_str(text: &str) -> Result<Self, UnknownRole> {
        match text.split_once(':') {
            Some(("catalog", name)) if !name.is_empty() => Ok(Self::Catalog(name.to_owned())),
            None if text == "platform" => Ok(Self::Platform),
            None if text == "runtime" => Ok(Self::Runtime),
            None if text == "log" => Ok(Self::Log),
            None if text == "log-runtime" => Ok(Self::LogRuntime),
            _ => Err(UnknownRole(text.to_owned())),
        }
    }
}

impl TryFrom<String> for Role {
    type Error = UnknownRole;

    fn try_from(text: String) -> Result<Self, UnknownRole> {
        text.parse()
    }
}

impl From<Role> for String {
    fn from(role: Role) -> Self {
        role.to_string()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_sentence_names_a_database_by_what_it_is() {
        assert_eq!(Role::Log.phrase(), "log database");
        assert_eq!(Role::phrase_of("catalog:LEDGER"), "catalog LEDGER");
        assert_eq!(Role::phrase_of("archive"), "archive database");
    }
}
