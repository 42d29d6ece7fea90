//! Oracle's SQL, PL/SQL and SQL*Plus.

use std::collections::BTreeMap;

use super::{
    Dialect, HELD, HELD_COLUMNS, HeldColumn, InspectionQueries, MARK_COLUMNS, MARKS, Mark,
    ScriptFile, ScriptGuard, Users, name_and_server, spell,
};
use crate::encoding::Encoding;
use crate::engine::{Engine, Role};
use crate::filter::{Filter, Literal, Source};
use crate::plan::{Adopting, Cloned, Cloning, NoCopy, Part, Plan, Reason};
use links::OWNER;

mod creation;
mod data_pump;
mod links;
mod rights;
mod script;

/// Settings that decide what becomes of texts, or how they are read by somebody.
const SETTINGS: [&str; 7] = [
    "NLS_CHARACTERSET",
    "NLS_NCHAR_CHARACTERSET",
    "NLS_LENGTH_SEMANTICS",
    "NLS_COMP",
    "NLS_SORT",
    "NLS_LANGUAGE",
    "NLS_TERRITORY",
];

/// The character sets that have every character. `UTF8` writes the rarest of them in six bytes.
const UNICODE: [&str; 2] = ["AL32UTF8", "UTF8"];

/// The dialect.
pub(super) struct Oracle;

impl Oracle {
    /// A table of another schema than the session's.
    fn table_of(&self, locator: &str, table: &str) -> String {
        let schema = name_and_server(locator).0;
        format!("{}.{}", self.identifier(schema), self.table(table))
    }
}

impl Dialect for Oracle {
    fn engine(&self) -> Engine {
        Engine::Oracle
    }

    /// The platform creates its tables without quotes, so their names are upper case in the dictionary; quotes
    /// keep the reserved words among its columns (`FROM`, `TO`, `SIZE`) usable.
    fn identifier(&self, name: &str) -> String {
        format!("\"{}\"", name.replace(['\0', '"'], "").to_uppercase())
    }

    fn text(&self, text: &str) -> String {
        format!("'{}'", text.replace('\0', "").replace('\'', "''"))
    }

    fn literal(&self, literal: &Literal) -> String {
        match literal {
            Literal::Text(text) if text.is_empty() => self.literal(&Literal::Empty),
            Literal::Text(text) => self.text(text),
            Literal::Integer(number) => number.to_string(),
            Literal::Empty => "' '".to_owned(),
            Literal::Null => "NULL".to_owned(),
            Literal::NullDate => "DATE '1900-01-01'".to_owned(),
            Literal::Never => "DATE '3000-01-01'".to_owned(),
        }
    }

    /// Unqualified: the session's `CURRENT_SCHEMA` is the schema that the plan was made for.
    fn table(&self, name: &str) -> String {
        self.identifier(name)
    }

    /// The session compares with `NLS_COMP=LINGUISTIC` and `NLS_SORT=BINARY_AI`, which ignores case.
    fn text_equals(&self, left: &str, right: &str) -> String {
        format!("{left} = {right}")
    }

    fn text_like(&self, left: &str, pattern: &str) -> String {
        // Only wildcards and the escape itself may follow the escape character (ORA-01424).
        format!("{left} LIKE {} ESCAPE '\\'", pattern.replace("\\[", "["))
    }

    fn is_empty(&self, column: &str) -> String {
        format!("({column} IS NULL OR TRIM({column}) IS NULL)")
    }

    fn count(&self, table: &str, filter: &Filter) -> String {
        spell::count(self, table, filter)
    }

    fn select(&self, table: &str, columns: &[&str], filter: &Filter) -> String {
        spell::select(self, table, columns, filter)
    }

    fn count_elsewhere(&self, locator: &str, table: &str, filter: &Filter) -> Option<String> {
        Some(spell::count_from(
            self,
            &self.table_of(locator, table),
            table,
            filter,
        ))
    }

