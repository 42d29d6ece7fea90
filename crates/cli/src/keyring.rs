//! The system's keyring: Credential Manager on Windows, the kernel's keys of a login on Linux, which end with it.

use std::io::{BufRead as _, IsTerminal as _};

use keyring::{Entry, Error};

use crate::failure::{Exit, Failure};
use crate::ui::say;

/// Whose entries they are.
const SERVICE: &str = "envclone";

fn entry(name: &str) -> Result<Entry, Error> {
    Entry::new(SERVICE, name)
}

/// The password that the keyring has under a name.
///
/// # Errors
/// Where it has none, or there is no keyring.
pub fn password(side: &str, name: &str) -> Result<String, Failure> {
    entry(name)
        .and_then(|entry| entry.get_password())
        .map_err(|error| match error {
            Error::NoEntry => Failure::before(
                Exit::NoAccess,
                format!("the {side}'s password should be in the keyring as `{name}`, which has none of this name"),
            )
            .hint(format!("`envclone keep-password {name}` puts it there")),
            other => unusable(&other),
        })
}

/// Asks for a password, or reads a line, and puts it into the keyring.
///
/// # Errors
/// Where nothing was given, or there is no keyring.
pub fn keep(name: &str) -> Result<(), Failure> {
    let invalid = |why: &str| Failure::before(Exit::Invalid, why);
    let text = if std::io::stdin().is_terminal() {
        dialoguer::Password::new()
            .with_prompt(format!("Password to keep as {name}"))
            .interact()
            .map_err(|error| invalid(&error.to_string()))?
    } else {
        let mut line = String::new();
        std::io::stdin()
            .lock()
            .read_line(&mut line)
            .map_err(|error| invalid(&error.to_string()))?;
        line.trim_end_matches(['\r', '\n']).to_owned()
    };
    if text.is_empty() {
        return Err(invalid("an empty password is not kept"));
    }
    entry(name)
        .and_then(|entry| entry.set_password(&text))
        .map_err(|error| unusable(&error))?;
    say(&format!(
        "kept as `{name}`; settings name it: password = {{ keyring = \"{name}\" }}"
    ));
    Ok(())
}

fn unusable(error: &Error) -> Failure {
    Failure::before(
        Exit::NoAccess,
        format!("the system's keyring can't be used: {error}"),
    )
    .hint("name another place under `password`: { env = \"NAME\" }, { file = \"PATH\" } or \"prompt\"")
}
