//! Tables and rows into a database that has none, many rows at once.

use std::borrow::Cow;

use jiff::civil::{Date, DateTime, Time};
use tiberius::error::Error;
use tiberius::numeric::Numeric;
use tiberius::{ColumnData, SqlBulkCopyOption, TokenRow};

use super::server::{Connection, Server};
use super::session::TdsSession;
use super::trouble::told;
use crate::{Access, DbError, Go, Session as _, Trouble, Value};

/// What a column to be loaded holds: what a NULL or a text is sent as depends on it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// `int`.
    Int,
    /// `bigint`.
    BigInt,
    /// `bit`, from a number: 0, or anything else for 1.
    Bit,
    /// `datetime`, from the text `YYYY-MM-DD HH:MM:SS`, with or without a fraction of a second.
    DateTime,
    /// `decimal`, from a whole number or a text like `-12.50`. What the column has no digits for is rounded.
    Decimal,
    /// `nvarchar` of up to 2000 characters, or of any length.
    // The driver declares 2001 to 4000 characters as any length and sends them as limited, which the server refuses.
    Text,
    /// `varbinary`.
    Bytes,
}

/// Fills one database that has no tables.
pub struct Loader {
    session: TdsSession,
    name: String,
    interrupted: fn() -> bool,
    /// Whether the server is Babelfish, which takes decimals of a bulk load for longer than they are.
    misreads_decimals: bool,
    /// Whether the server still waits for rows, so that nothing else can be sent.
    unfinished: bool,
}

impl Loader {
    /// Connects to a database that has no tables, and keeps other runs of envclone out of it. `interrupted` says
    /// whether a person asked to stop; it is asked before each batch and each load.
    ///
    /// # Errors
    /// [`Trouble::Exists`] where the database has a table, [`Trouble::NotPermitted`] where the login could not see
    /// one, [`Trouble::Locked`] where another run works with it; [`DbError`] as the engine reports it otherwise.
    pub fn open(
        server: &Server,
        catalog: &str,
        interrupted: fn() -> bool,
    ) -> Result<Self, DbError> {
        let name = format!("{catalog}@{}", server.label);
        let session = TdsSession::open(server, catalog, &name, Access::Write, interrupted)?;
        let mut loader = Self {
            session,
            name,
            interrupted,
            misreads_decimals: false,
            unfinished: false,
        };
        loader.must_be_empty()?;
        let babelfish = "SELECT COALESCE(CAST(SERVERPROPERTY('Babelfish') AS int), 0)";
        loader.misreads_decimals = loader.session.number(babelfish)? == 1;
        Ok(loader)
    }

    fn must_be_empty(&mut self) -> Result<(), DbError> {
        // Who may not see the definitions is shown a list without them, and every database would look empty. The roles
        // imply the permission, also where a server does not name it.
        let may = self.session.number(
            "SELECT CASE WHEN HAS_PERMS_BY_NAME(DB_NAME(), 'DATABASE', 'VIEW DEFINITION') = 1 OR IS_MEMBER('db_owner') = 1 \
             OR IS_SRVROLEMEMBER('sysadmin') = 1 THEN 1 ELSE 0 END",
        )?;
        if may == 0 {
            return Err(self.refused(
                Trouble::NotPermitted,
                "the login may not see whether there are tables (VIEW DEFINITION is missing)",
            ));
        }
        let mut table = None;
        self.session.query(
            "SELECT TOP 1 SCHEMA_NAME(schema_id) + N'.' + name FROM sys.tables WHERE is_ms_shipped = 0",
            &mut |row| {
                table = Some(row.text(0));
                Go::Continue(())
            },
        )?;
        match table {
            None => Ok(()),
            Some(table) => {
                let why =
                    format!("it has tables, {table} for one, and only an empty database is filled");
                Err(self.refused(Trouble::Exists, &why))
            }
        }
    }

    fn refused(&self, trouble: Trouble, why: &str) -> DbError {
        DbError::new(trouble, why).at(&self.name)
    }

    fn must_be_usable(&self) -> Result<(), DbError> {
        if self.unfinished {
            return Err(self.refused(Trouble::Lost, "an earlier load was cut short"));
        }
        if (self.interrupted)() {
            return Err(self.refused(Trouble::Interrupted, "interrupted"));
        }
        Ok(())
    }

    /// Runs a batch, outside any transaction.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it; [`Trouble::Interrupted`] where a person asked to stop.
    pub fn run(&mut self, batch: &str) -> Result<(), DbError> {
        self.must_be_usable()?;
        self.session.query(batch, &mut |_| Go::Continue(()))
    }

