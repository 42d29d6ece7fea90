//! What follows a clean copy: the steps of the published procedure that lead from the database to a running environment.
//!
//! [`make`] turns the step files, the settings and an inventory into a [`Runbook`], every value filled in. The shell shows
//! it, does what it may of it, and looks at each step's checks. [`journal`] remembers who did what, on which machine, and
//! [`progress::replay`] says how far it came.

pub mod check;
pub mod configuration;
pub mod deed;
pub mod fact;
pub mod journal;
pub mod powershell;
pub mod progress;
pub mod renewal;
pub mod step;
pub mod value;

use std::sync::LazyLock;

use serde::{Deserialize, Serialize};

use crate::engine::{Engine, Role};
use crate::inventory::{Head, Inventory};
use crate::settings::{Rights, Settings};
use check::CheckKind;
use deed::Deed;
use step::{Condition, Place, StepFile, Way};
use value::Value;

/// The version of the file's shape.
pub const FORMAT: u32 = 1;

/// Every step file, in the order of their names.
macro_rules! built_in {
    ($($id:literal),* $(,)?) => {
        &[$(($id, include_str!(concat!("../runbook/", $id, ".toml")))),*]
    };
}

/// The step files: id and text.
pub const STEPS: &[(&str, &str)] = built_in![
    "application-settings",
    "apply",
    "catalogs",
    "database-connections",
    "email-redirect",
    "integration-studio",
    "license",
    "license-backup",
    "lifetime-connections",
    "lifetime-register",
    "lifetime-unregister",
    "log-database",
    "other-machines",
    "platform-database",
    "platform-server",
    "prerequisites",
    "private-key",
    "purpose",
    "release-check",
    "republish",
    "scheduler-off",
    "service-center",
    "service-studio",
    "session-database",
    "share-and-bar",
    "start-iis",
    "start-services",
    "stop-iis",
    "stop-services",
];

/// The order of the steps in both ways.
const ORDER: &str = include_str!("../runbook/order.toml");

/// The steps of each way, by id.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Order {
    fresh: Vec<String>,
    reconfigure: Vec<String>,
}

impl Order {
    /// The ids of one way.
    #[must_use]
    pub fn of(&self, way: Way) -> &[String] {
        [&self.fresh, &self.reconfigure][way as usize]
    }
}

/// The steps, read once, with their order.
///
/// # Errors
/// Where a file does not parse, or the order names a step that does not exist; a test keeps that from being built.
pub fn steps() -> Result<&'static (Vec<StepFile>, Order), &'static StepError> {
    static READ: LazyLock<Result<(Vec<StepFile>, Order), StepError>> = LazyLock::new(read_steps);
    READ.as_ref()
}

/// What is wrong with a step file.
#[derive(Debug, thiserror::Error)]
pub enum StepError {
    /// It is no TOML, or names what does not exist.
    #[error("runbook step `{id}` does not parse")]
    Parse {
        /// The step, or `order`.
        id: String,
        /// What the reader says, with line and column.
        #[source]
        cause: Box<toml::de::Error>,
    },
    /// The order names a step that does not exist.
    #[error("the order of the runbook names `{0}`, which does not exist")]
    NoSuchStep(String),
}

fn read_steps() -> Result<(Vec<StepFile>, Order), StepError> {
    let wrong = |id: &str, cause: toml::de::Error| StepError::Parse {
        id: id.to_owned(),
        cause: Box::new(cause),
    };
    let mut steps = Vec::new();
    for (id, text) in STEPS {
        let mut step: StepFile = toml::from_str(text).map_err(|cause| wrong(id, cause))?;
        (*id).clone_into(&mut step.id);
        steps.push(step);
    }
    let order: Order = toml::from_str(ORDER).map_err(|cause| wrong("order", cause))?;
    let named = Way::ALL.into_iter().flat_map(|way| order.of(way));
    if let Some(id) = named
        .into_iter()
        .find(|id| !steps.iter().any(|step| step.id == **id))
    {
        return Err(StepError::NoSuchStep(id.clone()));
    }
    Ok((steps, order))
}

/// What a runbook is made of.
#[derive(Clone, Copy)]
pub struct Parts<'a> {
    /// The settings.
    pub settings: &'a Settings,
    /// What was found in the source.
    pub inventory: &'a Inventory,
    /// The copy's databases: role and name.
    pub target: &'a [(Role, String)],
    /// The run whose copy this is; none where the copy was cleaned by scripts.
    pub run: Option<&'a str>,
    /// The plan of that run.
    pub plan: Option<&'a str>,
}

