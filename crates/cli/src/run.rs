//! The phases in order: inspect, plan, prove, execute, verify, seal, report.

use envclone_core::catalogue::Catalogue;
use envclone_core::dialect::{MARKS, Mark};
use envclone_core::engine::Role;
use envclone_core::evidence::Evidence;
use envclone_core::filter::{Filter, Test};
use envclone_core::inventory::{Inventory, Server};
use envclone_core::journal::{self, Event, Progress};
use envclone_core::lint::{Case, Finding, Level, lint};
use envclone_core::plan::{Basis, Item, Plan, Referrer, draft};
use envclone_core::release::ReleaseCheck;
use envclone_core::release::hold::Proposal;
use envclone_core::report::{ItemResult, Override, Parts, Report, RunFacts, RunState};
use envclone_core::settings::CloneMode;
use envclone_core::verdict::{Tally, Verification};
use envclone_db::{Access, Engine, Session, Trouble};

use crate::config::Config;
use crate::execute::{Execution, in_the_way, left_in_the_lurch, now, obstacles, vouch};
use crate::failure::{Exit, Failure, chain};
use crate::folder::{RunFolder, Start, digest_key};
use crate::inspect::{self, Eyes};
use crate::journal_file::{JournalFile, JournalFileError};
use crate::observe;
use crate::release::{self, hold::Wish};
use crate::render;
use crate::runbook::Standing;
use crate::save::{recipient, write_whole};
use crate::ui::{Watch, counted};

/// A plan with what it was made from.
pub struct Planned {
    /// The plan.
    pub plan: Plan,
    /// The source's inventory.
    pub inventory: Inventory,
    /// What was observed of both sides.
    pub evidence: Evidence,
    /// What a person would have to decide.
    pub findings: Vec<Finding>,
}

/// The lints that hold for looking and sealing as well: which database it is, not whether it is at rest.
const BEFORE_VERIFYING: [&str; 5] = [
    "target-is-source",
    "target-twice",
    "target-is-protected",
    "source-is-a-clone",
    "plan-for-another-target",
];

/// What all phases share.
pub struct Phases<'a> {
    /// Settings and steps.
    pub config: &'a Config,
    /// The engine.
    pub engine: &'a dyn Engine,
    /// Findings without evidence that a person decided about.
    pub overrides: Vec<Override>,
    /// Who looks on.
    pub watch: &'a mut dyn Watch,
    key: [u8; 32],
}

impl<'a> Phases<'a> {
    /// Gets ready; touches no database.
    ///
    /// # Errors
    /// Where the key of digests can't be had, or a recipient is no key.
    pub fn new(
        config: &'a Config,
        engine: &'a dyn Engine,
        overrides: Vec<Override>,
        watch: &'a mut dyn Watch,
    ) -> Result<Self, Failure> {
        for text in &config.settings.saved.recipients {
            recipient(text)?;
        }
        let key = digest_key(&config.runs())?;
        Ok(Self {
            config,
            engine,
            overrides,
            watch,
            key,
        })
    }

