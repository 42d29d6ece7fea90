//! `envclone`, the program.

use std::process::ExitCode;
use std::sync::atomic::Ordering;

use clap::Parser;
use envclone::args::Cli;
use envclone::execute::INTERRUPTED;
use envclone::failure::{Exit, Failure};
use envclone::{command, ui};

fn main() -> ExitCode {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => return no_command(&error),
    };
    // The first Ctrl-C ends the run where it can be resumed; a second one ends the process.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            ui::end_now();
        }
        ui::say("stopping at the next safe point; press again to end at once");
    });
    match command::run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => end(&failure.repeating(&cli), cli.json),
    }
}

fn end(failure: &Failure, json: bool) -> ExitCode {
    if json {
        ui::say(&failure.json().to_string());
    } else {
        ui::tell(failure);
    }
    ExitCode::from(failure.exit as u8)
}

/// What is no command: help and version, which were asked for, or something that the parser does not understand.
fn no_command(error: &clap::Error) -> ExitCode {
    if error.use_stderr() && std::env::args_os().any(|argument| argument == "--json") {
        let text = error.to_string();
        let why = text.split("\n\n").next().unwrap_or_default();
        let why = why.trim_start_matches("error: ").trim();
        let failure =
            Failure::before(Exit::Usage, why).hint("`envclone --help` shows how it is used");
        return end(&failure, true);
    }
    let _ = error.print();
    u8::try_from(error.exit_code()).map_or(ExitCode::FAILURE, ExitCode::from)
}
