//! The automated steps as PowerShell scripts, for machines that envclone itself does not run on.

use std::path::Path;

use envclone_core::runbook::powershell::scripts;
use serde::Serialize;

use super::act::refused;
use super::{Known, Standing};
use crate::args::Cli;
use crate::command::print_json;
use crate::config::Config;
use crate::failure::Failure;
use crate::folder::RunFolder;
use crate::save::write_whole;
use crate::ui::{data, say};

/// A script that was written.
#[derive(Serialize)]
struct Written {
    machine: Option<String>,
    file: String,
}

/// Writes a run's scripts into a folder.
///
/// # Errors
/// Exit 5 where a script would lead a server to the source, 4 where a file can't be written; those of the runbook.
pub fn write(cli: &Cli, config: &Config, run: &RunFolder, out: &Path) -> Result<(), Failure> {
    let known = Known::of(config, run)?;
    let standing = Standing::read(run)?;
    let scripts =
        scripts(&standing.runbook, &known.parts()).map_err(|refusals| refused(&refusals))?;
    let mut written = Vec::new();
    for script in scripts {
        let file = out.join(&script.name);
        write_whole(&file, &script.bytes())?;
        written.push(Written {
            machine: script.machine,
            file: file.display().to_string(),
        });
    }
    if cli.json {
        return print_json(&written);
    }
    written.iter().for_each(|it| data(&it.file));
    if !cli.quiet {
        say(
            "copy each script to its machine, read it, and start it there in Windows PowerShell 5.1 as an administrator; `-List` lists its steps",
        );
    }
    Ok(())
}
