//! Copies by Data Pump over the Oracle wire: what the plan says goes through the real driver, and a script plays what MariaDB
//! has not (jobs, their logs, tablespaces, users). Where MariaDB is not installed these tests say so and pass.
#![allow(
    clippy::unwrap_used,
    clippy::print_stderr,
    reason = "a test ends where it is surprised"
)]

mod support;

use std::fs;
use std::sync::{Arc, Mutex, PoisonError};

use envclone_testing::oracle::OracleLab;
use envclone_tns_server::{Answer, MariaDb, OracleError, Request, Type, Value};
use support::oracle::{Oracle, SOURCE, TARGET, on_files};

/// What the database's own part of the work comes to.
#[derive(Clone, Default)]
struct Played {
    /// Every block and statement that was played, by its first words.
    done: Vec<String>,
    /// The log of the import, but for its end.
    import_log: String,
    /// What is answered once instead of the work that has this in it.
    fails: Option<(&'static str, OracleError)>,
    /// Whether the import is cut off in the middle of its work, once.
    cuts: bool,
    imported: bool,
    exported: bool,
    /// The character sets of the source's database and of the target's, in which they are asked for; none where it is one.
    characters: Option<[&'static str; 2]>,
    /// How often they were.
    asked: usize,
    /// Whether rights stay that are to be taken away.
    keeps_rights: bool,
}

type Shared = Arc<Mutex<Played>>;

fn number(number: i64) -> Answer {
    Answer::rows([("N", Type::Number)], [[Value::Integer(number)]])
}

/// The text between a word and the next quote.
fn after<'a>(sql: &'a str, word: &str) -> &'a str {
    let rest = sql.split_once(word).map_or("", |(_, rest)| rest);
    rest.split(['\'', '"']).next().unwrap_or("")
}

fn play(played: &Shared, database: &MariaDb, request: &Request) -> Option<Answer> {
    let sql = request.sql.as_str();
    let has = |text: &str| sql.contains(text);
    let run = |statements: &[String]| {
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        database.run(&statements).unwrap();
    };
    let mut played = played.lock().unwrap_or_else(PoisonError::into_inner);
    let fails = played.fails.as_ref().is_some_and(|(what, _)| has(what));
    if fails && let Some((_, error)) = played.fails.take() {
        return Some(Answer::Error(error));
    }
    if has("nls_instance_parameters")
        && let Some(both) = played.characters
    {
        let characters = both[played.asked % 2];
        played.asked += 1;
        let rows = [
            ["NLS_CHARACTERSET", characters],
            ["NLS_LENGTH_SEMANTICS", "BYTE"],
        ];
        let columns = [("P", Type::Varchar2(128)), ("V", Type::Varchar2(64))];
        return Some(Answer::rows(columns, rows.map(|row| row.map(Value::from))));
    }
    if sql.starts_with("SELECT DBMS_LOB.FILEEXISTS") {
        return Some(number(0));
    }
    if sql.starts_with("WITH FUNCTION") {
        let export = has("-export.log");
        let done = if export {
            played.exported
        } else {
            played.imported
        };
        if has("CASE WHEN") {
            return Some(number(i64::from(!done)));
        }
        let log = if export { "" } else { &played.import_log };
        let rows = log.as_bytes().chunks(2000);
        let rows = rows.map(|piece| [Value::Text(String::from_utf8_lossy(piece).into_owned())]);
        return Some(Answer::rows([("PIECE", Type::Varchar2(4000))], rows));
    }
    let what = if has("operation => 'EXPORT'") {
        played.exported = true;
        "export"
    } else if has("operation => 'IMPORT'") {
        if !played.imported {
            import(database);
        }
        played.imported = true;
        if std::mem::take(&mut played.cuts) {
            played.done.push("import, cut off".to_owned());
            return Some(Answer::Cut);
        }
        "import"
    } else if sql.starts_with("CREATE BIGFILE TABLESPACE") {
        let name = after(sql, "TABLESPACE \"");
        run(&[format!(
            "INSERT INTO sys_dictionary.dba_tablespaces VALUES ('{name}')"
        )]);
        "tablespace"
    } else if has("EXECUTE IMMEDIATE 'CREATE USER") {
        database
            .create_schema(after(sql, "CREATE USER \""))
            .unwrap();
        "user"
    } else if sql.starts_with("GRANT ") {
        let (rights, user) = sql.split_once(" TO ").unwrap();
        let rights = rights.trim_start_matches("GRANT ").split(", ");
        let user = user.trim_matches('"');
        let insert = |right: &str| {
            format!("INSERT INTO sys_dictionary.dba_sys_privs VALUES ('{user}', '{right}')")
        };
        run(&rights.map(insert).collect::<Vec<_>>());
        "rights"
    } else if has("'REVOKE '") {
        let across = "(grantee LIKE 'QA%' AND owner NOT LIKE 'QA%') OR (grantee NOT LIKE 'QA%' AND owner LIKE 'QA%')";
        if !played.keeps_rights {
            run(&[format!(
                "DELETE FROM sys_dictionary.dba_tab_privs WHERE {across}"
            )]);
        }
        "part company"
    } else if has("IMMEDIATE 'GRANT ") {
        let (rights, rest) = after(sql, "IMMEDIATE 'GRANT ").split_once(" ON ").unwrap();
        assert_eq!(rest, "", "the owner is in quotes");
        let (owner, to) = (after(sql, " ON \""), after(sql, " TO \""));
        let objects = sql.split_once("object_name IN (").unwrap().1;
        let objects = objects.split_once("))").unwrap().0;
        let insert = |right: &str| {
            format!(
                "INSERT INTO sys_dictionary.dba_tab_privs SELECT '{to}', o.owner, o.object_name, '{right}', 'NO' \
                 FROM sys_dictionary.all_objects o WHERE o.owner = '{owner}' AND o.object_name IN ({objects})"
            )
        };
        run(&rights.split(", ").map(insert).collect::<Vec<_>>());
        "grants"
    } else if has("DBMS_UTILITY.COMPILE_SCHEMA") {
        "compile"
    } else {
        return None;
    };
    played.done.push(what.to_owned());
    Some(Answer::Done)
}

