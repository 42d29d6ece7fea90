//! Plays Oracle for tests: a server on 127.0.0.1 that speaks its protocol (TNS and TTC), of 19c or of 23ai, and that
//! answers what a test's script tells it to, or what a MariaDB in its Oracle mode says.
//!
//! What it gets right is the conversation: a listener that lets in, refuses, hangs; log-ins with passwords that are
//! checked, as SYSDBA, with and without TLS; statements with values in and out, batches, cursors that stay open, rows
//! fetched piece by piece, LOBs by value and by locator; errors; calls that are broken off; connections that are lost
//! where a test wants them to be. It was written from what two drivers send and take, `oracledb` for Rust and for Python,
//! not from a real server's bytes: where those two are content it may still be unlike Oracle.
//!
//! What it does not have: Native Network Encryption (it can demand it, and let nobody in), changed passwords, objects,
//! collections, REF CURSORs, JSON, vectors, values of BOOLEAN or INTERVAL, errors of single rows of a batch, queues,
//! pipelines, pools of the server's, rows that are told by what is new in them. A client that asks for one of them gets
//! ORA-03001 or loses its connection.
//!
//! ```
//! use envclone_tns_server::{Answer, Call, Server, Type};
//!
//! let server = Server::start(|request| match (request.call, request.sql.as_str()) {
//!     (_, "SELECT name FROM v$database") => Answer::rows([("NAME", Type::Varchar2(9))], [["CLONE".into()]]),
//!     (_, "DELETE FROM t WHERE id = :1") => Answer::changed(1),
//!     (Call::Commit, _) => Answer::Cut,
//!     (_, sql) => Answer::error(900, format!("not in the script: {sql}")),
//! })?;
//! // … connect to server.connect_string() as `system` with the password `let me in` …
//! assert!(server.received().is_empty());
//! # Ok::<(), std::io::Error>(())
//! ```
//!
//! With SQL that is executed, a script in front of it says what is otherwise, here that each commit is lost that one
//! session makes:
//!
//! ```no_run
//! use envclone_tns_server::{Account, Answer, Call, MariaDb, Options};
//!
//! let mariadb = MariaDb::start()?;
//! mariadb.create_schema("osadmin")?;
//! let options = Options {
//!     accounts: vec![Account::new("osadmin", "secret")],
//!     ..Options::default()
//! };
//! let server = options.start_before(mariadb.clone(), |request| {
//!     (request.call == Call::Commit && request.connection == 2).then(|| Answer::PassOn.lost())
//! })?;
//! # Ok::<(), Box<dyn std::error::Error>>(())
//! ```

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
