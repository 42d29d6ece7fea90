//! Holding what would fire, so that it can be let go again: dates are put off for ever, schedules and marks taken away, and
//! each value as it was is kept in a table of envclone's own. Nothing that fires is deleted.

use serde::{Deserialize, Serialize};

use crate::dialect::{Dialect, HELD, HeldColumn, HeldState};
use crate::filter::{Filter, Literal, Rows, Source, Test};
use crate::inventory::Table;

use super::looks::{
    self, ACTIVITIES, EMAILS, QUEUES, TIMERS, active_timer, dated, lacks, not_held,
};
use super::{Kind, LeftOut};

/// The version of a proposal's shape.
pub const FORMAT: u32 = 1;

/// What is done with what fires.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Deed {
    /// It is held.
    Hold,
    /// What was held is put back.
    Release,
}

/// What a person approves.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Proposal {
    /// [`FORMAT`].
    pub format: u32,
    /// What is done.
    pub deed: Deed,
    /// The platform database, as the settings name it.
    pub database: String,
    /// The engine's name for this one database.
    pub file: String,
    /// What is changed, a column each.
    pub changes: Vec<Change>,
    /// Columns that this environment has not.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub left_out: Vec<LeftOut>,
}

/// What is changed in one column.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Change {
    /// What would fire.
    pub kind: Kind,
    /// The table.
    pub table: String,
    /// The column.
    pub column: String,
    /// Values that are held, or put back.
    pub rows: u64,
    /// Values that are not put back, since somebody has written others.
    pub changed: u64,
    /// Values that are not put back, since their rows are gone.
    pub gone: u64,
    /// Dates among those that are put back which are past: they fire at once.
    pub overdue: u64,
}

impl Proposal {
    /// What an approval names: another one for other changes. The clock is not in it.
    #[must_use]
    pub fn id(&self) -> String {
        let deed = match self.deed {
            Deed::Hold => "hold",
            Deed::Release => "release",
        };
        let mut text = format!(
            "{}\n{deed}\n{}\n{}\n",
            self.format, self.database, self.file
        );
        for one in &self.changes {
            text += &format!(
                "{} {} {} {} {} {}\n",
                one.kind, one.table, one.column, one.rows, one.changed, one.gone
            );
        }
        crate::digest(text.as_bytes())
    }

    /// Whether there is anything to do.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        let all = |one: &Change| one.rows + one.changed + one.gone;
        self.changes.iter().all(|one| all(one) == 0)
    }

    /// The sum of a number of each change.
    #[must_use]
    pub fn sum(&self, of: fn(&Change) -> u64) -> u64 {
        self.changes.iter().map(of).sum()
    }
}

/// What an environment with these tables lets one hold of some kinds, and what it lacks for the rest.
#[must_use]
pub fn columns(tables: &[Table], kinds: &[Kind]) -> (Vec<HeldColumn>, Vec<LeftOut>) {
    let (mut all, mut left_out) = (Vec::new(), Vec::new());
    let wanted = |one: &HeldColumn| kinds.contains(&one.kind);
    for column in every().into_iter().filter(wanted) {
        let there = Filter::column(column.key, Test::Empty(false));
        match lacks(tables, column.table, &column.rows.clone().and(there)) {
            None => all.push(column),
            Some(why) => left_out.push(LeftOut {
                table: column.table.to_owned(),
                why,
            }),
        }
    }
    (all, left_out)
}

