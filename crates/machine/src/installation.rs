//! The platform server as the machine's registry has it.

use std::path::{Path, PathBuf};

use crate::{Machine, MachineError, Result};

const INSTALLER: &str = r"SOFTWARE\OutSystems\Installer\Server";
const PLATFORM: &str = r"SOFTWARE\OutSystems\Platform Server";

/// An installed platform server.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Installation {
    /// Where it is.
    pub folder: PathBuf,
    /// Its version, as in `11.22.0.39582`.
    pub version: String,
    /// The version that Service Center was last installed with, where it was. It stays when the server is pointed at
    /// another database, and so says nothing about that one.
    pub service_center: Option<String>,
    /// The same of the System Components.
    pub system_components: Option<String>,
    /// The same of LifeTime.
    pub lifetime: Option<String>,
    /// The machine's name, as the platform wrote it.
    pub machine_name: Option<String>,
    /// The serial number that a licence is made for.
    pub serial_number: Option<String>,
}

impl Installation {
    /// The machine's.
    ///
    /// # Errors
    /// Where none is installed, or the registry may not be read.
    pub fn of(machine: &dyn Machine) -> Result<Self> {
        let installer = |value| full(machine.registry(INSTALLER, value));
        let platform = |value| full(machine.registry(PLATFORM, value));
        let folder = PathBuf::from(installer("")?.ok_or_else(absent)?);
        let version = installer("Server")?;
        let version = version.ok_or_else(|| MachineError::VersionUnknown {
            folder: folder.clone(),
            why: format!(r"the registry does not have its version under HKLM\{INSTALLER}"),
        })?;
        Ok(Self {
            folder,
            version,
            service_center: installer("ServiceCenter")?,
            system_components: installer("SystemComponents")?,
            lifetime: installer("LifeTime")?,
            machine_name: platform("MachineName")?,
            serial_number: platform("SerialNumber")?,
        })
    }

    /// A file of the installation.
    #[must_use]
    pub fn file(&self, name: impl AsRef<Path>) -> PathBuf {
        self.folder.join(name)
    }

    /// The Configuration Tool.
    #[must_use]
    pub fn configuration_tool(&self) -> PathBuf {
        self.file(CONFIGURATION_TOOL)
    }
}

/// The Configuration Tool's file, by which a folder is known as a platform server's.
pub(crate) const CONFIGURATION_TOOL: &str = "ConfigurationTool.com";

fn full(value: Result<Option<String>>) -> Result<Option<String>> {
    let value = value?.map(|value| value.trim().to_owned());
    Ok(value.filter(|value| !value.is_empty()))
}

fn absent() -> MachineError {
    MachineError::NotInstalled {
        why: format!(r"the registry does not have its folder under HKLM\{INSTALLER}"),
    }
}
