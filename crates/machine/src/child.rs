//! A child process from its start to its end: its time, its output, and what it leaves behind.

use std::collections::VecDeque;
use std::ffi::OsString;
use std::io::{self, Read};
use std::path::Path;
use std::process::{Child, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use crate::error::{MachineError, Result};
use crate::event::{Event, Watch};
use crate::program::{Command, Outcome, Text, last_lines};
use crate::redact::Redactor;

#[cfg_attr(windows, path = "child/windows.rs")]
#[cfg_attr(not(windows), path = "child/unix.rs")]
mod family;

use family::Family;

/// How often it is asked whether it ended, and whether it should.
const LOOK: Duration = Duration::from_millis(20);

/// How long outputs are waited for once the child has ended: what it started may hold them open for as long as it runs.
const GRACE: Duration = Duration::from_secs(2);

/// Which output.
#[derive(Clone, Copy)]
enum Stream {
    Out,
    Err,
}

/// Runs the program at `path` to its end.
pub(crate) fn run(
    command: &Command,
    path: &Path,
    search: Option<OsString>,
    watch: &dyn Watch,
) -> Result<Outcome> {
    let began = Instant::now();
    let (mut child, family) = started(command, path, search)?;
    let pieces = readers(command, &mut child);
    let mut heard = Heard::new(command.output);
    let end = follow(command, &mut child, &pieces, &mut heard, watch, began);
    if let Ok(Some(_)) = end {
        drain(&pieces, &mut heard, watch);
    } else {
        family.end(&mut child);
        drain(&pieces, &mut heard, watch);
    }
    let (stdout, stderr) = heard.finish(watch);
    let status = match end {
        Ok(Some(status)) => status,
        Ok(None) => {
            return Err(MachineError::TimedOut {
                command: command.to_string(),
                limit: command.limit,
                last: last_lines(&stdout.text, &stderr.text),
            });
        }
        Err(error) => return Err(error),
    };
    Ok(Outcome {
        command: command.to_string(),
        code: status.code(),
        stdout,
        stderr,
        took: began.elapsed(),
    })
}

fn started(command: &Command, path: &Path, search: Option<OsString>) -> Result<(Child, Family)> {
    let mut process = std::process::Command::new(path);
    process
        .args(command.exposed())
        .stdin(Stdio::null())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped());
    if let Some(last) = &command.unquoted {
        family::last_unquoted(&mut process, last);
    }
    if let Some(folder) = &command.folder {
        process.current_dir(folder);
    }
    if let Some(search) = search {
        process.env("PATH", search);
    }
    family::prepare(&mut process);
    let child = spawn(&mut process).map_err(|source| unstarted(command, source))?;
    let family = Family::of(&child);
    Ok((child, family))
}

/// Starts it. A file that somebody has just written may be busy for a moment.
fn spawn(process: &mut std::process::Command) -> io::Result<Child> {
    let began = Instant::now();
    loop {
        match process.spawn() {
            Err(error)
                if error.kind() == io::ErrorKind::ExecutableFileBusy && began.elapsed() < GRACE =>
            {
                thread::sleep(LOOK);
            }
            other => return other,
        }
    }
}

fn unstarted(command: &Command, source: io::Error) -> MachineError {
    let program = command.program.to_string();
    match source.kind() {
        io::ErrorKind::NotFound => MachineError::ProgramMissing {
            program,
            looked: None,
        },
        _ => MachineError::NotStarted { program, source },
    }
}

/// A piece of an output, without secrets.
type Piece = (Stream, Vec<u8>);

fn readers(command: &Command, child: &mut Child) -> Receiver<Piece> {
    let (sender, pieces) = sync_channel(64);
    if let Some(output) = child.stdout.take() {
        reader(command, Stream::Out, output, sender.clone());
    }
    if let Some(output) = child.stderr.take() {
        reader(command, Stream::Err, output, sender);
    }
    pieces
}

