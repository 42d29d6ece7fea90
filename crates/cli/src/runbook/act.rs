//! Does what a step can have done, on the machine that it runs on, once a person approved it.

use std::fs;
use std::path::Path;
use std::time::Duration;

use envclone_core::hsconf::{At, Category, Change, Difference, Guard, Hsconf, Wanted};
use envclone_core::platform_trap::traps;
use envclone_core::private_key::PrivateKey;
use envclone_core::runbook::check::{CheckKind, Outcome};
use envclone_core::runbook::configuration::guard;
use envclone_core::runbook::deed::{Argument, Deed};
use envclone_lifetime::{Environment, LifeTime, Options, SavedRegistration, Unregistered};
use envclone_machine::{
    Command, Ended, Event, Halted, Iis, Machine, MachineError, Patience, Scheduler, Watch,
    config_tool_log, empty_folder, hold_scheduler, iis, machine_config, start_services,
    stop_services, wait_until_unlocked,
};
use secrecy::{ExposeSecret, SecretString};

use super::look::Look;
use super::{REGISTRATION, connections, folder, platform};
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
    /// Whether the step was begun on this machine before, and nothing says how that ended.
    pub again: bool,
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

pub(super) fn lifetime_failure(error: &envclone_lifetime::Error) -> Failure {
    Failure::before(Exit::NoAccess, chain(error)).hint(error.hint())
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
                let file = self.configuration(Path::new(path))?;
                let edit = file
                    .edit(wanted, &self.guard())
                    .map_err(|refusals| refused(&refusals))?;
                let changes: Vec<String> = edit.changes().iter().map(shown).collect();
                Ok(match changes.is_empty() {
                    true => vec!["the file says all of it already".to_owned()],
                    false => changes,
                })
            }
            Deed::Run { path, .. } if is_configuration_tool(path) => {
                let Ok(installed) = platform::installed(self.machine()) else {
                    return Ok(Vec::new());
                };
                let traps = traps(&installed.version).unwrap_or_default();
                let line = |trap: &envclone_core::platform_trap::Trap| {
                    format!(
                        "known of {}: {}; {}",
                        installed.version, trap.what, trap.check
                    )
                };
                Ok(traps.iter().map(line).collect())
            }
            _ => Ok(Vec::new()),
        }
    }

    /// Refuses what can't be done here, before anything of it is begun.
    ///
    /// # Errors
    /// Exit 4 where this is no Windows, or the process may not change services.
    pub fn can(&self, deeds: &[Deed]) -> Result<(), Failure> {
        if !deeds.iter().any(Deed::needs_machine) {
            return Ok(());
        }
        match self.machine().elevated() {
            Ok(true) => Ok(()),
            Ok(false) => Err(Failure::before(
                Exit::NoAccess,
                "this changes services and files of the platform, and this process is not elevated",
            )
            .hint("start the terminal with Run as administrator, and run the command again")),
            Err(error) => Err(stopped(&error)),
        }
    }

    /// Does it. What comes back says in one line, without secrets, what came of it.
    ///
    /// # Errors
    /// A failure whose state says what was done before it.
    pub fn act(&self, deed: &Deed) -> Result<String, Failure> {
        let (machine, watch, patience) = (self.machine(), self.watch(), Patience::SERVICES);
        match deed {
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
                start_services(machine, Scheduler::Released, &patience, &watch)
                    .map(|done| told(&done))
                    .map_err(|error| halted(&error))
            }
            Deed::StopIis => self.iis(Iis::Stop),
            Deed::StartIis => {
                self.must_lead_here("IIS was not started")?;
                self.iis(Iis::Start)
            }
            Deed::EmptyFolder { path } => self.empty(Path::new(path)),
            Deed::OwnKey { path } => self.own_key(Path::new(path)),
            Deed::Configure { path, wanted } => self.configure(Path::new(path), wanted),
            Deed::Run {
                path,
                arguments,
                minutes,
                ..
            } => self.run(path, arguments, *minutes),
            Deed::UnregisterLifetime => self.unregister(),
            Deed::RegisterLifetime => self.register(),
            Deed::CreateConnections { .. } => {
                connections::create(self.config(), &folder(self.look.run))
            }
        }
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

