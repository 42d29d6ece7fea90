//! What was found in an environment: the value that `inspect` writes and `plan` reads.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::{Engine, Role};
use crate::evidence::Observed;
use crate::harvest::Identity;
use crate::link::Links;
use crate::principal::Principals;

/// The version of the file's shape.
pub const FORMAT: u32 = 1;

/// An environment as it was found.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Inventory {
    /// [`FORMAT`].
    pub format: u32,
    /// The hash over everything else; an inventory that was edited by hand does not match it.
    pub digest: String,
    /// The version of envclone that wrote it.
    pub tool: String,
    /// The engine it was found on.
    pub engine: Engine,
    /// When, in UTC, RFC 3339.
    pub taken_at: String,
    /// The platform's version, from `ossys_parameter`.
    pub platform_version: Option<String>,
    /// The server that they are on; none where there is none.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub server: Option<Server>,
    /// The databases, the platform database first.
    pub databases: Vec<Database>,
    /// The active entities of active modules.
    pub entities: Vec<Entity>,
    /// The catalogs that the platform knows besides `(Main)`.
    pub catalogs: Vec<Catalog>,
    /// Counts for people: how large the factory is.
    pub factory: Factory,
    /// A digest of a known text, which tells whether a key of digests is the one that this inventory was taken with.
    pub key_check: String,
    /// What gives the environment away wherever it is found: hosts, addresses, names, secrets by digest.
    pub identities: Vec<Identity>,
}

/// One database.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Database {
    /// Which one.
    pub role: Role,
    /// The engine's own name for this one database, whatever path led to it.
    pub file: String,
    /// Differs after every change of its content.
    pub identity: String,
    /// Where it is, for people.
    pub locator: String,
    /// Its size in bytes.
    pub bytes: u64,
    /// The files that it consists of, where a server keeps them.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub files: Vec<DataFile>,
    /// What it keeps of its changes, on engines that let one choose.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub recovery_model: Option<String>,
    /// What leads out of it: kinds that it has any of, and kinds that could not be seen.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub links: Vec<Links>,
    /// Its users, on engines where each database has its own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub principals: Option<Observed<Principals>>,
    /// Its tables, by name.
    pub tables: Vec<Table>,
}

impl Database {
    /// Its users, where they could be seen.
    #[must_use]
    pub fn users(&self) -> Option<&Principals> {
        self.principals.as_ref()?.known()
    }
}

/// A database server.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Server {
    /// What it calls itself.
    pub name: String,
    /// Its version, as dotted numbers.
    pub version: String,
    /// Its edition.
    pub edition: String,
    /// Whether its edition compresses backups.
    pub compresses: bool,
    /// Where it puts data files unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub data_folder: Option<String>,
    /// Where it puts transaction logs unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub log_folder: Option<String>,
    /// Where it puts backups unless told otherwise.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub backup_folder: Option<String>,
    /// Those of its settings that decide what becomes of texts, by their names, on engines where a copy may have others.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub settings: Option<Observed<BTreeMap<String, String>>>,
    /// Its own names for folders that an export is written to, as far as the login sees them, on engines that have such.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub directories: Option<Observed<Vec<Directory>>>,
}

/// A folder that a server has a name for.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Directory {
    /// The name.
    pub name: String,
    /// Where it is, as the server sees it.
    pub path: String,
}

impl Server {
    /// The first number of its version.
    #[must_use]
    pub fn major(&self) -> Option<u32> {
        self.version.split('.').next()?.parse().ok()
    }
}

/// A file that a database consists of.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DataFile {
    /// What the database calls it.
    pub name: String,
    /// What it holds.
    pub holds: Holds,
    /// Where it is, as the server sees it.
    pub path: String,
    /// Its size in bytes; 0 where the server does not say.
    pub bytes: u64,
}

/// What a file of a database holds.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Holds {
    /// Tables.
    Rows,
    /// The transaction log.
    Log,
    /// Something else, in a folder of its own: FILESTREAM, tables in memory.
    Other,
}

/// A table.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Table {
    /// Its name as the engine has it.
    pub name: String,
    /// Its columns in order, as the engine has them.
    pub columns: Vec<String>,
    /// Foreign keys out of it.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub foreign_keys: Vec<ForeignKey>,
}

