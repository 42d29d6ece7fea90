//! The driver against a server that says what a test makes it say.
#![allow(clippy::unwrap_used, missing_docs, reason = "a test")]

mod asking;
mod checking;
mod connecting;
mod ending;
mod loading;
mod looking;
mod values;

use std::path::Path;
use std::process::Command;
use std::time::Duration;

use envclone_db::oracle::{Oracle, Place, Server, Side};
use envclone_db::{Access, Engine as _, Session};
use envclone_tns_server::{self as tns, Answer, Options, Release, Request, Type};

/// What a writing session locks.
const LOCK: &str = "envclone_mark";

const BOTH: [Release; 2] = [Release::Nineteen, Release::TwentyThree];

fn never() -> bool {
    false
}

/// Answers what every session begins with, and the rest as a test wants.
fn script(rest: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> tns::Server {
    options(Options::default(), rest)
}

fn of_release(
    release: Release,
    rest: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> tns::Server {
    let of_release = Options {
        release,
        ..Options::default()
    };
    options(of_release, rest)
}

fn options(
    options: Options,
    rest: impl Fn(&Request) -> Answer + Send + Sync + 'static,
) -> tns::Server {
    let start = options.start(move |request| {
        let begins = ["ALTER SESSION ", "SET TRANSACTION ", "LOCK TABLE "];
        match begins.iter().any(|begin| request.sql.starts_with(begin)) {
            true => Answer::Done,
            false => rest(request),
        }
    });
    start.unwrap()
}

fn number(number: i64) -> Answer {
    Answer::rows([("N", Type::Number)], [[number.into()]])
}

/// A row of texts.
fn texts(texts: &[&str]) -> Answer {
    let columns = texts.iter().map(|_| ("T", Type::Varchar2(200)));
    let row: Vec<tns::Value> = texts.iter().map(|text| (*text).into()).collect();
    Answer::rows(columns, [row])
}

/// So many columns, and no row.
fn nothing(columns: usize) -> Answer {
    let columns = vec![("T", Type::Varchar2(200)); columns];
    Answer::rows(columns, Vec::<Vec<tns::Value>>::new())
}

fn server(at: &tns::Server) -> Server {
    Server {
        label: "ora1/pdb".to_owned(),
        place: Place::Service {
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
    }
}

fn side(name: &str, server: &Server, schema: &str) -> Side {
    Side {
        name: name.to_owned(),
        server: server.clone(),
        schemas: vec![schema.to_owned()],
        writable: name == "target",
    }
}

/// An engine whose source and target are schemas of one database.
fn engine(server: &Server, interrupted: fn() -> bool) -> Oracle {
    let sides = vec![side("source", server, "PROD"), side("target", server, "QA")];
    Oracle::new(sides, LOCK, interrupted)
}

fn session(at: &tns::Server) -> Box<dyn Session> {
    engine(&server(at), never)
        .open("QA@ora1/pdb", Access::Write)
        .unwrap()
}

/// What was asked, without the values.
fn asked(at: &tns::Server) -> Vec<String> {
    at.received()
        .into_iter()
        .map(|request| request.sql)
        .collect()
}

/// Runs a test in a process of its own: what that printed on its standard error. Nothing in that process itself, which
/// goes on with the test.
fn alone(test: &str) -> Option<String> {
    alone_with(test, None)
}

/// The same, with a folder of `tnsnames.ora` in the environment or without one.
fn alone_with(test: &str, folder: Option<&Path>) -> Option<String> {
    const CHILD: &str = "ENVCLONE_TEST_ALONE";
    const FOLDER: &str = "TNS_ADMIN";
    if std::env::var_os(CHILD).is_some() {
        return None;
    }
    let mut child = Command::new(std::env::current_exe().unwrap());
    child.args(["--exact", "--nocapture", test]).env(CHILD, "1");
    // Where the driver looks next.
    child.env_remove("ORACLE_HOME");
    match folder {
        Some(folder) => child.env(FOLDER, folder),
        None => child.env_remove(FOLDER),
    };
    let done = child.output().unwrap();
    let told = String::from_utf8_lossy(&done.stderr).into_owned();
    assert!(done.status.success(), "{told}");
    let ran = String::from_utf8_lossy(&done.stdout);
    assert!(ran.contains("1 passed"), "{ran}");
    Some(told)
}
