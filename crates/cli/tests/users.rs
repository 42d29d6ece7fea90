//! The users of a copy, from the first look to the verdict, with a server that says what a test makes it say.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

mod support;

use std::fs;
use std::sync::{Mutex, PoisonError};

use envclone_tds_server::{Answer, Cell, Request, Server, Type};
use serde_json::Value;
use support::Ran;
use tempfile::TempDir;

/// The variable that the settings take the password from.
const PASSWORD: &str = "ENVCLONE_USERS_PASSWORD";

/// What a test's server does otherwise than most.
#[derive(Clone, Copy, Default)]
struct Whims {
    /// The login may not see the users of the source.
    blind: bool,
    /// Code runs as OSADMIN.
    runs: bool,
    /// It vanishes at the first commit.
    vanishes: Option<Vanishes>,
}

/// When a server vanishes that is told to commit.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Vanishes {
    /// Before it has: it undoes the transaction.
    Before,
    /// After it has, with nobody to tell.
    After,
}

/// What the copy has, and what a transaction would give it.
#[derive(Default)]
struct State {
    dropped: bool,
    dropping: bool,
    marks: Vec<Vec<String>>,
    marking: Vec<Vec<String>>,
    vanished: bool,
}

impl State {
    fn commit(&mut self) {
        self.dropped |= self.dropping;
        self.marks.append(&mut self.marking);
    }

    fn undo(&mut self) {
        self.dropping = false;
        self.marking.clear();
    }

    /// Commits, or vanishes on the way.
    fn told_to_commit(&mut self, whims: Whims) -> Answer {
        let vanishes = whims.vanishes.filter(|_| !self.vanished);
        match vanishes {
            Some(Vanishes::Before) => self.undo(),
            Some(Vanishes::After) | None => self.commit(),
        }
        self.vanished |= vanishes.is_some();
        match vanishes {
            Some(_) => Answer::Cut,
            None => Answer::Done,
        }
    }
}

/// Texts and NULLs.
fn texts(rows: &[&[Option<&str>]]) -> Answer {
    let width = rows.first().map_or(1, |row| row.len());
    let columns: Vec<String> = (0..width).map(|at| format!("c{at}")).collect();
    Answer::rows(
        columns
            .iter()
            .map(|name| (name.as_str(), Type::NVarchar(200))),
        rows.iter()
            .map(|row| row.iter().map(|cell| Cell::from(*cell)).collect::<Vec<_>>()),
    )
}

fn number(value: i64) -> Answer {
    Answer::rows([("n", Type::BigInt)], [[Cell::from(value)]])
}

/// The platform's Admin user, a person's without a login, and those of every database.
fn users(dropped: bool) -> Vec<(&'static str, Vec<u8>, Option<&'static str>)> {
    let mut users = vec![("STAFF", vec![9, 9], None)];
    if !dropped {
        users.insert(0, ("OSADMIN", vec![1, 0xAF], Some("OSADMIN")));
    }
    users
}

/// Answers the parts of a batch one by one: a statement whose rows are counted, and questions after it.
fn batch(request: &Request, state: &mut State, whims: Whims) -> Answer {
    let parts = request.parts();
    let counted = |at: usize| parts.get(at + 1) == Some(&COUNTED);
    let answers = (0..parts.len()).map(|at| match parts[at] {
        COUNTED => number(1),
        statement if counted(at) => change(statement, &request.database, state),
        question => answer(question, &request.database, state, whims),
    });
    Answer::Many(answers.collect())
}

/// What stands after a statement whose rows are counted.
const COUNTED: &str = "SELECT ROWCOUNT_BIG()";

fn change(sql: &str, database: &str, state: &mut State) -> Answer {
    if sql.contains("INSERT INTO [dbo].[envclone_mark]") {
        let values = sql.split("N'").skip(1);
        let text = |value: &str| value.split('\'').next().unwrap().to_owned();
        state.marking.push(values.map(text).collect());
    } else if sql.contains("DROP USER [OSADMIN]") {
        assert_eq!(database, "qa", "the source's users stay");
        state.dropping = true;
    }
    Answer::Done
}

