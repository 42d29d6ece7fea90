//! What a client calls: one function, and what it wants done on the way.

use crate::bytes::{Reader, invalid};
use crate::cursor::{Bind, Cursor};
use std::collections::HashMap;
use std::io;

/// Messages that a client sends.
mod message {
    pub(super) const FUNCTION: u8 = 3;
    pub(super) const ROW: u8 = 7;
    pub(super) const LOB_DATA: u8 = 14;
    pub(super) const ON_THE_WAY: u8 = 17;
}

mod function {
    pub(super) const AGAIN: u8 = 4;
    pub(super) const FETCH: u8 = 5;
    pub(super) const LOGOFF: u8 = 9;
    pub(super) const COMMIT: u8 = 14;
    pub(super) const ROLLBACK: u8 = 15;
    pub(super) const AGAIN_AND_FETCH: u8 = 78;
    pub(super) const EXECUTE: u8 = 94;
    pub(super) const LOB: u8 = 96;
    pub(super) const CLOSE_CURSORS: u8 = 105;
    pub(super) const NAMES: u8 = 135;
    pub(super) const PING: u8 = 147;
    pub(super) const SCHEMA: u8 = 152;
    pub(super) const STATE: u8 = 176;
}

/// From this version of the fields on, a function has a token.
const TOKENS: u8 = 18;
const SQL_IDS: u8 = 8;
const CHUNK_IDS: u8 = 9;

mod option {
    pub(super) const DEFINE: u32 = 0x10;
    pub(super) const EXECUTE: u32 = 0x20;
    pub(super) const FETCH: u32 = 0x40;
    pub(super) const COMMIT: u32 = 0x100;
    pub(super) const COUNTS: u32 = 0x4000;
    pub(super) const COMMIT_AGAIN: u32 = 1;
}

/// One message of a client.
#[derive(Debug)]
pub(crate) struct Message {
    /// Cursors that are not needed any more.
    pub(crate) closed: Vec<u32>,
    /// Locators of temporary LOBs that are not needed any more, one after the other.
    pub(crate) freed: Vec<u8>,
    /// The schema that unqualified names are of from now on.
    pub(crate) schema: Option<String>,
    pub(crate) function: Function,
}

#[derive(Debug)]
pub(crate) enum Function {
    Execute(Execute),
    Fetch { cursor: u32, rows: u64 },
    Lob(Lob),
    Commit,
    Rollback,
    Ping,
    Logoff,
    Unknown(u8),
}

/// A statement to execute, to describe, or whose columns are defined.
#[derive(Debug, Default)]
pub(crate) struct Execute {
    pub(crate) cursor: u32,
    /// The statement; none where the cursor has it.
    pub(crate) sql: Option<String>,
    pub(crate) execute: bool,
    /// How many rows are fetched at once, if any.
    pub(crate) fetch: Option<u64>,
    pub(crate) commit: bool,
    /// Whether the changed rows are to be counted for each row of values.
    pub(crate) counts: bool,
    pub(crate) executions: u64,
    /// What the placeholders are, where the client says so.
    pub(crate) binds: Option<Vec<Bind>>,
    /// As what the columns are to be sent.
    pub(crate) defines: Option<Vec<Bind>>,
    /// The values, as they came.
    pub(crate) rows: Vec<Vec<Raw>>,
    /// Whether all but the values is as before.
    pub(crate) again: bool,
}

/// A value as it came: its bytes, or a LOB's locator.
#[derive(Clone, Debug)]
pub(crate) enum Raw {
    /// Nothing came for it.
    Absent,
    Bytes(Vec<u8>),
    Locator(Vec<u8>),
}

/// Something to be done with a LOB.
#[derive(Debug)]
pub(crate) struct Lob {
    pub(crate) operation: u32,
    pub(crate) locator: Vec<u8>,
    pub(crate) offset: u64,
    pub(crate) kind: u64,
    pub(crate) amount: u64,
    pub(crate) sends_amount: bool,
    pub(crate) data: Vec<u8>,
}

/// What has to be known to read a message.
pub(crate) struct Known<'a> {
    pub(crate) field_version: u8,
    /// The size in bytes from which on values come last.
    pub(crate) longest: u32,
    pub(crate) cursors: &'a HashMap<u32, Cursor>,
}

