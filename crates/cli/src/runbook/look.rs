//! Looks at what a step should have come to, apart from whatever did the step.

mod databases;
mod machine;
mod network;

use machine::WITHOUT_SCHEDULER;

use std::cell::OnceCell;
use std::fs;
use std::path::PathBuf;

use envclone_core::config_search::{Outcome as Found, search};
use envclone_core::engine::Role;
use envclone_core::evidence::Observed;
use envclone_core::filter::{Filter, Test};
use envclone_core::hsconf::{DatabaseAt, Difference, Hsconf, same_host};
use envclone_core::inventory::Inventory;
use envclone_core::private_key::PrivateKey;
use envclone_core::release::Standing as Gate;
use envclone_core::runbook::Step;
use envclone_core::runbook::check::{CheckKind, Looked};
use envclone_core::runbook::configuration::{is_own, names_of_source, source_host, typed, wanted};
use envclone_core::runbook::progress::{known_as, same_machine};
use envclone_core::runbook::step::Way;
use envclone_core::runbook::value::ValueName;
use envclone_core::settings::{Account, Secret};
use envclone_core::verdict::Tally;
use envclone_db::{Access, Engine};
use envclone_lifetime::ServiceCenter;
use envclone_machine::{Machine, PlatformService, StartType, State, find};

use super::{Known, Standing, platform};
use crate::config::Config;
use crate::connect::engine_as;
use crate::failure::Failure;
use crate::inspect::rows;
use crate::run::Phases;
use crate::ui::Silent;

/// Whoever looks, with what it takes.
pub struct Look<'a> {
    /// What the run knew.
    pub known: &'a Known<'a>,
    /// The runbook as it stands.
    pub standing: &'a Standing,
    /// This machine.
    pub machine: &'a dyn Machine,
    /// The engine, once it was needed: its passwords are asked for once.
    pub engine: OnceCell<Result<Box<dyn Engine>, String>>,
    /// The passwords that were fetched.
    pub passwords: platform::Passwords,
}

/// How a look ended: it holds, it does not, or why it could not be seen.
type Seen = Result<Result<String, String>, String>;

fn holds(seen: impl Into<String>) -> Seen {
    Ok(Ok(seen.into()))
}

fn fails(seen: impl Into<String>) -> Seen {
    Ok(Err(seen.into()))
}

fn told(failure: &Failure) -> String {
    let why: Vec<&str> = failure.why.iter().map(|why| why.what.as_str()).collect();
    why.join("; ")
}

fn unseen(error: impl std::fmt::Display) -> String {
    error.to_string()
}

impl<'a> Look<'a> {
    /// Whoever looks.
    #[must_use]
    pub fn new(known: &'a Known<'a>, standing: &'a Standing, machine: &'a dyn Machine) -> Self {
        Self {
            known,
            standing,
            machine,
            engine: OnceCell::new(),
            passwords: platform::Passwords::default(),
        }
    }

    /// Looks at all of these.
    #[must_use]
    pub fn at(&self, checks: &[CheckKind]) -> Vec<Looked> {
        checks.iter().map(|check| self.one(*check)).collect()
    }

    /// Looks at one.
    #[must_use]
    pub fn one(&self, check: CheckKind) -> Looked {
        match self.see(check) {
            Ok(Ok(seen)) => Looked::holds(check, seen),
            Ok(Err(seen)) => Looked::fails(check, seen),
            Err(why) => Looked::unknown(check, why),
        }
    }

    fn see(&self, check: CheckKind) -> Seen {
        use CheckKind as K;
        match check {
            K::PlatformLogins => self.logins(&Role::Platform),
            K::LogLogins => self.logins(&Role::Log),
            K::SessionLogin => self.session_login(),
            K::PlatformVersion => self.version(),
            K::ServicesStopped => self.services_stopped(),
            K::ServicesRunning => self.services_running(&WITHOUT_SCHEDULER),
            K::SchedulerOff => self.scheduler_off(),
            K::SchedulerRunning => self.services_running(&[PlatformService::Scheduler]),
            K::IisStopped => self.iis(State::Stopped),
            K::IisRunning => self.iis(State::Running),
            K::FoldersEmpty => self.folders(),
            K::ConfigurationPointsHere => self.configuration(),
            K::NoSourceInFiles => self.files(),
            K::KeyIsOwn => self.key(),
            K::NoSessionElsewhere => self.sessions_elsewhere(),
            K::ServiceCenterAnswers => self.service_center(),
            K::LicenseFile => self.license_file(),
            K::ServiceStudio => self.service_studio(),
            K::Serial => self.serial(),
            K::FrontEnds => self.front_ends(),
            K::Deployed => self.deployed(),
            K::ConnectionsOwn => self.connections(),
            K::Catalogs => self.catalogs(),
            K::NotInLifetime => self.in_lifetime(false),
            K::InLifetime => self.in_lifetime(true),
            K::PurposeInLifetime => self.purpose(),
            K::ConnectionsMade => super::connections::made(self),
            K::NoTraceOfSource => self.trace(),
            K::NothingFires => self.fires(),
        }
    }

    fn config(&self) -> &'a Config {
        self.known.config()
    }

    fn engine(&self) -> Result<&dyn Engine, String> {
        let made = self
            .engine
            .get_or_init(|| self.config().engine().map_err(|failure| told(&failure)));
        match made {
            Ok(engine) => Ok(engine.as_ref()),
            Err(why) => Err(why.clone()),
        }
    }

    fn with_phases<T>(
        &self,
        verb: impl FnOnce(&mut Phases<'_>) -> Result<T, Failure>,
    ) -> Result<T, String> {
        let mut watch = Silent;
        let mut phases = Phases::new(self.config(), self.engine()?, Vec::new(), &mut watch)
            .map_err(|failure| told(&failure))?;
        verb(&mut phases).map_err(|failure| told(&failure))
    }

    /// A query of the copy's platform database.
    fn ask(&self, sql: &str) -> Result<Vec<Vec<String>>, String> {
        let name = &self.config().settings.target.platform;
        let mut session = self.engine()?.open(name, Access::Read).map_err(unseen)?;
        rows(session.as_mut(), sql).map_err(unseen)
    }

    fn inventory(&self) -> &Inventory {
        self.known.parts().inventory
    }
}