    /// Loads rows into a table of the schema `dbo`, each with one value for each of the columns. All of them are in,
    /// or none; NULL stays NULL where the column has a default. Foreign keys are not looked at: they are best added
    /// afterwards. Rows are sent as they come, so that memory stays flat however many there are.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it; [`Trouble::Other`] where a value does not fit its column. After an
    /// error in the middle of the rows the loader is of no use, and says so.
    pub fn load<'v, R>(
        &mut self,
        table: &str,
        columns: &[(&str, Kind)],
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), DbError>
    where
        R: IntoIterator<Item = Value<'v>>,
    {
        self.must_be_usable()?;
        if self.misreads_decimals && columns.iter().any(|(_, kind)| *kind == Kind::Decimal) {
            return self.insert(table, columns, rows);
        }
        self.unfinished = true;
        let sent = send(&mut self.session.connection, table, columns, rows);
        match self.session.runtime.block_on(sent) {
            Ok(()) => {
                self.unfinished = false;
                Ok(())
            }
            Err(error) => {
                // What the server itself refuses is over.
                self.unfinished = !matches!(error, Failed::Driver(Error::Server(_)));
                Err(error.told().at(&self.name))
            }
        }
    }
}

impl Loader {
    /// The same by statements, all in one transaction.
    fn insert<'v, R>(
        &mut self,
        table: &str,
        columns: &[(&str, Kind)],
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), DbError>
    where
        R: IntoIterator<Item = Value<'v>>,
    {
        self.session.begin()?;
        let inserted = self.statements(table, columns, rows);
        if inserted.is_err() {
            // The first error is the one to tell; where this fails too the connection is gone, and the rows with it.
            self.unfinished = self.session.rollback().is_err();
            return inserted;
        }
        self.session.commit()
    }

    fn statements<'v, R>(
        &mut self,
        table: &str,
        columns: &[(&str, Kind)],
        rows: impl IntoIterator<Item = R>,
    ) -> Result<(), DbError>
    where
        R: IntoIterator<Item = Value<'v>>,
    {
        let names: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
        let head = format!(
            "INSERT INTO [dbo].{} ({}) VALUES ",
            quoted(table),
            names.join(", ")
        );
        let mut waiting: Vec<String> = Vec::new();
        let mut rows = rows.into_iter();
        loop {
            let row = rows.next();
            let last = row.is_none();
            if let Some(row) = row {
                let cells: Option<Vec<String>> = row.into_iter().map(written).collect();
                let cells = cells.filter(|cells| cells.len() == columns.len());
                let misfit =
                    || self.refused(Trouble::Other, &format!("a value does not fit {table}"));
                waiting.push(format!("({})", cells.ok_or_else(misfit)?.join(", ")));
            }
            if !waiting.is_empty() && (last || waiting.len() == STATEMENT) {
                self.session
                    .execute(&format!("{head}{}", waiting.join(", ")))?;
                waiting.clear();
            }
            if last {
                return Ok(());
            }
        }
    }
}

/// How many rows a statement inserts; the server takes a thousand at most.
const STATEMENT: usize = 500;

/// A value as a literal; nothing where it has none.
fn written(value: Value<'_>) -> Option<String> {
    Some(match value {
        Value::Null => "NULL".to_owned(),
        Value::Integer(number) => number.to_string(),
        Value::Real(_) => return None,
        Value::Text(bytes) => super::literal(std::str::from_utf8(bytes).ok()?),
        Value::Bytes(bytes) => bytes
            .iter()
            .fold("0x".to_owned(), |text, byte| format!("{text}{byte:02x}")),
    })
}

/// Why rows were not loaded.
enum Failed {
    Driver(Error),
    Misfit(String),
}

impl From<Error> for Failed {
    fn from(error: Error) -> Self {
        Self::Driver(error)
    }
}

impl Failed {
    fn told(self) -> DbError {
        match self {
            Self::Driver(error) => told(&error),
            Self::Misfit(why) => DbError::new(Trouble::Other, why),
        }
    }
}

async fn send<'v, R>(
    connection: &mut Connection,
    table: &str,
    columns: &[(&str, Kind)],
    rows: impl IntoIterator<Item = R>,
) -> Result<(), Failed>
where
    R: IntoIterator<Item = Value<'v>>,
{
    let target = format!("[dbo].{}", quoted(table));
    let names: Vec<String> = columns.iter().map(|(name, _)| quoted(name)).collect();
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let options = SqlBulkCopyOption::KeepNulls | SqlBulkCopyOption::TableLock;
    let mut request = connection
        .bulk_insert_with_options(&target, &names, options, &[])
        .await?;
    for row in rows {
        let mut cells = TokenRow::with_capacity(columns.len());
        let mut values = row.into_iter();
        for (name, kind) in columns {
            let cell = values.next().and_then(|value| encoded(*kind, value));
            let misfit = || Failed::Misfit(format!("a value does not fit {table}.{name}"));
            cells.push(cell.ok_or_else(misfit)?);
        }
        if values.next().is_some() {
            let why = format!("a row of {table} has more values than columns");
            return Err(Failed::Misfit(why));
        }
        request.send(cells).await?;
    }
    request.finalize().await?;
    Ok(())
}

