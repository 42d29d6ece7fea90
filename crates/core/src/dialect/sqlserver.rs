//! SQL Server's T-SQL.

use std::collections::BTreeMap;

use super::{
    Dialect, HELD, HELD_COLUMNS, HeldColumn, InspectionQueries, MARK_COLUMNS, MARKS, Mark,
    ScriptFile, ScriptGuard, Users, spell,
};
use crate::encoding::Encoding;
use crate::engine::{Engine, Role};
use crate::filter::{Filter, Literal, Source};
use crate::plan::{Adopting, Cloned, Cloning, NoCopy, Part, Plan, Reason};

mod backup;
mod links;
mod principals;
mod script;

/// The dialect.
pub(super) struct SqlServer;

impl Dialect for SqlServer {
    fn engine(&self) -> Engine {
        Engine::SqlServer
    }

    fn identifier(&self, name: &str) -> String {
        format!("[{}]", name.replace('\0', "").replace(']', "]]"))
    }

    fn text(&self, text: &str) -> String {
        format!("N'{}'", text.replace('\0', "").replace('\'', "''"))
    }

    fn literal(&self, literal: &Literal) -> String {
        match literal {
            Literal::Text(text) => self.text(text),
            Literal::Integer(number) => number.to_string(),
            Literal::Empty => "N''".to_owned(),
            Literal::Null => "NULL".to_owned(),
            // This form means the same under every DATEFORMAT and LANGUAGE setting.
            Literal::NullDate => "'19000101'".to_owned(),
            Literal::Never => "'30000101'".to_owned(),
        }
    }

    fn table(&self, name: &str) -> String {
        format!("[dbo].{}", self.identifier(name))
    }

    /// The platform demands a collation that ignores case, so a plain comparison does.
    fn text_equals(&self, left: &str, right: &str) -> String {
        format!("{left} = {right}")
    }

    fn text_like(&self, left: &str, pattern: &str) -> String {
        format!("{left} LIKE {pattern} ESCAPE '\\'")
    }

    /// Trailing blanks do not count in a comparison: a blank text equals the empty one.
    fn is_empty(&self, column: &str) -> String {
        format!("({column} IS NULL OR {column} = N'')")
    }

    fn count(&self, table: &str, filter: &Filter) -> String {
        spell::count(self, table, filter).replacen("COUNT(*)", "COUNT_BIG(*)", 1)
    }

    fn select(&self, table: &str, columns: &[&str], filter: &Filter) -> String {
        spell::select(self, table, columns, filter)
    }

    /// No foreign key leads out of a catalog.
    fn count_elsewhere(&self, _: &str, _: &str, _: &Filter) -> Option<String> {
        None
    }

    fn select_elsewhere(&self, _: &str, _: &str, _: &str, _: &Filter) -> Option<String> {
        None
    }

    fn newest(&self, columns: &[(&str, &str)]) -> String {
        spell::newest(self, columns)
    }

    fn delete_rows(&self, table: &str, filter: &Filter) -> String {
        spell::delete_rows(self, table, filter)
    }

    fn set_columns(&self, table: &str, set: &[(String, Source)], filter: &Filter) -> String {
        spell::set_columns(self, table, set, filter)
    }

    /// Each database is a catalog, which guards, marks and locks of its own are about.
    fn transaction(&self, role: &Role, _locator: &str) -> String {
        role.to_string()
    }

    fn clone_databases(&self, cloning: &Cloning<'_>) -> Result<Cloned, NoCopy> {
        backup::clone_databases(self, cloning)
    }

    /// A catalog's rights are those of its own users, and they are dropped in its clean-up.
    fn adopt_databases(&self, _adopting: &Adopting<'_>) -> Vec<Part> {
        Vec::new()
    }

    fn users(&self) -> Result<&dyn Users, Reason> {
        Ok(self)
    }

    fn with_notes(&self, sql: &str, notes: &[(&str, &str)]) -> String {
        // RESTORE takes a variable of this type, and none of nvarchar.
        let declare = |(name, value): &(&str, &str)| {
            format!("DECLARE @{name} varchar(128) = {};\n", self.text(value))
        };
        let used = notes
            .iter()
            .filter(|(name, _)| sql.contains(&format!("@{name}")));
        used.map(declare).collect::<String>() + sql
    }

