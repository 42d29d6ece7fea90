//! A session: one schema's name, and the settings that everything else relies on.

use oracledb::Row as Fetched;

use super::row::{Kind, OracleRow};
use super::server::Server;
use super::worker::{Answer, Patience, Worker};
use crate::{Access, DbError, Go, Row, Session, no_number};

/// A connection, in one schema.
pub(super) struct OracleSession {
    worker: Worker,
    name: String,
    access: Access,
    /// What a writing transaction locks, so that there is one at a time.
    lock: String,
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
    /// Logs in and makes the settings. `lock` is the name of a table of the schema.
    pub(super) fn open(
        server: &Server,
        schema: Option<&str>,
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
            lock: schema.map_or_else(String::new, |schema| {
                format!("{}.{}", quoted(schema), quoted(lock))
            }),
        };
        for statement in settings(server, schema) {
            session.execute(&statement)?;
        }
        if access == Access::Read && schema.is_some() {
            session.begin()?;
        }
        Ok(session)
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
        self.worker
            .execute_while(sql, meanwhile)
            .map(drop)
            .map_err(|error| error.at(&self.name))
    }

    /// Runs a query, and hands over its rows one by one.
    fn ask(&mut self, sql: &str, each: &mut dyn FnMut(&dyn Row) -> Go) -> Result<(), DbError> {
        let answers = self
            .worker
            .query(sql)
            .map_err(|error| error.at(&self.name))?;
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
fn settings(server: &Server, schema: Option<&str>) -> Vec<String> {
    let mut settings = vec![
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
    ];
    settings.extend(
        schema.map(|schema| format!("ALTER SESSION SET CURRENT_SCHEMA = {}", quoted(schema))),
    );
    settings
}

impl Session for OracleSession {
    fn query(&mut self, sql: &str, each: &mut dyn FnMut(&dyn Row) -> Go) -> Result<(), DbError> {
        self.ask(sql, each)
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
        self.worker
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
            Access::Write => self
                .execute(&format!(
                    "LOCK TABLE {} IN EXCLUSIVE MODE NOWAIT",
                    self.lock
                ))
                .map(drop),
        }
    }

    fn commit(&mut self) -> Result<(), DbError> {
        self.worker.commit().map_err(|error| error.at(&self.name))
    }

    fn rollback(&mut self) -> Result<(), DbError> {
        self.worker.rollback().map_err(|error| error.at(&self.name))
    }
}
