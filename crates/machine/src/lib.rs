//! What the machine of an OutSystems platform server can be asked and told: its services, programs, registry and folders.
//!
//! [`Machine`] is what differs between machines: one question or one order each, without patience and without a choice.
//! What takes an order, a wait or a judgement is a function over it, and so is the same on a real machine and on a
//! scripted one: [`stop_services`], [`start_services`], [`hold_scheduler`], [`iis`], [`wait_until_unlocked`],
//! [`empty_folder`], [`names`], [`Installation::of`], [`config_tool_log`]. What is about files alone needs no machine:
//! [`put_in_place`], [`link_on`].
//!
//! [`here`] is the machine that the program runs on. Where that is no Windows, every answer says so. Tests use the
//! `StandIn` of the feature `stand-in`: scripted services and registry, and real child processes.
//!
//! Nothing here knows of a run, a plan or a journal. Whoever calls decides what is done, asks the person, and writes down.

pub mod config_tool_log;

#[cfg(any(windows, feature = "stand-in"))]
mod child;
mod error;
mod event;
mod folder;
#[cfg(windows)]
mod here;
mod iis;
mod installation;
mod link;
mod lock;
mod names;
#[cfg(not(windows))]
mod not_windows;
mod patience;
mod place;
mod program;
mod redact;
mod service;
mod services;
#[cfg(feature = "stand-in")]
mod stand_in;

use std::path::{Path, PathBuf};
use std::time::Duration;

pub use error::{MachineError, Result};
pub use event::{Event, Quiet, Watch};
pub use folder::{Emptied, Left, empty_folder};
#[cfg(windows)]
pub use here::Here;
pub use iis::{Iis, iis};
pub use installation::Installation;
pub use link::link_on;
pub use lock::{machine_configs, wait_until_unlocked};
pub use names::names;
#[cfg(not(windows))]
pub use not_windows::NotWindows;
pub use patience::Patience;
pub use place::put_in_place;
pub use program::{Argument, Command, Outcome, Program, Text};
pub use redact::Redactor;
pub use service::{PlatformService, Service, StartType, State};
pub use services::{
    Done, Ended, Halted, Scheduler, find, hold_scheduler, running, start, start_services, stop,
    stop_services,
};
#[cfg(feature = "stand-in")]
pub use stand_in::{Behaviour, StandIn};

/// A machine. Each method asks or tells once; nothing waits but [`Machine::run`] and [`Machine::wait`].
pub trait Machine {
    /// The name that the machine gives itself.
    ///
    /// # Errors
    /// Where it can't be had.
    fn name(&self) -> Result<String>;

    /// Whether this process may change services: elevated, in Windows' words.
    ///
    /// # Errors
    /// Where that can't be found out.
    fn elevated(&self) -> Result<bool>;

    /// A service, found by its key or its display name. There is none: that is an answer.
    ///
    /// # Errors
    /// Where the service manager doesn't answer.
    fn service(&self, name: &str) -> Result<Option<Service>>;

    /// Asks a service to stop, and doesn't wait for it.
    ///
    /// # Errors
    /// What the service manager says, and where there is no such service.
    fn ask_to_stop(&self, name: &str) -> Result<()>;

    /// Asks a service to start, and doesn't wait for it.
    ///
    /// # Errors
    /// What the service manager says, and where there is no such service.
    fn ask_to_start(&self, name: &str) -> Result<()>;

    /// Sets how a service is started, and nothing else of it.
    ///
    /// # Errors
    /// What the service manager says, and where there is no such service.
    fn set_start_type(&self, name: &str, start_type: StartType) -> Result<()>;

    /// Runs a program to its end. A program that ends with another code than 0 is an outcome, not an error: see
    /// [`Outcome::succeeded`].
    ///
    /// # Errors
    /// Where it can't be found or started, its time is over, or the watcher says to stop. It is then ended, and with it
    /// what it had started.
    fn run(&self, command: &Command, watch: &dyn Watch) -> Result<Outcome>;

    /// A value below `HKEY_LOCAL_MACHINE`, in the view of 64-bit programs; the empty name is the key's default value.
    /// Neither key nor value: that is an answer.
    ///
    /// # Errors
    /// Where the registry may not be read.
    fn registry(&self, key: &str, value: &str) -> Result<Option<String>>;

    /// Where Windows is.
    ///
    /// # Errors
    /// Where there is none.
    fn windows_folder(&self) -> Result<PathBuf>;

    /// Whether another program holds a file so that it could not be opened for itself alone.
    ///
    /// # Errors
    /// Where there is no such file, or it may not be opened at all.
    fn is_locked(&self, path: &Path) -> Result<bool>;

    /// The time since some moment.
    fn clock(&self) -> Duration;

    /// Lets time pass.
    fn wait(&self, duration: Duration);
}

/// The machine that this program runs on.
#[cfg(windows)]
#[must_use]
pub fn here() -> Box<dyn Machine> {
    Box::new(Here::new())
}

/// The machine that this program runs on.
#[cfg(not(windows))]
#[must_use]
pub fn here() -> Box<dyn Machine> {
    Box::new(NotWindows)
}
