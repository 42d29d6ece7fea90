//! Changes: each is sent once, and where its answer says nothing, its effect is looked for.

use crate::LifeTime;
use crate::error::{Error, Kind};
use crate::http::{Call, Failure, Reply};
use std::thread;
use std::time::{Duration, Instant};

/// What is said first where it is certain.
pub(crate) const UNCHANGED: &str = "nothing was changed";

/// What became of a change that was sent.
pub(crate) enum Sent {
    /// It is done, says LifeTime.
    Done(Reply),
    /// Something in its path is unknown (404), and nothing was changed.
    NotFound,
    /// Nobody knows.
    Doubtful(Doubt),
}

/// Why nobody knows, and how long LifeTime may still be at it.
pub(crate) struct Doubt {
    pub(crate) cause: Error,
    patience: Duration,
}

impl LifeTime {
    /// Sends a change.
    ///
    /// # Errors
    /// If nothing was changed; the message says so.
    pub(crate) fn change(&self, call: &Call, what: &str) -> Result<Sent, Error> {
        let patience = self.http.options.patience;
        let doubtful = |cause, patience| Ok(Sent::Doubtful(Doubt { cause, patience }));
        let reply = match self.http.send(call) {
            Ok(reply) => reply,
            Err(Failure { error, sent: false }) => return Err(error.after(UNCHANGED)),
            Err(Failure { error, sent: true }) => return doubtful(error, patience),
        };
        match (reply.status, self.accepted(reply, what)) {
            (_, Ok(reply)) => Ok(Sent::Done(reply)),
            (404, Err(_)) => Ok(Sent::NotFound),
            // Something answered in LifeTime's place, or what stands before it gave up earlier than LifeTime does.
            (200..=299 | 502..=504, Err(cause)) => doubtful(cause, patience),
            // LifeTime itself says that it failed: it is done with it.
            (500..=599, Err(cause)) => doubtful(cause, Duration::ZERO),
            (_, Err(error)) => Err(error.after(UNCHANGED)),
        }
    }

    /// Looks whether a change was made after all, until it was or LifeTime had time enough. `missing` is what is the
    /// case as long as it was not.
    pub(crate) fn settle<T>(
        &self,
        what: &str,
        missing: &str,
        doubt: Doubt,
        look: impl Fn() -> Result<Option<T>, Error>,
    ) -> Result<T, Error> {
        let Doubt { cause, patience } = doubt;
        let begin = Instant::now();
        let seen = loop {
            let seen = look();
            match seen {
                Ok(Some(done)) => return Ok(done),
                _ if begin.elapsed() < patience => thread::sleep(self.http.options.pause),
                seen => break seen,
            }
        };
        let unknown = format!("it is not known whether LifeTime did {what}");
        Err(match seen {
            Ok(_) if patience.is_zero() => cause.after(missing),
            Ok(_) => {
                let seconds = begin.elapsed().as_secs();
                let message =
                    format!("{unknown}, or is still at it: {cause}; {seconds} s later {missing}");
                Error::new(Kind::Unsettled, message)
            }
            Err(error) => {
                let message = format!("{unknown}: {cause}; and it can't be asked: {error}");
                Error::new(Kind::Unsettled, message)
            }
        })
    }
}

impl Doubt {
    /// A doubt about an answer that says yes, but not what it should.
    pub(crate) fn about(cause: Error, lifetime: &LifeTime) -> Self {
        let patience = lifetime.http.options.patience;
        Self { cause, patience }
    }
}
