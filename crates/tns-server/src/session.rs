//! One connection, from the listener to its end.

use crate::answer::OracleError;
use crate::backend::{Backend, Session as Who};
use crate::bytes::{Reader, Writer, invalid};
use crate::calls::{Function, Known, Message};
use crate::cursor::Cursor;
use crate::handshake::{self, Opening};
use crate::listener::{self, Asked};
use crate::lob::Lobs;
use crate::login::{self, Challenge, Login};
use crate::respond::{self, Outcome};
use crate::server::Shared;
use crate::wire::{Packet, Wire, kind, marker};
use std::collections::HashMap;
use std::io::{self, ErrorKind};
use std::net::TcpStream;
use std::sync::atomic::Ordering;
use std::time::Duration;

/// How long to wait for more of a message that may be complete.
const MORE: Duration = Duration::from_millis(10);

/// How a call ended.
#[derive(Debug, Eq, PartialEq)]
pub(crate) enum End {
    Answered,
    /// The client broke it off.
    Broken,
    /// The connection is to be closed.
    Closed,
}

/// Serves a client until one of both goes.
pub(crate) fn serve(shared: &Shared, number: u64, tcp: TcpStream) -> io::Result<()> {
    let mut wire = Wire::new(tcp)?;
    if shared.options.tls {
        wire.start_tls(shared.tls.clone())?;
    }
    if let Some(asked) = listener::receive(&mut wire, shared, number)?
        && let Some((who, backend)) = log_in(&mut wire, shared, number, &asked)?
    {
        Session::new(shared, wire, who, backend).serve()?;
    }
    Ok(())
}

/// Puts a message together from its packets and reads it. Not all clients mark the last one, so what says that it is
/// complete is that it can be read.
fn read<T>(wire: &mut Wire, first: Packet, read: impl Fn(&[u8]) -> io::Result<T>) -> io::Result<T> {
    let mut body = first.body;
    let mut full = first.full;
    loop {
        while full {
            let Some(packet) = wire.packet_within(MORE)? else {
                break;
            };
            body.extend(data(&packet)?);
            full = packet.full;
        }
        match read(&body) {
            Err(error) if error.kind() == ErrorKind::UnexpectedEof => {
                let packet = wire.next_packet()?;
                body.extend(data(&packet)?);
                full = packet.full;
            }
            read => return read,
        }
    }
}

fn data(packet: &Packet) -> io::Result<&[u8]> {
    match packet.kind {
        kind::DATA => Ok(&packet.body),
        other => Err(invalid(format!("a packet {other:#x} amid a message"))),
    }
}

/// A message of the handshake, or the log-in's first.
enum First {
    Protocol,
    Types,
    LogIn(login::Message),
    AllAtOnce(login::Message),
}

fn opening(body: &[u8]) -> io::Result<First> {
    let login = |mut rest| login_message(&mut rest, login::function::FIRST, 0);
    Ok(match handshake::opening(body)? {
        Opening::Protocol => First::Protocol,
        Opening::Types => First::Types,
        Opening::LogIn(rest) => First::LogIn(login(rest)?),
        Opening::AllAtOnce(rest) => First::AllAtOnce(login(rest)?),
    })
}

