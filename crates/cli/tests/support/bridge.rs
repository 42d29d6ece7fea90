//! A way to a T-SQL engine that has neither BACKUP nor RESTORE: this end has them. Everything else goes on to the engine,
//! and its answers come back.
//!
//! A restore makes a database with the rehearsal's rows, which are what its source has.

use std::cell::RefCell;
use std::collections::BTreeSet;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use envclone_db::sqlserver::{Loader, Server, Side, SqlServer};
use envclone_db::{Access, DbError, Engine as _, Go, Session, Trouble, Value};
use envclone_rehearsal::Spec;
use envclone_rehearsal::sqlserver::{Loaders, fill};
use envclone_tds_server::{self as tds, Answer, Cell, Options, Request, Type};

use super::CATALOG;

/// What source and copies hold.
pub(crate) const SPEC: Spec = Spec { scale: 1, seed: 7 };

/// The copies' names, in the order of platform, log and catalog.
pub(crate) type Copies = [String; 3];

/// What the server did by itself, and what it has from it.
#[derive(Default)]
struct Done {
    /// Every statement of a kind that the engine lacks, as it came.
    sent: Vec<String>,
    /// Names of backups.
    backups: BTreeSet<String>,
    /// The databases that were restored and brought online.
    online: BTreeSet<String>,
    /// A statement that begins like this ends the connection, once.
    cut: Option<&'static str>,
}

/// The server in front of the engine.
pub(crate) struct Bridge {
    pub(crate) server: tds::Server,
    done: Arc<Mutex<Done>>,
}

thread_local! {
    /// The engine's session of a connection, which has a thread to itself.
    static SESSION: RefCell<Option<Box<dyn Session>>> = const { RefCell::new(None) };
}

impl Bridge {
    pub(crate) fn start(engine: &Server, copies: &Copies) -> Self {
        let done = Arc::new(Mutex::new(Done::default()));
        let (engine, copies, shared) = (engine.clone(), copies.clone(), Arc::clone(&done));
        let server = Options::default()
            .start(move |request| answer(request, &engine, &copies, &shared))
            .unwrap();
        Self { server, done }
    }

    fn done(&self) -> MutexGuard<'_, Done> {
        self.done.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Everything that the engine itself could not have done.
    pub(crate) fn sent(&self) -> Vec<String> {
        self.done().sent.clone()
    }

    /// Ends the connection at the next statement that begins like this.
    pub(crate) fn cut_at(&self, statement: &'static str) {
        self.done().cut = Some(statement);
    }
}

fn answer(request: &Request, engine: &Server, copies: &Copies, shared: &Mutex<Done>) -> Answer {
    let sql = &request.sql;
    let mut done = shared.lock().unwrap_or_else(PoisonError::into_inner);
    // Notes are declared on lines of their own.
    let statement = sql
        .lines()
        .find(|line| !line.starts_with("DECLARE @moment"))
        .unwrap_or_default();
    let by_itself = ["BACKUP ", "RESTORE ", "ALTER DATABASE ", "DECLARE @sql "];
    if by_itself.iter().any(|begin| statement.starts_with(begin)) {
        done.sent.push(sql.clone());
        if done.cut.is_some_and(|begin| statement.starts_with(begin)) {
            done.cut = None;
            return Answer::Cut;
        }
        return serve(statement, sql, engine, copies, &mut done);
    }
    match told(sql, copies, &done) {
        Some(answer) => answer,
        None => {
            drop(done);
            forward(request, engine)
        }
    }
}

/// The text in the first quotes after something.
fn quoted<'a>(sql: &'a str, after: &str) -> &'a str {
    let rest = sql.split(after).nth(1).unwrap_or_default();
    rest.split('\'').nth(1).unwrap_or_default()
}

fn serve(statement: &str, sql: &str, engine: &Server, copies: &Copies, done: &mut Done) -> Answer {
    if statement.starts_with("BACKUP ") {
        done.backups.insert(quoted(sql, "NAME = ").to_owned());
    } else if statement.starts_with("RESTORE FILELISTONLY") {
        return Answer::rows(
            [("LogicalName", Type::NVarcharMax)],
            [[Cell::from("data")], [Cell::from("log")]],
        );
    } else if statement.ends_with("WITH RECOVERY, RESTRICTED_USER") {
        let name = statement.split(['[', ']']).nth(1).unwrap_or_default();
        if done.online.is_empty() {
            make(engine, copies);
        }
        done.online.insert(name.to_owned());
    }
    Answer::Done
}