/// Files.
impl Act<'_> {
    fn guard(&self) -> Guard {
        guard(&self.look.known.parts(), false)
    }

    /// The file as it is; one with nothing in it where there is none.
    fn configuration(&self, path: &Path) -> Result<Hsconf, Failure> {
        let invalid = |error: &envclone_core::hsconf::HsconfError| {
            Failure::before(
                Exit::Invalid,
                format!("`{}` can't be used: {}", path.display(), chain(error)),
            )
            .hint(error.hint())
        };
        match fs::read(path) {
            Ok(bytes) => Hsconf::read(&bytes).map_err(|error| invalid(&error)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                let engine = self.config().settings.target.engine;
                Hsconf::fresh(engine).map_err(|error| invalid(&error))
            }
            Err(error) => Err(crate::failure::file_failure("read", path, &error)),
        }
    }

    fn configure(&self, path: &Path, wanted: &Wanted) -> Result<String, Failure> {
        let file = self.configuration(path)?;
        let edit = file
            .edit(wanted, &self.guard())
            .map_err(|refusals| refused(&refusals))?;
        if edit.changes().is_empty() {
            return Ok("the file says all of it already".to_owned());
        }
        let mut secrets = Vec::new();
        for at in edit.secrets() {
            secrets.push((at.clone(), self.secret(at)?));
        }
        let written = edit
            .write(&mut |at| {
                let found = secrets.iter().find(|(one, _)| one == at);
                found.map(|(_, secret)| secret.clone())
            })
            .map_err(|error| Failure::before(Exit::Invalid, chain(&error)).hint(error.hint()))?;
        // What has passwords in clear text was written here before, and the file before that was kept then.
        let clear = |it: &Difference| matches!(it, Difference::ClearText { .. });
        let kept = match file.differences(wanted).iter().any(clear) {
            true => String::new(),
            false => keep(path)?,
        };
        write_whole(path, written.expose_secret())?;
        Ok(format!(
            "{} values written; its passwords are in clear text until the Configuration Tool has run{kept}",
            edit.changes().len()
        ))
    }

    /// The password that a key of the file is for.
    fn secret(&self, at: &At) -> Result<SecretString, Failure> {
        let runbook = &self.config().settings.runbook;
        let users = &runbook.users;
        let cache = runbook
            .cache
            .as_ref()
            .and_then(|cache| cache.account.as_ref());
        let account = match (at.category, at.key.as_str()) {
            (Category::Platform, "AdminPassword") => users.platform_admin.as_ref(),
            (Category::Platform, "RuntimePassword") => users.platform_runtime.as_ref(),
            (Category::Logging, "AdminPassword") => users.log_admin.as_ref(),
            (Category::Logging, "RuntimePassword") => users.log_runtime.as_ref(),
            (Category::Session, "SessionPassword") => users.session.as_ref(),
            (Category::Cache, "ServicePassword") => cache,
            _ => None,
        };
        match account {
            Some(account) => platform::password_of(self.config(), account),
            None => secret(
                &at.to_string(),
                &envclone_core::settings::Secret::Prompt,
                &self.config().folder,
            ),
        }
    }

    fn own_key(&self, path: &Path) -> Result<String, Failure> {
        let source = self.config().settings.runbook.source_key.as_deref();
        let found = match fs::read(path) {
            Ok(bytes) => Some(PrivateKey::read(&bytes).map_err(|error| {
                Failure::before(
                    Exit::Invalid,
                    format!("`{}` can't be used: {}", path.display(), chain(&error)),
                )
                .hint(error.hint())
            })?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(crate::failure::file_failure("read", path, &error)),
        };
        if let Some(key) = &found {
            let Some(source) = source else {
                return Err(Failure::before(
                    Exit::Refused,
                    "whether the key is the source's can't be told: the settings have no `source-key` of `[runbook]`",
                )
                .hint("run `envclone runbook key` on the source's controller, and put what it prints into the settings"));
            };
            if !key
                .fingerprint()
                .to_string()
                .eq_ignore_ascii_case(source.trim())
            {
                return Ok("it is the environment's own, and was left".to_owned());
            }
        }
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| {
            Failure::before(
                Exit::Unexpected,
                format!("the system gives no random numbers: {error}"),
            )
        })?;
        let key = PrivateKey::new(random)
            .map_err(|error| Failure::before(Exit::Unexpected, chain(&error)))?;
        let kept = keep(path)?;
        write_whole(path, key.file().expose_secret().as_bytes())?;
        Ok(format!(
            "a new key with the fingerprint {} was put in place{kept}; every other machine of the environment needs the same file",
            key.fingerprint()
        ))
    }
}

