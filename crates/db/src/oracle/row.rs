//! Rows of the driver in our values.

use std::cell::OnceCell;

use oracledb::{DbType, Metadata, OracleNumber, OracleTimestamp, Row as Fetched};

use crate::{DbError, Row, Trouble, Value};

/// What a column's values are read as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Text,
    Bytes,
    Number,
    Float,
    Double,
    Moment,
    /// The address of a row.
    Address,
}

impl Kind {
    /// How a column is read.
    ///
    /// Errors: [`Trouble::Unsupported`] for types that neither the platform uses nor anybody could search.
    pub(super) fn of(column: &Metadata) -> Result<Self, DbError> {
        let kinds: [(Self, &[&DbType]); 7] = [
            (
                Self::Text,
                &[
                    oracledb::DB_TYPE_VARCHAR,
                    oracledb::DB_TYPE_NVARCHAR,
                    oracledb::DB_TYPE_CHAR,
                    oracledb::DB_TYPE_NCHAR,
                    oracledb::DB_TYPE_CLOB,
                    oracledb::DB_TYPE_NCLOB,
                    oracledb::DB_TYPE_LONG,
                    oracledb::DB_TYPE_LONG_NVARCHAR,
                    oracledb::DB_TYPE_XMLTYPE,
                ],
            ),
            (
                Self::Address,
                &[oracledb::DB_TYPE_ROWID, oracledb::DB_TYPE_UROWID],
            ),
            (
                Self::Bytes,
                &[
                    oracledb::DB_TYPE_RAW,
                    oracledb::DB_TYPE_LONG_RAW,
                    oracledb::DB_TYPE_BLOB,
                ],
            ),
            (
                Self::Number,
                &[oracledb::DB_TYPE_NUMBER, oracledb::DB_TYPE_BINARY_INTEGER],
            ),
            (Self::Float, &[oracledb::DB_TYPE_BINARY_FLOAT]),
            (Self::Double, &[oracledb::DB_TYPE_BINARY_DOUBLE]),
            (
                Self::Moment,
                &[
                    oracledb::DB_TYPE_DATE,
                    oracledb::DB_TYPE_TIMESTAMP,
                    oracledb::DB_TYPE_TIMESTAMP_TZ,
                    oracledb::DB_TYPE_TIMESTAMP_LTZ,
                ],
            ),
        ];
        let kind = column.db_type();
        kinds
            .into_iter()
            .find(|(_, types)| types.contains(&kind))
            .map(|(kind, _)| kind)
            .ok_or_else(|| {
                DbError::new(
                    Trouble::Unsupported,
                    format!(
                        "the column {} has the type {}, which can't be read",
                        column.name(),
                        column.data_type()
                    ),
                )
            })
    }

    /// Whether a column's values are mostly large: what is stored in bytes is, and most large texts are short.
    pub(super) fn is_large(column: &Metadata) -> bool {
        let large: [&DbType; 2] = [oracledb::DB_TYPE_BLOB, oracledb::DB_TYPE_LONG_RAW];
        large.contains(&column.db_type())
    }
}

/// A row of the driver, with texts for dates and fractions: written when somebody asks, since a walk sees every row.
pub(super) struct OracleRow<'a> {
    row: &'a Fetched,
    kinds: &'a [Kind],
    written: OnceCell<Vec<Option<String>>>,
}

impl<'a> OracleRow<'a> {
    pub(super) fn new(row: &'a Fetched, kinds: &'a [Kind]) -> Self {
        Self {
            row,
            kinds,
            written: OnceCell::new(),
        }
    }

    fn number(&self, column: usize) -> Option<OracleNumber> {
        self.row.get::<Option<OracleNumber>>(column).ok().flatten()
    }

    fn write(&self) -> Vec<Option<String>> {
        let text = |(column, kind): (usize, &Kind)| match kind {
            Kind::Moment => {
                let at = self.row.get::<Option<OracleTimestamp>>(column);
                at.ok().flatten().map(|at| moment(&at))
            }
            Kind::Number => self.number(column).map(|number| number.to_string()),
            Kind::Address => self.row.get::<Option<String>>(column).ok().flatten(),
            _ => None,
        };
        self.kinds.iter().enumerate().map(text).collect()
    }

    fn text_of(&self, column: usize) -> Value<'_> {
        let texts = self.written.get_or_init(|| self.write());
        match texts.get(column) {
            Some(Some(text)) => Value::Text(text.as_bytes()),
            _ => Value::Null,
        }
    }
}

/// As a date is written everywhere else, without a fraction of nothing.
fn moment(at: &OracleTimestamp) -> String {
    let mut text = format!(
        "{:04}-{:02}-{:02} {:02}:{:02}:{:02}",
        at.year(),
        at.month(),
        at.day(),
        at.hour(),
        at.minute(),
        at.second()
    );
    if at.nanoseconds() > 0 {
        text += format!(".{:09}", at.nanoseconds()).trim_end_matches('0');
    }
    if at.is_utc() {
        text.push('Z');
    }
    text
}

impl Row for OracleRow<'_> {
    fn len(&self) -> usize {
        self.kinds.len()
    }

    fn value(&self, column: usize) -> Value<'_> {
        match self.kinds.get(column) {
            Some(Kind::Number) => match self.text_of(column) {
                Value::Text(digits) => match std::str::from_utf8(digits).map(str::parse) {
                    Ok(Ok(number)) => Value::Integer(number),
                    _ => Value::Text(digits),
                },
                none => none,
            },
            Some(Kind::Moment | Kind::Address) => self.text_of(column),
            Some(Kind::Float) => real(
                self.row
                    .get::<Option<f32>>(column)
                    .map(|it| it.map(f64::from)),
            ),
            Some(Kind::Double) => real(self.row.get::<Option<f64>>(column)),
            _ => self.content(column),
        }
    }

    fn content(&self, column: usize) -> Value<'_> {
        match self.kinds.get(column) {
            Some(Kind::Text) => match self.row.get::<Option<&str>>(column) {
                Ok(Some(text)) => Value::Text(text.as_bytes()),
                _ => Value::Null,
            },
            Some(Kind::Bytes) => match self.row.get::<Option<&[u8]>>(column) {
                Ok(Some(bytes)) => Value::Bytes(bytes),
                _ => Value::Null,
            },
            _ => Value::Null,
        }
    }
}

fn real(number: Result<Option<f64>, oracledb::Error>) -> Value<'static> {
    number.ok().flatten().map_or(Value::Null, Value::Real)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dates_are_written_as_everywhere_else() {
        let plain = OracleTimestamp::new_timestamp(2026, 11, 2, 8, 5, 0, 0);
        assert_eq!(moment(&plain), "2026-11-02 08:05:00");
        let fraction = OracleTimestamp::new_timestamp(2026, 11, 2, 8, 5, 0, 120_000_000);
        assert_eq!(moment(&fraction), "2026-11-02 08:05:00.12");
    }
}
