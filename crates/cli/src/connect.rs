//! From settings to an engine: which servers, and the passwords that no settings file holds.

use std::fs;
use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use envclone_core::dialect::MARKS;
use envclone_core::engine::Engine as Name;
use envclone_core::settings::{self, Environment, Secret, Server, Settings};
use envclone_db::{Engine, Reach, oracle, sqlserver};
use secrecy::SecretString;

use crate::execute::interrupted;
use crate::failure::{Exit, Failure, file_failure};
use crate::keyring;

/// An environment with what people call it, and whether anything may ever be written there.
type Named<'a> = (&'a str, &'a Environment, bool);

/// The engine of the settings, ready to open sessions. A password that is set to be asked for is asked for here.
///
/// # Errors
/// Exit 3 where no server is named, 4 where a password can't be had.
pub fn engine(settings: &Settings, folder: &Path) -> Result<Box<dyn Engine>, Failure> {
    let sides = [
        ("source", &settings.source, false),
        ("target", &settings.target, true),
    ];
    reaching(&sides, settings.source.engine, folder)
}

fn reaching(sides: &[Named<'_>], engine: Name, folder: &Path) -> Result<Box<dyn Engine>, Failure> {
    let sides = sides.iter().copied();
    let reach = match engine {
        Name::Sqlite => Reach::Files,
        Name::SqlServer => {
            let sides = sides.map(|side| sql_side(side, folder));
            Reach::SqlServer(sides.collect::<Result<_, _>>()?)
        }
        Name::Oracle => {
            let sides = sides.map(|side| oracle_side(side, folder));
            Reach::Oracle {
                sides: sides.collect::<Result<_, _>>()?,
                lock: MARKS.to_owned(),
            }
        }
    };
    Ok(envclone_db::engine(reach, interrupted))
}

/// The SQL Servers of both environments: the source's, and the target's.
///
/// # Errors
/// Exit 3 where no server is named, 4 where a password can't be had.
pub fn sql_servers(settings: &Settings, folder: &Path) -> Result<[sqlserver::Side; 2], Failure> {
    Ok([
        sql_side(("source", &settings.source, false), folder)?,
        sql_side(("target", &settings.target, true), folder)?,
    ])
}

fn sql_side(
    (name, environment, writable): Named<'_>,
    folder: &Path,
) -> Result<sqlserver::Side, Failure> {
    let server = server(name, environment)?;
    Ok(sqlserver::Side {
        name: name.to_owned(),
        catalogs: bare_names(environment, &server.label()),
        server: sql_server(name, server, folder)?,
        writable,
    })
}

fn oracle_side(
    (name, environment, writable): Named<'_>,
    folder: &Path,
) -> Result<oracle::Side, Failure> {
    let server = server(name, environment)?;
    Ok(oracle::Side {
        name: name.to_owned(),
        schemas: bare_names(environment, &server.label()),
        server: oracle_server(name, server, folder)?,
        writable,
    })
}

/// The engine for one database of the target alone, as one of its users: the copy must let this user in.
///
/// # Errors
/// Exit 3 where no server is named, 4 where a password can't be had.
pub fn engine_as(
    settings: &Settings,
    folder: &Path,
    database: &str,
    user: &str,
    password: &Secret,
) -> Result<(Box<dyn Engine>, String), Failure> {
    let mut own = settings.target.clone();
    let label = match own.server.as_mut() {
        Some(server) => {
            server.user = Some(user.to_owned());
            server.password = Some(password.clone());
            server.login = settings::Login::Sql;
            server.label()
        }
        None => return Err(server_missing("target", &own)),
    };
    let full = format!("{database}@{label}");
    own.platform.clone_from(&full);
    own.runtime = None;
    own.log = None;
    own.log_runtime = None;
    own.catalogs.clear();
    // Nothing of the source is asked for.
    let engine = reaching(&[("target", &own, false)], own.engine, folder)?;
    Ok((engine, full))
}

fn server_missing(name: &str, environment: &Environment) -> Failure {
    let why = format!("the settings name no server for the {name}: [{name}.server] is missing");
    Failure::before(Exit::Invalid, why).hint(format!(
        "`envclone init --print` shows its keys; without a server, `envclone script --engine {} --inventory FILE` \
         writes the plan for a DBA",
        environment.engine.name()
    ))
}

fn server<'a>(name: &str, environment: &'a Environment) -> Result<&'a Server, Failure> {
    let server = environment.server.as_ref();
    server.ok_or_else(|| server_missing(name, environment))
}

/// The databases' names without their server's.
fn bare_names(environment: &Environment, label: &str) -> Vec<String> {
    let of_server = format!("@{label}");
    environment
        .databases()
        .into_iter()
        .map(|(_, full)| full.strip_suffix(&of_server).unwrap_or(full).to_owned())
        .collect()
}

