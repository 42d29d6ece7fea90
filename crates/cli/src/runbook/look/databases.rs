//! What the databases say: log-ins, sessions, front-ends, modules, what is left of the source.

use std::collections::HashSet;

use envclone_core::filter::Rows;
use envclone_core::harvest::Kind;
use envclone_core::scan::secret_digest;

use super::*;
use crate::inspect::key_check;

/// How many letters of a machine's name are its name for NetBIOS.
const NETBIOS: usize = 15;

/// Whether a name may be what NetBIOS calls a machine: of a longer name, the first 15 letters without the domain.
fn may_be_cut(name: &str, machine: &str) -> bool {
    let lower = |text: &str| text.trim().to_lowercase();
    let (name, machine) = (lower(name), lower(machine));
    let host = machine.split('.').next().unwrap_or_default();
    host.chars().count() > NETBIOS
        && name.chars().count() == NETBIOS
        && host.starts_with(name.as_str())
}

/// Whether a name may be a machine's: with its domain or without, or cut as NetBIOS has it. Two machines may be cut alike.
fn may_be(name: &str, machine: &str) -> bool {
    same_machine(name, machine) || may_be_cut(name, machine) || may_be_cut(machine, name)
}

/// The first of these names, and how many there are besides.
fn a_few(names: &[String]) -> String {
    const FEW: usize = 3;
    match names.get(..FEW) {
        Some(first) if names.len() > FEW => {
            format!("{} and {} more", first.join(", "), names.len() - FEW)
        }
        _ => names.join(", "),
    }
}

