//! What verification found, judged.

use serde::{Deserialize, Serialize};

use crate::settings::Accept;

/// The version of the file's shape.
pub const FORMAT: u32 = 1;

/// What was found at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "verdict", rename_all = "kebab-case")]
pub enum Verdict {
    /// Nothing is left.
    Clean,
    /// Something is left.
    Residue {
        /// How many rows.
        rows: u64,
        /// One of them, without secrets.
        sample: String,
    },
    /// Something is left, and a person said that it may.
    Accepted {
        /// How many rows.
        rows: u64,
        /// Why it may.
        because: String,
    },
    /// It could not be seen. This is not green.
    Unknown {
        /// Why.
        why: String,
    },
}

/// One thing that was checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Check {
    /// `scan` for a trace of the source, else the id of an invariant.
    pub id: String,
    /// What must hold.
    pub title: String,
    /// The database's role.
    pub database: String,
    /// The table.
    pub table: String,
    /// The column; empty where the row itself is what is left.
    pub column: String,
    /// What was found.
    pub verdict: Verdict,
}

/// What verification looked at.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Coverage {
    /// Databases walked.
    pub databases: u64,
    /// Tables walked.
    pub tables: u64,
    /// Rows walked.
    pub rows: u64,
    /// Bytes of text searched.
    pub text_bytes: u64,
    /// Bytes of binary values searched.
    pub binary_bytes: u64,
    /// Texts searched for.
    pub terms: u64,
    /// Secrets searched for, by digest.
    pub secrets: u64,
    /// Invariants checked.
    pub invariants: u64,
    /// What was not looked at: what, and why.
    pub skipped: Vec<(String, String)>,
}

/// The result of verification.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verification {
    /// [`FORMAT`].
    pub format: u32,
    /// What was checked and found; places where the walk found nothing are only counted in `coverage`.
    pub checks: Vec<Check>,
    /// What was looked at.
    pub coverage: Coverage,
}

/// How many of each verdict.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Tally {
    /// Checks with nothing left.
    pub clean: u32,
    /// Places with something left.
    pub residue: u32,
    /// Places where a person accepted what is left.
    pub accepted: u32,
    /// Checks that could not be made.
    pub unknown: u32,
}

impl Verification {
    /// Takes in what a person accepts.
    #[must_use]
    pub fn judged(mut self, accept: &[Accept]) -> Self {
        for check in &mut self.checks {
            let Verdict::Residue { rows, .. } = check.verdict else {
                continue;
            };
            if let Some(rule) = accept.iter().find(|rule| covers(rule, check)) {
                check.verdict = Verdict::Accepted {
                    rows,
                    because: rule.because.clone(),
                };
            }
        }
        self
    }

    /// How many of each verdict.
    #[must_use]
    pub fn tally(&self) -> Tally {
        let mut tally = Tally::default();
        for check in &self.checks {
            match check.verdict {
                Verdict::Clean => tally.clean += 1,
                Verdict::Residue { .. } => tally.residue += 1,
                Verdict::Accepted { .. } => tally.accepted += 1,
                Verdict::Unknown { .. } => tally.unknown += 1,
            }
        }
        tally
    }
}

fn covers(rule: &Accept, check: &Check) -> bool {
    let table = match rule.table.strip_suffix('*') {
        Some(start) => check
            .table
            .get(..start.len())
            .is_some_and(|head| head.eq_ignore_ascii_case(start)),
        None => check.table.eq_ignore_ascii_case(&rule.table),
    };
    table
        && rule
            .column
            .as_ref()
            .is_none_or(|column| column.eq_ignore_ascii_case(&check.column))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn residue(table: &str, column: &str) -> Verification {
        let check = Check {
            id: "scan".into(),
            title: String::new(),
            database: "platform".into(),
            table: table.into(),
            column: column.into(),
            verdict: Verdict::Residue {
                rows: 3,
                sample: "x".into(),
            },
        };
        Verification {
            format: FORMAT,
            checks: vec![check],
            coverage: Coverage::default(),
        }
    }

    fn rule(table: &str, column: Option<&str>) -> Accept {
        Accept {
            table: table.into(),
            column: column.map(Into::into),
            because: "checked".into(),
        }
    }

    #[test]
    fn only_what_a_rule_names_is_accepted() {
        let accepted = |rule| {
            residue("oslog_Error_1", "Server")
                .judged(&[rule])
                .tally()
                .accepted
        };
        assert_eq!(accepted(rule("OSLOG_*", None)), 1);
        assert_eq!(accepted(rule("oslog_error_1", Some("SERVER"))), 1);
        assert_eq!(accepted(rule("oslog_error_1", Some("Message"))), 0);
        assert_eq!(accepted(rule("ossys_*", None)), 0);
    }
}
