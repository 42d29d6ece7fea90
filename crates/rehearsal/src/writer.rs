//! Rows on their way out, with what is remembered of them.

use crate::moment::NO_DATE;
use crate::row::{Fact, Place, Row};
use crate::schema::{Column, Kind, Table};
use crate::tables::Tables;
use crate::{Cell, Kept, Planted, Progress, Role, Sink, Size, Stage};
use std::collections::BTreeMap;

/// How many rows go by between two reports of progress.
const STEP: u64 = 4096;

pub(crate) struct Writer<'a, S> {
    sink: &'a mut S,
    tables: &'a Tables,
    progress: &'a mut dyn FnMut(Progress),
    stage: Stage,
    written: u64,
    expected: u64,
    sizes: BTreeMap<Place, (u64, u64)>,
    pub(crate) planted: Vec<Planted>,
    pub(crate) kept: Vec<Kept>,
}

impl<'a, S: Sink> Writer<'a, S> {
    pub(crate) fn new(
        sink: &'a mut S,
        tables: &'a Tables,
        progress: &'a mut dyn FnMut(Progress),
    ) -> Self {
        Self {
            sink,
            tables,
            progress,
            stage: Stage::Tables,
            written: 0,
            expected: 0,
            sizes: BTreeMap::new(),
            planted: Vec::new(),
            kept: Vec::new(),
        }
    }

    /// Begins a stage of so many rows or tables.
    pub(crate) fn begin(&mut self, stage: Stage, expected: u64) {
        self.stage = stage;
        self.written = 0;
        self.expected = expected;
        self.report();
    }

    fn report(&mut self) {
        (self.progress)(Progress {
            stage: self.stage,
            done: self.written,
            of: self.expected,
        });
    }

    fn count(&mut self) {
        self.written += 1;
        if self.written.is_multiple_of(STEP) || self.written == self.expected {
            self.report();
        }
    }

    pub(crate) fn create_tables(&mut self) -> Result<(), S::Error> {
        for (place, table) in self.tables.iter() {
            self.sink.table(&place.role(), table)?;
            self.sizes.entry(*place).or_default().0 += 1;
            self.count();
        }
        Ok(())
    }

    pub(crate) fn table(&self, place: Place, name: &str) -> Option<&'a Table> {
        let found = self.tables.find(place, name);
        debug_assert!(found.is_some(), "no table `{name}`");
        found
    }

    /// Writes a row whose cells are in the table's order.
    pub(crate) fn write(
        &mut self,
        (place, role): (Place, &Role),
        table: &Table,
        cells: &[Cell],
    ) -> Result<(), S::Error> {
        debug_assert_eq!(cells.len(), table.columns.len(), "{}", table.name);
        self.sink.row(role, table, cells)?;
        self.sizes.entry(place).or_default().1 += 1;
        self.count();
        Ok(())
    }

    /// Writes a row by its column names and remembers its facts.
    pub(crate) fn put(&mut self, row: Row) -> Result<(), S::Error> {
        let Some(table) = self.table(row.place, &row.table) else {
            return Ok(());
        };
        let mut cells: Vec<Cell> = table.columns.iter().map(blank).collect();
        for (name, cell) in row.cells {
            let at = table.position(name);
            debug_assert!(at.is_some(), "no column `{name}` in `{}`", table.name);
            let Some(at) = at else { continue };
            debug_assert!(fits(&cell, &table.columns[at]), "{name} of {}", table.name);
            cells[at] = cell;
        }
        for fact in row.facts {
            self.remember(row.place, table, &cells, fact);
        }
        self.write((row.place, &row.place.role()), table, &cells)
    }

    fn remember(&mut self, place: Place, table: &Table, cells: &[Cell], fact: Fact) {
        let cell = table.position(fact.column).and_then(|at| cells.get(at));
        let text = cell.and_then(Cell::to_text);
        debug_assert!(text.is_some(), "nothing to count in {}", fact.id);
        let database = place.role().name();
        let value = text.unwrap_or_default().into_owned();
        let (table, column) = (table.name.clone(), fact.column.to_owned());
        let (id, what) = (fact.id, fact.what);
        match fact.removed_in {
            Some(removed_in) => self.planted.push(Planted {
                id,
                what,
                database,
                table,
                column,
                value,
                removed_in,
            }),
            None => self.kept.push(Kept {
                id,
                what,
                database,
                table,
                column,
                value,
            }),
        }
    }

    pub(crate) fn sizes(&self) -> Vec<Size> {
        let size = |(place, (tables, rows)): (&Place, &(u64, u64))| Size {
            database: place.role().name(),
            tables: *tables,
            rows: *rows,
        };
        self.sizes.iter().map(size).collect()
    }
}

/// What a column holds when a row does not say.
fn blank(column: &Column) -> Cell {
    match &column.default {
        Some(default) => default.clone(),
        None if column.nullable => Cell::Null,
        None => match column.kind {
            Kind::Int | Kind::BigInt | Kind::Bit | Kind::Decimal => Cell::Int(0),
            Kind::Text(_) => Cell::from(""),
            Kind::DateTime => Cell::from(NO_DATE),
            Kind::Binary => Cell::Bytes(Vec::new()),
        },
    }
}

/// Whether a column can hold a value.
fn fits(cell: &Cell, column: &Column) -> bool {
    match (cell, column.kind) {
        (Cell::Null, _) => column.nullable,
        (Cell::Text(text), Kind::Text(Some(length))) => text.chars().count() <= length as usize,
        (Cell::Text(text), Kind::DateTime) => text.len() == 19,
        (Cell::Text(_), Kind::Text(None)) | (Cell::Bytes(_), Kind::Binary) => true,
        (Cell::Int(_), Kind::Int | Kind::BigInt | Kind::Bit) => true,
        (Cell::Decimal { .. } | Cell::Int(_), Kind::Decimal) => true,
        _ => false,
    }
}
