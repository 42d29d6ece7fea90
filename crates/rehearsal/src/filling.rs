//! An environment on its way into a server: rows are kept until there are enough of them to be worth a load.

use crate::{CATALOGS, Cell, Column, Role, Sink, Table};
use envclone_db::{DbError, Value};
use std::collections::BTreeMap;

/// How many bytes of rows a database keeps before it sends them.
const ENOUGH: usize = 8 << 20;

/// Why databases could not be filled.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum Error {
    /// The environment has a catalog for which there is no database.
    #[error("no database is named for the catalog `{0}`")]
    Missing(String),
    /// A server refused.
    #[error("can't fill a database")]
    Database(#[from] DbError),
}

/// One empty database of a server, or schema.
pub(crate) trait Empty {
    /// What the server's loader is told about a column.
    type Kind: Copy;

    /// What it is told about this one.
    fn kind(column: &Column) -> Self::Kind;
    /// Runs a statement.
    fn run(&mut self, sql: &str) -> Result<(), DbError>;
    /// Loads rows.
    fn load(
        &mut self,
        table: &str,
        columns: &[(&str, Self::Kind)],
        rows: &[Vec<Cell>],
    ) -> Result<(), DbError>;
    /// Makes a table, without its foreign keys.
    fn create(&self, table: &Table) -> String;
    /// Adds the foreign keys, and has the server look at every row. `home` says where a table is.
    fn references(&self, table: &Table, home: &dyn Fn(&str) -> String) -> Vec<String>;
    /// What the server calls it, where its tables' names need that.
    fn name(&self) -> String;
}

/// Which tables a database takes.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Takes {
    /// All of a role.
    All(Role),
    /// The application tables of the platform database, where they have a place of their own.
    Applications,
}

/// The databases that are being filled.
pub(crate) struct Databases<L: Empty> {
    databases: Vec<(Takes, Database<L>)>,
    /// Where each table of the platform database went.
    homes: BTreeMap<String, String>,
}

struct Database<L: Empty> {
    loader: L,
    /// Rows that were not sent yet, by their tables.
    waiting: BTreeMap<String, Waiting<L::Kind>>,
    /// What they take, about.
    bytes: usize,
    /// Tables whose foreign keys are still to be added.
    references: Vec<Table>,
}

/// Rows of one table.
struct Waiting<K> {
    columns: Vec<(String, K)>,
    rows: Vec<Vec<Cell>>,
}

fn is_application_table(name: &str) -> bool {
    name.get(..6)
        .is_some_and(|head| head.eq_ignore_ascii_case("OSUSR_"))
}

impl<L: Empty> Databases<L> {
    /// Databases for everything that an environment has.
    pub(crate) fn of(loaders: Vec<(Takes, L)>) -> Result<Self, Error> {
        let databases = loaders
            .into_iter()
            .map(|(takes, loader)| (takes, Database::new(loader)))
            .collect();
        let mut databases = Self {
            databases,
            homes: BTreeMap::new(),
        };
        for name in CATALOGS {
            databases.place(&Role::Catalog(name.to_owned()), "")?;
        }
        Ok(databases)
    }

    fn place(&mut self, role: &Role, table: &str) -> Result<&mut Database<L>, Error> {
        let apart = *role == Role::Platform && is_application_table(table);
        let at = |takes: &Takes| self.databases.iter().position(|(it, _)| it == takes);
        let own = apart.then(|| at(&Takes::Applications)).flatten();
        own.or_else(|| at(&Takes::All(role.clone())))
            .and_then(|at| self.databases.get_mut(at))
            .map(|(_, database)| database)
            .ok_or_else(|| Error::Missing(role.name()))
    }

    /// Sends what is left, and adds the foreign keys.
    pub(crate) fn finish(mut self) -> Result<(), Error> {
        for (_, database) in &mut self.databases {
            database.send()?;
        }
        let homes = self.homes;
        for (_, database) in &mut self.databases {
            for table in &database.references {
                let own = database.loader.name();
                let home = |table: &str| homes.get(table).unwrap_or(&own).clone();
                for sql in database.loader.references(table, &home) {
                    database.loader.run(&sql)?;
                }
            }
        }
        Ok(())
    }
}

impl<L: Empty> Sink for Databases<L> {
    type Error = Error;

    fn table(&mut self, role: &Role, table: &Table) -> Result<(), Error> {
        let database = self.place(role, &table.name)?;
        database.loader.run(&database.loader.create(table))?;
        if !table.foreign_keys.is_empty() {
            database.references.push(table.clone());
        }
        let home = database.loader.name();
        if *role == Role::Platform {
            self.homes.insert(table.name.clone(), home);
        }
        Ok(())
    }

    fn row(&mut self, role: &Role, table: &Table, row: &[Cell]) -> Result<(), Error> {
        let database = self.place(role, &table.name)?;
        database.keep(table, row);
        if database.bytes >= ENOUGH {
            database.send()?;
        }
        Ok(())
    }
}

impl<L: Empty> Database<L> {
    fn new(loader: L) -> Self {
        Self {
            loader,
            waiting: BTreeMap::new(),
            bytes: 0,
            references: Vec::new(),
        }
    }

    fn keep(&mut self, table: &Table, row: &[Cell]) {
        self.bytes += row.iter().map(bytes).sum::<usize>();
        let row = row.iter().map(kept).collect();
        match self.waiting.get_mut(&table.name) {
            Some(waiting) => waiting.rows.push(row),
            None => {
                let of = |column: &Column| (column.name.clone(), L::kind(column));
                let waiting = Waiting {
                    columns: table.columns.iter().map(of).collect(),
                    rows: vec![row],
                };
                self.waiting.insert(table.name.clone(), waiting);
            }
        }
    }

    fn send(&mut self) -> Result<(), Error> {
        self.bytes = 0;
        for (table, Waiting { columns, rows }) in std::mem::take(&mut self.waiting) {
            let columns: Vec<(&str, L::Kind)> = columns
                .iter()
                .map(|(name, kind)| (name.as_str(), *kind))
                .collect();
            self.loader.load(&table, &columns, &rows)?;
        }
        Ok(())
    }
}

/// What a cell takes in memory, about.
fn bytes(cell: &Cell) -> usize {
    size_of::<Cell>()
        + match cell {
            Cell::Text(text) => text.len(),
            Cell::Bytes(bytes) => bytes.len(),
            Cell::Null | Cell::Int(_) | Cell::Decimal { .. } => 0,
        }
}

/// A cell that can be lent as a [`Value`].
fn kept(cell: &Cell) -> Cell {
    match cell {
        Cell::Decimal { .. } => cell
            .to_text()
            .map_or(Cell::Null, |text| Cell::from(text.into_owned())),
        other => other.clone(),
    }
}

/// A cell that was kept, lent.
pub(crate) fn value(cell: &Cell) -> Value<'_> {
    match cell {
        Cell::Int(number) => Value::Integer(*number),
        Cell::Text(text) => Value::Text(text.as_bytes()),
        Cell::Bytes(bytes) => Value::Bytes(bytes),
        Cell::Null | Cell::Decimal { .. } => Value::Null,
    }
}
