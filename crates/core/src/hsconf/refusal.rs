//! What an edited file must not say.

use secrecy::zeroize::Zeroizing;

use super::forbidden::{Forbidden, Server};
use super::keys::{self, Category, Kind};
use super::wanted::{Entry, Value, Wanted};
use super::{At, Hsconf, is_encrypted};
use crate::engine::Engine;
use crate::scan::{Scanner, Term};
use crate::xml;

/// What an edit is judged by.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Guard {
    /// What belongs to the source.
    pub forbidden: Forbidden,
    /// The source's server, where nobody said what its sessions are called: sessions on that server can't be told apart.
    pub sessions_unknown_on: Option<String>,
    /// Whether the server gets a new `private.key`: what the file has encrypted was encrypted with another one.
    pub new_key: bool,
}

/// Why a file is not written. Values that may be secrets are in none of these.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum Refusal {
    /// The file's category is for another engine.
    #[error("`{category}` is for {found} in this file, and the database is on {wanted}")]
    Provider {
        /// The category.
        category: Category,
        /// What the file says.
        found: String,
        /// The engine of the database.
        wanted: Engine,
    },
    /// Databases on two engines.
    #[error("`{category}` would be on another engine than the platform database")]
    Engines {
        /// The category.
        category: Category,
    },
    /// Logins of two kinds.
    #[error("`{category}` would log in in another way than the platform database")]
    Logins {
        /// The category.
        category: Category,
    },
    /// A key that the category does not have on that engine.
    #[error("`{at}` is no key of {engine}")]
    Unknown {
        /// The key.
        at: At,
        /// The engine.
        engine: Engine,
    },
    /// A key that is wanted twice.
    #[error("`{at}` would be written twice")]
    Twice {
        /// The key.
        at: At,
    },
    /// A value that the platform does not take.
    #[error("`{at}` is not {needs}")]
    Invalid {
        /// The key.
        at: At,
        /// What it has to be.
        needs: String,
    },
    /// The source's cache invalidation service.
    #[error(
        "`{at}` is the source's machine `{host}`: caches of both environments would be cleared together"
    )]
    Cache {
        /// The key.
        at: At,
        /// The source's machine.
        host: String,
    },
    /// The source's deployment controller.
    #[error(
        "`{at}` is the source's machine `{host}`: what is published here would be compiled and deployed there"
    )]
    Controller {
        /// The key.
        at: At,
        /// The source's machine.
        host: String,
    },
    /// The source's session database.
    #[error("`{at}` leads to the source's sessions: users of both environments would share them")]
    Session {
        /// The key.
        at: At,
    },
    /// Sessions on the source's server, of whose sessions nobody knows the name.
    #[error(
        "`{at}` is on the source's server, and what the source's sessions are called there is not known"
    )]
    SessionUnknown {
        /// The key.
        at: At,
    },
    /// A catalog of the source.
    #[error("`{at}` is a catalog of the source")]
    Catalog {
        /// The key.
        at: At,
    },
    /// A user of the source.
    #[error("`{at}` is a database user of the source")]
    User {
        /// The key.
        at: At,
    },
    /// Another key with a machine of the source in it.
    #[error("`{at}` has the source's machine `{host}` in it")]
    Elsewhere {
        /// The key.
        at: At,
        /// The source's machine.
        host: String,
    },
    /// More machines than can be searched for.
    #[error("the source's machines are too many to be searched for together")]
    Unsearchable,
    /// A value that can't be judged.
    #[error("`{at}` is encrypted: whether it is the source's can't be told")]
    Hidden {
        /// The key.
        at: At,
    },
    /// A setting of the runbook, apart from the file, that names a machine or an address of the source.
    #[error(
        "`{setting}` is `{value}`, which is the source's `{host}`: what is meant for the copy would be done there"
    )]
    OfSource {
        /// The setting.
        setting: String,
        /// What it says.
        value: String,
        /// What the source calls it.
        host: String,
    },
    /// A step of the runbook that was made while the settings named a host of the source.
    #[error(
        "the runbook has it publish on `{host}`, which is the source's: it was made when the settings said so"
    )]
    PublishesOnSource {
        /// What the source calls it.
        host: String,
    },
    /// Values that nobody can decrypt with the new key.
    #[error("encrypted with another private.key than the new one: {}", list(.keys))]
    Reenter {
        /// The keys.
        keys: Vec<At>,
    },
}

fn list(keys: &[At]) -> String {
    let keys: Vec<String> = keys.iter().map(|at| format!("`{at}`")).collect();
    keys.join(", ")
}

