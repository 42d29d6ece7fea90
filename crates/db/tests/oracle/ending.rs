//! What a person, a limit, the network or the server puts an end to.

use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};

use envclone_db::{Access, Copied, DbError, Engine as _, Go, Session, Trouble};
use envclone_tns_server::{self as tns, Answer, Call, Request, Type};

use super::{BOTH, engine, number, of_release, script, server, session};

const LONG: Duration = Duration::from_secs(30);

fn every_row(session: &mut dyn Session, sql: &str) -> Result<(), DbError> {
    session.query(sql, &mut |_| Go::Continue(()))
}

/// A server that is slow where a statement says so, and that turns a switch when it is asked for that.
fn slow(asked: &'static AtomicBool) -> tns::Server {
    script(move |request| {
        if request.sql.contains("slowly") {
            asked.store(true, Ordering::SeqCst);
            Answer::changed(1).after(LONG)
        } else {
            number(1)
        }
    })
}

fn writing(at: &tns::Server, interrupted: fn() -> bool) -> Box<dyn Session> {
    engine(&server(at), interrupted)
        .open("QA@ora1/pdb", Access::Write)
        .unwrap()
}

/// Holds what an interrupted statement says, and what the session says after it.
fn stopped(
    asked: &'static AtomicBool,
    interrupted: fn() -> bool,
    run: fn(&mut dyn Session) -> Result<(), DbError>,
) {
    let at = slow(asked);
    let mut session = writing(&at, interrupted);
    session.begin().unwrap();
    let began = Instant::now();
    let error = run(session.as_mut()).unwrap_err();
    assert_eq!(error.trouble, Trouble::Interrupted, "{error}");
    assert_eq!(error.database, "QA@ora1/pdb");
    assert!(
        began.elapsed() < Duration::from_secs(3),
        "it waited for the end"
    );
    let began = Instant::now();
    for error in [
        run(session.as_mut()).unwrap_err(),
        session.commit().unwrap_err(),
        session.rollback().unwrap_err(),
    ] {
        assert_eq!(error.trouble, Trouble::Lost, "{error}");
    }
    assert!(began.elapsed() < Duration::from_secs(1));
}

static QUERIED: AtomicBool = AtomicBool::new(false);
static EXECUTED: AtomicBool = AtomicBool::new(false);
static COUNTED: AtomicBool = AtomicBool::new(false);

#[test]
fn an_interrupted_statement_ends_its_session() {
    stopped(
        &QUERIED,
        || QUERIED.load(Ordering::SeqCst),
        |session| every_row(session, "SELECT slowly FROM dual"),
    );
    stopped(
        &EXECUTED,
        || EXECUTED.load(Ordering::SeqCst),
        |session| session.execute("UPDATE slowly SET a = 1").map(drop),
    );
    stopped(
        &COUNTED,
        || COUNTED.load(Ordering::SeqCst),
        |session| session.numbers(&["SELECT slowly FROM dual"]).map(drop),
    );
}

static ENOUGH: AtomicBool = AtomicBool::new(false);

#[test]
fn an_interrupt_amid_many_rows_is_heard_and_leaves_the_session() {
    let at = script(|request| match request.sql.as_str() {
        "SELECT 1 FROM dual" => number(1),
        _ => Answer::rows([("N", Type::Number)], (0..20_000).map(|n| [n.into()])),
    });
    let mut session = writing(&at, || ENOUGH.load(Ordering::SeqCst));
    session.begin().unwrap();
    let mut seen = 0;
    let error = session
        .query("SELECT n FROM t", &mut |_| {
            seen += 1;
            ENOUGH.store(seen > 500, Ordering::SeqCst);
            Go::Continue(())
        })
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Interrupted, "{error}");
    assert!(seen < 1000, "{seen}");
    session.rollback().unwrap();
    ENOUGH.store(false, Ordering::SeqCst);
    assert_eq!(session.number("SELECT 1 FROM dual").unwrap(), 1);
}

