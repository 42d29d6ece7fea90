//! A runbook as lines for a terminal, and as a page that prints well.

use askama::Template;
use envclone_core::runbook::check::{Looked, Outcome};
use envclone_core::runbook::deed::Deed;
use envclone_core::runbook::progress::{Progress, StepState};
use envclone_core::runbook::{Runbook, Step};

use super::html::filters;

/// The width of a line where texts are filled.
const WIDTH: usize = 96;

/// How far a step came, in one word.
fn state(runbook: &Runbook, progress: &Progress, step: &Step) -> &'static str {
    let machines = runbook.machines_of(step);
    progress
        .state(step)
        .map_or("open", |state| state.name(machines))
}

/// One line of the list of steps: number, state, title, kind, number in the article.
#[must_use]
pub fn row(runbook: &Runbook, progress: &Progress, step: &Step) -> [String; 5] {
    [
        step.n.to_string(),
        state(runbook, progress, step).to_owned(),
        step.title.clone(),
        step.kind().to_owned(),
        step.published.clone().unwrap_or_default(),
    ]
}

/// A paragraph of a text, or an item of a list in it.
struct Paragraph {
    item: bool,
    text: String,
}

/// The paragraphs of a text: an empty line ends one, `- ` begins an item of a list.
fn paragraphs(text: &str) -> Vec<Paragraph> {
    let mut all: Vec<Paragraph> = Vec::new();
    let mut open = false;
    for line in text.lines() {
        let item = line.strip_prefix("- ");
        let words = item.unwrap_or(line).trim();
        match all.last_mut() {
            Some(last) if open && item.is_none() && !words.is_empty() => {
                last.text.push(' ');
                last.text += words;
            }
            _ if words.is_empty() => open = false,
            _ => {
                open = true;
                all.push(Paragraph {
                    item: item.is_some(),
                    text: words.to_owned(),
                });
            }
        }
    }
    all
}

/// A text behind a label, filled to a page's width.
fn labelled(label: &str, text: &str) -> Vec<String> {
    let mut lines = Vec::new();
    for paragraph in paragraphs(text) {
        let begin = match (lines.is_empty(), paragraph.item) {
            (true, _) => format!("  {label:<9}"),
            (false, true) => format!("{:11}- ", ""),
            (false, false) => format!("{:11}", ""),
        };
        let more = match paragraph.item && !lines.is_empty() {
            true => " ".repeat(13),
            false => " ".repeat(11),
        };
        let options = textwrap::Options::new(WIDTH)
            .initial_indent(&begin)
            .subsequent_indent(&more)
            .break_words(false);
        let filled = textwrap::wrap(&paragraph.text, options);
        lines.extend(filled.into_iter().map(std::borrow::Cow::into_owned));
    }
    lines
}

/// A step, whole.
#[must_use]
pub fn step(runbook: &Runbook, progress: &Progress, step: &Step) -> Vec<String> {
    let of = runbook.steps.len();
    let mut heading = format!("Step {} of {of}: {}", step.n, step.title);
    if let Some(published) = &step.published {
        heading += &format!("  [article: {published}]");
    }
    let mut lines = vec![heading];
    lines.extend(labelled("state", &standing(runbook, progress, step)));
    lines.extend(labelled("why", &step.why));
    let place = match runbook.machines_of(step) {
        [] => step.on.phrase().to_owned(),
        machines => machines.join(", "),
    };
    lines.extend(labelled("where", &place));
    lines.extend(labelled("what", &step.text));
    let width = step.values.iter().map(|value| value.label.len()).max();
    for (at, value) in step.values.iter().enumerate() {
        let label = if at == 0 { "values" } else { "" };
        let text = match &value.value {
            Some(text) => text.clone(),
            None => format!("________  (not in the settings: {})", value.setting),
        };
        let width = width.unwrap_or_default();
        lines.push(format!("  {label:<9}{:<width$}  {text}", value.label));
    }
    for (at, deed) in step.deeds.iter().enumerate() {
        let label = if at == 0 { "envclone" } else { "" };
        lines.extend(labelled(label, &format!("can {}", deed.shown())));
    }
    if !step.missing.is_empty() {
        let text = format!(
            "could do it with these settings: {}",
            step.missing.join(", ")
        );
        lines.extend(labelled("envclone", &text));
    }
    for (at, check) in step.checks.iter().enumerate() {
        let label = if at == 0 { "then" } else { "" };
        let text = format!("it is checked that {}", check.title());
        lines.extend(labelled(label, &text));
    }
    lines.extend(labelled("source", &step.source));
    lines
}

