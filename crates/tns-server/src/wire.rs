//! Packets over TCP, bare or inside TLS.

use crate::bytes::invalid;
use rustls::{ServerConfig, ServerConnection};
use std::io::{self, ErrorKind, Read, Write};
use std::net::{Shutdown, TcpStream};
use std::sync::Arc;
use std::time::{Duration, Instant};

const HEADER: usize = 8;
/// Data packets have two bytes of flags after their header.
const FLAGS: usize = 2;
/// The flag of the packet that ends an answer, for clients that were promised it.
const END_OF_ANSWER: u16 = 0x2000;
/// The flag of the packet with which a client leaves.
const LEAVING: u16 = 0x0040;

/// What a packet is.
pub(crate) mod kind {
    pub(crate) const CONNECT: u8 = 1;
    pub(crate) const ACCEPT: u8 = 2;
    pub(crate) const REFUSE: u8 = 4;
    pub(crate) const DATA: u8 = 6;
    pub(crate) const MARKER: u8 = 12;
}

/// What a marker says.
pub(crate) mod marker {
    pub(crate) const BREAK: u8 = 1;
    pub(crate) const RESET: u8 = 2;
}

pub(crate) struct Packet {
    pub(crate) kind: u8,
    flags: u16,
    pub(crate) body: Vec<u8>,
    /// Whether it is as long as a packet can be, so that more of the same message may follow.
    pub(crate) full: bool,
}

impl Packet {
    pub(crate) fn leaving(&self) -> bool {
        self.kind == kind::DATA && self.flags & LEAVING != 0
    }

    /// What the packet says if it is a marker.
    pub(crate) fn marker(&self) -> Option<u8> {
        (self.kind == kind::MARKER).then(|| self.body.get(2).copied().unwrap_or(marker::BREAK))
    }
}

/// The server's end of a connection.
pub(crate) struct Wire {
    tcp: TcpStream,
    tls: Option<Box<ServerConnection>>,
    /// What came, up to now without a whole packet in it.
    incoming: Vec<u8>,
    /// The largest packet that the server sends, its header included.
    pub(crate) packet_size: usize,
    /// The length of a packet that says that more may follow.
    pub(crate) full_size: usize,
    /// Whether a packet's length has four bytes instead of two.
    pub(crate) long_lengths: bool,
    /// Whether the client was promised a mark at the end of an answer.
    pub(crate) marks_the_end: bool,
}

impl Wire {
    pub(crate) fn new(tcp: TcpStream) -> io::Result<Self> {
        tcp.set_nodelay(true)?;
        Ok(Self {
            tcp,
            tls: None,
            incoming: Vec::new(),
            packet_size: 8192,
            full_size: usize::MAX,
            long_lengths: false,
            marks_the_end: false,
        })
    }

    pub(crate) fn start_tls(&mut self, config: Arc<ServerConfig>) -> io::Result<()> {
        let mut tls = ServerConnection::new(config).map_err(io::Error::other)?;
        while tls.is_handshaking() {
            let done = tls.complete_io(&mut self.tcp);
            if done? == (0, 0) {
                return Err(ErrorKind::UnexpectedEof.into());
            }
        }
        // The client's first packet may have come with the end of its handshake.
        match tls.reader().read_to_end(&mut self.incoming) {
            Err(error) if error.kind() != ErrorKind::WouldBlock => return Err(error),
            _ => {}
        }
        self.tls = Some(Box::new(tls));
        Ok(())
    }

    pub(crate) fn encrypted(&self) -> bool {
        self.tls.is_some()
    }

    /// A second handle of the socket, to see what arrives meanwhile.
    pub(crate) fn watched(&self) -> io::Result<TcpStream> {
        self.tcp.try_clone()
    }

    pub(crate) fn next_packet(&mut self) -> io::Result<Packet> {
        loop {
            if let Some(packet) = self.packet()? {
                return Ok(packet);
            }
            self.fill(None)?;
        }
    }

    /// The next packet if it comes within this time.
    pub(crate) fn packet_within(&mut self, within: Duration) -> io::Result<Option<Packet>> {
        let end = Instant::now() + within;
        loop {
            if let Some(packet) = self.packet()? {
                return Ok(Some(packet));
            }
            let left = end.saturating_duration_since(Instant::now());
            if left.is_zero() {
                return Ok(None);
            }
            self.fill(Some(left.max(Duration::from_millis(1))))?;
        }
    }

    /// The next packet, if all of it is here.
    fn packet(&mut self) -> io::Result<Option<Packet>> {
        let Some(header) = self.incoming.first_chunk::<HEADER>() else {
            return Ok(None);
        };
        let length = match self.long_lengths {
            true => u32::from_be_bytes([header[0], header[1], header[2], header[3]]) as usize,
            false => usize::from(u16::from_be_bytes([header[0], header[1]])),
        };
        let kind = header[4];
        let start = match kind {
            kind::DATA => HEADER + FLAGS,
            _ => HEADER,
        };
        if length < start {
            return Err(invalid("a packet is shorter than its header"));
        }
        if self.incoming.len() < length {
            return Ok(None);
        }
        let flags = match kind {
            kind::DATA => u16::from_be_bytes([self.incoming[HEADER], self.incoming[HEADER + 1]]),
            _ => 0,
        };
        let body = self.incoming[start..length].to_vec();
        self.incoming.drain(..length);
        Ok(Some(Packet {
            kind,
            flags,
            body,
            full: length >= self.full_size,
        }))
    }

    /// Takes in what has come; returns after the wait, too, if nothing does.
    fn fill(&mut self, wait: Option<Duration>) -> io::Result<()> {
        self.tcp.set_read_timeout(wait)?;
        let mut chunk = [0; 32 * 1024];
        let mut rest = match self.tcp.read(&mut chunk) {
            Ok(0) => return Err(ErrorKind::ConnectionReset.into()),
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

    /// Sends an answer in as many packets as it takes.
    pub(crate) fn send_data(&mut self, body: &[u8]) -> io::Result<()> {
        self.send_pieces(body, self.marks_the_end)
    }

    /// Sends a part of an answer that will not be finished.
    pub(crate) fn send_unfinished(&mut self, body: &[u8]) -> io::Result<()> {
        self.send_pieces(body, false)
    }

    fn send_pieces(&mut self, body: &[u8], ends: bool) -> io::Result<()> {
        let mut pieces = body.chunks(self.packet_size - HEADER - FLAGS).peekable();
        while let Some(piece) = pieces.next() {
            let flags = match pieces.peek() {
                None if ends => END_OF_ANSWER,
                _ => 0,
            };
            let mut data = flags.to_be_bytes().to_vec();
            data.extend(piece);
            self.send(kind::DATA, &data)?;
        }
        Ok(())
    }

    pub(crate) fn send_marker(&mut self, marker: u8) -> io::Result<()> {
        self.send(kind::MARKER, &[1, 0, marker])
    }

    pub(crate) fn send(&mut self, kind: u8, body: &[u8]) -> io::Result<()> {
        let length = body.len() + HEADER;
        let mut packet = Vec::with_capacity(length);
        match self.long_lengths {
            true => packet.extend((length as u32).to_be_bytes()),
            false => {
                packet.extend((length as u16).to_be_bytes());
                packet.extend([0, 0]);
            }
        }
        packet.extend([kind, 0, 0, 0]);
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
