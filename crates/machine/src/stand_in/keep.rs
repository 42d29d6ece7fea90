//! The machine as a file.

use std::fs;
use std::io;
use std::path::{Path, PathBuf};

use super::Inner;

fn path(folder: &Path) -> PathBuf {
    folder.join("machine.json")
}

/// Takes the machine from its folder.
pub(super) fn read(folder: &Path) -> Inner {
    let path = path(folder);
    let read = fs::read(&path).and_then(|text| Ok(serde_json::from_slice(&text)?));
    read.unwrap_or_else(|error| panic!("{}: {error}", path.display()))
}

/// Puts the machine there, where it is one that is kept. Another process sees the old one or the new one whole.
pub(super) fn write(folder: &Path, inner: &Inner) {
    if !inner.kept {
        return;
    }
    let path = path(folder);
    let draft = path.with_extension("draft");
    let written = serde_json::to_vec_pretty(inner)
        .map_err(io::Error::from)
        .and_then(|text| fs::write(&draft, text))
        .and_then(|()| fs::rename(&draft, &path));
    if let Err(error) = written {
        panic!("{}: {error}", path.display());
    }
}
