//! The environment as SQLite files: one for each database.

use crate::{Cell, Column, Kind, Manifest, Progress, Role, Sink, Spec, Table};
use rusqlite::types::{Null, ToSqlOutput};
use rusqlite::{Connection, OpenFlags, ToSql};
use std::fmt::Write as _;
use std::path::{Path, PathBuf};

/// The file of the platform database.
pub const PLATFORM_FILE: &str = "outsystems.db";
/// The file of the log database.
pub const LOG_FILE: &str = "outsystems_log.db";

/// The files of an environment.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Files {
    /// The platform database.
    pub platform: PathBuf,
    /// The log database.
    pub log: PathBuf,
    /// The extra catalogs, each with its physical name.
    pub catalogs: Vec<(String, PathBuf)>,
}

/// Why an environment could not be put into files.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// There is a file already, and it is left alone.
    #[error("`{}` is there already", .0.display())]
    Exists(PathBuf),
    /// The folder or a file in it can't be made.
    #[error("can't make `{}`", path.display())]
    Unusable {
        /// The folder or file.
        path: PathBuf,
        /// Why not.
        #[source]
        source: std::io::Error,
    },
    /// SQLite refused.
    #[error("can't write `{}`", path.display())]
    Database {
        /// The file.
        path: PathBuf,
        /// Why.
        #[source]
        source: rusqlite::Error,
    },
}

/// Invents the environment of a specification in a folder, which is made when it is missing.
///
/// The files are loaded without a way back, as fast as SQLite can; when they are complete they are in WAL mode, whole
/// and with an empty log. A build that fails leaves unfinished files behind: remove the folder.
///
/// # Errors
///
/// When one of the files exists, the folder can't be made or a file can't be written.
pub fn create(
    folder: &Path,
    spec: &Spec,
    progress: &mut dyn FnMut(Progress),
) -> Result<(Files, Manifest), Error> {
    std::fs::create_dir_all(folder).map_err(|source| Error::Unusable {
        path: folder.to_owned(),
        source,
    })?;
    for file in [
        PLATFORM_FILE,
        LOG_FILE,
        &catalog_file(crate::names::CATALOG),
    ] {
        let path = folder.join(file);
        if path.exists() {
            return Err(Error::Exists(path));
        }
    }
    let mut databases = Databases {
        folder,
        open: Vec::new(),
    };
    let manifest = crate::build(spec, &mut databases, progress)?;
    let files = databases.finish()?;
    Ok((files, manifest))
}

fn catalog_file(name: &str) -> String {
    format!("{name}.db")
}

/// The files that are being loaded.
struct Databases<'a> {
    folder: &'a Path,
    open: Vec<Database>,
}

struct Database {
    role: Role,
    path: PathBuf,
    connection: Connection,
    /// The table of the last row, and how a row of it is inserted.
    insert: (String, String),
}

impl Databases<'_> {
    fn of(&mut self, role: &Role) -> Result<&mut Database, Error> {
        let at = match self.open.iter().position(|it| it.role == *role) {
            Some(at) => at,
            None => {
                let database = Database::create(self.folder, role)?;
                self.open.push(database);
                self.open.len() - 1
            }
        };
        Ok(&mut self.open[at])
    }

    fn finish(self) -> Result<Files, Error> {
        let mut files = Files {
            platform: self.folder.join(PLATFORM_FILE),
            log: self.folder.join(LOG_FILE),
            catalogs: Vec::new(),
        };
        for database in self.open {
            if let Role::Catalog(name) = &database.role {
                files.catalogs.push((name.clone(), database.path.clone()));
            }
            database.finish()?;
        }
        Ok(files)
    }
}

impl Database {
    fn create(folder: &Path, role: &Role) -> Result<Self, Error> {
        let path = folder.join(match role {
            Role::Platform => PLATFORM_FILE.to_owned(),
            Role::Log => LOG_FILE.to_owned(),
            Role::Catalog(name) => catalog_file(name),
        });
        // The file is made here and not by SQLite, which would take one that came up in between.
        if let Err(source) = std::fs::File::create_new(&path) {
            return Err(match source.kind() {
                std::io::ErrorKind::AlreadyExists => Error::Exists(path),
                _ => Error::Unusable { path, source },
            });
        }
        match open(&path) {
            Ok(connection) => Ok(Self {
                role: role.clone(),
                path,
                connection,
                insert: (String::new(), String::new()),
            }),
            Err(source) => Err(Error::Database { path, source }),
        }
    }

    fn failed(&self, source: rusqlite::Error) -> Error {
        Error::Database {
            path: self.path.clone(),
            source,
        }
    }

    fn row(&mut self, table: &Table, row: &[Cell]) -> Result<(), rusqlite::Error> {
        if self.insert.0 != table.name {
            self.insert = (table.name.clone(), insert_sql(table));
        }
        let mut statement = self.connection.prepare_cached(&self.insert.1)?;
        statement.execute(rusqlite::params_from_iter(row.iter().map(Bound)))?;
        Ok(())
    }

