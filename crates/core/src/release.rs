//! What would fire once the Scheduler starts or the factory is published, and how it is held.
//!
//! The shell asks a copy what [`looks`] and [`endpoints`] spell, and puts the answers into a [`ReleaseCheck`].
//! [`hold`] says what a person can have held, and how it is let go again.

pub mod endpoints;
pub mod hold;
pub mod looks;

use std::collections::BTreeSet;
use std::fmt;
use std::str::FromStr;

use serde::{Deserialize, Serialize};

use crate::evidence::Observed;
use endpoints::Endpoint;

/// The version of the value's shape.
pub const FORMAT: u32 = 1;

/// What fires: each kind can be held by itself.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Kind {
    /// Timers.
    Timers,
    /// E-mails.
    Emails,
    /// Business processes.
    Processes,
}

impl Kind {
    /// Every one.
    pub const ALL: [Self; 3] = [Self::Timers, Self::Emails, Self::Processes];

    /// Its name on the command line and in the table of what is held.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Timers => "timers",
            Self::Emails => "emails",
            Self::Processes => "processes",
        }
    }
}

impl fmt::Display for Kind {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(self.name())
    }
}

impl FromStr for Kind {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let same = |kind: &&Self| kind.name() == text;
        Self::ALL
            .iter()
            .find(same)
            .copied()
            .ok_or_else(|| format!("`{text}` is none of timers, emails and processes"))
    }
}

/// What was looked for in one copy, at one moment.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ReleaseCheck {
    /// [`FORMAT`].
    pub format: u32,
    /// When, in the database's clock.
    pub at: String,
    /// The platform database, as the settings name it.
    pub database: String,
    /// The engine's name for this one database.
    pub file: String,
    /// What was counted.
    pub rows: Vec<Row>,
    /// What could be called.
    pub endpoints: Endpoints,
}

/// One thing that was counted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Row {
    /// Its id, which stays the same.
    pub id: String,
    /// What was counted.
    pub title: String,
    /// What would fire.
    pub kind: Kind,
    /// Whether it would fire by itself. What comes later is only told.
    pub fires: bool,
    /// How many; not known where a table could not be read, or none of its tables is there.
    pub count: Observed<u64>,
    /// Tables that were not counted since this environment has no such table or column.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// A table that nothing was counted in, and why.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// The table.
    pub table: String,
    /// What is missing.
    pub why: String,
}

/// What the applications could call.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Endpoints {
    /// Each of them; not known where a table could not be read, or none of its tables is there.
    pub found: Observed<Vec<Endpoint>>,
    /// Tables that were not looked into.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// How many endpoints there are.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Tally {
    /// Addresses that lead somewhere.
    pub addresses: u64,
    /// Hosts that they lead to.
    pub hosts: u64,
    /// Modules that have one.
    pub modules: u64,
    /// Addresses that lead nowhere.
    pub nowhere: u64,
}

impl Endpoints {
    /// How many there are, as far as they are known.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let found = self.found.known().map(Vec::as_slice).unwrap_or_default();
        let live: Vec<&Endpoint> = found.iter().filter(|one| !one.is_nowhere()).collect();
        let distinct = |of: fn(&Endpoint) -> &str| {
            let names: BTreeSet<&str> = live.iter().map(|one| of(one)).collect();
            names.len() as u64
        };
        Tally {
            addresses: live.len() as u64,
            hosts: distinct(|one| &one.host),
            modules: distinct(|one| &one.module),
            nowhere: (found.len() - live.len()) as u64,
        }
    }
}

/// How a row stands.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Standing {
    /// Nothing would fire, or it is only told.
    Green,
    /// Something would fire.
    Red,
    /// Nobody knows, which is not green.
    Unknown,
}

impl Row {
    /// How it stands.
    #[must_use]
    pub fn standing(&self) -> Standing {
        match self.count {
            Observed::Unknown { .. } => Standing::Unknown,
            Observed::Known(count) if self.fires && count > 0 => Standing::Red,
            Observed::Known(_) => Standing::Green,
        }
    }
}

impl ReleaseCheck {
    /// Whether services may start: nothing would fire, and everything could be seen. What could be called does not make it
    /// red by itself, since every factory calls something.
    #[must_use]
    pub fn is_green(&self) -> bool {
        let rows = self
            .rows
            .iter()
            .all(|row| row.standing() == Standing::Green);
        // Nothing that was looked for is nothing that was seen.
        rows && !self.rows.is_empty() && self.endpoints.found.known().is_some()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn row(count: Observed<u64>, fires: bool) -> Row {
        Row {
            id: "x".to_owned(),
            title: "x".to_owned(),
            kind: Kind::Timers,
            fires,
            count,
            left_out: Vec::new(),
        }
    }

    fn check(rows: Vec<Row>, endpoints: Observed<Vec<Endpoint>>) -> ReleaseCheck {
        ReleaseCheck {
            format: FORMAT,
            at: String::new(),
            database: String::new(),
            file: String::new(),
            rows,
            endpoints: Endpoints {
                found: endpoints,
                left_out: Vec::new(),
            },
        }
    }

    fn unknown<T>() -> Observed<T> {
        Observed::Unknown {
            why: "locked".to_owned(),
        }
    }

    #[test]
    fn only_a_check_that_saw_everything_and_found_nothing_is_green() {
        let quiet = || row(Observed::Known(0), true);
        let seen = || Observed::Known(Vec::new());
        assert!(check(vec![quiet()], seen()).is_green());
        let later = row(Observed::Known(3), false);
        assert!(check(vec![quiet(), later], seen()).is_green());
        for (rows, endpoints) in [
            (Vec::new(), seen()),
            (vec![quiet(), row(Observed::Known(1), true)], seen()),
            (vec![quiet(), row(unknown(), true)], seen()),
            (vec![quiet(), row(unknown(), false)], seen()),
            (vec![quiet()], unknown()),
        ] {
            assert!(!check(rows, endpoints).is_green());
        }
    }

    #[test]
    fn it_comes_back_from_a_file_and_nothing_else_does() {
        let check = check(vec![row(unknown(), true)], Observed::Known(Vec::new()));
        let text = serde_json::to_string(&check).unwrap_or_default();
        assert_eq!(
            serde_json::from_str::<ReleaseCheck>(&text).ok(),
            Some(check)
        );
        let more = text.replacen('{', "{\"more\":1,", 1);
        assert!(serde_json::from_str::<ReleaseCheck>(&more).is_err());
    }
}
