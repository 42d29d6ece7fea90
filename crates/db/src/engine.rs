//! An engine as the shell sees it: how databases are named, opened, looked at and copied.

use std::path::Path;
use std::time::Duration;

use crate::checkup::{Need, Purpose, Side};
use crate::oracle::{self, Oracle};
use crate::sqlite;
use crate::sqlserver::{self, SqlServer};
use crate::{Access, DbError, Go, Session, Trouble};

/// What a name leads to.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Facts {
    /// Whether something is there.
    pub exists: bool,
    /// The name with links and dots resolved.
    pub resolved: String,
    /// The engine's own name for this one database, whatever name led to it; empty where nothing is there.
    pub file: String,
    /// Differs after every change of the content.
    pub identity: String,
    /// Size in bytes.
    pub bytes: u64,
    /// How its texts compare: the engine's name for that, and whether case is ignored where the engine says it. None
    /// on engines where each comparison decides for itself.
    pub collation: Option<(String, Option<bool>)>,
    /// What else the engine knows it by: what that is, and its value.
    pub identifiers: Vec<(&'static str, Seen<String>)>,
}

/// What was seen, or why it could not be.
pub type Seen<T> = Result<T, String>;

/// Where a database comes from, as its engine recorded it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Lineage {
    /// Given to the first database of a family, and kept by whatever is restored from a backup of one of them.
    pub family: Seen<String>,
    /// This database's own: a restore gives another one.
    pub own: Seen<String>,
    /// The newest restore into it: from what and when; none where nothing was restored into it.
    pub restored: Seen<Option<String>>,
    /// Imports that are begun and not ended; none on engines that list none.
    pub unfinished: Option<Seen<Vec<String>>>,
}

/// How much of something long is done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Copied {
    /// How much, in whatever the engine counts: pages, hundredths of a percent.
    pub done: u64,
    /// Of how much; 0 where nobody knows.
    pub of: u64,
    /// How long the rest will take, where the engine has an estimate.
    pub left: Option<Duration>,
}

/// One moment of several databases.
pub trait Copies {
    /// Copies one of them, counted from 0, to a place that is not taken.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it; nothing is left at the place.
    fn copy(
        &self,
        index: usize,
        to: &str,
        progress: &mut dyn FnMut(Copied) -> Go,
    ) -> Result<(), DbError>;
}

/// A database engine.
pub trait Engine {
    /// Opens a session.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it.
    fn open(&self, name: &str, access: Access) -> Result<Box<dyn Session>, DbError>;
    /// Opens a session that changes several databases in one transaction, and is in the first of them.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it, and where no transaction of the engine's spans them.
    fn open_together(&self, names: &[&str]) -> Result<Box<dyn Session>, DbError> {
        match names {
            [name] => self.open(name, Access::Write),
            _ => Err(no_common_transaction(names)),
        }
    }
    /// Looks without opening a session.
    ///
    /// # Errors
    /// [`DbError`] where a look is denied.
    fn look(&self, name: &str) -> Result<Facts, DbError>;
    /// Who else works with the database; none where nobody does.
    ///
    /// # Errors
    /// [`DbError`] where that can't be seen: [`crate::Trouble::NotPermitted`] where only the permission is missing.
    fn in_use(&self, name: &str) -> Result<Option<String>, DbError>;
    /// Where the database comes from; none where the engine keeps no record of that.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it; what the login may not see is said in the [`Lineage`].
    fn lineage(&self, name: &str) -> Result<Option<Lineage>, DbError>;
    /// Whether a run could begin with this database: what its phases need, and what of it is there.
    fn checkup(&self, name: &str, purpose: Purpose) -> Vec<Need>;
    /// A session with the server behind a database, which need not exist.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it, and where no server stands in front of its databases.
    fn server(&self, name: &str) -> Result<Box<dyn Session>, DbError>;
    /// Has the server behind a database do something long, outside of any transaction. Where `progress` says stop, the
    /// server is told to.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it; [`Trouble::Interrupted`] after a stop; [`Trouble::NotPermitted`] for anything
    /// but a backup on a server that is never written to.
    fn work(
        &self,
        name: &str,
        sql: &str,
        progress: &mut dyn FnMut(Copied) -> Go,
    ) -> Result<(), DbError>;
    /// Holds one moment of several databases.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it.
    fn snapshot(&self, names: &[String]) -> Result<Box<dyn Copies>, DbError>;
    /// The name that a copy has until it is complete.
    fn partial_name(&self, name: &str) -> String;
    /// Gives a complete copy its name, never over an existing database.
    ///
    /// # Errors
    /// [`DbError`] where the name is taken.
    fn publish(&self, partial: &str, name: &str) -> Result<(), DbError>;
    /// Removes an incomplete copy.
    fn discard(&self, partial: &str);
}

