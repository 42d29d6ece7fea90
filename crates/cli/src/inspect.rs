//! Looks at environments: what they are made of, and what proves which is which.

use std::collections::{BTreeMap, BTreeSet};

use envclone_core::dialect::{Dialect, MARKS};
use envclone_core::encoding::Encoding;
use envclone_core::engine::Role;
use envclone_core::evidence::{
    Collation, Contents, DatabaseEvidence, Evidence, Identifier, Lineage, Observed,
};
use envclone_core::filter::{Filter, Test};
use envclone_core::harvest::{self, Identity};
use envclone_core::inventory::{
    self, Catalog, DataFile, Database, Directory, Entity, Factory, ForeignKey, Holds, Inventory,
    Server, Table,
};
use envclone_core::scan::secret_digest;
use envclone_core::settings::Environment;
use envclone_db::Access;
use envclone_db::{DbError, Engine, Go, Seen, Session, Trouble};
use jiff::Timestamp;
use jiff::civil::DateTime;

mod links;
mod users;

pub use users::{hexadecimal, sight};

/// What it takes to look.
#[derive(Clone, Copy)]
pub struct Eyes<'a> {
    /// The engine.
    pub engine: &'a dyn Engine,
    /// Its spelling.
    pub dialect: &'a dyn Dialect,
    /// The key of the digests by which secrets are compared.
    pub key: &'a [u8; 32],
}

/// A query's rows as texts; NULL is empty.
pub(crate) fn rows(session: &mut dyn Session, sql: &str) -> Result<Vec<Vec<String>>, DbError> {
    let mut rows = Vec::new();
    session.query(sql, &mut |row| {
        rows.push((0..row.len()).map(|column| row.text(column)).collect());
        Go::Continue(())
    })?;
    Ok(rows)
}

