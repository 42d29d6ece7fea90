//! The whole run on a real T-SQL engine, compared row by row with the same run on files.
//!
//! `ENVCLONE_TEST_SQLSERVER` names the server. Without it these tests say so and pass.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

mod support;

use std::fs;

use envclone_db::sqlserver::{Loader, Login, Place, Server, Trust};
use envclone_db::{Access, Engine as _};
use envclone_rehearsal::sqlserver::{Loaders, fill};
use envclone_rehearsal::{Role, Spec};
use envclone_testing::{Databases, rows, tables};
use secrecy::ExposeSecret as _;
use support::{CATALOG, Lab, Ran};
use tempfile::TempDir;

/// The seed and scale of the lab's files.
const SPEC: Spec = Spec { scale: 1, seed: 7 };

/// The variable that the settings take the password from.
const PASSWORD: &str = "ENVCLONE_LIVE_PASSWORD";

/// A source and a copy of it on a server, and settings that take the copy over.
struct Live {
    server: Server,
    databases: Databases,
    folder: TempDir,
}

impl Live {
    fn new(server: Server, profile: &str) -> Self {
        let databases = Databases::create(&server, "live", 6);
        for side in databases.names().chunks(3) {
            let open = |name: &String| Loader::open(&server, name, || false).unwrap();
            let loaders = Loaders {
                platform: open(&side[0]),
                log: open(&side[1]),
                catalogs: vec![(CATALOG.to_owned(), open(&side[2]))],
            };
            fill(loaders, &SPEC, &mut |_| {}).unwrap();
        }
        let folder = tempfile::tempdir().unwrap();
        let live = Self {
            server,
            databases,
            folder,
        };
        let text = format!(
            "profile = \"{profile}\"\nclone = \"adopt\"\n{}{}",
            live.side("source", 0),
            live.side("target", 3)
        );
        fs::write(live.folder.path().join("envclone.toml"), text).unwrap();
        live
    }

    fn side(&self, name: &str, first: usize) -> String {
        let [platform, log, catalog] = &self.databases.names()[first..first + 3] else {
            panic!("a side has three databases");
        };
        let (Place::Port(port), Login::Sql { user, .. }) = (&self.server.place, &self.server.login)
        else {
            panic!("the test's server has a port and a login of its own");
        };
        let trust = matches!(self.server.trust, Trust::Any);
        format!(
            "[{name}]\nengine = \"sqlserver\"\nplatform = \"{platform}\"\nlog = \"{log}\"\n\
             [{name}.catalogs]\n{CATALOG} = \"{catalog}\"\n\
             [{name}.server]\nhost = \"{}\"\nport = {port}\nuser = \"{user}\"\n\
             password = {{ env = \"{PASSWORD}\" }}\ntrust-certificate = {trust}\n",
            self.server.host
        )
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let Login::Sql { password, .. } = &self.server.login else {
            panic!("a login of the server");
        };
        let output = assert_cmd::Command::cargo_bin("envclone")
            .unwrap()
            .args(arguments)
            .env(PASSWORD, password.expose_secret())
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        Ran::of(output)
    }

    /// Every row of the copy's database with this role.
    fn content(&self, at: usize, role: &Role) -> Vec<(String, Vec<String>)> {
        let name = format!("{}@test", self.databases.names()[at]);
        let mut session = self.databases.engine().open(&name, Access::Read).unwrap();
        tables(&SPEC)
            .iter()
            .filter(|(its, _)| its == role)
            .map(|(_, table)| {
                (
                    table.name.clone(),
                    rows(session.as_mut(), table, ['[', ']']),
                )
            })
            .collect()
    }
}

/// What the same run leaves in files.
fn on_files(profile: &str) -> Lab {
    let lab = Lab::adopted();
    lab.edit("profile = \"extra\"", &format!("profile = \"{profile}\""));
    let ran = lab.refresh();
    assert!([0, 7].contains(&ran.code), "{}", ran.err);
    lab
}

#[test]
fn a_run_leaves_what_it_leaves_in_files() {
    let Some(server) = envclone_testing::sql_server() else {
        return;
    };
    for profile in ["official", "extra"] {
        let live = Live::new(server.clone(), profile);
        let roles = [Role::Platform, Role::Log, Role::Catalog(CATALOG.to_owned())];
        let before: Vec<_> = (0..3).map(|at| live.content(at, &roles[at])).collect();

        let plan = live.run(&[
            "plan",
            "--json",
            "--override",
            "restore-unproven=a test's copy",
        ]);
        assert_eq!(plan.code, 0, "{}", plan.err);
        let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
        let id = &plan["id"].as_str().unwrap()[..12];
        let ran = live.run(&[
            "refresh",
            "--approve",
            id,
            "--override",
            "restore-unproven=a test's copy",
        ]);
        eprintln!("{profile}:\n{}", ran.err);
        assert!([0, 7].contains(&ran.code), "{}", ran.err);

        let lab = on_files(profile);
        let files = ["outsystems.db", "outsystems_log.db", "PROD_LEDGER.db"];
        for (at, role) in roles.iter().enumerate() {
            let mut file = envclone_db::sqlite::open(&lab.target(files[at]), Access::Read).unwrap();
            for (table, rows_there) in live.content(3 + at, role) {
                let shapes = tables(&SPEC);
                let shape = shapes
                    .iter()
                    .find(|(its, shape)| its == role && shape.name == table);
                let here = rows(&mut file, &shape.unwrap().1, ['"', '"']);
                assert_eq!(rows_there.len(), here.len(), "{profile} {role:?} {table}");
                for (there, here) in rows_there.iter().zip(&here) {
                    assert_eq!(there, here, "{profile} {role:?} {table}");
                }
            }
            assert!(
                live.content(at, role) == before[at],
                "{profile}: the source's {role:?} database was changed"
            );
        }
    }
}
