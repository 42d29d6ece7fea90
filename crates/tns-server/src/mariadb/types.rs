//! MariaDB's columns and values as Oracle's.

use crate::answer::{Column, Type, Value};
use jiff::civil::DateTime;
use mysql::consts::{ColumnFlags, ColumnType};
use mysql::prelude::Protocol;
use mysql::{Column as Theirs, QueryResult};

/// MariaDB's character set for what is no text.
const BINARY: u16 = 63;
/// The bytes that a character may have.
const WIDTH: u32 = 4;

/// A column's type, known also where there are no rows.
pub(super) fn kind(column: &Theirs) -> Type {
    use ColumnType as T;
    let binary = column.character_set() == BINARY;
    let length = column.column_length();
    match column.column_type() {
        T::MYSQL_TYPE_DECIMAL | T::MYSQL_TYPE_NEWDECIMAL => decimal(column),
        T::MYSQL_TYPE_TINY
        | T::MYSQL_TYPE_SHORT
        | T::MYSQL_TYPE_INT24
        | T::MYSQL_TYPE_LONG
        | T::MYSQL_TYPE_LONGLONG
        | T::MYSQL_TYPE_YEAR
        | T::MYSQL_TYPE_FLOAT
        | T::MYSQL_TYPE_DOUBLE => Type::Number,
        T::MYSQL_TYPE_DATE | T::MYSQL_TYPE_NEWDATE => Type::Date,
        T::MYSQL_TYPE_DATETIME
        | T::MYSQL_TYPE_TIMESTAMP
        | T::MYSQL_TYPE_DATETIME2
        | T::MYSQL_TYPE_TIMESTAMP2 => match column.decimals() {
            0 => Type::Date,
            _ => Type::Timestamp,
        },
        T::MYSQL_TYPE_TINY_BLOB
        | T::MYSQL_TYPE_MEDIUM_BLOB
        | T::MYSQL_TYPE_LONG_BLOB
        | T::MYSQL_TYPE_BLOB => match binary {
            true => Type::Blob,
            false => Type::Clob,
        },
        T::MYSQL_TYPE_VARCHAR | T::MYSQL_TYPE_VAR_STRING | T::MYSQL_TYPE_STRING if binary => {
            Type::Raw(length)
        }
        T::MYSQL_TYPE_STRING
            if !column
                .flags()
                .intersects(ColumnFlags::ENUM_FLAG | ColumnFlags::SET_FLAG) =>
        {
            Type::Char(length / WIDTH)
        }
        _ => Type::Varchar2((length / WIDTH).max(1)),
    }
}

fn decimal(column: &Theirs) -> Type {
    let scale = column.decimals();
    let signs =
        u32::from(scale > 0) + u32::from(!column.flags().contains(ColumnFlags::UNSIGNED_FLAG));
    let precision = column.column_length().saturating_sub(signs);
    match (u8::try_from(precision), i8::try_from(scale)) {
        (Ok(precision @ 1..=38), Ok(scale)) => Type::Decimal(precision, scale),
        _ => Type::Number,
    }
}

/// The columns, with their names in capitals unless the statement has them in quotes.
pub(super) fn columns(theirs: &[Theirs], quoted: &[String]) -> Vec<Column> {
    theirs
        .iter()
        .map(|column| {
            let name = column.name_str().into_owned();
            Column {
                name: match quoted.contains(&name) {
                    true => name,
                    false => name.to_uppercase(),
                },
                kind: kind(column),
                nullable: !column.flags().contains(ColumnFlags::NOT_NULL_FLAG),
            }
        })
        .collect()
}

/// All rows of a result.
pub(super) fn rows<P: Protocol>(
    result: &mut QueryResult<'_, '_, '_, P>,
) -> Result<Vec<Vec<Value>>, mysql::Error> {
    let kinds: Vec<Type> = result.columns().as_ref().iter().map(kind).collect();
    let mut rows = Vec::new();
    if let Some(set) = result.iter() {
        for row in set {
            let values = row?.unwrap();
            rows.push(
                values
                    .into_iter()
                    .zip(&kinds)
                    .map(|(value, kind)| ours(value, *kind))
                    .collect(),
            );
        }
    }
    Ok(rows)
}

fn ours(value: mysql::Value, kind: Type) -> Value {
    match value {
        mysql::Value::NULL => Value::Null,
        mysql::Value::Bytes(bytes) => from_bytes(bytes, kind),
        mysql::Value::Int(number) => Value::Integer(number),
        mysql::Value::UInt(number) => Value::number(&number.to_string()),
        mysql::Value::Float(number) => Value::number(&number.to_string()),
        mysql::Value::Double(number) => Value::number(&number.to_string()),
        mysql::Value::Date(year, month, day, hour, minute, second, micros) => {
            let small = |part: u8| i8::try_from(part).unwrap_or_default();
            DateTime::new(
                i16::try_from(year).unwrap_or_default(),
                small(month),
                small(day),
                small(hour),
                small(minute),
                small(second),
                i32::try_from(micros * 1000).unwrap_or_default(),
            )
            .map_or(Value::Null, Value::Moment)
        }
        time @ mysql::Value::Time(..) => {
            Value::Text(time.as_sql(true).trim_matches('\'').to_owned())
        }
    }
}

fn from_bytes(bytes: Vec<u8>, kind: Type) -> Value {
    if matches!(kind, Type::Raw(_) | Type::Blob) {
        return Value::Bytes(bytes);
    }
    let text = String::from_utf8_lossy(&bytes).into_owned();
    match kind {
        Type::Number => Value::number(&text),
        Type::Decimal(..) => Value::number(without_zeros(&text)),
        // A date of zeros is none.
        Type::Date | Type::Timestamp => text
            .replace(' ', "T")
            .parse()
            .map_or(Value::Null, Value::Moment),
        _ => Value::Text(text),
    }
}

/// Oracle has no zeros at a number's end.
fn without_zeros(digits: &str) -> &str {
    match digits.contains('.') {
        true => digits.trim_end_matches('0').trim_end_matches('.'),
        false => digits,
    }
}

/// A bind's value for MariaDB.
pub(super) fn theirs(value: &Value) -> mysql::Value {
    if value.is_null() {
        return mysql::Value::NULL;
    }
    match value {
        Value::Null => mysql::Value::NULL,
        Value::Integer(number) => mysql::Value::Int(*number),
        Value::Number(digits) => mysql::Value::Bytes(digits.clone().into_bytes()),
        Value::Real(number) => mysql::Value::Double(*number),
        Value::Text(text) => mysql::Value::Bytes(text.clone().into_bytes()),
        Value::Bytes(bytes) => mysql::Value::Bytes(bytes.clone()),
        Value::Moment(moment) => mysql::Value::Date(
            moment.year().unsigned_abs(),
            moment.month().unsigned_abs(),
            moment.day().unsigned_abs(),
            moment.hour().unsigned_abs(),
            moment.minute().unsigned_abs(),
            moment.second().unsigned_abs(),
            moment.subsec_nanosecond().unsigned_abs() / 1000,
        ),
    }
}
