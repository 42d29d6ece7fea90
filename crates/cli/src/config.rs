//! The settings file and the step files, read.

use std::fs;
use std::path::{Path, PathBuf};

use envclone_core::catalogue::Catalogue;
use envclone_core::dialect::{self, Dialect};
use envclone_core::settings::{Environment, Settings};
use envclone_db::Engine;

use crate::connect;
use crate::failure::{Exit, Failure, Why, chain, file_failure};
use crate::nearest;

/// Settings, ready for use.
pub struct Config {
    /// The settings; names of databases are full ones.
    pub settings: Settings,
    /// The folder of the settings file, which paths are relative to.
    pub folder: PathBuf,
    /// The steps.
    pub catalogue: Catalogue,
}

impl Config {
    /// Reads a settings file and the steps that it names.
    ///
    /// # Errors
    /// Exit 3 for what is invalid, 4 for what can't be read.
    pub fn load(path: &Path) -> Result<Self, Failure> {
        let text = fs::read_to_string(path).map_err(|error| {
            let failure = file_failure("read the settings", path, &error);
            if error.kind() == std::io::ErrorKind::NotFound {
                Failure {
                    exit: Exit::Invalid,
                    ..failure.hint("`envclone init` writes one, `--settings` names another one")
                }
            } else {
                failure
            }
        })?;
        let mut settings = Settings::read(&text).map_err(|error| {
            let why = format!("the settings `{}` are invalid: {error}", path.display());
            Failure::before(Exit::Invalid, why)
                .hint("`envclone init --print` shows every key with its meaning")
        })?;
        let folder = path
            .parent()
            .filter(|folder| !folder.as_os_str().is_empty())
            .unwrap_or(Path::new("."));
        // The same settings mean the same files from whatever folder the program is started in.
        let folder = dunce::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        for environment in [&mut settings.source, &mut settings.target] {
            locate(environment, &folder);
        }
        let own = settings
            .steps
            .as_ref()
            .map(|steps| own_steps(&folder.join(steps)))
            .transpose()?;
        let catalogue = read_catalogue(&own.unwrap_or_default())?;
        skipped(&settings, &catalogue)?;
        Ok(Self {
            settings,
            folder,
            catalogue,
        })
    }

    /// The engine, for live sessions.
    ///
    /// # Errors
    /// Exit 3 where no server is named, 4 where this version has no sessions with it or a password can't be had.
    pub fn engine(&self) -> Result<Box<dyn Engine>, Failure> {
        connect::engine(&self.settings, &self.folder)
    }

    /// How the engine spells SQL.
    #[must_use]
    pub fn dialect(&self) -> &'static dyn Dialect {
        dialect::of(self.settings.source.engine)
    }

    /// The folder of all runs.
    #[must_use]
    pub fn runs(&self) -> PathBuf {
        self.folder.join(&self.settings.runs)
    }
}

/// Every step that is left out exists: a misspelt one would run.
fn skipped(settings: &Settings, catalogue: &Catalogue) -> Result<(), Failure> {
    let unknown = |id: &&String| catalogue.step(id).is_none();
    let ids = || catalogue.steps().iter().map(|step| step.id.as_str());
    let why = |id: &String| Why {
        what: format!("`skip` names the step `{id}`, which does not exist"),
        hint: Some(nearest::hint(id, ids())),
    };
    let mut whys = settings.skip.iter().filter(unknown).map(why);
    match whys.next() {
        None => Ok(()),
        Some(first) => {
            let mut failure = Failure::before(Exit::Invalid, first);
            failure.why.extend(whys);
            Err(failure)
        }
    }
}

/// The catalogue with a second layer.
///
/// # Errors
/// Exit 3 for a step that is wrong.
pub fn read_catalogue(own: &[(String, String)]) -> Result<Catalogue, Failure> {
    Catalogue::with(own)
        .map_err(|error| Failure::before(Exit::Invalid, chain(&error)).hint(error.hint()))
}

/// Makes the names of databases full ones: paths of files, `CATALOG@SERVER` on servers.
fn locate(environment: &mut Environment, folder: &Path) {
    let label = environment.server.as_ref().map(|server| server.label());
    let embedded = environment.engine.is_embedded();
    for name in environment.names_mut() {
        match &label {
            Some(label) => *name = format!("{name}@{label}"),
            None if embedded => *name = envclone_db::sqlite::locate(folder, name),
            None => {}
        }
    }
}

/// The step files of a folder: id and text, in the order of their names.
///
/// # Errors
/// Exit 4 where the folder or a file can't be read.
pub fn own_steps(folder: &Path) -> Result<Vec<(String, String)>, Failure> {
    let failed = |error: std::io::Error| file_failure("read the folder of steps", folder, &error);
    let mut steps = Vec::new();
    for entry in fs::read_dir(folder).map_err(failed)? {
        let path = entry.map_err(failed)?.path();
        if path
            .extension()
            .is_some_and(|extension| extension == "toml")
        {
            let text = fs::read_to_string(&path)
                .map_err(|error| file_failure("read the step", &path, &error))?;
            let id = path
                .file_stem()
                .map(|stem| stem.to_string_lossy().into_owned())
                .unwrap_or_default();
            steps.push((id, text));
        }
    }
    steps.sort();
    Ok(steps)
}
