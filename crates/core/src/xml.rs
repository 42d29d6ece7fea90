//! An XML file as its elements and where they stand in the text, so that one value can be changed and nothing else.
//!
//! The reader looks at one piece after the other and lets through what only the whole shows: elements that are left open,
//! a second root, text beside it, names that are no entities. [`Document::read`] refuses these, too, so that what it
//! takes, the programs take that the file is for.

use std::ops::Range;

use quick_xml::Reader;
use quick_xml::events::{BytesRef, BytesStart, Event};
use secrecy::zeroize::Zeroizing;

use crate::text_file::Encoding;

/// Why a text is no XML that can be worked with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
#[error("line {line}: {what}")]
pub struct XmlError {
    /// The line, from 1.
    pub line: usize,
    /// What is wrong there. Nothing of the file's text: it may be a password.
    pub what: &'static str,
}

/// An attribute.
pub(crate) struct Attribute {
    pub(crate) name: String,
    /// Its value, entities resolved.
    pub(crate) value: String,
    /// Where the value stands, without its quotes.
    pub(crate) place: Range<usize>,
}

/// An element.
pub(crate) struct Element {
    pub(crate) name: String,
    /// The index of the element that it stands in; none for the root.
    pub(crate) parent: Option<usize>,
    pub(crate) attributes: Vec<Attribute>,
    /// Its own text, entities resolved. Wiped when dropped: it may be a password.
    pub(crate) text: Zeroizing<String>,
    /// The start tag.
    pub(crate) tag: Range<usize>,
    /// What is between the tags; empty, behind the tag, for `<a/>`.
    pub(crate) content: Range<usize>,
    /// Where the whole element ends.
    pub(crate) end: usize,
    /// Whether it is `<a/>`.
    pub(crate) closed: bool,
}

/// A file's elements, in the order of their start tags.
pub(crate) struct Document {
    pub(crate) elements: Vec<Element>,
}

impl Element {
    /// An attribute's value.
    pub(crate) fn attribute(&self, name: &str) -> Option<&Attribute> {
        self.attributes.iter().find(|it| it.name == name)
    }
}

impl Document {
    /// Reads a text that came from a file in `encoding`.
    pub(crate) fn read(text: &str, encoding: Encoding) -> Result<Self, XmlError> {
        let mut reading = Reading {
            text,
            encoding,
            elements: Vec::new(),
            open: Vec::new(),
        };
        let mut reader = Reader::from_str(text);
        reader.config_mut().enable_all_checks(true);
        loop {
            let start = at(reader.buffer_position());
            let event = reader.read_event().map_err(|error| {
                let place = at(reader.error_position());
                reading.error(place, reason(&error))
            })?;
            let end = at(reader.buffer_position());
            if matches!(event, Event::Eof) {
                return reading.end();
            }
            reading.take(event, start..end)?;
        }
    }

    /// The elements that stand directly in one.
    pub(crate) fn children(&self, parent: usize) -> impl Iterator<Item = (usize, &Element)> {
        self.elements
            .iter()
            .enumerate()
            .filter(move |(_, element)| element.parent == Some(parent))
    }
}

/// The line that a place is in, from 1.
pub(crate) fn line(text: &str, place: usize) -> usize {
    let before = text.as_bytes().get(..place).unwrap_or(text.as_bytes());
    1 + before.iter().filter(|byte| **byte == b'\n').count()
}

/// Whether XML 1.0 has a way to write this character.
pub(crate) fn is_char(c: char) -> bool {
    matches!(c, '\t' | '\n' | '\r' | '\u{20}'..='\u{FFFD}' | '\u{10000}'..)
}

/// Positions are counted in a text that is in memory.
fn at(position: u64) -> usize {
    usize::try_from(position).unwrap_or(usize::MAX)
}

/// What the reader complains about, without the text that it quotes.
fn reason(error: &quick_xml::Error) -> &'static str {
    match error {
        quick_xml::Error::Syntax(_) => "a tag or comment that begins does not end",
        quick_xml::Error::IllFormed(_) => {
            "tags don't match, or a `&` is not the begin of an entity"
        }
        quick_xml::Error::InvalidAttr(_) => ATTRIBUTE,
        _ => "no XML",
    }
}

const ATTRIBUTE: &str = "an attribute is malformed or there twice";
const ENTITY: &str = "an entity that XML does not know";

struct Reading<'a> {
    text: &'a str,
    encoding: Encoding,
    elements: Vec<Element>,
    open: Vec<usize>,
}

