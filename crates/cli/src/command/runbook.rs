//! `runbook`: the steps after the clean-up, one at a time.

mod identity;
mod record;
mod show;
mod take;

use envclone_core::runbook::renewal::Change;
use envclone_core::runbook::step::Way;
use envclone_core::runbook::{Runbook, Step, make};
use envclone_machine::Machine;

use super::named_or_newest;
use crate::args::{Cli, RunbookArgs, RunbookVerb, WayArg};
use crate::config::Config;
use crate::failure::{Exit, Failure, chain};
use crate::folder::RunFolder;
use crate::run::machine as host_name;
use crate::runbook::platform::must_not_be_the_source;
use crate::runbook::{Known, Open, Standing, by, script};
use crate::ui::{data, say};
use envclone_core::runbook::progress::known_as;

/// Runs one of its verbs.
pub(super) fn run(cli: &Cli, args: &RunbookArgs, machine: &dyn Machine) -> Result<(), Failure> {
    if let Some(RunbookVerb::Identity { folder }) = &args.verb {
        return identity::identity(cli, folder.as_ref(), machine);
    }
    let config = Config::load(&cli.settings)?;
    let run = named_or_newest(&config, args.run.as_ref())?;
    let shell = Shell {
        cli,
        config: &config,
        run,
        machine,
        name: name(&config, machine),
    };
    if args.print {
        return shell.print();
    }
    match &args.verb {
        None => shell.list(),
        Some(RunbookVerb::Show { n: None }) => shell.list(),
        Some(RunbookVerb::Show { n: Some(n) }) => shell.show(*n),
        Some(RunbookVerb::Start { way }) => shell.start(*way),
        Some(RunbookVerb::Renew) => shell.renew(),
        Some(RunbookVerb::Next(approved)) => shell.next(approved),
        Some(RunbookVerb::Do { n, approved }) => shell.go(*n, approved),
        Some(RunbookVerb::Check { n }) => shell.check(*n),
        Some(RunbookVerb::Done {
            n,
            machine,
            because,
        }) => shell.done(*n, machine.as_deref(), because.as_deref()),
        Some(RunbookVerb::Skip { n, because }) => shell.skip(*n, because),
        Some(RunbookVerb::Undo { n }) => shell.undo(*n),
        Some(RunbookVerb::Script { out }) => script::write(cli, &config, &shell.run, out),
        Some(RunbookVerb::Identity { .. }) => Ok(()),
    }
}

struct Shell<'a> {
    cli: &'a Cli,
    config: &'a Config,
    run: RunFolder,
    machine: &'a dyn Machine,
    name: String,
}

