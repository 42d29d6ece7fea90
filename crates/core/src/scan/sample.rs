//! A line to show for a hit, without what must not be shown.

use std::ops::Range;

use super::{Form, Hit};

/// What stands where something was left out on purpose.
const MASK: &str = "***";

/// How far behind its first space a password may go on, in a connection string; a bound, so that long cells stay quick.
const LONGEST_REST: usize = 512;

/// How long a URL may be up to the `@` behind its password; a bound for the same reason.
const LONGEST_URL: usize = 1024;

/// How long the name behind a keyword may go on, as in `tokenForCustomerPortal=`.
const LONGEST_NAME: usize = 128;

/// What stands where the line was cut.
const CUT: char = '…';

/// After these the next value is taken for a secret.
const KEYWORDS: [&str; 18] = [
    "password",
    "passwd",
    "passphrase",
    "passcode",
    "pwd",
    "pass=",
    "pass:",
    "secret",
    "token",
    "apikey",
    "api_key",
    "api-key",
    "accesskey",
    "accountkey",
    "privatekey",
    "credential",
    "signature",
    "sig=",
];

/// After these everything up to the end of the line or of the quotes is taken for a secret.
const SCHEMES: [&str; 4] = ["authorization", "bearer ", "basic ", "identified by "];

/// After these comes the authority of a URL, maybe with a user and a password.
const AUTHORITIES: [&str; 4] = ["://", ":\\/\\/", "%3a%2f%2f", "%253a%252f%252f"];

/// One line of at most `width` characters around `hit`, as it may be shown in a report.
///
/// Bytes that are no text and control characters are replaced. What looks like a password is masked, whether or
/// not its beginning would have been shown: a URL's user and password, the values of `password`, `pwd`, `secret`,
/// `token`, API keys and the like in connection strings, queries, JSON and XML, and what follows `Bearer`. It
/// masks too much rather than too little. Of a secret nothing is shown.
#[must_use]
pub fn sample(cell: &[u8], hit: Hit, width: usize) -> String {
    if hit.form == Form::Secret {
        return MASK.chars().take(width).collect();
    }
    let end = hit.end.min(cell.len());
    let start = hit.start.min(end);
    let reach = width.saturating_mul(4).saturating_add(64);
    let around = start.saturating_sub(reach)..end.saturating_add(reach).min(cell.len());
    let shown = match hit.form {
        Form::Utf16 => read_utf16(cell, around.start + (around.start ^ start) % 2..around.end),
        Form::Text | Form::Secret => read_utf8(cell, around.clone()),
    };
    let line = without(&shown, &masks(cell));
    cut(
        &line,
        &(start..end),
        width,
        (around.start > 0, around.end < cell.len()),
    )
}

/// A character to show, and the bytes that it stands for.
struct Glyph {
    char: char,
    from: Range<usize>,
}

/// The text in `range`, extended to whole characters.
fn read_utf8(cell: &[u8], range: Range<usize>) -> Vec<Glyph> {
    let continues = |at: usize| cell.get(at).is_some_and(|byte| byte & 0xC0 == 0x80);
    let start = (range.start.saturating_sub(3)..=range.start)
        .rev()
        .find(|&at| !continues(at))
        .unwrap_or(range.start);
    let end = (range.end..range.end + 3)
        .find(|&at| !continues(at))
        .unwrap_or(range.end);
    let mut glyphs = Vec::new();
    let mut at = start;
    for chunk in cell[start..end].utf8_chunks() {
        for char in chunk.valid().chars() {
            glyphs.push(Glyph {
                char: printable(char),
                from: at..at + char.len_utf8(),
            });
            at += char.len_utf8();
        }
        if !chunk.invalid().is_empty() {
            glyphs.push(Glyph {
                char: char::REPLACEMENT_CHARACTER,
                from: at..at + chunk.invalid().len(),
            });
            at += chunk.invalid().len();
        }
    }
    glyphs
}

fn read_utf16(cell: &[u8], range: Range<usize>) -> Vec<Glyph> {
    let units = cell[range.clone()]
        .chunks_exact(2)
        .map(|pair| u16::from_le_bytes([pair[0], pair[1]]));
    let mut at = range.start;
    char::decode_utf16(units)
        .map(|read| {
            let from = at..at + read.as_ref().map_or(2, |char| 2 * char.len_utf16());
            let char = read.unwrap_or(char::REPLACEMENT_CHARACTER);
            at = from.end;
            Glyph {
                char: printable(char),
                from,
            }
        })
        .collect()
}

/// White space as a space, and nothing that moves the cursor or turns the direction of writing.
fn printable(char: char) -> char {
    match char {
        _ if char.is_whitespace() => ' ',
        '\u{200b}'..='\u{200f}'
        | '\u{202a}'..='\u{202e}'
        | '\u{2060}'..='\u{206f}'
        | '\u{feff}' => char::REPLACEMENT_CHARACTER,
        _ if char.is_control() => char::REPLACEMENT_CHARACTER,
        _ => char,
    }
}