static ALWAYS: AtomicBool = AtomicBool::new(false);

#[test]
fn the_end_of_a_transaction_is_waited_for() {
    let wait = Duration::from_millis(700);
    let at = script(move |request| match request.call {
        Call::Commit | Call::Rollback => Answer::Done.after(wait),
        _ => Answer::changed(1),
    });
    let mut session = writing(&at, || ALWAYS.load(Ordering::SeqCst));
    for end in [<dyn Session>::commit, <dyn Session>::rollback] {
        ALWAYS.store(false, Ordering::SeqCst);
        session.begin().unwrap();
        session.execute("DELETE FROM t").unwrap();
        ALWAYS.store(true, Ordering::SeqCst);
        let began = Instant::now();
        end(session.as_mut()).unwrap();
        assert!(began.elapsed() >= wait);
    }
}

#[test]
fn a_command_that_takes_too_long_is_broken_off() {
    for release in BOTH {
        let at = of_release(release, |request| {
            let slow = request.sql.contains("slowly");
            let wait = if slow {
                LONG
            } else {
                Duration::from_millis(150)
            };
            number(1).after(wait)
        });
        let mut server = server(&at);
        server.command = Some(Duration::from_millis(500));
        let mut session = engine(&server, super::never)
            .open("QA@ora1/pdb", Access::Write)
            .unwrap();
        let began = Instant::now();
        for error in [
            every_row(session.as_mut(), "SELECT slowly FROM dual").unwrap_err(),
            session.execute("UPDATE slowly SET a = 1").unwrap_err(),
        ] {
            assert_eq!(error.trouble, Trouble::TimedOut, "{error}");
        }
        assert!(began.elapsed() < Duration::from_secs(10));
        assert_eq!(at.breaks(), 2, "the server was told");
        assert_eq!(session.number("SELECT 1 FROM dual").unwrap(), 1);
    }
}

/// Runs a transaction to where it breaks.
fn transaction(session: &mut dyn Session) -> Result<(), DbError> {
    session.begin()?;
    every_row(session, "SELECT n FROM t")?;
    session.execute("DELETE FROM t")?;
    session.commit()
}

#[test]
fn a_connection_that_is_cut_is_lost_in_every_phase() {
    type Cut = fn(&Request) -> Option<Answer>;
    let phases: [(&str, Cut); 6] = [
        ("a query", |request| {
            (request.verb() == "SELECT").then_some(Answer::Cut)
        }),
        ("amid rows", |request| {
            let rows = (0..1000).map(|n| [n.into()]);
            let many = Answer::rows([("N", Type::Number)], rows);
            (request.verb() == "SELECT").then(|| many.cut_after(450))
        }),
        ("a statement", |request| {
            (request.verb() == "DELETE").then_some(Answer::Cut)
        }),
        ("a COMMIT before it is done", |request| {
            (request.call == Call::Commit).then_some(Answer::Cut)
        }),
        ("a COMMIT after it is done", |request| {
            (request.call == Call::Commit).then(|| Answer::Done.lost())
        }),
        ("the server", |request| {
            let gone = Answer::Vanish(Box::new(Answer::changed(1)));
            (request.verb() == "DELETE").then_some(gone)
        }),
    ];
    for release in BOTH {
        for (phase, cut) in phases {
            let at = of_release(release, move |request| {
                let usual = match request.verb().as_str() {
                    "SELECT" => number(1),
                    _ => Answer::changed(1),
                };
                cut(request).unwrap_or(usual)
            });
            let mut session = session(&at);
            let error = transaction(session.as_mut()).unwrap_err();
            assert_eq!(error.trouble, Trouble::Lost, "{phase}: {error}");
            assert_eq!(error.database, "QA@ora1/pdb");
            for error in [
                session.execute("DELETE FROM t").unwrap_err(),
                session.rollback().unwrap_err(),
            ] {
                assert_eq!(error.trouble, Trouble::Lost, "after {phase}: {error}");
            }
        }
    }
}

