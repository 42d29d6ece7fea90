//! What a deed found or made, for the steps after it. Facts stand in the journal, so that everybody who goes on knows them.

use serde::{Deserialize, Serialize};

use crate::hsconf::DatabaseAt;

/// What later steps go by.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "fact", rename_all = "kebab-case")]
pub enum Fact {
    /// The machine's `server.hsconf` led to these databases before the runbook changed it.
    LedTo {
        /// The databases.
        databases: Vec<DatabaseAt>,
    },
    /// The machine's `private.key` as it was found, by its fingerprint.
    KeyWas {
        /// The fingerprint.
        fingerprint: String,
    },
    /// The environment got a new `private.key`: what a file has encrypted was encrypted with another one.
    NewKey,
    /// The machine's `server.hsconf` was written; whatever its key could not decrypt was entered again.
    Configured {
        /// The fingerprint of that key; none where there is none yet.
        key: Option<String>,
    },
    /// The Scheduler was released on the machine.
    Released,
    /// `LifeTime` lists the environment as it was registered after the copy.
    Registered {
        /// The environment's key in `LifeTime`.
        key: String,
    },
    /// Something that a newer version wrote.
    #[serde(other)]
    Unknown,
}
