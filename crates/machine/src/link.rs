//! Paths that lead elsewhere.

use std::fs::{self, Metadata};
use std::io;
use std::path::{Path, PathBuf};

use crate::{MachineError, Result};

/// Whether it leads elsewhere: a link, a junction, a mount point or another reparse point.
#[cfg(windows)]
pub(crate) fn is_link(metadata: &Metadata) -> bool {
    use std::os::windows::fs::MetadataExt;

    /// `FILE_ATTRIBUTE_REPARSE_POINT`
    const REPARSE_POINT: u32 = 0x400;
    metadata.file_attributes() & REPARSE_POINT != 0
}

/// Whether it leads elsewhere.
#[cfg(not(windows))]
pub(crate) fn is_link(metadata: &Metadata) -> bool {
    metadata.is_symlink()
}

/// The folder or file on the way to a path, the path itself included, that is a symbolic link or a junction; none where the
/// path is the real one. A disk that is mounted in a folder is no other name for a folder, and so no link.
///
/// # Errors
/// Where a part of the path may not be looked at. One that is not there leads nowhere.
pub fn link_on(path: &Path) -> Result<Option<PathBuf>> {
    for part in path.ancestors() {
        if part.as_os_str().is_empty() {
            continue;
        }
        match fs::symlink_metadata(part) {
            Ok(metadata) if metadata.is_symlink() && !is_disk(part) => {
                return Ok(Some(part.to_owned()));
            }
            Ok(_) => {}
            Err(error) if error.kind() == io::ErrorKind::NotFound => {}
            Err(source) => {
                return Err(MachineError::System {
                    to: format!("look at `{}`", part.display()),
                    source,
                });
            }
        }
    }
    Ok(None)
}

/// Whether it is the place where a disk is mounted: Windows keeps that as a junction to the disk's own name.
fn is_disk(path: &Path) -> bool {
    let target = fs::read_link(path).unwrap_or_default();
    cfg!(windows) && target.to_string_lossy().contains("Volume{")
}
