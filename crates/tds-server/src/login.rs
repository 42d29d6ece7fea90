//! How a connection begins: what both sides can do, then who it is (MS-TDS 2.2.6.4 and 2.2.6.5).

use crate::bytes::{Reader, invalid, utf16};
use crate::token::VERSION;
use std::io;

/// What the server makes of encryption.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Encryption {
    /// It has no certificate.
    Unavailable,
    /// As the client likes: all, the log-in alone, or nothing where a client can't.
    Offered,
    /// All, or no connection.
    Required,
}

/// How far a connection is encrypted.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub(crate) enum Extent {
    Nothing,
    Login,
    All,
}

/// Who logged in, or tried to.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Login {
    /// Counts the server's connections from 1.
    pub connection: u64,
    /// The log-in's name.
    pub user: String,
    /// The database that was asked for, empty for the log-in's own.
    pub database: String,
    /// The program, as it calls itself.
    pub application: String,
    /// Whether it promised to read only (`ApplicationIntent=ReadOnly`).
    pub read_only: bool,
    /// Whether all that follows is encrypted.
    pub encrypted: bool,
    pub(crate) password: String,
    pub(crate) packet_size: usize,
}

mod option {
    pub(super) const VERSION: u8 = 0;
    pub(super) const ENCRYPTION: u8 = 1;
    pub(super) const INSTANCE: u8 = 2;
    pub(super) const THREAD: u8 = 3;
    pub(super) const MARS: u8 = 4;
    pub(super) const END: u8 = 0xFF;
}

mod encrypt {
    pub(super) const OFF: u8 = 0;
    pub(super) const ON: u8 = 1;
    pub(super) const UNAVAILABLE: u8 = 2;
    pub(super) const REQUIRED: u8 = 3;
}

/// The server's side of the first exchange: its message, and what was agreed.
pub(crate) fn prelogin(message: &[u8], own: Encryption) -> io::Result<(Vec<u8>, Extent)> {
    let wanted = wanted_encryption(message)?;
    let (said, extent) = match (own, wanted) {
        (Encryption::Unavailable, _) => (encrypt::UNAVAILABLE, Extent::Nothing),
        (_, encrypt::ON | encrypt::REQUIRED) => (encrypt::ON, Extent::All),
        (Encryption::Required, _) => (encrypt::REQUIRED, Extent::All),
        (_, encrypt::OFF) => (encrypt::OFF, Extent::Login),
        (_, encrypt::UNAVAILABLE) => (encrypt::UNAVAILABLE, Extent::Nothing),
        (_, other) => return Err(invalid(format!("encryption {other} is unknown"))),
    };
    let options: [(u8, &[u8]); 5] = [
        (
            option::VERSION,
            &[VERSION[0], VERSION[1], VERSION[2], VERSION[3], 0, 0],
        ),
        (option::ENCRYPTION, &[said]),
        (option::INSTANCE, &[0]), // "that is me", whichever was named
        (option::THREAD, &[]),
        (option::MARS, &[0]),
    ];
    let mut answer = Vec::new();
    let mut at = options.len() * 5 + 1;
    for (token, value) in options {
        answer.push(token);
        answer.extend((at as u16).to_be_bytes());
        answer.extend((value.len() as u16).to_be_bytes());
        at += value.len();
    }
    answer.push(option::END);
    answer.extend(options.iter().flat_map(|(_, value)| *value));
    Ok((answer, extent))
}

fn wanted_encryption(message: &[u8]) -> io::Result<u8> {
    let mut options = Reader(message);
    loop {
        let token = options.u8()?;
        if token == option::END {
            return Err(invalid("no word on encryption"));
        }
        let (at, _length) = (options.u16_be()?, options.u16_be()?);
        if token == option::ENCRYPTION {
            let value = message.get(usize::from(at));
            return value
                .copied()
                .ok_or_else(|| invalid("an option lies outside"));
        }
    }
}

/// Reads a LOGIN7 message.
pub(crate) fn login(message: &[u8], connection: u64, encrypted: bool) -> io::Result<Login> {
    let field = |at: usize| -> io::Result<&[u8]> {
        let mut place = Reader(message.get(at..).unwrap_or_default());
        let (offset, characters) = (usize::from(place.u16()?), usize::from(place.u16()?));
        let end = offset + characters * 2;
        message
            .get(offset..end)
            .ok_or_else(|| invalid("a field of the log-in lies outside"))
    };
    let mut head = Reader(message);
    head.take(8)?;
    let packet_size = head.u32()? as usize;
    head.take(14)?;
    let read_only = head.u8()? & 0x20 != 0;
    let password = field(44)?;
    let password: Vec<u8> = password
        .iter()
        .map(|byte| (byte ^ 0xA5).rotate_left(4))
        .collect();
    Ok(Login {
        connection,
        user: utf16(field(40)?),
        database: utf16(field(68)?),
        application: utf16(field(48)?),
        read_only,
        encrypted,
        password: utf16(&password),
        packet_size,
    })
}
