//! What a script can answer.

use crate::token;
use jiff::civil::DateTime;
use std::sync::Arc;
use std::time::Duration;

/// What the server does about a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Says that it is done, without a row count, as after `SET` or `BEGIN TRANSACTION`.
    Done,
    /// One result set.
    Rows {
        /// Names and types.
        columns: Vec<(String, Type)>,
        /// Cells, as many as there are columns in each row.
        rows: Vec<Vec<Cell>>,
    },
    /// The rows of one result set, so many times over.
    Again(Arc<Encoded>, u64),
    /// A statement that changed so many rows.
    Changed(u64),
    /// A message that is no error, as `PRINT` and `BACKUP` send it.
    Info(String),
    /// The session is in this database from now on, as after `USE`.
    Use(String),
    /// An error.
    Error {
        /// Its number, as in `sys.messages`.
        number: u32,
        /// 11 to 16 for a caller's mistakes, 20 and above where the connection is lost.
        severity: u8,
        /// Where in the server it was raised.
        state: u8,
        /// Its text.
        message: String,
        /// Whether the server closes the connection after it.
        then_close: bool,
    },
    /// The answers of a batch's statements, one after the other.
    Many(Vec<Answer>),
    /// Sends what there is so far, waits, then answers. An Attention ends the wait and the whole batch.
    Slow(Duration, Box<Answer>),
    /// Closes the connection without a word more, like a server that loses power. What came before it in a batch is sent.
    Cut,
    /// Sends these rows, then closes the connection in the middle of the result set.
    CutAfterRows {
        /// Names and types.
        columns: Vec<(String, Type)>,
        /// The rows that still arrive.
        rows: Vec<Vec<Cell>>,
    },
}

impl Answer {
    /// A result set, from anything that reads well in a test.
    pub fn rows<'a, R: Into<Vec<Cell>>>(
        columns: impl IntoIterator<Item = (&'a str, Type)>,
        rows: impl IntoIterator<Item = R>,
    ) -> Self {
        Self::Rows {
            columns: columns
                .into_iter()
                .map(|(name, kind)| (name.to_owned(), kind))
                .collect(),
            rows: rows.into_iter().map(Into::into).collect(),
        }
    }

    /// The same, with the connection closed after the last row.
    #[must_use]
    pub fn then_cut(self) -> Self {
        match self {
            Self::Rows { columns, rows } => Self::CutAfterRows { columns, rows },
            other => Self::Many(vec![other, Self::Cut]),
        }
    }

    /// An error that leaves the connection open.
    pub fn error(number: u32, severity: u8, message: impl Into<String>) -> Self {
        Self::Error {
            number,
            severity,
            state: 1,
            message: message.into(),
            then_close: false,
        }
    }

    /// The same answer, later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self::Slow(wait, Box::new(self))
    }
}

/// A result set that was encoded beforehand: sending it, however often, costs the server next to nothing, so that what is
/// measured is the client.
#[derive(Debug)]
pub struct Encoded {
    columns: Vec<(String, Type)>,
    /// The rows as they go out.
    pub(crate) bytes: Vec<u8>,
    /// How many they are.
    pub(crate) rows: u64,
}

impl Encoded {
    /// A result set without rows.
    #[must_use]
    pub fn new(columns: Vec<(String, Type)>) -> Self {
        Self {
            columns,
            bytes: Vec::new(),
            rows: 0,
        }
    }

    /// Adds a row.
    ///
    /// # Panics
    /// If a cell does not fit its column.
    pub fn push(&mut self, cells: &[Cell]) {
        token::row(&mut self.bytes, &self.columns, cells);
        self.rows += 1;
    }

    /// Names and types.
    #[must_use]
    pub fn columns(&self) -> &[(String, Type)] {
        &self.columns
    }
}

/// The type of a column.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Type {
    /// `bit`
    Bit,
    /// `tinyint`
    TinyInt,
    /// `smallint`
    SmallInt,
    /// `int`
    Int,
    /// `bigint`
    BigInt,
    /// `real`
    Real,
    /// `float`
    Float,
    /// `decimal(38, scale)`
    Decimal(u8),
    /// `nvarchar(n)`, n up to 4000 characters
    NVarchar(u16),
    /// `nvarchar(max)`
    NVarcharMax,
    /// `varbinary(n)`, n up to 8000 bytes
    Varbinary(u16),
    /// `varbinary(max)`
    VarbinaryMax,
    /// `datetime`, to a three-hundredth of a second
    DateTime,
    /// `datetime2(7)`
    DateTime2,
    /// `uniqueidentifier`
    UniqueIdentifier,
}

/// A value of a row.
#[derive(Clone, Debug, PartialEq)]
pub enum Cell {
    /// NULL, in a column of any type.
    Null,
    /// For all whole numbers, and for `bit`.
    Integer(i64),
    /// For `real` and `float`.
    Real(f64),
    /// For `decimal`: the digits without their point.
    Decimal(i128),
    /// For `nvarchar`.
    Text(String),
    /// For `varbinary`.
    Bytes(Vec<u8>),
    /// For `datetime` and `datetime2`.
    Moment(DateTime),
    /// For `uniqueidentifier`, in the order of its written digits.
    Guid(u128),
}

macro_rules! from {
    ($($type:ty => $variant:ident),* $(,)?) => {
        $(impl From<$type> for Cell {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

from! {
    bool => Integer,
    i32 => Integer,
    i64 => Integer,
    f64 => Real,
    &str => Text,
    String => Text,
    Vec<u8> => Bytes,
    DateTime => Moment,
}

impl<T: Into<Cell>> From<Option<T>> for Cell {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
