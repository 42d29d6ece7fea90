//! What the tests have in common.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses what it needs, and ends where it is surprised"
)]

use envclone_tns_server::{Answer, Options, Release, Request, Server};
use oracledb::{Config, Connection, Error, ErrorKind, Lob};
use std::io::Read;

/// How the default account comes to a server. If it can't, the driver would wait a second before it says so; the descriptor
/// tells it not to.
pub(crate) fn config(server: &Server) -> Config {
    Config::default()
        .set_credentials("system", "let me in")
        .set_connect_string(&server.descriptor())
        .unwrap()
}

pub(crate) fn open(server: &Server) -> Connection {
    oracledb::connect(config(server)).unwrap()
}

pub(crate) fn connect_as(server: &Server, user: &str, password: &str) -> Result<Connection, Error> {
    oracledb::connect(config(server).set_credentials(user, password))
}

/// The ORA number that something failed with.
pub(crate) fn code<T>(result: Result<T, Error>) -> usize {
    match result {
        Ok(_) => panic!("it did not fail"),
        Err(error) => match error.kind() {
            ErrorKind::DbError(error) => error.code(),
            other => panic!("no error of the database: {other:?}"),
        },
    }
}

/// What something failed with that is no error of the database.
pub(crate) fn kind<T>(result: Result<T, Error>) -> String {
    match result {
        Ok(_) => panic!("it did not fail"),
        Err(error) => format!("{:?}", error.kind()),
    }
}

pub(crate) fn statements(server: &Server) -> Vec<String> {
    let requests = server.received().into_iter();
    requests.map(|request: Request| request.sql).collect()
}

/// All of a CLOB. The driver fails where there is room for less than a character, so that `read_to_string` won't do.
pub(crate) fn read_text(lob: &mut Lob) -> String {
    let (mut whole, mut piece) = (Vec::new(), [0; 4096]);
    loop {
        match lob.read(&mut piece).unwrap() {
            0 => return String::from_utf8(whole).unwrap(),
            length => whole.extend(&piece[..length]),
        }
    }
}

/// Once for each protocol.
pub(crate) fn with_both(
    script: impl Fn(&Request) -> Answer + Clone + Send + Sync + 'static,
    test: impl Fn(&Server),
) {
    for release in [Release::Nineteen, Release::TwentyThree] {
        let options = Options {
            release,
            ..Options::default()
        };
        test(&options.start(script.clone()).unwrap());
    }
}
