//! Oracle over TNS.
//!
//! A schema is named `SCHEMA@SERVER`, where SERVER is a [`Server`]'s label. What other engines keep in databases, Oracle
//! keeps in schemas of one database.

mod fetch;
mod loader;
mod pump;
mod row;
mod server;
mod session;
mod survey;
mod trouble;
mod worker;

pub use loader::{Kind, Loader};
pub use server::{Place, Server};

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::checkup::{Need, Purpose};
use crate::engine::{Copied, Copies, Engine, Facts, Lineage, Seen, no_common_transaction};
use crate::{Access, DbError, Go, Session, Trouble};
use session::{OracleSession, Schema, literal};

/// One environment's database, and which of its schemas belong to the environment.
#[derive(Clone, Debug)]
pub struct Side {
    /// What people call it: `source` or `target`.
    pub name: String,
    /// The database.
    pub server: Server,
    /// The schemas, without the server.
    pub schemas: Vec<String>,
    /// Whether anything may ever be written there.
    pub writable: bool,
}

/// The databases of both environments.
pub struct Oracle {
    sides: Vec<Side>,
    /// The table that a writing session locks in its schema.
    lock: String,
    /// Sessions for questions about schemas, by the side's name: a login takes longer than most questions.
    asking: RefCell<BTreeMap<String, OracleSession>>,
    interrupted: fn() -> bool,
}

/// Which schema, resolved.
struct Found<'a> {
    side: &'a Side,
    schema: &'a str,
}

impl Found<'_> {
    /// The schema for a session that works in it.
    fn entered(&self, name: &str) -> Schema {
        Schema {
            name: name.to_owned(),
            schema: self.schema.to_uppercase(),
        }
    }
}

impl Oracle {
    /// The engine for these environments. `lock` is the table that a writing session locks in its schema, `interrupted` says
    /// whether a person asked to stop.
    #[must_use]
    pub fn new(sides: Vec<Side>, lock: &str, interrupted: fn() -> bool) -> Self {
        Self {
            sides,
            // As the dictionary has it.
            lock: lock.to_uppercase(),
            asking: RefCell::default(),
            interrupted,
        }
    }

    /// The side that a schema belongs to. One that two sides name is the one that may not be written: a target that is the
    /// source must be found out, not written to. One that none names is the target's where the server is, or else of
    /// whichever side has the server: it can be looked at, and is as unwritable as the side.
    fn find<'a>(&'a self, name: &'a str) -> Result<Found<'a>, DbError> {
        let (schema, label) = name
            .rsplit_once('@')
            .ok_or_else(|| DbError::new(Trouble::NotFound, "no server is named").at(name))?;
        let there = |side: &&Side| side.server.label.eq_ignore_ascii_case(label);
        let names_it = |side: &&Side| {
            // As both become what the dictionary has.
            let asked = schema.to_uppercase();
            side.schemas.iter().any(|one| one.to_uppercase() == asked)
        };
        self.sides
            .iter()
            .filter(there)
            .filter(names_it)
            .min_by_key(|side| side.writable)
            .or_else(|| self.sides.iter().filter(there).find(|side| side.writable))
            .or_else(|| self.sides.iter().find(there))
            .map(|side| Found { side, schema })
            .ok_or_else(|| {
                DbError::new(Trouble::NotFound, "no server of this name is set").at(name)
            })
    }

    fn session(
        &self,
        found: &Found<'_>,
        schemas: Vec<Schema>,
        name: &str,
        access: Access,
    ) -> Result<OracleSession, DbError> {
        let server = &found.side.server;
        OracleSession::open(server, schemas, name, access, &self.lock, self.interrupted)
            .map_err(|error| unreached(found.side, error))
    }

    /// Asks about schemas, in the session that the last question left, if it still answers.
    fn ask<T>(
        &self,
        found: &Found<'_>,
        name: &str,
        question: impl FnOnce(&mut OracleSession) -> T,
    ) -> Result<T, DbError> {
        let kept = self.asking.borrow_mut().remove(&found.side.name);
        let alive = kept.and_then(|mut session| {
            let answers = session.number("SELECT 1 FROM dual").is_ok();
            answers.then_some(session)
        });
        let mut session = match alive {
            Some(session) => session.renamed(name),
            None => self.session(found, Vec::new(), name, Access::Read)?,
        };
        let answer = question(&mut session);
        self.asking
            .borrow_mut()
            .insert(found.side.name.clone(), session);
        Ok(answer)
    }

    fn never_written(found: &Found<'_>, name: &str) -> DbError {
        let why = format!("the {} is never written to", found.side.name);
        DbError::new(Trouble::NotPermitted, why).at(name)
    }
}

