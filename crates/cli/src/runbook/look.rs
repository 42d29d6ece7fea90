//! Looks at what a step should have come to, apart from whatever did the step.

use std::cell::OnceCell;
use std::fs;
use std::path::PathBuf;

use envclone_core::config_search::{Outcome as Found, search};
use envclone_core::engine::Role;
use envclone_core::evidence::Observed;
use envclone_core::filter::{Filter, Test};
use envclone_core::hsconf::{Difference, Hsconf};
use envclone_core::inventory::Inventory;
use envclone_core::private_key::PrivateKey;
use envclone_core::release::Standing;
use envclone_core::runbook::Runbook;
use envclone_core::runbook::check::{CheckKind, Looked};
use envclone_core::runbook::configuration::{names_of_source, wanted};
use envclone_core::runbook::progress::same_machine;
use envclone_core::runbook::value::ValueName;
use envclone_core::settings::{Account, Secret};
use envclone_core::verdict::Tally;
use envclone_db::{Access, Engine};
use envclone_lifetime::{LifeTime, Options, ServiceCenter};
use envclone_machine::{Machine, PlatformService, StartType, State, find};

use super::{Known, platform};
use crate::config::Config;
use crate::connect::{engine_as, secret};
use crate::failure::Failure;
use crate::folder::RunFolder;
use crate::inspect::rows;
use crate::run::Phases;
use crate::ui::Silent;

/// Whoever looks, with what it takes.
pub struct Look<'a> {
    /// What the run knew.
    pub known: &'a Known<'a>,
    /// The run.
    pub run: &'a RunFolder,
    /// The runbook.
    pub runbook: &'a Runbook,
    /// This machine.
    pub machine: &'a dyn Machine,
    /// The engine, once it was needed: its passwords are asked for once.
    pub engine: OnceCell<Result<Box<dyn Engine>, String>>,
}

/// How a look ended: it holds, it does not, or why it could not be seen.
type Seen = Result<Result<String, String>, String>;

fn holds(seen: impl Into<String>) -> Seen {
    Ok(Ok(seen.into()))
}

fn fails(seen: impl Into<String>) -> Seen {
    Ok(Err(seen.into()))
}

fn told(failure: &Failure) -> String {
    let why: Vec<&str> = failure.why.iter().map(|why| why.what.as_str()).collect();
    why.join("; ")
}

fn unseen(error: impl std::fmt::Display) -> String {
    error.to_string()
}

impl<'a> Look<'a> {
    /// Whoever looks.
    #[must_use]
    pub fn new(
        known: &'a Known<'a>,
        run: &'a RunFolder,
        runbook: &'a Runbook,
        machine: &'a dyn Machine,
    ) -> Self {
        Self {
            known,
            run,
            runbook,
            machine,
            engine: OnceCell::new(),
        }
    }

    /// Looks at all of these.
    #[must_use]
    pub fn at(&self, checks: &[CheckKind]) -> Vec<Looked> {
        checks.iter().map(|check| self.one(*check)).collect()
    }

    /// Looks at one.
    #[must_use]
    pub fn one(&self, check: CheckKind) -> Looked {
        match self.see(check) {
            Ok(Ok(seen)) => Looked::holds(check, seen),
            Ok(Err(seen)) => Looked::fails(check, seen),
            Err(why) => Looked::unknown(check, why),
        }
    }

    fn see(&self, check: CheckKind) -> Seen {
        use CheckKind as K;
        match check {
            K::PlatformLogins => self.logins(&Role::Platform),
            K::LogLogins => self.logins(&Role::Log),
            K::SessionLogin => self.session_login(),
            K::PlatformVersion => self.version(),
            K::ServicesStopped => self.services(&PlatformService::STOPPING, State::Stopped),
            K::ServicesRunning => self.services(&WITHOUT_SCHEDULER, State::Running),
            K::SchedulerOff => self.scheduler_off(),
            K::SchedulerRunning => self.services(&[PlatformService::Scheduler], State::Running),
            K::IisStopped => self.iis(State::Stopped),
            K::IisRunning => self.iis(State::Running),
            K::FoldersEmpty => self.folders(),
            K::ConfigurationPointsHere => self.configuration(),
            K::NoSourceInFiles => self.files(),
            K::KeyIsOwn => self.key(),
            K::NoSessionOnSource => self.sessions_on_source(),
            K::ServiceCenterAnswers => self.service_center(),
            K::Serial => self.serial(),
            K::FrontEnds => self.front_ends(),
            K::Deployed => self.deployed(),
            K::Catalogs => self.catalogs(),
            K::NotInLifetime => self.in_lifetime(false),
            K::InLifetime => self.in_lifetime(true),
            K::ConnectionsMade => super::connections::made(self.config()),
            K::NoTraceOfSource => self.trace(),
            K::NothingFires => self.fires(),
        }
    }

