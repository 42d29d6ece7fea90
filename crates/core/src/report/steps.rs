//! What was done, step by step, and what was left out.

use super::*;

pub(super) fn steps(parts: &Parts<'_>) -> Vec<StepReport> {
    let catalogue = parts
        .catalogue
        .filter(|catalogue| catalogue.digest() == parts.plan.catalogue);
    let mut steps: Vec<StepReport> = Vec::new();
    for item in &parts.plan.items {
        let report = item_report(item, parts.results);
        let rows = report.rows.unwrap_or(0);
        let millis = report.millis.unwrap_or(0);
        match steps.last_mut().filter(|step| step.step == item.step) {
            Some(step) => {
                step.items.push(report);
                step.rows += rows;
                step.millis += millis;
            }
            None => {
                let known = catalogue.and_then(|catalogue| catalogue.step(&item.step));
                steps.push(StepReport {
                    step: item.step.clone(),
                    title: known.map_or_else(|| split_title(item).0, |step| step.title.clone()),
                    why: known.map(|step| one_line(&step.why)),
                    origin: known.map(|step| step.source.clone()),
                    profile: item.profile,
                    items: vec![report],
                    rows,
                    millis,
                });
            }
        }
    }
    steps
}

pub(super) fn one_line(text: &str) -> String {
    text.split_whitespace().collect::<Vec<_>>().join(" ")
}

/// An item's title is its step's title and what this item does: both apart.
pub(super) fn split_title(item: &Item) -> (String, String) {
    let Deed::Sql { statements } = &item.deed else {
        let step = match item.step.as_str() {
            ADOPT => "Take the copies over",
            OPEN => "Open the copies",
            _ => "Copy the databases",
        };
        return (step.to_owned(), item.title.clone());
    };
    statements
        .iter()
        .find_map(|statement| {
            let step = item.title.strip_suffix(&statement.comment)?;
            Some((
                step.strip_suffix(": ")?.to_owned(),
                statement.comment.clone(),
            ))
        })
        .unwrap_or_else(|| (item.title.clone(), item.title.clone()))
}

pub(super) fn item_report(item: &Item, results: &[ItemResult]) -> ItemReport {
    let result = results.iter().find(|result| result.seq == item.seq);
    ItemReport {
        seq: item.seq,
        title: split_title(item).1,
        database: item.database.to_string(),
        table: item.table.clone(),
        planned: item.expect,
        before: result.and_then(|it| it.before),
        rows: result.and_then(|it| it.rows),
        after: result.and_then(|it| it.after),
        millis: result.and_then(|it| it.millis),
        state: result.map_or_else(|| PENDING.to_owned(), |it| it.state.clone()),
        note: result.and_then(|it| it.note.clone()),
    }
}

pub(super) fn totals(parts: &Parts<'_>, steps: &[StepReport]) -> Totals {
    let done = steps
        .iter()
        .flat_map(|step| &step.items)
        .filter(|item| item.is_done())
        .count();
    let elapsed = || {
        let started: Timestamp = parts.run.started.parse().ok()?;
        let finished: Timestamp = parts.run.finished.as_ref()?.parse().ok()?;
        u64::try_from(finished.duration_since(started).as_secs()).ok()
    };
    Totals {
        items: parts.plan.items.len() as u64,
        done: done as u64,
        rows: steps.iter().map(|step| step.rows).sum(),
        saved: parts.saved.iter().map(|file| file.rows).sum(),
        millis: steps.iter().map(|step| step.millis).sum(),
        elapsed_seconds: elapsed(),
    }
}

pub(super) fn left_out(plan: &Plan) -> Vec<LeftOutGroup> {
    let mut groups: Vec<LeftOutGroup> = Vec::new();
    for out in &plan.left_out {
        let (reason, missing) = kind_of(&out.reason);
        let part = LeftOutPart {
            step: out.step.clone(),
            detail: missing.filter(|missing| *missing != format!("`{}`", out.part)),
            part: out.part.clone(),
        };
        match groups.iter_mut().find(|group| group.reason == reason) {
            Some(group) => group.parts.push(part),
            None => groups.push(LeftOutGroup {
                reason,
                parts: vec![part],
            }),
        }
    }
    groups
}

/// A reason's kind, and what it is about where that differs from part to part.
pub(super) fn kind_of(reason: &Reason) -> (String, Option<String>) {
    match reason {
        Reason::NoSuchTable { table } => (
            "this environment has no such table".to_owned(),
            Some(format!("`{table}`")),
        ),
        Reason::NoSuchColumn { table, column } => (
            "the table has no such column".to_owned(),
            Some(format!("`{table}.{column}`")),
        ),
        Reason::NoSuchEntity { key } => (
            "no active module has such an entity".to_owned(),
            Some(format!("`{key}`")),
        ),
        whole => (whole.to_string(), None),
    }
}