/// Takes the inventory of an environment.
///
/// # Errors
/// [`DbError`] as the engine reports it.
pub fn inventory(eyes: Eyes<'_>, environment: &Environment) -> Result<Inventory, DbError> {
    let mut databases = Vec::new();
    let mut sessions = Vec::new();
    for (role, name) in environment.databases() {
        let mut session = eyes.engine.open(name, Access::Read)?;
        let facts = eyes.engine.look(name)?;
        let tables = tables(session.as_mut(), eyes.dialect)?;
        let users = users::read(session.as_mut(), eyes.dialect)?;
        sessions.push(users.sessions);
        databases.push(Database {
            role,
            file: facts.file,
            identity: facts.identity,
            locator: name.to_owned(),
            bytes: facts.bytes,
            files: files(session.as_mut(), eyes.dialect)?,
            recovery_model: recovery_model(session.as_mut(), eyes.dialect)?,
            links: links::read(session.as_mut(), eyes.dialect),
            principals: users.principals,
            tables,
        });
    }
    let mut session = eyes.engine.open(&environment.platform, Access::Read)?;
    let platform = databases
        .first()
        .map(|database| database.tables.as_slice())
        .unwrap_or_default();
    let mut look = Look {
        session: session.as_mut(),
        dialect: eyes.dialect,
        tables: platform,
    };
    let catalogs = look.catalogs()?;
    let entities = look.entities(environment, &databases)?;
    let factory = look.factory(&entities)?;
    let external = look.external_entities()?;
    let identities = look.identities(eyes.key)?;
    let platform_version = look.version()?;
    let (in_catalogs, front_ends) = (look.catalog_users()?, look.front_ends()?);
    // The platform database stands first.
    if let Some(platform) = databases.first_mut() {
        platform.links.extend(external);
    }
    for (database, sessions) in databases.iter_mut().zip(sessions) {
        let from_front_end = |(_, host): &(String, String)| {
            let host = host.trim().to_lowercase();
            front_ends.iter().any(|one| one.to_lowercase() == host)
        };
        let in_sessions: Vec<String> = sessions
            .into_iter()
            .filter(from_front_end)
            .map(|(user, _)| user)
            .collect();
        if let Some(Observed::Known(users)) = &mut database.principals {
            users.recognize(&in_catalogs, &in_sessions);
        }
    }
    Ok(Inventory {
        format: inventory::FORMAT,
        digest: String::new(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        engine: eyes.dialect.engine(),
        taken_at: Timestamp::now().to_string(),
        platform_version,
        server: server(eyes.engine, eyes.dialect, &environment.platform)?,
        databases,
        entities,
        catalogs,
        factory,
        key_check: key_check(eyes.key),
        identities,
    }
    .sealed())
}

/// The server behind a database; none where there is none.
///
/// # Errors
/// [`DbError`] as the engine reports it.
pub fn server(
    engine: &dyn Engine,
    dialect: &dyn Dialect,
    name: &str,
) -> Result<Option<Server>, DbError> {
    let queries = dialect.inspection();
    let Some(query) = &queries.server else {
        return Ok(None);
    };
    let mut session = engine.server(name)?;
    let mut server = None;
    session.query(query, &mut |row| {
        let given = |column| Some(row.text(column)).filter(|text| !text.is_empty());
        server = Some(Server {
            name: row.text(0),
            version: row.text(1),
            edition: row.text(2),
            compresses: row.value(3).integer() == Some(1),
            data_folder: given(4),
            log_folder: given(5),
            backup_folder: given(6),
            settings: None,
            directories: None,
        });
        Go::Continue(())
    })?;
    let settings = queries.settings.map(|sql| pairs(session.as_mut(), &sql));
    let directories = queries.directories.map(|sql| pairs(session.as_mut(), &sql));
    Ok(server.map(|server| Server {
        settings: settings.map(|found| observed(found.map(BTreeMap::from_iter))),
        directories: directories.map(|found| {
            let directory = |(name, path)| Directory { name, path };
            observed(found.map(|all| all.into_iter().map(directory).collect()))
        }),
        ..server
    }))
}

/// Rows of two texts, or why they can't be seen.
fn pairs(session: &mut dyn Session, sql: &str) -> Seen<Vec<(String, String)>> {
    let all = rows(session, sql).map_err(|error| error.message)?;
    let pair = |row: Vec<String>| Some(<[String; 2]>::try_from(row).ok()?.into());
    Ok(all.into_iter().filter_map(pair).collect())
}

/// How a server writes texts down, on engines where a copy may be written down otherwise.
#[must_use]
pub fn encoding(dialect: &dyn Dialect, server: &Server) -> Option<Observed<Encoding>> {
    match server.settings.as_ref()? {
        Observed::Unknown { why } => Some(unseen(why)),
        Observed::Known(settings) => Some(dialect.encoding(settings).map_or_else(
            || unseen("the database does not say its character set"),
            Observed::Known,
        )),
    }
}

/// The files that a database consists of.
fn files(session: &mut dyn Session, dialect: &dyn Dialect) -> Result<Vec<DataFile>, DbError> {
    let mut files = Vec::new();
    let Some(query) = dialect.inspection().files else {
        return Ok(files);
    };
    session.query(&query, &mut |row| {
        files.push(DataFile {
            name: row.text(0),
            holds: match row.text(1).as_str() {
                "rows" => Holds::Rows,
                "log" => Holds::Log,
                _ => Holds::Other,
            },
            path: row.text(2),
            bytes: row
                .value(3)
                .integer()
                .and_then(|bytes| bytes.try_into().ok())
                .unwrap_or(0),
        });
        Go::Continue(())
    })?;
    Ok(files)
}

/// What a database keeps of its changes.
fn recovery_model(
    session: &mut dyn Session,
    dialect: &dyn Dialect,
) -> Result<Option<String>, DbError> {
    match dialect.inspection().recovery_model {
        Some(query) => Ok(session.texts(&query)?.into_iter().next()),
        None => Ok(None),
    }
}

/// What an inventory says of the key that its secrets were digested with.
#[must_use]
pub fn key_check(key: &[u8; 32]) -> String {
    secret_digest(key, "envclone")
}

/// The tables of a database, without the table of marks.
///
/// # Errors
/// [`DbError`] as the engine reports it.
pub fn tables(session: &mut dyn Session, dialect: &dyn Dialect) -> Result<Vec<Table>, DbError> {
    let queries = dialect.inspection();
    let mut tables: Vec<Table> = Vec::new();
    session.query(&queries.columns, &mut |row| {
        let (name, column) = (row.text(0), row.text(1));
        match tables.last_mut().filter(|table| table.name == name) {
            Some(table) => table.columns.push(column),
            None => tables.push(Table {
                name,
                columns: vec![column],
                foreign_keys: Vec::new(),
            }),
        }
        Go::Continue(())
    })?;
    tables.retain(|table| !table.name.eq_ignore_ascii_case(MARKS));
    let mut keys: BTreeMap<String, Vec<ForeignKey>> = BTreeMap::new();
    session.query(&queries.foreign_keys, &mut |row| {
        let key = ForeignKey {
            column: row.text(1),
            table: row.text(2),
            to: row.text(3),
            name: row.text(4),
            schema: row.text(5),
        };
        keys.entry(row.text(0)).or_default().push(key);
        Go::Continue(())
    })?;
    for table in &mut tables {
        table.foreign_keys = keys.remove(&table.name).unwrap_or_default();
    }
    Ok(tables)
}

/// A look into a platform database.
struct Look<'a> {
    session: &'a mut dyn Session,
    dialect: &'a dyn Dialect,
    tables: &'a [Table],
}