    fn config(&self) -> &'a Config {
        self.known.config()
    }

    fn engine(&self) -> Result<&dyn Engine, String> {
        let made = self
            .engine
            .get_or_init(|| self.config().engine().map_err(|failure| told(&failure)));
        match made {
            Ok(engine) => Ok(engine.as_ref()),
            Err(why) => Err(why.clone()),
        }
    }

    fn with_phases<T>(
        &self,
        verb: impl FnOnce(&mut Phases<'_>) -> Result<T, Failure>,
    ) -> Result<T, String> {
        let mut watch = Silent;
        let mut phases = Phases::new(self.config(), self.engine()?, Vec::new(), &mut watch)
            .map_err(|failure| told(&failure))?;
        verb(&mut phases).map_err(|failure| told(&failure))
    }

    /// A query of the copy's platform database.
    fn ask(&self, sql: &str) -> Result<Vec<Vec<String>>, String> {
        let name = &self.config().settings.target.platform;
        let mut session = self.engine()?.open(name, Access::Read).map_err(unseen)?;
        rows(session.as_mut(), sql).map_err(unseen)
    }

    fn inventory(&self) -> &Inventory {
        self.known.parts().inventory
    }
}

/// The services that run before the Scheduler is released.
const WITHOUT_SCHEDULER: [PlatformService; 4] = [
    PlatformService::Log,
    PlatformService::DeploymentController,
    PlatformService::Deployment,
    PlatformService::SmsConnector,
];

