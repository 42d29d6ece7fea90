//! The reference of steps in the documentation is the catalogue's own words.

// A documentation file is compared with the catalogue; the core itself reads and writes none.
#![allow(clippy::disallowed_methods, clippy::unwrap_used)]

use std::fmt::Write as _;

use envclone_core::catalogue::Catalogue;
use envclone_core::engine::{Engine, Role};
use envclone_core::runbook::step::Way;
use envclone_core::runbook::steps;
use envclone_core::step::{Action, DeleteRows, NewValue, Profile, SetColumns, Step};

const PAGE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/steps.md");

const PROCEDURE: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/procedure.md");
const RUNBOOK: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/../../docs/runbook.md");

#[test]
fn the_reference_of_steps_is_the_catalogues() {
    let page = page(&Catalogue::with(&[]).unwrap());
    if std::env::var("UPDATE_DOCS").is_ok_and(|value| value == "1") {
        std::fs::write(PAGE, &page).unwrap();
    }
    let kept = std::fs::read_to_string(PAGE).unwrap_or_default();
    assert!(
        kept == page,
        "docs/steps.md is not what the catalogue says: run the tests with UPDATE_DOCS=1 to write it"
    );
}

#[test]
fn the_table_of_the_procedure_names_steps_that_exist() {
    let catalogue = Catalogue::with(&[]).unwrap();
    let table = include_str!("../../../docs/procedure.md");
    let linked: Vec<&str> = table
        .split("(steps.md#")
        .skip(1)
        .filter_map(|rest| rest.split(')').next())
        .collect();
    for id in &linked {
        assert!(catalogue.step(id).is_some(), "there is no step `{id}`");
    }
    for step in catalogue.steps() {
        let official = step.profile == Profile::Official;
        assert!(
            !official || linked.contains(&step.id.as_str()),
            "`{}` comes from the procedure and stands nowhere in the table",
            step.id
        );
    }
}

/// A page whose part between two marks is written by a test.
fn kept(path: &str, mark: &str, wanted: &str) {
    let begin =
        format!("<!-- {mark}: kept by crates/core/tests/docs.rs, UPDATE_DOCS=1 rewrites it -->\n");
    let end = format!("<!-- end of {mark} -->\n");
    let page = std::fs::read_to_string(path).unwrap();
    let (before, rest) = page.split_once(&begin).unwrap();
    let (part, after) = rest.split_once(&end).unwrap();
    if std::env::var("UPDATE_DOCS").is_ok_and(|value| value == "1") {
        std::fs::write(path, format!("{before}{begin}{wanted}{end}{after}")).unwrap();
        return;
    }
    assert!(
        part == wanted,
        "{path} is not what the runbook's steps say: run the tests with UPDATE_DOCS=1 to write it"
    );
}

#[test]
fn the_table_of_the_procedure_has_every_step_of_the_runbook() {
    let (files, order) = steps().unwrap();
    for way in Way::ALL {
        let mut table =
            "| SQL Server | Oracle | step | id | how |\n|---|---|---|---|---|\n".to_owned();
        for id in order.of(way) {
            let file = files.iter().find(|file| file.id == *id).unwrap();
            let number = |engine| {
                let numbers = file.published.numbers(way);
                numbers
                    .and_then(|it| it.shown(engine))
                    .unwrap_or_else(|| "-".to_owned())
            };
            writeln!(
                table,
                "| {} | {} | {} | [{id}](runbook.md#{id}) | {} |",
                number(Engine::SqlServer),
                number(Engine::Oracle),
                file.title,
                file.kind()
            )
            .unwrap();
        }
        kept(PROCEDURE, &format!("runbook {way}"), &table);
    }
}

#[test]
fn the_reference_of_the_runbook_is_its_files() {
    let (files, _) = steps().unwrap();
    let mut page = RUNBOOK_HEAD.to_owned();
    for file in files {
        writeln!(
            page,
            "\n## {}\n\n**{}.** {}\n",
            file.id,
            file.title,
            file.why.trim()
        )
        .unwrap();
        writeln!(page, "{}", file.text.trim()).unwrap();
        let engines = [
            ("SQL Server", &file.on_sqlserver),
            ("Oracle", &file.on_oracle),
        ];
        for (engine, text) in engines {
            if let Some(text) = text {
                writeln!(page, "\nOn {engine}:\n\n{}", text.trim()).unwrap();
            }
        }
        page.push('\n');
        for check in &file.checks {
            writeln!(page, "- Checked: {}.", check.title()).unwrap();
        }
        if !file.checks.is_empty() {
            page.push('\n');
        }
        let place = file.on.phrase();
        writeln!(
            page,
            "{}, {place}. Source: {}.",
            capital(file.kind()),
            file.source
        )
        .unwrap();
    }
    if std::env::var("UPDATE_DOCS").is_ok_and(|value| value == "1") {
        std::fs::write(RUNBOOK, &page).unwrap();
    }
    let found = std::fs::read_to_string(RUNBOOK).unwrap_or_default();
    assert!(
        found == page,
        "docs/runbook.md is not what the runbook's steps say: run the tests with UPDATE_DOCS=1 to write it"
    );
}

fn capital(text: &str) -> String {
    let (first, rest) = text.split_at(1);
    format!("{}{rest}", first.to_uppercase())
}

