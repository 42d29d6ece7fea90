//! How each engine spells what the core means. No SQL keyword stands outside this folder and `crates/db`.

mod held;
mod oracle;
mod phases;
mod spell;
mod sqlite;
mod sqlserver;
mod users;

pub use held::{HELD, HELD_COLUMNS, HeldColumn, HeldState};
pub use users::{UserChange, UserQueries, Users};

use std::collections::BTreeMap;

use crate::encoding::Encoding;
use crate::engine::{Engine, Role};
use crate::filter::{Filter, Literal, Source};
use crate::plan::{Adopting, Cloned, Cloning, NoCopy, Part, Reason};

/// SQL, final: what is run is what is shown and scripted.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Statement {
    /// The text, without a closing semicolon.
    pub sql: String,
    /// What it does, in a few words.
    pub comment: String,
}

/// Queries that `inspect` asks of a database. Each says which columns it answers with.
#[derive(Clone, Debug)]
pub struct InspectionQueries {
    /// Table name, column name: ordered by both the table and the column's position.
    pub columns: String,
    /// Table, column, table referred to, column referred to (NULL: its primary key), name (NULL where it has none), schema
    /// referred to (NULL: the table's own) of each foreign key that the engine enforces.
    pub foreign_keys: String,
    /// Name, what it holds (`rows`, `log` or something else), path and bytes of each file that the database consists of;
    /// none on engines whose databases are files or have none of their own.
    pub files: Option<String>,
    /// What leads out of the database.
    pub links: Vec<LinkQuery>,
    /// 1 where the login is the database's own user; none where that makes no difference.
    pub own_login: Option<String>,
    /// One text: what the database keeps of its changes; none on engines that don't let one choose.
    pub recovery_model: Option<String>,
    /// Of the server itself: name, version, edition, whether it compresses backups (1 or 0), folders for data, logs and
    /// backups (NULL where it does not say); none where no server stands in front of the databases.
    pub server: Option<String>,
    /// Of the server: name and value of each setting that decides what becomes of texts; none where a copy can't have others.
    pub settings: Option<String>,
    /// Of the server: name and path of each folder that an export can be written to; none where it has no names for them.
    pub directories: Option<String>,
    /// How many columns of the database hold a number of bytes instead of a number of characters; none where a copy is written
    /// down as its source is.
    pub byte_columns: Option<String>,
}

/// Asks for things of one kind that lead out of a database: name, where to.
#[derive(Clone, Debug)]
pub struct LinkQuery {
    /// What they are.
    pub kind: &'static str,
    /// Whether they belong to the server.
    pub of_server: bool,
    /// The query.
    pub sql: String,
    /// The same of views that every login may ask, and that have everything for the database's own user alone. None where
    /// there is one query for all: then a view that is missing is one that an older version lacks.
    pub own: Option<String>,
}

