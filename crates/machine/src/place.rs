//! A finished file in another's place.

use std::fs::{self, File, OpenOptions};
use std::io::{self, Write};
use std::path::{Path, PathBuf};
#[cfg(any(windows, test))]
use std::time::Duration;

use crate::{MachineError, Result};

/// Writes a file whole and puts it where another one is, or none. Whoever reads it sees the old one or the new one, after a
/// crash, too. It keeps who may read and change the old one; a new one has what its folder hands down.
///
/// What is not finished is in a file beside it, which is gone when this returns: it may hold passwords. One that a process
/// left which was killed is removed first.
///
/// # Errors
/// Where it can't be written, or the other one can't be replaced: then that is as it was.
pub fn put_in_place(path: &Path, bytes: &[u8]) -> Result<()> {
    let partial = beside(path);
    let put = removed(&partial)
        .and_then(|()| write(path, &partial, bytes))
        .and_then(|()| replace(path, &partial));
    // Where all went well, it has another name by now.
    let left = removed(&partial).is_err();
    put.map_err(|source| MachineError::System {
        to: match left {
            false => format!("write `{}`", path.display()),
            true => format!(
                "write `{}`, nor remove `{}`, which may hold passwords",
                path.display(),
                partial.display()
            ),
        },
        source,
    })
}

fn beside(path: &Path) -> PathBuf {
    let mut partial = path.as_os_str().to_owned();
    partial.push(".partial");
    partial.into()
}

fn removed(path: &Path) -> io::Result<()> {
    match fs::remove_file(path) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => Err(error),
        _ => Ok(()),
    }
}

fn write(path: &Path, partial: &Path, bytes: &[u8]) -> io::Result<()> {
    let mut file = alone(partial)?;
    file.write_all(bytes)?;
    file.sync_all()?;
    #[cfg(unix)]
    match fs::metadata(path) {
        Ok(metadata) => file.set_permissions(metadata.permissions())?,
        Err(error) if error.kind() == io::ErrorKind::NotFound => {}
        Err(error) => return Err(error),
    }
    #[cfg(not(unix))]
    let _ = path;
    Ok(())
}

/// A file that nobody else opens while it is written.
#[cfg(windows)]
fn alone(partial: &Path) -> io::Result<File> {
    use std::os::windows::fs::OpenOptionsExt;

    OpenOptions::new()
        .write(true)
        .create_new(true)
        .share_mode(0)
        .open(partial)
}

/// A file that nobody else may read.
#[cfg(unix)]
fn alone(partial: &Path) -> io::Result<File> {
    use std::os::unix::fs::OpenOptionsExt;

    OpenOptions::new()
        .write(true)
        .create_new(true)
        .mode(0o600)
        .open(partial)
}

/// What Windows says where another program has one of the files open, as documented of `ReplaceFile`: both have their names
/// still. `ERROR_ACCESS_DENIED`, `ERROR_SHARING_VIOLATION`, `ERROR_UNABLE_TO_REMOVE_REPLACED`.
#[cfg(any(windows, test))]
const HELD: [i32; 3] = [5, 32, 1175];

/// The pauses between the tries. A scanner that opens what was just closed lets go of it soon.
#[cfg(any(windows, test))]
const PAUSES: [Duration; 2] = [Duration::from_millis(100), Duration::from_millis(400)];

/// Does what another program may be in the way of: once more after each pause.
#[cfg(any(windows, test))]
fn patiently(
    mut act: impl FnMut() -> io::Result<()>,
    mut pause: impl FnMut(Duration),
) -> io::Result<()> {
    let held = |error: &io::Error| error.raw_os_error().is_some_and(|it| HELD.contains(&it));
    for after in PAUSES {
        match act() {
            Err(error) if held(&error) => pause(after),
            ended => return ended,
        }
    }
    act()
}

#[cfg(windows)]
fn replace(path: &Path, partial: &Path) -> io::Result<()> {
    patiently(|| replace_once(path, partial), std::thread::sleep)
}

/// A rename would bring the new file's own security along, which is the folder's, and lose what an administrator took from
/// or gave to others of the old one.
#[cfg(windows)]
fn replace_once(path: &Path, partial: &Path) -> io::Result<()> {
    if !path.try_exists()? {
        return fs::rename(partial, path);
    }
    let text = |path: &Path| {
        path.to_str().map(str::to_owned).ok_or_else(|| {
            io::Error::new(io::ErrorKind::InvalidInput, "the path is no Unicode text")
        })
    };
    let replaced = winsafe::ReplaceFile(
        &text(path)?,
        &text(partial)?,
        None,
        winsafe::co::REPLACEFILE::default(),
    );
    match replaced {
        Ok(()) => Ok(()),
        // As documented, the old one may be gone by then, and the new one still have its first name.
        Err(_) if !path.try_exists()? && partial.try_exists()? => fs::rename(partial, path),
        Err(error) => Err(io::Error::from_raw_os_error(error.raw().cast_signed())),
    }
}

#[cfg(not(windows))]
fn replace(path: &Path, partial: &Path) -> io::Result<()> {
    fs::rename(partial, path)
}

#[cfg(test)]
mod tests {
    use super::*;

    /// How many tries and pauses it took, and how it ended, where each try ends with the next of these codes.
    fn tried(codes: &[i32]) -> (usize, usize, io::Result<()>) {
        let (mut tries, mut pauses) = (0, 0);
        let act = || {
            tries += 1;
            match codes.get(tries - 1) {
                Some(code) => Err(io::Error::from_raw_os_error(*code)),
                None => Ok(()),
            }
        };
        let ended = patiently(act, |_| pauses += 1);
        (tries, pauses, ended)
    }

    #[test]
    fn what_another_program_holds_for_a_moment_is_tried_again() {
        for code in [5, 32, 1175] {
            assert!(matches!(tried(&[code]), (2, 1, Ok(()))), "{code}");
            assert!(matches!(tried(&[code, 32]), (3, 2, Ok(()))), "{code}");
            let (tries, pauses, ended) = tried(&[32, 32, code, 5]);
            assert_eq!((tries, pauses), (3, 2), "{code}");
            assert_eq!(ended.unwrap_err().raw_os_error(), Some(code));
        }
        assert!(matches!(tried(&[]), (1, 0, Ok(()))));
    }

    #[test]
    fn what_no_pause_mends_is_not_tried_again() {
        // The file is not there; the new one could not take the name; the disk is full.
        for code in [2, 1176, 112] {
            let (tries, pauses, ended) = tried(&[code]);
            assert_eq!((tries, pauses), (1, 0), "{code}");
            assert_eq!(ended.unwrap_err().raw_os_error(), Some(code));
        }
    }
}
