//! What the sessions themselves ask of a SQL Server, judged by a parser that others wrote.
//!
//! `ENVCLONE_CHECK_TSQL` names it. Without it this test says so and passes.
#![allow(clippy::unwrap_used, reason = "a test ends where it is surprised")]

use std::collections::BTreeSet;
use std::time::Duration;

use envclone_db::checkup;
use envclone_db::sqlserver::{Encryption, Login, Place, Server, Side, SqlServer, Trust};
use envclone_db::{Access, Engine as _, Go};
use envclone_tds_server::{Answer, Options, Type};
use envclone_testing::{Named, judge};

#[test]
fn a_parser_takes_all_that_sessions_ask() {
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
    for side in [checkup::Side::Source, checkup::Side::Target] {
        for makes_the_copy in [true, false] {
            let purpose = checkup::Purpose {
                side,
                makes_the_copy,
            };
            assert!(!engine.checkup(name, purpose).is_empty());
        }
    }
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
    let asked: BTreeSet<String> = at
        .received()
        .into_iter()
        .map(|request| request.sql)
        .collect();
    assert!(
        asked.len() > 12,
        "only {}: something was not asked",
        asked.len()
    );
    let texts: Vec<Named> = (1..)
        .map(|at| format!("question {at}"))
        .zip(asked)
        .collect();
    judge("ENVCLONE_CHECK_TSQL", &[], &texts);
}
