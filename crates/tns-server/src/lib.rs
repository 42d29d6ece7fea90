//! Plays Oracle for tests.

mod answer;
mod backend;
mod bytes;
mod calls;
mod certificate;
mod cursor;
mod execution;
mod handshake;
mod lexer;
mod listener;
mod lob;
mod login;
mod mariadb;
mod moment;
mod number;
mod respond;
mod server;
mod session;
mod wire;

pub use answer::{Answer, Column, OracleError, Type, Value};
pub use backend::{Backend, Backends, Bind, Call, Nothing, Request, Session};
pub use listener::Listener;
pub use login::{Account, AccountState, Login};
pub use mariadb::{MariaDb, MariaDbError};
pub use server::{Options, Release, Server};
