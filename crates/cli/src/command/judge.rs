//! What verification comes to, told on one screen.

use std::cmp::Reverse;
use std::path::PathBuf;

use envclone_core::engine::Role;
use envclone_core::verdict::{Check, Tally, Verdict, Verification};

use crate::args::Cli;
use crate::failure::{Exit, Failure, Why};
use crate::ui::{MOST, counted, say};

/// How many places of one kind are named.
const NAMED: usize = 2;

/// Says that nothing was found, or ends with exit 7 where something of the source was, or could not be looked for.
pub(super) fn judge(
    cli: &Cli,
    verification: &Verification,
    report: Option<PathBuf>,
) -> Result<(), Failure> {
    let tally = verification.tally();
    if tally.residue + tally.unknown == 0 {
        if !cli.quiet {
            say(&clean(verification, tally));
        }
        return Ok(());
    }
    let told = report.map_or_else(
        || "`envclone report` writes the list".to_owned(),
        |path| format!("the whole list with samples: {}", path.display()),
    );
    Err(Failure {
        exit: Exit::Residue,
        state: state(tally),
        why: kinds(verification),
        hint: Some(format!(
            "{told}; settle each place, or accept it under `[verify]` with a reason, and run `envclone verify`"
        )),
    })
}

fn clean(verification: &Verification, tally: Tally) -> String {
    let accepted = match tally.accepted {
        0 => String::new(),
        count => format!(
            " but {} that a person accepted",
            counted(count.into(), "place", "places")
        ),
    };
    format!(
        "verified: nothing of the source was found in {}{accepted}",
        counted(verification.coverage.tables, "table", "tables")
    )
}

fn state(tally: Tally) -> String {
    let residue = || {
        let places = counted(
            tally.residue.into(),
            "place that belongs",
            "places that belong",
        );
        format!("the target still has {places} to the source")
    };
    let unknown = || {
        format!(
            "{} could not be judged",
            counted(tally.unknown.into(), "place", "places")
        )
    };
    match (tally.residue, tally.unknown) {
        (_, 0) => residue(),
        (0, _) => format!("{} in the target", unknown()),
        _ => format!("{}, and {}", residue(), unknown()),
    }
}

/// Places of one kind: where the same should hold.
struct Kind<'a> {
    title: &'a str,
    /// Why it could not be judged; none for residue.
    unknown: Option<&'a str>,
    rows: u64,
    places: Vec<String>,
}

/// What was found, by kind: first what nobody could judge, then residue, the most places first.
fn kinds(verification: &Verification) -> Vec<Why> {
    let mut kinds: Vec<Kind<'_>> = Vec::new();
    for check in &verification.checks {
        let (rows, unknown) = match &check.verdict {
            Verdict::Residue { rows, .. } => (*rows, None),
            Verdict::Unknown { why } => (0, Some(why.as_str())),
            _ => continue,
        };
        let same = |kind: &&mut Kind<'_>| {
            kind.title == check.title && kind.unknown.is_some() == unknown.is_some()
        };
        match kinds.iter_mut().find(same) {
            Some(kind) => {
                kind.rows += rows;
                kind.places.push(place(check));
            }
            None => kinds.push(Kind {
                title: &check.title,
                unknown,
                rows,
                places: vec![place(check)],
            }),
        }
    }
    kinds.sort_by_key(|kind| {
        (
            kind.unknown.is_none(),
            Reverse(kind.places.len()),
            Reverse(kind.rows),
        )
    });
    let told = if kinds.len() > MOST {
        MOST - 1
    } else {
        kinds.len()
    };
    let rest = kinds.split_off(told);
    let mut whys: Vec<Why> = kinds.iter().map(|kind| told_kind(kind).into()).collect();
    if !rest.is_empty() {
        let places: usize = rest.iter().map(|kind| kind.places.len()).sum();
        whys.push(
            format!(
                "{} at {}",
                counted(rest.len() as u64, "more kind", "more kinds"),
                counted(places as u64, "place", "places")
            )
            .into(),
        );
    }
    whys
}

fn told_kind(kind: &Kind<'_>) -> String {
    let places = counted(kind.places.len() as u64, "place", "places");
    let named: Vec<&str> = kind
        .places
        .iter()
        .filter(|place| !place.is_empty())
        .take(NAMED)
        .map(String::as_str)
        .collect();
    let named = match (named.join(", "), kind.places.len() > NAMED) {
        (names, _) if names.is_empty() => names,
        (names, true) => format!(" ({names}, …)"),
        (names, false) => format!(" ({names})"),
    };
    match kind.unknown {
        Some(why) => format!(
            "{places} unknown, {why}; should hold: {}{named}",
            kind.title
        ),
        None => format!(
            "{places}, {}; should hold: {}{named}",
            counted(kind.rows, "row", "rows"),
            kind.title
        ),
    }
}

fn place(check: &Check) -> String {
    let place = match check.column.as_str() {
        "" => check.table.clone(),
        column => format!("{}.{column}", check.table),
    };
    match check.database.as_str() {
        "" | "platform" => place,
        database => format!("{} {place}", Role::phrase_of(database)),
    }
}

#[cfg(test)]
mod tests {
    use envclone_core::verdict::{Coverage, FORMAT};

    use super::*;

    fn check(title: &str, table: &str, verdict: Verdict) -> Check {
        Check {
            id: "scan".into(),
            title: title.into(),
            database: "platform".into(),
            table: table.into(),
            column: String::new(),
            verdict,
        }
    }

    fn residue(title: &str, table: &str, rows: u64) -> Check {
        let sample = String::new();
        check(title, table, Verdict::Residue { rows, sample })
    }

    fn told(checks: Vec<Check>) -> Vec<String> {
        let verification = Verification {
            format: FORMAT,
            checks,
            coverage: Coverage::default(),
        };
        kinds(&verification)
            .into_iter()
            .map(|why| why.what)
            .collect()
    }

    #[test]
    fn residue_is_told_by_kind_the_most_places_first() {
        let why = "locked".to_owned();
        let told = told(vec![
            residue("one", "a", 1),
            residue("many", "b", 2),
            residue("many", "c", 3),
            residue("many", "d", 4),
            check("unseen", "e", Verdict::Unknown { why }),
        ]);
        assert_eq!(
            told,
            [
                "1 place unknown, locked; should hold: unseen (e)",
                "3 places, 9 rows; should hold: many (b, c, …)",
                "1 place, 1 row; should hold: one (a)",
            ]
        );
    }

    #[test]
    fn no_more_kinds_than_a_screen_holds() {
        let checks = (0..20).map(|at| residue(&format!("kind {at}"), "t", 1));
        let told = told(checks.collect());
        assert_eq!(told.len(), MOST);
        assert_eq!(told[11], "9 more kinds at 9 places");
    }
}
