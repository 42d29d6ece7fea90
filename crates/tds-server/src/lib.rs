//! Plays SQL Server for tests: a TDS 7.4 server on 127.0.0.1 that answers what a test's script tells it to.
//!
//! It executes no SQL. What it gets right is the conversation: log-in with and without TLS, packets, result sets, row
//! counts, errors, cancelling, and connections that break where a test wants them to.
//!
//! What it does not have: parameters (a call's statement is recorded, its values are not), procedures other than
//! `sp_executesql`, transactions of the protocol instead of `BEGIN TRANSACTION`, bulk loads, Windows log-ins, TDS 8.
//! A client that asks for one of them loses its connection.
//!
//! ```
//! use envclone_tds_server::{Answer, Server, Type};
//!
//! let server = Server::start(|request| match request.sql.as_str() {
//!     "SELECT name FROM sys.databases" => Answer::rows(
//!         [("name", Type::NVarchar(128))],
//!         [["outsystems".into()], ["osys_log".into()]],
//!     ),
//!     "COMMIT" => Answer::Cut,
//!     sql => Answer::error(50_000, 16, format!("not in the script: {sql}")),
//! })?;
//! // … connect to 127.0.0.1 and server.port() …
//! assert!(server.received().is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```

mod answer;
mod browser;
mod bytes;
mod certificate;
mod connection;
mod login;
mod server;
mod token;
mod wire;

pub use answer::{Answer, Cell, Encoded, Type};
pub use browser::Browser;
pub use login::{Encryption, Login};
pub use server::{Options, Request, Server};
