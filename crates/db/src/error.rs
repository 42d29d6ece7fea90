//! What goes wrong with a database, in the words of the person who runs the tool.

use std::fmt;

/// What kind of trouble.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trouble {
    /// There is nothing.
    NotFound,
    /// It is no database of this engine, or an encrypted one.
    NotADatabase,
    /// Its content is damaged or cut off.
    Damaged,
    /// Something else holds it.
    Locked,
    /// The server chose this session to give way to another one.
    Deadlock,
    /// It is being restored, offline, held by one user or otherwise not open.
    NotReady,
    /// It can only be read.
    ReadOnly,
    /// No way leads to the server.
    NoRoute,
    /// The server doesn't let this login in.
    Login,
    /// The server's certificate is not believed, or encryption failed.
    Certificate,
    /// The connection was lost.
    Lost,
    /// No answer came in time.
    TimedOut,
    /// It may not be written, or not be read.
    NotPermitted,
    /// No space is left.
    Full,
    /// The server can't reach a file or folder, which it looks for on its own machine.
    Path,
    /// A backup of a newer server.
    OlderServer,
    /// Part of a database's log is in somebody else's backup.
    LogGap,
    /// A key is missing that the database is encrypted with.
    Key,
    /// No database for this.
    Unsuitable,
    /// This kind of server can't do it.
    Unsupported,
    /// Rows of other tables refer to the changed ones.
    Constraint,
    /// A person interrupted.
    Interrupted,
    /// Something is there that must not be overwritten.
    Exists,
    /// Anything else.
    Other,
}

impl Trouble {
    /// Whether it passes by itself: others were in the way, and the transaction can be tried again from its beginning.
    #[must_use]
    pub fn passes(self) -> bool {
        matches!(self, Self::Deadlock | Self::Locked)
    }

    /// What to do about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::NotFound => {
                "check the name in envclone.toml; a file's path is relative to the settings file"
            }
            Self::NotADatabase => {
                "check that the path names a database file; an encrypted one must be decrypted first"
            }
            Self::Damaged => {
                "copy the database again, with the engine's own tools or with `envclone refresh`"
            }
            Self::Deadlock => {
                "run `envclone resume`: the transaction was undone, and can be tried again"
            }
            Self::NotReady => {
                "bring the database online for everyone (SQL Server: ONLINE, MULTI_USER; Oracle: open, not restricted), then try again"
            }
            Self::ReadOnly => {
                "make the copy writable: ALTER DATABASE … SET READ_WRITE, or on Oracle open the database READ WRITE"
            }
            Self::NoRoute => {
                "check `host`, `port`, `instance`, `service` or `alias`, that the server takes TCP connections, and the firewall"
            }
            Self::Login => {
                "check `login`, `user` and where the password comes from; the server's own log says more than it tells"
            }
            Self::Certificate => {
                "set `ca-file` (Oracle: `wallet`) to what holds the authority's certificate; `trust-certificate = true` (SQL Server) believes anyone who answers"
            }
            Self::Lost => "check the server and the network, then run `envclone resume`",
            Self::TimedOut => {
                "check what the server is busy with; `command-seconds` sets the limit"
            }
            Self::Locked => "end the program that works with it, or wait, then try again",
            Self::NotPermitted => {
                "check the permissions of the file and its folder, or the login's: `envclone doctor` says what a run needs"
            }
            Self::Full => "free some space, then run `envclone resume`",
            Self::Path => {
                "the path is one of the server's machine, and its service account needs the right to it: check `backup-folder`, `restore-folder`, `data-folder` and `log-folder` under [copy], or on Oracle the folders behind `directory` and `import-directory`"
            }
            Self::OlderServer => "copy to a server of the source's version or a newer one",
            Self::LogGap => {
                "let the source's own log backups rest from the end of its full backup until the run's log backup is done, and begin anew with `envclone refresh`; or do without one moment for all databases: `together = false` under [copy]"
            }
            Self::Key => {
                "the source is encrypted (TDE) or its backups are: bring the certificate or key that the server names to the target's server first"
            }
            Self::Unsupported => {
                "where it is the copying that is not possible, copy with the server's own means (Azure SQL Database: CREATE DATABASE … AS COPY OF …), and set `clone = \"adopt\"`"
            }
            Self::Unsuitable => "name the platform's database, and its copy's, in envclone.toml",
            Self::Constraint => {
                "a foreign key that no step covers: `envclone plan` shows the steps; add one of your own that comes `before`"
            }
            Self::Interrupted => "run `envclone resume` to go on",
            Self::Exists => "name another file, or move the existing one away",
            Self::Other => "run again; if it stays, the message above is the engine's own",
        }
    }
}

/// An error of a database engine.
#[derive(Debug)]
pub struct DbError {
    /// What kind.
    pub trouble: Trouble,
    /// The database; empty where only the caller knows.
    pub database: String,
    /// What happened, in the engine's words.
    pub message: String,
}

impl DbError {
    /// An error without a database.
    pub fn new(trouble: Trouble, message: impl Into<String>) -> Self {
        Self {
            trouble,
            database: String::new(),
            message: message.into(),
        }
    }

    /// The same, with the database's name unless it has one.
    #[must_use]
    pub fn at(mut self, database: &str) -> Self {
        if self.database.is_empty() {
            database.clone_into(&mut self.database);
        }
        self
    }
}

impl fmt::Display for DbError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if !self.database.is_empty() {
            write!(f, "`{}`: ", self.database)?;
        }
        f.write_str(&self.message)
    }
}

impl std::error::Error for DbError {}