fn answer(sql: &str, database: &str, state: &mut State, whims: Whims) -> Answer {
    let has = |text: &str| sql.contains(text);
    let is_copy = database == "qa";
    let gone = is_copy && (state.dropped || state.dropping);
    if has("COMMIT TRANSACTION") {
        state.told_to_commit(whims)
    } else if has("ROLLBACK") {
        state.undo();
        Answer::Done
    } else if has("sp_getapplock") {
        number(0)
    } else if has("FROM sys.databases d WHERE d.name = N'") {
        let (name, id) = if has("N'prod'") {
            ("prod", "5")
        } else {
            ("qa", "6")
        };
        let when = Some("2026-11-02T08:00:00.000");
        texts(&[&[
            Some("SQL1"),
            Some(name),
            Some(id),
            when,
            Some("Latin1_General_CI_AI"),
        ]])
    } else if has("InstanceDefaultDataPath") {
        let none = None::<&str>;
        texts(&[&[
            Some("SQL1"),
            Some("15.0.1"),
            Some("Standard"),
            Some("1"),
            none,
            none,
            none,
        ]])
    } else if has("IS_SRVROLEMEMBER") {
        let users = if whims.blind && !is_copy { "0" } else { "1" };
        texts(&[&[Some(users), Some("1"), Some("1")]])
    } else if has("p.default_schema_name") || has("MIN(s.name)") {
        let inspection = has("p.default_schema_name");
        let row = |(name, sid, login): (&str, Vec<u8>, Option<&str>)| -> Vec<Cell> {
            let made = "2019-04-01T12:00:00.000";
            if inspection {
                vec![
                    name.into(),
                    "sql-user".into(),
                    sid.into(),
                    made.into(),
                    "dbo".into(),
                    login.into(),
                    1.into(),
                ]
            } else {
                vec![name.into(), sid.into(), made.into(), 1.into(), login.into()]
            }
        };
        let text = Type::NVarchar(128);
        let columns = if inspection {
            vec![text, text, Type::Varbinary(85), text, text, text, Type::Int]
        } else {
            vec![text, Type::Varbinary(85), text, Type::Int, text]
        };
        Answer::rows(
            columns.into_iter().map(|kind| ("c", kind)),
            users(gone).into_iter().map(row),
        )
    } else if has("SELECT DISTINCT l.name") {
        texts(&[&[Some("sa")], &[Some("OSADMIN")]])
    } else if has("FROM sys.sql_modules") && whims.runs {
        texts(&[&[Some("OSADMIN"), Some("dbo.nightly")]])
    } else if has("FROM sys.schemas x JOIN sys.database_principals w") && !gone {
        texts(&[&[
            Some("OSADMIN"),
            Some("schema"),
            None,
            Some("app"),
            Some("12"),
        ]])
    } else if has("FROM sys.service_contracts") {
        Answer::error(208, 16, "Invalid object name 'sys.service_contracts'.")
    } else if has("[envclone_mark]") && sql.starts_with("SELECT [kind]") && !state.marks.is_empty()
    {
        let marks = state.marks.iter();
        let marks: Vec<Vec<Option<&str>>> = marks
            .map(|mark| mark.iter().map(|text| Some(text.as_str())).collect())
            .collect();
        texts(&marks.iter().map(Vec::as_slice).collect::<Vec<_>>())
    } else if has("[envclone_mark]") && sql.starts_with("SELECT [kind]") {
        Answer::error(208, 16, "Invalid object name 'dbo.envclone_mark'.")
    } else if sql.starts_with("SELECT t.name, c.name") {
        let all = [
            ("ossys_espace", "ID"),
            ("ossys_espace", "SS_KEY"),
            ("ossys_parameter", "NAME"),
            ("ossys_parameter", "VAL"),
        ];
        let rows: Vec<[Option<&str>; 2]> = all
            .iter()
            .map(|(table, column)| [Some(*table), Some(*column)])
            .collect();
        texts(&rows.iter().map(<[_; 2]>::as_slice).collect::<Vec<_>>())
    } else if has("SELECT [ID], [SS_KEY] FROM [dbo].[ossys_espace]") {
        texts(&[&[Some("1"), Some("a")]])
    } else if has("[VAL] FROM [dbo].[ossys_parameter]") && has("Version") {
        texts(&[&[Some("11.30.1")]])
    } else if has("GETDATE()") {
        texts(&[&[Some("2026-11-20 08:00:00")]])
    } else if has("FROM sys.database_principals u WHERE u.name = N'OSADMIN'") {
        number(i64::from(!gone))
    } else if has("'VIEW SERVER STATE') = 1") {
        number(1)
    } else if has("COUNT") || has("SUM(") {
        number(0)
    } else {
        Answer::Done
    }
}

