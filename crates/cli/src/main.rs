//! `envclone`, the program.

use std::process::ExitCode;
use std::sync::atomic::Ordering;

use clap::Parser;
use envclone::args::Cli;
use envclone::execute::INTERRUPTED;
use envclone::{command, ui};

fn main() -> ExitCode {
    let cli = Cli::parse();
    // The first Ctrl-C ends the run where it can be resumed; a second one ends the process.
    let _ = ctrlc::set_handler(|| {
        if INTERRUPTED.swap(true, Ordering::SeqCst) {
            ui::end_now();
        }
        ui::say("stopping at the next safe point; press again to end at once");
    });
    match command::run(&cli) {
        Ok(()) => ExitCode::SUCCESS,
        Err(failure) => {
            ui::tell(&failure);
            ExitCode::from(failure.exit as u8)
        }
    }
}
