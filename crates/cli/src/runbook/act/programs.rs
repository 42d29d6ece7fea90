//! Programs, the Configuration Tool above all.

use super::*;

/// Programs.
impl Act<'_> {
    /// A program with its arguments, and the passwords among them.
    pub(super) fn command(
        &self,
        path: &str,
        arguments: &[Argument],
        minutes: u32,
    ) -> Result<(Command, Vec<SecretString>), Failure> {
        let mut secrets = Vec::new();
        let mut command =
            Command::at(platform::path(path)).limit(Duration::from_secs(u64::from(minutes) * 60));
        for argument in arguments {
            command = match argument {
                Argument::Text(text) => command.arg(text.clone()),
                Argument::Password(name) => {
                    let password = self.look.passwords.named(self.config(), *name)?;
                    secrets.push(password.clone());
                    command.arg(password)
                }
            };
        }
        Ok((command, secrets))
    }

    pub(super) fn program(&self, command: Command) -> Result<String, Failure> {
        self.machine()
            .run(&command, &self.watch())
            .and_then(envclone_machine::Outcome::succeeded)
            .map(|outcome| format!("{} ended with 0", outcome.command))
            .map_err(|error| stopped(&error))
    }

    /// The Configuration Tool works on what `server.hsconf` says: led elsewhere, it would upgrade another environment's
    /// database. And it restarts services, so the Scheduler must be disabled before and after.
    pub(super) fn configuration_tool(
        &self,
        command: Command,
        secrets: &[SecretString],
    ) -> Result<String, Failure> {
        let (machine, watch) = (self.machine(), self.watch());
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
            .hint("take the step that disables the Scheduler first; where it is done, `envclone runbook undo` opens it again"));
        }
        let stop = |error: MachineError| stopped(&error);
        let config = machine_config(machine).map_err(stop)?;
        if config.exists() {
            wait_until_unlocked(machine, &config, &Patience::FILE, &watch).map_err(stop)?;
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
            let more: Vec<String> = started.into_iter().chain(log).collect();
            match more.is_empty() {
                true => stopped(&error),
                false => stopped(&error).state(more.join("; ")),
            }
        })?;
        scheduler.map_err(stop)?;
        let found = found.map_err(stop)?;
        let kept = kept.map_err(|why| Failure::before(Exit::Stopped, why))?;
        if let Some(first) = found.errors.first() {
            return Err(Failure::before(
                Exit::Stopped,
                format!(
                    "the Configuration Tool ended with 0, but its log tells of {} errors, the first: {first}",
                    found.errors.len()
                ),
            )
            .hint(format!(
                "read {}; where nothing is wrong, `envclone runbook done` with `--because` says so",
                log.display()
            )));
        }
        Ok(format!("{} ended with 0; {kept}", outcome.command))
    }

    /// Keeps the log from whoever is no administrator; one that holds passwords is deleted.
    pub(super) fn protect(&self, log: &Path, secrets: bool) -> Result<String, String> {
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