/// A source, a copy of it on the same server, and settings that take the copy over.
struct Lab {
    folder: TempDir,
    server: Server,
}

impl Lab {
    fn new(head: &str, whims: Whims) -> Self {
        let state = Mutex::new(State::default());
        let server = Server::start(move |request| {
            let mut state = state.lock().unwrap_or_else(PoisonError::into_inner);
            batch(request, &mut state, whims)
        })
        .unwrap();
        let side = |name: &str, catalog: &str| {
            format!(
                "[{name}]\nengine = \"sqlserver\"\nplatform = \"{catalog}\"\n[{name}.server]\nhost = \"127.0.0.1\"\n\
                 port = {}\nuser = \"sa\"\npassword = {{ env = \"{PASSWORD}\" }}\ntrust-certificate = true\n",
                server.port()
            )
        };
        let text = format!(
            "clone = \"adopt\"\n{head}\n{}{}",
            side("source", "prod"),
            side("target", "qa")
        );
        let folder = tempfile::tempdir().unwrap();
        fs::write(folder.path().join("envclone.toml"), text).unwrap();
        Self { folder, server }
    }

    fn run(&self, arguments: &[&str]) -> Ran {
        let decided = [
            "--override",
            "restore-unproven=a test",
            "--override",
            "fresh-heartbeat=a test",
        ];
        let output = assert_cmd::Command::cargo_bin("envclone")
            .unwrap()
            .args(arguments)
            .args(decided)
            .env(PASSWORD, "let me in")
            .current_dir(self.folder.path())
            .output()
            .unwrap();
        Ran::of(output)
    }

    fn plan(&self) -> Value {
        let ran = self.run(&["plan", "--json"]);
        assert_eq!(ran.code, 0, "{}", ran.err);
        serde_json::from_str(&ran.out).unwrap()
    }

    /// Carries the plan out, and returns what verification says of users that is not clean.
    fn refresh(&self, plan: &Value) -> Vec<String> {
        let id = &plan["id"].as_str().unwrap()[..12];
        let ran = self.run(&["refresh", "--approve", id]);
        assert_eq!(ran.code, 7, "{}", ran.err);
        let about = |line: &&str| line.contains("(user");
        let said = |line: &str| Some(line.split_once("should hold: ")?.1.to_owned());
        ran.err.lines().filter(about).filter_map(said).collect()
    }

    fn was_sent(&self, text: &str) -> bool {
        self.server
            .received()
            .iter()
            .any(|request| request.sql.contains(text))
    }
}

/// OSADMIN is still there.
const STAYED: &str = "no user of the source's platform is left (user OSADMIN)";

/// STAFF has no login.
const ORPHANED: &str = "every user has a login on this server (user STAFF)";

#[test]
fn the_platforms_user_is_dropped_and_who_has_no_login_is_named() {
    let lab = Lab::new("", Whims::default());
    let plan = lab.plan();
    let item = &plan["items"][0];
    assert_eq!(item["step"], "database-users");
    assert_eq!(item["expect"], 1);
    let guides = plan["guides"].to_string();
    for told in [
        "STAFF",
        "give the schema app to dbo",
        "Invalid object name 'sys.service_contracts'",
    ] {
        assert!(guides.contains(told), "{told}: {guides}");
    }
    assert_eq!(lab.refresh(&plan), [ORPHANED]);
    assert!(lab.was_sent("ALTER AUTHORIZATION ON SCHEMA::[app] TO [dbo]"));
    assert!(lab.was_sent("AND u.sid = 0x01AF)\n    DROP USER [OSADMIN]"));
}

