//! The Windows machine that this program runs on.

mod search;
mod services;

use std::fs::OpenOptions;
use std::io;
use std::os::windows::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::Duration;

use winreg::RegKey;
use winreg::enums::{HKEY_LOCAL_MACHINE, KEY_READ, KEY_WOW64_64KEY, RegType};

use crate::event::{Quiet, Watch};
use crate::patience::process_clock;
use crate::program::Program;
use crate::{Command, Machine, MachineError, Outcome, Result, Service, StartType, child};

/// `ERROR_SHARING_VIOLATION` and `ERROR_LOCK_VIOLATION`.
const HELD: [i32; 2] = [32, 33];

/// This machine.
#[derive(Debug)]
pub struct Here {
    windows: Option<PathBuf>,
}

impl Here {
    /// This machine.
    #[must_use]
    pub fn new() -> Self {
        // From the registry: an environment variable is whatever the one who started us made it.
        let windows = value(
            r"SOFTWARE\Microsoft\Windows NT\CurrentVersion",
            "SystemRoot",
        )
        .ok()
        .flatten()
        .map(PathBuf::from);
        Self { windows }
    }

    fn system(&self, name: &str) -> Result<PathBuf> {
        Ok(self.windows_folder()?.join("System32").join(name))
    }

    fn path_of(&self, program: &Program) -> Result<PathBuf> {
        let missing = |looked: Option<String>| MachineError::ProgramMissing {
            program: program.to_string(),
            looked,
        };
        match program {
            Program::At(path) if path.is_file() => Ok(path.clone()),
            Program::At(_) => Err(missing(None)),
            Program::System(name) => {
                let path = self.system(name)?;
                if path.is_file() {
                    return Ok(path);
                }
                Err(missing(path.parent().map(|it| it.display().to_string())))
            }
            Program::OnPath(name) => {
                search::on_path(name).ok_or_else(|| missing(Some("the folders of PATH".into())))
            }
        }
    }
}

impl Default for Here {
    fn default() -> Self {
        Self::new()
    }
}

impl Machine for Here {
    fn name(&self) -> Result<String> {
        let key = r"SYSTEM\CurrentControlSet\Control\ComputerName\ActiveComputerName";
        self.registry(key, "ComputerName")?
            .ok_or_else(|| MachineError::System {
                to: "find out the machine's name".to_owned(),
                source: io::ErrorKind::NotFound.into(),
            })
    }

    fn elevated(&self) -> Result<bool> {
        services::elevated()
    }

    fn service(&self, name: &str) -> Result<Option<Service>> {
        services::service(name)
    }

    fn ask_to_stop(&self, name: &str) -> Result<()> {
        services::stop(name)
    }

    fn ask_to_start(&self, name: &str) -> Result<()> {
        services::start(name)
    }

    /// By Windows' own `sc`: the crate's way would write the service's command line anew, in quotes of its own.
    fn set_start_type(&self, name: &str, start_type: StartType) -> Result<()> {
        let service = self
            .service(name)?
            .ok_or_else(|| MachineError::ServiceMissing {
                service: name.to_owned(),
            })?;
        let outcome = self.run(&services::configuration(&service, start_type)?, &Quiet)?;
        let now = self.service(&service.key)?;
        if now.is_some_and(|now| now.start_type == start_type) {
            return Ok(());
        }
        Err(services::not_set(&service, start_type, &outcome))
    }

    fn run(&self, command: &Command, watch: &dyn Watch) -> Result<Outcome> {
        let path = self.path_of(command.program())?;
        child::run(command, &path, None, watch)
    }

    fn registry(&self, key: &str, name: &str) -> Result<Option<String>> {
        value(key, name).map_err(|source| MachineError::System {
            to: format!(r"read `{name}` of the registry key `HKLM\{key}`"),
            source,
        })
    }

    fn windows_folder(&self) -> Result<PathBuf> {
        self.windows.clone().ok_or_else(|| MachineError::System {
            to: "find out where Windows is".to_owned(),
            source: io::ErrorKind::NotFound.into(),
        })
    }

    fn is_locked(&self, path: &Path) -> Result<bool> {
        let opened = OpenOptions::new().read(true).share_mode(0).open(path);
        match opened {
            Ok(_) => Ok(false),
            Err(error)
                if error
                    .raw_os_error()
                    .is_some_and(|code| HELD.contains(&code)) =>
            {
                Ok(true)
            }
            Err(source) => Err(MachineError::System {
                to: format!("open `{}`", path.display()),
                source,
            }),
        }
    }

    fn clock(&self) -> Duration {
        process_clock()
    }

    fn wait(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}

/// A value of the registry as text; none where key or value is missing, or it is neither text nor number.
fn value(key: &str, name: &str) -> io::Result<Option<String>> {
    let found = RegKey::predef(HKEY_LOCAL_MACHINE)
        .open_subkey_with_flags(key, KEY_READ | KEY_WOW64_64KEY)
        .and_then(|key| {
            let raw = key.get_raw_value(name)?;
            match raw.vtype {
                RegType::REG_DWORD => key.get_value::<u32, _>(name).map(|it| Some(it.to_string())),
                RegType::REG_SZ | RegType::REG_EXPAND_SZ => key.get_value(name).map(Some),
                _ => Ok(None),
            }
        });
    match found {
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        other => other,
    }
}
