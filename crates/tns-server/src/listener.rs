//! How a connection begins: what the client wants to be connected with, and whether it is.

use crate::bytes::{Reader, Writer, invalid};
use crate::server::Shared;
use crate::wire::{Wire, kind};
use std::io;
use std::time::Duration;

/// How the listener treats who comes next.
#[derive(Clone, Copy, Debug, Eq, PartialEq)]
pub enum Listener {
    /// Lets them in if they name the service or SID; else it refuses with ORA-12514 or ORA-12505.
    Open,
    /// Refuses all, with this ORA number.
    Refuses(u32),
    /// Takes the connection and then says nothing for this long, after which it closes it.
    Hangs(Duration),
    /// Takes the connection and closes it.
    Closes,
    /// Demands Native Network Encryption, which thin drivers don't have.
    DemandsEncryption,
}

/// The protocol's versions: the older has its answers without a mark at the end, and a longer log-in.
mod version {
    pub(super) const OLD: u16 = 318;
    pub(super) const NEW: u16 = 319;
}

/// Offers of the accepting packet.
const FAST_LOGIN: u32 = 0x1000_0000;
const END_OF_ANSWER: u32 = 0x0200_0000;
/// Says that nothing goes without Native Network Encryption.
const ENCRYPTION_REQUIRED: u8 = 0x10;
/// Why the listener refuses.
const NO_SUCH_SERVICE: u32 = 12_514;
const NO_SUCH_SID: u32 = 12_505;

/// What a client asked the listener for.
#[derive(Clone, Debug, Default, Eq, PartialEq)]
pub(crate) struct Asked {
    pub(crate) service: Option<String>,
    pub(crate) sid: Option<String>,
    pub(crate) program: String,
    pub(crate) machine: String,
}

impl Asked {
    /// The service or SID.
    pub(crate) fn name(&self) -> String {
        let name = self.service.as_ref().or(self.sid.as_ref());
        name.cloned().unwrap_or_default()
    }
}

/// Receives a client; who it is, if it was let in.
pub(crate) fn receive(
    wire: &mut Wire,
    shared: &Shared,
    connection: u64,
) -> io::Result<Option<Asked>> {
    let listener = shared.listener();
    match listener {
        Listener::Closes => return Ok(None),
        Listener::Hangs(wait) => {
            // The client may go earlier, which ends it, too.
            let end = std::time::Instant::now() + wait;
            while let Some(left) = end.checked_duration_since(std::time::Instant::now()) {
                wire.packet_within(left)?;
            }
            return Ok(None);
        }
        _ => {}
    }
    let (asked, size) = connect(wire)?;
    let refused = match (listener, &asked.service, &asked.sid) {
        (Listener::Refuses(number), ..) => Some(number),
        (_, Some(service), _) => (!shared.options.has_service(service)).then_some(NO_SUCH_SERVICE),
        (_, None, Some(sid)) => (!shared.options.has_sid(sid)).then_some(NO_SUCH_SID),
        (_, None, None) => Some(NO_SUCH_SERVICE),
    };
    if let Some(number) = refused {
        shared.refused(connection, wire.encrypted(), &asked, number);
        refuse(wire, number)?;
        return Ok(None);
    }
    accept(wire, shared, size, listener == Listener::DemandsEncryption)?;
    Ok(Some(asked))
}

/// The client's first packet, and the second where its data is too long for one.
fn connect(wire: &mut Wire) -> io::Result<(Asked, usize)> {
    let packet = wire.next_packet()?;
    if packet.kind != kind::CONNECT {
        return Err(invalid(format!("a packet {:#x} comes first", packet.kind)));
    }
    let mut fields = Reader(&packet.body);
    fields.take(6)?;
    let short_size = usize::from(fields.u16()?);
    fields.take(8)?;
    let length = usize::from(fields.u16()?);
    fields.take(32)?;
    let size = fields.u32().map_or(short_size, |size| size as usize);
    fields = Reader(&packet.body);
    fields.take(66)?;
    let data = match fields.0.len() {
        here if here >= length => fields.take(length)?.to_vec(),
        _ => wire.next_packet()?.body,
    };
    Ok((asked(&String::from_utf8_lossy(&data)), size))
}

fn asked(descriptor: &str) -> Asked {
    Asked {
        service: field(descriptor, "SERVICE_NAME"),
        sid: field(descriptor, "SID"),
        program: field(descriptor, "PROGRAM").unwrap_or_default(),
        machine: field(descriptor, "CID")
            .and(
                descriptor
                    .to_uppercase()
                    .find("(CID=")
                    .and_then(|at| field(&descriptor[at..], "HOST")),
            )
            .unwrap_or_default(),
    }
}

/// What `(NAME=…)` says somewhere in a descriptor.
fn field(descriptor: &str, name: &str) -> Option<String> {
    let at = descriptor.to_uppercase().find(&format!("({name}="))?;
    let value = descriptor.get(at + name.len() + 2..)?;
    let end = value.find([')', '('])?;
    Some(value[..end].trim().to_owned())
}

fn refuse(wire: &mut Wire, number: u32) -> io::Result<()> {
    let text = format!(
        "(DESCRIPTION=(TMP=)(VSNNUM=318767104)(ERR={number})(ERROR_STACK=(ERROR=(CODE={number})(EMFI=4))))"
    );
    let mut body = vec![0x22, 0];
    body.extend((text.len() as u16).to_be_bytes());
    body.extend(text.as_bytes());
    wire.send(kind::REFUSE, &body)
}

fn accept(wire: &mut Wire, shared: &Shared, asked: usize, encrypted: bool) -> io::Result<()> {
    let options = &shared.options;
    let new = options.release.is_new();
    let size = asked.min(options.packet_size).max(512);
    let mut body = Writer::default();
    body.bytes(&if new { version::NEW } else { version::OLD }.to_be_bytes());
    body.zeros(12);
    body.u8(if encrypted { ENCRYPTION_REQUIRED } else { 0 });
    body.zeros(9);
    body.bytes(&(size as u32).to_be_bytes());
    body.zeros(5);
    let offers = if new { FAST_LOGIN | END_OF_ANSWER } else { 0 };
    body.bytes(&offers.to_be_bytes());
    wire.send(kind::ACCEPT, &body.0)?;
    wire.packet_size = size;
    // A client may go on with the size that it asked for: what is as long as the smaller of both can be full.
    wire.full_size = size;
    wire.long_lengths = true;
    wire.marks_the_end = new;
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn descriptors_are_read() {
        let asked = asked(
            "(DESCRIPTION=(ADDRESS=(PROTOCOL=tcp)(HOST=h)(PORT=1))(CONNECT_DATA=(service_name=X.y)(CID=(PROGRAM=p)(HOST=m)(USER=u))))",
        );
        assert_eq!(asked.service.as_deref(), Some("X.y"));
        assert_eq!((asked.sid, asked.program.as_str()), (None, "p"));
    }
}