impl Parts<'_> {
    /// The user that the settings make for a database.
    fn new_user(&self, role: &Role, rights: Rights) -> Option<String> {
        let made = self.settings.security.create.iter();
        let mut made = made.filter(|new| new.rights == rights && new.databases.contains(role));
        made.next().map(|new| new.login.clone())
    }

    /// The user that a schema is, on engines where they are one.
    fn schema(&self, role: &Role, rights: Rights) -> Option<String> {
        if !self.settings.target.engine.has_schemas() {
            return None;
        }
        let role = match (role, rights) {
            (Role::Platform, Rights::Runtime) => Role::Runtime,
            (Role::Log, Rights::Runtime) => Role::LogRuntime,
            (other, _) => other.clone(),
        };
        let found = self.target.iter().find(|(it, _)| *it == role);
        found.map(|(_, name)| crate::dialect::catalog_of(name).to_owned())
    }

    /// The extra catalogs with their names in the copy.
    fn catalogs(&self) -> Option<String> {
        let named: Vec<String> = self
            .target
            .iter()
            .filter_map(|(role, name)| match role {
                Role::Catalog(logical) => {
                    Some(format!("{logical} = {}", crate::dialect::catalog_of(name)))
                }
                _ => None,
            })
            .collect();
        (!named.is_empty()).then(|| named.join(", "))
    }

    fn meets(&self, condition: Condition) -> bool {
        match condition {
            Condition::HasCatalogs => {
                !self.inventory.catalogs.is_empty() || self.catalogs().is_some()
            }
            Condition::ManagedByLifetime => {
                self.inventory.factory.managed_by_lifetime
                    || self.settings.runbook.lifetime.is_some()
            }
            Condition::HasFrontEnds => self.settings.runbook.machines.len() > 1,
            Condition::WantsConnections => !self.settings.runbook.connections.is_empty(),
        }
    }
}

/// A runbook, whole.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Runbook {
    /// [`FORMAT`].
    pub format: u32,
    /// The hash over everything below: which runbook a journal belongs to, and what a person approves.
    pub id: String,
    /// The version of envclone that made it.
    pub tool: String,
    /// Which way it goes.
    pub way: Way,
    /// The engine of the databases.
    pub engine: Engine,
    /// The run whose copy this is.
    pub run: Option<String>,
    /// The plan of that run.
    pub plan: Option<String>,
    /// The source's databases, which nothing here may lead to.
    pub source: Vec<String>,
    /// The copy's databases.
    pub target: Vec<String>,
    /// The environment's machines, the controller first; empty where the settings name none.
    pub machines: Vec<String>,
    /// The steps, in order.
    pub steps: Vec<Step>,
    /// What is not in it, and why.
    pub left_out: Vec<LeftOut>,
}

/// A step of a runbook.
#[derive(Clone, Debug, PartialEq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Step {
    /// Its number, from 1.
    pub n: u32,
    /// The step file's id.
    pub id: String,
    /// What it does.
    pub title: String,
    /// Why it matters.
    pub why: String,
    /// Where it comes from.
    pub source: String,
    /// Its number in the article; none for a step of this project's own.
    pub published: Option<String>,
    /// What a person clicks or runs.
    pub text: String,
    /// The values for it.
    pub values: Vec<Value>,
    /// On which machines it is taken.
    pub on: Place,
    /// Whether it may be left out without harm.
    pub optional: bool,
    /// Whether nothing after it may be taken until it holds.
    pub gate: bool,
    /// What envclone can do of it.
    pub deeds: Vec<Deed>,
    /// The settings without which envclone can't do all of it.
    pub missing: Vec<String>,
    /// What is looked at afterwards.
    pub checks: Vec<CheckKind>,
}

impl Step {
    /// Who takes it with these settings.
    #[must_use]
    pub fn kind(&self) -> &'static str {
        step::kind(!self.deeds.is_empty(), !self.checks.is_empty())
    }
}

/// A step that is not in a runbook.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct LeftOut {
    /// The step file's id.
    pub id: String,
    /// What it would have done.
    pub title: String,
    /// Why it is not in it.
    pub because: String,
}

