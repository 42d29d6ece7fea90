//! The thread that the driver works on.
//!
//! The driver blocks, can't be told to stop from elsewhere, and is a beta that ends some of what it does not know in a panic.
//! On a thread of its own a person's interrupt is heard while it waits, and a panic ends a session and not a run.

use std::any::Any;
use std::cell::Cell;
use std::panic::{AssertUnwindSafe, catch_unwind, resume_unwind};
use std::sync::mpsc::{Receiver, RecvTimeoutError, Sender, SyncSender, channel, sync_channel};
use std::sync::{Arc, Once};
use std::thread;
use std::time::{Duration, Instant};

use oracledb::{Connection, Row as Fetched};

use super::fetch;
use super::row::Kind;
use super::server::Server;
use super::trouble::told;
use crate::{DbError, Trouble};

/// What threads of this kind are called: what they panic about is told as an error, and not printed.
const NAME: &str = "oracle-session";

/// How often somebody who waits looks whether a person asked to stop.
const LOOK: Duration = Duration::from_millis(100);

/// What is asked of the thread.
enum Job {
    /// Runs a query, and sends its rows.
    Query(String),
    /// Runs a statement.
    Execute(String),
    Commit,
    Rollback,
}

/// What it answers.
pub(super) enum Answer {
    /// Some rows, more may follow.
    Rows(Arc<[Kind]>, Vec<Fetched>),
    /// The last rows, and the end of it: one message where most queries need no other.
    Last(Arc<[Kind]>, Vec<Fetched>),
    /// The end of it, with the number of rows that a statement changed.
    End(Result<u64, DbError>),
}

/// Whether a wait ends when a person asks to stop.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Patience {
    /// It does; the session is of no use then.
    UntilAsked,
    /// It does not: what began must end.
    ToTheEnd,
}

/// The other side of the thread.
pub(super) struct Worker {
    jobs: Sender<(Job, SyncSender<Answer>)>,
    interrupted: fn() -> bool,
    /// Whether nobody knows any more what the thread is doing.
    given_up: bool,
}

impl Worker {
    /// Logs in and starts the thread.
    pub(super) fn start(server: &Server, interrupted: fn() -> bool) -> Result<Self, DbError> {
        let connection = connect(server, interrupted)?;
        let (jobs, received) = channel();
        spawn(move || serve(&connection, &received))?;
        Ok(Self {
            jobs,
            interrupted,
            given_up: false,
        })
    }

    pub(super) fn query(&mut self, sql: &str) -> Result<Receiver<Answer>, DbError> {
        if sql.trim().is_empty() {
            // The driver would panic.
            return Err(DbError::new(Trouble::Other, "a query without a text"));
        }
        self.send(Job::Query(sql.to_owned()))
    }

    pub(super) fn execute(&mut self, sql: &str) -> Result<u64, DbError> {
        let answers = self.send(Job::Execute(sql.to_owned()))?;
        self.end(&answers, Patience::UntilAsked)
    }

    /// Runs a statement, and calls `meanwhile` every now and then until it says stop.
    pub(super) fn execute_while(
        &mut self,
        sql: &str,
        meanwhile: &mut dyn FnMut() -> crate::Go,
    ) -> Result<u64, DbError> {
        let answers = self.send(Job::Execute(sql.to_owned()))?;
        loop {
            match answers.recv_timeout(LOOK) {
                Ok(Answer::End(end)) => return end,
                Ok(Answer::Last(..)) => return Ok(0),
                Ok(Answer::Rows(..)) => {}
                Err(RecvTimeoutError::Disconnected) => return Err(lost()),
                Err(RecvTimeoutError::Timeout) => {
                    if (self.interrupted)() || meanwhile().is_break() {
                        self.given_up = true;
                        return Err(stopped());
                    }
                }
            }
        }
    }

    pub(super) fn commit(&mut self) -> Result<(), DbError> {
        let answers = self.send(Job::Commit)?;
        self.end(&answers, Patience::ToTheEnd).map(drop)
    }

    pub(super) fn rollback(&mut self) -> Result<(), DbError> {
        let answers = self.send(Job::Rollback)?;
        self.end(&answers, Patience::ToTheEnd).map(drop)
    }

    fn send(&mut self, job: Job) -> Result<Receiver<Answer>, DbError> {
        if self.given_up {
            return Err(lost());
        }
        // Two batches of rows wait at most: memory stays flat, and the driver fetches while others work.
        let (answers, received) = sync_channel(2);
        self.jobs.send((job, answers)).map_err(|_| lost())?;
        Ok(received)
    }

