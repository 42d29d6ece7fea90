//! How an Oracle database is reached and who asks.

use std::path::PathBuf;
use std::time::Duration;

use oracledb::{Config, Connection};
use secrecy::{ExposeSecret as _, SecretString};

use super::trouble::told;
use crate::{DbError, Trouble};

/// A database, and how to log in there.
#[derive(Clone, Debug)]
pub struct Server {
    /// What names it in the names of its schemas.
    pub label: String,
    /// Where its listener is.
    pub place: Place,
    /// Who logs in.
    pub user: String,
    /// The user's password.
    pub password: SecretString,
    /// Whether the user logs in as SYSDBA.
    pub sysdba: bool,
    /// The folder of a wallet (`ewallet.pem`) with the certificates to believe, and perhaps one to show.
    pub wallet: Option<PathBuf>,
    /// The password of the wallet's private key.
    pub wallet_password: Option<SecretString>,
    /// What the server lists the sessions as.
    pub application: String,
    /// How long connecting may take.
    pub connect: Duration,
    /// How long a command may be silent; none to wait for ever.
    pub command: Option<Duration>,
    /// How long DDL waits for a lock. Nothing limits how long other statements do.
    pub lock: Duration,
}

/// Where a database's listener is.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Place {
    /// At a port of a host, for a service.
    Service {
        /// Host name or address.
        host: String,
        /// TCP port.
        port: u16,
        /// The service.
        service: String,
        /// Whether the connection is encrypted by TLS (TCPS).
        encrypted: bool,
    },
    /// Where an alias of `tnsnames.ora` leads.
    Alias {
        /// The alias.
        name: String,
        /// The folder of `tnsnames.ora`; what `TNS_ADMIN` says when absent.
        folder: Option<PathBuf>,
    },
}

impl Server {
    /// Logs in.
    pub(super) fn connect(&self) -> Result<Connection, DbError> {
        let mut config = Config::default()
            .set_credentials(&self.user, self.password.expose_secret())
            .set_transport_connect_timeout(Some(self.connect))
            // What is asked twice here is asked of changed tables.
            .set_stmtcachesize(0)
            .set_program(&self.application)
            .map_err(|error| told(&error))?;
        if self.sysdba {
            config = config.set_auth_mode(oracledb::AUTH_MODE_SYSDBA);
        }
        if let Some(wallet) = &self.wallet {
            config = config.set_wallet_location(wallet.display().to_string());
        }
        if let Some(password) = &self.wallet_password {
            config = config.set_wallet_password(password.expose_secret());
        }
        if let Place::Alias {
            folder: Some(folder),
            ..
        } = &self.place
        {
            config = config.set_config_dir(&folder.display().to_string());
        }
        let config = config
            .set_connect_string(&self.place.connect_string()?)
            .map_err(|error| told(&error))?;
        let connection = oracledb::connect(config).map_err(|error| {
            let mut error = told(&error);
            if matches!(error.trouble, Trouble::Lost | Trouble::TimedOut) {
                error.trouble = Trouble::NoRoute;
            }
            error
        })?;
        connection
            .set_call_timeout(self.command)
            .map_err(|error| told(&error))?;
        Ok(connection)
    }
}

impl Place {
    /// EZConnect, or the alias.
    fn connect_string(&self) -> Result<String, DbError> {
        let name = |text: &str| {
            let plain = |c: char| c.is_alphanumeric() || "._-$#:[]".contains(c);
            if !text.is_empty() && text.chars().all(plain) {
                Ok(text.to_owned())
            } else {
                Err(DbError::new(
                    Trouble::NoRoute,
                    format!("`{text}` is no name of a host, service or alias"),
                ))
            }
        };
        match self {
            Self::Service {
                host,
                port,
                service,
                encrypted,
            } => {
                let protocol = if *encrypted { "tcps" } else { "tcp" };
                Ok(format!(
                    "{protocol}://{}:{port}/{}",
                    name(host)?,
                    name(service)?
                ))
            }
            Self::Alias { name: alias, .. } => name(alias),
        }
    }
}
