//! How many rows come at a time: many, unless they are large.

use oracledb::{Connection, Cursor, Metadata};

use super::row::Kind;
use super::session::quoted;
use super::trouble::told;
use crate::DbError;

/// How many rows come with the answer to a query, and with each fetch. Most tables of a factory have fewer: one round trip
/// is all that they take.
const ROWS: u32 = 100;

/// How many come at least, however large they are.
const LARGE_ROWS: u32 = 4;

/// How large the values of all columns that may be large are to be, in all rows that come together.
const LARGE_BYTES: u64 = 1 << 20;

/// Runs a query. With it comes how many rows a fetch brings.
pub(super) fn open(connection: &Connection, sql: &str) -> Result<(Cursor, u32), DbError> {
    let cursor = run(connection, sql, ROWS)?;
    let rows = together(connection, sql, cursor.columns());
    if rows == ROWS {
        return Ok((cursor, rows));
    }
    // The driver takes no other number once it knows the columns: such a query is begun anew.
    drop(cursor);
    Ok((run(connection, sql, rows)?, rows))
}

fn run(connection: &Connection, sql: &str, rows: u32) -> Result<Cursor, DbError> {
    let builder = connection.statement(sql);
    let statement = builder.and_then(|builder| {
        builder
            .exclude_from_cache()
            .prefetch_rows(rows)
            .fetch_array_size(rows)
            .build()
    });
    statement
        .and_then(|statement| statement.query(&[]))
        .map_err(|error| told(&error))
}

/// How many rows of a query may come together. How large the largest are is the server's to say: it knows that without
/// reading them.
fn together(connection: &Connection, sql: &str, columns: &[Metadata]) -> u32 {
    let large: Vec<String> = columns
        .iter()
        .filter(|column| Kind::is_large(column))
        .map(|column| format!("MAX(DBMS_LOB.GETLENGTH({}))", quoted(column.name())))
        .collect();
    if large.is_empty() {
        return ROWS;
    }
    let question = format!("SELECT {} FROM (\n{sql}\n)", large.join(", "));
    // Where it does not say, they may be of any size: a `LONG RAW` is one that it can't be asked about.
    largest(connection, &question, large.len()).map_or(LARGE_ROWS, rows_of)
}

/// The sum of the largest values of these columns.
fn largest(connection: &Connection, question: &str, columns: usize) -> Option<u64> {
    let row = connection.query_row(question, &[]).ok()?;
    let length = |at| row.get::<Option<i64>>(at).ok();
    let lengths: Option<Vec<Option<i64>>> = (0..columns).map(length).collect();
    let known = lengths?.into_iter().flatten();
    Some(known.map(|length| length.max(0).unsigned_abs()).sum())
}

/// How many rows of that size come together.
fn rows_of(bytes: u64) -> u32 {
    let rows = LARGE_BYTES / bytes.max(1);
    u32::try_from(rows).unwrap_or(ROWS).clamp(LARGE_ROWS, ROWS)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_larger_the_fewer() {
        for (bytes, rows) in [
            (0, 100),
            (10_485, 100),
            (20_000, 52),
            (200_000, 5),
            (300_000, 4),
            (u64::MAX, 4),
        ] {
            assert_eq!(rows_of(bytes), rows, "{bytes}");
        }
    }
}
