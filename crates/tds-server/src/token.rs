//! The tokens that a server's answer consists of (MS-TDS 2.2.7).

use crate::answer::{Cell, Type};
use crate::bytes::{put_short_text, put_text, to_utf16};
use jiff::civil::{Date, DateTime, date};

/// `SQL_Latin1_General_CP1_CI_AS`
const COLLATION: [u8; 5] = [0x09, 0x04, 0xD0, 0x00, 0x34];
const TDS_7_4: [u8; 4] = [0x74, 0x00, 0x00, 0x04];
/// SQL Server 2019: major, minor, build.
pub(crate) const VERSION: [u8; 4] = [15, 0, 0x07, 0xD0];
const SERVER: &str = "SCRIPTED";

/// In `DONE`: more answers follow.
pub(crate) const MORE: u16 = 0x01;
/// In `DONE`: the statement failed.
pub(crate) const FAILED: u16 = 0x02;
/// In `DONE`: acknowledges an Attention.
pub(crate) const ATTENTION: u16 = 0x20;
/// In `DONE`: the row count counts.
const COUNT: u16 = 0x10;

/// Which of the three says that something is done.
#[derive(Clone, Copy)]
pub(crate) enum Done {
    /// A statement of a batch.
    Batch = 0xFD,
    /// A call.
    Procedure = 0xFE,
    /// A statement within a call.
    InProcedure = 0xFF,
}

pub(crate) fn done(out: &mut Vec<u8>, which: Done, status: u16, rows: Option<u64>) {
    let status = status | rows.map_or(0, |_| COUNT);
    out.push(which as u8);
    out.extend(status.to_le_bytes());
    out.extend(0_u16.to_le_bytes());
    out.extend(rows.unwrap_or(0).to_le_bytes());
}

pub(crate) fn return_status(out: &mut Vec<u8>, status: u32) {
    out.push(0x79);
    out.extend(status.to_le_bytes());
}

/// A token with its length in bytes before its content.
fn sized(out: &mut Vec<u8>, token: u8, content: impl FnOnce(&mut Vec<u8>)) {
    let mut body = Vec::new();
    content(&mut body);
    out.push(token);
    out.extend((body.len() as u16).to_le_bytes());
    out.extend(body);
}

fn message(out: &mut Vec<u8>, token: u8, number: u32, severity: u8, state: u8, text: &str) {
    sized(out, token, |body| {
        body.extend(number.to_le_bytes());
        body.extend([state, severity]);
        put_text(body, text);
        put_short_text(body, SERVER);
        put_short_text(body, "");
        body.extend(1_u32.to_le_bytes());
    });
}

pub(crate) fn error(out: &mut Vec<u8>, number: u32, severity: u8, state: u8, text: &str) {
    message(out, 0xAA, number, severity, state, text);
}

pub(crate) fn info(out: &mut Vec<u8>, number: u32, text: &str) {
    message(out, 0xAB, number, 0, 1, text);
}

fn changed(out: &mut Vec<u8>, what: u8, new: &str, old: &str) {
    sized(out, 0xE3, |body| {
        body.push(what);
        put_short_text(body, new);
        put_short_text(body, old);
    });
}

pub(crate) fn database_changed(out: &mut Vec<u8>, new: &str, old: &str) {
    changed(out, 1, new, old);
    let text = format!("Changed database context to '{new}'.");
    info(out, 5701, &text);
}

/// What follows a database's name when a log-in has succeeded.
pub(crate) fn logged_in(out: &mut Vec<u8>, packet_size: usize) {
    sized(out, 0xE3, |body| {
        body.extend([7, COLLATION.len() as u8]);
        body.extend(COLLATION);
        body.push(0);
    });
    changed(out, 2, "us_english", "");
    info(out, 5703, "Changed language setting to us_english.");
    sized(out, 0xAD, |body| {
        body.push(1);
        body.extend(TDS_7_4);
        put_short_text(body, "Microsoft SQL Server");
        body.extend(VERSION);
    });
    changed(out, 4, &packet_size.to_string(), "4096");
}

pub(crate) fn columns(out: &mut Vec<u8>, columns: &[(String, Type)]) {
    out.push(0x81);
    out.extend((columns.len() as u16).to_le_bytes());
    for (name, kind) in columns {
        out.extend(0_u32.to_le_bytes());
        out.extend(0x0009_u16.to_le_bytes()); // may be NULL, may be written
        type_info(out, *kind);
        put_short_text(out, name);
    }
}

fn type_info(out: &mut Vec<u8>, kind: Type) {
    let long = |out: &mut Vec<u8>, token: u8, length: u16| {
        out.push(token);
        out.extend(length.to_le_bytes());
    };
    match kind {
        Type::Bit => out.extend([0x68, 1]),
        Type::TinyInt => out.extend([0x26, 1]),
        Type::SmallInt => out.extend([0x26, 2]),
        Type::Int => out.extend([0x26, 4]),
        Type::BigInt => out.extend([0x26, 8]),
        Type::Real => out.extend([0x6D, 4]),
        Type::Float => out.extend([0x6D, 8]),
        Type::Decimal(scale) => out.extend([0x6A, 17, 38, scale]),
        Type::DateTime => out.extend([0x6F, 8]),
        Type::DateTime2 => out.extend([0x2A, 7]),
        Type::UniqueIdentifier => out.extend([0x24, 16]),
        Type::NVarchar(characters) => long(out, 0xE7, characters * 2),
        Type::NVarcharMax => long(out, 0xE7, 0xFFFF),
        Type::Varbinary(bytes) => long(out, 0xA5, bytes),
        Type::VarbinaryMax => long(out, 0xA5, 0xFFFF),
    }
    if matches!(kind, Type::NVarchar(_) | Type::NVarcharMax) {
        out.extend(COLLATION);
    }
}

