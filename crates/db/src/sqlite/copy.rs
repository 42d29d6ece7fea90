//! Copies of databases that belong together, taken while they are in use.

use std::fs::{self, File};
use std::path::Path;
use std::time::Duration;

use rusqlite::backup::{Backup, StepResult};
use rusqlite::{Connection, OpenFlags};

use super::file::with_suffix;
use super::{connect, told};
use crate::{Copied, DbError, Go, Trouble};

/// Pages copied between two looks at progress and interruption: some 8 MB at the usual page size.
const PAGES_PER_STEP: i32 = 2048;

/// How often the moment common to all databases is looked for.
const ATTEMPTS: u32 = 200;

/// One moment of several databases: each is held in a read transaction, and none of them changed while the
/// transactions were begun.
pub struct Snapshot {
    connections: Vec<(Connection, String)>,
}

impl Snapshot {
    /// Finds a moment at which none of the databases was being written.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it, or when the databases change all the time.
    pub fn take(paths: &[&Path]) -> Result<Self, DbError> {
        let open = |path: &&Path| {
            let name = path.display().to_string();
            Ok((
                connect(path, OpenFlags::SQLITE_OPEN_READ_ONLY).map_err(|error| error.at(&name))?,
                name,
            ))
        };
        let readers = paths
            .iter()
            .map(open)
            .collect::<Result<Vec<_>, DbError>>()?;
        // A second connection to each sees what is committed after the first one's transaction began.
        let watchers = paths
            .iter()
            .map(open)
            .collect::<Result<Vec<_>, DbError>>()?;
        for _ in 0..ATTEMPTS {
            let before = versions(&watchers)?;
            for (connection, name) in &readers {
                connection
                    .execute_batch("BEGIN; SELECT COUNT(*) FROM sqlite_schema")
                    .map_err(|error| told(error).at(name))?;
            }
            if versions(&watchers)? == before {
                return Ok(Self {
                    connections: readers,
                });
            }
            for (connection, name) in &readers {
                connection
                    .execute_batch("ROLLBACK")
                    .map_err(|error| told(error).at(name))?;
            }
            std::thread::sleep(Duration::from_millis(5));
        }
        Err(DbError::new(
            Trouble::Locked,
            "the databases changed all the time: no moment was found that is common to all",
        ))
    }

    /// Copies one of the databases, counted from 0, to a file that does not exist yet.
    ///
    /// # Errors
    /// [`DbError`] as the engine reports it; the incomplete file is removed. [`Trouble::Interrupted`] when
    /// `progress` says so.
    pub fn copy(
        &self,
        index: usize,
        to: &Path,
        progress: &mut dyn FnMut(Copied) -> Go,
    ) -> Result<(), DbError> {
        let name = to.display().to_string();
        File::create_new(to).map_err(|error| file_error(&error).at(&name))?;
        let done = self.fill(index, to, progress).and_then(|()| sync(to));
        if done.is_err() {
            remove(to);
        }
        done.map_err(|error| error.at(&name))
    }

    fn fill(
        &self,
        index: usize,
        to: &Path,
        progress: &mut dyn FnMut(Copied) -> Go,
    ) -> Result<(), DbError> {
        let Some((from, name)) = self.connections.get(index) else {
            return Err(DbError::new(
                Trouble::Other,
                "the snapshot has no such database",
            ));
        };
        let mut target = connect(to, OpenFlags::SQLITE_OPEN_READ_WRITE)?;
        // The file is nobody's until it is complete and synced: no journal is needed to undo half of it.
        target.execute_batch("PRAGMA journal_mode = OFF; PRAGMA synchronous = OFF; PRAGMA locking_mode = EXCLUSIVE").map_err(told)?;
        let backup = Backup::new(from, &mut target).map_err(told)?;
        loop {
            let step = backup.step(PAGES_PER_STEP).map_err(told)?;
            let seen = backup.progress();
            let of = u64::try_from(seen.pagecount).unwrap_or_default();
            let done = of - u64::try_from(seen.remaining).unwrap_or_default().min(of);
            if progress(Copied {
                done,
                of,
                left: None,
            })
            .is_break()
            {
                return Err(DbError::new(
                    Trouble::Interrupted,
                    "the copy was interrupted",
                ));
            }
            match step {
                StepResult::Done => return Ok(()),
                StepResult::More => {}
                _ => return Err(DbError::new(Trouble::Locked, format!("`{name}` is locked"))),
            }
        }
    }
}

fn versions(watchers: &[(Connection, String)]) -> Result<Vec<i64>, DbError> {
    let version = |(connection, name): &(Connection, String)| {
        connection
            .query_row("PRAGMA data_version", [], |row| row.get(0))
            .map_err(|error| told(error).at(name))
    };
    watchers.iter().map(version).collect()
}

/// Gives a complete file its name, never over an existing one: a link fails where something is, a rename
/// would replace it.
///
/// # Errors
/// [`Trouble::Exists`] where something has the name.
pub fn publish(partial: &Path, name: &Path) -> Result<(), DbError> {
    let linked = fs::hard_link(partial, name).or_else(|error| match error.kind() {
        std::io::ErrorKind::AlreadyExists => Err(error),
        // A file system without hard links: reserve the name first.
        _ => File::create_new(name).and_then(|_| fs::rename(partial, name)),
    });
    linked.map_err(|error| file_error(&error).at(&name.display().to_string()))?;
    remove(partial);
    sync_folder(name);
    Ok(())
}

fn sync(path: &Path) -> Result<(), DbError> {
    File::options()
        .write(true)
        .open(path)
        .and_then(|file| file.sync_all())
        .map_err(|error| file_error(&error))
}

/// A folder can be synced on Unix only, and where it can't, the file's name is as durable as the system makes it.
fn sync_folder(path: &Path) {
    if let Some(Ok(folder)) = path.parent().map(File::open) {
        let _ = folder.sync_all();
    }
}

/// Removes an incomplete copy and what the engine left beside it.
pub(crate) fn remove(path: &Path) {
    for suffix in ["", "-journal", "-wal", "-shm"] {
        let _ = fs::remove_file(with_suffix(path, suffix));
    }
}

fn file_error(error: &std::io::Error) -> DbError {
    use std::io::ErrorKind::{AlreadyExists, NotFound, PermissionDenied, StorageFull};
    let (trouble, message) = match error.kind() {
        AlreadyExists => (
            Trouble::Exists,
            "something has this name already".to_owned(),
        ),
        NotFound => (Trouble::NotFound, "its folder does not exist".to_owned()),
        PermissionDenied => (Trouble::NotPermitted, error.to_string()),
        StorageFull => (Trouble::Full, error.to_string()),
        _ => (Trouble::Other, error.to_string()),
    };
    DbError::new(trouble, message)
}
