//! What every session begins with, what it may not do, and what statements answer.

use std::time::{Duration, Instant};

use envclone_db::oracle::Oracle;
use envclone_db::{Access, Answered, DbError, Engine as _, Go, Trouble};
use envclone_tns_server::{Answer, Call, Options, Request, Type};

use super::{
    BOTH, LOCK, Server, asked, engine, never, number, of_release, script, server, session, side,
    texts,
};

#[test]
fn every_session_begins_with_the_settings_that_the_rest_relies_on() {
    let at = script(|_| Answer::Done);
    let engine = engine(&server(&at), never);
    let settings = |sqls: &[String]| {
        for setting in [
            "ALTER SESSION SET NLS_COMP = LINGUISTIC NLS_SORT = BINARY_AI",
            "ALTER SESSION SET NLS_LANGUAGE = AMERICAN",
            "NLS_DATE_FORMAT = 'YYYY-MM-DD HH24:MI:SS'",
            "NLS_TIMESTAMP_FORMAT = 'YYYY-MM-DD HH24:MI:SS.FF'",
            "NLS_NUMERIC_CHARACTERS = '.,'",
            "ALTER SESSION SET DDL_LOCK_TIMEOUT = 30",
        ] {
            assert!(sqls.iter().any(|sql| sql.contains(setting)), "{setting}");
        }
    };
    let schema = "ALTER SESSION SET CURRENT_SCHEMA = \"QA\"";
    let reading = "SET TRANSACTION READ ONLY";

    let mut session = engine.open("qa@ora1/pdb", Access::Write).unwrap();
    let sqls = asked(&at);
    settings(&sqls);
    assert_eq!(sqls.last().unwrap(), schema);
    session.begin().unwrap();
    let lock = "LOCK TABLE \"QA\".\"ENVCLONE_MARK\" IN EXCLUSIVE MODE NOWAIT";
    assert_eq!(asked(&at).last().unwrap(), lock);

    let before = asked(&at).len();
    let _reads = engine.open("QA@ora1/pdb", Access::Read).unwrap();
    let sqls = asked(&at)[before..].to_vec();
    settings(&sqls);
    assert_eq!(sqls[sqls.len() - 2..], [schema, reading]);

    let before = asked(&at).len();
    let _serves = engine.server("QA@ora1/pdb").unwrap();
    let sqls = asked(&at)[before..].to_vec();
    settings(&sqls);
    let other = |sql: &String| sql.contains("CURRENT_SCHEMA") || sql.contains("TRANSACTION");
    assert!(!sqls.iter().any(other), "{sqls:?}");
}

/// An engine whose target has two schemas.
fn of_two(server: &Server) -> Oracle {
    let mut target = side("target", server, "QA");
    target.schemas.push("QA_LOG".to_owned());
    Oracle::new(vec![side("source", server, "PROD"), target], LOCK, never)
}

#[test]
fn one_session_changes_several_schemas_in_one_transaction() {
    let at = script(|_| Answer::changed(1));
    let engine = of_two(&server(&at));
    let names = ["QA@ora1/pdb", "QA_LOG@ora1/pdb"];
    let mut session = engine.open_together(&names).unwrap();
    let before = asked(&at).len();
    session.begin().unwrap();
    session.execute("DELETE FROM t").unwrap();
    session.enter(names[1]).unwrap();
    session.execute("DELETE FROM u").unwrap();
    session.enter(names[0]).unwrap();
    session.commit().unwrap();
    assert_eq!(
        asked(&at)[before - 1..],
        [
            "ALTER SESSION SET CURRENT_SCHEMA = \"QA\"",
            "LOCK TABLE \"QA\".\"ENVCLONE_MARK\", \"QA_LOG\".\"ENVCLONE_MARK\" IN EXCLUSIVE MODE NOWAIT",
            "DELETE FROM t",
            "ALTER SESSION SET CURRENT_SCHEMA = \"QA_LOG\"",
            "DELETE FROM u",
            "ALTER SESSION SET CURRENT_SCHEMA = \"QA\"",
            "COMMIT",
        ]
    );
    assert_eq!(at.logins().len(), 1);
}