/// The glyphs with each masked part shown as one [`MASK`].
fn without(glyphs: &[Glyph], masks: &[Range<usize>]) -> Vec<Glyph> {
    let mut line: Vec<Glyph> = Vec::with_capacity(glyphs.len());
    let mut shown = None;
    let mut masks = masks.iter().peekable();
    for glyph in glyphs {
        while masks.next_if(|mask| mask.end <= glyph.from.start).is_some() {}
        match masks.peek() {
            Some(mask) if mask.start < glyph.from.end => {
                if shown != Some(mask.start) {
                    line.extend(MASK.chars().map(|char| Glyph {
                        char,
                        from: (*mask).clone(),
                    }));
                    shown = Some(mask.start);
                }
            }
            _ => line.push(Glyph {
                char: glyph.char,
                from: glyph.from.clone(),
            }),
        }
    }
    line
}

/// At most `width` characters of the line, the hit in their middle.
fn cut(line: &[Glyph], hit: &Range<usize>, width: usize, (before, after): (bool, bool)) -> String {
    let first = line
        .iter()
        .position(|glyph| glyph.from.end > hit.start)
        .unwrap_or(line.len());
    let last = line
        .iter()
        .rposition(|glyph| glyph.from.start < hit.end)
        .map_or(first, |at| at + 1)
        .max(first);
    let spare = width.saturating_sub(last - first);
    let start = first
        .saturating_sub(spare / 2)
        .min(line.len().saturating_sub(width));
    let end = line.len().min(start + width);
    let mut chars: Vec<char> = line[start..end].iter().map(|glyph| glyph.char).collect();
    if (start > 0 || before)
        && let Some(char) = chars.first_mut()
    {
        *char = CUT;
    }
    if (end < line.len() || after)
        && let Some(char) = chars.last_mut()
    {
        *char = CUT;
    }
    chars.into_iter().collect()
}

/// Everything in the cell that must not be shown, in order and without overlaps.
///
/// The whole cell is read, not what will be shown of it: a password may begin before.
fn masks(cell: &[u8]) -> Vec<Range<usize>> {
    let mut found = masks_in_text(cell);
    if cell.contains(&0) {
        for parity in 0..2_usize.min(cell.len()) {
            let narrow: Vec<u8> = cell[parity..]
                .chunks_exact(2)
                .map(|pair| if pair[1] == 0 { pair[0] } else { 0xFF })
                .collect();
            found.extend(
                masks_in_text(&narrow)
                    .into_iter()
                    .map(|it| parity + 2 * it.start..parity + 2 * it.end),
            );
        }
    }
    found.sort_by_key(|mask| mask.start);
    let mut merged: Vec<Range<usize>> = Vec::with_capacity(found.len());
    for mask in found {
        match merged.last_mut() {
            Some(last) if mask.start <= last.end => last.end = last.end.max(mask.end),
            _ => merged.push(mask),
        }
    }
    merged
}

fn masks_in_text(text: &[u8]) -> Vec<Range<usize>> {
    let mut found = Vec::new();
    let mut done = 0;
    for at in 0..text.len() {
        // All of the beginnings start with one of these bytes, in any case.
        if !matches!(
            text[at] | 0x20,
            b'p' | b's' | b't' | b'a' | b'c' | b'b' | b'i' | b':' | b'%'
        ) {
            continue;
        }
        let rest = &text[at..];
        if let Some(length) = begins_with(rest, &AUTHORITIES) {
            found.extend(user_info(text, at + length));
        }
        if at < done {
            continue;
        }
        let mask = match (begins_with(rest, &SCHEMES), begins_with(rest, &KEYWORDS)) {
            (Some(length), _) => Some(rest_of_line(text, at + length)),
            (None, Some(length)) => value(text, at + length),
            (None, None) => None,
        };
        if let Some(mask) = mask.filter(|mask| !mask.is_empty()) {
            done = mask.end;
            found.push(mask);
        }
    }
    found
}

fn begins_with(text: &[u8], any: &[&str]) -> Option<usize> {
    any.iter()
        .map(|it| it.len())
        .zip(any)
        .find(|(length, it)| {
            text.get(..*length)
                .is_some_and(|head| head.eq_ignore_ascii_case(it.as_bytes()))
        })
        .map(|(length, _)| length)
}

fn skip(text: &[u8], from: usize, while_: impl Fn(u8) -> bool) -> usize {
    text[from..]
        .iter()
        .position(|&byte| !while_(byte))
        .map_or(text.len(), |count| from + count)
}

