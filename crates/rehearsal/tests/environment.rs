//! The environment as a whole: what is in it, and that it is always the same.

#![allow(clippy::unwrap_used)]

use envclone_rehearsal::sqlite::{self, Error, Files};
use envclone_rehearsal::{Cell, Manifest, RemovedIn, Role, Sink, Spec, Table, build};
use rusqlite::Connection;
use std::collections::{BTreeMap, HashSet};
use std::convert::Infallible;
use std::path::PathBuf;
use tempfile::TempDir;

const SMALL: Spec = Spec { scale: 1, seed: 42 };

fn create(spec: &Spec) -> (TempDir, Files, Manifest) {
    let folder = tempfile::tempdir().unwrap();
    let (files, manifest) = sqlite::create(folder.path(), spec, &mut |_| {}).unwrap();
    (folder, files, manifest)
}

fn paths(files: &Files) -> BTreeMap<String, PathBuf> {
    let mut paths = BTreeMap::from([
        ("platform".to_owned(), files.platform.clone()),
        ("log".to_owned(), files.log.clone()),
    ]);
    for (name, path) in &files.catalogs {
        paths.insert(format!("catalog:{name}"), path.clone());
    }
    paths
}

fn open(files: &Files) -> BTreeMap<String, Connection> {
    let open = |(name, path)| (name, Connection::open(path).unwrap());
    paths(files).into_iter().map(open).collect()
}

fn count(database: &Connection, table: &str, column: &str, value: &str) -> i64 {
    let sql = format!("SELECT COUNT(*) FROM \"{table}\" WHERE CAST(\"{column}\" AS TEXT) = ?1");
    database.query_row(&sql, [value], |row| row.get(0)).unwrap()
}

/// Hashes everything that it is given.
#[derive(Default)]
struct Digest {
    hasher: blake3::Hasher,
    rows: u64,
}

impl Sink for Digest {
    type Error = Infallible;

    fn table(&mut self, role: &Role, table: &Table) -> Result<(), Infallible> {
        self.hasher.update(format!("{role:?}{table:?}").as_bytes());
        Ok(())
    }

    fn row(&mut self, role: &Role, table: &Table, row: &[Cell]) -> Result<(), Infallible> {
        let text = format!("{role:?}{}{row:?}", table.name);
        self.hasher.update(text.as_bytes());
        self.rows += 1;
        Ok(())
    }
}

fn digest(spec: &Spec) -> (blake3::Hash, u64, Manifest) {
    let mut digest = Digest::default();
    let Ok(manifest) = build(spec, &mut digest, &mut |_| {});
    (digest.hasher.finalize(), digest.rows, manifest)
}

#[test]
fn the_same_specification_gives_the_same_rows() {
    let (first, _, manifest) = digest(&SMALL);
    let (second, _, again) = digest(&SMALL);
    assert_eq!(first, second);
    assert_eq!(manifest, again);
    let (other, _, _) = digest(&Spec { seed: 43, ..SMALL });
    assert_ne!(first, other);
}

#[test]
fn the_same_leftovers_are_planted_at_every_scale_and_seed() {
    let (_, small, manifest) = digest(&SMALL);
    let (_, large, larger) = digest(&Spec { scale: 4, seed: 1 });
    assert_eq!(manifest.planted, larger.planted);
    assert_eq!(manifest.kept, larger.kept);
    assert!(large > 4 * small, "{small} {large}");
}

#[test]
fn the_manifest_counts_what_was_written() {
    let (_, rows, manifest) = digest(&SMALL);
    assert_eq!(
        manifest.databases.iter().map(|it| it.rows).sum::<u64>(),
        rows
    );
    assert!((3000..20_000).contains(&rows), "{rows}");
}

#[test]
fn progress_ends_at_the_end_of_each_stage() {
    let mut last = BTreeMap::new();
    let mut digest = Digest::default();
    let Ok(_) = build(&SMALL, &mut digest, &mut |it| {
        last.insert(it.stage, it);
    });
    assert_eq!(last.len(), 4);
    assert!(last.values().all(|it| it.done == it.of), "{last:?}");
}

#[test]
fn everything_planted_or_kept_is_there() {
    let (_folder, files, manifest) = create(&SMALL);
    let databases = open(&files);
    for it in &manifest.planted {
        let found = count(&databases[&it.database], &it.table, &it.column, &it.value);
        assert!(found > 0, "{it:?}");
    }
    for it in &manifest.kept {
        let found = count(&databases[&it.database], &it.table, &it.column, &it.value);
        assert!(found > 0, "{it:?}");
    }
}

