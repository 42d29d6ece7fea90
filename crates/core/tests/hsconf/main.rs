//! Editing `server.hsconf`: what changes, what does not, and what is refused.
//!
//! The files are made up from the vendor's reference; their names are invented.

#![allow(clippy::unwrap_used)]

mod check;
mod edit;
mod leads;
mod properties;
mod refusals;
mod support;
