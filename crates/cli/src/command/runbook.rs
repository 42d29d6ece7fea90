//! `runbook`: the steps after the clean-up, one at a time.

use std::io::IsTerminal as _;
use std::path::PathBuf;
use std::time::Instant;

use comfy_table::LineStyle;
use envclone_core::private_key::PrivateKey;
use envclone_core::runbook::check::{CheckKind, Looked, Outcome};
use envclone_core::runbook::journal::Event;
use envclone_core::runbook::progress::{open_checks, same_machine};
use envclone_core::runbook::step::Way;
use envclone_core::runbook::{Runbook, Step, make};
use envclone_machine::Machine;
use serde::Serialize;

use super::{RELEASE_GATE, named_or_newest, overrides, print_json};
use crate::args::{Approved, Cli, RunbookArgs, RunbookVerb, WayArg};
use crate::config::Config;
use crate::failure::{Exit, Failure, Why, chain, file_failure};
use crate::folder::RunFolder;
use crate::render::runbook as render;
use crate::run::machine as host_name;
use crate::runbook::act::Act;
use crate::runbook::look::Look;
use crate::runbook::{Known, Open, Standing, by, platform, script};
use crate::ui::{data, say};

/// How many digits of a runbook's id are an approval.
const DIGITS: usize = 12;

/// Runs one of its verbs.
pub(super) fn run(cli: &Cli, args: &RunbookArgs, machine: &dyn Machine) -> Result<(), Failure> {
    if let Some(RunbookVerb::Key { file }) = &args.verb {
        return key(cli, file.as_ref(), machine);
    }
    let config = Config::load(&cli.settings)?;
    let run = named_or_newest(&config, args.run.as_ref())?;
    let shell = Shell {
        cli,
        config: &config,
        run,
        machine,
        name: machine.name().unwrap_or_else(|_| host_name()),
    };
    if args.print {
        return shell.print();
    }
    match &args.verb {
        None => shell.list(),
        Some(RunbookVerb::Show { n: None }) => shell.list(),
        Some(RunbookVerb::Show { n: Some(n) }) => shell.show(*n),
        Some(RunbookVerb::Start { way }) => shell.start(*way),
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
        Some(RunbookVerb::Key { .. }) => Ok(()),
    }
}

/// Prints a key's fingerprint. Needs no settings: the source's controller has none.
fn key(cli: &Cli, file: Option<&PathBuf>, machine: &dyn Machine) -> Result<(), Failure> {
    let path = match file {
        Some(path) => path.clone(),
        None => {
            let installed = platform::installed(machine).map_err(|why| {
                Failure::before(Exit::NoAccess, why)
                    .hint("name the file: `envclone runbook key FILE`")
            })?;
            installed.file("private.key")
        }
    };
    let bytes =
        std::fs::read(&path).map_err(|error| file_failure("read the key", &path, &error))?;
    let key = PrivateKey::read(&bytes).map_err(|error| {
        Failure::before(
            Exit::Invalid,
            format!("`{}` can't be used: {}", path.display(), chain(&error)),
        )
        .hint(error.hint())
    })?;
    let fingerprint = key.fingerprint().to_string();
    match cli.json {
        true => print_json(&serde_json::json!({ "fingerprint": fingerprint })),
        false => {
            data(&fingerprint);
            Ok(())
        }
    }
}

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
    entry: &'a Event,
}

#[derive(Serialize)]
struct ForMachinesState {
    step: u32,
    state: String,
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

