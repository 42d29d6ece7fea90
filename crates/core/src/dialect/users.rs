//! What engines with users of their own in each database spell about them.

use super::Statement;
use crate::plan::Reason;
use crate::principal::{NewUser, Principal};

/// How an engine's database users are looked at, dropped and made.
pub trait Users: Sync {
    /// What `inspect` asks.
    fn inspection(&self) -> UserQueries;
    /// Drops a user, after giving away what it owns.
    ///
    /// # Errors
    /// [`Reason`] where the engine would refuse.
    fn drop_user(&self, user: &Principal) -> Result<UserChange, Reason>;
    /// Makes a user for a login that exists, with fixed roles.
    fn create_user(&self, user: &NewUser<'_>) -> UserChange;
    /// Who is in a copy, for verification: name, identifier (bytes), moment of creation, whether it needs a login (1 or 0),
    /// and its login (NULL: none that can be seen). Shares no text with [`UserQueries::users`].
    fn left(&self) -> String;
    /// The logins that are users of a database.
    fn logins(&self) -> String;
}

/// What is asked to know a database's users. Each query of a list stands with what it looks at, since older engines lack
/// some of that.
#[derive(Clone, Debug)]
pub struct UserQueries {
    /// Whether all users of the database, all logins of the server, and all sessions can be seen: 1 or 0 each.
    pub sight: String,
    /// Name, kind, identifier (bytes), moment of creation, default schema, login, whether it needs one (1 or 0).
    pub users: String,
    /// Member, role.
    pub roles: String,
    /// User, how many permissions it has by name.
    pub permissions: String,
    /// User, code that runs as it.
    pub modules: Vec<(String, String)>,
    /// User, kind, schema, name of what it owns, how many things stand in that.
    pub owned: Vec<(String, String)>,
    /// User, state (`D`, `G` or `W`), permission, kind, schema, name and column of what it is on, to whom, by whom: what
    /// others lose with the user.
    pub given: Vec<(String, String)>,
    /// User, host of a session that is logged in as it.
    pub sessions: String,
}

/// What is done to a user.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct UserChange {
    /// In order; the last one that is about the user itself has the item's own words for its comment.
    pub statements: Vec<Statement>,
    /// What it does, in a few words.
    pub comment: String,
    /// What it means for applications.
    pub effects: Vec<String>,
    /// Counts what is still to be done; 0 when it is.
    pub count: String,
}
