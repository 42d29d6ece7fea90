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
    /// The environment got a new `private.key`: what a file has encrypted was encrypted with another one.
    NewKey,
    /// The machine's `server.hsconf` was written; whatever the new key could not decrypt was entered again.
    Configured,
    /// `LifeTime` lists the environment as it was registered after the copy.
    Registered {
        /// The environment's key in `LifeTime`.
        key: String,
    },
    /// Something that a newer version wrote.
    #[serde(other)]
    Unknown,
}