#[test]
fn a_session_enters_no_schema_that_it_was_not_opened_for() {
    let at = script(|_| Answer::Done);
    let engine = of_two(&server(&at));
    let mut session = engine.open_together(&["QA@ora1/pdb"]).unwrap();
    let before = asked(&at).len();
    for name in ["QA_LOG@ora1/pdb", "PROD@ora1/pdb"] {
        let error = session.enter(name).unwrap_err();
        assert_eq!(error.trouble, Trouble::NotPermitted, "{error}");
    }
    assert_eq!(asked(&at).len(), before);
}

#[test]
fn a_transaction_spans_neither_the_source_nor_two_databases() {
    let (at, there) = (script(|_| Answer::Done), script(|_| Answer::Done));
    let engine = of_two(&server(&at));
    let refused = |names: &[&str]| engine.open_together(names).err().unwrap().trouble;
    let source = refused(&["QA@ora1/pdb", "PROD@ora1/pdb"]);
    assert_eq!(source, Trouble::NotPermitted);
    assert_eq!(refused(&[]), Trouble::Unsuitable);
    let mut elsewhere = side("target", &server(&there), "QA_LOG");
    elsewhere.name = "another target".to_owned();
    elsewhere.writable = true;
    elsewhere.server.label = "ora2/pdb".to_owned();
    let engine = Oracle::new(
        vec![side("target", &server(&at), "QA"), elsewhere],
        LOCK,
        never,
    );
    let refused = engine.open_together(&["QA@ora1/pdb", "QA_LOG@ora2/pdb"]);
    assert_eq!(refused.err().unwrap().trouble, Trouble::Unsuitable);
    assert!(at.logins().is_empty() && there.logins().is_empty());
}

#[test]
fn a_schemas_name_stays_in_its_quotes() {
    let at = script(|_| Answer::Done);
    let odd = "it's \"odd\" ÄÖ";
    let engine = Oracle::new(vec![side("target", &server(&at), odd)], LOCK, never);
    engine
        .open(&format!("{odd}@ora1/pdb"), Access::Write)
        .unwrap();
    let last = asked(&at).last().unwrap().clone();
    assert_eq!(last, "ALTER SESSION SET CURRENT_SCHEMA = \"IT'S ODD ÄÖ\"");
}

/// What the environment had before may have been on the server of the source, which no side names.
#[test]
fn a_schema_that_nobody_names_is_looked_at_on_the_source_s_server_and_never_written_to() {
    let at = script(|request| match request.sql.contains("v$session") {
        true => texts(&["w3wp.exe", "LAB\\APP1", "OS"]),
        false => number(1),
    });
    let source = server(&at);
    let mut target = side("target", &source, "QA");
    target.server.label = "ora2/pdb".to_owned();
    let engine = Oracle::new(vec![side("source", &source, "PROD"), target], LOCK, never);
    let used = engine.in_use("FORMER@ORA1/pdb").unwrap();
    assert_eq!(used.unwrap(), "`w3wp.exe` on LAB\\APP1 as OS");
    let before = at.received().len();
    let refused = |error: DbError| {
        assert_eq!(error.trouble, Trouble::NotPermitted, "{error}");
        assert!(error.to_string().contains("never written"), "{error}");
    };
    let name = "FORMER@ora1/pdb";
    refused(engine.open(name, Access::Write).err().unwrap());
    refused(engine.open_together(&[name]).err().unwrap());
    for sql in [
        "DROP USER FORMER CASCADE",
        "BEGIN NULL; END;",
        "DECLARE h NUMBER; BEGIN h := DBMS_DATAPUMP.OPEN('IMPORT', 'SCHEMA', NULL, 'X'); END;",
    ] {
        refused(
            engine
                .work(name, sql, &mut |_| Go::Continue(()))
                .unwrap_err(),
        );
    }
    assert!(engine.snapshot(&[name.to_owned()]).is_err());
    assert!(engine.publish(name, name).is_err());
    engine.discard(name);
    assert_eq!(at.received().len(), before, "nobody even asked");
    let error = engine.in_use("FORMER@ora3/pdb").unwrap_err();
    assert_eq!(error.trouble, Trouble::NotFound);
}

