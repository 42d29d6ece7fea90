//! SQL Server over TDS.
//!
//! A database is named `CATALOG@SERVER`, where SERVER is a [`Server`]'s label.

mod loader;
mod row;
mod server;
mod session;
mod survey;
mod trouble;

pub use loader::{Kind, Loader};
pub use server::{Encryption, Login, Place, Server, Trust};

use std::cell::RefCell;
use std::collections::BTreeMap;

use crate::checkup::{Need, Purpose};
use crate::engine::{Copied, Copies, Engine, Facts, Lineage};
use crate::{Access, DbError, Go, Session, Trouble};
use session::TdsSession;

/// One environment's server, and which of its databases belong to the environment.
#[derive(Clone, Debug)]
pub struct Side {
    /// What people call it: `source` or `target`.
    pub name: String,
    /// The server.
    pub server: Server,
    /// The catalogs, without the server.
    pub catalogs: Vec<String>,
    /// Whether anything may ever be written there.
    pub writable: bool,
}

/// The servers of both environments.
pub struct SqlServer {
    sides: Vec<Side>,
    /// Sessions with the servers themselves, by the side's name: a login takes longer than most questions.
    masters: RefCell<BTreeMap<String, TdsSession>>,
    interrupted: fn() -> bool,
}

/// Which database, resolved.
struct Found<'a> {
    side: &'a Side,
    catalog: &'a str,
}

impl SqlServer {
    /// The engine for these environments. `interrupted` says whether a person asked to stop.
    #[must_use]
    pub fn new(sides: Vec<Side>, interrupted: fn() -> bool) -> Self {
        Self {
            sides,
            masters: RefCell::default(),
            interrupted,
        }
    }

    /// The side that a database belongs to. One that two sides name is the one that may not be written: a target that
    /// is the source must be found out, not written to. One that none names is the target's where the server is, or else
    /// of whichever side has the server: it can be looked at, and is as unwritable as the side.
    fn find<'a>(&'a self, name: &'a str) -> Result<Found<'a>, DbError> {
        let (catalog, label) = name
            .rsplit_once('@')
            .ok_or_else(|| DbError::new(Trouble::NotFound, "no server is named").at(name))?;
        let there = |side: &&Side| side.server.label.eq_ignore_ascii_case(label);
        let names_it = |side: &&Side| {
            side.catalogs
                .iter()
                .any(|one| one.eq_ignore_ascii_case(catalog))
        };
        self.sides
            .iter()
            .filter(there)
            .find(names_it)
            .or_else(|| self.sides.iter().filter(there).find(|side| side.writable))
            .or_else(|| self.sides.iter().find(there))
            .map(|side| Found { side, catalog })
            .ok_or_else(|| {
                DbError::new(Trouble::NotFound, "no server of this name is set").at(name)
            })
    }

    /// Asks the server itself, in `master`, in the session that the last question left, if it still answers.
    fn ask<T>(
        &self,
        found: &Found<'_>,
        name: &str,
        question: impl FnOnce(&mut TdsSession) -> T,
    ) -> Result<T, DbError> {
        let kept = self.masters.borrow_mut().remove(&found.side.name);
        let alive =
            kept.and_then(|mut session| session.number("SELECT 1").is_ok().then_some(session));
        let mut session = match alive {
            Some(session) => session.renamed(name),
            None => self.session(found, "master", name, Access::Read)?,
        };
        let answer = question(&mut session);
        self.masters
            .borrow_mut()
            .insert(found.side.name.clone(), session);
        Ok(answer)
    }

