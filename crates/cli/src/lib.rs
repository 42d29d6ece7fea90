//! The shell: what touches files, databases and people, and decides nothing.

pub mod args;
pub mod command;
pub mod config;
pub mod connect;
pub mod execute;
pub mod failure;
pub mod folder;
pub mod inspect;
pub mod journal_file;
pub mod keyring;
pub mod nearest;
pub mod observe;
pub mod release;
pub mod render;
pub mod run;
pub mod runbook;
pub mod save;
pub mod ui;