/// Reads an output until it ends, on a thread of its own. It stops by itself once nobody hears it any more.
fn reader(
    command: &Command,
    stream: Stream,
    mut output: impl Read + Send + 'static,
    sender: SyncSender<Piece>,
) {
    let mut redactor = Redactor::new(command.secrets());
    thread::spawn(move || {
        let mut piece = [0; 8192];
        loop {
            let clean = match output.read(&mut piece) {
                Err(error) if error.kind() == io::ErrorKind::Interrupted => continue,
                Ok(0) | Err(_) => break,
                Ok(length) => redactor.feed(&piece[..length]),
            };
            if sender.send((stream, clean)).is_err() {
                return;
            }
        }
        let _ = sender.send((stream, redactor.finish()));
    });
}

/// Hears the child until it ends by itself: its status. None when its time is over.
fn follow(
    command: &Command,
    child: &mut Child,
    pieces: &Receiver<Piece>,
    heard: &mut Heard,
    watch: &dyn Watch,
    began: Instant,
) -> Result<Option<std::process::ExitStatus>> {
    loop {
        match pieces.recv_timeout(LOOK) {
            Ok(piece) => heard.hear(&piece, watch),
            // Both outputs were closed: it may well run on.
            Err(RecvTimeoutError::Disconnected) => thread::sleep(LOOK),
            Err(RecvTimeoutError::Timeout) => {}
        }
        let status = child.try_wait().map_err(|source| MachineError::System {
            to: format!("ask after `{command}`"),
            source,
        })?;
        if status.is_some() {
            return Ok(status);
        }
        if watch.interrupted() {
            return Err(MachineError::Interrupted {
                doing: format!("running `{command}`, which was ended"),
            });
        }
        if began.elapsed() >= command.limit {
            return Ok(None);
        }
    }
}

/// Hears what is still to come.
fn drain(pieces: &Receiver<Piece>, heard: &mut Heard, watch: &dyn Watch) {
    let until = Instant::now() + GRACE;
    loop {
        let left = until.saturating_duration_since(Instant::now());
        match pieces.recv_timeout(left) {
            Ok(piece) => heard.hear(&piece, watch),
            Err(_) => return,
        }
        if left.is_zero() {
            return;
        }
    }
}

/// What was heard of both outputs.
struct Heard {
    out: Kept,
    err: Kept,
}

impl Heard {
    fn new(limit: usize) -> Self {
        Self {
            out: Kept::new(limit),
            err: Kept::new(limit),
        }
    }

    fn hear(&mut self, (stream, piece): &Piece, watch: &dyn Watch) {
        match stream {
            Stream::Out => self.out.hear(piece, watch),
            Stream::Err => self.err.hear(piece, watch),
        }
    }

    fn finish(self, watch: &dyn Watch) -> (Text, Text) {
        (self.out.finish(watch), self.err.finish(watch))
    }
}

/// The longest line that a watcher hears in one piece.
const LINE: usize = 4096;

/// The first and the last of an output.
struct Kept {
    first: Vec<u8>,
    last: VecDeque<u8>,
    half: usize,
    left_out: u64,
    line: Vec<u8>,
}

impl Kept {
    fn new(limit: usize) -> Self {
        Self {
            first: Vec::new(),
            last: VecDeque::new(),
            half: limit / 2,
            left_out: 0,
            line: Vec::new(),
        }
    }

    fn hear(&mut self, piece: &[u8], watch: &dyn Watch) {
        for byte in piece {
            if *byte == b'\n' || self.line.len() >= LINE {
                self.tell(watch);
            }
            if *byte != b'\n' {
                self.line.push(*byte);
            }
        }
        let room = self.half.saturating_sub(self.first.len()).min(piece.len());
        self.first.extend_from_slice(&piece[..room]);
        self.last.extend(&piece[room..]);
        let over = self.last.len().saturating_sub(self.half);
        self.last.drain(..over);
        self.left_out += over as u64;
    }

    fn tell(&mut self, watch: &dyn Watch) {
        let line = String::from_utf8_lossy(&self.line);
        let line = line.trim_end();
        if !line.is_empty() {
            watch.event(&Event::Line(line));
        }
        self.line.clear();
    }

    fn finish(mut self, watch: &dyn Watch) -> Text {
        self.tell(watch);
        let mut bytes = self.first;
        if self.left_out > 0 {
            let gap = format!("\n[{} bytes left out]\n", self.left_out);
            bytes.extend_from_slice(gap.as_bytes());
        }
        bytes.extend(self.last);
        Text {
            text: String::from_utf8_lossy(&bytes).into_owned(),
            left_out: self.left_out,
        }
    }
}
