//! A session: the schema that it is in, and the settings that everything else relies on.

use std::sync::mpsc::Receiver;

use oracledb::Row as Fetched;

use super::row::{Kind, OracleRow};
use super::server::Server;
use super::worker::{Answer, Patience, Worker};
use crate::{Access, DbError, Go, Row, Session, Trouble, no_number};

/// A schema that a session may be in.
#[derive(Clone, Debug)]
pub(super) struct Schema {
    /// With the server, as people know it.
    pub(super) name: String,
    /// As the dictionary has it.
    pub(super) schema: String,
}

/// A connection, in one schema at a time.
pub(super) struct OracleSession {
    worker: Worker,
    /// What people know it by where it is now.
    name: String,
    access: Access,
    schemas: Vec<Schema>,
    /// The table that a writing transaction locks in each of its schemas, so that there is one at a time.
    lock: String,
    /// The query that comes after the next one.
    foreseen: Option<String>,
    /// The one that was foreseen and is answered already, with its answers.
    begun: Option<(String, Receiver<Answer>)>,
}

/// A name in quotes.
pub(super) fn quoted(name: &str) -> String {
    format!("\"{}\"", name.replace(['\0', '"'], ""))
}

/// A text in quotes.
pub(super) fn literal(text: &str) -> String {
    format!("'{}'", text.replace('\0', "").replace('\'', "''"))
}

impl OracleSession {
    /// Logs in, makes the settings, and goes into the first of the schemas, if there is one. `lock` is the name of a table of
    /// each.
    pub(super) fn open(
        server: &Server,
        schemas: Vec<Schema>,
        name: &str,
        access: Access,
        lock: &str,
        interrupted: fn() -> bool,
    ) -> Result<Self, DbError> {
        let worker = Worker::start(server, interrupted).map_err(|error| error.at(name))?;
        let mut session = Self {
            worker,
            name: name.to_owned(),
            access,
            schemas,
            lock: quoted(lock),
            foreseen: None,
            begun: None,
        };
        for statement in settings(server) {
            session.execute(&statement)?;
        }
        if let Some(first) = session.schemas.first().cloned() {
            session.go_into(&first)?;
            if access == Access::Read {
                session.begin()?;
            }
        }
        Ok(session)
    }

    /// `ALTER SESSION` is no DDL: it commits nothing.
    fn go_into(&mut self, there: &Schema) -> Result<(), DbError> {
        let schema = quoted(&there.schema);
        self.execute(&format!("ALTER SESSION SET CURRENT_SCHEMA = {schema}"))?;
        self.name.clone_from(&there.name);
        Ok(())
    }

    /// Keeps every other run out of the schemas, all of them or none.
    fn lock(&mut self) -> Result<(), DbError> {
        let table = |it: &Schema| format!("{}.{}", quoted(&it.schema), self.lock);
        let tables: Vec<String> = self.schemas.iter().map(table).collect();
        let lock = format!("LOCK TABLE {} IN EXCLUSIVE MODE NOWAIT", tables.join(", "));
        self.execute(&lock).map(drop).inspect_err(|_| {
            // They are locked one after the other: those before the one that is refused would be kept from the run that has
            // that one. Where the connection is gone its locks are, too.
            let _ = self.rollback();
        })
    }

