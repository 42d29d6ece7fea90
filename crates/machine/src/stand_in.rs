//! A machine that a test scripts: services and a registry that do as they are told to, and real child processes.
//!
//! Its clock goes on when somebody waits, and else stands still: half an hour of patience takes a test no time. Programs
//! are looked for in a folder of its own before PATH, so that shell scripts stand for Windows' programs: they record
//! their arguments, write and end as the test wants.
//!
//! [`StandIn::kept`] writes the machine into its folder after every order, and [`StandIn::kept_in`] takes it from there:
//! one machine for several processes, one after the other.

mod keep;
mod programs;
mod scripted;

use std::collections::HashMap;
use std::path::{Path, PathBuf};
use std::sync::{Mutex, MutexGuard, PoisonError};
use std::time::Duration;

use serde::{Deserialize, Serialize};

use crate::event::Watch;
use crate::{
    Command, Machine, MachineError, Outcome, PlatformService, Result, Service, StartType, State,
    child,
};

pub use scripted::Behaviour;
use scripted::Scripted;

const INSTALLER: &str = r"SOFTWARE\OutSystems\Installer\Server";

/// The scripted machine.
#[derive(Debug)]
pub struct StandIn {
    folder: PathBuf,
    inner: Mutex<Inner>,
}

#[derive(Debug, Default, Serialize, Deserialize)]
struct Inner {
    kept: bool,
    name: String,
    not_elevated: bool,
    services: Vec<Scripted>,
    registry: Vec<(String, String, String)>,
    effects: Vec<Effect>,
    #[serde(default)]
    installers: Vec<(String, PathBuf, String)>,
    locked: HashMap<PathBuf, u32>,
    told: Vec<String>,
    clock: Duration,
}

/// What a program does to a service.
#[derive(Debug, Serialize, Deserialize)]
struct Effect {
    part: String,
    key: String,
    state: State,
    start_type: Option<StartType>,
}

impl StandIn {
    /// A machine without services and without a platform. Its programs and its Windows are in a folder of the test's.
    ///
    /// # Panics
    /// Where the folder can't be written.
    #[must_use]
    pub fn new(folder: &Path) -> Self {
        let machine = Self {
            folder: folder.to_owned(),
            inner: Mutex::new(Inner {
                name: "STANDIN".to_owned(),
                ..Inner::default()
            }),
        };
        for folder in [machine.programs(), machine.windows().join("Temp")] {
            programs::made(&folder);
        }
        machine
    }

    /// A machine with all services of the platform running, automatically started.
    #[must_use]
    pub fn with_platform(folder: &Path) -> Self {
        PlatformService::STOPPING
            .iter()
            .fold(Self::new(folder), |machine, service| {
                machine.service(service.name(), State::Running, StartType::Automatic)
            })
    }

    /// The machine that was kept in a folder.
    ///
    /// # Panics
    /// Where there is none.
    #[must_use]
    pub fn kept_in(folder: &Path) -> Self {
        Self {
            folder: folder.to_owned(),
            inner: Mutex::new(keep::read(folder)),
        }
    }

    /// Is kept in its folder from now on.
    ///
    /// # Panics
    /// Where the folder can't be written.
    #[must_use]
    pub fn kept(self) -> Self {
        self.inner().kept = true;
        keep::write(&self.folder, &self.inner());
        self
    }

