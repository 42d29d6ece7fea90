//! What people see while they wait. Everything here goes to stderr; data goes to stdout elsewhere.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use indicatif::{ProgressBar, ProgressDrawTarget, ProgressStyle};

use crate::failure::Failure;

/// What the phases tell while they work.
pub trait Watch {
    /// A phase begins.
    fn phase(&mut self, title: &str);
    /// So much of something is done.
    fn progress(&mut self, what: &str, done: u64, of: u64);
    /// Something is worth a line of its own.
    fn note(&mut self, text: &str);
    /// The phase is over.
    fn done(&mut self, summary: &str);
}

/// Tells nothing.
pub struct Silent;

impl Watch for Silent {
    fn phase(&mut self, _title: &str) {}
    fn progress(&mut self, _what: &str, _done: u64, _of: u64) {}
    fn note(&mut self, _text: &str) {}
    fn done(&mut self, _summary: &str) {}
}

/// A terminal: a moving bar where there is one, plain lines where there is not.
pub struct Terminal {
    bar: ProgressBar,
    phase: String,
}

impl Terminal {
    /// `quiet` leaves only errors and results.
    #[must_use]
    pub fn watching(quiet: bool) -> Box<dyn Watch> {
        if quiet {
            return Box::new(Silent);
        }
        let moving = std::io::stderr().is_terminal();
        let bar = ProgressBar::with_draw_target(
            Some(0),
            if moving {
                ProgressDrawTarget::stderr()
            } else {
                ProgressDrawTarget::hidden()
            },
        );
        if let Ok(style) =
            ProgressStyle::with_template("  {spinner} {prefix} {bar:24} {percent:>3} % {msg}")
        {
            bar.set_style(style);
        }
        Box::new(Self {
            bar,
            phase: String::new(),
        })
    }

    fn line(&self, text: &str) {
        self.bar.suspend(|| say(text));
    }
}

impl Watch for Terminal {
    fn phase(&mut self, title: &str) {
        title.clone_into(&mut self.phase);
        self.bar.set_prefix(title.to_owned());
        self.bar.reset();
        self.bar.set_length(0);
        self.bar.enable_steady_tick(Duration::from_millis(120));
    }

    fn progress(&mut self, what: &str, done: u64, of: u64) {
        self.bar.set_length(of);
        self.bar.set_position(done);
        self.bar.set_message(what.to_owned());
    }

    fn note(&mut self, text: &str) {
        self.line(&format!("            {text}"));
    }

    fn done(&mut self, summary: &str) {
        // A bar that goes on moving would draw over a question.
        self.bar.disable_steady_tick();
        self.bar.finish_and_clear();
        self.line(&format!("  {:<9} {summary}", self.phase));
    }
}

/// Writes a line to stderr. A reader that is gone is no reason to stop.
pub fn say(text: &str) {
    let _ = writeln!(anstream::stderr(), "{text}");
}

/// Writes a line of data to stdout.
pub fn data(text: &str) {
    let _ = writeln!(anstream::stdout(), "{text}");
}

/// Tells why a command ended: the state of the world, then why, then what to do.
pub fn tell(failure: &Failure) {
    let red = Style::new().bold().fg_color(Some(AnsiColor::Red.into()));
    say(&format!("{red}error{red:#}: {}", failure.state));
    for why in failure.why.iter().take(12) {
        say(&format!("  why:  {why}"));
    }
    if failure.why.len() > 12 {
        say(&format!("        and {} more", failure.why.len() - 12));
    }
    if let Some(hint) = &failure.hint {
        say(&format!("  hint: {hint}"));
    }
}

/// A number with spaces between thousands, as reports have it.
#[must_use]
pub fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::new();
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push('\u{202f}');
        }
        text.push(digit);
    }
    text
}

/// Ends the process at once: the journal and the database's own recovery make that safe.
#[allow(clippy::exit, reason = "a second Ctrl-C means now")]
pub fn end_now() {
    std::process::exit(130);
}
