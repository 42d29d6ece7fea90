//! `server.hsconf`, which says to a platform server where its databases and its services are.
//!
//! A copied file, or one of a server that gets another database, leads to another environment wherever it is not changed.
//! [`Hsconf::edit`] says what has to be changed for a [`Wanted`] and refuses what would leave the server with something of
//! the source; [`Edit::write`] changes that and nothing else. [`Hsconf::differences`] looks at the file again, after the
//! Configuration Tool has encrypted it.
//!
//! Passwords are written in clear text, with `encrypted="false"`: the Configuration Tool encrypts them with the server's
//! `private.key` when it runs. Until then the file is a secret as a whole.

mod check;
mod edit;
mod forbidden;
mod keys;
mod leads;
mod refusal;
mod wanted;

use std::fmt;

use secrecy::zeroize::Zeroizing;
use serde::{Deserialize, Serialize};

use crate::engine::Engine;
use crate::text_file::{Encoding, EncodingError};
use crate::xml::{self, Document, Element, XmlError};

pub use check::Difference;
pub use edit::{Change, Edit, WriteError};
pub use forbidden::{Forbidden, Owned, names_a_machine, same_host};
pub use keys::Category;
pub use leads::DatabaseAt;
pub use refusal::{Guard, Refusal};
pub(crate) use wanted::Value;
pub use wanted::{
    Authentication, CacheService, Database, Place, SessionDatabase, Tablespace, Wanted,
};

/// What is shown for whatever may be a secret.
pub const MASK: &str = "***";

const ROOT: &str = "EnvironmentConfiguration";
const PROVIDER: &str = "ProviderKey";
const ENCRYPTED: &str = "encrypted";

/// A key of the file.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct At {
    /// Its category.
    pub category: Category,
    /// Its name.
    pub key: String,
}

impl At {
    /// A key of a category.
    #[must_use]
    pub fn new(category: Category, key: &str) -> Self {
        Self {
            category,
            key: key.to_owned(),
        }
    }
}

impl fmt::Display for At {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.category, self.key)
    }
}

/// Why a file can't be worked with.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum HsconfError {
    /// No text.
    #[error(transparent)]
    Encoding(#[from] EncodingError),
    /// No XML.
    #[error("it is no XML: {0}")]
    Xml(#[from] XmlError),
    /// XML of something else.
    #[error("it is another file: its root is not `EnvironmentConfiguration`")]
    Root,
    /// A category or key that is there twice.
    #[error("line {line}: `{name}` is there twice")]
    Twice {
        /// The line of the second one.
        line: usize,
        /// Its name.
        name: String,
    },
    /// A key with elements in it.
    #[error("line {line}: the key `{name}` has elements in it, not a value")]
    Nested {
        /// The line.
        line: usize,
        /// Its name.
        name: String,
    },
}

impl HsconfError {
    /// What a person does about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Encoding(error) => error.hint(),
            Self::Xml(_) => "correct that line, or take the file from a backup",
            Self::Root => "name the file `server.hsconf` of the platform server's folder",
            Self::Twice { .. } => {
                "delete the one that does not count: which of them the platform reads is not documented"
            }
            Self::Nested { .. } => "compare the file with a backup, or with a template",
        }
    }
}

/// A `server.hsconf`.
pub struct Hsconf {
    encoding: Encoding,
    text: Zeroizing<String>,
    document: Document,
}

impl fmt::Debug for Hsconf {
    /// Says how large it is; what it says may be passwords.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.debug_struct("Hsconf")
            .field("encoding", &self.encoding)
            .field("bytes", &self.text.len())
            .finish_non_exhaustive()
    }
}

impl Hsconf {
    /// Reads a file.
    ///
    /// # Errors
    /// [`HsconfError`]: no text, no XML, another file, something that could be read in two ways.
    pub fn read(bytes: &[u8]) -> Result<Self, HsconfError> {
        let (encoding, text) = Encoding::decode(bytes)?;
        let document = Document::read(&text, encoding)?;
        let hsconf = Self {
            encoding,
            text,
            document,
        };
        hsconf.shape()?;
        Ok(hsconf)
    }

