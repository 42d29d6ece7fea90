//! What is counted: rows that the platform acts on by itself.

use crate::dialect::Dialect;
use crate::filter::{Filter, Literal, Rows, Source, Test};
use crate::inventory::Table;

use super::{Kind, LeftOut};

/// A status that ends a process.
const ENDED_PROCESS: [i64; 3] = [2, 4, 5];
/// A status that ends an activity.
const ENDED_ACTIVITY: [i64; 4] = [5, 11, 12, 13];
/// The schedule of a timer that every publication wakes.
const WHEN_PUBLISHED: &str = "When Published";

/// The two tables of timers: those of each tenant, and those of all.
pub(super) const TIMERS: [&str; 2] = ["ossys_cyclic_job", "ossys_cyclic_job_shared"];
/// The two queues of process events.
pub(super) const QUEUES: [&str; 2] = ["ossys_bpm_event", "ossys_bpm_event_queue"];
pub(super) const EMAILS: &str = "ossys_email_status";
pub(super) const ACTIVITIES: &str = "ossys_bpm_activity";

/// Something that is counted, in these tables.
struct Look {
    id: &'static str,
    title: &'static str,
    kind: Kind,
    fires: bool,
    places: Vec<(&'static str, Filter)>,
}

/// The same, spelled for what an environment has.
#[derive(Clone, Debug)]
pub struct Question {
    /// Its id.
    pub id: &'static str,
    /// What is counted.
    pub title: &'static str,
    /// What would fire.
    pub kind: Kind,
    /// Whether it would fire by itself.
    pub fires: bool,
    /// A query for each table, with the table: the counts add up.
    pub counts: Vec<(String, String)>,
    /// The tables that are left out.
    pub left_out: Vec<LeftOut>,
}

/// All that is counted in a platform database with these tables.
#[must_use]
pub fn questions(tables: &[Table], dialect: &dyn Dialect) -> Vec<Question> {
    let spelled = |look: Look| {
        let (mut counts, mut left_out) = (Vec::new(), Vec::new());
        for (table, filter) in look.places {
            match lacks(tables, table, &filter) {
                Some(why) => left_out.push(LeftOut {
                    table: table.to_owned(),
                    why,
                }),
                None => counts.push((table.to_owned(), dialect.count(table, &filter))),
            }
        }
        Question {
            id: look.id,
            title: look.title,
            kind: look.kind,
            fires: look.fires,
            counts,
            left_out,
        }
    };
    looks().into_iter().map(spelled).collect()
}

/// Why nothing could be looked at. Nothing that was looked for is nothing that was seen.
#[must_use]
pub fn nowhere(left_out: &[LeftOut]) -> String {
    let whys: Vec<&str> = left_out.iter().map(|one| one.why.as_str()).collect();
    whys.join("; ")
}

/// What an environment with these tables lacks for a filter on one of them.
pub(super) fn lacks(tables: &[Table], table: &str, filter: &Filter) -> Option<String> {
    let mut needed = vec![(table, filter.columns())];
    needed.extend(filter.lookups());
    needed.into_iter().find_map(|(table, columns)| {
        let there = tables
            .iter()
            .find(|one| one.name.eq_ignore_ascii_case(table));
        let Some(there) = there else {
            return Some(format!("there is no table {table}"));
        };
        let missing = columns
            .into_iter()
            .find(|name| there.column(name).is_none())?;
        Some(format!("there is no column {table}.{missing}"))
    })
}

fn is(column: &str, number: i64) -> Filter {
    Filter::column(column, Test::IsNumber(number))
}

pub(super) fn in_rows(column: &str, table: &str, of: &str, filter: Filter) -> Filter {
    let rows = Rows {
        table: table.to_owned(),
        column: of.to_owned(),
        filter,
    };
    Filter::column(column, Test::InRows(Box::new(rows)))
}

/// Of an active timer in an active module.
pub(super) fn active_timer() -> Filter {
    let module = in_rows("ESPACE_ID", "ossys_espace", "ID", is("IS_ACTIVE", 1));
    let timer = is("IS_ACTIVE", 1).and(module);
    in_rows("META_CYCLIC_JOB_ID", "ossys_meta_cyclic_job", "ID", timer)
}

pub(super) fn when_published() -> Filter {
    Filter::column("SCHEDULE", Test::Contains(WHEN_PUBLISHED.to_owned()))
}

/// A real date.
pub(super) fn dated(column: &str) -> Filter {
    Filter::column(column, Test::NoDate(false))
}

/// Not put off for ever.
pub(super) fn not_held(column: &str) -> Filter {
    Filter::column(column, Test::Differs(Source::Literal(Literal::Never)))
}

/// Waits to be sent.
pub(super) fn unsent() -> Filter {
    Filter::column("SENT", Test::NoDate(true))
}

/// Of an activity that is not over.
pub(super) fn open_activity() -> Filter {
    Filter::column("Status_Id", Test::NotNumbers(ENDED_ACTIVITY.to_vec()))
}

/// What the platform's own documentation takes for due: neither running nor over, in a process that is not over either, whose
/// definitions, module and tenant are active.
fn due_activity() -> Filter {
    let module = in_rows("Espace_Id", "ossys_espace", "ID", is("IS_ACTIVE", 1));
    let unlocked = Filter::column("Is_Locked", Test::NotNumbers(vec![1]));
    let definition = is("Is_Active", 1).and(unlocked).and(module);
    let process =
        Filter::column("STATUS_ID", Test::NotNumbers(ENDED_PROCESS.to_vec())).and(in_rows(
            "PROCESS_DEF_ID",
            "ossys_bpm_process_definition",
            "Id",
            definition,
        ));
    Filter::column("Is_Running_Since", Test::NoDate(true))
        .and(dated("Next_Run"))
        .and(Filter::column("Next_Run", Test::Due))
        .and(open_activity())
        .and(in_rows("Process_Id", "ossys_bpm_process", "Id", process))
        .and(in_rows(
            "Activity_Def_Id",
            "ossys_bpm_activity_definition",
            "Id",
            is("Is_Active", 1),
        ))
        .and(in_rows(
            "Tenant_Id",
            "ossys_tenant",
            "ID",
            is("IS_ACTIVE", 1),
        ))
}

fn looks() -> Vec<Look> {
    use Kind::{Emails, Processes, Timers};
    let look = |id, title, kind, fires, tables: &[&'static str], filter: Filter| Look {
        id,
        title,
        kind,
        fires,
        places: tables
            .iter()
            .map(|table| (*table, filter.clone()))
            .collect(),
    };
    let next_run = |test| Filter::column("NEXT_RUN", test).and(active_timer());
    vec![
        look(
            "timers-due",
            "timers that are due",
            Timers,
            true,
            &TIMERS,
            next_run(Test::Due),
        ),
        look(
            "timers-when-published",
            "timers that a publication wakes",
            Timers,
            true,
            &TIMERS,
            when_published().and(active_timer()),
        ),
        look(
            "timers-running",
            "timers marked as running",
            Timers,
            true,
            &TIMERS,
            dated("IS_RUNNING_SINCE"),
        ),
        look(
            "timers-in-an-hour",
            "timers that become due within an hour",
            Timers,
            false,
            &TIMERS,
            next_run(Test::Coming(1)),
        ),
        look(
            "timers-in-a-day",
            "timers that become due within 24 hours",
            Timers,
            false,
            &TIMERS,
            next_run(Test::Coming(24)),
        ),
        look(
            "emails-queued",
            "e-mails that wait to be sent",
            Emails,
            true,
            &[EMAILS],
            unsent().and(not_held("NEXT_RUN")),
        ),
        look(
            "emails-running",
            "e-mails marked as being sent",
            Emails,
            true,
            &[EMAILS],
            unsent().and(dated("IS_RUNNING_SINCE")),
        ),
        look(
            "events-queued",
            "process events that wait to be handled",
            Processes,
            true,
            &QUEUES,
            not_held("Next_Run"),
        ),
        look(
            "activities-due",
            "process activities that are due",
            Processes,
            true,
            &[ACTIVITIES],
            due_activity(),
        ),
        look(
            "activities-running",
            "process activities marked as running",
            Processes,
            true,
            &[ACTIVITIES],
            open_activity().and(dated("Is_Running_Since")),
        ),
    ]
}