#[test]
fn nothing_is_ever_written_to_the_source() {
    let at = script(|_| Answer::Done);
    let server = server(&at);
    let refused = |engine: &Oracle, name: &str| {
        let error = engine.open(name, Access::Write).err().unwrap();
        assert_eq!(error.trouble, Trouble::NotPermitted, "{error}");
        let text = error.to_string();
        assert!(text.contains("the source is never written"), "{text}");
        let error = engine
            .work(name, "BEGIN NULL; END;", &mut |_| Go::Continue(()))
            .unwrap_err();
        assert_eq!(error.trouble, Trouble::NotPermitted, "{error}");
    };
    for name in ["PROD@ora1/pdb", "prod@ORA1/PDB"] {
        refused(&engine(&server, never), name);
    }
    // A target that is the source is the source, whichever of them comes first and however it is written.
    for (source, target) in [("prod", "PROD"), ("ÖS", "ös")] {
        let sides = vec![
            side("source", &server, source),
            side("target", &server, target),
        ];
        let turned = sides.iter().rev().cloned().collect();
        for engine in [
            Oracle::new(sides, LOCK, never),
            Oracle::new(turned, LOCK, never),
        ] {
            for name in [source, target] {
                refused(&engine, &format!("{name}@ora1/pdb"));
            }
        }
    }
    for name in ["PROD@elsewhere", "PROD"] {
        let error = engine(&server, never).open(name, Access::Write).err();
        assert_eq!(error.unwrap().trouble, Trouble::NotFound);
    }
    assert!(at.logins().is_empty(), "nobody even connected");
}

#[test]
fn another_run_on_the_same_copy_is_refused() {
    let at = Options::default()
        .start(|request| match request.sql.starts_with("LOCK TABLE") {
            true => Answer::error(54, "resource busy and acquire with NOWAIT specified"),
            false => Answer::Done,
        })
        .unwrap();
    let mut session = session(&at);
    let error = session.begin().unwrap_err();
    assert_eq!(error.trouble, Trouble::Locked);
    assert!(error.trouble.passes());
    // What it had locked before the one that was refused is let go at once.
    assert_eq!(asked(&at).last().unwrap(), "ROLLBACK");
    session.rollback().unwrap();
}

#[test]
fn a_statement_says_how_many_rows_it_changed() {
    for release in BOTH {
        let at = of_release(release, |request| match request.verb().as_str() {
            "DELETE" => Answer::changed(42),
            "UPDATE" => Answer::changed(0),
            "INSERT" => Answer::changed(1_000_000),
            _ => Answer::Done,
        });
        let mut session = session(&at);
        assert_eq!(session.execute("DELETE FROM t -- all").unwrap(), 42);
        assert_eq!(session.execute("UPDATE t SET a = 1").unwrap(), 0);
        let many = session.execute("/* many */ INSERT INTO t SELECT * FROM u");
        assert_eq!(many.unwrap(), 1_000_000);
        for block in [
            "BEGIN NULL; END;",
            "DECLARE n NUMBER; BEGIN n := 1; END;",
            "CREATE TABLE t (a NUMBER)",
        ] {
            assert_eq!(session.execute(block).unwrap(), 0, "{block}");
        }
    }
}

#[test]
fn a_colon_in_a_text_is_no_place_for_a_value() {
    let at = script(|_| Answer::changed(1));
    let mut session = session(&at);
    for sql in [
        "UPDATE t SET a = 'https://qa:8443/it''s:x' WHERE b = ':c'",
        "UPDATE t SET a = q'[it's :d]' WHERE b = 1 -- it's :e",
        "UPDATE t /* :f isn't */ SET \"a:b\" = 'x'",
        "BEGIN x := 'q'; EXECUTE IMMEDIATE 'UPDATE t SET a = '':g'''; END;",
        "CREATE TRIGGER t BEFORE INSERT ON u FOR EACH ROW BEGIN :new.a := 1; END;",
    ] {
        session.execute(sql).unwrap();
        let last = at.received().last().unwrap().clone();
        assert_eq!((last.sql.as_str(), last.rows.len()), (sql, 0));
    }
}

