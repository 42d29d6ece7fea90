//! What followed the clean-up: who did which step of the runbook, what was seen of it, what is left.

use serde::{Deserialize, Serialize};

use super::{Task, TaskKind};
use crate::journal::Entry;
use crate::runbook::check::Looked;
use crate::runbook::journal::{By, Event};
use crate::runbook::progress::Progress;
use crate::runbook::step::Way;
use crate::runbook::{LeftOut, Runbook};

/// A runbook with its journal, read.
#[derive(Clone, Copy)]
pub struct Ran<'a> {
    /// The runbook.
    pub runbook: &'a Runbook,
    /// How far it came.
    pub progress: &'a Progress,
    /// What was written down.
    pub entries: &'a [Entry<Event>],
}

/// What followed the clean-up.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunbookReport {
    /// The runbook's id.
    pub id: String,
    /// Which way it goes.
    pub way: Way,
    /// Who began it, and where.
    pub by: By,
    /// When, in UTC, RFC 3339.
    pub started: String,
    /// When every step was done or skipped; none while one is open.
    pub finished: Option<String>,
    /// How many steps are neither done nor skipped.
    pub open: u64,
    /// Its steps, in order.
    pub steps: Vec<RunbookStep>,
    /// What is not in it, and why.
    pub left_out: Vec<LeftOut>,
}

/// A step of it.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct RunbookStep {
    /// Its number.
    pub n: u32,
    /// What it does.
    pub title: String,
    /// Its number in the article; none for a step of this project's own.
    pub published: Option<String>,
    /// How far it came, in one word.
    pub state: String,
    /// What happened, in order.
    pub happened: Vec<Happened>,
    /// What was last seen of its checks, by machine.
    pub seen: Vec<SeenOn>,
}

/// Something that happened.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Happened {
    /// When, in UTC, RFC 3339.
    pub at: String,
    /// Who did it; none for how something that somebody began ended.
    pub who: Option<String>,
    /// On which machine.
    pub machine: String,
    /// What.
    pub what: String,
}

/// What was seen from a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenOn {
    /// The machine.
    pub machine: String,
    /// What was seen.
    pub found: Vec<Looked>,
}

pub(super) fn runbook(ran: &Ran<'_>) -> RunbookReport {
    let Ran {
        runbook, progress, ..
    } = ran;
    let steps: Vec<RunbookStep> = runbook.steps.iter().map(|it| step(ran, it)).collect();
    let open = steps.iter().filter(|step| is_open(&step.state)).count();
    RunbookReport {
        id: runbook.id.clone(),
        way: runbook.way,
        by: progress.started.1.clone(),
        started: progress.started.0.clone(),
        finished: progress.finished.as_ref().map(|(at, _)| at.clone()),
        open: open as u64,
        steps,
        left_out: runbook.left_out.clone(),
    }
}

fn is_open(state: &str) -> bool {
    !matches!(state, "done" | "skipped" | "overridden")
}

fn step(ran: &Ran<'_>, step: &crate::runbook::Step) -> RunbookStep {
    let state = ran.progress.state(step).cloned().unwrap_or_default();
    let happened = ran.entries.iter().filter_map(|entry| {
        let (n, who, machine, what) = told(&entry.event)?;
        (n == step.n).then(|| Happened {
            at: entry.at.clone(),
            who: who.map(str::to_owned),
            machine: machine.to_owned(),
            what,
        })
    });
    RunbookStep {
        n: step.n,
        title: step.title.clone(),
        published: step.published.clone(),
        state: state.name(ran.runbook.machines_of(step)).to_owned(),
        happened: happened.collect(),
        seen: state
            .checked
            .iter()
            .map(|(machine, found)| SeenOn {
                machine: machine.clone(),
                found: found.clone(),
            })
            .collect(),
    }
}

/// The step, who, where, and what happened.
fn told(event: &Event) -> Option<(u32, Option<&str>, &str, String)> {
    Some(match event {
        Event::DeedStarted { step, what, by, .. } => (
            *step,
            Some(&by.who),
            &by.machine,
            format!("approved: {what}"),
        ),
        Event::DeedDone {
            step,
            machine,
            result,
            ..
        } => (*step, None, machine, result.clone()),
        Event::DeedFailed {
            step,
            machine,
            error,
            ..
        } => (*step, None, machine, format!("it failed: {error}")),
        Event::Done {
            step,
            on,
            by,
            because,
        } => {
            let mut what = format!("done on {on}");
            if let Some(because) = because {
                what += &format!(", although not every check held: {because}");
            }
            (*step, Some(&by.who), &by.machine, what)
        }
        Event::Skipped { step, by, because } => (
            *step,
            Some(&by.who),
            &by.machine,
            format!("skipped: {because}"),
        ),
        Event::Reopened { step, by } => {
            (*step, Some(&by.who), &by.machine, "opened again".to_owned())
        }
        Event::RunbookStarted { .. }
        | Event::Checked { .. }
        | Event::Finished { .. }
        | Event::Unknown => return None,
    })
}

/// The steps that are open, as work that remains.
pub(super) fn tasks(report: &RunbookReport) -> Vec<Task> {
    let open = report.steps.iter().filter(|step| is_open(&step.state));
    open.map(|step| Task {
        kind: TaskKind::Runbook,
        title: format!("Step {}: {}", step.n, step.title),
        text: format!(
            "{}; `envclone runbook show {}` says what to do.",
            step.state, step.n
        ),
    })
    .collect()
}
