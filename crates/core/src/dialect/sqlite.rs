//! `SQLite`, the embedded engine of the rehearsal. Text comparisons ignore case, as they do on the engines
//! that the platform runs on.

use std::collections::BTreeMap;

use super::{
    Dialect, HELD, HELD_COLUMNS, HeldColumn, InspectionQueries, MARK_COLUMNS, MARKS, Mark,
    ScriptFile, ScriptGuard, Users, spell,
};
use crate::encoding::Encoding;
use crate::engine::{Engine, Role};
use crate::filter::{Filter, Literal, Source};
use crate::plan::{Adopting, CloneOf, Cloned, Cloning, Deed, NoCopy, Part, Plan, Reason};

/// The dialect.
pub(super) struct Sqlite;

impl Dialect for Sqlite {
    fn engine(&self) -> Engine {
        Engine::Sqlite
    }

    fn identifier(&self, name: &str) -> String {
        format!("\"{}\"", name.replace('\0', "").replace('"', "\"\""))
    }

    fn text(&self, text: &str) -> String {
        format!("'{}'", text.replace('\0', "").replace('\'', "''"))
    }

    fn literal(&self, literal: &Literal) -> String {
        match literal {
            Literal::Text(text) => self.text(text),
            Literal::Integer(number) => number.to_string(),
            Literal::Empty => "''".to_owned(),
            Literal::Null => "NULL".to_owned(),
            Literal::NullDate => "'1900-01-01 00:00:00'".to_owned(),
            Literal::Never => "'3000-01-01 00:00:00'".to_owned(),
        }
    }

    fn table(&self, name: &str) -> String {
        self.identifier(name)
    }

    fn text_equals(&self, left: &str, right: &str) -> String {
        format!("{left} = {right} COLLATE NOCASE")
    }

    fn text_like(&self, left: &str, pattern: &str) -> String {
        format!("{left} LIKE {pattern} ESCAPE '\\'")
    }

    fn is_empty(&self, column: &str) -> String {
        format!("({column} IS NULL OR TRIM({column}) = '')")
    }

    fn count(&self, table: &str, filter: &Filter) -> String {
        spell::count(self, table, filter)
    }

    fn select(&self, table: &str, columns: &[&str], filter: &Filter) -> String {
        spell::select(self, table, columns, filter)
    }

    /// Nothing leads from one file to another.
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

    /// Each database is a file, opened by itself.
    fn transaction(&self, role: &Role, _locator: &str) -> String {
        role.to_string()
    }

    fn clone_databases(&self, cloning: &Cloning<'_>) -> Result<Cloned, NoCopy> {
        let part = |one: &CloneOf<'_>| Part {
            title: format!("Copy the {}", one.role.phrase()),
            database: one.role.clone(),
            deed: Deed::Copy {
                from: one.from.to_owned(),
                to: one.to.to_owned(),
            },
            check: String::new(),
        };
        Ok(Cloned {
            first: cloning.databases.iter().map(part).collect(),
            ..Cloned::default()
        })
    }

    /// A file has no users.
    fn adopt_databases(&self, _adopting: &Adopting<'_>) -> Vec<Part> {
        Vec::new()
    }

    /// Whoever may open the file may do everything with it.
    fn users(&self) -> Result<&dyn Users, Reason> {
        Err(Reason::NoUsers)
    }

    /// No server, and so nothing that one could answer.
    fn with_notes(&self, sql: &str, _notes: &[(&str, &str)]) -> String {
        sql.to_owned()
    }

    fn inspection(&self) -> InspectionQueries {
        let tables =
            "sqlite_schema m WHERE m.type = 'table' AND m.name NOT LIKE 'sqlite\\_%' ESCAPE '\\'";
        let joined = |function: &str| {
            tables.replace("m WHERE", &format!("m JOIN {function}(m.name) i WHERE"))
        };
        InspectionQueries {
            columns: format!(
                "SELECT m.name, i.name FROM {} ORDER BY m.name, i.cid",
                joined("pragma_table_info")
            ),
            foreign_keys: format!(
                "SELECT m.name, i.\"from\", i.\"table\", i.\"to\", NULL, NULL FROM {} ORDER BY m.name, i.id, i.seq",
                joined("pragma_foreign_key_list")
            ),
            files: None,
            links: Vec::new(),
            own_login: None,
            recovery_model: None,
            server: None,
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
        "SELECT datetime('now', 'localtime')".to_owned()
    }

    fn clock_in(&self, hours: u32) -> String {
        match hours {
            0 => "datetime('now', 'localtime')".to_owned(),
            _ => format!("datetime('now', 'localtime', '+{hours} hours')"),
        }
    }

    fn create_marks(&self) -> String {
        let columns: Vec<_> = MARK_COLUMNS
            .iter()
            .map(|column| format!("{column} TEXT NOT NULL"))
            .collect();
        format!(
            "CREATE TABLE IF NOT EXISTS {} ({})",
            self.table(MARKS),
            columns.join(", ")
        )
    }

    fn insert_mark(&self, mark: &Mark) -> String {
        spell::insert_mark(self, mark)
    }

    fn select_marks(&self) -> String {
        spell::select_marks(self)
    }

    fn create_held(&self) -> String {
        let columns = HELD_COLUMNS.map(|column| match column {
            "row_key" => format!("{column} INTEGER NOT NULL"),
            "old_date" | "old_text" | "ended_at" => format!("{column} TEXT"),
            _ => format!("{column} TEXT NOT NULL"),
        });
        format!(
            "CREATE TABLE IF NOT EXISTS {} ({})",
            self.table(HELD),
            columns.join(", ")
        )
    }

    fn keep_values(&self, column: &HeldColumn, at: &str, by: &str) -> String {
        spell::keep_values(self, column, at, by)
    }

    fn put_back(&self, column: &HeldColumn) -> String {
        spell::put_back(self, column)
    }

    /// A file for the `sqlite3` shell. `SQLite` has no name of its own to guard: the shell's first argument
    /// chooses the file.
    fn script(&self, plan: &Plan, guard: &ScriptGuard) -> Vec<ScriptFile> {
        guard
            .target
            .iter()
            .filter(|(role, _)| plan.writes_to(role))
            .map(|(role, name)| {
                let mut lines = vec![
                    spell::comment(&format!(
                        "envclone, plan {}: the {}",
                        plan.short_id(),
                        role.phrase()
                    )),
                    spell::comment(&format!("run with: sqlite3 -bail {name} < this file")),
                    ".bail on".to_owned(),
                    "PRAGMA foreign_keys = ON;".to_owned(),
                    "BEGIN IMMEDIATE;".to_owned(),
                ];
                let items = plan.items.iter().filter(|item| item.database == *role);
                for item in items.clone() {
                    lines.push(format!(
                        "\n{}",
                        spell::comment(&format!("{} {}", item.seq, item.title))
                    ));
                    if let Deed::Sql { statements } = &item.deed {
                        for statement in statements {
                            lines.push(format!("{};", statement.sql));
                            lines.push(format!("SELECT '{} {}', changes();", item.seq, item.step));
                        }
                    }
                }
                lines.push("\nCOMMIT;".to_owned());
                ScriptFile {
                    name: format!("clean-{}.sql", file_name(&role.to_string())),
                    about: format!("clean the {} {name}", role.phrase()),
                    items: items.count(),
                    text: lines.join("\n") + "\n",
                }
            })
            .collect()
    }
}

/// A role as a part of a file's name.
pub(super) fn file_name(role: &str) -> String {
    role.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() {
                c.to_ascii_lowercase()
            } else {
                '-'
            }
        })
        .collect()
}
