//! The fast half of the text search: a vectorised search for four rare bytes of each term.

use std::collections::BTreeMap;

use aho_corasick::Span;
use aho_corasick::packed::{Config, MatchKind, Searcher};

/// How many bytes of each term are searched for: as many as the vectorised search compares at once.
const WINDOW: usize = 4;

/// Zero bytes behind the folded text, so that the vectorised search never falls back to its slow path for short ones.
const PAD: usize = 64;

/// How much of a cell is folded at once; small cells take the small buffer, which is quicker to clear.
const SMALL: usize = 256 + PAD;
const LARGE: usize = 4096 + PAD;

/// A search for candidates: places where four bytes of a term stand.
///
/// All windows are equally long, so at one place at most one of them stands, and a search that goes on one
/// byte behind each find misses none.
pub(super) struct Windows {
    searcher: Searcher,
    owners: Vec<Vec<Owner>>,
}

/// A needle, and where in it the window lies.
struct Owner {
    needle: usize,
    offset: usize,
}

impl Windows {
    /// A search for `needles`, or nothing if this machine or so many needles don't allow it.
    pub(super) fn new<'a>(needles: impl Iterator<Item = &'a [u8]>) -> Option<Self> {
        let mut windows: BTreeMap<Vec<u8>, Vec<Owner>> = BTreeMap::new();
        for (needle, text) in needles.enumerate() {
            let folded: Vec<u8> = text.iter().copied().map(fold).collect();
            let (offset, window) = folded
                .windows(WINDOW)
                .enumerate()
                .min_by_key(|(_, window)| commonness(window))?;
            windows
                .entry(window.to_vec())
                .or_default()
                .push(Owner { needle, offset });
        }
        let mut builder = Config::new().match_kind(MatchKind::LeftmostFirst).builder();
        builder.extend(windows.keys());
        Some(Self {
            searcher: builder.build()?,
            owners: windows.into_values().collect(),
        })
    }

    /// Calls `candidate` with each needle that may stand in `bytes`, and with where it would start.
    pub(super) fn find(&self, bytes: &[u8], candidate: &mut dyn FnMut(usize, usize)) {
        if bytes.len() <= SMALL - PAD {
            self.find_in_pieces::<SMALL>(bytes, candidate);
        } else {
            self.find_in_pieces::<LARGE>(bytes, candidate);
        }
    }

    fn find_in_pieces<const N: usize>(
        &self,
        bytes: &[u8],
        candidate: &mut dyn FnMut(usize, usize),
    ) {
        let mut buffer = [0_u8; N];
        let mut from = 0;
        loop {
            let piece = &bytes[from..bytes.len().min(from + N - PAD)];
            let (folded, rest) = buffer.split_at_mut(piece.len());
            folded
                .iter_mut()
                .zip(piece)
                .for_each(|(to, byte)| *to = fold(*byte));
            rest.iter_mut().take(PAD).for_each(|to| *to = 0);
            self.find_folded(&buffer[..piece.len() + PAD], from, candidate);
            if from + piece.len() == bytes.len() {
                return;
            }
            from += piece.len() - (WINDOW - 1);
        }
    }

    fn find_folded(&self, folded: &[u8], from: usize, candidate: &mut dyn FnMut(usize, usize)) {
        let mut span = Span {
            start: 0,
            end: folded.len(),
        };
        while let Some(found) = self.searcher.find_in(folded, span) {
            for owner in &self.owners[found.pattern().as_usize()] {
                if let Some(start) = (from + found.start()).checked_sub(owner.offset) {
                    candidate(owner.needle, start);
                }
            }
            span.start = found.start() + 1;
        }
    }
}

/// Makes upper and lower case the same, and some other bytes too: good enough for candidates, and one instruction.
fn fold(byte: u8) -> u8 {
    byte | 0x20
}

/// How often a window is to be expected in an environment's texts: the product of its bytes' frequencies, as a sum of
/// logarithms; what every URL holds is expected most.
fn commonness(window: &[u8]) -> u32 {
    let everywhere: &[&[u8]] = &[
        b"http", b"ttps", b"ttp:", b"tps:", b"tp:/", b"ps:/", b"p://", b"s://", b"www.", b".com",
        b"com/",
    ];
    let penalty = if everywhere.contains(&window) { 100 } else { 0 };
    penalty + window.iter().copied().map(frequency).sum::<u32>()
}

/// A rough logarithm of how often a folded byte occurs in names, URLs, JSON and prose.
fn frequency(byte: u8) -> u32 {
    match byte {
        b' ' | b'e' | b't' | b'a' | b'o' | b'i' | b'n' | b's' | b'r' => 10,
        b'l' | b'c' | b'd' | b'm' | b'p' | b'u' | b'h' | b'"' | b'.' | b'/' => 9,
        b'f' | b'g' | b'b' | b'y' | b'w' | b'v' | b'0' | b'1' | b'2' | b'-' => 7,
        b'k' | b'3'..=b'9' | b':' | b',' | b'_' => 6,
        b'x' | b'j' | b'z' | b'q' => 4,
        _ => 3,
    }
}
