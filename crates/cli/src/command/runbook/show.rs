//! Shows a runbook: its steps, one of them, a page, and what comes next.

use comfy_table::LineStyle;
use envclone_core::runbook::Runbook;
use envclone_core::runbook::journal::Event;
use envclone_core::runbook::progress::same_machine;
use serde::Serialize;

use super::{Shell, numbered};
use crate::command::print_json;
use crate::failure::{Exit, Failure};
use crate::render::runbook as render;
use crate::runbook::Standing;
use crate::ui::{data, say};

/// A runbook for machines: what it is, and how far it came.
#[derive(Serialize)]
struct ForMachines<'a> {
    runbook: &'a Runbook,
    entries: Vec<ForMachinesEntry<'a>>,
    states: Vec<ForMachinesState>,
    finished: bool,
}

#[derive(Serialize)]
struct ForMachinesEntry<'a> {
    n: u64,
    at: &'a str,
    /// What the step is called whose number the entry has, which a renewal may have changed since.
    step_id: Option<&'a str>,
    entry: &'a Event,
}

#[derive(Serialize)]
struct ForMachinesState {
    step: u32,
    state: String,
}

impl Shell<'_> {
    pub(super) fn list(&self) -> Result<(), Failure> {
        let standing = Standing::read(&self.run)?;
        if self.cli.json {
            return print_standing(&standing);
        }
        let runbook = &standing.runbook;
        let mut table = crate::ui::table(false);
        // So many short rows fit a screen without lines between them.
        let plain = table.style().row_separator(LineStyle::none());
        table
            .load_style(plain)
            .set_header(["", "state", "step", "how", "article"]);
        for step in &runbook.steps {
            table.add_row(render::row(runbook, &standing.progress, step));
        }
        data(&table.to_string());
        for one in &runbook.left_out {
            data(&format!("left out: {}: {}", one.title, one.because));
        }
        self.ahead(&standing);
        Ok(())
    }

    /// What comes next, for people.
    pub(super) fn ahead(&self, standing: &Standing) {
        if self.cli.quiet {
            return;
        }
        let progress = &standing.progress;
        match progress.next(&standing.runbook) {
            Some(step) => {
                let machines = standing.runbook.machines_of(step);
                let open = progress.state(step).map(|state| state.open_on(machines));
                let elsewhere = open.filter(|open| {
                    !open.is_empty() && !open.iter().any(|it| same_machine(it, &self.name))
                });
                let place = elsewhere.map(|open| format!(", on {}", open.join(", ")));
                say(&format!(
                    "\nnext is step {}: {}{}; `envclone runbook next` goes on",
                    step.n,
                    step.title,
                    place.unwrap_or_default()
                ));
            }
            None => say("\nevery step is done or skipped; `envclone report` writes it down"),
        }
    }

    pub(super) fn print(&self) -> Result<(), Failure> {
        let standing = Standing::read(&self.run)?;
        let page = render::page(&standing.runbook, &standing.progress)
            .map_err(|error| Failure::before(Exit::Unexpected, error.to_string()))?;
        data(page.trim_end());
        Ok(())
    }

    pub(super) fn show(&self, n: u32) -> Result<(), Failure> {
        let standing = Standing::read(&self.run)?;
        let step = numbered(&standing.runbook, n)?;
        if self.cli.json {
            return print_json(step);
        }
        for line in render::step(&standing.runbook, &standing.progress, step) {
            data(&line);
        }
        Ok(())
    }
}

fn print_standing(standing: &Standing) -> Result<(), Failure> {
    let runbook = &standing.runbook;
    let states = runbook.steps.iter().map(|step| ForMachinesState {
        step: step.n,
        state: render::row(runbook, &standing.progress, step)[1].clone(),
    });
    print_json(&ForMachines {
        runbook,
        entries: standing
            .entries()
            .iter()
            .zip(standing.step_ids())
            .map(|(entry, step_id)| ForMachinesEntry {
                n: entry.n,
                at: &entry.at,
                step_id,
                entry: &entry.event,
            })
            .collect(),
        states: states.collect(),
        finished: standing.progress.finished.is_some(),
    })
}
