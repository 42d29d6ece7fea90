//! The process that runs a command on a scripted machine.

use std::path::Path;
use std::process::Command as Process;
use std::sync::atomic::{AtomicI64, Ordering};
use std::time::Duration;

use clap::Parser;
use envclone::args::Cli;
use envclone::{command, ui};
use envclone_machine::{Command, Machine, Outcome, Result, Service, StandIn, StartType, Watch};

/// What stands before the command's own output.
pub(crate) const BEGIN: &str = "--- the command begins ---";
pub(crate) const ARGUMENTS: &str = "ENVCLONE_RUNBOOK_ARGUMENTS";
pub(crate) const MACHINE: &str = "ENVCLONE_RUNBOOK_MACHINE";
pub(crate) const FUSE: &str = "ENVCLONE_RUNBOOK_FUSE";
pub(crate) const BETWEEN: char = '\u{1f}';

/// Orders left until the process dies.
static LEFT: AtomicI64 = AtomicI64::new(i64::MAX);

fn burn() {
    if LEFT.fetch_sub(1, Ordering::SeqCst) == 0 {
        let _ = Process::new("kill")
            .args(["-9", &std::process::id().to_string()])
            .status();
        std::thread::sleep(Duration::from_secs(60));
    }
}

/// A machine on which each order burns the fuse before and after.
struct Fatal(StandIn);

fn around<T>(order: impl FnOnce() -> T) -> T {
    burn();
    let result = order();
    burn();
    result
}

impl Machine for Fatal {
    fn name(&self) -> Result<String> {
        self.0.name()
    }

    fn elevated(&self) -> Result<bool> {
        self.0.elevated()
    }

    fn service(&self, name: &str) -> Result<Option<Service>> {
        Machine::service(&self.0, name)
    }

    fn ask_to_stop(&self, name: &str) -> Result<()> {
        around(|| self.0.ask_to_stop(name))
    }

    fn ask_to_start(&self, name: &str) -> Result<()> {
        around(|| self.0.ask_to_start(name))
    }

    fn set_start_type(&self, name: &str, start_type: StartType) -> Result<()> {
        around(|| self.0.set_start_type(name, start_type))
    }

    fn run(&self, command: &Command, watch: &dyn Watch) -> Result<Outcome> {
        around(|| self.0.run(command, watch))
    }

    fn registry(&self, key: &str, value: &str) -> Result<Option<String>> {
        self.0.registry(key, value)
    }

    fn windows_folder(&self) -> Result<std::path::PathBuf> {
        self.0.windows_folder()
    }

    fn is_locked(&self, path: &Path) -> Result<bool> {
        self.0.is_locked(path)
    }

    fn clock(&self) -> Duration {
        self.0.clock()
    }

    fn wait(&self, duration: Duration) {
        self.0.wait(duration);
    }
}

/// Not a test of its own: the process of one command.
#[test]
fn child() {
    let (Ok(arguments), Ok(machine)) = (std::env::var(ARGUMENTS), std::env::var(MACHINE)) else {
        return;
    };
    let fuse = std::env::var(FUSE).ok().and_then(|text| text.parse().ok());
    LEFT.store(fuse.unwrap_or(i64::MAX), Ordering::SeqCst);
    println!("\n{BEGIN}");
    let arguments = std::iter::once("envclone").chain(arguments.split(BETWEEN));
    let cli = Cli::parse_from(arguments);
    let machine = Fatal(StandIn::kept_in(Path::new(&machine)));
    let code = match command::run_on(&cli, &machine) {
        Ok(()) => 0,
        Err(failure) => {
            let failure = failure.repeating(&cli);
            match cli.json {
                true => ui::say(&failure.json().to_string()),
                false => ui::tell(&failure),
            }
            failure.exit as i32
        }
    };
    std::process::exit(code);
}

/// The state of a service in words.
pub(crate) fn told(machine: &StandIn, name: &str) -> String {
    match Machine::service(machine, name).unwrap() {
        Some(found) => format!("{} {}", found.start_type, found.state),
        None => "missing".to_owned(),
    }
}