/// An error of connecting, with the side that it concerns.
fn unreached(side: &Side, mut error: DbError) -> DbError {
    error.message = format!(
        "the {}'s server {}: {}",
        side.name, side.server.label, error.message
    );
    error
}

fn by_data_pump() -> DbError {
    DbError::new(
        Trouble::Other,
        "copies are made by Data Pump here, in statements of the plan",
    )
}

/// Schemas that belong to the database itself: the best known of them, since nobody takes another one for an environment's.
const SYSTEM: [&str; 8] = [
    "SYS", "SYSTEM", "OUTLN", "DBSNMP", "XDB", "AUDSYS", "ORDSYS", "MDSYS",
];

/// Whether a schema is one of the database's own.
fn is_system(schema: &str) -> bool {
    SYSTEM.iter().any(|name| name.eq_ignore_ascii_case(schema))
}

/// The numbers that tell a database, and a container of it, from any other: a database that is copied as a whole gets others.
/// An ordinary login sees them since 12.2; before, only one that may look into the database's own views does.
fn numbers(session: &mut OracleSession) -> Seen<[String; 2]> {
    let mut ask = |sql: &str| {
        let mut found = None;
        session
            .query(sql, &mut |row| {
                found = Some([row.text(0), row.text(1)]);
                Go::Break(())
            })
            .map(|()| found.filter(|[database, _]| !database.is_empty()))
    };
    if let Ok(Some(found)) =
        ask("SELECT SYS_CONTEXT('USERENV', 'DBID'), SYS_CONTEXT('USERENV', 'CON_DBID') FROM dual")
    {
        return Ok(found);
    }
    match ask("SELECT TO_CHAR(d.dbid), TO_CHAR(d.con_dbid) FROM v$database d") {
        Ok(Some(found)) => Ok(found),
        Ok(None) => Err("the database does not say its number (DBID)".to_owned()),
        Err(error) => Err(format!(
            "the login may not see the database's number (SELECT on SYS.V_$DATABASE is missing): {}",
            error.message
        )),
    }
}

/// What is known of a schema without opening it: its database and container with their numbers, its user's number and when
/// that was made. A schema that was dropped and made anew is another one, and so is the same one in a copy of the database.
fn facts(session: &mut OracleSession, name: &str, schema: &str) -> Result<Facts, DbError> {
    let owner = literal(&schema.to_uppercase());
    let mut facts = Facts {
        resolved: name.to_lowercase(),
        ..Facts::default()
    };
    let mut found: Option<[String; 6]> = None;
    session.query(
        &format!(
            "SELECT SYS_CONTEXT('USERENV', 'DB_UNIQUE_NAME'), SYS_CONTEXT('USERENV', 'CON_NAME'), \
             SYS_CONTEXT('USERENV', 'CON_ID'), u.username, u.user_id, TO_CHAR(u.created, 'YYYY-MM-DD HH24:MI:SS') \
             FROM all_users u WHERE u.username = {owner}"
        ),
        &mut |row| {
            found = Some([0, 1, 2, 3, 4, 5].map(|column| row.text(column)));
            Go::Break(())
        },
    )?;
    if let Some([database, container, at, user, number, created]) = found {
        let numbers = numbers(session);
        let name = match container.is_empty() {
            true => database,
            false => format!("{database}/{container}"),
        };
        // Where they are not seen, nothing stands in their place.
        let own = match &numbers {
            Ok([database, container]) => format!("{database}.{container}"),
            Err(_) => "?".to_owned(),
        };
        facts.exists = true;
        facts.resolved = format!("{user}@{name}");
        facts.file = format!("{name}/{own}/{number}/{created}");
        facts.identity = facts.file.clone();
        let of_container = numbers.as_ref().map_or_else(
            |_| "number not seen".to_owned(),
            |[_, number]| format!("number {number}"),
        );
        facts.identifiers = vec![
            (
                DATABASE_NUMBER,
                numbers.clone().map(|[database, _]| database),
            ),
            ("Container", Ok(format!("{name}, id {at}, {of_container}"))),
            (
                "User of the schema",
                Ok(format!("id {number}, made {created}")),
            ),
        ];
    }
    if facts.exists {
        // Without the right to see other schemas' segments the size is not known.
        let size = format!("SELECT NVL(SUM(bytes), 0) FROM dba_segments WHERE owner = {owner}");
        facts.bytes = session.number(&size).unwrap_or(0);
    }
    Ok(facts)
}

/// What a database's own number is called among what is known of a schema.
const DATABASE_NUMBER: &str = "Number of the database (DBID)";

