//! Files that other programs hold.

use std::path::{Path, PathBuf};

use crate::event::{Event, Watch};
use crate::patience::{Patience, pause};
use crate::{Machine, MachineError, Result};

/// The files that the Configuration Tool writes to, and that must be free before it starts: that of 64-bit programs first,
/// then that of 32-bit ones, which not every machine has.
///
/// # Errors
/// Where there is no Windows.
pub fn machine_configs(machine: &dyn Machine) -> Result<[PathBuf; 2]> {
    let folder = machine.windows_folder()?.join("Microsoft.NET");
    let of = |framework: &str| {
        let parts = [framework, "v4.0.30319", "Config", "machine.config"];
        folder.join(parts.iter().collect::<PathBuf>())
    };
    Ok([of("Framework64"), of("Framework")])
}

/// Waits until no other program holds a file.
///
/// # Errors
/// Where it is still held when patience ends, or is not there.
pub fn wait_until_unlocked(
    machine: &dyn Machine,
    path: &Path,
    patience: &Patience,
    watch: &dyn Watch,
) -> Result<()> {
    let began = machine.clock();
    while machine.is_locked(path)? {
        let waited = machine.clock().saturating_sub(began);
        if waited >= patience.limit {
            return Err(MachineError::Locked {
                path: path.to_owned(),
                waited,
            });
        }
        watch.event(&Event::StillLocked { waited });
        pause(machine, patience.look, watch, || {
            format!("waiting for `{}` to be free", path.display())
        })?;
    }
    Ok(())
}
