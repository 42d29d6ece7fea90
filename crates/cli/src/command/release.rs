//! `release-check`: what would fire once services start, and the holding of it.

use comfy_table::Table;
use envclone_core::evidence::Observed;
use envclone_core::release::hold::{Deed, Proposal};
use envclone_core::release::{Endpoints, LeftOut, ReleaseCheck, Row, Standing};

use super::apply::{DIGITS, ask};
use super::{print_json, with_phases};
use crate::args::{Cli, ReleaseCheck as Args};
use crate::failure::{Exit, Failure, NOTHING_CHANGED, Why};
use crate::release::hold::{self, Wish};
use crate::run::Phases;
use crate::ui::{counted, data, number, say};

/// Counts, and ends with exit 7 where something would fire or could not be counted; holds or lets go first where that is
/// asked for.
pub(super) fn run(cli: &Cli, args: &Args) -> Result<(), Failure> {
    with_phases(cli, |phases| {
        let wish = match (args.hold.is_empty(), args.release.is_empty()) {
            (false, _) => Some((Deed::Hold, &args.hold)),
            (_, false) => Some((Deed::Release, &args.release)),
            _ => None,
        };
        let wish = wish.map(|(deed, kinds)| Wish {
            deed,
            kinds: kinds.clone(),
        });
        let done = match &wish {
            Some(wish) => carry_out(phases, args, wish)?,
            None => NOTHING_CHANGED,
        };
        let check = phases.release_check()?;
        show(cli, &check)?;
        match wish.map(|wish| wish.deed) {
            // What was let go fires: that was the wish.
            Some(Deed::Release) => Ok(()),
            _ => judge(cli, &check, done),
        }
    })
}

/// Has a person approve what is done, and does it; the state of the world afterwards.
fn carry_out(phases: &Phases<'_>, args: &Args, wish: &Wish) -> Result<&'static str, Failure> {
    let proposal = phases.propose(wish)?;
    if proposal.is_empty() {
        say(match wish.deed {
            Deed::Hold => "nothing to hold: nothing of it would fire, or it is held already",
            Deed::Release => "nothing to put back: nothing of it is held",
        });
        return Ok(NOTHING_CHANGED);
    }
    approve(&proposal, args)?;
    phases.carry_out(wish, &proposal)?;
    let done = match wish.deed {
        Deed::Hold => "what was asked for is held",
        Deed::Release => "what was held is put back",
    };
    say(done);
    Ok(done)
}

/// Shows what is done, and asks a person or takes its id for the answer.
fn approve(proposal: &Proposal, args: &Args) -> Result<(), Failure> {
    let id = proposal.id();
    let short = id.get(..DIGITS).unwrap_or(&id);
    say(&changes(proposal).to_string());
    for line in left_out("what can be held", &proposal.left_out) {
        say(&line);
    }
    let summary = hold::summary(proposal);
    say(&format!("{summary} in {}", proposal.database));
    match &args.approve {
        Some(given) if given.len() >= DIGITS && id.starts_with(given.as_str()) => Ok(()),
        Some(given) => Err(Failure::before(
            Exit::NotApproved,
            format!("`{given}` was approved, and what is shown above is {short}"),
        )
        .hint("look at it; an approval names at least 12 digits of its id")),
        None => ask(&proposal.database, || {
            format!(
                "look at what is shown above, then approve it by its id: `{}`",
                again(args, short)
            )
        }),
    }
}

/// The same command with an approval.
fn again(args: &Args, id: &str) -> String {
    let (option, kinds) = match args.hold.is_empty() {
        true => ("--release", &args.release),
        false => ("--hold", &args.hold),
    };
    let kinds: Vec<&str> = kinds.iter().map(|kind| kind.name()).collect();
    format!(
        "envclone release-check {option} {} --approve {id}",
        kinds.join(",")
    )
}

fn changes(proposal: &Proposal) -> Table {
    let mut table = crate::ui::table(true);
    let release = proposal.deed == Deed::Release;
    match release {
        false => table.set_header(["what", "table", "column", "to hold"]),
        true => table.set_header([
            "what",
            "table",
            "column",
            "to put back",
            "overdue",
            "changed",
            "gone",
        ]),
    };
    for one in &proposal.changes {
        let mut cells = vec![
            one.kind.to_string(),
            one.table.clone(),
            one.column.clone(),
            number(one.rows),
        ];
        if release {
            cells.extend([one.overdue, one.changed, one.gone].map(number));
        }
        table.add_row(cells);
    }
    table
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
            for one in found.iter().filter(|one| !one.is_nowhere()) {
                table.add_row([&one.host, &one.module, &one.kind, &one.name, &one.address]);
            }
            if !table.is_empty() {
                lines.push(table.to_string());
            }
            lines.push(told(endpoints));
        }
    }
    lines.extend(left_out("what could be called", &endpoints.left_out));
    lines
}

fn told(endpoints: &Endpoints) -> String {
    let tally = endpoints.tally();
    format!(
        "{} on {} could be called, by {}; {} nowhere",
        counted(tally.addresses, "address", "addresses"),
        counted(tally.hosts, "host", "hosts"),
        counted(tally.modules, "module", "modules"),
        counted(tally.nowhere, "leads", "lead")
    )
}

/// Says that nothing would fire, or ends with exit 7.
fn judge(cli: &Cli, check: &ReleaseCheck, done: &str) -> Result<(), Failure> {
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
        state: format!("{done}; services can't start yet"),
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
        (Observed::Known(count), _) => Some(format!("{}: {}", row.title, number(*count)).into()),
        (Observed::Unknown { why }, _) => Some(format!("{}: unknown, {why}", row.title).into()),
    }
}
