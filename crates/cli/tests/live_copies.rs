//! The whole run with the copy made by BACKUP and RESTORE, on a T-SQL engine behind a bridge that has these two; the rest
//! is the engine's own. On a server that has them itself the bridge would not be needed.
//!
//! `ENVCLONE_TEST_SQLSERVER` names the engine. Without it these tests say so and pass.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

mod support;

use std::fs;

use envclone_db::sqlserver::Loader;
use envclone_rehearsal::sqlserver::{Loaders, fill};
use envclone_testing::Databases;
use support::bridge::{Bridge, Copies, SPEC};
use support::{CATALOG, Ran};
use tempfile::TempDir;

const PASSWORD: &str = "ENVCLONE_LIVE_PASSWORD";

struct Live {
    bridge: Bridge,
    folder: TempDir,
    // Dropped last: the copies are databases of theirs.
    databases: Databases,
}

impl Live {
    fn new() -> Option<Self> {
        let server = envclone_testing::sql_server()?;
        let mut databases = Databases::create(&server, "prod", 3);
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
        let bridge = Bridge::start(&server, &copies);
        let side = |side: &str, names: &[String]| {
            format!(
                "[{side}]\nengine = \"sqlserver\"\nplatform = \"{}\"\nlog = \"{}\"\n[{side}.catalogs]\n{CATALOG} = \"{}\"\n\
                 [{side}.server]\nhost = \"127.0.0.1\"\nport = {}\nuser = \"sa\"\npassword = {{ env = \"{PASSWORD}\" }}\n\
                 trust-certificate = true\n",
                names[0],
                names[1],
                names[2],
                bridge.server.port()
            )
        };
        let text = format!(
            "profile = \"documented\"\nclone = \"make\"\n{}{}",
            side("source", &names),
            side("target", &copies)
        );
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("envclone.toml"), text).unwrap();
        Some(Self {
            bridge,
            folder,
            databases,
        })
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let output = assert_cmd::Command::cargo_bin("envclone")
            .unwrap()
            .args(arguments)
            .env(PASSWORD, "let me in")
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        Ran::of(output)
    }
}

#[test]
fn a_copy_is_backed_up_restored_cleaned_and_opened_and_goes_on_after_every_lost_connection() {
    let Some(live) = Live::new() else {
        return;
    };
    let doctor = live.run(&["doctor"]);
    eprintln!("{}{}", doctor.out, doctor.err);
    let plan = live.run(&["plan", "--json"]);
    assert_eq!(plan.code, 0, "{}", plan.err);
    let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
    let id = &plan["id"].as_str().unwrap()[..12];

    live.bridge.cut_at("BACKUP DATABASE");
    let ran = live.run(&["refresh", "--approve", id]);
    eprintln!("{}", ran.err);
    assert_eq!(ran.code, 6, "{}", ran.err);
    for statement in [
        "BACKUP LOG",
        "RESTORE VERIFYONLY",
        "RESTORE DATABASE",
        "RESTORE LOG",
        "ALTER DATABASE",
    ] {
        live.bridge.cut_at(statement);
        let ran = live.run(&["resume"]);
        assert_eq!(ran.code, 6, "{statement}: {}", ran.err);
        eprintln!("{}", ran.err);
    }
    let ran = live.run(&["resume"]);
    eprintln!("{}", ran.err);
    assert!([0, 7].contains(&ran.code), "{}", ran.err);

    let sent = live.bridge.sent();
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
    eprintln!("{}", again.err);
    assert!([0, 7].contains(&again.code), "{}", again.err);
    assert_eq!(live.databases.names().len(), 6);
}
