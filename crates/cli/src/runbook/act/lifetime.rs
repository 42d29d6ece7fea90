//! The environment in `LifeTime`.

use envclone_core::hsconf::names_a_machine;
use envclone_core::runbook::configuration::source_host;
use envclone_core::runbook::step::Way;
use envclone_core::settings;

use super::*;

/// How the environment will be registered.
struct Planned {
    name: String,
    address: String,
    /// What `LifeTime` knew of it; none for a new environment.
    saved: Option<SavedRegistration>,
}

/// `LifeTime`.
impl Act<'_> {
    /// What is sent with the administrator's password must not go to the source: the password came from there with the copy,
    /// and the source's Service Center would take it.
    pub(super) fn must_not_reach_the_source(&self, deed: &Deed) -> Result<(), Failure> {
        let logs_in = deed.passwords().contains(&AccountName::ServiceCenter);
        if !logs_in && *deed != Deed::RegisterLifetime {
            return Ok(());
        }
        let parts = self.look.known.parts();
        platform::must_not_be_the_source(&parts)?;
        // A runbook keeps the host that the settings had when it was made.
        let Deed::Run {
            path, arguments, ..
        } = deed
        else {
            return Ok(());
        };
        let mut hosts = arguments.iter().filter_map(|argument| match argument {
            Argument::Text(text) if path.ends_with("OSPTool.com") => source_host(&parts, text),
            _ => None,
        });
        match hosts.next() {
            None => Ok(()),
            Some(host) => Err(Failure::before(
                Exit::Refused,
                format!("the runbook has it publish on `{host}`, which is the source's"),
            )
            .hint("correct `[runbook.service-center] address`, then `envclone runbook renew`")),
        }
    }

    pub(super) fn registration_file(&self) -> std::path::PathBuf {
        self.look.registration_file()
    }

    pub(super) fn unregister(&self) -> Result<String, Failure> {
        let (lifetime, settings) = platform::lifetime(self.config())?;
        let path = self.registration_file();
        // What was saved before is not saved again: the environment may be gone already.
        if !path.exists() {
            let saved = lifetime
                .save(&settings.environment)
                .map_err(|error| lifetime_failure(&error))?;
            self.not_the_source(&saved.name, &saved.address)?;
            let text = saved.to_json().map_err(|error| lifetime_failure(&error))?;
            connections::save(&lifetime, &saved.key, &folder(&self.look.standing.run))?;
            write_whole(&path, text.as_bytes())?;
        }
        let Some(saved) = self.look.saved_registration()? else {
            return Err(Failure::before(
                Exit::Unexpected,
                format!("`{}` is gone again", path.display()),
            ));
        };
        // A script may have saved it.
        self.not_the_source(&saved.name, &saved.address)?;
        let ended = lifetime
            .unregister(&saved.key)
            .map_err(|error| lifetime_failure(&error))?;
        let how = match ended {
            Unregistered::Done => "unregistered",
            Unregistered::DoneUnheard => {
                "unregistered; LifeTime's answer was lost, its list shows it"
            }
            Unregistered::WasGone => "LifeTime does not list it any more",
        };
        Ok(format!(
            "{} {how}; its position and permissions are in {}",
            saved.name,
            path.display()
        ))
    }

    /// The environment that `LifeTime` would lose, or get, must not be the one that was copied.
    fn not_the_source(&self, name: &str, address: &str) -> Result<(), Failure> {
        match source_host(&self.look.known.parts(), address) {
            None => Ok(()),
            Some(host) => Err(Failure::before(
                Exit::Refused,
                format!("LifeTime reaches `{name}` at {address}, which is the source's `{host}`"),
            )
            .hint("`environment` of `[runbook.lifetime]` is the environment that gets the copy")),
        }
    }

    /// What will be registered, before it is approved.
    pub(super) fn registration_preview(&self) -> Result<Vec<String>, Failure> {
        let planned = self.planned()?;
        let Planned { name, address, .. } = &planned;
        Ok(vec![match planned.saved {
            Some(_) => format!("`{name}` at {address}, with its old position and permissions"),
            None => format!("`{name}` at {address}, as the last one; {DEFAULTS}"),
        }])
    }

    fn planned(&self) -> Result<Planned, Failure> {
        let planned = match self.look.saved_registration()? {
            Some(saved) => Planned {
                name: saved.name.clone(),
                address: saved.address.clone(),
                saved: Some(saved),
            },
            None => self.planned_from_settings()?,
        };
        self.not_the_source(&planned.name, &planned.address)?;
        Ok(planned)
    }

    /// A new environment: its name goes on into Service Center, and its address is where Service Center is reached.
    fn planned_from_settings(&self) -> Result<Planned, Failure> {
        if self.look.standing.runbook.way != Way::Fresh {
            return Err(Failure::before(
                Exit::Invalid,
                format!(
                    "what LifeTime knew of the environment was not saved: there is no {}",
                    self.registration_file().display()
                ),
            )
            .hint("where a script unregistered it, copy the file that is beside the script; where a person did, a person registers it, with the position and permissions that were written down"));
        }
        let runbook = &self.config().settings.runbook;
        let missing = |setting: &str, why: &str| {
            Failure::before(Exit::Invalid, format!("the settings have no {setting}{why}"))
                .hint("add it, or register the environment in LifeTime by hand; `envclone runbook done` looks at it then")
        };
        let name = runbook.environment_name.as_ref().ok_or_else(|| {
            missing(
                "`environment-name` of `[runbook]`",
                ", by which LifeTime would register the new environment",
            )
        })?;
        let center = runbook
            .service_center
            .as_ref()
            .ok_or_else(|| missing("`[runbook.service-center]`", ""))?;
        let host = host_of(&center.address);
        // Asked to reach `localhost`, LifeTime would find itself.
        let address = match names_a_machine(host) {
            true => host,
            false => runbook.host_name.as_deref().ok_or_else(|| {
                let why = format!(
                    ", and `{host}` of `[runbook.service-center]` would lead LifeTime to itself"
                );
                missing("`host-name` of `[runbook]`", &why)
            })?,
        };
        Ok(Planned {
            name: name.clone(),
            address: host_of(address).to_owned(),
            saved: None,
        })
    }

    pub(super) fn register(&self) -> Result<Did, Failure> {
        let (lifetime, settings) = platform::lifetime(self.config())?;
        let Some(center) = &self.config().settings.runbook.service_center else {
            return Err(Failure::before(
                Exit::Invalid,
                "the settings have no `[runbook.service-center]`",
            ));
        };
        let planned = self.planned()?;
        let listed = lifetime
            .environments()
            .map_err(|error| lifetime_failure(&error))?;
        let at = |it: &Environment| it.host_name.clone().unwrap_or_default();
        let there = listed.iter().find(|it| it.is_called(&planned.name));
        if let Some(there) = there {
            self.not_the_source(&there.name, &at(there))?;
            let same = at(there).eq_ignore_ascii_case(&planned.address);
            // Somebody did it by hand, or an earlier command that nobody heard the end of.
            if same && matches!(self.look.is_new(there, settings), Ok(Ok(_))) {
                return Ok(Did {
                    result: format!(
                        "LifeTime lists {} already, with the key {}",
                        there.name, there.key
                    ),
                    facts: vec![Fact::Registered {
                        key: there.key.clone(),
                    }],
                });
            }
        }
        let password = self.look.passwords.of(self.config(), &center.account)?;
        let registration = self.registration(&planned, &listed, center, lifetime.host());
        let done = lifetime
            .register(&registration, &password)
            .map_err(|error| lifetime_failure(&error))?;
        let users = match done.imported_users {
            Some(users) => format!("{} users were taken over", users.len()),
            None => "LifeTime's answer was lost, its list shows it".to_owned(),
        };
        let defaults = match planned.saved {
            Some(_) => String::new(),
            None => format!("; {DEFAULTS}"),
        };
        Ok(Did {
            result: format!(
                "{} registered with the key {}; {users}{defaults}",
                planned.name, done.key
            ),
            facts: vec![Fact::Registered { key: done.key }],
        })
    }

    fn registration(
        &self,
        planned: &Planned,
        listed: &[Environment],
        center: &settings::ServiceCenter,
        lifetime: &str,
    ) -> Registration {
        if let Some(saved) = &planned.saved {
            return saved.registration(&center.account.user, lifetime);
        }
        let orders = listed.iter().filter_map(|it| it.order);
        let count = u32::try_from(listed.len()).unwrap_or(u32::MAX);
        Registration {
            name: planned.name.clone(),
            address: planned.address.clone(),
            user: center.account.user.clone(),
            lifetime_address: lifetime.to_owned(),
            // Where LifeTime's own pages put one that nobody gave a position.
            position: orders.max().map_or(count, |last| last.saturating_add(1)),
            // As for one that was saved: a copy that points elsewhere points at the source's LifeTime.
            override_previous: false,
            roles: Vec::new(),
        }
    }
}

/// What `LifeTime` gives the roles of an environment when nobody says more.
const DEFAULTS: &str = "administrators get full control and every other role the list of applications: a person gives the roles what else they need";

/// The host of an address, with its port.
fn host_of(address: &str) -> &str {
    let bare = address.split_once("://").map_or(address, |(_, host)| host);
    bare.split('/').next().unwrap_or(bare)
}
