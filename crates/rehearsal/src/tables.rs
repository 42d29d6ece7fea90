//! The tables of the environment, read from the crate's data files.

use crate::factory::Factory;
use crate::row::Place;
use crate::schema::{Kind, Mistake, Table, lines, parse_reference, parse_table};
use std::collections::HashMap;

const PLATFORM: &str = include_str!("../data/platform.schema");
const LOG: &str = include_str!("../data/log.schema");
const FOREIGN_KEYS: &str = include_str!("../data/foreign_keys.list");

/// Every table of every database.
#[derive(Debug)]
pub(crate) struct Tables {
    all: Vec<(Place, Table)>,
    by_name: HashMap<(Place, String), usize>,
}

impl Tables {
    pub(crate) fn of(factory: &Factory) -> Self {
        let mut tables = Self {
            all: Vec::new(),
            by_name: HashMap::new(),
        };
        for table in platform() {
            tables.add(Place::Platform, table);
        }
        for table in logs() {
            tables.add(Place::Platform, table.clone());
            tables.add(Place::Log, table);
        }
        for table in factory.event_tables() {
            tables.add(Place::Platform, table);
        }
        for stock in &factory.stocks {
            tables.add(stock.place, stock.table.clone());
        }
        tables
    }

    fn add(&mut self, place: Place, table: Table) {
        self.by_name
            .insert((place, table.name.clone()), self.all.len());
        self.all.push((place, table));
    }

    pub(crate) fn iter(&self) -> impl Iterator<Item = &(Place, Table)> {
        self.all.iter()
    }

    pub(crate) fn find(&self, place: Place, name: &str) -> Option<&Table> {
        let at = self.by_name.get(&(place, name.to_owned()))?;
        self.all.get(*at).map(|(_, table)| table)
    }
}

/// The platform's own tables.
pub(crate) fn platform() -> Vec<Table> {
    let mut tables = read(PLATFORM);
    refer(&mut tables, FOREIGN_KEYS);
    tables
}

/// The log tables, each family ten times.
pub(crate) fn logs() -> Vec<Table> {
    read(LOG).iter().flat_map(ten_times).collect()
}

fn ten_times(table: &Table) -> Vec<Table> {
    match table.name.strip_suffix('#') {
        Some(family) => (0..10)
            .map(|suffix| table.renamed(format!("{family}{suffix}")))
            .collect(),
        None => vec![table.clone()],
    }
}

fn read(data: &str) -> Vec<Table> {
    lines(data)
        .filter_map(|line| sound(parse_table(line)))
        .collect()
}

/// Gives each table the references that start from it.
pub(crate) fn refer(tables: &mut [Table], data: &str) {
    for reference in lines(data).filter_map(|line| sound(parse_reference(line))) {
        let from = tables.iter_mut().find(|it| it.name == reference.table);
        if let Some(table) = from {
            table.refer(reference.column, reference.to_table, reference.to_column);
        }
    }
}

/// The data files are part of the program: a mistake in them is found by its tests, not by its users.
pub(crate) fn sound<T>(read: Result<T, Mistake>) -> Option<T> {
    debug_assert!(read.is_ok(), "{:?}", read.as_ref().err());
    read.ok()
}

/// A table from its name, key and columns, for tables that no data file lists.
pub(crate) fn table(name: String, columns: &[(&str, Kind)], key: &[&str]) -> Table {
    let columns = columns
        .iter()
        .map(|(name, kind)| crate::Column {
            name: (*name).to_owned(),
            kind: *kind,
            nullable: !key.contains(name),
            default: None,
        })
        .collect();
    Table {
        name,
        columns,
        primary_key: key.iter().map(|it| (*it).to_owned()).collect(),
        foreign_keys: Vec::new(),
    }
}

#[cfg(test)]
mod tests {
    use super::{FOREIGN_KEYS, LOG, PLATFORM, logs, platform};
    use crate::schema::{lines, parse_reference, parse_table};
    use std::collections::HashSet;

    #[test]
    fn every_line_of_the_schema_is_a_table() {
        for line in lines(PLATFORM).chain(lines(LOG)) {
            let table = parse_table(line).unwrap();
            let names: HashSet<_> = table
                .columns
                .iter()
                .map(|it| it.name.to_lowercase())
                .collect();
            assert_eq!(names.len(), table.columns.len(), "{}", table.name);
        }
        assert_eq!(platform().len(), 121);
        assert_eq!(logs().len(), 141);
    }

    #[test]
    fn every_foreign_key_joins_columns_that_exist() {
        let tables = platform();
        let find = |name: &str| tables.iter().find(|it| it.name == name);
        for line in lines(FOREIGN_KEYS) {
            let reference = parse_reference(line).unwrap();
            let from = find(reference.table).unwrap_or_else(|| panic!("{line}"));
            let to = find(reference.to_table).unwrap_or_else(|| panic!("{line}"));
            assert!(from.position(reference.column).is_some(), "{line}");
            assert_eq!(to.primary_key, [reference.to_column], "{line}");
        }
    }
}
