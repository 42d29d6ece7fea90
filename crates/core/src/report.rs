//! The report: what was done to which databases, what was found afterwards, and what a person still has to do.
//!
//! It is a value like every other phase's result. It quotes names, counts and samples that verification has
//! masked; statements, saved rows and settings never enter it, so it holds no secret by construction.

mod outcome;
mod proof;
mod runbook;
mod steps;
mod tasks;

pub use runbook::{Dropped, Happened, Ran, Renewal, RunbookReport, RunbookStep, SeenOn};

use outcome::*;
use proof::*;
use steps::*;
use tasks::*;

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::engine::{Engine, Role};
use crate::evidence::{DatabaseEvidence, Evidence, Observed};
use crate::lint::{Finding, Level};
use crate::plan::{ADOPT, Basis, Deed, Item, OPEN, Plan, Reason};
use crate::step::Profile;
use crate::verdict::{Check, Coverage, Tally, Verdict, Verification};

/// The version of the file's shape.
pub const FORMAT: u32 = 1;

/// The state of an item that is done.
pub const DONE: &str = "done";
/// The state of an item that nobody has started.
pub const PENDING: &str = "pending";

/// What a report is made of.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// The plan that was run.
    pub plan: &'a Plan,
    /// The steps, for their reasons; ignored unless they are the ones that the plan was made of.
    pub catalogue: Option<&'a Catalogue>,
    /// What was observed before the run.
    pub evidence: Option<&'a Evidence>,
    /// What the lints said.
    pub findings: &'a [Finding],
    /// What a person decided about findings.
    pub overrides: &'a [Override],
    /// The run.
    pub run: &'a RunFacts,
    /// What became of the items; an item without a result has not been started.
    pub results: &'a [ItemResult],
    /// What verification found; none when it did not run.
    pub verification: Option<&'a Verification>,
    /// Files with saved rows.
    pub saved: &'a [SavedFile],
    /// What followed; none where no runbook was begun.
    pub runbook: Option<Ran<'a>>,
}

/// A finding that a person overrode.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Override {
    /// The lint's id.
    pub lint: String,
    /// Why the run was right all the same.
    pub because: String,
    /// Who said so.
    pub who: String,
}

/// The facts of a run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunFacts {
    /// The run's id.
    pub run: String,
    /// The version of envclone that ran.
    pub tool: String,
    /// Who started it.
    pub who: String,
    /// On which machine.
    pub machine: String,
    /// When, in UTC, RFC 3339.
    pub started: String,
    /// When it ended, in UTC, RFC 3339; none when it never said so.
    pub finished: Option<String>,
    /// How often it was taken up again.
    pub resumed: u32,
    /// How it ended.
    pub state: RunState,
}

/// How a run ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum RunState {
    /// It went through all items.
    Finished,
    /// It stopped on the way and can be resumed.
    Stopped,
    /// It was refused before the first item.
    Refused,
}

/// What became of an item.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemResult {
    /// The item's number.
    pub seq: u32,
    /// Rows that it would touch, counted before.
    pub before: Option<u64>,
    /// Rows that it changed.
    pub rows: Option<u64>,
    /// Rows that it should have touched and did not, counted after.
    pub after: Option<u64>,
    /// How long it took.
    pub millis: Option<u64>,
    /// Its state: [`DONE`], [`PENDING`], `in-doubt`, `failed`, `skipped`.
    pub state: String,
    /// Why it failed or was skipped, without values of rows.
    #[serde(default)]
    pub note: Option<String>,
}

/// A file with rows that were saved before they were changed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SavedFile {
    /// Where it is, relative to the run's folder.
    pub path: String,
    /// How many rows it holds.
    pub rows: u64,
    /// What was done with values that may be secrets: `withheld` or `encrypted`.
    pub secrets: String,
}

/// A report, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Report {
    /// [`FORMAT`].
    pub format: u32,
    /// What it comes to.
    pub outcome: Outcome,
    /// What was run, by whom, when, where.
    pub run: RunFacts,
    /// The plan that was run.
    pub plan: PlanFacts,
    /// The databases of both sides.
    pub databases: Vec<DatabasePair>,
    /// What shows that the target is a copy and not the source; empty when nothing was observed.
    pub proof: Vec<Proof>,
    /// What the lints said.
    pub findings: Vec<Finding>,
    /// What a person decided about it.
    pub overrides: Vec<Override>,
    /// What was done, in order.
    pub steps: Vec<StepReport>,
    /// What was not done, by reason.
    pub left_out: Vec<LeftOutGroup>,
    /// What was found afterwards; none when verification did not run.
    pub verification: Option<Verified>,
    /// What followed the clean-up; none where no runbook was begun.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub runbook: Option<RunbookReport>,
    /// What a person still has to do.
    pub tasks: Vec<Task>,
    /// Files with saved rows.
    pub saved: Vec<SavedFile>,
    /// Sums.
    pub totals: Totals,
}

