#![allow(missing_docs)]
use envclone_core::report::Report;
pub fn html(_: &Report) -> String {
    String::new()
}
pub fn markdown(_: &Report) -> String {
    String::new()
}
pub fn json(r: &Report) -> String {
    serde_json::to_string_pretty(r).unwrap_or_default()
}
