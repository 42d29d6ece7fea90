//! The environment in databases of a SQL Server, which exist and are empty: one for each database.

use crate::filling::{Databases, Empty, Takes, value};
use crate::{Cell, Column, ForeignKey, Kind, Manifest, Progress, Role, Spec, Table};
use envclone_db::DbError;
use envclone_db::sqlserver::{Kind as Loaded, Loader};

pub use crate::filling::Error;

/// The databases of an environment.
pub struct Loaders {
    /// The platform database.
    pub platform: Loader,
    /// The log database.
    pub log: Loader,
    /// The extra catalogs, each with its physical name in the environment: one of [`crate::CATALOGS`]. The database behind
    /// it may be named otherwise.
    pub catalogs: Vec<(String, Loader)>,
}

/// Invents the environment of a specification in empty databases.
///
/// Foreign keys are added when all rows are in, so that the server checks every one of them. No column numbers its
/// rows itself. A build that fails leaves databases behind that are no use: drop them.
///
/// # Errors
///
/// When a catalog has no database, which is found out before anything is written, or a server refuses.
pub fn fill(
    loaders: Loaders,
    spec: &Spec,
    progress: &mut dyn FnMut(Progress),
) -> Result<Manifest, Error> {
    let mut all = vec![
        (Takes::All(Role::Platform), loaders.platform),
        (Takes::All(Role::Log), loaders.log),
    ];
    for (name, loader) in loaders.catalogs {
        all.push((Takes::All(Role::Catalog(name)), loader));
    }
    let mut databases = Databases::of(all)?;
    let manifest = crate::build(spec, &mut databases, progress)?;
    databases.finish()?;
    Ok(manifest)
}

impl Empty for Loader {
    type Kind = Loaded;

    fn kind(column: &Column) -> Loaded {
        match column.kind {
            Kind::Int => Loaded::Int,
            Kind::BigInt => Loaded::BigInt,
            Kind::Bit => Loaded::Bit,
            Kind::DateTime => Loaded::DateTime,
            Kind::Decimal => Loaded::Decimal,
            Kind::Text(_) => Loaded::Text,
            Kind::Binary => Loaded::Bytes,
        }
    }

    fn run(&mut self, sql: &str) -> Result<(), DbError> {
        Self::run(self, sql)
    }

    fn load(
        &mut self,
        table: &str,
        columns: &[(&str, Loaded)],
        rows: &[Vec<Cell>],
    ) -> Result<(), DbError> {
        let rows = rows.iter().map(|row| row.iter().map(value));
        Self::load(self, table, columns, rows)
    }

    fn create(&self, table: &Table) -> String {
        create_sql(table)
    }

    fn references(&self, table: &Table, _home: &dyn Fn(&str) -> String) -> Vec<String> {
        vec![references_sql(table)]
    }

    fn name(&self) -> String {
        "dbo".to_owned()
    }
}

fn quoted(name: &str) -> String {
    format!("[{}]", name.replace(']', "]]"))
}

fn literal(text: &str) -> String {
    format!("N'{}'", text.replace('\'', "''"))
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|it| quoted(it)).collect();
    quoted.join(", ")
}

fn create_sql(table: &Table) -> String {
    let mut parts: Vec<String> = table.columns.iter().map(column).collect();
    if !table.primary_key.is_empty() {
        parts.push(format!(
            "CONSTRAINT {} PRIMARY KEY ({})",
            quoted(&format!("PK_{}", table.name)),
            list(&table.primary_key)
        ));
    }
    format!(
        "CREATE TABLE [dbo].{} ({});",
        quoted(&table.name),
        parts.join(", ")
    )
}

fn column(column: &Column) -> String {
    let kind = match column.kind {
        Kind::Int => "int".to_owned(),
        Kind::BigInt => "bigint".to_owned(),
        Kind::Bit => "bit".to_owned(),
        Kind::DateTime => "datetime".to_owned(),
        Kind::Decimal => "decimal(37, 8)".to_owned(),
        Kind::Text(Some(length)) => format!("nvarchar({length})"),
        Kind::Text(None) => "nvarchar(max)".to_owned(),
        Kind::Binary => "varbinary(max)".to_owned(),
    };
    let null = if column.nullable { "NULL" } else { "NOT NULL" };
    let default = column
        .default
        .as_ref()
        .and_then(|cell| default(column.kind, cell))
        .map_or(String::new(), |default| format!(" DEFAULT {default}"));
    format!("{} {kind} {null}{default}", quoted(&column.name))
}