/// What the run comes to.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Outcome {
    /// Its kind.
    pub kind: OutcomeKind,
    /// In a sentence or two.
    pub sentence: String,
}

/// The kinds of outcome.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum OutcomeKind {
    /// Verified, and nothing of the source was found.
    Clean,
    /// Something of the source is left.
    Residue,
    /// Nothing was found, but not all could be checked; or nothing was checked.
    Unproven,
    /// The run stopped on the way.
    Stopped,
    /// The run was refused.
    Refused,
}

impl OutcomeKind {
    /// The word that heads a report.
    #[must_use]
    pub fn title(self) -> &'static str {
        [
            "Clean",
            "Not clean",
            "Not proven clean",
            "Not finished",
            "Refused",
        ][self as usize]
    }
}

/// The plan that was run.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct PlanFacts {
    /// Its id.
    pub id: String,
    /// The version of envclone that made it.
    pub tool: String,
    /// The hash over the step files.
    pub catalogue: String,
    /// Which steps were taken.
    pub profile: Profile,
    /// The engine.
    pub engine: Engine,
    /// The environment that rows were counted in when it was made.
    pub basis: Basis,
    /// Whether the run makes the copy, rather than taking over one.
    pub makes_the_copy: bool,
}

/// A database and its copy.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabasePair {
    /// Which one.
    pub role: String,
    /// The source's.
    pub source: DatabaseFacts,
    /// The target's.
    pub target: DatabaseFacts,
}

/// A database of one side.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct DatabaseFacts {
    /// Where it is; empty where this side has none.
    pub locator: String,
    /// What the engine's evidence said it was when the plan was made or the run began; empty when it did not
    /// exist yet.
    pub identity: String,
}

/// One piece of evidence about both sides.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proof {
    /// The database's role.
    pub database: String,
    /// What was looked at.
    pub what: String,
    /// The source's value.
    pub source: String,
    /// The target's value.
    pub target: String,
    /// What it says.
    pub says: String,
    /// Whether that supports the run.
    pub weight: Weight,
}

/// What a piece of evidence is worth.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Weight {
    /// It supports the run.
    For,
    /// It speaks against the run.
    Against,
    /// It proves nothing.
    Silent,
}

/// A step and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct StepReport {
    /// Its id.
    pub step: String,
    /// What it does.
    pub title: String,
    /// Why a clone needs it, where that is known.
    pub why: Option<String>,
    /// Where it comes from, where that is known.
    pub origin: Option<String>,
    /// How well it is founded; none for the copy itself.
    pub profile: Option<Profile>,
    /// Its items.
    pub items: Vec<ItemReport>,
    /// Rows that it deleted or changed.
    pub rows: u64,
    /// How long it took.
    pub millis: u64,
}

/// An item and what became of it.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ItemReport {
    /// Its number.
    pub seq: u32,
    /// What it does.
    pub title: String,
    /// The database that it changes.
    pub database: String,
    /// The table that it changes.
    pub table: Option<String>,
    /// Rows counted when the plan was made.
    pub planned: Option<u64>,
    /// Rows that it would touch, counted before.
    pub before: Option<u64>,
    /// Rows that it changed.
    pub rows: Option<u64>,
    /// Rows that it should have touched and did not.
    pub after: Option<u64>,
    /// How long it took.
    pub millis: Option<u64>,
    /// Its state.
    pub state: String,
    /// Why it failed or was skipped.
    pub note: Option<String>,
}

impl ItemReport {
    /// Whether it did what it was planned for.
    #[must_use]
    pub fn is_done(&self) -> bool {
        self.state == DONE && self.after.unwrap_or(0) == 0
    }
}

/// What was left out for one reason.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOutGroup {
    /// The reason.
    pub reason: String,
    /// What was left out for it.
    pub parts: Vec<LeftOutPart>,
}

impl LeftOutGroup {
    /// What a plan leaves out, by reason.
    #[must_use]
    pub fn of(plan: &Plan) -> Vec<Self> {
        left_out(plan)
    }
}

/// Something that was left out.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOutPart {
    /// The step.
    pub step: String,
    /// Which part of it.
    pub part: String,
    /// What exactly was missing, where neither the reason nor the part says it.
    pub detail: Option<String>,
}

/// What verification found, grouped for reading.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Verified {
    /// How many of each verdict.
    pub tally: Tally,
    /// What is left, by table.
    pub residue: Vec<TableResidue>,
    /// What a person accepted.
    pub accepted: Vec<AcceptedPlace>,
    /// What could not be checked.
    pub unknown: Vec<UnknownPlace>,
    /// Requirements that hold.
    pub clean: Vec<Requirement>,
    /// What was looked at.
    pub coverage: Coverage,
}

/// What is left in one table.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct TableResidue {
    /// The database's role.
    pub database: String,
    /// The table.
    pub table: String,
    /// Where in it.
    pub places: Vec<ResiduePlace>,
}

