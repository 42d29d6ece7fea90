//! stub
#![allow(missing_docs)]
use serde::{Deserialize, Serialize};
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Override {
    pub lint: String,
    pub because: String,
    pub who: String,
}
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct SavedFile {
    pub path: String,
    pub rows: u64,
    pub secrets: String,
}
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct RunFacts {
    pub run: String,
    pub tool: String,
    pub who: String,
    pub machine: String,
    pub started: String,
    pub finished: Option<String>,
    pub resumed: u32,
    pub state: String,
}
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct ItemResult {
    pub seq: u32,
    pub before: Option<u64>,
    pub rows: Option<u64>,
    pub after: Option<u64>,
    pub millis: Option<u64>,
    pub state: String,
}
pub struct Parts<'a> {
    pub plan: &'a crate::plan::Plan,
    pub evidence: Option<&'a crate::evidence::Evidence>,
    pub findings: &'a [crate::lint::Finding],
    pub overrides: &'a [Override],
    pub run: &'a RunFacts,
    pub items: &'a [ItemResult],
    pub verification: Option<&'a crate::verdict::Verification>,
    pub saved: &'a [SavedFile],
}
#[derive(Clone, Debug, Serialize, Deserialize)]
pub struct Report {
    pub run: RunFacts,
    pub items: Vec<ItemResult>,
}
impl Report {
    pub fn new(p: Parts<'_>) -> Self {
        Self {
            run: p.run.clone(),
            items: p.items.to_vec(),
        }
    }
}