    fn select_elsewhere(
        &self,
        locator: &str,
        table: &str,
        column: &str,
        filter: &Filter,
    ) -> Option<String> {
        let place = self.table_of(locator, table);
        Some(spell::select_from(self, &place, table, &[column], filter))
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

    /// All schemas of one database: a session goes from one `CURRENT_SCHEMA` to another amid its transaction, which commits
    /// nothing. What stands behind the `@` is another database.
    fn transaction(&self, _role: &Role, locator: &str) -> String {
        match name_and_server(locator).1 {
            Some(server) => format!("schemas@{}", server.to_lowercase()),
            None => "schemas".to_owned(),
        }
    }

    fn clone_databases(&self, cloning: &Cloning<'_>) -> Result<Cloned, NoCopy> {
        data_pump::clone_schemas(self, cloning)
    }

    /// Users who have no rights on the other side's objects.
    fn adopt_databases(&self, adopting: &Adopting<'_>) -> Vec<Part> {
        rights::part_adopted(self, adopting).into_iter().collect()
    }

    /// An import gives the schemas to users of the copy's own.
    fn users(&self) -> Result<&dyn Users, Reason> {
        Err(Reason::NewSchemas)
    }

    fn with_notes(&self, sql: &str, _notes: &[(&str, &str)]) -> String {
        sql.to_owned()
    }

    fn inspection(&self) -> InspectionQueries {
        InspectionQueries {
            columns: format!(
                "SELECT c.table_name, c.column_name FROM all_tab_columns c JOIN all_tables t ON t.owner = c.owner AND \
                 t.table_name = c.table_name WHERE c.owner = {OWNER} ORDER BY c.table_name, c.column_id"
            ),
            foreign_keys: format!(
                "SELECT f.table_name, f.column_name, p.table_name, p.column_name, c.constraint_name, \
                 CASE WHEN c.r_owner = c.owner THEN NULL ELSE c.r_owner END AS parent_schema FROM all_constraints c \
                 JOIN all_cons_columns f ON f.owner = c.owner AND f.constraint_name = c.constraint_name \
                 JOIN all_cons_columns p ON p.owner = c.r_owner AND p.constraint_name = c.r_constraint_name AND p.position = f.position \
                 WHERE c.constraint_type = 'R' AND c.status = 'ENABLED' AND c.owner = {OWNER} ORDER BY 1, 2, 3, 4"
            ),
            // Large values are in none of these counts, and statistics may be missing: the sizes are a beginning.
            files: Some(format!(
                "SELECT x.tablespace_name, 'rows' AS holds, NULL AS path, SUM(x.bytes) FROM (\
                 SELECT t.tablespace_name, NVL(t.blocks, 0) * 8192 AS bytes FROM all_tables t WHERE t.owner = {OWNER} \
                 UNION ALL SELECT i.tablespace_name, NVL(i.leaf_blocks, 0) * 8192 AS bytes FROM all_indexes i WHERE i.owner = {OWNER} \
                 UNION ALL SELECT l.tablespace_name, 0 AS bytes FROM all_lobs l WHERE l.owner = {OWNER}) x \
                 WHERE x.tablespace_name IS NOT NULL GROUP BY x.tablespace_name ORDER BY x.tablespace_name"
            )),
            links: links::queries(),
            own_login: Some(links::own_login()),
            recovery_model: None,
            server: Some(
                "SELECT CASE WHEN SYS_CONTEXT('USERENV', 'CON_NAME') IS NULL THEN SYS_CONTEXT('USERENV', 'DB_UNIQUE_NAME') \
                 ELSE SYS_CONTEXT('USERENV', 'DB_UNIQUE_NAME') || '/' || SYS_CONTEXT('USERENV', 'CON_NAME') END AS name, \
                 p.version, p.product, 1 AS compresses, NULL AS data_folder, NULL AS log_folder, NULL AS backup_folder \
                 FROM SYS.product_component_version p WHERE p.product LIKE 'Oracle%'"
                    .to_owned(),
            ),
            // What the instance was started with is what new sessions begin with; character sets are the database's.
            settings: Some(format!(
                "SELECT d.parameter, NVL(i.value, d.value) FROM SYS.nls_database_parameters d LEFT JOIN \
                 SYS.nls_instance_parameters i ON i.parameter = d.parameter WHERE d.parameter IN ({}) ORDER BY d.parameter",
                SETTINGS.map(|name| self.text(name)).join(", ")
            )),
            directories: Some(
                "SELECT d.directory_name, d.directory_path FROM all_directories d ORDER BY d.directory_name"
                    .to_owned(),
            ),
            byte_columns: Some(format!(
                "SELECT COUNT(*) FROM all_tab_columns c JOIN all_tables t ON t.owner = c.owner AND t.table_name = c.table_name \
                 WHERE c.owner = {OWNER} AND c.char_used = 'B'"
            )),
        }
    }

    fn encoding(&self, settings: &BTreeMap<String, String>) -> Option<Encoding> {
        let characters = settings.get("NLS_CHARACTERSET")?.clone();
        let lengths = settings.get("NLS_LENGTH_SEMANTICS");
        Some(Encoding {
            unicode: UNICODE.contains(&characters.to_uppercase().as_str()),
            bytes: lengths.is_none_or(|lengths| lengths.eq_ignore_ascii_case("BYTE")),
            characters,
        })
    }

    fn now(&self) -> String {
        "SELECT TO_CHAR(SYSDATE, 'YYYY-MM-DD HH24:MI:SS') FROM dual".to_owned()
    }

    /// `hours` has no more than the two digits that an interval has unless more are said.
    fn clock_in(&self, hours: u32) -> String {
        match hours {
            0 => "SYSDATE".to_owned(),
            _ => format!("SYSDATE + INTERVAL '{hours}' HOUR"),
        }
    }

    /// In a block that looks first, since Oracle before 23 has no `IF NOT EXISTS`; the statement is DDL and commits,
    /// so it runs before the transaction.
    fn create_marks(&self) -> String {
        let columns: Vec<_> = MARK_COLUMNS
            .iter()
            .map(|column| format!("{} VARCHAR2(200) NOT NULL", self.identifier(column)))
            .collect();
        self.created_once(MARKS, &columns)
    }

    fn insert_mark(&self, mark: &Mark) -> String {
        spell::insert_mark(self, mark)
    }

    fn select_marks(&self) -> String {
        spell::select_marks(self)
    }

    /// In a block, as the table of marks.
    fn create_held(&self) -> String {
        let columns = HELD_COLUMNS.map(|column| {
            let name = self.identifier(column);
            match column {
                "row_key" => format!("{name} NUMBER(20) NOT NULL"),
                "old_date" => format!("{name} TIMESTAMP(6) NULL"),
                "old_text" => format!("{name} VARCHAR2(4000) NULL"),
                "ended_at" => format!("{name} VARCHAR2(200) NULL"),
                _ => format!("{name} VARCHAR2(200) NOT NULL"),
            }
        });
        self.created_once(HELD, &columns)
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

impl Oracle {
    /// A block that creates a table where there is none of its name.
    fn created_once(&self, table: &str, columns: &[String]) -> String {
        let create = self.text(&format!(
            "CREATE TABLE {} ({})",
            self.table(table),
            columns.join(", ")
        ));
        format!(
            "DECLARE\n  v_found NUMBER;\nBEGIN\n  SELECT COUNT(*) INTO v_found FROM all_tables WHERE owner = \
             SYS_CONTEXT('USERENV', 'CURRENT_SCHEMA') AND table_name = {};\n  IF v_found = 0 THEN\n    EXECUTE IMMEDIATE {create};\n  END IF;\nEND;",
            self.text(&table.to_uppercase())
        )
    }
}