/// One row.
///
/// # Panics
/// If a cell does not fit its column: the test's script is wrong.
pub(crate) fn row(out: &mut Vec<u8>, columns: &[(String, Type)], cells: &[Cell]) {
    assert_eq!(cells.len(), columns.len(), "a row has a cell for a column");
    out.push(0xD1);
    for ((name, kind), cell) in columns.iter().zip(cells) {
        match (kind, cell) {
            (Type::NVarchar(_) | Type::Varbinary(_), Cell::Null) => out.extend([0xFF; 2]),
            (Type::NVarcharMax | Type::VarbinaryMax, Cell::Null) => out.extend([0xFF; 8]),
            (_, Cell::Null) => out.push(0),
            (Type::NVarchar(most), Cell::Text(text)) => bounded(out, &to_utf16(text), most * 2),
            (Type::Varbinary(most), Cell::Bytes(bytes)) => bounded(out, bytes, *most),
            (Type::NVarcharMax, Cell::Text(text)) => unbounded(out, &to_utf16(text)),
            (Type::VarbinaryMax, Cell::Bytes(bytes)) => unbounded(out, bytes),
            _ => {
                let value = fixed(*kind, cell).unwrap_or_else(|| {
                    panic!("the script's {cell:?} does not fit column {name}, {kind:?}")
                });
                out.push(value.len() as u8);
                out.extend(value);
            }
        }
    }
}

fn bounded(out: &mut Vec<u8>, bytes: &[u8], most: u16) {
    assert!(
        bytes.len() <= most.into(),
        "the script's value is too long for its column"
    );
    out.extend((bytes.len() as u16).to_le_bytes());
    out.extend(bytes);
}

/// A value of a type without bounds comes in chunks.
fn unbounded(out: &mut Vec<u8>, bytes: &[u8]) {
    out.extend((bytes.len() as u64).to_le_bytes());
    for chunk in bytes.chunks(8_000) {
        out.extend((chunk.len() as u32).to_le_bytes());
        out.extend(chunk);
    }
    out.extend(0_u32.to_le_bytes());
}

/// The bytes of a value whose type has one length; nothing if it does not fit.
fn fixed(kind: Type, cell: &Cell) -> Option<Vec<u8>> {
    Some(match (kind, cell) {
        (Type::Bit, Cell::Integer(number @ (0 | 1))) => vec![*number as u8],
        (Type::TinyInt, Cell::Integer(number)) => vec![u8::try_from(*number).ok()?],
        (Type::SmallInt, Cell::Integer(number)) => {
            i16::try_from(*number).ok()?.to_le_bytes().into()
        }
        (Type::Int, Cell::Integer(number)) => i32::try_from(*number).ok()?.to_le_bytes().into(),
        (Type::BigInt, Cell::Integer(number)) => number.to_le_bytes().into(),
        (Type::Real, Cell::Real(number)) => (*number as f32).to_le_bytes().into(),
        (Type::Float, Cell::Real(number)) => number.to_le_bytes().into(),
        (Type::Decimal(_), Cell::Decimal(digits)) => {
            let mut bytes = vec![u8::from(*digits >= 0)];
            bytes.extend(digits.unsigned_abs().to_le_bytes());
            bytes
        }
        (Type::DateTime, Cell::Moment(moment)) => datetime(*moment)?,
        (Type::DateTime2, Cell::Moment(moment)) => datetime2(*moment)?,
        (Type::UniqueIdentifier, Cell::Guid(guid)) => {
            let mut bytes = guid.to_be_bytes();
            bytes[..4].reverse();
            bytes[4..6].reverse();
            bytes[6..8].reverse();
            bytes.into()
        }
        _ => return None,
    })
}

fn days(since: Date, moment: DateTime) -> Option<i32> {
    Some((moment.date() - since).get_days())
}

fn nanoseconds(moment: DateTime) -> u64 {
    let time = moment.time();
    let seconds = (time.hour() as u64 * 60 + time.minute() as u64) * 60 + time.second() as u64;
    seconds * 1_000_000_000 + time.subsec_nanosecond() as u64
}

fn datetime(moment: DateTime) -> Option<Vec<u8>> {
    let ticks = (nanoseconds(moment) * 300 / 1_000_000_000) as u32;
    let days = days(date(1900, 1, 1), moment)?;
    Some([days.to_le_bytes(), ticks.to_le_bytes()].concat())
}

fn datetime2(moment: DateTime) -> Option<Vec<u8>> {
    let ticks = (nanoseconds(moment) / 100).to_le_bytes();
    let days = u32::try_from(days(date(1, 1, 1), moment)?).ok()?;
    Some([&ticks[..5], &days.to_le_bytes()[..3]].concat())
}
