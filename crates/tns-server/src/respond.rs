//! What a server says: columns, rows, OUT values, how it went.

use crate::answer::{Column, OracleError, Type, Value};
use crate::bytes::{Writer, invalid, utf16};
use crate::cursor::{Bind, NATIONAL, kind};
use crate::handshake::{AL16UTF16, AL32UTF8};
use crate::lob::Lobs;
use crate::{moment, number};
use std::io;

/// Messages that a server sends.
mod message {
    pub(super) const OUTCOME: u8 = 4;
    pub(super) const ROW_HEADER: u8 = 6;
    pub(super) const ROW: u8 = 7;
    pub(super) const PARAMETERS: u8 = 8;
    pub(super) const STATUS: u8 = 9;
    pub(super) const DIRECTIONS: u8 = 11;
    pub(super) const COLUMNS: u8 = 16;
    pub(super) const END: u8 = 29;
}

/// From which version on the fields have what.
mod since {
    pub(super) const COLUMN_IDS: u8 = 8;
    pub(super) const CHECKSUMS: u8 = 14;
    pub(super) const DOMAINS: u8 = 17;
    pub(super) const ANNOTATIONS: u8 = 20;
    pub(super) const VECTORS: u8 = 24;
}

/// The status of a session that has changed something and not committed it.
const IN_TRANSACTION: u64 = 2;
const SUCCESS: u64 = 1;
/// What a NULL in a LONG column is reported with.
const FETCHED_NULL: u64 = 1405;
/// As large as a VARCHAR2 can be, in bytes.
const LONGEST: u32 = 32_767;
/// A LOB's buffer, which is for its locator.
const LOCATOR: u32 = 112;

/// How a call ended.
pub(crate) struct Outcome<'a> {
    pub(crate) error: Option<&'a OracleError>,
    pub(crate) cursor: u32,
    pub(crate) rows: u64,
    pub(crate) in_transaction: bool,
}

pub(crate) fn outcome(out: &mut Writer, field_version: u8, outcome: &Outcome<'_>) {
    let number = outcome.error.map_or(0, |error| error.number);
    let position = outcome.error.map_or(0, |error| error.position);
    let status = if outcome.in_transaction {
        SUCCESS | IN_TRANSACTION
    } else {
        SUCCESS
    };
    out.u8(message::OUTCOME);
    out.number(status);
    out.number(1); // which call of the session it is
    out.number(0); // current row
    out.number(u64::from(number));
    out.zeros(2); // elements of arrays in error
    out.number(u64::from(outcome.cursor));
    out.number(u64::from(position));
    out.u8(3); // kind of statement, for old clients
    out.zeros(5); // flags
    out.zeros(5); // the last row's id
    out.zeros(3); // operating system, statement, call
    out.zeros(2); // padding, iterations
    out.zeros(4); // logical row id, errors of a batch: numbers, places, texts
    out.number(u64::from(number));
    out.number(outcome.rows);
    if field_version >= since::CHECKSUMS {
        out.zeros(2); // kind of statement, checksum
    }
    if let Some(error) = outcome.error {
        out.counted(format!("{error}\n").as_bytes());
    }
}

/// For calls that can't fail, and for the successes of those that return nothing.
pub(crate) fn status(out: &mut Writer, in_transaction: bool) {
    let status = if in_transaction {
        SUCCESS | IN_TRANSACTION
    } else {
        SUCCESS
    };
    out.u8(message::STATUS);
    out.number(status);
    out.number(0);
}

/// Ends an answer, for clients that were promised it.
pub(crate) fn end(out: &mut Writer) {
    out.u8(message::END);
}

/// The parameters that an execution returns, of which only the rows counted for each row of binds are of interest.
pub(crate) fn parameters(out: &mut Writer, counts: Option<&[u64]>) {
    out.u8(message::PARAMETERS);
    out.zeros(4); // numbers, transaction, keywords, registration
    if let Some(counts) = counts {
        out.number(counts.len() as u64);
        counts.iter().for_each(|count| out.number(*count));
    }
}

pub(crate) fn columns(out: &mut Writer, field_version: u8, columns: &[Column]) {
    out.u8(message::COLUMNS);
    out.counted(&[]);
    let widest = columns.iter().map(|column| Wire::of(column.kind).size);
    out.number(widest.map(u64::from).sum());
    out.number(columns.len() as u64);
    if !columns.is_empty() {
        out.u8(7);
    }
    for (place, one) in columns.iter().enumerate() {
        column(out, field_version, place, one);
    }
    out.number(0); // date
    out.zeros(4); // flags
    out.number(0); // key of a cache
}