impl Table {
    /// The column's name as the engine has it, whatever the case asked for.
    #[must_use]
    pub fn column(&self, name: &str) -> Option<&str> {
        self.columns
            .iter()
            .map(String::as_str)
            .find(|column| column.eq_ignore_ascii_case(name))
    }
}

/// A foreign key of one column.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ForeignKey {
    /// The referring column.
    pub column: String,
    /// The table referred to.
    pub table: String,
    /// Its schema, where that is another one than the referring table's.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub schema: String,
    /// The column referred to.
    pub to: String,
    /// Its name, on engines where it has one.
    #[serde(default, skip_serializing_if = "String::is_empty")]
    pub name: String,
}

/// An entity of the metamodel.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Entity {
    /// Its `SS_KEY`, which is not unique.
    pub key: String,
    /// Its name.
    pub name: String,
    /// The name of its table.
    pub table: String,
    /// The module that owns it.
    pub module: String,
    /// Whether that module provides users.
    pub user_provider: bool,
    /// The database that its table lives in.
    pub database: Role,
}

/// An extra catalog or schema.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Catalog {
    /// Its logical name.
    pub logical: String,
    /// The physical name of the catalog or schema.
    pub name: String,
}

/// How large the factory is.
#[derive(Clone, Debug, Default, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Factory {
    /// Active modules.
    pub modules: u64,
    /// Active entities.
    pub entities: u64,
    /// Front-ends.
    pub front_ends: u64,
    /// Users.
    pub users: u64,
    /// Whether `LifeTime` runs in this environment.
    pub runs_lifetime: bool,
    /// Whether `LifeTime` manages this environment.
    pub managed_by_lifetime: bool,
}

/// What is wrong with an inventory file.
#[derive(Debug, thiserror::Error)]
pub enum InventoryError {
    /// No JSON of this shape.
    #[error("it is no inventory")]
    Shape(#[from] serde_json::Error),
    /// Written by another version.
    #[error("it has format {found}, this version of envclone reads format {FORMAT}")]
    Format {
        /// The file's format.
        found: u64,
    },
    /// Changed after it was written.
    #[error("it was changed after envclone wrote it")]
    Edited,
}

/// The part of a file that says which version wrote it.
#[derive(Deserialize)]
pub(crate) struct Head {
    pub(crate) format: u64,
}

impl Inventory {
    /// Reads an inventory file.
    ///
    /// # Errors
    /// [`InventoryError`]: another shape, another format, or edited by hand.
    pub fn read(text: &str) -> Result<Self, InventoryError> {
        let head: Head = serde_json::from_str(text)?;
        if head.format != u64::from(FORMAT) {
            return Err(InventoryError::Format { found: head.format });
        }
        let inventory: Self = serde_json::from_str(text)?;
        if inventory.digest != inventory.compute_digest() {
            return Err(InventoryError::Edited);
        }
        Ok(inventory)
    }

    /// Sets the digest that [`Inventory::read`] checks.
    #[must_use]
    pub fn sealed(mut self) -> Self {
        self.digest = self.compute_digest();
        self
    }

    /// A copy's inventory with what its source says of the users: who was recognized there is recognized here, and who was
    /// made later is nobody that came with the copy.
    #[must_use]
    pub fn with_users_of(mut self, source: &Self) -> Self {
        for database in &mut self.databases {
            let known = source.database(&database.role).and_then(Database::users);
            if let (Some(Observed::Known(own)), Some(known)) = (&mut database.principals, known) {
                own.compare(known);
            }
        }
        self
    }

    fn compute_digest(&self) -> String {
        let bare = Self {
            digest: String::new(),
            ..self.clone()
        };
        crate::digest(serde_json::to_string(&bare).unwrap_or_default().as_bytes())
    }

    /// The database with this role.
    #[must_use]
    pub fn database(&self, role: &Role) -> Option<&Database> {
        self.databases
            .iter()
            .find(|database| database.role == *role)
    }

    /// The table of this name, whatever its case, in the database with this role.
    #[must_use]
    pub fn table(&self, role: &Role, name: &str) -> Option<&Table> {
        self.database(role)?
            .tables
            .iter()
            .find(|table| table.name.eq_ignore_ascii_case(name))
    }
}
