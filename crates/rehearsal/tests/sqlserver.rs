//! The environment in a SQL Server: the same as in files.
//!
//! `ENVCLONE_TEST_SQLSERVER` names the server. Without it these tests say so and pass.

#![allow(clippy::unwrap_used)]

use envclone_db::sqlserver::{Loader, Server};
use envclone_db::{Access, Engine as _, Session, Trouble, Value};
use envclone_rehearsal::sqlite::{self, Files};
use envclone_rehearsal::sqlserver::{Error, Loaders, fill};
use envclone_rehearsal::{CATALOGS, ForeignKey, Manifest, Role, Spec, Table};
use envclone_testing::{Databases, rows, tables};
use std::path::PathBuf;

/// The environment's databases, in the order in which tests have them.
fn roles() -> [Role; 3] {
    let [catalog] = CATALOGS;
    [Role::Platform, Role::Log, Role::Catalog(catalog.to_owned())]
}

fn loaders(server: &Server, databases: &Databases) -> Loaders {
    let open = |name: &String| Loader::open(server, name, || false).unwrap();
    let [platform, log, catalog] = databases.names() else {
        panic!("an environment has three databases");
    };
    Loaders {
        platform: open(platform),
        log: open(log),
        catalogs: vec![(CATALOGS[0].to_owned(), open(catalog))],
    }
}

fn filled(server: &Server, spec: &Spec) -> (Databases, Manifest) {
    let databases = Databases::create(server, "load", 3);
    let manifest = fill(loaders(server, &databases), spec, &mut |_| {}).unwrap();
    (databases, manifest)
}

fn session(databases: &Databases, at: usize) -> Box<dyn Session> {
    let name = format!("{}@test", databases.names()[at]);
    databases.engine().open(&name, Access::Read).unwrap()
}

fn paths(files: &Files) -> [PathBuf; 3] {
    [
        files.platform.clone(),
        files.log.clone(),
        files.catalogs[0].1.clone(),
    ]
}

#[test]
fn the_rows_are_those_of_the_files() {
    let Some(server) = envclone_testing::sql_server() else {
        return;
    };
    let spec = Spec { scale: 1, seed: 42 };
    let folder = tempfile::tempdir().unwrap();
    let (files, expected) = sqlite::create(folder.path(), &spec, &mut |_| {}).unwrap();
    let (databases, manifest) = filled(&server, &spec);
    assert_eq!(manifest, expected);
    let shapes = tables(&spec);
    let mut seen = 0;
    for (at, (role, path)) in roles().iter().zip(paths(&files)).enumerate() {
        let mut there = session(&databases, at);
        let mut here = envclone_db::sqlite::open(&path, Access::Read).unwrap();
        let count = there.number("SELECT COUNT(*) FROM sys.tables WHERE is_ms_shipped = 0");
        let mine: Vec<&Table> = shapes
            .iter()
            .filter(|(its, _)| its == role)
            .map(|(_, table)| table)
            .collect();
        assert_eq!(count.unwrap(), mine.len() as u64, "{role:?}");
        for table in mine {
            let loaded = rows(there.as_mut(), table, ['[', ']']);
            let wanted = rows(&mut here, table, ['"', '"']);
            assert_eq!(loaded.len(), wanted.len(), "{role:?} {}", table.name);
            for (loaded, wanted) in loaded.iter().zip(&wanted) {
                assert_eq!(loaded, wanted, "{role:?} {}", table.name);
            }
            seen += loaded.len() as u64;
        }
    }
    let written: u64 = manifest.databases.iter().map(|it| it.rows).sum();
    assert_eq!(seen, written);
}

/// How many rows refer to nothing.
fn astray(session: &mut dyn Session, table: &Table, key: &ForeignKey) -> u64 {
    let pairs = || key.columns.iter().zip(&key.references);
    let joined: Vec<String> = pairs()
        .map(|(from, to)| format!("t.[{to}] = f.[{from}]"))
        .collect();
    let set: Vec<String> = pairs()
        .map(|(from, _)| format!("f.[{from}] IS NOT NULL"))
        .collect();
    session
        .number(&format!(
            "SELECT COUNT(*) FROM [dbo].[{}] f WHERE {} AND NOT EXISTS (SELECT 1 FROM [dbo].[{}] t WHERE {})",
            table.name,
            set.join(" AND "),
            key.table,
            joined.join(" AND ")
        ))
        .unwrap()
}

