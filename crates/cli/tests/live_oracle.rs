//! The whole run on an Oracle that somebody has: export, import, clean-up, verification, compared row by row with the same
//! run on files.
//!
//! `ENVCLONE_TEST_ORACLE` names the database: `host:port/service;user;password;directory`, a DBA and a DIRECTORY that Data
//! Pump may use. Without it this test says so and passes. Users and tablespaces of the test begin with `ENVCLONE_T`, and are
//! dropped at its end.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

mod support;

use std::fs;
use std::time::Duration;

use envclone_db::Engine as _;
use envclone_db::oracle::{Loader, Oracle, Place, Server, Side};
use envclone_rehearsal::oracle::{Loaders, fill};
use envclone_testing::oracle::PASSWORD;
use secrecy::ExposeSecret as _;
use support::CATALOG;
use support::oracle::{OWN, SPEC, assert_like_files, on_files, write_own_steps};

/// Names an Oracle whose user is a DBA.
const ORACLE: &str = "ENVCLONE_TEST_ORACLE";

const SOURCE: [&str; 4] = [
    "ENVCLONE_TS_ADMIN",
    "ENVCLONE_TS_RUNTIME",
    "ENVCLONE_TS_LOG",
    "ENVCLONE_TS_LEDGER",
];
const TARGET: [&str; 4] = [
    "ENVCLONE_TT_ADMIN",
    "ENVCLONE_TT_RUNTIME",
    "ENVCLONE_TT_LOG",
    "ENVCLONE_TT_LEDGER",
];

/// The database, and the DIRECTORY.
fn named() -> Option<(Server, String)> {
    let Ok(text) = std::env::var(ORACLE) else {
        eprintln!("not run: {ORACLE} names no database");
        return None;
    };
    let parsed = parse(&text);
    // The text is not shown: it has a password.
    assert!(
        parsed.is_some(),
        "{ORACLE} is not `host:port/service;user;password;directory`"
    );
    parsed
}

fn parse(text: &str) -> Option<(Server, String)> {
    let [at, user, password, directory] = text.split(';').collect::<Vec<_>>().try_into().ok()?;
    let (at, service) = at.split_once('/')?;
    let (host, port) = at.rsplit_once(':')?;
    let server = Server {
        label: "test".to_owned(),
        place: Place::Service {
            host: host.to_owned(),
            port: port.parse().ok()?,
            service: service.to_owned(),
            encrypted: false,
        },
        user: user.to_owned(),
        password: password.to_owned().into(),
        sysdba: false,
        wallet: None,
        wallet_password: None,
        application: "envclone tests".to_owned(),
        connect: Duration::from_secs(30),
        command: None,
        lock: Duration::from_secs(30),
    };
    Some((server, directory.to_owned()))
}

fn engine(server: &Server, schemas: [&str; 4]) -> Oracle {
    let side = Side {
        name: "target".to_owned(),
        server: server.clone(),
        schemas: schemas.map(str::to_owned).to_vec(),
        writable: true,
    };
    Oracle::new(vec![side], "ENVCLONE_MARK", || false)
}

/// Runs statements as the DBA; those that fail are told and left.
fn run(server: &Server, statements: &[String]) {
    let engine = engine(server, SOURCE);
    let mut session = engine.server(&format!("{}@test", SOURCE[0])).unwrap();
    for statement in statements {
        if let Err(error) = session.execute(statement) {
            eprintln!("{statement}: {error}");
        }
    }
}

/// What the test leaves, taken away.
struct Cleared<'a>(&'a Server);

impl Drop for Cleared<'_> {
    fn drop(&mut self) {
        let users = SOURCE.iter().chain(&TARGET);
        let mut statements: Vec<String> = users
            .map(|user| format!("DROP USER {user} CASCADE"))
            .collect();
        statements.push(format!(
            "BEGIN FOR t IN (SELECT tablespace_name FROM dba_tablespaces WHERE tablespace_name LIKE '{}%') LOOP \
             EXECUTE IMMEDIATE 'DROP TABLESPACE \"' || t.tablespace_name || '\" INCLUDING CONTENTS AND DATAFILES'; \
             END LOOP; END;",
            TARGET[0]
        ));
        run(self.0, &statements);
    }
}

#[test]
fn schemas_are_copied_cleaned_and_like_those_in_files() {
    let Some((server, directory)) = named() else {
        return;
    };
    let _cleared = Cleared(&server);
    let mut statements = Vec::new();
    for user in SOURCE {
        statements.push(format!(
            "CREATE USER {user} IDENTIFIED BY \"{PASSWORD}\" QUOTA UNLIMITED ON USERS"
        ));
        statements.push(format!("GRANT CREATE SESSION, CREATE TABLE TO {user}"));
    }
    run(&server, &statements);
    let open = |name: &str| Loader::open(&server, name, || false).unwrap();
    let loaders = Loaders {
        platform: open(SOURCE[0]),
        runtime: open(SOURCE[1]),
        log: open(SOURCE[2]),
        catalogs: vec![(CATALOG.to_owned(), open(SOURCE[3]))],
    };
    fill(loaders, &SPEC, &mut |_| {}).unwrap();

    let Place::Service {
        host,
        port,
        service,
        ..
    } = &server.place
    else {
        panic!("the test's database has a service");
    };
    let side = |name: &str, [platform, runtime, log, extra]: [&str; 4]| {
        format!(
            "[{name}]\nengine = \"oracle\"\nplatform = \"{platform}\"\nruntime = \"{runtime}\"\nlog = \"{log}\"\n\
             [{name}.catalogs]\n{CATALOG} = \"{extra}\"\n[{name}.server]\nhost = \"{host}\"\nport = {port}\n\
             service = \"{service}\"\nuser = \"{}\"\npassword = {{ env = \"ENVCLONE_LIVE_PASSWORD\" }}\n",
            server.user
        )
    };
    let folder = tempfile::tempdir().unwrap();
    let text = format!(
        "profile = \"extra\"\nclone = \"make\"\n{OWN}\n[copy]\ndirectory = \"{directory}\"\n{}{}",
        side("source", SOURCE),
        side("target", TARGET)
    );
    write_own_steps(folder.path());
    fs::write(folder.path().join("envclone.toml"), text).unwrap();
    let envclone = |arguments: &[&str]| {
        let output = assert_cmd::Command::cargo_bin("envclone")
            .unwrap()
            .args(arguments)
            .env("ENVCLONE_LIVE_PASSWORD", server.password.expose_secret())
            .current_dir(folder.path())
            .output()
            .unwrap();
        support::Ran::of(output)
    };
    let plan = envclone(&["plan", "--json"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
    let id = plan["id"].as_str().unwrap()[..12].to_owned();
    let ran = envclone(&["refresh", "--approve", &id]);
    eprintln!("{}", ran.err);
    assert!([0, 7].contains(&ran.code), "{}", ran.err);
    let engine = engine(&server, TARGET);
    assert_like_files(&engine, TARGET, &on_files("extra"), "on an Oracle");
}