/// Who has a session in the schema or as its user, this program's own apart.
fn users(session: &mut OracleSession, name: &str, schema: &str) -> Result<Option<String>, DbError> {
    let owner = literal(&schema.to_uppercase());
    let mut who = Vec::new();
    let asked = session.query(
        &format!(
            "SELECT DISTINCT s.program, s.machine, s.username FROM v$session s WHERE s.type = 'USER' \
             AND (s.schemaname = {owner} OR s.username = {owner}) \
             AND CASE WHEN s.program = SYS_CONTEXT('USERENV', 'CLIENT_PROGRAM_NAME') \
             AND s.machine = SYS_CONTEXT('USERENV', 'HOST') THEN 1 ELSE 0 END = 0 \
             ORDER BY 1, 2, 3"
        ),
        &mut |row| {
            who.push(format!(
                "`{}` on {} as {}",
                row.text(0),
                row.text(1),
                row.text(2)
            ));
            Go::Continue(())
        },
    );
    match asked {
        Ok(()) => Ok((!who.is_empty()).then(|| who.join(", "))),
        Err(error) if matches!(error.trouble, Trouble::NotFound | Trouble::NotPermitted) => {
            Err(DbError::new(
                Trouble::NotPermitted,
                "the login may not see the sessions of others (SELECT on SYS.V_$SESSION is missing)",
            )
            .at(name))
        }
        Err(error) => Err(error),
    }
}

/// How many looks at a long statement pass between two questions how far it is: a look is a tenth of a second.
const LOOKS_PER_QUESTION: u32 = 20;

/// How long an import may take for its tables to count as made in one go, in hours.
const IMPORT_HOURS: u32 = 72;

/// Imports of Data Pump that are at work, were stopped or broke off: each keeps a table until it has ended. For which schemas
/// they are stands in there alone.
fn unfinished(session: &mut OracleSession) -> Seen<Vec<String>> {
    let mut jobs = Vec::new();
    session
        .query(
            "SELECT j.owner_name || '.' || j.job_name, j.state FROM dba_datapump_jobs j WHERE TRIM(j.operation) = 'IMPORT' \
             ORDER BY 1",
            &mut |row| {
                jobs.push(format!("{} ({})", row.text(0), row.text(1)));
                Go::Continue(())
            },
        )
        .map_err(|error| {
            format!(
                "the login may not see the jobs of Data Pump (SELECT on SYS.DBA_DATAPUMP_JOBS is missing): {}",
                error.message
            )
        })?;
    Ok(jobs)
}

/// Where a schema comes from. Oracle keeps no record of that: an import gives no schema a family, and leaves none of the
/// job. What remains of one is that all tables were made in one go; those of an environment that was worked with were
/// made over years. None where there is no table.
fn lineage(session: &mut OracleSession, schema: &str) -> Option<Lineage> {
    let owner = literal(&schema.to_uppercase());
    let mut made = None;
    let asked = session.query(
        &format!(
            "SELECT COUNT(*), TO_CHAR(MIN(o.created), 'YYYY-MM-DD HH24:MI:SS'), TO_CHAR(MAX(o.created), 'YYYY-MM-DD HH24:MI:SS'), \
             CASE WHEN MAX(o.created) - MIN(o.created) <= {IMPORT_HOURS} / 24 THEN 1 ELSE 0 END FROM all_objects o \
             WHERE o.owner = {owner} AND o.object_type = 'TABLE' AND o.object_name <> 'ENVCLONE_MARK'"
        ),
        &mut |row| {
            let together = row.value(3).integer() == Some(1);
            made = Some((row.value(0).integer().unwrap_or(0), row.text(1), row.text(2), together));
            Go::Break(())
        },
    );
    let restored = match (asked, made) {
        (Err(error), _) => Err(error.message),
        (Ok(()), None | Some((0, ..))) => return None,
        (Ok(()), Some((tables, first, last, true))) => Ok(Some(format!(
            "its {tables} tables were made between {first} and {last}, as an import makes them"
        ))),
        (Ok(()), Some((tables, first, last, false))) => Err(format!(
            "its {tables} tables were made between {first} and {last}: no import takes that long"
        )),
    };
    // Without the database's number it may be the same user's in a copy of the database.
    let own = facts(session, schema, schema)
        .map_err(|error| error.message)
        .and_then(|facts| {
            let mut known = facts.identifiers.iter();
            let number = known.find(|(what, _)| *what == DATABASE_NUMBER);
            match number {
                Some((_, Err(why))) => Err(why.clone()),
                _ => Ok(facts.file),
            }
        });
    Some(Lineage {
        family: Err("Oracle does not record where a schema comes from".to_owned()),
        own,
        restored,
        unfinished: Some(unfinished(session)),
    })
}