/// All tables of the source's schemas, with their rows, in the copy's.
fn import(database: &MariaDb) {
    for (from, to) in SOURCE.iter().zip(TARGET) {
        let (from, to) = (from.to_lowercase(), to.to_lowercase());
        let tables = database
            .query(&format!(
                "SELECT table_name FROM information_schema.tables WHERE table_schema = '{from}' AND table_type = 'BASE TABLE'"
            ))
            .unwrap();
        let mut statements = Vec::new();
        for row in tables {
            let [Value::Text(table)] = &row[..] else {
                panic!("a name");
            };
            statements.push(format!(
                "CREATE TABLE \"{to}\".\"{table}\" LIKE \"{from}\".\"{table}\""
            ));
            statements.push(format!(
                "INSERT INTO \"{to}\".\"{table}\" SELECT * FROM \"{from}\".\"{table}\""
            ));
        }
        let statements: Vec<&str> = statements.iter().map(String::as_str).collect();
        database.run(&statements).unwrap();
    }
}

/// A source, room for a copy, and a server that plays Data Pump.
fn started(played: Played) -> Option<(Oracle, Shared)> {
    let played = Arc::new(Mutex::new(played));
    let shared = Arc::clone(&played);
    let lab = OracleLab::start_with(&SOURCE, move |database, request| {
        play(&shared, database, request)
    })?;
    let rights = "INSERT INTO sys_dictionary.dba_tab_privs VALUES ('QA_OSADMIN', 'OSADMIN', 'OSSYS_USER', 'SELECT', 'NO'), \
                  ('OSRUNTIME', 'OSADMIN', 'OSSYS_USER', 'SELECT', 'NO'), ('OSRUNTIME', 'OSADMIN', 'OSSYS_USER', 'UPDATE', 'NO'), \
                  ('OSRUNTIME', 'OSADMIN', 'OSSYS_TENANT', 'SELECT', 'NO')";
    lab.database.run(&[rights]).unwrap();
    Some((Oracle::making(lab, "extra"), played))
}

fn done(played: &Shared) -> Vec<String> {
    let played = played.lock().unwrap_or_else(PoisonError::into_inner);
    played.done.clone()
}

