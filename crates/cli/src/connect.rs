//! From settings to an engine: which servers, and the passwords that no settings file holds.

use std::fs;
use std::io::IsTerminal as _;
use std::path::Path;
use std::time::Duration;

use envclone_core::settings::{self, Environment, Secret, Settings};
use envclone_db::Engine;
use envclone_db::sqlserver::{Encryption, Login, Place, Server, Side, Trust};
use secrecy::SecretString;

use crate::execute::interrupted;
use crate::failure::{Exit, Failure, file_failure};
use crate::keyring;

/// The engine of the settings, ready to open sessions. A password that is set to be asked for is asked for here.
///
/// # Errors
/// Exit 3 where no server is named, 4 where this version has no sessions with the engine or a password can't be had.
pub fn engine(settings: &Settings, folder: &Path) -> Result<Box<dyn Engine>, Failure> {
    let engine = settings.source.engine;
    let servers = !engine.is_embedded() && envclone_db::is_reachable(engine.name());
    let sides = if servers {
        sides(settings, folder)?.into()
    } else {
        Vec::new()
    };
    envclone_db::engine(engine.name(), sides, interrupted).ok_or_else(|| {
        Failure::before(
            Exit::NoAccess,
            format!("this version of envclone does not connect to {engine} yet"),
        )
        .hint(format!(
            "`envclone script --engine {} --inventory FILE` writes the plan for a DBA",
            engine.name()
        ))
    })
}

/// The servers of both environments: the source's, and the target's.
///
/// # Errors
/// Exit 3 where no server is named, 4 where a password can't be had.
pub fn sides(settings: &Settings, folder: &Path) -> Result<[Side; 2], Failure> {
    Ok([
        side("source", &settings.source, false, folder)?,
        side("target", &settings.target, true, folder)?,
    ])
}

fn side(
    name: &str,
    environment: &Environment,
    writable: bool,
    folder: &Path,
) -> Result<Side, Failure> {
    let Some(server) = &environment.server else {
        let engine = environment.engine;
        return Err(Failure::before(
            Exit::Invalid,
            format!("the settings name no server for the {name}: [{name}.server] is missing"),
        )
        .hint(format!(
            "`envclone init --print` shows its keys; without a server, `envclone script --engine {} --inventory FILE` \
             writes the plan for a DBA",
            engine.name()
        )));
    };
    let label = server.label();
    let catalogs = environment
        .databases()
        .into_iter()
        .map(|(_, full)| {
            full.strip_suffix(&format!("@{label}"))
                .unwrap_or(full)
                .to_owned()
        })
        .collect();
    Ok(Side {
        name: name.to_owned(),
        server: connection(name, server, label, folder)?,
        catalogs,
        writable,
    })
}

fn connection(
    side: &str,
    server: &settings::Server,
    label: String,
    folder: &Path,
) -> Result<Server, Failure> {
    let secret = server
        .password
        .as_ref()
        .map(|from| secret(side, from, folder))
        .transpose()?
        .unwrap_or_default();
    let user = server.user.clone().unwrap_or_default();
    let seconds = |seconds: u32| Duration::from_secs(seconds.into());
    Ok(Server {
        label,
        host: server.host.clone(),
        place: match &server.instance {
            Some(instance) => Place::Instance(instance.clone()),
            None => Place::Port(server.port.unwrap_or(1433)),
        },
        login: match server.login {
            settings::Login::Sql => Login::Sql {
                user,
                password: secret,
            },
            settings::Login::Windows => Login::Windows {
                user,
                password: secret,
            },
            settings::Login::Integrated => Login::Integrated,
            settings::Login::Entra => Login::Entra { token: secret },
        },
        encryption: match server.encryption {
            settings::Encryption::Off => Encryption::Off,
            settings::Encryption::On => Encryption::On,
            settings::Encryption::Strict => Encryption::Strict,
        },
        trust: match &server.ca_file {
            Some(file) => Trust::Authority(folder.join(file)),
            None if server.trust_certificate => Trust::Any,
            None => Trust::System,
        },
        application: server.application.clone(),
        connect: seconds(server.connect_seconds),
        command: (server.command_seconds > 0).then(|| seconds(server.command_seconds)),
        lock: seconds(server.lock_seconds),
        multi_subnet: server.multi_subnet,
        read_intent: server.read_intent,
    })
}

/// Fetches a secret from where the settings say it is.
fn secret(side: &str, from: &Secret, folder: &Path) -> Result<SecretString, Failure> {
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
            .with_prompt(format!("Password for the {side}'s server"))
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
