//! Changes single values of a file, and nothing else of it.

use std::ops::Range;

use quick_xml::escape::partial_escape;
use secrecy::zeroize::Zeroizing;
use secrecy::{ExposeSecret, SecretSlice, SecretString};
use serde::{Deserialize, Serialize};

use super::forbidden::names_a_machine;
use super::keys::{self, Category};
use super::refusal::{self, Guard, Refusal};
use super::wanted::{CacheService, Entry, Value, Wanted};
use super::{At, ENCRYPTED, Hsconf, MASK, PROVIDER, is_encrypted};
use crate::xml::{self, Element};

/// One value that changes, as it is shown for approval.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// The category.
    pub category: Category,
    /// The key.
    pub key: String,
    /// What it says; none where the file has no such key, `***` for what may be a secret.
    pub from: Option<String>,
    /// What it will say; `***` for a secret.
    pub to: String,
}

/// Why an edit can't be written.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum WriteError {
    /// Nobody has the secret.
    #[error("nothing was written: there is no value for `{0}`")]
    NoSecret(At),
    /// An empty secret.
    #[error("nothing was written: the value for `{0}` is empty")]
    Empty(At),
    /// A secret that XML can't hold.
    #[error("nothing was written: the value for `{0}` has a character that the file can't hold")]
    Character(At),
}

impl WriteError {
    /// What a person does about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::NoSecret(_) | Self::Empty(_) => "enter the password of that user",
            Self::Character(_) => "choose a password without control characters",
        }
    }
}

/// A part of the file that is replaced.
struct Piece {
    place: Range<usize>,
    with: With,
}

enum With {
    Text(String),
    Secret(At),
}

/// An edit that nothing speaks against.
pub struct Edit<'a> {
    hsconf: &'a Hsconf,
    pieces: Vec<Piece>,
    changes: Vec<Change>,
}

impl std::fmt::Debug for Edit<'_> {
    /// What changes; pieces of the file are not shown.
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Edit")
            .field("changes", &self.changes)
            .finish_non_exhaustive()
    }
}

impl Hsconf {
    /// The keys that are encrypted and not written anew: nobody can decrypt them once the server has another `private.key`.
    #[must_use]
    pub fn encrypted_besides(&self, wanted: &Wanted) -> Vec<At> {
        let entries = wanted.entries();
        self.keys()
            .filter(|(category, key)| {
                let written = |it: &Entry| it.category == *category && it.key == key.name;
                is_encrypted(key) && !key.text.trim().is_empty() && !entries.iter().any(written)
            })
            .map(|(category, key)| At::new(category, &key.name))
            .collect()
    }

    /// What is wanted of this file: where nobody says where the cache invalidation service is, and the file does not say it
    /// either, or says only "this machine" on one of several, it is on the controller.
    #[must_use]
    pub fn completed(&self, wanted: &Wanted, machines: &[String]) -> Wanted {
        let mut wanted = wanted.clone();
        let said = self.value(Category::Cache, "ServiceHost").map(str::trim);
        let unsaid = match said {
            None => self.key(Category::Cache, "ServiceHost").is_none(),
            Some("") => true,
            Some(host) => machines.len() > 1 && !names_a_machine(host),
        };
        if let (None, true, Some(controller)) = (&wanted.cache, unsaid, machines.first()) {
            wanted.cache = Some(CacheService {
                host: controller.clone(),
                port: None,
                user: None,
                virtual_host: None,
            });
        }
        wanted
    }

    /// What has to be changed for the file to say what is wanted.
    ///
    /// # Errors
    /// Every [`Refusal`]; none of them can be overridden.
    pub fn edit(&self, wanted: &Wanted, guard: &Guard) -> Result<Edit<'_>, Vec<Refusal>> {
        let refused = refusal::refusals(self, wanted, guard);
        if !refused.is_empty() {
            return Err(refused);
        }
        let mut edit = Edit {
            hsconf: self,
            pieces: Vec::new(),
            changes: Vec::new(),
        };
        let entries = wanted.entries();
        let of = |category| {
            let of = entries.iter().filter(move |it| it.category == category);
            of.collect::<Vec<_>>()
        };
        let (there, missing): (Vec<Category>, Vec<Category>) = Category::ALL
            .into_iter()
            .partition(|it| self.category(*it).is_some());
        for category in there {
            edit.category(category, &of(category));
        }
        edit.categories(&missing, of, keys::provider(wanted.engine()));
        // Those at one place stay in their order.
        edit.pieces.sort_by_key(|piece| piece.place.start);
        Ok(edit)
    }
}