/// What is on the machine.
impl Look<'_> {
    fn version(&self) -> Seen {
        let installed = platform::installed(self.machine)?.version;
        let Some(database) = &self.inventory().platform_version else {
            return Err("the source's database did not say which version it has".to_owned());
        };
        match installed == *database {
            true => holds(format!("both are {installed}")),
            false => fails(format!(
                "{installed} is installed, the database has {database}"
            )),
        }
    }

    fn services(&self, services: &[PlatformService], wanted: State) -> Seen {
        let (mut right, mut wrong) = (Vec::new(), Vec::new());
        for service in services {
            let Some(found) = find(self.machine, *service).map_err(unseen)? else {
                continue;
            };
            let told = format!("{} is {}", found.display_name, found.state);
            match found.state == wanted {
                true => right.push(told),
                false => wrong.push(told),
            }
        }
        if !wrong.is_empty() {
            fails(wrong.join(", "))
        } else if right.is_empty() {
            match wanted {
                State::Running => fails("this machine has none of these services"),
                _ => holds("this machine has none of these services"),
            }
        } else {
            holds(right.join(", "))
        }
    }

    fn scheduler_off(&self) -> Seen {
        let Some(found) = find(self.machine, PlatformService::Scheduler).map_err(unseen)? else {
            return holds("it is not on this machine");
        };
        let seen = format!("it is {} and {}", found.start_type, found.state);
        match found.start_type == StartType::Disabled && found.state == State::Stopped {
            true => holds(seen),
            false => fails(seen),
        }
    }

    fn iis(&self, wanted: State) -> Seen {
        match self.machine.service("W3SVC").map_err(unseen)? {
            None if wanted == State::Stopped => holds("IIS is not on this machine"),
            None => fails("IIS is not on this machine"),
            Some(found) if found.state == wanted => holds(format!("it is {}", found.state)),
            Some(found) => fails(format!("it is {}", found.state)),
        }
    }

    fn folders(&self) -> Seen {
        let mut left = Vec::new();
        for name in ["share", "BAR"] {
            let path = platform::file(&self.config().settings.runbook, name);
            let entries = fs::read_dir(&path)
                .map_err(|error| format!("`{}` can't be read: {error}", path.display()))?;
            let count = entries.count();
            if count > 0 {
                left.push(format!("{count} entries in {}", path.display()));
            }
        }
        match left.is_empty() {
            true => holds("both are empty"),
            false => fails(left.join(", ")),
        }
    }

    fn read(&self, path: PathBuf) -> Result<Vec<u8>, String> {
        fs::read(&path).map_err(|error| format!("`{}` can't be read: {error}", path.display()))
    }

    fn configuration(&self) -> Seen {
        let wanted = wanted(&self.known.parts())
            .map_err(|missing| format!("the settings do not say {}", missing.join(", ")))?;
        let path = platform::file(&self.config().settings.runbook, "server.hsconf");
        let file = Hsconf::read(&self.read(path)?).map_err(unseen)?;
        // Clear text is what was written for the Configuration Tool, which has not run yet.
        let all = file.differences(&wanted);
        let clear = |it: &&Difference| matches!(it, Difference::ClearText { .. });
        let hidden = |it: &&Difference| matches!(it, Difference::Hidden { .. });
        let wrong = all.iter().find(|it| !clear(it) && !hidden(it));
        if let Some(wrong) = wrong {
            return fails(wrong.to_string());
        }
        if let Some(hidden) = all.iter().find(hidden) {
            return Err(hidden.to_string());
        }
        holds(match all.iter().any(|it| clear(&it)) {
            true => {
                "it leads to the copy; the Configuration Tool has still to encrypt its passwords"
            }
            false => "it leads to the copy",
        })
    }

    fn files(&self) -> Seen {
        let names = names_of_source(&self.known.parts());
        if names.is_empty() {
            return Err("nothing is known that only the source is called".to_owned());
        }
        let mut files = vec![envclone_machine::machine_config(self.machine).map_err(unseen)?];
        let modules = platform::file(&self.config().settings.runbook, "running");
        for entry in fs::read_dir(&modules)
            .map_err(|error| format!("`{}` can't be read: {error}", modules.display()))?
        {
            let file = entry.map_err(unseen)?.path().join("appSettings.config");
            if file.is_file() {
                files.push(file);
            }
        }
        let count = files.len();
        let mut unknown = None;
        for file in files {
            let shown = file.display().to_string();
            let found =
                search(&self.read(file)?, &names).map_err(|it| format!("`{shown}`: {it}"))?;
            match (
                found.outcome(),
                found.occurrences.first(),
                found.hidden.first(),
            ) {
                (Found::Found, Some(first), _) => {
                    return fails(format!(
                        "`{}` stands in line {} of {shown} ({})",
                        first.name, first.line, first.key
                    ));
                }
                (Found::Unknown, _, Some(first)) => {
                    unknown = Some(format!("line {} of {shown}: {}", first.line, first.why));
                }
                _ => {}
            }
        }
        match unknown {
            Some(why) => Err(why),
            None => holds(format!("{count} files were searched")),
        }
    }

    fn key(&self) -> Seen {
        let path = platform::file(&self.config().settings.runbook, "private.key");
        let key = PrivateKey::read(&self.read(path)?).map_err(unseen)?;
        let own = key.fingerprint().to_string();
        let Some(source) = &self.config().settings.runbook.source_key else {
            return Err(
                "the source's key is not known: `envclone runbook key` on the source's controller prints its fingerprint, \
                 which belongs into `source-key` of `[runbook]`"
                    .to_owned(),
            );
        };
        match own.eq_ignore_ascii_case(source.trim()) {
            true => fails("it is the source's"),
            false => holds(format!("its fingerprint is {own}")),
        }
    }

    fn serial(&self) -> Seen {
        let Some(wanted) = &self.config().settings.runbook.serial else {
            return Err("the settings do not say `serial` of `[runbook]`".to_owned());
        };
        let Some(found) = platform::installed(self.machine)?.serial_number else {
            return Err("the platform has not written a serial number yet".to_owned());
        };
        match found.eq_ignore_ascii_case(wanted.trim()) {
            true => holds(format!("it is {found}")),
            false => fails(format!("it is {found}, the license is for {wanted}")),
        }
    }
}

