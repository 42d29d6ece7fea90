//! Database connections of the environment: which there were, and those that `LifeTime` makes anew.

use std::fs;
use std::path::{Path, PathBuf};

use envclone_core::settings::Connection;
use envclone_lifetime::{ConnectionData, ConnectionMade, Kind, LifeTime};
use serde::{Deserialize, Serialize};

use super::platform::{Passwords, lifetime, lifetime_failure};
use crate::config::Config;
use crate::connect::secret;
use crate::failure::{Exit, Failure, file_failure};
use crate::folder::write_json;

/// The connections that the environment had before it was unregistered.
const FILE: &str = "lifetime-connections.json";

/// A connection that there was. Its parameters are not kept: they can hold a password.
#[derive(Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
struct Had {
    name: String,
    description: String,
    provider: String,
}

fn file(folder: &Path) -> PathBuf {
    folder.join(FILE)
}

/// Saves which connections an environment has. A `LifeTime` that can't list them is no reason to stop.
///
/// # Errors
/// Where `LifeTime` can't be asked, or the file not be written.
pub fn save(lifetime: &LifeTime, key: &str, folder: &Path) -> Result<(), Failure> {
    let had: Vec<Had> = match lifetime.connections(key) {
        Ok(all) => all
            .into_iter()
            .map(|one| Had {
                name: one.name,
                description: one.description,
                provider: one.provider,
            })
            .collect(),
        Err(error) if error.kind == Kind::NotOffered => Vec::new(),
        Err(error) => return Err(lifetime_failure(&error)),
    };
    write_json(&file(folder), &had)
}

fn saved(folder: &Path) -> Result<Vec<Had>, Failure> {
    let path = file(folder);
    let text = match fs::read_to_string(&path) {
        Ok(text) => text,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(Vec::new()),
        Err(error) => {
            return Err(file_failure(
                "read the connections that there were",
                &path,
                &error,
            ));
        }
    };
    serde_json::from_str(&text)
        .map_err(|error| Failure::before(Exit::Invalid, format!("`{}`: {error}", path.display())))
}

/// `LifeTime` and the environment's key in it.
fn environment(config: &Config) -> Result<(LifeTime, String), Failure> {
    let (lifetime, settings) = lifetime(config)?;
    let found = lifetime
        .environment(&settings.environment)
        .map_err(|error| lifetime_failure(&error))?;
    Ok((lifetime, found.key))
}

/// Tests and makes the connections that the settings name; one that is there is left.
///
/// # Errors
/// At the first that can't be made; those before it are there.
pub fn create(config: &Config, folder: &Path, passwords: &Passwords) -> Result<String, Failure> {
    let (lifetime, key) = environment(config)?;
    let had = saved(folder)?;
    let listed = lifetime
        .connections(&key)
        .map_err(|error| lifetime_failure(&error))?;
    let providers = lifetime
        .connection_providers(&key)
        .map_err(|error| lifetime_failure(&error))?;
    let mut done: Vec<String> = Vec::new();
    for connection in &config.settings.runbook.connections {
        let name = &connection.name;
        if listed.iter().any(|one| one.name.eq_ignore_ascii_case(name)) {
            done.push(format!("{name} was there, and was left"));
            continue;
        }
        let before = |failure: Failure| match done.is_empty() {
            true => failure,
            false => failure.state(format!("done before it ended: {}", done.join(", "))),
        };
        let provider = provider_of(connection, &had).map_err(before)?;
        let known = providers
            .iter()
            .find(|one| one.display_name.eq_ignore_ascii_case(&provider));
        let Some(known) = known else {
            let names: Vec<&str> = providers
                .iter()
                .map(|one| one.display_name.as_str())
                .collect();
            return Err(before(
                Failure::before(
                    Exit::Invalid,
                    format!(
                        "the environment has no provider `{provider}` for the connection `{name}`"
                    ),
                )
                .hint(format!("these are there: {}", names.join(", "))),
            ));
        };
        let data = ConnectionData {
            name: name.clone(),
            provider_key: known.provider_key.clone(),
            description: connection.description.clone(),
            user: connection.account.user.clone(),
            password: passwords.of(config, &connection.account).map_err(before)?,
            parameters: connection
                .parameters
                .as_ref()
                .map(|from| secret(&format!("connection {name}"), from, &config.folder))
                .transpose()
                .map_err(before)?,
        };
        let made = lifetime
            .test_connection(&key, &data)
            .and_then(|_| lifetime.create_connection(&key, &data))
            .map_err(|error| before(lifetime_failure(&error)))?;
        done.push(match made {
            ConnectionMade::Done => format!("{name} tested and made"),
            ConnectionMade::DoneUnheard => {
                format!("{name} tested and made; LifeTime's answer was lost, its list shows it")
            }
        });
    }
    Ok(done.join(", "))
}

fn provider_of(connection: &Connection, had: &[Had]) -> Result<String, Failure> {
    let name = &connection.name;
    let before = had.iter().find(|one| one.name.eq_ignore_ascii_case(name));
    connection
        .provider
        .clone()
        .or_else(|| before.map(|one| one.provider.clone()))
        .ok_or_else(|| {
            Failure::before(
                Exit::Invalid,
                format!("the environment had no connection `{name}`, and the settings name no provider for it"),
            )
            .hint("give it a `provider`, as LifeTime shows it")
        })
}

/// Whether `LifeTime` lists the connections that the settings name.
pub(super) fn made(config: &Config) -> Result<Result<String, String>, String> {
    let told = |failure: Failure| {
        let why: Vec<&str> = failure.why.iter().map(|why| why.what.as_str()).collect();
        why.join("; ")
    };
    let (lifetime, key) = environment(config).map_err(told)?;
    let listed = lifetime
        .connections(&key)
        .map_err(|error| error.to_string())?;
    let missing: Vec<&str> = config
        .settings
        .runbook
        .connections
        .iter()
        .map(|one| one.name.as_str())
        .filter(|name| !listed.iter().any(|one| one.name.eq_ignore_ascii_case(name)))
        .collect();
    Ok(match missing.is_empty() {
        true => Ok(format!("it lists {}", listed.len())),
        false => Err(format!("it does not list {}", missing.join(", "))),
    })
}
