//! Programs on PATH.

use std::path::PathBuf;

/// What Windows starts by itself. Batch files would have an interpreter of their own read the arguments.
const ENDINGS: [&str; 2] = ["com", "exe"];

/// The first program of that name on PATH, with or without its ending. Not in the folder that we stand in.
pub(super) fn on_path(name: &str) -> Option<PathBuf> {
    let folders = std::env::var_os("PATH")?;
    std::env::split_paths(&folders)
        .filter(|folder| folder.is_absolute())
        .flat_map(|folder| candidates(folder.join(name)))
        .find(|path| path.is_file())
}

fn candidates(path: PathBuf) -> Vec<PathBuf> {
    let named = path
        .extension()
        .is_some_and(|it| ENDINGS.iter().any(|ending| it.eq_ignore_ascii_case(ending)));
    if named {
        return vec![path];
    }
    ENDINGS
        .iter()
        .map(|ending| {
            let mut path = path.clone().into_os_string();
            path.push(".");
            path.push(ending);
            path.into()
        })
        .collect()
}
