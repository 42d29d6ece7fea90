//! Looks at a step's checks, and records what became of it.

use envclone_core::runbook::Step;
use envclone_core::runbook::check::{CheckKind, Looked, Outcome};
use envclone_core::runbook::journal::Event;
use envclone_core::runbook::progress::{open_checks, same_machine};

use super::{Shell, numbered};
use crate::command::{RELEASE_GATE, overrides, print_json};
use crate::failure::{Exit, Failure, Why};
use crate::render::runbook as render;
use crate::runbook::look::Look;
use crate::runbook::{Known, Open, Standing, by};
use crate::ui::{data, say};

impl Shell<'_> {
    pub(super) fn check(&self, n: u32) -> Result<(), Failure> {
        let standing = Standing::read(&self.run)?;
        let known = Known::of(self.config, &self.run)?;
        let step = numbered(&standing.runbook, n)?;
        let look = Look::new(&known, &standing, self.machine);
        let machines = standing.runbook.machines_of(step);
        let on = match machines.iter().any(|it| same_machine(it, &self.name)) {
            true => self.name.clone(),
            false => machines.first().unwrap_or(&self.name).clone(),
        };
        let found = self.looked(&look, step, &on);
        if self.cli.json {
            print_json(&found)?;
        } else {
            found.iter().for_each(|one| data(&render::looked(one)));
        }
        match found.iter().all(|one| one.outcome == Outcome::Holds) {
            true => Ok(()),
            false => Err(not_held(step, &found).state("nothing was changed")),
        }
    }

    pub(super) fn done(
        &self,
        n: u32,
        machine: Option<&str>,
        because: Option<&str>,
    ) -> Result<(), Failure> {
        let known = Known::of(self.config, &self.run)?;
        let mut open = Open::take_up(&self.run)?;
        let runbook = open.standing.runbook.clone();
        let step = numbered(&runbook, n)?;
        self.may_begin(&open.standing, step)?;
        self.tell_what_is_open_before(&open.standing, step);
        let on = self.done_on(&open.standing, step, machine)?;
        let standing = open.standing.clone();
        let look = Look::new(&known, &standing, self.machine);
        self.record(&mut open, &look, step, &on, because)
    }

    /// The machine that a step was done on: the one that is named, this one, or the only one that is open.
    fn done_on(
        &self,
        standing: &Standing,
        step: &Step,
        named: Option<&str>,
    ) -> Result<String, Failure> {
        let machines = standing.runbook.machines_of(step);
        let on = named.unwrap_or(&self.name);
        if machines.is_empty() {
            return Ok(on.to_owned());
        }
        if let Some(machine) = machines.iter().find(|it| same_machine(it, on)) {
            return Ok(machine.clone());
        }
        let open = standing
            .progress
            .state(step)
            .map(|state| state.open_on(machines))
            .unwrap_or_default();
        match (named, open.as_slice()) {
            (None, [only]) => Ok((*only).to_owned()),
            _ => Err(Failure::before(
                Exit::Usage,
                format!(
                    "`{on}` is none of the step's machines: {}",
                    machines.join(", ")
                ),
            )
            .hint(format!(
                "say which one it was done on: `envclone runbook done {} --machine NAME`",
                step.n
            ))),
        }
    }

    /// Looks at a step's checks for a machine. What is on another one can't be seen from here.
    fn looked(&self, look: &Look<'_>, step: &Step, on: &str) -> Vec<Looked> {
        let elsewhere = !same_machine(on, &self.name);
        let one = |check: &CheckKind| match elsewhere && check.needs_machine() {
            true => Looked::unknown(
                *check,
                format!(
                    "this machine is {}, and it can be seen on {on} only",
                    self.name
                ),
            ),
            false => look.one(*check),
        };
        step.checks.iter().map(one).collect()
    }

    /// Looks at the checks, and records the step as done where they hold or a person says why it counts.
    pub(super) fn record(
        &self,
        open: &mut Open,
        look: &Look<'_>,
        step: &Step,
        on: &str,
        because: Option<&str>,
    ) -> Result<(), Failure> {
        let unwritten = |failure: Failure| {
            failure.state(format!(
                "step {} is not recorded as done; what was done stays done",
                step.n
            ))
        };
        let found = self.looked(look, step, on);
        if !found.is_empty() {
            open.append(Event::Checked {
                step: step.n,
                on: on.to_owned(),
                by: by(&self.name),
                found: found.clone(),
            })
            .map_err(unwritten)?;
        }
        let held = found.iter().all(|one| one.outcome == Outcome::Holds);
        let reason = match (held, step.gate) {
            (true, _) => None,
            (false, false) => because.map(str::to_owned),
            // What would fire is decided about by name, and recorded as such.
            (false, true) => overrides(&self.cli.overrides)?
                .into_iter()
                .find(|one| one.lint == RELEASE_GATE)
                .map(|one| format!("--override {RELEASE_GATE}: {}", one.because)),
        };
        let refused = !held
            && reason
                .as_deref()
                .is_none_or(|reason| reason.trim().is_empty());
        // What keeps it from being done is told as the reason why.
        let told = found
            .iter()
            .filter(|one| !refused || one.outcome == Outcome::Holds);
        told.for_each(|one| say(&render::looked(one)));
        if refused {
            return Err(unwritten(not_held(step, &found)));
        }
        open.append(Event::Done {
            step: step.n,
            on: on.to_owned(),
            by: by(&self.name),
            because: reason,
        })
        .map_err(unwritten)?;
        let state = open.standing.progress.state(step);
        let machines = open.standing.runbook.machines_of(step);
        let left = state
            .map(|state| state.open_on(machines))
            .unwrap_or_default();
        let what = match left.is_empty() {
            true => format!("step {} is done on {on}", step.n),
            false => format!(
                "step {} is done on {on}, and open on {}",
                step.n,
                left.join(", ")
            ),
        };
        self.ended(open, &what)
    }

    pub(super) fn skip(&self, n: u32, because: &str) -> Result<(), Failure> {
        let mut open = Open::take_up(&self.run)?;
        let runbook = open.standing.runbook.clone();
        let step = numbered(&runbook, n)?;
        self.may_begin(&open.standing, step)?;
        if because.trim().is_empty() {
            return Err(Failure::before(Exit::Usage, "the reason is empty")
                .hint("the report shows it: `--because \"there is no such server\"`"));
        }
        if step.gate {
            return Err(Failure::before(
                Exit::Refused,
                format!("step {n} can't be skipped: services must not start past it"),
            )
            .hint(format!(
                "settle or hold what would fire, or decide about it by name: `envclone runbook done {n} --override {RELEASE_GATE}=REASON`"
            )));
        }
        open.append(Event::Skipped {
            step: n,
            by: by(&self.name),
            because: because.trim().to_owned(),
        })?;
        self.ended(&mut open, &format!("step {n} is skipped"))
    }

    pub(super) fn undo(&self, n: u32) -> Result<(), Failure> {
        let mut open = Open::take_up(&self.run)?;
        let runbook = open.standing.runbook.clone();
        let step = numbered(&runbook, n)?;
        let state = open.standing.progress.state(step);
        let settled = state.is_some_and(|state| {
            state.is_settled(runbook.machines_of(step)) || !state.done.is_empty()
        });
        if !settled {
            return Err(Failure::before(
                Exit::Invalid,
                format!("step {n} is neither done nor skipped"),
            ));
        }
        open.append(Event::Reopened {
            step: n,
            by: by(&self.name),
        })?;
        say(&format!(
            "step {n} is open again; what was done on machines stays as it is"
        ));
        self.ahead(&open.standing);
        Ok(())
    }

    /// Says what was recorded, and what comes next.
    fn ended(&self, open: &mut Open, what: &str) -> Result<(), Failure> {
        if !self.cli.quiet {
            say(what);
        }
        self.finish(open)?;
        self.ahead(&open.standing);
        Ok(())
    }

    /// Ends a runbook of which nothing is open.
    pub(super) fn finish(&self, open: &mut Open) -> Result<(), Failure> {
        let standing = &open.standing;
        let progress = &standing.progress;
        if progress.next(&standing.runbook).is_none() && progress.finished.is_none() {
            open.append(Event::Finished { by: by(&self.name) })?;
        }
        Ok(())
    }
}

fn not_held(step: &Step, found: &[Looked]) -> Failure {
    let (fails, unknown) = open_checks(found);
    let why = |word: &str, one: &&Looked| -> Why {
        format!("{word} {}: {}", one.check.title(), one.seen).into()
    };
    let mut failure = Failure::before(Exit::Refused, "");
    failure.why = fails
        .iter()
        .map(|one| why("it does not hold that", one))
        .chain(
            unknown
                .iter()
                .map(|one| why("it could not be seen whether", one)),
        )
        .collect();
    let hint = match step.gate {
        true => format!(
            "settle or hold what would fire; `envclone runbook done {} --override {RELEASE_GATE}=REASON` decides about it, and is recorded",
            step.n
        ),
        false => format!(
            "put it right and try again; where a person knows better, `envclone runbook done {} --because REASON` is recorded",
            step.n
        ),
    };
    failure.hint(hint)
}
