//! Database connections of an environment, as LifeTime 11.13.0 and newer can make them.

use crate::LifeTime;
use crate::change::{Doubt, Sent, UNCHANGED};
use crate::error::{Error, Kind};
use crate::http::{Call, Reply};
use crate::registration::json;
use secrecy::{ExposeSecret, SecretString};
use serde::{Deserialize, Serialize};
use ureq::http::Method;

/// A connection as LifeTime lists it. Its user and password are not told.
#[derive(Clone, Debug)]
pub struct Connection {
    /// Its name.
    pub name: String,
    /// What it is for.
    pub description: String,
    /// The provider's name; a new connection needs its key.
    pub provider: String,
    /// Whether it is configured by parameters.
    pub advanced: bool,
    /// Those parameters. A connection string can have a password in it.
    pub configuration: Option<SecretString>,
}

/// What makes or changes a connection, or is tested.
#[derive(Clone, Debug)]
pub struct ConnectionData {
    /// Its name.
    pub name: String,
    /// The provider's key, as [`LifeTime::connection_providers`] tells it.
    pub provider_key: String,
    /// What it is for.
    pub description: String,
    /// The database's user.
    pub user: String,
    /// The database's password.
    pub password: SecretString,
    /// Parameters, with `;` between them.
    pub parameters: Option<SecretString>,
}

/// A kind of database that an environment can be connected to.
#[derive(Clone, Debug, Default, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "PascalCase")]
pub struct ConnectionProvider {
    /// The name that lists of connections use.
    pub display_name: String,
    /// The key that a new connection needs.
    pub provider_key: String,
}

/// How it is that a connection is there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ConnectionMade {
    /// LifeTime was told to, and said that it is done.
    Done,
    /// LifeTime was told to, its answer was lost, and its list has the connection now.
    DoneUnheard,
}

#[derive(Deserialize)]
#[serde(rename_all = "camelCase")]
struct Listed {
    db_connection_name: String,
    #[serde(default)]
    description: Option<String>,
    #[serde(default)]
    provider_name: Option<String>,
    #[serde(default)]
    is_advanced_configuration: bool,
    #[serde(default)]
    database_configuration: Option<String>,
}

#[derive(Serialize)]
#[serde(rename_all = "camelCase")]
struct DataBody<'a> {
    db_connection_name: &'a str,
    provider_key: &'a str,
    description: &'a str,
    db_username: &'a str,
    db_password: &'a str,
    #[serde(skip_serializing_if = "Option::is_none")]
    db_config_params: Option<&'a str>,
}

/// The release of LifeTime that brought them.
pub(crate) const SINCE: &str = "11.13.0";

impl LifeTime {
    /// The connections of an environment.
    ///
    /// # Errors
    /// If LifeTime can't be asked, doesn't know the environment, or is too old.
    pub fn connections(&self, environment_key: &str) -> Result<Vec<Connection>, Error> {
        let what = "list database connections";
        let reply = self.ask(environment_key, &["dbconnections"], what)?;
        let listed: Vec<Listed> = reply.value(what)?;
        Ok(listed.into_iter().map(Connection::from).collect())
    }

    /// The kinds of databases that an environment can be connected to.
    ///
    /// # Errors
    /// If LifeTime can't be asked, doesn't know the environment, or is too old.
    pub fn connection_providers(
        &self,
        environment_key: &str,
    ) -> Result<Vec<ConnectionProvider>, Error> {
        let what = "list the providers of database connections";
        let reply = self.ask(environment_key, &["dbconnection", "dbproviders"], what)?;
        reply.value(what)
    }

    /// Makes a connection.
    ///
    /// # Errors
    /// If nothing was changed, or [`Kind::Unsettled`] if that is not known. [`Kind::Exists`] if there is one of this name.
    pub fn create_connection(
        &self,
        environment_key: &str,
        data: &ConnectionData,
    ) -> Result<ConnectionMade, Error> {
        let name = &data.name;
        let listed = || {
            let all = self.connections(environment_key)?;
            Ok::<bool, Error>(all.iter().any(|one| one.name.eq_ignore_ascii_case(name)))
        };
        if listed().map_err(|error| error.after(UNCHANGED))? {
            let message = format!("{UNCHANGED}: there is a database connection `{name}` already");
            return Err(Error::new(Kind::Exists, message));
        }
        let what = format!("make the database connection `{name}`");
        let url = self.below(environment_key, &["dbconnections"])?;
        match self.change(&data.call(Method::POST, url)?, &what)? {
            Sent::Done(_) => Ok(ConnectionMade::Done),
            Sent::NotFound => Err(self
                .told_apart(environment_key, None, &what)
                .after(UNCHANGED)),
            Sent::Doubtful(doubt) => {
                let missing = format!("LifeTime does not list `{name}`");
                self.settle(&what, &missing, doubt, || {
                    Ok(listed()?.then_some(ConnectionMade::DoneUnheard))
                })
            }
        }
    }

