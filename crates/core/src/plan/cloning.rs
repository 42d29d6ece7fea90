//! What it takes to copy an environment's databases, and what comes of it.

use super::{Deed, Guidance, LeftOut, Side};
use crate::engine::Role;
use crate::inventory::{Database, Server};
use crate::settings::Copying;

/// The databases that are copied together, and where to.
#[derive(Clone, Debug)]
pub struct Cloning<'a> {
    /// Each with the name of its copy, the platform database first.
    pub databases: Vec<CloneOf<'a>>,
    /// How.
    pub settings: &'a Copying,
    /// The source's server.
    pub source: Option<&'a Server>,
    /// The target's server, where somebody could look at it.
    pub destination: Option<&'a Server>,
    /// Tells this attempt from any other: the digits of the moment at which the inventory was taken.
    pub stamp: String,
}

/// A database, and the name of its copy.
#[derive(Clone, Debug)]
pub struct CloneOf<'a> {
    /// Which one.
    pub role: Role,
    /// What the settings call the source's.
    pub from: &'a str,
    /// What they call the copy.
    pub to: &'a str,
    /// What was found of the source's.
    pub found: &'a Database,
}

/// A copy that somebody else made, and what it was made of.
#[derive(Clone, Debug)]
pub struct Adopting<'a> {
    /// What the settings call the source's databases.
    pub source: Vec<(Role, &'a str)>,
    /// What they call the copy's.
    pub target: Vec<(Role, &'a str)>,
    /// The side that was looked at.
    pub seen: Side,
    /// What was found of its databases; nothing where another engine's was looked at.
    pub found: &'a [Database],
    /// The source's server, where somebody could look at it.
    pub sources_server: Option<&'a Server>,
    /// The target's.
    pub targets_server: Option<&'a Server>,
}

/// What is done to copy databases.
#[derive(Clone, Debug, Default)]
pub struct Cloned {
    /// Before anything else, in order.
    pub first: Vec<Part>,
    /// After everything else, in order.
    pub last: Vec<Part>,
    /// What can't be had.
    pub left_out: Vec<LeftOut>,
    /// What a person does about it afterwards.
    pub guides: Vec<Guidance>,
    /// Whether the parts have the stamp in them.
    pub stamped: bool,
}

/// One thing that is done to copy a database.
#[derive(Clone, Debug)]
pub struct Part {
    /// What it does.
    pub title: String,
    /// For which database.
    pub database: Role,
    /// How.
    pub deed: Deed,
    /// 0 when it is done; empty where nothing but having done it says so.
    pub check: String,
}

/// Why databases can't be copied.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum NoCopy {
    /// Where something goes is not known.
    #[error("nobody says where {what} go: the server has no default that can be seen")]
    Folder {
        /// What.
        what: &'static str,
        /// The setting that says it.
        key: &'static str,
    },
    /// A name of the copy's would be too long.
    #[error("the copy's tablespace for {0} has no name of up to 30 characters")]
    Tablespace(String),
    /// A backup of a newer server can't be restored on an older one.
    #[error(
        "the source's server has version {source_version}, the target's {target_version}: an older server can't restore a newer one's backup"
    )]
    OlderServer {
        /// The source's.
        source_version: String,
        /// The target's.
        target_version: String,
    },
    /// A service that makes no backups which another server could restore.
    #[error(
        "{0} is an Azure SQL Database, which has no BACKUP and no RESTORE, and `clone` is `make`"
    )]
    Service(String),
    /// Rights that are to be mended could not be seen.
    #[error(
        "`mend-grants` is set, and the rights on the objects of {schema} could not be seen: {why}"
    )]
    NoGrants {
        /// Whose objects.
        schema: String,
        /// Why.
        why: String,
    },
    /// The source did not say what it consists of.
    #[error("the files of the {0} could not be seen")]
    NoFiles(String),
}

impl NoCopy {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> String {
        match self {
            Self::Service(_) => {
                "make the copy with `CREATE DATABASE … AS COPY OF …`, and set `clone = \"adopt\"`"
                    .to_owned()
            }
            Self::Folder { key, .. } => format!("set `{key}` under [copy]"),
            Self::Tablespace(name) => {
                format!("name one under [copy.tablespaces]: `{name} = \"…\"`")
            }
            Self::OlderServer { .. } => {
                "name a server of the source's version or a newer one under [target.server]"
                    .to_owned()
            }
            Self::NoGrants { .. } => {
                "grant the source's login SELECT_CATALOG_ROLE; or leave `mend-grants` out under [copy]"
                    .to_owned()
            }
            Self::NoFiles(_) => {
                "check the permissions with `envclone doctor`, and take the inventory again"
                    .to_owned()
            }
        }
    }
}