impl Known<'_> {
    pub(crate) fn read(&self, body: &[u8]) -> io::Result<Message> {
        let rest = &mut Reader(body);
        let (mut closed, mut freed, mut schema) = (Vec::new(), Vec::new(), None);
        loop {
            let message = rest.u8()?;
            let function = rest.u8()?;
            rest.u8()?;
            if self.field_version >= TOKENS {
                rest.number()?;
            }
            match (message, function) {
                (message::ON_THE_WAY, function::CLOSE_CURSORS) => {
                    rest.u8()?;
                    for _ in 0..rest.number()? {
                        closed.push(rest.u32_number()?);
                    }
                }
                (message::ON_THE_WAY, function::LOB) => freed.extend(self.lob(rest)?.locator),
                (message::ON_THE_WAY, function::NAMES) => names(rest)?,
                (message::ON_THE_WAY, function::SCHEMA) => {
                    rest.u8()?;
                    let name = rest.counted_twice()?;
                    schema = Some(String::from_utf8_lossy(&name).into_owned());
                }
                (message::ON_THE_WAY, function::STATE) => rest.skip_numbers(1)?,
                (message::FUNCTION, function) => {
                    return Ok(Message {
                        closed,
                        freed,
                        schema,
                        function: self.function(function, rest)?,
                    });
                }
                _ => return Err(invalid(format!("message {message} {function} is unknown"))),
            }
        }
    }

    fn function(&self, function: u8, rest: &mut Reader<'_>) -> io::Result<Function> {
        Ok(match function {
            function::EXECUTE => Function::Execute(self.execute(rest)?),
            function::AGAIN | function::AGAIN_AND_FETCH => {
                Function::Execute(self.again(function, rest)?)
            }
            function::FETCH => Function::Fetch {
                cursor: rest.u32_number()?,
                rows: rest.number()?,
            },
            function::LOB => Function::Lob(self.lob(rest)?),
            function::COMMIT => Function::Commit,
            function::ROLLBACK => Function::Rollback,
            function::PING => Function::Ping,
            function::LOGOFF => Function::Logoff,
            other => Function::Unknown(other),
        })
    }

    fn execute(&self, rest: &mut Reader<'_>) -> io::Result<Execute> {
        let options = rest.u32_number()?;
        let cursor = rest.u32_number()?;
        let has_sql = rest.u8()? != 0;
        rest.number()?;
        rest.u8()?;
        rest.number()?;
        rest.take(2)?;
        rest.number()?;
        let fetched = rest.number()?;
        rest.number()?;
        rest.u8()?;
        let bound = rest.number()?;
        rest.take(5)?;
        rest.u8()?;
        let defined = rest.number()?;
        rest.number()?;
        rest.take(3)?;
        rest.number()?;
        rest.u8()?;
        rest.skip_numbers(2)?;
        rest.u8()?;
        rest.number()?;
        rest.u8()?;
        if self.field_version >= SQL_IDS {
            rest.u8()?;
            rest.number()?;
            rest.u8()?;
            rest.number()?;
            rest.u8()?;
        }
        if self.field_version >= CHUNK_IDS {
            rest.u8()?;
            rest.number()?;
        }
        let sql = match has_sql {
            true => Some(String::from_utf8_lossy(&rest.counted()?).into_owned()),
            false => None,
        };
        let mut numbers = [0; 13];
        for number in &mut numbers {
            *number = rest.number()?;
        }
        let query = numbers[7] != 0;
        let mut call = Execute {
            cursor,
            sql,
            execute: options & option::EXECUTE != 0,
            fetch: (options & option::FETCH != 0).then_some(fetched),
            commit: options & option::COMMIT != 0,
            counts: numbers[9] & u64::from(option::COUNTS) != 0,
            executions: if query { 1 } else { numbers[1] },
            ..Execute::default()
        };
        if options & option::DEFINE != 0 {
            call.defines = Some(self.declared(defined, rest)?);
        } else if bound > 0 {
            let binds = self.declared(bound, rest)?;
            let known = self.cursors.get(&cursor);
            let sql = call
                .sql
                .as_deref()
                .or(known.map(|cursor| cursor.sql.as_str()));
            let mut described = Cursor::new(sql.unwrap_or_default());
            described.binds.clone_from(&binds);
            call.rows = self.rows(&described, call.executions, rest)?;
            call.binds = Some(binds);
        }
        Ok(call)
    }

    fn again(&self, function: u8, rest: &mut Reader<'_>) -> io::Result<Execute> {
        let cursor = rest.u32_number()?;
        let count = rest.number()?;
        rest.number()?;
        let options = rest.u32_number()?;
        let fetch = function == function::AGAIN_AND_FETCH;
        let executions = if fetch { 1 } else { count };
        let rows = match self.cursors.get(&cursor) {
            Some(known) => self.rows(known, executions, rest)?,
            None => Vec::new(),
        };
        Ok(Execute {
            cursor,
            execute: true,
            fetch: fetch.then_some(count),
            commit: options & option::COMMIT_AGAIN != 0,
            executions,
            rows,
            again: true,
            ..Execute::default()
        })
    }

    /// The types of binds or of columns to be defined.
    fn declared(&self, count: u64, rest: &mut Reader<'_>) -> io::Result<Vec<Bind>> {
        let mut declared = Vec::new();
        for _ in 0..count {
            let kind = rest.u8()?;
            rest.take(3)?;
            let size = rest.u32_number()?;
            rest.skip_numbers(2)?;
            rest.counted_twice()?;
            rest.skip_numbers(2)?;
            let form = rest.u8()?;
            rest.number()?;
            if self.field_version >= SQL_IDS {
                rest.number()?;
            }
            declared.push(Bind { kind, form, size });
        }
        Ok(declared)
    }

    /// The rows of values: in each, those that may be long come last, unless it is for a block.
    fn rows(
        &self,
        cursor: &Cursor,
        count: u64,
        rest: &mut Reader<'_>,
    ) -> io::Result<Vec<Vec<Raw>>> {
        let sent = |at: &usize| cursor.is_sent(*at);
        let (mut order, mut last) = (Vec::new(), Vec::new());
        for at in (0..cursor.binds.len()).filter(sent) {
            match !cursor.block && cursor.binds[at].size > self.longest {
                true => last.push(at),
                false => order.push(at),
            }
        }
        order.extend(last);
        if order.is_empty() {
            let absent = vec![Raw::Absent; cursor.binds.len()];
            return Ok(match cursor.binds.is_empty() {
                true => Vec::new(),
                false => vec![absent; usize::try_from(count).unwrap_or(1)],
            });
        }
        let mut rows = Vec::new();
        for _ in 0..count {
            if rest.u8()? != message::ROW {
                return Err(invalid("no row of values where one should be"));
            }
            let mut row = vec![Raw::Absent; cursor.binds.len()];
            for at in &order {
                row[*at] = value(cursor.binds[*at].kind, rest)?;
            }
            rows.push(row);
        }
        Ok(rows)
    }

    fn lob(&self, rest: &mut Reader<'_>) -> io::Result<Lob> {
        const CREATE: u32 = 0x0110;
        const WRITE: u32 = 0x0040;
        rest.u8()?;
        let length = rest.length()?;
        rest.u8()?;
        rest.skip_numbers(3)?;
        rest.take(3)?;
        let operation = rest.u32_number()?;
        rest.u8()?;
        rest.number()?;
        let offset = rest.number()?;
        let kind = rest.number()?;
        let sends_amount = rest.u8()? != 0;
        rest.take(6)?;
        let locator = rest.take(length)?.to_vec();
        if operation == CREATE {
            rest.number()?;
        }
        let mut data = Vec::new();
        if operation == WRITE {
            if rest.u8()? != message::LOB_DATA {
                return Err(invalid("a LOB is to be written without data"));
            }
            data = rest.counted()?;
        }
        let amount = if sends_amount { rest.number()? } else { 0 };
        Ok(Lob {
            operation,
            locator,
            offset,
            kind,
            amount,
            sends_amount,
            data,
        })
    }
}

