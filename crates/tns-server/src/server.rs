//! The server: who it listens to, and what it remembers.

use crate::answer::Answer;
use crate::backend::{Backends, Nothing, Request};
use crate::certificate;
use crate::listener::{Asked, Listener};
use crate::login::{Account, Login};
use crate::session;
use rustls::ServerConfig;
use std::io;
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use tempfile::TempDir;

/// Which release of Oracle's protocol the server speaks.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Release {
    /// That of 19c: a log-in of four messages, answers without a mark at their end.
    Nineteen,
    /// That of 23ai: a log-in of two messages, answers with a mark at their end.
    TwentyThree,
}

impl Release {
    pub(crate) fn is_new(self) -> bool {
        self == Self::TwentyThree
    }

    pub(crate) fn field_version(self) -> u8 {
        match self {
            Self::Nineteen => 12,
            Self::TwentyThree => 24,
        }
    }

    /// What drivers read their server's version from.
    pub(crate) fn number(self) -> u32 {
        match self {
            Self::Nineteen => 0x1313_0000,
            Self::TwentyThree => 0x171A_0000,
        }
    }
}

/// What the server lets in, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// Which protocol it speaks.
    pub release: Release,
    /// The services that it knows, in any case.
    pub services: Vec<String>,
    /// The SIDs that it knows, in any case.
    pub sids: Vec<String>,
    /// Who can log in.
    pub accounts: Vec<Account>,
    /// How it treats those who come; a running server can be told otherwise.
    pub listener: Listener,
    /// Whether it speaks TLS from the first byte on, and nothing else.
    pub tls: bool,
    /// The largest packets that it agrees to, from 512 bytes to 2 MiB. Clients ask for 8192 if not told otherwise.
    pub packet_size: usize,
    /// Whether texts have up to 32767 bytes instead of 4000; from there on a client sends them last, like LONGs.
    pub long_strings: bool,
    /// How many cursors a session may have open; one more is answered with ORA-01000.
    pub open_cursors: usize,
    /// The database's name, as clients can ask for it.
    pub database: String,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            release: Release::TwentyThree,
            services: vec!["freepdb1".to_owned()],
            sids: vec!["free".to_owned()],
            accounts: vec![Account::new("system", "let me in").with_sysdba()],
            listener: Listener::Open,
            tls: false,
            packet_size: 2_097_152,
            long_strings: false,
            open_cursors: 300,
            database: "FREE".to_owned(),
        }
    }
}

impl Options {
    /// Starts a server that has its answers from a script, and that knows no statement which the script has no answer to.
    ///
    /// # Errors
    /// If there is no port to listen on, or no certificate can be made.
    pub fn start<A: Into<Option<Answer>>>(
        self,
        script: impl Fn(&Request) -> A + Send + Sync + 'static,
    ) -> io::Result<Server> {
        self.start_before(Nothing, script)
    }

    /// Starts a server that executes what it is asked to.
    ///
    /// # Errors
    /// If there is no port to listen on, or no certificate can be made.
    pub fn start_with(self, backends: impl Backends + 'static) -> io::Result<Server> {
        self.start_before(backends, |_| None)
    }

    /// Starts a server that executes what the script leaves to it, by no answer or by [`Answer::PassOn`].
    ///
    /// # Errors
    /// If there is no port to listen on, or no certificate can be made.
    pub fn start_before<A: Into<Option<Answer>>>(
        self,
        backends: impl Backends + 'static,
        script: impl Fn(&Request) -> A + Send + Sync + 'static,
    ) -> io::Result<Server> {
        let (wallet, tls) = certificate::issue().map_err(io::Error::other)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            script: Box::new(move |request| script(request).into()),
            backends: Box::new(backends),
            listener: Mutex::new(self.listener),
            options: self,
            tls,
            port,
            received: Mutex::default(),
            logins: Mutex::default(),
            open: Mutex::default(),
            fetches: AtomicU64::new(0),
            pings: AtomicU64::new(0),
            logoffs: AtomicU64::new(0),
            breaks: AtomicU64::new(0),
            stopping: AtomicBool::new(false),
        });
        let listening = thread::spawn({
            let shared = Arc::clone(&shared);
            move || listen(&listener, &shared)
        });
        Ok(Server {
            shared,
            wallet,
            listening: Some(listening),
        })
    }

    pub(crate) fn has_service(&self, name: &str) -> bool {
        contains(&self.services, name)
    }

    pub(crate) fn has_sid(&self, name: &str) -> bool {
        contains(&self.sids, name)
    }

    pub(crate) fn account(&self, name: &str) -> Option<&Account> {
        let same = |account: &&Account| account.name.eq_ignore_ascii_case(name);
        self.accounts.iter().find(same)
    }
}

fn contains(names: &[String], name: &str) -> bool {
    names.iter().any(|known| known.eq_ignore_ascii_case(name))
}

/// A running server. Dropped, it stops listening and cuts its connections.
pub struct Server {
    shared: Arc<Shared>,
    wallet: TempDir,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    /// Starts a server with [`Options::default`]. The script is asked for every statement, commit and rollback;
    /// connections ask at once.
    ///
    /// # Errors
    /// If there is no port to listen on, or no certificate can be made.
    pub fn start<A: Into<Option<Answer>>>(
        script: impl Fn(&Request) -> A + Send + Sync + 'static,
    ) -> io::Result<Self> {
        Options::default().start(script)
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.shared.port
    }

