//! `SQLite`: the embedded engine of the rehearsal.

mod copy;
mod file;

pub(crate) use copy::remove;
pub use copy::{Snapshot, publish};
pub use file::{FileFacts, in_use, look};

use std::path::Path;

use rusqlite::config::DbConfig;
use rusqlite::types::ValueRef;
use rusqlite::{Connection, ErrorCode, OpenFlags};

use crate::{Access, DbError, Go, Row, Session, Trouble, Value};

/// A connection to a database file.
pub struct SqliteSession {
    connection: Connection,
    name: String,
}

/// The whole path of a file that settings in `folder` name so: they mean the same file from whatever folder the program
/// is started in.
#[must_use]
pub fn locate(folder: &Path, name: &str) -> String {
    let path = folder.join(name);
    std::path::absolute(&path)
        .unwrap_or(path)
        .display()
        .to_string()
}

/// Opens a database file that exists.
///
/// # Errors
/// [`DbError`]: missing, no database, damaged, locked, not permitted.
pub fn open(path: &Path, access: Access) -> Result<SqliteSession, DbError> {
    let name = path.display().to_string();
    let flags = match access {
        Access::Read => OpenFlags::SQLITE_OPEN_READ_ONLY,
        Access::Write => OpenFlags::SQLITE_OPEN_READ_WRITE,
    };
    if !path.is_file() {
        return Err(DbError::new(Trouble::NotFound, "there is no such file").at(&name));
    }
    let connection = connect(path, flags).map_err(|error| error.at(&name))?;
    let mut session = SqliteSession { connection, name };
    if access == Access::Write {
        session.keep_others_out()?;
    }
    // The first read finds out whether this is a database at all.
    session.number("SELECT COUNT(*) FROM sqlite_schema")?;
    Ok(session)
}

fn connect(path: &Path, flags: OpenFlags) -> Result<Connection, DbError> {
    let connection =
        Connection::open_with_flags(path, flags | OpenFlags::SQLITE_OPEN_NO_MUTEX).map_err(told)?;
    connection
        .busy_timeout(std::time::Duration::from_secs(5))
        .map_err(told)?;
    Ok(connection)
}

impl SqliteSession {
    /// Holds the file exclusively, enforces foreign keys, and leaves the write-ahead log as it is on closing.
    fn keep_others_out(&mut self) -> Result<(), DbError> {
        let set = || {
            self.connection
                .set_db_config(DbConfig::SQLITE_DBCONFIG_ENABLE_FKEY, true)?;
            self.connection
                .pragma_update(None, "locking_mode", "EXCLUSIVE")?;
            self.connection.pragma_update(None, "synchronous", "FULL")
        };
        set().map_err(|error| told(error).at(&self.name))
    }
}

/// A row of the driver.
struct SqliteRow<'a, 'b>(&'a rusqlite::Row<'b>, usize);

impl Row for SqliteRow<'_, '_> {
    fn len(&self) -> usize {
        self.1
    }

    fn value(&self, column: usize) -> Value<'_> {
        match self.0.get_ref(column) {
            Ok(ValueRef::Integer(number)) => Value::Integer(number),
            Ok(ValueRef::Real(number)) => Value::Real(number),
            Ok(ValueRef::Text(text)) => Value::Text(text),
            Ok(ValueRef::Blob(bytes)) => Value::Bytes(bytes),
            Ok(ValueRef::Null) | Err(_) => Value::Null,
        }
    }
}

impl Session for SqliteSession {
    fn query(&mut self, sql: &str, each: &mut dyn FnMut(&dyn Row) -> Go) -> Result<(), DbError> {
        let mut run = || {
            let mut statement = self.connection.prepare(sql)?;
            let columns = statement.column_count();
            let mut rows = statement.query([])?;
            while let Some(row) = rows.next()? {
                if each(&SqliteRow(row, columns)).is_break() {
                    break;
                }
            }
            Ok(())
        };
        run().map_err(|error| told(error).at(&self.name))
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        let changed = self
            .connection
            .execute(sql, [])
            .map_err(|error| told(error).at(&self.name))?;
        Ok(changed as u64)
    }

    fn begin(&mut self) -> Result<(), DbError> {
        self.connection
            .execute_batch("BEGIN IMMEDIATE")
            .map_err(|error| told(error).at(&self.name))
    }

    fn commit(&mut self) -> Result<(), DbError> {
        self.connection
            .execute_batch("COMMIT")
            .map_err(|error| told(error).at(&self.name))
    }

    fn rollback(&mut self) -> Result<(), DbError> {
        // Some errors, a full disk among them, have rolled back already.
        if self.connection.is_autocommit() {
            return Ok(());
        }
        self.connection
            .execute_batch("ROLLBACK")
            .map_err(|error| told(error).at(&self.name))
    }
}

/// The engine's error in our kinds.
fn told(error: rusqlite::Error) -> DbError {
    let code = error.sqlite_error_code();
    let trouble = match code {
        Some(ErrorCode::NotADatabase) => Trouble::NotADatabase,
        Some(ErrorCode::DatabaseCorrupt) => Trouble::Damaged,
        Some(ErrorCode::DatabaseBusy | ErrorCode::DatabaseLocked) => Trouble::Locked,
        Some(
            ErrorCode::ReadOnly
            | ErrorCode::PermissionDenied
            | ErrorCode::CannotOpen
            | ErrorCode::AuthorizationForStatementDenied,
        ) => Trouble::NotPermitted,
        Some(ErrorCode::DiskFull) => Trouble::Full,
        Some(ErrorCode::ConstraintViolation) => Trouble::Constraint,
        Some(ErrorCode::OperationInterrupted) => Trouble::Interrupted,
        _ => Trouble::Other,
    };
    let said = error.to_string();
    let message = match trouble {
        Trouble::NotADatabase => "this is no SQLite database, or an encrypted one".to_owned(),
        Trouble::Damaged => format!("the database is damaged or cut off ({said})"),
        Trouble::Locked => "another program holds the database".to_owned(),
        _ => said,
    };
    DbError::new(trouble, message)
}