fn column(out: &mut Writer, field_version: u8, place: usize, column: &Column) {
    let wire = Wire::of(column.kind);
    out.u8(wire.kind);
    out.u8(0); // flags
    out.u8(wire.precision);
    out.u8(wire.scale as u8);
    out.number(u64::from(wire.size));
    out.zeros(2); // elements of an array, flags
    out.number(0); // object id
    out.number(0); // version
    out.number(u64::from(match wire.form {
        0 => 0,
        NATIONAL => AL16UTF16,
        _ => AL32UTF8,
    }));
    out.u8(wire.form);
    out.number(u64::from(wire.characters));
    if field_version >= since::COLUMN_IDS {
        out.number(0);
    }
    out.u8(column.nullable.into());
    out.u8(column.name.len().min(255) as u8);
    out.counted_twice(column.name.as_bytes());
    out.zeros(2); // schema and name of an object type
    out.number(place as u64 + 1);
    out.number(0); // flags
    if field_version >= since::DOMAINS {
        out.zeros(2);
    }
    if field_version >= since::ANNOTATIONS {
        out.number(0);
    }
    if field_version >= since::VECTORS {
        out.zeros(3);
    }
}

/// How a type is told to the client.
struct Wire {
    kind: u8,
    form: u8,
    /// In bytes.
    size: u32,
    /// What a client calls the column's size.
    characters: u32,
    precision: u8,
    scale: i8,
}

impl Wire {
    fn of(kind: Type) -> Self {
        const NO_SCALE: i8 = -127;
        let text = |kind, form, characters: u32, width| Self {
            kind,
            form,
            size: characters.max(1).saturating_mul(width).min(LONGEST),
            characters: characters.max(1),
            precision: 0,
            scale: 0,
        };
        let sized = |kind, form, size| Self {
            kind,
            form,
            size,
            characters: 0,
            precision: 0,
            scale: 0,
        };
        let number = |precision, scale| Self {
            precision,
            scale,
            ..sized(kind::NUMBER, 0, 22)
        };
        match kind {
            Type::Number => number(0, NO_SCALE),
            Type::Decimal(precision, scale) => number(precision, scale),
            Type::BinaryDouble => sized(kind::BINARY_DOUBLE, 0, 8),
            Type::Varchar2(characters) => text(kind::VARCHAR, 1, characters, 4),
            Type::NVarchar2(characters) => text(kind::VARCHAR, NATIONAL, characters, 2),
            Type::Char(characters) => text(kind::CHAR, 1, characters, 4),
            Type::Raw(size) => sized(kind::RAW, 0, size.clamp(1, LONGEST)),
            Type::Date => sized(kind::DATE, 0, 7),
            Type::Timestamp => Self {
                scale: 6,
                ..sized(kind::TIMESTAMP, 0, 11)
            },
            Type::Clob => sized(kind::CLOB, 1, LOCATOR),
            Type::NClob => sized(kind::CLOB, NATIONAL, LOCATOR),
            Type::Blob => sized(kind::BLOB, 0, LOCATOR),
            Type::Long => sized(kind::LONG, 1, 0),
            Type::Other(kind) => sized(kind, 0, 1),
        }
    }
}

/// What comes before the rows of one fetch.
pub(crate) fn row_header(out: &mut Writer, rows: u64) {
    out.u8(message::ROW_HEADER);
    out.u8(0);
    out.number(1); // requests
    out.number(0); // which time
    out.number(rows);
    out.zeros(3); // buffer, columns that repeat, row id
}

/// A row, each column as the client wants it.
pub(crate) fn row(
    out: &mut Writer,
    lobs: &mut Lobs,
    columns: &[Column],
    defines: Option<&[Bind]>,
    row: &[Value],
) -> io::Result<()> {
    if row.len() != columns.len() {
        let message = format!("{} values for {} columns", row.len(), columns.len());
        return Err(invalid(message));
    }
    out.u8(message::ROW);
    for (at, (column, value)) in columns.iter().zip(row).enumerate() {
        let wire = Wire::of(column.kind);
        let (kind, form) = match defines.and_then(|defines| defines.get(at)) {
            Some(define) => (define.kind, define.form),
            None => (wire.kind, wire.form),
        };
        self::value(out, lobs, kind, form, value, false)?;
        if matches!(kind, kind::LONG | kind::LONG_RAW) {
            match value.is_null() {
                true => {
                    out.signed(-1);
                    out.number(FETCHED_NULL);
                }
                false => out.zeros(2),
            }
        }
    }
    Ok(())
}

/// Which way the binds' values go.
pub(crate) fn directions(out: &mut Writer, directions: &[u8]) {
    out.u8(message::DIRECTIONS);
    out.u8(0);
    out.number(directions.len() as u64 % 256);
    out.number(directions.len() as u64 / 256);
    out.number(1); // iterations
    out.zeros(3); // buffer, columns that repeat, row id
    out.bytes(directions);
}

