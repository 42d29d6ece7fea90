//! How a server is reached, and who logs in there.

use serde::Deserialize;

use crate::engine::Engine;

/// How a server is reached, and who logs in there.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Server {
    /// Host name or address, an availability group's listener, or Oracle's listener.
    #[serde(default)]
    pub host: String,
    /// What the server calls itself (SQL Server's `@@SERVERNAME`, Oracle's `DB_UNIQUE_NAME`), which may differ from how it
    /// is reached: scripts refuse on any other one.
    #[serde(default)]
    pub name: Option<String>,
    /// TCP port; 1433 for SQL Server unless an instance is named, 1521 for Oracle.
    #[serde(default)]
    pub port: Option<u16>,
    /// SQL Server: a named instance, whose port the SQL Browser service knows.
    #[serde(default)]
    pub instance: Option<String>,
    /// Oracle: the service, in a database with containers that of the container.
    #[serde(default)]
    pub service: Option<String>,
    /// Oracle: an alias of `tnsnames.ora`, instead of host, port and service.
    #[serde(default)]
    pub alias: Option<String>,
    /// Oracle: the folder of `tnsnames.ora`; what the environment variable `TNS_ADMIN` says when absent.
    #[serde(default)]
    pub tns_admin: Option<String>,
    /// What kind of login.
    #[serde(default)]
    pub login: Login,
    /// Its name; `DOMAIN\\name` for Windows.
    #[serde(default)]
    pub user: Option<String>,
    /// Where its password, or the access token, comes from.
    #[serde(default)]
    pub password: Option<Secret>,
    /// What is encrypted. When absent: everything on SQL Server, and on Oracle nothing but the password.
    #[serde(default)]
    pub encryption: Option<Encryption>,
    /// SQL Server: the certificate of the authority that signed the server's, PEM or DER.
    #[serde(default)]
    pub ca_file: Option<String>,
    /// SQL Server: whether any certificate is believed.
    #[serde(default)]
    pub trust_certificate: bool,
    /// Oracle: the folder of a wallet, `ewallet.pem`, with the certificates to believe.
    #[serde(default)]
    pub wallet: Option<String>,
    /// Oracle: where the password of the wallet's private key comes from.
    #[serde(default)]
    pub wallet_password: Option<Secret>,
    /// What the server lists the sessions as.
    #[serde(default = "application")]
    pub application: String,
    /// How long connecting may take, in seconds.
    #[serde(default = "connect_seconds")]
    pub connect_seconds: u32,
    /// How long the server may be silent during a command, in seconds; 0 for ever.
    #[serde(default)]
    pub command_seconds: u32,
    /// How long a statement waits for a lock, in seconds. On Oracle only DDL has such a limit.
    #[serde(default = "lock_seconds")]
    pub lock_seconds: u32,
    /// SQL Server: whether all addresses of the host are tried, for a listener in several subnets.
    #[serde(default)]
    pub multi_subnet: bool,
    /// SQL Server: whether a readable secondary replica may answer.
    #[serde(default)]
    pub read_intent: bool,
}

fn application() -> String {
    "envclone".to_owned()
}

fn connect_seconds() -> u32 {
    15
}

fn lock_seconds() -> u32 {
    30
}

/// What kind of login.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Login {
    /// One of the server itself.
    #[default]
    Sql,
    /// SQL Server: a Windows account, with its password.
    Windows,
    /// SQL Server: the Windows account that runs the program.
    Integrated,
    /// SQL Server: Microsoft Entra ID, with an access token.
    Entra,
    /// Oracle: a user of the database, as SYSDBA.
    Sysdba,
}

/// Where a secret comes from. Never from the settings themselves.
#[derive(Clone, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Secret {
    /// An environment variable.
    Env(String),
    /// The first line of a file.
    File(String),
    /// An entry of the system's keyring, by its name.
    Keyring(String),
    /// A person is asked.
    Prompt,
}