/// What only a server with files, backups and restores has an answer to.
fn told(sql: &str, copies: &Copies, done: &Done) -> Option<Answer> {
    let number = |number: i64| Answer::rows([("", Type::BigInt)], [[Cell::Integer(number)]]);
    let texts = |texts: &[&str]| {
        let columns = texts.iter().map(|_| ("", Type::NVarcharMax));
        Answer::rows(
            columns,
            [texts
                .iter()
                .map(|text| Cell::from(*text))
                .collect::<Vec<_>>()],
        )
    };
    let nothing = || Answer::rows([("", Type::BigInt)], Vec::<Vec<Cell>>::new());
    let has = |text: &str| sql.contains(text);
    let file = |name: &str, holds: &str, path: &str| {
        [name.into(), holds.into(), path.into(), Cell::Integer(1)]
    };
    // All copies are there from the first restore on, and none is seen before its own.
    let unseen = copies
        .iter()
        .any(|name| !done.online.contains(name) && has(&format!("N'{name}'")));
    let answer = match sql {
        _ if has("HAS_PERMS_BY_NAME") && (has("BACKUP") || has("IMPERSONATE")) => number(1),
        _ if sql.starts_with("SELECT COUNT(*) FROM msdb") => number(7),
        _ if has("xp_fileexist") || has("sys.master_files") => number(0),
        _ if unseen && sql.starts_with("IF DB_ID(") => Answer::Done,
        _ if unseen && sql.starts_with("SELECT COUNT(*) FROM sys.databases") => number(0),
        _ if has("InstanceDefaultDataPath") => {
            let folders = ["D:\\Data\\", "L:\\Logs\\", "B:\\Backup"];
            let server = ["SQL1", "16.0.1000.6", "Standard Edition", "1"];
            texts(&[&server[..], &folders[..]].concat())
        }
        _ if has("FROM sys.database_files") => {
            let kinds = [
                Type::NVarcharMax,
                Type::NVarcharMax,
                Type::NVarcharMax,
                Type::BigInt,
            ];
            let rows = [
                file("data", "rows", "D:\\Data\\os.mdf"),
                file("log", "log", "L:\\Logs\\os.ldf"),
            ];
            Answer::rows(kinds.map(|kind| ("", kind)), rows)
        }
        _ if has("recovery_model_desc + CASE") => texts(&["FULL"]),
        _ if sql.starts_with("SELECT b.database_name FROM msdb") => nothing(),
        _ if has("restorehistory") && sql.starts_with("SELECT CASE") => {
            number(i64::from(!done.online.contains(quoted(sql, "t.name = N"))))
        }
        _ if has("backupset") && sql.starts_with("SELECT CASE") => {
            number(i64::from(!done.backups.contains(quoted(sql, "b.name = N"))))
        }
        _ if has("restorehistory") && !unseen => {
            texts(&["2026-03-02 08:00:00", "the source", "SQL1"])
        }
        _ if has("restorehistory") => nothing(),
        _ if has("sys.database_recovery_status") => texts(&["F", quoted(sql, "DB_ID(N")]),
        _ if unseen && has("sys.databases") => nothing(),
        _ if has("owner_sid") => number(0),
        _ if has("dm_exec_requests") => nothing(),
        _ => return None,
    };
    Some(answer)
}

/// What restores leave: databases like their sources.
fn make(engine: &Server, copies: &Copies) {
    let mut master = open(engine, "master").unwrap();
    for name in copies {
        let create = format!("CREATE DATABASE [{name}]");
        master.query(&create, &mut |_| Go::Continue(())).unwrap();
    }
    let load = |name: &String| Loader::open(engine, name, || false).unwrap();
    let loaders = Loaders {
        platform: load(&copies[0]),
        log: load(&copies[1]),
        catalogs: vec![(CATALOG.to_owned(), load(&copies[2]))],
    };
    fill(loaders, &SPEC, &mut |_| {}).unwrap();
}

fn open(engine: &Server, database: &str) -> Result<Box<dyn Session>, DbError> {
    let side = Side {
        name: "target".to_owned(),
        server: engine.clone(),
        catalogs: vec![database.to_owned()],
        writable: true,
    };
    SqlServer::new(vec![side], || false).open(&format!("{database}@test"), Access::Read)
}

/// Asks the engine in the session of this very connection.
fn forward(request: &Request, engine: &Server) -> Answer {
    SESSION.with_borrow_mut(|session| {
        if session.is_none() {
            match open(engine, &request.database) {
                Ok(opened) => *session = Some(opened),
                Err(error) => return failed(&error),
            }
        }
        let Some(session) = session else {
            return Answer::Cut;
        };
        let mut rows: Vec<Vec<Cell>> = Vec::new();
        let asked = session.query(&request.sql, &mut |row| {
            rows.push((0..row.len()).map(|at| cell(row.value(at))).collect());
            Go::Continue(())
        });
        match asked {
            Ok(()) => of_rows(rows),
            Err(error) => failed(&error),
        }
    })
}

fn cell(value: Value<'_>) -> Cell {
    match value {
        Value::Null => Cell::Null,
        Value::Integer(number) => Cell::Integer(number),
        Value::Real(number) => Cell::Real(number),
        Value::Text(text) => Cell::Text(String::from_utf8_lossy(text).into_owned()),
        Value::Bytes(bytes) => Cell::Bytes(bytes.to_vec()),
    }
}

/// Rows with the types that their cells have.
fn of_rows(rows: Vec<Vec<Cell>>) -> Answer {
    let Some(first) = rows.first() else {
        return Answer::Done;
    };
    let kind = |at: usize| {
        let filled = rows
            .iter()
            .find_map(|row| row.get(at).filter(|cell| **cell != Cell::Null));
        match filled {
            Some(Cell::Integer(_)) => Type::BigInt,
            Some(Cell::Real(_)) => Type::Float,
            Some(Cell::Bytes(_)) => Type::VarbinaryMax,
            _ => Type::NVarcharMax,
        }
    };
    Answer::Rows {
        columns: (0..first.len())
            .map(|at| (String::new(), kind(at)))
            .collect(),
        rows,
    }
}

/// The engine's error with its own number, where it has one.
fn failed(error: &DbError) -> Answer {
    if error.trouble == Trouble::Lost {
        return Answer::Cut;
    }
    let (message, number) = error
        .message
        .rsplit_once(" (error ")
        .unwrap_or((&error.message, ""));
    let number = number.trim_end_matches(')').parse();
    Answer::error(number.unwrap_or(50_000), 16, message)
}
