//! What goes wrong, in the words of the person who runs the tool.

/// What kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// An address, a token or a certificate file that can't be used as it is written.
    Settings,
    /// The way there isn't encrypted.
    Plain,
    /// No way leads to the server.
    Unreachable,
    /// The server's certificate is not believed.
    Certificate,
    /// No answer came in time.
    TimedOut,
    /// The connection was lost, and the answer with it.
    Lost,
    /// It is still not known whether what was asked for was done.
    Unsettled,
    /// The server sends its clients elsewhere.
    Redirected,
    /// There is no LifeTime API at the address.
    NoLifeTime,
    /// This LifeTime does not have the call, or not enabled.
    NotOffered,
    /// The token is not accepted (401).
    Unauthorized,
    /// The service account may not do it (403).
    Forbidden,
    /// There is no such environment.
    UnknownEnvironment,
    /// There is no such connection, role or user.
    Unknown,
    /// Several environments are meant.
    Ambiguous,
    /// It is there already (409 as well).
    Exists,
    /// The server doesn't accept what was sent (400).
    Refused,
    /// The server failed (5xx).
    Server,
    /// An answer of another shape than the documented one.
    Unexpected,
    /// A saved registration that can't be read.
    Saved,
}

impl Kind {
    /// What to do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Settings => "correct the address, the token or the certificate file",
            Self::Plain => {
                "use the `https://` address; a token or password sent without TLS is everybody's on the way"
            }
            Self::Unreachable => {
                "check the address, that the server is up, the firewall between here and there, and HTTPS_PROXY and NO_PROXY"
            }
            Self::Certificate => {
                "let this machine trust the authority that issued it (on Windows: the machine's store of trusted root authorities), or name the authority's certificate file; check that the address is one that the certificate is for"
            }
            Self::TimedOut => "look what the server is busy with, then try again",
            Self::Lost => "check the network between here and there, then try again",
            Self::Unsettled => {
                "look at LifeTime's own list of environments, wait until it is done with what it does, then run the step again: it looks first, and does only what is missing"
            }
            Self::Redirected => {
                "use the address that it points to, if it is LifeTime's; the token was not sent there"
            }
            Self::NoLifeTime => {
                "check that the address is LifeTime's, without `/lifetime` or with it; its API v2 is below `/lifetimeapi/rest/v2`"
            }
            Self::NotOffered => {
                "do it by hand in LifeTime's console; the API registers and unregisters from LifeTime 11.11.0 on, and knows database connections from 11.13.0 on"
            }
            Self::Unauthorized => {
                "check the token: LifeTime shows it once, under User Management > Service Accounts, and a new one ends the old one"
            }
            Self::Forbidden => {
                "give the service account a role that may manage the infrastructure and its users"
            }
            Self::UnknownEnvironment => {
                "check the name or key against LifeTime's list of environments"
            }
            Self::Unknown => "check the name against LifeTime's or Service Center's list",
            Self::Ambiguous => "use the environment's key instead of its name",
            Self::Exists => {
                "look at LifeTime's list of environments: unregister the old one first, or leave the step out if it is the right one"
            }
            Self::Refused => "correct what the server names, then try again",
            Self::Server => {
                "look into the error log of Service Center, on the server that answered"
            }
            Self::Unexpected => {
                "check that nothing between here and the server answers in its place (a proxy, a log-in page), and its version"
            }
            Self::Saved => {
                "use the file as it was saved; without it, register by hand in LifeTime's console"
            }
        }
    }
}

/// An error of LifeTime, of Service Center, or on the way there. It has no secrets in it.
#[derive(Debug, thiserror::Error)]
#[error("{message}")]
pub struct Error {
    /// What kind.
    pub kind: Kind,
    /// What happened, and first, where something should have changed, whether it did.
    pub message: String,
}

impl Error {
    pub(crate) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self {
            kind,
            message: message.into(),
        }
    }

    /// The same, with the state of the world before it.
    pub(crate) fn after(self, state: &str) -> Self {
        Self::new(self.kind, format!("{state}: {}", self.message))
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        self.kind.hint()
    }
}