impl Refusal {
    /// What a person does about it.
    #[must_use]
    pub fn hint(&self) -> &'static str {
        match self {
            Self::Provider { .. } => {
                "take a template for the database's engine; a copy stays on the engine of its source"
            }
            Self::Engines { .. } => "put all three databases on one engine",
            Self::Logins { .. } => "use the platform database's kind of login for all three",
            Self::Unknown { .. } => "leave it out, or name the category that has it",
            Self::Twice { .. } => "name it once",
            Self::Invalid { .. } => {
                "correct it: before 11.29.0 the Configuration Tool puts a default in its place unseen, from then on it stops"
            }
            Self::Cache { .. } => "name the target's own cache invalidation service",
            Self::Controller { .. } => "name the target's own deployment controller",
            Self::Session { .. } => "name a session database of the target's own",
            Self::SessionUnknown { .. } => {
                "`envclone runbook identity` on the source's controller prints it, for `[runbook.source]` of the settings"
            }
            Self::Catalog { .. } => "name the copy's catalog",
            Self::User { .. } => {
                "name users of the target's own, with other names than the source's"
            }
            Self::Elsewhere { .. } => {
                "change it in the file: envclone does not set this key; or correct the list of the source's machines"
            }
            Self::Unsearchable => "name only the source's own machines",
            Self::Hidden { .. } => "say what it must be, so that it is written anew",
            Self::OfSource { .. } => {
                "name what belongs to the environment that gets the copy; a machine that is its own now, and that the source's database \
                 only remembers, belongs under `retired` of `[runbook.source]`"
            }
            Self::PublishesOnSource { .. } => {
                "correct `[runbook.service-center] address` where it is wrong still, then `envclone runbook renew`"
            }
            Self::Reenter { .. } => {
                "delete them from the file, and set them in the Configuration Tool"
            }
        }
    }
}

/// What a key says when the edit is done.
pub(super) struct After {
    at: At,
    /// None: a new secret, or one that is kept encrypted.
    text: Option<Zeroizing<String>>,
    encrypted: bool,
    /// Whether the edit wants it so.
    wanted: bool,
}

/// Every key as it is after the edit.
fn after(hsconf: &Hsconf, entries: &[Entry]) -> Vec<After> {
    let kept = hsconf
        .keys()
        .filter(|(category, key)| {
            let wanted = |it: &&Entry| it.category == *category && it.key == key.name;
            entries.iter().find(wanted).is_none()
        })
        .map(|(category, key)| {
            let encrypted = is_encrypted(key);
            After {
                at: At::new(category, &key.name),
                text: (!encrypted).then(|| key.text.clone()),
                encrypted,
                wanted: false,
            }
        });
    let set = entries.iter().map(|entry| After {
        at: At::new(entry.category, &entry.key),
        text: match &entry.value {
            Value::Text(text) => Some(Zeroizing::new(text.clone())),
            Value::Nothing => Some(Zeroizing::new(String::new())),
            Value::Secret => None,
        },
        encrypted: false,
        wanted: entry.value != Value::Nothing,
    });
    kept.chain(set).collect()
}

/// Everything that speaks against an edit.
pub(super) fn refusals(hsconf: &Hsconf, wanted: &Wanted, guard: &Guard) -> Vec<Refusal> {
    let entries = wanted.entries();
    let mut refused = contradictions(hsconf, wanted, &entries);
    let after = after(hsconf, &entries);
    let case = Case {
        wanted,
        forbidden: &guard.forbidden,
        sessions_unknown_on: guard.sessions_unknown_on.as_deref(),
        after: &after,
    };
    refused.extend(after.iter().filter_map(|it| case.invalid(it)));
    refused.extend(after.iter().filter_map(|it| case.belongs_to_source(it)));
    refused.extend(case.elsewhere());
    let keys: Vec<At> = after
        .iter()
        .filter(|it| it.encrypted && guard.new_key)
        .map(|it| it.at.clone())
        .collect();
    if !keys.is_empty() {
        refused.push(Refusal::Reenter { keys });
    }
    refused
}

/// What does not go together, whatever belongs to whom.
fn contradictions(hsconf: &Hsconf, wanted: &Wanted, entries: &[Entry]) -> Vec<Refusal> {
    let engine = wanted.engine();
    let mut refused = Vec::new();
    for (category, place) in wanted.places() {
        if place.engine() != engine {
            refused.push(Refusal::Engines { category });
        }
        let there = hsconf.category(category).is_some();
        let found = hsconf.provider(category);
        if there && found.and_then(keys::engine) != Some(engine) {
            refused.push(Refusal::Provider {
                category,
                found: found.map_or_else(|| "no engine".to_owned(), |it| format!("`{it}`")),
                wanted: engine,
            });
        }
    }
    refused.extend(
        wanted
            .other_logins()
            .map(|category| Refusal::Logins { category }),
    );
    for (index, entry) in entries.iter().enumerate() {
        let at = At::new(entry.category, &entry.key);
        let twin = |it: &Entry| it.category == entry.category && it.key == entry.key;
        // A secret that is entered again is a key of the file, documented or not.
        let known = keys::find(entry.category, &entry.key, Some(engine)).is_some()
            || hsconf.key(entry.category, &entry.key).is_some();
        if !known {
            refused.push(Refusal::Unknown { at, engine });
        } else if entries[..index].iter().any(twin) {
            refused.push(Refusal::Twice { at });
        }
    }
    refused
}