fn value(kind: u8, rest: &mut Reader<'_>) -> io::Result<Raw> {
    use crate::cursor::kind;
    match kind {
        kind::CLOB | kind::BLOB => match rest.number()? {
            0 => Ok(Raw::Absent),
            _ => rest.counted().map(Raw::Locator),
        },
        kind::CURSOR | kind::OBJECT | kind::BOOLEAN | kind::JSON | kind::VECTOR => {
            Err(invalid(format!("values of type {kind} can't be read")))
        }
        _ => rest.counted().map(Raw::Bytes),
    }
}

/// The names that a client gives itself and its work, which nobody here asks for.
fn names(rest: &mut Reader<'_>) -> io::Result<()> {
    rest.take(2)?;
    rest.number()?;
    let mut given = 0;
    let mut length = |rest: &mut Reader<'_>| -> io::Result<()> {
        rest.u8()?;
        given += usize::from(rest.number()? > 0);
        Ok(())
    };
    for _ in 0..3 {
        length(rest)?;
    }
    rest.u8()?;
    rest.number()?;
    rest.u8()?;
    rest.number()?;
    length(rest)?;
    for _ in 0..2 {
        rest.u8()?;
        rest.number()?;
    }
    length(rest)?;
    (0..given).try_for_each(|_| rest.counted().map(drop))
}