/// What is encrypted between here and the server.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Encryption {
    /// Nothing but the login.
    Off,
    /// Everything, or there is no connection: TLS, which is TCPS on Oracle.
    On,
    /// SQL Server: everything from the first byte, TDS 8.
    Strict,
}

impl Server {
    /// What names the server, without the port that it is expected at: `host`, `host:port`, `host\\instance`,
    /// `host/service`, `host:port/service` or the alias.
    #[must_use]
    pub fn label(&self) -> String {
        let host = match (&self.alias, &self.instance, self.port) {
            (Some(alias), _, _) => alias.clone(),
            (None, Some(instance), _) => format!("{}\\{instance}", self.host),
            (None, None, Some(port)) => format!("{}:{port}", self.host),
            (None, None, None) => self.host.clone(),
        };
        match &self.service {
            Some(service) => format!("{host}/{service}"),
            None => host,
        }
    }

    /// What contradicts itself, or is not for this engine.
    pub(super) fn mistake(&self, engine: Engine) -> Option<&'static str> {
        match engine {
            Engine::Sqlite => Some("this engine has files and no server"),
            Engine::SqlServer => self.sql_server_mistake(),
            Engine::Oracle => self.oracle_mistake(),
        }
    }

    fn sql_server_mistake(&self) -> Option<&'static str> {
        let named = self.user.is_some();
        let secret = self.password.is_some();
        let of_oracle = [&self.service, &self.alias, &self.tns_admin, &self.wallet];
        match self.login {
            _ if of_oracle.into_iter().any(Option::is_some) || self.wallet_password.is_some() => {
                Some(
                    "`service`, `alias`, `tns-admin`, `wallet` and `wallet-password` are for Oracle",
                )
            }
            Login::Sysdba => Some("the login `sysdba` is for Oracle"),
            _ if self.host.is_empty() => Some("`host` is missing"),
            _ if self.port.is_some() && self.instance.is_some() => {
                Some("`port` and `instance` exclude each other: an instance's port is asked for")
            }
            _ if self.ca_file.is_some() && self.trust_certificate => {
                Some("`ca-file` and `trust-certificate` exclude each other")
            }
            Login::Sql | Login::Windows if !named || !secret => {
                Some("the login needs `user` and `password`")
            }
            Login::Integrated if named || secret => {
                Some("the login `integrated` takes no `user` and no `password`")
            }
            Login::Entra if !secret || named => {
                Some("the login `entra` takes its token from `password`, and no `user`")
            }
            _ => None,
        }
    }

    fn oracle_mistake(&self) -> Option<&'static str> {
        let by_alias = self.alias.is_some();
        let of_sql_server = self.instance.is_some()
            || self.ca_file.is_some()
            || self.trust_certificate
            || self.multi_subnet
            || self.read_intent;
        if of_sql_server {
            Some(
                "`instance`, `ca-file`, `trust-certificate`, `multi-subnet` and `read-intent` are for SQL Server",
            )
        } else if !matches!(self.login, Login::Sql | Login::Sysdba) {
            Some("the login of Oracle is `sql` or `sysdba`")
        } else if self.encryption == Some(Encryption::Strict) {
            Some("the encryption of Oracle is `on` (TCPS) or `off`")
        } else if by_alias
            && (!self.host.is_empty()
                || self.port.is_some()
                || self.service.is_some()
                || self.encryption.is_some())
        {
            Some(
                "`alias` says where the listener is: `host`, `port`, `service` and `encryption` are for doing without it",
            )
        } else if !by_alias && (self.host.is_empty() || self.service.is_none()) {
            Some("the database needs `host` and `service`, or an `alias`")
        } else if !by_alias && self.tns_admin.is_some() {
            Some("`tns-admin` says where an `alias` is looked up")
        } else if self.wallet.is_none() && self.wallet_password.is_some() {
            Some("`wallet-password` is that of a `wallet`")
        } else if self.user.is_none() || self.password.is_none() {
            Some("the login needs `user` and `password`")
        } else {
            None
        }
    }
}
