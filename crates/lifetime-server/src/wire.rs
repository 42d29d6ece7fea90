//! HTTP/1.1, as far as one request and one answer on a connection need it.

use crate::answer::Answer;
use std::fmt::Write as _;
use std::io::{self, Read, Write};

/// What a client asked for.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Request {
    /// `GET`, `POST` and so on.
    pub method: String,
    /// As it came: percent-encoded, with its query.
    pub path: String,
    /// In the order of their arrival, names in lower case.
    pub headers: Vec<(String, String)>,
    /// Its text; empty where it has none.
    pub body: String,
}

impl Request {
    /// A header's value.
    #[must_use]
    pub fn header(&self, name: &str) -> Option<&str> {
        let found = self.headers.iter().find(|(known, _)| known == name);
        found.map(|(_, value)| value.as_str())
    }
}

/// More than any client of a test sends.
const LIMIT: usize = 1 << 20;

/// The one request of a connection; nothing if the client left without a word.
pub(crate) fn read(stream: &mut impl Read) -> io::Result<Option<Request>> {
    let mut bytes = Vec::new();
    let (mut request, begin) = loop {
        if let Some(head) = head(&bytes)? {
            break head;
        }
        if more(stream, &mut bytes)? == 0 {
            return Ok(None);
        }
    };
    let length = request.header("content-length").unwrap_or("0").parse();
    let length: usize = length.map_err(|_| wrong("no length"))?;
    if request.header("transfer-encoding").is_some() || length > LIMIT {
        return Err(wrong("a body of another kind"));
    }
    while bytes.len() < begin + length {
        if more(stream, &mut bytes)? == 0 {
            return Err(wrong("a body that ends early"));
        }
    }
    let body = bytes[begin..begin + length].to_vec();
    request.body = String::from_utf8(body).map_err(|_| wrong("a body that is no text"))?;
    Ok(Some(request))
}

fn more(stream: &mut impl Read, bytes: &mut Vec<u8>) -> io::Result<usize> {
    let mut buffer = [0; 4096];
    let read = stream.read(&mut buffer)?;
    bytes.extend_from_slice(&buffer[..read]);
    if bytes.len() > 2 * LIMIT {
        return Err(wrong("too much"));
    }
    Ok(read)
}

/// The request without its body, and where that begins; nothing as long as it isn't all there.
fn head(bytes: &[u8]) -> io::Result<Option<(Request, usize)>> {
    let mut headers = [httparse::EMPTY_HEADER; 64];
    let mut parsed = httparse::Request::new(&mut headers);
    let status = parsed
        .parse(bytes)
        .map_err(|error| wrong(&error.to_string()))?;
    let httparse::Status::Complete(begin) = status else {
        return Ok(None);
    };
    let headers = parsed.headers.iter().map(|header| {
        let value = String::from_utf8_lossy(header.value).into_owned();
        (header.name.to_ascii_lowercase(), value)
    });
    let request = Request {
        method: parsed.method.unwrap_or_default().to_owned(),
        path: parsed.path.unwrap_or_default().to_owned(),
        headers: headers.collect(),
        body: String::new(),
    };
    Ok(Some((request, begin)))
}

/// Sends an answer; `half` of it where it is to break off.
pub(crate) fn write(stream: &mut impl Write, answer: &Answer, half: bool) -> io::Result<()> {
    let mut head = format!("HTTP/1.1 {} it\r\nConnection: close\r\n", answer.status);
    for (name, value) in &answer.headers {
        let _ = write!(head, "{name}: {value}\r\n");
    }
    if answer.status != 204 {
        let _ = write!(head, "Content-Length: {}\r\n", answer.body.len());
    }
    stream.write_all(head.as_bytes())?;
    stream.write_all(b"\r\n")?;
    let length = answer.body.len();
    let sent = if half { length / 2 } else { length };
    stream.write_all(&answer.body.as_bytes()[..sent])?;
    stream.flush()
}

fn wrong(what: &str) -> io::Error {
    io::Error::new(io::ErrorKind::InvalidData, what.to_owned())
}
