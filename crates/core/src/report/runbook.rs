//! What followed the clean-up: who did which step of the runbook, what was seen of it, what is left.

use serde::{Deserialize, Serialize};

use super::{Task, TaskKind};
use crate::journal::Entry;
use crate::runbook::check::Looked;
use crate::runbook::journal::{By, Event};
use crate::runbook::progress::{Progress, step_ids};
use crate::runbook::step::Way;
use crate::runbook::{LeftOut, Runbook, Step};

/// A runbook with its journal, read.
#[derive(Clone, Copy)]
pub struct Ran<'a> {
    /// The runbook that was started, and those that it was renewed to, in order.
    pub runbooks: &'a [Runbook],
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
    /// When it was made again from changed settings, and by whom.
    pub renewed: Vec<Renewal>,
    /// When every step was done or skipped; none while one is open.
    pub finished: Option<String>,
    /// How many steps are neither done nor skipped.
    pub open: u64,
    /// Its steps, in order.
    pub steps: Vec<RunbookStep>,
    /// What is not in it, and why.
    pub left_out: Vec<LeftOut>,
    /// Steps that it had before it was renewed, with what happened of them.
    pub dropped: Vec<Dropped>,
}

/// That a runbook was made again.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Renewal {
    /// When, in UTC, RFC 3339.
    pub at: String,
    /// Who decided, and where.
    pub by: By,
}

/// A step that was in a runbook before it was renewed.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Dropped {
    /// What it did.
    pub title: String,
    /// What happened, in order.
    pub happened: Vec<Happened>,
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

/// What was seen of a machine.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct SeenOn {
    /// The machine.
    pub machine: String,
    /// What was seen.
    pub found: Vec<Looked>,
}

/// None where nothing was started.
pub(super) fn runbook(ran: &Ran<'_>) -> Option<RunbookReport> {
    let Ran {
        runbooks, progress, ..
    } = ran;
    let runbook = runbooks.last()?;
    let ids = step_ids(runbooks, ran.entries);
    let happened = |id: &str| -> Vec<Happened> {
        let lines = ids.iter().zip(ran.entries);
        let lines = lines.filter(|(of, _)| **of == Some(id));
        lines.filter_map(|(_, entry)| told(entry)).collect()
    };
    let steps: Vec<RunbookStep> = runbook
        .steps
        .iter()
        .map(|it| step(runbook, progress, it, happened(&it.id)))
        .collect();
    let open = steps.iter().filter(|step| is_open(&step.state)).count();
    Some(RunbookReport {
        id: runbook.id.clone(),
        way: runbook.way,
        by: progress.started.1.clone(),
        started: progress.started.0.clone(),
        renewed: progress
            .renewed
            .iter()
            .map(|(at, by)| Renewal {
                at: at.clone(),
                by: by.clone(),
            })
            .collect(),
        finished: progress.finished.as_ref().map(|(at, _)| at.clone()),
        open: open as u64,
        steps,
        left_out: runbook.left_out.clone(),
        dropped: dropped(runbooks, &happened),
    })
}

/// The steps that only earlier runbooks have, where anything happened of them.
fn dropped(runbooks: &[Runbook], happened: &dyn Fn(&str) -> Vec<Happened>) -> Vec<Dropped> {
    let Some((newest, older)) = runbooks.split_last() else {
        return Vec::new();
    };
    let mut known: Vec<&str> = newest.steps.iter().map(|step| step.id.as_str()).collect();
    let mut found = Vec::new();
    for step in older.iter().rev().flat_map(|runbook| &runbook.steps) {
        if known.contains(&step.id.as_str()) {
            continue;
        }
        known.push(&step.id);
        let happened = happened(&step.id);
        if !happened.is_empty() {
            found.push(Dropped {
                title: step.title.clone(),
                happened,
            });
        }
    }
    found
}

fn is_open(state: &str) -> bool {
    !matches!(state, "done" | "skipped" | "overridden")
}

fn step(
    runbook: &Runbook,
    progress: &Progress,
    step: &Step,
    happened: Vec<Happened>,
) -> RunbookStep {
    let state = progress.state(step).cloned().unwrap_or_default();
    RunbookStep {
        n: step.n,
        title: step.title.clone(),
        published: step.published.clone(),
        state: state.name(runbook.machines_of(step)).to_owned(),
        happened,
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

/// Who, where, and what happened to a step.
fn told(entry: &Entry<Event>) -> Option<Happened> {
    let (who, machine, what) = match &entry.event {
        Event::DeedStarted { what, by, .. } => {
            (Some(&by.who), &by.machine, format!("approved: {what}"))
        }
        Event::DeedDone {
            machine, result, ..
        } => (None, machine, result.clone()),
        Event::DeedFailed { machine, error, .. } => (None, machine, format!("it failed: {error}")),
        Event::Done {
            on, by, because, ..
        } => {
            let mut what = format!("done on {on}");
            if let Some(because) = because {
                what += &format!(", although not every check held: {because}");
            }
            (Some(&by.who), &by.machine, what)
        }
        Event::Skipped { by, because, .. } => {
            (Some(&by.who), &by.machine, format!("skipped: {because}"))
        }
        Event::Reopened { by, .. } => (Some(&by.who), &by.machine, "opened again".to_owned()),
        Event::RunbookStarted { .. }
        | Event::Renewed { .. }
        | Event::Checked { .. }
        | Event::Finished { .. }
        | Event::Unknown => return None,
    };
    Some(Happened {
        at: entry.at.clone(),
        who: who.cloned(),
        machine: machine.clone(),
        what,
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