    /// What it takes to look.
    #[must_use]
    pub fn eyes(&self) -> Eyes<'_> {
        Eyes {
            engine: self.engine,
            dialect: self.config.dialect(),
            key: &self.key,
        }
    }

    /// Takes the source's inventory.
    ///
    /// # Errors
    /// Where the source can't be read.
    pub fn inspect(&mut self) -> Result<Inventory, Failure> {
        self.watch.phase("inspect");
        let inventory = inspect::inventory(self.eyes(), &self.config.settings.source)?;
        let tables: usize = inventory
            .databases
            .iter()
            .map(|database| database.tables.len())
            .sum();
        let summary = format!(
            "{}, {}, {}; {} the source away",
            counted(inventory.databases.len() as u64, "database", "databases"),
            counted(tables as u64, "table", "tables"),
            counted(inventory.factory.modules, "module", "modules"),
            counted(
                inventory.identities.len() as u64,
                "thing gives",
                "things give"
            )
        );
        self.watch.done(&summary);
        Ok(inventory)
    }

    /// The server that a copy is made on.
    ///
    /// # Errors
    /// Where it can't be asked.
    pub fn destination(&self) -> Result<Option<Server>, Failure> {
        let target = &self.config.settings.target;
        Ok(inspect::server(
            self.engine,
            self.config.dialect(),
            &target.platform,
        )?)
    }

    /// Looks at both sides and refuses where the evidence speaks against the run.
    ///
    /// # Errors
    /// Exit 5 with what was seen.
    pub fn prove(&mut self, plan: Option<&Plan>) -> Result<(Evidence, Vec<Finding>), Failure> {
        let settings = &self.config.settings;
        let evidence = inspect::evidence(self.eyes(), &settings.source, &settings.target)?;
        let makes_the_copy = plan.map_or(settings.clone == CloneMode::Make, Plan::makes_the_copy);
        let case = Case {
            evidence: &evidence,
            safety: &settings.safety,
            security: &settings.security,
            plan,
            makes_the_copy,
        };
        let findings = lint(&case);
        let (unknown, refused): (Vec<_>, Vec<_>) = findings
            .into_iter()
            .partition(|finding| finding.level == Level::Unknown);
        if !refused.is_empty() {
            let failure = Failure::refused(&refused);
            let in_vain = self
                .overrides
                .iter()
                .find(|one| refused.iter().any(|finding| finding.lint == one.lint));
            return Err(match in_vain {
                Some(one) => failure.hint(format!(
                    "`--override {}` is for missing evidence; here the evidence was seen, and nothing overrides it",
                    one.lint
                )),
                None => failure,
            });
        }
        let open: Vec<_> = unknown
            .iter()
            .filter(|finding| !self.overrides.iter().any(|one| one.lint == finding.lint))
            .cloned()
            .collect();
        if !open.is_empty() {
            let ids = open
                .iter()
                .map(|finding| format!("`--override {}=REASON`", finding.lint))
                .collect::<Vec<_>>()
                .join(" ");
            return Err(Failure::refused(&open).hint(format!(
                "evidence is missing; a person may decide and is recorded: {ids}"
            )));
        }
        Ok((evidence, unknown))
    }

    /// Makes the plan and counts what it would touch.
    ///
    /// # Errors
    /// Where the run is refused, or no plan can be made.
    pub fn plan(&mut self) -> Result<Planned, Failure> {
        let (evidence, findings) = self.prove(None)?;
        let inventory = self.inspect()?;
        self.watch.phase("plan");
        let settings = &self.config.settings;
        let (basis, environment) = match settings.clone {
            CloneMode::Make => (Basis::Source, &settings.source),
            CloneMode::Adopt => (Basis::Target, &settings.target),
        };
        let found = match basis {
            Basis::Source => inventory.clone(),
            Basis::Target => {
                inspect::inventory(self.eyes(), &settings.target)?.with_users_of(&inventory)
            }
        };
        let other = match basis {
            Basis::Source => self.destination()?,
            Basis::Target => inventory.server.clone(),
        };
        let drafted = draft(
            &self.config.catalogue,
            settings,
            &found,
            other.as_ref(),
            basis,
            self.config.dialect(),
        )
        .map_err(|error| Failure::undrafted(&error))?;
        let found = obstacles(self.engine, &drafted, |_| false)?;
        if let Some(failure) = in_the_way(&found) {
            return Err(failure);
        }
        let mut counts = vec![None; drafted.items.len()];
        for (role, name) in environment.databases() {
            let mut session = self.engine.open(name, Access::Read)?;
            for (item, count) in drafted.items.iter().zip(&mut counts) {
                if item.database == role && !item.count.is_empty() {
                    *count = counted_before(session.as_mut(), item)?;
                }
                if item.database == role {
                    // Others go before it is this one's turn, which nobody can count now.
                    let alone = drafted.unprovided(item).map(Referrer::when_planned);
                    let alone: Vec<Referrer> = alone.collect();
                    let asked: Vec<&str> = alone.iter().map(|it| it.count.as_str()).collect();
                    let rows = session.numbers(&asked)?;
                    if let Some(failure) = left_in_the_lurch(item, &alone, &rows, session.as_mut())?
                    {
                        return Err(failure);
                    }
                }
            }
        }
        let plan = drafted.counted(&counts);
        let rows: u64 = plan.items.iter().filter_map(|item| item.expect).sum();
        self.watch.done(&format!(
            "{}: {}, {} to change, {} left out",
            plan.short_id(),
            counted(plan.items.len() as u64, "item", "items"),
            counted(rows, "row", "rows"),
            counted(plan.left_out.len() as u64, "part", "parts")
        ));
        Ok(Planned {
            plan,
            inventory,
            evidence,
            findings,
        })
    }

    /// Begins a run: its folder, with everything that was known, and its journal.
    ///
    /// # Errors
    /// Where something can't be written; nothing was touched.
    pub fn begin(&self, planned: &Planned) -> Result<(RunFolder, JournalFile, Progress), Failure> {
        let folder = RunFolder::create(&self.config.runs(), &planned.plan)?;
        folder.write("inventory.json", &planned.inventory)?;
        let start = Start {
            evidence: planned.evidence.clone(),
            overrides: self.overrides.clone(),
            findings: planned.findings.clone(),
        };
        folder.write("evidence.json", &start)?;
        folder.write("plan.json", &planned.plan)?;
        let mut journal = JournalFile::create(folder.file("journal.jsonl"))
            .map_err(|error| journal_failure(&error))?;
        let event = Event::RunStarted {
            format: journal::FORMAT,
            run: folder.id(),
            plan: planned.plan.id.clone(),
            tool: env!("CARGO_PKG_VERSION").to_owned(),
            who: who(),
            machine: machine(),
        };
        journal
            .append(&event)
            .map_err(|error| journal_failure(&error))?;
        let progress = journal::replay(&[event], &planned.plan.groups())
            .map_err(|error| Failure::before(Exit::Unexpected, chain(&error)))?;
        Ok((folder, journal, progress))
    }

    /// Carries out a plan, from the beginning or from where a run stopped.
    ///
    /// # Errors
    /// A failure that says how far the run came.
    pub fn execute(
        &mut self,
        folder: &RunFolder,
        plan: &Plan,
        journal: JournalFile,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let mut execution = Execution {
            plan,
            saved: &self.config.settings.saved,
            engine: self.engine,
            dialect: self.config.dialect(),
            journal,
            run: folder.id(),
            folder: &folder.path,
            watch: self.watch,
        };
        execution.run(progress)?;
        // A resumed run may have finished before it could be verified.
        if !progress.finished {
            execution
                .journal
                .append(&Event::Finished)
                .map_err(|error| journal_failure(&error))?;
        }
        Ok(())
    }

    /// Verifies the target, and in a run writes what was found and seals the copy, or takes its seal away.
    ///
    /// # Errors
    /// Exit 5 where the target is the source, or another one than the run's; 4 where it can't be read.
    pub fn verify(
        &mut self,
        folder: Option<&RunFolder>,
        inventory: &Inventory,
    ) -> Result<Verification, Failure> {
        let plan = folder.map(RunFolder::plan).transpose()?;
        self.is_the_copy(plan.as_ref())?;
        let settings = &self.config.settings;
        let eyes = Eyes {
            engine: self.engine,
            dialect: self.config.dialect(),
            key: &self.key,
        };
        let verification = observe::verify(
            eyes,
            &settings.target,
            inventory,
            &settings.security.users,
            self.watch,
        )?
        .judged(&settings.verify.accept);
        if let (Some(folder), Some(plan)) = (folder, &plan) {
            folder.write("verdicts.json", &verification)?;
            self.seal(folder, plan, &verification)?;
        }
        Ok(verification)
    }

    /// Proves that the target is there, and the source is not what the settings name as the target.
    ///
    /// # Errors
    /// Exit 5 where it is the source, or another one than the run's; 4 where it can't be read.
    pub fn is_the_copy(&self, plan: Option<&Plan>) -> Result<(), Failure> {
        let settings = &self.config.settings;
        observe::must_exist(self.engine, &settings.target)?;
        let evidence = inspect::evidence(self.eyes(), &settings.source, &settings.target)?;
        let case = Case {
            evidence: &evidence,
            safety: &settings.safety,
            security: &settings.security,
            plan,
            makes_the_copy: false,
        };
        let findings: Vec<_> = lint(&case)
            .into_iter()
            .filter(|finding| BEFORE_VERIFYING.contains(&finding.lint.as_str()))
            .collect();
        match findings.is_empty() {
            true => Ok(()),
            false => Err(Failure::refused(&findings)),
        }
    }

    /// The same against the newest run, where there is one.
    fn is_the_newest_copy(&self) -> Result<(), Failure> {
        let newest = RunFolder::newest(&self.config.runs()).ok();
        let plan = newest.and_then(|folder| folder.plan().ok());
        self.is_the_copy(plan.as_ref())
    }

    /// Counts what would fire in the target once its services start, after the same proofs as for verification.
    ///
    /// # Errors
    /// Exit 5 where the target is the source, or another one than the newest run's; 4 where it can't be read.
    pub fn release_check(&self) -> Result<ReleaseCheck, Failure> {
        self.is_the_newest_copy()?;
        Ok(release::check(self.eyes(), &self.config.settings.target)?)
    }

    /// What a person approves before anything is held or let go; changes nothing.
    ///
    /// # Errors
    /// As for [`Self::release_check`].
    pub fn propose(&self, wish: &Wish) -> Result<Proposal, Failure> {
        self.is_the_newest_copy()?;
        let target = &self.config.settings.target;
        Ok(release::hold::propose(self.eyes(), target, wish)?)
    }

    /// Holds, or lets go, what was approved.
    ///
    /// # Errors
    /// As for [`Self::release_check`], and where something else would be changed by now than what was approved.
    pub fn carry_out(&self, wish: &Wish, approved: &Proposal) -> Result<(), Failure> {
        // Between a proposal and its approval a person may have taken a long time.
        self.is_the_newest_copy()?;
        let target = &self.config.settings.target;
        release::hold::carry_out(self.eyes(), target, wish, approved, &who())
    }

    /// A copy that was verified vouches for itself: the seal is bound to this very database. One that no longer
    /// passes loses it.
    fn seal(
        &self,
        folder: &RunFolder,
        plan: &Plan,
        verification: &Verification,
    ) -> Result<(), Failure> {
        let Tally {
            residue, unknown, ..
        } = verification.tally();
        let dialect = self.config.dialect();
        let seals = Filter::column("kind", Test::Is("seal".to_owned()));
        for (role, name) in self.config.settings.target.databases() {
            let mut session = self.engine.open(name, Access::Write)?;
            session.execute(&dialect.create_marks())?;
            let mut changes = Vec::new();
            if session.number(&dialect.count(MARKS, &seals))? > 0 {
                changes.push(dialect.delete_rows(MARKS, &seals));
            }
            let mark = Mark {
                kind: "seal".to_owned(),
                run: folder.id(),
                plan: plan.id.clone(),
                group: role.to_string(),
                proof: self.engine.look(name)?.file,
                at: now(session.as_mut(), dialect)?,
            };
            if residue + unknown == 0 {
                changes.push(dialect.insert_mark(&mark));
            }
            if !changes.is_empty() {
                vouch(session.as_mut(), &changes)?;
            }
        }
        Ok(())
    }

    /// Opens a run that stopped.
    ///
    /// # Errors
    /// Where the journal is damaged, held by another process, or belongs to another plan or target.
    pub fn reopen(
        &self,
        folder: &RunFolder,
        plan: &Plan,
    ) -> Result<(JournalFile, Progress), Failure> {
        let (mut journal, read) = JournalFile::open(folder.file("journal.jsonl"))
            .map_err(|error| journal_failure(&error))?;
        let replay = |events: &[Event]| {
            journal::replay(events, &plan.groups()).map_err(|error| {
                Failure::before(
                    Exit::Invalid,
                    format!("the journal can't be used: {}", chain(&error)),
                )
                .hint(error.hint())
            })
        };
        let mut events = read.events();
        let progress = replay(&events)?;
        if progress.plan != plan.id {
            return Err(Failure::before(
                Exit::Refused,
                format!(
                    "the journal belongs to another plan than {}",
                    plan.short_id()
                ),
            ));
        }
        let named: Vec<(Role, String)> = self
            .config
            .settings
            .target
            .databases()
            .into_iter()
            .map(|(role, name)| (role, name.to_owned()))
            .collect();
        let planned: Vec<(Role, String)> = plan
            .target
            .iter()
            .map(|database| (database.role.clone(), database.locator.clone()))
            .collect();
        if named != planned {
            let why = format!(
                "the run works on other target databases than the settings name, `{}` among them [plan-for-another-target]",
                plan.target
                    .first()
                    .map(|database| database.locator.as_str())
                    .unwrap_or_default()
            );
            return Err(Failure::before(Exit::Refused, why)
                .hint("name the run's own settings file with `--settings`"));
        }
        self.same_target(folder, plan, &progress)?;
        if !progress.finished {
            let resumed = Event::Resumed {
                who: who(),
                machine: machine(),
            };
            journal
                .append(&resumed)
                .map_err(|error| journal_failure(&error))?;
            events.push(resumed);
        }
        Ok((journal, replay(&events)?))
    }

    /// The target must be the one that the run began with, or made.
    fn same_target(
        &self,
        folder: &RunFolder,
        plan: &Plan,
        progress: &Progress,
    ) -> Result<(), Failure> {
        let start = folder.start()?;
        for database in &plan.target {
            let facts = self.engine.look(&database.locator)?;
            let cloned = plan
                .items
                .iter()
                .find(|item| item.deed.makes_a_database() && item.database == database.role)
                .and_then(|item| progress.clones.get(&item.seq));
            let began = start
                .evidence
                .target
                .iter()
                .find(|one| one.role == database.role && one.exists)
                .map(|one| &one.file);
            if let Some(file) = cloned.or(began).filter(|file| **file != facts.file) {
                let what = if facts.exists {
                    "is another database than"
                } else {
                    "does not exist any more:"
                };
                let why = format!(
                    "the target's {} `{}` {what} the run worked on ({file}) [target-changed]",
                    database.role.phrase(),
                    database.locator
                );
                return Err(Failure::before(Exit::Refused, why)
                    .hint("start a new run: this one belongs to a database that is gone"));
            }
        }
        Ok(())
    }

    /// Writes the report of a run in all its forms.
    ///
    /// # Errors
    /// Where something can't be read or written.
    pub fn report(&self, folder: &RunFolder) -> Result<Report, Failure> {
        let report = report_of(folder, &self.config.catalogue)?;
        let unwritable = |error: &dyn std::error::Error| {
            Failure::before(
                Exit::Unexpected,
                format!("the report could not be rendered: {}", chain(error)),
            )
        };
        let html = render::html(&report).map_err(|error| unwritable(&error))?;
        let json = render::json(&report).map_err(|error| unwritable(&error))?;
        write_whole(&folder.file("report.html"), html.as_bytes())?;
        write_whole(
            &folder.file("report.md"),
            render::markdown(&report).as_bytes(),
        )?;
        write_whole(&folder.file("report.json"), json.as_bytes())?;
        Ok(report)
    }
}

