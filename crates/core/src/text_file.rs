//! Text files of Windows: which encoding they are in, and the same encoding on the way back.

use secrecy::zeroize::Zeroizing;

/// How a file's characters are written.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Encoding {
    /// UTF-8 without a byte order mark.
    Utf8,
    /// UTF-8 behind a byte order mark.
    Utf8Marked,
    /// UTF-16, the low byte first, behind a byte order mark.
    Utf16Le,
    /// UTF-16, the high byte first, behind a byte order mark.
    Utf16Be,
}

/// Each encoding's byte order mark. The empty one is the last: it fits everything.
const MARKS: [(&[u8], Encoding); 4] = [
    (&[0xEF, 0xBB, 0xBF], Encoding::Utf8Marked),
    (&[0xFF, 0xFE], Encoding::Utf16Le),
    (&[0xFE, 0xFF], Encoding::Utf16Be),
    (&[], Encoding::Utf8),
];

/// Bytes that are no text in any encoding that is understood.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
pub enum EncodingError {
    /// Neither UTF-8 nor behind the mark of another encoding.
    #[error("the file is not UTF-8, and has no byte order mark that says what else it is")]
    Utf8,
    /// The mark says UTF-16, and half a character is left.
    #[error("the file says that it is UTF-16, and is not")]
    Utf16,
}

impl EncodingError {
    /// What a person does about it.
    #[must_use]
    pub fn hint(self) -> &'static str {
        "open the file in an editor, save it as UTF-8 and compare it with a backup"
    }
}

impl Encoding {
    /// Reads bytes that came from a file.
    ///
    /// # Errors
    /// [`EncodingError`], when they are no text. The text is wiped when dropped, since it may have passwords in it.
    pub fn decode(bytes: &[u8]) -> Result<(Self, Zeroizing<String>), EncodingError> {
        let (mark, encoding) = MARKS
            .into_iter()
            .find(|(mark, _)| bytes.starts_with(mark))
            .ok_or(EncodingError::Utf8)?;
        let rest = &bytes[mark.len()..];
        let text = match encoding {
            Self::Utf8 | Self::Utf8Marked => std::str::from_utf8(rest)
                .map(str::to_owned)
                .map_err(|_| EncodingError::Utf8)?,
            Self::Utf16Le => wide(rest, u16::from_le_bytes)?,
            Self::Utf16Be => wide(rest, u16::from_be_bytes)?,
        };
        Ok((encoding, Zeroizing::new(text)))
    }

    /// Writes a text as the file had it.
    #[must_use]
    pub fn encode(self, text: &str) -> Zeroizing<Vec<u8>> {
        let mark = MARKS
            .into_iter()
            .find(|(_, encoding)| *encoding == self)
            .map_or(&[][..], |(mark, _)| mark);
        // Large enough at once: a vector that grows leaves copies behind that nobody wipes.
        let mut bytes = Zeroizing::new(Vec::with_capacity(mark.len() + 2 * text.len()));
        bytes.extend_from_slice(mark);
        match self {
            Self::Utf8 | Self::Utf8Marked => bytes.extend_from_slice(text.as_bytes()),
            Self::Utf16Le => bytes.extend(text.encode_utf16().flat_map(u16::to_le_bytes)),
            Self::Utf16Be => bytes.extend(text.encode_utf16().flat_map(u16::to_be_bytes)),
        }
        bytes
    }

    /// What an XML declaration calls it.
    #[must_use]
    pub fn name(self) -> &'static str {
        match self {
            Self::Utf8 | Self::Utf8Marked => "utf-8",
            Self::Utf16Le | Self::Utf16Be => "utf-16",
        }
    }
}

fn wide(bytes: &[u8], unit: fn([u8; 2]) -> u16) -> Result<String, EncodingError> {
    let pairs = bytes.chunks_exact(2);
    if !pairs.remainder().is_empty() {
        return Err(EncodingError::Utf16);
    }
    char::decode_utf16(pairs.map(|pair| unit([pair[0], pair[1]])))
        .collect::<Result<_, _>>()
        .map_err(|_| EncodingError::Utf16)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_encoding_comes_back_as_it_was() {
        for (mark, encoding) in MARKS {
            let bytes = encoding.encode("<a>é𝄞</a>\r\n");
            assert!(bytes.starts_with(mark));
            let (again, text) = Encoding::decode(&bytes).unwrap();
            assert_eq!((again, text.as_str()), (encoding, "<a>é𝄞</a>\r\n"));
        }
    }

    #[test]
    fn what_is_no_text_is_refused() {
        assert_eq!(Encoding::decode(b"caf\xE9"), Err(EncodingError::Utf8));
        assert_eq!(
            Encoding::decode(&[0xFF, 0xFE, 0x41]),
            Err(EncodingError::Utf16)
        );
        assert_eq!(
            Encoding::decode(&[0xFE, 0xFF, 0xD8, 0x00]),
            Err(EncodingError::Utf16)
        );
    }
}
