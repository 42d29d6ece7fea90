//! What a run wrote down before and after everything that it did, and what that says after a crash.
//!
//! A journal is a file of lines, each a JSON object that carries its number and a hash of the line before.
//! [`line()`] writes one, [`read`] reads them all and refuses any that were changed, [`replay`] says how far the
//! run came. The shell writes a line, and waits for the disk, before it does what the line announces.

use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

pub use progress::{GroupState, Progress, State, Verified, replay};

mod progress;
#[cfg(test)]
mod tests;

/// The version of the journal's format. A journal of another one is refused.
pub const FORMAT: u32 = 1;

/// The link of the first line, which has no line before it.
pub const FIRST_LINK: &str = "0000000000000000";

/// Something that is about to be done, or that was.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "event", rename_all = "kebab-case")]
pub enum Event {
    /// The first line: which plan is carried out, with what, by whom.
    RunStarted {
        /// [`FORMAT`] of the tool that wrote the journal.
        format: u32,
        /// The run's id.
        run: String,
        /// The plan's id.
        plan: String,
        /// The tool and its version.
        tool: String,
        /// The person or account that ran it.
        who: String,
        /// The computer that it ran on.
        machine: String,
    },
    /// A new process took over; whatever the one before had open is gone.
    Resumed {
        /// The person or account that ran it.
        who: String,
        /// The computer that it ran on.
        machine: String,
    },
    /// An item is about to run.
    Started {
        /// The item.
        seq: u32,
        /// The rows that it would touch, counted just before.
        #[serde(default)]
        before: Option<u64>,
    },
    /// An item ran, or was found by its own check to have run.
    Succeeded {
        /// The item.
        seq: u32,
        /// The rows that it touched.
        rows: u64,
        /// How long it took, in milliseconds.
        millis: u64,
    },
    /// An item ran into an error.
    Failed {
        /// The item.
        seq: u32,
        /// The error, with its causes.
        error: String,
    },
    /// An item is not run. This is final: a rollback does not undo what was decided.
    Skipped {
        /// The item.
        seq: u32,
        /// Who or what decided so.
        by: String,
    },
    /// An item made the clone, and this is what proves later that the target is that clone.
    Cloned {
        /// The item.
        seq: u32,
        /// The clone's identity.
        identity: String,
    },
    /// An item asked a server something, and later items use the answer.
    Noted {
        /// The item.
        seq: u32,
        /// What they call it.
        name: String,
        /// The answer.
        value: String,
    },
    /// All items of a transaction ran, and it is about to be committed.
    Committing {
        /// The items that share the transaction.
        group: String,
    },
    /// A transaction was committed.
    Committed {
        /// The items that share the transaction.
        group: String,
        /// What showed it, when a resumed run found it out: `marker` or `checks`.
        #[serde(default)]
        settled: Option<String>,
    },
    /// A transaction was rolled back.
    RolledBack {
        /// The items that share the transaction.
        group: String,
        /// Why.
        because: String,
    },
    /// The result was verified.
    Verified {
        /// Checks that found nothing left.
        clean: u32,
        /// Checks that found something left.
        residue: u32,
        /// Checks that could not tell.
        unknown: u32,
    },
    /// Every item is done or skipped.
    Finished,
    /// Something that a newer version wrote.
    #[serde(other)]
    Unknown,
}

impl Event {
    /// The name that the journal uses.
    #[must_use]
    pub fn name(&self) -> &'static str {
        match self {
            Self::RunStarted { .. } => "run-started",
            Self::Resumed { .. } => "resumed",
            Self::Started { .. } => "started",
            Self::Succeeded { .. } => "succeeded",
            Self::Failed { .. } => "failed",
            Self::Skipped { .. } => "skipped",
            Self::Cloned { .. } => "cloned",
            Self::Noted { .. } => "noted",
            Self::Committing { .. } => "committing",
            Self::Committed { .. } => "committed",
            Self::RolledBack { .. } => "rolled-back",
            Self::Verified { .. } => "verified",
            Self::Finished => "finished",
            Self::Unknown => "unknown",
        }
    }
}

/// What the lines of a journal say: a run's [`Event`]s, or a runbook's.
pub trait Record: Clone + Serialize + DeserializeOwned {
    /// The version of the format. A journal of another one is refused.
    const FORMAT: u32;
    /// Whether this is what a first line says.
    fn opens(&self) -> bool;
}

impl Record for Event {
    const FORMAT: u32 = FORMAT;

    fn opens(&self) -> bool {
        matches!(self, Self::RunStarted { .. })
    }
}

/// One line, read.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
pub struct Entry<E> {
    /// The number of the line, from 1.
    pub n: u64,
    /// When it was written: RFC 3339, UTC.
    pub at: String,
    /// The [`link`] of the line before.
    pub prev: String,
    /// What it says.
    #[serde(rename = "entry")]
    pub event: E,
}

/// The journal of a run, read.
pub type Journal = JournalOf<Event>;

/// A journal, read.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct JournalOf<E> {
    /// Its whole lines. None, if it was torn in the first one.
    pub entries: Vec<Entry<E>>,
    /// Where the whole lines end, if something without a newline follows: a line that was being written when the
    /// machine or the process died. What it would have announced was not begun, so it may be cut off.
    pub torn: Option<u64>,
    link: String,
}

impl<E: Record> JournalOf<E> {
    /// The events, which is what [`replay`] wants.
    #[must_use]
    pub fn events(&self) -> Vec<E> {
        self.entries
            .iter()
            .map(|entry| entry.event.clone())
            .collect()
    }

    /// The number of the line to write next.
    #[must_use]
    pub fn next(&self) -> u64 {
        self.entries.last().map_or(1, |entry| entry.n + 1)
    }

