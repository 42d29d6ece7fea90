//! Tables and rows of one environment on different engines.

use std::convert::Infallible;

use envclone_db::{Go, Session, Value};
use envclone_rehearsal::{Cell, Kind, Role, Sink, Spec, Table, build};

/// The tables of an environment, without its rows.
#[derive(Default)]
struct Shapes(Vec<(Role, Table)>);

impl Sink for Shapes {
    type Error = Infallible;

    fn table(&mut self, role: &Role, table: &Table) -> Result<(), Infallible> {
        self.0.push((role.clone(), table.clone()));
        Ok(())
    }

    fn row(&mut self, _: &Role, _: &Table, _: &[Cell]) -> Result<(), Infallible> {
        Ok(())
    }
}

/// The tables of the rehearsal's environment, each with the database that it is in.
#[must_use]
pub fn tables(spec: &Spec) -> Vec<(Role, Table)> {
    let mut shapes = Shapes::default();
    let Ok(_) = build(spec, &mut shapes, &mut |_| {});
    shapes.0
}

/// A cell in words that all engines have in common. A blank text is an empty one: Oracle knows no other, and takes NULL for it
/// where a column has no default.
fn written(kind: Kind, value: Value<'_>) -> String {
    match (kind, value) {
        (Kind::Text(_), Value::Null | Value::Text(b"" | b" ")) => "-".to_owned(),
        (_, Value::Null) => "-".to_owned(),
        (Kind::Decimal, value) => {
            let number: f64 = value.text().unwrap().parse().unwrap();
            format!("{number:.8}")
        }
        (Kind::Binary, Value::Bytes(bytes)) => format!("{bytes:02x?}"),
        (Kind::Text(_) | Kind::DateTime, Value::Text(_)) => format!("{:?}", value.text().unwrap()),
        (Kind::Int | Kind::BigInt | Kind::Bit, Value::Integer(number)) => number.to_string(),
        (kind, value) => panic!("{kind:?}: {value:?}"),
    }
}

/// All rows of a table in words that engines have in common, in an order that does not depend on the engine. `quotes`
/// are what the engine has around names.
///
/// # Panics
/// Where the table can't be read.
#[must_use]
pub fn rows(session: &mut dyn Session, table: &Table, quotes: [char; 2]) -> Vec<String> {
    let quoted = |name: &str| format!("{}{name}{}", quotes[0], quotes[1]);
    let names: Vec<String> = table.columns.iter().map(|it| quoted(&it.name)).collect();
    let sql = format!("SELECT {} FROM {}", names.join(", "), quoted(&table.name));
    let mut rows = Vec::new();
    let read = session.query(&sql, &mut |row| {
        let cells = table.columns.iter().enumerate();
        let cells: Vec<String> = cells
            .map(|(at, column)| format!("{} {}", column.name, written(column.kind, row.value(at))))
            .collect();
        rows.push(cells.join(", "));
        Go::Continue(())
    });
    read.unwrap_or_else(|error| panic!("{sql}: {error}"));
    rows.sort_unstable();
    rows
}