    /// A file for a server that has none: the categories and nothing in them. A template that the Configuration Tool made
    /// (`/GenerateTemplates`) is the better begin: it has the defaults of that version.
    ///
    /// # Errors
    /// [`HsconfError`], when the platform does not run on this engine.
    pub fn fresh(engine: Engine) -> Result<Self, HsconfError> {
        let provider = keys::provider(engine).ok_or(HsconfError::Root)?;
        let category = |category: Category| {
            let attribute = if Category::DATABASES.contains(&category) {
                format!(" {PROVIDER}=\"{provider}\"")
            } else {
                String::new()
            };
            let name = category.element();
            format!("  <{name}{attribute}>\r\n  </{name}>\r\n")
        };
        let categories: String = Category::ALL.into_iter().map(category).collect();
        let text = format!(
            "<?xml version=\"1.0\" encoding=\"utf-8\"?>\r\n<{ROOT}>\r\n{categories}</{ROOT}>\r\n"
        );
        Self::read(text.as_bytes())
    }

    /// The engine of the platform database; none where the file does not say it.
    #[must_use]
    pub fn engine(&self) -> Option<Engine> {
        keys::engine(self.provider(Category::Platform)?)
    }

    /// What a key says, where that is no secret and not encrypted.
    #[must_use]
    pub fn value(&self, category: Category, key: &str) -> Option<&str> {
        let element = self.key(category, key)?;
        let shown = !keys::is_secret(category, key) && !is_encrypted(element);
        shown.then_some(element.text.as_str())
    }

    fn shape(&self) -> Result<(), HsconfError> {
        let root = self.document.elements.first();
        if root.is_none_or(|root| root.name != ROOT) {
            return Err(HsconfError::Root);
        }
        self.twice(0)?;
        for (index, _) in self.document.children(0) {
            self.twice(index)?;
            for (key, element) in self.document.children(index) {
                if self.document.children(key).next().is_some() {
                    return Err(HsconfError::Nested {
                        line: xml::line(&self.text, element.tag.start),
                        name: element.name.clone(),
                    });
                }
            }
        }
        Ok(())
    }

    fn twice(&self, parent: usize) -> Result<(), HsconfError> {
        let mut seen = std::collections::BTreeSet::new();
        let again = self
            .document
            .children(parent)
            .find(|(_, element)| !seen.insert(element.name.as_str()));
        again.map_or(Ok(()), |(_, element)| {
            Err(HsconfError::Twice {
                line: xml::line(&self.text, element.tag.start),
                name: element.name.clone(),
            })
        })
    }

    fn category(&self, category: Category) -> Option<(usize, &Element)> {
        self.document
            .children(0)
            .find(|(_, element)| element.name == category.element())
    }

    fn key(&self, category: Category, name: &str) -> Option<&Element> {
        let (index, _) = self.category(category)?;
        self.document
            .children(index)
            .map(|(_, element)| element)
            .find(|element| element.name == name)
    }

    fn provider(&self, category: Category) -> Option<&str> {
        let (_, element) = self.category(category)?;
        Some(element.attribute(PROVIDER)?.value.as_str())
    }

    /// Every key of the known categories.
    fn keys(&self) -> impl Iterator<Item = (Category, &Element)> {
        self.document.children(0).flat_map(|(index, element)| {
            let category = Category::of(&element.name);
            self.document
                .children(index)
                .filter_map(move |(_, key)| Some((category?, key)))
        })
    }
}

/// Whether a value is encrypted with the server's key: the file says so, or it looks so.
fn is_encrypted(element: &Element) -> bool {
    let said = element
        .attribute(ENCRYPTED)
        .is_some_and(|it| it.value.trim().eq_ignore_ascii_case("true"));
    said || looks_encrypted(&element.text)
}

/// Whether a text has the form of what the platform encrypts: `$2$`, then base64.
pub(crate) fn looks_encrypted(text: &str) -> bool {
    let Some(rest) = text.trim().strip_prefix("$2$") else {
        return false;
    };
    let base64 = |byte: u8| byte.is_ascii_alphanumeric() || matches!(byte, b'+' | b'/' | b'=');
    rest.len() > 24 && rest.bytes().all(base64)
}
