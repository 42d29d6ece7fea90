//! Programs, the Configuration Tool above all.

use super::*;

/// What of the platform is on this machine, against what the database has.
enum Platform {
    /// Nothing.
    Absent,
    /// Whether something is can't be told, and why.
    Unseen(String),
    /// The database's version.
    Same(String),
    /// A newer one than the database's.
    Newer(String, String),
    /// An older one, or one that can't be compared.
    Other(Installation, Option<String>),
}

/// Programs.
impl Act<'_> {
    pub(super) fn run(&self, deed: &Deed) -> Result<String, Failure> {
        let Deed::Run {
            path,
            arguments,
            minutes,
            installs,
            ..
        } = deed
        else {
            return Ok(String::new());
        };
        if *installs == Some(Installs::Platform) {
            match self.platform() {
                Platform::Same(version) => {
                    return Ok(format!("{version} is installed already, and was left"));
                }
                Platform::Newer(installed, wanted) => return Err(newer(&installed, &wanted)),
                _ => {}
            }
        }
        let (command, secrets) = self.command(path, arguments, *minutes)?;
        match (deed.is_configuration_tool(), installs) {
            (true, _) => self.configuration_tool(command, &secrets),
            (false, Some(installs)) => self.installer(&command, *installs),
            (false, None) => self.program(&command),
        }
    }

    fn platform(&self) -> Platform {
        let installed = match Installation::of(self.machine()) {
            Ok(installed) => installed,
            Err(MachineError::NotInstalled { .. }) => return Platform::Absent,
            Err(error) => return Platform::Unseen(chain(&error)),
        };
        let wanted = self.look.known.parts().inventory.platform_version.clone();
        match wanted {
            Some(wanted) if wanted == installed.version => Platform::Same(wanted),
            Some(wanted) if is_newer(&installed.version, &wanted) => {
                Platform::Newer(installed.version, wanted)
            }
            wanted => Platform::Other(installed, wanted),
        }
    }

    /// What a person should see before the platform's installer is approved.
    pub(super) fn before_installing(&self) -> Result<Vec<String>, Failure> {
        let installed = match self.platform() {
            Platform::Absent => return Ok(Vec::new()),
            Platform::Unseen(why) => return Ok(vec![why]),
            Platform::Same(version) => {
                return Ok(vec![format!(
                    "{version} is installed already, and will be left"
                )]);
            }
            Platform::Newer(installed, wanted) => return Err(newer(&installed, &wanted)),
            Platform::Other(installed, wanted) => {
                let has = wanted.map_or_else(
                    || "which one the database has is not known".to_owned(),
                    |wanted| format!("the database has {wanted}"),
                );
                let line = format!(
                    "another version is installed, {}, which the installer replaces; {has}",
                    installed.version
                );
                (installed.folder, line)
            }
        };
        let (folder, mut lines) = (installed.0, vec![installed.1]);
        let named = platform::folder(&self.config().settings.runbook);
        if !platform::same_folder(&folder, named) {
            lines.push(format!(
                "it is in {}, where the installer leaves it; the settings say {}",
                folder.display(),
                named.display()
            ));
        }
        Ok(lines)
    }

    /// What is known to go wrong with the tool in the version that is installed.
    pub(super) fn known_of_tool(&self) -> Vec<String> {
        let unknown = |why: String| vec![format!("what is known of the tool can't be told: {why}")];
        let installed = match Installation::of(self.machine()) {
            Ok(installed) => installed,
            Err(error) => return unknown(chain(&error)),
        };
        match traps(&installed.version) {
            Err(error) => unknown(error.to_string()),
            Ok(traps) => traps
                .iter()
                .map(|trap| {
                    format!(
                        "known of {}: {}; {}",
                        installed.version, trap.what, trap.check
                    )
                })
                .collect(),
        }
    }

    /// A program with its arguments, and the passwords among them.
    fn command(
        &self,
        path: &str,
        arguments: &[Argument],
        minutes: u32,
    ) -> Result<(Command, Vec<SecretString>), Failure> {
        let mut secrets = Vec::new();
        let mut command =
            Command::at(found(path)?).limit(Duration::from_secs(u64::from(minutes) * 60));
        for argument in arguments {
            command = match argument {
                Argument::Text(text) => command.arg(text.clone()),
                Argument::Unquoted(text) => command
                    .last_unquoted(text)
                    .map_err(|error| stopped(&error))?,
                Argument::Password(name) => {
                    let password = self.look.passwords.named(self.config(), *name)?;
                    secrets.push(password.clone());
                    command.arg(password)
                }
            };
        }
        Ok((command, secrets))
    }

    /// One that publishes, or that a step file of later names.
    fn program(&self, command: &Command) -> Result<String, Failure> {
        self.machine()
            .run(command, &self.watch())
            .and_then(envclone_machine::Outcome::succeeded)
            .map(|outcome| format!("{} ended with 0", outcome.command))
            .map_err(|error| {
                broken_off(
                    &error,
                    "what it did before it ended is not known: modules may have been published",
                )
            })
    }

    /// The platform's installer says by its exit code that only a restart is missing; others have no such code. As documented:
    /// 0 = successful install, 1 = system reboot is required to finalize prerequisite installation, 2 = install failure.
    fn installer(&self, command: &Command, installs: Installs) -> Result<String, Failure> {
        let unknown = "how far the installer came is not known";
        let outcome = self
            .machine()
            .run(command, &self.watch())
            .map_err(|error| broken_off(&error, unknown))?;
        if installs == Installs::Platform && outcome.code == Some(1) {
            return Ok(format!(
                "{} ended with 1: RESTART THIS MACHINE before going on, which ends the installation of the prerequisites",
                outcome.command
            ));
        }
        let logs = match installs {
            Installs::Platform => {
                r"its logs are in %LocalAppData%\OutSystems\PlatformInstaller: settle what they tell, then run it again"
            }
            Installs::Studio => "run it by hand, where it says on screen what it misses",
        };
        outcome
            .succeeded()
            .map(|outcome| format!("{} ended with 0", outcome.command))
            .map_err(|error| broken_off(&error, unknown).hint(logs))
    }

    /// Started through a link to its folder, the tool damages the settings that it writes.
    fn must_be_real(&self, command: &Command) -> Result<(), Failure> {
        let envclone_machine::Program::At(path) = command.program() else {
            return Ok(());
        };
        let Some(link) = link_on(path).map_err(|error| stopped(&error))? else {
            return Ok(());
        };
        let real = fs::canonicalize(&link).map_or_else(
            |_| "what it leads to".to_owned(),
            |real| dunce::simplified(&real).display().to_string(),
        );
        Err(Failure::before(
            Exit::Refused,
            format!(
                "the Configuration Tool was not started: `{}` is a link, and a tool that is started through one damages settings",
                link.display()
            ),
        )
        .hint(format!(
            "name the folder by its real path, with {real} in the link's place, as `install-folder` of `[runbook]`, then `envclone runbook renew`"
        )))
    }

    /// The Configuration Tool works on what `server.hsconf` says: led elsewhere, it would upgrade another environment's
    /// database. And it restarts services, so the Scheduler must be disabled before and after.
    fn configuration_tool(
        &self,
        command: Command,
        secrets: &[SecretString],
    ) -> Result<String, Failure> {
        let (machine, watch) = (self.machine(), self.watch());
        self.must_be_real(&command)?;
        self.must_lead_here("the Configuration Tool was not started")?;
        let version = self.look.one(CheckKind::PlatformVersion);
        if version.outcome != Outcome::Holds {
            return Err(Failure::before(
                Exit::Refused,
                format!(
                    "the Configuration Tool was not started, since it would upgrade the database to another version: {}",
                    version.seen
                ),
            )
            .hint("install the platform in exactly the version of the database; there is no way back from an upgrade"));
        }
        // A tool whose envclone was interrupted may have started the Scheduler that it had found disabled.
        if self.again {
            hold_scheduler(machine, &Patience::SERVICES, &watch).map_err(|it| stopped(&it))?;
        }
        let held = self.look.one(CheckKind::SchedulerOff);
        if held.outcome != Outcome::Holds {
            return Err(Failure::before(
                Exit::Refused,
                format!("the Configuration Tool was not started, since it would start the Scheduler: {}", held.seen),
            )
            .hint("take the step that disables the Scheduler first; where it is done, `envclone runbook undo` with its number opens it again"));
        }
        let stop = |error: MachineError| stopped(&error);
        for config in machine_configs(machine).map_err(stop)? {
            if config.exists() {
                wait_until_unlocked(machine, &config, &Patience::FILE, &watch).map_err(stop)?;
            }
        }
        let log = config_tool_log::path(machine).map_err(stop)?;
        let mark = config_tool_log::mark(&log).map_err(stop)?;
        let ran = machine
            .run(&command, &watch)
            .and_then(envclone_machine::Outcome::succeeded);
        // Whatever came of it: the log may hold the passwords, and the Scheduler may have been started.
        let found = config_tool_log::read(&log, mark, secrets);
        let kept = self.protect(&log, found.as_ref().is_ok_and(|it| it.secrets));
        let scheduler = hold_scheduler(machine, &Patience::SERVICES, &watch);
        let outcome = ran.map_err(|error| {
            let log = kept.as_ref().err().cloned();
            let started = scheduler.as_ref().err();
            let started = started.map(|it| format!("the Scheduler may run: {it}"));
            let more = started.into_iter().chain(log);
            let state: Vec<String> = [UNKNOWN.to_owned()].into_iter().chain(more).collect();
            broken_off(&error, &state.join("; "))
        })?;
        let after = |failure: Failure| failure.state(format!("{} ended with 0", outcome.command));
        scheduler.map_err(|error| after(stopped(&error)))?;
        let found = found.map_err(|error| after(stopped(&error)))?;
        let kept = kept.map_err(|why| after(Failure::before(Exit::Stopped, why)))?;
        if let Some(first) = found.errors.first() {
            return Err(Failure::before(
                Exit::Stopped,
                format!(
                    "the Configuration Tool ended with 0, but its log tells of {} errors, the first: {first}",
                    found.errors.len()
                ),
            )
            .state(UNKNOWN)
            .hint(format!(
                "read {}; where nothing is wrong, `envclone runbook done` with `--because` says so",
                log.display()
            )));
        }
        Ok(format!("{} ended with 0; {kept}", outcome.command))
    }

    /// Keeps the log from whoever is no administrator; one that holds passwords is deleted.
    fn protect(&self, log: &Path, secrets: bool) -> Result<String, String> {
        let version = platform::installed(self.machine()).map(|it| it.version);
        let old = version
            .as_deref()
            .map_or(true, config_tool_log::holds_credentials);
        if !log.exists() {
            return Ok("it left no log".to_owned());
        }
        if secrets || old {
            return config_tool_log::remove(log)
                .map(|()| "its log was deleted, since it may hold passwords".to_owned())
                .map_err(|error| {
                    format!("its log holds passwords and could not be deleted: {error}")
                });
        }
        config_tool_log::protect(self.machine(), log, &self.watch())
            .map(|()| "its log is kept for administrators only".to_owned())
            .map_err(|error| format!("its log could not be protected: {error}"))
    }
}

