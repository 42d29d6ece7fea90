//! A small environment to point the tool at, and the tool run as a user would.
#![allow(
    dead_code,
    clippy::print_stderr,
    reason = "every test file uses its own part, and says what did not run"
)]

pub(crate) mod bridge;
pub(crate) mod oracle;
pub(crate) mod serving;

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Output;
use std::sync::OnceLock;

use envclone_rehearsal::Spec;
use rusqlite::Connection;
use tempfile::TempDir;

/// The extra catalog of the rehearsal's environment.
pub(crate) const CATALOG: &str = "PROD_LEDGER";

/// A folder with a source environment, and settings that name a target.
pub(crate) struct Lab {
    pub(crate) folder: TempDir,
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
    pub(crate) fn new() -> Self {
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
    pub(crate) fn adopted() -> Self {
        let lab = Self::new();
        for name in FILES {
            fs::copy(lab.source(name), lab.target(name)).unwrap();
        }
        lab.settings("adopt", "");
        lab
    }

    pub(crate) fn path(&self, name: &str) -> PathBuf {
        self.folder.path().join(name)
    }

    pub(crate) fn source(&self, name: &str) -> PathBuf {
        self.path("source").join(name)
    }

    pub(crate) fn target(&self, name: &str) -> PathBuf {
        self.path("target").join(name)
    }

    /// Writes settings with `head` before the tables.
    pub(crate) fn settings(&self, clone: &str, head: &str) {
        self.settings_with(clone, head, "source", "target");
    }

    pub(crate) fn settings_with(&self, clone: &str, head: &str, source: &str, target: &str) {
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
    pub(crate) fn edit(&self, from: &str, to: &str) {
        let path = self.path("envclone.toml");
        let text = fs::read_to_string(&path).unwrap();
        assert!(
            text.contains(from),
            "the settings have no `{from}`:\n{text}"
        );
        fs::write(path, text.replacen(from, to, 1)).unwrap();
    }

    /// Runs the tool in the lab's folder.
    pub(crate) fn run(&self, arguments: &[&str]) -> Ran {
        let output = assert_cmd::Command::cargo_bin("envclone")
            .unwrap()
            .args(arguments)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        Ran::of(output)
    }

    /// Plans, and carries the plan out with its id.
    pub(crate) fn refresh(&self) -> Ran {
        let id = self.plan_id();
        self.run(&["refresh", "--approve", &id])
    }

    pub(crate) fn plan_id(&self) -> String {
        let plan = self.run(&["plan", "--json"]);
        assert_eq!(plan.code, 0, "{}", plan.err);
        let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
        plan["id"].as_str().unwrap()[..12].to_owned()
    }

    /// Holds or lets go of everything that fires: what is to be approved is shown first, and then approved by its id.
    pub(crate) fn hold(&self, option: &str, kinds: &str) -> Ran {
        let asked = self.run(&["release-check", option, kinds]);
        if asked.code != 8 {
            return asked;
        }
        let id = approval_of(&asked);
        self.run(&["release-check", option, kinds, "--approve", &id])
    }

    /// Runs SQL on one of the files.
    pub(crate) fn sql(&self, file: &Path, sql: &str) {
        Connection::open(file).unwrap().execute_batch(sql).unwrap();
    }

    /// A number from one of the files.
    pub(crate) fn number(&self, file: &Path, sql: &str) -> i64 {
        Connection::open(file)
            .unwrap()
            .query_row(sql, [], |row| row.get(0))
            .unwrap()
    }

    /// The folder of the newest run.
    pub(crate) fn newest_run(&self) -> PathBuf {
        let runs = fs::read_dir(self.path("envclone-runs")).unwrap();
        runs.map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .max()
            .unwrap()
    }
}

/// Runs a shell script in the lab's folder that may mount file systems for itself; nothing where this system does not
/// let a test do that.
#[cfg(target_os = "linux")]
pub(crate) fn with_mounts(lab: &Lab, script: &str) -> Option<Ran> {
    let unshared = |script: &str| {
        std::process::Command::new("unshare")
            .args(["-rm", "sh", "-c", script])
            .current_dir(lab.folder.path())
            .output()
    };
    if !unshared("true").is_ok_and(|output| output.status.success()) {
        eprintln!("did not run: this system mounts no file system for a test");
        return None;
    }
    Some(Ran::of(unshared(script).unwrap()))
}

/// The files of an environment.
pub(crate) const FILES: [&str; 3] = ["outsystems.db", "outsystems_log.db", "PROD_LEDGER.db"];

/// How a run ended.
pub(crate) struct Ran {
    pub(crate) code: i32,
    pub(crate) out: String,
    pub(crate) err: String,
}

impl Ran {
    pub(crate) fn of(output: Output) -> Self {
        Self {
            code: output.status.code().unwrap_or(-1),
            out: String::from_utf8_lossy(&output.stdout).into_owned(),
            err: String::from_utf8_lossy(&output.stderr).into_owned(),
        }
    }

    /// Refused by this lint, and nothing changed.
    #[track_caller]
    pub(crate) fn refused_by(&self, lint: &str) {
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

/// The id that a command without an approval shows.
pub(crate) fn approval_of(asked: &Ran) -> String {
    assert_eq!(asked.code, 8, "{}", asked.err);
    let (_, rest) = asked.err.rsplit_once("--approve ").unwrap();
    rest.chars().take_while(char::is_ascii_hexdigit).collect()
}

/// Every row of every table of a database, without what envclone itself wrote into it.
pub(crate) fn dump(file: &Path) -> String {
    let connection = Connection::open(file).unwrap();
    let mut text = String::new();
    let mut tables = connection.prepare("SELECT name FROM sqlite_schema WHERE type = 'table' AND name NOT IN ('envclone_mark', 'envclone_held') ORDER BY name").unwrap();
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
