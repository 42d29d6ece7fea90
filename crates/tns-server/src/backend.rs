//! Who answers: a script, something that executes SQL, or one in front of the other.

use crate::answer::{Answer, OracleError, Type, Value};

/// What a client asked for.
#[derive(Clone, Debug, PartialEq)]
pub struct Request {
    /// Counts the server's connections from 1.
    pub connection: u64,
    /// Who logged in, in capitals; `SYS` for all that came as SYSDBA.
    pub user: String,
    /// How it was asked.
    pub call: Call,
    /// The statement; `COMMIT` or `ROLLBACK` where that was asked by a call of its own.
    pub sql: String,
    /// What the statement's placeholders are. In a PL/SQL block each name is there once, else each occurrence.
    pub binds: Vec<Bind>,
    /// The values, a row for each execution, in the order of `binds`. An OUT bind is NULL here, unless it is also IN. No
    /// row where there are no binds.
    pub rows: Vec<Vec<Value>>,
    /// Whether the client wants a commit right after it.
    pub autocommit: bool,
}

impl Request {
    /// How often it is to be executed.
    #[must_use]
    pub fn executions(&self) -> usize {
        self.rows.len().max(1)
    }

    /// The statement's first word, in capitals.
    #[must_use]
    pub fn verb(&self) -> String {
        crate::lexer::verb(&self.sql)
    }
}

/// How a client asked.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Call {
    /// With a statement.
    Statement,
    /// With a statement that it has a cursor for, so that only values came.
    Again,
    /// With a statement that is not to be executed, only parsed and described.
    Parse,
    /// With the protocol's own COMMIT.
    Commit,
    /// With the protocol's own ROLLBACK.
    Rollback,
}

/// A placeholder of a statement.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Bind {
    /// Its name without the colon, in capitals unless quoted; a number's digits for those that have a number.
    pub name: String,
    /// What the client declared it to be.
    pub kind: Type,
    /// The size in bytes that the client declared.
    pub size: u32,
}

/// Who logged in, for a backend that has to know.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Session {
    /// Counts the server's connections from 1.
    pub connection: u64,
    /// In capitals; `SYS` for all that came as SYSDBA.
    pub user: String,
    /// The account's name in capitals, also for who came as SYSDBA.
    pub account: String,
}

/// Executes what one session asks for.
pub trait Backend: Send {
    /// Executes a statement, once or for each of its rows of values.
    ///
    /// # Errors
    /// With what the client shall see. What happened before it, of several rows, stays.
    fn execute(&mut self, request: &Request) -> Result<Answer, OracleError>;

    /// Ends the transaction and keeps what it did.
    ///
    /// # Errors
    /// With what the client shall see.
    fn commit(&mut self) -> Result<(), OracleError>;

    /// Ends the transaction and undoes what it did.
    ///
    /// # Errors
    /// With what the client shall see.
    fn rollback(&mut self) -> Result<(), OracleError>;

    /// What ends a statement that is being executed, called from another thread when the client gives up.
    fn cancel(&self) -> Option<Box<dyn Fn() + Send + Sync>> {
        None
    }
}

/// Makes a [`Backend`] for each session.
pub trait Backends: Send + Sync {
    /// A backend for somebody who has just logged in.
    ///
    /// # Errors
    /// With what the client shall see instead of a session.
    fn open(&self, session: &Session) -> Result<Box<dyn Backend>, OracleError>;
}

/// Knows no statement. It stands behind a script that has all the answers; transactions end well.
#[derive(Clone, Copy, Debug, Default)]
pub struct Nothing;

impl Backends for Nothing {
    fn open(&self, _: &Session) -> Result<Box<dyn Backend>, OracleError> {
        Ok(Box::new(Self))
    }
}

impl Backend for Nothing {
    fn execute(&mut self, request: &Request) -> Result<Answer, OracleError> {
        let message = format!("invalid SQL statement: not in the script: {}", request.sql);
        Err(OracleError::new(900, message))
    }

    fn commit(&mut self) -> Result<(), OracleError> {
        Ok(())
    }

    fn rollback(&mut self) -> Result<(), OracleError> {
        Ok(())
    }
}