    /// What a client without a `tnsnames.ora` connects with, to the first service.
    #[must_use]
    pub fn connect_string(&self) -> String {
        let options = &self.shared.options;
        let protocol = if options.tls { "tcps" } else { "tcp" };
        let service = options
            .services
            .first()
            .map(String::as_str)
            .unwrap_or_default();
        format!("{protocol}://127.0.0.1:{}/{service}", self.port())
    }

    /// The same as a whole descriptor, with no delay before a client says that it wasn't let in.
    #[must_use]
    pub fn descriptor(&self) -> String {
        let options = &self.shared.options;
        let protocol = if options.tls { "tcps" } else { "tcp" };
        let service = options.services.first().map_or("", String::as_str);
        format!(
            "(DESCRIPTION=(RETRY_DELAY=0)(ADDRESS=(PROTOCOL={protocol})(HOST=127.0.0.1)(PORT={}))(CONNECT_DATA=(SERVICE_NAME={service})))",
            self.port()
        )
    }

    /// A directory with the authority that issued its certificate, as `ewallet.pem`. It is this server's own.
    #[must_use]
    pub fn wallet(&self) -> &Path {
        self.wallet.path()
    }

    /// Treats those who come from now on in another way.
    pub fn set_listener(&self, listener: Listener) {
        *lock(&self.shared.listener) = listener;
    }

    /// Cuts all connections that there are, as a firewall does; others can come.
    pub fn cut(&self) {
        self.shared.cut();
    }

    /// Every request up to now, in the order of their arrival.
    #[must_use]
    pub fn received(&self) -> Vec<Request> {
        lock(&self.shared.received).clone()
    }

    /// Every log-in up to now, refused ones as well, be it by the listener.
    #[must_use]
    pub fn logins(&self) -> Vec<Login> {
        lock(&self.shared.logins).clone()
    }

    /// How often a client asked for more rows than came with the answer to a query.
    #[must_use]
    pub fn fetches(&self) -> u64 {
        self.shared.fetches.load(Ordering::SeqCst)
    }

    /// How often somebody pinged.
    #[must_use]
    pub fn pings(&self) -> u64 {
        self.shared.pings.load(Ordering::SeqCst)
    }

    /// How many sessions ended by a log-off instead of a lost connection.
    #[must_use]
    pub fn logoffs(&self) -> u64 {
        self.shared.logoffs.load(Ordering::SeqCst)
    }

    /// How often a client broke off what it had asked for.
    #[must_use]
    pub fn breaks(&self) -> u64 {
        self.shared.breaks.load(Ordering::SeqCst)
    }

    /// How many connections there are.
    #[must_use]
    pub fn connections(&self) -> usize {
        lock(&self.shared.open).len()
    }
}

impl Drop for Server {
    fn drop(&mut self) {
        self.shared.vanish(0);
        if let Some(listening) = self.listening.take() {
            let _ = listening.join();
        }
    }
}

type Script = dyn Fn(&Request) -> Option<Answer> + Send + Sync;

/// What the server's connections have in common.
pub(crate) struct Shared {
    pub(crate) script: Box<Script>,
    pub(crate) backends: Box<dyn Backends>,
    pub(crate) options: Options,
    pub(crate) tls: Arc<ServerConfig>,
    listener: Mutex<Listener>,
    port: u16,
    received: Mutex<Vec<Request>>,
    logins: Mutex<Vec<Login>>,
    open: Mutex<Vec<(u64, TcpStream)>>,
    pub(crate) fetches: AtomicU64,
    pub(crate) pings: AtomicU64,
    pub(crate) logoffs: AtomicU64,
    pub(crate) breaks: AtomicU64,
    stopping: AtomicBool,
}

impl Shared {
    pub(crate) fn listener(&self) -> Listener {
        *lock(&self.listener)
    }

    pub(crate) fn record(&self, request: &Request) {
        lock(&self.received).push(request.clone());
    }

    pub(crate) fn record_login(&self, login: Login) {
        lock(&self.logins).push(login);
    }

    pub(crate) fn refused(&self, connection: u64, encrypted: bool, asked: &Asked, number: u32) {
        self.record_login(Login {
            connection,
            user: String::new(),
            service: asked.name(),
            sysdba: false,
            program: asked.program.clone(),
            machine: asked.machine.clone(),
            driver: String::new(),
            encrypted,
            refused: Some(number),
        });
    }

    /// Listens no more, and cuts all connections; the one of this number last, so that whoever sees it cut finds the others cut.
    pub(crate) fn vanish(&self, last: u64) {
        if !self.stopping.swap(true, Ordering::SeqCst) {
            // Wakes the listener, so that it sees that it should stop.
            let _ = TcpStream::connect((Ipv4Addr::LOCALHOST, self.port));
        }
        lock(&self.open).sort_by_key(|(number, _)| *number == last);
        self.cut();
    }

    fn cut(&self) {
        for (_, tcp) in lock(&self.open).drain(..) {
            // It may be closed already, which is as good.
            let _ = tcp.shutdown(Shutdown::Both);
        }
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
            let _ = session::serve(&shared, number, tcp);
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
