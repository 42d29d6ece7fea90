//! Looks for the source in the configuration files of a server that repeat what `server.hsconf` says: `machine.config`, and
//! each module's `appSettings.config`.
//!
//! They are written by the platform, and stay as they were until it writes them again: after a change of the database a
//! module can go on with the old one. Comments are not searched: nothing reads them.

use serde::{Deserialize, Serialize};

use crate::hsconf::looks_encrypted;
use crate::scan::{ScanError, Scanner, Term};
use crate::text_file::{Encoding, EncodingError};
use crate::xml::{self, Document, Element, XmlError};

/// The keys of `machine.config` that say where the databases are, and where the key is that they are encrypted with.
pub const KEYS: [&str; 11] = [
    "OutSystems.DB.Logging.Application.Admin.ConnectionString",
    "OutSystems.DB.Logging.Application.Runtime.ConnectionString",
    "OutSystems.DB.Logging.Services.Admin.ConnectionString",
    "OutSystems.DB.Logging.Services.Runtime.ConnectionString",
    "OutSystems.DB.Platform.Application.Admin.ConnectionString",
    "OutSystems.DB.Platform.Application.Runtime.ConnectionString",
    "OutSystems.DB.Platform.Application.Session.ConnectionString",
    "OutSystems.DB.Platform.Services.Admin.ConnectionString",
    "OutSystems.DB.Platform.Services.Runtime.ConnectionString",
    "OutSystems.DB.Platform.Services.Session.ConnectionString",
    "OutSystems.HubEdition.SettingsKeyPath",
];

/// A name of the source.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Name {
    /// A machine or an address: looked for everywhere.
    Machine(String),
    /// A catalog, service or user: looked for in connection strings alone. `OutSystems`, the commonest name of a catalog,
    /// is in the path of every installation.
    Database(String),
}

impl Name {
    fn text(&self) -> &str {
        match self {
            Self::Machine(text) | Self::Database(text) => text,
        }
    }

    fn counts(&self, connection: bool) -> bool {
        connection || matches!(self, Self::Machine(_))
    }
}

/// A place where a name of the source still stands.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Occurrence {
    /// The line, from 1.
    pub line: usize,
    /// The setting's key; the element and attribute where it is none.
    pub key: String,
    /// The source's name.
    pub name: String,
}

/// A place where it can't be told.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Hidden {
    /// The line, from 1.
    pub line: usize,
    /// The setting's key; the element where it is none.
    pub key: String,
    /// Why.
    pub why: String,
}

/// What was found in a file.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Search {
    /// Where the source's names stand.
    pub occurrences: Vec<Occurrence>,
    /// Where it can't be told.
    pub hidden: Vec<Hidden>,
    /// Names that were not searched for, each with the reason.
    pub left_out: Vec<(String, String)>,
    /// Which of [`KEYS`] the file has.
    pub present: Vec<String>,
}

/// What a search comes to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Outcome {
    /// The source is in the file.
    Found,
    /// It was not seen, and not everything could be looked at.
    Unknown,
    /// Everything was looked at, and it is not there.
    Clean,
}

/// Why a file can't be searched.
#[derive(Debug, thiserror::Error)]
pub enum SearchError {
    /// No text.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// No XML.
    #[error("it is no XML: {0}")]
    Xml(#[from] XmlError),
    /// Names that can't be searched for.
    #[error(transparent)]
    Names(#[from] ScanError),
}

impl SearchError {
    /// What a person does about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Encoding(error) => error.hint(),
            Self::Xml(_) => "correct that line, or have the platform write the file again",
            Self::Names(_) => "name only the source's own machines, catalogs and users",
        }
    }
}

impl Search {
    /// What it comes to.
    #[must_use]
    pub fn outcome(&self) -> Outcome {
        if !self.occurrences.is_empty() {
            Outcome::Found
        } else if !self.hidden.is_empty() || !self.left_out.is_empty() {
            Outcome::Unknown
        } else {
            Outcome::Clean
        }
    }
}

