//! The report as GitHub's Markdown: for a ticket, a wiki page, a mail.

use envclone_core::report::{Happened, Report, TaskKind, Verified};

use super::{
    column, counted, coverage, decision, duration, duration_or_dash, facts, identity, level,
    looked, moment, number, number_or_dash, pieces, profile, visible, weight,
};

/// The report as Markdown.
#[must_use]
pub fn markdown(report: &Report) -> String {
    let mut page = Page::default();
    page.line(&format!(
        "# {}: {}",
        report.outcome.kind.title(),
        prose(&report.outcome.sentence)
    ));
    page.line(&summary(report));
    run(report, &mut page);
    tasks(report, &mut page);
    page.heading("What verification found");
    match &report.verification {
        Some(verified) => verification(report, verified, &mut page),
        None => page.line("Verification did not run. Nothing in this report says that the copy is free of the source."),
    }
    proof(report, &mut page);
    findings(report, &mut page);
    steps(report, &mut page);
    left_out(report, &mut page);
    runbook(report, &mut page);
    saved(report, &mut page);
    page.text
}

/// Markdown in the making: blocks with an empty line between them.
#[derive(Default)]
struct Page {
    text: String,
}

impl Page {
    fn line(&mut self, line: &str) {
        if !self.text.is_empty() {
            self.text.push('\n');
        }
        self.text.push_str(line);
        self.text.push('\n');
    }

    fn heading(&mut self, title: &str) {
        self.line(&format!("## {title}"));
    }

    /// A table, or a sentence where it would be empty. A head that ends with `>` is aligned right.
    fn table(&mut self, heads: &[&str], rows: Vec<Vec<String>>, empty: &str) {
        if rows.is_empty() {
            return self.line(empty);
        }
        let mut lines = vec![
            row(heads.iter().map(|head| head.trim_end_matches('>'))),
            row(heads
                .iter()
                .map(|head| if head.ends_with('>') { "--:" } else { "---" })),
        ];
        lines.extend(
            rows.iter()
                .map(|cells| row(cells.iter().map(String::as_str))),
        );
        self.line(&lines.join("\n"));
    }
}

fn row<'a>(cells: impl Iterator<Item = &'a str>) -> String {
    let cells: Vec<&str> = cells.collect();
    format!("| {} |", cells.join(" | "))
}

/// A text in which nothing is taken for Markdown or HTML, on one line.
fn plain(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let text: Vec<char> = one_line(text).chars().collect();
    for (at, c) in text.iter().enumerate() {
        let inside = |at: Option<usize>| {
            at.and_then(|at| text.get(at))
                .is_some_and(|c| c.is_alphanumeric() || *c == '_')
        };
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '_' if inside(at.checked_sub(1)) && inside(Some(at + 1)) => out.push('_'),
            '\\' => out.push_str("&#92;"),
            '`' | '*' | '_' | '|' | '[' | ']' | '~' | '$' => out.extend(['\\', *c]),
            c => out.push(*c),
        }
    }
    out
}

fn one_line(text: &str) -> String {
    visible(text)
        .split_whitespace()
        .collect::<Vec<_>>()
        .join(" ")
}

/// A name as code. Renderers disagree on pipes and backticks in a code span, so a name that has one is spelled
/// with entities, which end neither a cell nor a span.
fn code(text: &str) -> String {
    let text = one_line(text);
    if text.is_empty() {
        return String::new();
    }
    if !text.contains(['`', '|']) {
        return format!("`{text}`");
    }
    let mut out = "<code>".to_owned();
    for c in text.chars() {
        if c.is_ascii_punctuation() {
            out += &format!("&#{};", u32::from(c));
        } else {
            out.push(c);
        }
    }
    out + "</code>"
}

