//! The client against a LifeTime that is played on loopback.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    reason = "a test ends where it is surprised"
)]

mod addresses;
mod asking;
mod connections;
mod registrations;
mod secrets;
mod service_center;

use envclone_lifetime::{Error, LifeTime, Options, Trust};
use envclone_lifetime_server::Server;
use secrecy::SecretString;
use std::time::Duration;

/// Waits that fit a test.
pub(crate) fn quick() -> Options {
    Options {
        connect: Duration::from_secs(5),
        question: Duration::from_secs(5),
        change: Duration::from_secs(5),
        pause: Duration::from_millis(5),
        patience: Duration::from_millis(300),
        ..Options::default()
    }
}

pub(crate) fn trusting(server: &Server) -> Options {
    Options {
        trust: Trust::Only(std::fs::read(server.authority()).unwrap()),
        ..quick()
    }
}

pub(crate) fn token() -> SecretString {
    SecretString::from("a-token-of-a-service-account")
}

pub(crate) fn played() -> Server {
    envclone_lifetime_server::Options::default()
        .start()
        .unwrap()
}

pub(crate) fn client(server: &Server) -> LifeTime {
    LifeTime::new(&server.address(), token(), quick()).unwrap()
}

/// An error's kind, with what it says in a failing test's output.
pub(crate) fn kind<T>(result: Result<T, Error>) -> envclone_lifetime::Kind {
    let error = result.err().expect("an error");
    println!("{error} ({})", error.hint());
    assert!(!error.hint().is_empty());
    error.kind
}
