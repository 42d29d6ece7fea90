//! Shell scripts that stand for Windows' programs.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

use super::StandIn;
use crate::{MachineError, Program, Result};

/// What stands between the arguments of a call in a script's record.
const BETWEEN: char = '\u{1f}';

/// Makes a folder.
pub(super) fn made(folder: &Path) {
    if let Err(error) = fs::create_dir_all(folder) {
        panic!("{}: {error}", folder.display());
    }
}

impl StandIn {
    /// Has a program, for the body of a shell script. It records its arguments.
    ///
    /// # Panics
    /// Where it can't be written.
    pub fn program(&self, name: &str, script: &str) {
        self.program_at(&self.programs().join(name), script);
    }

    /// Has a program at a path, as for one of an installation.
    ///
    /// # Panics
    /// Where it can't be written.
    pub fn program_at(&self, path: &Path, script: &str) {
        let record = record(path);
        let text = format!(
            "#!/bin/sh\nfor it in \"$@\"; do printf '%s\\037' \"$it\"; done >> '{0}'; echo >> '{0}'\n{script}\n",
            record.display()
        );
        // Under its name, it is never open for writing: another thread's child could still hold it open then.
        let draft = path.with_extension("draft");
        let written = fs::write(&draft, text)
            .and_then(|()| runnable(&draft))
            .and_then(|()| fs::rename(&draft, path));
        if let Err(error) = written {
            panic!("{}: {error}", path.display());
        }
    }

    /// The arguments of each call of a program of this name.
    #[must_use]
    pub fn calls(&self, name: &str) -> Vec<Vec<String>> {
        self.calls_at(&self.programs().join(name))
    }

    /// The arguments of each call of the program at this path.
    #[must_use]
    pub fn calls_at(&self, path: &Path) -> Vec<Vec<String>> {
        let text = fs::read_to_string(record(path)).unwrap_or_default();
        text.lines()
            .map(|line| {
                let arguments = line.split_terminator(BETWEEN);
                arguments.map(str::to_owned).collect()
            })
            .collect()
    }
}

fn record(path: &Path) -> PathBuf {
    let mut record = path.as_os_str().to_owned();
    record.push(".calls");
    record.into()
}

#[cfg(unix)]
fn runnable(path: &Path) -> std::io::Result<()> {
    use std::os::unix::fs::PermissionsExt;

    fs::set_permissions(path, fs::Permissions::from_mode(0o755))
}

#[cfg(not(unix))]
fn runnable(_: &Path) -> std::io::Result<()> {
    Ok(())
}

/// PATH with the folder before it.
pub(super) fn search(folder: &Path) -> Option<OsString> {
    let rest = std::env::var_os("PATH").unwrap_or_default();
    let folders = std::iter::once(folder.to_owned()).chain(std::env::split_paths(&rest));
    std::env::join_paths(folders).ok()
}

/// Where a program is. One of Windows' own is in the folder or nowhere.
pub(super) fn path_of(folder: &Path, program: &Program) -> Result<PathBuf> {
    let found = match program {
        Program::At(path) => Some(path.clone()).filter(|path| path.is_file()),
        Program::System(name) => Some(folder.join(name)).filter(|path| path.is_file()),
        Program::OnPath(name) => search(folder).and_then(|folders| {
            std::env::split_paths(&folders)
                .map(|folder| folder.join(name))
                .find(|path| path.is_file())
        }),
    };
    found.ok_or_else(|| MachineError::ProgramMissing {
        program: program.to_string(),
        looked: match program {
            Program::At(_) => None,
            Program::System(_) => Some(folder.display().to_string()),
            Program::OnPath(_) => Some("the folders of PATH".to_owned()),
        },
    })
}