/// A sentence, in which backticks mark code.
fn prose(text: &str) -> String {
    let mut out = String::new();
    for (at, piece) in pieces(text).into_iter().enumerate() {
        if at % 2 == 1 {
            out += &code(piece);
            continue;
        }
        // `plain` trims, but the blanks around code belong to the sentence.
        let blank = |edge: Option<char>| edge.is_some_and(char::is_whitespace);
        let words = plain(piece);
        if blank(piece.chars().next()) && !words.is_empty() {
            out.push(' ');
        }
        out += &words;
        if blank(piece.chars().next_back()) {
            out.push(' ');
        }
    }
    out.trim().to_owned()
}

fn summary(report: &Report) -> String {
    let totals = &report.totals;
    let changed = || format!("{} deleted or changed", counted(totals.rows, "row", "rows"));
    let mut parts = vec![
        format!(
            "{} of {} done",
            number(totals.done),
            counted(totals.items, "item", "items")
        ),
        match report.gone() {
            Some(gone) => format!("{} ({gone})", changed()),
            None => changed(),
        },
    ];
    match report.verification.as_ref().map(|it| it.tally) {
        Some(tally) => parts.extend([
            counted(
                u64::from(tally.residue),
                "place with residue",
                "places with residue",
            ),
            format!("{} accepted", number(u64::from(tally.accepted))),
            counted(
                u64::from(tally.unknown),
                "check not possible",
                "checks not possible",
            ),
        ]),
        None => parts.push("not verified".to_owned()),
    }
    parts.push(counted(
        report.tasks.len() as u64,
        "task remains",
        "tasks remain",
    ));
    format!("{}.", parts.join(" · "))
}

fn run(report: &Report, page: &mut Page) {
    page.heading("The run");
    let rows = facts(report)
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), prose(&value)])
        .collect();
    page.table(&["", ""], rows, "");
    let rows = report
        .databases
        .iter()
        .flat_map(|pair| {
            [
                (pair, "source", &pair.source),
                (pair, "target", &pair.target),
            ]
        })
        .map(|(pair, side, facts)| {
            vec![
                prose(&pair.role),
                side.to_owned(),
                code(&facts.locator),
                prose(identity(report, &facts.identity)),
            ]
        })
        .collect();
    page.table(
        &["Database", "Side", "Location", "Identity"],
        rows,
        "The plan names no database.",
    );
}

fn tasks(report: &Report, page: &mut Page) {
    page.heading("What a person still has to do");
    if report.tasks.is_empty() {
        page.line("Nothing that envclone knows of.");
    }
    for kind in TaskKind::ALL {
        let lines: Vec<String> = report
            .tasks_of(kind)
            .map(|task| format!("- [ ] **{}**: {}", prose(&task.title), prose(&task.text)))
            .collect();
        if !lines.is_empty() {
            page.line(&format!("### {}", kind.title()));
            page.line(kind.advice());
            page.line(&lines.join("\n"));
        }
    }
}

/// Who did what, when and where.
fn happened(one: &Happened) -> String {
    let who = one.who.as_ref().map(|who| format!(", {who}"));
    prose(&format!(
        "{}{} on {}: {}",
        moment(&one.at),
        who.unwrap_or_default(),
        one.machine,
        one.what
    ))
}

