//! Rows that are about to be changed, saved to a file of the run.

use std::fs::{self, File};
use std::io::Write;
use std::path::{Path, PathBuf};

use age::x25519::Recipient;
use envclone_core::plan::{Item, Save};
use envclone_core::report::SavedFile;
use envclone_core::settings::{Saved, SavedSecrets};
use envclone_db::{Go, Row, Session, Value};
use serde_json::{Map, Value as Json, json};

use crate::failure::{Exit, Failure, file_failure};

/// Saves the rows that an item is about to change.
///
/// # Errors
/// A query or a file that fails: then nothing may be changed either.
pub fn save(
    item: &Item,
    save: &Save,
    settings: &Saved,
    session: &mut dyn Session,
    folder: &Path,
) -> Result<(), Failure> {
    let encrypt = settings.secrets == SavedSecrets::Encrypt;
    let mut lines = Vec::new();
    let mut rows = 0;
    session.query(&save.sql, &mut |row| {
        lines.extend_from_slice(line(row, save, encrypt).to_string().as_bytes());
        lines.push(b'\n');
        rows += 1;
        Go::Continue(())
    })?;
    let table = item.table.as_deref().unwrap_or("rows");
    let suffix = if encrypt { "jsonl.age" } else { "jsonl" };
    let name = format!("{:03}-{}-{}.{suffix}", item.seq, item.step, plain(table));
    let path = folder.join("saved").join(&name);
    let bytes = if encrypt {
        encrypted(&lines, &settings.recipients)?
    } else {
        lines
    };
    write_whole(&path, &bytes)?;
    let secrets = if encrypt { "encrypted" } else { "withheld" };
    list(
        folder,
        SavedFile {
            path: format!("saved/{name}"),
            rows,
            secrets: secrets.to_owned(),
        },
    )
}

/// Adds a saved file to the run's list of them; one that is saved again after a rollback takes its own place.
fn list(folder: &Path, file: SavedFile) -> Result<(), Failure> {
    let path = folder.join("saved.json");
    let mut files: Vec<SavedFile> = fs::read(&path)
        .ok()
        .and_then(|bytes| serde_json::from_slice(&bytes).ok())
        .unwrap_or_default();
    files.retain(|other| other.path != file.path);
    files.push(file);
    crate::folder::write_json(&path, &files)
}

/// One row as JSON. A value that may be a secret stays only where the file is encrypted.
fn line(row: &dyn Row, save: &Save, encrypt: bool) -> Json {
    let mut object = Map::new();
    for (at, column) in save.columns.iter().enumerate() {
        let value = match row.value(at) {
            Value::Null => Json::Null,
            _ if save.secret.contains(column) && !encrypt => json!({ "withheld": true }),
            Value::Integer(number) => json!(number),
            Value::Real(number) => json!(number),
            Value::Text(text) => json!(String::from_utf8_lossy(text)),
            Value::Bytes(bytes) => {
                json!({ "hex": bytes.iter().map(|byte| format!("{byte:02x}")).collect::<String>() })
            }
        };
        object.insert(column.clone(), value);
    }
    Json::Object(object)
}

fn encrypted(lines: &[u8], recipients: &[String]) -> Result<Vec<u8>, Failure> {
    let keys = recipients
        .iter()
        .map(|text| recipient(text))
        .collect::<Result<Vec<_>, _>>()?;
    let failed = |error: String| {
        Failure::before(
            Exit::Unexpected,
            format!("the saved rows could not be encrypted: {error}"),
        )
    };
    let encryptor =
        age::Encryptor::with_recipients(keys.iter().map(|key| key as &dyn age::Recipient))
            .map_err(|error| failed(error.to_string()))?;
    let mut bytes = Vec::new();
    let mut writer = encryptor
        .wrap_output(&mut bytes)
        .map_err(|error| failed(error.to_string()))?;
    writer
        .write_all(lines)
        .and_then(|()| writer.finish().map(drop))
        .map_err(|error| failed(error.to_string()))?;
    Ok(bytes)
}

/// Reads an age public key.
///
/// # Errors
/// Exit 3 where it is none.
pub fn recipient(text: &str) -> Result<Recipient, Failure> {
    text.parse().map_err(|_| {
        Failure::before(
            Exit::Invalid,
            format!("`saved.recipients`: `{text}` is no age public key"),
        )
        .hint("`age-keygen` makes a pair of keys; the public one begins with `age1`")
    })
}

/// Writes a file so that after a crash it is there whole or not at all. Of one that can't be written, nothing is left.
///
/// # Errors
/// Whatever the file system says.
pub fn write_whole(path: &Path, bytes: &[u8]) -> Result<(), Failure> {
    let partial: PathBuf = path.with_extension("partial");
    let write = || {
        if let Some(folder) = path.parent() {
            fs::create_dir_all(folder)?;
        }
        let mut file = File::create(&partial)?;
        file.write_all(bytes)?;
        file.sync_all()?;
        fs::rename(&partial, path)
    };
    write().map_err(|error| {
        let _ = fs::remove_file(&partial);
        file_failure("write", path, &error)
    })
}

/// A table's name as a part of a file's name.
fn plain(name: &str) -> String {
    name.chars()
        .map(|c| {
            if c.is_ascii_alphanumeric() || c == '_' {
                c
            } else {
                '-'
            }
        })
        .collect()
}