#[test]
fn verification_finds_the_user_where_the_step_is_taken_out() {
    for head in [
        "skip = [\"database-users\"]",
        "[security]\nkeep = [\"OSADMIN\"]",
    ] {
        let lab = Lab::new(head, Whims::default());
        let found = lab.refresh(&lab.plan());
        assert_eq!(found, [STAYED, ORPHANED], "{head}");
        assert!(!lab.was_sent("DROP USER"), "{head}");
    }
}

#[test]
fn a_person_may_accept_a_user_by_its_name() {
    let head = "skip = [\"database-users\"]\n[[verify.accept]]\ntable = \"user STAFF\"\nbecause = \"no login is made for it\"";
    let lab = Lab::new(head, Whims::default());
    assert_eq!(lab.refresh(&lab.plan()), [STAYED]);
}

#[test]
fn a_user_that_code_runs_as_is_left_out_and_found_again() {
    let lab = Lab::new(
        "",
        Whims {
            runs: true,
            ..Whims::default()
        },
    );
    let plan = lab.plan();
    assert!(plan["left_out"].to_string().contains("dbo.nightly"));
    let found = lab.refresh(&plan);
    assert_eq!(found, [STAYED, ORPHANED]);
}

#[test]
fn users_of_the_source_that_could_not_be_seen_are_unknown_and_not_none() {
    let lab = Lab::new(
        "",
        Whims {
            blind: true,
            ..Whims::default()
        },
    );
    let ran = lab.run(&["inspect", "--json"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let inventory: Value = serde_json::from_str(&ran.out).unwrap();
    let users = &inventory["databases"][0]["principals"];
    assert!(
        users["unknown"]["why"]
            .as_str()
            .unwrap()
            .contains("VIEW DEFINITION")
    );
    // The copy's own can be seen. Which of them the source has is not known, so that nothing is clean.
    let found = lab.refresh(&lab.plan());
    let unknown = "no user of the source's platform is left (users)";
    assert_eq!(found, [unknown, ORPHANED]);
    assert!(lab.was_sent("DROP USER [OSADMIN]"));
}

#[test]
fn a_new_user_needs_a_login_that_is_not_the_sources() {
    let head = "[[security.create]]\ndatabases = [\"platform\"]\nlogin = \"osadmin\"\nuser = \"OSNEW\"\nas = \"admin\"";
    let lab = Lab::new(head, Whims::default());
    let ran = lab.run(&["plan"]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("[login-of-the-source]"), "{}", ran.err);
}

#[test]
fn a_server_that_vanishes_while_it_commits_leaves_a_doubt_that_a_resume_settles() {
    for (vanishes, settled) in [(Vanishes::Before, false), (Vanishes::After, true)] {
        let whims = Whims {
            vanishes: Some(vanishes),
            ..Whims::default()
        };
        let lab = Lab::new("", whims);
        let plan = lab.plan();
        let id = &plan["id"].as_str().unwrap()[..12];
        let ran = lab.run(&["refresh", "--approve", id]);
        assert_eq!(ran.code, 6, "{vanishes:?}: {}", ran.err);
        let runs = fs::read_dir(lab.folder.path().join("envclone-runs")).unwrap();
        let run = runs
            .map(|entry| entry.unwrap().path())
            .find(|path| path.is_dir())
            .unwrap();
        let journal = || fs::read_to_string(run.join("journal.jsonl")).unwrap();
        let last = journal().lines().last().unwrap().to_owned();
        assert!(last.contains("committing"), "{vanishes:?}: {last}");
        let drops = |lab: &Lab| {
            let received = lab.server.received();
            let drops = received.iter().filter(|one| one.sql.contains("DROP USER"));
            drops.count()
        };
        assert_eq!(drops(&lab), 1);
        let resumed = lab.run(&["resume"]);
        assert_eq!(resumed.code, 7, "{vanishes:?}: {}", resumed.err);
        assert_eq!(journal().contains("\"marker\""), settled, "{vanishes:?}");
        // What was committed is not done again.
        assert_eq!(drops(&lab), if settled { 1 } else { 2 }, "{vanishes:?}");
    }
}
