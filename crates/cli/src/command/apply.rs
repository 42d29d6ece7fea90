//! Carrying out a plan, and what follows it.

use std::io::{ErrorKind, IsTerminal};
use std::path::Path;

use envclone_core::inventory::Inventory;
use envclone_core::plan::Plan;
use envclone_core::settings::CloneMode;

use super::{inspect, judge, print_json, run_folder, with_phases};
use crate::args::{Apply, Approval, Cli, Run, word};
use crate::failure::{Exit, Failure, NOTHING_CHANGED};
use crate::folder::{RunFolder, read_plan};
use crate::run::{Phases, Planned};
use crate::ui::{counted, say};

/// `apply`: a plan file, or a plan made now.
pub(super) fn apply(cli: &Cli, args: &Apply) -> Result<(), Failure> {
    long_enough(&args.approval)?;
    with_phases(cli, |phases| {
        let planned = match &args.plan {
            Some(path) => {
                let plan = read_plan(path)?;
                if !plan.items.is_empty() {
                    somebody_to_ask(&args.approval, Some((path, &plan)))?;
                }
                let (evidence, findings) = phases.prove(Some(&plan))?;
                let inventory = phases.inspect()?;
                Planned {
                    plan,
                    inventory,
                    evidence,
                    findings,
                }
            }
            None => planned(phases, &args.approval)?,
        };
        carry_out(cli, phases, &planned, &args.approval)
    })
}

/// `refresh`: all phases in order.
pub(super) fn refresh(cli: &Cli, args: &Approval) -> Result<(), Failure> {
    long_enough(args)?;
    with_phases(cli, |phases| {
        let planned = planned(phases, args)?;
        carry_out(cli, phases, &planned, args)
    })
}

/// A plan that somebody can approve. One that makes the copy has something to do in any case, so that nobody to ask
/// is found before the source is inspected; one for a copy that is clean already needs no approval.
fn planned(phases: &mut Phases<'_>, approval: &Approval) -> Result<Planned, Failure> {
    if phases.config.settings.clone == CloneMode::Make {
        somebody_to_ask(approval, None)?;
    }
    phases.plan()
}

fn carry_out(
    cli: &Cli,
    phases: &mut Phases<'_>,
    planned: &Planned,
    approval: &Approval,
) -> Result<(), Failure> {
    if planned.plan.items.is_empty() {
        say("nothing to do: the copy has no row that a step would touch");
        let verification = phases.verify(None, &planned.inventory)?;
        return judge(cli, &verification, None);
    }
    approve(&planned.plan, approval)?;
    let folder = execute(phases, planned)?;
    finish(cli, phases, &folder, &planned.inventory)
}

/// Executes an approved plan in a new run.
pub(super) fn execute(phases: &mut Phases<'_>, planned: &Planned) -> Result<RunFolder, Failure> {
    // Between the plan and its approval a person may have taken a long time.
    phases.prove(Some(&planned.plan))?;
    let (folder, journal, progress) = phases.begin(planned)?;
    phases.execute(&folder, &planned.plan, journal, &progress)?;
    Ok(folder)
}

/// Verifies and reports what was executed.
fn finish(
    cli: &Cli,
    phases: &mut Phases<'_>,
    folder: &RunFolder,
    inventory: &Inventory,
) -> Result<(), Failure> {
    let after = |failure: Failure| match failure.state == NOTHING_CHANGED {
        true => failure
            .state("the clean-up is done and committed; what follows it could not be finished"),
        false => failure,
    };
    let verification = phases.verify(Some(folder), inventory).map_err(after)?;
    let report = phases.report(folder).map_err(after)?;
    let html = folder.file("report.html");
    if cli.json {
        print_json(&report)?;
    } else {
        say(&format!("  report    {}", html.display()));
    }
    judge(cli, &verification, Some(html))
}

/// How many digits of a plan's id are an approval.
pub(super) const DIGITS: usize = 12;

/// Refuses an approval that is too short for any plan.
fn long_enough(approval: &Approval) -> Result<(), Failure> {
    match &approval.approve {
        Some(id) if id.len() < DIGITS => Err(Failure::before(
            Exit::NotApproved,
            format!(
                "`{id}` was approved, and at least {DIGITS} digits of the plan's id are needed"
            ),
        )
        .hint("`envclone plan` shows the plan and its id")),
        _ => Ok(()),
    }
}

/// Refuses a plan that nobody approved and nobody can be asked about.
fn somebody_to_ask(approval: &Approval, plan: Option<(&Path, &Plan)>) -> Result<(), Failure> {
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    if approval.approve.is_some() || terminal {
        return Ok(());
    }
    let hint = match plan {
        Some((path, plan)) => format!(
            "look at the plan, then approve it by its id: `envclone apply {} --approve {}`",
            word(path),
            plan.short_id()
        ),
        None => "`envclone plan --out plan.json` shows the plan and its id; then approve it: `envclone apply plan.json --approve ID`".to_owned(),
    };
    Err(Failure::before(
        Exit::NotApproved,
        "a person must approve the plan, and there is no terminal to ask at",
    )
    .hint(hint))
}