#[test]
fn every_foreign_key_is_there_and_holds() {
    let Some(server) = envclone_testing::sql_server() else {
        return;
    };
    let spec = Spec { scale: 2, seed: 7 };
    let (databases, _) = filled(&server, &spec);
    let shapes = tables(&spec);
    for (at, role) in roles().iter().enumerate() {
        let mut session = session(&databases, at);
        let mut keys = 0;
        for (_, table) in shapes.iter().filter(|(its, _)| its == role) {
            for key in &table.foreign_keys {
                assert_eq!(
                    astray(session.as_mut(), table, key),
                    0,
                    "{} {key:?}",
                    table.name
                );
                keys += 1;
            }
        }
        let there = session.number("SELECT COUNT(*) FROM sys.foreign_keys WHERE is_disabled = 0");
        assert_eq!(there.unwrap(), keys, "{role:?}");
    }
    let engine = databases.engine();
    let name = format!("{}@test", databases.names()[0]);
    let mut session = engine.open(&name, Access::Write).unwrap();
    for table in ["ossys_Server", "OSSYS_DBCONNECTION", "OSSYS_EMAIL"] {
        session.begin().unwrap();
        let refused = session
            .execute(&format!("DELETE FROM [dbo].[{table}]"))
            .unwrap_err();
        assert_eq!(refused.trouble, Trouble::Constraint, "{table}: {refused}");
        session.rollback().unwrap();
    }
}

#[test]
fn a_database_with_a_table_is_left_alone() {
    let Some(server) = envclone_testing::sql_server() else {
        return;
    };
    let databases = Databases::create(&server, "load", 1);
    let name = &databases.names()[0];
    let mut loader = Loader::open(&server, name, || false).unwrap();
    loader
        .run("CREATE TABLE [dbo].[mine] ([what] nvarchar(10) NULL DEFAULT N'nothing')")
        .unwrap();
    let columns = [("what", envclone_db::sqlserver::Kind::Text)];
    let rows = [[Value::Text("naïve 😀".as_bytes())], [Value::Null]];
    loader.load("mine", &columns, rows).unwrap();
    assert_eq!(opened(&server, name), Trouble::Locked);
    let misfit = loader.load("mine", &columns, [[Value::Bytes(b"1")]]);
    assert_eq!(misfit.unwrap_err().trouble, Trouble::Other);
    assert_eq!(loader.run("SELECT 1").unwrap_err().trouble, Trouble::Lost);
    drop(loader);
    assert_eq!(opened(&server, name), Trouble::Exists);
    let mut session = session(&databases, 0);
    let sql = "SELECT COALESCE([what], N'NULL') FROM [dbo].[mine]";
    let mut texts = session.texts(sql).unwrap();
    texts.sort_unstable();
    assert_eq!(texts, ["NULL", "naïve 😀"]);
}

/// Why a loader does not open a database.
fn opened(server: &Server, name: &str) -> Trouble {
    let opened = Loader::open(server, name, || false);
    opened.map(|_| ()).unwrap_err().trouble
}

#[test]
fn an_environment_needs_a_database_for_each_catalog() {
    let Some(server) = envclone_testing::sql_server() else {
        return;
    };
    let databases = Databases::create(&server, "load", 3);
    let mut loaders = loaders(&server, &databases);
    loaders.catalogs.clear();
    let refused = fill(loaders, &Spec { scale: 1, seed: 1 }, &mut |_| {});
    assert!(matches!(refused, Err(Error::Missing(name)) if name.contains(CATALOGS[0])));
    let count = session(&databases, 0).number("SELECT COUNT(*) FROM sys.tables");
    assert_eq!(count.unwrap(), 0);
}
