//! The whole run with the copy made by BACKUP and RESTORE.
//!
//! On Microsoft's server, these are its own. On an engine without them a bridge in front of it plays them, and the rest is
//! the engine's.
//!
//! `ENVCLONE_TEST_SQLSERVER` names the engine. Without it these tests say so and pass.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

mod support;

use std::fs;

use envclone_db::sqlserver::{Loader, Login, Place, Server};
use envclone_db::{Access, Copied, Engine as _, Go};
use envclone_rehearsal::sqlserver::{Loaders, fill};
use envclone_testing::Databases;
use secrecy::ExposeSecret as _;
use support::bridge::{Bridge, Copies, SPEC};
use support::{CATALOG, Ran};
use tempfile::TempDir;

const PASSWORD: &str = "ENVCLONE_LIVE_PASSWORD";

/// A source with rows, and settings that have the copy made.
struct Live {
    folder: TempDir,
    password: String,
    // Dropped last: the copies are databases of theirs.
    databases: Databases,
}

impl Live {
    /// A source on the server that the environment names, where that is of this kind; and the names of its copies.
    fn new(with_backups: bool) -> Option<(Self, Server, Copies)> {
        let server = envclone_testing::sql_server()?;
        let mut databases = Databases::create(&server, "prod", 3);
        if has_backups(&databases) != with_backups {
            eprintln!("not run: the server is of another kind");
            return None;
        }
        let names = databases.names().to_vec();
        let open = |name: &String| Loader::open(&server, name, || false).unwrap();
        let loaders = Loaders {
            platform: open(&names[0]),
            log: open(&names[1]),
            catalogs: vec![(CATALOG.to_owned(), open(&names[2]))],
        };
        fill(loaders, &SPEC, &mut |_| {}).unwrap();
        let copies: Copies = [0, 1, 2].map(|at| format!("copy_of_{}", names[at]));
        databases.adopt(&copies);
        let Login::Sql { password, .. } = &server.login else {
            panic!("the test's server has a login of its own");
        };
        let live = Self {
            folder: tempfile::tempdir().unwrap(),
            password: password.expose_secret().to_owned(),
            databases,
        };
        Some((live, server, copies))
    }

    fn settings(&self, port: u16, host: &str, user: &str) {
        let side = |side: &str, names: &[String]| {
            format!(
                "[{side}]\nengine = \"sqlserver\"\nplatform = \"{}\"\nlog = \"{}\"\n[{side}.catalogs]\n{CATALOG} = \"{}\"\n\
                 [{side}.server]\nhost = \"{host}\"\nport = {port}\nuser = \"{user}\"\npassword = {{ env = \"{PASSWORD}\" }}\n\
                 trust-certificate = true\n",
                names[0], names[1], names[2],
            )
        };
        let (source, target) = self.databases.names().split_at(3);
        let text = format!(
            "profile = \"documented\"\nclone = \"make\"\n{}{}",
            side("source", source),
            side("target", target)
        );
        fs::write(self.folder.path().join("envclone.toml"), text).unwrap();
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let output = assert_cmd::Command::cargo_bin("envclone")
            .unwrap()
            .args(arguments)
            .env(PASSWORD, &self.password)
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        let ran = Ran::of(output);
        eprintln!("{arguments:?}\n{}", ran.err);
        ran
    }

    fn plan_id(&self) -> String {
        let plan = self.run(&["plan", "--json"]);
        assert_eq!(plan.code, 0, "{}", plan.err);
        let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
        plan["id"].as_str().unwrap()[..12].to_owned()
    }

    /// A number from the server, asked in `master`.
    fn number(&self, sql: &str) -> u64 {
        number(&self.databases, sql)
    }
}

fn number(databases: &Databases, sql: &str) -> u64 {
    let engine = databases.engine();
    let mut session = engine.open("master@test", Access::Read).unwrap();
    session.number(sql).unwrap()
}

/// Whether the server is Microsoft's.
fn has_backups(databases: &Databases) -> bool {
    let asked = "SELECT CASE WHEN SERVERPROPERTY('Babelfish') IS NULL THEN 1 ELSE 0 END";
    number(databases, asked) == 1
}

