//! Reading and writing what TTC's messages consist of: numbers with their length before them, and counted bytes.

use std::io::{self, ErrorKind};

/// Counted bytes up to this many have their count in one byte.
const SHORT: usize = 252;
/// Says that pieces follow, each with its own count.
const LONG: u8 = 254;
/// Says that there is no value.
const NULL: u8 = 255;
/// A number's length with this bit is a negative number's.
const NEGATIVE: u8 = 0x80;
/// How large a piece can be.
const PIECE: usize = 32_767;

pub(crate) fn invalid(what: impl Into<String>) -> io::Error {
    io::Error::new(ErrorKind::InvalidData, what.into())
}

/// The rest of a message. Where it ends too early the error is [`ErrorKind::UnexpectedEof`]: more of it may come.
#[derive(Clone, Copy)]
pub(crate) struct Reader<'a>(pub(crate) &'a [u8]);

impl<'a> Reader<'a> {
    pub(crate) fn take(&mut self, length: usize) -> io::Result<&'a [u8]> {
        let (taken, rest) = self
            .0
            .split_at_checked(length)
            .ok_or(ErrorKind::UnexpectedEof)?;
        self.0 = rest;
        Ok(taken)
    }

    pub(crate) fn u8(&mut self) -> io::Result<u8> {
        Ok(self.take(1)?[0])
    }

    pub(crate) fn u16(&mut self) -> io::Result<u16> {
        let bytes = self.take(2)?;
        Ok(u16::from_be_bytes([bytes[0], bytes[1]]))
    }

    pub(crate) fn u32(&mut self) -> io::Result<u32> {
        let bytes = self.take(4)?;
        Ok(u32::from_be_bytes([bytes[0], bytes[1], bytes[2], bytes[3]]))
    }

    /// A number of up to eight bytes.
    pub(crate) fn number(&mut self) -> io::Result<u64> {
        let length = self.u8()?;
        if length & NEGATIVE != 0 || length > 8 {
            return Err(invalid(format!("a number of {length} bytes")));
        }
        let bytes = self.take(usize::from(length))?;
        Ok(bytes
            .iter()
            .fold(0, |number, byte| number << 8 | u64::from(*byte)))
    }

    pub(crate) fn length(&mut self) -> io::Result<usize> {
        usize::try_from(self.number()?).map_err(|_| invalid("a length beyond memory"))
    }

    pub(crate) fn u32_number(&mut self) -> io::Result<u32> {
        u32::try_from(self.number()?).map_err(|_| invalid("a number of more than four bytes"))
    }

    /// Bytes with their count before them; none where the value is NULL.
    pub(crate) fn counted(&mut self) -> io::Result<Vec<u8>> {
        match self.u8()? {
            NULL => Ok(Vec::new()),
            LONG => {
                let mut whole = Vec::new();
                loop {
                    match self.length()? {
                        0 => return Ok(whole),
                        length => whole.extend(self.take(length)?),
                    }
                }
            }
            length => Ok(self.take(usize::from(length))?.to_vec()),
        }
    }

    /// Counted bytes, with a number before that says whether there are any.
    pub(crate) fn counted_twice(&mut self) -> io::Result<Vec<u8>> {
        match self.number()? {
            0 => Ok(Vec::new()),
            _ => self.counted(),
        }
    }

    pub(crate) fn skip_numbers(&mut self, count: usize) -> io::Result<()> {
        (0..count).try_for_each(|_| self.number().map(drop))
    }
}

/// A message in the making.
#[derive(Default)]
pub(crate) struct Writer(pub(crate) Vec<u8>);

impl Writer {
    pub(crate) fn u8(&mut self, byte: u8) {
        self.0.push(byte);
    }

    pub(crate) fn bytes(&mut self, bytes: &[u8]) {
        self.0.extend(bytes);
    }

    pub(crate) fn zeros(&mut self, count: usize) {
        self.0.extend(std::iter::repeat_n(0, count));
    }

    pub(crate) fn number(&mut self, number: u64) {
        let bytes = number.to_be_bytes();
        let from = (number.leading_zeros() / 8) as usize;
        self.u8((bytes.len() - from) as u8);
        self.bytes(&bytes[from..]);
    }

    pub(crate) fn signed(&mut self, number: i64) {
        let at = self.0.len();
        self.number(number.unsigned_abs());
        if number < 0 {
            self.0[at] |= NEGATIVE;
        }
    }

    pub(crate) fn counted(&mut self, bytes: &[u8]) {
        if bytes.len() <= SHORT {
            self.u8(bytes.len() as u8);
            self.bytes(bytes);
            return;
        }
        self.u8(LONG);
        for piece in bytes.chunks(PIECE) {
            self.number(piece.len() as u64);
            self.bytes(piece);
        }
        self.number(0);
    }

    pub(crate) fn counted_twice(&mut self, bytes: &[u8]) {
        self.number(bytes.len() as u64);
        if !bytes.is_empty() {
            self.counted(bytes);
        }
    }
}

/// Text as Oracle's NCHAR types and its CLOBs hold it.
pub(crate) fn utf16(text: &str) -> Vec<u8> {
    text.encode_utf16().flat_map(u16::to_be_bytes).collect()
}

pub(crate) fn from_utf16(bytes: &[u8]) -> String {
    let units = bytes
        .chunks_exact(2)
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]));
    char::decode_utf16(units)
        .map(|unit| unit.unwrap_or(char::REPLACEMENT_CHARACTER))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_written_reads_back() {
        for number in [0, 1, 252, 255, 256, 65_535, 65_536, u64::MAX] {
            let mut out = Writer::default();
            out.number(number);
            assert_eq!(Reader(&out.0).number().unwrap(), number);
        }
        for length in [0, 1, 252, 253, 32_767, 32_768, 100_000] {
            let bytes = vec![7; length];
            let mut out = Writer::default();
            out.counted(&bytes);
            let mut back = Reader(&out.0);
            assert_eq!(back.counted().unwrap(), bytes);
            assert!(back.0.is_empty());
        }
    }

    #[test]
    fn what_is_cut_off_may_still_come() {
        let mut out = Writer::default();
        out.counted(&[7; 40_000]);
        for end in [0, 1, 3, 100, 39_999] {
            let error = Reader(&out.0[..end]).counted().unwrap_err();
            assert_eq!(error.kind(), ErrorKind::UnexpectedEof);
        }
    }
}
