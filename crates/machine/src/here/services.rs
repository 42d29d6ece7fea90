//! The service manager.

use std::ffi::{OsStr, OsString};
use std::io;

use windows_service::Error;
use windows_service::service::{ServiceAccess, ServiceStartType, ServiceState};
use windows_service::service_manager::{ServiceManager, ServiceManagerAccess};

use crate::program::{Command, Outcome};
use crate::{MachineError, Result, Service, StartType, State};

/// `ERROR_ACCESS_DENIED`
const ACCESS_DENIED: i32 = 5;
/// `ERROR_INVALID_NAME`
const INVALID_NAME: i32 = 123;
/// `ERROR_SERVICE_ALREADY_RUNNING`
const ALREADY_RUNNING: i32 = 1056;
/// `ERROR_SERVICE_DISABLED`
const DISABLED: i32 = 1058;
/// `ERROR_SERVICE_DOES_NOT_EXIST`
const MISSING: i32 = 1060;
/// `ERROR_SERVICE_NOT_ACTIVE`
const NOT_ACTIVE: i32 = 1062;

/// Whether this process may make services, which only an elevated one may.
pub(super) fn elevated() -> Result<bool> {
    match manager(ServiceManagerAccess::CONNECT | ServiceManagerAccess::CREATE_SERVICE) {
        Ok(_) => Ok(true),
        Err(error) if code(&error) == Some(ACCESS_DENIED) => Ok(false),
        Err(error) => Err(system("ask the service manager", error)),
    }
}

pub(super) fn service(name: &str) -> Result<Option<Service>> {
    let Some((key, service)) = open(
        name,
        ServiceAccess::QUERY_STATUS | ServiceAccess::QUERY_CONFIG,
    )?
    else {
        return Ok(None);
    };
    let to = || format!("ask after the service `{name}`");
    let status = service
        .query_status()
        .map_err(|error| system(to(), error))?;
    let config = service
        .query_config()
        .map_err(|error| system(to(), error))?;
    Ok(Some(Service {
        key: key.to_string_lossy().into_owned(),
        display_name: config.display_name.to_string_lossy().into_owned(),
        state: state(status.current_state),
        start_type: start_type(config.start_type),
    }))
}

pub(super) fn stop(name: &str) -> Result<()> {
    let (_, service) = open(name, ServiceAccess::STOP)?.ok_or_else(|| missing(name))?;
    match service.stop() {
        Ok(_) => Ok(()),
        Err(error) if code(&error) == Some(NOT_ACTIVE) => Ok(()),
        Err(error) => Err(refused(name, "stop", error)),
    }
}

pub(super) fn start(name: &str) -> Result<()> {
    let (_, service) = open(name, ServiceAccess::START)?.ok_or_else(|| missing(name))?;
    match service.start::<&OsStr>(&[]) {
        Ok(()) => Ok(()),
        Err(error) if code(&error) == Some(ALREADY_RUNNING) => Ok(()),
        Err(error) if code(&error) == Some(DISABLED) => Err(MachineError::ServiceDisabled {
            service: name.to_owned(),
        }),
        Err(error) => Err(refused(name, "start", error)),
    }
}

/// The command that sets a start type and nothing else.
pub(super) fn configuration(service: &Service, start_type: StartType) -> Result<Command> {
    let word = match start_type {
        StartType::Automatic => "auto",
        StartType::Manual => "demand",
        StartType::Disabled => "disabled",
        StartType::Driver => {
            return Err(MachineError::ServiceRefuses {
                service: service.display_name.clone(),
                to: "start as a driver".to_owned(),
                said: "it is none".to_owned(),
            });
        }
    };
    Ok(Command::system("sc.exe").args(["config", &service.key, "start=", word]))
}