/// What the databases say.
impl Look<'_> {
    pub(super) fn log_in(
        &self,
        database: &str,
        account: Option<&Account>,
        user: Option<String>,
    ) -> Seen {
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

    pub(super) fn logins(&self, role: &Role) -> Seen {
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

    pub(super) fn session_login(&self) -> Seen {
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

    pub(super) fn sessions_elsewhere(&self) -> Seen {
        let machines = &self.standing.runbook.machines;
        if machines.is_empty() {
            return Err("the settings do not name the environment's `machines`".to_owned());
        }
        // The source first: whatever is not known of the environment's own past, a session there is wrong.
        for (_, name) in self.config().settings.source.databases() {
            if let Some(machine) = self.with_session(name)? {
                return fails(format!("{machine} has a session with {name}"));
            }
        }
        let (former, unseen_ones) = self.former()?;
        for name in former {
            if let Some(machine) = self.with_session(&name)? {
                return fails(format!("{machine} has a session with {name}"));
            }
        }
        match unseen_ones.first() {
            None => holds("none was seen"),
            Some(one) => Err(format!(
                "{one} is on a server that the settings do not name; look there for sessions of {}",
                machines.join(", ")
            )),
        }
    }

    /// The machine of this environment that has a session with a database.
    fn with_session(&self, name: &str) -> Result<Option<&String>, String> {
        let used = self.engine()?.in_use(name).map_err(unseen)?;
        let used = used.unwrap_or_default();
        let words: Vec<&str> = used.split([' ', ',', '`', '\\']).collect();
        let mut machines = self.standing.runbook.machines.iter();
        // Of names that may be two machines', either is said: rather one too many than none.
        Ok(machines.find(|machine| words.iter().any(|word| may_be(word, machine))))
    }

    /// What the environment had before: the databases that can be asked for, and those on servers that nobody can ask.
    fn former(&self) -> Result<(Vec<String>, Vec<String>), String> {
        let settings = &self.config().settings;
        let told = &settings.runbook.former;
        let found = self.standing.progress.led_to();
        if told.is_none() && found.is_none() && self.standing.runbook.way == Way::Reconfigure {
            return Err(
                "which database the environment had before is not known: neither `former` of `[runbook]` says it, nor was \
                 `server.hsconf` read by this runbook before it was changed"
                    .to_owned(),
            );
        }
        let parts = self.known.parts();
        let on_target = |name: &String| {
            let server = settings.target.server.as_ref()?;
            Some(DatabaseAt {
                name: name.clone(),
                server: typed(server),
            })
        };
        let told = told.iter().flatten().filter_map(on_target);
        let all = told.chain(found.into_iter().flatten().cloned());
        let sides = [&settings.target, &settings.source];
        let servers: Vec<_> = sides.iter().filter_map(|it| it.server.as_ref()).collect();
        let (mut known, mut unknown) = (Vec::new(), Vec::new());
        for database in all.filter(|it| !is_own(&parts, it)) {
            let server = servers.iter().find(|it| database.is_on(&typed(it)));
            match server {
                Some(server) => known.push(format!("{}@{}", database.name, server.label())),
                None => unknown.push(database.to_string()),
            }
        }
        Ok((known, unknown))
    }

    /// The environment's machine that a front-end of the database is. A cut name that may be more than one's is none's, nor is
    /// one that the source has.
    fn own_machine(&self, name: &str) -> Option<&String> {
        let machines = &self.standing.runbook.machines;
        let whole = machines.iter().find(|it| same_machine(it, name));
        whole.or_else(|| {
            let mut all = machines.iter().filter(|it| may_be(name, it));
            let only = all.next().filter(|_| all.next().is_none());
            only.filter(|_| source_host(&self.known.parts(), name).is_none())
        })
    }

    pub(super) fn front_ends(&self) -> Seen {
        let active = Filter::column("IS_ACTIVE", Test::IsNumber(1));
        let sql = self
            .config()
            .dialect()
            .select("ossys_server", &["NAME"], &active);
        let found: Vec<String> = self.ask(&sql)?.into_iter().flatten().collect();
        let machines = &self.standing.runbook.machines;
        if found.is_empty() {
            return fails("it lists none: none has registered itself yet");
        }
        if machines.is_empty() {
            return Err(format!(
                "it lists {}; the settings do not name the environment's `machines`",
                found.join(", ")
            ));
        }
        let (known, other): (Vec<_>, Vec<_>) = found
            .iter()
            .map(|name| (name.clone(), self.own_machine(name)))
            .partition(|(_, machine)| machine.is_some());
        let other: Vec<String> = other.into_iter().map(|(name, _)| name).collect();
        if !other.is_empty() {
            return fails(format!("it lists {}", other.join(", ")));
        }
        let missing: Vec<&str> = machines
            .iter()
            .filter(|machine| !known.iter().any(|(_, it)| *it == Some(*machine)))
            .map(String::as_str)
            .collect();
        match (missing.as_slice(), machines.as_slice()) {
            ([], _) => holds(found.join(", ")),
            // One that serves no applications may be in no list of front-ends.
            ([missing], [controller, _, ..]) if missing == controller => Err(format!(
                "it lists {}; whether {controller} registers itself, where it is the controller alone, is not known",
                found.join(", ")
            )),
            (missing, _) => fails(format!(
                "it lists {}; {} has not registered itself",
                found.join(", "),
                missing.join(", ")
            )),
        }
    }

    /// Modules by what the database says of them: a module is on a front-end where the table of front-ends has its key. In a
    /// deployment zone that need not be each of them. Extensions are compiled into the modules that use them, and are not
    /// looked for. Whether the platform's own modules and libraries stand in that table is not documented.
    pub(super) fn deployed(&self) -> Seen {
        let dialect = self.config().dialect();
        let active = || Filter::column("IS_ACTIVE", Test::IsNumber(1));
        let on = self.ask(&dialect.select(
            "ossys_modulefrontend",
            &["MODULEKEY", "FRONTENDNAME"],
            &Filter::default(),
        ))?;
        if on.is_empty() {
            return fails("no module is on any front-end");
        }
        let modules = Rows {
            table: "ossys_espace".to_owned(),
            column: "ID".to_owned(),
            filter: active(),
        };
        let waits = Filter::All(vec![
            Filter::column("REQUIRES_COMPILATION", Test::IsNumber(1)),
            Filter::column("ESPACE_ID", Test::InRows(Box::new(modules))),
        ]);
        let waiting = self.ask(&dialect.count("ossys_espace_runtime", &waits))?;
        let waiting = waiting.first().and_then(|row| row.first());
        match waiting.and_then(|text| text.parse::<u64>().ok()) {
            None => return Err("the database gave no number".to_owned()),
            Some(0) => {}
            Some(waiting) => return fails(format!("{waiting} modules wait for a compilation")),
        }
        let machines = &self.standing.runbook.machines;
        let own = |name: &str| machines.is_empty() || self.own_machine(name).is_some();
        let there: HashSet<String> = on
            .into_iter()
            .filter_map(|row| match <[String; 2]>::try_from(row) {
                Ok([key, front_end]) if own(&front_end) => Some(key.to_lowercase()),
                _ => None,
            })
            .collect();
        // Kinds came with a version of the platform.
        let table = self.inventory().table(&Role::Platform, "ossys_espace");
        let kind = table.and_then(|table| table.column("EspaceKind"));
        let columns: Vec<&str> = ["NAME", "SS_KEY"].into_iter().chain(kind).collect();
        let of = |test: Test| {
            let filter = active().and(Filter::column("IS_SYSTEM", test));
            self.ask(&dialect.select("ossys_espace", &columns, &filter))
        };
        let missing = |row: &Vec<String>| match row.as_slice() {
            [name, key, ..] if !there.contains(&key.to_lowercase()) => Some(name.clone()),
            _ => None,
        };
        let is_library = |row: &Vec<String>| {
            let mut kinds = row.iter().skip(2);
            kinds.any(|kind| kind.to_lowercase().contains("library"))
        };
        let (libraries, ordinary): (Vec<_>, Vec<_>) = of(Test::NotNumbers(vec![1]))?
            .into_iter()
            .partition(is_library);
        let count = ordinary.len();
        let lacking: Vec<String> = ordinary.iter().filter_map(missing).collect();
        if !lacking.is_empty() {
            return fails(format!(
                "{} of {count} modules are on no front-end of this environment: {}",
                lacking.len(),
                a_few(&lacking)
            ));
        }
        let system = of(Test::IsNumber(1))?;
        let others = system.iter().chain(&libraries);
        let unsure: Vec<String> = others.filter_map(missing).collect();
        match unsure.is_empty() {
            true => holds(format!("{} modules are on front-ends", there.len())),
            false => Err(format!(
                "whether libraries and the platform's own modules belong on a front-end is not known, and {} of them are on none: {}",
                unsure.len(),
                a_few(&unsure)
            )),
        }
    }

    /// Connections are told by what they are configured with: encrypted with the source's key, it can only have come from
    /// there. The one to the log database stays.
    pub(super) fn connections(&self) -> Seen {
        let inventory = self.inventory();
        let other = Filter::column("NAME", Test::Not("$OS_LOG_DB_7e3e8ce0".to_owned()));
        let sql = self.config().dialect().select(
            "ossys_dbconnection",
            &["NAME", "DATABASE_CONFIGURATION"],
            &other,
        );
        let rows = self.ask(&sql)?;
        let key = self.with_phases(|phases| Ok(*phases.eyes().key))?;
        if key_check(&key) != inventory.key_check {
            return Err("the source's secrets were kept with another key of digests".to_owned());
        }
        let secrets: HashSet<&str> = inventory
            .identities
            .iter()
            .filter(|it| it.kind == Kind::Secret)
            .map(|it| it.value.as_str())
            .collect();
        let is_the_sources = |configuration: &str| {
            !configuration.trim().is_empty()
                && secrets.contains(secret_digest(&key, configuration).as_str())
        };
        let mut left = Vec::new();
        let count = rows.len();
        for row in rows {
            if let [name, configuration] = row.as_slice()
                && is_the_sources(configuration)
            {
                left.push(name.clone());
            }
        }
        match left.is_empty() {
            true => holds(format!("none of {count} is the source's")),
            false => fails(format!(
                "{} of {count} are the source's: {}",
                left.len(),
                a_few(&left)
            )),
        }
    }

    pub(super) fn catalogs(&self) -> Seen {
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

    pub(super) fn trace(&self) -> Seen {
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

    pub(super) fn fires(&self) -> Seen {
        let found = self.with_phases(|phases| phases.release_check())?;
        let told = |row: &envclone_core::release::Row| match &row.count {
            Observed::Known(count) => format!("{count} {}", row.title),
            Observed::Unknown { why } => format!("{}: {why}", row.title),
        };
        let of = |standing: Gate| {
            let rows = found
                .rows
                .iter()
                .filter(move |row| row.standing() == standing);
            rows.map(told).collect::<Vec<_>>()
        };
        let (red, unknown) = (of(Gate::Red), of(Gate::Unknown));
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
