//! What an engine sees of schemas from outside.

use envclone_db::oracle::Oracle;
use envclone_db::{Access, Engine as _, Facts, Go, Trouble};
use envclone_tns_server::{self as tns, Answer, Type, Value};

use super::{LOCK, asked, engine, never, nothing, number, script, server, side, texts};

/// What a database says of itself and of a schema.
const NUMBERS: [&str; 2] = ["1514744604", "3638231841"];

const FILE: &str = "FREE/FREEPDB1/1514744604.3638231841/104/2026-11-02 08:00:00";

fn schema(second: &str) -> Answer {
    texts(&["FREE", "FREEPDB1", "3", "QA", "104", second])
}

/// Says what it is asked about a schema QA, which was made at this second, and knows no other.
fn with_schema(second: &'static str) -> tns::Server {
    script(move |request| {
        let sql = &request.sql;
        if sql.contains("dba_segments") {
            number(1_048_576)
        } else if sql.contains("'CON_DBID'") {
            texts(&NUMBERS)
        } else if !sql.contains("all_users") {
            number(1)
        } else if sql.contains("= 'QA'") {
            schema(second)
        } else {
            nothing(6)
        }
    })
}

#[test]
fn a_schema_is_looked_at_from_outside() {
    let at = with_schema("2026-11-02 08:00:00");
    let engine = engine(&server(&at), never);
    let expected = Facts {
        exists: true,
        resolved: "QA@FREE/FREEPDB1".to_owned(),
        file: FILE.to_owned(),
        identity: FILE.to_owned(),
        bytes: 1_048_576,
        collation: None,
        identifiers: vec![
            ("Number of the database (DBID)", Ok("1514744604".to_owned())),
            (
                "Container",
                Ok("FREE/FREEPDB1, id 3, number 3638231841".to_owned()),
            ),
            (
                "User of the schema",
                Ok("id 104, made 2026-11-02 08:00:00".to_owned()),
            ),
        ],
    };
    for name in ["QA@ora1/pdb", "qa@ORA1/pdb"] {
        assert_eq!(engine.look(name).unwrap(), expected);
    }
    let nobody = engine.look("PROD@ora1/pdb").unwrap();
    let expected = Facts {
        resolved: "prod@ora1/pdb".to_owned(),
        ..Facts::default()
    };
    assert_eq!(nobody, expected);
    // Nobody makes settings for a schema that may not exist.
    assert!(!asked(&at).iter().any(|sql| sql.contains("CURRENT_SCHEMA")));
}

#[test]
fn a_schema_that_was_made_anew_is_another_one() {
    let [first, second] = ["2026-11-02 08:00:00", "2026-11-02 08:00:01"].map(|second| {
        let at = with_schema(second);
        engine(&server(&at), never).look("QA@ora1/pdb").unwrap()
    });
    assert_ne!(first.identity, second.identity);
    assert_ne!(first.file, second.file);
    assert_eq!(first.resolved, second.resolved);
}

/// What is seen of a schema where these two questions for the database's number are answered so.
fn numbered(
    of_session: impl Fn() -> Answer + Send + Sync + 'static,
    of_view: impl Fn() -> Answer + Send + Sync + 'static,
) -> Facts {
    let at = script(move |request| {
        let sql = &request.sql;
        if sql.contains("'CON_DBID'") {
            of_session()
        } else if sql.contains("v$database") {
            of_view()
        } else if sql.contains("all_users") {
            schema("x")
        } else {
            number(1)
        }
    });
    engine(&server(&at), never).look("QA@ora1/pdb").unwrap()
}

