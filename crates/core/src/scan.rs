//! Finds what is left of the source environment in the cells of a database.
//!
//! A [`Scanner`] is built once from the source's identities and then shown every cell. Text is searched in
//! two steps: each term lends its rarest four bytes to a vectorised multi-substring search, and where those
//! turn up the whole term and its surroundings are compared. `benches/scan.rs` measures that against the
//! alternatives. Secrets are never searched for by their text: a cell that has the length of one is hashed.
//!
//! The scan sees plain text, percent-encoding and JSON escapes in front of a term, and UTF-16 in binary
//! cells. It does not see into compressed or encrypted cells; whoever reports must say so.

mod batch;
mod sample;
mod windows;

#[cfg(test)]
mod tests;

use std::collections::BTreeMap;
use std::fmt;
use std::net::Ipv4Addr;

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};

use windows::Windows;

pub use batch::{Batch, Found};
pub use sample::sample;

/// The shortest term that can be searched for, in bytes.
const SHORTEST: usize = 4;

/// Automata over more bytes of patterns than this are built as an NFA: a DFA would leave the cache.
const DFA_BYTES: usize = 16 * 1024;

/// A text of the source environment that must not be left in the clone: a host, an address, a login, a catalog.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Term {
    /// Index into the caller's identities.
    pub id: usize,
    /// What is searched for; white space around it is ignored.
    pub text: String,
}

/// A secret of the source environment, known only by its keyed digest.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SecretDigest {
    /// Index into the caller's identities.
    pub id: usize,
    /// How many bytes the secret has, white space around it not counted.
    pub length: usize,
    /// What [`secret_digest`] says about it: 64 hexadecimal digits.
    pub digest: String,
}

impl SecretDigest {
    /// Forgets `text`, but for what is needed to recognise it.
    #[must_use]
    pub fn of(id: usize, key: &[u8; 32], text: &str) -> Self {
        Self {
            id,
            length: text.as_bytes().trim_ascii().len(),
            digest: secret_digest(key, text),
        }
    }
}

/// The keyed BLAKE3 digest of `text` without the ASCII white space around it, as 64 hexadecimal digits.
#[must_use]
pub fn secret_digest(key: &[u8; 32], text: &str) -> String {
    blake3::keyed_hash(key, text.as_bytes().trim_ascii())
        .to_hex()
        .to_string()
}

/// How a hit was found, and so how its bytes are to be read.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum Form {
    /// The term, as UTF-8.
    Text,
    /// The term, as UTF-16LE in a binary cell.
    Utf16,
    /// The whole cell is a secret.
    Secret,
}

/// A place in a cell where something of the source environment is left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Hit {
    /// The `id` of the [`Term`] or, if `form` says so, of the [`SecretDigest`].
    pub id: usize,
    /// Where it starts, in bytes from the start of the cell.
    pub start: usize,
    /// Where it ends: the first byte after it.
    pub end: usize,
    /// How it was found.
    pub form: Form,
}