impl Look<'_> {
    fn table(&self, name: &str) -> Option<&Table> {
        self.tables
            .iter()
            .find(|table| table.name.eq_ignore_ascii_case(name))
    }

    /// Columns of some rows; nothing where the table or one of the columns is missing.
    fn select(
        &mut self,
        table: &str,
        columns: &[&str],
        filter: &Filter,
    ) -> Result<Vec<Vec<String>>, DbError> {
        let known = self.table(table).is_some_and(|table| {
            columns
                .iter()
                .copied()
                .chain(filter.columns())
                .all(|column| table.column(column).is_some())
        });
        if !known {
            return Ok(Vec::new());
        }
        rows(self.session, &self.dialect.select(table, columns, filter))
    }

    fn count(&mut self, table: &str, filter: &Filter) -> Result<u64, DbError> {
        if self.table(table).is_none() {
            return Ok(0);
        }
        self.session.number(&self.dialect.count(table, filter))
    }

    fn version(&mut self) -> Result<Option<String>, DbError> {
        let named = Filter::column("NAME", Test::Is("Version".to_owned()));
        Ok(self
            .select("ossys_parameter", &["VAL"], &named)?
            .into_iter()
            .flatten()
            .next())
    }

    fn catalogs(&mut self) -> Result<Vec<Catalog>, DbError> {
        let extra = Filter::column("NAME", Test::Not("(Main)".to_owned()));
        let rows = self.select("ossys_dbcatalog", &["Logical_Name", "NAME"], &extra)?;
        let catalog = |row: Vec<String>| {
            let [logical, name] = <[String; 2]>::try_from(row).ok()?;
            Some(Catalog { logical, name })
        };
        Ok(rows.into_iter().filter_map(catalog).collect())
    }

    /// Whom the platform opens its catalogs as.
    fn catalog_users(&mut self) -> Result<Vec<String>, DbError> {
        let mut users = Vec::new();
        for column in ["USERNAME", "OwnerUsername"] {
            let named = Filter::column(column, Test::Empty(false));
            users.extend(
                self.select("ossys_dbcatalog", &[column], &named)?
                    .into_iter()
                    .flatten(),
            );
        }
        Ok(users)
    }

    fn front_ends(&mut self) -> Result<Vec<String>, DbError> {
        let named = Filter::column("NAME", Test::Empty(false));
        Ok(self
            .select("ossys_server", &["NAME"], &named)?
            .into_iter()
            .flatten()
            .collect())
    }

    /// Active entities of active modules, each with the database that its module was deployed to. What is not deployed to a
    /// catalog is in the platform's database, or in the schema of the application tables where there is one.
    fn entities(
        &mut self,
        environment: &Environment,
        databases: &[Database],
    ) -> Result<Vec<Entity>, DbError> {
        let applications: BTreeSet<String> = databases
            .iter()
            .filter(|database| database.role == Role::Runtime)
            .flat_map(|database| &database.tables)
            .map(|table| table.name.to_uppercase())
            .collect();
        let active = || Filter::column("IS_ACTIVE", Test::IsNumber(1));
        let catalogs: BTreeMap<String, String> = self
            .select(
                "ossys_dbcatalog",
                &["ID", "NAME"],
                &Filter::column("NAME", Test::Not("(Main)".to_owned())),
            )?
            .into_iter()
            .filter_map(|row| <[String; 2]>::try_from(row).ok())
            .map(|[id, name]| (id, name))
            .collect();
        let modules: BTreeMap<String, (String, bool, Role)> = self
            .select(
                "ossys_espace",
                &["ID", "NAME", "IS_USER_PROVIDER", "DBCatalog_Id"],
                &active(),
            )?
            .into_iter()
            .filter_map(|row| <[String; 4]>::try_from(row).ok())
            .map(|[id, name, provider, catalog]| {
                let apart = catalogs
                    .get(&catalog)
                    .filter(|name| environment.catalogs.contains_key(*name));
                let role = apart.map_or(Role::Platform, |name| Role::Catalog(name.clone()));
                (id, (name, provider == "1", role))
            })
            .collect();
        let columns = ["SS_KEY", "NAME", "PHYSICAL_TABLE_NAME", "ESPACE_ID"];
        let entities = self.select("ossys_entity", &columns, &active())?;
        Ok(entities
            .into_iter()
            .filter_map(|row| {
                let [key, name, table, module] = <[String; 4]>::try_from(row).ok()?;
                let (module, user_provider, mut database) = modules.get(&module)?.clone();
                if database == Role::Platform && applications.contains(&table.to_uppercase()) {
                    database = Role::Runtime;
                }
                Some(Entity {
                    key,
                    name,
                    table,
                    module,
                    user_provider,
                    database,
                })
            })
            .collect())
    }

    fn factory(&mut self, entities: &[Entity]) -> Result<Factory, DbError> {
        let active = Filter::column("IS_ACTIVE", Test::IsNumber(1));
        let watched = self.count("ossys_platformsvcs_observer", &Filter::default())?;
        Ok(Factory {
            modules: self.count("ossys_espace", &active)?,
            entities: entities.len() as u64,
            front_ends: self.count("ossys_server", &Filter::default())?,
            users: self.count("ossys_user", &Filter::default())?,
            runs_lifetime: entities
                .iter()
                .any(|entity| entity.key == "3312b1cd-b12e-4a29-bcdc-51edcdd86ef1"),
            managed_by_lifetime: watched > 0,
        })
    }

    /// What gives the environment away. A secret leaves here as a digest only.
    fn identities(&mut self, key: &[u8; 32]) -> Result<Vec<Identity>, DbError> {
        let mut found = BTreeSet::new();
        for place in harvest::places() {
            let found_in = format!("{}.{}", place.table, place.column);
            for cell in self
                .select(place.table, &[place.column], &place.filter)?
                .into_iter()
                .flatten()
            {
                for value in harvest::values(&cell, place.take) {
                    let secret = place.kind.is_secret();
                    let length = secret.then_some(value.len());
                    let value = if secret {
                        secret_digest(key, &value)
                    } else {
                        value
                    };
                    found.insert(Identity {
                        kind: place.kind,
                        value,
                        length,
                        found_in: found_in.clone(),
                    });
                }
            }
        }
        // The same host at many places is one identity, told by the first place.
        let mut seen = BTreeSet::new();
        Ok(found
            .into_iter()
            .filter(|identity| {
                seen.insert((identity.kind.is_secret(), identity.value.to_lowercase()))
            })
            .collect())
    }
}