#[test]
fn a_copy_of_a_whole_database_is_another_one_by_its_numbers() {
    let old = || Answer::error(2003, "invalid USERENV parameter");
    let hidden = || Answer::error(942, "table or view does not exist");
    let first = numbered(|| texts(&NUMBERS), hidden);
    let other = numbered(|| texts(&["1514744604", "77"]), hidden);
    assert_ne!(first.file, other.file);
    // Before 12.2 a view has them.
    let by_view = numbered(old, || texts(&NUMBERS));
    assert_eq!(first, by_view);
    let unseen = numbered(old, hidden);
    assert_eq!(unseen.file, "FREE/FREEPDB1/?/104/x");
    let (_, number) = &unseen.identifiers[0];
    let why = number.as_ref().unwrap_err();
    assert!(
        why.contains("V_$DATABASE") && why.contains("ORA-00942"),
        "{why}"
    );
    // A database that says nothing has no number.
    let silent = numbered(|| nothing(2), || nothing(2));
    assert!(silent.identifiers[0].1.is_err());
}

#[test]
fn where_the_number_is_not_seen_a_schema_is_not_known_for_its_own() {
    let at = script(|request| {
        let sql = &request.sql;
        if sql.contains("all_objects") {
            texts(&["1", "a", "b", "1"])
        } else if sql.contains("all_users") {
            schema("x")
        } else {
            Answer::error(942, "table or view does not exist")
        }
    });
    let engine = engine(&server(&at), never);
    let lineage = engine.lineage("QA@ora1/pdb").unwrap().unwrap();
    assert!(lineage.own.unwrap_err().contains("V_$DATABASE"));
}

#[test]
fn a_size_that_may_not_be_seen_is_none() {
    let at = script(|request| match request.sql.contains("dba_segments") {
        true => Answer::error(942, "table or view does not exist"),
        false => {
            // A database without containers.
            let columns = [("T", Type::Varchar2(100)); 6];
            let row = [
                "FREE".into(),
                Value::Null,
                "0".into(),
                "QA".into(),
                "104".into(),
                "x".into(),
            ];
            Answer::rows(columns, [row])
        }
    });
    let facts = engine(&server(&at), never).look("QA@ora1/pdb").unwrap();
    assert_eq!((facts.exists, facts.bytes), (true, 0));
    assert_eq!(facts.resolved, "QA@FREE");
}

#[test]
fn a_look_that_fails_says_which_schema_and_why() {
    let at = script(|_| Answer::error(1033, "initialization or shutdown in progress"));
    let error = engine(&server(&at), never).look("QA@ora1/pdb").unwrap_err();
    assert_eq!(error.trouble, Trouble::NotReady);
    assert_eq!(error.database, "QA@ora1/pdb");
    drop(at);
    let at = script(|_| Answer::Done);
    let gone = server(&at);
    drop(at);
    let error = engine(&gone, never).look("QA@ora1/pdb").unwrap_err();
    assert_eq!(error.trouble, Trouble::NoRoute);
    let text = error.to_string();
    assert!(text.contains("the target's server ora1/pdb: "), "{text}");
}

#[test]
fn the_databases_own_schemas_are_no_environment() {
    let at = script(|_| Answer::Done);
    for name in ["sys", "SYSTEM", "dbsnmp", "XDB", "Outln", "AUDSYS"] {
        let engine = Oracle::new(vec![side("target", &server(&at), name)], LOCK, never);
        let error = engine.look(&format!("{name}@ora1/pdb")).unwrap_err();
        assert_eq!(error.trouble, Trouble::Unsuitable);
        let text = error.to_string();
        assert!(text.contains("the target names"), "{text}");
    }
    assert!(at.logins().is_empty(), "nobody even connected");
}

/// A server that has these sessions: program, machine, user.
fn with_sessions(sessions: &'static [[&'static str; 3]]) -> tns::Server {
    script(move |request| match request.sql.contains("v$session") {
        true => Answer::rows(
            [("T", Type::Varchar2(100)); 3],
            sessions.iter().map(|row| row.map(Value::from)),
        ),
        false => number(1),
    })
}