impl Engine for Oracle {
    fn open(&self, name: &str, access: Access) -> Result<Box<dyn Session>, DbError> {
        let found = self.find(name)?;
        if access == Access::Write && !found.side.writable {
            return Err(Self::never_written(&found, name));
        }
        let schemas = vec![found.entered(name)];
        Ok(Box::new(self.session(&found, schemas, name, access)?))
    }

    fn open_together(&self, names: &[&str]) -> Result<Box<dyn Session>, DbError> {
        let mut schemas = Vec::new();
        let mut first: Option<Found<'_>> = None;
        for name in names {
            let found = self.find(name)?;
            if !found.side.writable {
                return Err(Self::never_written(&found, name));
            }
            schemas.push(found.entered(name));
            let side = found.side.name.as_str();
            if first.get_or_insert(found).side.name != side {
                return Err(no_common_transaction(names));
            }
        }
        match (first, names) {
            (Some(found), [name, ..]) => Ok(Box::new(self.session(
                &found,
                schemas,
                name,
                Access::Write,
            )?)),
            _ => Err(no_common_transaction(names)),
        }
    }

    fn look(&self, name: &str) -> Result<Facts, DbError> {
        let found = self.find(name)?;
        if is_system(found.schema) {
            let why = format!(
                "the {} names {}, which belongs to the database itself",
                found.side.name, found.schema
            );
            return Err(DbError::new(Trouble::Unsuitable, why).at(name));
        }
        self.ask(&found, name, |session| facts(session, name, found.schema))?
    }

    fn in_use(&self, name: &str) -> Result<Option<String>, DbError> {
        let found = self.find(name)?;
        self.ask(&found, name, |session| users(session, name, found.schema))?
    }

    fn lineage(&self, name: &str) -> Result<Option<Lineage>, DbError> {
        let found = self.find(name)?;
        self.ask(&found, name, |session| lineage(session, found.schema))
    }

    fn checkup(&self, name: &str, purpose: Purpose) -> Vec<Need> {
        let found = match self.find(name) {
            Ok(found) => found,
            Err(error) => return vec![survey::unreachable(&error)],
        };
        self.ask(&found, name, |session| {
            survey::all(session, found.schema, purpose)
        })
        .unwrap_or_else(|error| vec![survey::unreachable(&error)])
    }

    fn server(&self, name: &str) -> Result<Box<dyn Session>, DbError> {
        let found = self.find(name)?;
        Ok(Box::new(self.session(
            &found,
            Vec::new(),
            name,
            Access::Read,
        )?))
    }

    fn work(
        &self,
        name: &str,
        sql: &str,
        progress: &mut dyn FnMut(Copied) -> Go,
    ) -> Result<(), DbError> {
        let found = self.find(name)?;
        // An export writes files and its own job's table, and nothing that anybody had before.
        if !found.side.writable && !pump::only_an_export(sql) {
            return Err(Self::never_written(&found, name));
        }
        let user = &found.side.server.user;
        let own = |schema: &&String| schema.eq_ignore_ascii_case(user);
        if !found.side.writable && found.side.schemas.iter().any(|schema| own(&schema)) {
            let why = format!(
                "the {} is never written to, and a job of {user} would keep a table in the schema {user}: log in there as a user \
                 that is none of its schemas",
                found.side.name
            );
            return Err(DbError::new(Trouble::NotPermitted, why).at(name));
        }
        // It may be silent for as long as it takes.
        let server = Server {
            command: None,
            ..found.side.server.clone()
        };
        let mut session = OracleSession::open(
            &server,
            Vec::new(),
            name,
            Access::Read,
            &self.lock,
            self.interrupted,
        )
        .map_err(|error| unreached(found.side, error))?;
        let mut watcher = pump::job_of(sql)
            .and_then(|_| self.session(&found, Vec::new(), name, Access::Read).ok());
        let mut looks = 0_u32;
        let mut last = Copied {
            done: 0,
            of: 0,
            left: None,
        };
        session.work(sql, &mut || {
            looks += 1;
            if looks.is_multiple_of(LOOKS_PER_QUESTION)
                && let (Some(session), Some(job)) = (&mut watcher, pump::job_of(sql))
            {
                match pump::how_far(session, job) {
                    Some(copied) => last = copied,
                    // One that has no answer is asked no more.
                    None if !session.is_usable() => watcher = None,
                    None => {}
                }
            }
            progress(last)
        })
    }

    fn snapshot(&self, names: &[String]) -> Result<Box<dyn Copies>, DbError> {
        Err(by_data_pump().at(names.first().map_or("", String::as_str)))
    }

    fn partial_name(&self, name: &str) -> String {
        name.to_owned()
    }

    fn publish(&self, _partial: &str, name: &str) -> Result<(), DbError> {
        Err(by_data_pump().at(name))
    }

    fn discard(&self, _partial: &str) {}
}
