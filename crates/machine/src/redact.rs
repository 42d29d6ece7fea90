//! Takes secrets out of what programs write, as it comes in, piece by piece.

use std::fmt;

use secrecy::{ExposeSecret, SecretString, zeroize::Zeroizing};

use crate::program::HIDDEN;

/// One place of a secret.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Place {
    /// This byte.
    Byte(u8),
    /// So many characters beyond ASCII: each is one to four bytes in one of the encodings that consoles and logs use, or
    /// the `?` that stands for what they can't write.
    Foreign(usize),
}

/// The most bytes that a character beyond ASCII takes.
const WIDEST: usize = 4;

/// Replaces secrets by `***`. What may be the beginning of one is held back until it is known what follows.
pub struct Redactor {
    secrets: Vec<Vec<Place>>,
    held: Zeroizing<Vec<u8>>,
}

impl fmt::Debug for Redactor {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Redactor for {} forms of secrets", self.secrets.len())
    }
}

/// What stands at a place of the text.
enum Found {
    /// A secret of so many bytes.
    Secret(usize),
    /// None.
    Nothing,
    /// What may become one.
    Open,
}

impl Redactor {
    /// For these secrets, and for how they are written in XML, JSON and command lines.
    pub fn new<'a>(secrets: impl IntoIterator<Item = &'a SecretString>) -> Self {
        let mut forms: Vec<Vec<Place>> = Vec::new();
        for secret in secrets {
            for form in written(secret.expose_secret()) {
                let places = places(&form);
                if !places.is_empty() && !forms.contains(&places) {
                    forms.push(places);
                }
            }
        }
        Self {
            secrets: forms,
            held: Zeroizing::new(Vec::new()),
        }
    }

    /// A text as a whole.
    #[must_use]
    pub fn text(mut self, text: &str) -> String {
        let mut clean = self.feed(text.as_bytes());
        clean.extend(self.finish());
        String::from_utf8_lossy(&clean).into_owned()
    }

    /// The next piece. What comes back may be shown.
    pub fn feed(&mut self, piece: &[u8]) -> Vec<u8> {
        // UTF-16 of ASCII becomes ASCII. No text has the byte for another reason.
        self.held.extend(piece.iter().filter(|byte| **byte != 0));
        self.clean(false)
    }

    /// What was still held back.
    pub fn finish(&mut self) -> Vec<u8> {
        self.clean(true)
    }

    fn clean(&mut self, ended: bool) -> Vec<u8> {
        let mut clean = Vec::with_capacity(self.held.len());
        let mut at = 0;
        while at < self.held.len() {
            match self.look(&self.held[at..], ended) {
                Found::Secret(length) => {
                    clean.extend_from_slice(HIDDEN.as_bytes());
                    at += length;
                }
                Found::Nothing => {
                    clean.push(self.held[at]);
                    at += 1;
                }
                Found::Open => break,
            }
        }
        self.held.drain(..at);
        clean
    }

    fn look(&self, text: &[u8], ended: bool) -> Found {
        let mut found = Found::Nothing;
        for secret in &self.secrets {
            match matches(secret, text, ended) {
                // Of two that begin alike the longer one: nothing of it is left over.
                Match::Whole(length) => {
                    if !matches!(found, Found::Secret(longest) if longest >= length) {
                        found = Found::Secret(length);
                    }
                }
                Match::Begun if !ended => return Found::Open,
                Match::Begun | Match::Not => {}
            }
        }
        found
    }
}

enum Match {
    Whole(usize),
    Begun,
    Not,
}

/// Whether the text begins with the secret.
fn matches(secret: &[Place], text: &[u8], ended: bool) -> Match {
    let mut at = 0;
    for place in secret {
        let rest = &text[at..];
        match *place {
            _ if rest.is_empty() => return Match::Begun,
            Place::Byte(wanted) if wanted == rest[0] => at += 1,
            Place::Byte(_) => return Match::Not,
            Place::Foreign(count) => {
                let most = count * WIDEST;
                let width = rest
                    .iter()
                    .take(most)
                    .take_while(|byte| foreign(**byte))
                    .count();
                // The piece may end in the middle of it.
                let open = width == rest.len() && width < most && !ended;
                if open {
                    return Match::Begun;
                }
                if width < count {
                    return Match::Not;
                }
                at += width;
            }
        }
    }
    Match::Whole(at)
}

fn foreign(byte: u8) -> bool {
    !byte.is_ascii() || byte == b'?'
}

fn places(form: &str) -> Vec<Place> {
    // Where characters may be written as `?`, one that is written so from the start is no other.
    let ascii = form.is_ascii();
    let mut places = Vec::with_capacity(form.len());
    for letter in form.chars() {
        match (u8::try_from(letter), places.last_mut()) {
            (Ok(byte), _) if byte.is_ascii() && (ascii || byte != b'?') => {
                places.push(Place::Byte(byte));
            }
            (_, Some(Place::Foreign(count))) => *count += 1,
            _ => places.push(Place::Foreign(1)),
        }
    }
    places
}

/// The secret, and how it reads once something has quoted it.
fn written(secret: &str) -> [Zeroizing<String>; 5] {
    let xml = secret
        .replace('&', "&amp;")
        .replace('<', "&lt;")
        .replace('>', "&gt;");
    let attribute = xml.replace('"', "&quot;").replace('\'', "&apos;");
    let escaped = secret.replace('\\', r"\\").replace('"', "\\\"");
    let command_line = secret.replace('"', "\\\"");
    [secret.to_owned(), xml, attribute, escaped, command_line].map(Zeroizing::new)
}
