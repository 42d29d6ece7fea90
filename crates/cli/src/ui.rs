//! What people see while they wait. Everything here goes to stderr; data goes to stdout elsewhere.

use std::io::{IsTerminal, Write};
use std::time::Duration;

use anstyle::{AnsiColor, Style};
use comfy_table::presets::UTF8_HORIZONTAL_ONLY;
use comfy_table::{ContentArrangement, Table};
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
    reasons(failure).iter().for_each(|line| say(line));
}

/// How many reasons fit on a screen.
pub const MOST: usize = 12;

/// The reasons of a failure and what to do about them. Reasons one after the other with the same hint share it.
fn reasons(failure: &Failure) -> Vec<String> {
    let shown = failure.why.get(..MOST).unwrap_or(&failure.why);
    let mut lines = Vec::new();
    for (at, why) in shown.iter().enumerate() {
        lines.push(labelled("why:", &why.what));
        let shared = shown.get(at + 1).is_some_and(|next| next.hint == why.hint);
        if let Some(hint) = why.hint.as_ref().filter(|_| !shared) {
            lines.push(labelled("hint:", hint));
        }
    }
    if failure.why.len() > shown.len() {
        lines.push(labelled(
            "",
            &format!("and {} more", failure.why.len() - shown.len()),
        ));
    }
    if let Some(hint) = &failure.hint {
        lines.push(labelled("hint:", hint));
    }
    lines
}

/// A text behind its label; further lines of it stand below the first.
fn labelled(label: &str, text: &str) -> String {
    let lines: Vec<&str> = text.trim_end().lines().collect();
    format!("  {label:<5} {}", lines.join("\n        "))
}

/// The width of a table where no terminal has one.
const WIDTH: u16 = 100;

/// A table that fits the terminal, or a page where there is none.
#[must_use]
pub fn table(on_stderr: bool) -> Table {
    let mut table = Table::new();
    table
        .load_style(UTF8_HORIZONTAL_ONLY)
        .set_content_arrangement(ContentArrangement::Dynamic);
    if on_stderr {
        table.use_stderr();
    }
    if table.width().is_none() {
        table.set_width(WIDTH);
    }
    table
}

/// Words in lines of a page's width, each line behind the same blanks.
#[must_use]
pub fn listed(words: &[String], blanks: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for (at, word) in words.iter().enumerate() {
        let word = match at + 1 == words.len() {
            true => word.clone(),
            false => format!("{word},"),
        };
        match lines.last_mut() {
            Some(line) if line.chars().count() + word.chars().count() < usize::from(WIDTH) => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(format!("{:blanks$}{word}", "")),
        }
    }
    lines
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

/// A number with its noun: `1 row`, `2 rows`.
#[must_use]
pub fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// Ends the process at once: the journal and the database's own recovery make that safe.
#[allow(clippy::exit, reason = "a second Ctrl-C means now")]
pub fn end_now() {
    std::process::exit(130);
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::failure::{Exit, Why};

    fn failure(whys: &[(&str, Option<&str>)]) -> Failure {
        let why = |(what, hint): &(&str, Option<&str>)| Why {
            what: (*what).to_owned(),
            hint: hint.map(str::to_owned),
        };
        Failure {
            why: whys.iter().map(why).collect(),
            ..Failure::before(Exit::Refused, "")
        }
    }

    #[test]
    fn every_reason_has_its_own_hint() {
        let told = reasons(
            &failure(&[("a", Some("x")), ("b", Some("x")), ("c", Some("y"))]).hint("in the end"),
        );
        let wanted = [
            "  why:  a",
            "  why:  b",
            "  hint: x",
            "  why:  c",
            "  hint: y",
            "  hint: in the end",
        ];
        assert_eq!(told, wanted);
    }

    #[test]
    fn what_has_more_lines_stays_under_its_label() {
        assert_eq!(
            reasons(&failure(&[("one\n  |\n3 | two\n", None)])),
            ["  why:  one\n          |\n        3 | two"]
        );
    }

    #[test]
    fn a_long_list_takes_several_lines() {
        let words: Vec<String> = (0..30).map(|at| format!("word-{at}")).collect();
        let lines = listed(&words, 4);
        assert_eq!(lines.len(), 3);
        assert!(lines.iter().all(|line| line.len() <= 100));
        assert!(lines[0].starts_with("    word-0, word-1,"));
        assert!(lines[2].ends_with("word-29"));
    }

    #[test]
    fn no_more_reasons_than_a_screen_holds() {
        let told = reasons(&failure(&[("a", None); 20]));
        assert_eq!(told.len(), 13);
        assert_eq!(told[12], "        and 8 more");
    }
}