#[test]
fn who_works_with_a_schema_is_listed() {
    let at = with_sessions(&[]);
    let engine_of = |at: &tns::Server| engine(&server(at), never);
    assert_eq!(engine_of(&at).in_use("qa@ora1/pdb").unwrap(), None);
    let sql = asked(&at).last().unwrap().clone();
    for part in [
        "s.schemaname = 'QA' OR s.username = 'QA'",
        // This program's own sessions.
        "s.program = SYS_CONTEXT('USERENV', 'CLIENT_PROGRAM_NAME')",
        "s.machine = SYS_CONTEXT('USERENV', 'HOST') THEN 1 ELSE 0 END = 0",
        "s.type = 'USER'",
    ] {
        assert!(sql.contains(part), "{part}: {sql}");
    }
    let at = with_sessions(&[
        ["w3wp.exe", "OSFE1", "OSRUNTIME"],
        ["SQL Developer", "DBA7", "QA"],
    ]);
    let used = engine_of(&at).in_use("QA@ora1/pdb").unwrap();
    assert_eq!(
        used.as_deref(),
        Some("`w3wp.exe` on OSFE1 as OSRUNTIME, `SQL Developer` on DBA7 as QA")
    );
}

#[test]
fn a_login_that_may_not_see_others_says_so() {
    for number in [942, 1031] {
        let at = script(move |_| Answer::error(number, "no"));
        let error = engine(&server(&at), never)
            .in_use("QA@ora1/pdb")
            .unwrap_err();
        assert_eq!(error.trouble, Trouble::NotPermitted);
        assert!(error.message.contains("V_$SESSION"), "{error}");
        assert_eq!(error.database, "QA@ora1/pdb");
    }
    let at = script(|_| Answer::Cut);
    let error = engine(&server(&at), never)
        .in_use("QA@ora1/pdb")
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Lost);
}

#[test]
fn one_session_answers_all_questions_while_it_lives() {
    let at = script(|request| {
        if request.sql.contains("v$session") {
            Answer::Cut
        } else if request.sql.contains("all_users") {
            schema("x")
        } else {
            number(1)
        }
    });
    let engine = engine(&server(&at), never);
    for name in ["QA@ora1/pdb", "OTHER@ora1/pdb", "QA@ora1/pdb"] {
        engine.look(name).unwrap();
    }
    assert_eq!(at.logins().len(), 1);
    // The source's is one of its own.
    engine.look("PROD@ora1/pdb").unwrap();
    assert_eq!(at.logins().len(), 2);
    assert_eq!(
        engine.in_use("QA@ora1/pdb").unwrap_err().trouble,
        Trouble::Lost
    );
    engine.look("QA@ora1/pdb").unwrap();
    assert_eq!(at.logins().len(), 3);
}