impl Edit<'_> {
    /// What changes, for approval.
    #[must_use]
    pub fn changes(&self) -> &[Change] {
        &self.changes
    }

    /// The keys whose secrets [`Self::write`] asks for.
    pub fn secrets(&self) -> impl Iterator<Item = &At> {
        self.pieces.iter().filter_map(|piece| match &piece.with {
            With::Secret(at) => Some(at),
            With::Text(_) => None,
        })
    }

    /// The file as it is to be written, with its secrets in clear text.
    ///
    /// # Errors
    /// [`WriteError`], when a secret is missing or can't be written.
    pub fn write(
        &self,
        secret: &mut dyn FnMut(&At) -> Option<SecretString>,
    ) -> Result<SecretSlice<u8>, WriteError> {
        let mut parts: Vec<(Range<usize>, Zeroizing<String>)> = Vec::new();
        for piece in &self.pieces {
            let text = match &piece.with {
                With::Text(text) => Zeroizing::new(text.clone()),
                With::Secret(at) => escaped(at, secret(at))?,
            };
            parts.push((piece.place.clone(), text));
        }
        let text = &self.hsconf.text;
        let size = text.len() + parts.iter().map(|(_, part)| part.len()).sum::<usize>();
        let mut written = Zeroizing::new(String::with_capacity(size));
        let mut from = 0;
        for (place, part) in &parts {
            written.push_str(text.get(from..place.start).unwrap_or_default());
            written.push_str(part);
            from = place.end;
        }
        written.push_str(text.get(from..).unwrap_or_default());
        let bytes = self.hsconf.encoding.encode(&written);
        Ok(SecretSlice::from(bytes.to_vec()))
    }

    fn replace(&mut self, place: Range<usize>, text: impl Into<String>) {
        self.pieces.push(Piece {
            place,
            with: With::Text(text.into()),
        });
    }

    fn value(&mut self, place: Range<usize>, at: &At, value: &Value) {
        let with = match value {
            Value::Text(text) => With::Text(partial_escape(text.as_str()).into_owned()),
            Value::Nothing => With::Text(String::new()),
            Value::Secret => With::Secret(at.clone()),
        };
        self.pieces.push(Piece { place, with });
    }

    fn change(&mut self, at: &At, from: Option<&Element>, value: &Value) {
        let hidden = keys::is_secret(at.category, &at.key) || *value == Value::Secret;
        let from = from.map(|element| {
            let hidden = hidden || is_encrypted(element);
            if hidden && !element.text.is_empty() {
                MASK.to_owned()
            } else {
                element.text.to_string()
            }
        });
        let to = match value {
            Value::Text(text) if !hidden => text.clone(),
            Value::Nothing => String::new(),
            Value::Text(_) | Value::Secret => MASK.to_owned(),
        };
        self.changes.push(Change {
            category: at.category,
            key: at.key.clone(),
            from,
            to,
        });
    }

    /// Edits the keys of a category that is there, and adds those that are not.
    fn category(&mut self, category: Category, entries: &[&Entry]) {
        let hsconf = self.hsconf;
        let mut missing = Vec::new();
        for entry in entries {
            match hsconf.key(category, &entry.key) {
                Some(element) => self.key(entry, element),
                None if entry.value == Value::Nothing => {}
                None => missing.push(*entry),
            }
        }
        if let Some((index, element)) = hsconf.category(category)
            && !missing.is_empty()
        {
            self.within(index, element, |edit, place, gap| {
                for entry in missing {
                    edit.insert(place.clone(), &gap.inner, entry);
                }
            });
        }
    }

    /// Adds categories that are not there.
    fn categories<'e>(
        &mut self,
        missing: &[Category],
        entries: impl Fn(Category) -> Vec<&'e Entry>,
        provider: Option<&str>,
    ) {
        let Some(root) = self.hsconf.document.elements.first() else {
            return;
        };
        let filled: Vec<(Category, Vec<&Entry>)> = missing
            .iter()
            .map(|category| (*category, entries(*category)))
            .filter(|(_, entries)| !entries.is_empty())
            .collect();
        if filled.is_empty() {
            return;
        }
        self.within(0, root, |edit, place, gap| {
            let inner = format!("{}{}", gap.inner, gap.unit);
            for (category, entries) in filled {
                let named = provider
                    .filter(|_| Category::DATABASES.contains(&category))
                    .map(|provider| format!(" {PROVIDER}=\"{provider}\""))
                    .unwrap_or_default();
                edit.replace(place.clone(), format!("{}<{category}{named}>", gap.inner));
                for entry in entries.iter().filter(|it| it.value != Value::Nothing) {
                    edit.insert(place.clone(), &inner, entry);
                }
                edit.replace(place.clone(), format!("{}</{category}>", gap.inner));
            }
        });
    }

    /// Puts something at the end of an element, which is opened where it is `<a/>`.
    fn within(
        &mut self,
        index: usize,
        parent: &Element,
        fill: impl FnOnce(&mut Self, &Range<usize>, &Gap),
    ) {
        let gap = Gap::of(self.hsconf, index, parent);
        let mut place = gap.place.clone();
        if parent.closed {
            self.replace(place.start..parent.tag.end, ">");
            place = parent.tag.end..parent.tag.end;
        }
        fill(self, &place, &gap);
        if gap.needs_end {
            self.replace(place.clone(), gap.outer);
        }
        if parent.closed {
            self.replace(place, format!("</{}>", parent.name));
        }
    }

    fn insert(&mut self, place: Range<usize>, indent: &str, entry: &Entry) {
        let at = At::new(entry.category, &entry.key);
        let clear = if entry.value == Value::Secret {
            format!(" {ENCRYPTED}=\"false\"")
        } else {
            String::new()
        };
        self.replace(place.clone(), format!("{indent}<{}{clear}>", entry.key));
        self.value(place.clone(), &at, &entry.value);
        self.replace(place, format!("</{}>", entry.key));
        self.change(&at, None, &entry.value);
    }

    fn key(&mut self, entry: &Entry, element: &Element) {
        let at = At::new(entry.category, &entry.key);
        let encrypted = is_encrypted(element);
        let same = match &entry.value {
            Value::Text(text) => element.text.as_str() == text,
            Value::Nothing => element.text.is_empty(),
            Value::Secret => false,
        };
        if same && !encrypted {
            return;
        }
        self.clear(element, entry.value == Value::Secret);
        if element.closed {
            let tag = &self.hsconf.text[element.tag.clone()];
            let kept = tag.trim_end_matches("/>").trim_end().len();
            let from = element.tag.start + kept;
            self.replace(from..element.tag.end, ">");
            let behind = element.tag.end..element.tag.end;
            self.value(behind.clone(), &at, &entry.value);
            self.replace(behind, format!("</{}>", element.name));
        } else {
            self.value(element.content.clone(), &at, &entry.value);
        }
        self.change(&at, Some(element), &entry.value);
    }

    /// Marks a value as clear text, where it is marked otherwise or has to be marked.
    fn clear(&mut self, element: &Element, must: bool) {
        match element.attribute(ENCRYPTED) {
            Some(it) if it.value.trim().eq_ignore_ascii_case("false") => {}
            Some(it) => self.replace(it.place.clone(), "false"),
            None if must => {
                let behind_name = element.tag.start + "<".len() + element.name.len();
                self.replace(behind_name..behind_name, format!(" {ENCRYPTED}=\"false\""));
            }
            None => {}
        }
    }
}

