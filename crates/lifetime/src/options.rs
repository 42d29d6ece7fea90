//! How long, how often and whom to believe.

use std::fmt;
use std::time::Duration;

/// Whose word counts for a server's certificate.
#[derive(Clone, PartialEq, Eq)]
pub enum Trust {
    /// The authorities that this machine trusts. On Windows that is its own store, with a company's authorities in it.
    Machine,
    /// The authorities in this PEM text, and no others.
    Only(Vec<u8>),
}

impl fmt::Debug for Trust {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Machine => "Machine",
            Self::Only(_) => "Only(…)",
        })
    }
}

/// How to ask.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Options {
    /// The longest time until a connection stands, TLS included. Windows may take ten seconds of it to ask in vain whether
    /// a certificate was revoked.
    pub connect: Duration,
    /// The longest time for a question, from its beginning to the end of its answer.
    pub question: Duration,
    /// The longest time for a change. LifeTime registers while the caller waits, and asks the environment about its
    /// users and modules meanwhile.
    pub change: Duration,
    /// How often a question is asked that finds no server, or a failing one.
    pub tries: u32,
    /// The wait before the second try; it doubles with each further one.
    pub pause: Duration,
    /// How long LifeTime's list is watched after a change whose answer was lost.
    pub patience: Duration,
    /// Whose word counts for a certificate.
    pub trust: Trust,
    /// Whether the token may go to another machine without TLS.
    pub allow_plain: bool,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            connect: Duration::from_secs(30),
            question: Duration::from_secs(60),
            change: Duration::from_secs(600),
            tries: 3,
            pause: Duration::from_secs(1),
            patience: Duration::from_secs(60),
            trust: Trust::Machine,
            allow_plain: false,
        }
    }
}