/// Searches a configuration file for names of the source.
///
/// # Errors
/// [`SearchError`], when the file is none, or the names can't be searched for.
pub fn search(bytes: &[u8], names: &[Name]) -> Result<Search, SearchError> {
    let (encoding, text) = Encoding::decode(bytes)?;
    let document = Document::read(&text, encoding)?;
    let terms: Vec<Term> = names
        .iter()
        .enumerate()
        .map(|(id, name)| Term {
            id,
            text: name.text().to_owned(),
        })
        .collect();
    let scanner = Scanner::new(&terms, &[], &[0; 32])?;
    let name = |id: usize| names.get(id).map(Name::text).unwrap_or_default().to_owned();
    let left_out = scanner.left_out().iter();
    let mut search = Search {
        left_out: left_out
            .map(|(id, why)| (name(*id), (*why).to_owned()))
            .collect(),
        ..Search::default()
    };
    for element in &document.elements {
        let line = xml::line(&text, element.tag.start);
        search.hidden.extend(hidden(element, line));
        search.present.extend(documented(element));
        for (key, value) in cells(element) {
            let connection = is_connection(&key, value);
            scanner.cell(value.as_bytes(), &mut |hit| {
                if names.get(hit.id).is_some_and(|it| it.counts(connection)) {
                    search.occurrences.push(Occurrence {
                        line,
                        key: key.clone(),
                        name: name(hit.id),
                    });
                }
            });
        }
    }
    search.occurrences.sort();
    search.occurrences.dedup();
    Ok(search)
}

/// The key of a setting, `<add key="…" value="…"/>`.
fn setting(element: &Element) -> Option<&str> {
    let key = element.attribute("key")?;
    (element.name == "add").then_some(key.value.trim())
}

/// Whether a value says how a database is reached.
fn is_connection(key: &str, value: &str) -> bool {
    let (key, value) = (key.to_ascii_lowercase(), value.to_ascii_lowercase());
    let parts = [
        "data source=",
        "server=",
        "initial catalog=",
        "database=",
        "user id=",
    ];
    key.contains("connection") || parts.iter().any(|part| value.contains(part))
}

/// Every text of an element but the key that it is called by, and what it is called.
fn cells(element: &Element) -> impl Iterator<Item = (String, &str)> {
    let key = setting(element).is_some().then_some("key");
    let values = element
        .attributes
        .iter()
        .filter(move |attribute| Some(attribute.name.as_str()) != key);
    let attributes = values.map(|attribute| {
        let key = setting(element).map_or_else(
            || format!("{}/@{}", element.name, attribute.name),
            str::to_owned,
        );
        (key, attribute.value.as_str())
    });
    attributes.chain([(element.name.clone(), element.text.as_str())])
}

/// Which of [`KEYS`] an element is. The files put the tenant's name behind it.
fn documented(element: &Element) -> Option<String> {
    let key = setting(element)?;
    let key = key.split_once('(').map_or(key, |(key, _)| key).trim();
    let known = KEYS.into_iter().find(|it| it.eq_ignore_ascii_case(key))?;
    Some(known.to_owned())
}

/// Why an element does not show all that it says.
fn hidden(element: &Element, line: usize) -> Option<Hidden> {
    let attribute = |name| element.attribute(name).is_some();
    let encrypted = element
        .attributes
        .iter()
        .any(|it| looks_encrypted(&it.value))
        || looks_encrypted(&element.text);
    let why = if encrypted {
        "the value is encrypted with the server's private.key"
    } else if element.name.ends_with("EncryptedData") || attribute("configProtectionProvider") {
        "the section is encrypted by Windows"
    } else if attribute("configSource") || (element.name == "appSettings" && attribute("file")) {
        "the section is in another file"
    } else {
        return None;
    };
    Some(Hidden {
        line,
        key: setting(element).unwrap_or(&element.name).to_owned(),
        why: why.to_owned(),
    })
}
