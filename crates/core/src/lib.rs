//! What envclone decides, and nothing that it touches: no file, no network, no clock, no environment.
//!
//! [`catalogue`] reads the clean-up steps, [`inventory`] holds what was found in an environment,
//! [`plan::draft`] turns both into a [`plan::Plan`] that holds the final SQL, [`lint`] refuses by evidence,
//! [`journal`] says after any crash what was done, [`verdict`] judges what was seen, [`report`] tells it.

pub mod account;
pub mod catalogue;
pub mod config_search;
pub mod dialect;
pub mod encoding;
pub mod engine;
pub mod evidence;
pub mod filter;
pub mod harvest;
pub mod hsconf;
pub mod invariant;
pub mod inventory;
pub mod journal;
pub mod link;
pub mod lint;
pub mod plan;
pub mod platform_trap;
pub mod principal;
pub mod private_key;
pub mod release;
pub mod report;
pub mod runbook;
pub mod scan;
pub mod settings;
pub mod step;
pub mod text_file;
pub mod user_check;
pub mod verdict;
mod xml;

/// The hash that names plans, catalogues and journal lines: 64 hexadecimal digits of BLAKE3 over `bytes`.
#[must_use]
pub fn digest(bytes: &[u8]) -> String {
    blake3::hash(bytes).to_hex().to_string()
}