/// How the world is once the Configuration Tool did not come to its end.
const UNKNOWN: &str = "what the Configuration Tool did before it ended is not known: it may have changed the databases and server.hsconf";

/// A program that did not come to its end. One that was never started changed nothing.
fn broken_off(error: &MachineError, state: &str) -> Failure {
    match error {
        MachineError::Exited { .. }
        | MachineError::TimedOut { .. }
        | MachineError::Interrupted { .. }
        | MachineError::System { .. } => stopped(error).state(state),
        _ => stopped(error),
    }
}

/// Where a program is, of the places where it may be.
fn found(path: &str) -> Result<std::path::PathBuf, Failure> {
    let places: Vec<_> = places(path).into_iter().map(platform::path).collect();
    if let Some(there) = places.iter().find(|place| place.is_file()) {
        return Ok(there.clone());
    }
    match places.as_slice() {
        [only] => Ok(only.clone()),
        all => {
            let all: Vec<String> = all.iter().map(|it| format!("`{}`", it.display())).collect();
            Err(stopped(&MachineError::ProgramMissing {
                program: path.rsplit(['\\', '/']).next().unwrap_or(path).to_owned(),
                looked: Some(format!("these places: {}", all.join(", "))),
            }))
        }
    }
}

/// Whether a version is newer than another one, as far as both can be read.
fn is_newer(one: &str, other: &str) -> bool {
    let numbers = |text: &str| {
        let parts = text.trim().split('.').map(str::parse::<u32>);
        parts.collect::<Result<Vec<_>, _>>().ok()
    };
    matches!((numbers(one), numbers(other)), (Some(one), Some(other)) if one > other)
}

fn newer(installed: &str, wanted: &str) -> Failure {
    Failure::before(
        Exit::Refused,
        format!(
            "the installer is not run: {installed} is installed, which is newer than the database's {wanted}, and a newer platform can't be replaced by an older one"
        ),
    )
    .hint("uninstall the newer one by hand, or take a machine without it; there is no way back from an upgrade of the database either")
}