/// The log-in, up to a session and what executes its statements.
fn log_in(
    wire: &mut Wire,
    shared: &Shared,
    number: u64,
    asked: &Asked,
) -> io::Result<Option<(Who, Box<dyn Backend>)>> {
    let mut out = Writer::default();
    let first = loop {
        let packet = wire.next_packet()?;
        match read(wire, packet, opening)? {
            First::Protocol => handshake::protocol(&mut out, &shared.options),
            First::Types => handshake::agreed_types(&mut out),
            First::LogIn(message) => break message,
            First::AllAtOnce(message) => {
                handshake::protocol(&mut out, &shared.options);
                handshake::agreed_types(&mut out);
                break message;
            }
        }
        wire.send_data(&std::mem::take(&mut out.0))?;
    };
    let version = shared.options.release.field_version();
    let account = shared.options.account(&first.user);
    let challenge = Challenge::new(account)?;
    challenge.write(&mut out)?;
    finish(wire, &mut out, version, None)?;

    let packet = wire.next_packet()?;
    let second = read(wire, packet, |body| {
        login_message(&mut Reader(body), login::function::SECOND, version)
    })?;
    let mut record = Login {
        connection: number,
        user: first.user.clone(),
        service: asked.name(),
        sysdba: second.sysdba(),
        program: first.get("AUTH_PROGRAM_NM").to_owned(),
        machine: first.get("AUTH_MACHINE").to_owned(),
        driver: second.get("SESSION_CLIENT_DRIVER_NAME").to_owned(),
        encrypted: wire.encrypted(),
        refused: None,
    };
    let key = challenge.met_by(&second)?;
    let let_in = match (account, key) {
        (Some(account), Some(key)) => match login::objection(account, &second) {
            Some(objection) => Err(objection),
            None => {
                let name = account.name.to_uppercase();
                let user = if second.sysdba() {
                    "SYS".to_owned()
                } else {
                    name.clone()
                };
                let who = Who {
                    connection: number,
                    user,
                    account: name,
                };
                shared
                    .backends
                    .open(&who)
                    .map(|backend| (who, backend, key))
            }
        },
        (Some(account), None) if account.state == login::AccountState::Locked => {
            Err(OracleError::new(28_000, "The account is locked."))
        }
        _ => Err(login::wrong_password()),
    };
    record.refused = let_in.as_ref().err().map(|error| error.number);
    shared.record_login(record);
    match let_in {
        Ok((who, backend, key)) => {
            login::welcome(&mut out, &key, &facts(shared, number, asked))?;
            finish(wire, &mut out, version, None)?;
            Ok(Some((who, backend)))
        }
        Err(error) => {
            finish(wire, &mut out, version, Some(&error))?;
            Ok(None)
        }
    }
}

fn login_message(rest: &mut Reader<'_>, function: u8, version: u8) -> io::Result<login::Message> {
    const FUNCTION: u8 = 3;
    const TOKENS: u8 = 18;
    if (rest.u8()?, rest.u8()?) != (FUNCTION, function) {
        return Err(invalid("something else where a log-in should be"));
    }
    rest.u8()?;
    if version >= TOKENS {
        rest.number()?;
    }
    login::Message::read(rest)
}

/// What a client is told about the session and the database.
fn facts(shared: &Shared, number: u64, asked: &Asked) -> Vec<(&'static str, String)> {
    let options = &shared.options;
    vec![
        ("AUTH_VERSION_STRING", "- Production".to_owned()),
        ("AUTH_VERSION_NO", options.release.number().to_string()),
        ("AUTH_SESSION_ID", number.to_string()),
        ("AUTH_SERIAL_NUM", (number + 1000).to_string()),
        ("AUTH_DBNAME", options.database.clone()),
        ("AUTH_SC_DB_DOMAIN", String::new()),
        ("AUTH_SC_DBUNIQUE_NAME", options.database.clone()),
        ("AUTH_SC_SERVICE_NAME", asked.name()),
        ("AUTH_INSTANCENAME", options.database.clone()),
        ("AUTH_MAX_OPEN_CURSORS", options.open_cursors.to_string()),
        ("AUTH_MAX_IDEN_LENGTH", "128".to_owned()),
    ]
}

fn finish(
    wire: &mut Wire,
    out: &mut Writer,
    version: u8,
    error: Option<&OracleError>,
) -> io::Result<()> {
    let outcome = Outcome {
        error,
        cursor: 0,
        rows: 0,
        in_transaction: false,
    };
    respond::outcome(out, version, &outcome);
    if wire.marks_the_end {
        respond::end(out);
    }
    wire.send_data(&std::mem::take(&mut out.0))
}