/// What the databases say.
impl Look<'_> {
    fn log_in(&self, database: &str, account: Option<&Account>, user: Option<String>) -> Seen {
        let Some(user) = user else {
            return Err("the settings do not name the user".to_owned());
        };
        let from = account
            .and_then(|account| account.password.clone())
            .unwrap_or(Secret::Prompt);
        let config = self.config();
        if config.settings.target.engine.is_embedded() {
            return Err("this engine has no users".to_owned());
        }
        let (engine, full) = engine_as(&config.settings, &config.folder, database, &user, &from)
            .map_err(|failure| told(&failure))?;
        match engine.open(&full, Access::Read) {
            Ok(_) => holds(format!("{user} logged in to {database}")),
            Err(error) => fails(format!("{user} could not log in to {database}: {error}")),
        }
    }

    fn logins(&self, role: &Role) -> Seen {
        use ValueName as V;
        let parts = self.known.parts();
        let users = &self.config().settings.runbook.users;
        let (database, both) = match role {
            Role::Log => (
                V::LogDatabase,
                [
                    (V::LogAdmin, users.log_admin.as_ref()),
                    (V::LogRuntime, users.log_runtime.as_ref()),
                ],
            ),
            _ => (
                V::PlatformDatabase,
                [
                    (V::PlatformAdmin, users.platform_admin.as_ref()),
                    (V::PlatformRuntime, users.platform_runtime.as_ref()),
                ],
            ),
        };
        let Some(database) = database.find(&parts) else {
            return Err("the settings do not name the database".to_owned());
        };
        let mut seen = Vec::new();
        for (name, account) in both {
            match self.log_in(&database, account, name.find(&parts))? {
                Ok(one) => seen.push(one),
                Err(wrong) => return fails(wrong),
            }
        }
        holds(seen.join(", "))
    }

    fn session_login(&self) -> Seen {
        let parts = self.known.parts();
        let account = self.config().settings.runbook.users.session.as_ref();
        let user = ValueName::SessionUser.find(&parts);
        let schemas = self.config().settings.target.engine.has_schemas();
        let database = match schemas {
            true => user.clone(),
            false => ValueName::SessionCatalog.find(&parts),
        };
        let Some(database) = database else {
            return Err("the settings do not name the session database".to_owned());
        };
        self.log_in(&database, account, user)
    }

    fn sessions_on_source(&self) -> Seen {
        let machines = &self.runbook.machines;
        if machines.is_empty() {
            return Err("the settings do not name the environment's `machines`".to_owned());
        }
        for (_, name) in self.config().settings.source.databases() {
            let used = self
                .engine()?
                .in_use(name)
                .map_err(unseen)?
                .unwrap_or_default();
            let words: Vec<&str> = used.split([' ', ',', '`', '\\']).collect();
            let here = machines
                .iter()
                .find(|machine| words.iter().any(|word| same_machine(word, machine)));
            if let Some(machine) = here {
                return fails(format!("{machine} has a session with {name}"));
            }
        }
        holds("none was seen")
    }

    fn front_ends(&self) -> Seen {
        let active = Filter::column("IS_ACTIVE", Test::IsNumber(1));
        let sql = self
            .config()
            .dialect()
            .select("ossys_server", &["NAME"], &active);
        let found: Vec<String> = self.ask(&sql)?.into_iter().flatten().collect();
        let machines = &self.runbook.machines;
        if found.is_empty() {
            return fails("it lists none: none has registered itself yet");
        }
        if machines.is_empty() {
            return Err(format!(
                "it lists {}; the settings do not name the environment's `machines`",
                found.join(", ")
            ));
        }
        let other: Vec<_> = found
            .iter()
            .filter(|name| !machines.iter().any(|machine| same_machine(machine, name)))
            .cloned()
            .collect();
        match other.is_empty() {
            true => holds(found.join(", ")),
            false => fails(format!("it lists {}", other.join(", "))),
        }
    }

    fn deployed(&self) -> Seen {
        let dialect = self.config().dialect();
        let number = |sql: String| -> Result<u64, String> {
            let found = self.ask(&sql)?;
            let text = found.first().and_then(|row| row.first());
            text.and_then(|text| text.parse().ok())
                .ok_or_else(|| "the database gave no number".to_owned())
        };
        let modules = number(dialect.count("ossys_modulefrontend", &Filter::default()))?;
        let waits = Filter::column("REQUIRES_COMPILATION", Test::IsNumber(1));
        let waiting = number(dialect.count("ossys_espace_runtime", &waits))?;
        match (modules, waiting) {
            (0, _) => fails("no module is on any front-end"),
            (_, 0) => holds(format!("{modules} modules are on front-ends")),
            (_, waiting) => fails(format!("{waiting} modules wait for a compilation")),
        }
    }

    fn catalogs(&self) -> Seen {
        let dialect = self.config().dialect();
        let sql = dialect.select("ossys_dbcatalog", &["NAME", "USERNAME"], &Filter::default());
        let parts = self.known.parts();
        let own: Vec<String> = parts
            .target
            .iter()
            .map(|(_, name)| envclone_core::dialect::catalog_of(name).to_lowercase())
            .collect();
        let (mut right, mut wrong) = (Vec::new(), Vec::new());
        for row in self.ask(&sql)? {
            let [name, user] = row.as_slice() else {
                continue;
            };
            if name == "(Main)" {
                continue;
            }
            if user.trim().is_empty() {
                wrong.push(format!("{name} has no account"));
            } else if own.contains(&name.to_lowercase()) {
                right.push(name.clone());
            } else {
                wrong.push(format!("{name} is none of the copy's"));
            }
        }
        match wrong.is_empty() {
            true => holds(right.join(", ")),
            false => fails(wrong.join(", ")),
        }
    }

    fn trace(&self) -> Seen {
        let inventory = self.inventory();
        let verification = self.with_phases(|phases| phases.verify(None, inventory))?;
        let Tally {
            residue, unknown, ..
        } = verification.tally();
        match (residue, unknown) {
            (0, 0) => holds("verification found nothing"),
            (0, unknown) => Err(format!("{unknown} places could not be looked at")),
            (residue, _) => fails(format!(
                "{residue} places still name the source; `envclone verify` lists them"
            )),
        }
    }

    fn fires(&self) -> Seen {
        let found = self.with_phases(|phases| phases.release_check())?;
        let told = |row: &envclone_core::release::Row| match &row.count {
            Observed::Known(count) => format!("{count} {}", row.title),
            Observed::Unknown { why } => format!("{}: {why}", row.title),
        };
        let of = |standing: Standing| {
            let rows = found
                .rows
                .iter()
                .filter(move |row| row.standing() == standing);
            rows.map(told).collect::<Vec<_>>()
        };
        let (red, unknown) = (of(Standing::Red), of(Standing::Unknown));
        let tally = found.endpoints.tally();
        let called = format!("{} addresses could be called", tally.addresses);
        if found.is_green() {
            holds(called)
        } else if !red.is_empty() {
            fails(format!("{}; {called}", red.join(", ")))
        } else {
            Err(unknown.join(", "))
        }
    }
}

