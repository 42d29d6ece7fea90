//! Emptying `share` and `BAR`: what the platform makes anew, and nothing else of a machine.

use std::fmt;
use std::fs::{self, Metadata};
use std::io;
use std::path::{Component, Path, PathBuf};

use crate::installation::CONFIGURATION_TOOL;
use crate::link::is_link;
use crate::{MachineError, Result};

/// The folders of an installation that may be emptied.
const FOLDERS: [&str; 2] = ["share", "BAR"];

/// How many of those that could not be deleted are named.
const NAMED: usize = 20;

/// What was deleted.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Emptied {
    /// Files, links among them.
    pub files: u64,
    /// Folders.
    pub folders: u64,
    /// The files' bytes; a link has none.
    pub bytes: u64,
    /// What could not be deleted: the first of them.
    pub left: Vec<Left>,
    /// How many could not be deleted.
    pub left_count: u64,
}

/// What could not be deleted.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Left {
    /// Its path.
    pub path: PathBuf,
    /// Why.
    pub why: String,
}

impl fmt::Display for Emptied {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{} files and {} folders with {} bytes were deleted",
            self.files, self.folders, self.bytes
        )?;
        if self.left_count > 0 {
            write!(f, ", {} could not be", self.left_count)?;
        }
        for left in self.left.iter().take(3) {
            write!(f, "; `{}`: {}", left.path.display(), left.why)?;
        }
        Ok(())
    }
}

impl Emptied {
    fn left(&mut self, path: &Path, error: &io::Error) {
        self.left_count += 1;
        if self.left.len() < NAMED {
            self.left.push(Left {
                path: path.to_owned(),
                why: error.to_string(),
            });
        }
    }
}

/// Deletes what is in `share` or `BAR` of an installation, and keeps the folder. Links are deleted, never followed. A
/// folder that is not there is empty.
///
/// # Errors
/// Where it is another folder, or a link, nothing is deleted. Where something could not be deleted, the error says what
/// was.
pub fn empty_folder(installation: &Path, path: &Path) -> Result<Emptied> {
    let mut emptied = Emptied::default();
    if !permitted(installation, path)? {
        return Ok(emptied);
    }
    empty(path, &mut emptied);
    if emptied.left_count > 0 {
        return Err(MachineError::LeftOver {
            path: path.to_owned(),
            emptied: Box::new(emptied),
        });
    }
    Ok(emptied)
}

/// Whether it may be emptied; false where there is nothing to empty.
fn permitted(installation: &Path, path: &Path) -> Result<bool> {
    let refused = |why: &str| {
        Err(MachineError::Refused {
            path: path.to_owned(),
            why: why.to_owned(),
        })
    };
    let plain = |path: &Path| {
        path.is_absolute()
            && !path
                .components()
                .any(|part| matches!(part, Component::ParentDir | Component::CurDir))
    };
    if !plain(installation) || !plain(path) {
        return refused(
            "its path, or the installation folder's, is not an absolute one without `..`",
        );
    }
    let named = path.file_name().and_then(|name| name.to_str());
    if !named.is_some_and(|name| FOLDERS.iter().any(|one| one.eq_ignore_ascii_case(name))) {
        return refused("it is neither `share` nor `BAR`");
    }
    if path.parent() != Some(installation) {
        return refused("it is not right under the installation folder");
    }
    if !installation.join(CONFIGURATION_TOOL).is_file() {
        return refused(
            "the folder above has no ConfigurationTool.com, so it is no platform server's",
        );
    }
    if seen(installation)?.is_none_or(|metadata| is_link(&metadata)) {
        return refused("the installation folder is a link to another one");
    }
    match seen(path)? {
        None => Ok(false),
        Some(metadata) if is_link(&metadata) => refused("it is a link to another folder"),
        Some(metadata) if !metadata.is_dir() => refused("it is a file"),
        Some(_) => Ok(true),
    }
}

fn seen(path: &Path) -> Result<Option<Metadata>> {
    match fs::symlink_metadata(path) {
        Ok(metadata) => Ok(Some(metadata)),
        Err(error) if error.kind() == io::ErrorKind::NotFound => Ok(None),
        Err(source) => Err(MachineError::System {
            to: format!("look at `{}`", path.display()),
            source,
        }),
    }
}

fn empty(folder: &Path, emptied: &mut Emptied) {
    let entries = match fs::read_dir(folder) {
        Ok(entries) => entries,
        Err(error) => return emptied.left(folder, &error),
    };
    for entry in entries {
        match entry {
            Ok(entry) => delete(&entry.path(), emptied),
            Err(error) => emptied.left(folder, &error),
        }
    }
}

fn delete(path: &Path, emptied: &mut Emptied) {
    let metadata = match fs::symlink_metadata(path) {
        Ok(metadata) => metadata,
        // Somebody else was faster.
        Err(error) if error.kind() == io::ErrorKind::NotFound => return,
        Err(error) => return emptied.left(path, &error),
    };
    let link = is_link(&metadata);
    if metadata.is_dir() && !link {
        let before = emptied.left_count;
        empty(path, emptied);
        if emptied.left_count > before {
            return;
        }
        return match fs::remove_dir(path) {
            Ok(()) => emptied.folders += 1,
            Err(error) => emptied.left(path, &error),
        };
    }
    match remove(path, &metadata) {
        Ok(()) => {
            emptied.files += 1;
            emptied.bytes += if link { 0 } else { metadata.len() };
        }
        Err(error) => emptied.left(path, &error),
    }
}

#[cfg(not(windows))]
fn remove(path: &Path, _: &Metadata) -> io::Result<()> {
    fs::remove_file(path)
}

/// Windows deletes no file that is marked as read-only, and a link to a folder as a folder.
#[cfg(windows)]
#[allow(
    clippy::permissions_set_readonly_false,
    reason = "it is about Unix, where this would open the file to everybody"
)]
fn remove(path: &Path, metadata: &Metadata) -> io::Result<()> {
    use std::os::windows::fs::MetadataExt;

    /// `FILE_ATTRIBUTE_DIRECTORY`
    const DIRECTORY: u32 = 0x10;
    if metadata.file_attributes() & DIRECTORY != 0 {
        return fs::remove_dir(path);
    }
    match fs::remove_file(path) {
        Err(error) if error.kind() == io::ErrorKind::PermissionDenied => {
            let mut permissions = metadata.permissions();
            if is_link(metadata) || !permissions.readonly() {
                return Err(error);
            }
            permissions.set_readonly(false);
            fs::set_permissions(path, permissions)?;
            fs::remove_file(path)
        }
        other => other,
    }
}
