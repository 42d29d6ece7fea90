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
use std::io::{Read as _, Write as _};
use std::net::{Shutdown, TcpListener, TcpStream};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

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

    /// The id of a plan for it.
    fn plan_id(&self) -> String {
        let plan = self.run(&["plan", "--json", "--override", UNPROVEN]);
        assert_eq!(plan.code, 0, "{}", plan.err);
        let plan: serde_json::Value = serde_json::from_str(&plan.out).unwrap();
        plan["id"].as_str().unwrap()[..12].to_owned()
    }

    /// Makes one side go another way to its server.
    fn detour(&self, port: u16) {
        let path = self.folder.path().join("envclone.toml");
        let text = fs::read_to_string(&path).unwrap();
        let (source, target) = text.split_once("[target]").unwrap();
        let Place::Port(straight) = self.server.place else {
            panic!("the test's server has a port");
        };
        // Only the login is encrypted, so that a test can see what goes by.
        let target = target.replace(
            &format!("port = {straight}"),
            &format!("port = {port}\nencryption = \"off\""),
        );
        fs::write(path, format!("{source}[target]{target}")).unwrap();
    }

    /// The copy has the rows that the same run leaves in files.
    #[track_caller]
    fn assert_like(&self, lab: &Lab, what: &str) {
        let files = ["outsystems.db", "outsystems_log.db", "PROD_LEDGER.db"];
        let shapes = tables(&SPEC);
        for (at, role) in roles().iter().enumerate() {
            let mut file = envclone_db::sqlite::open(&lab.target(files[at]), Access::Read).unwrap();
            for (table, there) in self.content(3 + at, role) {
                let shape = shapes
                    .iter()
                    .find(|(its, shape)| its == role && shape.name == table);
                let here = rows(&mut file, &shape.unwrap().1, ['"', '"']);
                assert_eq!(there.len(), here.len(), "{what} {role:?} {table}");
                for (there, here) in there.iter().zip(&here) {
                    assert_eq!(there, here, "{what} {role:?} {table}");
                }
            }
        }
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

/// The databases of a side, in their order.
fn roles() -> [Role; 3] {
    [Role::Platform, Role::Log, Role::Catalog(CATALOG.to_owned())]
}

/// A test's copy was loaded, not restored.
const UNPROVEN: &str = "restore-unproven=a test's copy";

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
        let before: Vec<_> = (0..3).map(|at| live.content(at, &roles()[at])).collect();

        let id = live.plan_id();
        let ran = live.run(&["refresh", "--approve", &id, "--override", UNPROVEN]);
        eprintln!("{profile}:\n{}", ran.err);
        assert!([0, 7].contains(&ran.code), "{}", ran.err);

        live.assert_like(&on_files(profile), profile);
        for (at, role) in roles().iter().enumerate() {
            assert!(
                live.content(at, role) == before[at],
                "{profile}: the source's {role:?} database was changed"
            );
        }
    }
}

/// Where a connection is cut.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Cut {
    /// The server never hears of the commit.
    Before,
    /// The server commits, and nobody hears of it.
    After,
}

/// A way to a server that is cut at the first commit that comes by; afterwards it is open.
fn way(to: u16, cut: Cut) -> u16 {
    let listener = TcpListener::bind("127.0.0.1:0").unwrap();
    let port = listener.local_addr().unwrap().port();
    let armed = Arc::new(AtomicBool::new(true));
    std::thread::spawn(move || {
        for client in listener.incoming() {
            let (client, server) = (
                client.unwrap(),
                TcpStream::connect(("127.0.0.1", to)).unwrap(),
            );
            let (mut back, mut answers) =
                (client.try_clone().unwrap(), server.try_clone().unwrap());
            std::thread::spawn(move || std::io::copy(&mut answers, &mut back));
            let armed = Arc::clone(&armed);
            std::thread::spawn(move || forward(client, server, &armed, cut));
        }
    });
    port
}