/// The report of a run, from what its folder holds.
///
/// # Errors
/// Where something is missing or damaged.
pub fn report_of(folder: &RunFolder, catalogue: &Catalogue) -> Result<Report, Failure> {
    let plan = folder.plan()?;
    let start = folder.start()?;
    let verification = folder.verification()?;
    let path = folder.file("journal.jsonl");
    let text = std::fs::read(&path)
        .map_err(|error| crate::failure::file_failure("read the journal", &path, &error))?;
    let read = journal::read(&text)
        .map_err(|error| Failure::before(Exit::Invalid, chain(&error)).hint(error.hint()))?;
    let progress = journal::replay(&read.events(), &plan.groups())
        .map_err(|error| Failure::before(Exit::Invalid, chain(&error)).hint(error.hint()))?;
    let facts = run_facts(&read, &progress);
    let results = item_results(&plan, &read.events(), &progress);
    let saved = saved_files(folder)?;
    let runbook = Standing::if_begun(folder)?;
    Ok(Report::new(Parts {
        plan: &plan,
        evidence: Some(&start.evidence),
        findings: &start.findings,
        overrides: &start.overrides,
        run: &facts,
        results: &results,
        catalogue: Some(catalogue),
        verification: verification.as_ref(),
        saved: &saved,
        runbook: runbook.as_ref().map(Standing::ran),
    }))
}

