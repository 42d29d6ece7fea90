//! What verification found, and the work that remains for a person.

use super::*;
use crate::link::LEADS_OUT;
use crate::user_check::{USER, USERS};

pub(super) fn verified(verification: &Verification) -> Verified {
    let mut residue: BTreeMap<(&str, &str), Vec<ResiduePlace>> = BTreeMap::new();
    let mut clean: Vec<Requirement> = Vec::new();
    let (mut accepted, mut unknown) = (Vec::new(), Vec::new());
    for check in &verification.checks {
        match &check.verdict {
            Verdict::Clean => match clean.iter_mut().find(|it| it.id == check.id) {
                Some(requirement) => requirement.places.push(place(check)),
                None => clean.push(Requirement {
                    id: check.id.clone(),
                    title: check.title.clone(),
                    places: vec![place(check)],
                }),
            },
            Verdict::Residue { rows, sample } => residue
                .entry((&check.database, &check.table))
                .or_default()
                .push(ResiduePlace {
                    id: check.id.clone(),
                    title: check.title.clone(),
                    column: check.column.clone(),
                    rows: *rows,
                    sample: sample.clone(),
                }),
            Verdict::Accepted { rows, because } => accepted.push(AcceptedPlace {
                id: check.id.clone(),
                database: check.database.clone(),
                table: check.table.clone(),
                column: check.column.clone(),
                rows: *rows,
                because: because.clone(),
            }),
            Verdict::Unknown { why } => unknown.push(UnknownPlace {
                id: check.id.clone(),
                title: check.title.clone(),
                database: check.database.clone(),
                table: check.table.clone(),
                column: check.column.clone(),
                why: why.clone(),
            }),
        }
    }
    let residue = residue
        .into_iter()
        .map(|((database, table), places)| TableResidue {
            database: database.to_owned(),
            table: table.to_owned(),
            places,
        })
        .collect();
    Verified {
        tally: verification.tally(),
        residue,
        accepted,
        unknown,
        clean,
        coverage: verification.coverage.clone(),
    }
}

pub(super) fn place(check: &Check) -> String {
    let mut place = match check.database.as_str() {
        "platform" | "" => String::new(),
        database => format!("{database}: "),
    };
    place += &check.table;
    if !check.column.is_empty() {
        place = format!("{place}.{}", check.column);
    }
    place
}

pub(super) fn tasks(
    parts: &Parts<'_>,
    steps: &[StepReport],
    verified: Option<&Verified>,
    runbook: Option<&RunbookReport>,
) -> Vec<Task> {
    let mut tasks = Vec::new();
    let task = |kind, title, text| Task { kind, title, text };
    if parts.run.state != RunState::Refused {
        tasks.extend(steps.iter().flat_map(undone));
    }
    for table in verified.iter().flat_map(|it| &it.residue) {
        let mut places: Vec<String> = Vec::new();
        for place in &table.places {
            let rows = counted(place.rows, "row", "rows");
            places.push(match (place.column.as_str(), place.id.as_str()) {
                ("", "scan") => rows,
                ("", _) => format!("{rows}, where this should hold: {}", place.title),
                (column, "scan") => format!("column `{column}`, {rows}"),
                (column, _) => format!(
                    "column `{column}`, {rows}, where this should hold: {}",
                    place.title
                ),
            });
        }
        tasks.push(task(
            TaskKind::Residue,
            subject(&table.table, &table.database),
            format!("{}.", places.join("; ")),
        ));
    }
    for place in verified.iter().flat_map(|it| &it.unknown) {
        let text = if place.title.is_empty() {
            place.why.clone()
        } else {
            format!(
                "this could not be checked: {}. Reason: {}",
                place.title, place.why
            )
        };
        tasks.push(task(
            TaskKind::Unknown,
            subject(&place.table, &place.database),
            text,
        ));
    }
    tasks.extend(runbook.map(super::runbook::tasks).unwrap_or_default());
    for guide in &parts.plan.guides {
        tasks.push(task(
            TaskKind::Guide,
            guide.title.clone(),
            guide.text.clone(),
        ));
    }
    tasks
}

/// What a task is about: a table, users, or what leads out.
fn subject(table: &str, database: &str) -> String {
    if let Some(kind) = table.strip_prefix(LEADS_OUT) {
        return format!(
            "What leads out of the {} ({kind})",
            Role::phrase_of(database)
        );
    }
    let what = match table.strip_prefix(USER) {
        Some(user) => format!("User `{user}`"),
        None if table == USERS => "Users".to_owned(),
        None => format!("Table `{table}`"),
    };
    format!("{what} of the {}", Role::phrase_of(database))
}

pub(super) fn undone(step: &StepReport) -> Vec<Task> {
    let task = |item: &ItemReport| {
        let note = item
            .note
            .as_ref()
            .map(|note| format!(": {note}"))
            .unwrap_or_default();
        let left = item
            .after
            .filter(|after| *after > 0)
            .map(|after| {
                format!(
                    ", {} left that it should have touched",
                    counted(after, "row", "rows")
                )
            })
            .unwrap_or_default();
        Task {
            kind: TaskKind::Item,
            title: format!("Item {}: {}", item.seq, item.title),
            text: format!("{}{note}{left}.", item.state),
        }
    };
    step.items
        .iter()
        .filter(|item| !item.is_done())
        .map(task)
        .collect()
}
