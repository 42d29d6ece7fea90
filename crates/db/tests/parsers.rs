//! What the sessions themselves ask of a SQL Server and of Oracle, judged by parsers that others wrote.
//!
//! `ENVCLONE_CHECK_TSQL` and `ENVCLONE_CHECK_PLSQL` name them. Without them these tests say so and pass.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

use std::collections::BTreeSet;
use std::time::Duration;

use envclone_db::checkup;
use envclone_db::oracle::{self, Loader, Oracle};
use envclone_db::sqlserver::{Encryption, Login, Place, Server, Side, SqlServer, Trust};
use envclone_db::{Access, Engine, Go, Value};
use envclone_tds_server::{Answer, Options, Type};
use envclone_testing::{Named, judge};
use envclone_tns_server as tns;

#[test]
fn a_parser_takes_all_that_sessions_ask_of_sql_server() {
    let at = Options::default()
        .start(|request| {
            if request.sql.starts_with("SELECT CASE") || request.sql.contains("sp_getapplock") {
                Answer::rows([("", Type::Int)], [[1.into()]])
            } else if request.sql.contains("@@SPID") {
                Answer::rows([("", Type::Int)], [[51.into()]])
            } else if request.sql.ends_with("takes long") {
                Answer::Done.after(Duration::from_millis(1500))
            } else {
                let texts = ["ONLINE", "MULTI_USER", "writable", "SIMPLE", "X_CI_AS"];
                Answer::rows(
                    texts.map(|_| ("", Type::NVarcharMax)),
                    [texts.map(Into::into)],
                )
            }
        })
        .unwrap();
    let server = Server {
        label: "sql1".to_owned(),
        host: "127.0.0.1".to_owned(),
        place: Place::Port(at.port()),
        login: Login::Sql {
            user: "sa".to_owned(),
            password: "let me in".into(),
        },
        encryption: Encryption::On,
        trust: Trust::Any,
        application: "envclone".to_owned(),
        connect: Duration::from_secs(5),
        command: None,
        lock: Duration::from_secs(30),
        multi_subnet: false,
        read_intent: false,
    };
    let side = Side {
        name: "target".to_owned(),
        server,
        catalogs: vec!["it's [odd]".to_owned()],
        writable: true,
    };
    let engine = SqlServer::new(vec![side], || false);
    let name = "it's [odd]@sql1";
    engine.look(name).unwrap();
    engine.in_use(name).unwrap();
    engine.lineage(name).unwrap();
    check_up(&engine, name);
    let _ = engine
        .server(name)
        .unwrap()
        .texts("SELECT 1 -- of the server");
    engine
        .work(name, "SELECT 2 -- that takes long", &mut |_| {
            Go::Continue(())
        })
        .unwrap();
    let mut session = engine.open(name, Access::Write).unwrap();
    session.begin().unwrap();
    let _ = session.execute("DELETE FROM [dbo].[t] -- all of them");
    let _ = session.execute_and_ask(
        "DELETE FROM [dbo].[t] -- some of them",
        &["SELECT COUNT_BIG(*) FROM [dbo].[t] -- left", "SELECT 1"],
    );
    session.rollback().unwrap();
    session.begin().unwrap();
    session.commit().unwrap();
    let received = at.received().into_iter();
    judge_all(
        "ENVCLONE_CHECK_TSQL",
        received.map(|request| request.sql),
        12,
    );
}

/// For both sides, and for copies of both kinds.
fn check_up(engine: &dyn Engine, name: &str) {
    for side in [checkup::Side::Source, checkup::Side::Target] {
        for makes_the_copy in [true, false] {
            let purpose = checkup::Purpose {
                side,
                makes_the_copy,
            };
            assert!(!engine.checkup(name, purpose).is_empty());
        }
    }
}

/// Shows a parser each of the texts once. There have to be more than so many.
fn judge_all(variable: &str, asked: impl Iterator<Item = String>, more_than: usize) {
    let asked: BTreeSet<String> = asked.collect();
    assert!(
        asked.len() > more_than,
        "only {}: something was not asked",
        asked.len()
    );
    let texts: Vec<Named> = (1..)
        .map(|at| format!("question {at}"))
        .zip(asked)
        .collect();
    judge(variable, &[], &texts);
}

