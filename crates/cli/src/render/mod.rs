//! A report as a page, as text for a ticket, and as data.

mod html;
mod markdown;
pub mod runbook;

pub use html::html;
pub use markdown::markdown;

use envclone_core::engine::Role;
use envclone_core::plan::Basis;
use envclone_core::report::Report;
use envclone_core::runbook::check::Looked;

/// The report as data: pretty, and always in the same order.
///
/// # Errors
/// None in practice: a report holds nothing that JSON cannot say.
pub fn json(report: &Report) -> Result<String, serde_json::Error> {
    serde_json::to_string_pretty(report).map(|text| text + "\n")
}

/// A number as people read it: `1,234,567`.
fn number(number: u64) -> String {
    let digits = number.to_string();
    let mut text = String::with_capacity(digits.len() + digits.len() / 3);
    for (at, digit) in digits.chars().enumerate() {
        if at > 0 && (digits.len() - at).is_multiple_of(3) {
            text.push(',');
        }
        text.push(digit);
    }
    text
}

/// A number, or a dash where nobody counted.
fn number_or_dash(count: Option<&u64>) -> String {
    count.map_or_else(|| "–".to_owned(), |count| number(*count))
}

/// A number with its noun: `1 row`, `2 rows`.
fn counted(count: u64, one: &str, many: &str) -> String {
    format!("{} {}", number(count), if count == 1 { one } else { many })
}

/// A time as people read it: `340 ms`, `12.3 s`, `2 min 05 s`, `3 h 07 min`.
fn duration(millis: u64) -> String {
    let (hours, minutes, seconds) = (
        millis / 3_600_000,
        millis / 60_000 % 60,
        millis / 1_000 % 60,
    );
    match (hours, minutes) {
        (0, 0) if millis < 1_000 => format!("{millis} ms"),
        (0, 0) => format!("{seconds}.{} s", millis / 100 % 10),
        (0, _) => format!("{minutes} min {seconds:02} s"),
        _ => format!("{hours} h {minutes:02} min"),
    }
}

/// A time, or a dash where nobody measured.
fn duration_or_dash(millis: Option<&u64>) -> String {
    millis.map_or_else(|| "–".to_owned(), |millis| duration(*millis))
}

/// A size as people read it.
fn bytes(bytes: u64) -> String {
    let units = [
        (1_000_000_000_000, "TB"),
        (1_000_000_000, "GB"),
        (1_000_000, "MB"),
        (1_000, "kB"),
    ];
    for (size, unit) in units {
        if bytes >= size {
            return format!("{}.{} {unit}", bytes / size, bytes % size * 10 / size);
        }
    }
    format!("{bytes} B")
}

/// What was found of a check, in one line.
fn looked(looked: &Looked) -> String {
    let word = ["holds", "does not hold", "could not be looked at"][looked.outcome as usize];
    format!("{}: {word}: {}", looked.check.title(), looked.seen)
}

/// A moment as people read it: `2026-03-14 21:04:09 UTC`. What is no moment is shown as it is.
fn moment(text: &str) -> String {
    text.parse::<jiff::Timestamp>().map_or_else(
        |_| text.to_owned(),
        |moment| moment.strftime("%Y-%m-%d %H:%M:%S UTC").to_string(),
    )
}

/// A text in which nothing hides: what cannot be seen, or turns the reading direction, becomes `�`.
fn visible(text: &str) -> String {
    let hides = |c: char| {
        (c.is_control() && c != '\n' && c != '\t')
            || matches!(c, '\u{200b}'..='\u{200f}' | '\u{2028}'..='\u{202e}' | '\u{2060}'..='\u{206f}' | '\u{feff}')
    };
    text.chars()
        .map(|c| if hides(c) { '\u{fffd}' } else { c })
        .collect()
}

/// A text and the code in it, which stands between backticks: the pieces at odd places are code. A backtick
/// without its partner is text.
fn pieces(text: &str) -> Vec<&str> {
    let pieces: Vec<&str> = text.split('`').collect();
    if pieces.len() % 2 == 1 {
        pieces
    } else {
        vec![text]
    }
}

