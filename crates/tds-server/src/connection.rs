//! One connection, from its log-in to its end.

use crate::answer::{Answer, Cell, Type};
use crate::bytes::{Reader, invalid, utf16};
use crate::login::{self, Extent, Login};
use crate::server::{Request, Shared};
use crate::token::{self, Done};
use crate::wire::{Wire, kind};
use std::io;
use std::net::TcpStream;

/// How much of a prepared answer is put into packets at once: as much as stays in the processor's cache.
const PIECE: usize = 64 * 1024;

/// How a request ended.
#[derive(Eq, PartialEq)]
enum End {
    Answered,
    /// The client cancelled it.
    Cancelled,
    /// The script closed the connection.
    Closed,
}

pub(crate) struct Connection<'a> {
    shared: &'a Shared,
    number: u64,
    wire: Wire,
    database: String,
    /// Whether the request that is being answered is a call.
    call: bool,
    /// Whether the answer has said that nothing follows.
    ended: bool,
}

impl<'a> Connection<'a> {
    pub(crate) fn new(shared: &'a Shared, number: u64, tcp: TcpStream) -> io::Result<Self> {
        Ok(Self {
            shared,
            number,
            wire: Wire::new(tcp)?,
            database: String::new(),
            call: false,
            ended: false,
        })
    }

    /// Serves the client until one of both goes.
    pub(crate) fn serve(mut self) -> io::Result<()> {
        if self.log_in()? {
            while self.request()? != End::Closed {}
        }
        self.wire.cut();
        Ok(())
    }

    fn log_in(&mut self) -> io::Result<bool> {
        let options = &self.shared.options;
        let message = self.wire.message(kind::PRELOGIN)?;
        let (answer, extent) = login::prelogin(&message, options.encryption)?;
        self.wire.out = answer;
        self.wire.finish()?;
        if extent != Extent::Nothing {
            self.wire.start_tls(self.shared.tls.clone())?;
        }
        let message = self.wire.message(kind::LOGIN)?;
        if extent == Extent::Login {
            self.wire.end_tls();
        }
        let login = login::login(&message, self.number, self.wire.encrypted())?;
        self.shared.logins().push(login.clone());
        let welcome = self.welcome(&login);
        self.wire.finish()?;
        if welcome {
            self.wire.packet_size = options.granted(login.packet_size);
        }
        Ok(welcome)
    }

    /// Lets somebody in, or says why not.
    fn welcome(&mut self, login: &Login) -> bool {
        let options = &self.shared.options;
        let out = &mut self.wire.out;
        let refused = format!("Login failed for user '{}'.", login.user);
        if login.user != options.user || login.password != options.password {
            token::error(out, 18456, 14, 1, &refused);
        } else if !options.has_database(&login.database) {
            let missing = format!(
                "Cannot open database \"{}\" requested by the login. The login failed.",
                login.database
            );
            token::error(out, 4060, 11, 1, &missing);
            token::error(out, 18456, 14, 1, &refused);
        } else {
            self.database = match login.database.as_str() {
                "" => "master".to_owned(),
                name => name.to_owned(),
            };
            token::database_changed(out, &self.database, "master");
            token::logged_in(out, options.granted(login.packet_size));
            token::done(out, Done::Batch, 0, None);
            return true;
        }
        token::done(out, Done::Batch, token::FAILED, None);
        false
    }

    fn request(&mut self) -> io::Result<End> {
        let message = self.wire.any_message()?;
        let sql = match message.kind {
            kind::BATCH => utf16(after_headers(&message.body)?),
            kind::CALL => called_sql(after_headers(&message.body)?)?,
            kind::ATTENTION => {
                self.acknowledge()?;
                return Ok(End::Cancelled);
            }
            other => {
                return Err(invalid(format!(
                    "the script can't answer a message {other:#x}"
                )));
            }
        };
        self.call = message.kind == kind::CALL;
        self.ended = false;
        let request = Request {
            connection: self.number,
            database: self.database.clone(),
            sql,
            call: self.call,
        };
        self.shared.received().push(request.clone());
        let answer = (self.shared.script)(&request);
        let end = self.play(answer, false)?;
        match end {
            End::Answered => self.complete()?,
            End::Cancelled => self.acknowledge()?,
            End::Closed => {}
        }
        Ok(end)
    }

