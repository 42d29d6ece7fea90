//! What a server can answer.

use jiff::civil::DateTime;
use std::time::Duration;

/// What the server does about a request.
#[derive(Clone, Debug)]
pub enum Answer {
    /// Says that it is done, as after DDL, `ALTER SESSION` or a PL/SQL block without OUT binds.
    Done,
    /// A result set. The client fetches it piece by piece.
    Rows {
        /// Names and types.
        columns: Vec<Column>,
        /// Cells, as many as there are columns in each row.
        rows: Vec<Vec<Value>>,
    },
    /// A statement that changed rows: how many for each row of binds, one number where there are none.
    Changed(Vec<u64>),
    /// A PL/SQL block that gave values to OUT binds: the bind's place, from 0 and each name counted once, and its value.
    /// With several rows of binds all of them get the same values.
    Out(Vec<(usize, Value)>),
    /// A `RETURNING … INTO`: the rows that were changed, as the values of the binds after INTO.
    Returned(Vec<Vec<Value>>),
    /// An error; the session stays.
    Error(OracleError),
    /// Leaves it to the backend, as a script does that answers nothing.
    PassOn,
    /// Waits, then goes on with the answer. A client that gives up meanwhile gets ORA-01013, and the rest does not happen.
    Slow(Duration, Box<Answer>),
    /// Like [`Answer::Slow`], but hears nothing meanwhile, as a server that hangs: who gives up on it gets no answer to
    /// that either.
    Deaf(Duration, Box<Answer>),
    /// Closes the connection without a word, and without doing anything.
    Cut,
    /// Does what the answer takes, [`Answer::PassOn`] being the one that does something, then closes the connection
    /// instead of telling.
    Lost(Box<Answer>),
    /// Sends so many of the answer's rows, then closes the connection in the middle of the fetch.
    CutAfter(u64, Box<Answer>),
    /// The answer's rows, so many times over. They are in memory once.
    Again(u64, Box<Answer>),
    /// Like [`Answer::Lost`], and the server is gone with all its connections: it doesn't listen any more. With
    /// [`Answer::PassOn`] in it that is after the work was done, with [`Answer::Done`] before.
    Vanish(Box<Answer>),
}

impl Answer {
    /// A result set, from anything that reads well in a test.
    pub fn rows<C: Into<Column>, R: Into<Vec<Value>>>(
        columns: impl IntoIterator<Item = C>,
        rows: impl IntoIterator<Item = R>,
    ) -> Self {
        Self::Rows {
            columns: columns.into_iter().map(Into::into).collect(),
            rows: rows.into_iter().map(Into::into).collect(),
        }
    }

    /// A statement without rows of binds that changed so many rows.
    #[must_use]
    pub fn changed(rows: u64) -> Self {
        Self::Changed(vec![rows])
    }

    /// An error that has no place in the statement.
    pub fn error(number: u32, message: impl Into<String>) -> Self {
        Self::Error(OracleError::new(number, message))
    }

    /// The same answer, later.
    #[must_use]
    pub fn after(self, wait: Duration) -> Self {
        Self::Slow(wait, Box::new(self))
    }

    /// The same work, and no answer.
    #[must_use]
    pub fn lost(self) -> Self {
        Self::Lost(Box::new(self))
    }

    /// The same rows up to so many, then no more.
    #[must_use]
    pub fn cut_after(self, rows: u64) -> Self {
        Self::CutAfter(rows, Box::new(self))
    }

    /// The same rows, so many times over.
    #[must_use]
    pub fn again(self, times: u64) -> Self {
        Self::Again(times, Box::new(self))
    }
}

/// An error as Oracle reports it.
#[derive(Clone, Debug, Eq, PartialEq, thiserror::Error)]
#[error("ORA-{number:05}: {message}")]
pub struct OracleError {
    /// Its number, without `ORA-`.
    pub number: u32,
    /// Its text, without the number before it.
    pub message: String,
    /// Where in the statement it is, in bytes from 0; 0 also for nowhere.
    pub position: u16,
}