/// What the facts of a run are called, and what they are, in order.
fn facts(report: &Report) -> Vec<(&'static str, String)> {
    let (run, plan) = (&report.run, &report.plan);
    let copy = if plan.makes_the_copy {
        "made by this run"
    } else {
        "made by hand, taken over by this run"
    };
    let counted_in = match plan.basis {
        Basis::Source => "the source, before the copy was made",
        Basis::Target => "the copy itself",
    };
    let mut facts = vec![
        ("Run", run.run.clone()),
        ("Started by", format!("{} on {}", run.who, run.machine)),
        ("Started", moment(&run.started)),
        (
            "Ended",
            run.finished
                .as_deref()
                .map_or_else(|| "no end was recorded".to_owned(), moment),
        ),
    ];
    if let Some(seconds) = report.totals.elapsed_seconds {
        facts.push(("Time from start to end", duration(seconds * 1_000)));
    }
    facts.extend([
        (
            "Resumed",
            match run.resumed {
                0 => "never".to_owned(),
                times => counted(u64::from(times), "time", "times"),
            },
        ),
        ("Engine", plan.engine.to_string()),
        ("Copy", copy.to_owned()),
        ("Profile", plan.profile.name().to_owned()),
        ("Plan", plan.id.clone()),
        ("Rows were counted in", counted_in.to_owned()),
        ("Steps, by their hash", plan.catalogue.clone()),
        (
            "Versions of envclone",
            format!("{} made the plan, {} ran it", plan.tool, run.tool),
        ),
    ]);
    facts
}

/// What verification looked at, in words and numbers.
fn coverage(report: &Report) -> Vec<(&'static str, String)> {
    let Some(coverage) = report.verification.as_ref().map(|it| &it.coverage) else {
        return Vec::new();
    };
    vec![
        ("Databases walked", number(coverage.databases)),
        ("Tables walked", number(coverage.tables)),
        ("Rows walked", number(coverage.rows)),
        ("Text searched", bytes(coverage.text_bytes)),
        ("Binary values searched", bytes(coverage.binary_bytes)),
        ("Texts searched for", number(coverage.terms)),
        ("Secrets searched for, by digest", number(coverage.secrets)),
        ("Requirements checked", number(coverage.invariants)),
    ]
}

/// How well a step is founded, as people read it.
fn profile(profile: Option<envclone_core::step::Profile>) -> &'static str {
    profile.map_or("", envclone_core::step::Profile::name)
}

/// A database as a sentence names it.
fn database(role: &str) -> String {
    Role::phrase_of(role)
}

/// Where a check looked: the column, or the whole row.
fn column(column: &str) -> &str {
    if column.is_empty() {
        "(whole row)"
    } else {
        column
    }
}

/// What an identity is when there was none yet.
fn identity<'a>(report: &Report, identity: &'a str) -> &'a str {
    match (identity, report.plan.makes_the_copy) {
        ("", true) => "none yet: made by this run",
        ("", false) => "not recorded",
        _ => identity,
    }
}

/// What a weight is called.
fn weight(weight: envclone_core::report::Weight) -> &'static str {
    use envclone_core::report::Weight::{Against, For, Silent};
    match weight {
        For => "supports the run",
        Against => "speaks against the run",
        Silent => "proves nothing",
    }
}

/// What a level is called.
fn level(level: envclone_core::lint::Level) -> &'static str {
    use envclone_core::lint::Level::{Refused, Unknown};
    match level {
        Refused => "refused",
        Unknown => "not known",
    }
}

/// Who decided about a finding, and why.
fn decision(report: &Report, finding: &envclone_core::lint::Finding) -> String {
    report
        .overrides
        .iter()
        .find(|over| over.lint == finding.lint)
        .map_or_else(
            || "nobody overrode it".to_owned(),
            |over| format!("overridden by {}: {}", over.who, over.because),
        )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers_read_well() {
        assert_eq!(number(0), "0");
        assert_eq!(number(1_234_567), "1,234,567");
        assert_eq!(duration(999), "999 ms");
        assert_eq!(duration(12_345), "12.3 s");
        assert_eq!(duration(125_000), "2 min 05 s");
        assert_eq!(duration(11_220_000), "3 h 07 min");
        assert_eq!(bytes(1_450_000_000), "1.4 GB");
        assert_eq!(
            moment("2026-03-14T21:04:09.123Z"),
            "2026-03-14 21:04:09 UTC"
        );
        assert_eq!(moment("yesterday"), "yesterday");
    }

    #[test]
    fn nothing_hides_in_a_name() {
        assert_eq!(visible("a\u{202e}b\u{7}c\nd"), "a\u{fffd}b\u{fffd}c\nd");
        assert_eq!(pieces("a `b` c"), ["a ", "b", " c"]);
        assert_eq!(pieces("a `b"), ["a `b"]);
    }
}