    /// Sends an answer; `more` says that others of the same batch follow.
    fn play(&mut self, answer: Answer, more: bool) -> io::Result<End> {
        match answer {
            Answer::Done => self.done(more, 0, None),
            Answer::Changed(rows) => self.done(more, 0, Some(rows)),
            Answer::Rows { columns, rows } => {
                self.rows(&columns, &rows)?;
                self.done(more, 0, Some(rows.len() as u64));
            }
            Answer::Again(result, times) => {
                token::columns(&mut self.wire.out, result.columns());
                for _ in 0..times {
                    for piece in result.bytes.chunks(PIECE) {
                        self.wire.out.extend(piece);
                        self.wire.send_full()?;
                    }
                }
                self.done(more, 0, Some(result.rows * times));
            }
            Answer::Info(text) => token::info(&mut self.wire.out, 0, &text),
            Answer::Use(name) => {
                token::database_changed(&mut self.wire.out, &name, &self.database);
                self.database = name;
                self.done(more, 0, None);
            }
            Answer::Error {
                number,
                severity,
                state,
                message,
                then_close,
            } => {
                token::error(&mut self.wire.out, number, severity, state, &message);
                self.done(more && !then_close, token::FAILED, None);
                if then_close {
                    self.complete()?;
                    return Ok(End::Closed);
                }
            }
            Answer::Many(answers) => {
                let count = answers.len();
                for (at, answer) in answers.into_iter().enumerate() {
                    let end = self.play(answer, more || at + 1 < count)?;
                    if end != End::Answered {
                        return Ok(end);
                    }
                }
            }
            Answer::Slow(wait, answer) => {
                self.wire.send_all()?;
                if self.wire.attention(wait)? {
                    return Ok(End::Cancelled);
                }
                return self.play(*answer, more);
            }
            Answer::Cut => {
                self.wire.send_all()?;
                return Ok(End::Closed);
            }
            Answer::CutAfterRows { columns, rows } => {
                self.rows(&columns, &rows)?;
                self.wire.send_all()?;
                return Ok(End::Closed);
            }
        }
        Ok(End::Answered)
    }

    fn rows(&mut self, columns: &[(String, Type)], rows: &[Vec<Cell>]) -> io::Result<()> {
        token::columns(&mut self.wire.out, columns);
        for row in rows {
            token::row(&mut self.wire.out, columns, row);
            self.wire.send_full()?;
        }
        Ok(())
    }

    fn done(&mut self, more: bool, status: u16, rows: Option<u64>) {
        let (which, more) = match self.call {
            true => (Done::InProcedure, true),
            false => (Done::Batch, more),
        };
        let status = if more { status | token::MORE } else { status };
        token::done(&mut self.wire.out, which, status, rows);
        self.ended = !more;
    }

    /// Ends an answer's message.
    fn complete(&mut self) -> io::Result<()> {
        if self.call {
            token::return_status(&mut self.wire.out, 0);
            token::done(&mut self.wire.out, Done::Procedure, 0, None);
        } else if !self.ended {
            token::done(&mut self.wire.out, Done::Batch, 0, None);
        }
        self.wire.finish()
    }

    /// Says that an Attention was heard.
    fn acknowledge(&mut self) -> io::Result<()> {
        token::done(&mut self.wire.out, Done::Batch, token::ATTENTION, None);
        self.wire.finish()
    }
}

/// A request without its headers, which name a transaction that the script does not care for.
fn after_headers(body: &[u8]) -> io::Result<&[u8]> {
    let length = Reader(body).u32()? as usize;
    body.get(length..)
        .ok_or_else(|| invalid("a request's headers are longer than the request"))
}

/// The statement that a call of `sp_executesql` executes; its parameters are not looked at.
fn called_sql(body: &[u8]) -> io::Result<String> {
    const BY_NUMBER: u16 = 0xFFFF;
    const SP_EXECUTESQL: u16 = 10;
    const NVARCHAR: u8 = 0xE7;
    const UNBOUNDED: u16 = 0xFFFF;

    let mut call = Reader(body);
    if call.u16()? != BY_NUMBER || call.u16()? != SP_EXECUTESQL {
        return Err(invalid("of procedures, only sp_executesql can be called"));
    }
    call.u16()?;
    let name = usize::from(call.u8()?);
    call.take(name * 2 + 1)?;
    if call.u8()? != NVARCHAR {
        return Err(invalid("sp_executesql takes its statement as nvarchar"));
    }
    let unbounded = call.u16()? == UNBOUNDED;
    call.take(5)?;
    if !unbounded {
        let length = usize::from(call.u16()?);
        return Ok(utf16(call.take(length)?));
    }
    call.u64()?;
    let mut statement = Vec::new();
    loop {
        match call.u32()? {
            0 => return Ok(utf16(&statement)),
            length => statement.extend(call.take(length as usize)?),
        }
    }
}
