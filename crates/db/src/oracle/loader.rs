//! Tables and rows into a schema that has none, many rows at once.

use jiff::civil::DateTime;
use oracledb::{BindParameters, Connection, OracleNumber, OracleTimestamp, ToDbValue};

use super::server::Server;
use super::session::{literal, quoted};
use super::trouble::told;
use super::worker::connect;
use crate::{DbError, Trouble, Value};

/// How many rows go out together.
const TOGETHER: usize = 500;

/// What a column to be loaded holds: what a NULL or a text is sent as depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `NUMBER`, from a whole number or a text like `-12.50`.
    Number,
    /// `DATE` or `TIMESTAMP`, from the text `YYYY-MM-DD HH:MM:SS`.
    DateTime,
    /// `VARCHAR2` or `CLOB`. An empty text is NULL on Oracle; the platform writes a blank for it, and so does this.
    Text,
    /// `RAW` or `BLOB`.
    Bytes,
}

/// Fills one schema that has no tables.
pub struct Loader {
    connection: Connection,
    schema: String,
    name: String,
    interrupted: fn() -> bool,
}

impl Loader {
    /// Connects to a schema that has no tables. `interrupted` says whether a person asked to stop; it is asked before each
    /// statement and each load.
    ///
    /// # Errors
    /// [`Trouble::Exists`] where the schema has a table, [`Trouble::NotFound`] where there is none; [`DbError`] as the engine
    /// reports it otherwise.
    pub fn open(server: &Server, schema: &str, interrupted: fn() -> bool) -> Result<Self, DbError> {
        let name = format!("{schema}@{}", server.label);
        let connection = connect(server, interrupted).map_err(|error| error.at(&name))?;
        let loader = Self {
            connection,
            schema: schema.to_uppercase(),
            name,
            interrupted,
        };
        let owner = literal(&loader.schema);
        let count = |sql: String| -> Result<i64, DbError> {
            let row = loader.connection.query_row(&sql, &[]);
            row.and_then(|row| row.get::<i64>(0))
                .map_err(|error| told(&error).at(&loader.name))
        };
        if count(format!(
            "SELECT COUNT(*) FROM all_users WHERE username = {owner}"
        ))? == 0
        {
            return Err(DbError::new(Trouble::NotFound, "there is no such schema").at(&loader.name));
        }
        if count(format!(
            "SELECT COUNT(*) FROM all_tables WHERE owner = {owner}"
        ))? > 0
        {
            let why = "it has tables, and only an empty schema is filled";
            return Err(DbError::new(Trouble::Exists, why).at(&loader.name));
        }
        // A length is one of characters then, and not of bytes.
        loader.run(&format!(
            "ALTER SESSION SET CURRENT_SCHEMA = {} NLS_LENGTH_SEMANTICS = CHAR",
            quoted(&loader.schema)
        ))?;
        Ok(loader)
    }

    /// The schema.
    #[must_use]
    pub fn schema(&self) -> &str {
        &self.schema
    }

    fn must_go_on(&self) -> Result<(), DbError> {
        match (self.interrupted)() {
            true => Err(DbError::new(Trouble::Interrupted, "interrupted").at(&self.name)),
            false => Ok(()),
        }
    }

    /// Runs a statement.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it; [`Trouble::Interrupted`] where a person asked to stop.
    pub fn run(&self, sql: &str) -> Result<(), DbError> {
        self.must_go_on()?;
        self.connection
            .execute(sql, &[])
            .map(drop)
            .map_err(|error| told(&error).at(&self.name))
    }

    /// Loads rows into a table, each with one value for each of the columns, and commits them.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it; [`Trouble::Other`] where a value does not fit its column.
    pub fn load<'v, R>(
        &self,
        table: &str,
        columns: &[(&str, Kind)],
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), DbError>
    where
        R: IntoIterator<Item = Value<'v>>,
    {
        let names: Vec<String> = columns
            .iter()
            .map(|(name, _)| quoted(&name.to_uppercase()))
            .collect();
        let places: Vec<String> = (1..=columns.len()).map(|at| format!(":{at}")).collect();
        let sql = format!(
            "INSERT INTO {}.{} ({}) VALUES ({})",
            quoted(&self.schema),
            quoted(&table.to_uppercase()),
            names.join(", "),
            places.join(", ")
        );
        let mut rows = rows.into_iter().peekable();
        while rows.peek().is_some() {
            self.must_go_on()?;
            let mut some = Vec::with_capacity(TOGETHER);
            for row in rows.by_ref().take(TOGETHER) {
                let cells = columns.iter().zip(row);
                some.push(
                    cells
                        .map(|((_, kind), value)| bound(*kind, value))
                        .collect::<Result<Vec<_>, _>>()
                        .map_err(|error| error.at(&self.name))?,
                );
            }
            self.insert(&sql, &some)?;
        }
        self.connection
            .commit()
            .map_err(|error| told(&error).at(&self.name))
    }

    fn insert(&self, sql: &str, rows: &[Vec<Box<dyn ToDbValue>>]) -> Result<(), DbError> {
        let rows: Vec<Vec<&dyn ToDbValue>> = rows
            .iter()
            .map(|row| row.iter().map(Box::as_ref).collect())
            .collect();
        let rows: Vec<&[&dyn ToDbValue]> = rows.iter().map(Vec::as_slice).collect();
        self.connection
            .execute_batch(sql, BindParameters::Slice(&rows))
            .map(drop)
            .map_err(|error| told(&error).at(&self.name))
    }
}

/// A value as its column wants it.
fn bound(kind: Kind, value: Value<'_>) -> Result<Box<dyn ToDbValue>, DbError> {
    let misfit = || {
        DbError::new(
            Trouble::Other,
            format!("the value {value:?} does not fit its column"),
        )
    };
    let are_bytes = matches!(value, Value::Bytes(_));
    if value != Value::Null && are_bytes != (kind == Kind::Bytes) {
        return Err(misfit());
    }
    let text = value.text();
    Ok(match kind {
        Kind::Number => {
            let parsed = text.map(|text| text.parse::<OracleNumber>()).transpose();
            Box::new(parsed.map_err(|_| misfit())?)
        }
        Kind::DateTime => {
            let parsed = text.map(|text| text.replacen(' ', "T", 1).parse::<DateTime>());
            Box::new(parsed.transpose().map_err(|_| misfit())?.map(moment))
        }
        Kind::Text => Box::new(text.map(|text| match text.is_empty() {
            true => " ".to_owned(),
            false => text.into_owned(),
        })),
        Kind::Bytes => Box::new(match value {
            Value::Bytes(bytes) => Some(bytes.to_vec()),
            _ => None,
        }),
    })
}

fn moment(at: DateTime) -> OracleTimestamp {
    // A date of this calendar has months, days and times that are small and positive.
    let small = |number: i8| u8::try_from(number).unwrap_or_default();
    OracleTimestamp::new_timestamp(
        at.year(),
        small(at.month()),
        small(at.day()),
        small(at.hour()),
        small(at.minute()),
        small(at.second()),
        u32::try_from(at.subsec_nanosecond()).unwrap_or_default(),
    )
}
