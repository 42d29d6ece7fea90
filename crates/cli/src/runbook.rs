//! A runbook in its run's folder: opened by whoever goes on with it, on whichever machine, one at a time.

pub mod act;
pub mod connections;
pub mod look;
pub mod platform;
pub mod script;

use std::path::PathBuf;

use envclone_core::inventory::Inventory;
use envclone_core::journal::{Entry, read_of};
use envclone_core::report::Ran;
use envclone_core::runbook::journal::{By, Event, FORMAT};
use envclone_core::runbook::progress::{Progress, replay, step_ids};
use envclone_core::runbook::{Parts, Runbook};

use crate::config::Config;
use crate::failure::{Exit, Failure, chain, file_failure};
use crate::folder::{RunFolder, write_json};
use crate::journal_file::{JournalFileError, JournalFileOf};
use crate::run::who;

/// The file of the runbook that was started, in its folder.
const FILE: &str = "runbook.json";

/// Its journal.
const JOURNAL: &str = "journal.jsonl";

/// What `LifeTime` knew of the environment before it was unregistered.
pub const REGISTRATION: &str = "lifetime-registration.json";

/// A runbook as it stands.
#[derive(Clone)]
pub struct Standing {
    /// The run that it belongs to.
    pub run: RunFolder,
    /// The runbook, as it was last renewed.
    pub runbook: Runbook,
    /// The one that was started, and those that it was renewed to.
    runbooks: Vec<Runbook>,
    /// How far it came.
    pub progress: Progress,
    entries: Vec<Entry<Event>>,
}

/// A runbook that this process alone goes on with.
pub struct Open {
    /// As it stands.
    pub standing: Standing,
    journal: JournalFileOf<Event>,
}

/// The folder of a run's runbook.
#[must_use]
pub fn folder(run: &RunFolder) -> PathBuf {
    run.file("runbook")
}

fn unusable(error: &JournalFileError) -> Failure {
    let hint = match error {
        JournalFileError::InUse { .. } => {
            "somebody works with this runbook at the moment; try again when that command has ended"
        }
        JournalFileError::Unusable { .. } => {
            "the journal was changed by something else than envclone; take it from a backup, or move the runbook's folder \
             away and begin a new one: what was done stays done"
        }
        other => other.hint(),
    };
    let exit = match error {
        JournalFileError::Unusable { .. } => Exit::Invalid,
        _ => Exit::NoAccess,
    };
    Failure::before(exit, chain(error)).hint(hint)
}

fn no_runbook(run: &RunFolder) -> Failure {
    Failure::before(
        Exit::Invalid,
        format!("run {} has no runbook", run.id()),
    )
    .hint("`envclone runbook start fresh` or `envclone runbook start reconfigure` makes one; `--run` names another run")
}

/// The file of a runbook that another one was renewed to.
fn renewed_file(id: &str) -> String {
    let short: String = id
        .chars()
        .filter(char::is_ascii_alphanumeric)
        .take(12)
        .collect();
    format!("runbook-{short}.json")
}

const DAMAGED: &str = "nothing that was done is lost: the journal beside it has it. Take the file from a backup, or move the \
                       runbook's folder away and begin a new one";

fn unreadable(path: &std::path::Path, error: &dyn std::error::Error) -> Failure {
    Failure::before(
        Exit::Invalid,
        format!("`{}` can't be used: {}", path.display(), chain(error)),
    )
    .hint(DAMAGED)
}

fn read_runbook(path: &std::path::Path) -> Result<Runbook, Failure> {
    let text = std::fs::read_to_string(path)
        .map_err(|error| file_failure("read the runbook", path, &error).hint(DAMAGED))?;
    Runbook::read(&text).map_err(|error| unreadable(path, &error))
}

impl Standing {
    /// Reads a run's runbook, which somebody else may go on with meanwhile.
    ///
    /// # Errors
    /// Exit 3 where there is none, or it is damaged; 4 where it can't be read.
    pub fn read(run: &RunFolder) -> Result<Self, Failure> {
        let path = folder(run).join(JOURNAL);
        let text = match std::fs::read(&path) {
            Ok(text) => text,
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                return Err(no_runbook(run));
            }
            Err(error) => return Err(file_failure("read the runbook's journal", &path, &error)),
        };
        let journal = read_of::<Event>(&text)
            .map_err(|cause| unusable(&JournalFileError::Unusable { path, cause }))?;
        Self::of(run, journal.entries)
    }

    fn of(run: &RunFolder, entries: Vec<Entry<Event>>) -> Result<Self, Failure> {
        let mut runbooks = Vec::new();
        for id in entries.iter().filter_map(|entry| entry.event.runbook()) {
            let file = match runbooks.is_empty() {
                true => FILE.to_owned(),
                false => renewed_file(id),
            };
            runbooks.push(read_runbook(&folder(run).join(file))?);
        }
        let progress = replay(&runbooks, &entries)
            .map_err(|error| unreadable(&folder(run).join(JOURNAL), &error))?;
        let Some(runbook) = runbooks.last().cloned() else {
            return Err(no_runbook(run));
        };
        Ok(Self {
            run: run.clone(),
            runbook,
            runbooks,
            progress,
            entries,
        })
    }

    /// The same where a runbook was begun.
    ///
    /// # Errors
    /// As for [`Self::read`].
    pub fn if_begun(run: &RunFolder) -> Result<Option<Self>, Failure> {
        match folder(run).join(JOURNAL).is_file() {
            true => Self::read(run).map(Some),
            false => Ok(None),
        }
    }

    /// As the report wants it.
    #[must_use]
    pub fn ran(&self) -> Ran<'_> {
        Ran {
            runbooks: &self.runbooks,
            progress: &self.progress,
            entries: &self.entries,
        }
    }

    /// The id of the step that each line of the journal is about.
    #[must_use]
    pub fn step_ids(&self) -> Vec<Option<&str>> {
        step_ids(&self.runbooks, &self.entries)
    }

    /// Every line of the journal.
    #[must_use]
    pub fn entries(&self) -> &[Entry<Event>] {
        &self.entries
    }
}

