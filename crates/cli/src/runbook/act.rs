//! Does what a step can have done, on the machine that it runs on, once a person approved it.

mod files;
mod lifetime;
mod programs;

pub(super) use files::refused;
use files::shown;

use std::fs;
use std::path::Path;
use std::time::Duration;

use envclone_core::hsconf::{At, Category, Change, Difference, Guard, Hsconf, Wanted};
use envclone_core::platform_trap::traps;
use envclone_core::private_key::PrivateKey;
use envclone_core::runbook::check::{CheckKind, Outcome};
use envclone_core::runbook::configuration::{Likeness, guard, leads_to_source, source_machines};
use envclone_core::runbook::deed::{AccountName, Argument, Deed, Installs, places};
use envclone_core::runbook::fact::Fact;
use envclone_core::runbook::progress::known_as;
use envclone_lifetime::{Environment, Registration, SavedRegistration, Unregistered};
use envclone_machine::{
    Command, Ended, Event, Halted, Iis, Installation, Machine, MachineError, Patience, Scheduler,
    Watch, config_tool_log, empty_folder, hold_scheduler, iis, link_on, machine_configs,
    put_in_place, start_services, stop_services, wait_until_unlocked,
};
use secrecy::{ExposeSecret, SecretString};

use super::look::Look;
use super::platform::lifetime_failure;
use super::{connections, folder, platform};
use crate::config::Config;
use crate::connect::secret;
use crate::execute::interrupted;
use crate::failure::{Exit, Failure, chain};
use crate::save::write_whole;
use crate::ui::say;

/// How much of what happens is worth a line on a terminal.
struct Told {
    quiet: bool,
}

impl Watch for Told {
    fn event(&self, event: &Event<'_>) {
        if !self.quiet {
            say(&format!("    {event}"));
        }
    }

    fn interrupted(&self) -> bool {
        interrupted()
    }
}

/// Whoever acts, with what it takes.
pub struct Act<'a> {
    /// Whoever looks.
    pub look: &'a Look<'a>,
    /// Whether only results are told.
    pub quiet: bool,
    /// What this machine is called.
    pub here: String,
    /// Whether the step was begun on this machine before, and nothing says how that ended.
    pub again: bool,
}

/// What a deed came to.
#[derive(Debug)]
pub struct Did {
    /// In one line, without secrets.
    pub result: String,
    /// What later steps go by.
    pub facts: Vec<Fact>,
}

impl From<String> for Did {
    fn from(result: String) -> Self {
        Self {
            result,
            facts: Vec::new(),
        }
    }
}

/// What happened before it ended is in the failure's state, which whoever shows it completes.
fn stopped(error: &MachineError) -> Failure {
    let exit = match error {
        MachineError::Interrupted { .. } => Exit::Interrupted,
        MachineError::NotWindows { .. } | MachineError::AccessDenied { .. } => Exit::NoAccess,
        _ => Exit::Stopped,
    };
    Failure::before(exit, chain(error)).hint(error.hint())
}

fn halted(halted: &Halted) -> Failure {
    let failure = stopped(&halted.error);
    match told(&halted.done) {
        done if done.is_empty() => failure,
        done => failure.state(format!("done before it ended: {done}")),
    }
}

fn told(done: &[envclone_machine::Done]) -> String {
    let word = |ended: Ended| match ended {
        Ended::Missing => "not on this machine",
        Ended::Stopped => "stopped",
        Ended::Running => "running",
        Ended::Disabled => "disabled, left so",
        Ended::Held => "disabled and stopped",
    };
    let one = |it: &envclone_machine::Done| format!("{} {}", it.service, word(it.ended));
    done.iter().map(one).collect::<Vec<_>>().join(", ")
}