/// Collects what proves which database is which.
///
/// # Errors
/// [`DbError`] where a look is denied, or what is there is no database.
pub fn evidence(
    eyes: Eyes<'_>,
    source: &Environment,
    target: &Environment,
) -> Result<Evidence, DbError> {
    let source = side(eyes, source)?;
    let mut target = side(eyes, target)?;
    for database in target.iter_mut().filter(|database| database.exists) {
        // Finding out takes a lock for a moment, which the source must never see.
        if !source.iter().any(|other| other.file == database.file) {
            database.in_use = match eyes.engine.in_use(&database.locator) {
                Ok(who) => Observed::Known(who),
                Err(error) if error.trouble == Trouble::NotPermitted => unseen(&error.message),
                Err(error) => return Err(error),
            };
        }
    }
    Ok(Evidence { source, target })
}

fn side(eyes: Eyes<'_>, environment: &Environment) -> Result<Vec<DatabaseEvidence>, DbError> {
    let server = server(eyes.engine, eyes.dialect, &environment.platform)?;
    let encoding = server
        .as_ref()
        .and_then(|server| encoding(eyes.dialect, server));
    let server = server.map(|server| server.name);
    environment
        .databases()
        .into_iter()
        .map(|(role, name)| {
            Ok(DatabaseEvidence {
                server: server.clone(),
                encoding: encoding.clone(),
                ..database(eyes, role, name)?
            })
        })
        .collect()
}

