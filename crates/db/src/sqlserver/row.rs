//! Rows of the driver in our values.

use std::cell::OnceCell;

use jiff::SignedDuration;
use jiff::civil::{Date, DateTime};
use jiff::fmt::temporal::DateTimePrinter;
use tiberius::ColumnData;

use crate::{Row, Value};

/// As the server has it between date and time.
static PRINTER: DateTimePrinter = DateTimePrinter::new().separator(b' ');

/// A row of the driver, with texts for what it has no texts for: written when somebody asks, since a walk sees every row.
pub(super) struct TdsRow<'a> {
    cells: &'a [ColumnData<'static>],
    guids: OnceCell<Texts>,
    others: OnceCell<Texts>,
}

/// Texts by their cells' places, in their order. Most rows have few such cells or none.
type Texts = Vec<(usize, String)>;

impl<'a> TdsRow<'a> {
    pub(super) fn new(cells: &'a [ColumnData<'static>]) -> Self {
        Self {
            cells,
            guids: OnceCell::new(),
            others: OnceCell::new(),
        }
    }

    fn texts(&self, of: impl Fn(&ColumnData<'_>) -> bool) -> Texts {
        let cells = self.cells.iter().enumerate();
        cells
            .filter(|(_, cell)| of(cell))
            .filter_map(|(at, cell)| Some((at, written(cell)?)))
            .collect()
    }
}

fn is_guid(cell: &ColumnData<'_>) -> bool {
    matches!(cell, ColumnData::Guid(_))
}

fn text_at(texts: &Texts, column: usize) -> Value<'_> {
    texts
        .iter()
        .find(|(at, _)| *at == column)
        .map_or(Value::Null, |(_, text)| Value::Text(text.as_bytes()))
}

impl Row for TdsRow<'_> {
    fn len(&self) -> usize {
        self.cells.len()
    }

    fn value(&self, column: usize) -> Value<'_> {
        match self.content(column) {
            Value::Null => {
                let texts = self
                    .others
                    .get_or_init(|| self.texts(|cell| !is_guid(cell)));
                text_at(texts, column)
            }
            value => value,
        }
    }

    fn content(&self, column: usize) -> Value<'_> {
        match self.cells.get(column) {
            Some(ColumnData::U8(Some(number))) => Value::Integer((*number).into()),
            Some(ColumnData::I16(Some(number))) => Value::Integer((*number).into()),
            Some(ColumnData::I32(Some(number))) => Value::Integer((*number).into()),
            Some(ColumnData::I64(Some(number))) => Value::Integer(*number),
            Some(ColumnData::Bit(Some(bit))) => Value::Integer((*bit).into()),
            Some(ColumnData::F32(Some(number))) => Value::Real((*number).into()),
            Some(ColumnData::F64(Some(number))) => Value::Real(*number),
            Some(ColumnData::String(Some(text))) => Value::Text(text.as_bytes()),
            Some(ColumnData::Xml(Some(xml))) => Value::Text(xml.as_ref().as_ref().as_bytes()),
            Some(ColumnData::Binary(Some(bytes))) => Value::Bytes(bytes),
            Some(ColumnData::Guid(Some(_))) => {
                text_at(self.guids.get_or_init(|| self.texts(is_guid)), column)
            }
            _ => Value::Null,
        }
    }
}