#[test]
fn a_parser_takes_all_that_sessions_ask_of_oracle() {
    let at = tns::Server::start(|request| match request.verb().as_str() {
        // A schema that is there and has no tables.
        "SELECT" if request.sql.starts_with("SELECT COUNT(*) FROM all_") => {
            let users = request.sql.contains("all_users");
            tns::Answer::rows([("N", tns::Type::Number)], [[i64::from(users).into()]])
        }
        // As before 12.2: then the database's own view is asked.
        "SELECT" if request.sql.contains("'CON_DBID'") => {
            tns::Answer::error(2003, "invalid USERENV parameter")
        }
        // Values that may be large: it is asked how large.
        "SELECT" if request.sql.starts_with("SELECT content") => {
            tns::Answer::rows([("CONTENT", tns::Type::Blob)], [[vec![1].into()]])
        }
        "SELECT" => {
            let texts = ["5", "5", "5", "1", "5", "5"];
            tns::Answer::rows(
                texts.map(|_| ("T", tns::Type::Varchar2(10))),
                [texts.map(Into::into)],
            )
        }
        "INSERT" => tns::Answer::Changed(vec![1; request.executions()]),
        // So long that somebody asks how far it is.
        "DECLARE" => tns::Answer::Done.after(Duration::from_millis(2500)),
        _ => tns::Answer::Done,
    })
    .unwrap();
    let server = oracle::Server {
        label: "ora1".to_owned(),
        place: oracle::Place::Service {
            host: "127.0.0.1".to_owned(),
            port: at.port(),
            service: "freepdb1".to_owned(),
            encrypted: false,
        },
        user: "system".to_owned(),
        password: "let me in".into(),
        sysdba: false,
        wallet: None,
        wallet_password: None,
        application: "envclone".to_owned(),
        connect: Duration::from_secs(10),
        command: None,
        lock: Duration::from_secs(30),
    };
    let side = oracle::Side {
        name: "target".to_owned(),
        server: server.clone(),
        schemas: vec!["it's \"odd\"".to_owned()],
        writable: true,
    };
    let engine = Oracle::new(vec![side], "envclone_mark", || false);
    let name = "it's \"odd\"@ora1";
    engine.look(name).unwrap();
    engine.in_use(name).unwrap();
    engine.lineage(name).unwrap();
    check_up(&engine, name);
    engine
        .server(name)
        .unwrap()
        .texts("SELECT 1 FROM dual -- of the server")
        .unwrap();
    let export = "DECLARE v_job NUMBER; BEGIN v_job := DBMS_DATAPUMP.OPEN(operation => 'EXPORT', job_mode => 'SCHEMA', \
                  job_name => 'J'); END;";
    engine
        .work(name, export, &mut |_| Go::Continue(()))
        .unwrap();
    engine.open(name, Access::Read).unwrap();
    let mut session = engine.open(name, Access::Write).unwrap();
    session.begin().unwrap();
    session
        .execute_and_ask(
            "DELETE FROM t -- some of them",
            &[
                "SELECT COUNT(*) FROM t -- left",
                "SELECT COUNT(*) FROM t, u WHERE EXISTS (SELECT 1 FROM v)",
            ],
        )
        .unwrap();
    session.rollback().unwrap();
    session
        .query("SELECT content FROM t -- of files", &mut |_| {
            Go::Continue(())
        })
        .unwrap();
    let loader = Loader::open(&server, "it's \"odd\"", || false).unwrap();
    loader
        .load("t", &[("a", oracle::Kind::Number)], [[Value::Integer(1)]])
        .unwrap();
    let asked = at.received();
    assert!(asked.iter().any(|one| one.sql.contains("GETLENGTH")));
    // Ends of transactions are calls of the protocol, and no statements.
    let received = at.received().into_iter();
    let statements = received.filter(|request| {
        use tns::Call::{Commit, Rollback};
        !matches!(request.call, Commit | Rollback)
    });
    judge_all(
        "ENVCLONE_CHECK_PLSQL",
        statements.map(|request| request.sql),
        20,
    );
}
