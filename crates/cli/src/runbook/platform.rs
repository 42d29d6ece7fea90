//! The platform's installation on this machine: its files, and the accounts whose passwords they need.

use std::cell::RefCell;
use std::path::{Path, PathBuf};

use envclone_core::runbook::Parts;
use envclone_core::runbook::configuration::of_source;
use envclone_core::runbook::deed::AccountName;
use envclone_core::settings::{self, Account, RunbookSettings, Secret};
use envclone_lifetime::{LifeTime, Options, Trust};
use envclone_machine::{Installation, Machine};
use secrecy::SecretString;

use crate::config::Config;
use crate::connect::secret;
use crate::failure::{Exit, Failure, chain, file_failure};

/// A path of the runbook on this machine: `%CommonProgramFiles%` is what the environment says.
#[must_use]
pub fn path(text: &str) -> PathBuf {
    const COMMON: &str = "%CommonProgramFiles%";
    match text.strip_prefix(COMMON) {
        Some(rest) => {
            let folder = std::env::var("CommonProgramFiles")
                .unwrap_or_else(|_| r"C:\Program Files\Common Files".to_owned());
            PathBuf::from(format!("{folder}{rest}"))
        }
        None => PathBuf::from(text),
    }
}

/// The folder of the installation that the settings name.
#[must_use]
pub fn folder(settings: &RunbookSettings) -> &Path {
    Path::new(settings.install_folder())
}

/// A file of the installation.
#[must_use]
pub fn file(settings: &RunbookSettings, name: &str) -> PathBuf {
    folder(settings).join(name)
}

/// The platform's version on this machine.
///
/// # Errors
/// Why it could not be seen.
pub fn installed(machine: &dyn Machine) -> Result<Installation, String> {
    Installation::of(machine).map_err(|error| error.to_string())
}

/// Refuses settings that name machines or addresses of the source where the copy's environment belongs.
///
/// # Errors
/// Exit 5 with all of them.
pub fn must_not_be_the_source(parts: &Parts<'_>) -> Result<(), Failure> {
    match of_source(parts) {
        found if found.is_empty() => Ok(()),
        found => Err(super::act::refused(&found)),
    }
}

/// Refuses where the platform is installed in another folder than the settings say: what is done to files there would not be
/// done to the platform.
///
/// # Errors
/// Why.
pub fn same_installation(
    machine: &dyn Machine,
    settings: &RunbookSettings,
) -> Result<Installation, String> {
    let found = installed(machine)?;
    let named = folder(settings);
    match same_folder(&found.folder, named) {
        true => Ok(found),
        false => Err(format!(
            "the platform is installed in {}, and `install-folder` of `[runbook]` is {}",
            found.folder.display(),
            named.display()
        )),
    }
}

/// Whether two paths are the same folder, in whichever spelling.
#[must_use]
pub fn same_folder(one: &Path, other: &Path) -> bool {
    let real = |path: &Path| path.canonicalize().ok();
    let plain = |path: &Path| {
        let text = path.to_string_lossy().replace('/', "\\").to_lowercase();
        text.trim_end_matches('\\').to_owned()
    };
    let resolved = real(one).is_some_and(|it| real(other).as_ref() == Some(&it));
    resolved || plain(one) == plain(other)
}

/// Passwords that were fetched: a person is asked for each once, however many programs and files need it.
#[derive(Default)]
pub struct Passwords(RefCell<Vec<(Account, SecretString)>>);

impl Passwords {
    /// That of an account that a program needs.
    ///
    /// # Errors
    /// Exit 4 where it can't be had.
    pub fn named(&self, config: &Config, name: AccountName) -> Result<SecretString, Failure> {
        let runbook = &config.settings.runbook;
        let account = match name {
            AccountName::Superuser => runbook.superuser.as_ref(),
            AccountName::ServiceCenter => runbook.service_center.as_ref().map(|it| &it.account),
        };
        match account {
            Some(account) => self.of(config, account),
            None => secret(name.setting(), &Secret::Prompt, &config.folder),
        }
    }

    /// That of an account; a person is asked where the settings don't say where it is.
    ///
    /// # Errors
    /// Exit 4 where it can't be had.
    pub fn of(&self, config: &Config, account: &Account) -> Result<SecretString, Failure> {
        let known = self
            .0
            .borrow()
            .iter()
            .find(|(of, _)| of == account)
            .cloned();
        if let Some((_, password)) = known {
            return Ok(password);
        }
        let from = account.password.as_ref().unwrap_or(&Secret::Prompt);
        let password = secret(&format!("user {}", account.user), from, &config.folder)?;
        self.0
            .borrow_mut()
            .push((account.clone(), password.clone()));
        Ok(password)
    }
}

/// How `LifeTime` and Service Center are spoken to: with the certificates of a file, or those that the machine trusts.
///
/// # Errors
/// Exit 4 where the file can't be read.
pub fn options(config: &Config, ca_file: Option<&String>) -> Result<Options, Failure> {
    let trust =
        match ca_file {
            None => Trust::Machine,
            Some(file) => {
                let path = config.folder.join(file);
                Trust::Only(std::fs::read(&path).map_err(|error| {
                    file_failure("read the certificates to believe", &path, &error)
                })?)
            }
        };
    Ok(Options {
        trust,
        ..Options::default()
    })
}

/// The `LifeTime` of the settings.
///
/// # Errors
/// Exit 3 where the settings have none, 4 where its token or certificates can't be had.
pub fn lifetime(config: &Config) -> Result<(LifeTime, &settings::LifeTime), Failure> {
    let Some(settings) = &config.settings.runbook.lifetime else {
        return Err(Failure::before(
            Exit::Invalid,
            "the settings have no `[runbook.lifetime]`",
        ));
    };
    let token = secret("LifeTime service account", &settings.token, &config.folder)?;
    let options = options(config, settings.ca_file.as_ref())?;
    let lifetime = LifeTime::new(&settings.address, token, options)
        .map_err(|error| lifetime_failure(&error))?;
    Ok((lifetime, settings))
}

/// What `LifeTime` said, as a command tells it.
pub(super) fn lifetime_failure(error: &envclone_lifetime::Error) -> Failure {
    Failure::before(Exit::NoAccess, chain(error)).hint(error.hint())
}