fn every() -> Vec<HeldColumn> {
    let mut all = Vec::new();
    for (table, key) in TIMERS.into_iter().zip(["ID", "META_CYCLIC_JOB_ID"]) {
        let at = |column, dates, rows, to| of(Kind::Timers, table, key, column, dates, rows, to);
        let scheduled = Filter::column("NEXT_RUN", Test::Differs(Source::Literal(Literal::Null)));
        all.extend([
            at(
                "NEXT_RUN",
                true,
                scheduled.and(not_held("NEXT_RUN")).and(active_timer()),
                Literal::Never,
            ),
            at(
                "SCHEDULE",
                false,
                looks::when_published().and(active_timer()),
                Literal::Empty,
            ),
            at(
                "IS_RUNNING_BY",
                false,
                filled("IS_RUNNING_BY"),
                Literal::Null,
            ),
            at(
                "IS_RUNNING_SINCE",
                true,
                dated("IS_RUNNING_SINCE"),
                Literal::Null,
            ),
        ]);
    }
    let mail = |column, dates, rows: Filter, to| {
        of(
            Kind::Emails,
            EMAILS,
            "ID",
            column,
            dates,
            looks::unsent().and(rows),
            to,
        )
    };
    all.extend([
        mail("NEXT_RUN", true, not_held("NEXT_RUN"), Literal::Never),
        mail(
            "IS_RUNNING_AT",
            false,
            filled("IS_RUNNING_AT"),
            Literal::Empty,
        ),
        mail(
            "IS_RUNNING_SINCE",
            true,
            dated("IS_RUNNING_SINCE"),
            Literal::NullDate,
        ),
    ]);
    for queue in QUEUES {
        all.push(of(
            Kind::Processes,
            queue,
            "Id",
            "Next_Run",
            true,
            not_held("Next_Run"),
            Literal::Never,
        ));
    }
    let activity = |column, dates, rows: Filter, to| {
        of(
            Kind::Processes,
            ACTIVITIES,
            "Id",
            column,
            dates,
            looks::open_activity().and(rows),
            to,
        )
    };
    all.extend([
        activity(
            "Next_Run",
            true,
            dated("Next_Run").and(not_held("Next_Run")),
            Literal::Never,
        ),
        activity(
            "Is_Running_At",
            false,
            filled("Is_Running_At"),
            Literal::Empty,
        ),
        activity(
            "Is_Running_Since",
            true,
            dated("Is_Running_Since"),
            Literal::NullDate,
        ),
    ]);
    all
}

fn filled(column: &str) -> Filter {
    Filter::column(column, Test::Empty(false))
}

fn of(
    kind: Kind,
    table: &'static str,
    key: &'static str,
    column: &'static str,
    dates: bool,
    rows: Filter,
    to: Literal,
) -> HeldColumn {
    HeldColumn {
        kind,
        table,
        key,
        column,
        dates,
        rows,
        to,
    }
}

/// Counts what would be held of a column.
#[must_use]
pub fn to_hold(column: &HeldColumn, dialect: &dyn Dialect) -> String {
    dialect.count(column.table, &column.rows)
}

/// Counts what is held of a column, and is put back when it is let go: the rows that still have what the hold wrote.
#[must_use]
pub fn to_put_back(column: &HeldColumn, dialect: &dyn Dialect) -> String {
    dialect.count(HELD, &untouched(column))
}

/// Counts the dates among them that are past; none for a column that nothing is due by.
#[must_use]
pub fn overdue(column: &HeldColumn, dialect: &dyn Dialect) -> Option<String> {
    let past =
        Filter::column("old_date", Test::NoDate(false)).and(Filter::column("old_date", Test::Due));
    (column.to == Literal::Never).then(|| dialect.count(HELD, &untouched(column).and(past)))
}

/// Counts what is held of a column and has another value by now.
#[must_use]
pub fn changed(column: &HeldColumn, dialect: &dyn Dialect) -> String {
    dialect.count(HELD, &column.lines().and(rewritten(column)))
}

/// Counts what is held of a column in rows that are gone.
#[must_use]
pub fn gone(column: &HeldColumn, dialect: &dyn Dialect) -> String {
    dialect.count(HELD, &column.lines().and(of_no_row(column)))
}

