//! The settings file, `envclone.toml`.

use std::collections::BTreeMap;

use serde::Deserialize;

mod runbook;
mod security;
mod server;

pub use runbook::{
    Account, Cache, Connection, INSTALL_FOLDER, Identity, LifeTime, PlatformTablespaces,
    PlatformUsers, Purpose, RunbookSettings, ServiceCenter, Session,
};
pub use security::{NewUser, Rights, Security};
pub use server::{Encryption, Login, Secret, Server};

use crate::engine::{Engine, Role};
use crate::step::Profile;

/// The settings, whole. Paths are relative to the settings file's folder.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Settings {
    /// Which steps are taken.
    #[serde(default = "official")]
    pub profile: Profile,
    /// Steps to leave out, by id; the report names them.
    #[serde(default)]
    pub skip: Vec<String>,
    /// A folder with steps of one's own.
    #[serde(default)]
    pub steps: Option<String>,
    /// The folder in which each run gets a folder of its own.
    #[serde(default = "runs")]
    pub runs: String,
    /// The environment that is copied. Nothing is ever written to it.
    pub source: Environment,
    /// The copy.
    pub target: Environment,
    /// Whether envclone makes the copy, or takes over one that was made by hand.
    #[serde(default)]
    pub clone: CloneMode,
    /// How the copy is made, on engines where a server makes it.
    #[serde(default)]
    pub copy: Copying,
    /// The users of the databases.
    #[serde(default)]
    pub security: Security,
    /// What the runbook needs to know of the environment that gets the copy.
    #[serde(default)]
    pub runbook: RunbookSettings,
    /// What is done with secrets in saved rows.
    #[serde(default)]
    pub saved: Saved,
    /// Guards that have a setting.
    #[serde(default)]
    pub safety: Safety,
    /// What verification accepts.
    #[serde(default)]
    pub verify: Verify,
}

fn official() -> Profile {
    Profile::Official
}

fn runs() -> String {
    "envclone-runs".to_owned()
}

/// One environment: an engine, and what each of its databases is called there. For `SQLite` a database is a
/// file, for SQL Server a catalog, for Oracle a schema: the Admin schemas hold the platform's tables and the log tables, the
/// Runtime schemas the applications' tables and nothing at all.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Environment {
    /// The engine.
    pub engine: Engine,
    /// The platform database.
    pub platform: String,
    /// The log database, where logs are kept apart.
    #[serde(default)]
    pub log: Option<String>,
    /// The schema of the application tables, where it is not the platform's own.
    #[serde(default)]
    pub runtime: Option<String>,
    /// The schema that applications write logs through, where it is not the log tables' own.
    #[serde(default)]
    pub log_runtime: Option<String>,
    /// Extra catalogs or schemas, by the names that `ossys_dbcatalog` gives them.
    #[serde(default)]
    pub catalogs: BTreeMap<String, String>,
    /// The server; none for `SQLite`, and where a plan is only scripted.
    #[serde(default)]
    pub server: Option<Server>,
}

impl Environment {
    /// A key that only Oracle has a use for.
    fn schema_too_many(&self) -> Option<&'static str> {
        let given = [
            ("runtime", self.runtime.is_some()),
            ("log-runtime", self.log_runtime.is_some()),
        ];
        let (key, _) = given.into_iter().find(|(_, given)| *given)?;
        (!self.engine.has_schemas()).then_some(key)
    }

    /// The names of all databases, to be written.
    pub fn names_mut(&mut self) -> impl Iterator<Item = &mut String> {
        std::iter::once(&mut self.platform)
            .chain(&mut self.runtime)
            .chain(&mut self.log)
            .chain(&mut self.log_runtime)
            .chain(self.catalogs.values_mut())
    }

    /// The databases, the platform database first.
    #[must_use]
    pub fn databases(&self) -> Vec<(Role, &str)> {
        let other = [
            (Role::Runtime, &self.runtime),
            (Role::Log, &self.log),
            (Role::LogRuntime, &self.log_runtime),
        ];
        let other = other
            .into_iter()
            .filter_map(|(role, name)| Some((role, name.as_deref()?)));
        let catalogs = self
            .catalogs
            .iter()
            .map(|(logical, name)| (Role::Catalog(logical.clone()), name.as_str()));
        std::iter::once((Role::Platform, self.platform.as_str()))
            .chain(other)
            .chain(catalogs)
            .collect()
    }
}

/// Who makes the copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum CloneMode {
    /// envclone copies; the target must not exist yet.
    #[default]
    Make,
    /// The copy exists and is taken over after proof.
    Adopt,
}