/// Why a [`Scanner`] can't be built.
#[derive(Debug, thiserror::Error)]
pub enum ScanError {
    /// A digest is not what [`secret_digest`] writes.
    #[error("the digest of secret {id} is not 64 hexadecimal digits")]
    Digest {
        /// The `id` of the [`SecretDigest`].
        id: usize,
    },
    /// The terms are too many or too long to be searched for together.
    #[error("the search terms don't fit into one search")]
    Terms(#[source] Box<aho_corasick::BuildError>),
}

/// Searches cells for the terms and the secrets of the source environment.
pub struct Scanner {
    needles: Vec<Needle>,
    /// The length of the shortest needle or secret, in bytes: no shorter cell can hold one.
    shortest: usize,
    text: TextSearch,
    wide: Option<AhoCorasick>,
    secrets: Vec<Secret>,
    /// Whether a secret has this length, in bytes: most cells have the length of none.
    lengths: Vec<bool>,
    key: [u8; 32],
    left_out: Vec<(usize, &'static str)>,
}

/// One text to search for, and everyone who asked for it.
#[derive(Debug)]
struct Needle {
    text: String,
    wide: Vec<u8>,
    address: bool,
    ids: Vec<usize>,
}

#[derive(Debug)]
struct Secret {
    length: usize,
    digest: blake3::Hash,
    id: usize,
}

/// The search through text cells, by what the terms allow.
enum TextSearch {
    Nothing,
    Windows(Box<Windows>),
    Automaton(AhoCorasick),
}

impl Scanner {
    /// Prepares the search for `terms` and `secrets`; `key` is the one that the digests were made with.
    ///
    /// # Errors
    ///
    /// When a digest is malformed, or the terms are too many for one automaton.
    pub fn new(
        terms: &[Term],
        secrets: &[SecretDigest],
        key: &[u8; 32],
    ) -> Result<Self, ScanError> {
        let mut left_out = Vec::new();
        let needles = needles(terms, &mut left_out);
        let secrets = known_secrets(secrets, &mut left_out)?;
        let text = TextSearch::new(&needles)?;
        let shortest = needles
            .iter()
            .map(|needle| needle.text.len())
            .chain(secrets.iter().map(|secret| secret.length))
            .min()
            .unwrap_or(usize::MAX);
        let wide = match needles.as_slice() {
            [] => None,
            some => Some(automaton(some.iter().map(|needle| needle.wide.as_slice()))?),
        };
        let mut lengths = vec![false; secrets.last().map_or(0, |longest| longest.length + 1)];
        secrets
            .iter()
            .for_each(|secret| lengths[secret.length] = true);
        Ok(Self {
            needles,
            shortest,
            text,
            wide,
            secrets,
            lengths,
            key: *key,
            left_out,
        })
    }

