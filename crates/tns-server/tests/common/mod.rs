//! What the tests have in common.

#![allow(
    dead_code,
    clippy::unwrap_used,
    clippy::panic,
    reason = "each test uses what it needs, and ends where it is surprised"
)]

use envclone_tns_server::{Request, Server};
use oracledb::{Config, Connection, Error, ErrorKind};

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