fn forward(mut client: TcpStream, mut server: TcpStream, armed: &AtomicBool, cut: Cut) {
    let commit: Vec<u8> = "COMMIT TRANSACTION"
        .encode_utf16()
        .flat_map(u16::to_le_bytes)
        .collect();
    let mut buffer = vec![0; 1 << 16];
    while let Ok(count @ 1..) = client.read(&mut buffer) {
        let said = &buffer[..count];
        let commits = said.windows(commit.len()).any(|window| window == commit);
        if commits && armed.swap(false, Ordering::SeqCst) {
            if cut == Cut::After {
                // No answer comes through any more, but the server has all the time to commit.
                client.shutdown(Shutdown::Both).unwrap();
                server.write_all(said).unwrap();
                std::thread::sleep(Duration::from_secs(3));
            }
            let _ = server.shutdown(Shutdown::Both);
            let _ = client.shutdown(Shutdown::Both);
            return;
        }
        if server.write_all(said).is_err() {
            return;
        }
    }
    let _ = server.shutdown(Shutdown::Both);
}

#[test]
fn a_commit_that_nobody_heard_the_end_of_is_found_out() {
    let Some(server) = envclone_testing::sql_server() else {
        return;
    };
    let Place::Port(port) = server.place else {
        panic!("the test's server has a port");
    };
    for (cut, settled) in [(Cut::Before, false), (Cut::After, true)] {
        let live = Live::new(server.clone(), "documented");
        live.detour(way(port, cut));
        let id = live.plan_id();
        let ran = live.run(&["refresh", "--approve", &id, "--override", UNPROVEN]);
        assert_eq!(ran.code, 6, "{cut:?}: {}", ran.err);
        let run = fs::read_dir(live.folder.path().join("envclone-runs"))
            .unwrap()
            .map(|entry| entry.unwrap().path())
            .find(|path| path.is_dir())
            .unwrap();
        let journal = || fs::read_to_string(run.join("journal.jsonl")).unwrap();
        let last = journal().lines().last().unwrap().to_owned();
        assert!(last.contains("committing"), "{cut:?}: {last}");
        let resumed = live.run(&["resume", "--override", UNPROVEN]);
        assert!([0, 7].contains(&resumed.code), "{cut:?}: {}", resumed.err);
        assert_eq!(journal().contains("\"marker\""), settled, "{cut:?}");
        live.assert_like(&on_files("documented"), &format!("{cut:?}"));
    }
}

/// Logins of a test, gone at its end: after its databases, which have users of them.
struct Logins {
    server: Server,
    names: Vec<String>,
}

impl Logins {
    fn create(server: &Server, count: usize) -> Self {
        let mut logins = Self {
            server: server.clone(),
            names: Vec::new(),
        };
        for at in 0..count {
            let name = format!("envclone_login_{}_{at}", std::process::id());
            // Nobody logs in with it, and no two tests have the same one.
            let password = format!("Nobody!{:?}", std::time::SystemTime::now());
            logins.master(&format!(
                "CREATE LOGIN [{name}] WITH PASSWORD = N'{password}'"
            ));
            logins.names.push(name);
        }
        logins
    }

    fn master(&self, sql: &str) {
        let side = envclone_db::sqlserver::Side {
            name: "target".to_owned(),
            server: self.server.clone(),
            catalogs: vec!["master".to_owned()],
            writable: true,
        };
        let engine = envclone_db::sqlserver::SqlServer::new(vec![side], || false);
        let mut session = engine.open("master@test", Access::Read).unwrap();
        session
            .query(sql, &mut |_| envclone_db::Go::Continue(()))
            .unwrap();
    }
}

impl Drop for Logins {
    fn drop(&mut self) {
        for name in &self.names {
            self.master(&format!("DROP LOGIN [{name}]"));
        }
    }
}

impl Live {
    fn execute(&self, at: usize, sql: &str) {
        let name = format!("{}@test", self.databases.names()[at]);
        let mut session = self.databases.engine().open(&name, Access::Write).unwrap();
        session.execute(sql).unwrap();
    }

    fn count(&self, at: usize, sql: &str) -> u64 {
        let name = format!("{}@test", self.databases.names()[at]);
        let mut session = self.databases.engine().open(&name, Access::Read).unwrap();
        session.number(sql).unwrap()
    }

