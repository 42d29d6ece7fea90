//! What `server.hsconf` must say for an environment, and what it must not.

use super::value::ValueName;
use super::{Parts, Step};
use crate::config_search::Name;
use crate::dialect::catalog_of;
use crate::engine::Role;
use crate::harvest::Kind;
use crate::hsconf::{
    CacheService, Database, DatabaseAt, Forbidden, Guard, Owned, Place, Refusal, SessionDatabase,
    Tablespace, Wanted, names_a_machine, same_host,
};
use crate::settings::{Environment, Server};

/// Oracle's port, unless somebody chose otherwise.
const ORACLE_PORT: u16 = 1521;

/// Collects what is missing, so that a person hears of all of it at once.
struct Finder<'a> {
    parts: &'a Parts<'a>,
    missing: Vec<String>,
}

impl Finder<'_> {
    fn take(&mut self, name: ValueName) -> String {
        name.find(self.parts).unwrap_or_else(|| {
            self.missing.push(name.setting().to_owned());
            String::new()
        })
    }

    fn tablespaces(&mut self, names: &[(Tablespace, ValueName)]) -> Vec<(Tablespace, String)> {
        if !self.parts.settings.target.engine.has_schemas() {
            return Vec::new();
        }
        let one = |(which, name): &(Tablespace, ValueName)| (*which, self.take(*name));
        names.iter().map(one).collect()
    }

    fn place(&mut self, catalog: String) -> Place {
        match &self.parts.settings.target.server {
            Some(server) => place(server, catalog),
            None => {
                self.take(ValueName::DatabaseServer);
                Place::SqlServer {
                    server: String::new(),
                    catalog,
                    authentication: Default::default(),
                }
            }
        }
    }
}

/// Where a database is, in the words of `server.hsconf`.
fn place(server: &Server, catalog: String) -> Place {
    match (&server.alias, &server.service) {
        (Some(name), _) => Place::OracleAlias { name: name.clone() },
        (None, Some(service)) => Place::OracleService {
            host: server.host.clone(),
            port: server.port.unwrap_or(ORACLE_PORT),
            service: service.clone(),
        },
        (None, None) => Place::SqlServer {
            server: with_port(server),
            catalog,
            authentication: Default::default(),
        },
    }
}

/// A SQL Server as its clients on Windows name it: a port follows a comma.
fn with_port(server: &Server) -> String {
    match (&server.instance, server.port) {
        (Some(instance), _) => format!("{}\\{instance}", server.host),
        (None, Some(port)) => format!("{},{port}", server.host),
        (None, None) => server.host.clone(),
    }
}

/// A server as a person types it into the Configuration Tool, and as `server.hsconf` has it.
#[must_use]
pub fn typed(server: &Server) -> String {
    match place(server, String::new()) {
        Place::SqlServer { server, .. } => server,
        Place::OracleService { .. } | Place::OracleAlias { .. } => server.label(),
    }
}

/// What the file must say.
///
/// # Errors
/// The settings that are missing for it.
pub fn wanted(parts: &Parts<'_>) -> Result<Wanted, Vec<String>> {
    let runbook = &parts.settings.runbook;
    let mut find = Finder {
        parts,
        missing: Vec::new(),
    };
    let platform_catalog = find.take(ValueName::PlatformDatabase);
    let log_catalog = find.take(ValueName::LogDatabase);
    let platform = Database {
        place: find.place(platform_catalog),
        admin: find.take(ValueName::PlatformAdmin),
        runtime: find.take(ValueName::PlatformRuntime),
        tablespaces: find.tablespaces(&[
            (Tablespace::Admin, ValueName::AdminTablespace),
            (Tablespace::Index, ValueName::IndexTablespace),
            (Tablespace::Runtime, ValueName::RuntimeTablespace),
        ]),
    };
    let logging = Database {
        place: find.place(log_catalog),
        admin: find.take(ValueName::LogAdmin),
        runtime: find.take(ValueName::LogRuntime),
        tablespaces: find.tablespaces(&[
            (Tablespace::Admin, ValueName::LogTablespace),
            (Tablespace::Index, ValueName::LogIndexTablespace),
            (Tablespace::Runtime, ValueName::LogRuntimeTablespace),
            (Tablespace::Log, ValueName::LogTablespace),
        ]),
    };
    let session = session(&mut find);
    if !find.missing.is_empty() {
        return Err(find.missing);
    }
    Ok(Wanted {
        platform,
        logging,
        session,
        cache: runbook.cache.as_ref().map(|cache| CacheService {
            host: cache.host.clone(),
            port: cache.port,
            user: cache.account.as_ref().map(|account| account.user.clone()),
            virtual_host: cache.virtual_host.clone(),
        }),
        controller: runbook.machines.first().cloned(),
        reenter: Vec::new(),
    })
}

