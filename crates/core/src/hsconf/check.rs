//! Looks at a file again, after the Configuration Tool ran.

use serde::{Deserialize, Serialize};

use super::keys::{self, Category};
use super::wanted::{Value, Wanted};
use super::{At, Hsconf, is_encrypted};

/// Where a file does not say what was wanted.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[serde(rename_all = "kebab-case")]
pub enum Difference {
    /// A category is for another engine, or not there.
    #[error("`{category}` is for {found}, not for {wanted}")]
    Provider {
        /// The category.
        category: Category,
        /// What the file says.
        found: String,
        /// What was wanted.
        wanted: String,
    },
    /// A key is not there.
    #[error("`{at}` is not in the file")]
    Missing {
        /// The key.
        at: At,
    },
    /// A key says something else.
    #[error("`{at}` is `{found}`, not `{wanted}`")]
    Other {
        /// The key.
        at: At,
        /// What it says.
        found: String,
        /// What was wanted.
        wanted: String,
    },
    /// What a key says can't be told.
    #[error("`{at}` is encrypted: whether it is what was wanted can't be told")]
    Hidden {
        /// The key.
        at: At,
    },
    /// A password that nobody encrypted.
    #[error("`{at}` is still in clear text: the Configuration Tool did not write the file since")]
    ClearText {
        /// The key.
        at: At,
    },
}

impl Hsconf {
    /// Where the file does not say what is wanted, passwords apart: of these, that they are encrypted is all that can be seen.
    #[must_use]
    pub fn differences(&self, wanted: &Wanted) -> Vec<Difference> {
        let provider = keys::provider(wanted.engine()).unwrap_or_default();
        let providers = Category::DATABASES.into_iter().filter_map(|category| {
            let found = self.provider(category);
            (found != Some(provider)).then(|| Difference::Provider {
                category,
                found: found.map_or_else(|| "no engine".to_owned(), |it| format!("`{it}`")),
                wanted: format!("`{provider}`"),
            })
        });
        let entries = wanted.entries();
        let values = entries
            .iter()
            .filter_map(|entry| self.difference(At::new(entry.category, &entry.key), &entry.value));
        providers.chain(values).collect()
    }

    fn difference(&self, at: At, value: &Value) -> Option<Difference> {
        let Some(element) = self.key(at.category, &at.key) else {
            return (*value != Value::Nothing).then_some(Difference::Missing { at });
        };
        let (encrypted, text) = (is_encrypted(element), element.text.trim());
        match value {
            Value::Secret if encrypted && !text.is_empty() => None,
            Value::Secret if text.is_empty() => Some(Difference::Missing { at }),
            Value::Secret => Some(Difference::ClearText { at }),
            Value::Text(_) | Value::Nothing if encrypted => Some(Difference::Hidden { at }),
            Value::Nothing if text.is_empty() => None,
            Value::Text(wanted) if text == wanted => None,
            Value::Text(wanted) => other(at, text, wanted),
            Value::Nothing => other(at, text, ""),
        }
    }
}

fn other(at: At, found: &str, wanted: &str) -> Option<Difference> {
    Some(Difference::Other {
        at,
        found: found.to_owned(),
        wanted: wanted.to_owned(),
    })
}
