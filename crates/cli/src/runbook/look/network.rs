//! What answers over the network: Service Center and `LifeTime`.

use envclone_core::harvest::hosts;
use envclone_core::runbook::check::Outcome;
use envclone_core::runbook::configuration::source_host;
use envclone_core::runbook::journal::Event;
use envclone_core::settings::{self, Purpose};
use envclone_lifetime::{Environment, LifeTime, SavedRegistration};

use super::*;
use crate::failure::{Exit, file_failure};
use crate::runbook::{REGISTRATION, folder};

/// What answers over the network.
impl Look<'_> {
    pub(super) fn service_center(&self) -> Seen {
        let Some(center) = &self.config().settings.runbook.service_center else {
            return Err("the settings have no `[runbook.service-center]`".to_owned());
        };
        // The source's answers, too.
        if let Some(host) = source_host(&self.known.parts(), &center.address) {
            return fails(format!("{} is the source's `{host}`", center.address));
        }
        let options = platform::options(self.config(), center.ca_file.as_ref())
            .map_err(|failure| told(&failure))?;
        let center = ServiceCenter::new(&center.address, options).map_err(unseen)?;
        match center.answers() {
            Ok(reply) if reply.is_page() => {}
            Ok(reply) => return fails(format!("it answers with status {}", reply.status)),
            Err(error) => return fails(error.to_string()),
        }
        let unsaid = |error| format!("it answers; which version it has can't be seen: {error}");
        let found = center.platform().map_err(unsaid)?.version;
        match &self.inventory().platform_version {
            None => Err(format!(
                "it answers, with platform {found}; the source's database did not say which version it has"
            )),
            Some(database) if *database == found => {
                holds(format!("it answers, with platform {found}"))
            }
            Some(database) => fails(format!(
                "it answers, with platform {found}; the database has {database}"
            )),
        }
    }

    pub(super) fn in_lifetime(&self, wanted: bool) -> Seen {
        let (lifetime, settings) =
            platform::lifetime(self.config()).map_err(|failure| told(&failure))?;
        let all = lifetime.environments().map_err(unseen)?;
        let found = self
            .listed(&all, settings)
            .map_err(|failure| told(&failure))?;
        match (found, wanted) {
            (None, true) => fails(not_listed(settings)),
            (None, false) => holds(not_listed(settings)),
            (Some(found), false) => fails(format!("LifeTime lists {}", found.name)),
            (Some(found), true) => {
                if let Some(host) = self.of_source(found) {
                    return fails(format!(
                        "LifeTime reaches {} at the source's `{host}`",
                        found.name
                    ));
                }
                let name = &found.name;
                Ok(match self.is_new(found, settings)? {
                    Ok(why) => Ok(format!("LifeTime lists {name}: {why}")),
                    Err(why) => Err(format!("LifeTime lists {name}, but {why}")),
                })
            }
        }
    }

    pub(super) fn purpose(&self) -> Seen {
        let (_, found) = self.own_environment().map_err(|failure| told(&failure))?;
        let Some(wanted) = self.config().settings.runbook.purpose else {
            return Err("the settings do not say `purpose` of `[runbook]`".to_owned());
        };
        let Some(shown) = found.environment_type else {
            return Err(format!(
                "LifeTime does not say the purpose of {}",
                found.name
            ));
        };
        let purpose = match shown.to_lowercase().as_str() {
            "development" => Purpose::Development,
            "test" => Purpose::NonProduction,
            "production" => Purpose::Production,
            _ => return Err(format!("LifeTime shows {shown}, which is not known")),
        };
        match purpose == wanted {
            true => holds(format!("LifeTime shows {shown}")),
            false => fails(format!(
                "LifeTime shows {shown}, and the environment is for {}",
                wanted.title()
            )),
        }
    }

    /// Where what `LifeTime` knew of the environment is kept.
    pub(in crate::runbook) fn registration_file(&self) -> PathBuf {
        folder(&self.standing.run).join(REGISTRATION)
    }

    /// What `LifeTime` knew of the environment before it was unregistered; none where it was not saved.
    pub(in crate::runbook) fn saved_registration(
        &self,
    ) -> Result<Option<SavedRegistration>, Failure> {
        let path = self.registration_file();
        match fs::read_to_string(&path) {
            Ok(text) => SavedRegistration::from_json(&text)
                .map(Some)
                .map_err(|error| platform::lifetime_failure(&error)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(file_failure(
                "read what LifeTime knew of the environment",
                &path,
                &error,
            )),
        }
    }

    /// The environment in `LifeTime`'s list. What the settings call it may be its key, and it may have another one since: then
    /// it is known by what the runbook registered, or by the name that it had.
    fn listed<'e>(
        &self,
        all: &'e [Environment],
        settings: &settings::LifeTime,
    ) -> Result<Option<&'e Environment>, Failure> {
        let saved = self.saved_registration()?;
        let fresh = self.standing.runbook.way == Way::Fresh;
        let runbook = &self.config().settings.runbook;
        let names = [
            self.standing.progress.registered(),
            Some(settings.environment.as_str()),
            saved.as_ref().map(|it| it.key.as_str()),
            saved.as_ref().map(|it| it.name.as_str()),
            runbook.environment_name.as_deref().filter(|_| fresh),
        ];
        let mut found = names
            .into_iter()
            .flatten()
            .filter_map(|name| all.iter().find(|it| it.is_called(name)));
        Ok(found.next())
    }

    /// What the source calls the machine at which `LifeTime` reaches an environment, where it is the source's.
    fn of_source(&self, environment: &Environment) -> Option<String> {
        source_host(&self.known.parts(), environment.host_name.as_deref()?)
    }

    /// `LifeTime`, and this environment as it is registered there since the copy.
    ///
    /// # Errors
    /// Exit 5 where it is the source or still the environment of before; those of whoever asks `LifeTime`.
    pub(in crate::runbook) fn own_environment(&self) -> Result<(LifeTime, Environment), Failure> {
        let (lifetime, settings) = platform::lifetime(self.config())?;
        let all = lifetime
            .environments()
            .map_err(|error| platform::lifetime_failure(&error))?;
        let refused = |why: String| {
            Failure::before(Exit::Refused, why).hint(
                "`environment` of `[runbook.lifetime]` is the environment that gets the copy; it is registered first",
            )
        };
        let Some(found) = self.listed(&all, settings)? else {
            return Err(refused(not_listed(settings)));
        };
        if let Some(host) = self.of_source(found) {
            return Err(refused(format!(
                "LifeTime reaches {} at the source's `{host}`",
                found.name
            )));
        }
        match self.is_new(found, settings) {
            Ok(Ok(_)) => Ok((lifetime, found.clone())),
            Ok(Err(why)) | Err(why) => {
                Err(refused(format!("LifeTime lists {}, but {why}", found.name)))
            }
        }
    }

    /// Whether what `LifeTime` lists was registered after the copy, or is the registration of before. Whether a new one has
    /// another key is not documented, so another key is evidence, and the same key is none.
    pub(in crate::runbook) fn is_new(
        &self,
        found: &Environment,
        settings: &settings::LifeTime,
    ) -> Seen {
        if self.standing.progress.registered() == Some(found.key.as_str()) {
            return holds("this runbook registered it");
        }
        let saved = self.saved_registration().map_err(|it| told(&it))?;
        let kept = saved.is_some();
        if saved.is_some_and(|it| !it.key.eq_ignore_ascii_case(&found.key)) {
            return holds("it has another key than before");
        }
        // Words about an environment of another name say nothing.
        let words = not_listed(settings);
        let gone = |event: &Event| match event {
            Event::Checked { found, .. } => found.iter().any(|it| {
                let it_was = it.check == CheckKind::NotInLifetime && it.outcome == Outcome::Holds;
                it_was && it.seen == words
            }),
            _ => false,
        };
        if self.standing.entries().iter().any(|it| gone(&it.event)) {
            return holds("this runbook saw it gone before");
        }
        // The clean-up left no observer in the copy: one that notifies this LifeTime came with a registration of the copy.
        let observed = self.notifies(&settings.address);
        match (observed, kept) {
            (Ok(true), _) => holds("the copy's database notifies this LifeTime"),
            (_, true) => fails("it has the key that it had before, and nothing says that it was gone since"),
            (Ok(false), false) => Err(
                "whether it was registered after the copy can't be told: nobody saw it gone, and the copy's database does not notify this LifeTime"
                    .to_owned(),
            ),
            (Err(why), false) => Err(format!(
                "whether it was registered after the copy can't be told: nobody saw it gone, and the copy's database can't be asked: {why}"
            )),
        }
    }

    /// Whether the copy's database has an active observer at this `LifeTime`, as an environment has that is registered there.
    fn notifies(&self, lifetime: &str) -> Result<bool, String> {
        let active = Filter::column("ISACTIVE", Test::IsNumber(1));
        let sql =
            self.config()
                .dialect()
                .select("ossys_platformsvcs_observer", &["NOTIFYURL"], &active);
        let urls = self.ask(&sql)?.into_iter().flatten();
        let mut observers = urls.flat_map(|url| hosts(&url));
        let itself = hosts(lifetime);
        Ok(observers.any(|host| itself.contains(&host) || same_host(&host, lifetime)))
    }
}

fn not_listed(settings: &settings::LifeTime) -> String {
    format!("LifeTime does not list {}", settings.environment)
}