    /// The terms and secrets that are not searched for, each with the reason: about these the scan knows nothing.
    #[must_use]
    pub fn left_out(&self) -> &[(usize, &'static str)] {
        &self.left_out
    }

    /// Reports every hit in a text cell, in no particular order.
    ///
    /// A term is found in any ASCII case where it stands alone: no letter, digit, `_` or `-` touches a letter,
    /// digit, `_` or `-` of the term, and an IPv4 address is not part of a longer row of numbers. An escape in
    /// front of the term (`%2F`, `\n`, `\u002f`) counts as the character that it stands for.
    pub fn cell(&self, bytes: &[u8], hit: &mut dyn FnMut(Hit)) {
        self.terms(bytes, &mut |needle, start| {
            self.check(needle, bytes, start, Form::Text, hit)
        });
        self.secret(bytes, hit);
    }

    /// Reports every hit in a binary cell, in no particular order: as [`Self::cell`], and the terms as UTF-16LE.
    pub fn blob(&self, bytes: &[u8], hit: &mut dyn FnMut(Hit)) {
        self.cell(bytes, hit);
        self.wide(bytes, hit);
    }

    /// Calls `candidate` with each needle that may stand in `bytes`, and with where it would start.
    fn terms(&self, bytes: &[u8], candidate: &mut dyn FnMut(usize, usize)) {
        match &self.text {
            TextSearch::Nothing => {}
            _ if bytes.len() < self.shortest => {}
            TextSearch::Windows(windows) => windows.find(bytes, candidate),
            TextSearch::Automaton(automaton) => {
                for found in automaton.find_overlapping_iter(bytes) {
                    candidate(found.pattern().as_usize(), found.start());
                }
            }
        }
    }

    fn wide(&self, bytes: &[u8], hit: &mut dyn FnMut(Hit)) {
        let Some(wide) = &self.wide else { return };
        for found in wide.find_overlapping_iter(bytes) {
            self.check(
                found.pattern().as_usize(),
                bytes,
                found.start(),
                Form::Utf16,
                hit,
            );
        }
    }

    /// Reports the needle if it stands at `start`, whole and alone.
    #[inline]
    fn check(
        &self,
        needle: usize,
        bytes: &[u8],
        start: usize,
        form: Form,
        hit: &mut dyn FnMut(Hit),
    ) {
        let needle = &self.needles[needle];
        if let Some(end) = needle.stands_at(bytes, start, form) {
            needle.ids.iter().for_each(|&id| {
                hit(Hit {
                    id,
                    start,
                    end,
                    form,
                })
            });
        }
    }

    fn secret(&self, bytes: &[u8], hit: &mut dyn FnMut(Hit)) {
        let trimmed = bytes.trim_ascii();
        if !self.lengths.get(trimmed.len()).is_some_and(|any| *any) {
            return;
        }
        let from = self
            .secrets
            .partition_point(|secret| secret.length < trimmed.len());
        let candidates = self.secrets[from..]
            .iter()
            .take_while(|it| it.length == trimmed.len());
        let digest = blake3::keyed_hash(&self.key, trimmed);
        let start = bytes.len() - bytes.trim_ascii_start().len();
        for secret in candidates.filter(|secret| secret.digest == digest) {
            hit(Hit {
                id: secret.id,
                start,
                end: start + trimmed.len(),
                form: Form::Secret,
            });
        }
    }
}

impl fmt::Debug for Scanner {
    /// Says how much is searched for; the key stays where it is.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Scanner")
            .field("needles", &self.needles)
            .field("secrets", &self.secrets.len())
            .field("left_out", &self.left_out)
            .finish_non_exhaustive()
    }
}

impl TextSearch {
    fn new(needles: &[Needle]) -> Result<Self, ScanError> {
        if needles.is_empty() {
            return Ok(Self::Nothing);
        }
        if let Some(windows) = Windows::new(needles.iter().map(|needle| needle.text.as_bytes())) {
            return Ok(Self::Windows(Box::new(windows)));
        }
        automaton(needles.iter().map(|needle| needle.text.as_bytes())).map(Self::Automaton)
    }
}

/// An automaton that finds every occurrence of every pattern, also where they overlap.
fn automaton<'a>(
    patterns: impl Iterator<Item = &'a [u8]> + Clone,
) -> Result<AhoCorasick, ScanError> {
    let bytes: usize = patterns.clone().map(<[u8]>::len).sum();
    let kind = if bytes <= DFA_BYTES {
        AhoCorasickKind::DFA
    } else {
        AhoCorasickKind::ContiguousNFA
    };
    AhoCorasick::builder()
        .ascii_case_insensitive(true)
        .match_kind(MatchKind::Standard)
        .prefilter(false)
        .kind(Some(kind))
        .build(patterns)
        .map_err(|error| ScanError::Terms(Box::new(error)))
}

/// The terms that can be searched for, each text once.
fn needles(terms: &[Term], left_out: &mut Vec<(usize, &'static str)>) -> Vec<Needle> {
    let mut ids: BTreeMap<String, Vec<usize>> = BTreeMap::new();
    for term in terms {
        let text = term.text.trim().to_ascii_lowercase();
        match unsearchable(&text) {
            Some(why) => left_out.push((term.id, why)),
            None => ids.entry(text).or_default().push(term.id),
        }
    }
    ids.into_iter()
        .map(|(text, ids)| Needle {
            wide: text.encode_utf16().flat_map(u16::to_le_bytes).collect(),
            address: is_address(&text),
            text,
            ids,
        })
        .collect()
}

fn unsearchable(text: &str) -> Option<&'static str> {
    if text.len() < SHORTEST {
        return Some("shorter than four bytes: it would be found everywhere");
    }
    let numeric = text
        .bytes()
        .all(|byte| byte.is_ascii_digit() || byte == b'.');
    (numeric && !is_address(text)).then_some(
        "only digits and dots, and not a whole IPv4 address: it would be found in any number",
    )
}

fn is_address(text: &str) -> bool {
    text.parse::<Ipv4Addr>().is_ok()
}

fn known_secrets(
    secrets: &[SecretDigest],
    left_out: &mut Vec<(usize, &'static str)>,
) -> Result<Vec<Secret>, ScanError> {
    let mut known = Vec::with_capacity(secrets.len());
    for it in secrets {
        let digest =
            blake3::Hash::from_hex(&it.digest).map_err(|_| ScanError::Digest { id: it.id })?;
        match it.length {
            0 => left_out.push((
                it.id,
                "an empty secret: it would be found in every empty cell",
            )),
            length => known.push(Secret {
                length,
                digest,
                id: it.id,
            }),
        }
    }
    known.sort_by_key(|secret| secret.length);
    Ok(known)
}

impl Needle {
    /// Where the needle ends if it stands at `start`, whole and alone.
    #[inline]
    fn stands_at(&self, bytes: &[u8], start: usize, form: Form) -> Option<usize> {
        let (pattern, width) = match form {
            Form::Utf16 => (self.wide.as_slice(), 2),
            Form::Text | Form::Secret => (self.text.as_bytes(), 1),
        };
        let end = start.checked_add(pattern.len())?;
        let same = same(bytes.get(start..end)?, pattern, width);
        let around = Around {
            bytes,
            start,
            end,
            width,
        };
        (same && self.starts_alone(&around) && self.ends_alone(&around)).then_some(end)
    }

    fn starts_alone(&self, around: &Around<'_>) -> bool {
        let Some(before) = around.before(1) else {
            return true;
        };
        if self.address && before == b'.' {
            return !around.before(2).is_some_and(|byte| byte.is_ascii_digit());
        }
        !is_word(before) || !self.text.bytes().next().is_some_and(is_word) || around.escape_before()
    }

    fn ends_alone(&self, around: &Around<'_>) -> bool {
        let Some(after) = around.after(1) else {
            return true;
        };
        if self.address && after == b'.' {
            return !around.after(2).is_some_and(|byte| byte.is_ascii_digit());
        }
        !is_word(after) || !self.text.bytes().next_back().is_some_and(is_word)
    }
}

/// Whether both are the same in any ASCII case, where a character is `width` bytes wide.
fn same(bytes: &[u8], pattern: &[u8], width: usize) -> bool {
    if width == 1 {
        return bytes.eq_ignore_ascii_case(pattern);
    }
    let unit = |pair: &[u8]| {
        (
            pair[1],
            if pair[1] == 0 {
                pair[0].to_ascii_lowercase()
            } else {
                pair[0]
            },
        )
    };
    bytes.len() == pattern.len()
        && bytes
            .chunks_exact(2)
            .zip(pattern.chunks_exact(2))
            .all(|(a, b)| unit(a) == unit(b))
}

/// What a name is made of. Other alphabets are not counted: better a hit too many than one too few.
fn is_word(byte: u8) -> bool {
    byte.is_ascii_alphanumeric() || byte == b'_' || byte == b'-'
}

/// What stands around a candidate.
struct Around<'a> {
    bytes: &'a [u8],
    start: usize,
    end: usize,
    width: usize,
}

impl Around<'_> {
    /// The n-th character before the candidate, counted from 1; any that is not ASCII is 0xFF.
    fn before(&self, n: usize) -> Option<u8> {
        self.character(self.start.checked_sub(n * self.width)?)
    }