/// Where an element's next child goes, and the white space around it.
struct Gap {
    place: Range<usize>,
    /// In front of a child: a line's end and an indent.
    inner: String,
    /// In front of the element's own end.
    outer: String,
    /// How much deeper one level is.
    unit: String,
    /// Whether the element's end has to be put on a line of its own.
    needs_end: bool,
}

impl Gap {
    fn of(hsconf: &Hsconf, index: usize, parent: &Element) -> Self {
        let text = hsconf.text.as_str();
        let newline = if text.contains("\r\n") { "\r\n" } else { "\n" };
        let own = indent(text, parent.tag.start);
        let (first, last) = {
            let mut children = hsconf.document.children(index).map(|(_, it)| it);
            let first = children.next();
            (first, children.last().or(first))
        };
        let deeper = first.map(|it| indent(text, it.tag.start));
        let unit = deeper
            .and_then(|deeper| deeper.strip_prefix(own))
            .filter(|unit| !unit.is_empty())
            .unwrap_or("  ");
        let inner = deeper.map_or_else(|| format!("{own}{unit}"), str::to_owned);
        let start = match last {
            Some(last) => last.end,
            None if parent.closed => {
                let tag = &text[parent.tag.clone()];
                parent.tag.start + tag.trim_end_matches("/>").trim_end().len()
            }
            None => parent.content.start,
        };
        let rest = text.get(start..parent.content.end).unwrap_or_default();
        Self {
            place: start..start,
            inner: format!("{newline}{inner}"),
            outer: format!("{newline}{own}"),
            unit: unit.to_owned(),
            needs_end: parent.closed || !rest.contains('\n'),
        }
    }
}

/// The white space in front of a tag that is the first on its line.
fn indent(text: &str, tag: usize) -> &str {
    let before = text.get(..tag).unwrap_or_default();
    let line = before.rfind('\n').map_or(before, |end| &before[end + 1..]);
    if line.chars().all(|c| matches!(c, ' ' | '\t')) {
        line
    } else {
        ""
    }
}

fn escaped(at: &At, secret: Option<SecretString>) -> Result<Zeroizing<String>, WriteError> {
    let secret = secret.ok_or_else(|| WriteError::NoSecret(at.clone()))?;
    let text = secret.expose_secret();
    if text.is_empty() {
        return Err(WriteError::Empty(at.clone()));
    }
    if text.chars().any(|c| !xml::is_char(c) || c.is_control()) {
        return Err(WriteError::Character(at.clone()));
    }
    Ok(Zeroizing::new(partial_escape(text).into_owned()))
}