#[test]
fn a_commit_that_fails_says_why() {
    let at = script(|request| match request.call {
        Call::Commit => Answer::error(
            2091,
            "transaction rolled back\nORA-02292: child record found",
        ),
        _ => Answer::changed(1),
    });
    let mut session = session(&at);
    session.begin().unwrap();
    session.execute("DELETE FROM t").unwrap();
    let error = session.commit().unwrap_err();
    assert_eq!(error.trouble, Trouble::Constraint, "{error}");
    assert!(error.message.contains("ORA-02091"), "{error}");
    session.rollback().unwrap();
}

#[test]
fn something_long_has_no_limit_and_is_stopped_on_request() {
    let at = script(|request| match request.sql.contains("slowly") {
        true => Answer::Done.after(LONG),
        false if request.sql.contains("long") => Answer::Done.after(Duration::from_millis(2600)),
        false => Answer::Done,
    });
    let mut server = server(&at);
    server.command = Some(Duration::from_millis(500));
    let engine = engine(&server, super::never);
    let mut told = Vec::new();
    engine
        .work("QA@ora1/pdb", "BEGIN long; END;", &mut |copied| {
            told.push(copied);
            Go::Continue(())
        })
        .unwrap();
    let unknown = Copied {
        done: 0,
        of: 0,
        left: None,
    };
    assert_eq!(told.first(), Some(&unknown));

    let began = Instant::now();
    let error = engine
        .work("QA@ora1/pdb", "BEGIN slowly; END;", &mut |_| Go::Break(()))
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::Interrupted, "{error}");
    assert!(began.elapsed() < Duration::from_secs(5));
}

/// A block that has the source exported.
const EXPORT: &str = "DECLARE\n  v_job NUMBER;\nBEGIN\n  v_job := DBMS_DATAPUMP.OPEN(operation => 'EXPORT', \
                      job_mode => 'SCHEMA', job_name => 'J');\n  DBMS_DATAPUMP.START_JOB(handle => v_job);\nEND;";

#[test]
fn the_source_may_be_exported_and_a_second_session_says_how_far_that_is() {
    let at = script(|request| {
        if request.sql.contains("v$session_longops") {
            let columns = [("N", Type::Number), ("N", Type::Number)];
            Answer::rows(columns, [[30.into(), 120.into()]])
        } else if request.sql.starts_with("DECLARE") {
            Answer::Done.after(Duration::from_millis(2600))
        } else {
            number(1)
        }
    });
    let engine = engine(&server(&at), super::never);
    let mut told = Vec::new();
    engine
        .work("PROD@ora1/pdb", EXPORT, &mut |copied| {
            told.push(copied);
            Go::Continue(())
        })
        .unwrap();
    let expected = Copied {
        done: 30,
        of: 120,
        left: None,
    };
    assert_eq!(told.last(), Some(&expected));
    assert_eq!(at.logins().len(), 2);

    for sql in [
        EXPORT.replace("'EXPORT'", "'IMPORT'"),
        EXPORT.replace("END;", "DELETE FROM t; END;"),
        "DROP USER prod CASCADE".to_owned(),
    ] {
        let error = engine
            .work("PROD@ora1/pdb", &sql, &mut |_| Go::Continue(()))
            .unwrap_err();
        assert_eq!(error.trouble, Trouble::NotPermitted, "{error}");
    }
    assert_eq!(at.logins().len(), 2, "nobody even connected");
}

