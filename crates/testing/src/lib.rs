//! The servers that tests are run against, where the environment names one.
//!
//! Only tests depend on this crate. Where a server is named and can't be used, a test fails: it was asked for.

#![allow(
    clippy::print_stderr,
    clippy::unwrap_used,
    reason = "a test ends where it is surprised, and says what it did not try"
)]

mod compare;
pub mod oracle;
mod parsers;

pub use compare::{rows, tables};
pub use parsers::{Named, judge};

use std::sync::atomic::{AtomicU32, Ordering};
use std::time::Duration;

use envclone_db::sqlserver::{Encryption, Login, Place, Server, Side, SqlServer, Trust};
use envclone_db::{Access, DbError, Engine as _, Go};

/// Names a SQL Server whose login may create databases: `host:port;user;password`, and `;trust` where its certificate
/// is to be believed whoever signed it.
pub const SQL_SERVER: &str = "ENVCLONE_TEST_SQLSERVER";

/// The SQL Server that the environment names; nothing, and a line that says so, where it names none.
///
/// # Panics
/// Where it names none in the right form.
#[must_use]
pub fn sql_server() -> Option<Server> {
    let Ok(text) = std::env::var(SQL_SERVER) else {
        eprintln!("not run: {SQL_SERVER} names no server");
        return None;
    };
    let server = parse(&text);
    // The text is not shown: it has a password.
    assert!(
        server.is_some(),
        "{SQL_SERVER} is not `host:port;user;password[;trust]`"
    );
    server
}

fn parse(text: &str) -> Option<Server> {
    let parts: Vec<&str> = text.split(';').collect();
    let (at, user, password, trust) = match parts[..] {
        [at, user, password] => (at, user, password, Trust::System),
        [at, user, password, "trust"] => (at, user, password, Trust::Any),
        _ => return None,
    };
    let (host, port) = at.rsplit_once(':')?;
    Some(Server {
        label: "test".to_owned(),
        host: host.to_owned(),
        place: Place::Port(port.parse().ok()?),
        login: Login::Sql {
            user: user.to_owned(),
            password: password.to_owned().into(),
        },
        encryption: Encryption::On,
        trust,
        application: "envclone tests".to_owned(),
        connect: Duration::from_secs(30),
        command: Some(Duration::from_secs(300)),
        lock: Duration::from_secs(30),
        multi_subnet: false,
        read_intent: false,
    })
}

/// Databases of a test, empty at first and gone at its end.
pub struct Databases {
    server: Server,
    names: Vec<String>,
}

impl Databases {
    /// Creates so many empty databases on a server, with names that begin like this.
    ///
    /// # Panics
    /// Where one can't be created.
    #[must_use]
    pub fn create(server: &Server, begin: &str, count: usize) -> Self {
        static NEXT: AtomicU32 = AtomicU32::new(0);
        let mut databases = Self {
            server: server.clone(),
            names: Vec::new(),
        };
        for _ in 0..count {
            let number = NEXT.fetch_add(1, Ordering::Relaxed);
            let name = format!("{begin}_{}_{number}", std::process::id());
            databases.create_one(&name).unwrap();
            databases.names.push(name);
        }
        databases
    }

    /// Takes on databases that somebody else creates: they are gone at the end as well.
    pub fn adopt(&mut self, names: &[String]) {
        self.names.extend_from_slice(names);
    }

    /// Two at a time are too many for some engines.
    fn create_one(&self, name: &str) -> Result<(), DbError> {
        let mut last = Ok(());
        for _ in 0..20 {
            last = self.master(&format!("CREATE DATABASE [{name}]"));
            if last.is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(500));
        }
        last
    }

    /// The names, in the order of their creation, without the server.
    #[must_use]
    pub fn names(&self) -> &[String] {
        &self.names
    }

    /// The engine that opens them, named `NAME@test`.
    #[must_use]
    pub fn engine(&self) -> SqlServer {
        let side = Side {
            name: "target".to_owned(),
            server: self.server.clone(),
            catalogs: self.names.clone(),
            writable: true,
        };
        SqlServer::new(vec![side], || false)
    }

    fn master(&self, sql: &str) -> Result<(), DbError> {
        let mut session = self.engine().open("master@test", Access::Read)?;
        session.query(sql, &mut |_| Go::Continue(()))
    }

    fn drop_database(&self, name: &str) -> Result<(), DbError> {
        let mut last = Ok(());
        // A server may take a moment to notice that a session has ended.
        for _ in 0..20 {
            last = self.master(&format!("DROP DATABASE [{name}]"));
            if last.is_ok() {
                break;
            }
            std::thread::sleep(Duration::from_millis(250));
        }
        last
    }
}

impl Drop for Databases {
    fn drop(&mut self) {
        for name in &self.names {
            if let Err(error) = self.drop_database(name) {
                eprintln!("the database {name} is left behind: {error}");
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Place, Trust, parse};

    #[test]
    fn a_server_is_a_place_a_login_and_whom_to_believe() {
        let server = parse("localhost:11433;sa;se:cret;trust").unwrap();
        assert_eq!(server.host, "localhost");
        assert_eq!(server.place, Place::Port(11433));
        assert_eq!(server.trust, Trust::Any);
        assert_eq!(parse("h:1;u;p").unwrap().trust, Trust::System);
        for wrong in ["", "h;u;p", "h:x;u;p", "h:1;u", "h:1;u;p;yes"] {
            assert!(parse(wrong).is_none(), "{wrong}");
        }
    }
}