    fn end(&mut self, answers: &Receiver<Answer>, patience: Patience) -> Result<u64, DbError> {
        loop {
            match self.wait(answers, patience)? {
                Answer::End(end) => return end,
                Answer::Last(..) => return Ok(0),
                Answer::Rows(..) => {}
            }
        }
    }

    /// The next answer. After an interrupt nobody waits for the thread any more: the driver can't be told to stop, and the
    /// server undoes what the session left open when it finds the connection gone. Amid rows it stops by itself, since
    /// nobody takes them.
    pub(super) fn wait(
        &mut self,
        answers: &Receiver<Answer>,
        patience: Patience,
    ) -> Result<Answer, DbError> {
        loop {
            match answers.recv_timeout(LOOK) {
                Ok(Answer::Rows(..) | Answer::Last(..))
                    if patience == Patience::UntilAsked && (self.interrupted)() =>
                {
                    return Err(stopped());
                }
                Ok(answer) => return Ok(answer),
                Err(RecvTimeoutError::Disconnected) => return Err(lost()),
                Err(RecvTimeoutError::Timeout)
                    if patience == Patience::UntilAsked && (self.interrupted)() =>
                {
                    self.given_up = true;
                    return Err(stopped());
                }
                Err(RecvTimeoutError::Timeout) => {}
            }
        }
    }
}

fn stopped() -> DbError {
    DbError::new(Trouble::Interrupted, "interrupted")
}

fn lost() -> DbError {
    DbError::new(Trouble::Lost, "the session has ended")
}

/// Keeps the panics of these threads off the terminal; those of all others stay as they are. A second one of the same
/// thread comes while it cleans up after the first, and ends the program: not without a word.
fn silence() {
    static ONCE: Once = Once::new();
    thread_local! {
        static PANICS: Cell<u32> = const { Cell::new(0) };
    }
    ONCE.call_once(|| {
        let before = std::panic::take_hook();
        std::panic::set_hook(Box::new(move |panic| {
            let of_driver = thread::current().name() == Some(NAME);
            let again = of_driver && PANICS.replace(PANICS.get() + 1) > 0;
            if !of_driver || again {
                before(panic);
            }
        }));
    });
}

/// Does some work of the driver's, and gives back a panic as an error.
///
/// A panic comes while the driver holds the lock of its connection. What it then drops on the way takes the same lock, does
/// not bear to find it poisoned and panics a second time, which ends the program; and a query's statement can't be kept from
/// being dropped, since the driver takes it. But no lock is poisoned that was taken while the thread already unwound. So the
/// work is done by a destructor, on the way back from where nothing happened.
fn caught<T>(work: impl FnOnce() -> T) -> thread::Result<T> {
    struct OnTheWay<F: FnMut()>(F);
    impl<F: FnMut()> Drop for OnTheWay<F> {
        fn drop(&mut self) {
            (self.0)();
        }
    }
    let mut work = Some(work);
    let mut done = None;
    let passed = catch_unwind(AssertUnwindSafe(|| {
        let _work = OnTheWay(|| {
            done = work.take().map(|work| catch_unwind(AssertUnwindSafe(work)));
        });
        resume_unwind(Box::new(()))
    }));
    match (done, passed) {
        (Some(done), _) | (None, done) => done,
    }
}

/// Starts a thread on which the driver may panic.
fn spawn(work: impl FnOnce() + Send + 'static) -> Result<(), DbError> {
    silence();
    thread::Builder::new()
        .name(NAME.to_owned())
        .spawn(work)
        .map(drop)
        .map_err(|error| DbError::new(Trouble::Other, error.to_string()))
}

/// Logs in, on a thread of its own: the driver limits how long TCP may take, and nothing of what comes after it.
pub(super) fn connect(server: &Server, interrupted: fn() -> bool) -> Result<Connection, DbError> {
    let (ready, opened) = sync_channel(1);
    let end = Instant::now() + server.connect;
    let asked = server.clone();
    spawn(move || {
        let connected = catch_unwind(AssertUnwindSafe(|| asked.connect()));
        // A connection that nobody waits for any more is closed.
        let _ = ready.send(connected.unwrap_or_else(|panic| Err(undreamt(panic.as_ref()))));
    })?;
    loop {
        let left = end.saturating_duration_since(Instant::now());
        match opened.recv_timeout(LOOK.min(left)) {
            Ok(connected) => return connected,
            Err(RecvTimeoutError::Disconnected) => return Err(lost()),
            Err(RecvTimeoutError::Timeout) if interrupted() => return Err(stopped()),
            Err(RecvTimeoutError::Timeout) if left.is_zero() => return Err(server.too_late()),
            Err(RecvTimeoutError::Timeout) => {}
        }
    }
}

