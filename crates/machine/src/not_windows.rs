//! A machine that is no Windows machine. Each answer says so.

use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::event::Watch;
use crate::patience::process_clock;
use crate::{Command, Machine, MachineError, Outcome, Result, Service, StartType};

/// This machine, where it is no Windows machine.
#[derive(Clone, Copy, Debug, Default)]
pub struct NotWindows;

fn no<T>(asked: impl Into<String>) -> Result<T> {
    Err(MachineError::NotWindows {
        asked: asked.into(),
    })
}

impl Machine for NotWindows {
    fn name(&self) -> Result<String> {
        no("a platform server's name")
    }

    fn elevated(&self) -> Result<bool> {
        no("an elevated process")
    }

    fn service(&self, name: &str) -> Result<Option<Service>> {
        no(format!("the service `{name}`"))
    }

    fn ask_to_stop(&self, name: &str) -> Result<()> {
        no(format!("the service `{name}`"))
    }

    fn ask_to_start(&self, name: &str) -> Result<()> {
        no(format!("the service `{name}`"))
    }

    fn set_start_type(&self, name: &str, _: StartType) -> Result<()> {
        no(format!("the service `{name}`"))
    }

    fn run(&self, command: &Command, _: &dyn Watch) -> Result<Outcome> {
        no(format!("the program `{}`", command.program()))
    }

    fn registry(&self, key: &str, _: &str) -> Result<Option<String>> {
        no(format!(r"the registry key `HKLM\{key}`"))
    }

    fn windows_folder(&self) -> Result<PathBuf> {
        no("the folder of Windows")
    }

    fn is_locked(&self, path: &Path) -> Result<bool> {
        no(format!("whether `{}` is locked", path.display()))
    }

    fn clock(&self) -> Duration {
        process_clock()
    }

    fn wait(&self, duration: Duration) {
        std::thread::sleep(duration);
    }
}
