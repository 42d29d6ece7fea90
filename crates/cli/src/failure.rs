//! How a command ends when it does not succeed: first the state of the world, then why, then what to do.

use envclone_core::lint::Finding;
use envclone_core::plan::DraftError;
use envclone_db::{DbError, Trouble};

use crate::args::Cli;

/// The exit codes, which are an interface.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub enum Exit {
    /// Something that nobody foresaw.
    Unexpected = 1,
    /// The command line is wrong.
    Usage = 2,
    /// Settings, steps, an inventory or a plan are invalid.
    Invalid = 3,
    /// A database can't be reached, read or written.
    NoAccess = 4,
    /// Evidence speaks against the run.
    Refused = 5,
    /// The run stopped and can go on.
    Stopped = 6,
    /// Verification found something of the source, or a release check something that would fire.
    Residue = 7,
    /// A person said no, or there was nobody to ask.
    NotApproved = 8,
    /// Interrupted by a person.
    Interrupted = 130,
}

/// Nothing happened yet.
pub const NOTHING_CHANGED: &str = "nothing was changed";

/// Why a command ended.
#[derive(Debug)]
pub struct Failure {
    /// The exit code.
    pub exit: Exit,
    /// The state of the world.
    pub state: String,
    /// Why.
    pub why: Vec<Why>,
    /// What to do.
    pub hint: Option<String>,
}

/// One reason, with what to do about it where that differs from reason to reason.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Why {
    /// What was seen.
    pub what: String,
    /// What to do about this one.
    pub hint: Option<String>,
}

impl From<String> for Why {
    fn from(what: String) -> Self {
        Self { what, hint: None }
    }
}

impl From<&str> for Why {
    fn from(what: &str) -> Self {
        what.to_owned().into()
    }
}

impl Failure {
    /// A failure before anything was changed.
    pub fn before(exit: Exit, why: impl Into<Why>) -> Self {
        Self {
            exit,
            state: NOTHING_CHANGED.to_owned(),
            why: vec![why.into()],
            hint: None,
        }
    }

    /// The same with a hint.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// The same in another state of the world.
    #[must_use]
    pub fn state(mut self, state: impl Into<String>) -> Self {
        self.state = state.into();
        self
    }

    /// A refusal by evidence, each finding with its own hint.
    #[must_use]
    pub fn refused(findings: &[Finding]) -> Self {
        let why = findings
            .iter()
            .map(|finding| Why {
                what: format!("{} [{}]", finding.what, finding.lint),
                hint: Some(finding.hint.clone()),
            })
            .collect();
        Self {
            exit: Exit::Refused,
            state: NOTHING_CHANGED.to_owned(),
            why,
            hint: None,
        }
    }

    /// No plan can be made.
    #[must_use]
    pub fn undrafted(error: &DraftError) -> Self {
        let failure = Self::before(Exit::Invalid, chain(error));
        match error {
            DraftError::NoCopy(why) => failure.hint(why.hint()),
            DraftError::NoApplicationTables { .. } => failure.hint(
                "name the schema that they are in: `runtime` under [source] and [target] on Oracle, or under [source.catalogs] and \
                 [target.catalogs]; and see with `envclone doctor` whether the login may look there",
            ),
            _ => failure,
        }
    }

    /// The same with hints whose commands repeat what the user gave.
    #[must_use]
    pub fn repeating(mut self, cli: &Cli) -> Self {
        let hints = self.why.iter_mut().map(|why| &mut why.hint);
        for hint in hints.chain([&mut self.hint]).flatten() {
            *hint = cli.repeat(hint);
        }
        self
    }

    /// The same for machines.
    #[must_use]
    pub fn json(&self) -> serde_json::Value {
        let mut hints: Vec<&str> = Vec::new();
        let all = self.why.iter().map(|why| &why.hint).chain([&self.hint]);
        for hint in all.flatten() {
            if !hints.contains(&hint.as_str()) {
                hints.push(hint);
            }
        }
        let why: Vec<&str> = self.why.iter().map(|why| why.what.as_str()).collect();
        serde_json::json!({
            "format": 1,
            "exit": self.exit as u8,
            "state": self.state,
            "why": why,
            "hints": hints,
        })
    }

    /// The reasons in one line.
    #[must_use]
    pub fn reasons(&self) -> String {
        let whats: Vec<&str> = self.why.iter().map(|why| why.what.as_str()).collect();
        whats.join("; ")
    }
}

impl From<DbError> for Failure {
    fn from(error: DbError) -> Self {
        let exit = match error.trouble {
            Trouble::Interrupted => Exit::Interrupted,
            Trouble::Other | Trouble::Constraint => Exit::Unexpected,
            _ => Exit::NoAccess,
        };
        Self::before(exit, error.to_string()).hint(error.trouble.hint())
    }
}

/// A file that could not be read or written.
pub fn file_failure(doing: &str, path: &std::path::Path, error: &std::io::Error) -> Failure {
    let hint = match error.kind() {
        std::io::ErrorKind::StorageFull => "free some space and try again",
        std::io::ErrorKind::PermissionDenied => "check the permissions of the file and its folder",
        std::io::ErrorKind::NotFound => "check the path",
        std::io::ErrorKind::AlreadyExists => "name another one, or move it away",
        _ => "check the path and the disk",
    };
    Failure::before(
        Exit::NoAccess,
        format!("can't {doing} `{}`: {error}", path.display()),
    )
    .hint(hint)
}

/// An error with its causes, in one line.
pub fn chain(error: &dyn std::error::Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text += &format!(": {error}");
        cause = error.source();
    }
    text
}
