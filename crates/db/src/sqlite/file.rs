//! What a database file is, apart from the paths that lead to it.

use std::fs::{self, File};
use std::io::{Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};

use rusqlite::OpenFlags;
use rusqlite::config::DbConfig;

use super::{connect, told};
use crate::{DbError, Trouble};

/// What a path leads to.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct FileFacts {
    /// Whether something is there.
    pub exists: bool,
    /// The path with links and dots resolved, as far as it exists.
    pub resolved: PathBuf,
    /// The file system's name for the file, the same for every hard link; empty where nothing is there.
    pub file: String,
    /// Differs after every change of the content: the header's counters, the end of the write-ahead log, and the
    /// time of the last write, since a merge of the log need not touch the counters.
    pub identity: String,
    /// Size in bytes, the write-ahead log included.
    pub bytes: u64,
}

/// Looks at a path without opening a database.
///
/// # Errors
/// [`DbError`] where the file system denies a look.
pub fn look(path: &Path) -> Result<FileFacts, DbError> {
    let denied = |error: std::io::Error| {
        let trouble = if error.kind() == std::io::ErrorKind::PermissionDenied {
            Trouble::NotPermitted
        } else {
            Trouble::Other
        };
        DbError::new(trouble, error.to_string()).at(&path.display().to_string())
    };
    let resolved = resolve(path);
    match fs::metadata(path) {
        Ok(metadata) => {
            let file = file_id::get_file_id(path).map_err(denied)?;
            let wal = with_suffix(&resolved, "-wal");
            let log = fs::metadata(&wal)
                .map(|metadata| metadata.len())
                .unwrap_or_default();
            // Change counter and page count, schema cookie, and the version that the counter is valid for.
            let fields =
                [(24, 8), (40, 4), (92, 4)].map(|(offset, length)| read_at(path, offset, length));
            let header = fields
                .into_iter()
                .collect::<Result<Vec<_>, _>>()
                .map_err(denied)?
                .concat();
            let frame = if log > 0 {
                log_end(&wal, log, &header).unwrap_or_default()
            } else {
                Vec::new()
            };
            Ok(FileFacts {
                exists: true,
                resolved,
                file: format!("{file:?}"),
                identity: format!(
                    "{}-{log:x}-{}-{:x}-{:x}",
                    hex(&header),
                    hex(&frame),
                    metadata.len(),
                    changed(&metadata)
                ),
                bytes: metadata.len() + log,
            })
        }
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => Ok(FileFacts {
            exists: false,
            resolved,
            file: String::new(),
            identity: String::new(),
            bytes: 0,
        }),
        Err(error) => Err(denied(error)),
    }
}

/// When the file was last written, in nanoseconds since 1970; 0 where the file system does not say.
fn changed(metadata: &fs::Metadata) -> u128 {
    let since = metadata
        .modified()
        .ok()
        .and_then(|at| at.duration_since(std::time::UNIX_EPOCH).ok());
    since.map(|time| time.as_nanos()).unwrap_or_default()
}

/// The header of the last frame of a write-ahead log: its checksum covers all frames before it.
fn log_end(wal: &Path, length: u64, header: &[u8]) -> std::io::Result<Vec<u8>> {
    // The page size stands in the database's header at 16; the log repeats it at 8.
    let size = read_at(wal, 8, 4)?;
    let page = u64::from(u32::from_be_bytes(size.try_into().unwrap_or([0, 0, 16, 0])));
    let frames = length.saturating_sub(32) / (page + 24);
    if frames == 0 || header.is_empty() {
        return Ok(Vec::new());
    }
    read_at(wal, 32 + (frames - 1) * (page + 24), 24)
}

fn read_at(path: &Path, offset: u64, length: u64) -> std::io::Result<Vec<u8>> {
    let mut file = File::open(path)?;
    file.seek(SeekFrom::Start(offset))?;
    let mut bytes = Vec::new();
    file.take(length).read_to_end(&mut bytes)?;
    Ok(bytes)
}

fn hex(bytes: &[u8]) -> String {
    bytes.iter().map(|byte| format!("{byte:02x}")).collect()
}

/// A path beside another one, with something added to its name.
pub(super) fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

/// The path with links resolved; where the file does not exist yet, its folder's.
fn resolve(path: &Path) -> PathBuf {
    if let Ok(resolved) = dunce::canonicalize(path) {
        return resolved;
    }
    let folder = path
        .parent()
        .filter(|folder| !folder.as_os_str().is_empty())
        .unwrap_or(Path::new("."));
    let folder = dunce::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
    path.file_name()
        .map_or_else(|| folder.clone(), |name| folder.join(name))
}

/// Whether another program has the database open, as far as locks show it.
///
/// # Errors
/// [`DbError`] where the database can't be opened for writing.
pub fn in_use(path: &Path) -> Result<bool, DbError> {
    let connection = connect(path, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
    let probe = || {
        connection.busy_timeout(std::time::Duration::ZERO)?;
        // Looking must not merge a write-ahead log into the file.
        connection.set_db_config(DbConfig::SQLITE_DBCONFIG_NO_CKPT_ON_CLOSE, true)?;
        connection.pragma_update(None, "locking_mode", "EXCLUSIVE")?;
        connection.execute_batch("BEGIN EXCLUSIVE; ROLLBACK")
    };
    match probe().map_err(told) {
        Ok(()) => Ok(false),
        Err(error) if error.trouble == Trouble::Locked => Ok(true),
        Err(error) => Err(error.at(&path.display().to_string())),
    }
}
