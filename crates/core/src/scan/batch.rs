//! Searches many cells at once: most are short, and to begin a search costs more than to search them.

use super::{Form, Hit, Scanner};

/// How many bytes of cells are collected before they are searched: few enough to stay in the processor's cache.
const FULL: usize = 32 * 1024;

/// A cell with something of the source environment in it.
#[derive(Debug)]
pub struct Found<'a> {
    /// What the caller named the cell by.
    pub tag: usize,
    /// The cell's content.
    pub bytes: &'a [u8],
    /// Every hit in it, in no particular order; at least one.
    pub hits: &'a [Hit],
}

/// Cells that are searched together. What is still collected when a batch is dropped was never searched:
/// [`Self::finish`] ends it.
pub struct Batch<'a> {
    scanner: &'a Scanner,
    bytes: Vec<u8>,
    cells: Vec<Cell>,
    /// Hits with the index of their cell.
    hits: Vec<(usize, Hit)>,
}

#[derive(Clone, Copy)]
struct Cell {
    start: usize,
    tag: usize,
}

impl<'a> Batch<'a> {
    /// An empty batch.
    #[must_use]
    pub fn new(scanner: &'a Scanner) -> Self {
        Self {
            scanner,
            bytes: Vec::with_capacity(2 * FULL),
            cells: Vec::new(),
            hits: Vec::new(),
        }
    }

    /// Takes a text cell, and calls `found` for cells that were collected once they are enough. See
    /// [`Scanner::cell`] for what a hit is.
    #[inline]
    pub fn text(&mut self, tag: usize, bytes: &[u8], found: &mut dyn FnMut(&Found<'_>)) {
        if bytes.len() >= self.scanner.shortest {
            self.take(tag, bytes);
            self.full(found);
        }
    }

    /// Takes a binary cell, as [`Self::text`] does. See [`Scanner::blob`] for what a hit is.
    pub fn blob(&mut self, tag: usize, bytes: &[u8], found: &mut dyn FnMut(&Found<'_>)) {
        if bytes.len() >= self.scanner.shortest {
            let index = self.take(tag, bytes);
            let hits = &mut self.hits;
            self.scanner.wide(bytes, &mut |hit| hits.push((index, hit)));
            self.full(found);
        }
    }

    /// Searches what is still collected.
    pub fn finish(mut self, found: &mut dyn FnMut(&Found<'_>)) {
        self.search(found);
    }

    #[inline]
    fn take(&mut self, tag: usize, bytes: &[u8]) -> usize {
        let index = self.cells.len();
        let start = self.bytes.len();
        self.cells.push(Cell { start, tag });
        self.bytes.extend_from_slice(bytes);
        let hits = &mut self.hits;
        self.scanner
            .secret(bytes, &mut |hit| hits.push((index, hit)));
        index
    }

    #[inline]
    fn full(&mut self, found: &mut dyn FnMut(&Found<'_>)) {
        if self.bytes.len() >= FULL {
            self.search(found);
        }
    }

    fn search(&mut self, found: &mut dyn FnMut(&Found<'_>)) {
        let (scanner, hits) = (self.scanner, &mut self.hits);
        let (bytes, cells) = (&self.bytes, &self.cells);
        let cell = |index: usize| {
            let end = cells.get(index + 1).map_or(bytes.len(), |next| next.start);
            &bytes[cells[index].start..end]
        };
        scanner.terms(bytes, &mut |needle, start| {
            // A candidate that reaches into the next cell is none: it is compared with this cell alone.
            let index = cells.partition_point(|cell| cell.start <= start) - 1;
            let within = start - cells[index].start;
            scanner.check(needle, cell(index), within, Form::Text, &mut |hit| {
                hits.push((index, hit));
            });
        });
        hits.sort_unstable();
        let mut of_cell = Vec::new();
        for one in hits.chunk_by(|a, b| a.0 == b.0) {
            of_cell.clear();
            of_cell.extend(one.iter().map(|(_, hit)| *hit));
            let index = one[0].0;
            found(&Found {
                tag: cells[index].tag,
                bytes: cell(index),
                hits: &of_cell,
            });
        }
        self.bytes.clear();
        self.cells.clear();
        self.hits.clear();
        // One huge cell must not make the batch huge for good.
        self.bytes.shrink_to(2 * FULL);
    }
}
