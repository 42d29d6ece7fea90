//! What both sides agree on before anybody logs in: character sets, capabilities, types.

use crate::bytes::{Reader, Writer, invalid};
use crate::server::Options;
use std::io;

/// Messages of the handshake.
mod message {
    pub(super) const PROTOCOL: u8 = 1;
    pub(super) const TYPES: u8 = 2;
    pub(super) const FUNCTION: u8 = 3;
    pub(super) const ALL_AT_ONCE: u8 = 34;
}

/// The character sets' numbers.
pub(crate) const AL32UTF8: u16 = 873;
pub(crate) const AL16UTF16: u16 = 2000;

/// Where in the capabilities it is said how new the protocol's fields are, and whether strings are long.
const FIELD_VERSION: usize = 7;
const COMPILED: usize = 48;
const RUNTIME: usize = 11;
const STRINGS: usize = 6;
const LONG_STRINGS: u8 = 4;

/// What a client begins with.
pub(crate) enum Opening<'a> {
    /// The whole handshake, and the log-in's first message after it.
    AllAtOnce(Reader<'a>),
    /// The handshake's first message alone.
    Protocol,
    /// The handshake's second message alone.
    Types,
    /// The log-in's first message, after a handshake message by message.
    LogIn(Reader<'a>),
}

pub(crate) fn opening(body: &[u8]) -> io::Result<Opening<'_>> {
    let mut rest = Reader(body);
    match rest.u8()? {
        message::PROTOCOL => Ok(Opening::Protocol),
        message::FUNCTION => Ok(Opening::LogIn(Reader(body))),
        message::TYPES => {
            types(&mut rest)?;
            Ok(Opening::Types)
        }
        message::ALL_AT_ONCE => {
            rest.take(4)?;
            rest.take(2)?;
            while rest.u8()? != 0 {}
            rest.take(6)?;
            if rest.u8()? != message::TYPES {
                return Err(invalid("the handshake has no types"));
            }
            types(&mut rest)?;
            Ok(Opening::AllAtOnce(rest))
        }
        other => Err(invalid(format!("message {other} comes before the log-in"))),
    }
}

/// The client's types, which are those that the server has, too.
fn types(rest: &mut Reader<'_>) -> io::Result<()> {
    rest.take(5)?;
    rest.counted()?;
    rest.counted()?;
    while rest.u16()? != 0 {
        rest.take(6)?;
    }
    Ok(())
}

pub(crate) fn protocol(out: &mut Writer, options: &Options) {
    out.u8(message::PROTOCOL);
    out.bytes(&[6, 0]);
    out.bytes(b"envclone-tns-server\0");
    out.bytes(&AL32UTF8.to_le_bytes());
    out.u8(0);
    out.bytes(&0_u16.to_le_bytes());
    out.bytes(&11_u16.to_be_bytes());
    out.zeros(9);
    out.bytes(&AL16UTF16.to_be_bytes());
    let mut compiled = [0; COMPILED];
    compiled[FIELD_VERSION] = options.release.field_version();
    out.counted(&compiled);
    let mut runtime = [0; RUNTIME];
    runtime[STRINGS] = if options.long_strings {
        LONG_STRINGS
    } else {
        0
    };
    out.counted(&runtime);
}

pub(crate) fn agreed_types(out: &mut Writer) {
    out.u8(message::TYPES);
    out.bytes(&0_u16.to_be_bytes());
}