/// Asks a person, or takes the plan's id for the answer.
fn approve(plan: &Plan, approval: &Approval) -> Result<(), Failure> {
    if let Some(id) = &approval.approve {
        return if id.len() >= DIGITS && plan.id.starts_with(id.as_str()) {
            Ok(())
        } else {
            Err(Failure::before(
                Exit::NotApproved,
                format!("`{id}` was approved, and this is plan {}", plan.short_id()),
            )
            .hint("look at the plan that would be carried out now: `envclone plan`"))
        };
    }
    somebody_to_ask(approval, None)?;
    inspect::show(plan, false);
    let place = plan
        .target
        .first()
        .map(|database| database.locator.as_str())
        .unwrap_or_default();
    let rows: u64 = plan.items.iter().filter_map(|item| item.expect).sum();
    say(&format!(
        "\n{} to do, {} to change.",
        counted(plan.items.len() as u64, "item", "items"),
        counted(rows, "row", "rows")
    ));
    have_it_typed(place, "the plan")
}

/// Has a person type the name of a database to approve what was shown.
fn have_it_typed(place: &str, what: &str) -> Result<(), Failure> {
    let name = place.rsplit(['/', '\\']).next().unwrap_or(place);
    say(&format!(
        "The target is {place}\nType its name to approve: {name}"
    ));
    let typed: String = dialoguer::Input::new()
        .with_prompt("target")
        .allow_empty(true)
        .interact_text()
        .map_err(|dialoguer::Error::IO(error)| match error.kind() {
            ErrorKind::Interrupted => Failure::before(
                Exit::Interrupted,
                format!("interrupted before {what} was approved"),
            ),
            _ => Failure::before(Exit::NotApproved, format!("there was no answer: {error}")),
        })?;
    if typed.trim() == name {
        Ok(())
    } else {
        Err(Failure::before(
            Exit::NotApproved,
            format!("{what} was not approved"),
        ))
    }
}

/// Asks for the approval of something that was shown and is no plan; `instead` says what to do where nobody can be asked.
pub(super) fn ask(place: &str, instead: impl FnOnce() -> String) -> Result<(), Failure> {
    let terminal = std::io::stdin().is_terminal() && std::io::stderr().is_terminal();
    match terminal {
        true => have_it_typed(place, "it"),
        false => Err(Failure::before(
            Exit::NotApproved,
            "a person must approve this, and there is no terminal to ask at",
        )
        .hint(instead())),
    }
}

/// `resume`: goes on where a run stopped.
pub(super) fn resume(cli: &Cli, args: &Run) -> Result<(), Failure> {
    with_phases(cli, |phases| {
        let folder = run_folder(phases, args)?;
        let plan = folder.plan()?;
        let inventory = folder.inventory()?;
        let (journal, progress) = phases.reopen(&folder, &plan)?;
        if progress.finished {
            say("the run is finished; only verification and the report are made again");
        } else {
            say(&format!(
                "run {}: {} of {}",
                folder.id(),
                progress.done(),
                counted(plan.items.len() as u64, "item is done", "items are done")
            ));
            phases.execute(&folder, &plan, journal, &progress)?;
        }
        finish(cli, phases, &folder, &inventory)
    })
}

/// `verify`: looks again, with what the newest run knew of the source, or with the source itself.
pub(super) fn verify(cli: &Cli, args: &Run) -> Result<(), Failure> {
    with_phases(cli, |phases| {
        let folder = run_folder(phases, args)
            .ok()
            .filter(|folder| args.run.is_some() || folder.file("inventory.json").is_file());
        let inventory = match &folder {
            Some(folder) => folder.inventory()?,
            None => phases.inspect()?,
        };
        let verification = phases.verify(folder.as_ref(), &inventory)?;
        if cli.json {
            print_json(&verification)?;
        }
        if let Some(folder) = &folder {
            phases.report(folder)?;
        }
        judge(
            cli,
            &verification,
            folder.map(|folder| folder.file("report.html")),
        )
    })
}

/// `report`: writes the report of a run again.
pub(super) fn report(cli: &Cli, args: &Run) -> Result<(), Failure> {
    with_phases(cli, |phases| {
        let folder = run_folder(phases, args)?;
        let report = phases.report(&folder)?;
        if cli.json {
            return print_json(&report);
        }
        for name in ["report.html", "report.md", "report.json"] {
            crate::ui::data(&folder.file(name).display().to_string());
        }
        Ok(())
    })
}
