//! A small environment to point the tool at, and the tool run as a user would.
#![allow(dead_code, reason = "every test file uses its own part")]

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use envclone_rehearsal::Spec;
use rusqlite::Connection;
use tempfile::TempDir;

/// The extra catalog of the rehearsal's environment.
pub const CATALOG: &str = "PROD_LEDGER";

/// A folder with a source environment, and settings that name a target.
pub struct Lab {
    pub folder: TempDir,
}

/// The source environment, built once for all tests of a file.
fn template() -> &'static Path {
    static TEMPLATE: OnceLock<TempDir> = OnceLock::new();
    let folder = TEMPLATE.get_or_init(|| {
        let folder = tempfile::tempdir().unwrap();
        envclone_rehearsal::sqlite::create(folder.path(), &Spec { scale: 1, seed: 7 }, &mut |_| {})
            .unwrap();
        folder
    });
    folder.path()
}

impl Default for Lab {
    fn default() -> Self {
        Self::new()
    }
}

impl Lab {
    /// A source, no target, and settings that make the copy.
    pub fn new() -> Self {
        let folder = tempfile::tempdir().unwrap();
        fs::create_dir(folder.path().join("source")).unwrap();
        fs::create_dir(folder.path().join("target")).unwrap();
        let lab = Self { folder };
        for name in FILES {
            fs::copy(template().join(name), lab.source(name)).unwrap();
        }
        lab.settings("make", "");
        lab
    }

    /// A source, a copy of it made by hand, and settings that take it over.
    pub fn adopted() -> Self {
        let lab = Self::new();
        for name in FILES {
            fs::copy(lab.source(name), lab.target(name)).unwrap();
        }
        lab.settings("adopt", "");
        lab
    }

    pub fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub fn source(&self, name: &str) -> PathBuf {
        self.path("source").join(name)
    }

    pub fn target(&self, name: &str) -> PathBuf {
        self.path("target").join(name)
    }

    /// Writes settings with `head` before the tables.
    pub fn settings(&self, clone: &str, head: &str) {
        self.settings_with(clone, head, "source", "target");
    }

    pub fn settings_with(&self, clone: &str, head: &str, source: &str, target: &str) {
        let side = |name: &str, folder: &str| {
            format!(
                "[{name}]\nengine = \"sqlite\"\nplatform = \"{folder}/outsystems.db\"\nlog = \"{folder}/outsystems_log.db\"\n[{name}.catalogs]\n{CATALOG} = \"{folder}/{CATALOG}.db\"\n"
            )
        };
        let text = format!(
            "profile = \"extra\"\nclone = \"{clone}\"\n{head}\n{}{}",
            side("source", source),
            side("target", target)
        );
        fs::write(self.path("envclone.toml"), text).unwrap();
    }

    /// Replaces a text of the settings.
    pub fn edit(&self, from: &str, to: &str) {
        let path = self.path("envclone.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.contains(from),
            "the settings have no `{from}`:\n{text}"
        );
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// Runs the tool in the lab's folder.
    pub fn run(&self, arguments: &[&str]) -> Ran {
        let output = assert_cmd::Command::cargo_bin("envclone")
            .unwrap()
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        Ran::of(output)
    }

    /// Plans, and carries the plan out with its id.
    pub fn refresh(&self) -> Ran {
        let id = self.plan_id();
        self.run(&["refresh", "--approve", &id])
    }

    pub fn plan_id(&self) -> String {
        let plan = self.run(&["plan", "--json"]);
        assert_eq!(plan.code, 0, "{}", plan.err);
        let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
        plan["id"].as_str().unwrap()[..12].to_owned()
    }

    /// Runs SQL on one of the files.
    pub fn sql(&self, file: &Path, sql: &str) {
        Connection::open(file).unwrap().execute_batch(sql).unwrap();
    }

    /// A number from one of the files.
    pub fn number(&self, file: &Path, sql: &str) -> i64 {
        Connection::open(file)
            .unwrap()
            .query_row(sql, [], |row| row.get(0))
            .unwrap()
    }

    /// The folder of the newest run.
    pub fn newest_run(&self) -> PathBuf {
        let runs = fs::read_dir(self.path("envclone-runs")).unwrap();
        runs.map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .max()
            .unwrap()
    }
}

/// The files of an environment.
pub const FILES: [&str; 3] = ["outsystems.db", "outsystems_log.db", "PROD_LEDGER.db"];

/// How a run ended.
pub struct Ran {
    pub code: i32,
    pub out: String,
    pub err: String,
}

impl Ran {
    pub fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Refused by this lint, and nothing changed.
    #[track_caller]
    pub fn refused_by(&self, lint: &str) {
        assert_eq!(self.code, 5, "{}", self.err);
        assert!(
            self.err.contains("error: nothing was changed"),
            "{}",
            self.err
        );
        assert!(
            self.err.contains(&format!("[{lint}]")),
            "not refused by {lint}:\n{}",
            self.err
        );
    }
}

/// Every row of every table of a database, without what envclone itself wrote into it.
pub fn dump(file: &Path) -> String {
    let connection = Connection::open(file).unwrap();
    let mut text = String::new();
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name <> 'envclone_mark' ORDER BY name").unwrap();
    let tables: Vec<String> = tables
        .query_map([], |row| row.get(0))
        .unwrap()
        .map(Result::unwrap)
        .collect();
    for table in tables {
        let mut rows = connection
            .prepare(&format!("SELECT * FROM \"{table}\" ORDER BY rowid"))
            .unwrap();
        let columns = rows.column_count();
        let mut rows = rows.query([]).unwrap();
        while let Some(row) = rows.next().unwrap() {
            text += &table;
            for column in 0..columns {
                text += &format!("\t{:?}", row.get_ref(column).unwrap());
            }
            text.push('\n');
        }
    }
    text
}
