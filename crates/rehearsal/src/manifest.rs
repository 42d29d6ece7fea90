//! What was planted and where, so that a clean-up can be counted against it.

use crate::names;
use serde::{Deserialize, Serialize};

/// The version of the manifest's shape.
pub const FORMAT: u32 = 1;

/// The record of one invented environment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Manifest {
    /// The version of this shape, [`FORMAT`].
    pub format: u32,
    /// The seed that it was built from.
    pub seed: u64,
    /// The scale that it was built at.
    pub scale: u32,
    /// Who the environment is.
    pub source: Source,
    /// How much each database holds.
    pub databases: Vec<Size>,
    /// What a clean-up has to remove or a verification has to report.
    pub planted: Vec<Planted>,
    /// What a clean-up must leave alone.
    pub kept: Vec<Kept>,
}

/// The names by which the environment can be recognised.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Source {
    /// Its name.
    pub environment: String,
    /// The version of its platform.
    pub version: String,
    /// The names of its front-ends.
    pub front_ends: Vec<String>,
    /// Their addresses.
    pub addresses: Vec<String>,
    /// The host names that lead to it, and that of its LifeTime.
    pub hosts: Vec<String>,
    /// Its catalogs, the main one first.
    pub catalogs: Vec<String>,
}

/// How much a database holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Size {
    /// `platform`, `log` or `catalog:NAME`.
    pub database: String,
    /// How many tables.
    pub tables: u64,
    /// How many rows in all of them.
    pub rows: u64,
}

/// A planted leftover: a value that is there in the source and gone after it was removed.
///
/// `SELECT COUNT(*) FROM table WHERE CAST(column AS TEXT) = value` counts it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Planted {
    /// A stable name, the same at every scale and seed.
    pub id: String,
    /// What it is, for a person.
    pub what: String,
    /// `platform`, `log` or `catalog:NAME`.
    pub database: String,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// The exact text of the cell.
    pub value: String,
    /// What removes it.
    pub removed_in: RemovedIn,
}

/// A value that has to survive a clean-up; counted as a [`Planted`] one is.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Kept {
    /// A stable name, the same at every scale and seed.
    pub id: String,
    /// What it is, for a person.
    pub what: String,
    /// `platform`, `log` or `catalog:NAME`.
    pub database: String,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// The exact text of the cell.
    pub value: String,
}

/// The smallest clean-up that removes a planted leftover.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RemovedIn {
    /// The steps of the published procedure.
    Official,
    /// Steps that other official articles name.
    Documented,
    /// Steps that this project adds.
    Extra,
    /// None: a verification has to report it and a person decides.
    Never,
}

impl Source {
    pub(crate) fn new() -> Self {
        let front_ends = || names::FRONT_ENDS.iter();
        Self {
            environment: names::ENVIRONMENT.to_owned(),
            version: names::VERSION.to_owned(),
            front_ends: front_ends().map(|it| it.name.to_owned()).collect(),
            addresses: front_ends().map(|it| it.address.to_owned()).collect(),
            hosts: [
                names::PUBLIC_HOST,
                names::INTERNAL_HOST,
                names::FRONT_END_HOST,
                names::LIFETIME_HOST,
            ]
            .map(str::to_owned)
            .to_vec(),
            catalogs: vec![names::MAIN_CATALOG.to_owned(), names::CATALOG.to_owned()],
        }
    }
}