/// Has a column's rows held: what was held before and somebody has changed since is a new value, which is kept in its turn.
#[must_use]
pub fn hold(column: &HeldColumn, dialect: &dyn Dialect, at: &str, by: &str) -> Vec<String> {
    let to = (column.column.to_owned(), Source::Literal(column.to.clone()));
    vec![
        end(column, dialect, HeldState::Changed, rewritten(column), at),
        dialect.keep_values(column, at, by),
        dialect.set_columns(column.table, &[to], &column.rows.clone().and(kept(column))),
    ]
}

/// Lets a column's rows go: puts back what was held, where the value is still what the hold wrote.
#[must_use]
pub fn release(column: &HeldColumn, dialect: &dyn Dialect, at: &str) -> Vec<String> {
    vec![
        end(column, dialect, HeldState::Changed, rewritten(column), at),
        end(column, dialect, HeldState::Gone, of_no_row(column), at),
        dialect.put_back(column),
        end(column, dialect, HeldState::Released, Filter::default(), at),
    ]
}

/// Ends some of the column's lines.
fn end(
    column: &HeldColumn,
    dialect: &dyn Dialect,
    state: HeldState,
    which: Filter,
    at: &str,
) -> String {
    let text = |text: &str| Source::Literal(Literal::Text(text.to_owned()));
    let set = [
        ("state".to_owned(), text(state.name())),
        ("ended_at".to_owned(), text(at)),
    ];
    dialect.set_columns(HELD, &set, &column.lines().and(which))
}

/// Lines of the table of what was held whose row passes a filter.
fn lines_of(column: &HeldColumn, filter: Filter) -> Rows {
    Rows {
        table: column.table.to_owned(),
        column: column.key.to_owned(),
        filter,
    }
}

fn rewritten(column: &HeldColumn) -> Filter {
    let another = Test::Differs(Source::Literal(column.to.clone()));
    let rows = lines_of(column, Filter::column(column.column, another));
    Filter::column("row_key", Test::InRows(Box::new(rows)))
}

fn of_no_row(column: &HeldColumn) -> Filter {
    let rows = lines_of(column, Filter::default());
    Filter::column("row_key", Test::NotInRows(Box::new(rows)))
}

/// Lines whose rows have what the hold wrote.
fn untouched(column: &HeldColumn) -> Filter {
    let another = Test::Differs(Source::Literal(column.to.clone()));
    let rewritten = lines_of(column, Filter::column(column.column, another));
    let there = lines_of(column, Filter::default());
    column
        .lines()
        .and(Filter::column("row_key", Test::InRows(Box::new(there))))
        .and(Filter::column(
            "row_key",
            Test::NotInRows(Box::new(rewritten)),
        ))
}

/// Rows that the table of what was held has a line of.
fn kept(column: &HeldColumn) -> Filter {
    let rows = Rows {
        table: HELD.to_owned(),
        column: "row_key".to_owned(),
        filter: column.lines(),
    };
    Filter::column(column.key, Test::InRows(Box::new(rows)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_approval_is_for_these_changes_and_not_for_this_moment() {
        let change = Change {
            kind: Kind::Timers,
            table: "t".to_owned(),
            column: "c".to_owned(),
            rows: 1,
            changed: 0,
            gone: 0,
            overdue: 0,
        };
        let one = Proposal {
            format: FORMAT,
            deed: Deed::Hold,
            database: "d".to_owned(),
            file: "f".to_owned(),
            changes: vec![change],
            left_out: Vec::new(),
        };
        let with = |edit: fn(&mut Proposal)| {
            let mut other = one.clone();
            edit(&mut other);
            other.id()
        };
        assert_eq!(with(|it| it.changes[0].overdue = 1), one.id());
        for other in [
            with(|it| it.deed = Deed::Release),
            with(|it| it.file = "g".to_owned()),
            with(|it| it.changes[0].rows = 2),
            with(|it| it.changes[0].changed = 1),
            with(|it| it.changes[0].column = "b".to_owned()),
            with(|it| it.changes.clear()),
        ] {
            assert_ne!(other, one.id());
        }
    }
}