/// What answers over the network.
impl Look<'_> {
    fn service_center(&self) -> Seen {
        let Some(center) = &self.config().settings.runbook.service_center else {
            return Err("the settings have no `[runbook.service-center]`".to_owned());
        };
        let center = ServiceCenter::new(&center.address, Options::default()).map_err(unseen)?;
        match center.answers() {
            Ok(reply) if reply.is_page() => match center.platform() {
                Ok(info) => holds(format!("it answers, with platform {}", info.version)),
                Err(_) => holds("it answers"),
            },
            Ok(reply) => fails(format!("it answers with status {}", reply.status)),
            Err(error) => fails(error.to_string()),
        }
    }

    fn in_lifetime(&self, wanted: bool) -> Seen {
        let config = self.config();
        let Some(lifetime) = &config.settings.runbook.lifetime else {
            return Err("the settings have no `[runbook.lifetime]`".to_owned());
        };
        let token = secret("LifeTime service account", &lifetime.token, &config.folder)
            .map_err(|failure| told(&failure))?;
        let all = LifeTime::new(&lifetime.address, token, Options::default())
            .and_then(|it| it.environments())
            .map_err(unseen)?;
        let listed = all.iter().any(|it| it.is_called(&lifetime.environment));
        let seen = format!(
            "LifeTime {} {}",
            if listed { "lists" } else { "does not list" },
            lifetime.environment
        );
        match listed == wanted {
            true => holds(seen),
            false => fails(seen),
        }
    }
}
