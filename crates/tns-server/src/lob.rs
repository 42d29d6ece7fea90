//! LOBs: what their locators stand for, and what can be done with them.

use crate::answer::{OracleError, Value};
use crate::bytes::{Writer, from_utf16, utf16};
use crate::calls;
use crate::cursor::kind;
use crate::handshake::AL32UTF8;
use std::collections::HashMap;

/// A locator's length.
const LOCATOR: usize = 40;
/// Where a locator has its flags, and which LOB it is of.
mod at {
    pub(super) const KIND: usize = 4;
    pub(super) const INITIALISED: usize = 5;
    pub(super) const CHARACTERS: usize = 6;
    pub(super) const TEMPORARY: usize = 7;
    pub(super) const NUMBER: std::ops::Range<usize> = 10..18;
}

mod flag {
    pub(super) const BLOB: u8 = 0x01;
    pub(super) const INITIALISED: u8 = 0x08;
    /// Characters have two bytes, whatever the database's character set is.
    pub(super) const WIDE: u8 = 0x80;
    pub(super) const TEMPORARY: u8 = 0x01;
}

mod operation {
    pub(super) const LENGTH: u32 = 0x0001;
    pub(super) const READ: u32 = 0x0002;
    pub(super) const TRIM: u32 = 0x0020;
    pub(super) const WRITE: u32 = 0x0040;
    pub(super) const CREATE: u32 = 0x0110;
    pub(super) const CHUNK: u32 = 0x4000;
    pub(super) const OPEN: u32 = 0x8000;
    pub(super) const CLOSE: u32 = 0x1_0000;
    pub(super) const IS_OPEN: u32 = 0x1_1000;
}

/// What a LOB is best read and written in.
const CHUNK: u64 = 8132;

struct Lob {
    /// A CLOB's are two for each unit of UTF-16.
    bytes: Vec<u8>,
    text: bool,
    open: bool,
}

impl Lob {
    fn width(&self) -> usize {
        if self.text { 2 } else { 1 }
    }

    fn length(&self) -> u64 {
        (self.bytes.len() / self.width()) as u64
    }
}

/// The LOBs of one session.
#[derive(Default)]
pub(crate) struct Lobs {
    lobs: HashMap<u64, Lob>,
    last: u64,
}

impl Lobs {
    /// A new LOB's locator.
    fn add(&mut self, bytes: Vec<u8>, text: bool, temporary: bool) -> [u8; LOCATOR] {
        self.last += 1;
        let mut locator = [0; LOCATOR];
        locator[1] = (LOCATOR - 2) as u8;
        locator[at::KIND] = if text { 0 } else { flag::BLOB };
        locator[at::INITIALISED] = flag::INITIALISED;
        locator[at::CHARACTERS] = if text { flag::WIDE } else { 0 };
        locator[at::TEMPORARY] = if temporary { flag::TEMPORARY } else { 0 };
        locator[at::NUMBER].copy_from_slice(&self.last.to_be_bytes());
        let open = false;
        self.lobs.insert(self.last, Lob { bytes, text, open });
        locator
    }

    fn get(&mut self, locator: &[u8]) -> Result<&mut Lob, OracleError> {
        number(locator)
            .and_then(|number| self.lobs.get_mut(&number))
            .ok_or_else(|| OracleError::new(22_275, "invalid LOB locator specified"))
    }

    /// Writes a LOB as a value of a row: its size, and a locator to read it with.
    pub(crate) fn write(&mut self, out: &mut Writer, value: &Value, text: bool, temporary: bool) {
        let bytes = match value {
            Value::Text(value) if text => utf16(value),
            Value::Text(value) => value.clone().into_bytes(),
            Value::Bytes(bytes) => bytes.clone(),
            _ => Vec::new(),
        };
        let size = bytes.len() / if text { 2 } else { 1 };
        let locator = self.add(bytes, text, temporary);
        out.number(LOCATOR as u64);
        out.number(size as u64);
        out.number(CHUNK);
        out.counted(&locator);
    }

    /// What a bind's locator stands for.
    pub(crate) fn value(&mut self, locator: &[u8]) -> Result<Value, OracleError> {
        let lob = self.get(locator)?;
        Ok(match lob.text {
            true => Value::Text(from_utf16(&lob.bytes)),
            false => Value::Bytes(lob.bytes.clone()),
        })
    }

    /// Forgets LOBs whose locators come one after the other.
    pub(crate) fn free(&mut self, locators: &[u8]) {
        for locator in locators.chunks(LOCATOR) {
            number(locator).and_then(|number| self.lobs.remove(&number));
        }
    }

    /// Does what a client wants done, and writes what it gets for it.
    pub(crate) fn call(&mut self, call: &calls::Lob, out: &mut Writer) -> Result<(), OracleError> {
        const DATA: u8 = 14;
        const PARAMETERS: u8 = 8;
        if call.operation == operation::CREATE {
            let text = call.kind != u64::from(kind::BLOB);
            let locator = self.add(Vec::new(), text, true);
            out.u8(PARAMETERS);
            out.bytes(&locator);
            out.number(u64::from(AL32UTF8));
            out.u8(0);
            return Ok(());
        }
        let lob = self.get(&call.locator)?;
        let width = lob.width();
        let from = (call.offset.saturating_sub(1) as usize).saturating_mul(width);
        let mut amount = call.amount;
        let mut said = None;
        match call.operation {
            operation::LENGTH => amount = lob.length(),
            operation::CHUNK => amount = CHUNK,
            operation::READ => {
                let start = from.min(lob.bytes.len());
                let end = start.saturating_add((call.amount as usize).saturating_mul(width));
                let read = &lob.bytes[start..end.min(lob.bytes.len())];
                amount = (read.len() / width) as u64;
                out.u8(DATA);
                out.counted(read);
            }
            operation::WRITE => {
                let end = from + call.data.len();
                if lob.bytes.len() < end {
                    // What was never written is blank, or zero.
                    let blank = if lob.text { vec![0, b' '] } else { vec![0] };
                    let missing = end - lob.bytes.len();
                    lob.bytes.extend(blank.iter().cycle().take(missing));
                }
                lob.bytes[from..end].copy_from_slice(&call.data);
            }
            operation::TRIM => lob
                .bytes
                .truncate((call.amount as usize).saturating_mul(width)),
            operation::OPEN => lob.open = true,
            operation::CLOSE => lob.open = false,
            operation::IS_OPEN => said = Some(lob.open),
            other => {
                let message = format!("unimplemented feature: operation {other:#x} of LOBs");
                return Err(OracleError::new(3001, message));
            }
        }
        out.u8(PARAMETERS);
        out.bytes(&call.locator);
        if call.sends_amount {
            out.number(amount);
        }
        if let Some(said) = said {
            out.u8(said.into());
        }
        Ok(())
    }
}

fn number(locator: &[u8]) -> Option<u64> {
    let bytes = locator.get(at::NUMBER)?;
    Some(u64::from_be_bytes(bytes.try_into().ok()?))
}