impl Shell<'_> {
    fn start(&self, way: WayArg) -> Result<(), Failure> {
        let way = match way {
            WayArg::Fresh => Way::Fresh,
            WayArg::Reconfigure => Way::Reconfigure,
        };
        let known = Known::of(self.config, &self.run)?;
        self.must_be_clean()?;
        must_not_be_the_source(&known.parts())?;
        let runbook = make(way, &known.parts())
            .map_err(|error| Failure::before(Exit::Unexpected, chain(error)))?;
        Open::start(&self.run, runbook, by(&self.name))?;
        if !self.cli.quiet {
            say(&format!(
                "the runbook of run {} is in {}",
                self.run.id(),
                crate::runbook::folder(&self.run).display()
            ));
        }
        self.list()
    }

    /// Makes the runbook again from the settings as they are now, and keeps what was done.
    fn renew(&self) -> Result<(), Failure> {
        let known = Known::of(self.config, &self.run)?;
        let mut open = Open::take_up(&self.run)?;
        must_not_be_the_source(&known.parts())?;
        let (old, before) = (
            open.standing.runbook.clone(),
            open.standing.progress.clone(),
        );
        let runbook = make(old.way, &known.parts())
            .map_err(|error| Failure::before(Exit::Unexpected, chain(error)))?;
        if runbook.id == old.id {
            say("nothing was changed: the runbook says what the settings say");
            return match self.cli.json {
                true => self.list(),
                false => Ok(()),
            };
        }
        let changes = Change::between(&old, &before, &runbook);
        open.renew(runbook, by(&self.name))?;
        self.finish(&mut open)?;
        if self.cli.json {
            return self.list();
        }
        if changes.is_empty() {
            say("it was made again, and no step has changed");
        }
        changes.iter().for_each(|change| data(&change.to_string()));
        self.ahead(&open.standing);
        Ok(())
    }

    /// What follows a run that did not end must wait: the platform would begin to work on production's data.
    fn must_be_clean(&self) -> Result<(), Failure> {
        let report = crate::run::report_of(&self.run, &self.config.catalogue)?;
        if report.totals.items == report.totals.done && report.run.finished.is_some() {
            return Ok(());
        }
        Err(Failure::before(
            Exit::Refused,
            format!(
                "run {} is not finished: {} of {} items are done",
                self.run.id(),
                report.totals.done,
                report.totals.items
            ),
        )
        .hint("`envclone resume` finishes it; the platform must not start on a copy that is not clean"))
    }

    /// Refuses a step that is settled, or behind a gate that is closed.
    fn may_begin(&self, standing: &Standing, step: &Step) -> Result<(), Failure> {
        let machines = standing.runbook.machines_of(step);
        let settled = standing
            .progress
            .state(step)
            .is_some_and(|state| state.is_settled(machines));
        if settled {
            return Err(Failure::before(
                Exit::Invalid,
                format!("step {} is settled already", step.n),
            )
            .hint(format!("`envclone runbook undo {}` opens it again", step.n)));
        }
        match standing.progress.gate_before(&standing.runbook, step) {
            None => Ok(()),
            Some(gate) => Err(Failure::before(
                Exit::Refused,
                format!(
                    "step {} comes after step {}, which is open: {}",
                    step.n, gate.n, gate.title
                ),
            )
            .hint(format!(
                "`envclone runbook show {}` says what it takes",
                gate.n
            ))),
        }
    }

    /// What was done on this machine is not done there again because it is open on others.
    fn not_done_here(&self, standing: &Standing, step: &Step) -> Result<(), Failure> {
        let machines = standing.runbook.machines_of(step);
        let Some(state) = standing.progress.state(step) else {
            return Ok(());
        };
        if machines.is_empty() || !state.is_done_on(&self.name) {
            return Ok(());
        }
        Err(Failure::before(
            Exit::Invalid,
            format!(
                "step {} is done on {} already, and open on {}",
                step.n,
                self.name,
                state.open_on(machines).join(", ")
            ),
        )
        .hint(format!(
            "run the command there; `envclone runbook undo {}` opens the step again on every machine",
            step.n
        )))
    }

    /// Says which steps before one are open: who takes it out of turn should know.
    fn tell_what_is_open_before(&self, standing: &Standing, step: &Step) {
        let before = standing.runbook.steps.iter().filter(|it| {
            let machines = standing.runbook.machines_of(it);
            let settled = |it| {
                standing
                    .progress
                    .state(it)
                    .is_some_and(|state| state.is_settled(machines))
            };
            it.n < step.n && !it.optional && !settled(it)
        });
        let open: Vec<u32> = before.map(|it| it.n).collect();
        match open.as_slice() {
            [] => {}
            [one] => say(&format!("step {one}, which comes before it, is open")),
            many => say(&format!(
                "steps that come before it are open: {}",
                ranges(many)
            )),
        }
    }

    /// Refuses a deed on a machine that is none of the step's.
    fn on_its_machine(&self, runbook: &Runbook, step: &Step) -> Result<(), Failure> {
        let machines = runbook.machines_of(step);
        let needs = step
            .deeds
            .iter()
            .any(envclone_core::runbook::deed::Deed::needs_machine);
        let here = std::slice::from_ref(&self.name);
        if !needs || machines.is_empty() || known_as(machines, here).is_some() {
            return Ok(());
        }
        Err(Failure::before(
            Exit::Refused,
            format!(
                "this machine is {}, and step {} is for {}",
                self.name,
                step.n,
                machines.join(", ")
            ),
        )
        .hint("run the command there; the runs' folder can be on a share, or be copied over"))
    }
}

/// What this machine is called: as the settings call it, whichever of its names that is.
fn name(config: &Config, machine: &dyn Machine) -> String {
    let names = envclone_machine::names(machine).unwrap_or_else(|_| vec![host_name()]);
    let machines = &config.settings.runbook.machines;
    let told = match known_as(machines, &names) {
        Some(known) => Some(known),
        // Of a machine that is none of them, the domain may be the reason.
        None if !machines.is_empty() => names.iter().find(|name| name.contains('.')),
        None => None,
    };
    told.or(names.first()).cloned().unwrap_or_else(host_name)
}

fn numbered(runbook: &Runbook, n: u32) -> Result<&Step, Failure> {
    runbook.step(n).ok_or_else(|| {
        Failure::before(
            Exit::Usage,
            format!(
                "there is no step {n}: the runbook has {}",
                runbook.steps.len()
            ),
        )
        .hint("`envclone runbook show` lists them")
    })
}

/// Rising numbers in words: `1 to 3, 5`.
fn ranges(numbers: &[u32]) -> String {
    let runs = numbers.chunk_by(|one, next| one + 1 == *next);
    let one = |run: &[u32]| match run {
        [first, .., last] if run.len() > 2 => format!("{first} to {last}"),
        few => few
            .iter()
            .map(u32::to_string)
            .collect::<Vec<_>>()
            .join(", "),
    };
    runs.map(one).collect::<Vec<_>>().join(", ")
}

#[cfg(test)]
mod tests {
    use super::ranges;

    #[test]
    fn rising_numbers_are_told_as_ranges() {
        assert_eq!(ranges(&[1, 2, 3, 5, 7, 8]), "1 to 3, 5, 7, 8");
        assert_eq!(ranges(&[4]), "4");
    }
}