#[test]
fn microsofts_own_server_makes_cleans_and_opens_a_copy_of_one_moment() {
    let Some((live, server, copies)) = Live::new(true) else {
        return;
    };
    let engine = live.databases.engine();
    for name in &live.databases.names()[..3] {
        // One moment takes a chain of logs, which begins with a backup.
        for sql in [
            format!("ALTER DATABASE [{name}] SET RECOVERY FULL"),
            format!("BACKUP DATABASE [{name}] TO DISK = N'NUL'"),
        ] {
            let mut nobody = |_: Copied| Go::Continue(());
            engine
                .work(&format!("{name}@test"), &sql, &mut nobody)
                .unwrap();
        }
    }
    let (Place::Port(port), Login::Sql { user, .. }) = (&server.place, &server.login) else {
        panic!("the test's server has a port and a login of its own");
    };
    live.settings(*port, &server.host, user);
    let doctor = live.run(&["doctor"]);
    assert_eq!(doctor.code, 0, "{}{}", doctor.out, doctor.err);
    let id = live.plan_id();
    let ran = live.run(&["refresh", "--approve", &id]);
    assert!([0, 7].contains(&ran.code), "{}", ran.err);
    let names: Vec<String> = copies.iter().map(|name| format!("N'{name}'")).collect();
    let names = names.join(", ");
    let good = format!(
        "SELECT COUNT(*) FROM sys.databases WHERE name IN ({names}) AND state_desc = N'ONLINE' \
         AND user_access_desc = N'MULTI_USER' AND recovery_model_desc = N'SIMPLE' AND is_broker_enabled = 0 AND owner_sid = 0x01"
    );
    assert_eq!(live.number(&good), 3);
    let grow = format!(
        "SELECT COUNT(*) FROM sys.master_files f JOIN sys.databases d ON d.database_id = f.database_id \
         WHERE d.name IN ({names}) AND f.is_percent_growth = 0 AND f.growth = 65536"
    );
    assert_eq!(live.number(&grow), 6);
    // A second one finds the way taken.
    let again = live.run(&["plan"]);
    assert_eq!(again.code, 5, "{}", again.err);
}

#[test]
fn a_copy_is_backed_up_restored_cleaned_and_opened_and_goes_on_after_every_lost_connection() {
    let Some((mut live, server, copies)) = Live::new(false) else {
        return;
    };
    let bridge = Bridge::start(&server, &copies);
    "let me in".clone_into(&mut live.password);
    live.settings(bridge.server.port(), "127.0.0.1", "sa");
    let doctor = live.run(&["doctor"]);
    assert_eq!(doctor.code, 0, "{}{}", doctor.out, doctor.err);
    let id = &live.plan_id();
    bridge.cut_at("BACKUP DATABASE");
    let ran = live.run(&["refresh", "--approve", id]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    for statement in [
        "BACKUP LOG",
        "RESTORE VERIFYONLY",
        "RESTORE DATABASE",
        "RESTORE LOG",
        "ALTER DATABASE",
    ] {
        bridge.cut_at(statement);
        let ran = live.run(&["resume"]);
        assert_eq!(ran.code, 6, "{statement}: {}", ran.err);
    }
    let ran = live.run(&["resume"]);
    assert!([0, 7].contains(&ran.code), "{}", ran.err);

    let sent = bridge.sent();
    let at = |text: &str| sent.iter().position(|sql| sql.contains(text)).unwrap();
    assert!(at("BACKUP DATABASE") < at("BACKUP LOG"));
    assert!(at("BACKUP LOG") < at("RESTORE DATABASE"));
    assert!(at("RESTORE DATABASE") < at("SET MULTI_USER"));
    let moments: Vec<&str> = sent
        .iter()
        .filter(|sql| sql.contains("STOPAT"))
        .map(|sql| sql.lines().next().unwrap())
        .collect();
    assert!(moments.len() >= 3, "{moments:?}");
    assert!(moments.iter().all(|one| *one == moments[0]), "{moments:?}");
    let again = live.run(&["verify"]);
    assert!([0, 7].contains(&again.code), "{}", again.err);
    assert_eq!(live.databases.names().len(), 6);
}
