//! The folder of a run: what every phase leaves behind.

use std::fs;
use std::io::Write as _;
use std::path::{Path, PathBuf};

use envclone_core::evidence::Evidence;
use envclone_core::inventory::Inventory;
use envclone_core::plan::Plan;
use envclone_core::verdict::Verification;
use serde::de::DeserializeOwned;
use serde::{Deserialize, Serialize};

use crate::failure::{Exit, Failure, chain, file_failure};
use crate::save::write_whole;

/// The folder of one run.
#[derive(Clone, Debug)]
pub struct RunFolder {
    /// Its path.
    pub path: PathBuf,
}

/// What was known before anything was touched, and who decided what.
#[derive(Clone, Debug, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Start {
    /// What was observed of both sides.
    pub evidence: Evidence,
    /// Findings that a person decided about.
    pub overrides: Vec<envclone_core::report::Override>,
    /// The findings themselves.
    pub findings: Vec<envclone_core::lint::Finding>,
}

impl RunFolder {
    /// Makes the folder of a new run.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn create(runs: &Path, plan: &Plan) -> Result<Self, Failure> {
        let at = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S").to_string();
        let name = format!("{at}-{}", plan.short_id());
        let mut path = runs.join(&name);
        fs::create_dir_all(runs)
            .map_err(|error| file_failure("make the folder of runs", runs, &error))?;
        for again in 2.. {
            match fs::create_dir(&path) {
                Ok(()) => break,
                Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists && again < 100 => {
                    path = runs.join(format!("{name}-{again}"))
                }
                Err(error) => return Err(file_failure("make the run's folder", &path, &error)),
            }
        }
        Ok(Self { path })
    }

    /// The newest run of a folder of runs.
    ///
    /// # Errors
    /// Exit 3 where there is none.
    pub fn newest(runs: &Path) -> Result<Self, Failure> {
        let entries = fs::read_dir(runs)
            .into_iter()
            .flatten()
            .flatten()
            .map(|entry| entry.path());
        let newest = entries
            .filter(|path| path.join("plan.json").is_file())
            .max();
        newest.map(|path| Self { path }).ok_or_else(|| {
            Failure::before(
                Exit::Invalid,
                format!("there is no run in `{}`", runs.display()),
            )
            .hint("`envclone refresh` or `envclone apply` makes one; `--run` names another folder")
        })
    }

    /// The run's id.
    #[must_use]
    pub fn id(&self) -> String {
        self.path
            .file_name()
            .map(|name| name.to_string_lossy().into_owned())
            .unwrap_or_default()
    }

    /// The path of a file of the run.
    #[must_use]
    pub fn file(&self, name: &str) -> PathBuf {
        self.path.join(name)
    }

    /// Writes a value as a file of the run.
    ///
    /// # Errors
    /// Whatever the file system says.
    pub fn write<T: Serialize>(&self, name: &str, value: &T) -> Result<(), Failure> {
        write_json(&self.file(name), value)
    }

    /// The plan.
    ///
    /// # Errors
    /// Exit 3 where it is damaged, 4 where it can't be read.
    pub fn plan(&self) -> Result<Plan, Failure> {
        read_plan(&self.file("plan.json"))
    }

    /// The source's inventory.
    ///
    /// # Errors
    /// Exit 3 where it is damaged, 4 where it can't be read.
    pub fn inventory(&self) -> Result<Inventory, Failure> {
        read_inventory(&self.file("inventory.json"))
    }

    /// What was known before anything was touched.
    ///
    /// # Errors
    /// Exit 3 where it is damaged, 4 where it can't be read.
    pub fn start(&self) -> Result<Start, Failure> {
        read_json(&self.file("evidence.json"))
    }

    /// What verification found; nothing where it has not run.
    ///
    /// # Errors
    /// Exit 3 where it is damaged.
    pub fn verification(&self) -> Result<Option<Verification>, Failure> {
        let path = self.file("verdicts.json");
        if path.is_file() {
            read_json(&path).map(Some)
        } else {
            Ok(None)
        }
    }
}

/// Writes a value as JSON.
///
/// # Errors
/// Whatever the file system says.
pub fn write_json<T: Serialize>(path: &Path, value: &T) -> Result<(), Failure> {
    let mut text = serde_json::to_vec_pretty(value)
        .map_err(|error| Failure::before(Exit::Unexpected, error.to_string()))?;
    text.push(b'\n');
    write_whole(path, &text)
}

fn read_text(path: &Path) -> Result<String, Failure> {
    fs::read_to_string(path).map_err(|error| file_failure("read", path, &error))
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Result<T, Failure> {
    serde_json::from_str(&read_text(path)?).map_err(|error| invalid(path, &error))
}

fn invalid(path: &Path, error: &dyn std::error::Error) -> Failure {
    Failure::before(
        Exit::Invalid,
        format!("`{}` can't be used: {}", path.display(), chain(error)),
    )
}

/// Reads a plan file.
///
/// # Errors
/// Exit 3 where it is no plan, of another format, or edited; 4 where it can't be read.
pub fn read_plan(path: &Path) -> Result<Plan, Failure> {
    Plan::read(&read_text(path)?)
        .map_err(|error| invalid(path, &error).hint("make a new plan with `envclone plan`"))
}

/// Reads an inventory file.
///
/// # Errors
/// Exit 3 where it is no inventory, of another format, or edited; 4 where it can't be read.
pub fn read_inventory(path: &Path) -> Result<Inventory, Failure> {
    Inventory::read(&read_text(path)?)
        .map_err(|error| invalid(path, &error).hint("take a new inventory with `envclone inspect`"))
}

/// The key of the digests by which secrets are compared, made when it is first needed. It stays beside the runs,
/// readable by its owner alone, and goes into no report.
///
/// # Errors
/// Whatever the file system or the system's random source says.
pub fn digest_key(runs: &Path) -> Result<[u8; 32], Failure> {
    let path = runs.join("digest.key");
    if let Ok(bytes) = fs::read(&path) {
        return <[u8; 32]>::try_from(bytes).map_err(|_| {
            Failure::before(Exit::Invalid, format!("`{}` is no key", path.display())).hint("move it away: a new one is made, and inventories taken with the old one can't be compared any more")
        });
    }
    fs::create_dir_all(runs)
        .map_err(|error| file_failure("make the folder of runs", runs, &error))?;
    let mut key = [0; 32];
    getrandom::fill(&mut key).map_err(|error| {
        Failure::before(
            Exit::Unexpected,
            format!("the system gives no random numbers: {error}"),
        )
    })?;
    let mut options = fs::OpenOptions::new();
    options.write(true).create_new(true);
    #[cfg(unix)]
    std::os::unix::fs::OpenOptionsExt::mode(&mut options, 0o600);
    options
        .open(&path)
        .and_then(|mut file| file.write_all(&key))
        .map_err(|error| file_failure("write", &path, &error))?;
    Ok(key)
}
