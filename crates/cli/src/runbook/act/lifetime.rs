//! The environment in `LifeTime`.

use super::*;

/// `LifeTime`.
impl Act<'_> {
    pub(super) fn registration_file(&self) -> std::path::PathBuf {
        folder(&self.look.standing.run).join(REGISTRATION)
    }

    pub(super) fn saved(&self) -> Result<SavedRegistration, Failure> {
        let path = self.registration_file();
        let text = fs::read_to_string(&path).map_err(|error| {
            crate::failure::file_failure(
                "read what LifeTime knew of the environment",
                &path,
                &error,
            )
        })?;
        SavedRegistration::from_json(&text).map_err(|error| lifetime_failure(&error))
    }

    pub(super) fn unregister(&self) -> Result<String, Failure> {
        let (lifetime, settings) = platform::lifetime(self.config())?;
        let path = self.registration_file();
        // What was saved before is not saved again: the environment may be gone already.
        if !path.exists() {
            let saved = lifetime
                .save(&settings.environment)
                .map_err(|error| lifetime_failure(&error))?;
            self.not_the_source(&saved)?;
            let text = saved.to_json().map_err(|error| lifetime_failure(&error))?;
            connections::save(&lifetime, &saved.key, &folder(&self.look.standing.run))?;
            write_whole(&path, text.as_bytes())?;
        }
        let saved = self.saved()?;
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

    /// The environment that LifeTime would lose must not be the one that was copied.
    pub(super) fn not_the_source(&self, saved: &SavedRegistration) -> Result<(), Failure> {
        let parts = self.look.known.parts();
        let address = saved.address.to_lowercase();
        let source = parts.inventory.identities.iter().find(|identity| {
            use envclone_core::harvest::Kind;
            matches!(
                identity.kind,
                Kind::FrontEnd | Kind::Address | Kind::ZoneAddress
            ) && !identity.value.is_empty()
                && same_host(&address, &identity.value.to_lowercase())
        });
        match source {
            None => Ok(()),
            Some(identity) => Err(Failure::before(
                Exit::Refused,
                format!(
                    "LifeTime reaches `{}` at {}, which is the source's {} `{}`",
                    saved.name,
                    saved.address,
                    identity.kind.title(),
                    identity.value
                ),
            )
            .hint("`environment` of `[runbook.lifetime]` is the environment that gets the copy")),
        }
    }

    pub(super) fn register(&self) -> Result<String, Failure> {
        let (lifetime, settings) = platform::lifetime(self.config())?;
        let runbook = &self.config().settings.runbook;
        let Some(center) = &runbook.service_center else {
            return Err(Failure::before(
                Exit::Invalid,
                "the settings have no `[runbook.service-center]`",
            ));
        };
        let saved = self.saved()?;
        let listed = lifetime
            .environments()
            .map_err(|error| lifetime_failure(&error))?;
        let same = |it: &&Environment| {
            it.is_called(&saved.name)
                && it.key != saved.key
                && it.host_name.as_ref() == Some(&saved.address)
        };
        // Somebody did it by hand, or an earlier command that nobody heard the end of.
        if let Some(found) = listed.iter().find(same) {
            return Ok(format!(
                "LifeTime lists {} already, with the new key {}",
                saved.name, found.key
            ));
        }
        let password = self.look.passwords.of(self.config(), &center.account)?;
        let registration = saved.registration(&center.account.user, &settings.address);
        let done = lifetime
            .register(&registration, &password)
            .map_err(|error| lifetime_failure(&error))?;
        Ok(format!(
            "{} registered with the key {}; {}",
            saved.name,
            done.key,
            match done.imported_users {
                Some(users) => format!("{} users were taken over", users.len()),
                None => "LifeTime's answer was lost, its list shows it".to_owned(),
            }
        ))
    }
}

/// Whether an address names this host: `app1` is `app1.example.com`, too.
fn same_host(address: &str, name: &str) -> bool {
    let bare = address.split("://").last().unwrap_or(address);
    let host = bare.split(['/', ':']).next().unwrap_or(bare);
    let name = name.split("://").last().unwrap_or(name);
    let name = name.split(['/', ':']).next().unwrap_or(name);
    host == name
        || host.split_once('.').is_some_and(|(first, _)| first == name)
        || name.split_once('.').is_some_and(|(first, _)| first == host)
}