fn database(eyes: Eyes<'_>, role: Role, name: &str) -> Result<DatabaseEvidence, DbError> {
    let facts = eyes.engine.look(name)?;
    let mut evidence = DatabaseEvidence {
        role,
        locator: name.to_owned(),
        resolved: facts.resolved,
        exists: facts.exists,
        file: facts.file,
        identity: facts.identity,
        has: Contents::default(),
        platform_version: unseen("there is no platform database"),
        newest_log: Observed::Known(None),
        log_age_seconds: unseen("there are no log tables"),
        in_use: unseen("nobody looked"),
        lineage: None,
        collation: facts
            .collation
            .map(|(name, ignores_case)| Collation { name, ignores_case }),
        encoding: None,
        byte_columns: None,
        identifiers: facts
            .identifiers
            .into_iter()
            .map(|(what, value)| Identifier {
                what: what.to_owned(),
                value: observed(value),
            })
            .collect(),
        logins: None,
        server: None,
        marks: Vec::new(),
        catalogs: Vec::new(),
        modules: Vec::new(),
    };
    if !evidence.exists {
        return Ok(evidence);
    }
    evidence.lineage = eyes.engine.lineage(name)?.map(|lineage| Lineage {
        family: observed(lineage.family),
        own: observed(lineage.own),
        restored: observed(lineage.restored),
        unfinished: lineage.unfinished.map(observed),
    });
    let mut session = eyes.engine.open(name, Access::Read)?;
    let tables = tables(session.as_mut(), eyes.dialect)?;
    evidence.logins = users::logins(session.as_mut(), eyes.dialect)?;
    evidence.byte_columns = eyes.dialect.inspection().byte_columns.map(|sql| {
        let columns = session.number(&sql);
        observed(columns.map_err(|error| error.message))
    });
    let mut look = Look {
        session: session.as_mut(),
        dialect: eyes.dialect,
        tables: &tables,
    };
    evidence.has = Contents {
        platform: look.table("ossys_espace").is_some() && look.table("ossys_parameter").is_some(),
        logs: tables.iter().any(|table| is_log(&table.name)),
        tables: !tables.is_empty(),
    };
    if evidence.has.platform {
        evidence.platform_version = look.version()?.map_or_else(
            || unseen("`ossys_parameter` has no `Version`"),
            Observed::Known,
        );
        let modules = look.select("ossys_espace", &["ID", "SS_KEY"], &Filter::default())?;
        evidence.modules = modules.into_iter().map(|row| row.join(":")).collect();
        evidence.catalogs = look
            .catalogs()?
            .into_iter()
            .map(|catalog| catalog.name)
            .collect();
    }
    heartbeat(&mut look, &mut evidence)?;
    evidence.marks = marks(session.as_mut(), eyes.dialect, &evidence.file)?;
    Ok(evidence)
}

fn unseen<T>(why: &str) -> Observed<T> {
    Observed::Unknown {
        why: why.to_owned(),
    }
}

fn observed<T>(seen: Seen<T>) -> Observed<T> {
    seen.map_or_else(|why| Observed::Unknown { why }, Observed::Known)
}

fn is_log(table: &str) -> bool {
    table
        .get(..6)
        .is_some_and(|head| head.eq_ignore_ascii_case("oslog_"))
}

/// How many log tables are asked in one statement: each is a trip to the server, and engines limit what one may hold.
const TOGETHER: usize = 100;

/// The newest log row, against the database's own clock.
fn heartbeat(look: &mut Look<'_>, evidence: &mut DatabaseEvidence) -> Result<(), DbError> {
    let logs: Vec<_> = look
        .tables
        .iter()
        .filter(|table| is_log(&table.name))
        .filter_map(|table| Some((table.name.as_str(), table.column("Instant")?)))
        .collect();
    if logs.is_empty() {
        return Ok(());
    }
    let mut newest: Option<String> = None;
    for some in logs.chunks(TOGETHER) {
        newest = newest.max(
            look.session
                .texts(&look.dialect.newest(some))?
                .into_iter()
                .next(),
        );
    }
    let now = look
        .session
        .texts(&look.dialect.now())?
        .into_iter()
        .next()
        .unwrap_or_default();
    let date = |text: &str| text.replace(' ', "T").parse::<DateTime>();
    let Some(text) = &newest else {
        evidence.log_age_seconds = Observed::Known(None);
        return Ok(());
    };
    match (date(&now), date(text)) {
        (Ok(now), Ok(at)) => {
            evidence.log_age_seconds = Observed::Known(Some(now.duration_since(at).as_secs()));
            evidence.newest_log = Observed::Known(newest);
        }
        _ => {
            let why = format!("the newest log row has `{text}` for a date");
            evidence.log_age_seconds = unseen(&why);
            evidence.newest_log = unseen(&why);
        }
    }
    Ok(())
}

/// What vouches for a database: only marks that are bound to this very file count.
fn marks(
    session: &mut dyn Session,
    dialect: &dyn Dialect,
    file: &str,
) -> Result<Vec<String>, DbError> {
    let all = match rows(session, &dialect.select_marks()) {
        Ok(rows) => rows,
        // A database that envclone never wrote to has no such table.
        Err(_) => return Ok(Vec::new()),
    };
    let valid = |row: Vec<String>| {
        let [kind, _, _, group, proof, _] = <[String; 6]>::try_from(row).ok()?;
        (proof == file).then_some(match kind.as_str() {
            "clone" => format!("clone-of {group}"),
            _ => kind,
        })
    };
    Ok(all.into_iter().filter_map(valid).collect())
}
