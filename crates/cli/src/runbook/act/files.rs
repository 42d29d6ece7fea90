//! Files of the platform: `server.hsconf` and `private.key`.

use super::*;

/// Files.
impl Act<'_> {
    pub(super) fn guard(&self) -> Guard {
        guard(&self.look.known.parts(), self.has_older_secrets())
    }

    /// Whether this machine's file may have values in it that only the key of before can decrypt.
    fn has_older_secrets(&self) -> bool {
        let key = self.key_here();
        let progress = &self.look.standing.progress;
        progress.has_older_secrets(&self.here, key.as_deref())
    }

    /// The machine's key, by its fingerprint; none where there is none, or none that can be read.
    fn key_here(&self) -> Option<String> {
        let path = platform::file(&self.config().settings.runbook, "private.key");
        let key = PrivateKey::read(&fs::read(path).ok()?).ok()?;
        Some(key.fingerprint().to_string())
    }

    /// The file as it is; one with nothing in it where there is none.
    fn configuration(&self, path: &Path) -> Result<Hsconf, Failure> {
        match self.existing(path)? {
            Some(file) => Ok(file),
            None => Hsconf::fresh(self.config().settings.target.engine)
                .map_err(|error| unusable(path, &error)),
        }
    }

    /// The file; none where there is none.
    pub(super) fn existing(&self, path: &Path) -> Result<Option<Hsconf>, Failure> {
        match fs::read(path) {
            Ok(bytes) => Hsconf::read(&bytes)
                .map(Some)
                .map_err(|error| unusable(path, &error)),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(None),
            Err(error) => Err(crate::failure::file_failure("read", path, &error)),
        }
    }

    /// The file with what it must say: after a new key that is also whatever nobody can decrypt any more.
    pub(super) fn to_edit(
        &self,
        path: &Path,
        wanted: &Wanted,
    ) -> Result<(Hsconf, Wanted), Failure> {
        let file = self.configuration(path)?;
        let mut wanted = file.completed(wanted, &self.look.standing.runbook.machines);
        if self.has_older_secrets() {
            wanted.reenter = file.encrypted_besides(&wanted);
        }
        Ok((file, wanted))
    }

    /// Writes down what the machine has before anything changes. What can't be read keeps nobody from stopping services.
    pub(super) fn note_databases(&self, path: &Path) -> Did {
        let key = self.key_here();
        let mut facts: Vec<Fact> = key
            .map(|fingerprint| Fact::KeyWas { fingerprint })
            .into_iter()
            .collect();
        let result = match self.existing(path) {
            Err(failure) => failure
                .why
                .into_iter()
                .map(|why| why.what)
                .collect::<Vec<_>>()
                .join("; "),
            Ok(None) => format!("there is no {}", path.display()),
            Ok(Some(file)) => {
                let databases = file.leads_to();
                let names: Vec<String> = databases.iter().map(ToString::to_string).collect();
                facts.push(Fact::LedTo { databases });
                match names.is_empty() {
                    true => "it names none".to_owned(),
                    false => format!("it leads to {}", names.join(", ")),
                }
            }
        };
        Did { result, facts }
    }

    pub(super) fn configure(&self, path: &Path, wanted: &Wanted) -> Result<Did, Failure> {
        let (file, wanted) = self.to_edit(path, wanted)?;
        let edit = file
            .edit(&wanted, &self.guard())
            .map_err(|refusals| refused(&refusals))?;
        let mut facts = vec![Fact::Configured {
            key: self.key_here(),
        }];
        if edit.changes().is_empty() {
            return Ok(Did {
                result: "the file says all of it already".to_owned(),
                facts,
            });
        }
        // One that is new led nowhere.
        if path.exists() {
            let databases = file.leads_to();
            facts.push(Fact::LedTo { databases });
        }
        let mut secrets = Vec::new();
        for at in edit.secrets() {
            secrets.push((at.clone(), self.secret(at)?));
        }
        let written = edit
            .write(&mut |at| {
                let found = secrets.iter().find(|(one, _)| one == at);
                found.map(|(_, secret)| secret.clone())
            })
            .map_err(|error| Failure::before(Exit::Invalid, chain(&error)).hint(error.hint()))?;
        // What has passwords in clear text was written here before, and the file before that was kept then.
        let clear = |it: &Difference| matches!(it, Difference::ClearText { .. });
        let kept = match file.differences(&wanted).iter().any(clear) {
            true => String::new(),
            false => keep(path)?,
        };
        // A new file is as readable as its folder makes it, although it has passwords in clear text until the Configuration Tool
        // encrypts them. Taking others' access away could break the platform: its services read the file, and neither their
        // accounts nor what the tool does to the file's security is documented. The old file's security is kept.
        put_in_place(path, written.expose_secret()).map_err(|error| unwritten(&error))?;
        Ok(Did {
            result: format!(
                "{} values written; its passwords are in clear text until the Configuration Tool has run{kept}",
                edit.changes().len()
            ),
            facts,
        })
    }

    /// The password that a key of the file is for.
    pub(super) fn secret(&self, at: &At) -> Result<SecretString, Failure> {
        let runbook = &self.config().settings.runbook;
        let users = &runbook.users;
        let cache = runbook
            .cache
            .as_ref()
            .and_then(|cache| cache.account.as_ref());
        let account = match (at.category, at.key.as_str()) {
            (Category::Platform, "AdminPassword") => users.platform_admin.as_ref(),
            (Category::Platform, "RuntimePassword") => users.platform_runtime.as_ref(),
            (Category::Logging, "AdminPassword") => users.log_admin.as_ref(),
            (Category::Logging, "RuntimePassword") => users.log_runtime.as_ref(),
            (Category::Session, "SessionPassword") => users.session.as_ref(),
            (Category::Cache, "ServicePassword") => cache,
            _ => None,
        };
        match account {
            Some(account) => self.look.passwords.of(self.config(), account),
            None => secret(
                &at.to_string(),
                &envclone_core::settings::Secret::Prompt,
                &self.config().folder,
            ),
        }
    }

    pub(super) fn own_key(&self, path: &Path) -> Result<Did, Failure> {
        let source = self.config().settings.runbook.source.key.as_deref();
        let found = match fs::read(path) {
            Ok(bytes) => Some(PrivateKey::read(&bytes).map_err(|error| {
                Failure::before(
                    Exit::Invalid,
                    format!("`{}` can't be used: {}", path.display(), chain(&error)),
                )
                .hint(error.hint())
            })?),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => None,
            Err(error) => return Err(crate::failure::file_failure("read", path, &error)),
        };
        if let Some(key) = &found {
            let Some(source) = source else {
                return Err(Failure::before(
                    Exit::Refused,
                    "whether the key is the source's can't be told: the settings have no `key` of `[runbook.source]`",
                )
                .hint("run `envclone runbook identity` on the source's controller, and put what it prints into the settings"));
            };
            if !key
                .fingerprint()
                .to_string()
                .eq_ignore_ascii_case(source.trim())
            {
                // One that was put there by a command that was killed is as new.
                let facts = self.again.then_some(Fact::NewKey);
                return Ok(Did {
                    result: "it is the environment's own, and was left".to_owned(),
                    facts: facts.into_iter().collect(),
                });
            }
        }
        let mut random = [0; 16];
        getrandom::fill(&mut random).map_err(|error| {
            Failure::before(
                Exit::Unexpected,
                format!("the system gives no random numbers: {error}"),
            )
        })?;
        let key = PrivateKey::new(random)
            .map_err(|error| Failure::before(Exit::Unexpected, chain(&error)))?;
        // What is here is the source's, or nothing: a copy of it would be what this environment must not have. The modules read
        // the new one, too, as whatever IIS runs them: who may is the old file's matter, or the folder's.
        put_in_place(path, key.file().expose_secret().as_bytes())
            .map_err(|error| unwritten(&error))?;
        Ok(Did {
            result: format!(
                "a new key with the fingerprint {} was put in place{}; every other machine of the environment needs the same file",
                key.fingerprint(),
                if found.is_some() {
                    " of the source's, of which no copy is kept here"
                } else {
                    ""
                }
            ),
            facts: vec![Fact::NewKey],
        })
    }
}

