//! Plays LifeTime and Service Center for tests, on 127.0.0.1.
//!
//! It keeps environments, roles and database connections as state, changes them as the documented calls of the LifeTime
//! API v2 say, and answers in the documented shapes. Told to, it fails: slowly, with another status, with a redirect, or
//! by cutting the connection before or after the deed. What it received is kept for the test to look at.
//!
//! What the documentation leaves open is a guess here, and no test of a client proves more than the guess: the body of a
//! 401, that an address with a scheme is refused, what an older LifeTime answers on paths that it does not have ([`Options::unknown_path`]), the status for wrong
//! Service Center credentials (400), and that a test of a connection fails with 500. Not played: paging (the API has
//! none), HTTP/2, compression, connections that are kept open, chunked requests.
//!
//! The bytes are read by `httparse`, the parser of `hyper`, which the client's library brings along anyhow; the rest of
//! HTTP that this needs is a length and a status. A whole server library (`tiny_http`, `hyper`) would spare those few
//! lines, but stands between a test and the moment at which a connection is cut, and `hyper` wants a runtime.
//!
//! ```
//! use envclone_lifetime_server::{Fault, Options};
//!
//! let server = Options::default().start()?;
//! server.fail("DELETE", "/environments/", Fault::CutAfter);
//! // … a client unregisters something at server.address() …
//! assert!(server.received().is_empty());
//! assert_eq!(server.state().environments.len(), 3);
//! # Ok::<(), std::io::Error>(())
//! ```

mod answer;
mod certificate;
mod lifetime;
mod server;
mod service_center;
mod state;
mod wire;

pub use server::{Fault, Options, Server};
pub use state::{Connection, Environment, Holder, Permission, Role, State};
pub use wire::Request;
