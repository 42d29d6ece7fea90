//! The verbs, a file each.

mod apply;
mod doctor;
mod init;
mod inspect;
mod judge;
mod rehearse;
pub mod release;
mod runbook;
mod script;
mod steps;

use std::path::PathBuf;

use envclone_core::lint::LINTS;
use envclone_core::report::Override;
use envclone_machine::Machine;

use self::judge::judge;
use crate::args::{Cli, Command, Run};
use crate::config::Config;
use crate::failure::{Exit, Failure};
use crate::folder::RunFolder;
use crate::run::{Phases, who};
use crate::ui::{Terminal, data};

/// Runs a verb on this machine.
///
/// # Errors
/// Whatever ends it before success.
pub fn run(cli: &Cli) -> Result<(), Failure> {
    run_on(cli, envclone_machine::here().as_ref())
}

/// Runs a verb as if this were the machine.
///
/// # Errors
/// Whatever ends it before success.
pub fn run_on(cli: &Cli, machine: &dyn Machine) -> Result<(), Failure> {
    overrides(&cli.overrides)?;
    match &cli.command {
        Command::Init(args) => init::run(cli, args),
        Command::Doctor => doctor::run(cli),
        Command::KeepPassword(args) => crate::keyring::keep(&args.name),
        Command::Inspect(args) => inspect::inspect(cli, args),
        Command::Plan(args) => inspect::plan(cli, args),
        Command::Apply(args) => apply::apply(cli, args),
        Command::Refresh(args) => apply::refresh(cli, args),
        Command::Resume(args) => apply::resume(cli, args),
        Command::Verify(args) => apply::verify(cli, args),
        Command::Report(args) => apply::report(cli, args),
        Command::Script(args) => script::run(cli, args),
        Command::ReleaseCheck(args) => release::run(cli, args),
        Command::Steps(args) => steps::run(cli, args),
        Command::Rehearse(args) => rehearse::run(cli, args),
        Command::Runbook(args) => runbook::run(cli, args, machine),
    }
}

/// Reads the settings and hands the phases to a verb.
fn with_phases<T>(
    cli: &Cli,
    verb: impl FnOnce(&mut Phases<'_>) -> Result<T, Failure>,
) -> Result<T, Failure> {
    let config = Config::load(&cli.settings)?;
    let engine = config.engine()?;
    let mut watch = Terminal::watching(cli.quiet);
    let overrides = overrides(&cli.overrides)?;
    let mut phases = Phases::new(&config, engine.as_ref(), overrides, watch.as_mut())?;
    verb(&mut phases)
}

/// The gate of a runbook, which a person may decide about.
const RELEASE_GATE: &str = "release-gate";

/// `LINT=REASON`, each with who decided.
fn overrides(texts: &[String]) -> Result<Vec<Override>, Failure> {
    let refuse = |why: String| Failure::before(Exit::Usage, why).hint(ids());
    let one = |text: &String| {
        let (id, because) = text.split_once('=').unwrap_or((text, ""));
        let id = id.trim();
        let lint = LINTS.iter().find(|lint| lint.id == id);
        if lint.is_none() && id != RELEASE_GATE {
            return Err(refuse(format!(
                "`--override {text}`: there is no guard `{id}`"
            )));
        }
        if lint.is_some_and(|lint| !lint.overridable) {
            return Err(refuse(format!(
                "`--override {id}`: this guard speaks only when it has seen evidence against the run, and that can't be overridden"
            )));
        }
        if because.trim().is_empty() {
            return Err(
                Failure::before(Exit::Usage, format!("`--override {text}` has no reason")).hint(
                    format!("the report says why: `--override {id}=\"checked by hand with M.\"`"),
                ),
            );
        }
        Ok(Override {
            lint: id.to_owned(),
            because: because.trim().to_owned(),
            who: who(),
        })
    };
    texts.iter().map(one).collect()
}

/// The guards' ids, those that a person may decide about first.
fn ids() -> String {
    let list = |overridable: bool| {
        let ids: Vec<_> = LINTS
            .iter()
            .filter(|lint| lint.overridable == overridable)
            .map(|lint| format!("`{}`", lint.id))
            .collect();
        ids.join(", ")
    };
    format!(
        "these can be overridden, where their evidence is missing: {}\nthese can't: {}",
        list(true),
        list(false)
    )
}

/// The run that an option names, or the newest one.
fn run_folder(phases: &Phases<'_>, args: &Run) -> Result<RunFolder, Failure> {
    named_or_newest(phases.config, args.run.as_ref())
}

fn named_or_newest(config: &Config, named: Option<&PathBuf>) -> Result<RunFolder, Failure> {
    match named {
        Some(path) => Ok(RunFolder { path: path.clone() }),
        None => RunFolder::newest(&config.runs()),
    }
}

/// Prints a result for machines.
pub(crate) fn print_json<T: serde::Serialize>(value: &T) -> Result<(), Failure> {
    let text = serde_json::to_string_pretty(value)
        .map_err(|error| Failure::before(Exit::Unexpected, error.to_string()))?;
    data(&text);
    Ok(())
}
