//! The journal on the disk: a line is there before what it announces is done.

use std::fs::{File, OpenOptions, TryLockError};
use std::io::{self, Read as _, Seek as _, SeekFrom, Write as _};
use std::marker::PhantomData;
use std::path::{Path, PathBuf};

use envclone_core::journal::{self, Event, JournalError, JournalOf, Record};

/// The journal of a run.
pub type JournalFile = JournalFileOf<Event>;

/// A journal that this process alone writes.
#[derive(Debug)]
pub struct JournalFileOf<E> {
    file: File,
    path: PathBuf,
    n: u64,
    link: String,
    poisoned: bool,
    of: PhantomData<E>,
}

/// Why a journal can't be written or opened.
#[derive(Debug, thiserror::Error)]
pub enum JournalFileError {
    /// A file of this name is there already.
    #[error("`{path}` exists, and a journal is never written over")]
    Exists {
        /// The file.
        path: PathBuf,
    },
    /// The operating system says no.
    #[error("can't {what} the journal `{path}`")]
    Io {
        /// What was tried.
        what: &'static str,
        /// The file.
        path: PathBuf,
        /// What the operating system says.
        #[source]
        cause: io::Error,
    },
    /// It is a device, a pipe or a folder.
    #[error("the journal `{path}` is no regular file")]
    NotAFile {
        /// The file.
        path: PathBuf,
    },
    /// Another process carries out the same run.
    #[error("the journal `{path}` is in use by another process")]
    InUse {
        /// The file.
        path: PathBuf,
    },
    /// Its content can't be used.
    #[error("can't resume from `{path}`")]
    Unusable {
        /// The file.
        path: PathBuf,
        /// What is wrong with the content.
        #[source]
        cause: JournalError,
    },
    /// The line can't be put into words.
    #[error("can't spell a line of the journal `{path}`")]
    Unspeakable {
        /// The file.
        path: PathBuf,
        /// What the writer says.
        #[source]
        cause: serde_json::Error,
    },
    /// An earlier line could not be written, so nothing may follow it.
    #[error("the journal `{path}` takes no more lines, because one could not be written")]
    Poisoned {
        /// The file.
        path: PathBuf,
    },
}

impl JournalFileError {
    /// What to do about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Exists { .. } => "resume that run, or name another file",
            Self::Io { .. } | Self::NotAFile { .. } => {
                "the journal needs a folder on a disk with free space that this account may write to"
            }
            Self::InUse { .. } => "wait for the other run to end, or stop it",
            Self::Unusable { cause, .. } => cause.hint(),
            Self::Unspeakable { .. } => "this is a defect of envclone; report it",
            Self::Poisoned { .. } => {
                "put right what kept it from being written, then resume the run"
            }
        }
    }
}

impl<E: Record> JournalFileOf<E> {
    /// Begins a journal. Its name is on the disk when this returns.
    ///
    /// # Errors
    /// [`JournalFileError`] if a file of that name exists, or can't be written.
    pub fn create(path: impl AsRef<Path>) -> Result<Self, JournalFileError> {
        let path = path.as_ref();
        let file = OpenOptions::new()
            .read(true)
            .write(true)
            .create_new(true)
            .open(path)
            .map_err(|cause| match cause.kind() {
                io::ErrorKind::AlreadyExists => JournalFileError::Exists { path: path.into() },
                _ => failed("create", path)(cause),
            })?;
        lock(&file, path)?;
        file.sync_all().map_err(failed("create", path))?;
        sync_folder(path).map_err(failed("create", path))?;
        Ok(Self {
            file,
            path: path.into(),
            n: 1,
            link: journal::FIRST_LINK.to_owned(),
            poisoned: false,
            of: PhantomData,
        })
    }

    /// Takes a journal over: locks it, reads it, and cuts off a torn last line.
    ///
    /// # Errors
    /// [`JournalFileError`] if another process holds it, or it is damaged. Then it is left as it is, and so is a file
    /// without a single whole line, which may be no journal at all.
    pub fn open(path: impl AsRef<Path>) -> Result<(Self, JournalOf<E>), JournalFileError> {
        let path = path.as_ref();
        let mut file = OpenOptions::new()
            .read(true)
            .write(true)
            .open(path)
            .map_err(failed("open", path))?;
        // A device can be read for ever.
        let kind = file.metadata().map_err(failed("open", path))?.file_type();
        if !kind.is_file() {
            return Err(JournalFileError::NotAFile { path: path.into() });
        }
        lock(&file, path)?;
        let journal = read(&mut file, path)?;
        if let Some(end) = journal.torn {
            let cut = file.set_len(end).and_then(|()| file.sync_all());
            cut.map_err(failed("repair", path))?;
        }
        file.seek(SeekFrom::End(0)).map_err(failed("open", path))?;
        let opened = Self {
            file,
            path: path.into(),
            n: journal.next(),
            link: journal.link().to_owned(),
            poisoned: false,
            of: PhantomData,
        };
        Ok((opened, journal))
    }

