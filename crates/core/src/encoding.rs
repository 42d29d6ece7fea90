//! How a server writes texts down, and what becomes of them where another one writes them down otherwise.

use std::fmt;

use serde::{Deserialize, Serialize};

/// How a server writes texts down.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Encoding {
    /// The engine's name for its character set.
    pub characters: String,
    /// Whether that has every character.
    pub unicode: bool,
    /// Whether a column without a word about it holds a number of bytes, and not of characters.
    pub bytes: bool,
}

/// What becomes of texts that come from one server to another.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// Characters that the other one does not have come out as others.
    Lost {
        /// The source's character set.
        from: String,
        /// The target's.
        to: String,
    },
    /// Nobody here knows whether the other one has all of them.
    Doubtful {
        /// The source's character set.
        from: String,
        /// The target's.
        to: String,
    },
    /// Characters take more bytes there, and a column that holds a number of bytes may be too short for them.
    Longer {
        /// The source's character set.
        from: String,
        /// The target's.
        to: String,
    },
    /// Columns that are made there later hold less than the same ones at the source.
    Shorter,
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Lost { from, to } => write!(
                f,
                "the source's character set is {from}, the target's {to}, which does not have all of its characters: others would \
                 stand in their place"
            ),
            Self::Doubtful { from, to } => write!(
                f,
                "the source's character set is {from}, the target's {to}: whether that has all of its characters is not known"
            ),
            Self::Longer { from, to } => write!(
                f,
                "the source's character set is {from}, the target's {to}, in which a character may take more bytes"
            ),
            Self::Shorter => f.write_str(
                "unless told otherwise, a column of the source holds a number of characters, and one of the target a number of \
                 bytes: what the platform makes there later is shorter",
            ),
        }
    }
}

/// What becomes of the source's texts at the target; nothing where they stay as they are.
#[must_use]
pub fn differences(source: &Encoding, target: &Encoding) -> Vec<Difference> {
    let (from, to) = (source.characters.clone(), target.characters.clone());
    let mut found = Vec::new();
    if !from.eq_ignore_ascii_case(&to) {
        found.push(match (source.unicode, target.unicode) {
            (_, true) => Difference::Longer { from, to },
            (true, false) => Difference::Lost { from, to },
            (false, false) => Difference::Doubtful { from, to },
        });
    }
    if target.bytes && !source.bytes {
        found.push(Difference::Shorter);
    }
    found
}

#[cfg(test)]
mod tests {
    use super::*;

    fn encoding(characters: &str, unicode: bool, bytes: bool) -> Encoding {
        Encoding {
            characters: characters.to_owned(),
            unicode,
            bytes,
        }
    }

    #[test]
    fn what_is_lost_is_what_the_target_has_not() {
        let wide = |bytes| encoding("AL32UTF8", true, bytes);
        let narrow = |bytes| encoding("WE8MSWIN1252", false, bytes);
        let other = encoding("WE8ISO8859P15", false, true);
        let names = |from: &Encoding, to: &Encoding| {
            let (from, to) = (from.characters.clone(), to.characters.clone());
            (from, to)
        };
        assert_eq!(differences(&wide(true), &wide(true)), []);
        assert_eq!(
            differences(&narrow(true), &encoding("we8mswin1252", false, true)),
            []
        );
        let (from, to) = names(&wide(true), &narrow(true));
        let lost = Difference::Lost { from, to };
        assert_eq!(differences(&wide(true), &narrow(true)), [lost]);
        let (from, to) = names(&narrow(true), &wide(true));
        let longer = Difference::Longer { from, to };
        assert_eq!(differences(&narrow(true), &wide(true)), [longer]);
        let (from, to) = names(&other, &narrow(true));
        let doubtful = Difference::Doubtful { from, to };
        assert_eq!(differences(&other, &narrow(true)), [doubtful]);
        // Characters in place of bytes hold more, and lose nothing.
        assert_eq!(differences(&wide(true), &wide(false)), []);
        assert_eq!(
            differences(&wide(false), &wide(true)),
            [Difference::Shorter]
        );
    }
}