    fn session(
        &self,
        found: &Found<'_>,
        catalog: &str,
        name: &str,
        access: Access,
    ) -> Result<TdsSession, DbError> {
        let server = &found.side.server;
        TdsSession::open(server, catalog, name, access, self.interrupted)
            .map_err(|error| unreached(found.side, error))
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

/// Whether a batch is one BACKUP and nothing else. T-SQL parts statements by nothing at all, so that all words outside of
/// names and texts have to be known.
fn only_a_backup(sql: &str) -> bool {
    const WORDS: [&str; 14] = [
        "BACKUP",
        "DATABASE",
        "LOG",
        "TO",
        "DISK",
        "URL",
        "N",
        "WITH",
        "COPY_ONLY",
        "FORMAT",
        "CHECKSUM",
        "COMPRESSION",
        "STATS",
        "NAME",
    ];
    let mut outside = String::new();
    let mut quote = None;
    let mut rest = sql.chars().peekable();
    while let Some(c) = rest.next() {
        match (quote, c) {
            (None, '\'') => quote = Some('\''),
            (None, '[') => quote = Some(']'),
            (None, c) => outside.push(c),
            // Twice, it is one of the name or text.
            (Some(end), c) if c == end && rest.next_if_eq(&end).is_none() => quote = None,
            (Some(_), _) => {}
        }
    }
    let marks = |c: char| c.is_whitespace() || c == ',' || c == '=';
    let known = |word: &str| WORDS.contains(&word) || word.parse::<u32>().is_ok();
    let mut words = outside.split(marks).filter(|word| !word.is_empty());
    quote.is_none()
        && outside.trim_start().starts_with("BACKUP ")
        && words.all(known)
        && outside.matches("BACKUP").count() == 1
        && outside.contains("COPY_ONLY")
}

fn by_backup() -> DbError {
    DbError::new(
        Trouble::Other,
        "copies are made by BACKUP and RESTORE here, which are statements of the plan",
    )
}

/// What is known of a database without opening it.
fn facts(session: &mut TdsSession, name: &str, catalog: &str) -> Result<Facts, DbError> {
    let catalog = literal(catalog);
    let mut facts = Facts {
        resolved: name.to_lowercase(),
        ..Facts::default()
    };
    session.query(
        &format!(
            "SELECT CAST(SERVERPROPERTY('ServerName') AS nvarchar(256)), d.name, d.database_id, \
                 CONVERT(varchar(23), d.create_date, 126), d.collation_name \
                 FROM sys.databases d WHERE d.name = {catalog}"
        ),
        &mut |row| {
            facts.exists = true;
            facts.resolved = format!("{}@{}", row.text(1), row.text(0));
            facts.file = format!("{}/{}/{}", row.text(0), row.text(2), row.text(3));
            facts.identity = facts.file.clone();
            let collation = row.text(4);
            facts.collation = Some((collation.clone(), ignores_case(&collation)));
            Go::Break(())
        },
    )?;
    if facts.exists {
        // Without VIEW ANY DEFINITION the files of other databases are not shown: then the size is not known.
        let size = format!(
            "SELECT SUM(CAST(size AS bigint)) * 8192 FROM sys.master_files WHERE database_id = DB_ID({catalog})"
        );
        facts.bytes = session.number(&size).unwrap_or(0);
    }
    Ok(facts)
}

/// Who has a session in the database, this program's own apart.
fn users(session: &mut TdsSession, name: &str, catalog: &str) -> Result<Option<String>, DbError> {
    let may = session.number(
        "SELECT CASE WHEN HAS_PERMS_BY_NAME(NULL, NULL, 'VIEW SERVER STATE') = 1 THEN 1 ELSE 0 END",
    )?;
    if may == 0 {
        return Err(DbError::new(
            Trouble::NotPermitted,
            "the login may not see the sessions of others (VIEW SERVER STATE is missing)",
        )
        .at(name));
    }
    let mut who = Vec::new();
    session.query(
            &format!(
                "SELECT DISTINCT s.host_name, s.program_name, s.login_name FROM sys.dm_exec_sessions s \
                 WHERE s.database_id = DB_ID({}) AND s.session_id <> @@SPID \
                 AND NOT (s.program_name = APP_NAME() AND s.host_name = HOST_NAME()) ORDER BY 1, 2, 3",
                literal(catalog)
            ),
            &mut |row| {
                who.push(format!(
                    "`{}` on {} as {}",
                    row.text(1).trim(),
                    row.text(0).trim(),
                    row.text(2).trim()
                ));
                Go::Continue(())
            },
        )?;
    Ok((!who.is_empty()).then(|| who.join(", ")))
}

/// What the server recorded of where a database comes from.
fn lineage(session: &mut TdsSession, catalog: &str) -> Lineage {
    let catalog = literal(catalog);
    let ids = first(
        session,
        &format!(
            "SELECT CAST(family_guid AS nvarchar(36)), CAST(database_guid AS nvarchar(36)) \
                 FROM sys.database_recovery_status WHERE database_id = DB_ID({catalog})"
        ),
    );
    let id = |at: usize| match &ids {
        Ok(Some(row)) if !row[at].is_empty() => Ok(row[at].clone()),
        Ok(_) => Err("the login may not see the database's recovery status".to_owned()),
        Err(error) => Err(error.message.clone()),
    };
    // History of an earlier database of this name says nothing about this one.
    let restored = first(
        session,
        &format!(
            "SELECT TOP (1) CONVERT(varchar(19), r.restore_date, 120), b.database_name, b.server_name \
                 FROM msdb.dbo.restorehistory r LEFT JOIN msdb.dbo.backupset b ON b.backup_set_id = r.backup_set_id \
                 JOIN sys.databases d ON d.name = r.destination_database_name \
                 WHERE d.name = {catalog} AND r.restore_date >= DATEADD(minute, -1, d.create_date) \
                 ORDER BY r.restore_date DESC"
        ),
    );
    Lineage {
        family: id(0),
        own: id(1),
        restored: match restored {
            Ok(row) => Ok(row.map(|row| format!("{}, from {} of {}", row[0], row[1], row[2]))),
            Err(error) => Err(error.message),
        },
        unfinished: None,
    }
}

/// Whether a collation ignores case, as its name says: every collation's name has `CI`, `CS` or `BIN` in it. (The server's
/// own COLLATIONPROPERTY says it as well, but not on all servers that speak its protocol.)
fn ignores_case(collation: &str) -> Option<bool> {
    let name = collation.to_uppercase();
    let mut parts = name.split('_');
    parts.find_map(|part| match part {
        "CI" => Some(true),
        "CS" | "BIN" | "BIN2" => Some(false),
        _ => None,
    })
}

/// The first row of an answer.
fn first(session: &mut TdsSession, sql: &str) -> Result<Option<Vec<String>>, DbError> {
    let mut first = None;
    session.query(sql, &mut |row| {
        first = Some((0..row.len()).map(|column| row.text(column)).collect());
        Go::Break(())
    })?;
    Ok(first)
}

fn literal(text: &str) -> String {
    format!("N'{}'", text.replace('\0', "").replace('\'', "''"))
}

impl Engine for SqlServer {
    fn open(&self, name: &str, access: Access) -> Result<Box<dyn Session>, DbError> {
        let found = self.find(name)?;
        if access == Access::Write && !found.side.writable {
            return Err(DbError::new(
                Trouble::NotPermitted,
                format!("the {} is never written to", found.side.name),
            )
            .at(name));
        }
        Ok(Box::new(self.session(
            &found,
            found.catalog,
            name,
            access,
        )?))
    }

    /// Looks from `master`, so that a database which nobody can open is seen as well.
    ///
    /// A database is known by its server, its number and the moment it was created or restored: a restore over it, or
    /// one of the same name elsewhere, is another one; a new name does not make it another one.
    fn look(&self, name: &str) -> Result<Facts, DbError> {
        let found = self.find(name)?;
        if survey::is_system(found.catalog) {
            return Err(DbError::new(
                Trouble::Unsuitable,
                format!(
                    "the {} names {}, which belongs to the server itself",
                    found.side.name, found.catalog
                ),
            )
            .at(name));
        }
        self.ask(&found, name, |session| facts(session, name, found.catalog))?
    }

    /// Who has a session in the database, this program's own apart.
    fn in_use(&self, name: &str) -> Result<Option<String>, DbError> {
        let found = self.find(name)?;
        self.ask(&found, name, |session| users(session, name, found.catalog))?
    }

    fn lineage(&self, name: &str) -> Result<Option<Lineage>, DbError> {
        let found = self.find(name)?;
        self.ask(&found, name, |session| {
            Some(lineage(session, found.catalog))
        })
    }

    fn checkup(&self, name: &str, purpose: Purpose) -> Vec<Need> {
        let found = match self.find(name) {
            Ok(found) => found,
            Err(error) => return vec![survey::unreachable(&error)],
        };
        let asked = self.ask(&found, name, |session| {
            let mut needs = survey::server(session, purpose);
            let state = survey::state(session, found.catalog, purpose);
            let open = state.iter().any(Need::is_there);
            needs.extend(state);
            if open {
                needs.extend(survey::log_backups(session, found.catalog, purpose));
            }
            (needs, open)
        });
        let mut needs = match asked {
            Ok((needs, true)) => needs,
            Ok((needs, false)) => return needs,
            Err(error) => return vec![survey::unreachable(&error)],
        };
        match self.session(&found, found.catalog, name, Access::Read) {
            Ok(mut session) => needs.extend(survey::database(&mut session, purpose)),
            Err(error) => needs.push(survey::unreachable(&error)),
        }
        needs
    }

    fn server(&self, name: &str) -> Result<Box<dyn Session>, DbError> {
        let found = self.find(name)?;
        Ok(Box::new(self.session(
            &found,
            "master",
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
        if !found.side.writable && !only_a_backup(sql) {
            return Err(DbError::new(
                Trouble::NotPermitted,
                format!("the {} is never written to", found.side.name),
            )
            .at(name));
        }
        // A backup may be silent for as long as it takes.
        let server = Server {
            command: None,
            ..found.side.server.clone()
        };
        TdsSession::open(&server, "master", name, Access::Read, self.interrupted)
            .map_err(|error| unreached(found.side, error))?
            .work(&server, sql, progress)
    }

    fn snapshot(&self, names: &[String]) -> Result<Box<dyn Copies>, DbError> {
        Err(by_backup().at(names.first().map_or("", String::as_str)))
    }

    fn partial_name(&self, name: &str) -> String {
        name.to_owned()
    }

    fn publish(&self, _partial: &str, name: &str) -> Result<(), DbError> {
        Err(by_backup().at(name))
    }

    fn discard(&self, _partial: &str) {}
}

#[cfg(test)]
mod tests {
    use super::{ignores_case, only_a_backup};

    #[test]
    fn a_source_is_asked_for_backups_only() {
        let backup = "BACKUP DATABASE [a;]]b]\nTO DISK = N'x;''y' WITH COPY_ONLY, NAME = N'z'";
        assert!(only_a_backup(backup));
        for other in [
            "BACKUP DATABASE [a] TO DISK = N'x'",
            "BACKUP DATABASE [a] TO DISK = N'x' WITH COPY_ONLY DROP DATABASE [a]",
            "BACKUP DATABASE [a] TO DISK = N'x' WITH COPY_ONLY BACKUP LOG [a] TO DISK = N'x'",
            "BACKUP DATABASE [a] TO DISK = N'x' WITH COPY_ONLY --",
            "BACKUP DATABASE [a] TO DISK = N'x' WITH COPY_ONLY, NAME = N'z",
            "BACKUP DATABASE [a] TO DISK = N'x' WITH COPY_ONLY; DROP DATABASE [a]",
            "DROP DATABASE [a] -- BACKUP DATABASE COPY_ONLY",
            "RESTORE DATABASE [a] FROM DISK = N'COPY_ONLY'",
            "",
        ] {
            assert!(!only_a_backup(other), "{other}");
        }
    }

    #[test]
    fn a_collations_name_says_what_it_ignores() {
        for (name, ignores) in [
            ("SQL_Latin1_General_CP1_CI_AS", Some(true)),
            ("Latin1_General_100_CI_AI_SC_UTF8", Some(true)),
            ("bbf_unicode_cp1_ci_as", Some(true)),
            ("Latin1_General_CS_AS", Some(false)),
            ("Latin1_General_BIN2", Some(false)),
            ("Latin1_General_BIN", Some(false)),
            ("", None),
        ] {
            assert_eq!(ignores_case(name), ignores, "{name}");
        }
    }
}