    fn list(&self) -> Result<(), Failure> {
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
    fn ahead(&self, standing: &Standing) {
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

    fn print(&self) -> Result<(), Failure> {
        let standing = Standing::read(&self.run)?;
        let page = render::page(&standing.runbook, &standing.progress)
            .map_err(|error| Failure::before(Exit::Unexpected, error.to_string()))?;
        data(page.trim_end());
        Ok(())
    }

    fn show(&self, n: u32) -> Result<(), Failure> {
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

    fn next(&self, approved: &Approved) -> Result<(), Failure> {
        let standing = Standing::read(&self.run)?;
        let Some(step) = standing.progress.next(&standing.runbook) else {
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

    fn go(&self, n: u32, approved: &Approved) -> Result<(), Failure> {
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
                    "it could be done here with these settings: {}; a runbook that was begun keeps its steps",
                    step.missing.join(", ")
                )),
            });
        }
        self.on_its_machine(&runbook, step)?;
        let look = Look::new(&known, &self.run, &runbook, self.machine);
        let act = Act {
            look: &look,
            quiet: self.cli.quiet,
            again: (open.standing.progress.state(step))
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
                Ok(result) => {
                    say(&format!("    {result}"));
                    open.append(Event::DeedDone {
                        step: n,
                        deed: at,
                        machine,
                        result,
                        millis: u64::try_from(began.elapsed().as_millis()).unwrap_or(u64::MAX),
                    })?;
                }
                Err(failure) => {
                    let why: Vec<&str> = failure.why.iter().map(|it| it.what.as_str()).collect();
                    open.append(Event::DeedFailed {
                        step: n,
                        deed: at,
                        machine,
                        error: why.join("; "),
                    })?;
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
                    return Err(failure.state(state).hint(hint));
                }
            }
        }
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

    fn check(&self, n: u32) -> Result<(), Failure> {
        let standing = Standing::read(&self.run)?;
        let known = Known::of(self.config, &self.run)?;
        let step = numbered(&standing.runbook, n)?;
        let look = Look::new(&known, &self.run, &standing.runbook, self.machine);
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

    fn done(&self, n: u32, machine: Option<&str>, because: Option<&str>) -> Result<(), Failure> {
        let known = Known::of(self.config, &self.run)?;
        let mut open = Open::take_up(&self.run)?;
        let runbook = open.standing.runbook.clone();
        let step = numbered(&runbook, n)?;
        self.may_begin(&open.standing, step)?;
        let on = self.done_on(&open.standing, step, machine)?;
        let look = Look::new(&known, &self.run, &runbook, self.machine);
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
    fn record(
        &self,
        open: &mut Open,
        look: &Look<'_>,
        step: &Step,
        on: &str,
        because: Option<&str>,
    ) -> Result<(), Failure> {
        let found = self.looked(look, step, on);
        if !found.is_empty() {
            open.append(Event::Checked {
                step: step.n,
                by: by(&self.name),
                found: found.clone(),
            })?;
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
            return Err(not_held(step, &found).state(format!(
                "step {} is not recorded as done; what was done stays done",
                step.n
            )));
        }
        open.append(Event::Done {
            step: step.n,
            on: on.to_owned(),
            by: by(&self.name),
            because: reason,
        })?;
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

    fn skip(&self, n: u32, because: &str) -> Result<(), Failure> {
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

    fn undo(&self, n: u32) -> Result<(), Failure> {
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

    /// Says what was recorded, and ends a runbook of which nothing is open.
    fn ended(&self, open: &mut Open, what: &str) -> Result<(), Failure> {
        if !self.cli.quiet {
            say(what);
        }
        let standing = &open.standing;
        if standing.progress.next(&standing.runbook).is_none()
            && standing.progress.finished.is_none()
        {
            open.append(Event::Finished { by: by(&self.name) })?;
        }
        self.ahead(&open.standing);
        Ok(())
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

    /// Refuses a deed on a machine that is none of the step's.
    fn on_its_machine(&self, runbook: &Runbook, step: &Step) -> Result<(), Failure> {
        let machines = runbook.machines_of(step);
        let needs = step
            .deeds
            .iter()
            .any(envclone_core::runbook::deed::Deed::needs_machine);
        if !needs || machines.is_empty() || machines.iter().any(|it| same_machine(it, &self.name)) {
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
            .map(|entry| ForMachinesEntry {
                n: entry.n,
                at: &entry.at,
                entry: &entry.event,
            })
            .collect(),
        states: states.collect(),
        finished: standing.progress.finished.is_some(),
    })
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