fn run_facts(journal: &journal::Journal, progress: &Progress) -> RunFacts {
    let first = journal.entries.first();
    let (tool, who, machine) = match first.map(|entry| &entry.event) {
        Some(Event::RunStarted {
            tool, who, machine, ..
        }) => (tool.clone(), who.clone(), machine.clone()),
        _ => Default::default(),
    };
    let finished = journal
        .entries
        .iter()
        .find(|entry| entry.event == Event::Finished);
    RunFacts {
        run: progress.run.clone(),
        tool,
        who,
        machine,
        started: first.map(|entry| entry.at.clone()).unwrap_or_default(),
        finished: finished.map(|entry| entry.at.clone()),
        resumed: progress.resumes,
        state: if progress.finished {
            RunState::Finished
        } else {
            RunState::Stopped
        },
    }
}

/// What the journal says of each item; the last start counts.
fn item_results(plan: &Plan, events: &[Event], progress: &Progress) -> Vec<ItemResult> {
    let one = |item: &envclone_core::plan::Item| {
        let state = progress.items.get(&item.seq).cloned().unwrap_or_default();
        let mut result = ItemResult {
            seq: item.seq,
            before: None,
            rows: None,
            after: None,
            millis: None,
            state: state.name().to_owned(),
            note: progress.errors.get(&item.seq).cloned(),
        };
        for event in events {
            match event {
                Event::Started { seq, before } if *seq == item.seq => result.before = *before,
                Event::Succeeded { seq, rows, millis } if *seq == item.seq => {
                    result.rows = Some(*rows);
                    result.millis = Some(*millis);
                    // An item succeeds only when its own check counted nothing left.
                    result.after = result.before.map(|_| 0);
                }
                _ => {}
            }
        }
        result
    };
    plan.items.iter().map(one).collect()
}

