//! A clean-up step: what one TOML file of the catalogue says.

use std::collections::BTreeMap;

use serde::{Deserialize, Serialize};

use crate::engine::{Engine, Role};
use crate::filter::{Filter, Literal, Source};

/// How well a step is founded.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub enum Profile {
    /// The published clone procedure itself, in its older and its newest version.
    Official,
    /// Other official articles.
    Documented,
    /// This project's inferences from the metamodel.
    Extra,
}

impl Profile {
    /// Every profile, the narrowest first; each contains the ones before it.
    pub const ALL: [Self; 3] = [Self::Official, Self::Documented, Self::Extra];

    /// The name used in settings.
    #[must_use]
    pub fn name(self) -> &'static str {
        ["official", "documented", "extra"][self as usize]
    }
}

/// A step, whole. Its id is the name of its file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Step {
    /// The id, in kebab-case.
    #[serde(skip)]
    pub id: String,
    /// What it does, in one line.
    pub title: String,
    /// Why a clone needs it, and which defect of the published text was avoided.
    pub why: String,
    /// Where the step comes from.
    pub source: String,
    /// How well it is founded.
    pub profile: Profile,
    /// Steps that must have run before it.
    #[serde(default)]
    pub after: Vec<String>,
    /// Steps that must run after it; how a step of one's own goes in front of a built-in one.
    #[serde(default)]
    pub before: Vec<String>,
    /// Which database it works on; an entity's table is looked for where the entity lives.
    #[serde(default = "platform")]
    pub database: Role,
    /// What is done, in order.
    #[serde(rename = "do")]
    pub actions: Vec<Action>,
}

fn platform() -> Role {
    Role::Platform
}

/// A verb and what it is done to.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub enum Action {
    /// Deletes rows, those that refer to them first.
    DeleteRows(DeleteRows),
    /// Writes columns of rows; rows that are right already are left alone.
    SetColumns(SetColumns),
    /// Drops the users that came with a copy, in every database of the environment.
    DropPrincipals(ByHand),
    /// Makes the users that the settings name.
    CreatePrincipals(ByHand),
    /// SQL of one's own, spelled for every engine, with counts instead of trust.
    Sql(Sql),
    /// What only a person can do. Nothing is run; it is listed as work that remains.
    Guide(Guide),
}

/// What is done with users of databases.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct ByHand {
    /// What a person does where envclone can't, or has nothing to go by.
    pub by_hand: String,
}

/// Deletes rows.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct DeleteRows {
    /// A table's name; a `*` at its end stands for any ending.
    #[serde(default)]
    pub table: Option<String>,
    /// Instead of a table: an entity's `SS_KEY`, since its physical table differs between environments.
    #[serde(default)]
    pub entity: Option<String>,
    /// In which modules the entity counts.
    #[serde(default)]
    pub modules: Modules,
    /// Which rows; all when absent.
    #[serde(default, rename = "where")]
    pub filter: Filter,
    /// Rows of other tables that refer to the deleted ones, known by name since a platform database does
    /// not declare every foreign key.
    #[serde(default)]
    pub references: Vec<Reference>,
    /// Save the rows to a file of the run first.
    #[serde(default)]
    pub save: bool,
}

/// Writes columns.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct SetColumns {
    /// A table's name; a `*` at its end stands for any ending.
    #[serde(default)]
    pub table: Option<String>,
    /// Instead of a table: an entity's `SS_KEY`, since its physical table differs between environments.
    #[serde(default)]
    pub entity: Option<String>,
    /// In which modules the entity counts.
    #[serde(default)]
    pub modules: Modules,
    /// Which rows; all when absent.
    #[serde(default, rename = "where")]
    pub filter: Filter,
    /// The new values by column.
    pub set: BTreeMap<String, NewValue>,
    /// Save the old values to a file of the run first.
    #[serde(default)]
    pub save: bool,
}

/// Modules in which an entity is looked for: an entity's key is not unique, a module cloned from another
/// keeps the keys of its entities.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Modules {
    /// The one active module that has it; more than one is an error.
    #[default]
    One,
    /// Every active module that provides users.
    UserProviders,
}

/// A new value in a step file: a text, a number, or one of the tables `{ empty = true }`, `{ null = true }`,
/// `{ null-date = true }` and `{ table, column, key, matches }`.
#[derive(Clone, Debug, Deserialize)]
#[serde(try_from = "toml::Value")]
pub struct NewValue(pub Source);

/// A lookup as it stands in a step file.
#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct LookupText {
    table: String,
    column: String,
    key: String,
    matches: String,
}

impl TryFrom<toml::Value> for NewValue {
    type Error = String;

    fn try_from(value: toml::Value) -> Result<Self, String> {
        let literal = match &value {
            toml::Value::String(text) => Literal::Text(text.clone()),
            toml::Value::Integer(number) => Literal::Integer(*number),
            toml::Value::Table(table) if table.len() == 1 => {
                match table.keys().next().map(String::as_str) {
                    Some("empty") => Literal::Empty,
                    Some("null") => Literal::Null,
                    Some("null-date") => Literal::NullDate,
                    _ => {
                        return Err(format!(
                            "`{value}` is none of `empty`, `null` and `null-date`"
                        ));
                    }
                }
            }
            toml::Value::Table(_) => {
                let text: LookupText = value
                    .try_into()
                    .map_err(|error: toml::de::Error| error.to_string())?;
                let LookupText {
                    table,
                    column,
                    key,
                    matches,
                } = text;
                return Ok(Self(Source::Lookup {
                    table,
                    column,
                    key,
                    matches,
                }));
            }
            _ => {
                return Err(format!(
                    "`{value}` is neither a text nor a whole number nor a table"
                ));
            }
        };
        Ok(Self(Source::Literal(literal)))
    }
}

/// A table that refers to the deleted rows.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Reference {
    /// The table that refers.
    pub table: String,
    /// Its referring column.
    pub column: String,
    /// The column referred to.
    #[serde(default = "id")]
    pub to: String,
    /// What happens to its rows.
    #[serde(default)]
    pub then: Then,
    /// Tables that refer to it in turn.
    #[serde(default)]
    pub references: Vec<Reference>,
}

fn id() -> String {
    "ID".to_owned()
}

/// What happens to a row that refers to a deleted one.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Then {
    /// It is deleted too.
    #[default]
    Delete,
    /// It stays, and refers to nothing.
    SetNull,
}

/// SQL of one's own.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Sql {
    /// The tables that it needs; where one is missing the step is left out.
    pub tables: Vec<String>,
    /// One statement for each engine. `{table}` is not replaced by anything: there are no templates.
    pub run: PerEngine,
    /// One query for each engine that counts the rows which still need the statement; 0 when it is done.
    pub count: PerEngine,
}

/// A text for every engine; one that is missing is an error of the catalogue.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct PerEngine {
    /// For SQL Server.
    pub sqlserver: String,
    /// For Oracle.
    pub oracle: String,
    /// For SQLite.
    pub sqlite: String,
}

impl PerEngine {
    /// The text for one engine.
    #[must_use]
    pub fn get(&self, engine: Engine) -> &str {
        [&self.sqlserver, &self.oracle, &self.sqlite][engine as usize]
    }
}

/// What only a person can do.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Guide {
    /// What to do, and how to see that it is done.
    pub text: String,
}