fn session(find: &mut Finder<'_>) -> SessionDatabase {
    let schemas = find.parts.settings.target.engine.has_schemas();
    let user = find.take(ValueName::SessionUser);
    if schemas {
        return SessionDatabase {
            place: find.place(String::new()),
            user,
            tablespace: Some(find.take(ValueName::SessionTablespace)),
        };
    }
    let catalog = find.take(ValueName::SessionCatalog);
    let place = match &find.parts.settings.runbook.session.server {
        Some(server) => Place::SqlServer {
            server: server.clone(),
            catalog,
            authentication: Default::default(),
        },
        None => find.place(catalog),
    };
    SessionDatabase {
        place,
        user,
        tablespace: None,
    }
}

/// What belongs to the source and must not be in the file.
#[must_use]
pub fn guard(parts: &Parts<'_>, new_key: bool) -> Guard {
    let source = &parts.settings.source;
    let server = source.server.as_ref().map(|server| match &server.service {
        Some(_) => server.label(),
        None => with_port(server),
    });
    let owned = |name: &str| match &server {
        Some(server) => Owned::on(server, name),
        None => Owned::anywhere(name),
    };
    let known = &parts.settings.runbook.source;
    let schemas = source.engine.has_schemas();
    let sessions = match schemas {
        true => &known.session_user,
        false => &known.session_catalog,
    };
    // Sessions need not be on the server of the other databases.
    let of_sessions = sessions.as_deref().map(|name| match &known.session_server {
        Some(server) => Owned::on(server, name),
        None => owned(name),
    });
    let all = names(source).into_iter().map(owned).chain(of_sessions);
    let (users, catalogs) = match schemas {
        true => (all.collect(), Vec::new()),
        false => (Vec::new(), all.collect()),
    };
    Guard {
        forbidden: Forbidden {
            hosts: source_machines(parts),
            catalogs,
            users,
        },
        sessions_unknown_on: server.filter(|_| sessions.is_none()),
        new_key,
    }
}

/// The machines that only the source uses.
#[must_use]
pub fn source_machines(parts: &Parts<'_>) -> Vec<String> {
    let identities = parts.inventory.identities.iter();
    let found = identities
        .filter(|it| matches!(it.kind, Kind::FrontEnd | Kind::Address))
        .map(|it| it.value.as_str());
    let known = &parts.settings.runbook.source;
    let told = [&known.controller, &known.cache].into_iter().flatten();
    let told = told
        .flat_map(|text| text.split([',', ';', ' ']))
        .map(str::trim);
    let mut all: Vec<String> = found
        .chain(told)
        .filter(|name| names_a_machine(name))
        .map(str::to_owned)
        .collect();
    let retired = &known.retired;
    let mut seen = std::collections::BTreeSet::new();
    all.retain(|name| {
        let is = |it: &String| it.trim().eq_ignore_ascii_case(name);
        !retired.iter().any(is) && seen.insert(name.to_lowercase())
    });
    all
}

/// What the source calls the machine or address that a text names, if it is one of the source's: of its front-ends, their
/// addresses, those of its deployment zones, its controller and its cache. A host that names whichever machine it is read on
/// is nobody's.
#[must_use]
pub fn source_host(parts: &Parts<'_>, text: &str) -> Option<String> {
    let identities = parts.inventory.identities.iter();
    let zones = identities
        .filter(|it| it.kind == Kind::ZoneAddress)
        .map(|it| it.value.clone());
    let mut all = source_machines(parts).into_iter().chain(zones);
    all.find(|name| same_host(text, name))
}

