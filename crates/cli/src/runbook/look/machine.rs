//! What is on the machine: services, files, the key.

use super::*;

/// The services that run before the Scheduler is released.
pub(super) const WITHOUT_SCHEDULER: [PlatformService; 4] = [
    PlatformService::Log,
    PlatformService::DeploymentController,
    PlatformService::Deployment,
    PlatformService::SmsConnector,
];

/// What is on the machine.
impl Look<'_> {
    pub(super) fn version(&self) -> Seen {
        let installed = platform::installed(self.machine)?.version;
        let Some(database) = &self.inventory().platform_version else {
            return Err("the source's database did not say which version it has".to_owned());
        };
        match installed == *database {
            true => holds(format!("both are {installed}")),
            false => fails(format!(
                "{installed} is installed, the database has {database}"
            )),
        }
    }

    pub(super) fn services_stopped(&self) -> Seen {
        let (mut right, mut wrong) = (Vec::new(), Vec::new());
        for service in PlatformService::STOPPING {
            let Some(found) = find(self.machine, service).map_err(unseen)? else {
                continue;
            };
            let told = format!("{} is {}", found.display_name, found.state);
            match found.state == State::Stopped {
                true => right.push(told),
                false => wrong.push(told),
            }
        }
        match (right.is_empty(), wrong.is_empty()) {
            (_, false) => fails(wrong.join(", ")),
            (true, true) => holds("this machine has none of these services"),
            (false, true) => holds(right.join(", ")),
        }
    }

    /// One that is disabled and stopped was left so on purpose, as on a front-end without a controller: it is told, and does
    /// not count. The Scheduler does, where it is what is asked for, and so does the controller of the controller.
    pub(super) fn services_running(&self, services: &[PlatformService]) -> Seen {
        let (mut right, mut wrong, mut off) = (Vec::new(), Vec::new(), Vec::new());
        for service in services {
            let Some(found) = find(self.machine, *service).map_err(unseen)? else {
                continue;
            };
            let needed = match service {
                PlatformService::Scheduler => true,
                PlatformService::DeploymentController => self.is_controller(),
                _ => false,
            };
            let disabled = found.start_type == StartType::Disabled && found.state == State::Stopped;
            match found.state == State::Running {
                true => right.push(format!("{} is running", found.display_name)),
                false if disabled && !needed => {
                    off.push(format!("{} is disabled, left so", found.display_name));
                }
                false if disabled => {
                    wrong.push(format!("{} is disabled and stopped", found.display_name));
                }
                false => wrong.push(format!("{} is {}", found.display_name, found.state)),
            }
        }
        if !wrong.is_empty() {
            fails(wrong.join(", "))
        } else if !right.is_empty() {
            holds([right, off].concat().join(", "))
        } else if !off.is_empty() {
            fails(format!("none of them runs: {}", off.join(", ")))
        } else {
            fails("this machine has none of these services")
        }
    }

    /// Whether this is the environment's controller, as far as the runbook names its machines.
    fn is_controller(&self) -> bool {
        let machines = &self.standing.runbook.machines;
        let names = envclone_machine::names(self.machine).unwrap_or_default();
        known_as(machines, &names).is_some_and(|known| machines.first() == Some(known))
    }

    pub(super) fn scheduler_off(&self) -> Seen {
        let Some(found) = find(self.machine, PlatformService::Scheduler).map_err(unseen)? else {
            return holds("it is not on this machine");
        };
        let seen = format!("it is {} and {}", found.start_type, found.state);
        match found.start_type == StartType::Disabled && found.state == State::Stopped {
            true => holds(seen),
            false => fails(seen),
        }
    }

    pub(super) fn iis(&self, wanted: State) -> Seen {
        match self.machine.service("W3SVC").map_err(unseen)? {
            None if wanted == State::Stopped => holds("IIS is not on this machine"),
            None => fails("IIS is not on this machine"),
            Some(found) if found.state == wanted => holds(format!("it is {}", found.state)),
            Some(found) => fails(format!("it is {}", found.state)),
        }
    }

    pub(super) fn folders(&self) -> Seen {
        let mut left = Vec::new();
        for name in ["share", "BAR"] {
            let path = self.installed_file(name)?;
            let entries = fs::read_dir(&path)
                .map_err(|error| format!("`{}` can't be read: {error}", path.display()))?;
            let count = entries.count();
            if count > 0 {
                left.push(format!("{count} entries in {}", path.display()));
            }
        }
        match left.is_empty() {
            true => holds("both are empty"),
            false => fails(left.join(", ")),
        }
    }

    /// A file of the installation, which must be the one that the settings name: files elsewhere say nothing of the platform.
    fn installed_file(&self, name: &str) -> Result<PathBuf, String> {
        platform::same_installation(self.machine, &self.config().settings.runbook)?;
        Ok(platform::file(&self.config().settings.runbook, name))
    }

    pub(super) fn read(&self, path: PathBuf) -> Result<Vec<u8>, String> {
        fs::read(&path).map_err(|error| format!("`{}` can't be read: {error}", path.display()))
    }

    pub(super) fn configuration(&self) -> Seen {
        let wanted = wanted(&self.known.parts())
            .map_err(|missing| format!("the settings do not say {}", missing.join(", ")))?;
        // What envclone writes is what the runbook says; what counts is what the settings say today.
        let steps = &self.standing.runbook.steps;
        if steps
            .iter()
            .filter_map(Step::wanted)
            .any(|it| *it != wanted)
        {
            return fails(
                "the settings have changed since the runbook was made; `envclone runbook renew` takes them over",
            );
        }
        let path = self.installed_file("server.hsconf")?;
        let file = Hsconf::read(&self.read(path)?).map_err(unseen)?;
        let wanted = file.completed(&wanted, &self.standing.runbook.machines);
        // Clear text is what was written for the Configuration Tool, which has not run yet.
        let all = file.differences(&wanted);
        let clear = |it: &&Difference| matches!(it, Difference::ClearText { .. });
        let hidden = |it: &&Difference| matches!(it, Difference::Hidden { .. });
        let wrong = all.iter().find(|it| !clear(it) && !hidden(it));
        if let Some(wrong) = wrong {
            return fails(wrong.to_string());
        }
        if let Some(hidden) = all.iter().find(hidden) {
            return Err(hidden.to_string());
        }
        holds(match all.iter().any(|it| clear(&it)) {
            true => {
                "it leads to the copy; the Configuration Tool has still to encrypt its passwords"
            }
            false => "it leads to the copy",
        })
    }

    pub(super) fn files(&self) -> Seen {
        let names = names_of_source(&self.known.parts());
        if names.is_empty() {
            return Err("nothing is known that only the source is called".to_owned());
        }
        let [config, of_32_bits] =
            envclone_machine::machine_configs(self.machine).map_err(unseen)?;
        let mut files = vec![config];
        files.extend(Some(of_32_bits).filter(|file| file.exists()));
        let modules = self.installed_file("running")?;
        for entry in fs::read_dir(&modules)
            .map_err(|error| format!("`{}` can't be read: {error}", modules.display()))?
        {
            let file = entry.map_err(unseen)?.path().join("appSettings.config");
            if file.is_file() {
                files.push(file);
            }
        }
        let count = files.len();
        let mut unknown = None;
        for file in files {
            let shown = file.display().to_string();
            let found =
                search(&self.read(file)?, &names).map_err(|it| format!("`{shown}`: {it}"))?;
            match (
                found.outcome(),
                found.occurrences.first(),
                found.hidden.first(),
            ) {
                (Found::Found, Some(first), _) => {
                    return fails(format!(
                        "`{}` stands in line {} of {shown} ({})",
                        first.name, first.line, first.key
                    ));
                }
                (Found::Unknown, _, Some(first)) => {
                    unknown = Some(format!("line {} of {shown}: {}", first.line, first.why));
                }
                _ => {}
            }
        }
        match unknown {
            Some(why) => Err(why),
            None => holds(format!("{count} files were searched")),
        }
    }

    pub(super) fn key(&self) -> Seen {
        let path = self.installed_file("private.key")?;
        let key = PrivateKey::read(&self.read(path)?).map_err(unseen)?;
        let own = key.fingerprint().to_string();
        let Some(source) = &self.config().settings.runbook.source.key else {
            return Err(
                "the source's key is not known: `envclone runbook identity` on the source's controller prints its fingerprint, \
                 which belongs into `key` of `[runbook.source]`"
                    .to_owned(),
            );
        };
        if own.eq_ignore_ascii_case(source.trim()) {
            return fails("it is the source's");
        }
        // Every machine of the environment has the key of its controller.
        let standing = self.standing;
        let machines = &standing.runbook.machines;
        let names = envclone_machine::names(self.machine).unwrap_or_default();
        let controller = machines
            .first()
            .filter(|it| known_as(machines, &names) != Some(it));
        let of_controller = controller.and_then(|it| standing.progress.configured_key(it));
        match of_controller {
            Some(other) if other != own => fails(format!(
                "it is another one than the controller's: its fingerprint is {own}, the controller's {other}"
            )),
            _ => holds(format!("its fingerprint is {own}")),
        }
    }

    /// The license that the environment has leaves with the database that it has.
    pub(super) fn license_file(&self) -> Seen {
        let Some(path) = &self.config().settings.runbook.license_file else {
            return Err("the settings do not say `license-file` of `[runbook]`".to_owned());
        };
        match fs::metadata(path) {
            Ok(file) if file.is_file() && file.len() > 0 => {
                holds(format!("{path} has {} bytes", file.len()))
            }
            Ok(_) => fails(format!("{path} is no file, or is empty")),
            Err(error) if error.kind() == std::io::ErrorKind::NotFound => {
                fails(format!("there is no {path}"))
            }
            Err(error) => Err(format!("`{path}` can't be looked at: {error}")),
        }
    }

    /// Its installer writes its version into the registry; the folder is named after the major version, in one way or the
    /// other, as OSPTool's is.
    pub(super) fn service_studio(&self) -> Seen {
        for name in ["Service Studio 11", "Service Studio 11.0"] {
            let key = format!(r"SOFTWARE\OutSystems\Installer\{name}");
            if let Some(version) = self.machine.registry(&key, name).map_err(unseen)? {
                return holds(format!("it is {version}"));
            }
        }
        Err(r"the registry has no Service Studio 11 under SOFTWARE\OutSystems\Installer".to_owned())
    }

    pub(super) fn serial(&self) -> Seen {
        let Some(wanted) = &self.config().settings.runbook.serial else {
            return Err("the settings do not say `serial` of `[runbook]`".to_owned());
        };
        let Some(found) = platform::installed(self.machine)?.serial_number else {
            return Err("the platform has not written a serial number yet".to_owned());
        };
        match found.eq_ignore_ascii_case(wanted.trim()) {
            true => holds(format!("it is {found}")),
            false => fails(format!("it is {found}, the license is for {wanted}")),
        }
    }
}