    /// Writes one line, and returns when the disk has it.
    ///
    /// # Errors
    /// [`JournalFileError`] if that is not certain. What the line announces must not be done then, and no further line
    /// is taken.
    pub fn append(&mut self, event: &E) -> Result<(), JournalFileError> {
        self.write(event, true)
    }

    /// Writes one line that announces nothing, inside a transaction: the disk has it when [`Self::append`] returns
    /// from the next one. Lost in a crash it costs nothing, since the transaction is lost with it.
    ///
    /// # Errors
    /// [`JournalFileError`] as for [`Self::append`].
    pub fn note(&mut self, event: &E) -> Result<(), JournalFileError> {
        self.write(event, false)
    }

    fn write(&mut self, event: &E, sync: bool) -> Result<(), JournalFileError> {
        if self.poisoned {
            let path = self.path.clone();
            return Err(JournalFileError::Poisoned { path });
        }
        self.poisoned = true;
        let at = jiff::Timestamp::now().to_string();
        let line = journal::line(self.n, &at, &self.link, event).map_err(|cause| {
            let path = self.path.clone();
            JournalFileError::Unspeakable { path, cause }
        })?;
        let written = self.file.write_all(line.as_bytes());
        let written = written.and_then(|()| if sync { self.file.sync_data() } else { Ok(()) });
        written.map_err(failed("write", &self.path))?;
        self.n += 1;
        self.link = journal::link(line.as_bytes());
        self.poisoned = false;
        Ok(())
    }

    /// Where it is.
    #[must_use]
    pub fn path(&self) -> &Path {
        &self.path
    }
}

/// Reads a journal that has at least one whole line.
fn read<E: Record>(file: &mut File, path: &Path) -> Result<JournalOf<E>, JournalFileError> {
    let mut text = Vec::new();
    file.read_to_end(&mut text).map_err(failed("read", path))?;
    let journal = match journal::read_of(&text) {
        Ok(journal) if journal.entries.is_empty() => Err(JournalError::Empty),
        other => other,
    };
    journal.map_err(|cause| {
        let path = path.into();
        JournalFileError::Unusable { path, cause }
    })
}

/// Keeps every other process away until the file is closed.
fn lock(file: &File, path: &Path) -> Result<(), JournalFileError> {
    file.try_lock().map_err(|error| match error {
        TryLockError::WouldBlock => JournalFileError::InUse { path: path.into() },
        TryLockError::Error(cause) => failed("lock", path)(cause),
    })
}

/// Brings the file's name to the disk. Windows does that by itself, and opens no folders.
fn sync_folder(path: &Path) -> io::Result<()> {
    if cfg!(not(unix)) {
        return Ok(());
    }
    let folder = match path.parent() {
        Some(folder) if folder != Path::new("") => folder,
        _ => Path::new("."),
    };
    File::open(folder)?.sync_all()
}

