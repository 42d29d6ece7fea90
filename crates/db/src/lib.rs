//! Sessions with database engines: connections, rows and errors. Which SQL is sent is decided elsewhere.

pub mod checkup;
pub mod oracle;
pub mod sqlite;
pub mod sqlserver;

mod engine;
mod error;

pub use engine::{Copied, Copies, Engine, Facts, Lineage, Reach, Seen, engine};
pub use error::{DbError, Trouble};

use std::borrow::Cow;

/// What a session may do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Access {
    /// Read. All that a source is ever opened for.
    Read,
    /// Read and write, with every other program kept out.
    Write,
}

/// A value of a row, borrowed from the driver.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Value<'a> {
    /// NULL.
    Null,
    /// A whole number.
    Integer(i64),
    /// Any other number.
    Real(f64),
    /// A text, as the database has its bytes: usually UTF-8, but nobody checked.
    Text(&'a [u8]),
    /// Bytes.
    Bytes(&'a [u8]),
}

impl Value<'_> {
    /// The value as text: numbers in decimal, NULL and bytes as nothing.
    #[must_use]
    pub fn text(&self) -> Option<Cow<'_, str>> {
        match self {
            Self::Null | Self::Bytes(_) => None,
            Self::Integer(number) => Some(number.to_string().into()),
            Self::Real(number) => Some(number.to_string().into()),
            Self::Text(bytes) => Some(String::from_utf8_lossy(bytes)),
        }
    }

    /// The value as a whole number.
    #[must_use]
    pub fn integer(&self) -> Option<i64> {
        match self {
            Self::Integer(number) => Some(*number),
            Self::Text(bytes) => std::str::from_utf8(bytes).ok()?.trim().parse().ok(),
            _ => None,
        }
    }
}

/// A row of an answer.
pub trait Row {
    /// How many columns it has.
    fn len(&self) -> usize;
    /// Whether it has no column.
    fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// The value of a column, counted from 0; NULL beyond the last one.
    fn value(&self, column: usize) -> Value<'_>;
    /// The same for a reader that looks for names and secrets. Dates and fractions hold none: where the driver would have
    /// to put them into words they may be NULL.
    fn content(&self, column: usize) -> Value<'_> {
        self.value(column)
    }
    /// The value of a column as text, empty for NULL.
    fn text(&self, column: usize) -> String {
        self.value(column)
            .text()
            .map(Cow::into_owned)
            .unwrap_or_default()
    }
}

/// What a reader of rows says after each: go on, or stop.
pub type Go = std::ops::ControlFlow<()>;

/// What a statement changed, and what was asked right after it.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Answered {
    /// The number of rows that the statement changed.
    pub rows: u64,
    /// The answers, in the order of the questions.
    pub numbers: Vec<u64>,
}

fn no_number() -> DbError {
    DbError::new(Trouble::Other, "the query did not answer with a number")
}

/// A connection to one database, or to several that one transaction changes: then it is in one of them at a time.
pub trait Session {
    /// Goes on in another of the databases that it was opened for. An open transaction stays as it is.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it, and where it was not opened for this one.
    fn enter(&mut self, name: &str) -> Result<(), DbError> {
        let why = "the session was opened for another database";
        Err(DbError::new(Trouble::NotPermitted, why).at(name))
    }

    /// Runs a query and hands over its rows one by one, so that memory stays flat.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it.
    fn query(&mut self, sql: &str, each: &mut dyn FnMut(&dyn Row) -> Go) -> Result<(), DbError>;

    /// Says which query comes after the next one, so that the server can answer it while the rows of the next one are looked
    /// at. An engine that has no use for it hears nothing.
    fn foresee(&mut self, _query: &str) {}

    /// Runs a statement; the number of rows that it changed.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it.
    fn execute(&mut self, sql: &str) -> Result<u64, DbError>;

    /// Begins a transaction that keeps other writers out.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it.
    fn begin(&mut self) -> Result<(), DbError>;

    /// Commits the transaction. After an error nobody knows whether it happened.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it.
    fn commit(&mut self) -> Result<(), DbError>;

    /// Undoes the transaction.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it.
    fn rollback(&mut self) -> Result<(), DbError>;

    /// Runs a statement, and then asks questions that one number each answers, in as few round trips as the engine lets
    /// one. The numbers are in the order of the questions.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it; nobody knows then how many of the statement and the questions went before.
    fn execute_and_ask(&mut self, sql: &str, questions: &[&str]) -> Result<Answered, DbError> {
        let rows = self.execute(sql)?;
        Ok(Answered {
            rows,
            numbers: self.numbers(questions)?,
        })
    }

    /// The one number that each of some queries answers with, in as few round trips as the engine lets one.
    ///
    /// # Errors
    /// [`DbError`], also where an answer is no number.
    fn numbers(&mut self, questions: &[&str]) -> Result<Vec<u64>, DbError> {
        questions.iter().map(|sql| self.number(sql)).collect()
    }

    /// The one number that a query answers with.
    ///
    /// # Errors
    /// [`DbError`], also where the answer is no number.
    fn number(&mut self, sql: &str) -> Result<u64, DbError> {
        let mut number = None;
        self.query(sql, &mut |row| {
            number = row
                .value(0)
                .integer()
                .and_then(|number| u64::try_from(number).ok());
            Go::Break(())
        })?;
        number.ok_or_else(no_number)
    }

    /// The first column of every row, as text; NULL is left out.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it.
    fn texts(&mut self, sql: &str) -> Result<Vec<String>, DbError> {
        let mut texts = Vec::new();
        self.query(sql, &mut |row| {
            texts.extend(row.value(0).text().map(Cow::into_owned));
            Go::Continue(())
        })?;
        Ok(texts)
    }
}
