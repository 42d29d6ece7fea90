//! `release-check`: what would fire once services start, and the holding of it.

use comfy_table::Table;
use envclone_core::evidence::Observed;
use envclone_core::release::{Endpoints, LeftOut, ReleaseCheck, Row, Standing};

use super::{print_json, with_phases};
use crate::args::{Cli, ReleaseCheck as Args};
use crate::failure::{Exit, Failure, Why};
use crate::ui::{counted, data, number, say};

/// Counts, and ends with exit 7 where something would fire or could not be counted.
pub(super) fn run(cli: &Cli, _args: &Args) -> Result<(), Failure> {
    with_phases(cli, |phases| {
        let check = phases.release_check()?;
        show(cli, &check)?;
        judge(cli, &check)
    })
}

fn show(cli: &Cli, check: &ReleaseCheck) -> Result<(), Failure> {
    if cli.json {
        return print_json(check);
    }
    for line in shown(check) {
        data(&line);
    }
    Ok(())
}

/// A check as people read it: tables and lines.
#[must_use]
pub fn shown(check: &ReleaseCheck) -> Vec<String> {
    let mut lines = vec![rows(&check.rows).to_string()];
    lines.extend(
        check
            .rows
            .iter()
            .flat_map(|row| left_out(&row.title, &row.left_out)),
    );
    lines.extend(endpoints(&check.endpoints));
    lines
}

fn rows(rows: &[Row]) -> Table {
    let mut table = crate::ui::table(false);
    table.set_header(["what", "how many", ""]);
    for row in rows {
        let (count, sign) = match (&row.count, row.standing()) {
            (Observed::Unknown { why }, _) => ("?".to_owned(), format!("unknown: {why}")),
            (Observed::Known(count), Standing::Red) => (number(*count), "fires".to_owned()),
            (Observed::Known(count), _) if !row.fires => (number(*count), "later".to_owned()),
            (Observed::Known(count), _) => (number(*count), "ok".to_owned()),
        };
        table.add_row([row.title.clone(), count, sign]);
    }
    table
}

fn left_out(what: &str, all: &[LeftOut]) -> Vec<String> {
    let line = |one: &LeftOut| format!("left out of {what}: {}, {}", one.table, one.why);
    all.iter().map(line).collect()
}

fn endpoints(endpoints: &Endpoints) -> Vec<String> {
    let mut lines = Vec::new();
    match &endpoints.found {
        Observed::Unknown { why } => lines.push(format!("what could be called is unknown: {why}")),
        Observed::Known(found) if found.is_empty() => {
            lines.push("no integration is active".to_owned())
        }
        Observed::Known(found) => {
            let mut table = crate::ui::table(false);
            table.set_header(["host", "module", "kind", "name", "address"]);
            for one in found {
                table.add_row([&one.host, &one.module, &one.kind, &one.name, &one.address]);
            }
            lines.push(table.to_string());
            lines.push(told(endpoints));
        }
    }
    lines.extend(left_out("what could be called", &endpoints.left_out));
    lines
}

fn told(endpoints: &Endpoints) -> String {
    let tally = endpoints.tally();
    format!(
        "{} of {} could be called on {}; {} lead nowhere",
        counted(tally.addresses, "address", "addresses"),
        counted(tally.modules, "module", "modules"),
        counted(tally.hosts, "host", "hosts"),
        number(tally.nowhere)
    )
}

/// Says that nothing would fire, or ends with exit 7.
fn judge(cli: &Cli, check: &ReleaseCheck) -> Result<(), Failure> {
    if check.is_green() {
        if !cli.quiet {
            say("nothing would fire once services start");
        }
        return Ok(());
    }
    let mut why: Vec<Why> = check.rows.iter().filter_map(reason).collect();
    if let Observed::Unknown { why: reason } = &check.endpoints.found {
        why.push(format!("what could be called is unknown: {reason}").into());
    }
    Err(Failure {
        exit: Exit::Residue,
        state: "nothing was changed; services can't start yet".to_owned(),
        why,
        hint: Some(
            "settle each of them, or hold what would fire: `envclone release-check --hold timers,emails,processes`"
                .to_owned(),
        ),
    })
}

fn reason(row: &Row) -> Option<Why> {
    match (&row.count, row.standing()) {
        (_, Standing::Green) => None,
        (Observed::Known(count), _) => Some(format!("{} {}", number(*count), row.title).into()),
        (Observed::Unknown { why }, _) => Some(format!("{}: unknown, {why}", row.title).into()),
    }
}
