//! What goes wrong on the way, seen with the driver that envclone speaks to Oracle with.

#![allow(
    clippy::unwrap_used,
    clippy::panic,
    reason = "a test ends where it is surprised"
)]

mod common;

use common::{code, config, kind, open, statements};
use envclone_tns_server::{Answer, Call, Options, OracleError, Release, Server, Type};
use oracledb::ErrorKind;
use std::time::{Duration, Instant};

const BOTH: [Release; 2] = [Release::Nineteen, Release::TwentyThree];

fn dead(kind: &str) -> bool {
    ["DeadConnection", "StreamOperation", "NotConnected"].contains(&kind)
}

#[test]
fn errors_have_numbers_texts_and_places_and_leave_the_session() {
    for release in BOTH {
        let options = Options {
            release,
            ..Options::default()
        };
        let server = options
            .start(|request| match request.sql.as_str() {
                "SELECT 1 FROM nowhere" => {
                    Answer::Error(OracleError::new(942, "table or view does not exist").at(14))
                }
                "INSERT" => Answer::error(1, "unique constraint (OSADMIN.PK) violated"),
                _ => Answer::rows([("N", Type::Number)], [[1.into()]]),
            })
            .unwrap();
        let connection = open(&server);
        let error = connection
            .query("SELECT 1 FROM nowhere", &[])
            .err()
            .unwrap();
        let ErrorKind::DbError(error) = error.kind() else {
            panic!("{error:?}");
        };
        assert_eq!((error.code(), error.offset()), (942, 14));
        assert_eq!(error.message(), "ORA-00942: table or view does not exist");
        assert_eq!(code(connection.execute("INSERT", &[])), 1);
        assert_eq!(code(connection.execute("INSERT", &[])), 1);
        assert_eq!(
            connection.query("SELECT 1 FROM dual", &[]).unwrap().count(),
            1
        );
    }
}

#[test]
fn a_call_that_takes_too_long_is_broken_off_and_the_session_stays() {
    for release in BOTH {
        let options = Options {
            release,
            ..Options::default()
        };
        let server = options
            .start(|request| match request.sql.as_str() {
                "SELECT slowly FROM dual" => Answer::changed(1).after(Duration::from_secs(30)),
                _ => Answer::rows([("N", Type::Number)], [[7.into()]]),
            })
            .unwrap();
        let connection = open(&server);
        connection
            .set_call_timeout(Some(Duration::from_millis(300)))
            .unwrap();
        let began = Instant::now();
        let late = kind(connection.query("SELECT slowly FROM dual", &[]));
        assert_eq!(late, "CallTimeoutExceeded");
        assert!(began.elapsed() < Duration::from_secs(5));
        assert_eq!(server.breaks(), 1);
        connection.set_call_timeout(None).unwrap();
        let row = connection.query_row("SELECT 7 FROM dual", &[]).unwrap();
        assert_eq!(row.get::<i64>(0).unwrap(), 7);
    }
}

#[test]
fn a_server_that_hangs_costs_the_connection() {
    let server =
        Server::start(|_| Answer::Deaf(Duration::from_secs(2), Box::new(Answer::Done))).unwrap();
    let connection = open(&server);
    connection
        .set_call_timeout(Some(Duration::from_millis(200)))
        .unwrap();
    let began = Instant::now();
    assert_eq!(
        kind(connection.execute("BEGIN NULL; END;", &[])),
        "UnableToRecover"
    );
    assert!(began.elapsed() < Duration::from_secs(1));
    assert_eq!(kind(connection.ping()), "NotConnected");
}

#[test]
fn idle_connections_can_be_cut() {
    let server = Server::start(|_| Answer::Done).unwrap();
    let connection = open(&server);
    server.cut();
    let lost = kind(connection.ping());
    assert!(dead(&lost), "{lost}");
    open(&server).ping().unwrap();
}

#[test]
fn a_slow_answer_is_waited_for() {
    let wait = Duration::from_millis(200);
    let server = Server::start(move |_| Answer::changed(5).after(wait)).unwrap();
    let connection = open(&server);
    let began = Instant::now();
    let done = connection.execute("UPDATE t SET a = 1", &[]).unwrap();
    assert_eq!(done.rows_affected(), 5);
    assert!(began.elapsed() >= wait);
}

#[test]
fn a_connection_can_be_cut_instead_of_an_answer() {
    let server = Server::start(|request| match request.sql.as_str() {
        "UPDATE t SET a = 1" => Answer::Cut,
        _ => Answer::changed(1).lost(),
    })
    .unwrap();
    for sql in ["UPDATE t SET a = 1", "UPDATE t SET a = 2"] {
        let connection = open(&server);
        let lost = kind(connection.execute(sql, &[]));
        assert!(dead(&lost), "{lost}");
        assert!(connection.ping().is_err());
    }
    open(&server);
}

#[test]
fn a_connection_can_be_cut_amid_the_rows() {
    for release in BOTH {
        let options = Options {
            release,
            ..Options::default()
        };
        let server = options
            .start(|_| {
                let rows = (1..=1000_i64).map(|number| [number.into()]);
                Answer::rows([("N", Type::Number)], rows).cut_after(250)
            })
            .unwrap();
        let connection = open(&server);
        let mut seen = 0;
        let mut lost = String::new();
        for row in connection.query("SELECT n FROM t", &[]).unwrap() {
            match row {
                Ok(_) => seen += 1,
                Err(error) => {
                    lost = format!("{:?}", error.kind());
                    break;
                }
            }
        }
        assert!(dead(&lost), "{lost}");
        // What was fetched before the fetch that broke.
        assert_eq!(seen, 202);
    }
}

#[test]
fn a_commit_can_fail_be_lost_or_take_the_server_with_it() {
    let answers = [
        Answer::error(2091, "transaction rolled back"),
        Answer::Cut,
        Answer::Done.lost(),
        Answer::Vanish(Box::new(Answer::Done)),
    ];
    for answer in answers {
        let vanishes = matches!(answer, Answer::Vanish(_));
        let fails = matches!(answer, Answer::Error(_));
        let server = Server::start(move |request| match request.call {
            Call::Commit => answer.clone(),
            _ => Answer::changed(1),
        })
        .unwrap();
        let (connection, other) = (open(&server), open(&server));
        connection.execute("DELETE FROM t", &[]).unwrap();
        let failed = connection.commit();
        if fails {
            assert_eq!(code(failed), 2091);
            connection.rollback().unwrap();
        } else {
            let lost = kind(failed);
            assert!(dead(&lost), "{lost}");
        }
        assert_eq!(other.ping().is_err(), vanishes);
        assert_eq!(oracledb::connect(config(&server)).is_err(), vanishes);
        assert_eq!(statements(&server)[..2], ["DELETE FROM t", "COMMIT"]);
    }
}

#[test]
fn what_was_not_committed_is_rolled_back_at_the_end() {
    let server = Server::start(|_| Answer::changed(1)).unwrap();
    let mut connection = open(&server);
    connection.execute("DELETE FROM t", &[]).unwrap();
    connection.commit().unwrap();
    connection.execute("DELETE FROM t", &[]).unwrap();
    connection.close().unwrap();
    let calls: Vec<_> = server
        .received()
        .iter()
        .map(|request| request.call)
        .collect();
    assert_eq!(
        calls,
        [Call::Statement, Call::Commit, Call::Again, Call::Rollback]
    );
}