/// How a server makes the copy: by a backup that another one, or the same, restores.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Copying {
    /// The folder or URL of the backups, as the source's server sees it; its own folder for backups when absent.
    pub backup_folder: Option<String>,
    /// The same as the target's server sees it; as the source's does when absent.
    pub restore_folder: Option<String>,
    /// The folder of the copy's data files on the target's server; its own default when absent.
    pub data_folder: Option<String>,
    /// The folder of the copy's transaction logs there; its own default when absent.
    pub log_folder: Option<String>,
    /// How many files each backup is spread over, 1 to 64.
    pub stripes: u32,
    /// Whether the copies are rolled forward to one moment, where there are several.
    pub together: bool,
    /// Whether backups or dump files are compressed. When absent: on SQL Server where the source's edition can, on Oracle not,
    /// since that takes the Advanced Compression option.
    pub compress: Option<bool>,
    /// By how much each file grows when it is full, in MB. The vendor recommends 512.
    pub growth_mb: u32,
    /// The copy's recovery model.
    pub recovery: Recovery,
    /// The copy's compatibility level; the source's when absent.
    pub compatibility: Option<u32>,
    /// The login that owns the copy; the server's own administrator when absent. `login` leaves it to the login that
    /// restores.
    pub owner: Option<String>,
    /// What becomes of Service Broker.
    pub broker: Broker,
    /// Whether code in the copy may reach out of it with its owner's rights.
    pub trustworthy: bool,
    /// Whether only administrators get into the copy until it is clean.
    pub restricted: bool,
    /// Oracle: the DIRECTORY of the source's database that the dump is written to.
    pub directory: String,
    /// Oracle: the DIRECTORY of the target's database that has the same files; the source's when absent.
    pub import_directory: Option<String>,
    /// Oracle: how many processes export and import at once, 1 to 64. More than one takes the Enterprise Edition.
    pub parallel: u32,
    /// Oracle: the copy's tablespace for each of the source's; one that is not named gets a name from the platform's target
    /// schema.
    pub tablespaces: BTreeMap<String, String>,
    /// Oracle: whether synonyms of the copy that lead to a copied schema of the source are led to the copy's.
    pub mend_synonyms: bool,
    /// Oracle: whether the copy's users get on the copy's objects the rights that the source's users have on each other's.
    pub mend_grants: bool,
}

impl Default for Copying {
    fn default() -> Self {
        Self {
            backup_folder: None,
            restore_folder: None,
            data_folder: None,
            log_folder: None,
            stripes: 1,
            together: true,
            compress: None,
            growth_mb: 512,
            recovery: Recovery::Simple,
            compatibility: None,
            owner: None,
            broker: Broker::Off,
            trustworthy: false,
            restricted: true,
            directory: "DATA_PUMP_DIR".to_owned(),
            import_directory: None,
            parallel: 1,
            tablespaces: BTreeMap::new(),
            mend_synonyms: false,
            mend_grants: false,
        }
    }
}

impl Copying {
    /// What contradicts itself or the engine's limits.
    fn mistake(&self) -> Option<&'static str> {
        let given = [
            &self.backup_folder,
            &self.restore_folder,
            &self.data_folder,
            &self.log_folder,
            &self.owner,
            &self.import_directory,
        ];
        if !(1..=64).contains(&self.stripes) {
            Some("`stripes` is a number from 1 to 64")
        } else if !(1..=64).contains(&self.parallel) {
            Some("`parallel` is a number from 1 to 64")
        } else if self.directory.trim().is_empty() {
            Some("`directory` is empty; leave the key out for DATA_PUMP_DIR")
        } else if !(1..=1_048_576).contains(&self.growth_mb) {
            Some("`growth-mb` is a number from 1 to 1048576")
        } else if given
            .into_iter()
            .flatten()
            .any(|text| text.trim().is_empty())
        {
            Some("a folder or name is empty; leave the key out for the default")
        } else if self.backup_folder.is_none() && self.restore_folder.is_some() {
            Some(
                "`restore-folder` says how the target's server sees `backup-folder`, which is missing",
            )
        } else {
            None
        }
    }
}

/// What a database keeps of its changes.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Recovery {
    /// What is needed after a crash: nobody backs the log of a test environment up.
    #[default]
    Simple,
    /// Everything, until the log is backed up.
    Full,
    /// As the source has it.
    Keep,
}

/// What becomes of Service Broker in a copy.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Broker {
    /// It is switched off: nothing is sent.
    #[default]
    Off,
    /// It is on, with an identifier of its own; conversations of the source are ended.
    New,
}

/// What becomes of rows before they are deleted.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Saved {
    /// What is done with values that may be secrets.
    #[serde(default)]
    pub secrets: SavedSecrets,
    /// age public keys (`age1…`) that saved files are encrypted to.
    #[serde(default)]
    pub recipients: Vec<String>,
}

/// What is done with values that may be secrets.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum SavedSecrets {
    /// They are left out of the saved file, which is plain text.
    #[default]
    Withhold,
    /// They are saved, and the file is encrypted to the recipients.
    Encrypt,
}

/// Guards that have a setting.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Safety {
    /// How old the newest log row of a copy must be, in minutes, for it not to count as a live environment.
    pub heartbeat_minutes: u32,
    /// Texts that no target's path or name may contain, whatever the evidence.
    pub never: Vec<String>,
}

