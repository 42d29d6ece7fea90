//! The report: what was done to which databases, what was found afterwards, and what a person still has to do.
//!
//! It is a value like every other phase's result. It quotes names, counts and samples that verification has
//! masked; statements, saved rows and settings never enter it, so it holds no secret by construction.

use std::collections::{BTreeMap, BTreeSet};

use jiff::Timestamp;
use serde::{Deserialize, Serialize};

use crate::catalogue::Catalogue;
use crate::engine::Engine;
use crate::evidence::{DatabaseEvidence, Evidence, Observed};
use crate::lint::{Finding, Level};
use crate::plan::{Basis, Deed, Item, Plan, Reason};
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
    /// A step that only a person can take.
    Guide,
}

impl TaskKind {
    /// Every kind, in the order in which tasks are listed.
    pub const ALL: [Self; 4] = [Self::Item, Self::Residue, Self::Unknown, Self::Guide];

    /// What heads its tasks.
    #[must_use]
    pub fn title(self) -> &'static str {
        [
            "Finish what was not done",
            "Remove what is left of the source, or accept it with a reason",
            "Check what envclone could not",
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
            tasks: tasks(&parts, &steps, verification.as_ref()),
            verification,
            steps,
            saved: parts.saved.to_vec(),
            totals,
        }
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

fn outcome(parts: &Parts<'_>, steps: &[StepReport], totals: &Totals) -> Outcome {
    let Totals { items, done, .. } = totals;
    let (kind, sentence) = match parts.run.state {
        RunState::Refused => (OutcomeKind::Refused, refused(parts, *done)),
        RunState::Stopped => (
            OutcomeKind::Stopped,
            format!("The run stopped; {done} of {items} items are done."),
        ),
        RunState::Finished if done < items => unfinished(parts, steps, totals),
        RunState::Finished => match parts.verification {
            None => (
                OutcomeKind::Unproven,
                "The copy was cleaned, but not verified.".to_owned(),
            ),
            Some(verification) => judged(verification),
        },
    };
    Outcome { kind, sentence }
}

/// The run went to its end, but items were skipped, or left rows that they should have touched.
fn unfinished(parts: &Parts<'_>, steps: &[StepReport], totals: &Totals) -> (OutcomeKind, String) {
    let left = steps
        .iter()
        .flat_map(|step| &step.items)
        .filter(|item| item.state == DONE && !item.is_done())
        .count() as u64;
    let mut sentence = format!(
        "The run ended with {} of {} items done.",
        totals.done, totals.items
    );
    if left > 0 {
        sentence += &format!(
            " {} rows that should have been touched.",
            counted(left, "item left", "items left")
        );
    }
    match parts.verification.map(judged) {
        Some((OutcomeKind::Residue, found)) => {
            (OutcomeKind::Residue, format!("{found} {sentence}"))
        }
        _ => (OutcomeKind::Stopped, sentence),
    }
}

fn refused(parts: &Parts<'_>, done: u64) -> String {
    let count = parts
        .findings
        .iter()
        .filter(|finding| !overridden(parts, finding))
        .count() as u64;
    let why = match count {
        0 => "The run was refused".to_owned(),
        count => format!(
            "The run was refused for {}",
            counted(count, "reason", "reasons")
        ),
    };
    if done == 0 && parts.results.iter().all(|result| result.state == PENDING) {
        format!("{why}; nothing was changed.")
    } else {
        format!(
            "{why}; {}.",
            counted(done, "item is done", "items are done")
        )
    }
}

fn overridden(parts: &Parts<'_>, finding: &Finding) -> bool {
    finding.level == Level::Unknown && parts.overrides.iter().any(|over| over.lint == finding.lint)
}

fn judged(verification: &Verification) -> (OutcomeKind, String) {
    let tally = verification.tally();
    let coverage = &verification.coverage;
    let skipped = coverage.skipped.len() as u64;
    let not_made = || counted(u64::from(tally.unknown), "check", "checks");
    let mut sentence = if tally.residue > 0 {
        let left = || {
            let is_left = |check: &&Check| matches!(check.verdict, Verdict::Residue { .. });
            verification.checks.iter().filter(is_left)
        };
        let traces = left().filter(|check| check.id == "scan").count() as u64;
        let broken: BTreeSet<&str> = left()
            .map(|check| check.id.as_str())
            .filter(|id| *id != "scan")
            .collect();
        let broken = broken.len() as u64;
        let names = counted(
            traces,
            "place still names the source",
            "places still name the source",
        );
        let breaks = counted(
            broken,
            "requirement of a safe copy does not hold",
            "requirements of a safe copy do not hold",
        );
        match (traces, broken) {
            (_, 0) => format!("{names}."),
            (0, _) => format!("{breaks}."),
            _ => format!("{names}, and {breaks}."),
        }
    } else if coverage.tables == 0 && coverage.invariants == 0 {
        "The copy was cleaned, but verification had nothing to look at.".to_owned()
    } else if tally.unknown > 0 {
        format!(
            "Nothing of the source was found, but {} could not be made: the copy is not proven clean.",
            not_made()
        )
    } else if tally.accepted > 0 {
        format!(
            "The copy is clean but for {} that a person accepted.",
            counted(u64::from(tally.accepted), "place", "places")
        )
    } else {
        "The copy is clean: nothing of the source was found.".to_owned()
    };
    if tally.residue > 0 && tally.unknown > 0 {
        sentence += &format!(" {} could not be made.", not_made());
    }
    if skipped > 0 {
        sentence += &format!(
            " {} not looked at.",
            counted(skipped, "kind of place was", "kinds of place were")
        );
    }
    let kind = if tally.residue > 0 {
        OutcomeKind::Residue
    } else if tally.unknown > 0 || (coverage.tables == 0 && coverage.invariants == 0) {
        OutcomeKind::Unproven
    } else {
        OutcomeKind::Clean
    };
    (kind, sentence)
}

fn plan_facts(plan: &Plan) -> PlanFacts {
    PlanFacts {
        id: plan.id.clone(),
        tool: plan.tool.clone(),
        catalogue: plan.catalogue.clone(),
        profile: plan.profile,
        engine: plan.engine,
        basis: plan.basis,
        makes_the_copy: plan.makes_the_copy(),
    }
}

fn databases(parts: &Parts<'_>) -> Vec<DatabasePair> {
    let mut pairs: Vec<DatabasePair> = Vec::new();
    let plan = parts.plan;
    let roles = plan.source.iter().chain(&plan.target).map(|it| &it.role);
    for role in roles {
        if pairs.iter().any(|pair| pair.role == role.to_string()) {
            continue;
        }
        let facts = |planned: &[crate::plan::DatabaseId], seen: Option<&Vec<DatabaseEvidence>>| {
            let planned = planned.iter().find(|it| it.role == *role);
            let seen = seen.and_then(|seen| seen.iter().find(|it| it.role == *role));
            let identity = planned
                .map(|it| it.identity.clone())
                .filter(|identity| !identity.is_empty())
                .or_else(|| {
                    let seen = seen.filter(|it| it.exists)?;
                    Some(seen.identity.clone())
                });
            DatabaseFacts {
                locator: planned.map(|it| it.locator.clone()).unwrap_or_default(),
                identity: identity.unwrap_or_default(),
            }
        };
        pairs.push(DatabasePair {
            role: role.to_string(),
            source: facts(&plan.source, parts.evidence.map(|it| &it.source)),
            target: facts(&plan.target, parts.evidence.map(|it| &it.target)),
        });
    }
    pairs
}

fn proof(evidence: &Evidence) -> Vec<Proof> {
    let mut proof = Vec::new();
    for target in &evidence.target {
        let source = evidence.source.iter().find(|it| it.role == target.role);
        match source {
            Some(source) => proof_of(source, target, &mut proof),
            None => proof.push(Proof {
                database: target.role.to_string(),
                what: "Location".to_owned(),
                source: "none".to_owned(),
                target: target.resolved.clone(),
                says: "the source has no such database".to_owned(),
                weight: Weight::Against,
            }),
        }
    }
    for source in &evidence.source {
        if evidence.target.iter().all(|it| it.role != source.role) {
            proof.push(Proof {
                database: source.role.to_string(),
                what: "Location".to_owned(),
                source: source.resolved.clone(),
                target: "none".to_owned(),
                says: "the target has no such database".to_owned(),
                weight: Weight::Against,
            });
        }
    }
    proof
}

/// Source value, target value, what they say together, and what that is worth.
type Said = (String, String, String, Weight);

fn proof_of(source: &DatabaseEvidence, target: &DatabaseEvidence, proof: &mut Vec<Proof>) {
    let role = target.role.to_string();
    let mut say = |what: &str, said: Said| {
        let (source, target, says, weight) = said;
        proof.push(Proof {
            database: role.clone(),
            what: what.to_owned(),
            source,
            target,
            says,
            weight,
        });
    };
    say("Location", location(source, target));
    say(
        "Database, as the engine knows it",
        engine_file(source, target),
    );
    if !target.exists {
        return;
    }
    if source.has.platform || target.has.platform {
        say("Platform version", version(source, target));
        say("Modules, by id and key", modules(source, target));
    }
    say("Newest log row", newest(source, target));
    say("Age of the newest log row", age(source, target));
    say("Used by another program", used(source, target));
    say("Marks of envclone", marks(source, target));
}

fn location(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let same = source.resolved == target.resolved;
    let (says, weight) = if same {
        ("both are the same place", Weight::Against)
    } else {
        ("two places", Weight::For)
    };
    (
        source.resolved.clone(),
        target.resolved.clone(),
        says.to_owned(),
        weight,
    )
}

fn engine_file(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let file = |side: &DatabaseEvidence| {
        if side.exists {
            side.file.clone()
        } else {
            "does not exist".to_owned()
        }
    };
    let (says, weight) = match (source.exists, target.exists) {
        (false, _) => ("there is no source", Weight::Against),
        (true, false) => ("nothing stood where the copy was to be made", Weight::For),
        (true, true) if source.file == target.file => {
            ("both are one and the same database", Weight::Against)
        }
        (true, true) => ("two databases", Weight::For),
    };
    (file(source), file(target), says.to_owned(), weight)
}

fn version(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let text = |side: &Observed<String>| side.known().cloned().unwrap_or_else(not_seen);
    let (says, weight) = match (&source.platform_version, &target.platform_version) {
        (Observed::Known(left), Observed::Known(right)) if left == right => {
            ("the same version, as a copy has".to_owned(), Weight::For)
        }
        (Observed::Known(_), Observed::Known(_)) => (
            "a copy has its source's version".to_owned(),
            Weight::Against,
        ),
        (Observed::Unknown { why }, _) | (_, Observed::Unknown { why }) => {
            (why.clone(), Weight::Silent)
        }
    };
    (
        text(&source.platform_version),
        text(&target.platform_version),
        says,
        weight,
    )
}

fn not_seen() -> String {
    "not seen".to_owned()
}

fn modules(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let known: BTreeSet<&String> = source.modules.iter().collect();
    let of = target.modules.len();
    let shared = target
        .modules
        .iter()
        .filter(|module| known.contains(module))
        .count();
    let weight = if of > 0 && shared * 10 >= of * 9 {
        Weight::For
    } else {
        Weight::Against
    };
    (
        source.modules.len().to_string(),
        of.to_string(),
        format!("{shared} of the target's {of} are the source's"),
        weight,
    )
}

fn newest(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let text = |side: &Observed<Option<String>>| match side.known() {
        Some(Some(at)) => at.clone(),
        Some(None) => "no log row".to_owned(),
        None => not_seen(),
    };
    let (says, weight) = match (&source.newest_log, &target.newest_log) {
        (Observed::Known(left), Observed::Known(right)) if right <= left => (
            "the target is not ahead of the source".to_owned(),
            Weight::For,
        ),
        (Observed::Known(_), Observed::Known(_)) => (
            "the target is ahead of the source, which a copy can't be".to_owned(),
            Weight::Against,
        ),
        (Observed::Unknown { why }, _) | (_, Observed::Unknown { why }) => {
            (why.clone(), Weight::Silent)
        }
    };
    (
        text(&source.newest_log),
        text(&target.newest_log),
        says,
        weight,
    )
}

fn age(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let text = |side: &Observed<Option<i64>>| match side.known() {
        Some(Some(seconds)) => span(*seconds),
        Some(None) => "no log row".to_owned(),
        None => not_seen(),
    };
    let (says, weight) = match &target.log_age_seconds {
        Observed::Known(Some(seconds)) => (
            format!("nothing wrote to the target's log for {}", span(*seconds)),
            Weight::For,
        ),
        Observed::Known(None) => ("the target keeps no log".to_owned(), Weight::Silent),
        Observed::Unknown { why } => (why.clone(), Weight::Silent),
    };
    (
        text(&source.log_age_seconds),
        text(&target.log_age_seconds),
        says,
        weight,
    )
}

fn span(seconds: i64) -> String {
    let (days, hours, minutes) = (seconds / 86_400, seconds / 3_600 % 24, seconds / 60 % 60);
    match (days, hours) {
        (0, 0) if minutes == 0 => format!("{seconds} s"),
        (0, 0) => format!("{minutes} min"),
        (0, _) => format!("{hours} h {minutes} min"),
        _ => format!("{days} d {hours} h"),
    }
}

fn used(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let text = |side: &Observed<bool>| match side.known() {
        Some(true) => "yes".to_owned(),
        Some(false) => "no".to_owned(),
        None => not_seen(),
    };
    let (says, weight) = match &target.in_use {
        Observed::Known(false) => ("nobody works with the target".to_owned(), Weight::For),
        Observed::Known(true) => ("somebody works with the target".to_owned(), Weight::Against),
        Observed::Unknown { why } => (why.clone(), Weight::Silent),
    };
    (text(&source.in_use), text(&target.in_use), says, weight)
}

fn marks(source: &DatabaseEvidence, target: &DatabaseEvidence) -> Said {
    let text = |side: &DatabaseEvidence| match side.marks.is_empty() {
        true => "none".to_owned(),
        false => side.marks.join(", "),
    };
    let made_of = |copy: &DatabaseEvidence, from: &DatabaseEvidence| {
        !from.file.is_empty() && copy.marks.contains(&format!("clone-of {}", from.file))
    };
    let (says, weight) = if made_of(source, target) {
        (
            "envclone made the source as a copy of the target",
            Weight::Against,
        )
    } else if made_of(target, source) {
        (
            "envclone made the target as a copy of the source",
            Weight::For,
        )
    } else {
        ("no mark binds the two", Weight::Silent)
    };
    (text(source), text(target), says.to_owned(), weight)
}

fn steps(parts: &Parts<'_>) -> Vec<StepReport> {
    let catalogue = parts
        .catalogue
        .filter(|catalogue| catalogue.digest() == parts.plan.catalogue);
    let mut steps: Vec<StepReport> = Vec::new();
    for item in &parts.plan.items {
        let report = item_report(item, parts.results);
        let rows = report.rows.unwrap_or(0);
        let millis = report.millis.unwrap_or(0);
        match steps.last_mut().filter(|step| step.step == item.step) {
            Some(step) => {
                step.items.push(report);
                step.rows += rows;
                step.millis += millis;
            }
            None => {
                let known = catalogue.and_then(|catalogue| catalogue.step(&item.step));
                steps.push(StepReport {
                    step: item.step.clone(),
                    title: known.map_or_else(|| split_title(item).0, |step| step.title.clone()),
                    why: known.map(|step| one_line(&step.why)),
                    origin: known.map(|step| step.source.clone()),
                    profile: item.profile,
                    items: vec![report],
                    rows,
                    millis,
                });
            }
        }
    }
    steps
}

fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An item's title is its step's title and what this item does: both apart.
fn split_title(item: &Item) -> (String, String) {
    let Deed::Sql { statements } = &item.deed else {
        return ("Copy the databases".to_owned(), item.title.clone());
    };
    statements
        .iter()
        .find_map(|statement| {
            let step = item.title.strip_suffix(&statement.comment)?;
            Some((
                step.strip_suffix(": ")?.to_owned(),
                statement.comment.clone(),
            ))
        })
        .unwrap_or_else(|| (item.title.clone(), item.title.clone()))
}

fn item_report(item: &Item, results: &[ItemResult]) -> ItemReport {
    let result = results.iter().find(|result| result.seq == item.seq);
    ItemReport {
        seq: item.seq,
        title: split_title(item).1,
        database: item.database.to_string(),
        table: item.table.clone(),
        planned: item.expect,
        before: result.and_then(|it| it.before),
        rows: result.and_then(|it| it.rows),
        after: result.and_then(|it| it.after),
        millis: result.and_then(|it| it.millis),
        state: result.map_or_else(|| PENDING.to_owned(), |it| it.state.clone()),
        note: result.and_then(|it| it.note.clone()),
    }
}

fn totals(parts: &Parts<'_>, steps: &[StepReport]) -> Totals {
    let done = steps
        .iter()
        .flat_map(|step| &step.items)
        .filter(|item| item.is_done())
        .count();
    let elapsed = || {
        let started: Timestamp = parts.run.started.parse().ok()?;
        let finished: Timestamp = parts.run.finished.as_ref()?.parse().ok()?;
        u64::try_from(finished.duration_since(started).as_secs()).ok()
    };
    Totals {
        items: parts.plan.items.len() as u64,
        done: done as u64,
        rows: steps.iter().map(|step| step.rows).sum(),
        saved: parts.saved.iter().map(|file| file.rows).sum(),
        millis: steps.iter().map(|step| step.millis).sum(),
        elapsed_seconds: elapsed(),
    }
}

fn left_out(plan: &Plan) -> Vec<LeftOutGroup> {
    let mut groups: Vec<LeftOutGroup> = Vec::new();
    for out in &plan.left_out {
        let (reason, missing) = kind_of(&out.reason);
        let part = LeftOutPart {
            step: out.step.clone(),
            detail: missing.filter(|missing| *missing != format!("`{}`", out.part)),
            part: out.part.clone(),
        };
        match groups.iter_mut().find(|group| group.reason == reason) {
            Some(group) => group.parts.push(part),
            None => groups.push(LeftOutGroup {
                reason,
                parts: vec![part],
            }),
        }
    }
    groups
}

/// A reason's kind, and what it is about where that differs from part to part.
fn kind_of(reason: &Reason) -> (String, Option<String>) {
    match reason {
        Reason::NoSuchTable { table } => (
            "this environment has no such table".to_owned(),
            Some(format!("`{table}`")),
        ),
        Reason::NoSuchColumn { table, column } => (
            "the table has no such column".to_owned(),
            Some(format!("`{table}.{column}`")),
        ),
        Reason::NoSuchEntity { key } => (
            "no active module has such an entity".to_owned(),
            Some(format!("`{key}`")),
        ),
        whole => (whole.to_string(), None),
    }
}

fn verified(verification: &Verification) -> Verified {
    let mut residue: BTreeMap<(&str, &str), Vec<ResiduePlace>> = BTreeMap::new();
    let mut clean: Vec<Requirement> = Vec::new();
    let (mut accepted, mut unknown) = (Vec::new(), Vec::new());
    for check in &verification.checks {
        match &check.verdict {
            Verdict::Clean => match clean.iter_mut().find(|it| it.id == check.id) {
                Some(requirement) => requirement.places.push(place(check)),
                None => clean.push(Requirement {
                    id: check.id.clone(),
                    title: check.title.clone(),
                    places: vec![place(check)],
                }),
            },
            Verdict::Residue { rows, sample } => residue
                .entry((&check.database, &check.table))
                .or_default()
                .push(ResiduePlace {
                    id: check.id.clone(),
                    title: check.title.clone(),
                    column: check.column.clone(),
                    rows: *rows,
                    sample: sample.clone(),
                }),
            Verdict::Accepted { rows, because } => accepted.push(AcceptedPlace {
                id: check.id.clone(),
                database: check.database.clone(),
                table: check.table.clone(),
                column: check.column.clone(),
                rows: *rows,
                because: because.clone(),
            }),
            Verdict::Unknown { why } => unknown.push(UnknownPlace {
                id: check.id.clone(),
                title: check.title.clone(),
                database: check.database.clone(),
                table: check.table.clone(),
                column: check.column.clone(),
                why: why.clone(),
            }),
        }
    }
    let residue = residue
        .into_iter()
        .map(|((database, table), places)| TableResidue {
            database: database.to_owned(),
            table: table.to_owned(),
            places,
        })
        .collect();
    Verified {
        tally: verification.tally(),
        residue,
        accepted,
        unknown,
        clean,
        coverage: verification.coverage.clone(),
    }
}

fn place(check: &Check) -> String {
    let mut place = match check.database.as_str() {
        "platform" | "" => String::new(),
        database => format!("{database}: "),
    };
    place += &check.table;
    if !check.column.is_empty() {
        place = format!("{place}.{}", check.column);
    }
    place
}

fn tasks(parts: &Parts<'_>, steps: &[StepReport], verified: Option<&Verified>) -> Vec<Task> {
    let mut tasks = Vec::new();
    let task = |kind, title, text| Task { kind, title, text };
    if parts.run.state != RunState::Refused {
        tasks.extend(steps.iter().flat_map(undone));
    }
    for table in verified.iter().flat_map(|it| &it.residue) {
        let mut places: Vec<String> = Vec::new();
        for place in &table.places {
            let rows = counted(place.rows, "row", "rows");
            places.push(match (place.column.as_str(), place.id.as_str()) {
                ("", "scan") => rows,
                ("", _) => format!("{rows}, where this should hold: {}", place.title),
                (column, "scan") => format!("column `{column}`, {rows}"),
                (column, _) => format!(
                    "column `{column}`, {rows}, where this should hold: {}",
                    place.title
                ),
            });
        }
        tasks.push(task(
            TaskKind::Residue,
            format!("Table `{}` of the {} database", table.table, table.database),
            format!("{}.", places.join("; ")),
        ));
    }
    for place in verified.iter().flat_map(|it| &it.unknown) {
        let text = if place.title.is_empty() {
            place.why.clone()
        } else {
            format!(
                "this could not be checked: {}. Reason: {}",
                place.title, place.why
            )
        };
        tasks.push(task(
            TaskKind::Unknown,
            format!("Table `{}` of the {} database", place.table, place.database),
            text,
        ));
    }
    for guide in &parts.plan.guides {
        tasks.push(task(
            TaskKind::Guide,
            guide.title.clone(),
            guide.text.clone(),
        ));
    }
    tasks
}

fn undone(step: &StepReport) -> Vec<Task> {
    let task = |item: &ItemReport| {
        let note = item
            .note
            .as_ref()
            .map(|note| format!(": {note}"))
            .unwrap_or_default();
        let left = item
            .after
            .filter(|after| *after > 0)
            .map(|after| {
                format!(
                    ", {} left that it should have touched",
                    counted(after, "row", "rows")
                )
            })
            .unwrap_or_default();
        Task {
            kind: TaskKind::Item,
            title: format!("Item {}: {}", item.seq, item.title),
            text: format!("{}{note}{left}.", item.state),
        }
    };
    step.items
        .iter()
        .filter(|item| !item.is_done())
        .map(task)
        .collect()
}