/// What followed: who did which step, and what was seen of it.
fn runbook(report: &Report, page: &mut Page) {
    page.heading("What followed the clean-up");
    let Some(runbook) = &report.runbook else {
        return page.line(
            "No runbook was begun. What leads from the copy to a running environment is not in this report.",
        );
    };
    let ended = match &runbook.finished {
        Some(at) => format!(", finished {}", moment(at)),
        None => format!(
            "; {}",
            counted(runbook.open, "step is open", "steps are open")
        ),
    };
    page.line(&format!(
        "{}: begun {} by {} on {}{ended}.",
        runbook.way.title(),
        moment(&runbook.started),
        prose(&runbook.by.who),
        prose(&runbook.by.machine)
    ));
    for one in &runbook.renewed {
        page.line(&format!(
            "It was made again from changed settings {} by {} on {}.",
            moment(&one.at),
            prose(&one.by.who),
            prose(&one.by.machine)
        ));
    }
    let rows = runbook.steps.iter().map(|step| {
        let happened = step.happened.iter().map(happened);
        let seen = step.seen.iter().flat_map(|seen| {
            let from = |look| format!("{} (for {})", looked(look), seen.machine);
            seen.found.iter().map(move |look| prose(&from(look)))
        });
        vec![
            step.n.to_string(),
            prose(&step.title),
            step.state.clone(),
            happened.chain(seen).collect::<Vec<_>>().join("<br>"),
        ]
    });
    let heads = ["Step>", "What", "State", "Who did what, and what was seen"];
    page.table(&heads, rows.collect(), "It has no step.");
    for one in &runbook.dropped {
        let happened: Vec<String> = one.happened.iter().map(happened).collect();
        page.line(&format!(
            "In it before it was made again: {}: {}.",
            prose(&one.title),
            happened.join("; ")
        ));
    }
    for one in &runbook.left_out {
        page.line(&format!(
            "Left out: {}: {}.",
            prose(&one.title),
            prose(&one.because)
        ));
    }
}

fn verification(report: &Report, verified: &Verified, page: &mut Page) {
    page.line("### What is left of the source");
    let rows = verified
        .residue
        .iter()
        .flat_map(|table| table.places.iter().map(move |place| (table, place)))
        .map(|(table, place)| {
            vec![
                prose(&table.database),
                code(&table.table),
                code(column(&place.column)),
                number(place.rows),
                prose(&place.title),
                code(&place.sample),
            ]
        })
        .collect();
    let heads = [
        "Database",
        "Table",
        "Column",
        "Rows>",
        "What should hold",
        "Sample, masked",
    ];
    page.table(&heads, rows, "Nothing was found.");
    page.line("### What could not be checked");
    let rows = verified
        .unknown
        .iter()
        .map(|place| {
            vec![
                prose(&place.database),
                code(&place.table),
                code(&place.column),
                prose(&place.title),
                prose(&place.why),
            ]
        })
        .collect();
    let heads = ["Database", "Table", "Column", "What should hold", "Why"];
    page.table(&heads, rows, "Every check could be made.");
    page.line("### What was found and accepted");
    let rows = verified
        .accepted
        .iter()
        .map(|place| {
            vec![
                prose(&place.database),
                code(&place.table),
                code(column(&place.column)),
                number(place.rows),
                prose(&place.because),
            ]
        })
        .collect();
    let heads = ["Database", "Table", "Column", "Rows>", "Reason given"];
    page.table(&heads, rows, "Nothing was accepted.");
    looked_at(report, verified, page);
}

fn looked_at(report: &Report, verified: &Verified, page: &mut Page) {
    page.line("### What was looked at");
    let rows = coverage(report)
        .into_iter()
        .map(|(name, value)| vec![name.to_owned(), value])
        .collect();
    page.table(&["What", "How much>"], rows, "");
    page.line("### What was not looked at");
    let rows = verified
        .coverage
        .skipped
        .iter()
        .map(|(what, why)| vec![prose(what), prose(why)])
        .collect();
    page.table(&["What", "Why"], rows, "Nothing was passed over.");
    page.line("### Requirements that hold");
    let rows = verified
        .clean
        .iter()
        .map(|requirement| {
            let places: Vec<String> = requirement.places.iter().map(|it| code(it)).collect();
            vec![
                code(&requirement.id),
                prose(&requirement.title),
                places.join(", "),
            ]
        })
        .collect();
    page.table(
        &["Requirement", "What holds", "Where it was checked"],
        rows,
        "None was shown to hold.",
    );
}

fn proof(report: &Report, page: &mut Page) {
    page.heading("Proof that the target is a copy");
    let rows = report
        .proof
        .iter()
        .map(|proof| {
            vec![
                prose(&proof.database),
                prose(&proof.what),
                prose(&proof.source),
                prose(&proof.target),
                prose(&proof.says),
                weight(proof.weight).to_owned(),
            ]
        })
        .collect();
    let heads = [
        "Database",
        "What",
        "Source",
        "Target",
        "What it says",
        "Weight",
    ];
    page.table(&heads, rows, "No evidence was recorded.");
}