impl Act<'_> {
    fn config(&self) -> &Config {
        self.look.known.config()
    }

    fn machine(&self) -> &dyn Machine {
        self.look.machine
    }

    fn watch(&self) -> Told {
        Told { quiet: self.quiet }
    }

    /// What a person should see before it is approved, beyond what the runbook shows: what a file would say, and what is
    /// known to go wrong in this version of the platform.
    ///
    /// # Errors
    /// Exit 5 where evidence speaks against it, 4 where a file can't be read.
    pub fn preview(&self, deed: &Deed) -> Result<Vec<String>, Failure> {
        match deed {
            Deed::Configure { path, wanted } => {
                let (file, wanted) = self.to_edit(Path::new(path), wanted)?;
                let edit = file
                    .edit(&wanted, &self.guard())
                    .map_err(|refusals| refused(&refusals))?;
                let changes: Vec<String> = edit.changes().iter().map(shown).collect();
                Ok(match changes.is_empty() {
                    true => vec!["the file says all of it already".to_owned()],
                    false => changes,
                })
            }
            Deed::Run { .. } if deed.is_configuration_tool() => Ok(self.known_of_tool()),
            Deed::Run {
                installs: Some(Installs::Platform),
                ..
            } => self.before_installing(),
            Deed::RegisterLifetime => self.registration_preview(),
            _ => Ok(Vec::new()),
        }
    }

    /// Refuses what can't be done here, before anything of it is begun.
    ///
    /// # Errors
    /// Exit 4 where this is no Windows, the process may not change services, or the platform is not installed; 5 where this
    /// is a machine of the source, it would be done to the source, or the platform is installed elsewhere than the settings say.
    pub fn can(&self, deeds: &[Deed]) -> Result<(), Failure> {
        for deed in deeds {
            self.must_not_reach_the_source(deed)?;
        }
        if !deeds.iter().any(Deed::needs_machine) {
            return Ok(());
        }
        match self.machine().elevated() {
            Ok(true) => {}
            Ok(false) => {
                return Err(Failure::before(
                    Exit::NoAccess,
                    "this changes services and files of the platform, and this process is not elevated",
                )
                .hint("start the terminal with Run as administrator, and run the command again"));
            }
            Err(error) => return Err(stopped(&error)),
        }
        self.not_on_the_source()?;
        if deeds.iter().any(Deed::needs_installation) {
            let settings = &self.config().settings.runbook;
            if let Err(why) = platform::installed(self.machine()) {
                return Err(Failure::before(Exit::NoAccess, why)
                    .hint("install the platform on this machine first, or run the command on one that has it"));
            }
            platform::same_installation(self.machine(), settings).map_err(|why| {
                Failure::before(Exit::Refused, why)
                    .hint("correct `install-folder`, then `envclone runbook renew` takes it over")
            })?;
        }
        Ok(())
    }

    /// No service is stopped and no file touched on a machine that works for the source.
    fn not_on_the_source(&self) -> Result<(), Failure> {
        let parts = self.look.known.parts();
        let names = envclone_machine::names(self.machine()).unwrap_or_default();
        let names = if names.is_empty() {
            vec![self.here.clone()]
        } else {
            names
        };
        // Where both have a domain and it is not the same, it is another machine.
        let is_here = |name: &&String| known_as(std::slice::from_ref(*name), &names).is_some();
        if let Some(name) = source_machines(&parts).iter().find(is_here) {
            return Err(Failure::before(
                Exit::Refused,
                format!("this machine is {}, and the source has the machine {name}", names.join(" or ")),
            )
            .hint(
                "run the command on a machine of the copy's environment; where this one is, and the source's database only remembers \
                 it, name it under `retired` of `[runbook.source]`",
            ));
        }
        let path = platform::file(&self.config().settings.runbook, "server.hsconf");
        // What can't be read is told by whoever has to work with it.
        let Ok(Some(file)) = self.existing(&path) else {
            return Ok(());
        };
        let leads = file.leads_to();
        // A name that could lead to the source counts where nobody said that this machine belongs to the copy.
        let machines = &self.look.standing.runbook.machines;
        let listed = known_as(machines, &names).is_some();
        let found = leads.iter().find(|it| match leads_to_source(&parts, it) {
            Likeness::Same => true,
            Likeness::Possible => !listed,
            Likeness::Other => false,
        });
        let Some(database) = found else {
            return Ok(());
        };
        Err(Failure::before(
            Exit::Refused,
            format!(
                "this machine works with the source: {} leads to {database}",
                path.display()
            ),
        )
        .hint(
            "where it belongs to the copy's environment, name it under `machines`; where its disks were copied from the source, stop \
             its services by hand, keep that file elsewhere and delete it here: envclone then writes a new one",
        ))
    }

    /// Does it.
    ///
    /// # Errors
    /// A failure whose state says what was done before it.
    pub fn act(&self, deed: &Deed) -> Result<Did, Failure> {
        let (machine, watch, patience) = (self.machine(), self.watch(), Patience::SERVICES);
        match deed {
            Deed::NoteDatabases { path } => return Ok(self.note_databases(Path::new(path))),
            Deed::OwnKey { path } => return self.own_key(Path::new(path)),
            Deed::Configure { path, wanted } => return self.configure(Path::new(path), wanted),
            Deed::DisableScheduler => hold_scheduler(machine, &patience, &watch)
                .map(|done| told(&[done]))
                .map_err(|error| stopped(&error)),
            Deed::StopServices => stop_services(machine, &patience, &watch)
                .map(|done| told(&done))
                .map_err(|error| halted(&error)),
            Deed::StartServices => {
                self.must_lead_here("the services were not started")?;
                start_services(machine, Scheduler::Held, &patience, &watch)
                    .map(|done| told(&done))
                    .map_err(|error| halted(&error))
            }
            Deed::ReleaseScheduler => {
                self.must_lead_here("the Scheduler was not started")?;
                self.nothing_may_fire()?;
                let done = start_services(machine, Scheduler::Released, &patience, &watch)
                    .map_err(|error| halted(&error))?;
                return Ok(Did {
                    result: told(&done),
                    facts: vec![Fact::Released],
                });
            }
            Deed::StopIis => self.iis(Iis::Stop),
            Deed::StartIis => {
                self.must_lead_here("IIS was not started")?;
                self.iis(Iis::Start)
            }
            Deed::EmptyFolder { path } => self.empty(Path::new(path)),
            Deed::Run { .. } => {
                if deed.uploads_license() {
                    self.license_must_fit()?;
                }
                self.run(deed)
            }
            Deed::UnregisterLifetime => self.unregister(),
            Deed::RegisterLifetime => return self.register(),
            Deed::CreateConnections { .. } => connections::create(self.look),
        }
        .map(Did::from)
    }

    /// Nothing of the platform starts while its configuration leads elsewhere: it would work on the database that it leads to.
    fn must_lead_here(&self, state: &str) -> Result<(), Failure> {
        let leads = self.look.one(CheckKind::ConfigurationPointsHere);
        match leads.outcome {
            Outcome::Holds => Ok(()),
            Outcome::Fails | Outcome::Unknown => Err(Failure::before(
                Exit::Refused,
                format!("{state}: {}", leads.seen),
            )
            .hint("take the step that configures the platform database first, here or in the Configuration Tool's own window")),
        }
    }

    /// Time has passed since the gate was opened, and more may be due. What somebody decided about then stays decided, and once
    /// a Scheduler was released, what runs and waits is its work.
    fn nothing_may_fire(&self) -> Result<(), Failure> {
        let standing = self.look.standing;
        let (runbook, progress) = (&standing.runbook, &standing.progress);
        let gates = || runbook.steps.iter().filter(|step| step.gate);
        let mut decided = gates()
            .filter_map(|gate| progress.state(gate))
            .flat_map(|state| &state.done);
        if decided.any(|done| done.because.is_some()) || progress.may_have_released(runbook) {
            return Ok(());
        }
        let fires = self.look.one(CheckKind::NothingFires);
        let gate = gates().map(|gate| gate.n.to_string()).next();
        match fires.outcome {
            Outcome::Holds => Ok(()),
            Outcome::Fails | Outcome::Unknown => Err(Failure::before(
                Exit::Refused,
                format!("the Scheduler was not started: {}", fires.seen),
            )
            .hint(format!(
                "`envclone release-check` shows it and can hold it; `envclone runbook undo {}` opens the gate again, where it can be decided about",
                gate.unwrap_or_default()
            ))),
        }
    }

    /// A license for another serial number would take the place of one that may be right.
    fn license_must_fit(&self) -> Result<(), Failure> {
        let serial = self.look.one(CheckKind::Serial);
        match serial.outcome {
            Outcome::Holds | Outcome::Unknown => Ok(()),
            Outcome::Fails => Err(Failure::before(
                Exit::Refused,
                format!("the license was not uploaded: the machine's serial number: {}", serial.seen),
            )
            .hint("correct `serial` of `[runbook]`, or get a license for this machine's serial number in the customer portal")),
        }
    }

    fn iis(&self, told: Iis) -> Result<String, Failure> {
        iis(self.machine(), told, &Patience::SERVICES, &self.watch())
            .map(|outcome| format!("{} ended with 0", outcome.command))
            .map_err(|error| stopped(&error))
    }

    fn empty(&self, path: &Path) -> Result<String, Failure> {
        let running = envclone_machine::running(self.machine()).map_err(|it| stopped(&it))?;
        if let Some(service) = running.first() {
            return Err(Failure::before(
                Exit::Refused,
                format!("{} still runs", service.display_name),
            )
            .hint("stop the services and IIS first: `envclone runbook show` names the steps"));
        }
        empty_folder(platform::folder(&self.config().settings.runbook), path)
            .map(|emptied| {
                format!(
                    "{} files with {} bytes deleted in {}",
                    emptied.files,
                    emptied.bytes,
                    path.display()
                )
            })
            .map_err(|error| stopped(&error))
    }
}
