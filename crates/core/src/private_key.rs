//! `private.key`, with which a platform server encrypts what it keeps: passwords in files and in the database.
//!
//! An environment that has the source's key can decrypt all that the copy brought along, and log in there. So the target
//! gets one of its own, and one that is the source's is refused. They are compared by fingerprints, without keeping either.

use std::fmt;

use base64::Engine as _;
use base64::alphabet;
use base64::engine::{DecodePaddingMode, GeneralPurpose, GeneralPurposeConfig};
use secrecy::zeroize::{Zeroize, Zeroizing};
use secrecy::{ExposeSecret, SecretBox, SecretString};
use serde::{Deserialize, Serialize};

use crate::text_file::{Encoding, EncodingError};

/// How many bytes a key has.
pub const LENGTH: usize = 16;

/// As the platform reads it: bits that stand for nothing are not looked at.
const BASE64: GeneralPurpose = GeneralPurpose::new(
    &alphabet::STANDARD,
    GeneralPurposeConfig::new()
        .with_decode_allow_trailing_bits(true)
        .with_decode_padding_mode(DecodePaddingMode::RequireCanonical),
);

/// What stands for a key, and does not give it away.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Fingerprint(String);

impl fmt::Display for Fingerprint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// What is wrong with a key.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum KeyError {
    /// No text.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// Nothing but comments.
    #[error("there is no key in the file")]
    Missing,
    /// Something that is no base64.
    #[error("line {0} is not a key: it is not base64")]
    Form(usize),
    /// Another number of bytes.
    #[error("line {line} is not a key: it has {length} bytes, not {LENGTH}")]
    Length {
        /// The line.
        line: usize,
        /// How many bytes it has.
        length: usize,
    },
    /// The same byte again and again.
    #[error("the bytes for a new key are all the same: they are not random")]
    NotRandom,
    /// The source's.
    #[error(
        "it is the source's key: this server could decrypt all that the copy brought along, and log in there"
    )]
    Source,
}

impl KeyError {
    /// What a person does about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        match self {
            Self::Encoding(error) => error.hint(),
            Self::Missing | Self::Form(_) | Self::Length { .. } => {
                "take the file from a backup of this server, or make a new key; never take the source's"
            }
            Self::NotRandom => "check the system's random numbers",
            Self::Source => "make a new key, and enter again what was encrypted with the old one",
        }
    }
}

/// A key. Its bytes are wiped when it is dropped, and shown nowhere.
pub struct PrivateKey(SecretBox<[u8; LENGTH]>);

impl fmt::Debug for PrivateKey {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str("PrivateKey(***)")
    }
}

impl PrivateKey {
    /// Reads a file: lines that begin with `--` are comments, the first other one is the key in base64.
    ///
    /// # Errors
    /// [`KeyError`], when there is none.
    pub fn read(bytes: &[u8]) -> Result<Self, KeyError> {
        let (_, text) = Encoding::decode(bytes)?;
        let (line, key) = text
            .lines()
            .map(str::trim)
            .enumerate()
            .find(|(_, line)| !line.is_empty() && !line.starts_with("--"))
            .ok_or(KeyError::Missing)?;
        let line = line + 1;
        let decoded = BASE64
            .decode(key)
            .map(Zeroizing::new)
            .map_err(|_| KeyError::Form(line))?;
        let length = decoded.len();
        let key = <[u8; LENGTH]>::try_from(decoded.as_slice())
            .map_err(|_| KeyError::Length { line, length })?;
        Ok(Self::hide(key))
    }

    /// A new key from random bytes.
    ///
    /// # Errors
    /// [`KeyError::NotRandom`], when they can't be random.
    pub fn new(random: [u8; LENGTH]) -> Result<Self, KeyError> {
        if random.iter().all(|byte| *byte == random[0]) {
            return Err(KeyError::NotRandom);
        }
        Ok(Self::hide(random))
    }

    fn hide(mut key: [u8; LENGTH]) -> Self {
        let hidden =
            SecretBox::init_with_mut(|inside: &mut [u8; LENGTH]| inside.copy_from_slice(&key));
        key.zeroize();
        Self(hidden)
    }