impl OracleError {
    /// An error that has no place in the statement.
    pub fn new(number: u32, message: impl Into<String>) -> Self {
        Self {
            number,
            message: message.into(),
            position: 0,
        }
    }

    /// The same error at a place in the statement, in bytes from 0.
    #[must_use]
    pub fn at(mut self, position: u16) -> Self {
        self.position = position;
        self
    }
}

/// A column of a result set.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Column {
    /// Its name, as the client gets it: Oracle writes it in capitals unless it was quoted.
    pub name: String,
    /// Its type.
    pub kind: Type,
    /// Whether NULL can be in it.
    pub nullable: bool,
}

impl From<(&str, Type)> for Column {
    fn from((name, kind): (&str, Type)) -> Self {
        Self {
            name: name.to_owned(),
            kind,
            nullable: true,
        }
    }
}

/// The type of a column or a bind.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Type {
    /// `NUMBER`
    Number,
    /// `NUMBER(precision, scale)`
    Decimal(u8, i8),
    /// `BINARY_DOUBLE`
    BinaryDouble,
    /// `VARCHAR2(n CHAR)`
    Varchar2(u32),
    /// `NVARCHAR2(n)`, n in characters
    NVarchar2(u32),
    /// `CHAR(n CHAR)`; whoever answers pads the values
    Char(u32),
    /// `RAW(n)`, n in bytes
    Raw(u32),
    /// `DATE`, to the second
    Date,
    /// `TIMESTAMP(6)`
    Timestamp,
    /// `CLOB`
    Clob,
    /// `NCLOB`
    NClob,
    /// `BLOB`
    Blob,
    /// `LONG`, as some of Oracle's dictionary views have it
    Long,
    /// A type, by its number in the protocol, that only binds have here and that is not understood
    Other(u8),
}

/// A value of a row or a bind. The empty text and no bytes are NULL to Oracle, and arrive as that, but for a LOB's column:
/// there they are a LOB that is empty.
#[derive(Clone, Debug, PartialEq)]
pub enum Value {
    /// NULL, in a column of any type.
    Null,
    /// A whole number. A bind's number arrives so if it is whole and fits.
    Integer(i64),
    /// Any other number, its digits as text, without an exponent where it came from a client.
    Number(String),
    /// For `BINARY_DOUBLE`.
    Real(f64),
    /// For `VARCHAR2` and its like, and for CLOBs.
    Text(String),
    /// For `RAW` and BLOBs. For a `BINARY_DOUBLE` they go out as they are, so that it can be one that no server sends.
    Bytes(Vec<u8>),
    /// For `DATE` and `TIMESTAMP`.
    Moment(DateTime),
}

impl Value {
    /// A number from its digits.
    #[must_use]
    pub fn number(digits: &str) -> Self {
        digits
            .parse()
            .map_or_else(|_| Self::Number(digits.to_owned()), Self::Integer)
    }

    /// Whether Oracle takes it for NULL.
    #[must_use]
    pub fn is_null(&self) -> bool {
        match self {
            Self::Null => true,
            Self::Text(text) => text.is_empty(),
            Self::Bytes(bytes) => bytes.is_empty(),
            _ => false,
        }
    }
}

macro_rules! from {
    ($($type:ty => $variant:ident),* $(,)?) => {
        $(impl From<$type> for Value {
            fn from(value: $type) -> Self {
                Self::$variant(value.into())
            }
        })*
    };
}

from! {
    i32 => Integer,
    i64 => Integer,
    f64 => Real,
    &str => Text,
    String => Text,
    Vec<u8> => Bytes,
    DateTime => Moment,
}

impl<T: Into<Value>> From<Option<T>> for Value {
    fn from(value: Option<T>) -> Self {
        value.map_or(Self::Null, Into::into)
    }
}
