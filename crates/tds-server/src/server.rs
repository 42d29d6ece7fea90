//! The server: who it listens to, and what it remembers.

use crate::answer::Answer;
use crate::certificate;
use crate::connection::Connection;
use crate::login::{Encryption, Login};
use rustls::ServerConfig;
use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use tempfile::NamedTempFile;

/// What a client asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// Counts the server's connections from 1.
    pub connection: u64,
    /// The database that the session is in.
    pub database: String,
    /// The whole batch, or the statement that `sp_executesql` was called with.
    pub sql: String,
    /// Whether it was called through `sp_executesql`, where a real server objects to `BEGIN TRANSACTION`.
    pub call: bool,
}

impl Request {
    /// The parts of a batch whose author begins each one after the first on a line of its own, with a semicolon.
    #[must_use]
    pub fn parts(&self) -> Vec<&str> {
        self.sql.split("\n;").collect()
    }
}

/// What the server lets in, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether it can, or has to, speak TLS.
    pub encryption: Encryption,
    /// The one log-in.
    pub user: String,
    /// Its password; any other is answered with error 18456.
    pub password: String,
    /// The databases that exist, in any case, besides `master`; empty for all that somebody asks for. Any other is
    /// answered with error 4060.
    pub databases: Vec<String>,
    /// The largest packets that it agrees to, from 512 to 32767 bytes.
    pub packet_size: usize,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            encryption: Encryption::Offered,
            user: "sa".to_owned(),
            password: "let me in".to_owned(),
            databases: Vec::new(),
            packet_size: 32_767,
        }
    }
}

impl Options {
    /// Starts a server with these options.
    ///
    /// # Errors
    /// If there is no port to listen on, or no certificate can be made.
    pub fn start(
        self,
        script: impl Fn(&Request) -> Answer + Send + Sync + 'static,
    ) -> io::Result<Server> {
        let (authority, tls) = certificate::issue().map_err(io::Error::other)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            script: Box::new(script),
            options: self,
            tls,
            received: Mutex::default(),
            logins: Mutex::default(),
            open: Mutex::default(),
            stopping: AtomicBool::new(false),
        });
        let listening = thread::spawn({
            let shared = Arc::clone(&shared);
            move || listen(&listener, &shared)
        });
        Ok(Server {
            shared,
            port,
            authority,
            listening: Some(listening),
        })
    }

    pub(crate) fn granted(&self, asked: usize) -> usize {
        match asked {
            0 => 4096.min(self.packet_size),
            asked => asked.min(self.packet_size),
        }
        .max(512)
    }

    pub(crate) fn has_database(&self, name: &str) -> bool {
        let system = ["", "master"].map(str::to_owned);
        self.databases.is_empty()
            || system
                .iter()
                .chain(&self.databases)
                .any(|known| known.eq_ignore_ascii_case(name))
    }
}

/// A running server. Dropped, it stops listening and cuts its connections.
pub struct Server {
    shared: Arc<Shared>,
    port: u16,
    authority: NamedTempFile,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server with [`Options::default`]. The script is asked for every request; connections ask at once.
    ///
    /// # Errors
    /// If there is no port to listen on, or no certificate can be made.
    pub fn start(script: impl Fn(&Request) -> Answer + Send + Sync + 'static) -> io::Result<Self> {
        Options::default().start(script)
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }

    /// The authority that issued its certificate, as a file of type `.pem`. It is this server's own.
    #[must_use]
    pub fn authority(&self) -> &Path {
        self.authority.path()
    }

    /// Every request up to now, in the order of their arrival.
    #[must_use]
    pub fn received(&self) -> Vec<Request> {
        self.shared.received().clone()
    }

    /// Every log-in up to now, refused ones as well.
    #[must_use]
    pub fn logins(&self) -> Vec<Login> {
        self.shared.logins().clone()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.stopping.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees that it should stop.
        let woken = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        if let (Ok(_), Some(listening)) = (woken, self.listening.take()) {
            let _ = listening.join();
        }
        for (_, tcp) in lock(&self.shared.open).drain(..) {
            let _ = tcp.shutdown(Shutdown::Both);
        }
    }
}

type Script = dyn Fn(&Request) -> Answer + Send + Sync;

/// What the server's connections have in common.
pub(crate) struct Shared {
    pub(crate) script: Box<Script>,
    pub(crate) options: Options,
    pub(crate) tls: Arc<ServerConfig>,
    received: Mutex<Vec<Request>>,
    logins: Mutex<Vec<Login>>,
    open: Mutex<Vec<(u64, TcpStream)>>,
    stopping: AtomicBool,
}

impl Shared {
    pub(crate) fn received(&self) -> MutexGuard<'_, Vec<Request>> {
        lock(&self.received)
    }

    pub(crate) fn logins(&self) -> MutexGuard<'_, Vec<Login>> {
        lock(&self.logins)
    }
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    // A script that panicked must not hide what was received before.
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for (number, tcp) in (1..).zip(listener.incoming()) {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok((tcp, copy)) = tcp.and_then(|tcp| Ok((tcp.try_clone()?, tcp))) else {
            continue;
        };
        lock(&shared.open).push((number, copy));
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            let _closing = Closing(&shared, number);
            // What a client does wrong, or how it leaves, is for its test to find out.
            let _ = Connection::new(&shared, number, tcp).and_then(Connection::serve);
        });
    }
}

/// Closes a connection when its thread ends, also where the script panicked.
struct Closing<'a>(&'a Shared, u64);

impl Drop for Closing<'_> {
    fn drop(&mut self) {
        lock(&self.0.open).retain(|(number, tcp)| {
            let mine = *number == self.1;
            if mine {
                let _ = tcp.shutdown(Shutdown::Both);
            }
            !mine
        });
    }
}
