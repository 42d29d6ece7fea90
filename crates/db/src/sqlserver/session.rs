//! A session: batches out, rows back. Everything asynchronous stays in here.

use std::future::Future;
use std::time::Duration;

use futures_util::TryStreamExt as _;
use tiberius::QueryItem;
use tokio::runtime::Runtime;

use super::row::TdsRow;
use super::server::{Connection, Server};
use super::trouble::told;
use crate::{Access, DbError, Go, Session, Trouble};

/// How often a session that waits for the server looks whether a person asked to stop.
const LOOK: Duration = Duration::from_millis(100);

/// How many rows nobody wants are read to the end rather than cancelled.
const DRAIN: u32 = 1000;

/// A connection to one database.
pub(super) struct TdsSession {
    pub(super) runtime: Runtime,
    pub(super) connection: Connection,
    interrupted: fn() -> bool,
    name: String,
}

/// What a batch came to.
enum End<T> {
    Done(T),
    /// The server still works on it.
    Left(DbError),
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

    /// Two runs on one copy would each see the other's half.
    fn keep_others_out(&mut self) -> Result<(), DbError> {
        let mut granted = false;
        self.query(
            "DECLARE @granted int; \
             EXEC @granted = sp_getapplock @Resource = N'envclone', @LockMode = N'Exclusive', \
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

async fn asked(interrupted: fn() -> bool) {
    while !interrupted() {
        tokio::time::sleep(LOOK).await;
    }
}

/// Runs a batch until it is done, has failed or nobody wants to wait for it any longer.
async fn run(
    connection: &mut Connection,
    sql: &str,
    each: &mut dyn FnMut(&TdsRow<'_>) -> Go,
) -> Result<End<()>, DbError> {
    let mut stream = connection
        .simple_query(sql)
        .await
        .map_err(|error| told(&error))?;
    let mut unwanted = None;
    while let Some(item) = stream.try_next().await.map_err(|error| told(&error))? {
        let QueryItem::Row(row) = item else { continue };
        match &mut unwanted {
            None if each(&TdsRow::new(&row)).is_break() => unwanted = Some(0),
            None => {}
            Some(DRAIN) => {
                return Ok(End::Left(DbError::new(Trouble::Other, "")));
            }
            Some(count) => *count += 1,
        }
    }
    Ok(End::Done(()))
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
                end = run(connection, sql, &mut shown) => end,
                () = until_asked => Ok(End::Left(DbError::new(Trouble::Interrupted, "interrupted"))),
            }
        };
        let end = self.runtime.block_on(work);
        match end {
            Ok(End::Done(())) => Ok(()),
            Ok(End::Left(why)) => {
                // What the server still works on is taken back, or the connection would be of no use.
                let cancel = self.connection.cancel_query();
                self.runtime
                    .block_on(cancel)
                    .map_err(|error| told(&error).at(&self.name))?;
                if why.trouble == Trouble::Interrupted {
                    Err(why.at(&self.name))
                } else {
                    Ok(())
                }
            }
            Err(error) => Err(error.at(&self.name)),
        }
    }

    /// The number of rows comes from the statement itself, not from its triggers.
    fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        self.number(&format!("{sql}\n;SELECT ROWCOUNT_BIG()"))
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
