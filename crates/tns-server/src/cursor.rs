//! What the server keeps of a statement: its binds, its columns, the rows that were not fetched yet.

use crate::answer::{Column, Type, Value};
use crate::lexer;
use std::collections::VecDeque;

/// Oracle's numbers for types.
pub(crate) mod kind {
    pub(crate) const VARCHAR: u8 = 1;
    pub(crate) const NUMBER: u8 = 2;
    pub(crate) const INTEGER: u8 = 3;
    pub(crate) const LONG: u8 = 8;
    pub(crate) const DATE: u8 = 12;
    pub(crate) const RAW: u8 = 23;
    pub(crate) const LONG_RAW: u8 = 24;
    pub(crate) const CHAR: u8 = 96;
    pub(crate) const BINARY_DOUBLE: u8 = 101;
    pub(crate) const CURSOR: u8 = 102;
    pub(crate) const OBJECT: u8 = 109;
    pub(crate) const CLOB: u8 = 112;
    pub(crate) const BLOB: u8 = 113;
    pub(crate) const JSON: u8 = 119;
    pub(crate) const VECTOR: u8 = 127;
    pub(crate) const TIMESTAMP: u8 = 180;
    pub(crate) const TIMESTAMP_TZ: u8 = 181;
    pub(crate) const TIMESTAMP_LTZ: u8 = 231;
    pub(crate) const BOOLEAN: u8 = 252;
}

/// The form of a text's characters: the database's, or the national ones.
pub(crate) const NATIONAL: u8 = 2;

/// Which way a bind's value goes.
pub(crate) mod direction {
    pub(crate) const OUT: u8 = 16;
    pub(crate) const IN: u8 = 32;
    pub(crate) const BOTH: u8 = 48;
}

/// What a client declared a bind, or a column, to be.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) struct Bind {
    pub(crate) kind: u8,
    pub(crate) form: u8,
    /// In bytes.
    pub(crate) size: u32,
}

impl Bind {
    pub(crate) fn national(self) -> bool {
        self.form == NATIONAL
    }

    pub(crate) fn declared(self) -> Type {
        match self.kind {
            kind::VARCHAR if self.national() => Type::NVarchar2(self.size / 2),
            kind::VARCHAR => Type::Varchar2(self.size / 4),
            kind::CHAR => Type::Char(self.size / 4),
            kind::NUMBER | kind::INTEGER => Type::Number,
            kind::LONG => Type::Long,
            kind::RAW | kind::LONG_RAW => Type::Raw(self.size),
            kind::DATE => Type::Date,
            kind::TIMESTAMP | kind::TIMESTAMP_TZ | kind::TIMESTAMP_LTZ => Type::Timestamp,
            kind::BINARY_DOUBLE => Type::BinaryDouble,
            kind::CLOB if self.national() => Type::NClob,
            kind::CLOB => Type::Clob,
            kind::BLOB => Type::Blob,
            other => Type::Other(other),
        }
    }
}

#[derive(Debug)]
pub(crate) struct Cursor {
    pub(crate) sql: String,
    /// Whether it is a PL/SQL block.
    pub(crate) block: bool,
    /// The placeholders' names, and whether each takes what a `RETURNING … INTO` gives.
    pub(crate) names: Vec<(String, bool)>,
    pub(crate) binds: Vec<Bind>,
    /// Which way the binds' values go, as far as is known.
    pub(crate) directions: Vec<u8>,
    pub(crate) columns: Vec<Column>,
    /// As what the columns are sent, where the client said so.
    pub(crate) defines: Option<Vec<Bind>>,
    pub(crate) rows: VecDeque<Vec<Value>>,
    /// How many rows are sent a second time, or a later one.
    pub(crate) again: u64,
    /// How many rows were fetched.
    pub(crate) fetched: u64,
    /// After how many rows the connection breaks.
    pub(crate) cut_after: Option<u64>,
}

impl Cursor {
    pub(crate) fn new(sql: &str) -> Self {
        Self {
            sql: sql.to_owned(),
            block: lexer::is_block(sql),
            names: lexer::binds(sql),
            binds: Vec::new(),
            directions: Vec::new(),
            columns: Vec::new(),
            defines: None,
            rows: VecDeque::new(),
            again: 0,
            fetched: 0,
            cut_after: None,
        }
    }

    /// Whether a bind takes what a `RETURNING … INTO` gives.
    pub(crate) fn is_returned(&self, at: usize) -> bool {
        self.names.get(at).is_some_and(|(_, returned)| *returned)
    }

    /// Whether the client sends values for a bind: not for one that it knows to be OUT alone.
    pub(crate) fn is_sent(&self, at: usize) -> bool {
        let direction = self.directions.get(at).copied().unwrap_or(direction::IN);
        !self.is_returned(at) && direction & direction::IN != 0
    }

    /// Whether rows can't be sent before the client has said how it wants its LOBs.
    pub(crate) fn waits_for_defines(&self) -> bool {
        let lob = |column: &Column| matches!(column.kind, Type::Clob | Type::NClob | Type::Blob);
        self.defines.is_none() && self.columns.iter().any(lob)
    }
}