/// What databases there are, and how they are reached.
pub enum Reach {
    /// Files.
    Files,
    /// The SQL Servers of both environments.
    SqlServer(Vec<sqlserver::Side>),
    /// The Oracle databases of both environments.
    Oracle {
        /// The databases.
        sides: Vec<oracle::Side>,
        /// The table that a writing session locks in its schema.
        lock: String,
    },
}

/// An engine. `interrupted` says whether a person asked to stop.
#[must_use]
pub fn engine(reach: Reach, interrupted: fn() -> bool) -> Box<dyn Engine> {
    match reach {
        Reach::Files => Box::new(Sqlite),
        Reach::SqlServer(sides) => Box::new(SqlServer::new(sides, interrupted)),
        Reach::Oracle { sides, lock } => Box::new(Oracle::new(sides, &lock, interrupted)),
    }
}

/// These are not changed together.
pub(crate) fn no_common_transaction(names: &[&str]) -> DbError {
    let why = format!("no transaction spans these together: {}", names.join(", "));
    DbError::new(Trouble::Unsuitable, why)
}

fn no_server() -> DbError {
    DbError::new(
        Trouble::Other,
        "this engine's databases are files: no server stands in front of them",
    )
}

/// Database files.
struct Sqlite;

impl Copies for sqlite::Snapshot {
    fn copy(
        &self,
        index: usize,
        to: &str,
        progress: &mut dyn FnMut(Copied) -> Go,
    ) -> Result<(), DbError> {
        Self::copy(self, index, Path::new(to), progress)
    }
}

impl Engine for Sqlite {
    fn open(&self, name: &str, access: Access) -> Result<Box<dyn Session>, DbError> {
        Ok(Box::new(sqlite::open(Path::new(name), access)?))
    }

    fn look(&self, name: &str) -> Result<Facts, DbError> {
        let seen = sqlite::look(Path::new(name))?;
        let sqlite::FileFacts {
            exists,
            resolved,
            file,
            identity,
            bytes,
        } = seen;
        Ok(Facts {
            exists,
            resolved: resolved.display().to_string(),
            file,
            identity,
            bytes,
            collation: None,
            identifiers: Vec::new(),
        })
    }

    fn in_use(&self, name: &str) -> Result<Option<String>, DbError> {
        let used = sqlite::in_use(Path::new(name))?;
        Ok(used.then(|| "another program".to_owned()))
    }

    fn lineage(&self, _name: &str) -> Result<Option<Lineage>, DbError> {
        Ok(None)
    }

    fn checkup(&self, name: &str, purpose: Purpose) -> Vec<Need> {
        let what = "database file that can be read";
        match self.look(name) {
            Ok(facts) if !facts.exists && purpose.side == Side::Target => Vec::new(),
            Ok(_) => match self.open(name, Access::Read) {
                Ok(_) => vec![Need::there("connect", what, "opened")],
                Err(error) => vec![Need::missing(
                    "connect",
                    what,
                    error.message,
                    error.trouble.hint(),
                )],
            },
            Err(error) => vec![Need::missing(
                "connect",
                what,
                error.message,
                error.trouble.hint(),
            )],
        }
    }

    fn server(&self, name: &str) -> Result<Box<dyn Session>, DbError> {
        Err(no_server().at(name))
    }

    fn work(
        &self,
        name: &str,
        _sql: &str,
        _progress: &mut dyn FnMut(Copied) -> Go,
    ) -> Result<(), DbError> {
        Err(no_server().at(name))
    }

    fn snapshot(&self, names: &[String]) -> Result<Box<dyn Copies>, DbError> {
        let paths: Vec<&Path> = names.iter().map(Path::new).collect();
        Ok(Box::new(sqlite::Snapshot::take(&paths)?))
    }

    fn partial_name(&self, name: &str) -> String {
        format!("{name}.envclone-partial")
    }

    fn publish(&self, partial: &str, name: &str) -> Result<(), DbError> {
        sqlite::publish(Path::new(partial), Path::new(name))
    }

    fn discard(&self, partial: &str) {
        sqlite::remove(Path::new(partial));
    }
}