/// What a server says of a schema's tables: how many there are, when the first and the last were made, and whether that
/// is as an import makes them.
fn with_tables(tables: [&'static str; 3], together: i64) -> tns::Server {
    script(move |request| {
        let sql = &request.sql;
        if sql.contains("all_objects") {
            let [count, first, last] = tables;
            let columns = [
                ("N", Type::Number),
                ("T", Type::Varchar2(30)),
                ("T", Type::Varchar2(30)),
                ("N", Type::Number),
            ];
            let row = [
                Value::number(count),
                first.into(),
                last.into(),
                together.into(),
            ];
            Answer::rows(columns, [row])
        } else if sql.contains("all_users") {
            schema("2026-11-02 08:00:00")
        } else if sql.contains("'CON_DBID'") {
            texts(&NUMBERS)
        } else if sql.contains("dba_datapump_jobs") {
            texts(&["SYSTEM.SYS_IMPORT_FULL_01", "NOT RUNNING"])
        } else {
            number(1)
        }
    })
}

#[test]
fn a_schema_comes_from_an_import_where_its_tables_say_so() {
    let lineage = |at: &tns::Server| {
        let engine = engine(&server(at), never);
        engine.lineage("qa@ora1/pdb").unwrap()
    };
    let at = with_tables(["412", "2026-11-02 08:05:00", "2026-11-02 09:10:00"], 1);
    let imported = lineage(&at).unwrap();
    let restored = imported.restored.unwrap().unwrap();
    for part in ["412 tables", "2026-11-02 08:05:00", "2026-11-02 09:10:00"] {
        assert!(restored.contains(part), "{restored}");
    }
    assert_eq!(imported.own, Ok(FILE.to_owned()));
    let job = "SYSTEM.SYS_IMPORT_FULL_01 (NOT RUNNING)".to_owned();
    assert_eq!(imported.unfinished, Some(Ok(vec![job])));
    assert!(imported.family.is_err());
    let sql = asked(&at);
    let sql = sql.iter().find(|sql| sql.contains("all_objects")).unwrap();
    // The tool's own table is no sign of anything.
    for part in ["o.owner = 'QA'", "<> 'ENVCLONE_MARK'", "<= 72 / 24"] {
        assert!(sql.contains(part), "{part}: {sql}");
    }

    let at = with_tables(["412", "2019-03-01 10:00:00", "2026-11-02 09:10:00"], 0);
    let grown = lineage(&at).unwrap();
    let why = grown.restored.unwrap_err();
    assert!(why.contains("2019-03-01 10:00:00"), "{why}");

    let at = with_tables(["0", "", ""], 0);
    assert_eq!(lineage(&at), None);

    let at = script(|request| match request.sql.contains("all_objects") {
        true => Answer::error(1031, "insufficient privileges"),
        false => nothing(5),
    });
    let unseen = lineage(&at).unwrap();
    assert!(unseen.restored.unwrap_err().contains("ORA-01031"));
    let at = script(|request| match request.sql.contains("all_objects") {
        true => Answer::rows(
            [
                ("N", Type::Number),
                ("T", Type::Varchar2(9)),
                ("T", Type::Varchar2(9)),
                ("N", Type::Number),
            ],
            [[Value::Integer(1), "a".into(), "b".into(), Value::Integer(1)]],
        ),
        false => Answer::error(942, "table or view does not exist"),
    });
    let unseen = lineage(&at).unwrap().unfinished.unwrap();
    assert!(unseen.unwrap_err().contains("DBA_DATAPUMP_JOBS"));
}

#[test]
fn the_server_can_be_asked_without_a_schema() {
    let at = script(|_| texts(&["a", "b"]));
    let engine = engine(&server(&at), never);
    let mut session = engine.server("NOT_MADE_YET@ora1/pdb").unwrap();
    assert_eq!(session.texts("SELECT 'a', 'b' FROM dual").unwrap(), ["a"]);
    let error = engine.server("QA@elsewhere").err().unwrap();
    assert_eq!(error.trouble, Trouble::NotFound);
}

#[test]
fn copies_are_not_made_by_the_engine_itself() {
    let at = script(|_| Answer::Done);
    let engine = engine(&server(&at), never);
    assert!(engine.snapshot(&["QA@ora1/pdb".to_owned()]).is_err());
    assert!(engine.publish("A@ora1/pdb", "QA@ora1/pdb").is_err());
    assert_eq!(engine.partial_name("QA@ora1/pdb"), "QA@ora1/pdb");
    engine.discard("QA@ora1/pdb");
    assert!(at.logins().is_empty());
}

#[test]
fn a_reading_session_cannot_write_by_what_the_server_says() {
    let at = script(|_| {
        Answer::error(
            1456,
            "may not perform operation inside a READ ONLY transaction",
        )
    });
    let mut session = engine(&server(&at), never)
        .open("PROD@ora1/pdb", Access::Read)
        .unwrap();
    let error = session.execute("DELETE FROM t").unwrap_err();
    assert_eq!(error.trouble, Trouble::ReadOnly);
    let error = session.query("x", &mut |_| Go::Continue(())).unwrap_err();
    assert_eq!(error.database, "PROD@ora1/pdb");
}
