//! What roles and users may do with a database connection.

use crate::LifeTime;
use crate::connection::SINCE;
use crate::error::Error;
use crate::http::Call;
use crate::registration::json;
use serde::{Deserialize, Serialize};
use ureq::http::Method;

/// How much somebody may do with a connection.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
pub struct ConnectionLevel {
    /// What it is set by.
    pub id: i64,
    /// `Full Control`, `No Access` or `Read-Only`.
    pub label: String,
}

/// Who may do it.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Holder<'a> {
    /// A role, by its name.
    Role(&'a str),
    /// A user, by the name for logging in.
    User(&'a str),
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct PermissionBody<'a> {
    #[serde(skip_serializing_if = "Option::is_none")]
    role: Option<&'a str>,
    #[serde(skip_serializing_if = "Option::is_none")]
    username: Option<&'a str>,
    permission_level: i64,
}

#[derive(Default, Deserialize)]
struct LevelRecord {
    #[serde(rename = "DbConnectionPermissionLevel", default)]
    level: Option<ConnectionLevel>,
}

impl LifeTime {
    /// The levels that a permission can have.
    ///
    /// # Errors
    /// If LifeTime can't be asked, or is too old.
    pub fn connection_levels(&self) -> Result<Vec<ConnectionLevel>, Error> {
        let what = "list the permission levels of database connections";
        let call = Call::get(self.url("environments/dbconnection/permissionlevels/"));
        let reply = self.http.send(&call).map_err(|failure| failure.error)?;
        if reply.status == 404 {
            return Err(self.not_offered(what, SINCE, 404));
        }
        let records: Vec<LevelRecord> = self.accepted(reply, what)?.value(what)?;
        Ok(records
            .into_iter()
            .filter_map(|record| record.level)
            .collect())
    }

    /// How much somebody may do with a connection.
    ///
    /// # Errors
    /// If LifeTime can't be asked, is too old, or doesn't know the environment, the connection or the holder.
    pub fn connection_permission(
        &self,
        environment_key: &str,
        connection: &str,
        holder: Holder,
    ) -> Result<ConnectionLevel, Error> {
        let (kind, who) = holder.path();
        let what = format!("say what `{who}` may do with the database connection `{connection}`");
        let url = self.below(environment_key, &["dbconnections", connection, kind, who])?;
        let reply = self
            .http
            .send(&Call::get(url))
            .map_err(|failure| failure.error)?;
        if reply.status == 404 {
            return Err(self.told_apart(environment_key, Some(connection), &what));
        }
        self.accepted(reply, &what)?.value(&what)
    }

    /// Sets how much somebody may do with a connection, by the identifier of a level. Doing it twice does no harm.
    ///
    /// # Errors
    /// If nothing was changed, or [`crate::Kind::Unsettled`] if that is not known.
    pub fn set_connection_permission(
        &self,
        environment_key: &str,
        connection: &str,
        holder: Holder,
        level_id: i64,
    ) -> Result<(), Error> {
        let (kind, who) = holder.path();
        let what = format!("set what `{who}` may do with the database connection `{connection}`");
        let (role, username) = match holder {
            Holder::Role(role) => (Some(role), None),
            Holder::User(user) => (None, Some(user)),
        };
        let body = json(&PermissionBody {
            role,
            username,
            permission_level: level_id,
        })?;
        let call = Call {
            method: Method::PUT,
            url: self.below(environment_key, &["dbconnections", connection, kind])?,
            body: Some(("application/json", body)),
            asks: false,
            secrets: Vec::new(),
        };
        self.put(environment_key, connection, &call, &what)
    }
}

impl<'a> Holder<'a> {
    fn path(self) -> (&'static str, &'a str) {
        match self {
            Self::Role(name) => ("rolepermissionlevel", name),
            Self::User(name) => ("userpermissionlevel", name),
        }
    }
}
