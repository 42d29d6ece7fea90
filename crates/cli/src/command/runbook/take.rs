//! Takes a step: shows what will be done, asks, does it.

use std::io::IsTerminal as _;
use std::time::Instant;

use envclone_core::runbook::journal::Event;
use envclone_core::runbook::progress::same_machine;
use envclone_core::runbook::{Runbook, Step};

use super::{Shell, numbered};
use crate::args::Approved;
use crate::failure::{Exit, Failure};
use crate::runbook::act::{Act, Did};
use crate::runbook::look::Look;
use crate::runbook::{Known, Open, Standing, by};
use crate::ui::say;

/// How many digits of a runbook's id are an approval.
const DIGITS: usize = 12;

impl Shell<'_> {
    pub(super) fn next(&self, approved: &Approved) -> Result<(), Failure> {
        let standing = Standing::read(&self.run)?;
        let Some(step) = standing.progress.next(&standing.runbook) else {
            // A command that was killed in between may have left the last line to this one.
            if standing.progress.finished.is_none() {
                self.finish(&mut Open::take_up(&self.run)?)?;
            }
            self.ahead(&standing);
            return Ok(());
        };
        self.show(step.n)?;
        if self.cli.json {
            return Ok(());
        }
        let n = step.n;
        let machines = standing.runbook.machines_of(step);
        let here = machines.is_empty() || machines.iter().any(|it| same_machine(it, &self.name));
        let done_here = standing
            .progress
            .state(step)
            .is_some_and(|state| state.is_done_on(&self.name));
        let automated = !step.deeds.is_empty();
        if automated && here && !done_here && (approved.approve.is_some() || asks()) {
            return self.go(n, approved);
        }
        if asks() && here && !done_here {
            return match answer("Is it done", &["yes", "no"])?.as_str() {
                "yes" => self.done(n, None, None),
                _ => Ok(()),
            };
        }
        say("");
        if automated {
            say(&format!(
                "`envclone runbook do {n}` does it, on its machine"
            ));
        }
        say(&format!(
            "`envclone runbook done {n}` records that it was done, `envclone runbook skip {n} --because REASON` that it is not taken"
        ));
        Ok(())
    }

    pub(super) fn go(&self, n: u32, approved: &Approved) -> Result<(), Failure> {
        let known = Known::of(self.config, &self.run)?;
        let mut open = Open::take_up(&self.run)?;
        let runbook = open.standing.runbook.clone();
        let step = numbered(&runbook, n)?;
        self.may_begin(&open.standing, step)?;
        if step.deeds.is_empty() {
            let failure = Failure::before(Exit::Invalid, format!("step {n} is for a person"));
            return Err(match step.missing.is_empty() {
                true => failure.hint(format!("`envclone runbook show {n}` says what to do")),
                false => failure.hint(format!(
                    "it could be done here with these settings: {}; `envclone runbook renew` takes them over",
                    step.missing.join(", ")
                )),
            });
        }
        self.on_its_machine(&runbook, step)?;
        self.not_done_here(&open.standing, step)?;
        self.tell_what_is_open_before(&open.standing, step);
        let standing = open.standing.clone();
        let look = Look::new(&known, &standing, self.machine);
        let act = Act {
            look: &look,
            quiet: self.cli.quiet,
            here: self.name.clone(),
            again: (standing.progress.state(step))
                .is_some_and(|state| state.is_in_doubt_on(&self.name)),
        };
        act.can(&step.deeds)?;
        let mut previews = Vec::new();
        for deed in &step.deeds {
            previews.push(act.preview(deed)?);
        }
        self.approve(&runbook, step, &previews, approved)?;
        let total = step.deeds.len();
        for ((deed, preview), at) in step.deeds.iter().zip(&previews).zip(1..) {
            say(&format!("  {at}/{total} {}", deed.shown()));
            let mut what = deed.shown();
            if !preview.is_empty() {
                what += &format!(" ({})", preview.join("; "));
            }
            open.append(Event::DeedStarted {
                step: n,
                deed: at,
                what,
                by: by(&self.name),
            })?;
            let began = Instant::now();
            let machine = self.name.clone();
            match act.act(deed) {
                Ok(Did { result, facts }) => {
                    say(&format!("    {result}"));
                    let unwritten =
                        format!("step {n}: this was done, and is not written down: {result}");
                    open.append(Event::DeedDone {
                        step: n,
                        deed: at,
                        machine,
                        result,
                        facts,
                        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
                    })
                    .map_err(|failure| failure.state(unwritten))?;
                }
                Err(failure) => {
                    let why: Vec<&str> = failure.why.iter().map(|it| it.what.as_str()).collect();
                    let written = open.append(Event::DeedFailed {
                        step: n,
                        deed: at,
                        machine,
                        error: why.join("; "),
                    });
                    let before = failure.state.clone();
                    let state = match before == crate::failure::NOTHING_CHANGED {
                        true => format!("step {n} stopped: {} of {total} were done", at - 1),
                        false => format!(
                            "step {n} stopped: {} of {total} were done; {before}",
                            at - 1
                        ),
                    };
                    let hint = format!(
                        "{}{}once it is put right, `envclone runbook do {n}` begins the step again; what was done is found done",
                        failure.hint.as_deref().unwrap_or_default(),
                        if failure.hint.is_some() { "\n" } else { "" }
                    );
                    let mut failure = failure.state(state).hint(hint);
                    if let Err(unwritten) = written {
                        failure.why.extend(unwritten.why);
                    }
                    return Err(failure);
                }
            }
        }
        // What the deeds found counts for the checks.
        let standing = open.standing.clone();
        let look = Look::new(&known, &standing, self.machine);
        self.record(&mut open, &look, step, &self.name, None)
    }

    /// Shows what will be done and asks, or takes the runbook's id for the answer.
    fn approve(
        &self,
        runbook: &Runbook,
        step: &Step,
        previews: &[Vec<String>],
        approved: &Approved,
    ) -> Result<(), Failure> {
        say(&format!("\nOn {} envclone will:", self.name));
        for (deed, preview) in step.deeds.iter().zip(previews) {
            say(&format!("  - {}", deed.shown()));
            preview
                .iter()
                .for_each(|line| say(&format!("      {line}")));
            for name in deed.passwords() {
                say(&format!(
                    "      the password of {} stands on the command line while it runs: whoever may list this machine's processes can read it",
                    name.setting()
                ));
            }
        }
        if let Some(id) = &approved.approve {
            return match id.len() >= DIGITS && runbook.id.starts_with(id.as_str()) {
                true => Ok(()),
                false => Err(Failure::before(
                    Exit::NotApproved,
                    format!(
                        "`{id}` was approved, and this is runbook {}",
                        runbook.short_id()
                    ),
                )
                .hint("`envclone runbook show` shows the runbook")),
            };
        }
        if !asks() {
            return Err(Failure::before(
                Exit::NotApproved,
                "a person must approve this, and there is no terminal to ask at",
            )
            .hint(format!(
                "look at the step, then approve it by the runbook's id: `envclone runbook do {} --approve {}`",
                step.n,
                runbook.short_id()
            )));
        }
        match answer("Do it now", &["yes", "no"])?.as_str() {
            "yes" => Ok(()),
            _ => Err(Failure::before(Exit::NotApproved, "it was not approved")),
        }
    }
}

/// Whether somebody is there to be asked.
fn asks() -> bool {
    std::io::stdin().is_terminal() && std::io::stderr().is_terminal()
}

fn answer(question: &str, answers: &[&str]) -> Result<String, Failure> {
    let typed: String = dialoguer::Input::new()
        .with_prompt(format!("{question}? ({})", answers.join("/")))
        .allow_empty(true)
        .interact_text()
        .map_err(|dialoguer::Error::IO(error)| match error.kind() {
            std::io::ErrorKind::Interrupted => {
                Failure::before(Exit::Interrupted, "interrupted at the question")
            }
            _ => Failure::before(Exit::NotApproved, format!("there was no answer: {error}")),
        })?;
    Ok(typed.trim().to_lowercase())
}
