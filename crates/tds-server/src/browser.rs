//! SQL Server Browser: tells the port of a named instance (MC-SQLR).

use std::io;
use std::net::{Ipv4Addr, UdpSocket};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread::{self, JoinHandle};

/// A running browser on 127.0.0.1. The real one listens on port 1434; this one on any that is free, so a client has to
/// be told.
pub struct Browser {
    port: u16,
    stopping: Arc<AtomicBool>,
    listening: Option<JoinHandle<()>>,
}

impl Browser {
    /// Starts a browser that knows these instances and their ports. To a name that it does not know it says nothing,
    /// as the real one does.
    ///
    /// # Errors
    /// If there is no port to listen on.
    pub fn start(instances: impl IntoIterator<Item = (String, u16)>) -> io::Result<Self> {
        let instances: Vec<_> = instances.into_iter().collect();
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        let port = socket.local_addr()?.port();
        let stopping = Arc::new(AtomicBool::new(false));
        let listening = thread::spawn({
            let stopping = Arc::clone(&stopping);
            move || listen(&socket, &instances, &stopping)
        });
        Ok(Self {
            port,
            stopping,
            listening: Some(listening),
        })
    }

    /// Its port on 127.0.0.1.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port
    }
}

impl Drop for Browser {
    fn drop(&mut self) {
        self.stopping.store(true, Ordering::SeqCst);
        // Wakes the listener, so that it sees that it should stop.
        let woken = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))
            .and_then(|socket| socket.send_to(&[], (Ipv4Addr::LOCALHOST, self.port)));
        if let (Ok(_), Some(listening)) = (woken, self.listening.take()) {
            let _ = listening.join();
        }
    }
}

fn listen(socket: &UdpSocket, instances: &[(String, u16)], stopping: &AtomicBool) {
    let mut question = [0; 256];
    while let Ok((length, asker)) = socket.recv_from(&mut question) {
        if stopping.load(Ordering::SeqCst) {
            return;
        }
        if let Some(answer) = answer(&question[..length], instances) {
            let _ = socket.send_to(&answer, asker);
        }
    }
}

fn answer(question: &[u8], instances: &[(String, u16)]) -> Option<Vec<u8>> {
    const ONE_INSTANCE: u8 = 4;
    const ANSWER: u8 = 5;

    let (&ONE_INSTANCE, name) = question.split_first()? else {
        return None;
    };
    let name = String::from_utf8_lossy(name);
    let name = name.trim_end_matches('\0');
    let (name, port) = instances
        .iter()
        .find(|(known, _)| known.eq_ignore_ascii_case(name))?;
    let text = format!(
        "ServerName;SCRIPTED;InstanceName;{name};IsClustered;No;Version;15.0.2000.5;tcp;{port};;"
    );
    let mut answer = vec![ANSWER];
    answer.extend((text.len() as u16).to_le_bytes());
    answer.extend(text.bytes());
    Some(answer)
}