/// Who did it, or what is open.
fn standing(runbook: &Runbook, progress: &Progress, step: &Step) -> String {
    let machines = runbook.machines_of(step);
    let Some(state) = progress.state(step) else {
        return "open".to_owned();
    };
    let mut parts = vec![state.name(machines).to_owned()];
    parts.extend(story(state));
    let open = state.open_on(machines);
    if state.skipped.is_none() && !open.is_empty() && open.len() < machines.len() {
        parts.push(format!("still open on {}", open.join(", ")));
    }
    parts.join("; ")
}

/// What happened to a step, a sentence each.
#[must_use]
pub fn story(state: &StepState) -> Vec<String> {
    let mut story = Vec::new();
    for done in &state.done {
        let mut text = format!(
            "done on {} by {}, {}",
            done.on,
            done.by.who,
            super::moment(&done.at)
        );
        if let Some(because) = &done.because {
            text += &format!(", although not every check held: {because}");
        }
        story.push(text);
    }
    for done in &state.outdated {
        story.push(format!(
            "taken on {} by {}, {}, which does not count any more",
            done.on,
            done.by.who,
            super::moment(&done.at)
        ));
    }
    if let Some(skip) = &state.skipped {
        story.push(format!(
            "skipped by {}, {}: {}",
            skip.by.who,
            super::moment(&skip.at),
            skip.because
        ));
    }
    for (machine, deed) in &state.in_doubt {
        story.push(format!(
            "number {deed} of what envclone does was begun on {machine}, and nothing says how it ended"
        ));
    }
    for (machine, error) in &state.failed {
        story.push(format!("it failed on {machine}: {error}"));
    }
    story
}

/// What was found of a check, in one line.
#[must_use]
pub fn looked(looked: &Looked) -> String {
    let word = match looked.outcome {
        Outcome::Holds => "holds",
        Outcome::Fails => "FAILS",
        Outcome::Unknown => "unknown",
    };
    format!("  {word:<8} {}: {}", looked.check.title(), looked.seen)
}

/// The page that prints well: every step with its values and a box to tick.
///
/// # Errors
/// None in practice: writing into a text does not fail.
pub fn page(runbook: &Runbook, progress: &Progress) -> Result<String, askama::Error> {
    Page { runbook, progress }.render()
}

#[derive(Template)]
#[template(path = "runbook.html")]
struct Page<'a> {
    runbook: &'a Runbook,
    progress: &'a Progress,
}

impl Page<'_> {
    fn boxes(&self, step: &Step) -> Vec<(bool, String)> {
        let state = self.progress.state(step);
        match self.runbook.machines_of(step) {
            [] => vec![(
                state.is_some_and(|state| !state.done.is_empty()),
                String::new(),
            )],
            machines => machines
                .iter()
                .map(|machine| {
                    let done = state.is_some_and(|state| state.is_done_on(machine));
                    (done, machine.clone())
                })
                .collect(),
        }
    }

    fn story(&self, step: &Step) -> Vec<String> {
        self.progress.state(step).map(story).unwrap_or_default()
    }

    fn paragraphs(&self, text: &str) -> Vec<Paragraph> {
        paragraphs(text)
    }

    fn deeds(&self, step: &Step) -> Vec<String> {
        step.deeds.iter().map(Deed::shown).collect()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paragraphs_are_filled_and_items_stand_alone() {
        let all = paragraphs("one\ntwo:\n- a\n  b\n- c\n\nlast\n");
        let all: Vec<_> = all.iter().map(|it| (it.item, it.text.as_str())).collect();
        assert_eq!(
            all,
            [
                (false, "one two:"),
                (true, "a b"),
                (true, "c"),
                (false, "last")
            ]
        );
    }
}
