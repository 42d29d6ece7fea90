//! What the databases say: log-ins, sessions, front-ends, modules, what is left of the source.

use super::*;

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
        let is =
            |word: &&str, machine: &str| same_machine(word, machine) || same_host(word, machine);
        Ok(machines.find(|machine| words.iter().any(|word| is(word, machine))))
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

    pub(super) fn deployed(&self) -> Seen {
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