#[test]
fn no_two_facts_are_the_same_cell_or_have_the_same_name() {
    let (_, _, manifest) = digest(&SMALL);
    let names: HashSet<_> = manifest.planted.iter().map(|it| &it.id).collect();
    assert_eq!(names.len(), manifest.planted.len());
    let cells: HashSet<_> = manifest
        .planted
        .iter()
        .map(|it| (&it.database, &it.table, &it.column, &it.value))
        .collect();
    assert_eq!(cells.len(), manifest.planted.len());
    assert!(manifest.planted.iter().all(|it| !it.value.is_empty()));
}

#[test]
fn every_clean_up_has_something_to_do() {
    let (_, _, manifest) = digest(&SMALL);
    let mut counts: BTreeMap<RemovedIn, usize> = BTreeMap::new();
    for it in &manifest.planted {
        *counts.entry(it.removed_in).or_default() += 1;
    }
    assert_eq!(counts.len(), 4);
    assert!(manifest.planted.len() >= 100, "{counts:?}");
    assert!(counts.values().all(|it| *it >= 10), "{counts:?}");
}

#[test]
fn references_hold_and_the_files_are_whole() {
    for spec in [SMALL, Spec { scale: 5, seed: 7 }] {
        let (_folder, files, _) = create(&spec);
        for (name, database) in open(&files) {
            assert_eq!(broken(&database), Vec::<String>::new(), "{name}");
            let text = |sql: &str| database.query_row(sql, [], |row| row.get::<_, String>(0));
            assert_eq!(text("PRAGMA integrity_check").unwrap(), "ok", "{name}");
            assert_eq!(text("PRAGMA journal_mode").unwrap(), "wal", "{name}");
        }
    }
}

/// References that lead nowhere.
fn broken(database: &Connection) -> Vec<String> {
    let mut check = database.prepare("PRAGMA foreign_key_check").unwrap();
    let rows = check.query_map([], |row| {
        Ok(format!("{:?} -> {:?}", row.get_ref(0)?, row.get_ref(2)?))
    });
    rows.unwrap().collect::<Result<_, _>>().unwrap()
}

#[test]
fn connections_and_servers_can_not_be_deleted_before_what_refers_to_them() {
    let (_folder, files, _) = create(&SMALL);
    let database = &open(&files)["platform"];
    database.pragma_update(None, "foreign_keys", true).unwrap();
    for table in [
        "ossys_Server",
        "OSSYS_DBCONNECTION",
        "OSSYS_MOBILE_CERTIFICATE",
        "OSSYS_EMAIL",
        "ossys_Persistent_Login",
        "OSUSR_6wd_CfgFile",
        "OSUSR_k4p_Config_UserMappings",
    ] {
        let deleted = database.execute(&format!("DELETE FROM {table}"), []);
        assert!(deleted.is_err(), "{table}");
    }
}

#[test]
fn entities_and_their_tables_agree() {
    let (_folder, files, _) = create(&SMALL);
    let databases = open(&files);
    let platform = &databases["platform"];
    let mut entities = platform
        .prepare(
            "SELECT E.PHYSICAL_TABLE_NAME, A.DATABASE_NAME, M.DBCatalog_Id FROM ossys_Entity E
             JOIN ossys_Entity_Attr A ON A.ENTITY_ID = E.ID
             JOIN ossys_Espace M ON M.ID = E.ESPACE_ID",
        )
        .unwrap();
    let mut rows = entities.query([]).unwrap();
    let mut seen = 0;
    while let Some(row) = rows.next().unwrap() {
        let (table, column, catalog): (String, String, i64) = (
            row.get(0).unwrap(),
            row.get(1).unwrap(),
            row.get(2).unwrap(),
        );
        let database = match catalog {
            1 => platform,
            _ => &databases["catalog:PROD_LEDGER"],
        };
        let sql = format!("SELECT \"{column}\" FROM \"{table}\" LIMIT 1");
        database.prepare(&sql).unwrap();
        seen += 1;
    }
    assert!(seen > 100, "{seen}");
}

#[test]
fn an_existing_file_is_left_alone() {
    let folder = tempfile::tempdir().unwrap();
    let file = folder.path().join(sqlite::LOG_FILE);
    std::fs::write(&file, "mine").unwrap();
    let refused = sqlite::create(folder.path(), &SMALL, &mut |_| {});
    assert!(matches!(refused, Err(Error::Exists(path)) if path == file));
    assert_eq!(std::fs::read_to_string(&file).unwrap(), "mine");
    assert!(!folder.path().join(sqlite::PLATFORM_FILE).exists());
}

#[test]
fn a_manifest_can_be_written_and_read_back() {
    let (_, _, manifest) = digest(&SMALL);
    let text = serde_json::to_string(&manifest).unwrap();
    assert!(text.contains("\"removed_in\":\"official\""));
    let read: Manifest = serde_json::from_str(&text).unwrap();
    assert_eq!(read, manifest);
}