impl Reading<'_> {
    fn error(&self, place: usize, what: &'static str) -> XmlError {
        XmlError {
            line: line(self.text, place),
            what,
        }
    }

    fn take(&mut self, event: Event<'_>, place: Range<usize>) -> Result<(), XmlError> {
        match event {
            Event::Start(tag) => {
                let index = self.element(&tag, place, false)?;
                self.open.push(index);
                Ok(())
            }
            Event::Empty(tag) => self.element(&tag, place, true).map(drop),
            Event::End(_) => {
                if let Some(index) = self.open.pop() {
                    self.elements[index].content.end = place.start;
                    self.elements[index].end = place.end;
                }
                Ok(())
            }
            Event::Text(text) => self.text(&text.xml10_content(), place.start),
            Event::CData(text) => self.cdata(&text.xml10_content(), place.start),
            Event::GeneralRef(entity) => {
                let resolved = resolve(&entity).ok_or_else(|| self.error(place.start, ENTITY))?;
                self.cdata(&resolved, place.start)
            }
            Event::Decl(declaration) => {
                let named = declaration
                    .encoding()
                    .transpose()
                    .map_err(|_| self.error(place.start, ATTRIBUTE))?;
                self.declared(named.as_deref(), place.start)
            }
            Event::DocType(_) => Err(self.error(
                place.start,
                "a document type declaration, which could define what entities stand for",
            )),
            Event::Comment(_) | Event::PI(_) | Event::Eof => Ok(()),
        }
    }

    fn declared(&self, named: Option<&str>, place: usize) -> Result<(), XmlError> {
        if place != 0 {
            return Err(self.error(place, "an XML declaration that is not at the file's begin"));
        }
        match named {
            Some(named) if !named.eq_ignore_ascii_case(self.encoding.name()) => Err(self.error(
                place,
                "the declaration names another encoding than UTF-8, or than the file is in",
            )),
            _ => Ok(()),
        }
    }

    fn element(
        &mut self,
        tag: &BytesStart<'_>,
        place: Range<usize>,
        closed: bool,
    ) -> Result<usize, XmlError> {
        let parent = self.open.last().copied();
        if parent.is_none() && !self.elements.is_empty() {
            return Err(self.error(place.start, "a second element beside the root"));
        }
        let attributes = self.attributes(tag, &place)?;
        let content = place.end..place.end;
        self.elements.push(Element {
            name: tag.name().as_ref().to_owned(),
            parent,
            attributes,
            text: Zeroizing::new(String::new()),
            end: place.end,
            tag: place,
            content,
            closed,
        });
        Ok(self.elements.len() - 1)
    }

    fn attributes(
        &self,
        tag: &BytesStart<'_>,
        place: &Range<usize>,
    ) -> Result<Vec<Attribute>, XmlError> {
        let mut attributes = Vec::new();
        // Attributes are read in order: each stands behind the one before it.
        let mut from = place.start + "<".len() + tag.name().as_ref().len();
        for attribute in tag.attributes() {
            let attribute = attribute.map_err(|_| self.error(place.start, ATTRIBUTE))?;
            let value = attribute
                .normalized_value(quick_xml::XmlVersion::Explicit1_0)
                .map_err(|_| self.error(place.start, ENTITY))?;
            let name = attribute.key.as_ref();
            let stands = self
                .value_place(from, name, &attribute.value)
                .filter(|_| !attribute.value.contains('<'))
                .ok_or_else(|| self.error(place.start, ATTRIBUTE))?;
            from = stands.end;
            attributes.push(Attribute {
                name: name.to_owned(),
                value: value.into_owned(),
                place: stands,
            });
        }
        Ok(attributes)
    }

    /// Where the value of the attribute `name` stands, the next one behind `from`.
    fn value_place(&self, from: usize, name: &str, value: &str) -> Option<Range<usize>> {
        let rest = self.text.get(from..)?;
        let behind_name = rest.find(name)? + name.len();
        let quote = behind_name + rest.get(behind_name..)?.find(['"', '\''])?;
        let start = from + quote + 1;
        let place = start..start + value.len();
        (self.text.get(place.clone())? == value).then_some(place)
    }

    fn text(&mut self, text: &str, place: usize) -> Result<(), XmlError> {
        let space = text.chars().all(|c| matches!(c, ' ' | '\t' | '\r' | '\n'));
        if self.open.is_empty() && space {
            return Ok(());
        }
        self.cdata(text, place)
    }

    fn cdata(&mut self, text: &str, place: usize) -> Result<(), XmlError> {
        let Some(index) = self.open.last() else {
            return Err(self.error(place, "text beside the root"));
        };
        self.elements[*index].text.push_str(text);
        Ok(())
    }

    fn end(self) -> Result<Document, XmlError> {
        let bad = self.text.char_indices().find(|(_, c)| !is_char(*c));
        if let Some((place, _)) = bad {
            return Err(self.error(place, "a character that XML does not have"));
        }
        if let Some(index) = self.open.last() {
            let place = self.elements[*index].tag.start;
            return Err(self.error(place, "an element that does not end"));
        }
        if self.elements.is_empty() {
            return Err(self.error(0, "there is no element"));
        }
        Ok(Document {
            elements: self.elements,
        })
    }
}

fn resolve(entity: &BytesRef<'_>) -> Option<String> {
    if entity.is_char_ref() {
        let c = entity.resolve_char_ref().ok().flatten()?;
        return is_char(c).then(|| c.to_string());
    }
    quick_xml::escape::resolve_predefined_entity(entity).map(str::to_owned)
}
