//! The server: who it listens to, what it is told to do wrong, and what it remembers.

use crate::answer::Answer;
use crate::state::State;
use crate::wire::{self, Request};
use crate::{certificate, lifetime, service_center};
use rustls::{ServerConfig, ServerConnection, StreamOwned};
use std::io::{self, Read, Write};
use std::net::{Ipv4Addr, Shutdown, TcpListener, TcpStream};
use std::path::Path;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};
use std::thread::{self, JoinHandle};
use std::time::Duration;
use tempfile::NamedTempFile;

/// What the server is, and what it begins with.
#[derive(Clone, Debug)]
pub struct Options {
    /// Whether it speaks TLS.
    pub tls: bool,
    /// The token of the one service account.
    pub token: String,
    /// Which release of LifeTime 11 it is, 13 for 11.13.0. Calls that came later are unknown to it.
    pub version: u32,
    /// The status that it answers unknown paths and methods with: 404 or 405.
    pub unknown_path: u16,
    /// User and password of Service Center's administrator, in every environment.
    pub administrator: (String, String),
    /// The platform's version that Service Center names.
    pub platform: String,
    /// The serial number that Service Center names.
    pub serial: String,
    /// Why every test of a database connection fails, if it does.
    pub database_trouble: Option<String>,
    /// What it knows.
    pub state: State,
}

impl Default for Options {
    fn default() -> Self {
        Self {
            tls: false,
            token: "a-token-of-a-service-account".to_owned(),
            version: 22,
            unknown_path: 404,
            administrator: ("admin".to_owned(), "open sesame".to_owned()),
            platform: "11.33.0.44280".to_owned(),
            serial: "ABC-DEF-GHI".to_owned(),
            database_trouble: None,
            state: State::default(),
        }
    }
}

/// What goes wrong with one request.
#[derive(Clone, Debug)]
pub enum Fault {
    /// Another status and body; the deed is not done.
    Status(u16, String),
    /// A redirect to there; the deed is not done.
    Redirect(String),
    /// The connection is cut; the deed is not done.
    CutBefore,
    /// The deed is done, then the connection is cut.
    CutAfter,
    /// The deed is done, and half of the answer sent.
    CutWithin,
    /// The connection is cut, the deed is done after this time.
    Behind(Duration),
    /// The deed is done, then nothing happens for this time, then the answer is sent.
    Slow(Duration),
    /// The deed is done, then another status and body are sent.
    After(u16, String),
}

struct Planned {
    method: String,
    path: String,
    fault: Fault,
}