    fn inner(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// With another name.
    #[must_use]
    pub fn named(self, name: &str) -> Self {
        name.clone_into(&mut self.inner().name);
        self
    }

    /// With a process that is not elevated.
    #[must_use]
    pub fn not_elevated(self) -> Self {
        self.inner().not_elevated = true;
        self
    }

    /// With a service, whose key is its name.
    #[must_use]
    pub fn service(self, name: &str, state: State, start_type: StartType) -> Self {
        self.service_with_key(name, name, state, start_type)
    }

    /// With a service.
    #[must_use]
    pub fn service_with_key(
        self,
        key: &str,
        display_name: &str,
        state: State,
        start_type: StartType,
    ) -> Self {
        self.inner().services.push(Scripted::new(Service {
            key: key.to_owned(),
            display_name: display_name.to_owned(),
            state,
            start_type,
        }));
        self
    }

    /// Without one of its services.
    #[must_use]
    pub fn without(self, name: &str) -> Self {
        self.inner().services.retain(|one| !one.is(name));
        self
    }

    /// With a service that behaves like this.
    #[must_use]
    pub fn behaves(self, name: &str, behaviour: Behaviour) -> Self {
        for one in self.inner().services.iter_mut().filter(|one| one.is(name)) {
            one.behaviour = behaviour;
        }
        self
    }

    /// With a value below `HKEY_LOCAL_MACHINE`.
    #[must_use]
    pub fn value(self, key: &str, name: &str, text: &str) -> Self {
        self.inner().set(key, name, text);
        self
    }

    /// With an installed platform server.
    #[must_use]
    pub fn installed(self, folder: &Path, version: &str) -> Self {
        self.inner().install(folder, version);
        self
    }

    /// Without a value below `HKEY_LOCAL_MACHINE`.
    #[must_use]
    pub fn without_value(self, key: &str, name: &str) -> Self {
        let gone = (key.to_lowercase(), name.to_lowercase());
        let mut inner = self.inner();
        inner
            .registry
            .retain(|one| (&one.0, &one.1) != (&gone.0, &gone.1));
        drop(inner);
        self
    }

    /// Without a platform server.
    #[must_use]
    pub fn uninstalled(self) -> Self {
        self.without_value(INSTALLER, "")
            .without_value(INSTALLER, "Server")
    }

    /// With a program that installs the platform server when it ends with 0, or with 1, where it wants a restart, and its
    /// command line, as it is shown, contains `part`.
    #[must_use]
    pub fn installs(self, part: &str, folder: &Path, version: &str) -> Self {
        let one = (part.to_owned(), folder.to_owned(), version.to_owned());
        self.inner().installers.push(one);
        self
    }

    /// With a file that is held for so many questions.
    #[must_use]
    pub fn locked(self, path: &Path, questions: u32) -> Self {
        self.inner().locked.insert(path.to_owned(), questions);
        self
    }

    /// With a program that changes a service when it ends with 0 and its command line, as it is shown, contains `part`.
    #[must_use]
    pub fn effect(
        self,
        part: &str,
        key: &str,
        state: State,
        start_type: Option<StartType>,
    ) -> Self {
        self.inner().effects.push(Effect {
            part: part.to_owned(),
            key: key.to_owned(),
            state,
            start_type,
        });
        self
    }

    /// What it was told, in order: orders alone, no questions.
    #[must_use]
    pub fn told(&self) -> Vec<String> {
        self.inner().told.clone()
    }

    /// The folder that stands before PATH.
    #[must_use]
    pub fn programs(&self) -> PathBuf {
        self.folder.join("programs")
    }

    fn windows(&self) -> PathBuf {
        self.folder.join("Windows")
    }

    /// Does something with a service that is there.
    fn order<T>(
        &self,
        told: String,
        name: &str,
        order: impl FnOnce(&mut Scripted, &Surroundings) -> Result<T>,
    ) -> Result<T> {
        let mut inner = self.inner();
        let surroundings = Surroundings {
            clock: inner.clock,
            controller: inner.controller_runs(),
        };
        if inner.not_elevated {
            return Err(MachineError::AccessDenied {
                to: told,
                elevated: Some(false),
            });
        }
        inner.told.push(told);
        let one = inner.services.iter_mut().find(|one| one.is(name));
        let one = one.ok_or_else(|| MachineError::ServiceMissing {
            service: name.to_owned(),
        })?;
        let answer = order(one, &surroundings);
        keep::write(&self.folder, &inner);
        answer
    }
}

/// What a service sees of its machine.
struct Surroundings {
    clock: Duration,
    controller: bool,
}

impl Inner {
    fn controller_runs(&mut self) -> bool {
        let clock = self.clock;
        let names = PlatformService::DeploymentController.names();
        self.services.iter_mut().any(|one| {
            names.iter().any(|name| one.is(name)) && one.now(clock).state == State::Running
        })
    }