/// What a panic of the driver means while it connects: what its authors left for later is Native Network Encryption.
fn undreamt(panic: &(dyn Any + Send)) -> DbError {
    let said = said(panic);
    if said != "not yet implemented" {
        let why = format!("the driver gave up while it connected ({said})");
        return DbError::new(Trouble::Unsupported, why);
    }
    DbError::new(
        Trouble::Unsupported,
        "the server demands what the driver does not speak: probably Native Network Encryption \
         (SQLNET.ENCRYPTION_SERVER = REQUIRED in its sqlnet.ora). Connect by TLS (`encryption = \"on\"`), or let the \
         server accept connections without it (ACCEPTED or REQUESTED)",
    )
}

/// The thread: does one job after the other.
fn serve(connection: &Connection, jobs: &Receiver<(Job, SyncSender<Answer>)>) {
    for (job, answers) in jobs {
        let done = caught(|| work(connection, &job, &answers));
        let panicked = done.is_err();
        let end = done.unwrap_or_else(|panic| Err(unsupported(panic.as_ref())));
        let _ = answers.send(end.unwrap_or_else(|error| Answer::End(Err(error))));
        if panicked {
            // What the driver still believes of the connection is nobody's business any more.
            break;
        }
    }
}

/// What a panic says.
fn said(panic: &(dyn Any + Send)) -> &str {
    let text = panic.downcast_ref::<String>().map(String::as_str);
    text.or_else(|| panic.downcast_ref::<&str>().copied())
        .unwrap_or_default()
}

fn unsupported(panic: &(dyn Any + Send)) -> DbError {
    let said = said(panic);
    DbError::new(
        Trouble::Unsupported,
        format!("the driver gave up on an answer of the server that it does not know ({said})"),
    )
}

fn work(
    connection: &Connection,
    job: &Job,
    answers: &SyncSender<Answer>,
) -> Result<Answer, DbError> {
    let changed = match job {
        Job::Query(sql) => return query(connection, sql, answers),
        Job::Execute(sql) => execute(connection, sql),
        Job::Commit => connection.commit().map(|()| 0),
        Job::Rollback => connection.rollback().map(|()| 0),
    };
    changed
        .map(|rows| Answer::End(Ok(rows)))
        .map_err(|error| told(&error))
}

fn execute(connection: &Connection, sql: &str) -> Result<u64, oracledb::Error> {
    let mut statement = connection.statement(sql)?.exclude_from_cache().build()?;
    let rows = statement.execute(&[])?.rows_affected();
    // What the server counts of a block is the block.
    Ok(if statement.is_plsql() { 0 } else { rows })
}

fn query(
    connection: &Connection,
    sql: &str,
    answers: &SyncSender<Answer>,
) -> Result<Answer, DbError> {
    let (cursor, together) = fetch::open(connection, sql)?;
    let kinds: Arc<[Kind]> = cursor
        .columns()
        .iter()
        .map(Kind::of)
        .collect::<Result<_, _>>()?;
    let mut batch = Vec::new();
    for row in cursor {
        batch.push(row.map_err(|error| told(&error))?);
        if batch.len() >= together as usize {
            let full = Answer::Rows(Arc::clone(&kinds), std::mem::take(&mut batch));
            if answers.send(full).is_err() {
                // Nobody wants the rest.
                return Ok(Answer::End(Ok(0)));
            }
        }
    }
    Ok(Answer::Last(kinds, batch))
}

#[cfg(test)]
mod tests {
    use std::sync::Mutex;

    use super::*;

    #[test]
    fn a_panic_leaves_no_lock_poisoned_and_drops_what_it_passes() {
        let lock = Mutex::new(());
        let held = Arc::new(());
        let panicked = caught(|| {
            let _held = Arc::clone(&held);
            let _guard = lock.lock();
            resume_unwind(Box::new("without a word"));
        });
        let said = panicked.map_err(|panic| said(panic.as_ref()).to_owned());
        assert_eq!(said, Err("without a word".to_owned()));
        assert!(!lock.is_poisoned());
        assert_eq!(Arc::strong_count(&held), 1);
        assert!(!thread::panicking());
    }

    #[test]
    fn work_that_does_not_panic_gives_what_it_gives() {
        assert_eq!(caught(|| 7).ok(), Some(7));
    }
}