#[test]
fn the_servers_numbers_become_kinds() {
    const CASES: [(u32, Trouble); 27] = [
        (942, Trouble::NotFound),
        (1031, Trouble::NotPermitted),
        (1012, Trouble::Lost),
        (1017, Trouble::Login),
        (1033, Trouble::NotReady),
        (54, Trouble::Locked),
        (30_006, Trouble::Locked),
        (60, Trouble::Deadlock),
        (8177, Trouble::Deadlock),
        (2291, Trouble::Constraint),
        (2292, Trouble::Constraint),
        (1536, Trouble::Full),
        (1652, Trouble::Full),
        (1653, Trouble::Full),
        (1654, Trouble::Full),
        (1658, Trouble::Full),
        (30_036, Trouble::Full),
        (12_954, Trouble::Full),
        (257, Trouble::Full),
        (1456, Trouble::ReadOnly),
        (16_000, Trouble::ReadOnly),
        (955, Trouble::Exists),
        (1013, Trouble::TimedOut),
        (28_365, Trouble::Key),
        (39_142, Trouble::OlderServer),
        (1, Trouble::Other),
        (20_001, Trouble::Other),
    ];
    const WORDS: &str = "the server's own words\n\nHelp: https://docs.example.com/error-help/\n";
    for release in BOTH {
        let at = of_release(release, |request: &Request| {
            match request.sql.strip_prefix("SELECT fail_with_") {
                Some(number) => Answer::error(number.parse().unwrap(), WORDS),
                None => match request.sql.strip_prefix("DELETE fail_with_") {
                    Some(number) => Answer::error(number.parse().unwrap(), WORDS),
                    None => number(7),
                },
            }
        });
        let mut session = session(&at);
        for (code, trouble) in CASES {
            let sql = format!("SELECT fail_with_{code}");
            let asked = session.query(&sql, &mut |_| Go::Continue(()));
            let changed = session.execute(&format!("DELETE fail_with_{code}"));
            for error in [asked.unwrap_err(), changed.unwrap_err()] {
                assert_eq!(error.trouble, trouble, "{error}");
                assert_eq!(
                    error.to_string(),
                    format!("`QA@ora1/pdb`: ORA-{code:05}: the server's own words")
                );
            }
            assert_eq!(session.number("SELECT 7 FROM dual").unwrap(), 7);
        }
    }
}

#[test]
fn where_the_first_number_only_tells_the_place_the_next_one_counts() {
    const CASES: [(u32, &str, Trouble); 6] = [
        (
            6550,
            "line 1, column 7:\nPL/SQL: ORA-00942: table or view does not exist\nORA-06550: line 1, column 7:",
            Trouble::NotFound,
        ),
        (
            604,
            "error occurred at recursive SQL level 1\nORA-30036: unable to extend segment by 8 in undo tablespace",
            Trouble::Full,
        ),
        (
            12_801,
            "error signaled in parallel query server P001\nORA-01652: unable to extend temp segment",
            Trouble::Full,
        ),
        (
            39_001,
            "invalid argument value\nORA-06512: at \"SYS.DBMS_DATAPUMP\", line 4932\nORA-39087: directory name X is invalid",
            Trouble::Path,
        ),
        (
            2292,
            "integrity constraint violated\nORA-06512: at line 1\nORA-00942: no such table",
            Trouble::Constraint,
        ),
        (6512, "at line 1\nORA-: and ORA-X", Trouble::Other),
    ];
    let at = script(|request| {
        let case: usize = request
            .sql
            .strip_prefix("DELETE ")
            .unwrap()
            .parse()
            .unwrap();
        Answer::error(CASES[case].0, CASES[case].1)
    });
    let mut session = session(&at);
    for (at, (_, words, trouble)) in CASES.into_iter().enumerate() {
        let error = session.execute(&format!("DELETE {at}")).unwrap_err();
        assert_eq!(error.trouble, trouble, "{error}");
        assert!(!error.message.contains('\n'), "{error}");
        assert!(error.message.contains(words.lines().last().unwrap()));
    }
}

#[test]
fn several_questions_are_one_round_trip() {
    let at = script(|request| {
        let count = request.sql.matches(") AS n").count();
        let columns = (0..count).map(|_| ("N", Type::Number));
        let answers = (0..count).map(|at| {
            let odd = request.sql.contains("odd") && at == 1;
            if odd {
                envclone_tns_server::Value::Null
            } else {
                (at as i64 + 7).into()
            }
        });
        match request.sql.contains("none") {
            true => super::nothing(count),
            false => Answer::rows(columns, [answers.collect::<Vec<_>>()]),
        }
    });
    let mut session = session(&at);
    let before = asked(&at).len();
    assert_eq!(session.numbers(&[]).unwrap(), Vec::<u64>::new());
    assert_eq!(asked(&at).len(), before);
    let questions = ["SELECT COUNT(*) FROM t -- all", "SELECT 8 FROM dual"];
    assert_eq!(session.numbers(&questions).unwrap(), [7, 8]);
    assert_eq!(asked(&at).len(), before + 1);
    assert_eq!(
        asked(&at)[before],
        "SELECT (\nSELECT COUNT(*) FROM t -- all\n) AS n1, (\nSELECT 8 FROM dual\n) AS n2 FROM dual"
    );
    for questions in [
        ["SELECT 1 FROM odd", "SELECT 2"],
        ["SELECT 1 FROM none", "SELECT 2"],
    ] {
        let error = session.numbers(&questions).unwrap_err();
        assert!(error.message.contains("did not answer"), "{error}");
        assert_eq!(error.database, "QA@ora1/pdb");
    }
}