/// Somebody who is logged in.
pub(crate) struct Session<'a> {
    pub(crate) shared: &'a Shared,
    pub(crate) wire: Wire,
    pub(crate) who: Who,
    pub(crate) backend: Box<dyn Backend>,
    pub(crate) version: u8,
    pub(crate) cursors: HashMap<u32, Cursor>,
    pub(crate) last_cursor: u32,
    pub(crate) lobs: Lobs,
    /// Whether something was changed since the last commit, as far as one can see from outside.
    pub(crate) changed: bool,
    pub(crate) out: Writer,
}

impl<'a> Session<'a> {
    fn new(shared: &'a Shared, wire: Wire, who: Who, backend: Box<dyn Backend>) -> Self {
        Self {
            shared,
            wire,
            who,
            backend,
            version: shared.options.release.field_version(),
            cursors: HashMap::new(),
            last_cursor: 0,
            lobs: Lobs::default(),
            changed: false,
            out: Writer::default(),
        }
    }

    fn serve(mut self) -> io::Result<()> {
        loop {
            let packet = self.wire.next_packet()?;
            if let Some(marker) = packet.marker() {
                self.break_off(marker)?;
                continue;
            }
            if packet.leaving() {
                return Ok(());
            }
            let known = Known {
                field_version: self.version,
                longest: if self.shared.options.long_strings {
                    32_767
                } else {
                    4000
                },
                cursors: &self.cursors,
            };
            let message = read(&mut self.wire, packet, |body| known.read(body))?;
            self.out.0.clear();
            match self.call(message)? {
                End::Answered => self.send()?,
                End::Broken => self.break_off(marker::BREAK)?,
                End::Closed => break,
            }
        }
        self.wire.cut();
        Ok(())
    }

    fn call(&mut self, message: Message) -> io::Result<End> {
        for cursor in message.closed {
            self.cursors.remove(&cursor);
        }
        self.lobs.free(&message.freed);
        if let Some(schema) = message.schema {
            let statement = format!("ALTER SESSION SET CURRENT_SCHEMA = \"{schema}\"");
            self.aside(&statement);
        }
        match message.function {
            Function::Execute(call) => return self.execute(call),
            Function::Fetch { cursor, rows } => {
                self.shared.fetches.fetch_add(1, Ordering::SeqCst);
                return self.fetch(cursor, rows, false);
            }
            Function::Commit => return self.end_transaction(true),
            Function::Rollback => return self.end_transaction(false),
            Function::Lob(call) => {
                let error = self.lobs.call(&call, &mut self.out).err();
                self.outcome(error.as_ref(), 0, 0);
            }
            Function::Ping => {
                self.shared.pings.fetch_add(1, Ordering::SeqCst);
                self.status();
            }
            Function::Logoff => {
                self.shared.logoffs.fetch_add(1, Ordering::SeqCst);
                self.status();
            }
            Function::Unknown(number) => {
                let message = format!("unimplemented feature: function {number}");
                self.outcome(Some(&OracleError::new(3001, message)), 0, 0);
            }
        }
        Ok(End::Answered)
    }

    /// Answers a client that broke off what it had asked for: it takes no notice of anything before the second marker.
    fn break_off(&mut self, first: u8) -> io::Result<()> {
        self.shared.breaks.fetch_add(1, Ordering::SeqCst);
        if first != marker::RESET {
            self.wire.send_marker(marker::BREAK)?;
            while self.wire.next_packet()?.marker() != Some(marker::RESET) {}
        }
        self.wire.send_marker(marker::RESET)?;
        self.out.0.clear();
        let cancelled = OracleError::new(1013, "user requested cancel of current operation");
        self.outcome(Some(&cancelled), 0, 0);
        self.send()
    }

    pub(crate) fn outcome(&mut self, error: Option<&OracleError>, cursor: u32, rows: u64) {
        let outcome = Outcome {
            error,
            cursor,
            rows,
            in_transaction: self.changed,
        };
        respond::outcome(&mut self.out, self.version, &outcome);
    }

    pub(crate) fn status(&mut self) {
        respond::status(&mut self.out, self.changed);
    }

    fn send(&mut self) -> io::Result<()> {
        if self.wire.marks_the_end {
            respond::end(&mut self.out);
        }
        self.wire.send_data(&self.out.0)
    }
}