fn saved_files(folder: &RunFolder) -> Result<Vec<envclone_core::report::SavedFile>, Failure> {
    let path = folder.file("saved.json");
    if !path.is_file() {
        return Ok(Vec::new());
    }
    let text = std::fs::read_to_string(&path)
        .map_err(|error| crate::failure::file_failure("read", &path, &error))?;
    serde_json::from_str(&text)
        .map_err(|error| Failure::before(Exit::Invalid, format!("`{}`: {error}", path.display())))
}

fn journal_failure(error: &JournalFileError) -> Failure {
    Failure::before(Exit::NoAccess, chain(error)).hint(error.hint())
}

/// The account that runs the tool.
#[must_use]
pub fn who() -> String {
    account(|name| std::env::var(name).ok())
}

fn account(variable: impl Fn(&str) -> Option<String>) -> String {
    ["USER", "LOGNAME", "USERNAME"]
        .into_iter()
        .find_map(|name| variable(name).filter(|name| !name.is_empty()))
        .or_else(uid)
        .unwrap_or_else(|| "unknown account".to_owned())
}

/// The account's number, where the system shows it as the owner of the process itself.
#[cfg(unix)]
fn uid() -> Option<String> {
    use std::os::unix::fs::MetadataExt as _;
    let process = std::fs::metadata("/proc/self").ok()?;
    Some(format!("uid {}", process.uid()))
}

/// Elsewhere an account is known by its name alone.
#[cfg(not(unix))]
fn uid() -> Option<String> {
    None
}

/// What an item would touch. What a server does by itself may ask for what the login can't see: the plan says so, and the item
/// ends the run before it changes anything.
fn counted_before(session: &mut dyn Session, item: &Item) -> Result<Option<u64>, Failure> {
    match session.number(&item.count) {
        Ok(count) => Ok(Some(count)),
        Err(error)
            if item.group.is_none()
                && matches!(error.trouble, Trouble::NotFound | Trouble::NotPermitted) =>
        {
            Ok(None)
        }
        Err(error) => Err(Failure::from(error).state(format!(
            "nothing was changed; step `{}` could not be counted",
            item.step
        ))),
    }
}

/// The computer that the tool runs on.
#[must_use]
pub fn machine() -> String {
    gethostname::gethostname().to_string_lossy().into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_account_is_known_by_whatever_the_system_has() {
        let logname = |name: &str| match name {
            "USER" => Some(String::new()),
            "LOGNAME" => Some("mara".to_owned()),
            _ => None,
        };
        assert_eq!(account(logname), "mara");
        if cfg!(target_os = "linux") {
            assert!(account(|_| None).starts_with("uid "));
        }
    }
}
