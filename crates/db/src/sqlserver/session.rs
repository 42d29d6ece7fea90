//! A session: batches out, rows back. Everything asynchronous stays in here.

use std::future::Future;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use tiberius::QueryItem;
use tokio::runtime::Runtime;

use super::row::TdsRow;
use super::server::{Connection, Server};
use super::trouble::told;
use crate::{Access, Answered, Copied, DbError, Go, Session, Trouble, no_number};

/// How often a session that waits for the server looks whether a person asked to stop.
const LOOK: Duration = Duration::from_millis(100);

/// How many looks pass between two questions how far something is.
const LOOKS_PER_QUESTION: u32 = 10;

/// How long such a question may take.
const PATIENCE: Duration = Duration::from_secs(5);

/// A connection to one database.
pub(super) struct TdsSession {
    pub(super) runtime: Runtime,
    pub(super) connection: Connection,
    interrupted: fn() -> bool,
    name: String,
}

impl TdsSession {
    /// Logs in and makes the settings that everything else relies on.
    pub(super) fn open(
        server: &Server,
        database: &str,
        name: &str,
        access: Access,
        interrupted: fn() -> bool,
    ) -> Result<Self, DbError> {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build()
            .map_err(|error| DbError::new(Trouble::Other, error.to_string()))?;
        let connection = runtime
            .block_on(server.connect(database))
            .map_err(|error| error.at(name))?;
        let mut session = Self {
            runtime,
            connection,
            interrupted,
            name: name.to_owned(),
        };
        session.batch(&settings(server.lock, access))?;
        if access == Access::Write {
            session.keep_others_out()?;
        }
        Ok(session)
    }

    /// The same session, for questions about another database.
    pub(super) fn renamed(mut self, name: &str) -> Self {
        name.clone_into(&mut self.name);
        self
    }

    /// Two runs on one copy would each see the other's half.
    fn keep_others_out(&mut self) -> Result<(), DbError> {
        let mut granted = false;
        self.query(
            "DECLARE @granted int, @resource nvarchar(255) = N'envclone ' + DB_NAME(); \
             EXEC @granted = sp_getapplock @Resource = @resource, @LockMode = N'Exclusive', \
             @LockOwner = N'Session', @LockTimeout = 0; SELECT @granted",
            &mut |row| {
                granted = row.value(0).integer().is_some_and(|code| code >= 0);
                Go::Continue(())
            },
        )?;
        if granted {
            return Ok(());
        }
        Err(DbError::new(
            Trouble::Locked,
            "another run of envclone works with the database",
        )
        .at(&self.name))
    }

    /// Sends a batch whose rows nobody wants.
    fn batch(&mut self, sql: &str) -> Result<(), DbError> {
        self.query(sql, &mut |_| Go::Continue(()))
    }

    /// Sends a batch that takes long, and tells how far it is: the driver hands over no messages while it waits, so a second
    /// connection asks. Where that one may not see it, nobody knows how far it is.
    pub(super) fn work(
        mut self,
        server: &Server,
        sql: &str,
        progress: &mut dyn FnMut(Copied) -> Go,
    ) -> Result<(), DbError> {
        let number = self.number("SELECT CAST(@@SPID AS int)")?;
        let (connection, interrupted) = (&mut self.connection, self.interrupted);
        let end = self.runtime.block_on(async {
            let mut watcher = server.connect("master").await.ok();
            let mut nobody = |_: &TdsRow<'_>| Go::Continue(());
            let mut working = std::pin::pin!(run(connection, sql, &mut nobody));
            let mut looks = 0_u32;
            loop {
                tokio::select! {
                    biased;
                    end = &mut working => return Some(end),
                    () = tokio::time::sleep(LOOK) => {}
                }
                if interrupted() {
                    return None;
                }
                looks += 1;
                if looks.is_multiple_of(LOOKS_PER_QUESTION) {
                    let copied = match &mut watcher {
                        Some(watcher) => how_far(watcher, number).await,
                        None => Ok(None),
                    };
                    // One that fails, or has no answer in time, is asked no more.
                    if copied.is_err() {
                        watcher = None;
                    }
                    let unknown = Copied {
                        done: 0,
                        of: 0,
                        left: None,
                    };
                    if progress(copied.ok().flatten().unwrap_or(unknown)).is_break() {
                        return None;
                    }
                }
            }
        });
        let end = end.unwrap_or_else(|| {
            let cancel = self.connection.cancel_query();
            let _ = self.runtime.block_on(cancel);
            Err(DbError::new(Trouble::Interrupted, "interrupted"))
        });
        end.map_err(|error| error.at(&self.name))
    }

    /// Sends a batch that must run to its end, whatever a person asks.
    fn finish(&mut self, sql: &str) -> Result<(), DbError> {
        let connection = &mut self.connection;
        let work = async move {
            let stream = connection.simple_query(sql).await?;
            stream.into_results().await.map(drop)
        };
        self.runtime
            .block_on(work)
            .map_err(|error| told(&error).at(&self.name))
    }
}