struct Case<'a> {
    wanted: &'a Wanted,
    forbidden: &'a Forbidden,
    sessions_unknown_on: Option<&'a str>,
    after: &'a [After],
}

impl Case<'_> {
    fn engine(&self) -> Option<Engine> {
        Some(self.wanted.engine())
    }

    fn text(&self, category: Category, key: &str) -> &str {
        self.after
            .iter()
            .find(|it| it.at.category == category && it.at.key == key)
            .and_then(|it| it.text.as_deref())
            .map_or("", |text| text.trim())
    }

    /// The server of a category's database: the one that is named there, in whichever way.
    fn server(&self, category: Category) -> Server {
        let part = |key| self.text(category, key);
        let (server, alias) = (part("Server"), part("TNSName"));
        let (host, port, service) = (part("Host"), part("Port"), part("ServiceName"));
        let text = match (server.is_empty(), alias.is_empty()) {
            (false, _) => server.to_owned(),
            (true, false) => alias.to_owned(),
            (true, true) => format!("{host}:{port}/{service}"),
        };
        Server {
            text,
            alias: server.is_empty() && !alias.is_empty(),
        }
    }

    fn kind(&self, it: &After) -> Option<Kind> {
        keys::find(it.at.category, &it.at.key, self.engine()).map(|key| key.kind)
    }

    fn invalid(&self, it: &After) -> Option<Refusal> {
        let text = it.text.as_deref()?;
        let needs = if it.wanted && text.is_empty() {
            Some("a text that is not empty".to_owned())
        } else if it.wanted && text.trim() != text {
            Some("a text without spaces around it".to_owned())
        } else if !text
            .chars()
            .all(|c| xml::is_char(c) && (!it.wanted || !c.is_control()))
        {
            Some("a text without control characters".to_owned())
        } else {
            self.kind(it)?.fault(text)
        }?;
        Some(Refusal::Invalid {
            at: it.at.clone(),
            needs,
        })
    }

    /// Whether a key that says to whom the server belongs says the source.
    fn belongs_to_source(&self, it: &After) -> Option<Refusal> {
        let at = it.at.clone();
        let (category, key) = (at.category, at.key.as_str());
        let user = matches!(key, "AdminUser" | "RuntimeUser" | "SessionUser");
        let judged =
            user || key == "Catalog" || self.kind(it) == Some(Kind::Host) || key == "TNSName";
        if !judged || (it.text.is_none() && !it.encrypted) {
            return None;
        }
        let Some(text) = it.text.as_deref() else {
            return Some(Refusal::Hidden { at });
        };
        let sessions = category == Category::Session;
        if key == "Catalog" && self.forbidden.has_catalog(text, &self.server(category)) {
            return Some(if sessions {
                Refusal::Session { at }
            } else {
                Refusal::Catalog { at }
            });
        }
        if user && self.forbidden.has_user(text, &self.server(category)) {
            let schema = self.wanted.engine().has_schemas();
            return Some(if sessions && schema {
                Refusal::Session { at }
            } else {
                Refusal::User { at }
            });
        }
        let own = if self.wanted.engine().has_schemas() {
            "SessionUser"
        } else {
            "Catalog"
        };
        let unknown = self.sessions_unknown_on;
        if sessions && key == own && unknown.is_some_and(|on| self.server(category).is(on)) {
            return Some(Refusal::SessionUnknown { at });
        }
        if self.kind(it) != Some(Kind::Host) {
            return None;
        }
        let host = self.forbidden.host(text)?.to_owned();
        Some(match category {
            Category::Cache => Refusal::Cache { at, host },
            Category::Service => Refusal::Controller { at, host },
            _ => Refusal::Elsewhere { at, host },
        })
    }

    /// Machines of the source in all other keys: settings that are appended to connection strings, names of certificates.
    fn elsewhere(&self) -> Vec<Refusal> {
        let names = self.forbidden.terms();
        let terms: Vec<Term> = names
            .iter()
            .enumerate()
            .map(|(id, text)| Term {
                id,
                text: (*text).to_owned(),
            })
            .collect();
        // Names of fewer than four bytes are left out here: they would be found in any word. Keys that are a machine's name
        // are compared whole.
        let Ok(scanner) = Scanner::new(&terms, &[], &[0; 32]) else {
            return vec![Refusal::Unsearchable];
        };
        let mut refused = Vec::new();
        for it in self
            .after
            .iter()
            .filter(|it| self.kind(it) != Some(Kind::Host))
        {
            let Some(text) = it.text.as_deref() else {
                continue;
            };
            let mut found = None;
            scanner.cell(text.as_bytes(), &mut |hit| found = found.or(Some(hit.id)));
            if let Some(host) = found.and_then(|id| names.get(id)) {
                refused.push(Refusal::Elsewhere {
                    at: it.at.clone(),
                    host: (*host).to_owned(),
                });
            }
        }
        refused
    }
}