    /// The link that the line to write next carries.
    #[must_use]
    pub fn link(&self) -> &str {
        &self.link
    }

    /// Checks one whole line against those before it, and keeps it.
    fn take(&mut self, line: &[u8]) -> Result<(), Damage> {
        let entry: Entry<E> = serde_json::from_slice(line).map_err(Damage::Unreadable)?;
        let expected = self.next();
        if entry.n != expected {
            return Err(Damage::Number { found: entry.n });
        }
        if entry.prev != self.link {
            return Err(Damage::Link);
        }
        if expected == 1 && !entry.event.opens() {
            return Err(Damage::Headless);
        }
        self.link = link(line);
        self.entries.push(entry);
        Ok(())
    }
}

/// Why a journal can't be used.
#[derive(Debug, thiserror::Error)]
pub enum JournalError {
    /// Not one whole line is in it.
    #[error("the journal has no whole line")]
    Empty,
    /// Another version of the tool wrote it.
    #[error("the journal has format {found}, and this version reads format {reads}")]
    Format {
        /// The format that it says it has.
        found: u32,
        /// The format that this version reads.
        reads: u32,
    },
    /// It is not what the tool wrote.
    #[error("line {line} of the journal is damaged")]
    Damaged {
        /// The number of the line, from 1.
        line: u64,
        /// What is wrong with it.
        #[source]
        why: Damage,
    },
}

impl JournalError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Empty => "no run was begun with it; start a new one with another journal",
            Self::Format { .. } => "resume with the version of envclone that wrote it",
            Self::Damaged { .. } => {
                "what this run did can't be known from it; clone the database again and start a new run"
            }
        }
    }
}

/// What is wrong with a line of a journal.
#[derive(Debug, thiserror::Error)]
pub enum Damage {
    /// It is no journal line.
    #[error("it is no journal line")]
    Unreadable(#[source] serde_json::Error),
    /// It has another line's number: lines are missing, or were added.
    #[error("it says that it is line {found}")]
    Number {
        /// The number that it carries.
        found: u64,
    },
    /// The line before it was changed.
    #[error("it does not continue the line before it, which was changed")]
    Link,
    /// The first line does not say which run this is.
    #[error("a journal begins with the line that says what it is of")]
    Headless,
    /// It names an item that the plan does not have.
    #[error("the plan has no item {0}")]
    NoSuchItem(u32),
    /// It names a group that the plan does not have.
    #[error("the plan has no group `{0}`")]
    NoSuchGroup(String),
    /// It says that the run finished when it had not.
    #[error("it says that the run finished, but item {0} is not done")]
    Unfinished(u32),
    /// It says what can't have happened.
    #[error(transparent)]
    Illegal(#[from] Illegal),
}

/// An event that can't have happened after those before it.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`{event}` can't happen to {what} that is {state}")]
pub struct Illegal {
    /// The event's name.
    pub event: &'static str,
    /// What it would have happened to: `an item`, `a group` or `a run`.
    pub what: &'static str,
    /// The state that this was in.
    pub state: &'static str,
}

/// Writes one line, which ends in a newline.
///
/// # Errors
/// None that is known: texts and numbers always have a JSON form.
pub fn line<E: Record>(
    n: u64,
    at: &str,
    prev: &str,
    event: &E,
) -> Result<String, serde_json::Error> {
    #[derive(Serialize)]
    struct Line<'a, E> {
        n: u64,
        at: &'a str,
        prev: &'a str,
        entry: &'a E,
    }
    let entry = event;
    let mut line = serde_json::to_string(&Line { n, at, prev, entry })?;
    line.push('\n');
    Ok(line)
}

/// The link from a line to the next one: 16 hexadecimal digits of BLAKE3 over its bytes, newline excluded.
#[must_use]
pub fn link(line: &[u8]) -> String {
    let mut digest = crate::digest(line.strip_suffix(b"\n").unwrap_or(line));
    digest.truncate(FIRST_LINK.len());
    digest
}

/// Reads a run's journal. A torn last line is reported, not an error.
///
/// # Errors
/// [`JournalError`] for a journal that is empty, has another format, or is not what the tool wrote.
pub fn read(text: &[u8]) -> Result<Journal, JournalError> {
    read_of(text)
}

/// Reads a journal of any kind, as [`read`] does.
///
/// # Errors
/// As for [`read`].
pub fn read_of<E: Record>(text: &[u8]) -> Result<JournalOf<E>, JournalError> {
    if text.is_empty() {
        return Err(JournalError::Empty);
    }
    let end = text
        .iter()
        .rposition(|byte| *byte == b'\n')
        .map_or(0, |at| at + 1);
    let (whole, torn) = text.split_at(end);
    let mut journal = JournalOf {
        entries: Vec::new(),
        torn: (!torn.is_empty()).then_some(end as u64),
        link: FIRST_LINK.to_owned(),
    };
    for (line, number) in whole.split_inclusive(|byte| *byte == b'\n').zip(1..) {
        if number == 1
            && let Some(found) = other_format(line, E::FORMAT)
        {
            let reads = E::FORMAT;
            return Err(JournalError::Format { found, reads });
        }
        let damaged = |why| JournalError::Damaged { line: number, why };
        journal.take(line).map_err(damaged)?;
    }
    Ok(journal)
}

/// The format that a first line says it has, if that is another one. Looks at nothing else, because all else may be
/// different in another format.
fn other_format(line: &[u8], reads: u32) -> Option<u32> {
    #[derive(Deserialize)]
    struct Head {
        entry: Format,
    }
    #[derive(Deserialize)]
    struct Format {
        format: u32,
    }
    let head: Head = serde_json::from_slice(line).ok()?;
    Some(head.entry.format).filter(|format| *format != reads)
}