#[test]
fn a_change_and_what_is_asked_after_it_come_in_this_order() {
    let at = script(|request| match request.verb().as_str() {
        "DELETE" => Answer::changed(3),
        _ => Answer::rows(
            [("N1", Type::Number), ("N2", Type::Number)],
            [[7.into(), 0.into()]],
        ),
    });
    let mut session = session(&at);
    let before = asked(&at).len();
    let answered = session.execute_and_ask("DELETE FROM t", &["SELECT 7", "SELECT 0"]);
    let Answered { rows, numbers } = answered.unwrap();
    assert_eq!((rows, numbers), (3, vec![7, 0]));
    let sqls = asked(&at);
    assert_eq!(sqls.len(), before + 2);
    assert_eq!(sqls[before], "DELETE FROM t");
}

#[test]
fn transactions_end_by_calls_of_their_own() {
    let at = script(|_| Answer::changed(1));
    let mut session = session(&at);
    session.begin().unwrap();
    session.execute("DELETE FROM t").unwrap();
    session.commit().unwrap();
    session.begin().unwrap();
    session.execute("DELETE FROM t").unwrap();
    session.rollback().unwrap();
    let received = at.received();
    let calls: Vec<Call> = received.iter().rev().take(6).map(|it| it.call).collect();
    use Call::{Commit, Rollback, Statement};
    assert_eq!(
        calls,
        [Rollback, Statement, Statement, Commit, Statement, Statement]
    );
    assert!(received.iter().all(|request| !request.autocommit));
}

#[test]
fn one_number_is_asked_for_and_texts_leave_out_null() {
    let at = script(|request| match request.sql.as_str() {
        "SELECT numbers" => Answer::rows([("N", Type::Number)], [[1.into()], [2.into()]]),
        _ => Answer::rows(
            [("T", Type::Varchar2(10))],
            [
                ["a".into()],
                [envclone_tns_server::Value::Null],
                ["b".into()],
            ],
        ),
    });
    let mut session = session(&at);
    assert_eq!(session.number("SELECT numbers").unwrap(), 1);
    assert_eq!(session.texts("SELECT texts").unwrap(), ["a", "b"]);
    assert!(session.number("SELECT texts").is_err());
}

#[test]
fn a_query_that_was_foreseen_is_answered_while_the_one_before_is_looked_at() {
    let at = script(|request| match request.sql.as_str() {
        "SELECT a" => number(1),
        "SELECT b" => number(2),
        "SELECT c" => number(3),
        _ => Answer::Done,
    });
    let times = |sql: &str| asked(&at).iter().filter(|it| *it == sql).count();
    let mut session = session(&at);
    session.foresee("SELECT b");
    let mut seen = Vec::new();
    session
        .query("SELECT a", &mut |row| {
            seen.push(row.text(0));
            let end = Instant::now() + Duration::from_secs(20);
            while times("SELECT b") == 0 && Instant::now() < end {
                std::thread::sleep(Duration::from_millis(5));
            }
            assert_eq!(
                times("SELECT b"),
                1,
                "it waits for this row to be looked at"
            );
            Go::Continue(())
        })
        .unwrap();
    // What comes after it is foreseen behind it.
    session.foresee("SELECT c");
    assert_eq!(session.number("SELECT b").unwrap(), 2);
    assert_eq!(session.number("SELECT c").unwrap(), 3);
    assert_eq!(["SELECT a", "SELECT b", "SELECT c"].map(times), [1, 1, 1]);
    assert_eq!(seen, ["1"]);

    // Something else than what was foreseen gets its own answer.
    session.foresee("SELECT b");
    assert_eq!(session.number("SELECT a").unwrap(), 1);
    assert_eq!(session.number("SELECT c").unwrap(), 3);
    session.foresee("SELECT b");
    assert_eq!(session.execute("DELETE FROM t").unwrap(), 0);
    assert_eq!(session.number("SELECT a").unwrap(), 1);
}
