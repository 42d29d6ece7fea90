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
            .set_transport_connect_timeout(Some(self.place.one_address(self.connect)))
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
            .map_err(|error| self.place.not_looked_up(told(&error)))?;
        let connection = oracledb::connect(config).map_err(|error| {
            let mut error = told(&error);
            match error.trouble {
                Trouble::TimedOut => return self.too_late(),
                Trouble::Lost => error.trouble = Trouble::NoRoute,
                // Who may not come as SYSDBA is told what others are told who may not do something.
                Trouble::NotPermitted => error.trouble = Trouble::Login,
                _ => {}
            }
            error
        })?;
        connection
            .set_call_timeout(self.command)
            .map_err(|error| told(&error))?;
        Ok(connection)
    }

    /// Nobody answered in time.
    pub(super) fn too_late(&self) -> DbError {
        let why = format!("no answer within {:?}", self.connect);
        DbError::new(Trouble::NoRoute, why)
    }
}

impl Place {
    /// How long one address may take of the time for all: an alias may have several, of which the first is silent.
    fn one_address(&self, all: Duration) -> Duration {
        match self {
            Self::Service { .. } => all,
            Self::Alias { .. } => all / 3,
        }
    }

    /// Why an alias leads nowhere. The driver does not say which file it could not read.
    fn not_looked_up(&self, error: DbError) -> DbError {
        let folder = match self {
            Self::Alias { folder, .. } => folder.as_ref(),
            Self::Service { .. } => None,
        };
        let why = match (error.trouble, folder) {
            (Trouble::Lost, Some(folder)) => {
                let file = folder.join("tnsnames.ora");
                format!("`{}` can't be read: {}", file.display(), error.message)
            }
            _ => error.message,
        };
        DbError::new(Trouble::NoRoute, why)
    }

    /// A descriptor, or the alias. Not EZConnect: the driver takes a service's name to end where a `-` or `$` is.
    fn connect_string(&self) -> Result<String, DbError> {
        match self {
            Self::Service {
                host,
                port,
                service,
                encrypted,
            } => {
                let protocol = if *encrypted { "tcps" } else { "tcp" };
                let host = match host.strip_prefix('[').and_then(|it| it.strip_suffix(']')) {
                    Some(address) => plain(address, "host", "._-:%"),
                    None => plain(host, "host", "._-:%"),
                }?;
                let service = plain(service, "service", "._-$#")?;
                // Without the delay the driver rests for a second after an attempt that failed, also the last one.
                Ok(format!(
                    "(DESCRIPTION=(RETRY_DELAY=0)(SDU=65535)(ADDRESS=(PROTOCOL={protocol})(HOST={host})(PORT={port}))\
                     (CONNECT_DATA=(SERVICE_NAME={service})))"
                ))
            }
            Self::Alias { name, .. } => plain(name, "alias", "._-$#").map(str::to_owned),
        }
    }
}

/// A name without anything that means something in a descriptor.
fn plain<'a>(name: &'a str, what: &str, also: &str) -> Result<&'a str, DbError> {
    let fits = |c: char| c.is_alphanumeric() || also.contains(c);
    match !name.is_empty() && name.chars().all(fits) {
        true => Ok(name),
        false => Err(DbError::new(
            Trouble::NoRoute,
            format!("`{name}` is no name of a {what}"),
        )),
    }
}