    fn set(&mut self, key: &str, name: &str, text: &str) {
        let new = (key.to_lowercase(), name.to_lowercase(), text.to_owned());
        self.registry
            .retain(|old| (&old.0, &old.1) != (&new.0, &new.1));
        self.registry.push(new);
    }

    fn install(&mut self, folder: &Path, version: &str) {
        self.set(INSTALLER, "", &folder.display().to_string());
        self.set(INSTALLER, "Server", version);
    }

    fn take_effect(&mut self, line: &str, code: i32) {
        let installed = self
            .installers
            .iter()
            .find(|one| code <= 1 && line.contains(&one.0))
            .cloned();
        if let Some((_, folder, version)) = installed {
            self.install(&folder, &version);
        }
        if code != 0 {
            return;
        }
        for effect in self.effects.iter().filter(|one| line.contains(&one.part)) {
            for one in self.services.iter_mut().filter(|one| one.is(&effect.key)) {
                one.become_at_once(effect.state, effect.start_type);
            }
        }
    }
}

impl Machine for StandIn {
    fn name(&self) -> Result<String> {
        Ok(self.inner().name.clone())
    }

    fn elevated(&self) -> Result<bool> {
        Ok(!self.inner().not_elevated)
    }

    fn service(&self, name: &str) -> Result<Option<Service>> {
        let mut inner = self.inner();
        let clock = inner.clock;
        let found = inner.services.iter_mut().find(|one| one.is(name));
        Ok(found.map(|one| one.now(clock).clone()))
    }

    fn ask_to_stop(&self, name: &str) -> Result<()> {
        self.order(format!("stop {name}"), name, Scripted::stop)
    }

    fn ask_to_start(&self, name: &str) -> Result<()> {
        self.order(format!("start {name}"), name, Scripted::start)
    }

    fn set_start_type(&self, name: &str, start_type: StartType) -> Result<()> {
        self.order(format!("set {name} {start_type}"), name, |one, _| {
            one.set_start_type(start_type)
        })
    }

    fn run(&self, command: &Command, watch: &dyn Watch) -> Result<Outcome> {
        self.inner().told.push(format!("run {command}"));
        keep::write(&self.folder, &self.inner());
        let path = programs::path_of(&self.programs(), command.program())?;
        let outcome = child::run(command, &path, programs::search(&self.programs()), watch)?;
        if let Some(code) = outcome.code {
            let mut inner = self.inner();
            inner.take_effect(&outcome.command, code);
            keep::write(&self.folder, &inner);
        }
        Ok(outcome)
    }

    fn registry(&self, key: &str, value: &str) -> Result<Option<String>> {
        let (key, name) = (key.to_lowercase(), value.to_lowercase());
        let inner = self.inner();
        let mut values = inner.registry.iter();
        let found = values.find(|one| (&one.0, &one.1) == (&key, &name));
        Ok(found.map(|(_, _, text)| text.clone()))
    }

    fn windows_folder(&self) -> Result<PathBuf> {
        Ok(self.windows())
    }

    fn is_locked(&self, path: &Path) -> Result<bool> {
        let mut inner = self.inner();
        if let Some(left) = inner.locked.get_mut(path)
            && *left > 0
        {
            *left -= 1;
            return Ok(true);
        }
        std::fs::metadata(path)
            .map(|_| false)
            .map_err(|source| MachineError::System {
                to: format!("open `{}`", path.display()),
                source,
            })
    }

    fn clock(&self) -> Duration {
        self.inner().clock
    }

    fn wait(&self, duration: Duration) {
        self.inner().clock += duration;
    }
}
