//! The shell: what touches files, databases and people, and decides nothing.

pub mod journal_file;