/// `user:password` of the authority that begins at `from`.
fn user_info(text: &[u8], from: usize) -> Option<Range<usize>> {
    let ends_url = |byte: u8| byte.is_ascii_whitespace() || matches!(byte, b'"' | b'<' | b'>' | 0);
    let reach = &text[..text.len().min(from + LONGEST_URL)];
    let url = from..skip(reach, from, |byte| !ends_url(byte));
    let authority = url.start..skip(&text[..url.end], url.start, |byte| {
        !matches!(byte, b'/' | b'?' | b'#')
    });
    // Behind a colon a password may hold a raw `@`, `/`, `?` or `#`: no one can tell it from a port and a path.
    let colon = authority
        .clone()
        .any(|at| begins_with(&text[at..authority.end], &[":", "%3a", "%253a"]).is_some());
    last_at(&text[if colon { url } else { authority }]).map(|at| from..from + at)
}

/// Where the last `@` is, plain or percent-encoded.
fn last_at(text: &[u8]) -> Option<usize> {
    (0..text.len()).rev().find(|&at| {
        text[at] == b'@' || text[at..].starts_with(b"%40") || text[at..].starts_with(b"%2540")
    })
}

/// Everything up to the end of the line, of the quotes or of the element.
fn rest_of_line(text: &[u8], from: usize) -> Range<usize> {
    let start = skip(text, from, is_gap);
    let end = skip(text, start, |byte| {
        !matches!(byte, b'\n' | b'\r' | b'"' | b'<' | 0)
    });
    // A secret may begin with what looks like a gap: where there is one, the gap is masked with it.
    if end > start { from..end } else { from..from }
}

fn is_gap(byte: u8) -> bool {
    byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'\\' | b':' | b'=')
}

/// The value that belongs to the keyword before `from`, if anything is assigned to it.
fn value(text: &[u8], from: usize) -> Option<Range<usize>> {
    if matches!(text[from - 1], b'=' | b':') {
        return Some(assigned(text, from));
    }
    let reach = &text[..text.len().min(from + LONGEST_NAME)];
    let name = skip(reach, from, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.')
    });
    // `"Password", "value": "x"` and `key="Password" value="x"` are assignments as well.
    let mut at = skip(text, name, |byte| {
        byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'\\' | b',' | b']' | b')')
    });
    if let Some(length) = begins_with(&text[at..], &["&quot;"]) {
        at += length;
    }
    if let Some(length) = begins_with(&text[at..], &["value"]) {
        at = skip(text, at + length, |byte| {
            byte.is_ascii_whitespace() || matches!(byte, b'"' | b'\'' | b'\\')
        });
    }
    let length = begins_with(
        &text[at..],
        &["=>", ":=", "=", ":", ">", "%3d", "%3a", "%253d", "%22%3a"],
    )?;
    Some(assigned(text, at + length))
}

/// The value that begins at `from`: in quotes, or up to what ends it in a connection string, a query or prose.
fn assigned(text: &[u8], from: usize) -> Range<usize> {
    let start = skip(text, from, |byte| {
        byte.is_ascii_whitespace() || matches!(byte, b'\\' | b'=')
    });
    let start = begins_with(&text[start..], &["&quot;"]).map_or(start, |length| start + length);
    if let Some(&quote @ (b'"' | b'\'')) = text.get(start) {
        return start + 1..closing(text, start, quote);
    }
    let ends = |at: usize| match text[at] {
        b'"' | b'<' | b';' | b'\n' | b'\r' | 0 => true,
        b'&' => another_parameter(&text[at + 1..]),
        _ => false,
    };
    let stop = |from: usize, to: usize, space: bool| {
        (from..to).find(|&at| ends(at) || space && text[at].is_ascii_whitespace())
    };
    let end = stop(start, text.len(), true).unwrap_or(text.len());
    // A connection string may hold spaces in a value; prose ends the value with one.
    match stop(end, text.len().min(end + LONGEST_REST), false) {
        Some(at) if text[at] == b';' => start..at,
        _ => start..end,
    }
}

/// Where the quote is closed again; doubled and escaped quotes belong to the value.
fn closing(text: &[u8], open: usize, quote: u8) -> usize {
    // `\"` as the opening quote (JSON within JSON) is closed by `\"`.
    let nested = open > 0 && text[open - 1] == b'\\';
    let mut at = open + 1;
    while at < text.len() {
        match text[at] {
            b'\\' if nested && text.get(at + 1) == Some(&quote) => return at,
            b'\\' => at += 1,
            byte if byte == quote && text.get(at + 1) == Some(&quote) && at > open + 1 => at += 1,
            byte if byte == quote => return at,
            _ => {}
        }
        at += 1;
    }
    text.len()
}

/// Whether a query goes on here: `name=`, `&` written as `&amp;` or not.
fn another_parameter(text: &[u8]) -> bool {
    let text = text.strip_prefix(b"amp;").unwrap_or(text);
    let name = skip(text, 0, |byte| {
        byte.is_ascii_alphanumeric() || matches!(byte, b'_' | b'-' | b'.' | b'[' | b']' | b'%')
    });
    name > 0 && text.get(name) == Some(&b'=')
}