const RUNBOOK_HEAD: &str = "\
# Steps of the runbook

What follows the clean-up, in the order of the names. [procedure.md](procedure.md) has them in the order in which they are
taken, with their numbers in the published article.

\"Automated\" steps are done by envclone on Windows where the settings say what it takes, after approval, and by a person
otherwise. \"Guided and checked\" steps are a person's, and what came of them is looked at. \"Guided\" ones are a person's
word. This page is written by a test from the files in `crates/core/runbook`.
";

const HEAD: &str = "\
# Clean-up steps

All built-in steps, in the order in which they run. A run takes the steps of its profile: `official` are those of the
published procedure, `documented` adds what other official articles name, `extra` adds this project's own inferences.
[procedure.md](procedure.md) goes the other way, from the published text to the steps.

Where a table or column does not exist in an environment, that part of a step is left out, and the plan says so.
This page is written by a test from the files in `crates/core/steps`.

";

fn page(catalogue: &Catalogue) -> String {
    let mut page = HEAD.to_owned();
    page += "| step | profile | what |\n|---|---|---|\n";
    for step in catalogue.steps() {
        let (id, profile) = (&step.id, step.profile.name());
        writeln!(page, "| [{id}](#{id}) | {profile} | {} |", step.title).unwrap();
    }
    for step in catalogue.steps() {
        page += &section(step);
    }
    page
}

fn section(step: &Step) -> String {
    let mut text = format!("\n## {}\n\n**{}.** ", step.id, step.title);
    text += step.why.trim();
    text += "\n\n";
    for action in &step.actions {
        writeln!(text, "- {}", what(step, action)).unwrap();
    }
    write!(text, "\nProfile: {}.", step.profile.name()).unwrap();
    for (word, others) in [("After", &step.after), ("Before", &step.before)] {
        if !others.is_empty() {
            let links: Vec<_> = others.iter().map(|id| format!("[{id}](#{id})")).collect();
            write!(text, " {word}: {}.", links.join(", ")).unwrap();
        }
    }
    writeln!(text, " Source: {}.", step.source).unwrap();
    text
}

fn what(step: &Step, action: &Action) -> String {
    match action {
        Action::DeleteRows(it) => delete_rows(step, it),
        Action::SetColumns(it) => set_columns(step, it),
        Action::DropPrincipals(it) => format!(
            "drops the platform's users in every database, after giving to dbo what they own. Where that is not possible, by \
             hand: {}",
            one_line(&it.by_hand)
        ),
        Action::CreatePrincipals(it) => format!(
            "makes the users that the settings name. Without settings, by hand: {}",
            one_line(&it.by_hand)
        ),
        Action::Sql(it) => format!("runs SQL of its own on {}", it.tables.join(", ")),
        Action::Guide(it) => format!("By hand: {}", one_line(&it.text)),
    }
}

fn one_line(text: &str) -> String {
    text.trim().replace('\n', " ")
}

fn delete_rows(step: &Step, it: &DeleteRows) -> String {
    let rows = if it.filter.is_everything() {
        "all rows"
    } else {
        "rows"
    };
    let mut text = format!(
        "deletes {rows} of {}{}",
        place(step, it.table.as_deref(), it.entity.as_deref()),
        by(it.filter.columns())
    );
    if !it.references.is_empty() {
        let tables: Vec<_> = it.references.iter().map(|it| code(&it.table)).collect();
        text += &format!(", first those that refer to them in {}", tables.join(", "));
    }
    text + saved(it.save)
}

fn set_columns(step: &Step, it: &SetColumns) -> String {
    let values: Vec<_> = it
        .set
        .iter()
        .map(|(column, value)| format!("{} to {}", code(column), new(value)))
        .collect();
    format!(
        "sets {} in {}{}{}",
        values.join(", "),
        place(step, it.table.as_deref(), it.entity.as_deref()),
        by(it.filter.columns()),
        saved(it.save)
    )
}

fn new(NewValue(source): &NewValue) -> String {
    use envclone_core::filter::{Literal, Source};
    match source {
        Source::Literal(Literal::Text(text)) => code(text),
        Source::Literal(Literal::Integer(number)) => number.to_string(),
        Source::Literal(Literal::Empty) => "blank".to_owned(),
        Source::Literal(Literal::Null) => "NULL".to_owned(),
        Source::Literal(Literal::NullDate) => "no date".to_owned(),
        Source::Literal(Literal::Never) => "never".to_owned(),
        Source::Lookup { table, column, .. } => format!("{} of {}", code(column), code(table)),
    }
}

fn place(step: &Step, table: Option<&str>, entity: Option<&str>) -> String {
    let log = if step.database == Role::Log {
        " of the log database"
    } else {
        ""
    };
    match (table, entity) {
        (Some(table), _) => format!("{}{log}", code(table)),
        (None, key) => format!("the entity {}", code(key.unwrap_or_default())),
    }
}

fn by(mut columns: Vec<&str>) -> String {
    columns.dedup();
    let columns: Vec<_> = columns.into_iter().map(code).collect();
    match columns.as_slice() {
        [] => String::new(),
        columns => format!(", chosen by {}", columns.join(", ")),
    }
}

fn saved(save: bool) -> &'static str {
    if save { "; saved first" } else { "" }
}

fn code(text: &str) -> String {
    format!("`{text}`")
}
