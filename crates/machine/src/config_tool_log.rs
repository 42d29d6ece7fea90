//! What the Configuration Tool wrote into its log: errors that its exit code may not tell, and, in older versions,
//! credentials.

use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use secrecy::SecretString;

use crate::event::Watch;
use crate::program::Command;
use crate::redact::Redactor;
use crate::{Machine, MachineError, Result};

/// The most of the log that is read: its end, where it is longer.
const MOST: u64 = 16 * 1024 * 1024;

/// How many of the errors are kept.
const ERRORS: usize = 50;

/// Where the log is.
///
/// # Errors
/// Where there is no Windows.
pub fn path(machine: &dyn Machine) -> Result<PathBuf> {
    Ok(machine
        .windows_folder()?
        .join("Temp")
        .join("ConfigurationTool.log"))
}

/// Whether a version writes credentials into its log in clear text: those before 11.16, and any that is not known.
#[must_use]
pub fn holds_credentials(version: &str) -> bool {
    let mut parts = version.split('.').map(str::parse::<u32>);
    match (parts.next(), parts.next()) {
        (Some(Ok(major)), Some(Ok(minor))) => (major, minor) < (11, 16),
        _ => true,
    }
}

/// Where the log ends. Taken before a run, so that afterwards only what this run wrote is read.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Mark(u64);

/// Where the log ends now.
///
/// # Errors
/// Where it may not be looked at.
pub fn mark(log: &Path) -> Result<Mark> {
    match fs::metadata(log) {
        Ok(metadata) => Ok(Mark(metadata.len())),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(Mark(0)),
        Err(source) => Err(trouble("look at", log, source)),
    }
}

/// What stands in the log.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Findings {
    /// Whether there was a log at all.
    pub there: bool,
    /// How many lines were read.
    pub lines: usize,
    /// The last of the lines that tell of an error, without secrets.
    pub errors: Vec<String>,
    /// Whether one of the given secrets stands in it.
    pub secrets: bool,
}

/// Reads what was written since the mark. A log that is shorter now was begun anew, and is read from its beginning.
///
/// # Errors
/// Where it may not be read.
pub fn read(log: &Path, since: Mark, secrets: &[SecretString]) -> Result<Findings> {
    let bytes = match bytes(log, since) {
        Ok(bytes) => bytes,
        Err(error) if error.kind() == io::ErrorKind::NotFound => return Ok(Findings::default()),
        Err(source) => return Err(trouble("read", log, source)),
    };
    Ok(findings(&bytes, secrets))
}

fn bytes(log: &Path, since: Mark) -> io::Result<Vec<u8>> {
    let mut file = File::open(log)?;
    let length = file.metadata()?.len();
    let since = if since.0 > length { 0 } else { since.0 };
    file.seek(SeekFrom::Start(since.max(length.saturating_sub(MOST))))?;
    let mut bytes = Vec::new();
    file.take(MOST).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn findings(bytes: &[u8], secrets: &[SecretString]) -> Findings {
    let plain: Vec<u8> = bytes.iter().copied().filter(|byte| *byte != 0).collect();
    let mut redactor = Redactor::new(secrets);
    let mut clean = redactor.feed(&plain);
    clean.extend(redactor.finish());
    let text = String::from_utf8_lossy(&clean);
    let mut errors: Vec<String> = text
        .lines()
        .filter(|line| tells_of_error(line))
        .map(|line| line.trim().to_owned())
        .collect();
    errors.drain(..errors.len().saturating_sub(ERRORS));
    Findings {
        there: true,
        lines: text.lines().count(),
        errors,
        secrets: clean != plain,
    }
}

/// Whether a line tells of an error. The log's form is not documented, so this goes by its words: a line too many is
/// read by a person, a line too few by nobody.
fn tells_of_error(line: &str) -> bool {
    let line = line.to_lowercase();
    let words = [
        "error",
        "exception",
        "failed",
        "fatal",
        "denied",
        "could not",
        "unable to",
    ];
    let none = [
        "0 error",
        "no error",
        "without error",
        "error: none",
        "errors: 0",
    ];
    words.iter().any(|word| line.contains(word)) && !none.iter().any(|word| line.contains(word))
}

/// Deletes the log.
///
/// # Errors
/// Where it is there and can't be deleted: with what it holds, it is then still readable.
pub fn remove(log: &Path) -> Result<()> {
    match fs::remove_file(log) {
        Ok(()) => Ok(()),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(()),
        Err(source) => Err(trouble("delete", log, source)),
    }
}

/// The command that leaves the log to administrators and the system alone, by their numbers: their names differ between
/// languages.
#[must_use]
pub fn protection(log: &Path) -> Command {
    Command::system("icacls.exe")
        .arg(log.display().to_string())
        .args([
            "/inheritance:r",
            "/grant:r",
            "*S-1-5-32-544:F",
            "*S-1-5-18:F",
        ])
}

/// Leaves the log to administrators and the system alone.
///
/// # Errors
/// Where that fails.
pub fn protect(machine: &dyn Machine, log: &Path, watch: &dyn Watch) -> Result<()> {
    machine.run(&protection(log), watch)?.succeeded()?;
    Ok(())
}

fn trouble(to: &str, log: &Path, source: io::Error) -> MachineError {
    MachineError::System {
        to: format!("{to} `{}`", log.display()),
        source,
    }
}