    /// Changes a connection. Doing it twice does no harm.
    ///
    /// # Errors
    /// If nothing was changed, or [`Kind::Unsettled`] if that is not known: a password can't be asked for.
    pub fn update_connection(
        &self,
        environment_key: &str,
        data: &ConnectionData,
    ) -> Result<(), Error> {
        let what = format!("change the database connection `{}`", data.name);
        let url = self.below(environment_key, &["dbconnections", &data.name])?;
        self.put(
            environment_key,
            &data.name,
            &data.call(Method::PUT, url)?,
            &what,
        )
    }

    /// Has the environment log in to a database, and changes nothing. What the server said is given back.
    ///
    /// # Errors
    /// If the test failed (then the message is the environment's own), or LifeTime can't be asked.
    pub fn test_connection(
        &self,
        environment_key: &str,
        data: &ConnectionData,
    ) -> Result<String, Error> {
        let what = format!("test the database connection `{}`", data.name);
        let url = self.below(environment_key, &["testdbconnection"])?;
        let call = data.call(Method::POST, url)?;
        let reply = self.http.send(&call).map_err(|failure| failure.error)?;
        if reply.status == 404 {
            return Err(self.told_apart(environment_key, None, &what));
        }
        Ok(self.accepted(reply, &what)?.said)
    }

    fn ask(&self, environment_key: &str, parts: &[&str], what: &str) -> Result<Reply, Error> {
        let url = self.below(environment_key, parts)?;
        let reply = self
            .http
            .send(&Call::get(url))
            .map_err(|failure| failure.error)?;
        if reply.status == 404 {
            return Err(self.told_apart(environment_key, None, what));
        }
        self.accepted(reply, what)
    }

    /// Sends a change that does no harm when it is done twice, and whose effect can't be looked at.
    pub(crate) fn put(
        &self,
        environment_key: &str,
        connection: &str,
        call: &Call,
        what: &str,
    ) -> Result<(), Error> {
        match self.change(call, what)? {
            Sent::Done(_) => Ok(()),
            Sent::NotFound => {
                let error = self.told_apart(environment_key, Some(connection), what);
                Err(error.after(UNCHANGED))
            }
            Sent::Doubtful(Doubt { cause, .. }) => {
                let message = format!(
                    "it is not known whether LifeTime did {what}: {cause}; doing it again does no harm"
                );
                Err(Error::new(Kind::Unsettled, message))
            }
        }
    }

    /// What a 404 is about, which its own text does not tell reliably: the environment, the connection, or the call.
    pub(crate) fn told_apart(
        &self,
        environment_key: &str,
        connection: Option<&str>,
        what: &str,
    ) -> Error {
        let all = match self.environments() {
            Ok(all) => all,
            Err(error) => return error,
        };
        if !all
            .iter()
            .any(|one| one.key.eq_ignore_ascii_case(environment_key))
        {
            let message =
                format!("LifeTime lists no environment with the key `{environment_key}` (404)");
            return Error::new(Kind::UnknownEnvironment, message);
        }
        let not_offered = self.not_offered(what, SINCE, 404);
        let Some(connection) = connection else {
            return not_offered;
        };
        match self.connections(environment_key) {
            Ok(all)
                if !all
                    .iter()
                    .any(|one| one.name.eq_ignore_ascii_case(connection)) =>
            {
                let message = format!("there is no database connection `{connection}` (404)");
                Error::new(Kind::Unknown, message)
            }
            Ok(_) => Error::new(
                Kind::Unknown,
                format!("LifeTime can't {what}: unknown there (404)"),
            ),
            Err(error) => error,
        }
    }
}

impl ConnectionData {
    fn call(&self, method: Method, url: String) -> Result<Call, Error> {
        let parameters = self.parameters.as_ref();
        let body = json(&DataBody {
            db_connection_name: &self.name,
            provider_key: &self.provider_key,
            description: &self.description,
            db_username: &self.user,
            db_password: self.password.expose_secret(),
            db_config_params: parameters.map(ExposeSecret::expose_secret),
        })?;
        Ok(Call {
            method,
            url,
            body: Some(("application/json", body)),
            asks: false,
            secrets: self.secrets(),
        })
    }
}

impl ConnectionData {
    /// What must not come back in a message: the password, the parameters, and a password among them by itself.
    fn secrets(&self) -> Vec<SecretString> {
        let parameters = self.parameters.as_ref();
        let parts = parameters
            .map_or("", ExposeSecret::expose_secret)
            .split(';');
        let values = parts.filter_map(|part| {
            let (name, value) = part.split_once('=')?;
            let name = name.to_ascii_lowercase();
            let secret = name.contains("pass") || name.contains("pwd");
            secret.then(|| SecretString::from(value.trim()))
        });
        let whole = [&self.password].into_iter().chain(parameters).cloned();
        whole.chain(values).collect()
    }
}

impl From<Listed> for Connection {
    fn from(listed: Listed) -> Self {
        Self {
            name: listed.db_connection_name,
            description: listed.description.unwrap_or_default(),
            provider: listed.provider_name.unwrap_or_default(),
            advanced: listed.is_advanced_configuration,
            configuration: listed.database_configuration.map(SecretString::from),
        }
    }
}
