//! The runbook as people go through it: on scripted machines with real files, a LifeTime and a SQL Server on loopback.
//!
//! Each command is a process of its own, as on a real machine: what it wrote to both outputs is what a person would read,
//! and a machine that a test scripts is kept in a folder between them.
#![allow(
    clippy::unwrap_used,
    clippy::expect_used,
    clippy::print_stdout,
    clippy::print_stderr,
    clippy::exit,
    reason = "a test ends where it is surprised"
)]
#![cfg(unix)]

mod answers;
mod child;
mod evidence;
mod guards;
mod interrupted;
mod played;
mod renewal;
#[path = "../support/mod.rs"]
mod support;
mod terminal;
mod tool;
mod whole;
mod world;