#[test]
fn something_long_that_fails_says_why() {
    let at = script(|request| match request.sql.contains("cut") {
        true => Answer::Cut.after(Duration::from_millis(200)),
        false => Answer::error(1031, "insufficient privileges"),
    });
    let engine = engine(&server(&at), super::never);
    for (sql, trouble) in [
        ("BEGIN cut; END;", Trouble::Lost),
        ("BEGIN not_mine; END;", Trouble::NotPermitted),
    ] {
        let error = engine
            .work("QA@ora1/pdb", sql, &mut |_| Go::Continue(()))
            .unwrap_err();
        assert_eq!(error.trouble, trouble, "{error}");
        assert_eq!(error.database, "QA@ora1/pdb");
    }
}

#[test]
fn a_panic_of_the_driver_ends_the_session_and_not_the_program() {
    let test = "ending::a_panic_of_the_driver_ends_the_session_and_not_the_program";
    if let Some(printed) = super::alone(test) {
        assert!(!printed.contains("panicked"), "{printed}");
        return;
    }
    let at = script(|_| number(1));
    let mut session = session(&at);
    // What its authors left for later: a statement without a text.
    let error = session.execute("").unwrap_err();
    assert_eq!(error.trouble, Trouble::Unsupported, "{error}");
    assert!(error.message.contains("not yet implemented"), "{error}");
    let error = session.execute("DELETE FROM t").unwrap_err();
    assert_eq!(error.trouble, Trouble::Lost, "{error}");
}

/// Rows of which one can't be: the driver takes a number of eight bytes for granted.
fn odd_at(odd: usize) -> Answer {
    let row = |at| match at == odd {
        true => [tns::Value::Bytes(vec![1])],
        false => [0.5.into()],
    };
    Answer::rows([("N", Type::BinaryDouble)], (0..500).map(row))
}

#[test]
fn a_panic_amid_the_answer_to_a_query_ends_the_session_and_not_the_program() {
    let test = "ending::a_panic_amid_the_answer_to_a_query_ends_the_session_and_not_the_program";
    if let Some(printed) = super::alone(test) {
        assert!(!printed.contains("panicked"), "{printed}");
        return;
    }
    for release in BOTH {
        // In the answer to the query itself, and in one to a later fetch.
        for odd in [0, 250] {
            let at = of_release(release, move |_| odd_at(odd));
            let mut session = session(&at);
            let mut seen = 0;
            let error = session
                .query("SELECT n FROM t", &mut |_| {
                    seen += 1;
                    Go::Continue(())
                })
                .unwrap_err();
            assert_eq!(error.trouble, Trouble::Unsupported, "{error}");
            assert!(error.message.contains("the driver gave up"), "{error}");
            assert!(seen <= odd, "{seen}");
            let error = session.execute("DELETE FROM t").unwrap_err();
            assert_eq!(error.trouble, Trouble::Lost, "{error}");
            // What the session held is not held any more.
            let began = Instant::now();
            while at.connections() > 0 {
                assert!(began.elapsed() < Duration::from_secs(5), "it stays open");
                std::thread::sleep(Duration::from_millis(10));
            }
        }
        let at = of_release(release, |_| odd_at(0));
        let error = session(&at).number("SELECT n FROM t").unwrap_err();
        assert_eq!(error.trouble, Trouble::Unsupported, "{error}");
    }
}

#[test]
fn a_query_without_a_text_is_not_sent() {
    let at = script(|_| number(1));
    let mut session = session(&at);
    for sql in ["", " \n"] {
        assert!(every_row(session.as_mut(), sql).is_err());
    }
    assert_eq!(session.number("SELECT 1 FROM dual").unwrap(), 1);
}

#[test]
fn a_job_of_the_source_has_no_table_in_the_source() {
    let at = script(|_| Answer::Done);
    let mut server = server(&at);
    server.user = "prod".to_owned();
    let error = engine(&server, super::never)
        .work("PROD@ora1/pdb", EXPORT, &mut |_| Go::Continue(()))
        .unwrap_err();
    assert_eq!(error.trouble, Trouble::NotPermitted, "{error}");
    assert!(error.message.contains("none of its schemas"), "{error}");
    assert!(at.logins().is_empty());
}