fn failed(what: &'static str, path: &Path) -> impl FnOnce(io::Error) -> JournalFileError {
    let path = path.to_path_buf();
    move |cause| JournalFileError::Io { what, path, cause }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn run_started() -> Event {
        Event::RunStarted {
            format: journal::FORMAT,
            run: "r1".to_owned(),
            plan: "p1".to_owned(),
            tool: "envclone".to_owned(),
            who: "ana".to_owned(),
            machine: "desk".to_owned(),
        }
    }

    fn started(seq: u32) -> Event {
        let before = None;
        Event::Started { seq, before }
    }

    /// A journal of two lines that nobody holds.
    fn closed(folder: &Path) -> PathBuf {
        let path = folder.join("journal.jsonl");
        let mut file = JournalFile::create(&path).unwrap();
        file.append(&run_started()).unwrap();
        file.append(&started(1)).unwrap();
        path
    }

    #[test]
    fn what_was_appended_is_read_and_continued() {
        let folder = tempfile::tempdir().unwrap();
        let path = closed(folder.path());
        let (mut file, journal) = JournalFile::open(&path).unwrap();
        assert_eq!(journal.events(), [run_started(), started(1)]);
        assert_eq!((journal.torn, file.path()), (None, path.as_path()));
        for entry in &journal.entries {
            entry.at.parse::<jiff::Timestamp>().unwrap();
        }
        file.append(&Event::Finished).unwrap();
        drop(file);
        let (_, journal) = JournalFile::open(&path).unwrap();
        assert_eq!(journal.events().last(), Some(&Event::Finished));
    }

    #[test]
    fn a_line_is_in_the_file_when_append_returns() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut file = JournalFile::create(&path).unwrap();
        for (event, n) in [run_started(), started(1), started(2)].iter().zip(1..) {
            file.append(event).unwrap();
            let journal = journal::read(&std::fs::read(&path).unwrap()).unwrap();
            assert_eq!(journal.entries.len(), n);
        }
    }

    #[test]
    fn an_existing_file_is_never_written_over() {
        let folder = tempfile::tempdir().unwrap();
        let path = closed(folder.path());
        let before = std::fs::read(&path).unwrap();
        let error = JournalFile::create(&path).unwrap_err();
        assert!(
            matches!(error, JournalFileError::Exists { .. }),
            "{error:?}"
        );
        assert_eq!(std::fs::read(&path).unwrap(), before);
    }

    #[test]
    fn a_torn_tail_is_cut_off_and_the_chain_goes_on() {
        let folder = tempfile::tempdir().unwrap();
        let path = closed(folder.path());
        let whole = std::fs::read(&path).unwrap();
        for torn in [&br#"{"n":3,"at":"20"#[..], &[0; 512]] {
            std::fs::write(&path, [&whole, torn].concat()).unwrap();
            let (mut file, journal) = JournalFile::open(&path).unwrap();
            assert_eq!(journal.torn, Some(whole.len() as u64));
            assert_eq!(std::fs::read(&path).unwrap(), whole);
            file.append(&Event::Finished).unwrap();
            drop(file);
            let (_, journal) = JournalFile::open(&path).unwrap();
            assert_eq!((journal.entries.len(), journal.torn), (3, None));
        }
    }

    #[test]
    fn what_is_damaged_empty_or_no_journal_is_refused_and_left_alone() {
        let folder = tempfile::tempdir().unwrap();
        let path = closed(folder.path());
        let text = std::fs::read_to_string(&path).unwrap();
        for bad in [&text.replace("ana", "bob"), "", "not a journal", "x\n"] {
            std::fs::write(&path, bad).unwrap();
            let error = JournalFile::open(&path).unwrap_err();
            assert!(
                matches!(error, JournalFileError::Unusable { .. }),
                "{error:?}"
            );
            assert_eq!(std::fs::read_to_string(&path).unwrap(), bad);
        }
    }

    #[test]
    fn a_second_opener_is_refused_until_the_first_is_gone() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut first = JournalFile::create(&path).unwrap();
        first.append(&run_started()).unwrap();
        let error = JournalFile::open(&path).unwrap_err();
        assert!(matches!(error, JournalFileError::InUse { .. }), "{error:?}");
        drop(first);
        let (_second, _) = JournalFile::open(&path).unwrap();
        let error = JournalFile::open(&path).unwrap_err();
        assert!(matches!(error, JournalFileError::InUse { .. }), "{error:?}");
    }

    #[test]
    fn a_folder_that_is_not_there_is_an_error() {
        let folder = tempfile::tempdir().unwrap();
        let error = JournalFile::create(folder.path().join("no/journal.jsonl")).unwrap_err();
        assert!(matches!(error, JournalFileError::Io { what: "create", .. }));
        let error = JournalFile::open(folder.path().join("no.jsonl")).unwrap_err();
        assert!(matches!(error, JournalFileError::Io { what: "open", .. }));
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_device_is_no_journal() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        std::os::unix::fs::symlink("/dev/full", &path).unwrap();
        let error = JournalFile::create(&path).unwrap_err();
        assert!(
            matches!(error, JournalFileError::Exists { .. }),
            "{error:?}"
        );
        let error = JournalFile::open(&path).unwrap_err();
        assert!(
            matches!(error, JournalFileError::NotAFile { .. }),
            "{error:?}"
        );
    }

    #[test]
    #[cfg(target_os = "linux")]
    fn a_full_disk_is_an_error_at_once_and_nothing_follows() {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("journal.jsonl");
        let mut file = JournalFile::create(&path).unwrap();
        file.append(&run_started()).unwrap();
        let disk = std::mem::replace(
            &mut file.file,
            OpenOptions::new().write(true).open("/dev/full").unwrap(),
        );
        let error = file.append(&started(1)).unwrap_err();
        assert!(
            matches!(&error, JournalFileError::Io { what: "write", cause, .. }
            if cause.kind() == io::ErrorKind::StorageFull)
        );
        // Space is free again, but what became of the last line is not known to this process.
        file.file = disk;
        let error = file.append(&started(1)).unwrap_err();
        assert!(
            matches!(error, JournalFileError::Poisoned { .. }),
            "{error:?}"
        );
        drop(file);
        let (mut file, journal) = JournalFile::open(&path).unwrap();
        assert_eq!(journal.events(), [run_started()]);
        file.append(&started(1)).unwrap();
    }
}