/// What is left at one place.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct ResiduePlace {
    /// `scan`, or the id of an invariant.
    pub id: String,
    /// What should hold.
    pub title: String,
    /// The column; empty where the row itself is what is left.
    pub column: String,
    /// How many rows.
    pub rows: u64,
    /// One of them, masked.
    pub sample: String,
}

/// What is left and may be.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct AcceptedPlace {
    /// `scan`, or the id of an invariant.
    pub id: String,
    /// The database's role.
    pub database: String,
    /// The table.
    pub table: String,
    /// The column; empty where the row itself is what is left.
    pub column: String,
    /// How many rows.
    pub rows: u64,
    /// Why it may be.
    pub because: String,
}

/// What could not be checked.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct UnknownPlace {
    /// `scan`, or the id of an invariant.
    pub id: String,
    /// What should hold.
    pub title: String,
    /// The database's role.
    pub database: String,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Why it could not be checked.
    pub why: String,
}

/// A requirement that holds.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Requirement {
    /// Its id.
    pub id: String,
    /// What holds.
    pub title: String,
    /// Where it was checked: `table` or `table.column`, with the database unless it is the platform's.
    pub places: Vec<String>,
}

/// Something that a person has to do.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Task {
    /// What it comes from.
    pub kind: TaskKind,
    /// What it is about.
    pub title: String,
    /// What to do.
    pub text: String,
}

/// What a task comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum TaskKind {
    /// An item that was not done.
    Item,
    /// Something of the source that is left.
    Residue,
    /// Something that could not be checked.
    Unknown,
    /// A step of the runbook that is open.
    Runbook,
    /// A step that only a person can take.
    Guide,
}

impl TaskKind {
    /// Every kind, in the order in which tasks are listed.
    pub const ALL: [Self; 5] = [
        Self::Item,
        Self::Residue,
        Self::Unknown,
        Self::Runbook,
        Self::Guide,
    ];

    /// What heads its tasks.
    #[must_use]
    pub fn title(self) -> &'static str {
        [
            "Finish what was not done",
            "Remove what is left of the source, or accept it with a reason",
            "Check what envclone could not",
            "Go on with the runbook",
            "Do what only a person can do",
        ][self as usize]
    }

    /// What is said once for all of its tasks.
    #[must_use]
    pub fn advice(self) -> &'static str {
        [
            "Resume the run. Until these items are done, do not start the platform's services on the copy.",
            "Correct each place, or add an entry with a reason to `[[verify.accept]]` in `envclone.toml`. Then verify again.",
            "Look at each place by hand, or give envclone what it lacked and verify again. What was not checked does not count as clean.",
            "`envclone runbook next` goes on with the first of them.",
            "These are outside the database, or need knowledge that the database does not hold.",
        ][self as usize]
    }
}

/// Sums.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Totals {
    /// Items in the plan.
    pub items: u64,
    /// Items that are done.
    pub done: u64,
    /// Rows that were deleted or changed.
    pub rows: u64,
    /// Rows that were saved first.
    pub saved: u64,
    /// The items' own time.
    pub millis: u64,
    /// From start to end, pauses included.
    pub elapsed_seconds: Option<u64>,
}

impl Report {
    /// Makes the report.
    #[must_use]
    pub fn new(parts: Parts<'_>) -> Self {
        let steps = steps(&parts);
        let totals = totals(&parts, &steps);
        let verification = parts.verification.map(verified);
        let runbook = parts.runbook.as_ref().and_then(runbook::runbook);
        Self {
            format: FORMAT,
            outcome: outcome(&parts, &steps, &totals),
            run: parts.run.clone(),
            plan: plan_facts(parts.plan),
            databases: databases(&parts),
            proof: parts.evidence.map(proof).unwrap_or_default(),
            findings: parts.findings.to_vec(),
            overrides: parts.overrides.to_vec(),
            left_out: left_out(parts.plan),
            tasks: tasks(&parts, &steps, verification.as_ref(), runbook.as_ref()),
            runbook,
            verification,
            steps,
            saved: parts.saved.to_vec(),
            totals,
        }
    }

    /// Rows that were counted when the plan was made and were gone before the turn of their item: an earlier item
    /// took them, or the database took them along with rows that they refer to.
    #[must_use]
    pub fn gone(&self) -> Option<String> {
        let items = self.steps.iter().flat_map(|step| &step.items);
        let gone = items
            .filter(|item| item.is_done())
            .filter_map(|item| Some(item.planned?.saturating_sub(item.before?)))
            .sum();
        self.plan.basis.gone(gone)
    }

    /// The tasks of one kind.
    pub fn tasks_of(&self, kind: TaskKind) -> impl Iterator<Item = &Task> {
        self.tasks.iter().filter(move |task| task.kind == kind)
    }
}

/// `1 place`, `2 places`.
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", grouped(count), if count == 1 { one } else { many })
}

/// A number as people read it: `1,234,567`.
fn grouped(count: u64) -> String {
    match (count / 1_000, count % 1_000) {
        (0, rest) => rest.to_string(),
        (more, rest) => format!("{},{rest:03}", grouped(more)),
    }
}