fn findings(report: &Report, page: &mut Page) {
    page.line("### Findings, and who decided about them");
    let found = |lint: &str| report.findings.iter().any(|it| it.lint == lint);
    let mut rows: Vec<Vec<String>> = report
        .findings
        .iter()
        .map(|finding| {
            vec![
                code(&finding.lint),
                level(finding.level).to_owned(),
                prose(&finding.what),
                prose(&finding.hint),
                prose(&decision(report, finding)),
            ]
        })
        .collect();
    rows.extend(
        report
            .overrides
            .iter()
            .filter(|over| !found(&over.lint))
            .map(|over| {
                vec![
                    code(&over.lint),
                    "–".to_owned(),
                    "nothing was seen in this run".to_owned(),
                    String::new(),
                    prose(&format!("overridden by {}: {}", over.who, over.because)),
                ]
            }),
    );
    let heads = ["Guard", "Level", "What was seen", "Advice", "Decision"];
    page.table(
        &heads,
        rows,
        "No guard objected to the run, and nobody overrode one.",
    );
}

fn steps(report: &Report, page: &mut Page) {
    page.heading("What was done");
    let rows = report
        .steps
        .iter()
        .map(|step| {
            vec![
                code(&step.step),
                prose(&step.title),
                prose(step.why.as_deref().unwrap_or_default()),
                profile(step.profile).to_owned(),
                number(step.rows),
                duration(step.millis),
            ]
        })
        .collect();
    let heads = [
        "Step",
        "What it does",
        "Why",
        "Profile",
        "Rows changed>",
        "Time>",
    ];
    page.table(&heads, rows, "The plan has no items.");
    let mut rows: Vec<Vec<String>> = Vec::new();
    for (step, item) in report
        .steps
        .iter()
        .flat_map(|step| step.items.iter().map(move |item| (step, item)))
    {
        let state = match &item.note {
            Some(note) => format!("{}: {note}", item.state),
            None => item.state.clone(),
        };
        rows.push(vec![
            item.seq.to_string(),
            code(&step.step),
            prose(&item.title),
            prose(&item.database),
            number_or_dash(item.before.as_ref().or(item.planned.as_ref())),
            number_or_dash(item.rows.as_ref()),
            number_or_dash(item.after.as_ref()),
            duration_or_dash(item.millis.as_ref()),
            prose(&state),
        ]);
    }
    if rows.is_empty() {
        return;
    }
    let heads = [
        "No.>", "Step", "Item", "Database", "Before>", "Changed>", "Left>", "Time>", "State",
    ];
    page.table(&heads, rows, "");
}

fn left_out(report: &Report, page: &mut Page) {
    page.heading("What was left out");
    let rows = report
        .left_out
        .iter()
        .map(|group| {
            let parts: Vec<String> = group
                .parts
                .iter()
                .map(|part| match &part.detail {
                    Some(detail) => format!(
                        "{}: {} ({})",
                        code(&part.step),
                        prose(&part.part),
                        prose(detail)
                    ),
                    None => format!("{}: {}", code(&part.step), prose(&part.part)),
                })
                .collect();
            vec![prose(&group.reason), parts.join("; ")]
        })
        .collect();
    page.table(
        &["Reason", "Step, and the part of it"],
        rows,
        "Nothing: the plan has every step of the catalogue.",
    );
}

fn saved(report: &Report, page: &mut Page) {
    page.heading("Saved rows");
    let rows = report
        .saved
        .iter()
        .map(|file| vec![code(&file.path), number(file.rows), prose(&file.secrets)])
        .collect();
    page.table(&["File", "Rows>", "Secrets"], rows, "No rows were saved.");
}