fn quoted(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

/// A value as the driver sends it to such a column; nothing where it does not fit.
fn encoded(kind: Kind, value: Value<'_>) -> Option<ColumnData<'_>> {
    Some(match kind {
        Kind::Int => ColumnData::I32(unless_null(value, |value| {
            i32::try_from(value.integer()?).ok()
        })?),
        Kind::BigInt => ColumnData::I64(unless_null(value, |value| value.integer())?),
        Kind::Bit => ColumnData::Bit(unless_null(value, |value| Some(value.integer()? != 0))?),
        Kind::DateTime => ColumnData::DateTime(unless_null(value, |value| {
            moment(value.text()?.parse().ok()?)
        })?),
        Kind::Decimal => ColumnData::Numeric(unless_null(value, |value| decimal(&value.text()?))?),
        Kind::Text => ColumnData::String(unless_null(value, text)?),
        Kind::Bytes => ColumnData::Binary(unless_null(value, |value| match value {
            Value::Bytes(bytes) => Some(Cow::Borrowed(bytes)),
            _ => None,
        })?),
    })
}

fn unless_null<'v, T>(
    value: Value<'v>,
    read: impl FnOnce(Value<'v>) -> Option<T>,
) -> Option<Option<T>> {
    match value {
        Value::Null => Some(None),
        value => read(value).map(Some),
    }
}

/// Only what is a text without loss.
fn text(value: Value<'_>) -> Option<Cow<'_, str>> {
    match value {
        Value::Text(bytes) => std::str::from_utf8(bytes).ok().map(Cow::Borrowed),
        Value::Integer(number) => Some(Cow::Owned(number.to_string())),
        Value::Null | Value::Real(_) | Value::Bytes(_) => None,
    }
}

/// How many ticks of the server's clock a day has: 300 a second.
const DAY: i64 = 300 * 86_400;

/// Days since 1900 and ticks since midnight, to the nearest tick.
fn moment(at: DateTime) -> Option<tiberius::time::DateTime> {
    let first = DateTime::from_parts(Date::new(1900, 1, 1).ok()?, Time::midnight());
    let nanoseconds = at.duration_since(first).as_nanos();
    let ticks = (nanoseconds * 300 + 500_000_000).div_euclid(1_000_000_000);
    let ticks = i64::try_from(ticks).ok()?;
    Some(tiberius::time::DateTime::new(
        i32::try_from(ticks.div_euclid(DAY)).ok()?,
        u32::try_from(ticks.rem_euclid(DAY)).ok()?,
    ))
}

fn decimal(text: &str) -> Option<Numeric> {
    let (whole, fraction) = text.split_once('.').unwrap_or((text, ""));
    let scale = u8::try_from(fraction.len()).ok()?;
    let digits = |text: &str| text.bytes().all(|byte| byte.is_ascii_digit());
    let unsigned = whole.strip_prefix('-').unwrap_or(whole);
    if unsigned.is_empty() || !digits(unsigned) || !digits(fraction) {
        return None;
    }
    let value = format!("{whole}{fraction}").parse().ok()?;
    (scale <= Numeric::MAX_NUMERIC_SCALE).then(|| Numeric::new_with_scale(value, scale))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_null_is_sent_as_what_the_column_holds() {
        assert_eq!(encoded(Kind::Int, Value::Null), Some(ColumnData::I32(None)));
        assert_eq!(
            encoded(Kind::Text, Value::Null),
            Some(ColumnData::String(None))
        );
        assert_eq!(
            encoded(Kind::DateTime, Value::Null),
            Some(ColumnData::DateTime(None))
        );
    }

    #[test]
    fn what_does_not_fit_is_refused() {
        assert_eq!(encoded(Kind::Int, Value::Integer(1 << 40)), None);
        assert_eq!(encoded(Kind::Int, Value::Text(b"one")), None);
        assert_eq!(
            encoded(Kind::DateTime, Value::Text(b"2026-02-30 00:00:00")),
            None
        );
        assert_eq!(encoded(Kind::Text, Value::Text(b"\xff")), None);
        assert_eq!(encoded(Kind::Bytes, Value::Text(b"text")), None);
        for text in ["", "-", "1.2.3", "1e5", "+1", "1.-5"] {
            assert_eq!(
                encoded(Kind::Decimal, Value::Text(text.as_bytes())),
                None,
                "{text}"
            );
        }
    }

    #[test]
    fn a_date_is_days_and_ticks() {
        let at = |text: &str| match encoded(Kind::DateTime, Value::Text(text.as_bytes())) {
            Some(ColumnData::DateTime(Some(at))) => (at.days(), at.seconds_fragments()),
            other => panic!("{text}: {other:?}"),
        };
        assert_eq!(at("1900-01-01 00:00:00"), (0, 0));
        assert_eq!(at("1899-12-31 12:00:00"), (-1, 12 * 3600 * 300));
        assert_eq!(at("1900-01-02 00:01:01.003"), (1, 300 * 61 + 1));
        assert_eq!(at("1900-01-01 23:59:59.999"), (1, 0));
    }

    #[test]
    fn a_decimal_keeps_its_digits() {
        let number = |text: &str| decimal(text).map(|it| (it.value(), it.scale()));
        assert_eq!(number("123.45"), Some((12_345, 2)));
        assert_eq!(number("-0.05"), Some((-5, 2)));
        assert_eq!(number("7"), Some((7, 0)));
    }
}