    fn inspection(&self) -> InspectionQueries {
        InspectionQueries {
            columns: "SELECT t.name, c.name FROM sys.tables t JOIN sys.columns c ON c.object_id = t.object_id \
                      WHERE t.schema_id = SCHEMA_ID(N'dbo') ORDER BY t.name, c.column_id"
                .to_owned(),
            foreign_keys: "SELECT OBJECT_NAME(k.parent_object_id), COL_NAME(k.parent_object_id, k.parent_column_id), \
                           OBJECT_NAME(k.referenced_object_id), COL_NAME(k.referenced_object_id, k.referenced_column_id), f.name, NULL AS parent_schema \
                           FROM sys.foreign_key_columns k JOIN sys.foreign_keys f ON f.object_id = k.constraint_object_id \
                           WHERE f.is_disabled = 0 ORDER BY 1, 2, 3, 4"
                .to_owned(),
            files: Some(
                "SELECT name, CASE type WHEN 0 THEN 'rows' WHEN 1 THEN 'log' ELSE 'other' END, physical_name, \
                 CAST(size AS bigint) * 8192 FROM sys.database_files ORDER BY file_id"
                    .to_owned(),
            ),
            links: links::queries(),
            own_login: None,
            recovery_model: Some(
                "SELECT d.recovery_model_desc + CASE WHEN d.recovery_model_desc = N'FULL' AND NOT EXISTS \
                 (SELECT 1 FROM sys.database_recovery_status s WHERE s.database_id = d.database_id \
                 AND s.last_log_backup_lsn IS NOT NULL) THEN N' without a chain of log backups' ELSE N'' END \
                 FROM sys.databases d WHERE d.database_id = DB_ID()"
                    .to_owned(),
            ),
            server: Some(
                "SELECT CAST(SERVERPROPERTY('ServerName') AS nvarchar(256)), \
                 CAST(SERVERPROPERTY('ProductVersion') AS nvarchar(128)), CAST(SERVERPROPERTY('Edition') AS nvarchar(128)), \
                 CASE WHEN CAST(SERVERPROPERTY('EngineEdition') AS int) = 4 \
                 OR CAST(SERVERPROPERTY('Edition') AS nvarchar(128)) LIKE N'Web%' THEN 0 ELSE 1 END, \
                 CAST(SERVERPROPERTY('InstanceDefaultDataPath') AS nvarchar(512)), \
                 CAST(SERVERPROPERTY('InstanceDefaultLogPath') AS nvarchar(512)), \
                 CAST(SERVERPROPERTY('InstanceDefaultBackupPath') AS nvarchar(512))"
                    .to_owned(),
            ),
            settings: None,
            directories: None,
            byte_columns: None,
        }
    }

    /// A copy keeps what its source has.
    fn encoding(&self, _settings: &BTreeMap<String, String>) -> Option<Encoding> {
        None
    }

    fn now(&self) -> String {
        "SELECT CONVERT(varchar(19), GETDATE(), 120)".to_owned()
    }

    fn clock_in(&self, hours: u32) -> String {
        match hours {
            0 => "GETDATE()".to_owned(),
            _ => format!("DATEADD(hour, {hours}, GETDATE())"),
        }
    }

    fn create_marks(&self) -> String {
        let columns: Vec<_> = MARK_COLUMNS
            .iter()
            .map(|column| format!("{} nvarchar(200) NOT NULL", self.identifier(column)))
            .collect();
        let table = self.table(MARKS);
        format!(
            "IF OBJECT_ID({}, N'U') IS NULL CREATE TABLE {table} ({})",
            self.text(&table),
            columns.join(", ")
        )
    }

    fn insert_mark(&self, mark: &Mark) -> String {
        spell::insert_mark(self, mark)
    }

    fn select_marks(&self) -> String {
        spell::select_marks(self)
    }

    /// A `datetime` becomes the same one again from a `datetime2`, and a `datetime2` does not from a `datetime`.
    fn create_held(&self) -> String {
        let columns = HELD_COLUMNS.map(|column| {
            let name = self.identifier(column);
            match column {
                "row_key" => format!("{name} bigint NOT NULL"),
                "old_date" => format!("{name} datetime2(7) NULL"),
                "old_text" => format!("{name} nvarchar(2000) NULL"),
                "ended_at" => format!("{name} nvarchar(200) NULL"),
                _ => format!("{name} nvarchar(200) NOT NULL"),
            }
        });
        let table = self.table(HELD);
        format!(
            "IF OBJECT_ID({}, N'U') IS NULL CREATE TABLE {table} ({})",
            self.text(&table),
            columns.join(", ")
        )
    }

    fn keep_values(&self, column: &HeldColumn, at: &str, by: &str) -> String {
        spell::keep_values(self, column, at, by)
    }

    fn put_back(&self, column: &HeldColumn) -> String {
        spell::put_back(self, column)
    }

    fn script(&self, plan: &Plan, guard: &ScriptGuard) -> Vec<ScriptFile> {
        script::files(self, plan, guard)
    }
}