/// How a default is spelled. A date has a `T`, or what a day and a month is would depend on the login's language.
fn default(kind: Kind, cell: &Cell) -> Option<String> {
    let text = cell.to_text()?;
    Some(match kind {
        Kind::Text(_) => literal(&text),
        Kind::DateTime => literal(&text.replacen(' ', "T", 1)),
        Kind::Int | Kind::BigInt | Kind::Bit | Kind::Decimal | Kind::Binary => text.into_owned(),
    })
}

fn constraint(table: &Table, key: &ForeignKey) -> String {
    format!("FK_{}_{}", table.name, key.columns.join("_"))
}

/// Adds the foreign keys of a table, and has the server look at every row.
fn references_sql(table: &Table) -> String {
    let keys: Vec<String> = table
        .foreign_keys
        .iter()
        .map(|key| {
            format!(
                "ALTER TABLE [dbo].{} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES [dbo].{} ({});",
                quoted(&table.name),
                quoted(&constraint(table, key)),
                list(&key.columns),
                quoted(&key.table),
                list(&key.references)
            )
        })
        .collect();
    keys.join("\n")
}

#[cfg(test)]
mod tests {
    use super::{constraint, create_sql, references_sql};
    use crate::factory::Factory;
    use crate::row::Place;
    use crate::schema::parse_table;
    use crate::tables::Tables;
    use crate::{Kind, Spec, Table};
    use std::collections::HashSet;

    #[test]
    fn a_table_is_spelled_with_its_key_and_defaults() {
        let mut table = parse_table(
            "T: *ID bigint, FROM text(5)!='it', AT datetime=none, N bit=1, MORE text, X bytes, D decimal",
        )
        .unwrap();
        table.refer("FROM", "U", "ID");
        assert_eq!(
            create_sql(&table),
            "CREATE TABLE [dbo].[T] ([ID] bigint NOT NULL, [FROM] nvarchar(5) NOT NULL DEFAULT N'it', \
             [AT] datetime NULL DEFAULT N'1900-01-01T00:00:00', [N] bit NULL DEFAULT 1, [MORE] nvarchar(max) NULL, \
             [X] varbinary(max) NULL, [D] decimal(37, 8) NULL, CONSTRAINT [PK_T] PRIMARY KEY ([ID]));"
        );
        assert_eq!(
            references_sql(&table),
            "ALTER TABLE [dbo].[T] ADD CONSTRAINT [FK_T_FROM] FOREIGN KEY ([FROM]) REFERENCES [dbo].[U] ([ID]);"
        );
    }

    /// All tables of all databases, of an environment that is large enough to have each kind.
    fn all() -> Vec<(Place, Table)> {
        let spec = Spec { scale: 20, seed: 1 };
        let tables = Tables::of(&Factory::new(&spec, &spec.sizes()));
        tables.iter().cloned().collect()
    }

    fn kind<'a>(table: &'a Table, column: &str) -> &'a Kind {
        &table.columns[table.position(column).unwrap()].kind
    }

    // What SQL Server demands, and an engine that is tried in its place may not.

    #[test]
    fn columns_that_refer_are_of_the_kind_that_they_refer_to() {
        let tables = all();
        let mut differ = Vec::new();
        for (place, table) in &tables {
            for key in &table.foreign_keys {
                let named = |it: &&(Place, Table)| it.0 == *place && it.1.name == key.table;
                let (_, other) = tables.iter().find(named).unwrap();
                assert_eq!(other.primary_key, key.references);
                for (from, to) in key.columns.iter().zip(&key.references) {
                    if kind(table, from) != kind(other, to) {
                        differ.push(format!("{}.{from} -> {}.{to}", table.name, other.name));
                    }
                }
            }
        }
        assert_eq!(differ, Vec::<String>::new());
    }

    #[test]
    fn keys_fit_an_index() {
        for (_, table) in all() {
            let bytes: u32 = table
                .primary_key
                .iter()
                .map(|name| match kind(&table, name) {
                    Kind::Text(Some(length)) => length * 2,
                    Kind::Text(None) | Kind::Binary => u32::MAX,
                    _ => 17,
                })
                .sum();
            assert!(bytes <= 900, "{}", table.name);
        }
    }

    #[test]
    fn texts_have_lengths_that_the_driver_can_load() {
        for (_, table) in all() {
            for column in &table.columns {
                let loads = !matches!(column.kind, Kind::Text(Some(2001..)));
                assert!(loads, "{}.{}", table.name, column.name);
            }
        }
    }

    #[test]
    fn names_differ_in_more_than_their_letter_case() {
        let mut seen = HashSet::new();
        for (place, table) in all() {
            let constraints = table.foreign_keys.iter().map(|key| constraint(&table, key));
            let key = format!("PK_{}", table.name);
            for name in constraints.chain([table.name.clone(), key]) {
                assert!(name.len() <= 128, "{name}");
                assert!(seen.insert((place, name.to_lowercase())), "{name}");
            }
        }
    }
}