    /// The same session, for questions about another schema.
    pub(super) fn renamed(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Whether the session can still be asked something.
    pub(super) fn is_usable(&mut self) -> bool {
        self.number("SELECT 1 FROM dual").is_ok()
    }

    /// Runs a statement that takes long.
    pub(super) fn work(
        &mut self,
        sql: &str,
        meanwhile: &mut dyn FnMut() -> Go,
    ) -> Result<(), DbError> {
        self.alone()
            .execute_while(sql, meanwhile)
            .map(drop)
            .map_err(|error| error.at(&self.name))
    }

    /// The answers to a query, which may have been begun; the one that was foreseen is begun behind it.
    fn answers(&mut self, sql: &str) -> Result<Receiver<Answer>, DbError> {
        let answers = match self.begun.take() {
            Some((begun, answers)) if begun == sql => answers,
            // Nobody takes the rows of another one: it ends by that.
            _ => self.worker.query(sql)?,
        };
        if let Some(next) = self.foreseen.take() {
            let begun = self.worker.query(&next)?;
            self.begun = Some((next, begun));
        }
        Ok(answers)
    }

    /// The thread, with nothing begun on it that nobody waits for.
    fn alone(&mut self) -> &mut Worker {
        self.foreseen = None;
        self.begun = None;
        &mut self.worker
    }

    /// Runs a query, and hands over its rows one by one.
    fn ask(&mut self, sql: &str, each: &mut dyn FnMut(&dyn Row) -> Go) -> Result<(), DbError> {
        let answers = self.answers(sql).map_err(|error| error.at(&self.name))?;
        loop {
            match self.worker.wait(&answers, Patience::UntilAsked) {
                Ok(Answer::Rows(kinds, rows)) => {
                    if shown(&kinds, &rows, each).is_break() {
                        return Ok(());
                    }
                }
                Ok(Answer::Last(kinds, rows)) => {
                    let _ = shown(&kinds, &rows, each);
                    return Ok(());
                }
                Ok(Answer::End(end)) => {
                    return end.map(drop).map_err(|error| error.at(&self.name));
                }
                Err(error) => return Err(error.at(&self.name)),
            }
        }
    }
}

/// Shows rows until somebody has seen enough.
fn shown(kinds: &[Kind], rows: &[Fetched], each: &mut dyn FnMut(&dyn Row) -> Go) -> Go {
    for row in rows {
        each(&OracleRow::new(row, kinds))?;
    }
    Go::Continue(())
}

/// A column as a whole number that is not negative.
fn whole(row: &dyn Row, column: usize) -> Option<u64> {
    let number = row.value(column).integer();
    number.and_then(|number| u64::try_from(number).ok())
}

/// The settings of every session, whatever the database's defaults are. Texts are compared as the platform itself has
/// them compared.
fn settings(server: &Server) -> Vec<String> {
    vec![
        "ALTER SESSION SET NLS_COMP = LINGUISTIC NLS_SORT = BINARY_AI".to_owned(),
        // Logs and messages that are read are in one language.
        "ALTER SESSION SET NLS_LANGUAGE = AMERICAN".to_owned(),
        "ALTER SESSION SET NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS' NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF' \
         NLS_NUMERIC_CHARACTERS = '.,'"
            .to_owned(),
        format!(
            "ALTER SESSION SET DDL_LOCK_TIMEOUT = {}",
            server.lock.as_secs()
        ),
    ]
}

impl Session for OracleSession {
    fn enter(&mut self, name: &str) -> Result<(), DbError> {
        let there = self.schemas.iter().find(|it| it.name == name).cloned();
        let there = there.ok_or_else(|| {
            let why = "the session was opened for other schemas";
            DbError::new(Trouble::NotPermitted, why).at(name)
        })?;
        self.go_into(&there)
    }

    fn query(&mut self, sql: &str, each: &mut dyn FnMut(&dyn Row) -> Go) -> Result<(), DbError> {
        self.ask(sql, each)
    }

    fn foresee(&mut self, query: &str) {
        self.foreseen = Some(query.to_owned());
    }

    fn number(&mut self, sql: &str) -> Result<u64, DbError> {
        let mut number = None;
        self.ask(sql, &mut |row| {
            number = whole(row, 0);
            Go::Break(())
        })?;
        number.ok_or_else(|| no_number().at(&self.name))
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        self.alone()
            .execute(sql)
            .map_err(|error| error.at(&self.name))
    }

    /// One query, whose columns are the answers.
    fn numbers(&mut self, questions: &[&str]) -> Result<Vec<u64>, DbError> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let columns: Vec<String> = (1..)
            .zip(questions)
            .map(|(at, sql)| format!("(\n{sql}\n) AS n{at}"))
            .collect();
        let mut numbers = None;
        self.ask(
            &format!("SELECT {} FROM dual", columns.join(", ")),
            &mut |row| {
                numbers = (0..questions.len()).map(|at| whole(row, at)).collect();
                Go::Break(())
            },
        )?;
        numbers.ok_or_else(|| no_number().at(&self.name))
    }

    /// A transaction begins with its first statement. One that only reads sees one moment, and the server refuses to
    /// change anything in it; one that writes keeps any other of its kind out.
    fn begin(&mut self) -> Result<(), DbError> {
        match self.access {
            Access::Read => self.execute("SET TRANSACTION READ ONLY").map(drop),
            Access::Write => self.lock(),
        }
    }

    fn commit(&mut self) -> Result<(), DbError> {
        self.alone().commit().map_err(|error| error.at(&self.name))
    }

    fn rollback(&mut self) -> Result<(), DbError> {
        self.alone()
            .rollback()
            .map_err(|error| error.at(&self.name))
    }
}
