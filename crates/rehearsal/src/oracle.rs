//! The environment in schemas of an Oracle database, which exist and are empty.
//!
//! Application tables are in the Runtime schema, as the platform has them, and refer to tables of the Admin schema.

use crate::filling::{Databases, Empty, Takes, value};
use crate::{Cell, Column, ForeignKey, Kind, Manifest, Progress, Role, Spec, Table};
use envclone_db::DbError;
use envclone_db::oracle::{Kind as Loaded, Loader};

pub use crate::filling::Error;

/// The schemas of an environment.
pub struct Loaders {
    /// The Admin schema of the platform.
    pub platform: Loader,
    /// The Runtime schema of the platform.
    pub runtime: Loader,
    /// The Admin schema of the logs.
    pub log: Loader,
    /// The extra schemas, each with its name in the environment: one of [`crate::CATALOGS`]. The schema behind it may be
    /// named otherwise.
    pub catalogs: Vec<(String, Loader)>,
}

/// Invents the environment of a specification in empty schemas.
///
/// Foreign keys are added when all rows are in, so that the server checks every one of them. A build that fails leaves
/// schemas behind that are no use: drop them.
///
/// # Errors
///
/// When an extra schema is missing, which is found out before anything is written, or the server refuses.
pub fn fill(
    loaders: Loaders,
    spec: &Spec,
    progress: &mut dyn FnMut(Progress),
) -> Result<Manifest, Error> {
    let mut all = vec![
        (Takes::All(Role::Platform), loaders.platform),
        (Takes::Applications, loaders.runtime),
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
            Kind::Int | Kind::BigInt | Kind::Bit | Kind::Decimal => Loaded::Number,
            Kind::DateTime => Loaded::DateTime,
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
        create_sql(&self.name(), table)
    }

    fn references(&self, table: &Table, home: &dyn Fn(&str) -> String) -> Vec<String> {
        references_sql(&self.name(), table, home)
    }

    fn name(&self) -> String {
        self.schema().to_owned()
    }
}

fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace('"', "").to_uppercase())
}

fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\'', "''"))
}

fn list(names: &[String]) -> String {
    let quoted: Vec<String> = names.iter().map(|it| quoted(it)).collect();
    quoted.join(", ")
}

fn create_sql(schema: &str, table: &Table) -> String {
    let mut parts: Vec<String> = table.columns.iter().map(column).collect();
    if !table.primary_key.is_empty() {
        parts.push(format!(
            "CONSTRAINT {} PRIMARY KEY ({})",
            quoted(&format!("PK_{}", table.name)),
            list(&table.primary_key)
        ));
    }
    format!(
        "CREATE TABLE {}.{} ({})",
        quoted(schema),
        quoted(&table.name),
        parts.join(", ")
    )
}

fn column(column: &Column) -> String {
    let kind = match column.kind {
        Kind::Int => "NUMBER(10)".to_owned(),
        Kind::BigInt => "NUMBER(20)".to_owned(),
        Kind::Bit => "NUMBER(1)".to_owned(),
        Kind::DateTime => "DATE".to_owned(),
        Kind::Decimal => "NUMBER(37, 8)".to_owned(),
        Kind::Text(Some(length @ ..=2000)) => format!("VARCHAR2({length})"),
        Kind::Text(_) => "CLOB".to_owned(),
        Kind::Binary => "BLOB".to_owned(),
    };
    // Oracle wants the default before the constraint.
    let default = column
        .default
        .as_ref()
        .and_then(|cell| default(column.kind, cell))
        .map_or(String::new(), |default| format!(" DEFAULT {default}"));
    let null = if column.nullable { "NULL" } else { "NOT NULL" };
    format!("{} {kind}{default} {null}", quoted(&column.name))
}

/// How a default is spelled. The platform has a blank where others have an empty text, which Oracle does not tell from NULL.
fn default(kind: Kind, cell: &Cell) -> Option<String> {
    let text = cell.to_text()?;
    Some(match kind {
        Kind::Text(_) if text.is_empty() => literal(" "),
        Kind::Text(_) => literal(&text),
        Kind::DateTime => format!("TIMESTAMP {}", literal(&text)),
        Kind::Int | Kind::BigInt | Kind::Bit | Kind::Decimal | Kind::Binary => text.into_owned(),
    })
}

fn constraint(table: &Table, key: &ForeignKey) -> String {
    format!("FK_{}_{}", table.name, key.columns.join("_"))
}

/// Adds the foreign keys of a table. Between schemas they need the right to refer to the other's table.
fn references_sql(schema: &str, table: &Table, home: &dyn Fn(&str) -> String) -> Vec<String> {
    table
        .foreign_keys
        .iter()
        .map(|key| {
            format!(
                "ALTER TABLE {}.{} ADD CONSTRAINT {} FOREIGN KEY ({}) REFERENCES {}.{} ({})",
                quoted(schema),
                quoted(&table.name),
                quoted(&constraint(table, key)),
                list(&key.columns),
                quoted(&home(&key.table)),
                quoted(&key.table),
                list(&key.references)
            )
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::{create_sql, references_sql};
    use crate::schema::parse_table;

    #[test]
    fn a_table_is_spelled_with_its_key_and_defaults() {
        let mut table = parse_table(
            "T: *ID bigint, FROM text(5)!='', AT datetime=none, N bit=1, MORE text, X bytes, D decimal",
        )
        .unwrap();
        table.refer("FROM", "U", "ID");
        assert_eq!(
            create_sql("osadmin", &table),
            "CREATE TABLE \"OSADMIN\".\"T\" (\"ID\" NUMBER(20) NOT NULL, \"FROM\" VARCHAR2(5) DEFAULT ' ' NOT NULL, \
             \"AT\" DATE DEFAULT TIMESTAMP '1900-01-01 00:00:00' NULL, \"N\" NUMBER(1) DEFAULT 1 NULL, \
             \"MORE\" CLOB NULL, \"X\" BLOB NULL, \"D\" NUMBER(37, 8) NULL, CONSTRAINT \"PK_T\" PRIMARY KEY (\"ID\"))"
        );
        assert_eq!(
            references_sql("osruntime", &table, &|_| "osadmin".to_owned()),
            [
                "ALTER TABLE \"OSRUNTIME\".\"T\" ADD CONSTRAINT \"FK_T_FROM\" FOREIGN KEY (\"FROM\") REFERENCES \"OSADMIN\".\"U\" (\"ID\")"
            ]
        );
    }
}