/// How an engine spells SQL. A new verb is a new method without a body, so that no engine can be forgotten.
pub trait Dialect: Sync {
    /// Which engine.
    fn engine(&self) -> Engine;
    /// A name, quoted so that nothing in it can end the quotes.
    fn identifier(&self, name: &str) -> String;
    /// A text literal, quoted so that nothing in it can end the quotes.
    fn text(&self, text: &str) -> String;
    /// A value.
    fn literal(&self, literal: &Literal) -> String;
    /// The table, qualified as far as the engine needs.
    fn table(&self, name: &str) -> String;
    /// That two texts are equal without regard to case.
    fn text_equals(&self, left: &str, right: &str) -> String;
    /// That a text matches a pattern with `%`, without regard to case, `\` being the escape.
    fn text_like(&self, left: &str, pattern: &str) -> String;
    /// That a column is NULL, empty or blank.
    fn is_empty(&self, column: &str) -> String;
    /// A number of rows.
    fn count(&self, table: &str, filter: &Filter) -> String;
    /// Some columns of some rows.
    fn select(&self, table: &str, columns: &[&str], filter: &Filter) -> String;
    /// A number of rows of another database that one transaction spans together with the one that it is asked in, where the
    /// filter's own tables are. None where there is no such database.
    fn count_elsewhere(&self, locator: &str, table: &str, filter: &Filter) -> Option<String>;
    /// The same for a column of these rows.
    fn select_elsewhere(
        &self,
        locator: &str,
        table: &str,
        column: &str,
        filter: &Filter,
    ) -> Option<String>;
    /// The largest value of all of these columns: table and column.
    fn newest(&self, columns: &[(&str, &str)]) -> String;
    /// Deletes rows.
    fn delete_rows(&self, table: &str, filter: &Filter) -> String;
    /// Writes columns.
    fn set_columns(&self, table: &str, set: &[(String, Source)], filter: &Filter) -> String;
    /// What one transaction spans, by a name for it: databases of an environment that lead to the same one are changed
    /// together, or not at all. `locator` is what the settings call the database.
    fn transaction(&self, role: &Role, locator: &str) -> String;
    /// How databases are copied so that they belong together.
    ///
    /// # Errors
    /// [`NoCopy`] where they can't be.
    fn clone_databases(&self, cloning: &Cloning<'_>) -> Result<Cloned, NoCopy>;
    /// What a copy that somebody else made needs before it is cleaned, done by its server: what commits by itself has no place
    /// in a transaction. Each part's check counts what it would change as well.
    fn adopt_databases(&self, adopting: &Adopting<'_>) -> Vec<Part>;
    /// How the users of its databases are looked at, dropped and made.
    ///
    /// # Errors
    /// [`Reason`] where none are: they don't exist, or come about in another way.
    fn users(&self) -> Result<&dyn Users, Reason>;
    /// A statement with those notes that it uses, each by its name.
    fn with_notes(&self, sql: &str, notes: &[(&str, &str)]) -> String;
    /// What `inspect` asks.
    fn inspection(&self) -> InspectionQueries;
    /// How a server with these settings writes texts down; none where a copy is written down as its source is.
    fn encoding(&self, settings: &BTreeMap<String, String>) -> Option<Encoding>;
    /// The database's clock, in the zone that the platform logs in, as `YYYY-MM-DD HH:MM:SS`.
    fn now(&self) -> String;
    /// The same clock so many hours later, as an expression that dates are compared with.
    fn clock_in(&self, hours: u32) -> String;
    /// Creates the table of marks unless it is there.
    fn create_marks(&self) -> String;
    /// Writes a mark, in the transaction that it vouches for.
    fn insert_mark(&self, mark: &Mark) -> String;
    /// Kind, run, plan, group, proof and time of every mark.
    fn select_marks(&self) -> String;
    /// Creates the table of what was held unless it is there.
    fn create_held(&self) -> String;
    /// Keeps the values of a column in the table of what was held: those that are about to be held, at this time by this
    /// person.
    fn keep_values(&self, column: &HeldColumn, at: &str, by: &str) -> String;
    /// Writes what is held of a column back into its rows.
    fn put_back(&self, column: &HeldColumn) -> String;
    /// The plan as files for a DBA, in the order in which they are run.
    fn script(&self, plan: &crate::plan::Plan, guard: &ScriptGuard) -> Vec<ScriptFile>;
}

/// The table of marks: what envclone writes into a copy besides the clean-up itself.
pub const MARKS: &str = "envclone_mark";

/// The columns of [`MARKS`].
pub const MARK_COLUMNS: [&str; 6] = ["kind", "run", "plan_id", "grp", "proof", "written_at"];

/// A line in the copy that vouches for something.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Mark {
    /// `clone`: envclone made this copy. `group`: this transaction was committed. `seal`: this copy was verified.
    pub kind: String,
    /// The run.
    pub run: String,
    /// The plan.
    pub plan: String,
    /// The group, for a `group` mark.
    pub group: String,
    /// What the mark is bound to: the identity of the database that it was written into.
    pub proof: String,
    /// When, in the database's clock.
    pub at: String,
}

impl Mark {
    /// The values in the order of [`MARK_COLUMNS`].
    fn values(&self) -> [&str; 6] {
        [
            &self.kind,
            &self.run,
            &self.plan,
            &self.group,
            &self.proof,
            &self.at,
        ]
    }
}

/// What a script refuses to run without.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptGuard {
    /// Names of the target's databases, by role.
    pub target: Vec<(crate::engine::Role, String)>,
    /// Names of the source's databases, by role.
    pub source: Vec<(crate::engine::Role, String)>,
}

/// A name as settings give it for scripts, `NAME` or `NAME@SERVER`, in its parts.
fn name_and_server(name: &str) -> (&str, Option<&str>) {
    name.rsplit_once('@')
        .map_or((name, None), |(name, server)| (name, Some(server)))
}

/// The name of a database without that of its server.
#[must_use]
pub fn catalog_of(name: &str) -> &str {
    name_and_server(name).0
}

/// A file that a DBA runs.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ScriptFile {
    /// Its name.
    pub name: String,
    /// What it does, as a line of a list says it.
    pub about: String,
    /// How many items of the plan are in it.
    pub items: usize,
    /// Its text.
    pub text: String,
}

/// The dialect of an engine.
#[must_use]
pub fn of(engine: Engine) -> &'static dyn Dialect {
    match engine {
        Engine::SqlServer => &sqlserver::SqlServer,
        Engine::Oracle => &oracle::Oracle,
        Engine::Sqlite => &sqlite::Sqlite,
    }
}