    /// The n-th character after the candidate, counted from 1.
    fn after(&self, n: usize) -> Option<u8> {
        self.character(self.end + (n - 1) * self.width)
    }

    fn character(&self, at: usize) -> Option<u8> {
        match self.bytes.get(at..at + self.width)? {
            [byte] | [byte, 0] if byte.is_ascii() => Some(*byte),
            _ => Some(0xFF),
        }
    }

    /// Whether the letter or digit before the candidate only ends an escape that stands for something else.
    fn escape_before(&self) -> bool {
        let hex = |n| {
            self.before(n)
                .and_then(|byte| char::from(byte).to_digit(16))
        };
        let is = |n, byte| self.before(n) == Some(byte);
        if is(2, b'\\') {
            return matches!(self.before(1), Some(b'n' | b'r' | b't' | b'b' | b'f'));
        }
        let (Some(low), Some(high)) = (hex(1), hex(2)) else {
            return false;
        };
        let value = high << 4 | low;
        let word = u8::try_from(value).is_ok_and(is_word);
        if is(3, b'x') && is(4, b'\\') {
            return !word;
        }
        if let (Some(third), Some(fourth), true, true) = (hex(3), hex(4), is(5, b'u'), is(6, b'\\'))
        {
            return third != 0 || fourth != 0 || !word;
        }
        // `%252F` is `%2F`, escaped once more.
        let mut at = 3;
        while is(at, b'5') && is(at + 1, b'2') {
            at += 2;
        }
        is(at, b'%') && !word
    }
}