fn unwritten(error: &MachineError) -> Failure {
    Failure::before(Exit::NoAccess, chain(error)).hint(error.hint())
}

fn unusable(path: &Path, error: &envclone_core::hsconf::HsconfError) -> Failure {
    Failure::before(
        Exit::Invalid,
        format!("`{}` can't be used: {}", path.display(), chain(error)),
    )
    .hint(error.hint())
}

/// Keeps a file beside itself before it is written. The words say where.
fn keep(path: &Path) -> Result<String, Failure> {
    if !path.exists() {
        return Ok(String::new());
    }
    let at = jiff::Zoned::now().strftime("%Y%m%d-%H%M%S");
    let mut name = path.as_os_str().to_owned();
    name.push(format!(".before-{at}"));
    fs::copy(path, &name).map_err(|error| crate::failure::file_failure("keep", path, &error))?;
    Ok(format!(", the old file is {}", Path::new(&name).display()))
}

pub(super) fn shown(change: &Change) -> String {
    let from = change.from.as_deref().unwrap_or("(nothing)");
    format!(
        "{} {}: {from} -> {}",
        change.category, change.key, change.to
    )
}

pub(in crate::runbook) fn refused(refusals: &[envclone_core::hsconf::Refusal]) -> Failure {
    let mut failure = Failure::before(Exit::Refused, "");
    failure.why = refusals
        .iter()
        .map(|refusal| crate::failure::Why {
            what: refusal.to_string(),
            hint: Some(refusal.hint().to_owned()),
        })
        .collect();
    failure
}
