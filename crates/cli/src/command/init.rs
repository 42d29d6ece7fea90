//! `init`: a commented settings file.

use std::fs::File;
use std::io::{ErrorKind, Write as _};

use crate::args::{Cli, Init};
use crate::failure::{Exit, Failure, file_failure};
use crate::ui::{data, say};

/// The file that `init` writes.
const TEMPLATE: &str = include_str!("../../templates/envclone.toml");

/// Writes the settings file, never over an existing one.
pub(super) fn run(cli: &Cli, args: &Init) -> Result<(), Failure> {
    if args.print {
        data(TEMPLATE.trim_end());
        return Ok(());
    }
    let path = &cli.settings;
    let written = File::create_new(path).and_then(|mut file| file.write_all(TEMPLATE.as_bytes()));
    written.map_err(|error| match error.kind() {
        ErrorKind::AlreadyExists => Failure::before(
            Exit::NoAccess,
            format!(
                "there is already a `{}`, and `init` never overwrites one",
                path.display()
            ),
        )
        .hint("name another path with `--settings FILE`, or move it away; `envclone init --print` shows the file without writing it"),
        _ => file_failure("write the settings", path, &error),
    })?;
    say(&cli.repeat(&format!(
        "wrote {}: name the source and the target in it, then `envclone plan` shows what would be done",
        path.display()
    )));
    Ok(())
}
