//! The report as one page that needs nothing else: to read in a browser, to print, to keep.

use askama::Template;
use envclone_core::report::{OutcomeKind, Report, StepReport, TaskKind, Weight};

/// The report as a self-contained page.
///
/// # Errors
/// None in practice: writing into a text does not fail.
pub fn html(report: &Report) -> Result<String, askama::Error> {
    Page {
        report,
        bars: bars(&report.steps),
    }
    .render()
}

#[derive(Template)]
#[template(path = "report.html")]
struct Page<'a> {
    report: &'a Report,
    bars: Vec<Bars>,
}

impl Page<'_> {
    fn class(&self) -> &'static str {
        match self.report.outcome.kind {
            OutcomeKind::Clean => "good",
            _ => "bad",
        }
    }

    fn has_proof(&self, role: &str) -> bool {
        self.report.proof.iter().any(|it| it.database == role)
    }

    fn tasks(&self) -> String {
        super::number(self.report.tasks.len() as u64)
    }

    fn overrides_without_finding(&self) -> Vec<&envclone_core::report::Override> {
        let found = |lint: &String| self.report.findings.iter().any(|it| it.lint == *lint);
        self.report
            .overrides
            .iter()
            .filter(|over| !found(&over.lint))
            .collect()
    }
}

/// The two bars of one step, in units of the picture.
struct Bars {
    y: usize,
    label: String,
    time: u64,
    time_text: String,
    rows: u64,
    rows_text: String,
}

/// The height of a step in the picture.
const LINE: usize = 34;
/// The length of the longest bar of a kind.
const LONGEST: u64 = 300;
/// How many characters of a title the picture has room for.
const LABEL: usize = 40;

/// Bars for the steps that did something.
fn bars(steps: &[StepReport]) -> Vec<Bars> {
    let most = |of: fn(&StepReport) -> u64| steps.iter().map(of).max().unwrap_or(0);
    let (time, rows) = (most(|step| step.millis), most(|step| step.rows));
    steps
        .iter()
        .filter(|step| step.millis > 0 || step.rows > 0)
        .enumerate()
        .map(|(at, step)| Bars {
            y: at * LINE,
            label: shortened(&step.title),
            time: length(step.millis, time),
            time_text: super::duration(step.millis),
            rows: length(step.rows, rows),
            rows_text: super::counted(step.rows, "row", "rows"),
        })
        .collect()
}

/// A bar's length; what is not nothing can be seen.
fn length(of: u64, longest: u64) -> u64 {
    if of == 0 || longest == 0 {
        return 0;
    }
    let share = u128::from(of) * u128::from(LONGEST) / u128::from(longest);
    u64::try_from(share).unwrap_or(LONGEST).max(1)
}

fn shortened(title: &str) -> String {
    if title.chars().count() <= LABEL {
        return title.to_owned();
    }
    title.chars().take(LABEL - 1).chain(['…']).collect()
}

/// Escapes for HTML text and quoted attributes.
fn escaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in super::visible(text).chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&#39;"),
            c => out.push(c),
        }
    }
    out
}

/// What the template writes with.
#[expect(unreachable_pub, reason = "the macro writes `pub`")]
pub(super) mod filters {
    use askama::filters::Safe;
    use askama::{Result, Values};

    use std::fmt::Write as _;

    use super::escaped;

    /// A name, as code that may be broken anywhere.
    #[askama::filter_fn]
    pub(in crate::render) fn code<T: AsRef<str>>(text: T, _: &dyn Values) -> Result<Safe<String>> {
        Ok(Safe(format!("<code>{}</code>", escaped(text.as_ref()))))
    }

    /// A sentence, in which backticks mark code and line ends are kept.
    #[askama::filter_fn]
    pub(in crate::render) fn prose<T: AsRef<str>>(text: T, _: &dyn Values) -> Result<Safe<String>> {
        let mut out = String::new();
        for (at, piece) in super::super::pieces(text.as_ref()).into_iter().enumerate() {
            let piece = escaped(piece);
            match at % 2 {
                0 => write!(out, "{piece}")?,
                _ => write!(out, "<code>{piece}</code>")?,
            }
        }
        Ok(Safe(out))
    }

    /// A sentence that starts a line.
    #[askama::filter_fn]
    pub(in crate::render) fn sentence<T: AsRef<str>>(
        text: T,
        values: &dyn Values,
    ) -> Result<Safe<String>> {
        let mut rest = text.as_ref().chars();
        let text: String = rest
            .next()
            .into_iter()
            .flat_map(char::to_uppercase)
            .chain(rest)
            .collect();
        prose::default().execute(text.as_str(), values)
    }
}