impl Open {
    /// Begins a runbook.
    ///
    /// # Errors
    /// Exit 3 where the run has one already, 4 where it can't be written.
    pub fn start(run: &RunFolder, runbook: Runbook, by: By) -> Result<Self, Failure> {
        let folder = folder(run);
        if folder.join(JOURNAL).exists() {
            return Err(Failure::before(
                Exit::Invalid,
                format!("run {} has a runbook already", run.id()),
            )
            .hint("`envclone runbook show` shows how far it came, `envclone runbook next` goes on; to begin anew, move its folder away"));
        }
        std::fs::create_dir_all(&folder)
            .map_err(|error| file_failure("make the runbook's folder", &folder, &error))?;
        write_json(&folder.join(FILE), &runbook)?;
        let mut journal =
            JournalFileOf::create(folder.join(JOURNAL)).map_err(|it| unusable(&it))?;
        let event = Event::RunbookStarted {
            format: FORMAT,
            runbook: runbook.id.clone(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            by,
        };
        journal.append(&event).map_err(|it| unusable(&it))?;
        let standing = Standing::of(run, vec![entry(1, event)])?;
        Ok(Self { standing, journal })
    }

    /// Takes a runbook up.
    ///
    /// # Errors
    /// As for [`Standing::read`], and where another process has it open.
    pub fn take_up(run: &RunFolder) -> Result<Self, Failure> {
        let path = folder(run).join(JOURNAL);
        if !path.exists() {
            return Err(no_runbook(run));
        }
        let (journal, read) = JournalFileOf::<Event>::open(path).map_err(|it| unusable(&it))?;
        let standing = Standing::of(run, read.entries)?;
        Ok(Self { standing, journal })
    }

    /// Goes on with a runbook that was made anew. Its file is there before the journal names it.
    ///
    /// # Errors
    /// Exit 4 where it can't be written.
    pub fn renew(&mut self, runbook: Runbook, by: By) -> Result<(), Failure> {
        write_json(
            &folder(&self.standing.run).join(renewed_file(&runbook.id)),
            &runbook,
        )?;
        let event = Event::Renewed {
            runbook: runbook.id.clone(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            by,
        };
        self.standing.runbooks.push(runbook.clone());
        self.append(event)?;
        self.standing.runbook = runbook;
        Ok(())
    }

    /// Writes a line, and returns when the disk has it. One that can't be true is refused before it is written.
    ///
    /// # Errors
    /// Where it can't be written, or contradicts what was written.
    pub fn append(&mut self, event: Event) -> Result<(), Failure> {
        let mut entries = self.standing.entries.clone();
        entries.push(entry(entries.len() as u64 + 1, event.clone()));
        let progress = replay(&self.standing.runbooks, &entries)
            .map_err(|error| Failure::before(Exit::Unexpected, chain(&error)))?;
        self.journal.append(&event).map_err(|it| unusable(&it))?;
        self.standing.entries = entries;
        self.standing.progress = progress;
        Ok(())
    }
}

/// A line that was just written.
fn entry(n: u64, event: Event) -> Entry<Event> {
    Entry {
        n,
        at: jiff::Timestamp::now().to_string(),
        prev: String::new(),
        event,
    }
}

/// Who works, and on which machine.
#[must_use]
pub fn by(machine: &str) -> By {
    By {
        who: who(),
        machine: machine.to_owned(),
    }
}

/// What a runbook of a run is made of.
pub struct Known<'a> {
    config: &'a Config,
    inventory: Inventory,
    target: Vec<(envclone_core::engine::Role, String)>,
    run: String,
    plan: Option<String>,
}

impl<'a> Known<'a> {
    /// Reads what the run knew.
    ///
    /// # Errors
    /// Exit 3 where a file of the run is damaged, 4 where it can't be read, 5 where the settings name other databases than
    /// the run's.
    pub fn of(config: &'a Config, run: &RunFolder) -> Result<Self, Failure> {
        let plan = run.plan()?;
        let named: Vec<_> = config
            .settings
            .target
            .databases()
            .into_iter()
            .map(|(role, name)| (role, name.to_owned()))
            .collect();
        let planned: Vec<_> = plan
            .target
            .iter()
            .map(|database| (database.role.clone(), database.locator.clone()))
            .collect();
        if named != planned {
            return Err(Failure::before(
                Exit::Refused,
                format!(
                    "run {} made another copy than the settings' target",
                    run.id()
                ),
            )
            .hint(
                "name the run's own settings file with `--settings`, or another run with `--run`",
            ));
        }
        Ok(Self {
            config,
            inventory: run.inventory()?,
            target: named,
            run: run.id(),
            plan: Some(plan.id),
        })
    }

    /// As the core wants it.
    #[must_use]
    pub fn parts(&self) -> Parts<'_> {
        Parts {
            settings: &self.config.settings,
            inventory: &self.inventory,
            target: &self.target,
            run: Some(&self.run),
            plan: self.plan.as_deref(),
        }
    }

    /// The settings and where they stand.
    #[must_use]
    pub fn config(&self) -> &'a Config {
        self.config
    }
}