/// The text of a value that is neither text nor a number of the machine: as the server itself writes it under ODBC
/// canonical style, without a fraction of nothing.
fn written(cell: &ColumnData<'_>) -> Option<String> {
    match cell {
        ColumnData::Guid(guid) => guid.map(|guid| guid.to_string().to_uppercase()),
        ColumnData::Numeric(number) => number.map(|number| number.to_string()),
        ColumnData::DateTime(Some(it)) => {
            let nanoseconds = i64::from(it.seconds_fragments()) * 10_000_000 / 3;
            // The server's clock has thirds of hundredths, and it shows thousandths.
            let rounded = (nanoseconds + 500_000) / 1_000_000 * 1_000_000;
            moment(days(1900, i64::from(it.days()))?, rounded)
        }
        ColumnData::SmallDateTime(Some(it)) => {
            let minutes = i64::from(it.seconds_fragments());
            moment(days(1900, i64::from(it.days()))?, minutes * 60_000_000_000)
        }
        ColumnData::DateTime2(Some(it)) => moment(
            days(1, i64::from(it.date().days()))?,
            nanoseconds(it.time()),
        ),
        // The driver hands over the moment in UTC.
        ColumnData::DateTimeOffset(Some(it)) => {
            let (date, time) = (it.datetime2().date(), it.datetime2().time());
            moment(days(1, i64::from(date.days()))?, nanoseconds(time)).map(|text| text + "Z")
        }
        ColumnData::Date(Some(it)) => days(1, i64::from(it.days())).map(|date| date.to_string()),
        ColumnData::Time(Some(it)) => moment(days(1900, 0)?, nanoseconds(*it))
            .and_then(|text| text.split_once(' ').map(|(_, time)| time.to_owned())),
        _ => None,
    }
}

fn nanoseconds(time: tiberius::time::Time) -> i64 {
    let digits = u32::from(9_u8.saturating_sub(time.scale()));
    i64::try_from(time.increments())
        .unwrap_or(0)
        .saturating_mul(10_i64.pow(digits))
}

fn days(year: i16, days: i64) -> Option<Date> {
    let since = SignedDuration::try_from_hours(days.checked_mul(24)?)?;
    Date::new(year, 1, 1).ok()?.checked_add(since).ok()
}

fn moment(date: Date, nanoseconds: i64) -> Option<String> {
    let at: DateTime = date
        .to_datetime(jiff::civil::Time::midnight())
        .checked_add(SignedDuration::from_nanos(nanoseconds))
        .ok()?;
    Some(PRINTER.datetime_to_string(&at))
}

#[cfg(test)]
mod tests {
    use super::*;
    use tiberius::time::{Date as TdsDate, DateTime as TdsDateTime, DateTime2, Time as TdsTime};

    #[test]
    fn a_walk_is_shown_identifiers_and_texts_and_no_dates() {
        let cells = [
            ColumnData::String(Some("crm.example.com".into())),
            ColumnData::DateTime(Some(TdsDateTime::new(1, 0))),
            ColumnData::Guid(Some(tiberius::Uuid::from_u128(0xAB))),
            ColumnData::I32(Some(7)),
            ColumnData::String(None),
        ];
        let row = TdsRow::new(&cells);
        let guid = Value::Text(b"00000000-0000-0000-0000-0000000000AB");
        let shown = [0, 1, 2, 3, 4, 5].map(|column| row.content(column));
        let (text, null) = (Value::Text(b"crm.example.com"), Value::Null);
        assert_eq!(shown, [text, null, guid, Value::Integer(7), null, null]);
        assert_eq!(row.value(1), Value::Text(b"1900-01-02 00:00:00"));
        assert_eq!(row.value(2), guid);
        assert_eq!(row.value(4), null);
    }

    #[test]
    fn dates_are_written_as_the_server_writes_them() {
        let moment = |days, fragments| {
            written(&ColumnData::DateTime(Some(TdsDateTime::new(
                days, fragments,
            ))))
        };
        assert_eq!(moment(0, 0).unwrap(), "1900-01-01 00:00:00");
        assert_eq!(moment(-1, 0).unwrap(), "1899-12-31 00:00:00");
        assert_eq!(moment(1, 300 * 61 + 1).unwrap(), "1900-01-02 00:01:01.003");
        let date2 = DateTime2::new(TdsDate::new(738_000), TdsTime::new(12_345_678, 7));
        assert_eq!(
            written(&ColumnData::DateTime2(Some(date2))).unwrap(),
            "2021-07-30 00:00:01.2345678"
        );
    }
}