impl Options {
    /// Starts a server with these options.
    ///
    /// # Errors
    /// If there is no port to listen on, or no certificate can be made.
    pub fn start(self) -> io::Result<Server> {
        let (authority, tls) = certificate::issue().map_err(io::Error::other)?;
        let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = listener.local_addr()?.port();
        let shared = Arc::new(Shared {
            state: Mutex::new(self.state.clone()),
            options: self,
            tls,
            planned: Mutex::default(),
            received: Mutex::default(),
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
}

/// A running server. Dropped, it stops listening and cuts its connections.
pub struct Server {
    shared: Arc<Shared>,
    port: u16,
    authority: NamedTempFile,
    listening: Option<JoinHandle<()>>,
}

impl Server {
    /// Where it is, as `https://127.0.0.1:port` or `http://127.0.0.1:port`.
    #[must_use]
    pub fn address(&self) -> String {
        let scheme = if self.shared.options.tls {
            "https"
        } else {
            "http"
        };
        format!("{scheme}://127.0.0.1:{}", self.port)
    }

    /// The authority that issued its certificate, as a file of type `.pem`. It is this server's own.
    #[must_use]
    pub fn authority(&self) -> &Path {
        self.authority.path()
    }

    /// Lets the next request fail that has this method, and this text in its path. Each fault is used once, in the order
    /// in which they were named.
    pub fn fail(&self, method: &str, path: &str, fault: Fault) {
        lock(&self.shared.planned).push(Planned {
            method: method.to_owned(),
            path: path.to_owned(),
            fault,
        });
    }

    /// Every request up to now, in the order of their arrival.
    #[must_use]
    pub fn received(&self) -> Vec<Request> {
        lock(&self.shared.received).clone()
    }

    /// How many requests with this method, and this text in their path, came up to now.
    #[must_use]
    pub fn count(&self, method: &str, path: &str) -> usize {
        let received = lock(&self.shared.received);
        let like = |request: &&Request| request.method == method && request.path.contains(path);
        received.iter().filter(like).count()
    }

    /// What it knows now.
    #[must_use]
    pub fn state(&self) -> State {
        lock(&self.shared.state).clone()
    }

    /// Changes what it knows.
    pub fn change(&self, change: impl FnOnce(&mut State)) {
        change(&mut lock(&self.shared.state));
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
        for tcp in lock(&self.shared.open).drain(..) {
            let _ = tcp.shutdown(Shutdown::Both);
        }
    }
}

struct Shared {
    options: Options,
    tls: Arc<ServerConfig>,
    state: Mutex<State>,
    planned: Mutex<Vec<Planned>>,
    received: Mutex<Vec<Request>>,
    open: Mutex<Vec<TcpStream>>,
    stopping: AtomicBool,
}

fn lock<T>(mutex: &Mutex<T>) -> MutexGuard<'_, T> {
    mutex.lock().unwrap_or_else(PoisonError::into_inner)
}

fn listen(listener: &TcpListener, shared: &Arc<Shared>) {
    for tcp in listener.incoming() {
        if shared.stopping.load(Ordering::SeqCst) {
            return;
        }
        let Ok((tcp, copy)) = tcp.and_then(|tcp| Ok((tcp.try_clone()?, tcp))) else {
            continue;
        };
        lock(&shared.open).push(copy);
        let shared = Arc::clone(shared);
        thread::spawn(move || {
            // What a client does wrong, or how it leaves, is for its test to find out.
            let _ = serve(tcp, &shared);
        });
    }
}

fn serve(tcp: TcpStream, shared: &Shared) -> io::Result<()> {
    let connection = tcp.try_clone()?;
    let end = || connection.shutdown(Shutdown::Both);
    let served = if shared.options.tls {
        let tls = ServerConnection::new(Arc::clone(&shared.tls)).map_err(io::Error::other)?;
        let mut stream = StreamOwned::new(tls, tcp);
        converse(&mut stream, &end, shared).and_then(|()| {
            stream.conn.send_close_notify();
            stream.flush()
        })
    } else {
        converse(&mut &tcp, &end, shared)
    };
    // The list of open connections holds the socket as well, so dropping it doesn't close it.
    end().and(served)
}

/// One request and its answer. Left with an error, the connection is cut.
fn converse(
    stream: &mut (impl Read + Write),
    end: &impl Fn() -> io::Result<()>,
    shared: &Shared,
) -> io::Result<()> {
    let Some(request) = wire::read(stream)? else {
        return Ok(());
    };
    let fault = fault(&request, shared);
    lock(&shared.received).push(request.clone());
    let cut = || Err(io::Error::from(io::ErrorKind::ConnectionAborted));
    match fault {
        None => wire::write(stream, &deed(&request, shared), false),
        Some(Fault::Status(status, body)) => wire::write(stream, &Answer::new(status, body), false),
        Some(Fault::Redirect(to)) => wire::write(stream, &Answer::redirect(to), false),
        Some(Fault::CutBefore) => cut(),
        Some(Fault::CutAfter) => {
            deed(&request, shared);
            cut()
        }
        Some(Fault::CutWithin) => {
            wire::write(stream, &deed(&request, shared), true)?;
            cut()
        }
        Some(Fault::Behind(time)) => {
            end()?;
            thread::sleep(time);
            deed(&request, shared);
            cut()
        }
        Some(Fault::Slow(time)) => {
            let answer = deed(&request, shared);
            thread::sleep(time);
            wire::write(stream, &answer, false)
        }
        Some(Fault::After(status, body)) => {
            deed(&request, shared);
            wire::write(stream, &Answer::new(status, body), false)
        }
    }
}

fn fault(request: &Request, shared: &Shared) -> Option<Fault> {
    let mut planned = lock(&shared.planned);
    let position = planned
        .iter()
        .position(|fault| fault.method == request.method && request.path.contains(&fault.path))?;
    Some(planned.remove(position).fault)
}

fn deed(request: &Request, shared: &Shared) -> Answer {
    let answer = lifetime::respond(request, &mut lock(&shared.state), &shared.options);
    answer
        .or_else(|| service_center::respond(request, &shared.options))
        .unwrap_or_else(|| Answer::new(404, "<html>404 - File or directory not found.</html>"))
}
