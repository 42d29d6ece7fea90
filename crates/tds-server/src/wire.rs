//! Packets over TCP, bare or inside TLS (MS-TDS 2.2.3).

use crate::bytes::{Reader, invalid};
use rustls::{ServerConfig, ServerConnection};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

const HEADER: usize = 8;
const LAST: u8 = 0x01;

/// What a packet carries.
pub(crate) mod kind {
    pub(crate) const BATCH: u8 = 0x01;
    pub(crate) const CALL: u8 = 0x03;
    pub(crate) const ANSWER: u8 = 0x04;
    pub(crate) const ATTENTION: u8 = 0x06;
    pub(crate) const LOGIN: u8 = 0x10;
    pub(crate) const PRELOGIN: u8 = 0x12;
}

pub(crate) struct Packet {
    pub(crate) kind: u8,
    last: bool,
    pub(crate) body: Vec<u8>,
}

/// One end of a connection.
pub(crate) struct Wire {
    tcp: TcpStream,
    tls: Option<Box<ServerConnection>>,
    /// What came, up to now without a whole packet in it.
    incoming: Vec<u8>,
    /// What will go out with the next packets.
    pub(crate) out: Vec<u8>,
    pub(crate) packet_size: usize,
    number: u8,
}

impl Wire {
    pub(crate) fn new(tcp: TcpStream) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        Ok(Self {
            tcp,
            tls: None,
            incoming: Vec::new(),
            out: Vec::new(),
            packet_size: 4096,
            number: 0,
        })
    }

    /// The handshake, every flight of it inside a packet.
    pub(crate) fn start_tls(&mut self, config: Arc<ServerConfig>) -> io::Result<()> {
        let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            let packet = self.message(kind::PRELOGIN)?;
            let mut rest = packet.as_slice();
            while !rest.is_empty() {
                tls.read_tls(&mut rest)?;
                tls.process_new_packets().map_err(io::Error::other)?;
            }
            let mut flight = Vec::new();
            while tls.wants_write() {
                tls.write_tls(&mut flight)?;
            }
            if !flight.is_empty() {
                self.send(kind::PRELOGIN, true, &flight)?;
            }
        }
        self.tls = Some(Box::new(tls));
        Ok(())
    }

    /// Goes on without TLS, where only the log-in had to be encrypted.
    pub(crate) fn end_tls(&mut self) {
        self.tls = None;
    }

    pub(crate) fn encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// A whole message of the one kind that is expected now.
    pub(crate) fn message(&mut self, kind: u8) -> io::Result<Vec<u8>> {
        match self.any_message()? {
            message if message.kind == kind => Ok(message.body),
            message => Err(invalid(format!(
                "expected {kind:#x}, got {:#x}",
                message.kind
            ))),
        }
    }

    /// A whole message, put together from its packets.
    pub(crate) fn any_message(&mut self) -> io::Result<Packet> {
        let mut message = self.next_packet()?;
        while !message.last {
            let packet = self.next_packet()?;
            message.body.extend(packet.body);
            message.last = packet.last;
        }
        Ok(message)
    }

    fn next_packet(&mut self) -> io::Result<Packet> {
        loop {
            if let Some(packet) = self.packet()? {
                return Ok(packet);
            }
            self.fill(None)?;
        }
    }

    /// Waits so long for an Attention; whether one came.
    pub(crate) fn attention(&mut self, within: Duration) -> io::Result<bool> {
        let end = Instant::now() + within;
        loop {
            match self.packet()? {
                Some(packet) if packet.kind == kind::ATTENTION => return Ok(true),
                Some(packet) => return Err(invalid(format!("{:#x} comes early", packet.kind))),
                None => {}
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(false);
            }
            self.fill(Some(left.max(Duration::from_millis(1))))?;
        }
    }

    /// The next packet, if all of it is here.
    fn packet(&mut self) -> io::Result<Option<Packet>> {
        if self.incoming.len() < HEADER {
            return Ok(None);
        }
        let mut header = Reader(&self.incoming);
        let (kind, status) = (header.u8()?, header.u8()?);
        let length = usize::from(header.u16_be()?);
        if length < HEADER {
            return Err(invalid("a packet is shorter than its header"));
        }
        if self.incoming.len() < length {
            return Ok(None);
        }
        let body = self.incoming[HEADER..length].to_vec();
        self.incoming.drain(..length);
        let last = status & LAST != 0;
        Ok(Some(Packet { kind, last, body }))
    }

    /// Takes in what has come; returns after the wait, too, if nothing does.
    fn fill(&mut self, wait: Option<Duration>) -> io::Result<()> {
        self.tcp.set_read_timeout(wait)?;
        let mut chunk = [0; 16 * 1024];
        let mut rest = match self.tcp.read(&mut chunk) {
            Ok(0) => return Err(ErrorKind::UnexpectedEof.into()),
            Ok(length) => &chunk[..length],
            Err(error) if matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::TimedOut) => {
                return Ok(());
            }
            Err(error) => return Err(error),
        };
        let Some(tls) = &mut self.tls else {
            self.incoming.extend(rest);
            return Ok(());
        };
        while !rest.is_empty() {
            tls.read_tls(&mut rest)?;
            tls.process_new_packets().map_err(io::Error::other)?;
            match tls.reader().read_to_end(&mut self.incoming) {
                Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
                _ => {}
            }
        }
        Ok(())
    }

    /// Sends the packets that are full.
    pub(crate) fn send_full(&mut self) -> io::Result<()> {
        let room = self.packet_size - HEADER;
        let mut out = std::mem::take(&mut self.out);
        let mut sent = 0;
        while out.len() - sent > room {
            self.send(kind::ANSWER, false, &out[sent..sent + room])?;
            sent += room;
        }
        out.drain(..sent);
        self.out = out;
        Ok(())
    }

    /// Sends all that there is, with more of the same message to come.
    pub(crate) fn send_all(&mut self) -> io::Result<()> {
        self.send_rest(false)
    }

    /// Sends all that there is, and that it is the end of the message.
    pub(crate) fn finish(&mut self) -> io::Result<()> {
        self.send_rest(true)?;
        self.number = 0;
        Ok(())
    }

    fn send_rest(&mut self, last: bool) -> io::Result<()> {
        self.send_full()?;
        let out = std::mem::take(&mut self.out);
        if out.is_empty() && !last {
            return Ok(());
        }
        self.send(kind::ANSWER, last, &out)
    }

    fn send(&mut self, kind: u8, last: bool, body: &[u8]) -> io::Result<()> {
        self.number = self.number.wrapping_add(1);
        let mut packet = vec![kind, if last { LAST } else { 0 }];
        packet.extend(((body.len() + HEADER) as u16).to_be_bytes());
        packet.extend([0, 51, self.number, 0]);
        packet.extend(body);
        let Some(tls) = &mut self.tls else {
            return self.tcp.write_all(&packet);
        };
        tls.writer().write_all(&packet)?;
        while tls.wants_write() {
            tls.write_tls(&mut self.tcp)?;
        }
        Ok(())
    }

    /// Closes the connection as it is.
    pub(crate) fn cut(&self) {
        // It may be closed already, which is as good.
        let _ = self.tcp.shutdown(Shutdown::Both);
    }
}