fn seconds(seconds: u32) -> Duration {
    Duration::from_secs(seconds.into())
}

/// How long a command may be silent.
fn command(server: &Server) -> Option<Duration> {
    (server.command_seconds > 0).then(|| seconds(server.command_seconds))
}

fn sql_server(side: &str, server: &Server, folder: &Path) -> Result<sqlserver::Server, Failure> {
    use sqlserver::{Encryption, Login, Place, Trust};
    let secret = password(side, server, folder)?;
    let user = server.user.clone().unwrap_or_default();
    Ok(sqlserver::Server {
        label: server.label(),
        host: server.host.clone(),
        place: match &server.instance {
            Some(instance) => Place::Instance(instance.clone()),
            None => Place::Port(server.port.unwrap_or(1433)),
        },
        login: match server.login {
            settings::Login::Windows => Login::Windows {
                user,
                password: secret,
            },
            settings::Login::Integrated => Login::Integrated,
            settings::Login::Entra => Login::Entra { token: secret },
            // The settings let the other one in for Oracle alone.
            settings::Login::Sql | settings::Login::Sysdba => Login::Sql {
                user,
                password: secret,
            },
        },
        encryption: match server.encryption {
            Some(settings::Encryption::Off) => Encryption::Off,
            Some(settings::Encryption::On) | None => Encryption::On,
            Some(settings::Encryption::Strict) => Encryption::Strict,
        },
        trust: match &server.ca_file {
            Some(file) => Trust::Authority(folder.join(file)),
            None if server.trust_certificate => Trust::Any,
            None => Trust::System,
        },
        application: server.application.clone(),
        connect: seconds(server.connect_seconds),
        command: command(server),
        lock: seconds(server.lock_seconds),
        multi_subnet: server.multi_subnet,
        read_intent: server.read_intent,
    })
}

fn oracle_server(side: &str, server: &Server, folder: &Path) -> Result<oracle::Server, Failure> {
    use oracle::Place;
    let of_wallet = server.wallet_password.as_ref();
    Ok(oracle::Server {
        label: server.label(),
        place: match &server.alias {
            Some(alias) => Place::Alias {
                name: alias.clone(),
                folder: server.tns_admin.as_ref().map(|it| folder.join(it)),
            },
            None => Place::Service {
                host: server.host.clone(),
                port: server.port.unwrap_or(1521),
                service: server.service.clone().unwrap_or_default(),
                encrypted: server.encryption == Some(settings::Encryption::On),
            },
        },
        user: server.user.clone().unwrap_or_default(),
        password: password(side, server, folder)?,
        sysdba: server.login == settings::Login::Sysdba,
        wallet: server.wallet.as_ref().map(|it| folder.join(it)),
        wallet_password: of_wallet
            .map(|from| secret(&format!("{side}'s wallet"), from, folder))
            .transpose()?,
        application: server.application.clone(),
        connect: seconds(server.connect_seconds),
        command: command(server),
        lock: seconds(server.lock_seconds),
    })
}

/// The login's password; empty where it needs none.
fn password(side: &str, server: &Server, folder: &Path) -> Result<SecretString, Failure> {
    let from = server.password.as_ref();
    Ok(from
        .map(|from| secret(side, from, folder))
        .transpose()?
        .unwrap_or_default())
}

/// Fetches a secret from where the settings say it is.
pub(crate) fn secret(side: &str, from: &Secret, folder: &Path) -> Result<SecretString, Failure> {
    let missing = |why: String, hint: &str| Failure::before(Exit::NoAccess, why).hint(hint);
    let text = match from {
        Secret::Env(name) => std::env::var(name).map_err(|_| {
            missing(
                format!("the {side}'s password should be in the environment variable {name}, which is not set"),
                "set it for this one command, or name another place under `password`",
            )
        })?,
        Secret::File(path) => {
            let path = folder.join(path);
            let text = fs::read_to_string(&path)
                .map_err(|error| file_failure(&format!("read the {side}'s password"), &path, &error))?;
            text.lines().next().unwrap_or_default().to_owned()
        }
        Secret::Keyring(name) => keyring::password(side, name)?,
        Secret::Prompt if !std::io::stdin().is_terminal() => {
            return Err(missing(
                format!("the {side}'s password should be asked for, and there is no terminal to ask at"),
                "set `password = { env = \"NAME\" }`, `{ file = \"PATH\" }` or `{ keyring = \"NAME\" }`",
            ));
        }
        Secret::Prompt => dialoguer::Password::new()
            .with_prompt(format!("The {side}'s password"))
            .interact()
            .map_err(|error| Failure::before(Exit::NoAccess, error.to_string()))?,
    };
    if text.is_empty() {
        return Err(missing(
            format!("the {side}'s password is empty"),
            "check where it comes from",
        ));
    }
    Ok(text.into())
}