pub(super) fn not_set(service: &Service, start_type: StartType, outcome: &Outcome) -> MachineError {
    if outcome.code == Some(ACCESS_DENIED) {
        return denied(format!(
            "set the start type of `{}` to {start_type}",
            service.display_name
        ));
    }
    MachineError::ServiceRefuses {
        service: service.display_name.clone(),
        to: format!("have the start type {start_type}"),
        said: said(outcome),
    }
}

/// What `sc` said: its last lines, else its code.
fn said(outcome: &Outcome) -> String {
    match (outcome.last_lines(), outcome.code) {
        (lines, _) if !lines.is_empty() => lines,
        (_, Some(code)) => format!("sc.exe ended with exit code {code} and wrote nothing"),
        (_, None) => "sc.exe was ended from outside".to_owned(),
    }
}

fn open(
    name: &str,
    access: ServiceAccess,
) -> Result<Option<(OsString, windows_service::service::Service)>> {
    let manager = manager(ServiceManagerAccess::CONNECT)
        .map_err(|error| system("ask the service manager", error))?;
    let to = |error| opening(name, error);
    if let Some(service) = there(manager.open_service(name, access)).map_err(to)? {
        return Ok(Some((name.into(), service)));
    }
    let Some(key) = there(manager.service_name_from_display_name(name)).map_err(to)? else {
        return Ok(None);
    };
    let service = there(manager.open_service(&key, access)).map_err(to)?;
    Ok(service.map(|service| (key, service)))
}

fn manager(access: ServiceManagerAccess) -> std::result::Result<ServiceManager, Error> {
    ServiceManager::local_computer(None::<&str>, access)
}

/// What is missing is none. A display name may be no valid key.
fn there<T>(opened: std::result::Result<T, Error>) -> std::result::Result<Option<T>, Error> {
    match opened {
        Ok(it) => Ok(Some(it)),
        Err(error) if matches!(code(&error), Some(MISSING | INVALID_NAME)) => Ok(None),
        Err(error) => Err(error),
    }
}

fn opening(name: &str, error: Error) -> MachineError {
    if code(&error) == Some(ACCESS_DENIED) {
        return denied(format!("work with the service `{name}`"));
    }
    system(format!("open the service `{name}`"), error)
}

fn refused(name: &str, to: &str, error: Error) -> MachineError {
    if code(&error) == Some(ACCESS_DENIED) {
        return denied(format!("{to} the service `{name}`"));
    }
    MachineError::ServiceRefuses {
        service: name.to_owned(),
        to: to.to_owned(),
        said: cause(error).to_string(),
    }
}

fn denied(to: String) -> MachineError {
    MachineError::AccessDenied {
        to,
        elevated: elevated().ok(),
    }
}

fn missing(name: &str) -> MachineError {
    MachineError::ServiceMissing {
        service: name.to_owned(),
    }
}

fn system(to: impl Into<String>, error: Error) -> MachineError {
    MachineError::System {
        to: to.into(),
        source: cause(error),
    }
}

fn code(error: &Error) -> Option<i32> {
    match error {
        Error::Winapi(error) => error.raw_os_error(),
        _ => None,
    }
}

fn cause(error: Error) -> io::Error {
    match error {
        Error::Winapi(error) => error,
        other => io::Error::other(other),
    }
}

fn state(state: ServiceState) -> State {
    match state {
        ServiceState::Stopped => State::Stopped,
        ServiceState::StartPending => State::Starting,
        ServiceState::StopPending => State::Stopping,
        ServiceState::Running => State::Running,
        ServiceState::ContinuePending => State::Resuming,
        ServiceState::PausePending => State::Pausing,
        ServiceState::Paused => State::Paused,
    }
}

fn start_type(start_type: ServiceStartType) -> StartType {
    match start_type {
        ServiceStartType::AutoStart => StartType::Automatic,
        ServiceStartType::OnDemand => StartType::Manual,
        ServiceStartType::Disabled => StartType::Disabled,
        ServiceStartType::BootStart | ServiceStartType::SystemStart => StartType::Driver,
    }
}