#[test]
fn schemas_are_exported_imported_cleaned_and_like_those_in_files() {
    let log = "ORA-31684: Object type USER:\"QA_OSADMIN\" already exists\n\
               ORA-39082: Object type VIEW:\"QA_OSADMIN\".\"V\" created with compilation warnings\n";
    let Some((oracle, played)) = started(Played {
        import_log: log.to_owned(),
        ..Played::default()
    }) else {
        return;
    };
    let ran = oracle.run(&["doctor"]);
    assert_eq!(ran.code, 0, "{}{}", ran.out, ran.err);
    assert!(ran.out.contains("DATA_PUMP_DIR"), "{}", ran.out);
    let id = oracle.plan_id();
    let ran = oracle.run(&["refresh", "--approve", &id]);
    eprintln!("{}", ran.err);
    assert!([0, 7].contains(&ran.code), "{}", ran.err);
    assert!(
        ran.err.contains("the users were made beforehand"),
        "{}",
        ran.err
    );
    let mut expected = vec!["export", "tablespace", "tablespace"];
    expected.extend(["user", "rights"].repeat(SOURCE.len()));
    expected.extend(["import", "part company"]);
    expected.extend(["compile"].repeat(SOURCE.len()));
    assert_eq!(done(&played), expected);
    oracle.assert_like(&on_files("extra"), "copied");
    // What the run vouches for in the copy is there after it: that it made it, and each of its commits.
    let marks = "SELECT DISTINCT kind FROM qa_osadmin.envclone_mark ORDER BY kind";
    let marks = oracle.lab.database.query(marks).unwrap();
    let kinds = [["clone"], ["group"]].map(|[kind]| vec![Value::Text(kind.to_owned())]);
    assert_eq!(marks[..2], kinds);
}

#[test]
fn rows_that_refer_from_another_schema_are_named_before_anything_is_exported() {
    let Some((oracle, played)) = started(Played::default()) else {
        return;
    };
    oracle.surprised(SOURCE);
    let ran = oracle.run(&["refresh", "--approve", "000000000000"]);
    assert_eq!(ran.code, 5, "{}", ran.err);
    assert!(ran.err.contains("`FK_RACK`"), "{}", ran.err);
    assert!(ran.err.contains("of the runtime schema"), "{}", ran.err);
    assert_eq!(done(&played), [""; 0]);
}