    /// Refreshes, and counts the users that verification says are the source's.
    fn refresh(&self) -> usize {
        let id = self.plan_id();
        let ran = self.run(&["refresh", "--approve", &id, "--override", UNPROVEN]);
        assert!([0, 7].contains(&ran.code), "{}", ran.err);
        let runs = fs::read_dir(self.folder.path().join("envclone-runs")).unwrap();
        let run = runs
            .map(|entry| entry.unwrap().path())
            .filter(|path| path.is_dir())
            .max()
            .unwrap();
        let verdicts = fs::read_to_string(run.join("verdicts.json")).unwrap();
        let verdicts: serde_json::Value = serde_json::from_str(&verdicts).unwrap();
        let checks = verdicts["checks"].as_array().unwrap();
        let ours: Vec<_> = checks
            .iter()
            .filter(|check| check["id"] == "no-source-user")
            .collect();
        assert!(ours.len() >= 3, "each database is asked: {ours:?}");
        let of = |verdict: &str| {
            let is = |check: &&&serde_json::Value| check["verdict"]["verdict"] == verdict;
            ours.iter().filter(is).count()
        };
        assert_eq!(of("unknown"), 0, "{ours:?}");
        of("residue")
    }

    fn has_user(&self, at: usize, name: &str) -> bool {
        let sql = format!("SELECT COUNT(*) FROM sys.database_principals WHERE name = N'{name}'");
        self.count(at, &sql) > 0
    }
}

/// The platform's users of each database of a side, by their default names.
const USERS: [&[&str]; 3] = [
    &["OSADMIN", "OSRUNTIME"],
    &["OSADMIN_LOG", "OSRUNTIME_LOG"],
    &["OSADMIN"],
];

#[test]
fn the_sources_users_are_dropped_and_new_ones_made() {
    let Some(server) = envclone_testing::sql_server() else {
        return;
    };
    let logins = Logins::create(&server, 3);
    let [admin, runtime, new] = &logins.names[..] else {
        panic!("three logins");
    };
    let live = Live::new(server, "official");
    let is_whole = live.count(
        0,
        "SELECT CASE WHEN @@VERSION LIKE N'%Babelfish%' THEN 0 ELSE 1 END",
    ) == 1;
    for (at, users) in USERS.iter().chain(&USERS).enumerate() {
        for (user, login) in users.iter().zip([admin, runtime]) {
            live.execute(at, &format!("CREATE USER [{user}] FOR LOGIN [{login}]"));
        }
        if is_whole && at % 3 == 0 {
            live.execute(at, "CREATE SCHEMA [app] AUTHORIZATION [OSADMIN]");
            live.execute(at, "CREATE SCHEMA [OSRUNTIME] AUTHORIZATION [OSRUNTIME]");
        }
    }
    let path = live.folder.path().join("envclone.toml");
    let settings = fs::read_to_string(&path).unwrap();

    // Left alone, they are found.
    fs::write(&path, format!("skip = [\"database-users\"]\n{settings}")).unwrap();
    assert_eq!(live.refresh(), 5);
    assert!(live.has_user(3, "OSADMIN"));

    let create = format!(
        "[[security.create]]\ndatabases = [\"platform\"]\nlogin = \"{new}\"\nas = \"runtime\"\n"
    );
    let create = if is_whole { create } else { String::new() };
    fs::write(&path, format!("{settings}{create}")).unwrap();
    assert_eq!(live.refresh(), 0);
    for (at, users) in USERS.iter().enumerate() {
        for user in *users {
            assert!(live.has_user(at, user), "the source lost {user}");
            assert!(!live.has_user(3 + at, user), "{user} is still there");
        }
    }
    if is_whole {
        let dbos = "SELECT COUNT(*) FROM sys.schemas WHERE name = N'app' AND principal_id = 1";
        assert_eq!(live.count(3, dbos), 1);
        let named = "SELECT COUNT(*) FROM sys.schemas WHERE name = N'OSRUNTIME'";
        assert_eq!(live.count(3, named), 0);
        assert!(live.has_user(3, new));
    }
}