/// Everything in the settings that names a machine or address of the source where one of the copy's environment belongs. The
/// administrator's password came along with the copy, so that the source's own Service Center would take what is meant for
/// the copy's.
#[must_use]
pub fn of_source(parts: &Parts<'_>) -> Vec<Refusal> {
    let runbook = &parts.settings.runbook;
    let one = |setting: &str, value: &str| {
        let host = source_host(parts, value)?;
        Some(Refusal::OfSource {
            setting: setting.to_owned(),
            value: value.to_owned(),
            host,
        })
    };
    let center = runbook.service_center.iter();
    let center =
        center.filter_map(|it| one("[runbook.service-center] address", it.address.as_str()));
    let names = runbook.host_name.iter();
    let names = names.filter_map(|it| one(ValueName::HostName.setting(), it));
    let machines = runbook.machines.iter();
    let machines = machines.filter_map(|it| one(ValueName::Machines.setting(), it));
    // There can be several, as in the file.
    let caches = runbook.cache.iter();
    let caches = caches.flat_map(|it| it.host.split([',', ';', ' ']));
    let caches = caches.filter_map(|it| one(ValueName::CacheHost.setting(), it.trim()));
    center.chain(names).chain(machines).chain(caches).collect()
}

fn names(environment: &Environment) -> Vec<&str> {
    let databases = environment.databases().into_iter();
    databases.map(|(_, name)| catalog_of(name)).collect()
}

/// What other configuration files must not name: the source's machines, and its databases unless the copy's are called the
/// same.
#[must_use]
pub fn names_of_source(parts: &Parts<'_>) -> Vec<Name> {
    let hosts = source_machines(parts).into_iter().map(Name::Machine);
    let own: Vec<String> = parts
        .target
        .iter()
        .map(|(_, name)| catalog_of(name).to_lowercase())
        .collect();
    let databases = names(&parts.settings.source)
        .into_iter()
        .filter(|name| !own.contains(&name.to_lowercase()))
        .map(|name| Name::Database(name.to_owned()));
    hosts.chain(databases).collect()
}

/// Whether something is the same as something else.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Likeness {
    /// It is.
    Same,
    /// It could be: an alias, or a port against an instance.
    Possible,
    /// It is not.
    Other,
}

/// Whether a database is one of the source's, its sessions among them.
#[must_use]
pub fn leads_to_source(parts: &Parts<'_>, database: &DatabaseAt) -> Likeness {
    let engine = parts.settings.source.engine;
    let forbidden = guard(parts, false).forbidden;
    let owned = forbidden.catalogs.iter().chain(&forbidden.users);
    let named = |name: &str| name.trim().to_lowercase() == database.name.to_lowercase();
    let mut likeness = Likeness::Other;
    for one in owned.filter(|one| named(&one.name)) {
        match &one.server {
            Some(server) if database.is_on(server) => likeness = Likeness::Same,
            Some(server) if !database.could_be_on(server, engine) => {}
            _ if likeness == Likeness::Other => likeness = Likeness::Possible,
            _ => {}
        }
    }
    match is_own(parts, database) {
        true => Likeness::Other,
        false => likeness,
    }
}

/// Whether a database is the environment's own after the refresh: one of the copy's, or its session database.
#[must_use]
pub fn is_own(parts: &Parts<'_>, database: &DatabaseAt) -> bool {
    let target = &parts.settings.target;
    let (server, session) = match target.engine.has_schemas() {
        true => (ValueName::DatabaseServer, ValueName::SessionUser),
        false => (ValueName::SessionServer, ValueName::SessionCatalog),
    };
    let on = |server: Option<String>| server.is_some_and(|server| database.is_on(&server));
    let named = |name: &str| name.to_lowercase() == database.name.to_lowercase();
    let of_copy = parts.target.iter().any(|(_, name)| named(catalog_of(name)))
        && on(ValueName::DatabaseServer.find(parts));
    of_copy || session.find(parts).is_some_and(|name| named(&name)) && on(server.find(parts))
}

impl Parts<'_> {
    /// The role whose database a check of users logs in to.
    #[must_use]
    pub fn log_role(&self) -> Role {
        match self.target.iter().any(|(role, _)| *role == Role::Log) {
            true => Role::Log,
            false => Role::Platform,
        }
    }
}

impl Step {
    /// What the file must say after this step, where it writes one.
    #[must_use]
    pub fn wanted(&self) -> Option<&Wanted> {
        self.deeds.iter().find_map(|deed| match deed {
            super::deed::Deed::Configure { wanted, .. } => Some(&**wanted),
            _ => None,
        })
    }
}