/// Keeps a file beside itself before it is written. The words say where.
fn keep(path: &Path) -> Result<String, Failure> {
    if !path.exists() {
        return Ok(String::new());
    }
    let at = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".before-{at}"));
    fs::copy(path, &name).map_err(|error| crate::failure::file_failure("keep", path, &error))?;
    Ok(format!(", the old file is {}", Path::new(&name).display()))
}

fn shown(change: &Change) -> String {
    let from = change.from.as_deref().unwrap_or("(nothing)");
    format!(
        "{} {}: {from} -> {}",
        change.category, change.key, change.to
    )
}

pub(super) fn refused(refusals: &[envclone_core::hsconf::Refusal]) -> Failure {
    let mut failure = Failure::before(Exit::Refused, "");
    failure.why = refusals
        .iter()
        .map(|refusal| crate::failure::Why {
            what: refusal.to_string(),
            hint: Some(refusal.hint().to_owned()),
        })
        .collect();
    failure
}

fn is_configuration_tool(path: &str) -> bool {
    path.ends_with("ConfigurationTool.com")
}

/// Programs.
impl Act<'_> {
    fn run(&self, path: &str, arguments: &[Argument], minutes: u32) -> Result<String, Failure> {
        let mut secrets = Vec::new();
        let mut command =
            Command::at(platform::path(path)).limit(Duration::from_secs(u64::from(minutes) * 60));
        for argument in arguments {
            command = match argument {
                Argument::Text(text) => command.arg(text.clone()),
                Argument::Password(name) => {
                    let password = platform::password(self.config(), *name)?;
                    secrets.push(password.clone());
                    command.arg(password)
                }
            };
        }
        match is_configuration_tool(path) {
            true => self.configuration_tool(command, &secrets),
            false => self.program(command),
        }
    }

    fn program(&self, command: Command) -> Result<String, Failure> {
        self.machine()
            .run(&command, &self.watch())
            .and_then(envclone_machine::Outcome::succeeded)
            .map(|outcome| format!("{} ended with 0", outcome.command))
            .map_err(|error| stopped(&error))
    }

    /// The Configuration Tool works on what `server.hsconf` says: led elsewhere, it would upgrade another environment's
    /// database. And it restarts services, so the Scheduler must be disabled before and after.
    fn configuration_tool(
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

/// `LifeTime`.
impl Act<'_> {
    fn lifetime(&self) -> Result<(LifeTime, &envclone_core::settings::LifeTime), Failure> {
        let config = self.config();
        let Some(settings) = &config.settings.runbook.lifetime else {
            return Err(Failure::before(
                Exit::Invalid,
                "the settings have no `[runbook.lifetime]`",
            ));
        };
        let token = secret("LifeTime service account", &settings.token, &config.folder)?;
        let lifetime = LifeTime::new(&settings.address, token, Options::default())
            .map_err(|error| lifetime_failure(&error))?;
        Ok((lifetime, settings))
    }

    fn registration_file(&self) -> std::path::PathBuf {
        folder(self.look.run).join(REGISTRATION)
    }

    fn saved(&self) -> Result<SavedRegistration, Failure> {
        let path = self.registration_file();
        let text = fs::read_to_string(&path).map_err(|error| {
            crate::failure::file_failure(
                "read what LifeTime knew of the environment",
                &path,
                &error,
            )
        })?;
        SavedRegistration::from_json(&text).map_err(|error| lifetime_failure(&error))
    }

    fn unregister(&self) -> Result<String, Failure> {
        let (lifetime, settings) = self.lifetime()?;
        let path = self.registration_file();
        // What was saved before is not saved again: the environment may be gone already.
        if !path.exists() {
            let saved = lifetime
                .save(&settings.environment)
                .map_err(|error| lifetime_failure(&error))?;
            self.not_the_source(&saved)?;
            let text = saved.to_json().map_err(|error| lifetime_failure(&error))?;
            connections::save(&lifetime, &saved.key, &folder(self.look.run))?;
            write_whole(&path, text.as_bytes())?;
        }
        let saved = self.saved()?;
        let ended = lifetime
            .unregister(&saved.key)
            .map_err(|error| lifetime_failure(&error))?;
        let how = match ended {
            Unregistered::Done => "unregistered",
            Unregistered::DoneUnheard => {
                "unregistered; LifeTime's answer was lost, its list shows it"
            }
            Unregistered::WasGone => "LifeTime does not list it any more",
        };
        Ok(format!(
            "{} {how}; its position and permissions are in {}",
            saved.name,
            path.display()
        ))
    }

    /// The environment that LifeTime would lose must not be the one that was copied.
    fn not_the_source(&self, saved: &SavedRegistration) -> Result<(), Failure> {
        let parts = self.look.known.parts();
        let address = saved.address.to_lowercase();
        let source = parts.inventory.identities.iter().find(|identity| {
            use envclone_core::harvest::Kind;
            matches!(
                identity.kind,
                Kind::FrontEnd | Kind::Address | Kind::ZoneAddress
            ) && !identity.value.is_empty()
                && same_host(&address, &identity.value.to_lowercase())
        });
        match source {
            None => Ok(()),
            Some(identity) => Err(Failure::before(
                Exit::Refused,
                format!(
                    "LifeTime reaches `{}` at {}, which is the source's {} `{}`",
                    saved.name,
                    saved.address,
                    identity.kind.title(),
                    identity.value
                ),
            )
            .hint("`environment` of `[runbook.lifetime]` is the environment that gets the copy")),
        }
    }

    fn register(&self) -> Result<String, Failure> {
        let (lifetime, settings) = self.lifetime()?;
        let runbook = &self.config().settings.runbook;
        let Some(center) = &runbook.service_center else {
            return Err(Failure::before(
                Exit::Invalid,
                "the settings have no `[runbook.service-center]`",
            ));
        };
        let saved = self.saved()?;
        let listed = lifetime
            .environments()
            .map_err(|error| lifetime_failure(&error))?;
        let same = |it: &&Environment| {
            it.is_called(&saved.name)
                && it.key != saved.key
                && it.host_name.as_ref() == Some(&saved.address)
        };
        // Somebody did it by hand, or an earlier command that nobody heard the end of.
        if let Some(found) = listed.iter().find(same) {
            return Ok(format!(
                "LifeTime lists {} already, with the new key {}",
                saved.name, found.key
            ));
        }
        let password = platform::password_of(self.config(), &center.account)?;
        let registration = saved.registration(&center.account.user, &settings.address);
        let done = lifetime
            .register(&registration, &password)
            .map_err(|error| lifetime_failure(&error))?;
        Ok(format!(
            "{} registered with the key {}; {}",
            saved.name,
            done.key,
            match done.imported_users {
                Some(users) => format!("{} users were taken over", users.len()),
                None => "LifeTime's answer was lost, its list shows it".to_owned(),
            }
        ))
    }
}

/// Whether an address names this host: `app1` is `app1.example.com`, too.
fn same_host(address: &str, name: &str) -> bool {
    let bare = address.split("://").last().unwrap_or(address);
    let host = bare.split(['/', ':']).next().unwrap_or(bare);
    let name = name.split("://").last().unwrap_or(name);
    let name = name.split(['/', ':']).next().unwrap_or(name);
    host == name
        || host.split_once('.').is_some_and(|(first, _)| first == name)
        || name.split_once('.').is_some_and(|(first, _)| first == host)
}
