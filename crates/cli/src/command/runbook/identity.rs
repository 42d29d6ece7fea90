//! Prints what an environment is known by, on its controller, for the settings of its copy.

use std::path::PathBuf;

use envclone_core::hsconf::Hsconf;
use envclone_core::private_key::PrivateKey;
use envclone_core::settings::Identity;
use envclone_machine::Machine;
use serde::Serialize;

use crate::args::Cli;
use crate::command::print_json;
use crate::failure::{Exit, Failure, chain, file_failure};
use crate::runbook::platform;
use crate::ui::{data, say};

/// As the settings have it.
#[derive(Serialize)]
struct ForSettings<'a> {
    runbook: Source<'a>,
}

#[derive(Serialize)]
struct Source<'a> {
    source: &'a Identity,
}

/// Prints it. Needs no settings: the source's controller has none.
pub(super) fn identity(
    cli: &Cli,
    folder: Option<&PathBuf>,
    machine: &dyn Machine,
) -> Result<(), Failure> {
    let hint = "name the folder that has `private.key` and `server.hsconf`: `envclone runbook identity FOLDER`";
    let folder = match folder {
        Some(folder) => folder.clone(),
        None => {
            let installed = platform::installed(machine)
                .map_err(|why| Failure::before(Exit::NoAccess, why).hint(hint))?;
            installed.file("")
        }
    };
    let read = |name: &str| {
        let path = folder.join(name);
        let bytes =
            std::fs::read(&path).map_err(|error| file_failure("read", &path, &error).hint(hint))?;
        Ok::<_, Failure>((path, bytes))
    };
    let invalid = |path: &std::path::Path, error: &dyn std::error::Error, hint: &str| {
        let why = format!("`{}` can't be used: {}", path.display(), chain(error));
        Failure::before(Exit::Invalid, why).hint(hint)
    };
    let (path, bytes) = read("private.key")?;
    let key = PrivateKey::read(&bytes).map_err(|error| invalid(&path, &error, error.hint()))?;
    let (path, bytes) = read("server.hsconf")?;
    let file = Hsconf::read(&bytes).map_err(|error| invalid(&path, &error, error.hint()))?;
    let identity = file.identity(key.fingerprint().to_string());
    if cli.json {
        return print_json(&identity);
    }
    let text = toml::to_string(&ForSettings {
        runbook: Source { source: &identity },
    })
    .map_err(|error| Failure::before(Exit::Unexpected, error.to_string()))?;
    data(text.trim_end());
    if !cli.quiet {
        let unsaid = [
            (identity.controller.is_none(), "controller"),
            (identity.cache.is_none(), "cache"),
            (identity.session_user.is_none(), "session-user"),
        ];
        for (_, name) in unsaid.iter().filter(|(missing, _)| *missing) {
            say(&format!(
                "`{name}` is not in server.hsconf, or encrypted: add it by hand where you know it"
            ));
        }
        say(
            "nothing of this is secret; it belongs into the settings of whoever clones this environment",
        );
    }
    Ok(())
}