impl Default for Safety {
    fn default() -> Self {
        Self {
            heartbeat_minutes: 15,
            never: Vec::new(),
        }
    }
}

/// What verification accepts.
#[derive(Clone, Debug, Default, Deserialize)]
#[serde(rename_all = "kebab-case", default, deny_unknown_fields)]
pub struct Verify {
    /// Residue that a person has judged; it is reported as accepted.
    pub accept: Vec<Accept>,
}

/// Residue that a person has judged.
#[derive(Clone, Debug, Deserialize)]
#[serde(rename_all = "kebab-case", deny_unknown_fields)]
pub struct Accept {
    /// The table; a `*` at its end stands for any ending.
    pub table: String,
    /// The column; any when absent.
    #[serde(default)]
    pub column: Option<String>,
    /// Why it may stay.
    pub because: String,
}

/// What is wrong with the settings.
#[derive(Debug, thiserror::Error)]
pub enum SettingsError {
    /// No TOML of this shape; the reader names line and column.
    #[error("{0}")]
    Shape(#[from] Box<toml::de::Error>),
    /// A password or token in the settings, or something else that is no place of one: the line is not shown.
    #[error(
        "line {0}: `password` or `token` says where the secret comes from, `{{ env = \"NAME\" }}`, `{{ file = \"PATH\" }}` or \"prompt\"; \
         it never holds the secret itself"
    )]
    Password(usize),
    /// Two environments on different engines.
    #[error("the source is on {0}, the target on {1}: a copy stays on its engine")]
    Engines(Engine, Engine),
    /// A server that contradicts itself, or has none.
    #[error("[{0}.server]: {1}")]
    Server(&'static str, &'static str),
    /// A schema of application tables where there are no schemas.
    #[error("[{0}]: `{1}` names a schema of its own, which only Oracle has")]
    Schema(&'static str, &'static str),
    /// How the copy is made contradicts itself.
    #[error("[copy]: {0}")]
    Copying(&'static str),
    /// The users of the copy contradict themselves.
    #[error("[security]: {0}")]
    Security(String),
    /// What the runbook is told contradicts itself.
    #[error("[runbook]: {0}")]
    Runbook(String),
    /// Everything accepted at once.
    #[error("`verify.accept` with the table `{0}` would accept everything, unseen")]
    AcceptsAll(String),
    /// Encryption without a key.
    #[error("`saved.secrets` is `encrypt`, but `saved.recipients` names nobody")]
    NoRecipient,
}

/// What is wrong with the text. The reader's message shows the line, which is nobody's business where it has a password.
fn shape(text: &str, error: toml::de::Error) -> SettingsError {
    let lines = error.span().and_then(|span| {
        let begin = text.get(..span.start)?.rfind('\n').map_or(0, |at| at + 1);
        let end = span.end + text.get(span.end..)?.find('\n').unwrap_or(0);
        Some((
            text.get(..begin)?.lines().count() + 1,
            text.get(begin..end)?,
        ))
    });
    match lines {
        Some((line, shown)) if holds_secret(shown) => SettingsError::Password(line),
        _ => SettingsError::Shape(Box::new(error)),
    }
}

fn holds_secret(line: &str) -> bool {
    let line = line.to_lowercase();
    line.contains("password") || line.contains("token")
}

impl Settings {
    /// Reads the settings.
    ///
    /// # Errors
    /// [`SettingsError`]: unknown keys, wrong types, contradictions.
    pub fn read(text: &str) -> Result<Self, SettingsError> {
        let settings: Self = toml::from_str(text).map_err(|error| shape(text, error))?;
        let (source, target) = (settings.source.engine, settings.target.engine);
        if source != target {
            return Err(SettingsError::Engines(source, target));
        }
        for (side, environment) in [("source", &settings.source), ("target", &settings.target)] {
            if let Some(key) = environment.schema_too_many() {
                return Err(SettingsError::Schema(side, key));
            }
            let Some(server) = &environment.server else {
                continue;
            };
            let wrong = server.mistake(environment.engine);
            if let Some(wrong) = wrong {
                return Err(SettingsError::Server(side, wrong));
            }
        }
        if let Some(wrong) = settings.copy.mistake() {
            return Err(SettingsError::Copying(wrong));
        }
        if let Some(wrong) = settings.security.mistake(&settings.target) {
            return Err(SettingsError::Security(wrong));
        }
        if let Some(wrong) = settings.runbook.mistake(&settings.source) {
            return Err(SettingsError::Runbook(wrong));
        }
        if settings.saved.secrets == SavedSecrets::Encrypt && settings.saved.recipients.is_empty() {
            return Err(SettingsError::NoRecipient);
        }
        if let Some(rule) = settings
            .verify
            .accept
            .iter()
            .find(|rule| rule.table.trim_end_matches('*').is_empty())
        {
            return Err(SettingsError::AcceptsAll(rule.table.clone()));
        }
        Ok(settings)
    }
}
