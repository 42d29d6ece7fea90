//! What was observed about both sides before anything is touched.

use serde::{Deserialize, Serialize};

use crate::encoding::Encoding;
use crate::engine::Role;

/// Something that was looked for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Observed<T> {
    /// It was seen.
    Known(T),
    /// It could not be seen, which proves nothing.
    Unknown {
        /// Why.
        why: String,
    },
}

impl<T> Observed<T> {
    /// What was seen.
    #[must_use]
    pub fn known(&self) -> Option<&T> {
        match self {
            Self::Known(value) => Some(value),
            Self::Unknown { .. } => None,
        }
    }

    /// The same with something made of what was seen.
    #[must_use]
    pub fn map<U>(self, make: impl FnOnce(T) -> U) -> Observed<U> {
        match self {
            Self::Known(value) => Observed::Known(make(value)),
            Self::Unknown { why } => Observed::Unknown { why },
        }
    }
}

/// Both sides, as they were found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Evidence {
    /// The source's databases.
    pub source: Vec<DatabaseEvidence>,
    /// The target's databases; those that the plan makes do not exist yet.
    pub target: Vec<DatabaseEvidence>,
}

/// One database, as it was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseEvidence {
    /// Which one the settings say it is.
    pub role: Role,
    /// What the settings call it.
    pub locator: String,
    /// Where that really leads: links resolved.
    pub resolved: String,
    /// Whether something is there.
    pub exists: bool,
    /// The engine's name for this one database, whatever path led to it; empty where nothing is there.
    pub file: String,
    /// Changes with every change of the content; empty where nothing is there.
    pub identity: String,
    /// Whether it has the platform's tables, or for a log database the log tables.
    pub has: Contents,
    /// The platform's version.
    pub platform_version: Observed<String>,
    /// `id:key` of every module: ids are given by the environment, so two environments of one company share the
    /// keys and not the pairs, while a copy shares the pairs.
    pub modules: Vec<String>,
    /// The newest log row, in the database's clock.
    pub newest_log: Observed<Option<String>>,
    /// Seconds between the newest log row and the database's clock.
    pub log_age_seconds: Observed<Option<i64>>,
    /// Who else is working with it; none where nobody is.
    pub in_use: Observed<Option<String>>,
    /// Where it comes from, on engines that keep a record of it.
    pub lineage: Option<Lineage>,
    /// How its texts compare, on engines where a database decides that.
    pub collation: Option<Collation>,
    /// How its server writes texts down, on engines where a copy may be written down otherwise. The server is there before the
    /// copy is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub encoding: Option<Observed<Encoding>>,
    /// How many of its columns hold a number of bytes instead of a number of characters, on the same engines; none where there
    /// is no database yet.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub byte_columns: Option<Observed<u64>>,
    /// What else the engine knows it by.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub identifiers: Vec<Identifier>,
    /// The logins that are users of it, on engines where users and logins are two things.
    pub logins: Option<Observed<Vec<String>>>,
    /// What the server that it is on calls itself, on engines with servers.
    pub server: Option<String>,
    /// What vouches for it, still bound to this very database.
    pub marks: Vec<String>,
    /// Extra catalogs that the platform knows.
    pub catalogs: Vec<String>,
}

/// One of the things that tell a database from any other.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Identifier {
    /// What it is, as a table of evidence says it.
    pub what: String,
    /// Its value.
    pub value: Observed<String>,
}

/// How a database compares texts.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Collation {
    /// The engine's name for it.
    pub name: String,
    /// Whether upper and lower case are the same; none where the engine does not say.
    pub ignores_case: Option<bool>,
}

/// Where a database comes from, as its engine recorded it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Lineage {
    /// Given to the first database of a family, and kept by whatever is restored from a backup of one of them.
    pub family: Observed<String>,
    /// This database's own: a restore gives another one, a copy of its files keeps it.
    pub own: Observed<String>,
    /// The newest restore into it, from what and when; none where nothing was restored into it.
    pub restored: Observed<Option<String>>,
    /// Imports that the engine lists as begun and not ended, on engines that list them.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub unfinished: Option<Observed<Vec<String>>>,
}

/// What kind of tables a database has.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Contents {
    /// The platform's metamodel.
    pub platform: bool,
    /// Log tables.
    pub logs: bool,
    /// Any table at all.
    pub tables: bool,
}