    /// What stands for the key.
    #[must_use]
    pub fn fingerprint(&self) -> Fingerprint {
        Fingerprint(crate::digest(self.0.expose_secret()))
    }

    /// Whether the server may have this key.
    ///
    /// # Errors
    /// [`KeyError::Source`], when it is the source's.
    pub fn differs_from(&self, source: &Fingerprint) -> Result<(), KeyError> {
        let same = self.fingerprint().0.eq_ignore_ascii_case(source.0.trim());
        if same { Err(KeyError::Source) } else { Ok(()) }
    }

    /// The file, as it is to be written.
    #[must_use]
    pub fn file(&self) -> SecretString {
        let key = Zeroizing::new(BASE64.encode(self.0.expose_secret()));
        let text = format!(
            "-- The key of this environment. Every server of its farm has the same, no other environment has it.\r\n\
             -- Keep a copy in a safe place: without it, nothing that it encrypted can be decrypted.\r\n\
             {}\r\n",
            key.as_str()
        );
        SecretString::from(text)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const KEY: [u8; LENGTH] = *b"0123456789abcdef";

    fn key(text: &str) -> Result<PrivateKey, KeyError> {
        PrivateKey::read(text.as_bytes())
    }

    #[test]
    fn what_was_written_is_read_again() {
        let new = PrivateKey::new(KEY).unwrap();
        let again = key(new.file().expose_secret()).unwrap();
        assert_eq!(again.0.expose_secret(), &KEY);
        assert_eq!(new.fingerprint(), again.fingerprint());
    }

    #[test]
    fn comments_blank_lines_and_byte_order_marks_are_passed_over() {
        let text =
            "\u{FEFF}-- a comment\r\n\r\n  --another\r\nMDEyMzQ1Njc4OWFiY2RlZg==\r\nleft alone";
        assert_eq!(key(text).unwrap().0.expose_secret(), &KEY);
    }

    #[test]
    fn spellings_of_one_key_have_one_fingerprint() {
        let one = key("MDEyMzQ1Njc4OWFiY2RlZg==").unwrap();
        let other = key("MDEyMzQ1Njc4OWFiY2RlZn==").unwrap();
        assert_eq!(one.fingerprint(), other.fingerprint());
    }

    #[test]
    fn what_is_no_key_is_refused() {
        let fault = |text: &str| key(text).unwrap_err();
        assert_eq!(fault(""), KeyError::Missing);
        assert_eq!(fault("-- MDEyMzQ1Njc4OWFiY2RlZg=="), KeyError::Missing);
        assert_eq!(fault("-- x\n<<KEYTOREPLACE>>"), KeyError::Form(2));
        assert_eq!(fault("MDEyMzQ1Njc4OWFiY2RlZg"), KeyError::Form(1));
        let short = KeyError::Length {
            line: 1,
            length: 15,
        };
        assert_eq!(fault("MDEyMzQ1Njc4OWFiY2Rl"), short);
        assert_eq!(
            PrivateKey::new([7; LENGTH]).unwrap_err(),
            KeyError::NotRandom
        );
    }

    #[test]
    fn the_source_s_key_is_refused_and_another_is_not() {
        let source = PrivateKey::new(KEY).unwrap().fingerprint();
        let copied = key("-- copied\nMDEyMzQ1Njc4OWFiY2RlZg==").unwrap();
        assert_eq!(copied.differs_from(&source), Err(KeyError::Source));
        let own = PrivateKey::new(*b"fedcba9876543210").unwrap();
        assert_eq!(own.differs_from(&source), Ok(()));
    }

    #[test]
    fn nothing_shows_a_key() {
        let new = PrivateKey::new(KEY).unwrap();
        let shown = format!("{new:?} {:?} {:?}", new.file(), new.fingerprint());
        assert!(
            !shown.contains("MDEy") && !shown.contains("0123456789abcdef"),
            "{shown}"
        );
        assert!(!shown.contains("48, 49, 50"), "{shown}");
    }
}