/// Makes the runbook.
///
/// # Errors
/// [`StepError`] for a step file that is wrong.
pub fn make(way: Way, parts: &Parts<'_>) -> Result<Runbook, &'static StepError> {
    let (files, order) = steps()?;
    let engine = parts.settings.target.engine;
    let mut made = Vec::new();
    let mut left_out = Vec::new();
    let in_order = order
        .of(way)
        .iter()
        .filter_map(|id| files.iter().find(|file| file.id == *id));
    for file in in_order {
        match file.when.iter().find(|condition| !parts.meets(**condition)) {
            Some(unmet) => left_out.push(LeftOut {
                id: file.id.clone(),
                title: file.title.clone(),
                because: unmet.unmet().to_owned(),
            }),
            None => made.push(file),
        }
    }
    let steps = made
        .into_iter()
        .zip(1..)
        .map(|(file, n)| step(n, file, way, parts))
        .collect();
    let names = |environment: &crate::settings::Environment| {
        let name = |(role, name): (Role, &str)| format!("{role}: {name}");
        environment.databases().into_iter().map(name).collect()
    };
    let mut runbook = Runbook {
        format: FORMAT,
        id: String::new(),
        tool: env!("CARGO_PKG_VERSION").to_owned(),
        way,
        engine,
        run: parts.run.map(str::to_owned),
        plan: parts.plan.map(str::to_owned),
        source: names(&parts.settings.source),
        target: parts
            .target
            .iter()
            .map(|(role, name)| format!("{role}: {name}"))
            .collect(),
        machines: parts.settings.runbook.machines.clone(),
        steps,
        left_out,
    };
    runbook.id = runbook.compute_id();
    Ok(runbook)
}

fn step(n: u32, file: &StepFile, way: Way, parts: &Parts<'_>) -> Step {
    let engine = parts.settings.target.engine;
    let (mut deeds, mut missing) = (Vec::new(), Vec::new());
    for verb in &file.verbs {
        match verb.deeds(parts) {
            Ok(some) => deeds.extend(some),
            Err(settings) => missing.extend(settings),
        }
    }
    // Half of a step's deeds would look like the whole.
    if !missing.is_empty() {
        deeds.clear();
    }
    missing.sort();
    missing.dedup();
    Step {
        n,
        id: file.id.clone(),
        title: file.title.clone(),
        why: file.why.trim_end().to_owned(),
        source: file.source.clone(),
        published: file
            .published
            .numbers(way)
            .and_then(|numbers| numbers.shown(engine)),
        text: file.text_for(engine),
        values: file
            .values
            .iter()
            .filter_map(|name| name.shown(parts))
            .collect(),
        on: file.on,
        optional: file.optional,
        gate: file.gate,
        deeds,
        missing,
        checks: file.checks.clone(),
    }
}

/// What is wrong with a runbook file.
#[derive(Debug, thiserror::Error)]
pub enum RunbookError {
    /// No JSON of this shape.
    #[error("it is no runbook")]
    Shape(#[from] serde_json::Error),
    /// Written by another version.
    #[error("it has format {found}, this version of envclone reads format {FORMAT}")]
    Format {
        /// The file's format.
        found: u64,
    },
    /// Changed after it was written.
    #[error("it was changed after envclone wrote it")]
    Edited,
}

impl Runbook {
    /// Reads a runbook file.
    ///
    /// # Errors
    /// [`RunbookError`]: another shape, another format, or edited by hand.
    pub fn read(text: &str) -> Result<Self, RunbookError> {
        let head: Head = serde_json::from_str(text)?;
        if head.format != u64::from(FORMAT) {
            return Err(RunbookError::Format { found: head.format });
        }
        let runbook: Self = serde_json::from_str(text)?;
        if runbook.id != runbook.compute_id() {
            return Err(RunbookError::Edited);
        }
        Ok(runbook)
    }

    fn compute_id(&self) -> String {
        let bare = Self {
            id: String::new(),
            ..self.clone()
        };
        crate::digest(serde_json::to_string(&bare).unwrap_or_default().as_bytes())
    }

    /// The first digits of its id, which is what people type.
    #[must_use]
    pub fn short_id(&self) -> &str {
        self.id.get(..12).unwrap_or(&self.id)
    }

    /// The step with a number.
    #[must_use]
    pub fn step(&self, n: u32) -> Option<&Step> {
        self.steps.iter().find(|step| step.n == n)
    }

    /// The machines that a step has to be taken on. One that has no name is whichever machine it is taken on.
    #[must_use]
    pub fn machines_of(&self, step: &Step) -> &[String] {
        match (step.on, self.machines.as_slice()) {
            (Place::EveryMachine, machines) => machines,
            (Place::Controller, [controller, ..]) => std::slice::from_ref(controller),
            (Place::FrontEnds, [_, front_ends @ ..]) => front_ends,
            (Place::Controller | Place::FrontEnds, []) | (Place::Anywhere, _) => &[],
        }
    }
}
