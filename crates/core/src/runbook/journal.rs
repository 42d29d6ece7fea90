//! What a runbook's journal says: who did what, when, on which machine, and what was seen.

use serde::{Deserialize, Serialize};

use super::check::Looked;
use super::fact::Fact;
use crate::journal::Record;

/// The version of the journal's format.
pub const FORMAT: u32 = 1;

/// Something that was decided, done or seen.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The first line.
    RunbookStarted {
        /// [`FORMAT`] of the tool that wrote the journal.
        format: u32,
        /// The runbook's id.
        runbook: String,
        /// The tool's version.
        tool: String,
        /// Who and where.
        by: By,
    },
    /// A deed is about to be done.
    DeedStarted {
        /// The step.
        step: u32,
        /// Which of its deeds, from 1.
        deed: u32,
        /// What it is, as it was shown.
        what: String,
        /// Who approved it, on which machine it is done.
        by: By,
    },
    /// A deed was done.
    DeedDone {
        /// The step.
        step: u32,
        /// Which of its deeds.
        deed: u32,
        /// On which machine.
        machine: String,
        /// What came of it, without secrets.
        result: String,
        /// What later steps go by.
        #[serde(default, skip_serializing_if = "Vec::is_empty")]
        facts: Vec<Fact>,
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// A deed failed.
    DeedFailed {
        /// The step.
        step: u32,
        /// Which of its deeds.
        deed: u32,
        /// On which machine.
        machine: String,
        /// Why.
        error: String,
    },
    /// A step's checks were looked at.
    Checked {
        /// The step.
        step: u32,
        /// The machine that it is about.
        on: String,
        /// Who and where.
        by: By,
        /// What was found.
        found: Vec<Looked>,
    },
    /// A step is done, on one machine.
    Done {
        /// The step.
        step: u32,
        /// The machine that it was done on.
        on: String,
        /// Who says so, and where.
        by: By,
        /// Why it counts as done although a check failed, or could not be looked at.
        #[serde(default)]
        because: Option<String>,
    },
    /// A step is not taken.
    Skipped {
        /// The step.
        step: u32,
        /// Who decided.
        by: By,
        /// Why.
        because: String,
    },
    /// A step is open again; nothing that was done is undone.
    Reopened {
        /// The step.
        step: u32,
        /// Who decided.
        by: By,
    },
    /// The runbook was made again from the settings as they are now.
    Renewed {
        /// The new runbook's id.
        runbook: String,
        /// The tool's version.
        tool: String,
        /// Who decided.
        by: By,
    },
    /// Every step is done or skipped.
    Finished {
        /// Who ended it.
        by: By,
    },
    /// Something that a newer version wrote.
    #[serde(other)]
    Unknown,
}

/// Who, and on which machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct By {
    /// The person or account.
    pub who: String,
    /// The machine.
    pub machine: String,
}

impl Record for Event {
    const FORMAT: u32 = FORMAT;

    fn opens(&self) -> bool {
        matches!(self, Self::RunbookStarted { .. })
    }
}

impl Event {
    /// The step that it is about, by its number in the runbook of that time.
    #[must_use]
    pub fn step(&self) -> Option<u32> {
        match self {
            Self::DeedStarted { step, .. }
            | Self::DeedDone { step, .. }
            | Self::DeedFailed { step, .. }
            | Self::Checked { step, .. }
            | Self::Done { step, .. }
            | Self::Skipped { step, .. }
            | Self::Reopened { step, .. } => Some(*step),
            Self::RunbookStarted { .. }
            | Self::Renewed { .. }
            | Self::Finished { .. }
            | Self::Unknown => None,
        }
    }

    /// The runbook that goes on from here.
    #[must_use]
    pub fn runbook(&self) -> Option<&str> {
        match self {
            Self::RunbookStarted { runbook, .. } | Self::Renewed { runbook, .. } => Some(runbook),
            _ => None,
        }
    }

    /// The name that the journal uses.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunbookStarted { .. } => "runbook-started",
            Self::DeedStarted { .. } => "deed-started",
            Self::DeedDone { .. } => "deed-done",
            Self::DeedFailed { .. } => "deed-failed",
            Self::Checked { .. } => "checked",
            Self::Done { .. } => "done",
            Self::Skipped { .. } => "skipped",
            Self::Reopened { .. } => "reopened",
            Self::Renewed { .. } => "renewed",
            Self::Finished { .. } => "finished",
            Self::Unknown => "unknown",
        }
    }
}
