//! A step of the runbook: what one TOML file says.

use std::fmt;

use serde::{Deserialize, Serialize};

use super::check::CheckKind;
use super::deed::Verb;
use super::value::ValueName;
use crate::engine::Engine;

/// Which of the published ways an environment goes from a clean copy to a running one.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Way {
    /// The platform is installed anew.
    Fresh,
    /// An installed platform is led to the copy.
    Reconfigure,
}

impl Way {
    /// Both, in the order of the article.
    pub const ALL: [Self; 2] = [Self::Fresh, Self::Reconfigure];

    /// The name on the command line.
    #[must_use]
    pub fn name(self) -> &'static str {
        ["fresh", "reconfigure"][self as usize]
    }

    /// The article's own heading.
    #[must_use]
    pub fn title(self) -> &'static str {
        [
            "Fresh installation using a restored database",
            "Reconfigure an installation to use a restored database",
        ][self as usize]
    }
}

impl fmt::Display for Way {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

/// A step file, whole. Its id is the name of the file.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct StepFile {
    /// The id, in kebab-case.
    #[serde(skip)]
    pub id: String,
    /// What it does, in one line.
    pub title: String,
    /// Why it matters, and what goes wrong without it.
    pub why: String,
    /// Where it comes from.
    pub source: String,
    /// Its numbers in the article's lists; none for a step of this project's own.
    #[serde(default)]
    pub published: Published,
    /// What a person clicks or runs.
    pub text: String,
    /// What is different on Oracle; follows the text.
    #[serde(default)]
    pub on_oracle: Option<String>,
    /// What is different on SQL Server; follows the text.
    #[serde(default)]
    pub on_sqlserver: Option<String>,
    /// The values that a person needs for it.
    #[serde(default)]
    pub values: Vec<ValueName>,
    /// What must be so of an environment for the step to be in its runbook.
    #[serde(default)]
    pub when: Vec<Condition>,
    /// On which machines it is taken.
    #[serde(default)]
    pub on: Place,
    /// Whether the article calls it optional.
    #[serde(default)]
    pub optional: bool,
    /// Whether nothing after it may be taken until its checks hold, and skipping it is no way past it.
    #[serde(default)]
    pub gate: bool,
    /// What envclone can do of it, in order.
    #[serde(default, rename = "do")]
    pub verbs: Vec<Verb>,
    /// What is looked at afterwards.
    #[serde(default, rename = "check")]
    pub checks: Vec<CheckKind>,
}

/// Who takes a step, in the words of the table of steps.
pub(super) fn kind(automated: bool, checked: bool) -> &'static str {
    match (automated, checked) {
        (true, _) => "automated",
        (false, true) => "guided and checked",
        (false, false) => "guided",
    }
}

impl StepFile {
    /// Who takes it where the settings say what it takes.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        kind(!self.verbs.is_empty(), !self.checks.is_empty())
    }

    /// The text for an engine.
    #[must_use]
    pub fn text_for(&self, engine: Engine) -> String {
        let more = [&self.on_sqlserver, &self.on_oracle][usize::from(engine.has_schemas())];
        match more {
            Some(more) => format!("{}\n\n{}", self.text.trim_end(), more.trim_end()),
            None => self.text.trim_end().to_owned(),
        }
    }
}

/// On which machines a step is taken.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Place {
    /// On the controller, which is the only machine where there is one.
    #[default]
    Controller,
    /// On each machine of the environment.
    EveryMachine,
    /// On each machine but the controller.
    FrontEnds,
    /// On any computer: in a browser, or by an API.
    Anywhere,
}

impl Place {
    /// As a sentence says it.
    #[must_use]
    pub fn phrase(self) -> &'static str {
        [
            "on the controller",
            "on every machine",
            "on each front-end",
            "from any computer",
        ][self as usize]
    }
}

/// What must be so of an environment. What nobody knows counts as so: a step too many can be skipped, one too few is missed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Condition {
    /// It has extra catalogs or schemas.
    HasCatalogs,
    /// `LifeTime` manages it, or the settings name a `LifeTime`.
    ManagedByLifetime,
    /// It has several machines.
    HasFrontEnds,
    /// The settings name connections for `LifeTime` to make.
    WantsConnections,
}

impl Condition {
    /// Why a step is left out where this is not so.
    #[must_use]
    pub fn unmet(self) -> &'static str {
        [
            "the environment has no extra catalogs or schemas",
            "LifeTime did not manage the source, and the settings name no `[runbook.lifetime]`",
            "`[runbook] machines` names at most one machine",
            "the settings name no `[[runbook.connections]]`",
        ][self as usize]
    }
}

/// A step's numbers in the article.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Published {
    /// In the list of the fresh installation.
    #[serde(default)]
    pub fresh: Option<Numbers>,
    /// In the list of the reconfiguration.
    #[serde(default)]
    pub reconfigure: Option<Numbers>,
}

impl Published {
    /// The numbers in one of the lists.
    #[must_use]
    pub fn numbers(&self, way: Way) -> Option<&Numbers> {
        [&self.fresh, &self.reconfigure][way as usize].as_ref()
    }
}

/// Numbers in the article's older and newest version; versions lack some steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Numbers {
    /// SQL Server's list, older version.
    #[serde(default)]
    pub sqlserver: Option<u32>,
    /// SQL Server's list, newest version.
    #[serde(default)]
    pub sqlserver_newest: Option<u32>,
    /// Oracle's list, older version.
    #[serde(default)]
    pub oracle: Option<u32>,
    /// Oracle's list, newest version.
    #[serde(default)]
    pub oracle_newest: Option<u32>,
}

impl Numbers {
    /// The older and the newest version's number for an engine.
    #[must_use]
    pub fn get(&self, engine: Engine) -> (Option<u32>, Option<u32>) {
        [
            (self.sqlserver, self.sqlserver_newest),
            (self.oracle, self.oracle_newest),
        ][usize::from(engine.has_schemas())]
    }

    /// As people write them: `3`, `3 (newest 4)`, `newest 3`, `9 (newest: none)`.
    #[must_use]
    pub fn shown(&self, engine: Engine) -> Option<String> {
        match self.get(engine) {
            (None, None) => None,
            (Some(older), Some(newest)) if older == newest => Some(older.to_string()),
            (Some(older), Some(newest)) => Some(format!("{older} (newest {newest})")),
            (None, Some(newest)) => Some(format!("newest {newest}")),
            (Some(older), None) => Some(format!("{older} (newest: none)")),
        }
    }
}