    fn finish(self) -> Result<(), Error> {
        let done = self
            .connection
            .execute_batch("COMMIT; PRAGMA foreign_keys = ON; PRAGMA journal_mode = WAL;")
            .and_then(|()| {
                let checkpoint = "PRAGMA wal_checkpoint(TRUNCATE)";
                self.connection.query_row(checkpoint, [], |_| Ok(()))
            });
        done.map_err(|source| self.failed(source))?;
        let Self {
            path, connection, ..
        } = self;
        connection
            .close()
            .map_err(|(_, source)| Error::Database { path, source })
    }
}

fn open(path: &Path) -> Result<Connection, rusqlite::Error> {
    let flags = OpenFlags::SQLITE_OPEN_READ_WRITE | OpenFlags::SQLITE_OPEN_NO_MUTEX;
    let connection = Connection::open_with_flags(path, flags)?;
    connection.execute_batch(
        "PRAGMA journal_mode = OFF;
         PRAGMA synchronous = OFF;
         PRAGMA locking_mode = EXCLUSIVE;
         PRAGMA temp_store = MEMORY;
         PRAGMA cache_size = -65536;
         PRAGMA foreign_keys = OFF;
         BEGIN;",
    )?;
    Ok(connection)
}

impl Sink for Databases<'_> {
    type Error = Error;

    fn table(&mut self, role: &Role, table: &Table) -> Result<(), Error> {
        let database = self.of(role)?;
        let created = database.connection.execute_batch(&create_sql(table));
        created.map_err(|source| database.failed(source))
    }

    fn row(&mut self, role: &Role, table: &Table, row: &[Cell]) -> Result<(), Error> {
        let database = self.of(role)?;
        let inserted = database.row(table, row);
        inserted.map_err(|source| database.failed(source))
    }
}

/// A cell on its way into a statement.
struct Bound<'a>(&'a Cell);

impl ToSql for Bound<'_> {
    fn to_sql(&self) -> rusqlite::Result<ToSqlOutput<'_>> {
        match self.0 {
            Cell::Null => Null.to_sql(),
            Cell::Int(value) => value.to_sql(),
            Cell::Text(text) => text.to_sql(),
            Cell::Bytes(bytes) => bytes.to_sql(),
            decimal @ Cell::Decimal { .. } => Ok(ToSqlOutput::from(
                decimal.to_text().unwrap_or_default().into_owned(),
            )),
        }
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "\"\""))
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|it| quoted(it)).collect();
    quoted.join(", ")
}

fn insert_sql(table: &Table) -> String {
    let marks = vec!["?"; table.columns.len()].join(", ");
    format!("INSERT INTO {} VALUES ({marks})", quoted(&table.name))
}

fn create_sql(table: &Table) -> String {
    let mut parts: Vec<String> = table.columns.iter().map(|it| column(it, table)).collect();
    if !table.primary_key.is_empty() {
        parts.push(format!("PRIMARY KEY ({})", list(&table.primary_key)));
    }
    for key in &table.foreign_keys {
        parts.push(format!(
            "FOREIGN KEY ({}) REFERENCES {} ({})",
            list(&key.columns),
            quoted(&key.table),
            list(&key.references)
        ));
    }
    format!(
        "CREATE TABLE {} ({});",
        quoted(&table.name),
        parts.join(", ")
    )
}

fn column(column: &Column, table: &Table) -> String {
    let mut text = quoted(&column.name);
    let kind = match column.kind {
        Kind::Int => "INTEGER".to_owned(),
        // The only spelling of a key that SQLite keeps without an index of its own.
        Kind::BigInt if table.primary_key == [column.name.as_str()] => "INTEGER".to_owned(),
        Kind::BigInt => "BIGINT".to_owned(),
        Kind::Bit => "BIT".to_owned(),
        Kind::DateTime => "DATETIME".to_owned(),
        Kind::Decimal => "DECIMAL(37, 8)".to_owned(),
        Kind::Text(Some(length)) => format!("NVARCHAR({length})"),
        Kind::Text(None) => "NTEXT".to_owned(),
        Kind::Binary => "VARBINARY".to_owned(),
    };
    let _ = write!(text, " {kind}");
    if !column.nullable {
        text.push_str(" NOT NULL");
    }
    if let Some(default) = column.default.as_ref().and_then(Cell::to_text) {
        let _ = write!(text, " DEFAULT '{}'", default.replace('\'', "''"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{create_sql, insert_sql};
    use crate::schema::parse_table;

    #[test]
    fn a_table_is_spelled_with_its_keys_and_defaults() {
        let mut table = parse_table("T: *ID bigint, FROM text(5)!='', AT datetime=none").unwrap();
        table.refer("FROM", "U", "ID");
        assert_eq!(
            create_sql(&table),
            "CREATE TABLE \"T\" (\"ID\" INTEGER NOT NULL, \"FROM\" NVARCHAR(5) NOT NULL DEFAULT '', \
             \"AT\" DATETIME DEFAULT '1900-01-01 00:00:00', PRIMARY KEY (\"ID\"), \
             FOREIGN KEY (\"FROM\") REFERENCES \"U\" (\"ID\"));"
        );
        assert_eq!(insert_sql(&table), "INSERT INTO \"T\" VALUES (?, ?, ?)");
    }
}