#[test]
fn a_trouble_in_the_log_ends_the_run_before_anything_is_cleaned() {
    let log = "ORA-39083: Object type TABLE:\"QA_OSADMIN\".\"OSSYS_USER\" failed to create with error:\n\
               ORA-01658: unable to create INITIAL extent for segment in tablespace QA_OSADMIN_OSSYS\n";
    let Some((oracle, played)) = started(Played {
        import_log: log.to_owned(),
        ..Played::default()
    }) else {
        return;
    };
    let ran = oracle.run(&["refresh", "--approve", &oracle.plan_id()]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert!(ran.err.contains("ORA-01658"), "{}", ran.err);
    // The job has ended, and so has its log: a resume must not take that for success.
    let resumed = oracle.run(&["resume"]);
    assert_eq!(resumed.code, 6, "{}", resumed.err);
    assert!(resumed.err.contains("ORA-01658"), "{}", resumed.err);
    assert!(!done(&played).contains(&"compile".to_owned()));
}

#[test]
fn a_refusal_of_the_server_is_told_with_its_number_and_a_rerun_goes_on() {
    for (what, number, message, hint) in [
        (
            "operation => 'EXPORT'",
            39_070,
            "Unable to open the log file.",
            "`directory`",
        ),
        (
            "CREATE BIGFILE TABLESPACE",
            1_119,
            "error in creating database file '/u02/x.dbf'",
            "another file",
        ),
        (
            "operation => 'IMPORT'",
            31_631,
            "privileges are required",
            "permissions",
        ),
    ] {
        let error = OracleError::new(number, message);
        let Some((oracle, played)) = started(Played {
            fails: Some((what, error)),
            ..Played::default()
        }) else {
            return;
        };
        let id = oracle.plan_id();
        let ran = oracle.run(&["refresh", "--approve", &id]);
        assert_eq!(ran.code, 6, "{what}: {}", ran.err);
        assert!(
            ran.err.contains(&format!("ORA-{number:05}")),
            "{what}: {}",
            ran.err
        );
        assert!(ran.err.contains(hint), "{what}: {}", ran.err);
        let ran = oracle.run(&["resume"]);
        assert!([0, 7].contains(&ran.code), "{what}: {}", ran.err);
        assert_eq!(done(&played).iter().filter(|it| *it == "import").count(), 1);
    }
}

#[test]
fn an_import_that_lost_its_session_is_finished_by_a_resume() {
    let Some((oracle, played)) = started(Played {
        cuts: true,
        ..Played::default()
    }) else {
        return;
    };
    let id = oracle.plan_id();
    let ran = oracle.run(&["refresh", "--approve", &id]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert!(ran.err.contains("_IMPORT may go on"), "{}", ran.err);
    let resumed = oracle.run(&["resume"]);
    assert!([0, 7].contains(&resumed.code), "{}", resumed.err);
    // Its own log says that it was done.
    assert!(!done(&played).contains(&"import".to_owned()));
    oracle.assert_like(&on_files("extra"), "resumed");
}

/// Adds lines to the settings' `[copy]`.
fn copying(oracle: &Oracle, lines: &str) {
    let path = oracle.folder().join("envclone.toml");
    let text = fs::read_to_string(&path).unwrap();
    fs::write(&path, format!("{text}[copy]\n{lines}\n")).unwrap();
}

#[test]
fn texts_that_would_be_lost_end_a_run_before_it_begins_and_doctor_says_so() {
    let [wide, narrow] = ["AL32UTF8", "WE8MSWIN1252"];
    for (characters, doctor, plan, said) in [
        ([wide, narrow], 4, 5, "does not have all of its characters"),
        ([narrow, wide], 0, 0, "may take more bytes"),
        (["WE8ISO8859P15", narrow], 0, 5, "is not known"),
    ] {
        let Some((oracle, _)) = started(Played {
            characters: Some(characters),
            ..Played::default()
        }) else {
            return;
        };
        let ran = oracle.run(&["doctor"]);
        assert_eq!(ran.code, doctor, "{characters:?}: {}{}", ran.out, ran.err);
        let told = ran.out.replace('\n', " ");
        assert!(told.contains("character set for"), "{told}");
        let ran = oracle.run(&["doctor", "--json"]);
        assert!(ran.out.contains(said), "{characters:?}: {}", ran.out);
        let ran = oracle.run(&["plan"]);
        assert_eq!(ran.code, plan, "{characters:?}: {}", ran.err);
        assert_eq!(
            plan == 5,
            ran.err.contains("characters-lost"),
            "{}",
            ran.err
        );
    }
}

#[test]
fn rights_are_listed_taken_away_and_given_anew() {
    let Some((oracle, played)) = started(Played::default()) else {
        return;
    };
    copying(&oracle, "mend-grants = true");
    let ran = oracle.run(&["plan"]);
    assert_eq!(ran.code, 0, "{}", ran.err);
    let listed = "--   REVOKE SELECT, UPDATE ON \"QA_OSADMIN\".\"OSSYS_USER\" FROM \"OSRUNTIME\"; (OSRUNTIME has SELECT, UPDATE on \
                  OSADMIN.OSSYS_USER)";
    assert!(ran.out.contains(listed), "{}", ran.out);
    let ran = oracle.run(&["refresh", "--approve", &oracle.plan_id()]);
    assert!([0, 7].contains(&ran.code), "{}", ran.err);
    let done = done(&played);
    let parts = ["part company", "grants", "grants", "compile"];
    let from = done.iter().position(|what| what == "part company").unwrap();
    assert_eq!(done[from..from + 4], parts);
    let rights = "SELECT CONCAT(grantee, ' ', privilege, ' ', owner, '.', table_name) FROM sys_dictionary.dba_tab_privs ORDER BY 1";
    let rights = oracle.lab.database.query(rights).unwrap();
    let expected = [
        "OSRUNTIME SELECT OSADMIN.OSSYS_TENANT",
        "OSRUNTIME SELECT OSADMIN.OSSYS_USER",
        "OSRUNTIME UPDATE OSADMIN.OSSYS_USER",
        "QA_OSRUNTIME SELECT QA_OSADMIN.OSSYS_TENANT",
        "QA_OSRUNTIME SELECT QA_OSADMIN.OSSYS_USER",
        "QA_OSRUNTIME UPDATE QA_OSADMIN.OSSYS_USER",
    ];
    assert_eq!(rights, expected.map(|text| vec![Value::from(text)]));
}

#[test]
fn rights_that_are_still_there_end_the_run() {
    let Some((oracle, played)) = started(Played {
        keeps_rights: true,
        ..Played::default()
    }) else {
        return;
    };
    let ran = oracle.run(&["refresh", "--approve", &oracle.plan_id()]);
    assert_eq!(ran.code, 6, "{}", ran.err);
    assert!(
        ran.err
            .contains("rights between the source's and the copy's users may be left"),
        "{}",
        ran.err
    );
    assert!(!done(&played).contains(&"compile".to_owned()));
}