/// The values of OUT binds.
pub(crate) fn out_values<'a>(
    out: &mut Writer,
    lobs: &mut Lobs,
    values: impl IntoIterator<Item = (Bind, &'a Value)>,
) -> io::Result<()> {
    out.u8(message::ROW);
    for (bind, value) in values {
        self::value(out, lobs, bind.kind, bind.form, value, true)?;
        out.signed(0); // by how much it was cut short
    }
    Ok(())
}

/// What a `RETURNING … INTO` gives: for each bind the values of all rows.
pub(crate) fn returned(
    out: &mut Writer,
    lobs: &mut Lobs,
    binds: &[Bind],
    rows: &[Vec<Value>],
) -> io::Result<()> {
    out.u8(message::ROW);
    for (at, bind) in binds.iter().enumerate() {
        out.number(rows.len() as u64);
        for row in rows {
            let value = row.get(at).unwrap_or(&Value::Null);
            self::value(out, lobs, bind.kind, bind.form, value, true)?;
            out.signed(0);
        }
    }
    Ok(())
}

fn value(
    out: &mut Writer,
    lobs: &mut Lobs,
    kind: u8,
    form: u8,
    value: &Value,
    temporary: bool,
) -> io::Result<()> {
    if value.is_null() && !(matches!(kind, kind::CLOB | kind::BLOB) && *value != Value::Null) {
        out.u8(0);
        return Ok(());
    }
    match kind {
        kind::CLOB | kind::BLOB => {
            lobs.write(out, value, kind == kind::CLOB, temporary);
            return Ok(());
        }
        _ => {}
    }
    let bytes = match kind {
        kind::VARCHAR | kind::CHAR | kind::LONG => match form {
            NATIONAL => text(value).map(|text| utf16(&text)),
            _ => text(value).map(String::into_bytes),
        },
        kind::RAW | kind::LONG_RAW => match value {
            Value::Bytes(bytes) => Some(bytes.clone()),
            _ => None,
        },
        kind::NUMBER | kind::INTEGER => text(value).and_then(|text| number::encode(&text)),
        kind::BINARY_DOUBLE => match value {
            Value::Bytes(bytes) => Some(bytes.clone()),
            _ => text(value).and_then(|text| text.parse().ok()).map(double),
        },
        kind::DATE | kind::TIMESTAMP | kind::TIMESTAMP_TZ | kind::TIMESTAMP_LTZ => match value {
            Value::Moment(moment) => Some(moment::encode(*moment)),
            _ => None,
        },
        _ => None,
    };
    let bytes = bytes.ok_or_else(|| invalid(format!("{value:?} is no value of type {kind}")))?;
    out.counted(&bytes);
    Ok(())
}

fn text(value: &Value) -> Option<String> {
    match value {
        Value::Integer(number) => Some(number.to_string()),
        Value::Number(digits) => Some(digits.clone()),
        Value::Real(number) => Some(number.to_string()),
        Value::Text(text) => Some(text.clone()),
        _ => None,
    }
}

/// So that the bytes sort as the numbers do.
fn double(number: f64) -> Vec<u8> {
    let bits = number.to_bits();
    let sorted = match bits >> 63 {
        0 => bits | 1 << 63,
        _ => !bits,
    };
    sorted.to_be_bytes().to_vec()
}

/// A bind's value from its bytes.
pub(crate) fn read(bind: Bind, bytes: &[u8]) -> io::Result<Value> {
    if bytes.is_empty() {
        return Ok(Value::Null);
    }
    let value = match bind.kind {
        kind::VARCHAR | kind::CHAR | kind::LONG => Some(Value::Text(match bind.form {
            NATIONAL => crate::bytes::from_utf16(bytes),
            _ => String::from_utf8_lossy(bytes).into_owned(),
        })),
        kind::RAW | kind::LONG_RAW => Some(Value::Bytes(bytes.to_vec())),
        kind::NUMBER | kind::INTEGER => number::decode(bytes).map(|digits| Value::number(&digits)),
        kind::BINARY_DOUBLE => bytes.try_into().ok().map(|bytes| {
            let sorted = u64::from_be_bytes(bytes);
            Value::Real(f64::from_bits(match sorted >> 63 {
                1 => sorted & !(1 << 63),
                _ => !sorted,
            }))
        }),
        kind::DATE | kind::TIMESTAMP | kind::TIMESTAMP_TZ | kind::TIMESTAMP_LTZ => {
            moment::decode(bytes).map(Value::Moment)
        }
        _ => None,
    };
    value.ok_or_else(|| invalid(format!("a value of type {} can't be read", bind.kind)))
}