/// The settings of every session, whatever the server's defaults are.
fn settings(lock: Duration, access: Access) -> String {
    let mut sql = String::from(
        // The first seven are what indexed views and computed columns demand of whoever writes.
        "SET ANSI_NULLS, ANSI_PADDING, ANSI_WARNINGS, ARITHABORT, CONCAT_NULL_YIELDS_NULL, QUOTED_IDENTIFIER ON; \
         SET NUMERIC_ROUNDABORT OFF; SET NOCOUNT ON; SET XACT_ABORT ON; SET IMPLICIT_TRANSACTIONS OFF; \
         SET ROWCOUNT 0; SET TEXTSIZE 2147483647; SET DATEFORMAT ymd; \
         SET TRANSACTION ISOLATION LEVEL READ COMMITTED; ",
    );
    sql += &format!("SET LOCK_TIMEOUT {}; ", lock.as_millis());
    if access == Access::Read {
        // Whoever works with the database goes first.
        sql += "SET DEADLOCK_PRIORITY LOW; ";
    }
    sql
}

/// How far a session's request is; nothing where nobody may see it.
async fn how_far(watcher: &mut Connection, session: u64) -> Result<Option<Copied>, DbError> {
    let sql = format!(
        "SELECT CAST(percent_complete * 100 AS bigint), CAST(estimated_completion_time AS bigint) \
         FROM sys.dm_exec_requests WHERE session_id = {session}"
    );
    let mut copied = None;
    let mut each = |row: &TdsRow<'_>| {
        let number = |at| {
            let number = crate::Row::value(row, at).integer().unwrap_or(0);
            u64::try_from(number).unwrap_or(0)
        };
        let (done, left) = (number(0), number(1));
        copied = (done > 0).then(|| Copied {
            done,
            of: 10_000,
            left: (left > 0).then(|| Duration::from_millis(left)),
        });
        Go::Continue(())
    };
    tokio::time::timeout(PATIENCE, run(watcher, &sql, &mut each))
        .await
        .map_err(|_| DbError::new(Trouble::TimedOut, "no answer"))??;
    Ok(copied)
}

async fn asked(interrupted: fn() -> bool) {
    while !interrupted() {
        tokio::time::sleep(LOOK).await;
    }
}

/// Runs a batch to its end. Rows that nobody wants any more are read nevertheless: a cancel that crosses the last of them
/// on its way is one that the driver can't make sense of.
async fn run(
    connection: &mut Connection,
    sql: &str,
    each: &mut dyn FnMut(&TdsRow<'_>) -> Go,
) -> Result<(), DbError> {
    let mut stream = connection
        .simple_query(sql)
        .await
        .map_err(|error| told(&error))?;
    let mut wanted = true;
    while let Some(item) = stream.try_next().await.map_err(|error| told(&error))? {
        let QueryItem::Row(row) = item else { continue };
        let cells = row.into_iter();
        wanted = wanted && each(&TdsRow::new(cells.as_slice())).is_continue();
    }
    Ok(())
}

impl Session for TdsSession {
    fn query(
        &mut self,
        sql: &str,
        each: &mut dyn FnMut(&dyn crate::Row) -> Go,
    ) -> Result<(), DbError> {
        let (connection, interrupted) = (&mut self.connection, self.interrupted);
        let mut shown = |row: &TdsRow<'_>| each(row);
        let work = async {
            let until_asked: std::pin::Pin<Box<dyn Future<Output = ()>>> =
                Box::pin(asked(interrupted));
            tokio::select! {
                biased;
                end = run(connection, sql, &mut shown) => Some(end),
                () = until_asked => None,
            }
        };
        let end = self.runtime.block_on(work).unwrap_or_else(|| {
            // The server still works on it: without a cancel the session would wait for it at the next statement. Where
            // that fails the session is of no use, and the server undoes what it left open.
            let cancel = self.connection.cancel_query();
            let _ = self.runtime.block_on(cancel);
            Err(DbError::new(Trouble::Interrupted, "interrupted"))
        });
        end.map_err(|error| error.at(&self.name))
    }

    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        Ok(self.execute_and_ask(sql, &[])?.rows)
    }

    /// One batch. The number of rows comes from the statement itself, not from its triggers.
    fn execute_and_ask(&mut self, sql: &str, questions: &[&str]) -> Result<Answered, DbError> {
        let counted = format!("{sql}\n;SELECT ROWCOUNT_BIG()");
        let batch: Vec<&str> = std::iter::once(counted.as_str())
            .chain(questions.iter().copied())
            .collect();
        let mut numbers = self.numbers(&batch)?;
        Ok(Answered {
            rows: numbers.remove(0),
            numbers,
        })
    }

    /// One batch, whose queries each answer with one row.
    fn numbers(&mut self, questions: &[&str]) -> Result<Vec<u64>, DbError> {
        if questions.is_empty() {
            return Ok(Vec::new());
        }
        let mut numbers = Vec::with_capacity(questions.len());
        self.query(&questions.join("\n;"), &mut |row| {
            let number = row.value(0).integer();
            numbers.push(number.and_then(|number| u64::try_from(number).ok()));
            Go::Continue(())
        })?;
        let numbers: Option<Vec<u64>> = numbers.into_iter().collect();
        numbers
            .filter(|numbers| numbers.len() == questions.len())
            .ok_or_else(|| no_number().at(&self.name))
    }

    fn begin(&mut self) -> Result<(), DbError> {
        self.finish("BEGIN TRANSACTION")
    }

    fn commit(&mut self) -> Result<(), DbError> {
        self.finish("COMMIT TRANSACTION")
    }

    fn rollback(&mut self) -> Result<(), DbError> {
        // XACT_ABORT may have done it already.
        self.finish("IF @@TRANCOUNT > 0 ROLLBACK TRANSACTION")
    }
}
