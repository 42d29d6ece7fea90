//! How a SQL Server is reached and who asks.

use std::path::PathBuf;
use std::time::Duration;

use secrecy::{ExposeSecret as _, SecretString};
use tiberius::{AuthMethod, Client, Config, EncryptionLevel, SqlBrowser as _};
use tokio::net::TcpStream;
use tokio_util::compat::{Compat, TokioAsyncWriteCompatExt as _};

use super::trouble::told;
use crate::{DbError, Trouble};

/// A connection of the driver.
pub(super) type Connection = Client<Compat<TcpStream>>;

/// A server, and how to log in there.
#[derive(Clone, Debug)]
pub struct Server {
    /// What names it in the names of its databases.
    pub label: String,
    /// Its host name or address, or an availability group's listener.
    pub host: String,
    /// Where it is found on the host.
    pub place: Place,
    /// Who logs in.
    pub login: Login,
    /// What is encrypted.
    pub encryption: Encryption,
    /// Which certificates are believed.
    pub trust: Trust,
    /// What the server lists the sessions as.
    pub application: String,
    /// How long connecting may take.
    pub connect: Duration,
    /// How long a command may be silent; none to wait for ever.
    pub command: Option<Duration>,
    /// How long a statement waits for a lock.
    pub lock: Duration,
    /// Whether all addresses of the host are tried at once, for a listener in several subnets.
    pub multi_subnet: bool,
    /// Whether a readable secondary replica may answer.
    pub read_intent: bool,
}

/// Where a server is found on its host.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At a TCP port.
    Port(u16),
    /// Under a name that the SQL Browser service knows the port of.
    Instance(String),
}

/// Who logs in.
#[derive(Clone, Debug)]
pub enum Login {
    /// A login of the server itself.
    Sql {
        /// Its name.
        user: String,
        /// Its password.
        password: SecretString,
    },
    /// A Windows account, `DOMAIN\name`.
    Windows {
        /// Its name.
        user: String,
        /// Its password.
        password: SecretString,
    },
    /// Whoever runs the program.
    Integrated,
    /// An access token of Microsoft Entra ID.
    Entra {
        /// The token.
        token: SecretString,
    },
}

/// What is encrypted.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Encryption {
    /// Nothing but the login.
    Off,
    /// Everything, or there is no connection.
    #[default]
    On,
    /// Everything from the first byte (TDS 8).
    Strict,
}

/// Which certificates are believed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub enum Trust {
    /// Those that the system believes.
    #[default]
    System,
    /// Those that an authority signed whose certificate is in this file, PEM or DER.
    Authority(PathBuf),
    /// Any: nobody knows then who answers.
    Any,
}

impl Server {
    fn config(&self, database: &str) -> Result<Config, DbError> {
        let mut config = Config::new();
        config.host(&self.host);
        match &self.place {
            Place::Port(port) => config.port(*port),
            Place::Instance(name) => config.instance_name(name),
        }
        config.database(database);
        config.application_name(&self.application);
        config.authentication(method(&self.login)?);
        config.encryption(match self.encryption {
            Encryption::Off => EncryptionLevel::Off,
            Encryption::On => EncryptionLevel::Required,
            Encryption::Strict => EncryptionLevel::Strict,
        });
        match &self.trust {
            Trust::System => {}
            Trust::Authority(file) => config.trust_cert_ca(file.display()),
            Trust::Any => config.trust_cert(),
        }
        config.readonly(self.read_intent);
        config.multi_subnet_failover(self.multi_subnet);
        config.handshake_timeout(Some(self.connect));
        // The driver's own limit of 30 s would end every longer backup.
        config.command_timeout(self.command);
        // A text that is no valid UTF-16 must not end a walk through all tables.
        config.lossy_utf16_decoding(true);
        Ok(config)
    }

    /// Connects to a database.
    pub(super) async fn connect(&self, database: &str) -> Result<Connection, DbError> {
        let mut config = self.config(database)?;
        // A read-only listener and Azure SQL send the client to another address, once.
        for _ in 0..2 {
            let stream = self.stream(&config).await?;
            match Client::connect(config.clone(), stream.compat_write()).await {
                Ok(client) => return Ok(client),
                Err(tiberius::error::Error::Routing { host, port }) => {
                    config.host(host);
                    config.port(port);
                }
                Err(error) => return Err(told(&error)),
            }
        }
        Err(DbError::new(
            Trouble::NoRoute,
            "the server sends its clients from address to address",
        ))
    }

    async fn stream(&self, config: &Config) -> Result<TcpStream, DbError> {
        let connecting = async {
            match &self.place {
                Place::Port(_) => Ok(TcpStream::connect(config.get_addr()).await?),
                Place::Instance(_) => TcpStream::connect_named(config).await,
            }
        };
        let stream = match tokio::time::timeout(self.connect, connecting).await {
            Ok(Ok(stream)) => stream,
            Ok(Err(error)) => {
                return Err(DbError::new(Trouble::NoRoute, told(&error).message));
            }
            Err(_) => {
                let seconds = self.connect.as_secs();
                return Err(DbError::new(
                    Trouble::NoRoute,
                    format!("no answer in {seconds} s"),
                ));
            }
        };
        stream
            .set_nodelay(true)
            .map_err(|error| DbError::new(Trouble::NoRoute, error.to_string()))?;
        Ok(stream)
    }
}

fn method(login: &Login) -> Result<AuthMethod, DbError> {
    match login {
        Login::Sql { user, password } => Ok(AuthMethod::sql_server(user, password.expose_secret())),
        Login::Entra { token } => Ok(AuthMethod::aad_token(token.expose_secret())),
        #[cfg(windows)]
        Login::Windows { user, password } => {
            Ok(AuthMethod::windows(user, password.expose_secret()))
        }
        #[cfg(windows)]
        Login::Integrated => Ok(AuthMethod::Integrated),
        #[cfg(not(windows))]
        Login::Windows { .. } | Login::Integrated => Err(DbError::new(
            Trouble::Login,
            "Windows logins are possible from Windows only",
        )),
    }
}
